"""What exists already: facilities that stand, and communities where people live, from maps and registers.

They are kept in open tables beside the promised facilities: ``osm_places.csv`` comes with the product
(© OpenStreetMap contributors, ODbL 1.0), ``existing.csv`` holds what an operator imports. A row is a fact of its
source, not of a plan: it has a source and no citation.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EISDIR
from os import strerror
from pathlib import Path

from service_map.catalogue import csvfile
from service_map.errors import GeodataError
from service_map.places.classes import DEMAND
from service_map.places.facility import Facility

EXISTING_COLUMNS = (
    "adcode", "category", "id", "name", "lon", "lat", "uncertainty_m", "class", "source_id", "date", "source",
    "licence",
)  # fmt: skip
"""Columns of a table of what exists, in the order by which its rows are sorted."""

EXISTING_FILES = ("osm_places.csv", "existing.csv")
"""The tables in ``geodata/``: the shipped one and the operator's own. Either may be missing."""

BASIS = "record"
"""What puts an existing facility on the map: a record of a source, not a plan."""

_ID = re.compile(r"f[0-9a-f]{12}")
_ADCODE = re.compile(r"\d{6}(?:\d{3})?")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """One row of a table of what exists.

    Attributes
    ----------
    id
        As a facility's; it rests on the source, the source's own id and the category, or on category, name and point
        where the source gives no ids.
    category
        Code of the catalogue, or `service_map.places.classes.DEMAND` for a residential community.
    name
        As the source has it; may be empty.
    adcode
        Code of the county that holds it.
    lon, lat, uncertainty_m
        WGS 84 degrees, and the metres within which its entrance lies.
    kind, source_id
        The source's own class and id; may be empty.
    date
        When it stood there: ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.
    source, licence
        Who says so and under what terms.
    """

    id: str
    category: str
    name: str
    adcode: str
    lon: float
    lat: float
    uncertainty_m: float
    kind: str
    source_id: str
    date: str
    source: str
    licence: str


def existing_id(*, source: str, source_id: str, category: str, name: str, lon: float, lat: float) -> str:
    """Make the permanent id of an existing facility; see `Existing`."""
    parts = (source, source_id, category) if source_id else (source, category, name, f"{lon:.5f}", f"{lat:.5f}")
    return "f" + hashlib.sha256("\n".join(("existing", *parts)).encode()).hexdigest()[:12]


_UNFINISHED = re.compile(r"\s*[(（\[【]?\s*(?:建设中|在建|施工中|筹建中|未完工|未建成)\s*[)）\]】]?\s*$")


def unfinished(name: str) -> tuple[str, bool]:
    """Take from a name what says that the thing is being built, as 市民服务中心（建设中）; say whether it did."""
    plain = _UNFINISHED.sub("", name)
    return (plain, True) if plain and plain != name else (name, False)


def is_date(text: str) -> bool:
    """Say whether a text is a year, a month or a day as `Existing` takes it."""
    return _DATE.fullmatch(text) is not None and all(
        low <= int(part) <= high for part, (low, high) in zip(text.split("-"), ((1900, 2200), (1, 12), (1, 31)),
                                                              strict=False)
    )  # fmt: skip


