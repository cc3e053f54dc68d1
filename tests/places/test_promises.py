"""What plans promise without a place: requirements of every unit, numbers for an area, and what is known of each."""

from dataclasses import replace
from datetime import date

import pytest
from promises import commitment

from service_map.catalogue import terms
from service_map.errors import GeodataError
from service_map.places import (
    Unit,
    condition_holds,
    judge,
    load_people,
    locate,
    quotas,
    released,
    requirements,
    retire,
    units_of,
)

DATONG, JINCHENG, JINZHONG, QINSHUI, YUNCHENG = (
    "datong-2021", "jincheng-2021", "jinzhong-2021", "qinshui-2021", "yuncheng-2021",
)  # fmt: skip
RULE = {"kind": "coverage", "count": 1, "unit": "所", "per": "county"}
QUOTA = {"kind": "quota", "unit": "所"}
FUNERAL = {"category": "funeral_home", "noun": "县级殡仪馆"}


@pytest.fixture
def asked(plans, gazetteer):
    """Requirements of some commitments."""
    return lambda *commitments: requirements(commitments, plans, gazetteer)


@pytest.fixture
def counted(plans, gazetteer):
    """Quotas of some commitments, by their names, with what is named of them."""

    def find(*commitments):
        found = quotas(commitments, locate(commitments, plans, gazetteer), plans, gazetteer)
        return {f"{quota.name}{quota.year or ''}": quota for quota in found}

    return find


# ---------------------------------------------------------------- requirements


def test_a_rule_for_every_county_is_one_requirement_of_its_counties_and_no_point(asked, plans, gazetteer):
    rule = commitment(JINCHENG, 5, **RULE, **FUNERAL)
    (found,) = asked(rule)
    assert (found.name, found.per, found.adcode) == ("每个县（市、区）：1所殡仪馆", "county", "140500")
    units, doubts = units_of(found, gazetteer)
    assert units == ["140502", "140521", "140522", "140524", "140525", "140581"]
    assert (doubts, found.doubts) == ([], None)
    assert locate([rule], plans, gazetteer) == []


def test_what_a_plan_says_again_is_one_requirement_with_both_citations(asked):
    first = commitment(DATONG, 471, **RULE, **FUNERAL)
    again = commitment(DATONG, 510, repeats=first.id, year=2025, **RULE, **FUNERAL)
    unlinked = commitment(DATONG, 600, **RULE, **FUNERAL)
    (found,) = asked(again, unlinked, first)
    assert found.commitments == (first.id, again.id, unlinked.id)
    assert found.year == 2025


@pytest.mark.parametrize("other", [{"noun": "安葬设施"}, {"condition": "30万以上人口的县"}, {"share": 0.5}])
def test_a_rule_of_another_thing_condition_or_share_is_a_requirement_of_its_own(asked, other):
    first = commitment(DATONG, 471, **RULE, **FUNERAL)
    again = commitment(DATONG, 510, repeats=first.id, **{**RULE, **FUNERAL, **other})
    assert [found.commitments for found in asked(first, again)] in (
        [(first.id,), (again.id,)],
        [(again.id,), (first.id,)],
    )


def test_an_id_survives_other_lines_and_tells_units_and_areas_apart(asked):
    (here,), (moved,) = asked(commitment(DATONG, 5, **RULE)), asked(commitment(DATONG, 900, **RULE))
    assert here.id == moved.id
    others = asked(commitment(DATONG, 5, **{**RULE, "per": "township"}), commitment(JINCHENG, 5, **RULE))
    assert len({here.id, *(other.id for other in others)}) == 3


def test_units_on_no_list_are_not_invented_and_townships_are_only_those_known(asked, gazetteer):
    communities, townships = (
        asked(commitment(QINSHUI, 5, **{**RULE, "per": per}))[0] for per in ("community", "township")
    )
    assert units_of(communities, gazetteer) == ([], ["units_unlisted"])
    codes, doubts = units_of(townships, gazetteer)
    assert codes
    assert all(len(code) == 9 and code.startswith("140521") for code in codes)
    assert doubts == ["units_partly"]


def test_a_share_of_the_units_is_named_and_which_of_them_left_open(asked):
    (found,) = asked(commitment(JINZHONG, 322, share=0.6, noun="区域养老服务中心", kind="coverage", per="township"))
    assert found.name == "60%的乡镇（街道）：1个区域养老服务中心"
    assert found.doubts == "share_open"


