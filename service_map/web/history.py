"""What became of one facility, in the order of time: promised, located more surely, under construction, open.

The database holds the present state alone; how it came about stands in the tables that ``service-map import`` keeps
beside the catalogue (``statuses.csv``, ``locations.csv``), and in the plans' own dates.
"""

import logging
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from service_map.errors import GeodataError
from service_map.places import STATUS_FILE, follow, load_locations, load_retired, load_statuses, still_said
from service_map.places.location import Location
from service_map.places.status import Status
from service_map.store.records import FacilityRecord, PlanRecord

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    Attributes
    ----------
    date
        ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.
    kind
        ``promised``, ``located``, a status, or ``stands`` where somebody found that the thing stood already.
    source
        The plan's title, or who says so.
    plan
        Id of the plan that promises it, else None.
    """

    date: str
    kind: str
    source: str
    plan: str | None = None


def history(record: FacilityRecord, *, plans: dict[str, PlanRecord], geodata: Path, day: date) -> list[Event]:
    """Tell a facility's history.

    Parameters
    ----------
    record
        The facility.
    plans
        By id.
    geodata
        Folder of the open data.
    day
        What happened after it is left out.

    Returns
    -------
    list of Event
        The oldest first. A table that cannot be read leaves out what it would say, and the log says why.
    """
    # What a later plan takes back it does not promise; the report of it has the plan for its source.
    taken_back = record.status_source if record.status == "cancelled" else None
    events = [
        Event(
            date=plan.date or str(plan.period[0]), kind="cancelled" if plan.title == taken_back else "promised",
            source=plan.title, plan=plan.id,
        )
        for plan in dict.fromkeys(plans[cite.plan] for cite in record.citations if cite.plan in plans)
    ]  # fmt: skip
    events += [
        Event(date=location.date, kind="located", source=location.source)
        for location in _locations(geodata / "locations.csv").get(record.id, ())
    ]
    events += [
        Event(date=status.date, kind=_kind(status), source=status.source)
        for status in _statuses(geodata).get(record.id, ())
    ]
    return sorted((event for event in events if event.date <= day.isoformat()), key=lambda event: event.date)


def _locations(path: Path) -> dict[str, list[Location]]:
    return _read_locations(path, _age(path))


def _kind(status: Status) -> str:
    return "stands" if status.same_as and status.status == "planned" else status.status


def _statuses(geodata: Path) -> dict[str, list[Status]]:
    return _read_statuses(geodata, _age(geodata / STATUS_FILE), _age(geodata / "retired.csv"))


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


@cache
def _read_locations(path: Path, _age_ns: int) -> dict[str, list[Location]]:
    found: dict[str, list[Location]] = {}
    try:
        for location in load_locations(path):
            found.setdefault(location.facility, []).append(location)
    except GeodataError as error:
        _log.error("%s", error.en)
    return found


@cache
def _read_statuses(geodata: Path, _age_ns: int, _retired_age_ns: int) -> dict[str, list[Status]]:
    found: dict[str, list[Status]] = {}
    try:
        statuses = follow(load_statuses(geodata / STATUS_FILE), load_retired(geodata / "retired.csv"))
        for status in still_said(statuses):
            found.setdefault(status.facility, []).append(status)
    except GeodataError as error:
        _log.error("%s", error.en)
    return found
