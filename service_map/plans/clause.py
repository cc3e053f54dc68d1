"""The structure of a clause: which verb governs a facility's noun, which list it stands in, and what stands behind it.

A clause is split at its list marks; each stretch has at most one governing verb and one facility noun. Nouns that
share a verb make a list, and what stands behind the last of them (…建设项目) may belong to all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from service_map.plans.area import PlanArea
from service_map.plans.wording import CJK, HIDDEN, Quantity, Token, Wording

MAX_SENTENCE = 2000
"""A run of text without a full stop is cut here, so that no clause grows without bound."""

ACTS = (
    "(?:同步|滚动|有序|陆续|分批)(?:推进|实施)|"
    "(?:择址|另址|异地|易地|原址|易址|迁址|选址|移址)(?:新建|另建|迁建|重建|改建|扩建|搬迁|建设)|"
    "投入使用|建成使用|建成投用|建成运营|提标扩能|提标改造|开工建设|"
    "改（扩、翻）建|改扩建|建成|新建|改建|扩建|迁建|重建|翻建|筹建|配建|续建|复建|另建|迁址|建设|修建|改造|提升|提质|升级|提档|修缮|修复|"
    "维修|整修|翻修|加固|搬迁|易址|更新|整治|保护|传承|利用|改线|布局|达标|扩容|增容|优化|"
    "开工|动工|复工|施工|竣工|完工|落成|落地|投用|投入使用|建成使用|启用|开园|开馆|开业|开办|开诊|封顶"
)
"""Verbs that stand behind a noun as its act: 敬老院改造提升, 公墓建设."""
BUILDS = frozenset({"new", "expand", "relocate", "upgrade", "mixed"})
"""Kinds of verb that promise a building by themselves."""

_SENTENCE_END = "。！？；"
_FILLED = re.compile(
    r"由[^，。；：（）的]{2,40}(?:组成|构成|举办|运营)的|"
    r"(?:集|融|涵盖|包括|包含|具有|具备|富有|提供|以)[^，。；：（）的]{2,60}的(?=[\u4e00-\u9fff])|"
    r"(?<=[\d一两][所个座处家])[^，。；：（）]{2,40}?(?:为主|一体|相结合|为核心|为特色)的"
)
_TITLES = re.compile(r"《[^《》]*》|“[^“”]*”(?=工程|行动|计划|活动|专项|目标|要求|政策|模式|品牌)")
_BRACKET = re.compile(r"（([^（）]*)）")
_SUMS_UP = re.compile(
    r"(?:（[^（）]*）)?(?:分园|分院|分校|[一二三]期|建设|改造)?(?:项目|工程)?等|"
    r"(?:\d+|[一二两三四五六七八九十]+)[所个家座处](?:[\u4e00-\u9fff]{0,8})$"
)
_COVERS = re.compile(
    r"(?:（[^（）]*）)?(?P<between>[^，。；]{0,24}?)(?:全覆盖|“全覆盖|100%覆盖|全部覆盖|覆盖率(?:达到?|为)?100%)"
)
_COVERS_ELSE = re.compile("设置|服务|管理|培训|接入|政策|网络|保障|补助|后勤|教育")
_AS = re.compile(r"(?:等)?为(?:依托|基础|骨干|主体|载体|龙头|牵引|主|重点|核心|支撑|平台|单位|网底|保障|中心)")
_PIVOT = re.compile(r"(?:等)?(?:保护开发|建设|改造)?为(?:重点|核心)")
_BETWEEN = re.compile(
    r"(?:供应|项目|工程|房源|总数|数量|建设|新建|建成|改造|住房|小区|服务|保护|增加|场地|发展|每年|年均|新增|增设|增建|布点|再建|里程)*(?:总数)?"
    r"(?:达到|增加到|增至|加密至|扩大到|发展到|达|为|约|不少于|不低于|至少|应不少于|控制在|共|总计|合计|各|均)*[“”约]?"
)
_UP_TO_UNIT = re.compile(
    r"(?:（[^（）]*）)?(?:建设|新建|布局|布点|配置|配建|设置|按照?|实现|原则上|做到|达到|确保|要|以|“)*"
)
_UP_TO_NUMBER = re.compile(r"(?:至少|不少于|不低于|原则上|均|要|应|建设|新建|建成|建有|建|设置|配建|办好|有|约)*")
_PARTS = (
    "(?:大楼|综合楼|病区|(?:[门急]诊|住院|医技|康复|教学|实训|宿舍|公寓|信息|病房|业务|教研|科教|实验|传染|养护|发热)"
    "[\u4e00-\u9fff]{0,2}?楼)"
)
_ROOMS = "(?:楼|车间|校舍|病房|病区|宿舍|食堂|操场|馆舍|用房)"
_DUE = (
    r"(?:计划|力争|确保|预计|拟)?(?:于|在|到)?20\d\d年(?:[春夏秋冬]季|[上下]半年|\d+月)?(?:年?底|年?末|初)?(?:以?前)?"
    r"(?:全部|全面|正式|建成)?"
)
_AFTER_ACTS = re.compile(
    r"^(?:至|到|往|入|列入|纳入|[一二三四五六七八九十两\d]+(?:个|项|大)(?:重点)?(?:项目|工程)|[\u4e00-\u9fff]{0,6}?(?:楼|车间|校舍|病房|病区|宿舍|食堂|操场|馆舍|用房)$|面积|后|等|及|中|和|与|任务|取得|顺利|有序|全面|基本|持续|加快|深入|扎实|步伐|进度|工作|力度|投资|选址)+.*"
)
_WHOLE = re.compile(
    r"(?:试点)?(?:项目|工程)|[一二三四五六七八九十两\d]+(?:大|个|项)(?![^，。]{0,8}(?:集团|体系|平台|行动|机制|活动))|纳入|各?\d|进行|投|落地|竣工|按期|作为|施工"
)
_QUALITY = re.compile(r"(?:等)?[^，。、]{0,8}(?:质量|水平|能力|竞争力|队伍|管理|服务|制度|机制|改革|特色学科|专业)")
_LEADING = "等的项目工程积极大力加快稳步有序重点规划逐年分批期步"


@dataclass(slots=True)
class Front:
    """What governs a list of nouns: the kinds and words of the verbs before it, and the text before them.

    ``explicit`` is False where the verb is carried over from an earlier clause.
    """

    kinds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    subject: str = ""
    explicit: bool = False

    @property
    def active(self) -> bool:
        """Whether something is promised: any verb but those of what already stands (依托 …)."""
        return bool(self.kinds) and "keep" not in self.kinds


@dataclass(slots=True)
class Noun:
    """A facility's noun at its place in the clause."""

    start: int
    end: int
    category: str
    word: str


