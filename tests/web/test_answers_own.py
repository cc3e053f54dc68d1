"""A caller's own facilities, the three zones and the bad questions, over the web."""

import math

import pytest
from invented_world import CENTRE, make_app, write_world
from shapely import box
from shapely.geometry import mapping

from service_map import store

LON, LAT = CENTRE
DEGREE = 111_320 * math.cos(math.radians(LAT))
KINDERGARTEN = {"category": "kindergarten", "metres": 300, "as_recorded": "true"}


def at(metres):
    return {"type": "Point", "coordinates": [LON + metres / DEGREE, LAT]}


def feature(geometry, **properties):
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def body(*features):
    return {"type": "FeatureCollection", "features": list(features)}


PARK = feature(mapping(box(LON + 1_000 / DEGREE, LAT - 0.002, LON + 1_600 / DEGREE, LAT + 0.002)), role="facility")


@pytest.fixture
def ask(api):
    def post(path, payload, **query):
        answer = api.post(path, query_string=query, json=payload)
        assert answer.status_code == 200, answer.text
        return answer.get_json(force=True)

    return post


def test_a_park_of_the_body_is_measured_from_its_edge(ask):
    crowd = (feature(at(1_300), people=5), feature(at(1_890), people=3), feature(at(1_950), people=1))
    summary = ask(
        "/api/coverage", body(PARK, *crowd), area="140521", rule="gbt51346-park-small", complete="park_green"
    )["coverage"]
    assert summary["people"]["covered"]["located"] == 8
    assert summary["measured_from"] == {"edge": 1, "point": 0}


def test_facilities_of_the_body_stand_beside_those_on_record_or_alone(ask):
    own = feature(at(3_000), role="facility")
    crowd = (feature(at(163), people=5), feature(at(3_000), people=3))

    def located(**more):
        found = ask("/api/coverage", body(own, *crowd), area="140521", **KINDERGARTEN, **more)
        return found["coverage"]["people"]["covered"]["located"]

    assert located() == 8
    assert located(stock="given") == 3


def test_what_facilities_of_the_body_hold_is_shared_among_who_reaches_them(ask):
    def shared(**holds):
        features = [feature(at(0), role="facility", **holds), feature(at(0), people=200)]
        query = {"area": "140521", "category": "nursery", "metres": 300, "complete": "nursery"}
        found = ask("/api/coverage", body(*features), **query)
        return found["coverage"]["people"]["catchment"]

    assert (shared(beds=10)["of"], shared(beds=10)["per_1000_mean"]) == ("beds", 50)
    assert (shared(capacity=90)["of"], shared(capacity=90)["per_1000_mean"]) == ("places", 450)
    assert (shared()["of"], shared()["without_capacity"], shared()["per_1000_mean"]) == ("facilities", 1, 5)


def test_gaps_give_three_zones_with_people_in_each(ask):
    crowd = [feature(at(163 + metres), **{"people": people, "people_60+": 1})
             for metres, people in ((0, 1), (270, 2), (340, 4), (900, 8))]  # fmt: skip
    found = ask("/api/gaps", body(*crowd), area="140521", zones="true", **KINDERGARTEN)
    zones = found["gaps"]["zones"]
    assert [zones[name]["people"] for name in ("certain", "uncertain", "gap")] == [1, 6, 8]
    assert zones["gap"]["groups"] == {"60+": 1}
    drawn = [row["properties"]["zone"] for row in found["features"] if row["properties"]["zone"]]
    assert drawn == ["certain", "uncertain", "gap"]
    ranked = [row["properties"] for row in found["features"] if row["properties"]["rank"]]
    assert ranked[0]["people"] == 12
    assert ranked[0]["people_certain"] == 8


def test_cards_are_checked_with_the_callers_facilities(ask):
    nursery = feature(at(150), role="facility", category="nursery", name="我们的托育所")
    (card,) = ask("/api/circle", body(nursery, feature(at(0))))["circles"]
    row = next(row for row in card["verdicts"] if row["rule"]["id"] == "gb50180-nursery-5")
    assert (row["verdict"], row["facility"]["name"]) == ("met", "我们的托育所")


