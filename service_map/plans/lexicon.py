"""The words of plans and the small grammars that need no sentence: numbers, years, places, levels.

The word lists are data (``geodata/lexicon.toml`` and the ``words`` of ``geodata/categories.toml``); this module turns
them into matchers.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from service_map import settings
from service_map.catalogue import tomlfile
from service_map.catalogue.adcode import county_of
from service_map.errors import GeodataError

CJK = "[\u4e00-\u9fff\u3007\u25cb]"
"""A Chinese character, in a pattern."""
HIDDEN = "\ue000"
"""Stands for a character that the grammar does not read at this level."""
LEAST = re.compile(r"[≥>]|至少|不少于|不低于|最少")
"""Words before a number that make it the least."""
ENDLESS = re.compile(r"\d{10}")
"""More figures than any count of a plan has: a slip of the scanner, a telephone or a file number."""

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
           "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}  # fmt: skip
_TENS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_SCORES = {"廿": 20, "卅": 30}
_FIGURES = "一二两三四五六七八九十百千零〇廿卅壹贰叁肆伍陆柒捌玖拾佰仟"
# Only from where its figures begin and never given back: a run of figures that counts nothing is read once.
_NUMBER = (
    r"(?:(?<!\d)(?<!\d,)\d{1,3}(?:,\d{3})++(?!\d)|(?<!\d)\d++(?:\.\d++)?[万百千]?|"
    rf"(?<![{_FIGURES}])[{_FIGURES}]++(?:万[{_FIGURES}]*+)?)"
)
_YEAR = re.compile(
    r"(?<![\d-])(20[2-3]\d)(?:年(?:末|底)?|-(?=\D))(?!以前建|以前的|前建成的|之前建成|建成的|度?版|起|开始|以来)(?!(?:底|末)?(?:以?前)?完成[^，。；]{0,18}主体)(?!(?:[春夏秋冬]季|[上下]半年|\d{1,2}月)?(?:底|末)?(?:以?前)?(?:全面|正式|陆续|全部)?(?:开工|启动|动工|奠基|开建))"
)
_PERIOD_END = re.compile(r"“?(?:国民经济和社会发展)?第?十([三四五六])(?:个)?五(?:年规划)?”?(?:时期|期间|规划期|期)?末")
_PERIOD = re.compile(r"“?十([四五六])五”?(?:时期|期间|规划期|期)(?!末)")
_BUILD = re.compile(
    r"建(?=(?:至少|不少于|约)?[\d一两二三四五六七八九十]+[个所座处家])|(?<=[各均共新拟再应须])建(?![筑议材设立成有起制档卡功言树构])"
)
_FROM_YEAR = re.compile(r"(?<![从自])20[2-3]\d年(?:起|开始)")
_SPAN_YEARS = re.compile(r"(?<!\d)20[12]\d年?[-至到](20[2-3]\d)年")
_WIDE_UNITS = frozenset({"county", "township", "community", "village"})
_SHORT_UNITS = {
    "乡": "township", "镇": "township", "街": "township", "乡乡": "township", "镇镇": "township", "县县": "county",
    "区": "county", "市": "county", "村村": "village",
}  # fmt: skip
_PERIOD_ENDS = {"三": 2020, "四": 2025, "五": 2030, "六": 2035}


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of a plan and what it promises: one of the keys of ``[verbs]``."""

    word: str
    kind: str


