"""A share, a gap or a rank is given only where the record of what exists is complete; elsewhere words are."""

import dataclasses
import math

import pytest
import shapely
from invented_world import CENTRE

from service_map import analysis, coverage
from service_map.catalogue import Inventory
from service_map.errors import InvalidParameterError

DEGREE = 111_320 * math.cos(math.radians(CENTRE[1]))
HELD = Inventory(area="140521", categories=("kindergarten",), source="County register", date="2025-09")
FIGURES = {
    "coverage": ("share", "share_low", "share_high", "covered_km2", "gap_km2", "zones"),
    "gaps": ("gap_km2", "gap_share", "people_in_gaps", "pieces", "zones"),
    "sites": ("share_before", "share_after", "already", "before", "after"),
}


def kindergarten(metres=0.0, name="一处", **more):
    return analysis.Own(
        geometry=shapely.Point(CENTRE[0] + metres / DEGREE, CENTRE[1]), category="kindergarten", name=name, **more
    )


def east(metres, north=0.0):
    return CENTRE[0] + metres / DEGREE, CENTRE[1] + north / 111_000


def answers(ground, **more):
    asked = analysis.reach(ground, category="kindergarten", metres=300)
    where = analysis.region(ground, "140521")
    crowd = coverage.points([(CENTRE[0] + metres / DEGREE, CENTRE[1]) for metres in (0, 5_000)], 10.0)
    return {
        "coverage": analysis.covered_share(ground, asked, where, demand=crowd, by_year=True, **more),
        "gaps": analysis.gap_pieces(ground, asked, where, demand=crowd, zones=True, **more),
        "sites": analysis.choose_sites(ground, asked, where, count=1, demand=crowd, places=crowd.lonlat, **more),
    }


class TestNobodySaysItIsComplete:
    def test_no_figure_is_given_and_the_words_say_what_is_on_record_and_what_is_promised(self, untold):
        mine = analysis.with_own(untold, [kindergarten(2_000, "城关园"), kindergarten(3_000, "城东园")])
        for kind, report in answers(mine).items():
            summary = report.summary
            assert (summary["record"], summary["record_basis"]["existing"]) == ("partial", 2)
            assert {name: summary[name] for name in FIGURES[kind]} == dict.fromkeys(FIGURES[kind])
            words = summary["record_basis"]["words"]
            assert "2 existing on record" in words
            assert "The nearest on record from the seat of government: 城关园, " in words
            assert "Promised by name, 1" in words
            assert "no share, gap or rank" in words
        assert answers(mine)["coverage"].features == answers(mine)["gaps"].features == ()

    def test_years_count_facilities_and_give_no_share(self, untold):
        years = answers(untold)["coverage"].summary["years"]
        assert {row["share"] for row in years} == {row["people"] for row in years} == {None}
        assert [row["facilities"] for row in years if row["year"] in (2023, 2024)] == [0, 1]

    def test_of_people_only_their_number_is_given(self, untold):
        people = answers(untold)["coverage"].summary["people"]
        assert (people["total"], people["covered"], people["share"], people["nearest_m"]) == (20, None, None, None)

    def test_an_empty_record_is_none_and_says_what_is_promised(self, untold):
        summary = answers(untold)["coverage"].summary
        assert (summary["record"], summary["record_basis"]["nearest"]) == ("none", None)
        assert summary["record_basis"]["promised"]["named"][0]["name"] == "虚构幼儿园"

    def test_as_recorded_gives_the_figures_and_every_feature_says_so(self, untold):
        told = answers(analysis.trusting(untold, as_recorded=True))
        for kind, report in told.items():
            assert report.summary["record"] == "none"
            assert report.summary["record_basis"]["as_recorded"]
            assert all(report.summary[name] is not None for name in FIGURES[kind])
            assert {(row.properties["record"], row.properties["as_recorded"]) for row in report.features} == {
                ("none", True)
            }
            assert any("no coverage" in line for line in report.lines)


