"""Facilities as files: any filter of theirs, in the formats and reference systems of GIS teams, bounded in memory.

Rows are read page by page and written as they come: text formats here as a stream of bytes, the others by
`service_map.store.tables`, which a server lets a process of its own do (`write_apart`). Each file says what it is: its
sources and their licences, how to cite it, its date, its reference system and what each field means, inside where the
format has room for it and in `about` for the file beside it where it has none.

Fields of the table formats are those of the table ``facilities`` of the published GeoPackage, in its order, then
``passage_sha256`` of the primary citation and ``commitments``, the ids of all that promise the facility.
"""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pyproj import Transformer
from sqlalchemy import Connection, Double, Integer, select
from sqlalchemy.types import Boolean

from service_map.errors import InvalidParameterError, StoreError
from service_map.places import wgs84_to_gcj02
from service_map.store import queries
from service_map.store.conditions import facility_conditions
from service_map.store.database import read_meta, stamp
from service_map.store.geometry import Geometry
from service_map.store.models import DOMAINS, Area, Facility
from service_map.store.records import FacilityFilter, FacilityRecord

LAYER = "facilities"
SYSTEMS: Mapping[str, str] = {
    "4326": "WGS 84 (EPSG:4326)",
    "4490": "CGCS2000 (EPSG:4490)",
    "3857": "WGS 84 / Pseudo-Mercator (EPSG:3857)",
    "gcj02": "GCJ-02（火星坐标，仅供叠加高德、腾讯底图） / GCJ-02 (shifted; only to lie on base maps that are)",
}
"""Reference systems of a download by their name in the address; always longitude or easting first."""

PAGE = 1000
"""Facilities that a file holds in memory at once."""

Feature = Callable[[FacilityRecord], dict[str, Any]]
"""Writes a facility as a GeoJSON feature; the exporter puts the coordinates into it."""

