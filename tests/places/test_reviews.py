"""What was held against the plans' texts: kept, void as soon as a record says another thing, and mended in one place."""

from dataclasses import replace
from datetime import date

import pytest
from promises import commitment

from service_map.errors import GeodataError
from service_map.places import (
    Facility,
    Quota,
    idle_reviews,
    load_reviews,
    read_reviews,
    review_rows,
    reviewed,
    write_reviews,
)
from service_map.plans import add_corrections, apply_corrections, load_corrections

DAY = date(2026, 12, 1)
NAMED = commitment("p", 10, name="梅苑幼儿园")
TWICE = commitment("p", 12, name="梅苑幼儿园", year=2025)
COUNTED = commitment("p", 11, kind="quota", noun="幼儿园", count=7)
ALIKE = commitment("p", 11, kind="quota", noun="幼儿园", count=2)
CITED = [NAMED, TWICE, COUNTED]
FACILITY = Facility(
    id="f0000000000aa", name="梅苑幼儿园", name_given=True, category="kindergarten", status="planned", basis="site",
    action="new", count=1, unit=None, at_least=False, year=2025, adcode="140521", lon=112.18, lat=35.69,
    precision="county", uncertainty_m=9000.0, point_source="x", point_licence="y", located_by="沁水县",
    commitments=(NAMED.id, TWICE.id),
)  # fmt: skip
QUOTA = Quota(
    id="q0000000000bb", name="幼儿园7个", plan="p", category="kindergarten", noun="幼儿园", count=7, count_max=None,
    unit=None, at_least=False, every_year=False, capacity=None, capacity_unit=None, action="new", year=None, place=None,
    adcode="140521", doubts=None, commitments=(COUNTED.id,), part_of=None, named=0, left_over=7,
)  # fmt: skip
RECORDS = (FACILITY, QUOTA)


def export(gazetteer, *, records=RECORDS, reviews=(), commitments=CITED, passages=None):
    return review_rows(records, reviews, commitments=commitments, gazetteer=gazetteer, passages=passages or {})


def judge(tmp_path, rows, *, records=RECORDS, commitments=CITED, corrections=()):
    path = tmp_path / "todo.csv"
    columns = ("id", "digest", "verdict", "set", "reason")
    lines = [",".join(f'"{row.get(column, "")}"' for column in columns) for row in rows]
    path.write_text("\n".join([",".join(columns), *lines]) + "\n", encoding="utf-8")
    return read_reviews(path, records, commitments=commitments, corrections=corrections, day=DAY)


def test_what_was_found_right_is_kept_with_its_day_and_listed_no_more(tmp_path, gazetteer):
    rows = export(gazetteer, passages={"0" * 64: "建设梅苑幼儿园。"})
    assert [(row["line"], row["name"], row["passage"]) for row in rows] == [
        ("10", "梅苑幼儿园", "建设梅苑幼儿园。"), ("11", "幼儿园7个", "建设梅苑幼儿园。"),
    ]  # fmt: skip
    found = judge(tmp_path, [{**rows[0], "verdict": "对"}, rows[1]])
    assert (found.read, found.blank, found.problems, found.corrections) == (2, 1, (), ())
    write_reviews(tmp_path / "reviewed.csv", found.reviews)
    kept = load_reviews(tmp_path / "reviewed.csv")
    assert [(row.id, row.plan, row.line, row.date, row.verdict) for row in kept] == [
        (FACILITY.id, "p", 10, "2026-12-01", "right")
    ]
    cited = {item.id: item for item in CITED}
    assert reviewed(RECORDS, kept, cited) == {FACILITY.id: "2026-12-01"}
    assert [row["id"] for row in export(gazetteer, reviews=kept)] == [QUOTA.id]


@pytest.mark.parametrize(
    ("changed", "void"),
    [
        ({"year": 2024}, True),
        ({"adcode": "140522"}, True),
        ({"action": "expand"}, True),
        ({"commitments": (NAMED.id, COUNTED.id)}, False),  # the same passage, on another line
        ({"status": "open", "status_date": "2026"}, False),
        ({"lon": 112.2, "precision": "site", "uncertainty_m": 50.0, "adcode": "140521100"}, False),
    ],
)
def test_a_review_is_void_when_the_record_says_another_thing_of_the_plan_and_only_then(
    tmp_path, gazetteer, changed, void
):
    kept = judge(tmp_path, [{**export(gazetteer)[0], "verdict": "right"}]).reviews
    write_reviews(tmp_path / "reviewed.csv", kept)
    kept = load_reviews(tmp_path / "reviewed.csv")
    now, cited = (replace(FACILITY, **changed), QUOTA), {item.id: item for item in CITED}
    assert (reviewed(now, kept, cited) == {}) is void
    told = idle_reviews(now, kept, cited)
    assert [(row.row, "有变" in row.zh, "changed since" in row.en) for row in told] == [(2, True, True)] * void
    again = [row for row in export(gazetteer, records=now, reviews=kept) if row["id"] == FACILITY.id]
    assert ["2026-12-01" in row["why"] for row in again] == [True] * void


