"""What belongs to what: passages and sentences read clause by clause.

Each rule is a function over the items of a clause and a `Context`, which is never changed: each clause hands on a new
one. A rule that does not hold gives None, and the next is asked. Rules for clauses stand in `clauses`, for lists in
`lists`, for one noun in `nouns`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from service_map.plans.draft import Draft
from service_map.plans.outline import Passage
from service_map.plans.reading import tense
from service_map.plans.reading.clauses import Clauses
from service_map.plans.reading.context import MADE, Context, action_of, cut, kind_of
from service_map.plans.reading.items import Item
from service_map.plans.reading.marks import Mark
from service_map.plans.sentences import ACTS, split_sentences

_DONE_BEFORE = "上一时期的成绩 done in the last period"
_STANDS = "现状或已完成，不是任务 stands already or is done"
_NO_BUILDING = "说的是品牌、活动、制度等，不是建设 speaks of brands, events or rules, not of building"
_LISTED = re.compile(
    r"等(?:一批|系列|多个|\d+个|[一二两三四五六七八九十]+个)?[\u4e00-\u9fff]{0,6}?(?:项目|工程)|"
    r"(?<![第\d])[\d一二三四五六七八九十两]{1,6}(?:个|项|大)(?:重点|重大|标志性)?(?:建设)?(?:项目|工程)(?!以上|左右)"
)
_GOES_ON = re.compile(r"[或并且须应要均都各可]|同时|以及|采取|采用|通过|按照?|以|至少|不少于|配|必须")
_SIZED = re.compile(
    r"占地|建筑面积|平方米|\d亩|床位|总投资|长[\d.]+公里|20[2-3]\d年.{0,6}(?:建成|开工|投用|完工|竣工|贯通)"
)
_DATED = re.compile(r"(?:建成|开工|投用|完工|竣工|投入使用|新建|改建|扩建|改扩建|迁建|二期|贯通)")
_COUNTS = re.compile(
    r"[\d一二两三四五六七八九十百](?:[所个处家座块片条套户]|公里)|全覆盖|位于|选址|建成|投用|完工|竣工|片区|小区|社区"
)
"""What a sentence without a facility's noun may say of those before it."""
_ESTATE = (
    r"(?>[\u4e00-\u9fff]{1,10}?(?:片区|小区|家属院|家属楼|宿舍区|宿舍|社区|大院)"
    r"(?=[、和与及等全系集进\d一二三四五六七八九十]))"
)
_RENEWED = re.compile(
    rf"(?:对(?:县域内|辖区内|全市|全县|城区|县城)*(?P<estates>{_ESTATE}(?:[、和与及]{_ESTATE})+)(?:等)?"
    r"(?:(?:[一二三四五六七八九十]+|\d+)个(?:片区|小区|社区)?)?(?:全面|系统|集中)?进行(?:全面|综合)?(?:改造|整治|更新|提升)|"
    rf"(?<![\u4e00-\u9fff])(?:重点|全面|计划|优先|完成|实施|推进|启动|对)*(?:改造|整治|更新)(?P<listed>{_ESTATE}(?:[、和与及]{_ESTATE})+)等"
    r"(?:(?:[一二三四五六七八九十]+|\d+)个)?(?:城镇|城市)?(?:老旧(?:住宅)?小区|小区|棚户区|片区|城中村))"
)
_ENUMERATED = re.compile(r"[一二三四五六七八九十]是|[①-⑳]|（\d{1,2}）")


