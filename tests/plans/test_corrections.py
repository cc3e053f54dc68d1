"""A planner's corrections outlive a re-extraction, and say when they no longer apply."""

import pytest

from service_map.errors import PlanFileError
from service_map.plans import apply_corrections, extract, load_corrections

TEXT = "全县新建公办幼儿园12所。\n\n新建清徐县殡仪馆、阳曲县殡仪馆。\n"


def _corrected(tmp_path, rows):
    path = tmp_path / "corrections.csv"
    path.write_text("do,plan,line,category,name,set,reason\n" + rows, encoding="utf-8")
    return apply_corrections(extract(TEXT, plan="p"), load_corrections(path), text=TEXT, plan="p")


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


def test_a_correction_that_no_longer_finds_its_record_is_reported(tmp_path):
    _, unused = _corrected(
        tmp_path, "drop,p,2,funeral_home,,,\nadd,p,99,library,书房,,\nchange,p,1,kindergarten,甲,count=1,\n"
    )
    assert [item.row for item in unused] == [2, 3, 4]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("remove,p,1,kindergarten,,,", "drop"),
        ("drop,p,one,kindergarten,,,", "whole number"),
        ("drop,p,1,castle,,,", "castle"),
        ("change,p,1,kindergarten,,id=7,", "set takes"),
        ("change,p,1,kindergarten,,kind=big,", "coverage"),
        ("change,p,1,kindergarten,,count=many,", "number"),
        ("drop,p,1,kindergarten,,,,,", "columns"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_what_is_allowed(tmp_path, row, words):
    with pytest.raises(PlanFileError, match=words) as caught:
        _corrected(tmp_path, row + "\n")
    assert "line 2" in caught.value.en


def test_no_file_means_no_corrections(tmp_path):
    assert load_corrections(tmp_path / "none.csv") == []
