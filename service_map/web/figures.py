"""The figures of an area and of a plan: what is promised, by family, by year, how surely, beside the neighbours.

The area page, the report and its spreadsheet all show these, so that none can say what another does not.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from service_map.catalogue import Family
from service_map.store import queries
from service_map.store.records import AreaRecord, CommitmentFilter, CommitmentRecord, FacilityFilter, Tally

WIDE = ("county", "city")
"""Precisions whose point is a seat of government and not a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFigure:
    """One family in an area.

    Attributes
    ----------
    code, name, colour
        Of the family, the name in the reader's language.
    count, placed
        Facilities on the map, and those of them located within a township or closer.
    years
        Facilities by the year by which they are promised, as `AreaFigures.years` lists it.
    """

    code: str
    name: str
    colour: str
    count: int
    placed: int
    years: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """An area of the same level under the same parent, or the area itself (``current``)."""

    adcode: str
    name: str
    count: int
    placed: int
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFigure:
    """Commitments of one kind: how many, and how many of them stand on the map."""

    kind: str
    count: int
    mapped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigures:
    """What is promised in an area.

    Attributes
    ----------
    total, placed
        Facilities on the map, and those of them located within a township or closer.
    families
        Those that have any, in the order of the catalogue.
    years
        Years by which anything is promised, ascending; None last, where no plan states one.
    by_year
        Facilities for each of `years`.
    siblings
        The area among its neighbours, by code; alone where it has none.
    kinds
        Commitments that concern the area, by kind.
    """

    total: int
    placed: int
    families: tuple[FamilyFigure, ...]
    years: tuple[int | None, ...]
    by_year: tuple[int, ...]
    siblings: tuple[Sibling, ...]
    kinds: tuple[KindFigure, ...]


def area_figures(
    conn: Connection,
    area: AreaRecord,
    *,
    areas: Mapping[str, AreaRecord],
    families: Mapping[str, Family],
    english: bool,
) -> AreaFigures:
    """Count what is promised in an area.

    Parameters
    ----------
    conn
        For `service_map.store.queries`.
    area
        A city, a county or a township.
    areas
        All areas, by code.
    families
        The catalogue's.
    english
        Names of families in English.

    Returns
    -------
    AreaFigures
        Of promises alone: what stands already is not counted.
    """
    parts = queries.tally(conn, FacilityFilter(area=area.adcode, promised=True))
    stated = sorted({part.year for part in parts if part.year is not None})
    years = (*stated, *([None] if any(part.year is None for part in parts) else []))
    return AreaFigures(
        total=sum(part.count for part in parts),
        placed=_placed(parts),
        families=tuple(
            FamilyFigure(
                code=code,
                name=family.en if english else family.zh,
                colour=family.colour,
                count=sum(part.count for part in own),
                placed=_placed(own),
                years=tuple(sum(part.count for part in own if part.year == year) for year in years),
            )
            for code, family in families.items()
            if (own := [part for part in parts if part.family == code])
        ),
        years=years,
        by_year=tuple(sum(part.count for part in parts if part.year == year) for year in years),
        siblings=_siblings(conn, area, areas),
        kinds=kind_figures(_commitments(conn, CommitmentFilter(area=area.adcode))),
    )


def _placed(parts: Sequence[Tally]) -> int:
    return sum(part.count for part in parts if part.precision not in WIDE)


def _siblings(conn: Connection, area: AreaRecord, areas: Mapping[str, AreaRecord]) -> tuple[Sibling, ...]:
    if area.level == "township":
        return ()
    # Cities stand beside cities, whatever province they are of; counties beside those of their city.
    beside = [
        other
        for other in areas.values()
        if other.level == area.level and (area.level == "city" or other.adcode[:4] == area.adcode[:4])
    ]
    digits = 4 if area.level == "city" else 6
    count: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for part in queries.tally(conn, FacilityFilter(promised=True)):
        count[part.adcode[:digits]] += part.count
        if part.precision not in WIDE:
            placed[part.adcode[:digits]] += part.count
    return tuple(
        Sibling(
            adcode=other.adcode,
            name=other.name,
            count=count[other.adcode[:digits]],
            placed=placed[other.adcode[:digits]],
            current=other.adcode == area.adcode,
        )
        for other in sorted(beside, key=lambda other: other.adcode)
    )


def plan_kinds(conn: Connection, plan_id: str) -> tuple[KindFigure, ...]:
    """Count a plan's commitments by kind, and which stand on the map."""
    return kind_figures(_commitments(conn, CommitmentFilter(plans=(plan_id,))))


def kind_figures(records: Sequence[CommitmentRecord]) -> tuple[KindFigure, ...]:
    """Count commitments by kind, in the order of `service_map.store.queries.KINDS`; kinds without any are left out."""
    count = Counter(record.kind for record in records)
    mapped = Counter(record.kind for record in records if record.facilities)
    return tuple(KindFigure(kind=kind, count=count[kind], mapped=mapped[kind]) for kind in queries.KINDS if count[kind])


def _commitments(conn: Connection, wanted: CommitmentFilter) -> list[CommitmentRecord]:
    found: list[CommitmentRecord] = []
    cursor: str | None = None
    while True:
        page = queries.commitments(conn, wanted, limit=queries.MAX_LIMIT, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
