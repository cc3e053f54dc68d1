"""Records that the layout of a document makes: rows of a table with a head, blocks of labelled lines under a name.

Tables reach us with a row a line and tabs between the cells, with rows that break inside a cell, with cells left empty
because one above holds for them too, or with one cell a line. Blocks are a name and lines such as 建设地点：…, or
all of it in one line. Either way the outcome is a `Record`, whose fields know what they tell and where they stand.
"""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Protocol

from service_map.plans.sentences import ACTS

_KINDS: dict[str, re.Pattern[str]] = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "number": r"序号|编号|序",
        "name": r"(?:[\u4e00-\u9fff]{0,4}(?:项目|工程|设施|机构|学校|场馆|公园)|任务)?名称|"
        r"(?:拟?建设|重点|实施)?(?:项目|工程|设施|任务)|"
        r"(?:项目|设施|机构|建设|工程)?(?:类别|种类)|(?:设施|机构|项目)类型",
        "place": r"(?:所在|所属|建设|实施|覆盖|布点|落实)?"
        r"(?:乡镇|县区|县市|县（市、区）|县（区）|县市区|区县|街道|镇街|地区|区域|辖区|"
        r"行政区|片区|乡镇（街道）|镇（街道）|社区|村|县|区)(?:名称)?|属地",
        "where": r"[\u4e00-\u9fff]{0,4}(?:地点|位置|地址|选址|坐落|所在地)|建设区位|四至(?:范围)?",
        "nature": r"(?:项目|建设|工程|实施)?(?:性质|类型|方式)",
        "size": r"[\u4e00-\u9fff]{0,4}(?:内容|规模|体量|概况)(?:[及和与、][\u4e00-\u9fff]{0,4}(?:内容|规模))?|建设任务",
        "count": r"[\u4e00-\u9fff]{0,4}(?:数量|个数|处数|所数|任务数)",
        "beds": r"[\u4e00-\u9fff]{0,5}(?:床位|学位|托位|班级|班数|班额|格位|墓穴|墓位|办学规模)(?:数|数量)?",
        "time": r"[\u4e00-\u9fff]{0,4}(?:起止|建成|完工|竣工|完成|投用|投入使用|建设|实施|交付)?"
        r"(?:年限|时间|时序|期限|周期|时限|年度|工期|年份|日期|起止年)|起止|"
        r"(?:预计|计划)?(?:交付|交用|投用|启用|竣工|完工|投运|建成)",
        "other": r"(?:责任|牵头|主管|实施|配合|建设|申报|申请|项目|承担|运营)(?:单位|部门|主体|业主|人)|"
        r"(?:总)?投资(?:额|估算|概算)?|总投资额?|资金(?:来源)?|备注|进展(?:情况)?|联系(?:人|电话)|占地(?:面积)?|"
        r"用地(?:面积|性质)?|(?:总)?建筑面积|公示期|服务(?:半径|人口|范围)|座席|联系方式|工程造价",
    }.items()
}
_LABEL = re.compile("(?:【(?![^】]*[一二三四五六七八九十])[\u4e00-\u9fff]{2,8}】|[\u4e00-\u9fff]{2,6}[：|=])(?=.)")
_UNIT = re.compile(r"（(?P<unit>[^（）]{1,6})）$")
_BEDS = re.compile("^[张穴格床班]|[位穴]$")
_ORDINAL = re.compile(r"（?[A-Z]?\d{1,3}）?|[①-⑳]")
_KEYED = re.compile(
    r"(?:^|【(?=[\u4e00-\u9fff]{2,6}】)|[/◆◇▶►▷▲△★☆●○■□◎➢•▪※；。|]|（?\d{1,2}[）.、])(?P<key>[\u4e00-\u9fff、（）]{2,10})[：|=】]"
)
_NUMBERING = re.compile(
    r"(?:“[一二三四五六七八九十]{1,3}”|【[^【】]{1,10}】|第[一二三四五六七八九十\d]+[章节条项]|（?(?:\d{1,3}|[一二三四五六七八九十]{1,3})[）.、](?!\d)|[◆◇▶►▷▲△★☆●○■□◎➢•▪※①-⑳]|(?:项目|工程)[一二三四五六七八九十\d]{1,3}[：.、])++"
)
_DETAIL_KINDS = {"where", "size", "time", "nature", "beds"}
_TELLS = re.compile(
    r"(?:本?该?项目|拟|计划|规划|新建|工程)?(?:位于|选址|地处|坐落|新址|用地|占地|总?建筑面积|建筑规模|利用|环|沿|总投资|规划|"
    r"建设|设置|床位|办学规模|办园规模|长度|全长|总长|由|自|对现?有?|[东西南北]起|起于|可容纳|更换)"
)
_SHORT_TELLS = re.compile(
    r"(?:位于|选址|地处|坐落|新址|用地|占地|总?建筑面积|建筑规模|利用|环|沿|自|总投资|床位|\d+个班|长度|全长|总长|[东西南北]起|起于|"
    r"(?:续建|新建|改建|扩建|迁建|改扩建|改造)[，。])"
)
_SIGNS = {
    "where": re.compile(
        r"(?:位于|选址[在于]?|新址(?:位于|选在|选定在)?|地处|坐落[于在]|利用)(?P<x>[^，。；]{2,40}?(?:，(?:紧邻|毗邻|临近|靠近)[^，。；]{2,20})?)"
        r"(?=[，。；]|改建|改造|建设|$)"
    ),
    "time": re.compile(
        r"(?P<x>20[2-3]\d年[^，。；]{0,14}?(?:建成|竣工|投用|完工|完成|贯通|投入使用|交付|开园|启用)[^，。；]{0,4})"
    ),
    "size": re.compile(r"面积|用地\d|占地\d|总投资|床位|\d+个?班|学位|托位|公里|墓穴|格位|\d+张床"),
}
_NO_TITLE = re.compile("[，；。]|：$")
_MAX_TITLE = 40
_MAX_WIDTH = 14
_TOTALS = re.compile("合计|总计|小计|^计$")
_ENDS = "。；！？"
_INDICATORS = re.compile("指标|属性|基期|目标值|现状值|20\\d\\d年.{0,3}(?:值|目标|实际|基数)")


