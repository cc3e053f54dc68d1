"""A planned facility that a file lists: on the map and in every form, with the file as its citation."""

import csv
import io
import re

import pytest
from invented_world import CENTRE, FACILITIES, make_app, write_world

from service_map import store
from service_map.errors import GeodataError
from service_map.places.planned_list import LISTED_COLUMNS

LISTED = "f0000000000b1"
ROW = ("140521", "kindergarten", LISTED, "城东幼儿园", str(CENTRE[0]), str(CENTRE[1]), "100", "幼儿园", "7", "2026-01",
       "县发改局", "内部资料", "under_construction", "2027", "2026年重点项目表", "17")  # fmt: skip


def write_listed(folder, *rows):
    with (folder / "planned.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LISTED_COLUMNS, *rows])
    return folder


@pytest.fixture(scope="module")
def client(geodata, tmp_path_factory):
    home = tmp_path_factory.mktemp("listed")
    folder = write_listed(write_world(home / "geodata", geodata), ROW)
    url = f"sqlite:///{home}/map.gpkg"
    assert store.build(url, geodata=folder).rows["facilities"] == len(FACILITIES) + 1
    return make_app(url, folder).test_client()


def test_it_stands_among_what_is_planned_and_cites_its_file(client):
    found = {feature["id"]: feature["properties"] for feature in client.get("/api/facilities").json["features"]}
    listed = found[LISTED]
    assert (listed["status"], listed["year"], listed["basis"]) == ("under_construction", 2027, "record")
    assert (listed["source_title"], listed["source_row"], listed["status_date"]) == ("2026年重点项目表", 17, "2026-01")
    assert (listed["point_source"], listed["point_licence"]) == ("县发改局", "内部资料")
    assert (listed["plan"], listed["citation"], listed["citations"]) == (None, None, [])
    promised = found[FACILITIES[0].id]
    assert (promised["source_title"], promised["source_row"]) == (None, None)
    assert promised["citation"]


@pytest.mark.parametrize(
    ("language", "words"), [("", "2026年重点项目表，第 17 行"), ("?lang=en", "2026年重点项目表, row 17")]
)
def test_its_page_shows_the_file_where_others_show_the_plan(client, language, words):
    page = client.get(f"/facility/{LISTED}{language}")
    assert page.status_code == 200
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page.text))
    assert words in text
    assert "县发改局" in text
    assert "2026-01" in text
    assert "None" not in text
    assert "/plan/None" not in page.text
    assert "依据规划里的" not in text


def test_the_home_page_the_feed_and_the_lists_bear_one_without_a_plan(client):
    for path in ("/", "/?lang=en", "/feed.atom", f"/api/facilities/{LISTED}", "/api/layers"):
        assert client.get(path).status_code == 200, path
    assert "城东幼儿园" in client.get("/?category=kindergarten").text
    assert "2026年重点项目表" in client.get("/feed.atom?category=kindergarten").text


def test_downloads_say_in_which_file_and_row_it_is_listed(client):
    rows = list(csv.DictReader(io.StringIO(client.get("/download/facilities.csv").get_data(as_text=True))))
    row = next(row for row in rows if row["id"] == LISTED)
    assert (row["source_title"], row["source_row"], row["plan"]) == ("2026年重点项目表", "17", "")
    about = client.get("/download/about.json").text
    assert "source_title" in about
    assert "source_row" in about


def test_an_id_that_a_promise_has_already_stops_the_build_and_the_old_database_stands(geodata, tmp_path):
    folder = write_listed(write_world(tmp_path / "geodata", geodata), ROW)
    url = f"sqlite:///{tmp_path}/map.gpkg"
    store.build(url, geodata=folder)
    good = (tmp_path / "map.gpkg").read_bytes()
    write_listed(folder, (*ROW[:2], FACILITIES[0].id, *ROW[3:]))
    with pytest.raises(GeodataError, match=FACILITIES[0].id):
        store.build(url, geodata=folder)
    assert (tmp_path / "map.gpkg").read_bytes() == good


def test_a_new_list_makes_the_database_stale(geodata, tmp_path):
    folder = write_world(tmp_path / "geodata", geodata)
    url = f"sqlite:///{tmp_path}/map.gpkg"
    store.build(url, geodata=folder)
    assert store.is_current(url, folder)
    write_listed(folder, ROW)
    assert not store.is_current(url, folder)
