"""A caller's own facilities, points, lines and grounds, stand beside those on record or instead of them."""

import dataclasses
import json
import math

import geopandas
import numpy as np
import pytest
import shapely
from invented_world import CENTRE

from service_map import analysis, coverage
from service_map.catalogue import Inventory
from service_map.errors import InvalidParameterError

DEGREE = 111_320 * math.cos(math.radians(CENTRE[1]))
AROUND = shapely.box(CENTRE[0] - 0.05, CENTRE[1] - 0.05, CENTRE[0] + 0.05, CENTRE[1] + 0.05)


def east(metres, north=0.0):
    return CENTRE[0] + metres / DEGREE, CENTRE[1] + north / 111_000


def park(west, wide=600, high=400):
    return shapely.box(*east(west, -high / 2), *east(west + wide, high / 2))


def crowd(*metres):
    return coverage.points([east(metre) for metre in metres], 1.0)


def covered(ground, demand, **asked):
    reach = analysis.reach(ground, **asked)
    return analysis.covered_share(ground, reach, analysis.region(ground, None, AROUND), demand=demand).summary


class TestGround:
    def test_a_park_is_measured_from_its_edge_and_the_answer_says_so(self, ground):
        mine = analysis.with_own(ground, [analysis.Own(geometry=park(1_000))], category="park_green")
        found = covered(mine, crowd(1_300, 1_890, 1_930, 750, 690), category="park_green", metres=300)
        # Inside; 290 and 330 m past its eastern side; 250 and 310 m before its western one.
        assert found["people"]["covered"]["located"] == 3
        assert found["measured_from"] == {"edge": 1, "point": 0}
        assert any("measured from the edge" in limit for limit in found["limits"])
        assert found["covered_km2"] == pytest.approx(0.24 + 2 * 0.3 * 1.0 + math.pi * 0.09, rel=0.01)

    def test_one_known_only_as_a_point_is_measured_from_it_and_the_answer_says_so(self, ground):
        mine = analysis.with_own(ground, [analysis.Own(geometry=shapely.Point(east(1_300)))], category="park_green")
        found = covered(mine, crowd(1_300, 1_890), category="park_green", metres=300)
        assert found["people"]["covered"]["located"] == 1
        assert found["measured_from"] == {"edge": 0, "point": 1}
        assert any("known only as a point" in limit for limit in found["limits"])

    def test_a_trail_is_measured_from_its_line(self, ground):
        line = shapely.LineString([east(-2_000, 500), east(2_000, 500)])
        mine = analysis.with_own(ground, [analysis.Own(geometry=line)], category="trail")
        found = covered(mine, crowd(-1_900, 0, 1_900, 2_800), category="trail", metres=550)
        assert found["people"]["covered"]["located"] == 3

    def test_a_school_is_a_point_on_its_ground_with_an_uncertainty_that_covers_it(self, ground):
        mine = analysis.with_own(ground, [analysis.Own(geometry=park(1_000))], category="primary_school")
        stock = mine.supply().candidates
        row = stock.id.tolist().index("given-1")
        assert stock.shape[row] is None
        corners = shapely.get_coordinates(park(1_000))
        far = coverage.metres_between(stock.lonlat[row : row + 1], corners).max()
        assert stock.uncertainty_m[row] == pytest.approx(far)
        assert covered(mine, None, category="primary_school", metres=500)["measured_from"] is None

    def test_what_is_on_record_can_be_left_out(self, ground):
        own = [analysis.Own(geometry=shapely.Point(east(3_000)))]
        beside = analysis.with_own(ground, own, category="kindergarten")
        alone = analysis.with_own(ground, own, category="kindergarten", stock="given")
        people = crowd(163, 3_000)
        assert covered(ground, people, category="kindergarten", metres=300)["people"]["covered"]["located"] == 1
        assert covered(beside, people, category="kindergarten", metres=300)["people"]["covered"]["located"] == 2
        assert covered(alone, people, category="kindergarten", metres=300)["people"]["covered"]["located"] == 1
        assert len(alone.supply().candidates.lonlat) == 1

    def test_gaps_sites_and_completeness_stand_on_them_too(self, ground):
        mine = analysis.with_own(ground, [analysis.Own(geometry=park(1_000))], category="park_green", stock="given")
        asked = analysis.reach(mine, category="park_green", metres=300)
        where = analysis.region(mine, None, AROUND)
        pieces = analysis.gap_pieces(mine, asked, where, demand=crowd(1_300, 1_890, -3_000))
        assert pieces.summary["people_in_gaps"] == 1
        assert not pieces.features[0].geometry.contains(shapely.Point(east(1_300)))
        sites = analysis.choose_sites(mine, asked, where, count=1, demand=crowd(1_300, 1_890, -3_000))
        assert (sites.summary["already"], sites.summary["added"]) == (2, 1)
        index = analysis.completeness_index(
            mine, where, rules=["gbt51346-park-small"], demand=crowd(1_300, 1_890, -3_000)
        )
        assert [feature.properties["kept"] for feature in index.features] == [1, 1, 0]

    def test_the_card_names_the_callers_own(self, ground):
        own = [analysis.Own(geometry=park(200), category="park_green", name="河滨公园"),
               analysis.Own(geometry=shapely.Point(east(90)), category="nursery", status="planned", year=2025)]  # fmt: skip
        mine = analysis.with_own(ground, own)
        rows = {row["rule"]["id"]: row for row in analysis.check_point(mine, *CENTRE).summary["verdicts"]}
        small = rows["gbt51346-park-small"]
        assert small["verdict"] == "met"
        assert small["measured_from"] == "edge"
        assert small["facility"]["name"] == "河滨公园"
        assert small["distance_m"] == pytest.approx(200, abs=2)
        nursery = rows["gb50180-nursery-5"]
        assert (nursery["verdict"], nursery["facility"]["year"]) == ("met_if_built", 2025)

    @pytest.mark.parametrize(
        ("own", "more", "field"),
        [
            ([analysis.Own(geometry=shapely.Point(CENTRE))], {}, "facilities"),
            ([analysis.Own(geometry=shapely.Point(CENTRE), category="castle")], {}, "facilities"),
            ([analysis.Own(geometry=shapely.Point(CENTRE), category="nursery", status="built")], {}, "facilities"),
            ([analysis.Own(geometry=shapely.Point(CENTRE), category="nursery", beds=-1)], {}, "facilities"),
            ([analysis.Own(geometry=shapely.Point(CENTRE), category="nursery", capacity=math.nan)], {}, "facilities"),
            ([], {"stock": "given"}, "stock"),
            ([], {"stock": "theirs"}, "stock"),
        ],
    )
    def test_what_cannot_stand_is_refused_by_name(self, ground, own, more, field):
        with pytest.raises(InvalidParameterError) as error:
            analysis.with_own(ground, own, **more)
        assert error.value.field == field


