"""What a reader brings in a form: people or facilities, as a table or layer of any form, read in memory and forgotten.

Nothing of it touches the disk: files of a form are kept in memory while one answer is made, in a process that computes.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from service_map import analysis
from service_map.analysis import MOST_POINTS, Own
from service_map.coverage import Demand
from service_map.errors import Fault, InvalidParameterError
from service_map.io import Asked, Source
from service_map.web import params
from service_map.web.security import MAX_ANALYSIS_BYTES

MOST_FACILITIES = 2_000
"""Most facilities of one file: the circles of so many are joined within seconds."""

UPLOADED = (".csv", ".tsv", ".txt", ".xlsx", ".geojson", ".json", ".gpkg", ".zip", ".fgb", ".parquet", ".kml")
"""Endings that the form lets a reader choose; Shapefiles and File Geodatabases come zipped."""


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
        Whether the file says of any point that it is more or less than one person.
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


def read_people(file: FileStorage, asked: Asked) -> People:
    """Read where people live.

    Parameters
    ----------
    file
        As `service_map.analysis.read_demand` takes it.
    asked
        What the form says of its coordinates and its sheet or layer.

    Returns
    -------
    People

    Raises
    ------
    InvalidParameterError
        Under the file's name; it says the sheet or layer, row and column.
    """
    with _named(file) as source:
        demand = analysis.read_demand(source, asked, most=MOST_POINTS)
        return People(name=source.name, demand=demand, counted=bool((demand.amount != 1).any()))


def read_facilities(file: FileStorage, asked: Asked) -> Facilities:
    """Read where facilities stand; their kind is the question's, whatever the file says of it.

    Parameters
    ----------
    file, asked
        As `service_map.analysis.read_facilities` takes them.

    Returns
    -------
    Facilities

    Raises
    ------
    InvalidParameterError
        As for `read_people`.
    """
    with _named(file) as source:
        own = analysis.read_facilities(source, asked, most=MOST_POINTS)
        if len(own) > MOST_FACILITIES:
            raise InvalidParameterError(
                "facilities",
                f"设施至多 {MOST_FACILITIES} 处，现有 {len(own)} 处；更多的请用命令行 service-map coverage",
                f"at most {MOST_FACILITIES} facilities, not {len(own)}; for more use the command line:"
                " service-map coverage",
            )
        return Facilities(name=source.name, own=tuple(replace(one, category="") for one in own))


@contextmanager
def _named(file: FileStorage) -> Iterator[Source]:
    """Give a file; what is wrong with it is told by its name, which the reader knows, and in the form's words."""
    given = file.filename or "file"
    name, suffix = params.shown(given), Path(given).suffix
    name = name if name.endswith(suffix) else f"{name}{suffix}"
    if suffix.lower() not in UPLOADED:
        raise InvalidParameterError(name, f"不是能读的文件{_FORMS_ZH}", f"is no file that can be read{_FORMS_EN}")
    try:
        yield Source(name=name, body=file.stream.read())
    except InvalidParameterError as error:
        zh = error.zh.removeprefix(f"{error.field}：").removeprefix(name).lstrip()
        en = error.en.removeprefix(f"{error.field}: ").removeprefix(name).lstrip(" ,:")
        for option, (said_zh, said_en) in _OPTIONS.items():
            zh, en = zh.replace(option, said_zh), en.replace(option, said_en)
        if not re.search(r"\brow \d", en):
            zh, en = zh + _FORMS_ZH, en + _FORMS_EN
        raise InvalidParameterError(name, zh, en) from error


_OPTIONS = {
    "--layer": Fault("“工作表或图层”一栏", "the field for sheet or layer"),
    "--crs": Fault("“坐标参考系”一栏", "the field for the reference system"),
}
_FORMS_ZH = (
    "。可以上传：含经度、纬度两列的 CSV、XLSX，或 GeoJSON、GeoPackage、FlatGeobuf、GeoParquet、KML，"
    "Shapefile 和 File Geodatabase 请打成 ZIP"
)
_FORMS_EN = (
    ". You can upload a CSV or XLSX with columns of longitude and latitude, or GeoJSON, GeoPackage, FlatGeobuf,"
    " GeoParquet or KML; Shapefiles and File Geodatabases as a ZIP"
)
