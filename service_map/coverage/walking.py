"""Walking reach: over a network where there is one, and the stated assumptions where there is none.

All facilities search outward at once (Dijkstra from many sources), so ten thousand of them cost what one does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.catchment import MOST_PAIRS, Pairs
from service_map.coverage.snapping import SNAP_M, Snapped, snap
from service_map.coverage.streets import DOWNHILL, Network, Ways
from service_map.errors import InvalidParameterError

SPEEDS = {"adult": 1.2, "elderly": 0.8, "child": 1.0, "cycle": 3.3}
"""Metres a second: an adult, an elderly person, a child with a carer, a bicycle. Assumptions, stated and changeable."""

DETOUR = 1.3
"""Length of a walk over the straight line where no network is given (a stated assumption)."""

# One block of a dense matrix of ways.
_DENSE_BYTES = 64_000_000
# A way of no length would be read as no way.
_SHORTEST_M = 1e-9


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
    supply, wanted = _snapped(net, facilities, limit), _snapped(net, demand, limit)
    away, source = _from_all(net, supply, most)
    by_end = wanted.leave + np.append(away, np.inf)[wanted.ends]
    end = np.argmin(by_end, axis=1)
    total = np.take_along_axis(by_end, end[:, None], axis=1)[:, 0]
    index = np.append(source, -1)[np.take_along_axis(wanted.ends, end[:, None], axis=1)[:, 0]]
    for home, facility, way in along_edges(net, supply, wanted):
        nearer = way < total[home]
        total[home[nearer]], index[home[nearer]] = way[nearer], facility[nearer]
    total[total > most] = np.inf
    return Walk(
        metres=total,
        index=np.where(np.isfinite(total), index, -1),
        on_network=wanted.edge >= 0,
        facilities_on_network=supply.edge >= 0,
    )


def _snapped(net: Network, places: ArrayLike | Snapped, limit: float) -> Snapped:
    return places if isinstance(places, Snapped) else snap(net, places, limit=limit)


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
    supply, wanted = _snapped(net, facilities, limit), _snapped(net, demand, limit)
    return _to_doors(net, supply, wanted, _metres_from_all(net, supply, most), most)


def _to_doors(net: Network, supply: Snapped, wanted: Snapped, away: Floats, most: float) -> Floats:
    """Metres from node to nearest facility made those from door to door, ``inf`` beyond the bound."""
    # Row -1, of what is not on the network, is the last: nobody is there.
    known = np.append(away, np.inf)
    total: Floats = np.minimum(
        known[wanted.ends[:, 0]] + wanted.leave[:, 0], known[wanted.ends[:, 1]] + wanted.leave[:, 1]
    )
    for home, _, way in along_edges(net, supply, wanted):
        total[home] = np.minimum(total[home], way)
    total[total > most] = np.inf
    return total


def along_edges(net: Network, supply: Snapped, wanted: Snapped) -> Iterator[tuple[Whole, Whole, Floats]]:
    """Give homes and facilities that stand on one edge with the way along it, each home at most once at a time."""
    ways = net.ways
    doors = np.flatnonzero(supply.edge >= 0)
    doors = doors[np.argsort(supply.edge[doors], kind="stable")]
    count = np.bincount(supply.edge[doors], minlength=len(ways.ends) + 1)
    first = np.cumsum(count) - count
    # Row -1 again: nobody's edge, on which there is nothing.
    homes = np.flatnonzero(count[wanted.edge])
    number = 0
    while len(homes):
        edge = wanted.edge[homes]
        facility = doors[first[edge] + number]
        along = along_edge(ways, edge, wanted.share[homes], supply.share[facility])
        yield homes, facility, along + wanted.metres[homes] + supply.metres[facility]
        number += 1
        homes = homes[count[edge] > number]


def walk_from(
    net: Network, point: ArrayLike, facilities: ArrayLike | Snapped, *, metres: float, limit: float = SNAP_M
) -> Floats:
    """Measure the way on foot from one point to each facility.

    Parameters
    ----------
    net
        The network.
    point
        WGS 84 degrees, longitude first.
    facilities
        As in `walk`, m of them.
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
    start, ends = snap(net, _given.point(point), limit=limit), _snapped(net, facilities, limit)
    total = np.full(len(ends.edge), np.inf)
    if start.edge[0] < 0 or not (ends.edge >= 0).any():
        return total
    away = np.append(_metres_out(net, start, most), np.inf)
    total = np.asarray((ends.arrive + away[ends.ends]).min(axis=1))
    beside = np.flatnonzero(ends.edge == start.edge[0])
    along = along_edge(net.ways, ends.edge[beside], np.broadcast_to(start.share, len(beside)), ends.share[beside])
    total[beside] = np.minimum(total[beside], start.metres[0] + along + ends.metres[beside])
    total[total > most] = np.inf
    return total


