"""Files to download: facilities in every format of `service_map.store.export`, and the whole database.

A text format streams as it is read, compressed for whoever takes that. Where the reader asks for what only a finished
file has, a range of it or its checksum (``Want-Repr-Digest``, RFC 9530), and for every other format, the file is made
first, kept while the data stays the same, and sent with its length, its checksum and ranges.
"""

import base64
import hashlib
import logging
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlencode
from weakref import finalize

import orjson
from flask import Blueprint, Response, abort, current_app, g, redirect, request, send_file
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotAcceptable
from werkzeug.wrappers import Response as BaseResponse

from service_map.catalogue.messages import message
from service_map.errors import InvalidParameterError, NotFoundError, OutputError, StoreError
from service_map.settings import Settings
from service_map.store import FacilityFilter, FacilityRecord, data_dictionary, export, open_readonly, queries, read_meta
from service_map.web import compute, cost, geojson, openapi, params, problems
from service_map.web.reading import IMPRECISE, PROMISED_ONLY, attach, query, reading, say
from service_map.web.site import site

blueprint = Blueprint("downloads", __name__, url_prefix="/download")
attach(blueprint)

MOST_KEPT_FILES = 24
MOST_KEPT_BYTES = 1 << 30
MOST_AT_ONCE = 4 << 20
"""Bytes of a streamed file that any thread writes; a longer one is sent by those that may wait."""

_EXTENSION = "service_map_files"
_log = logging.getLogger(__name__)
_ATTRIBUTION = message(
    "Service Map：由公开的规划文本提取；出处见各要素的 citation，点位来自谁、以何许可使用，见 sources"
)


@dataclass(frozen=True, slots=True)
class _Kept:
    path: Path
    sha256: bytes
    size: int


