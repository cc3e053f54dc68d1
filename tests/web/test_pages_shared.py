"""What a link carries when it is handed on: feeds, the site map, QR codes, embedding, descriptions for machines."""

import html
import json
import re
from shutil import copytree
from xml.etree import ElementTree as ET

import pytest
import segno

from service_map import settings, store
from service_map.store import FacilityFilter, queries
from service_map.web import create_app

ATOM = "{http://www.w3.org/2005/Atom}"
MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


@pytest.fixture(scope="module")
def database(shipped_database):
    return shipped_database


@pytest.fixture(scope="module")
def client(geodata, database):
    config = settings.load(
        {"DATABASE_URL": f"sqlite:///{database}", "GEODATA_DIR": str(geodata), "COMPUTE_PROCESSES": "0"}
    )
    return create_app(config).test_client()


@pytest.fixture(scope="module")
def conn(database):
    engine = store.open_readonly(f"sqlite:///{database}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("area=140521", FacilityFilter(area="140521", promised=True)),
        ("family=funeral&lang=en", FacilityFilter(families=("funeral",), promised=True)),
        ("q=养老", FacilityFilter(q="养老", promised=True)),
        ("status=existing", FacilityFilter(status="existing")),
        ("q=没有这样的设施", FacilityFilter(q="没有这样的设施", promised=True)),
    ],
)
def test_a_search_is_an_atom_feed_of_its_facilities(client, conn, query, wanted):
    answer = client.get(f"/feed.atom?{query}")
    assert answer.mimetype == "application/atom+xml"
    tree = ET.fromstring(answer.data)  # noqa: S314  the product's own answer
    items = queries.facilities(conn, wanted, limit=100, surest_first=True).items
    ids = [entry.findtext(f"{ATOM}id") for entry in tree.iter(f"{ATOM}entry")]
    assert ids == [f"urn:x-service-map:facility:{item.id}" for item in items]
    for element in (tree, *tree.iter(f"{ATOM}entry")):
        assert element.findtext(f"{ATOM}title")
        assert TIME.fullmatch(element.findtext(f"{ATOM}updated"))
    for entry in tree.iter(f"{ATOM}entry"):
        link = entry.find(f"{ATOM}link").get("href")
        assert client.get(link.removeprefix("http://localhost")).status_code == 200
        break


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("category=kindergarten&area=140521", "规划设施地图 · 幼儿园 · 沁水县"),
        ("family=funeral&area=140521&year=2025&lang=en", "Service map · Funeral services · 沁水县 · by 2025"),
        ("q=没有这样的设施", "规划设施地图 · 没有这样的设施"),
        ("", "规划设施地图"),
    ],
)
def test_a_feed_names_what_was_searched_for_without_codes(client, query, words):
    tree = ET.fromstring(client.get(f"/feed.atom?{query}").data)  # noqa: S314
    assert tree.findtext(f"{ATOM}title") == words


def test_a_feed_without_entries_is_as_new_as_the_newest_plan(client, conn):
    tree = ET.fromstring(client.get("/feed.atom?q=没有这样的设施").data)  # noqa: S314
    assert list(tree.iter(f"{ATOM}entry")) == []
    days = [plan.date or str(plan.period[0]) for plan in queries.plans(conn)]
    assert tree.findtext(f"{ATOM}updated").startswith(max(days))


def test_a_rebuild_of_the_same_data_is_no_news_in_a_feed(geodata, tmp_path):
    told = []
    for name in ("one", "two"):
        url = f"sqlite:///{tmp_path}/{name}.gpkg"
        store.build(url, geodata=geodata)
        config = settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(geodata), "COMPUTE_PROCESSES": "0"})
        told.append(create_app(config).test_client().get("/feed.atom?area=140521").data)
    assert told[0] == told[1]


def test_the_pages_name_their_feed(client):
    for address in ("/?area=140521", "/area/140521"):
        feed = re.search(r'type="application/atom\+xml"[^>]*href="([^"]+)"', client.get(address).text)[1]
        assert client.get(html.unescape(feed)).status_code == 200


def test_the_site_map_lists_every_promised_facility_area_and_plan(client, conn):
    index = ET.fromstring(client.get("/sitemap.xml").data)  # noqa: S314
    listed = set()
    for part in index.iter(f"{MAPS}loc"):
        tree = ET.fromstring(client.get(part.text.removeprefix("http://localhost")).data)  # noqa: S314
        listed |= {element.text.removeprefix("http://localhost") for element in tree.iter(f"{MAPS}loc")}
    promised = queries.facilities(conn, FacilityFilter(promised=True), limit=queries.MAX_LIMIT).items
    assert {f"/facility/{item.id}" for item in promised} <= listed
    assert {f"/plan/{plan.id}" for plan in queries.plans(conn)} <= listed
    assert {f"/area/{area.adcode}" for area in queries.areas(conn, level="county")} <= listed
    assert "Sitemap: http://localhost/sitemap.xml" in client.get("/robots.txt").text


