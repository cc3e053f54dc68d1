"""Heights come out of a raster between its cells, and a network takes them."""

import numpy as np
import pytest
from town import place

from service_map.coverage import metres_between, read_osm, sample_heights, walk
from service_map.errors import GeodataError

rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed (pip install 'service-map[raster]')")
pytest.importorskip("rasterio.transform")

# The transforms that rasterio multiplies by itself warn in affine 3.1; nothing of this project does.
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

WEST, NORTH, STEP = 112.5, 35.4, 0.001


def write(path, values, *, crs="EPSG:4326", transform=None, nodata=None):
    transform = transform or rasterio.transform.from_origin(WEST, NORTH, STEP, STEP)
    options = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "float64"}
    with rasterio.open(path, "w", crs=crs, transform=transform, nodata=nodata, **options) as target:
        target.write(values, 1)
    return path


def plane(lon, lat):
    return 900 + 20_000 * (lon - WEST) + 35_000 * (lat - NORTH)


@pytest.fixture
def hill(tmp_path):
    column, row = np.meshgrid(np.arange(200) + 0.5, np.arange(200) + 0.5)
    return write(tmp_path / "dem.tif", plane(WEST + column * STEP, NORTH - row * STEP))


def test_between_four_cells_a_plane_is_read_exactly(hill):
    rng = np.random.default_rng(1)
    spots = rng.uniform((WEST + STEP, NORTH - 198 * STEP), (WEST + 198 * STEP, NORTH - STEP), (500, 2))
    np.testing.assert_allclose(sample_heights(hill, spots), plane(*spots.T), atol=1e-6)


def test_outside_the_raster_and_beside_a_cell_without_data_nobody_knows_the_height(tmp_path):
    values = np.ones((10, 10))
    values[5, 5] = -9999
    path = write(tmp_path / "holes.tif", values, nodata=-9999)
    spots = [(WEST + 5.2 * STEP, NORTH - 5.2 * STEP), (WEST + 2 * STEP, NORTH - 2 * STEP), (0, 0)]
    assert np.isnan(sample_heights(path, spots)).tolist() == [True, False, True]


def test_a_raster_in_metres_is_read_at_the_same_spots(tmp_path):
    # UTM 49 north; a plane in its own coordinates.
    column, row = np.meshgrid(np.arange(100), np.arange(100))
    transform = rasterio.transform.from_origin(635_000, 3_920_000, 30, 30)
    path = write(tmp_path / "utm.tif", (column * 3 + row * 5).astype(float), crs="EPSG:32649", transform=transform)
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32649, 4326, always_xy=True).transform(635_000 + 30 * 40.25, 3_920_000 - 30 * 20.75)
    # Half a cell is from its edge to its centre.
    assert sample_heights(path, [(lon, lat)])[0] == pytest.approx((40.25 - 0.5) * 3 + (20.75 - 0.5) * 5, abs=1e-4)


def test_heights_that_cannot_be_used_are_refused(tmp_path):
    (tmp_path / "broken.tif").write_bytes(b"II*\0 no raster")
    with pytest.raises(GeodataError, match=r"broken\.tif"):
        sample_heights(tmp_path / "broken.tif", place([(0, 0)]))
    with pytest.raises(GeodataError, match="coordinate reference system"):
        sample_heights(write(tmp_path / "nowhere.tif", np.ones((5, 5)), crs=None), place([(0, 0)]))


def test_the_ways_of_a_map_climb_by_the_raster(tmp_path, hill):
    # A way straight north, up the plane, and one straight east.
    spots = np.array([(WEST + 0.05, NORTH - 0.1), (WEST + 0.05, NORTH - 0.098), (WEST + 0.052, NORTH - 0.1)])
    nodes = "".join(f'<node id="{i}" lon="{x:.7f}" lat="{y:.7f}"/>' for i, (x, y) in enumerate(spots, 1))
    ways = "".join(f'<way id="{i}"><nd ref="1"/><nd ref="{i + 1}"/><tag k="highway" v="path"/></way>' for i in (1, 2))
    path = tmp_path / "hill.osm"
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{ways}</osm>', encoding="utf-8")
    net = read_osm(path, island=1, elevation=hill)
    assert net.sloped
    assert not read_osm(path, island=1).sloped
    up = walk(net, spots[1:2], spots[:1], metres=20_000).metres[0]
    down = walk(net, spots[:1], spots[1:2], metres=20_000).metres[0]
    length = metres_between(spots[:1], spots[1:2])[0]
    slope = 70 / length
    assert up == pytest.approx(length * np.exp(3.5 * slope), rel=1e-3)
    assert down == pytest.approx(length * np.exp(3.5 * (slope - 0.1)), rel=1e-3)