class Binder(Clauses):
    """Reads the passages of one plan."""

    def read(self, passage: Passage, *, listing: bool) -> Iterator[Draft]:
        """Read a passage.

        Parameters
        ----------
        passage
            The passage.
        listing
            Whether bare names are promises here.

        Yields
        ------
        Draft
        """
        text = passage.text
        if passage.section != self._section:
            self._section, self._base = passage.section, None
        context = theme = Context()
        read: list[Draft] = []
        for start, end, anew in split_sentences(text):
            sentence = text[start:end]
            if start == 0 and end < len(text) and len(sentence) <= 16 and sentence.endswith("。"):
                about = start + 2 * sentence.startswith("关于")
                opens = [
                    mark for mark in self._marker.marks(text, about, end - 1) if mark.kind not in ("box", "adverb")
                ]
                if (
                    len(opens) == 1
                    and opens[0].kind == "place"
                    and about == start
                    and not re.search("本级|[属直]$", opens[0].text)
                ):
                    context = context.but(place=opens[0])
                    continue
                if _is_theme_lead(opens, about=about > start):
                    items = self._items.items(opens)
                    headed = self._heading(passage, items, sentence[:-1], context)
                    if headed is not None:
                        context = theme = headed.context
                        continue
            if anew or _ENUMERATED.match(sentence):
                head = context.head_year if _ENUMERATED.match(sentence) else None
                context = Context(
                    place=_seat_of_total(read, sentence) or context.place,
                    spot=context.spot,
                    year=head,
                    head_year=head,
                    base=context.base if context.heading else None,
                    heading=context.heading,
                    topic=theme.topic,
                    led=theme.led,
                )
            if any(mark in sentence for mark in self._wording.past_sentences) or tense.over(sentence, self._since):
                self.leave(passage, start, end, _DONE_BEFORE)
                continue
            context = context.but(
                listing=listing or context.listing or bool(_LISTED.search(sentence)), said=(), waiting=()
            )
            if "：" not in sentence and not self._wording.noun_like.search(sentence) and not _COUNTS.search(sentence):
                continue
            context = self._of_those(passage, start, context, read)
            drafts: list[Draft] = []
            context = self._sentence(passage, start, end, context, drafts)
            if start == 0 and end < len(text) - 1 and _is_lead(sentence) and not listing:
                drafts = [
                    draft
                    for draft in drafts
                    if draft.kind in ("quota", "allotment", "coverage")
                    or (draft.kind == "site" and draft.name and self._area.official(draft.name, ""))
                ]
                context = context.but(topic=(), base=None)
            read.extend(drafts)
        yield from read
        self._before = tuple((draft, draft.item) for draft in read if draft.kind == "quota") or self._before
        self._base = next((draft.item for draft in reversed(read) if isinstance(draft.item, Item)), self._base)

    def _of_those(self, passage: Passage, start: int, context: Context, read: list[Draft]) -> Context:
        """Read 新建的9所中，甲片区5所、乙片区3所: parts of what was counted before."""
        match = re.compile(
            rf"(?:规划|拟)?(?:(?>{ACTS})|新增)的(?P<count>\d+)[所个处家座块片条](?:中，|(?:分布|分别|布局)为?：)"
        ).match(passage.text, start)
        counted = [
            pair
            for pair in (*self._before, *((draft, draft.item) for draft in read if draft.kind == "quota"))
            if match and pair[0].count == int(match["count"])
        ]
        if not counted:
            return context
        whole, base = counted[-1]
        if not isinstance(base, Item):
            return context
        if whole.passage is not passage:
            base = replace(base, foreign=whole)
        return context.but(topic=(whole,), base=base, led=True)

    def _sentence(self, passage: Passage, start: int, end: int, context: Context, drafts: list[Draft]) -> Context:
        text = passage.text
        stands = back = False
        marks = self._marker.marks(text, start, end)
        parts = [*cut(marks), ([], "")]
        for (part, stop), (following, _) in pairwise(parts):
            a, b = part[0].start, part[-1].end
            clause = text[a:b]
            stands = (stands and clause.startswith(("其中", "包括"))) or tense.standing(clause)
            looks = tense.LOOKS_BACK.search(clause) or tense.SO_FAR.search(clause)
            back = (back or bool(looks)) and not tense.LATER.search(clause)
            if re.search("的\\d+[所个处家座块片条](?:中|(?:分布|分别|布局)为?)$", clause) and context.led:
                continue
            if stands or back or tense.is_done(clause, text[start:b]):
                self.leave(passage, a, b, _STANDS)
                context = self._stock(passage, part, context)
                continue
            beside = tense.ADDRESS.match(clause) and not any(
                mark.kind == "verb" and kind_of(mark) in MADE and mark.text != "选址" and mark.start > a
                for mark in part
            )
            if beside and not (
                context.topic and context.topic[0].count and stop != "colon" and self._located(part, context)
            ):
                self.leave(passage, a, b, "所在位置 where something stands")
                continue
            renewed = _RENEWED.search(clause)
            if renewed:
                drafts.extend(self._renewed(passage, a, renewed, context))
                continue
            if tense.NOT_BUILT.search(clause):
                self.leave(passage, a, b, _NO_BUILDING)
                continue
            if not _GOES_ON.match(clause) and any(mark.kind == "verb" for mark in part):
                context = context.but(unit=None)
            named = (
                re.match("(?:抓紧|主要|具体|重点)?(?:包括|分别[是为]|即)", clause) is not None and not context.closed
            )
            kept = context.listing
            context = context.but(listing=context.listing or named)
            gives_up = [mark for mark in following if mark.kind == "verb" and kind_of(mark) == "cancel"]
            gives_up = gives_up if stop == "comma" and _only(gives_up, following) else []
            if gives_up:
                # 某市场因…退出本计划，不再实施: the next clause gives up what this one names.
                context = context.but(listing=True, verbs=tuple(gives_up), fresh=True)
            items = self._items.items(part, listing=context.listing)
            theme = stop == "comma" and a == start and _is_theme(part, following)
            found = self._heading(passage, items, clause, context) if stop == "colon" or theme else None
            if found is None:
                found = self._clause(passage, items, context)
            for draft in found.drafts if gives_up else ():
                draft.action = "cancel"
                draft.told(action=passage.spans(gives_up[0].start, gives_up[-1].end))
            for draft in found.drafts if named and context.topic else ():
                if draft.action == "unspecified":
                    draft.action = context.topic[0].action
            drafts.extend(found.drafts)
            listing_on = found.context.listing if stop == "colon" or not named else kept
            context = found.context.but(listing=listing_on, said=(*found.context.said, *found.drafts))
        _broken_down(drafts, text)
        project = context.project
        if (
            project is not None
            and not any(draft.category == project.category for draft in drafts)
            and (context.listing or not drafts)
        ):
            rest = text[project.end : end]
            if _SIZED.search(rest) or _DATED.search(rest):
                drafts.insert(0, self._of_project(passage, project, marks))
        return context.but(project=None)

    def _of_project(self, passage: Passage, project: Draft, marks: list[Mark]) -> Draft:
        """Read 县体育公园：占地120亩，2026年建成: the project before the colon, with what is done and by when."""
        behind = [mark for mark in marks if mark.start >= project.end]
        done = [mark for mark in behind if mark.kind == "verb" and kind_of(mark) in MADE]
        if done and not project.verbs:
            project.action = action_of(done[:1], project.category)
            project.told(action=passage.spans(done[0].start, done[0].end))
        elif project.action == "unspecified":
            project.action = "new"
        time = next((mark for mark in reversed(behind) if mark.kind == "time" and mark.year), None)
        if time and project.year is None:
            self._dated(project, time)
        return project

    def _renewed(self, passage: Passage, base: int, match: re.Match[str], context: Context) -> Iterator[Draft]:
        """Read 对甲片区、乙小区和丙小区进行改造: every listed estate is renewed."""
        group = "estates" if match["estates"] else "listed"
        for part in re.finditer(r"[^、和与及]+", match[group]):
            start = base + match.start(group) + part.start()
            draft = Draft(
                passage,
                start,
                start + len(part[0]),
                "renovation",
                "site",
                "upgrade",
                "renewed estates",
                name=part[0],
                count=1,
            )
            named = passage.spans(start, draft.end)
            done = passage.spans(base + match.start(), base + match.end())
            draft.told(name=named, count=named, kind=named, category=done, action=done)
            if context.year and context.year.year:
                self._dated(draft, context.year)
            yield draft.at(self._area.place(part[0])._replace(words=named))

    def _stock(self, passage: Passage, part: list[Mark], context: Context) -> Context:
        """Keep what a clause says that stands, for a later one may count only what is added to it."""
        items = self._items.items(part)
        base = next((item for item in reversed(items) if item.noun), None)
        if base is None:
            return context
        draft = self._draft(passage, base, context, "quota", (), rule="stands")
        draft.void = True
        draft.unit = base.number.quantity.unit if base.number and base.number.quantity else None
        return context.but(base=base, topic=(draft,), stock=True, verbs=())

    def _located(self, part: list[Mark], context: Context) -> bool:
        places = [mark for mark in part if mark.kind == "place"]
        return len(places) > 1 and context.topic[0].count == len(places)


