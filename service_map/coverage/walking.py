"""Walking reach: over a network where there is one, and the stated assumptions where there is none.

All facilities search outward at once (Dijkstra from many sources), so ten thousand of them cost what one does.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.catchment import MOST_PAIRS, Pairs
from service_map.coverage.distance import arcs, ecef, metres_between
from service_map.coverage.straight import Cells
from service_map.errors import GeodataError, InvalidParameterError

SPEEDS = {"adult": 1.2, "elderly": 0.8, "child": 1.0, "cycle": 3.3}
"""Metres a second: an adult, an elderly person, a child with a carer, a bicycle. Assumptions, stated and changeable."""

DETOUR = 1.3
"""Length of a walk over the straight line where no network is given (a stated assumption)."""

SNAP_M = 100.0
"""How far a facility or a home may lie from the network and still be on it."""

PIECE_M = 50.0
"""How long an edge of a map or of a table may be before it is cut: homes are on the network by its nodes."""

ISLAND_NODES = 10
"""A piece of the network with fewer nodes is taken for an error of the survey, and nothing snaps to it."""

# Goes up when what is read out of a map or a table changes, so that arrays kept from before are made again.
_FORM = 3
_OUTDATED = "written by another edition; make it again from the map"
_STEEPEST = 1.0
DOWNHILL = float(np.exp(3.5 * 0.05))
"""Tobler's walker is fastest a little downhill, by this factor: a sloped way may cost less than its flat length."""
# One block of a dense matrix of ways.
_DENSE_BYTES = 64_000_000
# An edge of no length would be read as no edge.
_SHORTEST_M = 1e-9
# Two maps of one street may differ by this much before a length below the straight line counts as mended.
_TOLERANCE_M = 0.01


@dataclass(frozen=True, slots=True)
class Network:
    """Ways that can be walked.

    Attributes
    ----------
    lonlat
        WGS 84 degrees of the nodes, shape (n, 2).
    graph
        Metres from node to node, sparse (n, n); flat metres of equal effort where heights are known.
    inward
        The same against the direction of walking, for searches that start at the facilities.
    snappable
        Nodes that something may snap to (not on an island).
    tree
        Those nodes, to find the nearest; None where there is none.
    sloped
        True where heights went into `graph`.
    mended
        Edges that were shorter than the straight line between their ends and were given its length.
    level
        Edges of a sloped network that were taken as level, for the height of an end is not known.
    """

    lonlat: Floats
    graph: csr_array
    inward: csr_array
    snappable: Whole
    tree: cKDTree | None
    sloped: bool
    mended: int
    level: int = 0


