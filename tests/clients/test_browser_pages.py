"""Every page in a real Chromium: nothing serious for axe, no wider than the narrowest screen, large enough in large type."""

import re

import pytest
from reading import DESK, NARROW, PHONE, grave_faults, grave_faults_in_any_light, too_small, width_on

from service_map import store
from service_map.store import queries

pytestmark = pytest.mark.browser

CONTROLS = (
    "button, .button, .chip, select, input:not([type=hidden]):not([type=range]), .sections a, .reading a, .brand, "
    ".leaflet-bar a"
)
QUERIES = ("", "lang=en", "big=1", "lang=en&big=1")


@pytest.fixture(scope="module")
def conn(shipped_database):
    engine = store.open_readonly(f"sqlite:///{shipped_database}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def funeral_home(conn):
    return queries.facilities(conn, queries.FacilityFilter(q="沁水县殡仪馆"), limit=1).items[0]


@pytest.fixture(scope="module")
def promises(conn):
    """The page of the requirement that has most units, and that of a quota."""
    every = queries.requirements(conn, limit=queries.MAX_LIMIT).items
    widest = max(every, key=lambda rule: len(rule.units))
    return f"/requirement/{widest.id}", f"/quota/{queries.quotas(conn, limit=1).items[0].id}"


@pytest.fixture(scope="module")
def addresses(funeral_home, promises):
    return (
        "/", "/?q=平城区幼儿园", *promises, "/?family=elderly&area=140521", "/about", "/plans", "/plan/qinshui-2021", "/areas", "/area/140521",
        "/circle?lon=112.187&lat=35.69", f"/facility/{funeral_home.id}", "/?area=140213&status=all", "/planner",
        "/planner?area=140213&category=primary_school&minutes=10&count=2&by=homes", "/area/140213",
        "/?near=112.187,35.69",
    )  # fmt: skip


def _with(address, query):
    return f"{address}{'&' if '?' in address else '?'}{query}" if query else address


# Every two of language, type size and scheme meet once.
@pytest.mark.parametrize(
    ("query", "scheme"), [("", "light"), ("big=1", "dark"), ("lang=en", "dark"), ("lang=en&big=1", "light")]
)
def test_every_page_is_without_serious_fault_fits_320_pixels_and_is_large_in_large_type(
    reader, addresses, query, scheme
):
    screen = PHONE if "big=1" in query else DESK
    visit = reader(viewport=screen, color_scheme=scheme, reduced_motion="reduce")
    for address in addresses:
        page = visit.open(_with(address, query))
        assert grave_faults(page) == [], _with(address, query)
        if "big=1" in query:
            assert too_small(page, CONTROLS) == [], _with(address, query)
        assert width_on(page, NARROW) <= NARROW["width"], _with(address, query)
        page.set_viewport_size(screen)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_for_gis_teams_are_as_good_as_any(reader, funeral_home, language):
    visit = reader(viewport=NARROW, reduced_motion="reduce")
    for address in (
        "/ogc/", "/ogc/collections", "/ogc/collections/facilities", "/ogc/collections/facilities/queryables",
        "/ogc/collections/facilities/items", "/ogc/collections/commitments/items", "/ogc/api",
        f"/ogc/collections/facilities/items/{funeral_home.id}",
    ):  # fmt: skip
        page = visit.open(f"{address}?f=html&lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], address
        assert grave_faults_in_any_light(page) == [], address


@pytest.mark.parametrize("query", QUERIES)
def test_a_page_that_tells_an_error_is_as_good_as_any(reader, query):
    visit = reader(viewport=PHONE, reduced_motion="reduce")
    for address, status in (("/nowhere", 404), ("/?year=soon", 400), ("/circle?lon=2&lat=48", 422)):
        page = visit.page
        answer = page.goto(visit.site + _with(address, query))
        assert answer.status == status
        assert grave_faults(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.get_by_role("link").filter(has_text=re.compile("回到地图和清单|Back to map")).is_visible()
    # The browser itself reports the three answers; nothing else may be reported.
    visit.faults = [fault for fault in visit.faults if "responded with a status of" not in fault]


def test_axe_finds_nothing_serious_on_the_open_card_and_a_popup(reader):
    # Without motion nothing is half faded in when it is judged.
    page = reader(reduced_motion="reduce").open("/?area=140521&point=112.18700,35.69000")
    page.locator("#card .tally").wait_for()
    page.locator(".leaflet-marker-icon").first.focus()
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup-content").wait_for()
    assert grave_faults(page) == []


def test_every_sign_of_the_map_announces_its_name(reader):
    for address in ("/", "/planner?area=140213&category=primary_school&metres=500&count=3"):
        page = reader().open(address)
        names = [sign.get_attribute("aria-label") for sign in page.locator(".leaflet-marker-icon").all()]
        assert names
        assert all(names)
        assert page.locator(".leaflet-marker-icon[tabindex='0']").count() == len(names)


def test_every_chart_says_its_figures_in_words_too(reader, addresses):
    page = reader().open("/area/140213")
    for address in ("/area/140213", "/plan/qinshui-2021", f"{addresses[-3]}&as_recorded=true"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + address)
        charts = page.locator("table.chart")
        assert charts.count() > 0
        for chart in charts.all():
            assert chart.locator("caption").inner_text()
            for row in chart.locator("tbody tr").all():
                assert row.locator(".bar[aria-hidden=true]").count() == 1
                assert re.search(r"\d", row.locator("td.number").first.inner_text())


@pytest.mark.parametrize("query", ["", "lang=en"])
def test_the_card_prints_on_one_page_of_a4(reader, conn, query):
    visit = reader()
    for adcode in ("140521", "140202", "140213", "140802"):
        seats = [area for area in queries.areas(conn) if area.adcode == adcode]
        for seat in seats:
            page = visit.open(_with(f"/circle?lon={seat.lon}&lat={seat.lat}", query))
            pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
            assert pages == 1, (seat.name, pages)


def _stands(page, selector):
    return page.locator(selector).bounding_box()


@pytest.mark.parametrize("query", ["q=沁水县养老", "area=140521&family=elderly", "q=elderly care Qinshui&lang=en"])
def test_on_a_phone_the_answer_to_a_search_stands_before_the_map(reader, query):
    page = reader(viewport=PHONE, reduced_motion="reduce").open(f"/?{query}")
    answer, drawn = _stands(page, "#results"), _stands(page, "#map")
    assert answer["y"] + answer["height"] <= drawn["y"]
    assert answer["y"] < PHONE["height"]
    assert not page.locator(".counts").is_visible()


def test_on_a_phone_one_touch_leads_from_the_answer_to_the_map_and_back(reader):
    page = reader(viewport=PHONE, reduced_motion="reduce").open("/?area=140521")

    def in_sight(selector):
        box = _stands(page, selector)
        return 0 <= box["y"] < PHONE["height"]

    assert not in_sight("#map")
    page.locator(".to-map").click()
    page.wait_for_function("document.getElementById('map').getBoundingClientRect().top < innerHeight")
    assert in_sight("#map")
    page.locator(".to-list a").click()
    page.wait_for_function("document.getElementById('results').getBoundingClientRect().top >= 0")
    assert in_sight("#results")


def test_on_a_phone_the_map_comes_first_where_nothing_is_asked(reader):
    page = reader(viewport=PHONE, reduced_motion="reduce").open("/")
    assert _stands(page, "#map")["y"] < _stands(page, "#results")["y"]
    assert page.locator(".counts").is_visible()


@pytest.mark.parametrize("query", QUERIES)
def test_on_a_phone_no_page_of_the_head_is_cut_and_the_search_says_all_it_takes(reader, query):
    page = reader(viewport=PHONE, reduced_motion="reduce").open(_with("/", query))
    for link in page.locator(".sections a").all():
        box = link.bounding_box()
        assert box["x"] >= 0, link.inner_text()
        assert box["x"] + box["width"] <= PHONE["width"], link.inner_text()
    assert page.evaluate(
        """() => {
          const field = document.getElementById("q"), style = getComputedStyle(field);
          const pen = document.createElement("canvas").getContext("2d");
          pen.font = style.font;
          const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
          return pen.measureText(field.placeholder).width <= room;
        }"""
    )
