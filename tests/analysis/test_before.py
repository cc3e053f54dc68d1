"""Coverage and siting say the same of what is covered today, over a network as in a straight line."""

from dataclasses import replace

import numpy as np
import pytest

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
