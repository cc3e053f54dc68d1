"""More forms of the language of plans, in sentences made for the test: numbers, lists, tables and what is no promise."""

import pytest

from service_map.plans import extract


def read(text, *fields):
    return [tuple(getattr(item, field) for field in fields) for item in extract(text, plan="p")]


def firm(text):
    return [(item.category, item.kind, item.count) for item in extract(text, plan="p") if item.kind != "intent"]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("建设长者共享餐厅6处。", "elderly_community"),
        ("新建婴幼儿照护服务指导中心2个。", "nursery"),
        ("新建失智老人照护中心2所。", "elderly_institution"),
        ("布设环湖健身步道18公里。", "trail"),
        ("建成气排球场地12片。", "fitness_square"),
        ("建设节地生态安葬示范区3处。", "columbarium_cemetery"),
        ("建设集中治丧服务中心4处。", "funeral_home"),
        ("设立未成年人关爱驿站20个。", "child_welfare"),
        ("建设精神障碍社区康复服务站9个。", "mental_welfare"),
        ("打造返乡创业孵化基地3家。", "employment"),
        ("建成避灾安置点16处。", "shelter_fire"),
        ("建设电动汽车充换电示范站8座。", "parking_charging"),
        ("建设新市民租赁公寓400套。", "public_rental"),
    ],
)
def test_a_noun_made_of_a_field_and_a_kind_of_place_needs_no_entry_of_its_own(text, category):
    (found,) = extract(text, plan="p")
    assert (found.category, found.kind) == (category, "quota")


@pytest.mark.parametrize(
    "text",
    ["避难场所由2处增至5处。", "养老床位总数达到2.4万张。", "日间照料中心总数突破40家。", "全市幼儿园总数达到37所。"],
)
def test_a_total_that_counts_what_stands_promises_nothing(text):
    assert [kind for (kind,) in read(text, "kind") if kind != "intent"] == []


@pytest.mark.parametrize(
    ("text", "count", "action"),
    [
        ("农贸市场升级十八家。", 18, "upgrade"),
        ("急救分站新添两座。", 2, "new"),
        ("零工驿站布设10家。", 10, "new"),
        ("“暖心驿站”布点三十个。", 30, "new"),
        ("社区卫生服务站新（改）建11个。", 11, "unspecified"),
        ("公共停车场（8处，1600个泊位）建设。", 8, "new"),
        ("改造乡镇卫生院近20所。", 20, "upgrade"),
        ("健身步道总里程达到300公里。", 300, "unspecified"),
    ],
)
def test_a_number_behind_a_noun_is_read_over_what_is_done(text, count, action):
    found = read(text, "kind", "count", "action")
    assert [item[:2] for item in found] == [("quota", count)]
    assert found[0][2] in (action, "mixed")


@pytest.mark.parametrize(
    ("text", "name", "action"),
    [
        ("县妇幼保健院与计生服务站整合后异地新建。", "县妇幼保健院", "relocate"),
        ("东渡镇卫生院按二级医院标准提升改造。", "东渡镇卫生院", "upgrade"),
        ("县图书馆完成适老化和无障碍改造。", "县图书馆", "upgrade"),
        ("县体育中心完成赛后惠民改造。", "县体育中心", "upgrade"),
        ("县殡仪馆火化设备更新。", "县殡仪馆", "upgrade"),
        ("县疾控中心完善实验室条件。", "县疾控中心", "upgrade"),
        ("县救助管理站合址新建。", "县救助管理站", "new"),
        ("县博物馆东扩。", "县博物馆", "expand"),
        ("推动州儿童福利院转型为未成年人救助保护中心。", "州儿童福利院", "upgrade"),
        ("建成区级应急物资储备库。", "区级应急物资储备库", "new"),
        ("县中医院新院区正在建设。", "县中医院新院区", "new"),
        ("市妇幼保健院产科综合楼列入市级重点项目。", "市妇幼保健院产科综合楼", "new"),
    ],
)
def test_what_stands_between_a_name_and_its_act_hides_neither(text, name, action):
    assert ("site", name, action) in read(text, "kind", "name", "action")


def test_a_clause_without_a_noun_speaks_of_what_was_named_before():
    text = "推进城市公益性公墓建设，实现县（区）全覆盖。铺设健身步道60公里，每个县（市、区）新增不少于5公里。"
    assert read(text, "kind", "per", "count", "at_least") == [
        ("intent", None, None, False),
        ("coverage", "county", None, False),
        ("quota", None, 60, False),
        ("coverage", "county", 5, True),
    ]
    assert read("到2022年，社区老年食堂达到12家；到2025年，达到30家。", "count", "year") == [(12, 2022), (30, 2025)]


