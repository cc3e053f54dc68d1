"""What exists already comes in whole or not at all, each row accounted for."""

import csv
import json

import forms
import pytest
import shapely

from service_map.errors import GeodataError, InvalidParameterError
from service_map.places import (
    DEMAND,
    import_facilities,
    load_classes,
    load_demand,
    load_existing,
    load_listed,
    wgs84_to_gcj02,
)
from service_map.places.existing import EXISTING_COLUMNS, read_existing
from service_map.places.place_table import CHINA

CITIES = ("140200", "140500", "140700", "140800")
HEADING = "id,class,name,county,lon,lat"
SCHOOL = "1,school,端氏小学,沁水县,112.511949,35.667467"
PARK = "2,park,沁河公园,140521,112.1804,35.6902"
HOMES = "3,residential,梅苑小区,,112.1810,35.6910"


@pytest.fixture
def classes(geodata):
    return load_classes(geodata / "osm_classes.toml", geodata=geodata)


@pytest.fixture
def take(gazetteer, classes, tmp_path):
    def run(*rows, heading=HEADING, path=None, **options):
        if path is None:
            path = tmp_path / "table.csv"
            path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
        said = {"datum": "WGS84", "source": "某局", "licence": "CC0", "date": "2024-06", "within": CITIES,
                "classes": classes, "gazetteer": gazetteer, "output": tmp_path / "existing.csv"}  # fmt: skip
        return import_facilities(path, **{**said, **options})

    return run


def test_rows_become_existing_facilities_and_demand_points(take, tmp_path):
    found = take(SCHOOL, PARK, HOMES)
    assert (found.read, found.taken, found.demand, found.problem_count, found.written) == (3, 2, 1, 0, True)
    school, park = sorted(load_existing(tmp_path), key=lambda facility: facility.located_by)
    assert (school.category, school.name, school.adcode, school.status) == (
        "primary_school", "端氏小学", "140521", "existing",
    )  # fmt: skip
    assert (school.point_source, school.point_licence, school.status_date) == ("某局", "CC0", "2024-06")
    assert (school.precision, school.uncertainty_m, school.commitments, school.basis) == ("site", 100, (), "record")
    assert (park.category, park.uncertainty_m) == ("park_green", 300)
    (homes,) = load_demand(tmp_path)
    assert (homes.name, homes.category, homes.adcode) == ("梅苑小区", DEMAND, "140521")


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("9,volcano,某山,,112.18,35.69", "class", "volcano"),
        ("9,school,某小学,,35.69,112.18", "lon, lat", "swapped"),
        ("9,school,某小学,,,", "lon, lat", "no coordinates"),
        ("9,school,某小学,,x,35", "lon, lat", "lon is not a number"),
        ("9,school,某小学,,2.35,48.85", "lon, lat", "outside China"),
        ("9,school,某小学,,116.39,39.9", "lon, lat", "m outside the areas"),
        ("9,school,某小学,高平市,112.18,35.69", "lon, lat", "m outside 高平市"),
        ("9,school,某小学,北京市,112.18,35.69", "area", "北京市"),
        ("1,school,另一所小学,,112.18,35.69", "id", "row 2"),
        (f"9,school,{'校' * 201},,112.18,35.69", "name", "200"),
        ("9,school,某\x1b[31m小学,,112.18,35.69", "name", "visible"),
    ],
)
def test_one_bad_row_is_reported_by_its_number_and_nothing_is_imported(take, tmp_path, row, column, words):
    found = take(SCHOOL, row, PARK)
    (problem,) = found.problems
    assert (problem.row, problem.column) == (3, column)
    assert words in problem.en
    assert not found.written
    assert not (tmp_path / "existing.csv").exists()


def test_bad_rows_can_be_skipped_on_purpose(take, tmp_path):
    found = take(SCHOOL, "9,school,某小学,,35.69,112.18", PARK, skip_bad=True)
    assert (found.taken, found.problem_count, found.written) == (2, 1, True)
    assert len(list(load_existing(tmp_path))) == 2


def test_looking_only_writes_nothing_and_tells_what_becomes_of_each_row(take, tmp_path):
    told = []
    take(SCHOOL, "4,bank,某银行,,112.18,35.69", SCHOOL, "9,volcano,,,1,1", output=None, each=told.append)
    assert [(outcome.row, outcome.result) for outcome in told] == [
        (2, "taken"), (3, "left_out"), (4, "repeated"), (5, "problem"),
    ]  # fmt: skip
    assert not (tmp_path / "existing.csv").exists()


