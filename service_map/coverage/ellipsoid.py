"""Shapes on the ellipsoid: circles drawn, areas measured, polygons made usable."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import ArrayLike
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.coverage import _given
from service_map.coverage._given import Floats
from service_map.coverage.distance import GEOD
from service_map.errors import InvalidParameterError

_A = GEOD.a
_E2 = GEOD.es
_SQUARE_KM = 1e6
_CYLINDER = Proj(proj="cea", ellps="WGS84")

CIRCLE_VERTICES = 128
"""Corners of a drawn circle. Its radius is widened by 0.02 % so that it has the true circle's area."""

MOST_CROSSINGS = 500
"""Most places in which the edges of areas that have to be mended may meet: the work grows with the square of them, and
so many cost some tenths of a second."""

MOST_NEAR = 1_000_000
"""Most pairs of edges of a caller's areas whose boxes may overlap. A boundary of 50,000 corners has some 200,000; a
comb of thin slanting teeth has the square of its teeth, and to see whether one is valid costs as much."""

_EDGES_AT_ONCE = 32

# Thousands of circles are drawn with fewer corners: widened by 0.21 % they still have their area, and their outline is
# off by at most 0.62 m at 300 m.
_MANY = 1_000
_FEWER_VERTICES = 40
# Circles are joined by squares, about so many across; the squares last joined are kept.
_SQUARES_ACROSS = 8
_KEPT_SQUARES = 256

# Beyond this the circle is drawn by Geod itself: the curvature's change along the way is no longer below a centimetre.
_EULER_UP_TO_M = 5_000.0


def circles(centres: ArrayLike, metres: ArrayLike, *, vertices: int = CIRCLE_VERTICES) -> np.ndarray:
    """Draw a geodesic circle around each point.

    Parameters
    ----------
    centres
        WGS 84 degrees, shape (n, 2), longitude first.
    metres
        One radius, or one for each centre, shape (n,).
    vertices
        Corners of each circle.

    Returns
    -------
    ndarray of shapely Polygon, shape (n,)
        WGS 84, counter-clockwise.

    Raises
    ------
    InvalidParameterError
        When a coordinate or a radius cannot be used, or a circle would cross a pole or the antimeridian.

    Notes
    -----
    Up to 5 km a corner is reached along the normal section with Euler's radius of curvature
    R(α) = M N / (N cos² α + M sin² α), right to a millimetre; beyond, by the direct geodesic problem (`pyproj.Geod`).
    """
    centre = _given.lonlat(centres, "centres")
    radii = _given.amounts(metres, len(centre), "metres")
    for value in np.unique(radii):
        _given.radius(value)
    if not len(centre):
        return np.empty(0, dtype=object)
    _refuse_edge_of_map(centre, radii)
    step = 2 * np.pi / vertices
    widened = radii * np.sqrt(step / np.sin(step))
    azimuth: Floats = -step * np.arange(vertices, dtype=np.float64)
    corners = np.empty((len(centre), vertices, 2))
    near = radii <= _EULER_UP_TO_M
    corners[near] = _normal_section(centre[near], widened[near], azimuth)
    corners[~near] = _direct(centre[~near], widened[~near], azimuth)
    return np.asarray(shapely.polygons(corners))


def corners_of(count: int) -> int:
    """Say how many corners each of so many circles is drawn with."""
    return CIRCLE_VERTICES if count <= _MANY else _FEWER_VERTICES


def joined_circles(centres: Floats, metres: Floats) -> BaseGeometry:
    """Join the circles around points.

    Parameters
    ----------
    centres, metres
        As for `circles`, shape (n, 2) and (n,).

    Returns
    -------
    geometry
        Their union, WGS 84; empty for none.

    Notes
    -----
    A question about several years, and within several bounds, joins nearly the same circles again and again: the plane
    is cut into squares, and the circles of a square that are the same as before are taken joined as they are.
    """
    if not len(centres):
        return shapely.MultiPolygon()
    widest = max(4 * float(metres.max()) / 111_000, float(np.ptp(centres, axis=0).max()) / _SQUARES_ACROSS, 1e-6)
    # A power of two from a fixed origin, so that one circle more leaves the other squares where they are.
    square = np.floor(centres / 2.0 ** np.ceil(np.log2(widest))).astype(np.int64)
    _, member = np.unique(square, axis=0, return_inverse=True)
    order = np.argsort(member.ravel(), kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(member.ravel()[order])) + 1)
    corners = corners_of(len(centres))
    joined = [_joined(centres[rows].tobytes(), metres[rows].tobytes(), corners) for rows in parts]
    return joined[0] if len(joined) == 1 else shapely.disjoint_subset_union_all(joined)


