"""What plans promise without a place: requirements and quotas. Asked through `service_map.store.queries`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from service_map.catalogue import terms
from service_map.catalogue.adcode import related
from service_map.catalogue.fields import fields_of
from service_map.errors import Fault, GoneError, NotFoundError
from service_map.store import cursor as cursors
from service_map.store.conditions import (
    among,
    around,
    as_written,
    at_most_one,
    check_choices,
    check_limit,
    once,
    saying,
    shown,
    storable,
    vocabulary,
)
from service_map.store.database import day_of
from service_map.store.models import (
    Commitment,
    Facility,
    Plan,
    PromiseCitation,
    Quota,
    QuotaFacility,
    Report,
    Requirement,
    Retired,
    Unit,
)
from service_map.store.records import (
    Citation,
    PromiseFilter,
    QuotaPage,
    QuotaRecord,
    RequirementPage,
    RequirementRecord,
    RequirementUnit,
)
from service_map.store.state import is_over, state_at

_NUMBERS = ("count", "count_max", "capacity", "named", "left_over")
_UNIT_FIELDS = tuple(field.name for field in fields_of(RequirementUnit))


def requirements(
    connection: Connection, wanted: PromiseFilter | None = None, *, limit: int = 100, cursor: str | None = None
) -> RequirementPage:
    """Give a page of requirements (普遍要求) with their units and citations.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all. Its area is answered upward too: a county is told what its city's plan asks of every
        county. ``units`` are then those that lie in the area or around it.
    limit
        Most items, 1 to `service_map.store.conditions.MAX_LIMIT`.
    cursor
        The ``next_cursor`` of the page before.

    Returns
    -------
    RequirementPage
        Ordered by area, category and id.

    Raises
    ------
    InvalidParameterError
        For ``area``, ``category``, ``family``, ``plan``, ``per``, ``state``, ``year``, ``q``, ``limit`` and ``cursor``.
    """
    wanted = wanted or PromiseFilter()
    rows, following, matched = _page(connection, Requirement, wanted, limit=limit, cursor=cursor)
    return RequirementPage(items=_requirements(connection, rows, wanted.area), next_cursor=following, matched=matched)


def requirement(connection: Connection, requirement_id: str) -> RequirementRecord:
    """Give one requirement with all its units.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    requirement_id
        Its permanent id.

    Raises
    ------
    GoneError
        When one of that id was published once and stands no more.
    NotFoundError
        When there is none of that id.
    """
    return _requirements(connection, [_one(connection, Requirement, requirement_id, "普遍要求", "requirement")], None)[
        0
    ]


def quotas(
    connection: Connection, wanted: PromiseFilter | None = None, *, limit: int = 100, cursor: str | None = None
) -> QuotaPage:
    """Give a page of quotas (数量承诺) with their parts, what of them is named, and citations; as `requirements`.

    Raises
    ------
    InvalidParameterError
        For ``area``, ``category``, ``family``, ``plan``, ``year``, ``q``, ``limit`` and ``cursor``.
    """
    wanted = wanted or PromiseFilter()
    rows, following, matched = _page(connection, Quota, wanted, limit=limit, cursor=cursor)
    return QuotaPage(items=_quotas(connection, rows), next_cursor=following, matched=matched)


def quota(connection: Connection, quota_id: str) -> QuotaRecord:
    """Give one quota; as `requirement`."""
    return _quotas(connection, [_one(connection, Quota, quota_id, "数量承诺", "quota")])[0]


def promised(connection: Connection) -> Mapping[tuple[str, str, str], int]:
    """Count requirements, quotas and intentions by the plan whose word holds, and category.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.

    Returns
    -------
    mapping of (str, str, str) to int
        ``requirements``, ``quotas`` or ``intents``, id of the plan and code of the category; only those that occur. A
        quota that is a part of another does not count.
    """

    def count() -> Mapping[tuple[str, str, str], int]:
        found: dict[tuple[str, str, str], int] = {}
        for name, model, condition in (
            ("requirements", Requirement, Requirement.id.is_not(None)),
            ("quotas", Quota, Quota.part_of.is_(None)),
            ("intents", Commitment, Commitment.kind == "intent"),
        ):
            key = (model.plan, model.category)
            rows = connection.execute(select(*key, func.count()).where(condition).group_by(*key).order_by(*key))
            found |= {(name, plan, category): number for plan, category, number in rows}
        return found

    return once(connection, "promised", count)


def _page(
    connection: Connection, model: Any, wanted: PromiseFilter, *, limit: int, cursor: str | None
) -> tuple[Sequence[Mapping[Any, Any]], str | None, int]:
    check_limit(limit)
    kind: str = model.__table__.name
    conditions = _conditions(connection, model, wanted)
    key = (model.adcode, model.category, model.id)
    query = select(model.__table__).where(*conditions).order_by(*key).limit(limit + 1)
    if cursor is not None:
        query = query.where(tuple_(*key) > tuple_(*cursors.read(cursor, kind=kind, types=(str, str, str))))
    rows = connection.execute(query).mappings().all()
    more = len(rows) > limit
    rows = rows[:limit]
    matched = len(rows)
    if more or cursor is not None:
        count = select(func.count()).select_from(model).where(*conditions)
        matched = once(connection, (kind, wanted), lambda: connection.scalar(count) or 0)
    following = None
    if more:
        last = rows[-1]
        following = cursors.write(kind, (last["adcode"], last["category"], last["id"]))
    return rows, following, matched


def _one(connection: Connection, model: Any, asked: str, zh: str, en: str) -> Mapping[Any, Any]:
    row = connection.execute(select(model.__table__).where(model.id == storable(asked))).mappings().one_or_none()
    if row is None:
        tell_gone(connection, asked)
        raise NotFoundError("id", f"没有{zh} {shown(asked)}", f"there is no {en} {shown(asked)}")
    return row


def tell_gone(connection: Connection, asked: str) -> None:
    """Raise `GoneError` for an id that was published once, with where it went; do nothing for any other."""
    found = connection.execute(
        select(Retired.successor, Retired.date, Retired.reason, Retired.adcode, Retired.name, Retired.category).where(
            Retired.id == storable(asked)
        )
    ).one_or_none()
    if found is None:
        return
    successor, date, reason, area, name, category = found
    zh, en = {
        "merged": Fault(
            f"与 {successor} 是同一项，自 {date} 起并入后者",
            f"is the same as {successor} and stands there since {date}",
        ),
        "rule": Fault(
            f"自 {date} 起不再是一处设施：规划对每个县区等的要求，见普遍要求 {successor}",
            f"is no facility since {date}: the plan asks it of every county, see requirement {successor}",
        ),
        "quota": Fault(
            f"自 {date} 起不再是一处设施：规划只有数量，见数量承诺 {successor}",
            f"is no facility since {date}: the plan gives a number only, see the quota {successor}",
        ),
        "intent": Fault(
            f"自 {date} 起不再有：重新核对后，规划只说了意向",
            f"is gone since {date}: read again, the plan tells an intention only",
        ),
        "dropped": Fault(
            f"自 {date} 起不再有：重新核对后，规划文本中没有这一项",
            f"is gone since {date}: read again, no plan promises it",
        ),
    }[reason]
    raise GoneError(
        "id", f"{shown(asked)} 曾经发布，{zh}", f"{shown(asked)} was published once and {en}",
        successor=successor, reason=reason, area=area, name=name, category=category, date=date,
    )  # fmt: skip


def _conditions(connection: Connection, model: Any, wanted: PromiseFilter) -> list[ColumnElement[bool]]:
    known = vocabulary(connection)
    check_choices(wanted, known)
    among("per", at_most_one(wanted.per), terms.PER.codes)
    among("state", at_most_one(wanted.state), terms.PROMISE_STATE.codes)
    conditions: list[ColumnElement[bool]] = []
    if wanted.plans:
        # One that several plans say belongs to each of them.
        said = select(PromiseCitation.promise).join(Commitment, Commitment.id == PromiseCitation.commitment)
        conditions.append(model.id.in_(said.where(Commitment.plan.in_(wanted.plans))))
    for column, values in (
        (model.category, wanted.categories), (model.family, wanted.families),
    ):  # fmt: skip
        if values:
            conditions.append(column.in_(values))
    if wanted.year is not None:
        conditions.append(model.due <= wanted.year)
    if wanted.area is not None:
        conditions.append(around(model.adcode, wanted.area))
    if model is Requirement:
        conditions += _of_units(wanted)
    return conditions + saying(wanted.q, (model.name, model.place, model.area_name), model, known)


def _of_units(wanted: PromiseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.per is not None:
        conditions.append(Requirement.per == wanted.per)
    asked = select(Unit.requirement)
    if wanted.area is not None:
        # What a city asks of its districts is not asked of its counties.
        asked = asked.where(around(Unit.adcode, wanted.area))
    if wanted.state is not None:
        asked = asked.where(Unit.state == wanted.state)
    if wanted.area is not None or wanted.state is not None:
        conditions.append(Requirement.id.in_(asked))
    return conditions


def _requirements(
    connection: Connection, rows: Sequence[Mapping[Any, Any]], area: str | None
) -> tuple[RequirementRecord, ...]:
    ids = [row["id"] for row in rows]
    units: dict[str, list[RequirementUnit]] = defaultdict(list)
    if ids:
        found = connection.execute(
            select(*(Unit.__table__.c[name] for name in _UNIT_FIELDS))
            .where(Unit.requirement.in_(ids))
            .order_by(Unit.requirement, Unit.adcode)
        ).mappings()
        for row in found:
            if area is None or related(area, row["adcode"]):
                units[row["requirement"]].append(RequirementUnit(**row))
    cited = _citations(connection, ids)
    return tuple(
        RequirementRecord(**_fields(row), **_cited(cited[row["id"]]), units=tuple(units[row["id"]])) for row in rows
    )


def _quotas(connection: Connection, rows: Sequence[Mapping[Any, Any]]) -> tuple[QuotaRecord, ...]:
    ids = [row["id"] for row in rows]
    named: dict[str, list[str]] = defaultdict(list)
    parts: dict[str, list[str]] = defaultdict(list)
    if ids:
        links = select(QuotaFacility.quota, QuotaFacility.facility).where(QuotaFacility.quota.in_(ids))
        for owner, name in connection.execute(links.order_by(QuotaFacility.quota, QuotaFacility.facility)):
            named[owner].append(name)
        of = select(Quota.part_of, Quota.id).where(Quota.part_of.in_(ids))
        for owner, name in connection.execute(of.order_by(Quota.part_of, Quota.due, Quota.category, Quota.id)):
            parts[owner].append(name)
    cited = _citations(connection, ids)
    verified = _verified(connection, ids)
    return tuple(
        QuotaRecord(
            **_fields(row), **_what_became(row, verified[row["id"]], day_of(connection)),
            **_cited(cited[row["id"]]), facilities=tuple(named[row["id"]]),
            parts=tuple(parts[row["id"]]),
        )
        for row in rows
    )  # fmt: skip


def _verified(connection: Connection, ids: Sequence[str]) -> Mapping[str, dict[str, float]]:
    """Count how many of each quota are verified on the day, by what they are verified to be."""
    found: dict[str, dict[str, float]] = {name: dict.fromkeys(terms.STATE, 0) for name in ids}
    if not ids:
        return found
    day = day_of(connection)
    state = state_at(day).label("state")
    named = (
        select(QuotaFacility.quota, state, func.sum(Facility.count))
        .join(Facility, Facility.id == QuotaFacility.facility)
        .where(QuotaFacility.quota.in_(ids))
        .group_by(QuotaFacility.quota, state)
    )
    for quota_id, told, number in connection.execute(named):
        found[quota_id][told] = number
    said = select(Report.promise, Report.status, Report.count).where(
        Report.promise.in_(ids), Report.since <= day.isoformat(), Report.count.is_not(None)
    )
    # Of each state the latest report; those named are part of the number.
    for quota_id, latest in _latest(connection.execute(said.order_by(Report.since, Report.fid))).items():
        for told, number in latest.items():
            found[quota_id][told] = max(found[quota_id][told], number)
    return found


def _latest(rows: Iterable[Any]) -> Mapping[str, Mapping[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for quota_id, told, number in rows:
        found[quota_id][told] = number
    return found


def _what_became(row: Mapping[Any, Any], verified: Mapping[str, float], day: date) -> dict[str, Any]:
    counted = {name: as_written(verified[name]) for name in ("under_construction", "not_built", "cancelled")}
    state = "overdue" if is_over(row["due"], day) else "not_due"
    if row["count"] is not None and verified["open"] >= row["count"]:
        state = "open"
    elif row["count"] is not None and verified["cancelled"] >= row["count"]:
        state = "cancelled"
    return {"state": state, "state_as_of": day.isoformat(), "built": as_written(verified["open"]), **counted}


def _fields(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: as_written(row[name]) if name in _NUMBERS else row[name] for name in row if name != "fid"}


def _cited(citations: Sequence[Citation]) -> dict[str, Any]:
    return {"citations": tuple(citations), "commitments": tuple(citation.commitment for citation in citations)}


def _citations(connection: Connection, ids: Iterable[str]) -> Mapping[str, list[Citation]]:
    cited: dict[str, list[Citation]] = {name: [] for name in ids}
    if not cited:
        return cited
    found = connection.execute(
        select(
            PromiseCitation.promise, Commitment.plan, Plan.title, Commitment.section, Commitment.line,
            Commitment.passage_sha256, Commitment.passage, Commitment.id, Commitment.label, Plan.url,
        )
        .join(Commitment, Commitment.id == PromiseCitation.commitment)
        .join(Plan, Plan.id == Commitment.plan)
        .where(PromiseCitation.promise.in_(list(cited)))
        .order_by(PromiseCitation.promise, PromiseCitation.position)
    )  # fmt: skip
    for owner, plan, title, section, line, digest, passage, commitment, label, url in found.all():
        cited[owner].append(
            Citation(
                plan=plan, plan_title=title, section=section, line=line, passage_sha256=digest, passage=passage,
                commitment=commitment, label=label, url=url,
            )
        )  # fmt: skip
    return cited
