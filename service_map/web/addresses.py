"""Addresses within the site: every choice of the reader (language, type size, filters) lives in the address.

So each link must carry the choices on, a shared link shows what the sender saw, and no cookie is needed.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict
from xstatic.pkg import leaflet

from service_map.settings import STATIC_DIR

VENDOR_DIR = Path(leaflet.BASE_DIR)
"""Leaflet's own files, as installed from the package registry."""

LASTING = ("lang", "big")
"""Choices that hold for the whole visit."""


def lasting() -> dict[str, Any]:
    """Give the choices that every link of this request carries on."""
    chosen: dict[str, Any] = {"lang": "en"} if request.args.get("lang") == "en" else {}
    return chosen | ({"big": "1"} if request.args.get("big") == "1" else {})


def to(endpoint: str, **values: Any) -> str:
    """Make the address of another page of the site, with the reader's language and type size."""
    return url_for(endpoint, **values, **lasting())


def here(*, known: tuple[str, ...], **changes: str | None) -> str:
    """Make the address of this page with some choices changed.

    Parameters
    ----------
    known
        Names of the parameters that mean something; others, such as those that chat programs append, are dropped.
    changes
        New values; None takes the choice out.
    """
    query = MultiDict((name, text) for name, text in request.args.items(multi=True) if name in known and text)
    for name, value in changes.items():
        query.poplist(name)
        if value is not None:
            query[name] = value
    endpoint = request.endpoint
    if endpoint is None:
        # Nothing stands at this address: its language can still be changed.
        return to("pages.home") if not changes else url_for("pages.home", **_plain(query))
    return url_for(endpoint, **(request.view_args or {}), **_plain(query))


def without(*names: str, known: tuple[str, ...]) -> str:
    """Make the address of this page with some choices taken out."""
    changes: dict[str, Any] = dict.fromkeys(names)
    return here(known=known, **changes)


def _plain(query: MultiDict[str, str]) -> dict[str, Any]:
    return {name: query.getlist(name) for name in query}


def asset(name: str) -> str:
    """Make the address of a file under ``static/``; it changes with the content, so browsers may keep it for good."""
    return url_for("static", filename=name, v=_stamp(STATIC_DIR / name, _age(STATIC_DIR / name)))


def vendor(name: str) -> str:
    """Make the address of one of Leaflet's files."""
    return url_for("pages.vendor", file=name, v=_stamp(VENDOR_DIR / name, _age(VENDOR_DIR / name)))


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


@cache
def _stamp(path: Path, _age_ns: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:10]
