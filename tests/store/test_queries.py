"""What the store answers, alike on a GeoPackage and on PostGIS."""

import math

import numpy as np
import pytest
from pyproj import Geod
from sqlalchemy import event

from service_map import catalogue, store
from service_map.errors import InvalidParameterError, NotFoundError
from service_map.store import CommitmentFilter, FacilityFilter, queries


def ids(page):
    return [facility.id[-1] for facility in page.items]


def found(conn, **conditions):
    page = queries.facilities(conn, FacilityFilter(**conditions))
    assert page.matched == len(page.items)
    return sorted(ids(page))


def test_a_facility_comes_back_with_every_field_it_was_written_with(conn, world):
    for written in world.facilities:
        record = queries.facility(conn, written.id)
        for field in written.__dataclass_fields__:
            if field != "commitments":
                assert getattr(record, field) == getattr(written, field), field
        assert tuple(citation.commitment for citation in record.citations) == written.commitments


def test_a_facility_names_its_category_family_area_and_plan(conn):
    record = queries.facility(conn, "f000000000001")
    assert (record.category_zh, record.family, record.area_name) == ("养老机构", "elderly", "沁水县")
    assert (record.plan, record.plan_title) == ("county", "沁水县虚构公共服务规划")


def test_citations_keep_their_order_and_carry_the_passage(conn):
    first, second = queries.facility(conn, "f000000000001").citations
    assert (first.plan, first.line, first.section, first.passage) == (
        "county",
        2,
        "第一章 老有所养",
        "新建虚构养老院1所。",
    )
    assert (first.url, first.label) == ("https://example.org/county", "虚构养老院")
    # The second text has CRLF line ends: the passage is the line without them, as its hash says.
    assert (second.plan, second.passage, second.url) == ("city", "支持沁水虚构养老院建设。", None)


def test_counts_come_back_as_the_plan_wrote_them(conn):
    assert repr(queries.facility(conn, "f000000000002").count) == "2"
    assert repr(queries.facility(conn, "f000000000003").count) == "3.5"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, "12345"),
        ({"categories": ("kindergarten",)}, "2"),
        ({"categories": ("kindergarten", "trail")}, "23"),
        ({"families": ("sports",)}, "345"),
        ({"families": ("sports",), "categories": ("trail",)}, "3"),
        ({"area": "140521"}, "123"),
        ({"area": "140500"}, "12345"),
        ({"area": "140502"}, "4"),
        ({"area": "140525"}, ""),
        ({"plans": ("county",)}, "123"),
        ({"plans": ("city",)}, "145"),
        ({"plans": ("city", "county")}, "12345"),
        ({"status": "planned"}, "12"),
        ({"status": "existing"}, ""),
        ({"precision": "site"}, "1"),
        ({"year": 2023}, "3"),
        ({"year": 2024}, "23"),
        # What no plan gives a year is due at the end of its term: 2030 for the city's.
        ({"year": 2029}, "23"),
        ({"year": 2030}, "12345"),
    ],
)
def test_a_filter_gives_exactly_what_it_names(conn, conditions, expected):
    assert found(conn, **conditions) == list(expected)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("养老院", "1"),
        ("晋城", "12345"),  # a city's name finds what lies in its counties
        ("沁水", "123"),
        ("沁水 步道", "3"),
        ("沁水　步道", "3"),  # a full-width space
        ("kindergarten", "2"),
        ("KINDERGARTEN", "2"),
        ("Ｋｉｎｄｅｒｇａｒｔｅｎ", "2"),
        ("敬老院", "1"),  # another word for the same category
        ("虚构公共服务规划", "123"),
        ("晋城市虚构规划", "145"),
        ("100%", "4"),  # % and _ are letters here, not patterns
        ("0%_公", "4"),
        ("100_", ""),
        ("\\", ""),
        ("/", ""),
        ("'; DROP TABLE facilities; --", ""),
        ("没有这样的设施", ""),
        ("", "12345"),
        ("   ", "12345"),
    ],
)
def test_words_are_searched_in_name_area_category_and_plan(conn, q, expected):
    assert found(conn, q=q) == list(expected)


