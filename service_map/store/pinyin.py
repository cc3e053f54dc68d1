"""How Chinese names sound: what a person types who has only Latin letters at hand finds them too.

A name is found by its syllables from any of them on (``qinshui``, ``shuixian``), run together or not to the end
(``qinsh``), and by their first letters (``qsx``). Readings are those of pypinyin, which knows phrases;
tones are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SHORTEST = 2
"""Letters that are looked up at all: one letter begins half of all names."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One name's reading.

    Attributes
    ----------
    tails
        Its syllables run together, from each of them on, each behind a newline.
    initials
        The first letters, from each syllable on, each behind a newline.
    """

    tails: str
    initials: str

    @property
    def whole(self) -> str:
        """All its syllables, run together."""
        return self.tails[1:].partition("\n")[0]

    def holds(self, word: str) -> bool:
        """Say whether a word of Latin letters begins at one of the syllables."""
        return f"\n{word}" in self.tails or (len(word) > SHORTEST and f"\n{word}" in self.initials)


def is_spelt(word: str) -> bool:
    """Say whether a word may be pinyin: Latin letters alone, and not just one."""
    return len(word) >= SHORTEST and word.isascii() and word.isalpha()


def sound(name: str) -> Sound:
    """Read a name aloud.

    Parameters
    ----------
    name
        Chinese, with whatever else stands in it; letters and digits stay as they are, marks are dropped.

    Returns
    -------
    Sound
    """
    from pypinyin import Style, pinyin  # its tables take half a second to load, and few searches are spelt

    read = (parts[0].lower() for parts in pinyin(name, style=Style.NORMAL, errors="default"))
    syllables = ["".join(letter for letter in part if letter.isalnum()) for part in read]
    syllables = [syllable for syllable in syllables if syllable]
    starts = range(len(syllables))
    return Sound(
        tails="".join(f"\n{''.join(syllables[start:])}" for start in starts),
        initials="".join(f"\n{''.join(syllable[0] for syllable in syllables[start:])}" for start in starts),
    )


_LEVEL_WORDS = {
    "自治县": "Autonomous County", "自治旗": "Autonomous Banner", "自治州": "Autonomous Prefecture",
    "自治区": "Autonomous Region", "地区": "Prefecture", "街道": "Subdistrict", "省": "Province", "市": "City",
    "区": "District", "县": "County", "旗": "Banner", "盟": "League", "镇": "Town", "乡": "Township",
}  # fmt: skip


def romanised(name: str) -> str:
    """Write the name of an area in Latin letters: 沁水县 is Qinshui County, 西安市 is Xi'an City.

    Parameters
    ----------
    name
        Chinese, with the word for its level at the end; without one it is spelt as a whole.

    Returns
    -------
    str
        The proper name in pinyin without tones, in one word (GB/T 16159), and the word for the level in English.
        Readings are those of pypinyin, which may miss one that is a single place's own.
    """
    from pypinyin import lazy_pinyin

    ending = next((word for word in _LEVEL_WORDS if name.endswith(word) and name != word), "")
    syllables = lazy_pinyin(name.removesuffix(ending), v_to_u=True)
    # A syllable that begins with a vowel is parted from the one before it.
    spelt = "".join(f"'{part}" if at and part[0] in "aeo" else part for at, part in enumerate(syllables))
    return f"{spelt[:1].upper()}{spelt[1:]} {_LEVEL_WORDS.get(ending, '')}".rstrip()


def sounds(names: Iterable[str]) -> dict[str, Sound]:
    """Read many names aloud, each once."""
    return {name: sound(name) for name in dict.fromkeys(names)}
