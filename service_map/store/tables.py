"""Facilities as files of tables and layers: GeoPackage, Shapefile, FlatGeobuf, KML, GeoParquet and Excel."""

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

import pyarrow as pa
import shapely
import xlsxwriter
from pyarrow import parquet
from pyproj import CRS

from service_map.catalogue import terms
from service_map.store.data_dictionary import (
    Placed,
    dictionary,
    layer_name,
    place_fields,
    said_in_rows,
    table_fields,
    told_rows,
    values,
)
from service_map.store.sheets import write_row

# GCJ-02 has no EPSG code and no published definition: a system of its own name keeps a program from taking it for
# another, and a program that knows neither then refuses to reproject, which is right.
_GCJ02_WKT = (
    'GEOGCS["GCJ-02 (shifted, not WGS 84)",DATUM["GCJ-02 (shifted, not WGS 84)",'
    'SPHEROID["Krassowsky 1940",6378245,298.3]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)
_ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
}  # fmt: skip
_DESCRIPTION = "description"


def write(path: Path, pages: Iterable[list[Placed]], *, suffix: str, system: str, told: Mapping[str, Any]) -> None:
    """Write a file.

    Parameters
    ----------
    path
        In a folder of its own: some formats write several files and pack them.
    pages
        The facilities with their coordinates in `system`, easting or longitude first.
    suffix, system
        Of `service_map.store.export.FORMATS`, not ``streamed``, and of `service_map.store.data_dictionary.SYSTEMS`.
    told
        What `service_map.store.data_dictionary.about` says of the file.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    import pyogrio.errors

    # A file says when its data was made, not when somebody asked for it: one state of the data, the same bytes.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": told["dateModified"] or None})
    try:
        _WRITERS[suffix](path, pages, system, told)
    except (
        pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, pa.ArrowException,
        xlsxwriter.exceptions.XlsxWriterException,
    ) as error:  # fmt: skip
        raise OSError(str(error)) from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _made(told: Mapping[str, Any]) -> datetime:
    """Give the time of the data; that of the oldest file a zip can hold where the data does not say."""
    return datetime.fromisoformat(told["dateModified"]) if told["dateModified"] else datetime(1980, 1, 1, tzinfo=UTC)


def _schema(
    system: str,
    geometry: str,
    *,
    short: bool = False,
    rename: Mapping[str, str] | None = None,
    described: bool = False,
) -> pa.Schema:
    columns = [
        pa.field((rename or {}).get(field.name, field.short if short else field.name), _ARROW[field.kind])
        for field in table_fields(system)
    ]
    if described:
        columns.append(pa.field(_DESCRIPTION, pa.string()))
    return pa.schema([*columns, pa.field(geometry, pa.binary())])


def _batches(pages: Iterable[list[Placed]], schema: pa.Schema, system: str) -> Iterator[pa.RecordBatch]:
    said = said_in_rows(system)
    for page in pages:
        rows = [
            [
                *values(record),
                *said,
                *(
                    [f"{terms.STATE[record.state].meaning} ({record.state_as_of})"]
                    if _DESCRIPTION in schema.names
                    else []
                ),
            ]
            for record, _, _ in page
        ]
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
    pages: Iterable[list[Placed]],
    system: str,
    *,
    driver: str,
    geometry: str = "geom",
    short: bool = False,
    rename: Mapping[str, str] | None = None,
    described: bool = False,
    **options: Any,
) -> None:
    import pyogrio

    schema = _schema(system, geometry, short=short, rename=rename or {}, described=described)
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


def _gpkg(path: Path, pages: Iterable[list[Placed]], system: str, told: Mapping[str, Any]) -> None:
    import pyogrio

    _ogr(
        path, pages, system, driver="GPKG", layer_options={"DESCRIPTION": told["name"]},
        dataset_options={"VERSION": "1.3"},  # which every QGIS since 3.16 reads without a warning
    )  # fmt: skip
    for name, rows in (("data_dictionary", dictionary(system)), ("about", told_rows(told))):
        table = pa.Table.from_pylist(rows)
        with catch_warnings():
            filterwarnings("ignore", category=UserWarning, module="pyogrio")
            pyogrio.write_arrow(table, path, layer=name, driver="GPKG", append=True, geometry_type=None)


# Reads a layer and writes it again, with nothing loaded but GDAL: its FlatGeobuf driver sorts up to 100 MB at once.
_COPY = """
import json, sys, pyogrio
order = json.load(sys.stdin)
with pyogrio.open_arrow(order["source"], layer=order["layer"], use_pyarrow=False) as (meta, stream):
    pyogrio.write_arrow(
        stream, order["target"], layer=order["layer"], driver="FlatGeobuf", crs=meta["crs"], encoding="UTF-8",
        geometry_name=meta["geometry_name"], geometry_type="Point", layer_options=order["options"],
    )
