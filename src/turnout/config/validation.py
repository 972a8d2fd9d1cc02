"""Turns a document's data into typed settings, or reports every wrong value with what was expected.

msgspec stops at the first mistake, doesn't name keys of mappings, and sometimes quotes values. So after a failure,
this module walks through the data and the types itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, UnsetType

from turnout.core import Secret

from .document import Document
from .mistakes import KeyPath, fail, suggestion
from .words import OtherKeys

T = TypeVar("T", bound=msgspec.Struct)

_SHOWABLE_KEY = re.compile(r"[A-Za-z_]{1,40}\Z")  # no digits: a misplaced secret must not appear as an unknown key
_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


class Finding(NamedTuple):
    path: KeyPath
    problem: str


def convert(document: Document, type_: type[T]) -> T:
    """Raises ``ConfigError`` with every wrong value.

    An empty document has all defaults. A top-level key without a value counts as absent. Numbers and booleans can be
    texts, because variables are texts.
    """
    data = {} if document.data is None else document.data
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if value is not None}
    try:
        return msgspec.convert(_with_other_keys_apart(data, type_), type_, strict=False, dec_hook=_secret)
    except msgspec.ValidationError:
        findings = list(examine(data, type_, ()))
        fail(*(document.mistake(finding.path, finding.problem) for finding in findings))


def _with_other_keys_apart(data: object, type_: type[msgspec.Struct]) -> object:
    """``data`` with the ``other_keys`` of each section in the mapping that has them in the type."""
    if not isinstance(data, dict):
        return data
    sections = {field.encode_name: field.type for field in msgspec.structs.fields(type_) if field.encode_name in data}
    return data | {
        name: _apart(data[name], section.other_keys)
        for name, section in sections.items()
        if hasattr(section, "other_keys") and isinstance(data[name], dict)
    }


def _apart(section: dict[str, object], other_keys: OtherKeys) -> dict[str, object]:
    others = {key: value for key, value in section.items() if other_keys.takes(key)}
    return {key: value for key, value in section.items() if key not in others} | {other_keys.field: others}


def convert_text(text: str, type_: Any) -> Any:
    """Converts a text from a variable or the command line. Raises ``msgspec.ValidationError``."""
    return msgspec.convert(text, type_, strict=False, dec_hook=_secret)


def _secret(type_: type, value: object) -> Secret:
    """Without blanks around it: a file with a secret often ends with a line break."""
    if type_ is Secret and isinstance(value, str):
        return Secret(value.strip())
    raise TypeError("expected a text")


def examine(value: object, type_: Any, path: KeyPath) -> Iterator[Finding]:
    """Every place in ``value`` that the type ``type_`` doesn't accept."""
    origin, bare = get_origin(type_), _bare(type_)
    if origin in (Union, UnionType):
        member = _member(value, type_)
        if member is None:
            yield Finding(path, f"expected {expected(type_)}")
        else:
            yield from examine(value, member, path)
    elif isinstance(bare, type) and issubclass(bare, msgspec.Struct) and isinstance(value, dict):
        yield from _examine_struct(value, bare, path)
    elif (
        get_origin(bare) is dict
        and isinstance(value, dict)
        and not _refused(value, Annotated[dict[str, Any], *_metas(type_)])
    ):
        yield from _examine_mapping(value, bare, path)
    elif (
        get_origin(bare) is list
        and isinstance(value, list)
        and not _refused(value, Annotated[list[Any], *_metas(type_)])
    ):
        for number, item in enumerate(value):
            yield from examine(item, get_args(bare)[0], (*path, number))
    elif _refused(value, type_):
        yield Finding(path, f"expected {expected(type_)}{_hint(value, type_)}")


