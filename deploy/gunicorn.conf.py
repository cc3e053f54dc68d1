"""gunicorn behind nginx: ``gunicorn -c deploy/gunicorn.conf.py 'service_map.web:create_app()'``.

Reads the same environment as ``service-map serve``. Two worker processes with threads fill two cores; each holds its
own read-only connections and takes up a rebuilt database by itself. The program is loaded once, before the workers are
forked, which share what it takes of memory: after an upgrade restart the service, a reload keeps the old program.
"""

import gc
import os
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "service_map.worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("THREADS", "4"))
preload_app = True
# A download of everything in a slow format may take longer than the default of 30 s.
timeout = 120
graceful_timeout = 30
max_requests = 20_000
max_requests_jitter = 2_000
# Nobody needs it, and every gunicorn of a user would take the same one.
control_socket_disable = True
loglevel = "warning"
accesslog = None


def when_ready(_server: Any) -> None:
    """Keep the collector from looking through what every worker shares: that would copy it, and stop them for it."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Read what every answer needs before the first is asked for."""
    from service_map.web import warm

    warm(worker.wsgi)
    gc.collect()
    gc.freeze()
