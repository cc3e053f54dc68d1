"""The figures of an area and of a plan: what is promised, by family and year, how surely, and what it covers.

The area page, the report and its spreadsheet all show these, so that none can say what another does not.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection

from service_map import analysis, coverage
from service_map.analysis import Ground
from service_map.catalogue import Family, Rule, terms, usual
from service_map.catalogue.adcode import city_of, county_of
from service_map.store import queries
from service_map.store.records import AreaRecord, CommitmentFilter, CommitmentRecord, FacilityFilter, Tally


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
        Years in which anything is due, ascending; None last, where nobody says when.
    by_year
        Facilities for each of `years`.
    stated
        Those of them whose year a plan states; the others are due at the end of its term.
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
    stated: tuple[int, ...]
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
    known = sorted({part.due for part in parts if part.due is not None})
    years = (*known, *([None] if any(part.due is None for part in parts) else []))
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
                years=tuple(sum(part.count for part in own if part.due == year) for year in years),
            )
            for code, family in families.items()
            if (own := [part for part in parts if part.family == code])
        ),
        years=years,
        by_year=tuple(sum(part.count for part in parts if part.due == year) for year in years),
        stated=tuple(
            sum(part.count for part in parts if part.due == year and part.due_basis == "stated") for year in years
        ),
        siblings=_siblings(conn, area, areas),
        kinds=kind_figures(queries.every_commitment(conn, CommitmentFilter(area=area.adcode))),
    )


def _placed(parts: Sequence[Tally]) -> int:
    return sum(part.count for part in parts if part.precision not in terms.WIDE)


def _siblings(conn: Connection, area: AreaRecord, areas: Mapping[str, AreaRecord]) -> tuple[Sibling, ...]:
    if area.level == "township":
        return ()
    # Cities stand beside cities, whatever province they are of; counties beside those of their city.
    beside = [
        other
        for other in areas.values()
        if other.level == area.level and (area.level == "city" or city_of(other.adcode) == city_of(area.adcode))
    ]
    of = city_of if area.level == "city" else county_of
    count: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for part in queries.tally(conn, FacilityFilter(promised=True)):
        count[of(part.adcode)] += part.count
        if part.precision not in terms.WIDE:
            placed[of(part.adcode)] += part.count
    return tuple(
        Sibling(
            adcode=other.adcode,
            name=other.name,
            count=count[of(other.adcode)],
            placed=placed[of(other.adcode)],
            current=other.adcode == area.adcode,
        )
        for other in sorted(beside, key=lambda other: other.adcode)
    )


def plan_kinds(conn: Connection, plan_id: str) -> tuple[KindFigure, ...]:
    """Count a plan's commitments by kind, and which stand on the map."""
    return kind_figures(queries.every_commitment(conn, CommitmentFilter(plans=(plan_id,))))


