"""Promised facilities that stand already: the list to decide on, the decisions, and what a link means."""

import csv
from dataclasses import replace

import pytest

from service_map.errors import GeodataError
from service_map.places import (
    MATCH_COLUMNS,
    Facility,
    Match,
    Retired,
    Status,
    apply_statuses,
    follow,
    idle_rows,
    load_statuses,
    match_existing,
    match_rows,
    meaning,
    read_matches,
    refused,
    settle,
    write_statuses,
)
from service_map.places.existing import EXISTING_COLUMNS
from service_map.plans import Commitment, Plan

PLAN = Plan(
    id="p", title="某县规划", issuer=None, number=None, date=None, period=(2021, 2025), adcode="140521", file="p.txt",
    sha256="0" * 64, url=None, note=None, note_en=None,
)  # fmt: skip
CITED = Commitment(
    id="p-10-aaaaaa", plan="p", line=10, quote="", passage_sha256="0" * 64, category="primary_school", kind="site",
    name="梅苑小学", count=1, unit="所", at_least=False, action="new", place=None, place_level="plan", per=None, year=None,
    section="第一章",
)  # fmt: skip
GIVEN = {"commitments": [CITED], "plans": {"p": PLAN}}


def facility(number, **fields):
    made = {
        "id": f"f{number:012x}", "name": "梅苑小学", "name_given": True, "category": "primary_school",
        "status": "planned", "basis": "site", "action": "new", "count": 1, "unit": None, "at_least": False,
        "year": None, "adcode": "140521", "lon": 112.18, "lat": 35.69, "precision": "county", "uncertainty_m": 9000.0,
        "point_source": "x", "point_licence": "y", "located_by": "沁水县", "commitments": ("p-10-aaaaaa",),
    }  # fmt: skip
    return Facility(**{**made, **fields})


def standing(number, **fields):
    made = {
        "status": "existing", "basis": "record", "commitments": (), "status_date": "2024", "precision": "site",
        "lon": 112.19, "uncertainty_m": 100.0, "point_source": "OpenStreetMap", "point_licence": "ODbL 1.0",
    }  # fmt: skip
    return facility(number, **{**made, **fields})


ONE, TWO, THERE, OTHER = facility(1), facility(2, name="桃园小学"), standing(11), standing(12, name="桃园小学校")
HEADING = "id,existing,status,accept,date,source"


def decide(tmp_path, *rows, heading=HEADING, before=(), promised=(ONE, TWO), others=(THERE, OTHER)):
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    return read_matches(path, promised, others, before=before, **GIVEN)


# --- what a link means ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "other", "status"),
    [
        ("new", {}, "open"),
        ("continue", {}, "open"),
        ("new", {"status_date": "2021-03"}, "open"),
        ("new", {"status_date": "2019"}, "planned"),  # it stood before the plan, which promises something more
        ("new", {"name": "梅苑小学（建设中）"}, "under_construction"),
        ("new", {"status": "under_construction"}, "under_construction"),
        ("new", {"status": "cancelled"}, "cancelled"),
        ("upgrade", {}, "planned"),
        ("expand", {}, "planned"),
        ("relocate", {}, "planned"),
        ("mixed", {}, "planned"),
        ("unspecified", {}, "planned"),
        ("upgrade", {"name": "梅苑小学(建设中)"}, "under_construction"),
    ],
)
def test_a_link_says_open_only_of_what_was_to_be_built_and_is_not_older_than_the_plan(action, other, status):
    assert meaning(facility(1, action=action), standing(11, **other), 2021) == status


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_tells_all_that_a_person_needs_to_decide(gazetteer):
    near = facility(2, precision="township", adcode="140521100", uncertainty_m=3000.0)
    matches = [
        Match(promised=made.id, existing=THERE.id, how="same", promised_name=made.name, existing_name=THERE.name)
        for made in (ONE, near)
    ]
    first, second = match_rows(matches, [ONE, near, THERE], gazetteer=gazetteer, **GIVEN)
    assert tuple(first) == MATCH_COLUMNS
    assert (first["area"], first["existing_area"], first["action"]) == ("沁水县", "沁水县", "new")
    assert first["citation"] == "某县规划 第一章 第 10 行"
    assert (first["existing_source"], first["existing_date"]) == ("OpenStreetMap（ODbL 1.0）", "2024")
    assert (first["accept"], first["date"], first["source"], first["status"]) == ("", "", "", "open")
    # A county's seat is no place of the school's, so nothing lies at a distance from it.
    assert first["distance_m"] == ""
    assert 800 < int(second["distance_m"]) < 1000


