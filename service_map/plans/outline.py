"""The structure of a plan: what is a heading, a box, a table, a paragraph, and on which source line each character is.

Plans reach us as text that a word processor or a scanner wrote: contents lists, page numbers in the middle of a
sentence, tables with one cell a line, boxes (专栏) without an end mark. The outline undoes this once, so that the
grammar sees whole sentences, and keeps for every character the line and column it came from.
"""

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile
from typing import NamedTuple, overload

from service_map.plans.layout import Record, Text, records, walk
from service_map.plans.lexicon import Wording, names_one

_MARKS = re.compile(r"\[bookmark:[^\]\n]{0,200}\]|</?[a-zA-Z][^<>\n]{0,60}>|\*\*|&nbsp;|\\(?=[*#_\-.>])")
_FULL = dict(zip("，；：（）！？､｡［］「」『』〔〕〖〗", "，；：（）！？、。[]“”“”（）【】", strict=True))
# A PDF often spells a character as the radical that looks like it (⼉ for 儿); of the supplement, those that are words.
RADICALS = {
    **{chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)},
    **dict(
        zip(
            "⺌⺝⺟⺠⺶⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰⻳",
            "小月母民羊虎西见角贝车長长门青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙龟",
            strict=True,
        )
    ),
}
"""Radicals that stand for characters -> the characters."""
_FULL.update(RADICALS)
_HALF = {",": "，", ";": "；", ":": "：", "(": "（", ")": "）", "!": "！", "?": "？"}
_DASHES = dict.fromkeys("—–－―‐‑−～~", "-")
_PLAIN = re.compile("[\u4e00-\u9fff]*")
_SPACE = frozenset(" \t\u00a0\u3000\u2002\u2003\u2009\u200a\u202f\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
_INVISIBLE = frozenset("\u200b\u200c\u200d\ufeff\u2060\u00ad")
_END = "。！？；：…"
_CLOSERS = "”’）]》"

_LABEL = re.compile(r"\s*([\u4e00-\u9fff]{2,8})[\u3000 ]{1,4}(?=[\u4e00-\u9fff“][^\n，,。]{3,60}[；;])")
"""A label and a list of names behind a space (养老托育　甲福利院；乙中心；): the space stands for a colon."""
_PIPED = re.compile(r"\s*\|.*\|\s*")
_RULED = re.compile(r"[\s|:\-]*")
_YEAR_WORDS = re.compile("二[〇○零Ｏ][二三][〇○零Ｏ一二三四五六七八九](?=年)")
_YEAR_DIGITS = {**str.maketrans("〇○零Ｏ", "0000"), **str.maketrans("一二三四五六七八九", "123456789")}
_LEAD_MARKS = re.compile(r"\s*(#{1,6}\s+|[>\-+*]\s+)")
_HEADINGS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (1, re.compile(r"第[一二三四五六七八九十百\d]+(?:章|篇|部分|编)")),
    (2, re.compile(r"第[一二三四五六七八九十百\d]+节")),
    (
        3,
        re.compile(
            r"[一二三四五六七八九十]{1,3}、|（?[壹贰叁肆伍陆柒捌玖拾]{1,2}[）、.]?|[甲乙丙丁戊己]、|【[一二三四五六七八九十]】"
        ),
    ),
    (4, re.compile(r"（[一二三四五六七八九十]{1,3}）")),
    (5, re.compile(r"第[一二三四五六七八九十百\d]+条(?=[^，。；：]{2,20}$)")),
    (5, re.compile(r"\d{1,2}(?:\.\d{1,2})*(?:[.、]|(?=[\u4e00-\u9fff“])| (?=20[2-3]\d年))")),
    (6, re.compile(r"（\d{1,2}）|[①-⑳]")),
)
_YEAR_ALONE = re.compile(r"20[2-4]\d年(?:度)?(?:计划|任务|安排|项目)?")
"""A line that is a year heads what is to be done in it."""
_BOX = re.compile(r"(?:专栏|专项行动表|重点项目表|附表|附件)\s*[\d一二三四五六七八九十]*")
_ANNEX = re.compile("附件?\\d*[：:][^，。；：]{2,24}(?:名单|清单|表|项目|计划|安排|一览)")
_PROJECTS = re.compile(r"项目(?:清单|库|名单|一览|列表|汇总|表)|工程清单")
_DOCUMENT = re.compile(
    r"(?=[^，。；：]*(?:十[三四五六]五|20\d\d|规划|方案|清单|项目库))[^，。；：、]{4,40}"
    r"(?:规划|方案|纲要|清单|项目库|一览表?|意见|计划|实事|要点|专章|布局|报告)(?:（[^（）]{1,20}）)?"
)
_TABLE_TITLE = re.compile(r"表\s*[\d一二三四五六七八九十]+(?:[-.]\d+)?")
_CONTENTS = re.compile(r"目\s*录|目\s*次|contents", re.IGNORECASE)
_CONTENTS_LINE = re.compile(r".{2,60}?(?:[.…·]{2,}+|\s)[-—\s]*+\d{1,4}[-—\s]*")
_PAGE = re.compile(r"[-—–\s]*(?:第\s*)?\d{1,4}(?:\s*页)?[-—–\s]*(?:/\s*\d{1,4})?")
_HEADER_CELLS = frozenset(
    [
        "序号", "名称", "主要内容", "项目名称", "工程名称", "项目", "内容", "建设内容", "建设内容及规模",
        "建设规模", "建设地点", "地点", "类别", "领域", "指标", "指标名称", "主要指标", "属性", "指标属性",
        "单位", "备注", "年份", "数量", "建设性质", "建设年限", "责任单位", "总投资", "牵头单位", "起止年限",
        "建设规模及内容", "项目类别", "投资", "进度", "实际值", "目标值", "完成年限", "建设时间",
        "建设起止年限", "完成时间", "建设周期", "实施年限", "性质", "建设单位", "实施单位", "责任部门", "规模",
        "总投资（万元）", "投资（万元）", "所在地", "项目单位", "主管单位", "建设主体", "实施地点", "项目地点",
        "建设内容和规模", "规模及内容", "主要建设内容", "建设任务", "建设类型", "建设方式", "县区", "乡镇",
        "区域",
    ]
)  # fmt: skip
_NAME_HEADS = frozenset(["项目名称", "名称", "指标", "指标名称", "主要指标", "工程名称", "项目"])
_TELLS_ROWS = _NAME_HEADS | {"建设性质", "建设地点", "建设年限", "起止年限", "建设内容", "建设规模", "完成年限"}
_YEAR_HEADS = frozenset(
    ["建设年限", "起止年限", "完成年限", "建设时间", "建设起止年限", "完成时间", "建设周期", "实施年限"]
)
_YEAR_HEAD = re.compile(
    r"20\d\d年?(?:.{0,4}值|基数|目标|现状|完成|实际|规划)?(?:（[^（）]{1,8}）)?|"
    r"(?:基期|现状|目标|规划|期末|基准|完成|当前|十[三四]五末?)(?:年|期|末)?(?:值|数|目标|情况)?(?:（20\d\d年?末?）)?|累计|“?十[三四]五”?(?:目标|规划|末|期末|新增|任务)(?:值|数)?"
)
_MAX_HEADS = 12
_CELL_END = ("项目", "工程", "计划", "行动")
_ITEM_END = (*_CELL_END, "院", "园", "馆", "中心", "校", "站", "步道", "公园", "公墓", "学校", "）")
_NUMBERING = re.compile(
    r"第[一二三四五六七八九十百\d]{1,4}条(?![步路线])|\d{1,2}[.、](?=20[2-3]\d年)|\d{1,2}(?:\.\d{1,2}){1,3}(?=[\u4e00-\u9fff])(?![万亿公平千百个所米张元亩倍分处座块片条家%])|-{1,4}|[◆◇▶►▷▲△★☆●○■□◎➢•▪※]+|（?(?:\d{1,2}|[一二三四五六七八九十]{1,3})(?:）[.、]?|[.、](?!\d))|[①-⑳]"
    r"|[a-z][.．、](?=[\u4e00-\u9fff])|[A-Z]\d{1,2} ?(?=[\u4e00-\u9fff])"
)
_DASHED = re.compile(r"\s*[-*+]\s+(?=\S)")
_BULLET = re.compile(r"[◆◇▶►▷▲△★☆●○■□◎➢•▪※①-⑳]")
_ITEM_MARK = re.compile(r"[a-z][.、](?=[\u4e00-\u9fff])|[◆◇▶►▷▲△★☆●○■□◎➢•▪※①-⑳]|（\d{1,2}）|\d{1,2}[.、](?=[^\d.])")
_FIGURE = re.compile(r"[≥>]?=?\d+(?:\.\d+)?|[-/]+")
_STACK_TITLE = re.compile(r"^【?(?:附?表|专栏|附件)\s*[\d一二三四五六七八九十]|表(?:（[^（）]*）)?】?$|^附表")
_LOOKS_BACK = "所在章节回顾过去或现状 its chapter looks back"
_SAYS = re.compile(
    r"(?:工程|项目|行动|任务|建设|方面|层面)：[^：]{8,}|\d ?(?:个|所|座|处|家|公里|张|套)[，、][^：]{2,}"
)
"""What makes a numbered line a sentence, though it has no full stop: its text goes on in the next line."""
_BEGINS = re.compile(
    r"(?:[至到]20\d\d年|每[镇乡村]|各[县镇乡]|规划|布局|新建|改扩建|扩建|迁建|改造|建设|建成|新增|续建|推进|实施|加快|完善|提升|到20\d\d年|每个|每县|每千|全[市县区]|支持|鼓励|[\u4e00-\u9fff]{1,8}(?:扩建|改造|新建))"
)
_FIELD = re.compile(
    "(?![^市县区镇乡村]*[市县区镇乡村])[\u4e00-\u9fff]{0,4}(?:教育|体育|文化|医疗|卫生|殡葬(?:设施)?|阶段|民政|住房|健身|旅游|"
    "服务|照护|托育|养老|福利|交通|便民|优抚|[学幼病老劳住弱逝]有[\u4e00-\u9fff]{2})"
)
"""The name of a field (学前阶段, 学有所教), alone on a line: it heads what is below."""
_MAX_TITLE = 14
_MAX_CELL = 16
_MAX_TABS = 200
_MAX_CELLS = 600
_LOOKS_A_LINE = 8
_MAX_HEADING = 50