def test_a_box_holds_its_edges_and_nothing_beyond_them(conn):
    assert found(conn, bbox=(112.19, 35.69, 112.2, 35.7)) == ["1", "3"]
    # A ten-millionth of a degree: far below the resolution of either index.
    assert found(conn, bbox=(112.1900001, 35.69, 112.2, 35.7)) == ["3"]
    assert found(conn, bbox=(112.19, 35.6900001, 112.2, 35.7)) == ["3"]
    assert found(conn, bbox=(112.19, 35.69, 112.1999999, 35.7)) == ["1"]
    assert found(conn, bbox=(112.19, 35.69, 112.2, 35.6999999)) == ["1"]
    assert found(conn, bbox=(112.19, 35.69, 112.19, 35.69)) == ["1"]
    assert found(conn, bbox=(-180, -90, 180, 90)) == list("12345")


def test_a_box_is_looked_up_in_the_index_and_not_row_by_row(large, tmp_path):
    """SQLite says so itself: a condition it cannot use the index for would read every facility."""
    statements = []
    url = f"sqlite:///{tmp_path}/large.gpkg"
    store.build(url, geodata=large)
    engine = store.open_readonly(url)
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2:4]))
    with engine.connect() as conn:
        queries.facilities(conn, FacilityFilter(bbox=(112.0, 35.0, 112.1, 35.1)))
        queries.nearby(conn, 112.19, 35.69, 1000)
        asked = [(sql, values) for sql, values in statements if "rtree_" in sql]
        plans = [[row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)] for sql, values in asked]
    engine.dispose()
    assert len(plans) == 2
    for steps in plans:
        assert any("USING INTEGER PRIMARY KEY (rowid=?)" in step for step in steps)
        assert any("VIRTUAL TABLE INDEX 2:" in step for step in steps)


def test_no_value_is_written_into_a_statement(gpkg_url):
    """Bound values keep SQLAlchemy's statement cache: other values must give the very same statement."""
    engine = store.open_readonly(gpkg_url)
    spoken = []
    for q, box, area in (
        ("甲甲", (112.1, 35.1, 112.9, 35.9), "140521"),
        ("乙乙", (112.2, 35.2, 112.8, 35.8), "140502"),
    ):
        statements = []

        def note(*given, statements=statements):
            statements.append(given[2])

        with engine.connect() as conn:
            queries.vocabulary(conn)
            event.listen(engine, "before_cursor_execute", note)
            queries.facilities(
                conn, FacilityFilter(bbox=box, area=area, status="planned", year=2024, plans=("county",), q=q)
            )
            event.remove(engine, "before_cursor_execute", note)
        spoken.append(statements[0])
        assert q not in statements[0]
    engine.dispose()
    assert spoken[0] == spoken[1]


@pytest.mark.parametrize(
    ("field", "conditions"),
    [
        ("category", {"categories": ("no_such",)}),
        ("category", {"categories": ("kindergarten", "x' OR '1'='1")}),
        ("family", {"families": ("kindergarten",)}),
        ("area", {"area": "999999"}),
        ("area", {"area": "14"}),
        ("area", {"area": "%"}),
        ("area", {"area": ""}),
        ("plan", {"plans": ("nowhere-2021",)}),
        ("status", {"status": "dreamt"}),
        ("precision", {"precision": "exact"}),
        ("year", {"year": 20210}),
        ("year", {"year": -1}),
        ("bbox", {"bbox": (112.0, 35.0, 113.0)}),
        ("bbox", {"bbox": (113.0, 35.0, 112.0, 36.0)}),
        ("bbox", {"bbox": (112.0, 36.0, 113.0, 35.0)}),
        ("bbox", {"bbox": (112.0, 35.0, 190.0, 36.0)}),
        ("bbox", {"bbox": (math.nan, 35.0, 113.0, 36.0)}),
        ("bbox", {"bbox": (-math.inf, 35.0, math.inf, 36.0)}),
        ("q", {"q": "字" * 101}),
        ("q", {"q": "a\0b"}),
        ("q", {"q": "\ud800"}),
        ("q", {"q": "a b c d e f g h i"}),
    ],
)
def test_a_value_that_the_data_does_not_know_is_refused_by_name(conn, field, conditions):
    with pytest.raises(InvalidParameterError) as refusal:
        queries.facilities(conn, FacilityFilter(**conditions))
    assert refusal.value.field == field


