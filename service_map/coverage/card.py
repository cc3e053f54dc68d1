"""The 15-minute check of a point (十五分钟生活圈体检): each rule, the facilities that answer it, and a verdict.

A verdict never says more than the locations allow. A facility known only to its county may stand anywhere within the
county's radius, so it proves nothing about 300 metres unless even its far bound lies inside, or its near bound outside.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from service_map.catalogue import Rule, terms
from service_map.catalogue.messages import Sentence, message, sentence
from service_map.coverage import _given
from service_map.coverage._given import Floats
from service_map.coverage.around import walk_from_at_least
from service_map.coverage.distance import metres_between
from service_map.coverage.edges import closest, lay_out
from service_map.coverage.snapping import snap
from service_map.coverage.streets import DOWNHILL, Network
from service_map.coverage.supply import Candidates, horizon, in_place, placed
from service_map.coverage.walking import DETOUR, SPEEDS, walk_from
from service_map.errors import InvalidParameterError

SITE_M = 100.0
"""The way over a network says nothing of a facility whose place is known less well than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One facility seen from the point.

    Attributes
    ----------
    index
        Its row among the candidates.
    id
        Its name there, "" where none was given.
    metres, metres_low, metres_high
        Straight line to the point that stands for it, and the bounds [distance − uncertainty, distance + uncertainty],
        the near one no nearer than the area that it is known to lie in (`floor` of `check`).
    walk_metres
        Way over the network to the point that stands for it, None where no network was given, either end is not on it,
        or the place is known less well than `SITE_M`.
    minutes
        Of that way, or else of the straight line times `Verdict.detour`, on foot (or by bicycle where the rule allows
        it) at `Verdict.speed`.
    status, year
        As given; year None where unknown.
    measured_from
        ``edge`` where the facility's line or surface is known (`Candidates.shape`), else ``point``.
    """

    index: int
    id: str
    metres: float
    metres_low: float
    metres_high: float
    walk_metres: float | None
    minutes: float
    status: str
    year: int | None
    measured_from: str = "point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule says about a point.

    Attributes
    ----------
    rule
        The rule, with its clause and its confidence.
    verdict
        One of `service_map.catalogue.terms.VERDICT`.
    metres
        Radius judged by: the rule's own, or what its minutes give.
    metres_from
        ``rule``, or ``minutes`` where the rule gives minutes only: minutes x 60 x speed, divided by the detour where
        the way is not known.
    method
        ``network`` where the rule gives minutes and a network was given, else ``straight_line``: the service radius of
        a standard is a straight line.
    speed, detour
        Metres a second and way over straight line, used for minutes.
    nearest
        The nearest facilities, at most as many as asked for, by their near bound; where the rule is met, now or once
        the plan is kept, those that meet it come first.
    within_m
        The nearest surely lies within so many metres in a straight line, if the plan is kept: the smallest far bound
        of all; infinite where there is none.
    standing
        The nearest, by its far bound, that stands already and whose place is known; None where there is none.
    certain_built, certain, located, possible
        Facilities in place whose far bound is within the radius; those in place or promised; those whose own point is
        (none that is known to its county or city only); those whose near bound is. Each is at most the next.
    told
        One sentence for the reader.
    """

    rule: Rule
    verdict: str
    metres: float
    metres_from: str
    method: str
    speed: float
    detour: float
    nearest: tuple[Reach, ...]
    within_m: float
    standing: Reach | None
    certain_built: int
    certain: int
    located: int
    possible: int
    told: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What is known of a category that no walking rule judges (funeral facilities): distances, no verdict.

    Attributes
    ----------
    rule
        The rule, whose mode is ``none``.
    nearest
        The nearest facilities; their minutes are not a walk's and are NaN.
    within_m, standing
        As in `Verdict`.
    told
        One sentence for the reader.
    """

    rule: Rule
    nearest: tuple[Reach, ...]
    within_m: float
    standing: Reach | None
    told: Sentence


def check(
    point: ArrayLike,
    candidates: Candidates,
    rules: Iterable[Rule],
    *,
    year: int | None = None,
    complete: Collection[str] | Mapping[str, float] = (),
    levels: Iterable[str] = terms.POINT_LEVELS,
    speed: float = SPEEDS["adult"],
    cycling: float = SPEEDS["cycle"],
    detour: float = DETOUR,
    network: Network | None = None,
    show: int = 3,
    away: Floats | None = None,
    floor: Floats | None = None,
    home: NDArray[np.bool_] | None = None,
) -> list[Verdict]:
    """Judge a point by every rule that has a distance on foot.

    Parameters
    ----------
    point
        WGS 84 degrees, longitude first.
    candidates
        The facilities on record.
    rules
        Rule rows; those of mode ``none`` (see `apart`), of other levels and superseded ones are left out.
    year
        What stands by the end of this year: a promise for a later year does not count, and one without a year proves
        nothing. None asks for everything promised.
    complete
        Categories of which every facility in place is on record. Of any other category the absence of a record proves
        nothing, so its answer is *cannot_say* where it would be *not_met*. A mapping gives, for each, the metres round
        the point within which that is so: a rule that reaches farther is not judged by it.
    levels
        Levels to judge.
    speed, cycling
        Metres a second on foot, and by bicycle for rules that allow it.
    detour
        Length of the way over the straight line, at least 1, for minutes where the way is not known.
    network
        Ways to walk: rules in minutes are then judged by the way, and every facility near enough shows its way.
    show
        How many facilities to name.
    away
        From `distances`, where a point is asked more than once.
    floor
        Metres in a straight line that each surely is away, n of them, no more than `away`: of what is known to an area
        only, how far that area is. None where nothing is known but the uncertainty.
    home
        Flags of those in the point's own county: of what is known to a county or city only, and may be as near, they
        are named first.

    Returns
    -------
    list of Verdict
        In the order of `rules`. *met*: one in place lies inside even by its far bound. *met_if_built*: a promised one
        does. *not_met*: none can lie inside, and what is in place is known. *cannot_say*: one may, but its location or
        its year is not known well enough, or what is in place is not known.

    Raises
    ------
    InvalidParameterError
        When the point, a speed or the detour factor cannot be used.
    """
    _positive(speed, "speed")
    _positive(cycling, "cycling")
    _positive(detour - 1 if detour != 1 else 1, "detour")
    wanted = set(levels)
    judged = [
        rule for rule in rules if rule.mode in terms.JUDGED and rule.level in wanted and rule.status != "superseded"
    ]
    way = _Way(distances(point, candidates) if away is None else away, None, floor=floor)
    if network is not None and judged:
        farthest = max(rule.metres or (rule.minutes or 0) * 60 * max(speed, cycling) for rule in judged) * detour
        laid = lay_out(candidates)
        doors = snap(network, laid.lonlat)
        walked = walk_from(network, point, doors, metres=min(farthest, _given.LONGEST_RADIUS_M))
        walked = closest(laid, walked, len(candidates.lonlat))
        # Where both ends are on the network and the place is exact, no way found is no way.
        beyond = np.isinf(walked) & (candidates.uncertainty_m == 0) & placed(candidates)
        beyond[laid.owner[doors.edge < 0]] = False
        beyond &= bool(snap(network, _given.point(point)).edge[0] >= 0) & (way.metres > 0)
        walked[candidates.uncertainty_m > SITE_M] = np.inf
        fastest = DOWNHILL if network.sloped else 1.0
        longest = max(
            [(rule.minutes or 0) * 60 * max(speed, cycling) for rule in judged if rule.metres is None], default=0
        )
        least = _at_least(network, point, candidates, way.metres, longest)
        way = _Way(way.metres, walked, fastest, beyond, least, floor)
    within = complete if isinstance(complete, Mapping) else dict.fromkeys(complete, np.inf)
    verdicts = []
    for rule in judged:
        pace = cycling if rule.mode == "walk_or_cycle" else speed
        known = min((within.get(code, 0.0) for code in (rule.category, *rule.also)), default=0.0)
        verdicts.append(
            _judge(rule, candidates, way, year=year, known=known, pace=pace, detour=detour, show=show, home=home)
        )
    return verdicts


def apart(
    point: ArrayLike,
    candidates: Candidates,
    rules: Iterable[Rule],
    *,
    year: int | None = None,
    show: int = 3,
    away: Floats | None = None,
    floor: Floats | None = None,
    home: NDArray[np.bool_] | None = None,
) -> list[Apart]:
    """Tell how far the facilities are that no walking rule judges.

    Parameters
    ----------
    point
        WGS 84 degrees, longitude first.
    candidates
        The facilities on record.
    rules
        Rule rows; only those of mode ``none`` are answered.
    year, away, floor, home
        As in `check`.
    show
        How many facilities to name.

    Returns
    -------
    list of Apart
        One a rule, in the order of `rules`.

    Raises
    ------
    InvalidParameterError
        When the point cannot be used.
    """
    metres = distances(point, candidates) if away is None else away
    answers = []
    for rule in rules:
        if rule.mode != "none" or rule.status == "superseded":
            continue
        rows, dated = _eligible(rule, candidates, year)
        way, pace = _Way(metres, None, floor=floor), float("nan")
        found = _nearest(candidates, rows, way, pace=pace, detour=1.0, show=show, home=home)
        within = _within(candidates, rows[dated], metres)
        if found:
            told = sentence("不按步行距离评价；最近的一处直线距离%(far)s", far=_span(found[0], within))
        else:
            told = sentence("不按步行距离评价；数据中没有这类设施")
        standing = _standing(candidates, rows, way, pace=pace, detour=1.0)
        answers.append(Apart(rule=rule, nearest=found, within_m=within, standing=standing, told=told))
    return answers


def _positive(value: float, name: str) -> None:
    if not 0 < value < np.inf:
        raise InvalidParameterError(name, "应为合理的正数", "takes a sensible positive number (a detour is at least 1)")


def distances(point: ArrayLike, candidates: Candidates) -> Floats:
    """Measure how far the facilities are from a point.

    Parameters
    ----------
    point
        WGS 84 degrees, longitude first.
    candidates
        The facilities, n of them.

    Returns
    -------
    ndarray of float64, shape (n,)
        Metres in a straight line, from the edge of what has a shape; 0 within its surface.

    Raises
    ------
    InvalidParameterError
        When the point cannot be used.
    """
    centre = _given.point(point)
    if not len(candidates.lonlat):
        return np.empty(0)
    laid = lay_out(candidates)
    metres = closest(laid, metres_between(centre, laid.lonlat), len(candidates.lonlat))
    metres[laid.surface_owner[shapely.intersects_xy(laid.surfaces, *centre[0])]] = 0.0
    return metres


def _eligible(rule: Rule, candidates: Candidates, year: int | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows that may answer the rule by the year, and whether each is sure to stand, if the plan is kept."""
    counted, dated = horizon(candidates, year)
    counted &= np.isin(candidates.category, (rule.category, *rule.also))
    if len(candidates.level) and rule.level in ("15", "10", "5"):
        counted &= (candidates.level == rule.level) | (candidates.level == "")
    rows = np.flatnonzero(counted)
    return rows, dated[rows]


