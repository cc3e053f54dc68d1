"""Ways to walk out of an OpenStreetMap extract (``.osm.pbf``), read by GDAL through pyogrio."""

import re
from pathlib import Path

import numpy as np
import shapely

from service_map.coverage.terrain import sample_heights
from service_map.coverage.walking import ISLAND_NODES, PIECE_M, Network, network
from service_map.errors import GeodataError

_NOT_ON_FOOT = (
    "motorway",
    "motorway_link",
    "construction",
    "proposed",
    "abandoned",
    "razed",
    "raceway",
    "bus_guideway",
    "busway",
)
_DENIED = ("no", "private", "use_sidepath")


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
        Every vertex of a way is a node, ways meet where they share one. One-way streets are walked both ways unless
        ``oneway:foot`` says otherwise; what ``foot`` or else ``access`` denies is left out.

    Raises
    ------
    GeodataError
        When the file cannot be read or holds no way that may be walked.

    Notes
    -----
    Tags as in https://wiki.openstreetmap.org/wiki/Key:foot and Key:access.
    """
    import pyogrio.errors
    import pyogrio.raw

    try:
        table = pyogrio.raw.read(path, layer="lines", columns=["highway", "other_tags"])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError, RuntimeError) as error:
        raise GeodataError(
            f"路网文件 {path.name} 读不出：{error}", f"cannot read the ways of {path.name}: {error}"
        ) from error
    meta, _, shapes, (highway, tags) = table
    columns = list(meta["fields"])
    if columns != ["highway", "other_tags"]:
        raise GeodataError(f"{path.name} 不是 OSM 数据", f"{path.name} is no OpenStreetMap extract")
    walkable = np.array([_walkable(kind, text) for kind, text in zip(highway, tags, strict=True)], dtype=np.bool_)
    if not walkable.any():
        raise GeodataError(f"{path.name} 中没有可步行的路", f"{path.name} holds no way that may be walked")
    lines = shapely.from_wkb(shapes[walkable])
    oneway = np.array([_tag(text, "oneway:foot") == "yes" for text in tags[walkable]], dtype=np.bool_)
    corners, way = shapely.get_coordinates(lines, return_index=True)
    # The same node of the map has the same coordinates in every way, to the last bit.
    nodes, number = np.unique(corners, axis=0, return_inverse=True)
    number = number.ravel()
    joined = way[1:] == way[:-1]
    edges = np.stack((number[:-1][joined], number[1:][joined]), axis=1)
    heights = None if elevation is None else sample_heights(elevation, nodes)
    return network(nodes, edges, island=island, oneway=oneway[way[1:][joined]], heights=heights, piece=PIECE_M)


def _walkable(highway: str | None, tags: str | None) -> bool:
    if highway is None or highway in _NOT_ON_FOOT:
        return False
    foot = _tag(tags, "foot")
    if foot is not None:
        return foot not in _DENIED
    return _tag(tags, "access") not in _DENIED


def _tag(tags: str | None, key: str) -> str | None:
    found = re.search(rf'(?:^|,)"{re.escape(key)}"=>"([^"]*)"', tags or "")
    return found[1] if found else None
