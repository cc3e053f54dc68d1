"""What went wrong, told to a program: ``application/problem+json`` by RFC 9457.

Every error under ``/api`` and ``/download`` is one of `KINDS`. A problem's ``type`` is an address of this site that
explains the kind, so that whoever finds it in a log can follow it. Two members are our own: ``field``, the parameter at
fault, and ``allowed``, the values it may take.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
from flask import Response, g, request
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from service_map.catalogue.messages import Sentence, sentence
from service_map.errors import (
    BusyError,
    Fault,
    GoneError,
    InvalidParameterError,
    NotFoundError,
    OverrunError,
    ServiceMapError,
    StoreError,
    UnanswerableError,
)
from service_map.web.compute import too_much
from service_map.web.site import site

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 30

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of problem: its HTTP status and its title."""

    status: int
    title: Sentence


KINDS: Mapping[str, Kind] = {
    "invalid-parameter": Kind(status=400, title=sentence("参数有误")),
    "bad-request": Kind(status=400, title=sentence("请求有误")),
    "not-found": Kind(status=404, title=sentence("没有找到")),
    "gone": Kind(status=410, title=sentence("已经没有")),
    "method-not-allowed": Kind(status=405, title=sentence("不支持这种请求方法")),
    "not-acceptable": Kind(status=406, title=sentence("没有这种格式")),
    "too-large": Kind(status=413, title=sentence("请求过大")),
    "address-too-long": Kind(status=414, title=sentence("网址过长")),
    "no-such-range": Kind(status=416, title=sentence("没有这一段")),
    "header-too-large": Kind(status=431, title=sentence("请求头过大")),
    "unanswerable": Kind(status=422, title=sentence("无法作答")),
    "busy": Kind(status=429, title=sentence("请稍后再试")),
    "internal": Kind(status=500, title=sentence("服务器内部错误")),
    "not-supported": Kind(status=501, title=sentence("不支持")),
    "overrun": Kind(status=503, title=sentence("计算超限")),
    "unavailable": Kind(status=503, title=sentence("数据暂不可用")),
}
"""Every kind of problem by the last part of its ``type`` address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error, ready to be shown on a page or sent as JSON.

    Attributes
    ----------
    kind
        A key of `KINDS`; the HTTP status and the title follow from it.
    zh, en
        What is wrong and what is allowed, in one sentence each.
    field
        The parameter at fault, where there is one.
    allowed
        The values it may take, where they can be listed.
    headers
        HTTP headers that belong to the error, such as ``Allow``.
    gone
        Of what stood here once: ``reason``, and ``successor`` and ``area`` where there are any.
    """

    kind: str
    zh: str
    en: str
    field: str | None = None
    allowed: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    gone: Mapping[str, str] | None = None

    @property
    def status(self) -> int:
        """HTTP status."""
        return KINDS[self.kind].status

    def title(self, language: str) -> str:
        """Name of the kind in ``zh`` or ``en``."""
        return KINDS[self.kind].title.said(language)

    def detail(self, language: str) -> str:
        """Return the sentence in ``zh`` or ``en``."""
        return self.en if language == "en" else self.zh


def from_exception(error: Exception) -> Problem:
    """Turn whatever a route raised into the problem that the reader is told.

    An exception that the product did not raise on purpose is logged with its traceback and told without any of it.

    Parameters
    ----------
    error
        A `ServiceMapError`, an HTTP error of Werkzeug, an error of the database driver, or anything else.

    Returns
    -------
    Problem
    """
    # What the libraries below say in C++ when they get no memory.
    if isinstance(error, MemoryError) or "bad_alloc" in str(error):
        _log.error("request %s at %s: out of memory", request_id(), request.path)
        error = too_much(site().settings)
    if isinstance(error, ServiceMapError):
        return _from_own(error)
    if isinstance(error, HTTPException) and error.code is not None and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _from_http(error)
    if isinstance(error, SQLAlchemyError):
        # A file can be damaged behind its header, and a server can go away, after the database was opened well.
        _log_database(error)
        if isinstance(error, DBAPIError) and site().database.file is None:
            return _unavailable(
                "与数据库服务器的连接中断，请稍后再试",
                "the connection to the database server was lost, please try again later",
            )
        if isinstance(error, DBAPIError):
            return _unavailable(
                "数据库已损坏或中断；请运行 service-map build 重建",
                "the database is damaged or gone; rebuild it with: service-map build",
            )
    else:
        _log.error("request %s: unexpected error at %s", request_id(), request.path, exc_info=error)
    return Problem(
        kind="internal",
        zh="服务器出现意外错误，已记入日志，请稍后再试",
        en="something unexpected went wrong; it has been logged, please try again later",
    )


