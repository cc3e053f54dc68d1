"""Room: places. A name in, a point or polygon with its precision out; commitments in, facilities out."""

from service_map.places.datum import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from service_map.places.facility import PRECISIONS, STATUSES, Facility, load_facilities, write_facilities
from service_map.places.gazetteer import (
    Area,
    Gazetteer,
    NamedPlace,
    areas,
    load_gazetteer,
    read_places,
    write_places,
)
from service_map.places.locate import Unresolved, locate, locate_commitment, suspected_duplicates, unresolved
from service_map.places.named import gather_places
from service_map.places.resolve import Ambiguity, Place, resolve

__all__ = [
    "PRECISIONS",
    "STATUSES",
    "Ambiguity",
    "Area",
    "Facility",
    "Gazetteer",
    "NamedPlace",
    "Place",
    "Unresolved",
    "areas",
    "bd09_to_wgs84",
    "gather_places",
    "gcj02_to_wgs84",
    "load_facilities",
    "load_gazetteer",
    "locate",
    "locate_commitment",
    "read_places",
    "resolve",
    "suspected_duplicates",
    "unresolved",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
    "write_facilities",
    "write_places",
]
