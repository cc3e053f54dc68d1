"""The gaps of the last analysis: answers of ``service-map gaps`` as a layer beside the facilities that they rest on.

An operator imports one or more answers (GeoJSON); they stand in ``geodata/gaps.geojson``, one feature a gap with the
question it answers among its properties, until others are imported. A build makes the table ``gaps`` of them.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import shapely
from shapely.errors import GEOSException
from shapely.geometry import MultiPolygon, shape

from service_map.catalogue import terms
from service_map.errors import GeodataError

FILE = "gaps.geojson"
"""Name of the file under ``geodata/``."""

_TEXT, _NUMBER, _WHOLE = (str,), (int, float), (int,)
# Name of each property, where it may stand (a gap's own, or the question's), its type, and whether it must be there.
_OWN: tuple[tuple[str, tuple[type, ...], bool], ...] = (
    ("rank", _WHOLE, True), ("area_km2", _NUMBER, True), ("certain_km2", _NUMBER, False), ("people", _NUMBER, False),
    ("people_certain", _NUMBER, False), ("nearest_m", _NUMBER, False), ("name", _TEXT, False), ("homes", _WHOLE, False),
    ("needs_at_least", _WHOLE, False), ("needs_by", _TEXT, False),
)  # fmt: skip
_ASKED: tuple[tuple[str, tuple[type, ...], bool], ...] = (
    ("category", _TEXT, False), ("category_name", _TEXT, True), ("rule", _TEXT, False), ("metres", _NUMBER, False),
    ("method", _TEXT, True), ("year", _WHOLE, False), ("record", _TEXT, True), ("data_version", _TEXT, True),
)  # fmt: skip
_PLACE: tuple[tuple[str, tuple[type, ...], bool], ...] = (("adcode", _TEXT, False), ("area_name", _TEXT, False))


def read_answers(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Read answers of ``service-map gaps`` in GeoJSON.

    Parameters
    ----------
    paths
        Files as the command writes them.

    Returns
    -------
    list of dict
        One for each gap, with the columns of the table ``gaps`` but ``fid``; ``geom`` in WGS 84 degrees. What an answer
        holds besides, such as its zones, is left out.

    Raises
    ------
    GeodataError
        Naming the file, the feature and what is wrong with it, or two answers to one question.
    """
    rows: list[dict[str, Any]] = []
    for path in paths:
        document = _document(path)
        question = document.get("gaps")
        if not isinstance(question, Mapping):
            raise _fault(path.name, "gaps", "不是 service-map gaps 的回答", "is no answer of service-map gaps")
        if "gap_km2" in question and question["gap_km2"] is None:
            raise _fault(
                path.name,
                "gaps",
                "没有缺口：现有设施没有收全；确已收全请用 --complete，按在册记录算请用 --as-recorded 再算一次",
                "holds none, for what exists is not stated to be all on record; ask again with --complete or"
                " --as-recorded",
            )
        area = question.get("area")
        area = area if isinstance(area, Mapping) else {}
        rule = question.get("rule")
        asked = _values(path.name, {**question, "rule": rule.get("id") if isinstance(rule, Mapping) else rule}, _ASKED)
        asked |= _values(path.name, {"adcode": area.get("adcode"), "area_name": area.get("name")}, _PLACE)
        mark = hashlib.sha256(repr(sorted(asked.items(), key=str)).encode()).hexdigest()[:8]
        if any(row["id"].startswith(f"{mark}-") for row in rows):
            raise _fault(path.name, "gaps", "与前面的文件是同一问题", "answers the same question as a file before it")
        known: set[str] = set()
        for feature in document["features"]:
            own = feature.get("properties") if isinstance(feature, Mapping) else None
            if not isinstance(own, Mapping):
                raise _fault(path.name, "features", "要素没有属性", "a feature has no properties")
            if own.get("zone") is not None:
                continue
            where = f"{path.name} {str(feature.get('id'))[:40]}"
            found = _values(where, own, _OWN)
            name = str(feature.get("id", len(known)))
            if name in known:
                raise _fault(where, "id", "重复", "stands there twice")
            known.add(name)
            shown = {**found, **asked, "geom": _polygon(where, feature.get("geometry"))}
            # Numbered, for pieces that are alike share a rank.
            rows.append({"id": f"{mark}-{len(known):05}", **shown, "as_recorded": _as_recorded(shown)})
    return rows


