"""Every question that the pages and interfaces ask of the data.

Each takes a connection of `service_map.store.open_readonly` and binds its values. A value that the data does not know
is refused with `InvalidParameterError` before it reaches the database; a record that is not there, `NotFoundError`.
Distances are geodesic on the WGS 84 ellipsoid (Karney 2013, by PROJ), in metres; coordinates are WGS 84 degrees.
"""

import math
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from pyproj import Geod
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy import (
    cast as as_type,
)

from service_map.errors import GoneError, InvalidParameterError, NotFoundError
from service_map.places import PRECISIONS, STATUSES
from service_map.store import cursor as cursors
from service_map.store.adcode import prefix
from service_map.store.database import stamp
from service_map.store.geometry import Box, index_x, index_y, lonlat, overlaps_box, point_in_box
from service_map.store.models import Area, Category, Citation, Commitment, Community, Facility, Plan, Retired
from service_map.store.pinyin import is_spelt, sound, sounds
from service_map.store.records import (
    AreaRecord,
    Cluster,
    CommitmentFilter,
    CommitmentPage,
    CommitmentRecord,
    CommunityRecord,
    FacilityFilter,
    FacilityPage,
    FacilityPoints,
    FacilityRecord,
    LayerRecord,
    PlanRecord,
    Tally,
)
from service_map.store.records import Citation as CitationRecord

MAX_LIMIT = 10_000
"""Most rows of one page."""

MAX_METRES = 100_000.0
"""Farthest that `nearby` looks."""

KINDS = ("site", "allotment", "quota", "coverage", "intent")
"""Kinds of commitment."""

_T = TypeVar("_T")
_GEOD = Geod(ellps="WGS84")
# Shortest degree of latitude, and of longitude at the equator, less 1 %: a box by these is never too small.
_METRES_PER_DEGREE_LAT = 109_500.0
_METRES_PER_DEGREE_LON = 110_200.0
_YEARS = range(1900, 2201)
_LONGEST_Q = 100
_MOST_WORDS = 8
# Names and areas that one spelt word may mean: enough for a province, and fewer than a statement may bind.
_MOST_HEARD, _MOST_AREAS = 5_000, 200

# Made once: composing a statement of 27 columns takes longer than running it.
_FACILITIES = select(
    Facility.id, Facility.name, Facility.name_given, Facility.category, Facility.category_zh, Facility.category_en,
    Facility.family, Facility.family_zh, Facility.family_en, Facility.status, Facility.basis, Facility.action,
    Facility.count, Facility.unit, Facility.at_least, Facility.year, Facility.adcode, Facility.area_name,
    lonlat(Facility.geom).label("lonlat"), Facility.precision, Facility.uncertainty_m, Facility.point_source,
    Facility.point_licence, Facility.located_by, Facility.plan, Facility.plan_title, Facility.status_date,
    Facility.status_source, Facility.same_as,
)  # fmt: skip
_FACILITY_FIELDS = tuple(_FACILITIES.selected_columns.keys())
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
_COMMITMENT_KEY = (Commitment.plan, Commitment.line, Commitment.id)
_SURENESS = case(
    (Facility.precision == "county", 1),
    (Facility.precision == "city", 2),
    else_=0,
)
_COUNTY = func.substr(Facility.adcode, 1, 6)
_BY_AREA: tuple[str, tuple[Any, ...], tuple[type, ...]] = ("facilities", _FACILITY_KEY, (str, str, str))
# What is surest first, and each kind of it by county.
_SUREST_KEY = (_SURENESS, _COUNTY, Facility.category, Facility.id)


