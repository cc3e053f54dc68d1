"""Verifying promises in numbers: a list for an office to fill in, and the checks of what comes back.

The list has a row for each promised facility and each quota, with its citation and empty columns. Whoever fills it in
need not fill in all of it: a row without an answer changes nothing. An answer is a report of
`service_map.places.status`, and reports are only ever added: a wrong one is taken back by one of a later date that says
``planned``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from service_map.catalogue import categories, terms
from service_map.catalogue.adcode import county_of, covers
from service_map.errors import Fault
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.promises import Promise, Quota
from service_map.places.status import Status, still_said
from service_map.plans import Commitment, Plan

ASKED_COLUMNS = ("status", "date", "source", "link", "count")
"""Columns that are filled in; ``count`` of a quota only."""

TODO_COLUMNS = (
    "id", "area", "name", "category", "where", "number", "due", "plan", "section", "line", "known", *ASKED_COLUMNS,
)  # fmt: skip
"""Columns of the list."""

_WORDS = {
    "under_construction": ("在建", "建设中", "施工", "施工中", "开工"),
    "open": ("建成", "已开放", "已投用", "投用", "open"),
    "not_built": ("未建", "没有建", "未开工"),
    "cancelled": ("取消", "不再建设", "canceled"),
    "planned": ("不清楚", "收回"),
}
_DATE = re.compile(r"(\d{4})[年/.](?:(\d{1,2})(?:[月/.](?:(\d{1,2})日?)?)?)?")
# What nobody says any more once it is built.
_BEFORE_BUILT = ("under_construction", "not_built", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What is known of the promises that reports may be about.

    Attributes
    ----------
    begun
        First year of the first plan that promises each, and its title, by id.
    numbers
        How many each quota is of, by id; None for a number that may be exceeded.
    """

    begun: Mapping[str, tuple[int, str]]
    numbers: Mapping[str, float | None]


def promised(
    records: Iterable[Facility | Promise], commitments: Iterable[Commitment], plans: Mapping[str, Plan]
) -> Promised:
    """Gather what `Promised` knows.

    Parameters
    ----------
    records
        Facilities and quotas; other promises are passed over.
    commitments, plans
        What they cite.
    """
    cited = {item.id: item for item in commitments}
    begun, numbers = {}, {}
    for record in records:
        if not isinstance(record, Facility | Quota):
            continue
        by = [plans[cited[name].plan] for name in record.commitments if name in cited]
        if by:
            first = min(by, key=lambda plan: plan.period[0])
            begun[record.id] = (first.period[0], first.title)
        if isinstance(record, Quota):
            numbers[record.id] = None if record.at_least or record.count_max else record.count
    return Promised(begun=begun, numbers=numbers)


def _status(text: str) -> str:
    folded = text.casefold()
    for code in terms.REPORTED:
        if folded in {code, terms.STATUS[code].zh, terms.STATUS[code].en, *_WORDS[code]}:
            return code
    return text


class History:
    """What was reported of each promise, so that a report which goes against it is found.

    Parameters
    ----------
    before
        Reports that are kept.
    known
        What reports are about.
    day
        The present day.

    Attributes
    ----------
    blank
        Rows of the list that were left as they were.
    """

    def __init__(self, before: Iterable[Status], known: Promised, day: date) -> None:
        """Begin with the reports that are kept."""
        self.blank = 0
        self._known, self._day = known, day.isoformat()
        self._told: dict[str, list[Status]] = {}
        for report in still_said(before):
            self.add(report)

    def plain(self, made: Status) -> Status:
        """Give a report with its status and date as the table keeps them, where people write them otherwise."""
        found = _DATE.fullmatch(made.date.replace(" ", ""))
        said = made.date if found is None else "-".join(part.zfill(2) for part in found.groups() if part)
        return replace(made, status=_status(made.status), date=said)

    def add(self, made: Status) -> None:
        """Note a report."""
        if made.status:
            self._told.setdefault(made.facility, []).append(made)

    def fault(self, made: Status) -> tuple[str, str, str] | None:
        """Say which column of a report goes against what is known: its name, and both sides.

        Returns
        -------
        (str, str, str) or None
            A report before its plan, after the present day, of more than a quota is of, or that goes backwards.
        """
        if made.status not in terms.VERIFIED:
            return None
        if made.date > self._day[: len(made.date)]:
            return (
                "date",
                *Fault(f"晚于今天（{self._day}）：{made.date}", f"is after today ({self._day}): {made.date}"),
            )
        year, title = self._known.begun.get(made.facility, (0, ""))
        if int(made.date[:4]) < year:
            return (
                "date",
                *Fault(f"早于规划：《{title}》自 {year} 年起；这一条：{made.date}（{made.source}）",
                       f"is before its plan: {title} begins in {year}; this row: {made.date} ({made.source})"),
            )  # fmt: skip
        number = self._known.numbers.get(made.facility)
        if number is not None and made.count is not None and made.count > number:
            return (
                "count",
                *Fault(f"多于承诺的数量：规划共 {number:g}；这一条：{made.count:g}（{made.source}）",
                       f"is more than promised: the plan says {number:g}; this row: {made.count:g} ({made.source})"),
            )  # fmt: skip
        return self._backwards(made)

    def _backwards(self, made: Status) -> tuple[str, str, str] | None:
        # Of a quota some may be built and others not: only what is built of it can become less.
        told = sorted(
            (
                one
                for one in self._told.get(made.facility, ())
                if one.date != made.date and (made.count is None or one.status == "open")
            ),
            key=_date,
        )
        earlier = [one for one in told if one.date < made.date]
        later = [one for one in told if one.date > made.date]
        for first, second in ((_last(earlier), made), (made, later[0] if later else None)):
            if first is not None and second is not None and _goes_back(first, second):
                other = first if second is made else second
                return (
                    "status",
                    *Fault(f"倒退：已有 {_said(other, zh=True)}；这一条：{_said(made, zh=True)}。"
                           "原来的报告写错了的，先用 planned 收回",
                           f"goes backwards: on record {_said(other, zh=False)}; this row: {_said(made, zh=False)};"
                           " take a wrong report back by one that says planned"),
                )  # fmt: skip
        return None


