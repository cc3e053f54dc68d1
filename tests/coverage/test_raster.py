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
