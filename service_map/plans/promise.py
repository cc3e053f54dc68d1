"""What a list of facility nouns promises: for each noun the kind of promise, and the words that give each field.

Told here are which nouns are promises at all, what counts them and whether every unit gets one. How numbers are shared
out stands in `share`, what is a name in `name`, and what all kinds of promise have in common in `draft`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from service_map.plans.area import Place, PlanArea, last
from service_map.plans.clause import (
    ACTS,
    BUILDS,
    Clause,
    ClauseReader,
    Front,
    Member,
    Noun,
    Said,
    cluster,
    split_clauses,
)
from service_map.plans.distribution import ShareReader
from service_map.plans.draft import (
    SHARED_HEADS,
    Carry,
    Draft,
    Reading,
    Rejection,
    Scene,
    action_of,
    first_draft,
    nearest_place,
)
from service_map.plans.lexicon import CJK, ENDLESS, HIDDEN, LEAST, Level, Quantity, Token, Wording, years
from service_map.plans.name import NameReader
from service_map.plans.outline import Passage, Span

_SIZES = ("公里", "米", "千米", "平方米", "亩", "张")
_SIZED = re.compile(
    r"(?:不低于|不少于|不小于|面积|占地|约|达到?)?\|(?:以上)?(?:床位)的|(?:不低于|不少于|不小于|面积|占地|约|达到?)\|(?:以上)?的"
)
_AREAS = frozenset({"平方米", "万平方米", "亩", "张"})
_EACH_NOUN = re.compile(
    r"(?:每一?(?:个|所|家|座|处)?|各(?:类|级|个|级各类)?|所有的?|现有的?|已有的?|"
    r"原有的?(?:\d+[个所家])?(?:公办)?|全体)$"
)
_REACHED = re.compile(r"(?:（[^（）]*）)?(?:全部|全面|均)?达到?.{0,12}(?:标准|等级|水平)")
_CONDITIONS = re.compile("(?:办学|硬件|基础|服务)?(?:条件|设施|设备)(?:全部|均|都|全面)*达到?[^，。]{0,16}标准")
_STANDARD = re.compile(r"(?:学校)?[^，。]{0,16}?达到?[^，。]{0,16}标准")
# An estate ends where the list goes on or ends, so that it can be cut in one way only.
_ESTATE = (
    r"(?>[\u4e00-\u9fff]{1,10}?(?:片区|小区|家属院|家属楼|宿舍区|宿舍|社区|大院)"
    r"(?=[、和与及等全系集进\d一二三四五六七八九十]))"
)
_RENEWED = re.compile(
    rf"(?:对(?:县域内|辖区内|全市|全县|城区|县城)*(?P<estates>{_ESTATE}(?:[、和与及]{_ESTATE})+)(?:等)?"
    r"(?:(?:[一二三四五六七八九十]+|\d+)个(?:片区|小区|社区)?)?(?:全面|系统|集中)?进行(?:全面|综合)?(?:改造|整治|更新|提升)|"
    rf"(?<![\u4e00-\u9fff])(?:重点|全面|计划|优先|完成|实施|推进|启动|对)*(?:改造|整治|更新)(?P<listed>{_ESTATE}(?:[、和与及]{_ESTATE})+)等"
    r"(?:(?:[一二三四五六七八九十]+|\d+)个)?(?:城镇|城市)?(?:老旧(?:住宅)?小区|小区|棚户区|片区|城中村))"
)
_AREA_PHRASE = re.compile(
    rf"在((?:“[^“”]+”[、和]?)+等?(?:片区|流域|地区|区域|沿线)?|{CJK}{{2,4}}(?:片区|流域|新区|新城|沿线))"
    r"(?=$|打造|建设|新建|规划|培育|布局|开展)"
)
_NAMED_LIST = re.compile(r"(?:主要|具体|重点)?(?:包括|分别是|分别为|即)")
_HAS = re.compile(
    r"(?:县|市|区|乡|镇|村|社区|街道)）?(?:都|均|要|至少)*建?有(?:(?:至少|不少于)?(?:\d+|[一两二三])[所个座处家块片][^，。]{0,8})?$"
)
_DUE_AT_END = re.compile(
    r"(?:均|都|全部|力争|确保|计划|预计|须|应|要|将|可|有望|在|于|到|至){0,8}(20[2-3]\d)年(?:[春夏秋冬]季|[上下]半年|\d{1,2}月)?(?:年?底|年?末|初)?(?:以?前)?"
    rf"(?:全部|全面|陆续|正式|基本)*(?>{ACTS}|完成|交付|交付使用|使用|到位|开学|招生|开放)+$"
)
_STARTS = re.compile("(?:开工|动工|奠基|复工)(?!.*(?:建成|竣工|投用|完工|完成))")
_OF_ITEM = re.compile(r"20\d\d年(?:底|末)?(?:新建|建成|完成|新增)?\d+[所个处家座块片条公]")
_EACH_LEVEL = re.compile("[县区镇乡]级")
_TITLE_MARK = re.compile("国家级|省级|市级|星级|A级|示范|先进|文明|绿色|优质|特色|一流|高水平")
_BUILT_ONES = re.compile("(?:已经?|上年|去年|近年来?|前期|新近)(?:建成|投用|建好|完工|运营)的?[^，。、的]{0,12}$")
_MERGED_INTO = re.compile("，?(?:撤并|合并|整合|归并|组建|调整)(?:为|成|组建)")
_COVER_RATE = re.compile(
    f"(?:（[^）]*）)?(?:在{CJK}{{1,4}}(?:（{CJK}{{1,4}}）)?)?的?覆盖率?(?:总体|均|全部|要)?(?:达到?|不低于|超过|为|提高到|提升[至到])?\\d"
)
_EARLY = re.compile("(?:已|均|全部)?(?:完成|启动|开展)(?:项目)?(?:选址|前期|立项|可研|方案|设计|征地)")
_SERVED = re.compile("[为给向](?:\\d|[一二两三四五六七八九十百]+[所个家座])")
_TAKES_PART = re.compile(
    "结对|帮扶|参与|参加|纳入(?![^，。]{0,10}(?:建设|改造|规划|项目))|开展|接入|入选|获评|获得|通过|签约|推行|试行|与|联合|入驻|对接|提供|实行|加入|完成评|公建民营|公办民营|社会化|委托"
)
_NORM = re.compile(r"每百户|按照?(?:不低于)?(?:人均|每百|每[千万])[^，。；]{2,24}?(?:标准|要求|比例|平方米|张|个)")
_UPPER_TOO = re.compile("([市县区省州盟]级|[市县区州]本级)(?:和|与|及|、|以及)(?:各|每)")
_GOES_ON = re.compile(r"[并且须应要均都各可]|同时|以及|采取|采用|通过|按照?|以")


class PromiseReader:
    """Reads clauses of one plan into drafts.

    Parameters
    ----------
    wording
        The word lists.
    area
        The places of the plan.
    why
        Whether to keep what is no promise.

    Attributes
    ----------
    rejections
        Facility nouns that were seen and are no promise, with the reason, in reading order; None where nobody asked.
    """

    def __init__(self, wording: Wording, area: PlanArea, *, why: bool = False) -> None:
        self._wording = wording
        self._area = area
        self._clauses = ClauseReader(wording, area)
        self._shares = ShareReader(wording, area)
        self._names = NameReader(wording, area)
        self.rejections: list[Rejection] | None = [] if why else None

    def read(self, passage: Passage, a: int, b: int, carry: Carry, *, listing: bool) -> Iterator[Draft]:
        """Read one clause.

        Parameters
        ----------
        passage
            The passage it stands in.
        a, b
            Its span there.
        carry
            What earlier clauses of the sentence hand on; changed in place.
        listing
            Whether bare names are promises here (a box, a list that ends in 等项目).

        Yields
        ------
        Draft
        """
        text = passage.text[a:b]
        renewed = _RENEWED.search(text)
        phrase = _AREA_PHRASE.search(text)
        if phrase and not renewed:
            carry.place = Place(phrase[1], "landmark", passage.spans(a + phrase.start(1), a + phrase.end(1)))
        drafts = self._renewed(passage, a, renewed, carry) if renewed else self._clause(passage, a, b, carry, listing)
        for draft in drafts:
            carry.said.append(draft)
            carry.topic = draft
            yield draft

    def look(self, passage: Passage, a: int, b: int, carry: Carry) -> list[Draft]:
        """Read a clause for what it speaks of, whether or not it promises it; nothing is rejected or carried on."""
        rejections, self.rejections = self.rejections, None
        try:
            return list(self.read(passage, a, b, carry, listing=False))
        finally:
            self.rejections = rejections

    def _clause(self, passage: Passage, a: int, b: int, carry: Carry, listing: bool) -> Iterator[Draft]:
        text = passage.text[a:b]
        clause = self._clauses.open(text, a)
        verbs = clause.verbs
        if verbs and not _GOES_ON.match(text):
            carry.per = None
        nouns = [token.end for token in clause.tokens if token.category]
        due = _DUE_AT_END.search(clause.shown)
        due = due if due and due.start() >= max(nouns, default=0) and not _STARTS.search(due[0]) else None
        end = due.start() if due else len(text)
        times = tuple((at, year) for at, year in years(text) if at < end and not _in_bracket(clause, at))
        scene = Scene(
            passage,
            a,
            clause,
            carry,
            times,
            listing or (bool(_NAMED_LIST.match(text)) and "keep" not in carry.front.kinds),
        )
        if len(verbs) == len(clause.tokens):
            yield from self._without_noun(scene, verbs)
        else:
            self._clauses.parse(clause, carry.front, listing=scene.listing)
            for members in clause.lists:
                yield from self._members(scene, members)
            carry.front = clause.front if clause.front.kinds else carry.front
        # A year behind the first noun is that of what stands before it; one before all nouns holds for what follows.
        first = min((token.start for token in clause.tokens if token.category), default=len(text))
        leading = [year for at, year in times if at < first and not _OF_ITEM.match(text, at)]
        if leading:
            carry.year_words = scene.year_words(first)
            carry.year = leading[-1]
        if due:
            _date(carry.said, int(due[1]), since=a if nouns else None, words=scene.spans(*due.span(1)))

    # -------------------------------------------------------------- clauses without a facility's noun

    def _without_noun(self, scene: Scene, verbs: list[Token]) -> Iterator[Draft]:
        """Read a clause that only hands on its level and verb, or gives numbers of what was named before."""
        carry = scene.carry
        yield from self._shares.again(scene)
        level = next(self._wording.levels(scene.passage.text[scene.base : scene.base + len(scene.shown)]), None)
        if level:
            carry.per, carry.per_count = level.per, level.count
            carry.per_words = scene.spans(level.start, level.end)
        if verbs:
            run, _ = cluster(scene.clause.masked, verbs, len(scene.clause.masked))
            kinds = tuple(token.verb.kind for token in run if token.verb)
            carry.front = Front(kinds, scene.clause.words(run), "", explicit=True)

    def _renewed(self, passage: Passage, base: int, match: re.Match[str], carry: Carry) -> Iterator[Draft]:
        """Read 对甲片区、乙小区和丙小区进行改造: every listed estate is renewed."""
        group = "estates" if match["estates"] else "listed"
        for part in re.finditer(r"[^、和与及]+", match[group]):
            start = base + match.start(group) + part.start()
            draft = Draft(
                passage, start, start + len(part[0]), "renovation", "site", "upgrade", "renewed estates", name=part[0]
            )
            named = passage.spans(start, draft.end)
            done = passage.spans(base + match.start(), base + match.end())
            draft = replace(draft, count=1, year=carry.year).told(name=named, count=named, kind=named)
            draft.told(category=done, action=done, year=carry.year_words)
            yield draft.at(self._area.place(part[0])._replace(words=named))

    # -------------------------------------------------------------- members of a list

    def _members(self, scene: Scene, members: list[Member]) -> Iterator[Draft]:
        expanded = next((member for member in members if member.bracket), None)
        if expanded and not expanded.rejected:
            yield from self._bracket(scene, expanded)
            if expanded.behind:
                return
            members = [member for member in members if member is not expanded]
        spread: str | None = None
        spread_words: tuple[Span, ...] = ()
        has = False
        for index, member in enumerate(members):
            mods = scene.clause.said(member.start, member.noun.start)
            if member.pivot and mods.startswith("以"):
                yield from self._names.pivot(scene, member)
            if member.glue == "或" and index and members[index - 1].noun.category == member.noun.category:
                # 公墓或骨灰楼: one of the two.
                continue
            if _EACH_NOUN.search(mods) and not member.each:
                yield from self._every_one(scene, member)
                continue
            reason = self._refused(scene, member, mods)
            if reason:
                self._reject(scene, member.noun, reason)
                continue
            own = index == 0 or member.start == member.noun.start
            # The verb between the two is hidden, so that 各|新建|县级 names no 各县.
            pieces = (member.front.subject, HIDDEN, mods) if own else (mods,)
            level = self._level_before("".join(pieces), mods)
            if level:
                scene.carry.per, scene.carry.per_count = level.per, level.count
                scene.carry.per_words = scene.joined(level.start, level.end, *pieces)
            # 每个县有一个图书馆、文化馆: what is said of the first holds for the others.
            has = bool(level and _HAS.search(member.front.subject + mods if own else mods)) or (has and not level)
            self._carry_acts(scene, member)
            has = has and not member.existing
            if index == 0:
                spread, a, b = self._spread(member.front.subject, mods, scene.shown)
                unit = self._wording.unit_at(mods) if member.covers and not spread else None
                spread, a, b = (unit, 0, len(mods)) if unit else (spread, a, b)
                spread_words = scene.joined(a, b, *((mods,) if unit else (member.front.subject, mods)))
            here = spread and (self._wording.unit_at(mods) or spread) if index else spread
            quantity, at = self._quantity(scene, member, mods, first=index == 0)
            counted = (at, at + quantity.end - quantity.start) if quantity and at >= 0 else member.behind_at
            reading = Reading(member, mods, quantity, here, has, counted, spread_words if here else (), bool(level))
            yield from self._read(scene, reading)

    def _bracket(self, scene: Scene, member: Member) -> Iterator[Draft]:
        """Read a list in brackets behind a noun: 幼儿园建设项目（甲幼儿园、乙幼儿园）; 学校28所（小学6所，初中3所）."""
        if member.behind:
            head = first_draft(scene, member, "head", self._wording)
            head = replace(head, kind="quota", void=True, count=member.behind.count, unit=member.behind.unit)
            yield head.counted(*member.behind_at)
        start, end = member.bracket or (0, 0)
        action = action_of(member, self._wording)
        kind = action if action in BUILDS else "unspecified"
        mods = scene.clause.said(member.start, member.noun.start)
        place = nearest_place(scene, Reading(member, mods, None, None), self._area) or scene.carry.place
        town = re.match("县城|老城区", mods)
        inner = Carry(front=Front((kind,), ("",)), year=scene.carry.year, place=place)
        inner.year_words = scene.carry.year_words
        acted = scene.words_of((*member.front.words, *member.acts)) or scene.spans(member.noun.start, member.noun.end)
        for a, b in split_clauses(scene.shown, start, end):
            for draft in self.read(scene.passage, scene.base + a, scene.base + b, inner, listing=True):
                if town:
                    draft.locality = town[0]
                    draft.told(locality=scene.within(town[0], mods))
                if draft.action in ("unspecified", "new"):
                    draft.action = action
                    draft.told(action=acted)
                elif not any(draft.verbs):
                    draft.told(action=(*acted, *draft.words.get("action", ())))
                if draft.rule == "type":
                    draft.told(kind=acted)
                yield draft if draft.place else draft.at(place)

    def _level_before(self, text: str, mods: str) -> Level | None:
        """Return the unit that the words before a noun name, None where they name none."""
        level = next(self._wording.levels(text), None)
        # 在建的县体育公园: the last word begins the name.
        begins_name = level and mods and level.end == len(text) and text[level.start :] in ("县", "区", "市")
        return None if begins_name else level

    def _refused(self, scene: Scene, member: Member, mods: str) -> str | None:
        """Return why a noun is no promise, None when it may be one."""
        front = member.front
        if member.noun.word in self._wording.box_only and not scene.passage.box:
            return "这个词只在项目表里指设施 a word that names a facility only in a list of projects"
        if member.rejected and not _COVER_RATE.match(scene.shown, member.noun.end):
            return "词后所说不是设施本身（服务、能力、覆盖率等） what stands behind it speaks of something else"
        shared_pivot = member.pivot and member.pending and member.noun.category in SHARED_HEADS
        if member.existing and not shared_pivot:
            return "已有的设施（以…为依托） stands already"
        if "keep" in front.kinds and front.explicit and not (member.acts and front.kinds[-1] != "keep"):
            return f"已有的设施，或不在此建设（{front.words[-1]}） stands already or is not built here"
        return self._takes_part(scene, member, mods)

    def _capacity(self, scene: Scene, member: Member) -> bool:
        """Tell whether places or beds say how large a facility is that the sentence named (…中心，托位150个)."""
        topic = scene.carry.topic
        before = scene.shown[: member.noun.start]
        if not member.noun.word.endswith("位"):
            return False
        if member.total and not re.search("新增|增加", before):
            return True
        if re.search("每[所个家处座]", before):
            return True
        if topic is None or topic.noun_at is None:
            return False
        one = topic.kind == "site" or topic.count == 1 or (topic.kind == "intent" and topic.action == "expand")
        return one and not re.search("其中|全[市县区]|累计|共", before)

    def _takes_part(self, scene: Scene, member: Member, mods: str) -> str | None:
        """Return why the words around a noun say that it stands and only takes part in something, else None."""
        front = member.front
        if front.explicit and front.words[-1] == "创建" and _TITLE_MARK.search(mods):
            return "评定的称号，不是建设 a title that existing ones are given"
        if _SERVED.match(mods) and not member.acts:
            return "服务的对象，不是建设 whom a measure serves"
        stands = self._stands(scene, member, mods) if not member.acts else None
        if stands:
            return stands
        if self._capacity(scene, member):
            return "前述设施的规模 the size of what was named before"
        if re.search(r"每[千万百]|人均", _NORM.sub("", front.subject + mods)):
            return "比率或人均指标 a rate"
        return None

    def _stands(self, scene: Scene, member: Member, mods: str) -> str | None:
        """Return why the words around a noun without an act say that it stands already, else None."""
        front = member.front
        counted = next(self._wording.quantities(mods), None)
        if counted and _TAKES_PART.match(scene.shown, member.noun.end):
            # 推进120所幼儿园结对帮扶: the number counts those that take part.
            return "参与的已有设施，不是建设 existing ones that take part"
        if _BUILT_ONES.search(scene.shown[: member.noun.start]):
            return "已建成的设施 one that stands already"
        if _EARLY.match(scene.shown, member.noun.end):
            return "只做前期工作 only preparations"
        merged = front.explicit and set(front.words) <= {"整合", "合并", "归并"}
        if merged and _MERGED_INTO.match(scene.passage.text, scene.base + len(scene.shown)):
            return "并入他处的已有设施 existing ones that are merged into others"
        return None

    def _reject(self, scene: Scene, noun: Noun, reason: str) -> None:
        if self.rejections is not None:
            self.rejections.append(
                Rejection(scene.passage, scene.base + noun.start, scene.base + noun.end, noun.category, reason)
            )

    def leave(self, passage: Passage, start: int, end: int, reason: str) -> None:
        """Note the facility nouns of a part of a passage that is not read, where somebody asked for it."""
        if self.rejections is not None:
            self.rejections.extend(
                Rejection(passage, start + token.start, start + token.end, token.category, reason)
                for token in self._wording.tokens(passage.text[start:end])
                if token.category
            )

    def _every_one(self, scene: Scene, member: Member) -> Iterator[Draft]:
        """Read 所有普通高中达到标准: every one that stands is raised; else the noun is only a unit."""
        noun = member.noun
        reached = _STANDARD.match(scene.shown[noun.end :])
        if reached is None or (member.rejected and not _CONDITIONS.match(scene.shown[noun.end :])):
            self._reject(scene, noun, "指已有的各个单位（每个、所有、现有） names units that stand already")
            return
        per = self._wording.unit_at(noun.word) or ("school" if "school" in noun.category else None)
        words = scene.spans(noun.end, noun.end + reached.end()) if reached else ()
        every = scene.spans(member.start, noun.end)
        draft = first_draft(scene, member, "every one", self._wording)
        draft = replace(draft, kind="coverage", action="upgrade", per=per)
        yield draft.told(kind=every, action=words, per=every)

    def _carry_acts(self, scene: Scene, member: Member) -> None:
        if member.acts:
            scene.carry.acts = member.acts
        elif (
            scene.listing
            and not member.front.kinds
            and scene.shown.startswith(("包括", "主要包括", "具体包括", "分别"))
        ):
            member.acts = scene.carry.acts

    def _spread(self, subject: str, mods: str, shown: str) -> tuple[str | None, int, int]:
        """Read 全市乡镇…, 全市县级…: a whole area and a level name every unit of it.

        The span of these words is that in `subject` and `mods`, joined.
        """
        before = len(subject)
        match = re.search(
            r"(?:全市|全县|全区|我市|我县|各级|所有|全部|各(?=(?:乡镇|镇|乡|街道)$))([^\d]{0,8})$", subject + mods
        )
        match = match or re.compile(r"(?:全市|全县|所有)([^\d]{0,12})").search(subject + mods, before)
        if match:
            unit = "township" if match[0] in ("各镇", "各乡") else self._wording.unit_at(match[1])
            return unit, *match.span()
        level = re.match(r"县级|乡镇|乡级", mods)
        if level and re.search(r"达到?[^，。]{0,8}(?:标准|等级)", shown):
            return self._wording.unit_at(mods), before, before + level.end()
        return None, 0, 0

    def _quantity(self, scene: Scene, member: Member, mods: str, *, first: bool) -> tuple[Quantity | None, int]:
        """Return the number that counts a noun: before it, else behind it, else right before its verb (一所建设…).

        With it goes where it begins in the passage, -1 for the number behind the noun.
        """
        front = member.front
        reach_at = member.pending[0][0] if member.pending and "的" in mods else member.start
        reach = scene.clause.said(reach_at, member.noun.start)
        counted = list(self._wording.quantities(reach))
        counted = [
            q
            for q in counted
            if not (q.unit in _AREAS and _SIZED.search(reach[: q.start] + "|" + reach[q.end :]))
            and not (q.unit == "平方米" and LEAST.search(reach[max(0, q.start - 4) : q.start]))
        ]
        before = last(
            q
            for q in counted
            if not re.search(r"[”在对于为将把]", re.sub("^(?:以上)?(?:的)?“[^“”]*”|不[少低小]于", "", reach[q.end :]))
        )
        if before and len(counted) > 1 and counted[-1].unit in _SIZES and reach[counted[-1].end :].startswith("的"):
            # 一条10公里以上的步道: the length describes, the first number counts.
            before = counted[0]
        if before is None and front.explicit and first:
            close = last(self._wording.quantities(front.subject))
            before = close if close and close.end == len(front.subject) else None
            reach = front.subject if before and isinstance(front.subject, Said) else reach
        quantity = before or member.behind
        at = reach.at + before.start if before else -1
        if quantity and front.explicit:
            near = (
                front.subject[-8:]
                + "".join(front.words)
                + re.split("[、，]", scene.shown[max(0, member.start - 8) : member.start])[-1]
            )
            if LEAST.search(near):
                quantity = replace(quantity, at_least=True)
        return quantity, at

    def _read(self, scene: Scene, reading: Reading) -> Iterator[Draft]:
        member, quantity = reading.member, reading.quantity
        front = member.front
        draft = first_draft(scene, member, "type", self._wording)
        if "的" in reading.mods and member.pending and quantity and quantity is not member.behind:
            draft.start = scene.base + member.pending[0][0]
        soft = "foster" in front.kinds or re.match("鼓励|支持|引导|探索", reading.subject)
        if not quantity and not member.acts and soft:
            scene.carry.per = None
        reached = _COVER_RATE.match(scene.shown, member.noun.end) is not None
        active = (
            front.active
            or reached
            or bool(member.acts)
            or member.covers
            or quantity is not None
            or reading.has
            or member.project
        )
        if not active and not scene.listing and not (scene.carry.per and front.explicit):
            self._reject(scene, member.noun, "没有动词承诺它 no verb promises it")
            return
        if quantity and quantity is member.behind and member.sum_reached:
            self._reject(scene, member.noun, "总数（含已有的），不是新的任务 a total that counts what stands")
            yield replace(draft, void=True, kind="quota", rule="sum", unit=quantity.unit)
        elif quantity and not quantity.count:
            self._reject(scene, member.noun, "数目为零 none of them is to be built")
        else:
            yield from self._promised(scene, reading, draft)

    def _promised(self, scene: Scene, reading: Reading, draft: Draft) -> Iterator[Draft]:
        """Read what a noun that is promised is: how many of it, and of what kind the promise is."""
        member, quantity, front = reading.member, reading.quantity, reading.member.front
        if quantity:
            draft.count, draft.unit, draft.at_least = quantity.count, quantity.unit, quantity.at_least
            near = min(reading.counted[0], scene.base + member.start) - 8
            if isinstance(front.subject, Said) and front.explicit:
                near = min(near, front.subject.at + len(front.subject) - 8)
            draft.counted(*reading.counted, least_from=max(near, 0))
            draft.note = "per year" if quantity.yearly or "每年" in reading.subject else None
            draft.told(note=scene.within("每年", reading.subject) or draft.words["count"])
            built = reading.subject + reading.mods + ("".join(front.words) if front.explicit else "")
            if member.total and not re.search("新增|配建|新建|建设|建成", built):
                draft.action = "unspecified"
        else:
            _note_endless(scene, member, draft)
        stands = front.words[-1:] == ("建有",) if front.explicit else reading.has
        if quantity and stands and not member.acts:
            # 每个乡镇有一处公墓: how it comes about is not said, whatever the clause before did.
            draft.action = "unspecified"
        for code in self._wording.several.get(member.noun.word, (draft.category,)):
            yield from self._classify(scene, reading, replace(draft, category=code))

    # -------------------------------------------------------------- kinds

    def _classify(self, scene: Scene, reading: Reading, draft: Draft) -> Iterator[Draft]:
        """Tell the kind of promise: for each listed place, for every unit, a number, a name, or only a type."""
        for read in (self._names.allotments, self._coverage, self._quota, self._names.site):
            found = list(read(scene, reading, draft))
            if found:
                yield from found
                return
        places: list[Place | None] = [
            self._area.place(name)._replace(words=scene.within(name, reading.subject))
            for name in self._area.listed(reading.subject)
        ]
        level = _EACH_LEVEL.match(reading.mods) if len(places) > 1 else None
        if level and draft.kind == "intent" and "foster" not in reading.member.front.kinds:
            # 在甲、乙、丙建设县级公共实训基地: of what belongs to a county each of them gets one.
            for place in places:
                words = place.words if place else ()
                yield replace(draft, kind="allotment", count=1, rule="each place").at(place).told(kind=words)
            return
        for place in places or [nearest_place(scene, reading, self._area) or scene.carry.place]:
            scene.carry.last = draft.at(place)
            yield scene.carry.last

    def _coverage(self, scene: Scene, reading: Reading, draft: Draft) -> Iterator[Draft]:
        """Read 每个县区至少1所; 全市乡镇文化站提档升级; 县级公墓全覆盖."""
        member, carry = reading.member, scene.carry
        # 各县新建幼儿园合计60所: the number is that of all together.
        together = re.match("[^，；]{0,4}(?:合计|总计|共计)", scene.shown[member.noun.end :])
        if member.units:
            for word in member.units:
                unit, words = self._wording.unit_at(word), scene.words_of((word,))
                yield replace(draft, kind="coverage", per=unit, rule="all of the units").told(kind=words, per=words)
            return
        if member.each:
            words = scene.passage.spans(*member.behind_at)
            yield replace(draft, kind="coverage", per=member.each, rule="every unit behind").told(kind=words, per=words)
            return
        named = self._covered(scene, reading)
        if not named or together:
            return
        if not reading.quantity:
            if carry.per and carry.per_count:
                draft.count, draft.unit = carry.per_count, "个"
                draft.told(count=carry.per_words, unit=carry.per_words)
            if reading.spread and not carry.per and not member.acts:
                reached = _REACHED.match(scene.shown[member.noun.end :])
                draft.action = "upgrade" if reached else "unspecified" if draft.action == "new" else draft.action
            if member.covers:
                draft.action = "unspecified"
        self._localise(draft, member.noun.word, {unit for unit, _ in named})
        yield from self._upper(scene, reading, draft)
        carry.last = replace(draft, count=None, at_least=False, words=dict(draft.words))
        for unit, words in named:
            yield replace(draft, kind="coverage", per=unit, rule="every unit").told(kind=words, per=words)

    def _localise(self, draft: Draft, word: str, units: set[str]) -> None:
        """Sort a general house by the unit of which each has one: 每个街道1个养老服务综合体 is one of the community."""
        if units & {"township", "community", "village"}:
            draft.category = self._wording.local.get(word, draft.category)

    def _upper(self, scene: Scene, reading: Reading, draft: Draft) -> Iterator[Draft]:
        """Read 市级和各县分别建1所: the city's own is one more."""
        upper = _UPPER_TOO.search(reading.subject)
        if upper and isinstance(reading.subject, Said):
            at = reading.subject.at + upper.start(1)
            words = scene.passage.spans(at, at + len(upper[1]))
            yield replace(draft, kind="quota", rule="own level").told(kind=words)

    def _covered(self, scene: Scene, reading: Reading) -> list[tuple[str, tuple[Span, ...]]]:
        """Return the units that each get it, with the words that say so; empty when it is no rule."""
        member, carry = reading.member, scene.carry
        counted = reading.quantity is not None and reading.quantity is member.behind
        own = self._wording.unit_at(reading.mods) if member.covers else None
        if member.noun.word in self._wording.acting:
            own = self._wording.nearest_unit(reading.subject[-8:] + reading.mods)
        if carry.per and not reading.ruled and not own and self._names.official(scene, reading):
            # 每个村有一所卫生室，县疾控中心…: the county's own is no matter of the villages.
            carry.per = carry.per_count = None
        per = own or carry.per or (None if counted else reading.spread)
        words = scene.words_of((reading.mods,)) if own else carry.per_words if carry.per else reading.spread_words
        return [(per, words)] if per else self._units(scene, reading) if member.covers else []

    def _units(self, scene: Scene, reading: Reading) -> list[tuple[str, tuple[Span, ...]]]:
        """Tell the units of 全覆盖: those named right behind the noun, else by the level words nearest before it."""
        noun = reading.member.noun
        behind = scene.shown[noun.end : noun.end + 24]
        match = re.match(
            r"(?:（[^（）]*）)?(?:在|实现|基本)*([^，。]{0,18}?)(?:实现|基本|达到)?“?(?:全覆盖|100%)", behind
        )
        named: list[tuple[str, tuple[Span, ...]]] = []
        for part in re.finditer("[^、和]+", match[1]) if match else ():
            unit = "village" if part[0] == "农村" else self._wording.unit_at(part[0])
            at = noun.end + match.start(1) + part.start() if match else 0
            if unit:
                named.append((unit, scene.spans(at, at + len(part[0]))))
        if named:
            return named
        subject, mods = reading.subject, reading.mods
        word = scene.clause.said(noun.start, noun.end)
        unit = self._wording.nearest_unit(subject[-14:] + mods)
        if unit:
            return [(unit, scene.joined(len(subject[:-14]), len(subject) + len(mods), subject, mods))]
        unit = self._wording.nearest_unit(noun.word)
        if unit:
            return [(unit, scene.words_of((word,)))]
        if "农村" in subject + mods:
            return [("village", scene.within("农村", subject, mods))]
        if re.search("殡仪馆|医院|特殊教育|光荣院|公墓|骨灰", noun.word):
            return [("county", scene.words_of((word,)))]
        return [("township", scene.within("基层", subject, mods))] if "基层" in subject + mods else []

    def _quota(self, scene: Scene, reading: Reading, draft: Draft) -> Iterator[Draft]:
        """Read a number without sites: 新建体育公园5个."""
        quantity = reading.quantity
        if not quantity or not quantity.count or (scene.listing and self._sized_name(reading.mods, quantity)):
            return
        noun = reading.member.noun
        boxed = quantity is reading.member.behind and scene.shown[
            noun.end + len(reading.member.name_tail) :
        ].startswith("（")
        if boxed and quantity.unit == "公里" and (reading.member.name_tail or scene.listing):
            # 某健身步道二期（9公里）
            return
        if quantity.unit == "公里" and quantity is reading.member.behind and self._runs_along(reading):
            # 某河绿道贯通18公里: the length describes one named trail.
            return
        if quantity.unit is None and "N" not in scene.shown[noun.end : noun.end + 8]:
            return
        names = self._area.listed(reading.subject)
        if len(names) == quantity.count and len(names) > 1 and reading.member.front.explicit:
            # 在甲、乙建设2个急救分中心: as many as the places, one for each.
            for name in names:
                words = scene.within(name, reading.subject)
                one = replace(draft, kind="allotment", count=1, rule="each place").told(kind=words)
                yield one.at(self._area.place(name)._replace(words=words))
            return
        place = nearest_place(scene, reading, self._area) or scene.carry.place
        quota = replace(draft, kind="quota", rule="number").told(kind=draft.words["count"])
        scene.carry.last = quota.at(place)
        yield scene.carry.last

    def _sized_name(self, mods: str, quantity: Quantity) -> bool:
        """Tell whether a number is part of a listed name (某线15公里廊道)."""
        before = re.split("[、，]", mods[: quantity.start])[-1]
        return quantity.unit in _SIZES and len(self._wording.residue(before)) >= 2

    def _runs_along(self, reading: Reading) -> bool:
        """Tell whether a trail has the name of a river, a road or a hill before it, and what is done is said of it."""
        member = reading.member
        named = re.search(rf"{CJK}{{2,6}}$", reading.mods)
        feature = bool(named and set(self._wording.features) & set(named[0][-2:]))
        return feature and bool(member.acts) and not {"新建", "建设", "建成", "新增"} & set(member.acts)


def _date(drafts: list[Draft], year: int, *, since: int | None, words: tuple[Span, ...]) -> None:
    """Give drafts the year behind them: 甲、乙三项工程于2024年底前投用; …，均于2023年年底前完成."""
    for draft in drafts:
        behind = draft.year is None if since is None else draft.start >= since
        if behind and not draft.dated:
            draft.year = year
            draft.told(year=words)


def _note_endless(scene: Scene, member: Member, draft: Draft) -> None:
    """Note that figures stand at a noun which count nothing, being too many."""
    endless = ENDLESS.search(scene.shown, member.start, member.limit)
    if endless:
        draft.note = "count unreadable"
        draft.told(note=scene.spans(*endless.span()))


def _in_bracket(clause: Clause, at: int) -> bool:
    return clause.masked[at] == HIDDEN and clause.shown[at] != HIDDEN
