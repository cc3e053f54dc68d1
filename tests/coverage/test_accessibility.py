"""People covered, with bounds, by year and by number of kinds."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from town import geodesic, place, streets

from service_map.catalogue import plan_rules, rules
from service_map.coverage import by_year, candidates, completeness, covered, equity, land, network, points, served
from service_map.errors import InvalidParameterError

HOMES = place([(0, 0), (100, 0), (400, 0), (900, 0), (5_000, 0)])
PEOPLE = [10, 20, 30, 40, 50]


def town(groups=None):
    return points(HOMES, PEOPLE, groups=groups)


def test_people_within_the_radius_are_counted_as_certain_located_and_possible():
    stock = candidates(place([(0, 0)]), ["kindergarten"], uncertainty_m=200)
    answer = served(town(), stock, 450)
    assert (answer.covered.certain, answer.covered.located, answer.covered.possible) == (30, 60, 60)
    wider = served(town(), stock, 750)
    assert (wider.covered.certain, wider.covered.located, wider.covered.possible) == (60, 60, 100)
    assert wider.share() == 60 / 150
    assert (wider.unit, wider.total, wider.basis, wider.method) == ("people", 150, "points", "straight_line")
    assert "直线" in wider.told.zh


def test_what_is_promised_counts_as_covered_but_not_as_built():
    stock = candidates(place([(0, 0), (5_000, 0)]), ["kindergarten"] * 2, status=["existing", "planned"])
    answer = served(town(), stock, 300)
    assert (answer.built.located, answer.covered.located) == (30, 80)


def test_age_groups_are_counted_apart():
    stock = candidates(place([(0, 0)]), ["kindergarten"])
    answer = served(town({"0-9": [1, 2, 3, 4, 5], "60+": [5, 4, 3, 2, 1]}), stock, 300)
    assert answer.groups["0-9"][0] == 15
    assert answer.groups["0-9"][1].located == 3
    assert answer.groups["60+"][1].located == 9


def test_a_promise_for_a_later_year_or_of_no_year_is_no_coverage_of_an_earlier_year():
    stock = candidates(place([(0, 0), (5_000, 0)]), ["kindergarten"] * 2, status="planned", year=[2024, None])
    answers = by_year(town(), stock, 300)
    assert [answers[year].covered.located for year in (2021, 2023, 2024, 2025, None)] == [0, 0, 30, 30, 80]
    assert [answers[year].covered.possible for year in (2021, 2024, None)] == [50, 80, 80]


def test_an_area_without_people_has_no_share():
    answer = served(points([], []), candidates(place([(0, 0)]), ["kindergarten"]), 300)
    assert answer.total == 0
    assert answer.share() is None


def test_demand_far_outside_is_not_covered_and_no_facility_covers_nobody():
    assert served(points([[0.0, 0.0]], 7), candidates(place([(0, 0)]), ["trail"]), 300).covered.possible == 0
    assert served(town(), candidates([], []), 300).covered.possible == 0


spot = st.tuples(st.floats(0, 4_000), st.floats(0, 4_000))


@st.composite
def stocks(draw, most=8):
    count = draw(st.integers(0, most))
    some = lambda values: draw(st.lists(values, min_size=count, max_size=count))  # noqa: E731
    return candidates(
        place(some(spot)),
        ["kindergarten"] * count,
        uncertainty_m=some(st.sampled_from([0.0, 30.0, 90.0, 800.0, 20_000.0])),
        status=some(st.sampled_from(["existing", "planned", "cancelled", "open"])),
        year=some(st.sampled_from([None, 2021, 2023, 2025])),
    )


@given(st.lists(spot, min_size=1, max_size=30), stocks(), st.sampled_from([300.0, 1000.0]))
@settings(max_examples=80, deadline=None)
def test_bounds_are_nested_and_a_later_year_never_covers_less(homes, stock, radius):
    demand = points(place(homes), np.arange(1.0, len(homes) + 1))
    before = None
    for answer in by_year(demand, stock, radius).values():
        assert (answer.certain <= answer.located).all()
        assert (answer.located <= answer.possible).all()
        assert answer.built.located <= answer.covered.located
        if before is not None:
            for kind in ("certain", "located", "possible"):
                assert (getattr(before, kind) <= getattr(answer, kind)).all()
        before = answer


@given(st.lists(spot, min_size=1, max_size=20), stocks(), st.data())
@settings(max_examples=60, deadline=None)
def test_wherever_the_real_sites_are_the_truth_lies_within_the_bounds(homes, stock, data):
    demand = points(place(homes), 1)
    answer = served(demand, stock, 500)
    moved = stock.lonlat.copy()
    for row, uncertainty in enumerate(stock.uncertainty_m):
        azimuth, share = data.draw(st.floats(0, 6.28)), data.draw(st.floats(0, 0.99))
        moved[row] += (
            place([(np.cos(azimuth) * uncertainty * share, np.sin(azimuth) * uncertainty * share)]) - place([(0, 0)])
        )[0]
    near = geodesic(demand.lonlat, moved) if len(moved) else np.full((len(homes), 1), np.inf)
    standing = stock.status != "cancelled"
    truth = (near[:, standing] <= 500).any(axis=1) if len(moved) else np.zeros(len(homes), dtype=bool)
    # Metres of the made-up plane are 0.3 % short of true ones, less than the 1 % left out of each shift.
    assert (answer.certain <= truth).all()
    assert (truth <= answer.possible).all()


@given(st.integers(0, 30), stocks(4), st.sampled_from([300.0, 800.0]))
@settings(max_examples=40, deadline=None)
def test_over_a_network_the_bounds_are_nested_and_lie_within_the_straight_lines(seed, stock, radius):
    nodes, edges = streets(12, 12, step=300, seed=seed)
    demand = points(place(np.random.default_rng(seed).uniform(0, 3_300, (60, 2))), 1)
    net = network(nodes, edges)
    walked, straight = served(demand, stock, radius, network=net), served(demand, stock, radius)
    assert walked.method == "network"
    assert (walked.certain <= walked.located).all()
    assert (walked.located <= straight.located).all()
    assert (walked.located <= walked.possible).all()


def test_completeness_counts_the_rules_kept_at_each_place():
    stock = candidates(place([(0, 0), (390, 0)]), ["kindergarten", "elderly_day_care"])
    chosen = [
        row for row in rules() if row.id in ("gb50180-kindergarten-5", "jgj39-kindergarten", "gb50437-day-care-5")
    ]
    answer = completeness(town(), stock, chosen)
    assert answer.count.tolist() == [2, 3, 2, 0, 0]
    assert answer.distribution.tolist() == [90, 0, 40, 20]
    assert answer.share == {
        "gb50180-kindergarten-5": 30 / 150,
        "jgj39-kindergarten": 60 / 150,
        "gb50437-day-care-5": 50 / 150,
    }
    assert answer.mean == pytest.approx((2 * 40 + 3 * 20) / 150)
    assert answer.complete == 20 / 150


def test_completeness_is_the_sum_of_each_rules_reach():
    rng = np.random.default_rng(2)
    demand = points(place(rng.uniform(0, 10_000, (5_000, 2))), rng.uniform(0, 9, 5_000))
    judged = [row for row in rules() if row.mode == "walk" and row.level in ("15", "10", "5")]
    kinds = sorted({row.category for row in judged})
    stock = candidates(
        place(rng.uniform(0, 10_000, (300, 2))),
        rng.choice(kinds, 300).tolist(),
        uncertainty_m=rng.choice([0, 150, 9_000], 300),
    )
    for kind, sign in (("certain", -1), ("located", 0), ("possible", 1)):
        answer = completeness(demand, stock, judged, kind=kind)
        expected = np.zeros(5_000, dtype=int)
        for row in judged:
            mine = stock.category == row.category
            expected += covered(stock.lonlat[mine], demand.lonlat, row.metres + sign * stock.uncertainty_m[mine])
        np.testing.assert_array_equal(answer.count, expected)
        assert answer.distribution.sum() == pytest.approx(demand.total)


def test_completeness_over_a_network_never_exceeds_that_in_a_straight_line():
    nodes, edges = streets(15, 15)
    rng = np.random.default_rng(4)
    demand = points(place(rng.uniform(0, 1_400, (300, 2))), 1)
    judged = [row for row in rules() if row.mode == "walk" and row.metres and row.level in ("15", "5")]
    stock = candidates(place(rng.uniform(0, 1_400, (12, 2))), rng.choice([row.category for row in judged], 12).tolist())
    walked = completeness(demand, stock, judged, network=network(nodes, edges))
    straight = completeness(demand, stock, judged)
    assert walked.method == "network"
    assert (walked.count <= straight.count).all()
    assert walked.count.sum() < straight.count.sum()


def test_any_of_the_kinds_of_a_plans_own_circle_keeps_it():
    (circle,) = [row for row in plan_rules() if row.id == "yuncheng-2021-fitness-484"]
    for kind in ("fitness_square", "trail", "football_field"):
        assert completeness(town(), candidates(place([(0, 0)]), [kind]), [circle]).count[0] == 1
    assert completeness(town(), candidates(place([(0, 0)]), ["library"]), [circle]).count[0] == 0


def test_equity_tells_how_far_the_worst_served_tenth_goes():
    demand = points(place([(0, 0)] * 4), [60, 25, 10, 5], groups={"60+": [0, 0, 1, 1]})
    answer = equity(demand, np.array([100.0, 200.0, 300.0, 900.0]))
    assert answer.mean == pytest.approx(185)
    assert answer.median == 100
    assert answer.worst_tenth == pytest.approx(600)
    assert answer.worst_from == 300
    assert answer.groups == {"60+": 600}
    cut = equity(demand, np.array([100.0, 200.0, 300.0, np.inf]))
    assert cut.unreached == 5
    assert equity(demand, np.full(4, np.inf)).mean is None


def test_wrong_questions_are_refused_by_name():
    stock = candidates([], [])
    for call, field in (
        (lambda: served(town(), stock, 0), "metres"),
        (lambda: completeness(town(), stock, []), "rules"),
        (lambda: completeness(town(), stock, rules(), kind="maybe"), "kind"),
        (lambda: equity(town(), np.zeros(2)), "metres"),
        (lambda: served(land(shapely.box(112, 35, 113, 36)), stock, np.nan), "metres"),
    ):
        with pytest.raises(InvalidParameterError) as error:
            call()
        assert error.value.field == field


def test_what_is_known_to_its_county_only_may_serve_and_is_never_located() -> None:
    home = points([(113.0, 40.0)], 7.0)
    seat = candidates([(113.0, 40.0)], ["kindergarten"], uncertainty_m=20_000.0, status="planned", wide=[True])
    found = served(home, seat, 300.0)
    assert (found.covered.certain, found.covered.located, found.covered.possible) == (0.0, 0.0, 7.0)
    sure = served(home, seat, 30_000.0)
    assert (sure.covered.certain, sure.covered.located, sure.covered.possible) == (7.0, 7.0, 7.0)
