"""Lists taken apart: items that count something or name a place, with the verb and the year of their own."""

import re
from dataclasses import dataclass, replace

from service_map.plans.area import PlanArea
from service_map.plans.clause import ACTS
from service_map.plans.lexicon import CJK, LEAST, Quantity, Wording

FAR = 300
"""Characters behind a noun that its list may take."""
LEAD = re.compile(
    r"(?:其中|另外?|再|还|并|同时|以及|即|包括|分别[是为]|具体(?:是|为|包括)|主要(?:是|包括)|计划|力争|拟|将|每年|：)++"
)
_YEAR = re.compile(r"(?:到|至|在|于)?(20[2-3]\d)年(?:底|末|度)?(?:以?前|之前)?")
_TAIL = re.compile(r"(?:各|均|分别|约|近|至少|不少于|不低于|达到?|为|共|再|另|可|拟|完成|计划|力争|要|应)++$")
_CLOSED = re.compile(r"保留|撤并|撤销|关停|关闭|合并|取消|注销|拆除|腾退|淘汰|现有|已有|已建")
TIER = re.compile(r"(?:省|市|区|县|旗|乡|镇|街|村|社区|镇街|乡镇|街道|乡镇街道|村居|苏木|嘎查)级|乡镇|农村|城镇|乡村")
_PLACE_FORM = re.compile(
    rf"(?:{CJK}|[○〇\d]){{1,12}}?(?:自治县|[县市区旗镇乡村团师]|街道|苏木|嘎查|社区|新城|新区|片区|组团|开发区|高新区|经开区|示范区|度假区|"
    r"园区|林场|农场|小区|城区|办事处|管委会|居委会|连|公园|广场|绿地|景区)"
)
_ZONE = re.compile(
    "(?:经济技术|高新技术产业|高新|经济)?(?:开发区|高新区|经开区|示范区|度假区|新区|市本级|县本级|区本级|市直|县直|(?:中心|主|老)?城区|县城|城关|市区|市辖区)"
)
_NEXT_POINT = re.compile("[一二三四五六七八九十]是|每|各|所有|（\\d+）")
_VERB_AT_END = re.compile(rf"({ACTS}|新增|增设|增建|办好|合并|关停|保留|续建)$")


@dataclass(slots=True)
class Item:
    """One counted or bare item of a list: its span, what it counts for, and the verb and year of its own."""

    start: int
    end: int
    subject: str
    at: int
    quantity: Quantity | None
    least: bool
    verbs: tuple[tuple[str, int], ...]
    year: tuple[int, int] | None
    each: bool
    closed: bool


class ItemReader:
    """Takes lists apart by the words of one plan.

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

    def items(self, text: str, start: int, stop: int) -> list[Item]:
        """Cut a list into its items, up to the first that is none.

        Parameters
        ----------
        text
            The passage.
        start, stop
            Where the list stands.

        Returns
        -------
        list of Item
        """
        found: list[Item] = []
        for a, b in _cuts(text, start, stop):
            if _NEXT_POINT.match(text, a):
                break
            item = self._item(text, a, b)
            if item is None:
                break
            found.append(item)
        return found

    def _item(self, text: str, a: int, b: int) -> Item | None:
        lead = LEAD.match(text, a, b)
        at = lead.end() if lead else a
        year = _YEAR.match(text, at, b)
        at = year.end() if year else at
        body = text[at:b]
        count = next((q for q in self._wording.quantities(body) if q.unit), None)
        if count is None:
            if not body or len(body) > 24:
                return None
            return Item(a, b, body, at, None, least=False, verbs=(), year=None, each=False, closed=False)
        rest = body[count.end :]
        if not re.fullmatch(r"(?:以上|左右|余?)(?:（[^（）]*）)?(?:建设|任务|投入使用|投用)?(?:等)?", rest):
            return None
        words = body[: count.start]
        tail = _TAIL.search(words)
        bare = words[: tail.start()] if tail else words
        closed = bool(_CLOSED.search(bare))
        bare, verbs = _verbs_at_end(bare, at)
        inner = _TAIL.search(bare)
        bare = bare[: inner.start()] if inner else bare
        bare = re.sub("^(?:在|于|另|再|还|并)(?=.)", "", bare) if len(bare) > 2 or bare in ("另", "再") else bare
        where = at + words.find(bare) if bare else at
        least = count.at_least or bool(LEAST.search(words[-6:])) or rest.startswith("以上")
        shifted = replace(count, start=at - a + count.start, end=at - a + count.end)
        each = bool(tail and re.search("各|均", tail[0]))
        span = (int(year[1]), year.start(1)) if year else None
        return Item(a, at + count.end, bare, where, shifted, least, verbs, span, each, closed)

    def place_like(self, words: str) -> bool:
        """Tell whether words of a list are a place: known, of a place's form, a zone, or short and no type word."""
        if not words or words[0] in "各每其本全":
            return False
        if _ZONE.fullmatch(words) or TIER.fullmatch(words):
            return True
        if words in self._wording.no_place:
            return False
        if self._area.known(words):
            return True
        if _PLACE_FORM.fullmatch(words) and not any(token.verb for token in self._wording.tokens(words)):
            return bool(self._wording.residue(words)) or len(words) > 4
        plain = bool(re.fullmatch(rf"{CJK}{{2,4}}", words)) and self._wording.residue(words) == words
        return plain and not any(self._wording.tokens(words))

    def listed_place(self, words: str) -> bool:
        """Tell whether words can be a place where a list says so many for each: also short names of no known form."""
        if self.place_like(words):
            return True
        short = bool(re.fullmatch(rf"{CJK}{{2,4}}", words)) and words[0] not in "各每其本全"
        return short and bool(self._wording.residue(words)) and not any(self._wording.tokens(words))

    def category(self, words: str) -> str | None:
        """Return the category of the facility's noun that ends some words, None where none does."""
        found = None
        for token in self._wording.tokens(words):
            if token.category and token.end == len(words):
                found = token.category
        return found


def _verbs_at_end(words: str, at: int) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Return what is left of some words that begin at a place of the passage, and the verbs at their end."""
    verbs: list[tuple[str, int]] = []
    while run := _VERB_AT_END.search(words):
        verbs.insert(0, (run[0], at + run.start()))
        words = re.sub("[、和与及]$", "", words[: run.start()])
    return words, tuple(verbs)


def _cuts(text: str, start: int, stop: int) -> list[tuple[int, int]]:
    """Cut at commas and 、 outside brackets, and at 和 behind a unit."""
    spans: list[tuple[int, int]] = []
    depth, begin = 0, start
    for index in range(start, min(stop, start + FAR)):
        char = text[index]
        depth += (char == "（") - (char == "）")
        joint = char in "和与及" and text[index - 1] in "所个处家座块片条里栋上"
        if depth == 0 and (char in "，、；" or joint):
            if index > begin:
                spans.append((begin, index))
            begin = index + 1
    end = min(stop, start + FAR)
    if begin < end:
        spans.append((begin, end))
    return spans
