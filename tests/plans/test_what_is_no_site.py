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
