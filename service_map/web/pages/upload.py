"""What a reader brings in a form: points of people or of facilities, as CSV or GeoJSON, read in memory and forgotten.

Nothing of it touches the disk: files of a form are kept in memory while one answer is made.
"""

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from typing import Any, TypeVar

import numpy as np
import orjson
import shapely
from flask import request
from numpy.typing import NDArray
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from service_map import analysis, coverage
from service_map.analysis import CAPACITIES, MOST_POINTS, Own
from service_map.coverage import Demand
from service_map.errors import InvalidParameterError
from service_map.io.datum import to_wgs84
from service_map.places.layer import LAYER_COLUMNS
from service_map.places.listed import STATUS_WORDS, is_year, status_of
from service_map.web import params
from service_map.web.security import MAX_ANALYSIS_BYTES

MOST_FACILITIES = 2_000
"""Most facilities of one file: the circles of so many are joined within seconds."""

_YEARS = (*LAYER_COLUMNS["year"], "年份")
_LONGEST_NAME = 200
_PEOPLE = ("people", "population", "pop", "人口", "人数", "常住人口")
_HEADED = 2  # rows are numbered as a spreadsheet shows them: the heading is row 1
_UNSHIFTED = ("WGS84", "CGCS2000")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as it was sent: its texts by name, and the files that hold anything."""

    texts: MultiDict[str, str]
    files: Mapping[str, FileStorage]


def read_form() -> Form:
    """Read this request's form without writing any file of it to the disk.

    Returns
    -------
    Form

    Raises
    ------
    RequestEntityTooLarge
        When the form is larger than `MAX_ANALYSIS_BYTES`.
    """

    def in_memory(*_args: Any, **_kwargs: Any) -> BytesIO:
        return BytesIO()

    if (request.content_length or 0) > MAX_ANALYSIS_BYTES:
        raise RequestEntityTooLarge
    parser = FormDataParser(stream_factory=in_memory, max_content_length=MAX_ANALYSIS_BYTES)
    _stream, texts, files = parser.parse(
        request.stream, request.mimetype, request.content_length, dict(request.mimetype_params)
    )
    return Form(texts=texts, files={name: file for name, file in files.items() if file.filename})


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """People of one file.

    Attributes
    ----------
    name
        Of the file, fit to be shown.
    demand
        The points in WGS 84, with the people of each where the file says so, else one each.
    counted
        Whether the file says how many people.
    """

    name: str
    demand: Demand
    counted: bool

    @property
    def count(self) -> int:
        """How many points."""
        return len(self.demand.lonlat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facilities:
    """Facilities of one file, standing today; ``name`` is the file's, fit to be shown."""

    name: str
    own: tuple[Own, ...]

    @property
    def count(self) -> int:
        """How many facilities."""
        return len(self.own)


def read_people(file: FileStorage, *, datum: str) -> People:
    """Read where people live.

    Parameters
    ----------
    file
        CSV (UTF-8 or GB18030) with columns of longitude and latitude, or GeoJSON of points.
    datum
        What its coordinates are in, one of `service_map.io.datum.DATUMS`.

    Returns
    -------
    People

    Raises
    ------
    InvalidParameterError
        Under the file's name; it says the row or the feature.
    """
    with _named(file) as (name, body):
        if not _is_json(body):
            return _people_of(name, _rows(name, _decoded(name, body)), datum)
        given = analysis.read_body(body.removeprefix(_MARK), datum=datum)
        if given.demand is None:
            raise InvalidParameterError(name, f"没有点要素{_FORMS_ZH}", f"holds no points{_FORMS_EN}")
        return People(name=name, demand=given.demand, counted=bool((given.demand.amount != 1).any()))


def read_facilities(file: FileStorage, *, datum: str) -> Facilities:
    """Read where facilities stand; their kind is the question's.

    Parameters
    ----------
    file
        CSV as for `read_people`, or GeoJSON of points, lines or polygons. What a row or a feature says of ``name``,
        ``status`` (as `service_map.places.listed.STATUS_WORDS`), ``year``, ``uncertainty_m`` and of what a facility
        holds (`service_map.analysis.CAPACITIES`) counts; an empty cell and null say nothing.
    datum
        As for `read_people`.

    Returns
    -------
    Facilities

    Raises
    ------
    InvalidParameterError
        As for `read_people`.
    """
    with _named(file) as (name, body):
        if not _is_json(body):
            own = _own_of(name, _rows(name, _decoded(name, body)), datum)
        else:
            own = analysis.read_body(_as_facilities(body.removeprefix(_MARK)), datum=datum).facilities
        if len(own) > MOST_FACILITIES:
            raise InvalidParameterError(
                name,
                f"设施至多 {MOST_FACILITIES} 处，现有 {len(own)} 处；更多的请用命令行 service-map coverage",
                f"at most {MOST_FACILITIES} facilities, not {len(own)}; for more use the command line:"
                " service-map coverage",
            )
        return Facilities(name=name, own=own)


