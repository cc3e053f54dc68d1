"""What a worker does for one county: read, judge, write; whole or not at all, and not again where nothing changed."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from service_map import __version__
from service_map.coverage import Network
from service_map.errors import Fault, PartitionError, ServiceMapError
from service_map.national import output, part, population, record, supply, ways
from service_map.national.county import County
from service_map.national.population import Source
from service_map.national.question import Question
from service_map.national.record import Stated
from service_map.national.supply import Laid, Taken

NOBODY = Fault("人口数据里这个县没有人", "the population data holds nobody in this county")
"""Why a county has no answer, in Chinese and English."""

_ROOMS = ("coverage", "national")
_P = ParamSpec("_P")
_T = TypeVar("_T")
_PACKAGES = ("numpy", "scipy", "shapely", "pyproj", "pyarrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One county and all that its answer rests on.

    Attributes
    ----------
    county, question, supply, demand
        Where, what, the facilities' tiles and the people.
    networks
        Folder of networks, or None where nobody gave any.
    out
        Folder of the run.
    most_cells
        Cells that a worker holds at once; a larger county is split.
    program
        Of `program`, of whoever gave the job.
    stated
        For each target, who states that the record of the county is complete (`record.stated`).
    """

    county: County
    question: Question
    supply: Laid
    demand: Source
    networks: str | None
    out: str
    most_cells: int
    program: str
    stated: tuple[Stated, ...]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the county with its halo."""
        return self.county.box(self.question.halo)


def _naming(of: Callable[Concatenate[Job, _P], _T]) -> Callable[Concatenate[Job, _P], _T]:
    """Turn whatever goes wrong with a county into one error that a scheduler can carry and that names the county."""

    @wraps(of)
    def named(job: Job, *given: _P.args, **more: _P.kwargs) -> _T:
        try:
            return of(job, *given, **more)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            failure = _failed(job, error)
        # Raised by itself: what it came of need not survive the way from a worker.
        raise failure

    return named  # type: ignore[return-value]  # a function of the same parameters


def _failed(job: Job, error: Exception) -> PartitionError:
    where = f"{job.county.adcode} {job.county.name}"
    zh = en = f"{type(error).__name__}: {error}"
    if isinstance(error, ServiceMapError):
        zh, en = error.zh, error.en
    return PartitionError(f"{where}：{zh}", f"{where}: {en}", full=output.is_full(error))


@cache
def program() -> str:
    """Name this program by what computes, its code and the packages it rests on: equal names, equal answers."""
    digest = hashlib.sha256(__version__.encode())
    home = Path(__file__).resolve().parents[1]
    for path in sorted(path for room in _ROOMS for path in (home / room).glob("*.py")):
        digest.update(str(path.relative_to(home)).encode())
        digest.update(path.read_bytes())
    for package in _PACKAGES:
        digest.update(f"{package} {version(package)}".encode())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def network_of(job: Job) -> Path | None:
    """Find the network that a county walks on; None for straight lines."""
    return None if job.networks is None else ways.find(Path(job.networks), job.county)


@_naming
def parts_of(job: Job) -> list[tuple[int, int]]:
    """Split a county where it holds more cells than a worker may.

    Raises
    ------
    PartitionError
        When its people cannot be read.
    """
    return population.parts(job.demand, job.county, job.most_cells)


@_naming
def whole(job: Job) -> dict[str, Any]:
    """Compute a county of one part.

    Parameters
    ----------
    job
        The county.

    Returns
    -------
    dict
        ``adcode``, ``state`` (``done``, ``kept`` where the answer stands already, ``empty`` where nobody lives there),
        ``cells``, ``people``, and ``fallback``: whether straight lines stand for a network that does not reach there.

    Raises
    ------
    PartitionError
        When it cannot be computed; names the county and the reason.
    """
    inputs = _inputs(job)
    kept = _standing(job, inputs.key)
    if kept is not None:
        return kept
    inputs = _made_ready(job, inputs)
    parts = population.parts(job.demand, job.county, job.most_cells)
    if len(parts) > 1:
        return _merge(job, inputs, [_write_part(job, inputs, rows) for rows in parts])
    judged = _judged(job, inputs, parts[0])
    schema = _schema(job, inputs, judged.sums.groups, judged.sums.bounds)
    table = output.cell_table(job.question, judged, schema, network=inputs.network is not None)
    return _finish(job, inputs, judged.sums, [table])


@_naming
def portion(job: Job, rows: tuple[int, int]) -> str:
    """Compute a part of a large county and leave it in the work folder.

    Returns
    -------
    str
        Its name there, "" where the county's answer stands already.

    Raises
    ------
    PartitionError
        As in `whole`.
    """
    inputs = _inputs(job)
    if _standing(job, inputs.key) is not None:
        return ""
    return _write_part(job, _made_ready(job, inputs), rows)


@_naming
def merge(job: Job, names: Sequence[str]) -> dict[str, Any]:
    """Put the parts of a large county together, in their order.

    Raises
    ------
    PartitionError
        As in `whole`.
    """
    inputs = _inputs(job)
    kept = _standing(job, inputs.key)
    if kept is not None:
        return kept
    return _merge(job, _made_ready(job, inputs), names)


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Inputs:
    taken: Taken
    network: Path | None
    key: str
    named: dict[str, Any]
    ways: Network | None = None
    records: tuple[record.Record, ...] = ()


def _inputs(job: Job) -> _Inputs:
    if program() != job.program:
        raise PartitionError(
            f"这台 worker 的程序是 {program()}，应为 {job.program}", f"this worker runs {program()}, not {job.program}"
        )
    taken = supply.take(job.supply, job.box)
    network = network_of(job)
    named = {
        "facilities": taken.digest,
        "stated": job.stated,
        "demand": population.identity(job.demand, job.county),
        "network": None if network is None else ways.identity(network),
        "boundary": hashlib.sha256(job.county.boundary).hexdigest(),
    }
    asked = {
        "format": output.FORMAT, "program": program(), "question": job.question.parameters(), "inputs": named,
        "names": [job.county.name, job.county.city_name, job.county.province_name], "band": job.demand.band,
        "networks": job.networks is not None,
    }  # fmt: skip
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return _Inputs(taken=taken, network=network, key=key, named=named)


def _standing(job: Job, key: str) -> dict[str, Any] | None:
    found = output.manifest(Path(job.out), job.county.adcode)
    if found is None or found["key"] != key:
        return None
    return {"adcode": job.county.adcode, "state": "kept", "cells": found["cells"], "people": found["people"],
            "fallback": found["fallback"]}  # fmt: skip


def _made_ready(job: Job, inputs: _Inputs) -> _Inputs:
    """Count what is on record, and load the ways; a file that does not reach the county is as good as none.

    The answer says so.
    """
    counted = record.records(job.question, job.county, inputs.taken, job.supply.kinds, job.stated)
    inputs = replace(inputs, records=counted)
    if inputs.network is None:
        return inputs
    network = ways.load(ways.prepare(str(inputs.network), str(Path(job.out) / ".work" / "networks")), job.box)
    return replace(inputs, ways=network) if ways.reaches(network, job.county.box(0)) else replace(inputs, network=None)


def _judged(job: Job, inputs: _Inputs, rows: tuple[int, int]) -> part.Judged:
    return part.judge(job.question, population.read(job.demand, job.county, rows), inputs.taken.candidates, inputs.ways)


# --- parts ------------------------------------------------------------------------------------------------------------


def _part_folder(job: Job) -> Path:
    return Path(job.out) / ".work" / "parts"


def _schema(job: Job, inputs: _Inputs, groups: Sequence[str], bounds: Sequence[float]) -> pa.Schema:
    return output.cell_schema(
        job.question, groups, network=inputs.network is not None, bounds=bounds, records=inputs.records
    )


def _write_part(job: Job, inputs: _Inputs, rows: tuple[int, int]) -> str:
    name = f"{job.county.adcode}-{inputs.key[:16]}-{rows[0]}-{rows[1]}"
    folder = _part_folder(job)
    folder.mkdir(parents=True, exist_ok=True)
    figures, cells = folder / f"{name}.npz", folder / f"{name}.parquet"
    if figures.exists() and cells.exists():
        return name
    judged = _judged(job, inputs, rows)
    mark = secrets.token_hex(6)
    schema = _schema(job, inputs, judged.sums.groups, judged.sums.bounds)
    table = output.cell_table(job.question, judged, schema, network=inputs.network is not None)
    written = folder / f".{name}-{mark}"
    try:
        output.write_cells(written, [table], schema)
        written.replace(cells)
        with written.open("wb") as file:
            np.savez(file, **part.arrays(judged.sums))  # type: ignore[arg-type]  # arrays by name
        # The figures come last: where they stand, the part is whole.
        written.replace(figures)
    finally:
        written.unlink(missing_ok=True)
    return name


def _merge(job: Job, inputs: _Inputs, names: Sequence[str]) -> dict[str, Any]:
    folder = _part_folder(job)
    found = []
    for name in names:
        with np.load(folder / f"{name}.npz", allow_pickle=False) as figures:
            found.append(part.from_arrays(figures))
    sums = part.add(found)
    schema = _schema(job, inputs, sums.groups, sums.bounds)

    def tables() -> Iterator[pa.Table]:
        for name in names:
            with pa.parquet.ParquetFile(folder / f"{name}.parquet") as file:
                for number in range(file.num_row_groups):
                    yield file.read_row_group(number).cast(schema).replace_schema_metadata(schema.metadata)

    done = _finish(job, inputs, sums, tables())
    for name in names:
        (folder / f"{name}.npz").unlink(missing_ok=True)
        (folder / f"{name}.parquet").unlink(missing_ok=True)
    return done


def _finish(job: Job, inputs: _Inputs, sums: part.Sums, tables: Any) -> dict[str, Any]:
    if not sums.cells:
        return {"adcode": job.county.adcode, "state": "empty", "cells": 0, "people": 0.0, "fallback": False}
    by_network = inputs.network is not None
    fallback = job.networks is not None and not by_network
    gaps, pieces = output.gap_table(job.question, sums, inputs.records)
    summary = output.summary_table(
        job.question, job.county, sums, network=by_network, fallback=fallback, pieces=pieces,
        records=inputs.records,
    )  # fmt: skip
    about = {"name": job.county.name, "cells": sums.cells, "people": int(sums.people[0]) / population.MICRO,
             "method": "network" if by_network else "straight_line", "fallback": fallback,
             "inputs": inputs.named, "program": program()}  # fmt: skip
    with output.Staging(Path(job.out), job.county.adcode) as staged:
        schema = _schema(job, inputs, sums.groups, sums.bounds)
        output.write_cells(staged.folder / "cells.parquet", tables, schema)
        output.write_table(staged.folder / "gaps.parquet", gaps)
        output.write_table(staged.folder / "summary.parquet", summary)
        staged.publish(inputs.key, job.question, about)
    return {"adcode": job.county.adcode, "state": "done", "cells": sums.cells, "people": about["people"],
            "fallback": fallback}  # fmt: skip