def test_what_stands_already_is_named_for_what_is_added_to_it():
    assert firm("现有敬老院12所，规划期内撤并4所、改造提升8所。") == [("elderly_institution", "quota", 8)]
    assert firm("目前已建成幼儿园30所，到2025年再建20所。") == [("kindergarten", "quota", 20)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每镇至少办1家托育园，河东街道、城中街道分别再添3家和2家。", [("河东街道", 3), ("城中街道", 2)]),
        (
            "布点公办园9所：城区5所，河西开发区2所，洋口镇、大豫镇各1所。",
            [("城区", 5), ("河西开发区", 2), ("洋口镇", 1), ("大豫镇", 1)],
        ),
        ("公办幼儿园：东湖区2所，西湖区3所。", [("东湖区", 2), ("西湖区", 3)]),
        ("马塘、丰利、长岗三镇各布局1座全民健身中心。", [("马塘", 1), ("丰利", 1), ("长岗", 1)]),
        ("城东、城南、城北分别建设一处殡仪服务站。", [("城东", 1), ("城南", 1), ("城北", 1)]),
        ("大豫、曹埠、新店三所卫生院分别改造、扩建、易地新建。", [("大豫", 1), ("曹埠", 1), ("新店", 1)]),
        ("云田、碧岩、德兴乡镇卫生院改造。", [("云田", 1), ("碧岩", 1), ("德兴", 1)]),
        ("在主城区新建2处、县城新建1处全民健身中心。", [("主城区", 2), ("县城", 1)]),
        ("河东区和高新区各2处社会足球场。", [("河东区", 2), ("高新区", 2)]),
    ],
)
def test_numbers_and_places_find_each_other(text, expected):
    assert [item for item in read(text, "place", "count") if item[0]] == expected


def test_numbers_behind_a_list_belong_to_its_nouns_in_turn():
    text = "幼儿园、小学、初中分别新建5所、3所、2所。"
    assert read(text, "category", "count") == [("kindergarten", 5), ("primary_school", 3), ("middle_school", 2)]


def test_each_level_has_its_number_of_one_noun():
    assert read("建成1个市级、6个县级、80个乡级综合养老服务中心。", "kind", "count") == [
        ("quota", 1),
        ("quota", 6),
        ("quota", 80),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("公益性公墓实现乡乡有。", ("columbarium_cemetery", "township", None)),
        ("体育公园覆盖全部县（市、区）。", ("sports_park", "county", None)),
        ("“残疾人之家”每镇1—2家。", ("disability", "township", 1)),
        ("镇级公益性公墓（骨灰堂）2023年前一镇一处。", ("columbarium_cemetery", "township", 1)),
        ("每2—3个社区共建1处健身广场。", ("fitness_square", "community", 1)),
        ("常住人口4000人以上的村独立建园。", ("kindergarten", "village", None)),
        ("居住区每百户配建不少于20平方米养老服务用房。", ("elderly_community", "residential_compound", None)),
        ("三分之二以上的行政村建成综合文化服务中心。", ("cultural_centre", "village", None)),
    ],
)
def test_more_rules_for_every_unit(text, expected):
    assert read(text, "category", "per", "count", "kind") == [(*expected, "coverage")]


def test_names_are_sites_behind_a_verb_and_a_colon_and_before_a_sum_of_projects():
    text = "改扩建：县福利院、青山镇敬老院。加快县第三幼儿园、县第四小学等一批教育项目建设。"
    assert read(text, "kind", "name", "action") == [
        ("site", "县福利院", "expand"),
        ("site", "青山镇敬老院", "expand"),
        ("site", "县第三幼儿园", "new"),
        ("site", "县第四小学", "new"),
    ]


def test_a_list_of_projects_has_headings_and_labels_of_its_own():
    text = (
        "清河县重点项目清单\n一、教育类\n1.县第五小学（新建，36班）\n2.县第二高级中学（迁建，60班）\n"
        "二、其他\n养老托育　清河县社会福利院二期；白石镇托育中心；\n"
    )
    assert read(text, "name", "action") == [
        ("县第五小学", "new"),
        ("县第二高级中学", "relocate"),
        ("清河县社会福利院二期", "unspecified"),
        ("白石镇托育中心", "unspecified"),
    ]


HEAD = ("项目名称", "建设性质", "起止年限")
ROWS = [("清河县殡仪馆", "迁建", "2021—2023年"), ("白石镇敬老院", "改扩建", "2022—2024年")]
SAID = [("清河县殡仪馆", "relocate", 2023), ("白石镇敬老院", "expand", 2024)]


@pytest.mark.parametrize(
    "text",
    [
        "附：项目库\n" + "\n".join("\n".join(row) for row in [HEAD, *ROWS]) + "\n",
        "附：项目库\n" + "\n".join("\t".join(row) for row in [HEAD, *ROWS]) + "\n",
        "附：项目库\n|" + "|\n|".join("|".join(row) for row in [HEAD, ("---",) * 3, *ROWS]) + "|\n",
    ],
    ids=["one cell a line", "tabs", "Markdown"],
)
def test_a_table_of_projects_says_the_same_in_any_layout(text):
    assert read(text, "name", "action", "year") == SAID


