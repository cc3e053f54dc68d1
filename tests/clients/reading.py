"""How a browser reads: with patience, on pages that are used again, and what is judged of every page."""

import json
from collections import defaultdict
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

PATIENCE_MS = 180_000  # what does not come at all is told; how soon it comes is judged by no test
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
NARROW = {"width": 320, "height": 640}  # also what a 1280-pixel screen shows at 400 % zoom

_AXE = Axe().axe_script
# A rule's own impact is that of all it finds, so the others could find nothing grave; a rule without one may.
_GRAVE = """() => axe.run({
  resultTypes: ["violations"],
  rules: Object.fromEntries(axe._audit.rules.filter((rule) => ["minor", "moderate"].includes(rule.impact))
    .map((rule) => [rule.id, { enabled: false }])),
}).then((found) => found.violations
  .filter((fault) => ["serious", "critical"].includes(fault.impact))
  .flatMap((fault) => fault.nodes.map((node) => [fault.id, node.target, node.failureSummary ?? null])))"""
_SMALL = """(which) => [...document.querySelectorAll(which)].filter((one) => {
  const box = one.getBoundingClientRect();
  return one.getClientRects().length && Math.min(box.width, box.height) < 44;
}).map((one) => one.outerHTML)"""


def context_of(chromium, **options):
    """Open a context of the browser that waits long for what it is told to wait for."""
    context = chromium.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


def grave_faults(page):
    """What axe finds on a page of serious or critical impact."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    return page.evaluate(_GRAVE)


def grave_faults_in_any_light(page):
    """The same where the reader's screen is dark, then where it is light."""
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found += [(scheme, *fault) for fault in grave_faults(page)]
    return found


def width_on(page, screen):
    """How wide a page is on a screen."""
    page.set_viewport_size(screen)
    return page.evaluate("document.documentElement.scrollWidth")


def too_small(page, which):
    """The controls that are shown and not 44 pixels wide and high."""
    return page.evaluate(_SMALL, which)


class Pages:
    """Pages of one browser: who asks as an earlier reader of the site did gets the page that he has left.

    A page of its own takes a process of the browser, which costs a second of processor time.
    """

    def __init__(self, chromium):
        self._chromium = chromium
        self._left = defaultdict(list)

    def take(self, site, options, *, fresh):
        """Give a page, with nothing kept from another reader where it is to be fresh."""
        if left := not fresh and self._left[_key(site, options)]:
            page = left.pop()
            page.set_viewport_size(options["viewport"])
            return page
        return context_of(self._chromium, **options).new_page()

    def leave(self, page, site, options, *, fresh):
        if fresh:
            page.context.close()
            return
        # A page of the site that does nothing keeps the process; one without an icon would have the browser ask for it, late.
        page.goto(f"{site}/about")
        page.mouse.move(-1, -1)
        self._left[_key(site, options)].append(page)


def _key(site, options):
    return site, json.dumps(options, sort_keys=True)


class Visit:
    """One reader's page, and what went wrong on it unasked."""

    def __init__(self, page, site):
        self.site = site
        self.page = page
        self.context = page.context
        self.requests = []
        self.faults = []
        self._heard = {
            "request": lambda request: self.requests.append(request.url),
            "pageerror": lambda error: self.faults.append(str(error)),
            "console": self._console,
        }
        for event, hear in self._heard.items():
            page.on(event, hear)

    def _console(self, message):
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

    def end(self):
        for event, hear in self._heard.items():
            self.page.remove_listener(event, hear)

    def open(self, path, *, ready=True):
        """Open a page and, where it has a map and a script, wait until the map is drawn."""
        self.page.goto(self.site + path)
        if ready and self.page.locator("#map").count():
            self.drawn()
        return self.page

    def drawn(self):
        self.page.locator("#map[data-ready=true]").wait_for()

    def strangers(self):
        """Requests that left the site; data: and blob: go nowhere."""
        return [
            url for url in self.requests if urlsplit(url).scheme in {"http", "https"} and not url.startswith(self.site)
        ]
