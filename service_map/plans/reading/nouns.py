"""What one noun promises: the rules that tell a refusal, a rule for every unit, places, a number, a name, a type."""

import re
from dataclasses import replace

from service_map.plans.detail import apply_site
from service_map.plans.draft import SHARED_HEADS
from service_map.plans.lexicon import CJK, ENDLESS
from service_map.plans.outline import Passage, Span
from service_map.plans.reading import tense
from service_map.plans.reading.context import (
    MADE,
    NOT_IT,
    QUALITY,
    SUBJECT,
    Case,
    Context,
    Found,
    draft_category,
    kind_of,
    verbs_of,
)
from service_map.plans.reading.drafts import Drafts
from service_map.plans.reading.items import PLACES, Item
from service_map.plans.reading.marks import Mark
from service_map.plans.reading.names import LEADS
from service_map.plans.where import is_town, read_site, tells_where

_OTHER = "词后所说不是设施本身（服务、能力、覆盖率等） what stands behind it speaks of something else"
_KEPT = "已有的设施，或不在此建设 stands already or is not built here"
_MERGED = "并入他处的已有设施 existing ones that are merged into others"
_NO_VERB = "没有动词承诺它 no verb promises it"
_COVER_RATE = re.compile(
    f"(?:（[^）]*）)?(?:在{CJK}{{1,4}}(?:（{CJK}{{1,4}}）)?)?的?覆盖[率面]?(?:总体|均|全部|要)?(?:达到?|不低于|超过|为|提高到|提升[至到])?\\d"
)
_TAKES_PART = re.compile(
    "结对|帮扶|参与|参加|纳入(?![^，。]{0,10}(?:建设|改造|规划|项目))|开展|接入|入选|获评|获得|通过|签约|推行|试行|与|联合|入驻|对接|提供|实行|加入|完成评|公建民营|公办民营|社会化|委托"
)
_PUT_INTO = re.compile(
    r"(?:纳入|列入|作为)[^，。]{0,24}?(?:规划|计划|体系|预算|考核|内容|任务|范围|议程|日程|清单|重点|抓手|政府)(?!.{0,6}(?:改造|新建))"
)
_COVERS_ELSE = re.compile("设置|服务|管理|培训|接入|政策|网络|保障|补助|后勤|教育")
_EARLY = re.compile("(?:项目|工程)?(?:已|均|全部)?(?:完成|启动|开展)?(?:项目)?(?:选址|前期|立项|可研|方案设计|征地)")
_TITLES = re.compile(
    "国家级|省级|市级|[一二三四五]星|星级|A级|示范|先进|文明|绿色|优质|特色|一流|高水平|[一二三甲乙]级"
)
_BECOMES = frozenset({"办成", "转为", "改为", "提升为", "打造成"})
_PRESERVES = frozenset({"保护", "利用", "传承", "改造", "优化", "开发利用", "保护利用", "保护传承", "整体保护"})
_BETWEEN = re.compile("供应|场地|房源|房屋|校舍|用房|数量|总数|里程|长度|规模|总长|总长度|面积")
_SPREAD = re.compile("(?:全市|全县|全区|全旗|(?:我市|我县)(?![和与])|各级(?!各类)|所有|全部)[^\\d，。；：]{0,40}$")
_REACHES = re.compile(
    rf"(?:（[^（）]*）)?(?>(?:{CJK}{{0,4}}(?:设施|条件|设备)、?)*)(?:建设)?(?:(?:全部|全面|均|要|应|力争)*达到?.{{0,12}}(?:标准|等级|水平)|(?:全部|全面|均)达标)"
)
_TIERS = re.compile("[省市县区旗乡镇街]([乡镇街村])[三四五]级")
_FINEST = {"乡": "township", "镇": "township", "街": "township", "村": "village"}
_BY_LAND = {"农村": "village", "基层": "township"}
_LEVELS = re.compile("(?<![一-鿿][所院馆园站校心])[省市县区乡镇]、$")
_RATES = re.compile("每[千万]|^万人|每百(?!户)|人均|千人口")
_FITTINGS = re.compile(
    r"^(?:(?:服务|基础|配套|硬件|消防|生活|无障碍)设施(?:设备)?(?:建设)?(?:水平|能力|条件)?|(?:办学|基础|硬件|就医|训练|教学|医疗)(?:条件|环境))(?=$|[、，。；])"
)


