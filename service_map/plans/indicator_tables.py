"""The lines of a plan in, the rows of its tables of indicators out.

Tables reach us as rows with tabs (or bars) between the cells, or with one cell a line. A head opens a table: it names
the indicator and two years, or a base and a target. It tells what each column is; cells that a merged column leaves out
are missed on the left, so a row is read from the right where it is shorter than its head. A page that repeats the head
goes on with the table; a heading, a long text or the head of another table ends it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from service_map.plans.indicator_row import LONGEST, Row

_BINDING = {"约束": "binding", "预期": "expected"}
_BINDS = re.compile(r"(约束|预期)(?:性|值|性指标|型)?")
_NUMBERED = re.compile(r"[（(]?\d{1,3}[）)]?[.、]?|[一二三四五六七八九十]{1,3}、?|[①-⑳]")
_LEADING = re.compile(r"^(?:（\d{1,3}）|\d{1,3}[.、](?!\d)|[①-⑳]|（[一二三四五六七八九十]{1,3}）)\s*")
_GROUP = re.compile(r"^（?[一二三四五六七八九十]{1,3}[）、]、?\s*")
_UNITS = re.compile(
    r"%|‰|1/10万|/10万|十万分之一|[万亿千百]?(?:人次|人|户|套|个|张|所|处|座|家|块|公里|平方公里|平方米|立方米|公顷|亩|册|件|元|美元|岁|"
    r"年|分钟|小时|天|日|次|辆|吨|场|项|名|米|部|台|位|班|标台|吨标准煤|度|支|篇)(?:/[^/]{1,6})?|"
    r"[\u4e00-\u9fff]{1,3}/[\u4e00-\u9fff]{1,4}"
)
_CELL_YEAR = re.compile(
    r"(?:规划|目标|基期|基准|现状|实际|预期|预计|完成)?(?:值|年)?（?(20[0-4]\d)年?(?:底|末)?）?"
    r"(?P<what>[\u4e00-\u9fff（）]{0,8})"
)
_PERIOD = re.compile(r"“?十([二三四五六七])五”?(?:时期|期|规划)?(?:末|期末|目标|规划目标|现状|基数|完成)(?:值|数)?")
_PERIOD_ENDS = {"二": 2015, "三": 2020, "四": 2025, "五": 2030, "六": 2035, "七": 2040}
_ROLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("number", re.compile(r"序号|编号|序")),
    ("group", re.compile(r"(?:指标)?(?:领域|类别|分类|方面|维度)|一级指标")),
    ("name", re.compile(r"(?:主要|具体|核心|二级|发展)?(?:发展)?指标(?:名称|内容|任务)?")),
    ("unit", re.compile(r"(?:计量)?单位")),
    ("binding", re.compile(r"(?:指标)?(?:属性|性质|类型)")),
    ("base", re.compile(r"(?:现状|基期|基础|基准|基年)(?:年|期)?(?:值|数|情况)?")),
    ("target", re.compile(r"(?:规划)?(?:目标|期末|规划)(?:年|期)?(?:值|数|情况)?")),
    ("growth", re.compile(r"（?(?:五年|“?十[四五六]五”?(?:期间)?)?(?:年均|累计|增速|增长|提高)[^0-9]{0,8}")),
    ("other", re.compile(r"备注|说明|(?:责任|牵头|数据|统计|主管|负责)[\u4e00-\u9fff]{1,6}")),
)  # fmt: skip
_VALUE_WORD = re.compile(r"（?(?:实际|现状|基础|基期|目标|规划|完成|预期|预计)(?:值|数|目标|情况)）?")
_OTHER_TABLE = re.compile(
    r"(?:项目|工程)名称|建设(?:内容|规模|地点|年限|性质|单位|时间)|(?:责任|牵头)单位|总?投资(?:（.*）)?|任务|项目"
)
_HEADING = re.compile(r"#{1,6}\s|第[一二三四五六七八九十百\d]{1,4}[章节篇]|附件|专栏")
_NOTE = re.compile(r"^[-\s\d.、]*(?:备?注|说明)?\d?[：:]?[\s\d.、]*(?:（\d）)?(?P<mark>\\?\*|[①-⑳])号?(?P<words>.{2,})")
_PLAIN_NOTE = re.compile(r"^(?:备注|注|说明)[：:](?P<words>.{4,})")
_NOTE_YEAR = re.compile(r"(20\d\d)年(?:底|末)?(?:数据|数)")
_MARKS = re.compile(r"\*|[①-⑳]")
_HEAD_LINES = 18
_LONG_TEXT = 60
_NOTE_LINES = 16
_SIZE = 200


@dataclass(slots=True)
class _Table:
    roles: list[tuple[str, int | None]]
    stacked: bool
    group: str | None = None
    parent: str | None = None
    binding: str | None = None
    expected: int = 1
    rows: list[Row] = field(default_factory=list)
    notes: bool = False

    def year(self, role: str) -> int | None:
        return next((year for name, year in self.roles if name == role), None)


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    line: int


def read_tables(lines: Sequence[str]) -> tuple[list[Row], set[int]]:
    """Read the tables of indicators among lines.

    Parameters
    ----------
    lines
        The plan's lines, with one kind of bracket and tabs between cells, as `service_map.plans.indicators` makes them.

    Returns
    -------
    tuple of list of Row and set of int
        The rows in reading order, and the 1-based lines of the notes under the tables, which are no sentences.
    """
    table: _Table | None = None
    rows: list[Row] = []
    notes: set[int] = set()
    number = 0
    while number <= len(lines):
        head = _head(lines, number) if number < len(lines) else None
        ended = table is not None and (number == len(lines) or (head is None and _ends(lines[number], table)))
        if table is not None and (ended or (head and table.notes)):
            rows += _noted(table, lines, number, notes)
            table = None
        if head:
            fresh, number = head
            if table:
                # A page that repeats the head goes on with the table.
                fresh.group, fresh.parent, fresh.rows = table.group, table.parent, table.rows
            table = fresh
        elif table is None or number == len(lines):
            number += 1
        elif table.stacked:
            number = _stacked(lines, number, table)
        else:
            _line(lines[number], number + 1, table)
            number += 1
    return rows, notes


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t")]


# --- heads ------------------------------------------------------------------------------------------------------------


def _role(cell: str) -> tuple[str, int | None] | None:
    dated = _CELL_YEAR.fullmatch(cell)
    if dated and not re.search("项目|任务|投资", dated["what"]):
        role = "growth" if re.search("年均|累计|增长|增速", dated["what"]) else "year"
        return role, int(dated[1])
    period = _PERIOD.fullmatch(cell)
    if period:
        return "year", _PERIOD_ENDS[period[1]]
    return next(((role, None) for role, pattern in _ROLES if pattern.fullmatch(cell)), None)


def _head(lines: Sequence[str], start: int) -> tuple[_Table, int] | None:
    """Read the head of a table that begins at a line: on it, on two of them, or with one cell on each of some lines."""
    line = lines[start]
    if not line.strip() or len(line) > _LONG_TEXT * 3:
        return None
    first = _cells(line)
    filled = [cell for cell in first if cell]
    if len(filled) >= 3 and any(_role(cell) for cell in filled):
        for cells, end in ((first, start + 1), *_with_next(first, lines, start)):
            table = _roles([_role(cell) if cell else None for cell in cells], cells, stacked=False)
            if table:
                return table, end
    return _stacked_head(lines, start) if len(filled) == 1 and _role(filled[0]) else None


def _with_next(first: list[str], lines: Sequence[str], start: int) -> Iterator[tuple[list[str], int]]:
    """Read a head of two rows, in whose upper one a cell spans those of the years."""
    below = next((at for at in range(start + 1, min(start + 3, len(lines))) if lines[at].strip()), None)
    if below is not None:
        second = _cells(lines[below])
        if len(second) == len(first):
            yield [under or over for over, under in zip(first, second, strict=True)], below + 1


def _roles(found: list[tuple[str, int | None] | None], cells: list[str], *, stacked: bool) -> _Table | None:
    """Say what each column is; None where these are no heads of indicators: every cell known, a name, two values."""
    if any(cell and role is None for cell, role in zip(cells, found, strict=True)):
        return None
    while found and found[-1] is None:
        found = found[:-1]
    names = [role for role in found if role and role[0] == "name"]
    years = [role[1] for role in found if role and role[0] == "year" and role[1]]
    plain = [role[0] for role in found if role]
    if not names:
        return None
    roles: list[tuple[str, int | None]] = []
    seen = False
    for role in found:
        if role is None:
            roles.append(("part" if not seen else "other", None))
        elif role[0] == "year":
            is_base, is_target = role[1] == min(years) and "base" not in plain, role[1] == max(years)
            roles.append(("base" if is_base and len(years) > 1 else "target" if is_target else "other", role[1]))
            seen = True
        elif role[0] == "name" and any(one[0] == "name" for one in roles):
            roles.append(("part", None))
        else:
            roles.append(role)
            seen = seen or role[0] in ("base", "target", "growth")
    kept = [one[0] for one in roles]
    fits = kept.count("base") == 1 and kept.count("target") == 1 and kept.index("base") < kept.index("target")
    return _Table(roles, stacked=stacked) if fits and kept.index("name") < kept.index("base") else None


def _stacked_head(lines: Sequence[str], start: int) -> tuple[_Table, int] | None:
    cells: list[str] = []
    found: list[tuple[str, int | None] | None] = []
    end = start
    for at in range(start, min(start + _HEAD_LINES, len(lines))):
        filled = [cell for cell in _cells(lines[at]) if cell]
        if not filled:
            continue
        role = _role(filled[0]) if len(filled) == 1 else None
        dated = found and found[-1] and found[-1][0] == "year"
        if len(filled) == 1 and _VALUE_WORD.fullmatch(filled[0]) and dated:
            end = at + 1
            continue
        if role is None:
            break
        cells.append(filled[0])
        found.append(role)
        end = at + 1
    # A title of one such word (主要指标) stands above the heads and is none of them.
    table = _roles(found, cells, stacked=True) if sum(role[0] == "name" for role in found if role) == 1 else None
    return (table, end) if table else None


# --- rows -------------------------------------------------------------------------------------------------------------


def _ends(line: str, table: _Table) -> bool:
    bare = line.strip()
    if not bare:
        return False
    cells = [cell for cell in _cells(line) if cell]
    if len(cells) >= 3:
        return sum(bool(_OTHER_TABLE.fullmatch(cell)) for cell in cells) >= 2
    return bool(_HEADING.match(bare)) or (len(bare) > _LONG_TEXT and "。" in bare) or len(table.rows) > _SIZE


def _line(line: str, number: int, table: _Table) -> None:
    """Read a line of a table whose cells stand beside each other: a row, a group's name, or nothing."""
    cells = _cells(line)
    filled = [cell for cell in cells if cell]
    if _NOTE.match(line) or _PLAIN_NOTE.match(line):
        table.notes = True
        return
    if len(filled) == 1 or (filled and len(cells) < 3):
        group = _GROUP.sub("", filled[0])
        if filled[0] == cells[0] and len(group) <= LONGEST and not re.search(r"[。：:；]|\d", group):
            table.group, table.parent = group, None
            table.binding = next((value for word, value in _BINDING.items() if word in group), None)
        return
    if len(filled) >= 2 and not all(_VALUE_WORD.fullmatch(cell) for cell in filled):
        _row(cells, number, table)


