"""Without people, sites and shares stand on land: what is said of it is measured, and how surely."""

import dataclasses
import math

import numpy as np
import pytest
import shapely
from invented_world import CENTRE, write_world

from service_map import analysis, coverage, store
from service_map.errors import InvalidParameterError

DISC = math.pi * 0.3**2
DEGREE = 111_320 * math.cos(math.radians(CENTRE[1]))
# A straight street of communities, half a kilometre apart, and one off by itself.
EAST = (3_000, 3_500, 4_000, 4_500, 5_000, 5_500, 20_000)


@pytest.fixture(scope="module")
def inhabited(geodata, tmp_path_factory):
    """The invented world with seven communities on record."""
    home = tmp_path_factory.mktemp("inhabited")
    folder = write_world(home / "geodata", geodata)
    rows = ["adcode,category,id,name,lon,lat,uncertainty_m,class,source_id,date,source,licence"]
    rows += [
        f"140521,residential,f{number:012x},小区{number},{CENTRE[0] + east / DEGREE:.7f},{CENTRE[1]:.7f},100,,{number},"
        "2024,测试,CC0"
        for number, east in enumerate(EAST)
    ]
    (folder / "existing.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    url = f"sqlite:///{home}/world.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        ground = analysis.open_ground(conn, geodata=folder, language="en")
        yield analysis.trusting(ground, as_recorded=True)
    engine.dispose()


def sites(ground, region, count, **more):
    return analysis.choose_sites(ground, analysis.reach(ground, category="kindergarten", metres=300), region, count=count, **more)  # fmt: skip


class TestSites:
    def test_so_many_circles_on_open_land_add_so_many_circles_and_share_one_rank(self, ground, county):
        report = sites(ground, county, 38)
        summary = report.summary
        assert summary["added"] == pytest.approx(38 * DISC, abs=1e-4)
        assert (summary["bound"], summary["gap"], summary["proven"]) == (summary["added"], 0, True)
        assert summary["ground"]["kind"] == "land"
        assert "bring people" in summary["basis"]
        assert {feature.properties["rank"] for feature in report.features} == {1}
        assert len({feature.id for feature in report.features}) == 38
        assert any("the order among them means nothing" in line for line in report.lines)

    def test_what_is_covered_before_agrees_with_the_coverage_question(self, ground, county):
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        before = analysis.covered_share(ground, asked, county).summary
        summary = sites(ground, county, 2).summary
        assert summary["already"] == pytest.approx(before["covered_km2"], abs=1e-3)
        assert summary["total"] == pytest.approx(before["area_km2"], abs=1e-3)
        for name, kind in (("share_low", "certain"), ("share", "located")):
            assert summary["before"][kind] / summary["total"] == pytest.approx(before[name], abs=1e-6)
            assert summary["after"][kind] >= summary["before"][kind]
        assert summary["after"]["located"] == pytest.approx(summary["already"] + summary["added"], abs=1e-3)

    def test_where_homes_are_on_record_the_land_near_them_is_the_ground_and_the_answer_says_so(self, inhabited):
        region = analysis.region(inhabited, "140521")
        report = sites(inhabited, region, 3)
        summary = report.summary
        assert summary["ground"] == {
            "kind": "homes", "homes": 7, "within_m": 200, "km2": pytest.approx(7 * math.pi * 0.04, rel=0.01),
        }  # fmt: skip
        assert "7 residential communities" in summary["basis"]
        assert summary["basis"] in report.lines
        assert not any("not its residential land" in said for said in summary["limits"])
        assert summary["added"] <= summary["bound"] <= summary["total"] + 1e-4
        # Two neighbours at once are within reach of a site between them, but not whole: one home's ground is 0.126 km².
        assert 0.3 < summary["added"] < 3 * 0.252
        homes = [(CENTRE[0] + east / DEGREE, CENTRE[1]) for east in EAST]
        chosen = [(feature.geometry.x, feature.geometry.y) for feature in report.features]
        assert coverage.nearest(homes, chosen)[0].max() < 350
        assert sites(inhabited, region, 20).summary["share_after"] == pytest.approx(1, abs=1e-3)

    def test_too_few_homes_on_record_are_no_ground(self, inhabited):
        alone = shapely.box(CENTRE[0] + 0.2, CENTRE[1] - 0.02, CENTRE[0] + 0.24, CENTRE[1] + 0.02)
        summary = sites(inhabited, analysis.region(inhabited, None, alone), 1).summary
        assert summary["ground"]["kind"] == "land"
        assert summary["added"] == pytest.approx(DISC, abs=1e-4)

    def test_on_foot_no_more_is_added_than_the_walks_reach(self, ground):
        x, y = np.meshgrid(np.arange(-10, 11) * 100.0, np.arange(-10, 11) * 100.0)
        nodes = np.column_stack((CENTRE[0] + x.ravel() / DEGREE, CENTRE[1] + y.ravel() / 111_000))
        number = np.arange(441).reshape(21, 21)
        edges = np.concatenate(
            [np.column_stack((one.ravel(), other.ravel())) for one, other in ((number[:, :-1], number[:, 1:]), (number[:-1], number[1:]))]
        )  # fmt: skip
        walked = dataclasses.replace(ground, network=coverage.network(nodes, edges))
        region = analysis.region(walked, None, shapely.box(*nodes.min(axis=0), *nodes.max(axis=0)))
        asked = analysis.reach(walked, category="library", metres=400, way="walk")
        report = analysis.choose_sites(walked, asked, region, count=3)
        chosen = np.array([(feature.geometry.x, feature.geometry.y) for feature in report.features])
        reached = coverage.gap_on_foot(region.shape, chosen, 400, walked.network).covered_km2
        straight = coverage.gap(region.shape, chosen, 400).covered_km2
        assert report.summary["added"] == pytest.approx(reached, abs=1e-3)
        assert report.summary["added"] <= min(straight, 3 * math.pi * 0.16)
        assert report.summary["bound"] >= report.summary["added"]
        gains = [feature.properties["gain"] for feature in report.features]
        assert gains == sorted(gains, reverse=True)
        assert sum(gains) == pytest.approx(report.summary["added"], abs=1e-3)

    def test_nobody_is_counted_into_a_capacity_where_there_are_no_people(self, ground, county):
        with pytest.raises(InvalidParameterError) as error:
            sites(ground, county, 2, capacity=500)
        assert error.value.field == "capacity"


class TestCompleteness:
    def test_shares_rest_on_cells_finer_than_the_radius_and_say_how_far_they_may_be_off(self, ground, county):
        names = ["gb50180-kindergarten-5", "jgj39-kindergarten"]
        report = analysis.completeness_index(ground, county, rules=names, cells=300)
        summary = report.summary
        assert 200 < len(report.features) == summary["cells"] < 400
        assert summary["sampled_cells"] > 100_000
        assert summary["cell_m"] < 130
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        exact = analysis.covered_share(ground, asked, county).summary["share"]
        row = summary["rules"][0]
        assert row["share"] == pytest.approx(exact, abs=3 * row["standard_error"])
        assert 0 < row["standard_error"] < 0.001
        assert any("standard error" in said for said in summary["limits"])
        assert sum(summary["distribution"]) == pytest.approx(summary["total"], abs=0.01)

    def test_of_people_nothing_is_sampled(self, ground, county):
        crowd = coverage.points([CENTRE], 3.0)
        summary = analysis.completeness_index(ground, county, rules=["jgj39-kindergarten"], demand=crowd).summary
        assert (summary["sampled_cells"], summary["cell_m"], summary["rules"][0]["standard_error"]) == (None,) * 3
