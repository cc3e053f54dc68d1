"""Every closed set of words that records, rules and answers choose from: its codes, and what each is called.

A code is what data holds and what addresses take; a term is how it is called in Chinese and English, short enough for a
list or within a sentence, and where that says too little what the data dictionary says it means. Sets that only one
file can read or write (formats, encodings) stand there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Term:
    """What one code is called.

    Attributes
    ----------
    zh, en
        As a list or a sentence calls it; English without a capital.
    meaning_zh, meaning_en
        As the data dictionary explains it; "" where the name says it all.
    """

    zh: str
    en: str
    meaning_zh: str = ""
    meaning_en: str = ""

    @property
    def words(self) -> tuple[str, str, str, str]:
        """What it was made of, for another set that has it too."""
        return self.zh, self.en, self.meaning_zh, self.meaning_en

    @property
    def pair(self) -> tuple[str, str]:
        """Its names, Chinese first."""
        return self.zh, self.en

    @property
    def meaning(self) -> str:
        """What the data dictionary says: Chinese, a stroke, English."""
        return f"{self.meaning_zh or self.zh} / {self.meaning_en or self.en}"


class Terms(Mapping[str, Term]):
    """One set: its terms by their codes, in the set's own order, which nobody changes.

    Attributes
    ----------
    codes
        The codes alone.
    """

    __slots__ = ("_terms", "codes")

    def __init__(self, terms: Mapping[str, tuple[str, ...]]) -> None:
        """Take for each code what `Term` takes."""
        self._terms = {code: Term(*words) for code, words in terms.items()}
        self.codes = tuple(self._terms)

    def __getitem__(self, code: str) -> Term:
        """Give a term."""
        return self._terms[code]

    def __iter__(self) -> Iterator[str]:
        """Give the codes."""
        return iter(self._terms)

    def __len__(self) -> int:
        """Count the terms."""
        return len(self._terms)

    def meanings(self) -> dict[str, str]:
        """Give each code with what it means, as the data dictionary holds it."""
        return {code: term.meaning for code, term in self.items()}


# --- facilities -------------------------------------------------------------------------------------------------------

STATUS = Terms({
    "existing": ("现有", "existing", "已有"),
    "planned": ("规划提出", "promised", "规划提出，是否建成未核实", "promised; not verified whether built"),
    "under_construction": ("已开工", "under construction"),
    "open": ("已建成", "built"),
    "cancelled": ("已取消", "cancelled", "取消"),
    "not_built": ("核实未建", "verified not built", "有人核实，没有建", "somebody verified that it is not built"),
})  # fmt: skip
"""What is said of a facility: that it stands, that a plan promises it, or what somebody reported of a promise."""

REPORTED = tuple(code for code in STATUS if code != "existing")
"""What may be reported of a promise; ``planned`` says that nobody knows more than the plan."""

VERIFIED = tuple(code for code in REPORTED if code != "planned")
"""What a report with a source may say has become of a promise."""

STATE = Terms({
    "existing": STATUS["existing"].words,
    "not_due": ("未到期", "not yet due"),
    "overdue": ("期满未核实", "overdue, not verified", "期满未核实：是否建成，没有人核实",
                "overdue, not verified: nobody has said whether it is built"),
    "undated": ("没有期限", "no time stated", "列为规划，没有说到哪一年", "listed as planned, without a year"),
    **{code: STATUS[code].words for code in VERIFIED},
})  # fmt: skip
"""In which state a promise is on a day: what was verified by then, else whether it was due."""

UNVERIFIED = ("not_due", "overdue", "undated")
"""States of which nobody has said more than the plan: what `STATUS` calls ``planned``."""

PROMISED_AS = Terms({
    "facility": ("设施", "facilities", "点名或分到的设施，按处", "facilities that plans name or allot, by places"),
    "quota": ("数量承诺", "quotas", "数量承诺，按其数量", "quotas, by their numbers"),
})  # fmt: skip
"""What figures of progress count."""

DUE_BASIS = Terms({
    "stated": ("规划写明", "stated by the plan"),
    "term": ("规划期末", "end of the plan's term"),
})  # fmt: skip
"""Whence the year is by whose end a promise is due."""

IN_PLACE = ("existing", "open")
"""States of what stands already."""

AHEAD = ("planned", "under_construction", "not_built")
"""States of what may yet stand."""

PRECISION = Terms({
    "site": ("知道具体地点", "place known", "具体地点", "the site itself"),
    "street": ("约在这条路一带", "somewhere along this street", "街道或道路", "street"),
    "village": ("约在此村（社区）范围", "somewhere in this village or community", "村或社区", "village"),
    "township": ("约在此镇（街道）范围", "somewhere in this township", "乡镇", "township"),
    "county": ("约在此县（市、区）范围", "somewhere in this county", "县区", "county"),
    "city": ("约在此市范围", "somewhere in this city", "市", "city"),
})  # fmt: skip
"""What a facility's point stands for, surest first."""