@lru_cache(maxsize=_KEPT_SQUARES)
def _joined(centres: bytes, metres: bytes, corners: int) -> BaseGeometry:
    drawn = circles(np.frombuffer(centres).reshape(-1, 2), np.frombuffer(metres), vertices=corners)
    return shapely.disjoint_subset_union_all(drawn)


def _refuse_edge_of_map(centre: Floats, radii: Floats) -> None:
    north = np.abs(centre[:, 1]) + radii / LEAST_DEGREE_M
    cosine = np.cos(np.radians(np.minimum(north, 89.9)))
    if (north > 89).any() or (np.abs(centre[:, 0]) + radii / LEAST_DEGREE_M / cosine >= 180).any():
        raise InvalidParameterError(
            "metres",
            "圆越过了极点或 180 度经线，暂不支持",
            "a circle would cross a pole or the antimeridian, which is not supported",
        )


def _normal_section(centre: Floats, radii: Floats, azimuth: Floats) -> Floats:
    lam, phi = np.radians(centre[:, :1]), np.radians(centre[:, 1:])
    sine, cosine = np.sin(phi), np.cos(phi)
    root = 1 - _E2 * sine**2
    prime_vertical, meridian = _A / np.sqrt(root), _A * (1 - _E2) / root**1.5
    north, east = np.cos(azimuth), np.sin(azimuth)
    curvature = prime_vertical * meridian / (prime_vertical * north**2 + meridian * east**2)
    angle = radii[:, None] / curvature
    along, down = curvature * np.sin(angle), curvature * (1 - np.cos(angle))
    # The point in the meridian plane of the centre (outward, northward) and across it, from the earth's centre.
    outward = prime_vertical * cosine - along * north * sine - down * cosine
    axial = prime_vertical * (1 - _E2) * sine + along * north * cosine - down * sine
    across = along * east
    distance = np.hypot(outward, across)
    # Bowring's latitude (Survey Review 23, 1976): one step is right to 1e-11 degrees on the ellipsoid.
    flattened = np.sqrt(1 - _E2)
    reduced = np.arctan2(axial, flattened * distance)
    b = _A * flattened
    latitude = np.arctan2(
        axial + _E2 / (1 - _E2) * b * np.sin(reduced) ** 3, distance - _E2 * _A * np.cos(reduced) ** 3
    )
    corners: Floats = np.degrees(np.stack((lam + np.arctan2(across, outward), latitude), axis=-1))
    return corners


def _direct(centre: Floats, radii: Floats, azimuth: Floats) -> Floats:
    shape = (len(centre), len(azimuth))
    lon, lat, _ = GEOD.fwd(
        np.broadcast_to(centre[:, :1], shape).ravel(),
        np.broadcast_to(centre[:, 1:], shape).ravel(),
        np.broadcast_to(np.degrees(azimuth), shape).ravel(),
        np.broadcast_to(radii[:, None], shape).ravel(),
    )
    return np.stack((np.reshape(lon, shape), np.reshape(lat, shape)), axis=-1)


def square_km(geometry: BaseGeometry) -> float:
    """Measure a polygon's area on the ellipsoid.

    Parameters
    ----------
    geometry
        WGS 84 polygons; lines and points have no area.

    Returns
    -------
    float
        Square kilometres.

    Notes
    -----
    The ellipsoid's own equal-area cylinder (Snyder, Map Projections, USGS PP 1395, eq. 3-12 and 10-14 with φ_s = 0),
    so that the areas of the parts of a cut polygon add up to the whole.
    """
    return float(shapely.area(equal_area(geometry))) / _SQUARE_KM


def equal_area(geometry: BaseGeometry) -> BaseGeometry:
    """Draw a geometry in the plane in which every area is that of the ellipsoid.

    Parameters
    ----------
    geometry
        WGS 84.

    Returns
    -------
    geometry
        In metres of the equal-area cylinder that `square_km` measures in.
    """
    return shapely.transform(geometry, to_equal_area)


def from_equal_area(metres: Floats) -> Floats:
    """Give the WGS 84 degrees of points of that plane, shape (n, 2), right to a nanodegree."""
    lon, lat = _CYLINDER(metres[:, 0], metres[:, 1], inverse=True)
    return np.column_stack((lon, lat))


