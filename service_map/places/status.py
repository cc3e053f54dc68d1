"""What became of promised facilities: reports of their status, each with its date and source, kept as a history.

A plan says ``planned``. Somebody who knows more says ``under_construction``, ``open`` or ``cancelled`` in a table of
their own, ``geodata/statuses.csv``; the latest report of a facility is what it shows. A report may say which existing
facility the promised one is (``same_as``), or which it is not (``not_same``): the latest word on a pair decides, and
what was reported with a link that has been taken back counts no more. ``planned`` with ``same_as`` says that the thing
stands and that nobody knows whether the promised works were done. The reports are laid over what
`service_map.places.locate` makes, so a new edition of the extractor does not lose them.
"""

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Protocol

from service_map import io
from service_map.catalogue import terms
from service_map.errors import Fault, GeodataError, InvalidParameterError
from service_map.io import Asked, Problem
from service_map.places.existing import is_date
from service_map.places.facility import Facility
from service_map.places.retired import MERGED, Retired

STATUS_FILE = "statuses.csv"
"""The table in ``geodata/``; it may be missing."""

STATUS_COLUMNS = ("id", "status", "date", "source", "same_as", "not_same", "link", "count")
"""Columns of a table of statuses; the last four may be missing or empty."""

_REQUIRED = STATUS_COLUMNS[:4]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Status:
    """One report.

    Attributes
    ----------
    facility
        Id of the promised facility.
    date
        Since when: ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.
    status
        One of `service_map.catalogue.terms.REPORTED`; empty where the report says ``not_same`` alone.
    source
        Who says so.
    same_as
        Id of the existing facility that it is, or empty.
    not_same
        Id of the existing facility that it is not, or empty.
    link
        Where the evidence is to be seen (http, https), or empty.
    count
        Of how many of a quota it is true; None of a facility.
    """

    facility: str
    date: str
    status: str
    source: str
    same_as: str = ""
    not_same: str = ""
    link: str = ""
    count: float | None = None


class Judge(Protocol):
    """Reads reports as people write them, and tells which go against what is known; see `places.verification`."""

    blank: int

    def plain(self, made: Status) -> Status:
        """Give a report as the table keeps it."""

    def add(self, made: Status) -> None:
        """Note a report."""

    def fault(self, made: Status) -> tuple[str, str, str] | None:
        """Say which column of a report goes against what is known."""


