"""The plans that the data comes from, and which of them follow which: ``geodata/plans.toml``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_map.catalogue import terms, tomlfile
from service_map.catalogue.adcode import related
from service_map.errors import Fault
from service_map.plans.commitment import Commitment

_FILE = "plans.toml"
_OPTIONAL = ("issuer", "number", "url", "note", "note_en")
_KEYS = ("title", "issuer", "number", "date", "period", "adcode", "file", "sha256", "url", "note", "note_en",
         "kind", "succeeds")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan document (规划).

    Attributes
    ----------
    id
        Short name used in citations and addresses, such as ``qinshui-2021``.
    issuer, number, date, url
        As the document states them; None where it does not. ``date`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.
    period
        First and last year of the plan's term.
    adcode
        Six-digit code of the plan's area.
    file, sha256
        Name and SHA-256 of the text that the citations' line numbers belong to.
    note, note_en
        What a reader should know of this text, in Chinese and English.
    kind
        One of `service_map.catalogue.terms.PLAN_KIND`.
    succeeds
        Ids of the plans that this one follows: for an adopted plan or a draft those of the term before, for a yearly
        list the plan that it carries out.
    """

    id: str
    title: str
    issuer: str | None
    number: str | None
    date: str | None
    period: tuple[int, int]
    adcode: str
    file: str
    sha256: str
    url: str | None
    note: str | None
    note_en: str | None
    kind: str = "plan"
    succeeds: tuple[str, ...] = ()


def load_plans(geodata: Path) -> dict[str, Plan]:
    """Read ``plans.toml``.

    Parameters
    ----------
    geodata
        The folder that holds it.

    Returns
    -------
    dict
        Plan id to `Plan`, in the file's order.

    Raises
    ------
    GeodataError
        When the file is missing or a key is missing, unknown or of the wrong form; the message names it. When a plan
        follows one that is not listed, lies elsewhere or begins later, or follows itself, if only through others; the
        message names both.
    """
    tables = tomlfile.read(geodata / _FILE)
    entries = {name: tomlfile.entry(tables, name, where=_FILE) for name in tables}
    found = {name: _plan(name, entry, entries) for name, entry in entries.items()}
    for plan in found.values():
        for former in plan.succeeds:
            _check_order(plan, found[former])
        _refuse_circle(plan.id, found)
    return found


def plan_for_file(plans: dict[str, Plan], path: Path) -> str:
    """Name the plan that a text file belongs to: the listed plan of that file name, else the file's own stem.

    Parameters
    ----------
    plans
        What `load_plans` returned.
    path
        The text file.
    """
    return next((plan.id for plan in plans.values() if plan.file == path.name), path.stem)


