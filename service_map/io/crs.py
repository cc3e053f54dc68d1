"""What coordinates are in, and how they become WGS 84.

A table says its datum, or its CRS (``--crs``); a layer says its CRS itself. GCJ-02 and BD-09 have no CRS that a program
knows, so a layer in WGS 84 degrees may hold them, and then its datum is what is stated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import Transformer, TransformerGroup

from service_map.catalogue.messages import Sentence, sentence
from service_map.errors import Fault, InvalidParameterError
from service_map.io.datum import DATUMS, to_wgs84

Floats = NDArray[np.float64]

BALLPARK_M = {"Beijing 1954": 105.0, "Xian 1980": 127.0}
"""Metres by which degrees of an older Chinese datum differ from CGCS2000 at most, where PROJ knows no transformation
for the place: up to 62 m along and 84 m across the meridian for the one, 43 m and 119 m for the other, as the guide of
the surveying administration for turning maps into CGCS2000 has it (read in quotations of it, not in the guide)."""

FAR_BALLPARK_M = 1000.0
"""The same for any other datum; few local ones lie farther from WGS 84."""

_SAME = ("WGS84", "CGCS2000")  # equal at the accuracy of a map
_SHIFTED = ("GCJ02", "BD09")
_BEYOND_DEGREES = 10.0  # how far outside the zone that it was made for a projection is still believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How the coordinates of one file become WGS 84.

    Attributes
    ----------
    told
        What they are in, and what was assumed or is unsure about it.
    turn
        Takes an array of shape (n, 2), x or longitude first; gives WGS 84 degrees of that shape, NaN where there is no
        such place, and the metres within which each of them is right, 0 where nothing is lost.
    projected
        Whether they are no degrees.
    """

    told: Sentence
    turn: Callable[[Floats], tuple[Floats, Floats]]
    projected: bool = False


def frame(
    own: str | None, *, said: str | None, datum: str | None, layer: bool, must: bool, field: str, where: str
) -> Frame:
    """Tell what the coordinates of a file are in.

    Parameters
    ----------
    own
        The CRS that the file states, as text; None where it states none.
    said
        The CRS that the user states (``--crs``), such as ``EPSG:4547``.
    datum
        One of `DATUMS` that the user states.
    layer
        Whether it is a layer, whose coordinates may be no degrees.
    must
        Whether a datum must be known; otherwise WGS 84 is taken, and said.
    field, where
        What the user calls the file, and what messages call it.

    Returns
    -------
    Frame

    Raises
    ------
    InvalidParameterError
        When nothing or too little is stated, the statements contradict each other, or the CRS is a local one.
    """
    if datum is not None and datum not in DATUMS:
        zh, en = Fault(
            f"应为 {'、'.join(DATUMS)} 之一，现为 {datum!r}", f"must be one of {', '.join(DATUMS)}, not {datum!r}"
        )
        raise InvalidParameterError("datum", zh, en, DATUMS)
    stated = None if said is None else _parse(said, "crs", said)
    known = stated if own is None else _parse(own, field, where)
    if (
        own is not None
        and stated is not None
        and known is not None
        and not known.equals(stated, ignore_axis_order=True)
    ):
        zh = f"{where} 的坐标参考系是 {known.name}，与 --crs {said} 不符"
        en = f"{where} is in {known.name}, which contradicts --crs {said}"
        raise InvalidParameterError("crs", zh, en)
    if known is None:
        if layer and datum not in _SHIFTED:
            zh = f"{where} 没有坐标参考系，请用 --crs 说明，如 --crs EPSG:4490"
            en = f"{where} has no coordinate reference system; state it with --crs, such as --crs EPSG:4490"
            raise InvalidParameterError(field, zh, en)
        return _of_datum(datum, must)
    family = _family(known)
    if datum is not None and not _agree(known, family, datum):
        zh = f"{where} 的坐标参考系是 {known.name}，与所说的坐标系 {datum} 矛盾；它自会转换，不必说 --datum"
        en = f"{where} is in {known.name}, which contradicts the stated datum {datum}; leave it out, it is converted"
        raise InvalidParameterError("datum", zh, en)
    if known.is_geographic and family == "WGS84":
        return _of_datum(datum or (None if stated is None else "WGS84"), must)
    if known.is_geographic and family in (*_SAME, *_SHIFTED):
        return _of_datum(family, must)
    return _of_crs(known, family)


def _parse(text: str, field: str, where: str) -> CRS:
    try:
        known = CRS.from_user_input(text)
    except CRSError as error:
        zh, en = Fault(f"{where}：不认识这个坐标参考系", f"{where}: this coordinate reference system is not known")
        raise InvalidParameterError(field, zh, en) from error
    plain = known.sub_crs_list[0] if known.is_compound else known
    if not (plain.is_geographic or plain.is_projected) or plain.geodetic_crs is None:
        zh = f"{where} 的坐标是地方坐标系（{plain.name}），无法转换；请先转成国家坐标系"
        en = f"{where}: its coordinates are in a local system ({plain.name}), which cannot be transformed"
        raise InvalidParameterError(field, zh, en)
    return plain


