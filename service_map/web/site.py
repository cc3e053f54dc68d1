"""What one application knows: its settings, the catalogue and its database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from flask import current_app

from service_map.analysis.targets import Basis
from service_map.catalogue import Category, Family, Inventory, Rule
from service_map.coverage import Network
from service_map.settings import Settings
from service_map.web.database import Database
from service_map.web.pool import Pool

EXTENSION = "service_map"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Set once by the application factory; never changed.

    Attributes
    ----------
    settings, families, categories, rules, plan_rules, inventories, edges, basis
        As read at the start.
    network
        Ways to walk, read at the start; None where the settings name none.
    rows
        Taken by whoever reads a page of rows out of a file. SQLite lets go of the interpreter at every row, and threads
        that take turns at every row are slower all together, and much slower at worst, than one after the other.
    database
        Opened at the first request.
    pool
        The processes that compute.
    version
        Names the program and the catalogue: with the data's own version it decides every answer, so it goes into the
        ETags.
    """

    settings: Settings
    families: Mapping[str, Family]
    categories: Mapping[str, Category]
    rules: tuple[Rule, ...]
    plan_rules: tuple[Rule, ...]
    network: Network | None
    database: Database
    pool: Pool
    version: str
    basis: Basis
    inventories: tuple[Inventory, ...] = ()
    edges: frozenset[str] = frozenset()
    rows: Lock = field(default_factory=Lock)

    @property
    def first_kinds(self) -> tuple[str, ...]:
        """The first kind of each family that is read first: what most people ask for."""
        first = {kind.family: code for code, kind in reversed(tuple(self.categories.items()))}
        return tuple(first[code] for code, family in self.families.items() if family.core and code in first)


def site() -> Site:
    """Return what the application that answers this request knows."""
    found: Site = current_app.extensions[EXTENSION]
    return found
