"""Which kind of facility an indicator concerns, and what it is held against: ``geodata/indicator_kinds.toml``."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from service_map.catalogue import tomlfile
from service_map.catalogue.kinds import categories

_FILE = "indicator_kinds.toml"
_KEYS = ("zh", "en", "words", "without", "category", "categories", "counted", "people")
_HELD = ("categories", "counted", "people")
PEOPLE = ("all", "older")
"""Over whom an indicator counts: everybody, or people of 60 years and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorKind:
    """One kind of indicator.

    Attributes
    ----------
    code
        Stable name, such as ``nursery_places``.
    zh, en
        What it is called.
    words
        Ways to know it: the words that all stand in an indicator's name.
    without
        Words none of which may stand in it.
    category
        Code of the kind of facility that it concerns.
    categories, counted, people
        What is promised is counted of these kinds, in these units, over these people (of `PEOPLE`); empty and None
        where the indicator is no figure for so many people.
    """

    code: str
    zh: str
    en: str
    words: tuple[tuple[str, ...], ...]
    without: tuple[str, ...]
    category: str
    categories: tuple[str, ...]
    counted: tuple[str, ...]
    people: str | None

    def names(self, name: str) -> bool:
        """Say whether an indicator of this name is of this kind."""
        bare = name.replace(" ", "")
        known = any(all(word in bare for word in way) for way in self.words)
        return known and not any(word in bare for word in self.without)


@cache
def indicator_kinds(geodata: Path | None = None) -> tuple[IndicatorKind, ...]:
    """Give the kinds of indicators, in the order in which a name is looked for.

    Parameters
    ----------
    geodata
        Folder that may hold ``indicator_kinds.toml``; None for that of the settings.

    Returns
    -------
    tuple of IndicatorKind
        None where there is no file: indicators then concern no kind of facility.

    Raises
    ------
    GeodataError
        When the file is damaged or an entry names no category; the message names the entry.
    """
    folder = tomlfile.folder(geodata)
    if not (folder / _FILE).exists():
        return ()
    known = categories(folder)
    tables = tomlfile.read(folder / _FILE)
    return tuple(_kind(code, tomlfile.entry(tables, code, where=_FILE), known) for code in tables)


def indicator_kind(name: str, kinds: tuple[IndicatorKind, ...]) -> IndicatorKind | None:
    """Give the kind of an indicator by its name; None for one that concerns no kind of facility."""
    return next((kind for kind in kinds if kind.names(name)), None)


def _kind(code: str, entry: dict[str, Any], known: dict[str, Any]) -> IndicatorKind:
    where = f"{_FILE} {code}"
    tomlfile.only(entry, _KEYS, where=where)
    category = tomlfile.text(entry, "category", where=where, among=known)
    held = [key for key in _HELD if key in entry]
    if held and len(held) < len(_HELD):
        names = ", ".join(_HELD)
        tomlfile.refuse(where, f"{names} 须一起给", f"{names} are given together")
    several = tomlfile.texts(entry, "categories", where=where) if held else ()
    for name in several:
        if name not in known:
            tomlfile.refuse(where, f"没有类别 {name!r}", f"there is no category {name!r}")
    return IndicatorKind(
        code=code, zh=tomlfile.text(entry, "zh", where=where), en=tomlfile.text(entry, "en", where=where),
        words=tuple(tuple(way.split()) for way in tomlfile.texts(entry, "words", where=where)),
        without=tomlfile.texts(entry, "without", where=where) if "without" in entry else (),
        category=category, categories=several,
        counted=tomlfile.texts(entry, "counted", where=where) if held else (),
        people=tomlfile.text(entry, "people", where=where, among=PEOPLE) if held else None,
    )  # fmt: skip
