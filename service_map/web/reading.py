"""What every address that reads the data does: one transaction a request, and 304 where the reader has the answer."""

from collections.abc import Collection
from contextlib import ExitStack
from hashlib import blake2b

from flask import Blueprint, Response, g, request

from service_map.web import params
from service_map.web.database import Reading
from service_map.web.site import site


def attach(blueprint: Blueprint, *, without: Collection[str] = ()) -> None:
    """Make every address of a blueprint read one version of the data and answer 304 before any work where it may.

    Parameters
    ----------
    blueprint
        Its answers of status 200 get an ETag.
    without
        Endpoints that no database is needed for.
    """

    def begin() -> Response | None:
        if request.method not in {"GET", "HEAD"}:
            return None
        version = ""
        if request.endpoint not in without:
            g.stack = ExitStack()
            g.reading = g.stack.enter_context(site().database.reading())
            version = g.reading.version
        # The host stands in the links of an answer, and what is accepted decides its form.
        parts = (version, site().version, params.reply_language(), request.headers.get("Accept", ""), request.url)
        g.tag = blake2b("\n".join(parts).encode(errors="replace"), digest_size=12).hexdigest()
        return _keepable(Response(status=304)) if request.if_none_match.contains_weak(g.tag) else None

    def end(response: Response) -> Response:
        return _keepable(response) if "tag" in g and response.status_code == 200 else response

    def close(_error: BaseException | None) -> None:
        stack: ExitStack | None = g.pop("stack", None)
        if stack is not None:
            stack.close()

    blueprint.before_request(begin)
    blueprint.after_request(end)
    blueprint.teardown_request(close)


def reading() -> Reading:
    """Give the data of this request."""
    found: Reading = g.reading
    return found


def _keepable(response: Response) -> Response:
    response.set_etag(g.tag, weak=True)
    response.cache_control.public = True
    response.cache_control.no_cache = True
    response.vary.update({"Accept", "Accept-Language"})
    return response
