"""Which noun phrases are names: of one facility, not of a type."""

import re

from service_map.plans.area import PlanArea
from service_map.plans.lexicon import CJK, Wording

MAX_NAME = 40
_PLURAL = re.compile(r"(?:学校|中小学|幼儿园|小学|中学|高中|机构|设施|场所|场地|网点|站点|院校|高校|住房|小区|棚户区)$")
_KINDS_OF = re.compile(
    r"(?:(?:义务教育|普通高中|寄宿制|中小)学校|中小学|机构|设施|(?<!避难)场所|场地|网点|站点|院校|高校|用房|住房|单位|器材|床位|托位|学位|公共体育场馆|体育场馆)$"
)
_FUNCTION = re.compile(
    r"^建|[对为将把由让使被从向在个]|主导|组织|负责|条件的?|方便|特别|规定|要求|进军|带动|推向|走向|基础上|村民|劳务品牌|按|实行|所有|本地|满足|通过|必须|应当|如期|并|"
    r"因地制宜|嵌入|继续|进一步|充分|积极|不断|广大|确定|其中|如何|系列|经营|制订|制定|家庭|有关|相关|投资|涉及|承担|不再|不得|宗族|现状|优先|每|各"
)
_REGION = re.compile(rf"{CJK}*?(?:县城|城区|新城|新区|城市社区|地区|园区)")
_AREA = re.compile(rf"{CJK}{{1,6}}?(?:[县区市镇乡村]|街道|新城)")
_HOUSES = re.compile("(?:幼儿园|小学|中学|学校|敬老院|养老院|护理院|医院|老年公寓|托育中心|颐养院|福利院)$")
_SCHOOLS = re.compile("(?:幼儿园|小学|中学|学校|敬老院|养老院)$")
_ORDINAL = re.compile("(?:[市县区州旗])?第[一二三四五六七八九十]{1,3}")
_PHASE = re.compile("[一二三四]期")
_OWN_LEVEL = re.compile("([市区县州盟旗])级(?!以上|及)")
_SEVERAL = re.compile("一批|各类|各级|多个|系列|县级|乡镇|社区|基层|农村|等")
LEADS = re.compile(
    r"(?:(?>(?:确保|力争|到|计划|预计)*20\d\d年(?:年?底|年?末)?(?:以?前)?|确保|力争|包括|例如|如|等|为|了|以及|以|并将|并|将|把|对|在(?!校)|其中|优先|重点|一批|一个|现状|原规划的?|即|除|民办|暂定名|新的|的)(?=.{3}))++"
)


class NameTeller:
    """Tells names from types by the words of one plan.

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

    def named(self, phrase: str, word: str, *, made: bool, listing: bool, strong: bool, seated: bool = False) -> bool:
        """Tell whether a phrase names one facility.

        Parameters
        ----------
        phrase
            The words, to the end of the name.
        word
            The facility's noun in it.
        made
            Whether a verb promises it.
        listing
            Whether it stands in a list of projects.
        strong
            Whether that verb builds, and is said of it.
        seated
            Whether it begins with a place by its form.

        Returns
        -------
        bool
        """
        at = phrase.rfind(word)
        body, tail = phrase[:at], phrase[at + len(word) :]
        if not 2 < len(phrase) <= MAX_NAME or not (made or listing) or re.search("[一两三四]级|[，；：]", phrase):
            return False
        official = self._area.official(phrase, word) or seated
        region = _REGION.match(phrase)
        of_region = region and not self._area.known(region[0]) and _PLURAL.search(word)
        if official and not seated and of_region and region and not self._wording.residue(phrase[region.end() : at]):
            return False
        if self._own_level(phrase, word) and strong:
            return True
        if (strong or listing) and (_ORDINAL.match(phrase) or _PHASE.search(tail)):
            return True
        if (not body and not tail) or re.search("进军|走向|推向|品牌", body):
            return False
        kept = self._unplaced(body) if official and not listing and _KINDS_OF.search(word) else None
        if kept is not None and len(kept) <= 4 and not self._wording.residue(kept):
            # 某县公办养老机构, 某新城义务教育学校: those of a place.
            return False
        if official:
            return True
        if region and _PLURAL.search(word) and not seated:
            return False
        return (listing or strong) and self._proper(body, word, listing=listing)

    def alone(self, phrase: str, word: str, *, housed: bool = False) -> bool:
        """Tell whether it is a facility of which an area, or the institution that houses it, has one."""
        body = phrase[: phrase.rfind(word)]
        if housed:
            return not _PLURAL.search(word) and not _SEVERAL.search(body)
        left = re.sub(r"[^\u4e00-\u9fff]", "", self._wording.residue(body))
        return word.endswith(tuple(self._wording.unique)) and not left and not _SEVERAL.search(body)

    def _unplaced(self, body: str) -> str:
        """Return the words before a noun without the place with which they begin."""
        place = self._area.places.match(body) or _AREA.match(body)
        return body[place.end() :] if place else body.removeprefix(self._area.name).removeprefix(self._area.stem)

    def _own_level(self, phrase: str, word: str) -> bool:
        level = _OWN_LEVEL.match(phrase)
        if level is None or _SEVERAL.search(phrase[2:]) or _PLURAL.search(word):
            return False
        return self._area.name[-1:] == level[1] or (not self._area.name and level[1] not in "县省")

    def _proper(self, body: str, word: str, *, listing: bool) -> bool:
        if _HOUSES.search(word) and self._wording.brands.match(body):
            return True
        residue = re.sub(
            r"[^\u4e00-\u9fff“”A-Za-z]|^[A-Za-z]+$", "", self._wording.residue(re.sub(rf"^{CJK}{{2,3}}省", "", body))
        )
        least = 1 if listing and len(body) >= 2 and _SCHOOLS.search(word) else 2
        return len(residue) >= least and not _FUNCTION.search(body) and (listing or not _KINDS_OF.search(word))
