"""What facilities rest on: areas, plans and the plans' commitments. Asked through `service_map.store.queries`."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, tuple_

from service_map.catalogue import terms
from service_map.catalogue.adcode import covers
from service_map.catalogue.fields import fields_of
from service_map.errors import NotFoundError
from service_map.store import cursor as cursors
from service_map.store import promises
from service_map.store.conditions import (
    MAX_LIMIT,
    among,
    as_written,
    at_most_one,
    check_box,
    check_choices,
    check_limit,
    saying,
    shown,
    storable,
    vocabulary,
    within,
)
from service_map.store.geometry import Box, overlaps_box
from service_map.store.models import (
    Area,
    Category,
    Citation,
    Commitment,
    Facility,
    Plan,
    PromiseCitation,
    Quota,
    Requirement,
)
from service_map.store.records import AreaRecord, CommitmentFilter, CommitmentPage, CommitmentRecord, PlanRecord


def _stored(model: Any, record: type) -> list[Any]:
    """Give the columns of a record's table."""
    return [model.__table__.c[field.name] for field in fields_of(record) if field.stored]


_COMMITMENT_KEY = (Commitment.plan, Commitment.line, Commitment.id)


def areas(
    connection: Connection, *, bbox: Box | None = None, level: str | None = None, with_geometry: bool = False
) -> tuple[AreaRecord, ...]:
    """Give the areas, by code.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    bbox
        Only those whose extent touches this box.
    level
        Only ``city``, ``county`` or ``township``.
    with_geometry
        Boundaries too; they are large.

    Raises
    ------
    InvalidParameterError
        For ``bbox`` and ``level``.
    """
    conditions: list[ColumnElement[bool]] = []
    if bbox is not None:
        check_box(bbox)
        conditions.append(overlaps_box(Area.geom, bbox))
    if level is not None:
        among("level", (level,), ("city", "county", "township"))
        conditions.append(Area.level == level)
    return _areas(connection, conditions, with_geometry=with_geometry)


def area(connection: Connection, adcode: str) -> AreaRecord:
    """Give one area with its boundary.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    adcode
        Its code.

    Raises
    ------
    NotFoundError
        When there is none of that code.
    """
    found = _areas(connection, [Area.adcode == storable(adcode)], with_geometry=True)
    if not found:
        raise NotFoundError("adcode", f"没有行政区 {shown(adcode)}", f"there is no area {shown(adcode)}")
    return found[0]


def _areas(
    connection: Connection, conditions: list[ColumnElement[bool]], *, with_geometry: bool
) -> tuple[AreaRecord, ...]:
    columns = _stored(Area, AreaRecord)
    if with_geometry:
        columns.append(Area.geom.label("geometry"))
    promised = select(Facility.adcode, func.count()).where(Facility.status != "existing").group_by(Facility.adcode)
    per_code: dict[str, int] = dict(connection.execute(promised).all())
    return tuple(
        AreaRecord(**row, facilities=sum(count for code, count in per_code.items() if covers(row["adcode"], code)))
        for row in connection.execute(select(*columns).where(*conditions).order_by(Area.adcode)).mappings()
    )


def plans(connection: Connection) -> tuple[PlanRecord, ...]:
    """Give the plans, in the order of ``plans.toml``.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    return _plans(connection, [])


def plan(connection: Connection, plan_id: str) -> PlanRecord:
    """Give one plan.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    plan_id
        Its id.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    found = _plans(connection, [Plan.id == storable(plan_id)])
    if not found:
        raise NotFoundError("plan", f"没有规划 {shown(plan_id)}", f"there is no plan {shown(plan_id)}")
    return found[0]


def _plans(connection: Connection, conditions: list[ColumnElement[bool]]) -> tuple[PlanRecord, ...]:
    promised: dict[str, int] = dict(
        connection.execute(select(Commitment.plan, func.count()).group_by(Commitment.plan)).all()
    )
    mapped: dict[str, int] = dict(
        connection.execute(
            select(Commitment.plan, func.count(Citation.facility.distinct()))
            .join(Citation, Citation.commitment == Commitment.id)
            .group_by(Commitment.plan)
        ).all()
    )  # fmt: skip
    others: Counter[tuple[str, str]] = Counter()
    for (name, plan_id, _), number in promises.promised(connection).items():
        others[name, plan_id] += number if name == "intents" else 0
    for name, model, whole in (
        ("requirements", Requirement, Requirement.id.is_not(None)), ("quotas", Quota, Quota.part_of.is_(None)),
    ):  # fmt: skip
        said = (
            select(Commitment.plan, func.count(model.id.distinct()))
            .join(PromiseCitation, PromiseCitation.commitment == Commitment.id)
            .join(model, model.id == PromiseCitation.promise)
            .where(whole)
            .group_by(Commitment.plan)
        )
        others.update({(name, plan_id): number for plan_id, number in connection.execute(said)})
    return tuple(
        PlanRecord(
            **row, commitments=promised.get(row["id"], 0), facilities=mapped.get(row["id"], 0),
            requirements=others["requirements", row["id"]], quotas=others["quotas", row["id"]],
            intents=others["intents", row["id"]],
        )
        for row in connection.execute(
            select(*_stored(Plan, PlanRecord)).where(*conditions).order_by(Plan.fid)
        ).mappings()
    )  # fmt: skip


