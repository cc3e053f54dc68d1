"""A small invented world, written by the product's own writers, in which every right answer is known."""

from functools import partial

import declared
import invention

from service_map import settings
from service_map.web import create_app

# Two plans of our own invention, for a county and for the city around it; lines are counted from 1.
COUNTY_TEXT = "第一章 老有所养\n新建虚构养老院1所。\n第二章 幼有所育\n虚构幼儿园、试验健身步道和许多小公园。\n"
CITY_TEXT = "一、总则\n二、任务\n支持虚构养老院建设，办好市里的图书馆。\n"
TEXTS = {"county": COUNTY_TEXT, "city": CITY_TEXT}

# In the county's seat, away from its border.
CENTRE = (112.1872, 35.6903)
PARKS = 12

_commitment = partial(invention.commitment, TEXTS)
_facility = invention.facility

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


_indicator = partial(invention.indicator, TEXTS)
INDICATORS = [
    _indicator("county", 2, 1, base=0.99, base_year=2020, base_words="0.99", target=4.5, target_words="4.5"),
    _indicator("county", 2, 2, name="养老机构护理型床位占比", unit="%", target=55, bound="at_least", binding="binding"),
    _indicator("county", 4, 1, name="每千人口拥有3岁以下婴幼儿托位数", target=4, target_year=None, form="sentence",
               binding=None, section="第二章 幼有所育"),
    _indicator("city", 3, 1, name="人均预期寿命", unit="岁", target=None, target_words="=完成上级任务", target_year=None,
               section="二、任务"),
]  # fmt: skip


STOCK = [
    invention.stock(TEXTS, "county", 2, "kindergarten"),
    invention.stock(TEXTS, "city", 2, "kindergarten", count=300),
]


def write_world(folder, shipped, facilities=FACILITIES):
    """Write a folder of open data: the shipped catalogue, our invented plans, their promises and indicators."""
    return invention.write(
        folder,
        shipped,
        TEXTS,
        commitments=COMMITMENTS,
        facilities=facilities,
        indicators=INDICATORS,
        stock_figures=STOCK,
    )


def make_app(url, geodata, **environment):
    """The application over one database, on a day on which one of the plans has ended."""
    # What an answer holds does not depend on where it is made; test_compute.py asks through processes.
    given = {"DATABASE_URL": url, "GEODATA_DIR": str(geodata), "AS_OF": "2026-12-31", "COMPUTE_PROCESSES": "0"}
    app = create_app(settings.load(given | environment))
    # Whatever a test asks for, its answer is converted into the type that declares it.
    app.after_request(declared.check_response)
    return app
