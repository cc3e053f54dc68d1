"""Whatever is asked wrongly, or stands wrongly on the disk, is told as problem+json, in words, never as a traceback."""

import logging
import re
import sqlite3
import threading
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_world import FACILITIES, make_app

from service_map.web import openapi

HERE = "lon=112.18&lat=35.69"

BAD = [
    ("/api/facilities?bbox=1,2,3", "bbox"),
    ("/api/facilities?bbox=1,2,3,4,5,6", "bbox"),
    ("/api/facilities?bbox=", "bbox"),
    ("/api/facilities?bbox=,,,", "bbox"),
    ("/api/facilities?bbox=a,b,c,d", "bbox"),
    ("/api/facilities?bbox=nan,0,1,1", "bbox"),
    ("/api/facilities?bbox=0,0,inf,1", "bbox"),
    ("/api/facilities?bbox=0,0,1e999,1", "bbox"),
    ("/api/facilities?bbox=113,35,112,36", "bbox"),
    ("/api/facilities?bbox=112,36,113,35", "bbox"),
    ("/api/facilities?bbox=170,-10,-170,10", "bbox"),
    ("/api/facilities?bbox=35,112,36,113", "bbox"),
    ("/api/facilities?bbox=-181,0,0,1", "bbox"),
    ("/api/facilities?bbox=0,0,1,90.1", "bbox"),
    ("/api/facilities?bbox=0,0,1,1&bbox=0,0,1,1", "bbox"),
    ("/api/facilities?category=school", "category"),
    ("/api/facilities?category=trail,", "category"),
    ("/api/facilities?category=", "category"),
    ("/api/facilities?category=trail&category=nothing", "category"),
    ("/api/facilities?family=trail", "family"),
    ("/api/facilities?area=999999", "area"),
    ("/api/facilities?area=1405", "area"),
    ("/api/facilities?area=%E6%B2%81%E6%B0%B4%E5%8E%BF", "area"),
    ("/api/facilities?area=140521&area=140500", "area"),
    ("/api/facilities?plan=qinshui'--", "plan"),
    ("/api/facilities?plan=city,county", "plan"),
    ("/api/facilities?plan=city&plan=county", "plan"),
    ("/api/facilities?status=done", "status"),
    ("/api/facilities?precision=exact", "precision"),
    ("/api/facilities?year=99999", "year"),
    ("/api/facilities?year=20.25", "year"),
    ("/api/facilities?year=-2025", "year"),
    ("/api/facilities?year=%EF%BC%92%EF%BC%90%EF%BC%92%EF%BC%95", "year"),
    ("/api/facilities?limit=0", "limit"),
    ("/api/facilities?limit=-1", "limit"),
    ("/api/facilities?limit=1e9", "limit"),
    ("/api/facilities?limit=1000000000", "limit"),
    ("/api/facilities?limit=99999999999999999999999999", "limit"),
    ("/api/facilities?limit=1_0", "limit"),
    ("/api/facilities?limit=5&limit=6", "limit"),
    ("/api/facilities?cursor=abc", "cursor"),
    ("/api/facilities?cursor=%27%3B%20drop", "cursor"),
    ("/api/facilities?q=%00", "q"),
    ("/api/facilities?q=a%00b", "q"),
    ("/api/facilities?q=%FF%FE", "q"),
    ("/api/facilities?q=%ED%A0%80", "q"),
    ("/api/facilities?q=" + "a" * 65, "q"),
    ("/api/facilities?q=" + "a" * 2000, "q"),
    ("/api/facilities?q=%20%20", "q"),
    ("/api/facilities?q=1+2+3+4+5+6+7+8+9", "q"),
    ("/api/facilities?catgory=trail", "catgory"),
    ("/api/facilities?lang=fr", "lang"),
    ("/api/facilities?lang=en&lang=zh", "lang"),
    ("/api/facilities/nearby?lat=35.69&metres=5", "lon"),
    ("/api/facilities/nearby?lon=112.18&metres=5", "lat"),
    ("/api/facilities/nearby?lon=east&lat=35.69&metres=5", "lon"),
    ("/api/facilities/nearby?lon=112,18&lat=35.69&metres=5", "lon"),
    ("/api/facilities/nearby?lon=35.69&lat=112.18&metres=5", "lat"),
    ("/api/facilities/nearby?lon=NaN&lat=35.69&metres=5", "lon"),
    ("/api/facilities/nearby?lon=-Infinity&lat=35.69&metres=5", "lon"),
    (f"/api/facilities/nearby?{HERE}&metres=0", "metres"),
    (f"/api/facilities/nearby?{HERE}&metres=-5", "metres"),
    (f"/api/facilities/nearby?{HERE}&metres=1e6", "metres"),
    (f"/api/facilities/nearby?{HERE}&minutes=0", "minutes"),
    (f"/api/facilities/nearby?{HERE}&minutes=999", "minutes"),
    (f"/api/facilities/nearby?{HERE}&metres=5&bbox=0,0,1,1", "bbox"),
    (f"/api/facilities/nearby?{HERE}&metres=5&cursor=x", "cursor"),
    ("/api/circle?lat=35.69", "lon"),
    (f"/api/circle?{HERE}&minutes=20", "minutes"),
    (f"/api/circle?{HERE}&minutes=15.0", "minutes"),
    (f"/api/circle?{HERE}&year=soon", "year"),
    ("/api/coverage?category=trail&metres=300", "area"),
    ("/api/coverage?area=140521&metres=300", "category"),
    ("/api/coverage?area=140521&category=trail", "metres"),
    ("/api/coverage?area=110000&category=trail&metres=300", "area"),
    ("/api/coverage?area=140521&category=trail,library&metres=300", "category"),
    ("/api/coverage?area=140521&category=trail&metres=far", "metres"),
    ("/api/coverage?area=140521&category=trail&metres=1e300", "metres"),
    ("/api/areas?level=province", "level"),
    ("/api/commitments?kind=promise", "kind"),
    ("/api/layers?x=1", "x"),
    ("/api/openapi.json?pretty=1", "pretty"),
    ("/download/facilities.geojson?limit=3", "limit"),
    ("/download/service_map.gpkg?x", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "field"), BAD, ids=[f"{address[:60]}" for address, _ in BAD])
