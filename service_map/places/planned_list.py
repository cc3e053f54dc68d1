"""What a file lists as planned or being built, and no plan that the product reads promises.

Rows are kept in ``geodata/planned.csv``: as those of `service_map.places.existing`, and where each stands in its file.
That is their citation: title, date and row of the file, as plan, section and line are of a plan's promise.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from service_map.catalogue import csvfile
from service_map.errors import GeodataError
from service_map.places.existing import EXISTING_COLUMNS, Existing, as_facility, existing_row, parse_existing
from service_map.places.facility import Facility
from service_map.places.status import apply_statuses, load_statuses

LISTED_FILE = "planned.csv"
"""The table in ``geodata/``; it may be missing."""

LISTED_COLUMNS = (*EXISTING_COLUMNS, "status", "year", "title", "row")
"""Columns of the table, in the order by which its rows are sorted."""

LISTED_STATUSES = ("planned", "under_construction", "cancelled")
"""Statuses that a row of the table may have; what stands already is kept in a table of its own."""

STATUS_WORDS = {
    "existing": ("existing", "open", "现状", "现有", "已有", "已建", "已建成", "建成", "在用", "已开放", "开放"),
    "planned": ("planned", "proposed", "规划", "计划", "拟建", "待建", "规划新建", "未开工"),
    "under_construction": ("under_construction", "under construction", "construction", "在建", "建设中", "施工"),
    "cancelled": ("cancelled", "canceled", "取消", "已取消"),
}
"""What a file may call each status."""

_YEAR = re.compile(r"(?:19|20|21)\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of the table.

    Attributes
    ----------
    record
        What it is, where, and who says so; its ``date`` is the file's.
    status
        One of `LISTED_STATUSES`.
    year
        The year by which it is to stand, or None.
    title
        Title of the file.
    row
        Its number there, as a spreadsheet shows it.
    """

    record: Existing
    status: str
    year: int | None
    title: str
    row: int


def status_of(words: str) -> str | None:
    """Tell a status by the words of `STATUS_WORDS`; None where they are none of these."""
    plain = words.strip().casefold()
    return next((status for status, known in STATUS_WORDS.items() if plain in known), None)


def is_year(text: str) -> bool:
    """Say whether a text is a year from 1900 to 2199, as a table may write it."""
    return _YEAR.fullmatch(text) is not None


def read_listed(path: Path) -> Iterator[Listed]:
    """Read the table.

    Parameters
    ----------
    path
        CSV file (UTF-8, columns `LISTED_COLUMNS`, WGS 84); a missing one holds no rows.

    Yields
    ------
    Listed
        In the file's order.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    if not path.exists():
        return
    for number, row in csvfile.rows(path, LISTED_COLUMNS):
        yield _listed(path, number, row)


def listed_row(row: Listed) -> list[str]:
    """Write a row as `read_listed` reads it."""
    year = "" if row.year is None else str(row.year)
    return [*existing_row(row.record), row.status, year, row.title, str(row.row)]


def load_listed(geodata: Path) -> list[Facility]:
    """Give the rows of the table as facilities without citations, with what has been reported of them since.

    Parameters
    ----------
    geodata
        Folder of `LISTED_FILE` and of ``statuses.csv``; either may be missing.

    Returns
    -------
    list of Facility
        In order of id; ``source_title`` and ``source_row`` say where each stands in its file.

    Raises
    ------
    GeodataError
        As `read_listed`, and when an id stands twice.
    """
    found: dict[str, Facility] = {}
    for row in read_listed(geodata / LISTED_FILE):
        if row.record.id in found:
            raise GeodataError(
                f"{LISTED_FILE} 中标识 {row.record.id} 重复", f"the id {row.record.id} stands twice in {LISTED_FILE}"
            )
        found[row.record.id] = replace(
            as_facility(row.record), status=row.status, year=row.year, source_title=row.title, source_row=row.row
        )
    statuses = load_statuses(geodata / "statuses.csv") if found else ()
    return apply_statuses([found[identity] for identity in sorted(found)], statuses)


def _listed(path: Path, number: int, row: list[str]) -> Listed:
    def fault(column: str, zh: str, en: str) -> GeodataError:
        return GeodataError(f"{path} 第 {number} 行 {column} {zh}", f"{path}, row {number}, {column}: {en}")

    width = len(EXISTING_COLUMNS)
    if len(row) != len(LISTED_COLUMNS):
        raise fault("", f"应有 {len(LISTED_COLUMNS)} 列", f"must have {len(LISTED_COLUMNS)} columns")
    status, year, title, line = row[width:]
    for column, fine in (
        ("status", status in LISTED_STATUSES), ("year", not year or is_year(year)), ("title", title),
        ("row", line.isascii() and line.isdigit()),
    ):  # fmt: skip
        if not fine:
            raise fault(column, "为空或写法不对", "is empty or malformed")
    return Listed(
        record=parse_existing(path, number, row[:width]), status=status, year=int(year) if year else None, title=title,
        row=int(line),
    )  # fmt: skip
