"""Plans end: every page says by the day of the answer whether they have, and how much has been verified since."""

import csv
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
from service_map.store import queries
from service_map.web import term

# The county's plan runs to 2025 and promises 15 facilities, one of which the city's, that runs to 2030, promises too: 14 are
# due by 2025, a kindergarten by 2024.
DURING, BETWEEN, LATER = "2024-12-31", "2026-12-31", "2031-01-01"
HOME, NURSERY, TRAIL, LIBRARY, CREMATORIUM, PARK = FACILITIES[:6]
ALL_PROMISES = 17
REPORTS = [
    Status(facility=PARK.id, date="2026-03", status="open", source="县体育局"),
    Status(facility=FACILITIES[6].id, date="2026-03", status="under_construction", source="县体育局"),
]
SHORT, LONG = "未到期", "期满未核实"
SHORT_EN, LONG_EN = "not yet due", "overdue, not verified"


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
    "/": "其中 1 份的规划期已于 2025 年底结束；到期的 14 处中已核实 0 处。",
    "/area/140521": "其中 1 份的规划期已于 2025 年底结束；到期的 14 处中已核实 0 处。",
    "/plan/county": "规划期已于 2025 年底结束；到期的 14 处中已核实 0 处。",
    "/plans": "规划期已于 2025 年底结束；到期的 14 处中已核实 0 处。",
    "/areas": "到期的 14 处中已核实 0 处。",
    "/about": "到期的 14 处中已核实 0 处。",
    "/planner": "到期的 14 处中已核实 0 处。",
    "/circle?lon=112.187&lat=35.69": "到期的 14 处中已核实 0 处。",
    "/embed": "到期的 14 处中已核实 0 处。",
    "/embed?plan=county": "规划期已于 2025 年底结束；到期的 14 处中已核实 0 处。",
    "/feed.atom?area=140521": "到期的 14 处中已核实 0 处。",
    "/area/140521/report.html": "到期的 14 处中已核实 0 处。",
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
    assert "中已核实" not in told
    english = text_of(on(DURING), f"{path}{'&' if '?' in path else '?'}lang=en")
    assert not re.search(
        r"is over|(?:plan|plans) ended (?:at|by)|has passed|verified so far|overdue, not verified", english
    )


def test_what_runs_on_is_not_called_over_beside_what_is(on):
    for path in ("/plan/city", "/area/140502", f"/facility/{CREMATORIUM.id}", f"/facility/{HOME.id}"):
        page = on(BETWEEN).get(path).text.split('<footer class="bottom">')[0]
        assert 'class="term"' not in page, path
    # What the county and the city both promise is due when the later of their plans ends.
    assert f"<dd>{SHORT}</dd>" in on(BETWEEN).get(f"/facility/{HOME.id}").text.replace(" ", "")
    assert f"<dd>{LONG}</dd>" in on(LATER).get(f"/facility/{HOME.id}").text.replace(" ", "")


def test_once_every_plan_has_ended_one_line_speaks_for_all(on):
    assert f"这些规划期已最晚于 2030 年底结束；到期的 {ALL_PROMISES} 处中已核实 0 处。" in text_of(on(LATER), "/")


@pytest.mark.parametrize(
    ("language", "words"),
    [("", "到期的 14 处中已核实 2 处（已开工 1 处、已建成 1 处）。"),
     ("?lang=en", "of 14 places that are due, 2 verified so far (1 under construction, 1 built).")],
)  # fmt: skip
def test_what_somebody_reported_counts_as_verified(on, language, words):
    for path in ("/", "/plan/county", "/area/140521"):
        assert words in text_of(on(BETWEEN, "reported"), f"{path}{language}"), path


def test_a_reported_facility_keeps_its_state_and_says_that_it_was_verified(on):
    told = text_of(on(BETWEEN, "reported"), f"/facility/{PARK.id}")
    assert "后来的状态有人核实过" in told
    assert "已建成" in told
    assert "还没有人核实" not in told.split("最近的同类")[0]


def test_a_state_without_a_source_is_not_counted_as_verified(invented, geodata):
    app = make_app(invented.url, invented.geodata, AS_OF=BETWEEN)
    assert TRAIL.status == "under_construction"
    assert "到期的 14 处中已核实 0 处。" in text_of(app.test_client(), "/plan/county")


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


