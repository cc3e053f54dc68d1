"""What every answer carries, whoever asks and whatever becomes of it."""

import gzip
import shutil

import orjson
import pytest
from invented_world import make_app

from service_map.web.site import EXTENSION

ADDRESSES = [
    ("/api/facilities", 200), ("/api/facilities?limit=0", 400), ("/api/facilities/none", 404), ("/api/nothing", 404),
    ("/api/circle?lon=0&lat=0", 422), ("/download/facilities.geojson", 200), ("/download/service_map.gpkg", 200),
    ("/", 200), ("/nothing", 404), ("/static/site.css", 200),
]  # fmt: skip


@pytest.mark.parametrize(("address", "status"), ADDRESSES)
def test_every_answer_carries_the_security_headers_and_no_cookie(api, address, status):
    with api.get(address) as answer:
        headers = answer.headers
        assert answer.status_code == status
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "geolocation=(self)" in headers["Permissions-Policy"]
        assert "Set-Cookie" not in headers


def test_programs_of_other_sites_may_read_the_api_its_errors_and_downloads(api):
    for address, status in ADDRESSES:
        with api.get(address, headers={"Origin": "https://elsewhere.example"}) as answer:
            opened = answer.headers.get("Access-Control-Allow-Origin")
            assert opened == ("*" if address.startswith(("/api", "/download")) else None), (address, status)


def test_a_preflight_is_answered(api):
    answer = api.options("/api/facilities", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "address", ["/api/layers", "/api/openapi.json", "/download/facilities.geojson", "/", "/static/site.css"]
)
def test_text_is_sent_in_gzip_to_whoever_takes_it_and_is_the_same_text(api, address):
    with api.get(address) as plain, api.get(address, headers={"Accept-Encoding": "br, gzip"}) as packed:
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert len(packed.data) < len(plain.data) / 2
        for answer in (plain, packed):
            assert "Accept-Encoding" in answer.headers["Vary"]
        if "Content-Length" in packed.headers:
            assert int(packed.headers["Content-Length"]) == len(packed.data)


@pytest.mark.parametrize("accepts", ["", "identity", "gzip;q=0", "br"])
def test_nothing_is_packed_for_who_does_not_take_gzip(api, accepts):
    assert "Content-Encoding" not in api.get("/api/layers", headers={"Accept-Encoding": accepts}).headers


def test_small_answers_and_binary_files_are_not_packed(api):
    for address in ("/api/problems/internal", "/download/service_map.gpkg"):
        with api.get(address, headers={"Accept-Encoding": "gzip"}) as answer:
            assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "address", ["/api/layers", "/api/facilities?limit=2", "/api/openapi.json", "/download/facilities.geojson"]
)
@pytest.mark.parametrize("accepts", ["", "gzip"])
def test_an_unchanged_answer_costs_a_304(api, address, accepts):
    with api.get(address, headers={"Accept-Encoding": accepts}) as first:
        etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, no-cache"
    again = api.get(address, headers={"If-None-Match": etag, "Accept-Encoding": accepts})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Content-Security-Policy"]


def test_an_etag_belongs_to_one_address_and_one_language(api):
    tags = {
        api.get(address, headers={"Accept-Language": language}).headers["ETag"]
        for address in ("/api/layers", "/api/plans", "/api/facilities?limit=1", "/api/facilities?limit=2")
        for language in ("zh", "en")
    }
    assert len(tags) == 8


def test_an_etag_changes_with_the_standards_that_an_answer_rests_on(api, invented, tmp_path):
    changed = tmp_path / "geodata"
    shutil.copytree(invented.geodata, changed)
    rules = (changed / "standards.toml").read_text(encoding="utf-8")
    (changed / "standards.toml").write_text(rules.replace("metres = 300\n", "metres = 310\n"), encoding="utf-8")
    address = "/api/circle?lon=112.1872&lat=35.6903"
    etag = api.get(address).headers["ETag"]
    answer = make_app(invented.url, changed).test_client().get(address, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert 310 in {verdict["rule"]["metres"] for verdict in answer.get_json(force=True)["verdicts"]}


def test_head_gives_the_headers_of_get_and_no_body(api):
    got, head = api.get("/api/layers"), api.head("/api/layers")
    assert head.data == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Vary"):
        assert head.headers[name] == got.headers[name]


def test_errors_are_not_kept_by_caches(api):
    assert api.get("/api/facilities?limit=0").headers["Cache-Control"] == "no-store"


def test_numbers_that_json_does_not_know_never_leave_the_house(api):
    for address in ("/api/circle?lon=112.1872&lat=35.6903", "/api/coverage?area=140521&category=museum&metres=1"):
        text = api.get(address).text
        assert orjson.loads(text)
        assert "NaN" not in text
        assert "Infinity" not in text


def test_downloads_give_their_connection_back_read_to_the_end_or_not(invented):
    app = make_app(invented.url, invented.geodata)
    client = app.test_client()
    for turn in range(60):
        with client.open("/download/facilities.geojson", method=("GET", "HEAD")[turn % 2]) as answer:
            if turn % 3 == 0:
                assert answer.data is not None
    assert app.extensions[EXTENSION].database._engine.pool.checkedout() == 0
