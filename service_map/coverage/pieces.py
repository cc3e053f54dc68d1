"""A gap cut into pieces that somebody can deal with: by given zones, by hexagons, by the nearest of given places.

The pieces of one cut are disjoint and make up the gap. Each says how many new facilities it needs at least.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.distance import ecef
from service_map.coverage.ellipsoid import equal_area, square_km, usable_area

MOST_CELLS = 20_000
"""Hexagons that an area is cut into at most; a small radius in a large area gets larger ones."""

NEEDS = ("people", "land")
"""What shows that fewer new ones cannot do: people too far from each other, or land too wide."""

# A tenth of a millimetre: corners that two hexagons share are the same to the last bit.
_SHARED_DEGREES = 9
_BLOCKS = 12
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Polygons to cut a gap by.

    Attributes
    ----------
    polygon
        Disjoint polygons in WGS 84, shape (z,).
    name
        What each is called, shape (z,): of a township, of the nearest community, the index of an H3 cell.
    resolution
        Of H3 cells, None for others.
    """

    polygon: NDArray[np.object_]
    name: tuple[str, ...]
    resolution: int | None = None


def given_zones(polygons: Sequence[BaseGeometry], names: Sequence[str]) -> Zones:
    """Cut by zones that are given, townships for one; where two overlap the first has the land.

    Parameters
    ----------
    polygons
        WGS 84.
    names
        One for each.

    Returns
    -------
    Zones
    """
    shapes = np.array([usable_area(polygon)[0] for polygon in polygons], dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects") if len(shapes) else ((), ())
    before: dict[int, list[int]] = {}
    for one, other in zip(first, second, strict=True):
        if other < one:
            before.setdefault(int(one), []).append(int(other))
    whole = shapes.copy()
    for one, others in before.items():
        shapes[one] = shapely.difference(whole[one], shapely.union_all(whole[others]))
    return Zones(polygon=shapes, name=tuple(names))


def hexagons(area: BaseGeometry, metres: float) -> Zones:
    """Cut by H3 cells about as large as a service circle.

    Parameters
    ----------
    area
        Polygon or MultiPolygon in WGS 84.
    metres
        Service radius: the finest cells that are on average no smaller than its circle, and coarser where they would
        be more than `MOST_CELLS`.

    Returns
    -------
    Zones
        Named by their H3 index (h3geo.org).

    Raises
    ------
    InvalidParameterError
        When the area or `metres` cannot be used.
    """
    import h3

    usable, _ = usable_area(area)
    least = max(np.pi * (_given.radius(metres) / 1000) ** 2, square_km(usable) / MOST_CELLS)
    sizes = [(resolution, h3.average_hexagon_area(resolution, "km^2")) for resolution in range(16)]
    resolution = max([number for number, size in sizes if size >= least], default=0)
    west, south, east, north = shapely.bounds(usable)
    box = h3.LatLngPoly([(south, west), (south, east), (north, east), (north, west)])
    names = sorted(h3.h3shape_to_cells_experimental(box, resolution, contain="bbox_overlap"))
    corners = [[(lon, lat) for lat, lon in h3.cell_to_boundary(name)] for name in names]
    number = np.repeat(np.arange(len(corners)), [len(ring) for ring in corners])
    lonlat = np.array([corner for ring in corners for corner in ring], dtype=np.float64).round(_SHARED_DEGREES)
    cells = shapely.polygons(shapely.linearrings(lonlat.reshape(-1, 2), indices=number))
    shapely.prepare(usable)
    inside = shapely.intersects(usable, cells)
    return Zones(polygon=cells[inside], name=tuple(np.array(names)[inside].tolist()), resolution=resolution)


def around_places(area: BaseGeometry, places: ArrayLike, names: Sequence[str]) -> Zones:
    """Cut by the nearest of given places, residential communities for one.

    Parameters
    ----------
    area
        Polygon or MultiPolygon in WGS 84.
    places
        WGS 84 degrees, shape (n, 2), n at least 1; of several at one place the first gives its name.
    names
        One for each.

    Returns
    -------
    Zones
        Voronoi cells in a plane stretched to the middle of the area.

    Raises
    ------
    InvalidParameterError
        When the area or a coordinate cannot be used.
    """
    usable, _ = usable_area(area)
    where, first = np.unique(_given.lonlat(places, "places"), axis=0, return_index=True)
    west, south, east, north = shapely.bounds(usable)
    stretch = np.array([np.cos(np.radians((south + north) / 2)), 1.0])
    hull = shapely.box(*(np.array([west, south]) * stretch - 1), *(np.array([east, north]) * stretch + 1))
    cells = np.array([hull], dtype=object)
    if len(where) > 1:
        drawn = shapely.voronoi_polygons(shapely.multipoints(where * stretch), extend_to=hull, ordered=True)
        cells = shapely.get_parts(drawn)
    back = shapely.transform(cells, lambda xy: xy / stretch)
    return Zones(polygon=back, name=tuple(names[row] for row in first))


def cut(gap: BaseGeometry, zones: Zones) -> tuple[NDArray[np.object_], Whole]:
    """Cut a gap by zones.

    Parameters
    ----------
    gap
        Polygon or MultiPolygon in WGS 84; may be empty.
    zones
        What to cut it by.

    Returns
    -------
    pieces : ndarray of Polygon or MultiPolygon, shape (k,)
        Disjoint, and together the gap.
    zone : ndarray of int64, shape (k,)
        Row of the zone of each; -1 for what lies in none, which is the last.
    """
    if gap.is_empty:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    shapely.prepare(gap)
    pieces = np.full(len(zones.polygon), shapely.Polygon(), dtype=object)
    meets = shapely.intersects(gap, zones.polygon)
    whole = shapely.contains_properly(gap, zones.polygon)
    pieces[whole] = zones.polygon[whole]
    rows = np.flatnonzero(meets & ~whole)
    if len(rows):
        pieces[rows] = _surfaces(shapely.intersection(zones.polygon[rows], _near(gap, zones.polygon[rows])))
    zone = np.arange(len(pieces))
    missing = square_km(gap) - float(shapely.area(equal_area(pieces)).sum()) / 1e6
    if missing > _ROUNDING:
        rest = _surfaces(np.array([shapely.difference(gap, shapely.union_all(zones.polygon[meets]))], dtype=object))
        pieces, zone = np.concatenate((pieces, rest)), np.append(zone, -1)
    kept = ~shapely.is_empty(pieces)
    return pieces[kept], zone[kept].astype(np.int64)


def _near(gap: BaseGeometry, zones: NDArray[np.object_]) -> NDArray[np.object_]:
    """Give for each zone the part of the gap about it, so that not every cut reads every corner of the whole."""
    bounds = shapely.bounds(zones)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    low = middle.min(axis=0)
    step = np.maximum(np.ptp(middle, axis=0) / _BLOCKS, 1e-9)
    block, member = np.unique(np.floor((middle - low) / step).astype(np.int64), axis=0, return_inverse=True)
    member = member.ravel()
    edges = np.empty((len(block), 4))
    for number in range(len(block)):
        mine = bounds[member == number]
        edges[number] = [*mine[:, :2].min(axis=0), *mine[:, 2:].max(axis=0)]
    parts = shapely.intersection(shapely.box(*edges.T), gap)
    near: NDArray[np.object_] = parts[member]
    return near


def _surfaces(cuts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Drop the lines and points that a cut leaves where edges touch."""
    mixed = np.flatnonzero(
        (shapely.get_type_id(cuts) == shapely.GeometryType.GEOMETRYCOLLECTION) | (shapely.get_dimensions(cuts) < 2)
    )
    for row in mixed:
        parts = shapely.get_parts(cuts[row])
        cuts[row] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return cuts


def needs_at_least(km2: float, lonlat: Floats | None, metres: float) -> tuple[int, str]:
    """Say how many new ones a piece needs at least, wherever they stand.

    Parameters
    ----------
    km2
        Its land, square kilometres.
    lonlat
        WGS 84 degrees of the people in it, shape (n, 2); None where nobody knows.
    metres
        Service radius, a straight line; a way over a network reaches no farther.

    Returns
    -------
    count : int
        A true lower bound. By land a circle covers no more than its own surface; by people a facility reaches no two
        who live more than two radii apart.
    by : str
        Which of `NEEDS` shows it: ``people`` where people are known, for land without anybody needs none.
    """
    if lonlat is None:
        return max(1, int(np.ceil(km2 / (np.pi * (metres / 1000) ** 2) - _ROUNDING))), "land"
    # A chord is never longer than its arc: what is apart by the chord is apart.
    xyz = ecef(lonlat[np.lexsort(lonlat.T)])
    count = 0
    while len(xyz):
        count += 1
        xyz = xyz[((xyz - xyz[0]) ** 2).sum(axis=1) > (2 * metres) ** 2]
    return count, "people"