def test_a_table_ends_where_text_begins():
    text = "表3 任务（处）\n县区\t敬老院（所）\n清河县\t3\n临西县\t2\n"
    behind = "\n（二）殡葬\n新建公墓2处。\n"
    assert read(text + behind, "category", "place", "count") == [
        ("elderly_institution", "清河县", 3),
        ("elderly_institution", "临西县", 2),
        ("columbarium_cemetery", None, 2),
    ]


def test_a_box_ends_where_the_numbers_of_the_headings_go_on():
    text = "4 学在清河\n专栏1 工程\n县第一小学。\n5 健康清河\n推行医师多点执业，县人民医院、县中医院试行预约诊疗。\n"
    assert firm(text) == [("primary_school", "site", 1)]


def test_a_year_may_be_written_in_chinese_figures():
    assert read("到二〇二三年，新建敬老院2所。", "year") == [(2023,)]


@pytest.mark.parametrize(
    "text",
    [
        "1 回望五年\n新开办幼儿园11所，建成日间照料中心14家。\n",
        "2020年，全市建成城市书房8家，改造老旧小区56个。",
        "2016年以来，先后建成县文化馆、县图书馆。",
        "经过五年努力，县体育馆相继建成开放，新增健身步道46公里。",
        "全市已形成三级网络，建成街道综合养老服务中心12家。",
        "评定星级养老机构20家，创建省级示范性日间照料中心10个。",
        "全市A级景区达到30家。",
        "推进120所幼儿园结对帮扶。",
        "为80所学校配齐心理健康教师。",
        "新增家庭养老床位1500张。",
        "完成8家敬老院公建民营。",
        "建设云上图书馆1个。",
    ],
)
def test_achievements_titles_and_measures_for_what_stands_are_no_commitments(text):
    assert firm(text) == []


def test_the_beds_of_a_named_facility_are_no_promise_of_their_own():
    assert firm("新建县托育综合服务中心，建筑面积3600平方米，托位150个。") == [("nursery", "site", 1)]


def test_a_general_word_belongs_to_what_the_heading_or_the_bracket_says():
    text = "（一）普通高中\n青山中学改扩建。\n（二）义务教育\n白石中学改扩建，县第三人民医院（传染病医院）改造。\n"
    assert read(text, "category") == [("high_school",), ("middle_school",), ("infectious_hospital",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("新筹集公租房1,200套。", (1200, "套", False)),
        ("敬老院≥3所。", (3, "所", True)),
        ("每镇≥1处公益性公墓。", (1, "处", True)),
    ],
)
def test_numbers_with_marks_of_tables_are_read(text, expected):
    assert read(text, "count", "unit", "at_least") == [expected]


def test_items_behind_dashes_and_stars_are_each_whole():
    assert read("* 新建殡仪馆1座\n* 迁建敬老院2所\n", "count", "action") == [(1, "new"), (2, "relocate")]


def test_numbers_of_a_later_clause_belong_to_the_nouns_of_the_one_before():
    text = "建设幼儿园、小学、消防站等设施，到2025年分别达到12所、30所、8座。"
    assert read(text, "category", "count", "year") == [
        ("kindergarten", 12, 2025),
        ("primary_school", 30, 2025),
        ("shelter_fire", 8, 2025),
    ]


def test_a_year_behind_a_noun_is_that_of_what_stands_before_it_and_one_in_a_heading_that_of_all():
    text = "市康复中心2022年底前建成并投入使用，平邑县养老院加快建设。"
    assert read(text, "name", "year") == [("市康复中心", 2022), ("平邑县养老院", None)]
    assert read("2023年计划：新建幼儿园2所、改造敬老院3所。", "count", "year") == [(2, 2023), (3, 2023)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("沿柳江两岸铺设健身绿道18公里。", "柳江"),
        ("清溪县城北安置区：配建幼儿园1所。", "清溪县城北安置区"),
        ("县殡仪馆由城区迁至青山镇。", "青山镇"),
    ],
)
def test_more_ways_to_say_where(text, place):
    assert read(text, "place") == [(place,)]


def test_a_cell_of_the_row_that_begins_with_an_act_says_what_is_done():
    text = "表1 项目\n序号\t项目名称\t建设内容\t年限\n1\t清河县第六幼儿园\t新建，12个班\t2022\n2\t白石镇敬老院\t提升改造，床位80张\t2023\n"
    assert read(text, "action", "year") == [("new", 2022), ("upgrade", 2023)]


def test_what_a_plan_builds_on_is_no_promise_but_what_is_added_is():
    assert firm("在现有8个区域养老服务中心基础上，再新建4个。") == [("elderly_institution", "quota", 4)]


def test_a_list_of_ordinals_names_one_facility_each():
    text = "新建清河县第五、第六小学，县第一、第二敬老院消防设施改造。"
    assert read(text, "kind", "name", "action") == [
        ("site", "清河县第五小学", "new"),
        ("site", "清河县第六小学", "new"),
        ("site", "县第一敬老院", "upgrade"),
        ("site", "县第二敬老院", "upgrade"),
    ]
