"""The five answers, in a world where every right one is known."""

import csv
import dataclasses
import json
import math

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from invented_world import CENTRE, PARKS

from service_map import analysis, coverage
from service_map.errors import InvalidParameterError, NotFoundError, UnanswerableError

AROUND = shapely.box(CENTRE[0] - 0.05, CENTRE[1] - 0.05, CENTRE[0] + 0.05, CENTRE[1] + 0.05)


def people(offsets, amount=1.0, **groups):
    """People so many metres east of the county's seat."""
    degree = 111_320 * math.cos(math.radians(CENTRE[1]))
    lonlat = [(CENTRE[0] + metres / degree, CENTRE[1]) for metres in offsets]
    return coverage.points(lonlat, amount, groups=groups)


def share_of(ground, county, **asked):
    return analysis.covered_share(ground, analysis.reach(ground, **asked), county)


class TestReach:
    def test_a_rule_brings_its_categories_its_metres_and_its_clause(self, ground):
        asked = analysis.reach(ground, rule="gb50180-kindergarten-5")
        assert (asked.categories, asked.metres, asked.method) == (("kindergarten",), 300, "straight_line")
        assert asked.rule.clause

    def test_a_plans_own_circle_is_a_rule_with_all_its_kinds(self, ground):
        asked = analysis.reach(ground, rule="qinshui-2021-fitness-395")
        assert {"fitness_square", "trail", "sports_park"} <= set(asked.categories)
        assert asked.method == "detour"
        assert asked.metres == pytest.approx(15 * 60 * 1.2 / 1.3)
        assert asked.rule.passage_sha256

    def test_minutes_are_walked_at_the_stated_pace_with_the_stated_detour(self, ground):
        asked = analysis.reach(ground, category="library", minutes=10, profile="elderly")
        assert asked.metres == pytest.approx(10 * 60 * 0.8 / 1.3)
        assert asked.walking["profile"] == "elderly"
        assert analysis.reach(ground, category="library", metres=500, way="walk").metres == pytest.approx(500 / 1.3)

    def test_an_answer_says_that_its_shares_are_not_the_official_rate(self, ground, county):
        crowd = coverage.points([(112.187, 35.69)], 10)
        asked = analysis.reach(ground, category="library", metres=500)
        limits = [report.summary["limits"] for report in (
            analysis.covered_share(ground, asked, county), analysis.covered_share(ground, asked, county, demand=crowd),
            analysis.gap_pieces(ground, asked, county), analysis.completeness_index(ground, county, cells=50),
        )]  # fmt: skip
        for said in limits:
            assert any("not the official rate" in limit and "residential land" in limit for limit in said)
        assert any("people or communities" in limit for limit in limits[1])
        assert not any("people or communities" in limit for limit in limits[0])

    def test_a_radius_and_a_walking_time_are_never_turned_into_each_other_unsaid(self, ground, county):
        def said(**asked):
            reach = analysis.reach(ground, **asked)
            return reach.method, " ".join(analysis.covered_share(ground, reach, county).summary["limits"])

        method, limits = said(rule="tdt1063-elderly-city")
        assert method == "detour"
        assert "turned into a way at a stated pace" in limits
        method, limits = said(rule="gb50437-day-care-5", way="walk")
        assert method == "detour"
        assert "a service radius, a straight line" in limits
        assert "stated pace" not in limits
        method, limits = said(rule="gb50437-day-care-5")
        assert method == "straight_line"
        assert "service radius" not in limits
        assert "stated pace" not in limits

    def test_where_a_clause_means_a_size_the_answer_says_that_sizes_are_not_compared(self, ground, county):
        def said(rule):
            found = analysis.covered_share(ground, analysis.reach(ground, rule=rule), county)
            return any("of a certain size" in limit for limit in found.summary["limits"])

        assert said("gbt51346-park-small")
        assert not said("gb50437-day-care-5")

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"category": "library"}, "metres"),
            ({"metres": 300}, "category"),
            ({"category": "library", "metres": 300, "minutes": 5}, "metres"),
            ({"category": "nothing", "metres": 300}, "category"),
            ({"rule": "gb0-nothing"}, "rule"),
            ({"rule": "gb50180-kindergarten-5", "category": "library"}, "category"),
            ({"category": "library", "minutes": 5, "profile": "giant"}, "profile"),
            ({"category": "library", "minutes": 5, "way": "fly"}, "way"),
        ],
    )
    def test_what_makes_no_question_is_refused_by_name(self, ground, asked, field):
        with pytest.raises(InvalidParameterError) as error:
            analysis.reach(ground, **asked)
        assert error.value.field == field

    @pytest.mark.parametrize(
        "rule",
        [
            "gbt51346-park-10-20ha",
            "gb55014-park-coverage-city",
            "jgj124-funeral-home-county",
            "qinshui-2021-first-aid-circle-435",
        ],
    )
    def test_a_rule_that_nobody_walks_by_is_not_judged(self, ground, rule):
        with pytest.raises(UnanswerableError):
            analysis.reach(ground, rule=rule)

    @pytest.mark.parametrize("metres", [0, -5, 1e9, math.nan])
    def test_a_radius_that_is_none_is_refused(self, ground, county, metres):
        with pytest.raises(InvalidParameterError) as error:
            share_of(ground, county, category="library", metres=metres)
        assert error.value.field == "metres"


