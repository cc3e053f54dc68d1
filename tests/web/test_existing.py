"""What stands already, on the pages and in the interface: found when asked for, never taken for a promise."""

import csv
import re

import pytest
from invented_world import CENTRE, FACILITIES, make_app, write_world

from service_map import store
from service_map.places import Retired, load_demand, write_retired
from service_map.places.existing import EXISTING_COLUMNS

SCHOOL, HOMES = "f0000000000a1", "f0000000000a3"
GONE, MOVED = "f00000000dead", "f00000000feed"
ROWS = [
    ("140521", "kindergarten", SCHOOL, "城西幼儿园", str(CENTRE[0]), str(CENTRE[1]), "100", "kindergarten", "7", "2024",
     "OpenStreetMap", "ODbL 1.0"),
    ("140521", "residential", HOMES, "梅苑小区", "112.1810", "35.6910", "300", "residential", "8", "2024",
     "OpenStreetMap", "ODbL 1.0"),
]  # fmt: skip


@pytest.fixture(scope="module")
def client(geodata, tmp_path_factory):
    home = tmp_path_factory.mktemp("existing")
    folder = write_world(home / "geodata", geodata)
    with (folder / "existing.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([EXISTING_COLUMNS, *ROWS])
    write_retired(
        folder / "retired.csv",
        [
            Retired(id=GONE, successor="", date="2025-01-01", reason="dropped"),
            Retired(id=MOVED, successor=FACILITIES[0].id, date="2025-01-01", reason="merged"),
        ],
    )
    url = f"sqlite:///{home}/map.gpkg"
    store.build(url, geodata=folder)
    return make_app(url, folder).test_client()


@pytest.fixture(scope="module")
def shipped(shipped_app):
    return shipped_app.test_client()


def ids(client, query=""):
    answer = client.get(f"/api/facilities?limit=1000{query}")
    assert answer.status_code == 200, answer.text
    return {feature["id"]: feature["properties"] for feature in answer.json["features"]}


def test_by_default_every_feature_is_a_promise_with_its_citation(client):
    found = ids(client)
    assert set(found) == {facility.id for facility in FACILITIES}
    assert all(feature["citation"] and feature["plan"] for feature in found.values())


def test_what_stands_already_is_found_when_asked_for(client):
    found = ids(client, "&status=existing")
    assert set(found) == {SCHOOL}
    school = found[SCHOOL]
    assert (school["plan"], school["citation"], school["citations"]) == (None, None, [])
    assert (school["point_source"], school["point_licence"], school["status_date"]) == (
        "OpenStreetMap", "ODbL 1.0", "2024",
    )  # fmt: skip
    assert set(ids(client, "&status=all")) == {SCHOOL, *(facility.id for facility in FACILITIES)}
    refused = client.get("/api/facilities?status=ruined")
    assert refused.status_code == 400
    assert {"existing", "all"} <= set(refused.json["allowed"])


def test_layers_and_areas_count_promises(client):
    layers = client.get("/api/layers").json
    assert layers["facilities"] == sum(layers["precision"].values()) == len(FACILITIES)
    county = next(area for area in client.get("/api/areas").json["areas"] if area["adcode"] == "140521")
    assert county["facilities"] == sum(facility.adcode == "140521" for facility in FACILITIES)


def test_the_life_circle_counts_what_stands_already(client):
    answer = client.get(f"/api/circle?lon={CENTRE[0]}&lat={CENTRE[1]}").json
    met = [verdict for verdict in answer["verdicts"] if verdict["verdict"] == "met"]
    assert "kindergarten" in {verdict["category"] for verdict in met}
    nearest = next(verdict["facility"] for verdict in met if verdict["category"] == "kindergarten")
    assert (nearest["id"], nearest["status"], nearest["plan"]) == (SCHOOL, "existing", None)


def test_a_download_that_holds_rows_of_openstreetmap_names_it(client):
    answer = client.get("/download/facilities.geojson?status=all").text
    assert "ODbL 1.0" in answer
    assert "OpenStreetMap" in answer
    described = client.get("/download/about.json?status=all").text
    assert "ODbL 1.0" in described
    assert "promised and existing facilities" in described
    assert "ODbL 1.0" not in client.get("/download/about.json").text


def test_each_page_of_an_existing_facility_names_its_source(client):
    for language in ("", "?lang=en"):
        page = client.get(f"/facility/{SCHOOL}{language}")
        assert page.status_code == 200
        assert "OpenStreetMap" in page.text
        assert "ODbL" in page.text
        assert "/plan/None" not in page.text
        assert "None" not in re.sub(r"<[^>]*>", "", page.text)


def test_the_map_and_the_about_page_name_openstreetmap(client):
    assert "OpenStreetMap" in client.get("/").text
    assert "ODbL" in client.get("/about").text


@pytest.mark.parametrize("query", ["", "?status=existing", "?status=all", "?status=all&lang=en"])
def test_the_home_page_lists_either_or_both(client, query):
    page = client.get(f"/{query}")
    assert page.status_code == 200
    assert ("城西幼儿园" in page.text) == bool(query)


def test_a_merged_id_leads_to_its_successor_for_good(client):
    heir = FACILITIES[0].id
    page = client.get(f"/facility/{MOVED}?lang=en")
    assert (page.status_code, page.headers["Location"]) == (301, f"/facility/{heir}?lang=en")
    answer = client.get(f"/api/facilities/{MOVED}?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/api/facilities/{heir}?lang=en")
    assert client.get(answer.headers["Location"]).json["id"] == heir


def test_a_dropped_id_is_gone_and_the_page_explains(client):
    page = client.get(f"/facility/{GONE}")
    assert page.status_code == 410
    assert "2025-01-01" in page.text
    answer = client.get(f"/api/facilities/{GONE}?lang=en")
    assert (answer.status_code, answer.mimetype) == (410, "application/problem+json")
    assert answer.json["type"].endswith("/api/problems/gone")
    assert "2025-01-01" in answer.json["detail"]
    assert client.get("/api/problems/gone").json["status"] == 410
    assert client.get("/facility/f0000000beef").status_code == 404


@pytest.mark.parametrize(("county", "name"), [("140213", "平城区"), ("140802", "盐湖区")])
def test_a_fresh_machine_answers_a_real_check_in_a_real_town(shipped, geodata, county, name):
    """From each community of the town, what stands is judged by what stands: some rule is met, with its facility."""
    homes = [row for row in load_demand(geodata) if row.adcode == county]
    assert len(homes) >= 50
    met = 0
    for row in homes[:60]:
        answer = shipped.get(f"/api/circle?lon={row.lon}&lat={row.lat}").json
        assert answer["area"]["name"] == name
        here = [verdict for verdict in answer["verdicts"] if verdict["verdict"] == "met"]
        for verdict in here:
            assert verdict["facility"]["status"] in ("existing", "open")
            assert verdict["distance_high_m"] <= verdict["radius_m"] + 0.1
        met += bool(here)
    # OpenStreetMap is dense in these two towns: a third of the homes have something in reach for certain.
    assert met >= 15


def test_the_shipped_map_shows_only_promises_unless_asked(shipped):
    for page in ("/api/facilities?limit=1000", "/download/facilities.geojson"):
        features = shipped.get(page).get_json(force=True)["features"]
        assert features
        # A plan's line, or the row of a list of what is planned.
        told = [feature["properties"] for feature in features]
        assert all(one["citation"] or (one["source_title"] and one["source_row"]) for one in told)
