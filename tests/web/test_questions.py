"""The five questions over the web, asked of an area and of the caller's own points and polygon."""

import math
import threading

import pytest
from invented_world import CENTRE, PARKS
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from shapely import box
from shapely.geometry import mapping, shape

from service_map.web import openapi, security

LON, LAT = CENTRE
DEGREE = 111_320 * math.cos(math.radians(LAT))
AROUND = box(LON - 0.05, LAT - 0.05, LON + 0.05, LAT + 0.05)
REACH = {"category": "kindergarten", "metres": 300, "as_recorded": "true"}
ASKED = {
    "/api/coverage": {**REACH},
    "/api/gaps": {**REACH},
    "/api/sites": {**REACH, "count": 2},
    "/api/completeness": {"minutes": 5, "as_recorded": "true"},
    "/api/circle": {},
}


def feature(geometry, **properties):
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def point(metres=0.0, **properties):
    return feature({"type": "Point", "coordinates": [LON + metres / DEGREE, LAT]}, **properties)


def body(*features):
    return {"type": "FeatureCollection", "features": list(features)}


CROWD = (point(0, **{"people": 30, "people_60+": 4}), point(5_000, people=12))


def post(api, path, payload, **query):
    return api.post(path, query_string=query, json=payload)


@pytest.fixture(scope="module")
def conforms(invented_app):
    """Check an answer against the document's schema of its method."""
    document = invented_app.test_client().get("/api/openapi.json").get_json(force=True)
    registry = Registry().with_resource("urn:api", Resource.from_contents(document, default_specification=DRAFT202012))

    def check(answer, path, method):
        assert answer.status_code == 200, answer.text
        schema = document["paths"][path][method]["responses"]["200"]["content"][answer.mimetype]["schema"]
        validator = Draft202012Validator({"$ref": f"urn:api{schema['$ref']}"}, registry=registry)
        faults = [
            f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(answer.get_json(force=True))
        ]
        assert faults == []
        return answer.get_json(force=True)

    return check


@pytest.mark.parametrize("path", ["/api/coverage", "/api/gaps", "/api/sites", "/api/completeness"])
def test_each_question_is_answered_for_an_area_and_for_the_callers_own_people_and_polygon(api, conforms, path):
    of_area = conforms(api.get(path, query_string={"area": "140521", **ASKED[path]}), path, "get")
    polygon = feature(mapping(AROUND))
    of_yours = conforms(post(api, path, body(*CROWD, polygon), **ASKED[path]), path, "post")
    mixed = conforms(post(api, path, body(*CROWD), area="140521", **ASKED[path]), path, "post")
    kind = path.rpartition("/")[2]
    assert of_area[kind]["area"]["name"] == mixed[kind]["area"]["name"] == "沁水县"
    assert of_yours[kind]["area"]["adcode"] is None


def test_coverage_counts_the_callers_people(api):
    summary = post(api, "/api/coverage", body(*CROWD), area="140521", **REACH).get_json(force=True)["coverage"]
    assert summary["people"]["covered"]["located"] == 30
    elderly = summary["people"]["groups"]["60+"]
    assert (elderly["total"], elderly["covered"]) == (4, {"certain": 4, "located": 4, "possible": 4})
    assert summary["denominator"] == "land_area"


def test_coverage_by_year_names_what_exists_each_year_and_everything(api, conforms):
    query = {"area": "140521", **REACH, "by_year": "true"}
    rows = conforms(api.get("/api/coverage", query_string=query), "/api/coverage", "get")["coverage"]["years"]
    assert [row["horizon"] for row in rows][:2] == ["existing", "by_year"]
    shares = {row["year"]: row["share"] for row in rows if row["horizon"] == "by_year"}
    assert shares[2023] == 0 < shares[2024]


def test_a_rule_brings_its_own_reach(api, conforms):
    query = {"area": "140521", "rule": "jincheng-2021-home-care-383", "profile": "elderly"}
    summary = conforms(api.get("/api/coverage", query_string=query), "/api/coverage", "get")["coverage"]
    assert summary["categories"] == ["elderly_community", "elderly_day_care"]
    assert summary["metres"] == pytest.approx(15 * 60 * 0.8 / 1.3, abs=0.1)
    assert (summary["method"], summary["walking"]["detour"]) == ("detour", 1.3)
    assert (summary["rule"]["plan"], summary["rule"]["line"]) == ("jincheng-2021", 383)
    assert any("detour" in limit or "绕行" in limit for limit in summary["limits"])


def test_gaps_are_ranked_and_clipped_to_the_polygon(api):
    polygon = feature(mapping(AROUND))
    found = post(api, "/api/gaps", body(CROWD[0], point(4_000, people=12), polygon), **REACH).get_json(force=True)
    assert [piece["properties"]["rank"] for piece in found["features"][:3]] == [1, 2, 2]
    assert found["features"][0]["properties"]["people"] == 12 == found["gaps"]["people_in_gaps"]
    assert all(AROUND.buffer(1e-6).contains(shape(piece["geometry"])) for piece in found["features"])


