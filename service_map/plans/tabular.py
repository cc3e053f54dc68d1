"""What a row of a table or a block of labelled lines promises: one facility, or a number of them at a place."""

import re
from array import array
from collections.abc import Iterator
from dataclasses import replace

from service_map.plans.area import PlanArea
from service_map.plans.detail import apply_site, capacity_of
from service_map.plans.draft import Draft, act_kinds
from service_map.plans.lexicon import Wording, number
from service_map.plans.outline import Passage, Span
from service_map.plans.sentences import ACTS, BUILDS
from service_map.plans.where import read_site

_NATURE = re.compile(rf"（(?:拟)?(?P<nature>(?:{ACTS})、?(?:{ACTS})?)(?:项目|工程)?）$")
_WORK = re.compile(
    r"(?P<acts>(?:改造提升|提升改造|改扩建|新建|扩建|改建|迁建|搬迁|重建|改造|续建|提升|修缮|建设|异地新建)*+)(?:项目|工程)?$"
)
_COUNT = re.compile(r"(?:约|共)?(?P<n>\d+)(?P<unit>[所个处家座块片条套栋])?(?:以上)?")
_SITED = re.compile("(?:选址|位于|地址|坐落于|地处)(?:在|于|：)?([^，。；\n]{2,30})")
_ACTED = re.compile(
    rf"(?P<act>(?:{ACTS})++)(?P<noun>[\u4e00-\u9fff]{{0,16}}?)(?:共|约)?(?P<n>\d+)(?P<unit>[所个处家座块片条套栋])"
)
_WHOLE_AREA = re.compile("全[市县区州省盟旗]|各(?:县|乡镇|街道).{0,6}")
_EVERY = re.compile("(?:各|其余|其他|沿|全部|所有).{0,4}(?:县|区|乡镇|街道|镇|乡|社区|村)")
_OWN_SIZE = re.compile("[位穴]$|[床托学格]位|墓穴|面积|[一二三四]期")
_SAYS = re.compile(
    rf"^(?:对|利用|计划|拟|全[市县区州])*+[^，。；]{{0,20}}?{ACTS}|\d(?:所|处|个|座|家|片|块|条|公里)|全覆盖|每个?[县乡镇街村社]"
)
_NO_WORK = re.compile("(?:撤并|撤销|关停|停办|保留|维持现状|现状)(?:类|项目|保留)?")
_STARTS = re.compile("开工|启动|动工|前期")


