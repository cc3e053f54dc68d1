"""Every layer as features: what GIS interfaces ask of the data, whatever table it stands in.

A `Collection` names a table, the columns that are its properties and where its geometry and its time stand. `page`
answers a query on it, ordered by a key, so that rows which come or go between two pages shift no other row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import orjson
import shapely
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Integer,
    Select,
    Subquery,
    Table,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.sql.elements import KeyedColumnElement

from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.catalogue.messages import Name, Sentence, meaning, sentence
from service_map.errors import InvalidParameterError, NotFoundError
from service_map.store import cql
from service_map.store import cursor as cursors
from service_map.store.conditions import once
from service_map.store.database import day_of, read_meta
from service_map.store.geometry import Box, Geometry, lonlat, point_in_box
from service_map.store.models import (
    DOMAINS,
    Area,
    Category,
    Commitment,
    Facility,
    Gap,
    Indicator,
    Plan,
    Quota,
    Requirement,
    StockFigure,
    Unit,
)
from service_map.store.records import FacilityRecord
from service_map.store.state import state_at

MAX_LIMIT = 10_000
MAX_SORTED = 4
"""Properties that one query may be sorted by."""

_PART = 10_000
_ABOUT_GAPS = sentence(
    "最近一次导入的分析所得的服务缺口，附所问的类别与服务半径；是分析结果，不是规划内容。"
    "as_recorded 为真的，现有设施没有收全，只是按在册记录算的，不是真的缺口"
)

Column = KeyedColumnElement[Any]


def _drawn(name: str, columns: Mapping[str, Any], source: FromClause) -> Subquery:
    """Select columns by their names in the layer, of tables joined."""
    return select(*(column.label(called) for called, column in columns.items())).select_from(source).subquery(name)


def _columns(model: Any, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    columns: Mapping[str, Any] = model.__table__.columns
    return {str(name): column for name, column in columns.items() if name != "fid" and name not in without}


# One feature a requirement and unit: what the requirement says, what is known of it there, and the unit's boundary.
_OF_UNITS = {
    **_columns(Unit, without=("facility", "standing", "promised", "people", "people_source")),
    # How many units are in each state is told of the whole; a unit has one.
    **_columns(Requirement, without=("id", "adcode", "area_name", *terms.PROMISE_STATE)),
    **_columns(Unit),
    "geom": Area.__table__.c.geom,
}
_UNITS_DRAWN = _drawn(
    "units_drawn",
    _OF_UNITS,
    Unit.__table__.join(Requirement.__table__, Requirement.id == Unit.requirement).outerjoin(
        Area.__table__, Area.adcode == Unit.adcode
    ),
)
_OF_QUOTAS = {**_columns(Quota), "geom": Area.__table__.c.geom}
_QUOTAS_DRAWN = _drawn(
    "quotas_drawn", _OF_QUOTAS, Quota.__table__.outerjoin(Area.__table__, Area.adcode == Quota.adcode)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of a collection's features.

    Attributes
    ----------
    name
        As it stands in the features.
    kind
        ``string``, ``integer``, ``number`` or ``boolean``, as in JSON Schema.
    about
        What it means.
    values
        Its closed set of values with their meaning, or empty.
    column
        Where it stands.
    """

    name: str
    kind: Literal["string", "integer", "number", "boolean"]
    about: Sentence
    values: Mapping[str, str]
    column: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One layer.

    Attributes
    ----------
    id
        As it stands in addresses.
    title, about
        Title and description.
    key
        Column of the features' ids.
    geometry
        Column of their geometry; None where they have none.
    point
        Whether that geometry is a point.
    time
        Columns of the first and the last year that a feature stands for; None where no feature has a time. One that
        says neither year has none, one that says one of them stands for all years from it on, or up to it.
    properties
        By name, in the order of the table.
    rows
        Selects key, geometry where there is one, and properties. Made once: composing thirty columns takes as long as
        finding a page of them.
    within
        Condition that every feature of the collection meets.
    parts
        Families of facilities that it holds, each with whether they stand already; empty for other tables.
    """

    id: str
    title: Sentence
    about: Sentence
    table: FromClause
    key: Column
    geometry: Column | None
    point: bool
    time: tuple[Column, Column] | None
    properties: Mapping[str, Property]
    rows: Select[Any]
    within: ColumnElement[bool] | None = None
    parts: frozenset[tuple[str, bool]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureQuery:
    """Which features are asked for; every given condition must hold.

    A box and a time pick among the features that have a place and a time: those that have none match all the same (OGC
    17-069r4, requirements ``/req/core/fc-bbox-response`` and ``/req/core/fc-time-response``, part C of each).

    Attributes
    ----------
    boxes
        The geometry, if there is one, touches one of these boxes, WGS 84 degrees; None for all.
    years
        First and last year, either None for open: the feature's time, if it has one, touches them.
    equals
        Property and value, which must be equal.
    filter, language
        A CQL2 filter and its language.
    sortby
        Property, and whether the largest comes first.
    """

    boxes: tuple[Box, ...] | None = None
    years: tuple[int | None, int | None] | None = None
    equals: tuple[tuple[str, Any], ...] = ()
    filter: str | None = None
    language: str = "cql2-text"
    sortby: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: a point is the pair of its longitude and latitude, any other geometry is shapely's."""

    id: str
    geometry: tuple[float, float] | shapely.Geometry | None
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """Some features, the cursor of the next page or None, and how many there are on all pages together."""

    items: list[Feature]
    next_cursor: str | None
    matched: int


