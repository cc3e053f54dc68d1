"""Layers by GDAL and GeoParquet by Arrow, in pieces: geometries, and the columns that are wanted as texts.

GDAL comes with pyogrio, which loads pandas: only processes that compute come here, never one that serves.
"""

import codecs
import json
import mmap
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO

import shapely
from numpy.typing import NDArray

from service_map.errors import Fault, InvalidParameterError
from service_map.io.source import Container, Source, containers
from service_map.io.workbook import no_such, quiet, quietly, several, written

PIECE = 50_000
"""Rows of one piece."""

# With what a file of each form begins: GDAL goes by the content, and would open a file that names other files.
_BEGINS = {".shp": b"\x00\x00\x27\x0a", ".fgb": b"fgb", ".gpkg": b"SQLite format 3\x00"}
_ELSEWHERE = (b"OGRVRTDataSource", b"gdal_streamed_alg")
_TEXT_FORMS = (".geojson", ".json", ".kml")
_STYLES = ("layer_styles",)
_RAW = "ISO-8859-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows of a layer.

    Attributes
    ----------
    start
        Number of the first row, from 1.
    columns
        Texts by the position of the column in the heading, only those that were asked for.
    nested
        Positions of columns that may hold an object where a text should stand.
    shapes
        Geometries, None where there is none; None where the table has no geometry at all.
    count
        How many rows.
    """

    start: int
    columns: dict[int, list[str]]
    nested: frozenset[int]
    shapes: NDArray[Any] | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a file, open to be read.

    Attributes
    ----------
    name
        Of the layer; empty where it is the file's only one.
    heading
        Names of its columns.
    crs
        As the file states it, or None.
    spatial
        Whether its rows have a geometry.
    cut
        Whether the format cuts the names of columns to ten bytes.
    """

    name: str
    heading: tuple[str, ...]
    crs: str | None
    spatial: bool
    cut: bool
    _read: Any

    def pieces(self, wanted: Sequence[int]) -> Iterator[Piece]:
        """Read the rows; of the columns only those at these positions of the heading."""
        return self._read(frozenset(wanted))  # type: ignore[no-any-return]


@contextmanager
def open_layer(source: Source, field: str, layer: str | None, *, spatial: bool) -> Iterator[Layer]:
    """Open one layer of a file.

    Parameters
    ----------
    source
        Of one of `service_map.io.source.LAYERS`.
    field
        What the user calls the file, for errors.
    layer
        Its name; None for the only one.
    spatial
        Whether a table without geometries, beside layers with some, is no layer.

    Yields
    ------
    Layer

    Raises
    ------
    InvalidParameterError
        When the file cannot be read, there is no such layer, or there are several and none is named.
    """
    if source.form == ".parquet":
        with source.open() as opened:
            with damage(source, field):
                found = _parquet(source, opened, field)
            yield found
        return
    with containers(source, field) as files:
        with damage(source, field), quiet():
            for file in files:
                _check_content(source, file, field)
            chosen, name, alone = _choose(source, files, field, layer, spatial=spatial)
            found = _ogr(source, chosen, name, "" if alone else name, field)
        yield found


@contextmanager
def damage(source: Source, field: str) -> Iterator[None]:
    """Tell what a library cannot read in one sentence, without the path by which it was opened."""
    import pyarrow as pa
    import pyogrio.errors

    try:
        yield
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.GeometryError,
        pyogrio.errors.FeatureError,
        pa.ArrowException,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        if isinstance(error, InvalidParameterError):
            raise
        told = re.sub(r"'?/(?:vsizip|vsimem|proc|[\w.+-]+/)[^\s';]*'?", source.name, " ".join(str(error).split()))
        raise InvalidParameterError(
            field, f"{source.name} 读不出：{told}", f"cannot read {source.name}: {told}"
        ) from error


def _check_content(source: Source, file: Container, field: str) -> None:
    """Refuse a file that is not what its ending says."""
    if file.form == ".gdb":
        return
    if file.path.startswith("/vsizip/") and source.form == ".zip":
        inner = file.path.split("}/", 1)[1]
        with source.open() as opened, zipfile.ZipFile(opened) as archive, archive.open(inner) as member:
            fine = _is_form(file.form, member)
    else:
        with source.open() as opened:
            fine = _is_form(file.form, opened)
    if not fine:
        zh, en = Fault(
            f"{source.name} 的内容不是 {file.form}，或已损坏",
            f"{source.name} is no {file.form} file, or is damaged",
        )
        raise InvalidParameterError(field, zh, en)


