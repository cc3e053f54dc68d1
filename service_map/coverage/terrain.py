"""Heights of points out of a raster (DEM), so that a walk uphill costs what it costs."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from service_map.coverage import _given
from service_map.coverage._given import Floats
from service_map.coverage.population_grid import rasterio as _rasterio
from service_map.errors import GeodataError

_MOST_CELLS = 200_000_000
# Beyond these lies what marks no data and was not declared: -9999, -32768, 32767, 3.4e38.
_LOWEST_M, _HIGHEST_M = -9_000.0, 30_000.0


def sample_heights(path: Path, lonlat: ArrayLike) -> Floats:
    """Read heights at points, between the four cells around each (bilinear), only the window that they need.

    Parameters
    ----------
    path
        GeoTIFF or anything else that GDAL reads; metres above the sea in band 1, by its scale and offset.
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first.

    Returns
    -------
    ndarray of float64, shape (n,)
        Metres; NaN outside the raster and where one of the four cells has no data.

    Raises
    ------
    GeodataError
        When the file cannot be read, has no coordinate reference system, or the window is too large for memory.
    InvalidParameterError
        When a coordinate cannot be used.
    """
    points = _given.lonlat(lonlat, "lonlat")
    rasterio = _rasterio()
    try:
        with rasterio.open(path) as source:
            return _sampled(rasterio, source, path, points)
    except rasterio.errors.RasterioIOError as error:
        raise GeodataError(
            f"高程栅格 {path.name} 读不出：{error}", f"cannot read the heights of {path.name}: {error}"
        ) from error


def _sampled(rasterio: Any, source: Any, path: Path, points: Floats) -> Floats:
    if source.crs is None:
        raise GeodataError(
            f"栅格 {path.name} 没有坐标系，无法知道它在哪里",
            f"the raster {path.name} has no coordinate reference system, so nobody knows where it lies",
        )
    heights = np.full(len(points), np.nan)
    x, y = (np.asarray(axis) for axis in rasterio.warp.transform("EPSG:4326", source.crs, points[:, 0], points[:, 1]))
    back = ~source.transform
    # In cells, from the centre of the first: the four around a point are those at its floor and one further.
    across, down = back.a * x + back.b * y + back.c - 0.5, back.d * x + back.e * y + back.f - 0.5
    column, row = np.floor(across), np.floor(down)
    held = np.flatnonzero(
        np.isfinite(across) & (column >= 0) & (row >= 0) & (column < source.width - 1) & (row < source.height - 1)
    )
    if not len(held):
        return heights
    column, row = column[held].astype(np.int64), row[held].astype(np.int64)
    west, north = int(column.min()), int(row.min())
    width, height = int(column.max()) - west + 2, int(row.max()) - north + 2
    if width * height > _MOST_CELLS:
        raise GeodataError(
            f"高程栅格 {path.name} 的范围有 {width * height} 格，超过 {_MOST_CELLS}",
            f"the window of {path.name} has {width * height} cells, over {_MOST_CELLS}",
        )
    window = rasterio.windows.Window(west, north, width, height)
    values = source.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
    values = values * float(source.scales[0]) + float(source.offsets[0])
    values[~((values >= _LOWEST_M) & (values <= _HIGHEST_M))] = np.nan  # no data that nobody declared
    column, row = column - west, row - north
    right, lower = across[held] - west - column, down[held] - north - row
    above = values[row, column] * (1 - right) + values[row, column + 1] * right
    below = values[row + 1, column] * (1 - right) + values[row + 1, column + 1] * right
    heights[held] = above * (1 - lower) + below * lower
    return heights
