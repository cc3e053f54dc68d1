"""What became of promised facilities, and where ids went."""

from dataclasses import replace
from datetime import date

import pytest

from service_map.errors import GeodataError, InvalidParameterError
from service_map.places import (
    Facility,
    Location,
    Retired,
    Status,
    apply_locations,
    apply_statuses,
    load_facilities,
    load_locations,
    load_released,
    load_retired,
    load_statuses,
    match_existing,
    read_statuses,
    released,
    retire,
    write_facilities,
    write_locations,
    write_released,
    write_retired,
    write_statuses,
)

TODAY = date(2026, 1, 2)
HEADING = "id,status,date,source,same_as"


def facility(number, **fields):
    made = {
        "id": f"f{number:012x}", "name": "沁水县梅苑小学", "name_given": True, "category": "primary_school",
        "status": "planned", "basis": "site", "action": "new", "count": 1, "unit": None, "at_least": False,
        "year": None, "adcode": "140521", "lon": 112.18, "lat": 35.69, "precision": "county", "uncertainty_m": 1.0,
        "point_source": "x", "point_licence": "y", "located_by": "沁水县", "commitments": ("p-10-aaaaaa",),
    }  # fmt: skip
    return Facility(**{**made, **fields})


ONE, TWO, THREE = facility(1), facility(2, commitments=("p-20-bbbbbb",)), facility(3, commitments=("p-30-cccccc",))


def table(tmp_path, *rows, heading=HEADING):
    path = tmp_path / "statuses.csv"
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    return path


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_the_latest_report_is_what_a_facility_shows_and_the_history_stays(tmp_path):
    reports = [
        Status(facility=ONE.id, status="open", date="2025-09", source="教育局", same_as="f0000000000aa"),
        Status(facility=ONE.id, status="under_construction", date="2024", source="住建局"),
        Status(facility="f9999999999ff", status="open", date="2025", source="x"),
    ]
    first, second = apply_statuses([ONE, TWO], reports)
    assert (first.status, first.status_date, first.status_source, first.same_as) == (
        "open", "2025-09", "教育局", "f0000000000aa",
    )  # fmt: skip
    assert second == TWO
    write_statuses(tmp_path / "statuses.csv", [*reports, *reports])
    assert load_statuses(tmp_path / "statuses.csv") == sorted(reports)


def test_a_status_survives_the_file_of_facilities(tmp_path):
    opened = replace(ONE, status="open", status_date="2025", status_source="教育局", same_as=TWO.id)
    write_facilities(tmp_path / "f.geojson", [opened, TWO])
    assert load_facilities(tmp_path / "f.geojson") == [opened, TWO]
    assert "status_date" not in (tmp_path / "f.geojson").read_text(encoding="utf-8").splitlines()[2]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("f000000000099,open,2025,x,", "id"),
        (",open,2025,x,", "id"),
        (f"{ONE.id},existing,2025,x,", "status"),
        (f"{ONE.id},finished,2025,x,", "status"),
        (f"{ONE.id},open,soon,x,", "date"),
        (f"{ONE.id},open,2025,,", "source"),
        (f"{ONE.id},open,2025,x,f000000000099", "same_as"),
    ],
)
def test_a_wrong_report_is_named_by_row_and_column(tmp_path, row, column):
    good = f"{TWO.id},cancelled,2025,x,"
    found, problems = read_statuses(table(tmp_path, good, row), known={ONE.id, TWO.id}, existing=set())
    assert [(problem.row, problem.column) for problem in problems] == [(3, column)]
    assert [status.facility for status in found] == [TWO.id]


def test_a_table_of_statuses_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InvalidParameterError, match="file"):
        read_statuses(tmp_path / "nowhere.csv")
    with pytest.raises(InvalidParameterError, match="source"):
        read_statuses(table(tmp_path, heading="id,status,date"))
    with pytest.raises(GeodataError, match="row 2"):
        load_statuses(table(tmp_path, f"{ONE.id},finished,2025,x,"))
    assert load_statuses(tmp_path / "nowhere.csv") == []


def test_locations_survive_a_refresh(tmp_path):
    here = Location(facility=ONE.id, lon=112.2, lat=35.7, precision="site", uncertainty_m=50.0, source="教育局",
                    licence="CC0", date="2025-01-01")  # fmt: skip
    gone = replace(here, facility="f9999999999ff")
    write_locations(tmp_path / "locations.csv", [here, gone])
    assert load_locations(tmp_path / "locations.csv") == [here, gone]
    first, _ = apply_locations([ONE, TWO], load_locations(tmp_path / "locations.csv"))
    assert (first.lon, first.lat, first.precision) == (112.2, 35.7, "site")
    assert load_locations(tmp_path / "nowhere.csv") == []
    text = (tmp_path / "locations.csv").read_text(encoding="utf-8").replace("2025-01-01", "soon")
    (tmp_path / "locations.csv").write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match="row 2"):
        load_locations(tmp_path / "locations.csv")


