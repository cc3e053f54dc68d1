"""The JSON API over a small invented world, where every right answer is known."""

import math
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from invented_world import CENTRE, COUNTY_TEXT, FACILITIES, PARKS, make_app
from pyproj import Geod
from shapely.geometry import shape

from service_map import coverage
from service_map.coverage import card, distance

PROPERTIES = {
    "name", "category", "category_name", "family", "status", "plan", "plan_title", "citation", "citations", "precision",
    "uncertainty_m", "year", "adcode", "area_name", "count", "unit", "at_least", "action", "basis", "name_given",
    "point_source", "point_licence", "located_by",
}  # fmt: skip
LON, LAT = CENTRE
HERE = {"lon": LON, "lat": LAT}
GEOD = Geod(ellps="WGS84")


def get(api, path, **query):
    answer = api.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json(force=True)


def ids(collection):
    return [feature["id"] for feature in collection["features"]]


def pages(api, path, **query):
    """Follow the link 'next' to the end."""
    found = [get(api, path, **query)]
    while following := [link["href"] for link in found[-1]["links"] if link["rel"] == "next"]:
        answer = api.get(following[0])
        assert answer.status_code == 200, answer.text
        found.append(answer.get_json(force=True))
    return found


class TestFacilities:
    def test_answers_a_feature_collection_with_every_promised_property(self, api):
        answer = api.get("/api/facilities")
        assert answer.mimetype == "application/geo+json"
        collection = answer.get_json(force=True)
        assert collection["type"] == "FeatureCollection"
        assert collection["numberMatched"] == collection["numberReturned"] == len(FACILITIES)
        for feature in collection["features"]:
            assert feature["properties"].keys() >= PROPERTIES
            assert feature["geometry"]["type"] == "Point"
        assert sorted(ids(collection)) == sorted(facility.id for facility in FACILITIES)

    def test_writes_longitude_first_and_chinese_as_it_is(self, api):
        answer = api.get("/api/facilities", query_string={"q": "虚构养老院"})
        assert answer.get_json(force=True)["features"][0]["geometry"]["coordinates"] == [LON, LAT]
        assert "虚构养老院".encode() in answer.data
        assert b"\\u" not in answer.data

    def test_cites_every_plan_that_promises_a_facility_the_primary_one_first(self, api):
        properties = get(api, "/api/facilities", q="虚构养老院")["features"][0]["properties"]
        assert properties["citation"] == properties["citations"][0]
        assert [citation["plan"] for citation in properties["citations"]] == ["county", "city"]
        assert properties["citation"]["line"] == 2
        assert properties["citation"]["section"] == "第一章 老有所养"
        assert properties["citation"]["url"] == "https://example.org/county"

    @pytest.mark.parametrize("size", [1, 2, 5, 16, 17, 18])
    def test_next_links_lead_through_all_facilities_once(self, api, size):
        found = pages(api, "/api/facilities", limit=size)
        assert all(page["numberMatched"] == len(FACILITIES) for page in found)
        assert all(page["numberReturned"] == len(page["features"]) <= size for page in found)
        walked = [name for page in found for name in ids(page)]
        assert len(walked) == len(set(walked)) == len(FACILITIES)
        assert walked == ids(get(api, "/api/facilities"))

    def test_next_links_keep_every_filter(self, api):
        found = pages(api, "/api/facilities", limit=5, category="sports_park,trail", area="140521", lang="en")
        assert [page["numberMatched"] for page in found] == [PARKS + 1] * 3
        assert {feature["properties"]["category"] for page in found for feature in page["features"]} == {
            "sports_park",
            "trail",
        }
        assert found[1]["features"][0]["properties"]["category_name"].isascii()

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"category": "trail"}, {3}),
            ({"category": ["trail", "library"]}, {3, 4}),
            ({"category": "trail,library"}, {3, 4}),
            ({"category": " trail , trail "}, {3}),
            ({"family": "preschool"}, {2}),
            ({"family": "preschool", "category": "trail"}, set()),
            ({"area": "140521", "family": "elderly,preschool"}, {1, 2}),
            ({"area": "140500", "category": "funeral_home"}, {5}),
            ({"area": "140502"}, {5}),
            ({"plan": "city"}, {1, 4, 5}),
            ({"plan": "county", "category": "trail"}, {3}),
            ({"status": "open"}, {1}),
            ({"year": "2024"}, {2}),
            ({"year": "2025"}, {2, 3, *range(100, 100 + PARKS)}),
            ({"year": "2030"}, {1, 2, 3, 4, 5, *range(100, 100 + PARKS)}),
            ({"precision": "city"}, {4}),
            ({"q": "虚构"}, {1, 2, 3, 4, 5, *range(100, 100 + PARKS)}),
            ({"q": "虚构养老院"}, {1}),
            ({"q": "幼儿园  沁水"}, {2}),
            ({"q": "幼儿园\u3000沁水"}, {2}),
            ({"bbox": f"{LON},{LAT},{LON},{LAT}"}, {1, 3}),
            ({"bbox": "112.1,35.6,112.2,35.7"}, {1, 2, 3}),
            ({"bbox": "-180,-90,180,90", "category": "trail"}, {3}),
            ({"bbox": "0,0,1,1"}, set()),
        ],
    )
    def test_a_filter_keeps_exactly_what_it_names(self, api, query, expected):
        assert {int(name[1:], 16) for name in ids(get(api, "/api/facilities", **query))} == expected

    def test_one_facility_stands_at_its_permanent_address(self, api):
        listed = get(api, "/api/facilities", q="虚构幼儿园")["features"][0]
        assert get(api, f"/api/facilities/{listed['id']}") == listed

    @pytest.mark.parametrize("name", ["f999999999999", "nothing", "%00", "%F0%9F%8F%A5", "a" * 300, "%ff", "..%2f.."])
    def test_an_unknown_id_is_not_found(self, api, name):
        answer = api.get(f"/api/facilities/{name}")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"


