"""The database: built from the open data, opened for reading, asked through `service_map.store.queries`.

A GeoPackage file by default, a PostGIS server by URL; one set of models for both.
"""

from service_map.store.build import BuildReport, build, is_current
from service_map.store.database import day_of, open_readonly, read_meta, refusal, stamp
from service_map.store.facts import read_facts
from service_map.store.models import SCHEMA_VERSION
from service_map.store.records import (
    AreaRecord,
    Citation,
    CommitmentFilter,
    CommitmentPage,
    CommitmentRecord,
    CommunityRecord,
    FacilityFilter,
    FacilityPage,
    FacilityPoints,
    FacilityRecord,
    IndicatorFilter,
    IndicatorPage,
    IndicatorRecord,
    LayerRecord,
    PlanChangeFilter,
    PlanChangePage,
    PlanChangeRecord,
    PlanRecord,
    PromiseFilter,
    PromiseRecord,
    QuotaPage,
    QuotaRecord,
    RequirementPage,
    RequirementRecord,
    RequirementUnit,
    StockFigureRecord,
)
from service_map.store.shapes import FacilityShape, facility_shapes

__all__ = [
    "SCHEMA_VERSION",
    "AreaRecord",
    "BuildReport",
    "Citation",
    "CommitmentFilter",
    "CommitmentPage",
    "CommitmentRecord",
    "CommunityRecord",
    "FacilityFilter",
    "FacilityPage",
    "FacilityPoints",
    "FacilityRecord",
    "FacilityShape",
    "IndicatorFilter",
    "IndicatorPage",
    "IndicatorRecord",
    "LayerRecord",
    "PlanChangeFilter",
    "PlanChangePage",
    "PlanChangeRecord",
    "PlanRecord",
    "PromiseFilter",
    "PromiseRecord",
    "QuotaPage",
    "QuotaRecord",
    "RequirementPage",
    "RequirementRecord",
    "RequirementUnit",
    "StockFigureRecord",
    "build",
    "day_of",
    "facility_shapes",
    "is_current",
    "open_readonly",
    "read_facts",
    "read_meta",
    "refusal",
    "stamp",
]
