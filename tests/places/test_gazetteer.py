"""Areas, their boundaries and seats, and the table of named places."""

import csv
from collections import Counter

import numpy as np
import pytest
import shapely
from pyproj import Geod

from service_map.catalogue.adcode import covers
from service_map.errors import GeodataError, NotFoundError
from service_map.io import Asked
from service_map.places import areas, load_gazetteer, read_places, resolve, write_places
from service_map.places.extent import CELL_FACTOR, cell_radii, farthest
from service_map.places.gazetteer import COMMON, PLACES_COLUMNS, short_name
from service_map.places.place_table import COLUMNS, read_rows

CITIES = ("140200", "140500", "140700", "140800")
GEOD = Geod(ellps="WGS84")
FROM_GEOJSON = shapely.from_geojson


def test_four_cities_have_forty_counties_each_with_a_boundary_and_a_seat_inside_it(gazetteer):
    found = [area for area in areas(CITIES, gazetteer=gazetteer) if area.level != "township"]
    assert [area.level for area in found].count("city") == 4
    assert [area.level for area in found].count("county") == 40
    for area in found:
        assert area.geometry is not None
        assert area.geometry.is_valid
        assert shapely.contains_xy(area.geometry, area.lon, area.lat), area.name


def test_no_seat_is_its_polygons_centre(gazetteer):
    for area in areas(CITIES, gazetteer=gazetteer):
        if area.level == "county":
            centre = area.geometry.centroid
            assert GEOD.inv(area.lon, area.lat, centre.x, centre.y)[2] > 100, area.name


def test_seats_lie_where_government_buildings_are_known_to_stand(gazetteer):
    known = {"140521": (112.1804, 35.6902), "140723": (113.5640, 37.3291), "140224": (114.2280, 39.4413),
             "140215": (113.6058, 40.0393)}  # fmt: skip
    for code, (lon, lat) in known.items():
        assert GEOD.inv(*gazetteer.point(code), lon, lat)[2] < 20, code


def test_renamed_counties_carry_their_present_names_and_their_former_seats(gazetteer):
    present = {area.adcode: area.name for area in areas(CITIES, gazetteer=gazetteer)}
    assert (present["140213"], present["140214"], present["140215"], present["140703"]) == (
        "平城区", "云冈区", "云州区", "太谷区",
    )  # fmt: skip


def test_every_former_code_has_its_seat_inside_the_present_boundary(gazetteer):
    for code, former in gazetteer.former_names.items():
        assert former
        # 540600: a city that took the place of a prefecture, with its seat; two whose row in the table has no point.
        if code not in ("540600", "130181", "130682"):
            assert shapely.contains_xy(gazetteer.geometry(code), *gazetteer.point(code)), gazetteer.rows[code].name


def test_areas_gives_each_once_in_order_of_code_however_asked(gazetteer):
    codes = [area.adcode for area in areas(["140521", "140500", "140521"], gazetteer=gazetteer)]
    assert codes == sorted(set(codes))
    assert codes[0] == "140500"
    assert next(area.adcode for area in areas(["140227"], gazetteer=gazetteer)) == "140215"


def test_every_area_of_the_country_is_found_by_its_code_and_by_its_name_in_the_area_around_it(gazetteer):
    known = [row for row in gazetteer.rows.values() if row.level in ("province", "city", "county")]
    assert sum(row.level == "county" for row in known) == 2891
    for row in known:
        assert resolve(gazetteer, row.adcode).adcode == row.adcode
        if row.parent:
            assert resolve(gazetteer, row.name, within=row.parent).adcode == row.adcode, row.name


def test_a_name_that_several_areas_of_the_country_bear_is_ambiguous_and_no_other_is(gazetteer):
    bearers = Counter(row.name for row in gazetteer.rows.values() if row.level == "county")
    for row in [row for row in gazetteer.rows.values() if row.level == "county"]:
        found = resolve(gazetteer, row.name)
        if bearers[row.name] > 1:
            assert len(found.candidates) == bearers[row.name], row.name
        else:
            assert found.adcode == row.adcode, row.name


def test_former_names_and_codes_find_the_present_area(gazetteer):
    for old, present in gazetteer.former_codes.items():
        assert resolve(gazetteer, old).adcode == present
    for code, names in gazetteer.former_names.items():
        for name in names:
            found = resolve(gazetteer, name, within=gazetteer.rows[code].parent)
            # A former 城区 is but the built-up part in a text of today, a former 矿区 nothing.
            assert found.adcode == code if name not in COMMON else found is None or found.level == "city", name


