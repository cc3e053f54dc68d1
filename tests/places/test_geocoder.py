"""Geocoders as plug-ins, asked through a local server that answers in the services' own shapes."""

import json
import threading
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from promises import commitment

from service_map.errors import GeocoderError, InvalidParameterError
from service_map.places import locate, wgs84_to_gcj02
from service_map.places.geocoder import Amap, Service, Tianditu, amap, geocode_facilities, load_geocoder, tianditu

HOME = (112.2, 35.7)  # in 沁水县
SLOW_S = 3
FAR = (116.4, 39.9)


def amap_reply(point, level="兴趣点", adcode="140521"):
    lon, lat = wgs84_to_gcj02(*point)
    found = {
        "formatted_address": "山西省晋城市沁水县殡仪馆", "country": "中国", "province": "山西省", "citycode": "0356",
        "city": "晋城市", "district": "沁水县", "township": [], "adcode": adcode, "street": [], "number": [],
        "location": f"{lon:.6f},{lat:.6f}", "level": level,
    }  # fmt: skip
    return {"status": "1", "info": "OK", "infocode": "10000", "count": "1", "geocodes": [found]}


def tianditu_reply(point, level="门址"):
    location = {"score": 100, "level": level, "lon": str(point[0]), "lat": str(point[1]), "keyWord": "沁水县殡仪馆"}
    return {"msg": "ok", "location": location, "searchVersion": "6.4.9V", "status": "0"}


class Server:
    """A web service that gives the replies it was told to, in turn, the last one for ever."""

    def __init__(self):
        self.replies, self.asked = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(parse_qs(urlsplit(self.path).query))
                reply = outer.replies.pop(0) if len(outer.replies) > 1 else outer.replies[0]
                status, body, pause = reply if isinstance(reply, tuple) else (200, reply, 0)
                time.sleep(pause)
                data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client did not wait

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/geocode"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def service(server):
    return lambda **options: Service(**{"url": server.url, "pause_s": 0.001, "timeout_s": 120, **options})


@pytest.fixture
def facilities(plans, gazetteer):
    return locate(
        [
            commitment("qinshui-2021", 5, name="沁水县殡仪馆", category="funeral_home"),
            commitment("jinzhong-2021", 6, category="nursery", kind="allotment", place="榆次", place_level="county"),
        ],
        plans,
        gazetteer,
    )


def test_amaps_gcj02_comes_back_as_wgs84(server, service):
    server.replies = [amap_reply(HOME)]
    answer = Amap(key="k", service=service()).geocode("沁水县殡仪馆", adcode="140521")
    assert (answer.lon, answer.lat) == pytest.approx(HOME, abs=2e-6)
    assert (answer.precision, answer.adcode) == ("site", "140521")
    assert server.asked[0]["city"] == ["140500"]
    assert server.asked[0]["address"] == ["沁水县殡仪馆"]


def test_tianditus_cgcs2000_comes_back_as_it_is(server, service):
    server.replies = [json.dumps(tianditu_reply(HOME), ensure_ascii=False).encode("utf-8-sig")]
    answer = Tianditu(key="k", service=service()).geocode("沁水县殡仪馆", adcode="140521")
    assert (answer.lon, answer.lat, answer.precision) == (*HOME, "site")
    assert json.loads(server.asked[0]["ds"][0]) == {"keyWord": "沁水县殡仪馆"}


@pytest.mark.parametrize(
    ("make", "reply"),
    [
        (Amap, {"status": "1", "info": "OK", "infocode": "10000", "count": "0", "geocodes": []}),
        (Amap, {"status": "1", "info": "OK", "infocode": "10000", "count": "1", "geocodes": [{"location": []}]}),
        (Tianditu, {"msg": "无结果", "status": "404"}),
    ],
)
def test_what_a_service_does_not_know_is_no_answer_and_no_error(server, service, make, reply):
    server.replies = [reply]
    assert make(key="k", service=service()).geocode("某某幼儿园", adcode="140521") is None


