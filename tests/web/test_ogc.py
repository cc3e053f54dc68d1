"""OGC API – Features by the letter of its parts 1, 2 and 3, and what it says to those who ask wrongly."""

import re
from urllib.parse import urlsplit

import pytest
import shapely
from html5lib import HTMLParser
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_world import make_app, write_world
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

from service_map import store
from service_map.store import gap_layer
from service_map.store.models import DOMAINS
from service_map.web import ogc

ITEMS = "/ogc/collections/facilities/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
HOME = (112.1872, 35.6903)


@pytest.fixture
def api(either):
    """A client of the site over each kind of database in turn: every test here holds for both."""
    return either


def get(api, address, *, status=200, **query):
    answer = api.get(address, query_string=query or None)
    assert answer.status_code == status, answer.text
    return answer.get_json(force=True)


def ids(api, **query):
    return [feature["id"] for feature in get(api, ITEMS, **query)["features"]]


def test_every_link_leads_somewhere_in_the_form_it_promises(api):
    seen, waiting = set(), ["http://localhost/ogc/"]
    while waiting:
        address = waiting.pop()
        if address in seen or "cursor" in address or "/facility/" in address:
            continue
        seen.add(address)
        path = address.removeprefix("http://localhost")
        answer = api.get(path)
        assert answer.status_code == 200, address
        if answer.mimetype.endswith("json") and "/items" not in path and not path.startswith("/ogc/api"):
            document = answer.get_json(force=True)
            for link in _links(document):
                target = api.get(link["href"].removeprefix("http://localhost"))
                assert target.mimetype == link["type"].partition(";")[0], link
                waiting.append(link["href"])
    assert len(seen) > 50


def _links(document):
    yield from document.get("links", [])
    for inner in document.get("collections", []):
        yield from inner["links"]


def test_a_person_sees_of_each_gap_whether_the_record_is_complete_and_what_is_no_true_gap(geodata, tmp_path):
    folder = write_world(tmp_path / "geodata", geodata)
    square = shapely.MultiPolygon([shapely.box(112.1, 35.6, 112.2, 35.7)])
    rows = [
        {"id": record, "rank": 1, "area_km2": 1.0, "category_name": "幼儿园", "method": "straight_line", "record": record,
         "data_version": "abc", "geom": square}
        for record in ("complete", "partial", "none")
    ]  # fmt: skip
    gap_layer.write_gaps(folder / gap_layer.FILE, rows)
    store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=folder)
    api = make_app(f"sqlite:///{tmp_path}/map.gpkg", folder).test_client()
    for language, part in (("zh", 0), ("en", 1)):
        page = api.get("/ogc/collections/gaps/items", query_string={"f": "html", "lang": language}).text
        for meaning in DOMAINS["record"].values():
            assert f"<td>{meaning.split(' / ')[part]}</td>" in page
        assert ("不是真的缺口", "no true gaps")[part] in page
        one = api.get("/ogc/collections/gaps/items/partial", query_string={"f": "html", "lang": language}).text
        assert f"(as_recorded)</dt><dd>{('是', 'yes')[part]}</dd>" in one
    assert get(api, "/ogc/collections/gaps/items", as_recorded="true")["numberMatched"] == 2


def test_links_carry_the_host_that_the_request_came_for(api):
    answer = api.get("/ogc/", headers={"Host": "map.example:8080"})
    assert {urlsplit(link["href"]).netloc for link in answer.get_json()["links"]} == {"map.example:8080"}


