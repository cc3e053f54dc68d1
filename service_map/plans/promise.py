"""What a list of facility nouns promises: for each noun the kind of promise, and the words that give each field."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from service_map.plans.area import Place, PlanArea, last, standing_before
from service_map.plans.clause import ACTS, BUILDS, Clause, ClauseReader, Front, Member, Noun, cluster, split_clauses
from service_map.plans.outline import Passage
from service_map.plans.wording import CJK, HIDDEN, Quantity, Token, Wording, years

_MAX_NAME = 40
_MAX_QUOTE = 120
_SHARED_HEADS = frozenset({"renovation", "heritage_tourism"})
_COUNTERS = frozenset("套个所座处户家块片条")
_SIZES = ("公里", "米", "千米", "平方米", "亩", "张")
_SIZED = re.compile(r"(?:不低于|不少于|不小于|面积|占地|约|达到?)\|(?:以上)?的")
_AREAS = frozenset({"平方米", "万平方米", "亩", "张"})
_ACT_KINDS = {"传承": "upgrade", "利用": "upgrade", "优化": "upgrade", "布局": "new", "达标": "upgrade"}
_PRESERVES = frozenset({"保护", "利用", "传承", "改造", "优化"})
_GROUP_END = re.compile(
    r"(?:等)?(?:(?:\d+|[一二两三四五六七八九十]+)(?:个|家|所|座|处|块)?)?"
    r"(?:县（市、区）|县（区）|县（市）|县（区、市）|县区|县级|乡镇|县|地|区|市)?(?:级)?(?:的)?"
    r"(?:公办|公立|公益性|城市|社会|标准|城镇)*$"
)
_EACH_NOUN = re.compile(
    r"(?:每一?(?:个|所|家|座|处)?|各(?:类|级|个|级各类)?|所有的?|现有的?|已有的?|"
    r"原有的?(?:\d+[个所家])?(?:公办)?|全体)$"
)
_LEAST = re.compile(r"至少|不少于|不低于|最少")
_FUNCTION = re.compile(
    r"[对为将把由让使被从向]|主导|组织|负责|条件的?|方便|特别|规定|要求|按|实行|所有|本地|满足|通过|必须|应当|如期|并|"
    r"系列|经营|制订|制定|家庭|有关|相关|投资|涉及|承担"
)
_SEVERAL = re.compile("一批|各类|各级|多个|系列|县级|乡镇|社区|基层|农村|等")
_PLURAL = re.compile(r"(?:学校|中小学|幼儿园|小学|中学|高中|机构|设施|场所|场地|网点|站点|院校|高校|住房|小区|棚户区)$")
_SCHOOLS = re.compile(r"(?:幼儿园|小学|中学|学校|敬老院|养老院)$")
_REGION = re.compile(rf"{CJK}*?(?:县城|城区|新城|新区|城市社区|地区|园区)")
_REACHED = re.compile(r"(?:（[^（）]*）)?(?:全部|全面|均)?达到?.{0,12}(?:标准|等级|水平)")
_STANDARD = re.compile(r"(?:学校)?[^，。]{0,16}?达到?[^，。]{0,16}标准")
_OLD_SITE = re.compile("其(?:旧|原)址|(?:旧|原)址")
_ESTATE = r"[\u4e00-\u9fff]{1,10}?(?:片区|小区|家属院|家属楼|宿舍区|宿舍|社区|大院)"
_RENEWED = re.compile(
    rf"对(?:县域内|辖区内|全市|全县|城区|县城)*(?P<estates>{_ESTATE}(?:[、和与及]{_ESTATE})+)(?:等)?"
    r"(?:(?:[一二三四五六七八九十]+|\d+)个(?:片区|小区|社区)?)?(?:全面|系统|集中)?进行(?:全面|综合)?(?:改造|整治|更新|提升)"
)
_AREA_PHRASE = re.compile(
    rf"在((?:“[^“”]+”[、和]?)+等?(?:片区|流域|地区|区域|沿线)?|{CJK}{{2,4}}(?:片区|流域|新区|新城|沿线))"
    r"(?=$|打造|建设|新建|规划|培育|布局|开展)"
)
_COUNTED = re.compile(
    r"(?:^(?:其中|20\d\d年)?|开工|新开工|改造|新建|建设|建成|筹集|完成|新增|增设|新开办|改扩建|扩建|迁建|改建|改造提升)(?=(?:约|共)?[\d一二三四五六七八九十])(?!20\d\d年)"
)
_NAMED_LIST = re.compile(r"(?:主要|具体|重点)?(?:包括|分别是|分别为|即)")
_HAS = re.compile(r"(?:县|市|区|乡|镇|村|社区|街道)(?:都|均|要)?建?有$")
_SHARE_LEAD = re.compile(
    r"^(?:其中|到?20\d\d年(?:底|末)?(?:前|起|开始)?|每年|同时|另外?|再|还|并|拟|计划|分别为|即|：)+(?=.)"
)
_SHARE_TAIL = re.compile(r"(?:各|约|再|另|至少|不少于|不低于|达到|为|共|每年|分别|均)+$")
_SHARE_ACT = re.compile(rf"(?:{ACTS}|办好|建)+$")
_ITEMS_BEHIND = re.compile(
    r"(?:建设|新建|改造)?(?:包|项目|工程)?(?:约|共)?(?:[\d一二三四五六七八九十]+[个所处家座块])?（(?P<items>[^（）]+)）"
)
_YEAR_BEHIND = re.compile(
    rf"(?:{ACTS}|项目|工程|\d+[所个处家座])*(?:（[^（）]*?20\d\d(?:年?-(?P<end>20\d\d))?年?[^（）]*）|(?:计划|预计|力争)?(?:于|在)?20\d\d年)"
)
_DUE_AT_END = re.compile(
    r"(?:均|都|全部|力争|确保|计划|预计|须|应|要|在|于|到|至)*(20[2-3]\d)年(?:[春夏秋冬]季|[上下]半年|\d{1,2}月)?(?:年?底|年?末|初)?(?:以?前)?"
    rf"(?:全部|全面|陆续|正式|基本)*(?:{ACTS}|完成|交付|交付使用|使用|到位|开学|招生|开放)+$"
)
_MOVED_TO = re.compile(rf"(?:整体|异地|易地)?(?:搬迁|迁建|迁址|迁)(?:至|到|往)({CJK}{{2,8}})$")
_OTHERS = r"等(?:\d+|[一二三四五六七八九十]+)个?(?:县|乡镇|乡|镇|街道|村|社区|地)"
_TIER = re.compile(r"(?:省|市|区|县|乡|镇|街|村|社区|镇街|乡镇|街道|乡镇街道|村居)级")
_LOCATED = re.compile(r"(?:分别|均)?(?:位于|选址|布局|设|分布|落户)(?:于|在)?(?=.)")
_RESPECTIVE = re.compile(r"(?:[\d一二两三四五六七八九十]+[所个处家座块][、和]?)+")
_BUILT_ON = re.compile("依托|借助|利用|挂靠|整合")
_GOES_ON = re.compile(r"[并且]|同时|以及")


@dataclass(slots=True)
class Draft:
    """A record before it has an id: `Commitment`'s fields, the span that carries it, and the rule that found it."""

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

    def at(self, place: Place | None) -> "Draft":
        """Return the draft with a place."""
        return self if place is None else replace(self, place=place.name, place_level=place.level)


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
    """What a sentence hands on from clause to clause."""

    front: Front = field(default_factory=Front)
    year: int | None = None
    per: str | None = None
    per_count: int | None = None
    place: Place | None = None
    lead_place: Place | None = None
    lead_noun: Token | None = None
    acts: tuple[str, ...] = ()
    last_name: str | None = None
    last: Draft | None = None
    said: list[Draft] = field(default_factory=list)
    listing: bool = False


