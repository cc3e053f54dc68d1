"""Areas ranked by what a national run found: provinces, the cities in them, the counties in those.

A share, a rank and a gap are given of an area only where the record of what stands is complete in each of its
counties, or where the figures are asked for as recorded; of any other it is said how many are on record, from whom, and
how many are promised.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select

from service_map.catalogue import terms
from service_map.errors import InvalidParameterError, NotFoundError
from service_map.store.conditions import once
from service_map.store.models import RankedArea, Summary

FILE = "summary.parquet"
"""Name of the file under ``geodata/`` that the tables are built from."""

ALL = "all"
"""Stands for the category in the rows on all kinds together."""

LEVELS = ("province", "city", "county")
MOST_SOURCES = 10
"""Sources of an area's record that are named, those of most facilities first."""

ORDERS = ("share", "gap_people", "people", "kinds", "adcode")
"""What a ranking can be ordered by; all but the code from the most, with the least covered first for ``-share``."""

_OF_RECORD = ("share", "gap_people", "kinds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One area in a ranking.

    Attributes
    ----------
    adcode, name, level, parent
        The area, and the code of the one around it.
    rank
        1 for the first; areas of the same figure share a rank. None for an area whose figures are withheld.
    counties
        Counties that its figures are summed over.
    people
        All.
    record
        ``complete`` where the record of what stands is stated to be so in each of its counties; ``none`` where nothing
        is on record in any; else ``partial``.
    complete
        Counties whose record is complete.
    as_recorded
        The figures are given although the record is not complete: what is not on record is left out of them.
    on_record, promised
        Facilities that stand in it and are on record, and how many more the plans promise there by then.
    sources
        Who says that they stand, and how many of them, those of most first.
    stated
        Who states that the record is complete, and of when.
    certain, located, possible
        People within reach: wherever the facilities stand within what is known of them, as they are located, at best;
        None, as all that follows from them, where they are withheld.
    gap_people
        People not within reach, as located.
    gaps
        Pieces in which they live; None where they were not counted for that year.
    kinds_certain, kinds_located, kinds_possible
        Kinds within a person's reach on average; None but for all kinds together.
    methods
        How distances were measured, each once.
    fallback
        Counties that have no network although others of the run have one; straight lines stand for it.
    metres, rules
        Reaches in metres that were judged by, and the ids of the clauses that ask for them, each once; empty for all
        kinds together.
    """

    adcode: str
    name: str
    level: str
    parent: str
    rank: int | None
    counties: int
    people: float
    record: str
    complete: int
    as_recorded: bool
    on_record: int
    promised: int
    sources: tuple[tuple[str, int], ...]
    stated: tuple[tuple[str, str], ...]
    certain: float | None
    located: float | None
    possible: float | None
    gap_people: float | None
    gaps: int | None
    kinds_certain: float | None
    kinds_located: float | None
    kinds_possible: float | None
    methods: tuple[str, ...]
    fallback: int
    metres: tuple[float, ...]
    rules: tuple[str, ...]

    @property
    def told(self) -> bool:
        """Say whether the figures are given."""
        return self.record == "complete" or self.as_recorded

    def share(self, bound: str = "located") -> float | None:
        """Give the covered share of the people, 0 to 1; None where there is nobody, or it is withheld."""
        covered = getattr(self, bound)
        return float(covered) / self.people if covered is not None and self.people > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a summary can be asked for.

    Attributes
    ----------
    categories
        Codes, `ALL` first.
    horizons
        Pairs of horizon and year (None but for ``by_year``), in the order of time.
    provinces
        Code and name of each.
    counties
        How many.
    """

    categories: tuple[str, ...]
    horizons: tuple[tuple[str, int | None], ...]
    provinces: tuple[tuple[str, str], ...]
    counties: int


def offered(connection: Connection) -> Offered | None:
    """Say what the summary can be asked for, found once for each state of the data; None where none was imported.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    return once(connection, "summary-offered", lambda: (_offered(connection),))[0]


def _offered(connection: Connection) -> Offered | None:
    codes = list(connection.execute(select(Summary.category, func.min(Summary.fid)).group_by(Summary.category)).all())
    if not codes:
        return None
    order = sorted(codes, key=lambda row: (row[0] != ALL, row[1]))
    pairs = connection.execute(select(Summary.horizon, Summary.year).distinct()).all()
    provinces = select(RankedArea.adcode, RankedArea.name).where(RankedArea.level == "province")
    return Offered(
        categories=tuple(code for code, _ in order),
        horizons=tuple(
            sorted(
                ((kind, year) for kind, year in pairs),
                key=lambda pair: (terms.HORIZON.codes.index(pair[0]), pair[1] or 0),
            )
        ),
        provinces=tuple((code, name) for code, name in connection.execute(provinces.order_by(RankedArea.adcode))),
        counties=connection.scalar(select(func.count(Summary.adcode.distinct()))) or 0,
    )


def ranked_area(connection: Connection, adcode: str) -> tuple[str, str, str, str]:
    """Give code, name, level and parent of an area of the summary.

    Raises
    ------
    NotFoundError
        When there is none of that code.
    """
    found = _known(connection).get(adcode)
    if found is None:
        raise NotFoundError("area", f"汇总中没有行政区 {adcode[:20]!r}", f"the summary has no area {adcode[:20]!r}")
    return (adcode, *found)


def _known(connection: Connection) -> dict[str, tuple[str, str, str]]:
    def find() -> dict[str, tuple[str, str, str]]:
        columns = (RankedArea.adcode, RankedArea.name, RankedArea.level, RankedArea.parent)
        return {code: (name, level, parent) for code, name, level, parent in connection.execute(select(*columns))}

    return once(connection, "summary-areas", find)


def codes(connection: Connection) -> frozenset[str]:
    """Give the codes of every area of the summary."""
    return frozenset(_known(connection))


def rank(
    connection: Connection,
    *,
    area: str | None = None,
    level: str | None = None,
    category: str = ALL,
    horizon: str = "promised",
    year: int | None = None,
    order: str = "share",
    as_recorded: bool = False,
) -> tuple[Ranked, ...]:
    """Rank the areas within one.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    area
        Code of a province or city; None for the whole of the summary.
    level
        One of `LEVELS`; None for the next below `area`, or the provinces.
    category
        Code, or `ALL` for all kinds together.
    horizon, year
        One of the pairs of `Offered.horizons`.
    order
        One of `ORDERS`; with ``-`` before it the least first. ``kinds`` needs `ALL`.
    as_recorded
        Give the figures of an incomplete record as well.

    Returns
    -------
    tuple of Ranked
        Those without a rank at the end, in the order of their code where it is the figure of the order that is
        withheld.

    Raises
    ------
    InvalidParameterError
        When a value is none of what the summary offers.
    NotFoundError
        When no summary was imported, or it does not hold the area.
    """
    has = offered(connection)
    if has is None:
        raise NotFoundError("summary", "还没有导入全国汇总", "no summary of a national run was imported")
    _among("category", category, has.categories)
    _among("horizon", horizon, terms.HORIZON.codes)
    if (horizon, year) not in has.horizons:
        years = [str(found) for kind, found in has.horizons if kind == "by_year"]
        raise InvalidParameterError(
            "year", f"汇总中没有 {horizon} {year}", f"the summary has no {horizon} {year}", years
        )
    _among("order", order.removeprefix("-"), ORDERS)
    if order.removeprefix("-") == "kinds" and category != ALL:
        raise InvalidParameterError("order", f"kinds 只用于 category={ALL}", f"kinds is for category={ALL}")
    if area is not None:
        ranked_area(connection, area)
    if level is not None:
        _among("level", level, LEVELS)
    rows = once(
        connection, ("ranking", area, level, category, horizon, year),
        lambda: _ranking(connection, area=area, level=level, category=category, horizon=horizon, year=year),
    )  # fmt: skip
    return _ordered([_judged(row, as_recorded=as_recorded) for row in rows], order)


def _judged(row: Ranked, *, as_recorded: bool) -> Ranked:
    """Withhold the figures of an incomplete record, or say that they are as recorded."""
    if row.record == "complete":
        return row
    if as_recorded:
        return replace(row, as_recorded=True)
    return replace(
        row, certain=None, located=None, possible=None, gap_people=None, gaps=None, kinds_certain=None,
        kinds_located=None, kinds_possible=None,
    )  # fmt: skip


def _among(field: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InvalidParameterError(field, f"没有 {value[:40]!r}", f"there is no {value[:40]!r}", allowed)


def _ranking(
    connection: Connection, *, area: str | None, level: str | None, category: str, horizon: str, year: int | None
) -> tuple[Ranked, ...]:
    known = _known(connection)
    query = select(Summary).where(Summary.category == category, Summary.horizon == horizon)
    query = query.where(Summary.year.is_(None) if year is None else Summary.year == year)
    inside = known[area][1] if area is not None else None
    if inside is not None:
        column = {"province": Summary.province, "city": Summary.city, "county": Summary.adcode}[inside]
        query = query.where(column == area)
    wanted = level or {None: "province", "province": "city", "city": "county", "county": "county"}[inside]
    groups: dict[str, list[Any]] = {}
    for row in connection.execute(query.with_only_columns(*Summary.__table__.columns).order_by(Summary.adcode)):
        # A county that stands directly under its province is ranked among the cities.
        code = {"province": row.province, "city": row.city or row.adcode, "county": row.adcode}[wanted]
        groups.setdefault(code, []).append(row)
    return tuple(_sum(code, known[code], rows) for code, rows in sorted(groups.items()))


def _sum(code: str, named: tuple[str, str, str], rows: Sequence[Any]) -> Ranked:
    people = math.fsum(row.people for row in rows)

    def mean(name: str) -> float | None:
        values = [(getattr(row, name), row.people) for row in rows]
        if any(value is None for value, _ in values) or people <= 0:
            return None
        return math.fsum(value * weight for value, weight in values) / people

    def total(name: str) -> float:
        return math.fsum(getattr(row, name) for row in rows)

    gaps = [row.gaps for row in rows]
    states = {row.record for row in rows}
    sources: Counter[str] = Counter()
    for row in rows:
        sources.update(dict(json.loads(row.sources)))
    stated = dict.fromkeys((row.record_source, row.record_date or "") for row in rows if row.record_source)
    return Ranked(
        adcode=code, name=named[0], level=named[1], parent=named[2], rank=None, counties=len(rows), people=people,
        record=states.pop() if len(states) == 1 else "partial", complete=sum(row.record == "complete" for row in rows),
        as_recorded=False, on_record=sum(row.on_record for row in rows), promised=sum(row.promised for row in rows),
        sources=tuple(sorted(sources.items(), key=lambda one: (-one[1], one[0]))[:MOST_SOURCES]), stated=tuple(stated),
        certain=total("certain"), located=total("located"), possible=total("possible"), gap_people=total("gap_people"),
        gaps=None if any(gap is None for gap in gaps) else sum(gaps), kinds_certain=mean("kinds_certain"),
        kinds_located=mean("kinds_located"), kinds_possible=mean("kinds_possible"),
        methods=tuple(sorted({row.method for row in rows})), fallback=sum(bool(row.fallback) for row in rows),
        metres=tuple(sorted({row.metres for row in rows if row.metres is not None})),
        rules=tuple(sorted({row.rule for row in rows if row.rule is not None})),
    )  # fmt: skip


def _ordered(rows: Iterable[Ranked], order: str) -> tuple[Ranked, ...]:
    name = order.removeprefix("-")
    figures: Mapping[str, Any] = {
        "share": Ranked.share,
        "gap_people": lambda row: row.gap_people,
        "people": lambda row: row.people,
        "kinds": lambda row: row.kinds_located,
        "adcode": lambda row: row.adcode,
    }
    figure = figures[name]
    ascending = order.startswith("-") != (name == "adcode")
    # Sorted twice: areas of the same figure keep the order of their codes either way.
    by_code = sorted(rows, key=lambda row: row.adcode)
    known = [row for row in by_code if row.told and figure(row) is not None]
    ranked: list[Ranked] = []
    for place, row in enumerate(sorted(known, key=figure, reverse=not ascending), 1):
        same = bool(ranked) and figure(ranked[-1]) == figure(row)
        ranked.append(replace(row, rank=ranked[-1].rank if same else place))
    nobody = [replace(row, rank=len(ranked) + 1) for row in by_code if row.told and figure(row) is None]
    withheld = [row for row in by_code if not row.told]
    if name not in _OF_RECORD:
        withheld.sort(key=figure, reverse=not ascending)
    return (*ranked, *nobody, *withheld)


def shapes(connection: Connection, codes: Iterable[str]) -> dict[str, BaseGeometry]:
    """Give the simplified boundaries of areas of the summary, WGS 84 degrees, by code.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    codes
        Which.
    """
    wanted = tuple(codes)
    query = select(RankedArea.adcode, RankedArea.geom).where(RankedArea.adcode.in_(wanted))
    return {code: shape for code, shape in connection.execute(query) if shape is not None}