@dataclass(slots=True)
class Member:
    """One facility noun of a list, with what governs it, what it shares and what stands behind it.

    Attributes
    ----------
    start
        Where its own modifiers begin.
    pending
        Spans of earlier list items without a noun of their own: 甲、乙 in 甲、乙等殡仪馆.
    limit
        Where its own stretch of the clause ends.
    acts, project
        Verbs behind it and whether they end in 项目 or 工程.
    behind, total
        The number behind it, and whether it is a stock to be reached (总数达到).
    covers
        Whether every unit has it (全覆盖).
    rejected
        What stands behind it says that it is not the facility that is meant (…服务能力).
    existing, pivot
        以…为依托; 以…为重点.
    each
        The unit of which each gets the number behind it (公墓每县1处), or one (一镇一所).
    alike
        Whether the number behind it is that of each noun of the list (…各1座).
    loose
        Something unread stands behind it, so that it can be no name.
    units
        Units of which each gets it (甲、乙全部建成…).
    """

    noun: Noun
    start: int
    pending: tuple[tuple[int, int], ...]
    front: Front
    limit: int
    acts: tuple[str, ...] = ()
    project: bool = False
    behind: Quantity | None = None
    total: bool = False
    covers: bool = False
    rejected: bool = False
    existing: bool = False
    pivot: bool = False
    each: str | None = None
    alike: bool = False
    loose: bool = False
    led: bool = False
    glue: str = ""
    name_tail: str = ""
    located: str | None = None
    units: tuple[str, ...] = ()
    bracket: tuple[int, int] | None = None

    @property
    def end(self) -> int:
        """Where the words that carry the promise end."""
        return self.noun.end + len(self.name_tail) + (self.behind.end if self.behind else 0)