class TestCoverage:
    def test_people_are_counted_as_certain_located_and_possible(self, ground, county):
        # The kindergarten stands 163 m east of the seat, known to 50 m.
        crowd = people([0, 163 + 260, 163 + 340, 163 + 700], [1, 10, 100, 1_000], **{"0-9": [1, 2, 3, 4]})
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        found = analysis.covered_share(ground, asked, county, demand=crowd).summary["people"]
        assert found["total"] == 1111
        assert found["covered"] == {"certain": 1, "located": 11, "possible": 111}
        assert found["built"] == {"certain": 0, "located": 0, "possible": 0}
        young = found["groups"]["0-9"]
        assert (young["total"], young["covered"]) == (10, {"certain": 1, "located": 3, "possible": 6})
        assert [young[name] for name in ("share_low", "share", "share_high")] == [0.1, 0.3, 0.6]
        assert found["nearest_m"]["worst_tenth"] == pytest.approx(700, abs=5)
        assert found["catchment"]["within_mean"] == pytest.approx(11 / 1111, abs=1e-4)

    def test_an_area_without_people_gets_a_stated_empty_answer(self, ground, county):
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        report = analysis.covered_share(ground, asked, county, demand=people([0], 0.0))
        assert report.summary["people"]["share"] is None
        assert any("nobody lives" in line for line in report.lines)

    def test_a_later_year_never_covers_less(self, ground, county):
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        crowd = people([0, 400, 520])
        rows = analysis.covered_share(ground, asked, county, demand=crowd, by_year=True).summary["years"]
        assert [row["horizon"] for row in rows] == ["existing", *["by_year"] * (len(rows) - 2), "promised"]
        assert [row["year"] for row in rows][1:5] == [2021, 2022, 2023, 2024]
        for name in ("share_low", "share", "share_high"):
            values = [row[name] for row in rows]
            assert values == sorted(values)
        assert [row["people"]["located"] for row in rows[:5]] == [0, 0, 0, 0, 2]

    def test_promises_without_a_site_stand_beside_the_figures(self, ground):
        city = analysis.region(ground, "140500")
        report = share_of(ground, city, category="elderly_institution", metres=1_000)
        (kind,) = report.summary["promised"]
        assert kind["named"]["matched"] == 1
        assert (kind["required"], kind["quotas"], kind["intents"]["matched"]) == ([], [], 0)
        polygon = analysis.region(ground, None, AROUND)
        assert share_of(ground, polygon, category="elderly_institution", metres=1_000).summary["promised"] is None

    def test_a_polygon_of_the_callers_own_will_do(self, ground):
        where = analysis.region(ground, None, AROUND)
        report = share_of(ground, where, category="sports_park", metres=500)
        assert report.summary["area"] == {"adcode": None, "name": "the polygon given"}
        assert report.summary["area_km2"] == pytest.approx(coverage.square_km(AROUND), abs=1e-4)

    def test_without_facilities_nothing_is_covered_and_all_is_gap(self, ground, county):
        report = share_of(ground, county, category="museum", metres=1_000)
        assert (report.summary["share"], report.summary["share_high"]) == (0, 0)
        assert report.features[0].geometry.is_empty


