"""Facilities at the size of a country: read a partition at a time, laid into tiles, taken up by county with its halo.

A tile is one degree square. What is located worse than `_FAR_M` stands apart, since it may serve from far away. A
county's facilities come in one order, whatever the partitions they were read in, so equal inputs give equal answers.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pyarrow.parquet
import shapely
from numpy.typing import NDArray

from service_map import coverage, io
from service_map.catalogue import terms
from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.coverage import Candidates
from service_map.errors import GeodataError, InvalidParameterError
from service_map.national.extra import need
from service_map.store import FacilityFilter, open_readonly, queries

Floats = NDArray[np.float64]


_FAR_M = 2_000.0
_FAR = "far"
# Boxes in which a database is read: a few degrees hold some ten thousand facilities.
_READ_DEGREES = 4
_CHINA = (70.0, 0.0, 138.0, 56.0)
_NEEDED = ("category",)
_USED = (
    "category", "uncertainty_m", "status", "due", "year", "precision", "point_source", "status_source", "status_date",
)  # fmt: skip
_DATABASES = ("sqlite:", "postgresql:", "postgresql+psycopg:", "postgres:")
_RECORD = np.dtype(
    [
        ("lon", "<f8"), ("lat", "<f8"), ("kind", "<i2"), ("uncertainty_m", "<f8"), ("status", "u1"), ("year", "<i2"),
        ("wide", "?"), ("source", "<u8"),
    ]
)  # fmt: skip


def is_database(source: str) -> bool:
    """Tell whether facilities are named by the URL of a database and not by a path."""
    return source.startswith(_DATABASES)


def check(source: str) -> None:
    """Refuse facilities that cannot be read, by what can be known without reading them.

    Parameters
    ----------
    source
        A GeoParquet file or a folder of them, or the URL of a database that this product built.

    Raises
    ------
    InvalidParameterError
        When there is no such file or a column is missing.
    StoreError
        When the database cannot be opened.
    """
    if is_database(source):
        open_readonly(source).dispose()
        return
    names = _files(Path(source))
    try:
        schema = pyarrow.parquet.read_schema(names[0])
    except (OSError, pyarrow.ArrowException) as error:
        raise InvalidParameterError(
            "facilities", f"{names[0].name} 读不出：{error}", f"cannot read {names[0].name}: {error}"
        ) from error
    missing = [name for name in _NEEDED if name not in schema.names]
    if missing or b"geo" not in (schema.metadata or {}):
        raise InvalidParameterError(
            "facilities",
            f"{names[0].name} 应为 GeoParquet，含列 {'、'.join(_NEEDED)}；现有列 {'、'.join(schema.names)}",
            f"{names[0].name} must be GeoParquet with the column {', '.join(_NEEDED)}, not {', '.join(schema.names)}",
        )


def _files(path: Path) -> list[Path]:
    found = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not found or not found[0].is_file():
        raise InvalidParameterError(
            "facilities", f"没有这个 GeoParquet 文件或目录：{path}", f"no such GeoParquet file or folder: {path}"
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """Where the tiles of facilities stand.

    Attributes
    ----------
    folder
        Path of the folder.
    kinds
        Category codes, by whose row a facility's kind is told.
    read, taken
        Facilities read, and of them those of the kinds asked about.
    sources
        Who tells that facilities stand, with the date where it is known, by the number that stands for it in the tiles.
    """

    folder: str
    kinds: tuple[str, ...]
    read: int
    taken: int
    sources: Mapping[int, str] = field(default_factory=dict)


def lay(source: str, kinds: Sequence[str], folder: Path, *, scheduler: Any = "synchronous") -> Laid:
    """Read facilities a partition at a time and lay them into tiles.

    Parameters
    ----------
    source
        As in `check`.
    kinds
        Category codes to take; others are left out.
    folder
        Made anew; what stood there is removed.
    scheduler
        Of Dask: ``"synchronous"``, or a client.

    Returns
    -------
    Laid

    Raises
    ------
    InvalidParameterError
        When a column or a value cannot be used.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    dask = need("dask")
    wanted = tuple(kinds)
    if is_database(source):
        parts = [dask.delayed(_lay_box)(source, box, wanted, str(folder)) for box in _boxes()]
    else:
        parts = _geoparquet(source, wanted, folder, dask)
    with dask.config.set(scheduler=scheduler if isinstance(scheduler, str) else scheduler.get), catch_warnings():
        # What one of these libraries calls in another will go with a later version; the rows do not change by it.
        simplefilter("ignore", DeprecationWarning)
        counted = dask.compute(*parts, optimize_graph=False)
    sources: dict[int, str] = {}
    for _, _, names in counted:
        sources |= names
    return Laid(
        folder=str(folder), kinds=wanted, read=sum(one for one, _, _ in counted),
        taken=sum(two for _, two, _ in counted), sources=sources,
    )  # fmt: skip


