"""Plans end: every page says by the day of the answer whether they have, and how much has been verified since."""

import io
import json
import re
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from invented_world import FACILITIES, make_app, write_world

from service_map import places, settings, store
from service_map.errors import SettingsError
from service_map.places.status import Status
from service_map.store import FacilityFilter, queries
from service_map.web import term

# The county's plan runs to 2025 and promises 15 facilities, the city's to 2030; one of them promises a kindergarten by 2024.
DURING, BETWEEN, LATER = "2024-12-31", "2026-12-31", "2031-01-01"
HOME, NURSERY, TRAIL, LIBRARY, CREMATORIUM, PARK = FACILITIES[:6]
COUNTY_PROMISES, ALL_PROMISES = 15, 17
REPORTS = [
    Status(facility=PARK.id, date="2026-03", status="open", source="县体育局"),
    Status(facility=FACILITIES[6].id, date="2026-03", status="under_construction", source="县体育局"),
]
SHORT, LONG = "规划提出", "规划提出，是否建成未核实"
SHORT_EN, LONG_EN = "promised", "promised; not verified whether built"


@pytest.fixture(scope="module")
def worlds(geodata, tmp_path_factory):
    """The invented world without any report, and with two: a park opened and one begun."""
    found = {}
    # What the invented world says of itself came from nobody.
    bare = [one if one.status == "planned" else replace(one, status="planned") for one in FACILITIES]
    for name, reports in (("unreported", []), ("reported", REPORTS)):
        home = tmp_path_factory.mktemp(name)
        folder = write_world(home / "geodata", geodata, places.apply_statuses(bare, reports))
        places.write_statuses(folder / "statuses.csv", reports)
        url = f"sqlite:///{home}/map.gpkg"
        store.build(url, geodata=folder)
        found[name] = (url, folder)
    return found


@pytest.fixture(scope="module")
def on(worlds):
    """A client of the site on a day."""
    made = {}

    def client(day, world="unreported"):
        if (day, world) not in made:
            made[day, world] = make_app(*worlds[world], AS_OF=day).test_client()
        return made[day, world]

    return client


