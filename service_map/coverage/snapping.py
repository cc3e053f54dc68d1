"""Where homes and facilities stand on a network: at the nearest point of a way, not at its nearest corner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.distance import ecef, metres_between, on_ellipsoid, straight_arcs, to_lonlat
from service_map.coverage.straight import Cells
from service_map.coverage.streets import Network, Pieces

SNAP_M = 100.0
"""How far a facility or a home may lie from the network and still be on it."""

# So many points at a time stay in the processor's cache.
_CHUNK = 16_384
_FIRST_TRIES = 6
_SERIES_UP_TO_M = 5_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapped:
    """Where points stand on a network.

    Attributes
    ----------
    edge
        Row of the edges of `Network.ways`, shape (n,); -1 where none is near enough.
    share
        How far along it the nearest point is, 0 at its first end, 1 at its second, shape (n,).
    metres
        Straight line to that point, shape (n,); ``inf`` where there is none.
    ends
        Rows of the nodes at the two ends, shape (n, 2); -1 where there is none.
    leave, arrive
        Metres from each point along the edge to either end, and from either end to it, shape (n, 2), the straight line
        counted in; ``inf`` where the edge is not walked so.
    """

    edge: Whole
    share: Floats
    metres: Floats
    ends: Whole
    leave: Floats
    arrive: Floats

    def take(self, rows: ArrayLike) -> "Snapped":
        """Give some of the points, by their rows or by flags."""
        some = np.asarray(rows)
        return Snapped(
            edge=self.edge[some], share=self.share[some], metres=self.metres[some], ends=self.ends[some],
            leave=self.leave[some], arrive=self.arrive[some],
        )  # fmt: skip

    def later(self, metres: Floats) -> "Snapped":
        """Give the same points with so many metres more from each to its way, shape (n,)."""
        more = metres[:, None]
        return Snapped(
            edge=self.edge, share=self.share, metres=self.metres + metres, ends=self.ends,
            leave=self.leave + more, arrive=self.arrive + more,
        )  # fmt: skip


def snap(net: Network, lonlat: ArrayLike | Cells, *, limit: float = SNAP_M) -> Snapped:
    """Find the nearest point of a way for each point.

    Parameters
    ----------
    net
        The network; edges of islands are left out.
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first, or `Cells` made of them.
    limit
        Metres beyond which a point is not on the network.

    Returns
    -------
    Snapped
        The foot of the perpendicular, to a tenth of a millimetre; of edges equally near, one of them.

    Raises
    ------
    InvalidParameterError
        When a coordinate or `limit` cannot be used.
    """
    most = _given.radius(limit, "limit")
    points = lonlat.lonlat if isinstance(lonlat, Cells) else _given.lonlat(lonlat, "lonlat")
    piece, along, away = np.full(len(points), -1, dtype=np.int64), np.zeros(len(points)), np.full(len(points), np.inf)
    pieces = net.ways.pieces_for(points, most)
    if pieces.tree is not None and len(points):
        xyz = lonlat.xyz if isinstance(lonlat, Cells) else ecef(points)
        # Neighbours are asked after one another, so that what the tree holds of their place is at hand.
        order = lonlat.order if isinstance(lonlat, Cells) else np.argsort(points[:, 1], kind="stable")
        for first in range(0, len(points), _CHUNK):
            rows = order[first : first + _CHUNK]
            piece[rows], along[rows] = _nearest_piece(pieces, xyz[rows], most)
        away = _measured(pieces, points, xyz, piece, along)
        piece[away > most] = -1
    return _at(net, pieces, piece, along, np.where(piece >= 0, away, np.inf))


def _nearest_piece(pieces: Pieces, xyz: Floats, most: float) -> tuple[Whole, Floats]:
    """Give the nearest piece of a way for each point, -1 where none is within reach, and the share along it."""
    assert pieces.tree is not None  # noqa: S101 - asked only where there is one
    piece, along, best = np.full(len(xyz), -1, dtype=np.int64), np.zeros(len(xyz)), np.full(len(xyz), np.inf)
    open_, tries = np.arange(len(xyz)), min(_FIRST_TRIES, pieces.tree.n)
    while len(open_):
        # A chord is no longer than its arc, and what is nearest lies within half a piece of the middle of its own.
        bound = most + pieces.half
        middle, found = pieces.tree.query(xyz[open_], k=np.arange(1, tries + 1), distance_upper_bound=bound)
        known = found < pieces.tree.n
        squared, share = _to_pieces(pieces, xyz[open_], np.where(known, found, 0))
        squared[~known] = np.inf
        nearest = np.argmin(squared, axis=1)
        at = np.arange(len(open_))
        best[open_] = np.sqrt(squared[at, nearest])
        along[open_] = share[at, nearest]
        piece[open_] = np.where(known[at, nearest], found[at, nearest], -1)
        # Whatever was not tried has its middle beyond the last that was.
        unsure = known[:, -1] & (best[open_] + pieces.half > middle[:, -1])
        open_ = open_[unsure] if tries < pieces.tree.n else open_[:0]
        tries = min(2 * tries, pieces.tree.n)
    return piece, along


def _to_pieces(pieces: Pieces, xyz: Floats, found: Whole) -> tuple[Floats, Floats]:
    """Measure from points, shape (n, 3), to k pieces each: the squared chord, and the share along the piece."""
    first = found + pieces.edge[found]
    start = pieces.points[first]
    step = pieces.points[first + 1] - start
    start -= xyz[:, None, :]
    length = np.einsum("nkx,nkx->nk", step, step)
    share = np.clip(-np.einsum("nkx,nkx->nk", start, step) / np.maximum(length, 1e-18), 0.0, 1.0)
    start += share[:, :, None] * step
    return np.einsum("nkx,nkx->nk", start, start), share


def _measured(pieces: Pieces, points: Floats, xyz: Floats, piece: Whole, along: Floats) -> Floats:
    """Metres on the ellipsoid to the point found, ``inf`` where none was."""
    away = np.full(len(piece), np.inf)
    on = np.flatnonzero(piece >= 0)
    first = piece[on] + pieces.edge[piece[on]]
    foot = on_ellipsoid(pieces.points[first] * (1 - along[on])[:, None] + pieces.points[first + 1] * along[on][:, None])
    away[on] = straight_arcs(np.linalg.norm(foot - xyz[on], axis=1))
    far = np.flatnonzero(away[on] > _SERIES_UP_TO_M)
    if len(far):
        away[on[far]] = metres_between(points[on[far]], to_lonlat(foot[far]))
    return away


def _at(net: Network, pieces: Pieces, piece: Whole, along: Floats, away: Floats) -> Snapped:
    """Say where points stand, by their piece and the share along it."""
    if pieces.tree is None:
        nowhere = np.full((len(piece), 2), np.inf)
        return Snapped(
            edge=piece, share=along, metres=away, ends=np.full((len(piece), 2), -1), leave=nowhere, arrive=nowhere
        )
    edge = pieces.edge[piece]
    first = np.cumsum(pieces.count) - pieces.count
    share = np.where(piece >= 0, (piece - first[edge] + along) / pieces.count[edge], 0.0)
    return on_edges(net, np.where(piece >= 0, pieces.rows[edge], -1), share, away)


def on_edges(net: Network, edge: Whole, share: Floats, metres: Floats) -> Snapped:
    """Make what `snap` gives of places on edges of `Network.ways`, row -1 for none, and the metres beside them."""
    ways = net.ways
    on = edge >= 0
    ends = np.where(on[:, None], ways.ends[edge], -1)
    back, forth = _part(share, ways.back[edge], metres, on), _part(1 - share, ways.forth[edge], metres, on)
    leave = np.column_stack((back, forth))
    arrive = leave
    if ways.forth is not ways.back:
        arrive = np.column_stack(
            (_part(share, ways.forth[edge], metres, on), _part(1 - share, ways.back[edge], metres, on))
        )
    return Snapped(edge=edge, share=share, metres=metres, ends=ends, leave=leave, arrive=arrive)


def _part(share: Floats, whole: Floats, metres: Floats, on: np.ndarray) -> Floats:
    """Metres of a share of an edge and beside it. At its very end is the corner, whichever way the edge leads."""
    with np.errstate(invalid="ignore"):
        part = np.where(share > 0, share * whole, 0.0)
    return np.where(on, part + metres, np.inf)
