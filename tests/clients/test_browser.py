"""The site in a real Chromium: what a resident, a planner and somebody without a mouse do with it."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from reading import PHONE

from service_map import store
from service_map.store import queries

pytestmark = pytest.mark.browser

BUDGET_BYTES = 150_000
BUDGET_REQUESTS = 15
BUDGET_LIST_BYTES = 30_000
BUDGET_NODES = 1_500
QINSHUI_TOWN = "#map=13.00/35.6900/112.1870"


@pytest.fixture(scope="module")
def conn(shipped_database):
    engine = store.open_readonly(f"sqlite:///{shipped_database}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def funeral_home(conn):
    return queries.facilities(conn, queries.FacilityFilter(q="沁水县殡仪馆"), limit=1).items[0]


def _found(page):
    return int(re.search(r"[\d,]+", page.locator("#results .found strong").inner_text())[0].replace(",", ""))


def _query(page):
    return parse_qs(urlsplit(unquote(page.url)).query)


def _click_map(page, dx=0, dy=0):
    """Click the map beside its middle, where no facility's sign stands."""
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)


def test_home_shows_facilities_of_all_five_plans_in_list_and_map(reader, conn):
    visit = reader()
    page = visit.open("/")
    page.locator("details.more summary").click()
    for plan in queries.plans(conn):
        with page.expect_response(lambda response: "/points.json" in response.url):
            page.locator("select[name=plan]").select_option(plan.id)
        page.wait_for_function("plan => location.search.includes(plan)", arg=plan.id)
        page.wait_for_function(
            "() => document.querySelector('#map').dataset.drawn === document.querySelector('#results .found strong')"
            ".textContent.replace(/[^0-9]/g, '')"
        )
        assert _found(page) == plan.facilities > 0
        assert page.locator("#results .item").count() == min(plan.facilities, 50)


def test_a_reader_finds_the_funeral_home_in_the_list_and_reads_who_promises_it(reader, funeral_home):
    page = reader().open("/")
    page.get_by_role("searchbox").fill("沁水县殡仪馆")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="沁水县殡仪馆", exact=True).click()
    page.wait_for_url("**/facility/*")
    told = page.locator("main").inner_text()
    for cite in funeral_home.citations:
        for words in (cite.plan_title, cite.section, cite.passage_sha256):
            assert words in told
    assert "约在" in told


def test_a_click_in_qinshui_town_opens_the_card_and_the_address_keeps_it(reader):
    visit = reader()
    page = visit.open(f"/{QINSHUI_TOWN}")
    _click_map(page, 150, 120)
    card = page.locator("#card")
    card.locator(".tally").wait_for()
    told = card.inner_text()
    assert "沁水县" in told
    assert "直线距离" in told
    assert re.search(r"(满足|建成后满足|不满足|无法判断) \d+", told)
    assert "GB 50180" in told
    point = _query(page)["point"]
    page.reload()
    visit.drawn()
    card.locator(".tally").wait_for()
    assert _query(page)["point"] == point
    card.get_by_role("button", name="关闭").click()
    card.wait_for(state="hidden")
    page.go_back()
    card.locator(".tally").wait_for()


def test_the_list_is_downloaded_as_geojson(reader, tmp_path):
    page = reader().open("/?area=140521")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 GeoJSON").click()
    path = tmp_path / "facilities.geojson"
    download.value.save_as(path)
    body = json.loads(path.read_text(encoding="utf-8"))
    assert body["type"] == "FeatureCollection"
    assert len(body["features"]) == _found(page) > 0
    assert all(feature["properties"]["citation"]["section"] for feature in body["features"])


def test_without_javascript_the_list_is_complete_and_the_form_works(reader, conn):
    visit = reader(java_script_enabled=False)
    page = visit.open("/", ready=False)
    page.get_by_role("searchbox").fill("沁水")
    page.get_by_role("button", name="查找").click()
    total = _found(page)
    names = page.locator("#results .name").all_inner_texts()
    while page.locator("a[rel=next]").count():
        page.locator("a[rel=next]").click()
        names += page.locator("#results .name").all_inner_texts()
    assert (
        len(names)
        == total
        == queries.facilities(conn, queries.FacilityFilter(q="沁水", promised=True), limit=1).matched
        > 0
    )
    visit.open("/circle?lon=112.187&lat=35.69", ready=False)
    assert page.locator(".tally .verdict").count() > 0


