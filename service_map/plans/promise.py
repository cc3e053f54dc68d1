"""What a list of facility nouns promises: for each noun the kind of promise, and the words that give each field."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from service_map.plans.area import Place, PlanArea, last, standing_before
from service_map.plans.clause import (
    ACTS,
    BUILDS,
    Clause,
    ClauseReader,
    Front,
    Member,
    Noun,
    Said,
    cluster,
    split_clauses,
)
from service_map.plans.outline import Passage, Span
from service_map.plans.wording import CJK, HIDDEN, Level, Quantity, Token, Wording, years

_MAX_NAME = 40
_MAX_QUOTE = 120
_SHARED_HEADS = frozenset({"renovation", "heritage_tourism"})
_COUNTERS = frozenset("套个所座处户家块片条")
_SIZES = ("公里", "米", "千米", "平方米", "亩", "张")
_SIZED = re.compile(
    r"(?:不低于|不少于|不小于|面积|占地|约|达到?)?\|(?:以上)?(?:床位)的|(?:不低于|不少于|不小于|面积|占地|约|达到?)\|(?:以上)?的"
)
_AREAS = frozenset({"平方米", "万平方米", "亩", "张"})
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
_PRESERVES = frozenset({"保护", "利用", "传承", "改造", "优化"})
_GROUP_END = re.compile(
    r"(?:等)?(?:(?:\d+|[一二两三四五六七八九十]+)(?:个|家|所|座|处|块)?)?"
    r"(?:县（市、区）|县（区）|县（市）|县（区、市）|县区|县级|(?:中心|重点|建制|边境|特色)?(?:乡镇|街道|社区|镇|乡|村)|县|地|区|市|州|旗)?(?:级)?(?:的)?"
    r"(?:公办|公立|公益性|城市|社会|标准|城镇)*$"
)
_EACH_NOUN = re.compile(
    r"(?:每一?(?:个|所|家|座|处)?|各(?:类|级|个|级各类)?|所有的?|现有的?|已有的?|"
    r"原有的?(?:\d+[个所家])?(?:公办)?|全体)$"
)
_LEAST = re.compile(r"[≥>]|至少|不少于|不低于|最少")
_FUNCTION = re.compile(
    r"[对为将把由让使被从向在]|主导|组织|负责|条件的?|方便|特别|规定|要求|按|实行|所有|本地|满足|通过|必须|应当|如期|并|"
    r"因地制宜|嵌入|继续|进一步|充分|积极|不断|广大|确定|其中|如何|系列|经营|制订|制定|家庭|有关|相关|投资|涉及|承担"
)
_SEVERAL = re.compile("一批|各类|各级|多个|系列|县级|乡镇|社区|基层|农村|等")
_PLURAL = re.compile(r"(?:学校|中小学|幼儿园|小学|中学|高中|机构|设施|场所|场地|网点|站点|院校|高校|住房|小区|棚户区)$")
_SCHOOLS = re.compile(r"(?:幼儿园|小学|中学|学校|敬老院|养老院)$")
_PHASE = re.compile("[二三四]期")
_KINDS_OF = re.compile(r"(?:机构|设施|场所|场地|网点|站点|院校|高校|用房|住房)$")
_BEDS = re.compile("(?:床位|学位|托位|班额|教学班)")
_REGION = re.compile(rf"{CJK}*?(?:县城|城区|新城|新区|城市社区|地区|园区)")
_REACHED = re.compile(r"(?:（[^（）]*）)?(?:全部|全面|均)?达到?.{0,12}(?:标准|等级|水平)")
_STANDARD = re.compile(r"(?:学校)?[^，。]{0,16}?达到?[^，。]{0,16}标准")
_OLD_SITE = re.compile("其(?:旧|原)址|(?:旧|原)址")
_ESTATE = r"[\u4e00-\u9fff]{1,10}?(?:片区|小区|家属院|家属楼|宿舍区|宿舍|社区|大院)"
_RENEWED = re.compile(
    rf"(?:对(?:县域内|辖区内|全市|全县|城区|县城)*(?P<estates>{_ESTATE}(?:[、和与及]{_ESTATE})+)(?:等)?"
    r"(?:(?:[一二三四五六七八九十]+|\d+)个(?:片区|小区|社区)?)?(?:全面|系统|集中)?进行(?:全面|综合)?(?:改造|整治|更新|提升)|"
    rf"(?<![\u4e00-\u9fff])(?:重点|全面|计划|优先|完成|实施|推进|启动|对)*(?:改造|整治|更新)(?P<listed>{_ESTATE}(?:[、和与及]{_ESTATE})+)等"
    r"(?:(?:[一二三四五六七八九十]+|\d+)个)?(?:城镇|城市)?(?:老旧(?:住宅)?小区|小区|棚户区|片区|城中村))"
)
_AREA_PHRASE = re.compile(
    rf"在((?:“[^“”]+”[、和]?)+等?(?:片区|流域|地区|区域|沿线)?|{CJK}{{2,4}}(?:片区|流域|新区|新城|沿线))"
    r"(?=$|打造|建设|新建|规划|培育|布局|开展)"
)
_COUNTED = re.compile(
    r"(?:^(?:其中|20\d\d年)?|开工|新开工|改造|新建|建设|建成|筹集|完成|新增|增设|新开办|改扩建|扩建|迁建|改建|改造提升)(?=(?:约|共)?[\d一二三四五六七八九十])(?!20\d\d年)"
)
_NAMED_LIST = re.compile(r"(?:主要|具体|重点)?(?:包括|分别是|分别为|即)")
_HAS = re.compile(
    r"(?:县|市|区|乡|镇|村|社区|街道)）?(?:都|均|要|至少)*建?有(?:(?:至少|不少于)?(?:\d+|[一两二三])[所个座处家块片][^，。]{0,8})?$"
)
_SHARE_LEAD = re.compile(
    r"^(?:其中|到?20\d\d年(?:底|末)?(?:前|起|开始)?|每年|同时|另外?|再|还|并|拟|计划|分别为|即|：)+(?=.)"
)
_SHARE_TAIL = re.compile(r"(?:各|约|再|另|至少|不少于|不低于|达到|为|共|每年|分别|均)+$")
_CLOSES = re.compile("保留|撤并|撤销|关停|关闭|取消|注销|拆除|腾退|淘汰")
_SHARE_VERB = re.compile(rf"(?:{ACTS}|建|新设|增加)(?:至少|约|不少于)?$")
_SHARE_ACT = re.compile(rf"(?:{ACTS}|办好|完成|建)+$")
_ITEMS_BEHIND = re.compile(
    r"(?:建设|新建|改造)?(?:包|项目|工程)?(?:约|共)?(?:[\d一二三四五六七八九十]+[个所处家座块])?（(?P<items>[^（）]+)）"
)
_YEAR_BEHIND = re.compile(
    rf"(?:{ACTS}|项目|工程|\d+[所个处家座])*(?:（(?![^（）]*\d[所个处家座])[^（）]*?20\d\d(?:年?-(?P<end>20\d\d))?年?[^（）]*）|(?:计划|预计|力争)?(?:于|在)?20\d\d年)"
)
_DUE_AT_END = re.compile(
    r"(?:均|都|全部|力争|确保|计划|预计|须|应|要|将|可|有望|在|于|到|至)*(20[2-3]\d)年(?:[春夏秋冬]季|[上下]半年|\d{1,2}月)?(?:年?底|年?末|初)?(?:以?前)?"
    rf"(?:全部|全面|陆续|正式|基本)*(?:{ACTS}|完成|交付|交付使用|使用|到位|开学|招生|开放)+$"
)
_MOVED_TO = re.compile(rf"{HIDDEN}*(?:整体|异地|易地)?(?:搬迁|迁建|迁址|迁)(?:至|到|往)({CJK}{{2,8}})$")
_OTHERS = r"等(?:(?:\d+|[一二三四五六七八九十]+)个?(?:县|乡镇|乡|镇|街道|村|社区|地)|乡镇|街道|镇|乡)"
_HOUSES = re.compile("(?:院|园|小学|中学|学校|校|公墓|墓园|公园|服务中心|照料中心|服务站)$")
_TIER = re.compile(r"(?:省|市|区|县|乡|镇|街|村|社区|镇街|乡镇|街道|乡镇街道|村居)级")
_LOCATED = re.compile(r"(?:分别|均)?(?:位于|选址|布局|设|分布|落户)(?:于|在)?(?=.)")
_RESPECTIVE = re.compile(r"(?:[\d一二两三四五六七八九十]+(?:[所个处家座块片条]|公里)[、和]?)+")
_RISES = re.compile("(?:总数)?(?:达到?|增至|增加到|扩大到|发展到|突破)")
_MEASURE = re.compile("床|投资|面积|占地|规模|学位|班|泊|用地|惠及|涉及|覆盖|受益|服务")
_QUARTERS = frozenset({"城区", "县城", "主城区", "中心城区", "老城区", "新城区", "市区", "市辖区"})
_ALL_COVERED = re.compile(
    r"(?:实现|达到|做到|基本|力争|确保|在)*(?P<unit>[^，。；]{1,14}?)(?:基本|实现)*“?(?:全覆盖|全部覆盖|100%覆盖)"
)
_UNIT_LEAD = re.compile("^(?:所有|全部|各|城乡|全市|全县|全区|城市|农村)+(?=.)")
_ONLY_NUMBER = re.compile(
    rf"(?:{ACTS}|至少|不少于|不低于|原则上|均|各|要|应|须|力争|建有|建|配|有|设|约|达到?|新增|增设)*"
)
_IN_TURN = re.compile(
    rf"(?P<places>{CJK}+(?:[、和与及]{CJK}+)*?)(?:分别|依次|各自)(?:再|新|添|增|设|建|{ACTS})*"
    r"(?P<numbers>(?:[\d一二三四五六七八九十两百]+[所个处家座块片条][、和与及]?){2,})"
)
_EACH_LEVEL = re.compile("[县区镇乡]级")
_OF_LEVEL = re.compile("乡镇|街道|镇|乡|社区")
_LEVEL_END = re.compile(rf"{CJK}{{2,4}}(?:乡镇|街道|镇|乡|县|社区)级?$")
_TITLE_MARK = re.compile("国家级|省级|市级|星级|A级|示范|先进|文明|绿色|优质|特色|一流|高水平")
_SERVED = re.compile("[为给向](?:\\d|[一二两三四五六七八九十百]+[所个家座])")
_TAKES_PART = re.compile(
    "结对|帮扶|参与|参加|纳入(?![^，。]{0,10}(?:建设|改造|规划|项目))|开展|接入|入选|获评|获得|通过|签约|推行|试行|与|联合|入驻|对接|提供|实行|加入|完成评|公建民营|公办民营|社会化|委托"
)
_SCHOOLS_HOSPITALS = re.compile("(?:小学|中学|初中|高中|幼儿园)$")
_ORDINAL = re.compile("(?:[市县区州旗])?第[一二三四五六七八九十]{1,3}")
_NORM = re.compile(r"每百户|按照?(?:不低于)?(?:人均|每百|每[千万])[^，。；]{2,24}?(?:标准|要求|比例|平方米|张|个)")
_NUMBERED = re.compile("(?P<of>[\\u4e00-\\u9fff]{0,8}?)(?P<number>第[一二三四五六七八九十]{1,3})")
_OWN_LEVEL = re.compile("([市区县州盟旗])级(?!以上|及)")
_UPPER_TOO = re.compile("([市县区省州盟]级|[市县区州]本级)(?:和|与|及|、|以及)(?:各|每)")
_RANKED = re.compile("创建|打造|培育|评|认定|命名|争创")
_TURNS = re.compile(
    rf"(?:到|至)?(?:20\d\d年)?(?:底|末)?(?:要|力争|确保)?(?:分别|依次|各)(?:{ACTS}|达到?|为|不少于|增至|新增)*"
    r"(?P<numbers>(?:[\d一二三四五六七八九十百]+(?:[所个处家座块片条]|公里)(?:以上)?[、和与及]?){2,})"
)
_BUILT_ON = re.compile("依托|借助|利用|挂靠|整合")
_GOES_ON = re.compile(r"[并且]|同时|以及|采取|采用|通过|按照?|以")
_YEAR_WORDS = re.compile(r"20\d\d年?[底末]?|[^，。；：]{0,12}?十[三四五六](?:个)?五[^，。；：]{0,8}?末")
_PIVOT_WORDS = re.compile(r"[^，。；]{0,8}?为(?:重点|核心)")
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
    """What a sentence hands on from clause to clause."""

    front: Front = field(default_factory=Front)
    year: int | None = None
    year_words: tuple[Span, ...] = ()
    per: str | None = None
    per_count: int | None = None
    per_words: tuple[Span, ...] = ()
    place: Place | None = None
    lead_place: Place | None = None
    heading: str = ""
    lead_noun: Token | None = None
    lead_words: tuple[Span, ...] = ()
    acts: tuple[str, ...] = ()
    last_name: str | None = None
    last_words: tuple[Span, ...] = ()
    last: Draft | None = None
    topic: Draft | None = None
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
class _Reading:
    """A member with what was read around it; ``counted`` is where its quantity stands in the passage."""

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
        return self.member.front.subject


class PromiseReader:
    """Reads clauses of one plan into drafts.

    Parameters
    ----------
    wording
        The word lists.
    area
        The places of the plan.
    why
        Whether to keep what is no promise.

    Attributes
    ----------
    rejections
        Facility nouns that were seen and are no promise, with the reason, in reading order; None where nobody asked.
    """

    def __init__(self, wording: Wording, area: PlanArea, *, why: bool = False) -> None:
        self._wording = wording
        self._area = area
        self._clauses = ClauseReader(wording, area)
        self.rejections: list[Rejection] | None = [] if why else None

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
            carry.place = Place(phrase[1], "landmark", passage.spans(a + phrase.start(1), a + phrase.end(1)))
        drafts = self._renewed(passage, a, renewed, carry) if renewed else self._clause(passage, a, b, carry, listing)
        for draft in drafts:
            carry.said.append(draft)
            carry.topic = draft
            yield draft

    def look(self, passage: Passage, a: int, b: int, carry: Carry) -> list[Draft]:
        """Read a clause for what it speaks of, whether or not it promises it; nothing is rejected or carried on."""
        rejections, self.rejections = self.rejections, None
        try:
            return list(self.read(passage, a, b, carry, listing=False))
        finally:
            self.rejections = rejections

    def _clause(self, passage: Passage, a: int, b: int, carry: Carry, listing: bool) -> Iterator[Draft]:
        text = passage.text[a:b]
        clause = self._clauses.open(text, a)
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
        # A year behind the first noun is that of what stands before it; one before all nouns holds for what follows.
        first = min((token.start for token in clause.tokens if token.category), default=len(text))
        leading = [year for at, year in times if at < first]
        if leading:
            carry.year_words = scene.year_words(first)
            carry.year = leading[-1]
        if due:
            _date(carry.said, int(due[1]), since=a if nouns else None, words=scene.spans(*due.span(1)))

    def _more(self, scene: _Scene, index: int) -> Iterator[Draft]:
        """Read the items behind a list that count again what it names (…、改扩建15所)."""
        for lists, start, end in scene.clause.more:
            if lists != index:
                continue
            shares = list(self._shares(scene, scene.carry.last, start, end)) if scene.carry.last else []
            yield from shares
            if scene.carry.topic is not None and not shares:
                yield from self._for_each(scene, scene.carry.topic, start, end)

    # -------------------------------------------------------------- clauses without a facility's noun

    def _without_noun(self, scene: _Scene, verbs: list[Token]) -> Iterator[Draft]:
        """Read a clause that only hands on its level and verb, or gives numbers of what was named before."""
        carry = scene.carry
        counted = list(self._counted(scene, carry.lead_noun)) if carry.lead_noun else []
        counted = counted or list(self._then(scene))
        yield from counted
        located = _LOCATED.match(scene.shown)
        if located and carry.last is not None:
            yield from self._located(scene, carry.last, located.end())
        elif (spoken := carry.last or carry.topic) is not None and not counted:
            shares = list(self._in_turn(scene, spoken))
            if carry.last is not None and not shares:
                shares = list(self._shares(scene, carry.last, 0, len(scene.shown)))
            yield from shares
            counted = counted or shares
        if carry.topic is not None and not counted:
            yield from self._for_each(scene, carry.topic, 0, len(scene.shown))
        if carry.last is None and carry.lead_noun and carry.lead_noun.category and not counted:
            yield from self._of_lead(scene, carry.lead_noun)
        level = next(self._wording.levels(scene.passage.text[scene.base : scene.base + len(scene.shown)]), None)
        if level:
            carry.per, carry.per_count = level.per, level.count
            carry.per_words = scene.spans(level.start, level.end)
        if verbs:
            run, _ = cluster(scene.clause.masked, verbs, len(scene.clause.masked))
            kinds = tuple(token.verb.kind for token in run if token.verb)
            carry.front = Front(kinds, scene.clause.words(run), "", explicit=True)

    def _of_lead(self, scene: _Scene, lead: Token) -> Iterator[Draft]:
        """Read 公办幼儿园：甲区2所，乙区3所: shares of what the words before the colon name."""
        kinds = [kind for kind in scene.carry.front.kinds if kind in BUILDS]
        whole = Draft(
            scene.passage, scene.base, scene.base, lead.category or "", "quota", kinds[-1] if kinds else "new", "lead"
        )
        words = scene.carry.lead_words
        yield from self._shares(scene, whole.told(category=words, kind=words, action=words), 0, len(scene.shown))

    def _for_each(self, scene: _Scene, topic: Draft, begin: int, stop: int) -> Iterator[Draft]:
        """Read 推进公墓建设，实现县（区）全覆盖 and …，每个街道至少一个: a rule for what was spoken of before."""
        shown = scene.shown[begin:stop]
        covered = _ALL_COVERED.search(shown)
        if covered:
            unit = self._wording.per_words.get(_UNIT_LEAD.sub("", covered["unit"]))
            at, end = covered.span("unit")
            quantity = None
        else:
            level = next(self._wording.levels(shown), None)
            quantity = next(self._wording.quantities(shown[level.end :]), None) if level else None
            if level is None or quantity is None or quantity.unit not in (*_COUNTERS, "公里"):
                return
            unit, at, end = level.per, level.start, level.end
            between = shown[end : end + quantity.start]
            if not _ONLY_NUMBER.fullmatch(between) or re.match(CJK, shown[end + quantity.end :]):
                return
        if unit is None:
            return
        words = scene.spans(begin + at, begin + end)
        rule = replace(topic, passage=scene.passage, start=scene.base + begin + at, end=scene.base + stop, void=False)
        rule = replace(
            rule, kind="coverage", per=unit, name=None, place=None, place_level="plan", rule="every unit again"
        )
        rule = replace(rule, count=None, unit=None, at_least=False, year=scene.year_at(begin + at))
        rule.told(kind=words, per=words, year=scene.year_words(begin + at))
        if quantity:
            least = quantity.at_least or bool(_LEAST.search(shown[end : end + quantity.start]))
            rule = replace(rule, count=quantity.count, unit=quantity.unit, at_least=least)
            number = scene.base + begin + end
            rule.counted(number + quantity.start, number + quantity.end, least_from=number)
        yield rule

    def _then(self, scene: _Scene) -> Iterator[Draft]:
        """Read 建设甲、乙、丙等设施，分别达到12座、30处、8个: the numbers of what the clause before listed, in turn."""
        match = _TURNS.fullmatch(scene.shown)
        counts = list(self._wording.quantities(match["numbers"])) if match else []
        listed = scene.carry.said[-len(counts) :] if counts else []
        if match is None or len(counts) < 2 or len(listed) != len(counts):
            return
        if any(draft.kind != "intent" for draft in listed) or len({draft.category for draft in listed}) < 2:
            return
        for draft, quantity in zip(listed, counts, strict=True):
            at = scene.base + match.start("numbers") + quantity.start
            draft.void = True
            number = replace(draft, void=False, kind="quota", count=quantity.count, unit=quantity.unit)
            number = replace(number, rule="in turn later", year=scene.year_at(match.start("numbers")))
            number.counted(at, at + quantity.end - quantity.start)
            yield number.told(kind=number.words["count"])

    def _in_turn(self, scene: _Scene, total: Draft) -> Iterator[Draft]:
        """Read …，甲、乙分别再添3家和2家: the numbers of the listed places in turn, of what was named before."""
        match = _IN_TURN.fullmatch(scene.shown)
        if not match:
            return
        counts = list(self._wording.quantities(match["numbers"]))
        names = list(re.finditer("[^、和与及]+", match["places"]))
        if len(counts) != len(names) or not all(self._place_like(name[0]) for name in names):
            return
        for name, quantity in zip(names, counts, strict=True):
            start = scene.base + match.start("places") + name.start()
            number = scene.base + match.start("numbers") + quantity.start
            draft = replace(total, passage=scene.passage, start=start, end=scene.base + match.end("places"), void=False)
            draft = replace(
                draft, kind="allotment", per=None, name=None, rule="in turn", count=quantity.count, unit=quantity.unit
            )
            draft = replace(draft, at_least=quantity.at_least, year=scene.year_at(match.start("places")))
            words = scene.passage.spans(start, start + len(name[0]))
            draft.counted(number, number + quantity.end - quantity.start).told(kind=words)
            yield draft.at(self._area.place(name[0])._replace(words=words))

    def _shares(self, scene: _Scene, total: Draft, begin: int, stop: int) -> Iterator[Draft]:
        """Read 其中甲区5所、乙县3所 behind a number: each place's share of it; 改扩建15所, 其余县各1所: more of it."""
        found: list[tuple[str, Draft]] = []
        waiting: list[tuple[int, str]] = []
        text = _SHARE_LEAD.sub(lambda match: " " * len(match[0]), scene.shown[begin:stop])
        for part in re.finditer(r"(?:（[^（）]*）|[^、和（）])+", text):
            body = _SHARE_LEAD.sub("", part[0].strip())
            at = begin + part.start() + part[0].rindex(body)
            if _CLOSES.search(body):
                continue
            quantity = next(self._wording.quantities(body), None)
            words = _SHARE_TAIL.sub("", body[: quantity.start] if quantity else body)
            if quantity is None and self._place_like(words):
                waiting.append((at, words))
                continue
            if not quantity or quantity.end != len(body) or not _same_unit(total, quantity, body):
                return
            draft = self._part(scene, total, quantity, at, least=body[: quantity.start], begin=begin + part.start())
            kept, whole = self._share(
                words,
                draft,
                led=begin > 0 or text[:1] == " " or len(body) < len(part[0].strip()) or bool(_RISES.match(body)),
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

    def _part(self, scene: _Scene, total: Draft, quantity: Quantity, at: int, *, least: str, begin: int) -> Draft:
        """Return a draft for one counted part of what was named before."""
        start = scene.base + at
        draft = replace(total, passage=scene.passage, start=start, end=start + quantity.end, count=quantity.count)
        draft = replace(draft, rule="shares", unit=quantity.unit, year=scene.year_at(at), void=False)
        draft.at_least = quantity.at_least or bool(_LEAST.search(least))
        draft.counted(start + quantity.start, draft.end, least_from=scene.base + begin)
        return draft.told(kind=draft.words["count"], year=scene.year_words(at))

    def _share(self, words: str, draft: Draft, *, led: bool) -> tuple[str, Draft | None]:
        """Read the words before one share's number: the place they name, or a record where they name none."""
        kept = re.sub("^[在于](?=.{2})", "", _SHARE_ACT.sub("", words))
        verb = words[len(kept) :]
        kept = _SHARE_TAIL.sub("", kept)
        if verb:
            kind = self._wording.verb_kind(verb)
            # 改造42处，其中2022年完成15处: what is done stays that of the whole.
            draft.action = kind if kind in BUILDS else draft.action if verb == "完成" else "new"
            begin = draft.start + words.rindex(verb)
            draft.told(action=draft.passage.spans(begin, begin + len(verb)))
        level = next(self._wording.levels(kept), None)
        if level and level.end == len(kept):
            covered = replace(draft, kind="coverage", per=level.per, place=None, place_level="plan")
            unit = draft.passage.spans(draft.start + level.start, draft.start + level.end)
            return kept, covered.told(kind=unit, per=unit)
        alone = (not kept and (verb or led)) or _TIER.fullmatch(kept)
        return kept, replace(draft, kind="quota") if alone else None

    def _shared_out(self, total: Draft, found: list[tuple[str, Draft]]) -> Iterator[Draft]:
        shares: list[Draft] = []
        for name, draft in found:
            words = draft.passage.spans(draft.start, draft.start + len(name))
            place = self._area.place(name)._replace(words=words) if name and not _TIER.fullmatch(name) else None
            shares.append(draft.at(place).told(kind=words) if name else draft)
        total.parts.extend(share for share, (name, _) in zip(shares, found, strict=True) if name)
        if len(total.parts) == 1 and len(found) == 1:
            total.parts[0].kind = "quota"
        elif len(total.parts) > 1:
            for part in total.parts:
                part.kind = "allotment"
            # Where the shares are the whole of it, the total is no promise of its own, unless 其中 names it as theirs.
            named = "其中" in total.passage.text[total.end : total.parts[0].start]
            whole = total.count == sum(part.count or 0 for part in total.parts)
            total.void = total.void or (whole and not named)
        yield from shares

    def _located(self, scene: _Scene, total: Draft, begin: int) -> Iterator[Draft]:
        """Read 新增2处殡仪服务站，分别位于甲镇和乙镇: the places of what was just counted, where they are as many."""
        parts = list(re.finditer("[^、和与及]+", scene.shown[begin:]))
        if len(parts) != total.count or len(parts) < 2 or not all(self._unread(part[0]) for part in parts):
            return
        total.void = True
        for part in parts:
            start = scene.base + begin + part.start()
            draft = replace(total, passage=scene.passage, start=start, end=start + len(part[0]), void=False)
            words = scene.passage.spans(draft.start, draft.end)
            draft = replace(draft, kind="allotment", count=1, rule="located").told(kind=words, count=words)
            yield draft.at(self._area.place(part[0])._replace(words=words))

    def _place_like(self, words: str) -> bool:
        """Tell whether words that share a number are a place: known, of a place's form, or short and no type word."""
        if self._area.placeable(words):
            return True
        if words in _QUARTERS:
            return True
        plain = bool(re.fullmatch(rf"{CJK}{{2,4}}", words)) and self._wording.residue(words) == words
        return plain and not _MEASURE.search(words) and not any(self._wording.tokens(words))

    def _enumerated(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read the bracket behind a number: 敬老院5所（甲2所、乙3所）; 公墓3处（甲镇、乙镇、丙镇）."""
        bracket = _ITEMS_BEHIND.match(scene.shown, reading.member.noun.end)
        if bracket and not reading.member.bracket:
            yield from self._bracketed(scene, draft, bracket, reading.quantity)

    def _bracketed(
        self, scene: _Scene, draft: Draft, bracket: re.Match[str], quantity: Quantity | None
    ) -> Iterator[Draft]:
        start, end = bracket.span("items")
        total = replace(draft, kind="quota", rule="bracket").told(kind=draft.words.get("count", ()))
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
            words = scene.passage.spans(at, at + len(name))
            listed = replace(draft, start=at, end=at + len(name), count=1, rule="bracket", at_least=False)
            listed.told(count=words, kind=words)
            if site:
                listed = replace(listed, kind="site", name=name, unit=None).told(name=words)
            place = self._area.place(name)._replace(words=words)
            yield replace(listed, kind="site" if site else "allotment").at(place)

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
            verbs=(scene.clause.said(*match.span()),) if match[0] else scene.carry.front.words,
        )
        draft.counted(draft.end - quantity.end + quantity.start, draft.end)
        acted = scene.words_of(draft.verbs) if lead.category != "renovation" or match[0] else scene.carry.lead_words
        draft.told(category=scene.carry.lead_words, kind=draft.words["count"], action=acted)
        draft.told(year=scene.year_words(match.end()))
        scene.carry.last = draft
        bracket = _ITEMS_BEHIND.match(scene.shown, end)
        listed = list(self._bracketed(scene, draft, bracket, quantity)) if bracket else []
        yield from listed or [draft]
        if scene.shown[end : end + 1] in ("、", "和"):
            yield from self._shares(scene, draft, end + 1, len(scene.shown))

    def _renewed(self, passage: Passage, base: int, match: re.Match[str], carry: Carry) -> Iterator[Draft]:
        """Read 对甲片区、乙小区和丙小区进行改造: every listed estate is renewed."""
        group = "estates" if match["estates"] else "listed"
        for part in re.finditer(r"[^、和与及]+", match[group]):
            start = base + match.start(group) + part.start()
            draft = Draft(
                passage, start, start + len(part[0]), "renovation", "site", "upgrade", "renewed estates", name=part[0]
            )
            named = passage.spans(start, draft.end)
            done = passage.spans(base + match.start(), base + match.end())
            draft = replace(draft, count=1, year=carry.year).told(name=named, count=named, kind=named)
            draft.told(category=done, action=done, year=carry.year_words)
            yield draft.at(self._area.place(part[0])._replace(words=named))

    # -------------------------------------------------------------- members of a list

    def _members(self, scene: _Scene, members: list[Member]) -> Iterator[Draft]:
        expanded = next((member for member in members if member.bracket), None)
        if expanded and not expanded.rejected:
            yield from self._bracket(scene, expanded)
            if expanded.behind:
                return
            members = [member for member in members if member is not expanded]
        spread: str | None = None
        spread_words: tuple[Span, ...] = ()
        has = False
        for index, member in enumerate(members):
            mods = scene.clause.said(member.start, member.noun.start)
            if member.pivot and mods.startswith("以"):
                yield from self._pivot(scene, member)
            if member.glue == "或" and index and members[index - 1].noun.category == member.noun.category:
                # 公墓或骨灰楼: one of the two.
                continue
            if _EACH_NOUN.search(mods) and not member.each:
                yield from self._every_one(scene, member)
                continue
            reason = self._refused(scene, member, mods)
            if reason:
                self._reject(scene, member.noun, reason)
                continue
            own = index == 0 or member.start == member.noun.start
            # The verb between the two is hidden, so that 各|新建|县级 names no 各县.
            pieces = (member.front.subject, HIDDEN, mods) if own else (mods,)
            level = self._level_before("".join(pieces), mods)
            if level:
                scene.carry.per, scene.carry.per_count = level.per, level.count
                scene.carry.per_words = scene.joined(level.start, level.end, *pieces)
            # 每个县有一个图书馆、文化馆: what is said of the first holds for the others.
            has = bool(level and _HAS.search(member.front.subject + mods if own else mods)) or (has and not level)
            self._carry_acts(scene, member)
            has = has and not member.existing
            if index == 0:
                spread, a, b = self._spread(member.front.subject, mods, scene.shown)
                unit = self._wording.unit_at(mods) if member.covers and not spread else None
                spread, a, b = (unit, 0, len(mods)) if unit else (spread, a, b)
                spread_words = scene.joined(a, b, *((mods,) if unit else (member.front.subject, mods)))
            here = spread and (self._wording.unit_at(mods) or spread) if index else spread
            quantity, at = self._quantity(scene, member, mods, first=index == 0)
            counted = (at, at + quantity.end - quantity.start) if quantity and at >= 0 else member.behind_at
            reading = _Reading(member, mods, quantity, here, has, counted, spread_words if here else (), bool(level))
            yield from self._read(scene, reading)

    def _level_before(self, text: str, mods: str) -> Level | None:
        """Return the unit that the words before a noun name, None where they name none."""
        level = next(self._wording.levels(text), None)
        # 在建的县体育公园: the last word begins the name.
        begins_name = level and mods and level.end == len(text) and text[level.start :] in ("县", "区", "市")
        return None if begins_name else level

    def _refused(self, scene: _Scene, member: Member, mods: str) -> str | None:
        """Return why a noun is no promise, None when it may be one."""
        front = member.front
        if member.noun.word in self._wording.box_only and not scene.passage.box:
            return "这个词只在项目表里指设施 a word that names a facility only in a list of projects"
        if member.rejected:
            return "词后所说不是设施本身（服务、能力、覆盖率等） what stands behind it speaks of something else"
        shared_pivot = member.pivot and member.pending and member.noun.category in _SHARED_HEADS
        if member.existing and not shared_pivot:
            return "已有的设施（以…为依托） stands already"
        if "keep" in front.kinds and front.explicit and not (member.acts and front.kinds[-1] != "keep"):
            return f"已有的设施，或不在此建设（{front.words[-1]}） stands already or is not built here"
        return self._takes_part(scene, member, mods)

    def _capacity(self, scene: _Scene, member: Member) -> bool:
        """Tell whether places or beds say how large a facility is that the sentence named (…中心，托位150个)."""
        topic, front = scene.carry.topic, member.front
        if topic is None or not member.noun.word.endswith("位") or front.explicit or member.acts or member.total:
            return False
        return topic.kind == "site" and "其中" not in scene.shown[: member.noun.start]

    def _takes_part(self, scene: _Scene, member: Member, mods: str) -> str | None:
        """Return why the words around a noun say that it stands and only takes part in something, else None."""
        front = member.front
        if front.explicit and front.words[-1] == "创建" and _TITLE_MARK.search(mods):
            return "评定的称号，不是建设 a title that existing ones are given"
        if _SERVED.match(mods) and not member.acts:
            return "服务的对象，不是建设 whom a measure serves"
        counted = next(self._wording.quantities(mods), None)
        if counted and not member.acts and _TAKES_PART.match(scene.shown, member.noun.end):
            # 推进120所幼儿园结对帮扶: the number counts those that take part.
            return "参与的已有设施，不是建设 existing ones that take part"
        if self._capacity(scene, member):
            return "前述设施的规模 the size of what was named before"
        if re.search(r"每[千万百]|人均", _NORM.sub("", front.subject + mods)):
            return "比率或人均指标 a rate"
        return None

    def _reject(self, scene: _Scene, noun: Noun, reason: str) -> None:
        if self.rejections is not None:
            self.rejections.append(
                Rejection(scene.passage, scene.base + noun.start, scene.base + noun.end, noun.category, reason)
            )

    def leave(self, passage: Passage, start: int, end: int, reason: str) -> None:
        """Note the facility nouns of a part of a passage that is not read, where somebody asked for it."""
        if self.rejections is not None:
            self.rejections.extend(
                Rejection(passage, start + token.start, start + token.end, token.category, reason)
                for token in self._wording.tokens(passage.text[start:end])
                if token.category
            )

    def _every_one(self, scene: _Scene, member: Member) -> Iterator[Draft]:
        """Read 所有普通高中达到标准: every one that stands is raised; else the noun is only a unit."""
        noun = member.noun
        if not _STANDARD.match(scene.shown[noun.end :]) or member.rejected:
            self._reject(scene, noun, "指已有的各个单位（每个、所有、现有） names units that stand already")
            return
        per = self._wording.unit_at(noun.word) or ("school" if "school" in noun.category else None)
        reached = _STANDARD.match(scene.shown[noun.end :])
        words = scene.spans(noun.end, noun.end + reached.end()) if reached else ()
        every = scene.spans(member.start, noun.end)
        draft = replace(self._draft(scene, member, "every one"), kind="coverage", action="upgrade", per=per)
        yield draft.told(kind=every, action=words, per=every)

    def _carry_acts(self, scene: _Scene, member: Member) -> None:
        if member.acts:
            scene.carry.acts = member.acts
        elif (
            scene.listing
            and not member.front.kinds
            and scene.shown.startswith(("包括", "主要包括", "具体包括", "分别"))
        ):
            member.acts = scene.carry.acts

    def _quantity(self, scene: _Scene, member: Member, mods: str, *, first: bool) -> tuple[Quantity | None, int]:
        """Return the number that counts a noun: before it, else behind it, else right before its verb (一所建设…).

        With it goes where it begins in the passage, -1 for the number behind the noun.
        """
        front = member.front
        reach_at = member.pending[0][0] if member.pending and "的" in mods else member.start
        reach = scene.clause.said(reach_at, member.noun.start)
        counted = list(self._wording.quantities(reach))
        counted = [
            q
            for q in counted
            if not (q.unit in _AREAS and _SIZED.search(reach[: q.start] + "|" + reach[q.end :]))
            and not (q.unit == "平方米" and _LEAST.search(reach[max(0, q.start - 4) : q.start]))
        ]
        before = last(q for q in counted if not re.search(r"[”在对于为将把]", reach[q.end :]))
        if before and len(counted) > 1 and counted[-1].unit in _SIZES and reach[counted[-1].end :].startswith("的"):
            # 一条10公里以上的步道: the length describes, the first number counts.
            before = counted[0]
        if before is None and front.explicit and first:
            close = last(self._wording.quantities(front.subject))
            before = close if close and close.end == len(front.subject) else None
            reach = front.subject if before and isinstance(front.subject, Said) else reach
        quantity = before or member.behind
        at = reach.at + before.start if before else -1
        if quantity and front.explicit:
            near = front.subject[-8:] + "".join(front.words) + scene.shown[max(0, member.start - 8) : member.start]
            if _LEAST.search(near):
                quantity = replace(quantity, at_least=True)
        return quantity, at

    def _draft(self, scene: _Scene, member: Member, rule: str) -> Draft:
        start = member.start
        while start < member.noun.start and scene.shown[start] in f"、， {HIDDEN}":
            start += 1
        noun = member.noun
        end = min(scene.base + member.end, scene.base + start + _MAX_QUOTE)
        above = (scene.passage.section or "") + scene.carry.heading
        category = self._wording.category_in(noun.word, noun.category, above, scene.shown)
        category = self._also(scene, noun) or category
        own, own_words = self._own_year(scene, member)
        year = own or scene.year_at(noun.start)
        verbs = (*member.front.words, *member.acts)
        draft = Draft(
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
        acted = scene.words_of(verbs)
        if category == "renovation" or category != noun.category or not acted:
            acted += scene.spans(noun.start, noun.end)
        named = scene.spans(noun.start, noun.end)
        if self._also(scene, noun):
            named = scene.spans(noun.start, scene.shown.index("）", noun.end) + 1)
        elif category != noun.category and scene.passage.heading:
            named = (*named, scene.passage.heading)
        draft.told(category=named, kind=acted, action=acted)
        return draft.told(year=own_words if own else scene.year_words(noun.start))

    def _also(self, scene: _Scene, noun: Noun) -> str | None:
        """Return what a bracket says a hospital is: 第三人民医院（传染病医院）; None without one."""
        bracket = re.match(rf"（({CJK}{{3,10}})）", scene.shown[noun.end : noun.end + 14])
        if bracket is None or noun.category != "hospital":
            return None
        other = next(self._wording.tokens(bracket[1]), None)
        whole = other is not None and other.end == len(bracket[1]) and other.category is not None
        return other.category if other and whole and "hospital" in (other.category or "") else None

    def _own_year(self, scene: _Scene, member: Member) -> tuple[int | None, tuple[Span, ...]]:
        """Return the year right behind a noun (甲幼儿园（2022年）, 甲幼儿园2022年开园), None without one."""
        begin = member.noun.end + len(member.name_tail)
        match = _YEAR_BEHIND.match(scene.shown[begin : member.limit])
        at, year = next((found for found in years(match[0]) if found[1]), (0, None)) if match else (0, None)
        if year:
            return year, scene.years_words(begin + at)
        if match and match["end"]:
            return int(match["end"]), scene.spans(begin + match.start("end"), begin + match.end("end"))
        return None, ()

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
            self._reject(scene, member.noun, "没有动词承诺它 no verb promises it")
            return
        if quantity and not quantity.count:
            self._reject(scene, member.noun, "数目为零 none of them is to be built")
            return
        if quantity:
            draft.count, draft.unit, draft.at_least = quantity.count, quantity.unit, quantity.at_least
            near = min(reading.counted[0], scene.base + member.start) - 8
            if isinstance(front.subject, Said) and front.explicit:
                near = min(near, front.subject.at + len(front.subject) - 8)
            draft.counted(*reading.counted, least_from=max(near, 0))
            draft.note = "per year" if quantity.yearly or "每年" in reading.subject else None
            draft.told(note=scene.within("每年", reading.subject) or draft.words["count"])
            built = reading.subject + reading.mods + ("".join(front.words) if front.explicit else "")
            if member.total and not re.search("新增|配建|新建|建设|建成", built):
                draft.action = "unspecified"
        stands = front.words[-1:] == ("建有",) if front.explicit else reading.has
        if quantity and stands and not member.acts:
            # 每个乡镇有一处公墓: how it comes about is not said, whatever the clause before did.
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
        places: list[Place | None] = [
            self._area.place(name)._replace(words=scene.within(name, reading.subject))
            for name in self._area.listed(reading.subject)
        ]
        level = _EACH_LEVEL.match(reading.mods) if len(places) > 1 else None
        if level and draft.kind == "intent" and "foster" not in reading.member.front.kinds:
            # 在甲、乙、丙建设县级公共实训基地: of what belongs to a county each of them gets one.
            for place in places:
                words = place.words if place else ()
                yield replace(draft, kind="allotment", count=1, rule="each place").at(place).told(kind=words)
            return
        for place in places or [self._near(scene, reading) or scene.carry.place]:
            scene.carry.last = draft.at(place)
            yield scene.carry.last

    def _near(self, scene: _Scene, reading: _Reading) -> Place | None:
        """Return the place last named before a noun."""
        place = self._area.find(reading.subject + reading.mods)
        if place and place.name not in reading.subject and place.name not in reading.mods:
            # A verb stands between the two: 持续|加大|县 names no county 持续县.
            place = self._area.find(reading.mods) or self._area.find(reading.subject)
        return place and place._replace(words=scene.within(place.name, reading.subject, reading.mods))

    def _allotments(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read 甲、乙各建3所; 甲、乙等7个县级殡仪馆; 甲、乙等棚户区改造 (there each listed name is a site)."""
        member, quantity, subject = reading.member, reading.quantity, reading.subject
        tiers = self._tiers(scene, reading, draft) if member.pending and quantity else []
        tiers = tiers or (self._ordinals(scene, reading, draft) if member.pending else [])
        if tiers:
            yield from tiers
            return
        shared, titled = self._shared(scene, reading)
        # 在甲、乙等街道建设中心各1个: the word may stand before the number.
        alike = member.alike and quantity is member.behind
        each = re.search(r"(?:各|分别|均)$" if not alike else "(?:各|分别|均)?$", subject)
        if each and not scene.carry.per and not shared:
            names = self._area.listed(subject[: each.start()])
            counts = self._respective(scene, member, len(names)) if quantity else []
            for index, name in enumerate(names):
                words = scene.within(name, subject)
                each_one = replace(draft, kind="allotment", rule="each place", count=draft.count or 1)
                each_one = each_one.at(self._area.place(name)._replace(words=words)).told(kind=words)
                scene.carry.last = replace(each_one, count=None, place=None, place_level="plan")
                if counts:
                    each_one = replace(each_one, count=counts[index].count)
                    each_one.counted(scene.base + counts[index].start, scene.base + counts[index].end)
                yield each_one
            return
        if titled or member.noun.category in _SHARED_HEADS:
            for name, start, end in shared:
                place = self._area.places.match(name)
                site = replace(draft, start=scene.base + start, end=scene.base + end, kind="site", name=name, count=1)
                words = scene.spans(start, end)
                located = scene.spans(start, start + len(place[0])) if place else words
                yield replace(
                    site,
                    unit=None,
                    at_least=False,
                    place=place[0] if place else name,
                    place_level=self._area.level(name),
                    rule="shared noun",
                ).told(name=words, count=words, kind=words, place=located, place_level=words)
            return
        for name, start, end in shared:
            if _OWN_LEVEL.fullmatch(name):
                # 市级、甲县、乙县等疾控中心: the city's own is one facility.
                alone = replace(draft, start=scene.base + start, end=scene.base + end, kind="site", count=1, unit=None)
                alone = replace(alone, name=name + member.noun.word, rule="shared noun", at_least=False)
                words = scene.spans(start, end)
                whole = (*words, *scene.spans(member.noun.start, member.noun.end))
                yield alone.told(name=whole, kind=words, count=words)
                continue
            if quantity and _SCHOOLS_HOSPITALS.search(member.noun.word) and not self._area.placeable(name):
                # 新建朝阳、育才两所小学: the words are the schools' names.
                named = replace(draft, start=scene.base + start, kind="site", name=name + member.noun.word, count=1)
                words = scene.spans(start, end)
                whole = (*words, *scene.spans(member.noun.start, member.noun.end))
                named = replace(named, unit=None, at_least=False, rule="shared noun").told(
                    name=whole, kind=words, count=words
                )
                yield named.at(self._area.place(name)._replace(words=words))
                continue
            own = quantity is not None and bool(re.search(r"各(?:自|建)?(?=\d|[一二两三四五六七八九十])", reading.mods))
            count = quantity.count if own and quantity else 1
            listed = replace(draft, start=scene.base + start, kind="allotment", count=count, rule="listed places")
            words = scene.spans(start, end)
            listed.told(kind=words, count=draft.words["count"] if own else words)
            place_of = self._area.place(name)._replace(words=words)
            yield replace(listed, at_least=own and draft.at_least).at(place_of)

    def _ordinals(self, scene: _Scene, reading: _Reading, draft: Draft) -> list[Draft]:
        """Read 县第一、第二、第三敬老院: each is a site; empty when the items are no ordinals."""
        member = reading.member
        spans = [*member.pending, (member.start, member.noun.start)]
        found = [_NUMBERED.fullmatch(scene.shown[start:end]) for start, end in spans]
        if not all(found) or any(item and item["of"] for item in found[1:]) or not (member.acts or member.front.active):
            return []
        of = found[0]["of"] if found[0] else ""
        sites: list[Draft] = []
        for (start, end), item in zip(spans, found, strict=True):
            words = scene.spans(start, end)
            name = of + (item["number"] if item else "") + member.noun.word
            place = self._area.of_name(name, word=member.noun.word, category=member.noun.category, behind="")
            site = replace(draft, start=scene.base + start, end=scene.base + end, kind="site", name=name, count=1)
            site = replace(site, unit=None, at_least=False, rule="ordinals").told(name=words, kind=words, count=words)
            sites.append(
                site.at(place._replace(words=words) if place else self._near(scene, reading) or scene.carry.place)
            )
        return sites

    def _tiers(self, scene: _Scene, reading: _Reading, draft: Draft) -> list[Draft]:
        """Read 1个市级、6个县级、80个乡级养老中心: each level's number of one noun; empty when it is none."""
        member = reading.member
        spans = [*member.pending, (member.start, member.noun.start)]
        found: list[Draft] = []
        for start, end in spans:
            quantity = next(self._wording.quantities(scene.shown[start:end]), None)
            rest = scene.shown[start + quantity.end : end] if quantity and quantity.start == 0 else ""
            if quantity is None or not re.match("(?:国家|[省市区县州乡镇村]|街道|社区|乡镇|镇街)级", rest):
                return []
            tier = replace(draft, start=scene.base + start, kind="quota", count=quantity.count, unit=quantity.unit)
            tier = replace(tier, end=scene.base + end, at_least=quantity.at_least, rule="levels")
            tier.counted(scene.base + start, scene.base + start + quantity.end)
            found.append(tier.told(kind=scene.spans(start, end)))
        return found

    def _respective(self, scene: _Scene, member: Member, places: int) -> list[Quantity]:
        """Read 甲、乙分别建设公墓2处和1处: the numbers of the listed places in turn; empty when they do not match."""
        match = _RESPECTIVE.match(scene.shown, member.noun.end)
        counts = list(self._wording.quantities(match[0])) if match else []
        if len(counts) == places:
            return [
                replace(item, start=member.noun.end + item.start, end=member.noun.end + item.end) for item in counts
            ]
        # 甲、乙分别建设2处和1处公墓: the numbers may stand before the noun.
        start = member.pending[0][0] if member.pending else member.start
        match = _RESPECTIVE.match(scene.shown[start : member.noun.start])
        counts = list(self._wording.quantities(match[0])) if match else []
        ahead = [replace(item, start=start + item.start, end=start + item.end) for item in counts]
        return ahead if len(ahead) == places else []

    def _coverage(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read 每个县区至少1所; 全市乡镇文化站提档升级; 县级公墓全覆盖."""
        member, carry = reading.member, scene.carry
        # 各县新建幼儿园合计60所: the number is that of all together.
        together = re.match("[^，；]{0,4}(?:合计|总计|共计)", scene.shown[member.noun.end :])
        if member.units:
            for word in member.units:
                unit, words = self._wording.unit_at(word), scene.words_of((word,))
                yield replace(draft, kind="coverage", per=unit, rule="all of the units").told(kind=words, per=words)
            return
        if member.each:
            words = scene.passage.spans(*member.behind_at)
            yield replace(draft, kind="coverage", per=member.each, rule="every unit behind").told(kind=words, per=words)
            return
        named = self._covered(scene, reading)
        if not named or together:
            return
        if not reading.quantity:
            if carry.per and carry.per_count:
                draft.count, draft.unit = carry.per_count, "个"
                draft.told(count=carry.per_words, unit=carry.per_words)
            if reading.spread and not carry.per and not member.acts:
                reached = _REACHED.match(scene.shown[member.noun.end :])
                draft.action = "upgrade" if reached else "unspecified" if draft.action == "new" else draft.action
            if member.covers:
                draft.action = "unspecified"
        self._localise(draft, member.noun.word, {unit for unit, _ in named})
        yield from self._upper(scene, reading, draft)
        carry.last = replace(draft, count=None, at_least=False, words=dict(draft.words))
        for unit, words in named:
            yield replace(draft, kind="coverage", per=unit, rule="every unit").told(kind=words, per=words)

    def _localise(self, draft: Draft, word: str, units: set[str]) -> None:
        """Sort a general house by the unit of which each has one: 每个街道1个养老服务综合体 is one of the community."""
        if units & {"township", "community", "village"}:
            draft.category = self._wording.local.get(word, draft.category)

    def _upper(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read 市级和各县分别建1所: the city's own is one more."""
        upper = _UPPER_TOO.search(reading.subject)
        if upper and isinstance(reading.subject, Said):
            at = reading.subject.at + upper.start(1)
            words = scene.passage.spans(at, at + len(upper[1]))
            yield replace(draft, kind="quota", rule="own level").told(kind=words)

    def _covered(self, scene: _Scene, reading: _Reading) -> list[tuple[str, tuple[Span, ...]]]:
        """Return the units that each get it, with the words that say so; empty when it is no rule."""
        member, carry = reading.member, scene.carry
        counted = reading.quantity is not None and reading.quantity is member.behind
        own = self._wording.unit_at(reading.mods) if member.covers else None
        if member.noun.word in self._wording.acting:
            own = self._wording.nearest_unit(reading.subject[-8:] + reading.mods)
        if carry.per and not reading.ruled and not own and self._offices(scene, reading):
            # 每个村有一所卫生室，县疾控中心…: the county's own is no matter of the villages.
            carry.per = carry.per_count = None
        per = own or carry.per or (None if counted else reading.spread)
        words = scene.words_of((reading.mods,)) if own else carry.per_words if carry.per else reading.spread_words
        return [(per, words)] if per else self._units(scene, reading) if member.covers else []

    def _offices(self, scene: _Scene, reading: _Reading) -> bool:
        """Tell whether a noun is named as the area's own, or with a known place before it."""
        name = self._name(scene, reading) if not reading.quantity else None
        return bool(name) and self._area.official(name or "", reading.member.noun.word)

    def _quota(self, scene: _Scene, reading: _Reading, draft: Draft) -> Iterator[Draft]:
        """Read a number without sites: 新建体育公园5个."""
        quantity = reading.quantity
        if not quantity or not quantity.count or (scene.listing and self._sized_name(reading.mods, quantity)):
            return
        noun = reading.member.noun
        if quantity.unit == "公里" and quantity is reading.member.behind and self._runs_along(reading):
            # 某河绿道贯通18公里: the length describes one named trail.
            return
        if quantity.unit is None and "N" not in scene.shown[noun.end : noun.end + 8]:
            return
        names = self._area.listed(reading.subject)
        if len(names) == quantity.count and len(names) > 1 and reading.member.front.explicit:
            # 在甲、乙建设2个急救分中心: as many as the places, one for each.
            for name in names:
                words = scene.within(name, reading.subject)
                one = replace(draft, kind="allotment", count=1, rule="each place").told(kind=words)
                yield one.at(self._area.place(name)._replace(words=words))
            return
        place = self._near(scene, reading) or scene.carry.place
        quota = replace(draft, kind="quota", rule="number").told(kind=draft.words["count"])
        scene.carry.last = quota.at(place)
        yield scene.carry.last

    def _runs_along(self, reading: _Reading) -> bool:
        """Tell whether a trail has the name of a river, a road or a hill before it, and what is done is said of it."""
        member = reading.member
        named = re.search(rf"{CJK}{{2,6}}$", reading.mods)
        feature = bool(named and set(self._wording.features) & set(named[0][-2:]))
        return feature and bool(member.acts) and not {"新建", "建设", "建成", "新增"} & set(member.acts)

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
        name_end = noun.end + (len(member.name_tail) if name.endswith(noun.word + member.name_tail) else 0)
        named = scene.clause.said(name_end - len(name), name_end)
        around = scene.clause.said(name_end - len(name), noun.end + len(behind))
        place = (
            (self._area.place(stands) if stands else None)
            or self._moved_to(scene, member)
            or self._area.of_name(name, word=noun.word, category=noun.category, behind=behind)
            or self._area.before(subject)
            or self._area.of_brand(name, category=noun.category)
        )
        if place and not place.words:
            pieces = (scene.clause.said(noun.end, member.limit), reading.mods) if stands else (subject, around)
            place = place._replace(words=scene.within(place.name, *pieces))
        place = place or carry.place or carry.lead_place
        words = scene.words_of((named,))
        if _OLD_SITE.search(subject):
            place = Place(carry.last_name, "landmark", carry.last_words) if carry.last_name else place
        else:
            carry.last_name, carry.last_words = name, words
        if draft.action == "unspecified" and "strengthen" in front.kinds and member.acts:
            draft.action = "upgrade"
        site = replace(draft, kind="site", name=name, count=1, unit=None, at_least=False, rule="name")
        yield site.told(kind=words, name=words, count=words).at(place)

    def _moved_to(self, scene: _Scene, member: Member) -> Place | None:
        """Return where a facility is moved: 某中学整体搬迁至某新城."""
        match = _MOVED_TO.match(scene.shown[member.noun.end : member.limit])
        if match is None:
            return None
        at = member.noun.end
        return self._area.place(match[1])._replace(words=scene.spans(at + match.start(1), at + match.end(1)))

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
            end = noun.end + len(member.name_tail)
            words = scene.spans(end - len(name), end)
            pivot = _PIVOT_WORDS.match(scene.shown, end)
            draft.told(kind=words, name=words, count=words, action=scene.spans(*pivot.span()) if pivot else words)
            if place:
                place = place._replace(words=scene.within(place.name, scene.clause.said(end - len(name), end)))
            yield draft.at(place)

    def _bracket(self, scene: _Scene, member: Member) -> Iterator[Draft]:
        """Read a list in brackets behind a noun: 幼儿园建设项目（甲幼儿园、乙幼儿园）; 学校28所（小学6所，初中3所）."""
        start, end = member.bracket or (0, 0)
        action = self._action(member)
        kind = action if action in BUILDS else "unspecified"
        mods = scene.clause.said(member.start, member.noun.start)
        place = self._near(scene, _Reading(member, mods, None, None)) or scene.carry.place
        inner = Carry(front=Front((kind,), ("",)), year=scene.carry.year, place=place)
        inner.year_words = scene.carry.year_words
        acted = scene.words_of((*member.front.words, *member.acts)) or scene.spans(member.noun.start, member.noun.end)
        for a, b in split_clauses(scene.shown, start, end):
            for draft in self.read(scene.passage, scene.base + a, scene.base + b, inner, listing=True):
                if draft.action in ("unspecified", "new"):
                    draft.action = action
                    draft.told(action=acted)
                elif not any(draft.verbs):
                    draft.told(action=(*acted, *draft.words.get("action", ())))
                if draft.rule == "type":
                    draft.told(kind=acted)
                yield draft if draft.place else draft.at(place)

    # -------------------------------------------------------------- fields

    def _action(self, member: Member) -> str:
        """Tell what is done, from the verbs behind the noun, else from those before it."""
        if member.noun.category == "renovation" or member.pivot:
            return "upgrade"
        front = member.front
        kinds = ["expand" if _BEDS.search(word) else _act_kind(word, self._wording) for word in member.acts]
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

    def _spread(self, subject: str, mods: str, shown: str) -> tuple[str | None, int, int]:
        """Read 全市乡镇…, 全市县级…: a whole area and a level name every unit of it.

        The span of these words is that in `subject` and `mods`, joined.
        """
        before = len(subject)
        match = re.search(
            r"(?:全市|全县|全区|我市|我县|各级|所有|全部|各(?=(?:乡镇|镇|乡|街道)$))([^\d]{0,8})$", subject + mods
        )
        match = match or re.compile(r"(?:全市|全县|所有)([^\d]{0,12})").search(subject + mods, before)
        if match:
            unit = "township" if match[0] in ("各镇", "各乡") else self._wording.unit_at(match[1])
            return unit, *match.span()
        level = re.match(r"县级|乡镇|乡级", mods)
        if level and re.search(r"达到?[^，。]{0,8}(?:标准|等级)", shown):
            return self._wording.unit_at(mods), before, before + level.end()
        return None, 0, 0

    def _units(self, scene: _Scene, reading: _Reading) -> list[tuple[str, tuple[Span, ...]]]:
        """Tell the units of 全覆盖: those named right behind the noun, else by the level words nearest before it."""
        noun = reading.member.noun
        behind = scene.shown[noun.end : noun.end + 24]
        match = re.match(
            r"(?:（[^（）]*）)?(?:在|实现|基本)*([^，。]{0,18}?)(?:实现|基本|达到)?“?(?:全覆盖|100%)", behind
        )
        named: list[tuple[str, tuple[Span, ...]]] = []
        for part in re.finditer("[^、和]+", match[1]) if match else ():
            unit = "village" if part[0] == "农村" else self._wording.unit_at(part[0])
            at = noun.end + match.start(1) + part.start() if match else 0
            if unit:
                named.append((unit, scene.spans(at, at + len(part[0]))))
        if named:
            return named
        subject, mods = reading.subject, reading.mods
        word = scene.clause.said(noun.start, noun.end)
        unit = self._wording.nearest_unit(subject[-14:] + mods)
        if unit:
            return [(unit, scene.joined(len(subject[:-14]), len(subject) + len(mods), subject, mods))]
        unit = self._wording.nearest_unit(noun.word)
        if unit:
            return [(unit, scene.words_of((word,)))]
        if "农村" in subject + mods:
            return [("village", scene.within("农村", subject, mods))]
        if re.search("殡仪馆|医院|特殊教育|光荣院|公墓|骨灰", noun.word):
            return [("county", scene.words_of((word,)))]
        return [("township", scene.within("基层", subject, mods))] if "基层" in subject + mods else []

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
            body = self._place_of(body) if index == len(spans) - 1 and index else body
            fit = self._fits(body, final, reading, parts=len(spans))
            if fit == "name":
                body = body.partition("等")[0]
            if not fit:
                return [], False
            titled = titled or fit == "title"
            body = body.partition("等")[0] if fit == "title" else body
            at = shown.find(body, start)
            names.append((body, at, at + len(body)))
        return (names, titled) if len(names) > 1 or relaxed else ([], False)

    def _place_of(self, body: str) -> str:
        """Cut a last item to its place where another noun stands between (丙 in 丙体育中心主|体育场)."""
        match = self._area.places.match(body)
        behind = body[match.end() :] if match else ""
        return match[0] if match and any(token.category for token in self._wording.tokens(behind)) else body

    def _group_end(self, body: str, reading: _Reading) -> str:
        """Cut what sums up a list of places from its last item: 丙 in 丙等7个县级."""
        counted = reading.quantity
        if counted and counted is not reading.member.behind and counted.end <= len(reading.mods):
            return re.sub("(?:等|各|各自|分别|均|共)$", "", reading.mods[: counted.start])
        named = self._area.like(body) and not re.search(r"[\d一二两三四五六七八九十]个?|等|乡镇$", body)
        return body if named or self._area.known(body) else _GROUP_END.sub("", body)

    def _fits(self, body: str, final: str, reading: _Reading, *, parts: int) -> str | None:
        """Tell what an item before a shared noun is: a ``place``, a ``title`` that begins with one, or a ``name``."""
        area, category = self._area, reading.member.noun.category
        if area.placeable(body):
            return "place"
        if area.places.match(body) and "等" in final and len(body.partition("等")[0]) <= 8:
            return "title"
        residue = self._wording.residue(body)
        if category == "renovation" or (category in _SHARED_HEADS and final.endswith("等")):
            plain = len(body) <= 9 and "的" not in final and not re.search(f"的|文化|旅游|{HIDDEN}", body)
            plain = plain and bool(re.search(CJK, body))
            if plain and residue:
                return "name"
        if re.search(_OTHERS, final + reading.member.noun.word) and 2 <= len(body) <= 4 and self._unread(body):
            return "place"
        if not (2 <= len(body) <= 5 and residue and self._unread(body)):
            return None
        counted = reading.quantity is not None and reading.quantity.count == parts
        # 甲、乙、丙乡镇卫生院: the level behind the last of several says what they are; so do 山, 谷, 湖 at their ends.
        level = parts > 1 and len(residue) >= 2
        level = level and bool(_LEVEL_END.search(final) or _OF_LEVEL.match(reading.member.noun.word))
        feature = (
            parts > 1
            and category not in _SHARED_HEADS
            and all(text.removesuffix("等")[-1:] in self._wording.features for text in (body, final))
        )
        # 改造甲、乙等敬老院: short names that no word of plans explains, before a house.
        member = reading.member
        house = final.endswith("等") and len(body) <= 3 and residue == body and bool(_HOUSES.search(member.noun.word))
        house = house and bool(BUILDS & set(member.front.kinds) or member.acts)
        return "place" if (counted and len(body) <= 4) or level or feature or house else None

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
        if general or not promised or (member.pending and "等" in body) or re.search("[两三四]级", name):
            return False
        if self._one_of_a_kind(reading, body) or (promised and self._of_own_level(reading, name)):
            return True
        built = member.acts or scene.listing or (front.explicit and set(front.kinds) & BUILDS)
        if built and (_ORDINAL.match(name) or _PHASE.search(member.name_tail)):
            return True
        keeps = member.acts and set(member.acts) <= _PRESERVES
        if name == word or (member.noun.category == "heritage_tourism" and not scene.listing and keeps):
            return False
        if official:
            merged = front.explicit and set(front.words) <= {"整合"}
            said = scene.listing or member.acts or member.project or (front.explicit and front.kinds[-1] != "foster")
            return bool(said) and not merged
        return not (region and _PLURAL.search(word)) and self._proper(scene, reading, body)

    def _of_own_level(self, reading: _Reading, name: str) -> bool:
        """Tell whether 市级 or 县级 names the one facility of the plan's own area (建设区级应急物资储备库)."""
        level = _OWN_LEVEL.match(name)
        if level is None or _SEVERAL.search(name[2:]) or _PLURAL.search(reading.member.noun.word):
            return False
        front = reading.member.front
        own = self._area.name[-1:] == level[1] or (not self._area.name and level[1] not in "县省")
        made = set(front.kinds) & BUILDS if front.explicit else reading.member.acts
        return own and bool(made or reading.member.acts) and not _RANKED.search("".join(front.words))

    def _proper(self, scene: _Scene, reading: _Reading, body: str) -> bool:
        """Tell whether enough of a name is left when type words are taken away, and a strong verb promises it."""
        front, word = reading.member.front, reading.member.noun.word
        body = re.sub(rf"^{CJK}{{2,3}}省", "", body)
        residue = re.sub(r"[^\u4e00-\u9fff“”A-Za-z]|^[A-Za-z]+$", "", self._wording.residue(body))
        least = 1 if scene.listing and len(body) >= 2 and _SCHOOLS.search(word) else 2
        if len(residue) < least or _FUNCTION.search(body) or (_KINDS_OF.search(word) and not scene.listing):
            return False
        acts = bool(reading.member.acts)
        soft = "foster" in front.kinds and not {self._wording.verb_kind(act) for act in reading.member.acts} & BUILDS
        strong = bool(set(front.kinds) & BUILDS) or (acts and not soft)
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


def _date(drafts: list[Draft], year: int, *, since: int | None, words: tuple[Span, ...]) -> None:
    """Give drafts the year behind them: 甲、乙三项工程于2024年底前投用; …，均于2023年年底前完成."""
    for draft in drafts:
        behind = draft.year is None if since is None else draft.start >= since
        if behind and not draft.dated:
            draft.year = year
            draft.told(year=words)


def _same_unit(total: Draft, quantity: Quantity, body: str) -> bool:
    """Tell whether a number counts what was named before: by its unit, and by a verb where that stands already."""
    if total.rule == "stands" and not _SHARE_VERB.search(body[: quantity.start]):
        return False
    return quantity.unit == total.unit if total.unit else quantity.unit in (*_COUNTERS, "公里")


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
