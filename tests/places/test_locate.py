"""From commitments to facilities: where, how sure, and which are one thing."""

import random
from collections import Counter
from dataclasses import replace

import pytest
import shapely
from promises import commitment

from service_map.catalogue import categories
from service_map.catalogue.adcode import covers
from service_map.errors import GeodataError
from service_map.places import (
    apply_statuses,
    follow,
    load_facilities,
    load_retired,
    load_statuses,
    locate,
    suspected_duplicates,
    unresolved,
    write_facilities,
)
from service_map.plans import load_commitments

DATONG, JINCHENG, JINZHONG, QINSHUI = "datong-2021", "jincheng-2021", "jinzhong-2021", "qinshui-2021"


@pytest.fixture
def located(plans, gazetteer):
    """Facilities of some commitments, by the shipped gazetteer."""
    return lambda *commitments: locate(commitments, plans, gazetteer)


@pytest.fixture(scope="module")
def labelled_facilities(labelled, plans, full_gazetteer):
    return locate(labelled, plans, full_gazetteer)


# ---------------------------------------------------------------- what becomes a point


def test_a_site_is_one_facility_with_the_plans_own_name(located):
    (found,) = located(commitment(DATONG, 5, name="灵丘县殡仪馆", category="funeral_home", year=2023))
    assert (found.name, found.name_given, found.adcode, found.precision) == ("灵丘县殡仪馆", True, "140224", "county")
    assert (found.status, found.basis, found.year, found.count) == ("planned", "site", 2023, 1)


def test_an_allotment_is_one_facility_that_keeps_its_number(located):
    (found,) = located(
        commitment(
            JINZHONG, 5, category="nursery", kind="allotment", count=5, unit="个", place="榆次", place_level="county"
        )
    )
    assert (found.name, found.name_given) == ("榆次区托育机构", False)
    assert (found.count, found.unit, found.adcode, found.located_by) == (5, "个", "140702", "榆次")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "quota", "count": 28},
        {"kind": "intent"},
        {"kind": "intent", "place": "榆次", "place_level": "county"},
        {"kind": "coverage", "per": "county", "count": 1},
        {"kind": "coverage", "per": "community"},
        {"kind": "coverage", "per": "township"},
        {"kind": "allotment", "place": "各中心村", "place_level": "village_or_street"},
    ],
)
def test_a_promise_without_a_place_is_never_a_point(located, fields):
    assert located(commitment(JINZHONG, 5, **fields)) == []


def test_what_is_known_only_to_the_city_stands_at_its_seat_with_the_citys_whole_extent(located, gazetteer):
    (found,) = located(commitment(JINZHONG, 5, name="传染病医院", category="infectious_hospital"))
    assert (found.precision, found.adcode, found.located_by) == ("city", "140700", "规划范围")
    assert (found.lon, found.lat) == gazetteer.point("140700")
    assert found.uncertainty_m == gazetteer.extent("140700") > 100_000


def test_a_former_county_name_finds_the_present_county(located):
    (found,) = located(commitment(DATONG, 5, name="大同县殡仪馆", category="funeral_home"))
    assert found.adcode == "140215"


def test_a_plan_that_is_not_listed_is_refused(located):
    with pytest.raises(GeodataError, match="nowhere-2021"):
        located(commitment("nowhere-2021", 5, name="某幼儿园"))


def test_a_category_that_is_not_listed_is_refused(located):
    with pytest.raises(GeodataError, match="castle"):
        located(commitment(DATONG, 5, name="某堡", category="castle"))


def test_a_name_is_cut_to_what_may_be_shipped(located):
    (found,) = located(commitment(DATONG, 5, name="灵丘县" + "长" * 60))
    assert len(found.name) == 30


# ---------------------------------------------------------------- one thing or two