EXACT = PRECISION.codes[:3]
"""Precisions whose point stands for the place itself."""

PLACED = PRECISION.codes[:4]
"""Precisions whose point is near the place."""

WIDE = PRECISION.codes[4:]
"""Precisions whose point is a seat of government and not a place."""

ACTION = Terms({
    "new": ("新建", "new building", "新建", "build"),
    "expand": ("改扩建", "rebuilding or extension", "改扩建", "expand"),
    "relocate": ("迁建", "relocation", "迁建", "relocate"),
    "upgrade": ("改造提升", "upgrade"),
    "continue": ("续建", "going on with building", "续建", "continue"),
    "cancel": ("取消建设", "no longer to be built", "取消建设", "cancelled"),
    "mixed": ("新建和改扩建", "new building and extension", "新建与改扩建", "build and expand"),
    "unspecified": ("建设（没有说新建还是改造）", "construction (new or upgrade is not said)", "未说明", "not said"),
})  # fmt: skip
"""What is to be done."""

BASIS = Terms(
    {
        "site": ("单个设施", "one facility"),
        "allotment": ("分到各地的数量", "a number for each of several places"),
        "record": ("资料所列", "listed by a record", "资料所列，不是规划所承诺", "a record that lists it, not a plan"),
    }
)
"""What puts a facility on the map."""

REASON = Terms(
    {
        "merged": ("与另一处是同一设施", "is the same as another"),
        "rule": ("是对每个县区等的要求，不是一处设施", "is a requirement of every county or the like, and no facility"),
        "quota": ("是一项数量承诺，不是一处设施", "is a number promised to an area, and no facility"),
        "intent": ("只是意向，不是一处设施", "is an intention only, and no facility"),
        "dropped": ("规划文本不再支持", "no plan's text promises it"),
    }
)
"""Why an id stands no more."""

RELEASE_CHANGE = Terms({
    "added": ("新增", "added"),
    "retired": ("不再列出", "retired"),
    "moved": ("位置变了", "moved"),
    "status": ("状态变了", "state changed"),
    "year": ("到期年份变了", "due year changed"),
    "count": ("数量变了", "number changed"),
})  # fmt: skip
"""What a release of the data changes of one thing."""

DATUM = Terms({
    "WGS84": ("WGS 84（GPS）", "WGS 84 (GPS)"),
    "CGCS2000": ("CGCS 2000（天地图）", "CGCS 2000 (Tianditu)"),
    "GCJ02": ("GCJ-02（高德、腾讯地图）", "GCJ-02 (Amap, Tencent)"),
    "BD09": ("BD-09（百度地图）", "BD-09 (Baidu)"),
})  # fmt: skip
"""What coordinates are in."""

# --- plans ------------------------------------------------------------------------------------------------------------

KIND = Terms({
    "site": ("具体设施", "named facility", "单个设施", "one facility"),
    "allotment": ("分到各地的数量", "number for each place", "分到各地的数量", "a number for each of several places"),
    "quota": ("只有总数", "total only", "总数", "a number for the whole area"),
    "coverage": ("覆盖要求", "rule for every unit", "对每个县区等的要求", "a rule for every county or the like"),
    "intent": ("意向", "intent", "建设意向", "an intention"),
})  # fmt: skip
"""What sort of promise a commitment is."""

