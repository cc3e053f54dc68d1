"""What kinds of facility there are, and what the standards ask of them.

Three text files under ``geodata/`` hold the facts: ``categories.toml``, ``standards.toml`` and ``plan_circles.toml``
(the circles that plans promise by themselves). This room reads them,
refuses what does not fit together, and gives frozen records. `terms` has every closed set of words, `adcode` the
arithmetic of codes of areas, `degrees` the length of one.
"""

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
    "Inventory",
    "Rule",
    "categories",
    "circles",
    "distinct",
    "edge_categories",
    "families",
    "inventories",
    "plan_rules",
    "rules",
    "usual",
]
