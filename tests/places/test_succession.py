"""Plans that follow plans: what is promised again is one thing with its old id, and nothing is promised twice."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from service_map.places import (
    apply_statuses,
    cancel_reports,
    follow_plans,
    locate,
    plan_changes,
    quotas,
    requirements,
    with_cancels,
)
from service_map.plans import extract

OLD, NEW, LIST = "jinzhong-2021", "jinzhong-2026", "jinzhong-2027"
HEAD = "晋中市公共服务规划\n第一章 主要任务\n"


@pytest.fixture
def read(plans, gazetteer):
    """Read an earlier text, a later one and perhaps a list of 2027, and give what stands in the data then."""

    def told(old, new, yearly=None, **later):
        following = replace(plans[OLD], id=NEW, title="后一规划", period=(2026, 2030), date="2026-03", succeeds=(OLD,))
        listed = {OLD: plans[OLD], NEW: replace(following, **later)}
        listed[LIST] = replace(following, id=LIST, title="清单", kind="yearly", period=(2027, 2027), succeeds=(NEW,))
        texts = {OLD: old, NEW: new} | ({LIST: yearly} if yearly else {})
        made = [item for name, text in texts.items() for item in extract(HEAD + text, plan=name)]
        followed = follow_plans(made, listed, gazetteer)

        def things(commitments):
            placed = locate(commitments, listed, gazetteer)
            return placed, quotas(commitments, placed, listed, gazetteer), requirements(commitments, listed, gazetteer)

        placed, numbers, rules = (with_cancels(some, followed, listed) for some in things(followed.commitments))
        placed = apply_statuses(placed, cancel_reports(placed, followed, listed))
        before = [item.id for some in things([item for item in made if item.plan == OLD]) for item in some]
        items = [*placed, *numbers, *rules]
        assert set(before) <= {item.id for item in items}, "an id that was published has gone"
        changes = plan_changes(items, made, followed, listed, gazetteer)
        return SimpleNamespace(
            facilities={item.name: item for item in placed}, quotas=numbers, rules=rules, before=set(before),
            changes=[(one.plan, one.change, one.name) for one in changes], told=changes, doubts=followed.doubts,
        )  # fmt: skip

    return told


def plans_of(item):
    return [name.rsplit("-", 2)[0] for name in item.commitments]


TWO = "新建灵石县殡仪馆、祁县殡仪馆，2024年建成。"


def test_what_is_promised_again_has_the_later_year_its_old_id_and_both_citations(read):
    found = read(TWO, "续建灵石县殡仪馆，2030年建成。")
    home = found.facilities["灵石县殡仪馆"]
    assert (home.year, home.action, home.status, plans_of(home)) == (2030, "continue", "planned", [NEW, OLD])
    assert found.changes == [(NEW, "changed", "灵石县殡仪馆"), (NEW, "silent", "祁县殡仪馆")]
    assert found.told[0].differs == ("year",)


def test_what_is_not_named_again_stays_as_it_was(read):
    home = read(TWO, "续建灵石县殡仪馆，2030年建成。").facilities["祁县殡仪馆"]
    assert (home.year, home.status, plans_of(home)) == (2024, "planned", [OLD])


def test_what_a_later_plan_takes_back_is_cancelled_by_it_and_keeps_its_page(read):
    found = read(TWO, "取消祁县殡仪馆建设。")
    home = found.facilities["祁县殡仪馆"]
    assert (home.status, home.status_source, home.status_date) == ("cancelled", "后一规划", "2026-03")
    assert plans_of(home) == [OLD, NEW]
    assert (NEW, "cancelled", "祁县殡仪馆") in found.changes


@pytest.mark.parametrize(
    "later",
    ["调整灵石县殡仪馆建设，2028年建成。", "将灵石县殡仪馆建成时间调整为2028年。", "灵石县殡仪馆延期至2028年建成。"],
)
def test_what_is_adjusted_is_the_same_thing_with_another_year(read, later):
    found = read(TWO, later)
    assert set(found.facilities) == {"灵石县殡仪馆", "祁县殡仪馆"}
    assert (found.facilities["灵石县殡仪馆"].year, found.told[0].change) == (2028, "changed")


def test_a_number_that_is_adjusted_is_the_later_one(read):
    found = read("新建普惠性幼儿园100所。", "普惠性幼儿园由100所调整为80所。")
    assert [(item.count, plans_of(item)) for item in found.quotas] == [(80, [NEW, OLD])]


def test_a_draft_and_the_plan_adopted_after_it_are_one_thing_with_the_adopted_year(plans, gazetteer):
    first, draft, adopted = "o-2021", "d-2026", "a-2026"
    base = replace(plans[OLD], period=(2026, 2030))
    listed = {
        first: replace(plans[OLD], id=first),
        draft: replace(base, id=draft, kind="draft", succeeds=(first,)),
        adopted: replace(base, id=adopted, succeeds=(first, draft)),
    }
    texts = {
        first: TWO, draft: "2029年建成灵石县殡仪馆。新建太谷区殡仪馆、寿阳县殡仪馆。",
        adopted: "2030年建成灵石县殡仪馆。新建太谷区殡仪馆。",
    }  # fmt: skip
    made = [item for name, text in texts.items() for item in extract(HEAD + text, plan=name)]
    followed = follow_plans(made, listed, gazetteer)
    placed = {item.name: item for item in locate(followed.commitments, listed, gazetteer)}
    assert (placed["灵石县殡仪馆"].year, plans_of(placed["灵石县殡仪馆"])) == (2030, [adopted, first, draft])
    assert plans_of(placed["太谷区殡仪馆"]) == [adopted, draft]
    told = plan_changes(list(placed.values()), made, followed, listed, gazetteer)
    assert {one.name: one.change for one in told if one.plan == adopted} == {
        "灵石县殡仪馆": "changed", "太谷区殡仪馆": "carried", "寿阳县殡仪馆": "silent", "祁县殡仪馆": "silent",
    }  # fmt: skip
    (again,) = [one for one in told if one.plan == adopted and one.change == "changed"]
    assert (again.said_before["year"], again.said["year"]) == (2024, 2030)


def test_a_year_that_has_passed_is_none_of_the_plan_that_says_none(read):
    assert read(TWO, "续建灵石县殡仪馆。").facilities["灵石县殡仪馆"].year is None
    kept = read("新建灵石县殡仪馆，2027年建成。", "续建灵石县殡仪馆。").facilities["灵石县殡仪馆"]
    assert kept.year == 2027


@pytest.mark.parametrize(
    "later",
    ["建成社区养老服务中心：榆次5个、平遥6个。", "新建榆次区社区养老服务中心5个、平遥县社区养老服务中心6个。"],
)
def test_numbers_of_places_meet_the_numbers_that_they_had(read, later):
    found = read("榆次、平遥各建成5个社区养老服务中心。", later)
    assert {name: item.count for name, item in found.facilities.items()} == {
        "榆次区社区养老服务中心": 5, "平遥县社区养老服务中心": 6,
    }  # fmt: skip
    assert found.changes == [(NEW, "carried", "榆次区社区养老服务中心"), (NEW, "changed", "平遥县社区养老服务中心")]
    assert (found.told[1].said_before["count"], found.told[1].said["count"]) == (5, 6)
    assert {item.id for item in found.facilities.values()} == found.before


def test_a_number_for_the_city_and_a_rule_for_every_county_are_one_with_the_earlier(read):
    found = read("全市新建普惠性幼儿园100所。每个县建成1所殡仪馆。", "全市新建普惠性幼儿园120所。每个县建成1所殡仪馆。")
    (number,), (rule,) = found.quotas, found.rules
    assert (number.count, number.plan, plans_of(number), plans_of(rule)) == (120, NEW, [NEW, OLD], [NEW, OLD])
    assert {number.id, rule.id} == found.before
    assert {change for _, change, _ in found.changes} == {"carried", "changed"}


@pytest.mark.parametrize("later", ["续建殡仪馆1座，2028年建成。", "续建殡仪馆，2028年建成。"])
def test_the_only_one_of_a_kind_is_meant_where_the_county_is_left_out(read, later):
    found = read("新建灵石县殡仪馆，2024年建成。", later)
    (home,) = found.facilities.values()
    assert (home.name, home.adcode, plans_of(home), found.quotas) == ("灵石县殡仪馆", "140729", [NEW, OLD], [])


def test_a_name_without_its_county_is_that_of_the_county(read):
    found = read("新建灵石县绵山敬老院。", "新建绵山敬老院，2030年建成。")
    (home,) = found.facilities.values()
    assert (home.year, home.adcode, {home.id}) == (2030, "140729", found.before)


@pytest.mark.parametrize("later", ["续建殡仪馆1座。", "续建殡仪馆。", "取消殡仪馆1座。"])
def test_what_may_be_any_of_several_is_in_doubt_and_promised_once(read, later):
    found = read(TWO, later)
    assert [plans_of(item) for item in found.facilities.values()] == [[OLD], [OLD]]
    assert found.quotas == []
    (doubt,) = [one for one in found.told if one.change == "doubtful"]
    assert set(doubt.candidates) == {item.id for item in found.facilities.values()}


def test_one_more_of_a_kind_somewhere_may_be_the_earlier_one_and_is_in_doubt(read):
    found = read("新建灵石县殡仪馆。", "新建殡仪馆1座，2028年建成。")
    assert [change for _, change, _ in found.changes] == ["silent", "doubtful"]


def test_names_of_which_one_holds_the_other_are_in_doubt(read):
    found = read("新建灵石县翠峰康养中心。", "新建灵石县翠峰山康养中心。")
    assert len(found.facilities) == 1
    assert len(found.doubts) == 1
    apart = read("新建榆次区第一养老院。", "新建榆次区第二养老院。")
    assert len(apart.facilities) == 2


def test_a_citys_own_is_none_of_a_county(read):
    found = read("新建灵石县中医院。", "新建晋中市中医院。")
    assert set(found.facilities) == {"灵石县中医院", "晋中市中医院"}
    assert (NEW, "new", "晋中市中医院") in found.changes


def test_what_takes_back_what_nobody_promised_is_in_doubt_without_candidates(read):
    (doubt,) = [one for one in read(TWO, "取消介休市殡仪馆建设。").told if one.change == "doubtful"]
    assert (doubt.name, doubt.candidates) == ("介休市殡仪馆", ())


def test_a_draft_changes_nothing_that_an_adopted_plan_says(read):
    found = read(TWO, "2030年建成灵石县殡仪馆。取消祁县殡仪馆建设。新建太谷区殡仪馆。", kind="draft")
    one, two = found.facilities["灵石县殡仪馆"], found.facilities["祁县殡仪馆"]
    assert (one.year, plans_of(one)) == (2024, [OLD, NEW])
    assert (two.status, two.year) == ("planned", 2024)
    assert found.changes == [
        (NEW, "changed", "灵石县殡仪馆"), (NEW, "cancelled", "祁县殡仪馆"), (NEW, "new", "太谷区殡仪馆"),
    ]  # fmt: skip


def test_a_yearly_list_dates_what_it_names_and_gives_nothing_else_up(read):
    found = read(TWO, "续建灵石县殡仪馆、祁县殡仪馆。", "建成灵石县殡仪馆。")
    home = found.facilities["灵石县殡仪馆"]
    assert (home.commitments[0].startswith(LIST), plans_of(home)) == (True, [LIST, NEW, OLD])
    assert [change for plan, change, _ in found.changes if plan == LIST] == ["carried"]


def test_a_yearly_lists_number_is_a_part_of_the_plans(read):
    found = read("全市新建普惠性幼儿园100所。", "全市新建普惠性幼儿园80所。", "2027年全市新建普惠性幼儿园20所。")
    whole = next(item for item in found.quotas if item.part_of is None)
    part = next(item for item in found.quotas if item.part_of is not None)
    assert (whole.count, whole.plan, part.count, part.part_of, part.year) == (80, NEW, 20, whole.id, 2027)
    assert whole.doubts is None
    places = read("新建养老院，榆次10个。", "新建养老院，榆次10个。", "新建养老院，榆次3个。")
    assert [item.count for item in places.facilities.values()] == [10]
    assert [change for plan, change, _ in places.changes if plan == LIST] == ["carried"]


def test_a_number_that_is_taken_back_says_by_which_plan(read):
    found = read("全市新建普惠性幼儿园100所。", "取消普惠性幼儿园100所。")
    assert [(item.count, item.cancelled_by) for item in found.quotas] == [(100, NEW)]


def test_what_a_third_plan_promises_again_is_no_longer_cancelled(read):
    found = read(TWO, "取消祁县殡仪馆建设。", "建成祁县殡仪馆。")
    assert found.facilities["祁县殡仪馆"].status == "planned"


def test_without_a_plan_that_follows_nothing_is_read_otherwise(plans, gazetteer):
    made = extract(HEAD + TWO, plan=OLD)
    followed = follow_plans(made, plans, gazetteer)
    assert (followed.commitments, followed.cancelled, followed.doubts) == (tuple(made), {}, {})
    assert plan_changes(locate(made, plans, gazetteer), made, followed, plans, gazetteer) == []
