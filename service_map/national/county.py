"""The counties of an area: one partition each, with a box around it that holds everything that may serve it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.adcode import city_of, covers, province_of
from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.errors import InvalidParameterError
from service_map.places import Gazetteer

ALL = "all"
"""The area that is the whole country."""


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    """One county (县级行政区) and the areas around it.

    Attributes
    ----------
    adcode, name
        Of the county.
    city, city_name, province, province_name
        The areas around it; `city` is "" where a county stands directly under its province.
    boundary
        WGS 84 polygons as WKB.
    """

    adcode: str
    name: str
    city: str
    city_name: str
    province: str
    province_name: str
    boundary: bytes

    @property
    def shape(self) -> BaseGeometry:
        """The boundary, WGS 84 degrees."""
        return _shape(self.boundary)

    def box(self, metres: float) -> tuple[float, float, float, float]:
        """Give west, south, east, north of the county with a margin around it that is nowhere narrower than asked."""
        west, south, east, north = shapely.bounds(self.shape)
        up = metres / LEAST_DEGREE_M
        cosine = math.cos(math.radians(min(89.0, max(abs(south), abs(north)) + up)))
        sideways = up / cosine
        return (float(west - sideways), float(south - up), float(east + sideways), float(north + up))


# A worker asks for the shape of the county at hand several times, and a boundary has many corners.
@lru_cache(maxsize=4)
def _shape(boundary: bytes) -> BaseGeometry:
    return shapely.from_wkb(boundary)


def counties(gazetteer: Gazetteer, areas: Iterable[str]) -> list[County]:
    """List the counties of areas.

    Parameters
    ----------
    gazetteer
        Names, codes and boundaries.
    areas
        Codes of provinces, cities or counties, or `ALL`. A former code stands for the present one.

    Returns
    -------
    list of County
        By code, each once.

    Raises
    ------
    InvalidParameterError
        When a code is unknown or holds no county.
    """
    every = sorted(code for code, row in gazetteer.rows.items() if row.level == "county")
    chosen: set[str] = set()
    for given in areas:
        code = gazetteer.former_codes.get(given, given)
        inside = (
            every if code == ALL else [county for county in every if code in gazetteer.rows and covers(code, county)]
        )
        if not inside:
            raise InvalidParameterError(
                "area",
                f"{given!r} 中没有县级行政区；应为省、市、县的六位代码或 {ALL}",
                f"there is no county in {given!r}; it takes the six digits of a province, city or county, or {ALL}",
            )
        chosen.update(inside)
    return [_county(gazetteer, code) for code in sorted(chosen)]


def _county(gazetteer: Gazetteer, code: str) -> County:
    rows = gazetteer.rows
    city, province = city_of(code), province_of(code)
    shape = gazetteer.geometry(code)
    if shape is None:
        raise InvalidParameterError("area", f"{code} 没有边界", f"{code} has no boundary")
    has_city = city in rows and city not in (code, province)
    return County(
        adcode=code,
        name=rows[code].name,
        city=city if has_city else "",
        city_name=rows[city].name if has_city else "",
        province=province,
        province_name=rows[province].name if province in rows else "",
        boundary=shapely.to_wkb(shape),
    )
