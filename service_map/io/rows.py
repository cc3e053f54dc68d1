"""Rows out of any table or layer, in batches so that size does not matter: the one way in for everything brought.

A row has its number as a spreadsheet shows it, its cells under the product's own names, its place in WGS 84, and what
is wrong with that place. Whoever asked says which columns mean something; the rest is not read.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.degrees import MOST_DEGREE_M
from service_map.catalogue.messages import Sentence
from service_map.errors import Fault, InvalidParameterError
from service_map.io.columns import Wanted, load_names
from service_map.io.crs import Floats, Frame, frame
from service_map.io.source import TEXTS, WORKBOOKS, Source, as_source, check_form

PLACE = {"lon": "lon", "lat": "lat"}
"""The columns of a place, for a table whose rows have one."""

_BATCH = 50_000
_HEAD_ROWS = 40  # a heading stands among so many rows, behind titles and remarks
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DEGREES = re.compile(
    r"(?:东经|西经|北纬|南纬|[ewns])?\s*(\d{1,3})\s*[°度]\s*(?:(\d{1,2}(?:\.\d+)?)\s*['′分]?\s*)?"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*(?:″|\"|''|′′|秒)?\s*)?[ewns]?"
)
_UNITS = re.compile(r"\s*(?:°|度|m|米)?\s*[ewns]?$")
_LONGEST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one row.

    Attributes
    ----------
    row
        Its number: in a table that of the line a spreadsheet shows, else the feature's from 1; 0 for the table as a
        whole.
    column
        The column at fault, or empty.
    zh, en
        What is wrong and what is allowed.
    where
        The file, and its sheet or layer where it has several.
    """

    row: int
    column: str
    zh: str
    en: str
    where: str = ""

    def __str__(self) -> str:
        """Both languages on one line."""
        zh = f"第 {self.row} 行 {self.column} {self.zh}" if self.row else self.zh
        en = f"row {self.row}, {self.column}: {self.en}" if self.row else self.en
        return f"{self.where} {zh} / {self.where}, {en}" if self.where else f"{zh} / {en}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows of a table or layer, n of them.

    Attributes
    ----------
    where
        The file, and its sheet or layer where it has several.
    numbers
        Row numbers as a spreadsheet shows them, or the features' from 1.
    cells
        The columns that were asked for and are there, each n texts without white space around them; those of the place
        as they stand.
    lonlat
        Shape (n, 2), WGS 84 degrees: of the row's point, or of a point on its line or polygon; NaN where there is none.
        What is no longitude and latitude stays as it is.
    accuracy_m
        Shape (n,), metres that the turning into WGS 84 may be wrong by.
    reach_m
        Shape (n,), metres within which all of a line or polygon lies round its point; 0 for a point.
    said
        Shape (n, 2), for rows with a line or polygon the point that their own columns give, else NaN; None where the
        layer has no such columns.
    frame
        What the coordinates were in.
    faults
        What is wrong with the place of a row, by position: Chinese and English.
    nested
        Columns whose cells may hold an object where a text should stand.
    shapes
        Geometries as they stand in the file; None where the table has none.
    """

    where: str
    numbers: Sequence[int]
    cells: dict[str, list[str]]
    lonlat: Floats
    accuracy_m: Floats
    reach_m: Floats
    frame: Frame
    faults: Mapping[int, tuple[str, str]]
    said: Floats | None = None
    nested: frozenset[str] = frozenset()
    shapes: NDArray[Any] | None = None

    def __len__(self) -> int:
        """How many rows."""
        return len(self.numbers)

    def column(self, name: str) -> list[str]:
        """Give the cells of a column; empty ones where the table lacks it."""
        return self.cells.get(name) or [""] * len(self)

    def shape(self, index: int) -> BaseGeometry | None:
        """Give a row's line or polygon in WGS 84 degrees; None for a point."""
        drawn = None if self.shapes is None else self.shapes[index]
        if drawn is None or drawn.is_empty or shapely.get_dimensions(drawn) < 1:
            return None
        return shapely.transform(drawn, lambda xy: self.frame.turn(xy)[0])

    def problem(self, index: int, column: str, zh: str, en: str) -> Problem:
        """Make what is wrong with a row."""
        return Problem(row=self.numbers[index], column=column, zh=zh, en=en, where=self.where)

    def fault(self, index: int) -> Problem | None:
        """Give what is wrong with a row before anybody looks at what it says: its place, or an object for a text."""
        if index in self.faults:
            return self.problem(index, "lon, lat", *self.faults[index])
        for name in self.nested:
            if self.cells[name][index][:1] in ("{", "["):
                return self.problem(index, name, "应为文字，而不是嵌套的对象", "takes a text, not a nested object")
        return None

    def refuse(self, index: int, column: str, zh: str, en: str, *, field: str) -> InvalidParameterError:
        """Make the error for a reader that takes all rows or none."""
        number = self.numbers[index]
        return InvalidParameterError(
            field, f"{self.where} 第 {number} 行 {column} {zh}", f"{self.where}, row {number}, {column}: {en}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user says of a file besides its path; all of it may be left out.

    Attributes
    ----------
    datum
        What the coordinates are in, one of `service_map.io.DATUMS`.
    crs
        Their CRS, such as ``EPSG:4547``, where the file does not say it.
    layer
        The sheet or layer to read, where there are several.
    columns
        Which column is which, such as ``{"class": "设施种类"}``, where the names are not in ``columns.toml``; an empty
        name says that the file has no such column, whatever its columns are called.
    """

    datum: str | None = None
    crs: str | None = None
    layer: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


def read(
    given: Path | Source,
    columns: Mapping[str, str],
    asked: Asked,
    *,
    required: Sequence[str] = (),
    families: Sequence[str] = (),
    place: bool = True,
    must: bool = True,
    rows: bool = True,
    called: str = "file",
) -> Iterator[Batch]:
    """Read a table or a layer, a batch at a time.

    Parameters
    ----------
    given
        A file of one of `service_map.io.FORMS`.
    columns
        By the name that the caller gives a column, its entry in ``geodata/columns.toml``; without those of the place.
    asked
        What the user says of it.
    required
        Columns without which nothing can be read.
    families
        Entries whose groups are columns too, such as ``people`` for ``people_60+``.
    place
        Whether rows must have a place; otherwise none is looked for.
    must
        Whether a datum must be known; otherwise WGS 84 is taken, and the frame says so.
    rows
        Whether a table without a row is refused.
    called
        What the user calls the file, such as ``demand``: the field of errors.

    Yields
    ------
    Batch
        In the file's order. Blank rows of a table are passed over.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read at all, a column is missing, several sheets or layers leave open which is meant, or
        what is said of its coordinates is too little or contradicts it; the message names file, sheet or layer.
    """
    source = as_source(given)
    check_form(source, called)
    wanted = Wanted(
        columns={**columns, **PLACE} if place else columns, required=tuple(required), asked=asked.columns,
        families=tuple(families), field=called,
    )  # fmt: skip
    wanted.check_asked()
    if place:  # nothing is read of a table whose datum is no datum
        frame(None, said=asked.crs, datum=asked.datum, layer=False, must=False, field=called, where=source.name)
    table = source.form in (*TEXTS, *WORKBOOKS)
    found = (_table if table else _layer)(source, wanted, asked, place=place, must=must)
    first = next(found, None)
    if first is None or not (len(first) or rows is False):
        if rows:
            raise InvalidParameterError(called, f"{source.name} 里没有行", f"{source.name} holds no rows")
        return
    _refuse_metres(first, called)
    yield from chain([first], found)


# --- tables -----------------------------------------------------------------------------------------------------------


def _table(source: Source, wanted: Wanted, asked: Asked, *, place: bool, must: bool) -> Iterator[Batch]:
    known = load_names()

    def score(cells: list[str]) -> int:
        return len(wanted.find(cells, known))

    with _table_rows(source, wanted, asked, score) as (where, rows):
        head = list(islice(rows, _HEAD_ROWS))
        at = _heading([score(cells) for _, cells in head], head)
        if at is None:
            raise InvalidParameterError(wanted.field, f"{where} 里没有内容", f"{where} holds nothing")
        heading = head[at][1]
        found = wanted.find(heading)
        needed = wanted if not place else _with_place(wanted)
        needed.require(found, heading, where)
        turn = _no_frame() if not place else frame(
            None, said=asked.crs, datum=asked.datum, layer=False, must=must, field=wanted.field, where=where
        )  # fmt: skip
        width = len(heading)
        body = (row for row in chain(head[at + 1 :], rows) if any(map(str.strip, row[1])))
        while some := list(islice(body, _BATCH)):
            cells = {
                column: [row[index].strip() if index < len(row) else "" for _, row in some]
                for column, index in found.items()
            }
            faults = {
                index: Fault("单元格比表头多", "has more cells than the heading")
                for index, (_, row) in enumerate(some)
                if len(row) > width and any(cell.strip() for cell in row[width:])
            }
            yield batch_of(where, [number for number, _ in some], cells, turn, place=place, faults=faults)


@contextmanager
def _table_rows(
    source: Source, wanted: Wanted, asked: Asked, score: Any
) -> Iterator[tuple[str, Iterator[tuple[int, list[str]]]]]:
    # Workbooks and text are read by libraries of their own, loaded where one comes in.
    if source.form in WORKBOOKS:
        from service_map.io.workbook import sheet_rows

        with sheet_rows(source, wanted.field, asked.layer) as (sheet, rows):
            yield _where(source, sheet), rows
        return
    from service_map.io.text import text_rows

    if asked.layer is not None:
        zh, en = Fault(
            f"{source.name} 没有工作表或图层，不能说 --layer", f"{source.name} has no sheets or layers to name"
        )
        raise InvalidParameterError(wanted.field, zh, en)
    with text_rows(source, wanted.field, score) as rows:
        yield source.name, rows


def _where(source: Source, layer: str) -> str:
    return f"{source.name} [{layer}]" if layer else source.name


def _heading(scores: Sequence[int], head: Sequence[tuple[int, list[str]]]) -> int | None:
    """Say which of the first rows is the heading: the first with most known columns, else the first not blank."""
    if max(scores, default=0):
        return scores.index(max(scores))
    return next((at for at, (_, cells) in enumerate(head) if any(cell.strip() for cell in cells)), None)


def _with_place(wanted: Wanted) -> Wanted:
    return Wanted(
        columns=wanted.columns, required=(*wanted.required, "lon", "lat"), asked=wanted.asked,
        families=wanted.families, field=wanted.field,
    )  # fmt: skip


# --- layers -----------------------------------------------------------------------------------------------------------


def _layer(source: Source, wanted: Wanted, asked: Asked, *, place: bool, must: bool) -> Iterator[Batch]:
    from service_map.io.layer import open_layer

    with open_layer(source, wanted.field, asked.layer, spatial=place) as layer:
        where = _where(source, layer.name)
        found = wanted.find(layer.heading, cut=layer.cut)
        needed = wanted if layer.spatial or not place else _with_place(wanted)
        lacking = any(column not in found for column in needed.required)
        if lacking and not any(piece.count for piece in layer.pieces(())):
            return  # a layer of GeoJSON without features has no columns either
        needed.require(found, layer.heading, where)
        turn = _no_frame() if not place else frame(
            layer.crs, said=asked.crs, datum=asked.datum, layer=layer.spatial, must=must, field=wanted.field,
            where=where,
        )  # fmt: skip
        for piece in layer.pieces(sorted(found.values())):
            cells = {column: piece.columns[index] for column, index in found.items()}
            nested = frozenset(column for column, index in found.items() if index in piece.nested)
            numbers = range(piece.start, piece.start + piece.count)
            shapes = piece.shapes if place else None
            yield batch_of(where, numbers, cells, turn, place=place, shapes=shapes, nested=nested)


# --- both -------------------------------------------------------------------------------------------------------------


def _no_frame() -> Frame:
    return Frame(told=Sentence(""), turn=lambda xy: (xy, np.zeros(len(xy))))


def batch_of(
    where: str,
    numbers: Sequence[int],
    cells: dict[str, list[str]],
    turn: Frame,
    *,
    place: bool,
    shapes: NDArray[Any] | None = None,
    nested: frozenset[str] = frozenset(),
    faults: Mapping[int, tuple[str, str]] | None = None,
) -> Batch:
    """Make a batch: find the places of its rows, and what is wrong with them; for parameters see `Batch`."""
    count = len(numbers)
    wrong = dict(faults or {})
    lonlat, metres, reach = np.full((count, 2), np.nan), np.zeros(count), np.zeros(count)
    said = None
    if place:
        texts = [cells.get(axis) for axis in ("lon", "lat")]
        if shapes is None:
            xy = np.column_stack([coordinates(column or [""] * count) for column in texts]).reshape(-1, 2)
        else:
            xy = _points(shapes)
            said = None if None in texts else _said(texts, turn)
        lonlat, metres = turn.turn(xy)
        if shapes is not None:
            reach = _reach(shapes, turn)
        wrong = _point_faults(xy, lonlat, turn, texts if shapes is None else [None, None]) | wrong
    return Batch(
        where=where, numbers=numbers, cells=cells, lonlat=lonlat, accuracy_m=metres, reach_m=reach, frame=turn,
        faults=wrong, said=said, nested=nested & set(cells), shapes=shapes,
    )  # fmt: skip


def _said(texts: Sequence[list[str] | None], turn: Frame) -> Floats:
    """Read the point that a row's own columns give beside its shape, in the layer's own coordinates or in degrees."""
    given = np.column_stack([coordinates(column or []) for column in texts]).reshape(-1, 2)
    degrees = (np.abs(given[:, 0]) <= 180) & (np.abs(given[:, 1]) <= 90)
    turned = turn.turn(given)[0]
    return np.where(degrees[:, None], given, turned) if turn.projected else turned


def _points(shapes: NDArray[Any]) -> Floats:
    """Give each geometry's own point, or a point on it; NaN where it is missing or empty."""
    xy = np.full((len(shapes), 2), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    points = there & (shapely.get_type_id(shapes) == shapely.GeometryType.POINT)
    xy[points] = shapely.get_coordinates(shapes[points])
    others = np.flatnonzero(there & ~points)
    if len(others):
        xy[others] = shapely.get_coordinates(shapely.point_on_surface(shapes[others]))
    return xy


def _reach(shapes: NDArray[Any], turn: Frame) -> Floats:
    """Say how far each geometry reaches from its point at most."""
    reach = np.zeros(len(shapes))
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    others = np.flatnonzero(there & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT))
    if len(others):
        edges = shapely.bounds(shapes[others])
        (west_south, _), (east_north, _) = turn.turn(edges[:, :2]), turn.turn(edges[:, 2:])
        wide = (east_north[:, 0] - west_south[:, 0]) * np.cos(np.radians(west_south[:, 1]))
        # No two points of a shape are farther apart than the diagonal of its box.
        reach[others] = np.hypot(wide, east_north[:, 1] - west_south[:, 1]) * MOST_DEGREE_M
    return reach


def _point_faults(
    xy: Floats, lonlat: Floats, turn: Frame, texts: Sequence[list[str] | None]
) -> dict[int, tuple[str, str]]:
    fine = (np.abs(lonlat[:, 0]) <= 180) & (np.abs(lonlat[:, 1]) <= 90)
    return {
        index: _point_fault(xy[index], turn, [None if column is None else column[index] for column in texts])
        for index in np.flatnonzero(~fine).tolist()
    }


def _point_fault(xy: Floats, turn: Frame, texts: Sequence[str | None]) -> tuple[str, str]:
    x, y = xy.tolist()
    if not (math.isfinite(x) and math.isfinite(y)):
        for axis, text, value in zip(("lon", "lat"), texts, (x, y), strict=True):
            if text and not math.isfinite(value):
                told = text[:_LONGEST_TOLD]
                return Fault(f"{axis} 不是数：{told!r}", f"{axis} is not a number: {told!r}")
        return Fault("没有坐标或几何为空", "is missing: there are no coordinates, or the geometry is empty")
    if turn.projected:
        if np.isfinite(turn.turn(np.array([[y, x]]))[0]).all():
            return Fault(
                "东坐标与北坐标写反了；测量的 X 是北、Y 是东时，请把列名改为北坐标、东坐标",
                "easting and northing are swapped; where X is north and Y east, call the columns northing and easting",
            )
        return Fault(f"不在这个坐标参考系的范围内：{x:g}, {y:g}", f"lies outside the reference system: {x:g}, {y:g}")
    if abs(x) <= 90 and abs(y) <= 180:
        return Fault("经纬度写反了", "longitude and latitude are swapped")
    return Fault(
        f"超出经度 ±180、纬度 ±90：{x:g}, {y:g}",
        f"lies outside longitude ±180, latitude ±90: {x:g}, {y:g}",
    )


def _refuse_metres(batch: Batch, called: str) -> None:
    """Refuse at once a table whose every row has metres where degrees should stand."""
    values = np.abs(batch.lonlat)
    if not batch.frame.projected and len(values) and (values.max(axis=1, initial=0.0) > 1000).all():
        raise InvalidParameterError(
            called,
            f"{batch.where} 的坐标不是经纬度，像是投影坐标：请用 --crs 说明，如 --crs EPSG:4547",
            f"{batch.where}: its coordinates are no degrees but look projected; state them with --crs, such as"
            " --crs EPSG:4547",
        )


def coordinates(texts: Sequence[str]) -> Floats:
    """Read coordinates as people write them.

    Parameters
    ----------
    texts
        Numbers, full-width ones too, with a unit or a quarter of the sky (``112.18°E``), or degrees, minutes and
        seconds (``112°10′48″``, ``东经112度10分48秒``).

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a text is none of these.
    """
    try:
        found = np.array(texts, dtype=np.float64)
    except ValueError:
        found = np.array([_coordinate(text) for text in texts], dtype=np.float64)
    found[~np.isfinite(found)] = np.nan
    return found


def _coordinate(text: str) -> float:
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    sign = -1.0 if plain[:1] in ("w", "s") or plain[-1:] in ("w", "s") or plain[:2] in ("西经", "南纬") else 1.0
    bare = _UNITS.sub("", plain.removeprefix("东经").removeprefix("北纬").lstrip("ewns 西经南纬"))
    if _PLAIN_NUMBER.fullmatch(bare):
        return sign * float(bare)
    found = _DEGREES.fullmatch(plain)
    if found is None:
        return math.nan
    degrees, minutes, seconds = (float(part or 0) for part in found.groups())
    return sign * (degrees + minutes / 60 + seconds / 3600) if minutes < 60 and seconds < 60 else math.nan


def number(text: str) -> float:
    """Read a number, full-width or with its thousands set apart; NaN where it is none."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    return float(plain) if _PLAIN_NUMBER.fullmatch(plain) else math.nan


def numbers(texts: Iterable[str]) -> Floats:
    """Read a column of numbers; NaN where a text is none."""
    return np.array([number(text) for text in texts], dtype=np.float64)