@dataclass(frozen=True, slots=True)
class _Scene:
    """The clause that is being read, where it begins in its passage, and what holds for all its members."""

    passage: Passage
    base: int
    clause: Clause
    carry: Carry
    times: tuple[tuple[int, int | None], ...]
    listing: bool

    @property
    def shown(self) -> str:
        return self.clause.shown

    def year_at(self, position: int) -> int | None:
        """Return the year last named before a place in the clause, else the sentence's."""
        year = self.carry.year
        for at, value in self.times:
            if at <= position:
                year = value
        return year


@dataclass(slots=True)
class _Reading:
    """A member with what was read around it."""

    member: Member
    mods: str
    quantity: Quantity | None
    spread: str | None
    has: bool = False

    @property
    def subject(self) -> str:
        return self.member.front.subject


class PromiseReader:
    """Reads clauses of one plan into drafts.

    Parameters
    ----------
    wording
        The word lists.
    area
        The places of the plan.

    Attributes
    ----------
    rejections
        Facility nouns that were seen and are no promise, with the reason, in reading order.
    """

    def __init__(self, wording: Wording, area: PlanArea) -> None:
        self._wording = wording
        self._area = area
        self._clauses = ClauseReader(wording, area)
        self.rejections: list[Rejection] = []

    def read(self, passage: Passage, a: int, b: int, carry: Carry, *, listing: bool) -> Iterator[Draft]:
        """Read one clause.

        Parameters
        ----------
        passage
            The passage it stands in.
        a, b
            Its span there.
        carry
            What earlier clauses of the sentence hand on; changed in place.
        listing
            Whether bare names are promises here (a box, a list that ends in 等项目).

        Yields
        ------
        Draft
        """
        text = passage.text[a:b]
        renewed = _RENEWED.search(text)
        phrase = _AREA_PHRASE.search(text)
        if phrase and not renewed:
            carry.place = Place(phrase[1], "landmark")
        drafts = self._renewed(passage, a, renewed, carry) if renewed else self._clause(passage, a, b, carry, listing)
        for draft in drafts:
            carry.said.append(draft)
            yield draft

    def _clause(self, passage: Passage, a: int, b: int, carry: Carry, listing: bool) -> Iterator[Draft]:
        text = passage.text[a:b]
        clause = self._clauses.open(text)
        verbs = clause.verbs
        if verbs and not _GOES_ON.match(text):
            carry.per = None
        nouns = [token.end for token in clause.tokens if token.category]
        due = _DUE_AT_END.search(clause.shown)
        due = due if due and due.start() >= max(nouns, default=0) else None
        end = due.start() if due else len(text)
        times = tuple((at, year) for at, year in years(text) if at < end and not _in_bracket(clause, at))
        scene = _Scene(passage, a, clause, carry, times, listing or bool(_NAMED_LIST.match(text)))
        if len(verbs) == len(clause.tokens):
            yield from self._without_noun(scene, verbs)
        else:
            self._clauses.parse(clause, carry.front, listing=scene.listing)
            for index, members in enumerate(clause.lists, start=1):
                yield from self._members(scene, members)
                yield from self._more(scene, index)
            carry.front = clause.front if clause.front.kinds else carry.front
        carry.year = scene.times[-1][1] if scene.times else carry.year
        if due:
            _date(carry.said, int(due[1]), since=a if nouns else None)

    def _more(self, scene: _Scene, index: int) -> Iterator[Draft]:
        """Read the items behind a list that count again what it names (…、改扩建15所)."""
        for lists, start, end in scene.clause.more:
            if lists == index and scene.carry.last is not None:
                yield from self._shares(scene, scene.carry.last, start, end)

    # -------------------------------------------------------------- clauses without a facility's noun

    def _without_noun(self, scene: _Scene, verbs: list[Token]) -> Iterator[Draft]:
        """Read a clause that only hands on its level and verb, or gives numbers of what was named before."""
        carry = scene.carry
        counted = list(self._counted(scene, carry.lead_noun)) if carry.lead_noun else []
        yield from counted
        located = _LOCATED.match(scene.shown)
        if located and carry.last is not None:
            yield from self._located(scene, carry.last, located.end())
        elif carry.last is not None and not counted:
            yield from self._shares(scene, carry.last, 0, len(scene.shown))
        level = next(self._wording.levels(scene.passage.text[scene.base : scene.base + len(scene.shown)]), None)
        if level:
            carry.per, carry.per_count = level.per, level.count
        if verbs:
            run, _ = cluster(scene.clause.masked, verbs, len(scene.clause.masked))
            kinds = tuple(token.verb.kind for token in run if token.verb)
            carry.front = Front(kinds, tuple(token.word for token in run), "", explicit=True)

    def _shares(self, scene: _Scene, total: Draft, begin: int, stop: int) -> Iterator[Draft]:
        """Read 其中甲区5所、乙县3所 behind a number: each place's share of it; 改扩建15所, 其余县各1所: more of it."""
        found: list[tuple[str, Draft]] = []
        waiting: list[tuple[int, str]] = []
        text = _SHARE_LEAD.sub(lambda match: " " * len(match[0]), scene.shown[begin:stop])
        for part in re.finditer(r"[^、和]+", text):
            body = _SHARE_LEAD.sub("", part[0].strip())
            at = begin + part.start() + part[0].rindex(body)
            quantity = next(self._wording.quantities(body), None)
            words = _SHARE_TAIL.sub("", body[: quantity.start] if quantity else body)
            if quantity is None and self._place_like(words):
                waiting.append((at, words))
                continue
            if not quantity or quantity.end != len(body) or quantity.unit != (total.unit or quantity.unit):
                return
            draft = replace(total, passage=scene.passage, end=scene.base + at + len(body), count=quantity.count)
            draft = replace(draft, start=scene.base + at, rule="shares", unit=quantity.unit, year=scene.year_at(at))
            draft.at_least = quantity.at_least or bool(_LEAST.search(body[: quantity.start]))
            draft.void = False
            kept, whole = self._share(
                words, draft, led=begin > 0 or text[:1] == " " or len(body) < len(part[0].strip())
            )
            if whole and not waiting:
                found.append(("", whole))
            elif self._place_like(kept):
                for start, name in (*waiting, (at, kept)):
                    found.append((name, replace(draft, start=scene.base + start, kind="allotment", name=None)))
                waiting = []
            else:
                return
        if not waiting:
            yield from self._shared_out(total, found)

    def _share(self, words: str, draft: Draft, *, led: bool) -> tuple[str, Draft | None]:
        """Read the words before one share's number: the place they name, or a record where they name none."""
        kept = _SHARE_ACT.sub("", words)
        verb = words[len(kept) :]
        kept = _SHARE_TAIL.sub("", kept)
        if verb:
            kind = self._wording.verb_kind(verb)
            draft.action = kind if kind in BUILDS else "new"
        level = next(self._wording.levels(kept), None)
        if level and level.end == len(kept):
            return kept, replace(draft, kind="coverage", per=level.per, place=None, place_level="plan")
        alone = (not kept and (verb or led)) or _TIER.fullmatch(kept)
        return kept, replace(draft, kind="quota") if alone else None

    def _shared_out(self, total: Draft, found: list[tuple[str, Draft]]) -> Iterator[Draft]:
        if len(found) == 1 and found[0][0]:
            found[0][1].kind = "quota"
        if len(found) > 1 and all(name for name, _ in found):
            # The shares say the whole of it: the total is no promise of its own.
            total.void = total.void or total.count == sum(draft.count or 0 for _, draft in found)
        for name, draft in found:
            yield draft.at(self._area.place(name)) if name else draft

    def _located(self, scene: _Scene, total: Draft, begin: int) -> Iterator[Draft]:
        """Read 新增2处殡仪服务站，分别位于甲镇和乙镇: the places of what was just counted, where they are as many."""
        parts = list(re.finditer("[^、和与及]+", scene.shown[begin:]))
        if len(parts) != total.count or len(parts) < 2 or not all(self._unread(part[0]) for part in parts):
            return
        total.void = True
        for part in parts:
            start = scene.base + begin + part.start()
            draft = replace(total, passage=scene.passage, start=start, end=start + len(part[0]), void=False)
            yield replace(draft, kind="allotment", count=1, rule="located").at(self._area.place(part[0]))

    def _place_like(self, words: str) -> bool:
        """Tell whether words that share a number are a place: known, of a place's form, or short and no type word."""
        if self._area.placeable(words):
            return True
        plain = bool(re.fullmatch(rf"{CJK}{{2,4}}", words)) and self._wording.residue(words) == words
        return plain and not any(self._wording.tokens(words))

    def _enumerated(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read the bracket behind a number: 敬老院5所（甲2所、乙3所）; 公墓3处（甲镇、乙镇、丙镇）."""
        bracket = _ITEMS_BEHIND.match(scene.shown, reading.member.noun.end)
        if bracket and not reading.member.bracket:
            yield from self._bracketed(scene, draft, bracket, reading.quantity)

    def _bracketed(
        self, scene: _Scene, draft: Draft, bracket: re.Match[str], quantity: Quantity | None
    ) -> Iterator[Draft]:
        start, end = bracket.span("items")
        total = replace(draft, kind="quota", rule="bracket")
        shares = list(self._shares(scene, total, start, end))
        if len(shares) > 1 and all(share.kind == "allotment" for share in shares):
            yield from (replace(share, rule="bracket shares") for share in shares)
            if not total.void and quantity:
                yield total
            return
        items = list(re.finditer(r"[^、和]+", bracket["items"]))
        names = [re.sub(r"等.*$", "", item[0]) for item in items]
        sums_up = re.search(r"等\d+[个所处家座]$", bracket["items"])
        known = all(self._area.known(name) or self._area.like(name) for name in names)
        counted = quantity is not None and quantity.count == len(names)
        plain = all(2 <= len(name) <= 8 and self._unread(name) for name in names)
        if not (plain and len(names) > 1 and (known or counted or sums_up)):
            return
        site = draft.category in _SHARED_HEADS
        for item, name in zip(items, names, strict=True):
            at = scene.base + start + item.start()
            listed = replace(draft, start=at, end=at + len(name), count=1, rule="bracket", at_least=False)
            if site:
                listed = replace(listed, kind="site", name=name, unit=None)
            yield replace(listed, kind="site" if site else "allotment").at(self._area.place(name))

    def _unread(self, name: str) -> bool:
        """Tell whether a name holds no word that the grammar reads, so that it can be a place."""
        if self._area.placeable(name):
            return True
        return (
            bool(re.fullmatch(f"{CJK}+", name))
            and self._wording.residue(name) != ""
            and not any(token.start == 0 or token.category for token in self._wording.tokens(name))
        )

    def _counted(self, scene: _Scene, lead: Token) -> Iterator[Draft]:
        """Read 棚户区改造目标：计划开工2000套: a number whose noun stands in the words before the colon."""
        match = _COUNTED.search(scene.shown)
        quantity = next(self._wording.quantities(scene.shown[match.end() :]), None) if match else None
        if not match or not quantity or quantity.unit not in _COUNTERS or quantity.start > 2:
            return
        end = match.end() + quantity.end
        if not lead.category or (not match[0] and not scene.carry.front.active) or re.match(CJK, scene.shown[end:]):
            return
        verb = self._wording.verb_kind(match[0]) if lead.category != "renovation" else "upgrade"
        draft = Draft(
            scene.passage,
            scene.base + match.start(),
            scene.base + end,
            lead.category,
            "quota",
            verb if verb in BUILDS else "new",
            "counted lead",
            count=quantity.count,
            unit=quantity.unit,
            at_least=quantity.at_least,
            year=scene.year_at(match.end()),
        )
        scene.carry.last = draft
        bracket = _ITEMS_BEHIND.match(scene.shown, end)
        listed = list(self._bracketed(scene, draft, bracket, quantity)) if bracket else []
        yield from listed or [draft]
        if scene.shown[end : end + 1] in ("、", "和"):
            yield from self._shares(scene, draft, end + 1, len(scene.shown))

    def _renewed(self, passage: Passage, base: int, match: re.Match[str], carry: Carry) -> Iterator[Draft]:
        """Read 对甲片区、乙小区和丙小区进行改造: every listed estate is renewed."""
        for part in re.finditer(r"[^、和与及]+", match["estates"]):
            start = base + match.start("estates") + part.start()
            draft = Draft(
                passage, start, start + len(part[0]), "renovation", "site", "upgrade", "renewed estates", name=part[0]
            )
            yield replace(draft, count=1, year=carry.year).at(self._area.place(part[0]))

    # -------------------------------------------------------------- members of a list

    def _members(self, scene: _Scene, members: list[Member]) -> Iterator[Draft]:
        expanded = next((member for member in members if member.bracket), None)
        if expanded and not expanded.rejected:
            yield from self._bracket(scene, expanded)
            if expanded.behind:
                return
            members = [member for member in members if member is not expanded]
        spread: str | None = None
        for index, member in enumerate(members):
            mods = scene.shown[member.start : member.noun.start]
            if member.pivot and mods.startswith("以"):
                yield from self._pivot(scene, member)
            if _EACH_NOUN.search(mods) and not member.each:
                yield from self._every_one(scene, member)
                continue
            reason = self._refused(scene, member, mods)
            if reason:
                self._reject(scene, member.noun, reason)
                continue
            own = index == 0 or member.start == member.noun.start
            level = next(self._wording.levels(member.front.subject + mods if own else mods), None)
            if level:
                scene.carry.per, scene.carry.per_count = level.per, level.count
            has = bool(level and _HAS.search(member.front.subject + mods if own else mods))
            self._carry_acts(scene, member)
            if index == 0:
                spread = self._spread(member.front.subject, mods, scene.shown)
            here = spread and (self._wording.unit_at(mods) or spread) if index else spread
            reading = _Reading(member, mods, self._quantity(scene, member, mods, first=index == 0), here, has=has)
            yield from self._read(scene, reading)

    def _refused(self, scene: _Scene, member: Member, mods: str) -> str | None:
        """Return why a noun is no promise, None when it may be one."""
        front = member.front
        if member.noun.word in self._wording.box_only and not scene.passage.box:
            return "a word that names a facility only in a list of projects"
        if member.rejected:
            return "what stands behind the noun speaks of something else (服务, 能力, 覆盖率 …)"
        shared_pivot = member.pivot and member.pending and member.noun.category in _SHARED_HEADS
        if member.existing and not shared_pivot:
            return "stands already (以…为依托)"
        if "keep" in front.kinds and front.explicit and not (member.acts and front.kinds[-1] != "keep"):
            return f"stands already or is not built here ({front.words[-1]})"
        if re.search(r"每[千万百]|人均", front.subject + mods):
            return "a rate"
        return None

    def _reject(self, scene: _Scene, noun: Noun, reason: str) -> None:
        self.rejections.append(
            Rejection(scene.passage, scene.base + noun.start, scene.base + noun.end, noun.category, reason)
        )

    def _every_one(self, scene: _Scene, member: Member) -> Iterator[Draft]:
        """Read 所有普通高中达到标准: every one that stands is raised; else the noun is only a unit."""
        noun = member.noun
        if not _STANDARD.match(scene.shown[noun.end :]) or member.rejected:
            self._reject(scene, noun, "names units that stand already (每个, 所有, 现有)")
            return
        per = self._wording.unit_at(noun.word) or ("school" if "school" in noun.category else None)
        yield replace(self._draft(scene, member, "every one"), kind="coverage", action="upgrade", per=per)

    def _carry_acts(self, scene: _Scene, member: Member) -> None:
        if member.acts:
            scene.carry.acts = member.acts
        elif (
            scene.listing
            and not member.front.kinds
            and scene.shown.startswith(("包括", "主要包括", "具体包括", "分别"))
        ):
            member.acts = scene.carry.acts

    def _quantity(self, scene: _Scene, member: Member, mods: str, *, first: bool) -> Quantity | None:
        """Return the number that counts a noun: before it, else behind it, else right before its verb (一所建设…)."""
        front = member.front
        reach = scene.shown[member.pending[0][0] : member.noun.start] if member.pending and "的" in mods else mods
        counted = list(self._wording.quantities(reach))
        counted = [
            q for q in counted if not (q.unit in _AREAS and _SIZED.search(reach[: q.start] + "|" + reach[q.end :]))
        ]
        before = last(q for q in counted if not re.search(r"[”在对于为将把]", reach[q.end :]))
        if before and len(counted) > 1 and counted[-1].unit in _SIZES and reach[counted[-1].end :].startswith("的"):
            # 一条10公里以上的步道: the length describes, the first number counts.
            before = counted[0]
        if before is None and front.explicit and first:
            close = last(self._wording.quantities(front.subject))
            before = close if close and close.end == len(front.subject) else None
        quantity = before or member.behind
        if quantity and front.explicit:
            near = front.subject[-8:] + "".join(front.words) + scene.shown[max(0, member.start - 8) : member.start]
            if _LEAST.search(near):
                quantity = replace(quantity, at_least=True)
        return quantity

    def _draft(self, scene: _Scene, member: Member, rule: str) -> Draft:
        start = member.start
        while start < member.noun.start and scene.shown[start] in f"、， {HIDDEN}":
            start += 1
        noun = member.noun
        end = min(scene.base + member.end, scene.base + start + _MAX_QUOTE)
        category = self._wording.category_in(noun.word, noun.category, scene.passage.section)
        own = self._own_year(scene, member)
        year = own or scene.year_at(noun.start)
        verbs = (*member.front.words, *member.acts)
        return Draft(
            scene.passage,
            scene.base + start,
            end,
            category,
            "intent",
            self._action(member),
            rule,
            year=year,
            verbs=verbs,
            dated=own is not None,
        )

    def _own_year(self, scene: _Scene, member: Member) -> int | None:
        """Return the year right behind a noun (甲幼儿园（2022年）, 甲幼儿园2022年开园), None without one."""
        tail = scene.shown[member.noun.end + len(member.name_tail) : member.limit]
        match = _YEAR_BEHIND.match(tail)
        year = next((year for _, year in years(match[0]) if year), None) if match else None
        return year or (int(match["end"]) if match and match["end"] else None)

    def _read(self, scene: _Scene, reading: _Reading) -> Iterator[Draft]:
        member, quantity = reading.member, reading.quantity
        front = member.front
        draft = self._draft(scene, member, "type")
        if "的" in reading.mods and member.pending and quantity and quantity is not member.behind:
            draft.start = scene.base + member.pending[0][0]
        soft = "foster" in front.kinds or re.match("鼓励|支持|引导|探索", reading.subject)
        if not quantity and not member.acts and soft:
            scene.carry.per = None
        active = (
            front.active or bool(member.acts) or member.covers or quantity is not None or reading.has or member.project
        )
        if not active and not scene.listing and not (scene.carry.per and front.explicit):
            self._reject(scene, member.noun, "no verb promises it")
            return
        if quantity:
            draft.count, draft.unit, draft.at_least = quantity.count, quantity.unit, quantity.at_least
            draft.note = "per year" if quantity.yearly or "每年" in reading.subject else None
            built = reading.subject + reading.mods + ("".join(front.words) if front.explicit else "")
            if member.total and not re.search("新增|配建|新建|建设|建成", built):
                draft.action = "unspecified"
        for code in self._wording.several.get(member.noun.word, (draft.category,)):
            yield from self._classify(scene, reading, replace(draft, category=code))

    # -------------------------------------------------------------- kinds

    def _classify(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Tell the kind of promise: for each listed place, for every unit, a number, a name, or only a type."""
        for read in (self._enumerated, self._allotments, self._coverage, self._quota, self._site):
            found = list(read(scene, reading, draft))
            if found:
                yield from found
                return
        places: list[Place | None] = [self._area.place(name) for name in self._area.listed(reading.subject)]
        for place in places or [self._area.find(reading.subject + reading.mods) or scene.carry.place]:
            scene.carry.last = draft.at(place)
            yield scene.carry.last

    def _allotments(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read 甲、乙各建3所; 甲、乙等7个县级殡仪馆; 甲、乙等棚户区改造 (there each listed name is a site)."""
        member, quantity, subject = reading.member, reading.quantity, reading.subject
        shared, titled = self._shared(scene, reading)
        each = re.search(r"(?:各|分别|均)$", subject)
        if each and not scene.carry.per and not shared:
            names = self._area.listed(subject[: each.start()])
            counts = self._respective(scene, member, len(names)) if quantity else []
            for index, name in enumerate(names):
                each_one = replace(draft, kind="allotment", rule="each place").at(self._area.place(name))
                scene.carry.last = replace(each_one, count=None, place=None, place_level="plan")
                yield replace(each_one, count=counts[index]) if counts else each_one
            return
        if titled or member.noun.category in _SHARED_HEADS:
            for name, start, end in shared:
                place = self._area.places.match(name)
                site = replace(draft, start=scene.base + start, end=scene.base + end, kind="site", name=name, count=1)
                yield replace(
                    site,
                    unit=None,
                    at_least=False,
                    place=place[0] if place else name,
                    place_level=self._area.level(name),
                    rule="shared noun",
                )
            return
        for name, start, _ in shared:
            own = quantity is not None and "各" in reading.mods and quantity.count < len(shared)
            count = quantity.count if own and quantity else 1
            listed = replace(draft, start=scene.base + start, kind="allotment", count=count, rule="listed places")
            yield replace(listed, at_least=own and draft.at_least).at(self._area.place(name))

    def _respective(self, scene: _Scene, member: Member, places: int) -> list[int | float]:
        """Read 甲、乙分别建设公墓2处和1处: the numbers of the listed places in turn; empty when they do not match."""
        match = _RESPECTIVE.match(scene.shown, member.noun.end)
        counts = [quantity.count for quantity in self._wording.quantities(match[0])] if match else []
        return counts if len(counts) == places else []

    def _coverage(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read 每个县区至少1所; 全市乡镇文化站提档升级; 县级公墓全覆盖."""
        member, carry = reading.member, scene.carry
        if member.units:
            for unit in member.units:
                yield replace(draft, kind="coverage", per=unit, rule="all of the units")
            return
        if member.each:
            yield replace(draft, kind="coverage", per=member.each, rule="every unit behind")
            return
        counted = reading.quantity is not None and reading.quantity is member.behind
        per = carry.per or (None if counted else reading.spread)
        own = self._wording.unit_at(reading.mods) if member.covers else None
        per = own or per
        units = [per] if per else self._units(scene, reading) if member.covers else []
        if not units:
            return
        if not reading.quantity:
            if per and carry.per_count:
                draft.count, draft.unit = carry.per_count, "个"
            if reading.spread and not carry.per and not member.acts:
                reached = _REACHED.match(scene.shown[member.noun.end :])
                draft.action = "upgrade" if reached else "unspecified" if draft.action == "new" else draft.action
            if member.covers:
                draft.action = "unspecified"
        for unit in units:
            yield replace(draft, kind="coverage", per=unit, rule="every unit")

    def _quota(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read a number without sites: 新建体育公园5个."""
        quantity = reading.quantity
        if not quantity or (scene.listing and self._sized_name(reading.mods, quantity)):
            return
        noun = reading.member.noun
        if quantity.unit is None and "N" not in scene.shown[noun.end : noun.end + 8]:
            return
        place = self._area.find(reading.subject + reading.mods) or scene.carry.place
        scene.carry.last = replace(draft, kind="quota", rule="number").at(place)
        yield scene.carry.last

    def _site(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read one facility that is named, or of which there is one."""
        member, carry, subject = reading.member, scene.carry, reading.subject
        noun, front = member.noun, member.front
        name = self._name(scene, reading)
        seated = carry.lead_place and scene.listing and front.explicit and noun.word.endswith(("中心", "馆", "院"))
        if not name or not ((seated and "new" in front.kinds) or self._named(scene, reading, name)):
            return
        stands = standing_before(reading.mods) or member.located
        behind = scene.shown[noun.end : min(member.limit, noun.end + 16)]
        place = (
            (self._area.place(stands) if stands else None)
            or self._moved_to(scene, member)
            or self._area.of_name(name, word=noun.word, category=noun.category, behind=behind)
            or self._area.before(subject)
            or carry.place
            or carry.lead_place
        )
        if _OLD_SITE.search(subject):
            place = Place(carry.last_name, "landmark") if carry.last_name else place
        else:
            carry.last_name = name
        if draft.action == "unspecified" and "strengthen" in front.kinds and member.acts:
            draft.action = "upgrade"
        yield replace(draft, kind="site", name=name, count=1, unit=None, at_least=False, rule="name").at(place)

    def _moved_to(self, scene: _Scene, member: Member) -> Place | None:
        """Return where a facility is moved: 某中学整体搬迁至某新城."""
        match = _MOVED_TO.match(scene.shown[member.noun.end : member.limit])
        return self._area.place(match[1]) if match else None

    def _pivot(self, scene: _Scene, member: Member) -> Iterator[Draft]:
        """Read 以某院为重点，建成…: the named place is what the clause behind builds on and raises."""
        noun = member.noun
        name = _plain_name(scene.shown[member.start + 1 : noun.start], member, self._area)
        if not name:
            return
        proper = noun.category == "heritage_tourism" and len(self._wording.residue(name)) >= 2
        if proper or self._area.official(name, noun.word):
            place = self._area.of_name(name, word=noun.word, category=noun.category, behind="")
            draft = replace(self._draft(scene, member, "pivot"), kind="site", action="upgrade", name=name, count=1)
            yield draft.at(place)

    def _bracket(self, scene: _Scene, member: Member) -> Iterator[Draft]:
        """Read a list in brackets behind a noun: 幼儿园建设项目（甲幼儿园、乙幼儿园）; 学校28所（小学6所，初中3所）."""
        start, end = member.bracket or (0, 0)
        action = self._action(member)
        kind = action if action in BUILDS else "unspecified"
        place = self._area.find(member.front.subject + scene.shown[member.start : member.noun.start])
        place = place or scene.carry.place
        inner = Carry(front=Front((kind,), ("",)), year=scene.carry.year, place=place)
        for a, b in split_clauses(scene.shown, start, end):
            for draft in self.read(scene.passage, scene.base + a, scene.base + b, inner, listing=True):
                draft.action = action if draft.action in ("unspecified", "new") else draft.action
                yield draft if draft.place else draft.at(place)

    # -------------------------------------------------------------- fields

    def _action(self, member: Member) -> str:
        """Tell what is done, from the verbs behind the noun, else from those before it."""
        if member.noun.category == "renovation" or member.pivot:
            return "upgrade"
        front = member.front
        kinds = [_ACT_KINDS.get(word) or self._wording.verb_kind(word) or "new" for word in member.acts]
        fronts = [kind for kind in front.kinds if kind in BUILDS or kind == "unspecified"]
        if not kinds or (set(kinds) == {"new"} and fronts and fronts[-1] != "unspecified"):
            kinds = fronts or kinds
        kinds = list(dict.fromkeys(kinds))
        if not kinds:
            return "new" if front.active and front.kinds[-1] != "strengthen" else "unspecified"
        if len(kinds) == 1:
            # 加强…建设 may only strengthen what stands.
            weak = kinds[0] == "new" and "strengthen" in front.kinds and not fronts
            return "unspecified" if weak else kinds[0]
        if "mixed" in kinds or "new" in kinds:
            moved = "relocate" in kinds and "新建" not in (*front.words, *member.acts) and "mixed" not in kinds
            return "relocate" if moved else "mixed"
        return next((kind for kind in ("relocate", "expand", "upgrade") if kind in kinds), kinds[0])

    def _spread(self, subject: str, mods: str, shown: str) -> str | None:
        """Read 全市乡镇…, 全市县级…: a whole area and a level name every unit of it."""
        match = re.search(r"(?:全市|全县|全区|我市|我县|各级|所有|全部)([^\d]{0,8})$", subject + mods)
        match = match or re.search(r"(?:全市|全县|所有)([^\d]{0,12})", mods)
        if match:
            return self._wording.unit_at(match[1])
        if re.match(r"县级|乡镇|乡级", mods) and re.search(r"达到?[^，。]{0,8}(?:标准|等级)", shown):
            return self._wording.unit_at(mods)
        return None

    def _units(self, scene: _Scene, reading: _Reading) -> list[str]:
        """Tell the units of 全覆盖: those named right behind the noun, else by the level words nearest before it."""
        noun = reading.member.noun
        behind = scene.shown[noun.end : noun.end + 24]
        match = re.match(
            r"(?:（[^（）]*）)?(?:在|实现|基本)*([^，。]{0,18}?)(?:实现|基本|达到)?“?(?:全覆盖|100%)", behind
        )
        parts = re.split("、|和", match[1]) if match and match[1] else []
        found = ["village" if part == "农村" else self._wording.unit_at(part) for part in parts]
        named = [unit for unit in found if unit]
        if named:
            return named
        near = reading.subject[-14:] + reading.mods
        unit = self._wording.nearest_unit(near) or self._wording.nearest_unit(noun.word)
        if unit:
            return [unit]
        if "农村" in reading.subject + reading.mods:
            return ["village"]
        if re.search("殡仪馆|医院|特殊教育|光荣院|公墓|骨灰", noun.word):
            return ["county"]
        return ["township"] if "基层" in reading.subject + reading.mods else []

    def _shared(self, scene: _Scene, reading: _Reading) -> tuple[list[tuple[str, int, int]], bool]:
        """Return the names that share one noun, with their spans, and whether they are names rather than places."""
        member, shown = reading.member, scene.shown
        spans = [*member.pending, (member.start, member.noun.start)]
        final = shown[spans[-1][0] : spans[-1][1]]
        if len(spans) < 2 and not re.search(r"等|两县|三县", final):
            return [], False
        relaxed = member.noun.category in _SHARED_HEADS
        names: list[tuple[str, int, int]] = []
        titled = False
        for index, (start, end) in enumerate(spans):
            body = shown[start:end]
            if index == len(spans) - 1:
                body = self._group_end(body, reading)
            if not self._area.known(body):
                body = re.sub(r"^[在对和与及以](?=.{2})", "", body)
            if not body and index == len(spans) - 1:
                continue
            fit = self._fits(body, final, reading, parts=len(spans))
            if not fit:
                return [], False
            titled = titled or fit == "title"
            body = body.partition("等")[0] if fit == "title" else body
            at = shown.find(body, start)
            names.append((body, at, at + len(body)))
        return (names, titled) if len(names) > 1 or relaxed else ([], False)

    def _group_end(self, body: str, reading: _Reading) -> str:
        """Cut what sums up a list of places from its last item: 丙 in 丙等7个县级."""
        counted = reading.quantity
        if counted and counted is not reading.member.behind and counted.end <= len(reading.mods):
            return reading.mods[: counted.start].removesuffix("等")
        return body if self._area.known(body) else _GROUP_END.sub("", body)

    def _fits(self, body: str, final: str, reading: _Reading, *, parts: int) -> str | None:
        """Tell what an item before a shared noun is: a ``place``, a ``title`` that begins with one, or a ``name``."""
        area, category = self._area, reading.member.noun.category
        if area.placeable(body):
            return "place"
        if area.places.match(body) and "等" in final and len(body.partition("等")[0]) <= 8:
            return "title"
        residue = self._wording.residue(body)
        if category == "renovation" or (category in _SHARED_HEADS and final.endswith("等")):
            plain = 0 < len(body) <= 9 and "的" not in final and not re.search("的|文化|旅游", body)
            if plain and residue:
                return "name"
        if re.search(_OTHERS, final + reading.member.noun.word) and 2 <= len(body) <= 4 and self._unread(body):
            return "place"
        counted = reading.quantity is not None and reading.quantity.count == parts
        return "place" if counted and 2 <= len(body) <= 4 and len(residue) >= 2 else None

    def _sized_name(self, mods: str, quantity: Quantity) -> bool:
        """Tell whether a number is part of a listed name (某线15公里廊道)."""
        before = re.split("[、，]", mods[: quantity.start])[-1]
        return quantity.unit in _SIZES and len(self._wording.residue(before)) >= 2

    def _name(self, scene: _Scene, reading: _Reading) -> str | None:
        """Return the noun phrase that may be a name, None where the words around it make it a type."""
        member, mods, shown = reading.member, reading.mods, scene.shown
        name = _plain_name(mods, member, self._area)
        if member.pending and mods in ("市", "县", "乡", "区", "省"):
            # 市、县疾控中心 names two levels, no office of the county.
            before = shown[member.pending[-1][0] : member.pending[-1][1]]
            name = None if before.endswith(("市", "县", "省", "国家")) else name
        if name is None and member.noun.word in self._wording.unique:
            name = member.noun.word
        grouped = re.match(r"群|片区", shown[member.noun.end :])
        return None if member.loose and (grouped or not scene.listing) else name

    def _named(self, scene: _Scene, reading: _Reading, name: str) -> bool:
        """Tell a name from a type: it begins with a place, or something is left when all type words are taken away."""
        member, front, word = reading.member, reading.member.front, reading.member.noun.word
        official = self._area.official(name, word)
        region = _REGION.match(name)
        of_region = region and not self._area.known(region[0]) and _PLURAL.search(word)
        body = name.removesuffix(member.name_tail).removesuffix(word)
        general = official and region and of_region and not self._wording.residue(name[region.end() :])
        promised = front.active or member.acts or scene.listing or member.project
        if general or not promised or (member.pending and "等" in body):
            return False
        if self._one_of_a_kind(reading, body):
            return True
        keeps = member.acts and set(member.acts) <= _PRESERVES
        if name == word or (member.noun.category == "heritage_tourism" and not scene.listing and keeps):
            return False
        if official:
            merged = front.explicit and set(front.words) <= {"整合"}
            said = scene.listing or member.acts or member.project or (front.explicit and front.kinds[-1] != "foster")
            return bool(said) and not merged
        return not (region and _PLURAL.search(word)) and self._proper(scene, reading, body)

    def _proper(self, scene: _Scene, reading: _Reading, body: str) -> bool:
        """Tell whether enough of a name is left when type words are taken away, and a strong verb promises it."""
        front, word = reading.member.front, reading.member.noun.word
        body = re.sub(rf"^{CJK}{{2,3}}省", "", body)
        residue = re.sub(r"[^\u4e00-\u9fff“”A-Za-z]|^[A-Za-z]+$", "", self._wording.residue(body))
        least = 1 if scene.listing and len(body) >= 2 and _SCHOOLS.search(word) else 2
        if len(residue) < least or _FUNCTION.search(body):
            return False
        acts = bool(reading.member.acts)
        strong = bool(set(front.kinds) & BUILDS) or (acts and "foster" not in front.kinds)
        return scene.listing or (strong and (front.explicit or acts))

    def _one_of_a_kind(self, reading: _Reading, body: str) -> bool:
        """Tell whether a facility of which an area has one is plainly to be built: 建立全民健康管理中心."""
        member, front, word = reading.member, reading.member.front, reading.member.noun.word
        made = front.explicit and "foster" not in front.kinds
        made = made and (bool(BUILDS & set(front.kinds)) or (bool(member.acts) and "push" in front.kinds))
        if not made:
            return False
        if standing_before(reading.mods) and word.endswith(("目的地", "综合体", "园区", "基地", "中心")):
            return True
        left = re.sub(r"[^\u4e00-\u9fff]", "", self._wording.residue(body))
        near = body + (front.subject[-6:] if front.explicit else "")
        if word in self._wording.ranks and _BUILT_ON.search(front.subject):
            # 依托某院建设区域医疗中心 makes a rank of what stands.
            return False
        unique = word.endswith(tuple(self._wording.unique)) and "打造" not in front.words
        return unique and not left and not _SEVERAL.search(near)


def _date(drafts: list[Draft], year: int, *, since: int | None) -> None:
    """Give drafts the year behind them: 甲、乙三项工程于2024年底前投用; …，均于2023年年底前完成."""
    for draft in drafts:
        behind = draft.year is None if since is None else draft.start >= since
        if behind and not draft.dated:
            draft.year = year


def _in_bracket(clause: Clause, at: int) -> bool:
    return clause.masked[at] == HIDDEN and clause.shown[at] != HIDDEN


def _plain_name(mods: str, member: Member, area: PlanArea) -> str | None:
    body = re.split(rf"[{HIDDEN}，；：、]", mods)[-1].rsplit("的", 1)[-1]
    if not area.places.match(body):
        body = re.sub(
            r"^(?:(?:确保|力争|到|计划|预计)*20\d\d年(?:年?底|年?末)?(?:以?前)?|确保|包括|例如|如|等|为|了|以及|以|并将|并|将|把|对|在|其中|优先|重点|一批|一个)+",
            "",
            body,
        )
    name = body + member.noun.word + member.name_tail
    return name if 2 < len(name) <= _MAX_NAME else None


def act_kinds(text: str, wording: Wording) -> Front:
    """Return what a heading's own verbs promise for the list behind its colon: 改造提升项目：甲、乙."""
    acts = tuple(re.findall(ACTS, text))
    return Front(tuple(_ACT_KINDS.get(act) or wording.verb_kind(act) or "new" for act in acts), acts)