FUNERAL = {"category": "funeral_home"}
ALLOTTED = {"kind": "allotment", "place_level": "county"}
SAME = {
    "a sentence and a table of one plan": (
        commitment(DATONG, 501, name="大同市军人公墓", category="military_cemetery"),
        commitment(DATONG, 518, name="大同市军人公墓", category="military_cemetery", year=2023),
    ),
    "with the city's name in full, in short, and without": (
        commitment(JINZHONG, 5, name="晋中市军人公墓", category="military_cemetery"),
        commitment(JINZHONG, 9, name="晋中军人公墓", category="military_cemetery"),
        commitment(JINZHONG, 12, name="市军人公墓", category="military_cemetery"),
    ),
    "a county's own plan and its city's": (
        commitment(QINSHUI, 631, name="沁水县殡仪馆", **FUNERAL),
        commitment(JINCHENG, 465, name="沁水县殡仪馆", action="expand", **FUNERAL),
    ),
    "a county's site and the city's number for that county": (
        commitment(QINSHUI, 631, name="沁水县殡仪馆", **FUNERAL),
        commitment(JINCHENG, 465, place="沁水", **ALLOTTED, **FUNERAL),
    ),
    "two spellings of one village": (
        commitment(QINSHUI, 507, name="柿园蜜蜂小镇", category="heritage_tourism"),
        commitment(QINSHUI, 517, name="柿元蜜蜂小镇", category="heritage_tourism"),
    ),
    "with and without the word for project": (
        commitment(QINSHUI, 297, name="梅苑城中村改造（三期）", category="renovation"),
        commitment(QINSHUI, 305, name="梅苑城中村改造(三期)项目", category="renovation"),
    ),
    "a quarter with and without the word for quarter": (
        commitment(QINSHUI, 301, name="宣化片区", category="renovation", action="upgrade"),
        commitment(QINSHUI, 305, name="宣化", category="renovation", action="upgrade"),
    ),
    "with and without the word for building it": (
        commitment(JINCHENG, 354, name="新建市中医院", category="tcm_hospital"),
        commitment(JINCHENG, 360, name="晋城市中医院", category="tcm_hospital", action="unspecified"),
    ),
    "with the county's name and without": (
        commitment(QINSHUI, 397, name="石楼田径场", category="stadium", place="石楼", place_level="landmark"),
        commitment(QINSHUI, 405, name="沁水县石楼田径场", category="stadium"),
    ),
    "two categories of one family": (
        commitment(QINSHUI, 397, name="石楼运动公园", category="sports_park"),
        commitment(QINSHUI, 405, name="石楼运动公园", category="stadium"),
    ),
    "with a space inside, and quotation marks": (
        commitment(QINSHUI, 397, name="唐固线 15 公里休闲廊道", category="trail"),
        commitment(QINSHUI, 405, name="“唐固线”15公里休闲廊道", category="trail"),
    ),
    "the former name of the county and the present one": (
        commitment(JINZHONG, 5, name="太谷县殡仪馆", **FUNERAL),
        commitment(JINZHONG, 9, name="太谷区殡仪馆", **FUNERAL),
    ),
    "a number for a county twice, the second without a year": (
        commitment(JINZHONG, 5, place="和顺", year=2023, **ALLOTTED, **FUNERAL),
        commitment(JINZHONG, 9, place="和顺县", **ALLOTTED, **FUNERAL),
    ),
}
DIFFERENT = {
    "two ordinals": (
        commitment(DATONG, 5, name="云州区第二幼儿园"),
        commitment(DATONG, 5, name="云州区第三幼儿园"),
    ),
    "one name in two counties": (
        commitment(DATONG, 5, name="灵丘县殡仪馆", **FUNERAL),
        commitment(DATONG, 5, name="浑源县殡仪馆", **FUNERAL),
    ),
    "one name, a kindergarten and a school": (
        commitment(QINSHUI, 365, name="杏园幼儿园"),
        commitment(QINSHUI, 367, name="杏园小学", category="primary_school"),
    ),
    "one general name in two townships": (
        commitment(
            QINSHUI, 365, name="中心敬老院", category="elderly_institution", place="端氏镇", place_level="township"
        ),
        commitment(
            QINSHUI, 366, name="中心敬老院", category="elderly_institution", place="嘉峰镇", place_level="township"
        ),
    ),
    "new in one county, rebuilt in another": (
        commitment(JINZHONG, 344, place="和顺", **ALLOTTED, **FUNERAL),
        commitment(JINZHONG, 344, place="寿阳", action="upgrade", **ALLOTTED, **FUNERAL),
    ),
    "new and rebuilt in one county": (
        commitment(JINZHONG, 344, place="和顺", **ALLOTTED, **FUNERAL),
        commitment(JINZHONG, 345, place="和顺", action="upgrade", **ALLOTTED, **FUNERAL),
    ),
    "the city's fourth hospital and a district's": (
        commitment(JINZHONG, 5, name="晋中市第四人民医院", category="hospital"),
        commitment(JINZHONG, 6, name="榆次区第四人民医院", category="hospital"),
    ),
    "a rule for four and a number of two": (
        commitment(JINZHONG, 5, category="nursery", place="和顺", **{**ALLOTTED, "count": 2}),
        commitment(JINZHONG, 6, category="nursery", place="和顺", **{**ALLOTTED, "count": 4}),
    ),
    "two items of one list that share a bare name": (
        commitment(QINSHUI, 297, name="杏园", category="renovation", section="棚户区"),
        commitment(QINSHUI, 297, name="杏园", category="renovation", section="城中村"),
    ),
    "a phrase that two plans share": (
        commitment(JINCHENG, 629, name="城市社区健身圈", category="fitness_square"),
        commitment(QINSHUI, 395, name="城市社区健身圈", category="fitness_square"),
    ),
    "two roads' quarters": (
        commitment(QINSHUI, 301, name="新建东路片区", category="renovation"),
        commitment(QINSHUI, 301, name="新建西路片区", category="renovation"),
    ),
    "two branches of one name": (
        commitment(JINZHONG, 5, name="山医大二院南院", category="hospital"),
        commitment(JINZHONG, 6, name="山医大二院北院", category="hospital"),
    ),
}


