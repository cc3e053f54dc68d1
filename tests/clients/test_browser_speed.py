"""How quick the site is in a real Chromium with ten thousand facilities: a choice made, list and map painted."""

from os import cpu_count, getloadavg
from time import thread_time

import pytest
from many import build_many
from serving import serving

from service_map import settings
from service_map.web import create_app

pytestmark = pytest.mark.browser

REDRAW_MS = 100
ROUNDS = 4

# From the click to the frame in which list and map stand: the page's own measure, and the frame after it.
REDRAW = """(index) => new Promise((resolve) => {
  const done = new PerformanceObserver(() => {
    done.disconnect();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const measure = performance.getEntriesByName("redraw").at(-1);
        resolve({ painted: performance.now() - measure.startTime });
      };
      channel.port2.postMessage(null);
    });
  });
  done.observe({ type: "measure" });
  document.querySelectorAll("#chips > nav > ul:first-child a")[index].click();
})"""


@pytest.fixture(scope="module")
def many(geodata, live_database, tmp_path_factory):
    """Address of a site with ten thousand facilities."""
    path, home = build_many(10_000, geodata=geodata, folder=tmp_path_factory.mktemp("many"), around=live_database)
    app = create_app(settings.load({"DATABASE_URL": f"sqlite:///{path}", "GEODATA_DIR": str(home)}))
    with serving(app) as address:
        yield address, app


CHOICES = {1: "family=preschool", 2: "family=elderly", 3: "family=sports", 0: ""}
VIEW = "bbox=103.8,32.2,121.0,43.0&zoom=6"


def _served_s(client, choice):
    """Processor seconds of the server for one choice: the page and the map's facilities."""
    began = thread_time()
    for address in (f"/?{choice}", f"/points.json?{choice}&{VIEW}"):
        assert client.get(address, headers={"Accept-Encoding": "gzip"}).status_code == 200
    return thread_time() - began


def _busy_s(session):
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"]


def test_a_choice_among_ten_thousand_is_painted_within_a_tenth_of_a_second(chromium, many, capsys):
    site, app = many
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(site + "/")
    page.locator("#map[data-ready=true]").wait_for()
    painted, busy = {}, {}
    for _round in range(ROUNDS):
        for chip in CHOICES:
            page.wait_for_timeout(150)
            before = _busy_s(session)
            painted.setdefault(chip, []).append(page.evaluate(REDRAW, chip)["painted"])
            busy.setdefault(chip, []).append(_busy_s(session) - before)
    context.close()
    client = app.test_client()
    for chip, choice in CHOICES.items():
        served = min(_served_s(client, choice) for _round in range(ROUNDS))
        # What server and browser work for it, whatever else the machine does meanwhile.
        assert 1000 * (served + min(busy[chip])) <= REDRAW_MS, (choice, served, busy[chip])
    if getloadavg()[0] < (cpu_count() or 1):
        # Other work only adds: of each choice the best of its rounds counts.
        assert max(min(times) for times in painted.values()) <= REDRAW_MS, painted
    else:
        with capsys.disabled():
            print("\nThe machine is busy: the work was measured, the wall clock was not.", painted)  # noqa: T201