def test_a_yes_becomes_a_report_with_the_records_own_date_and_source(tmp_path):
    found = decide(tmp_path, f"{ONE.id},{THERE.id},,是,,", f"{TWO.id},{OTHER.id},,,,")
    assert (found.read, found.blank, found.problems) == (2, 1, ())
    (made,) = found.statuses
    assert made == Status(
        facility=ONE.id, date="2024", status="open", source="OpenStreetMap（ODbL 1.0）", same_as=THERE.id
    )
    (shown,) = apply_statuses([ONE], found.statuses)
    assert (shown.status, shown.status_date, shown.same_as) == ("open", "2024", THERE.id)


def test_a_person_may_say_more_than_the_record(tmp_path):
    found = decide(tmp_path, f"{ONE.id},{THERE.id},planned,YES,2025-09,教育局")
    assert found.statuses == (
        Status(facility=ONE.id, date="2025-09", status="planned", source="教育局", same_as=THERE.id),
    )


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("f0000000000ff,{there},,是,,", "id"),
        ("{one},f0000000000ff,,是,,", "existing"),
        ("{one},{there},,也许,,", "accept"),
        ("{one},{there},finished,是,,", "status"),
        ("{one},{there},,是,soon,", "date"),
        ("{one},{there},,否,,", "source"),
    ],
)
def test_a_wrong_decision_is_named_by_row_and_column_and_the_others_by_none(tmp_path, row, column):
    wrong = row.format(one=ONE.id, there=THERE.id)
    found = decide(tmp_path, f"{TWO.id},{OTHER.id},,是,,", wrong)
    assert [(problem.row, problem.column) for problem in found.problems] == [(3, column)]


def test_one_promise_is_not_two_things_and_not_both_yes_and_no(tmp_path):
    two = decide(tmp_path, f"{ONE.id},{THERE.id},,是,,", f"{ONE.id},{OTHER.id},,是,2025,")
    assert [(problem.row, problem.column) for problem in two.problems] == [(3, "existing")]
    both = decide(tmp_path, f"{ONE.id},{THERE.id},,是,,", f"{ONE.id},{THERE.id},,否,,县府")
    assert [(problem.row, problem.column) for problem in both.problems] == [(3, "date")]


# --- remembered, and taken back ---------------------------------------------------------------------------------------


def test_a_refused_pair_is_not_listed_again(tmp_path, gazetteer):
    found = decide(tmp_path, f"{ONE.id},{THERE.id},,否,2026-02,教育局")
    assert found.statuses == (Status(facility=ONE.id, date="2026-02", status="", source="教育局", not_same=THERE.id),)
    assert apply_statuses([ONE], found.statuses) == [ONE]
    assert [match.existing for match in match_existing([ONE], [THERE], gazetteer)] == [THERE.id]
    assert match_existing([ONE], [THERE], gazetteer, apart=refused(found.statuses)) == []


def test_a_link_is_taken_back_by_a_later_no_with_what_was_reported_of_it_and_given_again_by_a_later_yes(tmp_path):
    begun = Status(facility=ONE.id, date="2023", status="under_construction", source="住建局")
    linked = decide(tmp_path, f"{ONE.id},{THERE.id},,是,,", before=[begun]).statuses
    assert [one.status for one in apply_statuses([ONE], [begun, *linked])] == ["open"]

    early = decide(tmp_path, f"{ONE.id},{THERE.id},,否,2023-05,县府", before=[begun, *linked])
    assert [(problem.row, problem.column) for problem in early.problems] == [(2, "date")]
    undone = decide(tmp_path, f"{ONE.id},{THERE.id},,否,2026-03,县府", before=[begun, *linked]).statuses
    history = [begun, *linked, *undone]
    (shown,) = apply_statuses(apply_statuses([ONE], [begun, *linked]), history)
    assert (shown.status, shown.status_date, shown.same_as) == ("under_construction", "2023", None)
    # Without an earlier report it is as the plan left it.
    assert apply_statuses(apply_statuses([ONE], linked), [*linked, *undone]) == [ONE]

    again = decide(tmp_path, f"{ONE.id},{THERE.id},,是,2026-04,县府", before=history)
    (shown,) = apply_statuses([ONE], [*history, *again.statuses])
    assert (again.problems, shown.status, shown.status_date, shown.same_as) == ((), "open", "2026-04", THERE.id)


