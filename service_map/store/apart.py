"""A file of facilities written in a process of its own, which takes with it what GDAL and Arrow take of memory.

Run as a program (``python -m service_map.store.apart``) it reads one order from its standard input and writes one file.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from service_map.errors import OutputError, StoreError
from service_map.store import export, queries
from service_map.store.database import open_readonly, stamp
from service_map.store.records import FacilityFilter, FacilityRecord

_ERRORS = {2: StoreError, 3: OutputError}
"""Which fault an exit status stands for."""


def write(
    path: Path, connection: Connection, database_url: str, wanted: FacilityFilter, *, suffix: str, system: str = "4326"
) -> int:
    """Write a file of a format that is not streamed in a process of its own, which takes its memory with it.

    Parameters
    ----------
    path
        File to write.
    connection
        From `service_map.store.open_readonly`: the file holds the same state of the data that it sees.
    database_url
        Of the database that it is a connection to.
    wanted, suffix, system
        As for `service_map.store.export.write`.

    Returns
    -------
    int
        Facilities written.

    Raises
    ------
    InvalidParameterError
        As for `service_map.store.export.write`.
    OutputError
        When the file cannot be written.
    StoreError
        When the data was replaced meanwhile.
    """
    export.check(suffix, system)
    queries.check_filter(connection, wanted)
    order = {
        "database_url": database_url, "state": stamp(connection), "path": str(path), "wanted": asdict(wanted),
        "suffix": suffix, "system": system,
    }  # fmt: skip
    here = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "service_map.store.apart"], input=json.dumps(order), capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *filter(None, sys.path)])},
    )  # fmt: skip
    if done.returncode in _ERRORS:
        raise _ERRORS[done.returncode](*json.loads(done.stdout))
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise OutputError(f"文件未能写出：{reason}", f"the file could not be written: {reason}")
    return int(done.stdout)


def _obey(order: Mapping[str, Any]) -> int:
    given: dict[str, Any] = {}
    for name, value in order["wanted"].items():
        given[name] = tuple(value) if isinstance(value, list) else value
    engine = open_readonly(order["database_url"])
    try:
        with engine.connect() as connection:
            if stamp(connection) != order["state"]:
                raise StoreError("数据刚刚更新，请再试一次", "the data has just been replaced; ask again")
            return export.write(
                Path(order["path"]), connection, FacilityFilter(**given), suffix=order["suffix"], feature=_no_feature,
                system=order["system"],
            )  # fmt: skip
    finally:
        engine.dispose()


def _no_feature(_record: FacilityRecord) -> dict[str, Any]:
    raise NotImplementedError  # tables hold no features


class _Unneeded(MetaPathFinder):
    """Hides what pyogrio and pyarrow load wherever it is installed, 80 MB that no table here needs."""

    def find_spec(self, name: str, _path: object, _target: object = None) -> None:
        if name in {"geopandas", "pandas"}:
            raise ModuleNotFoundError(name)


def main() -> int:
    """Obey one order of `write`; a fault is told as JSON, its kind by the status."""
    sys.meta_path.insert(0, _Unneeded())
    try:
        print(_obey(json.load(sys.stdin)))  # noqa: T201 - to the process that asked
    except StoreError as error:
        print(json.dumps([error.zh, error.en]))  # noqa: T201 - as above
        return next(status for status, kind in _ERRORS.items() if type(error) is kind)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