def _row(cells: list[str], line: int, table: _Table) -> None:
    roles = table.roles
    if len(cells) == len(roles):
        lead = [(role, cell) for (role, _), cell in zip(roles, cells, strict=True) if role in _LEADS]
        values = {role: cell for (role, _), cell in zip(roles, cells, strict=True) if role not in _LEADS}
    else:
        tail = [role for role, _ in roles[_values_begin(roles) :]]
        if roles[-1][0] == "binding" and cells[-1] and not _BINDS.fullmatch(cells[-1]):
            cells = [*cells, ""]
        if len(cells) <= len(tail):
            return
        values = dict(zip(tail, cells[-len(tail) :], strict=True))
        lead = _leads(cells[: -len(tail)], roles)
        values.update({role: cell for role, cell in lead if role == "unit"})
    _add(lead, values, line, table)


_LEADS = ("number", "group", "name", "part")


def _values_begin(roles: list[tuple[str, int | None]]) -> int:
    return max(at for at, (role, _) in enumerate(roles) if role in (*_LEADS, "unit")) + 1


def _leads(cells: list[str], roles: list[tuple[str, int | None]]) -> list[tuple[str, str]]:
    """Say what the cells before the values are, where some of the head's are not there."""
    filled = [cell for cell in cells if cell and not _NUMBERED.fullmatch(cell)]
    known = [role for role, _ in roles]
    found: list[tuple[str, str]] = []
    if "unit" in known and len(filled) > 1 and _UNITS.fullmatch(filled[-1].replace(" ", "")):
        found.append(("unit", filled.pop()))
    if "part" in known and "group" not in known:
        names = ["name", "part"]
    elif "part" in known:
        names = ["group", "name", "part"] if len(filled) > 2 else ["name", "part"]
    else:
        names = ["group", "name"] if len(filled) > 1 else ["name"]
    return [*zip(names, filled[-len(names) :], strict=False), *found]