class Line(Protocol):
    """A source line in canonical form, as the outline has it."""

    number: int
    text: str
    columns: Sequence[int]
    tabs: Sequence[int]


@dataclass(slots=True)
class Text:
    """Some characters of the source, each with its line and column."""

    text: str = ""
    lines: "array[int]" = field(default_factory=lambda: array("I"))
    columns: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, line: Line, start: int, end: int) -> "Text":
        """Append a part of a line; return itself."""
        self.text += line.text[start:end]
        self.lines.extend([line.number] * (end - start))
        self.columns.extend(line.columns[start:end])
        return self

    def cut(self, start: int, end: int) -> "Text":
        """Return a part."""
        return Text(self.text[start:end], self.lines[start:end], self.columns[start:end])


@dataclass(slots=True)
class Record:
    """A row or block: its fields as (kind, unit of a column's head, text), and the head's own words for a year.

    ``numbers`` are the source lines that it is made of; what comes from a cell further up has the unit ``above``.
    """

    fields: list[tuple[str, str | None, Text]]
    numbers: list[int]
    table: bool = False

    def first(self, kind: str) -> Text | None:
        """Return the first field of a kind that says something."""
        return next((text for name, _, text in self.fields if name == kind and text.text.strip("-/—")), None)


def kind_of(head: str) -> tuple[str | None, str | None]:
    """Return what a column or label tells, and the unit in its bracket: 床位（张） is (beds, 张)."""
    unit = _UNIT.search(head)
    bare = head[: unit.start()] if unit else head
    for kind, pattern in _KINDS.items():
        if pattern.fullmatch(bare) or pattern.fullmatch(head):
            beds = kind == "size" and unit is not None and _BEDS.search(unit["unit"])
            return "beds" if beds else kind, unit["unit"] if unit else None
    return None, None


