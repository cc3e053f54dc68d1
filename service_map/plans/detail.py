"""What is told of a facility beside its number and name: the plan's own noun, its places or beds, where it stands.

Each function reads the words around one noun of a passage and says what they give; nothing here decides whether
something is promised.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service_map.plans.area import PlanArea, last, place_level
from service_map.plans.draft import Draft
from service_map.plans.lexicon import CJK, Wording, number
from service_map.plans.sentences import ACTS
from service_map.plans.where import BESIDE, MAX_LOCALITY, SIDE, SURE_SIDE, Site, is_town, read_site, tells_where

_BREAK = re.compile(
    r"[，。；：！？、\t“”《》【】]|(?<!目)的|(?<![中高初])等(?!职|教|专)|[对将把由向](?!外|阳)|(?<!存|所)在(?:建(?![设成筑立]))?(?!校|职)|与|以及|和(?!谐|睦|平)|及(?!时)|或|每(?!百户)|各(?!级|类)|\d年|期间|[末底]前?|(?<![认作])为(?!老|民)"
)
_LEADS = re.compile(
    r"(?:[省市县区乡镇街村]{2,4}[三四五]级|县级行政区域|全[市县区省州盟旗团]|[我本][市县区州]|累计|计划|拟|再|另|继续|每年|年均|年|约|共|近|一批|若干|各类|各级|至少|不少于|不低于|原则上|均|都|应|要|须|需|力争|确保|"
    r"重点|优先|陆续|逐步|同步|分别|以上|左右|余|多|个(?!体)|所有|全部|其中|原定|原有|现有|独立设置|首批|第一批|并|规划|一个|一所|一处|配套建设|配建)++"
)
_TYPE = re.compile(f"（({CJK}{{2,10}})）")
_LEVELS = re.compile("[市县区乡镇村省旗盟州]|苏木|嘎查|农|城|团场|中心[镇村]|街道|社区")
_ADMIN_HEAD = re.compile(f"({CJK}{{1,5}}?)(?:县(?!城)|区|市|镇|乡|街道|社区|村)")
_GROUPS = re.compile("\\d*个?(?:县（[^（）]*）|县区|县市|县|区|乡镇|街道|镇|乡|村|社区|地)(?!级)")
_TAIL = re.compile(r"（(?:[^（）\d]{1,6})）")
_NO_TAIL = re.compile("[，、]|建|扩|迁|期|镇|乡|村|县|区|侧|路")
_WORK = re.compile("(?:改造|建设|提升|整治|治理|更新)?(?:项目|工程|任务)?$")
_FIGURE = r"(?P<n>[\d.,]+[万千百]?|[一二两三四五六七八九十百千万]+)"
_PLACES = "(?:托位|床位|学位|格位|墓穴|墓位|穴位|病床|托育位|葬位|安葬位)"
_CAPACITIES = (
    re.compile(
        rf"(?P<u>{_PLACES})(?:数|规模)?(?:约|达到?|为|共|各|至|不少于|至少|增加到?|扩大到)*+{_FIGURE}[张个位穴]?"
    ),
    re.compile(rf"{_FIGURE}[张个]?(?:护理型|普惠性?|养老|日托|医疗|住院|公办|机构|骨灰)*+(?P<u>{_PLACES})"),
    re.compile(rf"{_FIGURE}个?(?:教学|平行|标准|小)?(?P<u>班)(?![次车级子])"),
)
_NOT_ITS = re.compile("每千|人均|占比|率|比例|现有|已有|原有|达到?$")
_EACH = re.compile("每[所个家座处]|各(?:设|增|有)?|均(?:为|设)")
_PLACES_ALONE = re.compile(rf"(?:{_PLACES})$")
_ENDS = "。；\n"
_FAR = 200
"""Characters around a noun in which its details are looked for."""
_LOCATED = re.compile(
    r"(?:新(?:馆|院|校|园|址|校区|院区)|项目|[馆院校场园]址)?(?:就在|[布分附]设[在于]|布点[在于]|分布[在于]|(?:[一二两三四五六七八九十\d]+[所个处座](?:[\u4e00-\u9fff]{0,4}))?(?:均|都|分别|全部)?位于|选址(?:定?[在于])?|坐落[在于]|地处|(?:新址|地址|地点)(?:拟?[选定设]?[在于为]|位于)?|拟?建[在于](?!设)|落户[在于]?)"
)
_HEAD = re.compile(rf"【?(?P<place>{CJK}{{2,10}})(?:[（·](?P<inner>[^（）】]{{2,30}})）?)?(?:[：。】]|--)")
_IS_PLACE = re.compile("(?:县|区|市|镇|乡|街道|苏木|社区|村|片区|新区|新城|组团)$")
_SUMMED_THERE = re.compile(
    rf"在(?P<where>[^，。；：“”（）]{{3,28}}?(?:{SURE_SIDE}))(?:集中|统一|统筹|同步|规划)?(?:布置|布局|布设|建设|新建|打造)[^，。；：]{{2,16}}[，：](?:即|包括|分别[是为]|含)"
)
_TOPIC_PLACE = re.compile(
    rf"(?:^|(?<=[，；。：]))(?P<place>(?!全|各|每|本|其|在|对|由|将){CJK}{{2,6}}?(?:组团|片区|新区|新城|城区|园区|街道|[镇岛县]))"
    "(?=以[^，。；]{2,20}为|形成|规划(?!的)|依托|重点|聚焦|围绕|突出)"
)
_PLACE_HEADING = re.compile(
    rf"(?:[（(]?[一二三四五六七八九十\d]{{1,3}}[）)、.．] ?)?(?:(?P<town>镇区|县城|老城区|集镇)|"
    rf"(?P<place>(?!中心|一般|特色|重点|行政|其他|城|农村|全|各|本){CJK}{{2,6}}(?:县|区|镇|乡|街道|苏木|社区|村|片区|新区|新城|组团|岛)))"
)
_ALL_THERE = re.compile(
    r"(?:[^，。；（）]{0,8}项目|[^，。；（）]{0,4}(?:建|落地|实施|改造))?(?:（|，)(?:(?:[二两三四五六七八九十\d]+|以上)?[所个处座项]?[\u4e00-\u9fff]{0,4}(?:均|都|全部)(?:位于|布局在|建在)|(?<=项目，)(?:选址|位于))(?P<where>[^（）。；]{3,40}?)(?=[）。；]|，(?![^，。；（）]{0,12}以)|$)"
)
_WORKS_BETWEEN = re.compile(rf"(?:(?>{ACTS})|项目|工程)*+")
_IDLE = re.compile("闲置|空闲|边角|桥下|空间|资源|地下|城市")
_DOES = (
    "(?=(?>拟|将|要|另|再|各|集中|统一|联合|同步|规划|选址){0,2}"
    "(?:扩|新(?![区城村校址])|改|建|增|布|打造|实施|补|铺|配|设(?!施)|修|落地|辟|兴|添|拟|规划|选址))"
)
_ADDRESSED = re.compile(
    rf"(?:在|于|利用其?|依托|沿)(?P<where>[^，。；：（）其]{{0,28}}?(?:{SIDE}|旧址|原址|(?<=..)(?:小?楼|大院|校舍|厂房?|仓库|砖厂|粮站|苗圃|厂区)))的?{_DOES}"
)
_AT_HEAD = re.compile(rf"(?P<where>(?!利用|在)[^，。；：（）其]{{2,28}}?(?:{SURE_SIDE})){_DOES}")
_EACH_TOWN = re.compile("各(?P<where>县城)")
_SIDE_OF = re.compile(rf"(?P<where>(?!利用|在)[^，。；：（）其]{{2,28}}?(?:{SURE_SIDE}))的$")
_BESIDE = re.compile(f"(?P<where>(?:{BESIDE})[^，。；：（）]{{2,20}}?){_DOES}")
_FORMER = re.compile(
    "(?:利用|盘活|依托|腾[退挪出]|改造|收回|租用)(?P<where>[^，。；：（）]{2,26}(?:旧址|原址|校舍|厂房|地块|空地))$"
)
_IN_TURN = re.compile(rf"，?分别(?:设置|设|新增|提供|配置)?(?P<unit>{_PLACES})(?P<numbers>(?:\d+[张个][、和，]?)+)")
CAPACITY_UNIT = {"病床": "床位", "托育位": "托位", "墓位": "墓穴", "穴位": "墓穴", "葬位": "墓穴", "安葬位": "墓穴"}


@dataclass(frozen=True, slots=True)
class Capacity:
    """Places that a facility has or adds: their number, their word, and where that stands in the passage."""

    number: int | float
    unit: str
    start: int
    end: int


def begins(text: str, at: int, marks: str, *, within: int = _FAR) -> int:
    """Return where the words before a place in a text begin: behind the last of some marks, not too far back."""
    low = max(0, at - within)
    found = max(text.rfind(mark, low, at) for mark in marks)
    return found + 1 if found >= 0 else low


def noun_phrase(text: str, start: int, end: int, *, wording: Wording, area: PlanArea) -> tuple[int, int]:
    """Return the span of the longest phrase that names a type and ends with the noun at ``start`` … ``end``.

    It begins behind the verb, number, place or mark before it (新建|社区嵌入式养老服务设施), and takes in a short
    bracket behind it that goes on with the word (骨灰堂（公墓）).
    """
    low = max(0, start - 30)
    before = text[low:start]
    masked = re.sub(r"（[^（）]*）", lambda match: "■" * len(match[0]), before)
    cut = max((match.end() for match in _BREAK.finditer(masked)), default=0)
    bracket = max(masked.rfind("（"), masked.rfind("）")) + 1
    cut = max(cut, bracket)
    cut = max(
        [
            cut,
            *(
                token.end
                for token in wording.tokens(text[low:end], area.hidden)
                if token.verb and token.end <= start - low
            ),
        ]
    )
    cut = max([cut, *(quantity.end for quantity in wording.quantities(before))])
    cut = max([cut, *(match.end() for match in area.places.finditer(before))])
    cut = max(
        [
            cut,
            *(
                level.end
                for level in wording.levels(before)
                if level.end < len(before) or before[level.start] in "每各" or before.endswith("有")
            ),
        ]
    )
    lead = _LEADS.match(before, cut)
    cut = lead.end() if lead else cut
    group = _GROUPS.match(before, cut) if before[:cut].endswith("等") else None
    cut = group.end() if group else cut
    begin = low + cut
    tail = _TAIL.match(text, end)
    if tail and not _NO_TAIL.search(tail[0]):
        end = tail.end()
    return begin, end


def capacity_of(text: str, begin: int, stop: int, *, several: bool) -> Capacity | None:
    """Return the places that the words between two points of a passage give a facility.

    Of several facilities only those of each (每所12个班) are meant.
    """
    stop = min([stop, begin + _FAR, *(at for mark in _ENDS if (at := text.find(mark, begin, begin + _FAR)) >= 0)])
    window = text[begin:stop]
    found = [
        (match.start(), match)
        for pattern in _CAPACITIES
        for match in pattern.finditer(window)
        if not _NOT_ITS.search(window[max(0, match.start() - 6) : match.start()])
    ]
    for at, match in sorted(found, key=lambda item: (item[1]["u"] == "班", item[0])):
        if several and not _EACH.search(window[max(0, at - 12) : at]):
            continue
        value = number(match["n"])
        if value:
            unit = CAPACITY_UNIT.get(match["u"], match["u"])
            return Capacity(value, unit, begin + at, begin + match.end())
    return None


def address_behind(text: str, end: int, stop: int) -> tuple[int, int] | None:
    """Return the span of the address that a bracket right behind a noun or a clause behind it gives."""
    worked = _WORKS_BETWEEN.match(text, end)
    bracket = re.compile(r"（([^（）]{2,60})）").match(text, worked.end() if worked else end)
    for part in re.finditer("[^，；]+", bracket[1]) if bracket else ():
        lead = re.match("(?:原址|地址|地点|位于|选址)[：为在]?(?=.)", part[0])
        words = part[0][lead.end() :] if lead else part[0]
        at = (bracket.start(1) if bracket else 0) + part.start() + (lead.end() if lead else 0)
        seat = read_site(words)
        if (
            tells_where(words)
            or (
                seat.place_at == 0
                and seat.locality
                and len(words) <= 20
                and not re.search(r"\d|[、的由均建扩改]", words)
            )
            or (lead and seat.place)
            or (seat.place == words and part.start() == 0 and _IS_PLACE.search(words))
        ):
            # Two corners of one address stand with a comma between them.
            whole = bracket[1][part.start() + (lead.end() if lead else 0) :] if bracket else words
            both = re.fullmatch(r"[^，；\d]+，[^，；\d]+", whole)
            return at, at + len(whole if both and all(tells_where(item) for item in whole.split("，")) else words)
    limit = min([stop, end + _FAR, *(at for mark in _ENDS if (at := text.find(mark, end, end + _FAR)) >= 0)])
    for match in _LOCATED.finditer(text, end, limit):
        led = _WORKS_BETWEEN.fullmatch(text, end, match.start())
        if text[match.start() - 1] not in "，（、）" and not led:
            continue
        close = re.compile(r"[，。；）（]|$").search(text, match.end(), match.end() + _FAR)
        last = close.start() if close else len(text)
        if last > match.end() + 1:
            return match.end(), last
    return None


def address_before(text: str, begin: int, noun: int) -> tuple[int, int] | None:
    """Return the span of the words before a verb that say where: 在滨河公园南侧|建设, 利用老粮站旧址，|建设."""
    for match in (
        _ADDRESSED.search(text, begin, noun),
        _BESIDE.search(text, begin, noun),
        _AT_HEAD.match(text, begin, noun),
        _SIDE_OF.match(text, begin, noun),
        _EACH_TOWN.search(text, begin, noun),
    ):
        if (
            match
            and not _IDLE.match(match["where"])
            and not (match["where"].startswith("沿") and len(match["where"]) < 4)
        ):
            return match.span("where")
    former = begins(text, begin - 1, "。；，：") if begin and text[begin - 1] == "，" else begin
    match = _FORMER.match(text, former, begin - 1) if former < begin else None
    return match.span("where") if match else None


def fill(drafts: Sequence[Draft], *, wording: Wording, area: PlanArea) -> Iterator[Draft]:
    """Fill in what the words around give to the drafts of one passage, in reading order.

    Parameters
    ----------
    drafts
        What was read from the passage.
    wording, area
        The word lists and the places of the plan.

    Yields
    ------
    Draft
    """
    drafts = [*_bracketed(drafts, wording=wording)]
    drafts = _sized_in_turn(drafts)
    drafts = _sized(drafts, wording=wording, area=area)
    _together(drafts)
    nouns = sorted({draft.noun_at for draft in drafts if draft.noun_at})
    for draft in drafts:
        if draft.noun_at is None:
            yield draft
            continue
        text = draft.passage.text
        start, end = draft.noun_at
        at = bisect_left(nouns, (max(end, draft.end), 0))
        following = nouns[at][0] if at < len(nouns) else len(text)
        _name_type(draft, wording, area)
        behind = max(end, draft.end if draft.start <= start else end)
        _size(draft, text, behind, following, wording=wording, area=area)
        _place(draft, text, following, area)
        whole = draft.whole
        if whole is not None and draft.locality is None:
            draft.locality = whole.locality
            draft.told(locality=whole.words.get("locality", ()))
        if whole is not None and draft.place is None and whole.kind == "quota":
            draft.place, draft.place_level = whole.place, whole.place_level
            draft.told(place=whole.words.get("place", ()), place_level=whole.words.get("place_level", ()))
        yield draft


def _sized(drafts: Sequence[Draft], *, wording: Wording, area: PlanArea) -> list[Draft]:
    """Give a facility the places that a later clause says it has: …建在某处，设托位100个."""
    kept: list[Draft] = []
    for draft in drafts:
        before = kept[-1] if kept else None
        if draft.kind == "quota" and draft.noun_at and before is not None and before.capacity is None:
            text = draft.passage.text
            begin, end = noun_phrase(text, *draft.noun_at, wording=wording, area=area)
            one = before.kind == "site" or before.count == 1
            same = before.passage is draft.passage and not set("。；") & set(text[before.end : begin])
            own = re.search("(?:设|设有|设置|可提供|提供|配置|拥有|配备)$", text[:begin]) or re.match(
                "设(?!施)", text[begin:end]
            )
            if one and same and own and _PLACES_ALONE.search(text[begin:end]) and draft.count is not None:
                unit = re.search(_PLACES, text[begin:end])
                before.capacity, before.capacity_unit = (
                    draft.count,
                    CAPACITY_UNIT.get(unit[0], unit[0]) if unit else None,
                )
                words = draft.words.get("count", ())
                before.told(capacity=words, capacity_unit=words)
                continue
        kept.append(draft)
    return kept


def _sized_in_turn(drafts: Sequence[Draft]) -> list[Draft]:
    """Read 甲院、乙院和丙院，分别设置床位300张、200张、150张: the places of the named ones in turn."""
    kept = list(drafts)
    for last_one in drafts:
        text = last_one.passage.text
        match = _IN_TURN.match(text, max(last_one.end, last_one.noun_at[1] if last_one.noun_at else 0))
        if match is None or last_one.kind != "site":
            continue
        begin = begins(text, last_one.start, "。；")
        sites = [draft for draft in kept if draft.kind == "site" and begin <= draft.start <= last_one.start]
        numbers = list(re.finditer(r"\d+", match["numbers"]))
        if len(sites) < len(numbers) or len(numbers) < 2:
            continue
        for draft, figure in zip(sites[-len(numbers) :], numbers, strict=True):
            at = match.start("numbers") + figure.start()
            words = draft.passage.spans(at, at + len(figure[0]))
            draft.capacity, draft.capacity_unit = int(figure[0]), CAPACITY_UNIT.get(match["unit"], match["unit"])
            draft.told(capacity=words, capacity_unit=draft.passage.spans(*match.span("unit")))
        kept = [draft for draft in kept if not match.start() <= draft.start < match.end()]
    return kept


def _bracketed(drafts: Sequence[Draft], *, wording: Wording) -> Iterator[Draft]:
    """Let a name go on in the bracket behind it that tells its type: 某陵园（公益性骨灰堂）."""
    for draft in drafts:
        if draft.kind == "site" and draft.name and draft.noun_at and draft.rule in ("name", "named behind"):
            text = draft.passage.text
            at = text.find(draft.name, max(0, draft.start - 2), draft.noun_at[1] + 30)
            end = at + len(draft.name)
            match = _TYPE.match(text, end) if at >= 0 else None
            token = last(wording.tokens(match[1])) if match else None
            if match and token and token.category == draft.category and token.end == len(match[1]):
                draft.name += match[0]
                draft.told(name=draft.passage.spans(at, match.end()))
        yield draft


def _together(drafts: Sequence[Draft]) -> None:
    """Give all of a list the address that is said to be theirs (三所学校均位于…; 三馆项目，选址…)."""
    for draft in drafts:
        if draft.noun_at is None or draft.kind not in ("site", "quota"):
            continue
        text = draft.passage.text
        match = _ALL_THERE.match(text, max(draft.noun_at[1], draft.end))
        if match is None:
            continue
        begin = begins(text, draft.start, "。；，：")
        for other in drafts:
            if other.kind == draft.kind and begin <= other.start <= draft.start:
                apply_site(other, read_site(match["where"]), match.start("where"))


def _name_type(draft: Draft, wording: Wording, area: PlanArea) -> None:
    """Set the noun, unless the facility's name holds it."""
    if draft.noun is not None or draft.noun_at is None:
        return
    text = draft.passage.text
    family = wording.family.get(draft.category)
    if draft.name is not None and any(
        token.category and wording.family.get(token.category) == family for token in wording.tokens(draft.name)
    ):
        return
    begin, end = noun_phrase(text, *draft.noun_at, wording=wording, area=area)
    either = re.compile(f"或{CJK}{{2,12}}").match(text, end)
    token = next((item for item in wording.tokens(text[end + 1 : end + 13]) if item.category), None) if either else None
    if (
        token
        and wording.family.get(token.category or "") == family
        and not re.search("[，。；、]", text[end + 1 : end + 1 + token.end])
    ):
        end += 1 + token.end
    draft.phrase_at = begin
    phrase = text[begin:end]
    inner = _ADMIN_HEAD.match(phrase) if draft.kind != "site" and not _LEVELS.match(phrase) else None
    if (
        inner
        and inner.end() < len(phrase)
        and area.like(inner[0])
        and wording.residue(inner[1])
        and begin + inner.end() <= draft.noun_at[0]
    ):
        if draft.place is None:
            words = draft.passage.spans(begin, begin + inner.end())
            draft.place, draft.place_level = inner[0], place_level(inner[0])
            draft.told(place=words, place_level=words)
        begin += inner.end()
        phrase = text[begin:end]
    kept = _WORK.sub("", phrase) or phrase
    draft.noun = kept
    draft.told(noun=draft.passage.spans(begin, begin + len(kept)))


