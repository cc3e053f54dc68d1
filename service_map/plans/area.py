"""Where a plan speaks of: its area, the places that its text names, and what place a facility's name holds.

The country's city and county names come from the table of ``cpca``; townships, villages and estates are learned from
the plan itself, because no table holds them all and a plan names a place in several forms (端氏, 端氏镇).
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple, TypeVar

from service_map.catalogue.adcode import city_of
from service_map.plans.lexicon import CJK, Wording, any_of, area_names, number
from service_map.plans.outline import Passage, Span

_T = TypeVar("_T")
_TOWN = re.compile(r"(?:镇|乡|街道|街道办|县城)$")
_VILLAGE = re.compile(r"(?:村|社区|庄|小区|片区|家属院|路|街|巷|线|大道|棚户区|屯|堡|窑|沟|坪|坡)$")
_COUNTY = re.compile(r"(?:县|区|市|旗)$")
_ZONES = ("新区", "片区", "城区", "小区", "园区")
_LIKE = re.compile(rf"{CJK}{{1,5}}(?:县|市|区|镇|乡|街道|村|片区|小区|家属院)|县城|市级|市本级")
_ZONE_AT_END = re.compile(r"(?<![\u4e00-\u9fff])(?:经济技术|高新技术产业|经济)?(?:开发区|高新区|经开区|示范区|度假区)$")
_WORDS = re.compile(rf"市城区|中心城区|主城区|县城(?:西部|东部|南部|北部|周边)?|{CJK}{{2}}新(?:城|区)")
_OFFICE = re.compile(r"师市|[市县省州区盟旗]")
_SUFFIXED = re.compile(rf"({CJK}{{1,4}}?)(?:镇|乡|街道|社区|村|县|区)(?!级)")
_IN_LIST = re.compile(
    rf"(?<![\u4e00-\u9fff])({CJK}{{1,4}}?)(县|区|市|镇|乡|街道|村|社区|棚户区|小区|片区)(?=[、，。；等和）])"
)
_RENEWAL_LIST = re.compile(rf"(?<![\u4e00-\u9fff])((?:{CJK}{{2,4}}、){{1,40}}{CJK}{{2,4}})等?(?:个)?(?:棚户区|城中村)")
_BARE_LIST = re.compile(rf"(?<![\u4e00-\u9fff])(?:[在对和支持推进]*)({CJK}{{2,3}}(?:、{CJK}{{2,3}})+)(?![镇乡村街])")
_ALONG = re.compile(
    rf"沿({CJK}{{1,5}}[江河湖海溪](?>[、和]{CJK}{{1,5}}[江河湖海溪])*(?:两岸|沿岸|沿线)?)|({CJK}{{1,5}}[江河湖海溪](?:沿线|两岸|沿岸))"
)
_ITEM_START = re.compile(
    rf"(?:[、，。；：（]|^|新建|建设|推进|支持|实施|改造|在|和|及)(?=({CJK}{{2,3}}?)(?:[、和与及各等]|\d|[两三]县|分别|新建|建设|改造))",
    re.MULTILINE,
)
_OWN_NAME = re.compile(
    r"(?:^|关于(?:公布|印发|做好)?|年度?|(?<=[\d、.）】 ]))"
    rf"({CJK}{{2,5}}?(?:自治[州县]|师市|[市县区旗州盟镇乡](?![区县域级场直属镇])))"
    "(?=.*(?:规划|方案|计划|公示|公告|意见|清单|要点|安排|导则|项目|专章|说明|行动|工程|分解|册|表|报告|通知|实事|布局))"
)
_TITLE = re.compile(r"^.{0,30}(?:规划|方案|纲要|计划|要点).{0,30}$", re.MULTILINE)
_STANDING_IN = re.compile(rf"(?:^|[在于、])(?![在于])(({CJK}{{1,4}}?)(?:镇|乡|街道|县))(?!级)")
_UNITS = (
    "(?:中心|重点|建制|边境)?(?:乡镇|镇|乡|村|社区)"
    "|县（市、区）|县（市）|县（区）|县区|县|区|市|乡镇|镇|街道|地|村|社区|片区|新区|园区|山体|景区|组团|校区"
)
_GROUP = re.compile(rf"(?:等)?(?:\d{{1,4}}|[一二两三四五六七八九十]{{1,4}})[个座条大]?(?:{_UNITS})?$|等(?:{_UNITS})?$")
_LEVEL_AT_END = re.compile(r"(?:镇|乡|街道|村|社区)$")
_LEADS_IN = re.compile(r"内|前|在|于|对|支持|推进|推动|指导|重点|优先|计划|拟|为|年|，")
_JOINS_NAMES = frozenset("在和与及于对向由为的即至到从")
_SIGHTS = frozenset({"heritage_tourism", "renovation", "wellness_base"})
_AREA_PREFIX = re.compile(
    rf"(?![市县省州区盟旗师])({CJK}{{1,6}}?)(?:自治县|[县旗](?![级域直城])|(?<![军景校矿林库社])区(?![级域直城])|市(?![场民级直])|(?<![小城])镇(?!级)|乡(?!级|村|镇)|街道|苏木|社区|小区|片区|新城|新区|村(?!级))"
)
_OF_LAND = _SIGHTS | {"sports_park", "stadium", "park_green", "trail"}
_OFTEN = 3
_MAX_LEARNED = 2000
"""Most townships, and most villages, that are learned from one text; the five plans name 20 to 150."""
_LEAST_VOTES = 5
_TITLE_VOTES = 50


class Place(NamedTuple):
    """A place as the text names it, its level, and where the text names it.

    The levels are ``county``, ``township``, ``village_or_street`` and ``landmark``.
    """

    name: str
    level: str
    words: tuple[Span, ...] = ()


class PlanArea:
    """The area a plan is for, and the places it names.

    Parameters
    ----------
    name
        The city or county the plan is for, empty when the text does not tell.
    counties, townships, villages
        Names that stand in the text or belong to the area, long and short forms.
    target_year
        The year of the indicator tables' targets, None when they give none.
    target_words
        Where the text names that year.
    wording
        The word lists.
    text
        What the plan says, to tell a place from a brand by how often it is named.
    """

    def __init__(
        self,
        name: str,
        *,
        counties: Iterable[str],
        townships: Iterable[str],
        villages: Iterable[str],
        target_year: int | None,
        target_words: tuple[Span, ...] = (),
        wording: Wording,
        text: str = "",
    ) -> None:
        self._text = text
        self.name = name
        self.target_words = target_words
        self.stem = name[:-1]
        self.target_year = target_year
        self._wording = wording
        self._counties = frozenset(counties)
        self._townships = frozenset(townships) - self._counties
        self._villages = frozenset(villages) - self._townships - self._counties
        spelled = {stem + suffix for stem in self._counties if stem[-1] not in "县区市旗" for suffix in "县区市"}
        known = {"县城"} | spelled | self._counties | self._townships | self._villages
        known = {place for place in known if len(place) >= 2}
        self.places = any_of(known)
        self.hidden = any_of({*known, *(word for word in (self.name, self.stem) if len(word) >= 2)})
        self._feature = re.compile(rf"{CJK}{{1,4}}?[{wording.features}]")
        self._bracketed = re.compile(rf"（({CJK}{{2,5}}[{wording.features}])）")

    def known(self, text: str) -> bool:
        """Tell whether a text is a place that the plan names."""
        return text in self._counties or text in self._townships or text in self._villages

    def like(self, text: str) -> bool:
        """Tell whether a text has the form of a place (某某镇) and is no general word (乡镇)."""
        return bool(_LIKE.fullmatch(text)) and text not in self._wording.no_place and text[0] not in "各每"

    def placeable(self, text: str) -> bool:
        """Tell whether a text can be a place where only one can stand: known, of its form, or a county's short name."""
        if self.known(text) or self.like(text):
            return True
        return _is_county_stem(text) and self._wording.verb_kind(text) is None

    def unread(self, text: str) -> bool:
        """Tell whether a text holds no word that the grammar reads, so that it can be a place."""
        if self.placeable(text):
            return True
        return (
            bool(re.fullmatch(f"{CJK}+", text))
            and self._wording.residue(text) != ""
            and not any(token.start == 0 or token.category for token in self._wording.tokens(text))
        )

    def whole(self, text: str) -> bool:
        """Tell whether a table's cell is a place and nothing else: a known one, or 某县某镇."""
        if self.placeable(text):
            return True
        return self._within(text)

    def place(self, text: str) -> Place:
        """Return a place's name with its level."""
        return Place(text, self.level(text))

    def level(self, text: str) -> str:
        """Return the level of a place by what is known of it, else by how its name ends."""
        if text in self._counties:
            return "county"
        if text in self._townships:
            return "township"
        if text in self._villages and not _TOWN.search(text):
            return "village_or_street"
        return place_level(text)

    def find(self, text: str) -> Place | None:
        """Return the last place in a text, None when it names none."""
        match = last(
            match
            for match in self.places.finditer(text)
            if match[0] in self._counties or match[0] not in self._wording.no_place
        )
        if match:
            return self.place(match[0])
        zone = _ZONE_AT_END.search(text)
        if zone:
            return Place(zone[0], "landmark")
        match = last(_WORDS.finditer(text))
        if match:
            return Place(match[0], "township" if match[0] == "县城" else "landmark")
        match = last(_ALONG.finditer(text))
        if match:
            return Place((match[1] or match[2]).removeprefix("其中"), "landmark")
        match = last(_STANDING_IN.finditer(text))
        if match and self._stem(match[2]) and match[1] not in self._wording.no_place:
            return self.place(match[1])
        return None

    def before(self, subject: str) -> Place | None:
        """Return the place that stands right before a verb or behind 在: the one the verb is about."""
        match = last(self.places.finditer(subject))
        if match is None:
            return self.find(subject)
        if match.end() == len(subject) or re.search("[在于]$", subject[: match.start()]):
            return self.place(match[0])
        return None

    def listed(self, text: str) -> list[str]:
        """Read a list of places in front of a verb (榆次、太谷等地); empty when there are fewer than two."""
        group = _GROUP.search(text)
        if group and re.search(r"[\d一二两三四五六七八九十]", group[0]) and (named := self.series(text)):
            return named
        whole = self._parts(text)
        if whole:
            return whole
        parts = re.split("[、和与及]", re.sub("^.*[在对于为向由给](?=.{2})", "", text))
        summed = re.search("等(?:乡镇|街道|镇|乡|村|社区)$", parts[-1])
        parts[-1] = parts[-1][: summed.start()] if summed else parts[-1]
        if len(parts) >= 2 and all(self._within(part) for part in parts):
            return parts
        if len(parts) >= 2 and (summed or _LEVEL_AT_END.search(parts[-1])) and all(self._plain(part) for part in parts):
            # 甲、乙、丙街道: the level at the end is that of all.
            return parts
        found = [match[0] for match in self.places.finditer(text)]
        rest = self.places.sub("", text)
        if len(found) >= 2 and len(re.findall("[、和与及]", rest)) >= len(found) - 1:
            return found
        return self.series(text)

    def _parts(self, text: str) -> list[str]:
        """Read a list of known places and of others like them (城东、城南、城北), to the end of a text."""
        parts = re.split("[、和与及]", text)
        known = [last(self.places.finditer(part)) for part in parts]
        ends = [match for match, part in zip(known, parts, strict=True) if match and match.end() == len(part)]
        if len(parts) < 3 or not known[0] or len(ends) < 2 or len(ends) == len(parts):
            return []
        names = [match[0] if match else part for match, part in zip(known, parts, strict=True)]
        plain = all(match or (len(part) <= 4 and self._plain(part)) for match, part in zip(known, parts, strict=True))
        return names if plain and parts[0].endswith(names[0]) else []

    def _within(self, text: str) -> bool:
        """Tell whether a text is a known place and a township or village in it (某县某镇)."""
        match = self.places.match(text)
        return bool(match and match.end() < len(text) <= 12 and self.like(text[match.end() :]))

    def series(self, text: str) -> list[str]:
        """Read a list of places that the plan names nowhere else, at the end of a text; empty when it is none."""
        group = _GROUP.search(text)
        parts = re.split("[、和与及]", text[: group.start()] if group else text)
        if len(parts) < 2:
            return []
        # 甲、乙、丙三镇: as many names as the sum says are places, though nothing else tells that they are.
        summed = group is not None and number(re.sub(r"[^\d一二两三四五六七八九十]", "", group[0])) == len(parts)
        first = parts[0]
        starts = [0, *(match.end() for match in _LEADS_IN.finditer(first))]
        heads = [first[start:] for start in reversed(starts)]
        item = self._plain if summed else self._item
        names = [next((head for head in heads if item(head)), first), *parts[1:]]
        names = [re.sub("^[环沿在于](?=.{2})", "", name) for name in names]
        return names if all(item(name) for name in names) else []

    def _plain(self, text: str) -> bool:
        """Tell whether a text can be a place where a sum behind the list says that it is one."""
        words = self._wording
        return self._item(text) or bool(
            re.fullmatch(f"{CJK}{{2,5}}", text) and words.residue(text) and not any(words.tokens(text))
        )

    def _item(self, text: str) -> bool:
        feature = 2 <= len(text) <= 7 and text[-1:] in self._wording.features and bool(self._wording.residue(text[:-1]))
        return self.placeable(text) or (feature and text not in self._wording.no_place)

    def official(self, name: str, word: str) -> bool:
        """Tell whether a facility's name begins with the plan's area, with 市 or 县, or with a place."""
        if any(prefix and name.startswith(prefix) for prefix in (self.name, self.stem)):
            return True
        if _OFFICE.match(name) and not name.startswith(self._wording.no_office):
            noun_next = any(token.category and token.start == 1 for token in self._wording.tokens(name))
            if len(name) - len(word) <= 6 or noun_next:
                return True
        match = self.places.match(name)
        if match:
            return match.end() < len(name) and match[0] != word
        match = _SUFFIXED.match(name)
        return bool(
            match and match.end() < len(name) and self._stem(match[1]) and not match[0].endswith(self._wording.no_end)
        )

    def of_name(self, name: str, *, word: str, category: str, behind: str) -> Place | None:
        """Return the place that a facility's name holds: 端氏镇初级中学, 石楼体育公园, 森林康养（沙拉沟）.

        Parameters
        ----------
        name
            The facility's name.
        word, category
            The noun it ends with, and the noun's category.
        behind
            What stands behind the noun in the text, where a bracket may name the place.
        """
        body = name
        for prefix in (self.name, self.stem):
            if prefix and body.startswith(prefix):
                body = body[len(prefix) :]
                break
        office = body == name and bool(_OFFICE.match(body)) and not body.startswith(self._wording.no_office)
        named = self._admin(body) or self._known_in(body)
        if named:
            return named
        bracket = self._bracketed.search(name + behind)
        if bracket:
            return self.place(bracket[1])
        head = body[: body.rfind(word)] if word in body else body
        village = re.match(rf"{CJK}{{1,4}}[镇乡]{CJK}{{1,4}}?村|{CJK}{{1,4}}?(?:镇|乡|街道|社区|村)(?!级)", head)
        if village and len(village[0]) >= 2 and village[0] not in self._wording.no_place:
            return self.place(village[0])
        school = re.match(rf"(?![市县省州区]){CJK}{{0,6}}?(?:中学|学校|学院|大学|职教中心)", head)
        if school and category == "training_base":
            return Place(school[0], "landmark")
        if office:
            # 市口腔医院, 市箴言中学: the city's own, and no place 市口 or 箴言.
            return None
        return self._by_feature(head if len(head) >= 2 else body)

    def _admin(self, body: str) -> Place | None:
        """Return the narrowest of the areas that a name begins with: 某县某镇某村 in 某县某镇某村骨灰堂."""
        found, at = None, 0
        while True:
            match = _AREA_PREFIX.match(body, at)
            if match is None or match.end() >= len(body):
                return found
            stem = match[1]
            if not self._stem(stem) or match[0] in self._wording.no_place or match[0].endswith(self._wording.no_end):
                return found
            if any(token.category and token.end > match.end() > token.start for token in self._wording.tokens(body)):
                return found
            found, at = self.place(match[0]), match.end()

    def of_brand(self, name: str, *, category: str) -> Place | None:
        """Return the place that the first two characters of a name may be, where nothing else tells one.

        The heads of schools and homes are brands (育才, 祥和); those of grounds and sights are places, where the plan
        says them again and again or nothing but a place can be meant.
        """
        body = next((name[len(own) :] for own in (self.name, self.stem) if own and name.startswith(own)), name)
        lead = self._wording.proper_head(body)
        if len(lead) != 2 or lead == body or category not in _OF_LAND or lead.endswith(("省", "市")) or "第" in lead:
            return None
        return Place(lead, "landmark") if category in _SIGHTS or self._text.count(lead) >= _OFTEN else None

    def _known_in(self, body: str) -> Place | None:
        """Return the known place that a name begins with, with the township or village that follows a county."""
        match = self.places.match(body)
        if match is None:
            return None
        rest = body[match.end() :]
        inner = re.match(rf"{CJK}{{1,4}}?[村镇乡]", rest) if match[0][-1] in "镇乡县" else None
        if match[0][-1] in "市区":
            inner = re.match(rf"({CJK}{{2,4}}?)(?:镇|乡|街道|村)(?!级)", rest)
            inner = inner if inner and self._stem(inner[1]) and self.like(inner[0]) else None
        more = self.places.match(body, match.end())
        return self.place(match[0] + inner[0] if inner and not more else match[0])

    def _by_feature(self, head: str) -> Place | None:
        feature = self._feature.match(head)
        if (
            feature
            and len(feature[0]) >= 2
            and feature[0] not in self._wording.no_place
            and self._wording.residue(feature[0])
            and not re.search("铁路|公路|文化|旅游|高|社|产业|特色|机关|^[滨沿临环].$|^[县市区].$", feature[0])
        ):
            return self.place(feature[0])
        return None

    def _stem(self, stem: str) -> bool:
        """Tell whether the word before 镇, 村 … can be a name: no description, no verb."""
        return (
            bool(self._wording.residue(stem))
            and stem not in self._wording.no_stem
            and not re.search("[好有关各该本其等内]|年[内底]?|^[将把对由为向从每全逐原]|^达到|^覆盖|^实现", stem)
            and not any(token.verb for token in self._wording.tokens(stem))
        )


