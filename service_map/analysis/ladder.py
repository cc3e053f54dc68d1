"""The rungs of an area in words and figures, each with its citation, as every answer and page shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service_map.analysis import answers
from service_map.analysis.context import Ground
from service_map.analysis.rungs import MOST_LISTED, Rungs, rungs
from service_map.catalogue import terms
from service_map.catalogue.adcode import COUNTY_DIGITS, covers, related
from service_map.places import UNIT_LEVELS, without_level
from service_map.store import FacilityRecord, QuotaRecord, RequirementRecord, RequirementUnit, queries

FEW = 3
"""As many names as a sentence holds."""

# What is done, where a sentence need not say it: building is what is expected of a promise.
_PLAIN = ("new", "unspecified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The area that is asked about: its code, None for everything, and what to call it."""

    adcode: str | None
    name: str

    @property
    def wide(self) -> bool:
        """Say whether counties lie within it."""
        return self.adcode is None or (len(self.adcode) == COUNTY_DIGITS and self.adcode.endswith("00"))


def here_of(ground: Ground, adcode: str | None) -> Here:
    """Name an area of the data, or everything; a township of which the data has no record, by its code."""
    return Here(adcode=adcode, name=ground.say("收录的市县") if adcode is None else _area_name(ground, adcode))


def ladder(ground: Ground, adcode: str | None, categories: Sequence[str]) -> list[answers.KindPromised]:
    """Say what the plans give to an area, of each kind: named, allotted, required, shared, intended, or nothing.

    Parameters
    ----------
    ground
        What the answer rests on.
    adcode
        Code of an area of the data: township, county, city or more; None for everything.
    categories
        Codes of kinds.

    Returns
    -------
    list of KindPromised
        In the order of `categories`, those of which no plan says anything too.

    Raises
    ------
    InvalidParameterError
        When there is no such area or kind.
    """
    here = here_of(ground, adcode)
    return [_kind(ground, here, one) for one in rungs(ground, adcode, categories)]


def brief(ground: Ground, adcode: str | None, categories: Sequence[str]) -> list[answers.Brief]:
    """Give the words of `ladder` alone, and the ids of what they rest on.

    Parameters
    ----------
    ground, adcode, categories
        As for `ladder`.
    """
    return [
        {
            "category": kind["category"],
            "words": kind["words"],
            "facilities": [one["id"] for rung in (kind["named"], kind["allotted"]) for one in rung["facilities"]],
            "requirements": [one["id"] for one in kind["required"]],
            "quotas": [one["id"] for one in kind["quotas"]],
        }
        for kind in ladder(ground, adcode, categories)
    ]


def ladder_words(ground: Ground, kinds: Sequence[answers.KindPromised]) -> list[str]:
    """Say in sentences what the plans give of some kinds, each named where they are several."""
    if len(kinds) == 1:
        return kinds[0]["words"]
    gap = " " if ground.language == "en" else ""
    return [
        ground.say("%(what)s：%(words)s", what=kind["category_name"], words=gap.join(kind["words"])) for kind in kinds
    ]


def _kind(ground: Ground, here: Here, of: Rungs) -> answers.KindPromised:
    what = ground.named(of.category)
    named, allotted = _named(ground, here, of), _allotted(ground, here, of)
    required = [_required(ground, here, one) for one in of.required]
    quotas = _quotas(ground, here, of.quotas)
    intents = _intents(ground, of)
    words = [
        *named["words"],
        *allotted["words"],
        *(one["words"] for one in required),
        *(one["words"] for one in quotas),
        *intents["words"],
    ]
    return {
        "category": of.category,
        "category_name": what,
        "family": ground.categories[of.category].family,
        "named": named,
        "allotted": allotted,
        "required": required,
        "quotas": quotas,
        "intents": intents,
        "counties": [
            {"adcode": code, "name": _area_name(ground, code), "named": one, "allotted": other}
            for code, one, other in (of.counts if here.wide else ())
        ],
        "words": words
        or [ground.say("收录的规划没有提到在%(here)s建%(what)s。", here=_called_here(ground, here), what=what)],
    }


# --- named, allotted --------------------------------------------------------------------------------------------------