def test_importing_again_replaces_the_rows_of_that_source_and_keeps_the_others(take, tmp_path):
    take(SCHOOL, PARK)
    ids = {facility.id for facility in load_existing(tmp_path)}
    take("7,library,沁水县图书馆,,112.18,35.69", source="另一局")
    take(SCHOOL)
    now = {facility.name: facility.id for facility in load_existing(tmp_path)}
    assert set(now) == {"端氏小学", "沁水县图书馆"}
    assert now["端氏小学"] in ids


def test_equal_rows_give_an_equal_table_in_any_order(take, tmp_path):
    take(SCHOOL, PARK, HOMES)
    first = (tmp_path / "existing.csv").read_bytes()
    take(HOMES, SCHOOL, PARK)
    assert (tmp_path / "existing.csv").read_bytes() == first


def test_a_former_name_or_code_of_a_county_is_its_own(take):
    taigu = "1,school,某小学,{},112.55,37.42"
    for name in ("太谷县", "140726", "太谷区", "太谷", "晋中市", "140700", "晋中市太谷区"):
        assert take(taigu.format(name)).problem_count == 0, name


def test_a_point_just_over_the_border_is_taken_with_a_warning(take, gazetteer):
    east = gazetteer.geometry("140521").bounds
    found = take(f"1,school,某小学,沁水县,112.18,{east[3] + 0.5}")
    assert found.problem_count == 1
    lon, lat = max(shapely.get_coordinates(gazetteer.geometry("140521")).tolist(), key=lambda point: point[1])
    found = take(f"1,school,某小学,沁水县,{lon},{lat + 0.004}")
    assert (found.problem_count, found.warning_count) == (0, 1)
    assert "沁水县" in found.warnings[0].zh


def test_gcj02_lands_where_wgs84_does(take, tmp_path):
    lon, lat = wgs84_to_gcj02(112.511949, 35.667467)
    take(f"1,school,端氏小学,,{lon!r},{lat!r}", datum="GCJ02")
    (school,) = load_existing(tmp_path)
    assert (school.lon, school.lat) == pytest.approx((112.511949, 35.667467), abs=1e-6)


def test_a_table_of_gcj02_that_calls_itself_wgs84_is_warned_of(take, gazetteer):
    seats = [code for code, row in gazetteer.rows.items() if row.level == "county" and code[:4] in
             {city[:4] for city in CITIES}]  # fmt: skip
    right = [f"{code},school,县城小学,,{gazetteer.point(code)[0]},{gazetteer.point(code)[1]}" for code in seats]
    wrong = []
    for code in seats:
        lon, lat = wgs84_to_gcj02(*gazetteer.point(code))
        wrong.append(f"{code},school,县城小学,,{lon},{lat}")
    assert take(*right).warning_count == 0
    assert "GCJ02" in take(*wrong).warnings[0].en


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"datum": None}, "datum"),
        ({"datum": "EPSG:4326"}, "datum"),
        ({"source": " "}, "source"),
        ({"licence": ""}, "licence"),
        ({"date": "last year"}, "date"),
        ({"date": "2024-13"}, "date"),
        ({"uncertainty_m": -1.0}, "uncertainty"),
        ({"within": ()}, "within"),
    ],
)
def test_what_is_not_stated_is_asked_for_by_name(take, given, field):
    with pytest.raises(InvalidParameterError) as caught:
        take(SCHOOL, **given)
    assert caught.value.field == field


def test_a_row_says_its_own_date_and_uncertainty(take, tmp_path):
    rows = ("1,school,甲小学,112.18,35.69,20,2019", "2,school,乙小学,112.18,35.69,,")
    take(*rows, heading="id,class,name,lon,lat,uncertainty_m,date")
    said = {row.name: (row.uncertainty_m, row.date) for row in read_existing(tmp_path / "existing.csv")}
    assert said == {"甲小学": (20, "2019"), "乙小学": (100, "2024-06")}
    for bad in ("1,school,甲,112.18,35.69,far,", "1,school,甲,112.18,35.69,,soon", "1,school,甲,112.18,35.69,-3,"):
        assert take(bad, heading="id,class,name,lon,lat,uncertainty_m,date").problem_count == 1


