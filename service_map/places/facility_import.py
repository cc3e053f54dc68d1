"""Taking in what exists and what others list as planned: a layer of any form, checked row by row.

Either every row that is wanted comes in or none does. Rows come by in batches and leave as lines of text, so that a
million of them take little memory.
"""

import csv
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from service_map import catalogue, io
from service_map.catalogue.adcode import county_of, covers
from service_map.errors import Fault, InvalidParameterError
from service_map.io import Asked, Batch, Problem
from service_map.places.classes import DEMAND, Classes
from service_map.places.existing import (
    EXISTING_COLUMNS,
    Existing,
    existing_id,
    existing_row,
    is_date,
    read_existing,
    unfinished,
    write_tables,
)
from service_map.places.gazetteer import Gazetteer, short_name
from service_map.places.place_table import BOUNDARY_M, place_faults, shift_warning, unsure
from service_map.places.planned_list import (
    LISTED_COLUMNS,
    LISTED_FILE,
    STATUS_WORDS,
    Listed,
    is_year,
    listed_row,
    read_listed,
    status_of,
)
from service_map.places.shapes import SHAPE_COLUMNS, SHAPES_FILE, Shape, mended, read_shapes, shape_row

UNCERTAINTY_M = 100.0
"""Metres within which the entrance lies of a thing whose source says nothing of its own. Measured on OpenStreetMap:
each of 27 township offices lies within 67 m (median 32 m) of the same office in an independent table; grounds and
campuses have wider figures in ``osm_classes.toml``."""

COLUMNS = {column: column for column in ("id", "class", "name", "area", "uncertainty_m", "date", "status", "year")}
"""The columns of a layer that are read, and their entries in ``columns.toml``."""

MOST_LISTED = 1000
"""Problems and warnings that are kept word by word; all are counted."""

