"""The structure of a plan: what is a heading, a box, a table, a paragraph, and on which source line each character is.

Plans reach us as text that a word processor or a scanner wrote: contents lists, page numbers in the middle of a
sentence, tables with one cell a line, boxes (专栏) without an end mark. The outline undoes this once, so that the
grammar sees whole sentences, and keeps for every character the line and column it came from.
"""

import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from service_map.plans.wording import Wording

_MARKS = re.compile(r"\[bookmark:[^\]\n]*\]|</?[a-zA-Z][^<>\n]{0,60}>|\*\*|&nbsp;|\\(?=[*#_\-.>])")
_FULL = dict(zip("，；：（）！？､｡［］「」『』〔〕", "，；：（）！？、。[]“”“”（）", strict=True))
_HALF = {",": "，", ";": "；", ":": "：", "(": "（", ")": "）", "!": "！", "?": "？"}
_DASHES = dict.fromkeys("—–－―‐‑−～~", "-")
_SPACE = frozenset(" \t\u00a0\u3000\u2002\u2003\u2009\u200a\u202f\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
_INVISIBLE = frozenset("\u200b\u200c\u200d\ufeff\u2060\u00ad")
_END = "。！？；：…"
_CLOSERS = "”’）]》"

_LEAD_MARKS = re.compile(r"\s*(#{1,6}\s+|[>\-+]\s+)")
_HEADINGS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (1, re.compile(r"第[一二三四五六七八九十百\d]+(?:章|篇|部分|编)")),
    (2, re.compile(r"第[一二三四五六七八九十百\d]+节")),
    (3, re.compile(r"[一二三四五六七八九十]{1,3}、")),
    (4, re.compile(r"（[一二三四五六七八九十]{1,3}）")),
    (5, re.compile(r"\d{1,2}(?:\.\d{1,2})*(?:[.、]|(?=[\u4e00-\u9fff]))")),
    (6, re.compile(r"（\d{1,2}）|[①-⑳]")),
)
_BOX = re.compile(r"(?:专栏|专项行动表|重点项目表|附表|附件)\s*[\d一二三四五六七八九十]*")
_TABLE_TITLE = re.compile(r"表\s*[\d一二三四五六七八九十]+(?:[-.]\d+)?")
_CONTENTS = re.compile(r"目\s*录|目\s*次|contents", re.IGNORECASE)
_CONTENTS_LINE = re.compile(r".{2,60}?(?:[.…·]{2,}|\t|\s{2,}|\s)[-—\s]*\d{1,4}[-—\s]*")
_PAGE = re.compile(r"[-—–\s]*(?:第\s*)?\d{1,4}(?:\s*页)?[-—–\s]*(?:/\s*\d{1,4})?")
_HEADER_CELLS = frozenset(
    [
        "序号", "名称", "主要内容", "项目名称", "工程名称", "项目", "内容", "建设内容", "建设内容及规模",
        "建设规模", "建设地点", "地点", "类别", "领域", "指标", "指标名称", "主要指标", "属性", "指标属性",
        "单位", "备注", "年份", "数量", "建设性质", "建设年限", "责任单位", "总投资", "牵头单位", "起止年限",
        "建设规模及内容", "项目类别", "投资", "进度", "实际值", "目标值",
    ]
)  # fmt: skip
_CELL_END = ("项目", "工程", "计划", "行动")
_ITEM_END = (*_CELL_END, "院", "园", "馆", "中心", "校", "站", "步道", "公园", "公墓", "学校", "）")
_NUMBERING = re.compile(r"[◆◇▶►▷★☆●○■□◎➢•▪※]+|（?(?:\d{1,2}|[一二三四五六七八九十]{1,3})(?:）[.、]?|[.、](?!\d))|[①-⑳]")
_BULLET = re.compile(r"[◆◇▶►▷★☆●○■□◎➢•▪※①-⑳]")
_ITEM_MARK = re.compile(r"[◆◇▶►▷★☆●○■□◎➢•▪※①-⑳]|（\d{1,2}）|\d{1,2}[.、](?=[^\d.])")
_FIGURE = re.compile(r"[≥>]?=?\d+(?:\.\d+)?|[-/]+")
_STACK_TITLE = re.compile(r"^【?(?:附?表|专栏|附件)\s*[\d一二三四五六七八九十]|表(?:（[^（）]*）)?】?$|^附表")
_MAX_CELL = 16
_MAX_CELLS = 600
_MAX_HEADING = 50


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, a list item or a table cell, made whole.

    Attributes
    ----------
    text
        Canonical text: one kind of bracket, quote, dash and comma, no spaces inside Chinese.
    lines, columns
        For each character of `text`, its 1-based source line and 0-based column.
    section
        The nearest heading above, None before the first.
    box
        Whether it stands in a 专栏, where a bare name is a promise.
    role
        ``body``, ``title`` (the name cell of a table row), ``cell`` (any other cell) or ``head`` (of its first row).
    row
        Number of the table row it comes from, 0 outside tables.
    """

    text: str
    lines: "array[int]"
    columns: "array[int]"
    section: str | None
    box: bool
    role: str
    row: int = 0

    def quote(self, source: Callable[[int], str], start: int, end: int) -> tuple[int, str]:
        """Return the source line of `start` and the source text from there to `end` or to the line's end."""
        line = self.lines[start]
        last = start
        while last + 1 < end and self.lines[last + 1] == line:
            last += 1
        return line, source(line)[self.columns[start] : self.columns[last] + 1]