def test_the_qr_code_is_of_the_page_on_which_it_stands(client):
    text = client.get("/?area=140521&family=elderly&lang=en").text
    source = html.unescape(re.search(r'<img src="(/qr\.svg[^"]+)"', text)[1])
    drawn = client.get(source)
    assert drawn.mimetype == "image/svg+xml"
    expected = segno.make("http://localhost/?area=140521&family=elderly&lang=en", error="m", micro=False)
    side = int(re.search(r'width="(\d+)"', drawn.text)[1])
    assert side == expected.symbol_size(border=4)[0]
    path = re.findall(r'd="(M4 [^"]+)"', drawn.text)[-1]
    dark = sum(cell for row in expected.matrix for cell in row)
    assert sum(int(run) for run in re.findall(r"h(\d+)", path)) == dark


@pytest.mark.parametrize(
    "path", ["//elsewhere.example/", "https://elsewhere.example/", "x", "/\\elsewhere", "/" + "a" * 2000]
)
def test_no_qr_code_is_drawn_of_another_site(client, path):
    assert client.get("/qr.svg", query_string={"path": path}).status_code == 400


def test_only_the_embedded_map_may_be_framed_by_others(client):
    for address in ("/embed", "/embed?area=140521&lang=en"):
        headers = client.get(address).headers
        assert "frame-ancestors *" in headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in headers
        assert "unsafe" not in headers["Content-Security-Policy"]
    for address in ("/", "/about", "/embed?area=zz", "/api/layers"):
        headers = client.get(address).headers
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "SAMEORIGIN"


def test_an_embedded_map_says_what_it_counts(shipped_app):
    client = shipped_app.test_client()
    head = re.sub(r"<[^>]+>", "", client.get("/embed?area=140213&category=kindergarten").text.split("<h1")[1])
    assert "平城区 · 幼儿园 · 找到 0 处" in head
    assert "各类合计：" in head
    said = re.sub(r"<[^>]+>", "", client.get("/embed?area=140213&status=existing&lang=en").text.split("<h1")[1])
    assert re.search(r"平城区 · existing · \d+ facilities found", said)
    assert "All kinds together" not in said


def test_the_code_to_embed_is_that_of_the_view(client):
    text = client.get("/?family=elderly").text
    code = html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)[1])
    assert re.fullmatch(r'<iframe src="http://localhost/embed\?family=elderly" [^<>]*></iframe>', code)


def _described(text):
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)[1])


def test_the_home_page_is_described_as_a_dataset_and_a_facility_as_a_place(client, conn):
    data = _described(client.get("/").text)
    assert data["@type"] == "Dataset"
    assert len(data["isBasedOn"]) == len(queries.plans(conn))
    for precision in ("township", "county"):
        item = queries.facilities(conn, FacilityFilter(precision=precision), limit=1).items[0]
        place = _described(client.get(f"/facility/{item.id}").text)
        assert (place["@type"], place["name"]) == ("Place", item.name)
        # A county's seat is not where the facility stands.
        assert ("geo" in place) == (precision == "township")


@pytest.mark.parametrize("address", ["/", "/area/140521", "/plan/qinshui-2021", "/about", "/areas", "/?lang=en"])
def test_a_shared_link_has_a_title_and_a_description(client, address):
    text = client.get(address).text
    told = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)">', text))
    assert {"og:title", "og:description", "og:url", "og:type", "og:site_name", "og:locale"} <= set(told)
    assert all(told.values())
    assert html.unescape(told["og:url"]) == f"http://localhost{address}"


def test_a_retired_facility_is_answered_with_its_successor_or_with_gone(geodata, tmp_path, conn):
    changed = tmp_path / "geodata"
    copytree(geodata, changed)
    successor = queries.facilities(conn, limit=1).items[0].id
    (changed / "retired.csv").write_text(
        f"id,successor,date,reason,area\nf000000000001,{successor},2026-01-02,merged,\nf000000000002,,2026-01-02,dropped,\n",
        encoding="utf-8",
    )
    url = f"sqlite:///{tmp_path}/retired.gpkg"
    store.build(url, geodata=changed)
    reader = create_app(settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(changed)})).test_client()
    moved = reader.get("/facility/f000000000001?lang=en")
    assert (moved.status_code, moved.location) == (301, f"/facility/{successor}?lang=en")
    gone = reader.get("/facility/f000000000002")
    assert gone.status_code == 410
    assert "接下来可以" in gone.text