def records(lines: Sequence[Line], names_one: Callable[[str], bool]) -> dict[int, Record | None]:
    """Find the records of a document: line number -> the record that begins there, None for its other lines.

    Parameters
    ----------
    lines
        The lines that hold text, in order.
    names_one
        Tells whether a line's words are the name of one facility.

    Returns
    -------
    dict
    """
    found: dict[int, Record | None] = {}
    full = [line for line in lines if line.text or line.tabs]
    index = 0
    while index < len(full):
        for read in (_table, _stack, _block, partial(_told, names_one=names_one)):
            taken, made = read(full, index)
            if taken:
                above = full[index - 1] if index else None
                if made and made[0].table and above is not None and _captions(above, full[index].number):
                    caption = ("caption", None, Text().add(above, 0, len(above.text)))
                    for record in made:
                        record.fields.append(caption)
                    found.setdefault(above.number, None)
                for record in made:
                    begin = record.numbers[0]
                    found.update(dict.fromkeys((number for number in record.numbers if number != begin), None))
                    found.setdefault(begin, record)
                    found[begin] = found[begin] or record
                for line in full[index : index + taken]:
                    found.setdefault(line.number, None)
                index += taken
                break
        else:
            index += 1
    return found


def _captions(line: Line, number: int) -> bool:
    """Tell whether a line right over a table is its caption and no heading that the outline reads as one."""
    short = bool(line.text) and not line.tabs and len(line.text) <= _MAX_TITLE and line.text[-1] not in "。；，"
    named = re.match("附[：:]|附表|附件|表", line.text) or re.search(
        "(?:表|清单|一览|名单|计划|安排|项目库|项目)$", line.text
    )
    return short and number - line.number <= 3 and bool(named)


# ------------------------------------------------------------------ tables


def _cells(line: Line) -> list[tuple[int, int]]:
    bounds = [0, *line.tabs, len(line.text)]
    return list(pairwise(bounds))