def test_a_promise_can_be_given_to_another_once_the_first_is_refused(tmp_path):
    linked = decide(tmp_path, f"{ONE.id},{THERE.id},,是,,").statuses
    refusal = f"{ONE.id},{THERE.id},,否,2026,县府"
    assert decide(tmp_path, f"{ONE.id},{OTHER.id},,是,2026-02,", before=linked).problems
    assert not decide(tmp_path, refusal, f"{ONE.id},{OTHER.id},,是,2026-02,", before=linked).problems


def test_the_table_keeps_every_decision_and_one_without_the_new_columns_is_read(tmp_path):
    statuses = [
        Status(facility=ONE.id, date="2024", status="open", source="x", same_as=THERE.id),
        Status(facility=ONE.id, date="2026", status="", source="y", not_same=THERE.id),
    ]
    write_statuses(tmp_path / "statuses.csv", statuses)
    assert load_statuses(tmp_path / "statuses.csv") == statuses
    (tmp_path / "statuses.csv").write_text(f"id,status,date,source\n{ONE.id},open,2024,x\n", encoding="utf-8")
    assert [status.same_as for status in load_statuses(tmp_path / "statuses.csv")] == [""]
    text = f"id,status,date,source,same_as,not_same\n{ONE.id},open,2024,x,,{THERE.id}\n"
    (tmp_path / "statuses.csv").write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match="not_same"):
        load_statuses(tmp_path / "statuses.csv")


# --- ids that went ----------------------------------------------------------------------------------------------------


def test_the_reports_of_an_id_that_went_count_for_its_successor_and_the_table_keeps_them(tmp_path):
    path = tmp_path / "statuses.csv"
    reports = [
        Status(facility="f0000000000aa", date="2024", status="open", source="x", same_as=THERE.id),
        Status(facility="f0000000000bb", date="2024", status="open", source="x"),
        Status(facility=ONE.id, date="2024", status="open", source="x", same_as="f0000000000cc"),
    ]
    write_statuses(path, reports)
    retired = [Retired(id="f0000000000aa", successor=TWO.id, date="2026-01-01", reason="merged")]
    (shown,) = apply_statuses([TWO], follow(load_statuses(path), retired))
    assert (shown.status, shown.same_as) == ("open", THERE.id)
    found = idle_rows(path, known={ONE.id, TWO.id}, existing={THERE.id}, retired=retired)
    rows = {(row.split(",")[0]): number for number, row in enumerate(path.read_text().splitlines(), start=1)}
    assert [(problem.row, problem.column) for problem in found] == [
        (rows[ONE.id], "same_as"), (rows["f0000000000aa"], "id"), (rows["f0000000000bb"], "id"),
    ]  # fmt: skip
    assert TWO.id in found[1].en
    assert "kept" in found[2].en
    assert load_statuses(path) == sorted(reports)
    assert idle_rows(tmp_path / "nowhere.csv", known=(), existing=(), retired=()) == []


# --- where it stands --------------------------------------------------------------------------------------------------


def test_a_promise_that_is_an_existing_one_stands_where_that_stands(tmp_path):
    row = ["140521", "primary_school", THERE.id, "梅苑小学", "112.19", "35.69", "100", "school", "7", "2024",
           "OpenStreetMap", "ODbL 1.0"]  # fmt: skip
    with (tmp_path / "existing.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([EXISTING_COLUMNS, row])
    linked = replace(ONE, adcode="140500", same_as=THERE.id)
    moving = replace(linked, action="relocate")
    known = replace(linked, precision="street")
    lone = replace(TWO, same_as="f0000000000ff")
    found, *others = settle([linked, moving, known, lone, TWO], tmp_path)
    assert (found.lon, found.precision, found.uncertainty_m, found.adcode) == (112.19, "site", 100.0, "140521")
    assert (found.point_source, found.point_licence, found.id) == ("OpenStreetMap", "ODbL 1.0", ONE.id)
    # The record of one that is to move may be of its old site; what is known better or not on record stays.
    assert others == [moving, known, lone, TWO]