@dataclass(frozen=True, slots=True)
class _Way:
    """Metres to every candidate: in a straight line, and on foot where that is known (``inf`` where it is not)."""

    metres: Floats
    walked: Floats | None
    fastest: float = 1.0  # flat metres that a way may cost less than its length, downhill
    beyond: NDArray[np.bool_] | None = None  # what is known to lie farther on foot than any rule asks
    least: Floats | None = None  # what a walk takes at least to where it may stand, 0 where that says nothing
    floor: Floats | None = None  # metres in a straight line that it surely is away

    def low(self, rows: NDArray[np.int64], uncertainty_m: Floats) -> Floats:
        """Give how near some candidates may be in a straight line, below 0 where they may be here."""
        near: Floats = self.metres[rows] - uncertainty_m[rows]
        return near if self.floor is None else np.maximum(near, self.floor[rows])


def _at_least(network: Network, point: ArrayLike, candidates: Candidates, straight: Floats, longest: float) -> Floats:
    """Bound the ways from below to what is known only about so, but better than within a walk."""
    doubt = candidates.uncertainty_m
    reach = longest * (DOWNHILL if network.sloped else 1.0)
    some = (doubt > 0) & (doubt <= longest) & (straight - doubt <= reach)
    if len(candidates.shape):
        some &= shapely.is_missing(candidates.shape)
    least = np.zeros(len(doubt))
    rows = np.flatnonzero(some)
    if len(rows):
        least[rows] = walk_from_at_least(
            network, _given.point(point)[0], candidates.lonlat[rows], doubt[rows], metres=longest
        )
    return least


