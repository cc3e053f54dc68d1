"""What a sentence is made of: facility nouns, verbs, numbers with units, times, places, units of rules, small words.

Every character of the sentence is in one mark. A mark is made once, by the longest word that fits, and never unmade:
what it belongs to is told by the bindings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service_map.plans.area import PlanArea
from service_map.plans.lexicon import CJK, Level, Quantity, Token, Verb, Wording, number, years
from service_map.plans.where import BESIDE

SEPARATORS = {
    **dict.fromkeys("、／·", "list"), **dict.fromkeys("：】|", "colon"), **dict.fromkeys("。！？", "stop"),
    **dict.fromkeys("“”【", "quote"), **dict.fromkeys("《》", "title"), "，": "comma", "；": "semi", "（": "open",
    "）": "close",
}  # fmt: skip
_TIME = re.compile(
    r"(?:截至|截止|力争|确保|计划|预计|争取)?(?:到|至|于|在|从|自)?(?:20\d\d年?[-至到])?20\d\d年"
    r"(?:春季|夏季|秋季|冬季|上半年|下半年|\d{1,2}月|国庆|元旦|春节|五一|汛期|入冬|冬季?供暖|暑期)?(?:开学|学期)?(?:年?底|年?末|初)?(?:以?前|之前|内|起|度|期间)?|"
    r"(?:到|在|至)?“?十[四五六](?:个)?五”?(?:规划)?(?:时期|期间|规划期|期末|末|期)(?:末|内)?"
)
_MONTH = re.compile(
    r"(?<!\d)(?:\d{1,2}|[一两二三四五六七八十])年(?:累计|内|间)?(?=[\u4e00-\u9fff])|(?:于|到|至|在)?(?:\d{1,2}月(?:\d{1,2}日)?|[上下]半年)(?:底|末|初|中旬)?(?:以?前|之前)?(?=[\u4e00-\u9fff，。；])"
)
_SIDES = re.compile("(?:\\d{1,2}|[五七八十一]{1,2})人制(?=\\d)")
"""Of a field that an earlier word names: 足球场地：7人制2片."""
_SIZE = re.compile(r"(?P<n>\d+|[一二两三四五六七八九十]+)个?(?:教学|平行|标准|小)?班(?![次车级子])(?:规模|制)?")
_LISTS_IN = re.compile(
    "(?:列入|纳入)[\u4e00-\u9fff]{0,6}?(?:重点项目|项目库|建设项目|建设计划|新建计划|实施计划|重点工程|布点|规划)"
)
_RAISED = re.compile("(?:列入|纳入)[\u4e00-\u9fff]{0,6}?改造计划")
_MOVES = re.compile("迁(?=[至到往])")
_FROM_NUMBER = re.compile(
    r"[由从](?:现有?的?|原来?的?)?\d+[所个处家座](?=[^，。；]{0,8}(?:增|调|整合|合并|撤并|扩|提|发展))"
)
_MADE_OF = re.compile("由(?=[^，。；]{2,60}(?:组成|构成)(?:$|[，。；]))")
_TEAM = re.compile("(?:第)?[〇○零一二三四五六七八九\\d]{1,4}(?:团|师|连)(?![体级市])")
_FROM = re.compile("[由从][\u4e00-\u9fff]{2,8}?(?=(?:整体|异地)?(?:搬迁|迁))")
_NORM = re.compile(
    rf"(?:达到?|对标|参照|对照|比照|按照?|符合|执行){CJK}{{1,16}}?(?:水平|标准|要求|规格|等级|规范|条件)(?!化)|对标{CJK}{{2,6}}?(?:医院|学校)"
)
"""What is only measured against: a noun in it names no facility to build."""
_NICKNAME = re.compile("“[一二两三四五六七八][馆场院园带校心区][^“”（）]{0,6}”(?=项目|工程|建设|，|：|（|。|$)")
"""Several facilities in one word (“三馆一场”), which the words behind it name."""
_QUOTED = re.compile("“[^“”]{1,30}”")
"""A number in such words without a facility's noun (“三个课堂”, “一核两带”) counts nothing outside them."""
_FILLED = re.compile(
    r"由[^，。；：（）的]{2,40}(?:组成|构成|举办|运营)的|"
    r"(?:(?<!密)集|融|涵盖|包括|包含|具有|具备|富有|提供|以)(?:(?!项目|工程)[^，。；：（）的]){2,90}的(?=[\u4e00-\u9fff])|"
    r"(?<=[\d一两][所个座处家])[^，。；：（）]{2,40}?(?:为主|一体|相结合|为核心|为特色)的|"
    r"(?<=[\d一二两三四五六七八九十][所个座处家])[\u4e00-\u9fff]{2,8}(?:、(?!具[有备])[\u4e00-\u9fff]{2,10})+的(?=[\u4e00-\u9fff])"
)
"""A relative clause that only describes."""
_QUOTED_AREA = re.compile("(?:“[^“”]{1,12}”[、和]?)+等?(?:片区|流域|地区|区域|沿线)")
_ZONES = re.compile(
    "(?:经济技术|高新技术产业|高新|经济)?(?:开发区)|高新区|经开区|示范区|度假区|(?:市|县|区)本级|(?:市|县|区)(?:属|直)|(?:中心|主|老|新|建成|市|县)?城区|县城|城关(?!镇)|市区|市辖区"
)
TIERS = re.compile(
    r"(?:国家|省|市|区|县|旗|乡|镇|街|村|社区|镇街|乡镇|街道|乡镇街道|村居|苏木|苏木乡镇|嘎查|州|盟|师|团)级|乡镇|农村|城镇|乡村|城市"
)
SEATS = (
    "位于",
    "建在",
    "设在",
    "建于",
    "设于",
    "坐落于",
    "坐落在",
    "地处",
    "分布于",
    "分布在",
    "布局于",
    "布局在",
    "布设于",
    "布设在",
)
_BEFORE_ACT = frozenset("建设要应能有开达办实配完新改须需可将")
"""Characters with which it goes on where 都 is a word of its own."""
_AMOUNT = re.compile("[\\d一二两三四五六七八九十百约到标]")
_GROUP = re.compile(
    r"(?:\d{1,3}|[两二三四五六七八九十]{1,2})个?(?:县（市、区）|县（区）|县（市）|县区|县市|县|区|市|乡镇|镇街|镇|乡|街道|村|社区|苏木镇|地|片区|团场|团)(?![级城])|[一二三四五六七八九十]是"
)
_OF_GROUP = re.compile(
    "县（市、区）|县（区）|县（市）|县区|县市|(?:县|区|市|乡镇|镇街|镇|乡|街道|村|社区)(?=两馆|两|[一二三]馆)"
)
"""What sums up a list of places (三县), or numbers a point (二是): it names none."""
_FORM = re.compile(
    rf"{CJK}{{1,6}}?(?:自治县|开发区|高新区|经开区|示范区|度假区|新区|新城|片区|组团|园区|街道|苏木|嘎查|社区|小区|林场|农场|办事处|[县区市旗镇村]|乡(?!镇))(?![级域内属直])"
)


