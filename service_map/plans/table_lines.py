"""A table of a document as lines: one a row, with tabs between the cells, as `outline` reads tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LONGEST_LABEL = 20
_MAX_COLUMNS = 100
_MAX_CARRIED = 20_000
"""Most cells that merged cells of one table fill below themselves."""
_ENDS = "。；，、：！？"


@dataclass(slots=True)
class Cell:
    """One cell: its lines, how many columns and rows it spans, and whether it only goes on from the row above."""

    lines: list[str] = field(default_factory=list)
    columns: int = 1
    rows: int = 1
    goes_on: bool = False

    @property
    def text(self) -> str:
        """The cell as one text: a line break ends a clause."""
        lines = [" ".join(line.split()) for line in self.lines]
        parts = [line if line[-1] in _ENDS else f"{line}；" for line in lines if line]
        joined = "".join(parts)
        return joined.removesuffix("；") if parts and parts[-1] != lines[-1] else joined

    @property
    def label(self) -> str:
        """What is said again in the rows that a merged cell spans: a short name, never a passage."""
        text = self.text
        return text if len(text) <= _LONGEST_LABEL and not re.search("[。；，]", text) else ""


class Grid:
    """Puts merged cells where they belong and gives the rows as lines."""

    def __init__(self) -> None:
        self._rows: list[dict[int, Cell]] = []
        self._open: dict[int, tuple[Cell, int]] = {}
        self._free = 0
        self._carried = 0

    def row(self) -> None:
        """Begin a row."""
        row: dict[int, Cell] = {}
        kept: dict[int, tuple[Cell, int]] = {}
        for column, (cell, left) in self._open.items() if self._carried < _MAX_CARRIED else ():
            self._carried += 1
            row[column] = Cell([cell.label] if cell.label else [], columns=cell.columns)
            if left > 1:
                kept[column] = (cell, left - 1)
        self._open = kept
        self._free = 0
        self._rows.append(row)

    def add(self, cell: Cell) -> None:
        """Add a cell to the last row, in the first free column."""
        if not self._rows:
            self.row()
        row = self._rows[-1]
        column = self._free
        while column in row:
            column += max(row[column].columns, 1)
        self._free = column
        if column >= _MAX_COLUMNS:
            return
        if cell.goes_on and len(self._rows) > 1:
            above = self._rows[-2].get(column)
            cell = Cell([above.label] if above and above.label else [], columns=cell.columns)
        row[column] = cell
        if cell.rows > 1:
            self._open[column] = (cell, cell.rows - 1)

    def lines(self) -> Iterator[str]:
        """Yield the rows; a row of one cell (专栏 are often such) gives each line of its own."""
        for row in self._rows:
            cells = [row[column] for column in sorted(row)]
            if len(cells) == 1:
                yield from cells[0].lines
                continue
            texts = [cell.text.replace("\t", " ") for cell in cells]
            if any(texts):
                yield "\t".join(text or "-" for text in texts)
