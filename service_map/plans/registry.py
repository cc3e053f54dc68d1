"""The plans that the data comes from: ``geodata/plans.toml``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_map.catalogue import tomlfile
from service_map.errors import Fault

_FILE = "plans.toml"
_OPTIONAL = ("issuer", "number", "url", "note", "note_en")
_KEYS = ("title", "issuer", "number", "date", "period", "adcode", "file", "sha256", "url", "note", "note_en")


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
    tables = tomlfile.read(geodata / _FILE)
    return {name: _plan(name, tomlfile.entry(tables, name, where=_FILE)) for name in tables}


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


def _plan(name: str, table: dict[str, Any]) -> Plan:
    where = f"{_FILE} {name}"
    tomlfile.only(table, _KEYS, where=where)
    title, period = tomlfile.text(table, "title", where=where), table.get("period")
    whole = isinstance(period, list) and len(period) == 2 and all(type(year) is int for year in period)
    if not whole or not period or period[0] > period[1]:
        zh = f"period 应为 [起始年, 结束年]，现为 {period!r}"
        tomlfile.refuse(where, zh, f"period takes [first year, last year], not {period!r}")
    day = r"\d{4}(-\d\d){0,2}"
    dated = Fault(" YYYY、YYYY-MM 或 YYYY-MM-DD", "YYYY, YYYY-MM or YYYY-MM-DD")
    return Plan(
        id=name,
        title=title,
        period=(period[0], period[1]),
        adcode=tomlfile.matching(table, "adcode", r"\d{6}", where=where, zh="六位数字", en="six digits"),
        file=tomlfile.text(table, "file", where=where),
        sha256=tomlfile.matching(
            table, "sha256", "[0-9a-f]{64}", where=where, zh=" 64 位小写十六进制", en="64 lower-case hexadecimal digits"
        ),
        date=tomlfile.matching(table, "date", day, where=where, **dated._asdict()) if "date" in table else None,
        **{key: tomlfile.optional_text(table, key, where=where) for key in _OPTIONAL},
    )