_LONGEST_NAME = 200
_FARTHEST_SEAT_DEGREES = 0.03
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of one row.

    Attributes
    ----------
    row
        Its number.
    result
        ``taken``, ``left_out`` (a class that is not wanted), ``repeated`` (the same as an earlier row) or ``problem``.
    record
        What it becomes, where it is taken.
    note
        What is wrong or odd with it, or empty.
    """

    row: int
    result: str
    record: Existing | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityImport:
    """What `import_facilities` found.

    Attributes
    ----------
    read, taken, planned, demand, left_out, repeated
        Rows in the layer; rows that become existing facilities; rows that become planned ones (or ones under
        construction, or cancelled); rows that become demand points; rows of classes that are not wanted; rows that say
        what an earlier row says.
    categories
        Existing and planned facilities by category.
    problems, warnings
        At most `MOST_LISTED` of each, by row.
    problem_count, warning_count
        How many there are in all.
    written
        Whether the table was written.
    """

    read: int
    taken: int
    planned: int
    demand: int
    left_out: int
    repeated: int
    categories: Mapping[str, int]
    problems: tuple[Problem, ...]
    problem_count: int
    warnings: tuple[Problem, ...]
    warning_count: int
    written: bool


def import_facilities(
    path: Path,
    *,
    datum: str | None,
    source: str,
    licence: str,
    date: str,
    within: Iterable[str],
    classes: Classes,
    gazetteer: Gazetteer,
    output: Path | None,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
    uncertainty_m: float = UNCERTAINTY_M,
    status: str = "existing",
    title: str = "",
    skip_bad: bool = False,
    each: Callable[[Outcome], None] | None = None,
) -> FacilityImport:
    """Check a layer of facilities and make it rows of the tables of `existing` and `listed`.

    Parameters
    ----------
    path
        A file of one of `service_map.io.FORMS`, or an extract of OpenStreetMap. The layer's own ``date`` and
        ``uncertainty_m`` go before the ones given here, its ``area`` (a county's or city's code or name) is compared
        with where the point lies, its ``status`` is one of the words of
        `service_map.places.planned_list.STATUS_WORDS`, its ``year`` when a planned one is to stand.
    datum, crs, layer, columns
        As `service_map.io.Asked` has them; a datum must be known.
    source, licence, date
        Whose layer it is, under what terms, and of when (``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``).
    within
        Codes of the areas that the points must lie in, such as those of the plans.
    classes
        What the layer's classes are among our categories.
    gazetteer
        What `load_gazetteer` returned.
    output
        Table of what exists to write; rows of the same source are replaced, others stay. What is planned goes to
        `LISTED_FILE` beside it. None to look only.
    uncertainty_m
        Metres within which the real site lies, where neither the row nor its class says more.
    status, title
        What rows are that do not say it, a key of `STATUS_WORDS`, but those whose name says that they are being built
        (建设中), which are under construction; and the file's title, which planned ones cite with
        its date and their row: the file's name where it is left out.
    skip_bad
        Take the other rows although some cannot be used.
    each
        Called for each row in order, for a report.

    Returns
    -------
    FacilityImport

    Raises
    ------
    InvalidParameterError
        When something is not stated or not known, or the file cannot be read at all.
    GeodataError
        When a present table cannot be read, or a new one not written.
    """
    _check_stated(source, licence, date, uncertainty_m)
    if status not in STATUS_WORDS:
        allowed = tuple(STATUS_WORDS)
        raise InvalidParameterError(
            "status", f"应为 {'、'.join(allowed)} 之一", f"must be one of {', '.join(allowed)}", allowed
        )
    state = _Intake(
        source=source, licence=licence, date=date, uncertainty_m=uncertainty_m, classes=classes,
        counties=_counties(within, gazetteer), gazetteer=gazetteer, status=status,
        title=" ".join((title or path.name).split())[:_LONGEST_NAME], each=each,
        edges=catalogue.edge_categories(),
    )  # fmt: skip
    asked = Asked(datum=datum, crs=crs, layer=layer, columns=columns or {})
    extract = path.suffix.lower() in io.EXTRACTS
    for batch in io.read_extract(path, asked) if extract else io.read(path, COLUMNS, asked, required=("class",)):
        state.take(batch)
    shift = shift_warning(state.nearest_seats())
    if shift is not None:
        state.warnings.insert(0, shift)
        state.warning_count += 1
    write = output is not None and bool(state.lines or state.listed) and (skip_bad or not state.problem_count)
    if write and output is not None:
        _write(output, state)
    demand = state.by_category.pop(DEMAND, 0)
    return FacilityImport(
        read=state.read,
        taken=sum(state.by_category.values()) - len(state.listed),
        planned=len(state.listed),
        demand=demand,
        left_out=state.left_out,
        repeated=state.repeated,
        categories=dict(sorted(state.by_category.items())),
        problems=tuple(state.problems),
        problem_count=state.problem_count,
        warnings=tuple(state.warnings),
        warning_count=state.warning_count,
        written=write,
    )


def _write(output: Path, state: "_Intake") -> None:
    """Put the rows in the place of those that came of the same source before, in both tables or in none."""
    kept = read_existing(output) if output.exists() else ()
    lines = [_line(existing_row(row)) for row in kept if row.source != state.source]
    # In place: the lines of a million rows are not to stand in memory twice.
    state.lines += lines
    state.lines.sort()
    tables: dict[Path, tuple[Sequence[str], Iterable[str]]] = {}
    if state.lines or output.exists():
        tables[output] = (EXISTING_COLUMNS, state.lines)
    beside = output.with_name(LISTED_FILE)
    if state.listed or beside.exists():
        listed = [*(row for row in read_listed(beside) if row.record.source != state.source), *state.listed]
        tables[beside] = (LISTED_COLUMNS, [_line(row) for row in sorted(map(listed_row, listed))])
    drawn = output.with_name(SHAPES_FILE)
    if state.shapes or drawn.exists():
        kept_shapes = (row for row in read_shapes(drawn) if row.source != state.source) if drawn.exists() else ()
        tables[drawn] = (SHAPE_COLUMNS, sorted(_line(shape_row(row)) for row in (*kept_shapes, *state.shapes)))
    write_tables(tables)


def _check_stated(source: str, licence: str, date: str, uncertainty_m: float) -> None:
    for name, value in (("source", source), ("licence", licence)):
        if not value.strip():
            raise InvalidParameterError(name, "应说明", "must be stated")
    if not is_date(date):
        raise InvalidParameterError("date", "应为 YYYY、YYYY-MM 或 YYYY-MM-DD", "must be YYYY, YYYY-MM or YYYY-MM-DD")
    if not 0 <= uncertainty_m <= 10_000:
        raise InvalidParameterError("uncertainty", "应为 0 到 10000 米", "must be from 0 to 10000 metres")


def _counties(within: Iterable[str], gazetteer: Gazetteer) -> list[str]:
    wanted = tuple(within)
    found = [
        code
        for code, row in gazetteer.rows.items()
        if row.level == "county" and any(covers(area, code) for area in wanted) and gazetteer.geometry(code) is not None
    ]
    if not found:
        raise InvalidParameterError("within", "没有这样的行政区", "there are no such areas")
    return sorted(found)


@dataclass(slots=True, kw_only=True)
class _Intake:
    """What is known while the batches come by."""

    source: str
    licence: str
    date: str
    uncertainty_m: float
    classes: Classes
    counties: list[str]
    gazetteer: Gazetteer
    status: str
    title: str
    each: Callable[[Outcome], None] | None
    edges: Collection[str] = ()
    where: str = ""
    read: int = 0
    left_out: int = 0
    repeated: int = 0
    problem_count: int = 0
    warning_count: int = 0
    by_category: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    _seen: dict[int, tuple[int, int]] = field(default_factory=dict)  # id: row, hash of what it said
    _names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _near: dict[str, tuple[float, float, float]] = field(default_factory=dict)  # county: squared degrees, lon, lat

    def take(self, batch: Batch) -> None:
        """Check a batch and keep its good rows."""
        count = len(batch)
        self.where = batch.where
        if not self.read and (doubt := unsure(batch)) is not None:
            self._warn(doubt)
        self.read += count
        kinds, names, ids, areas = (batch.column(name) for name in ("class", "name", "id", "area"))
        reaches, dates, states, years = (batch.column(name) for name in ("uncertainty_m", "date", "status", "year"))
        faults = place_faults(batch)
        lonlat = batch.lonlat.copy()
        lonlat[[fault is not None for fault in faults]] = np.nan
        county = self._place(lonlat)
        out = csv_line()
        for index in range(count):
            number, name = batch.numbers[index], " ".join(names[index].split())
            rule = self.classes.find(kinds[index], name)
            state = status_of(states[index]) if states[index] else self._unsaid(name)
            # A community that is yet to be built holds nobody who needs anything.
            unwanted = rule is not None and rule.category == DEMAND and state not in ("existing", None)
            if unwanted or (rule is not None and rule.category is None):
                self.left_out += 1
                self._tell(number, "left_out", None, "")
                continue
            problem = (
                _row_fault(number, kinds[index], name, reaches[index], dates[index], known=rule is not None)
                or _status_fault(number, state, states[index], years[index]) or faults[index]
            )  # fmt: skip
            lon, lat = lonlat[index].tolist()
            code, remark = int(county[index]), None
            if problem is None:
                adcode, problem, remark = self._area(number, areas[index], lon, lat, code)
            if problem is not None or rule is None or rule.category is None or state is None:
                self._complain(number, problem)
                continue
            metres = float(reaches[index]) if reaches[index] else (
                self.uncertainty_m if rule.uncertainty_m is None else rule.uncertainty_m
            )  # fmt: skip
            lon, lat, doubt_m = round(lon, 7), round(lat, 7), float(np.ceil(batch.accuracy_m[index]))
            record = Existing(
                id=existing_id(source=self.source, source_id=ids[index], category=rule.category, name=name, lon=lon,
                               lat=lat),
                category=rule.category, name=name, adcode=adcode, lon=lon, lat=lat,
                uncertainty_m=max(metres, float(np.ceil(batch.reach_m[index]))) + doubt_m, kind=kinds[index],
                source_id=ids[index], date=dates[index] or self.date, source=self.source, licence=self.licence,
            )  # fmt: skip
            if self._is_new(number, record):
                self.by_category[record.category] += 1
                shape = batch.shape(index) if record.category in self.edges else None
                if shape is not None:
                    # The row's own uncertainty covers all of its ground; its edge is known as well as the source is.
                    own = float(reaches[index]) if reaches[index] else self.uncertainty_m
                    self._draw(record, shape, own + doubt_m)
                if state == "existing":
                    self.lines.append(out(existing_row(record)))
                else:
                    year = int(years[index]) if years[index] else None
                    self.listed.append(Listed(record=record, status=state, year=year, title=self.title, row=number))
                notes = ("" if state == "existing" else state, "" if remark is None else str(remark))
                self._tell(number, "taken", record, " ".join(filter(None, notes)))
                if remark is not None:
                    self._warn(remark)

    def _unsaid(self, name: str) -> str:
        """Say what a row is that does not say it itself: 某学校（建设中） stands no more than a planned one."""
        return "under_construction" if self.status == "existing" and unfinished(name)[1] else self.status

    def _draw(self, record: Existing, shape: BaseGeometry, uncertainty_m: float) -> None:
        turned = mended(shape)
        if turned.is_empty:  # a ground without a surface is its point
            return
        self.shapes.append(Shape(id=record.id, uncertainty_m=uncertainty_m, source=record.source, geometry=turned))

    def _place(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the position of the county that holds each point, -1 for none, and note those nearest to the seats."""
        found = np.full(len(lonlat), -1, dtype=np.int64)
        for position, code in enumerate(self.counties):
            shape = self.gazetteer.geometry(code)
            if shape is None:
                continue
            shapely.prepare(shape)
            west, south, east, north = shape.bounds
            near = np.flatnonzero(
                (found < 0) & (lonlat[:, 0] >= west) & (lonlat[:, 0] <= east) & (lonlat[:, 1] >= south)
                & (lonlat[:, 1] <= north)
            )  # fmt: skip
            inside = near[shapely.contains_xy(shape, lonlat[near, 0], lonlat[near, 1])]
            found[inside] = position
            seat = self.gazetteer.point(code)
            if len(inside) and seat is not None:
                away = ((lonlat[inside] - seat) ** 2).sum(axis=1)
                best = int(np.argmin(away))
                lon, lat = lonlat[inside[best]].tolist()
                self._near[code] = min(self._near.get(code, (np.inf, 0.0, 0.0)), (float(away[best]), lon, lat))
        return found

    def nearest_seats(self) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """Pair the seat of each county with the point nearest to it, where that is near."""
        pairs = []
        for code, (away, lon, lat) in sorted(self._near.items()):
            seat = self.gazetteer.point(code)
            if seat is not None and away <= _FARTHEST_SEAT_DEGREES**2:
                pairs.append((seat, (lon, lat)))
        return pairs

    def _area(
        self, number: int, named: str, lon: float, lat: float, position: int
    ) -> tuple[str, Problem | None, Problem | None]:
        """Say in which county a row stands: the code, or what is wrong, and what is odd."""
        there = self.counties[position] if position >= 0 else None
        wanted = self._candidates(named) if named else (there,) if there is not None else tuple(self.counties)
        if not wanted:
            zh, en = Fault(f"数据范围内没有 {named!r}", f"there is no {named!r} in the areas of the data")
            return "", Problem(row=number, column="area", zh=zh, en=en), None
        if there is not None and there in wanted:
            return there, None, None
        code, metres = self._nearest(lon, lat, [code for code in wanted if code is not None])
        if metres > BOUNDARY_M:
            where = self.gazetteer.rows[code].name if named else "数据范围"
            area = self.gazetteer.rows[code].name if named else "the areas of the data"
            zh, en = Fault(f"点在{where}之外 {metres:.0f} 米", f"the point lies {metres:.0f} m outside {area}")
            return "", Problem(row=number, column="lon, lat", zh=zh, en=en), None
        name = self.gazetteer.rows[code].name
        zh, en = Fault(
            f"点在 {name} 之外 {metres:.0f} 米，仍计入",
            f"the point lies {metres:.0f} m outside {name}; still taken",
        )
        return code, None, Problem(row=number, column="lon, lat", zh=zh, en=en)

    def _candidates(self, named: str) -> tuple[str, ...]:
        if named not in self._names:
            rows = self.gazetteer.rows
            code = self.gazetteer.former_codes.get(county_of(named), county_of(named))
            self._names[named] = tuple(
                county
                for county in self.counties
                if (named.isdigit() and covers(code, county))
                or named in (rows[county].name, short_name(rows[county].name), rows[rows[county].parent].name)
                or named in self.gazetteer.former_names.get(county, ())
                or named == rows[rows[county].parent].name + rows[county].name
            )
        return self._names[named]

    def _nearest(self, lon: float, lat: float, among: list[str]) -> tuple[str, float]:
        point = shapely.Point(lon, lat)
        shapes = [self.gazetteer.geometry(code) for code in among]
        best = int(np.argmin(shapely.distance(shapes, point)))
        nearest = shapely.get_coordinates(shapely.shortest_line(point, shapes[best]))[1]
        return among[best], float(_GEOD.inv(lon, lat, *nearest)[2])

    def _is_new(self, number: int, record: Existing) -> bool:
        said = hash((record.name, record.lon, record.lat, record.adcode))
        first = self._seen.setdefault(int(record.id[1:], 16), (number, said))
        if first[0] == number:
            return True
        if first[1] == said:
            self.repeated += 1
            self._tell(number, "repeated", None, f"= {first[0]}")
            return False
        zh, en = Fault(
            f"与第 {first[0]} 行的标识和类别相同，内容不同", f"has the id and class of row {first[0]}, and differs"
        )
        self._complain(number, Problem(row=number, column="id", zh=zh, en=en))
        return False

    def _complain(self, number: int, problem: Problem | None) -> None:
        if problem is None:
            return
        problem = replace(problem, where=self.where)
        self.problem_count += 1
        if len(self.problems) < MOST_LISTED:
            self.problems.append(problem)
        self._tell(number, "problem", None, str(problem))

    def _warn(self, remark: Problem) -> None:
        self.warning_count += 1
        if len(self.warnings) < MOST_LISTED:
            self.warnings.append(replace(remark, where=self.where))

    def _tell(self, number: int, result: str, record: Existing | None, note: str) -> None:
        if self.each is not None:
            self.each(Outcome(row=number, result=result, record=record, note=note))


