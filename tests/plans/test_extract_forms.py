"""Each form in which plans promise facilities, in sentences made for the test."""

import pytest

from service_map.plans import explain, extract


def read(text, *fields):
    return [tuple(getattr(item, field) for field in fields) for item in extract(text, plan="p")]


def test_a_number_before_and_behind_the_noun_counts_it_and_the_verb_carries_over_the_list():
    text = "新建、改扩建体育公园5个以上，全民健身中心两处，足球场10块，新建健身步道120公里。"
    assert read(text, "category", "count", "unit", "at_least", "action") == [
        ("sports_park", 5, "个", True, "mixed"),
        ("fitness_center", 2, "处", False, "mixed"),
        ("football_field", 10, "块", False, "mixed"),
        ("trail", 120, "公里", False, "new"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "推进清徐、阳曲、娄烦等3个县级殡仪馆建设。",
        "支持清徐、阳曲、娄烦三县各新建殡仪馆1座。",
        "在清徐县、阳曲县、娄烦县各建设一座殡仪馆。",
    ],
)
def test_a_list_of_places_gives_one_record_a_place(text):
    assert [(kind, place.rstrip("县"), count) for kind, place, count in read(text, "kind", "place", "count")] == [
        ("allotment", "清徐", 1),
        ("allotment", "阳曲", 1),
        ("allotment", "娄烦", 1),
    ]


def test_shares_of_a_number_are_one_record_a_place():
    text = "新建公办幼儿园15所，其中清徐县5所、阳曲县4所、娄烦县3所。"
    assert read(text, "kind", "place", "count") == [
        ("quota", None, 15),
        ("allotment", "清徐县", 5),
        ("allotment", "阳曲县", 4),
        ("allotment", "娄烦县", 3),
    ]
    shares = [("allotment", "清徐县", 5), ("allotment", "阳曲县", 4), ("allotment", "娄烦县", 3)]
    boxed = "新建公办幼儿园12所（清徐县5所、阳曲县4所、娄烦县3所）。"
    assert read(boxed, "kind", "place", "count") == [("quota", None, 12), *shares]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每个县（市、区）至少建成1所公办托育机构。", ("nursery", "county", 1, True)),
        ("原则上每个乡镇建设一处农村公益性公墓。", ("columbarium_cemetery", "township", 1, False)),
        ("实现县级公益性骨灰堂（公墓）全覆盖。", ("columbarium_cemetery", "county", None, False)),
        ("社区养老服务设施实现全覆盖。", ("elderly_community", "community", None, False)),
        ("新建住宅小区按标准配套建设幼儿园。", ("kindergarten", "residential_compound", None, False)),
        ("乡镇卫生院全部建成中医馆。", ("health_other", "township", None, False)),
    ],
)
def test_a_rule_for_every_unit_is_coverage(text, expected):
    assert read(text, "category", "per", "count", "at_least", "kind") == [(*expected, "coverage")]


def test_names_in_a_list_are_sites_with_the_place_they_hold():
    text = "新建阳曲县第二养老院、泥屯镇敬老院等一批养老机构，迁建市殡仪馆。"
    assert read(text, "category", "kind", "name", "place", "action") == [
        ("elderly_institution", "site", "阳曲县第二养老院", "阳曲县", "new"),
        ("elderly_institution", "site", "泥屯镇敬老院", "泥屯镇", "new"),
        ("funeral_home", "site", "市殡仪馆", None, "relocate"),
    ]


def test_names_in_brackets_take_the_heading_noun_and_its_act():
    text = "专栏2 重点项目\n\n幼儿园建设项目（云岭幼儿园、城关镇第二幼儿园），敬老院改造提升项目。"
    assert read(text, "kind", "name", "action") == [
        ("site", "云岭幼儿园", "new"),
        ("site", "城关镇第二幼儿园", "new"),
        ("intent", None, "upgrade"),
    ]


def test_estates_that_share_one_noun_are_each_a_site():
    text = "推进东湾、西坪等棚户区改造，对甲秀片区、电厂小区和铁路小区三个片区进行改造。"
    assert read(text, "category", "kind", "name", "action") == [
        ("renovation", "site", name, "upgrade") for name in ("东湾", "西坪", "甲秀片区", "电厂小区", "铁路小区")
    ]


def test_each_item_has_the_year_that_was_named_last_before_it():
    text = "2022年，新建小学2所；2023年，新建初中1所，到“十四五”末建成九年一贯制学校1所。"
    assert read(text, "category", "year") == [
        ("primary_school", 2022),
        ("middle_school", 2023),
        ("nine_year_school", 2025),
    ]
    assert read("“十四五”期间，新建殡仪馆1座，到2025年火化率达到60%。", "year") == [(None,)]


