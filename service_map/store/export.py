"""Facilities as files: any filter of theirs, in the formats and reference systems of GIS teams, bounded in memory.

Rows are read page by page and written as they come: text formats here as a stream of bytes, the others by
`service_map.store.tables`, which a server lets a process of its own do (`service_map.web.pool`). Each file says what
it is: its sources and their licences, how to cite it, its date, its reference system and what each field means, inside
where the format has room for it, and where it has none in `service_map.store.data_dictionary.about` for the file
beside it.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from service_map.catalogue.messages import sentence
from service_map.errors import InvalidParameterError, OutputError
from service_map.store import queries
from service_map.store.cells import no_formula
from service_map.store.data_dictionary import (
    LAYER,
    SYSTEMS,
    Field,
    Placed,
    about,
    pages,
    place_fields,
    said_in_rows,
    table_fields,
    values,
)
from service_map.store.records import FacilityFilter, FacilityRecord

Feature = Callable[[FacilityRecord], dict[str, Any]]
"""Writes a facility as a GeoJSON feature in WGS 84."""


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
        Names out of `SYSTEMS` that it can be written in: those by which a reader knows where the points are, from the
        file alone.
    """

    suffix: str
    media_type: str
    name: str
    streamed: bool = False
    systems: tuple[str, ...] = tuple(SYSTEMS)


FORMATS: Mapping[str, Format] = {
    item.suffix: item
    for item in (
        # RFC 7946, section 4: WGS 84 alone; most readers pass over the member "crs" of the specification before it, and
        # a sequence (RFC 8142) has no place for one.
        Format(suffix="geojson", media_type="application/geo+json", name="GeoJSON", streamed=True, systems=("4326",)),
        Format(
            suffix="geojsonl",
            media_type="application/x-ndjson",
            name="GeoJSON Lines",
            streamed=True,
            systems=("4326",),
        ),
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


_WKT = Field(name="wkt", short="wkt", kind="text", about=sentence("点位，WKT"))


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
        allowed, others = found.systems, [other.name for other in FORMATS.values() if system in other.systems]
        raise InvalidParameterError(
            "crs",
            f"{found.name} 文件里没有地方注明坐标系，只能用 {'、'.join(allowed)}；{system} 可用 {'、'.join(others)}",
            f"a {found.name} file cannot say its reference system and is written in {', '.join(allowed)} only; for"
            f" {system} take {', '.join(others)}",
            allowed,
        )
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
    read = pages(connection, wanted, system)
    if suffix == "csv":
        return _csv(read, system, bom=bom)
    if suffix == "geojsonl":
        return _geojsonl(read, feature)
    head = {"type": "FeatureCollection", "name": LAYER, **(members or {}), "metadata": about(connection, wanted)}
    return _geojson(read, feature, head)


def _geojson(pages: Iterable[list[Placed]], feature: Feature, head: Mapping[str, Any]) -> Iterator[bytes]:
    yield orjson.dumps(head)[:-1] + b',"features":['
    licences: dict[tuple[str, str], None] = {}
    separator = b"\n"
    for page in pages:
        lines = []
        for record, _, _ in page:
            licences[record.point_source, record.point_licence] = None
            lines.append(orjson.dumps(feature(record)))
        yield separator + b",\n".join(lines)
        separator = b",\n"
    # Whose points these are is known only at the end.
    sources = [{"source": source, "licence": licence} for source, licence in sorted(licences)]
    yield b'\n],"sources":' + orjson.dumps(sources) + b"}\n"


def _geojsonl(pages: Iterable[list[Placed]], feature: Feature) -> Iterator[bytes]:
    for page in pages:
        yield b"".join(orjson.dumps(feature(record)) + b"\n" for record, _, _ in page)


def _csv(pages: Iterable[list[Placed]], system: str, *, bom: bool) -> Iterator[bytes]:
    fields = (*table_fields(system, bare=True), *place_fields(system), _WKT)
    if bom:
        yield b"\xef\xbb\xbf"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)  # RFC 4180: commas, CRLF, quotes only where needed
    writer.writerow([field.name for field in fields])
    said = said_in_rows(system, bare=True)
    for page in pages:
        for record, x, y in page:
            row = [str(value).lower() if isinstance(value, bool) else value for value in values(record)]
            kept = map(no_formula, row) if bom else row
            writer.writerow([*kept, *said, repr(x), repr(y), f"POINT ({x!r} {y!r})"])
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
    OutputError
        When the file cannot be written; what stood at `path` is unchanged.
    """
    wanted = wanted or FacilityFilter()
    chosen = check(suffix, system)
    queries.check_filter(connection, wanted)
    count = 0

    def counted() -> Iterator[list[Placed]]:
        nonlocal count
        for page in pages(connection, wanted, system):
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
        raise OutputError(
            f"文件 {path} 未能写出：{reason}", f"the file {path} could not be written: {reason}"
        ) from error
    return count