PLAN_KIND = Terms({
    "plan": ("规划", "plan", "印发的规划", "an adopted plan"),
    "draft": ("草案", "draft", "草案（征求意见稿等），没有正式印发，不改变已印发的规划",
              "a draft for comment, not adopted; it overrides no adopted plan"),
    "yearly": ("年度项目清单", "yearly list", "年度重点项目、民生实事等，落实规划中当年的部分",
               "a list of the works of a year, which carries out a part of a plan"),
})  # fmt: skip
"""What weight a plan document has."""

CHANGE = Terms({
    "carried": ("延续", "carried over", "再次提出，数量和写明的年份没有变",
                "promised again, with the same number and stated year"),
    "changed": ("有变", "changed", "再次提出，数量、年份、容量或做法变了",
                "promised again, with another number, year, capacity or action"),
    "cancelled": ("取消", "cancelled", "写明不再建设", "no longer to be built, by its words"),
    "new": ("新增", "new", "前一规划没有的", "not in the plan before"),
    "silent": ("没有再提", "silent", "没有再提，原来的承诺仍然算数", "not named again; the earlier promise stands"),
    "doubtful": ("存疑", "doubtful", "说不清是不是前一规划的哪一项，人工核对前不另列一项",
                 "perhaps one of the plan before; until somebody decides it is listed as no promise of its own"),
})  # fmt: skip
"""What a plan does with a promise of the plan that it follows."""

DIFFERS = Terms({
    "count": ("数量", "number"),
    "capacity": ("容量", "capacity"),
    "year": ("年份", "year"),
    "action": ("建设方式", "action"),
    "place": ("地点", "place"),
})  # fmt: skip
"""In what a promise of two plans differs."""

PROMISE_SORT = Terms({
    "facility": ("设施", "facility"),
    "requirement": ("普遍要求", "requirement"),
    "quota": ("数量承诺", "quota"),
    "intent": ("意向", "intention"),
})  # fmt: skip
"""What sort of thing is promised."""

BINDING = Terms({
    "binding": ("约束性", "binding"),
    "expected": ("预期性", "expected"),
})  # fmt: skip
"""Whether a plan's indicator must be reached or is expected to be."""

MEASURE = Terms({
    "facilities": ("设施数", "facilities"),
    "places": ("床位、学位等", "beds or places"),
})  # fmt: skip
"""What a plan's figure of what stands counts."""

TARGET_BOUND = Terms({
    "at_least": ("不低于", "at least"),
    "at_most": ("不超过", "at most"),
})  # fmt: skip
"""How the target of an indicator bounds what is measured."""

FORM = Terms({
    "table": ("指标表", "table of indicators"),
    "sentence": ("正文", "sentence of the text"),
})  # fmt: skip
"""Where a plan gives an indicator."""

MAPPED = ("site", "allotment")
"""Kinds of commitment that put facilities on the map; those have a `BASIS` of the same name."""

PLACE_LEVEL = Terms(
    {
        "plan": ("规划范围", "the plan's area"),
        "county": ("县级", "county"),
        "township": ("乡级", "township"),
        "village_or_street": ("村或街道以下", "village or street"),
        "landmark": ("地标", "landmark"),
    }
)
"""Of what level the place is that a commitment names."""

PER = Terms({
    "county": ("县（市、区）", "county", "每个县（市、区）", "every county"),
    "district": ("区", "district", "每个区", "every district"),
    "city": ("市", "city", "每个市", "every city"),
    "township": ("乡镇（街道）", "township", "每个乡镇（街道）", "every township"),
    "community": ("社区", "community", "每个社区", "every community"),
    "village": ("村", "village", "每个村", "every village"),
    "residential_compound": ("小区", "residential compound", "每个小区", "every residential compound"),
    "school": ("学校", "school", "每所学校", "every school"),
    "kindergarten": ("幼儿园", "kindergarten", "每所幼儿园", "every kindergarten"),
    "park": ("公园", "park", "每个公园", "every park"),
    "enterprise": ("园区", "industrial park", "每个园区", "every industrial park"),
})  # fmt: skip
"""Of what a requirement asks something of every one."""