class TestBody:
    def read(self, *features):
        return analysis.read_body(json.dumps({"type": "FeatureCollection", "features": list(features)}).encode())

    def feature(self, geometry, **properties):
        return {"type": "Feature", "geometry": shapely.geometry.mapping(geometry), "properties": properties}

    def test_points_lines_and_grounds_with_the_role_are_facilities(self):
        line = shapely.LineString([east(0), east(100)])
        found = self.read(
            self.feature(park(0), role="facility", category="park_green", name="甲", uncertainty_m=20),
            self.feature(line, role="facility", status="planned", year=2024),
            self.feature(shapely.Point(CENTRE), role="facility"),
            self.feature(AROUND),
        )
        assert found.polygon.equals(AROUND)
        assert [own.geometry.geom_type for own in found.facilities] == ["Polygon", "LineString", "Point"]
        first, second, third = found.facilities
        assert (first.category, first.name, first.uncertainty_m) == ("park_green", "甲", 20)
        assert (second.status, second.year) == ("planned", 2024)
        assert (third.category, third.status, third.year, third.uncertainty_m) == ("", "existing", None, 0)

    def test_a_ground_that_crosses_itself_is_mended(self):
        bow = shapely.Polygon([east(0), east(100, 100), east(100), east(0, 100)])
        (own,) = self.read(self.feature(bow, role="facility")).facilities
        assert own.geometry.is_valid

    @pytest.mark.parametrize(
        "properties",
        [
            {"year": "soon"},
            {"year": 12},
            {"uncertainty_m": -1},
            {"status": 5},
            {"name": ["x"]},
            {"category": 7},
            {"capacity": -1},
            {"capacity": "many"},
            {"capacity": True},
            {"beds": -0.5},
            {"beds": "80"},
            {"beds": [8]},
        ],
    )
    def test_a_facility_that_cannot_be_used_is_refused_by_its_feature(self, properties):
        with pytest.raises(InvalidParameterError, match="feature 1") as error:
            self.read(self.feature(shapely.Point(CENTRE), role="facility", **properties))
        assert error.value.field == "body"