def _is_form(form: str, file: Any) -> bool:
    if form not in _TEXT_FORMS:
        return bool(file.read(16).startswith(_BEGINS[form]))
    head = file.read(1 << 16)
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if begins != (b"<" if form == ".kml" else b"{"):
        return False
    piece = head
    while piece:
        if any(mark in piece for mark in _ELSEWHERE):
            return False
        piece = piece[-32:] + more if (more := file.read(1 << 20)) else b""
    return form != ".kml" or b"<kml" in head


def _choose(
    source: Source, files: Sequence[Container], field: str, named: str | None, *, spatial: bool
) -> tuple[Container, str, bool]:
    import pyogrio

    found = [
        (file, str(name), kind is not None)
        for file in files
        for name, kind in pyogrio.list_layers(file.path)
        if str(name) not in _STYLES
    ]
    if named is not None:
        chosen = next(((file, name) for file, name, _ in found if name == named), None)
        if chosen is None:
            raise no_such(source, field, named, [name for _, name, _ in found])
        return *chosen, len(found) == 1
    alone = len(found) == 1
    if spatial and any(drawn for *_, drawn in found):
        found = [one for one in found if one[2]]
    if len(found) > 1:
        # Folders of a KML and empty layers of a package hold nothing to choose.
        filled = [
            one for one in found if pyogrio.read_info(one[0].path, layer=one[1], force_feature_count=True)["features"]
        ]
        found = filled or found[:1]
    if len(found) > 1:
        raise several(source, field, [name for _, name, _ in found])
    if not found:
        raise InvalidParameterError(field, f"{source.name} 里没有图层", f"{source.name} holds no layer")
    return found[0][0], found[0][1], alone


def _ogr(source: Source, file: Container, layer: str, told: str, field: str) -> Layer:
    import pyogrio

    # The bytes of a Shapefile's texts are taken as they stand, since what it says of their encoding may be a lie.
    encoding = _RAW if file.form == ".shp" else None
    info = pyogrio.read_info(file.path, layer=layer, encoding=encoding)
    given = [str(name) for name in info["fields"]]
    real = _shapefile_encoding(source, file) if encoding else ""

    def read(wanted: frozenset[int]) -> Iterator[Piece]:
        import pyarrow as pa

        kept = [index for index in range(len(given)) if index in wanted]
        options = {"columns": [given[index] for index in kept], "batch_size": PIECE, "encoding": encoding}
        with (
            damage(source, field),
            pyogrio.raw.open_arrow(file.path, layer=layer, **options) as (meta, stream),
        ):
            nested = frozenset(
                given.index(str(name))
                for name, kind in zip(meta["fields"], meta["ogr_subtypes"], strict=True)
                if kind == "OFSTJSON"
            )
            reader = pa.RecordBatchReader.from_stream(stream)
            column = meta["geometry_name"] or "wkb_geometry"
            start = 1
            for batch in quietly(reader):
                texts = {
                    index: [_decoded(text, real) for text in as_texts(batch.column(given[index]).to_pylist())]
                    for index in kept
                }
                drawn = batch.column(column) if column in batch.schema.names else None
                yield Piece(start=start, columns=texts, nested=nested, shapes=_shapes(drawn), count=batch.num_rows)
                start += batch.num_rows

    return Layer(
        name=told,
        heading=tuple(_decoded(name, real) for name in given),
        crs=info["crs"],
        spatial=info["geometry_type"] is not None,
        cut=bool(encoding),
        _read=read,
    )


