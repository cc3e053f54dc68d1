"""Refuse input that no honest answer can come from, in words that name the field and what is allowed."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service_map.errors import InvalidParameterError

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LONGEST_RADIUS_M = 500_000.0
"""No service radius of any standard comes near this; what lies beyond is a slip of the unit."""


def lonlat(values: ArrayLike, field: str) -> Floats:
    """Give finite WGS 84 degrees of shape (n, 2), longitude first; an empty list gives shape (0, 2)."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidParameterError(field, "坐标应为数字", "coordinates take numbers") from None
    if array.size == 0:
        return np.empty((0, 2))
    if array.ndim != 2 or array.shape[1] != 2:
        raise InvalidParameterError(
            field,
            f"坐标数组应为 (n, 2)，每行先经度后纬度，现为 {array.shape}",
            f"coordinates take the shape (n, 2), longitude then latitude, not {array.shape}",
        )
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise InvalidParameterError(
            field, f"第 {row} 行坐标不是有限的数", f"row {row} holds a coordinate that is not a finite number"
        )
    outside = (np.abs(array[:, 0]) > 180) | (np.abs(array[:, 1]) > 90)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        lon, lat = array[row]
        swapped = abs(lon) <= 90 and abs(lat) <= 180
        raise InvalidParameterError(
            field,
            f"第 {row} 行 ({lon:g}, {lat:g}) 超出经度 ±180、纬度 ±90" + ("，经纬度可能写反了" if swapped else ""),
            f"row {row} ({lon:g}, {lat:g}) lies outside longitude ±180, latitude ±90"
            + ("; they may be swapped" if swapped else ""),
        )
    return array


def point(values: ArrayLike, field: str = "point") -> Floats:
    """Give one finite WGS 84 position of shape (1, 2)."""
    array = lonlat(np.atleast_2d(np.asarray(values, dtype=np.float64)), field)
    if len(array) != 1:
        raise InvalidParameterError(field, "应为一个点（经度, 纬度）", "takes one point (longitude, latitude)")
    return array


def radius(value: float, field: str = "metres") -> float:
    """Give a radius in metres above 0 and at most `LONGEST_RADIUS_M`."""
    try:
        metres = float(value)
    except (TypeError, ValueError):
        metres = math.nan
    if not 0 < metres <= LONGEST_RADIUS_M:
        raise InvalidParameterError(
            field,
            f"服务半径应大于 0 米、不超过 {LONGEST_RADIUS_M:.0f} 米，现为 {value!r}",
            f"a radius is above 0 and at most {LONGEST_RADIUS_M:.0f} metres, not {value!r}",
        )
    return metres


def amounts(values: ArrayLike, count: int, field: str) -> Floats:
    """Give `count` finite numbers that are not negative; a single number stands for all."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidParameterError(field, "应为数字", "takes numbers") from None
    if array.ndim == 0:
        array = np.full(count, array)
    if array.shape != (count,):
        raise InvalidParameterError(
            field, f"应有 {count} 个数，现为 {array.shape}", f"takes {count} numbers, not the shape {array.shape}"
        )
    if not (np.isfinite(array) & (array >= 0)).all():
        row = int(np.flatnonzero(~(np.isfinite(array) & (array >= 0)))[0])
        raise InvalidParameterError(
            field,
            f"第 {row} 个应为不小于 0 的有限数，现为 {array[row]}",
            f"number {row} must be finite and not negative, not {array[row]}",
        )
    return array