def _size(draft: Draft, text: str, end: int, following: int, *, wording: Wording, area: PlanArea) -> None:
    if draft.capacity is not None:
        return
    if draft.kind in ("quota", "allotment") and draft.count is not None and _PLACES_ALONE.search(draft.noun or ""):
        unit = re.search(_PLACES, draft.noun or "")
        draft.capacity, draft.count, draft.unit = draft.count, None, None
        draft.capacity_unit = CAPACITY_UNIT.get(unit[0], unit[0]) if unit else None
        words = draft.words.get("count", ())
        draft.told(capacity=words, capacity_unit=draft.words.get("noun", ()))
        return
    if draft.kind == "quota" and draft.unit == "张" and draft.noun_at:
        # 某医院扩建床位80张: the beds of one house, or of all of a kind.
        begin, end_at = noun_phrase(text, *draft.noun_at, wording=wording, area=area)
        phrase = text[begin:end_at]
        draft.capacity, draft.capacity_unit, draft.unit, draft.count = draft.count, "床位", None, None
        words = draft.words.get("count", ())
        draft.told(capacity=words, capacity_unit=words, count=(), unit=())
        if area.official(phrase, text[slice(*draft.noun_at)]):
            named = draft.passage.spans(begin, end_at)
            draft.kind, draft.name, draft.count, draft.noun = "site", phrase, 1, None
            draft.told(name=named, count=named, kind=named, noun=())
        return
    if draft.kind not in ("site", "quota", "allotment"):
        return
    several = draft.kind != "site" and draft.count != 1
    found = capacity_of(text, end, following, several=several)
    if found:
        words = draft.passage.spans(found.start, found.end)
        draft.capacity, draft.capacity_unit = found.number, found.unit
        draft.told(capacity=words, capacity_unit=words)


