"""The structure of a clause: which verb governs a facility's noun, which list it stands in, and what stands behind it.

A clause is split at its list marks; each stretch has at most one governing verb and one facility noun. Nouns that
share a verb make a list, and what stands behind the last of them (…建设项目) may belong to all.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Self

from service_map.plans.area import PlanArea, last
from service_map.plans.lexicon import CJK, HIDDEN, Quantity, Token, Wording

MAX_SENTENCE = 1000
"""A run of text without a full stop is cut here, so that no clause grows without bound: plans write up to 600."""

ACTS = (
    # Atomic: 开工建设 is one act or two, and a run of such acts would be tried in every way that it can be cut.
    "(?>(?:同步|滚动|有序|陆续|分批)(?:推进|实施)|(?:补位|补点|提速|攻坚|统一|集中)建设|"
    "(?:择址|另址|异地|易地|原址|易址|迁址|选址|移址|合址|同址|就地|就近|原地|异址|拆旧)(?:新建|另建|迁建|重建|改建|扩建|搬迁|建设)|"
    "投入使用|投入运营|投入运行|建成使用|建成投用|建成运营|建成招生|建成开学|建成投运|挂牌运营|正式运营|招生开学|交付使用|"
    "(?:主体|主体工程)?(?:封顶|竣工|完工)|(?:全面|破土|正式|进场)(?:开工|动工|施工)|(?:启动|开展|加快)前期(?:工作)?|奠基|[东西南北]扩|提标(?!扩能|改造|升级)|"
    "(?:做到)?应[建配设]尽[建配设]|合建|提标扩能|提标改造|开工建设|收尾|交付|投运|贯通|布设|布点|挂牌|翻新|新添|新铺|扩园|扩班|扩面|"
    "继续建设|结转续建|不再(?:建设|新建|实施)|停建|停止建设|取消建设|缓建|暂[停缓]建设|终止建设|改（扩、翻）建|改扩建|建成|新建|改建|扩建|迁建|重建|翻建|筹建|配建|续建|复建|另建|迁址|建设|修建|改造|提升|提质|升级|提档|修缮|修复|"
    "维修|整修|翻修|加固|搬迁|易址|更新|整治|保护|传承|利用|改线|布局|达标|扩容|增容|优化|"
    "(?:正在|抓紧|加紧)(?:建设|施工)|(?:异地|合址|共址|就近)?联建|"
    "(?:列入|纳入)[\u4e00-\u9fff]{0,6}?(?:重点项目|项目库|建设项目|建设计划|新建计划|改造计划|实施计划|重点工程)|"
    "建成通航|建成通车|通航|通车|"
    "(?:完善|改善|优化)[\u4e00-\u9fff]{1,8}?(?:条件|设施|环境|功能)|"
    "开工|动工|复工|施工|竣工|完工|落成|落地|投用|投入使用|建成使用|启用|开园|开馆|开业|开办|开诊|封顶)"
)
"""Verbs that stand behind a noun as its act: 敬老院改造提升, 公墓建设."""
_ACT = re.compile(ACTS)
BUILDS = frozenset({"new", "expand", "relocate", "upgrade", "mixed", "continue", "cancel"})
"""Kinds of verb that promise a building by themselves."""

_VERB_BEFORE = re.compile(rf"({ACTS})[、和或及]$")
_SENTENCE_END = "。！？；"
_FILLED = re.compile(
    r"由[^，。；：（）的]{2,40}(?:组成|构成|举办|运营)的|"
    r"(?:集|融|涵盖|包括|包含|具有|具备|富有|提供|以)[^，。；：（）的]{2,60}的(?=[\u4e00-\u9fff])|"
    r"(?<=[\d一两][所个座处家])[^，。；：（）]{2,40}?(?:为主|一体|相结合|为核心|为特色)的"
)
_TITLES = re.compile(
    r"《[^《》]*》|“[一二两三四五六七八][馆场院园][^“”（）]{0,6}”(?!（)|“一[县乡镇村区市街]一[^“”]{1,3}”|“[^“”]*”(?=工程|行动|计划|活动|专项|目标|要求|政策|模式|品牌)"
)
_NICKED = re.compile(
    r"(?P<nick>(?:“[^“”]{2,10}”|[一二两三四五六七八九十]+[馆场院园池站][^（），。；]{0,6})（)(?P<items>[^（）、]*+、[^（）]*+)）"
)
"""A nickname of several facilities and their list: “三馆一场”（文化馆、图书馆、博物馆、体育场）."""
_FROM_HERE = re.compile("(?<=[院馆校园站心所墓])[由从](?:现址|原址|旧址|老(?:院|校|馆)区)(?=整?体?(?:搬迁|迁))")
_ADDRESS = re.compile(
    r"(?:(?:^|(?<=[\u4e00-\u9fff）]))(?<!分别)(?:选址|位于|坐落于|坐落在|地处)(?:于|在)?(?!新建|建设|重建|扩建|迁建|另建|方案|工作)|^(?:紧邻|毗邻|临近|邻近))[^，。；：（）的]{2,40}"
)
"""Where something stands: a facility in these words is only what it stands beside."""
_SUMMED = re.compile(r"(?<=[馆院园校站心场])“[一二两三四五六七八][^“”、，]{1,5}”")
_BRACKET = re.compile(r"（([^（）]*)）")
_SUMS_UP = re.compile(
    r"(?:（[^（）]*）)?(?:分园|分院|分校|[一二三]期|建设|改造)?(?:项目|工程)?等|"
    r"(?:\d+|[一二两三四五六七八九十]+)[所个家座处](?:[\u4e00-\u9fff]{0,8})$"
)
_COVERS = re.compile(
    r"(?:（[^（）]*）)?(?P<between>[^，。；]{0,24}?)(?:(?:建设)?(?:全部|全面|均|都)(?:建成)?达标|全覆盖|“全覆盖|100%覆盖|全部覆盖|覆盖率(?:达到?|为)?100%)"
)
_COVERS_ELSE = re.compile("设置|服务|管理|培训|接入|政策|网络|保障|补助|后勤|教育")
_AS = re.compile(r"(?:等)?为(?:依托|基础|骨干|主体|载体|龙头|牵引|主|重点|核心|支撑|平台|单位|网底|保障|中心)")
_PIVOT = re.compile(r"(?:等)?(?:保护开发|建设|改造)?为(?:重点|核心)")
_DUE = (
    r"(?:计划|力争|确保|预计|拟)?(?:于|在|到)?20\d\d年(?:[春夏秋冬]季|[上下]半年|\d+月)?(?:年?底|年?末|初)?(?:以?前)?"
    r"(?:全部|全面|正式|建成)?"
)
_BETWEEN = re.compile(
    rf"(?>{ACTS}|[\u4e00-\u9fff]{{1,3}}化(?={ACTS})|{HIDDEN}|新（[改扩迁、]+）建|改（[扩、]+）建|供应|项目|工程|房源|房屋|校舍|业务用房|用房|总数|数量|建设|新建|建成|改造|住房|小区|服务|保护|增加|场地|发展|每年|年均|新增|增设|增建|布点|再建|总里程|总长度|总长|长度|里程|数量|床位|累计|规模|力争|确保|计划|全市|全县|全区|还要|再|另|拟)*(?:总数|总量)?"
    r"(?:[由从]\d+[所个座处家条块张]?(?:增加|增|扩大|扩|发展|提高|整合|调整|优化)(?:至|到|为)|突破|达到|增加到|增至|加密至|扩大到|发展到|达|为|约|不少于|不低于|至少|应不少于|控制在|共|总计|合计|各|均)*(?:约|近|超过|超|逾|将近|大约)?[“”≥>]?=?"
)
_IN_TURN = re.compile(
    rf"(?:（[^（）]*）)?(?:分别|依次)(?>{ACTS}|新增|增加|达到?|为|各|约|不少于|力争|确保)*"
    r"(?P<numbers>(?:[\d一二三四五六七八九十百]++[所个处家座块片条](?:以上)?[、和与及]?){2,})"
)
_MORE = re.compile("新增|增设|增加(?!到|至)|增建|新设|添置|再建")
_NUMBER_IN_BRACKET = re.compile(r"（(?:共|约|计划|新建|规划)*(\d+(?:[所处家座片块条个]|公里))(?=[，、）])")
_UP_TO_UNIT = re.compile(
    rf"(?:（[^（）]*）)?(?>{_DUE}|建设|新建|布局|布点|配置|配建|设置|按照?|实现|原则上|做到|达到|确保|要|以|“)*"
)
_SPANS_ALL = re.compile("(?:实现|基本|要|将|均|力争)*覆盖(?:到|至)?")
_UP_TO_NUMBER = re.compile(r"(?>≥|至少|不少于|不低于|原则上|均|要|应|建设|新建|建成|建有|建|设置|配建|办好|有|约)*")
_PARTS = (
    "(?:大楼|业务用房|实验楼|综合楼|病区|(?:[门急]诊|住院|医技|康复|教学|实训|宿舍|公寓|信息|病房|业务|教研|科教|实验|传染|养护|发热)"
    "[\u4e00-\u9fff]{0,2}?楼)"
)
_ROOMS = "(?:楼|设备|设施|炉|床位|大厅|院落|管网|厨房|厂房|场地|器材|厅|车间|校舍|病房|病区|宿舍|食堂|操场|馆舍|用房)"
_BECOMES = re.compile(
    "建设[^，。、]{0,6}(?:高水平|一流|应用型|研究型|示范)|(?:改造|改建|改扩建|提升|转型|升格|改设|转|改|调整|建设|打造)(?:成为|为|成)|办成"
)
_AFTER_ACTS = re.compile(
    r"^(?:(?:并|且|后)?(?:投入|交付|正式|全面|对外)*(?:使用|运营|招生|开放|启用|投用)|完成|到位|至|到|往|入|列入|纳入|[一二三四五六七八九十两\d]+(?:个|项|大)(?:重点)?(?:项目|工程)|[\u4e00-\u9fff]{0,6}?(?:楼|车间|校舍|病房|病区|宿舍|食堂|操场|馆舍|用房)$|面积|后|等|及|中|和|与|任务|取得|顺利|有序|全部|全面|基本|持续|加快|深入|扎实|步伐|进度|工作|力度|投资|选址)+.*"
)
_WHOLE = re.compile(
    r"(?:试点)?(?:项目|工程)|[至到][\u4e00-\u9fff]{2,10}$|主体(?:工程|结构|建设)?|[一二三四五六七八九十两\d]+(?:大|个|项)(?![^，。]{0,8}(?:集团|体系|平台|行动|机制|活动))|纳入|各?\d|进行|投|并(?:投|启|开|交付|正式|挂牌|通过)|落地|竣工|按期|作为|施工"
)
_QUALITY = re.compile(r"(?:等)?[^，。、]{0,8}(?:质量|水平|能力|竞争力|队伍|管理|服务|制度|机制|改革|特色学科|专业)")
_ADJUNCTS = re.compile(
    rf"(?:（[^（）]*）)?{CJK}{{0,4}}?(?:(?P<origin>由{CJK}{{2,8}}?)(?=(?:整体)?(?:搬迁|迁建|迁)(?:至|到))|(?P<merged>[与和同][^，。；、]{{2,14}}?(?:整合|合并|合址|联合)后?)(?={CJK}{{0,4}}?(?:{ACTS}))|"
    rf"(?P<norm>按照?[^，。；]{{2,24}}?(?:标准|要求|规格|规模))(?={CJK}{{0,4}}?(?:{ACTS}))|"
    r"(?:完成|实施|进行|开展|启动)(?P<object>[\u4e00-\u9fff、]{1,14}?)(?=改造|提升|修缮|加固|更新|整修|升级|扩建)|"
    r"(?P<manner>[\u4e00-\u9fff]{2,6}?)(?=(?:改造|修缮|翻修|扩建|改扩建|重建|迁建)(?:$|[，。；、])))"
)
"""What stands between a noun and its act and is not read: 妇幼保健院与计生站整合后新建, 图书馆完成无障碍改造."""
_LATER = re.compile(
    rf"(?P<between>(?:{CJK}|\d|、|-|{HIDDEN}){{1,24}}?)(?P<acts>(?:{ACTS})+)(?:任务|工程|项目|工作|完成|到位|并?投用|并?投入使用)?"
)
_NOT_THE_PLACE = re.compile(
    r"信息|系统|平台|数字|智慧|资源|专科|学科|队伍|人才|制度|机制|能力|体系|服务|管理|文化|品牌|质量|作风|课程|专业|教学|科研|内涵|集团|联盟|"
    r"联合体|共同体|模式|水平|网络|技术|标准(?!化)|规划|方案|政策|流程|氛围|形象|特色|等级|为|的|在|与|和|由|向|从|把|将|被|让|使|对|等"
)
"""Between a noun and a verb these say that the verb is about something else (县医院学科建设)."""
_MEASURED = re.compile(r"参照|对照|比照|按照?|根据|鼓励|支持|引导")
_FITTINGS = re.compile(
    r"^(?:(?:服务|基础|配套|硬件|消防|生活|无障碍)设施(?:设备)?(?:建设)?(?:水平|能力|条件)?|(?:办学|基础|硬件|就医|训练|教学|医疗)(?:条件|环境)|(?:[\u4e00-\u9fff]{2,4})?(?:设备|炉具|器材|装备))(?=$|[、，])"
)
_PUT_INTO = re.compile(
    r"(?:纳入|列入|作为)[^，。]{0,24}?(?:规划|计划|体系|预算|考核|内容|任务|范围|议程|日程|清单|重点|抓手|政府)(?!.{0,6}(?:改造|新建))"
)
_BRANCHES = frozenset({"医院", "学校"})
_ROOM_LIST = re.compile(
    rf"({CJK}{{1,6}}(?:[、和与及]{CJK}{{1,6}}?){{1,4}})(?=(?:进行|实施|开展|予以|加以)(?:全面|综合|系统|整体)?(?:{ACTS})|(?:改造|改造提升|修缮|更新)(?:工程|项目)?$)"
)
"""Parts of a house in a list, of which something is done: 体育场|看台、跑道|进行改造."""
_PART_LIST = re.compile(
    rf"(?P<parts>(?:完成|实施|启动|推进|开展|进行){CJK}{{1,8}}(?:[、和与及]{CJK}{{1,8}}?){{1,4}})(?=(?:维修|改造|提升|修缮|更新|加固|扩建|建设)+(?:工程|项目)?$)"
)
_TO_A_NORM = re.compile(
    rf"(?:实验室|院区|馆舍|校区)?(?:全部|全面|均|基本|建成后)?(达到?)(?:{CJK}|[A-Z0-9+]){{2,16}}?(?:水平|标准|等级|要求)(?:以上)?"
)
_MORE_BEDS = re.compile(
    "(?:新增|增设|增加|扩增|扩充|增至|增加至)(?:护理型|养老|住院|普惠|公办)?(?:床位|学位|托位|班额|教学班)[^，。；]{0,4}$"
)
_PART_NOUNS = re.compile("(?:病区|门诊|病房|实验室|运动场|操场|体育馆|图书馆|食堂|餐厅|护理楼|养护楼|康复楼)$")
_TOGETHER = re.compile(r"[^，。；、]{1,10}?(?:共建|合作|签约|结对|共同|携手|联合(?!国)|对接|协作|衔接|互补|共享)")
_NORMS = re.compile(
    rf"(?:达到?|对标|参照|对照|比照|按照?|符合|执行){CJK}{{1,16}}?(?:水平|标准|要求|规格|等级|规范|条件)|对标{CJK}{{2,6}}?(?:医院|学校)"
)
"""What is only measured against: a noun in it names no facility to build (达到三级医院水平, 按幼儿园标准)."""
_TOWN = frozenset(
    {"城区", "县城", "主城区", "中心城区", "老城区", "新城区", "市区", "市级", "县级", "区级", "乡镇", "农村"}
)
_LEADING = "等的年内三五两间期末底前“”将拟项目工程积极大力加快稳步有序重点规划逐年分批期步"


class Said(str):
    """Words of a passage that know where they stand in it; they compare and join as any text."""

    __slots__ = ("at",)
    at: int

    def __new__(cls, text: str, at: int) -> Self:
        """Return `text`, which begins at the character `at` of its passage."""
        said = super().__new__(cls, text)
        said.at = at
        return said


@dataclass(slots=True)
class Front:
    """What governs a list of nouns: the kinds and words of the verbs before it, and the text before them.

    ``explicit`` is False where the verb is carried over from an earlier clause. Words and subject are `Said`, so that
    an explanation can point at them.
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
    behind, total, sum_reached
        The number behind it, whether it is a stock to be reached (达到), and whether what stands is in it (总数达到).
    behind_at
        Where that number, or the unit of `each`, begins in the passage.
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
    put
        把 or 将 stands before it.
    loose
        Something unread stands behind it, so that it can be no name.
    units
        Units of which each gets it (甲、乙全部建成…), as they are named.
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
    sum_reached: bool = False
    covers: bool = False
    rejected: bool = False
    existing: bool = False
    pivot: bool = False
    each: str | None = None
    alike: bool = False
    loose: bool = False
    led: bool = False
    put: bool = False
    glue: str = ""
    name_tail: str = ""
    located: str | None = None
    units: tuple[Said, ...] = ()
    bracket: tuple[int, int] | None = None
    behind_at: tuple[int, int] = (0, 0)

    @property
    def end(self) -> int:
        """Where the words that carry the promise end."""
        return self.noun.end + len(self.name_tail) + (self.behind.end if self.behind else 0)