class TestFile:
    @pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp"])
    def test_a_layer_of_lines_or_grounds_is_read(self, tmp_path, suffix):
        layer = geopandas.GeoDataFrame(
            {"category": ["park_green", ""], "name": ["甲", None], "year": [2024, None]},
            geometry=[park(0), park(2_000)], crs=4326,
        )  # fmt: skip
        path = tmp_path / f"parks{suffix}"
        (layer if suffix == ".geojson" else layer.to_crs(32649)).to_file(path)
        first, second = analysis.read_facilities(path)
        assert (first.category, first.name, first.year, first.status) == ("park_green", "甲", 2024, "existing")
        assert (second.category, second.name, second.year) == ("", "", None)
        np.testing.assert_allclose(shapely.bounds(first.geometry), shapely.bounds(park(0)), atol=1e-6)

    def test_a_table_of_points_is_read(self, tmp_path):
        path = tmp_path / "schools.csv"
        path.write_text(f"经度,纬度,类别,误差\n{CENTRE[0]},{CENTRE[1]},nursery,30\n", encoding="utf-8")
        (own,) = analysis.read_facilities(path)
        assert (own.category, own.uncertainty_m) == ("nursery", 30)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("lon,lat,year\n112,35,soon\n", "row 2, year"),
            ("lon,lat,uncertainty_m\n112,35,-3\n", "row 2, uncertainty_m"),
            ("lon,lat,capacity\n112,35,90\n112,35,-9\n", "row 3, capacity: is a number of at least 0, not '-9'"),
            ("lon,lat,床位数\n112,35,八十\n", "row 2, beds: is a number of at least 0, not '八十'"),
            ("lon,lat,beds\n112,35,inf\n", "row 2, beds"),
            ("lon,lat\nnan,35\n", "row 2"),
            ("lon,lat\n35.69,112.18\n", "swapped"),
        ],
    )
    def test_a_table_that_cannot_be_used_is_refused_by_its_row(self, tmp_path, text, says):
        path = tmp_path / "schools.csv"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidParameterError, match=says) as error:
            analysis.read_facilities(path)
        assert error.value.field == "facilities"


class TestInventories:
    def verdict(self, ground, point=CENTRE, rule="gb50180-nursery-5"):
        summary = analysis.check_point(ground, *point).summary
        return next(row["verdict"] for row in summary["verdicts"] if row["rule"]["id"] == rule), summary

    def stated(self, ground, **changes):
        usual = {"area": "140521", "categories": ("nursery",), "source": "县教育局名录", "date": "2025-09"}
        inventory = Inventory(**(usual | changes))
        return dataclasses.replace(ground, inventories=(inventory,))

    def test_where_an_inventory_is_stated_to_be_complete_a_rule_can_be_not_met(self, ground):
        assert self.verdict(ground)[0] == "cannot_say"
        said, summary = self.verdict(self.stated(ground))
        assert said == "not_met"
        assert summary["inventories"] == [
            {"area": "140521", "categories": ["nursery"], "source": "县教育局名录", "date": "2025-09"}
        ]
        assert self.verdict(self.stated(ground), rule="gbt51346-park-small")[0] == "cannot_say"

    def test_an_inventory_of_elsewhere_says_nothing_here(self, ground):
        said, summary = self.verdict(self.stated(ground, area="140502"))
        assert said == "cannot_say"
        assert summary["inventories"] == []
        assert self.verdict(self.stated(ground, area="140500"))[0] == "not_met"

    def test_nearer_to_the_border_than_the_radius_it_proves_nothing(self, ground, county):
        edge = shapely.boundary(county.shape)
        # A point inside, 200 m from the border, and one a kilometre from it.
        inward = county.shape.representative_point()
        touch = shapely.get_coordinates(shapely.shortest_line(inward, edge))[1]
        away = math.hypot((inward.x - touch[0]) * DEGREE, (inward.y - touch[1]) * 111_000)

        def inside(metres):
            share = metres / away
            return touch[0] + (inward.x - touch[0]) * share, touch[1] + (inward.y - touch[1]) * share

        assert self.verdict(self.stated(ground), inside(200))[0] == "cannot_say"
        assert self.verdict(self.stated(ground), inside(1_000))[0] == "not_met"
