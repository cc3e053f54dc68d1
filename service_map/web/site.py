"""What one application knows: its settings, the catalogue and its database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock

from flask import current_app

from service_map.catalogue import Category, Family, Inventory, Rule
from service_map.coverage import Network
from service_map.settings import Settings
from service_map.web.database import Database

EXTENSION = "service_map"

AT_ONCE = 2
"""Analyses that one process works on at once; the others wait their turn, so that pages stay quick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Set once by the application factory; never changed.

    Attributes
    ----------
    settings, families, categories, rules, plan_rules, inventories, edges
        As read at the start.
    network
        Ways to walk, read at the start; None where the settings name none.
    work
        Taken by whoever computes an analysis.
    rows
        Taken by whoever reads a page of rows out of a file. SQLite lets go of the interpreter at every row, and threads
        that take turns at every row are slower all together, and much slower at worst, than one after the other.
    database
        Opened at the first request.
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
    version: str
    inventories: tuple[Inventory, ...] = ()
    edges: frozenset[str] = frozenset()
    rows: Lock = field(default_factory=Lock)
    work: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))


def site() -> Site:
    """Return what the application that answers this request knows."""
    found: Site = current_app.extensions[EXTENSION]
    return found