class TestNearby:
    def test_lists_the_nearest_first_with_the_bounds_of_the_distance(self, api):
        found = get(api, "/api/facilities/nearby", **HERE, metres=20_000)
        distances = [feature["properties"]["distance_m"] for feature in found["features"]]
        assert distances == sorted(distances)
        for feature in found["features"]:
            properties, (lon, lat) = feature["properties"], feature["geometry"]["coordinates"]
            truth = GEOD.inv(LON, LAT, lon, lat)[2]
            assert properties["distance_m"] == pytest.approx(truth, abs=0.06)
            assert properties["distance_low_m"] == pytest.approx(max(0, truth - properties["uncertainty_m"]), abs=0.06)
            assert properties["distance_high_m"] == pytest.approx(truth + properties["uncertainty_m"], abs=0.06)
            assert (properties["within"] == "certain") == (properties["distance_high_m"] <= 20_000)
        assert {feature["properties"]["within"] for feature in found["features"]} == {"certain", "possible"}

    def test_turns_minutes_into_metres_at_the_speed_it_states(self, api):
        search = get(api, "/api/facilities/nearby", **HERE, minutes=10)["search"]
        walking = search["walking"]
        assert (walking["profile"], walking["speed_m_s"]) == ("adult", 1.2)
        assert search["metres"] == pytest.approx(600 * walking["speed_m_s"] / walking["detour"], abs=0.1)
        assert search["method"] == "straight_line"
        assert search["limits"]

    @pytest.mark.parametrize("query", [{}, {"metres": 100, "minutes": 5}])
    def test_wants_metres_or_minutes_and_not_both(self, api, query):
        answer = api.get("/api/facilities/nearby", query_string=HERE | query)
        assert answer.status_code == 400
        assert answer.get_json(force=True)["allowed"] == ["metres", "minutes"]

    def test_a_point_far_from_all_data_finds_nothing_and_is_no_error(self, api):
        found = get(api, "/api/facilities/nearby", lon=0, lat=0, metres=1000)
        assert (found["features"], found["numberMatched"]) == ([], 0)

    @pytest.mark.parametrize("point", [(180, 0), (-180, 0), (0, 90), (0, -90), (179.9, 89.9)])
    def test_the_ends_of_the_world_are_points_too(self, api, point):
        assert get(api, "/api/facilities/nearby", lon=point[0], lat=point[1], metres=100_000)["features"] == []

    def test_next_links_lead_through_all_matches_in_order(self, api):
        whole = get(api, "/api/facilities/nearby", **HERE, metres=50_000)
        found = pages(api, "/api/facilities/nearby", **HERE, metres=50_000, limit=4)
        assert len(found) == math.ceil(whole["numberMatched"] / 4)
        assert {page["numberMatched"] for page in found} == {whole["numberMatched"]}
        assert [name for page in found for name in ids(page)] == ids(whole)

    def test_a_cursor_of_other_data_is_refused(self, api):
        answer = api.get("/api/facilities/nearby", query_string=HERE | {"metres": 5, "cursor": "0123456789abcdef.4"})
        assert (answer.status_code, answer.get_json(force=True)["field"]) == (400, "cursor")

    def test_takes_the_filters_of_the_list(self, api):
        found = get(api, "/api/facilities/nearby", **HERE, metres=50_000, category="sports_park", area="140521")
        assert len(found["features"]) == PARKS


