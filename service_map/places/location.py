"""Locations that people or geocoders supply for facilities, so that their points become surer than the plan's words.

They are kept in a table of their own, one row a facility, and are laid over what `service_map.places.locate` makes:
a new edition of the extractor or the gazetteer does not lose them, and a facility keeps its id.
"""

import csv
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pyproj import Geod

from service_map.catalogue import terms
from service_map.catalogue.adcode import county_of
from service_map.errors import Fault, GeodataError, InvalidParameterError
from service_map.io import Asked, Problem
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.place_table import Row, nearest_to_seats, outside, read_rows, shift_warning

LOCATION_COLUMNS = ("id", "name", "adcode", "lon", "lat", "precision", "uncertainty_m", "source", "licence", "date")
"""Columns of a table of locations. In the template, lon, lat, source and date stand empty, to be filled."""

COLUMNS = {"id": "facility"} | {
    column: column for column in ("precision", "uncertainty_m", "source", "licence", "date")
}
"""Of these the ones that are read back, and their entries in ``columns.toml``."""

DEFAULT_UNCERTAINTY_M: Mapping[str, float] = {"site": 100.0, "street": 1000.0, "village": 2000.0}
"""Metres around a supplied point where the row gives none."""

_GEOD = Geod(ellps="WGS84")
_TEMPLATE_COLUMNS = (*LOCATION_COLUMNS, "present_precision", "present_uncertainty_m", "located_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a facility really is, as far as somebody knows.

    Attributes
    ----------
    facility
        The facility's id.
    lon, lat
        WGS 84 degrees.
    precision, uncertainty_m
        ``site``, ``street`` or ``village``, and the metres around the point within which the site lies.
    source, licence, date
        Who says so, under what terms, and when (``YYYY-MM-DD``).
    """

    facility: str
    lon: float
    lat: float
    precision: str
    uncertainty_m: float
    source: str
    licence: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationImport:
    """What `import_locations` found.

    Attributes
    ----------
    read
        Rows in the table.
    blank
        Rows of the template that were not filled in.
    locations
        In order of facility; none when there is a problem, because nothing is half imported.
    problems, warnings
        By row.
    """

    read: int
    blank: int
    locations: tuple[Location, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def export_locations(path: Path, facilities: Iterable[Facility]) -> int:
    """Write a template of what is still imprecise, for somebody to fill in.

    Parameters
    ----------
    path
        CSV file (UTF-8 with a mark, so that spreadsheets read it), with the columns `LOCATION_COLUMNS` and what is
        known at present.
    facilities
        Those known to a street, village or site already are left out.

    Returns
    -------
    int
        Rows written, the least sure first.
    """
    wanted = [facility for facility in facilities if facility.precision not in DEFAULT_UNCERTAINTY_M]
    wanted.sort(key=lambda facility: (-terms.PRECISION.codes.index(facility.precision), facility.adcode, facility.id))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, _TEMPLATE_COLUMNS, restval="")
        writer.writeheader()
        for facility in wanted:
            writer.writerow(
                {
                    "id": facility.id,
                    "name": facility.name,
                    "adcode": facility.adcode,
                    "precision": "site",
                    "present_precision": facility.precision,
                    "present_uncertainty_m": f"{facility.uncertainty_m:.0f}",
                    "located_by": facility.located_by,
                }
            )
    return len(wanted)


def import_locations(
    path: Path,
    facilities: Sequence[Facility],
    *,
    datum: str | None,
    gazetteer: Gazetteer,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
) -> LocationImport:
    """Check a table of locations: a filled template, or any table with an id and a point in each row.

    Parameters
    ----------
    path
        As for `service_map.places.place_table.read_rows`. ``precision`` is ``site`` where the table has no such column,
        ``uncertainty_m`` that of `DEFAULT_UNCERTAINTY_M`, ``licence`` the source's own.
    datum, crs, layer, columns
        As `service_map.io.Asked` has them.
    facilities
        What `service_map.places.locate` returned.
    gazetteer
        For the areas that the points must lie in.

    Returns
    -------
    LocationImport

    Raises
    ------
    InvalidParameterError
        When the datum is not stated or not known, or the file cannot be read at all.
    """
    asked = Asked(datum=datum, crs=crs, layer=layer, columns=columns or {})
    rows, faults, warnings = read_rows(path, COLUMNS, asked, required=("id", "source", "date"))
    blank = {row.number for row in rows if row.cells.get("lon") == row.cells.get("lat") == ""}
    problems = [fault for fault in faults if fault.row not in blank]
    bad = {problem.row for problem in problems}
    known = {facility.id: facility for facility in facilities}
    seen: dict[str, int] = {}
    locations = []
    for row in rows:
        if row.number in blank or row.number in bad:
            continue
        problem = _row_problem(row, known, seen)
        if problem is None:
            facility = known[row.cells["id"]]
            problem, warning = outside(row, facility.adcode, gazetteer)
            odd = None if problem is not None else _far(row, facility)
            warnings += [remark for remark in (warning, odd) if remark is not None]
        if problem is not None:
            problems.append(problem)
        else:
            locations.append(_location(row))
    problems.sort(key=lambda problem: (problem.row, problem.column))
    areas = [(county_of(known[item.facility].adcode), item.lon, item.lat) for item in locations]
    if (shift := shift_warning(nearest_to_seats(areas, gazetteer))) is not None:
        warnings.insert(0, shift)
    good = () if problems else tuple(sorted(locations, key=lambda location: location.facility))
    return LocationImport(
        read=len(rows), blank=len(blank), locations=good, problems=tuple(problems), warnings=tuple(warnings)
    )


def load_locations(path: Path) -> list[Location]:
    """Read what `write_locations` wrote; a facility that is no longer there does no harm.

    Parameters
    ----------
    path
        CSV file; a missing one holds no locations.

    Returns
    -------
    list of Location

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    if not path.exists():
        return []
    try:
        rows, problems, _ = read_rows(path, COLUMNS, Asked(datum="WGS84"), blank=True)
    except InvalidParameterError as error:
        raise GeodataError(f"无法读取 {path}：{error.zh}", f"cannot read {path}: {error.en}") from error
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        problem = _row_problem(row, (row.cells.get("id", ""),), seen)
        if problem is not None:
            problems.append(problem)
        elif row.lon is not None:
            found.append(_location(row))
    if problems:
        raise GeodataError(f"{path} {problems[0].zh}", f"{path}, row {problems[0].row}: {problems[0].en}")
    return found


def write_locations(path: Path, locations: Iterable[Location]) -> None:
    """Write locations as a table that `load_locations` reads, in order of facility; replaced as a whole."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, LOCATION_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for location in sorted(locations, key=lambda location: location.facility):
            writer.writerow(
                {
                    "id": location.facility,
                    "lon": f"{location.lon:.7f}",
                    "lat": f"{location.lat:.7f}",
                    "precision": location.precision,
                    "uncertainty_m": f"{location.uncertainty_m:g}",
                    "source": location.source,
                    "licence": location.licence,
                    "date": location.date,
                }
            )
    beside.replace(path)


def apply_locations(facilities: Iterable[Facility], locations: Iterable[Location]) -> list[Facility]:
    """Lay locations over facilities; a facility that has one takes its point, precision and source, and keeps the rest.

    Parameters
    ----------
    facilities
        What `service_map.places.locate` returned.
    locations
        At most one a facility; those of facilities that are not there are passed over.

    Returns
    -------
    list of Facility
        In the order given.
    """
    given = {location.facility: location for location in locations}
    found = []
    for facility in facilities:
        location = given.get(facility.id)
        if location is None:
            found.append(facility)
            continue
        found.append(
            replace(
                facility,
                lon=location.lon,
                lat=location.lat,
                precision=location.precision,
                uncertainty_m=location.uncertainty_m,
                point_source=f"{location.source}（{location.date}）",
                point_licence=location.licence,
            )
        )
    return found


def _far(row: Row, facility: Facility) -> Problem | None:
    """Remark on a point that lies farther from the facility's present one than that can be wrong."""
    metres = _GEOD.inv(facility.lon, facility.lat, row.lon, row.lat)[2]
    if metres <= facility.uncertainty_m:
        return None
    zh = f"离现在的点 {metres:.0f} 米，超出其误差 {facility.uncertainty_m:.0f} 米"
    en = f"lies {metres:.0f} m from the present point, whose uncertainty is {facility.uncertainty_m:.0f} m"
    return row.problem("lon, lat", zh, en)


def _row_problem(row: Row, known: Collection[str], seen: dict[str, int]) -> Problem | None:
    cells = row.cells
    identity, reach = cells.get("id", ""), cells.get("uncertainty_m", "")
    twice = seen.setdefault(identity, row.number)
    precisions = tuple(DEFAULT_UNCERTAINTY_M)
    checks = (
        ("id", identity in known, *Fault(f"没有这个设施：{identity!r}", f"no such facility: {identity!r}")),
        (
            "id",
            twice == row.number,
            *Fault(f"与第 {twice} 行重复：{identity}", f"stands in row {twice} too: {identity}"),
        ),
        ("source", bool(cells.get("source")), *Fault("应说明来源", "must be stated")),
        ("date", _is_date(cells.get("date", "")), *Fault("应为 YYYY-MM-DD", "must be YYYY-MM-DD")),
        (
            "precision",
            (cells.get("precision") or "site") in precisions,
            *Fault(f"应为 {'、'.join(precisions)} 之一", f"must be one of {', '.join(precisions)}"),
        ),
        (
            "uncertainty_m",
            re.fullmatch(r"(?:\d{1,6}(?:\.\d+)?)?", reach),
            *Fault("应为米数", "must be a number of metres"),
        ),
    )
    return next((row.problem(column, zh, en) for column, fine, zh, en in checks if not fine), None)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _location(row: Row) -> Location:
    precision = row.cells.get("precision") or "site"
    reach = row.cells.get("uncertainty_m", "")
    return Location(
        facility=row.cells["id"],
        lon=round(row.lon or 0.0, 7),
        lat=round(row.lat or 0.0, 7),
        precision=precision,
        uncertainty_m=(float(reach) if reach else DEFAULT_UNCERTAINTY_M[precision]) + math.ceil(row.accuracy_m),
        source=row.cells["source"],
        licence=row.cells.get("licence") or row.cells["source"],
        date=row.cells["date"],
    )
