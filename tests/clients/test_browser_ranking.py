"""The ranking of areas in a real Chromium: coloured map, sorting without a script, nothing serious for axe."""

import shutil

import pyarrow as pa
import pytest
from reading import PHONE, grave_faults_in_any_light
from serving import serving, site_of

from service_map import store
from service_map.places import load_gazetteer
from service_map.store import ranks, summary

pytestmark = pytest.mark.browser

COMPLETE = {"record": "complete", "on_record": 7, "promised": 2, "sources": '[["教育局名录", 7]]',
            "record_source": "教育局名录", "record_date": "2026-09"}  # fmt: skip
PARTIAL = {"record": "partial", "on_record": 7, "promised": 2, "sources": '[["OpenStreetMap", 7]]'}


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
    url = f"sqlite:///{home}/map.gpkg"
    store.build(url, geodata=home / "geodata")
    with serving(site_of(url, home / "geodata")) as address:
        yield address


@pytest.mark.parametrize("query", ["", "?area=140500&lang=en", "?area=140000&category=kindergarten&big=1"])
def test_axe_finds_nothing_serious_on_the_ranking(reader, query):
    page = reader(viewport=PHONE, reduced_motion="reduce").open(f"/ranking{query}")
    assert grave_faults_in_any_light(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_map_is_coloured_and_leads_to_the_areas_within(reader):
    page = reader().open("/ranking")
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


def test_the_ranking_is_sorted_and_entered_without_a_script(reader):
    page = reader(java_script_enabled=False).open("/", ready=False)
    page.get_by_role("link", name="各地排名").click()
    page.get_by_role("link", name="山西省").click()
    page.get_by_role("link", name="晋城市").first.click()
    first = page.locator("tbody th").first.inner_text()
    page.locator("thead").get_by_role("link", name="走得到的人").click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert page.locator("tbody th").first.inner_text() != first
    page.locator("nav.trail").get_by_role("link", name="全国").click()
    assert "河南省" in page.locator("tbody").inner_text()
