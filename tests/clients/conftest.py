"""A live site and a real headless Chromium, for the tests that use the product as its users do."""

import contextlib
import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright
from reading import context_of
from serving import serving

from service_map import settings
from service_map.web import create_app

# Nothing of the browser's own may go out, so that any request to another host is the site's.
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-default-browser-check", "--disable-dev-shm-usage",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def live_site(geodata, shipped_database):
    """Address of the running site, without a trailing slash."""
    app = create_app(settings.load({"DATABASE_URL": f"sqlite:///{shipped_database}", "GEODATA_DIR": str(geodata)}))
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, driven by Playwright."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium program on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


class Visit:
    """One reader's page, and what went wrong on it unasked."""

    def __init__(self, context, site):
        self.site = site
        self.context = context
        self.page = context.new_page()
        self.requests = []
        self.faults = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._console)

    def _console(self, message):
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

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


@pytest.fixture
def reader(chromium, live_site):
    """Make readers: ``reader(viewport=…, **context options)``. No reader may see an error or leave the site."""
    with contextlib.ExitStack() as stack:
        visits = []

        def make(*, viewport=DESK, **options):
            context = context_of(chromium, viewport=viewport, **options)
            stack.callback(context.close)
            visits.append(Visit(context, live_site))
            return visits[-1]

        yield make
        for visit in visits:
            assert visit.strangers() == []
            assert visit.faults == []
