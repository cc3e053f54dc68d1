"""Tables of points that a user brings: read whatever their form, and refused row by row."""

import json
import sqlite3
from dataclasses import replace

import forms
import numpy as np
import pyogrio
import pytest
import shapely
from promises import commitment
from pyproj import Geod, Transformer

from service_map.errors import InvalidParameterError
from service_map.io import Asked
from service_map.places import gcj02_to_wgs84, load_gazetteer, locate, resolve, wgs84_to_gcj02, write_places
from service_map.places.place_table import COLUMNS, detect_shift, import_places, read_rows
from service_map.places.resolve import place

GEOD = Geod(ellps="WGS84")
HEADING = "code,name,lon,lat"
DUANSHI = "140521103,端氏镇,112.511949,35.667467"
JIAFENG = "140521104,嘉峰镇,112.530621,35.61066"


def csv_file(tmp_path, *rows, heading=HEADING, encoding="utf-8"):
    path = tmp_path / "table.csv"
    path.write_bytes(("\r\n".join([heading, *rows]) + "\r\n").encode(encoding))
    return path


@pytest.fixture
def take(gazetteer):
    def run(path, datum="WGS84", **options):
        return import_places(path, datum=datum, source="某县民政局", licence="CC0", gazetteer=gazetteer, **options)

    return run


def test_a_csv_of_townships_becomes_named_places(take, tmp_path):
    found = take(csv_file(tmp_path, DUANSHI, JIAFENG))
    assert (found.read, found.problems, found.warnings) == (2, (), ())
    assert [(place.name, place.adcode, place.parent, place.level) for place in found.places] == [
        ("端氏镇", "140521103", "140521", "township"),
        ("嘉峰镇", "140521104", "140521", "township"),
    ]
    assert {place.source for place in found.places} == {"某县民政局"}
    assert all(place.radius_m > 1000 for place in found.places)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_headings_and_encodings_are_understood(take, tmp_path, encoding):
    path = csv_file(tmp_path, DUANSHI, heading="行政区划代码,乡镇名称,经度,纬度", encoding=encoding)
    assert [place.name for place in take(path).places] == ["端氏镇"]


def test_a_table_of_gcj02_lands_where_the_same_table_of_wgs84_does(take, tmp_path):
    lon, lat = wgs84_to_gcj02(112.511949, 35.667467)
    (moved,) = take(csv_file(tmp_path, f"140521103,端氏镇,{lon!r},{lat!r}"), datum="GCJ02").places
    assert (moved.lon, moved.lat) == pytest.approx((112.511949, 35.667467), abs=1e-7)


def test_geojson_and_geopackage_give_the_same_places_as_csv(take, tmp_path):
    points = [(112.511949, 35.667467), (112.530621, 35.61066)]
    names = [("140521103", "端氏镇"), ("140521104", "嘉峰镇")]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": point},
            "properties": {"adcode": code, "name": name},
        }
        for point, (code, name) in zip(points, names, strict=True)
    ]
    geojson = tmp_path / "t.geojson"
    geojson.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    for crs in ("EPSG:4326", "EPSG:4490", "EPSG:32649"):
        shapes = shapely.points(points)
        if crs == "EPSG:32649":
            turn = Transformer.from_crs(4326, 32649, always_xy=True)
            shapes = shapely.points([turn.transform(*point) for point in points])
        package = tmp_path / f"{crs[5:]}.gpkg"
        pyogrio.raw.write(
            package, shapely.to_wkb(shapes), [np.array(column, dtype=object) for column in zip(*names, strict=True)],
            ["adcode", "name"], geometry_type="Point", crs=crs, driver="GPKG",
        )  # fmt: skip
        found, expected = take(package), take(geojson)
        assert found.problems == expected.problems == ()
        for a, b in zip(found.places, expected.places, strict=True):
            assert (a.adcode, a.name) == (b.adcode, b.name)
            assert (a.lon, a.lat) == pytest.approx((b.lon, b.lat), abs=1e-7)


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("140521103,端氏镇,35.667467,112.511949", "lon, lat", "swapped"),
        ("140521103,端氏镇,east,35.6", "lon, lat", "not a number"),
        ("140521103,端氏镇,,", "lon, lat", "missing"),
        ("140521103,端氏镇,nan,35.6", "lon, lat", "not a number"),
        ("140521103,端氏镇,2.35,48.85", "lon, lat", "outside China"),
        ("140521103,端氏镇,113.9,39.9", "lon, lat", "outside 沁水县"),
        ("1405211,端氏镇,112.511949,35.667467", "code", "9 or 12 digits"),
        ("149999103,端氏镇,112.511949,35.667467", "code", "no county"),
        ("140521103,,112.511949,35.667467", "name", "empty"),
        (JIAFENG, "code", "row 2 too"),
    ],
)
def test_a_wrong_row_is_reported_by_number_and_nothing_is_half_imported(take, tmp_path, row, column, words):
    found = take(csv_file(tmp_path, JIAFENG, row))
    assert [(problem.row, problem.column) for problem in found.problems] == [(3, column)]
    assert words in found.problems[0].en
    assert "第 3 行" in str(found.problems[0])
    assert found.places == ()


