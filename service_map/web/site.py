"""What one application knows: its settings, the catalogue and its database."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import current_app

from service_map.catalogue import Category, Family, Rule
from service_map.settings import Settings
from service_map.web.database import Database

EXTENSION = "service_map"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Set once by the application factory; never changed.

    Attributes
    ----------
    settings, families, categories, rules
        As read at the start.
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
    database: Database
    version: str


def site() -> Site:
    """Return what the application that answers this request knows."""
    found: Site = current_app.extensions[EXTENSION]
    return found