def _examine_struct(value: dict[str, object], type_: type[msgspec.Struct], path: KeyPath) -> Iterator[Finding]:
    hints = get_type_hints(type_, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    other_keys: OtherKeys | None = getattr(type_, "other_keys", None)
    names = [name for name in fields if other_keys is None or name != other_keys.field]
    for key, inner in value.items():
        if other_keys is not None and other_keys.takes(key):
            yield from examine({key: inner}, hints[fields[other_keys.field].name], path)
        elif key in fields:
            yield from examine(inner, hints[fields[key].name], (*path, key))
        else:
            yield _unknown(key, [*names, *(other_keys.names if other_keys else ())], path)
    for key, field in fields.items():
        if field.required and key not in value:
            yield Finding(path, f"'{key}' is missing: expected {expected(hints[field.name])}")


def _unknown(key: str, valid_keys: list[str], path: KeyPath) -> Finding:
    hint = suggestion(key, valid_keys) or f"; expected one of {', '.join(valid_keys)}"
    if _SHOWABLE_KEY.match(key):
        return Finding((*path, key), f"unknown key{hint}")
    return Finding(path, f"an unknown key{hint}")


def _examine_mapping(value: dict[str, object], type_: Any, path: KeyPath) -> Iterator[Finding]:
    key_type, value_type = get_args(type_)
    for key, inner in value.items():
        if _refused(key, key_type):
            yield Finding((*path, key), f"expected {expected(key_type)} as the key")
        yield from examine(inner, value_type, (*path, key))


def _refused(value: object, type_: Any) -> bool:
    try:
        msgspec.convert(value, type_, strict=False, dec_hook=_secret)
    except msgspec.ValidationError:
        return True
    return False


def _member(value: object, type_: Any) -> Any:
    """The member of a union that fits the kind of ``value``: null, mapping, list or scalar. None: no member fits."""
    members = [member for member in get_args(type_) if member not in (UnsetType, NoneType)]
    if value is None:
        return None if NoneType not in get_args(type_) else NoneType
    if isinstance(value, dict):
        return next((member for member in members if _takes_mapping(member)), None)
    lists = [member for member in members if get_origin(_bare(member)) is list]
    if isinstance(value, list) and lists:
        return lists[0]
    scalars = [member for member in members if not _takes_mapping(member)]
    return scalars[0] if scalars else None


def _takes_mapping(type_: Any) -> bool:
    bare = _bare(type_)
    return get_origin(bare) is dict or (isinstance(bare, type) and issubclass(bare, msgspec.Struct))


def _bare(type_: Any) -> Any:
    return get_args(type_)[0] if get_origin(type_) is Annotated else type_


def _metas(type_: Any) -> tuple[Any, ...]:
    return get_args(type_)[1:] if get_origin(type_) is Annotated else (Meta(),)


def _hint(value: object, type_: Any) -> str:
    if get_origin(type_) is Literal:
        return suggestion(value, [choice for choice in get_args(type_) if isinstance(choice, str)])
    has_own_syntax = any(meta.extra_json_schema for meta in _metas(type_))
    if isinstance(value, int | float) and not has_own_syntax and not _refused(str(value), type_):
        return "; quote it"
    return ""


def expected(type_: Any) -> str:
    """Describes the values that a type accepts."""
    if get_origin(type_) in (Union, UnionType):
        return " or ".join(expected(member) for member in get_args(type_) if member is not UnsetType)
    if get_origin(type_) is Annotated:
        meta = next(meta for meta in get_args(type_)[1:] if isinstance(meta, Meta))
        return meta.description or f"{expected(_bare(type_))}{_bounds(meta)}"
    if get_origin(type_) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(type_) if choice != "")
    if get_origin(type_) is list:
        return f"a list of {expected(get_args(type_)[0])}"
    return _NAMES.get(type_, "a text" if type_ is Secret else "a mapping")


def _bounds(meta: Meta) -> str:
    if meta.min_length is not None:
        return f", at least {meta.min_length}"
    low = "" if meta.ge is None else f" from {meta.ge:,}"
    low = low if meta.gt is None else f" above {meta.gt:,}"
    return f"{low} to {meta.le:,}" if meta.le is not None else low