@pytest.mark.parametrize("why", SAME)
def test_the_same_thing_promised_twice_is_one_facility_with_every_citation(why, located):
    found = located(*SAME[why])
    whole = [facility for facility in found if set(facility.commitments) == {item.id for item in SAME[why]}]
    assert found == whole
    assert len(whole) == 1


@pytest.mark.parametrize("why", DIFFERENT)
def test_different_things_stay_apart(why, located):
    found = located(*DIFFERENT[why])
    assert len(found) == 2
    assert len({facility.id for facility in found}) == 2
    assert all(len(facility.commitments) == 1 for facility in found)


def test_what_the_plan_itself_repeats_is_one_whatever_it_is_called(located):
    first = commitment(QINSHUI, 381, name="区域医疗中心", category="hospital")
    second = commitment(
        QINSHUI,
        439,
        name="端氏区域医疗中心",
        category="hospital",
        place="端氏",
        place_level="township",
        repeats=first.id,
    )
    (found,) = located(first, second)
    assert set(found.commitments) == {first.id, second.id}
    assert found.adcode == "140521103"


def test_the_surest_place_of_its_promises_locates_a_facility(located):
    plain = commitment(QINSHUI, 5, name="康宁养老园区", category="elderly_institution")
    told = commitment(
        QINSHUI, 9, name="康宁养老园区", category="elderly_institution", place="端氏镇", place_level="township"
    )
    (found,) = located(plain, told)
    assert (found.precision, found.adcode, found.located_by) == ("township", "140521103", "端氏镇")


def test_names_one_character_apart_are_suspected_and_ordinals_are_not(located):
    found = located(
        commitment(QINSHUI, 5, name="石楼体育公园", category="sports_park"),
        commitment(QINSHUI, 6, name="石搂体育公园", category="sports_park"),
        commitment(QINSHUI, 7, name="县城第一体育公园", category="sports_park"),
        commitment(QINSHUI, 8, name="县城第二体育公园", category="sports_park"),
    )
    suspected = {facility.id for facility in found if "石" in facility.name}
    assert [set(pair) for pair in suspected_duplicates(found)] == [suspected]