_DECIMALS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format.

    Attributes
    ----------
    suffix
        What follows ``facilities.`` in the file's name; ends in ``zip`` where several files are packed into one.
    media_type
        For ``Content-Type`` and content negotiation.
    name
        What people call it.
    streamed
        Its first byte can leave before the last facility is read.
    systems
        Names out of `SYSTEMS` that it can be written in.
    """

    suffix: str
    media_type: str
    name: str
    streamed: bool = False
    systems: tuple[str, ...] = tuple(SYSTEMS)


FORMATS: Mapping[str, Format] = {
    item.suffix: item
    for item in (
        Format(suffix="geojson", media_type="application/geo+json", name="GeoJSON", streamed=True),
        Format(suffix="geojsonl", media_type="application/x-ndjson", name="GeoJSON Lines", streamed=True),
        Format(suffix="csv", media_type="text/csv", name="CSV", streamed=True),
        Format(suffix="gpkg", media_type="application/geopackage+sqlite3", name="GeoPackage"),
        Format(
            suffix="xlsx",
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            name="Excel",
        ),
        Format(suffix="parquet", media_type="application/vnd.apache.parquet", name="GeoParquet"),
        Format(suffix="fgb", media_type="application/flatgeobuf", name="FlatGeobuf"),
        Format(suffix="shp.zip", media_type="application/zip", name="Shapefile"),
        # KML knows WGS 84 alone (OGC 12-007r2, clause 6.2).
        Format(suffix="kml", media_type="application/vnd.google-earth.kml+xml", name="KML", systems=("4326",)),
    )
}
"""Every format by its suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the table formats.

    Attributes
    ----------
    name, short
        Its name, and the one within ten characters that a Shapefile allows.
    kind
        ``text``, ``integer``, ``number`` or ``boolean``.
    zh, en
        What it means.
    values
        The closed set of its values with their meaning, where there is one.
    """

    name: str
    short: str
    kind: str
    zh: str
    en: str
    values: Mapping[str, str] | None = None


# A Shapefile's names hold ten characters; those that are longer are shortened so that they stay readable.
_SHORT = {
    "name_given": "name_given", "category_zh": "categ_zh", "category_en": "categ_en", "uncertainty_m": "uncert_m",
    "point_source": "pt_source", "point_licence": "pt_licence", "located_by": "located_by", "plan_title": "plan_title",
    "status_date": "stat_date", "status_source": "stat_src", "source_title": "src_title", "source_row": "src_row",
    "passage_sha256": "psg_sha256", "commitments": "commitmts",
}  # fmt: skip


def _fields() -> tuple[Field, ...]:
    found = []
    for column in Facility.__table__.columns:
        if column.primary_key or isinstance(column.type, Geometry):
            continue
        kind = "text"
        for type_, name in ((Boolean, "boolean"), (Integer, "integer"), (Double, "number")):
            if isinstance(column.type, type_):
                kind = name
        zh, _, en = (column.comment or column.name).partition(" / ")
        domain = column.info.get("domain")
        short = _SHORT.get(column.name, column.name[:10])
        values = DOMAINS[domain] if domain else None
        found.append(Field(name=column.name, short=short, kind=kind, zh=zh, en=en, values=values))
    found += [
        Field(name="passage_sha256", short=_SHORT["passage_sha256"], kind="text", zh="主要出处原文行的 SHA-256",
              en="SHA-256 of the line of the primary citation"),
        Field(name="commitments", short=_SHORT["commitments"], kind="text", zh="承诺它的各项任务的标识，分号隔开",
              en="ids of the commitments that promise it, separated by semicolons"),
    ]  # fmt: skip
    return tuple(found)


FIELDS = _fields()
"""Fields of the table formats, in order."""

DATUM_FIELD = Field(
    name="datum",
    short="datum",
    kind="text",
    zh="坐标系；只在不是 WGS 84 的文件里有",
    en="datum of the coordinates; only in files that are shifted",
)
LONLAT = (
    Field(name="lon", short="lon", kind="number", zh="经度或东坐标", en="longitude or easting"),
    Field(name="lat", short="lat", kind="number", zh="纬度或北坐标", en="latitude or northing"),
)
_WKT = Field(name="wkt", short="wkt", kind="text", zh="点位，WKT", en="the point as WKT")


def layer_name(system: str) -> str:
    """Name the layer: ``facilities``, or a name that says so where its coordinates are shifted."""
    return LAYER if system != "gcj02" else f"{LAYER}_gcj02"


def file_name(suffix: str, system: str) -> str:
    """Name the file: ``facilities.gpkg``, ``facilities_gcj02.gpkg``, ``facilities_3857.gpkg``."""
    return f"{LAYER}.{suffix}" if system == "4326" else f"{LAYER}_{system}.{suffix}"


def check(suffix: str, system: str) -> Format:
    """Refuse a format or a reference system that there is none of, or that do not go together.

    Parameters
    ----------
    suffix
        Of `FORMATS`.
    system
        Of `SYSTEMS`.

    Raises
    ------
    InvalidParameterError
        Naming ``format`` or ``crs`` and what is allowed.
    """
    if suffix not in FORMATS:
        raise InvalidParameterError(
            "format", f"可用：{'、'.join(FORMATS)}", f"use one of {', '.join(FORMATS)}", tuple(FORMATS)
        )
    found = FORMATS[suffix]
    if system not in found.systems:
        allowed = found.systems
        raise InvalidParameterError(
            "crs",
            f"{found.name} 只能用 {'、'.join(allowed)}",
            f"{found.name} can be written in {', '.join(allowed)} only",
            allowed,
        )
    return found


_TITLES = {
    "promised": (
        "规划设施 / planned facilities",
        "规划文件所承诺的公共服务设施，",
        "Public facilities that plans promise",
    ),
    "existing": ("现状设施 / existing facilities", "已经建成的公共服务设施，", "Public facilities that stand already"),
    "both": (
        "规划与现状设施 / planned and existing facilities",
        "规划文件所承诺的和已经建成的公共服务设施，",
        "Public facilities that plans promise or that stand already",
    ),
}


def _holds(wanted: FacilityFilter) -> str:
    if wanted.status == "existing":
        return "existing"
    return "promised" if wanted.promised or wanted.status is not None else "both"


def about(connection: Connection, wanted: FacilityFilter | None = None, *, system: str = "4326") -> dict[str, Any]:
    """Say what a file of facilities is, as schema.org's ``Dataset`` with the dictionary of its fields.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter that the file holds the result of.
    system
        Of `SYSTEMS`.

    Returns
    -------
    dict
        Ready for JSON-LD: title, sources, licences, citation, version, date, reference system, filter and fields.
    """
    meta = read_meta(connection)
    plans = queries.plans(connection)
    conditions = facility_conditions(connection, wanted or FacilityFilter())
    points = connection.execute(
        select(Facility.point_source, Facility.point_licence).where(*conditions).distinct()
    ).all()
    bounds = connection.execute(select(Area.source, Area.licence).distinct()).all()
    built = meta.get("built_at", "")
    fields = table_fields(system)
    title, description, description_en = _TITLES[_holds(wanted or FacilityFilter())]
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": title,
        "description": (
            f"{description}附出处和定位精度；点位不等于确切地址，承诺不等于建成。"
            f" {description_en}, with source and precision; a point is not a surveyed address, and a promise is not a"
            " building."
        ),
        "version": meta.get("data_version", ""),
        "dateModified": built,
        "citation": (
            f"规划设施 Service Map, {meta.get('data_version', '')}, {built[:10]}。"
            f"依据 based on: {'；'.join(f'《{plan.title}》' for plan in plans)}"
        ),
        "isBasedOn": [
            {"@type": "CreativeWork", "identifier": plan.id, "name": plan.title, "url": plan.url} for plan in plans
        ],
        "license": [f"{source}: {licence}" for source, licence in sorted({*map(tuple, points), *map(tuple, bounds)})],
        "coordinates": SYSTEMS[system],
        "filter": {name: value for name, value in asdict(wanted or FacilityFilter()).items() if value},
        "variableMeasured": [
            {"@type": "PropertyValue", "name": field.name, "alternateName": field.short, "description": field.zh,
             "descriptionEn": field.en, "measurementTechnique": field.kind,
             **({"valueReference": dict(field.values)} if field.values else {})}
            for field in fields
        ],
    }  # fmt: skip


# --- reading ----------------------------------------------------------------------------------------------------------

Placed = tuple[FacilityRecord, float, float]
"""A facility with its two coordinates in the system of the file."""


def _pages(connection: Connection, wanted: FacilityFilter, system: str) -> Iterator[list[Placed]]:
    cursor = None
    while True:
        page = queries.facilities(connection, wanted, limit=PAGE, cursor=cursor)
        if page.items:
            lonlat = np.array([(record.lon, record.lat) for record in page.items])
            xs, ys = _project(lonlat[:, 0], lonlat[:, 1], system)
            yield list(zip(page.items, xs.tolist(), ys.tolist(), strict=True))
        cursor = page.next_cursor
        if cursor is None:
            return


def _project(lon: Any, lat: Any, system: str) -> tuple[Any, Any]:
    if system == "3857":
        return Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    if system == "gcj02":
        lon, lat = wgs84_to_gcj02(lon, lat)
    return np.round(lon, _DECIMALS), np.round(lat, _DECIMALS)


def values(record: FacilityRecord) -> list[Any]:
    """Give a facility's values of `FIELDS`, in their order."""
    first = record.citations[0] if record.citations else None
    found = []
    for field in FIELDS[:-1]:
        # Section, line and hash are of the primary citation; a facility that stands already may have none.
        holder = record if hasattr(record, field.name) else first
        found.append(getattr(holder, field.name, None))
    found.append(";".join(citation.commitment for citation in record.citations))
    return found