def test_choices_go_into_the_address_and_back_and_forward_follow_them(reader):
    visit = reader()
    page = visit.open("/")
    every = _found(page)
    page.locator("#chips").get_by_role("link", name=re.compile("养老服务")).click()
    page.wait_for_function("() => location.search.includes('family=elderly')")
    page.locator("#chips .fine").wait_for()
    elderly = _found(page)
    page.locator("#chips .fine a").first.click()
    page.wait_for_function("() => location.search.includes('category=')")
    page.wait_for_function("() => document.querySelectorAll('#chips .fine [aria-current]').length === 1")
    assert _found(page) <= elderly < every
    page.go_back()
    page.wait_for_function("() => !document.querySelector('#chips .fine [aria-current]')")
    assert _found(page) == elderly
    page.go_back()
    page.wait_for_function("() => !document.querySelector('#chips .fine')")
    assert _found(page) == every
    page.go_forward()
    page.locator("#chips .fine").wait_for()
    assert _found(page) == elderly
    other = reader(viewport=PHONE).open(urlsplit(page.url).path + "?" + urlsplit(page.url).query)
    assert _found(other) == elderly


def test_what_is_known_only_to_its_county_is_a_numbered_ring_and_never_a_pin(reader, conn):
    page = reader().open("/")
    wide = sum(
        queries.facilities(conn, queries.FacilityFilter(precision=code), limit=1).matched for code in ("county", "city")
    )
    rings = page.locator(".leaflet-marker-icon")
    labels = [ring.get_attribute("aria-label") for ring in rings.all()]
    assert all("约在" in label and "范围" in label for label in labels)
    assert sum(int(re.search(r"([\d,]+) 处", label)[1]) for label in labels) == wide
    assert page.locator(".leaflet-marker-pane img").count() == 0


def test_facilities_of_one_seat_are_drawn_apart_as_beads_on_its_ring(reader):
    page = reader().open("/?area=140200")
    few = 0
    for ring in page.locator(".leaflet-marker-icon").all():
        number = int(re.search(r"([\d,]+) 处", ring.get_attribute("aria-label"))[1].replace(",", ""))
        spots = [(bead.get_attribute("cx"), bead.get_attribute("cy")) for bead in ring.locator("circle.bead").all()]
        assert len(set(spots)) == len(spots) == (number if number <= 24 else 0)
        few += number <= 24
    assert few >= 5


def test_a_ring_lists_what_it_stands_for_and_leads_to_the_list(reader):
    page = reader().open("/?area=140521")
    page.locator(".leaflet-marker-icon").first.focus()
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup")
    popup.get_by_role("link", name=re.compile("在清单里看")).press("Enter")
    page.wait_for_function("() => location.search.includes('precision=county')")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#results .sure')].every(p => p.textContent.includes('约在此县'))"
    )
    assert _found(page) > 0


def test_the_first_view_keeps_to_its_budget(reader):
    visit = reader(viewport=PHONE, fresh=True)
    session = visit.context.new_cdp_session(visit.page)
    session.send("Network.enable")
    received, sizes = [], []
    session.on("Network.responseReceived", lambda event: received.append(event["response"]["url"]))
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    visit.open("/")
    visit.page.wait_for_load_state("networkidle")
    assert len(received) <= BUDGET_REQUESTS, received
    assert sum(sizes) <= BUDGET_BYTES, sizes


def test_the_resident_journey_works_by_keyboard_alone(reader):
    page = reader().open("/")
    keys = page.keyboard
    page.locator("body").focus()
    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    keys.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    keys.type("沁水县殡仪馆")
    keys.press("Enter")
    page.wait_for_function("() => location.search.includes('q=')")
    page.get_by_role("link", name="沁水县殡仪馆", exact=True).wait_for()
    for _step in range(60):
        keys.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("document.activeElement.className") == "name":
            break
    keys.press("Enter")
    page.wait_for_url("**/facility/*")
    assert "沁水县殡仪馆" in page.locator("h1").inner_text()


def test_the_map_is_moved_and_asked_by_keyboard(reader):
    page = reader().open(f"/{QINSHUI_TOWN}")
    page.locator("#map").focus()
    assert "回车" in page.locator("#map-note").inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => location.hash !== before", arg=QINSHUI_TOWN)
    page.keyboard.press("Enter")
    page.locator("#card .tally").wait_for()
    assert page.evaluate("document.activeElement.className") == "card-title"
    page.keyboard.press("Escape")
    page.locator("#card").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "map"


def test_my_location_opens_the_card_of_where_the_reader_stands(reader):
    visit = reader(
        viewport=PHONE,
        geolocation={"longitude": 112.187, "latitude": 35.69},
        permissions=["geolocation"],
        has_touch=True,
    )
    page = visit.open("/")
    page.get_by_role("button", name="我的位置").tap()
    page.locator("#card .tally").wait_for()
    assert _query(page)["point"] == ["112.18700,35.69000"]
    assert "沁水县" in page.locator("#card").inner_text()
    assert _query(page)["near"] == ["112.1870,35.6900"]


