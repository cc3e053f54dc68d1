"""Straight-line distance on the WGS 84 ellipsoid, exact and fast.

A k-d tree over earth-centred coordinates (ECEF) finds the pairs; the chord it measures is turned into the length on the
ellipsoid, and every pair that stands within a centimetre of a radius is decided by the geodesic itself
(`pyproj.Geod`). No map projection is involved, so nothing is off by one at the edge of a zone.
"""

import math

import numpy as np
import shapely
from numpy.typing import ArrayLike
from pyproj import Geod
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole

GEOD = Geod(ellps="WGS84")

_A = GEOD.a
_E2 = GEOD.es
# Mean radius of curvature in Shanxi's latitude. Any radius of curvature of the ellipsoid is within 0.7 % of it, so the
# arc of a chord of 5 km (0.1 mm longer than the chord) is right to a thousandth of a millimetre; beyond, ask Geod.
MEAN_RADIUS_M = 6_371_000.0
_SERIES_UP_TO_M = 5_000.0
_DOUBT_M = 0.01


_SURE_M = 1_000_000.0  # so far a great circle rises less than a degree above its ends, up to 80 degrees of latitude


def away_at_least(point: ArrayLike, surface: BaseGeometry) -> float:
    """Bound from below how far a point is from land.

    Parameters
    ----------
    point
        WGS 84 degrees, longitude first, within 80 degrees of the equator.
    surface
        Polygons in WGS 84 that do not cross the 180th meridian.

    Returns
    -------
    float
        Metres that no point of the surface is nearer than; 0 within it, at most 1,000 km, below the true distance by
        some hundredths of it.

    Raises
    ------
    InvalidParameterError
        When the point cannot be used.

    Notes
    -----
    A way's length is ∫ √(M² dφ² + N² cos² φ dλ²); with M and N at least `LEAST_DEGREE_M` a degree and cos φ at least
    that of the highest latitude on the way, it is no shorter than the straight line between its ends in a plane of
    λ cos φ and φ.
    """
    ((lon, lat),) = _given.point(point)
    _, south, _, north = surface.bounds
    narrow = math.cos(math.radians(min(max(abs(lat), abs(south), abs(north)) + 1, 89)))
    plane = shapely.transform(surface, lambda lonlat: lonlat * (narrow, 1.0))
    return min(float(shapely.distance(plane, shapely.Point(lon * narrow, lat))) * LEAST_DEGREE_M, _SURE_M)


def to_ecef(lonlat: ArrayLike) -> Floats:
    """Turn longitude and latitude into earth-centred, earth-fixed coordinates.

    Parameters
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first, on the ellipsoid (height 0).

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Metres.

    Raises
    ------
    InvalidParameterError
        When a coordinate is not finite or lies outside the world.

    Notes
    -----
    x = N cos φ cos λ, y = N cos φ sin λ, z = N (1 − e²) sin φ with N = a / √(1 − e² sin² φ): EPSG Guidance Note 7-2,
    method 9602.
    """
    return ecef(_given.lonlat(lonlat, "lonlat"))


def ecef(degrees: Floats) -> Floats:
    """As `to_ecef`, of degrees already checked."""
    lam, phi = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    sine, cosine = np.sin(phi), np.cos(phi)
    prime_vertical = _A / np.sqrt(1 - _E2 * sine**2)
    xyz = np.empty((len(degrees), 3))
    xyz[:, 0] = prime_vertical * cosine * np.cos(lam)
    xyz[:, 1] = prime_vertical * cosine * np.sin(lam)
    xyz[:, 2] = prime_vertical * (1 - _E2) * sine
    return xyz


def on_ellipsoid(xyz: Floats) -> Floats:
    """Move earth-centred points, shape (n, 3), straight up or down until they lie on the ellipsoid."""
    squares = np.array((_A**2, _A**2, _A**2 * (1 - _E2)))
    moved = xyz
    for _ in range(2):  # Newton along the normal: from a kilometre away the second step is right to a nanometre
        normal = moved / squares
        beyond = np.einsum("nx,nx->n", moved, normal) - 1
        moved = moved - (beyond / (2 * np.einsum("nx,nx->n", normal, normal)))[:, None] * normal
    return moved


def to_lonlat(xyz: Floats) -> Floats:
    """Give the WGS 84 degrees of earth-centred points that lie on the ellipsoid, shape (n, 2): `ecef` turned round."""
    x, y, z = xyz.T
    degrees: Floats = np.degrees(np.column_stack((np.arctan2(y, x), np.arctan2(z, (1 - _E2) * np.hypot(x, y)))))
    return degrees


