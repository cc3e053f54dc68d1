"""What every address that reads the data does: one transaction a request, its query read, 304 where that will do."""

from collections.abc import Collection
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from hashlib import blake2b
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from service_map.analysis import Ground
from service_map.catalogue.messages import Sentence, message
from service_map.store import queries
from service_map.web import params
from service_map.web.database import Reading
from service_map.web.security import takes_body
from service_map.web.site import site

JSON = "application/json"

PROMISED_ONLY = message("数据含规划承诺的设施与现状资料中的设施，现状资料很不完整：数据中没有，不等于当地没有")
"""What no answer can know, in Chinese and English."""

IMPRECISE = message("点位按规划用语定位，真实位置在 uncertainty_m 米之内；上下限已计入")
"""What a point is worth, in Chinese and English."""


def attach(blueprint: Blueprint, *, without: Collection[str] = ()) -> None:
    """Make every address of a blueprint read one version of the data and answer 304 before any work where it may.

    Parameters
    ----------
    blueprint
        Its answers of status 200 and 206 get an ETag, unless what they answer was sent in a body.
    without
        Endpoints that no database is needed for: they must stand when the data does not.
    """

    def begin() -> Response | None:
        reads = request.method in {"GET", "HEAD"}
        if not reads and not (request.method == "POST" and takes_body(request.path)):
            return None
        version = ""
        if request.endpoint not in without:
            g.stack = ExitStack()
            g.reading = g.stack.enter_context(site().database.reading())
            version = g.reading.version
        if not reads:  # what a caller sends is answered and forgotten: no tag, no cache
            return None
        # The host stands in the links of an answer, and what is accepted decides its form.
        asked = (request.scheme, request.host, request.script_root, request.full_path)
        parts = (version, site().version, params.reply_language(), request.headers.get("Accept", ""), *asked)
        g.tag = blake2b("\n".join(parts).encode(errors="replace"), digest_size=12).hexdigest()
        return _keepable(Response(status=304)) if request.if_none_match.contains_weak(g.tag) else None

    def end(response: Response) -> Response:
        return _keepable(response) if "tag" in g and response.status_code in {200, 206} else response

    def close(_error: BaseException | None) -> None:
        stack: ExitStack | None = g.pop("stack", None)
        if stack is not None:
            # A server that went away during the request fails its last word too; the answer is made already.
            with suppress(SQLAlchemyError):
                stack.close()

    blueprint.before_request(begin)
    blueprint.after_request(end)
    blueprint.teardown_request(close)


def _keepable(response: Response) -> Response:
    if response.get_etag()[0] is None:
        response.set_etag(g.tag, weak=True)
    # The reader keeps it and asks each time whether it still holds: a rebuild shows at once, no change costs a 304.
    response.cache_control.public = True
    response.cache_control.no_cache = True
    response.headers["Content-Language"] = "en" if params.reply_language() == "en" else "zh-CN"
    response.vary.update({"Accept", "Accept-Language"})
    return response


def reading() -> Reading:
    """Give the data of this request."""
    found: Reading = g.reading
    return found


def ground_of() -> Ground:
    """Give what an answer to this request rests on."""
    known, data = site(), reading()
    return Ground(
        conn=data.conn,
        categories=known.categories,
        rules=known.rules,
        plan_rules=known.plan_rules,
        language=params.reply_language(),
        network=known.network,
        keep=data.keep,
        inventories=known.inventories,
        edges=known.edges,
    )


def by_turns() -> AbstractContextManager[object]:
    """Read and write a page alone in this process, where the data is a file; see `service_map.web.site.Site`."""
    return site().rows if reading().conn.dialect.name == "sqlite" else nullcontext()


def query(parameters: Collection[params.Parameter]) -> dict[str, Any]:
    """Read the query of this request.

    Parameters
    ----------
    parameters
        What the address takes.

    Raises
    ------
    InvalidParameterError
        As for `service_map.web.params.read`, and where the query is not UTF-8.
    """
    params.check_encoding(request.query_string)
    return params.read(request.args, parameters, known=_known)


def _known(name: str) -> Collection[str]:
    """Give the closed sets that the catalogue and the data decide."""
    match name:
        case "category":
            return site().categories
        case "family":
            return site().families
        case "rule":
            return [rule.id for rule in (*site().rules, *site().plan_rules)]
        case "area":
            known = queries.vocabulary(reading().conn)
            # In one order, whichever process lists what may be asked.
            return dict.fromkeys(sorted(known.areas.keys() | known.townships))
        case _:
            return queries.vocabulary(reading().conn).plans


def reply(payload: Any, media_type: str = JSON) -> Response:
    """Answer with a document as JSON."""
    return Response(orjson.dumps(payload), content_type=media_type)


def say(message: str | Sentence, /, **values: object) -> str:
    """Say a message of the catalogue, or a sentence made of one, in the language of the answer."""
    sentence = message if isinstance(message, Sentence) else Sentence(message, values)
    return sentence.said(params.reply_language())


def choose(zh: str, en: str) -> str:
    """Choose, of a name that comes in both languages, that of the answer."""
    return en if params.reply_language() == "en" else zh