def test_two_of_one_list_are_not_suspected_of_being_one(located):
    listed = located(
        commitment(QINSHUI, 5, name="和园幼儿园", category="kindergarten"),
        commitment(QINSHUI, 5, name="桃园幼儿园", category="kindergarten"),
    )
    assert suspected_duplicates(listed) == []
    apart = located(
        commitment(QINSHUI, 5, name="和园幼儿园", category="kindergarten"),
        commitment(QINSHUI, 6, name="桃园幼儿园", category="kindergarten"),
    )
    assert len(suspected_duplicates(apart)) == 1


# ---------------------------------------------------------------- permanent ids


def test_ids_and_everything_else_do_not_depend_on_the_order_of_the_commitments(
    labelled, plans, full_gazetteer, labelled_facilities
):
    for seed in range(3):
        shuffled = list(labelled)
        random.Random(seed).shuffle(shuffled)  # noqa: S311
        assert locate(shuffled, plans, full_gazetteer) == labelled_facilities


def test_ids_survive_lines_that_move(labelled, plans, full_gazetteer, labelled_facilities):
    moved = {item.id: f"{item.plan}-{item.line + 40}-{item.id[-6:]}" for item in labelled}
    shifted = [
        replace(item, id=moved[item.id], line=item.line + 40, repeats=item.repeats and moved[item.repeats])
        for item in labelled
    ]
    after = locate(shifted, plans, full_gazetteer)
    assert [facility.id for facility in after] == [facility.id for facility in labelled_facilities]


def test_ids_survive_the_loss_of_another_plan(labelled, plans, full_gazetteer, labelled_facilities):
    alone = locate([item for item in labelled if item.plan == QINSHUI], plans, full_gazetteer)
    assert {facility.id for facility in alone} <= {facility.id for facility in labelled_facilities}
    assert len(alone) > 100


def test_an_id_survives_a_surer_place_a_new_action_and_a_second_plan(located):
    before = located(commitment(QINSHUI, 5, name="沁水县太极文化公园", category="park_green"))
    after = located(
        commitment(
            QINSHUI,
            8,
            name="沁水县太极文化公园",
            category="park_green",
            action="expand",
            place="端氏镇",
            place_level="township",
        ),
        commitment(JINCHENG, 9, name="沁水县太极文化公园", category="park_green"),
    )
    assert [facility.id for facility in before] == [facility.id for facility in after]


def test_an_unnamed_facility_keeps_its_id_when_a_plan_later_names_it_by_place_and_kind(located):
    zh = categories()["funeral_home"].zh
    unnamed = located(commitment(JINZHONG, 5, place="和顺", **ALLOTTED, **FUNERAL))
    named = located(commitment(JINZHONG, 7, name=f"和顺县{zh}", **FUNERAL))
    assert [facility.id for facility in unnamed] == [facility.id for facility in named]


# ---------------------------------------------------------------- every facility of the plans


def _check_places(facilities, commitments, plans, gazetteer):
    area_of = {item.id: plans[item.plan].adcode for item in commitments}
    for facility in facilities:
        for cited in facility.commitments:
            assert covers(area_of[cited], facility.adcode), facility.name
        assert shapely.contains_xy(gazetteer.geometry(facility.adcode[:6]), facility.lon, facility.lat), facility.name
        assert facility.uncertainty_m > 0
        assert facility.point_source
        assert facility.point_licence


def test_every_facility_of_the_labelled_plans_lies_inside_the_area_its_plan_names(
    labelled, plans, full_gazetteer, labelled_facilities
):
    assert len(labelled_facilities) > 150
    _check_places(labelled_facilities, labelled, plans, full_gazetteer)


def test_every_shipped_facility_lies_inside_the_area_its_plan_names(geodata, plans, gazetteer):
    commitments = load_commitments(geodata / "commitments.jsonl")
    facilities = load_facilities(geodata / "facilities.geojson")
    assert len(facilities) > 200
    _check_places(facilities, commitments, plans, gazetteer)


