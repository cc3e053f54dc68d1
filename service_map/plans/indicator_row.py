"""What the tables and the sentences of a plan say alike of an indicator, before it is one: cells, words, numbers."""

import re
from dataclasses import dataclass

LONGEST = 30
"""Characters of a plan's own words that an indicator keeps of each cell."""

MEASURE = (
    r"率|占比|比例|比重|比率|满意度|覆盖面|比|面积|床位数?|托位数?|学位数?|医师数?|护士数?|药师数?|年限|预期寿命|"
    r"(?:场地|足球场|步道|指导员|社会工作者|设施)(?:数量|数)?|藏书量?|人数|总量|总数|数量|时间|半径"
)
"""What the name of a thing that is measured ends with."""

_AT_LEAST = {
    "≥", ">", "＞", "﹥", ">=", "不低于", "不少于", "不小于", "至少", "高于", "大于", "超过", "突破", "以上", "及以上",
}  # fmt: skip
_AT_MOST = {
    "≤", "<", "＜", "﹤", "<=", "不高于", "不超过", "不大于", "控制在", "低于", "小于", "以下", "以内", "之内",
    "及以下",
}  # fmt: skip
_NOTHING = re.compile(r"[-—–―－/／\s]*|无|暂无|空")
_NUMBER = re.compile(
    r"(?:力争|总体|分别|基本|全部|年均|每年|平均|累计|约|达到?|提[高升][到至]|[增降]?(?:加|长|低)?(?:到|至(?!少))|保持在?|稳定在|维持在|为)*+"
    r"(?P<bound>[≥>＞≤<＜﹤﹥]=?|不低于|不少于|不小于|至少|不高于|不超过|不大于|控制在|低于|高于|大于|小于|超过|突破)?"
    r"(?:约|在)?[\[［]?(?P<number>-?\d{1,3}(?:,\d{3})+(?:\.\d{1,5})?|-?\d{1,12}(?:\.\d{1,6})?)[\]］]?"
    r"(?P<wan>万)?(?P<unit>%|‰)?(?:[\u4e00-\u9fff]{0,4}?(?P<more>及?以上|及?以下|以内|之内|左右))?"
)
_RANGE = re.compile(r"\d(?:\.\d+)?[%‰]?[-—–~～至]\d|\d[:：]\d")
_MARKER = re.compile(r"\\?\*|[①-⑳]")
_YEAR = re.compile(r"20\d\d年")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An indicator as its words stand: a row of a table, or what a sentence says.

    Attributes
    ----------
    line
        1-based source line of its name.
    name, unit, section
        What is measured, in what, and under which field or heading.
    base, target
        The words of the two cells, empty where there are none.
    base_year, target_year
        Their years, None where they are not said.
    binding
        ``binding``, ``expected`` or None.
    note
        What a footnote says of it.
    form
        ``table`` or ``sentence``.
    """

    line: int
    name: str
    unit: str | None
    section: str | None
    base: str
    base_year: int | None
    target: str
    target_year: int | None
    binding: str | None
    note: str | None
    form: str


@dataclass(frozen=True, slots=True)
class Figure:
    """The number that words give, the unit beside it, and how the words bound it; None what they do not say."""

    value: float | None
    unit: str | None
    bound: str | None


def words(cell: str) -> str | None:
    """Return what a cell says, without the marks of footnotes; None where it says nothing."""
    bare = _MARKER.sub("", cell).strip()
    return None if _NOTHING.fullmatch(bare) else clip(bare)


def clip(said: str) -> str:
    """Return a plan's own words, cut where they are too long."""
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"


def figure(cell: str, unit: str | None) -> Figure:
    """Read the number of a cell; a range, a ratio, a year or words give none.

    Parameters
    ----------
    cell
        Its words.
    unit
        The unit that the table gives: 2 万 of 万人 is 2, of 人 is 20,000.
    """
    bare = _MARKER.sub("", cell).replace(" ", "").replace("％", "%")
    match = _NUMBER.match(bare)
    if match is None or _RANGE.search(bare) or _YEAR.match(bare):
        return Figure(None, None, None)
    scale = 10_000 if match["wan"] and not (unit or "").startswith("万") else 1
    return Figure(number(match["number"], scale), match["unit"], bound(match["bound"]) or bound(match["more"]))


def number(digits: str, scale: int = 1) -> float:
    """Return digits as a number, whole where it is whole."""
    value = round(float(digits.replace(",", "")) * scale, 6)
    return int(value) if value.is_integer() else value


def bound(said: str | None) -> str | None:
    """Return ``at_least`` or ``at_most`` for the words that bound a number, else None."""
    return "at_least" if said in _AT_LEAST else "at_most" if said in _AT_MOST else None