def along_edge(ways: Ways, edge: Whole, start: Floats, end: Floats) -> Floats:
    """Metres from one share of an edge to another along it; ``inf`` where it is not walked that way."""
    step = end - start
    # Those at one place are at one place, whichever way the edge leads.
    metres: Floats = np.abs(step) * np.where(step > 0, ways.forth[edge], np.where(step < 0, ways.back[edge], 0.0))
    return metres


def walk_pairs(
    net: Network,
    facilities: ArrayLike | Snapped,
    demand: ArrayLike | Snapped,
    *,
    metres: float,
    limit: float = SNAP_M,
    owner: Whole | None = None,
) -> Pairs:
    """List every facility and demand point within a walk of each other.

    Parameters
    ----------
    net, facilities, demand, limit
        As in `walk`.
    metres
        Walk no farther than this.
    owner
        Number of the facility that each of `facilities` is a point of, shape (m,); None where each is one.

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
    supply, wanted = _snapped(net, facilities, limit), _snapped(net, demand, limit)
    here, there = np.flatnonzero(supply.edge >= 0), np.flatnonzero(wanted.edge >= 0)
    if not len(here) or not len(there):
        return Pairs(facility=np.empty(0, dtype=np.int64), demand=np.empty(0, dtype=np.int64), metres=np.empty(0))
    numbers = np.arange(len(supply.edge)) if owner is None else np.asarray(owner, dtype=np.int64)
    owners, door = np.unique(numbers[here], return_inverse=True)
    edges, edge = np.unique(wanted.edge[there], return_inverse=True)
    by_edge = _Members.of(edge, len(edges))
    found = _beside_each_other(net, supply, wanted, most)
    parts = [(numbers[found[0]], found[1], found[2])]
    listed = len(found[0])
    graph, row = _within_walk(net, supply.ends[here], most)
    ends = np.append(row, -1)[net.ways.ends[edges]]
    entries = row[supply.ends[here]]
    block = max(1, _DENSE_BYTES // (8 * graph.shape[0]))
    for first in range(0, len(owners), block):
        mine = np.flatnonzero((door >= first) & (door < first + block))
        size = min(block, len(owners) - first)
        search = from_doors(graph, entries[mine], supply.arrive[here[mine]], door[mine] - first, doors=size, most=most)
        away = dijkstra(**search, limit=most)[:, : graph.shape[0]]
        away = np.column_stack((away, np.full(size, np.inf)))
        one, other = np.nonzero(np.minimum(away[:, ends[:, 0]], away[:, ends[:, 1]]) <= most)
        # Each facility with each demand point on the edge.
        times = by_edge.count[other]
        listed += int(times.sum())
        if listed > 4 * MOST_PAIRS:
            break
        number = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        one, other = np.repeat(one, times), np.repeat(other, times)
        home = there[by_edge.member[by_edge.first[other] + number]]
        by_end = away[one[:, None], ends[other]] + wanted.leave[home]
        total = by_end.min(axis=1)
        kept = total <= most
        parts.append((owners[one[kept] + first], home[kept], total[kept]))
    return _least_pairs(parts, too_many=listed > 4 * MOST_PAIRS)


def _beside_each_other(net: Network, supply: Snapped, wanted: Snapped, most: float) -> tuple[Whole, Whole, Floats]:
    """List the facilities and demand points on one edge that the way along it joins."""
    parts = [
        (facility[way <= most], home[way <= most], way[way <= most])
        for home, facility, way in along_edges(net, supply, wanted)
    ]
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    facility, home, way = (np.concatenate(column) for column in zip(*parts, strict=True))
    return facility, home, way


def _least_pairs(parts: list[tuple[Whole, Whole, Floats]], *, too_many: bool) -> Pairs:
    """Keep the least way of each pair, by facility and demand point."""
    facility, home, way = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((way, home, facility))
    facility, home, way = facility[order], home[order], way[order]
    first = np.ones(len(facility), dtype=np.bool_)
    first[1:] = (facility[1:] != facility[:-1]) | (home[1:] != home[:-1])
    if too_many or int(first.sum()) > MOST_PAIRS:
        raise InvalidParameterError(
            "metres",
            f"步行可达的点对超过 {MOST_PAIRS}；请减小半径或分区计算",
            f"more than {MOST_PAIRS} pairs lie within a walk; take a smaller radius or a part of the area",
        )
    return Pairs(facility=facility[first].astype(np.int64), demand=home[first].astype(np.int64), metres=way[first])


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


def _within_walk(net: Network, ends: Whole, most: float) -> tuple[csr_array, Whole]:
    """Cut the inward graph down to the box that no walk to these nodes leaves; give each node's row in it, or -1."""
    lon, lat = net.lonlat[ends.ravel(), 0], net.lonlat[ends.ravel(), 1]
    # Downhill a walk leads farther than its flat metres.
    north = most * (DOWNHILL if net.sloped else 1.0) / LEAST_DEGREE_M
    east = north / max(float(np.cos(np.radians(min(89.0, np.abs(lat).max() + north)))), 0.01)
    x, y = net.lonlat[:, 0], net.lonlat[:, 1]
    near = (x >= lon.min() - east) & (x <= lon.max() + east) & (y >= lat.min() - north) & (y <= lat.max() + north)
    row = np.where(near, np.cumsum(near) - 1, -1)
    if near.all():
        return net.inward, row
    return csr_array(net.inward[near][:, near]), row