def test_whatever_stands_for_an_area_of_the_country_has_all_of_it_within_its_uncertainty(gazetteer):
    without, beyond = [], []
    for key, row in gazetteer.rows.items():
        if row.level not in ("province", "city", "county"):
            continue
        found, boundary = resolve(gazetteer, key), gazetteer.geometry(key)
        assert farthest((found.lon, found.lat), boundary) <= found.uncertainty_m, row.name
        for centre in (boundary.centroid, boundary.envelope.centroid):
            assert GEOD.inv(found.lon, found.lat, centre.x, centre.y)[2] > 1, row.name
        if gazetteer.point(key) is None:
            without.append(key)
            assert found.precision == "city", row.name
        elif not boundary.buffer(0.06).contains(shapely.Point(found.lon, found.lat)):
            beyond.append(row.name)
    # Hong Kong's and Taiwan's districts and those founded since, which the table of seats does not have.
    assert len(without) <= 64
    assert beyond == ["南沙区"]  # islands hundreds of kilometres apart


def test_an_unknown_code_is_refused(gazetteer):
    with pytest.raises(NotFoundError, match="149900"):
        areas(["149900"], gazetteer=gazetteer)


def test_a_code_covers_what_lies_under_it():
    assert covers("140500", "140521104")
    assert covers("140521", "140521104")
    assert covers("140000", "140521")
    assert not covers("140521", "140500")
    assert not covers("140521", "140522")


def test_the_extent_of_an_area_reaches_every_corner_of_it_and_no_farther(gazetteer):
    for code in ("140521", "140500", "140213"):
        lon, lat = gazetteer.point(code)
        corners = shapely.get_coordinates(gazetteer.geometry(code))
        metres = [GEOD.inv(lon, lat, x, y)[2] for x, y in corners]
        assert max(metres) <= gazetteer.extent(code) < max(metres) + 100


def test_short_names_drop_the_kind_of_area_and_the_nations():
    nations = ("黎族", "苗族", "土家族")
    cases = {"和顺县": "和顺", "晋城市": "晋城", "城区": "城区", "祁县": "祁县", "大同市": "大同", "西街街道": "西街",
             "保亭黎族苗族自治县": "保亭", "端氏镇": "端氏", "柳庄社区": "柳庄"}  # fmt: skip
    assert {name: short_name(name, nations) for name in cases} == cases


def test_loading_the_gazetteer_reads_names_and_parses_no_boundary(calls_of, monkeypatch):
    parsed = []
    monkeypatch.setattr(shapely, "from_geojson", lambda text: parsed.append(text) or FROM_GEOJSON(text))
    loaded = []
    calls = calls_of(lambda: loaded.append(load_gazetteer()))
    assert calls < 60 * len(loaded[0].rows)
    assert parsed == []
    # The spy sees what is parsed: one boundary, when it is asked for.
    assert loaded[0].geometry("140521").is_valid
    assert len(parsed) == 1


# ---------------------------------------------------------------- the extents of areas without a boundary


def test_ninety_nine_of_a_hundred_points_of_an_area_lie_within_the_estimate_of_its_reach(gazetteer):
    """Counties among those of their city, whose true boundary is known, as townships stand in their county."""
    random = np.random.default_rng(20261122)
    within, wholly, wide = [], [], []
    for city in [
        code for code, row in gazetteer.rows.items() if row.level == "city" and code.startswith(("14", "41", "61"))
    ]:
        area = gazetteer.geometry(city)
        inside = [
            key
            for key, row in gazetteer.rows.items()
            if row.parent == city and row.level == "county" and gazetteer.point(key)
        ]
        inside = [key for key in inside if shapely.contains_xy(area, *gazetteer.point(key))]
        if len(inside) < 4:
            continue
        estimates = cell_radii(np.array([gazetteer.point(key) for key in inside]), area)
        for key, metres in zip(inside, estimates, strict=True):
            county, seat = gazetteer.geometry(key), gazetteer.point(key)
            west, south, east, north = county.bounds
            points = random.uniform((west, south), (east, north), (100, 2))
            for lon, lat in points[shapely.contains_xy(county, points)]:
                within.append(GEOD.inv(*seat, lon, lat)[2] <= metres)
            wholly.append(farthest(seat, county) <= metres)
            wide.append(metres / farthest(seat, county))
    assert len(wholly) > 300
    assert np.mean(within) >= 0.99
    assert np.mean(wholly) >= 0.85
    assert np.median(wide) < 1.5