def test_a_place_that_nobody_knows_leaves_the_plans_area_and_says_so(asked):
    (found,) = asked(commitment(DATONG, 5, place="无此一县", place_level="county", **RULE))
    assert (found.adcode, found.place, found.doubts) == ("140200", "无此一县", "place_unresolved")


@pytest.mark.parametrize(
    ("condition", "people", "holds"),
    [
        ("30万以上人口的县（市、区）", 300_000, True),
        ("30万以上人口的县（市、区）", 299_999, False),
        ("30万以上人口的县（市、区）", None, None),
        ("人口30万以上的县", 400_000, True),
        ("人口50万人以上的县", 400_000, False),
        ("人口不足10万的县", 99_999, True),
        ("10万人口以下的县", 100_000, True),
        ("精神卫生服务能力不足的县", 400_000, None),
        ("30万以上人口且尚无学校的县", 400_000, None),
        ("30万人口的县", 400_000, None),
    ],
)
def test_a_condition_is_held_against_the_people_of_the_unit_or_left_open(condition, people, holds):
    assert condition_holds(condition, people) is holds


def test_the_people_of_areas_are_read_and_a_wrong_row_is_named(tmp_path):
    heading = "adcode,people,date,source\n"
    assert load_people(tmp_path) == {}
    (tmp_path / "people.csv").write_text(f"{heading}140802,680036,2020-11-01,普查\n", encoding="utf-8")
    assert load_people(tmp_path)["140802"].people == 680_036
    for row, field in (("14,1,2020,x", "adcode"), ("140802,many,2020,x", "people"), ("140802,1,soon,x", "date"),
                       ("140802,1,2020,", "source"), ("140802,1,2020,x\n140802,1,2020,x", "adcode")):  # fmt: skip
        (tmp_path / "people.csv").write_text(f"{heading}{row}\n", encoding="utf-8")
        with pytest.raises(GeodataError, match=rf"row \d, {field}"):
            load_people(tmp_path)


# ---------------------------------------------------------------- what is known in a unit


@pytest.fixture
def home(plans, gazetteer):
    """The county's own 殡仪馆, as its plan promises it, in some state."""
    (facility,) = locate([commitment(QINSHUI, 631, name="沁水县殡仪馆", category="funeral_home")], plans, gazetteer)

    def state(**fields):
        return replace(facility, **fields)

    return state


UNIT = Unit(adcode="140521", whole=False)


def test_a_requirement_is_kept_by_what_stands_and_promised_by_what_is_named(asked, home):
    (rule,) = asked(commitment(JINCHENG, 5, action="unspecified", **RULE, **FUNERAL))
    for status, state in (("open", "kept"), ("existing", "kept"), ("planned", "promised"), ("cancelled", "unknown")):
        found = judge(rule, UNIT, [home(status=status)])
        assert (found.state, found.facility) == (state, None if state == "unknown" else home().id), status
    assert judge(rule, UNIT, []).state == "unknown"
    assert judge(rule, UNIT, [home(adcode="140522")]).state == "unknown"
    assert (
        judge(rule, UNIT, [home(status="open", adcode="140500")]).state == "unknown"
    )  # the city's stands in no county


def test_what_stood_before_keeps_no_promise_to_build_anew_but_is_counted(asked, home):
    (rule,) = asked(commitment(JINCHENG, 5, action="new", **RULE, **FUNERAL))
    found = judge(rule, UNIT, [home(status="existing")])
    assert (found.state, found.standing) == ("unknown", 1)
    assert judge(rule, UNIT, [home(status="open")]).state == "kept"


def test_a_requirement_of_four_is_not_kept_by_one(asked, home):
    (rule,) = asked(commitment(JINCHENG, 5, action="unspecified", **{**RULE, "count": 4}, **FUNERAL))
    four = [home(id=f"f{number:012x}", status="open") for number in range(4)]
    assert judge(rule, UNIT, four[:1]).state == "unknown"
    assert judge(rule, UNIT, four).state == "kept"


def test_a_thing_of_the_category_that_is_none_of_the_plans_kind_is_not_relied_on(asked, home):
    (rule,) = asked(commitment(JINCHENG, 5, action="unspecified", category="elderly_institution",
                               noun="县级供养服务设施", **RULE))  # fmt: skip
    park = home(category="elderly_institution", name="梅苑社区峪都养老园区")
    found = judge(rule, UNIT, [park])
    assert (found.state, found.promised) == ("unknown", 1)


