"""The ways of a network: which there are, what each costs to walk, and how they come out of a table and a file."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.distance import ecef, metres_between, on_ellipsoid
from service_map.coverage.squares import Squares
from service_map.errors import GeodataError, InvalidParameterError

ISLAND_NODES = 10
"""A piece of the network with fewer nodes is taken for an error of the survey, and nothing snaps to it."""

FORM = 4
"""Goes up when what is read out of a map or a table changes, so that arrays kept from before are made again."""

_OUTDATED = "written by another edition; make it again from the map"
_STEEPEST = 1.0
DOWNHILL = float(np.exp(3.5 * 0.05))
"""Tobler's walker is fastest a little downhill, by this factor: a sloped way may cost less than its flat length."""
# An edge of no length would be read as no edge.
_SHORTEST_M = 1e-9
# Pieces by which the nearest edge is found: shorter ones are more to keep, longer ones more to try.
_PIECE_M = 40.0
# For fewer points than one to so many edges only the edges near them are made ready.
_FEW = 50
_SHORT_M = 250.0
_SQUARES = 1_000_000
# Two maps of one street may differ by this much before a length below the straight line counts as mended.
_TOLERANCE_M = 0.01


@dataclass(frozen=True)
class Network:
    """Ways that can be walked.

    Attributes
    ----------
    lonlat
        WGS 84 degrees of the nodes, shape (n, 2).
    graph
        Metres from node to node, sparse (n, n); flat metres of equal effort where heights are known. Every edge is the
        geodesic between its ends, as far as anything stands on it.
    inward
        The same against the direction of walking, for searches that start at the facilities.
    snappable
        Nodes whose edges something may stand on (not on an island).
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
    sloped: bool
    mended: int
    level: int = 0

    @cached_property
    def ways(self) -> "Ways":
        """The edges that something may stand on."""
        return _ways(self)


@dataclass(frozen=True)
class Ways:
    """Edges that something may stand on.

    Attributes
    ----------
    lonlat
        WGS 84 degrees of the nodes, shape (n, 2).
    ends
        Rows of the nodes that each edge joins, shape (e, 2), the lower first.
    forth, back
        Metres from its first end to its second, and back, shape (e,); ``inf`` where it is not walked so.
    """

    lonlat: Floats
    ends: Whole
    forth: Floats
    back: Floats

    @cached_property
    def pieces(self) -> "Pieces":
        """The edges, made ready to be found."""
        return self._pieces_of(np.arange(len(self.ends)))

    def pieces_for(self, points: Floats, metres: float) -> "Pieces":
        """Give the pieces that may lie within some metres of points, WGS 84 degrees, shape (m, 2), and maybe more.

        For few points those of few edges are made, unless all are at hand.
        """
        if "pieces" in self.__dict__ or _FEW * len(points) > len(self.ends) or not len(points):
            return self.pieces
        reach = (metres + _SHORT_M) / LEAST_DEGREE_M
        scale = np.array([max(float(np.cos(np.radians(min(89.0, np.abs(points[:, 1]).max() + reach)))), 0.01), 1.0])
        squares = Squares.over(self.lonlat * scale, reach / 4, _SQUARES)
        near = squares.marked(points * scale, reach)[tuple(squares.of(self.lonlat * scale).T)]
        # Downhill a way costs less than its length.
        long = np.fmin(self.forth, self.back) * DOWNHILL > _SHORT_M
        return self._pieces_of(np.flatnonzero(near.take(self.ends[:, 0]) | long))

    def _pieces_of(self, rows: Whole) -> "Pieces":
        """Cut some edges into pieces."""
        xyz = ecef(self.lonlat)
        start, step = xyz[self.ends[rows, 0]], xyz[self.ends[rows, 1]] - xyz[self.ends[rows, 0]]
        length = np.sqrt(np.einsum("nx,nx->n", step, step))
        count = np.maximum(1, np.ceil(length / _PIECE_M)).astype(np.int64)
        edge = np.repeat(np.arange(len(rows)), count)
        owner = np.repeat(np.arange(len(rows)), count + 1)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(count + 1) - count - 1, count + 1)
        points = start[owner] + (place / count[owner])[:, None] * step[owner]
        inner = np.flatnonzero((place > 0) & (place < count[owner]))
        points[inner] = on_ellipsoid(points[inner])
        first = np.arange(len(edge)) + edge
        if not len(edge):
            return Pieces(rows, count, edge, points, None, 0.0)
        half = float(np.linalg.norm(points[first + 1] - points[first], axis=1).max()) / 2
        # Not balanced: made in half the time, and asked as fast.
        tree = cKDTree((points[first] + points[first + 1]) / 2, balanced_tree=False)
        return Pieces(rows, count, edge, points, tree, half)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Edges in pieces by which the nearest is found.

    Attributes
    ----------
    rows
        Of the edges that are in pieces, shape (k,).
    count
        Of each of these, how many equal pieces it is cut into, shape (k,).
    edge
        Of each piece, shape (p,), its place among `rows`; the pieces of an edge follow each other.
    points
        Earth-centred metres of the ends of all pieces, on the ellipsoid, shape (p + k, 3): piece j of the edge in place
        i reaches from row i + j to the next.
    tree
        The middles of the pieces, None where there is none.
    half
        Half of the longest piece, metres.
    """

    rows: Whole
    count: Whole
    edge: Whole
    points: Floats
    tree: cKDTree | None
    half: float


