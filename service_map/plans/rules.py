"""Where a promise holds and how firmly: conditions, shares of units, and words that only allow or encourage.

A pass over the drafts of one passage: it looks at the words before each noun up to the beginning of its sentence.
"""

import re
from collections.abc import Iterator, Sequence

from service_map.plans.area import last
from service_map.plans.detail import begins
from service_map.plans.draft import Draft, act_kinds
from service_map.plans.lexicon import Wording
from service_map.plans.sentences import ACTS, BUILDS

_MAX_CONDITION = 30
_ALLOWS = re.compile(
    r"(?<![许认不均有])可(?:以|视情)?(?=[建设新改转探开增依引利鼓结选配举因根采通])|鼓励|引导|探索|倡导|提倡|有条件的?可"
)
_SHARE = re.compile(
    r"(?P<percent>\d+(?:\.\d+)?)%(?P<more>以上|及以上)?的?|(?P<half>半数|过半数?|一半)(?P<than>以上)?的?|(?P<tenths>[一二三四五六七八九])成(?P<tens>以上|多)?的?|(?P<of>[三四五]分之[一二三四])(?P<most>以上)?的?"
)
_RATIO = re.compile("(?:占比|比例|比重|率)(?:超过|达到?|大于|高于|低于|不足|不低于|为)*$")
_PARTS = {"三": 3, "四": 4, "五": 5, "一": 1, "二": 2}
_RESTRICTS = (
    "以上|以下|超过|不足|尚无|没有|尚未|未建|未设|无|有条件|具备条件|符合条件|能力|缺|较多|较大|较高|较少|集中|达到?|"
    "大于|低于|高于"
)
_MEANS = re.compile("(?:采取|采用|通过)([^，。；]{2,40}?)(?:等|的|多种)*(?:办法|方式|方法|形式|途径)，")
_AREAS = re.compile("平方米|亩|^米$")
_PLAIN_LEAD = re.compile(
    r"^(?:(?:到|在|于)?20\d\d年(?:底|末)?(?:以?前)?|力争|实现|确保|推动|推进|鼓励|支持|引导|对|在|为|全[市县区州省]|各地|原则上|其中|同时|并)++[，：]?"
)


def _concerned(draft: Draft) -> bool:
    """Tell whether an intent's noun is only where, with whom or to whom something is done: 在普通学校…, 与公立医院…."""
    text, at = draft.passage.text, draft.phrase_at
    if at is None or draft.noun_at is None or not at or text[at - 1] not in "在与对由将进向从给让使被":
        return False
    behind = text[draft.noun_at[1] : draft.noun_at[1] + 24]
    return re.match(rf"[^，。；：]{{0,16}}?{ACTS}", behind) is None


