"""What a caller brings in the body of a request: people, places for new ones, facilities and polygons, as GeoJSON.

A body is refused by the number of the feature that no honest answer can come from.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis.inputs import noted
from service_map.analysis.scenario import CAPACITIES, Own, mend
from service_map.catalogue import terms
from service_map.catalogue.messages import sentence
from service_map.coverage import Demand
from service_map.errors import InvalidParameterError
from service_map.io import DATUMS, to_wgs84

Floats = NDArray[np.float64]
_Shapes = TypeVar("_Shapes")
_Made = TypeVar("_Made")

MOST_BYTES = 5_000_000
"""Longest body of a request."""

MOST_POINTS = 50_000
"""Most points, and most corners of polygons, in one body."""

MOST_GROUPS = 100
"""Most groups of people in one body."""

MOST_GROUPED = 1_000_000
"""Most points times groups in one body: every point has a number in every group."""

ROLES = terms.ROLE.codes
"""What a feature of the caller's stands for (property ``role``): people to be served, where a new one may be, or a
facility that stands or is promised. A polygon without a role is where the question is asked."""

_PLAIN = ("Point", "MultiPoint", "Polygon", "MultiPolygon")
_DRAWN = (*_PLAIN, "LineString", "MultiLineString")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a caller brought in one body.

    Attributes
    ----------
    demand
        People at points, or None.
    polygon
        Where the question is asked, as it was given, or None.
    places
        WGS 84 degrees of where a new one may be, shape (p, 2), or None.
    facilities
        The caller's own.
    """

    demand: Demand | None = None
    polygon: BaseGeometry | None = None
    places: Floats | None = None
    facilities: tuple[Own, ...] = ()


def read_body(body: bytes, *, datum: str = "WGS84") -> Given:
    """Read the GeoJSON of a request.

    Parameters
    ----------
    body
        A FeatureCollection, Feature or geometry by RFC 7946. Points are people to be served: property ``people`` (1
        where it is missing), and ``people_NAME`` for an age group. Points with ``"role": "place"`` are places for new
        facilities. Points, lines and polygons with ``"role": "facility"`` are facilities, with ``category``, ``name``,
        ``status``, ``year`` and ``uncertainty_m`` where they differ from the question's category, "", ``existing``,
        none and 0, and with ``capacity`` (places, seats) or ``beds`` where they are known. Other polygons together are
        the area of the question.
    datum
        What the coordinates are in, one of `service_map.io.datum.DATUMS`.

    Returns
    -------
    Given

    Raises
    ------
    InvalidParameterError
        Field ``body``, and the number of the feature.
    """
    _check_datum(datum)
    if len(body) > MOST_BYTES:
        raise _bad(f"请求体至多 {MOST_BYTES} 字节", f"at most {MOST_BYTES} bytes")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "memory" in str(error):  # what it says of a text that is well formed and finds no room
            raise MemoryError from error
        raise _bad(f"不是合格的 JSON：{error}", f"is not valid JSON: {error}") from error
    gathered = _Gathered()
    for number, (geometry, properties) in enumerate(_members(document), 1):
        gathered.take(number, geometry, properties)
    return gathered.given(datum)