def test_bad_rows_can_be_skipped_on_purpose(take, tmp_path):
    found = take(csv_file(tmp_path, JIAFENG, "140521103,端氏镇,35.6,112.5"), skip_bad=True)
    assert [place.name for place in found.places] == ["嘉峰镇"]
    assert len(found.problems) == 1


def test_an_empty_geometry_is_reported_by_feature(take, tmp_path):
    path = tmp_path / "t.geojson"
    feature = {"type": "Feature", "geometry": None, "properties": {"adcode": "140521103", "name": "端氏镇"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    assert [(problem.row, problem.column) for problem in take(path).problems] == [(1, "lon, lat")]


@pytest.mark.parametrize("datum", [None, "", "EPSG:4326", "gcj02"])
def test_a_table_without_a_known_datum_is_refused(take, tmp_path, datum):
    with pytest.raises(InvalidParameterError, match="GCJ02") as caught:
        take(csv_file(tmp_path, DUANSHI), datum=datum)
    assert caught.value.field == "datum"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
        ("t.csv", b"\xff\xfe\xff\xff\xff"),
        ("t.csv", b"name,lon\nA,112\n"),
        ("t.csv", b""),
        ("t.geojson", b"{"),
        ("t.geojson", b"[]"),
        ("t.geojson", b'{"features": [7]}'),
        ("t.gpkg", b"not a database"),
        ("t.xlsx", b"PK"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(take, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidParameterError) as caught:
        take(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert caught.value.field in {"file", "columns"}


def test_a_missing_file_is_refused(take, tmp_path):
    with pytest.raises(InvalidParameterError, match=r"none\.csv"):
        take(tmp_path / "none.csv")


def test_a_geopackage_without_a_layer_is_refused(take, tmp_path):
    sqlite3.connect(tmp_path / "t.gpkg").close()
    (tmp_path / "t.gpkg").write_bytes(b"SQLite format 3\0" + bytes(84))
    with pytest.raises(InvalidParameterError):
        take(tmp_path / "t.gpkg")


def test_columns_of_other_names_are_told(take, tmp_path):
    path = csv_file(tmp_path, DUANSHI, heading="id,label,east,north")
    asked = {"code": "id", "name": "label", "lon": "east", "lat": "north"}
    assert [place.name for place in take(path, columns=asked).places] == ["端氏镇"]
    with pytest.raises(InvalidParameterError, match="westing"):
        take(path, columns={**asked, "lon": "westing"})


def test_the_source_and_the_licence_must_be_stated(gazetteer, tmp_path):
    for options in ({"source": "", "licence": "CC0"}, {"source": "某局", "licence": " "}):
        with pytest.raises(InvalidParameterError):
            import_places(csv_file(tmp_path, DUANSHI), datum="WGS84", gazetteer=gazetteer, **options)


# ---------------------------------------------------------------- a datum that is not what was stated


def test_the_township_table_read_as_stated_gives_no_warning_of_a_shift(townships, take):
    found = take(townships, skip_bad=True)
    assert len(found.places) > 390
    assert not [warning for warning in found.warnings if warning.row == 0]


def test_a_gcj02_table_declared_as_wgs84_is_noticed(townships, take, tmp_path):
    rows, *_ = read_rows(townships, COLUMNS, Asked(datum="WGS84"))
    shifted = [
        f"{row.cells['code']},{row.cells['name']},{x!r},{y!r}"
        for row in rows
        for x, y in [wgs84_to_gcj02(row.lon, row.lat)]
    ]
    path = csv_file(tmp_path, *shifted)
    assert "GCJ02" in next(warning.zh for warning in take(path, skip_bad=True).warnings if warning.row == 0)
    assert not [warning for warning in take(path, datum="GCJ02", skip_bad=True).warnings if warning.row == 0]


def test_a_wgs84_table_declared_as_gcj02_is_noticed(townships, take):
    warning = next(warning for warning in take(townships, datum="GCJ02", skip_bad=True).warnings if warning.row == 0)
    assert "WGS84" in warning.zh


def test_a_shift_is_noticed_against_county_seats_alone(townships, gazetteer):
    bare = {key: row for key, row in gazetteer.rows.items() if row.level != "township"}
    without = replace(gazetteer, rows=bare, _points={}, _extents={}, _names={}, _geometries={})
    rows, *_ = read_rows(townships, COLUMNS, Asked(datum="WGS84"))
    plain = [(row.cells["code"], row.lon, row.lat) for row in rows]
    assert detect_shift(plain, without) is None
    assert "GCJ02" in detect_shift([(code, *wgs84_to_gcj02(lon, lat)) for code, lon, lat in plain], without).zh
    assert "WGS84" in detect_shift([(code, *gcj02_to_wgs84(lon, lat)) for code, lon, lat in plain], without).zh


def test_too_few_points_to_tell_give_no_warning(gazetteer):
    assert detect_shift([("140722999", 113.3, 37.0)], gazetteer) is None
    assert detect_shift([], gazetteer) is None


def test_imported_townships_resolve(take, geodata, tmp_path):
    write_places(tmp_path / "more.csv", take(csv_file(tmp_path, "140521206,十里乡,112.7,35.9")).places)
    known = load_gazetteer(geodata, tables=[tmp_path / "more.csv"])
    found = resolve(known, "十里乡卫生院", within="140521")
    assert found.adcode == "140521206"
    # A township of which nobody says how wide it is may be no vaguer than its county.
    assert found.uncertainty_m <= place(known, "140521", "name").uncertainty_m


# ---------------------------------------------------------------- villages, streets, landmarks, and what has an outline

SQUARE = [[112.50, 35.65], [112.53, 35.65], [112.53, 35.68], [112.50, 35.68], [112.50, 35.65]]
LINE = [[112.18, 35.69], [112.19, 35.69], [112.20, 35.70]]


def geojson_file(tmp_path, *features):
    path = tmp_path / "t.geojson"
    made = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": geometry and {"type": geometry[0], "coordinates": geometry[1]},
        }
        for properties, geometry in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": made}), encoding="utf-8")
    return path


def test_a_village_stands_at_its_own_point_and_a_promise_that_names_it_is_located_to_it(take, plans, geodata, tmp_path):
    rows = ("140521104216,豆庄村,112.5551,35.6203", "140521104217,尉迟村,112.5301,35.6003",
            "140521104218,潘庄村,112.5001,35.6303")  # fmt: skip
    found = take(csv_file(tmp_path, *rows))
    assert (found.problems, found.warnings) == ((), ())
    village = found.places[0]
    assert (village.name, village.level, village.adcode, village.parent, village.kind) == (
        "豆庄村", "village", "140521104", "140521", "site",
    )  # fmt: skip
    write_places(tmp_path / "more.csv", found.places)
    known = load_gazetteer(geodata, tables=[tmp_path / "more.csv"])
    asked = commitment("qinshui-2021", 5, name="窦庄古堡", category="heritage_tourism", place="窦庄",
                       place_level="village_or_street")  # fmt: skip
    (facility,) = locate([asked], plans, known)
    assert (facility.precision, facility.adcode, facility.point_source) == ("village", "140521104", "某县民政局")
    assert (facility.lon, facility.lat) == (112.5551, 35.6203)
    assert 0 < facility.uncertainty_m == village.radius_m


def test_the_more_villages_a_table_has_the_narrower_are_their_radii(take, gazetteer, tmp_path):
    grid = [(112.34 + 0.02 * i, 35.69 + 0.02 * j) for i in range(6) for j in range(6)]
    rows = [f"1405211042{number:02d},村{number}村,{lon:.4f},{lat:.4f}" for number, (lon, lat) in enumerate(grid)]
    few, many = take(csv_file(tmp_path, *rows[:3])).places, take(csv_file(tmp_path, *rows)).places
    township = resolve(gazetteer, "嘉峰镇", within="140521")
    for one in few:  # all of a village lies in its township
        away = GEOD.inv(one.lon, one.lat, township.lon, township.lat)[2]
        assert one.radius_m < township.uncertainty_m + away + 100
    inner = next(place for place in many if (place.lon, place.lat) == (112.40, 35.73))
    assert inner.radius_m < 4000
    assert min(place.radius_m for place in few) > 5000


def test_a_township_polygon_gives_the_true_reach_from_its_office(take, tmp_path):
    properties = {"code": "140521103", "name": "端氏镇"}
    (known,) = take(geojson_file(tmp_path, (properties, ("Polygon", [SQUARE])))).places
    assert (known.lon, known.lat) == (112.511949, 35.667467)  # the shipped office, not the middle of the polygon
    corner = GEOD.inv(known.lon, known.lat, 112.53, 35.65)[2]
    assert corner <= known.radius_m < corner + 100
    own = {**properties, "lon": 112.52, "lat": 35.66}
    (said,) = take(geojson_file(tmp_path, (own, ("MultiPolygon", [[SQUARE]])))).places
    assert (said.lon, said.lat) == (112.52, 35.66)
    corner = GEOD.inv(112.52, 35.66, 112.50, 35.68)[2]
    assert corner <= said.radius_m < corner + 100


def test_a_township_polygon_without_a_known_office_is_reported_and_never_given_its_middle(take, tmp_path):
    found = take(geojson_file(tmp_path, ({"code": "140521299", "name": "新设乡"}, ("Polygon", [SQUARE]))))
    assert [(problem.row, problem.column) for problem in found.problems] == [(1, "lon, lat")]
    assert "office" in found.problems[0].en
    assert found.places == ()


def test_a_village_polygon_reaches_as_far_as_it_does(take, tmp_path):
    (village,) = take(geojson_file(tmp_path, ({"code": "140521103201", "name": "甲村"}, ("Polygon", [SQUARE])))).places
    assert 112.50 < village.lon < 112.53
    corners = [GEOD.inv(village.lon, village.lat, *corner)[2] for corner in SQUARE]
    assert max(corners) <= village.radius_m < max(corners) + 100


def test_polygons_in_metres_and_in_gcj02_land_where_those_in_degrees_do(take, tmp_path):
    properties = {"code": "140521103", "name": "端氏镇"}
    (expected,) = take(geojson_file(tmp_path, (properties, ("Polygon", [SQUARE])))).places
    turn = Transformer.from_crs(4326, 32649, always_xy=True)
    metres = shapely.transform(shapely.Polygon(SQUARE), lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1])))
    pyogrio.raw.write(
        tmp_path / "m.gpkg", shapely.to_wkb(np.array([metres])),
        [np.array([value], dtype=object) for value in properties.values()], list(properties), geometry_type="Polygon",
        crs="EPSG:32649", driver="GPKG",
    )  # fmt: skip
    assert take(tmp_path / "m.gpkg").places == (expected,)
    shifted = [list(wgs84_to_gcj02(*corner)) for corner in SQUARE]
    assert take(geojson_file(tmp_path, (properties, ("Polygon", [shifted]))), datum="GCJ02").places == (expected,)


