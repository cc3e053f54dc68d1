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
from service_map.coverage.snapping import Snapped, on_edges
from service_map.coverage.streets import DOWNHILL, Network
from service_map.coverage.walking import along_edges, from_doors

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
    first = np.cumsum(pieces.count) - pieces.count
    edge = pieces.edge[near]
    begin = (near - first[edge]) / pieces.count[edge]
    end = (near - first[edge] + 1) / pieces.count[edge]
    entered = on_edges(net, np.tile(edge, 2), np.concatenate((begin, end)), np.tile(step[near], 2))
    least = _from_nodes(net, entered, homes, metres)
    on = np.flatnonzero(homes.edge >= 0)
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