def _log_database(error: SQLAlchemyError) -> None:
    if isinstance(error, DBAPIError):
        # One line: while a server is away every request comes here. Its values are the reader's, and not told.
        reason = str(error.orig).strip().partition("\n")[0]
        _log.error("request %s: the database failed: %s: %s", request_id(), type(error.orig).__name__, reason)
    else:
        _log.error("request %s: the database failed", request_id(), exc_info=error)


def request_id() -> str:
    """Give the id of this request, by which an operator finds it in the log."""
    return str(g.get("request_id", "?"))


def problem_response(problem: Problem, *, language: str) -> Response:
    """Write a problem as ``application/problem+json``.

    Parameters
    ----------
    problem
        What went wrong.
    language
        ``zh`` or ``en``.
    """
    body: dict[str, Any] = {
        "type": f"{request.script_root}/api/problems/{problem.kind}",
        "title": problem.title(language),
        "status": problem.status,
        "detail": problem.detail(language),
        "instance": quote(request.script_root + request.path),
    }
    if problem.field is not None:
        body["field"] = problem.field
    if problem.allowed:
        body["allowed"] = problem.allowed
    body |= problem.gone or {}
    response = Response(orjson.dumps(body), status=problem.status, mimetype=MEDIA_TYPE)
    response.headers.extend(dict(problem.headers))
    response.headers["Content-Language"] = "en" if language == "en" else "zh-CN"
    response.headers["Cache-Control"] = "no-store"
    return response


def _from_own(error: ServiceMapError) -> Problem:
    if isinstance(error, InvalidParameterError):
        return Problem(kind="invalid-parameter", zh=error.zh, en=error.en, field=error.field, allowed=error.allowed)
    if isinstance(error, GoneError):
        told = {"reason": error.reason, "successor": error.successor, "area": error.area}
        where = {name: said for name, said in told.items() if said is not None}
        return Problem(kind="gone", zh=error.zh, en=error.en, field=error.field, gone=where)
    if isinstance(error, (NotFoundError, UnanswerableError)):
        kind = {NotFoundError: "not-found", UnanswerableError: "unanswerable"}[type(error)]
        return Problem(kind=kind, zh=error.zh, en=error.en, field=error.field)
    if isinstance(error, (BusyError, OverrunError)):
        kind = "busy" if isinstance(error, BusyError) else "overrun"
        return Problem(kind=kind, zh=error.zh, en=error.en, headers=(("Retry-After", str(RETRY_AFTER_S)),))
    _log.error("%s", error.en)
    if isinstance(error, StoreError):
        return _unavailable(*publicly(error))
    return _unavailable(
        "服务器的数据或设置有误，已记入日志", "the server's data or settings are at fault; it has been logged"
    )


def publicly(error: StoreError) -> tuple[str, str]:
    """Tell the fault of a database without telling the public where on the machine or the network it stands."""
    try:
        file = site().database.file
    except StoreError:
        file = None
    if file is None:
        return Fault(
            "数据库连不上或还没有数据；请由管理员查看日志，或运行 service-map build 建立",
            "the database cannot be reached or holds no data; see the log, or build it with: service-map build",
        )
    return error.zh.replace(str(file), file.name), error.en.replace(str(file), file.name)


def _unavailable(zh: str, en: str) -> Problem:
    return Problem(kind="unavailable", zh=zh, en=en, headers=(("Retry-After", str(RETRY_AFTER_S)),))


def _from_http(error: HTTPException) -> Problem:
    # Werkzeug knows the methods that the address does serve; the other headers of its own HTML answer do not apply.
    headers = tuple((name, value) for name, value in error.get_headers() if name in {"Allow", "Content-Range"})
    kind, told = _HTTP.get(error.code or 0, ("bad-request", Fault("请求有误", "the request cannot be understood")))
    return Problem(kind=kind, zh=told.zh, en=told.en, headers=headers)


_HTTP: Mapping[int, tuple[str, Fault]] = {
    HTTPStatus.NOT_FOUND: ("not-found", Fault("没有这个地址", "nothing stands at this address")),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method-not-allowed",
        Fault("本接口只读，请用 GET", "this interface only reads: use GET"),
    ),
    HTTPStatus.NOT_ACCEPTABLE: (
        "not-acceptable",
        Fault("没有 Accept 所要的格式", "there is no format that Accept asks for"),
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "too-large",
        Fault(
            "请求体过大：分析接口至多收 5 MB 的 GeoJSON，其余接口不收请求体",
            "the body is too large: analyses take at most 5 MB of GeoJSON, nothing else takes one",
        ),
    ),
    HTTPStatus.REQUEST_URI_TOO_LONG: (
        "address-too-long",
        Fault("网址过长，请缩短查询参数", "shorten the query parameters"),
    ),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: (
        "no-such-range",
        Fault("所要的一段超出文件", "the range lies beyond the file"),
    ),
}