class TestCircle:
    def check(self, api, **query):
        card = get(api, "/api/circle", **(HERE | query))
        return card, {verdict["rule"]["id"]: verdict for verdict in card["verdicts"]}

    def test_judges_each_required_category_by_each_rule_and_names_the_clause(self, api):
        card, verdicts = self.check(api)
        assert card["minutes"] == 15
        assert card["area"] == {"adcode": "140521", "name": "沁水县"}
        assert card["method"] == "straight_line"
        kindergarten = verdicts["gb50180-kindergarten-5"]
        assert kindergarten["verdict"] == "met_if_built"
        assert kindergarten["facility"]["name"] == "虚构幼儿园"
        truth = GEOD.inv(LON, LAT, 112.1890, LAT)[2]
        assert kindergarten["distance_m"] == pytest.approx(truth, abs=0.06)
        assert kindergarten["distance_low_m"] == pytest.approx(truth - 50, abs=0.06)
        assert kindergarten["distance_high_m"] == pytest.approx(truth + 50, abs=0.06)
        rule = kindergarten["rule"]
        assert (rule["standard"], rule["edition"], rule["metres"]) == ("GB 50180", "2018", 300)
        assert rule.keys() >= {"clause", "confidence", "verified", "status"}

    def test_an_open_facility_on_the_spot_meets_its_rule(self, api):
        _, verdicts = self.check(api)
        elderly = [verdict for verdict in verdicts.values() if verdict["category"] == "elderly_institution"]
        assert elderly
        assert {verdict["verdict"] for verdict in elderly} == {"met"}

    def test_a_coarse_location_lets_nobody_say(self, api):
        _, verdicts = self.check(api)
        trails = [verdict["verdict"] for verdict in verdicts.values() if verdict["category"] == "trail"]
        assert set(trails) <= {"cannot_say"}

    def test_the_summary_counts_the_verdicts(self, api):
        card, verdicts = self.check(api)
        for name, count in card["summary"].items():
            assert count == sum(verdict["verdict"] == name for verdict in verdicts.values())
        assert sum(card["summary"].values()) == len(verdicts)

    def test_a_year_leaves_out_what_is_promised_later(self, api):
        assert self.check(api, year=2023)[1]["gb50180-kindergarten-5"]["verdict"] == "cannot_say"
        assert self.check(api, year=2024)[1]["gb50180-kindergarten-5"]["verdict"] == "met_if_built"

    @pytest.mark.parametrize(("minutes", "levels"), [(5, {"5"}), (10, {"5", "10"}), (15, {"5", "10", "15", "none"})])
    def test_a_smaller_circle_asks_only_for_its_own_levels(self, api, minutes, levels):
        card, _ = self.check(api, minutes=minutes)
        assert {verdict["rule"]["level"] for verdict in card["verdicts"]} <= levels
        assert "5" in {verdict["rule"]["level"] for verdict in card["verdicts"]}

    def test_funeral_homes_are_never_judged_by_walking(self, api):
        card, verdicts = self.check(api)
        assert not any(verdict["family"] == "funeral" for verdict in verdicts.values())
        funeral = [answer for answer in card["apart"] if answer["category"] == "funeral_home"]
        assert funeral
        assert funeral[0]["facility"]["name"] == "虚构殡仪馆"

    def test_the_way_to_each_facility_is_measured_once(self, api, monkeypatch):
        measured = []

        def between(start, end):
            measured.append(len(end))
            return distance.metres_between(start, end)

        monkeypatch.setattr(card, "metres_between", between)
        get(api, "/api/circle", **HERE)
        assert len(measured) == 1

    def test_states_that_distances_are_straight_and_the_data_only_promises(self, api):
        limits = " ".join(get(api, "/api/circle", **HERE)["limits"])
        assert "直线" in limits
        assert "规划承诺" in limits

    def test_a_point_outside_the_areas_of_the_data_cannot_be_judged(self, api):
        answer = api.get("/api/circle", query_string={"lon": 116.4, "lat": 39.9})
        assert answer.status_code == 422
        assert answer.get_json(force=True)["type"] == "/api/problems/unanswerable"


