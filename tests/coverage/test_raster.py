"""Population rasters: only the window that is needed, only where people are, only with a known place."""

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from service_map.coverage import raster
from service_map.errors import GeodataError, InvalidParameterError

rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed (pip install 'service-map[raster]')")
pytest.importorskip("rasterio.transform")

# The transforms that rasterio multiplies by itself warn in affine 3.1; nothing of this project does.
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")


def write(path, values, *, crs="EPSG:4326", transform=None):
    transform = transform or rasterio.transform.from_origin(112.0, 36.0, 0.01, 0.01)
    options = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs=crs, transform=transform, nodata=-99999, **options) as target:
        target.write(values.astype("float32"), 1)
    return path


def test_a_population_raster_is_read_in_the_window_of_the_area_only(tmp_path):
    values = np.arange(10_000, dtype=float).reshape(100, 100)
    values[70, 30] = -99999
    path = write(tmp_path / "people.tif", values)
    area = shapely.box(112.2, 35.2, 112.5, 35.4)
    demand = raster(path, area=area)
    columns, rows = np.arange(20, 50), np.arange(60, 80)
    expected = values[np.ix_(rows, columns)]
    assert demand.total == pytest.approx(expected[expected > 0].sum())
    assert len(demand.amount) == (expected > 0).sum()
    np.testing.assert_allclose(demand.lonlat[0], (112.205, 35.395), atol=1e-9)
    assert demand.basis == "cells"
    assert raster(path).total == pytest.approx(values[values > 0].sum())
    assert raster(path, area=shapely.box(10, 10, 11, 11)).total == 0


def test_a_raster_in_metres_is_turned_into_degrees(tmp_path):
    x, y = Transformer.from_crs(4326, 32649, always_xy=True).transform(112.4, 35.6)
    transform = rasterio.transform.from_origin(x - 50, y + 50, 100, 100)
    path = write(tmp_path / "utm.tif", np.array([[7.0]]), crs="EPSG:32649", transform=transform)
    np.testing.assert_allclose(raster(path).lonlat, [[112.4, 35.6]], atol=1e-7)


def test_a_raster_that_cannot_be_used_is_refused(tmp_path):
    with pytest.raises(GeodataError, match="no coordinate reference system"):
        raster(write(tmp_path / "nowhere.tif", np.ones((3, 3)), crs=None))
    (tmp_path / "broken.tif").write_bytes(b"II*\0 nothing")
    with pytest.raises(GeodataError, match=r"cannot read the raster broken\.tif"):
        raster(tmp_path / "broken.tif")
    with pytest.raises(InvalidParameterError) as error:
        raster(write(tmp_path / "one.tif", np.ones((3, 3))), band=2)
    assert error.value.field == "band"


NORTH_UP = (0.005, 0.0, 112.15, 0.0, -0.005, 35.72)


def grid(path, values, *, affine=NORTH_UP, dtype="float32", nodata=None, scale=None, offset=None, crs="EPSG:4326"):
    """Write a raster as its maker did: its bands, its type, its way up, and what it declares."""
    bands = np.atleast_3d(np.asarray(values)).reshape(-1, *np.shape(values)[-2:])
    options = {"driver": "GTiff", "height": bands.shape[1], "width": bands.shape[2], "count": len(bands)}
    with rasterio.open(
        path, "w", crs=crs, transform=rasterio.Affine(*affine), nodata=nodata, dtype=dtype, **options
    ) as target:
        target.write(bands.astype(dtype))
        if scale is not None:
            target.scales, target.offsets = [scale] * len(bands), [offset] * len(bands)
    return path


AREA = shapely.box(112.15, 35.67, 112.20, 35.72)
CORNER = shapely.box(112.15, 35.71, 112.16, 35.72)


