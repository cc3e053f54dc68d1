"""Forms of plans in invented sentences: numbers in turn, units, lists of places, project rows, what only grows."""

import pytest

from service_map.plans import extract


def read(text, *fields):
    return [tuple(getattr(item, field) for field in fields) for item in extract(text, plan="p")]


@pytest.mark.parametrize(
    "text",
    [
        "白石镇、青龙镇分别新建3处、2处公益性公墓。",
        "白石镇、青龙镇分别新建公益性公墓3处和2处。",
    ],
)
def test_numbers_in_turn_may_stand_before_or_behind_the_noun(text):
    assert read(text, "kind", "place", "count") == [("allotment", "白石镇", 3), ("allotment", "青龙镇", 2)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("回龙、东城、登科街道各新建1所社区卫生服务中心。", ["回龙", "东城", "登科街道"]),
        ("在清河县白石镇、临西县青龙镇各建1所敬老院。", ["清河县白石镇", "临西县青龙镇"]),
        ("在白石镇、青龙镇建设公益性公墓各1处。", ["白石镇", "青龙镇"]),
        ("对柳河、泉沟等乡镇敬老院进行消防改造。", ["柳河", "泉沟"]),
        ("在明溪、清流、宁化三县各新建县级体育公园1个。", ["明溪", "清流", "宁化"]),
    ],
)
def test_each_of_several_places_gets_its_own(text, places):
    assert read(text, "kind", "place", "count") == [("allotment", place, 1) for place in places]


@pytest.mark.parametrize(
    ("text", "name", "action"),
    [
        ("县妇幼保健院启动达标改造。", "县妇幼保健院", "upgrade"),
        ("县图书馆达到国家一级馆标准。", "县图书馆", "upgrade"),
        ("县社会福利院新增床位80张。", "县社会福利院", "expand"),
        ("县殡仪馆由现址搬迁至城东。", "县殡仪馆", "relocate"),
        ("建成县儿童医院并投入使用。", "县儿童医院", "new"),
        ("市中医院城南医院抓紧建设。", "市中医院城南医院", "new"),
        ("加快县体育馆“两场一馆”建设，2024年竣工。", "县体育馆", "new"),
    ],
)
def test_a_named_house_may_have_its_act_further_behind(text, name, action):
    assert read(text, "kind", "name", "action")[0] == ("site", name, action)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全市11个县（市、区）全部建成残疾人康复中心。", [("coverage", "county")]),
        ("市级和各县（区）分别建设1所托育综合服务中心。", [("quota", None), ("coverage", "county")]),
        ("每个乡镇至少有1处公益性公墓或骨灰楼。", [("coverage", "township")]),
        ("50%以上的中心镇建有1片足球场。", [("coverage", "township")]),
        ("6000人口以上的小区至少配建1所幼儿园。", [("coverage", "residential_compound")]),
    ],
)
def test_a_rule_names_its_unit_in_many_ways(text, expected):
    assert read(text, "kind", "per") == expected


@pytest.mark.parametrize(
    "text",
    [
        "各县（区）要把健身场地设施建设纳入国民经济和社会发展规划。",
        "新增经营性公墓0座。",
    ],
)
def test_what_is_only_planned_for_or_none_at_all_is_no_promise(text):
    assert [kind for (kind,) in read(text, "kind") if kind != "intent"] == []


def test_what_is_measured_against_is_not_built():
    text = "青龙镇中心卫生院按二级综合医院标准改扩建。"
    assert read(text, "category", "name", "action") == [("township_health_centre", "青龙镇中心卫生院", "expand")]


def test_a_house_that_every_street_has_is_one_of_the_community():
    assert read("每个街道建成1个养老服务综合体。", "category") == [("elderly_community",)]
    assert read("新建县级养老服务综合体1个。", "category") == [("elderly_institution",)]


def test_listed_estates_are_each_renewed_whatever_words_their_names_hold():
    text = "改造纺织厂宿舍、建设路小区、广场片区等85个老旧小区。"
    assert read(text, "kind", "name") == [("site", "纺织厂宿舍"), ("site", "建设路小区"), ("site", "广场片区")]


def test_a_row_counts_what_its_name_says_and_its_sizes_are_no_promises():
    text = (
        "重点项目清单\n序号\t类别\t项目名称\t建设内容\t建设年限\t责任单位\n"
        "1\t卫生\t社区卫生服务中心建设\t新建3所、改造5所\t2022-2024\t县中心医院\n"
        "2\t\t滨江体育公园\t占地90亩，含足球场2片、篮球场6片\t2023\t县体育馆\n"
    )
    assert read(text, "kind", "name", "count", "action", "year") == [
        ("quota", None, 3, "new", 2024),
        ("quota", None, 5, "upgrade", 2024),
        ("site", "滨江体育公园", 1, "unspecified", 2023),
    ]


def test_an_indicator_table_may_call_its_years_base_and_target():
    rows = [
        ("指标", "单位", "基期值（2020年）", "目标值（2025年）"),
        ("足球场", "块", "4", "9"),
        ("体育公园", "个", "2", "8"),
    ]
    text = "\n".join("\n".join(row) for row in rows) + "\n"
    assert read(text, "category", "kind", "count") == [("football_field", "quota", 9), ("sports_park", "quota", 8)]


def test_a_numbered_line_that_goes_on_in_the_next_is_no_heading():
    text = "专栏4 重点工程\n1. 托育设施建设工程：建设县级托育综合服务中心 1 个，托育服务\n指导中心 7 个。\n"
    assert read(text, "kind", "count") == [("quota", 1), ("quota", 7)]