def network(
    lonlat: ArrayLike,
    edges: ArrayLike,
    *,
    metres: ArrayLike | None = None,
    heights: ArrayLike | None = None,
    rise: ArrayLike | None = None,
    island: int = ISLAND_NODES,
    oneway: ArrayLike | None = None,
    piece: float | None = None,
) -> Network:
    """Make a network from a table of edges.

    Parameters
    ----------
    lonlat
        WGS 84 degrees of the nodes, shape (n, 2), longitude first.
    edges
        Rows of `lonlat` that each edge joins, shape (m, 2). Where two edges join the same nodes the shorter is kept.
    metres
        Length of each edge, shape (m,); None for the straight line. No way is shorter than the straight line: what
        claims to be gets its length, and `Network.mended` counts it.
    heights
        Metres above the sea of each node, shape (n,): the way then costs what it costs in time, by Tobler's hiking
        function, in metres of flat way. NaN where it is not known: edges there are taken as level.
    rise
        Metres gained along each edge from its first end to its second, shape (m,), instead of `heights`.
    island
        Pieces of the network with fewer nodes are not snapped to.
    oneway
        Flags, shape (m,), of edges on which even walkers go one way only.
    piece
        Longest edge in metres: a longer one is cut into equal parts, so that who lives along it is on it. None leaves
        the edges as they are.

    Returns
    -------
    Network
        Its first n nodes are those given, in their order; those of cuts follow.

    Raises
    ------
    InvalidParameterError
        When an array cannot be used.

    Notes
    -----
    W. Tobler, Three presentations on geographical analysis and modeling, NCGIA TR 93-1 (1993): speed
    6 exp(-3.5 |slope + 0.05|) km/h, taken here relative to the flat.
    """
    nodes = _given.lonlat(lonlat, "lonlat")
    pairs = _edges(edges, len(nodes))
    length, mended = _lengths(nodes, pairs, metres)
    both = np.ones(len(pairs), dtype=np.bool_) if oneway is None else ~np.asarray(oneway, dtype=np.bool_)
    if both.shape != (len(pairs),):
        raise InvalidParameterError("oneway", f"应有 {len(pairs)} 个", f"takes {len(pairs)} values")
    gained, level = _rise(rise, heights, pairs, len(nodes))
    given = len(nodes)
    if piece is not None:
        nodes, pairs, length, edge, share = _cut(nodes, pairs, length, _given.radius(piece, "piece"))
        both, gained = both[edge], None if gained is None else gained[edge] * share
    start = np.concatenate((pairs[:, 0], pairs[both, 1]))
    end = np.concatenate((pairs[:, 1], pairs[both, 0]))
    cost = np.concatenate((length, length[both]))
    if gained is not None:
        cost = cost / _tobler(np.concatenate((gained, -gained[both])), cost)
    graph = _shortest_of_parallel(start, end, np.maximum(cost, _SHORTEST_M), len(nodes))
    _, part = connected_components(graph, directed=False)
    # A cut makes nodes, not streets: an island is told by the nodes that were given.
    size = np.bincount(part[:given], minlength=int(part.max(initial=0)) + 1)
    inward = graph if both.all() and gained is None else csr_array(graph.T.tocsr())
    notes = (gained is not None, mended, level)
    return _with_tree(nodes, graph, inward, np.flatnonzero(size[part] >= island), notes)


def _cut(nodes: Floats, pairs: Whole, length: Floats, most: float) -> tuple[Floats, Whole, Floats, Whole, Floats]:
    """Cut long edges; give nodes, edges, lengths, the edge that each is a part of, and which share of it."""
    parts = np.maximum(1, np.ceil(length / most)).astype(np.int64)
    edge = np.repeat(np.arange(len(pairs)), parts)
    place = np.arange(len(edge)) - np.repeat(np.cumsum(parts) - parts, parts)
    first = len(nodes) + np.cumsum(parts - 1) - (parts - 1)
    start = np.where(place == 0, pairs[edge, 0], first[edge] + place - 1)
    end = np.where(place == parts[edge] - 1, pairs[edge, 1], first[edge] + place)
    new = np.flatnonzero(place > 0)
    along = (place[new] / parts[edge[new]])[:, None]
    between = nodes[pairs[edge[new], 0]] * (1 - along) + nodes[pairs[edge[new], 1]] * along
    every = np.concatenate((nodes, between))
    share = 1 / parts[edge]
    # A line of even steps in degrees is longer than the geodesic by less than a millimetre, but no way may be shorter.
    straight = metres_between(every[start], every[end]) if len(start) else np.empty(0)
    return every, np.column_stack((start, end)), np.maximum(length[edge] * share, straight), edge, share


def _with_tree(
    nodes: Floats, graph: csr_array, inward: csr_array, snappable: Whole, notes: tuple[bool, int, int]
) -> Network:
    tree = cKDTree(ecef(nodes[snappable])) if len(snappable) else None
    return Network(nodes, graph, inward, snappable, tree, *notes)


def _edges(edges: ArrayLike, count: int) -> Whole:
    pairs = np.asarray(edges)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise InvalidParameterError("edges", "应为 (m, 2) 的整数数组", "takes whole numbers of shape (m, 2)")
    if pairs.min() < 0 or pairs.max() >= count:
        raise InvalidParameterError(
            "edges", f"节点号应在 0 与 {count - 1} 之间", f"node numbers lie between 0 and {count - 1}"
        )
    return pairs.astype(np.int64)


def _lengths(nodes: Floats, pairs: Whole, metres: ArrayLike | None) -> tuple[Floats, int]:
    straight = metres_between(nodes[pairs[:, 0]], nodes[pairs[:, 1]]) if len(pairs) else np.empty(0)
    if metres is None:
        return straight, 0
    given = _given.amounts(metres, len(pairs), "metres")
    return np.maximum(given, straight), int((given < straight - _TOLERANCE_M).sum())


