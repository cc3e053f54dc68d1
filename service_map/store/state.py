"""When a promise is due, and its state on a day: the one place where either is derived.

What is stored is the year by whose end a promise is due and what somebody reported of it, as a history. A year ends
with its 31st of December. The day is that of the reader's transaction (`service_map.store.database.day_of`).
"""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from service_map.store.models import Facility, Report


def due(stated: int | None, ends: Iterable[int]) -> tuple[int | None, str | None]:
    """Give the year by whose end a promise is due, and whence it is.

    Parameters
    ----------
    stated
        The year that the plan itself states, or None.
    ends
        Last years of the terms of the plans that promise it.

    Returns
    -------
    (int, str) or (None, None)
        The year, and one of `service_map.catalogue.terms.DUE_BASIS`; the latest end, where several plans promise it.
        None for what no plan promises and of which no year is stated.
    """
    if stated is not None:
        return stated, "stated"
    last = max(ends, default=None)
    return (None, None) if last is None else (last, "term")


def is_over(year: int | None, day: date) -> bool:
    """Say whether a year has ended by a day; a year that nobody states has not."""
    return year is not None and day.year > year


def state_on(status: str, year: int | None, day: date) -> str:
    """Give the state on a day of what stands in no table, such as a facility that a caller brings; as `state_at`."""
    if status != "planned":
        return status
    return "undated" if year is None else "overdue" if is_over(year, day) else "not_due"


@cache
def state_at(day: date) -> ColumnElement[str]:
    """Give the state of a row of ``facilities`` on a day, one of `service_map.catalogue.terms.STATE`.

    Parameters
    ----------
    day
        The day.

    Returns
    -------
    ColumnElement
        What the latest report of that day or before says; where there is none that says more than the plan, whether
        it was due.
    """
    waiting = case(
        (Facility.due.is_(None), "undated"), (Facility.due < day.year, "overdue"), else_="not_due",
    )  # fmt: skip
    told = func.coalesce(func.nullif(_latest(Report.status, day), "planned"), waiting)
    return case((Facility.status == "existing", "existing"), else_=told)


@cache
def source_at(day: date) -> ColumnElement[str | None]:
    """Give who made the report on which the state of a row of ``facilities`` on a day rests; NULL for nobody."""
    return _latest(Report.source, day)


def _latest(column: Any, day: date) -> ColumnElement[Any]:
    told: ColumnElement[Any] = (
        select(column)
        .where(Report.promise == Facility.id, Report.since <= day.isoformat())
        .order_by(Report.since.desc(), Report.fid.desc())
        .limit(1)
        .correlate(Facility.__table__)
        .scalar_subquery()
    )
    return told
