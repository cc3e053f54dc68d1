"""In a real Chromium: the planner's journey, with and without files of their own, by keyboard and without JavaScript."""

import http.server
import json
import re
import shutil
import threading
import zlib

import pytest
from reading import PHONE, context_of, grave_faults, too_small
from serving import serving, site_of

pytestmark = pytest.mark.browser

PEOPLE = "lon,lat,people\n113.30,40.09,500\n113.31,40.07,1500\n113.25,40.07,1000\n"
OWN = "lon,lat\n113.25,40.10\n113.33,40.085\n"


def _active(page, what):
    return page.evaluate(f"document.activeElement.{what}")


def _tab_to(page, what, wanted, steps=80):
    for _step in range(steps):
        page.keyboard.press("Tab")
        if _active(page, what) == wanted:
            return
    raise AssertionError(f"the Tab key does not reach {wanted}")


def _choose(page, wanted):
    for _step in range(120):
        if _active(page, "value") == wanted:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrow keys do not reach {wanted}")


def test_the_planner_journey_works_by_keyboard_alone(reader, tmp_path):
    page = reader(reduced_motion="reduce").open("/")
    page.locator("body").focus()
    _tab_to(page, "textContent", "覆盖与缺口")
    page.keyboard.press("Enter")
    page.wait_for_url("**/planner")
    _tab_to(page, "name", "area")
    _choose(page, "140213")
    _tab_to(page, "name", "category")
    _choose(page, "primary_school")
    _tab_to(page, "name", "minutes")
    page.keyboard.type("10")
    _tab_to(page, "name", "count")
    page.keyboard.type("3")
    _tab_to(page, "name", "as_recorded")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.search.includes('area=140213')")
    page.locator("#map[data-ready=true]").wait_for()
    assert "平城区" in page.locator("#answer h2").inner_text()
    assert "步速 1.2 米/秒" in page.locator("#answer h2").inner_text()
    assert re.search(r"\d+(\.\d+)?%", page.locator("#answer .figures").first.inner_text())
    assert page.locator("#map-note").inner_text() == ""
    # A suggested site opens by the keyboard and says its rank.
    _tab_to(page, "title", "建议的新址，第 1 名")
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup-content").wait_for()
    _tab_to(page, "download", "service-map-coverage.geojson")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    path = tmp_path / "coverage.geojson"
    download.value.save_as(path)
    body = json.loads(path.read_text(encoding="utf-8"))
    assert {feature["id"].split("-")[0] for feature in body["features"]} >= {"zone", "gap", "site"}


@pytest.mark.parametrize("scripted", [True, False])
def test_a_planner_uploads_points_and_takes_the_answer_away(reader, tmp_path, scripted):
    visit = reader(java_script_enabled=scripted, reduced_motion="reduce")
    page = visit.open("/planner", ready=False)
    page.get_by_text("用您自己的点来算").click()
    form = page.locator("form[method=post]")
    files = {"people": ("人口.csv", PEOPLE), "facilities": ("own.csv", OWN)}
    for name, (title, text) in files.items():
        (tmp_path / title).write_text(text, encoding="utf-8")
        form.locator(f"input[name={name}]").set_input_files(tmp_path / title)
    form.locator("select[name=area]").select_option("140213")
    form.locator("select[name=category]").select_option("primary_school")
    form.locator("input[name=metres]").fill("500")
    form.locator("input[name=count]").fill("2")
    form.locator("input[name=sure]").check()
    form.locator("button").click()
    page.locator("#answer").wait_for()
    told = page.locator("#answer").inner_text()
    assert "人口.csv" in told
    assert "走得到的（人）" in told
    assert "没有保存" in told
    if scripted:
        visit.drawn()
        assert page.locator(".leaflet-marker-icon").count() >= 2
        assert grave_faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="GeoJSON", exact=True).click()
    path = tmp_path / "answer.geojson"
    download.value.save_as(path)
    assert json.loads(path.read_text(encoding="utf-8"))["coverage"]["people"]["total"] == 3000


