"""Answers that cost more than a page are made elsewhere: in the processes of `service_map.web.pool`.

How many threads wait for them is bounded; the others are for what answers at once.
"""

import logging
import pickle
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec, TypeVar

from flask import Response, abort, g, request

from service_map.errors import OverrunError, StoreError
from service_map.settings import Settings
from service_map.web.pool import LostError, ReaderGoneError
from service_map.web.site import site

GONE = 499
"""Status, in logs and figures alone, of an answer that nobody waited for; nginx calls it so too."""

_OWN = "service_map."  # begins the names of what is told with a request; no header's name can

Asked = ParamSpec("Asked")
Made = TypeVar("Made")

_log = logging.getLogger(__name__)


def elsewhere(view: Callable[Asked, Made]) -> Callable[Asked, Made | Response]:
    """Have what answers a request, or the rest of it, run in a process of its own.

    Parameters
    ----------
    view
        Answers the request; what it is called with it must find again from the request alone.

    Returns
    -------
    callable
        Answers with the same, or raises `BusyError` or `OverrunError`. In a computing process itself, and where the
        settings want none, it runs at once.
    """

    @wraps(view)
    def asked(*args: Asked.args, **kwargs: Asked.kwargs) -> Made | Response:
        pool = site().pool
        if not pool.size:
            with pool.place():
                return view(*args, **kwargs)
        pool.refuse_if_full()
        body = request.get_data(cache=False) if request.method == "POST" else b""
        with pool.place():
            return ask(body)

    return asked


def elsewhere_if(
    heavy: Callable[[], bool],
) -> Callable[[Callable[Asked, Made]], Callable[Asked, Made | Response]]:
    """As `elsewhere`, for the requests that are told to be heavy.

    Parameters
    ----------
    heavy
        Tells it of the present request, at little cost.
    """

    def mark(view: Callable[Asked, Made]) -> Callable[Asked, Made | Response]:
        away = elsewhere(view)

        @wraps(view)
        def asked(*args: Asked.args, **kwargs: Asked.kwargs) -> Made | Response:
            return (away if heavy() else view)(*args, **kwargs)

        return asked

    return mark


def part(make: Callable[[], Made], *, version: str) -> Made:
    """Have what a page says only a part of by it made in a process of its own, to which the same page is asked.

    Parameters
    ----------
    make
        Makes the part; it can be pickled.
    version
        Of the data that the page is about.

    Raises
    ------
    BusyError, OverrunError
        As `elsewhere` answers; the rest of the page can stand without the part.
    """
    if own("part") is not None:
        check_version(version)
        abort(Response(pickle.dumps(make()), content_type="application/octet-stream"))
    pool = site().pool
    with pool.place():
        if not pool.size:
            return make()
        answer = ask(part="true", version=version)
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise too_much(site().settings)
    if answer.status_code != HTTPStatus.OK:
        abort(answer)
    made: Made = pickle.loads(answer.get_data())  # noqa: S301 - of this program's own process, over its pipe
    return made


def check_version(version: str) -> None:
    """Refuse to answer a web process of other data than it reads itself; in a web process, do nothing.

    Raises
    ------
    StoreError
        When the data was replaced after it asked.
    """
    if own("version") not in {None, version}:
        raise StoreError("数据刚刚更新，请再试一次", "the data has just been replaced; ask again")


def ask(body: bytes = b"", **told: str) -> Response:
    """Have this request answered in a process of its own; within a place of the pool.

    Parameters
    ----------
    body
        Of the request.
    told
        What `own` finds there.

    Raises
    ------
    BusyError
        When no process is free for `WAIT_S`.
    OverrunError
        When it took more time or memory than it may.
    """
    texts = {name: value for name, value in request.environ.items() if isinstance(value, str)}
    extra = {"request_id": str(g.get("request_id", "")), **told}
    environ = texts | {f"{_OWN}{name}": value for name, value in extra.items()} | {"CONTENT_LENGTH": str(len(body))}
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    if "part" in told:  # whatever the reader has of the page already
        environ.pop("HTTP_IF_NONE_MATCH", None)
        environ["REQUEST_METHOD"] = "GET"
    try:
        status, headers, answer = site().pool.ask((environ, body), reader=request.environ)
    except ReaderGoneError:
        return Response(status=GONE)
    except LostError as error:
        _log.error("request %s at %s: %s", g.get("request_id", "?"), request.path, error)
        raise too_much(site().settings) from error
    return Response(answer, status=status, headers=headers)


def own(name: str) -> str | None:
    """Give what a web process told this one with the request; None in a web process."""
    value = request.environ.get(f"{_OWN}{name}")
    return value if isinstance(value, str) else None


def too_much(settings: Settings) -> OverrunError:
    """Say that an answer would take more than one may."""
    return OverrunError(
        f"这个问题在 {settings.deadline_s} 秒、{settings.compute_mb} MB 内存之内算不完，已停止；"
        "请缩小范围或减少内容，或稍后再试",
        f"this could not be answered within {settings.deadline_s} seconds and {settings.compute_mb} MB of memory and"
        " was stopped; ask for less, or try again later",
    )
