"""The rows of what was reported of promises, as a build makes them from the table of statuses."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from service_map import places
from service_map.catalogue import terms


def read(
    geodata: Path,
    facilities: Iterable[places.Facility],
    known: Collection[str],
    *,
    taken_back: Iterable[places.Status] = (),
) -> list[dict[str, Any]]:
    """Give the rows of the table ``reports``.

    Parameters
    ----------
    geodata
        Folder of the open data.
    facilities
        Those that plans promise or files list.
    known
        Ids of promised facilities, requirements and quotas that stand; reports of others count for nothing.
    taken_back
        Reports of what a later plan takes back (`service_map.places.cancel_reports`).

    Returns
    -------
    list of dict
        By promise and date. What a file lists as more than planned, or a later plan cancels, is said by that itself.
    """
    kept = places.follow(
        places.load_statuses(geodata / places.STATUS_FILE), places.load_retired(geodata / "retired.csv")
    )
    rows = [
        {
            "promise": report.facility, "since": first_day(report.date), "date": report.date, "status": report.status,
            "count": report.count, "source": report.source, "link": report.link or None,
        }
        for report in places.still_said([*kept, *taken_back])
        if report.facility in known
    ]  # fmt: skip
    told = {(row["promise"], row["status"], row["date"]) for row in rows}
    rows += [
        {
            "promise": one.id, "since": first_day(one.status_date or "0001"), "date": one.status_date or "",
            "status": one.status, "count": None, "source": one.status_source or one.source_title, "link": None,
        }
        for one in facilities
        if one.status in terms.VERIFIED and (one.id, one.status, one.status_date or "") not in told
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["promise"], row["since"]))


def first_day(date: str) -> str:
    """Give the first day of a year, a month or a day."""
    return date + "0001-01-01"[len(date) :]