# --- what the data knows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The values that a filter may name.

    Attributes
    ----------
    categories, families, plans
        Codes and ids, in the order of the catalogue, each with all the words that name it, for searching.
    areas
        Code to name, for searching too.
    townships
        Codes longer than six digits at which a facility stands, though no area of that code is listed.
    """

    categories: dict[str, str]
    families: dict[str, str]
    plans: dict[str, str]
    areas: dict[str, str]
    townships: frozenset[str]


_MOST_KEPT = 4096
_kept: dict[tuple[str, Hashable], Any] = {}


def _once(connection: Connection, key: Hashable, find: Callable[[], _T]) -> _T:
    """Find a thing once for each state of the data: on large data counting costs more than the page itself."""
    state = stamp(connection)
    if not state:
        return find()
    found = _kept.get((state, key))
    if found is None:
        # Two threads may both find it: they find the same, and neither waits.
        found = find()
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[state, key] = found
    return cast("_T", found)


def vocabulary(connection: Connection) -> Vocabulary:
    """Give the values that a filter may name, read once for each state of the data.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    return _once(connection, "vocabulary", lambda: _vocabulary(connection))


def _vocabulary(connection: Connection) -> Vocabulary:
    named = (Category.zh, Category.en, Category.words, Category.family_zh, Category.family_en)
    kinds = connection.execute(select(Category.code, Category.family, *named).order_by(Category.position)).all()
    plan_titles = connection.execute(select(Plan.id, Plan.title).order_by(Plan.fid)).all()
    area_names = connection.execute(select(Area.adcode, Area.name).order_by(Area.adcode)).all()
    codes = connection.execute(select(Facility.adcode).distinct()).scalars()
    return Vocabulary(
        categories={kind[0]: "\n".join(kind).casefold() for kind in kinds},
        families={kind[1]: "\n".join(kind[-2:]).casefold() for kind in kinds},
        plans={plan_id: title.casefold() for plan_id, title in plan_titles},
        areas={code: name.casefold() for code, name in area_names},
        townships=frozenset(code for code in codes if len(code) > 6),
    )


def check_filter(connection: Connection, wanted: FacilityFilter) -> None:
    """Refuse a filter that names what the data does not know. The queries below call it themselves.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.

    Raises
    ------
    InvalidParameterError
        Names the parameter as the interface does (``bbox``, ``category``, ``family``, ``area``, ``plan``, ``status``,
        ``year``, ``precision``, ``q``) and what is allowed.
    """
    known = vocabulary(connection)
    if wanted.bbox is not None:
        check_box(wanted.bbox)
    _among("category", wanted.categories, known.categories)
    _among("family", wanted.families, known.families)
    _among("plan", wanted.plans, known.plans)
    _among("status", _one(wanted.status), STATUSES)
    _among("precision", (*_one(wanted.precision), *wanted.precisions), PRECISIONS)
    if wanted.area is not None:
        _check_area(wanted.area, known)
    _check_year(wanted.year)
    if wanted.q is not None:
        _words(wanted.q)


def check_box(box: Box) -> None:
    """Refuse a box that is not one.

    Parameters
    ----------
    box
        West, south, east, north in WGS 84 degrees.

    Raises
    ------
    InvalidParameterError
        When it has not four finite numbers, lies outside the world, or west is not west of east or south of north.
    """
    if len(box) != 4 or not all(isinstance(edge, (int, float)) and math.isfinite(edge) for edge in box):
        raise InvalidParameterError(
            "bbox", "应为四个数：西,南,东,北（WGS 84 度）", "takes four numbers: west,south,east,north (WGS 84 degrees)"
        )
    west, south, east, north = box
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise InvalidParameterError(
            "bbox", "经度应在 -180 到 180、纬度应在 -90 到 90 之间", "longitude lies in -180…180 and latitude in -90…90"
        )
    if west > east or south > north:
        raise InvalidParameterError(
            "bbox",
            "次序应为 西,南,东,北，西不大于东、南不大于北；不支持跨越 180° 经线",
            "the order is west,south,east,north with west ≤ east and south ≤ north (not across 180°)",
        )


def _among(field: str, values: Collection[str], allowed: Collection[str]) -> None:
    for value in values:
        if value not in allowed:
            raise InvalidParameterError(field, f"没有 {_shown(value)}", f"there is no {_shown(value)}", allowed=allowed)


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _shown(value: object) -> str:
    """Quote what the user sent, cut short and without what a log or a terminal would obey."""
    text = str(value)
    return ascii(text[:40]) if not text.isprintable() else repr(text[:40])