def test_forwarded_hosts_are_believed_only_where_that_is_configured(api):
    answer = api.get("/ogc/", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert all(link["href"].startswith("http://localhost/") for link in answer.get_json()["links"])


def test_the_definition_is_valid_openapi_3_0_and_lists_every_parameter(api):
    document = get(api, "/ogc/api")
    assert document["openapi"].startswith("3.0.")
    OpenAPIV30SpecValidator(document).validate()
    for path, operations in document["paths"].items():
        documented = [item["name"] for item in operations["get"]["parameters"] if item["in"] == "query"]
        address = "/ogc" + path.replace("{featureId}", "f000000000001")
        assert get(api, address, status=400, surely_unknown="1")["allowed"] == documented, path


def test_the_collections_are_all_facilities_each_family_and_the_other_layers(api, invented_app):
    names = [layer["id"] for layer in get(api, "/ogc/collections")["collections"]]
    families = [
        f"facilities_{family}" for family in get(api, "/ogc/collections/facilities/queryables") and _families(api)
    ]
    assert names == [
        "facilities",
        *families,
        "existing",
        "commitments",
        "requirements",
        "quotas",
        "indicators",
        "stock_figures",
        "areas",
        "gaps",
        "plans",
    ]


def _families(api):
    return [family["code"] for family in get(api, "/api/layers")["families"]]


def test_pages_follow_by_key_and_give_every_feature_once(api):
    for query in ({}, {"sortby": "-year,name"}, {"sortby": "+section,-count"}, {"sortby": "year"}):
        found, page = [], get(api, ITEMS, limit=4, **query)
        while True:
            found += [feature["id"] for feature in page["features"]]
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                break
            page = get(api, following[0].removeprefix("http://localhost"))
        assert len(found) == len(set(found)) == page["numberMatched"] == 17


def test_sorting_puts_what_has_no_value_last_either_way(api):
    for sortby in ("year", "-year"):
        years = [feature["properties"]["year"] for feature in get(api, ITEMS, sortby=sortby)["features"]]
        known = [year for year in years if year is not None]
        assert years == sorted(known, reverse=sortby.startswith("-")) + [None] * (len(years) - len(known))


def test_a_cursor_of_another_order_is_refused(api):
    page = get(api, ITEMS, limit=2, sortby="name")
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    cursor = re.search("cursor=([^&]+)", following)[1]
    assert get(api, ITEMS, status=400, cursor=cursor, sortby="-name")["field"] == "cursor"


@pytest.mark.parametrize(
    ("system", "place"),
    [("http://www.opengis.net/def/crs/OGC/1.3/CRS84", HOME), (f"{EPSG}4326", HOME[::-1]), (f"{EPSG}4490", HOME[::-1]),
     (f"{EPSG}3857", (12488621.978, 4258090.381))],
)  # fmt: skip
def test_coordinates_follow_the_axes_of_their_reference_system(api, system, place):
    answer = api.get(f"{ITEMS}/f000000000001", query_string={"crs": system})
    assert answer.headers["Content-Crs"] == f"<{system}>"
    assert answer.get_json(force=True)["geometry"]["coordinates"] == pytest.approx(place, abs=0.01)
    x, y = place
    margin = 0.01 if system.endswith("3857") else 1e-7
    near = ",".join(str(number) for number in (x - margin, y - margin, x + margin, y + margin))
    assert "f000000000001" in ids(api, **{"bbox": near, "bbox-crs": system})


@pytest.mark.parametrize(
    "edges", [(-20037508.3428,) * 2 + (20037508.3428,) * 2, (-21e6, -10e6, 21e6, 10e6), (-1e9, -1e9, 1e9, 1e9)]
)
def test_a_box_round_the_whole_world_in_metres_holds_everything(api, edges):
    asked = {"bbox": ",".join(str(edge) for edge in edges), "bbox-crs": f"{EPSG}3857"}
    assert get(api, ITEMS, **asked)["numberMatched"] == get(api, ITEMS)["numberMatched"] == 17


def test_the_id_sorts_too_and_pages_follow(api):
    for sortby in ("id", "-id", "year,-id"):
        first = get(api, ITEMS, sortby=sortby, limit=9)
        following = next(link["href"] for link in first["links"] if link["rel"] == "next")
        rest = get(api, following.removeprefix("http://localhost"))
        ids = [feature["id"] for feature in (*first["features"], *rest["features"])]
        assert len(set(ids)) == 17
        if sortby != "year,-id":
            assert ids == sorted(ids, reverse=sortby == "-id")


def test_a_box_across_the_antimeridian_holds_both_of_its_halves(api):
    assert ids(api, bbox="170,-90,-170,90") == []
    assert len(ids(api, bbox="170,-90,113,90")) == 17
    assert len(ids(api, bbox="112,35,0,113,36,9000")) == 17


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("category = 'trail'", {3}), ("category <> 'sports_park' AND year IS NOT NULL", {2, 5}),
        ("year < 2025 OR category = 'library'", {2, 4}), ("NOT (category = 'sports_park') AND count > 1", {3}),
        ("name LIKE '虚构%'", {1, 2, 5}), ("name LIKE '虚构__园'", {2}), ("category IN ('trail','library')", {3, 4}),
        ("count BETWEEN 2 AND 3.5", {3}), ("at_least = TRUE", set()), ("CASEI(category) = CASEI('TRAIL')", {3}),
        ("name LIKE '%\\%%'", set()), ("id = 'f000000000002'", {2}), ("name = 'x'' OR 1=1 --'", set()),
    ],
)  # fmt: skip
def test_cql2_text_gives_exactly_what_it_says(api, text, expected):
    assert set(ids(api, filter=text)) == {f"f{number:012x}" for number in expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"op":"=","args":[{"property":"category"},"trail"]}', {3}),
        (('{"op":"and","args":[{"op":"not","args":[{"op":"isNull","args":[{"property":"year"}]}]},'
         '{"op":"<","args":[{"property":"year"},2025]}]}'), {2}),
        ('{"op":"like","args":[{"property":"name"},"虚构%"]}', {1, 2, 5}),
    ],
)  # fmt: skip
def test_cql2_json_gives_exactly_what_it_says(api, text, expected):
    assert set(ids(api, **{"filter": text, "filter-lang": "cql2-json"})) == {f"f{n:012x}" for n in expected}


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "("}, {"filter": "nothing = 1"}, {"filter": "year = 'x'"}, {"filter": "name > 3"}, {"filter": "name"},
        {"filter": "(" * 300 + "year = 1" + ")" * 300}, {"filter": "NOT " * 300 + "year = 1"},
        {"filter": "S_INTERSECTS(geom, POINT(1 2))"}, {"filter": "year + 1 = 2"}, {"filter": "name LIKE name"},
        {"filter": '{"op":"not","args":[' * 40 + "true" + "]}" * 40, "filter-lang": "cql2-json"},
        {"filter": "[" * 600, "filter-lang": "cql2-json"}, {"filter": "{}", "filter-lang": "cql2-json"},
        {"filter": '{"op":"=","args":[{"property":"name"},"\\u0000"]}', "filter-lang": "cql2-json"},
        {"filter": '{"op":"in","args":[{"property":"name"},[]]}', "filter-lang": "cql2-json"},
        {"filter-lang": "cql"}, {"filter-crs": f"{EPSG}3857"},
        {"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"bbox": "0,50,1,40"}, {"bbox": "-200,0,0,1"}, {"bbox": "nan,0,1,1"},
        {"limit": "0"}, {"limit": "-1"}, {"limit": "1e9"}, {"limit": "x"}, {"crs": f"{EPSG}2154"}, {"bbox-crs": "x"},
        {"datetime": "yesterday"}, {"datetime": "2025-13-01"}, {"datetime": "2026/2025"}, {"datetime": "1/2/3"},
        {"sortby": "nothing"}, {"sortby": "name,name,name,name,name"}, {"cursor": "x"}, {"f": "xml"}, {"nothing": "1"},
        {"year": "x"}, {"at_least": "yes"}, {"offset": "3"},
    ],
)  # fmt: skip
def test_a_query_that_is_wrong_is_told_so_by_the_name_of_its_parameter(api, query):
    answer = api.get(ITEMS, query_string=query)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    problem = answer.get_json(force=True)
    assert problem["field"] in query
    assert problem["detail"].isprintable()


