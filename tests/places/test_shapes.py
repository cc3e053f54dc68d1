"""The ground of a park and the line of a trail are kept, for distances are measured from there."""

import csv
import json

import numpy as np
import pytest
import shapely

from service_map.errors import GeodataError
from service_map.places import (
    SHAPES_FILE,
    import_facilities,
    load_classes,
    load_existing,
    load_shapes,
    read_shapes,
    wgs84_to_gcj02,
)
from service_map.places.shapes import SHAPE_COLUMNS

CITIES = ("140200", "140500", "140700", "140800")
PARK = shapely.box(112.18, 35.69, 112.184, 35.693)
SCHOOL = shapely.box(112.19, 35.69, 112.192, 35.691)
TRAIL = shapely.LineString([(112.17, 35.68), (112.18, 35.685), (112.19, 35.68)])
CLASSES = {"park": "park_green", "school": "primary_school", "trail": "trail"}


@pytest.fixture
def take(gazetteer, geodata, tmp_path):
    (tmp_path / "classes.toml").write_text(
        "".join(f'[[rule]]\nclass = ["{kind}"]\ncategory = "{category}"\n' for kind, category in CLASSES.items()),
        encoding="utf-8",
    )

    def run(features, *, source="某局", datum="WGS84", properties=()):
        rows = [
            {"type": "Feature", "geometry": shapely.geometry.mapping(shape),
             "properties": {"id": f"{number}", "class": kind, "name": f"{kind}{number}", **dict(properties)}}
            for number, (kind, shape) in enumerate(features, 1)
        ]  # fmt: skip
        path = tmp_path / "layer.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
        return import_facilities(
            path, datum=datum, source=source, licence="CC0", date="2024-06", within=CITIES,
            classes=load_classes(tmp_path / "classes.toml", geodata=geodata), gazetteer=gazetteer,
            output=tmp_path / "existing.csv",
        )  # fmt: skip

    return run


def test_grounds_and_lines_of_what_is_entered_anywhere_are_kept(take, tmp_path):
    found = take([("park", PARK), ("school", SCHOOL), ("trail", TRAIL), ("park", shapely.Point(112.2, 35.7))])
    assert (found.taken, found.problem_count) == (4, 0)
    facilities = {facility.name: facility for facility in load_existing(tmp_path)}
    shapes = load_shapes(tmp_path)
    assert set(shapes) == {facilities["park1"].id, facilities["trail3"].id}
    park = shapes[facilities["park1"].id]
    assert park.geometry.equals_exact(PARK, 1e-7)
    assert shapes[facilities["trail3"].id].geometry.equals_exact(TRAIL, 1e-7)
    # The point's uncertainty covers the ground; the edge is known as well as the source knows it.
    assert (park.uncertainty_m, park.source) == (100, "某局")
    assert facilities["park1"].uncertainty_m > 400


def test_a_row_says_how_well_its_edge_is_known(take, tmp_path):
    take([("park", PARK)], properties={"uncertainty_m": 12})
    (park,) = load_shapes(tmp_path).values()
    assert park.uncertainty_m == 12


def test_importing_again_replaces_the_shapes_of_that_source_alone(take, tmp_path):
    take([("park", PARK)], source="甲")
    take([("trail", TRAIL)], source="乙")
    assert sorted(shape.source for shape in load_shapes(tmp_path).values()) == ["乙", "甲"]
    take([("park", shapely.Point(112.2, 35.7))], source="甲")
    assert [shape.source for shape in load_shapes(tmp_path).values()] == ["乙"]


def test_a_shape_is_turned_into_wgs84_with_its_point(take, tmp_path):
    shifted = shapely.transform(PARK, lambda xy: np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1])))
    take([("park", shifted)], datum="GCJ02")
    (park,) = load_shapes(tmp_path).values()
    np.testing.assert_allclose(shapely.get_coordinates(park.geometry), shapely.get_coordinates(PARK), atol=2e-7)


def test_nothing_is_written_of_shapes_where_a_row_cannot_be_used(take, tmp_path):
    found = take([("park", PARK), ("school", shapely.Point(2, 48))])
    assert not found.written
    assert not (tmp_path / SHAPES_FILE).exists()


def test_a_ground_of_very_many_corners_comes_back(take, tmp_path):
    coast = shapely.Point(112.2, 35.7).buffer(0.01, quad_segs=5_000)
    take([("park", coast)])
    (park,) = load_shapes(tmp_path).values()
    assert len(park.geometry.exterior.coords) == len(coast.exterior.coords)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (["f0000000000a1", "3", "某局", "POINT (1 2)"], "row 2"),
        (["f0000000000a1", "3", "某局", "POLYGON EMPTY"], "row 2"),
        (["f0000000000a1", "3", "某局", "nonsense"], "row 2"),
        (["f0000000000a1", "-3", "某局", "LINESTRING (112 35, 113 35)"], "row 2"),
        (["f0000000000a1", "nan", "某局", "LINESTRING (112 35, 113 35)"], "row 2"),
        (["f0000000000a1", "3", "", "LINESTRING (112 35, 113 35)"], "row 2"),
        (["f0000000000a1", "3", "某局", "LINESTRING (35 112, 35 113)"], "out of range"),
        (["f0000000000a1", "3"], "row 2"),
    ],
)
def test_a_damaged_table_is_refused_by_its_row(tmp_path, row, says):
    path = tmp_path / SHAPES_FILE
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([SHAPE_COLUMNS, row])
    with pytest.raises(GeodataError, match=says):
        list(read_shapes(path))
    path.write_text("id,shape\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="heading"):
        list(read_shapes(path))


def test_no_table_is_no_shapes(tmp_path):
    assert load_shapes(tmp_path) == {}


def test_a_ground_that_crosses_itself_is_mended_and_one_without_a_surface_is_its_point(take, tmp_path):
    bow = shapely.Polygon([(112.18, 35.69), (112.19, 35.7), (112.19, 35.69), (112.18, 35.7)])
    flat = shapely.Polygon([(112.2, 35.69), (112.21, 35.69), (112.22, 35.69)])
    found = take([("park", bow), ("park", flat)])
    (park,) = load_shapes(tmp_path).values()
    assert park.geometry.is_valid
    assert park.geometry.area == pytest.approx(0.00005, rel=0.01)
    assert found.taken >= 1
