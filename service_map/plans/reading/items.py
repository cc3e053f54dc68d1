"""Marks put together: the items of a clause, each with what stands before and behind its noun.

An item is what lies between two list marks, cut again where a verb or a number stands between two nouns. Order is free:
place, time, verb, unit and number may stand before the noun or behind it. What no rule knows is kept in ``odd``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from service_map.plans.lexicon import CJK, Token, Verb, Wording
from service_map.plans.reading.marks import SEATS, Mark

COUNTERS = frozenset("个所处家座块片条支栋幢套户") | {"公里", "千米"}
PLACES = re.compile("托位|床位|学位|格位|墓穴|墓位|穴位|病床|托育位|葬位|安葬位")
_PHRASE = ("word", "noun", "place", "tier", "quote", "title")
_PART = re.compile(
    "(?:大?楼|院区|校区|馆区|病区|用房|车间|病房|宿舍|食堂|操场|馆舍|实验室|中心|[一二三四]期|分园|分院|分馆|分校|分站|新馆|新院|新校|新园|新址|阅览室|教室|门诊|球场|"
    "（[一二三四]期）)$"
)
_SECTION = re.compile("(?:普通)?(?:高中|初中|小学|幼儿|学前|职教)部")
_PLAIN = re.compile(
    "(?:建设|改造|试点|重点|重大|示范|一批|系列|主体)*(?:项目|工程|任务|计划|行动|工作|包)*(?:建设|实施)?|并|力度|步伐|进度|主体|使用|运营|开放|到位|招生|对外|交付|投用|场地|场所|工期|前期|前期工作|手续|验收|竣工验收|交付验收|收尾|首演|迎客|移交|移交使用|后"
)
_SORT = re.compile("[\u4e00-\u9fff]{1,4}[型类级式种]")
_NO_PLACE_WORD = re.compile(
    "[有无是其每个以可能年的了让使从向由被受给把将按经过]|占地|统筹|惠及|[设位建]于|[型类级式种]$|人口|力量|政府|企业|资金|部门|闲置|社会|群众|居民|单位|现有|新型|新增|按照|原则|基础|等|治理|整治|导入|修复"
)


@dataclass(slots=True)
class Item:
    """What lies between two list marks, or between two verbs.

    Attributes
    ----------
    marks
        All of it.
    noun, phrase
        The facility's noun, and where the phrase that ends with it begins and ends.
    places, guesses, tier, unit, each, turn
        The places before it, words that may be places, its level (县级), the unit of which each gets it, 各 and 分别.
    verbs, acts
        The verbs before and behind the noun.
    numbers, behind
        The numbers that count it, and whether they stand behind the noun.
    year, due
        The time before and behind the noun.
    lead, etc, summed, state, covers, project
        其中 and the like; 等; 共; 达到; 全覆盖; 项目 behind the noun.
    rests
        The verb of what it rests on (依托…), which promises nothing.
    odd, tail
        Words before and behind the noun that no rule knows.
    subject
        Whether a verb behind it governs another noun.
    section
        The part of a school that is set up there (设立高中部).
    merged, spoiled
        Whether it goes into another by a merger, and whether the words behind its list speak of something else.
    """

    marks: list[Mark]
    noun: Mark | None = None
    phrase: tuple[int, int] = (0, 0)
    places: list[Mark] = field(default_factory=list)
    guesses: list[Mark] = field(default_factory=list)
    tier: Mark | None = None
    unit: Mark | None = None
    each: Mark | None = None
    turn: Mark | None = None
    verbs: list[Mark] = field(default_factory=list)
    acts: list[Mark] = field(default_factory=list)
    numbers: list[Mark] = field(default_factory=list)
    behind: bool = False
    year: Mark | None = None
    due: Mark | None = None
    lead: Mark | None = None
    etc: Mark | None = None
    summed: Mark | None = None
    state: Mark | None = None
    covers: Mark | None = None
    box: Mark | None = None
    project: bool = False
    rests: Mark | None = None
    odd: list[Mark] = field(default_factory=list)
    tail: list[Mark] = field(default_factory=list)
    subject: bool = False
    glue: str = ""
    kept: Mark | None = None
    norm: Mark | None = None
    called: str = ""
    seated: Mark | None = None
    foreign: object = None
    numbers_in: Mark | None = None
    grows: bool = False
    seats: list[Mark] = field(default_factory=list)
    size: Mark | None = None
    goal: tuple[int, int] | None = None
    earlier: list[Mark] = field(default_factory=list)
    joined: list["Item"] = field(default_factory=list)
    after_etc: bool = False
    section: Mark | None = None
    merged: bool = False
    spoiled: bool = False

    @property
    def start(self) -> int:
        """Where it begins in the passage."""
        return self.marks[0].start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.marks[-1].end

    @property
    def number(self) -> Mark | None:
        """The number that counts it."""
        return self.numbers[0] if self.numbers else None

    @property
    def bare(self) -> bool:
        """Whether it has neither noun nor number."""
        return self.noun is None and not self.numbers

    @property
    def placed(self) -> list[Mark]:
        """The places before it, with the words that may be some."""
        return sorted([*self.places, *self.guesses], key=lambda mark: mark.start)


class ItemReader:
    """Puts the marks of clauses together.

    Parameters
    ----------
    wording
        The word lists.
    """

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._tails = tuple(wording.name_tail)

    def items(self, marks: Sequence[Mark], *, listing: bool = False) -> list[Item]:
        """Cut the marks of a clause into items.

        Parameters
        ----------
        marks
            Those between two commas.
        listing
            Whether the clause is a list of projects, where a noun before a verb is part of the name.

        Returns
        -------
        list of Item
        """
        found: list[Item] = []
        part: list[Mark] = []
        glue = ""
        for index, mark in enumerate([*marks, None]):
            cut = mark is None or (mark.kind in ("list", "join") and bool(part) and index < len(marks) - 1)
            if (
                cut
                and mark is not None
                and mark.kind == "join"
                and not self._joins(part, marks[index + 1 :], listed=bool(found))
            ):
                # 工业和信息技术学校: 和 between two descriptions joins no list.
                part.append(Mark(mark.start, mark.end, "word", mark.text))
                continue
            if cut and part:
                for number, piece in enumerate(self._pieces(part, listing=listing)):
                    item = self._item(piece, listing=listing)
                    item.glue = glue if not number else "|"
                    item.after_etc = bool(number and found and found[-1].etc)
                    found.append(item)
                part, glue = [], mark.text if mark else ""
            elif mark is not None and (mark.kind != "list" or part):
                part.append(mark)
        return found

    @staticmethod
    def _joins(before: Sequence[Mark], behind: Sequence[Mark], *, listed: bool) -> bool:
        last = before[-1]
        if behind and behind[0].kind in ("tier", "unit", "verb", "number", "place"):
            return True
        if last.kind != "word" or listed or len(last.text) <= 4:
            return (
                last.kind != "word"
                or listed
                or not any(mark.kind in ("verb", "number") for mark in before)
                or any(mark.kind == "noun" for mark in before)
            )
        following = next((mark for mark in behind if mark.kind not in ("word", "tier")), None)
        return any(mark.kind == "noun" for mark in before) or following is None or following.kind != "noun"

    def _pieces(self, marks: list[Mark], *, listing: bool) -> Iterator[list[Mark]]:
        """Cut between two nouns where a verb, a number or 等 stands between them."""
        nouns = [index for index, mark in enumerate(marks) if mark.kind == "noun"]
        begin = 0
        for here, there in pairwise(nouns):
            between = marks[here + 1 : there]
            if not between or all(mark.kind in _PHRASE for mark in between):
                continue
            if any(_leads_to(pair) for pair in pairwise(between)):
                continue
            if any(mark.kind == "of" for mark in between) and not any(
                mark.kind in ("verb", "number") for mark in between
            ):
                continue
            if (
                listing
                and not any(mark.kind in ("number", "etc", "of", "time") for mark in between)
                and marks[0].kind != "verb"
            ):
                # 某小镇基础设施建设田园综合体项目: in a list of projects this is one name.
                continue
            cut = here + 1
            for offset, mark in enumerate(between):
                if mark.kind == "etc":
                    cut = here + 2 + offset
                    break
                if mark.kind in ("verb", "number", "time", "adverb", "unit", "each", "turn"):
                    cut = here + 1 + offset
                    break
            else:
                cut = there
            yield marks[begin:cut]
            begin = cut
        if marks[begin:]:
            yield marks[begin:]

    def _item(self, marks: list[Mark], *, listing: bool = False) -> Item:
        item = Item(marks)
        heads = [index for index, mark in enumerate(marks) if mark.kind == "noun"]
        if not heads:
            typed = self._typed(marks)
            if typed is None:
                self._before(item, marks)
                return item
            return self._bracketed(item, marks, typed)
        goal = next(
            (index for index in range(heads[0] + 1, len(marks)) if _leads_to(marks[index - 1 : index + 1])), None
        )
        head = [index for index in heads if goal is None or index < goal][-1]
        begin = head
        while (
            begin
            and (marks[begin - 1].kind in _PHRASE or self._inner_box(marks, begin))
            and not (marks[begin - 1].kind == "title" and marks[begin - 1].text == "》")
        ):
            begin -= 1
            if marks[begin].text == "“" and marks[begin].kind == "quote":
                break
        item.noun = marks[head]
        if listing and len(heads) > 1 and begin > heads[0]:
            begin = 0
            while begin < heads[0] and marks[begin].kind not in _PHRASE:
                begin += 1
            item.acts.extend(mark for mark in marks[begin:head] if mark.kind == "verb" and _strong(mark))
        before = marks[:begin]
        if before and before[-1].kind == "of":
            whole = before
            rated = len(before) > 1 and re.fullmatch(r"[\d.]+%(?:以上)?", before[-2].text)
            before = before[:-2] if rated else _without_relative(before)
            item.size = next((mark for mark in whole[len(before) :] if mark.kind == "size"), None)
        while begin < head and marks[begin].kind == "quote" and marks[begin].text == "”":
            begin += 1
        stop = head + 1
        end = marks[head].end
        while (
            stop < len(marks)
            and (
                (
                    marks[stop].kind == "word"
                    and (
                        marks[stop].text in self._tails
                        or re.fullmatch(f"{CJK}{{2,3}}[园校院]", marks[stop].text)
                        or (len(marks[stop].text) <= 8 and _PART.search(marks[stop].text))
                    )
                )
                or (marks[stop].kind == "place" and _PART.search(marks[stop].text))
                or (
                    marks[stop].kind == "box"
                    and re.fullmatch(
                        f"（(?:[一二三四]期|{CJK}{{2,8}}(?:段|院区|校区)|第?[一二三四五六七八九](?:人民)?医?院)）",
                        marks[stop].text,
                    )
                )
            )
            and not _PLAIN.fullmatch(marks[stop].text)
        ):
            end = marks[stop].end
            stop += 1
        part = (
            re.sub("(?:工程|项目)$", "", marks[stop].text) if stop < len(marks) and marks[stop].kind == "word" else ""
        )
        if len(part) <= 8 and _PART.search(part) and not _PLAIN.fullmatch(part):
            end, item.project = marks[stop].start + len(part), True
            stop += 1
        item.phrase = (marks[begin].start, end)
        self._before(item, before)
        self._behind(item, marks[stop:])
        return item

    @staticmethod
    def _inner_box(marks: Sequence[Mark], begin: int) -> bool:
        """Tell whether a bracket stands inside a name: 下川（旧石器）遗址公园."""
        box = marks[begin - 1]
        inner = box.inner or []
        return (
            box.kind == "box"
            and begin > 1
            and marks[begin - 2].kind == "word"
            and len(inner) == 1
            and inner[0].kind == "word"
            and len(inner[0].text) <= 5
        )

    @staticmethod
    def _typed(marks: Sequence[Mark]) -> int | None:
        """Return where a bracket stands that tells the type of the name before it: 松鹤园（骨灰堂）."""
        for index, mark in enumerate(marks):
            inner = mark.inner or []
            if (
                mark.kind == "box"
                and index
                and marks[index - 1].kind == "word"
                and inner
                and inner[-1].kind == "noun"
                and all(one.kind in _PHRASE for one in inner)
            ):
                return index
        return None

    def _bracketed(self, item: Item, marks: list[Mark], at: int) -> Item:
        inner = marks[at].inner or []
        item.noun = inner[-1]
        begin = at - 1
        while begin and marks[begin - 1].kind in ("word", "place"):
            begin -= 1
        item.phrase = (marks[begin].start, marks[at].end)
        self._before(item, marks[:begin])
        self._behind(item, marks[at + 1 :])
        return item

    def _before(self, item: Item, marks: Sequence[Mark]) -> None:
        apart = False
        for mark in marks:
            kind = mark.kind
            apart = apart or kind not in ("verb", "adverb", "quote")
            if kind == "verb" and mark.token and mark.token.verb:
                keeps = mark.token.verb.kind == "keep"
                item.rests = mark if keeps else item.rests
                if not keeps:
                    if apart and item.verbs:
                        item.earlier.extend(item.verbs)
                        item.verbs = []
                    item.verbs.append(mark)
                    apart = False
                elif item.verbs and item.noun is not None and all(_strong(verb) for verb in item.verbs):
                    item.rests = mark
            elif item.rests and not item.verbs and kind in ("word", "place", "noun", "tier"):
                continue
            elif kind == "adverb":
                item.state = mark if mark.text in ("达到", "达") else item.state
            elif kind == "norm":
                item.norm = mark
            elif kind == "place" and item.places and item.places[-1].end == mark.start:
                # 某县|某镇 is one place.
                before = item.places[-1]
                item.places[-1] = Mark(before.start, mark.end, "place", before.text + mark.text)
            elif kind == "place":
                item.places.append(mark)
            elif kind == "word" and (mark.text in SEATS or (_SORT.fullmatch(mark.text) and mark is not marks[-1])):
                # 一所设于某街道; 一类10座: the word behind is what counts.
                continue
            elif (
                kind == "word"
                and item.places
                and item.places[-1].end == mark.start
                and self._goes_on(item.places[-1], mark)
            ):
                # 盐湖|东郭: the narrower of two places.
                item.places[-1] = Mark(item.places[-1].start, mark.end, "place", mark.text)
            elif kind == "word" and self._could_be_place(mark.text):
                around = int(mark.text[0] in "环沿" and len(mark.text) > 2)
                item.guesses.append(Mark(mark.start + around, mark.end, "word", mark.text[around:]))
            elif kind == "time":
                item.year = mark
            elif kind == "number" and mark.quantity is not None and self._counts(item, mark):
                item.numbers.append(mark)
            elif kind in ("unit", "tier", "each", "turn", "lead", "etc"):
                setattr(item, kind, mark)
            elif kind == "sum":
                item.summed = mark
            elif kind == "box" and item.verbs and mark.inner and all(one.kind == "verb" for one in mark.inner):
                item.verbs.extend(mark.inner)
            elif (
                kind == "box"
                and item.places
                and not item.numbers
                and (number := _boxed_number(mark))
                and not number.text.endswith(("公里", "千米"))
            ):
                # 某新城（3个）
                item.numbers.append(number)
            elif kind == "box" and item.box is None and not item.unit and item.noun is None:
                item.box = mark
            elif kind == "size":
                item.size = mark
            elif kind not in ("quote", "box", "of", "title", "filled"):
                item.odd.append(mark)

    def _behind(self, item: Item, marks: Sequence[Mark]) -> None:
        for index, mark in enumerate(marks):
            kind = mark.kind
            seat = (
                re.match("(?:拟|计划)?(?:建在|设在|建于|设于|落户[在于]?|位于|选址[在于]?|坐落[在于]?|地处)", mark.text)
                if kind == "word"
                else None
            )
            if (
                seat is None
                and mark.text in ("建", "设", "拟建")
                and index + 2 < len(marks)
                and marks[index + 1].text in "在于"
            ):
                item.goal, item.seated = (marks[index + 2].start, marks[-1].end), mark
                break
            if seat:
                # …项目位于某镇某村; …中心建在某区: where it stands.
                item.goal, item.seated = (mark.start + seat.end(), marks[-1].end), mark
                break
            moved = (
                not item.acts
                and index == 0
                and item.verbs
                and item.verbs[-1].token
                and item.verbs[-1].token.verb
                and item.verbs[-1].token.verb.kind == "relocate"
            )
            if moved and mark.text in ("至", "到", "往"):
                item.goal = (mark.end, marks[-1].end)
                break
            if item.acts and item.acts[-1].end == mark.start and item.acts[-1].text.endswith("迁出"):
                # 迁出主城: the rest says where from.
                break
            moved = item.acts and item.acts[-1].end == mark.start and index + (mark.kind == "adverb") < len(marks)
            if moved and (
                mark.text in ("至", "到", "往", "于")
                or item.acts[-1].text.endswith(("迁入", "搬入", "选址"))
                or (mark.text == "在" and index + 2 == len(marks))
            ):
                # 整体迁建至某新区某街东侧: the rest says where to.
                item.goal = (mark.end if mark.kind == "adverb" else mark.start, marks[-1].end)
                break
            built = index and item.project and item.acts and marks[index - 1].text in ("工程", "项目")
            given_up = kind == "verb" and mark.token and mark.token.verb and mark.token.verb.kind == "cancel"
            if built and not given_up and kind in ("word", "verb", "adverb", "of"):
                # 迁建工程完成总工程量的62%: how far it has come.
                continue
            counted = kind == "number" and mark.quantity is not None and self._counts(item, mark)
            following = marks[index + 1].text if index + 1 < len(marks) else ""
            if kind == "norm":
                item.norm = mark
            elif (
                counted
                and item.tail
                and PLACES.fullmatch(re.sub("护理型|养老|住院|普惠|公办|医疗", "", item.tail[-1].text))
            ):
                # 福利院新增床位80张: the house grows.
                item.tail.pop()
                item.grows = True
            elif (
                kind == "verb"
                and mark.text in ("完善", "改善", "优化")
                and re.search("(?:条件|设施|环境|功能)$", following)
                and mark.token
            ):
                verb = Verb(mark.text, "upgrade")
                item.acts.append(
                    Mark(
                        mark.start,
                        mark.end,
                        "verb",
                        mark.text,
                        token=Token(mark.start, mark.end, mark.text, None, verb),
                    )
                )
                break
            elif kind == "verb" and mark.token and mark.token.verb and mark.token.verb.kind == "keep":
                item.kept = mark
            elif kind == "verb" and mark.text == "配套":
                continue
            elif (
                kind == "verb"
                and mark.token
                and mark.token.verb
                and mark.token.verb.kind not in ("keep", "foster", "strengthen")
            ):
                item.acts.append(mark)
            elif counted and (not item.numbers or item.behind):
                item.numbers.append(mark)
                item.behind = True
            elif kind == "time":
                item.due = mark
            elif (
                kind == "box"
                and not item.numbers
                and mark.inner
                and mark.inner[0].kind in ("number", "adverb", "sum")
                and (number := _boxed_number(mark))
                and not (number.text.endswith(("公里", "千米")) and item.noun and item.phrase[1] > item.noun.end)
            ):
                item.numbers.append(number)
                item.behind, item.numbers_in = True, mark
            elif (
                kind == "box"
                and mark.inner
                and mark.inner[0].kind == "verb"
                and (len(mark.inner) == 1 or mark.inner[1].kind in ("comma", "list"))
            ):
                item.acts.append(mark.inner[0])
            elif kind == "box" and item.box is None:
                item.box = mark
            elif kind in ("each", "turn", "etc"):
                setattr(item, kind, mark)
            elif (
                kind == "unit"
                and item.unit is None
                and (
                    any(one.kind == "number" for one in marks[index + 1 :])
                    or mark.text.endswith("有")
                    or (mark.level and mark.level.count)
                    or "覆盖" in "".join(one.text for one in marks[:index])
                )
            ):
                item.unit = mark
                item.covers = mark if index and "覆盖" in marks[index - 1].text else item.covers
                item.tail = [one for one in item.tail if "覆盖" not in one.text]
            elif kind == "sum":
                item.summed = mark
            elif kind == "adverb":
                item.state = mark if mark.text in ("达到", "达") else item.state
            elif kind == "word" and _PLAIN.fullmatch(mark.text):
                item.project = item.project or "项目" in mark.text or "工程" in mark.text
            elif kind == "word" and re.search("全覆盖|全部覆盖|100%覆盖", mark.text):
                item.covers = mark
            elif kind == "size":
                item.size = mark
            elif kind == "place" and index and marks[index - 1].text in ("在", "于", "由") and not item.acts:
                item.seats.append(mark)
            elif kind not in ("quote", "of", "box", "title", "lead", "filled") and not re.fullmatch(
                "[一二三四五六七八][馆场院园]", mark.text
            ):
                item.tail.append(mark)
        if item.kept and item.kept.text == "取得":
            item.kept, item.tail = None, []
        if (
            item.tail
            and item.acts
            and _SECTION.fullmatch(item.tail[-1].text)
            and item.acts[-1].end == item.tail[-1].start
        ):
            item.section = item.tail.pop()
        fitted = item.tail and re.fullmatch(
            "(?:服务|基础|配套|硬件|消防)?(?:设施|设备|条件|环境|能力)(?:水平)?|.{0,4}任务", item.tail[-1].text
        )
        if (
            not fitted
            and item.tail
            and item.acts
            and not (item.etc and item.etc.start > item.acts[-1].start)
            and item.tail[-1].start > item.acts[-1].start
            and len(item.tail[-1].text) > 1
            and item.tail[-1].kind != "number"
        ):
            # 景区创建示范单位: the verb behind is about something else.
            item.acts, item.subject = [], True

    def _goes_on(self, place: Mark, word: Mark) -> bool:
        return place.text[-1] not in "县区市镇乡村" and len(word.text) <= 3 and self._could_be_place(word.text)

    def _counts(self, item: Item, mark: Mark) -> bool:
        unit = mark.quantity.unit if mark.quantity else None
        return unit in COUNTERS or (unit == "张" and item.noun is not None)

    def _could_be_place(self, words: str) -> bool:
        plain = bool(re.fullmatch(f"{CJK}{{2,7}}", words)) and bool(
            self._wording.residue(words) or re.fullmatch(f"{CJK}[村镇乡]", words)
        )
        return plain and not any(self._wording.tokens(words)) and not _NO_PLACE_WORD.search(words)


def _leads_to(marks: Sequence[Mark]) -> bool:
    """Tell whether two marks say that something moves to what stands behind them: 搬迁|至."""
    verb, small = marks
    moves = verb.token and verb.token.verb and verb.token.verb.kind == "relocate"
    return bool(moves) and small.text in ("至", "到", "往")


def _strong(mark: Mark) -> bool:
    return bool(
        mark.token and mark.token.verb and mark.token.verb.kind in ("new", "expand", "upgrade", "relocate", "mixed")
    )


def _boxed_number(box: Mark) -> Mark | None:
    """Return the number that a bracket holds alone or begins with: 健身广场（20处）."""
    inner = [mark for mark in box.inner or [] if mark.kind not in ("adverb", "sum")]
    if not inner or inner[0].kind != "number" or not inner[0].quantity or inner[0].quantity.unit not in COUNTERS:
        return None
    return inner[0] if len(inner) == 1 or inner[1].kind in ("comma", "list") else None


def _without_relative(before: list[Mark]) -> list[Mark]:
    """Drop a relative clause (以失能照护为主的): what stands behind the number or the verbs that govern."""
    kept = len(before) - 1
    while kept and before[kept - 1].kind not in ("number", "unit", "comma"):
        kept -= 1
    if kept:
        return before[:kept]
    while kept < len(before) and before[kept].kind != "verb":
        kept += 1
    while kept < len(before) and before[kept].kind == "verb":
        kept += 1
    return before[:kept] if kept < len(before) else []