def test_a_limit_above_the_most_is_taken_as_the_most(api):
    assert get(api, ITEMS, limit=1_000_000_000)["numberReturned"] == 17


def test_a_chain_of_many_conditions_is_no_nesting(api):
    assert len(ids(api, filter=" OR ".join(["category = 'trail'"] * 100))) == 1


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2024-06-01", {2}),
        ("2024-01-01T00:00:00Z/2030-12-31T00:00:00+08:00", {2, 5}),
        ("../2025", {2}),
        ("2025/..", {5}),
        ("2025-06-01", set()),
        ("../..", {2, 5}),
    ],
)
def test_time_picks_features_by_their_year_and_keeps_those_that_have_none(api, moment, expected):
    undated = {feature["id"] for feature in get(api, ITEMS)["features"] if feature["properties"]["year"] is None}
    assert len(undated) == 15
    assert set(ids(api, datetime=moment)) == undated | {f"f{number:012x}" for number in expected}


def test_properties_are_parameters_too(api):
    assert ids(api, category="trail", count="3.5") == ["f000000000003"]
    assert ids(api, year="2024") == ["f000000000002"]


def test_a_value_that_is_none_of_a_closed_set_is_refused_with_those_that_are(api):
    answer = api.get("/ogc/collections/facilities/items?status=AAA")
    assert (answer.status_code, answer.get_json()["field"]) == (400, "status")
    assert "existing" in answer.get_json()["allowed"]
    for status in answer.get_json()["allowed"]:
        assert api.get(f"/ogc/collections/facilities/items?status={status}").status_code == 200


