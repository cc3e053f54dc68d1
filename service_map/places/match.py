"""Which existing facility a promised one may be: pairs for a person to confirm, never merged by themselves."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from service_map.catalogue import categories
from service_map.catalogue.adcode import county_of, covers
from service_map.places.existing import unfinished
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer, spell
from service_map.places.locate import TELLING, plain_name

LIKENESS = 0.8
"""Least likeness (`difflib.SequenceMatcher.ratio`) of two plain names that are not the same."""

_LEAST_LETTERS = 3
# 第二中学校, 二中 and 2中 are one name, and so are 端氏镇初级中学 and 端氏初中, 中医医院 and 中医院.
_LONG_FORMS = (
    (re.compile(r"第(?=[一二三四五六七八九十])"), ""),
    (re.compile(r"(?<=[\u4e00-\u9fff]{2})[镇乡](?=.)"), ""),
    (re.compile(r"(?<=[中小])学校?$"), ""),
    (re.compile(r"(?<=[初高])级?中$"), ""),
    (re.compile(r"中医医院"), "中医院"),
    (re.compile(r"(?<=[一二三四五六七八九十])(?:人民)?医院$"), "院"),
    (re.compile(r"幼儿园$"), "幼"),
)
_DIGITS = "〇一二三四五六七八九"
# A part of an institution that stands apart from it: 大同市实验小学文翰分校 is not 大同市实验小学.
_BRANCH = re.compile(r"分校|分院|分园|分馆|校区|院区|园区|新院|新校|新馆|[东西南北]校|[东西南北]院")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Match:
    """A promised facility and an existing one that may be the same; ``how`` is ``same`` or ``similar`` names."""

    promised: str
    existing: str
    how: str
    promised_name: str
    existing_name: str


def match_existing(
    promised: Iterable[Facility],
    existing: Iterable[Facility],
    gazetteer: Gazetteer,
    *,
    apart: Collection[tuple[str, str]] = (),
) -> list[Match]:
    """Pair promised facilities with existing ones of one county by their names.

    Parameters
    ----------
    promised
        Only those that their plan names are looked at.
    existing
        Any number; only those of a county and family that has a promised one are looked at.
    gazetteer
        What `load_gazetteer` returned.
    apart
        Pairs of ids, promised and existing, of which somebody has said that they are not the same.

    Returns
    -------
    list of Match
        By promised id. Names are the same when their plain forms are (one family of categories), similar when those
        are alike by `LIKENESS` or one is the other's short form, and differ in no numeral, direction or branch (one
        category). A bare name in a county is that county's own, so a city's facility is paired with one there only
        where the names are the same and say more than the kind.
    """
    kinds = categories()
    family = {code: category.family for code, category in kinds.items()}
    wanted: dict[str, list[tuple[Facility, str]]] = defaultdict(list)
    for facility in promised:
        plain = plain_name(facility.name, facility.adcode, gazetteer) if facility.name_given else ""
        # 运城学院 is 学院 without its city, and yet a whole name.
        if len(_whole(facility.name, gazetteer)) >= _LEAST_LETTERS and plain and facility.same_as is None:
            wanted[family[facility.category]].append((facility, plain))
    found = []
    for other in existing:
        near = [
            pair
            for pair in wanted.get(family.get(other.category, ""), ())
            if covers(county_of(pair[0].adcode), other.adcode) and (pair[0].id, other.id) not in apart
        ]
        if not near or not other.name:
            continue
        letters = {*other.name, *_short(other.name)}
        for facility, plain in near:
            # Names that share less than half of their letters are neither the same nor alike: most pairs end here.
            brief = set(_short(plain))
            if 2 * len(letters & brief) < len(brief):
                continue
            how = _how(facility, plain, other, gazetteer)
            if how:
                found.append(
                    Match(
                        promised=facility.id, existing=other.id, how=how, promised_name=facility.name,
                        existing_name=other.name,
                    )
                )  # fmt: skip
    return sorted(found)


def _how(facility: Facility, plain: str, other: Facility, gazetteer: Gazetteer) -> str:
    # Read as the promised one's area would write it: 和顺县中医院 is not the city's 中医院.
    name, _ = unfinished(other.name)
    form = plain_name(name, facility.adcode, gazetteer)
    bare = form == _whole(name, gazetteer)
    if plain == form and (len(plain) >= _LEAST_LETTERS or _whole(facility.name, gazetteer) == _whole(name, gazetteer)):
        return "" if bare and _foreign(facility, plain, other, gazetteer) else "same"
    short, brief = _short(plain), _short(form)
    alike = (
        other.category == facility.category
        and not (bare and _foreign(facility, "", other, gazetteer))
        and _telling(brief) == _telling(short)
        and _branches(form) == _branches(plain)
        and (
            (short == brief and plain != form and len(short) > 1)
            or (
                min(len(plain), len(form)) >= _LEAST_LETTERS
                and SequenceMatcher(None, plain, form, autojunk=False).ratio() >= LIKENESS
            )
        )
    )
    return "similar" if alike else ""


def _foreign(facility: Facility, plain: str, other: Facility, gazetteer: Gazetteer) -> bool:
    """Say whether a bare name in a county must be that county's own: 烈士陵园 in 灵丘县 is not the city's."""
    county, own = county_of(other.adcode), county_of(facility.adcode)
    if county == own or gazetteer.rows[county].name.endswith("区"):
        return False
    return len(plain) < 4 or plain in categories()[facility.category].words


def _whole(name: str, gazetteer: Gazetteer) -> str:
    return re.sub(r"[\s\W_]+", "", spell(gazetteer, unicodedata.normalize("NFKC", name)))


def _short(name: str) -> str:
    text = re.sub(r"[0-9]{1,2}", _figure, name)
    for pattern, instead in _LONG_FORMS:
        text = pattern.sub(instead, text)
    return text


def _figure(found: re.Match[str]) -> str:
    """Write a number below a hundred as names do: 18 is 十八."""
    tens, ones = divmod(int(found[0]), 10)
    return f"{_DIGITS[tens] if tens > 1 else ''}{'十' if tens else ''}{_DIGITS[ones] if ones or not tens else ''}"


def _branches(name: str) -> list[str]:
    return _BRANCH.findall(name)


def _telling(name: str) -> str:
    return "".join(letter for letter in name if letter in TELLING)
