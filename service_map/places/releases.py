"""What each release published, and what changed from one to the next.

``geodata/released.csv`` lists what the last release published, with the facts that can change: where, in which state,
due when, how many. ``geodata/releases.csv`` names the releases, ``geodata/changes.csv`` keeps what each of them
changed. ``service-map refresh --release`` writes all three; a build tells what has changed since the last of them too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path

from service_map.catalogue import csvfile, terms
from service_map.errors import GeodataError
from service_map.places.facility import Facility
from service_map.places.promises import Promise
from service_map.plans import Commitment, Plan, ends

RELEASED_FILE, RELEASES_FILE, CHANGES_FILE = "released.csv", "releases.csv", "changes.csv"
RELEASED_COLUMNS = ("id", "name", "adcode", "category", "passages", "status", "due", "count", "point")
RELEASES_COLUMNS = ("release", "facilities", "requirements", "quotas")
CHANGES_COLUMNS = ("release", "change", "id", "name", "adcode", "category", "before", "after")

_FACTS = 4
"""Columns of `RELEASED_COLUMNS` that earlier editions did not write."""

_NAME = re.compile(r"\d{4}-\d\d-\d\d(?:\.\d{1,3})?")
_ID = re.compile(r"[frq][0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One id of a release: what it was, which passages of plans promised it, and what can change of it.

    ``status``, ``due``, ``count`` and ``point`` (longitude and latitude to some 10 m) are "" where they are not known.
    """

    id: str
    name: str
    adcode: str
    category: str
    passages: frozenset[str]
    status: str = ""
    due: str = ""
    count: str = ""
    point: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: its name, which is its day (``2026-12-01``, ``2026-12-01.2``), and how much it published."""

    release: str
    facilities: int
    requirements: int
    quotas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChange:
    """What one release changed of one thing.

    Attributes
    ----------
    release
        Its name; "" for what no release has published yet.
    change
        One of `service_map.catalogue.terms.RELEASE_CHANGE`.
    id, name, adcode, category
        Of the facility, requirement or quota.
    before, after
        What differs: code of an area with a point, of a state, a year, a number; of a retired one the id that it went
        to.
    """

    release: str
    change: str
    id: str
    name: str
    adcode: str
    category: str
    before: str = ""
    after: str = ""


def passages(commitments: Iterable[str]) -> frozenset[str]:
    """Name passages by plan and line, as the commitments' ids do, without what tells two of one line apart."""
    return frozenset(commitment.rpartition("-")[0] for commitment in commitments)


def released(
    published: Iterable[Facility | Promise],
    cited: Mapping[str, Commitment] | None = None,
    plans: Mapping[str, Plan] | None = None,
) -> list[Released]:
    """Note what is published now, to be written by `write_released`.

    Parameters
    ----------
    published
        Facilities with their states, requirements and quotas.
    cited, plans
        Commitments and plans by their ids: what states no year is due at the end of its plan.
    """
    found = []
    for item in published:
        said = [cited[name] for name in item.commitments if name in cited] if cited else []
        due = item.year or max(ends(said, plans or {}), default=None)
        found.append(
            Released(
                id=item.id, name=item.name, adcode=item.adcode, category=item.category,
                passages=passages(item.commitments), status=item.status if isinstance(item, Facility) else "",
                due="" if due is None else str(due), count="" if item.count is None else f"{item.count:g}",
                point=f"{item.lon:.4f} {item.lat:.4f}" if isinstance(item, Facility) else "",
            )
        )  # fmt: skip
    return found