class Files:
    """Finished files of one application, the least recently asked for leaving first; gone when the process ends."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._making: dict[Hashable, tuple[Lock, int]] = {}
        self._lock = Lock()
        self._count = 0

    def get(self, key: Hashable, make: Callable[[Path], object]) -> _Kept:
        """Give the file of a key, making it by ``make(path)`` where there is none."""
        found = self._find(key)
        if found is not None:
            return found
        # Whoever waits for the same file holds a place too: how many threads wait is bounded, for whatever.
        with site().pool.place(), self._alone(key):
            found = self._find(key)
            if found is not None:
                return found
            path = self._new()
            make(path)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            kept = _Kept(path, digest, path.stat().st_size)
            with self._lock:
                self._kept[key] = kept
                self._shed()
            return kept

    def _find(self, key: Hashable) -> _Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _new(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="service-map-files-"))
                finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            self._count += 1
            return self._folder / str(self._count)

    @contextmanager
    def _alone(self, key: Hashable) -> Iterator[None]:
        """Let one request at a time make the file of a key."""
        with self._lock:
            lock, waiting = self._making.get(key, (Lock(), 0))
            self._making[key] = lock, waiting + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, waiting = self._making.pop(key)
                if waiting > 1:
                    self._making[key] = lock, waiting - 1

    def _shed(self) -> None:
        while len(self._kept) > 1 and (
            len(self._kept) > MOST_KEPT_FILES or sum(kept.size for kept in self._kept.values()) > MOST_KEPT_BYTES
        ):
            # A reader who is being sent the file holds it open, and keeps it so to the end.
            self._kept.popitem(last=False)[1].path.unlink(missing_ok=True)


def files() -> Files:
    """Give the finished files of the application that answers this request."""
    found: Files = current_app.extensions.setdefault(_EXTENSION, Files())
    return found


def _facilities(suffix: str) -> Response:
    chosen = export.FORMATS[suffix]
    values = query(params.download(chosen))
    system = values["crs"]
    export.check(suffix, system)
    wanted, bom, language = params.facility_filter(values), values.get("bom") == "1", params.reply_language()
    path = compute.own("file")
    if path is not None:
        _write(Path(path), chosen, wanted, system, bom=bom, language=language)
        return Response(status=HTTPStatus.NO_CONTENT)
    asks_for_file = "Range" in request.headers or "Want-Repr-Digest" in request.headers
    if chosen.streamed and not asks_for_file:
        response = _streamed(chosen, wanted, system, bom=bom, language=language)
    else:
        response = _whole(chosen, wanted, system, bom=bom, language=language)
    name = export.file_name(suffix, system)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    asked = urlencode([(key, text) for key, text in request.args.items(multi=True) if key not in {"bom", "lang"}])
    described = f"{request.script_root}/download/about.json" + (f"?{asked}" if asked else "")
    response.headers["Link"] = f'<{described}>; rel="describedby"; type="application/ld+json"'
    return response


def _feature(language: str) -> export.Feature:
    def feature(record: FacilityRecord) -> dict[str, Any]:
        return geojson.facility_feature(record, language=language)

    return feature


def _members(data: Any, wanted: FacilityFilter) -> dict[str, Any]:
    return {
        "numberMatched": queries.facilities(data.conn, wanted, limit=1).matched,
        "data_version": read_meta(data.conn).get("data_version", ""),
        "attribution": say(_ATTRIBUTION),
        "limits": [say(PROMISED_ONLY), say(IMPRECISE)],
    }


def _media_type(chosen: export.Format) -> str:
    # The registration of text/csv (RFC 7111) takes both parameters; without the first a reader guesses the encoding.
    return f"{chosen.media_type}; charset=utf-8; header=present" if chosen.suffix == "csv" else chosen.media_type


def _up_to(pieces: Iterator[bytes], size: int) -> list[bytes]:
    """Take pieces until they hold so many bytes, or none is left."""
    taken, held = [], 0
    while held < size and (piece := next(pieces, None)) is not None:
        taken.append(piece)
        held += len(piece)
    return taken


def _streamed(chosen: export.Format, wanted: FacilityFilter, system: str, *, bom: bool, language: str) -> Response:
    stack = ExitStack()
    try:
        # The request's own reading ends before the last byte is sent; this one lasts as long as the answer.
        data = stack.enter_context(site().database.reading())
        pieces = export.stream(
            data.conn, wanted, suffix=chosen.suffix, feature=_feature(language), system=system, bom=bom,
            members=_members(data, wanted) if chosen.suffix == "geojson" else None,
        )  # fmt: skip
        # What fails before the first pieces are there is told in words, and not by an answer that breaks off.
        begun = _up_to(pieces, MOST_AT_ONCE)
        if sum(map(len, begun)) >= MOST_AT_ONCE:
            # A long stream keeps its thread as long as a slow reader likes: it takes one of those that may wait.
            stack.enter_context(site().pool.place())
        response = Response(chain(begun, pieces), content_type=_media_type(chosen))
    except BaseException:
        stack.close()
        raise

    def let_go() -> None:
        # A server that went away meanwhile fails its last word too; the answer is sent already.
        with suppress(SQLAlchemyError):
            stack.close()

    response.call_on_close(let_go)
    return response


def _whole(chosen: export.Format, wanted: FacilityFilter, system: str, *, bom: bool, language: str) -> Response:
    data = reading()
    # Only the formats of features speak a language; the tables carry both.
    spoken = language if chosen.streamed else ""

    def make(path: Path) -> None:
        if not site().pool.size:
            _write(path, chosen, wanted, system, bom=bom, language=language)
            return
        told = compute.ask(file=str(path), version=data.version)
        if told.status_code != HTTPStatus.NO_CONTENT:
            abort(told)

    if not chosen.streamed:
        cost.check_rows(queries.facilities(data.conn, wanted, limit=1).matched, chosen.suffix)
    kept = files().get((data.version, site().version, chosen.suffix, wanted, system, bom, spoken), make)
    response = send_file(
        kept.path, mimetype=_media_type(chosen), conditional=True, etag=kept.sha256.hex()[:32], max_age=None
    )
    _vouch(response, kept.sha256)
    return response


def _write(path: Path, chosen: export.Format, wanted: FacilityFilter, system: str, *, bom: bool, language: str) -> None:
    data = reading()
    compute.check_version(data.version)
    try:
        export.write(
            path, data.conn, wanted, suffix=chosen.suffix, feature=_feature(language), system=system, bom=bom,
            members=_members(data, wanted) if chosen.suffix == "geojson" else None,
        )  # fmt: skip
    except OutputError as error:
        # Where this machine keeps its files, and the words of its libraries, are for its operator alone.
        _log.error("request %s: %s", problems.request_id(), error.en)
        raise OutputError(
            "文件没能写出，服务器上可能没有空间了；请稍后再试，或下载 GeoJSON、CSV",
            "the file could not be written, the server may lack room; try again later, or take GeoJSON or CSV",
        ) from error


def _vouch(response: Response, sha256: bytes) -> None:
    """Tell the checksum of the file (RFC 9530), which holds for its bytes as they are: nobody may compress them."""
    response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(sha256).decode()}:"
    response.headers["Accept-Ranges"] = "bytes"
    response.cache_control.no_transform = True


def _register(suffix: str) -> None:
    def view() -> Response:
        return _facilities(suffix)

    view.__doc__ = f"Hand out the whole result of a filter as {export.FORMATS[suffix].name}."
    blueprint.add_url_rule(f"/facilities.{suffix}", f"facilities_{suffix.replace('.', '_')}", view, methods=["GET"])


for _suffix in export.FORMATS:
    _register(_suffix)


@blueprint.get("/facilities")
def negotiated() -> BaseResponse:
    """Lead to the format that ``Accept`` asks for."""
    system = query(params.DOWNLOAD)["crs"]
    # What can say the reference system goes first; whoever takes only what cannot is told what can.
    fitting = [chosen for chosen in export.FORMATS.values() if system in chosen.systems]
    chosen = _best(fitting) or _best(export.FORMATS.values())
    if chosen is None:
        raise NotAcceptable
    export.check(chosen.suffix, system)
    asked = request.query_string.decode()
    address = f"{request.script_root}/download/facilities.{chosen.suffix}" + (f"?{asked}" if asked else "")
    response = redirect(address, code=303)
    response.vary.add("Accept")
    return response


def _best(formats: Iterable[export.Format]) -> export.Format | None:
    offered = {chosen.media_type: chosen for chosen in formats}
    if not request.accept_mimetypes:
        return next(iter(offered.values()))
    return offered.get(request.accept_mimetypes.best_match(list(offered)) or "")


@blueprint.get("/about.json")
def about() -> Response:
    """Say what a download is: sources, licences, citation, date, fields."""
    values = query(params.DOWNLOAD)
    told = data_dictionary.about(reading().conn, params.facility_filter(values), system=values["crs"])
    return Response(orjson.dumps(told), content_type="application/ld+json")


def to_file(
    settings: Settings, path: Path, conditions: Iterable[str], *, system: str = "4326", bom: bool = False
) -> tuple[int, Path]:
    """Write facilities to a file, as a download would hold them, and what the file is to another beside it.

    Parameters
    ----------
    settings
        Name the database.
    path
        Its suffix names the format.
    conditions
        Filters as ``name=value``, by the names of the API's parameters.
    system, bom
        As for `service_map.store.export.stream`.

    Returns
    -------
    int, Path
        Facilities written, and the file that describes the first.

    Raises
    ------
    InvalidParameterError
        For a format, condition or system that there is none of.
    StoreError
        When the database cannot be read or the file not written.
    """
    suffix = next((name for name in export.FORMATS if path.name.lower().endswith(f".{name}")), path.suffix[1:])
    export.check(suffix, system)
    asked = MultiDict[str, str]()
    for condition in conditions:
        name, equals, text = condition.partition("=")
        if not equals:
            raise InvalidParameterError(
                "--where", f"应为 名称=值，现为 {condition!r}", f"takes NAME=VALUE, not {condition!r}"
            )
        asked.add(name, text)
    engine = open_readonly(settings.database_url)
    try:
        with engine.connect() as conn:
            words = queries.vocabulary(conn)
            known = {
                "category": words.categories, "family": words.families, "plan": words.plans,
                "area": words.areas.keys() | words.townships,
            }  # fmt: skip
            values = params.read(asked, params.FILTER, known=known.__getitem__)
            wanted = params.facility_filter(values)
            told = path.with_name(f"{path.name}.about.json")
            count = export.write(
                path, conn, wanted, suffix=suffix, feature=_feature(values["lang"] or "zh"), system=system, bom=bom
            )
            told.write_bytes(
                orjson.dumps(data_dictionary.about(conn, wanted, system=system), option=orjson.OPT_INDENT_2)
            )
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"无法写入 {path}：{reason}", f"cannot write {path}: {reason}") from error
    finally:
        engine.dispose()
    return count, told


@blueprint.get("/service_map.gpkg")
def geopackage() -> Response:
    """Hand out the whole database, where it is a file."""
    query(())
    path = site().database.file
    if path is None:
        raise NotFoundError(
            "service_map.gpkg",
            "本站的数据在数据库服务器上，没有 GeoPackage 文件可下载",
            "this site's data stands on a database server; there is no GeoPackage file",
        )

    def digest(_conn: object) -> bytes:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    try:
        kept = reading().keep("sha256", digest)
        response = send_file(
            path.absolute(),
            mimetype=openapi.GEOPACKAGE,
            as_attachment=True,
            download_name="service_map.gpkg",
            conditional=True,
            etag=g.tag,
        )
        _vouch(response, kept)
    except OSError as error:
        # What was opened before is answered from still; the file itself is not there to be handed out.
        raise StoreError(
            "数据库文件暂时不在，其他内容仍可查看；请稍后再试",
            "the database file is away for the moment, everything else is still served; please try again later",
        ) from error
    return response