def place_level(name: str) -> str:
    """Return the level of a place by how its name ends."""
    if _TOWN.search(name):
        return "township"
    if _VILLAGE.search(name):
        return "village_or_street"
    if _COUNTY.search(name) and len(name) <= 5 and not name.endswith(_ZONES):
        return "county"
    return "county" if _is_county_stem(name) else "landmark"


def find_area(text: str, passages: list[Passage], wording: Wording) -> PlanArea:
    """Tell which area a plan is for, and list the places it names.

    The area is the city or county whose name the text uses most, a name in the title counting for many; a short passage
    tells none.

    Parameters
    ----------
    text
        The whole plan.
    passages
        Its passages: a name that a page break cuts in two stands whole only there.
    wording
        The word lists.

    Returns
    -------
    PlanArea
    """
    joined = "\n".join(passage.text for passage in passages if len(passage.text) < 20000)[:400000]
    titles = _TITLE.findall(text[:3000])[:3]
    votes = _votes("\n".join([*titles, joined]))
    weight = {name: count + _TITLE_VOTES * sum(name in title for title in titles) for name, count in votes.items()}
    name = max(weight, key=lambda item: (weight[item], item), default="")
    if weight.get(name, 0) < _LEAST_VOTES:
        name = ""
    counties = _counties(name, votes, joined, wording)
    if not name:
        name = _own_name(text, wording)
    townships: set[str] = set()
    villages: set[str] = set()
    _learn(joined, counties, townships, villages, wording)
    counties |= {county[:-1] for county in counties if len(county) >= 3}
    counties -= {name, name[:-1], "城", "矿", "郊", "市辖", "市辖区", ""}
    target = re.search(r"(20[23]\d)年?\s{0,4}(?:末)?\s{0,4}目\s{0,4}标", text) or re.search("(2025)", text)
    year: int | None = None
    words: tuple[Span, ...] = ()
    if target:
        before = text.rfind("\n", 0, target.start(1)) + 1
        line = text.count("\n", 0, before) + 1
        year, words = int(target[1]), (Span(line, target.start(1) - before, target.end(1) - before),)
    return PlanArea(
        name,
        counties=counties,
        townships=townships,
        villages=villages,
        target_year=year,
        target_words=words,
        wording=wording,
        text=joined,
    )