def _named(ground: Ground, here: Here, of: Rungs) -> answers.NamedHere:
    say, count = ground.say, sum(named for _, named, _ in of.counts)
    words = []
    if count:
        names = _listed(ground, [_called(ground, one) for one in of.named[:FEW]], count)
        where = _spread(ground, here, [(code, named) for code, named, _ in of.counts])
        words.append(say("点名的有 %(count)s 处%(where)s：%(names)s。", count=count, where=where, names=names))
    if of.around:
        words.append(say("另有 %(around)s 处只知道在上级市，是否落在这里不知道。", around=of.around))
    return {
        "matched": count,
        "around": of.around,
        "facilities": [_facility(one) for one in of.named],
        "words": words,
    }


def _allotted(ground: Ground, here: Here, of: Rungs) -> answers.NamedHere:
    count = sum(allotted for _, _, allotted in of.counts)
    words = []
    if count:
        names = _listed(ground, [_called(ground, one) for one in of.allotted[:FEW]], count)
        where = _spread(ground, here, [(code, allotted) for code, _, allotted in of.counts])
        words.append(
            ground.say("分了数量的有 %(count)s 处%(where)s：%(names)s。", count=count, where=where, names=names)
        )
    return {"matched": count, "around": 0, "facilities": [_facility(one) for one in of.allotted], "words": words}


def _called(ground: Ground, one: FacilityRecord) -> str:
    """Name a facility, with what is out of the ordinary: how many, what is done, by when, what became of it."""
    told = []
    if one.count is not None and (one.count != 1 or one.at_least):
        told.append(_number(ground, one.count, None, one.unit, at_least=one.at_least))
    if one.state in terms.VERIFIED:
        told.append(ground.choose(*terms.STATE[one.state].pair))
    elif one.action not in _PLAIN:
        told.append(ground.choose(*terms.ACTION[one.action].pair))
    if one.year is not None:
        told.append(ground.say("到 %(year)s 年", year=one.year))
    if not told:
        return one.name
    return ground.say("%(name)s（%(told)s）", name=one.name, told=ground.say("、").join(told))


def _listed(ground: Ground, names: Sequence[str], count: int) -> str:
    told = ground.say("、").join(names)
    return ground.say("%(names)s等", names=told) if count > len(names) else told


def _spread(ground: Ground, here: Here, counts: Sequence[tuple[str, int]]) -> str:
    """Say in which counties, the most first; nothing of an area without counties."""
    most = sorted(((code, count) for code, count in counts if count), key=lambda one: (-one[1], one[0]))
    if not here.wide or not most:
        return ""
    names = [f"{ground.area_called(code, _area_name(ground, code))} {count}" for code, count in most[:FEW]]
    return ground.say("（%(names)s）", names=_listed(ground, names, len(most)))


def _called_here(ground: Ground, here: Here) -> str:
    return here.name if here.adcode is None else ground.area_called(here.adcode, here.name)


def _area_name(ground: Ground, adcode: str) -> str:
    names: dict[str, str] = ground.keep(
        ("analysis", "area names"), lambda conn: {area.adcode: area.name for area in queries.areas(conn)}
    )
    return names.get(adcode, adcode)


def _facility(one: FacilityRecord) -> answers.PromisedFacility:
    return {
        "id": one.id,
        "name": one.name,
        "adcode": one.adcode,
        "area_name": one.area_name,
        "status": one.status,
        "action": one.action,
        "number": one.count,
        "unit": one.unit,
        "at_least": one.at_least,
        "year": one.year,
        "due": one.due,
        "due_basis": one.due_basis,
        "state": one.state,
        "plan": one.plan,
        "plan_title": one.plan_title,
        "line": one.line,
        "commitment": one.commitments[0] if one.commitments else None,
    }


# --- required ---------------------------------------------------------------------------------------------------------


def _required(ground: Ground, here: Here, one: RequirementRecord) -> answers.RequirementHere:
    listed = [unit for unit in one.units if not unit.whole]
    units = [unit for unit in listed if here.adcode is None or related(unit.adcode, here.adcode)]
    alone = units[0] if len(units) == 1 else None
    number = Counter(unit.state for unit in units)
    return {
        "id": one.id,
        "plan": one.plan,
        "plan_title": one.plan_title,
        "line": one.line,
        "commitments": list(one.commitments),
        "area": {"adcode": one.adcode, "name": one.area_name},
        "above": _above(here, one.adcode),
        "per": one.per,
        "noun": one.noun,
        "number": one.count,
        "unit": one.unit,
        "at_least": one.at_least,
        "share": one.share,
        "condition": one.condition,
        "condition_met": alone.condition_met if alone else None,
        "year": one.year,
        "due": one.due,
        "due_basis": one.due_basis,
        "units": len(units) if listed else None,
        "states": {state: number[state] for state in terms.PROMISE_STATE},
        "facility": alone.facility if alone else None,
        "words": rule_words(ground, one) + _units_words(ground, here, one, units, known=bool(listed)),
    }


