"""What a run writes: three folders of GeoParquet by area code, and for each county a manifest that says it is whole.

=====================================  ==============================================================================
``cells/adcode=140521/cells.parquet``  people at points: metres and minutes to each kind, which kinds are within reach
``gaps/adcode=140521/gaps.parquet``    pieces of the county where people are not covered, with how many
``summary/adcode=140521/summary…``     a row for each kind and year, and one for all kinds together
``manifests/140521.json``              hashes of the inputs and of the three files; written last
=====================================  ==============================================================================

Each file is written under another name and renamed. A county without a manifest that fits has no answer, whatever lies
in the folders; nothing in a file depends on when, where or in how many parts it was computed.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from service_map import coverage
from service_map.catalogue import terms
from service_map.national.county import County
from service_map.national.part import SQUARE_DEGREES, Judged, Sums, corners
from service_map.national.population import MICRO, Cells
from service_map.national.question import Question
from service_map.national.record import Record
from service_map.store.ranks import ALL
from service_map.store.summary import COLUMNS

FORMAT = 4
"""Goes up with every change of what the files hold: answers of another format are computed again."""

TABLES = ("cells", "gaps", "summary")
ROWS = 131_072
"""Rows of a group in the file of the cells, whatever the parts it was computed in."""

_WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])


def folder_of(out: Path, table: str, adcode: str) -> Path:
    """Give the folder of a county's file."""
    return out / table / f"adcode={adcode}"


def file_of(out: Path, table: str, adcode: str) -> Path:
    """Give the path of a county's file."""
    return folder_of(out, table, adcode) / f"{table}.parquet"


def manifest_of(out: Path, adcode: str) -> Path:
    """Give the path of a county's manifest."""
    return out / "manifests" / f"{adcode}.json"


# --- cells ------------------------------------------------------------------------------------------------------------


def cell_schema(
    question: Question, groups: Sequence[str], *, network: bool, bounds: Sequence[float], records: Sequence[Record]
) -> pa.Schema:
    """Give the columns of the cells, with GeoParquet's metadata and what the columns mean."""
    minutes = math.ceil(question.farthest(network=network) / min(t.pace(network=network) for t in question.targets))
    minute = pa.uint8() if minutes <= 255 else pa.uint16()
    columns = [
        pa.field("geometry", pa.binary(), nullable=False),
        pa.field("people", pa.float64(), nullable=False),
        *(pa.field(f"people_{name}", pa.float64(), nullable=False) for name in groups),
        pa.field("reached", pa.uint8(), nullable=False),
        pa.field("categories", pa.uint64(), nullable=False),
    ]
    for target in question.targets:
        columns += [pa.field(f"metres_{target.category}", pa.uint16()), pa.field(f"minutes_{target.category}", minute)]
    about = {
        "targets": [
            {"bit": bit, "category": target.category, "rule": target.rule,
             "metres": target.reach(network=network), "method": target.method(network=network),
             "record": records[bit].state}
            for bit, target in enumerate(question.targets)
        ],
        "horizon": question.horizons[-1].kind,
        "year": question.horizons[-1].year,
    }  # fmt: skip
    return pa.schema(columns, metadata={"geo": _geo("Point", bounds), "service_map": json.dumps(about, sort_keys=True)})


def _geo(kind: str, bounds: Sequence[float]) -> bytes:
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": [kind]}
    if all(math.isfinite(edge) for edge in bounds):
        column["bbox"] = list(bounds)
    # Without a ``crs`` the coordinates are OGC:CRS84, longitude first: GeoParquet 1.1.
    return orjson.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}})


def cell_table(question: Question, judged: Judged, schema: pa.Schema, *, network: bool) -> pa.Table:
    """Make the rows of a part."""
    cells = judged.cells
    arrays: list[Any] = [
        _wkb_points(cells),
        pa.array(cells.people / MICRO),
        *(pa.array(cells.groups[name] / MICRO) for name in cells.groups),
        pa.array(judged.count),
        pa.array(judged.reached),
    ]
    for row, target in enumerate(question.targets):
        away = judged.metres[row]
        minute = schema.field(f"minutes_{target.category}").type
        # Metres are whole and few: the minutes of each are worked out once. Row -1, the last, is left out as unknown.
        walked = np.ceil(np.arange(away.max(initial=0) + 1) / target.pace(network=network))
        known = pa.py_buffer(np.packbits(away >= 0, bitorder="little"))
        for kind, values in (
            (pa.uint16(), away.astype(np.uint16)),
            (minute, walked.astype(minute.to_pandas_dtype())[away]),
        ):
            arrays.append(pa.Array.from_buffers(kind, len(away), [known, pa.py_buffer(values)]))
    return pa.Table.from_arrays(arrays, schema=schema)


