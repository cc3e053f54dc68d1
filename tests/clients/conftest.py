"""A live site and a real headless Chromium, for the tests that use the product as its users do."""

import functools
import shutil

import pytest
from playwright.sync_api import sync_playwright
from reading import DESK, Pages, Visit
from serving import serving, site_of

# Nothing of the browser's own may go out, so that any request to another host is the site's.
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-default-browser-check", "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="session")
def live_site(geodata, shipped_database):
    """Address of the running site, without a trailing slash."""
    with serving(site_of(f"sqlite:///{shipped_database}", geodata)) as address:
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


@pytest.fixture(scope="session")
def pages(chromium):
    """The browser's pages, each used by one reader after another."""
    return Pages(chromium)


@pytest.fixture
def reader_of(pages):
    """Make readers of any site: ``reader_of(site, viewport=…, **context options)``.

    No reader may see an error or leave the site. ``fresh`` is who has never been there.
    """
    visits = []

    def make(site, *, viewport=DESK, fresh=False, **options):
        asked = {"site": site, "options": {"viewport": viewport, **options}, "fresh": fresh}
        visits.append((Visit(pages.take(**asked), site), asked))
        return visits[-1][0]

    yield make
    for visit, asked in visits:
        visit.end()
        pages.leave(visit.page, **asked)
    for visit, _ in visits:
        assert visit.strangers() == []
        assert visit.faults == []


@pytest.fixture
def reader(reader_of, live_site):
    """The same for the shipped data: ``reader(viewport=…, **context options)``."""
    return functools.partial(reader_of, live_site)
