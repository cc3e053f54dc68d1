"""Tables as workbooks: which sheet, merged cells filled, and cells as a person sees them."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any, TypeVar
from xml.etree import ElementTree as ET

from service_map.errors import InvalidParameterError
from service_map.io.source import Source

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
# What a damaged workbook raises is whatever its damage leads to inside the archive, the XML or a cell.
_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, ET.ParseError, LookupError, ValueError, TypeError, SyntaxError)
_PIECE = 1 << 20

_T = TypeVar("_T")


@contextmanager
def sheet_rows(source: Source, field: str, sheet: str | None) -> Iterator[tuple[str, Iterator[tuple[int, list[str]]]]]:
    """Read the rows of one sheet, as a stream.

    Parameters
    ----------
    source
        A workbook (Office Open XML).
    field
        What the user calls the file, for errors.
    sheet
        Its name; None for the only one that holds anything. Hidden sheets are read only by name.

    Yields
    ------
    name : str
        Of the sheet, empty where it is the only one.
    rows : iterator
        Number of each row as a spreadsheet shows it, and its cells as texts; every cell of merged ones has their text.

    Raises
    ------
    InvalidParameterError
        When it cannot be read, there is no such sheet, or several hold something and none is named.
    """
    # GDAL would hold the whole sheet; this reads it once, row by row.
    import openpyxl

    try:
        with source.open() as file:
            with quiet():
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            try:
                with quiet():
                    chosen, many = _choose(book.worksheets, sheet, source, field)
                merged = _merged(source, chosen._worksheet_path)  # noqa: SLF001 -- the reader of streams tells no ranges
                yield (chosen.title if many else ""), _rows(chosen, merged)
            finally:
                book.close()
    except _DAMAGE as error:
        if isinstance(error, InvalidParameterError):
            raise
        raise InvalidParameterError(
            field, f"{source.name} 读不出：{error}", f"cannot read {source.name}: {error}"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out what libraries remark on files of other makers; what cannot be read is an error of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


def quietly(items: Iterable[_T]) -> Iterator[_T]:
    """Go through items without such remarks, and without changing what others hear between two of them."""
    there = iter(items)
    while True:
        with quiet():
            try:
                item = next(there)
            except StopIteration:
                return
        yield item


def _choose(sheets: Sequence[Any], named: str | None, source: Source, field: str) -> tuple[Any, bool]:
    titles = [sheet.title for sheet in sheets]
    for sheet in sheets:
        sheet.reset_dimensions()  # other makers write a size that is too small
    if named is not None:
        chosen = next((sheet for sheet in sheets if sheet.title == named), None)
        if chosen is None:
            raise no_such(source, field, named, titles)
        return chosen, len(sheets) > 1
    filled = [sheet for sheet in sheets if sheet.sheet_state == "visible" and _holds_anything(sheet)]
    if len(filled) > 1:
        raise several(source, field, [sheet.title for sheet in filled])
    if not filled:
        raise InvalidParameterError(field, f"{source.name} 里没有内容", f"{source.name} holds nothing")
    return filled[0], len(sheets) > 1


def several(source: Source, field: str, names: Sequence[str]) -> InvalidParameterError:
    """Say that a file has several sheets or layers and none is named."""
    return InvalidParameterError(
        field,
        f"{source.name} 有几个工作表或图层，请用 --layer 说明是哪一个：{'、'.join(names)}",
        f"{source.name} has several sheets or layers; say which with --layer: {', '.join(names)}",
        names,
    )


def no_such(source: Source, field: str, name: str, names: Sequence[str]) -> InvalidParameterError:
    """Say that a file has no sheet or layer of that name."""
    return InvalidParameterError(
        field,
        f"{source.name} 没有工作表或图层 {name}，现有：{'、'.join(names)}",
        f"{source.name} has no sheet or layer {name}, only: {', '.join(names)}",
        names,
    )


def _holds_anything(sheet: Any) -> bool:
    return any(cell is not None and str(cell).strip() for row in sheet.iter_rows(values_only=True) for cell in row)


def _rows(sheet: Any, merged: dict[int, list[tuple[int, int, int]]]) -> Iterator[tuple[int, list[str]]]:
    open_ranges: list[tuple[int, int, int, str]] = []  # first and last column, last row, text
    for number, row in enumerate(quietly(sheet.iter_rows(values_only=True)), start=1):
        cells = [_cell(value) for value in row]
        open_ranges = [one for one in open_ranges if one[2] >= number]
        for first, last, end in merged.get(number, ()):
            open_ranges.append((first, last, end, cells[first] if first < len(cells) else ""))
        for first, last, _, text in open_ranges:
            cells += [""] * (last + 1 - len(cells))
            cells[first : last + 1] = [text] * (last + 1 - first)
        yield number, cells


def _merged(source: Source, part: str) -> dict[int, list[tuple[int, int, int]]]:
    """Give the merged ranges by their first row: first and last column from 0, last row; the file has them last."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    with source.open() as file, zipfile.ZipFile(file) as archive, archive.open(part) as sheet:
        rest = b""
        while piece := sheet.read(_PIECE):
            text = rest + piece
            end = 0
            for match in _MERGED.finditer(text):
                left, top, right, bottom = match.groups()
                found.setdefault(int(top), []).append((_column(left), _column(right), int(bottom)))
                end = match.end()
            rest = text[max(end, len(text) - 200) :]  # one that is cut by the piece's end
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _cell(value: Any) -> str:
    """Write a cell as a person sees it: whole numbers to the digit, days without a time."""
    if value is None:
        return ""
    if isinstance(value, float):
        return written(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()


def written(value: float) -> str:
    """Write a number without the digits that no double holds, and a whole one without a point."""
    if value != value:  # noqa: PLR0124 -- the one number that is not itself stands for an empty cell
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e18 else f"{value:.15g}"