def _place(draft: Draft, text: str, following: int, area: PlanArea) -> None:
    town = draft.place is not None and is_town(draft.place) and not (draft.name or "").startswith(draft.place)
    if town and draft.kind in ("site", "quota", "intent"):
        draft.locality = draft.place
        words = draft.words.get("place", ())
        draft.place, draft.place_level = None, "plan"
        draft.told(locality=words, place=(), place_level=())
    if draft.kind not in ("site", "quota", "allotment", "intent") or draft.noun_at is None:
        return
    behind = address_behind(
        text, max(draft.end, draft.noun_at[1]) if draft.start <= draft.noun_at[0] else draft.end, following
    )
    sentence = begins(text, draft.start, "。；：，")
    span = behind or address_before(text, sentence, draft.start)
    if span is None:
        _headed(draft, text)
        _topical(draft, text)
        _sectioned(draft)
        return
    site = read_site(text[slice(*span)])
    if site.place not in (area.name, area.stem):
        apply_site(draft, site, span[0])


def _headed(draft: Draft, text: str) -> None:
    """Take the place that heads the passage: 县城：新建…; 某镇（原粮管所院内）：新建…."""
    match = _HEAD.match(text)
    if match is None or draft.start < match.end():
        return
    site = read_site(match["place"])
    if re.match(f"{ACTS}|关于", match["place"]):
        return
    if site.locality and not site.place and is_town(site.locality):
        apply_site(draft, site, match.start("place"))
        return
    if site.place and draft.place is None and site.locality is None and _IS_PLACE.search(site.place):
        apply_site(draft, site, match.start("place"))
    inner = match["inner"]
    if inner and tells_where(inner) and draft.locality is None:
        draft.locality = inner[:MAX_LOCALITY]
        at = match.start("inner")
        draft.told(locality=draft.passage.spans(at, at + len(draft.locality)))


