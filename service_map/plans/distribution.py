"""Numbers shared out: among places, in a bracket, and of what was named before.

Behind a number its shares may follow (新建5所，其中甲县2所、乙县3所), or the places where they stand; a bracket may
list them; and words without a noun of their own may count again what was named before, for each place or every unit.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from service_map.plans.area import PlanArea
from service_map.plans.clause import ACTS, BUILDS
from service_map.plans.draft import Draft, Scene
from service_map.plans.lexicon import CJK, LEAST, Quantity, Token, Wording

_COUNTERS = frozenset("套个所座处户家块片条")
_COUNTED = re.compile(
    r"(?:^(?:其中|20\d\d年)?|开工|新开工|改造|新建|建设|建成|筹集|完成|新增|增设|新开办|改扩建|扩建|迁建|改建|改造提升)(?=(?:约|共)?[\d一二三四五六七八九十])(?!20\d\d年)"
)
_SHARE_LEAD = re.compile(
    r"^(?:其中|到?20\d\d年(?:底|末)?(?:前|起|开始)?|每年|同时|另外?|再|还|并|拟|计划|分别为|即|：)+(?=.)"
)
_SHARE_TAIL = re.compile(r"(?:各|约|再|另|至少|不少于|不低于|达到|为|共|每年|分别|均)+$")
_CLOSES = re.compile("保留|撤并|撤销|关停|关闭|取消|注销|拆除|腾退|淘汰")
_SHARE_VERB = re.compile(rf"(?:{ACTS}|建|新设|增加)(?:至少|约|不少于)?$")
_SHARE_ACT = re.compile(rf"(?>{ACTS}|办好|完成|建){{1,12}}$")
_TIER = re.compile(r"(?:省|市|区|县|乡|镇|街|村|社区|镇街|乡镇|街道|乡镇街道|村居)级")
_RISES = re.compile("(?:总数)?(?:达到?|增至|增加到|扩大到|发展到|突破)")
_MEASURE = re.compile("床|投资|面积|占地|规模|学位|班|泊|用地|惠及|涉及|覆盖|受益|服务")
_QUARTERS = frozenset({"城区", "县城", "主城区", "中心城区", "老城区", "新城区", "市区", "市辖区"})
_ALL_COVERED = re.compile(
    r"(?:实现|达到|做到|基本|力争|确保|在){0,4}(?P<unit>[^，。；]{1,14}?)(?:基本|实现){0,2}“?(?:全覆盖|全部覆盖|100%覆盖)"
)
_UNIT_LEAD = re.compile("^(?:所有|全部|各|城乡|全市|全县|全区|城市|农村)+(?=.)")
_ONLY_NUMBER = re.compile(
    rf"(?>{ACTS}|至少|不少于|不低于|原则上|均|各|要|应|须|力争|建有|建|配|有|设|约|达到?|新增|增设)*"
)
_IN_TURN = re.compile(
    rf"(?P<places>(?!、)(?:{CJK}|、(?!、))+?)(?<!、)(?:分别|依次|各自)(?>再|新|添|增|设|建|{ACTS})*"
    r"(?P<numbers>(?:[\d一二三四五六七八九十两百]++[所个处家座块片条][、和与及]?){2,})"
)
_TURNS = re.compile(
    rf"(?:到|至)?(?:20\d\d年)?(?:底|末)?(?:要|力争|确保)?(?:分别|依次|各)(?>{ACTS}|达到?|为|不少于|增至|新增)*"
    r"(?P<numbers>(?:[\d一二三四五六七八九十百]++(?:[所个处家座块片条]|公里)(?:以上)?[、和与及]?){2,})"
)


class ShareReader:
    """Reads how the numbers of one plan are shared out.

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

    def again(self, scene: Scene) -> Iterator[Draft]:
        """Read a clause without a noun that counts, places or spreads what was named before.

        Parameters
        ----------
        scene
            The clause; what it carries says what was named.

        Yields
        ------
        Draft
        """
        carry = scene.carry
        counted = list(self._counted(scene, carry.lead_noun)) if carry.lead_noun else []
        counted = counted or list(self._then(scene))
        yield from counted
        if (spoken := carry.last or carry.topic) is not None and not counted:
            shares = list(self._in_turn(scene, spoken))
            if carry.last is not None and not shares:
                shares = list(self._shares(scene, carry.last, 0, len(scene.shown)))
            yield from shares
            counted = counted or shares
        if carry.topic is not None and not counted:
            yield from self._for_each(scene, carry.topic, 0, len(scene.shown))
        if carry.last is None and carry.lead_noun and carry.lead_noun.category and not counted:
            yield from self._of_lead(scene, carry.lead_noun)

    def _of_lead(self, scene: Scene, lead: Token) -> Iterator[Draft]:
        """Read 公办幼儿园：甲区2所，乙区3所: shares of what the words before the colon name."""
        kinds = [kind for kind in scene.carry.front.kinds if kind in BUILDS]
        whole = Draft(
            scene.passage, scene.base, scene.base, lead.category or "", "quota", kinds[-1] if kinds else "new", "lead"
        )
        words = scene.carry.lead_words
        whole.noun_at = scene.carry.lead_at
        yield from self._shares(scene, whole.told(category=words, kind=words, action=words), 0, len(scene.shown))

    def _for_each(self, scene: Scene, topic: Draft, begin: int, stop: int) -> Iterator[Draft]:
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
            least = quantity.at_least or bool(LEAST.search(shown[end : end + quantity.start]))
            rule = replace(rule, count=quantity.count, unit=quantity.unit, at_least=least)
            number = scene.base + begin + end
            rule.counted(number + quantity.start, number + quantity.end, least_from=number)
        yield rule

    def _then(self, scene: Scene) -> Iterator[Draft]:
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

    def _in_turn(self, scene: Scene, total: Draft) -> Iterator[Draft]:
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

    def _shares(self, scene: Scene, total: Draft, begin: int, stop: int) -> Iterator[Draft]:
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

    def _part(self, scene: Scene, total: Draft, quantity: Quantity, at: int, *, least: str, begin: int) -> Draft:
        """Return a draft for one counted part of what was named before."""
        start = scene.base + at
        draft = replace(total, passage=scene.passage, start=start, end=start + quantity.end, count=quantity.count)
        draft = replace(draft, rule="shares", unit=quantity.unit, year=scene.year_at(at), void=False)
        draft.at_least = quantity.at_least or bool(LEAST.search(least))
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

    def _place_like(self, words: str) -> bool:
        """Tell whether words that share a number are a place: known, of a place's form, or short and no type word."""
        if self._area.placeable(words):
            return True
        if words in _QUARTERS:
            return True
        plain = bool(re.fullmatch(rf"{CJK}{{2,4}}", words)) and self._wording.residue(words) == words
        return plain and not _MEASURE.search(words) and not any(self._wording.tokens(words))

    def _counted(self, scene: Scene, lead: Token) -> Iterator[Draft]:
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
            noun_at=scene.carry.lead_at,
        )
        draft.counted(draft.end - quantity.end + quantity.start, draft.end)
        acted = scene.words_of(draft.verbs) if lead.category != "renovation" or match[0] else scene.carry.lead_words
        draft.told(category=scene.carry.lead_words, kind=draft.words["count"], action=acted)
        draft.told(year=scene.year_words(match.end()))
        scene.carry.last = draft
        yield draft
        if scene.shown[end : end + 1] in ("、", "和"):
            yield from self._shares(scene, draft, end + 1, len(scene.shown))


def _same_unit(total: Draft, quantity: Quantity, body: str) -> bool:
    """Tell whether a number counts what was named before: by its unit, and by a verb where that stands already."""
    if total.rule == "stands" and not _SHARE_VERB.search(body[: quantity.start]):
        return False
    return quantity.unit == total.unit if total.unit else quantity.unit in (*_COUNTERS, "公里")