def _check_area(adcode: str, known: Vocabulary) -> None:
    if adcode not in known.areas and adcode not in known.townships:
        raise InvalidParameterError(
            "area",
            f"没有行政区 {_shown(adcode)}；见 /api/areas",
            f"there is no area {_shown(adcode)}; see /api/areas",
            allowed=known.areas,
        )


def _check_year(year: int | None) -> None:
    if year is not None and year not in _YEARS:
        raise InvalidParameterError(
            "year",
            f"应为 {_YEARS.start} 到 {_YEARS.stop - 1} 的年份",
            f"takes a year from {_YEARS.start} to {_YEARS.stop - 1}",
        )


def _check_limit(limit: int) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise InvalidParameterError(
            "limit", f"应为 1 到 {MAX_LIMIT} 的整数", f"takes a whole number from 1 to {MAX_LIMIT}"
        )


def _words(q: str) -> list[str]:
    """Split what a user typed into words, with full-width letters and digits made plain."""
    # A lone surrogate or NUL can be sent but not stored, and databases choke on either.
    if len(q) > _LONGEST_Q or any(
        unicodedata.category(letter) in {"Cs", "Cc"} for letter in q if letter not in "\t\n\r"
    ):
        raise InvalidParameterError(
            "q", f"至多 {_LONGEST_Q} 个可见字符", f"takes at most {_LONGEST_Q} visible characters"
        )
    words = unicodedata.normalize("NFKC", q).casefold().split()
    if len(words) > _MOST_WORDS:
        raise InvalidParameterError("q", f"至多 {_MOST_WORDS} 个词", f"takes at most {_MOST_WORDS} words")
    return words


# --- conditions -------------------------------------------------------------------------------------------------------


def _within(column: Any, adcode: str) -> ColumnElement[bool]:
    """Hold for an area's code and for every code under it; a range, so that the index serves it."""
    start = prefix(adcode)
    return and_(column >= start, column < start[:-1] + chr(ord(start[-1]) + 1))


def _cited_by(plans: Iterable[str]) -> ColumnElement[bool]:
    return Facility.id.in_(
        select(Citation.facility)
        .join(Commitment, Commitment.id == Citation.commitment)
        .where(Commitment.plan.in_(tuple(plans)))
    )


def _holding(names: dict[str, str], word: str) -> list[str]:
    """Give the codes whose names hold a word."""
    return [code for code, name in names.items() if word in name]


def _facility_conditions(connection: Connection, wanted: FacilityFilter) -> list[ColumnElement[bool]]:
    check_filter(connection, wanted)
    conditions: list[ColumnElement[bool]] = []
    if wanted.bbox is not None:
        conditions.append(point_in_box(Facility.geom, wanted.bbox))
    for column, values in (
        (Facility.category, wanted.categories),
        (Facility.family, wanted.families),
        (Facility.status, _one(wanted.status)),
        (Facility.precision, _one(wanted.precision)),
        (Facility.precision, wanted.precisions),
    ):
        if values:
            conditions.append(column.in_(values))
    if wanted.promised:
        conditions.append(Facility.status != "existing")
    if wanted.plans:
        conditions.append(_cited_by(wanted.plans))
    if wanted.area is not None:
        conditions.append(_within(Facility.adcode, wanted.area))
    if wanted.year is not None:
        conditions.append(or_(Facility.year <= wanted.year, Facility.status == "existing"))
    known = vocabulary(connection)
    conditions += [_said(connection, word, known) for word in _words(wanted.q or "")]
    return conditions


def _said(connection: Connection, word: str, known: Vocabulary) -> ColumnElement[bool]:
    """Hold for a facility whose name, area, category or plan says a word."""
    ways: list[ColumnElement[bool]] = [Facility.name.icontains(word, autoescape=True)]
    # An area's name finds what lies in everything under it, although only the narrowest stands in the row.
    around = {prefix(code): code for code in _holding(known.areas, word)}
    ways += [
        _within(Facility.adcode, code)
        for start, code in around.items()
        if not any(start != other and start.startswith(other) for other in around)
    ]
    if kinds := _holding(known.categories, word):
        ways.append(Facility.category.in_(kinds))
    if titled := _holding(known.plans, word):
        ways.append(_cited_by(titled))
    if is_spelt(word):
        ways += _sounding(connection, word)
    return or_(*ways)


