"""Who lives in a county: the cells of population rasters, read by window, or points prepared by area code.

People are counted in millionths of a person, as whole numbers: their sums are exact, so neither the order of the cells
nor where a county is split can change an answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import shapely
from numpy.typing import NDArray

from service_map import coverage
from service_map.analysis.inputs import RASTERS
from service_map.coverage import population_grid
from service_map.errors import GeodataError, InvalidParameterError
from service_map.national.county import County

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

MICRO = 1_000_000
"""Parts of a person in which people are counted."""

_MOST_PEOPLE = 1e8  # in one cell; more is a slip of the unit
_GROUP = "people_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the people of the country stand.

    Attributes
    ----------
    path
        A raster, or a folder of GeoParquet or plain Parquet by area code (``adcode=140521/….parquet`` or
        ``140521.parquet``) with the columns ``lon``, ``lat``, ``people`` and, for age groups, ``people_NAME``.
    groups
        Rasters of age groups by name, on the very grid of `path`.
    band
        Of the rasters, 1-based; None for the only one.
    """

    path: str
    groups: Mapping[str, str] = field(default_factory=dict)
    band: int | None = None

    @property
    def is_raster(self) -> bool:
        """Tell whether it is a raster."""
        return Path(self.path).suffix.lower() in RASTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """People at points.

    Attributes
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first: in the order of the raster's rows or of the table.
    people
        In millionths, shape (n,).
    groups
        The same of each age group.
    """

    lonlat: Floats
    people: Whole
    groups: Mapping[str, Whole]

    def __len__(self) -> int:
        """How many cells."""
        return len(self.people)


def check(source: Source, counties: Iterable[County]) -> tuple[str, ...]:
    """Refuse people that cannot be read, by what the headers say.

    Parameters
    ----------
    source
        The people.
    counties
        The counties asked about.

    Returns
    -------
    tuple of str
        Codes of counties of which it certainly holds nobody.

    Raises
    ------
    InvalidParameterError
        When there is no such file, or a raster lies nowhere, elsewhere, on another grid than the first, or has several
        bands and none was named.
    GeodataError
        When rasterio is missing.
    """
    path = Path(source.path)
    if not path.exists():
        raise InvalidParameterError("demand", f"没有这个文件或目录：{path}", f"no such file or folder: {path}")
    if source.is_raster:
        return _check_raster(source, path, list(counties))
    if not path.is_dir():
        raise InvalidParameterError(
            "demand",
            f"{path.name} 应为人口栅格（{'、'.join(RASTERS)}）或按代码分的 Parquet 目录",
            f"{path.name} must be a raster ({', '.join(RASTERS)}) or a folder of Parquet by area code",
        )
    if source.groups:
        raise InvalidParameterError("group", "只用于栅格", "is for rasters alone")
    return tuple(county.adcode for county in counties if _holds_nobody(path, county.adcode))


def _check_raster(source: Source, path: Path, counties: list[County]) -> tuple[str, ...]:
    rasterio = population_grid.rasterio()
    try:
        with rasterio.open(path) as main:
            west, south, east, north = population_grid.extent(main, path)
            band = population_grid.chosen_band(main, path, source.band)
            for name, other in source.groups.items():
                _same_grid(rasterio, main, name, Path(other), band)
    except rasterio.errors.RasterioIOError as error:
        raise InvalidParameterError(
            "demand", f"{path.name} 读不出：{error}", f"cannot read {path.name}: {error}"
        ) from error
    except GeodataError as error:
        raise InvalidParameterError("demand", error.zh, error.en) from error
    empty = []
    for county in counties:
        left, bottom, right, top = shapely.bounds(county.shape)
        if right < west or left > east or top < south or bottom > north:
            empty.append(county.adcode)
    if counties and len(empty) == len(counties):
        raise InvalidParameterError(
            "demand",
            f"栅格 {path.name} 的范围是经度 {west:.2f}～{east:.2f}、纬度 {south:.2f}～{north:.2f}，与所问区域没有重叠；"
            "坐标系或像元大小的正负号可能写错",
            f"the raster {path.name} covers longitude {west:.2f}…{east:.2f}, latitude {south:.2f}…{north:.2f}"
            " and touches no county asked about; its CRS or the sign of a pixel's size may be wrong",
        )
    return tuple(empty)


