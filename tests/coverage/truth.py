"""Walks by other means: places put on the nearest street in a plane, and the ways searched by networkx."""

from itertools import pairwise

import numpy as np
import shapely
from pyproj import Proj

MIDDLE = (112.515, 35.315)
PLANE = Proj(proj="aeqd", lon_0=MIDDLE[0], lat_0=MIDDLE[1], ellps="WGS84")


def flat(lonlat):
    """Metres in a plane about the town: right to a millimetre over a few kilometres."""
    return np.column_stack(PLANE(np.asarray(lonlat)[:, 0], np.asarray(lonlat)[:, 1]))


def on_streets(nodes, edges, lonlat, *, limit=100.0, islands=()):
    """The nearest edge of each place (None beyond the limit), the share along it, and the metres to it."""
    plane, spots = flat(nodes), flat(lonlat)
    kept = np.flatnonzero(~np.isin(np.asarray(edges), list(islands)).any(axis=1))
    lines = shapely.linestrings(plane[np.asarray(edges)[kept]])
    away = shapely.distance(shapely.points(spots)[:, None], lines[None, :])
    row = away.argmin(axis=1)
    near = away[np.arange(len(spots)), row]
    share = shapely.line_locate_point(lines[row], shapely.points(spots), normalized=True)
    return [
        None if metres > limit else (int(kept[number]), float(part), float(metres))
        for number, part, metres in zip(row, share, near, strict=True)
    ]


def walks(networkx, town, stock, homes, *, limit=100.0, islands=()):
    """Metres from each home to each facility: homes and facilities are nodes on their streets.

    `town` is (nodes, edges, forth, back): metres along each edge, inf where it is not walked so; of edges between the
    same two nodes the cheaper counts, each way.
    """
    nodes, edges, forth, back = town
    least = {}
    for (one, other), there, again in zip(np.asarray(edges).tolist(), forth, back, strict=True):
        for key, metres in (((one, other), there), ((other, one), again)):
            least[key] = min(least.get(key, np.inf), metres)
    standing = {}
    for kind, places in (("home", homes), ("door", stock)):
        for number, place in enumerate(on_streets(nodes, edges, places, limit=limit, islands=islands)):
            if place is not None:
                one, other = np.asarray(edges)[place[0]].tolist()
                share = place[1] if one < other else 1 - place[1]
                standing.setdefault(tuple(sorted((one, other))), []).append((share, kind, number, place[2]))
    graph = networkx.DiGraph()
    for street in {tuple(sorted(key)) for key in least}:
        lay(graph, street, least, sorted(standing.get(street, [])))
    answer = np.full((len(homes), len(stock)), np.inf)
    turned = graph.reverse(copy=False)
    for door in range(len(stock)):
        if ("door", door) in turned:
            found = networkx.single_source_dijkstra_path_length(turned, ("door", door))
            answer[:, door] = [found.get(("home", home), np.inf) for home in range(len(homes))]
    return answer


def lay(graph, street, least, standing):
    """Lay one street into the graph, with those who stand on it in their order."""
    one, other = street
    stops = [(0.0, one), *((share, (kind, number, "foot")) for share, kind, number, _ in standing), (1.0, other)]
    for (start, a), (end, b) in pairwise(stops):
        for u, v, whole in ((a, b, least.get((one, other), np.inf)), (b, a, least.get((other, one), np.inf))):
            # Two at one place are at one place, whichever way the street leads.
            metres = 0.0 if end == start else (end - start) * whole
            if np.isfinite(metres) and metres < graph.get_edge_data(u, v, {"weight": np.inf})["weight"]:
                graph.add_edge(u, v, weight=metres)
    for _, kind, number, metres in standing:
        foot, place = (kind, number, "foot"), (kind, number)
        graph.add_edge(*((foot, place) if kind == "door" else (place, foot)), weight=metres)