def collections(connection: Connection) -> Mapping[str, Collection]:
    """Give every collection by its id, in the order in which they are shown.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    return once(connection, "collections", lambda: _collections(connection))


def collection(connection: Connection, name: str) -> Collection:
    """Give one collection.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    found = collections(connection)
    if name not in found:
        raise NotFoundError(
            "collectionId", f"没有这个图层；可用：{'、'.join(found)}", f"no such collection; use {', '.join(found)}"
        )
    return found[name]


def _collections(connection: Connection) -> dict[str, Collection]:
    families = connection.execute(
        select(Category.family, Category.family_zh, Category.family_en)
        .group_by(Category.family, Category.family_zh, Category.family_en)
        .order_by(func.min(Category.position))
    ).all()
    about = sentence("规划承诺的公共设施，附出处和定位精度；点位不等于确切地址")
    # The time of a feature is the year that is stated; the end of a term, put in its place, is a property of it.
    year = (Facility.__table__.c.year, Facility.__table__.c.year)
    state = _state_on(day_of(connection))
    promised_only = Facility.status != "existing"
    found = [
        _of("facilities", Facility, sentence("规划设施"), about, key="id", time=year, state=state, within=promised_only,
            parts=frozenset((code, False) for code, _, _ in families))
    ]  # fmt: skip
    found += [
        _of(f"facilities_{code}", Facility, sentence("规划设施：%(family)s", family=Name(zh, en)),
            about, key="id", time=year, state=state, within=and_(promised_only, Facility.family == code),
            parts=frozenset({(code, False)}))
        for code, zh, en in families
    ]  # fmt: skip
    stands = sentence("已经建成的设施，来源见 point_source")
    found.append(
        _of("existing", Facility, sentence("现状设施"), stands, key="id", time=year, state=state,
            within=Facility.status == "existing", parts=frozenset((code, True) for code, _, _ in families))
    )  # fmt: skip
    promised, due = Commitment.__table__.c.year, Indicator.__table__.c.due
    counted = StockFigure.__table__.c.year
    found += [
        _of("commitments", Commitment, sentence("规划任务"), sentence("规划中的每一项承诺，附章节与行号；没有几何"),
            key="id", time=(promised, promised)),
        _layer("requirements", sentence("普遍要求"),
            sentence("每个县（市、区）、乡镇、社区等都要有的，一个单位一个要素，附情况与出处；没有界线的没有几何"),
            table=_UNITS_DRAWN, declared=_OF_UNITS, key="id", time=(_UNITS_DRAWN.c.year, _UNITS_DRAWN.c.year)),
        _layer("quotas", sentence("数量承诺"),
            sentence("一个地方共多少，附其中点名的、剩下的与出处；几何是这个地方的界线"),
            table=_QUOTAS_DRAWN, declared=_OF_QUOTAS, key="id", time=(_QUOTAS_DRAWN.c.year, _QUOTAS_DRAWN.c.year)),
        _of("indicators", Indicator, sentence("规划指标"),
            sentence("规划给自己定的指标：基期值和目标值，附出处；没有几何"), key="id", time=(due, due)),
        _of("stock_figures", StockFigure, sentence("规划所说的现状数"),
            sentence("规划说某地现有多少处某类设施，附出处；没有几何"), key="id", time=(counted, counted)),
        _of("areas", Area, sentence("行政区"), sentence("行政区及其界线"), key="adcode", time=None),
        _of("gaps", Gap, sentence("服务缺口（含只按在册记录算的）"), _ABOUT_GAPS,
            key="id", time=(Gap.__table__.c.year, Gap.__table__.c.year)),
        _of("plans", Plan, sentence("规划文件"), sentence("数据所出的规划；没有几何"),
            key="id", time=(Plan.__table__.c.period_start, Plan.__table__.c.period_end)),
    ]  # fmt: skip
    return {item.id: item for item in found}