def _add(lead: list[tuple[str, str]], values: dict[str, str], line: int, table: _Table) -> None:
    told = {role: _LEADING.sub("", cell) for role, cell in lead if cell}
    for role, cell in lead:
        if role == "group" and cell:
            table.group = _GROUP.sub("", cell)
    name, part = told.get("name", ""), told.get("part", "")
    if part and name:
        table.parent = name
    elif not part:
        table.parent = None
    name, unit = _unit(name or (table.parent or "" if part else ""))
    if part:
        inner, own = _unit(part)
        name, unit = f"{name}：{inner}" if name else inner, own or unit
    base, target = values.get("base", ""), values.get("target", "")
    grown = values.get("growth", "").strip("-—– /")
    if not target.strip("-—– /") and grown:
        target = f"年均{grown}" if not re.match("年均|累计|[\\[［]", grown) else grown
        values["unit"], unit = "", "%"
    binding = _BINDS.fullmatch(values.get("binding", ""))
    if not re.search("[\u4e00-\u9fff]", name) or not (base or target or binding):
        return
    said = values.get("unit", "").strip("-—– /")
    row = Row(
        line=line, name=name, unit=said or unit, section=table.group, base=base, base_year=table.year("base"),
        target=target, target_year=table.year("target"), note=None, form="table",
        binding=_BINDING[binding[1]] if binding else table.binding,
    )  # fmt: skip
    table.rows.append(row)


