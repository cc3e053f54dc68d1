"""Where to put n more by land: circles on ground that nothing covers, measured exactly.

The choice is made on cells well below the radius; what is said of it is measured on the polygons themselves, in the
plane in which areas are those of the ellipsoid. Where so many circles fit beside each other on open ground, no choice
covers more, and none of the search is needed.
"""

import heapq
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.messages import sentence
from service_map.coverage import _given
from service_map.coverage._cover import Cover, Crowd, greedy, lagrange_bound, swap
from service_map.coverage._given import Floats, Whole
from service_map.coverage.catchment import pairs
from service_map.coverage.demand import MOST_GRID, Demand
from service_map.coverage.distance import GEOD, ecef, metres_between
from service_map.coverage.ellipsoid import circles, equal_area, from_equal_area, square_km, to_equal_area, usable_area
from service_map.coverage.siting import Siting, counted

# A circle is eight cells from its middle to its edge, fewer where the places are so many that the pairs would not fit.
_CELLS_A_RADIUS = 8.0
_MOST_PAIRS = 2_000_000
_PAIRS_AT_ONCE = 200_000
_BLOCK = 64
_PACKING_OFFSETS = 3
_TEMPLATE = 1.2
_MIDDLE = 1 << 31
# Circles that touch are apart: a millionth is more than the rounding of a distance, and nobody's land.
_TOUCH = 1e-6
_CLOSED = 1e-9
# A drawn circle's sides lie inside the true one by 0.01 % of the radius; so much wider they lie outside.
_OUTSIDE = 2e-4
# Of a circle: less is the rounding of an overlay.
_NOTHING = 1e-9


