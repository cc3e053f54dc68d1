"""What a column may be called, by ``geodata/columns.toml``, and which cells of a heading are which columns."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from service_map import settings
from service_map.catalogue import tomlfile
from service_map.errors import InvalidParameterError

FILE = "columns.toml"
"""The table in ``geodata/``; a folder without it takes the shipped one."""

_BRACKETS = re.compile(r"[(\[{【〔<]([^()\[\]{}【】〔〕<>]*)[)\]}】〕>]")
_STROKE = re.compile(r"/([^/]*)$")
_BLANKS = re.compile(r"[\s_\-*:]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The table, read.

    Attributes
    ----------
    names
        By column, what it may be called, first come first served.
    families
        By column, with what the headings of its groups begin.
    units
        What may stand in brackets behind a name and changes nothing.
    """

    names: Mapping[str, tuple[str, ...]]
    families: Mapping[str, tuple[str, ...]]
    units: frozenset[str]

    def plain(self, heading: str) -> str:
        """Take from a heading what does not tell one column from another: case, width, blanks, harmless units."""
        return _plain(heading, self.units)


@lru_cache(maxsize=4096)
def _plain(heading: str, units: frozenset[str]) -> str:
    text = unicodedata.normalize("NFKC", heading).casefold()
    for pattern in (_BRACKETS, _STROKE):
        text = pattern.sub(lambda found: "" if _BLANKS.sub("", found[1]) in units else found[0], text)
    return _BLANKS.sub("", text)


def load_names(geodata: Path | None = None) -> Names:
    """Read the table of column names.

    Parameters
    ----------
    geodata
        Folder of the open data; that of the settings by default.

    Returns
    -------
    Names

    Raises
    ------
    GeodataError
        When it cannot be read or is malformed.
    """
    own, shipped = (geodata or settings.load().geodata_dir) / FILE, settings.SHIPPED / FILE
    return _read(own if own.is_file() else shipped)


@lru_cache(maxsize=4)
def _read(path: Path) -> Names:
    document = tomlfile.read(path)
    tomlfile.only(document, ("units", "names", "families"), where=path.name)
    listed = tomlfile.entry(document, "names", where=path.name)
    begin = tomlfile.entry(document, "families", where=path.name)
    return Names(
        names={column: tomlfile.texts(listed, column, where=path.name) for column in listed},
        families={column: tomlfile.texts(begin, column, where=path.name) for column in begin},
        units=frozenset(
            _BLANKS.sub("", unicodedata.normalize("NFKC", unit).casefold())
            for unit in tomlfile.texts(document, "units", where=path.name)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader asks of a heading.

    Attributes
    ----------
    columns
        By the name that the reader gives a column, its entry in ``columns.toml``.
    required
        Those without which nothing can be read.
    asked
        What the user says a column is called; an empty name says that there is no such column.
    families
        Entries whose groups are columns too, such as ``people``: a column ``people_60+`` of that name.
    field
        What the user calls the file, for errors.
    """

    columns: Mapping[str, str]
    required: tuple[str, ...] = ()
    asked: Mapping[str, str]
    families: tuple[str, ...] = ()
    field: str

    def check_asked(self) -> None:
        """Refuse a column that no reader of this file knows."""
        unknown = sorted(set(self.asked) - set(self.columns))
        if unknown:
            allowed = tuple(self.columns)
            zh = f"没有 {unknown[0]} 这种列，可为 {'、'.join(allowed)}"
            en = f"there is no column {unknown[0]}; it takes {', '.join(allowed)}"
            raise InvalidParameterError("columns", zh, en, allowed)

    def find(self, heading: Sequence[str], known: Names | None = None, *, cut: bool = False) -> dict[str, int]:
        """Find the columns in a heading; those that are not there are left out.

        Parameters
        ----------
        heading
            Cells, as they stand in the file.
        known
            From `load_names`, where many rows are asked.
        cut
            Whether names may have been cut to ten bytes, as a Shapefile does.

        Returns
        -------
        dict
            Position of each column by its name; of a group by ``people_`` and the group's own name.
        """
        known = known or load_names()
        exact: dict[str, int] = {}
        plain: dict[str, int] = {}
        for index, cell in enumerate(heading):
            exact.setdefault(cell.strip(), index)
            plain.setdefault(known.plain(cell), index)
        found = {}
        for column, entry in self.columns.items():
            said = self.asked.get(column)
            if said == "":
                continue
            names = known.names[entry] if said is None else (said,)
            names = names if not cut else (*names, *(short for name in names for short in _cut(name)))
            table = exact if said is not None and said in exact else plain
            at = next(
                (table[name] for name in map(known.plain if table is plain else str, names) if name in table), None
            )
            if at is not None:
                found[column] = at
        for family in self.families:
            found |= _groups(heading, family, known.families[family])
        return found

    def require(self, found: Mapping[str, int], heading: Sequence[str], where: str) -> None:
        """Refuse a heading without a column that was asked for or that nothing can be read without."""
        names = [cell.strip() for cell in heading if cell.strip()]
        for column, said in self.asked.items():
            if said and column not in found:
                zh = f"{where} 没有名为 {said} 的列，现有：{'、'.join(names)}"
                en = f"{where}: no column is called {said}, only: {', '.join(names)}"
                raise InvalidParameterError(self.field, zh, en, names)
        for column in self.required:
            if column not in found:
                usual = load_names().names[self.columns[column]]
                zh = f"{where} 没有 {column} 列（可名为 {'、'.join(usual)}），现有：{'、'.join(names)}"
                may, there = ", ".join(name for name in usual if name.isascii()), ", ".join(names)
                en = f"{where}: there is no column {column} (it may be called {may}), only: {there}"
                raise InvalidParameterError(self.field, zh, en, usual)


def _cut(name: str) -> tuple[str, ...]:
    """Give what ten bytes hold of a name, in either encoding of a Shapefile."""
    return tuple(name.encode(encoding)[:10].decode(encoding, "ignore") for encoding in ("utf-8", "gb18030"))


def _groups(heading: Sequence[str], family: str, begins: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, cell in enumerate(heading):
        text = unicodedata.normalize("NFKC", cell).strip()
        mark = next((mark for mark in begins if text.casefold().startswith(mark) and len(text) > len(mark)), None)
        if mark is not None:
            found.setdefault(f"{family}_{text[len(mark) :]}", index)
    return found
