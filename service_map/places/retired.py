"""Ids that were published and stand no more: where each went, so that no link to it ends in nothing.

``geodata/released.csv`` lists what the last release published. When a later edition of the extractor no longer makes
one of those facilities, `retire` writes it into ``geodata/retired.csv``: with a successor where another facility now
holds the passage that promised it, without one where none does. Ids of facilities that were never released are
nobody's links and leave no trace. An id rests on what the thing is, so it can come back, but never as another thing.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from service_map.errors import GeodataError
from service_map.places.facility import Facility

RETIRED_COLUMNS = ("id", "successor", "date", "reason")
RELEASED_COLUMNS = ("id", "name", "adcode", "category", "passages")

MERGED, DROPPED = "merged", "dropped"
"""Reasons: another facility is the same thing, or no plan's text promises it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """One id that stands no more: its successor's id or "", when it went (``YYYY-MM-DD``), and the reason."""

    id: str
    successor: str
    date: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One facility of the last release: what it was, and which passages of plans promised it."""

    id: str
    name: str
    adcode: str
    category: str
    passages: frozenset[str]


def released(facilities: Iterable[Facility]) -> list[Released]:
    """Note what is published now, to be written by `write_released`."""
    return [
        Released(
            id=facility.id, name=facility.name, adcode=facility.adcode, category=facility.category,
            passages=_passages(facility),
        )
        for facility in facilities
    ]  # fmt: skip


def retire(
    before: Iterable[Released], now: Iterable[Facility], known: Iterable[Retired], *, today: date
) -> list[Retired]:
    """Find where the ids of the last release went.

    Parameters
    ----------
    before
        What the last release published.
    now
        The facilities of today.
    known
        Those that had gone already.
    today
        The date that newly retired ids get.

    Returns
    -------
    list of Retired
        By id: those known but for ids that have come back, and the new ones. A successor that has gone itself is
        replaced by its own successor.
    """
    present = {facility.id: facility for facility in now}
    holders: dict[str, list[Facility]] = {}
    for facility in present.values():
        for passage in _passages(facility):
            holders.setdefault(passage, []).append(facility)
    found = {entry.id: entry for entry in known if entry.id not in present}
    for old in before:
        if old.id not in present and old.id not in found:
            heir = _heir(old, holders)
            found[old.id] = Retired(
                id=old.id, successor=heir, date=today.isoformat(), reason=MERGED if heir else DROPPED
            )
    return sorted((_followed(entry, found, present) for entry in found.values()), key=lambda entry: entry.id)


def _heir(old: Released, holders: Mapping[str, list[Facility]]) -> str:
    """Choose the facility that holds most of the passages; of one category, for a line may promise several things."""
    shared: Counter[str] = Counter(
        facility.id
        for passage in old.passages
        for facility in holders.get(passage, ())
        if facility.category == old.category
    )
    best = sorted(shared.items(), key=lambda item: (-item[1], item[0]))
    # Two that hold as much of it are no answer: a reader sent to the wrong one of them would not notice.
    return best[0][0] if best and (len(best) == 1 or best[0][1] > best[1][1]) else ""


def _followed(entry: Retired, found: Mapping[str, Retired], present: Mapping[str, Facility]) -> Retired:
    successor, seen = entry.successor, {entry.id}
    while successor and successor not in present:
        following = found.get(successor)
        if following is None or successor in seen:
            successor = ""
        else:
            seen.add(successor)
            successor = following.successor
    return Retired(id=entry.id, successor=successor, date=entry.date, reason=MERGED if successor else DROPPED)


def _passages(facility: Facility) -> frozenset[str]:
    """Name the passages by plan and line, as the commitments' ids do, without what tells two of one line apart."""
    return frozenset(commitment.rpartition("-")[0] for commitment in facility.commitments)


def load_retired(path: Path) -> list[Retired]:
    """Read ``retired.csv``; a missing one holds none.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    found = []
    for number, row in _read(path, RETIRED_COLUMNS):
        entry = Retired(id=row["id"], successor=row["successor"], date=row["date"], reason=row["reason"])
        fine = _is_id(entry.id) and (not entry.successor or _is_id(entry.successor)) and entry.id != entry.successor
        if not fine or entry.reason != (MERGED if entry.successor else DROPPED) or not _is_day(entry.date):
            raise GeodataError(f"{path} 第 {number} 行写法不对", f"{path}, row {number} is malformed")
        found.append(entry)
    return found


def write_retired(path: Path, entries: Iterable[Retired]) -> None:
    """Write ``retired.csv``, by id; replaced as a whole."""
    _write(
        path, RETIRED_COLUMNS,
        sorted((entry.id, entry.successor, entry.date, entry.reason) for entry in entries),
    )  # fmt: skip


def load_released(path: Path) -> list[Released]:
    """Read ``released.csv``; a missing one holds none, as before the first release. Errors as for `load_retired`."""
    found = []
    for number, row in _read(path, RELEASED_COLUMNS):
        entry = Released(
            id=row["id"], name=row["name"], adcode=row["adcode"], category=row["category"],
            passages=frozenset(row["passages"].split()),
        )  # fmt: skip
        if not _is_id(entry.id) or not (entry.name and entry.adcode and entry.category and entry.passages):
            raise GeodataError(f"{path} 第 {number} 行写法不对", f"{path}, row {number} is malformed")
        found.append(entry)
    return found


def write_released(path: Path, entries: Iterable[Released]) -> None:
    """Write ``released.csv``, by id; replaced as a whole."""
    _write(
        path, RELEASED_COLUMNS,
        sorted((entry.id, entry.name, entry.adcode, entry.category, " ".join(sorted(entry.passages)))
               for entry in entries),
    )  # fmt: skip


def _is_id(text: str) -> bool:
    return re.fullmatch(r"f[0-9a-f]{12}", text) is not None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _read(path: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != columns:
                heading = ",".join(columns)
                raise GeodataError(f"{path} 的表头应为 {heading}", f"the heading of {path} must be {heading}")
            return [
                (number, {column: row[column] or "" for column in columns})
                for number, row in enumerate(reader, start=2)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    beside.replace(path)
