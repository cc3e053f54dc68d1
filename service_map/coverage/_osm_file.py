"""The elements of an OpenStreetMap extract with the ids of their nodes, which GDAL does not hand out.

Ways meet where they share a node. Two nodes may have the same coordinates and not meet (a bridge above a street), so a
reader that gives coordinates only cannot tell.
"""

import zlib
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from service_map.coverage._given import Floats, Whole
from service_map.errors import GeodataError

Tags = Mapping[str, str]

_BLOB_BYTES = 64 * 1024 * 1024  # twice what the format allows
_HEADER_BYTES = 64 * 1024
_FEATURES = {b"OsmSchema-V0.6", b"DenseNodes"}
_NANO = 1e-9


@dataclass(frozen=True, slots=True)
class Way:
    """A way: its tags, and the ids of its nodes in their order."""

    tags: Tags
    nodes: Whole


@dataclass(frozen=True, slots=True)
class Area:
    """A multipolygon: its tags, and the ids of the nodes of each way that bounds it."""

    tags: Tags
    edges: tuple[Whole, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """The ways and multipolygons asked for, and where their nodes are.

    Attributes
    ----------
    ways, areas
        In the order of the file.
    ids
        Of the nodes that are in the file, ascending, shape (n,).
    lonlat
        WGS 84 degrees of them, shape (n, 2).
    """

    ways: tuple[Way, ...]
    areas: tuple[Area, ...]
    ids: Whole
    lonlat: Floats


def read_extract(path: Path, wanted: Callable[[Tags], bool]) -> Extract:
    """Read the ways and multipolygons that have a ``highway`` and are wanted.

    Parameters
    ----------
    path
        ``.osm`` (XML) or ``.osm.pbf``, told apart by what is in it.
    wanted
        Told the tags of one.

    Returns
    -------
    Extract

    Raises
    ------
    GeodataError
        When the file cannot be read.

    Notes
    -----
    https://wiki.openstreetmap.org/wiki/PBF_Format and https://wiki.openstreetmap.org/wiki/OSM_XML.
    """
    try:
        with path.open("rb") as file:
            start = file.read(3)
        if not start:
            raise ValueError("an empty file")  # noqa: TRY301 - said in the same words as any other damage
        is_text = start == b"\xef\xbb\xbf" or start.lstrip()[:1] == b"<"
        return _from_xml(path, wanted) if is_text else _from_pbf(path, wanted)
    except (OSError, ValueError, IndexError, KeyError, OverflowError, zlib.error, ET.ParseError) as error:
        raise GeodataError(
            f"路网文件 {path.name} 读不出：{error}", f"cannot read the ways of {path.name}: {error}"
        ) from error


@dataclass(slots=True)
class _Found:
    """What a pass over a file has gathered so far."""

    ways: list[Way]
    areas: list[tuple[Tags, Whole]]  # with the ids of the ways that bound it


def _joined(found: _Found, members: Mapping[int, Whole]) -> tuple[Area, ...]:
    return tuple(
        Area(tags, tuple(members[way] for way in ways.tolist() if way in members)) for tags, ways in found.areas
    )


def _used(found: _Found, members: Mapping[int, Whole]) -> Whole:
    every = [way.nodes for way in found.ways] + list(members.values())
    return np.unique(np.concatenate(every)) if every else np.empty(0, dtype=np.int64)


# --- XML --------------------------------------------------------------------------------------------------------------


def _from_xml(path: Path, wanted: Callable[[Tags], bool]) -> Extract:
    found, lines = _Found([], []), dict[int, Whole]()
    ids, lon, lat = array("q"), array("d"), array("d")
    root: ET.Element | None = None
    for event, element in ET.iterparse(path, events=("start", "end")):  # noqa: S314 - expat bounds what entities grow to
        if event == "start":
            if root is None:
                root = element
                if element.tag != "osm":
                    raise ValueError(f"<{element.tag}> is no <osm>")
            continue
        if element.tag not in ("node", "way", "relation"):
            continue
        if element.get("visible") != "false" and element.get("action") != "delete":
            if element.tag == "node":
                ids.append(int(element.attrib["id"]))
                lon.append(float(element.attrib["lon"]))
                lat.append(float(element.attrib["lat"]))
            else:
                _take_element(element, found, lines, wanted)
        if root is not None:
            root.clear()
    members = {way: lines[way] for _, ways in found.areas for way in ways.tolist() if way in lines}
    number, place = np.array(ids, dtype=np.int64), np.column_stack((np.array(lon), np.array(lat))).reshape(-1, 2)
    order = np.argsort(number, kind="stable")
    number, place = number[order], place[order]
    kept = np.isin(number, _used(found, members))
    return _extract(found, members, number[kept], place[kept])


def _take_element(element: ET.Element, found: _Found, lines: dict[int, Whole], wanted: Callable[[Tags], bool]) -> None:
    tags = {tag.attrib["k"]: tag.attrib["v"] for tag in element.iterfind("tag")}
    if element.tag == "way":
        nodes = np.array([int(step.attrib["ref"]) for step in element.iterfind("nd")], dtype=np.int64)
        lines[int(element.attrib["id"])] = nodes
        if "highway" in tags and wanted(tags):
            found.ways.append(Way(tags, nodes))
    elif tags.get("type") == "multipolygon" and "highway" in tags and wanted(tags):
        ways = [int(part.attrib["ref"]) for part in element.iterfind("member") if part.get("type") == "way"]
        found.areas.append((tags, np.array(ways, dtype=np.int64)))


def _extract(found: _Found, members: Mapping[int, Whole], ids: Whole, lonlat: Floats) -> Extract:
    outside = ~(np.abs(lonlat) <= (180, 90)).all(axis=1)
    if outside.any():
        raise ValueError(f"node {ids[outside][0]} lies nowhere on earth")
    return Extract(tuple(found.ways), _joined(found, members), ids, lonlat)


# --- PBF --------------------------------------------------------------------------------------------------------------

_NODE, _DENSE, _WAY, _RELATION = 1, 2, 3, 4


def _from_pbf(path: Path, wanted: Callable[[Tags], bool]) -> Extract:
    found, members = _Found([], []), dict[int, Whole]()
    kinds: dict[int, set[int]] = {}
    for offset, block in _blocks(path, None):
        kinds[offset] = _scan(block, found, wanted)
    bounding = {way for _, ways in found.areas for way in ways.tolist()}
    if bounding:
        # The ways round a square need no tag of their own, and stand before the relation that names them.
        for _, block in _blocks(path, {at for at, of in kinds.items() if _WAY in of}):
            members.update(_lines_of(block, bounding))
    used = _used(found, members)
    ids, lonlat = [np.empty(0, dtype=np.int64)], [np.empty((0, 2))]
    for _, block in _blocks(path, {at for at, of in kinds.items() if of & {_NODE, _DENSE}}):
        number, place = _nodes_of(block)
        kept = np.isin(number, used)
        ids.append(number[kept])
        lonlat.append(place[kept])
    number, first = np.unique(np.concatenate(ids), return_index=True)
    return _extract(found, members, number, np.concatenate(lonlat)[first])


def _blocks(path: Path, wanted: Collection[int] | None) -> Iterator[tuple[int, bytes]]:
    """Give the blocks of data, each with where it starts; of those that begin elsewhere nothing is unpacked."""
    first = True
    with path.open("rb") as file:
        while size := file.read(4):
            offset = file.tell() - 4
            header = dict(_fields(_exactly(file, _within(int.from_bytes(size, "big"), _HEADER_BYTES))))
            length = _within(_number(header[3]), _BLOB_BYTES)
            kind = _bytes(header[1])
            if first and kind != b"OSMHeader":
                raise ValueError("no OSMHeader")
            first = False
            if kind == b"OSMHeader":
                _check(_unpacked(_exactly(file, length)))
            elif kind == b"OSMData" and (wanted is None or offset in wanted):
                yield offset, _unpacked(_exactly(file, length))
            else:
                file.seek(length, 1)


def _within(size: int, most: int) -> int:
    if not 0 < size <= most:
        raise ValueError(f"a block of {size} bytes")
    return size


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise ValueError("it ends in the middle")
    return data


def _unpacked(blob: bytes) -> bytes:
    parts = dict(_fields(blob))
    if 1 in parts:
        return _bytes(parts[1])
    if 3 not in parts:
        raise ValueError(f"packed by a method other than zlib (field {max(parts, default=0)})")
    opened = zlib.decompressobj()
    data = opened.decompress(_bytes(parts[3]), _BLOB_BYTES)
    if not opened.eof:
        raise ValueError("a block that is cut off or too large")
    return data


def _check(header: bytes) -> None:
    unknown = {_bytes(value) for field, value in _fields(header) if field == 4} - _FEATURES
    if unknown:
        raise ValueError(f"it needs {', '.join(sorted(name.decode(errors='replace') for name in unknown))}")


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Take a message of Protocol Buffers apart: numbers as they are, everything of a length as bytes."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError("not a message of Protocol Buffers")
        if at + size > end:
            raise ValueError("a message that is cut off")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    value, shift = byte & 127, 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at + 1
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where text stands")  # noqa: TRY004 - damage of the file, not of the program
    return value


def _number(value: bytes | int) -> int:
    if not isinstance(value, int):
        raise ValueError("text where a number stands")  # noqa: TRY004 - as above
    return value


def _varints(data: bytes) -> NDArray[np.uint64]:
    """Read packed numbers, all at once."""
    octets = np.frombuffer(data, dtype=np.uint8)
    if not len(octets):
        return np.empty(0, dtype=np.uint64)
    last = octets < 128
    if not last[-1]:
        raise ValueError("numbers that are cut off")
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    place = np.arange(len(octets)) - np.repeat(starts, np.diff(np.append(starts, len(octets))))
    if place.max() > 9:
        raise ValueError("a number of more than 64 bits")
    shifted = (octets & 127).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.add.reduceat(shifted, starts)


def _running(data: bytes) -> Whole:
    """Read packed numbers of either sign, each given as its difference from the one before."""
    zigzag = _varints(data)
    step = (zigzag >> np.uint64(1)).astype(np.int64) ^ -(zigzag & np.uint64(1)).astype(np.int64)
    return np.cumsum(step)


def _groups(block: bytes) -> tuple[list[bytes], list[bytes], dict[int, int]]:
    """Give the strings of a block, its groups, and its numbers by field."""
    strings: list[bytes] = []
    groups, numbers = [], {}
    for field, value in _fields(block):
        if field == 1:
            strings = [_bytes(text) for number, text in _fields(_bytes(value)) if number == 1]
        elif field == 2:
            groups.append(_bytes(value))
        elif isinstance(value, int):
            numbers[field] = value
    return strings, groups, numbers


def _scan(block: bytes, found: _Found, wanted: Callable[[Tags], bool]) -> set[int]:
    """Take the ways and multipolygons that are wanted out of a block, and tell which kinds of element it holds."""
    strings, groups, _ = _groups(block)
    code = strings.index(b"highway") if b"highway" in strings else None
    packed = b"" if code is None else _packed(code)
    kinds = set()
    for group in groups:
        for kind, data in _fields(group):
            kinds.add(kind)
            if kind in (_NODE, _DENSE):
                break  # a group holds elements of one kind
            if code is None or kind not in (_WAY, _RELATION):
                continue
            parts = dict(_fields(_bytes(data)))
            # Most ways are no highway, and most of those are told without being taken apart.
            told = _bytes(parts.get(2, b""))
            if packed not in told or code not in (keys := _varints(told).tolist()):
                continue
            values = _varints(_bytes(parts.get(3, b""))).tolist()
            tags = {_text(strings[key]): _text(strings[value]) for key, value in zip(keys, values, strict=True)}
            if (kind == _RELATION and tags.get("type") != "multipolygon") or not wanted(tags):
                continue
            if kind == _WAY:
                found.ways.append(Way(tags, _running(_bytes(parts.get(8, b"")))))
            else:
                is_way = _varints(_bytes(parts.get(10, b""))) == 1
                found.areas.append((tags, _running(_bytes(parts.get(9, b"")))[is_way]))
    return kinds


def _packed(number: int) -> bytes:
    octets = []
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    return bytes([*octets, number])


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _lines_of(block: bytes, wanted: Collection[int]) -> dict[int, Whole]:
    lines = {}
    for group in _groups(block)[1]:
        for kind, data in _fields(group):
            if kind == _WAY:
                parts = dict(_fields(_bytes(data)))
                if _number(parts[1]) in wanted:
                    lines[_number(parts[1])] = _running(_bytes(parts.get(8, b"")))
    return lines


def _nodes_of(block: bytes) -> tuple[Whole, Floats]:
    _, groups, numbers = _groups(block)
    step = numbers.get(17, 100)
    ids: list[Whole] = []
    lon: list[Whole] = []
    lat: list[Whole] = []
    for group in groups:
        for kind, data in _fields(group):
            parts = dict(_fields(_bytes(data))) if kind in (_NODE, _DENSE) else {}
            if kind == _DENSE:
                for into, field in ((ids, 1), (lat, 8), (lon, 9)):
                    into.append(_running(_bytes(parts.get(field, b""))))
            elif kind == _NODE:
                for into, field in ((ids, 1), (lat, 8), (lon, 9)):
                    value = _number(parts[field])
                    into.append(np.array([(value >> 1) ^ -(value & 1)], dtype=np.int64))
    if not ids:
        return np.empty(0, dtype=np.int64), np.empty((0, 2))
    place = np.column_stack([np.concatenate(lon), np.concatenate(lat)])
    offset = np.array((_signed(numbers.get(20, 0)), _signed(numbers.get(19, 0))))
    lonlat = np.asarray(_NANO * (offset + step * place), dtype=np.float64)
    return np.concatenate(ids), lonlat


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