def _sounding(connection: Connection, word: str) -> list[ColumnElement[bool]]:
    """Hold for a facility whose name, area or category sounds as a word is spelt in pinyin."""
    names = _once(connection, "sounds", lambda: sounds(connection.execute(select(Facility.name).distinct()).scalars()))
    areas = _once(
        connection, "area-sounds",
        lambda: {code: sound(name) for code, name in connection.execute(select(Area.adcode, Area.name))},
    )  # fmt: skip
    kinds = _once(
        connection, "category-sounds",
        lambda: {code: sound(name) for code, name in connection.execute(select(Category.code, Category.zh))},
    )  # fmt: skip
    ways: list[ColumnElement[bool]] = []
    heard = [name for name, reading in names.items() if reading.holds(word)]
    if heard:
        ways.append(Facility.name.in_(heard[:_MOST_HEARD]))
    ways += [_within(Facility.adcode, code) for code, reading in areas.items() if reading.holds(word)][:_MOST_AREAS]
    if alike := [code for code, reading in kinds.items() if reading.holds(word)]:
        ways.append(Facility.category.in_(alike))
    return ways


# --- facilities -------------------------------------------------------------------------------------------------------


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
        return _once(connection, ("layers", wanted), lambda: _layers(connection, wanted))
    return _layers(connection, wanted)


def _layers(connection: Connection, wanted: FacilityFilter) -> tuple[LayerRecord, ...]:
    conditions = _facility_conditions(connection, wanted)
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
        found.append(LayerRecord(**row, facilities=number, planned=_number(planned) or 0))
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
    _check_limit(limit)
    conditions = _facility_conditions(connection, wanted)
    kind, key, types = ("surest", _SUREST_KEY, (int, str, str, str)) if surest_first else _BY_AREA
    query = _FACILITIES.where(*conditions).order_by(*key).limit(limit + 1)
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
    return ({"county": 1, "city": 2}.get(record.precision, 0), record.adcode[:6], record.category, record.id)


def _count(connection: Connection, wanted: FacilityFilter, conditions: list[ColumnElement[bool]]) -> int:
    def count() -> int:
        return connection.scalar(select(func.count()).select_from(Facility).where(*conditions)) or 0

    return _once(connection, ("count", wanted), count)


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
    rows = connection.execute(_FACILITIES.where(Facility.id == _storable(facility_id))).all()
    if not rows:
        _tell_gone(connection, facility_id)
        raise NotFoundError("id", f"没有设施 {_shown(facility_id)}", f"there is no facility {_shown(facility_id)}")
    return _with_citations(connection, rows)[0]


def _tell_gone(connection: Connection, facility_id: str) -> None:
    found = connection.execute(
        select(Retired.successor, Retired.date).where(Retired.id == _storable(facility_id))
    ).one_or_none()
    if found is None:
        return
    successor, date = found
    if successor is not None:
        raise GoneError(
            "id",
            f"{_shown(facility_id)} 与 {successor} 是同一设施，自 {date} 起并入后者",
            f"{_shown(facility_id)} is the same facility as {successor} and stands there since {date}",
            successor=successor,
        )
    raise GoneError(
        "id",
        f"{_shown(facility_id)} 曾经发布，{date} 起不再有：重新核对后，规划文本中没有这处设施",
        f"{_shown(facility_id)} was published once and is gone since {date}: read again, no plan promises it",
    )


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
        _check_area(area, vocabulary(connection))
        query = query.where(_within(Community.adcode, area))
    found = []
    for row in connection.execute(query).mappings():
        fields = dict(row)
        fields["lon"], fields["lat"] = fields.pop("lonlat")
        found.append(CommunityRecord(**fields))
    return tuple(found)