# --- ids --------------------------------------------------------------------------------------------------------------


def test_an_id_that_was_released_and_is_gone_is_retired(tmp_path):
    found = retire(released([ONE, TWO]), [TWO], [], today=TODAY)
    told = {"area": ONE.adcode, "name": ONE.name, "category": ONE.category}
    assert found == [Retired(id=ONE.id, successor="", date="2026-01-02", reason="dropped", **told)]
    write_retired(tmp_path / "retired.csv", found)
    assert load_retired(tmp_path / "retired.csv") == found


def test_an_id_leads_to_the_facility_that_its_passage_promises_now():
    heir = replace(THREE, commitments=("p-10-dddddd",))
    (entry,) = retire(released([ONE]), [TWO, heir], [], today=TODAY)
    assert (entry.successor, entry.reason) == (THREE.id, "merged")


def test_two_heirs_are_none_and_neither_is_one_of_another_category():
    heirs = [replace(TWO, commitments=("p-10-dddddd",)), replace(THREE, commitments=("p-10-eeeeee",))]
    assert retire(released([ONE]), heirs, [], today=TODAY)[0].successor == ""
    other = replace(TWO, commitments=("p-10-dddddd",), category="library")
    assert retire(released([ONE]), [other], [], today=TODAY)[0].successor == ""


def test_what_was_never_released_leaves_no_trace():
    assert retire([], [TWO], [], today=TODAY) == []


def test_a_known_retirement_keeps_its_date_and_follows_its_successor():
    known = [Retired(id=ONE.id, successor=TWO.id, date="2025-01-01", reason="merged")]
    assert retire(released([TWO]), [TWO], known, today=TODAY) == known
    heir = replace(THREE, commitments=("p-20-ffffff",))
    first, second = retire(released([TWO]), [heir], known, today=TODAY)
    assert (first.date, first.successor) == ("2025-01-01", THREE.id)
    assert (second.date, second.successor) == ("2026-01-02", THREE.id)
    first, second = retire(released([TWO]), [], known, today=TODAY)
    assert (first.successor, first.reason, second.reason) == ("", "dropped", "dropped")


def test_a_retired_id_keeps_its_name_whatever_is_released_since(tmp_path):
    first = retire(released([ONE, TWO]), [TWO], [], today=TODAY)
    write_retired(tmp_path / "retired.csv", first)
    later = retire(released([TWO]), [TWO], load_retired(tmp_path / "retired.csv"), today=TODAY)
    assert [(one.id, one.name, one.category, one.area) for one in later] == [
        (ONE.id, ONE.name, ONE.category, ONE.adcode)
    ]  # fmt: skip
    # One that an earlier edition retired without its name gets it as long as the last release tells it.
    nameless = [Retired(id=ONE.id, successor=TWO.id, date="2025-01-01", reason="merged")]
    (told,) = retire(released([ONE, TWO]), [TWO], nameless, today=TODAY)
    assert (told.successor, told.date, told.name) == (TWO.id, "2025-01-01", ONE.name)


def test_an_id_that_comes_back_is_no_longer_retired():
    known = [Retired(id=ONE.id, successor="", date="2025-01-01", reason="dropped")]
    assert retire(released([ONE]), [ONE], known, today=TODAY) == []


def test_the_released_ids_are_kept_as_they_were(tmp_path):
    write_released(tmp_path / "released.csv", released([TWO, ONE]))
    assert load_released(tmp_path / "released.csv") == released([ONE, TWO])
    assert load_released(tmp_path / "nowhere.csv") == []