@dataclass(slots=True)
class Clause:
    """A clause made ready: the text with what is not read hidden, its words, and its lists.

    ``shown`` hides titles and relative clauses; ``masked`` hides what stands in brackets too.
    ``base`` is where the clause begins in its passage.
    """

    shown: str
    masked: str
    tokens: list[Token]
    base: int = 0
    lists: list[list[Member]] = field(default_factory=list)
    front: Front = field(default_factory=Front)

    @property
    def verbs(self) -> list[Token]:
        """The verbs in order."""
        return [token for token in self.tokens if token.verb]

    def said(self, start: int, end: int) -> Said:
        """Return what is shown from `start` up to `end`, knowing where it stands."""
        return Said(self.shown[start:end], self.base + start)

    def words(self, tokens: Iterable[Token]) -> tuple[Said, ...]:
        """Return the words of tokens, knowing where they stand."""
        return tuple(Said(token.word, self.base + token.start) for token in tokens)


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
    units: tuple[Said, ...] = ()
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
            rf"(?:（[^（）]{{0,40}}）)?(?:等(?:(?:一批|系列|多个|\d+个|[一二两三四五六七八九十]+个)?{CJK}{{0,6}}?(?:项目|工程)|))?(?:“?(?:\d+|[一二两三四五六七八九十]+)[大个所座处家项]?(?:场馆|馆|院|校|园|中心|基地|学校|医院|机构|设施)”?)?{HIDDEN}*+(?:{_DUE})?(?:列入{CJK}{{0,6}}?|纳入{CJK}{{0,6}}?)?(?:(?:(?!新建|扩建|改造){CJK}){{1,6}}?{_ROOMS})?(?>{filler}|{HIDDEN})*?(?P<acts>(?:{ACTS})(?:{ACTS})*)"
            r"(?P<project>(?:试点)?(?:工程|项目|任务|计划|工作|行动|力度|步伐|包)*)"
        )
        tails = "|".join(map(re.escape, wording.name_tail))
        self._name_tail = re.compile(
            rf"(?>{tails})++(?!{CJK}?楼)|{CJK}{{1,4}}(?:院区|校区|分院|分校|分园|分馆)(?:[一二三四]期)?|(?:(?!新建|扩建|改造|建设|完善|改善|提升|加强|新增|增设|设置|建成|完成|启动|实施|推进){CJK}){{0,6}}?{_PARTS}"
        )
        self._located = re.compile(rf"在({CJK}{{2,10}}?)的(?=(?:{ACTS}))")

    def open(self, text: str, base: int = 0) -> Clause:
        """Hide what is not read in a clause that begins at `base` of its passage, and find its words."""
        shown = _NICKED.sub(_unwrap, text)
        for pattern in (_TITLES, _SUMMED, _FROM_HERE, _FILLED, _ADDRESS):
            shown = pattern.sub(_blank, shown)
        masked = _BRACKET.sub(lambda match: _bracket_mask(match, shown), shown)
        brackets = [match.span() for match in _BRACKET.finditer(masked)]
        tokens = [
            token
            for token in self._wording.tokens(masked, self._area.hidden)
            if not any(a < token.start and token.end < b for a, b in brackets)
        ]
        norms = [match.span() for match in _NORMS.finditer(masked)]
        if norms:
            tokens = [token for token in tokens if not any(a <= token.start and token.end <= b for a, b in norms)]
        hidden = [span for token in tokens if token.category and (span := self._adjunct(masked, token.end, token.word))]
        if hidden:
            for start, end in hidden:
                shown = shown[:start] + HIDDEN * (end - start) + shown[end:]
                masked = masked[:start] + HIDDEN * (end - start) + masked[end:]
            tokens = [token for token in tokens if not any(a <= token.start < b for a, b in hidden)]
        return Clause(shown, masked, tokens, base)

    def _adjunct(self, masked: str, end: int, word: str) -> tuple[int, int] | None:
        """Return the span behind a noun that only says by what norm, with what or of which part; None without one."""
        rooms = _ROOM_LIST.match(masked, end)
        if rooms and not any(self._wording.tokens(rooms[1])):
            return rooms.span(1)
        parts = _PART_LIST.match(masked, end)
        if parts and self._area.official(masked[:end], word):
            return parts.span("parts")
        match = _ADJUNCTS.match(masked, end)
        if match is None:
            return None
        start, stop = match.span(match.lastgroup or 0)
        keeps = any(token.category for token in self._wording.tokens(masked[end:start]))
        said = match["object"] or match["manner"] or ""
        object_noun = any(token.category or (match["manner"] and token.verb) for token in self._wording.tokens(said))
        object_noun = object_noun or bool(match["manner"] and any(word in said for word in self._wording.reject))
        acts = match["manner"] and any(_ACT.match(masked, at) for at in range(start, stop))
        return None if keeps or object_noun or acts else (start, stop)

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
            self._respective(clause, members)
            _share(members)
        clause.lists = state.lists
        clause.front = state.front if state.explicit else Front()

    def _respective(self, clause: Clause, members: list[Member]) -> None:
        """Read 幼儿园、小学、初中分别新建5所、3所、2所: the numbers behind the list belong to its nouns in turn."""
        end = members[-1].noun.end
        match = _IN_TURN.match(clause.shown, end)
        counts = list(self._wording.quantities(match["numbers"])) if match else []
        if match is None or len(counts) != len(members) or len(members) < 2:
            return
        begin = match.start("numbers")
        act = _ACT.search(clause.shown, end, begin)
        for member, count in zip(members, counts, strict=True):
            # The number stands behind the list, not behind its own noun.
            member.behind = replace(count, start=0, end=0)
            member.behind_at = (clause.base + begin + count.start, clause.base + begin + count.end)
            member.rejected, member.loose = False, False
            if act:
                member.acts = (clause.said(*act.span()),)

    def _take(
        self, clause: Clause, state: _State, stretch: _Stretch, carried: Front, *, item: tuple[int, int], listing: bool
    ) -> bool:
        """Take one stretch into the state; True when the rest of the item is read too."""
        head = stretch.head
        ahead = [token for token in stretch.tokens if token.verb and (head is None or token.end <= head.start)]
        if head is None and ahead and self._only_verbs(clause.masked[stretch.start : stretch.end], ahead):
            # A verb alone: it belongs to the noun behind (新建、改扩建…), or ends the noun before (…新建、迁建).
            if state.current and state.current[-1].acts and not state.hanging:
                state.current[-1].acts += clause.words(ahead)
            else:
                state.hanging.extend(ahead)
            return False
        if self._counts_more(clause, state, stretch, ahead):
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
            subject = "" if state.current else clause.said(state.begin, object_start)
            front = replace(carried, explicit=False, subject=subject)
        member = Member(head, object_start, tuple(state.pending), front, stretch.end, units=state.units)
        member.led = led and bool(BUILDS & set(front.kinds))
        glue = re.search(r"(以及|[、和与及或])$", clause.masked[: item[0]])
        member.glue = glue[1] if glue and stretch.start == item[0] else ""
        self._behind(clause, member)
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
        match = re.match(rf"(?:[省市州区县乡镇]级)?(?:再|另|拟)?(?>{ACTS}|改（扩）建|新（改、扩）建)+", text)
        quantity = next(self._wording.quantities(text), None)
        return bool(match and quantity and quantity.start == match.end() and quantity.end == len(text))

    def _counts_more(self, clause: Clause, state: _State, stretch: _Stretch, ahead: list[Token]) -> bool:
        """Tell whether an item without a noun counts again the list before it, or that behind; neither is read here.

        新建幼儿园28所、改扩建15所 counts the list before; 在甲新建2处、乙新建1处健身中心 that behind.
        """
        text = clause.shown[stretch.start : stretch.end]
        if stretch.head is not None:
            return False
        return (bool(state.current) and self._again(text, ahead)) or self._counts_ahead(text, ahead)

    def _again(self, text: str, verbs: list[Token]) -> bool:
        """Tell whether an item without a noun counts what the noun before it named: for every unit, or by a verb."""
        return self._rules_again(text) or (bool(verbs) and self._counts_again(text))

    def _counts_ahead(self, text: str, verbs: list[Token]) -> bool:
        """Tell whether an item is a place, a verb and a number, and nothing else."""
        quantity = last(self._wording.quantities(text)) if verbs else None
        lead = re.match(rf"在?({CJK}{{2,8}}?)(?:{ACTS})+$", text[: quantity.start]) if quantity else None
        if (
            quantity
            and quantity.end == len(text)
            and re.fullmatch(rf"20\d\d年(?>完成|{ACTS})+", text[: quantity.start])
        ):
            # 2022年完成3个、2023年完成5个养老服务中心
            return True
        if not lead or not quantity or quantity.end != len(text):
            return False
        return lead[1] in _TOWN or self._area.placeable(lead[1])

    def _rules_again(self, text: str) -> bool:
        """Tell whether an item without a noun gives each unit a number: 助餐点城市社区全覆盖、每3个行政村不少于1个."""
        level = next(self._wording.levels(text), None)
        quantity = next(self._wording.quantities(text[level.end :]), None) if level and level.start == 0 else None
        return bool(
            level
            and quantity
            and level.end + quantity.end == len(text)
            and _UP_TO_NUMBER.fullmatch(text[level.end : level.end + quantity.start])
        )

    @staticmethod
    def _only_verbs(text: str, verbs: list[Token]) -> bool:
        rest = re.sub("|".join(re.escape(token.word) for token in verbs), "", text)
        rest = re.sub("[全我本][市县区州省旗]|累计|新增|继续|每年|年均|计划|再|共", "", rest)
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
        kinds, said = tuple(token.verb.kind for token in words if token.verb), clause.words(words)
        joined = _VERB_BEFORE.search(clause.masked[: words[0].start])
        kind = self._wording.verb_kind(joined[1]) if joined else None
        if joined and kind in BUILDS:
            # 某城区新建、改扩建幼儿园18所
            kinds, said = (kind or "", *kinds), (clause.said(*joined.span(1)), *said)
        state.front = Front(
            kinds,
            said,
            clause.said(state.begin, words[0].start),
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
            nouns = [*(member.noun for member in state.current), head]
            units: dict[str | None, Said] = {}
            for noun in nouns:
                units.setdefault(self._wording.unit_at(noun.word), clause.said(noun.start, noun.end))
            state.units = tuple(word for unit, word in units.items() if unit)
            state.current = []
        elif re.match(r"[把将]", clause.masked[stretch.start : head.start].lstrip("以")) and not state.current:
            # 把甲建成乙: the subject is what is raised.
            verb = next(iter(clause.words(token for token in clause.verbs if token.start >= head.end)), head.word)
            front = replace(state.front, kinds=("upgrade",), words=(verb,), explicit=True)
            acts = (Said("提升", verb.at),) if isinstance(verb, Said) else ("提升",)
            state.lists.append([Member(head, stretch.start, (), front, head.end, acts=acts)])
        elif _BECOMES.match(clause.masked, stretch.end):
            # 推动甲院改造为乙中心: what is raised is the subject.
            verb = next(iter(clause.words(token for token in clause.verbs if token.start >= head.end)), head.word)
            if isinstance(verb, Said):
                acts = (Said("提升", verb.at),)
                raised = Member(head, object_start, tuple(state.pending), state.front, head.end, acts=acts)
                state.lists.append([*(replace(member, acts=acts) for member in state.current), raised])
                state.current = []
        elif re.match(r"(?:整体)?(?:搬迁|迁建|迁入|迁)(?:至|到|入|往)?", clause.masked[stretch.end :]):
            front = replace(state.front, explicit=bool(state.front.kinds))
            acts = (Said("搬迁", clause.base + stretch.end),)
            moved = Member(head, object_start, tuple(state.pending), front, stretch.end, acts=acts)
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

    def _behind(self, clause: Clause, member: Member) -> None:
        """Read what stands behind a noun: acts, a number, full coverage, a bracket, or a word that rejects it."""
        shown = clause.shown
        # “暖心驿站”建设: the closing mark belongs to the noun.
        quoted = int(shown[member.noun.end : member.noun.end + 1] == "”")
        tail = shown[member.noun.end + quoted : member.limit]
        rest = shown[member.noun.end + quoted :]
        extra = self._name_tail.match(tail)
        if extra:
            member.name_tail = extra[0]
            tail = tail[extra.end() :]
        located = self._located.match(tail)
        if located:
            member.located = located[1]
            tail = tail[located.end() :]
        at = member.limit - len(tail)
        self._acts_behind(clause, member, tail, at)
        plain = re.sub(r"^（[^（）]*）", "", tail)
        self._count_behind(clause, member, tail, at)
        if member.behind is None:
            self._each_behind(tail, member, at=clause.base + at)
        covered = _COVERS.match(rest)
        member.covers = member.covers or bool(covered and not _COVERS_ELSE.search(covered["between"]))
        member.existing = bool(_AS.match(plain))
        member.pivot = bool(_PIVOT.match(plain))
        self._judge(member, plain)
        bracket = re.match(r"(?:[^（），、]{0,14})（([^（）]*)）", rest)
        if bracket and self._is_list(bracket[1]) and not _NUMBER_IN_BRACKET.match(tail):
            at = member.noun.end + quoted
            member.bracket = (at + bracket.start(1), at + bracket.end(1))

    def _acts_behind(self, clause: Clause, member: Member, tail: str, at: int) -> None:
        """Read what is done, said behind a noun; ``at`` is where the tail begins in the clause."""
        match = self._tail.match(tail)
        counts = next(self._wording.quantities(tail[match.end() : match.end() + 12]), None) if match else None
        counted = counts is not None and counts.start == 0
        if match and (match["project"] or counted or not re.match(CJK, _AFTER_ACTS.sub("", tail[match.end() :])[:1])):
            begin = at + match.start("acts")
            acts = re.finditer(ACTS, match["acts"])
            member.acts = tuple(clause.said(begin + act.start(), begin + act.end()) for act in acts)
            member.project = bool(match["project"])
        if not member.acts and not (member.front.explicit and set(member.front.kinds) - {"push", "keep"}):
            self._acts_later(clause, member, tail)
        member.project = member.project or tail.startswith(("项目", "工程"))
        boxed = re.match(rf"（({ACTS})(?=[，、；）])|{HIDDEN}*(迁)(?=至|到|往)", tail) if not member.acts else None
        if boxed:
            # 县第五小学（新建，36班）; 县殡仪馆由城区迁至青山镇
            span = boxed.span(boxed.lastindex or 0)
            member.acts = (clause.said(at + span[0], at + span[1]),)
        if member.noun.word in self._wording.acting and not member.acts:
            # 独立建园: the word says itself that it is built.
            member.acts = (clause.said(member.noun.start, member.noun.end),)
        member.put = bool(re.search("[把将]", clause.masked[: member.noun.start][-24:]))
        if member.put and _PUT_INTO.search(clause.shown[member.noun.end :]):
            # 把健身设施建设纳入年度计划: a matter of planning, no building.
            member.acts, member.rejected = (), True

    def _count_behind(self, clause: Clause, member: Member, tail: str, at: int) -> None:
        """Read the number behind a noun, or the one that a bracket behind it begins with."""
        quantity = self._number_behind(tail)
        if quantity and tail[quantity.end : quantity.end + 1] != "一":
            before = re.sub(r"^（[^（）]*）", "", tail[: quantity.start])
            tasks = quantity.unit in ("项", "个") and re.match(rf"{CJK}{{0,4}}?(?:工程|项目)", tail[quantity.end :])
            beds = _MORE_BEDS.search(before) if quantity.unit in ("张", "个") else None
            if beds and not member.acts:
                # 光荣院新增床位60张: the house grows; the number is not of houses.
                begin = at + len(tail[: quantity.start]) - len(before) + beds.start()
                member.acts = (clause.said(begin, begin + len(beds[0])),)
            elif _BETWEEN.fullmatch(before) and not tasks:
                member.behind = quantity
                member.alike = "各" in before or "均" in before
                member.sum_reached = bool(
                    re.search("总[数量]|增至|增加[到至]|扩大到|发展到|加密至", before)
                ) and not re.search("新增|新建|配建", before)
                member.total = bool(re.search("达|总数|增至|增加[到至]|扩大到|发展到|提高到", before))
                more = _MORE.search(tail[: quantity.start]) if not member.acts else None
                member.acts = (clause.said(at + more.start(), at + more.end()),) if more else member.acts
        boxed = _NUMBER_IN_BRACKET.match(tail)
        if member.behind is None and boxed and (inner := next(self._wording.quantities(boxed[1]), None)):
            member.behind = replace(inner, start=boxed.start(1), end=boxed.end(1))
        if member.behind:
            base = clause.base + at
            member.behind_at = (base + member.behind.start, base + member.behind.end)

    def _acts_later(self, clause: Clause, member: Member, tail: str) -> None:
        """Read what is done where other words stand between it and the noun: 县妇幼保健院启动达标改造."""
        match = _LATER.fullmatch(tail)
        reached = _TO_A_NORM.fullmatch(tail)
        if reached:
            at = member.limit - len(tail)
            member.acts = (clause.said(at + reached.start(1), at + reached.end(1)),)
            return
        if match is None or _NOT_THE_PLACE.search(match["between"]):
            return
        mods = clause.masked[member.start : member.noun.start]
        if any(token.category for token in self._wording.tokens(match["between"])) or _MEASURED.search(mods):
            return
        at = member.limit - len(tail) + match.start("acts")
        member.acts = tuple(clause.said(at + act.start(), at + act.end()) for act in re.finditer(ACTS, match["acts"]))

    def _number_behind(self, tail: str) -> Quantity | None:
        """Return the first number behind a noun, the second of two that say from where it rises (由2处增至5处)."""
        found = self._wording.quantities(tail[:28])
        first = next(found, None)
        if first and tail[: first.start].endswith(("由", "从")):
            return next(found, first)
        return first

    def _each_behind(self, tail: str, member: Member, *, at: int) -> None:
        """Read 公墓每县（市）1处以上 and 敬老院实现一镇一所: the unit stands behind the noun."""
        level = next(self._wording.levels(tail[:32]), None)
        if level is None or not (
            _UP_TO_UNIT.fullmatch(tail[: level.start]) or _SPANS_ALL.fullmatch(tail[: level.start])
        ):
            return
        rest = tail[level.end : level.end + 20]
        quantity = next(self._wording.quantities(rest), None)
        if quantity and _UP_TO_NUMBER.fullmatch(rest[: quantity.start]):
            least = quantity.at_least or bool(re.search("至少|不少于|不低于", rest[: quantity.start]))
            end = level.end + quantity.end
            member.behind = replace(quantity, start=level.end + quantity.start, end=end, at_least=least)
            member.each = level.per
            member.behind_at = (at + level.start, at + end)
        elif not rest and (tail[level.start : level.end].endswith("有") or _SPANS_ALL.fullmatch(tail[: level.start])):
            # 殡仪馆实现县县有; 体育公园覆盖全部县区
            member.each, member.covers = level.per, True
            member.behind_at = (at + level.start, at + level.end)
        elif level.count:
            member.behind = Quantity(level.start, level.end, level.count, None, at_least=False, yearly=False)
            member.each = level.per
            member.behind_at = (at + level.start, at + level.end)

    def _judge(self, member: Member, plain: str) -> None:
        """Tell whether what stands behind a noun leaves it a facility, or only a loose mention of one."""
        if member.acts or member.behind:
            return
        rest = _FITTINGS.sub("", plain.removeprefix("等"))
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
            doer = verb.verb.kind in ("new", "foster", "strengthen", "keep") and verb.word not in ("落户", "落地")
            member.rejected = not member.covers if doer else member.rejected

    def _is_list(self, content: str) -> bool:
        return (
            len(content) > 6
            and bool(re.search(r"[、，]|\d+所", content))
            and not content.startswith(("含", "包括", "其中", "不含"))
            and not content.endswith(("合一", "合建", "一体", "功能", "共建"))
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


def _unwrap(match: re.Match[str]) -> str:
    return HIDDEN * len(match["nick"]) + match["items"] + HIDDEN


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
            if match[0] in "与和" and _TOGETHER.match(masked, match.end()):
                continue
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
    first, beyond = (bisect_left(clause.tokens, at, key=attrgetter("start")) for at in (start, end))
    inside = [token for token in clause.tokens[first:beyond] if token.end <= end]
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
    joined = len(nouns) > 1 and nouns[-2].end == nouns[-1].start and bool(_PART_NOUNS.search(nouns[-1].word))
    if joined and re.search("[院校馆]$", nouns[-2].word):
        return Noun(nouns[-2].start, nouns[-1].end, nouns[-2].category or "", nouns[-2].word + nouns[-1].word)
    if len(nouns) > 1 and nouns[-1].word in _BRANCHES and 0 < nouns[-1].start - nouns[-2].end <= 4:
        main, branch = nouns[-2:]
        if main.word.endswith(branch.word) and not any(main.end <= token.start < branch.start for token in tokens):
            # 某中医院新区医院: a branch is of the kind of its main house.
            return Noun(branch.start, branch.end, main.category or "", branch.word)
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
            member.behind, member.behind_at = replace(final.behind, start=0, end=0), final.behind_at
    for index in range(len(members) - 2, -1, -1):
        member, following = members[index], members[index + 1]
        joined = following.glue in ("和", "与", "及", "以及")
        # 完成甲、乙改扩建和丙新建: what is done to 乙 is done to 甲 too.
        pushed = member.front.explicit and set(member.front.kinds) == {"push"}
        joined = joined or (following.glue == "、" and pushed)
        if following.acts and not member.acts and not member.behind and joined:
            member.acts = following.acts
    for member in others:
        plain = not (member.acts or member.behind or member.covers)
        member.loose = member.loose or (final.loose and plain)
        member.rejected = member.rejected or (final.rejected and plain)
        member.covers = member.covers or final.covers
