"""Drafts of records made from marks, each field with the words that give it."""

import re
from collections.abc import Sequence

from service_map.plans.area import PlanArea, last
from service_map.plans.detail import begins
from service_map.plans.draft import Draft, Rejection
from service_map.plans.lexicon import Wording
from service_map.plans.outline import Passage, Span
from service_map.plans.reading import tense
from service_map.plans.reading.context import MADE, Context, action_of, kind_of
from service_map.plans.reading.items import Item, ItemReader
from service_map.plans.reading.marks import Mark, Marker
from service_map.plans.reading.names import NameTeller

_MAX_QUOTE = 120
_YEAR = re.compile(r"20\d\d(?:年[底末]?)?")
_LEAST = re.compile("至少|不少于|不低于|最少")
_LEAST_ALL = re.compile("(?:至少|不少于)(?=建[有设成]|新建|配建|设置|配置)")
"""Before the verb it holds for all that the verb governs: 至少建有体育场1个、健身中心1个."""
_STARTS = frozenset({"开工", "开工建设", "动工", "启动", "奠基", "谋划", "储备"})


def only_starts(draft: Draft) -> bool:
    """Tell whether the verbs say no more than that work begins, which tells no year by which it stands."""
    return bool(draft.verbs) and set(draft.verbs) <= _STARTS