@pytest.mark.parametrize(
    ("make", "reply"),
    [
        (Amap, {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"}),
        (Amap, {"status": "0", "info": "USER_DAILY_QUERY_OVER_LIMIT", "infocode": "10003"}),
        (Tianditu, {"code": "300001", "msg": "非法Key", "resolve": "请使用正确的Key"}),
        (Tianditu, {"status": "0", "location": {"lon": "east"}}),
        (Amap, []),
    ],
)
def test_a_refusal_is_one_sentence_that_does_not_hold_the_key(server, service, make, reply):
    server.replies = [reply]
    with pytest.raises(GeocoderError) as caught:
        make(key="s3cret", service=service()).geocode("某某幼儿园", adcode="140521")
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        (500, b"oops", 0),
        (503, b"", 0),
        (429, b"slow down", 0),
        (200, b"<html>", 0),
        (200, amap_reply(HOME), 2 * SLOW_S),
        (200, {"status": "0", "info": "CUQPS_HAS_EXCEEDED_THE_LIMIT", "infocode": "10021"}, 0),
    ],
)
def test_a_slow_busy_or_broken_reply_is_asked_for_again(server, service, trouble):
    server.replies = [trouble, amap_reply(HOME)]
    patience = {"timeout_s": SLOW_S} if trouble[2] else {}
    assert Amap(key="k", service=service(**patience)).geocode("沁水县殡仪馆", adcode="140521") is not None
    assert len(server.asked) == 2


def test_after_the_last_try_it_gives_up_with_the_reason(server, service):
    server.replies = [(500, b"oops", 0)]
    with pytest.raises(GeocoderError, match="HTTP 500"):
        Amap(key="k", service=service(tries=3)).geocode("沁水县殡仪馆", adcode="140521")
    assert len(server.asked) == 3


def test_a_forbidden_request_is_not_repeated(server, service):
    server.replies = [(403, b"no", 0)]
    with pytest.raises(GeocoderError, match="HTTP 403"):
        Tianditu(key="k", service=service()).geocode("沁水县殡仪馆", adcode="140521")
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_reported(service, server):
    gone = service(url="http://127.0.0.1:9/geocode", tries=2)
    with pytest.raises(GeocoderError, match=r"127\.0\.0\.1:9"):
        Amap(key="k", service=gone).geocode("沁水县殡仪馆", adcode="140521")


def test_the_quota_counts_every_request_and_ends_the_run(server, service):
    server.replies = [amap_reply(HOME)]
    geocoder = Amap(key="k", service=service(quota=2))
    for words in ("甲", "乙"):
        geocoder.geocode(words, adcode="140521")
    with pytest.raises(GeocoderError, match="the 2 requests"):
        geocoder.geocode("丙", adcode="140521")
    assert len(server.asked) == 2


def test_the_cache_answers_the_second_run_and_never_holds_the_key(server, service, tmp_path):
    server.replies = [amap_reply(HOME)]
    kept = tmp_path / "cache.json"
    for _ in range(2):
        geocoder = Amap(key="s3cret", service=service(cache=kept, quota=1))
        assert geocoder.geocode("沁水县殡仪馆", adcode="140521").adcode == "140521"
        assert geocoder.geocode("沁水县殡仪馆", adcode="140521").adcode == "140521"
    assert len(server.asked) == 1
    assert "s3cret" not in kept.read_text(encoding="utf-8")


def test_a_damaged_cache_costs_a_request_and_nothing_else(server, service, tmp_path):
    server.replies = [amap_reply(HOME)]
    (tmp_path / "cache.json").write_text("{", encoding="utf-8")
    assert Amap(key="k", service=service(cache=tmp_path / "cache.json")).geocode("甲", adcode="140521") is not None


def test_a_survey_takes_only_named_facilities_and_points_inside_their_area(server, service, facilities, gazetteer):
    server.replies = [amap_reply(HOME)]
    found = geocode_facilities(facilities, Amap(key="k", service=service()), gazetteer, today=date(2026, 3, 1))
    assert len(server.asked) == 1  # the unnamed nursery is not asked for
    assert server.asked[0]["address"] == ["山西省晋城市沁水县殡仪馆"]
    (location,) = found.locations
    named = next(facility for facility in facilities if facility.name_given)
    assert (location.facility, location.precision, location.date) == (named.id, "site", "2026-03-01")
    assert location.source == "高德地理编码"