def test_a_refusal_lists_what_is_allowed(conn):
    with pytest.raises(InvalidParameterError) as refusal:
        queries.facilities(conn, FacilityFilter(plans=("x",)))
    assert refusal.value.allowed == ("county", "city")


@pytest.mark.parametrize("limit", [0, -1, 10**9, True, 1.5])
def test_a_limit_that_is_no_page_is_refused(conn, limit):
    with pytest.raises(InvalidParameterError, match="limit"):
        queries.facilities(conn, limit=limit)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_pages_give_every_facility_once_whatever_their_size(conn, size):
    seen, cursor = [], None
    for _ in range(10):
        page = queries.facilities(conn, limit=size, cursor=cursor)
        assert page.matched == 5
        seen += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["5", "4", "1", "2", "3"]


def test_a_filter_holds_on_every_page(conn):
    page = queries.facilities(conn, FacilityFilter(families=("sports",)), limit=2)
    rest = queries.facilities(conn, FacilityFilter(families=("sports",)), limit=2, cursor=page.next_cursor)
    assert (ids(page), ids(rest), page.matched, rest.matched) == (["5", "4"], ["3"], 3, 3)


def test_a_cursor_that_was_altered_is_refused(conn):
    cursor = queries.facilities(conn, limit=1).next_cursor
    for place in range(len(cursor)):
        swapped = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(InvalidParameterError, match="cursor"):
            queries.facilities(conn, limit=1, cursor=swapped)


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "游标", "AAAA" * 500, "a b", "\0"])
def test_what_is_no_cursor_is_refused(conn, cursor):
    with pytest.raises(InvalidParameterError, match="cursor"):
        queries.facilities(conn, cursor=cursor)


def test_a_cursor_of_another_list_is_refused(conn):
    other = queries.commitments(conn, limit=1).next_cursor
    with pytest.raises(InvalidParameterError, match="cursor"):
        queries.facilities(conn, cursor=other)


def test_a_page_takes_the_same_few_statements_however_many_facilities_it_holds(conn):
    queries.facilities(conn)  # opens the transaction and reads what the data knows
    counts = []
    for limit in (1, 5):
        statements = []

        def note(_conn, _cursor, statement, *_rest, statements=statements):
            statements.append(statement)

        event.listen(conn.engine, "before_cursor_execute", note)
        queries.facilities(conn, FacilityFilter(area="140500"), limit=limit)
        event.remove(conn.engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts == [3, 2]  # the page, its citations, and where there are more pages their count


@pytest.mark.parametrize("facility_id", ["f999999999999", "", "x" * 10_000, "\0", "\ud800", "f000000000001'--"])
def test_an_unknown_facility_is_not_found(conn, facility_id):
    with pytest.raises(NotFoundError):
        queries.facility(conn, facility_id)


def test_nearby_gives_geodesic_distances_nearest_first(conn):
    lon, lat = 112.19, 35.69
    near = queries.nearby(conn, lon, lat, 2000)
    assert [record.id[-1] for record, _ in near] == ["1", "2", "3"]
    for record, metres in near:
        assert metres == pytest.approx(Geod(ellps="WGS84").inv(lon, lat, record.lon, record.lat)[2], abs=1e-6)


def test_nearby_stops_exactly_at_its_radius(conn):
    metres = Geod(ellps="WGS84").inv(112.19, 35.69, 112.2, 35.7)[2]
    assert len(queries.nearby(conn, 112.19, 35.69, metres + 0.001)) == 3
    assert len(queries.nearby(conn, 112.19, 35.69, metres - 0.001)) == 2


def test_nearby_obeys_filter_and_limit(conn):
    near = queries.nearby(conn, 112.19, 35.69, 2000, FacilityFilter(categories=("trail", "kindergarten")), limit=1)
    assert [record.id[-1] for record, _ in near] == ["2"]
    assert queries.nearby(conn, 0, 0, 1000) == []


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("lon", (181, 35, 1000)), ("lon", (math.nan, 35, 1000)), ("lat", (112, 91, 1000)), ("lat", (112, -math.inf, 1000)),
        ("metres", (112, 35, 0)), ("metres", (112, 35, -5)), ("metres", (112, 35, math.nan)), ("metres", (112, 35, 1e9)),
    ],
)  # fmt: skip
def test_nearby_refuses_what_is_no_place_or_distance(conn, field, arguments):
    with pytest.raises(InvalidParameterError) as refusal:
        queries.nearby(conn, *arguments)
    assert refusal.value.field == field