class TestCoverage:
    def ask(self, api, **query):
        collection = get(api, "/api/coverage", **({"area": "140521", "metres": 300, "as_recorded": "true"} | query))
        return collection["coverage"], {feature["properties"]["part"]: feature for feature in collection["features"]}

    def test_covered_and_gap_make_up_the_area(self, api):
        totals, parts = self.ask(api, category="kindergarten")
        areas = [coverage.square_km(shape(parts[part]["geometry"])) for part in ("covered", "gap")]
        assert sum(areas) == pytest.approx(totals["area_km2"], rel=1e-6)
        assert areas[0] == pytest.approx(math.pi * 0.3**2, rel=1e-3)
        assert totals["share"] == pytest.approx(areas[0] / totals["area_km2"], abs=1e-6)
        county = shape(get(api, "/api/areas/140521")["geometry"])
        assert totals["area_km2"] == pytest.approx(abs(GEOD.geometry_area_perimeter(county)[0]) / 1e6, rel=1e-4)

    def test_bounds_hold_wherever_an_imprecise_facility_really_stands(self, api):
        totals, _ = self.ask(api, category="kindergarten")
        smaller, larger = (math.pi * radius**2 / totals["area_km2"] for radius in (0.25, 0.30))
        assert totals["share_low"] == pytest.approx(smaller, rel=2e-3)
        assert totals["share_low"] <= totals["share"] <= totals["share_high"]
        assert totals["share_high"] == pytest.approx(larger, rel=2e-3)

    def test_a_facility_that_may_stand_anywhere_covers_nothing_for_certain(self, api):
        totals, _ = self.ask(api, category="trail", metres=1000)
        assert totals["share_low"] == 0
        # Nowhere can 3.5 km of trail serve more than the strip along it.
        assert totals["share_high"] == pytest.approx((math.pi + 2 * 3.5) / totals["area_km2"], rel=1e-3)

    def test_without_any_facility_the_gap_is_the_whole_area(self, api):
        totals, parts = self.ask(api, category="museum")
        assert (totals["share"], totals["share_low"], totals["share_high"]) == (0, 0, 0)
        assert parts["covered"]["geometry"] is None
        assert parts["gap"]["properties"]["share"] == 1

    def test_a_cancelled_facility_covers_nothing(self, api):
        assert self.ask(api, category="library", area="140502", metres=1000)[0]["share_high"] == 0

    def test_a_year_counts_only_what_is_promised_by_then(self, api):
        assert self.ask(api, category="kindergarten", year=2023)[0]["share_high"] == 0
        assert self.ask(api, category="kindergarten", year=2024)[0]["share"] > 0

    def test_what_no_plan_gives_a_year_counts_from_the_end_of_the_term(self, api):
        before, _ = self.ask(api, category="sports_park", metres=1000, year=2024)
        after, _ = self.ask(api, category="sports_park", metres=1000, year=2025)
        assert before["share_high"] == 0
        assert after["share"] > 0

    def test_names_the_rules_of_the_category_beside_the_figure(self, api):
        totals, _ = self.ask(api, category="kindergarten")
        assert {rule["id"] for rule in totals["rules"]} >= {"gb50180-kindergarten-5", "jgj39-kindergarten"}
        assert totals["method"] == "straight_line"

    def test_outer_rings_run_counter_clockwise(self, api):
        _, parts = self.ask(api, category="kindergarten")
        for part in parts.values():
            for polygon in getattr(shape(part["geometry"]), "geoms", [shape(part["geometry"])]):
                assert polygon.exterior.is_ccw
                assert not any(hole.is_ccw for hole in polygon.interiors)