def text_of(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[:300]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


SAYING = {
    "/": "其中 1 份的规划期到 2025 年底，已经结束；答应的 15 处，已核实建成 0 处。",
    "/area/140521": "其中 1 份的规划期到 2025 年底，已经结束；答应的 15 处，已核实建成 0 处。",
    "/plan/county": "规划期到 2025 年底，已经结束；答应的 15 处，已核实建成 0 处。",
    "/plans": "规划期到 2025 年底，已经结束；答应的 15 处，已核实建成 0 处。",
    "/areas": "已核实建成 0 处。",
    "/about": "已核实建成 0 处。",
    "/planner": "已核实建成 0 处。",
    "/circle?lon=112.187&lat=35.69": "已核实建成 0 处。",
    "/embed": "已核实建成 0 处。",
    "/embed?plan=county": "规划期到 2025 年底，已经结束；答应的 15 处，已核实建成 0 处。",
    "/feed.atom?area=140521": "已核实建成 0 处。",
    "/area/140521/report.html": "已核实建成 0 处。",
    f"/facility/{PARK.id}": "规划期到 2025 年底，已经结束；是否建成，还没有人核实。",
    f"/facility/{NURSERY.id}": "写明的期限是 2024 年底，已经过了；是否建成，还没有人核实。",
}


@pytest.mark.parametrize("path", SAYING)
def test_a_page_says_that_the_term_is_over_and_how_much_is_verified(on, path):
    assert SAYING[path] in text_of(on(BETWEEN), path)


@pytest.mark.parametrize("path", [*SAYING, "/plan/city", f"/facility/{CREMATORIUM.id}"])
def test_while_the_plans_run_no_page_says_that_they_are_over(on, path):
    told = text_of(on(DURING), path)
    assert "已经结束" not in told
    assert "已经过了" not in told
    assert "未核实" not in told
    assert "核实建成" not in told
    english = text_of(on(DURING), f"{path}{'&' if '?' in path else '?'}lang=en")
    assert not re.search(r"is over|are over|has passed|verified so far|not verified whether", english)


def test_what_runs_on_is_not_called_over_beside_what_is(on):
    for path in ("/plan/city", "/area/140502", f"/facility/{CREMATORIUM.id}", f"/facility/{HOME.id}"):
        page = on(BETWEEN).get(path).text.split('<footer class="bottom">')[0]
        assert 'class="term"' not in page, path
    # What the county and the city both promise is due when the later of their plans ends.
    assert f"<dd>{SHORT}</dd>" in on(BETWEEN).get(f"/facility/{HOME.id}").text.replace(" ", "")
    assert f"<dd>{LONG}</dd>" in on(LATER).get(f"/facility/{HOME.id}").text.replace(" ", "")


def test_once_every_plan_has_ended_one_line_speaks_for_all(on):
    assert f"这些规划期最晚到 2030 年底，已经结束；答应的 {ALL_PROMISES} 处，已核实建成 0 处。" in text_of(
        on(LATER), "/"
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [("", "答应的 15 处，已核实建成 1 处、在建 1 处。"),
     ("?lang=en", "of 15 promised places, verified so far: 1 built, 1 under construction.")],
)  # fmt: skip
def test_what_somebody_reported_counts_as_verified(on, language, words):
    for path in ("/", "/plan/county", "/area/140521"):
        assert words in text_of(on(BETWEEN, "reported"), f"{path}{language}"), path


def test_a_reported_facility_keeps_its_state_and_says_that_it_was_verified(on):
    told = text_of(on(BETWEEN, "reported"), f"/facility/{PARK.id}")
    assert "后来的状态有人核实过" in told
    assert "已开放" in told
    assert "还没有人核实" not in told.split("最近的同类")[0]


def test_a_state_without_a_source_is_not_counted_as_verified(invented, geodata):
    app = make_app(invented.url, invented.geodata, AS_OF=BETWEEN)
    assert HOME.status == "open"
    assert "答应的 15 处，已核实建成 0 处。" in text_of(app.test_client(), "/plan/county")


@pytest.mark.parametrize(("day", "zh", "en"), [(DURING, SHORT, SHORT_EN), (BETWEEN, LONG, LONG_EN)])
def test_a_promise_is_called_alike_wherever_a_person_reads_it(on, day, zh, en):
    client = on(day)
    for language, words in (("", zh), ("&lang=en", en)):
        assert f"<span>{words}</span>" in client.get(f"/?q=小公园1{language}").text
        assert words in text_of(client, f"/facility/{PARK.id}?{language}")
        assert client.get(f"/points.json?q=小公园0{language}").json["statuses"] == [words]
        assert f" · {words} · " in client.get(f"/feed.atom?q=小公园0{language}").text
        assert f"<td>{words}</td>" in client.get(f"/area/140521/report.html?{language}").text
        book = openpyxl.load_workbook(io.BytesIO(client.get(f"/area/140521/report.xlsx?{language}").data))
        cells = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
        assert words in cells
        assert f"{words}" in client.get(f"/circle?lon=112.187&lat=35.69{language}").text


def test_files_and_layers_that_outlive_the_day_say_what_is_true_on_any(on):
    client = on(DURING)
    with client.get("/download/facilities.kml?q=小公园0") as file:
        assert f"<description>{LONG} / {LONG_EN}</description>" in file.text
    assert LONG in client.get("/download/about.json").text
    for path, words in (
        (f"/ogc/collections/facilities/items/{PARK.id}?f=html&lang=zh", LONG),
        (f"/ogc/collections/facilities/items/{PARK.id}?f=html&lang=en", LONG_EN),
        ("/ogc/collections/facilities/items?f=html&lang=zh", LONG),
        ("/ogc/collections/facilities/queryables?f=html&lang=en", f"planned {LONG_EN}"),
    ):
        assert words in text_of(client, path)
    properties = client.get(f"/ogc/collections/facilities/items/{PARK.id}?f=json").json["properties"]
    assert properties["status"] == client.get(f"/api/facilities/{PARK.id}").json["properties"]["status"] == "planned"


@pytest.mark.parametrize(("day", "zh", "en"), [(BETWEEN, SHORT, SHORT_EN), (LATER, LONG, LONG_EN)])
def test_the_filter_offers_the_same_words_once_they_hold_for_every_promise(on, day, zh, en):
    assert f'<option value="planned" selected>{zh}</option>' in on(day).get("/?status=planned").text
    assert f"<span>{en}</span> <b" in on(day).get("/?status=planned&lang=en").text


def test_what_a_browser_keeps_for_good_has_another_address_in_the_year_after(on):
    def points(day):
        return re.search(r'data-points="([^"]+)"', on(day).get("/").text)[1]

    assert points(DURING) != points(BETWEEN)
    assert points("2026-01-01") == points(BETWEEN)


def test_a_page_that_a_browser_holds_is_told_to_be_old_once_the_term_is_over(on):
    tag = on("2025-12-31").get("/plan/county").headers["ETag"]
    assert on("2025-12-31").get("/plan/county", headers={"If-None-Match": tag}).status_code == 304
    assert on("2026-01-01").get("/plan/county", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("year", "day", "over"),
    [(2025, date(2025, 12, 31), False), (2025, date(2026, 1, 1), True), (None, date(2100, 1, 1), False)],
)
def test_a_year_is_over_when_its_last_day_is(year, day, over):
    assert term.is_over(year, day) is over


def test_the_figures_of_the_shipped_plans_are_those_of_their_records(shipped_app, geodata):
    """Counted again from the files themselves, by area and by plan."""
    promised = places.settle(places.load_facilities(geodata / "facilities.geojson"), geodata)
    lines = (geodata / "commitments.jsonl").read_text(encoding="utf-8").splitlines()
    kept = {commitment["id"]: commitment["plan"] for commitment in map(json.loads, lines)}
    with shipped_app.extensions["service_map"].database.reading() as data:
        plans = queries.plans(data.conn)
        for day, over in ((date(2025, 12, 31), False), (date(2026, 1, 1), True)):
            assert (term.ended(data.conn, plans, day) is not None) == over
        for plan in plans:
            own = [one for one in promised if plan.id in {kept[name] for name in one.commitments}]
            told = term.ended(data.conn, plans, date(2026, 12, 31), plan=plan.id)
            assert (told.last, told.promised, told.among) == (plan.period[1], len(own), 1)
            assert sum(told.verified.values()) == sum(one.status != "planned" for one in own)
        for area in ("140213", "140521", "140500"):
            told = term.ended(data.conn, plans, date(2026, 12, 31), area=area)
            inside = [one for one in promised if one.adcode.startswith(area.removesuffix("00"))]
            assert (
                told.promised
                == len(inside)
                == queries.facilities(data.conn, FacilityFilter(area=area, promised=True), limit=1).matched
            )
        assert term.ended(data.conn, plans, date(2026, 12, 31)).promised == len(promised)


def test_the_day_is_set_by_its_variable_and_refused_by_name():
    assert settings.load({"AS_OF": "2026-12-31"}).today() == date(2026, 12, 31)
    for wrong in ("2026", "2026-13-01", "31.12.2026", "today"):
        with pytest.raises(SettingsError, match="AS_OF"):
            settings.load({"AS_OF": wrong})