@dataclass(slots=True)
class _Gathered:
    """Features sorted by what they stand for."""

    demand: list[tuple[float, float]] = field(default_factory=list)
    people: list[float] = field(default_factory=list)
    groups: dict[str, list[tuple[slice, float]]] = field(default_factory=dict)
    places: list[tuple[float, float]] = field(default_factory=list)
    polygons: list[BaseGeometry] = field(default_factory=list)
    facilities: list[Own] = field(default_factory=list)
    uncounted: int = 0
    corners: int = 0

    def take(self, number: int, geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
        kind, role = geometry.get("type"), properties.get("role")
        allowed = _DRAWN if role == "facility" else _PLAIN
        if kind not in allowed:
            raise _bad(
                f"第 {number} 个要素的几何应为 {'、'.join(allowed)}",
                f"feature {number}: the geometry must be one of {', '.join(allowed)}",
            )
        positions = _positions(number, str(kind), geometry.get("coordinates"))
        self.corners += len(positions)
        if self.corners > MOST_POINTS:
            raise _bad(f"至多 {MOST_POINTS} 个点（含多边形顶点）", f"at most {MOST_POINTS} points, corners included")
        if role == "facility":
            self.facilities.append(_own(number, geometry, properties))
            return
        if kind in ("Polygon", "MultiPolygon"):
            self.polygons.append(_polygon(number, geometry))
            return
        if role is not None and role not in ROLES:
            raise _bad(
                f"第 {number} 个要素的 role 应为 {'、'.join(ROLES)}", f"feature {number}: role is {', '.join(ROLES)}"
            )
        if role == "place":
            self.places.extend(positions)
            return
        amount = _amount(number, "people", properties.get("people", 1.0))
        self.uncounted += "people" not in properties
        # The people of a MultiPoint are shared evenly by its points.
        share = amount / len(positions)
        rows = slice(len(self.demand), len(self.demand) + len(positions))
        for name, value in properties.items():
            if name.startswith("people_") and len(name) > len("people_"):
                of = _amount(number, name, value) / len(positions)
                self.groups.setdefault(name.removeprefix("people_")[:40], []).append((rows, of))
        self.demand.extend(positions)
        self.people.extend([share] * len(positions))
        _not_too_many_groups(len(self.groups), len(self.demand))

    def given(self, datum: str) -> Given:
        if not (self.demand or self.places or self.polygons or self.facilities):
            raise _bad("没有点也没有多边形", "holds neither points nor polygons")
        demand = None
        grounds = [own.geometry for own in self.facilities if shapely.get_dimensions(own.geometry) == 2]
        if self.polygons or grounds:
            _of_body(coverage.check_edges, [*self.polygons, *grounds])
        if self.demand:
            groups = {name: _spread_over(len(self.demand), parts) for name, parts in self.groups.items()}
            demand = coverage.points(_converted(np.array(self.demand), datum, "body"), self.people, groups=groups)
            if self.uncounted:
                demand = noted(demand, sentence("%(count)d 个点没有 people，各按 1 人计", count=self.uncounted))
        return Given(
            demand=demand,
            polygon=_one_polygon(self.polygons, datum) if self.polygons else None,
            places=_converted(np.array(self.places), datum, "body") if self.places else None,
            facilities=tuple(
                replace(
                    own,
                    geometry=_of_body(mend, shapely.transform(own.geometry, lambda xy: _converted(xy, datum, "body"))),
                )
                for own in self.facilities
            ),
        )


def _members(document: Any) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    if not isinstance(document, dict):
        raise _bad("应为 GeoJSON 对象", "takes a GeoJSON object")
    kind = document.get("type")
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if not isinstance(features, list):
        raise _bad("FeatureCollection 缺少 features", "the FeatureCollection has no list of features")
    found: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, dict):
            raise _bad(f"第 {number} 个要素不是对象", f"feature {number} is no object")
        wrapped = feature.get("type") == "Feature"
        geometry = feature.get("geometry") if wrapped else feature
        properties = feature.get("properties") if wrapped else {}
        if not isinstance(geometry, dict) or not isinstance(properties, dict | None):
            raise _bad(f"第 {number} 个要素没有几何", f"feature {number} has no geometry")
        found.append((geometry, properties or {}))
    return found


def _positions(number: int, kind: str, coordinates: Any) -> list[tuple[float, float]]:
    """Give all positions of a geometry, whatever their nesting, in degrees."""
    depth = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}[kind]
    level = [coordinates]
    for _ in range(depth):
        if not all(isinstance(part, list) for part in level):
            raise _bad(f"第 {number} 个要素的坐标有误", f"feature {number}: the coordinates are malformed")
        level = [inner for part in level for inner in part]
    found = []
    for position in level:
        fine = isinstance(position, list) and len(position) >= 2
        if not fine or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in position):
            raise _bad(f"第 {number} 个要素的坐标有误", f"feature {number}: the coordinates are malformed")
        lon, lat = float(position[0]), float(position[1])
        if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
            swapped = abs(lon) <= 90 and abs(lat) <= 180
            raise _bad(
                f"第 {number} 个要素的坐标 ({lon:g}, {lat:g}) 超出经度 ±180、纬度 ±90"
                + ("，经纬度可能写反了" if swapped else ""),
                f"feature {number}: ({lon:g}, {lat:g}) lies outside longitude ±180, latitude ±90"
                + ("; they may be swapped" if swapped else ""),
            )
        found.append((lon, lat))
    if not found:
        raise _bad(f"第 {number} 个要素的几何是空的", f"feature {number}: the geometry is empty")
    return found


