"""What has become of promises, in numbers: the page, the interface and the files say one thing on one day."""

import csv
import io
import re
from dataclasses import replace

import openpyxl
import pytest
from invented_world import FACILITIES, PARKS, make_app, write_world

from service_map import places, store
from service_map.places.status import Status
from service_map.store import queries

KINDER, TRAIL = FACILITIES[1], FACILITIES[2]
PARK = FACILITIES[5]
REPORTS = [
    Status(facility=PARK.id, date="2025-06", status="open", source="县体育局"),
    Status(facility=FACILITIES[6].id, date="2026-02", status="not_built", source="县体育局"),
    Status(facility=KINDER.id, date="2024-03", status="under_construction", source="县教育局"),
]
DAYS = ("2024-06-30", "2026-12-01", "2031-01-01")


@pytest.fixture(scope="module")
def on(geodata, tmp_path_factory):
    """A client of the site on a day, with three reports and a quota of which four are built."""
    home = tmp_path_factory.mktemp("progress")
    bare = [replace(one, status="planned") for one in FACILITIES]
    folder = write_world(home / "geodata", geodata, places.apply_statuses(bare, REPORTS))
    url = f"sqlite:///{home}/map.gpkg"
    places.write_statuses(folder / "statuses.csv", REPORTS)
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        (quota,) = queries.quotas(connection).items
    engine.dispose()
    told = Status(facility=quota.id, date="2026-05", status="open", source="县体育局", count=4)
    places.write_statuses(folder / "statuses.csv", [*REPORTS, told])
    store.build(url, geodata=folder)
    made = {day: make_app(url, folder, AS_OF=day).test_client() for day in DAYS}
    return made.__getitem__


def text_of(client, path):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", client.get(path).text))


def rows_of(client, asked=""):
    told = client.get(f"/api/progress{asked}").get_json()
    assert told["numberReturned"] == len(told["progress"])
    return {(one["sort"], one["adcode"], one["category"]): one for one in told["progress"]}


def test_progress_counts_by_area_and_category_what_was_due_and_verified_by_the_day(on):
    states = ("open", "under_construction", "not_built", "cancelled", "overdue", "not_due", "undated")
    expected = {
        "2024-06-30": {"sports_park": (PARKS, 0, 0, 0, 0, 0, 0, PARKS, 0), "kindergarten": (1, 0, 0, 1, 0, 0, 0, 0, 0)},
        "2026-12-01": {
            "sports_park": (PARKS, PARKS, 1, 0, 1, 0, PARKS - 2, 0, 0),
            "kindergarten": (1, 1, 0, 1, 0, 0, 0, 0, 0),
            "elderly_institution": (1, 0, 0, 0, 0, 0, 0, 1, 0),
        },
        "2031-01-01": {"elderly_institution": (1, 1, 0, 0, 0, 0, 1, 0, 0)},
    }
    for day, kinds in expected.items():
        rows = rows_of(on(day))
        for kind, numbers in kinds.items():
            one = rows["facility", "140521", kind]
            assert (one["promised"], one["due"], *(one[state] for state in states)) == numbers, (day, kind)
        for one in rows.values():
            assert one["promised"] == sum(one[state] for state in states)
            assert one["state_as_of"] == day


def test_a_quota_counts_by_its_number_and_by_what_is_verified_of_it(on):
    before, after = (rows_of(on(day))["quota", "140521", "sports_park"] for day in DAYS[:2])
    assert (before["promised"], before["due"], before["open"], before["not_due"]) == (PARKS, 0, 0, PARKS)
    # Of the quota itself four are reported; one of those named is verified not to be built.
    assert (after["due"], after["open"], after["not_built"], after["overdue"]) == (PARKS, 4, 1, PARKS - 5)


def test_progress_of_an_area_a_plan_and_a_kind_is_its_part(on):
    client = on("2026-12-01")
    assert {key[1] for key in rows_of(client, "?area=140521")} == {"140521"}
    assert {key[2] for key in rows_of(client, "?category=trail")} == {"trail"}
    assert {key[2] for key in rows_of(client, "?plan=city")} == {"elderly_institution", "library", "funeral_home"}
    assert client.get("/api/progress?area=999999").status_code == 400
    assert client.get("/api/progress?year=2025").status_code == 400


