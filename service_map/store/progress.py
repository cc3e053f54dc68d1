"""What has become of promises, in numbers: by area and category, on the day of the transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, select

from service_map.catalogue.adcode import COUNTY_DIGITS, county_of, covers
from service_map.catalogue.fields import fields_of
from service_map.store import cursor as cursors
from service_map.store import queries
from service_map.store.conditions import as_written, facility_conditions, once
from service_map.store.database import day_of
from service_map.store.models import Area, Category, Facility
from service_map.store.records import FacilityFilter, ProgressRecord, PromiseFilter, QuotaRecord
from service_map.store.state import is_over, state_at

NUMBERS = tuple(field.name for field in fields_of(ProgressRecord) if field.kind is float)
"""Fields of a record that count, in its order."""

_Key = tuple[str, str, str, str | None]


def progress(connection: Connection, wanted: FacilityFilter) -> tuple[ProgressRecord, ...]:
    """Count what is due and what has become of it.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        Its area, plans, categories and families count. An area's own quotas count with it, those of an area around it
        do not: nobody knows how much of them falls here.

    Returns
    -------
    tuple of ProgressRecord
        By sort, area (the county, or the city of what is known to it only) and category; only where anything is
        promised. A quota that is part of another counts with that one alone, and its named facilities count among the
        facilities too.

    Raises
    ------
    InvalidParameterError
        As for `service_map.store.queries.facilities`.
    """
    asked = FacilityFilter(
        area=wanted.area, plans=wanted.plans, categories=wanted.categories, families=wanted.families, promised=True
    )  # fmt: skip
    return once(connection, ("progress", asked), lambda: _progress(connection, asked))


def _progress(connection: Connection, wanted: FacilityFilter) -> tuple[ProgressRecord, ...]:
    day = day_of(connection)
    found: dict[_Key, dict[str, float]] = defaultdict(lambda: dict.fromkeys(NUMBERS, 0))
    county, state = func.substr(Facility.adcode, 1, COUNTY_DIGITS).label("county"), state_at(day).label("state")
    key = (county, Facility.category, state, Facility.due)
    # What a list alone names was promised by no plan.
    of_plans = (Facility.plan.is_not(None), *facility_conditions(connection, wanted))
    counted = select(*key, func.count()).where(*of_plans).group_by(*key)
    for adcode, category, told, year, number in connection.execute(counted):
        row = found["facility", adcode, category, None]
        row["promised"] += number
        row["due"] += number if is_over(year, day) else 0
        row[told] += number
    for quota in _quotas(connection, wanted):
        _add(found["quota", county_of(quota.adcode), quota.category, quota.unit], quota, over=is_over(quota.due, day))
    areas: dict[str, str] = dict(connection.execute(select(Area.adcode, Area.name)).all())
    kinds = {row["code"]: row for row in connection.execute(select(Category.__table__)).mappings()}
    order = {code: place for place, code in enumerate(kinds)}
    keys = sorted(found, key=lambda key: (key[0], key[1], order[key[2]], key[3] or ""))
    return tuple(_record(key, found[key], areas, kinds, day.isoformat()) for key in keys)


def _quotas(connection: Connection, wanted: FacilityFilter) -> Iterable[QuotaRecord]:
    asked = PromiseFilter(
        area=wanted.area, plans=wanted.plans, categories=wanted.categories, families=wanted.families
    )  # fmt: skip
    every: tuple[QuotaRecord, ...] = cursors.every(
        lambda cursor: queries.quotas(connection, asked, limit=queries.MAX_LIMIT, cursor=cursor)
    )
    whole = {one.id for one in every}
    # What a city promises as a whole is not promised to each of its counties.
    return [
        one
        for one in every
        if one.count and one.part_of not in whole and (wanted.area is None or covers(wanted.area, one.adcode))
    ]


def _add(row: dict[str, float], quota: QuotaRecord, *, over: bool) -> None:
    number = float(quota.count or 0)
    told = {"open": quota.built, "under_construction": quota.under_construction, "not_built": quota.not_built,
            "cancelled": quota.cancelled}  # fmt: skip
    row["promised"] += number
    row["due"] += number if over else 0
    for state, count in told.items():
        row[state] += count
    row["overdue" if over else "not_due"] += max(0.0, number - sum(told.values()))


def _record(
    key: _Key, row: Mapping[str, float], areas: Mapping[str, str], kinds: Mapping[str, Mapping[Any, Any]], day: str
) -> ProgressRecord:
    sort, adcode, category, unit = key
    kind = kinds[category]
    return ProgressRecord(
        sort=sort, adcode=adcode, area_name=areas.get(adcode, adcode), category=category, category_zh=kind["zh"],
        category_en=kind["en"], family=kind["family"], unit=unit, state_as_of=day,
        **{name: as_written(row[name]) for name in NUMBERS},
    )  # fmt: skip


def total(records: Iterable[ProgressRecord], **named: Any) -> ProgressRecord | None:
    """Add records up; `named` replaces what the sum is of.

    Returns
    -------
    ProgressRecord or None
        None of none.
    """
    every = list(records)
    if not every:
        return None
    summed = {name: as_written(sum(getattr(one, name) for one in every)) for name in NUMBERS}
    return replace(every[0], **summed, **named)