def test_a_place_without_a_code_lies_in_the_county_of_its_point(take, tmp_path):
    rows = ("豆庄村,村,112.5551,35.6203,", "五一路,道路,112.8522,35.4908,600", "海上村,村,125.0,30.0,")
    found = take(csv_file(tmp_path, *rows, heading="name,level,lon,lat,radius_m"), skip_bad=True)
    assert [(place.name, place.adcode, place.parent) for place in found.places] == [
        ("豆庄村", "140521", "140521"), ("五一路", "140502", "140502"),
    ]  # fmt: skip
    assert [(problem.row, problem.column) for problem in found.problems] == [(4, "code")]


def test_a_township_without_a_code_is_nobodys_guess(take, tmp_path):
    found = take(csv_file(tmp_path, "端氏镇,镇,112.511949,35.667467", heading="name,level,lon,lat"))
    assert [(problem.row, problem.column) for problem in found.problems] == [(2, "code")]


def test_what_the_turning_of_an_older_datum_leaves_unsure_is_added_and_told(take, tmp_path):
    columns = {"code": ["140521103201"], "name": ["甲村"], "radius_m": ["500"]}
    sure, old = (forms.made(tmp_path / str(crs), "gpkg", columns, [(112.51, 35.66)], crs=crs) for crs in (4490, 4610))
    (certain,), (doubted,) = (take(path, datum=None).places for path in (sure, old))
    assert (certain.radius_m, doubted.radius_m) == (500, 700)  # 127 m, in whole hundreds
    (warning,) = take(old, datum=None).warnings
    assert warning.row == 0
    assert "127 m" in warning.en


