"""What a clause hands on, what a rule finds, and what verbs say."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service_map.plans.draft import Draft
from service_map.plans.outline import Passage
from service_map.plans.reading.items import Item
from service_map.plans.reading.marks import Mark

_NOTHING: tuple[object, ...] = ((), None, False, "")
MADE = frozenset({"new", "expand", "relocate", "upgrade", "mixed", "continue", "cancel"})
_PLAIN = frozenset(
    {
        "建设",
        "建成",
        "规划建设",
        "布局",
        "投用",
        "投入使用",
        "竣工",
        "开工",
        "开工建设",
        "启用",
        "建成投用",
        "开园",
        "开馆",
        "落成",
        "完工",
        "封顶",
        "复工",
        "动工",
        "建好",
    }
)
NOT_IT = re.compile(
    r"信息|系统|平台|数字|智慧|资源|专科|学科|队伍|人才|制度|机制|能力|体系|服务|管理|文化|品牌|质量|作风|课程|专业|教学|科研|内涵|集团|联盟|用地|"
    r"联合体|共同体|模式|水平|网络|技术|标准(?!化)|规划|方案|政策|流程|氛围|形象|特色|等级"
)
QUALITY = re.compile(
    r"(?:等)?[^，。、]{0,8}(?:(?<!高)质量|水平|能力|竞争力|队伍|管理|服务|制度|机制|改革|特色学科|专业)"
)
SUBJECT = "是谁来做，不是做什么 who does it, not what is built"


@dataclass(frozen=True, slots=True)
class Context:
    """What a clause hands on.

    Attributes
    ----------
    verbs
        The verbs that govern a list without one of its own.
    year, head_year
        The time named last, and that which heads the list.
    unit
        The unit of which each gets what follows.
    place
        Where all is that names no place of its own.
    topic, base
        What was read last, and its item.
    led
        Whether what follows are parts of the topic.
    listing
        Whether bare names are promises.
    heading
        The words before the colon.
    stock
        Whether the topic is what stands.
    said
        What the sentence gave so far.
    spot
        The plot of land that heads the passage.
    places
        Places of the clause before that nothing was said of yet.
    waiting
        Numbers of the clause before whose noun comes.
    closed
        Whether the clause before spoke of what stands.
    fresh
        Whether the verbs stand in this clause.
    project
        The project whose name stands before the colon.
    here, around, near
        The place before the verb of the list, and that with which a noun of it began.
    """

    verbs: tuple[Mark, ...] = ()
    year: Mark | None = None
    head_year: Mark | None = None
    unit: Mark | None = None
    place: Mark | None = None
    topic: tuple[Draft, ...] = ()
    base: Item | None = None
    led: bool = False
    listing: bool = False
    heading: str = ""
    stock: bool = False
    said: tuple[Draft, ...] = ()
    spot: Mark | None = None
    places: tuple[Mark, ...] = ()
    waiting: tuple[Item, ...] = ()
    closed: bool = False
    fresh: bool = False
    project: Draft | None = None
    here: Mark | None = None
    around: Mark | None = None
    near: Mark | None = None

    def but(self, **new: Any) -> "Context":
        """Return the context with some fields changed; itself where that changes nothing."""
        changed = {
            name: value
            for name, value in new.items()
            if (old := getattr(self, name)) is not value
            and not (old in _NOTHING and value in _NOTHING and old == value)
        }
        return replace(self, **changed) if changed else self


@dataclass(slots=True)
class Found:
    """The drafts of a rule and the context behind it."""

    drafts: list[Draft]
    context: Context


@dataclass(frozen=True, slots=True)
class Case:
    """A noun that may be a promise: its passage and item, the places before it, the context, all verbs said of it.

    ``forward`` says whether numbers before it wait for its noun.
    """

    passage: Passage
    item: Item
    before: list[Mark]
    context: Context
    verbs: list[Mark]
    forward: bool = False


def cut(marks: Sequence[Mark]) -> Iterator[tuple[list[Mark], str]]:
    """Cut marks at commas, colons and semicolons; each part comes with the mark that ends it."""
    part: list[Mark] = []
    for mark in marks:
        if mark.kind in ("comma", "semi", "colon", "stop"):
            if part:
                yield part, mark.kind
            part = []
        else:
            part.append(mark)
    if part:
        yield part, "stop"


def kind_of(mark: Mark) -> str:
    """Return what a verb promises."""
    return mark.token.verb.kind if mark.token and mark.token.verb else ""


def draft_category(noun: Mark) -> str:
    """Return the category of a noun."""
    return (noun.token.category if noun.token else "") or ""


def verbs_of(item: Item, context: Context) -> tuple[Mark, ...]:
    """Return the verbs that govern an item: its own, else those of the list."""
    return (*item.verbs, *item.acts) or context.verbs


def action_of(verbs: Sequence[Mark], category: str, acts: Sequence[Mark] = ()) -> str:
    """Tell what is done from the verbs that govern a noun and those behind it."""
    if category == "renovation":
        return "upgrade"
    verbs = [mark for mark in verbs if mark.text != "配套" or len(verbs) == 1] or verbs
    kinds = [kind_of(mark) for mark in verbs]
    for settled in ("cancel", "continue"):
        if settled in kinds:
            return settled
    behind = [mark for mark in acts if kind_of(mark) in MADE and mark.text not in _PLAIN]
    if behind:
        # 新建某院搬迁: what stands behind says what is done.
        verbs, kinds = behind, [kind_of(mark) for mark in behind]
    strong = [(mark.text, kind) for mark, kind in zip(verbs, kinds, strict=True) if kind in MADE]
    named = [kind for text, kind in strong if text not in _PLAIN]
    if "strengthen" in kinds and not named:
        return "unspecified"
    chosen = list(dict.fromkeys(named or [kind for _, kind in strong]))
    if not chosen:
        return "new" if kinds and kinds[-1] in ("push", "foster") else "unspecified"
    if "relocate" in chosen and set(chosen) <= {"relocate", "new"} and "新建" not in [text for text, _ in strong]:
        return "relocate"
    return chosen[0] if len(chosen) == 1 else "mixed"