@dataclass(slots=True)
class Clause:
    """A clause made ready: the text with what is not read hidden, its words, and its lists.

    ``shown`` hides titles and relative clauses; ``masked`` hides what stands in brackets too. ``more`` holds items that
    only count again what the list before names (新建幼儿园28所、改扩建15所): the number of lists before, and the span.
    """

    shown: str
    masked: str
    tokens: list[Token]
    lists: list[list[Member]] = field(default_factory=list)
    front: Front = field(default_factory=Front)
    more: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def verbs(self) -> list[Token]:
        """The verbs in order."""
        return [token for token in self.tokens if token.verb]


@dataclass(slots=True)
class _Stretch:
    start: int
    end: int
    tokens: list[Token]
    head: Noun | None
    subject: bool
    sums_up: bool


@dataclass(slots=True)
class _State:
    lists: list[list[Member]] = field(default_factory=list)
    current: list[Member] = field(default_factory=list)
    front: Front = field(default_factory=Front)
    explicit: bool = False
    pending: list[tuple[int, int]] = field(default_factory=list)
    hanging: list[Token] = field(default_factory=list)
    units: tuple[str, ...] = ()
    begin: int = 0

    def close(self) -> None:
        if self.current:
            self.lists.append(self.current)
            self.current = []


class ClauseReader:
    """Takes clauses apart by the words of one plan.

    Parameters
    ----------
    wording
        The word lists.
    area
        The places of the plan: a verb inside a place's name is none (新建东路).
    """

    def __init__(self, wording: Wording, area: PlanArea) -> None:
        self._wording = wording
        self._area = area
        filler = "|".join(re.escape(word) for word in wording.filler)
        self._tail = re.compile(
            rf"(?:（[^（）]{{0,40}}）)?(?:等)?(?:{_DUE})?(?:列入{CJK}{{0,6}}?|纳入{CJK}{{0,6}}?)?(?:(?:(?!新建|扩建|改造){CJK}){{1,6}}?{_ROOMS})?(?:{filler})*?(?P<acts>(?:{ACTS})(?:{ACTS})*)"
            r"(?P<project>(?:试点)?(?:工程|项目|任务|计划|工作|行动|力度|步伐|包)*)"
        )
        tails = "|".join(map(re.escape, wording.name_tail))
        self._name_tail = re.compile(
            rf"(?:{tails})+(?!{CJK}?楼)|{CJK}{{1,4}}(?:院区|校区|分院|分校|分园|分馆)|(?:(?!新建|扩建|改造|建设){CJK}){{0,6}}?{_PARTS}"
        )
        self._located = re.compile(rf"在({CJK}{{2,10}}?)的(?=(?:{ACTS}))")

    def open(self, text: str) -> Clause:
        """Hide what is not read in a clause and find its words."""
        shown = _FILLED.sub(_blank, _TITLES.sub(_blank, text))
        masked = _BRACKET.sub(lambda match: _bracket_mask(match, shown), shown)
        brackets = [match.span() for match in _BRACKET.finditer(masked)]
        tokens = [
            token
            for token in self._wording.tokens(masked, self._area.hidden)
            if not any(a < token.start and token.end < b for a, b in brackets)
        ]
        return Clause(shown, masked, tokens)

    def parse(self, clause: Clause, carried: Front, *, listing: bool) -> None:
        """Sort an opened clause into lists of facility nouns.

        Parameters
        ----------
        clause
            As `open` gives it; its ``lists`` and ``front`` are filled.
        carried
            What governs a list that has no verb of its own.
        listing
            Whether the clause is a list of project names, where a noun before a verb is part of the name.
        """
        state = _State()
        spans = [match.span() for match in self._area.places.finditer(clause.shown)]
        for start, end in _items(clause.masked, clause.tokens, spans):
            for stretch in _stretches(clause, start, end, listing=listing):
                if self._take(clause, state, stretch, carried, item=(start, end), listing=listing):
                    break
        state.close()
        for members in state.lists:
            _share(members)
        clause.lists = state.lists
        clause.front = state.front if state.explicit else Front()

    def _take(
        self, clause: Clause, state: _State, stretch: _Stretch, carried: Front, *, item: tuple[int, int], listing: bool
    ) -> bool:
        """Take one stretch into the state; True when the rest of the item is read too."""
        head = stretch.head
        ahead = [token for token in stretch.tokens if token.verb and (head is None or token.end <= head.start)]
        if head is None and ahead and self._only_verbs(clause.masked[stretch.start : stretch.end], ahead):
            # A verb alone: it belongs to the noun behind (新建、改扩建…), or ends the noun before (…新建、迁建).
            if state.current and state.current[-1].acts and not state.hanging:
                state.current[-1].acts += tuple(token.word for token in ahead)
            else:
                state.hanging.extend(ahead)
            return False
        if head is None and ahead and state.current and self._counts_again(clause.shown[stretch.start : stretch.end]):
            clause.more.append((len(state.lists) + 1, stretch.start, stretch.end))
            return False
        led, object_start = self._govern(clause, state, stretch, ahead, listing=listing)
        if head is None:
            if clause.shown[object_start : stretch.end]:
                state.pending.append((object_start, stretch.end))
            return False
        if stretch.subject:
            return self._subject(clause, state, stretch, head, object_start, item_end=item[1])
        front = state.front
        if not state.explicit:
            subject = "" if state.current else clause.shown[state.begin : object_start]
            front = replace(carried, explicit=False, subject=subject)
        member = Member(head, object_start, tuple(state.pending), front, stretch.end, units=state.units)
        member.led = led and bool(BUILDS & set(front.kinds))
        glue = re.search(r"(以及|[、和与及或])$", clause.masked[: item[0]])
        member.glue = glue[1] if glue and stretch.start == item[0] else ""
        self._behind(clause.shown, member)
        state.units, state.pending = (), []
        if stretch.sums_up and state.current and not self._counted_sum(clause, state.current[-1], head):
            # 殡仪馆、公墓等殡葬设施: the noun after 等 sums up the list; what stands behind it belongs to all.
            for earlier in state.current:
                earlier.acts = earlier.acts or member.acts
                earlier.rejected = earlier.rejected or (member.rejected and not member.acts)
                earlier.covers = earlier.covers or member.covers
            return False
        state.current.append(member)
        state.begin = stretch.end
        return False

    def _counts_again(self, text: str) -> bool:
        match = re.match(rf"(?:再|另|拟)?(?:{ACTS}|改（扩）建|新（改、扩）建)+", text)
        quantity = next(self._wording.quantities(text), None)
        return bool(match and quantity and quantity.start == match.end() and quantity.end == len(text))

    @staticmethod
    def _only_verbs(text: str, verbs: list[Token]) -> bool:
        rest = re.sub("|".join(re.escape(token.word) for token in verbs), "", text)
        return not set(rest) - set(_LEADING)

    def _govern(
        self, clause: Clause, state: _State, stretch: _Stretch, ahead: list[Token], *, listing: bool
    ) -> tuple[bool, int]:
        """Start a new list where the stretch has a verb of its own; return whether, and where its object begins."""
        head = stretch.head
        verbs, after = cluster(clause.masked, ahead, head.start if head else stretch.end)
        if listing and verbs and any(token.category for token in stretch.tokens if token.end <= verbs[0].start):
            # 某小镇基础设施建设田园综合体项目: in a list of projects this is one name.
            verbs = []
        if verbs and head and state.explicit and state.pending and "的" in clause.masked[verbs[-1].end : head.start]:
            # …性强、辐射面广的基地: the verb is inside the description.
            verbs = []
        if not verbs:
            return False, stretch.start
        state.close()
        words = [*state.hanging, *verbs]
        state.hanging = []
        while len(words) > 1 and words[0].verb and words[0].verb.kind == "keep":
            words = words[1:]
        state.front = Front(
            tuple(token.verb.kind for token in words if token.verb),
            tuple(token.word for token in words),
            clause.shown[state.begin : words[0].start],
            explicit=True,
        )
        state.explicit = True
        state.pending = []
        return True, after

    def _subject(
        self, clause: Clause, state: _State, stretch: _Stretch, head: Noun, object_start: int, *, item_end: int
    ) -> bool:
        """Read a noun that is itself the subject of a verb behind it (支持养老机构设立…); True when it moves."""
        behind = clause.masked[head.end : stretch.end]
        if re.fullmatch(r"(?:全部|均|都|普遍|全面)(?:应|要)?", behind):
            # 甲、乙全部建成丙: every one of the subjects gets the thing built.
            words = [*(member.noun.word for member in state.current), head.word]
            units = (self._wording.unit_at(word) for word in words)
            state.units = tuple(dict.fromkeys(unit for unit in units if unit))
            state.current = []
        elif re.match(r"[把将]", clause.masked[stretch.start : head.start].lstrip("以")) and not state.current:
            # 把甲建成乙: the subject is what is raised.
            front = replace(state.front, kinds=("upgrade",), words=("建成",), explicit=True)
            state.lists.append([Member(head, stretch.start, (), front, head.end, acts=("提升",))])
        elif re.match(r"(?:整体)?(?:搬迁|迁建|迁入|迁)(?:至|到|入|往)?", clause.masked[stretch.end :]):
            front = replace(state.front, explicit=bool(state.front.kinds))
            moved = Member(head, object_start, tuple(state.pending), front, stretch.end, acts=("搬迁",))
            state.close()
            state.lists.append([moved])
            state.begin, state.pending = item_end, []
            return True
        while state.current and not (state.current[-1].acts or state.current[-1].behind or state.current[-1].led):
            state.current.pop()
        if state.current:
            state.begin = head.end
        state.pending = []
        return False

    def _counted_sum(self, clause: Clause, before: Member, head: Noun) -> bool:
        between = clause.masked[before.noun.end : head.start]
        return "等" in between and next(self._wording.quantities(between), None) is not None

    def _behind(self, shown: str, member: Member) -> None:
        """Read what stands behind a noun: acts, a number, full coverage, a bracket, or a word that rejects it."""
        tail = shown[member.noun.end : member.limit]
        rest = shown[member.noun.end :]
        extra = self._name_tail.match(tail)
        if extra:
            member.name_tail = extra[0]
            tail = tail[extra.end() :]
        located = self._located.match(tail)
        if located:
            member.located = located[1]
            tail = tail[located.end() :]
        match = self._tail.match(tail)
        if match and (match["project"] or not re.match(CJK, _AFTER_ACTS.sub("", tail[match.end() :])[:1])):
            member.acts = tuple(re.findall(ACTS, match["acts"]))
            member.project = bool(match["project"])
        member.project = member.project or tail.startswith(("项目", "工程"))
        plain = re.sub(r"^（[^（）]*）", "", tail)
        quantity = next(self._wording.quantities(tail[:28]), None)
        if quantity and tail[quantity.end : quantity.end + 1] != "一":
            before = re.sub(r"^（[^（）]*）", "", tail[: quantity.start])
            tasks = quantity.unit == "项" and tail[quantity.end :].startswith(("工程", "项目"))
            if _BETWEEN.fullmatch(before) and not tasks:
                member.behind = quantity
                member.alike = "各" in before or "均" in before
                member.total = "达" in before or "总数" in before
        if member.behind is None:
            self._each_behind(tail, member)
        covered = _COVERS.match(rest)
        member.covers = bool(covered and not _COVERS_ELSE.search(covered["between"]))
        member.existing = bool(_AS.match(plain))
        member.pivot = bool(_PIVOT.match(plain))
        self._judge(member, plain)
        bracket = re.match(r"(?:[^（），、]{0,14})（([^（）]*)）", rest)
        if bracket and self._is_list(bracket[1]):
            member.bracket = (member.noun.end + bracket.start(1), member.noun.end + bracket.end(1))

    def _each_behind(self, tail: str, member: Member) -> None:
        """Read 公墓每县（市）1处以上 and 敬老院实现一镇一所: the unit stands behind the noun."""
        level = next(self._wording.levels(tail[:32]), None)
        if level is None or not _UP_TO_UNIT.fullmatch(tail[: level.start]):
            return
        rest = tail[level.end : level.end + 20]
        quantity = next(self._wording.quantities(rest), None)
        if quantity and _UP_TO_NUMBER.fullmatch(rest[: quantity.start]):
            least = quantity.at_least or bool(re.search("至少|不少于|不低于", rest[: quantity.start]))
            end = level.end + quantity.end
            member.behind = replace(quantity, start=level.end + quantity.start, end=end, at_least=least)
            member.each = level.per
        elif level.count:
            member.behind = Quantity(level.start, level.end, level.count, None, at_least=False, yearly=False)
            member.each = level.per

    def _judge(self, member: Member, plain: str) -> None:
        """Tell whether what stands behind a noun leaves it a facility, or only a loose mention of one."""
        if member.acts or member.behind:
            return
        rest = plain.removeprefix("等")
        member.loose = bool(re.match(CJK, rest)) and not _WHOLE.match(rest)
        trial = re.match(r"试点(?:建设)?(?:项目|工程)", plain)
        if not member.covers and not trial and rest.removeprefix("的").startswith(self._wording.reject):
            member.rejected = True
        if not member.loose:
            return
        if _QUALITY.match(plain):
            member.rejected = True
        verb = next(self._wording.tokens(rest), None)
        if verb and verb.verb and verb.start == 0 and not member.located:
            # 特殊教育学校设立高中部: the noun is who does it.
            doer = verb.verb.kind in ("new", "foster", "strengthen", "keep")
            member.rejected = not member.covers if doer else member.rejected

    def _is_list(self, content: str) -> bool:
        return (
            len(content) > 6
            and bool(re.search(r"[、，]|\d+所", content))
            and not content.startswith(("含", "包括", "其中", "不含"))
            and any(token.category for token in self._wording.tokens(content))
        )