def _storable(text: str) -> str:
    """Make any text one that a database takes; one that cannot be stored cannot be found either."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


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
    _check_limit(limit)
    conditions = _facility_conditions(connection, wanted or FacilityFilter())
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
    rows = connection.execute(_FACILITIES.where(Facility.id.in_(list(chosen)))).all()
    records = {record.id: record for record in _with_citations(connection, rows)}
    return [(records[facility_id], away) for facility_id, away in chosen.items()]


def _boxes(lon: float, lat: float, metres: float) -> list[Box]:
    """Boxes that surely hold every point within `metres`; two where they cross the 180° meridian."""
    south = max(-90.0, lat - metres / _METRES_PER_DEGREE_LAT)
    north = min(90.0, lat + metres / _METRES_PER_DEGREE_LAT)
    narrowest = math.cos(math.radians(max(abs(south), abs(north))))
    reach = metres / (_METRES_PER_DEGREE_LON * narrowest) if narrowest > 1e-6 else 360.0
    if reach >= 180:
        return [(-180.0, south, 180.0, north)]
    west, east = lon - reach, lon + reach
    if west < -180:
        return [(west + 360, south, 180.0, north), (-180.0, south, east, north)]
    if east > 180:
        return [(west, south, 180.0, north), (-180.0, south, east - 360, north)]
    return [(west, south, east, north)]


def facility_points(connection: Connection, wanted: FacilityFilter | None = None) -> FacilityPoints:
    """Give facilities as arrays for the analyses, without their words.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all.

    Returns
    -------
    FacilityPoints

    Raises
    ------
    InvalidParameterError
        As for `check_filter`.
    """
    conditions = _facility_conditions(connection, wanted or FacilityFilter())
    rows = connection.execute(
        select(
            Facility.id, lonlat(Facility.geom), Facility.uncertainty_m, Facility.category, Facility.status,
            Facility.year, Facility.count, Facility.unit, Facility.at_least,
        ).where(*conditions).order_by(Facility.id)
    ).all()  # fmt: skip
    columns = zip(*rows, strict=True) if rows else ((),) * 9
    ids, points, uncertainties, categories, statuses, years, counts, units, least = columns
    return FacilityPoints(
        lonlat=np.array(points, dtype=np.float64).reshape(-1, 2),
        uncertainty_m=np.array(uncertainties, dtype=np.float64),
        category=np.array(categories, dtype=np.str_),
        status=np.array(statuses, dtype=np.str_),
        year=np.array([math.nan if year is None else year for year in years], dtype=np.float64),
        id=np.array(ids, dtype=np.str_),
        count=np.array(counts, dtype=np.float64),
        unit=np.array([unit or "" for unit in units], dtype=np.str_),
        at_least=np.array(least, dtype=np.bool_),
    )


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
        return _once(
            connection, ("clusters", wanted, cell_degrees), lambda: _clusters(connection, wanted, cell_degrees)
        )
    return _clusters(connection, wanted, cell_degrees)


def _clusters(connection: Connection, wanted: FacilityFilter, cell_degrees: float) -> tuple[Cluster, ...]:
    conditions = _facility_conditions(connection, wanted)
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
    """Count facilities by county, family, precision, status and year.

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
        key = (_COUNTY, Facility.family, Facility.precision, Facility.status, Facility.year)
        conditions = _facility_conditions(connection, wanted)
        rows = connection.execute(select(*key, func.count()).where(*conditions).group_by(*key).order_by(*key)).all()
        return tuple(
            Tally(adcode=adcode, family=family, precision=precision, status=status, year=year, count=number)
            for adcode, family, precision, status, year, number in rows
        )

    return _once(connection, ("tally", wanted), count)


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
    return tuple(_facility(row, tuple(cited[row[0]])) for row in rows)


def _facility(row: Sequence[Any], citations: tuple[CitationRecord, ...]) -> FacilityRecord:
    fields = dict(zip(_FACILITY_FIELDS, row, strict=True))
    fields["lon"], fields["lat"] = fields.pop("lonlat")
    fields["count"] = _number(fields["count"])
    return FacilityRecord(**fields, citations=citations)


