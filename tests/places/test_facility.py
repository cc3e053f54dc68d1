"""The file of facilities: written the same each time, and refused when it is damaged."""

import json

import pytest

from service_map.errors import GeodataError
from service_map.places import Facility, load_facilities, write_facilities


def facility(number=1, **fields):
    defaults = {
        "id": f"f{number:012x}", "name": "沁水县殡仪馆", "name_given": True, "category": "funeral_home",
        "status": "planned", "basis": "site", "action": "new", "count": 1, "unit": None, "at_least": False,
        "year": 2025, "adcode": "140521", "lon": 112.18040721, "lat": 35.690236, "precision": "county",
        "uncertainty_m": 63700.0, "point_source": "cpca", "point_licence": "MIT", "located_by": "规划范围",
        "commitments": ("qinshui-2021-631-abcdef",),
    }  # fmt: skip
    return Facility(**{**defaults, **fields})


def test_facilities_come_back_as_they_were_written(tmp_path):
    written = [facility(2), facility(1, count=2.5, unit="公里", year=None)]
    write_facilities(tmp_path / "f.geojson", written)
    assert load_facilities(tmp_path / "f.geojson") == [
        facility(1, count=2.5, unit="公里", year=None, lon=112.1804072),
        facility(2, lon=112.1804072),
    ]


def test_the_file_is_geojson_of_wgs84_points_one_feature_a_line_sorted_by_id(tmp_path):
    path = tmp_path / "f.geojson"
    write_facilities(path, [facility(3), facility(1), facility(2)])
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection"
    assert "crs" not in document  # RFC 7946, section 4
    assert [feature["id"] for feature in document["features"]] == [f"f{n:012x}" for n in (1, 2, 3)]
    assert document["features"][0]["geometry"] == {"type": "Point", "coordinates": [112.1804072, 35.690236]}
    assert len(path.read_text(encoding="utf-8").splitlines()) == 5


def test_the_same_facilities_give_the_same_bytes_in_any_order(tmp_path):
    write_facilities(tmp_path / "a", [facility(1), facility(2)])
    write_facilities(tmp_path / "b", [facility(2), facility(1)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_facilities_are_a_valid_file(tmp_path):
    write_facilities(tmp_path / "f.geojson", [])
    assert load_facilities(tmp_path / "f.geojson") == []


def test_two_facilities_of_one_id_are_not_written(tmp_path):
    with pytest.raises(GeodataError, match="f000000000001"):
        write_facilities(tmp_path / "f.geojson", [facility(1), facility(1)])
    assert not (tmp_path / "f.geojson").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("precision", "exact"), ("status", "built"), ("adcode", "1405"), ("count", "one"), ("count", True), ("year", 2025.5),
     ("name", None), ("commitments", []), ("commitments", [1]), ("uncertainty_m", -1), ("basis", "quota")],
)  # fmt: skip
def test_a_wrong_value_is_reported_by_feature_and_field(tmp_path, field, value):
    path = tmp_path / "f.geojson"
    write_facilities(path, [facility(1), facility(2)])
    document = json.loads(path.read_text(encoding="utf-8"))
    document["features"][1]["properties"][field] = value
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(GeodataError, match=f"feature 2, {field}"):
        load_facilities(path)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda feature: feature["properties"].pop("year"), "year"),
        (lambda feature: feature["properties"].update(colour="red"), "colour"),
        (lambda feature: feature.update(id=7), "id"),
        (lambda feature: feature.update(geometry=None), "geometry"),
        (lambda feature: feature["geometry"].update(coordinates=[35.69, 112.18]), "geometry"),
        (lambda feature: feature["geometry"].update(coordinates=[112.18]), "geometry"),
        (lambda feature: feature["geometry"].update(type="LineString"), "geometry"),
        (lambda feature: feature.update(properties=None), "properties"),
        (lambda feature: feature.update(id="f000000000001"), "id"),
    ],
)
def test_a_damaged_feature_is_reported_by_number_and_field(tmp_path, change, field):
    path = tmp_path / "f.geojson"
    write_facilities(path, [facility(1), facility(2)])
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document["features"][1])
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(GeodataError, match=f"feature 2, {field}"):
        load_facilities(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "Feature"}', '{"type": "FeatureCollection"}', "\x00"])
def test_what_is_no_feature_collection_is_refused(tmp_path, text):
    path = tmp_path / "f.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match=r"f\.geojson"):
        load_facilities(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(GeodataError, match=r"none\.geojson"):
        load_facilities(tmp_path / "none.geojson")
