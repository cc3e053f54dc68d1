"""A caller's own facilities, beside those on record or instead of them; nothing of them is stored."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis.context import Ground, Supply
from service_map.catalogue import terms
from service_map.errors import InvalidParameterError

STOCKS = ("all", "given")
"""What a caller's own facilities stand beside: all on record, or none of it."""

CAPACITIES = ("capacity", "beds")
"""Columns that say what a facility of a caller's holds: fields of `Own`."""

_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One facility that a caller brings.

    Attributes
    ----------
    geometry
        Point, line or polygon in WGS 84.
    category
        Code, "" where the question says it.
    name
        May be empty.
    status
        As in `service_map.coverage.Candidates`.
    year
        By which it is promised, None where unknown.
    uncertainty_m
        Metres within which it, or its edge, lies.
    capacity
        Places or seats that it has (学位、座位), None where unknown.
    beds
        Beds that it has, None where unknown.
    """

    geometry: BaseGeometry
    category: str = ""
    name: str = ""
    status: str = "existing"
    year: int | None = None
    uncertainty_m: float = 0.0
    capacity: float | None = None
    beds: float | None = None


def with_own(ground: Ground, brought: Sequence[Own], *, category: str | None = None, stock: str = "all") -> Ground:
    """Stand on a caller's own facilities too.

    Parameters
    ----------
    ground
        What the answer rests on.
    brought
        The facilities.
    category
        Of those that do not say it; None where the question asks of no single kind.
    stock
        One of `STOCKS`: ``given`` leaves out what is on record.

    Returns
    -------
    Ground
        A polygon or line of a category that is entered along its edge (`service_map.catalogue.edge_categories`) is
        measured from there; of any other from a point on it, with an uncertainty that covers all of it.

    Raises
    ------
    InvalidParameterError
        Field ``facilities``: a category is missing or unknown, a status is none of the five, or what one holds is less
        than 0.
    """
    if stock not in STOCKS:
        raise InvalidParameterError("stock", "应为 all 或 given", "is all or given", STOCKS)
    if not brought:
        if stock == "given":
            raise InvalidParameterError("stock", "没有给设施", "no facilities are given")
        return ground
    codes = [one.category or category or "" for one in brought]
    for number, (one, code) in enumerate(zip(brought, codes, strict=True), 1):
        _check(ground, number, one, code)
    drawn = [
        one.geometry if code in ground.edges and shapely.get_dimensions(one.geometry) > 0 else None
        for one, code in zip(brought, codes, strict=True)
    ]
    points = shapely.point_on_surface([one.geometry for one in brought])
    reach = [
        0.0 if shape is not None or one.geometry.geom_type == "Point" else _reach(one.geometry, point)
        for one, shape, point in zip(brought, drawn, points, strict=True)
    ]
    names = tuple(f"given-{number}" for number in range(1, len(brought) + 1))
    found = coverage.candidates(
        shapely.get_coordinates(points),
        codes,
        uncertainty_m=[max(one.uncertainty_m, metres) for one, metres in zip(brought, reach, strict=True)],
        status=[one.status for one in brought],
        year=[one.year for one in brought],
        id=names,
        shape=drawn,
    )
    count = len(brought)
    given = Supply(
        candidates=found,
        count=np.ones(count),
        unit=np.full(count, "", dtype="<U1"),
        at_least=np.zeros(count, dtype=np.bool_),
        beds=np.array([one.beds for one in brought], dtype=np.float64),
        places=np.array([one.capacity for one in brought], dtype=np.float64),
        code=np.zeros(count, dtype=np.int64),
        source=np.where(coverage.in_place(found), 0, -1),
        sources=((ground.say("所给的设施"), "", ""),),
    )
    return replace(ground, given=given, given_only=stock == "given", brought=dict(zip(names, brought, strict=True)))


def mend(drawn: BaseGeometry) -> BaseGeometry:
    """Mend a ground that crosses itself; points and lines stay as they are."""
    return coverage.usable_area(drawn)[0] if shapely.get_dimensions(drawn) == 2 else drawn


def _check(ground: Ground, number: int, one: Own, code: str) -> None:
    if code not in ground.categories:
        raise InvalidParameterError(
            "facilities",
            f"第 {number} 处设施没有类别 category" if not code else f"第 {number} 处设施：没有类别 {code[:40]!r}",
            f"facility {number} has no category" if not code else f"facility {number}: no category {code[:40]!r}",
            tuple(ground.categories),
        )
    if one.status not in terms.STATUS.codes:
        raise InvalidParameterError(
            "facilities",
            f"第 {number} 处设施：没有状态 {one.status[:40]!r}",
            f"facility {number}: no status {one.status[:40]!r}",
            terms.STATUS.codes,
        )
    for name in CAPACITIES:
        held = getattr(one, name)
        if held is not None and not 0 <= held < math.inf:
            raise InvalidParameterError(
                "facilities",
                f"第 {number} 处设施的 {name} 应为不小于 0 的数，而不是 {held}",
                f"facility {number}: {name} is a number of at least 0, not {held}",
            )


def _reach(geometry: BaseGeometry, point: BaseGeometry) -> float:
    """Metres within which all of a shape lies round the point that stands for it."""
    corners = shapely.get_coordinates(geometry)
    lon, lat = (np.full(len(corners), value) for value in (point.x, point.y))
    return float(np.max(_GEOD.inv(lon, lat, corners[:, 0], corners[:, 1])[2], initial=0.0))
