"""What a release changes of the one before, and the files that keep it."""

from dataclasses import replace
from datetime import date

import pytest

from service_map.errors import GeodataError
from service_map.places import (
    Facility,
    Release,
    ReleaseChange,
    differences,
    load_changes,
    load_released,
    load_releases,
    next_release,
    released,
    write_changes,
    write_released,
    write_releases,
)


def facility(number, **fields):
    made = {
        "id": f"f{number:012x}", "name": f"梅苑小学{number}", "name_given": True, "category": "primary_school",
        "status": "planned", "basis": "site", "action": "new", "count": 1, "unit": None, "at_least": False,
        "year": None, "adcode": "140521", "lon": 112.18, "lat": 35.69, "precision": "county", "uncertainty_m": 1.0,
        "point_source": "x", "point_licence": "y", "located_by": "沁水县", "commitments": ("p-10-aaaaaa",),
    }  # fmt: skip
    return Facility(**{**made, **fields})


ONE, TWO = facility(1), facility(2)
DAY = date(2026, 12, 1)


def changed(before, now, **fields):
    return [(one.change, one.before, one.after) for one in differences(released(before), released(now), **fields)]


def test_equal_releases_differ_in_nothing():
    assert changed([ONE, TWO], [TWO, ONE], successors={}) == []


def test_what_came_what_went_and_where_to_is_told():
    found = differences(released([ONE]), released([TWO]), {ONE.id: TWO.id}, release="2026-12-01")
    assert [(one.release, one.change, one.id, one.after) for one in found] == [
        ("2026-12-01", "added", TWO.id, ""), ("2026-12-01", "retired", ONE.id, TWO.id),
    ]  # fmt: skip
    assert (found[1].name, found[1].adcode, found[1].category) == (ONE.name, ONE.adcode, ONE.category)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"status": "open"}, ("status", "planned", "open")),
        ({"year": 2030}, ("year", "2025", "2030")),
        ({"count": 2}, ("count", "1", "2")),
        ({"adcode": "140521100"}, ("moved", "140521 112.1800 35.6900", "140521100 112.1800 35.6900")),
        ({"lon": 112.19}, ("moved", "140521 112.1800 35.6900", "140521 112.1900 35.6900")),
        ({"lon": 112.180001}, None),
        ({"name": "别名"}, None),
    ],
)
def test_each_fact_that_changes_is_told_with_both_sides(fields, told):
    was = replace(ONE, year=2025)
    assert changed([was], [replace(was, **fields)], successors={}) == ([told] if told else [])


def test_what_an_earlier_edition_did_not_note_is_not_compared(tmp_path):
    path = tmp_path / "released.csv"
    path.write_text(
        f"id,name,adcode,category,passages\n{ONE.id},{ONE.name},140521,primary_school,p-10\n", encoding="utf-8"
    )
    now = released([replace(ONE, status="open", year=2030, lon=112.5), TWO])
    assert [one.change for one in differences(load_released(path), now, {})] == ["added"]


def test_a_release_is_named_by_its_day_and_a_number_from_the_second_on():
    one = Release(release="2026-12-01", facilities=1, requirements=0, quotas=0)
    assert next_release([], DAY) == "2026-12-01"
    assert next_release([one], DAY) == "2026-12-01.2"
    assert next_release([one, replace(one, release="2026-12-01.2")], DAY) == "2026-12-01.3"


def test_the_three_files_are_kept_as_they_were(tmp_path):
    facts = released([TWO, replace(ONE, year=2026)])
    write_released(tmp_path / "released.csv", facts)
    assert load_released(tmp_path / "released.csv") == sorted(facts, key=lambda one: one.id)
    releases = [Release(release="2026-12-01", facilities=2, requirements=1, quotas=0)]
    write_releases(tmp_path / "releases.csv", releases)
    assert load_releases(tmp_path / "releases.csv") == releases
    changes = [
        ReleaseChange(release="2026-12-01", change="status", id=ONE.id, name="甲", adcode="140521",
                      category="primary_school", before="planned", after="open")
    ]  # fmt: skip
    write_changes(tmp_path / "changes.csv", changes)
    assert load_changes(tmp_path / "changes.csv") == changes
    assert load_changes(tmp_path / "nowhere.csv") == load_releases(tmp_path / "nowhere.csv") == []


@pytest.mark.parametrize(
    ("load", "heading", "row"),
    [
        (load_released, "id,name,adcode,category,passages", "x,甲,140521,library,p-1"),
        (load_released, "id,name,adcode,category,passages", f"{ONE.id},,140521,library,p-1"),
        (load_releases, "release,facilities,requirements,quotas", "soon,1,1,1"),
        (load_releases, "release,facilities,requirements,quotas", "2026-12-01,many,1,1"),
        (load_changes, "release,change,id,name,adcode,category,before,after",
         f"2026-12-01,grown,{ONE.id},甲,140521,library,,"),
        (load_changes, "release,change,id,name,adcode,category,before,after",
         "2026-12-01,added,x,甲,140521,library,,"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_by_row(tmp_path, load, heading, row):
    path = tmp_path / "table.csv"
    path.write_text(f"{heading}\n{row}\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="row 2"):
        load(path)


def test_another_heading_is_refused(tmp_path):
    path = tmp_path / "released.csv"
    path.write_text("id,name\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="heading"):
        load_released(path)
