"""A raster of people: which of its cells are asked about, what they hold, and where their centres lie.

Whatever way up it lies: rows may run north or south, columns east or west, and the grid may be turned.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from service_map.coverage._given import Floats
from service_map.errors import GeodataError, InvalidParameterError

MOST_PER_KM2 = 2_000_000
"""People that no square kilometre has ever held: the Kowloon Walled City, the densest place known, came near it."""

# What programs write where there is nothing, when nobody declares it: the greatest number of a type, which stays in the
# cells when they are turned into a wider type, and what becomes of it in float32.
_GREATEST = [float(np.iinfo(kind).max) for kind in ("int16", "uint16", "int32", "uint32", "int64", "uint64")]
_NOTHING = np.unique([*_GREATEST, *(float(np.float32(value)) for value in _GREATEST)])
# What fits a cell of any size: where cells are a metre wide, a house may hold more than its ground.
_FEW = 1_000.0
# On the mean sphere; half a per cent of a bound that is no sharper than a factor.
_DEGREE_KM = 111.2


def rasterio() -> Any:
    """Give rasterio with the parts used here, or say how to install it."""
    try:
        import rasterio
        import rasterio.errors
        import rasterio.warp
        import rasterio.windows
    except ImportError:
        raise GeodataError(
            "读栅格需要 rasterio：pip install 'service-map[raster]'",
            "reading a raster needs rasterio: pip install 'service-map[raster]'",
        ) from None
    return rasterio


def chosen_band(source: Any, path: Path, band: int | None) -> int:
    """Give the band to read, or ask which where there are several.

    Raises
    ------
    InvalidParameterError
        When the raster has no such band, or several of data and none was named.
    """
    if band is None:
        kinds = [getattr(kind, "name", "") for kind in source.colorinterp]
        data = [number for number, kind in enumerate(kinds, 1) if kind != "alpha"]
        if len(data) != 1:
            names = "、".join(f"{number} {source.descriptions[number - 1] or ''}".strip() for number in data)
            raise InvalidParameterError(
                "band",
                f"栅格 {path.name} 有 {len(data)} 个波段（{names}），请用 --band 说明取哪个",
                f"the raster {path.name} has {len(data)} bands ({names}): say which with --band",
            )
        return data[0]
    if not 1 <= band <= source.count:
        raise InvalidParameterError("band", f"应在 1 与 {source.count} 之间", f"lies between 1 and {source.count}")
    return band


def extent(source: Any, path: Path) -> tuple[float, float, float, float]:
    """Give west, south, east, north of a raster in WGS 84.

    Raises
    ------
    GeodataError
        When it has no coordinate reference system, or its coordinates do not fit the one it has.
    """
    if source.crs is None:
        raise GeodataError(
            f"栅格 {path.name} 没有坐标系，无法知道它在哪里",
            f"the raster {path.name} has no coordinate reference system, so nobody knows where it lies",
        )
    affine = source.transform
    across, down = np.array([0, source.width, 0, source.width]), np.array([0, 0, source.height, source.height])
    x, y = _forward(affine, across, down)
    edges = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    usable = affine.a * affine.e != affine.b * affine.d and all(math.isfinite(edge) for edge in edges)
    if usable and source.crs.is_geographic:
        usable = max(abs(edges[0]), abs(edges[2])) <= 361 and max(abs(edges[1]), abs(edges[3])) <= 91
    found: tuple[float, ...] = (math.nan,) * 4
    if usable:
        tools = rasterio()
        try:
            found = tuple(float(edge) for edge in tools.warp.transform_bounds(source.crs, "EPSG:4326", *edges))
        except (tools.errors.RasterioError, ValueError):
            found = ()
    if len(found) < 4 or not all(math.isfinite(edge) for edge in found):
        raise GeodataError(
            f"栅格 {path.name} 的坐标 {edges} 与其坐标系 {source.crs} 不符：坐标系、原点或像元大小的正负号写错了",
            f"the coordinates {edges} of the raster {path.name} do not fit its CRS {source.crs}:"
            " the CRS, the origin or the sign of a pixel's size is wrong",
        )
    return (found[0], found[1], found[2], found[3])


def window_of(source: Any, area: BaseGeometry) -> Any:
    """Give the window of a raster that holds every cell whose centre may lie in an area, None where there is none."""
    tools = rasterio()
    west, south, east, north = tools.warp.transform_bounds("EPSG:4326", source.crs, *shapely.bounds(area))
    across, down = _forward(~source.transform, [west, east, west, east], [south, south, north, north])
    # A cell's margin on every side: rounding must not lose the cells at the edge.
    left, right = max(0, math.floor(across.min()) - 1), min(source.width, math.ceil(across.max()) + 1)
    top, bottom = max(0, math.floor(down.min()) - 1), min(source.height, math.ceil(down.max()) + 1)
    if left >= right or top >= bottom:
        return None
    return tools.windows.Window(left, top, right - left, bottom - top)


def people_in(source: Any, path: Path, band: int, window: Any) -> Floats:
    """Read the people of each cell of a window.

    Parameters
    ----------
    source, path
        The open raster and its file.
    band
        1-based.
    window
        Of the raster.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        By the band's scale and offset; 0 where there is no data, below 0, or what is no number.

    Raises
    ------
    GeodataError
        When a cell holds more people than any can, or the greatest number of its type: what marks cells without data
        and was not declared.
    """
    given = source.read(band, window=window, masked=True)
    if np.iscomplexobj(given):
        raise GeodataError(f"栅格 {path.name} 的值是复数", f"the values of the raster {path.name} are complex numbers")
    raw = given.astype(np.float64).filled(0.0)
    none = np.ma.getmaskarray(given) | ~np.isfinite(raw)
    raw[none] = 0.0
    nothing = (raw >= _greatest(given.dtype)) | np.isin(raw, _NOTHING)
    if nothing.any():
        _refuse(path, float(raw[nothing][0]), int(nothing.sum()), f"{given.dtype}")
    scale, offset = float(source.scales[band - 1]), float(source.offsets[band - 1])
    people = np.where(none, 0.0, raw * scale + offset)
    many = people > max(_FEW, MOST_PER_KM2 * _cell_km2(source, window))
    if many.any():
        _refuse(path, float(people[many].max()), int(many.sum()), f"{given.dtype}")
    return np.maximum(people, 0.0)


def _greatest(kind: np.dtype[Any]) -> float:
    # A float's greatest is written with few digits as often as with all.
    return float(np.iinfo(kind).max) if kind.kind in "iu" else float(np.finfo(kind).max) * 0.99


def _cell_km2(source: Any, window: Any) -> float:
    affine = source.transform
    across, down = window.col_off + window.width / 2, window.row_off + window.height / 2
    size = abs(affine.a * affine.e - affine.b * affine.d)
    if source.crs.is_geographic:
        latitude = affine.d * across + affine.e * down + affine.f
        return float(size * _DEGREE_KM**2 * max(math.cos(math.radians(min(89.0, abs(latitude)))), 0.01))
    return float(size * (source.crs.linear_units_factor[1] / 1000) ** 2)


def _refuse(path: Path, value: float, cells: int, kind: str) -> None:
    told = repr(value).removesuffix(".0")
    raise GeodataError(
        f"栅格 {path.name} 有 {cells} 格的值为 {told}（{kind}），一格住不下这么多人，应是没有声明的无数据值；"
        f"请声明：gdal_edit.py -a_nodata {told} {path.name}",
        f"{cells} cells of the raster {path.name} hold {told} ({kind}), more people than a cell can: no data that"
        f" nobody declared; declare it: gdal_edit.py -a_nodata {told} {path.name}",
    )


def centres_of(source: Any, window: Any, cells: tuple[NDArray[Any], ...]) -> Floats:
    """Give the centres of cells, by their rows and columns in a window, in WGS 84 degrees, shape (n, 2)."""
    row, column = cells
    x, y = _forward(source.transform, window.col_off + column + 0.5, window.row_off + row + 0.5)
    if source.crs.to_epsg() in (4326, 4490):
        return np.column_stack((x, y)).reshape(-1, 2)
    lon, lat = rasterio().warp.transform(source.crs, "EPSG:4326", x, y)
    return np.column_stack((lon, lat)).reshape(-1, 2)


def _forward(affine: Any, across: ArrayLike, down: ArrayLike) -> tuple[Floats, Floats]:
    one, other = np.asarray(across, dtype=np.float64), np.asarray(down, dtype=np.float64)
    return affine.a * one + affine.b * other + affine.c, affine.d * one + affine.e * other + affine.f