def _above(here: Here, adcode: str) -> bool:
    return here.adcode is not None and here.adcode != adcode and covers(adcode, here.adcode)


def rule_words(ground: Ground, one: RequirementRecord) -> str:
    """Say what a requirement asks of whom, as a sentence.

    Parameters
    ----------
    ground
        For the language.
    one
        The requirement.
    """
    say = ground.say
    per = terms.PER[one.per]
    if one.share is not None and one.share < 1:
        whom = say("%(share)s 的%(per)s", share=f"{one.share:.0%}", per=ground.choose(*per.pair))
    else:
        whom = ground.choose(per.meaning_zh, per.meaning_en)
    limit = say("（限%(condition)s）", condition=one.condition) if one.condition else ""
    what = what_words(ground, one)
    if one.every_year:
        what = say("每年%(what)s", what=what)
    by = say("到 %(year)s 年，", year=one.year) if one.year else ""
    return say(
        "%(area)s要求%(by)s%(whom)s%(limit)s都有%(what)s。",
        area=ground.area_called(one.adcode, one.area_name), by=by, whom=whom, limit=limit, what=what,
    )  # fmt: skip


def _units_words(
    ground: Ground, here: Here, one: RequirementRecord, units: Sequence[RequirementUnit], *, known: bool
) -> str:
    """Say what is known of the units here, as sentences that follow."""
    say, gap = ground.say, " " if ground.language == "en" else ""
    per = ground.choose(*terms.PER[one.per].pair)
    if not units:
        return "" if known else gap + say("各%(per)s有没有，没有名单，不知道。", per=per)
    # Of townships not all are on record: one that is says nothing of its county.
    if len(units) == 1 and (here.adcode is None or covers(units[0].adcode, here.adcode) or one.per != "township"):
        return gap + _unit_words(ground, one, units[0])
    number = Counter(unit.state for unit in units)
    parts = [
        say("%(state)s %(count)s", state=ground.choose(*terms.PROMISE_STATE[state].pair), count=number[state])
        for state in terms.PROMISE_STATE
        if number[state]
    ]
    told = say("%(units)s 个%(per)s", units=len(units), per=per)
    if one.per == "township":
        within = here.adcode if here.adcode is not None and covers(one.adcode, here.adcode) else one.adcode
        told = listed_words(ground, within, len(units))
    if number["unknown"] == len(units):
        return gap + say("%(told)s有没有，不知道。", told=told)
    return gap + say("%(told)s：%(parts)s。", told=told, parts=say("、").join(parts))


def listed_words(ground: Ground, adcode: str, listed: int) -> str:
    """Say how many townships of an area are on record, and of how many, where that is known.

    Parameters
    ----------
    ground
        For the language, and for what the data knows of areas.
    adcode
        Of the area.
    listed
        How many are on record.
    """
    known: dict[str, int | None] = ground.keep(
        ("analysis", "townships"), lambda conn: {area.adcode: area.townships for area in queries.areas(conn)}
    )
    total, per = known.get(adcode), ground.choose(*terms.PER["township"].pair)
    if total is None:
        return ground.say("收录的 %(units)s 个%(per)s（不是全部，共有多少个数据里没有）", units=listed, per=per)
    if total <= listed:
        return ground.say("%(units)s 个%(per)s", units=listed, per=per)
    return ground.say("%(total)s 个%(per)s中收录的 %(units)s 个", total=total, units=listed, per=per)


def _unit_words(ground: Ground, one: RequirementRecord, unit: RequirementUnit) -> str:
    """Say what is known of a requirement in one unit."""
    say, name = ground.say, ground.area_called(unit.adcode, unit.area_name)
    if one.condition and unit.condition_met is False:
        return say("%(unit)s不合这个条件。", unit=name)
    said = []
    if one.condition and unit.condition_met is None:
        said.append(say("%(unit)s合不合这个条件，不知道。", unit=name))
    if unit.state == "kept":
        said.append(say("%(unit)s在册已有同类设施 %(count)s 处。", unit=name, count=unit.standing))
    elif unit.state == "promised":
        said.append(say("%(unit)s的，规划已经点名或分了数量。", unit=name))
    elif unit.standing:
        said.append(
            say("%(unit)s在册有同类设施 %(count)s 处，是不是规划要的，不知道。", unit=name, count=unit.standing)
        )
    else:
        said.append(say("%(unit)s有没有，不知道。", unit=name))
    return (" " if ground.language == "en" else "").join(said)


