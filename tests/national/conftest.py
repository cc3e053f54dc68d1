"""A made-up country of forty real counties, and a Dask cluster of two processes to ask."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from service_map import catalogue, national
from service_map.catalogue import Inventory

ROOT = Path(__file__).resolve().parents[2]
CELLS, KINDS, EACH = 300, 6, 6


def _generator():
    spec = importlib.util.spec_from_file_location("china", ROOT / "benchmarks" / "china.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["china"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def china():
    """The generator of `benchmarks/china.py`."""
    return _generator()


@pytest.fixture(scope="session")
def country(china, tmp_path_factory):
    """Forty counties of Shanxi and beyond: their files, their question, and how to ask it."""
    home = tmp_path_factory.mktemp("country")
    codes = china.write(home, counties=40, cells=CELLS, categories=KINDS, each=EACH)
    kinds = china.kinds(KINDS)
    question = national.question(
        catalogue.rules(), catalogue.categories(), wanted=kinds, metres=600.0, years=[2022, 2024]
    )  # fmt: skip
    # One city whose record is complete, one county of which a single kind is; of the others nobody says it.
    inventories = (
        Inventory(area="140500", categories=tuple(kinds), source="晋城名录", date="2026-09"),
        Inventory(area=codes[0], categories=("kindergarten",), source="教育局名录", date="2026-06"),
    )

    def run(out, *, counties=codes, home=home, **given):
        chosen = {
            "facilities": str(home / "facilities.parquet"), "demand": national.Source(path=str(home / "people")),
            "networks": home / "networks", "workers": 0, "inventories": inventories, **given,
        }  # fmt: skip
        asked = chosen.pop("question", question)
        return national.run(asked, [china.county(code) for code in counties], out=out, **chosen)

    return SimpleNamespace(home=home, codes=codes, kinds=kinds, question=question, run=run)


@pytest.fixture(scope="session")
def alone(country, tmp_path_factory):
    """The answer of one process for the whole country."""
    out = tmp_path_factory.mktemp("alone")
    country.run(out)
    return out


@pytest.fixture(scope="module")
def cluster():
    """Address of a scheduler with two worker processes.

    It goes with the file, for it never rests: Dask's own watching takes a tenth of a core, its profiler more.
    """
    import dask
    import distributed

    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit="2GB"
        ) as found,
    ):
        yield found.scheduler_address


def fingerprints(out):
    """Every file of an answer by its name under the folder, with the digest of its bytes."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".work" not in path.parts
    }


@pytest.fixture(scope="session")
def prints():
    """`fingerprints`."""
    return fingerprints
