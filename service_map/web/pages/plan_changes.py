"""What a plan does with the promises of the plans that it follows, both sides of each told with their lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from flask import render_template
from flask_babel import gettext as _

from service_map.catalogue import terms
from service_map.store import PlanChangeRecord, queries
from service_map.web import labels, params
from service_map.web.pages import choices, frame, promises
from service_map.web.pages.frame import blueprint
from service_map.web.pages.plans import promise_url

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one of the two plans says: in words, and where."""

    words: str
    href: str
    plan_title: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise in the reader's words; `candidates` are names and addresses."""

    name: str
    href: str | None
    category_name: str
    area_name: str
    differs: tuple[str, ...]
    before: Side | None
    now: Side | None
    candidates: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The promises that the plan treats alike."""

    code: str
    heading: str
    meaning: str
    rows: tuple[Row, ...]


@blueprint.get("/plan/<plan_id>/changes")
def plan_changes(plan_id: str) -> str:
    """Show what a plan carries over, changes, takes back, adds and leaves unsaid."""
    values = frame.query(choices.PLAN_CHANGES)
    record = queries.plan(frame.conn(), plan_id)
    page = queries.plan_changes(
        frame.conn(), params.plan_change_filter(values | {"family": None}, record.id), limit=PAGE_SIZE,
        cursor=values["cursor"],
    )  # fmt: skip
    names = queries.names_of(frame.conn(), {name for item in page.items for name in _candidates(item)})
    return render_template(
        "plan_changes.html",
        plan=record,
        former=[frame.plans()[one] for one in record.follows],
        counts=[
            (code, str(labels.CHANGE[code]), page.counts[code], frame.here(change=code, cursor=None))
            for code in terms.CHANGE
        ],
        chosen=values["change"],
        all_url=frame.here(change=None, cursor=None),
        groups=[
            Group(
                code=code, heading=str(labels.CHANGE[code]), meaning=str(labels.CHANGE_MEANING[code]),
                rows=tuple(_row(item, names) for item in items),
            )
            for code, items in groupby(page.items, key=lambda item: item.change)
        ],
        first_page=frame.here(cursor=None) if values["cursor"] else None,
        next_page=frame.here(cursor=page.next_cursor) if page.next_cursor else None,
    )  # fmt: skip


def _candidates(item: PlanChangeRecord) -> list[str]:
    return item.candidates.split(";") if item.candidates else []


def _row(item: PlanChangeRecord, names: Mapping[str, str]) -> Row:
    return Row(
        name=item.name,
        href=promises.address(item.item) if item.item else None,
        category_name=item.category_en if frame.english() else item.category_zh,
        area_name=item.area_name,
        differs=tuple(str(labels.DIFFERS[code]) for code in (item.differs.split(";") if item.differs else ())),
        before=_side(item.former_plan, item.former, item.former_line, _said(item, former=True)),
        now=_side(item.plan, item.commitment, item.line, _said(item, former=False)),
        candidates=tuple((names.get(one, one), promises.address(one)) for one in _candidates(item)),
    )


def _side(plan: str | None, commitment: str | None, line: int | None, words: str) -> Side | None:
    known = frame.plans().get(plan or "")
    if known is None or commitment is None or line is None:
        return None
    href = promise_url(known.id, line, commitment)
    return Side(words=words, href=href, plan_title=known.title, line=line)


def _said(item: PlanChangeRecord, *, former: bool) -> str:
    """Say what one of the two plans says: how many, of what capacity, what is done, by when."""
    count, capacity, action, year, due = (
        (item.count_before, item.capacity_before, item.action_before, item.year_before, item.due_before)
        if former
        else (item.count, item.capacity, item.action, item.year, item.due)
    )
    english = frame.english()
    parts = [labels.count(count, item.unit, at_least=False, english=english)]
    if capacity is not None:
        parts.append(labels.count(capacity, item.capacity_unit, at_least=False, english=english))
    if action is not None:
        parts.append(str(labels.ACTION[action]))
    if year is not None:
        parts.append(_("到 %(year)s 年", year=year))
    elif due is not None:
        parts.append(_("没有写年份，按规划期末 %(year)s 年", year=due))
    return " · ".join(part for part in parts if part)
