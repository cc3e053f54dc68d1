"""The five questions of planners, asked of the data: coverage, circle, gaps, sites, completeness.

This room joins what the store knows with what `service_map.coverage` computes, and reads what a caller brings besides.
The web and the command line both ask here, so neither repeats the other: each gets a `Report` of figures, features and
sentences.
"""

from service_map.analysis.answer_file import FORMATS, check_format, collection, write_report
from service_map.analysis.answer_form import Feature, Report, rule_member
from service_map.analysis.area_coverage import covered_share
from service_map.analysis.card import CIRCLE_MINUTES, check_point
from service_map.analysis.completeness import MOST_CELLS, completeness_index, count_looks
from service_map.analysis.context import FEWEST_HOMES, Ground, Region, Supply, open_ground, region
from service_map.analysis.gap import gap_pieces
from service_map.analysis.inputs import (
    clip,
    read_built,
    read_census,
    read_demand,
    read_facilities,
    read_network,
    read_places,
    read_polygon,
)
from service_map.analysis.ladder import (
    Here,
    brief,
    here_of,
    ladder,
    listed_words,
    number_words,
    rule_words,
    verified_words,
)
from service_map.analysis.promised import LookedFor, kinds_of, looked_for, promised
from service_map.analysis.record import (
    AS_RECORDED,
    FARTHEST_M,
    Record,
    record_member,
    record_of,
    state_of,
    stated_words,
    trusting,
)
from service_map.analysis.region_bound import least_away
from service_map.analysis.request_body import MOST_BYTES, MOST_POINTS, Given, read_body
from service_map.analysis.scenario import CAPACITIES, STOCKS, Own, with_own
from service_map.analysis.sites import MOST_SITES, PLACE_SOURCES, choose_sites, quota
from service_map.analysis.stock import count_circles
from service_map.analysis.targets import Basis, held, read_basis
from service_map.analysis.threshold import WAYS, Reach, reach, walking

__all__ = [
    "AS_RECORDED",
    "CAPACITIES",
    "CIRCLE_MINUTES",
    "FARTHEST_M",
    "FEWEST_HOMES",
    "FORMATS",
    "MOST_BYTES",
    "MOST_CELLS",
    "MOST_POINTS",
    "MOST_SITES",
    "PLACE_SOURCES",
    "STOCKS",
    "WAYS",
    "Basis",
    "Feature",
    "Given",
    "Ground",
    "Here",
    "LookedFor",
    "Own",
    "Reach",
    "Record",
    "Region",
    "Report",
    "Supply",
    "brief",
    "check_format",
    "check_point",
    "choose_sites",
    "clip",
    "collection",
    "completeness_index",
    "count_circles",
    "count_looks",
    "covered_share",
    "gap_pieces",
    "held",
    "here_of",
    "kinds_of",
    "ladder",
    "least_away",
    "listed_words",
    "looked_for",
    "number_words",
    "open_ground",
    "promised",
    "quota",
    "reach",
    "read_basis",
    "read_body",
    "read_built",
    "read_census",
    "read_demand",
    "read_facilities",
    "read_network",
    "read_places",
    "read_polygon",
    "record_member",
    "record_of",
    "region",
    "rule_member",
    "rule_words",
    "state_of",
    "stated_words",
    "trusting",
    "verified_words",
    "walking",
    "with_own",
    "write_report",
]
