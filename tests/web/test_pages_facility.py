"""One facility's page: its history, where an error is reported, what stands nearest instead."""

import html
import re
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from invented_world import FACILITIES, make_app, write_world

from service_map import catalogue, places, settings, store
from service_map.places.location import Location
from service_map.places.status import Status
from service_map.store import queries
from service_map.web import create_app

ONE = FACILITIES[1]


@pytest.fixture(scope="module")
def world(geodata, tmp_path_factory):
    """An invented world whose kindergarten was located more surely, then begun, then opened."""
    home = tmp_path_factory.mktemp("facility")
    located = Location(
        facility=ONE.id, lon=112.1895, lat=35.6905, precision="site", uncertainty_m=20.0, source="县自然资源局",
        licence="CC0-1.0", date="2023-04-01",
    )  # fmt: skip
    reported = [
        Status(facility=ONE.id, date="2023-09", status="under_construction", source="县住建局"),
        Status(facility=ONE.id, date="2024-08-20", status="open", source="县教育局"),
    ]
    facilities = places.apply_statuses(places.apply_locations(FACILITIES, [located]), reported)
    folder = write_world(home / "geodata", geodata, facilities)
    places.write_locations(folder / "locations.csv", [located])
    places.write_statuses(folder / "statuses.csv", reported)
    url = f"sqlite:///{home}/facility.gpkg"
    store.build(url, geodata=folder)
    return url, folder


@pytest.fixture(scope="module")
def make(world):
    def client(**environment):
        url, folder = world
        return create_app(
            settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(folder), "COMPUTE_PROCESSES": "0"} | environment)
        ).test_client()

    return client


def _timeline(text):
    part = text.split('<ol class="timeline">')[1].split("</ol>")[0]
    rows = re.findall(r"<li>(.*?)</li>", part, re.DOTALL)
    return [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", row))).strip() for row in rows]


def test_a_facility_tells_what_became_of_it_in_the_order_of_time(make):
    client = make()
    rows = _timeline(client.get(f"/facility/{ONE.id}").text)
    assert [row.split()[0] for row in rows] == sorted(row.split()[0] for row in rows)
    assert [row.split()[1] for row in rows] == ["规划答应", "找到更准的位置", "已开工", "已建成"]
    assert [row.split()[-1] for row in rows[1:]] == ["县自然资源局", "县住建局", "县教育局"]
    english = _timeline(client.get(f"/facility/{ONE.id}?lang=en").text)
    assert "Located more surely" in english[1]


def test_a_facility_of_which_nobody_reported_says_so(make):
    assert "此后还没有人报告过进展" in make().get(f"/facility/{FACILITIES[4].id}").text


def test_a_report_that_is_imported_later_is_told_without_a_restart(world, geodata, tmp_path):
    _url, folder = world
    home = write_world(tmp_path / "geodata", geodata)
    for name in ("statuses.csv", "locations.csv"):
        (home / name).write_bytes((folder / name).read_bytes())
    url = f"sqlite:///{tmp_path}/later.gpkg"
    store.build(url, geodata=home)
    client = create_app(settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(home)})).test_client()
    assert len(_timeline(client.get(f"/facility/{ONE.id}").text)) >= 4
    more = [*places.load_statuses(home / "statuses.csv")]
    more.append(Status(facility=ONE.id, date="2025-01", status="cancelled", source="县政府"))
    places.write_statuses(home / "statuses.csv", more)
    assert "县政府" in _timeline(client.get(f"/facility/{ONE.id}").text)[-1]


def test_a_damaged_table_of_reports_leaves_the_page_standing(world, geodata, tmp_path):
    home = write_world(tmp_path / "geodata", geodata)
    url = f"sqlite:///{tmp_path}/damaged.gpkg"
    store.build(url, geodata=home)
    (home / "statuses.csv").write_text("id,status,date,source\nx,nonsense,then,nobody\n", encoding="utf-8")
    client = create_app(settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(home)})).test_client()
    answer = client.get(f"/facility/{ONE.id}")
    assert answer.status_code == 200
    assert "规划答应" in answer.text


def _report_link(client, query=""):
    found = re.search(r'class="report-error"[^>]*href="([^"]+)"', client.get(f"/facility/{ONE.id}{query}").text)
    return html.unescape(found[1]) if found else None


def test_an_error_is_reported_by_a_letter_that_names_the_facility(make):
    link = _report_link(make(REPORT_URL="map@example.org"))
    parts = urlsplit(link)
    assert (parts.scheme, parts.path) == ("mailto", "map@example.org")
    letter = parse_qs(parts.query)
    assert ONE.id in letter["subject"][0]
    assert f"http://localhost/facility/{ONE.id}" in letter["body"][0]
    english = unquote(_report_link(make(REPORT_URL="mailto:map@example.org"), "?lang=en"))
    assert "Error report" in english
    assert ONE.id in english


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("https://form.example.org/report", f"https://form.example.org/report?id={ONE.id}&url="),
        ("https://form.example.org/?form=7", f"https://form.example.org/?form=7&id={ONE.id}&url="),
        ("https://form.example.org/{id}?from={url}", f"https://form.example.org/{ONE.id}?from=http%3A%2F%2Flocalhost"),
    ],
)
def test_an_error_is_reported_by_the_operators_form(make, form, begins):
    assert _report_link(make(REPORT_URL=form)).startswith(begins)


def test_without_an_address_nobody_is_asked_to_report(make):
    assert _report_link(make()) is None


def test_the_nearest_others_of_the_kind_are_offered_nearest_first(make, world):
    park = FACILITIES[-1]
    text = make().get(f"/facility/{park.id}").text
    offered = re.findall(r'class="name"[^>]*>([^<]+)<', text)
    engine = store.open_readonly(world[0])
    with engine.connect() as conn:
        near = queries.nearby(
            conn, park.lon, park.lat, 30_000, queries.FacilityFilter(categories=(park.category,)), limit=6
        )
    engine.dispose()
    assert offered == [record.name for record, _metres in near if record.id != park.id][:5]


@pytest.mark.parametrize("near", ["here", "112", "112,35,3", "200,35", "112,95", "nan,35"])
def test_a_place_to_count_from_that_is_none_is_refused_in_words(make, near):
    answer = make().get(f"/?near={near}")
    assert answer.status_code == 400
    assert "near" in answer.text
    assert "接下来可以" in answer.text


@pytest.mark.parametrize(("language", "once"), [("zh", "其他"), ("en", "other")])
def test_a_kind_that_is_called_other_is_not_called_so_twice(invented, geodata, tmp_path, language, once):
    kinds = [code for code, kind in catalogue.categories(geodata).items() if kind.zh.startswith("其他")]
    named = [replace(item, category=code) for item, code in zip(FACILITIES, kinds, strict=False)]
    assert len(named) > 2
    client = make_app(invented.build(tmp_path / "other.gpkg", facilities=named), invented.geodata).test_client()
    for item in named:
        text = client.get(f"/facility/{item.id}?lang={language}").text.lower()
        assert once in text
        assert not re.search(rf"{once}\s*{once}", text)