class Nouns(Drafts):
    """Reads one noun."""

    def _refused(self, passage: Passage, item: Item, context: Context) -> str | None:
        """Return why a noun is no promise, None when it may be one."""
        text = passage.text
        if item.merged:
            return _MERGED
        if item.spoiled:
            return _OTHER
        behind = _FITTINGS.sub("", text[item.phrase[1] : item.phrase[1] + 16].lstrip("”"))
        if item.noun and item.noun.text in self._wording.box_only and not passage.box:
            return "这个词只在项目表里指设施 a word that names a facility only in a list of projects"
        counted = item.numbers or item.covers or item.acts or (item.unit and item.unit.level and item.unit.level.count)
        rated = _COVER_RATE.match(text, item.phrase[1]) or re.match("为(?:重点|核心)", behind)
        phrase = text[slice(*item.phrase)]
        if (
            re.match("每一?[个所家座处]|各(?:类|级)|所有|现有|原有|已有|全体|.{1,12}关于", phrase)
            and not item.acts
            and not _REACHES.match(text, item.phrase[1])
        ):
            return "指已有的各个单位（每个、所有、现有） names units that stand already"
        if item.tail and not item.acts and not item.numbers and not rated and not item.norm and QUALITY.match(behind):
            return _OTHER
        if item.numbers and not item.behind and not item.acts and _TAKES_PART.match(behind):
            return "参与的已有设施，不是建设 existing ones that take part"
        if re.search("[将把]", text[max(0, item.phrase[0] - 24) : item.phrase[0]]) and _PUT_INTO.search(
            text, item.phrase[1], item.phrase[1] + 60
        ):
            return _OTHER
        if _EARLY.match(behind):
            return "只做前期工作 only preparations"
        if not counted and not rated and behind.removeprefix("等").removeprefix("的").startswith(self._wording.reject):
            return _OTHER
        if re.match("(?:等)?为(?:依托|基础|骨干|主体|载体|龙头|牵引|主|支撑|平台|单位|网底|保障|中心)", behind):
            return "已有的设施（以…为依托） stands already"
        if item.covers and [verb.text for verb in item.verbs] == ["巩固"]:
            return _KEPT
        if item.rests and not item.verbs:
            return f"{_KEPT}（{item.rests.text}）"
        if item.kept and not item.acts:
            return f"{_KEPT}（{item.kept.text}）"
        sized = item.noun and PLACES.search(item.noun.text) and item.noun.text.endswith("位")
        if sized and item.state and not {"新增", "增加"} & {verb.text for verb in verbs_of(item, context)}:
            return "床位、学位的总数，不是新的任务 a total of places"
        clause = max(text.rfind(mark, 0, item.start) for mark in "，。；：") + 1
        if sized and re.search("每[个所家处座]", text[clause : item.phrase[0] + 2]):
            return "前述设施的规模 the size of what was named before"
        before = text[max(text.rfind(mark, 0, item.start) for mark in "。；") + 1 : item.noun.start if item.noun else 0]
        if sized and re.search("可提供[^。；]{0,30}$", before):
            return "前述设施的规模 the size of what was named before"
        if sized and (item.lead and item.tier):
            return "前述设施的规模 the size of what was named before"
        if sized and context.said:
            topic = context.said[-1]
            one = topic.kind == "site" or topic.count == 1 or (topic.kind == "intent" and topic.action == "expand")
            near = not set("。；") & set(text[topic.end : item.start])
            clause = max(text.rfind(mark, 0, item.start) for mark in "，。；：") + 1
            if re.search("每[所个家处座]", text[clause : item.phrase[0] + 2]) or (
                one and near and not re.search("其中|全[市县区]|累计|共", text[item.start : item.phrase[0]])
            ):
                return "前述设施的规模 the size of what was named before"
        if (
            item.tail
            and item.behind
            and item.numbers
            and not _BETWEEN.fullmatch(item.tail[0].text)
            and item.tail[0].start < item.numbers[0].start
            and item.tail[0].kind == "word"
        ):
            return _OTHER
        if (
            item.verbs
            and item.verbs[-1].text == "创建"
            and _TITLES.search(text[item.verbs[-1].end : item.noun.start if item.noun else item.phrase[1]])
        ):
            return "评定的称号，不是建设 a title that existing ones are given"
        if item.verbs and item.verbs[-1].text in _BECOMES and context.topic and not item.numbers:
            return "前述设施成为什么 what the former becomes"
        first = item.tail[0] if item.tail else None
        if (
            first
            and item.acts
            and not any(kind_of(verb) in MADE for verb in item.verbs)
            and not context.listing
            and first.start < item.acts[-1].start
            and NOT_IT.search(first.text)
        ):
            return _OTHER
        if (
            item.noun
            and re.search("[泊车]位", item.noun.text)
            and context.topic
            and context.topic[0].category == "parking_charging"
        ):
            return "前述设施的规模 the size of what was named before"
        if item.subject and not item.numbers and not context.listing:
            return SUBJECT
        if tense.BUILT.search(text[item.start : item.noun.start if item.noun else item.start]):
            return "已建成的设施 one that stands already"
        if {verb.text for verb in item.verbs} & {"整合", "合并", "归并"} and tense.MERGED.match(text, item.end):
            return _MERGED
        object_at = min([item.phrase[0], *(mark.start for mark in item.numbers if not item.behind)])
        merges = item.verbs and kind_of(item.verbs[-1]) == "merge"
        if object_at and text[object_at - 1] in "为给向" and not item.acts and not merges:
            return "服务的对象，不是建设 whom a measure serves"
        if not item.verbs and context.verbs and kind_of(context.verbs[-1]) == "keep":
            return _KEPT
        if _RATES.search(text[item.start : item.end]) and not item.unit:
            return "比率或人均指标 a rate"
        return None

    def _one(
        self,
        passage: Passage,
        item: Item,
        before: list[Mark],
        context: Context,
        *,
        forward: bool = False,
    ) -> Found:
        """Read an item that has a noun."""
        reason = self._refused(passage, item, context)
        if reason:
            self._reject(passage, item, reason)
            if re.match("中(?:，|$)", passage.text[item.phrase[1] : item.phrase[1] + 2]):
                # 公办园中，县城3所: what follows are some of them.
                draft = self._draft(passage, item, context, "quota", (), rule="lead")
                draft.void = True
                return Found([], context.but(base=item, topic=(draft,), led=True))
            if (
                item.rests
                and item.rests.text == "保留"
                and context.topic
                and context.topic[0].kind == "quota"
                and item.lead
            ):
                # 规划3所，其中保留1所: a total that holds what is kept is no record.
                context.topic[0].void = True
            return Found([], context.but(closed=item.rests is not None and not item.verbs))
        verbs = self._said(item, context)
        kinds = [kind_of(verb) for verb in verbs]
        number = item.number
        if number and number.quantity and not number.quantity.count:
            self._reject(passage, item, "数目为零 none of them is to be built")
            return Found([], context)
        if not (
            kinds
            or number
            or item.covers
            or item.grows
            or item.norm
            or item.seated
            or item.unit
            or context.unit
            or context.listing
            or item.project
            or _COVER_RATE.match(passage.text, item.phrase[1])
            or _REACHES.match(passage.text, item.phrase[1])
        ):
            self._reject(passage, item, _NO_VERB)
            return Found([], context)
        case = Case(passage, item, before, context, verbs, forward=forward)
        for rule in (self._total, self._pivot, self._rule, self._every, self._places, self._number, self._site):
            found = rule(case)
            if found is not None:
                return found
        if not (kinds or item.project or context.listing or _COVER_RATE.match(passage.text, item.phrase[1])):
            self._reject(passage, item, _NO_VERB)
            return Found([], context)
        return self._intent(passage, item, before, context, verbs)

    def _total(self, case: Case) -> Found | None:
        """Read 总数达到37所, which counts what stands too and is no record, but may head its parts."""
        passage, item, context, verbs = case.passage, case.item, case.context, case.verbs
        number = item.number
        if number is None or not item.behind:
            return None
        between = passage.text[item.phrase[1] : number.start]
        rises = re.search("总[数量]|增至|增加[到至]|扩大到|发展到|加密至|突破|由.*[到至增]", between) and not re.search(
            "新增|新建|配建", between
        )
        if not rises:
            return None
        self._reject(passage, item, "总数（含已有的），不是新的任务 a total that counts what stands")
        draft = self._draft(passage, item, context, "quota", verbs, rule="sum")
        draft.void, draft.unit = True, number.quantity.unit if number.quantity else None
        seat = next(iter(item.places[-1:]), None) or self._inside(item) or context.place
        draft = self._placed(draft, seat) if seat else draft
        return Found([draft], context.but(topic=(draft,), base=item, stock=True))

    def _rule(self, case: Case) -> Found | None:
        """Read 每个县区至少1所, 一镇一所, 县级公墓全覆盖."""
        passage, item, before, context, verbs = case.passage, case.item, case.before, case.context, case.verbs
        text = passage.text
        inherited = (
            context.unit
            if not item.places
            and not before
            and not (
                context.topic
                and context.topic[0].kind == "coverage"
                and not item.numbers
                and not item.verbs
                and item.glue not in ("、", "和", "与", "及")
            )
            else None
        )
        unit = item.unit or inherited
        if (
            item.unit
            and item.number
            and len([*before, *item.places]) > 1
            and item.unit.start > (item.places or before)[-1].start
        ):
            # 甲区和乙区每区3个: so many for each of the listed places.
            item.each, item.unit = item.unit, None
            return None
        if item.covers and not item.unit and item.noun and _COVERS_ELSE.search(text, item.noun.end, item.covers.end):
            return None
        summed = item.summed is not None and item.summed.text.startswith(("共", "合", "总计"))
        together = summed or re.match("[^，；]{0,4}(?:合计|总计|共计)", text[item.phrase[1] :])
        if together or (unit is None and not item.covers):
            return None
        draft = self._draft(passage, item, context, "coverage", verbs, rule="every unit")
        per: str | None = None
        words: tuple[Span, ...] = ()
        further: list[tuple[str | None, tuple[Span, ...]]] = []
        if unit:
            per = unit.level.per if unit.level else self._wording.unit_at(unit.text)
            words = passage.spans(unit.start, unit.end)
        if item.covers and not item.unit:
            covered = self._covered(passage, item) or [(per, words)]
            per, words = covered[0]
            further = covered[1:]
        if per is None:
            return None
        if item.number:
            self._counted(draft, item.number)
            draft.note = None
        elif unit and unit.level and unit.level.count:
            draft.count, draft.unit = unit.level.count, "个"
            draft.told(count=words, unit=words)
        if item.covers or not verbs:
            draft.action = "unspecified"
        if unit and "有" in text[unit.start : unit.end + 6] and not item.acts and not item.verbs:
            draft.action = "unspecified"
        draft.per = per
        draft.told(per=words, kind=words)
        town = next((mark for mark in item.places if is_town(mark.text)), None)
        if town:
            draft.locality = town.text
            draft.told(locality=passage.spans(town.start, town.end))
        if per in ("township", "community", "village") and item.noun:
            draft.category = self._wording.local.get(item.noun.text, draft.category)
        drafts = [draft]
        for other in (unit.inner or ()) if unit else ():
            further.append((self._wording.unit_at(other.text), passage.spans(other.start, other.end)))
        for other_per, spans in further:
            drafts.append(replace(draft, per=other_per, words=dict(draft.words)).told(per=spans, kind=spans))
        if unit and item.tier and item.tier.end <= unit.start and "级" in item.tier.text:
            upper = self._draft(passage, item, context, "quota", verbs, rule="own level")
            if item.number:
                upper = self._counted(upper, item.number)
            drafts.insert(0, upper)
        return Found(drafts, context.but(topic=(draft,), base=item, unit=unit))

    def _pivot(self, case: Case) -> Found | None:
        """Read 以某院为重点，建成…: the named place is what the clause behind builds on and raises."""
        passage, item, before, context, verbs = case.passage, case.item, case.before, case.context, case.verbs
        text = passage.text
        pivot = re.compile("(?:等)?(?:保护开发|建设|改造)?为(?:重点|核心)").match(text, item.phrase[1])
        noun = item.noun
        if pivot is None or noun is None or "以" not in text[max(0, item.start - 1) : item.phrase[0] + 1]:
            return None
        a, b = item.phrase
        name = text[a:b]
        proper = (
            noun.token is not None
            and noun.token.category == "heritage_tourism"
            and len(self._wording.residue(name)) >= 2
        )
        places = [*before, *item.placed]
        if places and noun.token and noun.token.category in SHARED_HEADS:
            found = self._shared_head(passage, item, places, context, verbs)
        elif proper or (self._area.official(name, noun.text) and self._wording.residue(name)):
            draft = self._draft(passage, item, context, "site", verbs, rule="pivot")
            draft.name, draft.count = name, 1
            words = passage.spans(a, b)
            draft.told(name=words, count=words, kind=words)
            place = self._area.of_name(name, word=noun.text, category=draft.category, behind="")
            found = Found([draft.at(place._replace(words=words)) if place else draft], context)
        else:
            return None
        for draft in found.drafts:
            draft.action, draft.rule = "upgrade", "pivot"
            draft.told(action=passage.spans(*pivot.span()))
        return Found(found.drafts, context)

    def _every(self, case: Case) -> Found | None:
        """Read 全市乡镇文化站全面提档升级 and 县级妇幼保健机构达到二级标准: all of a level are raised."""
        passage, item, before, context, verbs = case.passage, case.item, case.before, case.context, case.verbs
        text = passage.text
        noun = item.noun
        if item.numbers or noun is None or item.places or before:
            return None
        begin = max(text.rfind(mark, 0, item.phrase[0]) for mark in "，。；：") + 1
        spread = _SPREAD.search(text, begin, item.phrase[0])
        reaches = _REACHES.match(text, item.phrase[1])
        unit = self._wording.unit_at(text[item.phrase[0] : item.phrase[1]])
        if unit is None and not item.verbs:
            unit = self._wording.unit_at(text[item.start : item.phrase[1]])
        if unit is None and spread and spread[0].startswith("全部"):
            unit = self._wording.nearest_unit(noun.text)
        if unit is None and reaches and noun.text.endswith("学校"):
            unit = "school"
        level = re.match("县级|乡镇|乡级", text[item.phrase[0] : item.phrase[1]])
        if unit is None or not (spread or (level and reaches)):
            return None
        draft = self._draft(passage, item, context, "coverage", verbs, rule="every unit")
        draft.per = unit
        words = passage.spans(
            (spread.start() if spread else item.phrase[0]), noun.start if noun.start > item.phrase[0] else noun.end
        )
        draft.told(per=words, kind=words)
        if reaches:
            draft.action = "upgrade"
            draft.told(action=passage.spans(*reaches.span()))
        elif draft.action == "new" and not item.acts:
            draft.action = "unspecified"
        return Found([draft], context.but(topic=(draft,), base=item))

    def _covered(self, passage: Passage, item: Item) -> list[tuple[str | None, tuple[Span, ...]]]:
        """Tell the units of 全覆盖: by the words right before it, by the level before the noun, by the noun itself."""
        text = passage.text
        covers = item.covers
        if covers is None or item.noun is None:
            return []
        first = max(0, max(text.rfind(mark, 0, item.phrase[0]) for mark in "，。；：") + 1, item.phrase[0] - 24)
        behind = (item.phrase[1], covers.end) if covers.start - item.phrase[1] < 20 else (covers.start, covers.start)
        for a, b in (behind, (first, item.noun.start), (item.noun.start, item.noun.end)):
            found: list[tuple[str | None, tuple[Span, ...]]] = []
            for part in re.finditer("[^、]+" if (a, b) == behind else ".+", text[a:b]):
                words = part[0].replace("全覆盖", "")
                tiers = _TIERS.search(words)
                unit = _FINEST[tiers[1]] if tiers else self._wording.nearest_unit(words)
                unit = unit or next((_BY_LAND[word] for word in _BY_LAND if word in words), None)
                if unit:
                    found.append((unit, passage.spans(a + part.start(), a + part.end())))
            if found:
                return found
        if re.search("殡仪馆|医院|特殊教育|光荣院|公墓|骨灰", item.noun.text):
            return [("county", passage.spans(item.noun.start, item.noun.end))]
        return []

    def _places(self, case: Case) -> Found | None:
        """Read 在甲、乙各建1处 and 甲、乙等7个县级殡仪馆: one record for each of the listed places."""
        passage, item, before, context, verbs = case.passage, case.item, case.before, case.context, case.verbs
        places = [*before, *item.placed]
        inside = self._inside(item)
        if inside is None and places and item.noun and re.match("乡镇|街道|社区|镇|乡", item.noun.text):
            inside = next(
                (
                    mark
                    for mark in item.marks
                    if mark.start == item.phrase[0]
                    and mark.kind == "word"
                    and mark.end == item.noun.start
                    and len(mark.text) <= 4
                ),
                None,
            )
        if inside and places:
            places.append(inside)
        number = item.number
        if len(places) < 2 and not (places and item.each and number):
            return None
        count = number.quantity.count if number and number.quantity else None
        if (
            item.etc
            and count
            and not item.each
            and count != len(places)
            and any(verb.start > item.etc.start for verb in item.verbs)
        ):
            item.places, item.guesses = [], []
            before.clear()
            return None
        if (
            item.noun
            and item.noun.token
            and item.noun.token.category in SHARED_HEADS
            and not item.each
            and (count is None or ((item.etc or count == len(places)) and item.noun.token.category == "renovation"))
        ):
            renewal = item.noun.token.category == "renovation"
            if not renewal and any(
                re.search("文化|旅游|的", mark.text) or any(self._wording.tokens(mark.text)) for mark in places
            ):
                return None
            return self._shared_head(passage, item, places, context, verbs)
        outer = places[-2] if inside else places[-1]
        gap = [mark for mark in item.marks if outer.end <= mark.start < item.phrase[0]]
        joined = (
            number is None
            and all(mark.kind in ("etc", "adverb", "list") for mark in gap)
            and outer.end <= item.phrase[0]
        )
        etc = item.etc and count and not any(verb.start > item.etc.start for verb in item.verbs)
        if not (item.each or count == len(places) or etc or joined):
            return None
        if not all(
            self._is_place(mark.text)
            or mark.kind == "place"
            or count == len(places)
            or item.each
            or etc
            or (joined and len(mark.text) <= 4)
            for mark in places
        ):
            return None
        if number is None and not [kind for kind in map(kind_of, verbs) if kind in MADE]:
            return None
        if count == len(places) and not any(mark.kind == "place" or self._area.placeable(mark.text) for mark in places):
            alike = self._named_alike(passage, item, places, context, verbs)
            if alike is not None:
                return alike
        drafts = []
        for place in places:
            draft = self._draft(
                passage, item, context, "allotment", verbs, rule="each place" if item.each else "listed places"
            )
            draft.start = place.start
            draft.end = max(draft.end, place.end)
            if item.each and number:
                draft = self._counted(draft, number)
            else:
                draft.count = 1
                draft.told(count=passage.spans(place.start, place.end))
                if number and number.quantity:
                    draft.unit = number.quantity.unit
                    draft.told(unit=passage.spans(number.start, number.end))
            drafts.append(self._placed(draft, place))
        return Found(drafts, context.but(topic=tuple(drafts), base=item))

    def _named_alike(
        self, passage: Passage, item: Item, names: list[Mark], context: Context, verbs: list[Mark]
    ) -> Found | None:
        """Read 新建朝阳、育才两所小学 and 提升某某苑、某某红两家民办养老院: the words are names, and no places."""
        noun = item.noun
        school = noun and re.search("(?:小学|中学|初中|高中|幼儿园)$", noun.text)
        # 甲、乙两家农贸市场: so are houses counted, and seldom the houses of places.
        houses = item.number is not None and item.number.text.endswith("家") and item.phrase[0] == (noun or item).start
        if noun is None or not (
            school
            or houses
            or ("民办" in passage.text[slice(*item.phrase)] and re.search(".[苑居园院堂馆轩家红]$", names[-1].text))
        ):
            return None
        drafts = []
        for mark in names:
            draft = self._draft(passage, item, context, "site", verbs, rule="shared noun")
            draft.start, draft.end, draft.count = mark.start, mark.end, 1
            words = passage.spans(mark.start, mark.end)
            whole = (*words, *passage.spans(noun.start, noun.end)) if school else words
            draft.name = mark.text + (noun.text if school else "")
            draft.told(name=whole, count=words, kind=words)
            drafts.append(draft)
        return Found(drafts, context.but(topic=tuple(drafts), base=item))

    def _shared_head(
        self, passage: Passage, item: Item, names: list[Mark], context: Context, verbs: list[Mark]
    ) -> Found:
        """Read 小岭、杏园等棚户区改造: each name is a site."""
        drafts = []
        for mark in names:
            name = passage.text[mark.start : mark.end]
            draft = self._draft(passage, item, context, "site", verbs, rule="shared noun")
            draft.start, draft.end, draft.name, draft.count = mark.start, mark.end, name, 1
            words = passage.spans(mark.start, mark.end)
            draft.told(name=words, count=words, kind=words)
            drafts.append(self._placed(draft, replace(mark, text=name)))
        return Found(drafts, context.but(topic=tuple(drafts), base=item))

    def _number(self, case: Case) -> Found | None:
        """Read a number without sites: 新建体育公园5个."""
        passage, item, before, context, verbs = case.passage, case.item, case.before, case.context, case.verbs
        number = item.number
        if number is None:
            return None
        if (
            context.listing
            and not item.behind
            and number.quantity
            and number.quantity.unit in ("公里", "千米")
            and (item.placed or item.odd)
        ):
            first = (item.placed or item.odd)[0].start
            draft = self._draft(passage, item, context, "site", verbs, rule="name")
            draft.start, draft.name, draft.count = first, passage.text[first : item.phrase[1]], 1
            words = passage.spans(first, item.phrase[1])
            draft.told(name=words, kind=words, count=words)
            place = self._area.of_name(
                draft.name, word=item.noun.text if item.noun else "", category=draft.category, behind=""
            )
            return Found(
                [draft.at(place._replace(words=words)) if place else draft], context.but(topic=(draft,), base=item)
            )
        made = [verb for verb in item.verbs if kind_of(verb) in MADE]
        phased = number.text.endswith("公里") and re.search("[一二三四]期$", passage.text[slice(*item.phrase)])
        if (
            item.behind
            and number.quantity
            and not item.each
            and item.box is None
            and (phased or (number.quantity.count == 1 and self._proper_one(item)))
        ):
            one = replace(item, numbers=[], behind=False)
            found = self._site(replace(case, item=one))
            if found is not None:
                return found
        if item.each and len(made) > 1 and not (before or item.placed):
            # 新建、改造敬老院各10所: so many by each of the verbs.
            drafts = [
                self._counted(self._draft(passage, item, context, "quota", [verb], rule="number"), number)
                for verb in made
            ]
            return Found(drafts, context.but(topic=tuple(drafts), base=item))
        places = [*before, *item.placed] if not item.guesses or case.forward else [*before, *item.places]
        inside = self._inside(item)
        draft = self._counted(self._draft(passage, item, context, "quota", verbs, rule="number"), number)
        if item.state and not [kind for kind in map(kind_of, item.verbs) if kind in MADE]:
            draft.action = "unspecified"
        total = context.topic[0] if context.topic and (context.led or item.lead) else None
        if (
            total
            and total.kind == "quota"
            and not (total.void or item.verbs)
            and (total.count or 0) > (draft.count or 0)
            and total.unit == draft.unit
            and self._wording.family.get(total.category) == self._wording.family.get(draft.category)
        ):
            draft.whole = total
        seat = places[-1] if places else inside or context.here or context.around or context.place
        if seat:
            draft.kind = "allotment" if case.forward and places else "quota"
            draft = self._placed(draft, seat)
            if case.forward:
                draft.rule = "listed places"
        return Found([draft], context.but(topic=(draft,), base=item, led=False, stock=False))

    def _site(self, case: Case) -> Found | None:
        """Read one facility that is named, or of which there is one."""
        passage, item, before, context, verbs = case.passage, case.item, case.before, case.context, case.verbs
        noun = item.noun
        if noun is None or noun.token is None or item.numbers:
            return None
        text = passage.text
        a, b = item.phrase
        lead = LEADS.match(text, a, b)
        a = lead.end() if lead and lead.end() < noun.start and not self._area.places.match(text, a) else a
        name = text[a:b]
        kinds = {kind_of(verb) for verb in verbs}
        soft = "foster" in kinds and not {kind_of(act) for act in item.acts} & MADE
        reached = item.norm is not None and item.norm.text.startswith("达")
        strong = (bool(kinds & (MADE | {"merge"})) and not soft) or item.grows or reached
        fresh = bool(item.verbs or item.acts) or context.fresh
        made = (bool(kinds - {"keep", "foster"}) and fresh) or item.project or item.grows or reached
        if not fresh and not (item.grows or reached or context.listing or item.seated):
            return None
        fitted = not _FITTINGS.sub("", text[b : b + 16].split("，")[0].split("。")[0].split("；")[0].split("、")[0])
        loose = (bool(item.tail) and not item.acts and not fitted) or re.match("群|片区", text[b : b + 2]) is not None
        if {verb.text for verb in verbs} == {"整合"} or re.match("群|片区", text[b : b + 2]):
            return None
        if (
            draft_category(noun) == "heritage_tourism"
            and not context.listing
            and item.acts
            and {verb.text for verb in item.acts} <= _PRESERVES
        ):
            return None
        sight = re.search("旅游(?:综合)?开发$", noun.text)
        inner = next(
            (
                mark
                for mark in reversed(item.marks)
                if mark.kind == "noun" and mark.end <= noun.start and mark.start >= a
            ),
            None,
        )
        if sight and inner and inner.end == noun.start:
            b = noun.start
            name = text[a:b]
        if (loose and not context.listing) or name.startswith("原"):
            return None
        named = self._names.named(
            item.called or text[a : item.phrase[1]],
            noun.text,
            made=made and not soft,
            listing=context.listing,
            strong=strong,
            seated=self._seated(item, a),
        )
        own = re.match("[乡镇村]区?", name) is not None and noun.start <= a + 2 and noun.start > a
        named = named or (
            item.seated is not None and item.seated.text.startswith(("建", "设", "拟建", "计划建", "落户"))
        )
        named = named or (own and context.place is not None and bool(item.verbs or item.acts))
        alone = False
        if re.match("[市县区乡镇村]", name) and _LEVELS.search(text, 0, a):
            # 市、县疾控中心: those of two levels.
            return None
        if not named and strong and "strengthen" not in kinds and "打造" not in [verb.text for verb in verbs]:
            stands = (
                any(mark.kind == "filled" for mark in item.marks)
                and bool(item.placed)
                and name.endswith(("目的地", "综合体", "园区", "基地", "中心"))
            )
            lead_in = text[max(text.rfind(mark, 0, a) for mark in "，。；：") + 1 : a]
            ranked = noun.text in self._wording.ranks and re.search("依托|借助|利用|挂靠|整合", lead_in)
            housed = context.spot is not None and context.spot.kind == "noun"
            alone = named = (not ranked and self._names.alone(name, noun.text, housed=housed)) or stands
        if not named:
            return None
        draft = self._draft(passage, item, context, "site", verbs, rule="name")
        draft.start = a
        words = passage.spans(a, b)
        draft.name, draft.count = name, 1
        draft.told(name=words, kind=words, count=words)
        behind = re.split("[，。；、]", text[b : b + 16])[0]
        place = self._area.of_name(name, word=noun.text, category=draft.category, behind=behind) or self._area.of_brand(
            name, category=draft.category
        )
        if place:
            at = text.find(place.name, a, b + 16)
            spans = passage.spans(at, at + len(place.name)) if at >= 0 else words
            draft = draft.at(place._replace(words=spans))
        if item.goal:
            more = re.compile("，([^，。；：（）]{2,30})").match(text, item.goal[1])
            stop = more.end() if more and tells_where(more[1]) else item.goal[1]
            site = read_site(text[item.goal[0] : stop].rstrip("，。；"))
            draft.place, draft.place_level = None, "plan"
            draft.told(place=(), place_level=())
            apply_site(draft, site, item.goal[0])
        elif item.seats:
            draft = self._placed(draft, item.seats[-1])
        elif place:
            pass
        elif [*before, *item.places]:
            draft = self._placed(draft, [*before, *item.places][-1])
        elif alone and item.guesses:
            draft = self._placed(draft, item.guesses[-1])
        elif seat := context.here or context.around or context.place:
            draft = self._placed(draft, seat)
        elif alone and context.near:
            draft = self._placed(draft, context.near)
        old = re.search("其(?:旧|原)址|利用(?:旧|原)址", text[max(0, a - 40) : a])
        earlier = next((one for one in reversed(context.said) if one.kind == "site" and one.name), None)
        if old and earlier:
            draft.place, draft.place_level = earlier.name, "landmark"
            draft.told(place=earlier.words["name"], place_level=earlier.words["name"])
        if item.grows and not {kind_of(act) for act in item.acts} - {"push"} - {"new"} and not item.verbs:
            draft.action = "expand"
        elif reached and not item.acts and item.norm:
            draft.action = "upgrade"
            draft.told(action=passage.spans(item.norm.start, item.norm.end))
        if item.called:
            draft.name = item.called
            spans = (*passage.spans(item.start, item.end), *passage.spans(noun.start, noun.end))
            draft.told(name=spans, kind=spans, count=spans)
        if draft.action == "unspecified" and "strengthen" in kinds and item.acts:
            draft.action = "upgrade"
        return Found([draft], context.but(topic=(draft,), base=item, stock=False, led=False))

    def _intent(self, passage: Passage, item: Item, before: list[Mark], context: Context, verbs: list[Mark]) -> Found:
        places: list[Mark | None] = [*before, *item.places]
        drafts = []
        inside = self._inside(item)
        context = context.but(near=inside or context.near)
        for place in places or [inside or context.here or context.place]:
            draft = self._draft(passage, item, context, "intent", verbs, rule="type")
            endless = ENDLESS.search(passage.text, item.start, item.end)
            if endless:
                # More figures than anything that a plan counts has.
                draft.note = "count unreadable"
                draft.told(note=passage.spans(*endless.span()))
            drafts.append(self._placed(draft, place) if place else draft)
        return Found(drafts, context.but(topic=tuple(drafts[-1:]), base=item, led=False, stock=False))

    def _several(self, item: Item, found: Found) -> Found:
        """Give each of the types that one word names (两馆) its record."""
        codes = self._wording.several.get(item.noun.text, ()) if item.noun else ()
        if len(codes) < 2:
            return found
        drafts = [replace(draft, category=code, words=dict(draft.words)) for draft in found.drafts for code in codes]
        return Found(drafts, found.context)