def test_no_facility_stands_at_a_polygons_centre(labelled_facilities, full_gazetteer):
    centres = {}
    for code in {facility.adcode[:6] for facility in labelled_facilities}:
        geometry = full_gazetteer.geometry(code)
        for point in (geometry.centroid, geometry.representative_point(), geometry.envelope.centroid):
            centres[round(point.x, 3), round(point.y, 3)] = code
    for facility in labelled_facilities:
        assert (round(facility.lon, 3), round(facility.lat, 3)) not in centres, facility.name


def test_the_shipped_facilities_are_what_the_locator_makes_of_the_shipped_commitments(
    geodata, plans, gazetteer, tmp_path
):
    made = locate(load_commitments(geodata / "commitments.jsonl"), plans, gazetteer)
    reports = follow(load_statuses(geodata / "statuses.csv"), load_retired(geodata / "retired.csv"))
    write_facilities(tmp_path / "facilities.geojson", apply_statuses(made, reports))
    assert (tmp_path / "facilities.geojson").read_bytes() == (geodata / "facilities.geojson").read_bytes()


def test_the_labelled_plans_facilities_are_found_at_each_precision(labelled_facilities):
    shares = Counter(facility.precision for facility in labelled_facilities)
    assert shares["township"] >= 30
    assert shares["county"] > shares["city"]
    assert set(shares) <= {"township", "county", "city"}  # nothing finer is claimed without a point of its own


def test_places_that_stay_unresolved_are_reported_with_what_they_fell_back_to(labelled, plans, full_gazetteer):
    found = {item.words: item for item in unresolved(labelled, plans, full_gazetteer)}
    assert "职教港" not in found  # an intention, which stands nowhere
    assert found["太行洪谷"].fallback == "140521"
    assert "端氏" not in found
    assert "和顺" not in found


def test_locating_four_times_the_commitments_costs_four_times_the_work(geodata, plans, gazetteer, calls_of):
    commitments = load_commitments(geodata / "commitments.jsonl")
    four = [replace(item, id=f"{item.id[:-6]}{copy:06x}") for copy in range(4) for item in commitments]
    locate(commitments, plans, gazetteer)  # what a gazetteer looks up once, it keeps
    once = calls_of(lambda: locate(commitments, plans, gazetteer))
    assert calls_of(lambda: locate(four, plans, gazetteer)) < 5 * once
    assert once < 1_500 * len(commitments)


@pytest.mark.parametrize(
    ("place", "level", "noun", "called"),
    [
        ("榆社", "county", "县级殡仪馆", "榆社县殡仪馆"),
        ("榆社", "county", "县级行政区域殡仪馆", "榆社县殡仪馆"),
        ("太谷", "county", "区级光荣院", "太谷区光荣院"),
        ("榆社", "county", "县城供热站", "榆社县城供热站"),
    ],
)
def test_an_unnamed_facility_does_not_say_its_level_twice(located, place, level, noun, called):
    made = [commitment("jinzhong-2021", 5, kind="allotment", place=place, place_level=level, noun=noun)]
    (found,) = located(*made)
    assert found.name == called


@pytest.mark.parametrize(
    ("name", "place", "noun", "called"),
    [
        ("小岭", "小岭", "棚户区", "小岭棚户区"),
        ("火车站", "火车站", "城中村", "火车站城中村"),
        ("电力小区", "电力小区", None, "电力小区"),
        ("湘峪古堡", "湘峪", "古堡", "湘峪古堡"),
        ("宣化片区棚户区", "宣化片区棚户区", "棚户区", "宣化片区棚户区"),
    ],
)
def test_a_list_that_gives_places_alone_gives_its_noun_to_each(located, name, place, noun, called):
    made = [
        commitment("qinshui-2021", 5, category="renovation", name=name, place=place, place_level="village_or_street",
                   noun=noun)
    ]  # fmt: skip
    (found,) = located(*made)
    assert (found.name, found.name_given) == (called, True)


def test_a_place_of_an_intention_is_not_missed(plans, gazetteer):
    made = [
        commitment(QINSHUI, 5, kind=kind, place="无此一地", place_level="landmark", noun="步道")
        for kind in ("intent", "quota")
    ]
    assert [item.commitment for item in unresolved(made, plans, gazetteer)] == [made[1].id]
