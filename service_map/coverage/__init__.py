"""Facilities and demand in, answers out: the analysis, on arrays and geometries alone.

Longitude and latitude are WGS 84 degrees in float64 arrays of shape (n, 2), longitude first; lengths are metres, areas
square kilometres, times minutes. Nothing here knows a database or a web page, so a notebook can use it as it is.
"""

from service_map.coverage._given import lonlat as usable_lonlat
from service_map.coverage.card import VERDICTS, Apart, Reach, Verdict, apart, check
from service_map.coverage.catchment import Catchment, Pairs, count_pairs, count_within, pairs, two_step
from service_map.coverage.demand import Demand, land, points, raster, spread
from service_map.coverage.distance import metres_between, nearest, to_ecef, within
from service_map.coverage.edges import along
from service_map.coverage.gaps import Coverage, Gap, circles, gap, gap_on_foot, rank, square_km, usable_area
from service_map.coverage.osm import read_osm
from service_map.coverage.people import (
    Bounds,
    Completeness,
    Equity,
    Served,
    by_year,
    completeness,
    equity,
    served,
)
from service_map.coverage.siting import Siting, site
from service_map.coverage.straight import Cells, cells, covered
from service_map.coverage.supply import Candidates, candidates, choose, horizon, in_place
from service_map.coverage.walking import (
    DETOUR,
    SPEEDS,
    Network,
    Snapped,
    Walk,
    load_network,
    network,
    save_network,
    snap,
    walk,
    walk_from,
)

__all__ = [
    "DETOUR",
    "SPEEDS",
    "VERDICTS",
    "Apart",
    "Bounds",
    "Candidates",
    "Catchment",
    "Cells",
    "Completeness",
    "Coverage",
    "Demand",
    "Equity",
    "Gap",
    "Network",
    "Pairs",
    "Reach",
    "Served",
    "Siting",
    "Snapped",
    "Verdict",
    "Walk",
    "along",
    "apart",
    "by_year",
    "candidates",
    "cells",
    "check",
    "choose",
    "circles",
    "completeness",
    "count_pairs",
    "count_within",
    "covered",
    "equity",
    "gap",
    "gap_on_foot",
    "horizon",
    "in_place",
    "land",
    "load_network",
    "metres_between",
    "nearest",
    "network",
    "pairs",
    "points",
    "rank",
    "raster",
    "read_osm",
    "save_network",
    "served",
    "site",
    "snap",
    "spread",
    "square_km",
    "to_ecef",
    "two_step",
    "usable_area",
    "usable_lonlat",
    "walk",
    "walk_from",
    "within",
]
