"""Facilities and demand in, answers out: the analysis, on arrays and geometries alone.

Longitude and latitude are WGS 84 degrees in float64 arrays of shape (n, 2), longitude first; lengths are metres, areas
square kilometres, times minutes. Nothing here knows a database or a web page, so a notebook can use it as it is.
"""

from service_map.coverage._given import lonlat as usable_lonlat
from service_map.coverage.accessibility import (
    Bounds,
    Completeness,
    Equity,
    Served,
    by_year,
    completeness,
    equity,
    may_walk,
    served,
)
from service_map.coverage.card import SITE_M, Apart, Reach, Verdict, apart, check, distances
from service_map.coverage.catchment import Catchment, Pairs, count_pairs, count_within, pairs, two_step
from service_map.coverage.demand import Demand, land, land_cells, points, raster, spread, standard_error
from service_map.coverage.distance import away_at_least, metres_between, nearest, to_ecef, within
from service_map.coverage.edges import LaidOut, along, edge_pairs, inside, lay_out, nearest_edge
from service_map.coverage.ellipsoid import check_edges, circles, joined_circles, square_km, surface, usable_area
from service_map.coverage.gaps import Coverage, Gap, gap, gap_on_foot, ground_anywhere, may_reach, rank
from service_map.coverage.openland import cells_within, lattice, open_places, site_land
from service_map.coverage.osm import read_osm
from service_map.coverage.pieces import Zones, around_places, cut, given_zones, hexagons, needs_at_least
from service_map.coverage.siting import Siting, site
from service_map.coverage.snapping import SNAP_M, Snapped, snap
from service_map.coverage.straight import Cells, cells, covered, nearest_cells
from service_map.coverage.streets import DOWNHILL, Network, load_network, network, save_network
from service_map.coverage.supply import Candidates, candidates, choose, horizon, in_place, placed
from service_map.coverage.terrain import sample_heights
from service_map.coverage.walking import DETOUR, SPEEDS, Walk, walk, walk_from, walk_metres, walk_pairs

__all__ = [
    "DETOUR",
    "DOWNHILL",
    "SITE_M",
    "SNAP_M",
    "SPEEDS",
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
    "LaidOut",
    "Network",
    "Pairs",
    "Reach",
    "Served",
    "Siting",
    "Snapped",
    "Verdict",
    "Walk",
    "Zones",
    "along",
    "apart",
    "around_places",
    "away_at_least",
    "by_year",
    "candidates",
    "cells",
    "cells_within",
    "check",
    "check_edges",
    "choose",
    "circles",
    "completeness",
    "count_pairs",
    "count_within",
    "covered",
    "cut",
    "distances",
    "edge_pairs",
    "equity",
    "gap",
    "gap_on_foot",
    "given_zones",
    "ground_anywhere",
    "hexagons",
    "horizon",
    "in_place",
    "inside",
    "joined_circles",
    "land",
    "land_cells",
    "lattice",
    "lay_out",
    "load_network",
    "may_reach",
    "may_walk",
    "metres_between",
    "nearest",
    "nearest_cells",
    "nearest_edge",
    "needs_at_least",
    "network",
    "open_places",
    "pairs",
    "placed",
    "points",
    "rank",
    "raster",
    "read_osm",
    "sample_heights",
    "save_network",
    "served",
    "site",
    "site_land",
    "snap",
    "spread",
    "square_km",
    "standard_error",
    "surface",
    "to_ecef",
    "two_step",
    "usable_area",
    "usable_lonlat",
    "walk",
    "walk_from",
    "walk_metres",
    "walk_pairs",
    "within",
]
