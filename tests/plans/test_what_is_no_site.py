"""What only looks like a promise of a facility: slogans, sums, what is merged, what stands behind a list or before it."""

import pytest

from service_map.plans import extract


def read(text, *fields):
    return [tuple(getattr(item, field) for field in fields) for item in extract(text, plan="p")]


def firm(text):
    return [item for item in extract(text, plan="p") if item.kind != "intent"]


@pytest.mark.parametrize(
    "text",
    [
        "推动“三个课堂”在广大中小学校常态化应用。",
        "构建“一核、两带、三片”的医院发展格局。",
        "针对白石片区医院、学校、公园配套滞后的现状，打通滨河路。",
        "依托新建成的县技工学校，开展技能培训。",
        "河东学院：组建4个教学创新团队。",
    ],
)
def test_a_slogan_a_background_or_another_thing_counted_promises_nothing(text):
    assert firm(text) == []


def test_what_several_schools_are_merged_into_is_one_site_and_they_are_none():
    text = "白石一中和白石财贸学校整合为白石职业学校、白石师范学校和河东师范学校合并为河东师范学院、白石开放大学搬迁至云峰职教城。"
    assert read(text, "kind", "name", "action", "place") == [
        ("site", "白石职业学校", "unspecified", None),
        ("site", "河东师范学院", "unspecified", None),
        ("site", "白石开放大学", "relocate", "云峰职教城"),
    ]


def test_a_number_behind_as_many_names_counts_them_and_is_no_record():
    text = "新建白石护理学院、河东艺术学院、清溪建筑学院三所高职院校。"
    assert read(text, "kind", "count") == [("site", 1)] * 3


def test_projects_behind_an_opening_word_are_sites_with_what_is_done_to_them():
    text = "抓紧包括白石县救助管理站新建项目、清溪县烈士陵园改造项目等关爱困难群体的工程。"
    assert read(text, "kind", "name", "action") == [
        ("site", "白石县救助管理站", "new"),
        ("site", "清溪县烈士陵园", "upgrade"),
    ]
    text = "中小学新建、改扩建项目共65项，包括白石北山小学、白石南山小学等。"
    assert read(text, "name", "action")[1:] == [("白石北山小学", "mixed"), ("白石南山小学", "mixed")]


def test_parts_told_in_a_sentence_of_their_own_have_the_place_of_their_total():
    text = "中心城区拟建小学5所。其中：2021年拟建小学3所；2022年拟建小学2所。"
    assert read(text, "count", "place") == [(5, "中心城区"), (3, "中心城区"), (2, "中心城区")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("专栏 项目\n1. 白石镇中心幼儿园分园项目\n", "白石镇中心幼儿园分园"),
        ("新建白石市传染病医院（四医院）。", "白石市传染病医院（四医院）"),
        ("完成白石通用机场建成通航任务。", "白石通用机场"),
    ],
)
def test_a_name_ends_where_the_plan_ends_it(text, name):
    assert read(text, "kind", "name") == [("site", name)]


@pytest.mark.parametrize(
    "text",
    [
        "深入推进白石医院、清溪医院、河东中医院三大医疗集团建设。",
        "进一步提升白石中学、清溪中学等高中教育质量和竞争力。",
        "加强2所本科院校和5所高职院校重点学科建设。",
        "完成好有关县区通用机场建设。",
        "统筹实施交通改善、景观提升、水体治理、古堡活化利用等工程。",
        "结合城镇老旧小区改造等城市更新工作，增加公共活动空间。",
        "合作共建产业学院、企业学院。",
    ],
)
def test_members_of_a_group_works_and_classes_are_no_sites(text):
    assert firm(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全市义务教育学校教学设施、生活设施全部达到省定标准。", ("school", "upgrade", None)),
        ("到2025年，全部完成老旧小区改造。", ("residential_compound", "upgrade", None)),
        ("新建商品住房项目配建不低于5%的公共租赁住房。", ("residential_compound", "new", None)),
        ("县（市、区）都有康复中心。", ("county", "unspecified", None)),
        ("推动市县镇村四级公共法律服务中心全覆盖。", ("village", "unspecified", None)),
        ("各县（市、区）县城每年新建幼儿园、中小学1-3所。", ("county", "new", "县城")),
    ],
)
def test_a_rule_may_stand_without_the_word_every(text, expected):
    assert read(text, "kind", "per", "action", "locality") == [("coverage", *expected)]