def test_points_whose_name_tells_their_township_lie_within_its_radius(gazetteer, shared, townships):
    """OpenStreetMap's own points: 古郊乡卫生院 must lie within the radius of 古郊乡."""
    offices = {}
    for row in read_rows(townships, COLUMNS, Asked(datum="WGS84"))[0]:
        county = row.cells["code"][:6]
        if shapely.contains_xy(gazetteer.geometry(county), row.lon, row.lat):
            offices.setdefault(county, []).append((row.cells["name"], row.lon, row.lat))
    radii = {
        county: cell_radii(np.array([office[1:] for office in found]), gazetteer.geometry(county))
        for county, found in offices.items()
    }
    known, right = 0, 0
    with (shared / "places" / "osm_poi_40counties.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            point = float(row["lon"]), float(row["lat"])
            for county, found in offices.items():
                named = [at for at, office in enumerate(found) if office[0] in row["name"]]
                if len(named) == 1 and shapely.contains_xy(gazetteer.geometry(county), *point):
                    known += 1
                    right += GEOD.inv(*found[named[0]][1:], *point)[2] <= radii[county][named[0]]
    assert known >= 60
    assert right == known


def test_no_estimate_exceeds_the_distance_to_the_farthest_corner_of_the_whole():
    square = shapely.box(112.0, 35.0, 112.1, 35.1)
    seats = np.array([[112.01, 35.01], [112.02, 35.01]])
    reach = [farthest(tuple(seat), square) for seat in seats]
    assert np.all(cell_radii(seats, square) <= reach)
    assert cell_radii(seats[:1], square)[0] == pytest.approx(reach[0])


def test_four_equal_quarters_reach_their_corners_times_the_factor():
    square = shapely.box(112.0, 0.0, 112.2, 0.2)
    seats = np.array([[112.05, 0.05], [112.15, 0.05], [112.05, 0.15], [112.15, 0.15]])
    corner = GEOD.inv(112.05, 0.05, 112.0, 0.0)[2]
    assert cell_radii(seats, square) == pytest.approx(np.full(4, corner * CELL_FACTOR), rel=0.01)


# ---------------------------------------------------------------- places.csv

HEADING = ",".join(PLACES_COLUMNS)
ROW = "端氏镇,140521103,township,140521,112.511949,35.667467,17500,office,Vonng/adcode,CC BY 4.0"


def table(tmp_path, *rows, heading=HEADING):
    path = tmp_path / "places.csv"
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_shipped_places_read_and_write_back_byte_for_byte(geodata, tmp_path):
    shipped = geodata / "places.csv"
    write_places(tmp_path / "again.csv", read_places(shipped))
    assert (tmp_path / "again.csv").read_bytes() == shipped.read_bytes()


def test_every_shipped_place_names_its_source_and_licence_and_lies_in_its_county(geodata, gazetteer):
    rows = read_places(geodata / "places.csv")
    assert rows
    for row in rows:
        assert row.source
        assert row.licence
        assert shapely.contains_xy(gazetteer.geometry(row.parent), row.lon, row.lat), row.name


@pytest.mark.parametrize(
    ("column", "value"),
    [("adcode", "1405"), ("level", "town hall"), ("lon", "east"), ("lat", "95"), ("radius_m", "-1"), ("radius_m", "nan"),
     ("kind", "centre"), ("name", ""), ("licence", "")],
)  # fmt: skip
def test_a_wrong_row_is_reported_by_its_number_and_column(tmp_path, column, value):
    cells = ROW.split(",")
    cells[PLACES_COLUMNS.index(column)] = value
    with pytest.raises(GeodataError, match=rf"第 3 行 {column} .*row 3, {column}"):
        read_places(table(tmp_path, ROW, ",".join(cells)))


def test_another_heading_is_refused_with_the_right_one(tmp_path):
    with pytest.raises(GeodataError, match=",".join(PLACES_COLUMNS)):
        read_places(table(tmp_path, ROW, heading="name,lon,lat"))


def test_a_table_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "places.csv"
    path.write_bytes((",".join(PLACES_COLUMNS) + "\n" + ROW + "\n").encode("gb18030"))
    with pytest.raises(GeodataError, match=r"places\.csv"):
        read_places(path)


def test_an_operators_table_adds_townships(geodata, tmp_path):
    extra = table(tmp_path, "张三乡,140521299,township,140521,112.4,35.7,9000,office,本县民政局,CC0")
    loaded = load_gazetteer(geodata, tables=[extra])
    assert "140521299" in [area.adcode for area in areas(["140521"], gazetteer=loaded)]


def test_a_place_in_a_county_that_does_not_exist_is_refused(geodata, tmp_path):
    with pytest.raises(GeodataError, match="149999"):
        load_gazetteer(geodata, tables=[table(tmp_path, ROW.replace("township,140521", "township,149999"))])


def test_a_damaged_alias_table_is_refused(tmp_path):
    (tmp_path / "place_aliases.toml").write_text("[former]\n140213 = 5\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="place_aliases"):
        load_gazetteer(tmp_path)
