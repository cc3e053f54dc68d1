"""A plan's text in, what it says stands already out: 全县幼儿园26所, 养老机构床位数447张.

Chapters that look back promise nothing, so the reading of promises leaves them out; but their numbers are often all
that is public of how many of a kind there are. They say how complete a list of what exists is, and never more: a
number for a whole city names no place. Numbers of one noun alone are read. A number that several kinds share
(文化馆、图书馆达到13个), one of every kind of a family (各级各类学校89所) and what was built within a period
(五年累计新建137所) say nothing of how many of one kind stand, and are left.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from service_map.catalogue import csvfile
from service_map.errors import GeodataError
from service_map.plans.extract import passage_sha256
from service_map.plans.lexicon import Wording, load_wording
from service_map.plans.outline import LeftOut, Passage, outline, source_lines

_SENTENCE = re.compile(r"[^。！？；]+")
_NUMBER = r"(?P<count>\d{1,7}(?:\.\d{1,3})?)(?P<wan>万)?(?:余|多)?"
_UNIT = r"(?P<unit>[所个家处座条片块]|公里)"
_BEFORE = re.compile(rf"{_NUMBER}{_UNIT}(?=[\u4e00-\u9fff（])")
_BEHIND = re.compile(
    rf"(?:总数|数量|总量|数)?(?:由[^，。；]{{2,20}}?(?:增加|增长|发展|提高)到(?:20\d\d年的?)?|共有|共计|合计|共|已?达到?|发展到|为|有)*+"
    rf"{_NUMBER}{_UNIT}(?!以上的)"
)
_EACH = re.compile(rf"各(?:有|建有)?{_NUMBER}{_UNIT}")
_BEDS = re.compile(
    rf"(?:(?:养老)?(?:服务)?(?:机构)?(?:总)?(?<!病)床位)(?:总数|数量|数)?(?:共有|共|已?达到?|为|有)*{_NUMBER}张"
)
# How a clause says that something stands; without one of these a number in it may count anything.
_STANDS = re.compile(
    r"全[市县区州旗](?!范围)|[共现拥已建设]有|累计建成|累计建有|已建成|总数|数量|达到|已达|其中|各\d|(?:增加|增长|发展|提高)到|建成运营|登记在册"
)
# What was done, given, counted by the year or hoped for, and what is no place.
_NOW = re.compile("[共现拥已原]有|截至|截止|累计建成")
"""What says so in a chapter on tasks, where a number without it is a task."""
_NOT = re.compile(
    r"新建|新增|新改|改建|扩建|改造|创建|认定|命名|评为|评定|申报|授牌|荣获|获评|投入|完成|开工|招收|培训|演出|举办|开展|"
    r"建立城市医联体|配备|资助|发放|每|各县|各乡|年均|覆盖率|占比|力争|将|计划|拟|目标|争取|规划建设|要建|尚缺|"
    r"缺少|不足|提档升级|开放数量|全部达到|较.{0,8}增加"
)
_AHEAD = re.compile(r"(?<!截)[到至]20(?:2[2-9]|3\d)年|“?十[四五六]五”?(?:时期|期间)?末")
_LEAD = re.compile(r"^.*(?:有|累计建成|已建成|建成|其中|全[市县区州旗]的?|我[市县区]的?|[：:，、（）]|\d)")
_EVERY = re.compile(r"^(?:各级各类|各类|各级)")
# 各级各类学校 counts kindergartens and colleges alike.
_FAMILIES = ("school_other", "health_other", "service_other", "welfare_other")
_YEAR_END = re.compile(r"(?:截至|截止|到|至)?(20[012]\d)年(?:底|末|年末)?")
_PERIOD_END = re.compile(r"“?十([一二三四五])五”?(?:时期|期间)?末")
_PERIOD_ENDS = {"一": 2010, "二": 2015, "三": 2020, "四": 2025, "五": 2030}
_CUMULATED = re.compile(r"累计建成|累计建有")
_LONGEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFigure:
    """How many of one kind a plan says stand in its whole area: a row of ``geodata/stock_figures.csv``.

    Attributes
    ----------
    id
        Plan, line, category and an ordinal where that is shared.
    plan, line, passage_sha256
        Its citation: 1-based source line and the SHA-256 (hex) of that line.
    category, noun
        What is counted: its code, and the plan's own words (at most 20 characters).
    count, unit
        How many, and in what; kilometres for trails.
    measure
        ``facilities``, or ``places`` for beds.
    year
        The year at whose end they are counted, where the sentence says it; else None.
    cumulated
        Whether the plan counts what was built until then (累计建成), which may include what has closed.
    """

    id: str
    plan: str
    line: int
    passage_sha256: str
    category: str
    noun: str
    count: float
    unit: str
    measure: str
    year: int | None
    cumulated: bool


def extract_stock_figures(text: str, *, plan: str, geodata: Path | None = None) -> list[StockFigure]:
    """Read how many of each kind a plan says stand already.

    Never raises, whatever the text.

    Parameters
    ----------
    text
        The plan's text as `service_map.plans.read_text` gives it.
    plan
        The plan's id.
    geodata
        Folder of the word lists; None for that of the settings.

    Returns
    -------
    list of StockFigure
        In reading order.
    """
    wording, sources = load_wording(geodata), source_lines(text)
    left: list[LeftOut] = []
    kept = list(outline(text, wording=wording, left=left))
    passages = sorted((*(part.passage for part in left), *kept), key=lambda passage: passage.lines[0])
    found: dict[str, StockFigure] = {}
    for passage in passages:
        for figure in _in_passage(passage, wording):
            line = passage.lines[figure.at]
            base = f"{plan}-{line}-{figure.category}"
            name = base if base not in found else f"{base}-{sum(key.startswith(base) for key in found) + 1}"
            found[name] = StockFigure(
                id=name, plan=plan, line=line, passage_sha256=passage_sha256(sources[line - 1]),
                category=figure.category, noun=figure.noun, count=figure.count, unit=figure.unit,
                measure=figure.measure, year=figure.year, cumulated=figure.cumulated,
            )  # fmt: skip
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Figure:
    at: int
    category: str
    noun: str
    count: float
    unit: str
    measure: str
    year: int | None
    cumulated: bool


def _in_passage(passage: Passage, wording: Wording) -> Iterator[_Figure]:
    """Read the sentences of a paragraph; a year at the head of one holds to the end of the paragraph."""
    if passage.role != "left" and passage.row:
        return
    year: int | None = None
    says = _STANDS if passage.role == "left" else _NOW
    for sentence in _SENTENCE.finditer(passage.text):
        words = sentence[0]
        year = _year(words) or year
        at = sentence.start()
        whole = False
        for clause in re.finditer(r"[^，]+", words):
            said = clause[0]
            if _AHEAD.search(said):
                break
            whole = (whole or bool(says.search(said))) and not _NOT.search(said)
            if whole:
                elderly = "养老" in words[: clause.end()]
                yield from _in_clause(said, at + clause.start(), year, wording, elderly=elderly)


def _year(words: str) -> int | None:
    ended = _PERIOD_END.search(words[:24])
    if ended:
        return _PERIOD_ENDS[ended[1]]
    dated = _YEAR_END.search(words[:16])
    return int(dated[1]) if dated and ("末" in dated[0] or "底" in dated[0] or "截" in dated[0]) else None


def _in_clause(said: str, at: int, year: int | None, wording: Wording, *, elderly: bool) -> Iterator[_Figure]:
    beds = _BEDS.search(said)
    if beds and elderly:
        yield _Figure(at + beds.start(), "elderly_institution", "养老床位", _count(beds), "张", "places", year, False)
        return
    cumulated = bool(_CUMULATED.search(said))
    nouns = [token for token in wording.tokens(said) if token.category]
    each = _EACH.search(said)
    for place, token in enumerate(nouns):
        beside = nouns[place - 1].end if place else 0
        following = nouns[place + 1].start if place + 1 < len(nouns) else len(said)
        number = _counted(said, token.start, token.end, beside, following)
        if number is None and each and token.end <= each.start() and "、" in said[token.end : each.start() + 1] + "、":
            number = each
        if number is None:
            continue
        noun = _noun(said, beside if number is not each else _begin(said, token.start), token.end)
        every = _EVERY.match(noun)
        if not 2 <= len(noun) <= _LONGEST or (every and token.category in _FAMILIES):
            continue
        noun = _EVERY.sub("", noun)
        yield _Figure(
            at + token.start, str(token.category), noun, _count(number), number["unit"], "facilities", year, cumulated
        )


def _counted(said: str, start: int, end: int, before: int, following: int) -> re.Match[str] | None:
    """Give the number of a noun: right behind it, or before it with only describing words between."""
    behind = _BEHIND.match(said, end + (len("（站）") if said.startswith("（站）", end) else 0), following)
    # 文化馆、图书馆达到13个 counts both together.
    shared = said[before:start] == "、" and before > 0
    if behind:
        return None if shared and not re.search(r"\d", said[:start]) else behind
    # A pattern sees nothing beyond its end, so it is let run on to see the word that it counts.
    ahead = None
    for match in _BEFORE.finditer(said, before):
        if match.end() > start:
            break
        ahead = match
    return ahead if ahead and not re.search(r"[，。、]", said[ahead.end() : start]) else None


def _begin(said: str, at: int) -> int:
    return max((said.rfind(mark, 0, at) + 1 for mark in "、，：有"), default=0)


def _noun(said: str, start: int, end: int) -> str:
    words = _LEAD.sub("", said[start:end])
    return re.sub(r"^[所个家处座条片块的]|^公里", "", words)


def _count(match: re.Match[str]) -> float:
    value = float(match["count"]) * (10_000 if match["wan"] else 1)
    return int(value) if value.is_integer() else value


_COLUMNS = tuple(field.name for field in fields(StockFigure))


def write_stock_figures(path: Path, figures: Iterable[StockFigure]) -> None:
    """Write ``stock_figures.csv``: one row a figure, in the order given, replaced as a whole."""
    rows = ({**asdict(figure), "cumulated": str(figure.cumulated).lower()} for figure in figures)
    csvfile.write(path, _COLUMNS, (list(row.values()) for row in rows))


def load_stock_figures(path: Path) -> list[StockFigure]:
    """Read ``stock_figures.csv`` back; a missing file holds none.

    Raises
    ------
    GeodataError
        When the file is damaged; the message names the row.
    """
    if not path.exists():
        return []
    return [_read(path, number, dict(zip(_COLUMNS, row, strict=False))) for number, row in csvfile.rows(path, _COLUMNS)]


_TRUTH = {"true": True, "false": False}


def _read(path: Path, number: int, row: dict[str, str]) -> StockFigure:
    try:
        count = float(row["count"])
        return StockFigure(
            id=row["id"], plan=row["plan"], line=int(row["line"]), passage_sha256=row["passage_sha256"],
            category=row["category"], noun=row["noun"], unit=row["unit"], measure=row["measure"],
            count=int(count) if count.is_integer() else count,
            year=int(row["year"]) if row["year"] else None, cumulated=_TRUTH[row["cumulated"]],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise GeodataError(
            f"{path.name} 第 {number} 行读不出：{error}", f"cannot read row {number} of {path.name}: {error}"
        ) from error
