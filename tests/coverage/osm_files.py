"""Extracts of OpenStreetMap, written by its specifications of both forms."""

import zlib
from xml.sax.saxutils import quoteattr

import numpy as np
from town import place


def written(path, nodes, ways, relations=()):
    """Write an extract: nodes {id: metres east and north}, ways [(ids, tags)], multipolygons [(numbers of ways, tags)]."""
    at = dict(zip(nodes, place(list(nodes.values())), strict=True))

    def tagged(tags):
        return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())

    lines = [f'<node id="{i}" lon="{x:.7f}" lat="{y:.7f}"/>' for i, (x, y) in at.items()]
    for number, (ids, tags) in enumerate(ways, 1):
        steps = "".join(f'<nd ref="{i}"/>' for i in ids)
        lines.append(f'<way id="{number}">{steps}{tagged(tags)}</way>')
    for number, (members, tags) in enumerate(relations, 1):
        parts = "".join(f'<member type="way" ref="{way}" role=""/>' for way in members)
        lines.append(f'<relation id="{number}">{parts}{tagged({"type": "multipolygon", **tags})}</relation>')
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(lines)}</osm>', encoding="utf-8")
    return path


def number(value):
    octets = []
    while value > 127:
        octets.append(value & 127 | 128)
        value >>= 7
    return bytes([*octets, value])


def signed(value):
    return number(value << 1 if value >= 0 else (-value << 1) - 1)


def field(key, value):
    if isinstance(value, int):
        return number(key << 3) + number(value)
    return number(key << 3 | 2) + number(len(value)) + value


def running(values):
    steps = np.diff([0, *values]).tolist()
    return b"".join(signed(int(step)) for step in steps)


def blob(kind, data, *, packed=True, method=3):
    inside = field(2, len(data)) + field(method, zlib.compress(data)) if packed else field(1, data)
    header = field(1, kind) + field(3, len(inside))
    return len(header).to_bytes(4, "big") + header + inside


def binary(path, nodes, ways, relations=(), *, dense=True, packed=True, method=3, needs=(b"OsmSchema-V0.6",)):
    """Write the same as `written`, as PBF."""
    spots = place(list(nodes.values())).round(7)
    scaled = np.rint(spots * 1e7).astype(int)
    strings = [b""]

    def text(word):
        if word.encode() not in strings:
            strings.append(word.encode())
        return strings.index(word.encode())

    def tagged(tags):
        keys, values = (b"".join(number(text(word)) for word in of) for of in (tags.keys(), tags.values()))
        return field(2, keys) + field(3, values)

    if dense:
        ids, lon, lat = running(nodes), running(scaled[:, 0].tolist()), running(scaled[:, 1].tolist())
        first = field(2, field(1, ids) + field(8, lat) + field(9, lon))
    else:
        first = b"".join(
            field(1, number(1 << 3) + signed(i) + number(8 << 3) + signed(y) + number(9 << 3) + signed(x))
            for i, (x, y) in zip(nodes, scaled.tolist(), strict=True)
        )
    second = b"".join(
        field(3, field(1, i) + tagged(tags) + field(8, running(ids))) for i, (ids, tags) in enumerate(ways, 1)
    )
    third = b"".join(
        field(
            4,
            field(1, i)
            + tagged({"type": "multipolygon", **tags})
            + field(8, bytes(len(members)))
            + field(9, running(members))
            + field(10, bytes([1] * len(members))),
        )
        for i, (members, tags) in enumerate(relations, 1)
    )

    def block(group):
        table = b"".join(field(1, word) for word in strings)
        return blob(b"OSMData", field(1, table) + field(2, group), packed=packed, method=method)

    header = blob(b"OSMHeader", b"".join(field(4, name) for name in needs), packed=packed)
    path.write_bytes(header + block(first) + block(second) + (block(third) if third else b""))
    return path