def load_statuses(path: Path) -> list[Status]:
    """Read a table of statuses that the product keeps; a missing one holds none.

    Parameters
    ----------
    path
        CSV file, UTF-8, columns `STATUS_COLUMNS`.

    Returns
    -------
    list of Status
        By facility and date.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    if not path.exists():
        return []
    try:
        found, problems = read_statuses(path, blank=True)
    except InvalidParameterError as error:
        raise GeodataError(f"无法读取 {path}：{error.zh}", f"cannot read {path}: {error.en}") from error
    if problems:
        raise GeodataError(f"{path.parent} {problems[0]}", f"{path.parent}, {problems[0]}")
    return sorted(found)


def read_statuses(
    path: Path,
    *,
    known: Collection[str] | None = None,
    existing: Collection[str] | None = None,
    before: Iterable[Status] = (),
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
    blank: bool = False,
    judge: Judge | None = None,
) -> tuple[list[Status], list[Problem]]:
    """Check a table of statuses row by row.

    Parameters
    ----------
    path
        A table or layer of one of `service_map.io.FORMS`, columns `STATUS_COLUMNS`; where its rows lie is not asked.
    known, existing
        Ids of the promised and of the existing facilities, where they are to be looked up.
    before
        Reports that are kept already and must not be contradicted on one day.
    columns, layer
        As `service_map.io.Asked` has them.
    blank
        Take a table without a row.
    judge
        Judges each report by what is known besides; rows that say nothing are then counted by it and passed over.

    Returns
    -------
    statuses : list of Status
        Of the good rows.
    problems : list of Problem
        Of the others.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read at all, or lacks a column.
    """
    names = {"id": "facility"} | {column: column for column in STATUS_COLUMNS[1:]}
    asked = Asked(layer=layer, columns=columns or {})
    found: list[Status] = []
    problems: list[Problem] = []
    said = Said(before)
    for batch in io.read(path, names, asked, required=_REQUIRED, place=False, rows=not blank):
        cells = [batch.column(column) for column in STATUS_COLUMNS]
        for index, (identity, status, date, source, same_as, not_same, link, count) in enumerate(
            zip(*cells, strict=True)
        ):
            made = Status(
                facility=identity, date=date, status=status, source=source, same_as=same_as, not_same=not_same,
                link=link, count=_number(count),
            )  # fmt: skip
            if judge is not None:
                made = judge.plain(made)
                if _says_nothing(made, count):
                    judge.blank += 1
                    continue
            fault = _fault(made, known, existing) or _count_fault(made, count) or said.contradicted(made)
            if fault is None and judge is not None:
                fault = judge.fault(made)
            if fault is None:
                said.add(made)
                if judge is not None:
                    judge.add(made)
                found.append(made)
            else:
                problems.append(batch.problem(index, *fault))
    return found, problems


class Said:
    """What has been reported so far, so that a report which contradicts one of the same day is found."""

    def __init__(self, before: Iterable[Status] = ()) -> None:
        """Begin with the reports that are kept."""
        self._status: dict[tuple[str, str, str], Status] = {}
        self._pair: dict[tuple[str, str, str], bool] = {}
        for status in before:
            self.add(status)

    def add(self, made: Status) -> None:
        """Note a report; of two of one day the first stays."""
        if made.status:
            self._status.setdefault(_day_of(made), made)
        for other, same in ((made.same_as, True), (made.not_same, False)):
            if other:
                self._pair.setdefault((made.facility, other, made.date), same)

    def contradicted(self, made: Status) -> tuple[str, str, str] | None:
        """Say which column of a report contradicts what was said of that day: its name, and what is wrong."""
        first = self._status.get(_day_of(made), made)
        if made.status and (made.status, made.count) != (first.status, first.count):
            return (
                "status",
                *Fault(f"与同一天的另一条报告矛盾：{_told(first)}；这一条：{_told(made)}",
                       f"contradicts an earlier row of the same day: {_told(first)}; this one: {_told(made)}"),
            )  # fmt: skip
        for column, other, same in (("same_as", made.same_as, True), ("not_same", made.not_same, False)):
            if other and self._pair.get((made.facility, other, made.date), same) is not same:
                said = Fault("不是同一处", "not the same") if same else Fault("是同一处", "the same")
                return (
                    column,
                    *Fault(f"与同一天的另一条报告矛盾：{made.date} 说{said.zh}；要改，请给更晚的日期",
                           f"contradicts an earlier row: on the same day, {made.date}, they are {said.en}; "
                           "give a later date"),
                )  # fmt: skip
        return None


def _day_of(made: Status) -> tuple[str, str, str]:
    """Name what two reports of one day must agree on: of a quota some may be built and others not."""
    return made.facility, made.date, made.status if made.count is not None else ""


def _told(made: Status) -> str:
    number = "" if made.count is None else f" {made.count:g}"
    return f"{made.date} {made.status}{number}（{made.source}）"


def _fault(
    made: Status, known: Collection[str] | None, existing: Collection[str] | None
) -> tuple[str, str, str] | None:
    """Name the first column of a report at fault, and what is wrong."""
    checks = [
        ("id", bool(made.facility) and (known is None or made.facility in known),
         *Fault(f"没有这个规划设施：{made.facility!r}", f"no such promised facility: {made.facility!r}")),
        ("status", made.status in terms.REPORTED or (not made.status and bool(made.not_same)),
         *Fault(f"应为 {'、'.join(terms.REPORTED)} 之一", f"must be one of {', '.join(terms.REPORTED)}")),
        ("date", is_date(made.date), *Fault("应为 YYYY、YYYY-MM 或 YYYY-MM-DD", "must be YYYY, YYYY-MM or YYYY-MM-DD")),
        ("source", bool(made.source), *Fault("应说明来源", "must be stated")),
        ("not_same", not (made.not_same and (made.status or made.same_as)),
         *Fault("说不是哪一处的行，status 与 same_as 应为空", "it leaves status and same_as empty")),
    ]  # fmt: skip
    for column, other in (("same_as", made.same_as), ("not_same", made.not_same)):
        fine = not other or existing is None or other in existing
        checks.append(
            (column, fine, *Fault(f"没有这个现状设施：{other!r}", f"no such existing facility: {other!r}"))
        )  # fmt: skip
    return next(((column, zh, en) for column, fine, zh, en in checks if not fine), None)


def _says_nothing(made: Status, count: str) -> bool:
    return not any((made.status, made.date, made.source, made.same_as, made.not_same, made.link, count))


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,4})?", text, re.ASCII) else None


def _count_fault(made: Status, text: str) -> tuple[str, str, str] | None:
    """Say what is wrong with how many of a quota a report is of, or with where its evidence is."""
    if made.link and not re.fullmatch(r"https?://[^\s<>\"]{1,500}", made.link):
        return ("link", *Fault("应为 http:// 或 https:// 开头的网址", "must be an address that begins with http"))
    quota = made.facility.startswith("q")
    if quota and made.status and made.status != "planned" and made.count is None:
        return ("count", *Fault("数量承诺须写其中几处", "of a quota, how many of it must be said"))
    if text and (made.count is None or not quota):
        return (
            "count",
            *Fault("应为不小于 0 的数，且只有数量承诺才写", "takes a number of at least 0, of a quota only"),
        )
    return None


def write_statuses(path: Path, statuses: Iterable[Status]) -> None:
    """Write a table that `load_statuses` reads, each report once, by facility and date; replaced as a whole."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(STATUS_COLUMNS)
        for status in sorted(set(statuses)):
            facility, date, state, source, same_as, not_same, link, count = astuple(status)
            number = "" if count is None else f"{count:g}"
            writer.writerow((facility, state, date, source, same_as, not_same, link, number))
    beside.replace(path)


