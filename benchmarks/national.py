"""A made-up country on a local cluster: how fast, how it grows, how much memory; the figures of `docs/national.md`.

Run ``python benchmarks/national.py`` (under ten minutes on two cores), or ``--quick`` for a look at it in one or two.
The country comes from `benchmarks/china.py`; it is kept in ``--country`` and made only once. Each line gives what was
measured, the target beside it, and whether it was kept; a target missed fails nothing, a wrong answer does.
"""

import argparse
import hashlib
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import china  # noqa: E402 - the number of threads has to be set before
import numpy as np  # noqa: E402

from service_map import national  # noqa: E402
from service_map.national.cluster import local  # noqa: E402
from service_map.national.question import Horizon, Target  # noqa: E402

MISSED, WRONG = [], []
ROUNDS = 3
REACH = {"metres": None, "minutes": 15.0, "speed": 1.2}
CHINA_CELLS, LAND_CELLS = 140_000_000, 960_000_000


def line(what, value, unit, target=None, *, least=False):
    verdict = ""
    if target is not None:
        kept = value >= target if least else value <= target
        verdict = f"   target {'≥' if least else '≤'} {target:g} {unit} {'kept' if kept else 'MISSED'}"
        if not kept:
            MISSED.append(what)
    print(f"  {what:<66} {value:10.2f} {unit}{verdict}", flush=True)


def question(kinds):
    targets = tuple(Target(category=kind, codes=(kind,), rule=None, **REACH) for kind in kinds)
    return national.Question(targets=targets, horizons=(Horizon(kind="promised"),))


def _people(given):
    folder, code, cells = given
    china.write_people(folder, [code], cells)


def _network(given):
    folder, code, codes, cells = given
    china.write_networks(folder, [code], cells, among=codes)


def country(folder, *, counties, cells, kinds, each, networks):
    """Write a country with all processors, unless it stands there already."""
    mark = folder / f".made-{counties}-{cells}-{kinds}-{each}-{networks}"
    codes = china.codes(cells)[:counties]
    if mark.exists():
        return codes
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    start = time.perf_counter()
    with ProcessPoolExecutor() as pool:
        list(pool.map(_people, [(folder / "people", code, cells) for code in codes], chunksize=4))
        near = {code: china.neighbours(code, codes) for code in codes[:networks]}
        list(pool.map(_network, [(folder / "networks", code, near[code], cells) for code in near], chunksize=4))
    china.write_facilities(folder / "facilities.parquet", codes, cells, kinds, each, existing=True)
    mark.touch()
    print(f"  made {counties} counties × {cells:,} cells in {time.perf_counter() - start:.0f} s (not counted)")
    return codes


def ask(home, codes, kinds, client, *, networks=True, **given):
    out = Path(tempfile.mkdtemp(prefix="national-"))
    try:
        found = national.run(
            question(china.kinds(kinds)), [china.county(code) for code in codes],
            facilities=str(home / "facilities.parquet"), demand=national.Source(path=str(home / "people")), out=out,
            networks=home / "networks" if networks else None, scheduler=client.cluster.scheduler_address, **given,
        )  # fmt: skip
        if len(found.done) != len(codes):
            raise SystemExit(f"{len(found.done)} of {len(codes)} counties: {found.failed[0].en}")
        digest = hashlib.sha256()
        for path in sorted(out.glob("*/adcode=*/*.parquet")):
            digest.update(path.read_bytes())
        size = sum(path.stat().st_size for path in out.glob("*/adcode=*/*.parquet"))
        return found, digest.hexdigest(), size
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _processor(client):
    return sum(client.run(time.process_time).values())


def _warm(home, codes, kinds, client, **given):
    """Let every worker import what it needs, which a long run does once and a short one must not be charged for."""
    ask(home, codes[: 2 * 4], kinds, client, **given)


