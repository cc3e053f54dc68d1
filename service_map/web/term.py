"""Whether the time in which plans promised something is over, and how much of it anybody has verified since.

A plan's term, and a year that it states, end with the 31st of December. The day is always the caller's: pages take it
from `service_map.settings.Settings.today`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import flask_babel
from sqlalchemy import Connection

from service_map.catalogue.adcode import related
from service_map.places.status import REPORTED
from service_map.store import queries
from service_map.store.records import FacilityFilter, FacilityRecord, PlanRecord


def _(message: str, **values: object) -> str:
    return str(flask_babel.gettext(message, **values))


VERIFIED = tuple(status for status in REPORTED if status != "planned")
"""What a report with a source may say has become of a promise."""


def is_over(year: int | None, day: date) -> bool:
    """Say whether a year has ended by a day; a year that nobody states has not."""
    return year is not None and day.year > year


def due(record: FacilityRecord, plans: Mapping[str, PlanRecord]) -> int | None:
    """Give the year by whose end a facility was promised: the one stated, else the end of the plans that promise it.

    Parameters
    ----------
    record
        The facility.
    plans
        By id.

    Returns
    -------
    int or None
        The latest, where several plans promise it; None for what no plan promises and no year is stated of.
    """
    if record.year is not None:
        return record.year
    return max((plans[cite.plan].period[1] for cite in record.citations if cite.plan in plans), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What is known of the promises of plans whose term is over.

    Attributes
    ----------
    first, last
        Years with which the terms ended.
    over, among
        Plans whose term is over, and all that concern what was asked.
    promised
        Facilities that the former promise.
    verified
        Those of them of which somebody with a source reported what became of them, by status of `VERIFIED`.
    """

    first: int
    last: int
    over: int
    among: int
    promised: int
    verified: Mapping[str, int]


def ended(
    connection: Connection,
    plans: Sequence[PlanRecord],
    day: date,
    *,
    area: str | None = None,
    plan: str | None = None,
) -> Term | None:
    """Count what plans promised whose term is over by a day, and what of it has been verified.

    Parameters
    ----------
    connection
        For `service_map.store.queries`.
    plans
        All plans.
    day
        The day.
    area
        Code of an area: only plans for it, around it or within it, and only what they promise there.
    plan
        Id of a plan: only that one.

    Returns
    -------
    Term or None
        None where no plan that concerns this has ended.
    """
    concerned = [one for one in plans if plan in {None, one.id} and (area is None or related(one.adcode, area))]
    over = [one for one in concerned if is_over(one.period[1], day)]
    if not over:
        return None
    wanted = FacilityFilter(area=area, plans=tuple(one.id for one in over), promised=True)
    counts = queries.reports(connection, wanted)
    return Term(
        first=min(one.period[1] for one in over),
        last=max(one.period[1] for one in over),
        over=len(over),
        among=len(concerned),
        promised=sum(counts.values()),
        verified={status: counts.get((status, True), 0) for status in VERIFIED},
    )


def sentence(term: Term) -> str:
    """Say in one line, in the language of the request, that terms are over and how much has been verified."""
    until = (
        _("到 %(year)s 年底", year=term.last) if term.first == term.last else _("最晚到 %(year)s 年底", year=term.last)
    )
    if term.among == 1:
        said = _("规划期%(until)s，已经结束", until=until)
    elif term.over == term.among:
        said = _("这些规划期%(until)s，已经结束", until=until)
    else:
        said = _("其中 %(over)s 份的规划期%(until)s，已经结束", over=term.over, until=until)
    if not term.promised:
        return _("%(ended)s。", ended=said)
    built, begun, dropped = (f"{term.verified[status]:,}" for status in ("open", "under_construction", "cancelled"))
    known = [_("建成 %(number)s 处", number=built)]
    if term.verified["under_construction"]:
        known.append(_("在建 %(number)s 处", number=begun))
    if term.verified["cancelled"]:
        known.append(_("取消 %(number)s 处", number=dropped))
    return _("%(ended)s；答应的 %(promised)s 处，已核实%(known)s。", ended=said, promised=f"{term.promised:,}",
             known=_("、").join(known))  # fmt: skip


def of_facility(record: FacilityRecord, plans: Mapping[str, PlanRecord], day: date) -> str | None:
    """Say of one promised facility that its time is over, and whether anybody knows what became of it.

    Returns
    -------
    str or None
        In the language of the request; None where its time is not over, and for what no plan promises.
    """
    year = due(record, plans)
    if record.status == "existing" or not is_over(year, day):
        return None
    if record.year is None:
        said = _("规划期到 %(year)s 年底，已经结束", year=year)
    else:
        said = _("写明的期限是 %(year)s 年底，已经过了", year=year)
    if record.status in VERIFIED and record.status_source:
        return _("%(ended)s；后来的状态有人核实过，见下。", ended=said)
    if record.same_as is not None:
        return _("%(ended)s；设施已有，规划的建设是否完成，还没有人核实。", ended=said)
    return _("%(ended)s；是否建成，还没有人核实。", ended=said)
