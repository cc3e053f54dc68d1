"""How near a facility may be on foot that stands somewhere within so many metres of its point: a bound from below.

Wherever it stands, whoever walks there leaves the ways at a point that is no farther from the facility's own point than
that doubt and the last step together. So the search starts from all such points at once, each with the last step that
it takes at least.
"""

import numpy as np
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from service_map.coverage._given import Floats, Whole
from service_map.coverage.distance import ecef
from service_map.coverage.snapping import SNAP_M, Snapped, on_edges, snap
from service_map.coverage.streets import DOWNHILL, Network, Pieces
from service_map.coverage.walking import along_edges, from_doors, walk_from

# Doubts are rounded up to so many steps of a tenth, where there are more of them than that.
_MOST_DOUBTS = 12


def walk_at_least(
    net: Network, lonlat: Floats, doubt: Floats, homes: Snapped, *, metres: float, limit: float
) -> Floats:
    """Bound from below how far people walk to the nearest facility, wherever each stands within its doubt.

    Parameters
    ----------
    net
        The network.
    lonlat
        WGS 84 degrees of the facilities' points, shape (m, 2), longitude first.
    doubt
        Metres within which each stands, shape (m,).
    homes
        The people, as `service_map.coverage.snap` gives them.
    metres
        Walk no farther than this.
    limit
        As in `service_map.coverage.snap`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Never above the way to any place within the doubt; ``inf`` where it is above `metres`. It may be below the
        straight line, which bounds the way too.
    """
    step = _last_steps(net, lonlat, doubt, limit)
    near = np.flatnonzero(np.isfinite(step))
    pieces = net.ways.pieces
    if not len(near):
        return np.full(len(homes.edge), np.inf)
    edge, begin, end = _shares(pieces, near)
    entered = on_edges(net, np.tile(edge, 2), np.concatenate((begin, end)), np.tile(step[near], 2))
    least = _from_nodes(net, entered, homes, metres)
    on = np.flatnonzero(homes.edge >= 0)
    first = np.cumsum(pieces.count) - pieces.count
    count = pieces.count[homes.edge[on]]
    place = np.minimum((homes.share[on] * count).astype(np.int64), count - 1)
    own = step[first[homes.edge[on]] + place] + homes.metres[on]
    least[on] = np.minimum(least[on], own)
    # Along an edge of which every piece is near enough, nobody gains by going on to another piece.
    partly = np.bincount(edge, minlength=len(pieces.count))
    kept = entered.take(partly[entered.edge] < pieces.count[entered.edge])
    for home, _, way in along_edges(net, kept, homes):
        least[home] = np.minimum(least[home], way)
    least[least > metres] = np.inf
    return least


def walk_from_at_least(
    net: Network, point: Floats, lonlat: Floats, doubt: Floats, *, metres: float, limit: float = SNAP_M
) -> Floats:
    """Bound from below the way on foot from one point to each facility, wherever it stands within its doubt.

    Parameters
    ----------
    net
        The network.
    point
        WGS 84 degrees, longitude first.
    lonlat, doubt
        As in `walk_at_least`.
    metres
        Walk no farther than this.
    limit
        As in `service_map.coverage.snap`.

    Returns
    -------
    ndarray of float64, shape (m,)
        ``inf`` where it is above `metres`; 0, which says nothing, where the point is not on the network, or no way is
        near any place where the facility may stand.
    """
    least = np.zeros(len(lonlat))
    start = snap(net, point[None], limit=limit)
    if not len(lonlat) or start.edge[0] < 0:
        return least
    pieces = net.ways.pieces_for(lonlat, float(doubt.max()) + limit)
    if pieces.tree is None:
        return least
    middle, spots = np.asarray(pieces.tree.data), ecef(lonlat)
    found = pieces.tree.query_ball_point(spots, doubt + limit + pieces.half)
    facility = np.repeat(np.arange(len(lonlat)), [len(rows) for rows in found])
    near, place = np.unique(np.concatenate([*found, []]).astype(np.int64), return_inverse=True)
    of, begin, end = _shares(pieces, near)
    edge = pieces.rows[of]
    ends = on_edges(net, np.tile(edge, 2), np.concatenate((begin, end)), np.zeros(2 * len(near)))
    walked = np.minimum(*walk_from(net, point, ends, metres=metres, limit=limit).reshape(2, -1))
    walked[(edge == start.edge) & (begin <= start.share) & (start.share <= end)] = start.metres[0]
    step = np.linalg.norm(middle[near[place]] - spots[facility], axis=1) - pieces.half - doubt[facility]
    total = walked[place] + np.maximum(step, 0.0) / (DOWNHILL if net.sloped else 1.0)
    least[facility] = np.inf
    np.minimum.at(least, facility, total)
    least[least > metres] = np.inf
    return least


