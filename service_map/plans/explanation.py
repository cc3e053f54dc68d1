"""Why a line of a plan gave the records it gave: the rule, the passage and the words behind each field, or the refusal.

The words are noted by the rules themselves where they set a field (`draft.Draft.told`), and read here from the source
as it is spelled there. A field may rest on words of another line: a year named in an earlier clause, the place in a
heading, a target year, another cell of the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from service_map.catalogue import categories, terms
from service_map.catalogue.messages import sentence
from service_map.plans.commitment import PER_ZH, Commitment, label, label_record
from service_map.plans.draft import Draft
from service_map.plans.extract import PlanReader, finish
from service_map.plans.lexicon import load_wording
from service_map.plans.outline import Passage, Span, source_lines
from service_map.plans.sentences import split_sentences

_CITATION = frozenset(["id", "plan", "line", "quote", "passage_sha256"])
_DEFAULTS = {"action": "unspecified", "place_level": "plan", "at_least": False}
FIELDS = tuple(item.name for item in fields(Commitment) if item.name not in _CITATION)
"""Fields of a record that words of the plan give."""
_NO_NOUN = "这一行没有设施词 no facility noun on this line"
_BLANK = "这一行是空行 a blank line"


class Words(NamedTuple):
    """Words of a plan as the source spells them, and the 1-based line they stand on."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a passage is a commitment, or why a facility's noun in it is none.

    Attributes
    ----------
    line, passage
        The source line and the sentence, as the source spells it.
    category
        The category of the noun; None where the line that was asked for holds none.
    commitment, rule, verbs
        The record, the rule that read it, and the verbs that promise it; None and empty for a rejection.
    words
        For each field of the record that says anything: the words that gave it. For a rejection, the noun's own words
        under ``category``.
    rejected
        Why the noun is no promise, in Chinese and English; None for a commitment.
    """

    line: int
    passage: str
    category: str | None
    commitment: Commitment | None = None
    rule: str | None = None
    verbs: tuple[str, ...] = ()
    words: Mapping[str, tuple[Words, ...]] = field(default_factory=dict)
    rejected: str | None = None


def explain(text: str, *, plan: str, line: int | None = None) -> list[Explanation]:
    """Say of each record which rule and words gave it, and of each noun that gave none why it was left out.

    Parameters
    ----------
    text
        The plan's text.
    plan
        The plan's id.
    line
        Only what stands on this 1-based source line; None for all.

    Returns
    -------
    list of Explanation
        In reading order of lines, records before rejections. For a line without a facility noun, one that says so; for
        a line that the text does not have, none.
    """
    sources = source_lines(text)
    reader = PlanReader(text, load_wording(), why=True)
    found: list[Explanation] = []
    drafts: list[Draft] = []
    earlier: dict[str, Commitment] = {}
    for record, draft in finish(reader.read(), plan=plan, sources=sources):
        drafts.append(draft)
        earlier[record.id] = record
        found.append(
            Explanation(
                line=record.line,
                passage=_sentence(draft.passage, draft.start, sources),
                category=record.category,
                commitment=record,
                rule=draft.rule,
                verbs=tuple(str(verb) for verb in draft.verbs if verb),
                words=_field_words(record, draft, sources, earlier),
            )
        )
    found.extend(
        Explanation(
            line=item.passage.lines[item.start],
            passage=_sentence(item.passage, item.start, sources),
            category=item.category,
            words={"category": _words(item.passage.spans(item.start, item.end), sources)},
            rejected=item.reason,
        )
        for item in reader.left_out(drafts)
    )
    if line is not None:
        found = [item for item in found if line in _lines(item)]
        if not found and 1 <= line <= len(sources):
            source = sources[line - 1].strip()
            found = [Explanation(line=line, passage=source, category=None, rejected=_NO_NOUN if source else _BLANK)]
    return sorted(found, key=lambda item: (item.line, item.rejected is not None))


def _lines(item: Explanation) -> set[int]:
    """Return the lines on which the noun or the name of an explanation stands."""
    named = (*item.words.get("category", ()), *item.words.get("name", ()))
    return {item.line, *(words.line for words in named)}


def _field_words(
    record: Commitment, draft: Draft, sources: Sequence[str], earlier: Mapping[str, Commitment]
) -> dict[str, tuple[Words, ...]]:
    found = {name: _words(spans, sources) for name, spans in draft.words.items() if spans}
    if draft.passage.heading:
        found["section"] = _words((draft.passage.heading,), sources)
    if record.repeats:
        first = earlier[record.repeats]
        found["repeats"] = (Words(first.line, first.quote),)
    if record.part_of:
        whole = earlier[record.part_of]
        found["part_of"] = (Words(whole.line, whole.quote),)
    says = {name: getattr(record, name) for name in FIELDS}
    return {
        name: found[name] for name, value in says.items() if value not in (None, _DEFAULTS.get(name)) and name in found
    }


def _words(spans: tuple[Span, ...], sources: Sequence[str]) -> tuple[Words, ...]:
    distinct = dict.fromkeys(Words(span.line, sources[span.line - 1][span.start : span.end]) for span in spans)
    return tuple(distinct)


def _sentence(passage: Passage, at: int, sources: Sequence[str]) -> str:
    for start, end, _ in split_sentences(passage.text):
        if start <= at < end:
            return "".join(words.text for words in _words(passage.spans(start, end), sources))
    return ""


_RULES = {
    "number": sentence("写明数量"),
    "name": sentence("写出名称"),
    "type": sentence("只说类型"),
    "every unit": sentence("每个单位都要有"),
    "every unit again": sentence("前文所说的，每个单位各有"),
    "each place": sentence("列出的各地各有"),
    "listed places": sentence("列出的各地"),
    "own level": sentence("本级另有一处"),
    "shared noun": sentence("并列名称共用一个设施词"),
    "shares": sentence("总数分到各处"),
    "in turn": sentence("数量依次分到列出的各地"),
    "in turn later": sentence("数量依次说明前文所列"),
    "stands": sentence("在已有的之外新增"),
    "located": sentence("总数之后说明位置"),
    "listed behind": sentence("数量之后列出地点"),
    "named behind": sentence("数量之后列出名称"),
    "sum": sentence("总数"),
    "lead": sentence("冒号前的设施词"),
    "record": sentence("表格的一行或带标签的项目"),
    "renewed estates": sentence("列出的小区改造"),
    "pivot": sentence("以……为重点"),
    "table of places": sentence("分地区的数量表"),
    "indicator table": sentence("指标表的目标值"),
}


def _zh(of: terms.Terms) -> dict[str, str]:
    return {code: term.zh for code, term in of.items()}


_FIELD_NAMES = {
    "category": "类别", "kind": "性质", "name": "名称", "count": "数量", "unit": "单位", "at_least": "下限",
    "action": "建设方式", "place": "地点", "place_level": "地点层级", "per": "每", "year": "年份", "section": "章节",
    "repeats": "重复", "note": "备注", "noun": "原文称呼", "count_max": "上限", "capacity": "规模",
    "capacity_unit": "规模单位", "locality": "位置", "condition": "条件", "share": "比例", "part_of": "属于总数",
}  # fmt: skip
_VALUES: dict[str, dict[Any, str]] = {
    "kind": _zh(terms.KIND), "action": _zh(terms.ACTION), "place_level": _zh(terms.PLACE_LEVEL),
    "per": PER_ZH, "at_least": {True: "至少"},
}  # fmt: skip


def rule_names(rule: str) -> tuple[str, str]:
    """Return what a rule is called in Chinese and English; a rule without such names is called by its own."""
    found = _RULES.get(rule)
    return (found.zh, found.en) if found else (rule, rule)


def explanation_record(item: Explanation) -> dict[str, object]:
    """Return an explanation as one JSON object.

    Parameters
    ----------
    item
        The explanation.

    Returns
    -------
    dict
        ``line``, ``passage``, ``category``, ``rejected`` (null for a commitment), ``rule``, ``rule_zh``, ``rule_en``,
        ``verbs``, ``words`` (field -> list of ``line`` and ``text``) and ``commitment`` (null for a rejection).
    """
    names = rule_names(item.rule) if item.rule else (None, None)
    return {
        "line": item.line,
        "passage": item.passage,
        "category": item.category,
        "rejected": item.rejected,
        "rule": item.rule,
        "rule_zh": names[0],
        "rule_en": names[1],
        "verbs": list(item.verbs),
        "words": {name: [words._asdict() for words in found] for name, found in item.words.items()},
        "commitment": label_record(item.commitment) if item.commitment else None,
    }


def explanation_text(item: Explanation) -> str:
    """Return an explanation as a planner reads it in a terminal: the decision, the passage, and a line for each field.

    Parameters
    ----------
    item
        The explanation.

    Returns
    -------
    str
        Lines without a trailing line end.
    """
    kind = categories()[item.category].zh if item.category else ""
    passage = " ".join(item.passage.split())
    if item.commitment is None:
        noun = "、".join(words.text for words in item.words.get("category", ()))
        head = f"{item.line} - {noun}（{kind} {item.category}）" if item.category else f"{item.line} -"
        return f"{head}\n    未取 {item.rejected}\n    原文 {passage}"
    zh, en = rule_names(item.rule or "")
    lines = [f"{item.line} + {label(item.commitment)}", f"    规则 {zh} {en}", f"    原文 {passage}"]
    for name, found in item.words.items():
        value = getattr(item.commitment, name)
        shown = f"{kind} {value}" if name == "category" else _VALUES.get(name, {}).get(value, value)
        given = "、".join(
            f"“{words.text}”" + ("" if words.line == item.line else f"（第 {words.line} 行）") for words in found
        )
        lines.append(f"    {_FIELD_NAMES[name]} {shown} ← {given}")
    return "\n".join(lines)
