"""A facility stands in exactly the tile its point lies in, on both databases, and a wide tile stays small."""

import mapbox_vector_tile
import pytest

from service_map import store
from service_map.errors import InvalidParameterError
from service_map.store import FacilityFilter, queries, tiles


def cut(url, z, x, y, wanted=None):
    engine = store.open_readonly(url)
    try:
        with engine.connect() as conn:
            found = tiles.tile(conn, z, x, y, wanted)
    finally:
        engine.dispose()
    if not found:
        return {}
    (layer,) = mapbox_vector_tile.decode(found, default_options={"y_coord_down": True}).values()
    assert layer["extent"] == tiles.EXTENT
    return {
        item["properties"]["id"]: (item["geometry"]["coordinates"], item["properties"]) for item in layer["features"]
    }


@pytest.mark.postgis
@pytest.mark.parametrize(
    "address", [(0, 0, 0), (6, 51, 25), (9, 415, 201), (12, 3324, 1610), (14, 13297, 6442), (3, 0, 0)]
)
@pytest.mark.parametrize("wanted", [None, FacilityFilter(families=("sports",))])
def test_both_databases_cut_the_same_tiles(gpkg_url, postgis_url, address, wanted):
    file, server = (cut(url, *address, wanted) for url in (gpkg_url, postgis_url))
    assert file.keys() == server.keys()
    for name, (place, properties) in file.items():
        assert place == pytest.approx(server[name][0], abs=1)
        assert properties == server[name][1]


def test_every_facility_stands_in_one_tile_of_a_zoom_at_its_place(gpkg_url):
    engine = store.open_readonly(gpkg_url)
    with engine.connect() as conn:
        points = queries.facility_points(conn)
    engine.dispose()
    for name, (lon, lat) in zip(points.id.tolist(), points.lonlat.tolist(), strict=True):
        holding = []
        for x in range(3320, 3335):
            for y in range(1600, 1625):
                west, south, east, north = tiles.bounds(12, x, y)
                if (
                    west - 0.1 < lon < east + 0.1
                    and south - 0.1 < lat < north + 0.1
                    and name in cut(gpkg_url, 12, x, y)
                ):
                    holding.append((x, y))
        ((x, y),) = holding
        west, south, east, north = tiles.bounds(12, x, y)
        (px, py), _ = cut(gpkg_url, 12, x, y)[name]
        assert west + (east - west) * px / 4096 == pytest.approx(lon, abs=(east - west) / 4096)
        assert north - (north - south) * py / 4096 == pytest.approx(lat, abs=(east - west) / 2048)


def test_a_wide_tile_counts_what_it_leaves_out(gpkg_url):
    whole = cut(gpkg_url, 0, 0, 0)
    assert sum(properties["point_count"] for _, properties in whole.values()) == 5
    assert len(whole) < 5
    assert "f000000000001" in whole


@pytest.mark.parametrize("address", [(-1, 0, 0), (19, 0, 0), (1, 2, 0), (1, 0, 2), (0, -1, 0)])
def test_a_tile_that_there_is_none_of_is_refused(conn, address):
    with pytest.raises(InvalidParameterError, match="z"):
        tiles.tile(conn, *address)