# --- streams of text --------------------------------------------------------------------------------------------------


def stream(
    connection: Connection,
    wanted: FacilityFilter,
    *,
    suffix: str,
    feature: Feature,
    system: str = "4326",
    bom: bool = False,
    members: Mapping[str, Any] | None = None,
) -> Iterator[bytes]:
    """Write a text format piece by piece.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`; used until the last piece.
    wanted
        The filter.
    suffix
        Of a format that is ``streamed``.
    feature
        Writes a facility for the GeoJSON formats.
    system
        Of `SYSTEMS`.
    bom
        Begins a CSV with the byte order mark by which Excel knows UTF-8.
    members
        Stand before the features of a GeoJSON collection.

    Yields
    ------
    bytes
        UTF-8.

    Raises
    ------
    InvalidParameterError
        As for `check` and `service_map.store.queries.check_filter`, before the first piece.
    """
    check(suffix, system)
    queries.check_filter(connection, wanted)
    pages = _pages(connection, wanted, system)
    if suffix == "csv":
        return _csv(pages, system, bom=bom)
    if suffix == "geojsonl":
        return _geojsonl(pages, system, feature)
    head = {
        "type": "FeatureCollection", "name": layer_name(system), **(members or {}),
        "metadata": about(connection, wanted, system=system),
    }  # fmt: skip
    return _geojson(pages, system, feature, head)


