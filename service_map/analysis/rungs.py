"""What the plans give to an area, rung by rung: named, allotted, required, shared with the areas around, or intended.

One function answers it for any area: a township or a county is told what is named there and what the plans of the areas
around it promise without saying where; a city, or everything, is told the sum of what lies within it, and in which
counties. A promise is never turned into a place: what a plan does not say is said not to be said.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from service_map.analysis.context import Ground
from service_map.catalogue.adcode import COUNTY_DIGITS, county_of, covers, prefix
from service_map.store import (
    CommitmentFilter,
    CommitmentRecord,
    FacilityFilter,
    FacilityRecord,
    PromiseFilter,
    QuotaRecord,
    RequirementRecord,
    queries,
)

MOST_NAMED = 10
"""Facilities of one kind that a rung names; all are counted."""

MOST_LISTED = 50
"""Intentions of one kind that an answer lists; all are counted."""

_AT_ONCE = 1000
_MOST_KEPT = 200  # areas


@dataclass(frozen=True, slots=True, kw_only=True)
class Rungs:
    """What the plans give to an area of one kind.

    Attributes
    ----------
    category
        Code of the kind.
    named, allotted
        The first facilities there that a plan, or a list of the planned, names, and those of which a plan says how many
        the place gets; what is given up is not among them.
    counts
        How many of each there are in which county (or city, where only that is known): code, named, allotted.
    around
        Facilities known only to an area around this one, which may stand here or not.
    required
        Rules for every unit, of which some lie here or around here.
    quotas
        Numbers for this area, for one around it or within it; parts stand behind what they are part of.
    intents
        What else the plans of the area and within it say, and behind that what plans of the areas around it do.
    above
        How many of the last are of plans for an area around it.
    """

    category: str
    named: tuple[FacilityRecord, ...]
    allotted: tuple[FacilityRecord, ...]
    counts: tuple[tuple[str, int, int], ...]
    around: int
    required: tuple[RequirementRecord, ...]
    quotas: tuple[QuotaRecord, ...]
    intents: tuple[CommitmentRecord, ...]
    above: int


def rungs(ground: Ground, adcode: str | None, categories: Sequence[str]) -> tuple[Rungs, ...]:
    """Give what the plans give to an area, one for each kind.

    Parameters
    ----------
    ground
        What the answer rests on; what it keeps is found once for each version of the data.
    adcode
        Code of an area of the data; None for everything.
    categories
        Codes of kinds.

    Returns
    -------
    tuple of Rungs
        In the order of `categories`; those of which no plan says anything too.

    Raises
    ------
    InvalidParameterError
        When there is no such area or kind.
    """
    kept: dict[str | None, dict[str, Rungs]] = ground.keep(("analysis", "rungs"), lambda _conn: {})
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    mine = kept.setdefault(adcode, {})
    # Without a kind a filter would ask for every kind.
    if missing := tuple(dict.fromkeys(code for code in categories if code not in mine)):
        mine |= _rungs(ground, adcode, missing)
    return tuple(mine[code] for code in categories)


def _rungs(ground: Ground, adcode: str | None, codes: tuple[str, ...]) -> dict[str, Rungs]:
    conn = ground.conn
    counts, around = _counted(conn, adcode, codes)
    facilities = _facilities(conn, adcode, counts)
    wanted = PromiseFilter(area=adcode, categories=codes)
    required, quotas = (
        _by_kind(one for one in _every(ask, conn, wanted) if one.cancelled_by is None)
        for ask in (queries.requirements, queries.quotas)
    )
    own, above = (_by_kind(found) for found in _intents(ground, conn, adcode, codes))
    return {
        code: Rungs(
            category=code,
            named=tuple(one for one in facilities.get(code, ()) if one.basis != "allotment")[:MOST_NAMED],
            allotted=tuple(one for one in facilities.get(code, ()) if one.basis == "allotment")[:MOST_NAMED],
            counts=tuple(counts.get(code, ())),
            around=around[code],
            required=tuple(required.get(code, ())),
            quotas=_in_order(quotas.get(code, ()), adcode),
            intents=(*own.get(code, ()), *above.get(code, ())),
            above=len(above.get(code, ())),
        )
        for code in codes
    }


def _counted(
    conn: Connection, adcode: str | None, codes: tuple[str, ...]
) -> tuple[dict[str, list[tuple[str, int, int]]], Counter[str]]:
    """Count what is named and allotted in each county, and what is known only to an area around, by kind."""
    inside: dict[str, Counter[tuple[str, bool]]] = {}
    around: Counter[str] = Counter()
    for code, category, basis, count in queries.tally_by_basis(conn, area=adcode, categories=codes):
        if adcode is None or covers(adcode, code):
            # Of a township its own code; of what is wider the county, or the city where only that is known.
            place = adcode if adcode is not None and len(adcode) > COUNTY_DIGITS else county_of(code)
            inside.setdefault(category, Counter())[place, basis == "allotment"] += count
        else:
            around[category] += count
    counts = {
        code: [(place, of[place, False], of[place, True]) for place in sorted({place for place, _ in of})]
        for code, of in inside.items()
    }
    return counts, around


def _facilities(
    conn: Connection, adcode: str | None, counts: dict[str, list[tuple[str, int, int]]]
) -> dict[str, list[FacilityRecord]]:
    """Name the first facilities of each kind, the surest first: one question where they are few, else one a kind."""
    codes = tuple(counts)
    few = sum(named + allotted for of in counts.values() for _, named, allotted in of) <= _AT_ONCE
    asked = [codes] if few and codes else [(code,) for code in codes]
    found: dict[str, list[FacilityRecord]] = {}
    for kinds in asked:
        wanted = FacilityFilter(area=adcode, categories=kinds, promised=True)
        limit = _AT_ONCE if few else 5 * MOST_NAMED
        for one in queries.facilities(conn, wanted, limit=limit, surest_first=True).items:
            if one.status != "cancelled":
                found.setdefault(one.category, []).append(one)
    return found


def _every(ask: Callable[..., Any], conn: Connection, wanted: PromiseFilter) -> list[Any]:
    """Give all that a filter meets, page by page."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = ask(conn, wanted, limit=queries.MAX_LIMIT, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def _by_kind(records: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for record in records:
        found.setdefault(record.category, []).append(record)
    return found