class TestOnFoot:
    @pytest.fixture
    def walked(self, world):
        """A straight street from the seat eastward, 2 km, in steps of about 50 m."""
        degree = 111_320 * math.cos(math.radians(CENTRE[1]))
        nodes = np.array([(CENTRE[0] + 50 * step / degree, CENTRE[1]) for step in range(41)])
        net = coverage.network(nodes, [(step, step + 1) for step in range(40)])
        ground = analysis.open_ground(world[0], geodata=world[1], language="en", network=net)
        return analysis.trusting(ground, as_recorded=True)

    def test_minutes_follow_the_network_where_there_is_one(self, walked):
        asked = analysis.reach(walked, category="kindergarten", minutes=5)
        assert (asked.method, asked.metres) == ("network", 360)
        where = analysis.region(walked, None, AROUND)
        crowd = people([163 + 200, 163 + 420], 1.0)
        found = analysis.covered_share(walked, asked, where, demand=crowd)
        assert found.summary["people"]["covered"]["located"] == 1
        straight = analysis.covered_share(
            walked, analysis.reach(walked, category="kindergarten", metres=360), where, demand=crowd
        )
        assert 0 < found.summary["share"] <= straight.summary["share"] + 1e-3
        assert found.summary["share_low"] <= found.summary["share"] <= found.summary["share_high"]
        pieces = analysis.gap_pieces(walked, asked, where, demand=crowd)
        assert pieces.summary["people_in_gaps"] == 1

    def test_the_card_follows_it_too(self, walked):
        summary = analysis.check_point(walked, *CENTRE).summary
        kindergarten = next(row for row in summary["verdicts"] if row["rule"]["id"] == "gb50180-kindergarten-5")
        assert kindergarten["walk_m"] == pytest.approx(163, abs=3)
        assert summary["method"] == "network"

    def test_sites_are_chosen_by_the_way(self, walked):
        asked = analysis.reach(walked, category="library", minutes=5)
        where = analysis.region(walked, None, AROUND)
        crowd = people([100, 300, 1_600, 1_900], [5, 5, 4, 9])
        spots = people([200, 1_750, 1_000]).lonlat
        report = analysis.choose_sites(walked, asked, where, count=2, demand=crowd, places=spots, exact_seconds=5)
        assert (report.summary["method"], report.summary["metres"]) == ("network", 360)
        assert (report.summary["added"], report.summary["proven"]) == (23, True)
        # 60 m off the street and 390 m along it: near enough in a straight line, and too far on foot.
        off = coverage.points([(crowd.lonlat[1, 0], CENTRE[1] + 60 / 111_000)], 7)
        far = people([650]).lonlat
        alone = analysis.choose_sites(walked, asked, where, count=1, demand=off, places=far)
        assert alone.summary["added"] == 0
        straight = analysis.reach(walked, category="library", metres=360)
        assert analysis.choose_sites(walked, straight, where, count=1, demand=off, places=far).summary["added"] == 7

    def test_gaps_are_no_squares_but_what_lies_off_the_reached_ways(self, walked):
        asked = analysis.reach(walked, category="kindergarten", minutes=5)
        report = analysis.gap_pieces(
            walked, asked, analysis.region(walked, None, AROUND), zones=True, limit=10_000, least_km2=0
        )
        zones = {feature.properties["zone"]: feature for feature in report.features if feature.properties["zone"]}
        located = shapely.difference(
            AROUND, shapely.union_all([f.geometry for f in report.features if f.properties["rank"]])
        )
        # A strip of 100 m on both sides of 720 m of street, and its rounded ends.
        assert coverage.square_km(located) == pytest.approx(0.2 * 0.52 + 0.2 * 0.1, rel=0.25)
        assert zones["certain"].properties["area_km2"] <= coverage.square_km(located) + 1e-4
        assert any("nearer to it than to any other" in limit for limit in report.summary["limits"])


