"""CQL2 (OGC 21-065r2) as a condition of the database: basic class, LIKE, BETWEEN, IN and CASEI, in text and in JSON.

The text is parsed by the library ``cql2``, never by us; its tree is checked against the properties that the collection
has and becomes a SQLAlchemy condition in which every value is bound.
"""

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Literal

import cql2
from sqlalchemy import ColumnElement, Double, and_, false, func, literal, not_, or_, true
from sqlalchemy.sql.elements import KeyedColumnElement

from service_map.errors import InvalidParameterError

LANGUAGES = ("cql2-text", "cql2-json")
MAX_NESTING = 24
"""Brackets, or operators within operators, that a filter may open at once."""

Language = Literal["cql2-text", "cql2-json"]
Kind = Literal["text", "number", "boolean"]
_Scalar = tuple[ColumnElement[Any], Kind]

_COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_KNOWN = ("and", "or", "not", *_COMPARE, "isNull", "like", "between", "in", "casei")
# Beyond this a double no longer holds every whole number, and an integer column cannot hold the value anyway.
_EXACT = 2**53


def condition(
    text: str, *, language: str, properties: Mapping[str, tuple[KeyedColumnElement[Any], Kind]], dialect: str
) -> ColumnElement[bool]:
    """Turn a filter into a condition.

    Parameters
    ----------
    text
        The filter.
    language
        One of `LANGUAGES`.
    properties
        Column and kind of each property that the filter may name.
    dialect
        ``sqlite`` or ``postgresql``: SQLite's LIKE does not tell small letters from capitals, its GLOB does.

    Returns
    -------
    ColumnElement
        For ``where``; every value in it is bound.

    Raises
    ------
    InvalidParameterError
        For ``filter``: no CQL2, an operator or property that there is none of, values that cannot be compared, or more
        nested than `MAX_NESTING`.
    """
    if _nesting(text, language) > MAX_NESTING:
        raise _too_deep()
    try:
        tree = (cql2.parse_text if language == "cql2-text" else cql2.parse_json)(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError, RecursionError) as error:
        line = " ".join(str(error).split())[-80:]
        raise InvalidParameterError("filter", f"不是 {language}：{line}", f"is not {language}: {line}") from error
    return _Compiler(properties, dialect).predicate(tree, 0)


def _nesting(text: str, language: str) -> int:
    """Count how deep brackets nest, outside quoted text, before anything recursive sees them."""
    deepest = depth = 0
    quote = ""
    skip = False
    for letter in text:
        if skip:
            skip = False
        elif quote:
            if letter == "\\" and language == "cql2-json":
                skip = True
            elif letter == quote:
                quote = ""
        elif letter == '"' or (letter == "'" and language == "cql2-text"):
            quote = letter
        elif letter in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]}":
            depth -= 1
    # JSON opens two brackets, an object and its arguments, for each operator.
    return deepest if language == "cql2-text" else deepest // 2


def _too_deep() -> InvalidParameterError:
    return InvalidParameterError(
        "filter", f"嵌套不能超过 {MAX_NESTING} 层", f"may not nest deeper than {MAX_NESTING} levels"
    )


def _refusal(zh: str, en: str, allowed: tuple[str, ...] = ()) -> InvalidParameterError:
    return InvalidParameterError("filter", zh, en, allowed)


