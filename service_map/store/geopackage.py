"""What makes a SQLite file a GeoPackage: the tables of OGC 12-128r17 (version 1.3) around our own."""

import json
from collections.abc import Iterable

from pyproj import CRS
from sqlalchemy import Column, Connection, Table, text

from service_map.store.geometry import Geometry, rtree_name
from service_map.store.models import DOMAINS

APPLICATION_ID = 0x47504B47
"""``GPKG`` in the header of the file (requirement 2)."""

USER_VERSION = 10300

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ','now')"

_SYSTEM_TABLES = (
    """CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT)""",
    f"""CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT ({_NOW}),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
    # Extension F.9, schema: the data dictionary.
    """CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name))""",
    """CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))""",
    # Extension F.8, metadata.
    """CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')""",
    f"""CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT ({_NOW}), md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))""",
)

_EXTENSIONS = (
    ("gpkg_data_columns", "gpkg_schema", "http://www.geopackage.org/spec120/#extension_schema"),
    ("gpkg_data_column_constraints", "gpkg_schema", "http://www.geopackage.org/spec120/#extension_schema"),
    ("gpkg_metadata", "gpkg_metadata", "http://www.geopackage.org/spec120/#extension_metadata"),
    ("gpkg_metadata_reference", "gpkg_metadata", "http://www.geopackage.org/spec120/#extension_metadata"),
)

# Clause F.3 of 1.3, to the letter but for names: any client that edits the file keeps the index right through them.
_TRIGGERS = {
    "insert": """AFTER INSERT ON "{t}" WHEN (NEW."{c}" NOT NULL AND NOT ST_IsEmpty(NEW."{c}"))
BEGIN INSERT OR REPLACE INTO "{r}" VALUES ({box}); END""",
    "update1": """AFTER UPDATE OF "{c}" ON "{t}" WHEN OLD."{i}" = NEW."{i}"
AND (NEW."{c}" NOTNULL AND NOT ST_IsEmpty(NEW."{c}"))
BEGIN INSERT OR REPLACE INTO "{r}" VALUES ({box}); END""",
    "update2": """AFTER UPDATE OF "{c}" ON "{t}" WHEN OLD."{i}" = NEW."{i}"
AND (NEW."{c}" ISNULL OR ST_IsEmpty(NEW."{c}"))
BEGIN DELETE FROM "{r}" WHERE id = OLD."{i}"; END""",
    "update3": """AFTER UPDATE ON "{t}" WHEN OLD."{i}" != NEW."{i}"
AND (NEW."{c}" NOTNULL AND NOT ST_IsEmpty(NEW."{c}"))
BEGIN DELETE FROM "{r}" WHERE id = OLD."{i}"; INSERT OR REPLACE INTO "{r}" VALUES ({box}); END""",
    "update4": """AFTER UPDATE ON "{t}" WHEN OLD."{i}" != NEW."{i}"
AND (NEW."{c}" ISNULL OR ST_IsEmpty(NEW."{c}"))
BEGIN DELETE FROM "{r}" WHERE id IN (OLD."{i}", NEW."{i}"); END""",
    "delete": """AFTER DELETE ON "{t}" WHEN OLD."{c}" NOT NULL BEGIN DELETE FROM "{r}" WHERE id = OLD."{i}"; END""",
}
_BOX = 'NEW."{i}", ST_MinX(NEW."{c}"), ST_MaxX(NEW."{c}"), ST_MinY(NEW."{c}"), ST_MaxY(NEW."{c}")'


def begin(connection: Connection) -> None:
    """Make an empty SQLite database a GeoPackage without layers.

    Parameters
    ----------
    connection
        To an empty database; the reference systems written are EPSG 4326, 4490 and 3857 and the standard's 0 and -1.
    """
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {USER_VERSION}")
    for statement in _SYSTEM_TABLES:
        connection.exec_driver_sql(statement)
    systems = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian coordinate reference system"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
    ]
    for code in (4326, 4490, 3857):
        crs = CRS.from_epsg(code)
        systems.append((crs.name, code, "EPSG", code, crs.to_wkt("WKT1_GDAL"), f"EPSG:{code}"))
    connection.exec_driver_sql("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", systems)
    connection.exec_driver_sql("INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, 'read-write')", list(_EXTENSIONS))


