"""The words before a noun as names: the name of one facility, or a list of places and names that share the noun.

A name begins with a place, or something is left of it when all words that only describe a type are taken away; a verb
must promise it, and the words around it must not make it a type, a group or a unit. In a list (甲、乙等7个县级殡仪馆)
each item must be a place, or a name where the noun stands for sites of their own.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from service_map.plans.area import Place, PlanArea, standing_before
from service_map.plans.clause import BUILDS, Member
from service_map.plans.draft import SHARED_HEADS, Draft, Reading, Scene, first_draft, nearest_place
from service_map.plans.lexicon import CJK, HIDDEN, Quantity, Wording

_MAX_NAME = 40
_PRESERVES = frozenset({"保护", "利用", "传承", "改造", "优化"})
_GROUP_END = re.compile(
    r"(?:等)?(?:(?:\d+|[一二两三四五六七八九十]+)(?:个|家|所|座|处|块)?)?"
    r"(?:县（市、区）|县（区）|县（市）|县（区、市）|县区|县级|(?:中心|重点|建制|边境|特色)?(?:乡镇|街道|社区|镇|乡|村)|县|地|区|市|州|旗)?(?:级)?(?:的)?"
    r"(?:公办|公立|公益性|城市|社会|标准|城镇)*$"
)
_FUNCTION = re.compile(
    r"[对为将把由让使被从向在]|主导|组织|负责|条件的?|方便|特别|规定|要求|进军|带动|推向|走向|基础上|村民|劳务品牌|按|实行|所有|本地|满足|通过|必须|应当|如期|并|"
    r"因地制宜|嵌入|继续|进一步|充分|积极|不断|广大|确定|其中|如何|系列|经营|制订|制定|家庭|有关|相关|投资|涉及|承担"
)
_SEVERAL = re.compile("一批|各类|各级|多个|系列|县级|乡镇|社区|基层|农村|等")
_PLURAL = re.compile(r"(?:学校|中小学|幼儿园|小学|中学|高中|机构|设施|场所|场地|网点|站点|院校|高校|住房|小区|棚户区)$")
_SCHOOLS = re.compile(r"(?:幼儿园|小学|中学|学校|敬老院|养老院)$")
_HOUSE_NAMES = re.compile("(?:幼儿园|小学|中学|学校|敬老院|养老院|护理院|医院|老年公寓|托育中心|颐养院|福利院)$")
_SIGHT_WORKS = frozenset({"旅游开发", "旅游综合开发"})
_PHASE = re.compile("[二三四]期")
_KINDS_OF = re.compile(r"(?:机构|设施|场所|场地|网点|站点|院校|高校|用房|住房)$")
_REGION = re.compile(rf"{CJK}*?(?:县城|城区|新城|新区|城市社区|地区|园区)")
_OLD_SITE = re.compile("其(?:旧|原)址|(?:旧|原)址")
_MOVED_TO = re.compile(rf"{HIDDEN}*(?:整体|异地|易地)?(?:搬迁|迁建|迁址|迁)(?:至|到|往)({CJK}{{2,8}})$")
_TO = re.compile(rf"(?:整体)?[至到往]({CJK}{{2,10}})$")
_OTHERS = r"等(?:(?:\d+|[一二三四五六七八九十]+)个?(?:县|乡镇|乡|镇|街道|村|社区|地)|乡镇|街道|镇|乡)"
_HOUSES = re.compile("(?:院|园|小学|中学|学校|校|公墓|墓园|公园|服务中心|照料中心|服务站)$")
_RESPECTIVE = re.compile(r"(?:[\d一二两三四五六七八九十]+(?:[所个处家座块片条]|公里)[、和]?)+")
_OF_LEVEL = re.compile("乡镇|街道|镇|乡|社区")
_LEVEL_END = re.compile(rf"{CJK}{{2,4}}(?:乡镇|街道|镇|乡|县|社区)级?$")
_SCHOOLS_HOSPITALS = re.compile("(?:小学|中学|初中|高中|幼儿园)$")
_BRANDED = re.compile(".[苑居园院堂馆轩家红]$")
_ORDINAL = re.compile("(?:[市县区州旗])?第[一二三四五六七八九十]{1,3}")
_NUMBERED = re.compile("(?P<of>[\\u4e00-\\u9fff]{0,8}?)(?P<number>第[一二三四五六七八九十]{1,3})")
_OWN_LEVEL = re.compile("([市区县州盟旗])级(?!以上|及)")
_RANKED = re.compile("创建|打造|培育|评|认定|命名|争创")
_BUILT_ON = re.compile("依托|借助|利用|挂靠|整合")
_PIVOT_WORDS = re.compile(r"[^，。；]{0,8}?为(?:重点|核心)")


class NameReader:
    """Reads the names before the nouns of one plan.

    Parameters
    ----------
    wording
        The word lists.
    area
        The places of the plan.
    """

    def __init__(self, wording: Wording, area: PlanArea) -> None:
        self._wording = wording
        self._area = area

    # -------------------------------------------------------------- the name of one facility

    def site(self, scene: Scene, reading: Reading, draft: Draft) -> Iterator[Draft]:
        """Read one facility that is named, or of which there is one.

        Parameters
        ----------
        scene, reading
            The clause, and the noun there with what was read around it.
        draft
            What is known of the noun whatever its kind.

        Yields
        ------
        Draft
            Nothing where the noun is only a type.
        """
        member, carry, subject = reading.member, scene.carry, reading.subject
        noun, front = member.noun, member.front
        name = self._name(scene, reading)
        seated = carry.lead_place and scene.listing and front.explicit and noun.word.endswith(("中心", "馆", "院"))
        own = bool(name and re.match("[乡镇村]", name)) and noun.start == member.start + 1
        seated = seated or bool(carry.lead_place and own and front.explicit)
        if name and name.startswith("原"):
            # 原某医院旧址改造为…: what it was is not what it becomes.
            return
        if not name or not ((seated and set(front.kinds) & BUILDS) or self._named(scene, reading, name)):
            return
        if noun.word in _SIGHT_WORKS and any(
            token.category and token.end == len(name) - len(noun.word) for token in self._wording.tokens(name)
        ):
            # 某庄园旅游开发项目: the sight is what is named.
            name = name.removesuffix(noun.word)
        stands = standing_before(reading.mods) or member.located
        behind = scene.shown[noun.end : min(member.limit, noun.end + 16)]
        cut = not name.endswith(noun.word + member.name_tail) and not name.endswith(noun.word)
        name_end = (
            noun.start
            if cut
            else noun.end + (len(member.name_tail) if name.endswith(noun.word + member.name_tail) else 0)
        )
        named = scene.clause.said(name_end - len(name), name_end)
        around = scene.clause.said(name_end - len(name), noun.end + len(behind))
        place = (
            (self._area.place(stands) if stands else None)
            or self._moved_to(scene, member)
            or self._area.of_name(name, word=noun.word, category=noun.category, behind=behind)
            or self._area.before(subject)
            or self._area.of_brand(name, category=noun.category)
        )
        if place and not place.words:
            pieces = (scene.clause.said(noun.end, member.limit), reading.mods) if stands else (subject, around)
            place = place._replace(words=scene.within(place.name, *pieces))
        place = place or carry.place or carry.lead_place
        words = scene.words_of((named,))
        if _OLD_SITE.search(subject):
            place = Place(carry.last_name, "landmark", carry.last_words) if carry.last_name else place
        else:
            carry.last_name, carry.last_words = name, words
        if draft.action == "unspecified" and "strengthen" in front.kinds and member.acts:
            draft.action = "upgrade"
        site = replace(draft, kind="site", name=name, count=1, unit=None, at_least=False, rule="name")
        yield site.told(kind=words, name=words, count=words).at(place)

    def official(self, scene: Scene, reading: Reading) -> bool:
        """Tell whether a noun is named as the area's own, or with a known place before it."""
        name = self._name(scene, reading) if not reading.quantity else None
        return bool(name) and self._area.official(name or "", reading.member.noun.word)

    def pivot(self, scene: Scene, member: Member) -> Iterator[Draft]:
        """Read 以某院为重点，建成…: the named place is what the clause behind builds on and raises.

        Parameters
        ----------
        scene, member
            The clause, and the noun there that 以 and 为重点 enclose.

        Yields
        ------
        Draft
            Nothing where the noun is only a type.
        """
        noun = member.noun
        name = _plain_name(scene.shown[member.start + 1 : noun.start], member, self._area)
        if not name:
            return
        proper = noun.category == "heritage_tourism" and len(self._wording.residue(name)) >= 2
        if proper or self._area.official(name, noun.word):
            place = self._area.of_name(name, word=noun.word, category=noun.category, behind="")
            draft = first_draft(scene, member, "pivot", self._wording)
            draft = replace(draft, kind="site", action="upgrade", name=name, count=1)
            end = noun.end + len(member.name_tail)
            words = scene.spans(end - len(name), end)
            pivot = _PIVOT_WORDS.match(scene.shown, end)
            draft.told(kind=words, name=words, count=words, action=scene.spans(*pivot.span()) if pivot else words)
            if place:
                place = place._replace(words=scene.within(place.name, scene.clause.said(end - len(name), end)))
            yield draft.at(place)

    def _moved_to(self, scene: Scene, member: Member) -> Place | None:
        """Return where a facility is moved: 某中学整体搬迁至某新城."""
        behind = scene.shown[member.noun.end : member.limit]
        match = _MOVED_TO.match(behind) or (_TO.match(behind) if "relocate" in member.front.kinds else None)
        if match is None:
            return None
        at = member.noun.end
        return self._area.place(match[1])._replace(words=scene.spans(at + match.start(1), at + match.end(1)))

    def _name(self, scene: Scene, reading: Reading) -> str | None:
        """Return the noun phrase that may be a name, None where the words around it make it a type."""
        member, mods, shown = reading.member, reading.mods, scene.shown
        name = _plain_name(mods, member, self._area)
        if member.pending and mods in ("市", "县", "乡", "区", "省"):
            # 市、县疾控中心 names two levels, no office of the county.
            before = shown[member.pending[-1][0] : member.pending[-1][1]]
            name = None if before.endswith(("市", "县", "省", "国家")) else name
        if name is None and member.noun.word in self._wording.unique:
            name = member.noun.word
        grouped = re.match(r"群|片区", shown[member.noun.end :])
        return None if member.loose and (grouped or not scene.listing) else name

    def _named(self, scene: Scene, reading: Reading, name: str) -> bool:
        """Tell a name from a type: it begins with a place, or something is left when all type words are taken away."""
        member, front, word = reading.member, reading.member.front, reading.member.noun.word
        official = self._area.official(name, word)
        region = _REGION.match(name)
        of_region = region and not self._area.known(region[0]) and _PLURAL.search(word)
        body = name.removesuffix(member.name_tail).removesuffix(word)
        general = official and region and of_region and not self._wording.residue(name[region.end() :])
        promised = front.active or member.acts or scene.listing or member.project
        if general or not promised or (member.pending and "等" in body) or re.search("[两三四]级", name):
            return False
        if self._one_of_a_kind(reading, body) or (promised and self._of_own_level(reading, name)):
            return True
        built = member.acts or scene.listing or (front.explicit and set(front.kinds) & BUILDS)
        if built and (_ORDINAL.match(name) or _PHASE.search(member.name_tail)):
            return True
        keeps = member.acts and set(member.acts) <= _PRESERVES
        if name == word or (member.noun.category == "heritage_tourism" and not scene.listing and keeps):
            return False
        if official:
            merged = front.explicit and set(front.words) <= {"整合"}
            said = scene.listing or member.acts or member.project or (front.explicit and front.kinds[-1] != "foster")
            return bool(said) and not merged
        return not (region and _PLURAL.search(word)) and self._proper(scene, reading, body)

    def _of_own_level(self, reading: Reading, name: str) -> bool:
        """Tell whether 市级 or 县级 names the one facility of the plan's own area (建设区级应急物资储备库)."""
        level = _OWN_LEVEL.match(name)
        if level is None or _SEVERAL.search(name[2:]) or _PLURAL.search(reading.member.noun.word):
            return False
        front = reading.member.front
        own = self._area.name[-1:] == level[1] or (not self._area.name and level[1] not in "县省")
        made = set(front.kinds) & BUILDS if front.explicit else reading.member.acts
        return own and bool(made or reading.member.acts) and not _RANKED.search("".join(front.words))

    def _proper(self, scene: Scene, reading: Reading, body: str) -> bool:
        """Tell whether enough of a name is left when type words are taken away, and a strong verb promises it."""
        front, word = reading.member.front, reading.member.noun.word
        body = re.sub(rf"^{CJK}{{2,3}}省", "", body)
        residue = re.sub(r"[^\u4e00-\u9fff“”A-Za-z]|^[A-Za-z]+$", "", self._wording.residue(body))
        if self._brand(reading, body):
            return True
        least = 1 if scene.listing and len(body) >= 2 and _SCHOOLS.search(word) else 2
        if len(residue) < least or _FUNCTION.search(body) or (_KINDS_OF.search(word) and not scene.listing):
            return False
        acts = bool(reading.member.acts)
        soft = "foster" in front.kinds and not {self._wording.verb_kind(act) for act in reading.member.acts} & BUILDS
        strong = bool(set(front.kinds) & BUILDS) or (acts and not soft)
        return scene.listing or (strong and (front.explicit or acts))

    def _brand(self, reading: Reading, body: str) -> bool:
        """Tell whether a school or home bears a word of good omen as its name (阳光幼儿园, 祥和敬老院)."""
        front, member = reading.member.front, reading.member
        if not _HOUSE_NAMES.search(member.noun.word) or not self._wording.brands.match(body):
            return False
        made = front.explicit and bool(set(front.kinds) & BUILDS)
        pushed = bool(member.acts) and "foster" not in front.kinds
        return made or pushed

    def _one_of_a_kind(self, reading: Reading, body: str) -> bool:
        """Tell whether a facility of which an area has one is plainly to be built: 建立全民健康管理中心."""
        member, front, word = reading.member, reading.member.front, reading.member.noun.word
        made = front.explicit and "foster" not in front.kinds
        made = made and (bool(BUILDS & set(front.kinds)) or (bool(member.acts) and "push" in front.kinds))
        if not made:
            return False
        if standing_before(reading.mods) and word.endswith(("目的地", "综合体", "园区", "基地", "中心")):
            return True
        left = re.sub(r"[^\u4e00-\u9fff]", "", self._wording.residue(body))
        near = body + (front.subject[-6:] if front.explicit else "")
        if word in self._wording.ranks and _BUILT_ON.search(front.subject):
            # 依托某院建设区域医疗中心 makes a rank of what stands.
            return False
        unique = word.endswith(tuple(self._wording.unique)) and "打造" not in front.words
        return unique and not left and not _SEVERAL.search(near)

    # -------------------------------------------------------------- lists before a noun

    def allotments(self, scene: Scene, reading: Reading, draft: Draft) -> Iterator[Draft]:
        """Read 甲、乙各建3所; 甲、乙等7个县级殡仪馆; 甲、乙等棚户区改造 (there each listed name is a site).

        Parameters
        ----------
        scene, reading
            The clause, and the noun there with what stands before it.
        draft
            What is known of the noun whatever its kind.

        Yields
        ------
        Draft
            Nothing where no list shares the noun.
        """
        member, quantity, subject = reading.member, reading.quantity, reading.subject
        tiers = self._tiers(scene, reading, draft) if member.pending and quantity else []
        tiers = tiers or (self._ordinals(scene, reading, draft) if member.pending else [])
        if tiers:
            yield from tiers
            return
        shared, titled = self._shared(scene, reading)
        # 在甲、乙等街道建设中心各1个: the word may stand before the number.
        alike = member.alike and quantity is member.behind
        each = re.search(r"(?:各|分别|均)$" if not alike else "(?:各|分别|均)?$", subject)
        if each and not scene.carry.per and not shared:
            names = self._area.listed(subject[: each.start()])
            counts = self._respective(scene, member, len(names)) if quantity else []
            for index, name in enumerate(names):
                words = scene.within(name, subject)
                each_one = replace(draft, kind="allotment", rule="each place", count=draft.count or 1)
                each_one = each_one.at(self._area.place(name)._replace(words=words)).told(kind=words)
                scene.carry.last = replace(each_one, count=None, place=None, place_level="plan")
                if counts:
                    each_one = replace(each_one, count=counts[index].count)
                    each_one.counted(scene.base + counts[index].start, scene.base + counts[index].end)
                yield each_one
            return
        if titled or member.noun.category in SHARED_HEADS:
            for name, start, end in shared:
                place = self._area.places.match(name)
                site = replace(draft, start=scene.base + start, end=scene.base + end, kind="site", name=name, count=1)
                words = scene.spans(start, end)
                located = scene.spans(start, start + len(place[0])) if place else words
                yield replace(
                    site,
                    unit=None,
                    at_least=False,
                    place=place[0] if place else name,
                    place_level=self._area.level(name),
                    rule="shared noun",
                ).told(name=words, count=words, kind=words, place=located, place_level=words)
            return
        for name, start, end in shared:
            if _OWN_LEVEL.fullmatch(name):
                # 市级、甲县、乙县等疾控中心: the city's own is one facility.
                alone = replace(draft, start=scene.base + start, end=scene.base + end, kind="site", count=1, unit=None)
                alone = replace(alone, name=name + member.noun.word, rule="shared noun", at_least=False)
                words = scene.spans(start, end)
                whole = (*words, *scene.spans(member.noun.start, member.noun.end))
                yield alone.told(name=whole, kind=words, count=words)
                continue
            named = self._named_alike(scene, reading, draft, name, (start, end)) if quantity else None
            if named:
                yield named
                continue
            own = quantity is not None and bool(re.search(r"各(?:自|建)?(?=\d|[一二两三四五六七八九十])", reading.mods))
            count = quantity.count if own and quantity else 1
            listed = replace(draft, start=scene.base + start, kind="allotment", count=count, rule="listed places")
            words = scene.spans(start, end)
            listed.told(kind=words, count=draft.words["count"] if own else words)
            place_of = self._area.place(name)._replace(words=words)
            yield replace(listed, at_least=own and draft.at_least).at(place_of)

    def _named_alike(
        self, scene: Scene, reading: Reading, draft: Draft, name: str, span: tuple[int, int]
    ) -> Draft | None:
        """Read 新建朝阳、育才两所小学 and 提升某某苑、某某红两家民办养老院: the words are names, and no places."""
        noun = reading.member.noun
        if self._area.placeable(name):
            return None
        school = _SCHOOLS_HOSPITALS.search(noun.word)
        if not school and not (_BRANDED.search(name) and "民" in reading.mods):
            return None
        words = scene.spans(*span)
        site = replace(draft, start=scene.base + span[0], kind="site", count=1, unit=None, at_least=False)
        site = replace(site, rule="shared noun").told(kind=words, count=words)
        if not school:
            return replace(site, name=name, end=scene.base + span[1]).told(name=words)
        whole = (*words, *scene.spans(noun.start, noun.end))
        site = replace(site, name=name + noun.word).told(name=whole)
        return site.at(self._area.place(name)._replace(words=words))

    def _ordinals(self, scene: Scene, reading: Reading, draft: Draft) -> list[Draft]:
        """Read 县第一、第二、第三敬老院: each is a site; empty when the items are no ordinals."""
        member = reading.member
        spans = [*member.pending, (member.start, member.noun.start)]
        found = [_NUMBERED.fullmatch(scene.shown[start:end]) for start, end in spans]
        if not all(found) or any(item and item["of"] for item in found[1:]) or not (member.acts or member.front.active):
            return []
        of = found[0]["of"] if found[0] else ""
        sites: list[Draft] = []
        for (start, end), item in zip(spans, found, strict=True):
            words = scene.spans(start, end)
            name = of + (item["number"] if item else "") + member.noun.word
            place = self._area.of_name(name, word=member.noun.word, category=member.noun.category, behind="")
            site = replace(draft, start=scene.base + start, end=scene.base + end, kind="site", name=name, count=1)
            site = replace(site, unit=None, at_least=False, rule="ordinals").told(name=words, kind=words, count=words)
            place = place._replace(words=words) if place else nearest_place(scene, reading, self._area)
            sites.append(site.at(place or scene.carry.place))
        return sites

    def _tiers(self, scene: Scene, reading: Reading, draft: Draft) -> list[Draft]:
        """Read 1个市级、6个县级、80个乡级养老中心: each level's number of one noun; empty when it is none."""
        member = reading.member
        spans = [*member.pending, (member.start, member.noun.start)]
        found: list[Draft] = []
        for start, end in spans:
            quantity = next(self._wording.quantities(scene.shown[start:end]), None)
            rest = scene.shown[start + quantity.end : end] if quantity and quantity.start == 0 else ""
            if quantity is None or not re.match("(?:国家|[省市区县州乡镇村]|街道|社区|乡镇|镇街)级", rest):
                return []
            tier = replace(draft, start=scene.base + start, kind="quota", count=quantity.count, unit=quantity.unit)
            tier = replace(tier, end=scene.base + end, at_least=quantity.at_least, rule="levels")
            tier.counted(scene.base + start, scene.base + start + quantity.end)
            found.append(tier.told(kind=scene.spans(start, end)))
        return found

    def _respective(self, scene: Scene, member: Member, places: int) -> list[Quantity]:
        """Read 甲、乙分别建设公墓2处和1处: the numbers of the listed places in turn; empty when they do not match."""
        match = _RESPECTIVE.match(scene.shown, member.noun.end)
        counts = list(self._wording.quantities(match[0])) if match else []
        if len(counts) == places:
            return [
                replace(item, start=member.noun.end + item.start, end=member.noun.end + item.end) for item in counts
            ]
        # 甲、乙分别建设2处和1处公墓: the numbers may stand before the noun.
        start = member.pending[0][0] if member.pending else member.start
        match = _RESPECTIVE.match(scene.shown[start : member.noun.start])
        counts = list(self._wording.quantities(match[0])) if match else []
        ahead = [replace(item, start=start + item.start, end=start + item.end) for item in counts]
        return ahead if len(ahead) == places else []

    def _shared(self, scene: Scene, reading: Reading) -> tuple[list[tuple[str, int, int]], bool]:
        """Return the names that share one noun, with their spans, and whether they are names rather than places."""
        member, shown = reading.member, scene.shown
        spans = [*member.pending, (member.start, member.noun.start)]
        final = shown[spans[-1][0] : spans[-1][1]]
        if len(spans) < 2 and not re.search(r"等|两县|三县", final):
            return [], False
        relaxed = member.noun.category in SHARED_HEADS
        names: list[tuple[str, int, int]] = []
        titled = False
        for index, (start, end) in enumerate(spans):
            body = shown[start:end]
            if index == len(spans) - 1:
                body = self._group_end(body, reading)
            if not self._area.known(body):
                body = re.sub(r"^[在对和与及以](?=.{2})", "", body)
            if not body and index == len(spans) - 1:
                continue
            body = self._place_of(body) if index == len(spans) - 1 and index else body
            fit = self._fits(body, final, reading, parts=len(spans))
            if fit == "name":
                body = body.partition("等")[0]
            if not fit:
                return [], False
            titled = titled or fit == "title"
            body = body.partition("等")[0] if fit == "title" else body
            at = shown.find(body, start)
            names.append((body, at, at + len(body)))
        return (names, titled) if len(names) > 1 or relaxed else ([], False)

    def _place_of(self, body: str) -> str:
        """Cut a last item to its place where another noun stands between (丙 in 丙体育中心主|体育场)."""
        match = self._area.places.match(body)
        behind = body[match.end() :] if match else ""
        return match[0] if match and any(token.category for token in self._wording.tokens(behind)) else body

    def _group_end(self, body: str, reading: Reading) -> str:
        """Cut what sums up a list of places from its last item: 丙 in 丙等7个县级."""
        counted = reading.quantity
        if counted and counted is not reading.member.behind and counted.end <= len(reading.mods):
            return re.sub("(?:等|各|各自|分别|均|共)$", "", reading.mods[: counted.start])
        named = self._area.like(body) and not re.search(r"[\d一二两三四五六七八九十]个?|等|乡镇$", body)
        return body if named or self._area.known(body) else _GROUP_END.sub("", body)

    def _fits(self, body: str, final: str, reading: Reading, *, parts: int) -> str | None:
        """Tell what an item before a shared noun is: a ``place``, a ``title`` that begins with one, or a ``name``."""
        area, category = self._area, reading.member.noun.category
        if area.placeable(body):
            return "place"
        if area.places.match(body) and "等" in final and len(body.partition("等")[0]) <= 8:
            return "title"
        residue = self._wording.residue(body)
        if category == "renovation" or (category in SHARED_HEADS and final.endswith("等")):
            plain = len(body) <= 9 and "的" not in final and not re.search(f"的|文化|旅游|{HIDDEN}", body)
            plain = plain and bool(re.search(CJK, body))
            if plain and residue:
                return "name"
        if re.search(_OTHERS, final + reading.member.noun.word) and 2 <= len(body) <= 4 and self._area.unread(body):
            return "place"
        if not (2 <= len(body) <= 5 and residue and self._area.unread(body)):
            return None
        counted = reading.quantity is not None and reading.quantity.count == parts
        # 甲、乙、丙乡镇卫生院: the level behind the last of several says what they are; so do 山, 谷, 湖 at their ends.
        level = parts > 1 and len(residue) >= 2
        level = level and bool(_LEVEL_END.search(final) or _OF_LEVEL.match(reading.member.noun.word))
        feature = (
            parts > 1
            and category not in SHARED_HEADS
            and all(text.removesuffix("等")[-1:] in self._wording.features for text in (body, final))
        )
        # 改造甲、乙等敬老院: short names that no word of plans explains, before a house.
        member = reading.member
        house = final.endswith("等") and len(body) <= 3 and residue == body and bool(_HOUSES.search(member.noun.word))
        house = house and bool(BUILDS & set(member.front.kinds) or member.acts)
        return "place" if (counted and len(body) <= 4) or level or feature or house else None


def _plain_name(mods: str, member: Member, area: PlanArea) -> str | None:
    body = re.split(rf"[{HIDDEN}，；：、]", mods)[-1].rsplit("的", 1)[-1]
    if not area.places.match(body):
        body = re.sub(
            r"^(?:(?:确保|力争|到|计划|预计)*20\d\d年(?:年?底|年?末)?(?:以?前)?|确保|包括|例如|如|等|为|了|以及|以|并将|并|将|把|对|在|其中|优先|重点|一批|一个)+",
            "",
            body,
        )
    name = body + member.noun.word + member.name_tail
    return name if 2 < len(name) <= _MAX_NAME else None