def _same_grid(rasterio: Any, main: Any, name: str, path: Path, band: int) -> None:
    if not path.is_file():
        raise InvalidParameterError("group", f"{name}：没有这个文件：{path}", f"{name}: no such file: {path}")
    with rasterio.open(path) as other:
        same = (other.width, other.height, other.crs) == (main.width, main.height, main.crs)
        if not same or not other.transform.almost_equals(main.transform) or band > other.count:
            raise InvalidParameterError(
                "group",
                f"{name} 的栅格 {path.name} 与人口栅格不是同一网格",
                f"{name}: the raster {path.name} is not on the grid of the people's",
            )


def _table(folder: Path, adcode: str) -> Path | None:
    for name in (f"adcode={adcode}", f"{adcode}.parquet"):
        if (folder / name).exists():
            return folder / name
    return None


def _holds_nobody(folder: Path, adcode: str) -> bool:
    table = _table(folder, adcode)
    try:
        return table is None or not sum(_rows(path) for path in _tables(table))
    except GeodataError:
        return False  # a damaged table costs its own county, later


def identity(source: Source, county: County) -> list[list[Any]]:
    """Name the files that a county's people are read from, and whose they are, by name, size and time of change."""
    if source.is_raster:
        rasterio = population_grid.rasterio()
        named: list[list[Any]] = []
        for name, raster in (("", source.path), *source.groups.items()):
            with _opening(rasterio, Path(raster)) as opened:
                # A virtual raster is its parts as well.
                named += [[name, *_stat(Path(file))] for file in sorted(opened.files) if Path(file).is_file()]
        return named
    table = _table(Path(source.path), county.adcode)
    files = [] if table is None else sorted(table.rglob("*.parquet")) if table.is_dir() else [table]
    return [_stat(path) for path in files]


def _stat(path: Path) -> list[Any]:
    status = path.stat()
    return [path.name, status.st_size, status.st_mtime_ns]


def parts(source: Source, county: County, most: int) -> list[tuple[int, int]]:
    """Split a county's people into runs of rows that hold at most so many cells each (one row at least).

    Parameters
    ----------
    source, county
        The people, and whose they are.
    most
        Cells that one part may hold.

    Returns
    -------
    list of (int, int)
        First row and the row after the last, of the raster or of the table.

    Raises
    ------
    GeodataError
        When the file is damaged.
    """
    if source.is_raster:
        rasterio = population_grid.rasterio()
        with _opening(rasterio, Path(source.path)) as main:
            window = population_grid.window_of(main, county.shape)
        if window is None:
            return [(0, 0)]
        first, last, wide = window.row_off, window.row_off + window.height, window.width
    else:
        table = _table(Path(source.path), county.adcode)
        first, last, wide = 0, 0 if table is None else sum(_rows(path) for path in _tables(table)), 1
    step = max(1, most // max(1, wide))
    return [(row, min(row + step, last)) for row in range(first, last, step)] or [(first, last)]


def _tables(table: Path) -> list[Path]:
    return sorted(table.rglob("*.parquet")) if table.is_dir() else [table]


def _rows(path: Path) -> int:
    try:
        return int(pyarrow.parquet.ParquetFile(path).metadata.num_rows)
    except (OSError, pyarrow.ArrowException) as error:
        raise GeodataError(
            f"人口表 {path.name} 读不出：{error}", f"cannot read the table {path.name}: {error}"
        ) from error


def _opening(rasterio: Any, path: Path) -> Any:
    try:
        return rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise GeodataError(
            f"栅格 {path.name} 读不出：{error}", f"cannot read the raster {path.name}: {error}"
        ) from error


def read(source: Source, county: County, rows: tuple[int, int]) -> Cells:
    """Read one part of a county's people.

    Parameters
    ----------
    source, county
        The people, and whose they are.
    rows
        One of `parts`.

    Returns
    -------
    Cells
        Of a raster: the cells with people whose centre lies in the county.

    Raises
    ------
    GeodataError
        When the file is damaged.
    InvalidParameterError
        When a value cannot be used.
    """
    return _read_raster(source, county, rows) if source.is_raster else _read_table(source, county, rows)


def _read_raster(source: Source, county: County, rows: tuple[int, int]) -> Cells:
    rasterio = population_grid.rasterio()
    layers: dict[str, Floats] = {}
    place, chosen = np.empty((0, 2)), None
    for name, path in (("", source.path), *source.groups.items()):
        with _opening(rasterio, Path(path)) as opened:
            whole = population_grid.window_of(opened, county.shape)
            if whole is None:
                return Cells(
                    lonlat=place,
                    people=np.empty(0, dtype=np.int64),
                    groups=dict.fromkeys(source.groups, np.empty(0, dtype=np.int64)),
                )
            window = rasterio.windows.Window(whole.col_off, rows[0], whole.width, rows[1] - rows[0])
            try:
                band = population_grid.chosen_band(opened, Path(path), source.band)
                values = population_grid.people_in(opened, Path(path), band, window)
            except rasterio.errors.RasterioIOError as error:
                raise GeodataError(
                    f"栅格 {Path(path).name} 读不出：{error}", f"cannot read the raster {Path(path).name}: {error}"
                ) from error
            if chosen is None:
                chosen = np.nonzero(values > 0)
                place = population_grid.centres_of(opened, window, chosen)
            layers[name] = values[chosen]
    shape = county.shape
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, place[:, 0], place[:, 1])
    people = _micro(layers.pop("")[inside], "demand")
    some = people > 0
    return Cells(
        lonlat=place[inside][some],
        people=people[some],
        groups={name: _micro(of[inside][some], name) for name, of in layers.items()},
    )


