"""The ground whose people reach a facility on foot: beside every way, as wide as is left of the walk."""

from dataclasses import replace

import numpy as np
import shapely
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from service_map.coverage._given import Floats
from service_map.coverage.isochrone.contour import reached
from service_map.coverage.plane import Pieces, changes, spread
from service_map.coverage.snapping import Snapped, on_edges
from service_map.coverage.streets import Network
from service_map.coverage.walking import walk_metres

_FINE_DEGREES = 1e-8
# Rays from a piece stand at so many places that on a longer one they would stand too far apart.
_PIECE_M = 125.0
_NEARLY_M = 1.0
_FEW = 1e-4
_ASKED = 30_000
_APART_M = 0.025


def reached_ground(area: BaseGeometry, net: Network, supply: Snapped, metres: float, limit: float) -> BaseGeometry:
    """Draw the ground within a walk of a facility.

    Parameters
    ----------
    area
        Where to draw, WGS 84; ground farther away may be left out.
    net
        The network.
    supply
        The facilities on it.
    metres
        Longest walk.
    limit
        Metres beyond which nobody steps onto a way.

    Returns
    -------
    BaseGeometry
        In WGS 84: the people of whom `service_map.coverage.walk` says that they reach one live on it, and no others,
        but for a metre about its outline.
    """
    west, south, east, north = shapely.bounds(area)
    # A plane of its own: at 100 km from its middle lengths are right to a ten-thousandth, a centimetre of the limit.
    plane = Proj(proj="tmerc", lat_0=(south + north) / 2, lon_0=(west + east) / 2, ellps="WGS84")
    corner = np.array([[west, south], [east, south], [east, north], [west, north]])
    box = np.column_stack(plane(*corner.T))
    pieces = _cut(net, np.column_stack(plane(*net.lonlat.T)), box, supply, metres=metres, limit=limit)
    if not (pieces.left > 0).any():
        return shapely.Polygon()
    drawing = _drawn(pieces, limit)
    back = shapely.transform(drawing, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1], inverse=True)))
    if shapely.is_valid(back):
        return back
    # What was valid in the plane may cross itself by a rounding in degrees; a millimetre's grid mends that.
    return shapely.disjoint_subset_union_all(shapely.set_precision(shapely.get_parts(back), _FINE_DEGREES))


def _drawn(pieces: Pieces, limit: float) -> BaseGeometry:
    """Draw the ground, and see whether what is reached lies within it and what is not lies outside."""
    drawing = reached(pieces, limit)
    every = np.arange(0, len(pieces.length), 1 + len(pieces.length) // _ASKED)
    left = pieces.left_halfway()[every]
    shapely.prepare(drawing)
    wrong = shapely.contains_xy(drawing, *((pieces.start + pieces.end)[every] / 2).T) != (left > 0)
    if int((wrong & (np.abs(left) > _NEARLY_M)).sum()) <= _FEW * len(every):
        return drawing
    # Ways that lie on one another leave open whose the ground is: a little apart it is the one's or the other's.
    moved = np.random.default_rng(0).uniform(-_APART_M, _APART_M, (int(pieces.corner.max()) + 1, 2))
    start, end = (of + moved[number] for of, number in zip((pieces.start, pieces.end), pieces.corner.T, strict=True))
    return reached(replace(pieces, start=start, end=end), limit)


def _cut(net: Network, flat: Floats, box: Floats, supply: Snapped, *, metres: float, limit: float) -> Pieces:
    """Cut the ways in and about a box where facilities stand on them, and the long ones into short pieces."""
    ways = net.ways
    one, other = (flat.take(ways.ends[:, end], axis=0) for end in (0, 1))
    inside = np.logical_or(*(one != other).T)
    for low, high, of, to in zip(box.min(axis=0), box.max(axis=0), one.T, other.T, strict=True):
        inside &= (np.minimum(of, to) <= high + 3 * limit) & (np.maximum(of, to) >= low - 3 * limit)
    near = np.flatnonzero(inside)
    east, north = (other - one).take(near, axis=0).T
    parts = np.ceil(np.sqrt(east * east + north * north) / _PIECE_M).astype(np.int64)
    # Where a facility stands on a way is an end of pieces too: from there what is left grows less both ways.
    doors = np.flatnonzero(np.isin(supply.edge, near))
    of, step = spread(parts + 1)
    edge = np.concatenate((near[of], supply.edge[doors]))
    share = np.concatenate((step / parts[of], supply.share[doors]))
    order = np.argsort(2.0 * edge + share, kind="stable")
    edge, share = edge[order], share[order]
    fresh = changes(edge, share)
    edge, share = edge[fresh], share[fresh]
    ends = np.where(share == 0, ways.ends[edge, 0], np.where(share == 1, ways.ends[edge, 1], -1))
    number = np.where(ends >= 0, ends, len(flat) + np.arange(len(ends)))
    walked = walk_metres(net, supply, on_edges(net, edge, share, np.zeros(len(edge))), metres=metres)
    # To the micrometre, so that no rounding decides where a ray is put.
    left = (metres - walked).round(6)
    spot = one.take(edge, axis=0) * (1 - share)[:, None] + other.take(edge, axis=0) * share[:, None]
    first = np.flatnonzero(edge[1:] == edge[:-1])
    part = share[first + 1] - share[first]
    start, end = spot.take(first, axis=0), spot.take(first + 1, axis=0)
    cost = np.column_stack((ways.forth[edge[first]], ways.back[edge[first]])) * part[:, None]
    corner = np.column_stack((number[first], number[first + 1]))
    return Pieces(start, end, corner, np.column_stack((left[first], left[first + 1])), cost)
