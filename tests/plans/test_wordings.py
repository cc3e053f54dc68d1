"""Forms of plans in other wordings: headings without a mark, rows whose content is running text, what a year dates."""

import pytest

from service_map.plans import extract


def read(text, *fields):
    return [tuple(getattr(item, field) for field in fields) for item in extract(text, plan="p")]


@pytest.mark.parametrize("head", ["◇养老服务", "▶健康养老", "贰、养老设施", "（贰）养老", "【二】任务", "乙、养老项目"])
def test_a_short_line_behind_a_mark_heads_what_is_below(head):
    text = f"{head}\n县失能老人养护中心扩建，床位260张。"
    assert read(text, "kind", "name", "capacity") == [("site", "县失能老人养护中心", 260)]


@pytest.mark.parametrize("title", ["专栏12 云溪县社会民生领域重点项目", "表4-2 云溪县养老设施建设计划"])
def test_the_area_is_told_by_the_title_of_a_box_or_table(title):
    assert read(f"{title}\n新建云溪县殡仪馆。", "name", "place") == [("云溪县殡仪馆", None)]


HEAD = "项目类别\t实施区域\t项目内容\t计划完成时间"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("体育公园\t东湖镇\t新建青鱼嘴体育公园，占地120亩\t2027", ("site", "青鱼嘴体育公园", 1, "东湖镇", "new", 2027)),
        ("体育公园\t古田乡\t利用旧砖厂新建体育公园1个\t2028", ("allotment", None, 1, "古田乡", "new", 2028)),
        (
            "健身步道\t云台山\t续建环山健身步道二期18公里\t2026",
            ("site", "环山健身步道二期", 1, "云台山", "continue", 2026),
        ),
        ("健身步道\t滨江镇\t改造9公里\t2027", ("allotment", None, 9, "滨江镇", "upgrade", 2027)),
        ("足球场地\t滨江镇\t新建7人制2片\t2026", ("allotment", None, 2, "滨江镇", "new", 2026)),
        ("多功能运动场\t全市\t行政村全覆盖\t2030", ("coverage", None, None, None, "unspecified", 2030)),
    ],
)
def test_a_row_whose_content_is_running_text_is_read_as_a_sentence(row, expected):
    found = read(f"{HEAD}\n{row}", "kind", "name", "count", "place", "action", "year")
    assert found == [expected]


def test_a_row_of_no_facility_promises_what_its_content_counts():
    text = (
        "序号\t项目名称\t建设内容\t建设性质\t建设年限\n1\t全民健身工程\t健身步道22公里，笼式足球场3个\t新建\t2025-2029"
    )
    assert read(text, "kind", "noun", "count", "action", "year") == [
        ("quota", "健身步道", 22, "new", 2029),
        ("quota", "笼式足球场", 3, "new", 2029),
    ]


@pytest.mark.parametrize(("one", "two"), [("①", "②"), ("（1）", "（2）"), ("1", "2")])
def test_rows_that_break_inside_a_cell_are_counted_in_any_way(one, two):
    text = (
        f"编号\t工程名称\t性质\t选址\t起止年份\n{one}\t青石镇第三幼儿园\n北校区\t新建\t青石镇\t2026～2028\n"
        f"{two}\t青石镇敬老院\t扩建\t青石镇\t2027"
    )
    assert read(text, "name", "action", "year") == [
        ("青石镇第三幼儿园北校区", "new", 2028),
        ("青石镇敬老院", "expand", 2027),
    ]


def test_a_column_in_places_of_its_own_unit_tells_the_capacity():
    text = "设施名称\n位置\n性质\n规模（穴/格）\n投用年份\n青石镇中心公墓\n青石镇铁匠峪村\n扩建\n3500\n2027"
    assert read(text, "name", "capacity", "place", "year") == [("青石镇中心公墓", 3500, "铁匠峪村", 2027)]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2027年清明前完成白云岭烈士陵园改造，新建市军人公墓。", [2027, None]),
        ("2027年完成白云岭烈士陵园改造，新建市军人公墓。", [2027, 2027]),
        ("2027年底前，完成白云岭烈士陵园改造，新建市军人公墓。", [2027, 2027]),
    ],
)
def test_a_term_before_a_verb_dates_its_own_clause(text, years):
    assert [year for (year,) in read(text, "year")] == years


def test_the_address_said_of_all_is_that_of_numbers_too():
    text = "规划图书分馆1处、市民文化广场1处，均位于青石镇文博路以西。"
    assert read(text, "count", "place", "locality") == [(1, "青石镇", "文博路以西"), (1, "青石镇", "文博路以西")]


