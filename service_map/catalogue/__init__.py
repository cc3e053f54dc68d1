"""What kinds of facility there are, and what the standards ask of them.

Text files under ``geodata/`` hold the facts: ``categories.toml``, ``standards.toml``, ``plan_circles.toml`` (the
circles that plans promise by themselves) and ``indicator_kinds.toml`` (what their indicators concern). This room reads
them, refuses what does not fit together, and gives frozen records. `terms` has every closed set of words, `adcode` the
arithmetic of codes of areas, `degrees` the length of one.
"""

from service_map.catalogue.indicator_kinds import IndicatorKind, indicator_kind, indicator_kinds
from service_map.catalogue.inventories import Inventory, inventories
from service_map.catalogue.kinds import Category, Family, categories, families
from service_map.catalogue.standards import (
    Circle,
    Rule,
    circles,
    distinct,
    edge_categories,
    plan_rules,
    rules,
    usual,
)

__all__ = [
    "Category",
    "Circle",
    "Family",
    "IndicatorKind",
    "Inventory",
    "Rule",
    "categories",
    "circles",
    "distinct",
    "edge_categories",
    "families",
    "indicator_kind",
    "indicator_kinds",
    "inventories",
    "plan_rules",
    "rules",
    "usual",
]
