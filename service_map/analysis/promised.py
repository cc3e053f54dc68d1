"""What does my county get? The ladder of an area: what plans give it, then what exists on record, then nobody knows."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from service_map.analysis import answers
from service_map.analysis.context import Ground, Region, region
from service_map.analysis.ladder import here_of, ladder
from service_map.analysis.record import existing_words, record_of, sources_member
from service_map.catalogue.adcode import COUNTY_DIGITS, covers, prefix
from service_map.catalogue.messages import message
from service_map.errors import UnanswerableError
from service_map.places.gazetteer import short_name
from service_map.store import pinyin, queries

NOT_ALL = message("规划没有写的，不等于不建；没有收录的现有设施，不等于当地没有")
NOT_BUILT = message("规划答应的，不等于已经建成")

_SHORTEST = 2  # characters by which an area or a kind may be named
_SAYS_NOTHING = frozenset({"in", "of", "the", "at", "for", "near", "city", "county", "district"})


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
    """What somebody looks for.

    Attributes
    ----------
    area
        Code of the area, or None for everywhere.
    kinds
        Codes of kinds, none where none is named.
    unknown
        Words that name neither an area nor a kind.
    """

    area: str | None
    kinds: tuple[str, ...]
    unknown: tuple[str, ...] = ()

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
        As they were chosen; what is chosen goes before what the words say, but for an area within the chosen one.
    q
        Words as typed. An area is named by its name with or without its kind (平城区, 平城), by its beginning, or in
        pinyin; a kind by any word or phrase for it. They may stand in one word, in either order: 平城幼儿园.

    Returns
    -------
    LookedFor
        Words that name neither, or several areas none of which holds the others, say nothing.
    """
    kinds = kinds_of(ground, categories, families)
    rest: list[str] = []
    unknown: list[str] = []
    for word in unicodedata.normalize("NFKC", q or "").casefold().split():
        place, left = _place_in(ground, word, area)
        if place is not None and area is not None and not covers(area, place) and not covers(place, area):
            unknown.append(word)
            continue
        area = place if place is not None and (area is None or covers(area, place)) else area
        if left:
            rest.append(left)
    named, others = _kinds_in(rest, queries.vocabulary(ground.conn).categories)
    unknown += [word for word in others if word not in _SAYS_NOTHING]
    return LookedFor(area=area, kinds=kinds or named, unknown=tuple(unknown))


_Names = Mapping[str, tuple[str, ...]]


def _area_names(conn: Connection) -> dict[str, tuple[str, ...]]:
    # Of a township the short name may be any word: 公园街道 is not meant by 公园.
    return {
        code: (name,) if len(code) > COUNTY_DIGITS else tuple(dict.fromkeys((name, short_name(name))))
        for code, name in queries.vocabulary(conn).areas.items()
    }


def _area_sounds(conn: Connection) -> dict[str, frozenset[str]]:
    named = _area_names(conn).items()
    return {code: frozenset(pinyin.sound(form).whole for form in forms) for code, forms in named}


def _place_in(ground: Ground, word: str, around: str | None) -> tuple[str | None, str]:
    """Find the area that a word is, begins or ends with, within the one around where it can be, and what is left."""
    names = ground.keep("area-names", _area_names)
    whole = [code for code, forms in names.items() if len(word) >= _SHORTEST and forms[0].startswith(word)]
    if not whole and pinyin.is_spelt(word):
        whole = [code for code, sounds in ground.keep("area-sounds", _area_sounds).items() if word in sounds]
    if whole:
        whole = [code for code in whole if around is not None and covers(around, code)] or whole
        widest = min(whole, key=lambda code: (len(prefix(code)), code))
        return (widest, "") if all(covers(widest, code) for code in whole) else (None, "")
    for cut in (str.removeprefix, str.removesuffix):
        place, rest = _cut_off(word, names, around, cut)
        if place is not None:
            return place, rest
    return None, word


def _cut_off(word: str, names: _Names, around: str | None, cut: Callable[[str, str], str]) -> tuple[str | None, str]:
    """Cut an area's name off one end of a word, then as often as one stands there that lies within: 晋城市城区."""
    place = None
    while word:
        found = [
            (form, code)
            for code, forms in names.items()
            for form in forms
            if (place is None or (code != place and covers(place, code))) and cut(word, form) != word
        ]
        if not found:
            break
        # The longest name, of areas of one name that within the area around, and of those the widest.
        form, place = min(
            found,
            key=lambda one: (-len(one[0]), around is None or not covers(around, one[1]), len(prefix(one[1])), one[1]),
        )
        word = cut(word, form)
    return place, word


def _kinds_in(said: Sequence[str], known: Mapping[str, str]) -> tuple[tuple[str, ...], list[str]]:
    """Find the kinds that words name, as the longest phrase that names any, and the words beside the phrase."""
    for length in range(len(said), 0, -1):
        for start in range(len(said) - length + 1):
            phrase = " ".join(said[start : start + length])
            for form in dict.fromkeys((phrase, phrase.removesuffix("s"))):
                if len(form) < _SHORTEST or form in _SAYS_NOTHING:
                    continue
                named = [code for code, words in known.items() if form in words.split("\n")]
                named = named or [code for code, words in known.items() if form in words]
                if named:
                    return tuple(named), [*said[:start], *said[start + length :]]
    return (), list(said)


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
