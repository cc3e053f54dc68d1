"""A requirement and a quota: what, where, in which units or parts, and who says so."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, redirect, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from service_map import analysis
from service_map.catalogue import terms
from service_map.catalogue.adcode import COUNTY_DIGITS, city_of, county_of
from service_map.errors import GoneError
from service_map.store import QuotaRecord, RequirementRecord, RequirementUnit, queries
from service_map.web import labels
from service_map.web.addresses import to
from service_map.web.pages import choices, frame
from service_map.web.pages.frame import blueprint
from service_map.web.site import site

UNITS_SHOWN = 20
"""A list of units longer than this is folded, by city or county."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One unit of a requirement in the reader's words.

    Attributes
    ----------
    adcode, name, href
        Of the unit, and the address of its page; None where it has none.
    state, words
        Code of what is known, and that in words.
    facility
        Address of the facility that this rests on, or None.
    """

    adcode: str
    name: str
    href: str | None
    state: str
    words: str
    facility: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitGroup:
    """The units in one county or city."""

    name: str
    rows: tuple[UnitRow, ...]


def moved(gone: GoneError) -> BaseResponse:
    """Lead on from an id that stands no more: to what it is now, or with words where it was no facility.

    Parameters
    ----------
    gone
        What `service_map.store.queries` said of it.

    Returns
    -------
    Response
        301 where it is another thing of its sort; 410 with a page that says what it was, which requirement or quota it
        really is if any, and what the area in which it stood gets of the kind.

    Raises
    ------
    GoneError
        Where nothing took its place and nobody knows any more what it was.
    """
    if gone.reason == "merged" and gone.successor is not None:
        return redirect(address(gone.successor), 301)
    area = next((code for code in (gone.area or "", (gone.area or "")[:COUNTY_DIGITS]) if code in frame.areas()), None)
    category, words = gone.category, None
    if gone.successor is not None:
        words, category, around = _now(gone.reason, gone.successor)
        area = area or around
    if area is None or category is None or category not in site().categories:
        raise gone
    ground = frame.ground()
    html = render_template(
        "gone.html",
        heading=_("这里不是一处设施") if words else _("这一处不再列出"),
        reason=gone.reason,
        name=gone.name,
        kind_name=ground.named(category),
        date=gone.date,
        words=words,
        successor=None if gone.successor is None else address(gone.successor),
        area=frame.areas().get(area),
        kind=analysis.ladder(ground, area, (category,))[0],
    )
    response = Response(html, status=410)
    response.headers["Cache-Control"] = "no-store"
    return response


def _now(reason: str, successor: str) -> tuple[str, str, str]:
    """Say what a requirement or a quota asks, with its category and area."""
    ground, conn = frame.ground(), frame.conn()
    if reason == "rule":
        rule = queries.requirement(conn, successor)
        return analysis.rule_words(ground, rule), rule.category, rule.adcode
    number = queries.quota(conn, successor)
    return analysis.number_words(ground, number) + _("。"), number.category, number.adcode


def address(promise_id: str) -> str:
    """Make the address of the page of a facility, a requirement or a quota, by the letter of its id."""
    if promise_id.startswith("r"):
        return to("pages.requirement", promise_id=promise_id)
    if promise_id.startswith("q"):
        return to("pages.quota", promise_id=promise_id)
    return to("pages.facility", facility_id=promise_id)


@blueprint.get("/requirement/<promise_id>")
def requirement(promise_id: str) -> str | BaseResponse:
    """Show what every unit of an area must have, and what is known of each."""
    frame.query((choices.BIG,))
    try:
        record = queries.requirement(frame.conn(), promise_id)
    except GoneError as gone:
        return moved(gone)
    ground = frame.ground()
    units = [unit for unit in record.units if not unit.whole]
    return render_template(
        "requirement.html",
        record=record,
        heading=record.name if not frame.english() else _heading(record.category_en, record.noun),
        category_name=ground.named(record.category),
        colour=frame.colour(record.category),
        words=analysis.rule_words(ground, record),
        per=ground.choose(*terms.PER[record.per].pair),
        action_words=str(labels.ACTION[record.action]),
        tally=[(str(labels.PROMISE_STATE[state]), getattr(record, state)) for state in terms.PROMISE_STATE if units],
        units=len(units),
        listed=_listed(record, len(units)),
        groups=_groups(units),
        few=UNITS_SHOWN,
        doubts=_doubts(record.doubts),
        due_words=labels.due(record.due, record.due_basis),
        period=_period(record.plan),
        cancelled=frame.plans().get(record.cancelled_by or ""),
        citations=[(cite, frame.plans().get(cite.plan)) for cite in record.citations],
    )


@blueprint.get("/quota/<promise_id>")
def quota(promise_id: str) -> str | BaseResponse:
    """Show a number promised to an area, its parts, what of it is named and what is left."""
    frame.query((choices.BIG,))
    try:
        record = queries.quota(frame.conn(), promise_id)
    except GoneError as gone:
        return moved(gone)
    ground = frame.ground()
    parts = [queries.quota(frame.conn(), name) for name in record.parts]
    return render_template(
        "quota.html",
        record=record,
        heading=record.name if not frame.english() else _heading(record.category_en, record.noun),
        category_name=ground.named(record.category),
        colour=frame.colour(record.category),
        words=analysis.number_words(ground, record),
        verified=analysis.verified_words(ground, record).strip(),
        state_words=str(labels.STATE[record.state]),
        action_words=str(labels.ACTION[record.action]),
        whole=queries.quota(frame.conn(), record.part_of) if record.part_of else None,
        cancelled=frame.plans().get(record.cancelled_by or ""),
        parts=[(one, _number(one)) for one in parts],
        named=[frame.entry(queries.facility(frame.conn(), name)) for name in record.facilities],
        count_words=_count(record),
        doubts=_doubts(record.doubts),
        due_words=labels.due(record.due, record.due_basis),
        period=_period(record.plan),
        citations=[(cite, frame.plans().get(cite.plan)) for cite in record.citations],
    )


def _listed(record: RequirementRecord, units: int) -> str:
    if record.per == "township":
        return analysis.listed_words(frame.ground(), record.adcode, units)
    per = frame.ground().choose(*terms.PER[record.per].pair)
    return str(_("%(units)s 个%(per)s", units=units, per=per))


def _heading(kind: str, noun: str | None) -> str:
    return f"{kind} · {noun}" if noun else kind


def _count(one: QuotaRecord) -> str:
    return labels.count(one.count, one.unit, at_least=one.at_least, english=frame.english())


def _number(one: QuotaRecord) -> str:
    """Say a part's number, one piece too: beside others it is a figure."""
    return _count(one) or ("—" if one.count is None else f"{one.count:g}")


