"""Lists: items that share verbs, places and numbers; parts of a number; names behind a colon or in a bracket."""

import re
from collections.abc import Iterator
from dataclasses import replace

from service_map.plans.detail import CAPACITY_UNIT
from service_map.plans.draft import Draft
from service_map.plans.lexicon import CJK
from service_map.plans.outline import Passage
from service_map.plans.reading.context import MADE, SUBJECT, Context, Found, action_of, cut, kind_of
from service_map.plans.reading.items import PLACES, Item
from service_map.plans.reading.marks import Mark
from service_map.plans.reading.nouns import Nouns
from service_map.plans.reading.runs import share, sums_up

_AT = re.compile(
    "(?:选址|地址|位置)(?:分别)?(?:为|在|于)|(?:分别|均|依次)?(?:位于|(?:选址|布局|布点|设|分布|落户|建)(?:于|在))"
)
_SUMS_UP = "总括前文所列 sums up what is listed before it"
_HOUSE = re.compile("[园校院馆站点所堂心场地吧房]$")
_LENGTH = re.compile("(?:总?长度?|全[长程]|总里程|里程)(?:约|达到?|为|共|不少于|超过)*$")


class Lists(Nouns):
    """Reads lists."""

    def _noun(
        self, passage: Passage, item: Item, before: list[Mark], context: Context, *, forward: bool = False
    ) -> Found:
        """Read an item that has a noun, with the bracket behind it."""
        zone = self._zone(passage, item, context)
        if zone is not None:
            found = self._part(passage, zone, before, context)
            if found is not None:
                return found
        found = self._one(passage, item, before, context, forward=forward)
        if found.drafts and not found.drafts[0].void:
            found = self._several(item, self._boxed(passage, item, found))
        return found

    def _list(self, passage: Passage, items: list[Item], context: Context) -> Found:
        """Read the items of a clause from left to right."""
        drafts: list[Draft] = []
        places: list[Mark] = list(context.places) if items[0].each and not items[0].placed else []
        waiting: list[Item] = []
        total = bool(context.waiting) and any(item.noun and item.numbers for item in items)
        early_parts = list(context.waiting) if total else []
        context = context.but(waiting=())
        hanging: list[Mark] = []
        also: list[Mark] = []
        joining: list[Mark] = []
        before, headed = context.year, False
        context = context.but(places=(), here=None, near=None, fresh=False)
        share(passage.text, items, listing=context.listing)
        for index, item in enumerate(items):
            following = items[index + 1] if index + 1 < len(items) else None
            if item.year and (item.noun or item.bare):
                context = context.but(year=item.year)
                first = item.verbs[0].start if item.verbs else item.year.end
                # 2027年底前建成甲，新建乙 dates 甲 alone; 2027年建成甲，新建乙 and 2027年底前，… all of it.
                dated = item.bare or "前" not in passage.text[item.year.start : first]
                headed = headed or (index == 0 and item.year.start - item.start <= 4 and dated)
            if item.unit and not item.noun:
                context = context.but(unit=item.unit)
            if item.bare and item.tier and not item.verbs and following is not None and following.unit:
                following.tier = following.tier or item.tier
            if item.bare and item.year and not (item.placed or item.verbs or item.odd):
                also.append(item.year)
            if item.bare:
                if item.verbs and not item.placed:
                    hanging.extend(item.verbs)
                elif item.unit:
                    continue
                elif item.verbs and not item.places and item.verbs[-1].start >= item.placed[-1].end:
                    # 景观提升、水体整治: works, not places.
                    continue
                elif item.placed and (not item.odd or index == len(items) - 1):
                    places.extend(item.placed)
                    if item.verbs:
                        context = context.but(verbs=(*hanging, *item.verbs), fresh=True)
                        joining, hanging = [*hanging, *item.verbs], []
                continue
            if item.verbs:
                joined = (
                    joining
                    if index
                    and not items[index - 1].noun
                    and items[index - 1].verbs
                    and items[index - 1].verbs[-1].end == items[index - 1].end
                    else []
                )
                joining = []
                verbs = [*joined, *hanging, *item.verbs]
                hanging = []
                item.verbs = verbs
                ahead_of = [place for place in item.places if place.start < verbs[0].start]
                context = context.but(
                    verbs=tuple(verbs),
                    fresh=True,
                    here=ahead_of[-1] if len(ahead_of) == 1 and not places and not item.each else None,
                )
            if item.noun is None and item.numbers and context.topic:
                length = self._length(passage, [item], context)
                if length is not None:
                    continue
            if item.noun is None:
                ahead = (
                    not item.lead
                    and not item.verbs
                    and not context.led
                    and any(
                        one.noun
                        and one.numbers
                        and not one.verbs
                        and self._zone(passage, one, context.but(led=True)) is None
                        for one in items[index + 1 :]
                    )
                )
                item.lead = item.lead or (
                    items[index - 1].lead if index and items[index - 1].lead and not items[index - 1].noun else None
                )
                found = None if ahead else self._part(passage, item, places, context)
                if found is None:
                    if not item.odd and not item.rests:
                        waiting.append(item)
                    continue
                for time in also if item.each and item.year else ():
                    # 2026年、2027年各5个: so many in each of the years.
                    for draft in found.drafts:
                        other = replace(draft, words=dict(draft.words))
                        self._dated(other, time)
                        drafts.append(other)
                drafts.extend(found.drafts)
                context, places = found.context, []
                continue
            if (
                following is not None
                and following.glue == "|"
                and following.verbs
                and following.noun
                and not item.numbers
            ):
                found = self._subject(passage, items[: index + 1], following, places, context)
                for draft in drafts if found.drafts and found.drafts[0].action == "upgrade" and item.glue else ():
                    draft.action = "upgrade" if draft.kind == "site" else draft.action
                drafts.extend(found.drafts)
                context = found.context
                places = [*places, *item.placed] if following.each else places if not found.drafts else []
                if found.drafts and following.noun.text.endswith("位"):
                    items[index + 1].subject, items[index + 1].rests = True, items[index + 1].verbs[0]
                    items[index + 1].verbs = []
                continue
            if sums_up(items[: index + 1]):
                self._reject(passage, item, _SUMS_UP)
                continue
            if item.after_etc and not item.numbers:
                found = self._summed(passage, items[: index + 1], context)
                if found is not None:
                    del drafts[:]
                    drafts.extend(found.drafts)
                    context, places = found.context, []
                    continue
            for early in waiting:
                drafts.extend(self._early(passage, early, item, context))
            found = self._noun(passage, item, places, context, forward=bool(waiting))
            waiting, places = [], []
            for early in early_parts if found.drafts and found.drafts[0].kind == "quota" else ():
                for draft in self._early(passage, early, item, context):
                    draft.whole = found.drafts[0]
                    drafts.append(draft)
            early_parts = []
            drafts.extend(found.drafts)
            context = found.context
        if not headed and len(items) > 0:
            context = context.but(year=before)
        if places and not drafts:
            at = passage.text[places[0].start - 1 : places[0].start] in ("在", "于") and len(places) == 1
            context = context.but(places=tuple(places), around=places[0] if at else context.around)
        if waiting and not drafts:
            context = context.but(
                waiting=tuple(one for one in waiting if (one.tier or one.placed) and not one.verbs and not one.odd),
            )
        if hanging and drafts:
            last = drafts[-1]
            last.action = action_of(list(hanging), last.category) if last.action == "unspecified" else last.action
        elif hanging:
            context = context.but(verbs=tuple(hanging))
        return Found(drafts, context)

    def _length(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 建设健身步道，总长约11公里 and 步道3条、总长16.8公里: the length counts it."""
        if not items or items[0].noun or not context.topic or context.topic[-1].category != "trail":
            return None
        number = next(
            (mark for mark in items[0].numbers if mark.quantity and mark.quantity.unit in ("公里", "千米")), None
        )
        if number is None or not _LENGTH.search(passage.text[items[0].start : number.start]) or len(items) > 1:
            return None
        draft = context.topic[-1]
        if draft.kind == "intent" or (draft.kind == "quota" and draft.unit not in ("公里", "千米")):
            self._counted(draft, number)
            draft.kind = "quota"
        return Found([], context)

    def _zone(self, passage: Passage, item: Item, context: Context) -> Item | None:
        """Return a share whose place only looks like a facility (某旅游度假区4家), None where it is one."""
        if (
            not context.topic
            or item.verbs
            or item.number is None
            or not context.base
            or self._same_family(item, context.base)
        ):
            return None
        words = passage.text[slice(*item.phrase)]
        whole = context.topic[0]
        unit = item.number.quantity.unit if item.number.quantity else None
        if (
            not (item.lead or context.led or whole.kind == "allotment" or len(context.said) > 1)
            or unit != whole.unit
            or not words.endswith(("区", "镇", "城"))
        ):
            return None
        place = Mark(item.phrase[0], item.phrase[1], "place", words)
        return replace(item, noun=None, places=[place], guesses=[])

    def _part(self, passage: Passage, item: Item, before: list[Mark], context: Context) -> Found | None:
        """Read a number without a noun: a part of what was counted, or more of it by another verb."""
        base = context.base
        if base is None or not context.topic or base.noun is None:
            return None
        number = item.numbers[0]
        unit = number.quantity.unit if number.quantity else None
        known = context.topic[0].unit
        if known and unit != known and not {unit, known} <= set("个所处家座"):
            return None
        whole = context.topic[0]
        if self._sizes(passage, item, context):
            return Found([], context)
        soft = {kind_of(verb) for verb in item.verbs} & {"foster", "strengthen", "keep"}
        if soft or any(mark.text.startswith("可") for mark in item.odd):
            return Found([], context)
        if item.rests and not item.verbs:
            if item.lead or item.rests.text == "保留":
                whole.void = True
            return Found([], context)
        if item.verbs and any(
            mark.start == number.end and not _HOUSE.search(mark.text) for mark in (*item.guesses, *item.odd)
        ):
            # 组建4个创新团队: counts something else.
            return Found([], context)
        if context.stock and not {kind_of(verb) for verb in item.verbs} & MADE:
            return None
        places = [*before, *item.places]
        guesses = [
            mark
            for mark in item.guesses
            if self._is_place(mark.text)
            or (len(mark.text) <= 4 and not item.verbs and unit == known and mark.text[-1] not in "站园所馆院校点")
        ]
        places.extend(guesses)
        verbs = list(item.verbs) or [*self._governing(base, context), *base.acts]
        if item.unit and item.unit.level:
            return None
        said = [mark for mark in item.guesses if mark not in guesses]
        plain = not said or not _HOUSE.search(said[-1].text)
        odd = [mark for mark in item.odd if self._wording.residue(mark.text)]
        if (
            not said
            and len(odd) == 1
            and odd[0].kind == "word"
            and (item.lead or context.led)
            and re.search("[园校院馆站点所堂心场吧房]$", odd[0].text)
        ):
            said, odd, plain = odd, [], False
        kindred = len(said) == 1 and said[0].text[-1] == base.noun.text[-1] and unit == known
        if (odd and not item.lead) or (said and not (item.lead or context.led or kindred)) or len(said) > 1:
            return None
        if not (places or said or item.tier or item.year or item.verbs or item.lead or item.state or context.led):
            return None
        drafts = []
        seats: list[Mark | None] = [*places] or [None]
        for place in seats:
            draft = self._draft(passage, base, context, "allotment" if place else "quota", verbs, rule="shares")
            draft.start, draft.end = (place or item).start, item.end
            draft = self._counted(draft, number)
            if place and len(seats) > 1 and draft.count == len(seats) and not item.each:
                # 甲镇、乙镇、丙镇3所: one each.
                draft.count = 1
            if place:
                draft = self._placed(draft, place)
            elif context.place and whole.place is None:
                draft = self._placed(draft, context.place)
            elif whole.place and whole.kind == "quota":
                draft.place, draft.place_level = whole.place, whole.place_level
                draft.told(place=whole.words.get("place", ()), place_level=whole.words.get("place_level", ()))
            if item.year and item.year.year:
                self._dated(draft, item.year)
            if not item.verbs and whole.action != draft.action and not (whole.void and context.verbs):
                draft.action = whole.action
            elif {kind_of(verb) for verb in item.verbs} & MADE:
                draft.action = action_of(item.verbs, draft.category)
            if said and not plain:
                words = passage.spans(said[0].start, said[0].end)
                draft.noun = said[0].text
                draft.told(noun=words)
            if kindred and not plain:
                draft.whole = whole.whole or whole
                context = context.but(topic=(draft,))
            elif (not item.verbs or item.lead) and whole.kind == "quota" and not whole.void:
                draft.whole = whole
            drafts.append(draft)
        if whole.void and context.heading and item.verbs and len(drafts) == 1 and drafts[0].kind == "quota":
            # 公墓。新建2处，其中…: what the heading named is counted here, and its parts follow.
            context = context.but(topic=(drafts[0],))
        return self._boxed(passage, item, Found(drafts, context))

    def _sizes(self, passage: Passage, item: Item, context: Context) -> bool:
        """Read 某村1处，墓位2.4万个: the places that what was said last has."""
        last = context.said[-1] if context.said else None
        number = item.numbers[0]
        words = next((mark for mark in item.marks if mark.end == number.start), None)
        if words is None or not PLACES.fullmatch(words.text) or number.quantity is None or len(item.marks) > 2:
            return False
        if last is not None and last.count == 1 and last.capacity is None:
            last.capacity, last.capacity_unit = number.quantity.count, CAPACITY_UNIT.get(words.text, words.text)
            last.told(
                capacity=passage.spans(number.start, number.end), capacity_unit=passage.spans(words.start, words.end)
            )
        return True

    def _boxed(self, passage: Passage, item: Item, found: Found) -> Found:
        """Read the bracket behind a number: its parts, its places or its names."""
        box = item.box
        if box is None or not box.inner or not found.drafts or found.drafts[0].kind not in ("quota", "intent"):
            return found
        seat = item.placed[-1] if item.placed else found.context.here or found.context.place
        context = found.context.but(
            led=True,
            place=seat,
            topic=(found.drafts[0],),
            base=found.context.base or item,
            verbs=tuple(self._governing(item, found.context)),
        )
        drafts: list[Draft] = []
        bare = _bare_numbers(passage.text, box)
        for name, at, count in bare:
            draft = self._draft(passage, item, context, "allotment", self._said(item, found.context), rule="shares")
            draft.start, draft.end = at, at + len(name)
            draft.count, draft.unit = count, found.drafts[0].unit
            spans = passage.spans(at, at + len(name) + len(str(count)))
            draft.told(count=spans, unit=found.drafts[0].words.get("unit", ()))
            drafts.append(self._placed(draft, Mark(at, at + len(name), "place", name)))
        for part, _ in cut(box.inner) if not bare else ():
            located = self._located_items(passage, self._items.items(part), context.but(topic=(found.drafts[0],)))
            if located is not None:
                return Found(located.drafts, found.context)
            items = self._items.items(part)
            inner = self._named_behind(passage, items, context) or (
                self._list(passage, items, context) if any(one.numbers for one in items) else None
            )
            if inner is None:
                break
            drafts.extend(draft for draft in inner.drafts if draft.kind != "intent")
        whole = found.drafts[0]
        if whole.kind == "intent" and drafts:
            town = re.match("县城|老城区", passage.text[slice(*item.phrase)]) if item.noun else None
            for draft in drafts:
                if town:
                    draft.locality = town[0]
                    draft.told(locality=passage.spans(item.phrase[0], item.phrase[0] + len(town[0])))
            return Found(drafts, found.context)
        for draft in drafts:
            draft.whole = draft.whole or (whole if not whole.void else None)
        return Found([*found.drafts, *drafts], found.context)

    def _named_behind(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 新建3所：甲幼儿园、乙园、丙园 and 3处：甲社区、乙社区: names or places behind a number."""
        if not context.led or context.base is None or not context.topic or not items:
            return None
        whole = context.topic[0]
        plain = [item for item in items if not item.numbers]
        if len(plain) != len(items) or whole.kind not in ("quota", "intent", "site"):
            return None
        exact = whole.count is not None and whole.count == len(items)
        texts = [_bare(item) for item in items]
        nouned = [item.noun is not None for item in items]
        if any(item.verbs or item.acts or item.unit for item in items) or not all(texts):
            return None
        placed = [self._is_place(passage.text[a:b]) for a, b in texts]
        same = all(item.noun is None or self._same_family(item, context.base) for item in items)
        if len(items) == 1 and not nouned[0] and not placed[0]:
            return None
        if not (exact or (same and (all(nouned) or all(placed)) and len(items) > 1)):
            return None
        if not exact and whole.count is not None and not any(item.etc for item in items) and whole.count < len(items):
            return None
        drafts = []
        for item, (a, b), here in zip(items, texts, placed, strict=True):
            draft = self._draft(
                passage,
                context.base,
                context,
                "allotment" if here else "site",
                [*self._governing(context.base, context), *context.base.acts],
                rule="listed behind" if here else "named behind",
            )
            draft.start, draft.end, draft.count = a, b, 1
            words = passage.spans(a, b)
            draft.told(count=words, kind=words)
            if here:
                draft.unit = whole.unit
                draft.told(unit=whole.words.get("unit", ()))
                mark = Mark(a, b, "place", passage.text[a:b])
                draft = self._placed(draft, mark)
            else:
                draft = self._listed_name(passage, draft, item, context.base)
            time = item.due or item.year
            if time and time.year:
                self._dated(draft, time)
            drafts.append(draft)
        if exact or whole.count is None:
            whole.void = True
        for draft in drafts if not whole.void else ():
            draft.whole = whole
        return Found(drafts, context.but(led=False, topic=tuple(drafts)))

    def _listed_name(self, passage: Passage, draft: Draft, item: Item, base: Item) -> Draft:
        a, b = draft.start, draft.end
        words = passage.spans(a, b)
        draft.name = passage.text[a:b]
        draft.told(name=words)
        if base.noun and item.noun and not draft.name.endswith(base.noun.text[-2:]) and base.foreign is None:
            # 某山安息堂: the type stands before the colon.
            draft.noun = passage.text[slice(*base.phrase)]
            draft.told(noun=passage.spans(*base.phrase))
        if item.noun and item.noun.token and item.noun.token.category:
            draft.category = item.noun.token.category if self._same_family(item, base) else draft.category
            draft.noun_at = (item.noun.start, item.noun.end)
            draft.told(category=passage.spans(item.noun.start, item.noun.end))
        seat = self._area.of_name(
            draft.name, word=item.noun.text if item.noun else "", category=draft.category, behind=""
        )
        draft.place, draft.place_level = (None, "plan")
        draft.told(place=(), place_level=())
        if seat:
            draft.place, draft.place_level = seat.name, seat.level
            draft.told(place=words, place_level=words)
        return draft

    def _located_items(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 新建2个，分别位于甲镇、乙镇: as many places as were counted, one for each."""
        if not context.topic or context.base is None or any(item.numbers for item in items):
            return None
        whole = context.topic[0]
        a, b = items[0].start, items[-1].end
        lead = _AT.match(passage.text, a, b)
        if lead is None:
            return None
        places = [
            Mark(lead.end() + part.start(), lead.end() + part.end(), "place", part[0])
            for part in re.finditer("[^、和与及]+", passage.text[lead.end() : b])
        ]
        if (
            whole.count != len(places)
            or len(places) < 2
            or whole.kind not in ("quota", "allotment")
            or not all(2 <= len(place.text) <= 14 for place in places)
        ):
            return None
        drafts = []
        for place in places:
            draft = replace(
                whole,
                start=place.start,
                end=place.end,
                kind="allotment",
                count=1,
                rule="located",
                words=dict(whole.words),
                at_least=False,
                count_max=None,
            )
            words = passage.spans(place.start, place.end)
            draft.told(count=words, at_least=(), count_max=())
            if whole.kind == "allotment" and whole.place:
                draft.locality = whole.place
                draft.told(locality=whole.words.get("place", ()))
            drafts.append(self._placed(draft, place))
        whole.void = True
        return Found(drafts, context.but(topic=tuple(drafts)))

    def _summed(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 殡仪馆、公墓等殡葬设施, where the last noun sums up the list, and 小岭、火车站家属院等棚户区改造."""
        item, listed = items[-1], items[:-1]
        if item.noun is None or item.noun.token is None:
            return None
        if any(one.rests for one in listed):
            return None
        if item.noun.token.category == "renovation":
            names: list[Mark] = []
            for one in listed:
                first = next(
                    (mark for mark in one.marks if mark.kind not in ("verb", "adverb", "time", "lead", "quote")), None
                )
                last = next((mark for mark in reversed(one.marks) if mark.kind not in ("etc", "adverb", "quote")), None)
                if first and last and one.glue == "|" and names:
                    names[-1] = Mark(names[-1].start, last.end, "word", passage.text[names[-1].start : last.end])
                elif first and last:
                    names.append(Mark(first.start, last.end, "word", passage.text[first.start : last.end]))
            return self._shared_head(passage, item, names, context, [*self._governing(item, context), *item.acts])
        only = listed[0] if len(listed) == 1 else None
        if only and only.noun and only.tail and item.glue == "|":
            # 职业中学煤层气等产教融合实训基地 is one name.
            whole = replace(item, phrase=(only.phrase[0], item.phrase[1]), verbs=only.verbs, places=[])
            return self._noun(passage, whole, [], context.but(listing=True))
        if any(one.noun for one in listed):
            for one in listed:
                one.acts = one.acts or item.acts
            found = self._list(passage, listed, context)
            self._reject(passage, item, _SUMS_UP)
            return Found(found.drafts, found.context)
        return None

    def _early(self, passage: Passage, early: Item, item: Item, context: Context) -> Iterator[Draft]:
        """Read 甲县4家、乙县3家 in 甲县4家、乙县3家、丙区2家普惠托育机构, and 2026年3个 before 2027年5个中心."""
        verbs = early.verbs or self._said(item, context)
        seats: list[Mark | None] = [*early.placed] or [None]
        for place in seats:
            draft = self._draft(passage, item, context, "allotment" if place else "quota", verbs, rule="listed places")
            draft.start, draft.end = early.start, early.end
            draft = self._counted(draft, early.numbers[0])
            if place:
                draft = self._placed(draft, place)
            if early.year and early.year.year:
                self._dated(draft, early.year)
            yield draft

    def _subject(
        self, passage: Passage, items: list[Item], following: Item, before: list[Mark], context: Context
    ) -> Found:
        """Read a noun that a verb follows which governs another: who does it, or what becomes the other."""
        text = passage.text
        item = items[-1]
        lead = text[max(0, item.start - 1) : item.start + 1]
        verb = following.verbs[0]
        becomes = re.match(
            "(?:改造|改建|改扩建|提升|转型|升格|改设|转|改|调整|建设|打造)(?:成为|为|成)|办成|建设[^，。、]{0,6}(?:高水平|一流|应用型|研究型|示范)",
            text[verb.start :],
        )
        if following.each or any(mark.text in ("全部", "均", "都", "普遍") for mark in following.marks[:2]):
            named = [one for one in items if one.noun and self._wording.unit_at(text[one.phrase[0] : one.phrase[1]])]
            if named:
                units = [
                    Mark(one.phrase[0], one.phrase[1], "unit", text[one.phrase[0] : one.phrase[1]]) for one in named
                ]
                units[0].inner = units[1:]
                return Found([], context.but(unit=units[0]))
        if re.match("原|闲置|废弃|空置|腾退", text[item.phrase[0] :]) or re.search(
            "[将把]原", text[item.start : item.phrase[1]]
        ):
            self._reject(passage, item, "改作他用的旧址 what it was before")
            return Found([], context)
        if following.noun and PLACES.search(following.noun.text) and following.noun.text.endswith("位"):
            found = self._noun(passage, replace(item, acts=[verb]), before, context.but(verbs=()))
            for draft in found.drafts:
                draft.action = "expand"
            return found
        if becomes or re.search("[将把]", lead) or re.search("(?:将|把)", text[item.start : item.phrase[0]]):
            raised = replace(item, acts=[verb])
            found = self._noun(passage, raised, before, context.but(verbs=()))
            for draft in found.drafts:
                draft.action = "upgrade"
            return found
        self._reject(passage, item, SUBJECT)
        return Found([], context)

    def _houses(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 甲山追思楼、乙村永思楼2座公益性骨灰楼: names before their number and type."""
        item = items[-1]
        number = item.number
        if (
            number is None
            or item.behind
            or not number.quantity
            or number.quantity.count != len(items)
            or len(items) < 2
            or not all(one.noun is None for one in items[:-1])
        ):
            return None
        spans = []
        for one in items:
            first = next((mark for mark in one.marks if mark.kind in ("word", "place")), None)
            end = number.start if one is item else one.end
            spans.append((first.start, end) if first else (0, 0))
        names = [passage.text[a:b] for a, b in spans]
        if not all(re.search("[楼堂园苑馆院塔阁家]$", name) and len(name) > 2 for name in names):
            return None
        drafts = []
        for (a, b), name in zip(spans, names, strict=True):
            draft = self._draft(passage, item, context, "site", self._said(item, context), rule="shared noun")
            draft.start, draft.end, draft.name, draft.count = a, b, name, 1
            words = passage.spans(a, b)
            draft.told(name=words, count=words, kind=words)
            place = self._area.of_name(name, word="", category=draft.category, behind="")
            drafts.append(draft.at(place._replace(words=words)) if place else draft)
        return Found(drafts, context.but(topic=tuple(drafts), base=item))

    def _noun_first(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 幼儿园在甲团、乙团各落地1所: the noun before the places and their number."""
        head, tail = items[0], items[-1]
        if (
            len(items) < 2
            or head.noun is None
            or not head.seats
            or head.numbers
            or tail.noun
            or not tail.each
            or not tail.number
        ):
            return None
        if any(one.noun or one.numbers for one in items[1:-1]):
            return None
        places = [*head.seats, *(place for one in items[1:] for place in one.placed)]
        verbs = tail.verbs or list(self._governing(head, context))
        drafts = []
        for place in places:
            draft = self._draft(passage, head, context, "allotment", verbs, rule="each place")
            draft.start, draft.end = place.start, place.end
            drafts.append(self._placed(self._counted(draft, tail.number), place))
        return Found(drafts, context.but(topic=tuple(drafts), base=head))


def _bare_numbers(text: str, box: Mark) -> list[tuple[str, int, int]]:
    """Read （甲8、乙7、丙县6个）: names, where they stand, and their numbers; empty where the bracket is none such."""
    inner = text[box.start + 1 : box.end - 1]
    parts = list(re.finditer(rf"(?P<name>{CJK}{{2,10}}?)(?P<count>\d{{1,4}})[个所处家座片块条]?(?=、|，|$)", inner))
    joined = sum(len(part[0]) for part in parts) + len(parts) - 1
    if len(parts) < 2 or joined != len(inner) or all(part[0][-1] in "个所处家座片块条" for part in parts):
        return []
    return [(part["name"], box.start + 1 + part.start(), int(part["count"])) for part in parts]


def _bare(item: Item) -> tuple[int, int]:
    """Return the span of a listed name or place without what leads to it and what stands behind it."""
    marks = [
        mark
        for mark in item.marks
        if mark.kind not in ("lead", "adverb", "quote", "box", "time", "etc", "list", "join")
    ]
    if item.noun:
        marks = [mark for mark in marks if mark.start >= item.phrase[0]]
        return (item.phrase[0], item.phrase[1]) if marks else (0, 0)
    return (marks[0].start, marks[-1].end) if marks else (0, 0)
