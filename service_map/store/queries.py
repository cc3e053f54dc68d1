"""Every question that the pages and interfaces ask of the data.

Each takes a connection of `service_map.store.open_readonly` and binds its values. A value that the data does not know
is refused with `InvalidParameterError` before it reaches the database; a record that is not there, `NotFoundError`.
Distances are geodesic on the WGS 84 ellipsoid (Karney 2013, by PROJ), in metres; coordinates are WGS 84 degrees.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, case, func, or_, select, tuple_
from sqlalchemy import cast as as_type
from sqlalchemy.orm import aliased

from service_map.catalogue import terms
from service_map.catalogue.adcode import ancestors, county_of
from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.catalogue.fields import fields_of
from service_map.errors import InvalidParameterError, NotFoundError
from service_map.store import cursor as cursors
from service_map.store.conditions import (
    MAX_LIMIT,
    Vocabulary,
    as_written,
    check_area,
    check_box,
    check_filter,
    check_limit,
    facility_conditions,
    once,
    shown,
    storable,
    vocabulary,
    within,
)
from service_map.store.database import day_of
from service_map.store.geometry import Box, index_x, index_y, lonlat, point_in_box
from service_map.store.indicators import every_indicator, indicators
from service_map.store.models import Category, Citation, Commitment, Community, Facility, Plan
from service_map.store.plan_changes import names_of, plan_changes
from service_map.store.promises import promised, quota, quotas, requirement, requirements, tell_gone
from service_map.store.records import Citation as CitationRecord
from service_map.store.records import (
    Cluster,
    CommunityRecord,
    FacilityFilter,
    FacilityPage,
    FacilityPoints,
    FacilityRecord,
    LayerRecord,
    Tally,
)
from service_map.store.release_changes import release_changes, releases
from service_map.store.sources import area, areas, commitments, cursor_at, every_commitment, plan, plans
from service_map.store.state import source_at, state_at
from service_map.store.stock_figures import stock_figures

__all__ = [
    "MAX_LIMIT",
    "MAX_METRES",
    "Vocabulary",
    "area",
    "areas",
    "check_area",
    "check_box",
    "check_filter",
    "clusters",
    "commitments",
    "communities",
    "cursor_at",
    "every_commitment",
    "every_indicator",
    "facilities",
    "facility",
    "facility_points",
    "indicators",
    "layers",
    "listed_only",
    "names_of",
    "nearby",
    "plan",
    "plan_changes",
    "plans",
    "promised",
    "quota",
    "quotas",
    "release_changes",
    "releases",
    "requirement",
    "requirements",
    "states",
    "stock_figures",
    "tally",
    "tally_by_basis",
    "vocabulary",
]

MAX_METRES = 100_000.0
"""Farthest that `nearby` looks."""

_GEOD = Geod(ellps="WGS84")

# Made once: composing a statement of thirty columns takes longer than running it.
_FACILITY_FIELDS = tuple(field.name for field in fields_of(FacilityRecord) if field.stored)
_CITATIONS = (
    select(
        Citation.facility, Commitment.plan, Plan.title, Commitment.section, Commitment.line,
        Commitment.passage_sha256, Commitment.passage, Commitment.id, Commitment.label, Plan.url,
    )
    .join(Commitment, Commitment.id == Citation.commitment)
    .join(Plan, Plan.id == Commitment.plan)
    .where(Citation.facility.in_(bindparam("facilities", expanding=True)))
    .order_by(Citation.facility, Citation.position)
)  # fmt: skip
_FACILITY_KEY = (Facility.adcode, Facility.category, Facility.id)
_SURENESS = case(
    (Facility.precision == "county", 1),
    (Facility.precision == "city", 2),
    else_=0,
)
_COUNTY = func.substr(Facility.adcode, 1, 6)
_BY_AREA: tuple[str, tuple[Any, ...], tuple[type, ...]] = ("facilities", _FACILITY_KEY, (str, str, str))
# What is surest first, and each kind of it by county.
_SUREST_KEY = (_SURENESS, _COUNTY, Facility.category, Facility.id)

_ROWS_AT_ONCE = 20_000


@cache
def _facilities_on(day: date) -> Select[Any]:
    """Select the facilities with their state on a day."""
    stored = (Facility.__table__.c[name] for name in _FACILITY_FIELDS)
    return select(*stored, state_at(day).label("state"), lonlat(Facility.geom).label("lonlat"))


def _facilities(connection: Connection) -> Select[Any]:
    return _facilities_on(day_of(connection))


def layers(connection: Connection, wanted: FacilityFilter | None = None) -> tuple[LayerRecord, ...]:
    """Give every category, with how many facilities it has, in the order of the catalogue.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        Counts only what this filter meets; categories without any stay, with 0.

    Raises
    ------
    InvalidParameterError
        As for `check_filter`.
    """
    wanted = wanted or FacilityFilter()
    if wanted.bbox is None and wanted.q is None:
        return once(connection, ("layers", wanted), lambda: _layers(connection, wanted))
    return _layers(connection, wanted)


def _layers(connection: Connection, wanted: FacilityFilter) -> tuple[LayerRecord, ...]:
    conditions = facility_conditions(connection, wanted)
    counts = {
        code: (number, planned)
        for code, number, planned in connection.execute(
            select(Facility.category, func.count(), func.sum(Facility.count))
            .where(*conditions)
            .group_by(Facility.category)
        )
    }
    columns = (
        Category.code, Category.zh, Category.en, Category.colour, Category.icon, Category.family, Category.family_zh,
        Category.family_en, Category.family_colour, Category.core,
    )  # fmt: skip
    found = []
    for row in connection.execute(select(*columns).order_by(Category.position)).mappings():
        number, planned = counts.get(row["code"], (0, 0))
        found.append(LayerRecord(**row, facilities=number, planned=as_written(planned) or 0))
    return tuple(found)


def facilities(
    connection: Connection,
    wanted: FacilityFilter | None = None,
    *,
    limit: int = 100,
    cursor: str | None = None,
    surest_first: bool = False,
) -> FacilityPage:
    """Give a page of facilities, with all their citations, in two statements and a count.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all.
    limit
        Most items, 1 to `MAX_LIMIT`.
    cursor
        The ``next_cursor`` of the page before.
    surest_first
        First what is located within a township or closer, then what is known to its county, then to its city.

    Returns
    -------
    FacilityPage
        Ordered by area code, category code and id (and by sureness before them, where that is asked for): a facility
        that comes or goes shifts no other between pages.

    Raises
    ------
    InvalidParameterError
        As for `check_filter`, and for ``limit`` and ``cursor``.
    """
    wanted = wanted or FacilityFilter()
    check_limit(limit)
    conditions = facility_conditions(connection, wanted)
    kind, key, types = ("surest", _SUREST_KEY, (int, str, str, str)) if surest_first else _BY_AREA
    query = _facilities(connection).where(*conditions).order_by(*key).limit(limit + 1)
    if cursor is not None:
        query = query.where(tuple_(*key) > tuple_(*cursors.read(cursor, kind=kind, types=types)))
    rows = connection.execute(query).all()
    items = _with_citations(connection, rows[:limit])
    more = len(rows) > limit
    last = items[-1] if more else None
    whole = cursor is None and not more
    matched = len(items) if whole else _count(connection, wanted, conditions)
    return FacilityPage(
        items=items,
        next_cursor=None if last is None else cursors.write(kind, _place_of(last, surest_first=surest_first)),
        matched=matched,
    )


def _place_of(record: FacilityRecord, *, surest_first: bool) -> tuple[Any, ...]:
    """Give a record's place in the order of `facilities`."""
    if not surest_first:
        return (record.adcode, record.category, record.id)
    return ({"county": 1, "city": 2}.get(record.precision, 0), county_of(record.adcode), record.category, record.id)


