"""What releases of the data changed, and what has changed since: the rows of a build, and who asks for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from service_map import catalogue, places
from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.errors import InvalidParameterError
from service_map.places.existing import is_date
from service_map.store import cursor as cursors
from service_map.store.conditions import among, at_most_one, check_area, check_limit, shown, vocabulary, within
from service_map.store.models import Release, ReleaseChange
from service_map.store.records import (
    ReleaseChangeFilter,
    ReleaseChangePage,
    ReleaseChangeRecord,
    ReleaseRecord,
)

_COLUMNS = [ReleaseChange.__table__.c[field.name] for field in fields_of(ReleaseChangeRecord)]
_RELEASES = [Release.__table__.c[field.name] for field in fields_of(ReleaseRecord)]
_DAY = len("2026-12-01")
_MOST_TOLD = 12


def release_rows(geodata: Path) -> list[dict[str, Any]]:
    """Give the rows of the table ``releases``, oldest first."""
    return [
        {
            "release": one.release, "position": number, "date": one.release[:_DAY], "facilities": one.facilities,
            "requirements": one.requirements, "quotas": one.quotas,
        }
        for number, one in enumerate(places.load_releases(geodata / places.RELEASES_FILE), start=1)
    ]  # fmt: skip


def change_rows(
    geodata: Path,
    now: Iterable[places.Released],
    categories: Mapping[str, catalogue.Category],
    named: Callable[[str], str],
) -> list[dict[str, Any]]:
    """Give the rows of the table ``release_changes``.

    Parameters
    ----------
    geodata
        Folder of the open data.
    now
        What this build publishes (`service_map.places.released`).
    categories
        The kinds of facility by their codes.
    named
        Names an area by its code.

    Returns
    -------
    list of dict
        The newest first: what no release has published yet, then one release after another.
    """
    releases = [one["release"] for one in release_rows(geodata)]
    before = places.load_released(geodata / places.RELEASED_FILE)
    successors = {entry.id: entry.successor for entry in places.load_retired(geodata / "retired.csv")}
    found = places.differences(before, now, successors) if before else []
    position = {name: number for number, name in enumerate(releases, start=1)} | {"": len(releases) + 1}
    kept = [one for one in places.load_changes(geodata / places.CHANGES_FILE) if one.release in position]
    ordered = sorted([*found, *kept], key=lambda one: -position[one.release])
    return [_row(one, position[one.release], categories.get(one.category), named) for one in ordered]


def _row(
    one: places.ReleaseChange, position: int, kind: catalogue.Category | None, named: Callable[[str], str]
) -> dict[str, Any]:
    return {
        "id": f"{one.release or 'next'}-{one.change}-{one.id}", "position": position, "release": one.release or None,
        "change": one.change, "item": one.id, "sort": _SORTS[one.id[0]], "name": one.name, "category": one.category,
        "category_zh": kind.zh if kind else one.category, "category_en": kind.en if kind else one.category,
        "family": kind.family if kind else None, "adcode": one.adcode, "area_name": named(one.adcode),
        "before": one.before or None, "after": one.after or None,
    }  # fmt: skip


_SORTS = {"f": "facility", "r": "requirement", "q": "quota"}


def releases(connection: Connection) -> tuple[ReleaseRecord, ...]:
    """Give the releases of the data, newest first.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    rows = connection.execute(select(*_RELEASES).order_by(Release.position.desc())).mappings()
    return tuple(ReleaseRecord(**row) for row in rows)


def release_changes(
    connection: Connection, wanted: ReleaseChangeFilter | None = None, *, limit: int = 100, cursor: str | None = None
) -> ReleaseChangePage:
    """Give a page of what releases changed, and of what has changed since the last.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter; None for all.
    limit
        Most items, 1 to `service_map.store.conditions.MAX_LIMIT`.
    cursor
        The ``next_cursor`` of the page before.

    Returns
    -------
    ReleaseChangePage
        The newest first.

    Raises
    ------
    InvalidParameterError
        For ``since``, ``change``, ``area``, ``category``, ``family``, ``limit`` and ``cursor``.
    """
    check_limit(limit)
    wanted = wanted or ReleaseChangeFilter()
    conditions = _conditions(connection, wanted)
    counts: dict[str, int] = dict(
        connection.execute(
            select(ReleaseChange.change, func.count()).where(*conditions).group_by(ReleaseChange.change)
        ).all()
    )
    told = dict.fromkeys(terms.RELEASE_CHANGE.codes, 0) | counts
    if wanted.change is not None:
        conditions.append(ReleaseChange.change == wanted.change)
    query = select(*_COLUMNS, ReleaseChange.fid).where(*conditions).order_by(ReleaseChange.fid).limit(limit + 1)
    if cursor is not None:
        (after,) = cursors.read(cursor, kind="release_changes", types=(int,))
        query = query.where(ReleaseChange.fid > after)
    rows = connection.execute(query).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    return ReleaseChangePage(
        items=tuple(ReleaseChangeRecord(**{name: row[name] for name in row if name != "fid"}) for row in rows),
        next_cursor=cursors.write("release_changes", (rows[-1]["fid"],)) if more else None,
        matched=sum(counts.values()) if wanted.change is None else told[wanted.change],
        counts=told,
    )


def _conditions(connection: Connection, wanted: ReleaseChangeFilter) -> list[ColumnElement[bool]]:
    known = vocabulary(connection)
    among("change", at_most_one(wanted.change), terms.RELEASE_CHANGE.codes)
    among("category", wanted.categories, known.categories)
    among("family", wanted.families, known.families)
    conditions: list[ColumnElement[bool]] = []
    for column, values in ((ReleaseChange.category, wanted.categories), (ReleaseChange.family, wanted.families)):
        if values:
            conditions.append(column.in_(values))
    if wanted.area is not None:
        check_area(wanted.area, known)
        conditions.append(within(ReleaseChange.adcode, wanted.area))
    if wanted.since is not None:
        conditions.append(ReleaseChange.position > _position(wanted.since, releases(connection)))
    return conditions


def _position(since: str, known: Sequence[ReleaseRecord]) -> int:
    """Give the place of a release, or of the last one of a day or before."""
    exactly = next((one.position for one in known if one.release == since), None)
    if exactly is not None:
        return exactly
    if len(since) == _DAY and is_date(since):
        return max((one.position for one in known if one.date <= since), default=0)
    names = tuple(one.release for one in known[:_MOST_TOLD])
    raise InvalidParameterError(
        "since", f"没有发布 {shown(since)}；可用发布的名称，或年-月-日",
        f"there is no release {shown(since)}; takes the name of a release, or a day as YYYY-MM-DD", names,
    )  # fmt: skip