def to_equal_area(degrees: Floats) -> Floats:
    """Give the metres, in that plane, of points in WGS 84 degrees, shape (n, 2)."""
    eccentricity = np.sqrt(_E2)
    sine = np.sin(np.radians(degrees[:, 1]))
    q = (1 - _E2) * (sine / (1 - _E2 * sine**2) + np.arctanh(eccentricity * sine) / eccentricity)
    return np.stack((_A * np.radians(degrees[:, 0]), _A * q / 2), axis=1)


def surface(geometry: BaseGeometry) -> BaseGeometry:
    """Keep the polygons of what an overlay gave: lines and points where edges touch have no area, and none is drawn.

    Parameters
    ----------
    geometry
        Of any kind.

    Returns
    -------
    BaseGeometry
        Polygons, empty where there is none.
    """
    if shapely.get_type_id(geometry) != shapely.GeometryType.GEOMETRYCOLLECTION:
        return geometry if shapely.get_dimensions(geometry) == 2 else shapely.Polygon()
    parts = shapely.get_parts(geometry)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def usable_area(area: BaseGeometry) -> tuple[BaseGeometry, bool]:
    """Give the polygonal part of an area, mended where it crosses itself.

    Parameters
    ----------
    area
        Polygon or MultiPolygon in WGS 84.

    Returns
    -------
    area : Polygon or MultiPolygon
        Valid.
    mended : bool
        True where the one given was not.

    Raises
    ------
    InvalidParameterError
        When it is empty, has no surface, lies outside the world, or is too tangled to be mended; see `check_edges`.
    """
    if shapely.get_dimensions(area) != 2 or area.is_empty:
        raise InvalidParameterError(
            "area", "应为非空的多边形", "takes a polygon that is not empty", ("Polygon", "MultiPolygon")
        )
    _given.lonlat(shapely.get_coordinates(area), "area")
    if shapely.is_valid(area):
        return area, False
    check_edges([area])
    parts = shapely.get_parts(shapely.make_valid(area))
    kept = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    if kept.is_empty:
        raise InvalidParameterError("area", "多边形没有面积", "the polygon has no surface")
    return kept, True


def check_edges(areas: Sequence[BaseGeometry]) -> None:
    """Refuse areas whose edges are too tangled, before anybody joins them or mends those that cross themselves.

    Parameters
    ----------
    areas
        Polygons, valid or not.

    Raises
    ------
    InvalidParameterError
        When more than `MOST_NEAR` pairs of their edges lie near each other, or the edges of those that are not valid
        meet, apart from neighbours, in more than `MOST_CROSSINGS` places.
    """
    if _count_pairs(areas, most=MOST_NEAR, meeting=False) > MOST_NEAR:
        raise InvalidParameterError(
            "area",
            f"多边形的边纠缠过密：彼此靠近的边超过 {MOST_NEAR} 对；请先简化",
            f"the edges of the polygon are too tangled: more than {MOST_NEAR} pairs of them lie near each other;"
            " simplify it first",
        )
    broken = [area for area in areas if not shapely.is_valid(area)]
    if broken and _count_pairs(broken, most=MOST_CROSSINGS, meeting=True) > MOST_CROSSINGS:
        raise InvalidParameterError(
            "area",
            f"多边形的边互相交叉超过 {MOST_CROSSINGS} 处；请先修好",
            f"the edges of the polygon meet in more than {MOST_CROSSINGS} places; mend it first",
        )


def _count_pairs(areas: Sequence[BaseGeometry], *, most: int, meeting: bool) -> int:
    """Count pairs of edges that meet, or whose boxes do, apart from neighbours; beyond `most` any number above it."""
    corners, ring = shapely.get_coordinates(shapely.get_rings(areas), return_index=True)
    # A corner that is given twice makes no edge.
    start = np.flatnonzero((ring[1:] == ring[:-1]) & (corners[1:] != corners[:-1]).any(axis=1))
    edges = shapely.linestrings(np.stack((corners[start], corners[start + 1]), axis=1))
    ring, row = ring[start], np.arange(len(start))
    ends = np.append(ring[1:] != ring[:-1], True)[: len(row)]
    behind = np.where(ends, np.searchsorted(ring, ring), row + 1)
    tree = shapely.STRtree(edges)
    count = 0
    for begin in range(0, len(edges), _EDGES_AT_ONCE):
        asked = edges[begin : begin + _EDGES_AT_ONCE]
        one, other = tree.query(asked, predicate="intersects" if meeting else None)
        one += begin
        count += int(((one < other) & (behind[one] != other) & (behind[other] != one)).sum())
        if count > most:
            break
    return count