def test_the_files_hold_what_the_interface_answers(on):
    client = on("2026-12-01")
    told = client.get("/api/progress").get_json()["progress"]
    with client.get("/download/progress.csv") as file:
        rows = list(csv.DictReader(io.StringIO(file.get_data(as_text=True).lstrip("\ufeff"))))
    book = openpyxl.load_workbook(io.BytesIO(client.get("/download/progress.xlsx").data))
    sheet = list(book.worksheets[0].iter_rows(values_only=True))
    assert len(rows) == len(sheet) - 1 == len(told)
    for row, cells, one in zip(rows, sheet[1:], told, strict=True):
        assert {name: str("" if one[name] is None else one[name]) for name in row} == row
        assert dict(zip(sheet[0], cells, strict=True)) == {name: one[name] for name in row}


def test_the_page_says_the_same_in_both_languages_and_leads_to_what_is_overdue(on):
    client = on("2026-12-01")
    page = client.get("/progress?area=140521").text
    overdue = client.get("/api/facilities?area=140521&state=overdue").get_json()["numberMatched"]
    assert f"看期满未核实的 {overdue} 处" in page
    assert re.search(r'href="/download/facilities.csv\?state=overdue&amp;bom=1&amp;area=140521"', page)
    told = text_of(client, "/progress")
    assert "沁水县" in told
    assert "截至 2026-12-01" in told
    english = text_of(client, "/progress?lang=en")
    assert "Progress" in english
    assert "Sports park" in english or "sports" in english.casefold()
    assert "已建成" not in english


def test_every_row_of_the_page_adds_up_to_the_whole(on):
    page = on("2026-12-01").get("/progress").text
    first, second = (
        re.findall(r"<tr><th scope=\"row\".*?</tr>", part, re.DOTALL) for part in page.split("<tbody>")[1:3]
    )
    sums = [
        [sum(int(cell.replace(",", "")) for cell in column) for column in zip(*(re.findall(r'class="number">([\d,]+)<', row) for row in rows), strict=True)]
        for rows in (first, second)
    ]  # fmt: skip
    assert sums[0] == sums[1]
    assert sums[0][0] == len(FACILITIES)


def test_pages_of_a_plan_and_an_area_open_with_what_is_due_and_lead_on(on):
    client = on("2026-12-01")
    for path, where in (("/area/140521", "area=140521"), ("/plan/county", "plan=county"), ("/", "")):
        page = client.get(path).text
        head = page.split('class="term"')[1].split("</p>")[0]
        assert "到期的 14 处中已核实 3 处" in head, path
        # The front page leads on behind its search, which is what a keyboard comes to first.
        head = head if where else page
        assert "/progress" in head
        assert "state=overdue" in head
        assert where.replace("&", "&amp;") in head


def test_the_map_and_the_list_draw_states_by_more_than_colour(on):
    client = on("2026-12-01")
    told = client.get("/points.json").json
    states = {row[told["columns"].index("id")]: row[told["columns"].index("state")] for row in told["rows"]}
    assert states[PARK.id] == "open"
    assert states[TRAIL.id] == "overdue"
    page = client.get("/?area=140521").text
    signs = {
        name: sign
        for sign, name in re.findall(
            r'<li class="item">\s*<svg(.*?)</svg>.*?lang="zh-Hans" href="[^"]*">([^<]+)<', page, re.DOTALL
        )
    }
    assert "stroke-dasharray" in signs["小公园5"]
    assert 'd="M7 10.2' in signs[PARK.name]
    assert 'd="M7.6 7.6' in signs[FACILITIES[6].name]
    legend = page.split('class="legend"')[1].split("</ul>")[0]
    for words in ("期满未核实", "已建成", "已开工", "核实未建"):
        assert words in legend
    assert "期满未核实" not in on("2024-06-30").get("/").text.split('class="legend"')[1].split("</ul>")[0]