_PATTERNS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile("《[^《》]*》"), "title", ""),
    (_LISTS_IN, "verb", "new"),
    (_RAISED, "verb", "upgrade"),
    (_MOVES, "verb", "relocate"),
    (_FROM_NUMBER, "adverb", ""),
    (_FROM, "adverb", ""),
    (_NICKNAME, "adverb", ""),
    (_MONTH, "adverb", ""),
    (_SIDES, "adverb", ""),
    (_MADE_OF, "lead", ""),
    (_TEAM, "place", ""),
    (_QUOTED_AREA, "place", ""),
    (_NORM, "norm", ""),
    (_FILLED, "filled", ""),
)
"""What these find is marked so, with the kind of verb that it stands for."""
_ORDER = {
    **dict.fromkeys(("title", "norm", "size", "filled", "time"), 0), **dict.fromkeys(("adverb", "lead", "unit"), 1),
    "number": 2, "noun": 3, "place": 3, "verb": 4,
}  # fmt: skip
"""Of marks that begin at one place the first of these is made."""


@dataclass(slots=True)
class Mark:
    """A span of a passage, what it is, and its value.

    Attributes
    ----------
    start, end
        The span in the passage.
    kind
        ``noun``, ``verb``, ``number``, ``time``, ``place``, ``tier``, ``unit``, ``word``, the name of a separator, or
        that of a small word (``lead``, ``each``, ``turn``, ``etc``, ``sum``, ``join``, ``adverb``, ``of``).
    text
        The words.
    token, quantity, level, year
        What a noun or verb, a number, a unit or a time holds.
    inner
        Of a ``box``: the marks in the bracket.
    """

    start: int
    end: int
    kind: str
    text: str
    token: Token | None = None
    quantity: Quantity | None = None
    level: Level | None = None
    year: int | None = None
    inner: "list[Mark] | None" = None
    size: int | float | None = None


