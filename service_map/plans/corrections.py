"""What a planner corrects by hand: records to add, change or drop, kept in ``corrections.csv``.

The file has a header and these columns:

========  ============================================================================================
column    meaning
========  ============================================================================================
do        ``drop``, ``change`` or ``add``
plan      the plan's id
line      1-based line of the plan's text
category  code of `categories.toml`
name      which of several on that line, by its name or else its place; may be empty
set       for ``change`` and ``add``: fields and values, ``count=3; unit=所; place=端氏镇``
reason    for people; not read
========  ============================================================================================
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from service_map.catalogue import categories
from service_map.errors import PlanFileError
from service_map.plans.commitment import Commitment

_COLUMNS = ("do", "plan", "line", "category", "name", "set", "reason")
_DOES = ("drop", "change", "add")
_TEXT = ("kind", "name", "unit", "action", "place", "place_level", "per", "section", "note")
_SETTABLE = (*_TEXT, "category", "count", "at_least", "year")
_ALLOWED = {
    "kind": ("site", "allotment", "quota", "coverage", "intent"),
    "action": ("new", "expand", "relocate", "upgrade", "mixed", "unspecified"),
    "place_level": ("plan", "county", "township", "village_or_street", "landmark"),
}


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
        When a row cannot be used; the message names the row and what is allowed.
    """
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PlanFileError(f"{path.name}：无法读取（{error}）", f"{path.name}: cannot be read ({error})") from None
    return [_correction(path.name, number, row) for number, row in enumerate(rows, start=2)]


def apply_corrections(
    commitments: Iterable[Commitment], corrections: Iterable[Correction], *, text: str, plan: str
) -> tuple[list[Commitment], list[Correction]]:
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
        The corrected records, in order of lines.
    unused : list of Correction
        Corrections that no longer find their record or line.
    """
    records = list(commitments)
    unused: list[Correction] = []
    lines = text.split("\n")
    for correction in corrections:
        if correction.plan != plan:
            continue
        if correction.do == "add":
            if correction.line > len(lines) or not lines[correction.line - 1].strip():
                unused.append(correction)
            else:
                records.append(_added(correction, lines[correction.line - 1].removesuffix("\r")))
            continue
        found = [record for record in records if _meets(record, correction)]
        if not found:
            unused.append(correction)
        elif correction.do == "drop":
            records = [record for record in records if record not in found]
        else:
            changes = dict(correction.changes)
            records = [replace(record, **changes) if record in found else record for record in records]
    return sorted(records, key=lambda record: record.line), unused


def _meets(record: Commitment, correction: Correction) -> bool:
    named = correction.name in (None, record.name, record.place)
    return named and record.line == correction.line and record.category == correction.category


def _added(correction: Correction, line: str) -> Commitment:
    defaults: dict[str, Any] = {field.name: None for field in fields(Commitment)}
    defaults |= {"kind": "site", "action": "unspecified", "place_level": "plan", "at_least": False}
    defaults |= {"category": correction.category, "name": correction.name}
    defaults |= dict(correction.changes)
    key = "|".join(str(defaults[field]) for field in ("category", "kind", "name", "place", "count", "unit", "per"))
    digest = hashlib.sha256(f"{key}|corrected".encode()).hexdigest()[:6]
    defaults |= {
        "id": f"{correction.plan}-{correction.line}-{digest}",
        "plan": correction.plan,
        "line": correction.line,
        "quote": line.strip()[:120],
        "passage_sha256": hashlib.sha256(line.encode()).hexdigest(),
    }
    return Commitment(**defaults)


def _correction(file: str, number: int, row: dict[str | None, Any]) -> Correction:
    if None in row or set(row) - set(_COLUMNS) or not {"do", "plan", "line", "category"} <= set(row):
        raise _bad(file, number, "列名应为 " + "、".join(_COLUMNS), "the columns are " + ", ".join(_COLUMNS))
    cells = {str(key): str(value or "").strip() for key, value in row.items()}
    if cells["do"] not in _DOES:
        raise _bad(file, number, f"do 应为 {'、'.join(_DOES)}", f"do is one of {', '.join(_DOES)}")
    if not cells["line"].isascii() or not cells["line"].isdigit() or int(cells["line"]) < 1:
        raise _bad(file, number, "line 应为正整数", "line takes a whole number from 1")
    if cells["category"] not in categories():
        raise _bad(file, number, f"没有类别 {cells['category']!r}", f"no such category: {cells['category']!r}")
    changes = tuple(_setting(file, number, part) for part in cells.get("set", "").split(";") if part.strip())
    return Correction(
        row=number,
        do=cells["do"],
        plan=cells["plan"],
        line=int(cells["line"]),
        category=cells["category"],
        name=cells.get("name") or None,
        changes=changes,
    )


def _setting(file: str, number: int, part: str) -> tuple[str, Any]:
    key, mark, value = (piece.strip() for piece in part.partition("="))
    if not mark or key not in _SETTABLE:
        raise _bad(file, number, f"set 里可用 {'、'.join(_SETTABLE)}", f"set takes {', '.join(_SETTABLE)}")
    if value and key in _ALLOWED and value not in _ALLOWED[key]:
        raise _bad(
            file, number, f"{key} 应为 {'、'.join(_ALLOWED[key])}", f"{key} is one of {', '.join(_ALLOWED[key])}"
        )
    if key == "category" and value not in categories():
        raise _bad(file, number, f"没有类别 {value!r}", f"no such category: {value!r}")
    if key in _TEXT or key == "category":
        return key, value or None
    if key == "at_least":
        return key, value in ("true", "1", "是")
    try:
        figure = float(value) if value else None
    except ValueError:
        raise _bad(file, number, f"{key} 应为数字", f"{key} takes a number") from None
    if figure is None:
        return key, None
    return key, int(figure) if figure == int(figure) else figure


def _bad(file: str, number: int, zh: str, en: str) -> PlanFileError:
    return PlanFileError(f"{file} 第 {number} 行：{zh}", f"{file} line {number}: {en}")