def test_a_name_may_end_in_a_word_that_joins_elsewhere():
    text = "改扩建永和、沙埠、官冲、石浦4所乡镇中心幼儿园。"
    assert read(text, "kind", "place", "count") == [
        ("allotment", place, 1) for place in ("永和", "沙埠", "官冲", "石浦")
    ]


def test_a_heading_of_a_list_gives_its_term_and_its_act():
    text = (
        "云溪县民生实事项目清单\n一、2027年底前建成的项目\n1.云溪县第三幼儿园（青石镇，学位360个）。\n"
        "2.城市书房改造4处。\n二、2028年底前续建的项目\n3.微型消防站20座。"
    )
    assert read(text, "count", "action", "year") == [
        (1, "new", 2027),
        (4, "upgrade", 2027),
        (20, "continue", 2028),
    ]


@pytest.mark.parametrize(
    "block",
    [
        "【工程】青石镇第四小学\n【申请人】云溪县教育局\n【类别】扩建\n【位置】青石镇兰亭路东侧\n【规模】新增12个班\n【计划投用】2026年9月",
        "〖工程二〗青石镇第四小学\n▲类别：扩建 ▲位置：青石镇兰亭路东侧 ▲体量：12个班 ▲工期：2026.3—2026.8",
        "2.青石镇第四小学（扩建）\n位置：青石镇兰亭路东侧。\n体量：12个班。\n交用：2026年8月。",
    ],
)
def test_blocks_are_labelled_in_many_ways(block):
    expected = ("青石镇第四小学", "青石镇", "兰亭路东侧", 12, "expand", 2026)
    assert read(block, "name", "place", "locality", "capacity", "action", "year") == [expected]


def test_a_column_of_types_names_what_the_rows_count():
    text = "类型\t镇街\t建设方式\t数量（处）\t完工年份\n公共厕所\t青石镇\t新建\t4\t2026年\n\t白石镇\t改造\t2\t2027年\n合计\t\t\t6\t"
    assert read(text, "kind", "noun", "place", "count", "action", "year") == [
        ("allotment", "公共厕所", "青石镇", 4, "new", 2026),
        ("allotment", "公共厕所", "白石镇", 2, "upgrade", 2027),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "公共停车场，白石镇、青石镇各新建2处。",
        "公共停车场由白石镇、青石镇各建2处。",
        "公共停车场在白石镇、青石镇各建2处。",
    ],
)
def test_the_type_may_stand_before_the_places_that_each_get_some(text):
    assert read(text, "kind", "place", "count") == [("allotment", "白石镇", 2), ("allotment", "青石镇", 2)]


def test_the_later_of_two_years_is_the_one_by_which_it_stands():
    assert read("县妇幼保健院新院区2027年启动、2029年建成。", "name", "year") == [("县妇幼保健院新院区", 2029)]


@pytest.mark.parametrize(
    ("text", "place", "locality"),
    [
        ("紧挨市总工会大楼新建慈济医院。", None, "紧挨市总工会大楼"),
        ("腾挪纺织厂旧址，设立青石镇社区卫生服务中心。", "青石镇", "纺织厂旧址"),
        ("中山公园西门外增设公共厕所2座。", "中山公园", "中山公园西门外"),
        ("学士路东侧的城南菜市场实施扩建。", "学士路", "学士路东侧"),
        ("轨道站点周边补建公共停车场30处。", None, "轨道站点周边"),
        ("微型消防站20座，布设在批发市场周边。", None, "批发市场周边"),
        ("新建市失智老人照护中心，就在青石镇原钢球厂地块。", "青石镇", "原钢球厂地块"),
        ("青石镇（旧供销大楼）——落户青石镇综合文化站。", "青石镇", "旧供销大楼"),
        ("云溪县第三幼儿园（青石镇，学位360个）建成开园。", "青石镇", None),
        ("青石镇文澜路以北集中建设市博物馆。", "青石镇", "文澜路以北"),
    ],
)
def test_where_it_stands_is_said_in_many_ways(text, place, locality):
    assert read(text, "place", "locality")[0] == (place, locality)


@pytest.mark.parametrize("text", ["县图书馆整体搬入新址。", "县救助管理站迁出老城。"])
def test_a_house_that_moves_is_no_new_one_and_its_new_site_no_place(text):
    assert read(text, "kind", "action") == [("site", "relocate")]
    assert "新址" not in read(text, "place")[0]


def test_what_all_of_the_above_are_due_by_is_the_year_of_each():
    text = "晨曦托育园兴建，蓝鲸托育园扩容，上述两处均应于2027年6月底前开门迎托。"
    assert read(text, "name", "year") == [("晨曦托育园", 2027), ("蓝鲸托育园", 2027)]