class TestCard:
    def test_the_plans_own_circles_stand_apart_with_their_citation(self, world, geodata):
        # The invented plan stands for the county's real one, so that its circles are promised here.
        ground = analysis.open_ground(world[0], geodata=geodata, language="en")
        real = ground.plans()[0]
        assert real.adcode == "140521"
        own = [rule for rule in ground.plan_rules if rule.plan == "qinshui-2021"]
        renamed = [type(rule)(**{**{n: getattr(rule, n) for n in rule.__slots__}, "plan": real.id}) for rule in own]
        ground = type(ground)(**{**{n: getattr(ground, n) for n in ground.__slots__}, "plan_rules": tuple(renamed)})
        summary = analysis.check_point(ground, *CENTRE).summary
        circles = {row["rule"]["id"]: row for row in summary["plan_circles"]}
        assert set(circles) == {rule.id for rule in own}
        fitness = circles["qinshui-2021-fitness-395"]
        assert (fitness["line"], fitness["scope"], fitness["radius_from"]) == (395, "urban", "minutes")
        assert len(fitness["passage_sha256"]) == 64
        assert circles["qinshui-2021-first-aid-circle-435"]["verdict"] == "cannot_say"
        assert "vehicles" in circles["qinshui-2021-first-aid-circle-435"]["text"]
        ids = {row["rule"]["id"] for row in summary["verdicts"]}
        assert not ids & set(circles)

    def test_only_where_the_record_is_complete_is_a_rule_not_met(self, ground):
        def verdict(*complete):
            mine = analysis.trusting(ground, complete=complete)
            rows = analysis.check_point(mine, *CENTRE).summary["verdicts"]
            row = next(row for row in rows if row["rule"]["id"] == "gb50180-nursery-5")
            return row["verdict"], row["record"]

        assert verdict() == ("cannot_say", "none")
        assert verdict("nursery") == ("not_met", "complete")

    def test_a_point_outside_the_data_or_a_circle_of_other_minutes_is_refused(self, ground):
        with pytest.raises(UnanswerableError):
            analysis.check_point(ground, 0, 0)
        with pytest.raises(InvalidParameterError):
            analysis.check_point(ground, *CENTRE, minutes=20)

    def test_a_local_rule_is_judged_where_it_is_in_force(self, ground):
        def rules(at):
            return {row["rule"]["id"] for row in analysis.check_point(at, *CENTRE).summary["verdicts"]}

        assert "shanghai-2016-kindergarten" not in rules(ground)
        assert analysis.reach(ground, rule="shanghai-2016-kindergarten").metres == 500
        here = tuple(
            dataclasses.replace(rule, area="140500") if rule.id == "shanghai-2016-kindergarten" else rule
            for rule in ground.rules
        )
        assert "shanghai-2016-kindergarten" in rules(dataclasses.replace(ground, rules=here))

    def test_as_many_facilities_are_named_as_are_asked_for_nearest_first(self, ground):
        spots = [shapely.Point(people([metres]).lonlat[0]) for metres in (400, 100, 900, 250)]
        mine = analysis.with_own(ground, [analysis.Own(geometry=spot) for spot in spots], category="nursery")

        def named(show):
            rows = analysis.check_point(mine, *CENTRE, show=show).summary["verdicts"]
            nursery = next(row for row in rows if row["rule"]["id"] == "gb50180-nursery-5")
            assert nursery["facility"] == nursery["nearest"][0]["facility"]
            return [near["facility"]["id"] for near in nursery["nearest"]]

        assert named(1) == ["given-2"]
        # The two that meet the rule first.
        assert named(3) == ["given-2", "given-4", "given-1"]