@pytest.mark.parametrize(
    "case",
    [
        (amap_reply(FAR, adcode="110101"), "elsewhere"),
        (amap_reply(FAR), "elsewhere"),
        (amap_reply(HOME, adcode="140522"), "elsewhere"),
        (amap_reply(HOME, level="区县"), "vague"),
        (amap_reply(HOME, level="未知"), "vague"),
        ({"status": "1", "info": "OK", "infocode": "10000", "count": "0", "geocodes": []}, "unknown"),
    ],
)
def test_an_answer_that_is_not_surer_or_lies_elsewhere_is_left_out_and_said(
    server, service, facilities, gazetteer, case
):
    reply, kind = case
    server.replies = [reply]
    found = geocode_facilities(facilities, Amap(key="k", service=service()), gazetteer, today=date(2026, 3, 1))
    assert found.locations == ()
    assert len(getattr(found, kind)) == 1
    assert found.stopped is None


def test_a_survey_keeps_what_it_found_before_the_service_refused(server, service, plans, gazetteer):
    two = locate(
        [commitment("qinshui-2021", line, name=name) for line, name in enumerate(("甲甲甲幼儿园", "乙乙乙幼儿园"))],
        plans,
        gazetteer,
    )
    server.replies = [amap_reply(HOME)]
    found = geocode_facilities(two, Amap(key="k", service=service(quota=1)), gazetteer, today=date(2026, 3, 1))
    assert len(found.locations) == 1
    assert isinstance(found.stopped, GeocoderError)


# ---------------------------------------------------------------- plug-ins


def test_a_geocoder_without_its_key_says_which_variable_is_missing():
    for make, name in ((tianditu, "TIANDITU_KEY"), (amap, "AMAP_KEY")):
        with pytest.raises(InvalidParameterError, match=name):
            make({})


def test_a_geocoder_reads_key_address_quota_and_cache_from_the_environment(server, tmp_path):
    server.replies = [tianditu_reply(HOME)]
    environment = {
        "TIANDITU_KEY": "k",
        "TIANDITU_URL": server.url,
        "GEOCODER_CACHE": str(tmp_path / "c.json"),
        "GEOCODER_QUOTA": "5",
    }
    made = tianditu(environment)
    assert made.geocode("沁水县殡仪馆", adcode="140521").precision == "site"
    assert (made.service.quota, (tmp_path / "c.json").is_file()) == (5, True)
    assert server.asked[0]["tk"] == ["k"]


def test_addresses_that_are_no_web_addresses_are_refused():
    with pytest.raises(InvalidParameterError, match="http"):
        Service(url="file:///etc/passwd")


@pytest.mark.parametrize("name", ["amap", "tianditu"])
def test_the_product_brings_two_geocoders_that_are_off_without_a_key(name):
    with pytest.raises(InvalidParameterError, match=f"{name.upper()}_KEY"):
        load_geocoder(name, {})


def test_an_unknown_geocoder_is_refused_with_the_installed_ones():
    with pytest.raises(InvalidParameterError, match="atlas"):
        load_geocoder("atlas", {})


def test_another_package_can_bring_a_geocoder(tmp_path, monkeypatch, gazetteer, facilities):
    (tmp_path / "county_registry.py").write_text(
        "from service_map.places.geocoder import Answer\n"
        "class Registry:\n"
        "    source, licence = '县设施名录', 'CC0'\n"
        "    def geocode(self, words, *, adcode):\n"
        "        return Answer(lon=112.2, lat=35.7, precision='village', adcode=adcode[:6], words=words)\n"
        "def make(environment):\n"
        "    return Registry()\n",
        encoding="utf-8",
    )
    about = tmp_path / "county_registry-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: county-registry\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        "[service_map.geocoders]\nregistry = county_registry:make\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = geocode_facilities(facilities, load_geocoder("registry", {}), gazetteer, today=date(2026, 3, 1))
    assert [(location.source, location.precision, location.uncertainty_m) for location in found.locations] == [
        ("县设施名录", "village", 2000.0)
    ]