# --- quotas -----------------------------------------------------------------------------------------------------------


def _quotas(ground: Ground, here: Here, quotas: Sequence[QuotaRecord]) -> list[answers.QuotaHere]:
    """Write quotas, those that are parts of one of the same kind within it.

    A number whose parts are of several kinds counts them all: it stands behind the parts that are of this kind.
    """
    known = {one.id: one for one in quotas}
    mixed = {one.id for one in quotas if not known.keys() >= set(one.parts)}
    parts: dict[str, list[QuotaRecord]] = {}
    for one in quotas:
        if one.part_of in known and one.part_of not in mixed:
            parts.setdefault(one.part_of or "", []).append(one)
    inner = {part.id for of in parts.values() for part in of}
    outer = sorted((one for one in quotas if one.id not in inner), key=lambda one: one.id in mixed)
    return [_quota(ground, here, one, parts, mixed=one.id in mixed) for one in outer]


def _quota(
    ground: Ground, here: Here, one: QuotaRecord, parts: Mapping[str, list[QuotaRecord]], *, mixed: bool
) -> answers.QuotaHere:
    below = sorted(parts.get(one.id, ()), key=lambda part: (part.due, part.id))
    words = number_words(ground, one)
    if below and all(part.year for part in below):
        years = ground.say("、").join(
            ground.say("%(year)s 年 %(count)s", year=part.year, count=f"{part.count:g}") for part in below if part.count
        )
        words += ground.say("（%(years)s）", years=years)
    if mixed:
        words += ground.say("（几类合计）")
    return {
        "id": one.id,
        "plan": one.plan,
        "plan_title": one.plan_title,
        "line": one.line,
        "commitments": list(one.commitments),
        "area": {"adcode": one.adcode, "name": one.area_name},
        "above": _above(here, one.adcode),
        "noun": one.noun,
        "number": one.count,
        "number_max": one.count_max,
        "unit": one.unit,
        "at_least": one.at_least,
        "every_year": one.every_year,
        "capacity": one.capacity,
        "capacity_unit": one.capacity_unit,
        "action": one.action,
        "year": one.year,
        "due": one.due,
        "due_basis": one.due_basis,
        "named": one.named,
        "left_over": one.left_over,
        "state": one.state,
        "built": one.built,
        "under_construction": one.under_construction,
        "not_built": one.not_built,
        "cancelled": one.cancelled,
        "facilities": list(one.facilities),
        "part_of": one.part_of,
        "parts": [
            {
                "id": part.id,
                "noun": part.noun,
                "number": part.count,
                "unit": part.unit,
                "year": part.year,
                "due": part.due,
                "due_basis": part.due_basis,
            }
            for part in below
        ],
        "words": words + _rest_words(ground, here, one) + verified_words(ground, one),
    }


def number_words(ground: Ground, one: QuotaRecord) -> str:
    """Say what a quota promises, as a clause without its end.

    Parameters
    ----------
    ground
        For the language.
    one
        The quota.
    """
    say = ground.say
    action = say("要有") if one.action == "unspecified" else ground.choose(*terms.ACTION[one.action].pair)
    every = say("每年") if one.every_year else say("共")
    area = ground.area_called(one.adcode, one.area_name)
    place = area if one.place is None else say("%(area)s“%(place)s”", area=area, place=one.place)
    by = say("到 %(year)s 年，", year=one.year) if one.year else ""
    return say(
        "%(place)s%(by)s%(every)s%(action)s%(what)s",
        place=place, by=by, every=every, action=action, what=what_words(ground, one),
    )  # fmt: skip


def verified_words(ground: Ground, one: QuotaRecord) -> str:
    """Say how many of a quota are verified to be what, as a sentence that follows; nothing where none is.

    Parameters
    ----------
    ground
        For the language.
    one
        The quota.
    """
    counted = (("open", one.built), ("under_construction", one.under_construction), ("not_built", one.not_built),
               ("cancelled", one.cancelled))  # fmt: skip
    parts = [
        ground.say("%(state)s %(count)s", state=ground.choose(*terms.STATE[state].pair), count=f"{number:g}")
        for state, number in counted
        if number
    ]
    if not parts:
        return ""
    gap = " " if ground.language == "en" else ""
    return gap + ground.say("其中经核实：%(parts)s。", parts=ground.say("、").join(parts))