def test_gaps_are_cut_by_what_is_asked_for_and_nothing_else(api, conforms):
    query = {"area": "140521", **REACH, "as_recorded": "true"}
    cells = conforms(api.get("/api/gaps", query_string=query | {"by": "cell"}), "/api/gaps", "get")
    assert cells["gaps"]["by"] == "cell"
    assert cells["gaps"]["h3_resolution"] is not None
    assert all(len(piece["properties"]["name"]) == 15 for piece in cells["features"])
    for by, status in (("township", 422), ("community", 422), ("street", 400)):
        refused = api.get("/api/gaps", query_string=query | {"by": by})
        assert refused.status_code == status
        assert "by" in refused.get_data(as_text=True)


def test_sites_keep_to_the_callers_places(api):
    places = (point(5_050, role="place"), point(0, role="place"))
    found = post(api, "/api/sites", body(*CROWD, *places), area="140521", **REACH, count=2).get_json(force=True)
    assert [site["properties"]["gain"] for site in found["features"]] == [12]
    assert found["sites"]["places_from"] == "given"
    assert found["sites"]["proven"]


def test_sites_take_their_number_from_a_commitment(api, conforms):
    query = {"area": "140521", "category": "library", "metres": 1000, "commitment": "county-4-000004"}
    found = conforms(api.get("/api/sites", query_string=query), "/api/sites", "get")
    assert len(found["features"]) == PARKS
    assert found["sites"]["commitment"]["plan"] == "county"
    assert api.get("/api/sites", query_string=query | {"commitment": "county-9-ffffff"}).status_code == 404


def test_communities_on_record_are_places_where_there_are_any(api):
    query = {"area": "140521", **REACH, "count": 1, "places": "communities"}
    answer = api.get("/api/sites", query_string=query)
    assert (answer.status_code, answer.get_json(force=True)["field"]) == (422, "places")


def test_completeness_takes_rules_by_name(api):
    query = {"rule": "gb50180-kindergarten-5,gb50180-nursery-5", "area": "140521", "as_recorded": "true"}
    found = post(api, "/api/completeness", body(*CROWD), **query).get_json(force=True)
    assert found["completeness"]["distribution"] == [12, 30, 0]
    assert [cell["properties"]["kept"] for cell in found["features"]] == [1, 0]


def test_a_card_for_each_of_the_callers_points(api, conforms):
    found = conforms(post(api, "/api/circle", body(point(), point(500))), "/api/circle", "post")
    single = api.get("/api/circle", query_string={"lon": LON, "lat": LAT}).get_json(force=True)
    assert found["numberReturned"] == 2
    assert found["circles"][0]["summary"] == single["summary"]
    assert {"plan_circles", "verdicts", "apart"} <= single.keys()


def test_the_card_takes_the_callers_word_that_a_kind_is_all_on_record(api):
    def verdict(**more):
        card = api.get("/api/circle", query_string={"lon": LON, "lat": LAT, **more}).get_json(force=True)
        return next(row["verdict"] for row in card["verdicts"] if row["rule"]["id"] == "gb50180-nursery-5")

    assert verdict() == "cannot_say"
    assert verdict(complete="nursery,kindergarten") == "not_met"


def test_a_network_of_the_operators_is_walked(invented, tmp_path, geodata):
    from service_map import settings
    from service_map.web import create_app

    path = tmp_path / "streets.csv"
    rows = [f"{LON + 50 * n / DEGREE},{LAT},{LON + 50 * (n + 1) / DEGREE},{LAT}" for n in range(40)]
    path.write_text("from_lon,from_lat,to_lon,to_lat\n" + "\n".join(rows), encoding="utf-8")
    environment = {"DATABASE_URL": invented.url, "GEODATA_DIR": str(invented.geodata), "COMPUTE_PROCESSES": "0",
                   "NETWORK": str(path)}  # fmt: skip
    client = create_app(settings.load(environment)).test_client()
    card = client.get("/api/circle", query_string={"lon": LON, "lat": LAT}).get_json(force=True)
    assert card["method"] == "network"
    query = {"area": "140521", "category": "kindergarten", "minutes": 5}
    assert client.get("/api/coverage", query_string=query).get_json(force=True)["coverage"]["method"] == "network"