def _unit(name: str) -> tuple[str, str | None]:
    """Part a name from the unit in its brackets: （%）, or （年度增速%）, of which the words remain."""
    for match in re.finditer(r"（([^（）]{1,14})）", name):
        inside = match[1].replace(" ", "")
        if _UNITS.fullmatch(inside):
            return name[: match.start()] + name[match.end() :], inside
        ending = re.fullmatch(r"([\u4e00-\u9fff]{2,8})[，,]?(%|‰)", inside)
        if ending:
            return f"{name[: match.start()]}（{ending[1]}）{name[match.end() :]}", ending[2]
    return name, None


def _stacked(lines: Sequence[str], start: int, table: _Table) -> int:
    """Read rows of which each cell has a line of its own, up to the table's end; return the line after them."""
    cells: list[_Cell] = []
    at = start
    while at < len(lines) and not _ends(lines[at], table) and (at == start or not _head(lines, at)):
        cells += [_Cell(cell, at + 1) for cell in _cells(lines[at]) if cell]
        at += 1
    row: list[_Cell] = []
    ends_with_binding = table.roles[-1][0] == "binding"
    for cell in cells:
        if not ends_with_binding and cell.text == str(table.expected + 1) and len(row) >= 3:
            _stacked_row(row, table)
            row, table.expected = [], table.expected + 1
        row.append(cell)
        if ends_with_binding and _BINDS.fullmatch(cell.text):
            _stacked_row(row, table)
            row = []
    if not ends_with_binding and len(row) >= 3:
        _stacked_row(row, table)
    return max(at, start + 1)