@dataclass(slots=True)
class _Line:
    number: int
    chars: list[str]
    columns: list[int]
    tabs: list[int]
    marked: bool
    raw: str

    @property
    def text(self) -> str:
        return "".join(self.chars)

    def drop_last(self) -> None:
        self.chars.pop()
        self.columns.pop()


@dataclass(slots=True)
class _State:
    section: str | None = None
    box: bool = False
    past_rank: int = 0
    in_table: bool = False
    cells: bool = False
    row: int = 0
    pieces: list[_Line] = field(default_factory=list)
    stacked: dict[int, int] = field(default_factory=dict)
    items: frozenset[int] = frozenset()


def source_lines(text: str) -> list[str]:
    r"""Return the source lines as ``sed`` counts them, without their ends (``\n`` or ``\r\n``)."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def passages(text: str) -> dict[int, str]:
    """Return the source lines that hold text, by their 1-based number: what a citation's line points at.

    Parameters
    ----------
    text
        The whole plan.

    Returns
    -------
    dict
        Line number to line, without its line end.
    """
    return {number: line for number, line in enumerate(source_lines(text), start=1) if line.strip()}


def outline(text: str, *, wording: Wording) -> Iterator[Passage]:
    """Walk a plan and yield the passages that can promise something, in reading order.

    Contents lists, page numbers and the chapters on the last period (发展基础 …) are left out.

    Parameters
    ----------
    text
        The whole plan.
    wording
        The word lists; their ``past`` headings say which chapters look back.

    Yields
    ------
    Passage
    """
    state = _State()
    lines = [_canonical(number, raw) for number, raw in enumerate(source_lines(text), start=1)]
    contents = _contents_lines(lines)
    state.stacked = _stacked_rows(lines)
    state.items = _list_items(lines)
    for line in lines:
        if line.chars and line.number not in contents:
            yield from _take(state, line, wording)
    yield from _flush(state)


def _take(state: _State, line: _Line, wording: Wording) -> Iterator[Passage]:
    """Read one line: a table row or cell, a page number, a heading, or a piece of a paragraph."""
    content = line.text
    if line.number in state.stacked:
        yield from _flush(state)
        if not _past(state):
            state.row += state.stacked[line.number]
            yield _passage([line], state, "cell")
        return
    if _BULLET.match(content) or line.number in state.items:
        yield from _flush(state)
    if line.number in state.items:
        state.pieces.append(line)
        yield from _flush(state)
        return
    yield from _take_text(state, line, wording)


def _take_text(state: _State, line: _Line, wording: Wording) -> Iterator[Passage]:
    content = line.text
    rank = _heading_rank(line, content)
    if rank is not None and rank < 5 and state.cells:
        state.cells = False
    if len(line.tabs) > 0 or content == "序号" or state.cells:
        cells = _cells(line)
        if len(cells) > 1 or not line.tabs or line.tabs[0] == 0:
            yield from _flush(state)
            yield from _row(state, line, cells) if len(cells) > 1 else _cell(state, line, content)
            return
    if _PAGE.fullmatch(content) and not state.in_table:
        return
    if rank is not None and 3 <= rank < 7 and state.box and content.endswith(_ITEM_END):
        # A numbered project in a box: its name is the promise.
        yield from _flush(state)
        state.pieces.append(line)
        yield from _flush(state)
        return
    if rank is not None and (rank < 5 or not state.pieces or _closed(state.pieces[-1])):
        yield from _flush(state)
        _enter(state, line, rank, wording)
        return
    if len(content) > 30:
        state.in_table = False
    if state.pieces and not _joins(state.pieces[-1], line, state):
        yield from _flush(state)
    state.pieces.append(line)


def _cell(state: _State, line: _Line, content: str) -> Iterator[Passage]:
    """Read a table saved with one cell a line: behind tabs, or below the header word 序号 without any mark."""
    state.in_table = True
    if content == "序号" and not line.tabs:
        state.cells = True
    if content in _HEADER_CELLS:
        return
    if state.cells and re.fullmatch(r"\d{1,3}", content):
        state.row += 1
        return
    if not _past(state):
        prose = state.cells and (len(content) > 40 or content[-1] in _END)
        yield _passage([line], state, "body" if prose else "cell")


def _canonical(number: int, raw: str) -> _Line:
    """Bring a source line into canonical form, keeping the column of every character."""
    line = _Line(number, [], [], [], marked=False, raw=raw)
    marks = [match.span() for match in _MARKS.finditer(raw)]
    lead = _LEAD_MARKS.match(raw)
    if lead:
        line.marked = "#" in lead[1]
        marks.append(lead.span())
    hidden = {column for start, end in marks for column in range(start, end)}
    quote_open = False
    for column, char in enumerate(raw):
        if column in hidden or char in _INVISIBLE:
            continue
        if char == "\t":
            line.tabs.append(len(line.chars))
        elif char in _SPACE:
            _space(line, column)
        else:
            new = _mark(raw, column, char)
            if new == '"':
                quote_open = not quote_open
                new = "“" if quote_open else "”"
            if line.chars and line.chars[-1] == " " and not (new.isascii() and new.isalnum()):
                line.drop_last()
            line.chars.append(new)
            line.columns.append(column)
    if line.chars and line.chars[-1] == " ":
        line.drop_last()
    return line


def _space(line: _Line, column: int) -> None:
    # A space counts only between two ASCII letters or digits (a road number, an English name), never behind a tab.
    behind_tab = line.tabs and line.tabs[-1] == len(line.chars)
    if line.chars and not behind_tab and line.chars[-1].isascii() and line.chars[-1].isalnum():
        line.chars.append(" ")
        line.columns.append(column)


def _mark(raw: str, column: int, char: str) -> str:
    """Return the canonical form of one character: full-width marks, half-width letters and digits, one dash."""
    if "\u4e00" <= char <= "\u9fff":
        return char
    new = _FULL.get(char, char)
    if "\uff01" <= new <= "\uff5e" and new not in "，；：（）！？":
        new = chr(ord(new) - 0xFEE0)
    new = _DASHES.get(new, new)
    if new in _HALF and not _between_digits(raw, column):
        return _HALF[new]
    return "。" if new == "." and _full_stop(raw, column) else new


def _between_digits(raw: str, column: int) -> bool:
    return (
        raw[column] in ",:，："
        and 0 < column < len(raw) - 1
        and raw[column - 1].isdigit()
        and raw[column + 1].isdigit()
    )


def _full_stop(raw: str, column: int) -> bool:
    before = raw[column - 1] if column else ""
    after = raw[column + 1] if column + 1 < len(raw) else ""
    return (before >= "\u3000" or before in ')]%”"') and before != "" and after not in ".…" and before not in ".…"


def _contents_lines(lines: list[_Line]) -> set[int]:
    """Find the contents list: lines that end in a page number, after the word 目录 or in a run of at least four."""
    found: set[int] = set()
    run: list[int] = []
    after_word = False
    for line in lines:
        content = line.text
        if not content:
            continue
        if _CONTENTS.fullmatch(content):
            after_word = True
            found.add(line.number)
            run = []
            continue
        like = bool(_CONTENTS_LINE.fullmatch(line.raw.strip().removesuffix("</b>"))) and not _PAGE.fullmatch(content)
        like = like and len(content) < 60 and not re.search(r"[。；]", content)
        if like and (after_word or _heading_rank(line, content) is not None):
            run.append(line.number)
            continue
        if len(run) >= (1 if after_word else 4):
            found.update(run)
        if not _PAGE.fullmatch(content):
            after_word = after_word and not run
        run = []
    if len(run) >= 4:
        found.update(run)
    return found


def _list_items(lines: list[_Line]) -> frozenset[int]:
    """Find the items of lists, one a short line behind a mark or number: two or more with nothing between them."""
    found: set[int] = set()
    before: tuple[int, str] | None = None
    for line in lines:
        if not line.chars:
            continue
        content = line.text
        match = _ITEM_MARK.match(content) if len(content) <= _MAX_HEADING and not line.tabs else None
        sort = re.sub(r"\d+", "1", match[0]) if match else ""
        sort = "①" if re.match("[①-⑳]", sort) else sort
        if match and before and before[1] == sort:
            found.update((before[0], line.number))
        before = (line.number, sort) if match and content[-1] not in "，、：" else None
    return frozenset(found)


def _stacked_rows(lines: list[_Line]) -> dict[int, int]:
    """Find tables of numbers with one cell a line below their title: line number -> 1 where a row begins, else 0."""
    found: dict[int, int] = {}
    for index, line in enumerate(lines):
        if not (line.chars and len(line.chars) <= _MAX_HEADING and _STACK_TITLE.search(line.text)):
            continue
        run: list[_Line] = []
        for later in lines[index + 1 : index + 1 + _MAX_CELLS]:
            if len(later.chars) > _MAX_CELL or later.tabs or (later.chars and later.chars[-1] in _END):
                break
            if later.chars:
                run.append(later)
        numeric = [bool(_FIGURE.fullmatch(cell.text)) for cell in run]
        width = _width(numeric)
        for start in range(width, len(run) - width + 1, max(width, 1)) if width else ():
            if numeric[start] or not numeric[start + width - 1]:
                break
            if start == width:
                found.update({cell.number: int(place == 0) for place, cell in enumerate(run[:width])})
            found.update({cell.number: int(place == 0) for place, cell in enumerate(run[start : start + width])})
    return found


def _width(numeric: list[bool]) -> int:
    """Tell how many columns a table of one cell a line has: a name first, a number last; else 0."""
    best, longest = 0, 0
    for width in range(2, 9):
        rows = 0
        for start in range(width, len(numeric) - width + 1, width):
            if numeric[start] or not numeric[start + width - 1]:
                break
            rows += 1
        if rows * width > longest and not any(numeric[:width]):
            best, longest = width, rows * width
    return best


def _cells(line: _Line) -> list[tuple[int, int]]:
    """Spans of the tab-separated cells; one span when the line is no table row."""
    if not line.tabs:
        return [(0, len(line.chars))]
    bounds = [0, *line.tabs, len(line.chars)]
    spans = [(a, b) for a, b in pairwise(bounds) if b > a]
    return spans if len(spans) > 1 or len(line.tabs) >= 2 else [(0, len(line.chars))]


def _heading_rank(line: _Line, content: str) -> int | None:
    if len(content) > _MAX_HEADING or content[-1] in "。；，、" or "。" in content:
        return None
    framed = re.fullmatch("【([^【】]{2,40})】", content)
    if framed:
        content = framed[1]
    if framed and not _BOX.match(content):
        return 4
    if _BOX.match(content) or _TABLE_TITLE.match(content):
        return 7
    for rank, pattern in _HEADINGS:
        match = pattern.match(content)
        if match and (rank < 5 or len(content) - match.end() >= 2):
            long = rank >= 3 and "，" in content and len(content) > 36
            counts = rank >= 5 and re.match(r"[年月日个所%公人元万名座处家套张.·:]|分钟|小时", content[match.end() :])
            return None if long or counts else rank
    return 6 if line.marked else None


def _enter(state: _State, line: _Line, rank: int, wording: Wording) -> None:
    content = line.text
    # A heading is shown as the source spells it, but for marks of word processors.
    state.section = " ".join(_MARKS.sub("", line.raw).lstrip("#>-+ \t").split())
    box = bool(_BOX.match(content.lstrip("【")))
    if rank < 5 or box:
        state.box = box
    state.in_table = bool(_TABLE_TITLE.match(content))
    if state.past_rank and rank <= state.past_rank:
        state.past_rank = 0
    if not state.past_rank and rank < 7 and wording.looks_back(content):
        state.past_rank = rank


def _past(state: _State) -> bool:
    return state.past_rank > 0


def _closed(line: _Line) -> bool:
    content = line.text.rstrip(_CLOSERS)
    return not content or content[-1] in _END


def _joins(before: _Line, after: _Line, state: _State) -> bool:
    if after.chars[0] in "，、。；：）”》！？":
        return True
    if _closed(before):
        return False
    text = before.text
    # A list of projects with one name a line: each line is whole though no full stop closes it.
    return not (text.endswith(_CELL_END) and len(text) < 60 and not set("，。；、") & set(text[-20:])) and not (
        text.endswith(_CELL_END) and after.text.endswith(_CELL_END) and state.box
    )


def _row(state: _State, line: _Line, cells: list[tuple[int, int]]) -> Iterator[Passage]:
    """Yield a table row: its name as ``title`` and its long text as ``body``, or all its cells as ``cell``."""
    if _past(state):
        return
    texts = ["".join(line.chars[a:b]) for a, b in cells]
    if (
        sum(text in _HEADER_CELLS or bool(re.fullmatch(r"20\d\d年?(?:.{0,4}值)?", text)) for text in texts)
        >= len(texts) / 2
    ):
        state.in_table = True
        state.row += 1
        cells = cells[1:] if texts[0] == "序号" else cells
        for start, end in cells:
            piece = _Line(line.number, line.chars[start:end], line.columns[start:end], [], marked=False, raw="")
            yield _passage([piece], state, "head")
        return
    state.row += 1
    if re.fullmatch(r"（?\d{1,3}）?[.、]?", texts[0]):
        cells, texts = cells[1:], texts[1:]
    prose = [text for text in texts if len(text) > 40 or text[-1] in _END]
    for position, (start, end) in enumerate(cells):
        piece = _Line(line.number, line.chars[start:end], line.columns[start:end], [], marked=False, raw="")
        role = "cell" if not prose else "title" if position == 0 and texts[0] not in prose else "body"
        yield _passage([piece], state, role)


def _flush(state: _State) -> Iterator[Passage]:
    pieces, state.pieces = state.pieces, []
    if pieces and not _past(state):
        yield _passage(pieces, state, "body")


def _passage(pieces: list[_Line], state: _State, role: str) -> Passage:
    text: list[str] = []
    lines = array("I")
    columns = array("I")
    numbering = _NUMBERING.match(pieces[0].text) if role != "cell" else None
    if numbering and numbering.end() < len(pieces[0].chars):
        first = pieces[0]
        pieces = [
            _Line(first.number, first.chars[numbering.end() :], first.columns[numbering.end() :], [], first.marked, ""),
            *pieces[1:],
        ]
    for piece in pieces:
        text.extend(piece.chars)
        lines.extend([piece.number] * len(piece.chars))
        columns.extend(piece.columns)
    listed = pieces[0].number in state.items and text[-2:] in (list("项目"), list("工程"))
    return Passage("".join(text), lines, columns, state.section, state.box or listed, role, state.row)