def test_the_boxes_of_nearby_hold_every_point_of_the_circle():
    geod = Geod(ellps="WGS84")
    for lat in (-89.99, -60, -35, 0, 35, 60, 85, 90):
        for lon in (-180, -179.999, 0, 112, 179.9999):
            for metres in (1, 1000, 100_000):
                azimuths = np.arange(0, 360, 5.0)
                lons, lats, _ = geod.fwd(np.full(72, lon), np.full(72, lat), azimuths, np.full(72, metres))
                boxes = queries._boxes(lon, lat, metres)
                for x, y in zip(lons, lats, strict=True):
                    assert any(w <= x <= e and s <= y <= n for w, s, e, n in boxes), (lon, lat, metres, x, y)


def test_points_for_the_analyses_are_arrays_of_one_length(conn, world):
    points = queries.facility_points(conn)
    assert points.lonlat.shape == (5, 2)
    assert points.lonlat.dtype == np.float64
    assert points.lonlat.tolist() == [[facility.lon, facility.lat] for facility in world.facilities]
    assert points.id.tolist() == [facility.id for facility in world.facilities]
    assert points.category.tolist() == [facility.category for facility in world.facilities]
    assert points.uncertainty_m.tolist() == [50.0, 40_000.0, 800.0, 40_000.0, 40_000.0]
    assert np.array_equal(points.year, [2030, 2024, 2023, 2030, 2030])