def test_the_definition_says_that_no_parameter_may_be_empty(api):
    operation = api.get("/ogc/api").get_json()["paths"]["/collections/facilities/items"]["get"]
    for parameter in operation["parameters"]:
        name, schema = parameter["name"], parameter["schema"]
        if schema.get("type") == "string" and "enum" not in schema:
            assert schema["minLength"] == 1, name
            assert api.get(f"/ogc/collections/facilities/items?{name}=").status_code == 400, name


def test_every_feature_keeps_to_its_queryables(api):
    for layer in get(api, "/ogc/collections")["collections"]:
        here = f"/ogc/collections/{layer['id']}"
        schema = get(api, f"{here}/queryables")
        kinds = {name: item["type"] for name, item in schema["properties"].items()}
        checker = Draft202012Validator({
            "type": "object",
            "properties": {name: {"type": [kind, "null"]} for name, kind in kinds.items()},
            "additionalProperties": False,
        })  # fmt: skip
        for feature in get(api, f"{here}/items", limit=1000)["features"]:
            assert list(checker.iter_errors(feature["properties"])) == []
            assert get(api, f"{here}/items/{feature['id']}")["properties"] == feature["properties"]


def test_what_is_not_there_is_not_found(api):
    assert get(api, "/ogc/collections/nothing", status=404)["field"] == "collectionId"
    assert get(api, f"{ITEMS}/nothing%00", status=404)["field"] == "featureId"
    assert get(api, "/ogc/collections/facilities_elderly/items/f000000000003", status=404)


@pytest.mark.parametrize("path", ["/ogc/", "/ogc/conformance", "/ogc/collections", "/ogc/collections/areas", "/ogc/api",
                                  "/ogc/collections/plans/queryables", f"{ITEMS}?limit=2", f"{ITEMS}/f000000000001",
                                  "/ogc/collections/areas/items?limit=1"])  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_address_is_a_page_too(api, path, language):
    answer = api.get(path, query_string=None if "?" in path else {"lang": language}, headers={"Accept": "text/html"})
    assert answer.mimetype == "text/html"
    HTMLParser(strict=True).parse(answer.text)
    assert 'lang="' in answer.text


def test_an_unchanged_page_costs_a_304_and_another_form_does_not(api):
    first = api.get(ITEMS)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert api.get(ITEMS, headers=tag).status_code == 304
    assert api.get(ITEMS, headers={**tag, "Accept": "text/html"}).status_code == 200


NAMES = sorted({parameter.name for parameter in ogc._ITEMS} | {"name", "year", "at_least", "count"})
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "0", "-1", "1e9", "nan", "112,35,113,36", "name = 'x'", "year > 1", "-year", "2025", "../..",
                     "cql2-json", "{}", "[]", "'", '"', "year IS NULL", f"{EPSG}3857", "x" * 3000]),
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(query=st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=4))
def test_no_query_whatever_makes_it_stumble(invented_app, query):
    answer = invented_app.test_client().get(ITEMS, query_string=query)
    assert answer.status_code in {200, 400, 414}, query