def test_an_area_that_stands_for_units_without_a_list_is_never_judged(asked, home):
    (rule,) = asked(commitment(QINSHUI, 5, action="unspecified", **{**RULE, "per": "community"}, **FUNERAL))
    found = judge(rule, replace(UNIT, whole=True), [home(status="open")])
    assert (found.state, found.standing) == ("unknown", 1)


# ---------------------------------------------------------------- quotas


def test_a_number_for_an_area_is_a_quota_with_what_is_named_and_left_over(counted):
    found = counted(
        commitment(DATONG, 5, count=100, noun="普惠性幼儿园", **QUOTA),
        commitment(DATONG, 6, name="云州区第二幼儿园"),
        commitment(DATONG, 7, name="云州区第三幼儿园", action="expand"),
    )["普惠性幼儿园100所"]
    assert (found.adcode, found.count, found.named, found.left_over) == ("140200", 100, 1, 99)
    assert len(found.facilities) == 1  # the one that is but enlarged is none of the new ones


def test_the_years_of_one_passage_are_parts_of_its_total_where_they_add_up(counted):
    found = counted(
        commitment(YUNCHENG, 310, count=12, noun="幼儿园", **QUOTA),
        *(commitment(YUNCHENG, 310, count=count, noun="幼儿园", year=year, **QUOTA)
          for year, count in zip(range(2021, 2026), (1, 4, 3, 1, 3), strict=True)),
    )  # fmt: skip
    whole = found["幼儿园12所"]
    parts = [quota for quota in found.values() if quota.part_of == whole.id]
    assert sorted((part.year, part.count) for part in parts) == [(2021, 1), (2022, 4), (2023, 3), (2024, 1), (2025, 3)]
    assert (whole.named, whole.left_over) == (0, 12)
    assert {part.doubts for part in parts} == {"within_whole"}


def test_years_of_several_kinds_are_parts_of_the_total_of_all_kinds(counted):
    whole = commitment(YUNCHENG, 310, count=5, noun="中小学校、幼儿园", category="school_other", **QUOTA)
    found = counted(
        whole,
        commitment(YUNCHENG, 310, count=3, noun="幼儿园", part_of=whole.id, **QUOTA),
        commitment(YUNCHENG, 310, count=2, noun="小学", part_of=whole.id, category="primary_school", **QUOTA),
        commitment(YUNCHENG, 310, count=2, noun="幼儿园", year=2021, **QUOTA),
        commitment(YUNCHENG, 310, count=1, noun="幼儿园", year=2022, **QUOTA),
        commitment(YUNCHENG, 310, count=2, noun="中小学", year=2022, category="school_other", **QUOTA),
    )
    total, own = found["中小学校、幼儿园5所"], found["幼儿园3所"]
    assert {name for name, quota in found.items() if quota.part_of == total.id} == {
        "幼儿园3所",
        "小学2所",
        "中小学2所2022",
    }
    assert {quota.year for quota in found.values() if quota.part_of == own.id} == {2021, 2022}
    assert total.doubts != "parts_exceed"


def test_years_that_do_not_add_up_are_no_parts_and_nothing_is_guessed(counted):
    found = counted(
        commitment(YUNCHENG, 310, count=12, noun="幼儿园", **QUOTA),
        *(commitment(YUNCHENG, 310, count=4, noun="幼儿园", year=year, **QUOTA) for year in (2021, 2022)),
    )
    assert all(quota.part_of is None for quota in found.values())


def test_parts_that_exceed_their_whole_are_said_to(counted):
    whole = commitment(YUNCHENG, 310, count=5, noun="幼儿园", **QUOTA)
    part = {"noun": "小学", "category": "primary_school", "part_of": whole.id, **QUOTA}
    found = counted(whole, commitment(YUNCHENG, 310, count=6, **part))
    assert found["幼儿园5所"].doubts == "parts_exceed"
    assert found["小学6所"].part_of == found["幼儿园5所"].id


def test_more_named_than_counted_is_said_and_nothing_is_left_over(counted):
    found = counted(
        commitment(DATONG, 5, count=1, noun="幼儿园", **QUOTA),
        commitment(DATONG, 6, name="云州区第二幼儿园"),
        commitment(DATONG, 7, name="云州区第三幼儿园"),
    )["幼儿园1所"]
    assert (found.named, found.left_over, found.doubts) == (2, 0, "named_exceed")


