"""OpenStreetMap extracts: nodes and areas that may be facilities, as an import of facilities reads them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from service_map.errors import InvalidParameterError
from service_map.io.crs import frame
from service_map.io.layer import as_texts, damage
from service_map.io.rows import Asked, Batch, batch_of
from service_map.io.source import EXTRACTS, Source, as_source, check_form
from service_map.io.workbook import quiet

OSM_KEYS = ("amenity", "healthcare", "social_facility", "leisure", "tourism", "historic", "shop", "landuse", "office")
"""OpenStreetMap keys whose value is a feature's class, the first that it bears."""

_BUILDING = "construction"
# construction:amenity=school, as OpenStreetMap writes what is being built.
_AHEAD = tuple(f"{_BUILDING}:{key}" for key in OSM_KEYS)
_TAG = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


def read_extract(given: Path | Source, asked: Asked) -> Iterator[Batch]:
    """Read an extract of OpenStreetMap.

    Parameters
    ----------
    given
        ``.osm.pbf`` or ``.osm``.
    asked
        Only its datum counts; an extract has no other columns.

    Yields
    ------
    Batch
        Columns ``id``, ``class`` (the value of the first of `OSM_KEYS`), ``name`` and ``status``; nodes, then areas.
        What is being built (``landuse=construction`` with ``construction=school``, ``construction:amenity=school``)
        has the class that it will be and the status ``under_construction``, all else none. Row numbers count what bears
        one of the keys.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read or the datum is not stated.
    """
    source = as_source(given)
    check_form(source, "file", forms=EXTRACTS)
    turn = frame(
        None, said=asked.crs, datum=asked.datum, layer=False, must=True, field="file", where=source.name
    )  # fmt: skip
    number = 1
    for layer in ("points", "multipolygons"):
        columns, shapes = _read(source, layer)
        more = [dict(_TAG.findall(text)) for text in columns["other_tags"]]
        classes = _classes(columns, more)
        kept = [index for index, (kind, _) in enumerate(classes) if kind]
        if kept:
            cells = {
                "id": [columns["osm_way_id"][index] or columns["osm_id"][index] for index in kept],
                "class": [classes[index][0] for index in kept],
                "status": [classes[index][1] for index in kept],
                "name": [more[index].get("name:zh") or columns["name"][index] for index in kept],
            }
            numbers = [number + index for index in kept]
            yield batch_of(source.name, numbers, cells, turn, place=True, shapes=shapes[kept])
        number += len(classes)


def _read(source: Source, layer: str) -> tuple[dict[str, list[str]], Any]:
    """Read what bears one of the keys; of an extract that goes into memory, for houses and crossings are most of it."""
    import pyogrio

    with damage(source, "file"), quiet():
        there = {str(name) for name in pyogrio.read_info(source.path, layer=layer)["fields"]}
        where = " OR ".join(
            f"{key} IS NOT NULL" if key in there else f"other_tags LIKE '%\"{key}\"=>%'" for key in (*OSM_KEYS, *_AHEAD)
        )
        info, _, shapes, fields = pyogrio.raw.read(source.path, layer=layer, where=where)
    if shapes is None:
        raise InvalidParameterError("file", f"图层没有几何：{source.name}", f"the layer has no geometry: {source.name}")
    columns = {str(name): as_texts(values.tolist()) for name, values in zip(info["fields"], fields, strict=True)}
    blank = [""] * len(shapes)
    for name in ("osm_way_id", "osm_id", "name", "other_tags"):
        columns.setdefault(name, blank)
    return columns, np.asarray(shapely.from_wkb(shapes, on_invalid="ignore"), dtype=object)


def _classes(columns: Mapping[str, list[str]], more: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Give each row its class and its status."""
    classes = []
    for index, tags in enumerate(more):
        values = ((columns[key][index] if key in columns else "") or tags.get(key, "") for key in OSM_KEYS)
        kind = next((value for value in values if value), "")
        ahead = next((tags[key] for key in _AHEAD if key in tags), "") if not kind else ""
        if kind == _BUILDING:
            ahead = tags.get(_BUILDING, kind)
        classes.append((ahead, "under_construction") if ahead else (kind, ""))
    return classes