def test_points_are_the_same_however_many_rows_are_read_at_once(conn, monkeypatch):
    whole = queries.facility_points(conn)
    monkeypatch.setattr(queries, "_ROWS_AT_ONCE", 3)
    parts = queries.facility_points(conn)
    assert parts.sources == whole.sources
    for name in ("lonlat", "id", "category", "status", "year", "unit", "code", "source", "wide", "at_least", "count"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_no_points_are_arrays_too(conn):
    points = queries.facility_points(conn, FacilityFilter(categories=("library",)))
    assert points.lonlat.shape == (0, 2)
    assert points.year.shape == points.id.shape == (0,)


def test_layers_count_every_category_of_the_catalogue(conn, geodata):
    layers = queries.layers(conn)
    assert [layer.code for layer in layers] == list(catalogue.categories(geodata))
    counts = {layer.code: (layer.facilities, layer.planned) for layer in layers if layer.facilities}
    assert counts == {"kindergarten": (1, 2), "elderly_institution": (1, 1), "trail": (1, 3.5), "sports_park": (2, 2)}
    assert sum(layer.facilities for layer in queries.layers(conn, FacilityFilter(status="open"))) == 1


def test_an_area_counts_what_stands_in_it_and_has_its_boundary(conn):
    county = queries.area(conn, "140521")
    assert (county.name, county.level, county.parent, county.facilities) == ("沁水县", "county", "140500", 3)
    assert county.geometry.geom_type == "MultiPolygon"
    assert county.geometry.bounds == pytest.approx((111.9, 35.4, 112.8, 36.1), abs=0.1)
    assert queries.area(conn, "140500").facilities == 5


def test_areas_are_listed_by_code_without_their_boundaries_unless_asked(conn):
    areas = queries.areas(conn)
    assert [area.adcode for area in areas] == ["140500", "140502", "140521", "140522", "140524", "140525", "140581"]
    assert all(area.geometry is None for area in areas)
    assert all(area.geometry is not None for area in queries.areas(conn, with_geometry=True))
    assert [area.adcode for area in queries.areas(conn, level="city")] == ["140500"]
    assert "140524" not in [area.adcode for area in queries.areas(conn, bbox=(111.9, 35.5, 112.0, 35.7))]
    with pytest.raises(NotFoundError):
        queries.area(conn, "140599")


def test_plans_keep_their_order_and_count_what_they_promise(conn):
    county, city = queries.plans(conn)
    assert (county.id, county.commitments, county.facilities, county.period) == ("county", 3, 3, (2021, 2025))
    assert (city.id, city.commitments, city.facilities, city.number, city.note_en) == ("city", 3, 3, None, "invented")
    assert queries.plan(conn, "city") == city
    with pytest.raises(NotFoundError):
        queries.plan(conn, "village")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [4, 5, 6, 1, 2, 3]),
        ({"plans": ("county",)}, [1, 2, 3]),
        ({"categories": ("elderly_institution",)}, [4, 1]),
        ({"families": ("sports",)}, [5, 3]),
        ({"kind": "allotment"}, [2]),
        ({"kind": "quota"}, []),
        ({"area": "140521"}, [4, 1, 2, 3]),
        ({"area": "140500"}, [4, 5, 6, 1, 2, 3]),
        ({"year": 2024}, [2]),
        ({"q": "步道"}, [3]),
        ({"q": "幼有所育"}, [2, 3]),
        ({"q": "100%_"}, [5]),
        ({"q": "library"}, [6]),
    ],
)
def test_commitments_are_filtered_and_stand_in_the_order_of_their_plan(conn, conditions, expected):
    page = queries.commitments(conn, CommitmentFilter(**conditions))
    assert [int(item.id[-6:]) for item in page.items] == expected
    assert page.matched == len(expected)


def test_commitments_lead_to_their_facilities(conn):
    by_id = {item.id: item for item in queries.commitments(conn).items}
    assert by_id["city-5-000005"].facilities == ("f000000000004", "f000000000005")
    assert by_id["city-5-000006"].facilities == ()
    assert by_id["city-5-000006"].count is None
    assert by_id["city-4-000004"].facilities == by_id["county-2-000001"].facilities == ("f000000000001",)


def test_commitments_are_paged_by_key(conn):
    seen, cursor = [], None
    while True:
        page = queries.commitments(conn, limit=4, cursor=cursor)
        assert page.matched == 6
        seen += [int(item.id[-6:]) for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [4, 5, 6, 1, 2, 3]


@pytest.mark.parametrize(
    ("field", "conditions"),
    [
        ("kind", {"kind": "dream"}),
        ("area", {"area": "1"}),
        ("plan", {"plans": ("x",)}),
        ("family", {"families": ("x",)}),
    ],
)
def test_commitments_refuse_what_the_data_does_not_know(conn, field, conditions):
    with pytest.raises(InvalidParameterError) as refusal:
        queries.commitments(conn, CommitmentFilter(**conditions))
    assert refusal.value.field == field


@pytest.mark.postgis
def test_both_databases_give_equal_answers_to_every_question(gpkg_url, postgis_url):
    answers = []
    for url in (gpkg_url, postgis_url):
        engine = store.open_readonly(url)
        with engine.connect() as conn:
            answers.append(
                (
                    queries.facilities(conn), queries.facilities(conn, FacilityFilter(q="晋城 公园"), limit=1),
                    queries.commitments(conn), queries.plans(conn), queries.areas(conn, with_geometry=True),
                    queries.layers(conn), queries.nearby(conn, 112.5, 35.6, 50_000),
                )
            )  # fmt: skip
        engine.dispose()
    assert answers[0] == answers[1]