class Marker:
    """Marks the sentences of one plan.

    Parameters
    ----------
    wording
        The word lists.
    area
        The places of the plan.
    """

    def __init__(self, wording: Wording, area: PlanArea) -> None:
        self._wording = wording
        self._area = area

    def marks(self, text: str, start: int, end: int) -> list[Mark]:
        """Mark a sentence.

        Parameters
        ----------
        text
            The passage.
        start, end
            Where the sentence stands in it.

        Returns
        -------
        list of Mark
            In order, without gaps; a bracket and what is in it is one ``box``.
        """
        flat: list[Mark] = []
        at = start
        for mark in self._words(text, start, end):
            if mark.start < at:
                continue
            flat.extend(self._gap(text, at, mark.start))
            flat.append(mark)
            at = mark.end
        flat.extend(self._gap(text, at, end))
        return _boxed(flat)

    def _words(self, text: str, start: int, end: int) -> list[Mark]:
        """Find what the word lists and the small grammars know, the longest first where two begin at one place."""
        part = text[start:end]
        found: list[Mark] = []
        named = list(years(part))
        for match in _TIME.finditer(part):
            year = next((value for at, value in reversed(named) if match.start() <= at < match.end()), None)
            found.append(Mark(start + match.start(), start + match.end(), "time", match[0], year=year))
        for pattern, kind, verb in _PATTERNS:
            for match in pattern.finditer(part):
                token = Token(match.start(), match.end(), match[0], None, Verb(match[0], verb)) if verb else None
                found.append(Mark(start + match.start(), start + match.end(), kind, match[0], token=token))
        found.extend(
            Mark(start + match.start(), start + match.end(), "size", match[0], size=number(match["n"]))
            for match in _SIZE.finditer(part)
        )
        tokens = list(self._wording.tokens(part, self._area.hidden))
        segments = [(match.start(), match[0]) for match in re.finditer("[^，。；：！？]+", part)]
        for level in (
            Level(at + level.start, at + level.end, level.per, level.count)
            for at, words in segments
            for level in self._wording.levels(words)
        ):
            if re.match("各[建设配新改]", part[level.start : level.end]):
                continue
            if part.startswith("新建", level.start) and any(
                level.start < token.start <= level.end < token.end and token.category for token in tokens
            ):
                # 新建社区|托育点: the word begins a longer noun.
                continue
            words = part[level.start : level.end]
            found.append(Mark(start + level.start, start + level.end, "unit", words, level=level))
        slogans = [
            match.span()
            for match in _QUOTED.finditer(part)
            if not any(token.category and match.start() < token.start < match.end() for token in tokens)
        ]
        for quantity in self._wording.quantities(part):
            if any(begin < quantity.start < stop for begin, stop in slogans):
                continue
            words = part[quantity.start : quantity.end]
            behind = part[quantity.end :]
            if behind[:1] in "月年" and behind:
                continue
            if (
                quantity.unit == "个"
                and self._wording.unit_at(behind)
                and "级" not in behind[:3]
                and not any(token.start == quantity.end and token.category for token in tokens)
            ):
                word = max(word for word in self._wording.per_words if behind.startswith(word))
                rest = re.sub("^（[^（）]*）", "", behind[len(word) :])
                group = quantity.end + max(len(word) for word in self._wording.per_words if behind.startswith(word))
                if not rest or re.match("[每各均都中应要须建，、；。普实先]|全(?!民)", rest):
                    found.append(Mark(start + quantity.start, start + group, "adverb", part[quantity.start : group]))
                    continue
            found.append(Mark(start + quantity.start, start + quantity.end, "number", words, quantity=quantity))
        for token in tokens:
            kind = "noun" if token.category else "verb"
            found.append(Mark(start + token.start, start + token.end, kind, token.word, token=token))
        for place in self._area.places.finditer(part):
            if place[0].endswith("县") and part.startswith("城", place.end()):
                continue
            stop = place.end()
            if place[0][-1] not in "县区市镇乡村" and re.match("[镇乡县](?![级域内直政])", part[stop : stop + 2]):
                # A list of short names may know 城关, and the text say 城关镇.
                stop += 1
            found.append(Mark(start + place.start(), start + stop, "place", part[place.start() : stop]))
        found.sort(key=lambda mark: (mark.start, _ORDER[mark.kind], -mark.end))
        return found

    def _gap(self, text: str, start: int, end: int) -> Iterator[Mark]:
        """Mark what lies between known words: separators, small words, places by their form, and the rest."""
        at = start
        while at < end:
            char = text[at]
            if char == "-" and text.startswith("--", at):
                stop = at + 2
                while stop < end and text[stop] == "-":
                    stop += 1
                yield Mark(at, stop, "colon", text[at:stop])
                at = stop
                continue
            if char in SEPARATORS:
                yield Mark(at, at + 1, SEPARATORS[char], char)
                at += 1
                continue
            stop = at
            while stop < end and text[stop] not in SEPARATORS and not text.startswith("--", stop):
                stop += 1
            for mark in self._run(text, at, stop):
                yield mark
                stop = max(stop, mark.end)
            at = stop

    def _run(self, text: str, start: int, end: int) -> Iterator[Mark]:
        """Mark a run of characters without separators that no list knows."""
        at = start
        while at < end:
            seat = next((word for word in SEATS if text.startswith(word, at)), "")
            if seat:
                yield Mark(at, at + len(seat), "word", seat)
                at += len(seat)
                continue
            group = _GROUP.match(text, at, end) or (_OF_GROUP.match(text, at) if text[max(at - 1, 0)] == "等" else None)
            if group:
                yield Mark(at, group.end(), "adverb", group[0])
                at = group.end()
                continue
            small = self._small(text, at, end)
            place = self._place(text, at, end)
            if small and place and place.text.startswith(small) and not self._area.known(place.text):
                place = None
            if place and place.end - place.start > len(small):
                yield place
                at = place.end
                continue
            if small:
                yield Mark(at, at + len(small), self._wording.small[small], small)
                at += len(small)
                continue
            # 安和医院: one character that is no level of the administration is no member of a list.
            stop = at + 1 + (text[at + 1 : at + 2] in "和与及" and text[at] not in "市县区乡镇村省州盟旗团师")
            while stop < end and not self._breaks(text, stop, end):
                stop += 1
            if (
                stop == end
                and stop - at <= 4
                and text[stop - 1] in "增建设办改扩"
                and re.match("[\\d一二两三四五六七八九十]", text[stop : stop + 1])
            ):
                # 远期再增3所
                if stop - 1 > at:
                    yield Mark(at, stop - 1, "adverb", text[at : stop - 1])
                word = text[stop - 1]
                verb = Verb(word, {"改": "upgrade", "扩": "expand"}.get(word, "new"))
                yield Mark(stop - 1, stop, "verb", word, token=Token(stop - 1, stop, word, None, verb))
                at = stop
                continue
            yield Mark(at, stop, "word", text[at:stop])
            at = stop

    def _breaks(self, text: str, at: int, end: int) -> bool:
        """Tell whether a small word begins here that no longer word holds."""
        if text.startswith(SEATS, at):
            return True
        small = self._small(text, at, end)
        if not small:
            return bool(_GROUP.match(text, at, end))
        if small in ("的", "等", "各", "以及", "分别", "共计", "合计", "其中"):
            return True
        return len(small) > 1 or at + len(small) == end or small in "和与及或在"

    def _small(self, text: str, at: int, end: int) -> str:
        if text[at] not in self._wording.small_first:
            return ""
        if text[at] == "都" and text[at + 1 : at + 2] not in _BEFORE_ACT:
            return ""
        if text[at] == "达" and not _AMOUNT.match(text, at + 1):
            return ""
        for size in range(min(self._wording.small_longest, end - at), 0, -1):
            word = text[at : at + size]
            if word in self._wording.small:
                if text[at + 1 : at + 2] in self._wording.small_part.get(word, ""):
                    return ""
                if word in ("和", "与", "及") and (
                    (at and text[at - 1] in "（、，；：。") or text[at + 1 : at + 2] in ("、", "，", "）")
                ):
                    return ""
                joined = word in ("和", "与", "及") and text[at + 1 : at + 2] in (
                    "平",
                    "谐",
                    "睦",
                    "顺",
                    "美",
                    "时",
                    "家",
                )
                return "" if joined else word
        return ""

    def _place(self, text: str, at: int, end: int) -> Mark | None:
        tier = TIERS.match(text, at, end)
        if tier:
            return Mark(at, tier.end(), "tier", tier[0])
        zone, form = _ZONES.match(text, at, end), _FORM.match(text, at, end)
        if form and self._names_place(form[0]) and not (zone and zone.end() >= form.end()):
            return Mark(at, form.end(), "place", form[0])
        return Mark(at, zone.end(), "place", zone[0]) if zone else None

    def _names_place(self, words: str) -> bool:
        """Tell whether words of a place's form can be one: they hold no verb and more than words that describe."""
        if words.endswith(("院区", "校区", "馆区", "病区", "库区", "墓区", "灾区", "山区")):
            return False
        if (
            re.search(r"[两二三四五六七八九十\d]个?(?:县|区|镇|乡|街道|村|社区)$", words)
            or words in self._wording.per_words
        ):
            return False
        if words.startswith(SEATS) or re.search("项目|有关|相关", words) or re.match(BESIDE, words):
            return False
        if re.search("[全各每年内]", words[1:-1]) or words in ("自治县", "自治州", "自治区"):
            return False
        if words in self._wording.no_place or words[0] in "各每其本全该在于对将把由向从到至和与及等" or "的" in words:
            return False
        stem = (
            words[:-2]
            if words.endswith(("街道", "社区", "小区", "新区", "新城", "片区", "苏木", "嘎查", "园区", "组团"))
            else words[:-1]
        )
        return bool(stem) and stem not in self._wording.no_stem and bool(self._wording.residue(stem))


def _boxed(marks: list[Mark]) -> list[Mark]:
    """Make one mark of each bracket and what is in it."""
    found: list[Mark] = []
    at = 0
    while at < len(marks):
        mark = marks[at]
        if mark.kind == "open":
            depth, stop = 1, at + 1
            while stop < len(marks) and depth:
                depth += (marks[stop].kind == "open") - (marks[stop].kind == "close")
                stop += 1
            if depth == 0:
                inner = _boxed(marks[at + 1 : stop - 1])
                words = "".join(item.text for item in marks[at:stop])
                found.append(Mark(mark.start, marks[stop - 1].end, "box", words, inner=inner))
                at = stop
                continue
        found.append(mark)
        at += 1
    return found
