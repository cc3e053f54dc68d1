"""The plans that the data comes from: ``geodata/plans.toml``."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_map.errors import GeodataError

_FIELDS: dict[str, type] = {
    "title": str, "issuer": str, "number": str, "date": str, "period": list, "adcode": str, "file": str, "sha256": str,
    "url": str, "note": str, "note_en": str,
}  # fmt: skip
_NEEDED = ("title", "period", "adcode", "file", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan document (规划).

    Attributes
    ----------
    id
        Short name used in citations and addresses, such as ``qinshui-2021``.
    issuer, number, date, url
        As the document states them; None where it does not. ``date`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.
    period
        First and last year of the plan's term.
    adcode
        Six-digit code of the plan's area.
    file, sha256
        Name and SHA-256 of the text that the citations' line numbers belong to.
    note, note_en
        What a reader should know of this text, in Chinese and English.
    """

    id: str
    title: str
    issuer: str | None
    number: str | None
    date: str | None
    period: tuple[int, int]
    adcode: str
    file: str
    sha256: str
    url: str | None
    note: str | None
    note_en: str | None


def load_plans(geodata: Path) -> dict[str, Plan]:
    """Read ``plans.toml``.

    Parameters
    ----------
    geodata
        The folder that holds it.

    Returns
    -------
    dict
        Plan id to `Plan`, in the file's order.

    Raises
    ------
    GeodataError
        When the file is missing or a key is missing, unknown or of the wrong form; the message names it.
    """
    path = geodata / "plans.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error
    return {name: _plan(path, name, table) for name, table in tables.items()}


def plan_for_file(plans: dict[str, Plan], path: Path) -> str:
    """Name the plan that a text file belongs to: the listed plan of that file name, else the file's own stem.

    Parameters
    ----------
    plans
        What `load_plans` returned.
    path
        The text file.
    """
    return next((plan.id for plan in plans.values() if plan.file == path.name), path.stem)


def _plan(path: Path, name: str, table: Any) -> Plan:
    if not isinstance(table, dict):
        raise _fault(path, name, "应为一个表", "must be a table")
    for key, value in table.items():
        if key not in _FIELDS:
            raise _fault(
                path, f"{name}.{key}", f"未知的键，可用：{'、'.join(_FIELDS)}", f"unknown key; use {', '.join(_FIELDS)}"
            )
        if not isinstance(value, _FIELDS[key]):
            raise _fault(path, f"{name}.{key}", f"应为 {_FIELDS[key].__name__}", f"must be a {_FIELDS[key].__name__}")
    for key in _NEEDED:
        if key not in table:
            raise _fault(path, f"{name}.{key}", "缺少", "is missing")
    period = table["period"]
    if len(period) != 2 or not all(isinstance(year, int) for year in period) or period[0] > period[1]:
        raise _fault(path, f"{name}.period", "应为 [起始年, 结束年]", "must be [first year, last year]")
    for key, form in (("adcode", r"\d{6}"), ("sha256", r"[0-9a-f]{64}"), ("date", r"\d{4}(-\d\d){0,2}")):
        if key in table and not re.fullmatch(form, table[key]):
            raise _fault(path, f"{name}.{key}", f"应符合 {form}", f"must match {form}")
    texts = {key: table.get(key) for key in ("issuer", "number", "date", "url", "note", "note_en")}
    return Plan(
        id=name, title=table["title"], period=(period[0], period[1]), adcode=table["adcode"], file=table["file"],
        sha256=table["sha256"], **texts,
    )  # fmt: skip


def _fault(path: Path, key: str, zh: str, en: str) -> GeodataError:
    return GeodataError(f"{path.name} 的 {key} {zh}", f"{path.name}: {key} {en}")