def _rise(rise: ArrayLike | None, heights: ArrayLike | None, pairs: Whole, nodes: int) -> tuple[Floats | None, int]:
    """Metres gained along each edge, None where nobody gave heights, and how many edges had none."""
    if rise is None and heights is None:
        return None, 0
    name, count = ("heights", nodes) if rise is None else ("rise", len(pairs))
    array = np.asarray(heights if rise is None else rise, dtype=np.float64)
    if array.shape != (count,) or np.isinf(array).any() or (rise is not None and heights is not None):
        raise InvalidParameterError(
            name,
            f"应为 {count} 个有限的数，且 heights、rise 只给一个",
            f"takes {count} finite numbers, and heights or rise, not both",
        )
    gained = array[pairs[:, 1]] - array[pairs[:, 0]] if rise is None else array
    unknown = np.isnan(gained)
    if len(gained) and unknown.all():
        raise InvalidParameterError(name, "没有一条边有高程", "no edge has a height at both ends")
    return np.where(unknown, 0.0, gained), int(unknown.sum())


def _tobler(rise: Floats, metres: Floats) -> Floats:
    # A height read beside a bridge or a cutting makes a cliff of a short edge: nobody walks what is steeper than this.
    slope = np.clip(rise / np.maximum(metres, _SHORTEST_M), -_STEEPEST, _STEEPEST)
    relative: Floats = np.exp(-3.5 * np.abs(slope + 0.05)) / np.exp(-3.5 * 0.05)
    return np.maximum(relative, 1e-6)