def _from_all(net: Network, supply: Snapped, most: float) -> tuple[Floats, Whole]:
    """Metres from every node to its nearest facility, and which that is."""
    count, rows = len(net.lonlat), np.flatnonzero(supply.edge >= 0)
    if not len(rows):
        return np.full(count, np.inf), np.full(count, -1, dtype=np.int64)
    search = _inward_from(net, supply, rows, most)
    away, _, source = dijkstra(**search, min_only=True, limit=most, return_predecessors=True)
    found = source[:count] >= count
    return away[:count], np.where(found, rows[np.where(found, source[:count] - count, 0)], -1)


def _metres_from_all(net: Network, supply: Snapped, most: float) -> Floats:
    """Give the first that `_from_all` does, at less cost."""
    count, rows = len(net.lonlat), np.flatnonzero(supply.edge >= 0)
    if not len(rows):
        return np.full(count, np.inf)
    away: Floats = dijkstra(**_inward_from(net, supply, rows, most), min_only=True, limit=most)[:count]
    return away


def _inward_from(net: Network, supply: Snapped, rows: Whole, most: float) -> dict[str, Any]:
    return from_doors(
        net.inward, supply.ends[rows], supply.arrive[rows], np.arange(len(rows)), doors=len(rows), most=most
    )


def _metres_out(net: Network, start: Snapped, most: float) -> Floats:
    """Metres from one place to every node."""
    search = from_doors(net.graph, start.ends, start.leave, np.zeros(1, dtype=np.int64), doors=1, most=most)
    away: Floats = dijkstra(**search, limit=most)[0, : len(net.lonlat)]
    return away


def from_doors(graph: csr_array, ends: Whole, ways: Floats, door: Whole, *, doors: int, most: float) -> dict[str, Any]:
    """Lay out a search from doors: each is a node of its own, with ways to the ends of the edge it stands on.

    Parameters
    ----------
    graph
        To search in, of n nodes.
    ends, ways
        Nodes and metres to them, shape (m, 2); row -1 for none.
    door
        Number of the door that each belongs to, shape (m,).
    doors
        How many there are.
    most
        Longer ways are left out.
    """
    count = graph.shape[0]
    kept = (ends >= 0) & (ways <= most)
    row, end, way = np.broadcast_to(door[:, None], ends.shape)[kept], ends[kept], ways[kept]
    order = np.lexsort((way, end, row))
    row, end, way = row[order], end[order], way[order]
    # One door may have several points at one node: the nearest counts.
    first = np.ones(len(row), dtype=np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (end[1:] != end[:-1])
    size = np.bincount(row[first], minlength=doors)
    extended = csr_array(
        (
            np.concatenate((graph.data, np.maximum(way[first], _SHORTEST_M))),
            np.concatenate((graph.indices, end[first].astype(np.int32))),
            np.concatenate((graph.indptr, graph.indptr[-1] + np.cumsum(size).astype(np.int32))),
        ),
        shape=(count + doors, count + doors),
    )
    return {"csgraph": extended, "directed": True, "indices": np.arange(count, count + doors)}
