"""What every answer carries: security headers, open access for programs, compression, refusal of oversized requests.

The policy allows nothing but this site: no third-party request, no inline script or style, no cookie. ``img-src`` also
allows ``data:`` because Leaflet paints a freed tile with a one-pixel ``data:`` image.
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from io import BytesIO

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge, RequestURITooLarge

from service_map.web import basemap
from service_map.web.site import site

MAX_BODY_BYTES = 65_536
MAX_ANALYSIS_BYTES = 5_000_000
BODY_PATHS = frozenset({"/api/coverage", "/api/circle", "/api/gaps", "/api/sites", "/api/completeness"})
"""Where a caller may send points and polygons to be analysed; nothing of it is stored."""

UPLOAD_PATH = "/planner"
"""The page that takes a reader's files; nothing of them is stored either."""

# Below what the server takes of a header, so that the program refuses in its own words.
MAX_QUERY_BYTES = 3_000
COMPRESS_FROM_BYTES = 600
_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(\d+\s*-\s*\d*|-\s*\d+)\s*", re.ASCII | re.IGNORECASE)

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'self'"
)

FRAMED = "pages.embed"
"""The one page that other sites may frame."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_TEXTS = {
    "application/geo+json",
    "application/atom+xml",
    "application/ld+json",
    "application/vnd.oai.openapi+json",
    "application/vnd.mapbox-vector-tile",
    "application/x-ndjson",
    "application/javascript",
    "application/json",
    "application/openapi+json",
    "application/problem+json",
    "application/xml",
    "image/svg+xml",
}
_OPEN = ("/api/", "/download/", "/ogc/", "/tiles/", "/catalog.jsonld", "/readyz")


def init_security(app: Flask) -> None:
    """Make every answer of the application carry the headers, and refuse oversized requests.

    Parameters
    ----------
    app
        Called once, by the application factory, before the blueprints: Flask runs the last-registered hook first.
    """
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(_refuse_oversized)
    app.before_request(_ignore_ranges)
    app.after_request(_finish)


def is_open(path: str) -> bool:
    """Say whether a path is for programs: open to every origin, its errors told as problem+json."""
    return path.startswith(_OPEN) or path in {"/api", "/download", "/ogc", "/tiles"}


def takes_body(path: str) -> bool:
    """Say whether an address takes a caller's own points and polygons."""
    return path.rstrip("/") in BODY_PATHS


def _refuse_oversized() -> None:
    if len(request.query_string) > MAX_QUERY_BYTES:
        raise RequestURITooLarge
    large = takes_body(request.path) or request.path.rstrip("/") == UPLOAD_PATH
    most = MAX_ANALYSIS_BYTES if request.method == "POST" and large else MAX_BODY_BYTES
    request.max_content_length = most
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge


def _ignore_ranges() -> None:
    # RFC 9110 section 14.2: any Range may be ignored. Many in one request gain a reader nothing and cost the server.
    asked = request.headers.get("Range")
    if asked is not None and not _ONE_RANGE.fullmatch(asked):
        del request.environ["HTTP_RANGE"]


def _finish(response: Response) -> Response:
    response.headers.update(_HEADERS)
    policy = basemap.policy(CONTENT_SECURITY_POLICY, site().settings)
    response.headers["Content-Security-Policy"] = policy
    if request.endpoint == FRAMED and response.status_code == HTTPStatus.OK:
        # The map alone may stand in other sites' pages: it takes no input that a hidden frame could steal.
        policy = policy.replace("frame-ancestors 'self'", "frame-ancestors *")
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        del response.headers["X-Frame-Options"]
    if is_open(request.path):
        response.headers["Access-Control-Allow-Origin"] = "*"
        methods = "GET, HEAD, OPTIONS, POST" if takes_body(request.path) else "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = (
            "Accept, Accept-Language, Content-Type, If-None-Match, Range, Want-Repr-Digest"
        )
        response.headers["Access-Control-Expose-Headers"] = (
            "Content-Crs, Content-Disposition, Content-Range, ETag, Link, Repr-Digest, Retry-After"
        )
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    else:
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return _compress(response)


def _compress(response: Response) -> Response:
    """Send text in gzip to whoever takes it.

    A strong ETag promises the same bytes, which two encodings of one text are not (RFC 9110 section 8.8.3.3), so the
    compressed answer's becomes weak. Byte ranges pass as they are.
    """
    kind = response.mimetype or ""
    if kind not in _TEXTS and not kind.startswith("text/"):
        return response
    response.vary.add("Accept-Encoding")
    if (
        response.status_code in {204, 206, 304}
        or "Content-Encoding" in response.headers
        or response.cache_control.no_transform
        or not request.accept_encodings.quality("gzip")
    ):
        return response
    if response.is_streamed and not response.direct_passthrough:
        response.response = _compressed(response.iter_encoded())
        return _mark_compressed(response)
    if (response.content_length or 0) < COMPRESS_FROM_BYTES:
        return response
    # A file is handed over as an iterator of its blocks; the site's own text files are small enough to be read whole.
    response.direct_passthrough = False
    packed = BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=5, mtime=0) as stream:
        stream.write(response.get_data())
    response.set_data(packed.getvalue())
    return _mark_compressed(response)


def _mark_compressed(response: Response) -> Response:
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, _ = response.get_etag()
    if tag is not None:
        response.set_etag(tag, weak=True)
    return response


def _compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    # 31: a gzip frame around the window of 2^15 bytes (zlib's manual, deflateInit2).
    packer = zlib.compressobj(level=5, wbits=31)
    for block in blocks:
        if packed := packer.compress(block):
            yield packed
    yield packer.flush()
