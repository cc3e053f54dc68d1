"""The ground whose people reach a facility on foot: beside every way, as wide as is left of the walk.

Ways are cut into short pieces. Who lives in the cell of a piece (nearer to its middle than to any other's) steps onto
the way at the foot of the perpendicular, or at the corner where the way ends; the ground of a piece is as wide at each
point as what is left of the walk there.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from service_map.coverage._given import Floats, Whole
from service_map.coverage.snapping import Snapped, on_edges
from service_map.coverage.streets import Network
from service_map.coverage.walking import walk_metres

Shapes = NDArray[np.object_]

# Beside a way the ground is drawn exactly, however long its pieces are. The line between two ways is that between the
# middles of their pieces: at half this length it moves by three metres, and the drawing takes half as long again.
_PIECE_M = 50.0
_HALF_TURN = np.linspace(-np.pi / 2, np.pi / 2, 13)
_ARC = np.pi / 12
# Widened to the area of a true circle.
_ROUND = float(np.sqrt(_ARC / np.sin(_ARC)))
_SEAM_M = 0.01
_FINE_DEGREES = 1e-8


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces of ways in a plane.

    Attributes
    ----------
    start, end
        Metres east and north, shape (p, 2).
    left
        What is left of the walk at either end, shape (p, 2).
    onward
        Metres that the piece costs forth and back, shape (p, 2).
    tip
        Flags of ends at which the way itself ends, shape (p, 2).
    """

    start: Floats
    end: Floats
    left: Floats
    onward: Floats
    tip: NDArray[np.bool_]

    def take(self, rows: Whole) -> "_Pieces":
        return _Pieces(self.start[rows], self.end[rows], self.left[rows], self.onward[rows], self.tip[rows])


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
        but for some metres about the line between two ways.
    """
    west, south, east, north = shapely.bounds(area)
    # A plane of its own: at 100 km from its middle lengths are right to a ten-thousandth, a centimetre of the limit.
    plane = Proj(proj="tmerc", lat_0=(south + north) / 2, lon_0=(west + east) / 2, ellps="WGS84")
    corner = np.array([[west, south], [east, south], [east, north], [west, north]])
    box = np.column_stack(plane(*corner.T))
    pieces = _cut(net, np.column_stack(plane(*net.lonlat.T)), box, supply, metres=metres, limit=limit)
    if pieces is None:
        return shapely.Polygon()
    drawing = _drawn(pieces, limit)
    back = shapely.transform(drawing, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1], inverse=True)))
    # What was valid in the plane may cross itself by a rounding in degrees; a millimetre's grid mends that.
    return back if shapely.is_valid(back) else shapely.set_precision(back, _FINE_DEGREES)


def _cut(net: Network, flat: Floats, box: Floats, supply: Snapped, *, metres: float, limit: float) -> _Pieces | None:
    """Cut the ways that are reached, and those so near them that somebody might step onto either."""
    ways = net.ways
    one, other = flat[ways.ends[:, 0]], flat[ways.ends[:, 1]]
    low, high = box.min(axis=0) - 3 * limit, box.max(axis=0) + 3 * limit
    near = np.flatnonzero((np.minimum(one, other) <= high).all(axis=1) & (np.maximum(one, other) >= low).all(axis=1))
    parts = np.maximum(1, np.ceil(np.linalg.norm(other - one, axis=1)[near] / _PIECE_M)).astype(np.int64)
    # Where a facility stands on a way is an end of pieces too: from there what is left grows less both ways.
    doors = np.flatnonzero(np.isin(supply.edge, near))
    edge = np.concatenate((np.repeat(near, parts + 1), supply.edge[doors]))
    place = np.arange(int((parts + 1).sum())) - np.repeat(np.cumsum(parts + 1) - parts - 1, parts + 1)
    share = np.concatenate((place / np.repeat(parts, parts + 1), supply.share[doors]))
    order = np.lexsort((share, edge))
    edge, share = edge[order], share[order]
    fresh = np.ones(len(edge), dtype=np.bool_)
    fresh[1:] = (edge[1:] != edge[:-1]) | (share[1:] > share[:-1])
    edge, share = edge[fresh], share[fresh]
    left = metres - walk_metres(net, supply, on_edges(net, edge, share, np.zeros(len(edge))), metres=metres)
    spot = one[edge] * (1 - share)[:, None] + other[edge] * share[:, None]
    first = np.flatnonzero(edge[1:] == edge[:-1])
    part = share[first + 1] - share[first]
    cost = np.column_stack((ways.forth[edge[first]], ways.back[edge[first]])) * part[:, None]
    tip = np.column_stack((share[first] == 0, share[first + 1] == 1))
    pieces = _Pieces(spot[first], spot[first + 1], np.column_stack((left[first], left[first + 1])), cost, tip)
    hot = pieces.left.max(axis=1) > 0
    if not hot.any():
        return None
    middle = (pieces.start + pieces.end) / 2
    away, _ = cKDTree(middle[hot]).query(middle, distance_upper_bound=2 * limit + 2 * _PIECE_M)
    return pieces.take(np.flatnonzero(np.isfinite(away)))


def _drawn(pieces: _Pieces, limit: float) -> BaseGeometry:
    """Draw the ground of each piece within its cell, and join it."""
    middle, first = np.unique(((pieces.start + pieces.end) / 2).round(3), axis=0, return_index=True)
    pieces = pieces.take(first)
    hull = shapely.box(*(middle.min(axis=0) - 2 * limit), *(middle.max(axis=0) + 2 * limit))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(middle), extend_to=hull, ordered=True))
    meeting, lowest = _profile(pieces)
    # A cell within reach whole needs no drawing, and such cells share their edges to the last bit.
    whole = np.minimum(lowest, limit) >= _farthest(pieces, cells)
    part = np.flatnonzero(~whole & (np.maximum(pieces.left.max(axis=1), lowest) > 0))
    some = pieces.take(part)
    bands, owner = _bands(some, meeting[part], lowest[part], limit)
    caps, of = _caps(some, limit)
    shapes, rows = np.concatenate((bands, caps)), part[np.concatenate((owner, of))]
    ground = shapely.intersection(shapes, cells[rows])
    # Neighbours share an edge that each computed by itself: made a centimetre wider, they surely meet.
    seamed = shapely.buffer(ground[~shapely.is_empty(ground)], _SEAM_M, join_style="mitre")
    blocks = shapely.get_parts(shapely.coverage_union_all(cells[whole]))
    return shapely.disjoint_subset_union_all(np.concatenate((blocks, seamed)))


def _profile(pieces: _Pieces) -> tuple[Floats, Floats]:
    """Tell where along each piece what is left is least, as a share of it, and how much is left there."""
    start, end = pieces.left.T
    forth, back = pieces.onward.T
    with np.errstate(invalid="ignore"):
        meeting = np.where(np.isinf(back), 0.0, np.where(np.isinf(forth), 1.0, (start - end + forth) / (forth + back)))
        meeting = np.clip(np.nan_to_num(meeting, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
        onward = np.where(meeting < 1, end - (1 - meeting) * forth, end)
        backward = np.where(meeting > 0, start - meeting * back, start)
    # From a corner that a one-way piece leads away from, only the corner itself is left of.
    onward[np.isinf(back) & (meeting == 0)] = (end - forth)[np.isinf(back) & (meeting == 0)]
    alone = np.where(np.isinf(back), onward, np.where(np.isinf(forth), backward, np.maximum(onward, backward)))
    return meeting, alone


def _farthest(pieces: _Pieces, cells: Shapes) -> Floats:
    """Metres from each piece to the corner of its cell that lies farthest from it."""
    corner, cell = shapely.get_coordinates(cells, return_index=True)
    step = pieces.end - pieces.start
    length = np.maximum(np.einsum("px,px->p", step, step), 1e-12)
    aside = corner - pieces.start[cell]
    share = np.clip(np.einsum("px,px->p", aside, step[cell]) / length[cell], 0.0, 1.0)
    away = np.hypot(*(aside - share[:, None] * step[cell]).T)
    farthest = np.zeros(len(cells))
    np.maximum.at(farthest, cell, away)
    return farthest


def _bands(pieces: _Pieces, meeting: Floats, lowest: Floats, limit: float) -> tuple[Shapes, Whole]:
    """Draw what lies beside each piece, in two bands that meet where what is left is least; give the piece of each."""
    count = len(meeting)
    zero, one = np.zeros(count), np.ones(count)
    begin, finish = np.concatenate((zero, meeting)), np.concatenate((meeting, one))
    high = np.concatenate((pieces.left[:, 0], lowest)), np.concatenate((lowest, pieces.left[:, 1]))
    owner = np.tile(np.arange(count), 2)
    # Where nothing is left the band ends; what was not reached at all counts as nothing left right there.
    low, top = (np.where(np.isfinite(of), of, -1e9) for of in high)
    kept = (finish - begin > 1e-9) & (np.maximum(low, top) > 0)
    begin, finish, low, top = (of[kept] for of in (begin, finish, low, top))
    owner = owner[kept]
    slope = top - low
    with np.errstate(divide="ignore", invalid="ignore"):
        gone, capped = (np.where(slope != 0, (level - low) / slope, 0.0) for level in (0.0, limit))
    start = np.where(low < 0, gone, 0.0)
    end = np.where(top < 0, gone, 1.0)
    bend = np.clip(capped, start, end)
    shares = np.stack((start, bend, end), axis=1)
    width = np.clip(low[:, None] + shares * slope[:, None], 0.0, limit)
    along = begin[:, None] + shares * (finish - begin)[:, None]
    step = (pieces.end - pieces.start)[owner]
    line = pieces.start[owner][:, None, :] + along[:, :, None] * step[:, None, :]
    side = np.column_stack((-step[:, 1], step[:, 0])) / np.maximum(np.hypot(*step.T), 1e-9)[:, None]
    out = width[:, :, None] * side[:, None, :]
    return shapely.polygons(np.concatenate((line + out, (line - out)[:, ::-1]), axis=1)), owner


def _caps(pieces: _Pieces, limit: float) -> tuple[Shapes, Whole]:
    """Draw half a disc about each end of a way, beyond it: who is nearest to a corner walks from there."""
    step = pieces.end - pieces.start
    turn = np.arctan2(step[:, 1], step[:, 0])
    centre = np.concatenate((pieces.start, pieces.end))
    away = np.concatenate((turn + np.pi, turn))
    left = np.concatenate((pieces.left[:, 0], pieces.left[:, 1]))
    rows = np.flatnonzero(np.concatenate((pieces.tip[:, 0], pieces.tip[:, 1])) & (left > 0))
    angle = away[rows][:, None] + _HALF_TURN
    radius = np.minimum(left[rows], limit)[:, None] * _ROUND
    x, y = centre[rows, 0][:, None] + radius * np.cos(angle), centre[rows, 1][:, None] + radius * np.sin(angle)
    return shapely.polygons(np.stack((x, y), axis=2)), rows % len(step)