@pytest.mark.parametrize(
    "text", ["新建公共厕所48座（一类10座、二类38座）。", "公共厕所拟增建48座，分为一类10座、二类38座。"]
)
def test_sorts_of_a_thing_are_no_places(text):
    assert read(text, "kind", "count", "place", "noun") == [
        ("quota", 48, None, "公共厕所"),
        ("quota", 10, None, "公共厕所"),
        ("quota", 38, None, "公共厕所"),
    ]


def test_parts_of_a_total_name_their_own_type_and_their_places():
    text = "新建消防站4座：特勤站1座，位于青石镇文澜路东侧；一级站3座，分布于白石镇、铁山镇、柳浦镇。"
    found = [(noun, place) for noun, place, count in read(text, "noun", "place", "count") if count == 1]
    assert found == [("特勤站", "青石镇"), ("一级站", "白石镇"), ("一级站", "铁山镇"), ("一级站", "柳浦镇")]
    records = extract(text, plan="p")
    assert records[1].part_of == records[0].id


def test_each_of_several_verbs_behind_a_type_has_its_own_number():
    assert read("城市书房新建8处、改造4处。", "count", "action") == [(8, "new"), (4, "upgrade")]


def test_the_year_of_a_lead_in_is_that_of_each_item_below():
    text = "云溪县实事\n2026年全县办好以下3件实事：\n1．健身工程。建成笼式球场8片。\n2．殡葬工程。新建骨灰堂3座，2027年底前建成。"
    assert read(text, "count", "year") == [(8, 2026), (3, 2027)]


@pytest.mark.parametrize(
    "text",
    [
        "两年来，全区陆续启用托育园7家。",
        "城区现状有消防站4座。",
        "说明：表内数字不含既有的21座公厕。",
        "云溪县“十五五”规划\n“十四五”共新增学前学位3100个。",
    ],
)
def test_what_stands_already_is_no_promise(text):
    assert [kind for (kind,) in read(text, "kind") if kind != "intent"] == []


def test_a_total_of_which_each_has_its_place_is_no_record_beside_them():
    text = "新设社区卫生服务中心2所，一所设于城东街道，一所设于城西街道。"
    assert read(text, "kind", "count", "place") == [("allotment", 1, "城东街道"), ("allotment", 1, "城西街道")]


def test_estates_that_are_listed_with_their_number_are_sites():
    text = "完成金桥公寓、榆园小区、纺机宿舍等6个老旧小区改造。"
    assert read(text, "kind", "name") == [("site", "金桥公寓"), ("site", "榆园小区"), ("site", "纺机宿舍")]


def test_the_bracket_behind_the_act_tells_where():
    assert read("县体育馆新建（县老党校院内）。", "name", "locality") == [("县体育馆", "县老党校院内")]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("新建青石街道长者综合服务中心。", "elderly_community"),
        ("布点社区嵌入式养老综合体3个。", "elderly_community"),
        ("新建矛盾纠纷一站式调处中心4所。", "legal"),
        ("每个乡镇建1个公共浴室。", "service_other"),
        ("初中学位增加2600个。", "middle_school"),
    ],
)
def test_new_nouns_are_of_the_kind_that_their_signs_say(text, category):
    assert read(text, "category") == [(category,)]


def test_two_years_that_share_a_number_have_it_each():
    text = "公共停车场四年建成24个：2026年、2027年各5个，2028年、2029年各7个。"
    assert read(text, "count", "year")[1:] == [(5, 2026), (5, 2027), (7, 2028), (7, 2029)]


def test_a_number_behind_two_verbs_is_of_both():
    assert read("旗县图书馆新建、改扩建二至四个。", "kind", "count", "count_max", "action") == [
        ("quota", 2, 4, "mixed")
    ]


def test_towns_of_counties_that_get_a_sum_are_where_it_stands():
    text = "各县城新建小学、初中共16所，其中归桥县3所。"
    assert read(text, "kind", "count", "locality") == [("quota", 16, "县城"), ("allotment", 3, "县城")]


def test_houses_that_are_counted_behind_their_names_are_sites():
    text = "万家福、聚源两家农贸市场提升改造。"
    assert read(text, "kind", "name", "noun") == [("site", "万家福", "农贸市场"), ("site", "聚源", "农贸市场")]


@pytest.mark.parametrize("head", ["【县城】", "县城：", "●县城——"])
def test_the_town_that_heads_a_line_is_where_all_of_it_stands(head):
    text = f"{head}县殡仪馆异地迁建；增设青龙坡公益性公墓。"
    assert read(text, "locality") == [("县城",), ("县城",)]