def _number(value: float | None) -> Any:
    """Give a count as the plan wrote it: 3 and not 3.0."""
    return int(value) if value is not None and float(value).is_integer() else value


# --- areas, plans, commitments ----------------------------------------------------------------------------------------


def areas(
    connection: Connection, *, bbox: Box | None = None, level: str | None = None, with_geometry: bool = False
) -> tuple[AreaRecord, ...]:
    """Give the areas, by code.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    bbox
        Only those whose extent touches this box.
    level
        Only ``city``, ``county`` or ``township``.
    with_geometry
        Boundaries too; they are large.

    Raises
    ------
    InvalidParameterError
        For ``bbox`` and ``level``.
    """
    conditions: list[ColumnElement[bool]] = []
    if bbox is not None:
        check_box(bbox)
        conditions.append(overlaps_box(Area.geom, bbox))
    if level is not None:
        _among("level", (level,), ("city", "county", "township"))
        conditions.append(Area.level == level)
    return _areas(connection, conditions, with_geometry=with_geometry)


def area(connection: Connection, adcode: str) -> AreaRecord:
    """Give one area with its boundary.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    adcode
        Its code.

    Raises
    ------
    NotFoundError
        When there is none of that code.
    """
    found = _areas(connection, [Area.adcode == _storable(adcode)], with_geometry=True)
    if not found:
        raise NotFoundError("adcode", f"没有行政区 {_shown(adcode)}", f"there is no area {_shown(adcode)}")
    return found[0]


def _areas(
    connection: Connection, conditions: list[ColumnElement[bool]], *, with_geometry: bool
) -> tuple[AreaRecord, ...]:
    columns: list[Any] = [
        Area.adcode, Area.name, Area.level, Area.parent, Area.lon, Area.lat, Area.source, Area.licence,
    ]  # fmt: skip
    if with_geometry:
        columns.append(Area.geom.label("geometry"))
    promised = select(Facility.adcode, func.count()).where(Facility.status != "existing").group_by(Facility.adcode)
    per_code = dict(connection.execute(promised).all())
    return tuple(
        AreaRecord(
            **row, facilities=sum(count for code, count in per_code.items() if code.startswith(prefix(row["adcode"])))
        )
        for row in connection.execute(select(*columns).where(*conditions).order_by(Area.adcode)).mappings()
    )


def plans(connection: Connection) -> tuple[PlanRecord, ...]:
    """Give the plans, in the order of ``plans.toml``.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    return _plans(connection, [])


def plan(connection: Connection, plan_id: str) -> PlanRecord:
    """Give one plan.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    plan_id
        Its id.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    found = _plans(connection, [Plan.id == _storable(plan_id)])
    if not found:
        raise NotFoundError("plan", f"没有规划 {_shown(plan_id)}", f"there is no plan {_shown(plan_id)}")
    return found[0]


def _plans(connection: Connection, conditions: list[ColumnElement[bool]]) -> tuple[PlanRecord, ...]:
    promised = dict(connection.execute(select(Commitment.plan, func.count()).group_by(Commitment.plan)).all())
    mapped = dict(
        connection.execute(
            select(Commitment.plan, func.count(Citation.facility.distinct()))
            .join(Citation, Citation.commitment == Commitment.id)
            .group_by(Commitment.plan)
        ).all()
    )  # fmt: skip
    names = (
        "id", "title", "issuer", "number", "date", "adcode", "area_name", "file", "sha256", "url", "note", "note_en",
    )  # fmt: skip
    return tuple(
        PlanRecord(
            **{name: row[name] for name in names},
            period=(row["period_start"], row["period_end"]),
            commitments=promised.get(row["id"], 0),
            facilities=mapped.get(row["id"], 0),
        )
        for row in connection.execute(select(*Plan.__table__.columns).where(*conditions).order_by(Plan.fid)).mappings()
    )