def test_which_of_two_numbers_holds_the_named_one_is_not_guessed(counted):
    found = counted(
        commitment(DATONG, 224, count=100, noun="普惠性幼儿园", **QUOTA),
        commitment(DATONG, 297, count=23, noun="公办幼儿园", **QUOTA),
        commitment(DATONG, 6, name="云州区第二幼儿园"),
    )
    for quota in found.values():
        assert (quota.named, quota.left_over, quota.doubts) == (None, None, "named_shared")


def test_what_a_number_s_own_passage_names_is_of_that_number_and_of_no_other(counted):
    found = counted(
        commitment(DATONG, 224, count=100, noun="普惠性幼儿园", **QUOTA),
        commitment(DATONG, 297, count=23, noun="公办幼儿园", **QUOTA),
        commitment(DATONG, 297, name="云州区第二幼儿园"),
    )
    told = {name: (quota.named, quota.left_over) for name, quota in found.items()}
    assert told == {"普惠性幼儿园100所": (0, 100), "公办幼儿园23所": (1, 22)}


def test_flats_and_kilometres_are_not_counted_against_facilities(counted):
    found = counted(
        commitment(YUNCHENG, 158, kind="quota", count=5000, unit="套", category="public_rental", noun="租赁住房"),
        commitment(JINZHONG, 364, kind="quota", count=300, unit="公里", category="trail", noun="健身步道", at_least=True),
        commitment(JINZHONG, 268, kind="quota", count=None, capacity=5000, capacity_unit="托位", noun="托位",
                   category="nursery"),
    )  # fmt: skip
    assert {quota.name for quota in found.values()} == {"租赁住房5000套", "健身步道300公里以上", "托育机构5000托位"}
    assert {(quota.left_over, quota.doubts) for quota in found.values()} == {(None, "not_countable")}


def test_a_part_that_repeats_another_year_stays_a_number_of_its_own(counted):
    first = commitment(YUNCHENG, 310, count=1, noun="幼儿园", year=2021, **QUOTA)
    found = counted(first, commitment(YUNCHENG, 310, count=1, noun="幼儿园", year=2024, repeats=first.id, **QUOTA))
    assert len(found) == 2


def test_every_doubt_has_words_in_both_languages():
    assert all(term.zh and term.en for term in terms.DOUBT.values())


# ---------------------------------------------------------------- ids that went


def test_a_facility_that_was_a_rule_retires_into_the_requirement_and_its_unit(asked, home):
    rule = commitment(JINCHENG, 465, **RULE, **FUNERAL)
    (requirement,) = asked(rule)
    was = home(commitments=(rule.id,), name="沁水县殡仪馆")
    (gone,) = retire(released([was]), [requirement], [], today=date(2026, 1, 2))
    assert (gone.successor, gone.reason, gone.area) == (requirement.id, "rule", "140521")
    # And where the requirement goes, it leads on to what it has become.
    later = replace(requirement, id="r0000000000aa")
    first, _ = retire(released([requirement]), [later], [gone], today=date(2026, 2, 2))
    assert (first.successor, first.reason, first.date) == ("r0000000000aa", "rule", "2026-01-02")


def test_the_citys_own_is_not_what_the_rule_put_into_a_county(asked, home):
    rule = commitment(JINCHENG, 465, **RULE, **FUNERAL)
    (requirement,) = asked(rule)
    citys = home(id="f0000000000cc", adcode="140500", commitments=(f"{JINCHENG}-465-bbbbbb",))
    (gone,) = retire(released([home(commitments=(rule.id,))]), [requirement, citys], [], today=date(2026, 1, 2))
    assert gone.successor == requirement.id


def test_what_is_a_number_or_an_intention_only_says_so(home, counted):
    number = commitment(QINSHUI, 631, count=2, **QUOTA, **FUNERAL)
    (quota,) = counted(number).values()
    was = home(commitments=(f"{QINSHUI}-631-aaaaaa",))
    (gone,) = retire(released([was]), [quota], [], today=date(2026, 1, 2))
    assert (gone.successor, gone.reason, gone.area) == (quota.id, "quota", "140521")
    wish = commitment(QINSHUI, 631, kind="intent", category="funeral_home")
    (gone,) = retire(released([was]), [], [], intents=[wish], today=date(2026, 1, 2))
    assert (gone.successor, gone.reason, gone.area) == ("", "intent", "140521")