def test_each_of_a_list_holds_for_every_unit_with_or_without_a_number():
    text = "每个县（区）建成1个公共体育场馆、1个体育公园、具有一定规模的全民健身中心。"
    assert read(text, "category", "kind", "count")[:2] == [("stadium", "coverage", 1), ("sports_park", "coverage", 1)]


def test_an_institution_before_a_colon_is_where_what_follows_stands():
    text = "河东学院：建成河东教育文化展览馆，建设专业实训室8个。"
    assert read(text, "kind", "name", "count", "locality") == [
        ("site", "河东教育文化展览馆", 1, "河东学院"),
        ("quota", None, 8, "河东学院"),
    ]


def test_a_name_may_be_followed_by_where_it_is_built():
    assert read("完成白石医学院和平医院在丹河新城的新建工程。", "name", "place") == [("白石医学院和平医院", "丹河新城")]


def test_the_one_centre_of_an_institution_is_a_site_without_a_name_of_its_own():
    text = "河东护理学院：建立口腔护理中心，建成智慧护理实训室，改善实训场所。"
    assert read(text, "kind", "name", "locality")[:2] == [
        ("site", "口腔护理中心", "河东护理学院"),
        ("site", "智慧护理实训室", "河东护理学院"),
    ]


def test_a_part_of_a_school_set_up_in_listed_places_is_one_in_each():
    text = "推动白石县、清溪县等特殊教育学校设立高中部。"
    assert read(text, "kind", "place", "count", "noun") == [
        ("allotment", "白石县", 1, "高中部"),
        ("allotment", "清溪县", 1, "高中部"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("农村公益性公墓乡镇、村全覆盖。", [("township", None, "unspecified"), ("village", None, "unspecified")]),
        (
            "在人口密集、交通便利的县（市、区）利用现有设施改建，或新建救助管理站。",
            [("county", "人口密集、交通便利的县（市、区）", "new")],
        ),
        (
            "在人口1万人以上的城市社区，采取改造或新建的办法，配置养老服务场所。",
            [("community", "人口1万人以上的城市社区", "mixed")],
        ),
    ],
)
def test_a_rule_tells_its_units_its_condition_and_its_means(text, expected):
    assert read(text, "per", "condition", "action") == expected


def test_a_condition_ends_where_the_sentence_turns_to_the_whole_city():
    text = "30万以上人口的县要建特殊教育学校，全市各类特教学校达到省定标准。"
    assert read(text, "per", "condition")[1:] == [("school", None)]


def test_at_least_before_the_verb_holds_for_the_whole_list():
    assert read("每县至少建有体育场1个、全民健身中心1个。", "count", "at_least") == [(1, True), (1, True)]


def test_a_move_at_the_end_of_a_list_is_not_what_is_done_to_the_others():
    text = "新建白石职业学校、清溪开放大学搬迁至云峰职教城。"
    assert read(text, "name", "action") == [("白石职业学校", "new"), ("清溪开放大学", "relocate")]


@pytest.mark.parametrize(
    "text",
    [
        "加强市、县疾病预防控制中心建设。",
        "推进白石新城义务教育学校建设。",
        "加强区域医疗中心建设。",
        "巩固“农村体育场所全覆盖”工程。",
        "推进城市居住社区、新建住宅小区、老旧小区改造养老服务设施建设。",
    ],
)
def test_those_of_two_levels_or_of_a_place_are_a_type_and_no_site(text):
    assert firm(text) == []


def test_a_number_of_one_sentence_does_not_wait_for_a_noun_of_the_next():
    text = "实施老旧小区改造15个，惠及1800户；筹集保障性租赁住房500套。"
    assert read(text, "category", "count") == [("renovation", 15), ("public_rental", 500)]


def test_of_a_county_and_a_town_in_it_the_town_is_the_place():
    text = "建设盐湖东郭、河津小梁等2个运动休闲特色小镇。盐湖区和河津市共建。"
    assert read(text, "kind", "place") == [("allotment", "东郭"), ("allotment", "小梁")]