def entered(net: Network, lonlat: Floats, doubt: Floats, *, limit: float) -> tuple[Snapped, float]:
    """Give doors on the ways such that the ground about them is no less than that of facilities within their doubt.

    Parameters
    ----------
    net
        The network; not sloped.
    lonlat, doubt, limit
        As in `walk_at_least`.

    Returns
    -------
    doors : Snapped
        At both ends of every piece of a way from which one may be entered.
    more : float
        Metres that the walk has to be longer by, so that all of a piece is as near as its nearest point.
    """
    step = _last_steps(net, lonlat, doubt, limit)
    near = np.flatnonzero(np.isfinite(step))
    edge, begin, end = _shares(net.ways.pieces, near)
    length = np.fmin(net.ways.forth[edge], net.ways.back[edge]) * (end - begin)
    # Where both ways are walked nobody in a piece is farther from both of its ends than half of it.
    slack = length / 2 if net.inward is net.graph else length
    more = float(slack.max(initial=0.0))
    metres = step[near] + more - slack
    return on_edges(net, np.tile(edge, 2), np.concatenate((begin, end)), np.tile(metres, 2)), more


def _shares(pieces: Pieces, rows: Whole) -> tuple[Whole, Floats, Floats]:
    """Give the edge of each piece, as its place among `Pieces.rows`, and where on it the piece begins and ends."""
    first = np.cumsum(pieces.count) - pieces.count
    edge = pieces.edge[rows]
    begin = rows - first[edge]
    return edge, begin / pieces.count[edge], (begin + 1) / pieces.count[edge]


def _from_nodes(net: Network, entered: Snapped, homes: Snapped, metres: float) -> Floats:
    """Metres from each home over a node to where the ways are left."""
    best = np.full(len(net.lonlat), np.inf)
    np.minimum.at(best, entered.ends, entered.arrive)
    nodes = np.flatnonzero(best <= metres)
    door = np.zeros(len(nodes), dtype=np.int64)
    search = from_doors(net.inward, nodes[:, None], best[nodes][:, None], door, doors=1, most=metres)
    away = np.append(dijkstra(**search, limit=metres)[0, : len(net.lonlat)], np.inf)
    return np.asarray((away[homes.ends] + homes.leave).min(axis=1))


def _last_steps(net: Network, lonlat: Floats, doubt: Floats, limit: float) -> Floats:
    """Metres that the last step from each piece of a way takes at least, ``inf`` where it leads to none."""
    pieces = net.ways.pieces
    least = np.full(len(pieces.edge), np.inf)
    if pieces.tree is None or not len(lonlat):
        return least
    rounded = _few(doubt)
    spots, middle = ecef(lonlat), np.asarray(pieces.tree.data)
    for within in np.unique(rounded):
        mine = spots[rounded == within]
        far = within + limit + pieces.half
        rows = _about(middle, mine, far)
        away, _ = cKDTree(mine).query(middle[rows], distance_upper_bound=far)
        # A chord is shorter than its arc: the bound stays one.
        least[rows] = np.minimum(
            least[rows], np.where(np.isfinite(away), np.maximum(away - pieces.half - within, 0), np.inf)
        )
    return least / (DOWNHILL if net.sloped else 1.0)


def _few(doubt: Floats) -> Floats:
    if len(np.unique(doubt)) <= _MOST_DOUBTS:
        return doubt
    return np.asarray(1.1 ** np.ceil(np.log(np.maximum(doubt, 1.0)) / np.log(1.1) - 1e-9), dtype=np.float64)


def _about(middle: Floats, spots: Floats, far: float) -> Whole:
    low, high = spots.min(axis=0) - far, spots.max(axis=0) + far
    return np.flatnonzero(((middle >= low) & (middle <= high)).all(axis=1))