def _shortest_of_parallel(start: Whole, end: Whole, cost: Floats, count: int) -> csr_array:
    # A sparse matrix made from triplets adds repeated entries up, which would lengthen the way: keep the least.
    proper = start != end
    start, end, cost = start[proper], end[proper], cost[proper]
    order = np.lexsort((cost, end, start))
    start, end, cost = start[order], end[order], cost[order]
    first = np.ones(len(start), dtype=np.bool_)
    first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    indptr = np.concatenate(([0], np.cumsum(np.bincount(start[first], minlength=count))))
    return csr_array((cost[first], end[first].astype(np.int32), indptr.astype(np.int32)), shape=(count, count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapped:
    """Where points stand on a network.

    Attributes
    ----------
    node
        Row of the network's nodes, shape (n,); -1 where none is near enough.
    metres
        Straight line to that node, shape (n,); ``inf`` where there is none.
    """

    node: Whole
    metres: Floats


def snap(net: Network, lonlat: ArrayLike | Cells, *, limit: float = SNAP_M) -> Snapped:
    """Find the node at which each point stands.

    Parameters
    ----------
    net
        The network.
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first, or `Cells` made of them.
    limit
        Metres beyond which a point is not on the network.

    Returns
    -------
    Snapped

    Raises
    ------
    InvalidParameterError
        When a coordinate or `limit` cannot be used.
    """
    most = _given.radius(limit, "limit")
    points = lonlat.lonlat if isinstance(lonlat, Cells) else _given.lonlat(lonlat, "lonlat")
    node = np.full(len(points), -1, dtype=np.int64)
    away = np.full(len(points), np.inf)
    if net.tree is not None and len(points):
        xyz = lonlat.xyz if isinstance(lonlat, Cells) else ecef(points)
        chord, row = net.tree.query(xyz, distance_upper_bound=most)
        found = np.isfinite(chord)
        node[found] = net.snappable[row[found]]
        away = arcs(chord, points, net.lonlat, node)
    return Snapped(node=node, metres=away)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far each demand point walks to its nearest facility.

    Attributes
    ----------
    metres
        Over the network, from door to door, shape (n,); ``inf`` where none is reached.
    index
        Row of that facility, shape (n,), -1 where none is reached.
    on_network
        Flags, shape (n,), of demand points that stand on the network.
    facilities_on_network
        Flags, shape (m,), of facilities that do.
    """

    metres: Floats
    index: Whole
    on_network: NDArray[np.bool_]
    facilities_on_network: NDArray[np.bool_]


def walk(
    net: Network,
    facilities: ArrayLike | Snapped,
    demand: ArrayLike | Snapped,
    *,
    metres: float,
    limit: float = SNAP_M,
) -> Walk:
    """Find every demand point's nearest facility on foot.

    Parameters
    ----------
    net
        The network.
    facilities, demand
        WGS 84 degrees, shape (m, 2) and (n, 2), longitude first; or what `snap` gave for them, where it is asked again.
    metres
        Walk no farther than this.
    limit
        As in `snap`.

    Returns
    -------
    Walk

    Raises
    ------
    InvalidParameterError
        When a coordinate, `metres` or `limit` cannot be used.
    """
    most = _given.radius(metres)
    supply = facilities if isinstance(facilities, Snapped) else snap(net, facilities, limit=limit)
    wanted = demand if isinstance(demand, Snapped) else snap(net, demand, limit=limit)
    away, source = _from_all(net, supply, most)
    total = _to_doors(away, wanted, most)
    return Walk(
        metres=total,
        index=np.where(np.isfinite(total), source[wanted.node], -1),
        on_network=wanted.node >= 0,
        facilities_on_network=supply.node >= 0,
    )


def walk_metres(
    net: Network,
    facilities: ArrayLike | Snapped,
    demand: ArrayLike | Snapped,
    *,
    metres: float,
    limit: float = SNAP_M,
) -> Floats:
    """Find how far every demand point walks to its nearest facility, where nobody asks which that is.

    Parameters
    ----------
    net, facilities, demand, metres, limit
        As in `walk`.

    Returns
    -------
    ndarray of float64, shape (n,)
        `Walk.metres`, in half the time of `walk`.

    Raises
    ------
    InvalidParameterError
        As in `walk`.
    """
    most = _given.radius(metres)
    supply = facilities if isinstance(facilities, Snapped) else snap(net, facilities, limit=limit)
    wanted = demand if isinstance(demand, Snapped) else snap(net, demand, limit=limit)
    return _to_doors(_metres_from_all(net, supply, most), wanted, most)


def _to_doors(away: Floats, wanted: Snapped, most: float) -> Floats:
    """Metres from node to nearest facility made those from door to door, ``inf`` beyond the bound."""
    # Row -1, of what is not on the network, is the last: nobody is there.
    total: Floats = np.append(away, np.inf)[wanted.node]
    total += wanted.metres
    total[total > most] = np.inf
    return total


def walk_from(net: Network, point: ArrayLike, facilities: ArrayLike, *, metres: float, limit: float = SNAP_M) -> Floats:
    """Measure the way on foot from one point to each facility.

    Parameters
    ----------
    net
        The network.
    point
        WGS 84 degrees, longitude first.
    facilities
        WGS 84 degrees, shape (m, 2), longitude first.
    metres
        Walk no farther than this.
    limit
        As in `snap`.

    Returns
    -------
    ndarray of float64, shape (m,)
        Metres from door to door; ``inf`` where the way is longer, or either end is not on the network.

    Raises
    ------
    InvalidParameterError
        When a coordinate, `metres` or `limit` cannot be used.
    """
    most = _given.radius(metres)
    start, ends = snap(net, _given.point(point), limit=limit), snap(net, facilities, limit=limit)
    total = np.full(len(ends.node), np.inf)
    on = ends.node >= 0
    if start.node[0] < 0 or not on.any():
        return total
    away = dijkstra(net.graph, directed=True, indices=int(start.node[0]), limit=most)
    total[on] = start.metres[0] + away[ends.node[on]] + ends.metres[on]
    total[total > most] = np.inf
    return total


def walk_pairs(
    net: Network,
    facilities: ArrayLike | Snapped,
    demand: ArrayLike | Snapped,
    *,
    metres: float,
    limit: float = SNAP_M,
) -> Pairs:
    """List every facility and demand point within a walk of each other.

    Parameters
    ----------
    net, facilities, demand, limit
        As in `walk`.
    metres
        Walk no farther than this.

    Returns
    -------
    Pairs
        `Pairs.metres` are those of the way from the demand point to the facility, from door to door.

    Raises
    ------
    InvalidParameterError
        When a coordinate, `metres` or `limit` cannot be used, or there are more than `MOST_PAIRS`.
    """
    most = _given.radius(metres)
    supply = facilities if isinstance(facilities, Snapped) else snap(net, facilities, limit=limit)
    wanted = demand if isinstance(demand, Snapped) else snap(net, demand, limit=limit)
    here, there = np.flatnonzero(supply.node >= 0), np.flatnonzero(wanted.node >= 0)
    starts, start = np.unique(supply.node[here], return_inverse=True)
    ends, end = np.unique(wanted.node[there], return_inverse=True)
    if not len(starts) or not len(ends):
        return Pairs(facility=np.empty(0, dtype=np.int64), demand=np.empty(0, dtype=np.int64), metres=np.empty(0))
    graph, row = _within_walk(net, starts, most)
    starts, ends = row[starts], row[ends]
    inside = np.flatnonzero(ends >= 0)
    by_start, by_end = _Members.of(start, len(starts)), _Members.of(end, len(ends))
    facility, point, way = [], [], []
    found = 0
    block = max(1, _DENSE_BYTES // (8 * graph.shape[0]))
    for first in range(0, len(starts), block):
        away = dijkstra(graph, directed=True, indices=starts[first : first + block], limit=most)[:, ends[inside]]
        one, other = np.nonzero(away <= most)
        along = away[one, other]
        one, other = one + first, inside[other]
        # Each facility at the one node with each demand point at the other.
        times_one, times_other = by_start.count[one], by_end.count[other]
        times = times_one * times_other
        found += int(times.sum())
        if found > 2 * MOST_PAIRS:
            break
        number = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        width = np.repeat(times_other, times)
        a = here[by_start.member[np.repeat(by_start.first[one], times) + number // width]]
        b = there[by_end.member[np.repeat(by_end.first[other], times) + number % width]]
        total = supply.metres[a] + np.repeat(along, times) + wanted.metres[b]
        kept = total <= most
        facility.append(a[kept])
        point.append(b[kept])
        way.append(total[kept])
    if found > 2 * MOST_PAIRS or sum(len(part) for part in way) > MOST_PAIRS:
        raise InvalidParameterError(
            "metres",
            f"步行可达的点对超过 {MOST_PAIRS}；请减小半径或分区计算",
            f"more than {MOST_PAIRS} pairs lie within a walk; take a smaller radius or a part of the area",
        )
    order = np.lexsort((np.concatenate(point), np.concatenate(facility)))
    return Pairs(
        facility=np.concatenate(facility)[order].astype(np.int64),
        demand=np.concatenate(point)[order].astype(np.int64),
        metres=np.concatenate(way)[order],
    )


@dataclass(frozen=True, slots=True)
class _Members:
    """Rows gathered by the group that each belongs to."""

    member: Whole
    first: Whole
    count: Whole

    @classmethod
    def of(cls, group: Whole, groups: int) -> "_Members":
        count = np.bincount(group.ravel(), minlength=groups)
        return cls(np.argsort(group.ravel(), kind="stable"), np.cumsum(count) - count, count)


def _within_walk(net: Network, starts: Whole, most: float) -> tuple[csr_array, Whole]:
    """Cut the inward graph down to the box that no walk to these nodes leaves; give each node's row in it, or -1."""
    lon, lat = net.lonlat[starts, 0], net.lonlat[starts, 1]
    north = most / 110_500
    east = north / max(float(np.cos(np.radians(min(89.0, np.abs(lat).max() + north)))), 0.01)
    x, y = net.lonlat[:, 0], net.lonlat[:, 1]
    near = (x >= lon.min() - east) & (x <= lon.max() + east) & (y >= lat.min() - north) & (y <= lat.max() + north)
    row = np.where(near, np.cumsum(near) - 1, -1)
    if near.all():
        return net.inward, row
    return csr_array(net.inward[near][:, near]), row


def node_metres(
    net: Network, facilities: ArrayLike, *, metres: float, limit: float = SNAP_M, ahead: ArrayLike = 0.0
) -> Floats:
    """Measure the way from every node of a network to its nearest facility.

    Parameters
    ----------
    net
        The network, of n nodes.
    facilities
        WGS 84 degrees, shape (m, 2), longitude first.
    metres
        Walk no farther than this.
    limit
        As in `snap`.
    ahead
        Metres that the walk to each facility is longer by, one number or shape (m,).

    Returns
    -------
    ndarray of float64, shape (n,)
        Metres to the facility's door; ``inf`` where none is reached.

    Raises
    ------
    InvalidParameterError
        When a coordinate or a length cannot be used.
    """
    most = _given.radius(metres)
    supply = snap(net, facilities, limit=limit)
    further = _given.amounts(ahead, len(supply.node), "ahead")
    kept = supply.metres + further <= most
    started = Snapped(node=np.where(kept, supply.node, -1), metres=supply.metres + further)
    return _metres_from_all(net, started, most)[: len(net.lonlat)]


def _from_all(net: Network, supply: Snapped, most: float) -> tuple[Floats, Whole]:
    """Metres from every node to its nearest facility, and which that is."""
    count, rows = len(net.lonlat), np.flatnonzero(supply.node >= 0)
    if not len(rows) or not count:
        return np.full(max(count, 1), np.inf), np.full(max(count, 1), -1, dtype=np.int64)
    away, _, source = dijkstra(**_search(net, supply, rows, most), return_predecessors=True)
    found = source[:count] >= count
    return away[:count], np.where(found, rows[np.where(found, source[:count] - count, 0)], -1)


def _metres_from_all(net: Network, supply: Snapped, most: float) -> Floats:
    """Give the first that `_from_all` does, at less cost."""
    count, rows = len(net.lonlat), np.flatnonzero(supply.node >= 0)
    if not len(rows) or not count:
        return np.full(max(count, 1), np.inf)
    away: Floats = dijkstra(**_search(net, supply, rows, most))[:count]
    return away


def _search(net: Network, supply: Snapped, rows: Whole, most: float) -> dict[str, Any]:
    """Lay out a search from all facilities at once: each is a node of its own, with a way that begins at its door."""
    graph, count = net.inward, len(net.lonlat)
    extended = csr_array(
        (
            np.concatenate((graph.data, np.maximum(supply.metres[rows], _SHORTEST_M))),
            np.concatenate((graph.indices, supply.node[rows].astype(np.int32))),
            np.concatenate((graph.indptr, graph.indptr[-1] + np.arange(1, len(rows) + 1, dtype=np.int32))),
        ),
        shape=(count + len(rows), count + len(rows)),
    )
    doors = np.arange(count, count + len(rows))
    return {"csgraph": extended, "directed": True, "indices": doors, "min_only": True, "limit": most}


def save_network(path: Path, net: Network) -> None:
    """Write a network as plain arrays (``.npz``), which load in a fraction of the time it takes to make them.

    Parameters
    ----------
    path
        File to write.
    net
        The network.
    """
    np.savez(
        path,
        lonlat=net.lonlat,
        data=net.graph.data,
        indices=net.graph.indices,
        indptr=net.graph.indptr,
        snappable=net.snappable,
        directed=np.array(net.inward is not net.graph),
        sloped=np.array(net.sloped),
        mended=np.array(net.mended),
        level=np.array(net.level),
        form=np.array(_FORM),
    )


def _check_form(form: int) -> None:
    if form != _FORM:
        raise ValueError(_OUTDATED)


def load_network(path: Path) -> Network:
    """Read what `save_network` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Network

    Raises
    ------
    GeodataError
        When it is missing, damaged, or was written by another edition of this program.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            nodes = arrays["lonlat"]
            graph = csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=(len(nodes), len(nodes)))
            inward = csr_array(graph.T.tocsr()) if bool(arrays["directed"]) else graph
            _check_form(int(arrays["form"]))
            notes = (bool(arrays["sloped"]), int(arrays["mended"]), int(arrays["level"]))
            return _with_tree(nodes, graph, inward, arrays["snappable"], notes)
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise GeodataError(
            f"路网文件 {path.name} 读不出：{error}", f"cannot read the network {path.name}: {error}"
        ) from error