class TestZones:
    """The seat's kindergarten is known to 50 m, its park's to 20 m, the trail to a county."""

    def gaps(self, ground, crowd, **asked):
        where = analysis.region(ground, None, AROUND)
        return analysis.gap_pieces(ground, analysis.reach(ground, **asked), where, demand=crowd, zones=True)

    def test_people_and_land_are_told_apart_by_what_is_certain(self, ground):
        crowd = people([163, 163 + 240, 163 + 270, 163 + 340, 163 + 360], [1, 2, 4, 8, 16], **{"60+": [1, 1, 1, 1, 1]})
        report = self.gaps(ground, crowd, category="kindergarten", metres=300)
        zones = report.summary["zones"]
        assert [zones[name]["people"] for name in ("certain", "uncertain", "gap")] == [3, 12, 16]
        assert [zones[name]["groups"]["60+"] for name in ("certain", "uncertain", "gap")] == [2, 2, 1]
        assert zones["certain"]["km2"] == pytest.approx(math.pi * 0.25**2, rel=1e-3)
        assert zones["uncertain"]["km2"] == pytest.approx(math.pi * (0.35**2 - 0.25**2), rel=1e-3)
        total = sum(zone["share"] for zone in zones.values())
        assert total == pytest.approx(1)
        drawn = {f.properties["zone"]: f.geometry for f in report.features if f.properties["zone"]}
        for name, zone in zones.items():
            assert coverage.square_km(drawn[name]) == pytest.approx(zone["km2"], abs=1e-3)
        assert shapely.area(shapely.intersection(drawn["certain"], drawn["gap"])) == 0

    def test_a_gap_says_how_much_of_it_is_certain(self, ground):
        crowd = people([163 + 320, 163 + 360], [8, 16])
        where, asked = (
            analysis.region(ground, None, AROUND),
            analysis.reach(ground, category="kindergarten", metres=300),
        )
        report = analysis.gap_pieces(ground, asked, where, demand=crowd, limit=10_000, least_km2=0)
        pieces = [feature.properties for feature in report.features]
        assert (pieces[0]["rank"], pieces[0]["zone"]) == (1, None)
        sums = {
            name: sum(piece[name] for piece in pieces)
            for name in ("people", "people_certain", "area_km2", "certain_km2")
        }
        assert (sums["people"], sums["people_certain"]) == (24, 16)
        assert sums["certain_km2"] == pytest.approx(sums["area_km2"] - math.pi * (0.35**2 - 0.3**2), rel=1e-3)
        assert all(piece["people_certain"] <= piece["people"] for piece in pieces)

    def test_age_groups_have_their_own_shares(self, ground):
        crowd = people(
            [163, 163 + 270, 163 + 340, 163 + 900], [10, 10, 10, 10], **{"0-9": [4, 0, 0, 4], "60+": [0] * 4}
        )
        where = analysis.region(ground, None, AROUND)
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        report = analysis.covered_share(ground, asked, where, demand=crowd)
        groups = report.summary["people"]["groups"]
        assert [groups["0-9"][name] for name in ("share_low", "share", "share_high")] == [0.5, 0.5, 0.5]
        assert groups["60+"]["share"] is None
        assert [report.summary["people"][name] for name in ("share_low", "share", "share_high")] == [0.25, 0.5, 0.75]
        assert any("0-9: 50.0%" in line for line in report.lines)

    def test_a_county_level_location_makes_everything_uncertain(self, ground):
        crowd = people([0, 2_000], [1, 2])
        zones = self.gaps(ground, crowd, category="trail", metres=500).summary["zones"]
        assert (zones["certain"]["people"], zones["uncertain"]["people"], zones["gap"]["people"]) == (0, 3, 0)
        assert zones["uncertain"]["share"] == pytest.approx(1)

    def test_without_people_the_zones_are_of_land_alone_and_are_left_out_of_the_features_unless_asked(self, ground):
        where = analysis.region(ground, None, AROUND)
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        report = analysis.gap_pieces(ground, asked, where)
        assert {zone["people"] for zone in report.summary["zones"].values()} == {None}
        assert all(feature.properties["rank"] for feature in report.features)
        covered = analysis.covered_share(ground, asked, where).summary
        assert covered["zones"] == report.summary["zones"]

    def test_bounds_hold_in_siting_and_completeness(self, ground, county):
        crowd = people([163, 163 + 270, 163 + 340, 20_000], [1, 2, 4, 8])
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        sites = analysis.choose_sites(ground, asked, county, count=1, demand=crowd, places=crowd.lonlat).summary
        assert sites["before"] == {"certain": 1, "located": 3, "possible": 7}
        assert sites["after"] == {"certain": 9, "located": 11, "possible": 15}
        index = analysis.completeness_index(ground, county, rules=["gb50180-kindergarten-5"], demand=crowd)
        bounds = index.summary["mean_bounds"]
        assert [bounds[name] for name in ("certain", "located", "possible")] == [
            pytest.approx(amount / 15, abs=1e-6) for amount in (1, 3, 7)
        ]
        assert [(f.properties["kept_low"], f.properties["kept"], f.properties["kept_high"]) for f in index.features] == [
            (1, 1, 1), (0, 1, 1), (0, 0, 1), (0, 0, 0),
        ]  # fmt: skip
        (rule,) = index.summary["rules"]
        assert rule["share_low"] <= rule["share"] <= rule["share_high"]


