"""The draft of a record: what it is read from, its fields, and the words that give each of them."""

import re
from dataclasses import dataclass, field, replace

from service_map.plans.area import Place, last
from service_map.plans.lexicon import Wording, number
from service_map.plans.outline import Passage, Span
from service_map.plans.sentences import ACTS

SHARED_HEADS = frozenset({"renovation", "heritage_tourism"})
"""Categories of which each name in a list is a site of its own (甲、乙等棚户区改造)."""
_ACT_KINDS = {
    "达到": "upgrade",
    "达": "upgrade",
    "合建": "new",
    "传承": "upgrade",
    "利用": "upgrade",
    "优化": "upgrade",
    "布局": "new",
    "达标": "upgrade",
}
_RANGE = re.compile(
    r"(?:[\d.]+|[一二两三四五六七八九十百]+)(?:至|到|-+)([\d.]+|[一二两三四五六七八九十百]+)(?=[\u4e00-\u9fff]|$)|"
    r"[一二两三四五六七八]([二三四五六七八九])(?=[\u4e00-\u9fff])"
)
_LEAST_WORDS = re.compile(r"[≥>]|至少|不少于|不低于|最少|超过|不小于|[及或]?以上|\+[NnXx]")


@dataclass(slots=True)
class Draft:
    """A record before it has an id: `Commitment`'s fields, the span that carries it, and the rule that found it.

    ``words`` says where the words stand that gave each field; a rule that sets a field notes them with `told`.
    """

    passage: Passage
    start: int
    end: int
    category: str
    kind: str
    action: str
    rule: str
    name: str | None = None
    count: int | float | None = None
    unit: str | None = None
    at_least: bool = False
    place: str | None = None
    place_level: str = "plan"
    per: str | None = None
    year: int | None = None
    note: str | None = None
    verbs: tuple[str, ...] = ()
    void: bool = False
    noun: str | None = None
    count_max: int | float | None = None
    capacity: int | float | None = None
    capacity_unit: str | None = None
    locality: str | None = None
    condition: str | None = None
    share: float | None = None
    whole: "Draft | None" = None
    noun_at: tuple[int, int] | None = None
    phrase_at: int | None = None
    item: object = None
    words: dict[str, tuple[Span, ...]] = field(default_factory=dict)

    def at(self, place: Place | None) -> "Draft":
        """Return the draft with a place."""
        if place is None:
            return self
        found = replace(self, place=place.name, place_level=place.level)
        return found.told(place=place.words, place_level=place.words)

    def told(self, **words: tuple[Span, ...]) -> "Draft":
        """Note where the words stand that gave fields; return the draft itself."""
        self.words = {**self.words, **words}
        return self

    def counted(self, start: int, end: int, *, least_from: int | None = None) -> "Draft":
        """Note that a number at this span of the passage gave count, unit and 以上; return the draft itself."""
        begin = max(0, start - 8 if least_from is None else least_from)
        least = last(_LEAST_WORDS.finditer(self.passage.text, begin, end))
        spans = self.passage.spans(start, end)
        high = _RANGE.match(self.passage.text[start:end])
        self.count_max = number(high[1] or high[2]) if high else None
        self.told(count_max=spans if high else ())
        return self.told(count=spans, unit=spans, at_least=self.passage.spans(*least.span()) if least else ())


@dataclass(slots=True)
class Rejection:
    """A facility's noun that is no promise, and why."""

    passage: Passage
    start: int
    end: int
    category: str
    reason: str


def act_kinds(text: str, wording: Wording) -> tuple[str, ...]:
    """Return what the acts named in some words promise, in order: 改造提升项目 gives upgrade twice."""
    return tuple(_act_kind(act[0], wording) for act in re.finditer(ACTS, text))


def _act_kind(word: str, wording: Wording) -> str:
    """Return what an act behind a noun promises: its own kind, or that of the verb it ends with (合址新建)."""
    if word.startswith(("完善", "改善", "优化")):
        return "upgrade"
    if word == "迁":
        return "relocate"
    return _ACT_KINDS.get(word) or wording.verb_kind(word) or wording.verb_kind(word[-2:]) or "new"
