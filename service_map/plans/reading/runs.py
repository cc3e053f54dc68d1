"""Runs of items that share something: a noun behind ordinals, places before 各, the verbs and the time at the end.

Each pass looks over the items of a clause before any of them is read, and notes in them what others give them.
"""

import re

from service_map.plans.reading.context import MADE, NOT_IT, QUALITY, kind_of
from service_map.plans.reading.items import Item
from service_map.plans.reading.marks import Mark

_NUMBERED = re.compile("(?P<of>[\u4e00-\u9fff]{0,8}?)第[一二三四五六七八九十]{1,3}")


def share(text: str, items: list[Item], *, listing: bool) -> None:
    """Note in the items of a clause what others of it give them."""
    _as_places(items)
    _number_names(text, items)
    _spoil(items, listing=listing)
    _share_behind(items)
    _merged_away(items)


def _as_places(items: list[Item]) -> None:
    """Make places of the nouns before 各 (甲公园、乙公园各配建足球场2块)."""
    for index in range(len(items) - 1):
        following = items[index + 1]
        if following.glue == "|" and following.each and following.noun and following.number and items[index].noun:
            at = index
            while at >= 0 and items[at].noun and not items[at].numbers and not (items[at].verbs and at < index):
                item = items[at]
                item.places = [
                    Mark(
                        item.phrase[0],
                        item.phrase[1],
                        "place",
                        "".join(mark.text for mark in item.marks if item.phrase[0] <= mark.start < item.phrase[1]),
                    )
                ]
                item.noun, item.guesses = None, []
                at -= 1


def _number_names(text: str, items: list[Item]) -> None:
    """Make names of ordinals that share a noun: 县第一、第二敬老院."""
    for index in range(1, len(items)):
        item = items[index]
        if item.noun is None or not _NUMBERED.fullmatch(text[item.phrase[0] : item.noun.start]):
            continue
        of, at = "", index
        run: list[Item] = []
        while at and items[at - 1].noun is None and not items[at - 1].numbers:
            at -= 1
            match = _NUMBERED.fullmatch(
                text[items[at].verbs[-1].end if items[at].verbs else items[at].start : items[at].end]
            )
            if match is None:
                break
            run.append(items[at])
            of = match["of"] or of
        for one in run:
            begin = one.verbs[-1].end if one.verbs else one.start
            own = _NUMBERED.fullmatch(text, begin, one.end)
            one.noun, one.phrase, one.places, one.guesses, one.odd = item.noun, (begin, one.end), [], [], []
            one.called = of + text[begin + (len(own["of"]) if own else 0) : one.end] + item.noun.text
        if run:
            item.called = of + text[slice(*item.phrase)]


def _spoil(items: list[Item], *, listing: bool) -> None:
    """Leave out a list that only describes something else: 甲院、乙院等医疗集团建设, 提升甲校、乙校等教育质量."""
    for index, item in enumerate(items):
        if item.noun is None or not item.tail:
            continue
        run = [item]
        while not run[-1].verbs and run[-1].glue in ("、", "和", "与", "及") and items[index - len(run)].noun:
            run.append(items[index - len(run)])
        words = [mark.text for mark in item.tail if not item.acts or mark.start < item.acts[-1].start]
        counted = item.numbers and not item.behind
        aside = not listing and (item.acts or counted) and any(map(NOT_IT.search, words)) and not _built(run[-1])
        if aside or (item.etc and not item.acts and not item.numbers and QUALITY.match("".join(words))):
            for one in run:
                one.spoiled = True


def _built(item: Item) -> bool:
    return any(kind_of(verb) in MADE for verb in item.verbs)


def _merged_away(items: list[Item]) -> None:
    """Leave out what a later item is made of: 甲校和乙校整合为丙校."""
    for index, item in enumerate(items):
        if item.glue != "|" or "merge" not in map(kind_of, item.verbs):
            continue
        for at in range(index - 1, -1, -1):
            items[at].merged = True
            if items[at].verbs or items[at].glue not in ("和", "与", "及"):
                break