def _polygon(number: int, geometry: Mapping[str, Any]) -> BaseGeometry:
    try:
        return shape(geometry)
    except (ValueError, TypeError, IndexError, shapely.errors.ShapelyError) as error:
        raise _bad(f"第 {number} 个要素不是多边形", f"feature {number} is no polygon") from error


def _own(number: int, geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> Own:
    def text(name: str, usual: str = "") -> str:
        value = properties.get(name, usual)
        if not isinstance(value, str):
            raise _bad(f"第 {number} 个要素的 {name} 应为文字", f"feature {number}: {name} takes a text")
        return value[:200]

    year = properties.get("year")
    if year is not None and (isinstance(year, bool) or not isinstance(year, int) or not 1900 <= year <= 2200):
        raise _bad(f"第 {number} 个要素的 year 应为年份", f"feature {number}: year takes a year")
    uncertainty = _amount(number, "uncertainty_m", properties.get("uncertainty_m", 0.0))
    holds = {name: _amount(number, name, properties[name]) for name in CAPACITIES if properties.get(name) is not None}
    try:
        drawn = shape(geometry)
    except (ValueError, TypeError, IndexError, shapely.errors.ShapelyError) as error:
        raise _bad(f"第 {number} 个要素的几何有误", f"feature {number}: the geometry is malformed") from error
    return Own(
        geometry=drawn,
        category=text("category"),
        name=text("name"),
        status=text("status", "existing"),
        year=year,
        uncertainty_m=uncertainty,
        **holds,
    )


def _not_too_many_groups(groups: int, points: int) -> None:
    if groups > MOST_GROUPS:
        raise _bad(f"people_… 至多 {MOST_GROUPS} 组", f"at most {MOST_GROUPS} groups people_…")
    if groups * points > MOST_GROUPED:
        raise _bad(
            f"{points} 个点乘以 {groups} 组 people_… 是 {groups * points}，至多 {MOST_GROUPED}",
            f"{points} points times {groups} groups people_… make {groups * points}, at most {MOST_GROUPED}",
        )


def _spread_over(count: int, parts: Sequence[tuple[slice, float]]) -> Floats:
    found = np.zeros(count)
    for rows, of in parts:
        found[rows] = of
    return found


def _of_body(work: Callable[[_Shapes], _Made], shapes: _Shapes) -> _Made:
    """Let what refuses a shape name the body, which is what its sender knows."""
    try:
        return work(shapes)
    except InvalidParameterError as error:
        raise _bad(error.zh.removeprefix(f"{error.field}："), error.en.removeprefix(f"{error.field}: ")) from error


def _one_polygon(parts: Sequence[BaseGeometry], datum: str) -> BaseGeometry:
    turned = [shapely.transform(part, lambda xy: _converted(xy, datum, "body")) for part in parts]
    if len(turned) == 1:
        return turned[0]
    # Each part is mended by itself: together they would seem to cross where they only overlap.
    return shapely.union_all([coverage.usable_area(part)[0] for part in turned])


def _amount(number: int, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
        raise _bad(
            f"第 {number} 个要素的 {name} 应为不小于 0 的数", f"feature {number}: {name} is a number of at least 0"
        )
    return float(value)


def _bad(zh: str, en: str) -> InvalidParameterError:
    return InvalidParameterError("body", zh, en)


def _check_datum(datum: str) -> None:
    if datum not in DATUMS:
        raise InvalidParameterError("datum", f"应为 {'、'.join(DATUMS)} 之一", f"is one of {', '.join(DATUMS)}", DATUMS)


def _converted(xy: Floats, datum: str, name: str) -> Floats:
    """Turn degrees of a datum into WGS 84, refusing what is no longitude and latitude."""
    _check_datum(datum)
    try:
        checked = coverage.usable_lonlat(xy, name)
        if datum in ("WGS84", "CGCS2000") or not len(checked):
            return checked
        lon, lat = to_wgs84(checked[:, 0], checked[:, 1], datum=datum)
    except InvalidParameterError as error:
        if error.field == name:
            raise
        raise InvalidParameterError(name, error.zh, error.en) from error
    return np.column_stack((lon, lat))
