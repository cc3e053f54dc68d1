"""A plan's text in, its commitments out.

`outline` finds the passages; `reading` marks their sentences and binds what belongs together; over the drafts go
`detail` (the plan's own noun, capacity, address) and `rules` (conditions and shares of units). Rows of tables and
blocks of labelled lines are read by `tabular`, tables of numbers by place and of indicators here.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, NamedTuple

from service_map.plans.area import Place, PlanArea, find_area, last
from service_map.plans.commitment import Commitment
from service_map.plans.detail import fill
from service_map.plans.draft import Draft, Rejection, act_kinds
from service_map.plans.lexicon import Wording, load_wording, number, years
from service_map.plans.outline import LeftOut, Passage, Span, outline, source_lines
from service_map.plans.reading.bindings import Binder
from service_map.plans.reading.drafts import only_starts
from service_map.plans.rules import RuleReader
from service_map.plans.sentences import ACTS, BUILDS
from service_map.plans.tabular import RecordReader

_RATE = re.compile(r"率|占比|比例|%|人均|每千|每万|每百|床位|面积|人次|人数|职工")
_RATE_CELL = re.compile(r"[率%比]|每[百千万]|人均|年均|[（(]")
_INDICATOR = re.compile(
    r"(?:（?\d+）?[.、]?)?(.{2,30}?)（(万?(?:平方米|户|套|张)|个|所|公里|座|处|家|套|块|片|条|支)）"
)
_FIRST_YEAR = 2021
"""With this year the five-year plans begin that the reader knew first; later ones begin in steps of five."""
_RENEWAL_LEAD = re.compile(
    r"[^。，；：]{0,16}?(?P<town>老城区?|县城|旧城区?)?(?P<noun>老旧小区|老旧住宅区|棚户区|城中村|危旧房)(?:改造|更新)[^。，；：]{0,6}。"
)
_ESTATES = re.compile("小区|住宅区|棚户区|城中村")
_HEADING_YEAR = re.compile(
    r"(?<![\d—–-])(20[2-3]\d)年(?:底|末)?(?:以?前)?(?:）|$|[^—–\-至到\d]{0,8}(?:项目|任务|安排|计划|建设|实事|目标))"
)
_LEAD_IN = re.compile(
    r"(?<![\d-])(20[2-3]\d)年(?!以?来|底?以?前)[^。；：\d]{0,24}(?:以下|下列|如下|\d+[件项]|[一二三四五六七八九十]+[件项])[^。；：]{0,16}(?:：|如下。)$"
)
_ACT_HEADING = re.compile(
    rf"(?:[（(]?[一二三四五六七八九十\d]{{1,3}}[）)、.．] ?)?(?:(?>{ACTS})[、和]?)+(?:类|项目|工程|学校|设施)?"
)
_UNTOLD = "没有单独的任务：是名称、统称或说明的一部分 no promise of its own: part of a name or a description"

_MAX_COLUMNS = 24
_MOST_ALIKE = 64
"""With so many things of one sort a record is compared at most, so that the cost stays linear in the text's length."""
_PLACES_COLUMN = re.compile(
    r"(?:县|区|市|镇|乡|街道|旗|州|村|社区|名|别|片|（|）|、|名称|地区|单位|所在地|行政区|辖区|各)+(?:名称)?"
)
_COLUMN = re.compile(r"(?:20\d\d年)?(.{2,20}?)(?:（(?P<unit>个|所|公里|座|处|家|套|块|片|条)）)?")
_UNIT_CELL = re.compile(r"万?(?:平方米|户|套|张)|个|所|公里|座|处|家|块|片|条|支")
_ACT_CELL = re.compile(rf"(?P<act>(?:(?:{ACTS})、?)+)")
_ACT_IN_CELL = re.compile(
    rf"(?=(?:{ACTS})、?(?:{ACTS})?[，；\d（])(?P<act>(?:(?:{ACTS})、?)+)|(?=[^，。；]{{2,20}}改造$)[^，。；]*(?P<last>改造)"
)
_COUNTS_CELL = re.compile(
    rf"(?:(?:^|[、，；和])(?>{ACTS}|涉及|共|约|计划|完成|其中|每年)*\d++(?:个|所|座|处|家|公里|块|片|套)(?![、，]?\d)[\u4e00-\u9fff]{{0,6}}?)+"
)
_NO_PROJECT = re.compile(
    "^(?:责任|牵头|主管|实施|配合|建设|申报|项目|承担)(?:单位|部门|主体)|类别|领域|备注|属性|总投资|资金|^序号$|类型$|进展|联系"
)
_COUNT_CELL = re.compile(r"(?:共|约)?\d+(?:个|所|座|处|家|公里|块|片|套)")
_YEARS_CELL = re.compile(r"(?P<start>20[2-3]\d)年?(?:\d{1,2}月)?(?:-(?P<end>20[2-3]\d)年?(?:\d{1,2}月)?)?")


