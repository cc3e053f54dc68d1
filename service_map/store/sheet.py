"""A list of texts for somebody to fill in, as CSV or a workbook."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import xlsxwriter

from service_map.errors import InvalidParameterError, SettingsError
from service_map.store.cells import no_formula, writable

FORMS = (".csv", ".xlsx")


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
            _workbook(part, [columns, *lines])
        part.replace(path)
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        part.unlink(missing_ok=True)
        raise SettingsError(f"无法写入 {path}：{error}", f"cannot write {path}: {error}") from error
    return len(lines)


def _workbook(path: Path, lines: Sequence[Sequence[str]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for number, line in enumerate(lines):
            for column, text in enumerate(line):
                sheet.write_string(number, column, writable(text))
