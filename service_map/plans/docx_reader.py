"""A Word document as lines: paragraphs with the numbers that Word shows, tables as rows, text boxes where they hang.

python-docx opens the package and knows its styles; the text is walked here, because it leaves out what plans hold:
automatic numbers (第三章 is often no text at all), boxes (专栏), content controls, nested tables, inserted revisions.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

from service_map.plans.table_lines import Cell, Grid

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX = f"{_W}txbxContent"
_SKIPPED = frozenset(
    [_FALLBACK, _BOX, *(_W + name for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "delText"))]
)
_HEADING = re.compile(r"(?:heading|标题)\s*([1-9])$", re.IGNORECASE)
_DIGITS = "零一二三四五六七八九"
_COUNTING = frozenset(
    [
        "chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting", "taiwaneseCounting",
        "taiwaneseCountingThousand", "chineseLegalSimplified", "ideographLegalTraditional",
    ]
)  # fmt: skip
_MAX_DEPTH = 16
_MAX_LEVELS = 9
"""Levels of a numbered list, as Word has them."""


def word_lines(data: bytes) -> Iterator[str]:
    """Yield the lines of a .docx.

    Parameters
    ----------
    data
        The file's bytes.

    Yields
    ------
    str
        A paragraph, or a table row with tabs between the cells. A heading without an automatic number begins with
        ``#`` marks.
    """
    from docx import Document

    document = Document(io.BytesIO(data))
    yield from _blocks(document.element.body, _Numbers(document), 0)


def _blocks(parent: Any, numbers: "_Numbers", depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for element in parent:
        if element.tag == f"{_W}p":
            if not len(element):
                yield ""
                continue
            # A tab before the text only indents it.
            yield numbers.mark(element) + _text(element).strip("\t ")
            for box in _boxes(element):
                yield from _blocks(box, numbers, depth + 1)
        elif element.tag == f"{_W}tbl":
            yield from _rows(element, numbers, depth + 1)
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml", f"{_W}smartTag"):
            yield from _blocks(element, numbers, depth)


def _rows(table: Any, numbers: "_Numbers", depth: int) -> Iterator[str]:
    grid = Grid()
    for row in _children(table, "tr"):
        grid.row()
        for cell in _children(row, "tc"):
            properties = cell.find(f"{_W}tcPr")
            span = _value(properties, "gridSpan")
            merged = None if properties is None else properties.find(f"{_W}vMerge")
            goes_on = merged is not None and merged.get(f"{_W}val", "continue") == "continue"
            lines = [line for line in _blocks(cell, numbers, depth) if line.strip()]
            grid.add(Cell(lines, columns=min(int(span), 100) if span and _small(span) else 1, goes_on=goes_on))
    yield from grid.lines()


def _children(parent: Any, name: str) -> Iterator[Any]:
    """Yield rows or cells, those in content controls and inserted ones too."""
    for element in parent:
        if element.tag == _W + name:
            yield element
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _children(element, name)


def _text(element: Any) -> str:
    parts: list[str] = []
    for child in element:
        if child.tag in _SKIPPED:
            continue
        if child.tag == f"{_W}t":
            parts.append(child.text or "")
        elif child.tag == f"{_W}tab":
            parts.append("\t")
        elif child.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        else:
            parts.append(_text(child))
    return "".join(parts).replace("\n", "")


def _boxes(paragraph: Any) -> Iterator[Any]:
    """Yield the text boxes that hang at a paragraph; those inside them hang at their own paragraphs."""
    for element in paragraph:
        if element.tag == _BOX:
            yield element
        elif element.tag != _FALLBACK:
            yield from _boxes(element)


def _small(figures: str) -> bool:
    """Tell whether an attribute is a whole number that a document can mean."""
    return figures.isdecimal() and len(figures) < 7


def _value(parent: Any, name: str) -> str | None:
    found = None if parent is None else parent.find(_W + name)
    return None if found is None else found.get(f"{_W}val")


class _Numbers:
    """Counts the automatic numbers of headings and lists, as Word shows them.

    Parameters
    ----------
    document
        What python-docx opened.
    """

    def __init__(self, document: Any) -> None:
        self._styles: dict[str, Any] = {}
        for style in document.styles.element.iter(f"{_W}style"):
            self._styles[style.get(f"{_W}styleId", "")] = style
        self._levels: dict[tuple[str, int], tuple[str, str, int]] = {}
        self._arabic: set[tuple[str, int]] = set()
        self._lists: dict[str, str] = {}
        self._counts: dict[str, list[int]] = {}
        part = next(
            (rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/numbering")), None
        )
        if part is not None:
            self._learn(part.element)

    def mark(self, paragraph: Any) -> str:
        """Return what stands before a paragraph's text: its number, ``#`` for an unnumbered heading, or nothing."""
        properties = paragraph.find(f"{_W}pPr")
        style = _value(properties, "pStyle")
        number = self._number(properties, style)
        depth = self._heading(style)
        if number or depth is None or not _text(paragraph).strip():
            return number
        return "#" * depth + " "

    def _learn(self, numbering: Any) -> None:
        for abstract in numbering.iter(f"{_W}abstractNum"):
            key = abstract.get(f"{_W}abstractNumId", "")
            for level in abstract.iter(f"{_W}lvl"):
                start, depth = _value(level, "start") or "1", level.get(f"{_W}ilvl", "0")
                form, shown = _value(level, "numFmt") or "decimal", _value(level, "lvlText") or ""
                if _small(start) and _small(depth) and int(depth) < _MAX_LEVELS:
                    self._levels[key, int(depth)] = (form, shown, int(start))
                    if level.find(f"{_W}isLgl") is not None:
                        self._arabic.add((key, int(depth)))
        for number in numbering.iter(f"{_W}num"):
            self._lists[number.get(f"{_W}numId", "")] = _value(number, "abstractNumId") or ""

    def _chain(self, style: str | None) -> Iterator[Any]:
        for _ in range(_MAX_DEPTH):
            element = self._styles.get(style or "")
            if element is None:
                return
            yield element
            style = _value(element, "basedOn")

    def _heading(self, style: str | None) -> int | None:
        for element in self._chain(style):
            match = _HEADING.match(_value(element, "name") or "")
            if match:
                return min(int(match[1]), 6)
        return None

    def _number(self, properties: Any, style: str | None) -> str:
        places = [properties, *(element.find(f"{_W}pPr") for element in self._chain(style))]
        for place in places:
            numbered = None if place is None else place.find(f"{_W}numPr")
            if numbered is None:
                continue
            key = _value(numbered, "numId")
            if key is None:
                continue
            depth = _value(numbered, "ilvl") or self._linked(key, style)
            return self._next(self._lists.get(key, ""), int(depth) if _small(depth) else 0) if key != "0" else ""
        return ""

    def _linked(self, key: str, style: str | None) -> str:
        # A heading style names its list; its level is that of the heading.
        depth = self._heading(style)
        return str(depth - 1) if depth and (self._lists.get(key, ""), depth - 1) in self._levels else "0"

    def _next(self, key: str, depth: int) -> str:
        if (key, depth) not in self._levels:
            return ""
        counts = self._counts.setdefault(key, [])
        for level in range(len(counts), depth + 1):
            counts.append(self._levels.get((key, level), ("", "", 1))[2] - (1 if level == depth else 0))
        if len(counts) > depth + 1:
            del counts[depth + 1 :]
        counts[depth] += 1
        form, shown, _ = self._levels[key, depth]
        if form == "bullet":
            return "● "
        arabic = (key, depth) in self._arabic

        def part(match: re.Match[str]) -> str:
            level = int(match[1]) - 1
            if level >= len(counts):
                return ""
            return str(counts[level]) if arabic else _counted(self._levels.get((key, level)), counts[level])

        return re.sub("%([1-9])", part, shown)


def _counted(level: tuple[str, str, int] | None, value: int) -> str:
    form = level[0] if level else "decimal"
    if form in _COUNTING:
        return chinese(value)
    if form.startswith("decimalEnclosedCircle") and 1 <= value <= 20:
        return chr(ord("①") + value - 1)
    return str(value)


def chinese(value: int) -> str:
    """Return a number as chapters count: 三, 十二, 二十; Arabic from 100."""
    if not 0 < value < 100:
        return str(value)
    tens, ones = divmod(value, 10)
    lead = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return lead + (_DIGITS[ones] if ones else "")