def _parquet(source: Source, opened: BinaryIO, field: str) -> Layer:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(opened)
    described = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
    column = described.get("primary_column")
    about = described.get("columns", {}).get(column, {})
    if column is not None and about.get("encoding") != "WKB":
        zh = f"{source.name} 的几何编码是 {about.get('encoding')}，只读 WKB"
        en = f"{source.name}: geometries in {about.get('encoding')} are not read, only WKB"
        raise InvalidParameterError(field, zh, en)
    given = file.schema_arrow.names
    nested = frozenset(at for at, kind in enumerate(file.schema_arrow.types) if pa.types.is_nested(kind))
    # GeoParquet 1.1: without a CRS it is OGC:CRS84; null says that nobody knows.
    said = about.get("crs", "OGC:CRS84") if column is not None else None

    def read(wanted: frozenset[int]) -> Iterator[Piece]:
        kept = [index for index in range(len(given)) if index in wanted and given[index] != column]
        names = [given[index] for index in kept] + ([column] if column is not None else [])
        start = 1
        with damage(source, field):
            for batch in file.iter_batches(batch_size=PIECE, columns=names):
                texts = {index: as_texts(batch.column(given[index]).to_pylist()) for index in kept}
                drawn = None if column is None else batch.column(column)
                yield Piece(start=start, columns=texts, nested=nested, shapes=_shapes(drawn), count=batch.num_rows)
                start += batch.num_rows

    return Layer(
        name="",
        heading=tuple("" if name == column else name for name in given),
        crs=None if said is None else said if isinstance(said, str) else json.dumps(said),
        spatial=column is not None,
        cut=False,
        _read=read,
    )


def _shapes(drawn: Any) -> NDArray[Any] | None:
    if drawn is None:
        return None
    shapes: NDArray[Any] = shapely.from_wkb(drawn.to_numpy(zero_copy_only=False), on_invalid="ignore")
    return shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes


def as_texts(values: Iterable[Any]) -> list[str]:
    """Write values as a person sees them."""
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return written(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value).strip()


def _decoded(text: str, encoding: str) -> str:
    """Undo the reading of bytes as they stand; a character that the field's end cuts in two is left out."""
    if not encoding or text.isascii():
        return text
    return codecs.getincrementaldecoder(encoding)().decode(text.encode(_RAW)).strip()


def _shapefile_encoding(source: Source, file: Container) -> str:
    """Say how the table of a Shapefile is encoded: by what it holds, and only then by what its ``.cpg`` says."""
    table, said = _sibling(source, file, ".dbf"), _sibling(source, file, ".cpg")
    if table is None or _is_utf8(table):
        return "utf-8"
    name = bytes(said[:40] if said else b"").decode("ascii", "ignore").strip()
    try:
        found = codecs.lookup({"936": "gbk", "950": "big5"}.get(name, name)).name if name else "gb18030"
        codecs.decode(table[int.from_bytes(table[8:10], "little") :], found)
    except (LookupError, UnicodeDecodeError):
        return "gb18030"
    # Latin is what tools write that know no better; any bytes are some Latin.
    return "gb18030" if found in ("utf-8", "gbk", "gb2312", "iso8859-1", "cp1252", "ascii") else found


def _sibling(source: Source, file: Container, suffix: str) -> bytes | mmap.mmap | None:
    """Read a file that stands beside a Shapefile, whatever the case of its ending."""
    if source.path is not None and source.form != ".zip":
        for name in (suffix, suffix.upper()):
            beside = source.path.with_suffix(name)
            if beside.is_file() and beside.stat().st_size:
                with beside.open("rb") as table:  # may be larger than memory
                    return mmap.mmap(table.fileno(), 0, access=mmap.ACCESS_READ)
        return None
    if source.form != ".zip":
        return None
    wanted = str(Path(file.path.split("}/", 1)[1]).with_suffix(suffix)).casefold()
    with source.open() as opened, zipfile.ZipFile(opened) as archive:
        return next((archive.read(name) for name in archive.namelist() if name.casefold() == wanted), None)


def _is_utf8(table: bytes | mmap.mmap) -> bool:
    """Say whether all of a dBASE table is UTF-8, but for a character that the end of a cell or name cuts in two."""
    head, width = int.from_bytes(table[8:10], "little"), int.from_bytes(table[10:12], "little")
    fields = [field for at in range(32, head - 1, 32) if len(field := table[at : at + 32]) == 32]
    if not all(_cut_utf8(field[:11].split(b"\0")[0]) for field in fields):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(head, len(table), 1 << 20):
            decoder.decode(table[at : at + (1 << 20)])
    except UnicodeDecodeError:
        return width > 0 and all(
            _cut_utf8(cell)
            for row in range(head, len(table) - width + 1, width)
            for cell in _cells(table[row + 1 : row + width], [field[16] for field in fields])
        )
    return True


def _cells(row: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    at = 0
    for length in lengths:
        yield row[at : at + length].rstrip(b" \0")
        at += length


def _cut_utf8(cell: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(cell)
    except UnicodeDecodeError:
        return False
    return True
