"""The 15-minute check judges by the rule, cites it, and never says more than the locations allow."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from town import place

from service_map import coverage
from service_map.catalogue import categories, plan_rules, rules, terms
from service_map.coverage import apart, candidates, network, points, served
from service_map.errors import InvalidParameterError

GEOD = Geod(ellps="WGS84")
HERE = (112.187, 35.69)
# What is in place is fully on record, unless a test says otherwise.
check = partial(coverage.check, complete=frozenset(categories()))


def at(metres, azimuth=30.0):
    lon, lat, _ = GEOD.fwd(*HERE, azimuth, metres)
    return lon, lat


def rule(geodata, identifier):
    (found,) = [row for row in rules(geodata) if row.id == identifier]
    return found


@pytest.fixture
def kindergarten(geodata):
    return rule(geodata, "gb50180-kindergarten-5")


def verdict(rows, metres, **given_):
    year = given_.pop("asked", None)
    supply = candidates([at(metres)], [rows.category], **given_)
    (answer,) = check(HERE, supply, [rows], year=year)
    return answer


def test_what_stands_within_the_radius_meets_the_rule(kindergarten):
    answer = verdict(kindergarten, 299)
    assert answer.verdict == "met"
    assert answer.nearest[0].metres == pytest.approx(299, abs=1e-6)
    assert answer.nearest[0].minutes == pytest.approx(299 * 1.3 / 1.2 / 60)
    assert (answer.metres, answer.metres_from, answer.method) == (300, "rule", "straight_line")
    assert "直线" in answer.told.zh
    assert "straight line" in answer.told.en


def test_what_is_promised_within_the_radius_meets_it_only_if_built(kindergarten):
    assert verdict(kindergarten, 299, status="planned").verdict == "met_if_built"
    assert verdict(kindergarten, 299, status="under_construction").verdict == "met_if_built"
    assert verdict(kindergarten, 299, status="cancelled").verdict == "not_met"


def test_what_stands_beyond_the_radius_does_not_meet_it(kindergarten):
    answer = verdict(kindergarten, 301)
    assert answer.verdict == "not_met"
    assert (answer.certain, answer.located, answer.possible) == (0, 0, 0)


@pytest.mark.parametrize(
    ("metres", "uncertainty", "expected"),
    [
        (100, 200, "met"),
        (100, 201, "cannot_say"),
        (500, 200, "cannot_say"),
        (500, 199, "not_met"),
        (0, 20_000, "cannot_say"),
    ],
)
def test_the_verdict_is_certain_only_where_both_bounds_agree(kindergarten, metres, uncertainty, expected):
    # A metre aside, so that the bound does not stand on the radius itself.
    answer = verdict(
        kindergarten, metres + (0.5 if expected == "not_met" else -0.5 if metres else 0), uncertainty_m=uncertainty
    )
    assert answer.verdict == expected


def test_a_facility_known_to_its_county_says_nothing_about_walking_unless_it_is_far(kindergarten):
    near, far = verdict(kindergarten, 800, uncertainty_m=20_000), verdict(kindergarten, 20_500, uncertainty_m=20_000)
    assert near.verdict == "cannot_say"
    assert (near.nearest[0].metres_low, near.nearest[0].metres_high) == (0, pytest.approx(20_800))
    assert "无法判断" in near.told.zh
    assert far.verdict == "not_met"


def test_a_promise_for_a_later_year_does_not_count(kindergarten):
    assert verdict(kindergarten, 100, status="planned", year=[2025], asked=2024).verdict == "not_met"
    assert verdict(kindergarten, 100, status="planned", year=[2025], asked=2025).verdict == "met_if_built"
    assert verdict(kindergarten, 100, status="existing", year=[2025], asked=2021).verdict == "met"


def test_a_promise_without_a_year_proves_nothing_for_a_year(kindergarten):
    answer = verdict(kindergarten, 100, status="planned", year=[None], asked=2023)
    assert answer.verdict == "cannot_say"
    assert "year" in answer.told.en
    assert verdict(kindergarten, 100, status="planned", year=[None]).verdict == "met_if_built"


def test_a_facility_of_a_known_level_answers_no_other_level(geodata):
    centre, station = (rule(geodata, f"gb50437-elderly-service-{name}") for name in ("centre-15", "station-5"))
    supply = candidates([at(100)], ["elderly_community"], level=["15"])
    assert [answer.verdict for answer in check(HERE, supply, [centre, station])] == ["met", "not_met"]
    unknown = candidates([at(100)], ["elderly_community"])
    assert [answer.verdict for answer in check(HERE, unknown, [centre, station])] == ["met", "met"]


def test_two_rules_on_one_category_are_both_answered_with_their_clauses(geodata):
    both = [row for row in rules(geodata) if row.category == "kindergarten" and row.area is None]
    supply = candidates([at(350)], ["kindergarten"])
    answers = {answer.rule.clause: (answer.verdict, answer.rule.confidence) for answer in check(HERE, supply, both)}
    assert answers == {"附录C": ("not_met", "secondary"), "3.1.3": ("met", "quoted")}


def test_a_rule_in_minutes_states_the_speed_and_the_detour_it_used(geodata):
    trail = rule(geodata, "gasc-fitness-circle-trail-15")
    (answer,) = check(HERE, candidates([at(100)], ["trail"]), [trail], cycling=3.0, detour=1.25)
    assert (answer.metres, answer.metres_from) == (15 * 60 * 3.0 / 1.25, "minutes")
    assert (answer.speed, answer.detour) == (3.0, 1.25)
    # The clause gives minutes only: the sentence says that the metres are made of them.
    assert "15 分钟（折合直线 2160 米）内" in answer.told.zh
    assert "15 minutes (taken as 2160 m in a straight line)" in answer.told.en


def test_with_a_network_rules_in_minutes_are_judged_by_the_way(geodata):
    # A river with one bridge: 200 m in a straight line, 2.2 km on foot.
    corners = place([(0, 0), (1_000, 0), (1_000, 200), (0, 200)])
    net = network(corners, [(0, 1), (1, 2), (2, 3)], island=1)
    (circle,) = [row for row in plan_rules(geodata) if row.id == "datong-2021-home-care-469"]
    kindergarten = rule(geodata, "gb50180-kindergarten-5")
    stock = candidates(corners[3:], ["elderly_community"])
    (straight,) = check(corners[0], stock, [circle])
    (walked,) = check(corners[0], stock, [circle], network=net)
    assert (straight.verdict, straight.method) == ("met", "straight_line")
    assert (walked.verdict, walked.method, walked.metres) == ("not_met", "network", 15 * 60 * 1.2)
    assert walked.nearest[0].walk_metres == pytest.approx(2_200, rel=0.01)
    assert walked.nearest[0].minutes == pytest.approx(walked.nearest[0].walk_metres / 1.2 / 60)
    (faster,) = check(corners[0], stock, [circle], network=net, speed=2.5)
    assert faster.verdict == "met"
    # A service radius is a straight line with or without a network; the way is shown beside it.
    (radius,) = check(corners[0], candidates(corners[3:], ["kindergarten"]), [kindergarten], network=net)
    assert (radius.verdict, radius.method) == ("met", "straight_line")
    assert radius.nearest[0].walk_metres is None or radius.nearest[0].walk_metres > 2_000


def test_over_a_network_a_coarse_location_or_an_unknown_way_is_not_judged(geodata):
    nodes = place([(0, 0), (100, 0), (200, 0)])
    net = network(nodes, [(0, 1), (1, 2)], island=1)
    (circle,) = [row for row in plan_rules(geodata) if row.id == "datong-2021-home-care-469"]
    coarse = candidates(nodes[2:], ["elderly_community"], uncertainty_m=500)
    astray = candidates(place([(200, 400)]), ["elderly_community"])
    for stock in (coarse, astray):
        (answer,) = check(nodes[0], stock, [circle], network=net)
        assert answer.verdict == "cannot_say"
        assert answer.nearest[0].walk_metres is None
    (near,) = check(nodes[0], candidates(nodes[2:], ["elderly_community"], uncertainty_m=80), [circle], network=net)
    assert near.verdict == "met"


def test_over_a_network_what_stands_somewhere_across_the_river_is_not_within_a_walk(geodata):
    # 200 m across, 2.2 km on foot, and known to 60 m: wherever it stands, nobody walks there in a quarter of an hour.
    corners = place([(0, 0), (1_000, 0), (1_000, 200), (0, 200)])
    net = network(corners, [(0, 1), (1, 2), (2, 3)], island=1)
    (circle,) = [row for row in plan_rules(geodata) if row.id == "datong-2021-home-care-469"]
    home = points(corners[:1], 1)
    for doubt, verdict in ((60, "not_met"), (190, "cannot_say"), (2_000, "cannot_say")):
        stock = candidates(corners[3:], ["elderly_community"], uncertainty_m=doubt)
        (answer,) = check(corners[0], stock, [circle], network=net)
        assert answer.verdict == verdict
        # Coverage says the same.
        assert bool(answer.possible) == served(home, stock, answer.metres, network=net).possible[0]


def test_over_a_network_what_no_way_leads_to_is_not_within_a_walk_however_near(geodata):
    # Two streets that do not meet, 150 m apart.
    nodes = place([(0, 0), (400, 0), (0, 150), (400, 150)])
    net = network(nodes, [(0, 1), (2, 3)], island=1)
    (circle,) = [row for row in plan_rules(geodata) if row.id == "datong-2021-home-care-469"]
    stock = candidates(place([(200, 150)]), ["elderly_community"])
    (answer,) = check(place([(200, 10)])[0], stock, [circle], network=net)
    assert (answer.verdict, answer.possible) == ("not_met", 0)
    # Who is off the network oneself cannot be told a way.
    (off,) = check(place([(200, -300)])[0], stock, [circle], network=net)
    assert (off.verdict, off.possible) == ("cannot_say", 1)


def test_funeral_homes_are_never_judged_by_walking(geodata):
    supply = candidates([at(200)], ["funeral_home"], uncertainty_m=50)
    assert not [answer for answer in check(HERE, supply, rules(geodata)) if answer.rule.category == "funeral_home"]
    (answer,) = [answer for answer in apart(HERE, supply, rules(geodata)) if answer.rule.category == "funeral_home"]
    assert answer.nearest[0].metres == pytest.approx(200)
    assert np.isnan(answer.nearest[0].minutes)
    assert "不按步行距离评价" in answer.told.zh


def test_without_facilities_no_rule_is_met_and_the_answer_says_none_is_on_record(geodata):
    empty = candidates([], [])
    assert {answer.verdict for answer in check(HERE, empty, rules(geodata))} == {"not_met"}
    assert all("数据中没有" in answer.told.zh for answer in check(HERE, empty, rules(geodata)))
    assert all(answer.nearest == () for answer in apart(HERE, empty, rules(geodata)))


@pytest.mark.parametrize("supply", [candidates([at(301)], ["kindergarten"]), candidates([], [])])
def test_where_what_stands_is_not_fully_on_record_nobody_can_say_that_a_rule_is_not_met(kindergarten, supply):
    (answer,) = coverage.check(HERE, supply, [kindergarten])
    assert answer.verdict == "cannot_say"
    assert "现有设施没有收全" in answer.told.zh
    assert "not fully on record" in answer.told.en
    (elsewhere,) = coverage.check(HERE, supply, [kindergarten], complete=["trail"])
    assert elsewhere.verdict == "cannot_say"
    (known,) = coverage.check(HERE, supply, [kindergarten], complete=["kindergarten"])
    assert known.verdict == "not_met"


def test_what_is_known_to_an_area_only_is_no_nearer_than_that_area(kindergarten):
    vague = candidates([at(5_000), at(900)], ["kindergarten"] * 2, uncertainty_m=[6_000, 100], wide=[True, False])
    (open_,) = check(HERE, vague, [kindergarten], show=2)
    assert (open_.verdict, open_.nearest[0].index, open_.nearest[0].metres_low) == ("cannot_say", 0, 0)
    (bound,) = check(HERE, vague, [kindergarten], show=2, floor=np.array([4_000.0, 0]))
    assert (bound.verdict, bound.possible) == ("not_met", 0)
    assert [reach.index for reach in bound.nearest] == [1, 0]
    assert [reach.metres_low for reach in bound.nearest] == pytest.approx([800, 4_000])


def test_a_city_share_is_not_judged_at_a_point(geodata):
    assert "city" not in {answer.rule.level for answer in check(HERE, candidates([], []), rules(geodata))}


@st.composite
def towns(draw):
    count = draw(st.integers(1, 8))
    choose = lambda values: draw(st.lists(values, min_size=count, max_size=count))  # noqa: E731
    places = [
        at(metres, azimuth)
        for metres, azimuth in zip(choose(st.floats(0, 3000)), choose(st.floats(0, 360)), strict=True)
    ]
    return candidates(
        places,
        choose(st.sampled_from(["kindergarten", "elderly_community", "trail"])),
        uncertainty_m=choose(st.sampled_from([0.0, 100.0, 800.0, 20_000.0])),
        status=choose(st.sampled_from(["existing", "open", "planned", "under_construction", "cancelled"])),
        year=choose(st.sampled_from([None, 2021, 2023, 2025])),
    )


@given(towns())
@settings(max_examples=100, deadline=None)
def test_counts_are_nested_and_a_later_year_never_covers_less(town):
    before = None
    for year in (2021, 2022, 2023, 2024, 2025, None):
        now = check(HERE, town, rules(), year=year)
        for answer in now:
            assert answer.certain_built <= answer.certain <= answer.located <= answer.possible
            assert answer.verdict in terms.VERDICT
        for earlier, later in zip(before or now, now, strict=True):
            for count in ("certain_built", "certain", "located", "possible"):
                assert getattr(earlier, count) <= getattr(later, count)
            if earlier.verdict in ("met", "met_if_built"):
                assert later.verdict == earlier.verdict
        before = now


@given(towns(), st.data())
@settings(max_examples=100, deadline=None)
def test_wherever_the_real_sites_are_a_sure_verdict_holds(town, data):
    """Move every facility to some place within its uncertainty: a sure verdict must be the one the true sites give."""
    moved = []
    for (lon, lat), uncertainty in zip(town.lonlat, town.uncertainty_m, strict=True):
        azimuth, share = data.draw(st.floats(0, 360)), data.draw(st.floats(0, 0.999))
        moved.append(GEOD.fwd(lon, lat, azimuth, uncertainty * share)[:2])
    truth = candidates(moved, town.category.tolist(), status=town.status.tolist(), year=town.year.tolist())
    for said, true in zip(check(HERE, town, rules()), check(HERE, truth, rules()), strict=True):
        if said.verdict == "met_if_built":
            assert true.verdict in ("met", "met_if_built")
        elif said.verdict != "cannot_say":
            assert true.verdict == said.verdict


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "built"}, "status"),
        ({"uncertainty_m": -1}, "uncertainty_m"),
        ({"uncertainty_m": [1, 2]}, "uncertainty_m"),
        ({"year": [2021, 2022]}, "year"),
        ({"id": ["a", "b"]}, "id"),
    ],
)
def test_facilities_that_cannot_be_used_are_refused_by_field(change, field):
    with pytest.raises(InvalidParameterError) as error:
        candidates([HERE], ["kindergarten"], **change)
    assert error.value.field == field


@pytest.mark.parametrize("change", [{"speed": 0}, {"speed": -1.2}, {"detour": 0.9}, {"cycling": np.nan}])
def test_a_speed_or_detour_that_makes_no_sense_is_refused(kindergarten, change):
    with pytest.raises(InvalidParameterError):
        check(HERE, candidates([], []), [kindergarten], **change)


def test_the_facility_that_meets_a_rule_is_named_before_one_that_might_be_nearer(kindergarten):
    supply = candidates([at(5000), at(200), at(100)], [kindergarten.category] * 3, uncertainty_m=[9000.0, 50.0, 10.0],
                        status=["planned", "existing", "planned"], id=["vague", "sure", "promised"])  # fmt: skip
    (answer,) = check(HERE, supply, [kindergarten], show=3)
    assert answer.verdict == "met"
    assert [reach.id for reach in answer.nearest] == ["sure", "vague", "promised"]


def test_nobody_can_say_farther_than_the_smallest_far_bound_and_the_nearest_that_stands_is_named(kindergarten):
    supply = candidates(
        [at(100), at(4000), at(3000)], [kindergarten.category] * 3, uncertainty_m=[9000.0, 50.0, 10.0],
        status=["planned", "existing", "planned"], id=["vague", "stands", "promised"], wide=[True, False, False],
    )  # fmt: skip
    (answer,) = check(HERE, supply, [kindergarten], show=1)
    assert answer.verdict == "cannot_say"
    assert [reach.id for reach in answer.nearest] == ["vague"]
    assert answer.within_m == pytest.approx(3010)
    assert "0—3010 米" in answer.told.zh
    assert answer.standing is not None
    assert (answer.standing.id, answer.standing.metres) == ("stands", pytest.approx(4000))


def test_of_what_is_known_to_a_county_only_the_own_county_s_is_named_first(kindergarten):
    supply = candidates([at(100), at(4000), at(200)], [kindergarten.category] * 3, uncertainty_m=[9000.0, 8000.0, 400.0],
                        status="planned", id=["own", "neighbour", "placed"], wide=[True, True, False])  # fmt: skip
    (answer,) = check(HERE, supply, [kindergarten], home=np.array([True, False, False]))
    assert [reach.id for reach in answer.nearest] == ["placed", "own", "neighbour"]
    (unasked,) = check(HERE, supply, [kindergarten])
    assert [reach.id for reach in unasked.nearest] == ["placed", "neighbour", "own"]
    assert answer.standing is None