def finish(connection: Connection, tables: Iterable[Table], now: str) -> None:
    """Register filled tables as layers and index their geometry.

    The index is filled in one go and its triggers come last, which is several times faster than row by row.

    Parameters
    ----------
    connection
        To the database that `begin` prepared; needs the functions of `service_map.store.geometry.add_functions`.
    tables
        Each becomes a features layer if it has a geometry column, else an attributes layer.
    now
        Time of the data, ISO 8601 with ``T``, milliseconds and ``Z``.
    """
    for table in tables:
        geometry = next((column for column in table.columns if isinstance(column.type, Geometry)), None)
        connection.execute(
            text(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)"
                " VALUES (:name, :type, :identifier, :description, :now, :srid)"
            ),
            {
                "name": table.name, "type": "attributes" if geometry is None else "features", "identifier": table.name,
                "description": table.comment or "", "now": now,
                "srid": None if geometry is None else _kind(geometry).srid,
            },
        )  # fmt: skip
        if geometry is not None:
            _index(connection, table, geometry)
        _describe_columns(connection, table)
    for domain, values in DOMAINS.items():
        connection.exec_driver_sql(
            "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)"
            " VALUES (?, 'enum', ?, ?)",
            [(domain, value, meaning) for value, meaning in values.items()],
        )


def describe(connection: Connection, dataset: dict[str, object], now: str) -> None:
    """Write what the whole file is, as schema.org's ``Dataset`` in JSON-LD.

    Parameters
    ----------
    connection
        To the database that `begin` prepared.
    dataset
        The properties of the ``Dataset``.
    now
        As for `finish`.
    """
    document = json.dumps(
        {"@context": "https://schema.org", "@type": "Dataset", **dataset}, ensure_ascii=False, indent=1
    )
    connection.exec_driver_sql(
        "INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'https://schema.org/Dataset', 'application/ld+json', ?)",
        (document,),
    )
    connection.exec_driver_sql(
        "INSERT INTO gpkg_metadata_reference (reference_scope, timestamp, md_file_id) VALUES ('geopackage', ?, 1)",
        (now,),
    )


def _describe_columns(connection: Connection, table: Table) -> None:
    """Copy the columns' comments into the data dictionary; the Chinese name is what a GIS shows as the alias."""
    rows = []
    for column in table.columns:
        if column.primary_key or isinstance(column.type, Geometry):
            continue
        zh, _, en = (column.comment or column.name).partition(" / ")
        rows.append((table.name, column.name, zh, f"{zh} / {en}", column.info.get("domain")))
    connection.exec_driver_sql(
        "INSERT INTO gpkg_data_columns (table_name, column_name, title, description, constraint_name)"
        " VALUES (?, ?, ?, ?, ?)",
        rows,
    )


def _kind(column: Column[object]) -> Geometry:
    assert isinstance(column.type, Geometry)  # noqa: S101 - chosen by type above
    return column.type


def _index(connection: Connection, table: Table, column: Column[object]) -> None:
    kind = _kind(column)
    names = {"t": table.name, "c": column.name, "i": "fid", "r": rtree_name(column)}
    connection.execute(
        text("INSERT INTO gpkg_geometry_columns VALUES (:t, :c, :kind, :srid, 0, 0)"),
        {"t": table.name, "c": column.name, "kind": kind.kind.upper(), "srid": kind.srid},
    )
    connection.execute(
        text(
            "INSERT INTO gpkg_extensions VALUES"
            " (:t, :c, 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')"
        ),
        {"t": table.name, "c": column.name},
    )
    connection.exec_driver_sql('CREATE VIRTUAL TABLE "{r}" USING rtree(id, minx, maxx, miny, maxy)'.format(**names))
    connection.exec_driver_sql(
        'INSERT INTO "{r}" SELECT "{i}", ST_MinX("{c}"), ST_MaxX("{c}"), ST_MinY("{c}"), ST_MaxY("{c}") FROM "{t}"'  # noqa: S608
        ' WHERE "{c}" NOT NULL AND NOT ST_IsEmpty("{c}")'.format(**names)
    )
    for event, body in _TRIGGERS.items():
        statement = f'CREATE TRIGGER "{{r}}_{event}" {body}'.replace("{box}", _BOX).format(**names)
        connection.exec_driver_sql(statement)
    # From the geometries, not from the index: its 32-bit boxes would give an extent a metre too large.
    connection.exec_driver_sql(
        'UPDATE gpkg_contents SET (min_x, min_y, max_x, max_y) = (SELECT min(ST_MinX("{c}")), min(ST_MinY("{c}")),'  # noqa: S608
        ' max(ST_MaxX("{c}")), max(ST_MaxY("{c}")) FROM "{t}") WHERE table_name = \'{t}\''.format(**names)
    )