def _date(made: Status) -> str:
    return made.date


def _last(told: list[Status]) -> Status | None:
    return told[-1] if told else None


def _goes_back(first: Status, second: Status) -> bool:
    if first.count is not None or second.count is not None:
        return first.status == second.status == "open" and (first.count or 0) > (second.count or 0)
    return first.status == "open" and second.status in _BEFORE_BUILT


def _said(made: Status, *, zh: bool) -> str:
    term = terms.STATUS[made.status]
    number = "" if made.count is None else f" {made.count:g}"
    return f"{made.date} {term.zh if zh else term.en}{number}（{made.source}）"


def todo_rows(
    records: Iterable[Facility | Promise],
    reports: Iterable[Status],
    *,
    commitments: Iterable[Commitment],
    plans: Mapping[str, Plan],
    gazetteer: Gazetteer,
    area: str | None = None,
) -> list[dict[str, str]]:
    """Give the list of what may be verified.

    Parameters
    ----------
    records
        Facilities and quotas; other promises are passed over. What is built or cancelled is left out.
    reports
        What was reported of them.
    commitments, plans
        What they cite.
    gazetteer
        For the names of areas.
    area
        Only what lies in this area.

    Returns
    -------
    list of dict
        Columns `TODO_COLUMNS`, by area and category; those of `ASKED_COLUMNS` are empty.
    """
    cited, kinds = {item.id: item for item in commitments}, categories()
    latest = {report.facility: report for report in still_said(reports)}
    order = {code: place for place, code in enumerate(kinds)}
    rows = []
    for record in records:
        if not isinstance(record, Facility | Quota) or (area is not None and not covers(area, record.adcode)):
            continue
        if isinstance(record, Facility) and record.status in ("existing", "open", "cancelled"):
            continue
        said = [cited[name] for name in record.commitments if name in cited]
        told, place = (
            latest.get(record.id),
            gazetteer.rows.get(record.adcode) or gazetteer.rows.get(county_of(record.adcode)),
        )
        where = record.located_by if isinstance(record, Facility) else record.place or ""
        row = dict.fromkeys(TODO_COLUMNS, "") | {
            "id": record.id, "area": record.adcode if place is None else place.name, "name": record.name,
            "category": kinds[record.category].zh, "where": where, "number": _number(record),
            "due": str(record.year or max((plans[one.plan].period[1] for one in said), default="")),
            "known": "" if told is None else _said(told, zh=True),
        }  # fmt: skip
        if said:
            first = said[0]
            row |= {"plan": plans[first.plan].title, "section": first.section or "", "line": str(first.line)}
        elif isinstance(record, Facility) and record.source_title:
            row |= {"plan": record.source_title, "line": str(record.source_row or "")}
        rows.append((record.adcode, order[record.category], record.id, row))
    return [row for *_key, row in sorted(rows, key=lambda one: one[:3])]


def _number(record: Facility | Quota) -> str:
    return "" if record.count is None else f"{record.count:g}{record.unit or ''}"