def _stacked_row(row: list[_Cell], table: _Table) -> None:
    tail = [role for role, _ in table.roles[_values_begin(table.roles) :]]
    begin = next((at for at, cell in enumerate(row) if not _NUMBERED.fullmatch(cell.text)), len(row))
    body = row[begin:]
    if not any(role == "number" for role, _ in table.roles):
        body = row
    for cell in row[:begin]:
        if cell.text.isdigit():
            table.expected = int(cell.text)
    if len(body) > len(tail):
        values = dict(zip(tail, (cell.text for cell in body[-len(tail) :]), strict=True))
        lead = body[: -len(tail)]
    elif len(body) >= 2 and tail[-1] == "binding" and body[-1].text:
        # An empty cell leaves no line: the last figure is the target.
        values = {"target": body[-2].text, "binding": body[-1].text} if len(body) > 2 else {"binding": body[-1].text}
        lead = body[:1]
    else:
        return
    while len(lead) > 1 and _GROUP.match(lead[0].text):
        table.group = _GROUP.sub("", lead[0].text)
        lead = lead[1:]
    told = _leads([cell.text for cell in lead], table.roles)
    values.update({role: cell for role, cell in told if role == "unit"})
    name = next((cell for role, cell in told if role == "name"), None)
    line = next((cell.line for cell in lead if cell.text == name), lead[-1].line)
    _add([one for one in told if one[0] != "unit"], values, line, table)


# --- notes ------------------------------------------------------------------------------------------------------------


def _noted(table: _Table, lines: Sequence[str], end: int, taken: set[int]) -> list[Row]:
    """Give a table's rows with what the notes under it say of them; note the lines of these."""
    if not table.rows:
        return []
    last = table.rows[-1].line
    marked: dict[str, str] = {}
    plain: list[str] = []
    for at in range(last, min(max(end, last) + _NOTE_LINES, len(lines))):
        if _HEADING.match(lines[at]) or (at > end and _head(lines, at)):
            break
        note, words = _NOTE.match(lines[at]), _PLAIN_NOTE.match(lines[at])
        if note:
            marked[note["mark"].lstrip("\\")] = note["words"].strip("；;。 ")
        elif words:
            plain.append(words["words"].strip("；;。 "))
        if note or words:
            taken.add(at + 1)
    return [_with_note(row, marked, plain) for row in table.rows]


def _with_note(row: Row, marked: dict[str, str], plain: list[str]) -> Row:
    on_base = [marked[mark] for mark in _MARKS.findall(row.base) if mark in marked]
    on_target = [marked[mark] for mark in _MARKS.findall(row.target + row.name) if mark in marked]
    own = row.name.rsplit("：", 1)[-1]
    named = [words for words in plain if own in words]
    notes = sorted([*on_base, *on_target, *named], key=lambda words: bool(_NOTE_YEAR.search(words)))
    if not notes:
        return row
    dated = next((match for match in map(_NOTE_YEAR.search, on_base) if match), None)
    return replace(row, note=notes[0], base_year=int(dated[1]) if dated else row.base_year)