class TestGaps:
    def test_pieces_are_ranked_by_the_people_in_them(self, ground):
        # A wall of parks cannot part a county, so the radius is wide and the region narrow.
        strip = shapely.box(112.25, 35.68, 112.36, 35.70)
        ground = analysis.trusting(ground, complete=["sports_park"])
        asked = analysis.reach(ground, category="sports_park", metres=3_000)
        crowd = coverage.points([(112.255, 35.69), (112.355, 35.69), (112.305, 35.69)], [5, 50, 500])
        report = analysis.gap_pieces(ground, asked, analysis.region(ground, None, strip), demand=crowd)
        pieces = [feature.properties for feature in report.features]
        assert [piece["people"] for piece in pieces] == [50, 5] + [0] * (len(pieces) - 2)
        assert [piece["rank"] for piece in pieces] == [1, 2] + [3] * (len(pieces) - 2)
        assert [(piece["needs_at_least"], piece["needs_by"]) for piece in pieces[:3]] == [
            (1, "people"), (1, "people"), (0, "people"),
        ]  # fmt: skip
        assert (report.summary["by"], report.summary["ranked_by"]) == ("cell", "people")
        assert report.summary["people_total"] == 555
        assert report.summary["people_in_gaps"] == 55
        assert sum(feature.properties["area_km2"] for feature in report.features) == pytest.approx(
            report.summary["gap_km2"], abs=1e-3
        )
        one = analysis.gap_pieces(ground, asked, analysis.region(ground, None, strip), demand=crowd, limit=1)
        assert (len(one.features), one.summary["pieces"]) == (1, len(pieces))