def test_sites_and_completeness_take_them_too(ask):
    crowd = (feature(at(163), people=5), feature(at(3_000), people=3), feature(at(6_000), people=2))
    own = feature(at(3_000), role="facility", category="kindergarten")
    place = feature(at(6_000), role="place")
    sites = ask("/api/sites", body(own, place, *crowd), area="140521", count=1, **KINDERGARTEN)["sites"]
    assert (sites["already"], sites["added"]) == (8, 2)
    assert sites["before"]["certain"] <= sites["before"]["located"] <= sites["before"]["possible"]
    index = ask(
        "/api/completeness", body(own, *crowd), area="140521", rule="gb50180-kindergarten-5", as_recorded="true"
    )["completeness"]
    assert index["distribution"] == [2, 8]
    assert list(index["mean_bounds"].values()) == sorted(index["mean_bounds"].values())


def test_an_operators_inventory_allows_not_met(tmp_path, geodata):
    folder = write_world(tmp_path / "geodata", geodata)
    (folder / "inventories.toml").write_text(
        '[[inventory]]\narea = "140521"\ncategories = ["nursery"]\nsource = "县教育局名录"\ndate = "2025-09"\n',
        encoding="utf-8",
    )
    url = f"sqlite:///{tmp_path}/world.gpkg"
    store.build(url, geodata=folder)
    card = (
        make_app(url, folder)
        .test_client()
        .get("/api/circle", query_string={"lon": LON, "lat": LAT})
        .get_json(force=True)
    )
    row = next(row for row in card["verdicts"] if row["rule"]["id"] == "gb50180-nursery-5")
    assert row["verdict"] == "not_met"
    assert card["inventories"][0]["source"] == "县教育局名录"


BAD = [
    ("/api/coverage", {**KINDERGARTEN, "area": "140521", "metres": 0}, None, "metres"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521", "metres": -300}, None, "metres"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521", "metres": 1e9}, None, "metres"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521", "metres": "nan"}, None, "metres"),
    ("/api/coverage", {"area": "140521", "rule": "gb0-nothing"}, None, "rule"),
    ("/api/gaps", {**KINDERGARTEN, "area": "140521", "metres": 1e9}, None, "metres"),
    ("/api/gaps", {**KINDERGARTEN, "area": "140521", "zones": "some"}, None, "zones"),
    ("/api/sites", {**KINDERGARTEN, "area": "140521", "count": 1, "metres": 0}, None, "metres"),
    ("/api/completeness", {"area": "140521", "rule": "gb0-nothing"}, None, "rule"),
    ("/api/circle", {"lon": LAT, "lat": LON}, None, "lat"),
    ("/api/circle", {"lon": "nan", "lat": LAT}, None, "lon"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521", "stock": "given"}, body(feature(at(0))), "stock"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521", "stock": "theirs"}, body(feature(at(0))), "stock"),
    ("/api/circle", {}, body(feature(at(0)), feature(at(9), role="facility")), "facilities"),
    ("/api/circle", {}, body(feature(at(0)), feature(at(9), role="facility", category="castle")), "facilities"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521"}, body(feature(at(0), role="shop")), "body"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521"}, body(feature(at(0), role="facility", beds=-1)), "body"),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521"}, body(feature(at(0), role="facility", capacity="9")), "body"),
    (
        "/api/coverage", {**KINDERGARTEN},
        body(feature({"type": "Polygon", "coordinates": [[[112, 35.5], [112.5, 36], [112.25, 35.75], [112, 35.5]]]})),
        "area",
    ),
    ("/api/coverage", {**KINDERGARTEN, "area": "140521"}, body(feature({"type": "Point", "coordinates": [LAT, LON]})), "body"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "query", "payload", "field"), BAD)
def test_a_wrong_question_is_refused_by_name(api, path, query, payload, field):
    answer = api.get(path, query_string=query) if payload is None else api.post(path, query_string=query, json=payload)
    problem = answer.get_json(force=True)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), problem
    assert problem["field"] == field


def test_a_kind_of_which_nothing_is_on_record_gets_a_stated_empty_answer(api):
    query = {"area": "140521", "category": "museum", "metres": 500}
    summary = api.get("/api/coverage", query_string=query).get_json(force=True)["coverage"]
    assert (summary["facilities"], summary["record"], summary["share"], summary["zones"]) == (0, "none", None, None)
    assert "没有收录" in summary["record_basis"]["words"]
    query["as_recorded"] = "true"
    summary = api.get("/api/coverage", query_string=query).get_json(force=True)["coverage"]
    assert (summary["facilities"], summary["share"], summary["share_high"]) == (0, 0, 0)
    gaps = api.get("/api/gaps", query_string=query).get_json(force=True)["gaps"]
    assert (gaps["gap_share"], gaps["zones"]["gap"]["share"]) == (1, 1)
