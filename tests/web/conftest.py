"""A small invented world behind the site, and the shipped data behind another."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from invented_world import COUNTY_TEXT, FACILITIES, make_app, write_world

from service_map import store
from service_map.web.site import EXTENSION


@pytest.fixture(scope="session")
def invented(geodata, tmp_path_factory):
    """The invented world: its data, its texts, its database, and how to build a changed one."""
    home = tmp_path_factory.mktemp("invented")
    folder = write_world(home / "geodata", geodata)
    texts = home / "plans"
    texts.mkdir()
    (texts / "county.txt").write_text(COUNTY_TEXT, encoding="utf-8")
    url = f"sqlite:///{home}/invented.gpkg"
    store.build(url, geodata=folder)

    def build(target, *, facilities=FACILITIES, plans_dir=None):
        changed = write_world(Path(target).parent / "geodata", geodata, facilities)
        store.build(f"sqlite:///{target}", geodata=changed, plans_dir=plans_dir)
        return f"sqlite:///{target}"

    return SimpleNamespace(url=url, geodata=folder, texts=texts, build=build)


@pytest.fixture(scope="session")
def invented_app(invented):
    """The site over the invented world."""
    return make_app(invented.url, invented.geodata)


@pytest.fixture
def api(invented_app):
    """A client of the invented world's API."""
    return invented_app.test_client()


@pytest.fixture(scope="session")
def shipped_app(geodata, shipped_database):
    """The site over the data that the product ships."""
    return make_app(f"sqlite:///{shipped_database}", geodata)


@pytest.fixture(scope="session")
def postgres(postgres_server):
    """A private PostgreSQL cluster; its database ``map`` is empty and has PostGIS."""
    postgres_server.sql("postgres", "CREATE DATABASE web")
    postgres_server.sql("web", "CREATE EXTENSION postgis")
    return replace(postgres_server, map=f"{postgres_server.url}/web")


@pytest.fixture(scope="session")
def postgis_app(invented, postgres):
    """The site over the invented world in PostGIS."""
    store.build(postgres.map, geodata=invented.geodata)
    app = make_app(postgres.map, invented.geodata)
    yield app
    app.extensions[EXTENSION].database._engine.dispose()


@pytest.fixture(scope="session")
def shipped_postgis_app(geodata, postgres):
    """The site over the data that the product ships, in PostGIS."""
    postgres.sql("postgres", "CREATE DATABASE shipped")
    postgres.sql("shipped", "CREATE EXTENSION postgis")
    url = f"{postgres.url}/shipped"
    store.build(url, geodata=geodata)
    app = make_app(url, geodata)
    yield app
    app.extensions[EXTENSION].database._engine.dispose()


@pytest.fixture(params=["invented_app", pytest.param("postgis_app", marks=pytest.mark.postgis)])
def either(request):
    """A client of the site over each kind of database in turn."""
    return request.getfixturevalue(request.param).test_client()
