"""What a file lists as planned comes in with the file as its citation, and is never taken for what exists."""

import pytest

from service_map.errors import GeodataError, InvalidParameterError
from service_map.places import import_facilities, load_classes, load_existing, load_listed, match_existing
from service_map.places.planned_list import LISTED_COLUMNS, status_of
from service_map.places.status import Status, write_statuses

HEADING = "编号,类别,名称,县区,经度,纬度,状态,计划建成年份"
PLANNED = "1,幼儿园,城西幼儿园,沁水县,112.1804,35.6902,拟建,2027"
BUILDING = "2,图书馆,沁水县图书馆新馆,沁水县,112.1810,35.6910,在建,"
STANDS = "3,公园绿地,沁河公园,沁水县,112.1820,35.6905,现状,"


@pytest.fixture
def take(gazetteer, geodata, tmp_path):
    def run(*rows, heading=HEADING, **options):
        path = tmp_path / "projects.csv"
        path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
        said = {"datum": "WGS84", "source": "县发改局", "licence": "内部", "date": "2026-01", "within": ("140500",),
                "classes": load_classes(None, geodata=geodata), "gazetteer": gazetteer, "title": "2026年重点项目表",
                "output": tmp_path / "existing.csv"}  # fmt: skip
        return import_facilities(path, **{**said, **options})

    return run


def test_a_file_gives_existing_and_planned_facilities_each_to_its_own_table(take, tmp_path):
    found = take(PLANNED, BUILDING, STANDS)
    assert (found.read, found.taken, found.planned, found.problem_count, found.written) == (3, 1, 2, 0, True)
    assert [facility.name for facility in load_existing(tmp_path)] == ["沁河公园"]
    listed = {facility.name: facility for facility in load_listed(tmp_path)}
    nursery, library = listed["城西幼儿园"], listed["沁水县图书馆新馆"]
    assert (nursery.status, nursery.year, library.status, library.year) == ("planned", 2027, "under_construction", None)
    assert (nursery.source_title, nursery.source_row, nursery.status_date) == ("2026年重点项目表", 2, "2026-01")
    assert (nursery.point_source, nursery.point_licence) == ("县发改局", "内部")
    assert (library.source_row, library.commitments, library.basis) == (3, (), "record")


def test_a_whole_file_is_planned_where_it_says_so_once_and_its_name_is_its_title(take, tmp_path):
    take("1,幼儿园,城西幼儿园,112.1804,35.6902", heading="编号,类别,名称,经度,纬度", status="planned", title="")
    (found,) = load_listed(tmp_path)
    assert (found.status, found.source_title, found.source_row) == ("planned", "projects.csv", 2)
    assert list(load_existing(tmp_path)) == []


def test_importing_again_replaces_the_rows_of_that_source_in_both_tables_and_keeps_the_id(take, tmp_path):
    take(PLANNED, BUILDING, STANDS)
    ids = {facility.name: facility.id for facility in (*load_listed(tmp_path), *load_existing(tmp_path))}
    take("9,图书馆,另一图书馆,,112.18,35.69,规划,", source="另一局")
    take(PLANNED.replace("拟建", "已建成"), BUILDING)
    assert {facility.name: facility.id for facility in load_existing(tmp_path)} == {"城西幼儿园": ids["城西幼儿园"]}
    assert {facility.name for facility in load_listed(tmp_path)} == {"沁水县图书馆新馆", "另一图书馆"}


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (PLANNED.replace("拟建", "也许"), "status", "也许"),
        (PLANNED.replace("2027", "soon"), "year", "four digits"),
        (PLANNED.replace("112.1804,35.6902", "35.6902,112.1804"), "lon, lat", "swapped"),
    ],
)
def test_a_wrong_row_is_reported_by_number_and_neither_table_is_written(take, tmp_path, row, column, words):
    found = take(BUILDING, row, STANDS)
    assert [(problem.row, problem.column) for problem in found.problems] == [(3, column)]
    assert words in found.problems[0].en
    assert not (tmp_path / "existing.csv").exists()
    assert not (tmp_path / "planned.csv").exists()


def test_neither_table_is_changed_when_one_cannot_be_written(take, tmp_path):
    take(STANDS)
    before = (tmp_path / "existing.csv").read_bytes()
    (tmp_path / "planned.csv").write_text("damaged\n", encoding="utf-8")
    with pytest.raises(GeodataError, match=r"planned\.csv"):
        take(PLANNED)
    (tmp_path / "planned.csv").unlink()
    (tmp_path / "planned.csv.new").mkdir()
    with pytest.raises(GeodataError, match=r"planned\.csv"):
        take(PLANNED)
    assert (tmp_path / "existing.csv").read_bytes() == before
    assert not (tmp_path / "existing.csv.new").exists()


def test_a_column_of_another_meaning_can_be_put_aside(take, tmp_path):
    row = "1,幼儿园,城西幼儿园,112.1804,35.6902,正常"
    heading = "编号,类别,名称,经度,纬度,状态"
    assert take(row, heading=heading).problem_count == 1
    assert take(row, heading=heading, columns={"status": ""}).taken == 1


def test_a_community_that_is_yet_to_be_built_is_no_demand(take):
    found = take("1,residential,新小区,,112.18,35.69,拟建,")
    assert (found.demand, found.planned, found.left_out) == (0, 0, 1)


def test_an_unknown_status_for_all_rows_is_asked_for_by_name(take):
    with pytest.raises(InvalidParameterError, match="under_construction"):
        take(PLANNED, status="soon")


def test_what_is_reported_of_a_listed_facility_since_is_shown(take, tmp_path):
    take(PLANNED)
    (before,) = load_listed(tmp_path)
    report = Status(facility=before.id, date="2026-09", status="open", source="教育局")
    write_statuses(tmp_path / "statuses.csv", [report])
    (after,) = load_listed(tmp_path)
    assert (after.status, after.status_date, after.status_source) == ("open", "2026-09", "教育局")
    assert (after.id, after.source_title) == (before.id, before.source_title)


def test_a_listed_site_that_has_opened_is_matched_with_the_existing_one(take, tmp_path, gazetteer):
    take(PLANNED)
    take("7,幼儿园,沁水县城西幼儿园,,112.1805,35.6903,现状,", source="教育局")
    (match,) = match_existing(load_listed(tmp_path), load_existing(tmp_path), gazetteer)
    assert (match.how, match.promised_name) == ("same", "城西幼儿园")


@pytest.mark.parametrize(
    ("words", "status"),
    [("规划", "planned"), (" Planned ", "planned"), ("在建", "under_construction"), ("已建成", "existing"),
     ("取消", "cancelled"), ("也许", None), ("", None)],
)  # fmt: skip
def test_a_status_is_told_by_its_words(words, status):
    assert status_of(words) == status


@pytest.mark.parametrize(
    ("column", "value"), [("status", "existing"), ("year", "20x7"), ("title", ""), ("row", "two"), ("lon", "east")]
)
def test_a_damaged_table_is_refused_by_row(take, tmp_path, column, value):
    take(PLANNED)
    heading, row = (tmp_path / "planned.csv").read_text(encoding="utf-8").splitlines()
    cells = row.split(",")
    cells[LISTED_COLUMNS.index(column)] = value
    (tmp_path / "planned.csv").write_text(f"{heading}\n{row}\n{','.join(cells)}\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="row 3"):
        load_listed(tmp_path)


def test_an_id_that_stands_twice_is_refused(take, tmp_path):
    take(PLANNED)
    heading, row = (tmp_path / "planned.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "planned.csv").write_text(f"{heading}\n{row}\n{row}\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="twice"):
        load_listed(tmp_path)
