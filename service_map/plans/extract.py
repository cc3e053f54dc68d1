"""A plan's text in, its commitments out.

Each sentence is read for the few forms in which plans promise facilities: which verb governs a facility's noun and what
stands behind it (what is done); which list the noun belongs to and what it shares with the others (which one); what is
counted (how many); every unit of a kind, a list of places, a name or only a type (what kind of promise); and the year
last named before it (by when). `outline` finds the sentences, `clause` takes them apart, `promise` reads them.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, NamedTuple

from service_map.plans.area import PlanArea, find_area, last
from service_map.plans.clause import ACTS, split_clauses, split_sentences
from service_map.plans.commitment import Commitment
from service_map.plans.outline import Passage, outline, source_lines
from service_map.plans.promise import Carry, Draft, PromiseReader, Rejection, act_kinds
from service_map.plans.wording import Wording, load_wording

_RATE = re.compile(r"率|占比|比例|%|人均|每千|每万|每百|床位|面积|人次|人数|职工")
_RATE_CELL = re.compile(r"[率%比]|每[百千万]|人均|年均|[（(]")
_INDICATOR = re.compile(r"(?:（?\d+）?[.、]?)?(.{2,30}?)（(万?(?:平方米|户|套|张)|个|所|公里|座|处|家|套|块)）")
_LISTED = re.compile(
    r"等(?:一批|系列)?(?:重点|重大|建设)?(?:项目|工程)|"
    r"(?<![第\d])[\d一二三四五六七八九十两]+(?:个|项|大)(?:重点|重大|标志性)?(?:建设)?(?:项目|工程)(?!以上|左右)"
)
_DONE = re.compile(r"已建成|已经建成|累计建成|已完成|目前已|现已建|共有|已有|已经建立")
_LACKS = re.compile("尚缺|尚无|尚未|仍缺|还缺|缺口|不足")
_STANDING = re.compile(r"(?:截至目前|目前|全[市县区]|我[市县区]|已|，)*(?:现有|共有|已有|拥有|现共有)[^，。]*\d")
_NOT_BUILT = re.compile(
    r"等(?:为代表的)?[\u4e00-\u9fff]{0,10}(?:品牌|活动|赛事|课程|剧目|业态|制度|政策|专业|人才|经验|精神|文化)$"
)
_SIZED = re.compile(r"占地|建筑面积|平方米|\d亩|床位|总投资|20[2-3]\d年.{0,6}(?:建成|开工|投用|完工|竣工)")
_ENUMERATED = re.compile(r"[一二三四五六七八九十]是|[①-⑳]|（\d{1,2}）")
_MAX_LEAD = 28
_MAX_COLUMNS = 24
_PLACES_COLUMN = re.compile(r"(?:县|区|市|镇|乡|街道|旗|（|）|、|名称|地区|单位|所在地|行政区|辖区|各)+(?:名称)?")
_COLUMN = re.compile(r"(?:20\d\d年)?(.{2,20}?)(?:（(?P<unit>个|所|公里|座|处|家|套|块|片|条)）)?")
_UNIT_CELL = re.compile(r"万?(?:平方米|户|套|张)|个|所|公里|座|处|家|块|片|条")
_ACT_CELL = re.compile(rf"(?:(?:{ACTS})、?)+")
_COUNT_CELL = re.compile(r"(?:共|约)?\d+(?:个|所|座|处|家|公里|块|片|套)")
_YEARS_CELL = re.compile(r"(?P<start>20[2-3]\d)年?(?:\d{1,2}月)?(?:-(?P<end>20[2-3]\d)年?(?:\d{1,2}月)?)?")


class _Column(NamedTuple):
    """A column of a table of places: what its numbers count."""

    category: str
    unit: str | None
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a passage is a commitment, or why a facility's noun in it is none.

    Attributes
    ----------
    line, passage
        The source line and the sentence, in canonical form.
    category
        The category of the noun.
    commitment, rule, verbs
        The record, the rule that read it, and the verbs that promise it; None and empty for a rejection.
    rejected
        Why the noun is no promise; None for a commitment.
    """

    line: int
    passage: str
    category: str
    commitment: Commitment | None = None
    rule: str | None = None
    verbs: tuple[str, ...] = ()
    rejected: str | None = None


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
    reader = _Reader(text, load_wording())
    return [record for record, _ in _finish(reader.read(), plan=plan, sources=source_lines(text))]