def _count(connection: Connection, wanted: FacilityFilter, conditions: list[ColumnElement[bool]]) -> int:
    def count() -> int:
        return connection.scalar(select(func.count()).select_from(Facility).where(*conditions)) or 0

    return once(connection, ("count", wanted), count)


def facility(connection: Connection, facility_id: str) -> FacilityRecord:
    """Give one facility.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    facility_id
        Its permanent id.

    Raises
    ------
    GoneError
        When a facility of that id was published once and stands no more; it names the successor where there is one.
    NotFoundError
        When there is none of that id.
    """
    rows = connection.execute(_facilities(connection).where(Facility.id == storable(facility_id))).all()
    if not rows:
        tell_gone(connection, facility_id)
        raise NotFoundError("id", f"没有设施 {shown(facility_id)}", f"there is no facility {shown(facility_id)}")
    return _with_citations(connection, rows)[0]


def promises_of(connection: Connection, facility_id: str) -> tuple[FacilityRecord, ...]:
    """Give the promised facilities that somebody found to be this existing one, by id."""
    of = _facilities(connection).where(Facility.same_as == storable(facility_id))
    return tuple(_with_citations(connection, connection.execute(of.order_by(Facility.id)).all()))


def communities(connection: Connection, *, area: str | None = None) -> tuple[CommunityRecord, ...]:
    """Give the residential communities (居民小区), the demand points of the data, by id.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    area
        Code of an area; those in it and in everything under it.

    Raises
    ------
    InvalidParameterError
        When there is no such area.
    """
    query = select(
        Community.id, Community.name, Community.adcode, lonlat(Community.geom).label("lonlat"),
        Community.uncertainty_m, Community.source, Community.licence, Community.date,
    ).order_by(Community.id)  # fmt: skip
    if area is not None:
        check_area(area, vocabulary(connection))
        query = query.where(within(Community.adcode, area))
    found = []
    for row in connection.execute(query).mappings():
        fields = dict(row)
        fields["lon"], fields["lat"] = fields.pop("lonlat")
        found.append(CommunityRecord(**fields))
    return tuple(found)