def _topical(draft: Draft, text: str) -> None:
    """Take the place of which the sentence speaks: 东部组团以候鸟养老为主，改造…; 城区规划小学3所；新建初中2所."""
    if draft.place is not None or draft.locality is not None or draft.kind == "coverage":
        return
    begin = begins(text, draft.start, "。")
    several = last(_SUMMED_THERE.finditer(text, begin, draft.start))
    if several and "；" not in text[several.end() : draft.start]:
        apply_site(draft, read_site(several["where"]), several.start("where"))
        return
    found = last(_TOPIC_PLACE.finditer(text, begin, draft.start))
    if found and not re.search("全[市县区州旗]|其[他余]", text[found.end() : draft.start]):
        words = draft.passage.spans(*found.span("place"))
        draft.place, draft.place_level = found["place"], place_level(found["place"])
        draft.told(place=words, place_level=words)


def _sectioned(draft: Draft) -> None:
    """Take the place that the heading above names and nothing else: 二、某岛; 一、镇区."""
    match = _PLACE_HEADING.fullmatch(draft.passage.section or "")
    heading = draft.passage.heading
    if match is None or heading is None:
        return
    if match["town"] and draft.locality is None and draft.place is None:
        draft.locality = match["town"]
        draft.told(locality=(heading,))
    elif match["place"] and draft.place is None:
        draft.place, draft.place_level = match["place"], place_level(match["place"])
        draft.told(place=(heading,), place_level=(heading,))


def apply_site(draft: Draft, site: Site, base: int) -> None:
    """Give a draft the place and locality that were read from words which begin at ``base`` of its passage."""
    if site.locality:
        draft.locality = site.locality[:MAX_LOCALITY]
        at = base + site.locality_at
        draft.told(locality=draft.passage.spans(at, at + len(draft.locality)))
    if site.place:
        at = base + site.place_at
        words = draft.passage.spans(at, at + len(site.place))
        draft.place, draft.place_level = site.place, place_level(site.place)
        draft.told(place=words, place_level=words)