PROMISE_STATE = Terms({
    "kept": ("已有", "kept", "这里已有同类设施", "a facility of its kind stands there"),
    "promised": ("有点名或分到的", "promised by name", "规划在这里点名或分到了同类设施",
                 "a plan promises a facility of its kind there, by name or by number"),
    "unknown": ("不清楚", "not known", "没有记录能说明", "no record tells"),
})  # fmt: skip
"""What is known of a requirement in one of its units."""

DOUBT = Terms({
    "place_unresolved": (
        "规划所写的地点认不出，按规划的整个范围列",
        "the place that the plan names is not known; told of the plan's whole area",
    ),
    "units_unlisted": (
        "这一级的名单没有收录，只列出所在的行政区",
        "no list of such units is on record; only the area that holds them is listed",
    ),
    "units_partly": (
        "乡镇只列出地名表收录的，不是全部",
        "of the townships only those in the table of places are listed, not all",
    ),
    "no_boundary": ("其中有的没有界线", "some of its units have no known boundary"),
    "condition_untold": (
        "规划限定的条件无从核对，哪些地方适用不清楚",
        "the plan's condition cannot be checked, so where it holds is not known",
    ),
    "share_open": ("规划只要求其中一部分，没有说是哪些", "the plan asks it of some of them and does not say which"),
    "every_year": ("这是每年的数量", "this is the number of each year"),
    "parts_exceed": ("分项之和超过总数，规划自身不一致", "its parts exceed it: the plan contradicts itself"),
    "named_exceed": ("点名的多于总数，规划自身不一致", "more are named than it counts: the plan contradicts itself"),
    "named_shared": (
        "同一范围还有别的同类数量承诺，点名的算在哪一项，规划没有说",
        "the area has other numbers of this kind, and the plan does not say to which of them those named belong",
    ),
    "named_unsure": (
        "规划还点名了同类设施，是否算在内没有说",
        "the plan names others of the kind and does not say whether they belong to it",
    ),
    "not_countable": ("数量不是按处计的，不能减去点名的", "it counts no facilities; those named cannot be taken off"),
    "within_whole": ("点名的算在总数里，不再分到各分项", "those named are counted with the whole, not with parts"),
})  # fmt: skip
"""What cannot be told of a requirement or a quota, and why."""

UNIT_EN = MappingProxyType({
    "公里": "km",
    "千米": "km",
    "平方米": "m²",
    "万平方米": "× 10,000 m²",
    "亩": "mu",
    "张": "beds",
    "套": "homes",
    "托位": "nursery places",
    "学位": "school places",
    "床位": "beds",
})  # fmt: skip
"""English of the units that plans count by; others stand as they are."""

MEASURE_WORDS = frozenset("所个座处家片块条项户")
"""Words by which Chinese counts things: where English names the thing, they add nothing."""

# --- areas ------------------------------------------------------------------------------------------------------------

LEVEL = Terms(
    {
        "province": ("省", "province"),
        "city": ("市", "city"),
        "county": ("县区", "county"),
        "township": ("乡镇", "township"),
    }
)
"""Of an area."""

# --- rules ------------------------------------------------------------------------------------------------------------

RULE_LEVEL = Terms(
    {
        "15": ("15 分钟生活圈", "15-minute life circle"),
        "10": ("10 分钟生活圈", "10-minute life circle"),
        "5": ("5 分钟生活圈", "5-minute life circle"),
        "block": ("居住街坊", "street block"),
        "city": ("全市", "whole city"),
        "county": ("全县", "whole county"),
        "none": ("不分级", "no level"),
    }
)
"""Life-circle levels in minutes, the street block, the whole city or county, or no level."""

POINT_LEVELS = ("15", "10", "5", "none")
"""Levels that can be judged at a point; a share of a whole city cannot."""

MODE = Terms(
    {
        "walk": ("步行", "on foot"),
        "walk_or_cycle": ("步行或骑行", "on foot or by bicycle"),
        "distance": ("按距离", "by distance"),
        "vehicle": ("车辆", "by vehicle"),
        "none": ("无从判断", "nothing to judge by"),
    }
)
"""How the way is covered: ``distance`` where only metres are given, ``none`` where there is nothing to judge by."""

JUDGED = ("walk", "walk_or_cycle", "distance")
"""Modes of rules that are judged for somebody on foot."""