@dataclass(frozen=True, slots=True)
class Token:
    """A word found in a text: ``value`` is a category code for a noun, a `Verb` for a verb."""

    start: int
    end: int
    word: str
    category: str | None
    verb: Verb | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A counted quantity: ``3—4 所`` is 3 with ``unit`` 所; ``at_least`` for 以上, 至少, 不少于."""

    start: int
    end: int
    count: int | float
    unit: str | None
    at_least: bool
    yearly: bool
    doubtful: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """Words that name every unit of a kind (每个县区, 各乡镇); ``count`` where they are counted (12个乡镇为单位)."""

    start: int
    end: int
    per: str
    count: int | None = None


class Wording:
    """The word lists, ready to match.

    Parameters
    ----------
    geodata
        The folder of ``lexicon.toml`` and ``categories.toml``.

    Raises
    ------
    GeodataError
        When a file is missing or not TOML.
    """

    def __init__(self, geodata: Path) -> None:
        table = tomlfile.read(geodata / "lexicon.toml")
        categories = tomlfile.read(geodata / "categories.toml")["categories"]
        self.nouns: dict[str, str] = {}
        self.family: dict[str, str] = {}
        for code, entry in categories.items():
            self.family[code] = entry["family"]
            for word in entry["words"]:
                self.nouns[word] = code
        verbs = {word: kind for kind, words in table["verbs"].items() for word in words}
        self._verbs: dict[str, str] = verbs
        for word in table["nouns"]["exclude"]:
            self.nouns[word] = ""
        self.several: dict[str, tuple[str, ...]] = {
            word: tuple(codes) for word, codes in table["nouns"]["several"].items()
        }
        self.nouns.update({word: codes[0] for word, codes in self.several.items()})
        self.no_stem = frozenset(table["places"]["no_stem"])
        self.no_place = frozenset(table["places"]["no_place"])
        self.no_end = tuple(table["places"]["no_end"])
        self.no_office = tuple(table["places"]["no_office"])
        self.features: str = table["places"]["features"]
        self.unique = frozenset(table["nouns"]["unique"])
        self.ranks = frozenset(table["nouns"]["ranks"])
        self.acting = frozenset(table["nouns"]["acting"])
        self.box_only = frozenset(table["nouns"]["box_only"])
        self._context: dict[str, dict[str, str]] = table["nouns"]["context"]
        self.local: dict[str, str] = table["nouns"]["local"]
        self._noun_index = _by_first(self.nouns)
        self._compounds = _compounds(table["nouns"]["compounds"])
        self._noun, self._verb = any_of(self.nouns), any_of(verbs)
        self._verb_first = frozenset(word[0] for word in verbs) | {"建"}
        self.noun_like = any_of([*self.nouns, *_signs(table["nouns"]["compounds"])])
        self.small: dict[str, str] = {word: kind for kind, words in table["small"].items() for word in words}
        self.small_part: dict[str, str] = table["small_part"]
        self.small_first = frozenset(word[0] for word in self.small)
        self.small_longest = max(map(len, self.small))
        self.reject = tuple(table["after"]["reject"])
        self.filler = sorted(set(table["after"]["filler"]), key=len, reverse=True)
        self.name_tail = sorted(table["after"]["name_tail"], key=len, reverse=True)
        self.brands = any_of(table["nouns"]["brands"])
        self._describe = _by_first(dict.fromkeys([*table["describe"]["words"], *self.nouns], ""))
        self._past_headings = tuple(table["past"]["headings"])
        self.past_sentences = tuple(table["past"]["sentences"])
        units = "|".join(sorted((re.escape(unit) for unit in table["units"]["count"]), key=len, reverse=True))
        self._quantity = re.compile(
            rf"(?P<sum>(?<!\d)\d{{1,9}}\+(?:\d{{1,9}}(?!\d)|[NnXx]))(?P<sum_unit>{units})?|(?P<low>{_NUMBER})(?:(?:至|到|-+)(?P<high>{_NUMBER}))?"
            rf"(?:余|多|几)?(?P<unit>{units})(?P<and_half>半(?![数年以个天径]))?(?P<more>以上|及以上|或以上)?"
        )
        self.per_words: dict[str, str] = {word: per for per, words in table["per"].items() for word in words}
        self._per_longest = sorted(self.per_words, key=len, reverse=True)
        per = "|".join(sorted((re.escape(word) for word in self.per_words), key=len, reverse=True))
        wide = "|".join(
            sorted(
                (re.escape(word) for word, unit in self.per_words.items() if unit in _WIDE_UNITS), key=len, reverse=True
            )
        )
        self._level = re.compile(
            rf"(?:每(?:一|\d++(?:[-至到]\d++)?|[两三五])?个?|各个?(?!级?各?类|[一二两三四五六七八九十\d]+[所个座处家条块片])|所有的?|全部|其[余他](?:各个?)?|\d+%以上的?|[一二三四五六七八九]成(?:以上|多)?的?|(?:半数|过半|三分之[一二]|多数)(?:以上)?的?|均在各?)(?:(?!新建|建设|建成|改造|配建|布局|规划|打造|设立|设置|培育|创建|增设|新增|完成|改建|扩建)[\u4e00-\u9fff、]){{0,6}}?(?P<unit>{per})(?![级长民务直委])|"
            rf"\d+个(?P<whole>{per})(?:（[^（）]*）)?(?=全部|均|都|普遍|全面|实现|全覆盖|各[设建新配])|以(?P<count>\d{{1,9}})个(?P<counted>{per})为单位|(?<![\u4e00-\u9fff、])(?P<bare>{wide})(?=至少|均|都|原则上|普遍|全部|应当?[设建配规]|须[设建配]|要[设建配])|"
            rf"一(?P<one>{wide}|乡|镇|区|市|街)一(?:所|处|个|座|家|馆|院|园|校|站|点|场|室|堂|墓|队|中心|广场)|"
            rf"(?:每一?个?|各)(?P<short>[乡镇街区市旗])(?=[建设有新至均都布局配不≥]|\d|[一二两三])|"
            rf"(?<![\u4e00-\u9fff])一个(?P<single>{wide})(?=至少|建|均|都|应)|"
            rf"(?P<dwell>居住区|住宅小区|居住小区|小区)(?=按?每百户)|"
            rf"(?P<new>新建(?:(?:住宅|居住)?(?:小区|（小）区|社区|居住区|住宅区)|(?:普通)?(?:商品)?住[房宅](?:小区|项目)))(?!改造|、[^，。；]{{0,12}}改造)|(?:县、)?(?P<down>乡（?镇?）?、村)(?:三级|两级)?(?=因地制宜|普遍|均|都|全部)|"
            rf"(?P<have>{per}|县县|乡乡|镇镇|村村|乡)(?:都|均|要)?建?有(?=[^，。、]{{0,14}}$)|(?P<all>县县|乡乡|镇镇|村村)(?:都|均)?(?:建)?有(?=$)|(?<=的)(?P<those>{per}|镇|乡|区|市)(?=$|{HIDDEN}|各|配置|布局|设立|应|可|规划|扩建|充分|利用|新建|建设|\d|[一两]|至少|应当?|要|须|均|都|配建|建有|独立)|"
            rf"人口(?:在|达到?|超过)?[\d.]+(?:万人?|人)以上的(?:[\u4e00-\u9fff]{{0,4}}?)(?P<big>{per})"
        )

    def unit_at(self, text: str) -> str | None:
        """Return the unit that a text begins with: 乡镇卫生院 is one a ``township``; None when it begins with none."""
        for word in self._per_longest:
            if text.startswith(word):
                return str(self.per_words[word])
        return None

    def nearest_unit(self, text: str) -> str | None:
        """Return the unit whose word stands last in a text (…县级行政区域), None when it holds none."""
        found = [
            (text.rfind(word) + len(word), len(word), per)
            for word, per in self.per_words.items()
            if word in text and per not in ("school", "park")
        ]
        return max(found)[2] if found else None

    def looks_back(self, heading: str) -> bool:
        """Whether a heading opens a chapter on what was done or stands already."""
        return any(word in heading for word in self._past_headings) and not any(
            word in heading for word in ("重点", "任务", "项目", "工程", "安排", "计划")
        )

    def tokens(self, text: str, places: re.Pattern[str] | None = None) -> Iterator[Token]:
        """Find facility nouns and verbs, longest first, left to right; a noun wins over a verb at one place.

        A match of `places` hides the words inside it (新建 in 新建东路), unless a longer noun begins at the same place.
        """
        position, length = 0, len(text)
        skips = {match.start(): match.end() for match in places.finditer(text)} if places else {}
        while position < length:
            char = text[position]
            beyond = skips.get(position, position)
            made = self._compound(text, position) if char in self._compounds else None
            match = self._noun.match(text, position) if char in self._noun_index else None
            if made and len(made[0]) > (len(match[0]) if match else 0):
                yield Token(position, position + len(made[0]), made[0], made[1], None)
                position += len(made[0])
            elif match and match.end() > beyond:
                word = match[0]
                if self._no_word(text, position, len(word)):
                    position += 1
                    continue
                if self.nouns[word]:
                    yield Token(position, match.end(), word, self.nouns[word], None)
                position = match.end()
            elif beyond > position:
                position = beyond
            else:
                verb = self._verb_at(text, position) if char in self._verb_first else None
                if verb:
                    yield Token(position, position + len(verb.word), verb.word, None, verb)
                position += len(verb.word) if verb else 1

    def _compound(self, text: str, position: int) -> tuple[str, str] | None:
        """Return the noun that a sign of a field and the head of a place make here, with its category."""
        for pattern, category in self._compounds[text[position]]:
            match = pattern.match(text, position)
            if match:
                return match[0], category
        return None

    def _verb_at(self, text: str, position: int) -> Verb | None:
        match = self._verb.match(text, position)
        if match:
            return Verb(match[0], self._verbs[match[0]])
        # 建 by itself is a verb only behind an adverb (各建, 拟建).
        return Verb("建", "new") if text[position] == "建" and _BUILD.match(text, position) else None

    def _no_word(self, text: str, position: int, size: int) -> bool:
        """Tell whether a noun only seems to begin here: 二中 in 第二中医院, 中小学 in 其中小学7所."""
        within = text[max(position - 1, 0) : position + 1] == "其中"
        return within or (size == 2 and self._longer_inside(text, position))

    def _longer_inside(self, text: str, position: int) -> bool:
        """Tell whether a noun of three or more characters begins one place further and ends beyond this one."""
        if text[position + 1 : position + 3] in ("中学", "中医", "中心"):
            # 第五中学 is no 五中.
            return True
        return any(
            len(word) > 2 and text.startswith(word, position + 1)
            for word in self._noun_index.get(text[position + 1], ())
        )

    def verb_kind(self, word: str) -> str | None:
        """Return what a verb promises, None when it is no verb of the list."""
        return self._verbs.get(word)

    def quantities(self, text: str) -> Iterator[Quantity]:
        """Find counted quantities in a text."""
        for match in self._quantity.finditer(text):
            start, end = match.span()
            before = text[max(0, start - 8) : start]
            at_least = bool(match["more"]) or bool(re.search(r"至少|不少于|不低于|最少|超过|不小于|[≥>]=?$", before))
            yearly = "每年" in before or "年均" in before
            if match["sum"]:
                first, second = match["sum"].split("+")
                if second.isdigit():
                    yield Quantity(start, end, int(first) + int(second), match["sum_unit"], at_least, yearly)
                else:
                    yield Quantity(start, end, int(first), match["sum_unit"], True, yearly)
                continue
            unit, factor = match["unit"], 1
            if unit in ("万套", "万户", "万张", "万个"):
                unit, factor = unit[1:], 10000
            value = number(match["low"])
            if value is None or before.endswith("第") or (before.endswith("每") and match["low"][0] in "百千"):
                continue
            value = _whole(value * factor + (0.5 if match["and_half"] else 0))
            yield Quantity(start, end, value, unit, at_least, yearly)

    def levels(self, text: str) -> Iterator[Level]:
        """Find words that name every unit of a kind."""
        for match in self._level.finditer(text):
            if match["new"] or match["down"] or match["dwell"]:
                yield Level(match.start(), match.end(), "village" if match["down"] else "residential_compound")
                continue
            word = next(
                filter(
                    None,
                    map(
                        match.group,
                        ("unit", "whole", "counted", "bare", "one", "single", "short", "big", "have", "all", "those"),
                    ),
                )
            )
            count = 1 if match["one"] else None
            yield Level(match.start(), match.end(), self.per_words.get(word) or _SHORT_UNITS[word], count)

    def category_in(self, word: str, category: str, heading: str, clause: str) -> str:
        """Return the category of a general word: that of the field which the heading or the clause names."""
        for rule, code in self._context.get(word, {}).items():
            sign, _, rival = rule.partition("!")
            if (sign in heading and not (rival and rival in heading)) or (sign in clause and len(sign) > 2):
                return code
        return category

    def proper_head(self, text: str) -> str:
        """Return the words a name begins with before its first type word or description."""
        for position in range(len(text)):
            if any(
                len(word) > 1 and text.startswith(word, position) for word in self._describe.get(text[position], ())
            ):
                return text[:position]
        return text

    def residue(self, text: str) -> str:
        """Return what is left of a noun phrase when type words and descriptions are taken away: its proper part."""
        rest: list[str] = []
        position, length = 0, len(text)
        while position < length:
            for word in self._describe.get(text[position], ()):
                # 安和, 怡和: the last of two characters joins nothing.
                joins = word in "和与及" and position == 1 and length == 2
                if text.startswith(word, position) and not joins:
                    position += len(word)
                    break
            else:
                rest.append(text[position])
                position += 1
        return "".join(rest)


_WORKS = re.compile(
    r"(?:（[^（）]*）)?(?:改造提升|提升改造|改扩建|新建|扩建|改建|迁建|搬迁|重建|改造|续建|提升|建设)*+(?:项目|工程)?$"
)


def names_one(text: str, wording: Wording) -> bool:
    """Tell whether a line is the name of one facility: a facility's noun ends it, and not only type words lead to it.

    Parameters
    ----------
    text
        The line, without its number.
    wording
        The word lists.

    Returns
    -------
    bool
    """
    work = _WORKS.search(text)
    name = text[: work.start()] if work else text
    noun = None
    for token in wording.tokens(name):
        noun = token if token.category else noun
        if token.verb and token.start == 0:
            return False
    if noun is None or len(name) < 4 or re.search("[，。；：、]|等$|^[“]|方面|层面", name) or len(name) - noun.end > 8:
        return False
    body = name[: noun.start]
    return (
        len(wording.residue(body)) >= 2
        or bool(re.match(rf"{CJK}{{2,6}}?(?:[镇乡村]|街道|社区)(?!级)", body))
        or bool(re.match("[市县区](?![级域属直])", body))
        or bool(wording.brands.match(body))
    )


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Compile a matcher of any of some words, longest first; grouped by first character, so that it stays quick."""
    groups: dict[str, list[str]] = {}
    for word in sorted(set(words), key=len, reverse=True):
        groups.setdefault(word[0], []).append(re.escape(word[1:]))
    if not groups:
        return re.compile(r"(?!)")
    first = "".join(map(re.escape, groups))
    return re.compile(
        f"(?=[{first}])(?:" + "|".join(f"{re.escape(char)}(?:{'|'.join(rest)})" for char, rest in groups.items()) + ")"
    )


