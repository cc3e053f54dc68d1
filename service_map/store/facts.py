"""Every file of the open data that some process of the product reads, read whole: what build and check vouch for."""

from pathlib import Path

from service_map import catalogue, io, places
from service_map.plans.circles import load_circle_kinds
from service_map.plans.corrections import load_corrections
from service_map.plans.indicators import load_indicators
from service_map.plans.lexicon import load_wording
from service_map.plans.stock_figures import load_stock_figures

_CLASSES = "osm_classes.toml"


def read_facts(geodata: Path) -> None:
    """Read the files that no table of the database is made of, so that what a server or an import loads is sound.

    Those that become tables (commitments, facilities, places and so on) are read by the build itself.

    Parameters
    ----------
    geodata
        Folder of the open data.

    Raises
    ------
    GeodataError
        When one is missing that must be there, is damaged or contradicts another; the message names file and place.
    """
    catalogue.rules(geodata)
    catalogue.circles(geodata)
    catalogue.plan_rules(geodata)
    catalogue.inventories(geodata)
    catalogue.indicator_kinds(geodata)
    catalogue.edge_categories(geodata)
    io.load_names(geodata)
    load_wording(geodata)
    load_circle_kinds(geodata)
    load_stock_figures(geodata / "stock_figures.csv")
    load_corrections(geodata / "corrections.csv")
    load_indicators(geodata / "indicators.csv")
    if (geodata / _CLASSES).exists():
        places.load_classes(geodata / _CLASSES, geodata=geodata)
    places.load_people(geodata)
    places.load_townships(geodata)
    places.load_locations(geodata / "locations.csv")
    places.load_statuses(geodata / "statuses.csv")
    places.load_released(geodata / places.RELEASED_FILE)
    places.load_releases(geodata / places.RELEASES_FILE)
    places.load_changes(geodata / places.CHANGES_FILE)