@pytest.mark.parametrize(
    "affine",
    [
        (0.005, 0.0, 112.15, 0.0, 0.005, 35.67),  # rows from the south
        (-0.005, 0.0, 112.20, 0.0, -0.005, 35.72),  # columns from the east
        (-0.005, 0.0, 112.20, 0.0, 0.005, 35.67),
        (0.0, 0.005, 112.15, -0.005, 0.0, 35.72),  # turned by a quarter
        NORTH_UP,
    ],
)
def test_a_raster_is_read_whichever_way_up_it_lies(tmp_path, affine):
    path = grid(tmp_path / "people.tif", np.full((10, 10), 5.0), affine=affine)
    assert raster(path, area=AREA).total == 500
    assert raster(path).total == 500
    corner = raster(path, area=CORNER)
    assert corner.total == 20
    np.testing.assert_allclose(np.sort(corner.lonlat[:, 0]), [112.1525, 112.1525, 112.1575, 112.1575], atol=1e-9)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("uint16", 65535),
        ("uint8", 255),
        ("int16", 32767),
        ("int32", 2147483647),
        ("uint32", 4294967295),
        ("float32", 3.4028235e38),
        ("float32", 3.4e38),
        ("float64", 1.7976931348623157e308),
        ("float64", 3.4028234663852886e38),
        ("float32", 65535),
        ("float32", 4294967295),
        ("int32", 65535),
        ("float32", 9999999),
        ("float64", 1e20),
    ],
)
def test_no_data_that_nobody_declared_is_not_counted_as_people(tmp_path, dtype, value):
    values = np.full((10, 10), 5.0)
    values[:3] = value
    path = grid(tmp_path / "people.tif", values, dtype=dtype)
    with pytest.raises(GeodataError, match=r"30 cells of the raster people\.tif hold .*-a_nodata") as error:
        raster(path, area=AREA)
    told = str(error.value).rsplit("-a_nodata ", 1)[1].split()[0]
    assert float(told) == pytest.approx(value, rel=1e-6)
    # What is declared is left out, and so is what lies outside the area.
    assert raster(grid(tmp_path / "told.tif", values, dtype=dtype, nodata=value), area=AREA).total == 350
    assert raster(path, area=shapely.box(112.15, 35.67, 112.20, 35.68)).total == 100


def test_cells_below_zero_and_cells_that_hold_no_number_hold_nobody(tmp_path):
    values = np.full((10, 10), 5.0)
    values[0], values[1], values[2], values[3] = -9999, -32768, np.nan, np.inf
    assert raster(grid(tmp_path / "people.tif", values, nodata=-9999), area=AREA).total == 300


def test_as_many_people_as_the_densest_cells_hold_are_taken(tmp_path):
    hectare = (0.001, 0.0, 112.15, 0.0, -0.0009, 35.72)
    values = np.full((10, 10), 5_000.0)
    assert raster(grid(tmp_path / "towers.tif", values, affine=hectare)).total == 500_000
    with pytest.raises(GeodataError, match="hold 50000"):
        raster(grid(tmp_path / "slip.tif", values * 10, affine=hectare))


def test_the_scale_and_the_offset_of_a_band_are_applied(tmp_path):
    path = grid(tmp_path / "tenths.tif", np.full((10, 10), 45), dtype="int16", nodata=-1, scale=0.1, offset=0.5)
    assert raster(path, area=AREA).total == pytest.approx(500)


def test_of_several_bands_one_is_asked_for(tmp_path):
    path = grid(tmp_path / "ages.tif", np.stack([np.full((10, 10), 5.0), np.full((10, 10), 2.0)]))
    with pytest.raises(InvalidParameterError, match="2 bands"):
        raster(path, area=AREA)
    assert (raster(path, area=AREA, band=1).total, raster(path, area=AREA, band=2).total) == (500, 200)


def test_a_raster_whose_pixel_size_has_the_wrong_sign_is_refused_or_reaches_nobody(tmp_path):
    beyond = grid(tmp_path / "beyond.tif", np.full((200, 10), 5.0), affine=(0.5, 0.0, 0.0, 0.0, 0.5, 35.72))
    with pytest.raises(GeodataError, match="sign"):
        raster(beyond, area=AREA)
    elsewhere = grid(tmp_path / "elsewhere.tif", np.full((10, 10), 5.0), affine=(0.005, 0.0, 112.15, 0.0, 0.005, 35.72))
    assert raster(elsewhere, area=AREA).total == 0


def test_the_rasters_that_people_of_the_field_reported_trouble_with_are_right(shared):
    cases = shared / "cases"
    if not cases.is_dir():
        pytest.skip("the cases of the field do not stand beside the project (../shared/cases)")
    assert raster(cases / "100.tif", area=AREA).total == 500
    assert raster(cases / "100f.tif", area=AREA).total == 500
    for name in ("100d.tif", "100i.tif"):
        with pytest.raises(GeodataError, match="-a_nodata"):
            raster(cases / name, area=AREA)