def explain(text: str, *, plan: str, line: int | None = None) -> list[Explanation]:
    """Say of each record which rule and words gave it, and of each noun that gave none why it was left out.

    Parameters
    ----------
    text
        The plan's text.
    plan
        The plan's id.
    line
        Only this 1-based source line; None for all.

    Returns
    -------
    list of Explanation
        In reading order of lines, records before rejections.
    """
    reader = _Reader(text, load_wording())
    drafts = reader.read()
    found = [
        Explanation(
            line=record.line,
            passage=_sentence(draft.passage, draft.start),
            category=record.category,
            commitment=record,
            rule=draft.rule,
            verbs=draft.verbs,
        )
        for record, draft in _finish(drafts, plan=plan, sources=source_lines(text))
    ]
    found.extend(
        Explanation(
            line=item.passage.lines[item.start],
            passage=_sentence(item.passage, item.start),
            category=item.category,
            rejected=item.reason,
        )
        for item in reader.rejections
    )
    chosen = [item for item in found if line is None or item.line == line]
    return sorted(chosen, key=lambda item: (item.line, item.rejected is not None))


def passage_sha256(line: str) -> str:
    """Return the SHA-256 (hex) of a source line without its line end, in UTF-8."""
    return hashlib.sha256(line.rstrip("\r\n").encode("utf-8", "surrogatepass")).hexdigest()


def _sentence(passage: Passage, at: int) -> str:
    for start, end, _ in split_sentences(passage.text):
        if start <= at < end:
            return passage.text[start:end]
    return passage.text


def _finish(drafts: list[Draft], *, plan: str, sources: list[str]) -> list[tuple[Commitment, Draft]]:
    """Give drafts their citation, their id and the earlier record that they repeat."""
    finished: list[tuple[Commitment, Draft]] = []
    ordinals: Counter[str] = Counter()
    first: dict[tuple[str, ...], str] = {}
    hashes: dict[int, str] = {}
    for draft in drafts:
        line, quote = draft.passage.quote(lambda number: sources[number - 1], draft.start, draft.end)
        if line not in hashes:
            hashes[line] = passage_sha256(sources[line - 1])
        parts = (draft.category, draft.kind, draft.name, draft.place, draft.count, draft.unit, draft.per)
        key = "|".join(str(part) for part in parts)
        ordinals[f"{line}|{key}"] += 1
        digest = hashlib.sha256(f"{key}|{ordinals[f'{line}|{key}']}".encode("utf-8", "surrogatepass")).hexdigest()
        identity = f"{plan}-{line}-{digest[:6]}"
        same = _same_promise(draft)
        repeats = first.setdefault(same, identity) if same else identity
        record: dict[str, Any] = {
            field: getattr(draft, field)
            for field in (
                "category", "kind", "action", "name", "count", "unit", "at_least", "place", "place_level", "per",
                "year",
                "note",
            )
        }  # fmt: skip
        commitment = Commitment(
            id=identity,
            plan=plan,
            line=line,
            quote=quote,
            passage_sha256=hashes[line],
            section=draft.passage.section,
            repeats=None if repeats == identity else repeats,
            **record,
        )
        finished.append((commitment, draft))
    return finished


def _same_promise(draft: Draft) -> tuple[str, ...] | None:
    """Return what makes two records one promise, None for records that cannot be told apart."""
    if draft.kind == "site" and draft.name:
        return ("site", draft.category, re.sub(rf"(?:基础设施|{ACTS}|项目|工程)+$", "", draft.name))
    if draft.kind in ("quota", "coverage", "allotment"):
        parts = (draft.place, draft.count, draft.per, draft.unit)
        return (draft.kind, draft.category, *(str(part) for part in parts))
    return None