def _judge(
    rule: Rule,
    candidates: Candidates,
    way: _Way,
    *,
    year: int | None,
    known: float,
    pace: float,
    detour: float,
    show: int,
    home: NDArray[np.bool_] | None,
) -> Verdict:
    rows, dated = _eligible(rule, candidates, year)
    uncertainty = candidates.uncertainty_m[rows]
    straight = way.metres[rows]
    # No way is shorter than the straight line, so the near bound is the straight line's where no way says more.
    near = way.low(rows, candidates.uncertainty_m)
    by_way = rule.metres is None and way.walked is not None
    if by_way:
        near = near / way.fastest
    if rule.metres is None and way.walked is not None:
        radius = (rule.minutes or 0) * 60 * pace
        there = way.walked[rows]
        far = there + uncertainty * detour
        near = np.where((uncertainty == 0) & np.isfinite(there), there, near)
        if way.least is not None:
            # As `people.may_walk` does: what is known less well than within the walk is bounded by the straight line.
            near = np.where(uncertainty <= radius, np.maximum(near, way.least[rows]), near)
        if way.beyond is not None:
            near[way.beyond[rows]] = np.inf
    else:
        radius = rule.metres if rule.metres is not None else (rule.minutes or 0) * 60 * pace / detour
        there, far = straight, straight + uncertainty
    built = in_place(candidates)[rows]
    inside = (far <= radius) & dated
    certain_built, certain = int((inside & built).sum()), int(inside.sum())
    possible = int((near <= radius).sum())
    # A walk is no longer than it takes, but downhill it leads farther than its flat metres.
    on_record = known >= radius * (way.fastest if by_way else 1.0)
    absent = "not_met" if on_record else "cannot_say"
    verdict = "met" if certain_built else "met_if_built" if certain else "cannot_say" if possible else absent
    # What meets the rule is shown before what might be nearer and might not.
    proof = inside & built if certain_built else inside
    found = _nearest(candidates, rows, way, pace=pace, detour=detour, show=show, first=proof, home=home)
    within = _within(candidates, rows[dated], way.metres)
    told = _sentence(
        verdict, radius, found, within=within, possible=possible > 0, by_way=by_way,
        undated=bool(((far <= radius) & ~dated).any()), minutes=rule.minutes if rule.metres is None else None,
    )  # fmt: skip
    if not possible and not on_record:
        told = told.also(sentence("现有设施没有收全，无法判断"))
    return Verdict(
        rule=rule,
        verdict=verdict,
        metres=radius,
        metres_from="minutes" if rule.metres is None else "rule",
        method="network" if by_way else "straight_line",
        speed=pace,
        detour=detour,
        nearest=found,
        within_m=within,
        standing=_standing(candidates, rows, way, pace=pace, detour=detour),
        certain_built=certain_built,
        certain=certain,
        located=int((((there <= radius) & placed(candidates)[rows] | (far <= radius)) & dated).sum()),
        possible=possible,
        told=told,
    )


