"""The draft of a record: what it is read from, and its fields that are the same for every kind of promise.

A `Draft` is a record before it has an id. The clause it is read from is a `Scene`, a noun there with what was read
around it a `Reading`; `Carry` is what a sentence hands on from clause to clause. `first_draft` gives what any promise
has: category, action and year, with the words that say so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from service_map.plans.area import Place, PlanArea, last
from service_map.plans.clause import ACTS, BUILDS, Clause, Front, Member, Noun, Said
from service_map.plans.lexicon import CJK, HIDDEN, Quantity, Token, Wording, number, years
from service_map.plans.outline import Passage, Span

SHARED_HEADS = frozenset({"renovation", "heritage_tourism"})
"""Categories of which each name in a list is a site of its own (甲、乙等棚户区改造)."""

_MAX_QUOTE = 120
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
_RUN = frozenset({"vocational_school", "college"})
"""Categories of houses that 重点建设 raises where they are named."""
_COMES = frozenset({"投入使用", "投用", "启用", "开园", "开放", "建成使用", "建成投用"})
_MENDS = frozenset({"完善", "改善", "优化"})
_FITTED = re.compile("的?(?:辅助|配套|基础|服务|硬件)设施(?:设备)?(?:建设)?(?:$|[，。；])")
_BEDS = re.compile("(?:床位|学位|托位|班额|教学班)")
_YEAR_BEHIND = re.compile(
    rf"(?>{ACTS}|项目|工程|\d+[所个处家座])*(?:（(?![^（）]*\d[所个处家座])[^（）]*?20\d\d(?:年?-(?P<end>20\d\d))?年?[^（）]*）|(?:计划|预计|力争)?(?:于|在)?20\d\d年)"
)
_YEAR_WORDS = re.compile(r"20\d\d年?[底末]?|[^，。；：]{0,12}?十[三四五六](?:个)?五[^，。；：]{0,8}?末")
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
    dated: bool = False
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
    parts: list["Draft"] = field(default_factory=list)
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


@dataclass(slots=True)
class Carry:
    """What a sentence hands on from clause to clause.

    Attributes
    ----------
    front
        What governs a list that has no verb of its own.
    year, year_words, head_year
        The year by which it is due, and where that is named; and that which heads the list that the sentence stands in.
    per, per_count, per_words
        The unit of which each gets what is named, the number in the words that name it, and where they stand.
    place
        Where all is that names no place of its own.
    heading, lead_place, lead_noun, lead_words, lead_at
        The words before a colon, the place and the noun in them, and where the noun stands in source and passage.
    acts
        The verbs behind the last noun that had some.
    last_name, last_words
        The last name of a facility, and where it stands.
    last
        What a number or a place behind it is a share of.
    topic
        What was spoken of last, shares and all.
    said
        All drafts of the sentence so far.
    listing
        Whether a heading says that a list of projects follows.
    """

    front: Front = field(default_factory=Front)
    year: int | None = None
    year_words: tuple[Span, ...] = ()
    head_year: tuple[int, tuple[Span, ...]] | None = None
    per: str | None = None
    per_count: int | None = None
    per_words: tuple[Span, ...] = ()
    place: Place | None = None
    lead_place: Place | None = None
    heading: str = ""
    lead_noun: Token | None = None
    lead_words: tuple[Span, ...] = ()
    lead_at: tuple[int, int] | None = None
    acts: tuple[str, ...] = ()
    last_name: str | None = None
    last_words: tuple[Span, ...] = ()
    last: Draft | None = None
    topic: Draft | None = None
    said: list[Draft] = field(default_factory=list)
    listing: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """The clause that is being read, where it begins in its passage, and what holds for all its members.

    Attributes
    ----------
    passage, base
        The passage, and where the clause begins in it.
    clause
        The clause, taken apart.
    carry
        What earlier clauses of the sentence hand on; changed in place.
    times
        The years named in the clause and where they begin there; the year is None where the whole period is named.
    listing
        Whether bare names are promises here.
    """

    passage: Passage
    base: int
    clause: Clause
    carry: Carry
    times: tuple[tuple[int, int | None], ...]
    listing: bool

    @property
    def shown(self) -> str:
        """The text of the clause, with what is not read hidden."""
        return self.clause.shown

    def year_at(self, position: int) -> int | None:
        """Return the year last named before a place in the clause, else the sentence's."""
        year = self.carry.year
        for at, value in self.times:
            if at <= position:
                year = value
        return year

    def year_words(self, position: int) -> tuple[Span, ...]:
        """Return where the year that `year_at` gives is named."""
        words = self.carry.year_words
        for at, value in self.times:
            if at <= position:
                words = self.years_words(at) if value else ()
        return words

    def years_words(self, at: int) -> tuple[Span, ...]:
        """Return where the year that begins at a place of the clause stands."""
        match = _YEAR_WORDS.match(self.passage.text, self.base + at)
        return self.passage.spans(*match.span()) if match else ()

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """Return where a part of the clause stands in the source."""
        return self.passage.spans(self.base + start, self.base + end)

    def words_of(self, said: Iterable[str]) -> tuple[Span, ...]:
        """Return where words that know their place stand."""
        return tuple(
            span
            for word in said
            if isinstance(word, Said) and word
            for span in self.passage.spans(word.at, word.at + len(word))
        )

    def within(self, literal: str, *pieces: str) -> tuple[Span, ...]:
        """Return where a name stands that was found, as the last of its kind, in these pieces of the passage."""
        for piece in reversed(pieces):
            at = piece.rfind(literal)
            if at >= 0 and isinstance(piece, Said):
                return self.passage.spans(piece.at + at, piece.at + at + len(literal))
        return ()

    def joined(self, start: int, end: int, *pieces: str) -> tuple[Span, ...]:
        """Return where the characters from `start` up to `end` of some pieces, joined, stand in the source."""
        found: tuple[Span, ...] = ()
        for piece in pieces:
            a, b = max(start, 0), min(end, len(piece))
            if a < b and isinstance(piece, Said):
                found += self.passage.spans(piece.at + a, piece.at + b)
            start, end = start - len(piece), end - len(piece)
        return found


