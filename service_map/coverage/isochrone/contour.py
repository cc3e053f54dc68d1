"""The outline of reached ground: beside ways and about corners, joined to rings and these to polygons.

A ray ends where nothing is left of the walk, or where another way is as near. Where those who live beyond reach no
facility by that way the outline passes there. It leaves a fan where it enters another, at one spot of both.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from service_map.coverage._given import Floats, Whole
from service_map.coverage.isochrone.fans import Line, Ways, strung
from service_map.coverage.isochrone.inland import inland, near
from service_map.coverage.isochrone.segments import Turns, cut_even, turns_of
from service_map.coverage.isochrone.sides import Stretches, beside
from service_map.coverage.isochrone.turning import about
from service_map.coverage.plane import Flags, Pieces, changes, spread

# So many fans at a time stay in the processor's cache.
_AT_ONCE = 4_096
# Most circles stay this small, as a share of the limit: other ways are looked for farther away only where one does not.
_NARROW = 0.62
_Fans = TypeVar("_Fans", Stretches, Turns)
_LEAST_M2 = 0.01
_STRAIGHT_M = 0.02


def reached(pieces: Pieces, limit: float) -> BaseGeometry:
    """Draw the ground whose people reach a facility.

    Parameters
    ----------
    pieces
        All ways that somebody in the ground might step onto; some are reached.
    limit
        Metres beyond which nobody steps onto a way.

    Returns
    -------
    BaseGeometry
        Polygons in the plane of the pieces, each valid; by a rounding they may touch or lie on one another.
    """
    edge = (np.maximum(*pieces.left.T) > 0)[:, None] & ~inland(pieces, limit)
    kept = near(pieces, edge[:, 0] | edge[:, 1], 2 * limit)
    line = _followed(pieces.take(kept), edge[kept], limit)
    spot, run = line.spot, line.run
    if not len(run):
        return shapely.Polygon()
    opens = np.flatnonzero(changes(run))
    closes = np.append(opens[1:], len(run)) - 1
    order, ring = _cycles(_onward(spot[closes], spot[opens]))
    of, step = spread((closes - opens + 1)[order])
    return _nested(*_rings(spot[opens[order][of] + step], ring[of]))


def _followed(pieces: Pieces, edge: Flags, limit: float) -> Line:
    """Follow the outline beside the sides of pieces that are flagged, shape (p, 2), and about their corners."""
    parts = cut_even(pieces, limit)
    turns = turns_of(pieces, parts, limit)
    ways = Ways.of(parts, turns)
    at_edge = np.zeros(int(pieces.corner.max()) + 1, dtype=np.bool_)
    flagged = edge[:, 0] | edge[:, 1]
    at_edge[pieces.corner[flagged]] = True
    turns = turns.take(at_edge[turns.corner] & (turns.width > 0))
    some = Stretches.of(parts)
    some = some.take(flagged[some.piece])
    lines = [
        *_widening(some, edge[some.piece], limit, lambda mine, sides, most: beside(pieces, ways, mine, sides, most)),
        *_widening(
            turns,
            np.ones((len(turns.corner), 1), dtype=np.bool_),
            limit,
            lambda mine, _, most: about(pieces, ways, mine, most),
        ),
    ]
    return strung(*lines)


def _widening(
    fans: _Fans, asked: Flags, limit: float, follow: Callable[[_Fans, Flags, float], tuple[Line, Flags]]
) -> Iterator[Line]:
    """Follow the outline in fans, some at a time: first those whose rays end near by, then the others."""
    for first in range(0, len(asked), _AT_ONCE):
        some, left = fans.take(slice(first, first + _AT_ONCE)), asked[first : first + _AT_ONCE]
        for share in (_NARROW, 1.0):
            line, left = follow(some, left, share * limit)
            yield line
            rows: Flags = np.any(left, axis=1)
            if not rows.any():
                break
            some, left = some.take(rows), left[rows]


def _onward(end: Floats, start: Floats) -> Whole:
    """Tell which run follows each: the one that starts where it ends, else the nearest start that is left."""
    count = len(end)
    onward = np.full(count, -1)
    every = np.concatenate((end, start))
    _, place = np.unique(every.view(np.complex128).ravel(), return_inverse=True)
    ends, starts = np.argsort(place[:count], kind="stable"), np.argsort(place[count:], kind="stable")
    of_ends, of_starts = _numbered(place[:count][ends]), _numbered(place[count:][starts])
    _, one, other = np.intersect1d(of_ends, of_starts, assume_unique=True, return_indices=True)
    onward[ends[one]] = starts[other]
    loose = np.flatnonzero(onward < 0)
    spare = np.setdiff1d(np.arange(count), onward)
    while len(loose):
        _, found = cKDTree(start[spare]).query(end[loose])
        _, back = cKDTree(end[loose]).query(start[spare])
        mutual = np.flatnonzero(back[found] == np.arange(len(loose)))
        onward[loose[mutual]] = spare[found[mutual]]
        loose, spare = np.delete(loose, mutual), np.delete(spare, found[mutual])
    return onward


def _numbered(place: Whole) -> Whole:
    """Make sorted numbers that repeat distinct, alike for the same repetition of the same number."""
    opens = np.flatnonzero(changes(place))
    repeated = np.arange(len(place)) - np.repeat(opens, np.diff(np.append(opens, len(place))))
    return place * (len(place) + 1) + repeated


def _cycles(onward: Whole) -> tuple[Whole, Whole]:
    """Give the runs in the order in which they follow each other, and the number of the ring of each."""
    follows, seen = onward.tolist(), [False] * len(onward)
    order: list[int] = []
    ring: list[int] = []
    for first in range(len(follows)):
        at = first
        while not seen[at]:
            seen[at] = True
            order.append(at)
            ring.append(first)
            at = follows[at]
    return np.array(order), np.array(ring)


def _rings(spot: Floats, ring: Whole) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Make rings, of corners that are not in a straight line: those about ground, and those about gaps."""
    fresh = changes(ring, *spot.T)
    spot, ring = spot[fresh], ring[fresh]
    opens = np.flatnonzero(changes(ring))
    closes = np.append(opens[1:], len(ring)) - 1
    same = (spot[opens] == spot[closes]).all(axis=1)
    spot, ring = np.delete(spot, closes[same], axis=0), np.delete(ring, closes[same])
    size = np.bincount(ring)
    kept = size[ring] > 2
    _, number = np.unique(ring[kept], return_inverse=True)
    spot = spot[kept]
    rings = shapely.linearrings(spot, indices=number)
    # By the shoelace: a ring that touches itself has no side that could be told from one of its corners.
    opens = np.flatnonzero(changes(number))
    onward = np.arange(1, len(spot) + 1)
    onward[np.append(opens[1:], len(spot)) - 1] = opens
    x, y = (spot - spot[opens[number]]).T
    area = np.add.reduceat(x * y[onward] - x[onward] * y, opens) / 2
    rings = shapely.simplify(rings, _STRAIGHT_M, preserve_topology=False)
    # What is no wider than that is no ring any more.
    kept = (np.abs(area) > _LEAST_M2) & (shapely.get_type_id(rings) == shapely.GeometryType.LINEARRING)
    return shapely.polygons(rings[kept & (area > 0)]), shapely.polygons(rings[kept & (area < 0)])


def _nested(shells: NDArray[np.object_], holes: NDArray[np.object_]) -> BaseGeometry:
    """Cut each hole out of the smallest shell that it lies in."""
    hole, shell = shapely.STRtree(shells).query(shapely.point_on_surface(holes), predicate="within")
    order = np.lexsort((shapely.area(shells)[shell], hole))
    order = order[changes(hole[order])]
    hole, shell = hole[order], shell[order]
    inner = shapely.get_exterior_ring(holes[hole[np.argsort(shell, kind="stable")]])
    cut = np.split(inner, np.cumsum(np.bincount(shell, minlength=len(shells)))[:-1])
    rings = shapely.get_exterior_ring(shells)
    parts = np.array([shapely.polygons(ring, some) for ring, some in zip(rings, cut, strict=True)])
    # Where an outline crosses itself by a rounding, what it goes around once is kept.
    crossed = np.flatnonzero(~shapely.is_valid(parts))
    parts[crossed] = shapely.make_valid(parts[crossed])
    parts = shapely.get_parts(shapely.get_parts(parts))
    return shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