def _undated(draft: Draft) -> bool:
    """Tell whether the year of a list dates a promise: it has none, is not given up, and does not only begin in it."""
    yearly = draft.kind == "intent" or draft.note == "per year"
    return draft.year is None and not yearly and draft.action != "cancel" and not only_starts(draft)


class _Column(NamedTuple):
    """A column of a table of places: what its numbers count, and the cell that says so."""

    category: str
    unit: str | None
    action: str
    words: tuple[Span, ...]


def extract(text: str, *, plan: str) -> list[Commitment]:
    """Read what a plan commits to build.

    Never raises, whatever the text; the cost is linear in its length.

    Parameters
    ----------
    text
        The plan's text as `read_text` gives it.
    plan
        The plan's id; it goes into each record and its id.

    Returns
    -------
    list of Commitment
        In reading order; each ``quote`` is a substring of the source line at ``line``.
    """
    reader = PlanReader(text, load_wording())
    return [record for record, _ in finish(reader.read(), plan=plan, sources=source_lines(text))]


def passage_sha256(line: str) -> str:
    """Return the SHA-256 (hex) of a source line without its line end, in UTF-8."""
    return hashlib.sha256(line.rstrip("\r\n").encode("utf-8", "surrogatepass")).hexdigest()


def finish(drafts: Iterable[Draft], *, plan: str, sources: Sequence[str]) -> Iterator[tuple[Commitment, Draft]]:
    """Give drafts their citation, their id and the earlier record that they repeat.

    Parameters
    ----------
    drafts
        What `PlanReader.read` yields.
    plan
        The plan's id.
    sources
        The plan's source lines.

    Yields
    ------
    tuple of Commitment and Draft
    """
    ordinals: Counter[str] = Counter()
    firsts: dict[tuple[str, ...], list[tuple[Draft, str]]] = {}
    hashes: dict[int, str] = {}
    wholes: dict[int, str] = {}
    for draft in drafts:
        line, quote = draft.passage.quote(lambda number: sources[number - 1], draft.start, draft.end)
        if line not in hashes:
            hashes[line] = passage_sha256(sources[line - 1])
        parts = (draft.category, draft.kind, draft.name, draft.place, draft.count, draft.unit, draft.per)
        key = "|".join(str(part) for part in parts)
        ordinals[f"{line}|{key}"] += 1
        digest = hashlib.sha256(f"{key}|{ordinals[f'{line}|{key}']}".encode("utf-8", "surrogatepass")).hexdigest()
        identity = f"{plan}-{line}-{digest[:6]}"
        sort = _sort_of_promise(draft)
        alike = firsts.setdefault(sort, []) if sort else []
        repeats = next((first for earlier, first in alike if _says_again(earlier, draft)), None)
        if repeats is None and len(alike) < _MOST_ALIKE:
            alike.append((draft, identity))
        record: dict[str, Any] = {
            field: _plain(getattr(draft, field))
            for field in (
                "category", "kind", "action", "name", "count", "unit", "at_least", "place", "place_level", "per",
                "year", "note", "noun", "count_max", "capacity", "capacity_unit", "locality", "condition", "share",
            )
        }  # fmt: skip
        commitment = Commitment(
            id=identity,
            plan=plan,
            line=line,
            quote=quote,
            passage_sha256=hashes[line],
            section=draft.passage.section,
            repeats=repeats,
            part_of=wholes.get(id(draft.whole)) if draft.whole else None,
            **record,
        )
        wholes[id(draft)] = identity
        yield commitment, draft


