"""What a national run asks: which kinds of facility, how far each serves, and for which years."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache

from service_map.catalogue import Category, Rule, terms, usual
from service_map.coverage import DETOUR, DOWNHILL, SPEEDS
from service_map.coverage.snapping import SNAP_M
from service_map.errors import InvalidParameterError

MOST_TARGETS = 64
"""Kinds in one run: the cells say which they reach in the bits of one number."""

_YEARS = range(1900, 2201)
_FARTHEST_M = 20_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One kind of facility and how far it serves.

    Attributes
    ----------
    category
        Code under which the answer stands.
    codes
        Codes of the categories that count; the first is `category`.
    rule
        Id of the clause that asks for it, or None.
    metres, minutes
        Service radius, or minutes on foot where `metres` is None.
    speed
        Metres a second of whoever walks.
    """

    category: str
    codes: tuple[str, ...]
    rule: str | None
    metres: float | None
    minutes: float | None
    speed: float

    def reach(self, *, network: bool) -> float:
        """Give the radius in metres as it is measured: over the network, or in a straight line."""
        if self.metres is not None:
            return self.metres
        return (self.minutes or 0.0) * 60 * self.speed / (1.0 if network else DETOUR)

    def method(self, *, network: bool) -> str:
        """Say how the reach is measured: ``network``, ``straight_line`` or ``detour``."""
        if network:
            return "network"
        return "straight_line" if self.metres is not None else "detour"

    def pace(self, *, network: bool) -> float:
        """Metres of the measured kind that are walked in a minute."""
        return self.speed * 60 / (1.0 if network else DETOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """One of `service_map.catalogue.terms.HORIZON`, with its year where it has one."""

    kind: str
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of every county.

    Attributes
    ----------
    targets
        Kinds of facility, at most `MOST_TARGETS`.
    horizons
        Each gives a row; cells and gaps are those of the last.
    snap_m
        How far a home or a facility may lie from the network, metres.
    gaps
        Most pieces of a gap that are written for each kind, those with most people first.
    """

    targets: tuple[Target, ...]
    horizons: tuple[Horizon, ...] = field(default=(Horizon(kind="promised"),))
    snap_m: float = SNAP_M
    gaps: int = 20

    def farthest(self, *, network: bool) -> float:
        """Give the greatest reach in metres: no distance beyond it is looked for."""
        return max(target.reach(network=network) for target in self.targets)

    @property
    def halo(self) -> float:
        """Metres around a county within which a facility may serve it, the snap allowance at both ends included.

        Where ways have slopes, one downhill is walked in the time of a shorter one.
        """
        return max(self.farthest(network=True) * DOWNHILL, self.farthest(network=False)) + 2 * self.snap_m

    def parameters(self) -> dict[str, object]:
        """Give everything asked as plain values, for hashing; not to be changed."""
        return _plain(self)


@cache
def _plain(asked: Question) -> dict[str, object]:
    return asdict(asked)


def question(
    rules: Sequence[Rule],
    categories: Mapping[str, Category],
    *,
    wanted: Iterable[str] = (),
    by_rules: Iterable[str] = (),
    metres: float | None = None,
    minutes: float | None = None,
    profile: str = "adult",
    years: Iterable[int] = (),
    gaps: int = 20,
) -> Question:
    """Read a question.

    Parameters
    ----------
    rules, categories
        The catalogue.
    wanted
        Codes of categories; none for all that can be judged.
    by_rules
        Ids of rules to judge by.
    metres, minutes
        One reach for every category, instead of the rules'.
    profile
        Whose pace: ``adult``, ``elderly`` or ``child``.
    years
        Ends of years to answer for, beside what stands and everything promised.
    gaps
        As in `Question`.

    Returns
    -------
    Question
        Without reach or rules each category is judged by one clause, see `service_map.catalogue.usual`.

    Raises
    ------
    InvalidParameterError
        When the values do not make a question.
    """
    codes, names = tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(by_rules))
    for code in codes:
        if code not in categories:
            raise InvalidParameterError("category", f"没有类别 {code!r}", f"there is no category {code!r}", categories)
    if (metres is not None) + (minutes is not None) + bool(names) > 1:
        raise InvalidParameterError(
            "metres", "metres、minutes、rule 至多给一种", "give at most one of metres, minutes and rule"
        )
    if profile not in terms.PROFILE:
        raise InvalidParameterError("profile", f"没有 {profile!r}", f"no {profile!r}", terms.PROFILE.codes)
    speed = SPEEDS[profile]
    if names:
        targets = tuple(_by_rule(rules, name, speed) for name in names)
        if codes:
            raise InvalidParameterError("category", "给了 rule 就不要再给 category", "leave category out beside rule")
    elif metres is not None or minutes is not None:
        targets = tuple(
            Target(category=code, codes=(code,), rule=None, metres=metres, minutes=minutes, speed=speed)
            for code in codes or categories
        )
    else:
        # One measure for the whole country: what is in force in a single area is asked for by its id.
        first = usual(rules)
        targets = tuple(_target(first[code], speed) for code in codes or categories if code in first)
        missing = [code for code in codes if code not in {target.category for target in targets}]
        if missing:
            raise InvalidParameterError(
                "category",
                f"{'、'.join(missing)} 没有可按步行距离评价的规则，请给 metres 或 minutes",
                f"no rule with a distance on foot for {', '.join(missing)}; give metres or minutes",
            )
    return _checked(targets, years, gaps)


def _checked(targets: tuple[Target, ...], years: Iterable[int], gaps: int) -> Question:
    doubled = [target.category for number, target in enumerate(targets)
               if target.category in {other.category for other in targets[:number]}]  # fmt: skip
    if doubled:
        raise InvalidParameterError("rule", f"{doubled[0]} 有两条规则", f"two rules for {doubled[0]}")
    if not 1 <= len(targets) <= MOST_TARGETS:
        raise InvalidParameterError("category", f"应有 1 到 {MOST_TARGETS} 类", f"takes 1 to {MOST_TARGETS} categories")
    for target in targets:
        if not 0 < target.reach(network=True) <= _FARTHEST_M:
            raise InvalidParameterError(
                "metres",
                f"距离应大于 0、不超过 {_FARTHEST_M:.0f} 米",
                f"is above 0 and at most {_FARTHEST_M:.0f} metres",
            )
    asked = sorted(set(years))
    for year in asked:
        if year not in _YEARS:
            raise InvalidParameterError("year", f"应为 {_YEARS.start} 到 {_YEARS.stop - 1}", "is a year of four digits")
    if not 0 <= gaps <= 10_000:
        raise InvalidParameterError("gaps", "应为 0 到 10000", "takes 0 to 10000")
    horizons = (
        Horizon(kind="existing"),
        *(Horizon(kind="by_year", year=year) for year in asked),
        Horizon(kind="promised"),
    )
    return Question(targets=targets, horizons=horizons, gaps=gaps)


def _target(rule: Rule, speed: float) -> Target:
    pace = SPEEDS["cycle"] if rule.mode == "walk_or_cycle" else speed
    minutes = None if rule.metres is not None else rule.minutes
    return Target(
        category=rule.category, codes=(rule.category, *rule.also), rule=rule.id, metres=rule.metres, minutes=minutes,
        speed=pace,
    )  # fmt: skip


def _by_rule(rules: Sequence[Rule], name: str, speed: float) -> Target:
    found = next((rule for rule in rules if rule.id == name), None)
    if found is None:
        raise InvalidParameterError(
            "rule", f"没有规则 {name!r}", f"there is no rule {name!r}", [rule.id for rule in rules]
        )
    if found.mode not in terms.JUDGED:
        raise InvalidParameterError(
            "rule", f"规则 {name} 不按步行距离评价", f"the rule {name} is not judged by a distance on foot"
        )
    return _target(found, speed)