def before(plan: str, plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """Give the plans that one follows, and those that these follow, nearest first.

    Parameters
    ----------
    plan
        Its id.
    plans
        What `load_plans` returned.
    """
    found: list[str] = []
    ahead = list(plans[plan].succeeds) if plan in plans else []
    while ahead:
        nearest = ahead.pop(0)
        if nearest not in found:
            found.append(nearest)
            ahead += plans[nearest].succeeds
    return tuple(found)


LAST = 1_000
"""What `ranks` gives a draft beside a plan that it follows: it says nothing that counts."""


def ranks(ids: Iterable[str], plans: Mapping[str, Plan]) -> dict[str, int]:
    """Order plans that promise one thing by what their word weighs.

    Parameters
    ----------
    ids
        Of the plans.
    plans
        What `load_plans` returned.

    Returns
    -------
    dict
        0 for those whose word holds; else how many adopted plans or yearly lists among them have followed since; `LAST`
        for a draft that follows another of them.
    """
    among = set(ids)
    former = {name: set(before(name, plans)) & among for name in among}
    return {
        name: LAST
        if former[name] and plans[name].kind == "draft"
        else sum(name in former[other] for other in among if plans[other].kind != "draft")
        for name in among
    }


def ends(cited: Iterable[Commitment], plans: Mapping[str, Plan]) -> list[int]:
    """Give the last years of the plans whose word on one thing holds.

    Parameters
    ----------
    cited
        The commitments that promise it; a plan that takes it back sets no year for it.
    plans
        What `load_plans` returned.
    """
    weight = ranks({one.plan for one in cited if one.action != "cancel"}, plans)
    return [plans[name].period[1] for name, rank in weight.items() if rank == 0]


def _check_order(plan: Plan, former: Plan) -> None:
    where, key = f"{_FILE} {plan.id}", f"succeeds = {former.id!r}"
    if not related(plan.adcode, former.adcode):
        tomlfile.refuse(
            where,
            f"{key} 不是同一地区的规划：{plan.id} 是 {plan.adcode}，{former.id} 是 {former.adcode}",
            f"{key} is a plan of another area: {plan.id} of {plan.adcode}, {former.id} of {former.adcode}",
        )
    if plan.period < former.period:
        tomlfile.refuse(
            where,
            f"{key} 反而在后：{plan.id} 是 {plan.period[0]}–{plan.period[1]} 年，"
            f"{former.id} 是 {former.period[0]}–{former.period[1]} 年",
            f"{key} comes later: {plan.id} is of {plan.period[0]}–{plan.period[1]}, "
            f"{former.id} of {former.period[0]}–{former.period[1]}",
        )


def _refuse_circle(name: str, plans: Mapping[str, Plan]) -> None:
    if name not in before(name, plans):
        return
    former = next(one for one in plans[name].succeeds if one == name or name in before(one, plans))
    if former == name:
        tomlfile.refuse(f"{_FILE} {name}", f"succeeds 是它自己：{name}", f"succeeds names the plan itself, {name}")
    tomlfile.refuse(
        f"{_FILE} {name}",
        f"succeeds 绕成一圈：{name} 接续 {former}，{former} 又接续 {name}",
        f"succeeds runs in a circle: {name} follows {former}, and {former} follows {name}",
    )


def _succeeds(name: str, table: dict[str, Any], entries: Mapping[str, dict[str, Any]]) -> tuple[str, ...]:
    where, said = f"{_FILE} {name}", table.get("succeeds")
    if said is None:
        return ()
    found = (said,) if isinstance(said, str) else tomlfile.texts(table, "succeeds", where=where)
    for former in found:
        if former not in entries:
            names = ", ".join(entries)
            tomlfile.refuse(
                where,
                f"succeeds = {former!r} 没有登记，登记的有 {names}",
                f"succeeds = {former!r} is not listed; listed are {names}",
            )
        if not _is_term(term := entries[former].get("period")):
            tomlfile.refuse(
                where,
                f"succeeds = {former!r} 没有起止年份，无从接续：{former} 的 period 为 {term!r}",
                f"succeeds = {former!r} has no first and last year and cannot be followed: its period is {term!r}",
            )
    return tuple(dict.fromkeys(found))


def _is_term(period: object) -> bool:
    whole = isinstance(period, list) and len(period) == 2 and all(type(year) is int for year in period)
    return whole and period[0] <= period[1]  # type: ignore[index]  # a list of two, by now


def _plan(name: str, table: dict[str, Any], entries: Mapping[str, dict[str, Any]]) -> Plan:
    where = f"{_FILE} {name}"
    tomlfile.only(table, _KEYS, where=where)
    succeeds = _succeeds(name, table, entries)
    kind = tomlfile.text(table, "kind", where=where, among=terms.PLAN_KIND.codes) if "kind" in table else "plan"
    title, period = tomlfile.text(table, "title", where=where), table.get("period")
    if not isinstance(period, list) or not _is_term(period):
        zh = f"period 应为 [起始年, 结束年]，现为 {period!r}"
        tomlfile.refuse(where, zh, f"period takes [first year, last year], not {period!r}")
    day = r"\d{4}(-\d\d){0,2}"
    dated = Fault(" YYYY、YYYY-MM 或 YYYY-MM-DD", "YYYY, YYYY-MM or YYYY-MM-DD")
    return Plan(
        id=name,
        title=title,
        period=(period[0], period[1]),
        adcode=tomlfile.matching(table, "adcode", r"\d{6}", where=where, zh="六位数字", en="six digits"),
        file=tomlfile.text(table, "file", where=where),
        sha256=tomlfile.matching(
            table, "sha256", "[0-9a-f]{64}", where=where, zh=" 64 位小写十六进制", en="64 lower-case hexadecimal digits"
        ),
        date=tomlfile.matching(table, "date", day, where=where, **dated._asdict()) if "date" in table else None,
        kind=kind,
        succeeds=succeeds,
        **{key: tomlfile.optional_text(table, key, where=where) for key in _OPTIONAL},
    )
