"""Serves an application to real clients, quietly."""

import contextlib
import threading

from werkzeug.serving import WSGIRequestHandler, make_server

from service_map import settings
from service_map.web import create_app


class _Quiet(WSGIRequestHandler):
    def log(self, *_args, **_kwargs):
        """Say nothing: the requests belong to the tests."""


def site_of(url, geodata, **environment):
    """Make the application over a database, with one computing process: one client asks at a time."""
    given = {"DATABASE_URL": url, "GEODATA_DIR": str(geodata), "COMPUTE_PROCESSES": "1"}
    return create_app(settings.load(given | environment))


@contextlib.contextmanager
def serving(app):
    """Serve an application on a free port; gives its address, without a trailing slash."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
