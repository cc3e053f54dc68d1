"""What no reader should send, sent to the site over both databases: a clear refusal or the right answer, never a 5xx."""

from urllib.parse import quote

import pytest

from service_map.store import export
from service_map.web import params

ITEMS = "/ogc/collections/facilities/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
EVERYTHING = 17

INJECTIONS = (
    "' OR '1'='1", "'; DROP TABLE facilities; --", '" OR 1=1 --', "x' UNION SELECT value FROM meta --", "%' OR 1=1 #",
    "\\'; SELECT pg_sleep(5); --", "${7*7}{{7*7}}", "<script>alert(1)</script>", "1)) OR ((1=1", "$1", "%(id)s", ":id", "?",
    "\u2019 OR 1=1", "虚构' OR '1'='1",
)  # fmt: skip


def refused(answer, field):
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), answer.text
    told = answer.get_json(force=True)
    assert told["field"] == field
    assert told["detail"].isprintable()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("(" * 1000 + "year=1" + ")" * 1000, "cql2-text"),
        ("NOT " * 600 + "year = 1", "cql2-text"),
        ("[" * 450 + "]" * 450, "cql2-json"),
        ('{"op":"not","args":[' * 60 + "true" + "]}" * 60, "cql2-json"),
    ],
    ids=["brackets", "not", "arrays", "operators"],
)
def test_a_filter_that_nests_a_thousand_deep_is_refused(either, text, language):
    refused(either.get(ITEMS, query_string={"filter": text, "filter-lang": language}), "filter")


@pytest.mark.parametrize("operator", ["-", "^", "+", "*"])
def test_arithmetic_of_five_hundred_terms_is_refused_in_words(either, operator):
    answer = either.get("/ogc/collections/facilities/items", query_string={"filter": operator.join("1" * 600) + "=1"})
    assert (answer.status_code, answer.get_json(force=True)["field"]) == (400, "filter")


def test_a_filter_longer_than_any_address_is_refused(either):
    text = '{"op":"not","args":[' * 1000 + "true" + "]}" * 1000
    assert either.get(ITEMS, query_string={"filter": text, "filter-lang": "cql2-json"}).status_code == 414


def test_no_text_of_a_reader_becomes_part_of_a_statement(either):
    """Every property of every layer, by parameter and by filter; what finds nothing finds nothing, and nothing changes."""
    layers = [layer["id"] for layer in either.get("/ogc/collections").get_json(force=True)["collections"]]
    # The layers of the families are one layer with another filter: one of them stands for all.
    families = [name for name in layers if name.startswith("facilities_")]
    for layer in [name for name in layers if name not in families[1:]]:
        here = f"/ogc/collections/{layer}"
        properties = either.get(f"{here}/queryables").get_json(force=True)["properties"]
        texts = [name for name, item in properties.items() if item["type"] == "string"]
        for number, name in enumerate(texts):
            text = INJECTIONS[number % len(INJECTIONS)]
            quoted = text.replace("'", "''")
            for query in ({name: text}, {"filter": f"{name} = '{quoted}'"}, {"filter": f"{name} LIKE '%{quoted}%'"},
                          {"filter": f"CASEI({name}) IN (CASEI('{quoted}'))"}):  # fmt: skip
                answer = either.get(f"{here}/items", query_string=query)
                # An id is no parameter of its own, and a backslash before a quote is an error of the filter.
                assert answer.status_code in {200, 400}, (query, answer.text)
                if answer.status_code == 200:
                    assert answer.get_json(force=True)["numberMatched"] == 0, query
        for text in INJECTIONS:
            for query in ({"filter": text}, {"sortby": text}, {"crs": text}, {"cursor": text}, {text: "1"}):
                assert either.get(f"{here}/items", query_string=query).status_code == 400, query
            assert either.get(f"{here}/items/{quote(text, safe='')}").status_code == 404
    assert either.get(ITEMS).get_json(force=True)["numberMatched"] == EVERYTHING


