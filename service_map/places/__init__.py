"""A name in, a point or polygon with its precision out; commitments in, facilities out."""

from service_map.io import DATUMS, Problem, bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from service_map.places.audit import Audit, audit, unknown_areas
from service_map.places.classes import DEMAND, Classes, load_classes
from service_map.places.existing import (
    EXISTING_FILES,
    Existing,
    holds_source,
    load_demand,
    load_existing,
)
from service_map.places.facility import (
    Facility,
    load_facilities,
    write_facilities,
)
from service_map.places.facility_import import MOST_LISTED, FacilityImport, Outcome, import_facilities
from service_map.places.gazetteer import (
    Area,
    Gazetteer,
    NamedPlace,
    areas,
    load_gazetteer,
    read_places,
    write_places,
)
from service_map.places.geocoder import geocode_facilities, load_geocoder
from service_map.places.locate import Unresolved, locate, locate_commitment, suspected_duplicates, unresolved
from service_map.places.location import (
    Location,
    LocationImport,
    apply_locations,
    export_locations,
    import_locations,
    load_locations,
    write_locations,
)
from service_map.places.match import Match, match_existing
from service_map.places.named import gather_places
from service_map.places.people import PEOPLE_FILE, People, load_people
from service_map.places.place_table import PlaceImport, import_places
from service_map.places.planned_list import LISTED_FILE, STATUS_WORDS, load_listed
from service_map.places.promises import (
    Promise,
    Quota,
    Requirement,
    Unit,
    condition_holds,
    judge,
    quotas,
    requirements,
    units_of,
    with_doubts,
)
from service_map.places.resolve import Ambiguity, Place, resolve
from service_map.places.retired import (
    Released,
    Retired,
    load_released,
    load_retired,
    released,
    retire,
    write_released,
    write_retired,
)
from service_map.places.shapes import SHAPES_FILE, Shape, load_shapes, read_shapes
from service_map.places.status import Status, apply_statuses, load_statuses, read_statuses, write_statuses

__all__ = [
    "DATUMS",
    "DEMAND",
    "EXISTING_FILES",
    "LISTED_FILE",
    "MOST_LISTED",
    "PEOPLE_FILE",
    "SHAPES_FILE",
    "STATUS_WORDS",
    "Ambiguity",
    "Area",
    "Audit",
    "Classes",
    "Existing",
    "Facility",
    "FacilityImport",
    "Gazetteer",
    "Location",
    "LocationImport",
    "Match",
    "NamedPlace",
    "Outcome",
    "People",
    "Place",
    "PlaceImport",
    "Problem",
    "Promise",
    "Quota",
    "Released",
    "Requirement",
    "Retired",
    "Shape",
    "Status",
    "Unit",
    "Unresolved",
    "apply_locations",
    "apply_statuses",
    "areas",
    "audit",
    "bd09_to_wgs84",
    "condition_holds",
    "export_locations",
    "gather_places",
    "gcj02_to_wgs84",
    "geocode_facilities",
    "holds_source",
    "import_facilities",
    "import_locations",
    "import_places",
    "judge",
    "load_classes",
    "load_demand",
    "load_existing",
    "load_facilities",
    "load_gazetteer",
    "load_geocoder",
    "load_listed",
    "load_locations",
    "load_people",
    "load_released",
    "load_retired",
    "load_shapes",
    "load_statuses",
    "locate",
    "locate_commitment",
    "match_existing",
    "quotas",
    "read_places",
    "read_shapes",
    "read_statuses",
    "released",
    "requirements",
    "resolve",
    "retire",
    "suspected_duplicates",
    "units_of",
    "unknown_areas",
    "unresolved",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
    "with_doubts",
    "write_facilities",
    "write_locations",
    "write_places",
    "write_released",
    "write_retired",
    "write_statuses",
]
