"""The planner's page: which part of an area a category covers, where it does not, and where more would help.

It asks `service_map.analysis`, as the interface does, so that page and download never differ; the figures are in the
page itself, and the map only draws what the words say.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from service_map import analysis
from service_map.analysis import Ground, Report
from service_map.catalogue import Rule
from service_map.errors import BusyError
from service_map.web import params, words
from service_map.web.database import Reading
from service_map.web.site import site

WAIT_S = 10.0
GAPS_SHOWN = 10
MOST_SITES = 50
OWN_METRES = "1000"

FORM = (
    params.COVERAGE_AREA,
    *params.REACH,
    params.HORIZON,
    params.Parameter(
        name="count",
        zh="再建几处",
        en="how many more",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_SITES},
        parse=params.whole_between(1, MOST_SITES),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the page says about one question.

    Attributes
    ----------
    covered, gaps, sites
        Summaries as the interface gives them; `sites` is None where no more were asked for.
    gap_rows, site_rows
        Properties of the ranked gaps and of the suggested sites.
    rule_words
        The rule in the reader's words, or the radius.
    """

    covered: Mapping[str, Any]
    gaps: Mapping[str, Any]
    gap_rows: tuple[Mapping[str, Any], ...]
    sites: Mapping[str, Any] | None
    site_rows: tuple[Mapping[str, Any], ...]
    rule_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """The rules of one category, for the form: id and words of each."""

    name: str
    rules: tuple[tuple[str, str], ...]


def settled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settle what a form sends together: a chosen rule says the category and the distance itself."""
    chosen = dict(values)
    if chosen["rule"]:
        chosen |= {"category": None, "metres": None, "minutes": None}
    return chosen


def asked(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Give the question as a query of the interface."""
    taken = ("area", "category", "rule", "metres", "minutes", "way", "year", *names)
    return {name: values[name] for name in taken if values.get(name) is not None}


def answer(reading: Reading, values: Mapping[str, Any], *, language: str) -> Planned:
    """Answer the planner's question.

    Parameters
    ----------
    reading
        The data.
    values
        What `FORM` read, `settled`.
    language
        ``zh`` or ``en``.

    Returns
    -------
    Planned

    Raises
    ------
    InvalidParameterError
        When the values do not make one question.
    UnanswerableError
        When the area has no boundary, or the rule no distance.
    BusyError
        When as many analyses are worked on as the machine can bear.
    """
    known = site()
    ground = Ground(
        conn=reading.conn,
        categories=known.categories,
        rules=known.rules,
        plan_rules=known.plan_rules,
        language=language,
        network=known.network,
        keep=reading.keep,
    )
    reach = analysis.reach(
        ground, **{name: values[name] for name in ("category", "rule", "metres", "minutes", "profile", "way")}
    )
    region = analysis.region(ground, values["area"])
    sites: Report | None = None
    with _turn():
        covered = analysis.covered_share(ground, reach, region, year=values["year"], by_year=True)
        gaps = analysis.gap_pieces(ground, reach, region, year=values["year"], limit=GAPS_SHOWN)
        if values["count"]:
            sites = analysis.choose_sites(ground, reach, region, count=values["count"], year=values["year"])
    rule = next((rule for rule in (*known.rules, *known.plan_rules) if rule.id == values["rule"]), None)
    return Planned(
        covered=covered.summary,
        gaps=gaps.summary,
        gap_rows=tuple(feature.properties for feature in gaps.features),
        sites=None if sites is None else sites.summary,
        site_rows=() if sites is None else tuple(feature.properties for feature in sites.features),
        rule_words=_rule_words(rule) if rule else "",
    )


@contextmanager
def _turn() -> Iterator[None]:
    if not site().work.acquire(timeout=WAIT_S):
        raise BusyError(
            "正在计算的分析太多，请稍后再试", "too many analyses are being worked on, please try again later"
        )
    try:
        yield
    finally:
        site().work.release()


def rule_groups(*, english: bool) -> list[RuleGroup]:
    """Give the rules that have a distance, by category, for the form."""
    known = site()
    groups = []
    for code, category in known.categories.items():
        rules = [
            (rule.id, _rule_words(rule))
            for rule in known.rules
            if rule.category == code and (rule.metres is not None or rule.minutes is not None)
        ]
        if rules:
            groups.append(RuleGroup(name=category.en if english else category.zh, rules=tuple(rules)))
    return groups


def _rule_words(rule: Rule) -> str:
    told = f"{words.rule(rule)} · {words.clause(rule)}"
    return told if rule.verified else f"{told} · {_('条文待核对')}"


def rule_ids() -> Collection[str]:
    """Give the ids of every rule: of the standards and of the plans."""
    return [rule.id for rule in (*site().rules, *site().plan_rules)]