def _seat_of_total(read: list[Draft], sentence: str) -> Mark | None:
    """Return the place of the total of which a sentence tells the parts (其中：…)."""
    total = next((draft for draft in reversed(read) if draft.kind == "quota" and draft.whole is None), None)
    if not sentence.startswith("其中") or total is None or not isinstance(total.item, Item):
        return None
    return next((mark for mark in total.item.placed if mark.text == total.place), None)


def _broken_down(drafts: list[Draft], text: str) -> None:
    """Take back a total of which a sentence tells where each one stands (2所，一所设于甲，一所设于乙)."""
    for whole in drafts:
        parts = [draft for draft in drafts if draft.whole is whole and draft.count == 1 and draft.place]
        if whole.kind == "quota" and len(parts) == whole.count and re.search("，一[所个处座家]", text[whole.end :]):
            whole.void = True
            for part in parts:
                part.whole = None


def _is_theme(part: list[Mark], following: list[Mark]) -> bool:
    """Tell whether a clause only names the type that the next one counts: 公共停车场，甲、乙两县各新建2处."""
    kinds = {mark.kind for mark in following}
    alone = part[-1].kind == "noun" and all(mark.kind in ("noun", "word", "tier") for mark in part)
    return alone and "noun" not in kinds and {"number", "verb"} <= kinds


def _only(verbs: list[Mark], clause: list[Mark]) -> bool:
    return all(mark in verbs or mark.kind == "adverb" for mark in clause)


def _is_theme_lead(marks: list[Mark], *, about: bool) -> bool:
    """Tell whether a run-in heading is the type of which its paragraph counts some: 城市公益性公墓。规划新建2处."""
    plain = all(mark.kind in ("noun", "word", "tier") or (about and mark.kind == "verb") for mark in marks)
    return bool(marks) and plain and marks[-1].kind == "noun" and sum(mark.kind == "noun" for mark in marks) == 1


def _is_lead(sentence: str) -> bool:
    """Tell a run-in heading (完善养老设施的建设。) from a promise: short, one clause, no number, no name."""
    body = sentence.rstrip("。")
    return (
        len(body) <= 28
        and not re.search(r"[，：；\d“]|实施|完成|启动|列入|投用|取消|落成|竣工", body)
        and sentence.endswith("。")
    )
