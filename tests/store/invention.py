"""Writes an invented world as open data, by the product's own writers: one builder for the tests of every room.

Two plans of our own invention, for a county and for the city around it; what they promise, each test room says itself.
"""

import hashlib
import shutil

from service_map import places, plans

LARGE = 4_000  # facilities whose database takes more than 2 MB

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


def commitment(texts, plan, line, number, **fields):
    """A commitment of one line, counted from 1, of the text of ``county`` or ``city``."""
    defaults = {
        "id": f"{plan}-{line}-{number:06x}", "plan": plan, "line": line, "quote": "",
        "passage_sha256": plans.passage_sha256(texts[plan].split("\n")[line - 1]), "category": "kindergarten",
        "kind": "site", "name": None, "count": 1, "unit": "所", "at_least": False, "action": "new", "place": None,
        "place_level": "plan", "per": None, "year": None, "section": "第一章 老有所养",
    }  # fmt: skip
    return plans.Commitment(**(defaults | fields))


def facility(number, commitments, **fields):
    """A facility of the county, at a point that the test gives."""
    defaults = {
        "id": f"f{number:012x}", "name": f"设施{number}", "name_given": True, "category": "kindergarten",
        "status": "planned", "basis": "site", "action": "new", "count": 1, "unit": "所", "at_least": False,
        "year": None, "adcode": "140521", "lon": 112.1872, "lat": 35.6903, "precision": "site", "uncertainty_m": 0.0,
        "point_source": "虚构", "point_licence": "CC0-1.0", "located_by": "规划范围", "commitments": tuple(commitments),
    }  # fmt: skip
    return places.Facility(**(defaults | fields))


def indicator(texts, plan, line, number, **fields):
    """An indicator of one line of the text of ``county`` or ``city``."""
    defaults = {
        "id": f"{plan}-{line}-indicator-{number}", "plan": plan, "line": line,
        "passage_sha256": plans.passage_sha256(texts[plan].split("\n")[line - 1]), "section": "第一章 老有所养",
        "name": "每千人口托位数", "unit": "个", "base": None, "base_year": None, "base_words": None, "target": 5,
        "target_year": 2025, "target_words": "5", "bound": None, "binding": "expected", "note": None, "form": "table",
    }  # fmt: skip
    return plans.Indicator(**(defaults | fields))


def stock(texts, plan, line, category, **fields):
    """Write what an invented plan says stands."""
    defaults = {
        "id": f"{plan}-{line}-{category}", "plan": plan, "line": line,
        "passage_sha256": plans.passage_sha256(texts[plan].split("\n")[line - 1]), "category": category, "noun": "幼儿园",
        "count": 26, "unit": "所", "measure": "facilities", "year": 2020, "cumulated": False,
    }  # fmt: skip
    return plans.StockFigure(**(defaults | fields))


def write(folder, shipped, texts, *, commitments, facilities, indicators=(), stock_figures=()):
    """Write a whole folder of open data: the shipped catalogue, the two plans, and what is given."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in shipped.glob("*.toml"):
        shutil.copy(path, folder / path.name)
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    (folder / "plans.toml").write_text(PLANS.format(**digests), encoding="utf-8")
    plans.write_commitments(folder / "commitments.jsonl", commitments)
    places.write_facilities(folder / "facilities.geojson", facilities)
    plans.write_indicators(folder / "indicators.csv", indicators)
    plans.write_stock_figures(folder / "stock_figures.csv", stock_figures)
    return folder