def differences(
    before: Iterable[Released], now: Iterable[Released], successors: Mapping[str, str], *, release: str = ""
) -> list[ReleaseChange]:
    """Tell what has changed from one release to another.

    Parameters
    ----------
    before, now
        What the one published, and what the other does.
    successors
        Of ids that stand no more: where they went, "" for nowhere.
    release
        Name of the other; "" where it is none yet.

    Returns
    -------
    list of ReleaseChange
        In the order of `service_map.catalogue.terms.RELEASE_CHANGE`, then by area, category and id. What the earlier
        release did not note is not compared.
    """
    was, is_now = ({one.id: one for one in some} for some in (before, now))

    def told(change: str, one: Released, then: str = "", after: str = "") -> ReleaseChange:
        return ReleaseChange(
            release=release, change=change, id=one.id, name=one.name, adcode=one.adcode, category=one.category,
            before=then, after=after,
        )  # fmt: skip

    found = [told("added", one) for name, one in is_now.items() if name not in was]
    found += [told("retired", one, after=successors.get(name, "")) for name, one in was.items() if name not in is_now]
    for name in was.keys() & is_now.keys():
        old, new = was[name], is_now[name]
        places = [f"{one.adcode} {one.point}".strip() for one in (old, new)]
        if old.adcode != new.adcode or (old.point and old.point != new.point):
            found.append(told("moved", new, *places))
        found += [
            told(change, new, then, after)
            for change, then, after in (
                ("status", old.status, new.status), ("year", old.due, new.due), ("count", old.count, new.count),
            )
            if then and then != after
        ]  # fmt: skip
    order = terms.RELEASE_CHANGE.codes
    return sorted(found, key=lambda one: (order.index(one.change), one.adcode, one.category, one.id))


def next_release(known: Sequence[Release], today: date) -> str:
    """Name a release of a day: the day, and from the second of one day on a number behind a point."""
    taken = {one.release for one in known}
    names = [today.isoformat(), *(f"{today.isoformat()}.{number}" for number in range(2, 1000))]
    return next(name for name in names if name not in taken)


# --- the three files --------------------------------------------------------------------------------------------------


def load_released(path: Path) -> list[Released]:
    """Read ``released.csv``; a missing one holds none, as before the first release.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    found = []
    for number, row in _read(path, RELEASED_COLUMNS, later=_FACTS):
        entry = Released(**{**row, "passages": frozenset(row["passages"].split())})  # type: ignore[arg-type]
        _demand(path, number, bool(entry.name and entry.adcode and entry.category and entry.passages), entry.id)
        found.append(entry)
    return found


def write_released(path: Path, entries: Iterable[Released]) -> None:
    """Write ``released.csv``, by id; replaced as a whole."""
    rows = ((*astuple(one)[:4], " ".join(sorted(one.passages)), *astuple(one)[5:]) for one in entries)
    csvfile.write(path, RELEASED_COLUMNS, sorted(rows))


def load_releases(path: Path) -> list[Release]:
    """Read ``releases.csv``, oldest first; a missing one holds none. Errors as for `load_released`."""
    found: list[Release] = []
    for number, row in _read(path, RELEASES_COLUMNS):
        counts = [row[name] for name in RELEASES_COLUMNS[1:]]
        fine = _NAME.fullmatch(row["release"]) is not None and all(text.isdigit() for text in counts)
        _demand(path, number, fine and row["release"] not in {one.release for one in found})
        found.append(Release(release=row["release"], **dict(zip(RELEASES_COLUMNS[1:], map(int, counts), strict=True))))
    return found


def write_releases(path: Path, releases: Iterable[Release]) -> None:
    """Write ``releases.csv``, in the order given; replaced as a whole."""
    csvfile.write(path, RELEASES_COLUMNS, [astuple(one) for one in releases])


def load_changes(path: Path) -> list[ReleaseChange]:
    """Read ``changes.csv``, oldest release first; a missing one holds none. Errors as for `load_released`."""
    found = []
    for number, row in _read(path, CHANGES_COLUMNS):
        entry = ReleaseChange(**row)
        fine = entry.change in terms.RELEASE_CHANGE and _NAME.fullmatch(entry.release) is not None
        _demand(path, number, fine and bool(entry.name and entry.adcode and entry.category), entry.id)
        found.append(entry)
    return found


def write_changes(path: Path, changes: Iterable[ReleaseChange]) -> None:
    """Write ``changes.csv``, in the order given; replaced as a whole."""
    csvfile.write(path, CHANGES_COLUMNS, [astuple(one) for one in changes])


def _read(path: Path, columns: tuple[str, ...], *, later: int = 0) -> list[tuple[int, dict[str, str]]]:
    if not path.exists():
        return []
    return [
        (number, dict.fromkeys(columns, "") | dict(zip(columns, row, strict=False)))
        for number, row in csvfile.rows(path, columns, later=later)
    ]


def _demand(path: Path, number: int, fine: bool, identity: str | None = None) -> None:
    if not fine or (identity is not None and _ID.fullmatch(identity) is None):
        raise GeodataError(f"{path} 第 {number} 行写法不对", f"{path}, row {number} is malformed")