def csv_line() -> Callable[[Iterable[str]], str]:
    """Make a function that writes one row of a CSV file as text."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")

    def line(row: Iterable[str]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(row)
        return buffer.getvalue()

    return line


def _line(row: Iterable[str]) -> str:
    return csv_line()(row)


def _row_fault(number: int, kind: str, name: str, reach: str, date: str, *, known: bool) -> Problem | None:
    if not known:
        zh, en = Fault(f"不认识的类别 {kind[:40]!r}", f"the class {kind[:40]!r} is not known")
        return Problem(row=number, column="class", zh=zh, en=en)
    if len(name) > _LONGEST_NAME or not name.isprintable():
        zh, en = Fault(f"应为至多 {_LONGEST_NAME} 个可见字符", f"takes at most {_LONGEST_NAME} visible characters")
        return Problem(row=number, column="name", zh=zh, en=en)
    if reach and not _is_metres(reach):
        return Problem(row=number, column="uncertainty_m", zh="应为米数", en="must be a number of metres")
    if date and not is_date(date):
        zh, en = Fault("应为 YYYY、YYYY-MM 或 YYYY-MM-DD", "must be YYYY, YYYY-MM or YYYY-MM-DD")
        return Problem(row=number, column="date", zh=zh, en=en)
    return None


def _status_fault(number: int, state: str | None, words: str, year: str) -> Problem | None:
    if state is None:
        allowed = "、".join(STATUS_WORDS)
        zh = f"不认识的状态 {words[:40]!r}，应为 {allowed}"
        en = f"the status {words[:40]!r} is not known; it takes {', '.join(STATUS_WORDS)}"
        return Problem(row=number, column="status", zh=zh, en=en)
    if year and state != "existing" and not is_year(year):
        return Problem(row=number, column="year", zh="应为四位年份", en="must be a year of four digits")
    return None


def _is_metres(text: str) -> bool:
    try:
        return 0 <= float(text) < float("inf")
    except ValueError:
        return False
