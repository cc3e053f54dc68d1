"""Clusters that a build prepared say what counting the facilities now would say, on both databases."""

import contextlib
import math
import sqlite3

import mapbox_vector_tile
import pytest
from sqlalchemy import func, select

from service_map import store
from service_map.catalogue import terms
from service_map.errors import InvalidParameterError
from service_map.store import FacilityFilter, clusters, queries, tiles
from service_map.store.geometry import add_functions
from service_map.store.models import Cluster, Facility, TileCell


def told(found):
    # The index of a GeoPackage knows coordinates to some metres only.
    return [
        (item.count, item.families, pytest.approx(item.lon, abs=1e-4), pytest.approx(item.lat, abs=1e-4))
        for item in found
    ]


@pytest.mark.parametrize("step", [4, 5, 7, 10])
@pytest.mark.parametrize(
    "wanted",
    [
        FacilityFilter(),
        FacilityFilter(promised=True),
        FacilityFilter(promised=True, precisions=terms.PLACED),
        FacilityFilter(families=("elderly",)),
        FacilityFilter(families=("sports", "elderly"), precisions=terms.PLACED),
    ],
)
def test_prepared_counts_are_those_of_the_facilities(conn, wanted, step):
    degrees = clusters.cell_degrees(step)
    now = queries.clusters(conn, wanted, cell_degrees=degrees)
    assert told(clusters.clusters(conn, wanted, degrees=degrees)) == told(now)


def test_every_step_counts_every_facility(conn):
    number = conn.scalar(select(func.count()).select_from(Facility))
    for step in range(clusters.STEPS + 1):
        assert conn.scalar(select(func.sum(Cluster.count)).where(Cluster.step == step)) == number


def test_a_view_gets_the_clusters_whose_middle_lies_in_it(conn):
    every = clusters.clusters(conn, FacilityFilter(), degrees=0.2)
    west, south, east, north = 112.0, 35.0, 112.5, 36.0
    mine = clusters.clusters(conn, FacilityFilter(), degrees=0.2, view=(west, south, east, north))
    assert told(mine) == told([one for one in every if west <= one.lon <= east and south <= one.lat <= north])
    assert 0 < len(mine) < len(every)


def test_what_was_not_prepared_is_counted_now(conn):
    for wanted in (
        FacilityFilter(area="140521"),
        FacilityFilter(categories=("kindergarten",)),
        FacilityFilter(q="虚构"),
        FacilityFilter(year=2024, promised=True),
    ):
        found = clusters.clusters(conn, wanted, degrees=0.2)
        assert sum(one.count for one in found) == queries.facilities(conn, wanted).matched
    fine = clusters.clusters(conn, FacilityFilter(), degrees=0.01, view=(112.0, 35.0, 113.0, 36.0))
    inside = queries.facilities(conn, FacilityFilter(bbox=(112.0, 35.0, 113.0, 36.0))).matched
    assert sum(one.count for one in fine) == inside


def test_the_steps_of_the_grid_nest(conn):
    assert clusters.step_of(clusters.cell_degrees(6)) == 6
    assert clusters.step_of(clusters.cell_degrees(6) * 1.01) == 5
    assert clusters.step_of(500.0) == 0
    assert math.isclose(clusters.cell_degrees(4), 80 * 360 / 256 / 2**4)
    rows = conn.execute(select(Cluster.row, Cluster.col).where(Cluster.step == 10)).all()
    coarser = {(row, col) for row, col in conn.execute(select(Cluster.row, Cluster.col).where(Cluster.step == 9))}
    assert {(row // 2, col // 2) for row, col in rows} == coarser


def test_facilities_that_a_desktop_program_added_are_counted(world, tmp_path):
    path = tmp_path / "map.gpkg"
    store.build(f"sqlite:///{path}", geodata=world.geodata)
    with contextlib.closing(sqlite3.connect(path)) as edited:
        add_functions(edited)
        columns = [row[1] for row in edited.execute("PRAGMA table_info(facilities)")]
        row = dict(zip(columns, edited.execute("SELECT * FROM facilities").fetchone(), strict=True))
        row |= {"fid": 900, "id": "f900000000000"}
        marks = ",".join("?" * len(columns))
        edited.execute(f"INSERT INTO facilities VALUES ({marks})", [row[name] for name in columns])  # noqa: S608
        edited.commit()
    engine = store.open_readonly(f"sqlite:///{path}")
    with engine.connect() as connection:
        number = connection.scalar(select(func.count()).select_from(Facility))
        assert sum(one.count for one in clusters.clusters(connection, FacilityFilter(), degrees=1.0)) == number
        assert not clusters.is_fresh(connection)
    engine.dispose()


def test_a_filter_or_view_that_means_nothing_is_refused(conn):
    with pytest.raises(InvalidParameterError, match="family"):
        clusters.clusters(conn, FacilityFilter(families=("none",)), degrees=1.0)
    with pytest.raises(InvalidParameterError, match="bbox"):
        clusters.clusters(conn, FacilityFilter(), degrees=1.0, view=(5.0, 5.0, 1.0, 1.0))


def test_the_cells_of_tiles_count_every_facility_at_every_zoom(conn):
    number = conn.scalar(select(func.count()).select_from(Facility))
    for zoom in range(clusters.TILE_ZOOM + 1):
        assert conn.scalar(select(func.sum(TileCell.count)).where(TileCell.zoom == zoom)) == number


@pytest.mark.parametrize("wanted", [FacilityFilter(), FacilityFilter(promised=True)])
@pytest.mark.parametrize(("z", "x", "y"), [(0, 0, 0), (5, 25, 12), (6, 51, 25), (8, 207, 100), (9, 415, 201)])
def test_a_prepared_tile_holds_what_the_facilities_make(conn, z, x, y, wanted):
    """The file's tiles are cut from the facilities themselves: PostGIS, which has them prepared, says the same."""
    made = tiles._cut_here(conn, z, x, y, wanted)
    told = tiles.tile(conn, z, x, y, wanted)
    assert decoded(told).keys() == decoded(made).keys()
    for name, (number, place) in decoded(told).items():
        assert number == decoded(made)[name][0]
        # PostGIS rounds to the nearest unit of the tile, where the file's are cut down to it.
        assert place == pytest.approx(decoded(made)[name][1], abs=1)


def decoded(tile):
    if not tile:
        return {}
    features = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})["facilities"]["features"]
    return {
        feature["properties"]["id"]: (feature["properties"]["point_count"], feature["geometry"]["coordinates"])
        for feature in features
    }
