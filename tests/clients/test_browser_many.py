"""What a choice costs in a real Chromium with ten thousand facilities: what is asked for, sent and drawn.

How long it takes stands in ``benchmarks/browser.py``.
"""

from urllib.parse import urlsplit

import pytest
from many import build_many
from reading import context_of
from serving import serving, site_of

pytestmark = pytest.mark.browser

CHOICES = {1: "family=preschool", 2: "family=elderly", 3: "family=sports", 0: ""}
VIEW = "bbox=103.8,32.2,121.0,43.0&zoom=6"
PAGE_BYTES, POINTS_BYTES, NODES, SERVER_CALLS = 15_000, 15_000, 1_500, 100_000

# Resolves when list and map stand: the page's own measure, and the frame after it.
CHOOSE = """(index) => new Promise((resolve) => {
  const done = new PerformanceObserver(() => {
    done.disconnect();
    requestAnimationFrame(() => resolve());
  });
  done.observe({ type: "measure" });
  document.querySelectorAll("#chips > nav > ul:first-child a")[index].click();
})"""


@pytest.fixture(scope="module")
def many(geodata, shipped_database, tmp_path_factory):
    """A site with ten thousand facilities."""
    path, home = build_many(10_000, geodata=geodata, folder=tmp_path_factory.mktemp("many"), around=shipped_database)
    return site_of(f"sqlite:///{path}", home)


def test_a_choice_among_ten_thousand_asks_for_one_page_and_one_view_and_draws_few_signs(chromium, many):
    with serving(many) as site:
        context = context_of(chromium, viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        asked, sizes = {}, {}
        session.on(
            "Network.requestWillBeSent", lambda event: asked.update({event["requestId"]: event["request"]["url"]})
        )
        session.on(
            "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]})
        )
        page.goto(site + "/")
        page.locator("#map[data-ready=true]").wait_for()
        for chip, choice in CHOICES.items():
            asked.clear()
            page.evaluate(CHOOSE, chip)
            sent = {urlsplit(url).path: sizes.get(one, 0) for one, url in asked.items() if "/static/" not in url}
            assert set(sent) == {"/", "/points.json"}, choice
            assert sent["/"] <= PAGE_BYTES, choice
            assert sent["/points.json"] <= POINTS_BYTES, choice
            assert page.locator("#results .item").count() == 50
            assert page.evaluate("document.getElementsByTagName('*').length") <= NODES, choice
        context.close()


@pytest.mark.parametrize("choice", CHOICES.values())
@pytest.mark.parametrize("address", ["/?{}", f"/points.json?{{}}&{VIEW}"], ids=["page", "view"])
def test_a_choice_among_ten_thousand_costs_the_server_few_calls(many, calls_of, address, choice):
    client, asked = many.test_client(), address.format(choice)
    assert client.get(asked).status_code == 200
    assert calls_of(lambda: client.get(asked)) <= SERVER_CALLS