class Drafts:
    """Makes drafts by the words of one plan.

    Parameters
    ----------
    wording
        The word lists.
    area
        The places of the plan.
    since
        The year with which the plan begins.
    why
        Whether to keep what is no promise.

    Attributes
    ----------
    rejections
        Facility nouns that are no promise, with the reason; None where nobody asked.
    """

    def __init__(self, wording: Wording, area: PlanArea, *, since: int = tense.FIRST_YEAR, why: bool = False) -> None:
        self._wording = wording
        self._area = area
        self._since = since
        self._marker = Marker(wording, area)
        self._items = ItemReader(wording)
        self._names = NameTeller(wording, area)
        self._before: tuple[tuple[Draft, object], ...] = ()
        self._base: object = None
        self._section: str | None = None
        self.rejections: list[Rejection] | None = [] if why else None

    def leave(self, passage: Passage, start: int, end: int, reason: str) -> None:
        """Note the facility nouns of a part of a passage that is not read, where somebody asked for it."""
        if self.rejections is not None:
            self.rejections.extend(
                Rejection(passage, start + token.start, start + token.end, token.category, reason)
                for token in self._wording.tokens(passage.text[start:end])
                if token.category
            )

    def _governing(self, item: Item, context: Context) -> tuple[Mark, ...]:
        return tuple(item.verbs) or context.verbs

    def _said(self, item: Item, context: Context) -> list[Mark]:
        """Return all verbs of an item; those behind it take the place of verbs of an earlier clause."""
        if item.acts and not item.verbs and {kind_of(act) for act in item.acts} & MADE:
            return [*(verb for verb in context.verbs if kind_of(verb) not in MADE), *item.acts]
        return [*self._governing(item, context), *item.acts]

    def _draft(
        self, passage: Passage, item: Item, context: Context, kind: str, verbs: Sequence[Mark], *, rule: str
    ) -> Draft:
        noun = item.noun
        token = noun.token if noun else None
        if noun is None or token is None:
            raise ValueError(rule)
        above = (passage.section or "") + context.heading
        category = self._wording.category_in(
            noun.text, token.category or "", above, passage.text[item.start : item.end]
        )
        kindred = (
            item.box.inner[-1]
            if item.box and item.box.inner and item.box.inner[-1].kind == "noun" and len(item.box.inner) == 1
            else None
        )
        boxed_noun = None
        if category == "hospital" and kindred and kindred.token and "hospital" in (kindred.token.category or ""):
            category, boxed_noun = kindred.token.category or "", kindred
        start = min([item.phrase[0], *(mark.start for mark in item.numbers)])
        end = max(item.phrase[1], item.numbers[-1].end if item.numbers and item.behind else 0)
        draft = Draft(
            passage, start, min(end, start + _MAX_QUOTE), category, kind, action_of(verbs, category, item.acts), rule
        )
        draft.noun_at = (noun.start, noun.end)
        draft.verbs = tuple(mark.text for mark in verbs)
        words = passage.spans(noun.start, noun.end)
        acted = tuple(span for mark in verbs for span in passage.spans(mark.start, mark.end))
        heading: tuple[Span, ...] = ()
        if passage.heading and category != token.category:
            heading = (passage.heading,)
        if boxed_noun:
            heading = passage.spans(boxed_noun.start, boxed_noun.end)
        draft.told(category=(*words, *heading), action=acted or words, kind=acted or words)
        draft.item = item
        if isinstance(item.foreign, Draft):
            draft.noun_at, draft.noun = None, item.foreign.noun or noun.text
            draft.start = draft.end = 0
            spans = item.foreign.words.get("category", ())
            draft.told(category=spans, noun=spans, action=spans, kind=spans)
        boxed = (
            next((mark for mark in (item.box.inner or ()) if mark.kind == "time" and mark.year), None)
            if (item.box and kind == "quota") or (item.box and kind == "site")
            else None
        )
        time = boxed or item.due or item.year or context.year
        if (
            item.due
            and item.acts
            and "主体" in passage.text[item.phrase[1] : item.acts[-1].start + 1]
            and item.acts[-1].text in ("封顶", "完工", "竣工", "完成")
        ):
            time = item.year or context.year
        started = only_starts(draft) and not item.due
        if time and time.year and not started:
            self._dated(draft, time)
        if (
            verbs
            and len(verbs) == 1
            and verbs[0].text == "建设"
            and category in ("vocational_school", "college")
            and passage.text[: verbs[0].start].endswith("重点")
            and kind == "site"
        ):
            draft.action = "upgrade"
        if (
            draft.action == "unspecified"
            and {mark.text for mark in verbs} & {"完善", "改善", "优化"}
            and re.match(
                "的?(?:辅助|配套|基础|服务|硬件)设施(?:设备)?(?:建设)?(?:$|[，。；])", passage.text[item.phrase[1] :]
            )
        ):
            draft.action = "upgrade"
        if context.spot:
            draft.locality = context.spot.text
            draft.told(locality=passage.spans(context.spot.start, context.spot.end))
        if item.size and item.size.size:
            draft.capacity, draft.capacity_unit = item.size.size, "班"
            spans = passage.spans(item.size.start, item.size.end)
            draft.told(capacity=spans, capacity_unit=spans)
        if item.section:
            draft.noun = item.section.text
            draft.told(noun=passage.spans(item.section.start, item.section.end))
        if item.joined:
            last = item.joined[-1]
            draft.noun = passage.text[item.phrase[0] : last.phrase[1]]
            draft.told(noun=passage.spans(item.phrase[0], last.phrase[1]))
            codes = {category, *(one.noun.token.category or "" for one in item.joined if one.noun and one.noun.token)}
            if len(codes) > 1 and {self._wording.family.get(code) for code in codes} <= {"school", "preschool"}:
                draft.category = "school_other"
        return draft

    def _dated(self, draft: Draft, time: Mark) -> None:
        draft.year = time.year
        figures = last(_YEAR.finditer(time.text))
        start, end = figures.span() if figures else (0, len(time.text))
        draft.told(year=draft.passage.spans(time.start + start, time.start + end))

    def _counted(self, draft: Draft, number: Mark) -> Draft:
        quantity = number.quantity
        if quantity is None:
            return draft
        draft.count, draft.unit, draft.at_least = quantity.count, quantity.unit, quantity.at_least
        draft.counted(number.start, number.end)
        draft.told(kind=draft.words["count"])
        text = draft.passage.text
        near = begins(text, number.start, "，。；、（）", within=16)
        clause = begins(text, number.start, "，。；：", within=60)
        if quantity.yearly or "每年" in text[near : number.start]:
            draft.note = "per year"
            draft.told(note=draft.words["count"])
        least = _LEAST.search(text, near, number.start)
        if least is None and draft.kind == "coverage":
            least = _LEAST_ALL.search(text, clause, number.start)
        if least and not draft.at_least:
            draft.at_least = True
            draft.told(at_least=draft.passage.spans(*least.span()))
        return draft

    def _placed(self, draft: Draft, mark: Mark) -> Draft:
        words = draft.passage.spans(mark.start, mark.end)
        place = self._area.place(mark.text)
        draft.place, draft.place_level = place.name, place.level
        draft.told(place=words, place_level=words)
        if draft.kind == "allotment":
            draft.told(kind=words)
        return draft

    def _is_place(self, words: str) -> bool:
        return (
            self._area.known(words)
            or self._area.like(words)
            or bool(
                re.fullmatch(
                    "[\u4e00-\u9fff]{1,8}(?:镇|乡|街道|社区|村|县|区|市|苏木|嘎查|片区|新城|小区|林场|连|团)", words
                )
            )
        )

    def _same_family(self, item: Item, base: Item) -> bool:
        family = self._wording.family
        mine, other = (one.noun.token.category if one.noun and one.noun.token else None for one in (item, base))
        return bool(mine and other) and (
            family.get(mine or "") == family.get(other or "")
            or {family.get(mine or ""), family.get(other or "")} <= {"school", "preschool"}
        )

    def _reject(self, passage: Passage, item: Item, reason: str) -> None:
        if self.rejections is not None and item.noun and item.noun.token:
            self.rejections.append(
                Rejection(passage, item.noun.start, item.noun.end, item.noun.token.category or "", reason)
            )

    def _inside(self, item: Item) -> Mark | None:
        """Return the place with which the noun's phrase begins."""
        found = None
        for mark in item.marks:
            if (
                mark.kind == "place"
                and mark.start == (found.end if found else item.phrase[0])
                and item.noun
                and mark.end <= item.noun.start
            ):
                found = mark if found is None else Mark(found.start, mark.end, "place", found.text + mark.text)
        return found

    def _seated(self, item: Item, begin: int) -> bool:
        """Tell whether a name begins with a place by its form that is more than a part of a town."""
        first = next((mark for mark in item.marks if mark.kind == "place" and mark.start == begin), None)
        return bool(
            first
            and item.noun
            and first.end <= item.noun.start
            and len(first.text) > 2
            and not re.fullmatch(
                "(?:中心|主|老|新|建成|市|县)?城区|县城|.?市本级|市辖区|开发区|高新区|经开区|农村|城镇", first.text
            )
        )

    def _proper_one(self, item: Item) -> bool:
        """Tell whether the noun has a proper name of its own before it (思源小学一所)."""
        if item.noun is None or not re.search("(?:小学|中学|学校|幼儿园|敬老院|养老院|颐养院)$", item.noun.text):
            return False
        body = "".join(mark.text for mark in item.marks if item.phrase[0] <= mark.start < item.noun.start)
        return 2 <= len(body) <= 4 and self._wording.residue(body) == body
