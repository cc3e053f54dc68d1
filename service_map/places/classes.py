"""What the classes of another data set are among our categories, by a TOML table that anybody can correct.

.. code-block:: toml

    leave = ["bank", "hotel"]          # classes that are known and not wanted

    [[rule]]                           # the first rule that fits a row decides
    class = ["school"]
    name = ["小学"]                    # one of these words stands in the name; left out: any name
    unless = ["中学"]                  # and none of these
    category = "primary_school"        # of the catalogue, "residential" for demand points, "" to leave the row out
    uncertainty_m = 300                # metres, where it differs from the source's own
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_map.catalogue import categories
from service_map.errors import GeodataError

DEMAND = "residential"
"""What a residential community is called: no facility, but people who need them."""

_KEYS = {"class", "name", "unless", "category", "uncertainty_m"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRule:
    """One rule; see the module. ``category`` is None for a class that is known and left out."""

    name: tuple[str, ...]
    unless: tuple[str, ...]
    category: str | None
    uncertainty_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """A mapping of classes, made by `load_classes`.

    Attributes
    ----------
    rules
        Class, in lower case, to its rules in order.
    leave
        Classes that are known and left out.
    """

    rules: Mapping[str, tuple[ClassRule, ...]]
    leave: frozenset[str]

    def find(self, kind: str, name: str) -> ClassRule | None:
        """Find the rule for a class and a name; None where the class is not known at all."""
        kind = kind.casefold()
        for rule in self.rules.get(kind, ()):
            if (not rule.name or any(word in name for word in rule.name)) and not any(
                word in name for word in rule.unless
            ):
                return rule
        return _LEFT_OUT if kind in self.rules or kind in self.leave else None


_LEFT_OUT = ClassRule(name=(), unless=(), category=None, uncertainty_m=None)


def load_classes(path: Path | None, *, geodata: Path | None = None) -> Classes:
    """Read a mapping of classes; each category's own code and Chinese name are understood besides.

    Parameters
    ----------
    path
        TOML file as the module shows; None for a table that uses the catalogue's codes or names.
    geodata
        Folder of the catalogue; the shipped one by default.

    Returns
    -------
    Classes

    Raises
    ------
    GeodataError
        When the file cannot be read, or a rule is wrong; the message says which.
    """
    known = categories(geodata) if geodata is not None else categories()
    rules: dict[str, list[ClassRule]] = {}
    leave: frozenset[str] = frozenset()
    if path is not None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error
        if set(document) - {"leave", "rule"} or not isinstance(document.get("rule", []), list):
            raise GeodataError(f"{path} 只应有 leave 与 [[rule]]", f"{path} may hold only leave and [[rule]]")
        for number, entry in enumerate(document.get("rule", []), start=1):
            made = _rule(path, number, entry, known)
            for kind in _words(path, number, entry, "class"):
                rules.setdefault(kind.casefold(), []).append(made)
        leave = frozenset(kind.casefold() for kind in _words(path, 0, document, "leave"))
    for code, category in known.items():
        for word in (code, category.zh, *category.words):
            own = ClassRule(name=(), unless=(), category=code, uncertainty_m=None)
            if word.casefold() not in rules and word.casefold() not in leave:
                rules[word.casefold()] = [own]
    if DEMAND not in rules:
        rules[DEMAND] = [ClassRule(name=(), unless=(), category=DEMAND, uncertainty_m=None)]
    return Classes(rules={kind: tuple(found) for kind, found in rules.items()}, leave=leave)


def _rule(path: Path, number: int, entry: Any, known: Mapping[str, Any]) -> ClassRule:
    if not isinstance(entry, dict) or set(entry) - _KEYS or not entry.get("class"):
        raise _fault(path, number, f"应有 class，可有 {', '.join(sorted(_KEYS))}", "takes class and, of the rest, only "
                     f"{', '.join(sorted(_KEYS))}")  # fmt: skip
    category = entry.get("category")
    if category not in ("", DEMAND) and category not in known:
        raise _fault(path, number, f"没有类别 {category!r}", f"there is no category {category!r}")
    metres = entry.get("uncertainty_m")
    if metres is not None and (isinstance(metres, bool) or not isinstance(metres, (int, float)) or not metres >= 0):
        raise _fault(path, number, "uncertainty_m 应为不小于 0 的数", "uncertainty_m must be a number not below 0")
    return ClassRule(
        name=_words(path, number, entry, "name"),
        unless=_words(path, number, entry, "unless"),
        category=category or None,
        uncertainty_m=None if metres is None else float(metres),
    )


def _words(path: Path, number: int, entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise _fault(path, number, f"{key} 应为文字", f"{key} must be words")
    return tuple(words)


def _fault(path: Path, number: int, zh: str, en: str) -> GeodataError:
    return GeodataError(f"{path} 第 {number} 条 {zh}", f"{path}, rule {number}: {en}")
