"""What became of promised facilities: reports of their status, each with its date and source, kept as a history.

A plan says ``planned``. Somebody who knows more says ``under_construction``, ``open`` or ``cancelled`` in a table of
their own, ``geodata/statuses.csv``; the latest report of a facility is what it shows. The reports are laid over what
`service_map.places.locate` makes, so a new edition of the extractor does not lose them.
"""

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from service_map import io
from service_map.catalogue import terms
from service_map.errors import Fault, GeodataError, InvalidParameterError
from service_map.io import Asked, Problem
from service_map.places.existing import is_date
from service_map.places.facility import Facility

STATUS_COLUMNS = ("id", "status", "date", "source", "same_as")
"""Columns of a table of statuses; ``same_as`` may be missing or empty."""

REPORTED = tuple(status for status in terms.STATUS.codes if status != "existing")
"""What may be reported of a promised facility; one that has opened is ``open``."""


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
        One of `REPORTED`.
    source
        Who says so.
    same_as
        Id of the existing facility that it has become, or empty.
    """

    facility: str
    date: str
    status: str
    source: str
    same_as: str = ""


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
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
    blank: bool = False,
) -> tuple[list[Status], list[Problem]]:
    """Check a table of statuses row by row.

    Parameters
    ----------
    path
        A table or layer of one of `service_map.io.FORMS`, columns `STATUS_COLUMNS`; where its rows lie is not asked.
    known, existing
        Ids of the promised and of the existing facilities, where they are to be looked up.
    columns, layer
        As `service_map.io.Asked` has them.
    blank
        Take a table without a row.

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
    said: dict[tuple[str, str], Status] = {}
    for batch in io.read(path, names, asked, required=STATUS_COLUMNS[:-1], place=False, rows=not blank):
        cells = [batch.column(column) for column in STATUS_COLUMNS]
        for index, (identity, status, date, source, same_as) in enumerate(zip(*cells, strict=True)):
            made = Status(facility=identity, date=date, status=status, source=source, same_as=same_as)
            fault = _fault(made, said.setdefault((identity, date), made), known, existing)
            if fault is None:
                found.append(made)
            else:
                problems.append(batch.problem(index, *fault))
    return found, problems


def _fault(
    made: Status, first: Status, known: Collection[str] | None, existing: Collection[str] | None
) -> tuple[str, str, str] | None:
    """Name the first column of a report at fault, and what is wrong; `first` is what was said of that day before."""
    checks = (
        ("id", bool(made.facility) and (known is None or made.facility in known),
         *Fault(f"没有这个规划设施：{made.facility!r}", f"no such promised facility: {made.facility!r}")),
        ("status", made.status in REPORTED, *Fault(f"应为 {'、'.join(REPORTED)} 之一",
         f"must be one of {', '.join(REPORTED)}")),
        ("date", is_date(made.date), *Fault("应为 YYYY、YYYY-MM 或 YYYY-MM-DD", "must be YYYY, YYYY-MM or YYYY-MM-DD")),
        ("source", bool(made.source), *Fault("应说明来源", "must be stated")),
        ("same_as", not made.same_as or existing is None or made.same_as in existing,
         *Fault(f"没有这个现状设施：{made.same_as!r}", f"no such existing facility: {made.same_as!r}")),
        ("status", made.status == first.status, *Fault(f"与前面一行矛盾：同一天是 {first.status}",
         f"contradicts an earlier row: on the same day it is {first.status}")),
    )  # fmt: skip
    return next(((column, zh, en) for column, fine, zh, en in checks if not fine), None)


def write_statuses(path: Path, statuses: Iterable[Status]) -> None:
    """Write a table that `load_statuses` reads, each report once, by facility and date; replaced as a whole."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(STATUS_COLUMNS)
        for status in sorted(set(statuses)):
            facility, date, state, source, same_as = astuple(status)
            writer.writerow((facility, state, date, source, same_as))
    beside.replace(path)


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
        In the order given.
    """
    latest = {status.facility: status for status in sorted(statuses)}
    linked = {status.facility: status.same_as for status in sorted(statuses) if status.same_as}
    found = []
    for facility in facilities:
        status = latest.get(facility.id)
        if status is not None:
            facility = replace(  # noqa: PLW2901 -- the same facility, told apart by nothing but its status
                facility, status=status.status, status_date=status.date, status_source=status.source,
                same_as=linked.get(facility.id),
            )  # fmt: skip
        found.append(facility)
    return found
