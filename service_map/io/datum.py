"""Turning GCJ-02 and BD-09 coordinates into WGS 84, and back.

Chinese maps publish shifted coordinates: GCJ-02 (高德, 腾讯) lies 300–700 m from WGS 84, BD-09 (百度) a further shift
away. The product keeps WGS 84 only, so everything that comes in passes here once. EPSG:4490 (CGCS2000, 天地图) equals
WGS 84 at map accuracy and passes as it is.

The formulas are those of ``prcoords`` (CC0), in the iterated variants that are exact to a few millimetres; its one-step
variants are up to 3.5 m off. Points outside China have no shift and come back unchanged.
"""

from collections.abc import Callable
from typing import overload

import numpy as np
import prcoords
from numpy.typing import ArrayLike, NDArray

from service_map.catalogue import terms
from service_map.errors import Fault, InvalidParameterError

DATUMS = terms.DATUM.codes
"""Datums that a table of places may state."""

_Convert = Callable[[tuple[float, float]], tuple[float, float]]


@overload
def gcj02_to_wgs84(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    """Turn GCJ-02 into WGS 84.

    Parameters
    ----------
    lon, lat
        Degrees, scalars or arrays of one shape.

    Returns
    -------
    lon, lat
        WGS 84 degrees, floats for scalars, else float64 arrays of the same shape; within 1 cm of the true inverse.

    Raises
    ------
    InvalidParameterError
        When a value is not a finite longitude or latitude.
    """
    return _convert(prcoords.gcj_wgs_bored, lon, lat)


@overload
def wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    """Turn WGS 84 into GCJ-02; parameters, returns and errors as `gcj02_to_wgs84`."""
    return _convert(prcoords.wgs_gcj, lon, lat)


@overload
def bd09_to_wgs84(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    """Turn BD-09 into WGS 84; parameters, returns and errors as `gcj02_to_wgs84`."""
    return _convert(_bd_wgs, lon, lat)


@overload
def wgs84_to_bd09(lon: float, lat: float) -> tuple[float, float]: ...
@overload
def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    """Turn WGS 84 into BD-09; parameters, returns and errors as `gcj02_to_wgs84`."""
    return _convert(prcoords.wgs_bd, lon, lat)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, *, datum: str) -> tuple[ArrayLike, ArrayLike]:
    """Turn coordinates of a stated datum into WGS 84.

    Parameters
    ----------
    lon, lat
        Degrees, scalars or arrays of one shape.
    datum
        One of `DATUMS`.

    Raises
    ------
    InvalidParameterError
        When the datum is not one of `DATUMS`, or a value is not a finite longitude or latitude.
    """
    if datum not in DATUMS:
        zh, en = Fault(f"坐标系应为 {'、'.join(DATUMS)} 之一", f"must be one of {', '.join(DATUMS)}")
        raise InvalidParameterError("datum", f"{zh}，现为 {datum!r}", f"{en}, not {datum!r}", DATUMS)
    if datum == "GCJ02":
        return gcj02_to_wgs84(lon, lat)
    if datum == "BD09":
        return bd09_to_wgs84(lon, lat)
    return _convert(lambda point: point, lon, lat)


def _bd_wgs(point: tuple[float, float]) -> tuple[float, float]:
    # prcoords stops as soon as a step is under 1e-5 degrees, which leaves up to 2 cm for BD-09; one more step does not.
    near = prcoords.bd_wgs_bored(point)
    again = prcoords.wgs_bd(near, check_china=False)
    return near[0] - (again[0] - point[0]), near[1] - (again[1] - point[1])


def _convert(convert: _Convert, lon: ArrayLike, lat: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    longitudes, latitudes = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if longitudes.shape != latitudes.shape:
        raise InvalidParameterError("lon, lat", "两个数组的形状应相同", "the two arrays must have one shape")
    for field, values, limit in (("lon", longitudes, 180.0), ("lat", latitudes, 90.0)):
        if not np.all(np.abs(values) <= limit):  # a NaN fails this comparison too
            zh, en = Fault(f"应为 -{limit:g} 到 {limit:g} 之间的数", f"must be a number from -{limit:g} to {limit:g}")
            raise InvalidParameterError(field, zh, en)
    out = np.empty((2, longitudes.size))
    for i, (x, y) in enumerate(zip(longitudes.ravel().tolist(), latitudes.ravel().tolist(), strict=True)):
        # prcoords would warn and then shift the inverse anyway.
        in_china = prcoords.sanity_in_china_p(prcoords.Coords(y, x))
        out[1, i], out[0, i] = convert((y, x)) if in_china else (y, x)
    if longitudes.ndim == 0:
        return float(out[0, 0]), float(out[1, 0])
    return out[0].reshape(longitudes.shape), out[1].reshape(longitudes.shape)