def _in_order(quotas: Iterable[QuotaRecord], adcode: str | None) -> tuple[QuotaRecord, ...]:
    """Put the area's own numbers first, then those of areas around it, then those within; parts behind the whole."""

    def place(one: QuotaRecord) -> tuple[int, str]:
        if one.adcode == adcode:
            return 0, one.adcode
        return (1 if adcode is not None and covers(one.adcode, adcode) else 2), one.adcode

    ordered = sorted(quotas, key=place)
    whole = [one for one in ordered if one.part_of not in {other.id for other in ordered}]

    def down(one: QuotaRecord) -> Iterable[QuotaRecord]:
        yield one
        for part in ordered:
            if part.part_of == one.id:
                yield from down(part)

    return tuple(part for one in whole for part in down(one))


def _intents(
    ground: Ground, conn: Connection, adcode: str | None, codes: tuple[str, ...]
) -> tuple[tuple[CommitmentRecord, ...], tuple[CommitmentRecord, ...]]:
    """Give what is only intended: by plans of the area and within it, and by those for the areas around it."""
    own = _only_said(conn, CommitmentFilter(categories=codes, kind="intent", area=adcode))
    around = tuple(
        plan.id
        for plan in ground.plans()
        if adcode is not None and covers(plan.adcode, adcode) and len(prefix(plan.adcode)) < len(prefix(adcode))
    )
    if not around:
        return own, ()
    seen = {record.id for record in own}
    others = _only_said(conn, CommitmentFilter(categories=codes, kind="intent", plans=around))
    # A promise for another county by name does not concern this one.
    return own, tuple(record for record in others if record.id not in seen and record.place_level == "plan")


def _only_said(conn: Connection, wanted: CommitmentFilter) -> tuple[CommitmentRecord, ...]:
    every = queries.every_commitment(conn, wanted)
    return tuple(record for record in every if not record.facilities and record.repeats is None)