class TestComplete:
    @pytest.fixture(params=["inventory", "question", "given"])
    def held(self, untold, request):
        match request.param:
            case "inventory":
                return dataclasses.replace(untold, inventories=(HELD,))
            case "question":
                return analysis.trusting(untold, complete=["kindergarten"])
            case _:
                return analysis.with_own(untold, [kindergarten()], stock="given")

    def test_figures_are_given_with_who_says_that_it_is_complete(self, held, request):
        for kind, report in answers(held).items():
            assert report.summary["record"] == "complete"
            assert not report.summary["record_basis"]["as_recorded"]
            assert all(report.summary[name] is not None for name in FIGURES[kind])
        assert answers(held)["coverage"].summary["record_basis"]["stated_by"] in request.node.name

    def test_an_inventory_names_its_register_and_its_date(self, untold):
        summary = answers(dataclasses.replace(untold, inventories=(HELD,)))["coverage"].summary
        assert "County register 2025-09" in summary["record_basis"]["words"]
        assert any("over its border" in limit for limit in summary["limits"])

    @pytest.mark.parametrize(
        "other",
        [
            dataclasses.replace(HELD, area="140502"),
            dataclasses.replace(HELD, categories=("library",)),
            dataclasses.replace(HELD, area="140521100"),
        ],
    )
    def test_a_statement_of_another_area_or_kind_does_not_count(self, untold, other):
        assert answers(dataclasses.replace(untold, inventories=(other,)))["coverage"].summary["record"] == "none"

    def test_that_of_a_city_counts_for_its_county_and_for_a_polygon_within(self, untold):
        city = dataclasses.replace(untold, inventories=(dataclasses.replace(HELD, area="140500"),))
        asked = analysis.reach(city, category="kindergarten", metres=300)
        around = shapely.Point(CENTRE).buffer(0.05)
        for where in (analysis.region(city, "140521"), analysis.region(city, None, around)):
            assert analysis.covered_share(city, asked, where).summary["record"] == "complete"
        beyond = analysis.region(city, None, shapely.Point(CENTRE).buffer(2.0))
        assert analysis.covered_share(city, asked, beyond).summary["record"] == "none"

    def test_that_of_the_whole_country_counts_everywhere_and_ends_at_no_border_here(self, untold):
        country = dataclasses.replace(untold, inventories=(dataclasses.replace(HELD, area="100000"),))
        asked = analysis.reach(country, category="kindergarten", metres=300)
        for where in (
            analysis.region(country, "140521"),
            analysis.region(country, None, shapely.Point(CENTRE).buffer(2)),
        ):
            assert analysis.covered_share(country, asked, where).summary["record"] == "complete"
        sure = analysis.trusting(untold, complete=["kindergarten"])
        where = analysis.region(untold, "140521")
        both = [analysis.covered_share(ground, asked, where).summary["share_high"] for ground in (country, sure)]
        assert both[0] == both[1]

    def test_of_kinds_that_serve_alike_each_must_be_complete(self, untold):
        asked = analysis.reach(untold, rule="jincheng-2021-home-care-383")
        where = analysis.region(untold, "140521")
        one = analysis.trusting(untold, complete=asked.categories[:1])
        both = analysis.trusting(untold, complete=asked.categories)
        states = [analysis.covered_share(ground, asked, where).summary["record"] for ground in (one, both)]
        assert states == ["none", "complete"]

    def test_a_kind_that_there_is_not_is_refused_by_name(self, untold):
        with pytest.raises(InvalidParameterError) as refused:
            analysis.trusting(untold, complete=["school"])
        assert refused.value.field == "complete"


class TestGiven:
    """The asker's own facilities alone are all there is of the kinds among them, and of no other."""

    def test_a_kind_that_the_asker_brings_none_of_is_not_complete(self, untold):
        mine = analysis.with_own(untold, [kindergarten()], stock="given")
        where = analysis.region(mine, "140521")
        for category, state in (("kindergarten", "complete"), ("library", "none")):
            asked = analysis.reach(mine, category=category, metres=300)
            assert analysis.covered_share(mine, asked, where).summary["record"] == state
        rows = analysis.check_point(mine, *CENTRE).summary["verdicts"]
        assert {row["record"] for row in rows if row["rule"]["category"] == "kindergarten"} == {"complete"}
        assert {row["record"] for row in rows if row["rule"]["category"] == "nursery"} == {"none"}