def test_a_bad_value_is_refused_by_name_in_both_languages(api, address, field):
    answer = api.get(address)
    problem = answer.get_json(force=True)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert problem["status"] == 400
    assert problem["type"] == "/api/problems/invalid-parameter"
    assert problem["instance"] == address.partition("?")[0]
    assert problem["field"] == field
    assert len(answer.data) < 5000
    if "lang=" not in address:
        assert problem["detail"].startswith(f"{field}：")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in problem["detail"])
        english = api.get(f"{address}&lang=en").get_json(force=True)
        assert english["detail"].startswith(f"{field}: ")
        assert english["title"] == "Invalid parameter"
        assert english["field"] == field


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/api/facilities?status=done", "under_construction"),
        ("/api/facilities?category=school", "kindergarten"),
        ("/api/facilities?family=x", "preschool"),
        ("/api/facilities?area=999999", "140521"),
        ("/api/facilities?plan=x", "county"),
        ("/api/facilities?precision=x", "township"),
        ("/api/facilities?lang=fr", "en"),
        ("/api/facilities?limits=5", "limit"),
        (f"/api/circle?{HERE}&minutes=20", "10"),
        ("/api/commitments?kind=x", "quota"),
    ],
)
def test_a_closed_set_is_listed_under_allowed(api, address, allowed):
    assert allowed in api.get(address).get_json(force=True)["allowed"]


@pytest.mark.parametrize(
    ("address", "hint"),
    [("/api/facilities?categroy=x", "category"), ("/api/facilities?category=kindergarden", "kindergarten"),
     ("/api/facilities?area=140251", "140521"), ("/api/facilities?STATUS=open", None)],
)  # fmt: skip
def test_a_slip_of_the_pen_gets_the_nearest_word_as_a_hint(api, address, hint):
    detail = api.get(f"{address}&lang=en").get_json(force=True)["detail"]
    assert ("did you mean" in detail) == (hint is not None)
    assert hint is None or hint in detail