def sums_up(items: list[Item]) -> bool:
    """Tell whether the last of some items only counts the names before it: 甲学院、乙学院两所高职院校."""
    item, run = items[-1], 0
    if item.glue != "|" or item.verbs or item.behind or not item.number or not item.number.quantity:
        return False
    for one in reversed(items[:-1]):
        if not one.noun or one.numbers:
            break
        run += 1
        if one.verbs:
            break
    return run > 1 and item.number.quantity.count == run


def _share_behind(items: list[Item]) -> None:
    """Give the nouns of a list what stands behind the last of them: the verbs and the time."""
    acts: list[Mark] = []
    due: Mark | None = None
    nouned = max((index for index, item in enumerate(items) if item.noun), default=-1)
    for item in items[nouned + 1 :] if nouned >= 0 else ():
        if item.bare and not item.verbs and item.marks[-1].text.endswith("全覆盖") and not items[nouned].acts:
            # 安葬设施乡镇、农村全覆盖
            items[nouned].covers = item.marks[-1]
        rest = [mark for mark in item.marks if mark.kind not in ("verb", "sum", "number")]
        if items[nouned].acts and item.bare and item.verbs and all(mark.text in ("项目", "工程") for mark in rest):
            # 光荣院新建、迁建; 中小学新建、改扩建项目共65项
            items[nouned].acts.extend(item.verbs)
            item.verbs = []
        elif (
            items[nouned].acts
            and not items[nouned].numbers
            and item.numbers
            and item.verbs
            and not (item.placed or item.each)
        ):
            # 图书馆新建、改扩建二至四个: by all of the verbs.
            items[nouned].acts.extend(item.verbs)
            items[nouned].numbers, items[nouned].behind = item.numbers, True
            item.verbs, item.numbers = [], []
        elif items[nouned].acts and item.bare and item.verbs and item.year and not item.placed:
            # 某院2027年启动、2029年建成: the later is the year by which it stands.
            items[nouned].acts.extend(item.verbs)
            items[nouned].due, item.verbs, item.year = item.year, [], None
    if (
        0 <= nouned < len(items) - 1
        and not items[nouned].acts
        and not items[nouned].numbers
        and not any(re.search("项目|工程", mark.text) for item in items[nouned + 1 :] for mark in item.marks)
    ):
        # 对敬老院实施消防、供暖和无障碍改造: what is done stands behind the list of its parts.
        behind = [verb for item in items[nouned + 1 :] if not item.numbers for verb in item.verbs]
        if behind and not any(item.placed and item.verbs and item.year for item in items[nouned + 1 :]):
            items[nouned].acts = [verb for verb in behind if kind_of(verb) in MADE]
            items[nouned].subject = False
            for item in items[nouned + 1 :]:
                item.verbs = []
    each: Item | None = None
    covers: Item | None = None
    alone = sum(bool(item.noun and item.acts) for item in items) == 1
    alone = alone and not any(item.noun is None and item.verbs and not item.numbers for item in items[nouned + 1 :])
    last, joined, subject, gone = True, False, False, False
    for item in reversed(items):
        if item.noun:
            if item.acts:
                acts = item.acts if last or item.glue in ("和", "与", "及", "以及") else []
                gone = item.goal is not None
                last = False
            elif not item.numbers and (alone or joined) and not (gone and item.verbs):
                item.acts = list(acts)
            joined = item.glue in ("和", "与", "及", "以及")
            if item.subject:
                subject = True
            elif (
                subject and not item.acts and not item.numbers and not any(kind_of(verb) in MADE for verb in item.verbs)
            ):
                item.subject = True
            else:
                subject = False
            if item.covers:
                covers = item
            elif covers is not None and not item.numbers:
                item.covers = covers.covers
            if item.due:
                due = item.due
            elif due and not item.year:
                item.due = due
            if item.behind and item.each and item.numbers:
                each = item
            elif each is not None and not item.numbers:
                item.numbers, item.behind = each.numbers, True
        if item.verbs or item.numbers:
            acts = [] if item.verbs else acts
            each = each if item.each and not item.verbs else None