def follow(statuses: Iterable[Status], retired: Iterable[Retired]) -> list[Status]:
    """Let the reports of ids that stand no more count for their successors.

    Parameters
    ----------
    statuses
        As they are kept; the table itself is not changed by this, so that an id that comes back has its reports.
    retired
        What `service_map.places.load_retired` returned.

    Returns
    -------
    list of Status
        By facility and date.
    """
    successors = _heirs(retired)
    return sorted(replace(status, facility=successors.get(status.facility, status.facility)) for status in statuses)


def _heirs(retired: Iterable[Retired]) -> dict[str, str]:
    """Give the facilities that ids went to; what became a requirement or a quota has no status."""
    return {entry.id: entry.successor for entry in retired if entry.reason == MERGED}


def idle_rows(
    path: Path, *, known: Collection[str], existing: Collection[str], retired: Iterable[Retired]
) -> list[Problem]:
    """Name the rows of the table that no longer fit: a facility has gone, or one is no longer on record.

    Parameters
    ----------
    path
        The table that the product keeps; a missing one holds no rows.
    known, existing
        Ids of the promised and of the existing facilities.
    retired
        Where ids went that stand no more.

    Returns
    -------
    list of Problem
        By row; it says where a row counts now, or that it is kept and counts for nothing.
    """
    if not path.exists():
        return []
    successors = _heirs(retired)
    found = []
    names = {column: column for column in STATUS_COLUMNS[1:]} | {"id": "facility"}
    for batch in io.read(path, names, Asked(), required=_REQUIRED, place=False, rows=False):
        for index, identity in enumerate(batch.column("id")):
            heir = successors.get(identity)
            if identity not in known and heir in known:
                went = Fault(f"{identity} 已并入 {heir}，照后者计", f"{identity} has become {heir} and counts for it")
                found.append(batch.problem(index, "id", *went))
            elif identity not in known:
                gone = Fault(f"{identity} 已不存在，保留而不计", f"{identity} is no more; kept, and counts for nothing")
                found.append(batch.problem(index, "id", *gone))
            for column in ("same_as", "not_same"):
                other = batch.column(column)[index]
                if other and other not in existing:
                    lost = Fault(f"现状设施 {other} 已不在册", f"the existing facility {other} is no longer on record")
                    found.append(batch.problem(index, column, *lost))
    return found


def refused(statuses: Iterable[Status]) -> set[tuple[str, str]]:
    """Give the pairs of a promised and an existing facility of which the latest word is that they are not the same."""
    latest = {}
    for status in sorted(statuses):
        for other, same in ((status.same_as, True), (status.not_same, False)):
            if other:
                latest[status.facility, other] = same
    return {pair for pair, same in latest.items() if not same}


def still_said(statuses: Iterable[Status]) -> list[Status]:
    """Give the reports that count, by facility and date: what came with a link that was taken back does not."""
    ordered = sorted(statuses)
    apart = refused(ordered)
    return [status for status in ordered if status.status and (status.facility, status.same_as) not in apart]


def apply_statuses(facilities: Iterable[Facility], statuses: Iterable[Status]) -> list[Facility]:
    """Give each facility the status of its latest report; one without a report stays as it is.

    Parameters
    ----------
    facilities
        What `service_map.places.locate` returned.
    statuses
        Any number a facility; those of facilities that are not there are passed over.

    Returns
    -------
    list of Facility
        In the order given. One that a plan promises and of which every report has been taken back is ``planned`` again.
    """
    given = list(statuses)
    reports: dict[str, list[Status]] = {status.facility: [] for status in given}
    for status in still_said(given):
        reports[status.facility].append(status)
    found = []
    for facility in facilities:
        history = reports.get(facility.id)
        if history:
            latest = history[-1]
            linked = next((status.same_as for status in reversed(history) if status.same_as), None)
            facility = replace(  # noqa: PLW2901 -- the same facility, told apart by nothing but its status
                facility, status=latest.status, status_date=latest.date, status_source=latest.source,
                status_link=latest.link or None, same_as=linked
            )  # fmt: skip
        elif history is not None and facility.commitments:
            facility = replace(  # noqa: PLW2901 -- as above
                facility, status="planned", status_date=None, status_source=None, status_link=None, same_as=None
            )  # fmt: skip
        found.append(facility)
    return found
