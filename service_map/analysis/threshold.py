"""What is asked: of which kinds, how far, by which rule, and how the way there is measured."""

from dataclasses import dataclass
from typing import Any

from service_map import coverage
from service_map.analysis import answers
from service_map.analysis.answer_form import rule_member
from service_map.analysis.context import Ground
from service_map.catalogue import Rule, terms
from service_map.errors import Fault, InvalidParameterError, UnanswerableError, nearest_word

WAYS = ("straight", "walk")
"""A straight line, or on foot: over the network where there is one, else the straight line times the detour factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a facility of some kinds serves.

    Attributes
    ----------
    categories
        Codes; a facility of any of them serves.
    metres
        Radius as it is measured: a straight line, or a way over `network`.
    method
        ``straight_line``, ``detour`` (a straight line, shortened by the detour factor) or ``network``.
    rule
        What asks for it, or None.
    walking
        The assumptions of the walk as plain values, None for a straight line.
    network
        Ways to walk where `method` is ``network``.
    minutes
        Minutes on foot that `metres` was made of, None where a distance was asked for.
    """

    categories: tuple[str, ...]
    metres: float
    method: str
    rule: Rule | None
    walking: answers.Walking | None
    network: coverage.Network | None
    minutes: float | None = None


def walking(ground: Ground, profile: str = "adult", *, speed: float | None = None) -> answers.Walking:
    """State the assumptions of a walk.

    Parameters
    ----------
    ground
        For the language.
    profile
        One of `service_map.catalogue.terms.PROFILE`.
    speed
        Metres a second, where it is not the profile's.
    """
    return {
        "profile": profile,
        "profile_name": ground.choose(*terms.PROFILE[profile].pair),
        "speed_m_s": coverage.SPEEDS[profile] if speed is None else speed,
        "detour": coverage.DETOUR,
    }


def reach(
    ground: Ground,
    *,
    category: str | None = None,
    rule: str | None = None,
    metres: float | None = None,
    minutes: float | None = None,
    profile: str = "adult",
    way: str | None = None,
) -> Reach:
    """Read a question's reach.

    Parameters
    ----------
    ground
        What the answer rests on.
    category
        Code of a kind; may be left out where a rule is given.
    rule
        Id of a clause of a standard or of a circle that a plan promises.
    metres, minutes
        Service radius, or minutes on foot; exactly one of these and `rule`.
    profile
        One of `service_map.catalogue.terms.PROFILE`.
    way
        One of `WAYS`; None takes metres as a straight line and minutes as a walk.

    Returns
    -------
    Reach

    Raises
    ------
    InvalidParameterError
        When these do not make one question.
    UnanswerableError
        When the rule has no distance that can be judged on foot.
    """
    _among("profile", profile, terms.PROFILE.codes)
    if way is not None:
        _among("way", way, WAYS)
    found = None if rule is None else ground.rule(rule)
    if found is None and category is None:
        raise InvalidParameterError(
            "category", "缺少类别，也没有给规则", "a category is required where no rule is given"
        )
    if found is not None and category is not None and category not in (found.category, *found.also):
        raise InvalidParameterError(
            "category", f"规则 {found.id} 不管 {category}", f"the rule {found.id} does not rule {category}",
            (found.category, *found.also),
        )  # fmt: skip
    if category is not None:
        _among("category", category, ground.categories)
    if sum(value is not None for value in (rule, metres, minutes)) != 1:
        raise InvalidParameterError(
            "metres",
            "距离（metres）、步行分钟（minutes）、标准条文（rule），三个里选一个，只选一个",
            "choose one of a distance (metres), minutes on foot (minutes) and a standard's clause (rule), and only one",
            ("metres", "minutes", "rule"),
        )
    pace = None
    if found is not None:
        if found.mode not in terms.JUDGED:
            raise UnanswerableError(
                "rule",
                f"规则 {found.id} 不按步行距离评价",
                f"the rule {found.id} is not judged by a distance on foot",
            )
        metres, minutes = found.metres, None if found.metres is not None else found.minutes
        pace = coverage.SPEEDS["cycle"] if found.mode == "walk_or_cycle" else None
    codes = (found.category, *found.also) if found is not None and category is None else (str(category),)
    if metres is not None and way != "walk":
        return Reach(categories=codes, metres=metres, method="straight_line", rule=found, walking=None, network=None)
    said = walking(ground, profile, speed=pace)
    minutes = None if metres is not None else minutes
    path = metres if metres is not None else (minutes or 0) * 60 * said["speed_m_s"]
    if way == "straight" or ground.network is None:
        return Reach(
            categories=codes, metres=path / coverage.DETOUR, method="detour", rule=found, walking=said, network=None,
            minutes=minutes,
        )  # fmt: skip
    return Reach(
        categories=codes, metres=path, method="network", rule=found, walking=said, network=ground.network,
        minutes=minutes,
    )  # fmt: skip


def reach_member(ground: Ground, asked: Reach) -> answers.OfReach:
    """Write a reach for an answer."""
    return {
        "category": asked.categories[0],
        "category_name": ground.named(asked.categories[0]),
        "categories": list(asked.categories),
        "metres": round(asked.metres, 1),
        "method": asked.method,
        "walking": asked.walking,
        "rule": None if asked.rule is None else rule_member(ground, asked.rule),
    }


def _among(field: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        near = nearest_word(value, tuple(allowed))
        zh, en = Fault(f"，是不是 {near}？", f"; did you mean {near}?") if near else ("", "")
        raise InvalidParameterError(
            field, f"没有 {value[:40]!r}{zh}", f"there is no {value[:40]!r}{en}", tuple(allowed)
        )