def commitments(
    connection: Connection, wanted: CommitmentFilter | None = None, *, limit: int = 100, cursor: str | None = None
) -> CommitmentPage:
    """Give a page of commitments, with the ids of the facilities that stand for them on the map.

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
    CommitmentPage
        Ordered by plan, line and id.

    Raises
    ------
    InvalidParameterError
        For ``plan``, ``category``, ``family``, ``kind``, ``area``, ``year``, ``q``, ``limit`` and ``cursor``.
    """
    check_limit(limit)
    conditions = _commitment_conditions(connection, wanted or CommitmentFilter())
    query = (
        select(
            *_stored(Commitment, CommitmentRecord), Plan.title.label("plan_title"), Category.zh.label("category_zh"),
            Category.en.label("category_en"), Category.family,
        )
        .join(Plan, Plan.id == Commitment.plan)
        .join(Category, Category.code == Commitment.category)
        .where(*conditions)
        .order_by(*_COMMITMENT_KEY)
        .limit(limit + 1)
    )  # fmt: skip
    if cursor is not None:
        after = cursors.read(cursor, kind="commitments", types=(str, int, str))
        query = query.where(tuple_(*_COMMITMENT_KEY) > tuple_(*after))
    rows = connection.execute(query).mappings().all()
    more = len(rows) > limit
    rows = rows[:limit]
    mapped: dict[str, list[str]] = {row["id"]: [] for row in rows}
    if mapped:
        links = select(Citation.commitment, Citation.facility).where(Citation.commitment.in_(mapped))
        for owner, facility_id in connection.execute(links.order_by(Citation.commitment, Citation.facility)):
            mapped[owner].append(facility_id)
    without_place: dict[str, list[str]] = {name: [] for name in mapped}
    if mapped:
        said = select(PromiseCitation.commitment, PromiseCitation.promise).where(PromiseCitation.commitment.in_(mapped))
        for owner, promise in connection.execute(said.order_by(PromiseCitation.commitment, PromiseCitation.promise)):
            without_place[owner].append(promise)
    items = tuple(_commitment(row, mapped[row["id"]], without_place[row["id"]]) for row in rows)
    last = items[-1] if more else None
    if cursor is None and not more:
        matched = len(items)
    else:
        count = select(func.count()).select_from(Commitment).join(Category, Category.code == Commitment.category)
        matched = connection.scalar(count.where(*conditions)) or 0
    return CommitmentPage(
        items=items,
        next_cursor=None if last is None else cursors.write("commitments", (last.plan, last.line, last.id)),
        matched=matched,
    )


def cursor_at(plan: str, line: int) -> str:
    """Give the cursor of the page of `commitments` that begins with what a line of a plan promises."""
    return cursors.write("commitments", (plan, line, ""))


def every_commitment(connection: Connection, wanted: CommitmentFilter) -> tuple[CommitmentRecord, ...]:
    """Give all commitments that a filter meets, whatever their number, in the order of `commitments`.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.

    Raises
    ------
    InvalidParameterError
        As for `commitments`.
    """
    return cursors.every(lambda cursor: commitments(connection, wanted, limit=MAX_LIMIT, cursor=cursor))


def _commitment_conditions(connection: Connection, wanted: CommitmentFilter) -> list[ColumnElement[bool]]:
    known = vocabulary(connection)
    check_choices(wanted, known)
    among("kind", at_most_one(wanted.kind), terms.KIND.codes)
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (Commitment.plan, wanted.plans),
        (Commitment.category, wanted.categories),
        (Category.family, wanted.families),
        (Commitment.kind, at_most_one(wanted.kind)),
    ):
        if values:
            conditions.append(column.in_(values))
    if wanted.year is not None:
        conditions.append(Commitment.due <= wanted.year)
    if wanted.area is not None:
        conditions.append(
            or_(
                Commitment.plan.in_(select(Plan.id).where(within(Plan.adcode, wanted.area))),
                Commitment.id.in_(
                    select(Citation.commitment)
                    .join(Facility, Facility.id == Citation.facility)
                    .where(within(Facility.adcode, wanted.area))
                ),
            )
        )
    said = (Commitment.label, Commitment.name, Commitment.place, Commitment.section)
    return conditions + saying(wanted.q, said, Commitment, known)


def _commitment(row: Mapping[Any, Any], mapped: list[str], promises: list[str]) -> CommitmentRecord:
    return CommitmentRecord(
        **{**row, "count": as_written(row["count"])}, facilities=tuple(mapped), promises=tuple(promises)
    )
