"""A small invented world, written by the product's own writers, in which every right answer is known."""

import hashlib
import shutil

from service_map import places, plans, settings
from service_map.web import create_app

# Two plans of our own invention, for a county and for the city around it; lines are counted from 1.
COUNTY_TEXT = "第一章 老有所养\n新建虚构养老院1所。\n第二章 幼有所育\n虚构幼儿园、试验健身步道和许多小公园。\n"
CITY_TEXT = "一、总则\n二、任务\n支持虚构养老院建设，办好市里的图书馆。\n"

PLANS = """
[county]
title = "沁水县虚构公共服务规划"
issuer = "虚构办"
date = "2021-12"
period = [2021, 2025]
adcode = "140521"
file = "county.txt"
sha256 = "{county}"
url = "https://example.org/county"

[city]
title = "晋城市虚构规划"
period = [2021, 2030]
adcode = "140500"
file = "city.txt"
sha256 = "{city}"
note = "虚构"
note_en = "invented"
"""

# In the county's seat, away from its border.
CENTRE = (112.1872, 35.6903)
PARKS = 12


def _commitment(plan, line, number, **fields):
    lines = (COUNTY_TEXT if plan == "county" else CITY_TEXT).split("\n")
    defaults = {
        "id": f"{plan}-{line}-{number:06x}", "plan": plan, "line": line, "quote": "",
        "passage_sha256": plans.passage_sha256(lines[line - 1]), "category": "kindergarten", "kind": "site", "name": None,
        "count": 1, "unit": "所", "at_least": False, "action": "new", "place": None, "place_level": "plan", "per": None,
        "year": None, "section": "第一章 老有所养",
    }  # fmt: skip
    return plans.Commitment(**(defaults | fields))


def _facility(number, commitments, **fields):
    defaults = {
        "id": f"f{number:012x}", "name": f"设施{number}", "name_given": True, "category": "kindergarten",
        "status": "planned", "basis": "site", "action": "new", "count": 1, "unit": "所", "at_least": False, "year": None,
        "adcode": "140521", "lon": CENTRE[0], "lat": CENTRE[1], "precision": "site", "uncertainty_m": 0.0,
        "point_source": "虚构", "point_licence": "CC0-1.0", "located_by": "规划范围", "commitments": tuple(commitments),
    }  # fmt: skip
    return places.Facility(**(defaults | fields))


COMMITMENTS = [
    _commitment("county", 2, 1, category="elderly_institution", name="虚构养老院"),
    _commitment("county", 4, 2, name="虚构幼儿园", year=2024, section="第二章 幼有所育"),
    _commitment(
        "county", 4, 3, category="trail", name="试验健身步道", count=3.5, unit="公里", section="第二章 幼有所育"
    ),
    _commitment(
        "county", 4, 4, category="sports_park", kind="quota", count=PARKS, unit="个", section="第二章 幼有所育"
    ),
    _commitment("city", 3, 5, category="elderly_institution", name="虚构养老院", section="二、任务"),
    _commitment("city", 3, 6, category="library", kind="intent", count=None, unit=None, section="二、任务"),
    _commitment("city", 3, 7, category="funeral_home", name="虚构殡仪馆", section="二、任务", year=2030),
]

FACILITIES = [
    _facility(1, ["county-2-000001", "city-3-000005"], name="虚构养老院", category="elderly_institution", status="open"),
    _facility(2, ["county-4-000002"], name="虚构幼儿园", year=2024, lon=112.1890, uncertainty_m=50.0),
    _facility(3, ["county-4-000003"], name="试验健身步道", category="trail", count=3.5, unit="公里", precision="county",
              uncertainty_m=60_000.0, status="under_construction"),
    _facility(4, ["city-3-000006"], name="市图书馆", category="library", adcode="140500", lon=112.8514, lat=35.4908,
              precision="city", uncertainty_m=90_000.0, status="cancelled", point_source="别处", point_licence="MIT"),
    _facility(5, ["city-3-000007"], name="虚构殡仪馆", category="funeral_home", adcode="140502", lon=112.8513, lat=35.5002,
              precision="county", uncertainty_m=9_000.0, year=2030),
    *(
        _facility(100 + number, ["county-4-000004"], name=f"小公园{number}", category="sports_park", unit="个",
                  lon=112.30 + number / 1000, uncertainty_m=20.0)
        for number in range(PARKS)
    ),
]  # fmt: skip


def write_world(folder, shipped, facilities=FACILITIES):
    """Write a folder of open data: the shipped catalogue, our invented plans, commitments and facilities."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in shipped.glob("*.toml"):
        shutil.copy(path, folder / path.name)
    digests = {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in (("county", COUNTY_TEXT), ("city", CITY_TEXT))
    }
    (folder / "plans.toml").write_text(PLANS.format(**digests), encoding="utf-8")
    plans.write_commitments(folder / "commitments.jsonl", COMMITMENTS)
    places.write_facilities(folder / "facilities.geojson", facilities)
    return folder


def make_app(url, geodata):
    """The application over one database."""
    return create_app(settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(geodata)}))