def _own_name(text: str, wording: Wording) -> str:
    """Return the area that a short document's title names, empty where it names none."""
    lines = [line.strip(" #\u3000") for line in text[:600].split("\n") if line.strip()][:3]
    for line in lines:
        match = _OWN_NAME.search(line)
        if match and match[1] not in wording.no_place and match[1][:-1] not in wording.no_stem:
            plain = wording.residue(match[1][:-1]) and not any(token.verb for token in wording.tokens(match[1]))
            if plain and not re.search("[全各本]|国土|总体", match[1]):
                return match[1]
    return ""


def _votes(text: str) -> Counter[str]:
    table = area_names()
    votes: Counter[str] = Counter()
    for match in re.finditer("[市县区旗]", text):
        end = match.end()
        for size in range(5, 1, -1):
            name = text[max(0, end - size) : end]
            if len(name) == size and name in table:
                # A name of two characters may end a longer word (建成|县级): it counts where nothing leads into it.
                if size > 2 or not re.match(CJK, text[end - 3 : end - 2]) or text[end - 3] in _JOINS_NAMES:
                    votes[name] += 1
                break
    return votes


def _counties(name: str, votes: Counter[str], text: str, wording: Wording) -> set[str]:
    """List counties: those the text names in full, those of the plan's city, and those in a list of short names."""
    table = area_names()
    below = {other: codes for other, codes in table.items() if not all(code.endswith("00") for code in codes)}
    counties = {found for found in votes if found in below and _nameable(found[:-1], wording)} - {name}
    codes = table.get(name, ())
    if codes and codes[0].endswith("00"):
        cities = {city_of(code) for code in codes}
        counties.update(
            other
            for other, others in below.items()
            if any(city_of(code) in cities and not code.endswith(("00", "01")) for code in others)
        )
    stems = {other[:-1] for other in below if len(other) >= 3}
    if not name:
        # A passage that does not tell its area: any county's short name that begins a list item may be meant.
        for match in _ITEM_START.finditer(text):
            counties.update(stem for stem in (match[1], match[1][:2]) if stem in stems and _tellable(stem, wording))
    for match in _BARE_LIST.finditer(text):
        *parts, final = match[1].split("、")
        told = (*parts, final, final[:2]) if wording.residue(final[2:]) != final[2:] else (*parts, final)
        counties.update(stem for stem in told if stem in stems and _tellable(stem, wording))
    return counties


