"""Which existing facility a promised one may be: pairs for a person to confirm, never merged by themselves."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from service_map.catalogue import categories
from service_map.catalogue.adcode import county_of, covers
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.locate import TELLING, plain_name

LIKENESS = 0.8
"""Least likeness (`difflib.SequenceMatcher.ratio`) of two plain names that are not the same."""

_LEAST_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Match:
    """A promised facility and an existing one that may be the same; ``how`` is ``same`` or ``similar`` names."""

    promised: str
    existing: str
    how: str
    promised_name: str
    existing_name: str


def match_existing(promised: Iterable[Facility], existing: Iterable[Facility], gazetteer: Gazetteer) -> list[Match]:
    """Pair promised facilities with existing ones of one county by their names.

    Parameters
    ----------
    promised
        Only those that their plan names are looked at.
    existing
        Any number; only those of a county and family that has a promised one are looked at.
    gazetteer
        What `load_gazetteer` returned.

    Returns
    -------
    list of Match
        By promised id. Names are the same when their plain forms are (one family of categories), similar when those
        are alike by `LIKENESS`, and differ in no numeral or direction (one category).
    """
    family = {code: category.family for code, category in categories().items()}
    wanted: dict[str, list[tuple[Facility, str]]] = defaultdict(list)
    for facility in promised:
        plain = plain_name(facility.name, facility.adcode, gazetteer) if facility.name_given else ""
        if len(plain) >= _LEAST_LETTERS and facility.same_as is None:
            wanted[family[facility.category]].append((facility, plain))
    found = []
    for other in existing:
        near = [
            pair
            for pair in wanted.get(family.get(other.category, ""), ())
            if covers(county_of(pair[0].adcode), other.adcode)
        ]
        if not near or not other.name:
            continue
        letters = set(other.name)
        for facility, plain in near:
            # Names that share less than half of their letters are neither the same nor alike: most pairs end here.
            if 2 * len(letters.intersection(plain)) < len(set(plain)):
                continue
            how = _how(facility, plain, other, gazetteer)
            if how:
                found.append(
                    Match(
                        promised=facility.id, existing=other.id, how=how, promised_name=facility.name,
                        existing_name=other.name,
                    )
                )  # fmt: skip
    return sorted(found)


def _how(facility: Facility, plain: str, other: Facility, gazetteer: Gazetteer) -> str:
    # Read as the promised one's area would write it: 和顺县中医院 is not the city's 中医院.
    form = plain_name(other.name, facility.adcode, gazetteer)
    if plain == form:
        return "same"
    alike = (
        other.category == facility.category
        and len(form) >= _LEAST_LETTERS
        and _telling(form) == _telling(plain)
        and SequenceMatcher(None, plain, form, autojunk=False).ratio() >= LIKENESS
    )
    return "similar" if alike else ""


def _telling(name: str) -> str:
    return "".join(letter for letter in name if letter in TELLING)