def _wkb_points(cells: Cells) -> pa.Array:
    values = np.empty(len(cells), dtype=_WKB_POINT)
    values["order"], values["type"] = 1, 1
    values["x"], values["y"] = cells.lonlat[:, 0], cells.lonlat[:, 1]
    offsets = np.arange(len(cells) + 1, dtype=np.int32) * _WKB_POINT.itemsize
    return pa.Array.from_buffers(pa.binary(), len(cells), [None, pa.py_buffer(offsets), pa.py_buffer(values.tobytes())])


def write_cells(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Write the parts of a county one after another, in groups of `ROWS`, however they were cut."""
    whole = [name for name in schema.names if name.startswith(("metres_", "minutes_"))]
    with pa.parquet.ParquetWriter(
        path,
        schema,
        # Whole numbers that change little from cell to cell: packed by their differences they are smaller than zstd
        # makes them, in less time.
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        compression={name: "none" if name in whole else "zstd" for name in schema.names},
        use_dictionary=False,
        # A county is one group of rows: what its least and greatest values are spares no reader anything.
        write_statistics=False,
    ) as writer:
        for group in _regrouped(tables):
            writer.write_table(group, row_group_size=ROWS)


def _regrouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    held: pa.Table | None = None
    for table in tables:
        held = table if held is None else pa.concat_tables([held, table])
        while held.num_rows > ROWS:
            yield held.slice(0, ROWS).combine_chunks()
            held = held.slice(ROWS)
    if held is not None:
        yield held.combine_chunks()


# --- summary ----------------------------------------------------------------------------------------------------------


def summary_table(
    question: Question,
    county: County,
    sums: Sums,
    *,
    network: bool,
    fallback: bool,
    pieces: Mapping[str, int],
    records: Sequence[Record],
) -> pa.Table:
    """Make a county's rows: a kind and year each, and all kinds together for each year.

    The code of the county stands in the name of the folder alone, as it does for cells and gaps.
    """
    rows = []
    last = len(question.horizons) - 1
    common = {
        "adcode": county.adcode, "name": county.name, "city": county.city or None,
        "city_name": county.city_name or None, "province": county.province, "province_name": county.province_name,
        "fallback": fallback, "cells": sums.cells, "people": _people(sums.people[0]),
    }  # fmt: skip
    for number, horizon in enumerate(question.horizons):
        when = {"horizon": horizon.kind, "year": horizon.year}
        for row, target in enumerate(question.targets):
            covered = sums.covered[number, row]
            reached = int(sums.far[row, 1])
            rows.append({
                **common, **when, "category": target.category, "rule": target.rule,
                "metres": target.reach(network=network), "method": target.method(network=network),
                **{kind: _people(covered[place, 0]) for place, kind in enumerate(terms.BOUND)},
                "gap_people": _people(sums.people[0] - covered[1, 0]),
                "gaps": pieces.get(target.category, 0) if number == last else None,
                "metres_mean": int(sums.far[row, 0]) / reached if number == last and reached else None,
                "groups": _groups(sums, covered), **_of_record(records[row], number),
            })  # fmt: skip
        whole = sums.complete[number]
        people = int(sums.people[0])
        rows.append({
            **common, **when, "category": ALL, "method": "network" if network else "straight_line",
            **{kind: _people(whole[place, 0]) for place, kind in enumerate(terms.BOUND)},
            "gap_people": _people(people - whole[1, 0]),
            **{
                f"kinds_{kind}": int(whole[place, 1]) / people if people else None
                for place, kind in enumerate(terms.BOUND)
            },
            "groups": "{}", **_of_record(records[-1], number),
        })  # fmt: skip
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in COLUMNS.names} for row in rows], schema=COLUMNS
    ).drop_columns(["adcode"])


def _people(micro: Any) -> float:
    return int(micro) / MICRO


def _of_record(found: Record, horizon: int) -> dict[str, Any]:
    sources, dates = zip(*found.stated, strict=True) if found.stated else ((), ())
    return {
        "record": found.state, "on_record": found.on_record, "promised": found.promised[horizon],
        "sources": json.dumps(found.sources, ensure_ascii=False),
        "record_source": "；".join(sources) or None, "record_date": "；".join(dates) or None,
    }  # fmt: skip


def _groups(sums: Sums, covered: NDArray[np.int64]) -> str:
    found = {
        name: [_people(sums.people[place]), *(_people(covered[kind, place]) for kind in range(len(terms.BOUND)))]
        for place, name in enumerate(sums.groups, 1)
    }
    return json.dumps(found, ensure_ascii=False, sort_keys=True)


# --- gaps -------------------------------------------------------------------------------------------------------------

_GAPS = (
    pa.field("geometry", pa.binary(), nullable=False),
    pa.field("category", pa.string(), nullable=False),
    pa.field("record", pa.string(), nullable=False),
    pa.field("rank", pa.int32(), nullable=False),
    pa.field("people", pa.float64(), nullable=False),
    pa.field("km2", pa.float64(), nullable=False),
    pa.field("lon", pa.float64(), nullable=False),
    pa.field("lat", pa.float64(), nullable=False),
)


def gap_table(question: Question, sums: Sums, records: Sequence[Record]) -> tuple[pa.Table, dict[str, int]]:
    """Gather the squares in which people are not covered into pieces, those with most people first.

    Returns
    -------
    table : pyarrow.Table
        At most `Question.gaps` pieces of a kind: how complete the record is that they rest on, the outline of the
        squares, which at the county line may reach over it, people, square kilometres, and the middle of the square
        that most of them live in.
    pieces : dict
        How many pieces each kind has in all.
    """
    line, column = corners(sums.squares)
    found: list[_Pieces] = []
    pieces: dict[str, int] = dict.fromkeys((target.category for target in question.targets), 0)
    if len(line):
        grid = _Grid.around(line, column)
        for place, target in enumerate(question.targets):
            count, chosen = grid.pieces(sums.gap[place], question.gaps)
            pieces[target.category] = count
            if len(chosen.people):
                found.append(replace(chosen, category=target.category, record=records[place].state))
    schema = pa.schema(_GAPS, metadata={"geo": _geo("MultiPolygon", sums.bounds)})
    if not found:
        return schema.empty_table(), pieces
    columns = [
        pa.array(np.concatenate([shapely.to_wkb(piece.outline, byte_order=1) for piece in found]), pa.binary()),
        pa.array([piece.category for piece in found for _ in piece.people]),
        pa.array([piece.record for piece in found for _ in piece.people]),
        pa.array(np.concatenate([np.arange(1, len(piece.people) + 1) for piece in found]), pa.int32()),
        *(
            pa.array(np.concatenate([getattr(piece, name) for piece in found]))
            for name in ("people", "km2", "lon", "lat")
        ),
    ]
    return pa.Table.from_arrays(columns, schema=schema), pieces


@dataclass(frozen=True, slots=True)
class _Pieces:
    category: str
    record: str
    outline: NDArray[Any]
    people: NDArray[Any]
    km2: NDArray[Any]
    lon: NDArray[Any]
    lat: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Grid:
    """The squares that people of a county live in, laid out so that neighbours are found."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    top: int
    left: int
    size: tuple[int, int]
    squares: NDArray[Any]
    km2: NDArray[np.float64]
    drawn: dict[bytes, Any] = field(default_factory=dict)

    @classmethod
    def around(cls, row: NDArray[np.int64], column: NDArray[np.int64]) -> "_Grid":
        top, left = int(row.min()), int(column.min())
        west, east = (SQUARE_DEGREES * (column + more) - 180 for more in (0, 1))
        south, north = (SQUARE_DEGREES * (row + more) - 90 for more in (0, 1))
        lines, line = np.unique(row, return_inverse=True)
        size = [_square_km(at) for at in lines.tolist()]
        return cls(
            row=row, column=column, top=top, left=left,
            size=(int(row.max()) - top + 1, int(column.max()) - left + 1),
            squares=shapely.box(west, south, east, north), km2=np.array(size)[line.ravel()],
        )  # fmt: skip

    def pieces(self, people: NDArray[np.int64], most: int) -> tuple[int, _Pieces]:
        """Count the pieces that squares with people make, and give those with most people, the most first."""
        raster = np.zeros(self.size, dtype=np.int64)
        raster[self.row - self.top, self.column - self.left] = people
        labels, count = ndimage.label(raster > 0)
        label = labels[self.row - self.top, self.column - self.left]
        # Sums of whole millionths below 2^53 are exact in float64.
        total = np.bincount(label, people.astype(np.float64), minlength=count + 1)[1:]
        # Labels are given by row, so equal pieces keep that order.
        chosen = np.argsort(-total, kind="stable")[:most]
        rank = np.full(count + 1, -1)
        rank[chosen + 1] = np.arange(len(chosen))
        piece = rank[label]
        mine = np.argsort(piece, kind="stable")[np.count_nonzero(piece < 0) :]
        members = np.split(mine, np.searchsorted(piece[mine], np.arange(1, len(chosen)))) if len(chosen) else []
        most_of = np.array([of[people[of].argmax()] for of in members], dtype=np.int64)
        return count, _Pieces(
            category="",
            record="",
            outline=_multipolygons(np.array([self._outline(of) for of in members], dtype=object)),
            people=total[chosen] / MICRO,
            km2=np.array([self.km2[of].sum() for of in members], dtype=np.float64),
            lon=(self.column[most_of] + 0.5) * SQUARE_DEGREES - 180,
            lat=(self.row[most_of] + 0.5) * SQUARE_DEGREES - 90,
        )

    def _outline(self, members: NDArray[np.int64]) -> Any:
        # A village that nothing reaches is the same piece for many kinds: it is drawn once.
        key = members.tobytes()
        if key not in self.drawn:
            # Squares side by side have the very same corners, which makes them a coverage.
            self.drawn[key] = shapely.coverage_union_all(self.squares[members])
        return self.drawn[key]


@cache
def _square_km(row: int) -> float:
    """Square kilometres of a square; all of a row are of one size."""
    south, north = (SQUARE_DEGREES * (row + more) - 90 for more in (0, 1))
    return float(coverage.square_km(shapely.box(0, south, SQUARE_DEGREES, north)))


def _multipolygons(shapes: NDArray[Any]) -> NDArray[Any]:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    found: NDArray[Any] = shapely.multipolygons(parts, indices=owner)
    return found


# --- whole or not at all ----------------------------------------------------------------------------------------------


def write_table(path: Path, table: pa.Table) -> None:
    """Write a small table, the same bytes for the same rows."""
    pa.parquet.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=False)