@pytest.mark.parametrize(
    ("path", "takes"),
    [("/api/facilities", params.FACILITIES), ("/api/commitments", params.COMMITMENTS), ("/api/areas", params.AREAS),
     ("/api/facilities/nearby?lon=112.19&lat=35.69&metres=500", params.NEARBY),
     ("/download/facilities.csv", params.download(export.FORMATS["csv"])), ("/tiles/8/207/100.mvt", params.FILTER)],
)  # fmt: skip
def test_every_parameter_of_the_api_takes_hostile_text_for_what_it_is(either, path, takes):
    address, _, given = path.partition("?")
    for parameter in takes:
        for text in INJECTIONS:
            query = dict(pair.split("=") for pair in given.split("&") if pair) | {parameter.name: text}
            with either.get(address, query_string=query) as answer:
                # Words to search for may be any; everything else is refused by name.
                assert answer.status_code in ({200, 204, 400} if parameter.name == "q" else {400}), (query, answer.text)
                if answer.status_code == 400:
                    refused(answer, parameter.name)
    with either.get("/api/facilities") as answer:
        assert answer.get_json(force=True)["numberMatched"] == EVERYTHING


def test_a_box_across_the_antimeridian_holds_both_of_its_halves_or_is_refused_in_words(either):
    def number(box, **more):
        answer = either.get(ITEMS, query_string={"bbox": box, **more})
        assert answer.status_code == 200, answer.text
        return answer.get_json(force=True)["numberMatched"]

    assert number("170,-90,-170,90") == 0
    assert number("170,-90,113,90") == EVERYTHING
    assert number("112,30,-170,40") == EVERYTHING
    assert number("-90,170,90,113", **{"bbox-crs": f"{EPSG}4326"}) == EVERYTHING
    assert number("-180,-90,180,90") == EVERYTHING
    refused(either.get("/api/facilities", query_string={"bbox": "170,-90,-170,90"}), "bbox")
    near = either.get("/api/facilities/nearby", query_string={"lon": 179.999, "lat": 35.0, "metres": 100000})
    assert (near.status_code, near.get_json(force=True)["numberMatched"]) == (200, 0)


@pytest.mark.parametrize("path", [ITEMS, "/api/facilities", "/api/commitments", "/api/facilities/nearby"])
@pytest.mark.parametrize("limit", ["0", "-1", "1e9", "1000000000", "99999999999999999999", "", " ", "ten", "1.5", "٣"])
def test_a_limit_is_a_whole_number_from_one_up(either, path, limit):
    query = {"limit": limit} | ({"lon": 112.19, "lat": 35.69, "metres": 500} if path.endswith("nearby") else {})
    answer = either.get(path, query_string=query)
    if path == ITEMS and limit == "1000000000":
        # OGC 17-069r4, requirement 21: more than the server's most is taken as the most.
        assert answer.get_json(force=True)["numberReturned"] == EVERYTHING
    else:
        refused(answer, "limit")


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (ITEMS, "crs", f"{EPSG}2154"), (ITEMS, "bbox-crs", f"{EPSG}32649"), (ITEMS, "crs", "EPSG:4326"),
        (ITEMS, "filter-crs", f"{EPSG}4326"), (f"{ITEMS}/f000000000001", "crs", "urn:ogc:def:crs:EPSG::4490"),
        ("/download/facilities.gpkg", "crs", "2154"), ("/download/facilities.geojson", "crs", "bd09"),
        ("/download/facilities.kml", "crs", "3857"), ("/download/facilities.geojsonl", "crs", "4490"), ("/api/facilities", "crs", "4326"),
    ],
)  # fmt: skip
def test_a_reference_system_that_there_is_none_of_is_refused_with_those_there_are(either, path, name, value):
    answer = either.get(path, query_string={name: value})
    refused(answer, name)
    assert answer.get_json(force=True)["allowed"]


@pytest.mark.parametrize(
    "path",
    ["/ogc/", "/ogc/api", "/ogc/conformance", "/ogc/collections", "/ogc/collections/gaps", "/ogc/collections/areas/queryables",
     ITEMS, f"{ITEMS}/f000000000001", "/api/facilities", "/api/layers", "/api/facilities/f000000000001", "/api/areas",
     "/api/plans", "/api/openapi.json", "/download/facilities.csv", "/download/facilities.fgb", "/download/about.json",
     "/tiles/8/207/100.mvt", "/tiles/tilejson.json", "/tiles/style.json", "/catalog.jsonld"],
)  # fmt: skip
def test_an_unknown_parameter_is_refused_and_never_ignored(either, path):
    refused(either.get(path, query_string={"surely_unknown": "1"}), "surely_unknown")