class RuleReader:
    """Reads what restricts the promises of one plan.

    Parameters
    ----------
    wording
        The word lists.
    """

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._since = 0
        units = "|".join(sorted(map(re.escape, wording.per_words), key=len, reverse=True))
        units += "|镇|乡"
        self._condition = re.compile(
            rf"(?P<condition>[^，。；：、]{{0,22}}?(?:{_RESTRICTS})[^，。；：、]{{0,12}}?的(?:城市|农村|城镇)?(?P<unit>{units}))(?![级内中里])"
            rf"|(?P<kind>(?:(?:其余|其他|其它)(?:\d+个)?|边境|偏远|山区|重点|人口大|经济强|易地扶贫搬迁安置|民族|贫困|脱贫)(?:的)?(?P<unit2>{units}))(?![级内中里的])"
            rf"|(?<=在)(?P<seat>[^，。；：]{{4,28}}?的(?P<unit3>{units}))(?![级内中里])"
            rf"|(?P<able>[^，。；：、]{{2,14}}(?:有条件|具备条件|条件成熟|有需求)的)(?=，)"
        )
        self._rate = re.compile(
            rf"(?:（[^（）]*）)?(?:在|实现)?(?P<unit>{units})?的?覆盖率?(?:总体|均|全部|要)?(?:达到?|不低于|超过|达|为|提高到|提升[至到])?(?P<percent>\d+(?:\.\d+)?)%(?P<more>以上)?"
        )

    def apply(self, drafts: Sequence[Draft]) -> Iterator[Draft]:
        """Yield the drafts with their conditions and shares; what is only allowed becomes an intent.

        Parameters
        ----------
        drafts
            What was read from one passage.

        Yields
        ------
        Draft
        """
        before = 0
        for draft in drafts:
            if (
                draft.kind != "intent"
                and re.search("器材$", draft.noun or "")
                and draft.unit in ("套", "件", "台", "个", "副")
            ):
                # 安装健身器材80套
                continue
            if draft.kind == "intent" and _concerned(draft):
                continue
            if draft.unit == "间":
                # 增设守灵厅6间: rooms of a house.
                continue
            self._since = before
            before = draft.noun_at[1] if draft.noun_at else before
            if draft.noun_at is not None and draft.passage.role != "record":
                self._one(draft)
            yield draft

    def _one(self, draft: Draft) -> None:
        text = draft.passage.text
        noun = draft.noun_at[0] if draft.noun_at else draft.start
        start = begins(text, min(noun, draft.start), "。；：")
        if start < self._since <= noun and next(self._wording.levels(text[self._since : noun]), None):
            start = self._since
        if draft.kind == "quota" and start < self._since <= noun:
            start = self._since
        head = text[start:noun]
        if draft.kind == "coverage" and re.search("(?:设有|配有)(?:至少|不少于)?$", head):
            draft.action = "unspecified"
        if (
            draft.kind == "coverage"
            and re.search("(?:生活|健身|服务)圈", (draft.noun or "") + re.split("[，；]", head)[-1][-14:])
            and draft.count is None
        ):
            draft.kind, draft.per = "intent", None
            return
        means = _MEANS.search(head)
        if means and draft.action == "new" and len({*act_kinds(means[1], self._wording)} & BUILDS) > 1:
            draft.action = "mixed"
            draft.told(action=draft.passage.spans(start + means.start(), start + means.end()))
        _measured(draft)
        self._covered(draft, text)
        self._share(draft, head, start)
        self._where(draft, head, start)
        top = text.find("：", 0, 14)
        if draft.kind == "coverage" and draft.condition is None and 0 < top < noun:
            kind = self._condition.fullmatch(text, 0, top)
            if kind and kind["kind"]:
                draft.condition = text[:top]
                draft.told(condition=draft.passage.spans(0, top))
        clause = begins(text, noun, "。；，：")
        allows = _ALLOWS.search(text, clause, noun)
        if allows is None and draft.condition and draft.condition.endswith("的"):
            allows = _ALLOWS.search(text, start, noun)
        if allows and draft.kind != "intent" and draft.action not in ("cancel", "continue"):
            draft.kind, draft.name, draft.count, draft.at_least, draft.per, draft.share = (
                "intent",
                None,
                None,
                False,
                None,
                None,
            )
            draft.told(kind=draft.passage.spans(*allows.span()))

    def _unit(self, word: str) -> str | None:
        return "township" if word in ("镇", "乡") else self._wording.per_words.get(word)

    def _covered(self, draft: Draft, text: str) -> None:
        """Read 养老服务中心在乡镇（街道）的覆盖率达到60%: a rule for so many of the units."""
        end = draft.noun_at[1] if draft.noun_at else draft.end
        match = self._rate.match(text, end)
        if match is None or draft.kind not in ("intent", "coverage"):
            return
        share = float(match["percent"]) / 100
        per = self._wording.per_words.get(match["unit"] or "") or self._wording.nearest_unit(
            text[max(0, end - 24) : end]
        )
        if per is None or share > 1:
            return
        words = draft.passage.spans(*match.span())
        draft.kind, draft.per, draft.action, draft.count = "coverage", per, "unspecified", None
        draft.share = share if share < 1 else None
        draft.at_least = bool(match["more"])
        draft.told(kind=words, per=words, share=words, at_least=words, action=words)

    def _share(self, draft: Draft, head: str, start: int) -> None:
        match = last(item for item in _SHARE.finditer(head) if not _RATIO.search(head[: item.start()]))
        if match is None and draft.kind == "coverage" and draft.noun_at:
            # 多功能球场应在七成以上的乡镇各建1个: the units stand behind the noun.
            head, start = draft.passage.text[draft.noun_at[1] : draft.end], draft.noun_at[1]
            match = last(_SHARE.finditer(head))
        if match is None or draft.share is not None:
            return
        behind = re.match("(?:城市|农村|城镇|全市|全县|县级)*+", head[match.end() :])
        unit = self._wording.unit_at(head[match.end() + (behind.end() if behind else 0) :])
        if match["percent"]:
            share, more = float(match["percent"]) / 100, bool(match["more"])
        elif match["tenths"]:
            share, more = "零一二三四五六七八九".index(match["tenths"]) / 10, bool(match["tens"])
        elif match["half"]:
            share, more = 0.5, bool(match["than"]) or match["half"].startswith("过")
        else:
            share, more = round(_PARTS[match["of"][3]] / _PARTS[match["of"][0]], 3), bool(match["most"])
        if unit is None or draft.kind not in ("coverage", "quota", "intent") or not 0 < share < 1:
            return
        words = draft.passage.spans(start + match.start(), start + match.end())
        draft.kind, draft.per, draft.share = "coverage", unit, share
        draft.at_least = draft.at_least or more
        draft.told(share=words, per=words, kind=words, **({"at_least": words} if more else {}))

    def _where(self, draft: Draft, head: str, start: int) -> None:
        if draft.condition is not None or draft.kind not in ("coverage", "quota", "intent"):
            return
        match = last(self._condition.finditer(head))
        if match is None or re.search("，全[市县区]", head[match.end() :]):
            return
        group = next(name for name in ("condition", "kind", "seat", "able") if match[name])
        words, begin = match[group], match.start(group)
        lead = _PLAIN_LEAD.match(words)
        if lead:
            words, begin = words[lead.end() :], begin + lead.end()
        if _SHARE.match(words) or len(words) < 3:
            return
        unit = self._unit(match["unit"] or match["unit2"] or match["unit3"] or "")
        if draft.kind == "quota":
            if unit is None:
                return
            draft.kind, draft.per, draft.place, draft.place_level = "coverage", unit, None, "plan"
        elif (
            draft.kind == "intent"
            and unit
            and group == "condition"
            and re.search(r"，?(?:须|应|要|必须|都要)", head[match.end() :])
        ):
            draft.kind, draft.per = "coverage", unit
        spans = draft.passage.spans(start + begin, start + begin + len(words))
        draft.condition = words[:_MAX_CONDITION]
        draft.told(
            condition=spans,
            **(
                {"per": spans, "kind": spans}
                if draft.kind == "coverage" and unit and not draft.words.get("per")
                else {}
            ),
        )


def _measured(draft: Draft) -> None:
    """Take away a number that measures an area and counts nothing."""
    if draft.count is not None and _AREAS.search(draft.unit or "") and draft.kind in ("coverage", "quota"):
        draft.count, draft.unit, draft.at_least = None, None, False
        draft.told(count=(), unit=(), at_least=())
        if draft.kind == "quota":
            draft.kind, draft.note = "intent", None