def test_the_list_goes_nearest_first_once_the_place_is_known(reader, conn):
    visit = reader(geolocation={"longitude": 112.187, "latitude": 35.69}, permissions=["geolocation"])
    page = visit.open("/?status=all")
    matched = _found(page)
    page.get_by_role("button", name="我的位置").click()
    page.get_by_text("由近到远", exact=True).wait_for()
    names = page.locator("#results .name").all_inner_texts()
    wanted = queries.FacilityFilter(precisions=("site", "street", "village", "township"))
    near = queries.nearby(conn, 112.187, 35.69, 100_000, wanted, limit=len(names))
    assert names == [record.name for record, _metres in near]
    assert _found(page) == matched
    # The place goes along with the next choice, and can be given up.
    page.locator("#chips a").nth(1).click()
    page.wait_for_function("() => location.search.includes('family=') && location.search.includes('near=')")
    page.get_by_role("link", name="不按远近", exact=True).click()
    page.wait_for_function("() => !location.search.includes('near=')")


def test_a_refused_location_is_answered_with_another_way(reader):
    page = reader(permissions=[]).open("/")
    page.get_by_role("button", name="我的位置").click()
    page.wait_for_function("() => document.querySelector('#map-note').textContent.includes('点地图')")
    assert "经纬度" in page.locator("#map-note").inner_text()


def test_without_javascript_the_list_goes_nearest_first_by_its_address(reader):
    page = reader(java_script_enabled=False).open("/?near=112.187,35.69", ready=False)
    distances = [text for text in page.locator("#results .sure").all_inner_texts() if "直线" in text]
    assert page.get_by_text("由近到远", exact=True).is_visible()
    assert page.locator("#results .item").count() > 5
    assert all("公里" in text or "米" in text for text in distances)


def test_when_the_line_breaks_the_list_stays_and_the_page_says_so(reader):
    visit = reader()
    page = visit.open("/")
    before = _found(page)
    visit.context.set_offline(True)
    page.locator("#chips a").nth(2).click()
    page.wait_for_function("() => document.querySelector('#map-note').textContent.includes('连不上')")
    assert _found(page) == before
    visit.context.set_offline(False)
    # The browser itself reports the request that the broken line stopped; nothing else may be reported.
    visit.faults = [fault for fault in visit.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_the_english_map_speaks_english(reader):
    page = reader().open("/?lang=en")
    page.get_by_role("button", name="Zoom in").wait_for()
    assert page.get_by_role("button", name="My location").is_visible()
    labels = [ring.get_attribute("aria-label") for ring in page.locator(".leaflet-marker-icon").all()]
    assert labels
    assert all(label.startswith("Somewhere in") for label in labels)


def test_the_list_stands_after_three_files_of_few_bytes_and_before_any_script(reader):
    visit = reader(viewport=PHONE, java_script_enabled=False, fresh=True)
    session = visit.context.new_cdp_session(visit.page)
    session.send("Network.enable")
    kinds, sizes = {}, {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    visit.open("/", ready=False)
    assert visit.page.locator("#results .item .name").first.is_visible()
    assert visit.page.locator("#results .item").count() == 50
    first = [request for request, kind in kinds.items() if kind in {"Document", "Stylesheet"}]
    assert len(first) <= 3
    assert sum(sizes[request] for request in first) <= BUDGET_LIST_BYTES
    # With scripts the browser still shows the list first: none of them holds up the page, and the page is small.
    page = reader(viewport=PHONE).open("/")
    holding = (
        "[...document.scripts].filter((one) => one.src && !one.defer && !one.async && one.type !== 'module').length"
    )
    assert page.evaluate(holding) == 0
    assert page.evaluate("document.getElementsByTagName('*').length") <= BUDGET_NODES


def test_a_disc_shows_its_whole_extent_and_its_facilities_when_it_is_opened(reader, conn):
    found = queries.facilities(conn, queries.FacilityFilter(precision="township"), limit=1).items[0]
    page = reader(reduced_motion="reduce").open(f"/#map=13.00/{found.lat:.4f}/{found.lon:.4f}")
    # Beside the middle a ring may stand; the disc's own middle is where the map's is.
    _click_map(page)
    popup = page.locator(".leaflet-popup-content")
    popup.wait_for()
    assert "约在" in popup.inner_text()
    assert popup.get_by_role("link").count() > 0