def _of(
    name: str,
    model: Any,
    title: Sentence,
    about: Sentence,
    *,
    key: str,
    time: tuple[Column, Column] | None,
    state: Mapping[str, Property] | None = None,
    within: ColumnElement[bool] | None = None,
    parts: frozenset[tuple[str, bool]] = frozenset(),
) -> Collection:
    table: Table = model.__table__
    declared = {str(column.name): column for column in table.columns if not column.primary_key}
    return _layer(
        name, title, about, table=table, declared=declared, key=key, time=time, state=state, within=within, parts=parts
    )  # fmt: skip


def _state_on(day: date) -> dict[str, Property]:
    """Give the properties that stand in no column: the state on a day, and the day."""
    told: dict[str, tuple[Any, Mapping[str, str]]] = {
        "state": (state_at(day).label("state"), terms.STATE.meanings()),
        "state_as_of": (literal(day.isoformat()).label("state_as_of"), {}),
    }
    about = {field.name: field.about for field in fields_of(FacilityRecord)}
    return {
        name: Property(name=name, kind="string", about=about[name], values=values, column=column)
        for name, (column, values) in told.items()
    }


def _layer(
    name: str,
    title: Sentence,
    about: Sentence,
    *,
    table: FromClause,
    declared: Mapping[str, Column],
    key: str,
    time: tuple[Column, Column] | None,
    state: Mapping[str, Property] | None = None,
    within: ColumnElement[bool] | None = None,
    parts: frozenset[tuple[str, bool]] = frozenset(),
) -> Collection:
    """Make a layer of what has the declared columns: a table, or several joined."""
    geometry = next((table.c[called] for called, column in declared.items() if isinstance(column.type, Geometry)), None)
    properties = {}
    for called, column in declared.items():
        if isinstance(column.type, Geometry) or called == "id" == key:
            continue
        kind: Literal["string", "integer", "number", "boolean"] = "string"
        if isinstance(column.type, Boolean):
            kind = "boolean"
        elif isinstance(column.type, (Integer, Double)):
            kind = "integer" if isinstance(column.type, Integer) else "number"
        stated = called if column.comment is None else column.comment.partition(" / ")[0]
        domain = column.info.get("domain")
        properties[called] = Property(
            name=called, kind=kind, about=meaning(stated), values=DOMAINS[domain] if domain else {},
            column=table.c[called],
        )  # fmt: skip
    properties |= state or {}
    point = geometry is not None and isinstance(geometry.type, Geometry) and geometry.type.kind == "Point"
    shown: list[Any] = [] if geometry is None else [lonlat(geometry) if point else geometry]
    return Collection(
        id=name,
        title=title,
        about=about,
        table=table,
        key=table.c[key],
        geometry=geometry,
        point=point,
        time=time,
        properties=properties,
        rows=select(table.c[key], *shown, *(item.column for item in properties.values())),
        within=within,
        parts=parts,
    )


def extent(connection: Connection, layer: Collection) -> "_Extent":
    """Give the box around a collection's features, and the first and last year of their time; None for neither.

    Found once for each state of the data.
    """
    return once(connection, ("extent", layer.id), lambda: _extent(connection, layer))


_Extent = tuple[Box | None, tuple[int, int] | None]


def _extent(connection: Connection, layer: Collection) -> _Extent:
    if layer.table is Facility.__table__:
        parts = once(connection, "extents of facilities", lambda: _extents_of_facilities(connection))
        return _around([part for (name, part) in parts.items() if name in layer.parts])
    box: Box | None = None
    if layer.geometry is not None:
        found = connection.execute(_within(select(layer.geometry).where(layer.geometry.is_not(None)), layer)).scalars()
        if shapes := found.all():
            box = _box(shapely.total_bounds(shapes))
    years: tuple[int, int] | None = None
    if layer.time is not None:
        first, last = connection.execute(_within(select(func.min(layer.time[0]), func.max(layer.time[1])), layer)).one()
        years = None if first is None else (first, last)
    return box, years