def test_what_the_turning_of_an_older_datum_leaves_unsure_is_added_and_told(take, tmp_path):
    path = forms.made(tmp_path, "gpkg", {"class": ["school"], "name": ["甲小学"]}, [(112.18, 35.69)], crs=4610)
    found = take(path=path, datum=None)
    assert "127 m" in found.warnings[0].en
    (school,) = load_existing(tmp_path)
    assert school.uncertainty_m == 100 + 127


def test_many_bad_rows_are_counted_and_the_first_are_listed(take):
    found = take(*[f"{number},volcano,,,1,1" for number in range(1500)])
    assert (found.problem_count, len(found.problems)) == (1500, 1000)


def test_polygons_bring_their_own_reach(take, tmp_path):
    ring = [[112.18, 35.69], [112.19, 35.69], [112.19, 35.70], [112.18, 35.70], [112.18, 35.69]]
    feature = {"type": "Feature", "properties": {"class": "school", "name": "大学校"},
               "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    path = tmp_path / "grounds.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    take(path=path)
    (school,) = load_existing(tmp_path)
    assert 1000 < school.uncertainty_m < 1600


@pytest.mark.parametrize(
    "line",
    [
        "140521,park_green,x,公园,112,35,100,park,1,2024,某局,CC0",
        "140521,park_green,f00000000000a,公园,east,35,100,park,1,2024,某局,CC0",
        "140521,park_green,f00000000000a,公园,112,95,100,park,1,2024,某局,CC0",
        "140521,park_green,f00000000000a,公园,112,35,-1,park,1,2024,某局,CC0",
        "140521,park_green,f00000000000a,公园,112,35,100,park,1,soon,某局,CC0",
        "140521,park_green,f00000000000a,公园,112,35,100,park,1,2024,,CC0",
        "140521,park_green,f00000000000a",
    ],
)
def test_a_damaged_table_is_refused_by_row(tmp_path, line):
    good = "140521,park_green,f00000000000b,公园,112,35,100,park,1,2024,某局,CC0"
    text = "\n".join([",".join(EXISTING_COLUMNS), good, line]) + "\n"
    (tmp_path / "existing.csv").write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match="row 3"):
        list(load_existing(tmp_path))


def test_an_id_that_stands_in_both_tables_is_refused(take, tmp_path):
    take(SCHOOL)
    (tmp_path / "osm_places.csv").write_bytes((tmp_path / "existing.csv").read_bytes())
    with pytest.raises(GeodataError, match="twice"):
        list(load_existing(tmp_path))


# --- classes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "category"),
    [
        ("school", "平城区第十八小学校", "primary_school"),
        ("school", "西留疃九年制学校", "nine_year_school"),
        ("school", "河津市第三幼儿园", "kindergarten"),
        ("school", "垣曲县特殊教育学校", "special_school"),
        ("school", "女宿舍", None),
        ("school", "大同一中", "school_other"),
        ("school", "陌南中学", "school_other"),
        ("school", "端氏初中", "middle_school"),
        ("school", "高平市高级中学", "high_school"),
        ("school", "广灵一小", "primary_school"),
        ("school", "大同市职业教育中心", "vocational_school"),
        ("college", "山西省检察官培训学院", None),
        ("college", "夏县李文中学", "school_other"),
        ("college", "晋中学院师范分院", "college"),
        ("hospital", "夏县中医院", "tcm_hospital"),
        ("hospital", "阳村卫生院", "township_health_centre"),
        ("hospital", "Changsheng pharmacy", None),
        ("HOSPITAL", "大同市第三人民医院", "hospital"),
        ("park", "高平烈士陵园", "martyrs"),
        ("park", "寿安里小学教育集团一校", None),
        ("mall", "Mobile phone repair shop", None),
        ("mall", "屈臣氏", None),
        ("mall", "大同万达广场", "market_commerce"),
        ("market_place", "药材市场", "market_commerce"),
        ("bank", "中国银行", None),
        ("residential", "御馨花都", DEMAND),
        ("kindergarten", "", "kindergarten"),
        ("养老机构", "", "elderly_institution"),
        ("funeral_home", "", "funeral_home"),
    ],
)
def test_a_class_and_a_name_give_the_category(classes, kind, name, category):
    assert classes.find(kind, name).category == category


def test_an_unknown_class_is_unknown_and_not_left_out(classes):
    assert classes.find("volcano", "某山") is None


