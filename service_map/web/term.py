"""Whether the time in which plans promised something is over, and how much of it anybody has verified since.

The day is that of the transaction (`service_map.store.day_of`); what is due and in which state it is says
`service_map.store.state`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import flask_babel
from sqlalchemy import Connection

from service_map.catalogue.adcode import related
from service_map.catalogue.terms import VERIFIED
from service_map.store import day_of, queries
from service_map.store.records import FacilityFilter, FacilityRecord, PlanRecord
from service_map.store.state import is_over
from service_map.web import labels


def _(message: str, **values: object) -> str:
    return str(flask_babel.gettext(message, **values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What is due of what plans promise, and how much of it somebody has verified.

    Attributes
    ----------
    first, last
        Years with which the terms ended; 0 where none has ended.
    over, among
        Plans whose term is over, and all that concern what was asked.
    due
        Facilities that are due: those whose year has ended.
    verified
        Those of them of which somebody with a source reported what became of them, by state.
    """

    first: int
    last: int
    over: int
    among: int
    due: int
    verified: Mapping[str, int]


def ended(
    connection: Connection, plans: Sequence[PlanRecord], *, area: str | None = None, plan: str | None = None
) -> Term | None:
    """Count what is due by the day of a transaction, and what of it has been verified.

    Parameters
    ----------
    connection
        For `service_map.store.queries`.
    plans
        All plans.
    area
        Code of an area: only plans for it, around it or within it, and only what they promise there.
    plan
        Id of a plan: only that one.

    Returns
    -------
    Term or None
        None where no plan that concerns this has ended, and nothing else is due.
    """
    day = day_of(connection)
    concerned = [one for one in plans if plan in {None, one.id} and (area is None or related(one.adcode, area))]
    over = [one for one in concerned if is_over(one.period[1], day)]
    wanted = FacilityFilter(area=area, plans=() if plan is None else (plan,), year=day.year - 1, promised=True)
    counts = queries.states(connection, wanted)
    due = sum(counts.values())
    if not over and not due:
        return None
    return Term(
        first=min((one.period[1] for one in over), default=0),
        last=max((one.period[1] for one in over), default=0),
        over=len(over),
        among=len(concerned),
        due=due,
        verified={state: counts.get((state, True), 0) for state in VERIFIED},
    )


def sentence(term: Term) -> str:
    """Say in one line, in the language of the request, that terms are over and how much has been verified."""
    until = (
        _("于 %(year)s 年底", year=term.last) if term.first == term.last else _("最晚于 %(year)s 年底", year=term.last)
    )
    if not term.over:
        said = _("规划期还没有结束")
    elif term.among == 1:
        said = _("规划期已%(until)s结束", until=until)
    elif term.over == term.among:
        said = _("这些规划期已%(until)s结束", until=until)
    else:
        said = _("其中 %(over)s 份的规划期已%(until)s结束", over=term.over, until=until)
    if not term.due:
        return _("%(ended)s。", ended=said)
    number = sum(term.verified.values())
    told = _(
        "%(ended)s；到期的 %(due)s 处中已核实 %(number)s 处", ended=said, due=f"{term.due:,}", number=f"{number:,}"
    )
    parts = [
        _("%(state)s %(number)s 处", state=labels.STATE[state], number=f"{count:,}")
        for state, count in term.verified.items()
        if count
    ]
    if not parts:
        return _("%(ended)s。", ended=told)
    return _("%(verified)s（%(parts)s）。", verified=told, parts=_("、").join(parts))


def of_facility(record: FacilityRecord) -> str | None:
    """Say of one promised facility that its time is over, and whether anybody knows what became of it.

    Returns
    -------
    str or None
        In the language of the request; None where its time is not over, and for what no plan promises.
    """
    if record.state == "existing" or not is_over(record.due, date.fromisoformat(record.state_as_of)):
        return None
    if record.due_basis == "term":
        said = _("规划期到 %(year)s 年底，已经结束", year=record.due)
    else:
        said = _("写明的期限是 %(year)s 年底，已经过了", year=record.due)
    if record.state in VERIFIED and record.status_source:
        return _("%(ended)s；后来的状态有人核实过，见下。", ended=said)
    if record.same_as is not None:
        return _("%(ended)s；设施已有，规划的建设是否完成，还没有人核实。", ended=said)
    return _("%(ended)s；是否建成，还没有人核实。", ended=said)