@pytest.mark.parametrize(("day", "code", "words"), [(DURING, "not_due", SHORT), (BETWEEN, "overdue", LONG)])
def test_files_and_layers_carry_the_state_and_its_day(on, day, code, words):
    client = on(day)
    with client.get("/download/facilities.kml?q=小公园0") as file:
        assert f"({day})</description>" in file.text
    with client.get("/download/facilities.csv?q=小公园0") as file:
        (row,) = csv.DictReader(io.StringIO(file.text))
    assert (row["state"], row["state_as_of"], row["due"], row["due_basis"]) == (code, day, "2025", "term")
    for properties in (
        client.get(f"/ogc/collections/facilities/items/{PARK.id}?f=json").json["properties"],
        client.get(f"/api/facilities/{PARK.id}").json["properties"],
    ):
        assert (properties["state"], properties["state_as_of"], properties["due"]) == (code, day, 2025)
        assert properties["status"] == "planned"
    assert words in text_of(client, f"/ogc/collections/facilities/items/{PARK.id}?f=html&lang=zh")


def test_what_is_overdue_in_an_area_is_a_list_a_feed_and_a_download(on):
    client, asked = on(BETWEEN), "area=140521&state=overdue"
    assert client.get(f"/api/facilities?{asked}").json["numberMatched"] == 14
    assert client.get(f"/points.json?{asked}").json["matched"] == 14
    assert client.get(f"/feed.atom?{asked}").text.count("<entry>") == 14
    with client.get(f"/download/facilities.csv?{asked}") as file:
        assert len(file.text.splitlines()) == 15
    assert "找到 14 处" in text_of(client, f"/?{asked}")
    assert on(DURING).get(f"/api/facilities?{asked}").json["numberMatched"] == 0
    assert client.get("/api/facilities?state=late").status_code == 400


@pytest.mark.parametrize(
    ("day", "code", "zh", "en"), [(BETWEEN, "overdue", LONG, LONG_EN), (DURING, "not_due", SHORT, SHORT_EN)]
)
def test_the_filter_offers_the_states_of_the_day(on, day, code, zh, en):
    assert re.search(rf'<option value="{code}" selected>{zh} \d+</option>', on(day).get(f"/?state={code}").text)
    assert f"<span>{en}</span> <b" in on(day).get(f"/?state={code}&lang=en").text


def test_what_a_browser_keeps_for_good_has_another_address_on_another_day(on):
    def points(day):
        return re.search(r'data-points="([^"]+)"', on(day).get("/").text)[1]

    assert points(DURING) != points(BETWEEN)
    assert points(BETWEEN) == points(BETWEEN)


def test_a_page_that_a_browser_holds_is_told_to_be_old_once_the_term_is_over(on):
    tag = on("2025-12-31").get("/plan/county").headers["ETag"]
    assert on("2025-12-31").get("/plan/county", headers={"If-None-Match": tag}).status_code == 304
    assert on("2026-01-01").get("/plan/county", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("day", ["2024-06-30", "2025-12-31", "2026-01-01", "2031-01-01"])
def test_the_figures_of_the_shipped_plans_are_those_of_their_records(shipped_database, geodata, day):
    """Counted again from the files themselves, by area and by plan."""
    promised = places.settle(places.load_facilities(geodata / "facilities.geojson"), geodata)
    lines = (geodata / "commitments.jsonl").read_text(encoding="utf-8").splitlines()
    kept = {commitment["id"]: commitment["plan"] for commitment in map(json.loads, lines)}
    engine = store.open_readonly(f"sqlite:///{shipped_database}", lambda: date.fromisoformat(day))
    with engine.connect() as conn:
        plans = queries.plans(conn)
        ends = {plan.id: plan.period[1] for plan in plans}

        def due(one):
            return (one.year or max(ends[kept[name]] for name in one.commitments)) < int(day[:4])

        for area, plan in ((None, None), *(("140213", None), ("140500", None)), *((None, plan.id) for plan in plans)):
            told = term.ended(conn, plans, area=area, plan=plan)
            own = [
                one
                for one in promised
                if due(one)
                and (area is None or one.adcode.startswith(area.removesuffix("00")))
                and (plan is None or plan in {kept[name] for name in one.commitments})
            ]
            assert (0 if told is None else told.due) == len(own)
            over = [end for one, end in ends.items() if end < int(day[:4]) and plan in {None, one}]
            assert (told is None) == (not own and not over)
            if told is not None:
                assert sum(told.verified.values()) == sum(one.status != "planned" for one in own)
    engine.dispose()


def test_the_day_is_set_by_its_variable_and_refused_by_name():
    assert settings.load({"AS_OF": "2026-12-31"}).today() == date(2026, 12, 31)
    for wrong in ("2026", "2026-13-01", "31.12.2026", "today"):
        with pytest.raises(SettingsError, match="AS_OF"):
            settings.load({"AS_OF": wrong})