@pytest.mark.parametrize("address", ["/api/nothing", "/api", "/api/facilities/x/y", "/api/areas/999999", "/api/plans/none",
                                     "/api/problems/none", "/api/areas/%00", "/api/plans/%FF", "/download/other.zip"])  # fmt: skip
def test_an_address_with_nothing_behind_it_answers_404(api, address):
    answer = api.get(address)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.get_json(force=True)["type"] == "/api/problems/not-found"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_the_interface_only_reads(api, method):
    answer = getattr(api, method)("/api/facilities")
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_slash_too_many_is_forgiven(api):
    assert api.get("/api/layers/").status_code == 200
    assert api.get("/api//layers", follow_redirects=True).status_code == 200


def test_an_address_too_long_answers_414(api):
    answer = api.get("/api/facilities?" + "&".join(["category=trail"] * 400))
    assert (answer.status_code, answer.mimetype) == (414, "application/problem+json")


def test_a_body_too_large_answers_413(api):
    answer = api.get("/api/facilities", data=b"x" * 70_000)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


@pytest.mark.parametrize("kind", ["invalid-parameter", "not-found", "unanswerable", "unavailable", "internal"])
def test_the_type_of_a_problem_leads_to_its_explanation(api, kind):
    assert api.get(f"/api/problems/{kind}").get_json(force=True)["type"] == f"/api/problems/{kind}"


def test_text_of_a_user_stands_in_messages_without_control_characters_and_cut_short(api):
    for address in ("/api/facilities?category=" + "%1b%5b31m" * 9, "/api/facilities?" + "x" * 2000 + "=1"):
        problem = api.get(address).get_json(force=True)
        assert problem["detail"].isprintable()
        assert len(problem["field"]) <= 41


VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "0", "-1", "1e9", "nan", "inf", "140521", "112.18", "35.69", "trail", "elderly", "open", "site", "5",
                     "15", "2025", "'; --", "%", "_", "\0", "\ud7ff", "１", "zh", "112,35,113,36", "a" * 500]),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.integers(-(10**20), 10**20).map(str),
)  # fmt: skip
NAMES = sorted({parameter.name for operation in openapi.OPERATIONS for parameter in operation.parameters})
PATHS = sorted(re.sub("<.*>", "140521", operation.path) for operation in openapi.OPERATIONS)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    path=st.sampled_from([path for path in PATHS if not path.endswith(".gpkg")]),
    query=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5),
)
def test_no_query_whatever_makes_the_site_stumble(invented_app, path, query):
    with invented_app.test_client().get(path, query_string=urlencode(query)) as answer:
        assert answer.status_code in {200, 303, 400, 404, 422}, (path, query)
        if answer.status_code not in {200, 303}:
            assert answer.mimetype == "application/problem+json"
            assert answer.get_json(force=True)["detail"]