def _placed(record: FacilityRecord, x: float, y: float, system: str, feature: Feature) -> bytes:
    written = feature(record)
    written["geometry"]["coordinates"] = [x, y] if system != "3857" else [round(x, 3), round(y, 3)]
    if system == "gcj02":
        written["properties"]["datum"] = "GCJ-02"
    return orjson.dumps(written)


def _geojson(pages: Iterable[list[Placed]], system: str, feature: Feature, head: Mapping[str, Any]) -> Iterator[bytes]:
    # RFC 7946 knows WGS 84 alone; the member of the older specification is what GDAL reads for any other.
    crs = {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{system}"}}}
    yield orjson.dumps({**head, **(crs if system in {"4490", "3857"} else {})})[:-1] + b',"features":['
    licences: dict[tuple[str, str], None] = {}
    separator = b"\n"
    for page in pages:
        lines = []
        for record, x, y in page:
            licences[record.point_source, record.point_licence] = None
            lines.append(_placed(record, x, y, system, feature))
        yield separator + b",\n".join(lines)
        separator = b",\n"
    # Whose points these are is known only at the end.
    sources = [{"source": source, "licence": licence} for source, licence in sorted(licences)]
    yield b'\n],"sources":' + orjson.dumps(sources) + b"}\n"


def _geojsonl(pages: Iterable[list[Placed]], system: str, feature: Feature) -> Iterator[bytes]:
    for page in pages:
        yield b"".join(_placed(record, x, y, system, feature) + b"\n" for record, x, y in page)


def _csv(pages: Iterable[list[Placed]], system: str, *, bom: bool) -> Iterator[bytes]:
    fields = (*FIELDS, *((DATUM_FIELD,) if system == "gcj02" else ()), *LONLAT, _WKT)
    if bom:
        yield b"\xef\xbb\xbf"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)  # RFC 4180: commas, CRLF, quotes only where needed
    writer.writerow([field.name for field in fields])
    datum = ["GCJ-02"] if system == "gcj02" else []
    for page in pages:
        for record, x, y in page:
            row = [str(value).lower() if isinstance(value, bool) else value for value in values(record)]
            writer.writerow([*row, *datum, repr(x), repr(y), f"POINT ({x!r} {y!r})"])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


# --- files ------------------------------------------------------------------------------------------------------------


