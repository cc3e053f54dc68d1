"""Families and categories of facilities, from ``geodata/categories.toml``."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from service_map.catalogue import tomlfile

_FILE = "categories.toml"
_CODE = re.compile(r"[a-z]+(_[a-z]+)*")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LONGEST_ICON = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A group of categories (设施大类) that share a colour.

    Attributes
    ----------
    code
        Stable name, e.g. ``preschool``.
    zh, en
        What it is called.
    colour
        ``#rrggbb``.
    core
        True for the families that the extractor is judged by first.
    """

    code: str
    zh: str
    en: str
    colour: str
    core: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of facility (设施类别).

    Attributes
    ----------
    code, family
        Stable names, e.g. ``kindergarten`` of ``preschool``.
    zh, en
        What it is called.
    colour
        ``#rrggbb``, the family's unless the file gives its own.
    icon
        One character, or a short name, that marks it on the map; no two categories share one.
    words
        Chinese words that name it in plans, longest first; no word names two categories.
    """

    code: str
    family: str
    zh: str
    en: str
    colour: str
    icon: str
    words: tuple[str, ...]


def families(geodata: Path | None = None) -> dict[str, Family]:
    """Give the families by code, in the order in which they are shown.

    Parameters
    ----------
    geodata
        Folder that holds ``categories.toml``; None for that of the settings.

    Returns
    -------
    dict of str to Family
        A new dict each time; the file is read once a process.

    Raises
    ------
    GeodataError
        When the file is missing, damaged or contradicts itself; the message names the entry.
    """
    return dict(_load(tomlfile.folder(geodata))[0])


def categories(geodata: Path | None = None) -> dict[str, Category]:
    """Give the categories by code, family by family, in the order in which they are shown.

    Parameters
    ----------
    geodata
        Folder that holds ``categories.toml``; None for that of the settings.

    Returns
    -------
    dict of str to Category
        A new dict each time; the file is read once a process.

    Raises
    ------
    GeodataError
        When the file is missing, damaged or contradicts itself; the message names the entry.
    """
    return dict(_load(tomlfile.folder(geodata))[1])


@cache
def _load(geodata: Path) -> tuple[dict[str, Family], dict[str, Category]]:
    document = tomlfile.read(geodata / _FILE)
    tomlfile.only(document, ("families", "categories"), where=_FILE)
    known = {code: _family(code, entry) for code, entry in tomlfile.table(document, "families", where=_FILE).items()}
    found = [
        _category(code, entry, known) for code, entry in tomlfile.table(document, "categories", where=_FILE).items()
    ]
    _refuse_shared(found)
    order = list(known)
    return known, {kind.code: kind for kind in sorted(found, key=lambda kind: order.index(kind.family))}


def _family(code: str, entry: dict[str, Any]) -> Family:
    where = _named(code, "families")
    tomlfile.only(entry, ("zh", "en", "colour", "core"), where=where)
    return Family(
        code=code,
        zh=tomlfile.text(entry, "zh", where=where),
        en=tomlfile.text(entry, "en", where=where),
        colour=_colour(entry, where),
        core=tomlfile.flag(entry, "core", where=where),
    )


def _category(code: str, entry: dict[str, Any], known: dict[str, Family]) -> Category:
    where = _named(code, "categories")
    tomlfile.only(entry, ("family", "zh", "en", "colour", "icon", "words"), where=where)
    family = tomlfile.text(entry, "family", where=where, among=known)
    icon = tomlfile.text(entry, "icon", where=where)
    if len(icon) > _LONGEST_ICON:
        tomlfile.refuse(where, f"icon 至多 {_LONGEST_ICON} 个字符", f"icon takes at most {_LONGEST_ICON} characters")
    return Category(
        code=code,
        family=family,
        zh=tomlfile.text(entry, "zh", where=where),
        en=tomlfile.text(entry, "en", where=where),
        colour=_colour(entry, where) if "colour" in entry else known[family].colour,
        icon=icon,
        # Readers try the words in turn, so 县级殡仪馆 must come before 殡仪馆 whatever the file's order.
        words=tuple(sorted(tomlfile.texts(entry, "words", where=where), key=len, reverse=True)),
    )


def _named(code: str, section: str) -> str:
    where = f"{_FILE} [{section}.{code}]"
    if not _CODE.fullmatch(code):
        tomlfile.refuse(where, "代码只用小写字母和下划线", "a code has lower-case letters and underscores only")
    return where


def _colour(entry: dict[str, Any], where: str) -> str:
    value = tomlfile.text(entry, "colour", where=where)
    if not _COLOUR.fullmatch(value):
        tomlfile.refuse(where, f"colour 应为 #rrggbb，现为 {value!r}", f"colour takes #rrggbb, not {value!r}")
    return value


def _refuse_shared(found: list[Category]) -> None:
    words: dict[str, str] = {}
    icons: dict[str, str] = {}
    for kind in found:
        where = f"{_FILE} [categories.{kind.code}]"
        if kind.icon in icons:
            other = icons[kind.icon]
            tomlfile.refuse(where, f"icon {kind.icon!r} 已属 {other}", f"icon {kind.icon!r} already marks {other}")
        icons[kind.icon] = kind.code
        for word in kind.words:
            if word in words:
                tomlfile.refuse(where, f"词 {word!r} 已属 {words[word]}", f"word {word!r} already names {words[word]}")
            words[word] = kind.code
