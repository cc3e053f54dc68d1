"""The circles that a plan promises come out of its text as rules by which it can be held."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service_map import catalogue
from service_map.plans import circles_text, extract_circles, load_plans, passage_sha256, read_text, write_circles


def read(*sentences):
    return extract_circles("第一章 任务\n" + "".join(f"{sentence}\n" for sentence in sentences), plan="p")


def one(sentence):
    found = read(sentence)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.plans
def test_the_five_plans_give_the_shipped_rows_byte_for_byte(geodata, plan_texts):
    found = [
        row
        for plan in load_plans(geodata).values()
        for row in extract_circles(read_text(plan_texts[plan.file]), plan=plan.id)
    ]
    assert circles_text(found) == (geodata / "plan_circles.toml").read_text(encoding="utf-8")
    lines = {(row.plan.partition("-")[0], row.line) for row in found}
    assert lines == {
        *(("jincheng", line) for line in (383, 629, 701)), ("yuncheng", 484), ("qinshui", 395), ("qinshui", 435),
        *(("datong", line) for line in (469, 511, 783, 835)),
    }  # fmt: skip
    assert all(row.section for row in found)


@pytest.mark.plans
def test_the_catalogue_reads_what_is_written(geodata, plan_texts, tmp_path):
    plan = load_plans(geodata)["datong-2021"]
    found = extract_circles(read_text(plan_texts[plan.file]), plan=plan.id)
    for path in geodata.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_circles(tmp_path / "plan_circles.toml", found)
    rules = catalogue.plan_rules(tmp_path)
    for row, rule in zip(found, rules, strict=True):
        for name in ("id", "plan", "line", "passage_sha256", "category", "also", "level", "metres", "minutes_low",
                     "minutes", "mode", "scope", "year", "note_zh", "note_en"):  # fmt: skip
            assert getattr(rule, name) == getattr(row, name)


@pytest.mark.parametrize(
    ("sentence", "category", "minutes", "level", "scope"),
    [
        ("构建城市社区10分钟健身圈。", "fitness_square", 10, "10", "urban"),
        ("打造城乡“十五分钟”体育健身圈。", "fitness_square", 15, "15", "all"),
        ("形成农村二十分钟医疗服务圈。", "community_health", 20, "none", "rural"),
        ("建设15分钟便民商业圈。", "market_commerce", 15, "15", "all"),
        ("完善社区５分钟托育服务圈。".replace("５", "5"), "nursery", 5, "5", "all"),
        ("县城建成15分钟公共文化圈。", "cultural_centre", 15, "15", "urban"),
        ("打造 15 分钟政务服务圈。", "gov_service", 15, "15", "all"),
    ],
)
def test_a_circle_of_minutes_names_its_kind_its_level_and_its_scope(sentence, category, minutes, level, scope):
    row = one(sentence)
    assert (row.category, row.minutes, row.level, row.scope, row.mode) == (category, minutes, level, scope, "walk")
    assert row.passage_sha256 == passage_sha256(sentence)
    assert (row.line, row.section) == (2, "第一章 任务")


def test_home_care_and_elderly_care_are_kept_by_different_kinds():
    home, care = one("到2024年，建成15分钟居家养老服务圈。"), one("建成15分钟养老服务圈。")
    assert "elderly_institution" not in (home.category, *home.also)
    assert "elderly_institution" in care.also
    assert (home.year, care.year) == (2024, None)


def test_a_circle_of_kilometres_is_a_distance():
    row = one("建设农村5公里文体活动圈。")
    assert (row.metres, row.minutes, row.mode, row.level, row.scope) == (5_000, None, "distance", "none", "rural")


def test_a_range_keeps_both_ends_and_first_aid_is_by_vehicle():
    row = one("打造10—20分钟急救圈。")
    assert (row.minutes_low, row.minutes, row.mode, row.level) == (10, 20, "vehicle", "county")


@pytest.mark.parametrize(
    ("sentence", "category", "metres"),
    [
        ("新建8个急救站点，平均服务半径≤4公里。", "cdc_emergency", 4_000),
        ("优化幼儿园布局，服务半径不超过300米。", "kindergarten", 300),
        ("社区养老服务设施服务半径控制在1.5千米以内。", "elderly_community", 1_500),
    ],
)
def test_a_service_radius_is_of_what_is_named_before_it(sentence, category, metres):
    row = one(sentence)
    assert (row.category, row.metres, row.mode) == (category, metres, "distance")


def test_a_circle_of_no_kind_is_read_by_the_services_of_its_sentence():
    rows = read("补齐学前教育、义务教育、社区医疗短板，构建“15分钟活动圈”。")
    assert [row.category for row in rows] == ["kindergarten", "primary_school", "middle_school", "community_health"]
    assert rows[1].also == ("nine_year_school",)
    assert read("打造15分钟生活圈。") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "城市社区已建成15分钟健身圈。",
        "城市社区建成15分钟健身圈的社区231个。",
        "急救平均反应时间不超过12分钟。",
        "以服务半径为依据布局设施。",
        "建设××分钟健身圈。",
        "建设1小时交通圈、半小时经济圈。",
        "殡仪馆服务半径不超过50公里。",
        "打造朋友圈和商圈。",
        "建设0分钟健身圈。",
        "打造30—15分钟健身圈。",
    ],
)
def test_what_is_reached_already_or_has_no_figure_or_no_kind_is_no_promise(sentence):
    assert read(sentence) == []


def test_a_chapter_that_looks_back_promises_nothing():
    text = "第一章 发展基础\n打造城市社区15分钟健身圈。\n第二章 主要任务\n打造城市社区10分钟健身圈。\n"
    assert [row.minutes for row in extract_circles(text, plan="p")] == [10]


@given(st.lists(st.one_of(
    st.text(max_size=20),
    st.sampled_from(["15分钟", "十五", "“", "”", "健身圈", "服务半径", "≤3公里", "养老", "圈", "。", "\n", "第一章", "农村", "-", "0",
                     "急救站点", "2025年", "幼儿园", "不超过"]),
), max_size=25).map("".join))  # fmt: skip
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_text_whatever_makes_the_reader_stumble_and_all_it_gives_is_toml(text):
    found = extract_circles(text, plan="p")
    assert len(tomllib.loads(circles_text(found)).get("rule", [])) == len(found)
    assert len({row.id for row in found}) == len(found)