def write(
    path: Path,
    connection: Connection,
    wanted: FacilityFilter | None = None,
    *,
    suffix: str,
    feature: Feature,
    system: str = "4326",
    bom: bool = False,
    members: Mapping[str, Any] | None = None,
) -> int:
    """Write a file of any format.

    Parameters
    ----------
    path
        File to write; replaced as a whole once the new one is complete.
    connection, wanted, suffix, feature, system, bom, members
        As for `stream`; any format.

    Returns
    -------
    int
        Facilities written.

    Raises
    ------
    InvalidParameterError
        As for `stream`.
    StoreError
        When the file cannot be written; what stood at `path` is unchanged.
    """
    wanted = wanted or FacilityFilter()
    chosen = check(suffix, system)
    queries.check_filter(connection, wanted)
    count = 0

    def counted() -> Iterator[list[Placed]]:
        nonlocal count
        for page in _pages(connection, wanted, system):
            count += len(page)
            yield page

    try:
        with tempfile.TemporaryDirectory(prefix=".service-map-", dir=path.parent) as folder:
            beside = Path(folder) / file_name(suffix, system)
            if chosen.streamed:
                with beside.open("wb") as file:
                    pieces = stream(
                        connection, wanted, suffix=suffix, feature=feature, system=system, bom=bom, members=members
                    )
                    for piece in pieces:
                        file.write(piece)
                count = queries.facilities(connection, wanted, limit=1).matched
            else:
                # GDAL, Arrow and the writer of spreadsheets weigh more than everything else together.
                from service_map.store import tables

                told = about(connection, wanted, system=system)
                tables.write(beside, counted(), suffix=suffix, system=system, told=told)
            beside.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"文件 {path} 未能写出：{reason}", f"the file {path} could not be written: {reason}"
        ) from error
    return count


def write_apart(
    path: Path, connection: Connection, database_url: str, wanted: FacilityFilter, *, suffix: str, system: str = "4326"
) -> int:
    """Write a file of a format that is not streamed in a process of its own, which takes its memory with it.

    Parameters
    ----------
    path
        File to write.
    connection
        From `service_map.store.open_readonly`: the file holds the same state of the data that it sees.
    database_url
        Of the database that it is a connection to.
    wanted, suffix, system
        As for `write`.

    Returns
    -------
    int
        Facilities written.

    Raises
    ------
    InvalidParameterError
        As for `write`.
    StoreError
        When the file cannot be written, or the data was replaced meanwhile.
    """
    check(suffix, system)
    queries.check_filter(connection, wanted)
    order = {
        "database_url": database_url, "state": stamp(connection), "path": str(path), "wanted": asdict(wanted),
        "suffix": suffix, "system": system,
    }  # fmt: skip
    here = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "service_map.store.tables"], input=json.dumps(order), capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *filter(None, sys.path)])},
    )  # fmt: skip
    if done.returncode == 2:
        raise StoreError(*json.loads(done.stdout))
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise StoreError(f"文件未能写出：{reason}", f"the file could not be written: {reason}")
    return int(done.stdout)


def table_fields(system: str) -> tuple[Field, ...]:
    """Give the fields of a table in a system of `SYSTEMS`."""
    return (*FIELDS, DATUM_FIELD) if system == "gcj02" else FIELDS


def dictionary(system: str) -> list[dict[str, str]]:
    """Give the data dictionary of the tables in a system of `SYSTEMS`, a row a field."""
    return [
        {
            "field": field.name, "shapefile": field.short, "type": field.kind, "zh": field.zh, "en": field.en,
            "values": "；".join(f"{value} = {meaning}" for value, meaning in (field.values or {}).items()),
        }
        for field in table_fields(system)
    ]  # fmt: skip


def told_rows(told: Mapping[str, Any]) -> list[dict[str, str]]:
    """Write what `about` says as rows of ``key`` and ``value``, for files that hold tables alone."""
    rows = []
    for key, value in told.items():
        if key in {"@context", "@type", "variableMeasured"}:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        rows.append({"key": key, "value": text})
    return rows
