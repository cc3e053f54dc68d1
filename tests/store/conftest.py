"""A small invented world, written by the product's own writers, and a database of each kind built from it."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import invention
import pytest

from service_map import store

# Two plans of our own invention, for a county and for the city around it; lines are counted from 1.
COUNTY_TEXT = (
    "第一章 老有所养\n新建虚构养老院1所。\n第二章 幼有所育\n到2024年在每个县新建幼儿园2所。\n新建试验健身步道3公里。\n"
)
CITY_TEXT = "一、总则\r\n全市一起努力。\r\n二、任务\r\n支持沁水虚构养老院建设。\r\n新建百分100%_公园。\r\n"
TEXTS = {"county": COUNTY_TEXT, "city": CITY_TEXT}
_commitment = partial(invention.commitment, TEXTS)


def _facility(number, commitments, **fields):
    at_its_county = {
        "precision": "county", "uncertainty_m": 40_000.0, "point_source": "试验", "point_licence": "CC0-1.0",
    }  # fmt: skip
    return invention.facility(number, commitments, **(at_its_county | fields))


COMMITMENTS = [
    _commitment("county", 2, 1, category="elderly_institution", name="虚构养老院"),
    _commitment(
        "county",
        4,
        2,
        kind="allotment",
        count=2,
        place="沁水县",
        place_level="county",
        year=2024,
        section="第二章 幼有所育",
    ),
    _commitment(
        "county", 5, 3, category="trail", name="试验健身步道", count=3.5, unit="公里", section="第二章 幼有所育"
    ),
    _commitment("city", 4, 4, category="elderly_institution", name="虚构养老院", section="二、任务"),
    _commitment("city", 5, 5, category="sports_park", name="百分100%_公园", section="二、任务", year=2030),
    _commitment("city", 5, 6, category="library", kind="intent", count=None, unit=None, section="二、任务"),
]


FACILITIES = [
    _facility(1, ["county-2-000001", "city-4-000004"], name="虚构养老院", category="elderly_institution",
              lon=112.19, lat=35.69, precision="site", uncertainty_m=50.0),
    _facility(2, ["county-4-000002"], name="沁水县幼儿园", name_given=False, basis="allotment", count=2, year=2024),
    _facility(3, ["county-5-000003"], name="试验健身步道", category="trail", count=3.5, unit="公里", lon=112.2, lat=35.7,
              status="under_construction", precision="street", uncertainty_m=800.0, year=2023),
    _facility(4, ["city-5-000005"], name="百分100%_公园", category="sports_park", adcode="140502", lon=112.8513,
              lat=35.5002, year=2030, status="open"),
    _facility(5, ["city-5-000005"], name="百分1000公园", category="sports_park", adcode="140500", lon=112.8514,
              lat=35.4908, precision="city", status="cancelled"),
]  # fmt: skip


_indicator = partial(invention.indicator, TEXTS)
INDICATORS = [
    _indicator("county", 3, 1, base=0.99, base_year=2020, base_words="0.99", target=4.5, target_words="4.5"),
    _indicator("county", 3, 2, name="养老机构护理型床位占比", unit="%", target=55, bound="at_least", binding="binding",
               section="第二章 幼有所育"),
    _indicator("county", 5, 1, name="每千人口拥有3岁以下婴幼儿托位数", target=4, target_year=None, form="sentence",
               binding=None),
    _indicator("city", 4, 1, name="人均预期寿命", unit="岁", target=None, target_words="完成上级任务", target_year=None),
]  # fmt: skip


STOCK = [
    invention.stock(TEXTS, "county", 2, "kindergarten"),
    invention.stock(TEXTS, "county", 3, "elderly_institution", noun="养老床位", count=447, unit="张", measure="places"),
    invention.stock(TEXTS, "city", 2, "kindergarten", noun="公办幼儿园", count=310, year=None, cumulated=True),
]


def write_geodata(folder, shipped, **records):
    """Write a whole folder of open data about the invented world."""
    told = {"facilities": FACILITIES, "commitments": COMMITMENTS, "indicators": INDICATORS, "stock_figures": STOCK}
    return invention.write(folder, shipped, TEXTS, **(told | records))


@pytest.fixture(scope="session")
def world(geodata, tmp_path_factory):
    """The invented world: its folder, its texts, its records, and how to write a changed one."""
    home = tmp_path_factory.mktemp("world")
    folder = write_geodata(home / "geodata", geodata)
    texts = home / "plans"
    texts.mkdir()
    (texts / "county.txt").write_bytes(COUNTY_TEXT.encode())
    (texts / "city.txt").write_bytes(CITY_TEXT.encode())

    def changed(target, **records):
        return write_geodata(target, geodata, **records)

    return SimpleNamespace(
        geodata=folder, plans_dir=texts, facilities=FACILITIES, commitments=COMMITMENTS, changed=changed,
        indicators=INDICATORS,
        facility=_facility, replace=replace, texts=TEXTS, shipped=geodata,
    )  # fmt: skip


@pytest.fixture(scope="session")
def large(world, tmp_path_factory):
    """Open data whose building takes long enough to be interrupted."""
    facilities = [world.facility(number, ("county-2-000001",)) for number in range(1, invention.LARGE + 1)]
    return world.changed(tmp_path_factory.mktemp("large") / "geodata", facilities=facilities)


@pytest.fixture(scope="session")
def postgres(postgres_server):
    """A private PostgreSQL cluster with PostGIS, and the URLs of the databases in it."""
    for name in ("bare", "other", "empty", "whole", "dated"):
        postgres_server.sql("postgres", f"CREATE DATABASE {name}")
        if name != "bare":
            postgres_server.sql(name, "CREATE EXTENSION postgis")
    urls = {name: f"{postgres_server.url}/{name}" for name in ("bare", "other", "empty", "whole", "dated")}
    return SimpleNamespace(sql=postgres_server.sql, cluster=postgres_server, url=postgres_server.map, **urls)


@pytest.fixture(scope="session")
def gpkg_url(world, tmp_path_factory):
    """The URL of a GeoPackage built from the invented world with its texts."""
    url = f"sqlite:///{tmp_path_factory.mktemp('gpkg') / 'map.gpkg'}"
    store.build(url, geodata=world.geodata, plans_dir=world.plans_dir)
    return url


@pytest.fixture(scope="session")
def postgis_url(world, postgres):
    """The URL of a PostGIS database built from the invented world with its texts."""
    store.build(postgres.url, geodata=world.geodata, plans_dir=world.plans_dir)
    return postgres.url


@pytest.fixture(params=["gpkg", pytest.param("postgis", marks=pytest.mark.postgis)])
def url(request):
    """Each kind of database in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def conn(url):
    """A read-only connection to each kind of database in turn."""
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
