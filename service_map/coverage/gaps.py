"""Which part of an area the circles of a service radius cover, and the gap (缺口) that remains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.around import entered
from service_map.coverage.demand import Demand
from service_map.coverage.distance import nearest
from service_map.coverage.ellipsoid import (
    circles,
    corners_of,
    equal_area,
    joined_circles,
    square_km,
    surface,
    usable_area,
)
from service_map.coverage.isochrone import reached_ground
from service_map.coverage.pieces import Zones, cut, needs_at_least
from service_map.coverage.snapping import SNAP_M, snap
from service_map.coverage.streets import Network

_KEPT_ANSWERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a service radius covers of an area.

    Attributes
    ----------
    area_km2, covered_km2, gap_km2
        Square kilometres on the ellipsoid; the first is the sum of the other two.
    share
        ``covered_km2 / area_km2``, 0–1.
    covered, gap
        Polygons in WGS 84, empty where there is nothing.
    metres
        The service radius used.
    facilities
        How many facilities reach into the area.
    mended
        True where the polygon given crossed itself and was mended before use.
    """

    area_km2: float
    covered_km2: float
    gap_km2: float
    share: float
    covered: BaseGeometry
    gap: BaseGeometry
    metres: float
    facilities: int
    mended: bool


def gap(
    area: BaseGeometry, facilities: ArrayLike, metres: ArrayLike, *, surfaces: Sequence[BaseGeometry] = ()
) -> Coverage:
    """Cut an area into what lies within a straight-line radius of a facility and what does not.

    Parameters
    ----------
    area
        Polygon or MultiPolygon in WGS 84; one that crosses itself is mended, and the answer says so.
    facilities
        WGS 84 degrees, shape (n, 2), longitude first; those beyond the area's edge count where they reach into it.
    metres
        Service radius, above 0; or one for each facility, shape (n,), of which one of 0 or less reaches nothing.
    surfaces
        Grounds of facilities (a park): covered themselves, besides what their points reach.

    Returns
    -------
    Coverage
        `Coverage.metres` is the greatest radius. With no facility in reach the gap is the whole area and the share 0.

    Raises
    ------
    InvalidParameterError
        When the area, a coordinate or `metres` cannot be used.
    """
    usable, mended = usable_area(area)
    supply, radii = _supply(facilities, metres)
    limit = float(radii.max(initial=0.0)) if np.ndim(metres) else float(_given.radius(metres))  # type: ignore[arg-type]
    rows = may_reach(usable, supply, radii)
    reaching, radii = supply[rows], radii[rows]
    grounds = tuple(surface for surface in surfaces if shapely.intersects(surface, usable))
    return replace(_circled(usable, reaching.tobytes(), radii.tobytes(), grounds), metres=limit, mended=mended)


@lru_cache(maxsize=_KEPT_ANSWERS)
def _circled(usable: BaseGeometry, centres: bytes, metres: bytes, grounds: tuple[BaseGeometry, ...]) -> Coverage:
    """Cut an area by circles; an answer about several years and bounds asks the same more than once."""
    reaching, radii = np.frombuffer(centres).reshape(-1, 2), np.frombuffer(metres)
    drawn = circles(reaching, radii, vertices=corners_of(len(reaching)))
    shapely.prepare(usable)
    facilities = int(shapely.intersects(usable, drawn).sum()) if len(drawn) else 0
    union = joined_circles(reaching, radii)
    union = shapely.union_all([union, *grounds]) if grounds else union
    return _cut(usable, union, metres=0.0, facilities=facilities, mended=False)


def gap_on_foot(
    area: BaseGeometry,
    facilities: ArrayLike,
    metres: float,
    network: Network,
    *,
    limit: float = SNAP_M,
    ahead: ArrayLike = 0.0,
    surfaces: Sequence[BaseGeometry] = (),
) -> Coverage:
    """Cut an area into what lies within a walk of a facility and what does not.

    Parameters
    ----------
    area, facilities, surfaces
        As in `gap`.
    metres
        Longest walk.
    network
        Ways to walk.
    limit
        As in `service_map.coverage.walking.snap`: what lies farther from any way is not covered.
    ahead
        Metres that the walk to each facility is longer by, one number or shape (n,): a location known only so well.

    Returns
    -------
    Coverage
        Covered is, beside every way that is reached, what lies within `limit` of it and within what is left of the
        walk, and nearer to it than to any other: the ground whose people `service_map.coverage.walk` finds in reach,
        and no other, but for a metre about its outline.

    Raises
    ------
    InvalidParameterError
        When the area, a coordinate, `metres` or `limit` cannot be used.
    """
    usable, mended = usable_area(area)
    farthest, widest = _given.radius(metres), _given.radius(limit, "limit")
    supply = _given.lonlat(facilities, "facilities")
    further = _given.amounts(ahead, len(supply), "ahead")
    grounds = [surface for surface in surfaces if shapely.intersects(surface, usable)]
    union = reached_ground(usable, network, snap(network, supply, limit=widest).later(further), farthest, widest)
    union = shapely.union_all([union, *grounds]) if grounds else union
    facilities = int(may_reach(usable, np.unique(supply, axis=0), farthest).sum())
    return _cut(usable, union, metres=farthest, facilities=facilities, mended=mended)


