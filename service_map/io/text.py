"""Tables as text: which encoding and which separator is found out from what the file holds."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO

from service_map.errors import InvalidParameterError
from service_map.io.source import Source

SEPARATORS = (",", ";", "\t", "|", "，")
"""What may stand between cells."""

_HEAD = 65_536
_SAID = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
# What is in no text: of UTF-16 more is asked, since any bytes make some characters of it.
_NUL, _CONTROLS = re.compile("\0"), re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f\ue000-\uf8ff]")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@contextmanager
def text_rows(
    source: Source, field: str, score: Callable[[list[str]], int]
) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """Read the rows of a table.

    Parameters
    ----------
    source
        UTF-8, UTF-16 or GB18030, with or without a mark; cells between any of `SEPARATORS`, or what a first line
        ``sep=;`` says.
    field
        What the user calls the file, for errors.
    score
        How much a row looks like the heading; the separator that gives the best heading is the table's.

    Yields
    ------
    iterator
        Number of each row as a spreadsheet shows it, and its cells. A line ``sep=`` is no row.

    Raises
    ------
    InvalidParameterError
        When the encoding cannot be told, or the table is cut in a way that no reader can follow.
    """
    encoding = _encoding(source, field)
    with source.open() as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as file:
        said = _SAID.match(file.read(16))
        separator = said[1] if said else _separator(_head(file), score)
        file.seek(0)
        if said:
            file.readline()
        yield _rows(file, separator, source, field)


def _rows(file: TextIO, separator: str, source: Source, field: str) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from enumerate(csv.reader(file, delimiter=separator), start=1)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidParameterError(
            field, f"{source.name} 读不出：{error}", f"cannot read {source.name}: {error}"
        ) from error


def _head(file: TextIO) -> str:
    file.seek(0)
    return file.read(_HEAD)


def _separator(head: str, score: Callable[[list[str]], int]) -> str:
    """Tell by which separator some row looks most like a heading; of equal ones the one that gives equal rows."""
    best, most = SEPARATORS[0], (-1, -1)
    for separator in SEPARATORS:
        try:
            rows = list(csv.reader(io.StringIO(head, newline=""), delimiter=separator))[:64]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        made = max(map(score, rows), default=0), max(widths.values(), default=0)
        if made > most:
            best, most = separator, made
    return best


def _encoding(source: Source, field: str) -> str:
    """Tell an encoding by reading the file once, in pieces."""
    try:
        with source.open() as file:
            head = file.read(_HEAD)
            marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
            for encoding in (marked,) if marked else ("utf-8", *_wide(head), "gb18030"):
                file.seek(0)
                if _decodes(file, encoding):
                    return encoding
    except OSError as error:
        raise InvalidParameterError(
            field, f"{source.name} 读不出：{error}", f"cannot read {source.name}: {error}"
        ) from error
    name = source.name if source.path is None else str(source.path)
    raise InvalidParameterError(
        field,
        f"{name} 不是文本表格：编码应为 UTF-8、UTF-16 或 GB18030",
        f"{name} is no table as text: it must be in UTF-8, UTF-16 or GB18030",
    )


def _wide(head: bytes) -> tuple[str, ...]:
    """Name the order of UTF-16 without a mark: its commas and line ends have a zero byte on one side each."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if not (even or odd) or (even and odd):
        return ()
    return ("utf-16-be",) if even else ("utf-16-le",)


def _decodes(file: BinaryIO, encoding: str) -> bool:
    """Say whether all of a file is text in an encoding: no byte too many, and nothing that stands in no table."""
    decoder = codecs.getincrementaldecoder(encoding)()
    odd = _CONTROLS if encoding.startswith("utf-16") else _NUL
    try:
        while piece := file.read(1 << 20):
            if odd.search(decoder.decode(piece)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
