"""A promise that is something on record: what the site, the API and the figures say of both."""

import csv
import html
import re
import shutil

import pytest
from invented_world import CENTRE, FACILITIES, make_app, write_world

from service_map import places, store
from service_map.places import Status
from service_map.places.existing import EXISTING_COLUMNS
from service_map.places.planned_list import LISTED_COLUMNS
from service_map.store import queries

# A home for the elderly that stands, and a funeral home that is being built, as others have them on record.
HOME, SITE = "f0000000000c1", "f0000000000c2"
ELDERLY, KINDERGARTEN, TRAIL, FUNERAL = FACILITIES[0].id, FACILITIES[1].id, FACILITIES[2].id, FACILITIES[4].id
ROW = ("140521", "elderly_institution", HOME, "虚构敬老院", str(CENTRE[0]), str(CENTRE[1]), "100", "nursing_home", "7",
       "2024", "OpenStreetMap", "ODbL 1.0")  # fmt: skip
LISTED = ("140502", "funeral_home", SITE, "虚构殡仪馆（建设中）", "112.86", "35.50", "100", "building", "8", "2024",
          "OpenStreetMap", "ODbL 1.0", "under_construction", "", "地点表", "9")  # fmt: skip
REPORTS = [
    Status(facility=ELDERLY, date="2024", status="planned", source="OpenStreetMap", same_as=HOME),
    Status(facility=FUNERAL, date="2024", status="under_construction", source="OpenStreetMap", same_as=SITE),
    Status(facility=KINDERGARTEN, date="2023", status="open", source="某人", same_as=HOME),
    Status(facility=KINDERGARTEN, date="2025", status="", source="县府", not_same=HOME),
    Status(facility="f0000000000dd", date="2022", status="under_construction", source="旧标识的报告"),
]


@pytest.fixture(scope="module")
def world(geodata, tmp_path_factory):
    home = tmp_path_factory.mktemp("links")
    retired = [places.Retired(id="f0000000000dd", successor=TRAIL, date="2026-01-01", reason="merged")]
    bare = [places.apply_statuses([one], [])[0] for one in FACILITIES]
    folder = write_world(home / "geodata", geodata, places.apply_statuses(bare, places.follow(REPORTS, retired)))
    for name, *rows in (("existing.csv", EXISTING_COLUMNS, ROW), ("planned.csv", LISTED_COLUMNS, LISTED)):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    places.write_statuses(folder / places.STATUS_FILE, REPORTS)
    places.write_retired(folder / "retired.csv", retired)
    url = f"sqlite:///{home}/map.gpkg"
    store.build(url, geodata=folder)
    return url, folder


@pytest.fixture(scope="module")
def client(world):
    return make_app(*world).test_client()


def _text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def _facility(client, identity):
    return client.get(f"/api/facilities/{identity}").json["properties"]


@pytest.mark.parametrize(
    ("language", "state", "event"),
    [
        ("", "已有，规划的建设是否完成未核实", "查到这处设施已有"),
        ("?lang=en", "stands already; promised works not verified", "Found to stand already"),
    ],
)
def test_a_promise_about_what_stands_is_said_to_stand_and_not_to_be_built(client, language, state, event):
    text = _text(client, f"/facility/{ELDERLY}{language}")
    assert state in text
    assert event in text
    assert "已经建成，看" not in text
    assert "It has been built" not in text
    found = _facility(client, ELDERLY)
    assert (found["status"], found["same_as"], found["status_source"]) == ("planned", HOME, "OpenStreetMap")


def test_the_page_of_what_stands_leads_to_the_promise_and_back(client):
    assert f'href="/facility/{ELDERLY}"' in client.get(f"/facility/{HOME}").text
    assert "规划提到这处设施" in _text(client, f"/facility/{HOME}")
    assert f'href="/facility/{HOME}"' in client.get(f"/facility/{ELDERLY}").text


def test_what_a_file_lists_and_a_plan_promises_stands_once_where_the_file_puts_it(client):
    ids = {feature["id"] for feature in client.get("/api/facilities?status=all&limit=100").json["features"]}
    assert FUNERAL in ids
    assert SITE not in ids
    found = _facility(client, FUNERAL)
    assert (found["status"], found["same_as"], found["precision"]) == ("under_construction", None, "site")
    moved = client.get(f"/facility/{SITE}")
    assert (moved.status_code, moved.headers["Location"].rsplit("/", 1)[1]) == (301, FUNERAL)


def test_a_link_that_was_taken_back_is_told_nowhere(client):
    assert _facility(client, KINDERGARTEN)["same_as"] is None
    text = _text(client, f"/facility/{KINDERGARTEN}")
    assert "某人" not in text
    assert "县府" not in text


def test_a_report_of_an_id_that_went_is_told_of_its_successor(client):
    assert "旧标识的报告" in _text(client, f"/facility/{TRAIL}")
    assert _facility(client, TRAIL)["status"] == "under_construction"


def test_a_promise_counts_where_what_it_was_found_to_be_is_no_longer_on_record(world, tmp_path):
    home = shutil.copytree(world[1], tmp_path / "geodata")
    (home / "existing.csv").unlink()
    url = f"sqlite:///{tmp_path}/map.gpkg"
    store.build(url, geodata=home)
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        assert ELDERLY in queries.facility_points(connection, apart=True).id
    engine.dispose()


def test_no_thing_counts_twice_where_people_are_counted(world):
    engine = store.open_readonly(world[0])
    with engine.connect() as connection:
        everything = set(queries.facility_points(connection).id)
        counted = set(queries.facility_points(connection, apart=True).id)
    engine.dispose()
    assert everything - counted == {ELDERLY}
    assert HOME in counted