def _family(known: CRS) -> str:
    """Name the datum of a CRS: one of `DATUMS`, or its own name."""
    geodetic = known.geodetic_crs
    name = str(geodetic.datum.name if geodetic is not None and geodetic.datum is not None else known.name)
    plain = name.casefold().removeprefix("d_").replace("_", " ").replace("-", "").replace(" ", "")
    marks = {
        "wgs84": "WGS84", "wgs1984": "WGS84", "worldgeodeticsystem1984": "WGS84", "china2000": "CGCS2000",
        "chinageodeticcoordinatesystem2000": "CGCS2000", "cgcs2000": "CGCS2000", "gcj02": "GCJ02", "bd09": "BD09",
        "beijing1954": "Beijing 1954", "xian1980": "Xian 1980",
    }  # fmt: skip
    return next((family for mark, family in marks.items() if plain.startswith(mark)), name)


def _agree(known: CRS, family: str, datum: str) -> bool:
    if family == datum or (family in _SAME and datum in _SAME):
        return True
    return family == "WGS84" and datum in _SHIFTED and known.is_geographic


def _of_datum(datum: str | None, must: bool) -> Frame:
    if datum is None and must:
        zh = f"应说明坐标系，可为 {'、'.join(DATUMS)}；或以 --crs 说明坐标参考系"
        en = f"must be stated: one of {', '.join(DATUMS)}; or state the reference system with --crs"
        raise InvalidParameterError("datum", zh, en, DATUMS)
    named = datum or "WGS84"

    def turn(xy: Floats) -> tuple[Floats, Floats]:
        lonlat = np.array(xy, dtype=np.float64)
        if named in _SHIFTED:
            # What is no longitude and latitude stays as it is, for whoever says so of its row.
            fine = (np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90)
            lonlat[fine] = np.column_stack(to_wgs84(xy[fine, 0], xy[fine, 1], datum=named))
        return lonlat, np.zeros(len(xy))

    if datum is None:
        return Frame(told=sentence("坐标系未说明，当作 WGS 84"), turn=turn)
    return Frame(told=sentence("坐标系 %(datum)s", datum=datum), turn=turn)


def _of_crs(known: CRS, family: str) -> Frame:
    operations = TransformerGroup(known, 4326, always_xy=True).transformers
    exact = family in _SAME
    sure = [one for one in operations if one.accuracy >= 0 and not exact]
    rough = 0.0 if exact else BALLPARK_M.get(family, FAR_BALLPARK_M)
    plain = Transformer.from_crs(known, known.geodetic_crs, always_xy=True)
    told = sentence("坐标由 %(system)s 转成 WGS 84", system=known.name)
    if not exact:
        told = told.also(sentence("当地没有公布转换参数的点，误差加 %(metres).0f 米", metres=rough))
    inside = _bounds(known)

    def turn(xy: Floats) -> tuple[Floats, Floats]:
        metres = np.full(len(xy), rough)
        try:
            # Degrees of the same datum tell which operation was published for the place.
            lonlat = np.column_stack(plain.transform(xy[:, 0], xy[:, 1])).reshape(-1, 2)
            left = np.isfinite(lonlat).all(axis=1)
            out = np.where(left[:, None], lonlat, np.nan)
            for one in sure:
                area = one.area_of_use
                if area is None:
                    continue
                west, south, east, north = area.bounds
                here = left & (lonlat >= (west, south)).all(axis=1) & (lonlat <= (east, north)).all(axis=1)
                if here.any():
                    out[here] = np.column_stack(one.transform(xy[here, 0], xy[here, 1]))
                    metres[here] = one.accuracy
                    left &= ~here
        except ProjError:
            return np.full_like(xy, np.nan), metres
        west, south, east, north = inside
        fine = (out >= (west, south)).all(axis=1) & (out <= (east, north)).all(axis=1)
        out[~fine] = np.nan
        return out, metres

    return Frame(told=told, turn=turn, projected=known.is_projected)


def _bounds(known: CRS) -> tuple[float, float, float, float]:
    """Give west, south, east and north beyond which a projection is not believed: easting and northing are swapped."""
    west, south, east, north = -180.0, -90.0, 180.0, 90.0
    operation, use = known.coordinate_operation, known.area_of_use
    if not known.is_projected or operation is None:
        return west, south, east, north
    if use is not None:
        west, south, east, north = use.bounds
    elif "Mercator" in operation.method_name and "Transverse" in operation.method_name:
        middle = [float(one.value) for one in operation.params if one.name.startswith("Longitude of")]
        if not middle:
            return west, south, east, north
        west, east = middle[0] - 3, middle[0] + 3
    return west - _BEYOND_DEGREES, south - _BEYOND_DEGREES, east + _BEYOND_DEGREES, north + _BEYOND_DEGREES