def number(text: str) -> int | float | None:
    """Read a number in Arabic or Chinese figures.

    Parameters
    ----------
    text
        ``3``, ``1.5万``, ``十二``, ``两百``, ``一千二百``, ``一百五``, ``三万五``, ``廿五``, ``伍拾``; of ``两三``
        the lower.

    Returns
    -------
    int or float or None
        None when the text is no number, or one of more figures than anything that a plan counts.
    """
    text = text.replace(",", "")
    factor = 1
    if text.endswith("万"):
        text, factor = text[:-1], 10000
    if ENDLESS.search(text):
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([百千]?)", text)
    if match:
        return _whole(float(match[1]) * {"": 1, "百": 100, "千": 1000}[match[2]] * factor)
    value = _chinese(text)
    return None if value is None else value * factor


def _chinese(text: str) -> int | None:
    """Read a number in Chinese figures: 十二, 一百五 (150), 三万五 (35 000), 廿五, 伍拾; None where it is none."""
    head, ten_thousands, rest = text.partition("万")
    if ten_thousands:
        more = _chinese(rest) if rest else 0
        first = _chinese(head)
        if first is None or more is None:
            return None
        return first * 10_000 + (more * 1000 if len(rest) == 1 else more)
    if re.fullmatch(f"[{''.join(_DIGITS)}]{{2}}", text) and _DIGITS[text[0]] < _DIGITS[text[1]]:
        # 两三个: the lower of two.
        return _DIGITS[text[0]]
    total, digit, last_ten = 0, 0, 0
    for char in text:
        if char in _DIGITS:
            digit, last_ten = _DIGITS[char], 0 if char in "零〇" else last_ten
        elif char in _TENS:
            total += (digit or 1) * _TENS[char]
            digit, last_ten = 0, _TENS[char]
        elif char in _SCORES:
            total, last_ten = total + _SCORES[char], 10
        else:
            return None
    return total + (digit * last_ten // 10 if last_ten >= 100 else digit) if text else None


def years(text: str) -> Iterator[tuple[int, int | None]]:
    """Find the years by which something is due: (position, year), year None where the whole period is named."""
    found: list[tuple[int, int | None]] = []
    for match in _YEAR.finditer(text):
        year = int(match[1])
        before = text[max(0, match.start() - 2) : match.start()]
        if 2021 <= year <= 2040 and not before.endswith(
            ("自", "从", "比", "较", "低于", "高于", "优于", "截至", "截止")
        ):
            found.append((match.start(), year))
    # A span that ends with the plan's own period says no more than the period.
    found.extend((match.start(1), int(match[1]) if int(match[1]) % 5 else None) for match in _SPAN_YEARS.finditer(text))
    found.extend((match.start(), None) for match in _FROM_YEAR.finditer(text))
    found.extend((match.start(), _PERIOD_ENDS[match[1]]) for match in _PERIOD_END.finditer(text))
    found.extend((match.start(), None) for match in _PERIOD.finditer(text))
    return iter(sorted(found, key=lambda item: item[0]))


def load_wording(geodata: Path | None = None) -> Wording:
    """Return the word lists of a folder (None: that of the settings), read once."""
    return _wording(geodata or settings.load().geodata_dir)


@cache
def _wording(geodata: Path) -> Wording:
    try:
        return Wording(geodata)
    except KeyError as error:
        name = error.args[0]
        raise GeodataError(
            f"lexicon.toml 或 categories.toml 缺少 {name}", f"lexicon.toml or categories.toml has no {name}"
        ) from error


@cache
def area_names() -> dict[str, tuple[str, ...]]:
    """Return the country's city and county names: name -> six-digit codes (table of ``cpca``, before 2018)."""
    names: dict[str, list[str]] = {}
    # The package itself is not imported: it would load pandas for a table of three thousand names.
    spec = find_spec("cpca")
    if spec is None or not spec.submodule_search_locations:
        raise GeodataError("缺少软件包 cpca（行政区名表）", "the package cpca (table of area names) is not installed")
    with (Path(spec.submodule_search_locations[0]) / "resources" / "adcodes.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            names.setdefault(row["name"], []).append(county_of(row["adcode"]))
    return {name: tuple(codes) for name, codes in names.items()}


def _whole(value: float) -> int | float:
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _by_first(words: dict[str, str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, list[str]] = {}
    for word in words:
        index.setdefault(word[0], []).append(word)
    return {char: tuple(sorted(found, key=len, reverse=True)) for char, found in index.items()}


def _compounds(table: dict[str, Any]) -> dict[str, tuple[tuple[re.Pattern[str], str], ...]]:
    """Compile the rules of compound nouns, by the first character of their signs, in the order of the file."""
    found: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    stop = _either(table["not_before"])
    for rule in table["rules"]:
        between = _either(rule.get("between", table["between"]))
        places = rule.get("heads", table["heads"])
        heads = _either([*places, "站点"] if "站" in places else places)
        pattern = re.compile(rf"(?:{_either(rule['signs'])})(?:{between}){{0,5}}(?:{heads})(?!{stop})")
        for char in {sign[0] for sign in rule["signs"]}:
            found.setdefault(char, []).append((pattern, rule["category"]))
    return {char: tuple(rules) for char, rules in found.items()}


def _signs(table: dict[str, Any]) -> list[str]:
    """Return the signs with which compound nouns begin."""
    return [sign for rule in table["rules"] for sign in rule["signs"]]


def _either(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, set(words)), key=len, reverse=True))
