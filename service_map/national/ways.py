"""Ways to walk, by area code: prepared arrays or OpenStreetMap extracts, cut to a county and its halo.

A folder holds ``140521.npz``, ``140521.osm.pbf`` or ``140521.pbf`` for a county, and may hold one for its city
(``140500``), its province (``140000``) or the country (``100000``) instead; the narrowest is taken. Whatever the file
covers, only what lies in the county's box is used: the file must reach as far beyond the county line as the halo.
"""

import secrets
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from service_map.catalogue.adcode import COUNTRY
from service_map.coverage import Network, load_network, read_osm, save_network
from service_map.coverage.streets import FORM
from service_map.errors import InvalidParameterError
from service_map.national.county import County

Flags = NDArray[np.bool_]

SUFFIXES = (".npz", ".osm.pbf", ".pbf", ".osm")


def check(folder: Path) -> None:
    """Refuse a folder that is none.

    Raises
    ------
    InvalidParameterError
        When there is no such folder, or no network in it.
    """
    if not folder.is_dir():
        raise InvalidParameterError("networks", f"没有这个目录：{folder}", f"no such folder: {folder}")
    if not any(path.name.endswith(SUFFIXES) and path.name[:6].isdigit() for path in folder.iterdir()):
        raise InvalidParameterError(
            "networks",
            f"{folder} 中没有以行政区代码命名的路网（{'、'.join(SUFFIXES)}），如 140521.npz",
            f"{folder} holds no network named by area code ({', '.join(SUFFIXES)}), such as 140521.npz",
        )


def find(folder: Path, county: County) -> Path | None:
    """Find the narrowest network that should hold a county; None where there is none."""
    for code in dict.fromkeys((county.adcode, county.city, county.province, COUNTRY)):
        for suffix in SUFFIXES if code else ():
            if (folder / f"{code}{suffix}").is_file():
                return folder / f"{code}{suffix}"
    return None


def identity(path: Path) -> list[Any]:
    """Name a network's file by its name, size and time of change."""
    status = path.stat()
    return [path.name, status.st_size, status.st_mtime_ns]


def prepare(path: str, work: str) -> str:
    """Turn an extract into arrays, once; what is arrays already stays as it is.

    Parameters
    ----------
    path
        One of the files of `SUFFIXES`.
    work
        Folder for the arrays.

    Returns
    -------
    str
        Path of the arrays.

    Raises
    ------
    GeodataError
        When the extract cannot be read.
    """
    source = Path(path)
    if source.suffix == ".npz":
        return path
    name, size, changed = identity(source)
    kept = Path(work) / f"{name}-{size}-{changed}-{FORM}.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        made = read_osm(source)
        part = kept.with_name(f".{secrets.token_hex(8)}.npz")
        save_network(part, made)
        part.replace(kept)
    return str(kept)


def load(path: str, box: tuple[float, float, float, float]) -> Network:
    """Load the ways of a county.

    Parameters
    ----------
    path
        Arrays, as `prepare` gives them.
    box
        West, south, east, north of the county with its halo.

    Returns
    -------
    Network

    Raises
    ------
    GeodataError
        When the file is damaged.
    """
    return cut(_loaded(path, Path(path).stat().st_mtime_ns), box)


def reaches(net: Network, box: tuple[float, float, float, float]) -> bool:
    """Tell whether any way that can be stepped on comes into a box of west, south, east, north."""
    return bool(_coming_in(net, box)[net.snappable].any())


def _coming_in(net: Network, box: tuple[float, float, float, float]) -> Flags:
    """Flag the ends of ways that come into a box, be those ends inside or beyond."""
    west, south, east, north = box
    ways = net.graph.tocoo()
    one, other = net.lonlat[ways.row], net.lonlat[ways.col]
    low, high = np.minimum(one, other), np.maximum(one, other)
    inside = (low[:, 0] <= east) & (high[:, 0] >= west) & (low[:, 1] <= north) & (high[:, 1] >= south)
    flags = np.zeros(len(net.lonlat), dtype=np.bool_)
    flags[ways.row[inside]] = True
    flags[ways.col[inside]] = True
    return flags


# A worker meets the counties of a province one after another: its network is read once.
@lru_cache(maxsize=1)
def _loaded(path: str, _changed: int) -> Network:
    return load_network(Path(path))


def cut(net: Network, box: tuple[float, float, float, float]) -> Network:
    """Cut a network to a box that holds less than half of it: the edges that come into it, with both their ends.

    What was an island in the whole stays one, and what was none stays none, however small a piece the box leaves.

    Parameters
    ----------
    net
        The network.
    box
        West, south, east, north in WGS 84 degrees.

    Returns
    -------
    Network
    """
    inside = _coming_in(net, box)
    if 2 * int(inside.sum()) > len(inside):
        return net  # little would be saved
    kept = np.flatnonzero(inside)
    graph = csr_array(net.graph[kept][:, kept])
    inward = graph if net.inward is net.graph else csr_array(net.inward[kept][:, kept])
    number = np.cumsum(inside) - 1
    snappable = number[net.snappable[inside[net.snappable]]]
    return replace(net, lonlat=net.lonlat[kept], graph=graph, inward=inward, snappable=snappable)