def commitments(
    connection: Connection, wanted: CommitmentFilter | None = None, *, limit: int = 100, cursor: str | None = None
) -> CommitmentPage:
    """Give a page of commitments, with the ids of the facilities that stand for them on the map.

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

    Returns
    -------
    CommitmentPage
        Ordered by plan, line and id.

    Raises
    ------
    InvalidParameterError
        For ``plan``, ``category``, ``family``, ``kind``, ``area``, ``year``, ``q``, ``limit`` and ``cursor``.
    """
    _check_limit(limit)
    conditions = _commitment_conditions(connection, wanted or CommitmentFilter())
    query = (
        select(*Commitment.__table__.columns, Plan.title, Category.zh, Category.en, Category.family)
        .join(Plan, Plan.id == Commitment.plan)
        .join(Category, Category.code == Commitment.category)
        .where(*conditions)
        .order_by(*_COMMITMENT_KEY)
        .limit(limit + 1)
    )
    if cursor is not None:
        after = cursors.read(cursor, kind="commitments", types=(str, int, str))
        query = query.where(tuple_(*_COMMITMENT_KEY) > tuple_(*after))
    rows = connection.execute(query).mappings().all()
    more = len(rows) > limit
    rows = rows[:limit]
    mapped: dict[str, list[str]] = {row["id"]: [] for row in rows}
    if mapped:
        links = select(Citation.commitment, Citation.facility).where(Citation.commitment.in_(mapped))
        for owner, facility_id in connection.execute(links.order_by(Citation.commitment, Citation.facility)):
            mapped[owner].append(facility_id)
    items = tuple(_commitment(row, mapped[row["id"]]) for row in rows)
    last = items[-1] if more else None
    if cursor is None and not more:
        matched = len(items)
    else:
        count = select(func.count()).select_from(Commitment).join(Category, Category.code == Commitment.category)
        matched = connection.scalar(count.where(*conditions)) or 0
    return CommitmentPage(
        items=items,
        next_cursor=None if last is None else cursors.write("commitments", (last.plan, last.line, last.id)),
        matched=matched,
    )


def _commitment_conditions(connection: Connection, wanted: CommitmentFilter) -> list[ColumnElement[bool]]:
    known = vocabulary(connection)
    _among("plan", wanted.plans, known.plans)
    _among("category", wanted.categories, known.categories)
    _among("family", wanted.families, known.families)
    _among("kind", _one(wanted.kind), KINDS)
    if wanted.area is not None:
        _check_area(wanted.area, known)
    _check_year(wanted.year)
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (Commitment.plan, wanted.plans),
        (Commitment.category, wanted.categories),
        (Category.family, wanted.families),
        (Commitment.kind, _one(wanted.kind)),
    ):
        if values:
            conditions.append(column.in_(values))
    if wanted.year is not None:
        conditions.append(Commitment.year <= wanted.year)
    if wanted.area is not None:
        conditions.append(
            or_(
                Commitment.plan.in_(select(Plan.id).where(_within(Plan.adcode, wanted.area))),
                Commitment.id.in_(
                    select(Citation.commitment)
                    .join(Facility, Facility.id == Citation.facility)
                    .where(_within(Facility.adcode, wanted.area))
                ),
            )
        )
    for word in _words(wanted.q or ""):
        ways: list[ColumnElement[bool]] = [
            column.icontains(word, autoescape=True)
            for column in (Commitment.label, Commitment.name, Commitment.place, Commitment.section)
        ]
        if kinds := _holding(known.categories, word):
            ways.append(Commitment.category.in_(kinds))
        if titled := _holding(known.plans, word):
            ways.append(Commitment.plan.in_(titled))
        conditions.append(or_(*ways))
    return conditions


def _commitment(row: Any, mapped: list[str]) -> CommitmentRecord:
    names = (
        "id", "plan", "line", "section", "passage_sha256", "passage", "label", "category", "kind", "name", "unit",
        "at_least", "action", "place", "place_level", "per", "year", "repeats", "note", "family",
    )  # fmt: skip
    return CommitmentRecord(
        **{name: row[name] for name in names},
        plan_title=row["title"],
        category_zh=row["zh"],
        category_en=row["en"],
        count=_number(row["count"]),
        facilities=tuple(mapped),
    )
