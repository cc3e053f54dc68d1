"""The figures that a plan sets itself come out of its tables and sentences, each with its citation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service_map.errors import GeodataError
from service_map.plans import (
    extract_indicators,
    load_indicators,
    load_plans,
    passage_sha256,
    read_text,
    write_indicators,
)


def rows(text):
    """Name, unit, base, base year, target, target year, binding of each row of a table."""
    return [
        (one.name, one.unit, one.base, one.base_year, one.target, one.target_year, one.binding)
        for one in extract_indicators(text, plan="p")
        if one.form == "table"
    ]


def said(sentence, since=2021):
    """Name, unit, target, target year, bound of each figure of a sentence."""
    found = extract_indicators(f"第二章 发展目标\n{sentence}\n", plan="p", since=since)
    return [(one.name, one.unit, one.target, one.target_year, one.bound) for one in found]


@pytest.mark.plans
def test_the_five_plans_give_the_shipped_rows(geodata, plan_texts, tmp_path):
    found = [
        row
        for plan in load_plans(geodata).values()
        for row in extract_indicators(read_text(plan_texts[plan.file]), plan=plan.id, since=plan.period[0])
    ]
    write_indicators(tmp_path / "indicators.csv", found)
    assert (tmp_path / "indicators.csv").read_bytes() == (geodata / "indicators.csv").read_bytes()


def test_the_shipped_rows_are_short_cite_known_plans_and_hold_every_row_of_the_four_tables(geodata):
    found = load_indicators(geodata / "indicators.csv")
    assert {one.plan for one in found} <= set(load_plans(geodata))
    assert len({one.id for one in found}) == len(found)
    for one in found:
        kept = (one.name, one.section, one.base_words, one.target_words, one.note)
        assert all(len(words) <= 30 for words in kept if words)
    tables = [one.plan for one in found if one.form == "table"]
    counts = {plan: tables.count(plan) for plan in set(tables)}
    # Two of the numbered rows (qinshui 12, yuncheng 6) hold two figures each.
    assert counts == {"datong-2021": 29, "jinzhong-2021": 31, "qinshui-2021": 29, "yuncheng-2021": 31}
    (places,) = [one for one in found if one.plan == "jinzhong-2021" and one.line == 59]
    assert (places.name, places.base, places.base_year) == ("每千人口拥有3岁以下婴幼儿托位数", 0.99, 2020)
    assert (places.target, places.target_year, places.unit, places.binding) == (4.5, 2025, "个", "expected")


def test_a_table_with_numbers_fields_units_and_growth_beside_the_figures_is_read_by_its_heads():
    text = (
        "序号\t领域\t指标名称\t单位\t2025年\t2030年\t年均增长（%）\t属性\n"
        "1\t幼有所育\t每千人口托位数\t个\t3.2\t5\t〔1.8〕\t预期性\n"
        "2\t\t入托率\t%\t12\t≥25\t-\t约束性\n"
        "3\t老有所养\t居民可支配收入\t元\t30000\t—\t6左右\t预期性\n"
    )
    assert rows(text) == [
        ("每千人口托位数", "个", 3.2, 2025, 5, 2030, "expected"),
        ("入托率", "%", 12, 2025, 25, 2030, "binding"),
        ("居民可支配收入", "%", 30000, 2025, 6, 2030, "expected"),
    ]
    found = extract_indicators(text, plan="p")
    assert [one.section for one in found] == ["幼有所育", "幼有所育", "老有所养"]
    assert [one.bound for one in found] == [None, "at_least", None]
    assert found[2].target_words == "年均6左右"


def test_a_row_that_lacks_the_cells_of_a_merged_column_is_read_from_the_right():
    text = "领域\t指标\t2020年\t2025年\t指标属性\n教育\t入园率（%）\t90\t95\t预期性\n巩固率（%）\t96\t97\t约束性\n"
    found = extract_indicators(text, plan="p")
    assert [(one.section, one.name, one.base, one.target) for one in found] == [
        ("教育", "入园率", 90, 95),
        ("教育", "巩固率", 96, 97),
    ]


def test_an_indicator_in_parts_names_both():
    text = (
        "指 标\t\t2020\t2025 年\t指标性质\n"
        "(1) 收入增长率 (%)\t城镇居民\t36.1\t与经济同步\t预期性\n"
        "\t农村居民\t48.5\t10\t预期性\n"
        "(2) 基层就诊率 (%)\t\t55\t65\t约束性\n"
    )
    assert rows(text) == [
        ("收入增长率：城镇居民", "%", 36.1, 2020, None, 2025, "expected"),
        ("收入增长率：农村居民", "%", 48.5, 2020, 10, 2025, "expected"),
        ("基层就诊率", "%", 55, 2020, 65, 2025, "binding"),
    ]
    assert extract_indicators(text, plan="p")[0].target_words == "与经济同步"


STACK = (
    "主要指标\n\n类别\n序号\n指标\n单位\n2025年\n实际值\n2030年\n目标值\n属  性\n教育\n1\n毛入园率\n%\n88\n95\n预期性\n2\n"
    "受教育年限\n年\n10.5\n11.3\n约束性\n健康\n3\n每千人口床位数\n张\n5.1\n6.5\n预期性\n第二章 任务\n新建医院2所。\n"
)


def test_a_table_with_one_cell_a_line_is_read_and_each_row_cites_the_line_of_its_name():
    found = extract_indicators(STACK, plan="p")
    assert [(one.section, one.name, one.unit, one.base, one.target, one.binding) for one in found] == [
        ("教育", "毛入园率", "%", 88, 95, "expected"),
        ("教育", "受教育年限", "年", 10.5, 11.3, "binding"),
        ("健康", "每千人口床位数", "张", 5.1, 6.5, "expected"),
    ]
    lines = STACK.split("\n")
    assert [lines[one.line - 1] for one in found] == ["毛入园率", "受教育年限", "每千人口床位数"]
    assert [one.passage_sha256 for one in found] == [passage_sha256(lines[one.line - 1]) for one in found]


def test_one_cell_a_line_without_a_word_on_binding_goes_by_the_numbers():
    text = "序号\n指标名称\n2025年\n2030年\n1\n每千人口托位数（个）\n3\n5\n2\n人均场地面积（平方米）\n2.4\n2.8\n第三章 任务\n"
    assert [row[:5] for row in rows(text)] == [
        ("每千人口托位数", "个", 3, 2025, 5),
        ("人均场地面积", "平方米", 2.4, 2025, 2.8),
    ]


def test_bars_groups_and_a_head_of_two_rows_are_understood():
    bars = (
        "| 指标 | 单位 | 基期值（2020年） | 目标值（2025年） | 指标属性 |\n| --- | --- | --- | --- | --- |\n"
        "| 一、教育 | | | | |\n| 毛入学率 | % | 92.5 | 95% | 约束性 |\n"
    )
    (found,) = extract_indicators(bars, plan="p")
    assert (found.section, found.name, found.target) == ("教育", "毛入学率", 95)
    two = "序号\t指标\t“十四五”规划\t\t属性\n\t\t2020年\t2025年\t\n1\t预期寿命（岁）\t77\t78.5\t预期性\n"
    assert rows(two) == [("预期寿命", "岁", 77, 2020, 78.5, 2025, "expected")]


def test_the_years_of_periods_and_a_year_between_are_known():
    periods = "指标\t“十四五”末\t“十五五”末\t属性\n托位数（个/千人）\t3\t4.6\t预期性\n"
    assert rows(periods) == [("托位数", "个/千人", 3, 2025, 4.6, 2030, "expected")]
    between = "指标\t单位\t2020年\t2022年\t2025年\t备注\n护理型床位占比\t%\t35\t45\t55\t民政局\n"
    assert rows(between) == [("护理型床位占比", "%", 35, 2020, 55, 2025, None)]


def test_a_page_that_repeats_the_head_goes_on_and_another_table_ends_it():
    text = (
        "序号\t指标\t2025年\t2030年\t属性\n1\t医师数（人）\t2.5\t3\t预期性\n—12—\n"
        "序号\t指标\t2025年\t2030年\t属性\n2\t护士数（人）\t2.9\t3.5\t预期性\n"
        "序号\t项目名称\t建设内容\t总投资\t性质\n3\t县医院\t5000\t3000\t新建\n"
    )
    assert [row[0] for row in rows(text)] == ["医师数", "护士数"]


def test_a_note_under_the_table_is_kept_with_the_rows_that_it_marks_or_names():
    text = (
        "指标\t2020年\t2025年\t属性\n失业率（%）\t②*\t≤4.5\t约束性\n场地面积（平方米）\t2.8\t1.6③\t预期性\n"
        "收入增长：城镇居民\t36\t8\t预期性\n备注：1、*号为2019年数据；\n2、②登记失业率为2.8%；\n- 3、③普查数据。\n"
    )
    found = extract_indicators(text, plan="p")
    assert [one.note for one in found] == ["登记失业率为2.8%", "普查数据", None]
    assert [(one.base, one.base_year) for one in found] == [(None, 2019), (2.8, 2020), (36, 2020)]
    assert len(found) == 3
    plain = "指标\t2020年\t2025年\n收入增长：城镇居民\t36\t8\n注：城镇居民为五年累计。\n"
    assert extract_indicators(plain, plan="p")[0].note == "城镇居民为五年累计"


@pytest.mark.parametrize(
    ("cell", "value", "bound"),
    [
        ("≥95", 95, "at_least"), ("> 50", 50, "at_least"), ("＞97", 97, "at_least"), ("60以上", 60, "at_least"),
        ("≤4.5", 4.5, "at_most"), ("5以内", 5, "at_most"), ("控制在5.5左右", 5.5, "at_most"), ("5左右", 5, None),
        ("9（年均）", 9, None), ("年均 8%", 8, None), ("[25]", 25, None), ("93.5%（以县为单位）", 93.5, None),
        ("1,200", 1200, None), ("1.6④", 1.6, None), ("80-85", None, None), ("1:0.8", None, None),
        ("2024年前完成", None, None), ("完成上级任务", None, None), ("与经济增长同步", None, None), ("1.2万", 12000, None),
    ],
)  # fmt: skip
def test_a_target_is_a_number_where_the_cell_is_one_and_words_where_it_is_not(cell, value, bound):
    (found,) = extract_indicators(f"指标\t2020年\t2025年\t属性\n甲率\t1\t{cell}\t预期性\n", plan="p")
    assert (found.target, found.bound) == (value, bound)
    assert found.target_words


@pytest.mark.parametrize("cell", ["--", "—", "——", "/", ""])
def test_an_empty_cell_holds_nothing(cell):
    (found,) = extract_indicators(f"指标\t2020年\t2025年\t属性\n甲率（%）\t{cell}\t5\t预期性\n", plan="p")
    assert (found.base, found.base_words, found.target) == (None, None, 5)


def test_the_words_beside_a_unit_stay_in_the_name():
    text = "指标\t2020年\t2025年\n保障标准（年度增速%）\t4\t5\n服务效率（总服务人次/馆员规模）\t1\t2\n小区改造（个）（五年累计）\t-\t8\n"
    assert [row[:2] for row in rows(text)] == [
        ("保障标准（年度增速）", "%"),
        ("服务效率（总服务人次/馆员规模）", None),
        ("小区改造（五年累计）", "个"),
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("到2025年，全州人均公园绿地面积达到12.9平方米，每万人拥有球场数量达到0.7块。",
         [("人均公园绿地面积", "平方米", 12.9, 2025, None), ("每万人拥有球场数量", "块", 0.7, 2025, None)]),
        ("全县学前三年毛入园率达到97%以上。", [("学前三年毛入园率", "%", 97, None, "at_least")]),
        ("2025年达到每千人口拥有3岁以下婴幼儿托位数4.5个。", [("每千人口拥有3岁以下婴幼儿托位数", "个", 4.5, 2025, None)]),
        ("到2030年，每千人口拥有5个托位。", [("每千人口拥有托位", "个", 5, 2030, None)]),
        ("至“十五五”期末，政府投资公租房入住率保持在90%以上。", [("政府投资公租房入住率", "%", 90, 2030, "at_least")]),
        ("到“十四五”末实现全市社区为老服务机构100%覆盖。", [("社区为老服务机构覆盖率", "%", 100, 2025, None)]),
        ("到2025年，城镇登记失业率控制在4.5%以内。", [("城镇登记失业率", "%", 4.5, 2025, "at_most")]),
        ("到2025年新增护理人才7万人、高级护理人才2万人。",
         [("新增护理人才", "人", 70000, 2025, None), ("新增高级护理人才", "人", 20000, 2025, None)]),
        ("每千人口医师数、注册护士数分别达到3.2人、3.8人。",
         [("每千人口医师数", "人", 3.2, None, None), ("每千人口注册护士数", "人", 3.8, None, None)]),
        ("孕产妇死亡率、婴儿死亡率分别控制在8/10万、3‰以下。",
         [("孕产妇死亡率", "/10万", 8, None, None), ("婴儿死亡率", "‰", 3, None, "at_most")]),
        ("确保困难残疾人护理补贴覆盖率达100%。", [("困难残疾人护理补贴覆盖率", "%", 100, None, None)]),
        ("居民人均可支配收入年均增长6%以上。", [("居民人均可支配收入年均增长", "%", 6, None, "at_least")]),
        ("院前急救平均反应时间不超过12分钟。", [("院前急救平均反应时间", "分钟", 12, None, "at_most")]),
        ("人均预期寿命提高至80岁。", [("人均预期寿命", "岁", 80, None, None)]),
        ("养老机构占全市养老机构总数比例不低于50%。", [("养老机构占全市养老机构总数比例", "%", 50, None, "at_least")]),
        ("到2025年城乡居民达到《国民体质测定标准》合格以上的人数大于91%。",
         [("城乡居民达到《国民体质测定标准》合格以上的人数", "%", 91, 2025, "at_least")]),
        ("注：1.学校体育场馆开放比例2027年达到75%。", [("学校体育场馆开放比例", "%", 75, 2027, None)]),
    ],
)  # fmt: skip
def test_a_sentence_gives_what_it_says_shall_be_reached_under_a_clean_name(sentence, expected):
    assert said(sentence) == expected


def test_a_sentence_that_says_from_where_gives_the_base_too():
    text = "第二章 目标\n护理型床位占比由2020年的30%提高到2025年的55%。\n人均绿地面积从12.5平方米增加到14平方米以上。\n"
    found = extract_indicators(text, plan="p")
    assert [(one.base, one.base_year, one.target, one.target_year) for one in found] == [
        (30, 2020, 55, 2025),
        (12.5, None, 14, None),
    ]
    assert found[0].target_words == "提高到55%"


@pytest.mark.parametrize(
    "sentence",
    [
        "目前，全市普惠性幼儿园覆盖率达到85%。",
        "2019年，全市普惠性幼儿园覆盖率达到85%。",
        "新建小区按每百户20平方米的标准配建养老用房。",
        "新建商品住房项目按建筑面积配建不低于5%的公共租赁住房。",
        "对符合条件的人员给予不低于每人500元的补助。",
        "按照不低于低保标准的5%-10%的比例提高救助水平。",
        "在每1000人拥有2名以上指导员的基础上，稳步增长。",
        "新建幼儿园12所，新增学位3600个。",
        "全市养老机构达到20家。",
        "建设县体育馆，建筑面积达到12000平方米，可容纳3000人。",
        "学校规模达到3000人，总投资达到2亿元。",
        "为500名以上残疾人提供就业服务。",
        "每个乡镇托育机构不少于1家。",
        "公租房建设2000套，租赁补贴计划70000户。",
        "救助标准提高5个百分点。",
        "城镇、农村居民收入增速分别达到6%和8%。",
    ],
)
def test_today_standards_facilities_and_projects_are_no_indicators(sentence):
    assert said(sentence) == []


def test_a_chapter_that_looks_back_sets_no_target():
    text = "第一章 发展基础\n全市普惠性幼儿园覆盖率达到85%。\n第二章 目标\n全市普惠性幼儿园覆盖率达到90%。\n"
    assert [one.target for one in extract_indicators(text, plan="p")] == [90]


def test_two_figures_of_one_thing_are_both_kept_each_with_its_line():
    text = "指标\t2020年\t2025年\t属性\n人均体育场地面积（平方米）\t1.88\t2.6\t约束性\n第三章 任务\n到2025年，人均体育场地面积达到2.5平方米。\n"
    assert [(one.line, one.form, one.target) for one in extract_indicators(text, plan="p")] == [
        (2, "table", 2.6),
        (4, "sentence", 2.5),
    ]


def test_rows_written_are_read_back_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "indicators.csv"
    found = extract_indicators(STACK + "到2025年，公办园占比达到60%以上。\n", plan="p")
    write_indicators(path, found)
    assert load_indicators(path) == found
    assert load_indicators(tmp_path / "none.csv") == []
    path.write_text(path.read_text(encoding="utf-8").replace(",95,", ",many,"), encoding="utf-8")
    with pytest.raises(GeodataError, match="row 2"):
        load_indicators(path)


@given(
    st.text(
        alphabet="指标序号领域单位属性20年5.%\t\n|、，。（）到达全市率每千人口约束预期①*备注：分别和一第章",
        max_size=160,
    )
)
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_fail(text):
    for one in extract_indicators(f"指标\t2020年\t2025年\t属性\n{text}", plan="p"):
        assert 1 <= len(one.name) <= 30
        assert one.form in ("table", "sentence")