class TestAtTheBorder:
    """Over the border somebody else keeps the register: what lies within the radius of it is not certain."""

    def test_the_strip_along_the_border_of_a_register_is_no_certain_gap(self, untold):
        held = dataclasses.replace(untold, inventories=(dataclasses.replace(HELD, categories=("library",)),))
        asked = analysis.reach(held, category="library", metres=1_000)
        where = analysis.region(held, "140521")
        edge = where.shape.boundary.interpolate(0.3, normalized=True)
        inside = shapely.Point(CENTRE)
        crowd = coverage.points([(edge.x, edge.y), CENTRE], [3.0, 5.0])
        crowd = dataclasses.replace(crowd)
        told = analysis.covered_share(held, asked, where, demand=crowd, by_year=True).summary
        gaps = analysis.gap_pieces(held, asked, where, demand=crowd, zones=True)
        zones = {row.properties["zone"]: row.geometry for row in gaps.features if row.properties["zone"]}
        assert zones["gap"].contains(inside)
        assert zones["gap"].distance(edge) > 0.008
        assert zones["uncertain"].distance(edge) < 1e-6
        assert told["share_high"] == pytest.approx(1 - told["zones"]["gap"]["share"], abs=1e-6)
        assert 0 < told["zones"]["uncertain"]["share"] < 0.2
        assert told["people"]["covered"] == {"certain": 0, "located": 0, "possible": 3}
        assert {row["share_high"] for row in told["years"]} == {told["share_high"]}
        assert gaps.summary["zones"]["gap"]["people"] == 5
        sure = analysis.trusting(untold, complete=["library"])
        assert analysis.covered_share(sure, asked, where).summary["share_high"] == 0

    def test_only_the_registers_of_the_areas_asked_about_are_named(self, untold):
        other = dataclasses.replace(HELD, area="140502")
        held = dataclasses.replace(untold, inventories=(HELD, other))
        asked = analysis.reach(held, category="kindergarten", metres=300)
        around = shapely.Point(CENTRE).buffer(0.02)
        told = analysis.covered_share(held, asked, analysis.region(held, None, around)).summary["record_basis"]
        assert [one["area"] for one in told["inventories"]] == ["140521"]


class TestCountedByWhatReaches:
    def test_a_facility_beyond_the_area_counts_only_where_its_circle_reaches_in(self, ground):
        # In the corner of the box round a slanting area, and farther from the area than it serves.
        slant = shapely.Polygon([east(0), east(4_000), east(4_000, 4_000)])
        mine = analysis.with_own(
            ground,
            [analysis.Own(geometry=shapely.Point(east(*at)), category="library") for at in ((100, 3_900), (-200, 0))],
            stock="given",
        )
        asked = analysis.reach(mine, category="library", metres=500)
        where = analysis.region(mine, None, slant)
        told = analysis.covered_share(mine, asked, where, by_year=True).summary
        assert told["facilities"] == 1
        assert {row["facilities"] for row in told["years"]} == {1}
        assert analysis.gap_pieces(mine, asked, where).summary["facilities"] == 1

    def test_what_is_known_to_its_city_is_counted_by_no_county_as_its_own(self, untold):
        asked = analysis.reach(untold, category="funeral_home", metres=1_000)
        seat = analysis.region(untold, "140502")
        told = analysis.covered_share(untold, asked, seat).summary["record_basis"]["promised"]
        assert (told["wide"], told["around"]) == (1, 0)
        library = analysis.reach(untold, category="library", metres=1_000)
        for county in ("140502", "140521"):
            of = analysis.covered_share(untold, library, analysis.region(untold, county)).summary["record_basis"]
            assert (of["promised"]["wide"], of["promised"]["around"]) == (0, 0)  # it was cancelled


class TestCompleteness:
    def test_only_rules_of_complete_kinds_are_judged(self, untold):
        where = analysis.region(untold, "140521")
        found = analysis.completeness_index(untold, where, minutes=5, cells=50)
        assert (found.summary["record"], found.summary["judged"], found.summary["mean"]) == ("none", 0, None)
        assert found.features == ()
        assert {row["share"] for row in found.summary["rules"]} == {None}
        held = analysis.trusting(untold, complete=["kindergarten"])
        some = analysis.completeness_index(held, where, minutes=5, cells=50)
        judged = [row for row in some.summary["rules"] if row["share"] is not None]
        assert {row["rule"]["category"] for row in judged} == {"kindergarten"}
        assert (some.summary["record"], some.summary["judged"]) == ("partial", len(judged))
        assert (some.summary["complete"], some.summary["complete_bounds"]) == (None, None)
        assert some.features[0].properties["asked"] == len(judged) < some.summary["asked"]


class TestLocatedNowhere:
    """The invented trail is known to its county only, within 60 km."""

    def test_what_is_known_to_its_county_only_adds_to_what_is_possible_alone(self, ground):
        asked = analysis.reach(ground, category="trail", metres=1_000)
        summary = analysis.covered_share(ground, asked, analysis.region(ground, "140521")).summary
        assert (summary["share_low"], summary["share"], summary["facilities"]) == (0, 0, 0)
        assert summary["share_high"] > 0
        assert summary["record_basis"]["promised"] == {"placed": 0, "wide": 1, "around": 0, "named": []}
