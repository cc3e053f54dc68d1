"""What kinds of facility there are, and what the standards ask of them.

Three text files under ``geodata/`` hold the facts: ``categories.toml``, ``standards.toml`` and ``plan_circles.toml``
(the circles that plans promise by themselves). This room reads them,
refuses what does not fit together, and gives frozen records.
"""

from service_map.catalogue.inventories import Inventory, inventories
from service_map.catalogue.kinds import Category, Family, categories, families
from service_map.catalogue.standards import (
    CONFIDENCES,
    LEVELS,
    MODES,
    RULE_STATUSES,
    SCOPES,
    Circle,
    Rule,
    circles,
    edge_categories,
    plan_rules,
    rules,
)

__all__ = [
    "CONFIDENCES",
    "LEVELS",
    "MODES",
    "RULE_STATUSES",
    "SCOPES",
    "Category",
    "Circle",
    "Family",
    "Inventory",
    "Rule",
    "categories",
    "circles",
    "edge_categories",
    "families",
    "inventories",
    "plan_rules",
    "rules",
]
