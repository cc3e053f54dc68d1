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


def sounds(names: Iterable[str]) -> dict[str, Sound]:
    """Read many names aloud, each once."""
    return {name: sound(name) for name in dict.fromkeys(names)}
