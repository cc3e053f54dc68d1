"""What a heading, a run-in type or a column of groups gives the records below, in invented text."""

import pytest

from service_map.plans import extract


def read(text, *fields):
    return [tuple(getattr(item, field) for field in fields) for item in extract(text, plan="p")]


def test_a_table_in_strokes_has_a_column_of_groups_that_says_what_is_done():
    text = (
        "# 学前教育项目清单\n\n"
        "| 类别 | 项目名称 | 地址 | 规模 | 开园时间 | 备注 |\n|---|---|---|---|---|---|\n"
        "| 新建公办园 | 柳林第一幼儿园 | 柳林街道文汇路与石桥路交口东北 | 12班 | 2026年9月 | - |\n"
        "|  | 石桥幼儿园 | 石桥街道 | 9班 | 2027年9月 | - |\n"
        "| 改扩建 | 青龙中心幼儿园 | 青龙镇 | 增加6班 | 2026年9月 | - |\n"
        "| 取消 | 北苑幼儿园 | 北苑街道 | 12班 | - | 生源减少 |\n"
        "| 撤并 | 泉沟幼儿园 | 青龙镇泉沟村 | - | - | 并入中心幼儿园 |\n"
        "| 合计 | 4所 |  | 39班 |  |  |\n"
    )
    assert read(text, "name", "action", "capacity", "year", "place") == [
        ("柳林第一幼儿园", "new", 12, 2026, "柳林街道"),
        ("石桥幼儿园", "new", 9, 2027, "石桥街道"),
        ("青龙中心幼儿园", "expand", 6, 2026, "青龙镇"),
        ("北苑幼儿园", "cancel", 12, None, "北苑街道"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "城市公益性公墓。规划新建2处，其中白石村1处，墓位2.4万个；青龙村1处，墓位1.6万个。",
            [(2, None, None), (1, "白石村", 24000), (1, "青龙村", 16000)],
        ),
        (
            "农村幸福院。规划改造8处，其中柳林镇3处、石桥镇5处。",
            [(8, None, None), (3, "柳林镇", None), (5, "石桥镇", None)],
        ),
        (
            "关于改造乡镇敬老院。今年安排的2所已经完工，下一步继续改造柳林镇、石桥镇2所。",
            [(1, "柳林镇", None), (1, "石桥镇", None)],
        ),
    ],
)
def test_a_type_before_a_full_stop_is_what_its_paragraph_counts(text, expected):
    assert read(text, "count", "place", "capacity") == expected


def test_parts_of_what_a_run_in_type_counts_are_parts_of_the_total():
    total, *parts = extract("农村幸福院。规划改造8处，其中柳林镇3处、石桥镇5处。", plan="p")
    assert {part.part_of for part in parts} == {total.id}


@pytest.mark.parametrize(
    ("heading", "place", "locality"),
    [
        ("二、青沙岛", "青沙岛", None),
        ("一、镇区", None, "镇区"),
        ("三、一般村", None, None),
        ("四、全县性设施", None, None),
    ],
)
def test_a_heading_that_is_a_place_is_where_its_items_stand(heading, place, locality):
    text = f"公共服务规划\n{heading}\n新建灯光球场2片，迁建卫生院。\n"
    assert read(text, "place", "locality")[0] == (place, locality)


@pytest.mark.parametrize(
    ("text", "locality"),
    [
        ("在遗址公园外围建设健身步道6公里。", "遗址公园外围"),
        ("旗府所在地建成室内游泳馆1座。", "旗府所在地"),
        ("新建养老服务站1处（镇政府后街）。", "镇政府后街"),
    ],
)
def test_outskirts_seats_and_back_streets_say_where(text, locality):
    assert read(text, "locality") == [(locality,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "教育设施。至2035年，中心城区规划普通高中4所；新建初中3所、小学6所。",
            [("中心城区", None), ("中心城区", None), ("中心城区", None)],
        ),
        (
            "东部组团以候鸟养老为主，改造提升老年公寓8家，同步布置家庭托育点4个。",
            [("东部组团", None), ("东部组团", None)],
        ),
        (
            "在青龙新城铁厂地块集中布置“两馆一园”，即市游泳馆、市羽毛球馆和青韵体育公园。",
            [("青龙新城", "铁厂地块")] * 3,
        ),
        ("更新单元内补建社区养老服务驿站12处、托育点8处。", [(None, "更新单元内")] * 2),
    ],
)
def test_the_place_of_which_a_sentence_speaks_holds_to_its_end(text, expected):
    assert read(text, "place", "locality") == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("石桥路农贸市场因地块条件变化退出本计划，不再实施。", "石桥路农贸市场"),
        ("青龙镇敬老院新建项目因用地未落实，予以取消。", "青龙镇敬老院"),
        ("清河市第四幼儿园改造项目不再实施。", "清河市第四幼儿园"),
    ],
)
def test_what_the_next_clause_gives_up_is_cancelled(text, name):
    assert read(text, "kind", "name", "action") == [("site", name, "cancel")]


def test_names_below_a_heading_of_acts_are_built_as_it_says():
    text = "教育设施规划\n二、改扩建类\n青龙小学（增加12班）；石桥中学（30班，石桥路以北）。\n"
    assert read(text, "name", "action", "capacity") == [("青龙小学", "expand", 12), ("石桥中学", "expand", 30)]


def test_a_line_that_is_a_year_dates_what_is_finished_below_it_and_not_what_begins():
    text = "设施滚动实施计划\n说明如下。\n2026年\n开工：青龙外国语学校。\n竣工：和韵小学（36班）、海棠幼儿园（12班）。\n2027年\n竣工：青龙外国语学校。\n"
    assert read(text, "name", "year") == [
        ("青龙外国语学校", None),
        ("和韵小学", 2026),
        ("海棠幼儿园", 2026),
        ("青龙外国语学校", 2027),
    ]


def test_counted_names_before_a_renewal_are_sites():
    assert read("2027年底前完成汪家墩、周家畈2个城中村改造。", "kind", "name", "year") == [
        ("site", "汪家墩", 2027),
        ("site", "周家畈", 2027),
    ]