@dataclass(slots=True)
class Reading:
    """A member with what was read around it.

    Attributes
    ----------
    member
        The noun in its list.
    mods
        The words between where its own modifiers begin and the noun.
    quantity, counted
        The number that counts it, and where that stands in the passage.
    spread, spread_words
        The unit of which the whole area gets it (全市乡镇…), and the words that say so.
    has
        Whether the words before it say that each unit has it (每个县都有…).
    ruled
        Whether its own words name a unit of which each gets it.
    """

    member: Member
    mods: Said
    quantity: Quantity | None
    spread: str | None
    has: bool = False
    counted: tuple[int, int] = (0, 0)
    spread_words: tuple[Span, ...] = ()
    ruled: bool = False

    @property
    def subject(self) -> str:
        """The text before the verb that governs it."""
        return self.member.front.subject


def first_draft(scene: Scene, member: Member, rule: str, wording: Wording) -> Draft:
    """Return what a noun promises whatever its kind, as an intent: its category, what is done to it and by when.

    Parameters
    ----------
    scene
        The clause.
    member
        The noun in its list.
    rule
        The rule that found it.
    wording
        The word lists.

    Returns
    -------
    Draft
    """
    start = member.start
    while start < member.noun.start and scene.shown[start] in f"、， {HIDDEN}":
        start += 1
    noun = member.noun
    end = min(scene.base + member.end, scene.base + start + _MAX_QUOTE)
    above = (scene.passage.section or "") + scene.carry.heading
    category = wording.category_in(noun.word, noun.category, above, scene.shown)
    category = _also(scene, noun, wording) or category
    own, own_words = _own_year(scene, member)
    year = own or scene.year_at(noun.start)
    verbs = (*member.front.words, *member.acts)
    draft = Draft(
        scene.passage,
        scene.base + start,
        end,
        category,
        "intent",
        action_of(member, wording),
        rule,
        year=year,
        verbs=verbs,
        dated=own is not None,
        noun_at=(scene.base + noun.start, scene.base + noun.end),
    )
    if draft.action == "unspecified" and _FITTED.match(scene.shown, noun.end) and set(member.front.words) & _MENDS:
        draft.action = "upgrade"
    acted = scene.words_of(verbs)
    if category == "renovation" or category != noun.category or not acted:
        acted += scene.spans(noun.start, noun.end)
    named = scene.spans(noun.start, noun.end)
    if _also(scene, noun, wording):
        named = scene.spans(noun.start, scene.shown.index("）", noun.end) + 1)
    elif category != noun.category and scene.passage.heading:
        named = (*named, scene.passage.heading)
    draft.told(category=named, kind=acted, action=acted)
    return draft.told(year=own_words if own else scene.year_words(noun.start))