def test_a_street_is_a_line_or_says_how_far_it_reaches(take, geodata, tmp_path):
    said = {"code": "140521", "name": "迎白路", "level": "道路"}
    (street,) = take(geojson_file(tmp_path, (said, ("LineString", LINE)))).places
    assert (street.level, street.adcode, street.kind) == ("street", "140521", "site")
    assert GEOD.inv(street.lon, street.lat, *LINE[-1])[2] <= street.radius_m < 1500
    heading = "code,name,level,lon,lat,radius_m"
    assert [place.radius_m for place in take(csv_file(tmp_path, "140521,迎白路,street,112.18,35.69,850",
            heading=heading)).places] == [900.0]  # fmt: skip
    found = take(csv_file(tmp_path, "140521,迎白路,street,112.18,35.69,", heading=heading))
    assert [(problem.row, problem.column) for problem in found.problems] == [(2, "radius_m")]
    write_places(tmp_path / "more.csv", [street])
    known = load_gazetteer(geodata, tables=[tmp_path / "more.csv"])
    assert resolve(known, "迎白路", within="140521").precision == "street"


def test_a_landmark_is_a_spot_only_where_it_is_small(take, geodata, tmp_path):
    heading = "code,name,level,lon,lat,radius_m"
    path = csv_file(tmp_path, "140521,石楼广场,地标,112.181,35.691,150", "140521,南山新区,片区,112.185,35.692,2000",
                    heading=heading)  # fmt: skip
    write_places(tmp_path / "more.csv", take(path).places)
    known = load_gazetteer(geodata, tables=[tmp_path / "more.csv"])
    small, wide = (resolve(known, name, within="140521") for name in ("石楼广场", "南山新区"))
    assert (small.precision, small.uncertainty_m) == ("site", 200)
    assert (wide.precision, wide.uncertainty_m) == ("township", 2000)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("140521103,某地,山,112.51,35.66,", "level"),
        ("14052110,某村,村,112.51,35.66,", "code"),
        ("140521103216,某镇,乡镇,112.51,35.66,", "code"),
        ("140521,某地,,112.51,35.66,", "code"),
        ("140521,某路,street,112.51,35.66,wide", "radius_m"),
        ("140521,某路,street,112.51,35.66,-5", "radius_m"),
        ("149999,某路,street,112.51,35.66,500", "code"),
        ("140521,某路,street,113.90,39.90,500", "lon, lat"),
        ("140521,迎白路,street,112.51,35.66,500", "code"),
    ],
)
def test_a_wrong_row_of_any_level_is_reported_by_number(take, tmp_path, row, column):
    heading = "code,name,level,lon,lat,radius_m"
    found = take(csv_file(tmp_path, "140521,迎白路,street,112.18,35.69,500", row, heading=heading))
    assert [(problem.row, problem.column) for problem in found.problems] == [(3, column)]
    assert found.places == ()
