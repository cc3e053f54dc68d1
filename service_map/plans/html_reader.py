"""A web page as lines: blocks as paragraphs, tables as rows."""

import re
from html.parser import HTMLParser

from service_map.plans.table_lines import Cell, Grid

_BLOCKS = frozenset(
    ["article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6"]
).union(["header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "tbody", "tfoot", "thead", "ul"])
_UNREAD = frozenset(["script", "style", "head", "noscript", "template", "svg", "select", "button"])
_MAX_NESTED = 16


def page_lines(markup: str) -> list[str]:
    """Return the lines of a web page.

    Parameters
    ----------
    markup
        The page's HTML.

    Returns
    -------
    list of str
        A paragraph each, or a table row with tabs between the cells; none is blank. A heading begins with ``#`` marks.
    """
    page = _Page()
    # What never ends is dropped before the parser looks for its end, from every place where it begins.
    unended = markup.find("<!--", max(markup.rfind("-->"), 0))
    markup = markup if unended < 0 else markup[:unended]
    end = markup.rfind(">") + 1
    page.feed(markup[:end] + markup[end:].partition("<")[0])
    page.close()
    return page.lines()


class _Page(HTMLParser):
    """Collects blocks as lines; a table nested in a cell gives its rows to that cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[list[str]] = [[]]
        self._text: list[str] = []
        self._tables: list[Grid] = []
        self._cells: list[Cell | None] = []
        self._unread = 0
        self._heading = ""

    def lines(self) -> list[str]:
        """Return what was read; tables left open are closed."""
        while self._tables:
            self._end_table()
        self._break()
        return self._out[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "table" and len(self._tables) < _MAX_NESTED:
            self._break()
            self._tables.append(Grid())
            self._cells.append(None)
        elif tag == "tr" and self._tables:
            self._end_cell()
            self._tables[-1].row()
        elif tag in ("td", "th") and self._tables:
            self._end_cell()
            spans = {name: _span(value) for name, value in attrs if name in ("colspan", "rowspan")}
            self._cells[-1] = Cell(columns=spans.get("colspan", 1), rows=spans.get("rowspan", 1))
            self._out.append([])
        elif tag in _BLOCKS:
            self._break()
            # In a table a heading is a cell's text.
            self._heading = "#" * int(tag[1]) + " " if re.fullmatch("h[1-6]", tag) and not self._tables else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag == "table" and self._tables:
            self._end_table()
        elif tag in ("td", "th", "tr") and self._tables:
            self._end_cell()
        elif tag in _BLOCKS:
            self._break()
            self._heading = ""

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self._text.append(data)

    def _break(self) -> None:
        line = " ".join("".join(self._text).split())
        if line:
            self._out[-1].append(self._heading + line)
        self._text = []

    def _end_cell(self) -> None:
        cell = self._cells[-1]
        if cell is None:
            return
        self._break()
        cell.lines = self._out.pop()
        self._tables[-1].add(cell)
        self._cells[-1] = None

    def _end_table(self) -> None:
        self._end_cell()
        self._break()
        self._out[-1].extend(self._tables.pop().lines())
        self._cells.pop()


def _span(value: str | None) -> int:
    return min(max(int(value), 1), 1000) if value and value.isascii() and value.isdigit() and len(value) < 6 else 1
