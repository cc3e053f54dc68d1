"""The invented world of the web's tests, as a ground to stand on."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "web"))

from invented_world import write_world

from service_map import analysis, store


@pytest.fixture(scope="session")
def world(geodata, tmp_path_factory):
    """A connection to the invented world's database, and its data."""
    home = tmp_path_factory.mktemp("world")
    folder = write_world(home / "geodata", geodata)
    url = f"sqlite:///{home}/world.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        yield conn, folder
    engine.dispose()


@pytest.fixture
def untold(world):
    """What answers rest on, in English, where nobody states that any record is complete."""
    return analysis.open_ground(world[0], geodata=world[1], language="en")


@pytest.fixture
def ground(untold):
    """The same for who asks for figures of the record as it is."""
    return analysis.trusting(untold, as_recorded=True)


@pytest.fixture
def county(ground):
    """The county of the invented plan."""
    return analysis.region(ground, "140521")
