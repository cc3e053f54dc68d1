"""What an answer will cost, told from its parameters before anything is computed, against what one may take.

Estimates are seconds of one core of 2020 by counts that cost nothing to know; what they cannot see, the deadline bounds
(`service_map.web.pool`). Cells, pairs, places and points have limits of their own where they are read.
"""

from flask import request

from service_map import analysis
from service_map.analysis import Ground, Reach, Region
from service_map.errors import InvalidParameterError
from service_map.store import queries
from service_map.web.database import Reading
from service_map.web.site import site

A_CIRCLE_S = 0.0002
"""Drawing a circle and joining it with the others; measured with 2,000 in a county."""

A_LOOK_S = 0.00000012
"""Asking whether one place keeps one rule, in one of three bounds; measured with 200,000 cells and 26 rules."""

SEARCHED_AT_ONCE = 100_000
"""Facilities among which a word is looked for within what a page costs: a third of a second."""

A_ROW_S = 0.0002
"""Reading a facility and writing it into a table of the slowest format; measured with a million."""


def searches_much(data: Reading, *names: str) -> bool:
    """Say whether a request looks through more facilities than a page can.

    Parameters
    ----------
    data
        What it reads.
    names
        Parameters that no index answers; without one it looks through no more than it shows.
    """
    if not any(name in request.args for name in names):
        return False
    return data.keep("rows", lambda conn: sum(part.count for part in queries.tally(conn))) > SEARCHED_AT_ONCE


def check_circles(ground: Ground, asked: Reach, region: Region, *, by_year: bool = False, field: str = "area") -> None:
    """Refuse what would take too many circles.

    Parameters
    ----------
    ground, asked, region, by_year
        As for `service_map.analysis.covered_share`.
    field
        Names what the reader may reduce.

    Raises
    ------
    InvalidParameterError
        Naming the field, the count and the limit.
    """
    circles = analysis.count_circles(ground, asked, region, by_year=by_year)
    most = int(site().settings.deadline_s / A_CIRCLE_S)
    # Where the record does not allow an answer about land, nothing is joined.
    if circles > most and analysis.record_of(ground, asked.categories, region).told:
        raise InvalidParameterError(
            field,
            f"设施、上下限和年份相乘要画 {circles} 个圆，至多 {most}；请减少设施、缩小地区，或不问逐年（by_year）",
            f"facilities times bounds times years take {circles} circles, at most {most}; give fewer facilities, a"
            " smaller area, or do not ask by_year",
        )


def check_looks(looks: int, *, field: str) -> None:
    """Refuse what would ask too many places about too many rules.

    Parameters
    ----------
    looks
        Of `service_map.analysis.count_looks`.
    field
        Names what the reader may reduce.

    Raises
    ------
    InvalidParameterError
        Naming the field, the count and the limit.
    """
    most = int(site().settings.deadline_s / A_LOOK_S)
    if looks > most:
        raise InvalidParameterError(
            field,
            f"地点、要求和三种位置相乘要判 {looks} 次，至多 {most} 次；请用 rule 少选几条，缩小地区或少给几个点",
            f"places times rules times three bounds are {looks} judgements, at most {most}; name fewer rules (rule), a"
            " smaller area or fewer points",
        )


def check_rows(count: int, suffix: str) -> None:
    """Refuse a table of more rows than can be written in time.

    Parameters
    ----------
    count
        Facilities that the filter meets.
    suffix
        Of the format, which is not streamed.

    Raises
    ------
    InvalidParameterError
        Naming the count and the limit.
    """
    most = int(site().settings.deadline_s / A_ROW_S)
    if count > most:
        raise InvalidParameterError(
            "format",
            f"{suffix} 至多 {most} 处设施，现有 {count} 处；请缩小范围，或下载 GeoJSON、CSV",
            f"{suffix} takes at most {most} facilities, not {count}; ask for less, or take GeoJSON or CSV",
            ("geojson", "geojsonl", "csv"),
        )
