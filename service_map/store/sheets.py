"""Tables as sheets of an Excel workbook."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter

from service_map.store.cells import writable


def workbook(sheets: Mapping[str, Iterable[Sequence[Any]]]) -> bytes:
    """Give a workbook.

    Parameters
    ----------
    sheets
        Title to rows, of which the first is the heading and stays in sight.
    """
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    for title, rows in sheets.items():
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for number, cells in enumerate(rows):
            write_row(sheet, number, cells)
    book.close()
    return written.getvalue()


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
