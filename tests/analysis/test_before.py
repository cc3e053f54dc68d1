"""Coverage and siting say the same of what is covered today, over a network as in a straight line."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from service_map import analysis, coverage


@pytest.fixture
def walked(ground, county):
    """The invented county with a grid of streets about its kindergartens, and people along them."""
    asked = analysis.reach(ground, category="kindergarten", metres=500)
    stock = analysis.stock.stock_of(ground, asked, None).candidates
    middle = stock.lonlat.mean(axis=0)
    x, y = np.meshgrid(np.arange(-15, 16), np.arange(-15, 16))
    nodes = middle + np.column_stack((x.ravel(), y.ravel())) * (0.0022, 0.0018)
    number = np.arange(31 * 31).reshape(31, 31)
    edges = np.concatenate((
        np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
        np.column_stack((number[:-1].ravel(), number[1:].ravel())),
    ))  # fmt: skip
    rng = np.random.default_rng(3)
    net = coverage.network(nodes, edges[rng.random(len(edges)) > 0.2])
    homes = middle + rng.uniform(-1, 1, (3_000, 2)) * (0.033, 0.027)
    return replace(ground, network=net), coverage.points(homes, 1)


@pytest.mark.parametrize("how", [{"minutes": 15}, {"minutes": 5}, {"metres": 400}])
def test_what_is_covered_before_is_what_coverage_says(walked, county, how):
    ground, people = walked
    asked = analysis.reach(ground, category="kindergarten", **how)
    assert asked.method == ("network" if "minutes" in how else "straight_line")
    told = analysis.covered_share(ground, asked, county, demand=people).summary["people"]["covered"]
    sites = analysis.choose_sites(ground, asked, county, count=2, demand=people).summary
    assert sites["before"] == pytest.approx(told)
    assert 0 < told["certain"] < told["located"] < told["possible"]


@pytest.fixture
def doubtful(walked):
    """The same with a caller's own kindergartens: of every doubt, below the radius and beyond, and some without a year."""
    ground, people = walked
    rng = np.random.default_rng(4)
    spots = people.lonlat[rng.choice(len(people.lonlat), 24, replace=False)]
    own = [
        analysis.Own(
            geometry=shapely.Point(spot), category="kindergarten", uncertainty_m=(0.0, 80.0, 700.0, 2_000.0)[number % 4],
            status=("existing", "planned")[number % 2], year=(2023, None, 2030)[number % 3],
        )
        for number, spot in enumerate(spots)
    ]  # fmt: skip
    return analysis.with_own(ground, own), people


@pytest.mark.parametrize("how", [{"minutes": 5}, {"metres": 400}])
@pytest.mark.parametrize("year", [None, 2025])
def test_so_it_is_of_any_doubt_and_by_any_year(doubtful, county, how, year):
    ground, people = doubtful
    asked = analysis.reach(ground, category="kindergarten", **how)
    told = analysis.covered_share(ground, asked, county, demand=people, year=year).summary["people"]["covered"]
    sites = analysis.choose_sites(ground, asked, county, count=2, demand=people, year=year).summary
    assert sites["before"] == pytest.approx(told)
    assert told["certain"] < told["located"] < told["possible"]
    assert sites["uncertain"] > 0
    for kind in ("certain", "located", "possible"):
        assert sites["before"][kind] <= sites["after"][kind] <= sites["before"][kind] + sites["total"]


@pytest.mark.parametrize("how", [{"minutes": 5}, {"metres": 400}])
def test_so_it_is_of_land(doubtful, how):
    ground, _ = doubtful
    asked = analysis.reach(ground, category="kindergarten", **how)
    west, south, east, north = shapely.bounds(shapely.multipoints(ground.network.lonlat))
    region = analysis.region(ground, None, shapely.box(west, south, east, north))
    told = analysis.covered_share(ground, asked, region, year=2025).summary
    zones = told["zones"]
    sites = analysis.choose_sites(ground, asked, region, count=2, year=2025).summary
    assert sites["before"]["certain"] == pytest.approx(zones["certain"]["km2"], rel=1e-3, abs=1e-3)
    assert sites["before"]["located"] == pytest.approx(told["covered_km2"], abs=1e-3)
    assert sites["before"]["possible"] == pytest.approx(told["area_km2"] - zones["gap"]["km2"], rel=1e-3)


def test_on_foot_the_land_that_may_be_covered_holds_the_people_who_may_be_and_is_no_straight_line(doubtful):
    ground, people = doubtful
    asked = analysis.reach(ground, category="kindergarten", minutes=5)
    stock = analysis.stock.stock_of(ground, asked, None).candidates
    stock = coverage.choose(stock, stock.uncertainty_m <= asked.metres)
    area = shapely.box(*shapely.bounds(shapely.multipoints(people.lonlat)))
    found = coverage.served(people, stock, asked.metres, network=ground.network)
    cut = analysis.stock.cut_by(area, asked, stock, grow=1)
    homes = shapely.points(people.lonlat[found.possible])
    # A metre, in degrees.
    assert (shapely.distance(cut.covered, homes) < 1e-5).all()
    straight = coverage.gap(area, stock.lonlat, asked.metres + stock.uncertainty_m)
    assert analysis.stock.cut_by(area, asked, stock).share < cut.share < 0.9 * straight.share
