"""What an answer rests on: one state of the data, the catalogue, the ways to walk, and the reader's language."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from service_map import catalogue, coverage
from service_map.catalogue import Category, Inventory, Rule
from service_map.catalogue.adcode import covers, prefix
from service_map.catalogue.messages import Sentence
from service_map.errors import InvalidParameterError, NotFoundError, UnanswerableError
from service_map.store import AreaRecord, CommunityRecord, PlanRecord, facility_shapes, queries, read_meta

T = TypeVar("T")

FEWEST_HOMES = 5
"""Residential communities on record below which nothing is said of an area by them."""

_BED = "张"


class Keep(Protocol):
    """Computes once for each state of the data what many questions need."""

    def __call__(self, key: Hashable, make: Callable[[Connection], T], /) -> T:
        """Give what stands under the key, or make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Every facility on record, as arrays of one length.

    Attributes
    ----------
    candidates
        Where, of which kind, standing or promised, and for when.
    count, unit, at_least, code, source
        As in `service_map.store.FacilityPoints`.
    beds, places
        What each holds: beds, and places or seats; NaN where unknown, or known only as "at least".
    sources
        Who says what stands, under which licence, and of when; named by `source`.
    """

    candidates: coverage.Candidates
    count: NDArray[np.float64]
    unit: NDArray[np.str_]
    at_least: NDArray[np.bool_]
    beds: NDArray[np.float64]
    places: NDArray[np.float64]
    code: NDArray[np.int64]
    source: NDArray[np.int64]
    sources: tuple[tuple[str, str, str], ...]

    def of_kinds(self, categories: Collection[str]) -> NDArray[np.bool_]:
        """Tell which are of some kinds."""
        return np.isin(self.candidates.category, list(categories))


def choose(supply: Supply, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Supply:
    """Keep some of the facilities, by flags or row numbers."""
    return Supply(
        candidates=coverage.choose(supply.candidates, rows),
        count=supply.count[rows],
        unit=supply.unit[rows],
        at_least=supply.at_least[rows],
        beds=supply.beds[rows],
        places=supply.places[rows],
        code=supply.code[rows],
        source=supply.source[rows],
        sources=supply.sources,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an answer rests on.

    Attributes
    ----------
    conn
        Of `service_map.store.open_readonly`.
    categories, rules, plan_rules
        The catalogue: kinds of facility, clauses of standards, circles that plans promise.
    language
        ``zh`` or ``en``, of every sentence in an answer.
    network
        Ways to walk, or None where nobody gave any.
    keep
        Keeps what many questions need.
    inventories
        What the operator states to be completely on record.
    complete, as_recorded
        The asker's word on the record, see `service_map.analysis.trusting`.
    edges
        Categories that are measured from their edge or line where it is known.
    given, given_only, brought
        A caller's own facilities, whether they stand instead of what is on record, and what each is by its id; see
        `service_map.analysis.with_own`.
    """

    conn: Connection
    categories: Mapping[str, Category]
    rules: tuple[Rule, ...]
    plan_rules: tuple[Rule, ...]
    language: str
    network: coverage.Network | None
    keep: Keep
    inventories: tuple[Inventory, ...] = ()
    complete: tuple[str, ...] = ()
    as_recorded: bool = False
    edges: frozenset[str] = frozenset()
    given: Supply | None = None
    given_only: bool = False
    brought: Mapping[str, Any] = field(default_factory=dict)

    def say(self, message: str | Sentence, /, **values: object) -> str:
        """Say a message of the catalogue, or a sentence made of one, in the reader's language."""
        sentence = message if isinstance(message, Sentence) else Sentence(message, values)
        return sentence.said(self.language)

    def choose(self, zh: str, en: str) -> str:
        """Choose, of a name that comes in both languages, that of the reader."""
        return en if self.language == "en" else zh

    def named(self, code: str) -> str:
        """Name a category."""
        kind = self.categories[code]
        return self.choose(kind.zh, kind.en)

    def supply(self) -> Supply:
        """Give every facility on record, and the caller's own."""
        if self.given is not None and self.given_only:
            return self.given
        recorded = self.keep(("analysis", "supply"), _supply)
        return recorded if self.given is None else _joined(recorded, self.given)

    def supply_of(self, categories: Collection[str]) -> Supply:
        """Give the facilities of some kinds, in the order of `supply`, at a cost that is theirs alone."""
        given = None if self.given is None else choose(self.given, self.given.of_kinds(categories))
        if given is not None and self.given_only:
            return given
        recorded = self.keep(("analysis", "supply"), _supply)
        every = recorded.candidates.category
        rows = [self.keep(("analysis", "rows", code), partial(_rows_of, every, code)) for code in set(categories)]
        mine = choose(recorded, np.sort(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64))
        return mine if given is None else _joined(mine, given)

    def rule(self, name: str) -> Rule:
        """Find a rule by its id.

        Raises
        ------
        InvalidParameterError
            When there is none.
        """
        for rule in (*self.rules, *self.plan_rules):
            if rule.id == name:
                return rule
        raise InvalidParameterError(
            "rule",
            f"没有规则 {name[:40]!r}",
            f"there is no rule {name[:40]!r}",
            tuple(rule.id for rule in (*self.rules, *self.plan_rules)),
        )

    def rules_in(self, adcodes: Iterable[str]) -> tuple[Rule, ...]:
        """Give the clauses in force somewhere in these areas: those of the whole country, and their own local rules."""
        codes = tuple(adcodes)
        return tuple(rule for rule in self.rules if rule.area is None or any(covers(rule.area, code) for code in codes))

    def areas_around(self, lon: float, lat: float) -> list[AreaRecord]:
        """Give the areas whose boundary holds a point, widest first."""
        bounded, tree = self.keep(("analysis", "boundaries"), _boundaries)
        found = [bounded[index] for index in tree.query(shapely.Point(lon, lat), predicate="intersects")]
        return sorted(found, key=lambda area: (len(prefix(area.adcode)), area.adcode))

    def counties_on(self, shape: BaseGeometry) -> list[str]:
        """Give the codes of the counties that a shape touches."""
        bounded, tree = self.keep(("analysis", "boundaries"), _boundaries)
        found = (bounded[index] for index in tree.query(shape, predicate="intersects"))
        return sorted(area.adcode for area in found if area.level == "county")

    def ground_of(self, adcodes: tuple[str, ...]) -> BaseGeometry | None:
        """Give the land of some areas together; None where the data has no boundary of any."""
        bounded, _ = self.keep(("analysis", "boundaries"), _boundaries)

        def united(_conn: Connection) -> BaseGeometry | None:
            shapes = [area.geometry for area in bounded if area.adcode in adcodes and area.geometry is not None]
            return shapely.union_all(shapes) if shapes else None

        return self.keep(("analysis", "land", adcodes), united)

    def area_called(self, adcode: str, name: str) -> str:
        """Call an area in the reader's language: by its English name where the data has one, else as it is named."""
        if self.language == "zh":
            return name
        names: dict[str, str] = self.keep(
            ("analysis", "English names"), lambda conn: {area.adcode: area.name_en for area in queries.areas(conn)}
        )
        return names.get(adcode, name)

    def townships_in(self, shape: BaseGeometry) -> list[AreaRecord]:
        """Give the townships whose boundary is known and that have some of this land, by code."""
        bounded, tree = self.keep(("analysis", "boundaries"), _boundaries)
        found = [bounded[row] for row in tree.query(shape, predicate="intersects")]
        return sorted((area for area in found if area.level == "township"), key=lambda area: area.adcode)

    def homes_in(self, shape: BaseGeometry, *, least: int = FEWEST_HOMES) -> tuple[CommunityRecord, ...]:
        """Give the residential communities on record on some land; none where they are fewer than `least`."""
        every = self.keep(("analysis", "homes"), queries.communities)
        lonlat = np.array([(home.lon, home.lat) for home in every], dtype=np.float64).reshape(-1, 2)
        shapely.prepare(shape)
        inside = np.flatnonzero(shapely.intersects_xy(shape, lonlat[:, 0], lonlat[:, 1]))
        return tuple(every[row] for row in inside) if len(inside) >= least else ()

    def plans(self) -> tuple[PlanRecord, ...]:
        """Give the plans."""
        return self.keep(("analysis", "plans"), queries.plans)

    def data_version(self) -> str:
        """Name the state of the data."""
        return self.keep(("analysis", "meta"), read_meta).get("data_version", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where a question is asked.

    Attributes
    ----------
    adcode
        Of the area, None for a polygon of the caller's own.
    name
        What to call it.
    shape
        Valid polygons, WGS 84.
    mended
        True where the polygon given crossed itself and was mended.
    """

    adcode: str | None
    name: str
    shape: BaseGeometry
    mended: bool = False


def open_ground(
    conn: Connection, *, geodata: Path | None = None, language: str = "zh", network: coverage.Network | None = None
) -> Ground:
    """Stand on a database outside the web, as the command line and a notebook do.

    Parameters
    ----------
    conn
        Of `service_map.store.open_readonly`.
    geodata
        Folder of the catalogue; None for that of the settings.
    language
        ``zh`` or ``en``.
    network
        Ways to walk.

    Returns
    -------
    Ground

    Raises
    ------
    GeodataError
        When the catalogue is missing or damaged.
    """
    kept: dict[Hashable, object] = {}

    def keep(key: Hashable, make: Callable[[Connection], T], /) -> T:
        if key not in kept:
            kept[key] = make(conn)
        return kept[key]  # type: ignore[return-value]  # one key always holds one type

    return Ground(
        conn=conn,
        categories=catalogue.categories(geodata),
        rules=catalogue.rules(geodata),
        plan_rules=catalogue.plan_rules(geodata),
        language=language,
        network=network,
        keep=keep,
        inventories=catalogue.inventories(geodata),
        edges=catalogue.edge_categories(geodata),
    )


def region(ground: Ground, adcode: str | None, polygon: BaseGeometry | None = None) -> Region:
    """Find where a question is asked: an area of the data, or the caller's own polygon.

    Parameters
    ----------
    ground
        What the answer rests on.
    adcode
        Code of an area, or None.
    polygon
        WGS 84; one that crosses itself is mended, and the answer says so.

    Returns
    -------
    Region

    Raises
    ------
    InvalidParameterError
        When neither or both are given, the code is unknown, or the polygon cannot be used.
    UnanswerableError
        When the area has no boundary in the data.
    """
    if adcode is not None and polygon is not None:
        raise InvalidParameterError(
            "area", "给了多边形就不要再给 area", "leave area out where a polygon of your own is given"
        )
    if polygon is not None:
        shape, mended = coverage.usable_area(polygon)
        return Region(adcode=None, name=ground.say("所给多边形"), shape=shape, mended=mended)
    if adcode is None:
        raise InvalidParameterError(
            "area", "缺少行政区代码，也没有给多边形", "an area code is required where no polygon is given"
        )
    known = queries.vocabulary(ground.conn)
    queries.check_area(adcode, known)
    try:
        area = queries.area(ground.conn, adcode)
    except NotFoundError:
        # A township that a facility stands in, though the data holds no record of it.
        area = None
    if area is None or area.geometry is None:
        raise UnanswerableError(
            "area",
            "这个行政区没有边界数据，算不了覆盖率",
            "the data has no boundary of this area, so no share can be computed",
        )
    return Region(adcode=area.adcode, name=area.name, shape=area.geometry)


def _supply(conn: Connection) -> Supply:
    points = queries.facility_points(conn, apart=True)
    shapes = {shape.facility: shape for shape in facility_shapes(conn)}
    drawn = np.full(len(points.id) if shapes else 0, None, dtype=object)
    uncertainty = points.uncertainty_m.copy()
    for row, name in enumerate(points.id.tolist() if shapes else ()):
        if name in shapes:
            drawn[row], uncertainty[row] = shapes[name].geometry, shapes[name].uncertainty_m
    return Supply(
        candidates=coverage.Candidates(
            lonlat=points.lonlat,
            category=points.category,
            uncertainty_m=uncertainty,
            status=points.status,
            year=np.nan_to_num(points.year, nan=0).astype(np.int64),
            id=points.id,
            shape=drawn,
            wide=points.wide,
        ),
        count=points.count,
        unit=points.unit,
        at_least=points.at_least,
        beds=np.where((points.unit == _BED) & ~points.at_least, points.count, np.nan),
        places=np.full(len(points.count), np.nan),
        code=points.code,
        source=points.source,
        sources=points.sources,
    )


def _rows_of(category: NDArray[np.str_], code: str, _conn: Connection) -> NDArray[np.int64]:
    return np.flatnonzero(category == code)


def _joined(one: Supply, other: Supply) -> Supply:
    def drawn(part: coverage.Candidates) -> NDArray[np.object_]:
        return part.shape if len(part.shape) else np.full(len(part.lonlat), None, dtype=object)

    first, second = one.candidates, other.candidates
    return Supply(
        candidates=coverage.Candidates(
            lonlat=np.concatenate((first.lonlat, second.lonlat)),
            category=np.concatenate((first.category, second.category)),
            uncertainty_m=np.concatenate((first.uncertainty_m, second.uncertainty_m)),
            status=np.concatenate((first.status, second.status)),
            year=np.concatenate((first.year, second.year)),
            id=np.concatenate((first.id, second.id)),
            shape=np.concatenate((drawn(first), drawn(second))),
            wide=~np.concatenate((coverage.placed(first), coverage.placed(second))),
        ),
        count=np.concatenate((one.count, other.count)),
        unit=np.concatenate((one.unit, other.unit)),
        at_least=np.concatenate((one.at_least, other.at_least)),
        beds=np.concatenate((one.beds, other.beds)),
        places=np.concatenate((one.places, other.places)),
        code=np.concatenate((one.code, other.code)),
        source=np.concatenate((one.source, np.where(other.source < 0, -1, other.source + len(one.sources)))),
        sources=(*one.sources, *other.sources),
    )


def _boundaries(conn: Connection) -> tuple[list[AreaRecord], shapely.STRtree]:
    bounded = [area for area in queries.areas(conn, with_geometry=True) if area.geometry is not None]
    shapes = [area.geometry for area in bounded]
    shapely.prepare(shapes)
    return bounded, shapely.STRtree(shapes)
