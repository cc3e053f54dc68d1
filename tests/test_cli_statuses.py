"""Verifying by the program: the list goes out with its citations and comes back as reports that the site shows."""

import csv
import io
import re
import shutil
import tomllib
from datetime import date
from functools import partial
from pathlib import Path

import openpyxl
import pytest
from program import run

from service_map import places, store
from service_map.store import FacilityFilter, queries
from service_map.store.progress import progress

DAY = "2026-12-01"


@pytest.fixture
def data(geodata, tmp_path):
    """A copy of the open data that a test may change."""
    return Path(shutil.copytree(geodata, tmp_path / "geodata"))


@pytest.fixture
def program(data, tmp_path):
    """The program on the copy, on a day."""
    return partial(run, cwd=tmp_path, GEODATA_DIR=str(data), AS_OF=DAY)


def listed(path):
    """The list as rows by column, from either form."""
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    heading, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def counted(row):
    """How many facilities a quota of the list is of; 0 for what is not counted so, and for what may be more."""
    found = re.fullmatch(r"(\d+)[个所]", row["number"])
    return int(found[1]) if found else 0


def fill(path, answers):
    """Fill in an office's answers by id, in the very file that was written."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row in sheet.iter_rows(min_row=2):
        for column, value in answers.get(row[0].value, {}).items():
            sheet.cell(row[0].row, columns[column], value)
    book.save(path)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_list_says_of_each_promise_what_where_and_by_which_plan(program, data, tmp_path, form):
    answer = program("export", "statuses", f"todo.{form}", "--area", "140500")
    assert answer.returncode == 0, answer.stderr
    rows = listed(tmp_path / f"todo.{form}")
    assert answer.stderr.startswith(f"{len(rows)} ")
    facilities = {
        one.id: one
        for one in places.load_facilities(data / "facilities.geojson")
        if one.adcode.startswith("1405") and one.status not in {"open", "cancelled"}
    }
    assert {row["id"] for row in rows if row["id"].startswith("f")} >= facilities.keys()
    assert any(row["id"].startswith("q") for row in rows)
    titles = [plan["title"] for plan in _plans(data)]
    for row in rows:
        assert row["name"]
        assert row["area"]
        assert row["category"]
        assert not any(row[column] for column in ("status", "date", "source", "link", "count"))
        if row["id"] in facilities and facilities[row["id"]].commitments:
            assert row["plan"] in titles
            assert int(row["line"]) > 0
            assert 2021 <= int(row["due"]) <= 2035


def _plans(data):
    return tomllib.loads((data / "plans.toml").read_text(encoding="utf-8")).values()


def test_what_an_office_fills_in_is_shown_with_its_source_and_link_and_kept_as_a_history(program, data, tmp_path):
    assert program("export", "statuses", "todo.xlsx", "--area", "140500").returncode == 0
    rows = listed(tmp_path / "todo.xlsx")
    one, two, three, *_ = [row["id"] for row in rows if row["id"].startswith("f") and not row["known"]]
    quota = next(row for row in rows if row["id"].startswith("q") and counted(row) >= 3)
    said = {"date": "2026年3月", "source": "市发展改革委", "link": "https://example.org/2026/3"}
    fill(tmp_path / "todo.xlsx", {
        one: {"status": "已建成", **said}, two: {"status": "核实未建", **said}, three: {"status": "under_construction", **said},
        quota["id"]: {"status": "已建成", **said, "count": 2},
    })  # fmt: skip
    tried = program("import", "statuses", "todo.xlsx", "--dry-run")
    assert tried.returncode == 0, tried.stdout
    assert f"{len(rows) - 4} 行未填" in tried.stderr
    before = places.load_statuses(data / "statuses.csv")
    assert program("import", "statuses", "todo.xlsx").returncode == 0
    kept = places.load_statuses(data / "statuses.csv")
    assert set(before) < set(kept)
    assert {(report.facility, report.status, report.date, report.source, report.link) for report in set(kept) - set(before)} == {
        (name, status, "2026-03", said["source"], said["link"])
        for name, status in ((one, "open"), (two, "not_built"), (three, "under_construction"), (quota["id"], "open"))
    }  # fmt: skip

    later = tmp_path / "later.csv"
    later.write_text(f"id,status,date,source\n{three},已建成,2026-10,市发展改革委\n", encoding="utf-8")
    assert program("import", "statuses", later).returncode == 0
    store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=data)
    for day, states in (
        ("2024-06-30", ("not_due", "not_due", "not_due")), ("2026-06-30", ("open", "not_built", "under_construction")),
        (DAY, ("open", "not_built", "open")),
    ):  # fmt: skip
        engine = store.open_readonly(f"sqlite:///{tmp_path}/map.gpkg", partial(date.fromisoformat, day))
        with engine.connect() as connection:
            assert tuple(queries.facility(connection, name).state for name in (one, two, three)) == states, day
            assert queries.quota(connection, quota["id"]).built == (0 if day < "2026" else 2)
            shown = progress(connection, FacilityFilter(area="140500"))
            verified = sum(row.open + row.not_built for row in shown if row.sort == "facility")
            assert verified == sum(state in {"open", "not_built"} for state in states)
            assert queries.facility(connection, one).status_link == said["link"]
        engine.dispose()
    assert program("export", "statuses", "left.csv", "--area", "140500").returncode == 0
    left = {row["id"]: row["known"] for row in listed(tmp_path / "left.csv")}
    assert one not in left
    assert "核实未建（市发展改革委）" in left[two]
    assert program("check").returncode == 0


def test_what_goes_against_what_is_known_is_reported_by_row_with_both_sides_and_nothing_is_lost(
    program, data, tmp_path
):
    facilities = [
        one
        for one in places.load_facilities(data / "facilities.geojson")
        if one.status == "planned" and not one.same_as
    ]
    one, two, three, four = (each.id for each in facilities[:4])
    kept = tmp_path / "first.csv"
    kept.write_text(
        f"id,status,date,source\n{one},open,2025-05,县教育局\n{two},open,2026-03,县教育局\n", encoding="utf-8"
    )
    assert program("import", "statuses", kept).returncode == 0
    before = (data / "statuses.csv").read_bytes()
    rows = [
        (one, "已开工", "2026-01", "县住建局", ""),  # backwards
        (two, "核实未建", "2026-03", "县住建局", ""),  # two sources of one day
        (three, "已建成", "2019-06", "县住建局", ""),  # before its plan
        (four, "已建成", "2027", "县住建局", ""),  # after the present day
        (four, "已建成", "2026-04", "县住建局", "ftp://example.org"),
        ("f00000000dead", "已建成", "2026-04", "县住建局", ""),
        (four, "建好啦", "2026-04", "县住建局", ""),
        (four, "核实未建", "2026-04", "县住建局", ""),  # good
    ]
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(["状态,标识,日期,来源,佐证网址", *(",".join((row[1], row[0], *row[2:])) for row in rows)]) + "\n",
                   encoding="utf-8")  # fmt: skip
    answer = program("import", "statuses", bad)
    assert answer.returncode == 2
    assert "8 行中 7 行不能用" in answer.stderr
    for sides in (
        ("第 2 行 status", "2025-05 已建成（县教育局）", "2026-01 已开工（县住建局）"),
        ("第 3 行 status", "2026-03 open（县教育局）", "2026-03 not_built（县住建局）"),
        ("第 4 行 date", "2021", "2019-06（县住建局）"),
        ("第 5 行 date", "2026-12-01", "2027"), ("第 6 行 link", "http"), ("第 7 行 id", "f00000000dead"),
        ("第 8 行 status", "not_built"),
    ):  # fmt: skip
        (line,) = [line for line in answer.stdout.splitlines() if sides[0] in line]
        for side in sides:
            assert side in line
    assert (data / "statuses.csv").read_bytes() == before

    # A wrong report is taken back by a later one, and then another may follow.
    mended = tmp_path / "mended.csv"
    mended.write_text(
        f"id,status,date,source\n{one},planned,2026-02,县教育局\n{one},已开工,2026-03,县住建局\n", encoding="utf-8"
    )
    assert program("import", "statuses", mended).returncode == 0
    (shown,) = [each for each in places.load_facilities(data / "facilities.geojson") if each.id == one]
    assert (shown.status, shown.status_source) == ("under_construction", "县住建局")


def test_of_a_quota_no_more_is_built_than_promised_and_what_is_built_does_not_become_less(program, tmp_path):
    assert program("export", "statuses", "todo.csv").returncode == 0
    quota = next(row for row in listed(tmp_path / "todo.csv") if row["id"].startswith("q") and counted(row) >= 2)
    name, number = quota["id"], counted(quota)

    def bring(*rows):
        path = tmp_path / "quota.csv"
        path.write_text("\n".join(["id,status,date,source,count", *rows]) + "\n", encoding="utf-8")
        return program("import", "statuses", path)

    assert bring(f"{name},open,2025,市府,1", f"{name},under_construction,2025,市府,1").returncode == 0
    for row, sides in (
        (f"{name},open,2026-02,市府,{number + 1}", (f"规划共 {number}", f"{number + 1}")),
        (f"{name},open,2026-02,市府,0", ("2025 已建成 1（市府）", "2026-02 已建成 0（市府）")),
        (f"{name},open,2026-02,市府,", ("count", "其中几处")),
    ):
        answer = bring(row)
        assert answer.returncode == 2
        for side in sides:
            assert side in answer.stdout


def test_an_area_that_there_is_none_of_is_refused(program, tmp_path):
    answer = program("export", "statuses", "todo.csv", "--area", "999999")
    assert answer.returncode == 2
    assert "999999" in answer.stderr
    assert list(tmp_path.glob("todo*")) == []
