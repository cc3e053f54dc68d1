"""What follows a noun and its number: parts, places, names and years that share it.

A pass over the drafts of one passage. Each rule looks at the words behind (or right before) one draft's noun and says
which numbers, places, verbs, years or names there belong to it; the drafts that other readings made of the same words
give way. A new form of list is a function here that returns a `Found`, added to `_RULES`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from service_map.plans.area import PlanArea, last
from service_map.plans.clause import ACTS, BUILDS
from service_map.plans.detail import begins, noun_phrase
from service_map.plans.draft import Draft
from service_map.plans.items import FAR, LEAD, TIER, Item, ItemReader
from service_map.plans.lexicon import CJK, Quantity, Wording
from service_map.plans.outline import Passage

_COUNTERS = frozenset("个所座处家块片条支栋幢套户") | {"公里", "千米"}
_PARTS_LEAD = re.compile(r"[，：（；]?(?:其中|即|包括|具体|主要包括|分别)")
_NUMBERS_IN_TURN = r"(?:[\d一二两三四五六七八九十百]+(?:[所个处家座块片条栋套]|公里)(?:以上)?[、和与及，]?){2,}"
_TURNS = re.compile(
    rf"(?P<places>(?:20\d\d年[、和]?){{2,9}}|[^，。；：（）\d]{{3,60}}?)(?:分别|依次|各自)(?P<verb>(?:{ACTS}|新增|增设|为|再|各|约|达到?)*+)(?P<noun>[^，。；：（）\d]{{0,24}}?)(?P<numbers>{_NUMBERS_IN_TURN})$"
)
_LOCATED = re.compile(r"[，；]?(?:分别|均|依次)?(?:位于|(?:选址|布局|设|分布|落户|布点|建)(?:于|在))(?=.)")
_EACH_OF = re.compile(
    rf"(?:在|支持|推进|到?20\d\d年(?:底|末)?(?:前)?，?)*+(?P<places>[^，。；：（）\d]{{4,60}}?)(?:等)?(?:(?:[两二三四五六七八九十]|\d+)个?(?:县|区|市|镇|乡|街道|村|社区|地|团))?：?各(?:自)?(?:(?>{ACTS})|新增|增设|设置?|布局|规划|建(?!设))*+"
)
_TOGETHER = r"(?:等)?(?:建设)?(?:合计|总计|共计|共)(?:约|达到?)?"
_THOSE = re.compile(rf"(?:规划|拟)?(?:(?>{ACTS})|新增)的(?P<count>\d+)[所个处家座块片条]中，(?:其中)?")
_BRACKET_TYPE = re.compile(rf"(?P<act>{ACTS})(?P<name>{CJK}{{2,8}}[园堂院苑馆居庄陵])（(?P<type>{CJK}{{2,10}})）")
_ONE_YEAR = re.compile("20\\d\\d年")
_MOST_TYPES = 6
_END = re.compile("[。\n]")


@dataclass(slots=True)
class Found:
    """What a rule found: the span of the passage that it has read, and the drafts that hold there."""

    start: int
    end: int
    drafts: list[Draft]


class PartReader:
    """Reads lists that share a noun.

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
        self._items = ItemReader(wording, area)
        self._before: list[Draft] = []

    def read(self, passage: Passage, drafts: Sequence[Draft]) -> list[Draft]:
        """Return the drafts of one passage with what their lists give.

        Parameters
        ----------
        passage
            The passage.
        drafts
            In reading order; those that are void may head a list (现有11所，其中…) and are no records themselves.

        Returns
        -------
        list of Draft
        """
        found: list[Found] = []
        drafts = [*drafts, *self._titled(passage, drafts)]
        again = self._of_those(passage)
        if again:
            found.append(again)
        for draft in drafts:
            if draft.noun_at is None or draft.kind == "coverage" or any(_within(draft, item) for item in found[-4:]):
                continue
            for rule in (self._in_turn, self._each, self._seated, self._ahead, self._joined, self._behind):
                result = rule(draft)
                if result:
                    found.append(result)
                    break
        found.sort(key=lambda item: item.start)
        starts = [item.start for item in found]
        kept = [
            draft
            for draft in drafts
            if not any(_within(draft, item) for item in found[max(0, bisect_right(starts, draft.start) - 4) :][:8])
        ]
        read = sorted([*kept, *(draft for item in found for draft in item.drafts)], key=lambda draft: draft.start)
        self._before = [draft for draft in read if draft.kind == "quota"] or self._before
        return read

    def _titled(self, passage: Passage, drafts: Sequence[Draft]) -> Iterator[Draft]:
        """Read 扩建松鹤园（骨灰堂）: a name that only its bracket tells the type of."""
        text = passage.text
        for match in _BRACKET_TYPE.finditer(text):
            token = last(self._wording.tokens(match["type"]))
            kind = self._wording.verb_kind(match["act"])
            known = any(draft.start <= match.end() and draft.end >= match.start("name") for draft in drafts)
            if token is None or not token.category or token.end != len(match["type"]) or kind not in BUILDS or known:
                continue
            if any(self._wording.tokens(match["name"])):
                continue
            start, end = match.start("name"), match.end()
            words = passage.spans(start, end)
            draft = Draft(passage, start, end, token.category, "site", kind or "new", "named in a bracket")
            draft = replace(draft, name=text[start:end], count=1, verbs=(match["act"],))
            draft.noun_at = (match.start("type") + token.start, match.start("type") + token.end)
            yield draft.told(
                name=words,
                kind=words,
                count=words,
                category=passage.spans(*draft.noun_at),
                action=passage.spans(*match.span("act")),
            )

    def _of_those(self, passage: Passage) -> Found | None:
        """Read 新建的9所中，甲片区5所、乙片区3所: parts of what the passage before counted."""
        match = _THOSE.match(passage.text)
        if match is None:
            return None
        count = int(match["count"])
        whole = next((draft for draft in reversed(self._before) if draft.count == count), None)
        if whole is None:
            return None
        head = replace(whole, passage=passage, start=0, end=match.end(), void=True, rule="sum", words=dict(whole.words))
        found = self._list(head, match.end(), _list_end(passage.text, match.end()), led=True, counted=True)
        for draft in found.drafts if found else ():
            # The noun stands in the passage before: its words are told, its place is not this passage's.
            draft.noun, draft.noun_at, draft.whole = _noun_of(whole, self._wording, self._area), None, whole
            draft.told(noun=whole.words.get("category", ()))
        return found

    # ------------------------------------------------------------------ rules

    def _in_turn(self, draft: Draft) -> Found | None:
        """Read 甲、乙分别新建丙2处、3处 and 丙：甲、乙分别为3所、2所: the numbers of the listed places in turn."""
        text = draft.passage.text
        noun = draft.noun_at or (0, 0)
        begin = begins(text, noun[0], "。；，：")
        spans = [(begin, _clause_end(text, noun[1]))]
        if text[noun[1] : noun[1] + 1] in ("：", "，"):
            spans.append((noun[1] + 1, _list_end(text, noun[1] + 1)))
        for start, stop in spans:
            lead = re.match(r"(?:在|于|支持|推进|20\d\d年(?![、和])|到|其中)*+", text[start:stop])
            at = start + (lead.end() if lead else 0)
            match = _TURNS.match(text[at:stop])
            if not match:
                continue
            counts = list(self._wording.quantities(match["numbers"]))
            places = re.sub(
                "(?:等)?(?:[两二三四五六七八九十]|\\d+)个?(?:县|区|市|镇|乡|街道|村|社区|地)$", "", match["places"]
            )
            names = list(re.finditer("[^、和与及，]+", places))
            dated = all(_ONE_YEAR.fullmatch(name[0]) for name in names)
            placed = all(self._items.place_like(name[0]) for name in names)
            if len(counts) != len(names) or not (placed or dated):
                continue
            drafts = []
            for name, count in zip(names, counts, strict=True):
                item = self._part(draft, at + name.start(), at + match.end(), count, at + match.start("numbers"))
                if dated:
                    item.year = int(name[0][:4])
                    item.told(year=draft.passage.spans(at + name.start(), at + name.start() + 4))
                else:
                    item.kind = "allotment"
                    self._put(item, name[0], at + name.start())
                drafts.append(item)
            return Found(min(begin, at), stop, drafts)
        return None

    def _each(self, draft: Draft) -> Found | None:
        """Read 甲、乙、丙各新建幼儿园1所 and 甲乡、乙乡：各建…5个: so many for each of the listed places."""
        text, (start, end) = draft.passage.text, draft.noun_at or (0, 0)
        begin = begins(text, start, "。；，：")
        if text[begin : begin + 1] == "各" and begin and text[begin - 1] == "：":
            begin = begins(text, begin - 1, "。；，：")
        match = _EACH_OF.match(text, begin, start)
        if match is None:
            return None
        names = list(re.finditer("(?:[环沿](?=.{2}))?(?P<name>[^、和与及]+)", match["places"]))
        if len(names) < 2 or not all(self._items.listed_place(name["name"]) for name in names):
            return None
        count = next(self._wording.quantities(text[match.end() : match.end() + 16]), None)
        number = match.end()
        stop = end
        if count is None or number + count.end > start:
            behind = re.compile("(?:（[^（）]{1,8}）)?(?:至少|不少于|约)?").match(text, end)
            number = behind.end() if behind else end
            count = next(self._wording.quantities(text[number : number + 12]), None)
            if count is None or count.start:
                return None
            stop = number + count.end
        drafts = []
        for name in names:
            own = self._part(draft, match.start("places") + name.start("name"), stop, count, number)
            own.kind, own.rule = "allotment", "each place"
            self._put(own, name["name"], match.start("places") + name.start("name"))
            drafts.append(own)
        return Found(begin, max(stop, draft.end), drafts)

    def _seated(self, draft: Draft) -> Found | None:
        """Read 托育综合服务中心建在师部城区: one facility, whose place says which."""
        text, (start, end) = draft.passage.text, draft.noun_at or (0, 0)
        match = re.compile(
            "(?:拟|计划)?(?:建在|设在|建于|设于|落户(?:在|于)?|选址(?:在|于)|位于)([^，。；（）]{2,16})"
        ).match(text, end)
        if draft.kind != "intent" or match is None or not self._items.place_like(match[1]):
            return None
        begin, _ = noun_phrase(text, start, end, wording=self._wording, area=self._area)
        own = replace(
            draft,
            kind="site",
            name=text[begin:end],
            count=1,
            rule="seated",
            start=begin,
            end=end,
            words=dict(draft.words),
        )
        words = draft.passage.spans(begin, end)
        own.action = "new" if own.action == "unspecified" else own.action
        own.told(name=words, kind=words, count=words)
        self._put(own, match[1], match.start(1))
        own.told(kind=words)
        return Found(begin, match.end(), [own])

    def _ahead(self, draft: Draft) -> Found | None:
        """Read 甲县4家、乙县3家、丙区2家普惠托育机构: each number of a place before the noun."""
        text, (start, end) = draft.passage.text, draft.noun_at or (0, 0)
        begin, _ = noun_phrase(text, start, end, wording=self._wording, area=self._area)
        first = begins(text, begin, "。；，：")
        window = text[first:begin]
        if window.count("、") < 1:
            return None
        items = self._items.items(text, first, begin)
        if len(items) < 2 or items[-1].end != begin or not all(item.quantity for item in items):
            return None
        if not all(item.subject and self._items.place_like(item.subject) for item in items):
            return None
        drafts = []
        for item in items:
            drafts.extend(self._allot(draft, [item], item))
        return Found(first, max(end, draft.end), drafts)

    def _joined(self, draft: Draft) -> Found | None:
        """Read 幼儿园、小学、初中共18所; 健身路径或篮球场40处: one number for several types."""
        text, (start, end) = draft.passage.text, draft.noun_at or (0, 0)
        spans = [(start, end)]
        at = end
        while True:
            match = re.compile(r"[、和与及或]|以及").match(text, at)
            if match is None or len(spans) > _MOST_TYPES:
                break
            own = match.end()
            token = next(
                (
                    token
                    for token in self._wording.tokens(text[own : own + 24], self._area.hidden)
                    if token.category or token.verb
                ),
                None,
            )
            fitted = re.compile("及配套[\u4e00-\u9fff]{2,6}?(?=\\d)").match(text, at)
            if fitted:
                spans.append((own, fitted.end()))
                at = fitted.end()
                break
            if token is None or not token.category or re.search(r"[，。；：（）\d]", text[own : own + token.start]):
                break
            spans.append((own, own + token.end))
            at = own + token.end
        if len(spans) < 2:
            return None
        alike = text[spans[0][1] : spans[1][0]] in ("或", "及") or text[spans[0][1]] == "及"
        lead = re.compile(_TOGETHER if not alike else "(?:共|约|至少|不少于)?").match(text, at)
        count = next(self._wording.quantities(text[lead.end() : lead.end() + 12]), None) if lead else None
        if lead is None or count is None or count.start != 0 or (count.unit not in _COUNTERS):
            return None
        stop = lead.end() + count.end
        broken_down = (
            text[stop : stop + 1] == "（" and text[spans[0][0] : spans[0][1]][-2:] in text[stop : _closing(text, stop)]
        )
        if not lead[0] and not alike and not broken_down:
            return None
        begin, _ = noun_phrase(text, *spans[0], wording=self._wording, area=self._area)
        codes = [self._items.category(text[a:b]) or draft.category for a, b in spans]
        whole = replace(
            draft, kind="quota", name=None, void=False, rule="one number for several", start=min(begin, draft.start)
        )
        whole = replace(
            whole,
            words=dict(draft.words),
            noun=text[begin:at],
            count=count.count,
            unit=count.unit,
            end=lead.end() + count.end,
        )
        families = {self._wording.family.get(code) for code in codes}
        if len(set(codes)) > 1 and families <= {"school", "preschool"}:
            whole.category = "school_other"
        else:
            whole.category = codes[0]
        number = lead.end()
        whole.counted(number + count.start, number + count.end)
        words = draft.passage.spans(begin, at)
        whole.told(kind=whole.words["count"], noun=words, category=words, name=())
        whole.at_least = count.at_least
        rest = self._after(whole, lead.end() + count.end)
        return Found(begin, rest.end if rest else whole.end, rest.drafts if rest else [whole])

    def _behind(self, draft: Draft) -> Found | None:
        """Read what follows a noun and its number: shares, years, verbs, places, names."""
        text, (start, end) = draft.passage.text, draft.noun_at or (0, 0)
        if draft.kind == "quota" and draft.count is not None and draft.start > end:
            # 小学：新建5所（甲小学、…）: the number stands behind the colon.
            if text[draft.end : draft.end + 1] != "（":
                return None
            found = self._bare_list(draft, draft.end + 1, _closing(text, draft.end), counted=True)
            return Found(draft.start, found.end + 1, found.drafts) if found else None
        head = end
        bracket = re.compile("（[^（）\\d、，]{1,8}）").match(text, end)
        head = bracket.end() if bracket else head
        counted = False
        between = re.compile(
            rf"(?:(?>{ACTS})|项目|工程|总数|总量|共|合计|总计|约|达到?|至少|不少于|不低于|新增)*+"
        ).match(text, head)
        at = between.end() if between else head
        count = next(self._wording.quantities(text[at : at + 12]), None)
        if count and count.start == 0 and count.unit in _COUNTERS:
            head, counted = at + count.end, True
            more = re.compile("以上|左右").match(text, head)
            head = more.end() if more else head
            if draft.kind != "quota" or draft.count != count.count:
                # What another reading made one of the parts: the number behind the noun is that of all.
                if draft.kind == "allotment":
                    draft = replace(draft, place=None, place_level="plan", words=dict(draft.words)).told(
                        place=(), place_level=()
                    )
                draft = replace(draft, kind="quota", name=None, words=dict(draft.words))
                draft = replace(
                    draft, count=count.count, unit=count.unit, at_least=count.at_least, void=False, per=None
                )
                draft.counted(at + count.start, at + count.end)
                draft.start, draft.end = min(draft.start, start), head
                draft.told(kind=draft.words["count"], name=(), per=())
        elif draft.kind == "quota" and draft.count is not None and draft.start <= end:
            counted = True
            tail = re.compile(rf"(?>{ACTS}|项目|工程|任务)*+").match(text, end)
            head = tail.end() if tail else end
        else:
            tail = re.compile(rf"(?>{ACTS}|项目|工程|任务)*+").match(text, end)
            head = tail.end() if tail else end
            if text[head : head + 1] != "：":
                return None
        found = self._after(draft, head, counted=counted)
        if found is None:
            return None
        return Found(min(draft.start, start), found.end, found.drafts)

    # ------------------------------------------------------------------ behind a number

    def _after(self, draft: Draft, head: int, *, counted: bool = True) -> Found | None:
        """Read the list that begins at ``head``, behind a noun and its number."""
        text = draft.passage.text
        mark = text[head : head + 1]
        if mark == "（":
            close = _closing(text, head)
            inner = self._list(draft, head + 1, close, led=True, counted=counted)
            if inner is None:
                return None
            return self._more(inner, draft, close + 1)
        located = _LOCATED.match(text, head)
        if located and counted:
            found = self._located(draft, located.end())
            return found or self._list(draft, located.end(), _list_end(text, located.end()), led=True, counted=counted)
        if mark not in "，：；、" or not mark:
            return None
        lead = bool(_PARTS_LEAD.match(text, head)) or mark == "："
        return self._list(draft, head + 1, _list_end(text, head + 1), led=lead, counted=counted)

    def _more(self, found: Found, draft: Draft, at: int) -> Found:
        """Go on behind a bracket: 新建15处（…）；扩建3处."""
        text = draft.passage.text
        if text[at : at + 1] not in ("；", "，") or not text[at : at + 1]:
            return Found(found.start, at, found.drafts)
        more = self._list(draft, at + 1, _list_end(text, at + 1), led=False, counted=True)
        if more is None:
            return Found(found.start, at, found.drafts)
        extra = [item for item in more.drafts if item.start > at]
        return Found(found.start, more.end, [*found.drafts, *extra])

    def _list(self, draft: Draft, start: int, stop: int, *, led: bool, counted: bool) -> Found | None:
        text = draft.passage.text
        items = self._items.items(text, start, stop)
        if items and any(item.quantity for item in items):
            return self._counted_list(draft, items, led=led, counted=counted)
        if led and items and len(items) >= 1:
            return self._bare_list(draft, start, stop, counted=counted)
        return None

    def _counted_list(self, draft: Draft, items: list[Item], *, led: bool, counted: bool) -> Found | None:
        unit = draft.unit
        shares: list[Draft] = []
        waiting: list[Item] = []
        kept = False
        end = 0
        for item in items:
            if item.quantity is None:
                if not self._items.place_like(item.subject):
                    break
                waiting.append(item)
                continue
            made = self._share(draft, item, waiting, led=led) if _counts_alike(unit, item.quantity) else None
            if item.closed:
                kept, end = True, item.end
                continue
            if made is None:
                break
            shares.extend(made)
            waiting = []
            end = item.end
        if not shares:
            return None
        whole = [] if (draft.void and draft.rule != "head") or kept or not counted else [self._total(draft)]
        if led or any(share.kind == "allotment" for share in shares):
            for share in shares:
                share.whole = whole[0] if whole else None
        first = draft.noun_at[0] if draft.noun_at else draft.start
        return Found(min(first, draft.start), end, [*whole, *shares])

    def _total(self, draft: Draft) -> Draft:
        if draft.kind != "quota":
            return draft
        return replace(draft, void=False)

    def _share(self, draft: Draft, item: Item, waiting: list[Item], *, led: bool) -> list[Draft] | None:
        """Return the records of one counted item; None where it counts something else."""
        subject = item.subject
        if not subject and not waiting:
            return [self._own(draft, item)] if item.year or item.verbs else None
        names = re.split("[、和与及]", subject) if not self._items.place_like(subject) else [subject]
        if all(self._items.place_like(name) for name in names if name) and subject:
            tier = TIER.fullmatch(subject)
            return [self._own(draft, item)] if tier else self._allot(draft, [*waiting, item], item)
        category = self._items.category(subject)
        if (
            led
            and not waiting
            and not subject.endswith("位")
            and (category or re.fullmatch(rf"{CJK}{{2,14}}", subject))
        ):
            own = self._own(draft, item)
            begin, _ = item.at, item.at + len(subject)
            own.category = category or draft.category
            own.noun = subject
            words = draft.passage.spans(begin, begin + len(subject))
            own.noun_at = (begin, begin + len(subject))
            own.told(noun=words, category=words if category else draft.words.get("category", ()))
            return [own]
        return None

    def _allot(self, draft: Draft, places: Sequence[Item], counted: Item) -> list[Draft]:
        made: list[Draft] = []
        for item in places:
            parts = [item.subject] if self._items.place_like(item.subject) else re.split("[、和与及]", item.subject)
            at = item.at
            for name in parts:
                begin = draft.passage.text.index(name, at)
                own = self._own(draft, counted)
                own.start, own.kind = begin, "allotment"
                self._put(own, name, begin)
                made.append(own)
                at = begin + len(name)
        return made

    def _own(self, draft: Draft, item: Item) -> Draft:
        """Return a record for one counted item, with the verb and year of its own."""
        if item.quantity is None:
            return draft
        own = self._part(draft, item.start, item.end, item.quantity, item.start)
        own.unit = item.quantity.unit or draft.unit
        own.counted(item.start + item.quantity.start, item.start + item.quantity.end, least_from=item.start)
        own.at_least = item.least
        own.told(kind=own.words["count"])
        if item.verbs:
            kinds = [kind for word, _ in item.verbs if (kind := self._wording.verb_kind(word)) in BUILDS]
            distinct = list(dict.fromkeys(kinds))
            if distinct:
                own.action = distinct[0] if len(distinct) == 1 else "mixed"
                own.told(
                    action=tuple(span for word, at in item.verbs for span in draft.passage.spans(at, at + len(word)))
                )
        if item.year:
            own.year = item.year[0]
            own.told(year=draft.passage.spans(item.year[1], item.year[1] + 4))
        return own

    def _part(self, draft: Draft, start: int, end: int, count: Quantity, number: int) -> Draft:
        own = replace(draft, start=start, end=end, kind="quota", name=None, void=False, rule="shares")
        own = replace(own, words=dict(draft.words), parts=[], count=count.count, unit=count.unit)
        own = replace(
            own, at_least=count.at_least, note=None, capacity=None, capacity_unit=None, count_max=None, per=None
        )
        own.counted(number + count.start, number + count.end)
        own.told(kind=own.words["count"], name=())
        return own

    def _put(self, draft: Draft, name: str, at: int) -> None:
        words = draft.passage.spans(at, at + len(name))
        place = self._area.place(name)
        draft.place, draft.place_level = place.name, place.level
        draft.told(place=words, place_level=words, kind=words)

    def _located(self, draft: Draft, at: int) -> Found | None:
        """Read 新建2个，分别位于甲镇、乙镇: as many places as were counted, one for each."""
        text = draft.passage.text
        stop = _clause_end(text, at)
        names = list(re.finditer("[^、和与及]+", text[at:stop]))
        if len(names) != draft.count or len(names) < 2 or not all(self._items.place_like(name[0]) for name in names):
            return None
        made = []
        for name in names:
            begin = at + name.start()
            words = draft.passage.spans(begin, begin + len(name[0]))
            own = replace(
                draft, start=begin, end=begin + len(name[0]), kind="allotment", count=1, rule="located", void=False
            )
            own = replace(own, words=dict(draft.words), at_least=False, count_max=None)
            own.told(count=words)
            self._put(own, name[0], begin)
            made.append(own)
        return Found(draft.start, stop, made)

    # ------------------------------------------------------------------ bare lists

    def _bare_list(self, draft: Draft, start: int, stop: int, *, counted: bool) -> Found | None:
        """Read places or names behind a number and a colon: 新建3处：甲社区、乙社区、丙社区."""
        text = draft.passage.text
        lead = LEAD.match(text, start)
        begin = lead.end() if lead else start
        stop = min([stop, *(at for mark in "，；" if (at := text.find(mark, begin, stop)) >= 0)])
        whole = re.sub("等(?:地|处|项目|\\d+[所个处家座])?$", "", text[begin:stop])
        spans = [(begin + part.start(), begin + part.end()) for part in re.finditer("[^、]+", whole)]
        if spans and not counted and len(spans) < 2:
            return None
        last = text[slice(*spans[-1])] if spans else ""
        joined = re.search("(?<=.{2})[和与及](?=.{2})", last)
        if joined and draft.count == len(spans) + 1:
            a, b = spans[-1]
            spans[-1:] = [(a, a + joined.start()), (a + joined.end(), b)]
        if not spans or not all(2 <= b - a <= 30 for a, b in spans):
            return None
        names = [text[a:b] for a, b in spans]
        exact = counted and draft.count == len(names)
        if not (exact or all(self._items.place_like(name) or self._items.category(name) for name in names)):
            return None
        if not exact and counted:
            return None
        places = all(self._items.place_like(name) and not self._items.category(name) for name in names)
        made = [self._listed(draft, span, name, place=places) for span, name in zip(spans, names, strict=True)]
        return Found(draft.start, stop, made)

    def _listed(self, draft: Draft, span: tuple[int, int], name: str, *, place: bool) -> Draft:
        """Return the record of one listed place or name."""
        text, (a, b) = draft.passage.text, span
        words = draft.passage.spans(a, b)
        own = replace(draft, start=a, end=b, count=1, void=False, at_least=False, count_max=None, note=None)
        own = replace(own, words=dict(draft.words), capacity=None, capacity_unit=None)
        own.told(count=words, kind=words)
        if place:
            own.kind, own.rule = "allotment", "listed behind"
            self._put(own, name, a)
            return own
        own.kind, own.name, own.unit, own.rule = "site", name, None, "named behind"
        if draft.noun_at and not name.endswith(text[slice(*draft.noun_at)]):
            begin, stop = noun_phrase(text, *draft.noun_at, wording=self._wording, area=self._area)
            own.noun = text[begin:stop]
            own.told(noun=draft.passage.spans(begin, stop))
        own.told(name=words)
        own.category = self._of_family(name, draft.category)
        seat = self._area.of_name(name, word="", category=own.category, behind="")
        own.place, own.place_level = (seat.name, seat.level) if seat else (None, "plan")
        return own.told(place=words if seat else (), place_level=words if seat else ())

    def _of_family(self, name: str, category: str) -> str:
        """Return the category of a listed name: that of its own noun, where it is of the list's family."""
        own = self._items.category(name)
        return own if own and self._wording.family.get(own) == self._wording.family.get(category) else category


