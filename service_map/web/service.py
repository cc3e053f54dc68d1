"""What operators need of a running site: is it alive, has it data, how busy is it, which request was that.

Every answer carries ``X-Request-ID``. Logs and figures never hold a query or a reader's address: where somebody looked
for facilities says where they live.
"""

import logging
import os
import re
import secrets
import sys
import time

import orjson
from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from werkzeug.middleware.proxy_fix import ProxyFix

from service_map.settings import Settings
from service_map.store import read_meta, refusal
from service_map.web import compute, problems
from service_map.web.site import site

blueprint = Blueprint("service", __name__)

_ACCESS = logging.getLogger("service_map.access")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def init_service(app: Flask, settings: Settings) -> None:
    """Give the application its health addresses, request ids and, where they are asked for, logs and figures.

    Parameters
    ----------
    app
        Called once, by the application factory.
    settings
        ``trusted_proxies``, ``metrics`` and ``access_log`` decide.
    """
    count = settings.trusted_proxies
    if count:
        # Without a proxy in front, these headers are whatever a reader writes into them.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Werkzeug's own way
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_prefix=count
        )
    if settings.access_log and not _ACCESS.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        _ACCESS.addHandler(handler)
        _ACCESS.setLevel(logging.INFO)
        _ACCESS.propagate = False
    asked = request_counter = request_time = None
    if settings.metrics:
        asked = CollectorRegistry()
        names = ("method", "endpoint", "status")
        request_counter = Counter("service_map_requests", "Requests answered", names, registry=asked)
        request_time = Histogram("service_map_request_seconds", "Time to answer", ("endpoint",), registry=asked)
        app.add_url_rule("/metrics", "metrics", lambda: _metrics(asked), methods=["GET"])
    app.register_blueprint(blueprint)

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "") if count else ""
        given = compute.own("request_id") or given
        g.request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers["X-Request-ID"] = g.request_id
        seconds = time.perf_counter() - g.began
        # The rule and not the address: one series a route, however many facilities there are.
        endpoint = request.endpoint or "none"
        if request_counter is not None and request_time is not None:
            request_counter.labels(request.method, endpoint, response.status_code).inc()
            request_time.labels(endpoint).observe(seconds)
        if settings.access_log:
            line = {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "id": g.request_id,
                "method": request.method, "path": request.path[:200], "status": response.status_code,
                "ms": round(seconds * 1000, 1),
            }  # fmt: skip
            _ACCESS.info(orjson.dumps(line).decode())
        return response


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return _fresh({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Say that there is data to serve, and which; 503 where there is none.

    ``degraded`` where a newer file was refused and that of before is served on: there is data, so the answer is 200.
    """
    with site().database.reading() as data:
        told = {"status": "ok", "data_version": read_meta(data.conn).get("data_version", "")}
        refused = refusal(data.conn)
    if refused is not None:
        zh, en = problems.publicly(refused)
        told |= {"status": "degraded", "reason": f"{zh} / {en}"}
    return _fresh(told)


def _fresh(document: dict[str, str]) -> Response:
    return Response(orjson.dumps(document), content_type="application/json", headers={"Cache-Control": "no-store"})


def _metrics(registry: CollectorRegistry) -> Response:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # Several worker processes keep their figures in files there, and any of them answers for all.
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