def read_existing(path: Path) -> Iterator[Existing]:
    """Read a table of what exists, row by row, so that a million need no memory.

    Parameters
    ----------
    path
        CSV file (UTF-8, columns `EXISTING_COLUMNS`, WGS 84).

    Yields
    ------
    Existing
        In the file's order.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    for number, row in csvfile.rows(path, EXISTING_COLUMNS):
        yield parse_existing(path, number, row)


def holds_source(path: Path, source: str) -> bool:
    """Say whether a table of what exists has rows of a source. Errors as for `read_existing`."""
    return any(row.source == source for row in read_existing(path))


def existing_row(row: Existing) -> list[str]:
    """Write a row as `read_existing` reads it: degrees to 7 decimals (about 1 cm), metres whole."""
    return [
        row.adcode, row.category, row.id, row.name, f"{row.lon:.7f}", f"{row.lat:.7f}", f"{row.uncertainty_m:.0f}",
        row.kind, row.source_id, row.date, row.source, row.licence,
    ]  # fmt: skip


def load_existing(geodata: Path) -> Iterator[Facility]:
    """Give the facilities of every table of what exists as facilities of status ``existing``, without citations.

    Parameters
    ----------
    geodata
        Folder of `EXISTING_FILES`.

    Yields
    ------
    Facility
        Table by table, in the tables' order. ``located_by`` names the source's own id and class.

    Raises
    ------
    GeodataError
        As `read_existing`, and when an id stands twice.
    """
    seen: set[int] = set()
    for row in _rows(geodata):
        number = int(row.id[1:], 16)
        if number in seen:
            raise GeodataError(
                f"{'、'.join(EXISTING_FILES)} 中标识 {row.id} 重复",
                f"the id {row.id} stands twice in {', '.join(EXISTING_FILES)}",
            )
        seen.add(number)
        if row.category != DEMAND:
            yield as_facility(row)


def load_demand(geodata: Path) -> list[Existing]:
    """Give the residential communities of every table of what exists, in order of id."""
    return sorted((row for row in _rows(geodata) if row.category == DEMAND), key=lambda row: row.id)


def as_facility(row: Existing) -> Facility:
    """Make a row a facility of status ``existing``; an unnamed one has an empty name and ``name_given`` False."""
    return Facility(
        id=row.id, name=row.name, name_given=bool(row.name), category=row.category, status="existing", basis=BASIS,
        action="unspecified", count=1, unit=None, at_least=False, year=None, adcode=row.adcode, lon=row.lon,
        lat=row.lat, precision="site", uncertainty_m=row.uncertainty_m, point_source=row.source,
        point_licence=row.licence, located_by=" ".join(part for part in (row.source_id, row.kind) if part),
        commitments=(), status_date=row.date, status_source=row.source,
    )  # fmt: skip


def _rows(geodata: Path) -> Iterator[Existing]:
    for name in EXISTING_FILES:
        if (geodata / name).exists():
            yield from read_existing(geodata / name)


def parse_existing(path: Path, number: int, row: Sequence[str]) -> Existing:
    """Read one row of a table of what exists; a wrong one raises `GeodataError` by its number and column."""
    if len(row) != len(EXISTING_COLUMNS):
        raise _fault(path, number, "", f"应有 {len(EXISTING_COLUMNS)} 列", f"must have {len(EXISTING_COLUMNS)} columns")
    adcode, category, identity, name, lon, lat, reach, kind, source_id, date, source, licence = row
    try:
        x, y, metres = float(lon), float(lat), float(reach)
    except ValueError:
        raise _fault(path, number, "lon, lat, uncertainty_m", "应为数", "must be numbers") from None
    if not (abs(x) <= 180 and abs(y) <= 90 and 0 <= metres < float("inf")):
        raise _fault(path, number, "lon, lat, uncertainty_m", "超出范围", "out of range")
    for column, fine in (
        ("adcode", _ADCODE.fullmatch(adcode)), ("id", _ID.fullmatch(identity)), ("category", category),
        ("date", is_date(date)), ("source", source), ("licence", licence),
    ):  # fmt: skip
        if not fine:
            raise _fault(path, number, column, "为空或写法不对", "is empty or malformed")
    return Existing(
        id=identity, category=category, name=name, adcode=adcode, lon=x, lat=y, uncertainty_m=metres, kind=kind,
        source_id=source_id, date=date, source=source, licence=licence,
    )  # fmt: skip


def _fault(path: Path, number: int, column: str, zh: str, en: str) -> GeodataError:
    return GeodataError(f"{path} 第 {number} 行 {column} {zh}", f"{path}, row {number}, {column}: {en}")


def write_tables(tables: Mapping[Path, tuple[Sequence[str], Iterable[str]]]) -> None:
    """Write tables from their headings and lines: all beside the old ones first, so that none is replaced by half.

    Raises
    ------
    GeodataError
        When one cannot be written; what stood there is unchanged.
    """
    staged: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for path, (heading, lines) in tables.items():
            beside = path.with_name(path.name + ".new")
            staged.append((beside, path))
            with beside.open("w", encoding="utf-8", newline="") as file:
                file.write(",".join(heading) + "\n")
                file.writelines(lines)
        for _, path in staged:
            if path.is_dir():  # what is no file cannot be replaced by one
                raise IsADirectoryError(EISDIR, strerror(EISDIR), str(path))
        for beside, path in staged:
            beside.replace(path)
    except OSError as error:
        for beside, _ in staged:
            with suppress(OSError):
                beside.unlink()
        raise GeodataError(f"无法写入 {path}：{error.strerror}", f"cannot write {path}: {error.strerror}") from error