def _learn(text: str, counties: set[str], townships: set[str], villages: set[str], wording: Wording) -> None:
    """Learn places from lists of names that end in 镇, 乡, 村 …, and from lists of estates to renew."""
    table = area_names()
    for match in _IN_LIST.finditer(text):
        stem, suffix = match[1], match[2]
        if (
            re.search("[各每全对在和与及等为从到由向把将]", stem)
            or match[0] in wording.no_place
            or stem in wording.no_stem
            or stem.endswith(("小", "特色", "重点", "强"))
            or not wording.residue(stem)
            or any(token.verb for token in wording.tokens(stem))
        ):
            continue
        forms = {match[0], stem} if len(stem) >= 2 else {match[0]}
        if suffix in ("县", "区", "市"):
            if match[0] in table or stem + "县" in table or suffix == "区":
                counties.add(match[0])
        else:
            known = townships if suffix in ("镇", "乡", "街道") else villages
            known |= forms if len(known) < _MAX_LEARNED else set()
    for match in _RENEWAL_LIST.finditer(text):
        if len(villages) >= _MAX_LEARNED:
            break
        villages.update(_without_verbs(part.removesuffix("等"), wording) for part in match[1].split("、"))
    villages.discard("")


def _without_verbs(text: str, wording: Wording) -> str:
    for token in wording.tokens(text):
        if token.verb and token.start == 0:
            return text[token.end :]
    return text


def _nameable(stem: str, wording: Wording) -> bool:
    """Tell whether a county's full name can be one where it stands (新建区 in 新建区域性中心 cannot)."""
    return bool(wording.residue(stem)) and stem not in wording.no_stem and not any(wording.tokens(stem))


def _tellable(stem: str, wording: Wording) -> bool:
    """Tell whether a county's short name can be told from the words of plans."""
    return wording.residue(stem) == stem and not any(wording.tokens(stem))


@cache
def _county_stems() -> frozenset[str]:
    return frozenset(
        name[:-1]
        for name, codes in area_names().items()
        if len(name) >= 3 and not all(code.endswith("00") for code in codes)
    )


def _is_county_stem(text: str) -> bool:
    return 2 <= len(text) <= 4 and text in _county_stems()


def last(items: Iterable[_T]) -> _T | None:
    """Return the last of some items, None when there are none."""
    found = None
    for item in items:
        found = item
    return found
