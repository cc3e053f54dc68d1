"""The plans: all of them, and everything that one promises, in its own order."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from flask import render_template

from service_map.store import queries
from service_map.store.records import CommitmentFilter, CommitmentRecord, FacilityFilter
from service_map.web import addresses, figures, labels
from service_map.web.pages import choices, frame, targets
from service_map.web.pages.frame import blueprint

PLAN_PAGE_SIZE = 100


@blueprint.get("/plans")
def plans() -> str:
    """All plans."""
    frame.query((choices.BIG,))
    records = frame.plans().values()
    return render_template(
        "plans.html",
        plans=records,
        terms={one.id: frame.term_words(plan=one.id) for one in records},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A commitment in the reader's words, with the facilities that stand for it, or its requirement or quota."""

    id: str
    label: str
    line: int
    passage: str | None
    category_name: str
    kind_words: str
    count_words: str
    place: str | None
    due_words: str
    again: bool
    facilities: tuple[tuple[str, str], ...]
    promises: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands under one heading of a plan."""

    title: str | None
    rows: tuple[Promise, ...]


@blueprint.get("/plan/<plan_id>")
def plan(plan_id: str) -> str:
    """Everything that one plan promises, in its own order."""
    values = frame.query(choices.PAGED)
    record = queries.plan(frame.conn(), plan_id)
    page = queries.commitments(
        frame.conn(), CommitmentFilter(plans=(record.id,)), limit=PLAN_PAGE_SIZE, cursor=values["cursor"]
    )
    names = frame.reading().keep(
        ("names", record.id),
        lambda conn: {
            item.id: item.name
            for item in queries.facilities(conn, FacilityFilter(plans=(record.id,)), limit=queries.MAX_LIMIT).items
        },
    )
    promises = [_promise(item, names) for item in page.items]
    titles = [item.section for item in page.items]
    sections = [
        Section(title=title, rows=tuple(promise for _title, promise in pairs))
        for title, pairs in groupby(zip(titles, promises, strict=True), key=lambda pair: pair[0])
    ]
    return render_template(
        "plan.html",
        plan=record,
        term=frame.term_words(plan=record.id),
        overdue=sum(queries.states(frame.conn(), FacilityFilter(plans=(record.id,), states=("overdue",))).values()),
        note=record.note_en if frame.english() and record.note_en else record.note,
        former=[frame.plans()[one] for one in record.follows],
        later=[one for one in frame.plans().values() if record.id in one.follows],
        sections=sections,
        targets=None if values["cursor"] else targets.of_plan(record),
        kinds=frame.kind_rows(
            frame.reading().keep(("kinds", record.id), lambda conn: figures.plan_kinds(conn, record.id))
        ),
        first_page=frame.here(cursor=None) if values["cursor"] else None,
        next_page=frame.here(cursor=page.next_cursor) if page.next_cursor else None,
    )


@blueprint.app_template_global()
def promise_url(plan_id: str, line: int, commitment: str) -> str:
    """Make the address of one promise on the page of its plan, on whichever page of the list it stands."""
    known = frame.plans().get(plan_id)
    paged = known is not None and known.commitments > PLAN_PAGE_SIZE
    at = {"cursor": queries.cursor_at(plan_id, line)} if paged else {}
    return addresses.to("pages.plan", plan_id=plan_id, **at, _anchor=commitment)


def _promise(record: CommitmentRecord, names: Mapping[str, str]) -> Promise:
    english = frame.english()
    return Promise(
        id=record.id,
        label=record.label,
        line=record.line,
        passage=record.passage,
        category_name=record.category_en if english else record.category_zh,
        kind_words=str(labels.KIND[record.kind]),
        count_words=labels.count(record.count, record.unit, at_least=record.at_least, english=english),
        place=record.place,
        due_words=labels.due(record.due, record.due_basis) if record.due_basis == "stated" else "",
        again=record.repeats is not None,
        facilities=tuple((code, names[code]) for code in record.facilities if code in names),
        promises=record.promises,
    )