@pytest.mark.parametrize(
    "text",
    [
        "“十三五”期间，建成日间照料中心106个。",
        "第一章 发展基础\n\n全县新建敬老院3所。\n",
        "全县现有幼儿园46所，其中公办园21所。",
        "充分发挥县体育馆作用，开展全民健身活动。",
        "养老机构护理型床位占比达到55%以上。",
        "每千人口拥有3岁以下婴幼儿托位数达到4.6个。",
        "加强幼儿园教师队伍建设。",
        "提升养老机构服务质量。",
        "建成数字图书馆。",
        "目 录\n\n第一章 新建幼儿园5所......1\n第二章 新建公墓3处......2\n",
    ],
)
def test_what_stands_services_rates_and_contents_lists_are_no_commitments(text):
    assert [item for item in extract(text, plan="p") if item.kind != "intent"] == []


def test_a_type_with_a_soft_verb_is_an_intent():
    assert read("鼓励社会力量兴办养老机构、托育机构。", "category", "kind") == [
        ("elderly_institution", "intent"),
        ("nursery", "intent"),
    ]


def test_a_table_with_tabs_and_one_with_a_cell_a_line_say_the_same():
    rows = [("序号", "名称", "主要内容"), ("1", "殡葬工程", "新建公益性公墓3处，每个县区至少建设一座殡仪馆。")]
    tabbed = "第五节 殡葬\n" + "\n".join("\t".join(row) for row in rows) + "\n"
    stacked = "第五节 殡葬\n" + "\n".join("\n".join(row) for row in rows) + "\n"
    expected = [("columbarium_cemetery", "quota", 3, None), ("funeral_home", "coverage", 1, "county")]
    assert read(tabbed, "category", "kind", "count", "per") == expected
    assert read(stacked, "category", "kind", "count", "per") == expected


def test_an_indicator_table_gives_its_target():
    text = "表1 主要指标\n序号\t指标\t2020年\t2025年目标值\t属性\n1\t城镇老旧小区改造（个）\t--\t320\t预期性\n2\t养老机构床位占比（%）\t40\t55\t约束性\n"
    assert read(text, "category", "kind", "count", "unit", "year") == [("renovation", "quota", 320, "个", 2025)]


def test_a_second_mention_points_to_the_first():
    first, second = extract("新建云岭体育公园。\n\n专栏1 项目\n\n云岭体育公园建设项目。\n", plan="p")
    assert first.repeats is None
    assert second.repeats == first.id


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("每个村建设体育设施。", "每个村建设全民健身活动站。"),
        ("每个县建设1所公办养老院。", "30万以上人口的县每个县建设1所公办养老院。"),
        ("新建小学1所，2024年建成。", "新建小学1所，2025年建成。"),
        ("新建实训基地1个。", "新建实训室1个。"),
    ],
)
def test_another_thing_condition_or_year_is_another_promise(earlier, later):
    first, second = extract(f"{earlier}\n\n{later}\n", plan="p")
    assert (first.kind, first.count, first.per) == (second.kind, second.count, second.per)
    assert second.repeats is None


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("每个县建设1所公办养老院。", "到2025年，每个县建设1所养老院。"),
        ("新建城镇普惠幼儿园5所。", "新建普惠幼儿园5所，2024年建成。"),
    ],
)
def test_a_thing_said_more_shortly_or_without_its_year_is_the_same_promise(earlier, later):
    first, second = extract(f"{earlier}\n\n{later}\n", plan="p")
    assert second.repeats == first.id


def test_section_is_the_heading_above_as_the_text_spells_it():
    assert read("第二节 完善养老设施\n\n新建养老院2所。\n", "section") == [("第二节 完善养老设施",)]


def test_an_explanation_names_the_rule_the_verb_and_why_a_noun_was_left_out():
    found = explain("新建养老院2所，提升幼儿园保教质量水平。\n\n依托县体育馆建设健身步道。\n", plan="p")
    kept = [(item.commitment.category, item.rule, item.verbs) for item in found if item.commitment]
    assert kept == [("elderly_institution", "number", ("新建",)), ("trail", "type", ("建设",))]
    assert all(item.rejected for item in found if not item.commitment)
    assert {item.line for item in explain("新建养老院2所。\n新建公墓1处。\n", plan="p", line=2)} == {2}