class _Compiler:
    def __init__(self, properties: Mapping[str, tuple[KeyedColumnElement[Any], Kind]], dialect: str) -> None:
        self._properties = properties
        self._dialect = dialect

    def predicate(self, node: Any, depth: int) -> ColumnElement[bool]:
        if depth > MAX_NESTING:
            raise _too_deep()
        if isinstance(node, bool):
            return true() if node else false()
        operator, arguments = self._operation(node)
        if operator in {"and", "or"}:
            parts = [self.predicate(part, depth + 1) for part in self._flat(operator, arguments)]
            return and_(*parts) if operator == "and" else or_(*parts)
        if operator == "not":
            return not_(self.predicate(self._take(operator, arguments, 1)[0], depth + 1))
        return self._comparison(operator, arguments)

    def _comparison(self, operator: str, arguments: list[Any]) -> ColumnElement[bool]:
        found: ColumnElement[bool]
        if operator in _COMPARE:
            left, right = (self._scalar(part) for part in self._take(operator, arguments, 2))
            self._alike(left, right)
            found = _COMPARE[operator](left[0], right[0])
        elif operator == "isNull":
            found = self._scalar(self._take(operator, arguments, 1)[0])[0].is_(None)
        elif operator == "between":
            value, low, high = (self._scalar(part) for part in self._take(operator, arguments, 3))
            self._alike(value, low)
            self._alike(value, high)
            found = value[0].between(low[0], high[0])
        elif operator == "in":
            asked, listed = self._take(operator, arguments, 2)
            found = self._one_of(self._scalar(asked), listed)
        elif operator == "like":
            asked, pattern = self._take(operator, arguments, 2)
            found = self._like(self._scalar(asked), pattern)
        else:
            raise _refusal(
                f"不支持运算 {operator[:20]!r}；可用：{'、'.join(_KNOWN)}",
                f"the operator {operator[:20]!r} is not supported; use {', '.join(_KNOWN)}",
                _KNOWN,
            )
        return found

    def _operation(self, node: Any) -> tuple[str, list[Any]]:
        if isinstance(node, Mapping) and isinstance(node.get("op"), str) and isinstance(node.get("args"), list):
            return node["op"], node["args"]
        if isinstance(node, Mapping) and "property" in node:
            # A property that is true or false is a condition by itself.
            return "=", [node, True]
        shown = _shown(node)
        raise _refusal(f"这不是条件：{shown}", f"this is no condition: {shown}")

    def _flat(self, operator: str, arguments: list[Any]) -> list[Any]:
        """Take a chain of one operator as one level, however the parser nested it."""
        parts: list[Any] = []
        waiting = list(reversed(arguments))
        while waiting:
            part = waiting.pop()
            if isinstance(part, Mapping) and part.get("op") == operator and isinstance(part.get("args"), list):
                waiting.extend(reversed(part["args"]))
            else:
                parts.append(part)
        if not parts:
            raise _refusal(f"{operator} 缺少条件", f"{operator} lacks its conditions")
        return parts

    def _take(self, operator: str, arguments: list[Any], count: int) -> list[Any]:
        if len(arguments) != count:
            raise _refusal(f"{operator} 应有 {count} 个参数", f"{operator} takes {count} arguments")
        return arguments

    def _scalar(self, node: Any, *, inside: bool = False) -> _Scalar:
        if isinstance(node, bool):
            return literal(node), "boolean"
        if isinstance(node, (int, float)):
            whole = float(node).is_integer() and abs(node) < _EXACT
            return (literal(int(node)) if whole else literal(float(node), Double())), "number"
        if isinstance(node, str):
            return literal(_storable(node)), "text"
        if isinstance(node, Mapping):
            if isinstance(node.get("property"), str):
                return self._property(node["property"])
            for moment in ("date", "timestamp"):
                if isinstance(node.get(moment), str):
                    return literal(_storable(node[moment])), "text"
            if node.get("op") == "casei" and not inside and isinstance(node.get("args"), list):
                value, kind = self._scalar(self._take("casei", node["args"], 1)[0], inside=True)
                if kind != "text":
                    raise _refusal("casei 只用于文字", "casei takes text")
                return func.lower(value), "text"
        shown = _shown(node)
        raise _refusal(f"不支持的值：{shown}", f"this value is not supported: {shown}")

    def _property(self, name: str) -> _Scalar:
        if name not in self._properties:
            allowed = tuple(self._properties)
            raise _refusal(
                f"没有属性 {name[:40]!r}；可用：{'、'.join(allowed)}",
                f"there is no property {name[:40]!r}; use {', '.join(allowed)}",
                allowed,
            )
        return self._properties[name]

    def _alike(self, left: _Scalar, right: _Scalar) -> None:
        if left[1] != right[1]:
            raise _refusal(
                f"不能拿 {left[1]} 和 {right[1]} 比较；文字要加单引号",
                f"cannot compare {left[1]} with {right[1]}; text stands in single quotes",
            )

    def _one_of(self, value: _Scalar, listed: Any) -> ColumnElement[bool]:
        if not isinstance(listed, list) or not listed:
            raise _refusal("in 的第二个参数应为非空列表", "in takes a list that is not empty")
        members = [self._scalar(part) for part in listed]
        for member in members:
            self._alike(value, member)
        return value[0].in_([member[0] for member in members])

    def _like(self, value: _Scalar, pattern: Any) -> ColumnElement[bool]:
        folded = isinstance(pattern, Mapping) and pattern.get("op") == "casei"
        if folded:
            pattern = self._take("casei", list(pattern.get("args") or []), 1)[0]
        if value[1] != "text" or not isinstance(pattern, str):
            raise _refusal("like 用于文字属性和文字样式", "like takes a property of text and a pattern of text")
        pattern = _storable(pattern.casefold() if folded else pattern)
        if self._dialect == "sqlite":
            return value[0].op("GLOB", is_comparison=True, return_type=None)(literal(_glob(pattern)))
        return value[0].like(literal(pattern), escape="\\")


def _glob(pattern: str) -> str:
    """Write a pattern of LIKE as one of GLOB; a backslash takes its meaning from the letter behind it."""
    parts = []
    letters = iter(pattern)
    for letter in letters:
        plain = next(letters, "\\") if letter == "\\" else None
        if plain is None and letter in "%_":
            parts.append("*" if letter == "%" else "?")
        else:
            kept = plain or letter
            parts.append(f"[{kept}]" if kept in "*?[" else kept)
    return "".join(parts)


def _shown(node: Any) -> str:
    try:
        return json.dumps(node, ensure_ascii=False)[:40]
    except RecursionError:  # arithmetic nests as deep as it is long
        return "…"


def _storable(text: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise _refusal("文字中有控制字符", "holds control characters")
    return text
