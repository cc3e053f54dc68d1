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
from typing import Any

from service_map.plans.area import PlanArea, find_area, last
from service_map.plans.clause import ACTS, split_clauses, split_sentences
from service_map.plans.commitment import Commitment
from service_map.plans.outline import Passage, outline, source_lines
from service_map.plans.promise import Carry, Draft, PromiseReader, Rejection, act_kinds
from service_map.plans.wording import Wording, load_wording

_RATE = re.compile(r"率|占比|比例|%|人均|每千|每万|每百|床位|面积|人次|人数|职工")
_RATE_CELL = re.compile(r"[率%比]|每[百千万]|人均|年均|[（(]")
_INDICATOR = re.compile(r"(?:（?\d+）?[.、]?)?(.{2,30}?)（(万?(?:平方米|户|套|张)|个|所|公里|座|处|家|套|块)）")
_LISTED = re.compile(r"等(?:一批|系列)?(?:重点|重大|建设)?(?:项目|工程)")
_DONE = re.compile(r"已建成|已经建成|累计建成|已完成|目前已|现已建|共有|已有|已经建立")
_STANDING = re.compile(r"(?:截至目前|目前|全[市县区]|我[市县区]|已|，)*(?:现有|共有|已有|拥有|现共有)[^，。]*\d")
_NOT_BUILT = re.compile(
    r"等(?:为代表的)?[\u4e00-\u9fff]{0,10}(?:品牌|活动|赛事|课程|剧目|业态|制度|政策|专业|人才|经验|精神|文化)$"
)
_MAX_LEAD = 28


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
        for index, passage in enumerate(self._passages):
            drafts.extend(sorted(self._passage(index, passage), key=lambda draft: draft.start))
        return drafts

    def _passage(self, index: int, passage: Passage) -> Iterator[Draft]:
        if passage.role == "title":
            yield from self._row_title(index, passage)
        elif passage.role == "body":
            yield from self._sentences(passage, listing=passage.box)
        else:
            indicator = self._indicator(index, passage)
            if indicator:
                yield indicator
            elif passage.row and not _RATE_CELL.search(passage.text):
                yield from self._sentences(passage, listing=True)

    def _row_title(self, index: int, passage: Passage) -> Iterator[Draft]:
        """Read the name cell of a table row: it promises a named facility where the row's own text does not say so."""
        said: set[str] = set()
        for later in self._passages[index + 1 : index + 3]:
            if later.row == passage.row and later.role == "body":
                said.update(draft.category for draft in self._sentences(later, listing=False) if draft.kind == "site")
        for draft in self._sentences(passage, listing=True):
            if draft.kind == "site" and draft.category not in said:
                yield draft

    def _indicator(self, index: int, passage: Passage) -> Draft | None:
        """Read a row of an indicator table: a thing to build or renew, with its unit; the target is the last number."""
        match = _INDICATOR.match(passage.text)
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
        draft = Draft(passage, 0, match.end(), token.category, "quota", action, "indicator table")
        count = int(value) if value == int(value) else value
        return replace(draft, count=count, unit=unit, year=self._area.target_year)

    def _target(self, index: int, passage: Passage) -> float | None:
        value: float | None = None
        for later in self._passages[index + 1 : index + 5]:
            if later.role != "cell" or later.row != passage.row:
                break
            number = re.fullmatch(r"[≥>]?=?(\d+(?:\.\d+)?)", later.text)
            if number:
                value = float(number[1])
            elif not re.fullmatch(r"[-/]*", later.text):
                break
        return value

    def _sentences(self, passage: Passage, *, listing: bool) -> Iterator[Draft]:
        text = passage.text
        carry = Carry()
        for start, end, anew in split_sentences(text):
            sentence = text[start:end]
            if anew:
                carry = Carry(lead_place=carry.lead_place, lead_noun=carry.lead_noun)
            if any(mark in sentence for mark in self._wording.past_sentences):
                continue
            if start == 0 and end < len(text) - 1 and _is_lead(sentence):
                yield from self._lead(passage, start, end)
                continue
            yield from self._sentence(passage, start, end, carry, listing=listing or bool(_LISTED.search(sentence)))

    def _lead(self, passage: Passage, start: int, end: int) -> Iterator[Draft]:
        """Read a run-in heading that is itself a named project (某镇敬老院改造提升项目)."""
        if not passage.text[start:end].endswith(("项目。", "工程。")):
            return
        for draft in self._promises.read(passage, start, end - 1, Carry(), listing=True):
            if draft.kind == "site" and draft.name and self._area.official(draft.name, ""):
                yield draft

    def _sentence(self, passage: Passage, start: int, end: int, carry: Carry, *, listing: bool) -> Iterator[Draft]:
        text = passage.text
        standing = False
        for a, b in split_clauses(text, start, end):
            clause = text[a:b]
            # 现有幼儿园46所，其中公办园21所: what stands, and its parts.
            standing = bool(_STANDING.match(clause)) or (standing and clause.startswith(("其中", "包括")))
            if standing:
                continue
            heads = text[b : b + 1] == "："
            done = _DONE.search(clause) and "基础上" not in clause
            if not (heads and b - a <= 24) and not done and not _NOT_BUILT.search(clause):
                yield from self._promises.read(passage, a, b, carry, listing=listing)
            if heads and b - a <= 40:
                listing = self._heading(clause, carry) or listing

    def _heading(self, clause: str, carry: Carry) -> bool:
        """Take what stands before a colon as a heading; return whether it heads a list of projects."""
        carry.lead_place = self._area.find(clause)
        front = act_kinds(clause, self._wording)
        if front.kinds:
            carry.front = front
        carry.lead_noun = last(token for token in self._wording.tokens(clause, self._area.hidden) if token.category)
        return clause.endswith(("项目", "工程", "名单", "任务"))


def _is_lead(sentence: str) -> bool:
    """Tell a run-in heading (完善养老设施的建设。) from a promise: short, one clause, no number, no name."""
    body = sentence.rstrip("。")
    return len(body) <= _MAX_LEAD and not re.search(r"[，：；\d“]", body) and sentence.endswith("。")