_Came = tuple[int, int, dict[int, str]]
"""Facilities read, taken, and `Laid.sources` of a partition."""


# Dask reads the parts of a country side by side, as numbers; `service_map.io` gives one file's rows as texts, but tells
# here too what their coordinates are in.
def _geoparquet(source: str, wanted: tuple[str, ...], folder: Path, dask: Any) -> list[Any]:
    dask_geopandas = need("dask_geopandas")
    names = pyarrow.parquet.read_schema(_files(Path(source))[0]).names
    columns = ["geometry", *(name for name in _USED if name in names)]
    try:
        frame = dask_geopandas.read_parquet(
            source if Path(source).is_file() else str(Path(source)), columns=columns, split_row_groups=True
        )
    except (OSError, ValueError, KeyError, pyarrow.ArrowException) as error:
        raise InvalidParameterError("facilities", f"读不出：{error}", f"cannot be read: {error}") from error
    return [dask.delayed(_lay_frame)(part, wanted, str(folder)) for part in frame.to_delayed(optimize_graph=True)]


def _lay_frame(frame: Any, wanted: tuple[str, ...], folder: str) -> _Came:
    shapes = np.asarray(frame.geometry.array)
    if len(shapes) and (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any():
        raise InvalidParameterError("facilities", "有设施没有点位", "a facility has no point")
    flat = shapely.get_type_id(shapes) == 0
    points = np.where(flat, shapes, shapely.point_on_surface(shapes)) if not flat.all() else shapes
    stated = None if frame.crs is None else frame.crs.to_wkt()
    turn = io.system(
        stated, said=None, datum=None, layer=False, must=False, field="facilities", where="GeoParquet"
    ).turn
    lonlat, accuracy_m = turn(shapely.get_coordinates(points))
    count = len(frame)

    def number(name: str, kind: type) -> NDArray[Any]:
        try:
            return column(name, 0).astype(kind)
        except (TypeError, ValueError):
            raise InvalidParameterError(
                "facilities", f"列 {name} 应为数字", f"the column {name} takes numbers"
            ) from None

    def column(name: str, default: Any) -> NDArray[Any]:
        if name not in frame.columns:
            return np.full(count, default)
        values = frame[name]
        return np.asarray(values.fillna(default).to_numpy() if values.isna().any() else values.to_numpy())

    status = column("status", "existing").astype(str)
    names, source = [""], [0] * count
    if {"status_source", "point_source"} & set(frame.columns):
        told = (column(name, "").astype(str) for name in ("status_source", "point_source", "status_date"))
        names, source = _told(status, *told)
    numbers = _numbered(names)
    records = _records(
        lonlat=lonlat,
        category=column("category", "").astype(str),
        uncertainty_m=number("uncertainty_m", np.float64) + accuracy_m,
        status=status,
        # As the product's own database counts: a year that no plan states is the end of its term.
        year=number("due" if "due" in frame.columns else "year", np.int64),
        wide=_wide(column("precision", "").astype(str)),
        source=numbers[source],
        wanted=wanted,
    )
    _write(records, Path(folder))
    return count, len(records), dict(zip(numbers.tolist(), names, strict=True))


def _wide(precision: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Tell what is known to its county or city only; what says nothing of its precision is taken at its point."""
    known = _codes(precision, ("", *terms.PRECISION.codes))
    if (known < 0).any():
        strange = str(precision[known < 0][0])
        raise InvalidParameterError(
            "facilities",
            f"列 precision 没有 {strange!r}",
            f"the column precision has no {strange!r}",
            terms.PRECISION.codes,
        )
    return np.isin(precision, terms.WIDE)


def _told(
    status: NDArray[Any], by: NDArray[Any], point: NDArray[Any], date: NDArray[Any]
) -> tuple[list[str], list[int]]:
    """Say who tells that a facility stands: whoever saw it built, else the source of its point; each once, by its row.

    The first is "", of what does not stand and of what nobody tells.
    """
    known = {"": 0}
    rows = [
        known.setdefault(" ".join(filter(None, (who or named, (who or named) and when))), len(known))
        if state in terms.IN_PLACE
        else 0
        for state, who, named, when in zip(status.tolist(), by.tolist(), point.tolist(), date.tolist(), strict=True)
    ]
    return list(known), rows


def _boxes() -> Iterator[tuple[float, float, float, float]]:
    west, south, east, north = _CHINA
    for left in np.arange(west, east, _READ_DEGREES):
        for bottom in np.arange(south, north, _READ_DEGREES):
            # Edges belong to a box, so the next begins just after: no facility is read twice.
            yield (
                float(left),
                float(bottom),
                float(np.nextafter(left + _READ_DEGREES, -np.inf)),
                float(np.nextafter(bottom + _READ_DEGREES, -np.inf)),
            )


def _lay_box(source: str, box: tuple[float, float, float, float], wanted: tuple[str, ...], folder: str) -> _Came:
    engine = open_readonly(source)
    try:
        with engine.connect() as connection:
            known = tuple(code for code in wanted if code in queries.vocabulary(connection).categories)
            if not known:
                return 0, 0, {}
            found = queries.facility_points(connection, FacilityFilter(bbox=box, categories=known), apart=True)
    finally:
        engine.dispose()
    years = np.nan_to_num(found.year, nan=0).astype(np.int64)
    # What does not stand has row -1, the last: nobody tells that it stands.
    names = [*(" ".join(filter(None, (title, date))) for title, _licence, date in found.sources), ""]
    numbers = _numbered(names)
    records = _records(
        lonlat=found.lonlat, category=found.category, uncertainty_m=found.uncertainty_m, status=found.status,
        year=years, wide=found.wide, source=numbers[found.source], wanted=wanted,
    )  # fmt: skip
    _write(records, Path(folder))
    return len(found.lonlat), len(records), dict(zip(numbers.tolist(), names, strict=True))


def _records(
    *,
    lonlat: Floats,
    category: NDArray[Any],
    uncertainty_m: Floats,
    status: NDArray[Any],
    year: NDArray[np.int64],
    wide: NDArray[np.bool_],
    source: NDArray[np.uint64],
    wanted: tuple[str, ...],
) -> NDArray[Any]:
    place = coverage.usable_lonlat(lonlat, "facilities")
    kind = _codes(category, wanted)
    state = _codes(status, terms.STATUS.codes)
    if (state < 0).any():
        raise InvalidParameterError(
            "facilities",
            f"没有状态 {str(status[state < 0][0])!r}",
            f"no status {str(status[state < 0][0])!r}",
            terms.STATUS.codes,
        )
    if not (np.isfinite(uncertainty_m) & (uncertainty_m >= 0)).all():
        raise InvalidParameterError(
            "facilities", "uncertainty_m 应为不小于 0 的数", "uncertainty_m takes numbers of at least 0"
        )
    records = np.empty(len(place), dtype=_RECORD)
    records["lon"], records["lat"] = place[:, 0], place[:, 1]
    records["kind"], records["status"], records["year"] = kind, state, year
    records["uncertainty_m"], records["wide"], records["source"] = uncertainty_m, wide, source
    return records[kind >= 0]


def _codes(values: NDArray[Any], among: Sequence[str]) -> NDArray[np.int64]:
    """Give the place of each value in a list, -1 where it is not in it."""
    unique, inverse = np.unique(values, return_inverse=True)
    place = {name: number for number, name in enumerate(among)}
    return np.array([place.get(str(name), -1) for name in unique], dtype=np.int64)[inverse.ravel()]


def _numbered(names: Sequence[str]) -> NDArray[np.uint64]:
    """Give for each name the number that stands for it in every partition; 0 for ""."""
    return np.array(
        [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) if name else 0 for name in names], dtype=np.uint64
    )


def _write(records: NDArray[Any], folder: Path) -> None:
    if not len(records):
        return
    far = records["uncertainty_m"] > _FAR_M
    tiles = np.column_stack((np.floor(records["lon"]), np.floor(records["lat"]))).astype(np.int64)
    groups = {_FAR: np.flatnonzero(far)}
    near = np.flatnonzero(~far)
    names, member = np.unique(tiles[near], axis=0, return_inverse=True)
    order = np.argsort(member.ravel(), kind="stable")
    edges = np.searchsorted(member.ravel()[order], np.arange(len(names) + 1))
    for number, (column, row) in enumerate(names.tolist()):
        groups[f"{column}_{row}"] = near[order[edges[number] : edges[number + 1]]]
    for name, rows in groups.items():
        if len(rows):
            into = folder / name
            into.mkdir(parents=True, exist_ok=True)
            part = into / f".{secrets.token_hex(8)}"
            with part.open("wb") as file:
                np.save(file, records[rows])
            # Named by its content, so that a task that runs twice, after a worker was lost, leaves one file.
            part.replace(into / f"{hashlib.sha256(records[rows].tobytes()).hexdigest()}.npy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The facilities that may serve a county, in an order that only their values decide.

    Attributes
    ----------
    candidates
        n of them.
    kind
        Row of `Laid.kinds` of each, shape (n,).
    source
        Row of `sources` of each, shape (n,).
    sources
        Who tells that a facility stands, with the date where it is known; "" where nobody does.
    digest
        Names them: equal facilities, equal names.
    """

    candidates: Candidates
    kind: NDArray[np.int64]
    source: NDArray[np.int64]
    sources: tuple[str, ...]
    digest: str


def take(laid: Laid, box: tuple[float, float, float, float]) -> Taken:
    """Take the facilities that may serve a county.

    Parameters
    ----------
    laid
        From `lay`.
    box
        West, south, east, north of the county with its halo; what is located badly is taken from as much farther away
        as it may stand.

    Returns
    -------
    Taken

    Raises
    ------
    GeodataError
        When a tile is damaged.
    """
    found = [_inside(records, box) for records in (*_tiles(laid, box), *_read(Path(laid.folder) / _FAR))]
    records = np.concatenate(found) if found else np.empty(0, dtype=_RECORD)
    order = ("source", "wide", "year", "status", "uncertainty_m", "lat", "lon", "kind")
    records = records[np.lexsort([records[name] for name in order])]
    kinds = np.array(laid.kinds, dtype=np.str_)
    named = {0: "", **laid.sources}
    digests, source = np.unique(records["source"], return_inverse=True)
    return Taken(
        candidates=Candidates(
            lonlat=np.column_stack((records["lon"], records["lat"])),
            category=kinds[records["kind"]] if len(records) else np.empty(0, dtype=np.str_),
            uncertainty_m=records["uncertainty_m"].astype(np.float64),
            status=np.array(terms.STATUS.codes)[records["status"]],
            year=records["year"].astype(np.int64),
            wide=records["wide"].copy(),
        ),
        kind=records["kind"].astype(np.int64),
        source=source.ravel().astype(np.int64),
        sources=tuple(named[digest] for digest in digests.tolist()),
        digest=hashlib.sha256(records.tobytes() + "\0".join(laid.kinds).encode()).hexdigest(),
    )


def _tiles(laid: Laid, box: tuple[float, float, float, float]) -> Iterator[NDArray[Any]]:
    west, south, east, north = _widened(box, _FAR_M)
    for column in range(int(np.floor(west)), int(np.floor(east)) + 1):
        for row in range(int(np.floor(south)), int(np.floor(north)) + 1):
            yield from _read(Path(laid.folder) / f"{column}_{row}")


def _read(folder: Path) -> Iterator[NDArray[Any]]:
    for path in sorted(folder.glob("*.npy")):
        try:
            records = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise GeodataError(
                f"设施分块 {folder.name} 损坏：{error}", f"the tile {folder.name} of facilities is damaged: {error}"
            ) from error
        yield records


def _widened(box: tuple[float, float, float, float], metres: float) -> tuple[float, float, float, float]:
    west, south, east, north = box
    up = metres / LEAST_DEGREE_M
    sideways = up / np.cos(np.radians(min(89.0, max(abs(south), abs(north)) + up)))
    return (west - sideways, south - up, east + sideways, north + up)


def _inside(records: NDArray[Any], box: tuple[float, float, float, float]) -> NDArray[Any]:
    """Keep what may stand in the box; each record by its own uncertainty, so that no tile's neighbours decide."""
    west, south, east, north = box
    up = records["uncertainty_m"] / LEAST_DEGREE_M
    farthest = np.minimum(89.0, max(abs(south), abs(north)) + up)
    sideways = up / np.cos(np.radians(farthest))
    lon, lat = records["lon"], records["lat"]
    return records[(lon >= west - sideways) & (lon <= east + sideways) & (lat >= south - up) & (lat <= north + up)]