def split_sentences(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, begins anew): a semicolon ends a sentence but hands on its year and its verb."""
    start, depth, anew = 0, 0, True
    for index, char in enumerate(text):
        if char in "（《":
            depth += 1
        elif char in "）》":
            depth = max(0, depth - 1)
        ends = char in _SENTENCE_END and (depth == 0 or char == "。")
        if ends or index - start >= MAX_SENTENCE:
            yield start, index + 1, anew
            start, anew, depth = index + 1, char != "；", 0
    if start < len(text):
        yield start, len(text), anew


def split_clauses(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans between commas and colons that stand in no bracket."""
    depth, begin = 0, start
    for index in range(start, end):
        char = text[index]
        if char in "（《":
            depth += 1
        elif char in "）》":
            depth = max(0, depth - 1)
        elif char in "，：；。！？" and depth == 0:
            if index > begin:
                yield begin, index
            begin = index + 1
    if begin < end:
        yield begin, end


def cluster(masked: str, verbs: list[Token], noun_start: int) -> tuple[list[Token], int]:
    """Return the verbs that govern a noun and where its phrase begins: the last run outside a relative clause (…的)."""
    index = len(verbs) - 1
    while index > 0 and "的" in masked[verbs[index].end : noun_start]:
        index -= 1
    if index < 0:
        return [], 0
    end = index
    while index > 0 and verbs[index - 1].end == verbs[index].start:
        index -= 1
    return verbs[index : end + 1], verbs[end].end


