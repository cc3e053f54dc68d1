"""What a plan says stands already comes out of its text as figures with a citation, and nothing else does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service_map.errors import GeodataError
from service_map.plans import (
    extract_stock_figures,
    load_plans,
    load_stock_figures,
    passage_sha256,
    read_text,
    write_stock_figures,
)


def read(sentence, heading="第一章 发展基础"):
    found = extract_stock_figures(f"{heading}\n{sentence}\n第二章 重点任务\n加强建设。\n", plan="p")
    return [(one.category, one.noun, one.count, one.unit) for one in found]


@pytest.mark.plans
def test_the_five_plans_give_the_shipped_rows(geodata, plan_texts, tmp_path):
    found = [
        row
        for plan in load_plans(geodata).values()
        for row in extract_stock_figures(read_text(plan_texts[plan.file]), plan=plan.id)
    ]
    write_stock_figures(tmp_path / "stock_figures.csv", found)
    assert (tmp_path / "stock_figures.csv").read_bytes() == (geodata / "stock_figures.csv").read_bytes()


def test_the_shipped_rows_cite_lines_of_known_plans_and_say_how_many_kindergartens_stand(geodata):
    rows = load_stock_figures(geodata / "stock_figures.csv")
    assert {row.plan for row in rows} <= set(load_plans(geodata))
    assert len({row.id for row in rows}) == len(rows)
    assert [row.count for row in rows if (row.plan, row.category) == ("qinshui-2021", "kindergarten")] == [26]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("目前全区拥有幼儿园87所。", [("kindergarten", "幼儿园", 87, "所")]),
        ("全市共有1所殡仪馆、16处公益性公墓。", [("funeral_home", "殡仪馆", 1, "所"), ("columbarium_cemetery", "公益性公墓", 16, "处")]),
        ("全县共有各级各类养老机构43家，养老床位达到3870张。",
         [("elderly_institution", "养老机构", 43, "家"), ("elderly_institution", "养老床位", 3870, "张")]),
        ("全县有公共图书馆、文化馆各1个。", [("library", "公共图书馆", 1, "个"), ("cultural_centre", "文化馆", 1, "个")]),
        ("累计建成4100公里健身步道。", [("trail", "健身步道", 4100, "公里")]),
        ("全区幼儿园由2015年的120所增加到2020年的178所。", [("kindergarten", "幼儿园", 178, "所")]),
        ("全州现有日间照料中心1.2万个。", [("elderly_day_care", "日间照料中心", 12000, "个")]),
    ],
)  # fmt: skip
def test_what_stands_is_counted_whatever_the_order_of_number_and_noun(sentence, expected):
    assert read(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "五年累计新建和改扩建公办幼儿园137所。",
        "文化馆、图书馆达到13个。",
        "全县共有各级各类学校89所。",
        "创建全国足球特色学校4所。",
        "到2025年，全县养老机构达到20家。",
        "每千人口床位数达到6.1张。",
        "全县共有病床位734张。",
        "全市幼儿园覆盖率达到90%。",
        "惠及主城区135个旧住宅小区。",
        "全县共有网格员12支、执业医师378人。",
    ],
)
def test_what_was_done_is_hoped_for_or_counts_something_else_is_no_figure(sentence):
    assert read(sentence) == []


def test_a_task_gives_no_figure_but_what_it_says_there_is_now():
    assert read("建设幼儿园12所。", heading="第一章 任务") == []
    assert read("对现有7个公办敬老院进行评估。", heading="第一章 任务") == [
        ("elderly_institution", "公办敬老院", 7, "个")
    ]


def test_a_figure_has_the_year_that_its_sentence_or_paragraph_states():
    text = "第一章 发展基础\n“十三五”末，全县共有养老机构8家。全县共有幼儿园26所。\n全县共有殡仪馆1座。\n"
    assert [one.year for one in extract_stock_figures(text, plan="p")] == [2020, 2020, None]


def test_a_figure_cites_its_line_and_built_until_then_is_said():
    text = "第一章 发展基础\n累计建成日间照料中心1457个。\n"
    (found,) = extract_stock_figures(text, plan="p")
    assert (found.line, found.passage_sha256, found.cumulated) == (2, passage_sha256(text.split("\n")[1]), True)


def test_rows_written_are_read_back_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "stock_figures.csv"
    found = extract_stock_figures("第一章 发展基础\n全县共有殡仪馆1座、公墓2.5万处。\n", plan="p")
    write_stock_figures(path, found)
    assert load_stock_figures(path) == found
    assert load_stock_figures(tmp_path / "none.csv") == []
    path.write_text(path.read_text(encoding="utf-8").replace(",1,座", ",many,座"), encoding="utf-8")
    with pytest.raises(GeodataError, match="row 2"):
        load_stock_figures(path)


@given(st.text(alphabet="全市共有现幼儿园养老机构12所个，。、各（）第一章发展基础\n", max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_fail(text):
    for one in extract_stock_figures(text, plan="p"):
        assert one.count >= 0
        assert 2 <= len(one.noun) <= 20