@pytest.mark.parametrize(
    "row",
    [
        "x,,2025-01-01,dropped,",
        f"{ONE.id},x,2025-01-01,merged,",
        f"{ONE.id},{ONE.id},2025-01-01,merged,",
        f"{ONE.id},,2025-01-01,merged,",
        f"{ONE.id},,soon,dropped,",
        f"{ONE.id},r0000000000aa,2025-01-01,merged,",
        f"{ONE.id},r0000000000aa,2025-01-01,rule,",
        f"{ONE.id},{TWO.id},2025-01-01,merged,somewhere",
    ],
)
def test_a_damaged_table_of_retired_ids_is_refused_by_row(tmp_path, row):
    path = tmp_path / "retired.csv"
    path.write_text(f"id,successor,date,reason,area\n{row}\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="row 2"):
        load_retired(path)


# --- promised and existing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promised", "existing", "how"),
    [
        ({"name": "沁水县梅苑小学"}, {"name": "梅苑小学"}, "same"),
        ({"name": "梅苑小学建设项目"}, {"name": "沁水梅苑小学"}, "same"),
        ({"name": "梅苑小学"}, {"name": "梅苑中心小学校"}, None),
        ({"name": "东关中心小学"}, {"name": "东关中心小学校"}, "similar"),
        ({"name": "第一实验小学"}, {"name": "第二实验小学"}, None),
        ({"name": "东关示范小学"}, {"name": "西关示范小学"}, None),
        ({"name": "梅苑小学"}, {"name": "梅苑小学", "adcode": "140522"}, None),
        ({"name": "梅苑小学", "category": "middle_school"}, {"name": "梅苑小学"}, "same"),
        ({"name": "梅苑小学", "category": "library"}, {"name": "梅苑小学"}, None),
        ({"name": "沁水县小学", "name_given": False}, {"name": "沁水县小学"}, None),
        ({"name": "市中医院", "category": "tcm_hospital", "adcode": "140500"},
         {"name": "沁水县中医院", "category": "tcm_hospital"}, None),
        ({"name": "晋城市中医院", "category": "tcm_hospital", "adcode": "140500"},
         {"name": "晋城市中医院", "category": "tcm_hospital", "adcode": "140502"}, "same"),
        ({"name": "梅苑小学", "same_as": "f0000000000aa"}, {"name": "梅苑小学"}, None),
        ({"name": "梅苑小学"}, {"name": ""}, None),
        # A name that is whole with its area's alone.
        ({"name": "运城学院", "category": "college", "adcode": "140800"},
         {"name": "运城学院", "category": "college", "adcode": "140802"}, "same"),
        ({"name": "运城学院", "category": "college", "adcode": "140800"},
         {"name": "学院", "category": "college", "adcode": "140802"}, None),
        # Short forms and figures.
        ({"name": "沁水县第二中学校", "category": "school_other"}, {"name": "二中", "category": "school_other"}, "similar"),
        ({"name": "沁水县18小"}, {"name": "第十八小学校"}, "similar"),
        ({"name": "沁水县18小"}, {"name": "第八小学校"}, None),
        ({"name": "端氏镇初级中学", "category": "middle_school"}, {"name": "端氏初中", "category": "middle_school"}, "similar"),
        ({"name": "端氏镇初级中学", "category": "middle_school"}, {"name": "嘉峰初中", "category": "middle_school"}, None),
        ({"name": "县中医院", "category": "tcm_hospital"}, {"name": "沁水县中医医院", "category": "tcm_hospital"}, "similar"),
        # A branch is another thing.
        ({"name": "东关实验小学"}, {"name": "东关实验小学文翰分校"}, None),
        ({"name": "市中医院新院", "category": "tcm_hospital", "adcode": "140500"},
         {"name": "晋城市中医院", "category": "tcm_hospital", "adcode": "140502"}, None),
        ({"name": "人民医院分院", "category": "hospital"}, {"name": "沁水县人民医院", "category": "hospital"}, None),
        # A bare name in a county is that county's own, in the city's district it may be the city's.
        ({"name": "大同市革命烈士陵园", "category": "martyrs", "adcode": "140200"},
         {"name": "烈士陵园", "category": "martyrs", "adcode": "140224"}, None),
        ({"name": "大同市革命烈士陵园", "category": "martyrs", "adcode": "140200"},
         {"name": "烈士陵园", "category": "martyrs", "adcode": "140213"}, "similar"),
        ({"name": "中国围棋博物馆", "category": "museum", "adcode": "140500"},
         {"name": "中国围棋博物馆", "category": "museum", "adcode": "140524"}, "same"),
        # What its name calls unfinished is the same thing.
        ({"name": "梅苑小学"}, {"name": "梅苑小学（建设中）"}, "same"),
    ],
)  # fmt: skip
def test_a_promised_and_an_existing_facility_are_paired_by_name_and_place(gazetteer, promised, existing, how):
    there = facility(2, status="existing", basis="record", commitments=(), **existing)
    found = match_existing([facility(1, **promised)], [there], gazetteer)
    assert [match.how for match in found] == ([] if how is None else [how])