class Span(NamedTuple):
    """Words of the source: their 1-based line, and the 0-based columns from `start` up to `end`."""

    line: int
    start: int
    end: int


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
        ``body``, ``title`` (the name cell of a table row), ``cell`` (any other cell), ``head`` (of its first row) or
        ``record`` (a row of a table that names things, or a name with labelled lines).
    row
        Number of the table row it comes from, 0 outside tables.
    heading
        Where the section's heading stands, None before the first.
    fields, table
        Of a ``record`` (a table's row, a block of labelled lines): what its parts tell, the unit that a column's head
        names, and their spans in `text`; and whether it is a row.
    """

    text: str
    lines: "array[int]"
    columns: "array[int]"
    section: str | None
    box: bool
    role: str
    row: int = 0
    heading: Span | None = None
    fields: tuple[tuple[str, str | None, int, int], ...] = ()
    table: bool = False

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """Return where the characters from `start` up to `end` stand in the source, one span for each line."""
        start, end = max(start, 0), min(end, len(self.text))
        if start < end and self.lines[start] == self.lines[end - 1]:
            return (Span(self.lines[start], self.columns[start], self.columns[end - 1] + 1),)
        found: list[Span] = []
        for index in range(start, end):
            line, column = self.lines[index], self.columns[index]
            if found and found[-1].line == line:
                found[-1] = Span(line, found[-1].start, column + 1)
            else:
                found.append(Span(line, column, column + 1))
        return tuple(found)

    def quote(self, source: Callable[[int], str], start: int, end: int) -> tuple[int, str]:
        """Return the source line of `start` and the source text from there to `end` or to the line's end."""
        end = min(end, len(self.lines))
        line = self.lines[start]
        last = start
        while last + 1 < end and self.lines[last + 1] == line:
            last += 1
        return line, source(line)[self.columns[start] : self.columns[last] + 1]


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    columns: Sequence[int]
    tabs: Sequence[int]
    marked: bool
    raw: str


@dataclass(slots=True)
class LeftOut:
    """A part of the document that is no passage to read, and why."""

    passage: Passage
    reason: str


@dataclass(slots=True)
class _State:
    section: str | None = None
    heading: Span | None = None
    box: bool = False
    annex: bool = False
    past_rank: int = 0
    outer: tuple[int, int] | None = None
    in_table: bool = False
    cells: bool = False
    row: int = 0
    pieces: list[_Line] = field(default_factory=list)
    stacked: dict[int, tuple[int, str]] = field(default_factory=dict)
    records: dict[int, Record | None] = field(default_factory=dict)
    items: frozenset[int] = frozenset()
    titles: set[str] = field(default_factory=set)
    left: list[LeftOut] | None = None

    def leave(self, pieces: list[_Line], reason: str) -> None:
        """Note what is not read, where somebody asked for it."""
        if self.left is not None and pieces:
            self.left.append(LeftOut(_passage(pieces, self, "left"), reason))


class SourceLines(Sequence[str]):
    r"""The source lines as ``sed`` counts them, without their ends (``\n`` or ``\r\n``), cut when they are asked for.

    Parameters
    ----------
    text
        The whole plan.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = array("L", [0])
        self._starts.extend(match.end() for match in re.finditer("\n", text))
        self._starts.append(len(text) + 1)

    def __len__(self) -> int:
        """Return how many lines the text has."""
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[str]:
        """Walk the lines."""
        for start, end in pairwise(self._starts):
            yield self._text[start : end - 1].removesuffix("\r")

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return the line at a 0-based place."""
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        return self._text[self._starts[at] : self._starts[at + 1] - 1].removesuffix("\r")


def source_lines(text: str) -> SourceLines:
    r"""Return the source lines as ``sed`` counts them, without their ends (``\n`` or ``\r\n``)."""
    return SourceLines(text)


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


def outline(text: str, *, wording: Wording, left: list[LeftOut] | None = None) -> Iterator[Passage]:
    """Walk a plan and yield the passages that can promise something, in reading order.

    Contents lists, page numbers and the chapters on the last period (发展基础 …) are left out.

    Parameters
    ----------
    text
        The whole plan.
    wording
        The word lists; their ``past`` headings say which chapters look back.
    left
        Where given, what is no passage to read is noted in it.

    Yields
    ------
    Passage
    """
    state = _State(left=left)
    # Blank lines say nothing, and a file may hold millions of them.
    lines = [_line(number, raw) for number, raw in enumerate(source_lines(text), start=1) if not raw.isspace() and raw]
    contents = _contents_lines(lines)
    state.records = records(
        [line for line in lines if line.number not in contents], lambda text: names_one(text, wording)
    )
    state.stacked = _stacked_rows(lines)
    state.items = _list_items(lines)
    for line in lines:
        if line.number in contents:
            state.leave([line], "目录 in the table of contents")
        elif line.text:
            yield from _take(state, line, wording)
    yield from _flush(state)


def _take(state: _State, line: _Line, wording: Wording) -> Iterator[Passage]:
    """Read one line: a table row or cell, a page number, a heading, or a piece of a paragraph."""
    content = line.text
    if line.number in state.records:
        yield from _flush(state)
        record = state.records[line.number]
        if record is not None:
            yield from _record(state, line, record)
        return
    if line.number in state.stacked:
        yield from _flush(state)
        if _past(state):
            state.leave([line], _LOOKS_BACK)
        else:
            begins, role = state.stacked[line.number]
            state.row += begins
            yield _passage([line], state, role)
        return
    if (
        (_DASHED.match(line.raw) and not _PAGE.fullmatch(content))
        or _BULLET.match(content)
        or line.number in state.items
    ):
        yield from _flush(state)
    if line.number in state.items:
        state.pieces.append(line)
        yield from _flush(state)
        return
    yield from _take_text(state, line, wording)


def _take_text(state: _State, line: _Line, wording: Wording) -> Iterator[Passage]:
    content = line.text
    rank = _heading_rank(line, content)
    if _document(state, line, rank):
        # The title of a document or of an annex; where it comes again it is the running head of a page.
        yield from _flush(state)
        state.titles.add(content)
        state.cells = False
        _enter(state, line, 1, wording)
        return
    state.cells = state.cells and not (rank is not None and rank < 5)
    if len(line.tabs) > 0 or content == "序号" or state.cells:
        cells = _cells(line)
        if len(cells) > 1 or not line.tabs or line.tabs[0] == 0:
            yield from _flush(state)
            yield from _row(state, line, cells) if len(cells) > 1 else _cell(state, line, content)
            return
    if _PAGE.fullmatch(content) and not state.in_table:
        return
    if _listed_item(state, line, rank):
        yield from _flush(state)
        state.pieces.append(line)
        yield from _flush(state)
        return
    if rank is not None and (rank < 5 or not state.pieces or _closed(state.pieces[-1])):
        yield from _flush(state)
        _enter(state, line, rank, wording)
        return
    if _titles(state, line):
        _enter(state, state.pieces.pop(), 6, wording)
    state.in_table = state.in_table and len(content) <= 30
    if state.pieces and not _joins(state.pieces[-1], line, state):
        yield from _flush(state)
    state.pieces.append(line)


def _record(state: _State, line: _Line, record: Record) -> Iterator[Passage]:
    if _past(state):
        state.leave([line], _LOOKS_BACK)
        return
    whole = Text()
    fields: list[tuple[str, str | None, int, int]] = []
    for kind, unit, text in walk(record):
        start = len(whole.text)
        whole.text += text.text
        whole.lines.extend(text.lines)
        whole.columns.extend(text.columns)
        fields.append((kind, unit, start, len(whole.text)))
        whole.text += "\n"
        whole.lines.append(text.lines[-1])
        whole.columns.append(text.columns[-1])
    if fields:
        state.row += 1
        yield Passage(
            whole.text,
            whole.lines,
            whole.columns,
            state.section,
            state.box,
            "record",
            0,
            state.heading,
            tuple(fields),
            record.table,
        )


def _listed_item(state: _State, line: _Line, rank: int | None) -> bool:
    """Tell whether a line is a numbered project in a box: its name is the promise."""
    listed = rank is not None and 3 <= rank < 7 and state.box and line.text.endswith(_ITEM_END)
    listed = listed and not line.text.endswith(("的项目", "的工程"))
    return listed and not _next_number(state, rank or 0, line.text)


def _document(state: _State, line: _Line, rank: int | None) -> bool:
    """Tell whether a line is the title of a document or an annex, and not the running head of a page."""
    titled = rank is None and not line.tabs and bool(_DOCUMENT.fullmatch(line.text)) and line.text not in state.titles
    return titled and (not state.pieces or _closed(state.pieces[-1]))


def _titles(state: _State, line: _Line) -> bool:
    """Tell whether the line before heads this one: short, without a mark, and what follows begins with a verb."""
    if len(state.pieces) != 1:
        return False
    text = state.pieces[0].text
    if re.search(r"[，。；：！？]|\d[所个处家座]", text) or len(text) > _MAX_HEADING - 10:
        return False
    first = state.section is None and state.pieces[0].number == 1
    first = first and not _BEGINS.match(text) and 2 * len(line.text) >= len(text)
    begins = (
        not _BEGINS.match(text)
        and not re.search("[、（）“”]", text)
        and _BEGINS.match(line.text) is not None
        and 2 * len(text) <= len(line.text)
        and len(text) <= _MAX_TITLE
    )
    field = len(text) <= 8 and bool(_FIELD.fullmatch(text)) and 2 * len(text) <= len(line.text)
    marked = bool(_BULLET.match(text)) and len(text) <= _MAX_TITLE and not text.endswith(_ITEM_END)
    # A paragraph that a page cuts early goes on behind a gap.
    return first or begins or ((field or marked) and state.pieces[0].number + 1 == line.number)


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
    if _past(state):
        state.leave([line], _LOOKS_BACK)
    else:
        prose = state.cells and (len(content) > 40 or content[-1] in _END)
        yield _passage([line], state, "body" if prose else "cell")


def _line(number: int, raw: str) -> _Line:
    if _PLAIN.fullmatch(raw):
        return _Line(number, raw, range(len(raw)), (), marked=False, raw=raw)
    return _canonical(number, raw)


def _canonical(number: int, raw: str) -> _Line:
    """Bring a source line into canonical form, keeping the column of every character."""
    chars: list[str] = []
    columns = array("I")
    tabs: list[int] = []
    marked = False
    marks = [match.span() for match in _MARKS.finditer(raw)]
    lead = _LEAD_MARKS.match(raw)
    if lead:
        marked = "#" in lead[1]
        marks.append(lead.span())
    hidden = {column for start, end in marks for column in range(start, end)}
    quote_open = False
    for column, char in enumerate(_readable(raw)):
        if column in hidden or char in _INVISIBLE:
            continue
        if char == "\t":
            _drop_space(chars, columns)
            tabs.append(len(chars))
        elif char in _SPACE:
            # A space counts only between two ASCII letters or digits (a road number), never behind a tab.
            behind_tab = tabs and tabs[-1] == len(chars)
            if chars and not behind_tab and chars[-1].isascii() and chars[-1].isalnum():
                chars.append(" ")
                columns.append(column)
        else:
            new = _mark(raw, column, char)
            if new == '"':
                quote_open = not quote_open
                new = "“" if quote_open else "”"
            if not (new.isascii() and new.isalnum()):
                _drop_space(chars, columns)
            chars.append(new)
            columns.append(column)
    _drop_space(chars, columns)
    return _Line(number, "".join(chars), columns, tuple(tabs), marked, raw)


def _drop_space(chars: list[str], columns: "array[int]") -> None:
    if chars and chars[-1] == " ":
        chars.pop()
        columns.pop()


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


def _readable(raw: str) -> str:
    """Bring marks of a line's own into general ones, character for character.

    A colon stands for the space behind a label that heads a list of names, a tab for the bar between the cells of a
    Markdown table, and Arabic figures for a year in Chinese ones (二〇二五年).
    """
    named = _LABEL.match(raw)
    if named:
        raw = f"{raw[: named.end(1)]}：{raw[named.end(1) + 1 :]}"
    if _PIPED.fullmatch(raw):
        # The outer strokes are the table's frame and end no cell.
        first, end = raw.index("|"), raw.rindex("|")
        inner = raw[first + 1 : end].replace("|", "\t")
        raw = " " * len(raw) if _RULED.fullmatch(raw) else f"{' ' * (first + 1)}{inner}{' ' * (len(raw) - end)}"
    return _YEAR_WORDS.sub(lambda year: year[0].translate(_YEAR_DIGITS), raw)


def _full_stop(raw: str, column: int) -> bool:
    before = raw[column - 1] if column else ""
    after = raw[column + 1] if column + 1 < len(raw) else ""
    stops = after == "" or after not in ".…"
    return before != "" and (before >= "\u3000" or before in ')]%”"') and stops and before not in ".…"


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
        like = len(content) < 60 and not re.search(r"[。；]", content) and not _PAGE.fullmatch(content)
        like = like and bool(_CONTENTS_LINE.fullmatch(line.raw.strip().removesuffix("</b>")))
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
        if not line.text:
            continue
        content = line.text
        match = _ITEM_MARK.match(content) if len(content) <= _MAX_HEADING and not line.tabs else None
        sort = re.sub(r"\d+", "1", match[0]) if match else ""
        sort = "①" if re.match("[①-⑳]", sort) else sort
        if match and before and before[1] == sort:
            found.update((before[0], line.number))
        before = (line.number, sort) if match and content[-1] not in "，、：" else None
    return frozenset(found)


def _stacked_rows(lines: list[_Line]) -> dict[int, tuple[int, str]]:
    """Find tables with one cell a line: line number -> 1 where a row begins, else 0, and the cell's role."""
    full = [line for line in lines if line.text]
    found = _headed_rows(full)
    # Titles close together would have the same lines looked at again for each of them.
    left = _MAX_CELLS + _LOOKS_A_LINE * len(lines)
    for index, line in enumerate(lines):
        if left < 0 or not (line.text and len(line.text) <= _MAX_HEADING and _STACK_TITLE.search(line.text)):
            continue
        run = list(_short_lines(lines, index + 1))
        left -= len(run)
        numeric = [bool(_FIGURE.fullmatch(cell.text)) for cell in run]
        width = _width(numeric)
        for start in range(width, len(run) - width + 1, max(width, 1)) if width else ():
            if numeric[start] or not numeric[start + width - 1]:
                break
            row = run[start : start + width]
            if any(cell.number in found for cell in row):
                break
            if start == width:
                found.update({cell.number: (int(place == 0), "cell") for place, cell in enumerate(run[:width])})
            found.update({cell.number: (int(place == 0), "cell") for place, cell in enumerate(row)})
    return found


def _short_lines(lines: list[_Line], start: int) -> Iterator[_Line]:
    """Yield the lines from one on that can be cells: as many as are short, end no sentence and hold no tab."""
    for line in lines[start : start + _MAX_CELLS]:
        if len(line.text) > _MAX_CELL or line.tabs or (line.text and line.text[-1] in _END):
            return
        if line.text:
            yield line


def _headed_rows(lines: list[_Line]) -> dict[int, tuple[int, str]]:
    """Find tables with one cell a line by their head: two or more column names in a run, then rows of as many lines."""
    found: dict[int, tuple[int, str]] = {}
    index = 0
    while index < len(lines):
        heads = list(takewhile(_column_name, lines[index : index + _MAX_HEADS]))
        width = len(heads)
        index += max(width, 1)
        if width < 2 or not _TELLS_ROWS & {line.text for line in heads}:
            continue
        rows: list[list[_Line]] = []
        while len(rows) * width < _MAX_CELLS and _is_row(heads, row := lines[index : index + width]):
            rows.append(row)
            index += width
        if rows:
            found.update({line.number: (int(place == 0), "head") for place, line in enumerate(heads)})
        for row in rows:
            prose = [len(cell.text) > 40 or cell.text[-1] in _END for cell in row]
            for place, cell in enumerate(row):
                role = "cell" if not any(prose) else "title" if place == 0 and not prose[0] else "body"
                found[cell.number] = (int(place == 0), role)
    return found


def _column_name(line: _Line) -> bool:
    return not line.tabs and (line.text in _HEADER_CELLS or bool(_YEAR_HEAD.fullmatch(line.text)))


def _is_row(heads: list[_Line], row: list[_Line]) -> bool:
    """Tell whether lines can be a row below these column names: cells, not text, of the kinds that the names say."""
    if len(row) < len(heads) or any(cell.tabs or len(cell.text) > 200 for cell in row):
        return False
    if any(_heading_rank(cell, cell.text) in (1, 2, 3, 4, 7) or cell.marked for cell in row):
        return False
    for head, cell in zip(heads, row, strict=True):
        number = bool(re.search(r"\d|^[-/]+$", cell.text))
        years = head.text in _YEAR_HEADS or bool(_YEAR_HEAD.fullmatch(head.text))
        if (years and not number) or (head.text == "序号" and not cell.text.isdigit()):
            return False
        if head.text in _NAME_HEADS and not re.match("[\u4e00-\u9fff“A-Za-z]|\\d+个", cell.text):
            return False
    return True


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
    if not 0 < len(line.tabs) <= _MAX_TABS:
        return [(0, len(line.text))]
    bounds = [0, *line.tabs, len(line.text)]
    spans = [(a, b) for a, b in pairwise(bounds) if b > a]
    return spans if len(spans) > 1 or len(line.tabs) >= 2 else [(0, len(line.text))]


def _heading_rank(line: _Line, content: str) -> int | None:
    if len(content) > _MAX_HEADING or content[-1] in "。；，、" or "。" in content:
        return None
    framed = re.fullmatch("【([^【】]{2,40})】", content)
    if framed:
        content = framed[1]
    if framed and not _BOX.match(content):
        return 4
    if _BOX.match(content) or _TABLE_TITLE.match(content) or _ANNEX.fullmatch(content):
        return 7
    if _YEAR_ALONE.fullmatch(content) and not line.tabs:
        return 5
    for rank, pattern in _HEADINGS:
        match = pattern.match(content)
        if match and (rank < 5 or len(content) - match.end() >= 2):
            long = rank >= 3 and "，" in content and len(content) > 36
            long = long or (rank >= 3 and bool(_SAYS.search(content, match.end())))
            counts = rank >= 5 and re.match(r"[年月日个所%公人元万名座处家套张.·:]|分钟|小时", content[match.end() :])
            return None if long or counts else rank
    return 6 if line.marked else None


def _enter(state: _State, line: _Line, rank: int, wording: Wording) -> None:
    content = line.text
    state.leave([line], "标题 a heading")
    # A heading is shown as the source spells it, but for marks of word processors.
    state.section = " ".join(_MARKS.sub("", line.raw).lstrip("#>-+ \t").split())
    state.heading = Span(line.number, line.columns[0], line.columns[-1] + 1)
    box = bool(_BOX.match(content.lstrip("【"))) or bool(_PROJECTS.search(content))
    if rank < 3 or box:
        # The headings inside a list of projects do not end it.
        state.annex = bool(_PROJECTS.search(content)) and not _BOX.match(content.lstrip("【").replace("附", ""))
    if rank < 5 or box or _next_number(state, rank, content):
        state.box = box or (state.annex and rank >= 3)
    if not state.box and rank in (5, 6) and (figure := re.match(r"（?(\d{1,2})(?![\d.])", content)):
        state.outer = (rank, int(figure[1]))
    state.in_table = bool(_TABLE_TITLE.match(content))
    if state.past_rank and rank <= state.past_rank:
        state.past_rank = 0
    if not state.past_rank and rank < 7 and wording.looks_back(content):
        state.past_rank = rank


def _next_number(state: _State, rank: int, content: str) -> bool:
    """Tell whether a numbered heading goes on counting where the one before the box stopped: it ends the box."""
    figure = re.match(r"（?(\d{1,2})(?![\d.])", content)
    return bool(figure and state.outer == (rank, int(figure[1]) - 1))


def _past(state: _State) -> bool:
    return state.past_rank > 0


def _closed(line: _Line) -> bool:
    content = line.text.rstrip(_CLOSERS)
    return not content or content[-1] in _END


def _joins(before: _Line, after: _Line, state: _State) -> bool:
    if after.text[0] in "，、。；：）”》！？":
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
        state.leave([line], _LOOKS_BACK)
        return
    texts = [line.text[a:b] for a, b in cells]
    if (
        sum(text in _HEADER_CELLS or bool(re.fullmatch(r"20\d\d年?(?:.{0,4}值)?", text)) for text in texts)
        >= len(texts) / 2
    ):
        state.in_table = True
        state.row += 1
        cells = cells[1:] if texts[0] == "序号" else cells
        for start, end in cells:
            piece = _Line(line.number, line.text[start:end], line.columns[start:end], [], marked=False, raw="")
            yield _passage([piece], state, "head")
        return
    state.row += 1
    if re.fullmatch(r"（?\d{1,3}）?[.、]?", texts[0]):
        cells, texts = cells[1:], texts[1:]
    prose = [text for text in texts if len(text) > 40 or text[-1] in _END]
    for position, (start, end) in enumerate(cells):
        piece = _Line(line.number, line.text[start:end], line.columns[start:end], [], marked=False, raw="")
        role = "cell" if not prose else "title" if position == 0 and texts[0] not in prose else "body"
        yield _passage([piece], state, role)


def _flush(state: _State) -> Iterator[Passage]:
    pieces, state.pieces = state.pieces, []
    if _past(state):
        state.leave(pieces, _LOOKS_BACK)
    elif pieces:
        yield replace(_passage(pieces, state, "body"), row=0)


def _passage(pieces: list[_Line], state: _State, role: str) -> Passage:
    text: list[str] = []
    lines = array("I")
    columns = array("I")
    numbering = _NUMBERING.match(pieces[0].text) if role != "cell" else None
    if numbering and numbering.end() < len(pieces[0].text):
        first = pieces[0]
        pieces = [
            _Line(first.number, first.text[numbering.end() :], first.columns[numbering.end() :], [], first.marked, ""),
            *pieces[1:],
        ]
    for piece in pieces:
        text.extend(piece.text)
        lines.extend([piece.number] * len(piece.text))
        columns.extend(piece.columns)
    listed = pieces[0].number in state.items and text[-2:] in (list("项目"), list("工程"))
    boxed = state.box or listed
    return Passage("".join(text), lines, columns, state.section, boxed, role, state.row, state.heading)
