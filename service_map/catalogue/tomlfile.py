"""Read a TOML file strictly: what is unknown, missing or of the wrong type is refused with the place it stands at.

Every room that reads a file of the open data in TOML does it through here, so that a mistake in any of them is told in
one form: the file, the entry, the key, what is wrong and what is allowed.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Never

from service_map import settings
from service_map.errors import Fault, GeodataError

_TYPE_NAMES: dict[type, tuple[str, str]] = {
    str: Fault("文字", "text"),
    bool: Fault("true 或 false", "true or false"),
    float: Fault("数字", "a number"),
    int: Fault("整数", "a whole number"),
    list: Fault("数组", "a list"),
    dict: Fault("表", "a table"),
}


def folder(geodata: Path | None) -> Path:
    """Give the folder of the open data: the one asked for, or that of the settings."""
    return settings.load().geodata_dir if geodata is None else Path(geodata)


def read(path: Path) -> dict[str, Any]:
    """Parse a TOML file, or say why it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GeodataError(f"缺少数据文件 {path.name}", f"the data file {path.name} is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise GeodataError(f"数据文件 {path.name} 读不出：{error}", f"cannot read {path.name}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise GeodataError(
            f"{path.name} 不是合格的 TOML：{error}", f"{path.name} is not valid TOML: {error}"
        ) from error


def refuse(where: str, zh: str, en: str) -> Never:
    """Raise the error of this room, naming the file and the entry."""
    raise GeodataError(f"{where}：{zh}", f"{where}: {en}")


def only(entry: Mapping[str, Any], allowed: Collection[str], *, where: str) -> None:
    """Refuse a key that no reader of the entry knows."""
    for key in entry:
        if key not in allowed:
            names = ", ".join(allowed)
            refuse(where, f"不认识的键 {key!r}，可用的有 {names}", f"unknown key {key!r}; the keys are {names}")


def text(entry: Mapping[str, Any], key: str, *, where: str, among: Collection[str] | None = None) -> str:
    """Give a text that must be there and not be empty, and be one of `among` where that is given."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        _wrong(where, key, value, str)
    if among is not None and value not in among:
        names = ", ".join(among)
        refuse(where, f"{key} = {value!r} 不在可用值 {names} 之中", f"{key} = {value!r} is none of {names}")
    return value


def optional_text(entry: Mapping[str, Any], key: str, *, where: str) -> str | None:
    """Give a text, or None where the key is absent."""
    return text(entry, key, where=where) if key in entry else None


def matching(entry: Mapping[str, Any], key: str, pattern: str, *, where: str, zh: str, en: str) -> str:
    """Give a text of a form; `zh` and `en` say which (``六位数字``, ``six digits``)."""
    value = text(entry, key, where=where)
    if not re.fullmatch(pattern, value, re.ASCII):
        refuse(where, f"{key} 应为{zh}，现为 {value!r}", f"{key} takes {en}, not {value!r}")
    return value


def flag(entry: Mapping[str, Any], key: str, *, where: str) -> bool:
    """Give true or false."""
    value = entry.get(key)
    if not isinstance(value, bool):
        _wrong(where, key, value, bool)
    return value


def positive(entry: Mapping[str, Any], key: str, *, where: str) -> float | None:
    """Give a positive number as float, or None where the key is absent."""
    if key not in entry:
        return None
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _wrong(where, key, value, float)
    if not 0 < value < float("inf"):
        refuse(where, f"{key} 应大于 0，现为 {value}", f"{key} must be above 0, not {value}")
    return float(value)


def whole(entry: Mapping[str, Any], key: str, *, where: str) -> int:
    """Give a whole number of at least 1."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        _wrong(where, key, value, int)
    if value < 1:
        refuse(where, f"{key} 应至少为 1，现为 {value}", f"{key} must be at least 1, not {value}")
    return value


def texts(entry: Mapping[str, Any], key: str, *, where: str) -> tuple[str, ...]:
    """Give a list of texts, none empty."""
    value = entry.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        _wrong(where, key, value, list)
    return tuple(value)


def table(document: Mapping[str, Any], key: str, *, where: str) -> dict[str, dict[str, Any]]:
    """Give a table of tables (``[key.name]``)."""
    value = document.get(key)
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        _wrong(where, key, value, dict)
    return value


def entry(document: Mapping[str, Any], key: str, *, where: str) -> dict[str, Any]:
    """Give one table (``[key]``)."""
    value = document.get(key)
    if not isinstance(value, dict):
        _wrong(where, key, value, dict)
    return value


def rows(document: Mapping[str, Any], key: str, *, where: str) -> list[dict[str, Any]]:
    """Give a list of tables (``[[key]]``)."""
    value = document.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        _wrong(where, key, value, list)
    return value


def _wrong(where: str, key: str, value: object, wanted: type) -> Never:
    zh, en = _TYPE_NAMES[wanted]
    if value is None:
        refuse(where, f"缺少 {key}（应为{zh}）", f"{key} is missing (it takes {en})")
    refuse(where, f"{key} 应为{zh}，现为 {value!r}", f"{key} takes {en}, not {value!r}")
