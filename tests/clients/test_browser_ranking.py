"""The ranking of areas in a real Chromium: coloured map, sorting without a script, nothing serious for axe."""

import shutil

import pyarrow as pa
import pytest
from axe_playwright_python.sync_playwright import Axe
from reading import context_of
from serving import serving

from service_map import settings, store
from service_map.places import load_gazetteer
from service_map.store import ranks, summary
from service_map.web import create_app

pytestmark = pytest.mark.browser

COMPLETE = {"record": "complete", "on_record": 7, "promised": 2, "sources": '[["教育局名录", 7]]',
            "record_source": "教育局名录", "record_date": "2026-09"}  # fmt: skip
PARTIAL = {"record": "partial", "on_record": 7, "promised": 2, "sources": '[["OpenStreetMap", 7]]'}
PHONE = {"width": 390, "height": 844}


def _rows():
    names = load_gazetteer().rows
    for number, code in enumerate(sorted(code for code, row in names.items() if row.level == "county")):
        if code[:4] not in {"1405", "1407", "4101"}:
            continue
        for category, people in (("all", 40.0), ("kindergarten", 60.0)):
            located = people * 1000 * (number % 10) / 10
            yield {
                "adcode": code, "name": names[code].name, "city": f"{code[:4]}00",
                "city_name": names[f"{code[:4]}00"].name, "province": f"{code[:2]}0000",
                "province_name": names[f"{code[:2]}0000"].name, "category": category, "rule": None, "metres": 500.0,
                "method": "network", "fallback": number % 4 == 0, "horizon": "promised", "year": None, "cells": 9,
                "people": people * 1000, "certain": located * 0.8, "located": located,
                "possible": min(people * 1000, located * 1.1), "gap_people": people * 1000 - located, "gaps": 3,
                "metres_mean": 300.0, "kinds_certain": 1.0, "kinds_located": 1.5, "kinds_possible": 2.0, "groups": "{}",
                **(COMPLETE if code.startswith("1405") else PARTIAL),
            }  # fmt: skip


@pytest.fixture(scope="module")
def live_site(geodata, tmp_path_factory):
    """A site whose data holds a summary of three cities."""
    home = tmp_path_factory.mktemp("ranked")
    shutil.copytree(geodata, home / "geodata")
    table = pa.Table.from_pylist(list(_rows()), schema=summary.COLUMNS)
    summary.write_summary(home / "geodata" / ranks.FILE, table)
    config = settings.load({"DATABASE_URL": f"sqlite:///{home}/map.gpkg", "GEODATA_DIR": str(home / "geodata")})
    store.build(config.database_url, geodata=config.geodata_dir)
    with serving(create_app(config)) as address:
        yield address


@pytest.fixture
def reader(chromium, live_site):
    """As the shared one, for this module's site."""
    contexts, visits = [], []

    def make(**options):
        contexts.append(context_of(chromium, **{"viewport": {"width": 1280, "height": 800}, **options}))
        page = contexts[-1].new_page()
        seen = {"faults": [], "strangers": []}
        page.on("pageerror", lambda error: seen["faults"].append(str(error)))
        page.on("console", lambda said: said.type in {"error", "warning"} and seen["faults"].append(said.text))
        page.on(
            "request",
            lambda asked: asked.url.startswith((live_site, "data:", "blob:")) or seen["strangers"].append(asked.url),
        )
        visits.append(seen)
        return page

    yield make
    for context in contexts:
        context.close()
    assert visits == [{"faults": [], "strangers": []}] * len(visits)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("query", ["", "?area=140500&lang=en", "?area=140000&category=kindergarten&big=1"])
def test_axe_finds_nothing_serious_on_the_ranking(reader, live_site, query, scheme):
    page = reader(viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{live_site}/ranking{query}")
    page.locator("#map[data-ready=true]").wait_for()
    found = Axe().run(page).response["violations"]
    assert [
        (fault["id"], fault["nodes"][0]["target"]) for fault in found if fault["impact"] in {"serious", "critical"}
    ] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_map_is_coloured_and_leads_to_the_areas_within(reader, live_site):
    page = reader()
    page.goto(f"{live_site}/ranking")
    page.locator("#map[data-ready=true]").wait_for()
    assert page.locator("#map-note").inner_text() == ""
    box = page.locator("#map").bounding_box()
    shot = page.locator("#map").screenshot()
    assert len(shot) > 5_000
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.15)
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3)
    link = page.locator(".leaflet-popup-content a")
    link.wait_for()
    # By its key: the map still moves to where the popup fits, and a click would go where the link was.
    link.press("Enter")
    page.wait_for_url("**area=**")
    assert page.locator("nav.trail").count() == 1


def test_the_ranking_is_sorted_and_entered_without_a_script(reader, live_site):
    page = reader(java_script_enabled=False)
    page.goto(f"{live_site}/")
    page.get_by_role("link", name="各地排名").click()
    page.get_by_role("link", name="山西省").click()
    page.get_by_role("link", name="晋城市").first.click()
    first = page.locator("tbody th").first.inner_text()
    page.locator("thead").get_by_role("link", name="走得到的人").click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert page.locator("tbody th").first.inner_text() != first
    page.locator("nav.trail").get_by_role("link", name="全国").click()
    assert "河南省" in page.locator("tbody").inner_text()
