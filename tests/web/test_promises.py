"""Requirements and quotas at the interfaces: the four kinds kept apart, and each id that went says where."""

import csv
import io

import openpyxl
import pytest

from service_map.catalogue import terms


@pytest.fixture
def client(shipped_app):
    """Give a client of the site over the shipped data."""
    return shipped_app.test_client()


@pytest.fixture
def get(client):
    """Ask for JSON."""

    def ask(path, **query):
        return client.get(path, query_string=query).get_json(force=True)

    return ask


def test_no_facility_comes_of_a_rule(get):
    found = get("/api/facilities", limit=1000)
    assert found["numberMatched"] == found["numberReturned"]
    assert {feature["properties"]["basis"] for feature in found["features"]} <= {"site", "allotment", "record"}


@pytest.mark.parametrize("name", ["requirements", "quotas"])
def test_every_promise_without_a_place_has_a_citation_an_area_and_words_for_its_doubts(get, name):
    found = get(f"/api/{name}", limit=1000)
    assert found["numberMatched"] == len(found[name]) > 0
    areas = {area["adcode"] for area in get("/api/areas")["areas"]}
    for item in found[name]:
        assert item["adcode"] in areas
        assert item["citations"][0]["commitment"] == item["commitments"][0]
        assert len(item["doubts_words"]) == len(item["doubts"])
        assert get(f"/api/{name}/{item['id']}")["id"] == item["id"]


def test_a_district_is_told_what_its_city_promises_and_a_city_what_its_counties_get(get):
    for name in ("requirements", "quotas"):
        up = {item["id"] for item in get(f"/api/{name}", area="140213", limit=1000)[name]}
        city = {item["id"] for item in get(f"/api/{name}", area="140200", limit=1000)[name]}
        assert up
        assert up <= city
        assert {item["adcode"] for item in get(f"/api/{name}", area="140213", limit=1000)[name]} <= {"140200", "140213"}
    here = get("/api/requirements", area="140213", per="county", limit=1000)["requirements"]
    assert {unit["adcode"] for item in here for unit in item["units"]} == {"140213"}


def test_the_years_of_a_quota_add_up_to_it(get):
    every = {item["id"]: item for item in get("/api/quotas", limit=1000)["quotas"]}
    by_year = [item for item in every.values() if item["parts"] and all(every[part]["year"] for part in item["parts"])]
    assert by_year
    for whole in by_year:
        assert sum(every[part]["count"] for part in whole["parts"]) == whole["count"]
        assert {every[part]["part_of"] for part in whole["parts"]} == {whole["id"]}


def test_states_are_told_with_the_facility_that_they_rest_on(get):
    for state in ("kept", "promised"):
        for item in get("/api/requirements", state=state, limit=1000)["requirements"]:
            assert item[state] == sum(unit["state"] == state for unit in item["units"])
            for unit in item["units"]:
                if unit["state"] == state:
                    facility = get(f"/api/facilities/{unit['facility']}")["properties"]
                    assert facility["category"] == item["category"]
                    assert facility["adcode"].startswith(unit["adcode"])
                    assert (facility["status"] in terms.IN_PLACE) is (state == "kept")


def test_english_names_the_unit_and_the_state(get):
    item = get("/api/requirements", lang="en", per="county", limit=1)["requirements"][0]
    assert item["per_name"] == "county"
    assert {unit["state_name"] for unit in item["units"]} <= {term.en for term in terms.PROMISE_STATE.values()}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [("/api/requirements", {"per": "galaxy"}, "per"), ("/api/requirements", {"state": "broken"}, "state"),
     ("/api/quotas", {"per": "county"}, "per"), ("/api/quotas", {"area": "999999"}, "area"),
     ("/api/requirements", {"cursor": "AAAA"}, "cursor")],
)  # fmt: skip
def test_what_no_promise_has_is_refused_by_name(client, path, query, field):
    answer = client.get(path, query_string=query)
    assert (answer.status_code, answer.get_json(force=True)["field"]) == (400, field)


def test_pages_of_promises_follow_each_other_without_a_gap(client, get):
    every = [item["id"] for item in get("/api/quotas", limit=1000)["quotas"]]
    seen, address = [], "/api/quotas?limit=20"
    while address:
        page = client.get(address).get_json(force=True)
        seen += [item["id"] for item in page["quotas"]]
        assert page["numberMatched"] == len(every)
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == every