class _Reader:
    """Walks the passages of one plan and reads their sentences."""

    def __init__(self, text: str, wording: Wording) -> None:
        self._wording = wording
        self._passages = list(outline(text, wording=wording))
        self._area: PlanArea = find_area(text, self._passages, wording)
        self._promises = PromiseReader(wording, self._area)

    @property
    def rejections(self) -> list[Rejection]:
        return self._promises.rejections

    def read(self) -> list[Draft]:
        """Return what the passages promise, in reading order."""
        drafts: list[Draft] = []
        columns: list[_Column | None] = []
        places: list[str | None] = []
        for index, passage in enumerate(self._passages):
            if passage.row and (index == 0 or self._passages[index - 1].row != passage.row):
                cells = self._row_cells(index)
                header = self._columns(cells)
                heads = self._place_heads(cells)
                if header or heads or passage.role == "head":
                    columns, places = header, heads
                else:
                    drafts.extend(self._row_counts(cells, columns))
                    drafts.extend(self._row_places(cells, places))
            elif not passage.row:
                columns, places = [], []
            if places and len(places) == len(self._row_cells(index)) and passage.role != "title":
                continue
            drafts.extend(sorted(self._passage(index, passage), key=lambda draft: draft.start))
        return [draft for draft in drafts if not draft.void]

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
            action = act_kinds(cell.text, self._wording).kinds if category else ()
            columns.append(
                _Column(category, match["unit"], action[-1] if action else "new") if category and match else None
            )
        return columns if any(columns) else []

    def _row_counts(self, cells: list[Passage], columns: list["_Column | None"]) -> Iterator[Draft]:
        """Read a row of such a table: the place and its numbers."""
        name = cells[0].text
        if len(cells) != len(columns) or not columns or re.search("合计|总计|小计|全市|全县|[。，；]", name):
            return
        for cell, column in zip(cells, columns, strict=True):
            if column is None or not re.fullmatch(r"\d+(?:\.\d+)?", cell.text) or float(cell.text) == 0:
                continue
            draft = Draft(cell, 0, len(cell.text), column.category, "allotment", column.action, "table of places")
            value = float(cell.text)
            count = int(value) if value == int(value) else value
            yield replace(draft, count=count, unit=column.unit).at(self._area.place(name))

    def _place_heads(self, cells: list[Passage]) -> list[str | None]:
        """Read the head of a table with a column for each place; empty when it is none."""
        places = [cell.text if self._area.whole(cell.text) else None for cell in cells]
        return places if places[0] is None and sum(map(bool, places)) >= max(2, len(places) - 4) else []

    def _row_places(self, cells: list[Passage], places: list[str | None]) -> Iterator[Draft]:
        """Read a row of such a table: the facility and its number in each place."""
        match = _COLUMN.fullmatch(cells[0].text)
        if len(cells) != len(places) or not match or _RATE.search(match[1]):
            return
        token = last(token for token in self._wording.tokens(match[1]) if token.category)
        if token is None or not token.category:
            return
        unit = match["unit"] or next((cell.text for cell in cells[1:] if _UNIT_CELL.fullmatch(cell.text)), None)
        action = act_kinds(match[1], self._wording).kinds
        for cell, place in zip(cells, places, strict=True):
            if place and re.fullmatch(r"\d+(?:\.\d+)?", cell.text) and float(cell.text):
                value = float(cell.text)
                count = int(value) if value == int(value) else value
                rule, kind = "table of places", "allotment"
                draft = Draft(cell, 0, len(cell.text), token.category, kind, action[-1] if action else "new", rule)
                yield replace(draft, count=count, unit=unit).at(self._area.place(place))

    def _row_context(self, index: int, draft: Draft) -> Draft:
        """Give a project of a table the place and the year that stand in other cells of its row."""
        row = self._passages[index].row
        first = index
        while first > 0 and self._passages[first - 1].row == row and index - first < _MAX_COLUMNS:
            first -= 1
        for cell in self._row_cells(first):
            if cell is self._passages[index]:
                continue
            span = _YEARS_CELL.fullmatch(cell.text)
            act = _ACT_CELL.fullmatch(cell.text)
            quantity = next(self._wording.quantities(cell.text), None) if _COUNT_CELL.fullmatch(cell.text) else None
            if span and draft.year is None:
                draft.year = int(span["end"] or span["start"])
            elif act and draft.action == "unspecified":
                kinds = act_kinds(cell.text, self._wording).kinds
                draft.action = kinds[0] if len(set(kinds)) == 1 else "mixed"
            elif quantity and draft.kind == "intent":
                draft = replace(draft, kind="quota", count=quantity.count, unit=quantity.unit)
            elif self._area.whole(cell.text) and (draft.place is None or cell.text.startswith(draft.place)):
                draft = draft.at(self._area.place(cell.text))
        return draft

    def _passage(self, index: int, passage: Passage) -> Iterator[Draft]:
        if passage.role == "title":
            yield from self._row_title(index, passage)
        elif passage.role == "body":
            yield from self._sentences(passage, listing=passage.box)
        elif passage.role == "cell":
            indicator = self._indicator(index, passage)
            if indicator:
                yield indicator
            elif passage.row and not _RATE_CELL.search(passage.text):
                for draft in self._sentences(passage, listing=True):
                    yield self._row_context(index, draft)

    def _row_title(self, index: int, passage: Passage) -> Iterator[Draft]:
        """Read the name cell of a table row: it promises a named facility where the row's own text does not say so."""
        said: set[str] = set()
        for later in self._passages[index + 1 : index + 3]:
            if later.row == passage.row and later.role == "body":
                said.update(draft.category for draft in self._sentences(later, listing=False) if draft.kind == "site")
        for draft in self._sentences(passage, listing=True):
            if draft.kind == "site" and draft.category not in said:
                yield self._row_context(index, draft)

    def _indicator(self, index: int, passage: Passage) -> Draft | None:
        """Read a row of an indicator table: a thing to build or renew, with its unit; the target is the last number."""
        match = _INDICATOR.match(passage.text) or self._with_unit_cell(index, passage)
        if not match or _RATE.search(match[1]):
            return None
        token = next((token for token in self._wording.tokens(match[1]) if token.category), None)
        value = self._target(index, passage)
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
        count = int(value) if value == int(value) else value
        least = any(re.match("[≥>]|至少", cell.text) for cell in self._row_cells(index) if cell is not passage)
        return replace(draft, count=count, unit=unit, at_least=least, year=self._area.target_year)

    def _with_unit_cell(self, index: int, passage: Passage) -> re.Match[str] | None:
        """Read an indicator whose unit stands in a cell of its own behind it, as if it stood in a bracket."""
        unit = self._passages[index + 1] if index + 1 < len(self._passages) else None
        if unit is None or not passage.row or unit.row != passage.row or not _UNIT_CELL.fullmatch(unit.text):
            return None
        return _INDICATOR.fullmatch(f"{passage.text}（{unit.text}）")

    def _target(self, index: int, passage: Passage) -> float | None:
        value: float | None = None
        for later in self._passages[index + 1 : index + 5]:
            if later.role != "cell" or later.row != passage.row:
                break
            number = re.fullmatch(r"(?:[≥>]?=?|至少)(\d+(?:\.\d+)?)(?:以上)?", later.text)
            if number:
                value = float(number[1])
            elif not re.fullmatch(r"[-/]*", later.text) and not (value is None and _UNIT_CELL.fullmatch(later.text)):
                break
        return value

    def _sentences(self, passage: Passage, *, listing: bool) -> Iterator[Draft]:
        text = passage.text
        carry = Carry()
        for start, end, anew in split_sentences(text):
            sentence = text[start:end]
            if anew or _ENUMERATED.match(sentence):
                carry = Carry(lead_place=carry.lead_place, lead_noun=carry.lead_noun)
            carry.said = []
            if any(mark in sentence for mark in self._wording.past_sentences):
                continue
            if start == 0 and end < len(text) - 1 and _is_lead(sentence):
                yield from self._lead(passage, start, end)
                continue
            yield from self._sentence(passage, start, end, carry, listing=listing or bool(_LISTED.search(sentence)))

    def _lead(self, passage: Passage, start: int, end: int) -> Iterator[Draft]:
        """Read a run-in heading that is itself a named project (某镇敬老院改造提升项目)."""
        if passage.text[start:end].endswith(("项目。", "工程。")):
            yield from self._named_project(passage, start, end - 1)

    def _named_project(self, passage: Passage, start: int, end: int) -> Iterator[Draft]:
        for draft in self._promises.read(passage, start, end, Carry(), listing=True):
            if draft.kind == "site" and draft.name and self._area.official(draft.name, ""):
                yield draft

    def _sentence(self, passage: Passage, start: int, end: int, carry: Carry, *, listing: bool) -> Iterator[Draft]:
        text = passage.text
        standing = False
        listing = listing or carry.listing
        headed: list[Draft] = []
        read: set[str] = set()
        for a, b in split_clauses(text, start, end):
            clause = text[a:b]
            # 现有幼儿园46所，其中公办园21所: what stands, and its parts.
            standing = bool(_STANDING.match(clause)) or (standing and clause.startswith(("其中", "包括")))
            if standing:
                continue
            heads = text[b : b + 1] == "："
            done = _DONE.search(clause) and "基础上" not in clause
            done = done or (_LACKS.search(clause) and "建" not in clause)
            if not (heads and b - a <= 24) and not done and not _NOT_BUILT.search(clause):
                for draft in self._promises.read(passage, a, b, carry, listing=listing):
                    read.add(draft.category)
                    yield draft
            sized = heads and listing and passage.box and b - a <= 24 and _SIZED.search(text, b, end)
            if sized and not clause.endswith(("项目", "工程")):
                headed = list(self._named_project(passage, a, b))
                carry.said.extend(headed)
            if heads and clause.endswith(("项目", "工程")):
                yield from self._named_project(passage, a, b)
            if heads and b - a <= 40:
                carry.listing = self._heading(clause, carry) or carry.listing
                listing = listing or carry.listing
        # 县体育公园：占地120亩: the name before the colon is the project where the rest names none.
        yield from (draft for draft in headed if draft.category not in read)

    def _heading(self, clause: str, carry: Carry) -> bool:
        """Take what stands before a colon as a heading; return whether it heads a list of projects."""
        carry.lead_place = self._area.find(clause)
        front = act_kinds(clause, self._wording)
        if front.kinds:
            carry.front = front
        carry.lead_noun = last(token for token in self._wording.tokens(clause, self._area.hidden) if token.category)
        counted = bool(front.kinds) and bool(re.search(r"\d+[所个处家座校园馆]$", clause))
        return counted or clause.endswith(("项目", "工程", "名单", "任务"))


def _is_lead(sentence: str) -> bool:
    """Tell a run-in heading (完善养老设施的建设。) from a promise: short, one clause, no number, no name."""
    body = sentence.rstrip("。")
    return len(body) <= _MAX_LEAD and not re.search(r"[，：；\d“]", body) and sentence.endswith("。")
