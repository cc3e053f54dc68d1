"""How soon a reader sees it: the list on a slow phone, a choice among ten thousand facilities, a move over 100,000.

Run ``python benchmarks/browser.py`` (about three minutes), or ``--crowd 20000`` for less. A headless Chromium reads the
site as the tests serve it: once with the shipped data on a line of 1.6 Mbit/s and 150 ms with a quarter of this
machine's speed, beside a page that holds the same list and no script; then with invented facilities. A figure over its
target is printed with its ratio and fails nothing, for another process on the machine can cost it.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("clients", "store", "web")]

from invented_world import CENTRE, make_app  # noqa: E402
from many import build_many  # noqa: E402
from serving import serving  # noqa: E402

from service_map import store  # noqa: E402

GEODATA = ROOT / "geodata"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
ROUNDS = 5
LIST_MS, MAP_MS, REDRAW_MS, MOVE_MS, PAGE_MS = 2_000, 3_000, 100, 100, 500
CHOICES = {1: "family=preschool", 2: "family=elderly", 3: "family=sports", 0: ""}

# From the click to the frame in which list and map stand: the page's own measure, and the frame after it.
REDRAW = """(index) => new Promise((resolve) => {
  const done = new PerformanceObserver(() => {
    done.disconnect();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const measure = performance.getEntriesByName("redraw").at(-1);
        resolve(performance.now() - measure.startTime);
      };
      channel.port2.postMessage(null);
    });
  });
  done.observe({ type: "measure" });
  document.querySelectorAll("#chips > nav > ul:first-child a")[index].click();
})"""


def tell(what, took, target=None):
    """Print the median and the best of some milliseconds, and what is missed by how much."""
    middle = statistics.median(took)
    goal = (
        "" if target is None else f"  (target {target:,}: {'ok' if middle <= target else f'{middle / target:.1f} ×'})"
    )
    print(f"  {what:<52} median {middle:8,.0f} ms   best {min(took):8,.0f} ms{goal}")


def slow_phone(browser, site):
    """Milliseconds to the list, to the map, and to the same list where the browser runs no script."""
    listed, drawn, bare = [], [], []
    for _ in range(ROUNDS):
        for script in (True, False):
            context = browser.new_context(viewport=PHONE, java_script_enabled=script)
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            line = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
            session.send("Network.emulateNetworkConditions", line)
            session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            begun = time.perf_counter()
            page.goto(f"{site}/", wait_until="domcontentloaded")
            if not script:
                page.locator("#results .item").first.wait_for()
                bare.append((time.perf_counter() - begun) * 1000)
            else:
                page.locator("#map[data-ready=true]").wait_for()
                loaded = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
                listed.append(page.evaluate(loaded))
                drawn.append(page.evaluate("performance.now()"))
            context.close()
    return listed, drawn, bare


def choices(browser, site):
    """Milliseconds to paint each choice, and those that the browser itself works for it."""
    context = browser.new_context(viewport=DESK, reduced_motion="reduce")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked():
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return metrics["TaskDuration"] * 1000

    page.goto(f"{site}/")
    page.locator("#map[data-ready=true]").wait_for()
    painted, busy = {}, {}
    for _ in range(ROUNDS):
        for chip, choice in CHOICES.items():
            page.wait_for_timeout(150)
            before = worked()
            painted.setdefault(choice, []).append(page.evaluate(REDRAW, chip))
            busy.setdefault(choice, []).append(worked() - before)
    context.close()
    return painted, busy


def moves(client):
    """Milliseconds of the server for moves of the map at each zoom, and for a first page."""
    for zoom in (5, 8, 10, 11, 12, 13, 16):
        width, height = 1.4 * 800 * 360 / 256 / 2**zoom, 1.4 * 720 * 290 / 256 / 2**zoom
        took = []
        for step in range(ROUNDS + 1):
            lon, lat = CENTRE[0] + step / 7 * width, CENTRE[1]
            box = f"{lon - width / 2:.4f},{lat - height / 2:.4f},{lon + width / 2:.4f},{lat + height / 2:.4f}"
            took.append(served(client, f"/points.json?bbox={box}&zoom={zoom}"))
        tell(f"a move at zoom {zoom}, of the server", took[1:], MOVE_MS)
    client.get("/")
    tell("a first page, of the server", [served(client, f"/?{choice}") for choice in CHOICES.values()], PAGE_MS)


def served(client, address):
    begun = time.thread_time()
    if client.get(address, headers={"Accept-Encoding": "gzip"}).status_code != 200:
        raise SystemExit(f"{address} was not answered")
    return (time.thread_time() - begun) * 1000


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--crowd", type=int, default=100_000)
    given = asked.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("left out: no chromium program on this machine")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        print(f"{platform.machine()}, {os.cpu_count()} cores, Chromium {browser.version}")
        store.build(f"sqlite:///{home}/shipped.gpkg", geodata=GEODATA)
        print(" the shipped data, on a slow phone and line")
        with serving(make_app(f"sqlite:///{home}/shipped.gpkg", GEODATA)) as site:
            listed, drawn, bare = slow_phone(browser, site)
        tell("the list is usable", listed, LIST_MS)
        tell("the map is drawn", drawn, MAP_MS)
        tell("peer: the same list, no script", bare)
        print(" ten thousand facilities, on a desktop")
        path, data = build_many(10_000, geodata=GEODATA, folder=home / "many", around=home / "shipped.gpkg")
        app = make_app(f"sqlite:///{path}", data)
        with serving(app) as site:
            painted, busy = choices(browser, site)
        browser.close()
        for choice, took in painted.items():
            tell(f"a choice painted, {choice or 'everything'}", took, REDRAW_MS)
            tell("  of it work of the browser", busy[choice])
            tell("  of it work of the server, for the page", [served(app.test_client(), f"/?{choice}") for _ in took])
        print(f" {given.crowd:,} facilities")
        path, data = build_many(given.crowd, geodata=GEODATA, folder=home / "crowd", around=home / "shipped.gpkg")
        moves(make_app(f"sqlite:///{path}", data).test_client())


if __name__ == "__main__":
    main()
