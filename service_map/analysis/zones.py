"""By what a gap is cut: townships where their boundaries are known, else H3 cells; or the nearest community."""

import numpy as np
import shapely

from service_map import coverage
from service_map.analysis.context import Ground, Region
from service_map.analysis.threshold import Reach
from service_map.catalogue import terms
from service_map.errors import InvalidParameterError, UnanswerableError

# Boundaries of townships and of their county come from different surveys and differ along their edges.
_COVERED = 0.99


def zones_of(ground: Ground, asked: Reach, region: Region, by: str | None) -> tuple[str, coverage.Zones]:
    """Give what a gap is cut by.

    Parameters
    ----------
    ground, asked, region
        As in `service_map.analysis.covered_share`.
    by
        One of `service_map.catalogue.terms.CUT_BY`; None takes townships where their polygons cover the region, else
        cells.

    Returns
    -------
    by : str
        Which of `service_map.catalogue.terms.CUT_BY` it became.
    zones : Zones

    Raises
    ------
    InvalidParameterError
        When `by` is none of these.
    UnanswerableError
        When the data has no township polygon, or no community, in the region.
    """
    if by is not None and by not in terms.CUT_BY:
        raise InvalidParameterError("by", f"没有 {by[:40]!r}", f"there is no {by[:40]!r}", terms.CUT_BY.codes)
    if by == "community":
        homes = ground.homes_in(region.shape, least=1)
        if not homes:
            raise UnanswerableError("by", "这里没有在册的居住小区", "no residential community on record lies here")
        lonlat = [(home.lon, home.lat) for home in homes]
        return by, coverage.around_places(region.shape, lonlat, [home.name for home in homes])
    towns = [] if by == "cell" else ground.townships_in(region.shape)
    if by == "township" and not towns:
        raise UnanswerableError("by", "数据中没有这里的乡镇边界", "the data has no boundary of a township here")
    shapes = np.array([town.geometry for town in towns], dtype=object)
    if by == "township" or (len(towns) and _share(region, shapes) >= _COVERED):
        return "township", coverage.given_zones(shapes.tolist(), [town.name for town in towns])
    # On foot no place reaches beyond the straight line, so its circle is the largest ground that one can serve.
    return "cell", coverage.hexagons(region.shape, asked.metres)


def _share(region: Region, shapes: np.ndarray) -> float:
    within = shapely.intersection(region.shape, shapely.union_all(shapes))
    return coverage.square_km(within) / coverage.square_km(region.shape)