class TestRegistries:
    def test_layers_count_facilities_by_category_family_and_precision(self, api):
        layers = get(api, "/api/layers")
        assert layers["facilities"] == len(FACILITIES)
        assert sum(layers["precision"].values()) == len(FACILITIES)
        by_code = {category["code"]: category for family in layers["families"] for category in family["categories"]}
        assert by_code["sports_park"]["facilities"] == by_code["sports_park"]["precision"]["site"] == PARKS
        assert by_code["trail"]["precision"]["county"] == 1
        for family in layers["families"]:
            assert family["facilities"] == sum(category["facilities"] for category in family["categories"])
            assert family["zh"] != family["en"]

    def test_areas_list_the_seats_and_an_area_shows_its_boundary(self, api):
        areas = get(api, "/api/areas", area="140500")["areas"]
        assert {area["adcode"][:4] for area in areas} == {"1405"}
        county = get(api, "/api/areas/140521")
        assert shape(county["geometry"]).contains(shape({"type": "Point", "coordinates": CENTRE}))
        assert county["properties"]["name"] == "沁水县"

    def test_boundaries_follow_the_level_asked_for(self, api):
        counties = get(api, "/api/areas/boundaries", level="county", area="140500")["features"]
        assert {feature["properties"]["level"] for feature in counties} == {"county"}
        assert all(shape(feature["geometry"]).is_valid for feature in counties)
        assert get(api, "/api/areas/boundaries", level="township")["features"] == []

    def test_plans_say_what_their_text_states_and_null_where_it_does_not(self, api):
        plans = {plan["id"]: plan for plan in get(api, "/api/plans")["plans"]}
        assert plans["county"]["issuer"] == "虚构办"
        assert plans["city"]["issuer"] is None
        assert plans["city"]["note"] == "虚构"
        assert get(api, "/api/plans/city", lang="en")["note"] == "invented"

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, {1, 2, 3, 4, 5, 6, 7}),
            ({"plan": "county"}, {1, 2, 3, 4}),
            ({"category": "trail,library"}, {3, 6}),
            ({"kind": "quota"}, {4}),
            ({"family": "elderly"}, {1, 5}),
            ({"area": "140521"}, {1, 2, 3, 4, 5}),
            ({"area": "140502"}, {7}),
            ({"year": "2024"}, {2}),
            ({"q": "步道"}, {3}),
        ],
    )
    def test_commitments_are_filtered_by_plan_category_kind_and_area(self, api, query, expected):
        found = get(api, "/api/commitments", **query)
        assert {int(record["id"].rpartition("-")[2], 16) for record in found["commitments"]} == expected
        assert found["numberMatched"] == len(expected)

    def test_commitments_come_in_pages_and_name_their_facilities(self, api):
        found = pages(api, "/api/commitments", limit=3)
        records = [record for page in found for record in page["commitments"]]
        assert [len(page["commitments"]) for page in found] == [3, 3, 1]
        by_id = {record["id"]: record for record in records}
        assert len(by_id["county-4-000004"]["facilities"]) == PARKS

    def test_passages_show_only_where_the_operator_has_the_texts(self, api, invented, tmp_path):
        assert "passage" not in get(api, "/api/facilities", q="虚构养老院")["features"][0]["properties"]["citation"]
        url = invented.build(tmp_path / "texts.gpkg", plans_dir=invented.texts)
        richer = make_app(url, invented.geodata).test_client()
        citations = get(richer, "/api/facilities", q="虚构养老院")["features"][0]["properties"]["citations"]
        assert citations[0]["passage"] == COUNTY_TEXT.split("\n")[1]
        assert "passage" not in citations[1]


class TestDownloads:
    def test_the_geojson_holds_every_match_and_says_whose_points_they_are(self, api):
        answer = api.get("/download/facilities.geojson")
        assert answer.headers["Content-Disposition"] == "attachment; filename=facilities.geojson"
        collection = answer.get_json(force=True)
        assert collection["features"] == get(api, "/api/facilities")["features"]
        assert collection["sources"] == [{"source": "别处", "licence": "MIT"}, {"source": "虚构", "licence": "CC0-1.0"}]
        assert collection["attribution"]

    def test_the_geojson_keeps_the_filter(self, api):
        collection = get(api, "/download/facilities.geojson", category="trail")
        assert (len(collection["features"]), collection["numberMatched"]) == (1, 1)

    def test_an_empty_result_is_still_a_collection(self, api):
        assert get(api, "/download/facilities.geojson", bbox="0,0,1,1")["features"] == []

    def test_the_geopackage_is_the_database_itself_whole_or_by_range(self, api, invented):
        with api.get("/download/service_map.gpkg") as whole:
            assert whole.data == Path(invented.url.removeprefix("sqlite:///")).read_bytes()
            assert whole.mimetype == "application/geopackage+sqlite3"
            assert "service_map.gpkg" in whole.headers["Content-Disposition"]
        with api.get("/download/service_map.gpkg", headers={"Range": "bytes=0-15"}) as part:
            assert (part.status_code, part.data) == (206, b"SQLite format 3\0")