def _plain(value: object) -> object:
    """Return a value without the place that a word of the text knows."""
    return str(value) if isinstance(value, str) else value


def _sort_of_promise(draft: Draft) -> tuple[str, ...] | None:
    """Return what records have in common that may be one promise, None for records that cannot be told apart."""
    if draft.kind == "site" and draft.name:
        return ("site", draft.category, re.sub(rf"(?>基础设施|{ACTS}|项目|工程)+$", "", draft.name))
    if draft.kind in ("quota", "coverage", "allotment"):
        parts = (draft.place, draft.count, draft.per, draft.unit, draft.condition, draft.share)
        return (draft.kind, draft.category, *(str(part) for part in parts))
    return None


def _says_again(earlier: Draft, draft: Draft) -> bool:
    """Say whether one of two records of a sort says again what the other has said.

    A name is enough. A number or rule must be of one thing, which may be said more shortly the second time, and without
    its year: 小学1所 in 2024 and in 2025 are two.
    """
    if draft.kind == "site":
        return True
    nouns = earlier.noun is None or draft.noun is None or earlier.noun in draft.noun or draft.noun in earlier.noun
    figures = ((getattr(earlier, name), getattr(draft, name)) for name in ("year", "capacity", "count_max"))
    return nouns and all(a is None or b is None or a == b for a, b in figures)