def nearby(
    connection: Connection,
    lon: float,
    lat: float,
    metres: float,
    wanted: FacilityFilter | None = None,
    *,
    limit: int = MAX_LIMIT,
) -> list[tuple[FacilityRecord, float]]:
    """Give the facilities around a point, nearest first.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    lon, lat
        The point, WGS 84 degrees.
    metres
        Radius, above 0 and at most `MAX_METRES`.
    wanted
        The filter; None for all.
    limit
        Most items, 1 to `MAX_LIMIT`.

    Returns
    -------
    list of (FacilityRecord, float)
        With the geodesic distance in metres from the point to the facility's own; see its ``uncertainty_m``.

    Raises
    ------
    InvalidParameterError
        For ``lon``, ``lat``, ``metres`` and ``limit``, and as for `check_filter`.
    """
    for field, value, bound in (("lon", lon, 180), ("lat", lat, 90)):
        if not math.isfinite(value) or abs(value) > bound:
            raise InvalidParameterError(
                field, f"应在 -{bound} 到 {bound} 之间（WGS 84 度）", f"lies in -{bound}…{bound} (WGS 84)"
            )
    if not (math.isfinite(metres) and 0 < metres <= MAX_METRES):
        raise InvalidParameterError(
            "metres", f"应大于 0、不超过 {MAX_METRES:.0f}", f"takes a number above 0 and at most {MAX_METRES:.0f}"
        )
    check_limit(limit)
    conditions = facility_conditions(connection, wanted or FacilityFilter())
    around = or_(*(point_in_box(Facility.geom, box) for box in _boxes(lon, lat, metres)))
    places = connection.execute(select(Facility.id, lonlat(Facility.geom)).where(around, *conditions)).all()
    if not places:
        return []
    points = np.array([point for _, point in places], dtype=np.float64)
    _, _, distance = _GEOD.inv(np.full(len(points), lon), np.full(len(points), lat), points[:, 0], points[:, 1])
    reached = [
        (away, facility_id) for (facility_id, _), away in zip(places, distance.tolist(), strict=True) if away <= metres
    ]
    chosen = {facility_id: away for away, facility_id in sorted(reached)[:limit]}
    if not chosen:
        return []
    rows = connection.execute(_facilities(connection).where(Facility.id.in_(list(chosen)))).all()
    records = {record.id: record for record in _with_citations(connection, rows)}
    return [(records[facility_id], away) for facility_id, away in chosen.items()]