def _extents_of_facilities(connection: Connection) -> dict[tuple[str, bool], _Extent]:
    """Give the extents of facilities by family and by whether they stand already, reading the table once."""
    found: dict[tuple[str, bool], list[_Extent]] = {}
    query = select(Facility.family, Facility.status, Facility.due, lonlat(Facility.geom))
    # In parts, so that a million points are not held at once; exact, where an index knows them to a metre.
    for rows in connection.execution_options(yield_per=_PART).execute(query).partitions():
        groups: dict[tuple[str, bool], tuple[list[Any], list[int]]] = {}
        for family, status, year, place in rows:
            points, years = groups.setdefault((family, status == "existing"), ([], []))
            points.append(place)
            if year is not None:
                years.append(year)
        for name, (points, years) in groups.items():
            part = (_box(shapely.total_bounds(shapely.points(points))), (min(years), max(years)) if years else None)
            found.setdefault(name, []).append(part)
    return {name: _around(parts) for name, parts in found.items()}


def _box(bounds: Any) -> Box:
    west, south, east, north = (float(edge) for edge in bounds)
    return west, south, east, north


def _around(parts: Sequence[_Extent]) -> _Extent:
    boxes = [box for box, _ in parts if box is not None]
    years = [years for _, years in parts if years is not None]
    box = _box(shapely.total_bounds([shapely.box(*box) for box in boxes])) if boxes else None
    return box, (min(first for first, _ in years), max(last for _, last in years)) if years else None


def _within(query: Select[Any], layer: Collection) -> Select[Any]:
    query = query.select_from(layer.table)
    return query if layer.within is None else query.where(layer.within)


def version(connection: Connection) -> str:
    """Name the data, for whoever shows it."""
    return read_meta(connection).get("data_version", "")


# --- pages ------------------------------------------------------------------------------------------------------------


def page(
    connection: Connection, layer: Collection, wanted: FeatureQuery, *, limit: int, cursor: str | None = None
) -> FeaturePage:
    """Give a page of features.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    layer
        From `collections`.
    wanted
        The query.
    limit
        Most features, 1 to `MAX_LIMIT`.
    cursor
        The ``next_cursor`` of the page before, of the same query.

    Returns
    -------
    FeaturePage
        ``matched`` is counted once for each query and state of the data, and not at all where one page holds all.

    Raises
    ------
    InvalidParameterError
        For ``filter``, ``sortby``, ``cursor`` and properties that there are none of.
    """
    conditions = _conditions(connection, layer, wanted)
    order = _order(layer, wanted)
    query = layer.rows.where(*conditions).limit(limit + 1)
    for column, descending in order:
        if getattr(column, "nullable", True):
            # Both databases: what has no value comes last, whichever way the values go.
            query = query.order_by(case((column.is_(None), 1), else_=0))
        query = query.order_by(column.desc() if descending else column.asc())
    if cursor is not None:
        query = query.where(_after(order, _read_cursor(cursor, layer, wanted, len(order))))
    rows = connection.execute(query).all()
    more = len(rows) > limit
    items = [_feature(layer, row) for row in rows[:limit]]
    following = None
    if more:
        last = items[-1]
        marks = [last.properties.get(column.key) for column, _ in order[:-1]]
        following = cursors.write("features", [orjson.dumps([_signature(layer, wanted), *marks, last.id]).decode()])
    if cursor is None and not more:
        return FeaturePage(items, None, len(items))
    matched = once(connection, ("matched", layer.id, wanted), lambda: _count(connection, layer, conditions))
    return FeaturePage(items, following, matched)


def feature(connection: Connection, layer: Collection, name: str) -> Feature:
    """Give one feature.

    Raises
    ------
    NotFoundError
        When the collection has none of that id.
    """
    # What cannot be stored cannot be found, and no database takes it in a comparison.
    asked = name.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    rows = connection.execute(layer.rows.where(layer.key == asked, *_always(layer))).all()
    if not rows:
        raise NotFoundError("featureId", "这个图层里没有这个要素", "the collection has no such feature")
    return _feature(layer, rows[0])


def _feature(layer: Collection, row: Sequence[Any]) -> Feature:
    start = 1 if layer.geometry is None else 2
    properties = dict(zip(layer.properties, row[start:], strict=True))
    return Feature(row[0], None if layer.geometry is None else row[1], properties)


def _always(layer: Collection) -> list[ColumnElement[bool]]:
    return [] if layer.within is None else [layer.within]