class PlanReader:
    """Walks the passages of one plan and reads their sentences.

    Parameters
    ----------
    text
        The plan's text.
    wording
        The word lists.
    why
        Whether to keep what is no promise, for `left_out`.
    """

    def __init__(self, text: str, wording: Wording, *, why: bool = False) -> None:
        self._wording = wording
        self._left: list[LeftOut] | None = [] if why else None
        self._silent: set[int] = set()
        self._sited = 0
        self._passages = list(outline(text, wording=wording, left=self._left))
        self._area: PlanArea = find_area(text, self._passages, wording)
        self._rules = RuleReader(wording)
        self._records = RecordReader(wording, self._area)
        self._opened: tuple[str | None, str, str | None, tuple[Span, ...], tuple[Span, ...]] | None = None
        self._led: tuple[str | None, int, tuple[Span, ...]] = (None, 0, ())
        self._since = _first_year(text)
        self._title_line = next((number for number, line in enumerate(text[:2000].split("\n"), 1) if line.strip()), 1)
        self._binder = Binder(wording, self._area, since=self._since, why=why)

    def left_out(self, read: Iterable[Draft]) -> list[Rejection]:
        """Return the facility nouns that gave no record, and why, when all is read.

        Parameters
        ----------
        read
            The drafts that `read` yielded: a noun that gave one of them is not left out.
        """
        for part in self._left or ():
            self._binder.leave(part.passage, 0, len(part.passage.text), part.reason)
        found = self._binder.rejections or []
        told = {(id(item.passage), at) for item in found for at in range(item.start, item.end)}
        used = {span for draft in read for field in ("category", "name") for span in draft.words.get(field, ())}
        kept = {(span.line, column) for span in used for column in range(span.start, span.end)}
        for passage in self._passages:
            seen = len(found)
            self._binder.leave(passage, 0, len(passage.text), _UNTOLD)
            found[seen:] = [item for item in found[seen:] if (id(passage), item.start) not in told]
        begins = [(item.passage.lines[item.start], item.passage.columns[item.start]) for item in found]
        return [item for item, begin in zip(found, begins, strict=True) if begin not in kept]

    def read(self) -> Iterator[Draft]:
        """Yield what the passages promise, in reading order."""
        columns: list[_Column | None] = []
        places: list[Place | None] = []
        head = 0
        names: list[str] = []
        for index, passage in enumerate(self._passages):
            if passage.row and (index == 0 or self._passages[index - 1].row != passage.row):
                cells = self._row_cells(index)
                header = self._columns(cells)
                heads = self._place_heads(cells)
                names = [cell.text for cell in cells] if passage.role == "head" else names
                if passage.role != "head":
                    self._silent_cells(index, names)
                if header or heads or passage.role == "head":
                    columns, places = header, heads
                    head = passage.row if header else 0
                else:
                    yield from self._row_counts(cells, columns)
                    yield from self._row_places(cells, places)
            elif not passage.row:
                columns, places, names = [], [], []
            if passage.row and passage.row == head:
                continue
            if places and len(places) == len(self._row_cells(index)) and passage.role != "title":
                continue
            # A later clause may take back what an earlier one of its passage gave, so a passage is read to its end.
            drafts = sorted(self._passage(index, passage), key=lambda draft: draft.start)
            if passage.role == "record":
                yield from drafts
                continue
            yield from self._said(passage, drafts)

    def _said(self, passage: Passage, drafts: Iterable[Draft]) -> list[Draft]:
        """Return what a passage's sentences give, with all that the words around tell of it."""
        kept = [draft for draft in sorted(drafts, key=lambda draft: draft.start) if not draft.void]
        self._renewals(passage, kept)
        self._by_heading(passage, kept)
        return list(self._rules.apply(list(fill(kept, wording=self._wording, area=self._area))))

    def _by_heading(self, passage: Passage, drafts: list[Draft]) -> None:
        """Give what names no year the one in the heading of its list (近期建设项目（至2027年）), never a title's."""
        lead = _LEAD_IN.search(passage.text)
        if lead:
            self._led = (passage.section, int(lead[1]), passage.spans(*lead.span(1)))
        section, year, words = self._led
        for draft in drafts if year and section == passage.section else ():
            if draft.year is None and draft.kind != "intent" and draft.note != "per year":
                draft.year = year
                draft.told(year=words)
        if passage.heading is None or passage.heading.line <= self._title_line:
            return
        due = _HEADING_YEAR.search(passage.section or "")
        if due is None and not _ACT_HEADING.fullmatch(passage.section or ""):
            return
        done = [kind for kind in act_kinds(passage.section or "", self._wording) if kind in BUILDS]
        for draft in drafts:
            if done and draft.action == "unspecified" and draft.kind != "coverage":
                draft.action = done[-1]
                draft.told(action=(passage.heading,))
        for draft in filter(_undated, drafts):
            if due is not None:
                draft.year = int(due[1])
                draft.told(year=(passage.heading,))

    def _renewals(self, passage: Passage, drafts: list[Draft]) -> None:
        """Give renewed estates the noun and the locality of the run-in heading before them (老城区老旧小区改造。)."""
        opens = _RENEWAL_LEAD.match(passage.text)
        if opens:
            town = passage.spans(*opens.span("town")) if opens["town"] else ()
            said = passage.spans(*opens.span("noun"))
            self._opened = (passage.section, opens["noun"], opens["town"], said, town)
        for draft in drafts:
            if draft.rule == "renewed estates" and self._opened and self._opened[0] == passage.section:
                _, noun, where, noun_words, town_words = self._opened
                draft.noun = None if draft.name and _ESTATES.search(draft.name) else noun
                draft.locality = draft.locality or where
                draft.told(noun=noun_words if draft.noun else (), locality=town_words)

    def _row_cells(self, index: int) -> list[Passage]:
        row = self._passages[index].row
        return list(takewhile(lambda passage: passage.row == row, self._passages[index : index + _MAX_COLUMNS]))

    def _columns(self, cells: list[Passage]) -> list["_Column | None"]:
        """Read the head of a table that gives each place a number of each facility; empty when it is none."""
        if not _PLACES_COLUMN.fullmatch(cells[0].text) or len(cells) < 2:
            return []
        columns: list[_Column | None] = [None]
        for cell in cells[1:]:
            match = _COLUMN.fullmatch(cell.text)
            token = last(token for token in self._wording.tokens(match[1]) if token.category) if match else None
            rate = match is None or _RATE.search(match[1]) or token is None or not token.category
            category = None if rate or token is None else token.category
            action = act_kinds(cell.text, self._wording) if category else ()
            words = _whole(cell)
            columns.append(
                _Column(category, match["unit"], action[-1] if action else "new", words) if category and match else None
            )
        return columns if any(columns) else []

    def _row_counts(self, cells: list[Passage], columns: list["_Column | None"]) -> Iterator[Draft]:
        """Read a row of such a table: the place and its numbers."""
        name = cells[0].text
        where = _whole(cells[0])
        if len(cells) != len(columns) or not columns or re.search("合计|总计|小计|全市|全县|[。，；]", name):
            return
        for cell, column in zip(cells, columns, strict=True):
            count = _figure(cell.text)
            if column is None or not count:
                continue
            draft = Draft(cell, 0, len(cell.text), column.category, "allotment", column.action, "table of places")
            draft = replace(draft, count=count, unit=column.unit).at(self._area.place(name)._replace(words=where))
            told = {"count": _whole(cell), "kind": where}
            yield draft.told(**dict.fromkeys(("category", "unit", "action"), column.words), **told)

    def _place_heads(self, cells: list[Passage]) -> list[Place | None]:
        """Read the head of a table with a column for each place; empty when it is none."""
        places = [self._cell_place(cell) if self._area.whole(cell.text) else None for cell in cells]
        return places if places[0] is None and sum(map(bool, places)) >= max(2, len(places) - 4) else []

    def _cell_place(self, cell: Passage) -> Place:
        return self._area.place(cell.text)._replace(words=_whole(cell))

    def _row_places(self, cells: list[Passage], places: list[Place | None]) -> Iterator[Draft]:
        """Read a row of such a table: the facility and its number in each place."""
        match = _COLUMN.fullmatch(cells[0].text)
        if len(cells) != len(places) or not match or _RATE.search(match[1]):
            return
        token = last(token for token in self._wording.tokens(match[1]) if token.category)
        if token is None or not token.category:
            return
        units = next((cell for cell in cells[1:] if _UNIT_CELL.fullmatch(cell.text)), None)
        unit = match["unit"] or (units.text if units else None)
        head = _whole(cells[0])
        told = {"category": head, "action": head, "unit": head if match["unit"] or not units else _whole(units)}
        action = act_kinds(match[1], self._wording)
        for cell, place in zip(cells, places, strict=True):
            count = _figure(cell.text)
            if place and count:
                rule, kind = "table of places", "allotment"
                draft = Draft(cell, 0, len(cell.text), token.category, kind, action[-1] if action else "new", rule)
                draft = replace(draft, count=count, unit=unit).at(place).told(**told, kind=place.words)
                yield draft.told(count=_whole(cell))

    def _silent_cells(self, index: int, heads: list[str]) -> None:
        """Note the cells of a row that stand below a head which tells no project (责任单位, 类别, 备注)."""
        cells = self._row_cells(index)
        # A cell may be empty because one further up holds for it too: what there is stands at the right.
        for place in range(1, min(len(cells), len(heads)) + 1):
            if _NO_PROJECT.search(heads[-place]) and not (len(cells) < len(heads) and place == len(cells)):
                self._silent.add(index + len(cells) - place)

    def _row_context(self, index: int, draft: Draft) -> Iterator[Draft]:
        """Give a project of a table what stands in other cells of its row: place, year, act and number."""
        if draft.kind == "site":
            self._sited = draft.passage.row
        counts: list[Draft] = []
        for cell in self._other_cells(index):
            span = _YEARS_CELL.fullmatch(cell.text)
            act = _ACT_CELL.fullmatch(cell.text) or _ACT_IN_CELL.match(cell.text)
            quantity = next(self._wording.quantities(cell.text), None) if _COUNT_CELL.fullmatch(cell.text) else None
            if span and draft.year is None:
                draft.year = int(span["end"] or span["start"])
                draft.told(year=_whole(cell))
            elif act and draft.action == "unspecified":
                kinds = act_kinds(act["act"] or "改造", self._wording)
                draft.action = kinds[0] if len(set(kinds)) == 1 else "mixed"
                draft.told(action=_whole(cell))
            elif quantity and draft.kind == "intent":
                draft = replace(draft, kind="quota", count=quantity.count, unit=quantity.unit)
                draft.told(kind=_whole(cell), count=_whole(cell), unit=_whole(cell))
            elif draft.kind == "intent" and _COUNTS_CELL.fullmatch(cell.text):
                counts = list(self._counts_in(cell, draft))
            elif self._area.whole(cell.text) and (draft.place is None or cell.text.startswith(draft.place)):
                draft = draft.at(self._cell_place(cell))
        if not counts:
            yield draft
        for count in counts:
            words = {**draft.words, **count.words}
            yield replace(count, place=draft.place, place_level=draft.place_level, year=draft.year, words=words)

    def _other_cells(self, index: int) -> list[Passage]:
        """Return the other cells of a cell's row."""
        row = self._passages[index].row
        first = index
        while first > 0 and self._passages[first - 1].row == row and index - first < _MAX_COLUMNS:
            first -= 1
        return [cell for cell in self._row_cells(first) if cell is not self._passages[index]]

    def _counts_in(self, cell: Passage, draft: Draft) -> Iterator[Draft]:
        """Read a cell that only counts, once or twice, what the project's name says: 新建3所、改造5所."""
        for quantity in self._wording.quantities(cell.text):
            start = max(cell.text.rfind(mark, 0, quantity.start) for mark in "、，；和") + 1
            acts = act_kinds(cell.text[start : quantity.start], self._wording)
            counted = replace(draft, kind="quota", count=quantity.count, unit=quantity.unit, words=dict(draft.words))
            if acts:
                counted.action = acts[-1]
                counted.told(action=cell.spans(start, quantity.start))
            words = cell.spans(quantity.start, quantity.end)
            yield counted.told(kind=words, count=words, unit=words)

    def _passage(self, index: int, passage: Passage) -> Iterator[Draft]:
        if passage.role == "record":
            yield from self._record(passage)
        elif passage.role == "title":
            yield from self._row_title(index, passage)
        elif passage.role == "body":
            yield from self._binder.read(passage, listing=passage.box or self._lists(passage))
        elif passage.role == "cell":
            indicator = self._indicator(index, passage)
            if indicator:
                yield indicator
            elif passage.row and not _RATE_CELL.search(passage.text) and index not in self._silent:
                for draft in self._binder.read(passage, listing=True):
                    if passage.row != self._sited or draft.kind == "intent":
                        yield from self._row_context(index, draft)

    @staticmethod
    def _lists(passage: Passage) -> bool:
        """Tell whether the heading only says what is done (二、改扩建类), and a list of names stands below it."""
        named = re.match("[^，。；：、（）]{3,20}（", passage.text)
        return bool(named) and bool(_ACT_HEADING.fullmatch(passage.section or ""))

    def _record(self, passage: Passage) -> Iterator[Draft]:
        """Read a row or block, with the year and the act that the heading over it names."""
        head = passage.section or ""
        due = last(year for _, year in years(head) if year) if passage.table else None
        kinds = act_kinds(head, self._wording) if passage.table else ()
        words = (passage.heading,) if passage.heading and due else ()
        act = kinds[-1] if kinds and kinds[-1] in BUILDS and kinds[-1] != "new" else None
        sentence = self._records.in_words(passage)
        if sentence is not None:
            read = self._said(sentence, self._binder.read(sentence, listing=True))
            for draft in read:
                yield self._records.in_row(draft, passage, year=due, year_words=words)
            if read:
                return
        yield from self._records.read(passage, year=due, year_words=words, action=act)

    def _row_title(self, index: int, passage: Passage) -> Iterator[Draft]:
        """Read the name cell of a table row: it promises a named facility where the row's own text does not say so."""
        said: set[str] = set()
        for later in self._passages[index + 1 : index + 3]:
            if later.row == passage.row and later.role == "body":
                said.update(draft.category for draft in self._binder.read(later, listing=False) if draft.kind == "site")
        for draft in self._binder.read(passage, listing=True):
            if draft.kind == "site" and draft.category not in said:
                yield from self._row_context(index, draft)

    def _indicator(self, index: int, passage: Passage) -> Draft | None:
        """Read a row of an indicator table: a thing to build or renew, with its unit; the target is the last number."""
        match = _INDICATOR.match(passage.text) or self._with_unit_cell(index, passage)
        if not match or _RATE.search(match[1]):
            return None
        token = next((token for token in self._wording.tokens(match[1]) if token.category), None)
        value, target = self._target(index, passage)
        if token is None or not token.category or value is None:
            return None
        unit = match[2]
        if unit.startswith("万") and unit[1:] in ("户", "套", "张"):
            value, unit = value * 10000, unit[1:]
        action = "upgrade" if re.search("改造|提升|整治", match[1]) else "new"
        stock = [cell for cell in self._row_cells(index) if re.fullmatch(r"[≥>]?=?\d+(?:\.\d+)?", cell.text)]
        if action == "new" and len(stock) > 1 and not re.search("新|增|建", match[1]):
            # What stands and what shall stand: how it comes about is not said.
            action = "unspecified"
        draft = Draft(
            passage, 0, min(match.end(), len(passage.text)), token.category, "quota", action, "indicator table"
        )
        others = [cell for cell in self._row_cells(index) if cell is not passage]
        least = next((cell for cell in others if re.match("[≥>]|至少", cell.text)), None)
        draft = replace(draft, count=value, unit=unit, at_least=least is not None, year=self._area.target_year)
        whole, measure = _whole(passage), self._passages[index + 1]
        if self._with_unit_cell(index, passage):
            whole += _whole(measure)
        draft.told(category=whole, unit=whole, kind=whole, action=whole, count=_whole(target))
        return draft.told(at_least=_whole(least) if least else (), year=self._area.target_words)

    def _with_unit_cell(self, index: int, passage: Passage) -> re.Match[str] | None:
        """Read an indicator whose unit stands in a cell of its own behind it, as if it stood in a bracket."""
        unit = self._passages[index + 1] if index + 1 < len(self._passages) else None
        if unit is None or not passage.row or unit.row != passage.row or not _UNIT_CELL.fullmatch(unit.text):
            return None
        return _INDICATOR.fullmatch(f"{passage.text}（{unit.text}）")

    def _target(self, index: int, passage: Passage) -> tuple[int | float | None, Passage]:
        value: int | float | None = None
        target = passage
        for later in self._passages[index + 1 : index + 5]:
            if later.role != "cell" or later.row != passage.row:
                break
            figure = re.fullmatch(r"(?:[≥>]?=?|至少)(\d+(?:\.\d+)?)(?:以上)?", later.text)
            if figure:
                value, target = number(figure[1]), later
            elif not re.fullmatch(r"[-/]*", later.text) and not (value is None and _UNIT_CELL.fullmatch(later.text)):
                break
        return value, target


def _first_year(text: str) -> int:
    """Return the year with which a plan begins: by its title's span, its five-year plan, or the most years named."""
    span = re.search(r"(20[2-3]\d)年?[-—–~至到](20[2-4]\d)年?", text[:400])
    if span:
        return int(span[1])
    if re.search("十五五", text[:400]):
        return _FIRST_YEAR + 5
    named = [int(year) for year in re.findall(r"(?<!\d)(20[2-3]\d)(?=年|[./]\d)", text[:200000])]
    later = sum(year > _FIRST_YEAR + 4 for year in named)
    return _FIRST_YEAR + 5 if later > len(named) - later else _FIRST_YEAR


def _figure(cell: str) -> int | float | None:
    """Read a cell that holds one number and nothing else."""
    return number(cell) if re.fullmatch(r"\d+(?:\.\d+)?", cell) else None


def _whole(cell: Passage) -> tuple[Span, ...]:
    """Return where the words of a cell stand."""
    return cell.spans(0, len(cell.text))
