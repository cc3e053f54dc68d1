"""What an area gets, as pages show it: at a glance, kind by kind, and beside a list or a card."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from service_map import analysis
from service_map.analysis import answers
from service_map.web.addresses import to
from service_map.web.pages import frame
from service_map.web.site import site

SENTENCES = 2
"""As many as a kind gets at a glance; the rest stands beneath."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The foremost of what an area gets of one kind.

    Attributes
    ----------
    code, name, colour
        Of the kind.
    words
        A sentence each, the surest first.
    more
        How many further sentences the kind has, intentions aside.
    stands
        What exists, in a line: what a plan says stands and how much of that is on record, else only the latter; ""
        where that is not known now, or is among `words`.
    """

    code: str
    name: str
    colour: str
    words: tuple[str, ...]
    more: int
    stands: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What an area gets of the kinds of one family.

    Attributes
    ----------
    code, name, colour, core
        Of the family.
    kinds
        Those of which plans promise something, intentions too.
    named, required, quotas, intents
        How many facilities (allotted ones among them), rules, numbers and intentions they have together.
    """

    code: str
    name: str
    colour: str
    core: bool
    kinds: tuple[answers.KindPromised, ...]
    named: int
    required: int
    quotas: int
    intents: int


def firm(kind: answers.KindPromised) -> list[str]:
    """Give the sentences that say more than an intention: one of each rung first, then what is left."""
    rungs = [
        kind["named"]["words"],
        kind["allotted"]["words"],
        # A number says more of what is coming than a rule of which nobody knows whether it is kept.
        [one["words"] for one in kind["quotas"]],
        [one["words"] for one in kind["required"]],
    ]
    return [*(rung[0] for rung in rungs if rung), *(said for rung in rungs for said in rung[1:])]


def numbers_first(kind: answers.KindPromised) -> list[str]:
    """Give all sentences of a kind, those that name a place last but for intentions: a card names places itself."""
    rungs = [
        [one["words"] for one in kind["quotas"]],
        [one["words"] for one in kind["required"]],
        kind["allotted"]["words"],
        kind["named"]["words"],
        kind["intents"]["words"],
    ]
    return [said for rung in rungs for said in rung] or kind["words"]


def glance(kinds: Iterable[answers.KindPromised], existing: Mapping[str, answers.Existing]) -> tuple[Glance, ...]:
    """Shorten kinds to a few sentences each, and a line of what exists; that is told wholly where nothing is firm.

    Parameters
    ----------
    kinds
        From `service_map.analysis.ladder`.
    existing
        What exists on record by kind; empty where that is not known now.
    """
    found = []
    for kind in kinds:
        said = firm(kind)
        code = kind["category"]
        told = said[:SENTENCES] or [*kind["words"], *(existing[code]["words"] if code in existing else ())]
        found.append(
            Glance(
                code=code,
                name=kind["category_name"],
                colour=frame.colour(code),
                words=tuple(told),
                more=max(0, len(said) - SENTENCES),
                stands=_stands(existing[code]) if said and code in existing else "",
            )
        )
    return tuple(found)


def _stands(existing: answers.Existing) -> str:
    counted = next((one for one in existing["stated"] if one["measure"] != "places"), None)
    if counted is not None:
        return analysis.stated_words(frame.ground(), counted)
    return str(_("在册现有 %(number)s 处", number=existing["on_record"]))


def families(kinds: Sequence[answers.KindPromised]) -> tuple[Family, ...]:
    """Group kinds by family, in the order of the catalogue; families without any promise are left out."""
    found = []
    for code, family in site().families.items():
        own = tuple(kind for kind in kinds if kind["family"] == code and says_something(kind))
        if own:
            found.append(
                Family(
                    code=code,
                    name=family.en if frame.english() else family.zh,
                    colour=family.colour,
                    core=family.core,
                    kinds=own,
                    named=sum(kind["named"]["matched"] + kind["allotted"]["matched"] for kind in own),
                    required=sum(len(kind["required"]) for kind in own),
                    quotas=sum(len(kind["quotas"]) for kind in own),
                    intents=sum(kind["intents"]["matched"] for kind in own),
                )
            )
    return tuple(found)


def says_something(kind: answers.KindPromised) -> bool:
    """Say whether any plan says anything of a kind."""
    rungs = (kind["required"], kind["quotas"])
    return (
        any(rungs)
        or any(kind[rung]["matched"] for rung in ("named", "allotted", "intents"))
        or bool(kind["named"]["around"])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What plans say of what is looked for, beside a list of facilities or instead of one.

    Attributes
    ----------
    name, href
        Of the area; "" and the page of all areas where it is everywhere.
    few
        Whether no kind was named, so that only those that most people ask for are told and counted.
    rows
        A kind each.
    required, quotas, intents
        How many rules, numbers and intentions they are.
    """

    name: str
    href: str
    few: bool
    rows: tuple[Glance, ...]
    required: int
    quotas: int
    intents: int


def beside(asked: analysis.LookedFor) -> Beside:
    """Say what plans promise of what is looked for.

    Parameters
    ----------
    asked
        From `service_map.analysis.looked_for`; where it names no kind, those that most people ask for are told.
    """
    ground = frame.ground()
    kinds = analysis.ladder(ground, asked.area, asked.kinds or site().first_kinds)
    return Beside(
        name="" if asked.area is None else analysis.here_of(ground, asked.area).name,
        href=to("pages.areas") if asked.area is None else to("pages.area", adcode=asked.area),
        few=not asked.kinds,
        rows=glance(kinds, {}),
        required=sum(len(kind["required"]) for kind in kinds),
        quotas=sum(len(kind["quotas"]) for kind in kinds),
        intents=sum(kind["intents"]["matched"] for kind in kinds),
    )