def _nearest(
    candidates: Candidates,
    rows: NDArray[np.int64],
    way: _Way,
    *,
    pace: float,
    detour: float,
    show: int,
    first: NDArray[np.bool_] | None = None,
    home: NDArray[np.bool_] | None = None,
) -> tuple[Reach, ...]:
    metres = way.metres
    low = np.maximum(way.low(rows, candidates.uncertainty_m), 0)
    # What may be nearest comes first; between two that may be anywhere, the surer one tells the reader more.
    later = np.zeros(len(rows), dtype=np.bool_) if first is None else ~first
    # A county's own may be as near as its neighbour's, whose narrower radius does not make it likelier.
    foreign = np.zeros(len(rows), dtype=np.bool_) if home is None else ~(placed(candidates) | home)[rows]
    order = np.lexsort((metres[rows], candidates.uncertainty_m[rows], foreign, low, later))[:show]
    return _reaches(candidates, rows[order], way, pace=pace, detour=detour)


def _within(candidates: Candidates, rows: NDArray[np.int64], metres: Floats) -> float:
    """Give the smallest far bound, ``inf`` of none."""
    return float((metres[rows] + candidates.uncertainty_m[rows]).min(initial=np.inf))


def _standing(
    candidates: Candidates, rows: NDArray[np.int64], way: _Way, *, pace: float, detour: float
) -> Reach | None:
    """Give the one that stands and has a place, whose far bound is the smallest."""
    there = rows[(in_place(candidates) & placed(candidates))[rows]]
    if not len(there):
        return None
    far = way.metres[there] + candidates.uncertainty_m[there]
    (found,) = _reaches(candidates, there[[int(far.argmin())]], way, pace=pace, detour=detour)
    return found


