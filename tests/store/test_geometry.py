"""The geometry type: the same shapes in and out, and an index that every writer keeps right."""

import sqlite3
import struct

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, box

from service_map import store
from service_map.errors import StoreError
from service_map.store.database import file_connection, locate
from service_map.store.geometry import add_functions, from_gpkg, to_gpkg

degrees = st.floats(-180, 180, allow_nan=False)


@given(degrees, degrees)
def test_a_point_comes_back_to_the_last_bit(x, y):
    assert from_gpkg(to_gpkg(Point(x, y))).coords[0] == (x, y)


@given(st.lists(st.tuples(degrees, degrees, degrees, degrees), min_size=1, max_size=4))
def test_polygons_come_back_and_their_header_has_their_bounds(corners):
    shape = MultiPolygon([box(*corner) for corner in corners])
    blob = to_gpkg(shape)
    assert shapely.equals_identical(from_gpkg(blob), shape)
    west, east, south, north = struct.unpack_from("<4d", blob, 8)
    assert (west, south, east, north) == shape.bounds


@pytest.mark.parametrize("shape", [Point(), MultiPolygon()])
def test_an_empty_shape_is_marked_empty_and_has_no_envelope(shape):
    blob = to_gpkg(shape)
    assert blob[3] == 0b10001
    assert from_gpkg(blob).is_empty


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("code", "doubles"), [(0, 0), (1, 4), (2, 6), (3, 6), (4, 8)])
def test_what_other_writers_write_is_read(order, code, doubles):
    """Every envelope of the standard, in both byte orders; functions of the index included."""
    west, south, east, north = 112.0, 35.0, 113.0, 36.0
    edges = [west, east, south, north, 0.0, 0.0, 0.0, 0.0][:doubles]
    flags = (code << 1) | (order == "<")
    wkb = shapely.to_wkb(box(west, south, east, north), byte_order=0 if order == ">" else 1)
    blob = struct.pack(f"{order}2sBBi{doubles}d", b"GP", 0, flags, 4326, *edges) + wkb
    assert from_gpkg(blob).bounds == (west, south, east, north)
    with sqlite3.connect(":memory:") as memory:
        add_functions(memory)
        found = memory.execute(
            "SELECT ST_MinX(?1), ST_MinY(?1), ST_MaxX(?1), ST_MaxY(?1), ST_IsEmpty(?1)", (blob,)
        ).fetchone()
    memory.close()
    assert found == (west, south, east, north, 0)


@pytest.mark.parametrize(
    "blob", [b"", b"GP", b"GP\0\x01", b"XX\0\x01" + b"\0" * 40, b"GP\0\x0f" + b"\0" * 90, b"GP\0\x01\0\0\0\0junk"]
)
def test_what_is_no_geometry_is_refused_in_words(blob):
    with pytest.raises(StoreError):
        from_gpkg(blob)


@pytest.fixture
def editable(world, tmp_path):
    """A connection of a client that edits the built file."""
    url = f"sqlite:///{tmp_path}/map.gpkg"
    store.build(url, geodata=world.geodata)
    connection = file_connection(locate(url).path, "rw")
    yield connection
    connection.close()


def index_matches(connection):
    """Whether the index holds exactly the rows that have a shape, each within its box."""
    rows = dict(connection.execute("SELECT fid, geom FROM facilities WHERE geom NOT NULL"))
    boxes = {row[0]: row[1:] for row in connection.execute("SELECT * FROM rtree_facilities_geom")}
    shapes = {fid: from_gpkg(blob) for fid, blob in rows.items()}
    full = {fid: shape for fid, shape in shapes.items() if not shape.is_empty}
    assert boxes.keys() == full.keys()
    for fid, (west, east, south, north) in boxes.items():
        assert west <= full[fid].x <= east
        assert south <= full[fid].y <= north


def test_the_index_follows_every_edit(editable):
    columns = [row[1] for row in editable.execute("PRAGMA table_info(facilities)")]
    kept = ", ".join(name for name in columns if name not in {"fid", "id", "geom"})
    insert = (
        f"INSERT INTO facilities (fid, id, geom, {kept}) SELECT {{}}, 'f9' || {{}}, ?, {kept}"  # noqa: S608 - the table's own names
        " FROM facilities WHERE fid = 1"
    )
    index_matches(editable)
    editable.execute(insert.format(50, 50), (to_gpkg(Point(110, 30)),))
    index_matches(editable)
    editable.execute(insert.format(51, 51), (to_gpkg(Point()),))
    index_matches(editable)
    for statement, blob in (
        ("UPDATE facilities SET geom = ? WHERE fid = 50", to_gpkg(Point(111, 31))),
        ("UPDATE facilities SET geom = ? WHERE fid = 50", to_gpkg(Point())),
        ("UPDATE facilities SET geom = ?, fid = 60 WHERE fid = 50", to_gpkg(Point(1, 2))),
        ("UPDATE facilities SET geom = ?, fid = 61 WHERE fid = 60", to_gpkg(Point())),
        ("UPDATE facilities SET geom = ?, fid = 62 WHERE fid = 51", to_gpkg(Point(3, 4))),
    ):
        editable.execute(statement, (blob,))
        index_matches(editable)
    editable.execute("UPDATE facilities SET fid = 70 WHERE fid = 62")
    index_matches(editable)
    editable.execute("DELETE FROM facilities WHERE fid >= 50")
    index_matches(editable)
    assert editable.execute("SELECT rtreecheck('rtree_facilities_geom')").fetchone() == ("ok",)


def test_a_writer_that_lacks_the_functions_fails_instead_of_spoiling_the_index(editable, tmp_path):
    with sqlite3.connect(tmp_path / "map.gpkg") as plain:
        with pytest.raises(sqlite3.OperationalError, match="ST_"):
            plain.execute("UPDATE facilities SET geom = geom WHERE fid = 1")
        plain.rollback()
    plain.close()
    index_matches(editable)