def _boxes(lon: float, lat: float, metres: float) -> list[Box]:
    """Boxes that surely hold every point within `metres`; two where they cross the 180° meridian."""
    up = metres / LEAST_DEGREE_M
    south, north = max(-90.0, lat - up), min(90.0, lat + up)
    narrowest = math.cos(math.radians(max(abs(south), abs(north))))
    reach = up / narrowest if narrowest > 1e-6 else 360.0
    if reach >= 180:
        return [(-180.0, south, 180.0, north)]
    west, east = lon - reach, lon + reach
    if west < -180:
        return [(west + 360, south, 180.0, north), (-180.0, south, east, north)]
    if east > 180:
        return [(west, south, 180.0, north), (-180.0, south, east - 360, north)]
    return [(west, south, east, north)]


def facility_points(
    connection: Connection, wanted: FacilityFilter | None = None, *, apart: bool = False
) -> FacilityPoints:
    """Give facilities as arrays for the analyses, without their words.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all.
    apart
        Leave out promises that are existing facilities on record, so that no thing counts twice.

    Returns
    -------
    FacilityPoints

    Raises
    ------
    InvalidParameterError
        As for `check_filter`.
    """
    conditions = list(facility_conditions(connection, wanted or FacilityFilter()))
    if apart:
        other = aliased(Facility)
        conditions.append(~select(other.id).where(other.id == Facility.same_as).exists())
    found = connection.execute(
        select(
            Facility.id, lonlat(Facility.geom), Facility.uncertainty_m, Facility.category, Facility.status,
            Facility.due, Facility.count, Facility.unit, Facility.at_least, Facility.precision,
            Facility.adcode, Facility.point_source, Facility.point_licence, Facility.status_source,
            Facility.status_date,
        ).where(*conditions).order_by(Facility.id),
        execution_options={"yield_per": _ROWS_AT_ONCE},
    )  # fmt: skip
    known: dict[tuple[str, str, str], int] = {}
    # A million rows take many times the memory of the arrays that are made of them.
    parts = [_arrays(rows, known) for rows in found.partitions()] or [_arrays((), known)]
    joined = {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}
    return FacilityPoints(**joined, sources=tuple(known))


def _arrays(rows: Sequence[Any], known: dict[tuple[str, str, str], int]) -> dict[str, NDArray[Any]]:
    """Give some rows as arrays, by their names in `FacilityPoints`; `known` gathers who says what stands."""
    columns = zip(*rows, strict=True) if rows else ((),) * 15
    ids, points, uncertainties, categories, statuses, years, counts, units, least, precisions, codes, *told = columns
    source = [
        -1
        if status not in terms.IN_PLACE
        # Who saw it built says so; what always stood is said by the source of its point.
        else known.setdefault((by or named, "" if status == "open" else licence, date or ""), len(known))
        for status, named, licence, by, date in zip(statuses, *told, strict=True)
    ]
    return {
        "lonlat": np.array(points, dtype=np.float64).reshape(-1, 2),
        "uncertainty_m": np.array(uncertainties, dtype=np.float64),
        "category": np.array(categories, dtype=np.str_),
        "status": np.array(statuses, dtype=np.str_),
        "year": np.array([math.nan if year is None else year for year in years], dtype=np.float64),
        "id": np.array(ids, dtype=np.str_),
        "count": np.array(counts, dtype=np.float64),
        "unit": np.array([unit or "" for unit in units], dtype=np.str_),
        "at_least": np.array(least, dtype=np.bool_),
        "wide": np.isin(np.array(precisions, dtype=np.str_), terms.WIDE),
        "code": np.array([int(code.ljust(9, "0")) for code in codes], dtype=np.int64),
        "source": np.array(source, dtype=np.int64),
    }