SCOPE = Terms({"all": ("城乡", "all"), "urban": ("城镇", "urban"), "rural": ("农村", "rural")})
"""Whom a rule is meant for."""

RULE_STATUS = Terms(
    {
        "in_force": ("现行", "in force"),
        "draft": ("征求意见稿", "draft"),
        "superseded": ("已被取代", "superseded"),
    }
)
"""Whether a clause is in force."""

CONFIDENCE = Terms(
    {
        "text": ("读过条文", "the clause was read"),
        "quoted": ("条文逐字引用", "the clause is quoted word for word"),
        "secondary": ("他人转述", "told by others"),
        "memory": ("凭记忆", "remembered"),
    }
)
"""How a figure is known, surest first."""

FORCE = Terms(
    {
        "mandatory": ("强制性条文", "mandatory"),
        "should": ("应", "should"),
        "advisory": ("建议性条款", "advisory"),
    }
)
"""How binding a clause is by its own words: mandatory (强制性条文), 应, or 宜."""

RULE_MEASURED_FROM = Terms(
    {
        "edge": ("边界", "edge"),
        "entrance": ("出入口", "entrance"),
        "centre": ("中心", "centre"),
        "unstated": ("未注明", "not stated"),
    }
)
"""Where a clause measures from."""

DENOMINATOR = Terms(
    {
        "residential_land": ("居住用地", "residential land"),
        "communities": ("居住小区", "residential communities"),
        "people": ("人口", "people"),
        "unstated": ("未注明", "not stated"),
    }
)
"""What a covered share is a share of."""

# --- answers ----------------------------------------------------------------------------------------------------------

RECORD = Terms({
    "complete": ("已收全", "complete", "现有设施已收全", "every existing facility is on record"),
    "partial": ("没有说收全", "not stated to be complete", "没有说收全，只是在册的",
                "some are on record, not stated to be all"),
    "none": ("没有收录", "nothing on record", "一处也没有收录", "none is on record"),
})  # fmt: skip
"""收录是否齐全: whether what exists is all on record."""

VERDICT = Terms(
    {
        "met": ("满足", "met"),
        "met_if_built": ("建成后满足", "met if built"),
        "not_met": ("不满足", "not met"),
        "cannot_say": ("无法判断", "cannot say"),
    }
)
"""What a check of a point says of a rule, best first."""

BOUND = Terms(
    {
        "certain": ("一定", "surely"),
        "located": ("按点位", "as located"),
        "possible": ("可能", "possibly"),
    }
)
"""Which of the three figures that an imprecise location leaves: the least, that of the points, the most."""

ZONE = Terms(
    {
        "certain": ("一定已覆盖", "certainly covered"),
        "uncertain": ("位置不准，说不定", "uncertain"),
        "gap": ("都未覆盖", "reached by none"),
    }
)
"""What a piece of land is to those on record."""

HORIZON = Terms(
    {
        "existing": ("现有", "what stands"),
        "by_year": ("到某年年底", "by the end of a year"),
        "promised": ("全部承诺", "everything promised"),
    }
)
"""Which facilities a figure counts."""

METHOD = Terms(
    {
        "straight_line": ("直线距离", "straight line"),
        "detour": ("直线距离乘绕行系数", "straight line times a detour factor"),
        "network": ("路网", "network of ways"),
    }
)
"""How a distance was measured."""

MEASURED_FROM = Terms({"edge": ("边界或线路", "edge or line"), "point": ("点位", "point")})
"""Where a distance to a facility was measured from."""

CUT_BY = Terms(
    {
        "township": ("按乡镇切开", "cut by township"),
        "community": ("按最近的在册居住小区切开", "cut by the nearest residential community on record"),
        "cell": ("按六边形格子切开", "cut by hexagons"),
    }
)
"""By what a gap is cut into pieces."""

PROFILE = Terms(
    {
        "adult": ("成年人", "adult"),
        "elderly": ("老年人", "elderly"),
        "child": ("儿童，有人陪", "child with carer"),
    }
)
"""Whose pace a walk is measured by."""

ROLE = Terms(
    {
        "demand": ("人口", "people"),
        "place": ("候选点", "candidate place"),
        "facility": ("自己的设施", "facility of one's own"),
    }
)
"""What a feature of a caller's body stands for."""