class TestLanguage:
    def test_chinese_is_the_default(self, api):
        assert get(api, "/api/layers")["families"][0]["name"] == "学前教育与托育"

    @pytest.mark.parametrize("header", ["en", "en-GB,en;q=0.9,zh;q=0.5", "fr, en;q=0.3"])
    def test_english_by_accept_language(self, api, header):
        answer = api.get("/api/layers", headers={"Accept-Language": header})
        assert answer.get_json(force=True)["families"][0]["name"].isascii()
        assert answer.headers["Content-Language"] == "en"
        assert "Accept-Language" in answer.headers["Vary"]

    def test_lang_outweighs_accept_language(self, api):
        answer = api.get("/api/layers?lang=zh", headers={"Accept-Language": "en"})
        assert answer.get_json(force=True)["families"][0]["name"] == "学前教育与托育"

    def test_errors_speak_the_readers_language(self, api):
        chinese = api.get("/api/facilities?limit=0").get_json(force=True)
        english = api.get("/api/facilities?limit=0&lang=en").get_json(force=True)
        assert "整数" in chinese["detail"]
        assert english["detail"] == "limit: takes a whole number from 1 to 1000, not '0'"
        assert english["title"] == "Invalid parameter"


def test_links_are_relative_so_that_no_host_name_can_be_forged(api):
    answer = api.get("/api/facilities?limit=1&q=%E5%85%AC%E5%9B%AD", headers={"Host": "evil.example"})
    for link in answer.get_json(force=True)["links"]:
        parts = urlsplit(link["href"])
        assert (parts.scheme, parts.netloc) == ("", "")
        assert dict(parse_qsl(parts.query))["q"] == "公园"


@pytest.fixture
def shipped(shipped_app):
    return shipped_app.test_client()


class TestShippedData:
    def test_holds_facilities_of_all_five_plans(self, shipped):
        plans = get(shipped, "/api/plans")["plans"]
        assert len(plans) == 5
        assert all(plan["facilities"] > 0 for plan in plans)

    def test_the_funeral_home_of_qinshui_names_the_section_that_promises_it(self, shipped):
        found = get(shipped, "/api/facilities", q="沁水县殡仪馆")["features"]
        citations = [citation for feature in found for citation in feature["properties"]["citations"]]
        assert {citation["plan"] for citation in citations} >= {"qinshui-2021"}
        assert all(citation["section"] and citation["line"] > 0 for citation in citations)

    def test_a_point_in_the_seat_of_qinshui_gets_a_card_of_every_core_family_that_is_walked_to(self, shipped):
        card = get(shipped, "/api/circle", lon=112.187, lat=35.690)
        assert card["area"]["name"] == "沁水县"
        assert {verdict["family"] for verdict in card["verdicts"]} >= {"preschool", "elderly", "sports"}
        assert {answer["family"] for answer in card["apart"]} == {"funeral"}

    def test_every_facility_lies_in_the_area_that_it_is_said_to_lie_in(self, shipped):
        """As far as its own uncertainty: a point within the county, or a circle that touches it."""
        shapes = {
            feature["id"]: shape(feature["geometry"]) for feature in get(shipped, "/api/areas/boundaries")["features"]
        }
        collection = get(shipped, "/download/facilities.geojson")
        assert collection["numberMatched"] == len(collection["features"]) > 100
        for feature in collection["features"]:
            area = shapes[feature["properties"]["adcode"][:6]]
            away = area.distance(shape(feature["geometry"])) * 111_320
            assert away <= feature["properties"]["uncertainty_m"], feature["id"]

    def test_nothing_longer_than_a_label_of_the_plans_is_served_without_the_operators_texts(self, shipped):
        for feature in get(shipped, "/download/facilities.geojson")["features"]:
            for citation in feature["properties"]["citations"]:
                assert "passage" not in citation
                assert len(citation["label"]) <= 30
