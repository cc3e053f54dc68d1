"""How far what is known to an area only must be, by the area itself: the point that stands for it says less."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis.context import Ground
from service_map.catalogue import terms
from service_map.catalogue.adcode import COUNTY_DIGITS, TOWNSHIP_DIGITS
from service_map.store import FacilityRecord

COARSE_M = 1_000.0
"""What is known less well than this is bounded by its area too."""

_BORDER_M = 1_000.0  # so far a boundary may be drawn off the true one
_MOST_AREAS = 64


def away_by_area(
    ground: Ground,
    lon: float,
    lat: float,
    *,
    code: NDArray[np.int64],
    away: NDArray[np.float64],
    low: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Bound from below how far each of some facilities is by the area that holds it.

    Parameters
    ----------
    ground
        What the answer rests on.
    lon, lat
        The point, WGS 84 degrees.
    code
        Code of the narrowest area that holds each, nine digits, shape (n,); 0 for what has a place of its own.
    away
        Metres to the point that stands for each, shape (n,).
    low
        Metres that each is away at least by its own uncertainty, shape (n,): the areas of the nearest are looked at,
        `_MOST_AREAS` at most.

    Returns
    -------
    ndarray
        Shape (n,), metres: those to the nearest point of the area, 0 within it and where its boundary is not known.
    """
    floor = np.zeros(len(away))
    rows = np.flatnonzero(code > 0)
    codes = code[rows]
    for one in list(dict.fromkeys(codes[np.argsort(low[rows], kind="stable")].tolist()))[:_MOST_AREAS]:
        land = _land(ground, int(one))
        if land is not None:
            floor[rows[codes == one]] = max(coverage.away_at_least((lon, lat), land) - _BORDER_M, 0.0)
    # A point that stands for an area may lie outside of the boundary as drawn.
    return np.minimum(floor, away)


def least_away(ground: Ground, lon: float, lat: float, found: Sequence[tuple[FacilityRecord, float]]) -> list[float]:
    """Give how many metres each of some facilities is away at least: by its uncertainty, and by the area that holds it.

    Parameters
    ----------
    ground, lon, lat
        As for `away_by_area`.
    found
        Facilities with the metres to the points that stand for them.
    """
    away = np.array([metres for _, metres in found], dtype=np.float64)
    low = np.maximum(away - [record.uncertainty_m for record, _ in found], 0.0)
    vague = [record.precision not in terms.EXACT and record.uncertainty_m >= COARSE_M for record, _ in found]
    codes = [int(record.adcode.ljust(TOWNSHIP_DIGITS, "0")) for record, _ in found]
    code = np.where(np.array(vague, dtype=bool), np.array(codes, dtype=np.int64), 0)
    floor = away_by_area(ground, lon, lat, code=code, away=away, low=low)
    return [float(metres) for metres in np.maximum(low, floor)]


def _land(ground: Ground, code: int) -> BaseGeometry | None:
    """Give the boundary of an area of nine digits, or of the county that holds it; None where neither is known."""
    township = f"{code:0{TOWNSHIP_DIGITS}d}"
    own = None if township.endswith("000") else ground.ground_of((township,))
    return own or ground.ground_of((township[:COUNTY_DIGITS],))