"""


def _fgb(path: Path, pages: Iterable[list[Placed]], system: str, told: Mapping[str, Any]) -> None:
    # Its spatial index needs every feature before the first is written; a GeoPackage holds them meanwhile.
    source = path.with_name("sorting.gpkg")
    _ogr(source, pages, system, driver="GPKG", layer_options={"SPATIAL_INDEX": "NO"})
    options = {
        "TITLE": told["name"], "DESCRIPTION": json.dumps(told, ensure_ascii=False), "TEMPORARY_DIR": str(path.parent),
    }  # fmt: skip
    order = {"source": str(source), "target": str(path), "layer": layer_name(system), "options": options}
    hidden = "import sys; sys.modules.update(dict.fromkeys(('geopandas', 'pandas', 'pyarrow', 'shapely', 'pyproj')))\n"
    done = subprocess.run(  # noqa: S603 - this very Python, and a program that stands above
        [sys.executable, "-c", hidden + _COPY], input=json.dumps(order), capture_output=True, text=True, check=False
    )
    source.unlink()
    if done.returncode:
        raise OSError((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1])


def _kml(path: Path, pages: Iterable[list[Placed]], system: str, _told: Mapping[str, Any]) -> None:
    # The driver has no room for more than the features; what they are stands in the file beside it. Readers take "id"
    # for the number that KML gives each placemark. A globe shows the description of each: its state in words.
    _ogr(
        path, pages, system, driver="KML", rename={"id": "facility_id"}, described=True,
        dataset_options={"NameField": "name", "DescriptionField": _DESCRIPTION},
    )  # fmt: skip


def _shapefile(path: Path, pages: Iterable[list[Placed]], system: str, told: Mapping[str, Any]) -> None:
    folder = path.with_name("shapefile")
    folder.mkdir()
    name = layer_name(system)
    made = _made(told)
    _ogr(
        folder / f"{name}.shp", pages, system, driver="ESRI Shapefile", short=True,
        layer_options={"DBF_DATE_LAST_UPDATE": f"{made:%Y-%m-%d}"},
    )  # fmt: skip
    with (folder / "fields.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = dictionary(system)
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "about.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for part in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(part.name, made.timetuple()[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with part.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
            part.unlink()


def _parquet(path: Path, pages: Iterable[list[Placed]], system: str, told: Mapping[str, Any]) -> None:
    schema = _schema(system, "geometry")
    # GeoParquet 1.1.0: WKB, the reference system as PROJJSON.
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Point"], "crs": CRS(_crs(system)).to_json_dict()}
    document = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    schema = schema.with_metadata({"geo": json.dumps(document), "about": json.dumps(told, ensure_ascii=False)})
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(pages, schema, system):
            writer.write_batch(batch)


def _xlsx(path: Path, pages: Iterable[list[Placed]], system: str, told: Mapping[str, Any]) -> None:
    # Its constant memory: a row is written to a file as soon as the next one begins.
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent)})
    book.set_properties({"created": _made(told)})
    sheet = book.add_worksheet(layer_name(system))
    sheet.freeze_panes(1, 0)
    fields = (*table_fields(system, bare=True), *place_fields(system))
    write_row(sheet, 0, [field.name for field in fields])
    said = said_in_rows(system, bare=True)
    number = 0
    for page in pages:
        for record, x, y in page:
            number += 1
            write_row(sheet, number, (*values(record), *said, x, y))
    for title, rows in (("字段 fields", dictionary(system, bare=True)), ("说明 about", told_rows(told))):
        beside = book.add_worksheet(title)
        write_row(beside, 0, list(rows[0]))
        for place, row in enumerate(rows, start=1):
            write_row(beside, place, list(row.values()))
    book.close()


_WRITERS: Mapping[str, Callable[[Path, Iterable[list[Placed]], str, Mapping[str, Any]], None]] = {
    "gpkg": _gpkg, "fgb": _fgb, "kml": _kml, "shp.zip": _shapefile, "parquet": _parquet, "xlsx": _xlsx,
}  # fmt: skip