def _blank(match: re.Match[str]) -> str:
    return HIDDEN * len(match[0])


def _bracket_mask(match: re.Match[str], shown: str) -> str:
    # A short bracket may be part of a word (安葬（放）设施) or of a verb (新（改、扩）建).
    word = len(match[1]) <= 5 and not re.search(r"[、，\d]", match[1])
    verb = re.search("[新改]$", shown[: match.start()][-1:]) and shown[match.end() : match.end() + 1] == "建"
    return match[0] if word or verb else f"（{HIDDEN * len(match[1])}）"


def _items(masked: str, tokens: list[Token], spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Split a clause at 、 and at 和, 与, 及, 或 that stand in no word and no place name."""
    taken = {index for token in tokens for index in range(token.start, token.end)}
    taken.update(index for a, b in spans for index in range(a, b))
    nouns = sorted(token.end for token in tokens if token.category)
    ends = {token.end for token in tokens} | {b for _, b in spans}
    begin, listed = 0, False
    for match in re.finditer(r"、|以及|[和与及或]", masked):
        at = match.start()
        if at in taken or at < begin:
            continue
        if match[0] != "、":
            joins = listed or at in ends or any(begin < end <= at for end in nouns)
            if at == begin or not joins or (match[0] == "和" and masked[at + 1 : at + 2] in "平谐睦顺美"):
                # 和 between two descriptions joins no list (工业和信息技术学校), nor does one inside a word (和平).
                continue
        listed = listed or match[0] == "、"
        if at > begin:
            yield begin, at
        begin = match.end()
    if begin < len(masked):
        yield begin, len(masked)


def _stretches(clause: Clause, start: int, end: int, *, listing: bool) -> Iterator[_Stretch]:
    """Split an item where a verb between two nouns governs the second (支持机构|设立诊所), and where 等 sums up."""
    masked = clause.masked
    inside = [token for token in clause.tokens if start <= token.start and token.end <= end]
    last_noun = max((index for index, token in enumerate(inside) if token.category), default=-1)
    cuts: list[tuple[int, bool]] = []
    for index in range(1, len(inside)):
        before, token = inside[index - 1], inside[index]
        if not before.category:
            continue
        between = masked[before.end : token.start]
        if token.verb and index < last_noun and not (listing and inside[0].category and "的" not in between):
            cuts.append((token.start, True))
        elif token.category and _SUMS_UP.match(between):
            cuts.append((before.end, False))
    begin, sums_up = start, False
    for position, subject in [*cuts, (end, False)]:
        part = [token for token in inside if begin <= token.start and token.end <= position]
        yield _Stretch(begin, position, part, _head(part), subject, sums_up)
        begin, sums_up = position, not subject


def _head(tokens: list[Token]) -> Noun | None:
    nouns = [token for token in tokens if token.category]
    return Noun(nouns[-1].start, nouns[-1].end, nouns[-1].category or "", nouns[-1].word) if nouns else None


def _share(members: list[Member]) -> None:
    """Hand what stands behind the last noun of a list to those before it."""
    final, others = members[-1], members[:-1]
    if final.acts and not any(member.acts for member in others):
        for member in others:
            if not member.behind and not member.rejected:
                member.acts = final.acts
    if final.alike and final.behind and not any(member.behind or member.each for member in others):
        # 体育场、体育馆、游泳馆各1座: the number is that of each.
        for member in others:
            member.behind = replace(final.behind, start=0, end=0)
    for index in range(len(members) - 2, -1, -1):
        member, following = members[index], members[index + 1]
        if following.acts and not member.acts and not member.behind and following.glue in ("和", "与", "及", "以及"):
            member.acts = following.acts
    for member in others:
        plain = not (member.acts or member.behind or member.covers)
        member.loose = member.loose or (final.loose and plain)
        member.rejected = member.rejected or (final.rejected and plain)
        member.covers = member.covers or final.covers