def clusters(
    connection: Connection, wanted: FacilityFilter | None = None, *, cell_degrees: float
) -> tuple[Cluster, ...]:
    """Count facilities by the cells of a grid, for a map that cannot show each.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all.
    cell_degrees
        Side of a cell, in degrees, 0.0001 to 10.

    Returns
    -------
    tuple of Cluster
        One for each cell that holds any, by row and column. The grid begins at longitude and latitude 0, so a moved
        view keeps its cells.

    Raises
    ------
    InvalidParameterError
        For ``cell_degrees``, and as for `check_filter`.
    """
    if not (math.isfinite(cell_degrees) and 1e-4 <= cell_degrees <= 10):
        raise InvalidParameterError("cell_degrees", "应在 0.0001 到 10 之间", "lies in 0.0001…10")
    wanted = wanted or FacilityFilter()
    if wanted.bbox is None and wanted.q is None:
        # Counting 100,000 takes half a second, and every reader's first view asks for the same.
        return once(connection, ("clusters", wanted, cell_degrees), lambda: _clusters(connection, wanted, cell_degrees))
    return _clusters(connection, wanted, cell_degrees)


def _clusters(connection: Connection, wanted: FacilityFilter, cell_degrees: float) -> tuple[Cluster, ...]:
    conditions = facility_conditions(connection, wanted)
    placed = select(
        index_x(Facility.geom).label("x"), index_y(Facility.geom).label("y"), Facility.family.label("family")
    ).where(*conditions).subquery()  # fmt: skip
    # Shifted to be positive: casting cuts towards zero.
    column = _whole(connection, (placed.c.x + 180.0) / cell_degrees)
    row = _whole(connection, (placed.c.y + 90.0) / cell_degrees)
    number = func.count()
    found = connection.execute(
        select(
            row.label("row"), column.label("col"), placed.c.family, number, func.avg(placed.c.x), func.avg(placed.c.y)
        )
        .group_by("row", "col", placed.c.family)
        .order_by("row", "col", number.desc(), placed.c.family)
    ).all()
    return gathered(found)


def gathered(found: Sequence[Sequence[Any]]) -> tuple[Cluster, ...]:
    """Gather the families of each cell; of rows ``row, column, family, number, mean longitude, mean latitude``."""
    cells: dict[tuple[int, int], list[Any]] = {}
    for row_number, column_number, family, count, x, y in found:
        cells.setdefault((row_number, column_number), []).append((family, count, x, y))
    made = []
    for members in cells.values():
        total = sum(count for _, count, _, _ in members)
        made.append(
            Cluster(
                lon=sum(count * x for _, count, x, _ in members) / total,
                lat=sum(count * y for _, count, _, y in members) / total,
                count=total,
                families=tuple((family, count) for family, count, _, _ in members),
            )
        )
    return tuple(made)


def _whole(connection: Connection, number: Any) -> Any:
    """Cut a positive number; SQLite may lack ``floor``, and a cast on PostgreSQL rounds."""
    return as_type(number, Integer) if connection.dialect.name == "sqlite" else func.floor(number)


def tally(connection: Connection, wanted: FacilityFilter | None = None) -> tuple[Tally, ...]:
    """Count facilities by county, family, precision, status, state on the day, and the year when they are due.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all.

    Returns
    -------
    tuple of Tally
        By county.

    Raises
    ------
    InvalidParameterError
        As for `check_filter`.
    """
    wanted = wanted or FacilityFilter()

    def count() -> tuple[Tally, ...]:
        state = state_at(day_of(connection)).label("state")
        key = (
            _COUNTY, Facility.family, Facility.precision, Facility.status, state, Facility.due, Facility.due_basis,
        )  # fmt: skip
        conditions = facility_conditions(connection, wanted)
        rows = connection.execute(select(*key, func.count()).where(*conditions).group_by(*key).order_by(*key)).all()
        return tuple(
            Tally(
                adcode=adcode,
                family=family,
                precision=precision,
                status=status,
                state=told,
                due=due,
                due_basis=basis,
                count=number,
            )
            for adcode, family, precision, status, told, due, basis, number in rows
        )

    return once(connection, ("tally", wanted), count)