def _also(scene: Scene, noun: Noun, wording: Wording) -> str | None:
    """Return what a bracket says a hospital is: 第三人民医院（传染病医院）; None without one."""
    bracket = re.match(rf"（({CJK}{{3,10}})）", scene.shown[noun.end : noun.end + 14])
    if bracket is None or noun.category != "hospital":
        return None
    other = next(wording.tokens(bracket[1]), None)
    whole = other is not None and other.end == len(bracket[1]) and other.category is not None
    return other.category if other and whole and "hospital" in (other.category or "") else None


def _own_year(scene: Scene, member: Member) -> tuple[int | None, tuple[Span, ...]]:
    """Return the year right behind a noun (甲幼儿园（2022年）, 甲幼儿园2022年开园), None without one."""
    begin = member.noun.end + len(member.name_tail)
    match = _YEAR_BEHIND.match(scene.shown[begin : member.limit])
    stop = match.end() if match else 0
    near = [found for found in years(scene.shown[begin : member.limit]) if found[1] and found[0] < stop]
    at, year = near[0] if near else (0, None)
    if year:
        return year, scene.years_words(begin + at)
    if match and match["end"]:
        return int(match["end"]), scene.spans(begin + match.start("end"), begin + match.end("end"))
    return None, ()


def nearest_place(scene: Scene, reading: Reading, area: PlanArea) -> Place | None:
    """Return the place last named before a noun."""
    place = area.find(reading.subject + reading.mods)
    if place and place.name not in reading.subject and place.name not in reading.mods:
        # A verb stands between the two: 持续|加大|县 names no county 持续县.
        place = area.find(reading.mods) or area.find(reading.subject)
    return place and place._replace(words=scene.within(place.name, reading.subject, reading.mods))


def action_of(member: Member, wording: Wording) -> str:
    """Tell what is done, from the verbs behind the noun, else from those before it."""
    if member.noun.category == "renovation" or member.pivot:
        return "upgrade"
    front = member.front
    kinds, fronts = _governing(member, wording)
    settled = next((kind for kind in ("cancel", "continue") if kind in (*front.kinds, *kinds)), None)
    if settled or not kinds:
        return settled or ("new" if front.active and front.kinds[-1] != "strengthen" else "unspecified")
    if kinds == ["new"] and front.words[-1:] == ("建设",) and front.subject.endswith("重点"):
        # 重点建设某职业学院: it stands, and is raised.
        return "upgrade" if member.noun.category in _RUN else "new"
    if len(kinds) == 1:
        # 加强…建设 may only strengthen what stands.
        weak = kinds[0] == "new" and "strengthen" in front.kinds and not fronts
        return "unspecified" if weak else kinds[0]
    if "mixed" in kinds or "new" in kinds:
        moved = "relocate" in kinds and "新建" not in (*front.words, *member.acts) and "mixed" not in kinds
        return "relocate" if moved else "mixed"
    return next((kind for kind in ("relocate", "expand", "upgrade") if kind in kinds), kinds[0])


def _governing(member: Member, wording: Wording) -> tuple[list[str], list[str]]:
    """Return the kinds of the verbs that say what is done, and those of the verbs before the noun."""
    front = member.front
    kinds = ["expand" if _BEDS.search(word) else _act_kind(word, wording) for word in member.acts]
    fronts = [kind for kind in front.kinds if kind in BUILDS or kind == "unspecified"]
    if not front.explicit and member.acts and set(member.acts) <= _COMES:
        # …；普惠托育机构投入使用: the verb of the sentence before is not theirs.
        fronts = []
    if not kinds or (set(kinds) == {"new"} and fronts and fronts[-1] != "unspecified"):
        kinds = fronts or kinds
    return list(dict.fromkeys(kinds)), fronts


def act_kinds(text: str, wording: Wording, at: int = 0) -> Front:
    """Return what a heading's own verbs promise for the list behind its colon: 改造提升项目：甲、乙.

    ``at`` is where the heading begins in its passage.
    """
    acts = tuple(Said(act[0], at + act.start()) for act in re.finditer(ACTS, text))
    return Front(tuple(_act_kind(act, wording) for act in acts), acts)


def _act_kind(word: str, wording: Wording) -> str:
    """Return what an act behind a noun promises: its own kind, or that of the verb it ends with (合址新建)."""
    if word.startswith(("完善", "改善", "优化")):
        return "upgrade"
    if word == "迁":
        return "relocate"
    return _ACT_KINDS.get(word) or wording.verb_kind(word) or wording.verb_kind(word[-2:]) or "new"
