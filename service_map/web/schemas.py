"""A declared type as JSON Schema 2020-12, in the manner of OpenAPI 3.1: one form for each kind of type.

Every object is closed (``additionalProperties: false``), so that checking an answer against it also finds a member that
nobody documented.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import msgspec
from msgspec import Meta

from service_map.catalogue.fields import unwrap
from service_map.catalogue.messages import Sentence

Schema = dict[str, Any]
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
_BOUNDS = (("ge", "minimum"), ("le", "maximum"), ("pattern", "pattern"), ("min_length", "minItems"))


@dataclass(slots=True)
class Schemas:
    """The components of a document, found from the types that its answers have.

    Attributes
    ----------
    known
        Codes of the catalogue by what they are: ``category``, ``family``.
    components
        Schema of every named type met so far.
    """

    known: Mapping[str, tuple[str, ...]]
    components: dict[str, Schema] = field(default_factory=dict)

    def of(self, hint: Any) -> Schema:
        """Write a type; a named record or answer becomes a component, and a reference to it."""
        kind, metas, optional = unwrap(hint)
        if is_record(kind):
            written = self._reference(kind)
        elif get_origin(kind) is Literal:
            written = _choice(list(get_args(kind)))
        elif get_origin(kind) in {list, tuple}:
            written = {"type": "array", "items": self.of(get_args(kind)[0])}
        elif get_origin(kind) is dict:
            written = {"type": "object", "additionalProperties": self.of(get_args(kind)[1])}
        elif get_origin(kind) in {Union, types.UnionType}:
            written = {"anyOf": [self.of(part) for part in get_args(kind)]}
        else:
            written = {"type": _PLAIN[kind]} if kind in _PLAIN else {}
        for meta in metas:
            written = self._bounded(written, meta)
        return _or_null(written) if optional else written

    def _bounded(self, written: Schema, meta: Meta) -> Schema:
        told = meta.extra or {}
        if "keys" in told:
            return _closed(dict.fromkeys(told["keys"], written["additionalProperties"]), list(told["keys"]))
        if "terms" in told or "known" in told:
            codes = self.known[told["known"]] if "known" in told else told["terms"]
            return written | {"enum": list(codes)}
        bounds = {name: getattr(meta, member) for member, name in _BOUNDS if getattr(meta, member) is not None}
        if "about" in told:
            bounds["description"] = described(told["about"])
        return written | bounds | (meta.extra_json_schema or {})

    def _reference(self, kind: type) -> Schema:
        if kind.__name__.startswith("_"):
            return self._object(kind)
        if kind.__name__ not in self.components:
            self.components[kind.__name__] = {}  # which one that holds itself refers to
            self.components[kind.__name__] = self._object(kind)
        return {"$ref": f"#/components/schemas/{kind.__name__}"}

    def _object(self, kind: type) -> Schema:
        members, needed = members_of(kind)
        return _closed({name: self.of(hint) for name, hint in members.items()}, needed)


def is_record(kind: Any) -> bool:
    """Say whether a type has members."""
    return is_typeddict(kind) or is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, msgspec.Struct))


@cache
def members_of(kind: type) -> tuple[dict[str, Any], list[str]]:
    """Give the members of a type in their order, and those that are never left out."""
    hints = get_type_hints(kind, include_extras=True)
    needed = [
        name
        for name, hint in hints.items()
        if get_origin(hint) is not NotRequired and msgspec.UnsetType not in get_args(hint)
    ]
    return {name: hint if name in needed else get_args(hint)[0] for name, hint in hints.items()}, needed


def described(about: Sentence) -> str:
    """Write a description: Chinese, and English in a paragraph of its own."""
    return f"{about.zh}\n\n{about.en[:1].upper()}{about.en[1:]}"


def _closed(properties: Schema, needed: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _choice(values: list[Any]) -> Schema:
    if len(values) == 1:
        return {"const": values[0]}
    return {"type": "string" if isinstance(values[0], str) else "integer", "enum": values}


def _or_null(written: Schema) -> Schema:
    if "$ref" in written or "anyOf" in written or "type" not in written:
        return {"anyOf": [written, {"type": "null"}]}
    if "enum" in written:
        return {**written, "type": [written["type"], "null"], "enum": [*written["enum"], None]}
    return {**written, "type": [written["type"], "null"]}