class TestDatabase:
    """What stands on the disk may be missing, damaged, or replaced while the site runs."""

    @pytest.fixture
    def place(self, tmp_path, invented):
        path = tmp_path / "served.gpkg"
        return path, make_app(f"sqlite:///{path}", invented.geodata).test_client()

    @pytest.mark.parametrize("address", ["/api/layers", "/api/facilities", "/api/facilities/f000000000001",
                                         f"/api/circle?{HERE}", "/download/facilities.geojson",
                                         "/download/service_map.gpkg"])  # fmt: skip
    def test_a_missing_database_answers_503_and_names_the_command(self, place, address, tmp_path):
        answer = place[1].get(address)
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        problem = answer.get_json(force=True)
        assert "service-map build" in problem["detail"]
        assert str(tmp_path) not in answer.text
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"

    def test_the_openapi_document_stands_without_a_database(self, place):
        assert place[1].get("/api/openapi.json").status_code == 200

    @pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 4096])
    def test_a_damaged_database_answers_503(self, place, content):
        path, client = place
        path.write_bytes(content)
        answer = client.get("/api/layers")
        assert answer.status_code == 503
        assert "service-map build" in answer.get_json(force=True)["detail"]

    def test_a_database_cut_short_answers_503(self, place, invented):
        path, client = place
        path.write_bytes(Path(invented.url.removeprefix("sqlite:///")).read_bytes()[:-5000])
        assert client.get("/api/facilities").status_code == 503

    def test_a_database_of_another_version_answers_503(self, place, invented):
        path, client = place
        path.write_bytes(Path(invented.url.removeprefix("sqlite:///")).read_bytes())
        connection = sqlite3.connect(path)
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
        connection.commit()
        connection.close()
        answer = client.get("/api/layers?lang=en")
        assert answer.status_code == 503
        assert "schema version" in answer.get_json(force=True)["detail"]

    def test_the_site_recovers_as_soon_as_the_database_is_built(self, place, invented):
        path, client = place
        assert client.get("/api/layers").status_code == 503
        invented.build(path)
        assert client.get("/api/layers").get_json(force=True)["facilities"] == len(FACILITIES)

    def test_a_rebuild_shows_at_once_with_another_etag(self, place, invented):
        path, client = place
        invented.build(path)
        before = client.get("/api/layers")
        etag = before.headers["ETag"]
        assert client.get("/api/layers", headers={"If-None-Match": etag}).status_code == 304
        invented.build(path, facilities=FACILITIES[:3])
        after = client.get("/api/layers", headers={"If-None-Match": etag})
        assert after.status_code == 200
        assert after.headers["ETag"] != etag
        assert after.get_json(force=True)["facilities"] == 3

    def test_readers_never_see_a_mixture_while_the_data_is_replaced(self, place, invented):
        path, client = place
        invented.build(path)
        app = client.application
        stop, wrong = threading.Event(), []

        def read():
            with app.test_client() as reader:
                while not stop.is_set():
                    layers = reader.get("/api/layers")
                    counted = layers.get_json(force=True)["facilities"] if layers.status_code == 200 else layers.text
                    listed = reader.get("/api/facilities").get_json(force=True)
                    if counted not in {3, len(FACILITIES)} or listed["numberMatched"] != len(listed["features"]):
                        wrong.append((counted, listed))

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for turn in range(6):
            invented.build(path, facilities=FACILITIES[:3] if turn % 2 == 0 else FACILITIES)
        stop.set()
        for reader in readers:
            reader.join()
        assert wrong == []


def test_an_unexpected_error_answers_500_without_its_internals_and_is_logged(invented, caplog):
    app = make_app(invented.url, invented.geodata)

    def broken():
        raise KeyError("a secret of the house")

    app.add_url_rule("/api/broken", view_func=broken)
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/api/broken")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert "KeyError" not in answer.text
    assert "a secret of the house" in caplog.text


def test_a_table_that_vanishes_under_the_running_site_answers_503(invented, tmp_path):
    path = tmp_path / "served.gpkg"
    url = invented.build(path)
    client = make_app(url, invented.geodata).test_client()
    assert client.get("/api/commitments").status_code == 200
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE commitments")
    connection.commit()
    connection.close()
    answer = client.get("/api/commitments")
    assert answer.status_code == 503
    assert "commitments" not in answer.get_json(force=True)["detail"]


def test_an_area_without_a_boundary_has_no_share(invented, tmp_path):
    url = invented.build(tmp_path / "bare.gpkg")
    connection = sqlite3.connect(tmp_path / "bare.gpkg")
    # The index's triggers are for writers that bring the standard's functions along; this one only empties a value.
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute("UPDATE areas SET geom = NULL WHERE adcode = '140521'")
    connection.commit()
    connection.close()
    client = make_app(url, invented.geodata).test_client()
    answer = client.get("/api/coverage?area=140521&category=trail&metres=300")
    assert (answer.status_code, answer.get_json(force=True)["field"]) == (422, "area")
    assert client.get("/api/areas/140521").get_json(force=True)["geometry"] is None


def test_a_server_that_does_not_answer_is_told_without_its_address(invented):
    client = make_app("postgresql+psycopg://someone:secret@127.0.0.1:1/nowhere", invented.geodata).test_client()
    answer = client.get("/api/layers")
    assert answer.status_code == 503
    assert "127.0.0.1" not in answer.text
    assert "secret" not in answer.text
