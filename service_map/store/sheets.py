"""Tables as sheets of an Excel workbook, or as CSV: made whole in memory, or written for somebody to fill in."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from service_map.errors import InvalidParameterError, SettingsError
from service_map.store.cells import no_formula, writable

FORMS = (".csv", ".xlsx")


def workbook(sheets: Mapping[str, Iterable[Sequence[Any]]]) -> bytes:
    """Give a workbook.

    Parameters
    ----------
    sheets
        Title to rows, of which the first is the heading and stays in sight.
    """
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as book:
        for title, rows in sheets.items():
            _add(book, title, rows)
    return written.getvalue()


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> int:
    """Write rows as a table; a reader sees the old file or the new one, whole.

    Parameters
    ----------
    path
        One of `FORMS` by its suffix. CSV is UTF-8 with a mark, so that spreadsheets read it.
    columns
        The heading.
    rows
        By these columns. Cells stay text, whatever they begin with.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    InvalidParameterError
        When the suffix is none of them.
    SettingsError
        When the file cannot be written.
    """
    form = path.suffix.lower()
    if form not in FORMS:
        raise InvalidParameterError(
            "FILE", f"文件名应以 {'、'.join(FORMS)} 结尾", f"a file name ends with {', '.join(FORMS)}", FORMS
        )
    lines = [[row[column] for column in columns] for row in rows]
    part = path.with_name(f".{path.stem}.part{form}")
    try:
        if form == ".csv":
            with part.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows([columns, *(map(no_formula, line) for line in lines)])
        else:
            with xlsxwriter.Workbook(part) as book:
                _add(book, None, [columns, *lines])
        part.replace(path)
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        part.unlink(missing_ok=True)
        raise SettingsError(f"无法写入 {path}：{error}", f"cannot write {path}: {error}") from error
    return len(lines)


def write_row(sheet: Any, number: int, cells: Sequence[Any]) -> None:
    """Write a row of a sheet."""
    for column, value in enumerate(cells):
        if isinstance(value, str):
            # As text whatever it begins with: a name that begins with an equals sign is no formula.
            sheet.write_string(number, column, writable(value))
        elif isinstance(value, bool):
            sheet.write_boolean(number, column, value)
        elif value is not None:
            sheet.write_number(number, column, value)


def _add(book: Any, title: str | None, rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    for number, cells in enumerate(rows):
        write_row(sheet, number, cells)