def _as_recorded(row: Mapping[str, Any]) -> bool:
    return bool(row["record"] != "complete")


def write_gaps(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write gaps to the file that a build reads; a reader sees the old file or the new one, whole.

    Parameters
    ----------
    path
        ``geodata/gaps.geojson``.
    rows
        From `read_answers`.
    """
    features = [
        {
            "type": "Feature", "id": row["id"], "geometry": shapely.geometry.mapping(row["geom"]),
            "properties": {name: value for name, value in row.items() if name not in {"id", "geom"}},
        }
        for row in rows
    ]  # fmt: skip
    part = path.with_name(f".{path.name}.new")
    lines = b",\n".join(orjson.dumps(feature) for feature in features)
    part.write_bytes(b'{"type":"FeatureCollection","features":[\n' + lines + b"\n]}\n")
    part.replace(path)


def load_gaps(path: Path) -> list[dict[str, Any]]:
    """Read the file that `write_gaps` wrote; none where it is missing.

    Raises
    ------
    GeodataError
        As for `read_answers`.
    """
    if not path.exists():
        return []
    rows = []
    for feature in _document(path)["features"]:
        own = feature.get("properties") if isinstance(feature, Mapping) else None
        if not isinstance(own, Mapping) or not isinstance(feature.get("id"), str):
            raise _fault(path.name, "features", "要素没有标识或属性", "a feature has no id or no properties")
        where = f"{path.name} {feature['id'][:40]}"
        found = _values(where, own, (*_OWN, *_ASKED, *_PLACE))
        shape_ = _polygon(where, feature.get("geometry"))
        rows.append({"id": feature["id"], **found, "as_recorded": _as_recorded(found), "geom": shape_})
    _distinct(rows)
    return rows


def _document(path: Path) -> dict[str, Any]:
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise _fault(path.name, "", f"读不出：{error.strerror}", f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise _fault(path.name, "", "不是 JSON", "is not JSON") from error
    if (
        not isinstance(document, dict)
        or document.get("type") != "FeatureCollection"
        or not isinstance(document.get("features"), list)
    ):
        raise _fault(path.name, "", "不是 GeoJSON 要素集", "is no GeoJSON FeatureCollection")
    return document


def _values(
    where: str, given: Mapping[str, Any], wanted: Iterable[tuple[str, tuple[type, ...], bool]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kinds, needed in wanted:
        value: Any = given.get(name)
        # To Python a truth value is a whole number.
        right = isinstance(value, kinds) and not isinstance(value, bool)
        if right and isinstance(value, (int, float)):
            right = math.isfinite(value) and 0 <= value < 2**53
        if value is None and not needed:
            found[name] = None
        elif right:
            found[name] = float(value) if float in kinds else value
        else:
            raise _fault(where, name, f"不对：{str(value)[:40]!r}", f"is not right: {str(value)[:40]!r}")
    if found.get("record", "complete") not in terms.RECORD:
        allowed = ", ".join(terms.RECORD)
        raise _fault(where, "record", f"应为 {allowed} 之一", f"is one of {allowed}")
    return found


def _polygon(where: str, geometry: Any) -> MultiPolygon:
    try:
        # Seven decimals can make a ring touch itself.
        found = shapely.make_valid(shape(geometry), method="structure")
        inside = found.geom_type in {"Polygon", "MultiPolygon"} and not found.is_empty
        west, south, east, north = found.bounds
        inside = inside and west >= -180 and east <= 180 and south >= -90 and north <= 90
    except (GEOSException, AttributeError, KeyError, IndexError, TypeError, ValueError):
        inside = False
    if not inside:
        raise _fault(where, "geometry", "应为 WGS 84 经纬度的有效多边形", "takes a valid polygon in WGS 84 degrees")
    return found if isinstance(found, MultiPolygon) else MultiPolygon([found])


def _distinct(rows: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            raise _fault(row["id"], "id", "重复", "stands there twice")
        seen.add(row["id"])


def _fault(where: str, field: str, zh: str, en: str) -> GeodataError:
    named = f"{field} " if field else ""
    return GeodataError(f"{where}：{named}{zh}", f"{where}: {named}{en}")