def ground_anywhere(
    area: BaseGeometry, lonlat: ArrayLike, doubt: ArrayLike, metres: float, network: Network, *, limit: float = SNAP_M
) -> BaseGeometry:
    """Draw the ground within a walk of some place where a facility may stand.

    Parameters
    ----------
    area, network, limit
        As in `gap_on_foot`; the network not sloped.
    lonlat
        WGS 84 degrees of the facilities' points, shape (n, 2), longitude first.
    doubt
        Metres within which each stands, shape (n,).
    metres
        Longest walk.

    Returns
    -------
    BaseGeometry
        In WGS 84. No place in the area from which one may be walked to lies outside, and none of it beyond the
        straight line.

    Raises
    ------
    InvalidParameterError
        As in `gap_on_foot`.
    """
    farthest, widest = _given.radius(metres), _given.radius(limit, "limit")
    supply = _given.lonlat(lonlat, "lonlat")
    unsure = _given.amounts(doubt, len(supply), "doubt")
    doors, more = entered(network, supply, unsure, limit=widest)
    ground = reached_ground(area, network, doors, farthest + more, widest)
    return shapely.intersection(ground, shapely.union_all(circles(supply, farthest + unsure)))


def _cut(usable: BaseGeometry, union: BaseGeometry, *, metres: float, facilities: int, mended: bool) -> Coverage:
    """Cut an area into what a union of reaches covers and what it leaves."""
    whole = square_km(usable)
    left = surface(shapely.difference(usable, union))
    gap_km2 = square_km(left)
    return Coverage(
        area_km2=whole,
        covered_km2=whole - gap_km2,
        gap_km2=gap_km2,
        share=min(1.0, max(0.0, 1 - gap_km2 / whole)),
        covered=surface(shapely.intersection(usable, union)),
        gap=left,
        metres=metres,
        facilities=facilities,
        mended=mended,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One piece of an area that nothing covers.

    Attributes
    ----------
    rank
        From 1; pieces that are alike in what they are ranked by share it.
    name
        Of its zone; None for a piece that is cut by none.
    polygon
        WGS 84.
    km2
        Square kilometres on the ellipsoid.
    people
        People in it, None where the demand given is not of people.
    groups
        People of each age group in it.
    homes
        Homes on record in it, None where none are given.
    needs, needs_by
        New ones that it needs at least, as `service_map.coverage.pieces.needs_at_least` says.
    metres
        From the demand in it to its nearest facility, on average weighted by the amount; from a point inside it where
        it holds no demand; None where there is no facility.
    lon, lat
        A point inside it, WGS 84 degrees.
    """

    rank: int
    name: str | None
    polygon: BaseGeometry
    km2: float
    people: float | None
    groups: Mapping[str, float]
    homes: int | None
    needs: int
    needs_by: str
    metres: float | None
    lon: float
    lat: float

    @property
    def ranked_by(self) -> tuple[str, float]:
        """Tell by what it is ranked, and how much of that it has, as far as an answer shows it."""
        return _ranked_by(self.people, self.homes, self.km2)


def rank(
    coverage: Coverage,
    facilities: ArrayLike,
    *,
    demand: Demand | None = None,
    least_km2: float = 0.01,
    zones: Zones | None = None,
    homes: ArrayLike | None = None,
    widest: float | None = None,
) -> list[Gap]:
    """Take the gap apart and put the piece that most people live in first.

    Parameters
    ----------
    coverage
        From `gap`.
    facilities
        The same facilities, WGS 84 degrees, shape (n, 2).
    demand
        People at points or in cells.
    least_km2
        Leave out smaller pieces that hold nobody and no home.
    zones
        What to cut it by; None for the parts that hang together.
    homes
        WGS 84 degrees of homes on record, shape (h, 2), to rank by where no people are given; None ranks by land.
    widest
        Metres in a straight line that a new one can reach, where that is not `Coverage.metres`.

    Returns
    -------
    list of Gap
        By people, else by homes, else by land, greatest first; among equals the larger.

    Raises
    ------
    InvalidParameterError
        When a coordinate cannot be used.
    """
    parts, zone = _parts(coverage.gap, zones)
    inside = shapely.get_coordinates(shapely.point_on_surface(parts)).reshape(-1, 2)
    far, _ = nearest(facilities, inside)
    counted = demand is not None and demand.unit == "people"
    held = [np.empty(0, dtype=np.int64)] * len(parts)
    away = np.empty(0)
    if demand is not None:
        held, away = _members(coverage.gap, parts, demand.lonlat), nearest(facilities, demand.lonlat)[0]
    lived = None if homes is None else _members(coverage.gap, parts, _given.lonlat(homes, "homes"))
    lands = shapely.area(equal_area(parts)) / 1e6
    left = []
    for row, (km2, rows) in enumerate(zip(lands.tolist(), held, strict=True)):
        people = float(demand.amount[rows].sum()) if demand is not None else 0.0
        living = None if lived is None else len(lived[row])
        if km2 < least_km2 and not (counted and people > 0) and not living:
            continue
        left.append((row, km2, people, living, _ranked_by(people if counted else None, living, km2)))
    left.sort(key=lambda piece: (piece[-1][1], piece[1]), reverse=True)
    found, place, last = [], 0, None
    for number, (row, km2, people, living, by) in enumerate(left, 1):
        place, last = (place, last) if by == last else (number, by)
        rows = held[row]
        amount = demand.amount[rows] if demand is not None else np.empty(0)
        way = float(away[rows] @ amount / people) if people > 0 else float(far[row])
        where = demand.lonlat[rows[amount > 0]] if counted and demand is not None else None
        needs, needs_by = needs_at_least(km2, where, widest or coverage.metres)
        found.append(
            Gap(
                rank=place,
                name=None if zones is None or zone[row] < 0 else zones.name[zone[row]],
                polygon=parts[row],
                km2=km2,
                people=people if counted else None,
                groups={name: float(of[rows].sum()) for name, of in demand.groups.items()} if demand else {},
                homes=living,
                needs=needs,
                needs_by=needs_by,
                metres=way if np.isfinite(way) else None,
                lon=float(inside[row, 0]),
                lat=float(inside[row, 1]),
            )
        )
    return found


def _ranked_by(people: float | None, homes: int | None, km2: float) -> tuple[str, float]:
    if people is not None:
        return "people", round(people, 1)
    return ("land", round(km2, 4)) if homes is None else ("homes", homes)


def _parts(left: BaseGeometry, zones: Zones | None) -> tuple[NDArray[np.object_], Whole]:
    if zones is not None:
        return cut(left, zones)
    parts = shapely.get_parts(left)
    parts = parts[~shapely.is_empty(parts)]
    return parts, np.full(len(parts), -1)


def _members(left: BaseGeometry, parts: NDArray[np.object_], lonlat: Floats) -> list[Whole]:
    """Give the points in each piece; everybody in the gap is in one piece and no other."""
    # A point on the line between two pieces belongs to the first, so that nobody is counted twice.
    tree = shapely.STRtree(parts)
    row, piece = tree.query(shapely.points(lonlat), predicate="intersects")
    order = np.lexsort((piece, row))
    row, piece = row[order], piece[order]
    first = np.ones(len(row), dtype=np.bool_)
    first[1:] = row[1:] != row[:-1]
    row, piece = row[first], piece[first]
    # Between two pieces that computed their common edge each by itself a point may fall into neither.
    lost = np.setdiff1d(np.arange(len(lonlat)), row)
    shapely.prepare(left)
    lost = lost[shapely.intersects_xy(left, lonlat[lost, 0], lonlat[lost, 1])]
    if len(lost) and len(parts):
        row, piece = np.append(row, lost), np.append(piece, tree.nearest(shapely.points(lonlat[lost])))
    by_piece = np.argsort(piece, kind="stable")
    ends = np.cumsum(np.bincount(piece, minlength=len(parts)))[:-1]
    return [rows.astype(np.int64) for rows in np.split(row[by_piece], ends)]


def _supply(facilities: ArrayLike, metres: ArrayLike) -> tuple[Floats, Floats]:
    """Give the facilities that reach anywhere, with their radii; doubles of one radius once."""
    supply = _given.lonlat(facilities, "facilities")
    if not np.ndim(metres):
        supply = np.unique(supply, axis=0)
        return supply, np.full(len(supply), _given.radius(metres))  # type: ignore[arg-type]
    radii = np.asarray(metres, dtype=np.float64)
    if radii.shape != (len(supply),) or not np.isfinite(radii).all():
        _given.amounts(metres, len(supply), "metres")
    kept = radii > 0
    return supply[kept], radii[kept]


def may_reach(area: BaseGeometry, supply: Floats, metres: Floats | float) -> NDArray[np.bool_]:
    """Tell which points may serve an area, by a box round it: none that reaches in is left out.

    Parameters
    ----------
    area
        WGS 84.
    supply
        WGS 84 degrees, shape (n, 2), longitude first.
    metres
        One radius, or one for each point, shape (n,).
    """
    west, south, east, north = shapely.bounds(area)
    margin = np.asarray(metres) / LEAST_DEGREE_M
    sideways = margin / np.maximum(np.cos(np.radians(np.minimum(89.0, max(abs(south), abs(north)) + margin))), 0.01)
    lon, lat = supply[:, 0], supply[:, 1]
    inside: NDArray[np.bool_] = (
        (lon >= west - sideways) & (lon <= east + sideways) & (lat >= south - margin) & (lat <= north + margin)
    )
    return inside
