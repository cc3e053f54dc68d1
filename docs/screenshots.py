"""Make the pictures of the README: ``make screenshots``.

Builds the database from the shipped data in a temporary folder, serves it, and lets a headless Chromium look at it.
"""
# ruff: noqa: INP001  a program beside the documents, not a package

import shutil
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from service_map import settings, store
from service_map.store import queries
from service_map.web import create_app

HERE = Path(__file__).resolve().parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: object, **_kwargs: object) -> None:
        """Say nothing."""


def main() -> int:
    """Take every picture; return the program's exit code."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.stderr.write("没有找到 chromium / no chromium program found\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/service_map.gpkg"
        store.build(url, geodata=settings.load().geodata_dir)
        server = make_server(
            "127.0.0.1", 0, create_app(settings.load({"DATABASE_URL": url})), threaded=True, request_handler=_Quiet
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        engine = store.open_readonly(url)
        with engine.connect() as conn:
            found = queries.facilities(conn, queries.FacilityFilter(q="沁水县殡仪馆"), limit=1).items[0]
        engine.dispose()
        _take(program, f"http://127.0.0.1:{server.server_port}", facility=found.id)
        server.shutdown()
        server.server_close()
    return 0


def _take(program: str, site: str, *, facility: str) -> None:
    pictures = (
        ("screenshot.png", "/?area=140500", DESK, "light"),
        ("screenshot-phone.png", "/", PHONE, "light"),
        ("screenshot-facility.png", f"/facility/{facility}", PHONE, "light"),
        ("screenshot-planner.png", "/planner?area=140213&category=kindergarten&metres=300&count=3", DESK, "light"),
        ("screenshot-card.png", "/circle?lon=112.187&lat=35.69", PHONE, "dark"),
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for name, path, size, scheme in pictures:
            page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
            page.goto(site + path)
            if page.locator("#map").count():
                page.locator("#map[data-ready=true]").wait_for()
            page.screenshot(path=HERE / name)
            page.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