def lattice(area: BaseGeometry, pitch: float, *, shift: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """Lay points over an area in rows set off by half a step, none nearer to another than the pitch.

    Parameters
    ----------
    area
        Polygon or MultiPolygon in WGS 84.
    pitch
        Least metres between two points.
    shift
        Parts of a step by which the rows and the points in them are moved, 0–1.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        WGS 84 degrees of the points inside; one point inside where no other is.

    Raises
    ------
    InvalidParameterError
        When the area or the pitch cannot be used.
    """
    usable, _ = usable_area(area)
    step = _given.radius(pitch, "pitch") * (1 + _TOUCH)
    west, south, east, north = shapely.bounds(usable)
    # Metres of a degree where they are fewest within the area, so that no two points come nearer than they should.
    poleward = np.radians(max(abs(south), abs(north)))
    across = step / (GEOD.a * np.cos(poleward) * np.pi / 180)
    equatorward = np.radians(0.0 if south < 0 < north else min(abs(south), abs(north)))
    meridian = GEOD.a * (1 - GEOD.es) / (1 - GEOD.es * np.sin(equatorward) ** 2) ** 1.5
    up = step * np.sqrt(3) / 2 / (meridian * np.pi / 180)
    # Of a strip across a whole country most of the grid around it lies outside: so wide, its points are fewer.
    wider = max(1.0, np.sqrt((east - west) / across * (north - south) / up / MOST_GRID))
    across, up = across * wider, up * wider
    lat = np.arange(south + (0.5 + shift[1]) * up - up, north, up)
    lon = np.arange(west + (0.5 + shift[0]) * across - across, east, across)
    grid = np.stack(np.meshgrid(lon, lat), axis=-1)
    grid[1::2, :, 0] += across / 2
    points = grid.reshape(-1, 2)
    shapely.prepare(usable)
    inside = points[shapely.contains_xy(usable, points[:, 0], points[:, 1])]
    return inside if len(inside) else np.array(shapely.point_on_surface(usable).coords)


def open_places(
    area: BaseGeometry, uncovered: BaseGeometry, count: int, metres: float, *, most: int, spacing: float | None = None
) -> Floats:
    """Give places to choose from where a new one may stand anywhere in an area.

    Parameters
    ----------
    area
        Where they may stand, Polygon or MultiPolygon in WGS 84.
    uncovered
        Ground that nothing covers yet; may be empty.
    count
        How many will be chosen.
    metres
        Service radius.
    most
        About how many places to give.
    spacing
        Least metres between two that are chosen.

    Returns
    -------
    ndarray of float64, shape (p, 2)
        WGS 84 degrees. First a lattice on which whole circles lie as close as circles can without overlapping, moved to
        where the most of them fall on uncovered ground, then an even lattice of no more than a third of the radius.

    Raises
    ------
    InvalidParameterError
        When a value cannot be used.
    """
    radius, land = _given.radius(metres), square_km(area) * 1e6
    pitch = max(radius / 3, np.sqrt(land * 2 / np.sqrt(3) / most))
    apart = max(2 * radius, spacing or 0.0, pitch)
    even = lattice(area, pitch)
    if uncovered.is_empty:
        return even
    flat = equal_area(uncovered)
    best, fits = even[:0], -1
    for across, up in np.ndindex(_PACKING_OFFSETS, _PACKING_OFFSETS):
        tried = lattice(area, apart, shift=(across / _PACKING_OFFSETS, up / _PACKING_OFFSETS))
        inside = int(_whole(flat, tried, radius).sum())
        if inside > fits:
            best, fits = tried, inside
        if fits >= count:
            break
    return np.concatenate((best, even))


def site_land(
    land: BaseGeometry,
    uncovered: BaseGeometry,
    count: int,
    metres: float,
    *,
    places: ArrayLike,
    existing: ArrayLike = (),
    spacing: float | None = None,
) -> Siting:
    """Choose places whose circles cover the most land that nothing covers yet.

    Parameters
    ----------
    land
        What is to be covered, Polygon or MultiPolygon in WGS 84.
    uncovered
        The part of it that nothing covers yet; may be empty.
    count
        How many new ones, at least 1.
    metres
        Service radius, a straight line.
    places
        WGS 84 degrees of where a new one may be, shape (p, 2); see `open_places`.
    existing
        WGS 84 degrees of facilities that stay, shape (e, 2), for `spacing`.
    spacing
        Least metres between two new ones, and between a new one and an existing one.

    Returns
    -------
    Siting
        In square kilometres. `Siting.gain` is what each adds, measured on the polygons, to those before it; it never
        grows, and sums up to the area of their union within `uncovered`. `Siting.bound` is the least of: so many whole
        circles, all that is uncovered, and the Lagrangian over the cells, which holds among the places given.
        `Siting.proven` is set where whole circles lie apart on uncovered land, or nothing is left uncovered.

    Raises
    ------
    InvalidParameterError
        When a value cannot be used.
    """
    radius, where = _given.radius(metres), _given.lonlat(places, "places")
    number = counted(count)
    crowd = Crowd(
        where, _given.lonlat(existing, "existing"), None if spacing is None else _given.radius(spacing, "spacing")
    )
    total, left, disc = square_km(land), square_km(uncovered), np.pi * (radius / 1000) ** 2
    method, cap = "greedy_swap", min(number * disc, left)
    flat = equal_area(uncovered)
    chosen, gain = _apart(flat, where, radius, number, crowd), np.full(number, disc)
    bound, proven = number * disc, True
    if len(chosen) == number:
        method = "disjoint"
    elif not left > 0:
        chosen, gain, bound = chosen[:0], gain[:0], 0.0
    else:
        cells = _Cells.around(flat, where, radius)
        cover = cells.cover(where, radius)
        chosen, gain = _measured(flat, where, swap(cover, greedy(cover, number, crowd), crowd), radius)
        # Circles are drawn with corners: their rounding must not lift a sum above what cannot be exceeded.
        gain *= min(1.0, cap / max(gain.sum(), cap))
        proven = bool(gain.sum() >= left * (1 - _CLOSED))
        bound = left if proven else min(cap, cells.bound(where, radius, number, gain.sum()))
    added = float(gain.sum())
    bound = max(bound, added)
    return Siting(
        chosen=chosen,
        gain=gain,
        added=added,
        already=max(0.0, total - left),
        total=total,
        bound=bound,
        gap=max(0.0, 1 - added / bound) if bound > 0 else 0.0,
        method=method,
        proven=proven,
        solver="",
    )


def cells_within(uncovered: BaseGeometry, places: ArrayLike, metres: float) -> Demand:
    """Cut uncovered ground within a straight line of some places into cells, for reaches that are no circles.

    Parameters
    ----------
    uncovered
        Polygon or MultiPolygon in WGS 84; may be empty.
    places
        WGS 84 degrees, shape (p, 2).
    metres
        How far a place may reach.

    Returns
    -------
    Demand
        Square kilometres of ground in each cell, measured on the polygon; cells are an eighth of the radius wide, wider
        where there are many places.

    Raises
    ------
    InvalidParameterError
        When a value cannot be used.
    """
    radius, where = _given.radius(metres), _given.lonlat(places, "places")
    found = None if uncovered.is_empty or not len(where) else _Cells.around(equal_area(uncovered), where, radius)
    return Demand(
        lonlat=np.empty((0, 2)) if found is None else found.lonlat,
        amount=np.empty(0) if found is None else found.km2,
        unit="km2",
        basis="area",
        told=sentence("没有人口数据，按面积计"),
    )


def _whole(flat: BaseGeometry, where: Floats, radius: float) -> NDArray[np.bool_]:
    """Flag the places whose whole circle lies on the ground."""
    shapely.prepare(flat)
    inside = np.flatnonzero(_holds(flat, where))
    # Widened until its sides, not only its corners, lie outside the true circle.
    discs = np.array([equal_area(disc) for disc in circles(where[inside], radius * (1 + _OUTSIDE))], dtype=object)
    flags = np.zeros(len(where), dtype=np.bool_)
    flags[inside] = shapely.contains_properly(flat, discs) if len(discs) else False
    return flags


def _holds(flat: BaseGeometry, where: Floats) -> NDArray[np.bool_]:
    xy = to_equal_area(where)
    held: NDArray[np.bool_] = shapely.contains_xy(flat, xy[:, 0], xy[:, 1])
    return held


def _apart(flat: BaseGeometry, where: Floats, radius: float, count: int, crowd: Crowd) -> Whole:
    """Find so many places whose whole circles lie on the ground and apart from each other, spread over all such."""
    rows = np.flatnonzero(_whole(flat, where, radius) & ~crowd.barred)
    least = max(2 * radius, crowd.spacing or 0.0)
    tree = cKDTree(ecef(where[rows])) if len(rows) else None
    open_ = np.ones(len(rows), dtype=np.bool_)
    kept = []
    for row in range(len(rows)):
        if not open_[row] or tree is None:
            continue
        kept.append(row)
        near = np.array(tree.query_ball_point(tree.data[row], least), dtype=np.int64)
        near = near[open_[near]]
        away = metres_between(np.broadcast_to(where[rows[row]], (len(near), 2)), where[rows[near]])
        open_[near[away < least]] = False
    if len(kept) < count:
        return np.empty(0, dtype=np.int64)
    spread = np.linspace(0, len(kept) - 1, count).round().astype(np.int64)
    chosen: Whole = rows[np.array(kept)[spread]]
    return chosen


def _measured(flat: BaseGeometry, where: Floats, chosen: Whole, radius: float) -> tuple[Whole, Floats]:
    """Order places by what each adds to those before it, and measure that on the polygons, in square kilometres."""
    drawn = np.array([equal_area(disc) for disc in circles(where[chosen], radius)], dtype=object)
    pieces = shapely.intersection(drawn, flat) if len(drawn) else drawn
    near = shapely.STRtree(pieces).query(pieces, predicate="intersects") if len(pieces) else np.empty((2, 0), int)
    around = [near[1][near[0] == row] for row in range(len(pieces))]
    adds = shapely.area(pieces) / 1e6
    fresh = np.ones(len(pieces), dtype=np.bool_)
    queue = [(-float(value), row) for row, value in enumerate(adds)]
    heapq.heapify(queue)
    order: list[int] = []
    gain: list[float] = []
    while queue:
        value, row = heapq.heappop(queue)
        if not fresh[row]:
            # What a place adds only falls as others are taken, so it is measured again only when its turn has come.
            taken = np.intersect1d(around[row], order)
            rest = shapely.difference(pieces[row], shapely.union_all(pieces[taken]))
            fresh[row] = True
            heapq.heappush(queue, (max(value, -float(shapely.area(rest)) / 1e6), row))
            continue
        if -value <= _NOTHING * np.pi * (radius / 1000) ** 2:
            break
        order.append(row)
        gain.append(-value)
        fresh[around[row]] = False
    return chosen[np.array(order, dtype=np.int64)], np.array(gain)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells of ground within reach of some place, in the equal-area plane.

    `half` is half a cell in metres of the ground, (c, 2); `km2` the ground in each, measured on the polygon.
    """

    lonlat: Floats
    half: Floats
    km2: Floats
    size_km2: float

    @classmethod
    def around(cls, flat: BaseGeometry, where: Floats, radius: float) -> "_Cells":
        fine = min(_CELLS_A_RADIUS, np.sqrt(_MOST_PAIRS / np.pi / max(1, len(where))))
        side, xy = radius / fine, to_equal_area(where)
        # A metre east is this much of the plane's x, and a metre north its inverse of y, in the middle of the places.
        stretch = 1 / np.cos(np.radians(np.median(where[:, 1])))
        step = np.array([side * stretch, side / stretch])
        origin = xy.min(axis=0)
        home = np.floor((xy - origin) / step).astype(np.int64)
        worst = _ground(where).max(axis=0)
        reach = np.ceil((radius + side) * worst / step).astype(np.int64) + 1
        offset = np.stack(np.meshgrid(*(np.arange(-most, most + 1) for most in reach)), axis=-1).reshape(-1, 2)
        offset = offset[((offset / reach) ** 2).sum(axis=1) <= _TEMPLATE]
        key = np.unique(_keys((home[:, None] + offset[None]).reshape(-1, 2)))
        place = _cells_of(key)
        edge = np.isin(key, _keys(_touched(flat, origin, step)))
        centre = origin + (place + 0.5) * step
        shapely.prepare(flat)
        km2 = np.where(shapely.contains_xy(flat, centre[:, 0], centre[:, 1]) & ~edge, step.prod() / 1e6, 0.0)
        km2[edge] = _clipped(flat, place[edge], origin, step)
        kept = km2 > 0
        lonlat = from_equal_area(centre[kept])
        return cls(lonlat, step / _ground(lonlat) / 2, km2[kept], float(step.prod()) / 1e6)

    def cover(self, where: Floats, radius: float) -> Cover:
        found = pairs(where, self.lonlat, radius)
        return Cover.of(found.facility, found.demand, self.km2, len(where))

    def bound(self, where: Floats, radius: float, count: int, known: float) -> float:
        """Bound what so many of the places can cover.

        A circle's part of a cell lies on this side of the line across its nearest point; nothing of it is left out.
        """
        found = pairs(where, self.lonlat, radius + 2 * float(self.half.max(initial=0.0)))
        places, cells, share = ecef(where), ecef(self.lonlat), np.empty(len(found.demand))
        for at in range(0, len(share), _PAIRS_AT_ONCE):
            part = slice(at, at + _PAIRS_AT_ONCE)
            row = found.demand[part]
            limit = radius * (1 + _OUTSIDE) - found.metres[part]
            share[part] = self._shares(row, places[found.facility[part]] - cells[row], limit)
        kept = share > 0
        by_place = csr_array(
            (share[kept], (found.facility[kept], found.demand[kept])), shape=(len(where), len(self.km2))
        )
        return lagrange_bound(Cover(by_place, by_place.T.tocsr(), self.km2), count, known)

    def _shares(self, row: Whole, to: Floats, limit: Floats) -> Floats:
        """Give the share of cells that lies within a limit towards the centres of circles, metres away by `to`."""
        lon, lat = np.radians(self.lonlat[row]).T
        east = -np.sin(lon) * to[:, 0] + np.cos(lon) * to[:, 1]
        north = -np.sin(lat) * (np.cos(lon) * to[:, 0] + np.sin(lon) * to[:, 1]) + np.cos(lat) * to[:, 2]
        length = np.maximum(np.hypot(east, north), 1e-6)
        along = np.abs(np.stack((east, north), axis=1)) / length[:, None] * self.half[row]
        return np.minimum(1.0, _below(limit, along) * self.size_km2 / self.km2[row])


def _below(limit: Floats, half: Floats) -> Floats:
    """Share of a rectangle on this side of a line: the sum of two even spreads of these half widths is below it."""
    wide = np.maximum(half.max(axis=1), 1e-9)
    slim = np.maximum(half.min(axis=1), 1e-3 * wide)
    ramp = [
        np.maximum(limit + one * wide + other * slim, 0) ** 2 for one, other in ((1, 1), (-1, 1), (1, -1), (-1, -1))
    ]
    share = (ramp[0] - ramp[1] - ramp[2] + ramp[3]) / (8 * wide * slim)
    return np.where(limit >= wide + slim, 1.0, np.clip(share, 0.0, 1.0))


def _ground(lonlat: Floats) -> Floats:
    """Metres of the equal-area plane for a metre of ground, eastward and northward, shape (n, 2)."""
    phi = np.radians(lonlat[:, 1])
    east = np.sqrt(1 - GEOD.es * np.sin(phi) ** 2) / np.cos(phi)
    return np.stack((east, 1 / east), axis=1)


def _keys(cells: Whole) -> Whole:
    return (cells[:, 0] << 32) + (cells[:, 1] + _MIDDLE)


def _cells_of(key: Whole) -> Whole:
    return np.stack((key >> 32, (key & 0xFFFFFFFF) - _MIDDLE), axis=1)


def _touched(flat: BaseGeometry, origin: Floats, step: Floats) -> Whole:
    """Give all cells that a border runs through, and some beside them."""
    line, ring = shapely.get_coordinates(shapely.get_parts(shapely.boundary(flat)), return_index=True)
    start, end = line[:-1][ring[1:] == ring[:-1]], line[1:][ring[1:] == ring[:-1]]
    pieces = np.ceil(np.abs((end - start) / step).max(axis=1, initial=0.0)).astype(np.int64) + 1
    row = np.repeat(np.arange(len(start)), pieces)
    at = (np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[row]
    points = start[row] + (end - start)[row] * at[:, None]
    cell = np.unique(_keys(np.floor((points - origin) / step).astype(np.int64)))
    beside = np.stack(np.meshgrid((-1, 0, 1), (-1, 0, 1)), axis=-1).reshape(-1, 2)
    around: Whole = (_cells_of(cell)[:, None] + beside).reshape(-1, 2)
    return around


def _clipped(flat: BaseGeometry, place: Whole, origin: Floats, step: Floats) -> Floats:
    """Measure the ground in each cell; blocks of cells are cut out first, for the ground may have many corners."""
    block, member = np.unique(_keys(place // _BLOCK), return_inverse=True)
    low = origin + _cells_of(block) * step * _BLOCK
    high = low + step * _BLOCK
    ground = shapely.intersection(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]), flat)
    low = origin + place * step
    high = low + step
    cut = shapely.intersection(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]), ground[member.ravel()])
    km2: Floats = shapely.area(cut) / 1e6
    return km2
