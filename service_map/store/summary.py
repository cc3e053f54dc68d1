"""The summary of a national run: imported into ``geodata/``, and built into the database.

``service-map national`` leaves a folder; an operator imports its summary, which stands in ``geodata/summary.parquet``
until another is imported. A build makes two tables of it: ``summary``, a row for each county, kind and year, and
``ranked_areas``, the counties with their cities and provinces, their boundaries simplified for a map. They are asked by
`service_map.store.ranks`.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.adcode import COUNTRY
from service_map.errors import GeodataError
from service_map.places import Gazetteer

COLUMNS = pa.schema(
    [
        pa.field("adcode", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("city", pa.string()),
        pa.field("city_name", pa.string()),
        pa.field("province", pa.string(), nullable=False),
        pa.field("province_name", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("rule", pa.string()),
        pa.field("metres", pa.float64()),
        pa.field("method", pa.string(), nullable=False),
        pa.field("fallback", pa.bool_(), nullable=False),
        pa.field("horizon", pa.string(), nullable=False),
        pa.field("year", pa.int16()),
        pa.field("cells", pa.int64(), nullable=False),
        pa.field("people", pa.float64(), nullable=False),
        pa.field("certain", pa.float64(), nullable=False),
        pa.field("located", pa.float64(), nullable=False),
        pa.field("possible", pa.float64(), nullable=False),
        pa.field("gap_people", pa.float64(), nullable=False),
        pa.field("gaps", pa.int32()),
        pa.field("metres_mean", pa.float64()),
        pa.field("kinds_certain", pa.float64()),
        pa.field("kinds_located", pa.float64()),
        pa.field("kinds_possible", pa.float64()),
        pa.field("groups", pa.string(), nullable=False),
        pa.field("record", pa.string(), nullable=False),
        pa.field("on_record", pa.int32(), nullable=False),
        pa.field("promised", pa.int32(), nullable=False),
        pa.field("sources", pa.string(), nullable=False),
        pa.field("record_source", pa.string()),
        pa.field("record_date", pa.string()),
    ]
)
"""Columns of a summary. ``certain``, ``located``, ``possible`` are people within reach; of the rows whose category is
`ALL`, people who have every kind within reach, and ``kinds_…`` how many kinds a person has on average. ``record`` says
how complete the record is of what stands: where it is not ``complete``, the figures are as recorded and no coverage.
``on_record`` and ``promised`` count facilities in the county, ``sources`` are pairs in JSON of who says that they stand
and how many, ``record_source`` and ``record_date`` who states that the record is complete."""

# About a pixel where a province fills a screen.
_SIMPLIFY_DEGREES = 0.01


# --- from a run to the open data --------------------------------------------------------------------------------------


def read_run(folder: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """Read the summary that a national run left.

    Parameters
    ----------
    folder
        The run's ``--out``.

    Returns
    -------
    table : pyarrow.Table
        `COLUMNS`, by county, as the run wrote them.
    failed : tuple of str
        Codes of counties that the run could not compute.

    Raises
    ------
    GeodataError
        When the folder is no finished run, or a county's file is not what its manifest says.
    """
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        counties, failed = list(run["counties"]), [row["adcode"] for row in run["failed"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GeodataError(
            f"{folder} 不是 service-map national 算完的结果：{error}",
            f"{folder} is not the answer of a service-map national that ended: {error}",
        ) from error
    if not counties:
        raise GeodataError(f"{folder} 中没有算好的县", f"{folder} holds no county")
    return pa.concat_tables([_county(folder, code) for code in counties]), tuple(failed)


def _county(folder: Path, code: str) -> pa.Table:
    path = folder / "summary" / f"adcode={code}" / "summary.parquet"
    try:
        told = json.loads((folder / "manifests" / f"{code}.json").read_text(encoding="utf-8"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if told["files"]["summary"]["sha256"] != digest:
            raise GeodataError(
                f"{code} 的 summary.parquet 与其清单不符", f"summary.parquet of {code} is not what its manifest says"
            )
        table = pa.parquet.ParquetFile(path).read()
        _check_columns(code, table.schema)
        table = table.append_column("adcode", pa.array([code] * table.num_rows)).select(COLUMNS.names).cast(COLUMNS)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        if isinstance(error, GeodataError):
            raise
        raise GeodataError(f"{code} 的汇总读不出：{error}", f"cannot read the summary of {code}: {error}") from error
    return table


def _check_columns(name: str, schema: pa.Schema) -> None:
    missing = [column for column in COLUMNS.names if column not in schema.names and column != "adcode"]
    if missing:
        told = "、".join(missing)
        raise GeodataError(
            f"{name} 的汇总是旧版写的，缺少 {told}，不知道现有设施是否收全；"
            "请重新运行 service-map national，再 service-map import summary",
            f"the summary of {name} was written by an earlier version and lacks {', '.join(missing)}, so nobody knows"
            " whether its record is complete; run service-map national again, then service-map import summary",
        )


def write_summary(path: Path, table: pa.Table) -> None:
    """Write a summary to the file that a build reads; a reader sees the old file or the new one, whole.

    Parameters
    ----------
    path
        ``geodata/summary.parquet``.
    table
        From `read_run`.
    """
    part = path.with_name(f".{path.name}.new")
    pa.parquet.write_table(table, part, compression="zstd")
    part.replace(path)


def load_summary(path: Path) -> Iterator[dict[str, Any]]:
    """Give the rows of the table ``summary``, numbered, a few thousand at a time from the file; none without a file.

    Raises
    ------
    GeodataError
        When the file is damaged.
    """
    if not path.exists():
        return
    number = 0
    try:
        with pa.parquet.ParquetFile(path) as file:
            _check_columns(path.name, file.schema_arrow)
            for batch in file.iter_batches(batch_size=10_000, columns=COLUMNS.names):
                for row in batch.to_pylist():
                    number += 1
                    yield {**row, "fid": number}
    except (OSError, pa.ArrowException, ValueError) as error:
        raise GeodataError(f"{path.name} 读不出：{error}", f"cannot read {path.name}: {error}") from error


def ranked_areas(path: Path, gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Give the rows of the table ``ranked_areas``: the counties of a summary and what is around them.

    Parameters
    ----------
    path
        ``geodata/summary.parquet``.
    gazetteer
        For boundaries.

    Raises
    ------
    GeodataError
        When the file is damaged or a county has no boundary.
    """
    if not path.exists():
        return []
    columns = ["adcode", "name", "city", "city_name", "province", "province_name"]
    try:
        listed = pa.parquet.read_table(path, columns=columns).group_by(columns).aggregate([]).to_pylist()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise GeodataError(f"{path.name} 读不出：{error}", f"cannot read {path.name}: {error}") from error
    counties = sorted(listed, key=lambda row: str(row["adcode"]))
    shapes: list[BaseGeometry] = []
    for row in counties:
        shape = gazetteer.geometry(row["adcode"])
        if shape is None:
            raise GeodataError(
                f"{path.name}：{row['adcode']} 没有边界", f"{path.name}: {row['adcode']} has no boundary"
            )
        shapes.append(shape)
    # Together, so that neighbours still share their border.
    simple = shapely.coverage_simplify(shapes, _SIMPLIFY_DEGREES).tolist() if shapes else []
    found = [
        {"adcode": row["adcode"], "name": row["name"], "level": "county", "parent": row["city"] or row["province"],
         "geom": _multi(shape)}
        for row, shape in zip(counties, simple, strict=True)
    ]  # fmt: skip
    for level, around in (("city", "province"), ("province", None)):
        members: dict[str, list[BaseGeometry]] = {}
        for row, shape in zip(counties, simple, strict=True):
            if row[level]:
                members.setdefault(row[level], []).append(shape)
        names = {row[level]: row for row in counties}
        found += [
            {"adcode": code, "name": names[code][f"{level}_name"], "level": level,
             "parent": names[code][around] if around else COUNTRY, "geom": _multi(shapely.union_all(parts))}
            for code, parts in sorted(members.items())
        ]  # fmt: skip
    return [{**row, "fid": number} for number, row in enumerate(sorted(found, key=lambda row: row["adcode"]), 1)]


def _multi(shape: BaseGeometry) -> MultiPolygon:
    return shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])
