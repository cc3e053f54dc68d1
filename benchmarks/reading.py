"""Reading and starting: five plans in one process, each alone, the cost at 1×, 10× and 100× and of 5 MB, endless
lines, a hollow file, the start.

Run by ``make bench``. The plan texts stand beside the project (``../shared/plans``) or in PLANS_DIR.
"""

import json
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from itertools import pairwise
from pathlib import Path

import docx

PROGRAM = Path(sys.executable).with_name("service-map")
PLANS = Path(os.environ.get("PLANS_DIR") or Path(__file__).resolve().parents[2] / "shared" / "plans")
READ = """
import json, resource, sys, time
from pathlib import Path
from service_map import plans
start, cpu = time.perf_counter(), time.process_time()
times = int(sys.argv[1])
found = 0
for path in map(Path, sys.argv[2:]):
    found += len(plans.extract(plans.read_text(path) * times, plan=path.stem))
spent, cpu = time.perf_counter() - start, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
print(json.dumps({"records": found, "seconds": spent, "cpu": cpu, "peak_mb": peak}))
"""

PIECES = (
    "新建幼儿园5所，",
    "幼儿园\t",
    "新建甲镇、",
    "（",
    "a",
    "<",
    "2025年末",
    " ",
    "1",
    "、（各",
    "甲村、",
    "学校、",
    "开工建设",
)


def endless():
    """Print what one line of a repeated piece costs: four times the line should cost four times the work."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.txt"
        for piece in PIECES:
            spent = []
            for size in (2**15, 2**17, 2**19):
                path.write_text(f"新建{piece * (size // len(piece.encode()))}所幼儿园", encoding="utf-8")
                spent.append(min(read(path)["cpu"] for _ in range(3)))
            grown = ", ".join(f"{later / former:.1f}" for former, later in pairwise(spent))
            print(f"  one line of {piece!r}, 512 kB: {spent[-1]:.2f} s of a processor; "
                  f"four times the line takes {grown} times as long (target 4, quadratic 16)")  # fmt: skip


def hollow():
    """Print what a small Word file of empty paragraphs costs, just below what is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hollow.docx"
        document = docx.Document()
        document.add_paragraph("新建幼儿园5所。")
        document.save(path)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        parts["word/document.xml"] = parts["word/document.xml"].replace(
            b"<w:body>", b"<w:body>" + b"<w:p/>" * 1_900_000
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        size = path.stat().st_size // 1000
        one = read(path)
        print(f"  a Word file of {size} kB, 1.9 million empty paragraphs: {one['seconds']:.1f} s (target 30), "
              f"{one['peak_mb']:.0f} MB (target 500)")  # fmt: skip


def read(*paths, times=1):
    answer = subprocess.run([sys.executable, "-c", READ, str(times), *map(str, paths)], capture_output=True, check=True)
    return json.loads(answer.stdout)


def start(folder):
    """Seconds from the command to the first answer, the database being up to date."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    subprocess.run([PROGRAM, "build"], cwd=folder, capture_output=True, check=True)
    server = subprocess.Popen(
        [PROGRAM, "serve"], cwd=folder, env={**os.environ, "PORT": str(port)}, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - begun < 60:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
            except OSError:
                time.sleep(0.02)
            else:
                return time.perf_counter() - begun
        raise TimeoutError("the site did not answer within 60 s")
    finally:
        server.terminate()
        server.wait()


def main():
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    texts = sorted(PLANS.glob("*.txt"))
    if texts:
        runs = [read(*texts) for _ in range(3)]
        spent = statistics.median(run["seconds"] for run in runs)
        print(f"{len(texts)} plans, {runs[0]['records']} records: {spent:.2f} s (target 5), "
              f"{runs[0]['peak_mb']:.0f} MB (target 300)")  # fmt: skip
        for path in texts:
            one = min((read(path) for _ in range(3)), key=lambda run: run["seconds"])
            size = len(path.read_text(encoding="utf-8"))
            print(f"  {path.name}, {size} characters: {one['seconds']:.2f} s after import (target 0.5), "
                  f"{one['cpu']:.2f} s of a processor")  # fmt: skip
        first = None
        for times in (1, 10, 100):
            one = read(texts[0], times=times)
            first = first or one
            print(f"  {texts[0].name} × {times}: {one['seconds']:.2f} s, {one['peak_mb']:.0f} MB (target 300), "
                  f"{one['seconds'] / first['seconds'] / times:.2f} of the first's time a character")  # fmt: skip
        times = 5 * 2**20 // texts[0].stat().st_size + 1
        one = read(texts[0], times=times)
        print(f"  5 MB of {texts[0].name}: {one['seconds']:.1f} s (target 30), {one['peak_mb']:.0f} MB (target 500)")
    else:
        print(f"extraction is left out: no plan texts in {PLANS}")
    endless()
    hollow()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([PROGRAM, "build"], cwd=folder, capture_output=True, check=True)
        print(f"warm start to the first page: {statistics.median(start(folder) for _ in range(3)):.2f} s (target 5)")
    own = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    print(f"largest process: {own:.0f} MB")


if __name__ == "__main__":
    main()