def _conditions(connection: Connection, layer: Collection, wanted: FeatureQuery) -> list[ColumnElement[bool]]:
    conditions = _always(layer)
    if wanted.boxes is not None and layer.geometry is not None:
        conditions.append(_touching(connection, layer, wanted.boxes))
    if wanted.years is not None and layer.time is not None:
        first, last = wanted.years
        begins, ends = layer.time
        if first is not None:
            conditions.append(or_(ends >= first, ends.is_(None)))
        if last is not None:
            conditions.append(or_(begins <= last, begins.is_(None)))
    conditions += [_property(layer, name).column == value for name, value in wanted.equals]
    if wanted.filter is not None:
        kinds: dict[str, cql.Kind] = {"string": "text", "integer": "number", "number": "number", "boolean": "boolean"}
        properties = {item.name: (item.column, kinds[item.kind]) for item in layer.properties.values()}
        properties.setdefault("id", (layer.key, "text"))
        dialect = connection.dialect.name
        conditions.append(
            cql.condition(wanted.filter, language=wanted.language, properties=properties, dialect=dialect)
        )
    return conditions


def _touching(connection: Connection, layer: Collection, boxes: tuple[Box, ...]) -> ColumnElement[bool]:
    assert layer.geometry is not None  # noqa: S101 - the caller asked
    if layer.point:
        return or_(*(point_in_box(layer.geometry, box) for box in boxes), *_nowhere(layer.geometry))
    # Boundaries are few: they are looked through exactly, where the database's index knows their envelopes only.
    names, tree = once(connection, ("shapes", layer.id), lambda: _shapes(connection, layer))
    hit = {int(index) for box in boxes for index in tree.query(shapely.box(*box), predicate="intersects")}
    return or_(layer.key.in_(sorted(names[index] for index in hit)), *_nowhere(layer.geometry))


def _nowhere(geometry: Column) -> list[ColumnElement[bool]]:
    return [geometry.is_(None)] if getattr(geometry, "nullable", True) else []


def _shapes(connection: Connection, layer: Collection) -> tuple[list[str], shapely.STRtree]:
    columns: tuple[Any, ...] = (layer.key, layer.geometry)
    rows = [row for row in connection.execute(_within(select(*columns), layer)) if row[1] is not None]
    return [row[0] for row in rows], shapely.STRtree([row[1] for row in rows])


def _property(layer: Collection, name: str, field: str | None = None) -> Property:
    if name not in layer.properties:
        allowed = tuple(layer.properties)
        raise InvalidParameterError(
            field or name[:40],
            f"图层 {layer.id} 没有属性 {name[:40]!r}；可用：{'、'.join(allowed)}",
            f"the collection {layer.id} has no property {name[:40]!r}; use {', '.join(allowed)}",
            allowed,
        )
    return layer.properties[name]


def _order(layer: Collection, wanted: FeatureQuery) -> list[tuple[Column, bool]]:
    if len(wanted.sortby) > MAX_SORTED:
        raise InvalidParameterError("sortby", f"至多 {MAX_SORTED} 个属性", f"at most {MAX_SORTED} properties")
    order: list[tuple[Column, bool]] = []
    for name, descending in wanted.sortby:
        if name in {"id", layer.key.key}:
            # The key decides between equals; behind it nothing is left to sort.
            return [*order, (layer.key, descending)]
        order.append((_property(layer, name, "sortby").column, descending))
    # The key decides between equals, so that no row can stand on two pages.
    return [*order, (layer.key, False)]


def _after(order: Sequence[tuple[Column, bool]], marks: Sequence[Any]) -> ColumnElement[bool]:
    """Hold for the rows behind a mark: behind in one column, equal in all before it."""
    ways: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (column, descending), mark in zip(order, marks, strict=True):
        if mark is None:
            equal.append(column.is_(None))
            continue
        behind: ColumnElement[bool] = column < mark if descending else column > mark
        if getattr(column, "nullable", True):
            behind = or_(behind, column.is_(None))
        ways.append(and_(*equal, behind))
        equal.append(column == mark)
    return or_(*ways)


def _signature(layer: Collection, wanted: FeatureQuery) -> str:
    return ",".join([layer.id, *(f"{'-' if descending else '+'}{name}" for name, descending in wanted.sortby)])


def _read_cursor(cursor: str, layer: Collection, wanted: FeatureQuery, length: int) -> list[Any]:
    (text,) = cursors.read(cursor, kind="features", types=(str,))
    marks = orjson.loads(str(text))
    if marks[:1] != [_signature(layer, wanted)] or len(marks) != length + 1:
        raise InvalidParameterError(
            "cursor", "属于另一个查询；请从第一页开始", "belongs to another query; start from the first page"
        )
    return list(marks[1:])


def _count(connection: Connection, layer: Collection, conditions: Sequence[ColumnElement[bool]]) -> int:
    return connection.scalar(select(func.count()).select_from(layer.table).where(*conditions)) or 0