@pytest.mark.parametrize("query", ["", "&lang=en", "&big=1"])
def test_the_upload_form_fits_a_phone(reader, query):
    page = reader(viewport=PHONE, reduced_motion="reduce").open(f"/planner?area=140213{query}")
    for summary in page.locator("details.ask:not([open]) > summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert grave_faults(page) == []
    if "big" in query:
        assert too_small(page, ".ask summary, .ask button, .ask select, .ask input:not([type=hidden])") == []


@pytest.fixture(scope="module")
def held_site(geodata, shipped_database, tmp_path_factory):
    """The shipped data for an operator whose register of two kinds is complete in one district."""
    folder = tmp_path_factory.mktemp("held") / "geodata"
    shutil.copytree(geodata, folder)
    stated = 'area = "140213"\ncategories = ["primary_school", "kindergarten"]\nsource = "名录"\ndate = "2025-09"\n'
    (folder / "inventories.toml").write_text(f"[[inventory]]\n{stated}", encoding="utf-8")
    with serving(site_of(f"sqlite:///{shipped_database}", folder)) as address:
        yield address


@pytest.mark.parametrize("language", ["zh", "en"])
def test_figures_of_what_is_on_record_fit_a_phone_and_have_no_serious_fault(reader_of, held_site, language):
    visit = reader_of(held_site, viewport=PHONE, reduced_motion="reduce")
    for address in (
        "/area/140213?", "/planner?area=140213&category=primary_school&metres=500&count=2",
        "/planner?area=140213&category=primary_school&metres=500&year=2024&by=homes",
        "/planner?area=140213&category=museum&metres=500&as_recorded=true&by=homes&count=2",
        "/planner?area=140213&category=museum&metres=500&count=2",
    ):  # fmt: skip
        page = visit.open(f"{address}&lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
        assert grave_faults(page) == [], address
        # What a figure is called keeps a line of some words, and no figure is torn from its sign.
        for said in page.locator(".pairs dt, .figure dt").all():
            assert said.bounding_box()["width"] > 55, said.inner_text()
        for figure in page.locator(".pairs dd.number").filter(has_text=re.compile(r"^[\d.]+%$")).all():
            assert figure.bounding_box()["height"] < 40, figure.inner_text()


def _tile():
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = (1).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\xc0")) + chunk(b"IEND", b"")
    )


@pytest.fixture
def tiles():
    """A server of tiles on a host of its own, and the places of the tiles that it was asked for."""
    asked, body = [], _tile()

    class Tiles(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(tuple(int(part) for part in re.findall(r"\d+", self.path)))
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            """Say nothing: the requests belong to the tests."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture(params=["mercator", "degrees"])
def tiled_site(request, geodata, shipped_database, tiles):
    """A site with the operator's own tiles, the grid of these, and the places of those that were asked for."""
    host, asked = tiles
    app = site_of(
        f"sqlite:///{shipped_database}", geodata, BASEMAP_URL=f"{host}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}",
        BASEMAP_GRID=request.param, BASEMAP_ATTRIBUTION="© 某省测绘院",
    )  # fmt: skip
    with serving(app) as address:
        yield address, request.param, asked


def test_the_operators_wmts_lies_where_the_facilities_are(chromium, tiled_site):
    site, grid, asked = tiled_site
    context = context_of(chromium, viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()
    faults = []
    page.on("console", lambda message: message.type in {"error", "warning"} and faults.append(message.text))
    lon, lat, zoom = 112.187, 35.69, 12
    page.goto(f"{site}/#map={zoom}.00/{lat}/{lon}")
    page.locator("#map[data-ready=true]").wait_for()
    page.wait_for_function("() => document.querySelectorAll('.leaflet-tile-loaded').length > 3")
    assert "某省测绘院" in page.locator(".leaflet-control-attribution").inner_text()
    column = int((lon + 180) / 360 * 2**zoom)
    if grid == "degrees":
        # 2^z columns of 360 degrees, and rows of the same degrees from the north pole down.
        assert (zoom, int((90 - lat) / 360 * 2**zoom), column) in asked
    else:
        assert any(level == zoom and at == column for level, _row, at in asked)
    assert faults == []
    context.close()