def _period(plan_id: str) -> tuple[int, int] | None:
    plan = frame.plans().get(plan_id)
    return plan.period if plan else None


def _doubts(codes: str | None) -> list[str]:
    return [str(labels.DOUBT[code]) for code in (codes or "").split(";") if code]


def _groups(units: Sequence[RequirementUnit]) -> list[UnitGroup]:
    """Group units: counties by their city, townships by their county."""
    areas = frame.areas()
    found: dict[str, list[UnitRow]] = {}
    for unit in units:
        around = county_of(unit.adcode) if len(unit.adcode) > len(city_of(unit.adcode)) else city_of(unit.adcode)
        found.setdefault(around, []).append(_unit(unit, linked=unit.adcode in areas))
    return [
        UnitGroup(name=areas[code].name if code in areas else code, rows=tuple(rows)) for code, rows in found.items()
    ]


def _unit(unit: RequirementUnit, *, linked: bool) -> UnitRow:
    words = str(labels.PROMISE_STATE[unit.state])
    if unit.condition_met is False:
        words = _("不合规划限定的条件")
    elif unit.state == "unknown" and unit.standing:
        words = _("在册有同类设施 %(count)s 处，是不是规划要的，不知道", count=unit.standing)
    return UnitRow(
        adcode=unit.adcode,
        name=unit.area_name,
        href=to("pages.area", adcode=unit.adcode) if linked else None,
        state=unit.state,
        words=words,
        facility=to("pages.facility", facility_id=unit.facility) if unit.facility else None,
    )
