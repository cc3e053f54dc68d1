"""Reading what somebody brings: rows out of any table or layer, their places in WGS 84.

This room knows forms, encodings, headings and reference systems, and nothing of what the rows mean.
"""

from service_map.io.columns import load_names
from service_map.io.crs import frame as system
from service_map.io.datum import DATUMS, bd09_to_wgs84, gcj02_to_wgs84, to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from service_map.io.osm_extract import OSM_KEYS, read_extract
from service_map.io.rows import PLACE, Asked, Batch, Problem, coordinates, number, numbers, read
from service_map.io.source import EXTRACTS, FORMS, LAYERS, Source

__all__ = [
    "DATUMS",
    "EXTRACTS",
    "FORMS",
    "LAYERS",
    "OSM_KEYS",
    "PLACE",
    "Asked",
    "Batch",
    "Problem",
    "Source",
    "bd09_to_wgs84",
    "coordinates",
    "gcj02_to_wgs84",
    "load_names",
    "number",
    "numbers",
    "read",
    "read_extract",
    "system",
    "to_wgs84",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]
