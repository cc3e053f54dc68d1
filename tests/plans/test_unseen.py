"""Forms of other provinces' plans, in sentences and tables made for the test: what was not in any plan we read first."""

import pytest

from service_map.plans import extract


def read(text, *fields):
    return [tuple(getattr(item, field) for field in fields) for item in extract(text, plan="p")]


@pytest.mark.parametrize(
    "text",
    [
        "在白石镇、青龙镇各新建2处公益性公墓。",
        "白石镇、青龙镇各新建公益性公墓2处。",
    ],
)
def test_places_named_nowhere_else_get_their_own_number(text):
    assert read(text, "kind", "place", "count") == [("allotment", "白石镇", 2), ("allotment", "青龙镇", 2)]


@pytest.mark.parametrize(
    "text",
    ["新建公益性公墓4处，其中白石镇2处、青龙镇2处。", "新建公益性公墓4处（白石镇2处、青龙镇2处）。"],
)
def test_a_total_stands_beside_its_shares(text):
    assert read(text, "kind", "place", "count") == [
        ("quota", None, 4),
        ("allotment", "白石镇", 2),
        ("allotment", "青龙镇", 2),
    ]


def test_numbers_in_turn_belong_to_the_places_in_turn():
    text = "汉寿、石门两县分别建设托育综合服务中心3所和1所，其余县（市）各建成1所以上。"
    assert read(text, "kind", "place", "per", "count", "at_least") == [
        ("allotment", "汉寿", None, 3, False),
        ("allotment", "石门", None, 1, False),
        ("coverage", None, "county", 1, True),
    ]


@pytest.mark.parametrize(
    ("text", "place", "count"),
    [
        ("汉寿、石门、澧县3个县殡仪馆易地新建。", "汉寿", 1),
        ("新增2处殡仪服务站，分别位于河西镇和沙河镇。", "河西镇", 1),
        ("环东湖、环月亮湖各建健康步道1条。", "东湖", 1),
        ("规划建设枫林、白沙、柳溪等5个乡镇敬老院。", "枫林", 1),
    ],
)
def test_each_listed_place_is_an_allotment(text, place, count):
    found = read(text, "kind", "place", "count")
    assert len(found) >= 2
    assert {kind for kind, _, _ in found} == {"allotment"}
    assert found[0][1:] == (place, count)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("公益性公墓每县（市、区）1处以上。", ("county", 1, True)),
        ("敬老院实现一镇一所。", ("township", 1, False)),
        ("县有老年公寓。", ("county", None, False)),
        ("每3个行政村建设不少于1个农村幸福院。", ("village", 1, True)),
        ("县（市）均建有一座标准化殡仪馆。", ("county", 1, False)),
    ],
)
def test_a_unit_may_stand_before_or_behind_what_each_gets(text, expected):
    assert read(text, "kind", "per", "count", "at_least") == [("coverage", *expected)]


def test_a_level_before_a_counted_noun_is_no_rule_for_every_unit():
    text = "全县新建县级养老服务中心1个、乡镇敬老院6所。"
    assert read(text, "category", "kind", "count") == [
        ("elderly_institution", "quota", 1),
        ("elderly_institution", "quota", 6),
    ]


def test_a_number_counts_again_what_stands_before_it():
    text = "新建公办幼儿园二十八所、改扩建十五所，2024年起每年改造不少于3所。\n\n公办小学：新建5所、迁建2所。"
    assert read(text, "category", "count", "action", "at_least") == [
        ("kindergarten", 28, "new", False),
        ("kindergarten", 15, "expand", False),
        ("kindergarten", 3, "upgrade", True),
        ("primary_school", 5, "new", False),
        ("primary_school", 2, "relocate", False),
    ]


@pytest.mark.parametrize(
    ("text", "name", "action", "year"),
    [
        ("县殡仪馆择址另建。", "县殡仪馆", "relocate", None),
        ("县殡仪馆火化车间改造。", "县殡仪馆火化车间", "upgrade", None),
        ("县老年公寓二期抓紧建设。", "县老年公寓二期", "new", None),
        ("青龙镇敬老院列入首批改造计划。", "青龙镇敬老院", "upgrade", None),
        ("白石镇中心幼儿园2023年秋季开园。", "白石镇中心幼儿园", "new", 2023),
        ("县中医医院门诊综合楼2024年投用。", "县中医医院门诊综合楼", "new", 2024),
        ("县第二中医院整体搬迁至东城新区。", "县第二中医院", "relocate", None),
        ("续建实验中学。", "实验中学", "continue", None),
    ],
)
def test_what_is_done_may_stand_behind_the_name(text, name, action, year):
    assert read(text, "kind", "name", "action", "year") == [("site", name, action, year)]


def test_an_item_keeps_the_year_in_its_own_bracket():
    text = "迁建县实验幼儿园（2022年）、扩建县第三幼儿园（2023年）、新建县第五幼儿园。"
    assert read(text, "name", "year") == [("县实验幼儿园", 2022), ("县第三幼儿园", 2023), ("县第五幼儿园", None)]


