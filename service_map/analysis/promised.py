"""What does my county get? The ladder of an area: what plans give it, then what exists on record, then nobody knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service_map.analysis import answers
from service_map.analysis.context import Ground, Region, region
from service_map.analysis.ladder import here_of, ladder
from service_map.analysis.record import existing_words, record_of, sources_member
from service_map.catalogue.adcode import covers, prefix
from service_map.catalogue.messages import message
from service_map.errors import UnanswerableError
from service_map.store import queries

NOT_ALL = message("规划没有写的，不等于不建；没有收录的现有设施，不等于当地没有")
NOT_BUILT = message("规划答应的，不等于已经建成")

_SHORTEST = 2  # characters by which an area or a kind may be named


def promised(ground: Ground, adcode: str | None, categories: Sequence[str] = ()) -> answers.Promised:
    """Say what an area gets of some kinds: by name, by number, by a rule, by a share of a number, or not at all.

    Parameters
    ----------
    ground
        What the answer rests on.
    adcode
        Code of an area of the data: township, county, city or more; None for everything.
    categories
        Codes of kinds; empty for all.

    Returns
    -------
    Promised
        Each kind with what the plans of the area, of those within it and of those around it say, and then with what
        exists on record; where the area has no boundary, nothing is told of that.

    Raises
    ------
    InvalidParameterError
        When there is no such area or kind.
    """
    if adcode is not None:
        queries.check_area(adcode, queries.vocabulary(ground.conn))
    here, land = here_of(ground, adcode), _land(ground, adcode)
    kinds = [
        _with_record(ground, kind, land) for kind in ladder(ground, adcode, tuple(categories or ground.categories))
    ]
    return {
        "area": {"adcode": adcode, "name": here.name},
        "kinds": kinds,
        "numberReturned": len(kinds),
        "limits": [ground.say(NOT_BUILT), ground.say(NOT_ALL)],
        "data_version": ground.data_version(),
    }


def kinds_of(
    ground: Ground, categories: Sequence[str] | None = None, families: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Give the kinds that some categories and families name together, in the order of the catalogue; none for none."""
    chosen, wide = set(categories or ()), set(families or ())
    return tuple(code for code, kind in ground.categories.items() if code in chosen or kind.family in wide)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedFor:
    """What somebody looks for: an area, or None for everywhere, and kinds, none where none is named."""

    area: str | None
    kinds: tuple[str, ...]

    @property
    def something(self) -> bool:
        """Say whether an area or a kind is named at all."""
        return self.area is not None or bool(self.kinds)


def looked_for(
    ground: Ground,
    *,
    area: str | None = None,
    categories: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    q: str | None = None,
) -> LookedFor:
    """Understand a search as a question about an area and kinds: 平城区 幼儿园, or 平城区幼儿园.

    Parameters
    ----------
    ground
        What the answer rests on.
    area, categories, families
        As they were chosen; what is chosen goes before what the words say.
    q
        Words as typed. A word names an area by its name or its beginning, a kind by any word for it.

    Returns
    -------
    LookedFor
        Words that name neither, or several areas none of which holds the others, say nothing.
    """
    known = queries.vocabulary(ground.conn)
    kinds = kinds_of(ground, categories, families)
    for word in (q or "").casefold().split():
        place, rest = (None, word) if area is not None else _place_in(word, known.areas)
        area = area or place
        if len(rest) >= _SHORTEST and not kinds:
            named = [code for code, words in known.categories.items() if rest in words.split("\n")]
            kinds = tuple(named or [code for code, words in known.categories.items() if rest in words])
    return LookedFor(area=area, kinds=kinds)


def _place_in(word: str, areas: Mapping[str, str]) -> tuple[str | None, str]:
    """Find the area that a word is, or begins with, and what is left of the word."""
    whole = [code for code, name in areas.items() if name.startswith(word) and len(word) >= _SHORTEST]
    if whole:
        widest = min(whole, key=lambda code: (len(prefix(code)), code))
        return (widest, "") if all(covers(widest, code) for code in whole) else (None, "")
    begun = [code for code, name in areas.items() if word.startswith(name)]
    if not begun:
        return None, word
    longest = max(begun, key=lambda code: (len(areas[code]), -len(prefix(code))))
    return longest, word.removeprefix(areas[longest])


def _land(ground: Ground, adcode: str | None) -> Region | None:
    try:
        return None if adcode is None else region(ground, adcode)
    except UnanswerableError:
        return None


def _with_record(ground: Ground, kind: answers.KindPromised, land: Region | None) -> answers.KindHere:
    """Add what exists on record, which of an area without a boundary is not known."""
    if land is None:
        return {**kind, "existing": None}
    record = record_of(ground, (kind["category"],), land)
    return {
        **kind,
        "existing": {
            "record": record.state,
            "on_record": record.existing,
            "sources": sources_member(record.sources),
            "stated": list(record.stated),
            "nearest": record.nearest,
            "words": existing_words(ground, record, kind["category_name"], land.name),
        },
    }