class Staging:
    """A county's files under other names, put in their places together with the manifest last.

    Parameters
    ----------
    out
        Folder of the run.
    adcode
        Of the county.
    """

    def __init__(self, out: Path, adcode: str) -> None:
        self._out, self._adcode = out, adcode
        self.folder = out / ".work" / "staged" / f"{adcode}-{secrets.token_hex(6)}"

    def __enter__(self) -> Self:
        """Make the folder."""
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove what was not put in place."""
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                path.unlink(missing_ok=True)
            self.folder.rmdir()

    def publish(self, key: str, question: Question, about: Mapping[str, Any]) -> None:
        """Put the files in place, and the manifest last: until then the county has no answer."""
        manifest = manifest_of(self._out, self._adcode)
        files = {}
        for table in TABLES:
            path = self.folder / f"{table}.parquet"
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            files[table] = {"bytes": path.stat().st_size, "sha256": digest}
        said = {"format": FORMAT, "key": key, "question": _named(question), "adcode": self._adcode, **about,
                "files": files}  # fmt: skip
        written = self.folder / "manifest.json"
        written.write_text(json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        manifest.unlink(missing_ok=True)
        for table in TABLES:
            final = file_of(self._out, table, self._adcode)
            final.parent.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{table}.parquet").replace(final)
        manifest.parent.mkdir(parents=True, exist_ok=True)
        written.replace(manifest)


def withdraw(out: Path, adcode: str) -> None:
    """Take a county's answer away: one that could not be computed again must not pass for one that was."""
    manifest_of(out, adcode).unlink(missing_ok=True)
    for table in TABLES:
        file_of(out, table, adcode).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder_of(out, table, adcode).rmdir()