def test_a_year_at_the_end_is_that_of_all_before_it():
    assert read("县殡仪馆迁建、县光荣院改造两项工程于2024年底前投用。", "year") == [(2024,), (2024,)]
    assert read("新建敬老院4所、殡仪服务站2处，均于2023年年底前完成。", "year") == [(2023,), (2023,)]
    assert read("2021—2023年新建公厕30座，2021—2025年新建公墓2处。", "year") == [(2023,), (None,)]


def test_what_an_existing_hospital_becomes_is_no_new_site():
    assert read("依托县人民医院建设区域医疗中心。", "kind") == [("intent",)]


def test_a_floor_area_and_what_is_lacking_are_no_numbers_of_facilities():
    assert read("每个社区设置不低于200平方米的养老服务站。", "per", "count") == [("community", None)]
    assert read("全县尚缺殡仪服务站3处。", "count") == []


def test_items_behind_marks_are_each_a_promise():
    text = "【专栏2 养老工程】\n◆ 青龙镇敬老院改造提升\n◆ 新建农村幸福院80个\n3.1 学有所教\n① 新建城北小学\n② 易地新建县职教中心\n"
    assert read(text, "line", "kind", "name", "count") == [
        (2, "site", "青龙镇敬老院", 1),
        (3, "quota", None, 80),
        (5, "site", "城北小学", 1),
        (6, "site", "县职教中心", 1),
    ]


def test_names_behind_a_number_of_schools_are_the_sites():
    assert read("新开办3校：城东幼儿园、河西幼儿园、南岸小学。", "kind", "name") == [
        ("site", "城东幼儿园"),
        ("site", "河西幼儿园"),
        ("site", "南岸小学"),
    ]


TABLE = [("县区", "敬老院（所）", "日间照料中心（个）"), ("清河县", "3", "20"), ("临西县", "-", "15")]


@pytest.mark.parametrize(("turned", "between"), [(False, "\t"), (False, "\n"), (True, "\t")])
def test_a_table_of_places_gives_each_place_its_numbers(turned, between):
    rows = list(zip(*TABLE, strict=True)) if turned else TABLE
    text = "表3 建设任务\n" + "\n".join(between.join(row) for row in rows) + "\n"
    assert sorted(read(text, "kind", "category", "place", "count")) == [
        ("allotment", "elderly_day_care", "临西县", 15),
        ("allotment", "elderly_day_care", "清河县", 20),
        ("allotment", "elderly_institution", "清河县", 3),
    ]


def test_a_project_of_a_table_has_the_place_and_year_of_its_row():
    text = (
        "附表 项目表\n序号\t项目名称\t建设地点\t规模\t建设年限\n"
        "1\t清河县殡仪馆迁建项目\t清河县葛庄镇\t火化炉4台\t2022-2024\n2\t县体育中心\t临西县\t80亩\t2023年\n"
    )
    assert read(text, "name", "place", "year") == [
        ("清河县殡仪馆", "葛庄镇", 2024),
        ("县体育中心", "临西县", 2023),
    ]


def test_an_indicator_may_have_its_unit_in_a_cell_of_its_own():
    text = "表1 指标\n序号\t指标\t单位\t2020年\t2025年\n1\t体育公园\t个\t2\t8\n2\t护理型床位占比\t%\t40\t55\n"
    assert read(text, "category", "kind", "count", "unit") == [("sports_park", "quota", 8, "个")]


def test_a_list_of_projects_goes_on_behind_a_semicolon():
    text = "重点建设项目：县殡仪馆；城东幼儿园；县体育馆。"
    assert read(text, "kind", "name") == [("site", "县殡仪馆"), ("site", "城东幼儿园"), ("site", "县体育馆")]


def test_a_number_by_years_is_a_number_for_each_year():
    text = "一是改扩建敬老院，其中2022年3所、2023年4所；二是每乡镇建公墓1处。"
    assert read(text, "kind", "per", "count", "year")[1:] == [
        ("quota", None, 3, 2022),
        ("quota", None, 4, 2023),
        ("coverage", "township", 1, None),
    ]


def test_a_row_of_a_table_says_what_is_done_and_how_many():
    text = "专栏3 项目\n序号\t项目名称\t建设性质\t规模\t年限\n1\t县殡仪馆\t迁建\t火化机4台\t2022-2024\n2\t乡镇敬老院\t改扩建\t6所\t2023\n"
    assert read(text, "kind", "name", "count", "action", "year") == [
        ("site", "县殡仪馆", 1, "relocate", 2024),
        ("quota", None, 6, "expand", 2023),
    ]


def test_an_indicator_table_may_have_one_cell_a_line():
    rows = [("指标", "单位", "2020年", "2025年"), ("体育公园", "个", "2", "8"), ("公益性公墓", "处", "1", "6")]
    text = "表1 主要指标\n" + "\n".join("\n".join(row) for row in rows) + "\n"
    assert read(text, "category", "kind", "count") == [
        ("sports_park", "quota", 8),
        ("columbarium_cemetery", "quota", 6),
    ]
