"""The record of one place on the map, promised or standing already, and the file of those that plans promise."""

import json
import re
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_origin

from msgspec import Meta

from service_map.catalogue import terms
from service_map.catalogue.fields import (
    Adcode,
    CategoryCode,
    From1,
    Latitude,
    Longitude,
    Metres,
    Year,
    fields_of,
    means,
    one_of,
)
from service_map.errors import GeodataError

FacilityId = Annotated[str, Meta(pattern="^f[0-9a-f]{12}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """One promised facility (规划设施), or one that stands already (现状设施).

    Attributes
    ----------
    id
        Permanent: ``f`` and 12 hex digits of SHA-256 over the category, the county's code (the city's where only that
        is known) and the name without the area's own, ``项目`` and the like; for an unnamed facility, or one whose name
        says but what kind of thing it is, its township too; and an ordinal where that is shared. So it survives a
        rebuild, lines that move, a surer point in the same county and a second plan that promises the same thing.
    name
        As the plan has it, with the city's or county's name before one that every city has (市中医院: 大同市中医院); or
        composed of the place and the plan's noun where ``name_given`` is False.
    basis
        Which kind of commitment puts it on the map: ``site`` or ``allotment``; ``record`` for one that stands already
        or that a file lists, which no plan puts there.
    count, unit, at_least
        How many the plan promises at this place; 1 for a site.
    adcode
        Six- or nine-digit code of the narrowest area that certainly holds it.
    lon, lat
        WGS 84 degrees of the point that stands for it (never a polygon's centre).
    precision
        One of `service_map.catalogue.terms.PRECISION`.
    uncertainty_m
        Metres around the point within which the real site lies, from the area's own extent.
    point_source, point_licence
        Whose point it is.
    located_by
        The words of the plan that located it, or ``规划范围`` where only the plan's area is known.
    commitments
        Ids of the commitments that promise it, the primary citation first; none for one that no plan promises.
    noun
        The plan's own noun of one that it gives no name; None where it gives one, or neither.
    status_date, status_source, status_link
        Since when it has this status as far as is known (``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``), who says so, and
        where the evidence is to be seen; None for what only the plan says.
    same_as
        Id of the existing facility that this promised one is, where somebody has confirmed it: it has become that one
        (``open``), or it stands and nobody has verified the promised works (``planned``).
    source_title, source_row
        Of one that a file lists as planned and no plan promises: the file's title and its row there, with
        ``point_source`` the citation. Else None.
    """

    id: Annotated[FacilityId, means("永久标识")]
    name: Annotated[str, means("名称")]
    name_given: Annotated[bool, means("名称是否规划所写")]
    category: Annotated[CategoryCode, means("类别代码", to="categories.code")]
    status: Annotated[str, one_of(terms.STATUS), means("状态")]
    basis: Annotated[str, one_of(terms.BASIS), means("依据")]
    action: Annotated[str, one_of(terms.ACTION), means("建设方式")]
    count: Annotated[float, means("此处的数量")]
    unit: Annotated[str | None, means("单位")]
    at_least: Annotated[bool, means("是否为下限")]
    year: Annotated[Year | None, means("完成年份")]
    adcode: Annotated[Adcode, means("所在最小行政区的代码")]
    lon: Annotated[Longitude, means("经度，度", stored=False, listed=False)]
    lat: Annotated[Latitude, means("纬度，度", stored=False, listed=False)]
    precision: Annotated[str, one_of(terms.PRECISION), means("定位精度：点代表什么")]
    uncertainty_m: Annotated[Metres, means("定位误差，米", short="uncert_m")]
    point_source: Annotated[str, means("点位来源", short="pt_source")]
    point_licence: Annotated[str, means("点位来源的许可", short="pt_licence")]
    located_by: Annotated[str, means("据以定位的文字")]
    commitments: Annotated[
        tuple[str, ...],
        means(
            "承诺它的各项任务的标识，分号隔开",
            short="commitmts", stored=False,
        ),
    ]  # fmt: skip
    noun: Annotated[str | None, means("规划所用的设施词", after="name_given")] = None
    status_date: Annotated[str | None, means("状态日期", after="status", short="stat_date")] = None
    status_source: Annotated[
        str | None,
        means("状态来源", after="status", short="stat_src"),
    ] = None
    status_link: Annotated[str | None, means("状态佐证的网址", after="status", short="stat_link")] = None
    same_as: Annotated[
        str | None, means("即哪处现状设施；状态为 planned 的，设施已有而规划的建设未核实", after="status")
    ] = None
    source_title: Annotated[
        str | None,
        means(
            "所列文件的标题", after="status",
            short="src_title",
        ),
    ] = None  # fmt: skip
    source_row: Annotated[From1 | None, means("所列文件中的行号", after="status", short="src_row")] = None


def write_facilities(path: Path, facilities: Iterable[Facility]) -> None:
    """Write facilities as GeoJSON (RFC 7946: WGS 84 longitude, latitude), in order of id, one feature a line.

    Parameters
    ----------
    path
        File to write; replaced as a whole, so that a reader never sees half of it.
    facilities
        Any order; coordinates are written with 7 decimals (about 1 cm).

    Raises
    ------
    GeodataError
        When two facilities have one id.
    """
    ordered = sorted(facilities, key=lambda facility: facility.id)
    for first, second in pairwise(ordered):
        if first.id == second.id:
            raise GeodataError(f"两处设施的标识同为 {first.id}", f"two facilities have the id {first.id}")
    lines = ",\n".join(json.dumps(_feature(facility), ensure_ascii=False) for facility in ordered)
    beside = path.with_name(path.name + ".new")
    beside.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8")
    beside.replace(path)


def load_facilities(path: Path) -> list[Facility]:
    """Read what `write_facilities` wrote.

    Parameters
    ----------
    path
        GeoJSON file whose features' properties are the fields of `Facility` but ``id``, ``lon`` and ``lat``.

    Returns
    -------
    list of Facility
        In the file's order.

    Raises
    ------
    GeodataError
        When the file is missing or damaged, or a feature lacks a field or holds a value that is not allowed; the
        message names the feature's number (from 1) and the field.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise GeodataError(f"{path} 不是 GeoJSON FeatureCollection", f"{path} is not a GeoJSON FeatureCollection")
    found = [_facility(path, number, feature) for number, feature in enumerate(features, start=1)]
    seen: set[str] = set()
    for number, facility in enumerate(found, start=1):
        if facility.id in seen:
            raise _fault(path, number, "id", f"与前面的重复：{facility.id}", f"stands twice: {facility.id}")
        seen.add(facility.id)
    return found


_ID = re.compile(r"f[0-9a-f]{12}")
_ADCODE = re.compile(r"\d{6}(?:\d{3})?")
# Of facilities that stand in tables of their own.
_ELSEWHERE = {"source_title", "source_row"}
_NOT_HERE = {"basis": ("record",)}
_IN_FILE: dict[type, tuple[type, ...]] = {float: (int, float), tuple: (list,)}


@cache
def _properties() -> dict[str, tuple[tuple[type, ...], tuple[str, ...], bool]]:
    """Give types, closed set of values and need of each property in the file, as `Facility` declares it."""
    declared = {field.name: field for field in fields_of(Facility)}
    found = {}
    for name, member in Facility.__dataclass_fields__.items():
        field = declared[name]
        kind = get_origin(field.kind) or field.kind
        needed = member.default is MISSING
        kinds = (*_IN_FILE.get(kind, (kind,)), *((NoneType,) if field.optional and needed else ()))
        codes = tuple(code for code in field.terms or () if code not in _NOT_HERE.get(name, ()))
        found[name] = (kinds, codes, needed)
    return {name: said for name, said in found.items() if name not in {"id", "lon", "lat", *_ELSEWHERE}}


def _feature(facility: Facility) -> dict[str, Any]:
    properties = asdict(facility)
    del properties["id"], properties["lon"], properties["lat"]
    for field in (*(name for name, (_, _, needed) in _properties().items() if not needed), *_ELSEWHERE):
        if properties[field] is None:
            del properties[field]
    point = [round(facility.lon, 7), round(facility.lat, 7)]
    geometry = {"type": "Point", "coordinates": point}
    return {"type": "Feature", "id": facility.id, "geometry": geometry, "properties": properties}


def _facility(path: Path, number: int, feature: Any) -> Facility:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise _fault(path, number, "properties", "缺少", "is missing")
    identity = feature.get("id")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        raise _fault(path, number, "id", "应为 f 加 12 位十六进制数字", "must be f and 12 hex digits")
    known = _properties()
    for field, (kinds, codes, needed) in known.items():
        if field not in properties:
            if needed:
                raise _fault(path, number, field, "缺少", "is missing")
            continue
        value = properties[field]
        # bool is an int to Python, not to a reader of the file
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = "/".join("null" if kind is NoneType else kind.__name__ for kind in kinds)
            raise _fault(path, number, field, f"应为 {names}", f"must be {names}")
        if codes and value not in codes:
            raise _fault(path, number, field, f"应为 {'、'.join(codes)} 之一", f"must be one of {', '.join(codes)}")
    if set(properties) - set(known):
        extra = ", ".join(sorted(set(properties) - set(known)))
        raise _fault(path, number, extra, "是未知的属性", "is not a known property")
    _check_values(path, number, properties)
    lon, lat = _position(path, number, feature.get("geometry"))
    return Facility(id=identity, lon=lon, lat=lat, **{**properties, "commitments": tuple(properties["commitments"])})


def _check_values(path: Path, number: int, properties: dict[str, Any]) -> None:
    if not _ADCODE.fullmatch(properties["adcode"]):
        raise _fault(path, number, "adcode", "应为 6 位或 9 位数字", "must have 6 or 9 digits")
    if not properties["commitments"] or not all(isinstance(code, str) for code in properties["commitments"]):
        raise _fault(path, number, "commitments", "应为非空的字符串数组", "must be an array of strings, not empty")
    if not 0 <= properties["uncertainty_m"] < float("inf"):
        raise _fault(path, number, "uncertainty_m", "应为不小于 0 的数", "must be a number not below 0")


def _position(path: Path, number: int, geometry: Any) -> tuple[float, float]:
    position = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if isinstance(position, list) and len(position) == 2 and all(type(value) in (int, float) for value in position):
        lon, lat = float(position[0]), float(position[1])
        if abs(lon) <= 180 and abs(lat) <= 90:
            return lon, lat
    raise _fault(path, number, "geometry", "应为经度、纬度两个数的 Point", "must be a Point of longitude and latitude")


def _fault(path: Path, number: int, field: str, zh: str, en: str) -> GeodataError:
    return GeodataError(f"{path} 第 {number} 个要素的 {field} {zh}", f"{path}, feature {number}, {field}: {en}")
