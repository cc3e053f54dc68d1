"""What `explain` says: for each record the words behind every field, for each other facility word why it gave none."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service_map import plans
from service_map.plans import explain, explanation_record, explanation_text, extract, outline, read_text
from service_map.plans.explanation import FIELDS, rule_names

UNSAID = {"action": "unspecified", "place_level": "plan", "at_least": False}
LEAST = re.compile(r"以上|至少|不少于|不低于|最少|超过|不小于|\+[NnXx]|[≥>]")
FIGURE = re.compile(r"[\d一二两三四五六七八九十百千]")
WORDS = st.sampled_from(
    [*"，。；：、（）\n\t 0123456789一二三十万年个所座处和与等的", "新建", "改扩建", "推进", "每个县", "各乡镇", "全覆盖", "幼儿园", "养老院", "殡仪馆", "公墓",
     "健身步道", "体育公园", "项目", "建设", "改造提升", "专栏1 ", "第一章 ", "序号", "到2025年", "2023年", "“十四五”末", "以上", "至少", "榆次", "县城",
     "甲镇", "分别", "各", "其中", "位于", "棚户区", "\n\n第二节 养老\n", "[bookmark: _Toc1]"]
)  # fmt: skip


def said(explanation, field):
    """The words of a field, joined and brought into the form in which the records have them."""
    words = "".join(words.text for words in explanation.words.get(field, ()))
    return outline._canonical(1, "。" + words).text


def check(text):
    """Every word stands where it is said to stand; every field that says something has words that say it."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    found = explain(text, plan="p")
    for item in found:
        for words in (words for field in item.words.values() for words in field):
            assert words.text
            assert words.text in lines[words.line - 1]
        if item.commitment is None:
            assert item.rejected
            assert said(item, "category")
            continue
        for field in FIELDS:
            value = getattr(item.commitment, field)
            if value in (None, UNSAID.get(field)):
                assert field not in item.words, (field, item.rule)
                continue
            assert item.words.get(field), (field, value, item.rule, item.line)
        told = (item.line, item.rule, item.commitment)
        for field in ("name", "place"):
            assert (getattr(item.commitment, field) or "") in said(item, field), told
        if item.commitment.year:
            assert str(item.commitment.year) in said(item, "year") or "五" in said(item, "year"), told
        if item.commitment.at_least:
            assert LEAST.search(said(item, "at_least")), told
    return found


@pytest.mark.plans
def test_every_field_of_every_record_of_the_plans_has_words_that_say_it(plan_texts):
    for path in plan_texts.values():
        text = read_text(path)
        found = [item for item in check(text) if item.commitment]
        assert [item.commitment.id for item in found] == [record.id for record in extract(text, plan="p")]
        for item in found:
            record = item.commitment
            told = (item.line, item.rule, record)
            if record.unit:
                assert record.unit in said(item, "unit") or item.rule == "every unit", told
            if record.kind == "quota":
                assert FIGURE.search(said(item, "count") + said(item, "capacity")), told
            assert rule_names(item.rule) != (item.rule, item.rule), f"the rule {item.rule!r} has no name for planners"
            assert explanation_text(item)


@pytest.mark.plans
def test_the_clauses_of_the_plans_in_any_order_are_explained_as_well(plan_texts):
    chance = random.Random(8)  # noqa: S311
    for path in plan_texts.values():
        clauses = re.split("(?<=[，。；、\n])", read_text(path))
        chance.shuffle(clauses)
        assert len(check("".join(clauses))) > 100


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WORDS, max_size=100).map("".join))
@example("新建公墓2处，分别位于甲镇和乙镇。")
@example("甲县、乙县分别建设公墓2处和1处。")
@example("养老院5所（甲镇2所、乙镇3所）。新建敬老院3处（甲镇、乙镇、丙镇）。")
@example("新建朝阳、育才两所小学。推进市级、甲县、乙县等疾控中心新建工程。")
@example("棚户区改造目标：计划开工2000套，2023年完成。")
def test_any_jumble_of_the_words_of_plans_is_explained_by_words_that_stand_there(text):
    check(text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300), st.integers(1, 20))
def test_any_text_and_any_line_of_it_is_explained_without_failing(text, line):
    check(text)
    explain(text, plan="p", line=line)


def one(text, category):
    return next(item for item in explain(text, plan="p") if item.commitment and item.category == category)


def test_a_number_gives_count_unit_and_least_each_by_its_own_words():
    item = one("第二节 体育\n到2024年，在甲镇改扩建体育公园5个以上。\n", "sports_park")
    words = {field: [words.text for words in found] for field, found in item.words.items()}
    assert words == {
        "category": ["体育公园"],
        "noun": ["体育公园"],
        "kind": ["5个以上"],
        "count": ["5个以上"],
        "unit": ["5个以上"],
        "at_least": ["以上"],
        "action": ["改扩建"],
        "place": ["甲镇"],
        "place_level": ["甲镇"],
        "year": ["2024年"],
        "section": ["第二节 体育"],
    }
    assert item.rule == "number"


