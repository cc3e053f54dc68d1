"""Lines and grounds of facilities are stored alike in both databases, and the analyses measure from them."""

import csv

import pytest
import shapely

from service_map import analysis, coverage, store
from service_map.places.existing import EXISTING_COLUMNS
from service_map.places.shapes import SHAPE_COLUMNS, SHAPES_FILE, Shape, shape_row
from service_map.store import FacilityShape, facility_shapes

GROUND = shapely.box(112.18, 35.69, 112.19, 35.695)
LINE = shapely.LineString([(112.2, 35.7), (112.21, 35.71)])
PARK = ("140521", "park_green", "f0000000000a2", "沁河公园", "112.185", "35.6925", "700", "park", "", "2024-06", "某局",
        "CC0")  # fmt: skip


@pytest.fixture(params=["gpkg", pytest.param("postgis", marks=pytest.mark.postgis)])
def built(request, world, tmp_path):
    """A database of each kind with a park's ground, the line of a promised trail, and a shape that belongs to none."""
    folder = world.changed(tmp_path / "geodata")
    with (folder / "existing.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([EXISTING_COLUMNS, PARK])
    shapes = [
        Shape(id=name, uncertainty_m=10, source="某局", geometry=geometry)
        for name, geometry in (("f0000000000a2", GROUND), (world.facilities[2].id, LINE), ("f0000000000ff", LINE))
    ]
    with (folder / SHAPES_FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([SHAPE_COLUMNS, *(shape_row(shape) for shape in shapes)])
    url = f"sqlite:///{tmp_path}/map.gpkg" if request.param == "gpkg" else request.getfixturevalue("postgres").other
    report = store.build(url, geodata=folder)
    assert report.rows["shapes"] == 2
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        yield connection, folder
    engine.dispose()


def test_shapes_come_back_as_they_were_and_those_of_nothing_are_left_out(built, world):
    conn, _ = built
    assert facility_shapes(conn) == (
        FacilityShape(facility=world.facilities[2].id, uncertainty_m=10, geometry=LINE),
        FacilityShape(facility="f0000000000a2", uncertainty_m=10, geometry=GROUND),
    )


def test_coverage_is_measured_from_the_edge_of_a_park_on_record(built):
    conn, folder = built
    opened = analysis.open_ground(conn, geodata=folder, language="en")
    ground = analysis.trusting(opened, complete=["park_green"])
    asked = analysis.reach(ground, rule="gbt51346-park-small")
    crowd = coverage.points([(112.185, 35.6925), (112.1925, 35.6925), (112.1955, 35.6925)], 1.0)
    summary = analysis.covered_share(ground, asked, analysis.region(ground, "140521"), demand=crowd).summary
    # Inside; 226 m and 498 m past the eastern side, 679 m from the point that stands for it on the map.
    assert summary["people"]["covered"] == {"certain": 2, "located": 2, "possible": 2}
    assert summary["measured_from"] == {"edge": 1, "point": 0}
    card = analysis.check_point(ground, 112.1925, 35.6925).summary
    park = next(row for row in card["verdicts"] if row["rule"]["id"] == "gbt51346-park-small")
    assert (park["verdict"], park["measured_from"]) == ("met", "edge")
    assert park["distance_m"] == pytest.approx(226, abs=2)


def test_a_database_is_stale_when_a_shape_changes(world, tmp_path):
    folder = world.changed(tmp_path / "geodata")
    url = f"sqlite:///{tmp_path}/map.gpkg"
    store.build(url, geodata=folder)
    assert store.is_current(url, folder)
    with (folder / SHAPES_FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(SHAPE_COLUMNS)
    assert not store.is_current(url, folder)