class RecordReader:
    """Reads the records of one plan.

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

    def read(
        self, passage: Passage, *, year: int | None, year_words: tuple[Span, ...] = (), action: str | None = None
    ) -> Iterator[Draft]:
        """Read one record.

        Parameters
        ----------
        passage
            A passage of the role ``record``.
        year, year_words
            The year that the heading over the table names, and where.
        action
            What the heading says is done (续建项目), None where it says nothing.

        Yields
        ------
        Draft
        """
        text = passage.text
        fields = passage.fields
        kind, _, start, end = fields[0]
        if kind != "name":
            return
        name_end, nature = end, None
        match = _NATURE.search(text[start:end])
        if match:
            nature, name_end = (start + match.start("nature"), start + match.end("nature")), start + match.start()
        work = _WORK.search(text[start:name_end])
        if work and work.start() > 0:
            if nature is None and work["acts"]:
                nature = (start + work.start("acts"), start + work.end("acts"))
            name_end = start + work.start()
        name = text[start:name_end]
        token = None
        for item in self._wording.tokens(name):
            if item.category:
                token = item
        if token is None or token.category is None or len(name) < 2 or self._given_up(passage):
            return
        draft = Draft(passage, start, name_end, token.category, "site", "new", "record", name=name, count=1)
        draft.noun_at = (start + token.start, start + token.end)
        words = passage.spans(start, name_end)
        draft.told(name=words, category=passage.spans(*draft.noun_at), kind=words, count=words)
        self._act(draft, nature, action)
        self._year(draft, year, year_words)
        self._where(draft)
        several = list(self._each_act(draft, name))
        if several:
            yield from several
            return
        self._counted(draft, name)
        self._capacity(draft)
        own = next((a for key, unit, a, _ in fields if unit != "above"), start)
        if fields[0][1] == "above":
            # The name stands further up; the record stands in its own row.
            draft.start = own
            draft.end = next(b for _, _, a, b in fields if a == own)
        yield draft

    @staticmethod
    def _given_up(passage: Passage) -> bool:
        """Tell whether a row's group or nature says that nothing is built: 撤并, 保留, 维持现状."""
        told = (passage.text[a:b] for kind, _, a, b in passage.fields if kind in ("group", "nature"))
        return any(map(_NO_WORK.fullmatch, told))

    def in_words(self, passage: Passage) -> Passage | None:
        """Return a row whose content is running text as a sentence: its type, a colon, and the text; else None.

        So it is where the name is that of a type, or of no facility (全民健身工程), and the content says what is built.
        """
        kind, _, start, end = passage.fields[0]
        said = next(((a, b) for name, _, a, b in passage.fields if name == "size"), None)
        if kind != "name" or said is None or not _SAYS.search(passage.text[slice(*said)]):
            return None
        name = passage.text[start:end]
        act = next((token.start for token in self._wording.tokens(name) if token.verb and token.start), len(name))
        body = _WORK.sub("", name[:act])
        nouns = [token for token in self._wording.tokens(passage.text[slice(*said)]) if token.category]
        if any(token.category for token in self._wording.tokens(body)) and (
            len(self._wording.residue(body)) >= 2 or self._area.official(body, body)
        ):
            return None
        if all(_OWN_SIZE.search(token.word) for token in nouns) and _OWN_SIZE.search(passage.text[slice(*said)]):
            return None
        own = body if any(token.category for token in self._wording.tokens(body)) else ""
        spans = [(start, start + len(own)), (start + len(own) - 1, start + len(own)), said] if own else [said]
        text = "".join(passage.text[a:b] for a, b in spans)
        if own:
            text = f"{own}：{passage.text[slice(*said)]}"
        lines, columns = array("I"), array("I")
        for a, b in spans:
            lines.extend(passage.lines[a:b])
            columns.extend(passage.columns[a:b])
        return replace(passage, text=text, lines=lines, columns=columns, role="body", fields=(), box=True)

    def in_row(self, draft: Draft, passage: Passage, *, year: int | None, year_words: tuple[Span, ...]) -> Draft:
        """Give what the content of a row says the place, the year and the act that its other cells tell."""
        row = Draft(passage, 0, 0, draft.category, "site", "unspecified", "row", name="")
        self._act(row, None, None)
        self._year(row, year, year_words)
        self._where(row)
        if draft.year is None and row.year:
            draft.year = row.year
            draft.told(year=row.words["year"])
        if draft.action == "unspecified" and any(True for _ in self._fields(row, "nature")):
            draft.action = row.action
            draft.told(action=row.words["action"])
        area = next((passage.text[a:b] for _, a, b in self._fields(row, "place")), "")
        if draft.kind == "coverage":
            if _EVERY.fullmatch(area) and draft.condition is None:
                draft.condition = area
                draft.told(condition=row.words["place"])
        elif draft.place is None and row.place:
            draft.place, draft.place_level = row.place, row.place_level
            draft.kind = "allotment" if draft.kind == "quota" else draft.kind
            draft.told(place=row.words["place"], place_level=row.words["place"])
        if draft.locality is None and row.locality:
            draft.locality = row.locality
            draft.told(locality=row.words["locality"])
        return draft

    def _fields(self, draft: Draft, *kinds: str) -> Iterator[tuple[str | None, int, int]]:
        for kind, unit, start, end in draft.passage.fields:
            if kind in kinds:
                yield unit, start, end

    def _act(self, draft: Draft, nature: tuple[int, int] | None, action: str | None) -> None:
        """Set what is done: by the column or label of it, the bracket behind the name, the size, the heading."""
        text = draft.passage.text
        spans = [(a, b) for _, a, b in self._fields(draft, "nature")]
        spans += [nature] if nature else []
        for _, a, b in self._fields(draft, "size"):
            lead = re.match(rf"(?:计划|拟|利用[^，。；]{{2,20}}?)?(?P<act>{ACTS})", text[a:b])
            spans += [(a + lead.start("act"), a + lead.end("act"))] if lead else []
        groups = [(a, b) for _, a, b in self._fields(draft, "group")]
        for a, b in spans + groups:
            kinds = [kind for kind in act_kinds(text[a:b], self._wording) if kind in BUILDS]
            if kinds:
                distinct = list(dict.fromkeys(kinds))
                draft.action = distinct[0] if len(distinct) == 1 else "mixed"
                draft.told(action=draft.passage.spans(a, b))
                return
        for _, a, b in self._fields(draft, "caption"):
            kinds = [kind for kind in act_kinds(text[a:b], self._wording) if kind in BUILDS and kind != "new"]
            if kinds:
                draft.action = kinds[-1]
                draft.told(action=draft.passage.spans(a, b))
                return
        if action:
            draft.action = action
            draft.told(action=(draft.passage.heading,) if draft.passage.heading else ())
            return
        draft.action = "new" if spans or not draft.passage.table else "unspecified"
        draft.told(action=draft.passage.spans(draft.start, draft.end))

    def _year(self, draft: Draft, year: int | None, year_words: tuple[Span, ...]) -> None:
        text = draft.passage.text
        for _, a, b in self._fields(draft, "time"):
            found = last_year(text[a:b])
            if found:
                draft.year = found[0]
                draft.told(year=draft.passage.spans(a, b))
                return
        for _, a, b in self._fields(draft, "size"):
            due = re.search(r"(20[2-3]\d)年[^，；。]{0,6}?(?:建成|竣工|投用|完工|投入使用|完成)", text[a:b])
            if due:
                draft.year = int(due[1])
                draft.told(year=draft.passage.spans(a + due.start(1), a + due.end(1)))
                return
        for _, a, b in self._fields(draft, "caption"):
            found = last_year(text[a:b])
            if found:
                draft.year = found[0]
                draft.told(year=draft.passage.spans(a + found[1], a + found[1] + 4))
                return
        draft.year = year
        draft.told(year=year_words)

    def _where(self, draft: Draft) -> None:
        text = draft.passage.text
        for _, a, b in self._fields(draft, "place"):
            if not _WHOLE_AREA.fullmatch(text[a:b]):
                place = self._area.place(text[a:b])
                words = draft.passage.spans(a, b)
                draft.place, draft.place_level = place.name, place.level
                draft.told(place=words, place_level=words)
        for _, a, b in self._fields(draft, "where"):
            if not _WHOLE_AREA.fullmatch(text[a:b]):
                apply_site(draft, read_site(text[a:b]), a)
        for _, a, b in self._fields(draft, "size") if draft.place is None and draft.locality is None else ():
            told = _SITED.search(text, a, b)
            if told:
                apply_site(draft, read_site(told[1]), told.start(1))
        if draft.place is None:
            name = draft.name or ""
            seat = self._area.of_name(name, word="", category=draft.category, behind="")
            if seat:
                at = draft.start + max(0, name.find(seat.name))
                words = draft.passage.spans(at, at + len(seat.name))
                draft.place, draft.place_level = seat.name, seat.level
                draft.told(place=words, place_level=words)

    def _each_act(self, draft: Draft, name: str) -> Iterator[Draft]:
        """Read 新建3所、改造5所 in the cell of the size: a number for each act."""
        text = draft.passage.text
        if len(self._wording.residue(name)) >= 2:
            return
        for _, a, b in self._fields(draft, "size"):
            parts = re.split("[、，；]", text[a:b])
            found = [_ACTED.fullmatch(part) for part in parts]
            if not all(found) or not all(self._same(draft, match["noun"]) for match in found if match):
                continue
            at = a
            for part, match in zip(parts, found, strict=True):
                if match is None:
                    continue
                own = replace(draft, kind="allotment" if draft.place else "quota", name=None, words=dict(draft.words))
                own.count, own.unit, own.noun = int(match["n"]), match["unit"], match["noun"] or name
                kinds = [kind for kind in act_kinds(match["act"], self._wording) if kind in BUILDS]
                words = draft.passage.spans(at, at + len(part))
                own.action = kinds[-1] if kinds else own.action
                own.told(count=words, unit=words, kind=words, name=(), action=words)
                begin = at + match.start("noun")
                said = draft.passage.spans(begin, begin + len(match["noun"])) if match["noun"] else ()
                own.told(noun=said or draft.passage.spans(draft.start, draft.end))
                yield own
                at += len(part) + 1
            return

    def _same(self, draft: Draft, noun: str) -> bool:
        """Tell whether the size's own noun, where it has one, is of the record's kind."""
        codes = [token.category for token in self._wording.tokens(noun) if token.category]
        return not noun or draft.category in codes

    def _counted(self, draft: Draft, name: str) -> bool:
        """Turn the record into a number of a type where the row counts it and its name names no one facility."""
        text = draft.passage.text
        proper = len(self._wording.residue(name)) >= 2 or self._area.official(name, name)
        kinds = ("count",) if proper else ("count", "size")
        for unit, a, b in self._fields(draft, *kinds):
            match = _COUNT.fullmatch(text[a:b])
            if match is None or (proper and int(match["n"]) == 1):
                continue
            draft.name = None
            draft.kind = "allotment" if draft.place else "quota"
            draft.count, draft.unit = int(match["n"]), match["unit"] or unit
            words = draft.passage.spans(a, b)
            draft.noun = name
            said = next((draft.passage.spans(c, d) for _, c, d in self._fields(draft, "count head")), words)
            draft.told(name=(), noun=draft.passage.spans(draft.start, draft.end), count=words, kind=words)
            draft.told(unit=words if match["unit"] else said)
            return True
        return False

    def _capacity(self, draft: Draft) -> None:
        text = draft.passage.text
        for kind, _, a, b in draft.passage.fields:
            if kind == "beds" and (match := re.fullmatch(r"(?:约)?([\d.]+万?)[张个班]?", text[a:b])):
                head = self._beds_word(draft, a)
                draft.capacity, draft.capacity_unit = number(match[1]), head
                words = draft.passage.spans(a, b)
                draft.told(capacity=words, capacity_unit=words)
                return
            if kind in ("size", "nature"):
                found = capacity_of(text, a, b, several=False)
                if found:
                    draft.capacity, draft.capacity_unit = found.number, found.unit
                    words = draft.passage.spans(found.start, found.end)
                    draft.told(capacity=words, capacity_unit=words)
                    return

    def _beds_word(self, draft: Draft, at: int) -> str:
        unit = next((unit for _, unit, a, _ in draft.passage.fields if a == at), None)
        family = self._wording.family.get(draft.category)
        if unit == "班":
            return "班"
        if draft.category == "nursery":
            return "托位"
        return {"school": "学位", "preschool": "学位", "funeral": "格位"}.get(family or "", "床位")


def last_year(text: str) -> tuple[int, int] | None:
    """Return the year by which something is done and where it stands: the later of a span, none that only starts it."""
    found = []
    for match in re.finditer(r"(?<!\d)(20[2-3]\d)(?!\d)", text):
        behind = re.match(r"年?(?:\d{1,2}月)?(?:\d{1,2}日)?(?:[前底末])?[^，；。\d]{0,6}", text[match.end() :])
        if behind and _STARTS.search(behind[0]):
            continue
        found.append((int(match[1]), match.start()))
    return max(found) if found else None