def test_every_id_that_a_rule_had_says_which_requirement_it_is_and_of_which_area(client, geodata):
    with (geodata / "retired.csv").open(encoding="utf-8", newline="") as file:
        gone = [row for row in csv.DictReader(file) if row["reason"] == "rule"]
    assert gone
    for row in gone[::25]:
        answer = client.get(f"/api/facilities/{row['id']}")
        told = answer.get_json(force=True)
        assert answer.status_code == 410
        assert (told["reason"], told["successor"], told["area"]) == ("rule", row["successor"], row["area"])
        assert row["successor"] in told["detail"]
        units = client.get(f"/api/requirements/{row['successor']}").get_json(force=True)["units"]
        assert row["area"] in {unit["adcode"] for unit in units}


def test_a_requirement_that_never_was_is_not_found(client):
    assert client.get("/api/requirements/r0000000000ff").status_code == 404
    assert client.get("/api/quotas/q0000000000ff").status_code == 404


def test_plans_count_the_four_kinds(get):
    promised = {name: get(f"/api/{name}", limit=1000)[name] for name in ("requirements", "quotas")}
    for plan in get("/api/plans")["plans"]:
        assert plan["requirements"] == sum(item["plan"] == plan["id"] for item in promised["requirements"])
        whole = [item for item in promised["quotas"] if item["part_of"] is None]
        assert plan["quotas"] == sum(item["plan"] == plan["id"] for item in whole)
        intents = get("/api/commitments", plan=plan["id"], kind="intent", limit=1)
        assert plan["intents"] == intents["numberMatched"]


# ---------------------------------------------------------------- layers and files


def test_a_requirement_is_drawn_as_the_area_of_each_unit_and_never_as_a_point(get):
    told = get("/ogc/collections/requirements/items", limit=1000)
    units = {unit["id"] for item in get("/api/requirements", limit=1000)["requirements"] for unit in item["units"]}
    assert {feature["id"] for feature in told["features"]} == units
    for feature in told["features"]:
        kind = None if feature["geometry"] is None else feature["geometry"]["type"]
        assert kind in {None, "Polygon", "MultiPolygon"}
        assert feature["id"] == f"{feature['properties']['requirement']}-{feature['properties']['adcode']}"
    drawn = [feature for feature in told["features"] if feature["geometry"] is not None]
    assert all(len(feature["properties"]["adcode"]) == 6 for feature in drawn)
    assert len(drawn) > len(told["features"]) / 2


def test_the_layers_are_asked_by_state_and_by_box(get):
    kept = get("/ogc/collections/requirements/items", state="kept", limit=1000)
    assert {feature["properties"]["state"] for feature in kept["features"]} == {"kept"}
    every = get("/ogc/collections/quotas/items", limit=1000)["features"]
    near = get("/ogc/collections/quotas/items", limit=1000, bbox="113.0,39.9,113.6,40.3")["features"]
    assert {feature["properties"]["adcode"] for feature in near} == {"140200"}
    assert len(near) < len(every)


@pytest.mark.parametrize("name", ["requirements", "quotas"])
def test_a_file_has_what_the_interface_answers(client, get, name):
    asked = {"area": "140213"}
    items = get(f"/api/{name}", **asked, limit=1000)[name]
    rows = sum(len(item.get("units", [None])) for item in items)
    table = client.get(f"/download/{name}.csv", query_string=asked)
    told = list(csv.DictReader(table.get_data(as_text=True).removeprefix("\ufeff").splitlines()))
    assert {row["id"] for row in told} == {item["id"] for item in items}
    assert len(told) == rows
    assert get(f"/download/{name}.geojson", **asked)["numberReturned"] == rows
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/download/{name}.xlsx", query_string=asked).data))
    sheet, fields = book.worksheets
    assert sheet.max_row == rows + 1
    assert [row[0].value for row in fields.iter_rows(min_row=2)] == list(told[0])


def test_the_counts_of_the_four_kinds_by_category_add_up_to_those_of_the_plans(get):
    layers, plans = get("/api/layers"), get("/api/plans")["plans"]
    for name in ("requirements", "quotas", "intents"):
        whole = sum(plan[name] for plan in plans)
        assert layers[name] == whole == sum(family[name] for family in layers["families"])
        assert whole == sum(kind[name] for family in layers["families"] for kind in family["categories"])


def test_a_commitment_leads_to_the_requirement_or_quota_that_it_says(get):
    for kind, name in (("coverage", "requirements"), ("quota", "quotas")):
        for item in get("/api/commitments", kind=kind, limit=5)["commitments"]:
            (promise,) = item["promises"]
            assert item["id"] in get(f"/api/{name}/{promise}")["commitments"]
    assert get("/api/commitments", kind="intent", limit=1)["commitments"][0]["promises"] == []