def _noun_of(draft: Draft, wording: Wording, area: PlanArea) -> str | None:
    if draft.noun is not None or draft.noun_at is None:
        return draft.noun
    begin, end = noun_phrase(draft.passage.text, *draft.noun_at, wording=wording, area=area)
    return draft.passage.text[begin:end]


def _counts_alike(unit: str | None, quantity: Quantity) -> bool:
    """Tell whether a number can be a part of what is counted by a unit."""
    general = "个所处家座"
    if unit is None:
        return quantity.unit in _COUNTERS
    return quantity.unit == unit or (unit in general and (quantity.unit or "") in general)


def _within(draft: Draft, found: Found) -> bool:
    own = draft.noun_at and draft.start <= draft.noun_at[0]
    begin = draft.noun_at[0] if draft.noun_at and own else draft.start
    return found.start <= draft.start < found.end or found.start <= begin < found.end


def _clause_end(text: str, at: int) -> int:
    match = re.compile("[，。；：（）\n]").search(text, at, at + FAR)
    return match.start() if match else min(len(text), at + FAR)


def _list_end(text: str, at: int) -> int:
    match = _END.search(text, at, at + FAR)
    return match.start() if match else min(len(text), at + FAR)


def _closing(text: str, at: int) -> int:
    depth = 0
    for index in range(at, min(len(text), at + FAR)):
        depth += (text[index] == "（") - (text[index] == "）")
        if depth == 0:
            return index
    return min(len(text), at + FAR)
