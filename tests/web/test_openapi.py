"""The OpenAPI document says all that the API does, and the API does what it says."""

import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from service_map.web import openapi, params
from service_map.web.security import BODY_PATHS
from service_map.web.site import EXTENSION

HERE = "lon=112.1872&lat=35.6903"
COUNTY = "area=140521"
SAMPLE = [
    "/api/changes", "/api/changes?since=2026-11-30&limit=3&lang=en",
    "/api/layers", "/api/layers?lang=en", "/api/plans/qinshui-2021/changes", "/api/plans/qinshui-2021/changes?lang=en",
    "/api/facilities", "/api/facilities?limit=3", "/api/facilities?limit=1000&lang=en", "/api/facilities?bbox=0,0,1,1",
    "/api/facilities?family=elderly&year=2025", "/api/facilities?q=%E5%85%BB%E8%80%81&area=140700",
    f"/api/facilities/nearby?{HERE}&metres=5000", f"/api/facilities/nearby?{HERE}&minutes=15&limit=1",
    "/api/facilities/nearby?lon=0&lat=0&metres=1",
    "/api/promised?area=140521", "/api/promised?category=kindergarten&lang=en", "/api/circle?{HERE}", f"/api/circle?{HERE}&minutes=5&year=2025&lang=en",
    "/api/circle?lon=112.75&lat=37.69", "/api/circle?lon=113.3&lat=40.08&minutes=10",
    f"/api/coverage?{COUNTY}&category=kindergarten&metres=300",
    "/api/coverage?area=140500&category=elderly_institution&metres=1000&year=2025&lang=en",
    f"/api/coverage?{COUNTY}&category=trail&metres=100000",
    f"/api/coverage?{COUNTY}&rule=qinshui-2021-fitness-395&by_year=true",
    f"/api/gaps?{COUNTY}&category=elderly_institution&metres=1000", "/api/gaps?area=140500&rule=jgj39-kindergarten&limit=2",
    f"/api/sites?{COUNTY}&category=kindergarten&minutes=10&count=3&lang=en",
    f"/api/completeness?{COUNTY}&cells=50", f"/api/completeness?{COUNTY}&minutes=5&kind=certain&lang=en&year=2025",
    "/api/areas", "/api/areas?level=city", "/api/areas/boundaries", "/api/areas/boundaries?level=county&area=140500",
    "/api/areas/140521", "/api/plans", "/api/plans/city", "/api/plans/qinshui-2021?lang=en",
    "/api/requirements", "/api/requirements?limit=2&area=140213&per=county", "/api/requirements?lang=en&state=kept",
    "/api/requirements/unknown", "/api/quotas", "/api/quotas?limit=2&area=140802&lang=en",
    "/api/quotas/unknown",
    "/api/commitments", "/api/commitments?limit=2&kind=site&area=140521", "/api/commitments?lang=en&limit=1000",
    "/api/progress", "/api/progress?area=140500&lang=en", "/api/progress?plan=none",
    "/api/indicators", "/api/indicators?limit=1&area=140502&lang=en", "/api/indicators?binding=maybe",
    "/download/requirements.geojson?area=140521", "/download/quotas.geojson",
    "/api/ranking", "/api/ranking?order=beauty", "/download/ranking.geojson?level=county",
    "/api/openapi.json", "/api/problems/not-found", "/api/problems/internal?lang=en",
    "/download/facilities.geojson", f"/download/facilities.geojson?{COUNTY}", "/download/facilities.geojson?bbox=0,0,1,1",
    "/download/facilities.geojson?crs=4326&category=trail", "/download/facilities.geojson?crs=3857",
    "/download/about.json?crs=4490&family=elderly",
    "/api/facilities?limit=0", "/api/facilities?category=x", "/api/facilities/unknown", "/api/circle?lon=0&lat=0",
    "/api/areas/000000", "/api/facilities?x=" + "x" * 4000,
]  # fmt: skip


@pytest.fixture(scope="module", params=["invented_app", "shipped_app"])
def app(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def document(invented_app):
    return invented_app.test_client().get("/api/openapi.json").get_json(force=True)


@pytest.fixture(scope="module")
def registry(document):
    return Registry().with_resource("urn:api", Resource.from_contents(document, default_specification=DRAFT202012))


def _routes(app):
    return {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule): rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api", "/download"))
    }