def _head(texts: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Return what the columns of a head tell; empty where it is none that names things with their details."""
    if not 2 <= len(texts) <= _MAX_WIDTH or any(_INDICATORS.search(text) for text in texts):
        return []
    kinds = [kind_of(text) for text in texts]
    plain = [
        text for text, (kind, _) in zip(texts, kinds, strict=True) if kind == "name" and re.search("名称|项目$", text)
    ]
    if plain:
        # 类别 beside 项目名称 names no facility.
        kinds = [
            ("group", None) if kind == "name" and text != plain[0] else (kind, unit)
            for text, (kind, unit) in zip(texts, kinds, strict=True)
        ]
    if not plain and "name" not in [kind for kind, _ in kinds] and "类型" in texts:
        kinds[list(texts).index("类型")] = ("name", None)
    names = [kind for kind, _ in kinds]
    known = sum(kind is not None for kind in names)
    if "name" not in names or known < max(2, len(texts) - 1):
        return []
    return kinds if {"where", "place", "count", "beds", "time", "nature"} & set(names) else []


def _table(lines: Sequence[Line], index: int) -> tuple[int, list[Record]]:
    """Read a table with tabs from its head on; rows may break inside a cell."""
    line = lines[index]
    if not line.tabs or len(line.tabs) >= _MAX_WIDTH:
        return 0, []
    kinds = _head([line.text[a:b] for a, b in _cells(line)])
    if not kinds:
        return 0, []
    width = len(kinds)
    numbered = kinds[0][0] == "number"
    heads = _unit_heads(kinds, [Text().add(line, a, b) for a, b in _cells(line)])
    made: list[Record] = []
    above: dict[str, Text] = {}
    at = index + 1
    while at < len(lines):
        if _groups(lines[at]):
            at += 1
            continue
        taken, cells, numbers = _row(lines, at, width, numbered=numbered)
        if not taken:
            break
        at += taken
        texts = [cell.text for cell in cells]
        if any(_TOTALS.search(text) for text in texts[:2]):
            continue
        made.append(_row_record(kinds, cells, numbers, above))
        made[-1].fields.extend(heads)
    return (at - index, made) if made else (0, [])


def _unit_heads(
    kinds: Sequence[tuple[str | None, str | None]], heads: Sequence[Text]
) -> list[tuple[str, str | None, Text]]:
    """Return the heads that name a unit, as fields of every row: it is there that the unit is said."""
    return [(f"{kind} head", unit, head) for (kind, unit), head in zip(kinds, heads, strict=True) if kind and unit]


def _row_record(
    kinds: Sequence[tuple[str | None, str | None]], cells: Sequence[Text], numbers: list[int], above: dict[str, Text]
) -> Record:
    """Return the record of a row; ``above`` holds the name and place further up, and is brought up to date."""
    record = Record([], numbers, table=True)
    for (kind, unit), cell in zip(kinds, cells, strict=True):
        shared = kind in ("name", "place", "group")
        if shared and not cell.text and kind in above:
            record.fields.append((kind or "", "above", above[kind or ""]))
        elif kind and kind != "number":
            record.fields.append((kind, unit, cell))
        if shared and kind and cell.text:
            above[kind] = cell
    return record


def _groups(line: Line) -> bool:
    """Tell whether a row only names the group of the rows below it (一 | 教育)."""
    cells = [text for a, b in _cells(line) if (text := line.text[a:b])]
    return (
        bool(line.tabs) and 0 < len(cells) <= 2 and bool(re.fullmatch("（?[一二三四五六七八九十]{1,3}）?、?", cells[0]))
    )


def _row(lines: Sequence[Line], index: int, width: int, *, numbered: bool) -> tuple[int, list[Text], list[int]]:
    """Join the lines of one row: as many as it takes to have all its cells."""
    cells: list[Text] = []
    numbers: list[int] = []
    for taken in range(min(12, len(lines) - index)):
        line = lines[index + taken]
        spans = _cells(line)
        begins = bool(_ORDINAL.fullmatch(line.text[slice(*spans[0])])) if numbered else not taken
        if numbered and not taken and not begins and not _TOTALS.search(line.text[:6]):
            return 0, [], []
        if (
            taken
            and numbered
            and (begins or _TOTALS.search(line.text[:6]))
            and len(line.tabs) > 0
            and len(cells) >= width - 1
        ):
            break
        if not taken and not line.tabs:
            return 0, [], []
        if taken and (len(cells) + len(spans) - 1 > width or len(line.text) > 60):
            break
        if (
            taken
            and len(cells) == width
            and not (numbered and not line.tabs and not _closed(cells[-1].text) and len(line.text) <= 30)
        ):
            break
        for place, (a, b) in enumerate(spans):
            if taken and place == 0 and cells:
                cells[-1].add(line, a, b)
            else:
                cells.append(Text().add(line, a, b))
        numbers.append(line.number)
    if len(cells) < width and len(cells) >= max(2, width - 2) and len(numbers) == 1:
        cells += [Text() for _ in range(width - len(cells))]
    return (len(numbers), cells, numbers) if len(cells) == width else (0, [], [])


def _closed(text: str) -> bool:
    return bool(text) and (text[-1] in _ENDS or bool(re.search(r"20\d\d年?$", text)))


def _stack(lines: Sequence[Line], index: int) -> tuple[int, list[Record]]:
    """Read a table with one cell a line: the names of its columns, then rows of as many lines."""
    heads: list[str] = []
    for line in lines[index : index + _MAX_WIDTH]:
        if line.tabs or kind_of(line.text)[0] is None:
            break
        heads.append(line.text)
    kinds = _head(heads)
    if len(kinds) < 3:
        return 0, []
    width = len(kinds)
    units = _unit_heads(kinds, [Text().add(line, 0, len(line.text)) for line in lines[index : index + width]])
    made: list[Record] = []
    at = index + width
    count = 0
    while at + width <= len(lines):
        row = lines[at : at + width]
        if any(line.tabs or len(line.text) > 60 or line.text[-1] == "。" for line in row):
            break
        if kinds[0][0] == "number" and not _counts(row[0].text, count + 1):
            break
        figures = [
            kind
            for (kind, _), line in zip(kinds, row, strict=True)
            if kind in ("beds", "count") and not re.search(r"\d|^[-/]+$", line.text)
        ]
        if figures:
            break
        fields = [
            (kind, unit, Text().add(line, 0, len(line.text)))
            for (kind, unit), line in zip(kinds, row, strict=True)
            if kind and kind != "number"
        ]
        made.append(Record([*fields, *units], [line.number for line in row], table=True))
        count += 1
        at += width
    return (at - index, made) if made else (0, [])


def _counts(text: str, order: int) -> bool:
    return text.strip("（）.") == str(order) or text == chr(ord("①") + order - 1)


# ------------------------------------------------------------------ blocks


def _labelled(line: Line) -> list[tuple[str, str | None, Text]]:
    """Cut a line at its labels (建设地点：…); empty where it does not begin with one."""
    if line.tabs:
        return []
    marks = []
    for match in _KEYED.finditer(line.text):
        kind, unit = kind_of(match["key"])
        if kind:
            marks.append((match.start(), match.end(), kind, unit))
    if not marks or marks[0][0] > 1:
        return []
    ends = [*(start for start, _, _, _ in marks[1:]), len(line.text)]
    fields = []
    for (_, begin, kind, unit), end in zip(marks, ends, strict=True):
        text = line.text[begin:end].rstrip("。；，、◆/ ")
        fields.append((kind, unit, Text().add(line, begin, begin + len(text))))
    return fields


def _block(lines: Sequence[Line], index: int) -> tuple[int, list[Record]]:
    """Read a name and the labelled lines under it, or labelled lines of which the first gives the name."""
    line = lines[index]
    own = _labelled(line)
    title: Text | None = None
    at = index
    if own and own[0][0] == "name":
        title = own[0][2]
    elif own:
        return 0, []
    elif line.text and not line.tabs and len(line.text) <= _MAX_TITLE and not _NO_TITLE.search(line.text):
        lead = _NUMBERING.match(line.text)
        begin = lead.end() if lead else 0
        title = Text().add(line, begin, len(line.text))
        at = index + 1
    if title is None or not title.text:
        return 0, []
    fields: list[tuple[str, str | None, Text]] = []
    numbers = [line.number] if at > index else []
    while at < len(lines):
        more = _labelled(lines[at])
        if not (more or (fields and _LABEL.match(lines[at].text))) or (fields and more and _names(more[0])):
            break
        numbers.append(lines[at].number)
        fields.extend(
            ("nature" if kind == "name" and not _names(("name", unit, text)) else kind, unit, text)
            for kind, unit, text in more
        )
        at += 1
    if len({kind for kind, _, _ in fields} & _DETAIL_KINDS) < 2:
        return 0, []
    fields = [item for item in fields if item[2] is not title]
    return at - index, [Record([("name", None, title), *fields], numbers)]


def _names(field: tuple[str, str | None, Text]) -> bool:
    """Tell whether a label's text is a name, and no act (类别：新建)."""
    return field[0] == "name" and re.fullmatch(f"(?:(?>{ACTS})、?)+", field[2].text) is None


def _told(lines: Sequence[Line], index: int, *, names_one: Callable[[str], bool]) -> tuple[int, list[Record]]:
    """Read a name that stands alone and what tells where, how large and by when: the paragraph below, or the rest."""
    line = lines[index]
    lead = _NUMBERING.match(line.text)
    begin = lead.end() if lead else 0
    mark = re.compile("[。：]").search(line.text, begin, begin + _MAX_TITLE)
    stop = mark.start() if mark else -1
    alone = stop <= begin
    if line.tabs or not line.text or (alone and (len(line.text) > _MAX_TITLE or index + 1 >= len(lines))):
        return 0, []
    end = len(line.text) if alone else stop
    told = lines[index + 1] if alone else line
    after = 0 if alone else stop + 1
    name = line.text[begin:end]
    if mark and mark[0] == "：":
        tells = bool(_SHORT_TELLS.match(told.text, after))
    else:
        tells = bool(_TELLS.match(told.text, after)) or (not alone and name.endswith(("工程", "项目")))
    if told.tabs or not tells or _NO_TITLE.search(name) or not names_one(name):
        return 0, []
    found = {sign: match for sign, pattern in _SIGNS.items() if (match := pattern.search(told.text, after))}
    if len(found) < 2 and not (found and len(told.text) - after < 60):
        return 0, []
    fields: list[tuple[str, str | None, Text]] = [("name", None, Text().add(line, begin, end))]
    fields += [(kind, None, Text().add(told, *found[kind].span("x"))) for kind in ("where", "time") if kind in found]
    fields.append(("size", None, Text().add(told, after, len(told.text))))
    numbers = [line.number, told.number] if alone else [line.number]
    return len(numbers), [Record(fields, numbers)]


def walk(record: Record) -> Iterator[tuple[str, str | None, Text]]:
    """Yield the fields of a record that say something, the name first."""
    name = record.first("name")
    if name is not None:
        yield "name", next(unit for kind, unit, text in record.fields if text is name), name
    for kind, unit, text in record.fields:
        if kind != "name" and text.text.strip("-/—"):
            yield kind, unit, text