BAD = [
    ("/api/coverage", {}, body(*CROWD), "category"),
    ("/api/coverage", {**REACH}, body(*CROWD), "area"),
    ("/api/coverage", {**REACH, "area": "140521"}, body(feature(mapping(AROUND))), "area"),
    ("/api/coverage", {**REACH, "area": "140521"}, body(point(role="place")), "body"),
    ("/api/coverage", {**REACH, "area": "140502"}, body(*CROWD), "demand"),
    ("/api/coverage", {**REACH, "area": "140521", "minutes": 5}, body(*CROWD), "metres"),
    ("/api/coverage", {**REACH, "area": "140521", "datum": "NAD27"}, body(*CROWD), "datum"),
    ("/api/coverage", {**REACH, "area": "140521", "by_year": "yes"}, body(*CROWD), "by_year"),
    ("/api/coverage", {"rule": "gb0", "area": "140521"}, body(*CROWD), "rule"),
    ("/api/coverage", {**REACH}, {"type": "Feature"}, "body"),
    ("/api/gaps", {**REACH, "area": "140521", "limit": 0}, body(*CROWD), "limit"),
    ("/api/gaps", {**REACH, "area": "140521", "least_km2": -1}, body(*CROWD), "least_km2"),
    ("/api/sites", {**REACH, "area": "140521"}, body(*CROWD), "count"),
    ("/api/sites", {**REACH, "area": "140521", "count": 0}, body(*CROWD), "count"),
    ("/api/sites", {**REACH, "area": "140521", "count": 9999}, body(*CROWD), "count"),
    ("/api/sites", {**REACH, "area": "140521", "count": 1, "exact_s": 99}, body(*CROWD), "exact_s"),
    ("/api/sites", {**REACH, "area": "140502", "count": 1}, body(point(role="place")), "places"),
    ("/api/completeness", {"area": "140521", "cells": 0}, body(*CROWD), "cells"),
    ("/api/completeness", {"area": "140521", "kind": "sure"}, body(*CROWD), "kind"),
    ("/api/circle", {}, body(feature(mapping(AROUND))), "body"),
    ("/api/circle", {"lon": 1}, body(point()), "lon"),
    ("/api/circle", {}, body(*(point(n) for n in range(101))), "body"),
]


@pytest.mark.parametrize(("path", "query", "payload", "field"), BAD)
def test_a_wrong_question_is_refused_by_name_in_both_languages(api, path, query, payload, field):
    for language, mark in (("zh", "："), ("en", ": ")):
        answer = post(api, path, payload, **query, lang=language)
        problem = answer.get_json(force=True)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), problem
        assert problem["field"] == field
        assert problem["detail"].startswith(field + mark)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"null", b'{"type":"Point","coordinates":[35.69,112.18]}', b"[" * 5_000]
)
@pytest.mark.parametrize("path", sorted(ASKED))
def test_a_body_that_is_no_geojson_is_refused(api, path, content):
    answer = api.post(path, query_string=ASKED[path], data=content)
    assert (answer.status_code, answer.get_json(force=True)["field"]) == (400, "body")


def test_a_polygon_that_crosses_itself_is_mended_and_said(api):
    bow = {
        "type": "Polygon",
        "coordinates": [[[LON, LAT], [LON + 0.1, LAT + 0.1], [LON + 0.1, LAT], [LON, LAT + 0.1], [LON, LAT]]],
    }
    summary = post(api, "/api/coverage", bow, **REACH).get_json(force=True)["coverage"]
    assert summary["mended"]
    assert any("修复" in limit for limit in summary["limits"])


def test_an_area_without_people_gets_a_stated_empty_answer(api, conforms):
    nobody = body(point(0, people=0))
    for path in ("/api/coverage", "/api/gaps", "/api/sites", "/api/completeness"):
        conforms(post(api, path, nobody, area="140521", **ASKED[path]), path, "post")
    summary = post(api, "/api/coverage", nobody, area="140521", **REACH).get_json(force=True)["coverage"]
    assert summary["people"]["share"] is None


def test_a_body_over_five_megabytes_is_refused_before_it_is_read(api):
    answer = api.post("/api/coverage", query_string=REACH, data=b" " * (security.MAX_ANALYSIS_BYTES + 1))
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")
    many = {"type": "MultiPoint", "coordinates": [[112.0, 35.0]] * 50_001}
    assert post(api, "/api/coverage", many, **REACH, area="140521").get_json(force=True)["field"] == "body"


def test_fifty_thousand_points_are_answered(api):
    many = {"type": "MultiPoint", "coordinates": [[LON + n / 1e6, LAT] for n in range(50_000)]}
    summary = post(api, "/api/coverage", many, **REACH, area="140521").get_json(force=True)["coverage"]
    assert summary["people"]["points"] == 50_000


def test_nothing_of_a_body_is_kept_and_its_answer_is_not_cached(api):
    answer = post(api, "/api/coverage", body(*CROWD), **REACH, area="140521")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    other = post(api, "/api/coverage", body(point(5_000, people=1)), **REACH, area="140521")
    assert other.get_json(force=True)["coverage"]["people"]["total"] == 1


def test_another_origin_may_post(api):
    allowed = api.options("/api/coverage").headers
    assert "POST" in allowed["Access-Control-Allow-Methods"]
    assert "Content-Type" in allowed["Access-Control-Allow-Headers"]
    assert "POST" not in api.options("/api/layers").headers["Access-Control-Allow-Methods"]


def test_addresses_that_take_a_body_are_those_that_the_document_says():
    assert {operation.path for operation in openapi.OPERATIONS if operation.post is not None} == security.BODY_PATHS


def test_analyses_side_by_side_give_the_same_answers_and_more_than_may_wait_are_told_to_come_back(invented_app):
    answers = []

    def ask():
        with invented_app.test_client() as client:
            answers.append(client.get("/api/coverage", query_string={"area": "140521", **REACH}))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(threads)
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
    others = [answer for answer in answers if answer.status_code != 200]
    assert all(answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0 for answer in others)
