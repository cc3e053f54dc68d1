"""Facilities as files: any filter of theirs, in the formats and reference systems of GIS teams, bounded in memory.

Rows are read page by page and written as they come: text formats as a stream of bytes, the others through Arrow record
batches by GDAL (``pyogrio``) and ``pyarrow``, or row by row by ``openpyxl``. Each file says what it is: its sources and
their licences, how to cite it, its date, its reference system and what each field means, inside where the format has
room for it and in `about` for the file beside it where it has none.

Fields of the table formats are those of the table ``facilities`` of the published GeoPackage, in its order, then
``passage_sha256`` of the primary citation and ``commitments``, the ids of all that promise the facility.
"""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

import numpy as np
import openpyxl
import orjson
import pyarrow as pa
import pyogrio
import shapely
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pyarrow import parquet
from pyproj import CRS, Transformer
from sqlalchemy import Connection, Double, Integer, select
from sqlalchemy.types import Boolean

from service_map.errors import InvalidParameterError, StoreError
from service_map.places import wgs84_to_gcj02
from service_map.store import queries
from service_map.store.database import read_meta
from service_map.store.geometry import Geometry
from service_map.store.models import DOMAINS, Area, Facility
from service_map.store.queries import _facility_conditions as facility_conditions
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

# GCJ-02 has no EPSG code and no published definition: a system of its own name keeps a program from taking it for
# another, and a program that knows neither then refuses to reproject, which is right.
_GCJ02_WKT = (
    'GEOGCS["GCJ-02 (shifted, not WGS 84)",DATUM["GCJ-02 (shifted, not WGS 84)",'
    'SPHEROID["Krassowsky 1940",6378245,298.3]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)
_DECIMALS = 7
_ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
}  # fmt: skip


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
    "status_date": "stat_date", "status_source": "stat_src", "passage_sha256": "psg_sha256", "commitments": "commitmts",
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
_LONLAT = (
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
    fields = _table_fields(system)
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

_Placed = tuple[FacilityRecord, float, float]


def _pages(connection: Connection, wanted: FacilityFilter, system: str) -> Iterator[list[_Placed]]:
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


def _values(record: FacilityRecord) -> list[Any]:
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


def _geojson(pages: Iterable[list[_Placed]], system: str, feature: Feature, head: Mapping[str, Any]) -> Iterator[bytes]:
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


def _geojsonl(pages: Iterable[list[_Placed]], system: str, feature: Feature) -> Iterator[bytes]:
    for page in pages:
        yield b"".join(_placed(record, x, y, system, feature) + b"\n" for record, x, y in page)


def _csv(pages: Iterable[list[_Placed]], system: str, *, bom: bool) -> Iterator[bytes]:
    fields = (*FIELDS, *((DATUM_FIELD,) if system == "gcj02" else ()), *_LONLAT, _WKT)
    if bom:
        yield b"\xef\xbb\xbf"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)  # RFC 4180: commas, CRLF, quotes only where needed
    writer.writerow([field.name for field in fields])
    datum = ["GCJ-02"] if system == "gcj02" else []
    for page in pages:
        for record, x, y in page:
            row = [str(value).lower() if isinstance(value, bool) else value for value in _values(record)]
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

    def counted() -> Iterator[list[_Placed]]:
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
                _WRITERS[suffix](beside, counted(), system, about(connection, wanted, system=system))
            beside.replace(path)
    except (OSError, pyogrio.errors.DataSourceError, pa.ArrowException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(
            f"文件 {path} 未能写出：{reason}", f"the file {path} could not be written: {reason}"
        ) from error
    return count


def _table_fields(system: str) -> tuple[Field, ...]:
    return (*FIELDS, DATUM_FIELD) if system == "gcj02" else FIELDS


def _schema(system: str, geometry: str, *, short: bool = False, rename: Mapping[str, str] | None = None) -> pa.Schema:
    columns = [
        pa.field((rename or {}).get(field.name, field.short if short else field.name), _ARROW[field.kind])
        for field in _table_fields(system)
    ]
    return pa.schema([*columns, pa.field(geometry, pa.binary())])


def _batches(pages: Iterable[list[_Placed]], schema: pa.Schema, system: str) -> Iterator[pa.RecordBatch]:
    datum = ["GCJ-02"] if system == "gcj02" else []
    for page in pages:
        rows = [[*_values(record), *datum] for record, _, _ in page]
        points = shapely.points([x for _, x, _ in page], [y for _, _, y in page])
        columns = [
            pa.array(_typed(values, kind.type), type=kind.type)
            for values, kind in zip(zip(*rows, strict=True), schema, strict=False)
        ]
        columns.append(pa.array(shapely.to_wkb(points), type=pa.binary()))
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _typed(values: Sequence[Any], kind: pa.DataType) -> Sequence[Any]:
    # The plan's "3" is an integer to Python and a number to the column.
    return [None if value is None else float(value) for value in values] if kind == pa.float64() else values


def _crs(system: str) -> str:
    return _GCJ02_WKT if system == "gcj02" else f"EPSG:{system}"


def _ogr(
    path: Path,
    pages: Iterable[list[_Placed]],
    system: str,
    *,
    driver: str,
    geometry: str = "geom",
    short: bool = False,
    rename: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    schema = _schema(system, geometry, short=short, rename=rename or {})
    batches = _batches(pages, schema, system)
    with catch_warnings():
        # A Shapefile's text ends at 254 bytes and its driver says so; the field table tells the reader.
        filterwarnings("ignore", category=RuntimeWarning, module="pyogrio")
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(schema, batches),
            path,
            layer=layer_name(system),
            driver=driver,
            geometry_name=geometry,
            geometry_type="Point",
            crs=_crs(system),
            encoding="UTF-8",
            **options,
        )


def _gpkg(path: Path, pages: Iterable[list[_Placed]], system: str, told: Mapping[str, Any]) -> None:
    _ogr(
        path, pages, system, driver="GPKG", layer_options={"DESCRIPTION": told["name"]},
        dataset_options={"VERSION": "1.3"},  # which every QGIS since 3.16 reads without a warning
    )  # fmt: skip
    for name, rows in (("data_dictionary", _dictionary(system)), ("about", _told(told))):
        table = pa.Table.from_pylist(rows)
        with catch_warnings():
            filterwarnings("ignore", category=UserWarning, module="pyogrio")
            pyogrio.write_arrow(table, path, layer=name, driver="GPKG", append=True, geometry_type=None)


def _fgb(path: Path, pages: Iterable[list[_Placed]], system: str, told: Mapping[str, Any]) -> None:
    options = {"TITLE": told["name"], "DESCRIPTION": json.dumps(told, ensure_ascii=False)}
    # Its spatial index needs every feature before the first is written; the driver keeps them in a file meanwhile.
    _ogr(path, pages, system, driver="FlatGeobuf", layer_options={**options, "TEMPORARY_DIR": str(path.parent)})


def _kml(path: Path, pages: Iterable[list[_Placed]], system: str, _told: Mapping[str, Any]) -> None:
    # The driver has no room for more than the features; what they are stands in the file beside it. Readers take "id"
    # for the number that KML gives each placemark.
    _ogr(path, pages, system, driver="KML", rename={"id": "facility_id"}, dataset_options={"NameField": "name"})


def _shapefile(path: Path, pages: Iterable[list[_Placed]], system: str, told: Mapping[str, Any]) -> None:
    folder = path.with_name("shapefile")
    folder.mkdir()
    name = layer_name(system)
    _ogr(folder / f"{name}.shp", pages, system, driver="ESRI Shapefile", short=True)
    with (folder / "fields.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = _dictionary(system)
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "about.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)
            part.unlink()


def _parquet(path: Path, pages: Iterable[list[_Placed]], system: str, told: Mapping[str, Any]) -> None:
    schema = _schema(system, "geometry")
    # GeoParquet 1.1.0: WKB, the reference system as PROJJSON.
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Point"], "crs": CRS(_crs(system)).to_json_dict()}
    document = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    schema = schema.with_metadata({"geo": json.dumps(document), "about": json.dumps(told, ensure_ascii=False)})
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(pages, schema, system):
            writer.write_batch(batch)


def _xlsx(path: Path, pages: Iterable[list[_Placed]], system: str, told: Mapping[str, Any]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(layer_name(system))
    fields = (*_table_fields(system), *_LONLAT)
    sheet.freeze_panes = "A2"
    sheet.append([field.name for field in fields])
    datum = ["GCJ-02"] if system == "gcj02" else []

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        plain = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
        if not plain.startswith("="):
            return plain
        text = WriteOnlyCell(sheet, plain)
        text.data_type = "s"  # a name that begins with an equals sign is no formula
        return text

    for page in pages:
        for record, x, y in page:
            sheet.append([cell(value) for value in (*_values(record), *datum, x, y)])
    for title, rows in (("字段 fields", _dictionary(system)), ("说明 about", _told(told))):
        page_of = book.create_sheet(title)
        page_of.append(list(rows[0]))
        for row in rows:
            page_of.append([cell(value) for value in row.values()])
    book.save(path)


def _dictionary(system: str) -> list[dict[str, str]]:
    return [
        {
            "field": field.name, "shapefile": field.short, "type": field.kind, "zh": field.zh, "en": field.en,
            "values": "；".join(f"{value} = {meaning}" for value, meaning in (field.values or {}).items()),
        }
        for field in _table_fields(system)
    ]  # fmt: skip


def _told(told: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for key, value in told.items():
        if key in {"@context", "@type", "variableMeasured"}:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        rows.append({"key": key, "value": text})
    return rows


_WRITERS: Mapping[str, Callable[[Path, Iterable[list[_Placed]], str, Mapping[str, Any]], None]] = {
    "gpkg": _gpkg, "fgb": _fgb, "kml": _kml, "shp.zip": _shapefile, "parquet": _parquet, "xlsx": _xlsx,
}  # fmt: skip
