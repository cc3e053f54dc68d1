"""Ways to walk out of an OpenStreetMap extract: which there are, which way they lead, and squares walked across."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from service_map.catalogue.degrees import DEGREE_M
from service_map.coverage._given import Whole
from service_map.coverage._osm_file import Extract, Tags, read_extract
from service_map.coverage.streets import ISLAND_NODES, Network, network
from service_map.coverage.terrain import sample_heights
from service_map.errors import GeodataError

WALKED = frozenset(
    (
        *("trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link"),
        *("unclassified", "residential", "living_street", "service", "road", "track", "pedestrian", "footway", "path"),
        *("steps", "platform", "corridor", "elevator"),
    )
)
"""Values of ``highway`` that are walked unless something denies it."""

WALKED_IF_ALLOWED = frozenset(("motorway", "motorway_link", "cycleway", "bridleway"))
"""Values that are walked only where ``foot`` allows it."""

_ALLOWED = frozenset(
    ("yes", "designated", "permissive", "official", "destination", "customers", "public", "discouraged")
)
_DENIED = frozenset(("no", "private", "use_sidepath", "restricted", "military", "emergency", "permit"))
_GONE = ("abandoned", "construction", "demolished", "disused", "proposed", "razed", "removed")

# Within a square of more corners only those count that a shortest way across it can touch.
_MANY_CORNERS = 12
_EDGE_M = 0.001


def read_osm(path: Path, *, island: int = ISLAND_NODES, elevation: Path | None = None) -> Network:
    """Read the ways that may be walked.

    Parameters
    ----------
    path
        An extract, ``.osm.pbf`` or ``.osm``.
    island
        As in `service_map.coverage.walking.network`.
    elevation
        A raster of heights, as for `service_map.coverage.sample_heights`.

    Returns
    -------
    Network
        Every vertex of a way is a node; ways meet where they share a node by its id, never because two nodes have the
        same coordinates (a bridge above a street). Walked are the ways of `WALKED`, and those of `WALKED_IF_ALLOWED`
        where ``foot`` allows it; what ``foot`` or else ``access`` denies is left out, and so is ``motorroad=yes``
        (城市快速路) unless ``foot`` allows it. One-way streets are walked both ways unless ``oneway:foot`` says
        otherwise; escalators and moving walkways lead as ``conveying`` says, both ways where that is ``reversible``.
        Squares (``area=yes``, or a multipolygon) are walked across: corners that see each other inside are joined.

    Raises
    ------
    GeodataError
        When the file cannot be read or holds no way that may be walked.

    Notes
    -----
    Tags as in https://wiki.openstreetmap.org/wiki/Key:foot, Key:access, Key:motorroad and Key:conveying; what is walked
    without a tag that says so is the world's default of
    https://wiki.openstreetmap.org/wiki/OSM_tags_for_routing/Access_restrictions.
    """
    extract = read_extract(path, may_be_walked)
    ids, lonlat = extract.ids, extract.lonlat
    if not extract.ways and not extract.areas:
        raise GeodataError(f"{path.name} 中没有可步行的路", f"{path.name} holds no way that may be walked")
    parts = [*_along(extract), *_across(extract)]
    pairs = np.concatenate([part for part, _ in parts])
    oneway = np.concatenate([np.full(len(part), flag) for part, flag in parts])
    # An extract is cut somewhere: of a way that leads out, the nodes beyond are not there.
    row = np.minimum(np.searchsorted(ids, pairs), max(len(ids) - 1, 0))
    there = (ids[row] == pairs).all(axis=1) if len(ids) else np.zeros(len(pairs), dtype=np.bool_)
    edges, oneway = row[there], oneway[there]
    if not len(edges):
        raise GeodataError(f"{path.name} 中没有可步行的路", f"{path.name} holds no way that may be walked")
    used, number = np.unique(edges, return_inverse=True)
    nodes = lonlat[used]
    heights = None if elevation is None else sample_heights(elevation, nodes)
    return network(nodes, number.reshape(-1, 2), island=island, oneway=oneway, heights=heights)


def may_be_walked(tags: Tags) -> bool:
    """Tell by its tags whether a way may be walked.

    Parameters
    ----------
    tags
        Of a way or multipolygon.

    Returns
    -------
    bool
    """
    kind = tags.get("highway", "")
    foot = tags.get("foot")
    if kind not in WALKED | WALKED_IF_ALLOWED or any(tags.get(key) == "yes" for key in _GONE):
        return False
    if foot in _ALLOWED:
        return True
    if kind in WALKED_IF_ALLOWED or tags.get("motorroad") == "yes":
        return False
    return (foot or tags.get("access")) not in _DENIED


def _direction(tags: Tags) -> int:
    """Tell which way a walker may go: 1 along the way only, -1 against it only, 0 both ways."""
    told = {"yes": 1, "1": 1, "true": 1, "-1": -1, "reverse": -1}.get(tags.get("oneway:foot", ""), 0)
    told = told or {"forward": 1, "backward": -1}.get(tags.get("conveying", ""), 0)
    if not told and tags.get("foot:backward") in _DENIED:
        return 1
    if not told and tags.get("foot:forward") in _DENIED:
        return -1
    return told


def _is_square(tags: Tags, nodes: Whole) -> bool:
    return tags.get("area") == "yes" and len(nodes) > 3 and bool(nodes[0] == nodes[-1])


def _along(extract: Extract) -> Iterator[tuple[Whole, bool]]:
    """Give the edges along ways and round squares, as ids of nodes, and whether they are walked one way only."""
    for way in extract.ways:
        only = 0 if _is_square(way.tags, way.nodes) else _direction(way.tags)
        line = way.nodes[::-1] if only < 0 else way.nodes
        yield np.column_stack((line[:-1], line[1:])), only != 0
    for area in extract.areas:
        for line in area.edges:
            yield np.column_stack((line[:-1], line[1:])), False


def _across(extract: Extract) -> Iterator[tuple[Whole, bool]]:
    """Give the straight ways across squares."""
    squares = [[way.nodes] for way in extract.ways if _is_square(way.tags, way.nodes)]
    squares += [_rings(area.edges) for area in extract.areas]
    if not squares:
        return
    met = _met(extract)
    for rings in squares:
        if not rings or not np.isin(np.concatenate(rings), extract.ids).all():
            continue  # cut off at the edge of the extract
        square = _Square(rings, extract)
        corners = np.arange(len(square.ids))
        if len(corners) > _MANY_CORNERS:
            corners = np.flatnonzero(square.turning() | np.isin(square.ids, met))
        yield square.seen(corners), False


def _met(extract: Extract) -> Whole:
    """Give the ids of nodes at which more than one way stands."""
    lines = [np.unique(way.nodes) for way in extract.ways]
    lines += [np.unique(np.concatenate(area.edges)) for area in extract.areas if area.edges]
    every, times = np.unique(np.concatenate(lines), return_counts=True)
    found: Whole = every[times > 1]
    return found


def _rings(edges: Iterable[Whole]) -> list[Whole]:
    """Join the ways round a multipolygon, end to end by the ids of their nodes, to rings; what stays open is left."""
    rings, open_ = [], [list(line) for line in edges if len(line) > 1]
    while open_:
        ring = open_.pop()
        while ring[0] != ring[-1]:
            number = next((i for i, line in enumerate(open_) if ring[-1] in (line[0], line[-1])), None)
            if number is None:
                break
            line = open_.pop(number)
            ring += line[1:] if line[0] == ring[-1] else line[-2::-1]
        if ring[0] == ring[-1] and len(ring) > 3:
            rings.append(np.array(ring, dtype=np.int64))
    return rings


class _Square:
    """The ground between some rings, in metres about its middle, with the ids of its corners."""

    def __init__(self, rings: list[Whole], extract: Extract) -> None:
        every = np.concatenate([ring[:-1] for ring in rings])
        before = np.concatenate([np.roll(ring[:-1], 1) for ring in rings])
        after = np.concatenate([np.roll(ring[:-1], -1) for ring in rings])
        self.ids, first = np.unique(every, return_index=True)
        lonlat = extract.lonlat[np.searchsorted(extract.ids, self.ids)]
        middle = lonlat.mean(axis=0)
        self._flat = (lonlat - middle) * DEGREE_M * (np.cos(np.radians(middle[1])), 1.0)
        self._before, self._after = (np.searchsorted(self.ids, of[first]) for of in (before, after))
        # What is inside is inside an odd number of rings: holes need not be told from grounds.
        ground = shapely.Polygon()
        for ring in rings:
            surface = shapely.make_valid(shapely.Polygon(self._flat[np.searchsorted(self.ids, ring)]))
            ground = shapely.symmetric_difference(ground, surface)
        # A way along the edge of a square lies in it, whatever the last bit says.
        self._ground = shapely.buffer(ground, _EDGE_M, join_style="mitre")
        shapely.prepare(self._ground)

    def turning(self) -> NDArray[np.bool_]:
        """Tell the corners at which the edge turns away from the ground: a shortest way across turns at no other."""
        back, on = (self._flat[of] - self._flat for of in (self._before, self._after))
        far = np.minimum(np.linalg.norm(back, axis=1), np.linalg.norm(on, axis=1))[:, None] / 100
        aside = [of / np.maximum(np.linalg.norm(of, axis=1), _EDGE_M)[:, None] * far for of in (back, on)]
        x, y = (self._flat + (aside[0] + aside[1]) / 2).T
        return np.asarray(~shapely.contains_xy(self._ground, x, y))

    def seen(self, corners: Whole) -> Whole:
        """Give the pairs of corners between which a straight way leads over the ground, as ids."""
        one, other = (corners[of] for of in np.triu_indices(len(corners), 1))
        lines = shapely.linestrings(np.stack((self._flat[one], self._flat[other]), axis=1))
        inside = shapely.covers(self._ground, lines)
        return np.column_stack((self.ids[one[inside]], self.ids[other[inside]]))
