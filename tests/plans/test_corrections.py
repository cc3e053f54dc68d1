"""A planner's corrections outlive a re-extraction, and say when they no longer apply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_map.errors import PlanFileError
from service_map.plans import apply_corrections, extract, load_corrections

HEADER = "do,plan,line,category,name,set,reason\n"
TEXT = "全县新建公办幼儿园12所。\n\n新建清徐县殡仪馆、阳曲县殡仪馆。\n"


def _corrected(tmp_path, rows, text=TEXT):
    path = tmp_path / "corrections.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return apply_corrections(extract(text, plan="p"), load_corrections(path), text=text, plan="p")


def test_a_record_can_be_dropped_changed_and_added(tmp_path):
    records, unused = _corrected(
        tmp_path,
        "drop,p,3,funeral_home,阳曲县殡仪馆,,已建成\n"
        "change,p,1,kindergarten,,count=10; year=2024,核对\n"
        "add,p,3,columbarium_cemetery,清徐县公墓,place=清徐县; place_level=county; count=1,漏\n"
        "drop,other,1,kindergarten,,,另一规划\n",
    )
    assert not unused
    assert [(item.line, item.category, item.name, item.count, item.year) for item in records] == [
        (1, "kindergarten", None, 10, 2024),
        (3, "funeral_home", "清徐县殡仪馆", 1, None),
        (3, "columbarium_cemetery", "清徐县公墓", 1, None),
    ]
    assert len({item.id for item in records}) == 3


@pytest.mark.parametrize(("name", "kept"), [("coverage", ["quota"]), ("county", ["quota"]), ("quota", ["coverage"])])
def test_of_two_of_one_noun_one_is_named_by_its_kind_or_unit(tmp_path, name, kept):
    text = "每个县建设1所殡仪馆，新建殡仪馆3所。\n"
    records, unused = _corrected(tmp_path, f"drop,p,1,funeral_home,{name},,\n", text)
    assert ([record.kind for record in records], unused) == (kept, [])


def test_every_field_that_a_promise_says_can_be_set(tmp_path):
    total = extract(TEXT, plan="p")[0]
    row = (
        "add,p,3,nursery,,count=3; count_max=5; unit=所; noun=托育服务站; capacity=60; capacity_unit=托位; "
        f"locality=文昌路以东; condition=尚无托育机构的县; share=0.5; per=county; part_of={total.id},\n"
    )
    added = next(record for record in _corrected(tmp_path, row)[0] if record.category == "nursery")
    assert (added.count_max, added.noun, added.capacity, added.capacity_unit) == (5, "托育服务站", 60, "托位")
    assert (added.locality, added.condition, added.share) == ("文昌路以东", "尚无托育机构的县", 0.5)
    assert added.part_of == total.id
    kept = _corrected(tmp_path, "drop,p,1,kindergarten,,,\n" + row)[0]
    assert [record.part_of for record in kept if record.category == "nursery"] == [None]


@pytest.mark.parametrize(
    ("field", "value"),
    [("share", "1.5"), ("capacity", "很多"), ("part_of", "第一条"), ("locality", "路" * 31)],
)
def test_a_field_of_a_promise_that_takes_no_such_value_is_named(tmp_path, field, value):
    with pytest.raises(PlanFileError, match=f"set/{field}"):
        _corrected(tmp_path, f"change,p,1,kindergarten,,{field}={value},\n")


def test_a_change_keeps_the_id_and_the_citation(tmp_path):
    before = extract(TEXT, plan="p")[0]
    after = _corrected(tmp_path, "change,p,1,kindergarten,,count=10; category=nursery,\n")[0][0]
    assert (after.id, after.quote, after.passage_sha256) == (before.id, before.quote, before.passage_sha256)
    assert (after.category, after.count) == ("nursery", 10)


@pytest.mark.parametrize(
    ("row", "kind", "count"),
    [
        ("add,p,1,library,县图书馆,,", "site", 1),
        ("add,p,1,library,,count=3; unit=个,", "quota", 3),
        ("add,p,1,library,,count=1; per=township,", "coverage", 1),
        ("add,p,1,library,,,", "intent", None),
        ("add,p,1,library,,kind=allotment; count=2; place=甲镇,", "allotment", 2),
    ],
)
def test_an_added_record_is_of_the_kind_that_its_fields_say(tmp_path, row, kind, count):
    text = "第一节 文化\n" + TEXT
    records, _ = _corrected(tmp_path, row.replace(",1,library", ",2,library") + "\n", text)
    added = next(record for record in records if record.category == "library")
    assert (added.kind, added.count, added.section) == (kind, count, "第一节 文化")
    assert added.quote in text.split("\n")[1]


def test_two_rows_that_add_alike_make_two_records_with_ids_of_their_own(tmp_path):
    rows = "add,p,1,library,,count=1; name=甲馆,\nadd,p,1,library,,count=1; name=乙馆,\n"
    records, _ = _corrected(tmp_path, rows)
    assert len({record.id for record in records}) == len(records) == 5


@pytest.mark.parametrize(
    ("place", "level"), [("甲县", "county"), ("甲镇", "township"), ("甲村", "village_or_street"), ("", "plan")]
)
def test_a_corrected_place_has_the_level_that_its_name_says(tmp_path, place, level):
    records, _ = _corrected(tmp_path, f"change,p,1,kindergarten,,place={place}; count=3,\n")
    assert (records[0].place, records[0].place_level) == (place or None, level)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("drop,p,2,funeral_home,,,", "no such record"),
        ("drop,p,1,funeral_home,,,", "no such record"),
        ("add,p,99,library,书房,,", "no text"),
        ("add,p,2,library,书房,,", "no text"),
        ("change,p,1,kindergarten,甲,count=1,", "no such record"),
        ("change,p,1,kindergarten,,count=12; unit=所,", "without it"),
        ("add,p,3,funeral_home,清徐县殡仪馆,place=清徐县,", "without it"),
    ],
)
def test_a_correction_that_no_longer_applies_is_reported_with_the_reason_and_changes_nothing(tmp_path, row, why):
    records, unused = _corrected(tmp_path, row + "\n")
    assert records == extract(TEXT, plan="p")
    assert [(item.correction.row, why in item.en) for item in unused] == [(2, True)]


def test_what_repeated_a_dropped_record_stands_for_itself(tmp_path):
    text = "新建云岭体育公园。\n\n专栏1 项目\n\n云岭体育公园建设项目。\n\n云岭体育公园建设项目。\n"
    first, second, third = extract(text, plan="p")
    assert (second.repeats, third.repeats) == (first.id, first.id)
    (second, third), _ = _corrected(tmp_path, "drop,p,1,sports_park,,,\n", text)
    assert (second.repeats, third.repeats) == (None, second.id)


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ("remove,p,1,kindergarten,,,", "do", "drop, change, add"),
        ("drop,,1,kindergarten,,,", "plan", "plan's id"),
        ("drop,p,one,kindergarten,,,", "line", "whole number"),
        ("drop,p,0,kindergarten,,,", "line", "whole number"),
        ("drop,p,1,castle,,,", "category", "castle"),
        ("drop,p,1,kindergarten,,count=3,", "set", "empty for drop"),
        ("change,p,1,kindergarten,,,", "set", "what to change"),
        ("change,p,1,kindergarten,,id=7,", "set/id", "place_level"),
        ("change,p,1,kindergarten,,count,", "set/count", "field=value"),
        ("change,p,1,kindergarten,,kind=big,", "set/kind", "coverage"),
        ("change,p,1,kindergarten,,kind=,", "set/kind", "coverage"),
        ("change,p,1,kindergarten,,per=planet,", "set/per", "township"),
        ("change,p,1,kindergarten,,category=castle,", "set/category", "castle"),
        ("change,p,1,kindergarten,,at_least=maybe,", "set/at_least", "true"),
        ("change,p,1,kindergarten,,count=many,", "set/count", "number above 0"),
        ("change,p,1,kindergarten,,count=-3,", "set/count", "number above 0"),
        ("change,p,1,kindergarten,,count=nan,", "set/count", "number above 0"),
        ("change,p,1,kindergarten,,year=25,", "set/year", "2025"),
        ("change,p,1,kindergarten,,place=那边,", "set/place_level", "landmark"),
        ("drop,p,1,kindergarten,,,,,", "", "more cells than columns"),
        ('drop,p,1,"kindergarten,,,', "", "CSV"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_field_and_what_is_allowed(tmp_path, row, field, words):
    with pytest.raises(PlanFileError, match=words) as caught:
        _corrected(tmp_path, "drop,p,3,funeral_home,,,first\n" + row + "\n")
    assert f"line 3 {field}".rstrip() + ":" in caught.value.en
    assert "第 3 行" in caught.value.zh


@pytest.mark.parametrize("header", ["do,plan,line\n", "做,plan,line,category\n", "do,plan,line,category,extra\n"])
def test_a_table_without_its_columns_is_refused(tmp_path, header):
    path = tmp_path / "corrections.csv"
    path.write_text(header + "drop,p,1,kindergarten\n", encoding="utf-8")
    with pytest.raises(PlanFileError, match="columns") as caught:
        load_corrections(path)
    assert "line 1" in caught.value.en


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_reads_as_excel_and_people_write_it(tmp_path, encoding):
    path = tmp_path / "corrections.csv"
    rows = "change, p ,1,kindergarten,,count＝3；place＝甲镇,核对\r\n,,,,,,\r\n\r\ndrop,p,3,funeral_home,,,\r\n"
    path.write_bytes((HEADER.replace("\n", "\r\n") + rows).encode(encoding))
    first, second = load_corrections(path)
    assert dict(first.changes) == {"count": 3, "place": "甲镇", "place_level": "township"}
    assert (first.plan, second.row) == ("p", 5)


def test_no_file_and_an_empty_one_mean_no_corrections_and_a_folder_is_refused(tmp_path):
    assert load_corrections(tmp_path / "none.csv") == []
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    assert load_corrections(tmp_path / "empty.csv") == []
    with pytest.raises(PlanFileError):
        load_corrections(tmp_path)


@given(st.text(max_size=200))
def test_any_table_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("table") / "corrections.csv"
    path.write_bytes((HEADER + text).encode("utf-8", "surrogatepass"))
    try:
        rows = load_corrections(path)
    except PlanFileError:
        return
    assert all(row.do in ("drop", "change", "add") for row in rows)
