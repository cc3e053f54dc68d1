"""The facilities that may answer a question: where, how surely, of which kind, standing or promised, and for when."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from service_map.catalogue import terms
from service_map.coverage import _given
from service_map.coverage._given import Floats
from service_map.errors import InvalidParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The facilities that may answer a rule, as arrays of equal length n.

    Attributes
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first.
    category
        Category code of each.
    uncertainty_m
        Metres around the point within which the real site lies; 0 for a surveyed one.
    status
        ``existing``, ``open``, ``planned``, ``under_construction`` or ``cancelled``.
    year
        Year by which it is promised; 0 where the plan does not say.
    id
        Name of each in the caller's data; may be left empty.
    level
        Life-circle level it was built for (``15``, ``10``, ``5``), "" where unknown; may be left empty. Levels do not
        substitute for each other, so one of a known level answers only rules of that level.
    shape
        Line or polygon in WGS 84 from whose edge it is measured, None for one that is measured from its point; may be
        left empty. `uncertainty_m` is then that of the edge.
    wide
        True for one known to its county or city only: its point stands for no place, so it may lie within reach and is
        never counted as located there. May be left empty where every place is known more closely.
    """

    lonlat: Floats
    category: NDArray[np.str_]
    uncertainty_m: Floats
    status: NDArray[np.str_]
    year: NDArray[np.int64]
    id: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    level: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    shape: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=np.object_))
    wide: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))


def candidates(
    lonlat: ArrayLike,
    category: Sequence[str],
    *,
    uncertainty_m: ArrayLike = 0.0,
    status: Sequence[str] | str = "existing",
    year: Sequence[int | None] | None = None,
    id: Sequence[str] | None = None,  # noqa: A002 - the field's own name
    level: Sequence[str] | None = None,
    shape: Sequence[BaseGeometry | None] | None = None,
    wide: Sequence[bool] | None = None,
) -> Candidates:
    """Make `Candidates` from lists, checked.

    Parameters
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first.
    category
        n category codes.
    uncertainty_m
        Metres, one number or n.
    status
        One status or n.
    year
        n years, None or 0 where unknown.
    id, level
        n texts, or None.
    shape
        n lines or polygons in WGS 84 (None among them for those measured from their point), or None.
    wide
        n flags of those known to their county or city only, or None where there is none.

    Returns
    -------
    Candidates

    Raises
    ------
    InvalidParameterError
        When lengths differ or a value is not allowed.
    """
    place = _given.lonlat(lonlat, "lonlat")
    count = len(place)
    states = _texts([status] * count if isinstance(status, str) else status, count, "status")
    allowed = terms.STATUS.codes
    for state in set(states.tolist()):
        if state not in allowed:
            raise InvalidParameterError("status", f"没有状态 {state!r}", f"no status {state!r}", allowed)
    years = [0] * count if year is None else [value or 0 for value in year]
    if len(years) != count:
        raise InvalidParameterError("year", f"应有 {count} 个", f"takes {count} values")
    return Candidates(
        lonlat=place,
        category=_texts(category, count, "category"),
        uncertainty_m=_given.amounts(uncertainty_m, count, "uncertainty_m"),
        status=states,
        year=np.array(years, dtype=np.int64),
        id=_texts(id, count, "id") if id is not None else np.empty(0, dtype=np.str_),
        level=_texts(level, count, "level") if level is not None else np.empty(0, dtype=np.str_),
        shape=_shapes(shape, count) if shape is not None else np.empty(0, dtype=np.object_),
        wide=_wide(wide, count) if wide is not None else np.empty(0, dtype=np.bool_),
    )


def _wide(values: Sequence[bool], count: int) -> NDArray[np.bool_]:
    if len(values) != count:
        raise InvalidParameterError("wide", f"应有 {count} 个", f"takes {count} values")
    return np.array(values, dtype=np.bool_)


def _shapes(values: Sequence[BaseGeometry | None], count: int) -> NDArray[np.object_]:
    if len(values) != count:
        raise InvalidParameterError("shape", f"应有 {count} 个", f"takes {count} values")
    shapes = np.empty(count, dtype=np.object_)
    shapes[:] = values
    there = shapes[~shapely.is_missing(shapes)]
    if len(there) and (shapely.is_empty(there) | (shapely.get_dimensions(there) < 1)).any():
        raise InvalidParameterError("shape", "应为非空的线或面", "takes lines and polygons that are not empty")
    _given.lonlat(shapely.get_coordinates(there), "shape")
    return shapes


def _texts(values: Sequence[str], count: int, name: str) -> NDArray[np.str_]:
    if len(values) != count:
        raise InvalidParameterError(name, f"应有 {count} 个", f"takes {count} values")
    return np.array(values, dtype=np.str_)


def in_place(candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which facilities stand already.

    Parameters
    ----------
    candidates
        Facilities, n of them.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    return np.isin(candidates.status, terms.IN_PLACE)


def horizon(candidates: Candidates, year: int | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which facilities may stand by the end of a year, and which do if the plan is kept.

    Parameters
    ----------
    candidates
        Facilities, n of them.
    year
        None asks for everything promised, whenever.

    Returns
    -------
    may : ndarray of bool, shape (n,)
        Not cancelled and not promised for a later year; a promise without a year may be kept by any.
    does : ndarray of bool, shape (n,)
        Those of `may` that stand already or are promised by that year.
    """
    standing = in_place(candidates)
    may = candidates.status != "cancelled"
    if year is None:
        return may, may.copy()
    may &= standing | (candidates.year <= year)
    return may, may & (standing | (candidates.year > 0))


def choose(candidates: Candidates, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Candidates:
    """Keep some of the facilities.

    Parameters
    ----------
    candidates
        Facilities.
    rows
        Flags or row numbers.

    Returns
    -------
    Candidates
    """
    return Candidates(
        lonlat=candidates.lonlat[rows],
        category=candidates.category[rows],
        uncertainty_m=candidates.uncertainty_m[rows],
        status=candidates.status[rows],
        year=candidates.year[rows],
        id=candidates.id[rows] if len(candidates.id) else candidates.id,
        level=candidates.level[rows] if len(candidates.level) else candidates.level,
        shape=candidates.shape[rows] if len(candidates.shape) else candidates.shape,
        wide=candidates.wide[rows] if len(candidates.wide) else candidates.wide,
    )


def placed(candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which facilities have a place of their own: those not known to their county or city only.

    Parameters
    ----------
    candidates
        Facilities, n of them.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    return ~candidates.wide if len(candidates.wide) else np.ones(len(candidates.lonlat), dtype=np.bool_)