def speed(home, codes, kinds):
    print(f"{len(codes)} counties × 50,000 cells × {kinds} categories on networks, the median of {ROUNDS} runs")
    took, busy, digests = {}, {}, set()
    for workers in (2, 1):
        seconds, processor = [], []
        with local(workers) as client:
            _warm(home, codes, kinds, client)
            for _ in range(ROUNDS):
                before = _processor(client)
                found, digest, size = ask(home, codes, kinds, client)
                seconds.append(found.seconds)
                processor.append(_processor(client) - before)
                digests.add(digest)
        took[workers], busy[workers] = statistics.median(seconds), statistics.median(processor)
        print(f"  {workers} worker(s): {', '.join(f'{one:.2f}' for one in seconds)} s")
    line("two workers, reading and writing included", took[2], "s", 10 * len(codes) / 140)
    line("processor time of the two workers together", busy[2], "s")
    line("one worker", took[1], "s")
    line("two workers over one", took[1] / took[2], "×", 1.6, least=True)
    line("bytes written a cell", size / found.cells, "B")
    if len(digests) != 1:
        WRONG.append("one worker and two give different files")
    return took[2] / found.cells


def growth(folder, sizes, cells, kinds):
    print(f"time by the number of counties ({cells:,} cells, {kinds} categories each, on networks, two workers)")
    codes = country(folder, counties=max(sizes), cells=cells, kinds=kinds, each=10, networks=max(sizes))
    seconds = []
    with local(2) as client:
        _warm(folder, codes, kinds, client)
        for size in sizes:
            found, _, _ = ask(folder, codes[:size], kinds, client)
            seconds.append(found.seconds)
            line(f"{size} counties", found.seconds, "s")
    slope, start = np.polyfit(sizes, seconds, 1)
    fitted = np.polyval([slope, start], sizes)
    rest = np.sum((np.array(seconds) - fitted) ** 2) / np.sum((np.array(seconds) - np.mean(seconds)) ** 2)
    print(f"  fit: {start:.2f} s + {1000 * slope:.1f} ms a county; R² {1 - rest:.4f}")
    line("R² of the straight line", 1 - rest, "", 0.98, least=True)
    power = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    line("exponent of the number of counties (1 is linear)", power, "")


def memory(home, codes, kinds):
    print(f"{len(codes) * 50_000:,} cells in one run, {kinds} categories, straight lines, two workers of 2 GB")
    with local(2) as client:
        _warm(home, codes, kinds, client, networks=False)
        found, _, _ = ask(home, codes, kinds, client, networks=False)
        peaks = client.run(_peak)
    line("seconds", found.seconds, "s")
    line("cells", found.cells / 1e6, "million")
    line("most memory of a worker (the most it ever held)", max(peaks.values()), "MB", 2000)
    return found.seconds / found.cells


def extrapolate(network, straight):
    print("extrapolated, two workers, linear in cells (see the growth above)")
    for cells, what in ((CHINA_CELLS, "2,800 counties × 50,000 cells"), (LAND_CELLS, "all land of China at 100 m")):
        print(f"  {cells / 1e6:.0f} million cells ({what}): {cells * network / 60:.1f} min on networks,"
              f" {cells * straight / 60:.1f} min in straight lines")  # fmt: skip
    for told in (
        "assumes counties like the generated ones (0.4 street corners a cell, 20 facilities a kind and county), the",
        "same 30 kinds, one horizon, local disks, networks prepared as arrays; reading OSM extracts and a raster of",
        "11 GB comes on top",
    ):
        print(f"  {told}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--country", type=Path, default=Path(tempfile.gettempdir()) / "service-map-china")
    asked = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    print(f"load before: {os.getloadavg()[0]:.1f}")
    counties, most, kinds = (14, 20, 30) if asked.quick else (140, 200, 30)
    home = asked.country / ("quick" if asked.quick else "full")
    codes = country(home, counties=most, cells=50_000, kinds=kinds, each=20, networks=counties)
    network = speed(home, codes[:counties], kinds)
    sizes, cells = ([7, 14, 28, 56], 2_000) if asked.quick else ([35, 70, 140, 280, 560], 4_000)
    growth(asked.country / ("quick-growth" if asked.quick else "growth"), sizes, cells, 10)
    straight = memory(home, codes, kinds)
    extrapolate(network, straight)
    print(f"load after: {os.getloadavg()[0]:.1f}")
    for what in MISSED:
        print(f"MISSED: {what}")
    for what in WRONG:
        print(f"WRONG: {what}")
    return 1 if WRONG else 0


if __name__ == "__main__":
    sys.exit(main())
