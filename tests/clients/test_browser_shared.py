"""In a real Chromium: the report opened from disk with the network off, the map in another site's page, the year slider."""

import functools
import http.server
import re
import threading

import pytest
from reading import NARROW, PHONE, context_of, grave_faults, grave_faults_in_any_light, width_on

pytestmark = pytest.mark.browser


@pytest.fixture
def saved_report(reader, tmp_path):
    """The report as a planner downloads it by the area page's button."""

    def save(adcode, query=""):
        page = reader().open(f"/area/{adcode}{query}")
        with page.expect_download() as download:
            page.locator("a[href*='report.html']").click()
        path = tmp_path / f"{adcode}.html"
        download.value.save_as(path)
        return path

    return save


@pytest.mark.parametrize(("query", "language"), [("", "zh-Hans"), ("?lang=en", "en")])
def test_the_report_opens_from_disk_with_the_network_off(chromium, saved_report, query, language):
    path = saved_report("140500", query)
    context = context_of(chromium, offline=True, reduced_motion="reduce")
    page = context.new_page()
    faults, requests = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: message.type in {"error", "warning"} and faults.append(message.text))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.lang") == language
    rings = page.locator(".leaflet-marker-icon")
    # What is known to the city or a county only shares the ring of its seat.
    assert rings.count() >= 3
    rings.first.focus()
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup-content li").first.wait_for()
    # Every family is a layer that can be switched off and on again.
    before = rings.count()
    switches = page.locator(".leaflet-control-layers input")
    assert switches.count() >= 5
    switches.last.uncheck()
    assert rings.count() == 0
    switches.last.check()
    assert rings.count() == before
    assert grave_faults(page) == []
    assert faults == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert width_on(page, NARROW) <= NARROW["width"]
    context.close()


def test_the_map_stands_in_another_sites_page(reader, live_site, tmp_path):
    visit = reader()
    page = visit.open("/?area=140521")
    page.locator("#share summary").click()
    code = page.locator("#share textarea").input_value()
    (tmp_path / "index.html").write_text(f"<!doctype html><title>elsewhere</title>{code}", encoding="utf-8")
    handler = functools.partial(_QuietFiles, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        other = reader()
        # The visit's own site is here the foreign one, which is what is tested.
        other.site = f"http://127.0.0.1:{server.server_port}"
        other.page.goto(other.site + "/index.html")
        frame = other.page.frame_locator("iframe")
        frame.locator("#map[data-ready=true]").wait_for()
        assert re.search(r"沁水县 · 找到 \d+ 处", frame.locator("h1 > span").inner_text())
        other.requests = [url for url in other.requests if not url.startswith(live_site)]
        server.shutdown()


class _QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        """Say nothing: the requests belong to the tests."""

    def send_error(self, code, *args, **kwargs):
        # A browser asks every site for its icon.
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().send_error(code, *args, **kwargs)


@pytest.mark.parametrize("query", ["", "?lang=en", "?big=1"])
def test_axe_finds_nothing_serious_on_the_embedded_map(reader, query):
    page = reader(viewport=PHONE, reduced_motion="reduce").open(f"/embed{query}")
    assert grave_faults_in_any_light(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_year_slider_is_the_choice_of_the_year(reader):
    page = reader().open("/")
    slider = page.locator("#year-range")
    every = page.locator("#results .found strong").inner_text()
    slider.focus()
    page.keyboard.press("End")
    page.wait_for_function("() => location.search.includes('year=')")
    year = re.search(r"year=(\d{4})", page.url)[1]
    assert year in slider.get_attribute("aria-valuetext")
    page.wait_for_function(
        "before => document.querySelector('#results .found strong').textContent !== before", arg=every
    )
    assert page.evaluate("document.activeElement.id") == "year-range"
    page.go_back()
    page.wait_for_function("() => !location.search.includes('year=')")
    page.wait_for_function("() => document.getElementById('year-range').value === '0'")


def test_a_search_in_pinyin_finds_the_place(reader):
    page = reader(viewport=PHONE).open("/")
    page.get_by_role("searchbox").fill("qinshui binyiguan")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_function("() => location.search.includes('q=')")
    page.get_by_role("link", name="沁水县殡仪馆", exact=True).wait_for()


def test_existing_facilities_are_shown_only_when_asked_for_and_named_as_such(reader):
    page = reader().open("/?area=140213")
    promised = page.locator("#results .item").count()
    page.locator("#results .found a").filter(has_text="也看现有设施").click()
    page.wait_for_function("() => location.search.includes('status=all')")
    page.wait_for_function("before => document.querySelectorAll('#results .item').length > before", arg=promised)
    assert page.locator("#results .meta", has_text="现有").count() > 0
    assert "OpenStreetMap" in page.locator(".leaflet-control-attribution").inner_text()


@pytest.mark.parametrize(("options", "holds"), [({"contrast": "more"}, "more"), ({"forced_colors": "active"}, None)])
def test_high_contrast_is_legible_and_still_finds_nothing_serious(reader, options, holds):
    visit = reader(reduced_motion="reduce", **options)
    for address in ("/", "/area/140521", "/planner"):
        page = visit.open(address)
        if holds:
            quiet, ink = page.evaluate(
                "['--quiet', '--ink'].map((name) => { const box = document.createElement('i');"
                " box.setAttribute('class', 'probe'); document.body.append(box);"
                " const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim(); box.remove();"
                " return value; })"
            )
            assert quiet in {ink, "var(--ink)"}
        assert grave_faults(page) == []


def test_nothing_moves_for_who_asked_for_calm(reader):
    page = reader(reduced_motion="reduce").open("/")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((element) => getComputedStyle(element).transitionDuration"
        ".split(',').some((part) => parseFloat(part) > 0)).map((element) => element.className)"
    )
    assert moving == []