def kind_figures(records: Sequence[CommitmentRecord]) -> tuple[KindFigure, ...]:
    """Count commitments by kind, in the order of `service_map.catalogue.terms.KIND`; kinds without any are left out."""
    count = Counter(record.kind for record in records)
    mapped = Counter(record.kind for record in records if record.facilities)
    return tuple(KindFigure(kind=kind, count=count[kind], mapped=mapped[kind]) for kind in terms.KIND if count[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What some facilities cover of an area.

    Attributes
    ----------
    facilities
        Those that reach into it.
    share_low, share, share_high
        Of the land: what is covered for certain, by the points, and at most; 0 to 1.
    homes_share
        Of the residential communities on record; None where there are fewer than `service_map.analysis.FEWEST_HOMES`.
    """

    facilities: int
    share_low: float
    share: float
    share_high: float
    homes_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFigure:
    """What is known of one category in an area, by the clause that it is judged by where none is named.

    Attributes
    ----------
    rule
        The clause, which says the category and the distance.
    record
        What is on record and promised, and whether the figures below are given: they are None where the record of what
        exists is not complete.
    said
        The same in a sentence or two, in the ground's language.
    existing, promised
        What is covered by what exists, and what would be if all that is promised were built too; nobody has verified
        that it is.
    gap_km2
        Land that what exists does not cover.
    gap_lon, gap_lat
        A place in the widest gap that what exists leaves, WGS 84 degrees; None where there is no gap.
    homes
        Residential communities on record in the area.
    rank, among
        The area's place among its siblings by the share of land that what exists covers, the widest first, and how many
        they are; None where the record of one of them is not complete.
    """

    rule: Rule
    record: analysis.Record
    said: str
    existing: Covered | None
    promised: Covered | None
    gap_km2: float | None
    gap_lon: float | None
    gap_lat: float | None
    homes: int
    rank: int | None
    among: int


_MARGIN = 0.1  # degrees, at least 8 km where the data lies
_BEFORE = 0  # a year before that of any promise: by then stands what exists


def area_coverage(ground: Ground, adcode: str, siblings: Sequence[str]) -> tuple[CoverageFigure, ...]:
    """Say how far each category covers an area, beside its siblings.

    Parameters
    ----------
    ground
        What the answer rests on; what it keeps is computed once for each version of the data.
    adcode
        Of an area with a boundary.
    siblings
        Codes of the areas that it stands beside, itself among them.

    Returns
    -------
    tuple of CoverageFigure
        In the order of the standards' table; categories without a distance are left out.

    Raises
    ------
    UnanswerableError
        When the area has no boundary.
    """
    region = analysis.region(ground, adcode)
    homes = [(home.lon, home.lat) for home in queries.communities(ground.conn, area=adcode)]
    demand = coverage.points(homes, 1.0) if len(homes) >= analysis.FEWEST_HOMES else None
    # Most are never looked at: the first whose record is not complete ends the comparison.
    beside = {code: cache(partial(analysis.region, ground, code)) for code in (*siblings, adcode)}
    found = []
    for rule in _ruling(ground):
        asked = analysis.reach(ground, rule=rule.id)
        record = analysis.record_of(ground, asked.categories, region)
        told = analysis.covered_share(ground, asked, region, demand=demand, by_year=record.told).summary
        existing, promised = (_covered(told["years"][row]) if record.told else None for row in (0, -1))
        widest = analysis.gap_pieces(ground, asked, region, year=_BEFORE, limit=1).features if record.told else ()
        found.append(
            CoverageFigure(
                rule=rule,
                record=record,
                said=told["record_basis"]["words"],
                existing=existing,
                promised=promised,
                gap_km2=None if existing is None else told["area_km2"] * (1 - existing.share),
                gap_lon=widest[0].properties["lon"] if widest else None,
                gap_lat=widest[0].properties["lat"] if widest else None,
                homes=len(homes),
                rank=_rank(ground, asked, rule, adcode, beside),
                among=len(beside),
            )
        )
    return tuple(found)


def _covered(row: Mapping[str, Any]) -> Covered:
    return Covered(
        facilities=row["facilities"],
        share_low=row["share_low"],
        share=row["share"],
        share_high=row["share_high"],
        homes_share=row["people_share"],
    )


def _rank(
    ground: Ground, asked: analysis.Reach, rule: Rule, adcode: str, beside: Mapping[str, Callable[[], analysis.Region]]
) -> int | None:
    """Rank an area among its siblings; None where nobody knows what one of them has."""
    if any(analysis.state_of(ground, asked.categories, region())[0] != "complete" for region in beside.values()):
        return None
    shares = {code: _shares(ground, code)[rule.id] for code in beside}
    return 1 + sum(of > shares[adcode] for of in shares.values())


def _ruling(ground: Ground) -> list[Rule]:
    """Give the clause that each category is judged by where none is named, if it states a distance."""
    return [rule for rule in usual(ground.rules).values() if rule.metres is not None]


def _shares(ground: Ground, adcode: str) -> Mapping[str, float]:
    """Give the share of one area's land that what exists covers by each rule, as it is located."""

    def work(_conn: Connection) -> Mapping[str, float]:
        shape = analysis.region(ground, adcode).shape
        west, south, east, north = shape.bounds
        found = {}
        for rule in _ruling(ground):
            asked = analysis.reach(ground, rule=rule.id)
            candidates = ground.supply_of(asked.categories).candidates
            lon, lat = candidates.lonlat[:, 0], candidates.lonlat[:, 1]
            # A wide margin, for the radii of clauses on foot end at a few kilometres.
            stands = coverage.in_place(candidates) & coverage.placed(candidates)
            stands &= (lon > west - _MARGIN) & (lon < east + _MARGIN)
            stands &= (lat > south - _MARGIN) & (lat < north + _MARGIN)
            serving = coverage.lay_out(coverage.choose(candidates, stands))
            cut = coverage.gap(shape, serving.lonlat, asked.metres, surfaces=serving.surfaces.tolist())
            found[rule.id] = round(cut.share, 9)
        return found

    return ground.keep(("area-coverage", adcode), work)