def test_a_year_of_an_earlier_clause_and_a_cut_name_say_the_line_they_stand_on():
    item = one("到2023年，实施养老工程，\n\n- 12 -\n\n新建养老院2所。\n", "elderly_institution")
    assert item.line == 5
    assert item.words["year"] == ((1, "2023年"),)
    item = one("新建清源县殡\n仪馆。\n", "funeral_home")
    assert item.words["name"] == ((1, "清源县殡"), (2, "仪馆"))


def test_the_year_of_an_indicator_and_the_other_cells_of_a_row_are_told_with_their_line():
    text = "表1 主要指标\n序号\t指标\t2020年\t2025年目标值\t属性\n1\t新建体育公园（个）\t--\t5\t预期性\n"
    item = one(text, "sports_park")
    assert (item.words["year"], item.words["count"]) == (((2, "2025"),), ((3, "5"),))
    text = "附表 重点项目\n序号\t项目名称\t建设地点\t建设年限\n1\t公墓建设项目\t甲县\t2022-2024年\n"
    item = one(text, "columbarium_cemetery")
    assert item.words["year"] == ((3, "2022-2024年"),)
    assert item.words["place"] == ((3, "甲县"),)


def test_the_unit_of_a_rule_is_told_where_it_stands():
    assert one("每个乡镇至少建设1所养老院。", "elderly_institution").words["per"] == ((1, "每个乡镇"),)
    assert one("公益性公墓每县建设1处以上。", "columbarium_cemetery").words["per"] == ((1, "每县"),)


def test_a_second_mention_shows_the_first():
    text = "新建云岭体育公园。\n\n专栏1 项目\n\n云岭体育公园建设项目。\n"
    item = [item for item in explain(text, plan="p") if item.commitment][-1]
    assert item.words["repeats"] == ((1, "云岭体育公园"),)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("全县现有幼儿园46所。\n", 1, "现状"),
        ("“十三五”期间，建成日间照料中心106个。\n", 1, "上一时期"),
        ("第一章 发展基础\n\n全县新建敬老院3所。\n", 3, "回顾"),
        ("目 录\n\n第一章 新建幼儿园5所......1\n第二章 新建公墓3处......2\n正文。\n", 3, "目录"),
        ("第一节 公墓建设\n", 1, "标题"),
        ("依托县文化馆，开展文化活动。\n", 1, "已有的设施"),
        ("提升养老机构服务质量。\n", 1, "不是设施本身"),
        ("今天天气晴朗。\n", 1, "没有设施词"),
        ("新建公墓1处。\n\n", 2, "空行"),
    ],
)
def test_a_line_says_why_nothing_was_taken_from_it(text, line, reason):
    found = explain(text, plan="p", line=line)
    assert found
    assert all(item.commitment is None and item.line == line for item in found)
    assert any(reason in item.rejected for item in found)


def test_a_line_that_the_text_does_not_have_has_no_explanation():
    assert explain("新建公墓1处。", plan="p", line=2) == []


def test_every_facility_word_of_a_text_is_either_a_record_or_left_out_with_a_reason():
    text = "第一章 基础\n全县现有幼儿园46所。\n第二章 任务\n新建养老院2所，提升医院服务能力，加强图书馆队伍建设。\n"
    told = {words.text for item in explain(text, plan="p") for words in item.words["category"]}
    assert {"幼儿园", "养老院", "医院", "图书馆"} <= told


def test_an_explanation_reads_in_a_terminal_and_as_json():
    text = "第二节 体育\n到2024年，新建体育公园5个以上。\n依托县体育馆开展活动。\n"
    kept, *left = (item for item in explain(text, plan="p") if item.line > 1)
    shown = explanation_text(kept).splitlines()
    assert shown[0].startswith("2 + 体育公园")
    assert any("规则 写明数量" in line for line in shown)
    assert any("数量 5 ← “5个以上”" in line for line in shown)
    assert any("章节 第二节 体育 ← “第二节 体育”（第 1 行）" in line for line in shown)
    assert explanation_text(left[0]).startswith("3 - ")
    record = json.loads(json.dumps(explanation_record(kept), ensure_ascii=False))
    assert record["words"]["count"] == [{"line": 2, "text": "5个以上"}]
    assert record["commitment"]["count"] == 5
    assert record["rejected"] is None
    assert explanation_record(left[0])["commitment"] is None


def test_every_rule_of_the_grammar_has_a_name_for_planners():
    source = "".join(path.read_text(encoding="utf-8") for path in Path(plans.__file__).parent.rglob("*.py"))
    rules = set(re.findall(r'\brule="([a-z ]+)"', source))
    assert len(rules) > 15
    assert [rule for rule in sorted(rules) if rule_names(rule) == (rule, rule)] == []