def keep_only(out: Path, question: Question, *, spared: Collection[str], gone: Collection[str]) -> None:
    """Take away what would be read beside this run's answers and is none of them.

    Parameters
    ----------
    out
        Folder of the run.
    question
        Of this run: answers of other counties to the very same question stay.
    spared, gone
        Counties answered by this run, and those of which it found that nobody lives there.
    """
    for path in sorted((out / "manifests").glob("*.json")):
        code = path.stem
        if code in spared:
            continue
        found = manifest(out, code)
        if code in gone or found is None or found.get("question") != _named(question):
            withdraw(out, code)


def _named(question: Question) -> str:
    return hashlib.sha256(json.dumps(question.parameters(), sort_keys=True).encode()).hexdigest()


def manifest(out: Path, adcode: str) -> dict[str, Any] | None:
    """Read a county's manifest; None where there is none, or its files are not as it says.

    The size of the files and the end of each Parquet file are looked at, not every byte.
    """
    try:
        found: dict[str, Any] = json.loads(manifest_of(out, adcode).read_text(encoding="utf-8"))
        if found["format"] != FORMAT or found["adcode"] != adcode:
            return None
        for table in TABLES:
            path = file_of(out, table, adcode)
            if path.stat().st_size != found["files"][table]["bytes"]:
                return None
            with path.open("rb") as file:
                file.seek(-4, os.SEEK_END)
                if file.read() != b"PAR1":
                    return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def is_full(error: BaseException) -> bool:
    """Tell whether an error is a disk without room, or a quota used up."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__  # type: ignore[assignment]  # ends with None
    return False