@pytest.mark.parametrize(
    "text",
    [
        "leave = 3",
        "other = 1",
        "[[rule]]\ncategory = 'park_green'",
        "[[rule]]\nclass = ['x']\ncategory = 'castle_in_the_air'",
        "[[rule]]\nclass = ['x']\ncategory = 'park_green'\nuncertainty_m = -1",
        "[[rule]]\nclass = ['x']\ncategory = 'park_green'\ncolour = 1",
        "[[rule]]\nclass = ['x']\nname = [1]\ncategory = 'park_green'",
        "[[rule]",
    ],
)
def test_a_wrong_table_of_classes_is_refused_by_name(tmp_path, geodata, text):
    path = tmp_path / "classes.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match=r"classes\.toml"):
        load_classes(path, geodata=geodata)


# --- what is shipped --------------------------------------------------------------------------------------------------


def test_the_shipped_places_lie_in_their_counties_and_name_their_licence(geodata, gazetteer):
    rows = list(read_existing(geodata / "osm_places.csv"))
    assert len(rows) > 1000
    assert {(row.source, row.licence) for row in rows} == {("OpenStreetMap", "ODbL 1.0")}
    licence = (geodata / "osm_places.LICENCE.txt").read_text(encoding="utf-8")
    assert "© OpenStreetMap contributors" in licence
    assert "ODbL" in licence
    west, east, south, north = CHINA
    for row in rows:
        assert west < row.lon < east
        assert south < row.lat < north
        assert gazetteer.rows[row.adcode].level == "county"
    homes = load_demand(geodata)
    for county in ("140213", "140802"):
        assert sum(row.adcode == county for row in homes) >= 50


@pytest.mark.parametrize("name", ["某小学（建设中）", "某小学 (建设中)", "某小学在建", "某小学【施工中】"])
def test_what_its_name_calls_unfinished_is_under_construction_and_not_there(take, tmp_path, name):
    found = take(SCHOOL.replace("端氏小学", name))
    assert (found.taken, found.planned) == (0, 1)
    (listed,) = load_listed(tmp_path)
    assert (listed.name, listed.status) == (name, "under_construction")
    assert list(load_existing(tmp_path)) == []


@pytest.mark.parametrize("name", ["建设中学", "建设小学", "在建路小学"])
def test_a_name_that_speaks_of_building_is_not_unfinished(take, name):
    assert take(SCHOOL.replace("端氏小学", name)).taken == 1


def test_a_row_that_says_what_it_is_is_believed_whatever_its_name(take):
    found = take(f"{SCHOOL},现状".replace("端氏小学", "某小学（建设中）"), heading=f"{HEADING},status")
    assert (found.taken, found.planned) == (1, 0)


def test_what_openstreetmap_tags_as_being_built_is_under_construction(take, tmp_path):
    tags = (
        {"amenity": "school", "name": "甲小学"},
        {"landuse": "construction", "construction": "school", "name": "乙小学"},
        {"construction:amenity": "school", "name": "丙小学"},
        {"landuse": "construction", "name": "某工地"},
        {"construction:shop": "mall", "amenity": "school", "name": "丁小学"},
    )
    nodes = "".join(
        f'<node id="{number}" lat="35.69" lon="112.1{number}" version="1">'
        + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in said.items())
        + "</node>"
        for number, said in enumerate(tags, start=1)
    )
    path = tmp_path / "town.osm"
    path.write_text(f'<osm version="0.6">{nodes}</osm>', encoding="utf-8")
    found = take(path=path)
    assert (found.problem_count, found.left_out) == (0, 1)
    assert {facility.name: facility.status for facility in (*load_listed(tmp_path), *load_existing(tmp_path))} == {
        "甲小学": "existing", "乙小学": "under_construction", "丙小学": "under_construction", "丁小学": "existing",
    }  # fmt: skip


def test_the_shipped_places_are_what_the_table_of_points_gives(geodata, shared, take, tmp_path):
    found = take(path=shared / "places" / "osm_poi_40counties.csv", source="OpenStreetMap", licence="ODbL 1.0",
                 date="2024", title="OpenStreetMap 地点表")  # fmt: skip
    assert (found.problem_count, found.warning_count) == (0, 0)
    assert (tmp_path / "existing.csv").read_bytes() == (geodata / "osm_places.csv").read_bytes()
    assert (tmp_path / "planned.csv").read_bytes() == (geodata / "planned.csv").read_bytes()
    with (shared / "places" / "osm_poi_40counties.csv").open(encoding="utf-8") as file:
        assert found.read == sum(1 for _ in csv.DictReader(file))