def test_a_review_whose_passage_reads_otherwise_is_void(tmp_path, gazetteer):
    kept = judge(tmp_path, [{**export(gazetteer)[0], "verdict": "right"}]).reviews
    cited = {item.id: replace(item, passage_sha256="1" * 64) for item in CITED}
    assert reviewed(RECORDS, kept, cited) == {}


def test_a_review_of_what_is_gone_is_named_by_its_row(tmp_path, gazetteer):
    kept = judge(tmp_path, [{**row, "verdict": "right"} for row in export(gazetteer)]).reviews
    write_reviews(tmp_path / "reviewed.csv", kept)
    kept = load_reviews(tmp_path / "reviewed.csv")
    (gone,) = idle_reviews([FACILITY], kept, {item.id: item for item in CITED})
    assert gone.row == 3
    assert QUOTA.id in str(gone)
    assert "is no more" in str(gone)


def test_what_is_wrong_is_mended_in_the_table_of_corrections_for_each_passage_and_then_counts_as_mended(
    tmp_path, gazetteer
):
    rows = export(gazetteer)
    found = judge(tmp_path, [{**rows[0], "verdict": "错", "set": "year=2024", "reason": "见表"},
                             {**rows[1], "verdict": "wrong", "set": "drop"}])  # fmt: skip
    assert found.problems == found.reviews == ()
    table = tmp_path / "corrections.csv"
    table.write_text("do,plan,line,category,name,set\ndrop,p,3,hospital,,\n", encoding="gb18030")
    assert add_corrections(table, found.corrections) == 3
    assert add_corrections(table, found.corrections) == 0  # none stands twice
    rows_now = load_corrections(table)
    assert [(row.do, row.line, row.name, row.changes) for row in rows_now] == [
        ("drop", 3, None, ()),
        ("change", 10, "梅苑幼儿园", (("year", 2024),)),
        ("change", 12, "梅苑幼儿园", (("year", 2024),)),
        ("drop", 11, "幼儿园", ()),
    ]
    mended, _ = apply_corrections(CITED, rows_now, text="", plan="p")
    assert [item.year for item in mended] == [2024, 2024]
    now = [replace(FACILITY, year=2024)]
    again = export(gazetteer, records=now, commitments=mended)
    read = judge(tmp_path, [{**again[0], "verdict": "对"}], records=now, commitments=mended, corrections=rows_now)
    assert [row.verdict for row in read.reviews] == ["mended"]


@pytest.mark.parametrize(
    ("given", "column", "said"),
    [
        ({"verdict": "maybe"}, "verdict", "对、right、错、wrong"),
        ({"verdict": "对", "id": "f0000000000ff"}, "id", "there is no such record"),
        ({"verdict": "对", "digest": "0" * 12}, "digest", "export the list again"),
        ({"verdict": "对", "set": "count=3"}, "set", "stays empty"),
        ({"verdict": "错"}, "set", "field=value, or drop"),
        ({"verdict": "错", "set": "count=many"}, "set", "takes a number above 0"),
        ({"verdict": "错", "set": "colour=red"}, "set", "the fields are category, kind"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_what_is_allowed(tmp_path, gazetteer, given, column, said):
    found = judge(tmp_path, [{**export(gazetteer)[0], **given}])
    assert found.reviews == found.corrections == ()
    assert [(row.row, row.column) for row in found.problems] == [(2, column)]
    assert said in str(found.problems[0])


def test_two_that_a_correction_cannot_tell_apart_are_not_mended_together(tmp_path, gazetteer):
    every = [*CITED, ALIKE]
    row = next(row for row in export(gazetteer, commitments=every) if row["id"] == QUOTA.id)
    found = judge(tmp_path, [{**row, "verdict": "错", "set": "drop"}], commitments=every)
    assert found.corrections == ()
    assert "corrections.csv" in str(found.problems[0])


def test_a_number_and_a_wish_of_one_noun_are_told_apart_by_what_they_are(tmp_path, gazetteer):
    every = [*CITED, replace(ALIKE, kind="intent", count=None)]
    row = next(row for row in export(gazetteer, commitments=every) if row["id"] == QUOTA.id)
    found = judge(tmp_path, [{**row, "verdict": "错", "set": "count=3"}], commitments=every)
    assert [(made[2], made[4]) for made in found.corrections] == [("11", "quota")]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("x1,p,3,某园,0123456789ab,2026-12-01,right", "f, r or q"),
        ("f0000000000aa,p,three,某园,0123456789ab,2026-12-01,right", "whole number"),
        ("f0000000000aa,p,3,某园,zz,2026-12-01,right", "12 hex digits"),
        ("f0000000000aa,p,3,某园,0123456789ab,2026-13-01,right", "YYYY-MM-DD"),
        ("f0000000000aa,p,3,某园,0123456789ab,2026-12-01,fine", "one of right, mended"),
        ("f0000000000aa,p,3", "the columns id,plan"),
    ],
)
def test_a_damaged_table_is_refused_with_row_and_column(tmp_path, cells, said):
    path = tmp_path / "reviewed.csv"
    path.write_text(f"id,plan,line,name,digest,date,verdict\n{cells}\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="row 2") as raised:
        load_reviews(path)
    assert said in str(raised.value)