def _reaches(
    candidates: Candidates, rows: NDArray[np.int64], way: _Way, *, pace: float, detour: float
) -> tuple[Reach, ...]:
    metres = way.metres
    reaches = []
    for row, low in zip(rows.tolist(), way.low(rows, candidates.uncertainty_m).tolist(), strict=True):
        walked = float(way.walked[row]) if way.walked is not None and np.isfinite(way.walked[row]) else None
        reaches.append(
            Reach(
                index=row,
                id=str(candidates.id[row]) if len(candidates.id) else "",
                metres=float(metres[row]),
                metres_low=max(low, 0.0),
                metres_high=float(metres[row] + candidates.uncertainty_m[row]),
                walk_metres=walked,
                minutes=(walked if walked is not None else float(metres[row]) * detour) / pace / 60,
                status=str(candidates.status[row]),
                year=int(candidates.year[row]) or None,
                measured_from="edge" if len(candidates.shape) and candidates.shape[row] is not None else "point",
            )
        )
    return tuple(reaches)


def _span(reach: Reach, within: float) -> Sentence:
    """Say between which bounds the nearest lies, given what may be nearest and the smallest far bound."""
    if reach.metres_high - reach.metres_low < 1:
        return sentence(" %(metres).0f 米", metres=reach.metres)
    return sentence("在 %(low).0f—%(high).0f 米之间", low=reach.metres_low, high=min(reach.metres_high, within))


_MET = {
    "met": message("%(where)s有已建成的设施"),
    "met_if_built": message("%(where)s有规划的设施，建成后满足"),
}
# Each for a straight line, and for a way whose clause gives minutes alone.
_BEYOND = (
    message("数据中的设施都不在%(where)s；最近的%(far)s"),
    message("数据中的设施都不在%(where)s；最近的直线距离%(far)s"),
)
_UNSURE = (
    message("位置不够精确，无法判断是否在%(where)s；最近的可能%(far)s"),
    message("位置不够精确或路网未连通，无法判断是否在%(where)s；最近的直线距离可能%(far)s"),
)


def _sentence(
    verdict: str,
    radius: float,
    found: tuple[Reach, ...],
    *,
    within: float,
    possible: bool,
    undated: bool,
    by_way: bool,
    minutes: float | None,
) -> Sentence:
    if minutes is None:
        where = sentence("直线 %(metres).0f 米内", metres=radius)
    elif by_way:
        # The clause gives no metres: they are this answer's own, and it says so.
        where = sentence("%(minutes)g 分钟（折合路程 %(metres).0f 米）内", minutes=minutes, metres=radius)
    else:
        where = sentence("%(minutes)g 分钟（折合直线 %(metres).0f 米）内", minutes=minutes, metres=radius)
    if verdict in _MET:
        return sentence(_MET[verdict], where=where)
    if not found:
        return sentence("数据中没有这类设施")
    if possible and undated:
        return sentence("%(where)s有规划的设施，但规划没有写明年份", where=where)
    return sentence((_UNSURE if possible else _BEYOND)[by_way], where=where, far=_span(found[0], within))
