"""The planner's page says what the interface says; a base map opens the policy for its own hosts alone."""

import html
import re

import html5lib
import pytest

from service_map import settings, store
from service_map.errors import SettingsError
from service_map.web import create_app

HTML = "{http://www.w3.org/1999/xhtml}"
QUESTION = "area=140213&category=primary_school&metres=500"


@pytest.fixture(scope="module")
def database(geodata, tmp_path_factory):
    path = tmp_path_factory.mktemp("planner") / "service_map.gpkg"
    store.build(f"sqlite:///{path}", geodata=geodata)
    return path


@pytest.fixture(scope="module")
def make(geodata, database):
    def client(**environment):
        base = {"DATABASE_URL": f"sqlite:///{database}", "GEODATA_DIR": str(geodata)}
        return create_app(settings.load(base | environment)).test_client()

    return client


@pytest.fixture(scope="module")
def client(make):
    return make()


def _figures(text):
    return dict(re.findall(r'<div class="figure"><dt>([^<]+)</dt><dd>([^<]+)</dd></div>', text))


def _percent(share):
    return f"{round(100 * share, 1)}%"


@pytest.mark.parametrize("question", [QUESTION, "area=140521&rule=gb50180-kindergarten-5", f"{QUESTION}&year=2025"])
def test_the_page_tells_the_coverage_that_the_interface_tells(client, question):
    text = client.get(f"/planner?{question}").text
    told = client.get(f"/api/coverage?{question}").get_json(force=True)["coverage"]
    figures = _figures(text)
    assert figures["覆盖的土地"] == _percent(told["share"])
    assert figures["位置不准，至少到至多"] == f"{_percent(told['share_low'])} – {_percent(told['share_high'])}"
    assert figures["算进去的设施"] == f"{told['facilities']:,}"
    for limit in told["limits"]:
        assert html.escape(limit, quote=False) in html.unescape(text) or limit in html.unescape(text)


def test_the_page_ranks_the_gaps_and_suggests_sites(client):
    text = client.get(f"/planner?{QUESTION}&count=3").text
    sites = client.get(f"/api/sites?{QUESTION}&count=3").get_json(force=True)
    gaps = client.get(f"/api/gaps?{QUESTION}").get_json(force=True)
    for feature in [*sites["features"], *gaps["features"][:10]]:
        place = feature["properties"]
        assert f"{place['lon']:.5f}, {place['lat']:.5f}" in text
    assert _percent(sites["sites"]["share_after"]) in text


def test_what_is_on_the_screen_can_be_downloaded(client):
    text = client.get(f"/planner?{QUESTION}&count=2").text
    links = [html.unescape(link) for link in re.findall(r'href="(/api/[^"]+)" download', text)]
    assert len(links) == 3
    for link in links:
        assert client.get(link).get_json(force=True)["type"] == "FeatureCollection"


@pytest.mark.parametrize("query", ["", "lang=en", "big=1", QUESTION, f"{QUESTION}&lang=en&count=1"])
def test_the_page_is_valid_html_without_inline_script_or_style(client, query):
    answer = client.get(f"/planner?{query}")
    assert answer.status_code == 200
    for element in html5lib.HTMLParser(strict=True).parse(answer.text).iter():
        if isinstance(element.tag, str):
            assert "style" not in element.attrib
            assert element.tag != f"{HTML}style"


def test_an_area_alone_opens_the_form_with_the_area_chosen(client):
    text = client.get("/planner?area=140521").text
    assert re.search(r'<option value="140521"[^>]* selected>', text)
    assert 'id="answer"' not in text


def test_a_form_sent_with_both_rule_and_own_distance_goes_by_the_rule(client):
    both = client.get("/planner?area=140521&rule=gb50180-kindergarten-5&category=museum&metres=9000&count=").text
    alone = client.get("/planner?area=140521&rule=gb50180-kindergarten-5").text
    assert _figures(both) == _figures(alone)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("area=140521&category=kindergarten", "metres"), ("area=1&category=museum&metres=5", "area"),
        ("area=140521&metres=500", "category"), ("area=140521&category=museum&metres=500&count=9999", "count"),
        ("area=140521&rule=none", "rule"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_question_that_is_none_is_refused_in_words(client, query, field, language):
    answer = client.get(f"/planner?{query}&lang={language}")
    assert answer.status_code == 400
    assert field in answer.text
    assert ("接下来可以" if language == "zh" else "What you can do next") in answer.text


# ---------------------------------------------------------------- base maps


def _images(answer):
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return set(policy["img-src"].split()) - {"'self'", "data:"}


def test_without_a_base_map_no_other_host_may_be_asked(client):
    for address in ("/", "/embed", f"/planner?{QUESTION}", "/api/layers"):
        answer = client.get(address)
        assert _images(answer) == set()
        assert "data-base" not in answer.text


def test_tiles_open_the_policy_for_their_own_host_alone(make):
    client = make(BASEMAP_URL="https://tiles.example.gov:8443/{z}/{x}/{y}.png", BASEMAP_ATTRIBUTION="某市测绘院")
    for address in ("/", "/embed", f"/planner?{QUESTION}"):
        answer = client.get(address)
        assert _images(answer) == {"https://tiles.example.gov:8443"}
        assert "某市测绘院" in answer.get_data(as_text=True).encode().decode("unicode_escape", "ignore") or (
            "某市测绘院" in html.unescape(answer.text)
        )


def test_a_key_of_tianditu_draws_its_two_layers(make):
    client = make(TIANDITU_KEY="0123abcd")
    answer = client.get("/")
    assert _images(answer) == {f"https://t{number}.tianditu.gov.cn" for number in range(8)}
    assert "LAYER=vec" in html.unescape(answer.text).replace("\\u0026", "&")
    assert "LAYER=cva" in html.unescape(answer.text).replace("\\u0026", "&")
    assert "天地图" in answer.text


@pytest.mark.parametrize(
    "environment",
    [
        {"BASEMAP_URL": "https://tiles.example/{z}/{x}.png"}, {"BASEMAP_URL": "javascript:{x}{y}{z}"},
        {"BASEMAP_URL": "https://tiles.example; script-src */{z}/{x}/{y}"}, {"BASEMAP_URL": "//tiles.example/{z}/{x}/{y}"},
        {"TIANDITU_KEY": "a b"}, {"TIANDITU_KEY": "k;script-src *"},
    ],
)  # fmt: skip
def test_a_base_map_that_cannot_be_used_is_refused_by_the_name_of_its_variable(environment):
    with pytest.raises(SettingsError, match=next(iter(environment))):
        settings.load(environment)
