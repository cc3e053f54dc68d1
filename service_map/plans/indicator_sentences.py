"""A passage of a plan in, the figures that its sentences set out: 到2025年人均体育场地面积达到2.6平方米.

A clause names a measure, says that it is reached, and gives a number with its unit. Numbers of facilities are promises,
which are read elsewhere; what is read here is a rate or a share (%), a figure for so many people (每千人口, 人均), an
average, and a total of people, households or money. What a sentence says of today, of a standard that others must meet
or of one group of places is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service_map.plans.indicator_row import LONGEST, MEASURE, Row
from service_map.plans.lexicon import Wording
from service_map.plans.outline import Passage

_SENTENCE = re.compile(r"[^。！？；]+")
_CLAUSE = re.compile(r"(?:[^，（]|（[^）]{0,30}）|（)+")
_ADVERBS = (
    r"(?:力争|争取|预计|计划|要|将|须|均|都|全部|分别|总体|逐步|基本|普遍|不断|持续|继续|稳步|应|各|逐年|"
    r"进一步)*"
)
_REACHES = (
    r"达到?|(?:提高|提升|增加|增长|上升|扩大|发展|下降|降低|减少|压减|缩小)(?:到|至)|[增升降]至|增到|降到|升到|控制在|保持在|稳定在|"
    r"维持在|保持|超过|突破|不低于|不少于|不高于|不超过|不大于|不小于|大于|小于|高于|低于|至少|为|[≥≤＞＜>]"
)
_FROM = (
    r"(?:(?:由|从)(?:(?P<base_year>20\d\d)年(?:底|末)?的?|目前的?|现在的?|“?十[三四五]五”?末的?)?(?P<base>\d{1,9}(?:\.\d{1,5})?万?)"
    r"(?:%|‰|[\u4e00-\u9fff]{1,3}?)?)?"
)
_UNITS = (
    r"%|‰|/10万|万?平方米|平方公里|平方千米|公顷|公里|亿元|万?元|人次|分钟|小时|周岁|岁|年|"
    r"[万千]?[人名户张个块所家册件项种套]|辆|支"
)
_SAID = re.compile(
    rf"{_FROM}(?P<adverbs>{_ADVERBS})(?P<verb>{_REACHES})?(?P<more_verb>(?:到|在|约|[≥≤＞＜>]|不低于|不少于|不高于|不超过)?)"
    rf"(?:(?P<by>20[2-4]\d)年(?:底|末)?的)?"
    rf"(?P<number>\d{{1,9}}(?:\.\d{{1,5}})?)(?P<wan>万)?(?P<unit>{_UNITS})(?P<more>及?以上|及?以下|以内|之内|左右)?"
)
_YEAR = re.compile(
    r"(20[1-4]\d)年(?!的?(?:数据|基础|水平|以来))|“?十([三四五六七])五”?(?:时期|期间|规划期?)?(?:末|期末|结束)"
)
_PERIOD_ENDS = {"三": 2020, "四": 2025, "五": 2030, "六": 2035, "七": 2040}
_TODAY = re.compile(
    r"目前|现有|现已|已(?:经)?(?:达|建|实现|有|超|完成)|截至20[12]\d年[底末]?[，全]|截止|[较比](?:上年|20\d\d年|“?十[二三四]五)|"
    r"以来"
)
_STANDARD = re.compile(
    r"按照?|每个|每[县村镇乡]|各乡镇|\d万?[人户]以上的|不足的|新建(?:普通)?(?:商品|居住|住宅)|补贴标准为|总投资"
)
_NOT_BEHIND = re.compile(r"的(?!目标|水平|要求$|任务)|[-—~～至]\d|个百分点|/|(?:标准|比例)(?:配|建|安排|提)")
_LEAD = re.compile(
    r"^(?:[，、：:；的和及与并则]+|备?注：|[到至]?20[1-4]\d年(?:底|末)?[，、]?|[至到]?“?十[三四五六七]五”?(?:时期|期间|规划期)?(?:期?末)?[，、]?|"
    r"（[一二三四五六七八九十\d]{1,3}）|\d{1,2}[.、](?!\d)|[①-⑳]|"
    r"(?:力争|努力|确保|实现|争取|保证|使得?|促进|促使|推动|推进|保障(?!性)|开展|其中|同时|同步|逐步|基本(?!养老|医疗|公共|药|生活|社会|殡)|每年由|由|继续|"
    r"重点|大力|积极|加快|持续|稳步|稳定|进一步|不断|达到(?!《)|保持|维持|提升|提高|扩大|增加|降低|健全|进而|"
    r"预计|总体|做到|率先|统筹|有效|全面)+(?=[\u4e00-\u9fff“（\d]{3})|"
    r"(?:全[市县区州省旗](?!范围)|我[市县区]|全域)的?(?=[\u4e00-\u9fff“\d]{2})|"
    r"[各全]部门、各行业)"
)
_WHOLE = re.compile(r"全[市县区州省旗]")
_RATE = re.compile(r"(?:率|比例|占比|比重|比率|满意度|覆盖面|份额|度|普及率)(?:（[^（）]{1,10}）)?、?$")
_GROWS = re.compile(r"(?:年均|每年|平均每年|年)(?:净)?(?:增长|新增|下降|增速|减少|提高)率?$|增速$|增长率$")
_PER = re.compile(
    r"每(?:[一十百千万]{1,2}|\d{1,5})(?:名|户|个)?(?:城镇|常住|户籍|农村|老年?|儿童|老人|居民|家庭|人)|[人户]均|(?<![\u4e00-\u9fff])[千万]人(?=拥有|口)|"
    r"每(?:[百千万]){1,2}(?:人|户|名)"
)
_TOTAL = re.compile(r"(?:人数|总量|总数|数量|总规模|户数|人次|工种|面积|人口|总额|数)$")
_ADDED = re.compile(r"^(?:累计|每年|平均每年|年均|城镇|农村|五年)*新增[\u4e00-\u9fff]{2,12}$")
_TRAINED = re.compile(r"(?:每年|年均|累计|五年).{0,10}(?:培训|服务|帮扶)$")
_LASTS = re.compile(r"(?:时间|时长|半径|年限|寿命|距离)$")
_MONEY = re.compile(r"收入|支出|标准|经费|补助|养老金")
_PROJECT = re.compile(r"规模|容纳|可|在校|座位|招生|总投资|投资|项目|接待|占地|建筑面积")
_OWN = re.compile(rf"(?:{MEASURE})$")
_YEARLY = re.compile(r"每年|年均")
_SHORT = 8
_PEOPLE = frozenset(["人", "名", "户", "人次", "万人", "千人", "万名", "万户"])
_MONEY_UNITS = frozenset(["元", "万元", "亿元"])
_SPAN_UNITS = frozenset(["分钟", "小时", "岁", "周岁", "年", "公里"])
_AREA_UNITS = frozenset(["平方米", "万平方米", "平方公里", "平方千米", "公顷"])


def sentence_rows(passage: Passage, wording: Wording, since: int | None = None) -> Iterator[Row]:
    """Read what the sentences of a passage say shall be reached.

    Parameters
    ----------
    passage
        A paragraph of a chapter that looks ahead.
    wording
        The words for facilities: a number of them is a promise.
    since
        First year of the plan's term: what is said of an earlier year is the past. None where it is not known.

    Yields
    ------
    Row
        In reading order, without a year where the sentence says none.
    """
    for sentence in _SENTENCE.finditer(passage.text):
        if _TODAY.search(sentence[0]):
            continue
        year: int | None = None
        before: Row | None = None
        for found in _CLAUSE.finditer(sentence[0]):
            year = _year(found[0]) or year
            if since is not None and year is not None and year < since:
                continue
            clause = _Clause(passage, found[0], sentence.start() + found.start(), year, wording)
            for row in _of_clause(clause, before):
                before = row
                yield row


@dataclass(frozen=True, slots=True)
class _Clause:
    passage: Passage
    text: str
    at: int
    year: int | None
    wording: Wording

    def counts(self, name: str) -> bool:
        return any(token.category for token in self.wording.tokens(name))


@dataclass(frozen=True, slots=True)
class _Said:
    """A number in a clause: what stands before it, the name made of that, the match, what stands behind it."""

    raw: str
    name: str
    match: re.Match[str]
    tail: str

    @property
    def unit(self) -> str:
        return self.match["unit"]

    @property
    def reached(self) -> bool:
        return bool(self.match["verb"])


def _year(clause: str) -> int | None:
    for match in _YEAR.finditer(clause):
        if match[2]:
            return _PERIOD_ENDS[match[2]]
        if not re.search(r"[由从]\Z", clause[: match.start()]):
            return int(match[1])
    return None


def _of_clause(clause: _Clause, before: Row | None) -> Iterator[Row]:
    begin = 0
    for match in _SAID.finditer(clause.text):
        if match.start() < begin:
            continue
        raw, tail = clause.text[begin : match.start()], clause.text[match.end() :]
        bare, skipped = _name(raw)
        said = _Said(raw, _completed(bare, match, tail), match, tail)
        if not _is_indicator(said, clause) and not (before is not None and _goes_on(said, before, clause)):
            continue
        start = clause.at + begin + skipped
        each = _EACH.match(clause.text, match.start())
        begin = each.end() if each else match.end()
        if each:
            for name, words in _shared(said.name, each):
                before = _row(clause, said, name, words, start + max(bare.find(name[-6:]), 0))
                yield before
            continue
        name = said.name
        if before is not None and raw.startswith("、") and _ADDED.match(before.name) and not name.startswith("新增"):
            name = f"新增{name}"
        words = _BY_THEN.sub("", clause.text[match.start("adverbs") : match.end()])
        before = _row(clause, said, name, words, start)
        yield before


def _row(clause: _Clause, said: _Said, name: str, words: str, start: int) -> Row:
    match = said.match
    own = re.search(rf"\d万?({_UNITS})", words)
    return Row(
        line=clause.passage.lines[start], name=name, unit=own[1] if own else said.unit, section=clause.passage.section,
        base=match["base"] or "", base_year=int(match["base_year"]) if match["base_year"] else None,
        target=words, target_year=int(match["by"]) if match["by"] else clause.year, binding=None, note=None,
        form="sentence",
    )  # fmt: skip


_BY_THEN = re.compile(r"20\d\d年(?:底|末)?的")
_EACH = re.compile(
    rf"(?:要|将|力争)?分别(?:{_REACHES})(?:到|在|约)?(?P<figures>\d+(?:\.\d+)?万?(?:{_UNITS})(?:及?以[上下内])?"
    rf"(?:[、和及与]\d++(?:\.\d++)?+(?>万?(?:{_UNITS}))(?:及?以[上下内])?+)++)(?P<all>左右)?"
)


def _shared(name: str, each: re.Match[str]) -> Iterator[tuple[str, str]]:
    """Give each of several measures its own number (医师数、护士数分别达到3人、4人); nothing where they do not pair."""
    parts, figures = re.split("[、和及与]", name), re.split("[、和及与]", each["figures"])
    per = _PER.match(parts[0])
    lead = re.match(r"每[百千万\d]+(?:名)?[\u4e00-\u9fff]{0,4}?(?:人口|人|口|户)", parts[0]) if per else None
    if len(parts) == len(figures) and all(len(part) >= 3 and _OWN.search(part) for part in parts):
        for at, (part, words) in enumerate(zip(parts, figures, strict=True)):
            yield (f"{lead[0]}{part}" if lead and at and not _PER.match(part) else part), words


_DATED = re.compile(r"(?:到|至)?20[1-4]\d年(?:底|末)?$")


def _name(raw: str) -> tuple[str, int]:
    """Clean what stands before a number to what is measured; return it and how many characters were left off."""
    name = raw
    while (match := _LEAD.match(name)) is not None and match.end() < len(name):
        name = name[match.end() :]
    return _DATED.sub("", name.rstrip("、：: ")), len(raw) - len(name)


_COUNTED = re.compile(r"[\u4e00-\u9fff（）]{2,14}$|[\u4e00-\u9fff（）]{2,14}(?=[，、])")


def _completed(name: str, said: re.Match[str], tail: str) -> str:
    """Add what follows the number to a name that needs it: 每千人口拥有4.5个托位, 机构100%覆盖."""
    if re.search(r"(?:拥有|配备|有)$", name) and _PER.search(name):
        counted = _COUNTED.match(tail)
        return f"{name}{counted[0]}" if counted and "基础" not in counted[0] else ""
    if said["unit"] == "%" and re.match("的?全?覆盖", tail) and len(name) >= 4:
        return f"{name}覆盖率"
    return name


def _is_indicator(said: _Said, clause: _Clause) -> bool:
    """Say whether a name, a verb and a number with its unit are a figure that the plan sets for its whole area."""
    name = said.name
    if not 3 <= len(name) <= LONGEST or not re.search("[\u4e00-\u9fff”）]$", name):
        return False
    if _NOT_BEHIND.match(said.tail) or _STANDARD.search(said.raw):
        return False
    if said.unit in ("%", "‰", "/10万"):
        share = said.reached and len(name) >= 4 and said.match["verb"] not in ("为", "保持")
        return share or bool(_GROWS.search(name)) or bool(_RATE.search(name))
    if said.unit in _SPAN_UNITS:
        return said.reached and bool(_LASTS.search(name))
    return bool(_PER.search(name)) or _is_total(said, clause)


def _is_total(said: _Said, clause: _Clause) -> bool:
    """Say whether a number is a total of people, households, money or ground, or of things that are no facilities."""
    name, whole = said.name, bool(_WHOLE.search(said.raw))
    yearly = bool(_YEARLY.search(name))
    if _PROJECT.search(name) and not yearly:
        return False
    if said.unit in _PEOPLE:
        added = _ADDED.match(name) or _TRAINED.search(name) or name.endswith("新增就业")
        total = _TOTAL.search(name) or "主体" in name or whole or len(name) <= _SHORT
        return bool(added) or (said.reached and bool(total))
    if said.unit in _MONEY_UNITS:
        return said.reached and bool(_MONEY.search(name))
    if said.unit in _AREA_UNITS:
        ours = said.reached and (whole or not clause.counts(name))
        return name.endswith("面积") and (yearly or ours)
    return said.reached and whole and bool(_TOTAL.search(name)) and not clause.counts(name)


def _goes_on(said: _Said, before: Row, clause: _Clause) -> bool:
    """Say whether a clause is the next of a list of totals, which names a thing and its number without a verb."""
    whole = (not said.tail or said.tail[0] in "、，") and not said.match["adverbs"]
    plain = not _STANDARD.search(said.raw) and not _PROJECT.search(said.name) and not clause.counts(said.name)
    alike = said.unit == before.unit and said.unit in _PEOPLE
    return whole and plain and alike and 4 <= len(said.name) <= LONGEST