def _read_table(source: Source, county: County, rows: tuple[int, int]) -> Cells:
    table = _table(Path(source.path), county.adcode)
    if table is None:
        return Cells(lonlat=np.empty((0, 2)), people=np.empty(0, dtype=np.int64), groups={})
    try:
        given = pyarrow.concat_tables(_slices(_tables(table), *rows))
    except (OSError, pyarrow.ArrowException) as error:
        raise GeodataError(
            f"人口表 {table.name} 读不出：{error}", f"cannot read the table {table.name}: {error}"
        ) from error
    missing = [name for name in ("lon", "lat", "people") if name not in given.column_names]
    if missing:
        raise GeodataError(
            f"人口表 {table.name} 缺少列 {'、'.join(missing)}", f"the table {table.name} lacks {', '.join(missing)}"
        )
    lonlat = np.column_stack([given[name].to_numpy().astype(np.float64) for name in ("lon", "lat")]).reshape(-1, 2)
    people = _micro(given["people"].to_numpy().astype(np.float64), "demand")
    some = people > 0
    return Cells(
        lonlat=coverage.usable_lonlat(lonlat, "demand")[some],
        people=people[some],
        groups={
            name.removeprefix(_GROUP): _micro(given[name].to_numpy().astype(np.float64), name)[some]
            for name in sorted(given.column_names)
            if name.startswith(_GROUP) and len(name) > len(_GROUP)
        },
    )


# Any run of rows of a county's millions, as numbers: `service_map.io` gives texts, from the first row on.
def _slices(files: list[Path], first: int, last: int) -> list[pyarrow.Table]:
    """Read some rows of files that follow each other, by the groups of rows that hold them."""
    found, start = [], 0
    for path in files:
        file = pyarrow.parquet.ParquetFile(path)
        for number in range(file.num_row_groups):
            size = file.metadata.row_group(number).num_rows
            if start < last and start + size > first:
                group = file.read_row_group(number, use_threads=False)
                begin = max(first - start, 0)
                found.append(group.slice(begin, min(last - start, size) - begin))
            start += size
        if not file.num_row_groups:
            found.append(file.schema_arrow.empty_table())
    return found or [pyarrow.parquet.ParquetFile(files[0]).schema_arrow.empty_table()]


def _micro(values: Floats, name: str) -> Whole:
    bad = ~(np.isfinite(values) & (values >= 0) & (values <= _MOST_PEOPLE))
    if bad.any():
        raise InvalidParameterError(
            name,
            f"人口应为不小于 0 的有限数，现有 {values[bad][0]}",
            f"people are finite and not negative, not {values[bad][0]}",
        )
    return np.rint(values * MICRO).astype(np.int64)