def tally_by_basis(
    connection: Connection, *, area: str | None, categories: Sequence[str]
) -> tuple[tuple[str, str, str, int], ...]:
    """Count what plans and lists promise in an area, and what is known only to an area around it.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    area
        Code of an area; None for everything.
    categories
        Codes of kinds.

    Returns
    -------
    tuple of (str, str, str, int)
        Code of the narrowest area known, category, basis, and how many; what is given up is not counted.

    Raises
    ------
    InvalidParameterError
        When there is no such area or kind.
    """
    conditions = facility_conditions(connection, FacilityFilter(categories=tuple(categories), promised=True))
    conditions.append(Facility.status != "cancelled")
    if area is not None:
        check_area(area, vocabulary(connection))
        conditions.append(or_(within(Facility.adcode, area), Facility.adcode.in_(ancestors(area))))
    key = (Facility.adcode, Facility.category, Facility.basis)
    rows = connection.execute(select(*key, func.count()).where(*conditions).group_by(*key).order_by(*key)).all()
    return tuple((adcode, category, basis, count) for adcode, category, basis, count in rows)


def listed_only(connection: Connection) -> int:
    """Count the facilities that are coming by a list alone, and that no plan promises."""

    def count() -> int:
        coming = select(func.count()).where(Facility.status != "existing", Facility.plan.is_(None))
        return connection.scalar(coming) or 0

    return once(connection, "listed-only", count)


def states(connection: Connection, wanted: FacilityFilter) -> Mapping[tuple[str, bool], int]:
    """Count facilities by their state on the day, and by whether anybody is named who reported it.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.

    Returns
    -------
    mapping of (str, bool) to int
        Only those that occur.

    Raises
    ------
    InvalidParameterError
        As for `check_filter`.
    """

    def count() -> Mapping[tuple[str, bool], int]:
        day = day_of(connection)
        key = (state_at(day).label("state"), source_at(day).is_not(None).label("sourced"))
        conditions = facility_conditions(connection, wanted)
        rows = connection.execute(select(*key, func.count()).where(*conditions).group_by(*key)).all()
        return {(state, bool(sourced)): number for state, sourced, number in rows}

    return once(connection, ("states", wanted), count)


def _with_citations(connection: Connection, rows: Sequence[Sequence[Any]]) -> tuple[FacilityRecord, ...]:
    cited: dict[str, list[CitationRecord]] = {row[0]: [] for row in rows}
    if cited:
        found = connection.execute(_CITATIONS, {"facilities": list(cited)})
        for owner, plan, title, section, line, digest, passage, commitment, label, url in found.all():
            cited[owner].append(
                CitationRecord(
                    plan=plan, plan_title=title, section=section, line=line, passage_sha256=digest, passage=passage,
                    commitment=commitment, label=label, url=url,
                )
            )  # fmt: skip
    day = day_of(connection).isoformat()
    return tuple(_facility(row, tuple(cited[row[0]]), day) for row in rows)


def _facility(row: Sequence[Any], citations: tuple[CitationRecord, ...], day: str) -> FacilityRecord:
    fields: dict[str, Any] = dict(zip(_FACILITY_FIELDS, row, strict=False))
    state, (lon, lat) = row[-2:]
    fields["count"] = as_written(fields["count"])
    return FacilityRecord(
        **fields,
        state=state,
        state_as_of=day,
        lon=lon,
        lat=lat,
        passage_sha256=citations[0].passage_sha256 if citations else None,
        commitments=tuple(citation.commitment for citation in citations),
        citations=citations,
    )
