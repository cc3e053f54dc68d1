"""Clauses: headings before a colon, numbers in turn, times behind, what is said again of what was named before."""

import re
from dataclasses import replace

from service_map.plans.outline import Passage
from service_map.plans.reading.context import MADE, Case, Context, Found, action_of, draft_category, kind_of
from service_map.plans.reading.items import Item
from service_map.plans.reading.lists import Lists
from service_map.plans.reading.marks import Mark
from service_map.plans.where import tells_where

_COMPLETES = re.compile(
    "建成|完成|竣工|投用|投入|交付|完工|开园|开馆|开放|启用|到位|落成|开学|招生|运营|使用|全部|建齐|开诊|贯通"
)
_ABOVE = re.compile("(?:上述|以上|前述|上列)[一二两三四五六七八九十\\d]*[\u4e00-\u9fff]{0,3}[均都应须要将于]")
_LISTS = re.compile("(?:项目|工程|名单|任务|清单|包括|实事)$|(?:以下|下列)")


class Clauses(Lists):
    """Reads clauses."""

    def _clause(self, passage: Passage, items: list[Item], context: Context) -> Found:
        if not items:
            return Found([], context)
        items = self._merged(passage, items)
        if (
            items
            and items[0].lead
            and items[0].lead.start <= items[0].start
            and context.topic
            and context.topic[0].count
        ):
            context = context.but(led=True)
        for rule in (
            self._located_items,
            self._called,
            self._length,
            self._turns,
            self._due,
            self._again,
            self._named_behind,
            self._houses,
            self._noun_first,
        ):
            found = rule(passage, items, context)
            if found is not None:
                return found
        return self._list(passage, items, context)

    def _heading(self, passage: Passage, items: list[Item], clause: str, context: Context) -> Found | None:
        """Read what stands before a colon: a time, a place, a verb or a noun that holds for what stands behind it."""
        if any(item.noun and item.numbers for item in items):
            found = self._clause(passage, items, context)
            return Found(found.drafts, found.context.but(led=True, listing=True))
        if (
            context.topic
            and all(item.bare and not item.placed and not item.verbs and not item.year for item in items)
            and len(clause) <= 6
        ):
            return Found([], context.but(led=True, listing=True))
        year = next((item.year or item.due for item in items if item.year or item.due), None)
        place = next((item.places[-1] for item in reversed(items) if item.places and not item.noun), None)
        several = (
            tuple(mark for item in items for mark in item.placed)
            if not any(item.noun or item.verbs for item in items)
            else ()
        )
        boxed = next(
            (
                mark
                for item in items
                if item.box and item.noun is None
                for mark in item.box.inner or ()
                if mark.kind == "place" or (mark.kind == "word" and mark.text.endswith("新村"))
            ),
            None,
        )
        place = boxed or place
        said = next(
            (mark for item in items for mark in item.marks if mark.kind == "word" and tells_where(mark.text)), None
        )
        if said and place and not any(item.noun or item.verbs for item in items):
            context = context.but(spot=said)
        if (
            re.search("(?:地块|地段)$", clause)
            and len(clause) <= 16
            and not any(item.noun or item.verbs for item in items)
        ):
            return Found([], context.but(spot=Mark(items[0].start, items[-1].end, "word", clause), place=None))
        noun = next((item for item in reversed(items) if item.noun), None)
        verbs = [verb for item in items for verb in (*item.verbs, *item.acts)]
        unit = next((item.unit for item in items if item.unit), None)
        context = context.but(
            year=year or context.year,
            head_year=year or context.head_year,
            place=(place or context.place) if len(several) < 2 else None,
            places=several if len(several) > 1 else (),
            base=noun or context.base,
            verbs=tuple(verbs) or context.verbs,
            unit=unit or context.unit,
            heading=clause,
            listing=context.listing or bool(_LISTS.search(clause)) or (bool(verbs) and noun is None),
        )
        bullet = (
            noun is not None and noun.phrase[0] == 0 and noun.noun is not None and draft_category(noun.noun) == "trail"
        )
        if bullet and noun is not None and noun.phrase[1] >= items[-1].end - 1:
            project = self._draft(passage, noun, context, "site", verbs, rule="name")
            spans = passage.spans(*noun.phrase)
            project.name, project.count = passage.text[slice(*noun.phrase)], 1
            project.told(name=spans, count=spans, kind=spans)
            context = context.but(project=project)
        elif (
            noun
            and noun.phrase[1] >= items[-1].end - 1 - 4 * noun.project
            and self._names.named(
                passage.text[noun.phrase[0] : noun.phrase[1]],
                noun.noun.text if noun.noun else "",
                made=True,
                listing=True,
                strong=True,
                seated=self._seated(noun, noun.phrase[0]),
            )
        ):
            named = self._site(Case(passage, noun, [], context.but(listing=True), [*verbs]))
            one = named.drafts[0] if named else None
            if one and one.category == "college" and not verbs:
                # 某某学院：建设…: where it stands.
                context = context.but(spot=Mark(*noun.phrase, "noun", one.name or ""))
            else:
                context = context.but(project=one)
        if noun:
            draft = self._draft(passage, noun, context, "quota", verbs, rule="lead")
            draft.void = True
            context = context.but(topic=(draft,), led=True)
            self._reject(passage, noun, "冒号前的小标题 a heading before a colon")
        return Found([], context)

    def _merged(self, passage: Passage, items: list[Item]) -> list[Item]:
        """Make one of nouns that share one number: 健身路径或篮球场40处, 小学、初中共18所, 步道及配套驿站6公里."""
        found: list[Item] = []
        for item in items:
            before = found[-1] if found else None
            fit = (
                before is not None
                and item.glue in ("及", "和", "与")
                and passage.text.startswith(("配套", "附属"), item.start)
            )
            if fit and before is not None and before.noun and item.noun is None and item.numbers and not before.numbers:
                whole = replace(item, noun=before.noun, phrase=(item.start, item.numbers[0].start))
                before.numbers, before.behind = item.numbers, True
                before.joined.append(whole)
                continue
            if (
                before is not None
                and before.noun
                and item.noun
                and (not item.verbs or fit)
                and not (before.numbers and before.behind)
                and not before.acts
            ):
                either = item.glue == "或" and self._same_family(item, before)
                fitted = item.glue in ("及", "和", "与") and passage.text.startswith(("配套", "附属"), item.start)
                if either or (fitted and item.numbers):
                    before.numbers = before.numbers or item.numbers
                    before.behind = (not before.behind and item.behind) or before.behind
                    before.joined.append(item)
                    before.acts, before.box, before.due = item.acts, before.box or item.box, item.due
                    self._reject(passage, item, "与前一词合为一项 one with the noun before it")
                    continue
            summed = item.summed is not None and item.summed.text in ("共", "共计", "合计", "总计")
            broken = (
                item.box is not None
                and before is not None
                and before.noun is not None
                and item.behind
                and not item.summed
                and before.noun.text[-2:] in item.box.text
            )
            either = (
                item.number is not None
                and items[0].unit is not None
                and re.search("[-至到]", item.number.text) is not None
            )
            if (
                item.noun
                and (summed or broken or either)
                and item.behind
                and item.numbers
                and before is not None
                and before.noun
                and not before.numbers
                and not item.verbs
            ):
                run = [item]
                while found and found[-1].noun and not found[-1].numbers and not found[-1].acts:
                    run.insert(0, found.pop())
                    if run[0].verbs:
                        break
                head = run[0]
                if len(run) > 1:
                    head.numbers, head.behind, head.summed, head.box, head.due, head.acts = (
                        item.numbers,
                        True,
                        item.summed,
                        item.box,
                        item.due,
                        item.acts,
                    )
                    head.joined = run[1:]
                    for one in run[1:]:
                        self._reject(passage, one, "与前一词合为一项 one with the noun before it")
                    found.append(head)
                    continue
            found.append(item)
        return found

    def _called(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 拟建小学一所，暂定名明德小学: the name of what was counted."""
        if len(items) != 1 or not context.topic or context.topic[0].count != 1:
            return None
        match = re.compile("(?:暂?定?名称?为?|命名为|定名为?)(?=.)").match(passage.text, items[0].start, items[0].end)
        if match is None or items[0].noun is None:
            return None
        draft = context.topic[0]
        a, b = match.end(), items[0].phrase[1]
        words = passage.spans(a, b)
        draft.kind, draft.name, draft.unit, draft.rule = "site", passage.text[a:b], None, "named behind"
        draft.told(name=words, unit=(), kind=words)
        draft.noun = None
        return Found([], context)

    def _turns(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read 甲、乙分别新建体育公园3个、2个; 幼儿园、小学分别新建5所、3所; 甲院、乙院分别于2026年和2027年竣工."""
        turned = next((index for index, item in enumerate(items) if item.turn), None)
        if turned is None:
            return None
        if any(item.summed and item.summed.text in ("总数", "总量") for item in items[: turned + 1]) and context.said:
            # 总数分别达到29所、34个: totals that hold what stands.
            return Found([], context)
        numbers = [number for item in items[turned:] for number in item.numbers]
        acts = [verb for item in items[turned:] for verb in (*item.verbs, *item.acts) if kind_of(verb) in MADE]
        shared = (
            items[turned]
            if (own := items[turned].noun) and (turn := items[turned].turn) and turn.start > own.start
            else None
        )
        seats = [place for item in items[: turned + 1] for place in item.placed]
        lodged = self._inside(items[turned]) if items[turned].noun else None
        if lodged and seats and len(seats) + 1 == len(numbers):
            items[turned].places.append(lodged)
        if shared is not None and len(seats) == len(acts) > 1:
            # 甲、乙、丙三所卫生院分别改造、扩建、新建
            drafts = []
            for place, verb in zip(seats, acts, strict=True):
                draft = self._draft(passage, shared, context, "allotment", [verb], rule="in turn")
                draft.start, draft.end, draft.count = place.start, place.end, 1
                draft.told(count=passage.spans(place.start, place.end))
                if shared.number and shared.number.quantity:
                    draft.unit = shared.number.quantity.unit
                    draft.told(unit=passage.spans(shared.number.start, shared.number.end))
                drafts.append(self._placed(draft, place))
            return Found(drafts, context.but(topic=tuple(drafts), base=shared))
        if len(numbers) == 1:
            for item in items[turned:]:
                item.each, item.turn = item.each or item.turn, None
            return None
        if (
            not numbers
            and not any(item.year or item.due for item in items[turned:])
            and sum(bool(item.noun) for item in items) < 2
        ):
            return None
        nouns = [
            item
            for item in items[: turned + 1]
            if item.noun and item.noun.start < (items[turned].turn or item.noun).start
        ]
        years = [item.year or item.due for item in items[turned:] if item.year or item.due]
        if len(nouns) > 1 and len(years) == len(nouns) and not numbers:
            return self._turned_years(passage, items, nouns, years, context)
        done = [verb for item in items[turned:] for verb in (*item.verbs, *item.acts) if kind_of(verb) in MADE]
        if len(nouns) > 1 and len(done) == len(nouns) and not numbers:
            drafts = []
            for item, verb in zip(nouns, done, strict=True):
                item.acts, item.turn, item.tail = [verb], None, []
                found = self._noun(passage, item, [], context.but(verbs=()))
                drafts.extend(found.drafts)
            return Found(drafts, context)
        if len(nouns) > 1 and len(numbers) == len(nouns):
            drafts = []
            verbs = [verb for item in items for verb in (*item.verbs, *item.acts)] or list(context.verbs)
            for item, number in zip(nouns, numbers, strict=True):
                drafts.append(
                    self._counted(self._draft(passage, item, context, "quota", verbs, rule="in turn"), number)
                )
            return Found(drafts, context.but(topic=tuple(drafts)))
        times = [mark for item in items[: turned + 1] for mark in item.marks if mark.kind == "time" and mark.year]
        noun = next((item for item in items[turned:] if item.noun), None)
        if len(times) == len(numbers) > 1 and noun is not None:
            drafts = []
            for time, number in zip(times, numbers, strict=True):
                draft = self._counted(
                    self._draft(passage, noun, context, "quota", noun.verbs or context.verbs, rule="in turn"), number
                )
                draft.start = time.start
                self._dated(draft, time)
                drafts.append(draft)
            return Found(drafts, context.but(topic=tuple(drafts), base=noun))
        places = [
            place
            for item in items[: turned + 1]
            for place in item.placed
            if place.end <= (items[turned].turn or place).start
        ]
        base = next((item for item in items[turned:] if item.noun), None) or (context.base if not nouns else None)
        if len(numbers) != len(places) or len(places) < 2 or base is None:
            return self._turned_topics(items, numbers, context)
        verbs = [verb for item in items for verb in item.verbs] or list(self._governing(base, context))
        drafts = []
        for place, number in zip(places, numbers, strict=True):
            draft = self._draft(passage, base, context, "allotment", verbs, rule="in turn")
            draft.start, draft.end = place.start, max(number.end, place.end)
            drafts.append(self._placed(self._counted(draft, number), place))
        return Found(drafts, context.but(topic=tuple(drafts), base=base))

    def _turned_topics(self, items: list[Item], numbers: list[Mark], context: Context) -> Found | None:
        """Read 建设甲、乙等设施，到2025年分别达到12所、30处: the numbers of what the clause before listed."""
        listed = list(context.said[-len(numbers) :]) if numbers else []
        if len(listed) != len(numbers) or len(numbers) < 2 or any(draft.kind != "intent" for draft in listed):
            return None
        year = next((item.year for item in items if item.year), None)
        for draft, number in zip(listed, numbers, strict=True):
            self._counted(draft, number)
            draft.kind, draft.rule = "quota", "in turn later"
            if year and year.year:
                self._dated(draft, year)
        return Found([], context)

    def _turned_years(
        self, passage: Passage, items: list[Item], nouns: list[Item], years: list[Mark | None], context: Context
    ) -> Found:
        verbs = [verb for item in items for verb in item.acts]
        drafts = []
        for item, year in zip(nouns, years, strict=True):
            item.due, item.turn, item.acts = year, None, item.acts or verbs
            found = self._noun(passage, item, [], context)
            drafts.extend(found.drafts)
            context = found.context
        return Found(drafts, context)

    def _due(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read …，2027年8月投入使用 and …，均于2026年底前建成: a time behind that is of all before it."""
        words = passage.text[items[0].start : items[-1].end] if items else ""
        above = _ABOVE.match(words)
        if not context.said or any(item.noun or (not above and (item.numbers or item.places)) for item in items):
            return None
        year = next((item.year or item.due for item in reversed(items) if (item.year or item.due)), None)
        if not (_COMPLETES.search(words) or above):
            return None
        made = any(draft.action == "unspecified" for draft in context.said)
        for draft in context.said if made and not any(draft.verbs for draft in context.said) else ():
            draft.action = "new"
            draft.told(action=passage.spans(items[0].start, items[-1].end))
        if year is None or not year.year:
            return Found([], context) if made else None
        for draft in context.said:
            if draft.year is None:
                self._dated(draft, year)
        return Found([], context)

    def _again(self, passage: Passage, items: list[Item], context: Context) -> Found | None:
        """Read …，每个街道不少于2家 and …，实现县区全覆盖: a rule for what was spoken of before."""
        if not context.topic or any(item.noun for item in items) or len(items) != 1:
            return None
        item = items[0]
        covers = item.covers or next(
            (
                mark
                for mark in (*item.odd, *item.guesses, *item.places)
                if "全覆盖" in mark.text or "全部覆盖" in mark.text
            ),
            None,
        )
        per = item.unit.level.per if item.unit and item.unit.level else None
        words = item.unit
        if covers and not per:
            where = next(
                (
                    mark
                    for mark in item.marks
                    if self._wording.per_words.get(re.sub("全覆盖|全部覆盖|实现|基本|“", "", mark.text))
                ),
                None,
            )
            tier = item.tier
            words = where or tier
            per = (
                self._wording.nearest_unit(re.sub("全覆盖", "", words.text))
                if words
                else self._wording.nearest_unit(passage.text[item.start : item.end])
            )
            words = words or covers
        if per is None or words is None or not (item.numbers or covers):
            return None
        if not item.numbers and "美丽乡村" in passage.text[item.start : item.end]:
            return None
        topic = context.topic[0]
        draft = replace(
            topic, start=item.start, end=item.end, kind="coverage", per=per, name=None, place=None, place_level="plan"
        )
        draft = replace(
            draft,
            count=None,
            unit=None,
            at_least=False,
            count_max=None,
            void=False,
            rule="every unit again",
            words=dict(topic.words),
            whole=None,
        )
        draft.told(place=(), place_level=(), name=(), count=(), unit=(), at_least=(), count_max=())
        spans = passage.spans(words.start, words.end)
        if item.numbers:
            draft = self._counted(draft, item.numbers[0])
            draft.note = None
        draft.told(per=spans, kind=spans)
        if item.verbs:
            draft.action = action_of(item.verbs, topic.category)
        year = item.year or context.year
        if year and year.year:
            self._dated(draft, year)
        return Found([draft], context)