class TestSites:
    def test_new_ones_go_where_most_are_not_covered(self, ground, county):
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        crowd = people([0, 5_000, 5_100, 9_000], [1_000, 30, 30, 50])
        report = analysis.choose_sites(ground, asked, county, count=2, demand=crowd, places=crowd.lonlat)
        assert [feature.properties["gain"] for feature in report.features] == [60, 50]
        assert report.summary["already"] == 1_000
        assert report.summary["added"] <= report.summary["bound"]
        assert report.summary["proven"]

    def test_a_facility_that_may_stand_anywhere_keeps_no_site_away(self, ground, county):
        # The trail is known to its county only: 60 km.
        asked = analysis.reach(ground, category="trail", metres=1_000)
        report = analysis.choose_sites(
            ground, asked, county, count=1, demand=people([0], 10.0), places=people([0]).lonlat
        )
        assert (report.summary["already"], report.summary["added"], report.summary["uncertain"]) == (0, 10, 1)

    def test_spacing_capacity_and_the_land_itself(self, ground):
        where = analysis.region(ground, None, AROUND)
        asked = analysis.reach(ground, category="library", metres=1_000)
        crowd = people([0, 10, 20], 100.0)
        roomy = analysis.choose_sites(
            ground, asked, where, count=3, demand=crowd, places=crowd.lonlat, spacing=500, capacity=150
        )
        assert [feature.properties["gain"] for feature in roomy.features] == [150]
        land = analysis.choose_sites(ground, asked, where, count=2)
        assert land.summary["unit"] == "km2"
        assert land.summary["added"] == pytest.approx(2 * math.pi, rel=0.05)

    def test_a_plans_quota_says_how_many(self, ground):
        assert analysis.quota(ground, "county-4-000004").count == PARKS
        with pytest.raises(NotFoundError):
            analysis.quota(ground, "county-9-999999")
        with pytest.raises(UnanswerableError):
            analysis.quota(ground, "city-3-000006")

    def test_wrong_questions_are_refused(self, ground, county):
        asked = analysis.reach(ground, category="library", metres=1_000)
        for change, field in (({"count": 0}, "count"), ({"count": 501}, "count"), ({"count": 1, "spacing": -1}, "spacing"),
                              ({"count": 1, "places": np.array([[0.0, 0.0]])}, "places")):  # fmt: skip
            with pytest.raises(InvalidParameterError) as error:
                analysis.choose_sites(ground, asked, county, **change)
            assert error.value.field == field


class TestCompleteness:
    def test_every_cell_counts_the_rules_kept(self, ground, county):
        crowd = people([163, 20_000], [3, 1])
        names = ["gb50180-kindergarten-5", "jgj39-kindergarten", "gb50180-nursery-5"]
        report = analysis.completeness_index(ground, county, rules=names, demand=crowd)
        assert [feature.properties["kept"] for feature in report.features] == [2, 0]
        assert report.summary["distribution"] == [1, 0, 3, 0]
        assert report.summary["mean"] == pytest.approx(1.5)
        assert [row["share"] for row in report.summary["rules"]] == [0.75, 0.75, 0]

    def test_the_land_is_judged_where_no_people_are_given(self, ground, county):
        report = analysis.completeness_index(ground, county, minutes=5, cells=500)
        assert {row["rule"]["level"] for row in report.summary["rules"]} == {"5"}
        assert sum(report.summary["distribution"]) == pytest.approx(report.summary["total"], abs=0.01)
        assert 350 < len(report.features) < 650

    def test_certainly_is_never_more_than_located_nor_that_than_possibly(self, ground, county):
        means = [
            analysis.completeness_index(ground, county, kind=kind).summary["mean"]
            for kind in ("certain", "located", "possible")
        ]
        assert means == sorted(means)