def _find(app, document, address):
    """The documented path that an address belongs to."""
    path = address.partition("?")[0]
    rule, _ = app.url_map.bind("localhost").match(path, return_rule=True)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def test_is_a_valid_openapi_3_1_document(document):
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_lists_exactly_the_routes_that_the_site_serves(invented_app, document):
    assert set(document["paths"]) == set(_routes(invented_app))


def test_every_route_reads_only_and_is_described_in_both_languages(invented_app, document):
    for path in _routes(invented_app):
        methods = {
            method
            for rule in invented_app.url_map.iter_rules()
            if re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) == path
            for method in rule.methods
        }
        # An analysis also takes the caller's own points in a body; it stores nothing.
        posts = {"POST"} if path in BODY_PATHS else set()
        assert methods == {"GET", "HEAD", "OPTIONS"} | posts
        assert set(document["paths"][path]) == {"get"} | {method.lower() for method in posts}
        operation = document["paths"][path]["get"]
        chinese, _, english = operation["summary"].partition("\n\n")
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert english
        assert not re.search("[\u4e00-\u9fff]", english)
        for parameter in operation["parameters"]:
            chinese, _, english = parameter["description"].partition("\n\n")
            assert re.search("[\u4e00-\u9fff]", chinese), parameter["name"]
            assert re.search("[a-z]", english), parameter["name"]


def test_documented_parameters_are_those_that_the_route_takes_and_names_when_it_refuses_another(api, document):
    for path, item in document["paths"].items():
        parameters = item["get"]["parameters"]
        for parameter in parameters:
            if parameter["in"] == "path":
                assert f"{{{parameter['name']}}}" in path
        documented = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
        address = path.replace("{id}", "x").replace("{adcode}", "140521").replace("{kind}", "internal")
        refusal = api.get(f"{address}?surely_unknown=1").get_json(force=True)
        assert refusal["allowed"] == documented, path


def test_required_parameters_are_refused_when_missing(api, document):
    for path, item in document["paths"].items():
        for parameter in item["get"]["parameters"]:
            if parameter["in"] == "query" and parameter["required"]:
                assert api.get(path).status_code == 400


def test_closed_sets_of_parameters_are_those_of_the_catalogue(invented_app, document):
    site = invented_app.extensions[EXTENSION]
    by_name = {p["name"]: p for p in document["paths"]["/api/facilities"]["get"]["parameters"]}
    assert by_name["category"]["schema"]["items"]["enum"] == list(site.categories)
    assert by_name["family"]["schema"]["items"]["enum"] == list(site.families)
    assert by_name["limit"]["schema"]["maximum"] == params.MAX_LIMIT


@pytest.mark.parametrize("address", SAMPLE, ids=[address[:70] for address in SAMPLE])
def test_each_answer_keeps_to_its_schema(app, document, registry, address):
    if "plans/" in address and app.test_client().get(address).status_code == 404:
        # This plan belongs to the other of the two worlds: the refusal is then what is checked.
        assert "plan" in app.test_client().get(address).get_json(force=True)["field"]
    with app.test_client().get(address) as answer:
        path = _find(app, document, address)
        responses = document["paths"][path]["get"]["responses"]
        assert str(answer.status_code) in responses, answer.text
        response = responses[str(answer.status_code)]
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        schema = response["content"][answer.mimetype]["schema"]
        validator = Draft202012Validator({"$ref": f"urn:api{schema['$ref']}"}, registry=registry)
        faults = [
            f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(answer.get_json(force=True))
        ]
        assert faults == []


def test_every_operation_is_in_the_sample_or_a_file(invented_app, document):
    sampled = {_find(invented_app, document, address) for address in SAMPLE}
    files = {operation.path for operation in openapi.OPERATIONS if operation.schema is None}
    # One facility, requirement or quota is asked by its id in other tests; its schema is that of every list.
    assert set(document["paths"]) - sampled == files


def test_schemas_are_closed_so_that_an_undocumented_member_is_found(document, registry):
    validator = Draft202012Validator({"$ref": "urn:api#/components/schemas/Plans"}, registry=registry)
    assert not validator.is_valid({"plans": [], "numberReturned": 0, "extra": 1})
    assert validator.is_valid({"plans": [], "numberReturned": 0})


def test_the_document_speaks_of_no_other_host(document):
    assert document["servers"] == [{"url": "/"}]
    assert "http" not in repr(document)
