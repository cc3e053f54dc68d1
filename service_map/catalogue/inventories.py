"""Inventories that an operator states to be complete, from ``geodata/inventories.toml`` (optional)."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from service_map.catalogue import tomlfile
from service_map.catalogue.kinds import categories

_FILE = "inventories.toml"
_ADCODE = re.compile(r"\d{6}(?:\d{3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A statement that of some kinds every facility that stands in an area is on record (已收全).

    Attributes
    ----------
    area
        Code of the area.
    categories
        Codes of the kinds.
    source
        Whose register says so.
    date
        Of when: ``2025``, ``2025-09`` or ``2025-09-30``.
    """

    area: str
    categories: tuple[str, ...]
    source: str
    date: str


@cache
def inventories(geodata: Path | None = None) -> tuple[Inventory, ...]:
    """Give the inventories that are stated to be complete.

    Parameters
    ----------
    geodata
        Folder that may hold ``inventories.toml``; None for that of the settings.

    Returns
    -------
    tuple of Inventory
        In the order of the file; none where there is no file. The data that ships states none.

    Raises
    ------
    GeodataError
        When the file is damaged, or a row names no category, no area code or no date; the message names the row.
    """
    folder = tomlfile.folder(geodata)
    if not (folder / _FILE).exists():
        return ()
    document = tomlfile.read(folder / _FILE)
    tomlfile.only(document, ("inventory",), where=_FILE)
    if "inventory" not in document:
        return ()
    known = categories(folder)
    rows = tomlfile.rows(document, "inventory", where=_FILE)
    return tuple(_inventory(entry, known, place) for place, entry in enumerate(rows, 1))


def _inventory(entry: dict[str, Any], known: dict[str, Any], place: int) -> Inventory:
    where = f"{_FILE} inventory {place}"
    tomlfile.only(entry, ("area", "categories", "source", "date"), where=where)
    area = tomlfile.text(entry, "area", where=where)
    if not _ADCODE.fullmatch(area):
        tomlfile.refuse(where, "area 应为六位或九位行政区划代码", "area takes an area code of six or nine digits")
    codes = tomlfile.texts(entry, "categories", where=where)
    if not codes:
        tomlfile.refuse(where, "categories 不能为空", "categories must not be empty")
    for code in codes:
        if code not in known:
            tomlfile.refuse(where, f"没有类别 {code!r}", f"there is no category {code!r}")
    return Inventory(
        area=area, categories=codes, source=tomlfile.text(entry, "source", where=where), date=_date(entry, where)
    )


def _date(entry: dict[str, Any], where: str) -> str:
    found = tomlfile.matching(
        entry, "date", r"\d{4}(-\d\d){0,2}", where=where,
        zh="年、年-月或年-月-日（2025、2025-09、2025-09-30）",
        en="a year, a month or a day (2025, 2025-09, 2025-09-30)",
    )  # fmt: skip
    try:
        date.fromisoformat(found + "-01-01"[len(found) - 4 :])
    except ValueError:
        tomlfile.refuse(where, f"date = {found!r} 不是历上有的日子", f"date = {found!r} is in no calendar")
    return found