def _ways(net: Network) -> Ways:
    allowed = np.zeros(len(net.lonlat), dtype=np.bool_)
    allowed[net.snappable] = True
    ends, forth, back = edges_of(net)
    kept = allowed[ends[:, 0]] & allowed[ends[:, 1]]
    alike = forth is back
    ends, forth = ends[kept], forth[kept]
    return Ways(net.lonlat, ends, forth, forth if alike else back[kept])


def edges_of(net: Network) -> tuple[Whole, Floats, Floats]:
    """Give each edge once: its ends, the lower row first, and the metres forth and back, ``inf`` where not walked."""
    ways = net.graph.tocoo()
    start, end, cost = ways.row.astype(np.int64), ways.col.astype(np.int64), ways.data
    onward = start < end
    if net.inward is net.graph:
        both = cost[onward]
        return np.column_stack((start[onward], end[onward])), both, both
    key, edge = np.unique(np.minimum(start, end) * len(net.lonlat) + np.maximum(start, end), return_inverse=True)
    forth, back = np.full(len(key), np.inf), np.full(len(key), np.inf)
    forth[edge[onward]] = cost[onward]
    back[edge[~onward]] = cost[~onward]
    return np.column_stack((key // max(len(net.lonlat), 1), key % max(len(net.lonlat), 1))), forth, back


def network(
    lonlat: ArrayLike,
    edges: ArrayLike,
    *,
    metres: ArrayLike | None = None,
    heights: ArrayLike | None = None,
    rise: ArrayLike | None = None,
    island: int = ISLAND_NODES,
    oneway: ArrayLike | None = None,
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

    Returns
    -------
    Network
        Its nodes are those given, in their order.

    Raises
    ------
    InvalidParameterError
        When an array cannot be used.

    Notes
    -----
    W. Tobler, Three presentations on geographical analysis and modeling, NCGIA TR 93-1 (1993): speed
    ``6 exp(-3.5 |slope + 0.05|)`` km/h, taken here relative to the flat.
    """
    nodes = _given.lonlat(lonlat, "lonlat")
    pairs = _edges(edges, len(nodes))
    length, mended = _lengths(nodes, pairs, metres)
    both = np.ones(len(pairs), dtype=np.bool_) if oneway is None else ~np.asarray(oneway, dtype=np.bool_)
    if both.shape != (len(pairs),):
        raise InvalidParameterError("oneway", f"应有 {len(pairs)} 个", f"takes {len(pairs)} values")
    gained, level = _rise(rise, heights, pairs, len(nodes))
    start = np.concatenate((pairs[:, 0], pairs[both, 1]))
    end = np.concatenate((pairs[:, 1], pairs[both, 0]))
    cost = np.concatenate((length, length[both]))
    if gained is not None:
        cost = cost / _tobler(np.concatenate((gained, -gained[both])), cost)
    graph = _shortest_of_parallel(start, end, np.maximum(cost, _SHORTEST_M), len(nodes))
    _, part = connected_components(graph, directed=False)
    size = np.bincount(part, minlength=int(part.max(initial=0)) + 1)
    inward = graph if both.all() and gained is None else csr_array(graph.T.tocsr())
    return Network(nodes, graph, inward, np.flatnonzero(size[part] >= island), gained is not None, mended, level)


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
        form=np.array(FORM),
    )


def _check_form(form: int) -> None:
    if form != FORM:
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
            return Network(nodes, graph, inward, arrays["snappable"], *notes)
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise GeodataError(
            f"路网文件 {path.name} 读不出：{error}", f"cannot read the network {path.name}: {error}"
        ) from error
