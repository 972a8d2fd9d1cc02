"""As much of JSON Schema as ours uses; a keyword that isn't here is an error of the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]
Rule = Callable[[Any, Any, Schema, Schema], Iterator[str]]
"""Value, the keyword's rule, the schema it stands in, the whole schema → what doesn't fit."""

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def misfits(value: Any, schema: Schema, root: Schema | None = None) -> Iterator[str]:
    """What of ``value`` the schema refuses."""
    for keyword, rule in schema.items():
        if keyword not in ("$schema", "$defs", "title", "description", "default"):
            yield from RULES[keyword](value, rule, schema, root or schema)


def _reference(value: Any, rule: str, schema: Schema, root: Schema) -> Iterator[str]:
    yield from misfits(value, root["$defs"][rule.rpartition("/")[2]], root)


def _any_of(value: Any, rule: list[Schema], schema: Schema, root: Schema) -> Iterator[str]:
    if all(list(misfits(value, option, root)) for option in rule):
        yield f"{value!r}: none of the options"


def _type(value: Any, rule: str, schema: Schema, root: Schema) -> Iterator[str]:
    if not isinstance(value, TYPES[rule]) or (isinstance(value, bool) and rule != "boolean"):
        yield f"{value!r}: not of type {rule}"


def _properties(value: Any, rule: dict[str, Schema], schema: Schema, root: Schema) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name in rule:
            yield from misfits(inner, rule[name], root)


def _pattern_properties(value: Any, rule: dict[str, Schema], schema: Schema, root: Schema) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        for pattern, form in rule.items():
            if re.search(pattern, name):
                yield from misfits(inner, form, root)


def _additional(value: Any, rule: Any, schema: Schema, root: Schema) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        known = name in schema.get("properties", {})
        if not known and not any(re.search(pattern, name) for pattern in schema.get("patternProperties", {})):
            yield from [f"{name}: unknown"] if rule is False else misfits(inner, rule, root)


def _property_names(value: Any, rule: Schema, schema: Schema, root: Schema) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        yield from misfits(name, rule, root)


def _required(value: Any, rule: list[str], schema: Schema, root: Schema) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{name}: missing" for name in rule if name not in value)


def _items(value: Any, rule: Schema, schema: Schema, root: Schema) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        yield from misfits(item, rule, root)


def _compared(kinds: tuple[type, ...], wrong: Callable[[Any, Any], bool]) -> Rule:
    def rule_of(value: Any, rule: Any, schema: Schema, root: Schema) -> Iterator[str]:
        if isinstance(value, kinds) and not isinstance(value, bool) and wrong(value, rule):
            yield f"{value!r}: against {rule!r}"

    return rule_of


NUMBER, TEXT, LIST, MAPPING = (int, float), (str,), (list,), (dict,)
RULES: dict[str, Rule] = {
    "$ref": _reference,
    "anyOf": _any_of,
    "type": _type,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "required": _required,
    "items": _items,
    "enum": _compared((object,), lambda value, rule: value not in rule),
    "minimum": _compared(NUMBER, lambda value, rule: value < rule),
    "maximum": _compared(NUMBER, lambda value, rule: value > rule),
    "exclusiveMinimum": _compared(NUMBER, lambda value, rule: value <= rule),
    "pattern": _compared(TEXT, lambda value, rule: not re.search(rule, value)),
    "minLength": _compared(TEXT, lambda value, rule: len(value) < rule),
    "maxLength": _compared(TEXT, lambda value, rule: len(value) > rule),
    "minItems": _compared(LIST, lambda value, rule: len(value) < rule),
    "minProperties": _compared(MAPPING, lambda value, rule: len(value) < rule),
}