class TestFiles:
    @pytest.fixture(params=["coverage", "circle", "gaps", "sites", "completeness"])
    def report(self, request, ground, county):
        asked = analysis.reach(ground, category="kindergarten", metres=300)
        return {
            "coverage": lambda: analysis.covered_share(ground, asked, county, by_year=True),
            "circle": lambda: analysis.check_point(ground, *CENTRE),
            "gaps": lambda: analysis.gap_pieces(ground, asked, county, demand=people([0, 5_000])),
            "sites": lambda: analysis.choose_sites(ground, asked, county, count=3),
            "completeness": lambda: analysis.completeness_index(ground, county, cells=50),
        }[request.param]()

    def test_each_answer_is_a_geopackage_a_geojson_a_table_and_a_spreadsheet(self, report, tmp_path):
        for suffix in analysis.FORMATS:
            path = tmp_path / f"answer{suffix}"
            analysis.write_report(report, path)
            analysis.write_report(report, path)  # over an old one
        collection = json.loads((tmp_path / "answer.geojson").read_bytes())
        assert len(collection["features"]) == len(report.features)
        assert report.kind in collection
        info = pyogrio.read_info(tmp_path / "answer.gpkg", layer=report.kind)
        assert info["features"] == len(report.features)
        assert info["crs"] == "EPSG:4326"
        assert pyogrio.read_info(tmp_path / "answer.gpkg", layer="summary")["features"] > 5
        text = (tmp_path / "answer.csv").read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines()))
        assert len(rows) == len(report.features)
        assert {"lon", "lat"} <= set(rows[0])
        sheets = {name for name, _ in pyogrio.list_layers(tmp_path / "answer.xlsx")}
        assert sheets == {report.kind, "summary"}
        assert not list(tmp_path.glob(".*"))

    def test_a_name_or_a_place_that_cannot_be_written_is_refused(self, report, tmp_path):
        for path in (tmp_path / "answer.pdf", tmp_path / "no" / "such" / "answer.csv", tmp_path / "no" / "answer.gpkg"):
            with pytest.raises(InvalidParameterError, match="-o"):
                analysis.write_report(report, path)


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(tmp_path):
    row = analysis.Feature(id="1", geometry=shapely.Point(1, 2), properties={"name": "=1+1", "other": "plain"})
    analysis.write_report(
        analysis.Report(kind="circle", summary={}, features=(row,), lines=()), tmp_path / "answer.csv"
    )
    assert "'=1+1" in (tmp_path / "answer.csv").read_text(encoding="utf-8-sig")


def test_a_workbook_holds_each_text_as_it_is_and_runs_none(tmp_path):
    names = ["=1+1幼儿园", "+1", "-2", "@SUM(1)", '=HYPERLINK("x")', "{=1}", "\t=1", "'=1", "http://a.b", "007"]
    rows = tuple(
        analysis.Feature(id=str(number), geometry=shapely.Point(1, 2), properties={"name": name})
        for number, name in enumerate([*names, "\x0bx"])
    )
    analysis.write_report(
        analysis.Report(kind="circle", summary={"=basis": "=2+2"}, features=rows, lines=()), tmp_path / "answer.xlsx"
    )
    book = openpyxl.load_workbook(tmp_path / "answer.xlsx")
    cells = [
        cell
        for row in book["circle"].iter_rows(min_row=2)
        for cell in row
        if book["circle"].cell(1, cell.column).value == "name"
    ]
    assert [cell.value for cell in cells] == [*names, "\N{REPLACEMENT CHARACTER}x"]
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert [cell.value for cell in book["summary"][2]] == ["=basis", "=2+2"]


class TestLimitsOfWork:
    def test_a_wide_radius_over_the_land_is_asked_of_a_coarser_grid(self, ground, county):
        asked = analysis.reach(ground, category="library", metres=20_000)
        wide = analysis.choose_sites(ground, asked, county, count=3)
        assert 10 < wide.summary["places"] < 2_000
        assert wide.summary["total"] == pytest.approx(coverage.square_km(county.shape), rel=1e-6)

    def test_more_pairs_than_the_limit_are_refused_where_they_are_the_callers(self, ground, county, monkeypatch):
        monkeypatch.setattr("service_map.analysis.sites.MOST_PAIRS", 3)
        asked = analysis.reach(ground, category="library", metres=1_000)
        crowd = people([0, 10], 1.0)
        with pytest.raises(InvalidParameterError, match="4 pairs"):
            analysis.choose_sites(ground, asked, county, count=1, demand=crowd, places=crowd.lonlat)

    def test_what_is_proven_is_never_below_greed(self, ground, county):
        # Greed takes the middle first; the two ends cover more.
        crowd = people([-900, -500, 500, 900, 0], [6, 5, 5, 6, 1])
        asked = analysis.reach(ground, category="library", metres=600)
        spots = people([-700, 700, 0]).lonlat
        found = analysis.choose_sites(ground, asked, county, count=2, demand=crowd, places=spots, exact_seconds=5)
        assert (found.summary["added"], found.summary["proven"]) == (22, True)
