"""The plans' indicators, asked for by filter. Asked through `service_map.store.queries`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.store import cursor as cursors
from service_map.store.conditions import (
    MAX_LIMIT,
    among,
    around,
    as_written,
    at_most_one,
    check_choices,
    check_limit,
    saying,
    vocabulary,
)
from service_map.store.models import Category, Indicator, Plan
from service_map.store.records import IndicatorFilter, IndicatorPage, IndicatorRecord

_COLUMNS = [Indicator.__table__.c[field.name] for field in fields_of(IndicatorRecord) if field.stored]
_KEY = (Indicator.plan, Indicator.line, Indicator.fid)


def indicators(
    connection: Connection, wanted: IndicatorFilter | None = None, *, limit: int = 100, cursor: str | None = None
) -> IndicatorPage:
    """Give a page of indicators.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all.
    limit
        Most items, 1 to `MAX_LIMIT`.
    cursor
        The ``next_cursor`` of the page before.

    Returns
    -------
    IndicatorPage
        Ordered by plan and line, as they are read.

    Raises
    ------
    InvalidParameterError
        For ``plan``, ``category``, ``family``, ``binding``, ``form``, ``area``, ``year``, ``q``, ``limit`` and
        ``cursor``.
    """
    check_limit(limit)
    conditions = _conditions(connection, wanted or IndicatorFilter())
    query = (
        select(
            *_COLUMNS, Plan.title.label("plan_title"), Category.zh.label("category_zh"),
            Category.en.label("category_en"), Indicator.fid,
        )
        .join(Plan, Plan.id == Indicator.plan)
        .outerjoin(Category, Category.code == Indicator.category)
        .where(*conditions)
        .order_by(*_KEY)
        .limit(limit + 1)
    )  # fmt: skip
    if cursor is not None:
        query = query.where(tuple_(*_KEY) > tuple_(*cursors.read(cursor, kind="indicators", types=(str, int, int))))
    rows = connection.execute(query).mappings().all()
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1] if more else None
    if cursor is None and not more:
        matched = len(rows)
    else:
        matched = connection.scalar(select(func.count()).select_from(Indicator).where(*conditions)) or 0
    return IndicatorPage(
        items=tuple(_record(row) for row in rows),
        next_cursor=None if last is None else cursors.write("indicators", (last["plan"], last["line"], last["fid"])),
        matched=matched,
    )


def every_indicator(connection: Connection, wanted: IndicatorFilter) -> tuple[IndicatorRecord, ...]:
    """Give all indicators that a filter meets, whatever their number, in the order of `indicators`.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.

    Raises
    ------
    InvalidParameterError
        As for `indicators`.
    """
    return cursors.every(lambda cursor: indicators(connection, wanted, limit=MAX_LIMIT, cursor=cursor))


def _conditions(connection: Connection, wanted: IndicatorFilter) -> list[ColumnElement[bool]]:
    known = vocabulary(connection)
    check_choices(wanted, known)
    among("binding", at_most_one(wanted.binding), terms.BINDING.codes)
    among("form", at_most_one(wanted.form), terms.FORM.codes)
    conditions: list[ColumnElement[bool]] = [
        column.in_(values)
        for column, values in (
            (Indicator.plan, wanted.plans),
            (Indicator.category, wanted.categories),
            (Indicator.family, wanted.families),
            (Indicator.binding, at_most_one(wanted.binding)),
            (Indicator.form, at_most_one(wanted.form)),
        )
        if values
    ]
    if wanted.year is not None:
        conditions.append(Indicator.due <= wanted.year)
    if wanted.area is not None:
        conditions.append(around(Indicator.adcode, wanted.area))
    return conditions + saying(wanted.q, (Indicator.name, Indicator.section), Indicator, known)


def _record(row: Mapping[Any, Any]) -> IndicatorRecord:
    told = {name: value for name, value in row.items() if name != "fid"}
    return IndicatorRecord(**told | {"base": as_written(row["base"]), "target": as_written(row["target"])})
