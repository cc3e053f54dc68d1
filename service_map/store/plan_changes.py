"""What plans do with the promises of the plans that they follow: the rows of a build, and who asks for them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from service_map import catalogue, places, plans
from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.errors import NotFoundError
from service_map.store import cursor as cursors
from service_map.store.conditions import (
    among,
    as_written,
    at_most_one,
    check_area,
    check_limit,
    shown,
    vocabulary,
    within,
)
from service_map.store.models import Facility, PlanChange, Quota, Requirement
from service_map.store.records import PlanChangeFilter, PlanChangePage, PlanChangeRecord

_NUMBERS = ("count_before", "capacity_before", "count", "capacity")
_COLUMNS = [PlanChange.__table__.c[field.name] for field in fields_of(PlanChangeRecord)]


def change_rows(
    changes: Iterable[places.PlanChange],
    listed: Mapping[str, plans.Plan],
    categories: Mapping[str, catalogue.Category],
    named: Callable[[str, str], str],
) -> list[dict[str, Any]]:
    """Give the rows of the table ``plan_changes``.

    Parameters
    ----------
    changes
        What `service_map.places.plan_changes` told, in its order.
    listed, categories
        The plans by their ids, and the kinds of facility by their codes.
    named
        Names an area by its code; the second argument says who asks.

    Returns
    -------
    list of dict
        In the order given.
    """
    return [_row(one, listed, categories[one.category], named) for one in changes]


def _row(
    one: places.PlanChange,
    listed: Mapping[str, plans.Plan],
    kind: catalogue.Category,
    named: Callable[[str, str], str],
) -> dict[str, Any]:
    former, own = one.former, one.commitment
    told = one.item or ("" if own is None else own.id)
    return {
        "id": f"{one.plan}-{told}", "plan": one.plan, "change": one.change, "sort": one.sort, "item": one.item,
        "name": one.name, "category": one.category, "category_zh": kind.zh, "category_en": kind.en,
        "family": kind.family, "adcode": one.adcode, "area_name": named(one.adcode, told),
        "differs": ";".join(one.differs) or None,
        "former_plan": former and former.plan, "former": former and former.id, "former_line": former and former.line,
        "count_before": _float(one.said_before.get("count")),
        "capacity_before": _float(one.said_before.get("capacity")),
        "action_before": one.said_before.get("action"), "year_before": one.said_before.get("year"),
        "due_before": former and (one.said_before.get("year") or listed[former.plan].period[1]),
        "commitment": own and own.id, "line": own and own.line,
        "count": _float(one.said.get("count")), "unit": one.said.get("unit") or one.said_before.get("unit"),
        "capacity": _float(one.said.get("capacity")),
        "capacity_unit": one.said.get("capacity_unit") or one.said_before.get("capacity_unit"),
        "action": one.said.get("action"), "year": one.said.get("year"),
        "due": (one.said.get("year") or listed[own.plan].period[1]) if own and one.change != "cancelled" else None,
        "candidates": ";".join(one.candidates) or None,
    }  # fmt: skip


def plan_changes(
    connection: Connection, wanted: PlanChangeFilter, *, limit: int = 100, cursor: str | None = None
) -> PlanChangePage:
    """Give a page of what a plan does with the promises of the plans that it follows.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.
    limit
        Most items, 1 to `service_map.store.conditions.MAX_LIMIT`.
    cursor
        The ``next_cursor`` of the page before.

    Returns
    -------
    PlanChangePage
        Without items for a plan that follows none.

    Raises
    ------
    NotFoundError
        When there is no such plan.
    InvalidParameterError
        For ``change``, ``area``, ``category``, ``family``, ``limit`` and ``cursor``.
    """
    check_limit(limit)
    conditions = _conditions(connection, wanted)
    counts: dict[str, int] = dict(
        connection.execute(select(PlanChange.change, func.count()).where(*conditions).group_by(PlanChange.change)).all()
    )
    told = dict.fromkeys(terms.CHANGE.codes, 0) | counts
    if wanted.change is not None:
        conditions.append(PlanChange.change == wanted.change)
    query = select(*_COLUMNS, PlanChange.fid).where(*conditions).order_by(PlanChange.fid).limit(limit + 1)
    if cursor is not None:
        (after,) = cursors.read(cursor, kind="plan_changes", types=(int,))
        query = query.where(PlanChange.fid > after)
    rows = connection.execute(query).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    return PlanChangePage(
        items=tuple(_record(row) for row in rows),
        next_cursor=cursors.write("plan_changes", (rows[-1]["fid"],)) if more else None,
        matched=sum(counts.values()) if wanted.change is None else told[wanted.change],
        counts=told,
    )


def names_of(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Name facilities, requirements and quotas by their ids; those that are not there are left out."""
    found: dict[str, str] = {}
    for model in (Facility, Requirement, Quota):
        found |= dict(connection.execute(select(model.id, model.name).where(model.id.in_(list(ids)))).all())
    return found


def _conditions(connection: Connection, wanted: PlanChangeFilter) -> list[ColumnElement[bool]]:
    known = vocabulary(connection)
    if wanted.plan not in known.plans:
        raise NotFoundError("plan", f"没有规划 {shown(wanted.plan)}", f"there is no plan {shown(wanted.plan)}")
    among("change", at_most_one(wanted.change), terms.CHANGE.codes)
    among("category", wanted.categories, known.categories)
    among("family", wanted.families, known.families)
    conditions: list[ColumnElement[bool]] = [PlanChange.plan == wanted.plan]
    for column, values in ((PlanChange.category, wanted.categories), (PlanChange.family, wanted.families)):
        if values:
            conditions.append(column.in_(values))
    if wanted.area is not None:
        check_area(wanted.area, known)
        conditions.append(within(PlanChange.adcode, wanted.area))
    return conditions


def _record(row: Mapping[Any, Any]) -> PlanChangeRecord:
    told = {name: as_written(value) if name in _NUMBERS else value for name, value in row.items() if name != "fid"}
    return PlanChangeRecord(**told)


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)