def metres_between(start: ArrayLike, end: ArrayLike) -> Floats:
    """Measure the geodesic between paired points.

    Parameters
    ----------
    start, end
        WGS 84 degrees, shape (n, 2) each, longitude first; either may have one row, which is paired with all others.

    Returns
    -------
    ndarray of float64, shape (n,)
        Metres on the WGS 84 ellipsoid (Karney's algorithm in PROJ).

    Raises
    ------
    InvalidParameterError
        When a coordinate cannot be used.
    """
    first, second = np.broadcast_arrays(_given.lonlat(start, "start"), _given.lonlat(end, "end"))
    return np.asarray(GEOD.inv(first[:, 0], first[:, 1], second[:, 0], second[:, 1])[2], dtype=np.float64)


def nearest(facilities: ArrayLike, demand: ArrayLike, *, metres: float | None = None) -> tuple[Floats, Whole]:
    """Find the nearest facility of every demand point in a straight line.

    Parameters
    ----------
    facilities
        WGS 84 degrees, shape (m, 2), longitude first.
    demand
        WGS 84 degrees, shape (n, 2), longitude first.
    metres
        Look no farther than this; a bound makes the search faster where facilities are sparse.

    Returns
    -------
    metres : ndarray of float64, shape (n,)
        Metres on the ellipsoid, within 0.001 mm of the geodesic up to 5 km and equal to it beyond; ``inf`` where
        there is no facility (within `metres`). Whether it is at most `metres` is decided as the geodesic decides.
    index : ndarray of int64, shape (n,)
        Row of that facility, -1 where there is none.

    Raises
    ------
    InvalidParameterError
        When a coordinate or `metres` cannot be used.
    """
    supply, wanted = _given.lonlat(facilities, "facilities"), _given.lonlat(demand, "demand")
    limit = np.inf if metres is None else _given.radius(metres)
    if not len(supply) or not len(wanted):
        return np.full(len(wanted), np.inf), np.full(len(wanted), -1, dtype=np.int64)
    # A chord is never longer than its arc, so the bound on chords loses no pair whose arc is within the limit.
    chord, index = cKDTree(ecef(supply)).query(ecef(wanted), distance_upper_bound=limit + _DOUBT_M)
    found = np.isfinite(chord)
    index = np.where(found, index, -1).astype(np.int64)
    arc = arcs(chord, wanted, supply, index)
    if metres is not None:
        index[arc > limit] = -1
        arc[arc > limit] = np.inf
        doubtful = np.flatnonzero(np.abs(arc - limit) < _DOUBT_M)
        if len(doubtful):
            arc[doubtful] = metres_between(wanted[doubtful], supply[index[doubtful]])
            lost = doubtful[arc[doubtful] > limit]
            arc[lost], index[lost] = np.inf, -1
    return arc, index


def arcs(chord: Floats, wanted: Floats, supply: Floats, index: Whole) -> Floats:
    """Give the metres on the ellipsoid between points whose chord is known, as exactly as `nearest` says.

    Parameters
    ----------
    chord
        Metres straight through the earth from each point to its partner, shape (n,); ``inf`` where it has none.
    wanted
        WGS 84 degrees of the points, shape (n, 2).
    supply, index
        WGS 84 degrees of the partners, and the row of each point's.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    arc = straight_arcs(chord)
    far = np.flatnonzero(np.isfinite(chord) & (chord > _SERIES_UP_TO_M))
    if len(far):
        arc[far] = metres_between(wanted[far], supply[index[far]])
    return arc


def straight_arcs(chord: Floats) -> Floats:
    """Give the metres on the ellipsoid of chords of at most 5 km, as exactly as `nearest` says."""
    arc: Floats = chord + chord * chord * chord / (24 * MEAN_RADIUS_M**2)
    return arc


def within(facilities: ArrayLike, point: ArrayLike, metres: float) -> tuple[Whole, Floats]:
    """List the facilities within a straight-line radius of one point, nearest first.

    Parameters
    ----------
    facilities
        WGS 84 degrees, shape (m, 2), longitude first.
    point
        WGS 84 degrees, longitude first.
    metres
        Radius, above 0.

    Returns
    -------
    index : ndarray of int64, shape (k,)
        Rows of `facilities`.
    metres : ndarray of float64, shape (k,)
        Geodesic metres, ascending; facilities at the same distance keep the order given.

    Raises
    ------
    InvalidParameterError
        When a coordinate or `metres` cannot be used.
    """
    supply, centre, limit = _given.lonlat(facilities, "facilities"), _given.point(point), _given.radius(metres)
    if not len(supply):
        return np.empty(0, dtype=np.int64), np.empty(0)
    chord = np.linalg.norm(ecef(supply) - ecef(centre), axis=1)
    near = np.flatnonzero(chord <= limit + _DOUBT_M)
    exact = metres_between(centre, supply[near]) if len(near) else np.empty(0)
    inside = exact <= limit
    near, exact = near[inside], exact[inside]
    order = np.argsort(exact, kind="stable")
    return near[order].astype(np.int64), exact[order]