def _rest_words(ground: Ground, here: Here, one: QuotaRecord) -> str:
    """Say what of a quota is named, and that the plan does not say how much of the rest falls here."""
    say = ground.say
    if not one.named:
        if _above(here, one.adcode):
            return say("，规划没有说多少在%(here)s。", here=_called_here(ground, here))
        return say("，规划没有说建在哪里。")
    named = say("，其中 %(named)s 处已点名", named=f"{one.named:g}")
    if one.left_over == 0:
        return say("%(named)s。", named=named)
    if _above(here, one.adcode):
        return say("%(named)s，其余没有说多少在%(here)s。", named=named, here=_called_here(ground, here))
    return say("%(named)s，其余没有说建在哪里。", named=named)


def what_words(ground: Ground, one: RequirementRecord | QuotaRecord) -> str:
    """Say how many of what, fit to stand behind a word: 至少 1 所敬老院, 5000 个托位.

    Parameters
    ----------
    ground
        For the language.
    one
        The requirement or the quota.
    """
    noun = ground.named(one.category)
    said = one.noun
    if said and isinstance(one, RequirementRecord):
        # 每个县都要有县级殡仪馆 says it twice.
        said = without_level(said, UNIT_LEVELS.get(one.per, one.per))
    if said:
        # Who reads English is told the kind, and what the plan calls it.
        noun = said if ground.language == "zh" else f"{noun[:1].lower()}{noun[1:]} ({said})"
    if one.count is not None:
        number = _number(ground, one.count, one.count_max, one.unit, at_least=one.at_least)
        return _apart(ground, ground.say("%(number)s%(noun)s", number=number, noun=noun))
    if one.capacity is not None:
        return _apart(ground, _number(ground, one.capacity, None, one.capacity_unit, at_least=one.at_least))
    return noun


def _apart(ground: Ground, text: str) -> str:
    """Put a gap before a figure, which Chinese leaves around numbers."""
    return f" {text}" if ground.language == "zh" and text[:1].isdigit() else text


def _number(ground: Ground, least: float, most: float | None, unit: str | None, *, at_least: bool) -> str:
    figure = f"{least:,g}" if most is None else f"{least:,g}–{most:,g}"
    if ground.language == "zh":
        told = f"{figure} {unit or '处'}"
    elif unit is None or unit in terms.MEASURE_WORDS:
        told = figure
    else:
        told = f"{figure} {terms.UNIT_EN.get(unit, unit)}"
    return ground.say("至少 %(number)s", number=told) if at_least else told


# --- intents ----------------------------------------------------------------------------------------------------------


def _intents(ground: Ground, of: Rungs) -> answers.Intents:
    say, count = ground.say, len(of.intents)
    own, words = count - of.above, []
    if own and of.above:
        words.append(
            say(
                "规划有 %(count)s 条意向，上级规划另有 %(above)s 条%(nouns)s，都没有说建几处、建在哪里。",
                count=own, above=of.above, nouns=_nouns(ground, of),
            )
        )  # fmt: skip
    elif own:
        words.append(
            say("规划有 %(count)s 条意向%(nouns)s，没有说建几处、建在哪里。", count=own, nouns=_nouns(ground, of))
        )
    elif of.above:
        words.append(
            say(
                "上级规划有 %(count)s 条意向%(nouns)s，没有说建几处、建在哪里。",
                count=of.above, nouns=_nouns(ground, of),
            )
        )  # fmt: skip
    return {
        "matched": count,
        "above": of.above,
        "commitments": [
            {
                "id": one.id,
                "plan": one.plan,
                "plan_title": one.plan_title,
                "above": place >= own,
                "line": one.line,
                "label": one.label,
                "noun": one.noun,
                "year": one.year,
                "due": one.due,
                "due_basis": one.due_basis,
            }
            for place, one in enumerate(of.intents[:MOST_LISTED])
        ],
        "words": words,
    }


def _nouns(ground: Ground, of: Rungs) -> str:
    """Say what the intentions are about, in the plans' own nouns; nothing where those only name the kind."""
    kind = ground.categories[of.category].zh
    nouns = list(dict.fromkeys(one.noun for one in of.intents if one.noun and one.noun != kind))
    if not nouns:
        return ""
    return ground.say("（%(names)s）", names=_listed(ground, nouns[:FEW], len(nouns)))