def _own_of(name: str, rows: list[list[str]], datum: str) -> tuple[Own, ...]:
    """Make facilities of the rows of a table; an empty cell means that nobody knows."""
    lonlat, heading = _points(name, rows, datum), _heading(rows)

    def numbers(usual: Sequence[str]) -> list[float | None]:
        column = _column(heading, usual)
        found = [] if column is None else _amounts(name, rows, heading, column, blank=True).tolist()
        return [None if math.isnan(value) else value for value in found] or [None] * len(lonlat)

    def texts(field: str, usual: Sequence[str], read: Callable[[str], T | None], zh: str, en: str) -> list[T | None]:
        column = _column(heading, usual)
        found: list[T | None] = []
        for line, row in enumerate(rows[1:], _HEADED):
            text = "" if column is None or column >= len(row) else row[column].strip()
            value = read(text) if text else None
            if text and value is None:
                told = params.shown(text)
                raise InvalidParameterError(
                    name, f"第 {line} 行的 {field} {zh}：“{told}”", f"row {line}: {field} {en}: {told!r}"
                )
            found.append(value)
        return found

    named = texts("name", LAYER_COLUMNS["name"], lambda text: text[:_LONGEST_NAME], "", "")
    statuses = texts("status", LAYER_COLUMNS["status"], status_of, *_STATUS_IS)
    years = texts("year", _YEARS, lambda text: int(text) if is_year(text) else None, "应为 1900 到 2199 的年份",
                  "takes a year from 1900 to 2199")  # fmt: skip
    doubts = numbers(LAYER_COLUMNS["uncertainty_m"])
    held = [numbers(usual) for usual in CAPACITIES.values()]
    return tuple(
        Own(
            geometry=point,
            name=called or "",
            status=status or "existing",
            year=year,
            uncertainty_m=doubt or 0.0,
            **dict(zip(CAPACITIES, holds, strict=True)),
        )
        for point, called, status, year, doubt, *holds in zip(
            shapely.points(lonlat), named, statuses, years, doubts, *held, strict=True
        )
    )


def _as_facilities(body: bytes) -> bytes:
    """Say of every feature that it is a facility; of its own properties few mean something here."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body  # read_body says what is wrong with it
    features = document.get("features") if isinstance(document, dict) else None
    listed = features if isinstance(features, list) else [document]
    for number, feature in enumerate(listed):
        if isinstance(feature, dict) and feature.get("type") != "Feature":
            listed[number] = {"type": "Feature", "geometry": feature}
        if isinstance(listed[number], dict):
            said = listed[number].get("properties")
            kept = {key: said[key] for key in _KEPT if said.get(key) is not None} if isinstance(said, dict) else {}
            if isinstance(kept.get("status"), str):
                kept["status"] = _status_of_feature(number + 1, kept["status"])
            listed[number]["properties"] = {"role": "facility", **kept}
    return orjson.dumps({"type": "FeatureCollection", "features": listed})


def _status_of_feature(number: int, text: str) -> str:
    status = status_of(text or "existing")
    if status is None:
        zh, en = _STATUS_IS
        told = params.shown(text)
        raise InvalidParameterError(
            "body", f"第 {number} 个要素的 status {zh}：“{told}”", f"feature {number}: status {en}: {told!r}"
        )
    return status


_STATUS_IS = (f"应为 {'、'.join(STATUS_WORDS)} 之一", f"is one of {', '.join(STATUS_WORDS)}")
_KEPT = ("name", "status", "year", "uncertainty_m", *CAPACITIES)
_MARK = b"\xef\xbb\xbf"


def _is_json(body: bytes) -> bool:
    return body.lstrip(_MARK + b" \t\r\n")[:1] in {b"{", b"["}


@contextmanager
def _named(file: FileStorage) -> Iterator[tuple[str, bytes]]:
    """Give a file's name and bytes; what is wrong with them is told under that name."""
    name, body = params.shown(file.filename or "file"), file.stream.read()
    if not body.strip():
        raise InvalidParameterError(name, "文件是空的", "the file is empty")
    try:
        yield name, body
    except InvalidParameterError as error:
        if error.field == name:
            raise
        # The reader knows the file by its name, not by the part of the form that it came in.
        raise InvalidParameterError(
            name,
            error.zh.removeprefix(f"{error.field}：") + _FORMS_ZH,
            error.en.removeprefix(f"{error.field}: ") + _FORMS_EN,
        ) from error


