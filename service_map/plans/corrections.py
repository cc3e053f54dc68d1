"""What a planner corrects by hand: records to add, change or drop, kept in ``corrections.csv``.

The file has a header and these columns, in UTF-8 or as Chinese Excel writes it (GB18030):

========  ============================================================================================
column    meaning
========  ============================================================================================
do        ``drop``, ``change`` or ``add``
plan      the plan's id
line      1-based line of the plan's text
category  code of `categories.toml`
name      which of several on that line: its name or else its place, the plan's noun, its kind (``coverage``) or the
          unit of its rule (``community``); may be empty for all
set       for ``change`` and ``add``: fields and values, ``count=3; unit=所; place=端氏镇``
reason    for people; not read
========  ============================================================================================
"""

import csv
import hashlib
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from service_map.catalogue import categories, csvfile, terms
from service_map.errors import Fault, PlanFileError
from service_map.plans.commitment import PER_ZH, Commitment
from service_map.plans.lexicon import load_wording
from service_map.plans.outline import outline, source_lines
from service_map.plans.read import decode

CORRECTION_COLUMNS = ("do", "plan", "line", "category", "name", "set", "reason")
_NEEDED = ("do", "plan", "line", "category")
_DOES = ("drop", "change", "add")
_SETTABLE = (
    "category", "kind", "name", "count", "unit", "at_least", "action", "place", "place_level", "per", "year", "section",
    "note", "noun", "count_max", "capacity", "capacity_unit", "locality", "condition", "share", "part_of",
)  # fmt: skip
_FIGURES = ("count", "year", "count_max", "capacity", "share")
_LITERAL = ("locality", "condition")
_MAX_LITERAL = 30
_ALLOWED = {
    "kind": terms.KIND.codes,
    "action": terms.ACTION.codes,
    "place_level": terms.PLACE_LEVEL.codes,
}
_YES, _NO = ("true", "1", "是"), ("false", "0", "否")
_ID = re.compile(r"\S+-\d+-[0-9a-f]{6}")
_WIDE = str.maketrans("；＝", ";=")
# How a place's name ends tells its level, where the correction does not.
_ENDINGS = (
    (re.compile(r"(?:县|区|市|旗)$"), "county"),
    (re.compile(r"(?:镇|乡|街道|街道办|县城)$"), "township"),
    (re.compile(r"(?:村|社区|小区|庄|路|街|巷|大道)$"), "village_or_street"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One row of ``corrections.csv``; ``row`` is its line there, ``changes`` the fields that it sets."""

    row: int
    do: str
    plan: str
    line: int
    category: str
    name: str | None
    changes: tuple[tuple[str, Any], ...]


class Unused(NamedTuple):
    """A correction that no longer applies, and why."""

    correction: Correction
    zh: str
    en: str


def load_corrections(path: Path) -> list[Correction]:
    """Read ``corrections.csv``.

    Parameters
    ----------
    path
        The file; a missing file holds no corrections.

    Returns
    -------
    list of Correction

    Raises
    ------
    PlanFileError
        When a row cannot be used; the message names the row, the column and what is allowed.
    """
    try:
        text = decode(path.read_bytes(), name=path.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PlanFileError(
            f"{path.name}：无法读取（{error.strerror}）", f"{path.name}: cannot be read ({error.strerror})"
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    found: list[Correction] = []
    try:
        header = [(name or "").strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        if text.strip() and (set(header) - set(CORRECTION_COLUMNS) or not set(_NEEDED) <= set(header)):
            raise _bad(
                path.name,
                1,
                "",
                "列名应为 " + "、".join(CORRECTION_COLUMNS),
                "the columns are " + ", ".join(CORRECTION_COLUMNS),
            )
        found.extend(
            _correction(path.name, reader.line_num, row)
            for row in reader
            if any(cell and str(cell).strip() for cell in row.values())
        )
    except csv.Error as error:
        at = reader.reader.line_num
        raise _bad(path.name, at, "", f"不是合格的 CSV（{error}）", f"not valid CSV ({error})") from None
    return found


def correction_fault(row: Mapping[str, str]) -> Fault | None:
    """Say what is wrong with one row, given by its columns, or nothing where it can be used."""
    try:
        _correction("", 0, dict(row.items()))
    except PlanFileError as error:
        return Fault(error.zh.partition("：")[2], error.en.partition(": ")[2])
    return None


def add_corrections(path: Path, rows: Iterable[Sequence[str]]) -> int:
    """Put rows at the end of ``corrections.csv``, but for those that stand there already.

    Parameters
    ----------
    path
        The file, which `load_corrections` has read; a missing one is made.
    rows
        Cells in the order of `CORRECTION_COLUMNS`.

    Returns
    -------
    int
        Rows added.
    """
    text = decode(path.read_bytes(), name=path.name) if path.exists() else ""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    reader.fieldnames = [(name or "").strip() for name in reader.fieldnames or ()]
    kept = [[(row.get(name) or "").strip() for name in CORRECTION_COLUMNS] for row in reader]
    new = [cells for cells in map(list, rows) if cells not in kept]
    if new:
        csvfile.write(path, CORRECTION_COLUMNS, [*kept, *new])
    return len(new)


def apply_corrections(
    commitments: Iterable[Commitment], corrections: Iterable[Correction], *, text: str, plan: str
) -> tuple[list[Commitment], list[Unused]]:
    """Apply the corrections of one plan to what was extracted from it.

    Parameters
    ----------
    commitments
        The plan's records.
    corrections
        All corrections; those of other plans are passed over.
    text
        The plan's text, for the citation of added records.
    plan
        The plan's id.

    Returns
    -------
    commitments : list of Commitment
        The corrected records, in order of lines. A record that repeated a dropped one repeats the next that stands, or
        stands for itself.
    unused : list of Unused
        Corrections that no longer find their record or line, or that say what is read without them.
    """
    records = list(commitments)
    unused: list[Unused] = []
    for correction in corrections:
        if correction.plan != plan:
            continue
        records, problem = _apply(records, correction, text)
        if problem:
            unused.append(Unused(correction, *problem))
    return _repeats(sorted(records, key=lambda record: record.line)), unused


def _apply(
    records: list[Commitment], correction: Correction, text: str
) -> tuple[list[Commitment], tuple[str, str] | None]:
    """Return the records with one correction applied, and why it does not apply where it does not."""
    if correction.do == "add":
        return _add(records, correction, text)
    changes = dict(correction.changes)
    found = [record for record in records if _meets(record, correction)]
    if not found:
        return records, Fault("该行没有这条记录", "no such record on that line")
    if correction.do == "drop":
        return [record for record in records if record not in found], None
    if all(getattr(record, key) == value for record in found for key, value in changes.items()):
        return records, Fault("读出的已是这些值，不必再改", "the record is read that way without it")
    return [replace(record, **changes) if record in found else record for record in records], None


def _add(
    records: list[Commitment], correction: Correction, text: str
) -> tuple[list[Commitment], tuple[str, str] | None]:
    lines = source_lines(text)
    if correction.line > len(lines) or not lines[correction.line - 1].strip():
        return records, Fault("该行没有文字", "that line holds no text")
    added = _added(correction, text, lines[correction.line - 1], {record.id for record in records})
    if any(_same(record, added) for record in records):
        return records, Fault("已能读出这条，不必再补", "the record is read without it")
    return [*records, added], None


def _meets(record: Commitment, correction: Correction) -> bool:
    named = correction.name in (None, *handles(record))
    return named and record.line == correction.line and record.category == correction.category


def handles(record: Commitment) -> list[str]:
    """Give the words by which a correction can name a record among others of its line, the surest first."""
    noun = record.noun if record.name is None else None
    return [word for word in (record.name, record.place, noun, record.per, record.kind) if word]


def _same(record: Commitment, added: Commitment) -> bool:
    """Tell whether a record says what an added one would."""
    names = ("line", "category", "kind", "name", "count", "place", "per")
    return all(getattr(record, name) == getattr(added, name) for name in names)


def _repeats(records: list[Commitment]) -> list[Commitment]:
    """Mend what points at a record that was dropped."""
    ids = {record.id for record in records}
    heirs: dict[str, str] = {}
    mended: list[Commitment] = []
    whole = (
        replace(record, part_of=None) if record.part_of and record.part_of not in ids else record for record in records
    )
    for record in whole:
        lost = record.repeats
        if lost and lost not in ids:
            heir = heirs.setdefault(lost, record.id)
            mended.append(replace(record, repeats=None if heir == record.id else heir))
        else:
            mended.append(record)
    return mended


def _added(correction: Correction, text: str, line: str, taken: set[str]) -> Commitment:
    values: dict[str, Any] = {field.name: None for field in fields(Commitment)}
    values |= {"action": "unspecified", "place_level": "plan", "at_least": False}
    values |= {"category": correction.category, "name": correction.name, "section": _section(text, correction.line)}
    changes = dict(correction.changes)
    values |= changes
    if "kind" not in changes:
        counted = "quota" if values["count"] is not None else "intent"
        values["kind"] = "site" if values["name"] else "coverage" if values["per"] else counted
    if values["kind"] == "site" and values["count"] is None:
        values["count"] = 1
    key = "|".join(str(values[field]) for field in ("category", "kind", "name", "place", "count", "unit", "per"))
    number = 0
    while not values["id"] or values["id"] in taken:
        # Two rows may add two alike; each has an id of its own.
        digest = hashlib.sha256(f"{key}|corrected{number or ''}".encode()).hexdigest()[:6]
        values["id"] = f"{correction.plan}-{correction.line}-{digest}"
        number += 1
    values |= {
        "plan": correction.plan,
        "line": correction.line,
        "quote": line.strip()[:120],
        "passage_sha256": hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest(),
    }
    return Commitment(**values)


def _section(text: str, line: int) -> str | None:
    """Return the heading above a line."""
    section = None
    for passage in outline(text, wording=load_wording()):
        if passage.heading and passage.heading.line > line:
            break
        section = passage.section
        if passage.lines[-1] >= line:
            break
    return section


def _correction(file: str, number: int, row: dict[str | None, Any]) -> Correction:
    if None in row:
        zh = "单元格比列多；含逗号的格要加双引号"
        raise _bad(file, number, "", zh, "more cells than columns; quote a cell that holds a comma")
    cells = {str(key): str(value or "").strip() for key, value in row.items()}
    if cells["do"] not in _DOES:
        raise _bad(file, number, "do", f"应为 {'、'.join(_DOES)}", f"is one of {', '.join(_DOES)}")
    if not cells["plan"]:
        raise _bad(file, number, "plan", "应为规划的标识，如 plans.toml 所列", "takes a plan's id, as in plans.toml")
    if not cells["line"].isascii() or not cells["line"].isdigit() or not 1 <= int(cells["line"]) < 10**8:
        raise _bad(file, number, "line", "应为正整数", "takes a whole number from 1")
    if cells["category"] not in categories():
        raise _bad(file, number, "category", *_no_category(cells["category"]))
    parts = [part for part in cells.get("set", "").translate(_WIDE).split(";") if part.strip()]
    if cells["do"] == "change" and not parts:
        raise _bad(file, number, "set", "change 要写明改什么，如 count=3", "says what to change, such as count=3")
    if cells["do"] == "drop" and parts:
        raise _bad(file, number, "set", "drop 不用 set", "is empty for drop")
    changes = dict(_setting(file, number, part) for part in parts)
    return Correction(
        row=number,
        do=cells["do"],
        plan=cells["plan"],
        line=int(cells["line"]),
        category=cells["category"],
        name=cells.get("name") or None,
        changes=tuple(_with_level(file, number, changes).items()),
    )


def _with_level(file: str, number: int, changes: dict[str, Any]) -> dict[str, Any]:
    """Give a corrected place its level, by how its name ends, where the row does not say it."""
    if "place" not in changes or "place_level" in changes:
        return changes
    place = changes["place"]
    level = "plan" if place is None else next((level for end, level in _ENDINGS if end.search(place)), None)
    if level is None:
        allowed = _ALLOWED["place_level"]
        raise _bad(
            file, number, "set/place_level",
            f"看不出 {place!r} 的层级，请写明：{'、'.join(allowed)}",
            f"is needed for {place!r}: one of {', '.join(allowed)}",
        )  # fmt: skip
    return {**changes, "place_level": level}


def _setting(file: str, number: int, part: str) -> tuple[str, Any]:
    key, mark, value = (piece.strip() for piece in part.partition("="))
    if not mark or key not in _SETTABLE:
        zh = f"应为 字段=值，字段有 {'、'.join(_SETTABLE)}"
        raise _bad(file, number, f"set/{key}", zh, f"takes field=value; the fields are {', '.join(_SETTABLE)}")
    where = f"set/{key}"
    if key in _ALLOWED:
        _among(file, number, where, value, _ALLOWED[key])
    elif key == "category" and value not in categories():
        raise _bad(file, number, where, *_no_category(value))
    elif key == "per" and value:
        _among(file, number, where, value, tuple(PER_ZH))
    elif key == "at_least":
        _among(file, number, where, value, (*_YES, *_NO))
        return key, value in _YES
    elif key in _FIGURES and value:
        return key, _figure(file, number, where, value)
    elif key in _LITERAL and len(value) > _MAX_LITERAL:
        raise _bad(file, number, where, f"最多 {_MAX_LITERAL} 字", f"takes at most {_MAX_LITERAL} characters")
    elif key == "part_of" and value and not _ID.fullmatch(value):
        zh = "应为总数那条记录的 id，如 liuchuan-2021-5-0a1b2c"
        raise _bad(file, number, where, zh, "takes the id of the total, such as liuchuan-2021-5-0a1b2c")
    return key, value or None


def _among(file: str, number: int, where: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _bad(file, number, where, f"应为 {'、'.join(allowed)}", f"is one of {', '.join(allowed)}")


def _figure(file: str, number: int, where: str, value: str) -> int | float:
    try:
        figure = float(value)
    except ValueError:
        figure = math.nan
    if where.endswith("year") and not (figure == figure // 1 and 1949 <= figure <= 2100):
        raise _bad(file, number, where, "应为四位年份，如 2025", "takes a year such as 2025")
    if where.endswith("share") and not 0 < figure < 1:
        raise _bad(
            file, number, where, "应为 0 与 1 之间的小数，如 0.5", "takes a fraction between 0 and 1, such as 0.5"
        )
    if not 0 < figure < 10**12:
        raise _bad(file, number, where, "应为大于 0 的数字", "takes a number above 0")
    return int(figure) if figure == int(figure) else figure


def _no_category(value: str) -> tuple[str, str]:
    return Fault(f"没有类别 {value!r}，可用的见 categories.toml", f"no such category: {value!r}; see categories.toml")


def _bad(file: str, number: int, column: str, zh: str, en: str) -> PlanFileError:
    named = f" {column}" if column else ""
    return PlanFileError(f"{file} 第 {number} 行{named}：{zh}", f"{file} line {number}{named}: {en}")