_FORMS_ZH = "。可以上传：含经度、纬度两列的 CSV，或点要素的 GeoJSON"
_FORMS_EN = ". You can upload a CSV with columns of longitude and latitude, or GeoJSON of points"


def _decoded(name: str, body: bytes) -> str:
    # A NUL stands in no table; GB18030 would read a picture as rare characters.
    for encoding in ("utf-8-sig", "gb18030") if b"\0" not in body else ():
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidParameterError(
        name, f"不是 CSV 或 GeoJSON 文本{_FORMS_ZH}", f"is neither CSV nor GeoJSON text{_FORMS_EN}"
    )


def _rows(name: str, text: str) -> list[list[str]]:
    """Cut a table into rows, the heading first; empty ones are left out."""
    try:
        return [row for row in csv.reader(StringIO(text)) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InvalidParameterError(name, f"不是合格的 CSV{_FORMS_ZH}", f"is not valid CSV{_FORMS_EN}") from error


def _heading(rows: list[list[str]]) -> list[str]:
    return [cell.strip().lower() for cell in rows[0]]


def _column(heading: list[str], usual: Sequence[str]) -> int | None:
    return next((heading.index(title) for title in usual if title in heading), None)


def _points(name: str, rows: list[list[str]], datum: str) -> NDArray[np.float64]:
    """Read where the rows lie, in WGS 84."""
    heading = _heading(rows)
    lon, lat = (_column(heading, LAYER_COLUMNS[axis]) for axis in ("lon", "lat"))
    if lon is None or lat is None:
        raise InvalidParameterError(
            name,
            f"第一行里没有经度和纬度的列名{_FORMS_ZH}",
            f"its first row names no longitude and latitude{_FORMS_EN}",
        )
    if len(rows) == 1:
        raise InvalidParameterError(name, "只有列名，没有点", "holds a heading and no points")
    if len(rows) - 1 > MOST_POINTS:
        raise InvalidParameterError(name, f"至多 {MOST_POINTS} 个点", f"takes at most {MOST_POINTS} points")
    lonlat = np.column_stack([_numbers(name, rows, heading, index) for index in (lon, lat)])
    outside = np.flatnonzero((np.abs(lonlat[:, 0]) > 180) | (np.abs(lonlat[:, 1]) > 90))
    if len(outside):
        row = int(outside[0]) + _HEADED
        raise InvalidParameterError(
            name,
            f"第 {row} 行的坐标超出经度 ±180、纬度 ±90，经纬度可能写反了",
            f"row {row} lies outside longitude ±180, latitude ±90; they may be swapped",
        )
    return lonlat if datum in _UNSHIFTED else np.column_stack(to_wgs84(lonlat[:, 0], lonlat[:, 1], datum=datum))


def _people_of(name: str, rows: list[list[str]], datum: str) -> People:
    lonlat, heading = _points(name, rows, datum), _heading(rows)
    column = _column(heading, _PEOPLE)
    people = np.ones(len(lonlat)) if column is None else _amounts(name, rows, heading, column)
    demand = coverage.points(lonlat, people)
    if column is None:
        demand = replace(
            demand,
            zh=f"{demand.zh}；没有人口列，每点按 1 人计",
            en=f"{demand.en}; without a column of people each point counts one person",
        )
    return People(name=name, demand=demand, counted=column is not None)


def _amounts(
    name: str, rows: list[list[str]], heading: list[str], column: int, *, blank: bool = False
) -> NDArray[np.float64]:
    found = _numbers(name, rows, heading, column, blank=blank)
    bad = np.flatnonzero(found < 0)
    if len(bad):
        line, title = int(bad[0]) + _HEADED, params.shown(heading[column])
        raise InvalidParameterError(name, f"第 {line} 行的 {title} 小于 0", f"row {line}: {title} is less than 0")
    return found


def _numbers(
    name: str, rows: list[list[str]], heading: list[str], column: int, *, blank: bool = False
) -> NDArray[np.float64]:
    """Read a column of numbers; an empty cell is NaN where `blank` allows it."""
    found = np.empty(len(rows) - 1)
    for number, row in enumerate(rows[1:]):
        text = row[column].strip() if column < len(row) else ""
        try:
            found[number] = float(text)
        except ValueError:
            found[number] = np.nan
        if not np.isfinite(found[number]) and (text or not blank):
            line = number + _HEADED
            raise InvalidParameterError(
                name,
                f"第 {line} 行的 {params.shown(heading[column])} 不是数：“{params.shown(text)}”",
                f"row {line}: {params.shown(heading[column])} is no number: {params.shown(text)!r}",
            )
    return found
