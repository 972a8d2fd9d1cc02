"""Turns a document's data into typed settings, or says of every value that doesn't fit what was expected.

msgspec converts in one go but stops at the first mistake, doesn't name keys of mappings, and sometimes quotes values.
So when it fails, the data is walked once more beside the types.
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

T = TypeVar("T", bound=msgspec.Struct)

_SHOWABLE_KEY = re.compile(r"[A-Za-z_]{1,40}\Z")  # no digits: a misplaced secret must not be shown as an unknown key
_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


class Finding(NamedTuple):
    path: KeyPath
    problem: str


def convert(document: Document, form: type[T]) -> T:
    """Raises ``ConfigError`` naming every value that doesn't fit. An empty document is a form of nothing but defaults,
    and a key at its top that has nothing below it is as good as absent.

    Numbers and booleans may be written as texts: that is how they come out of variables.
    """
    data = {} if document.data is None else document.data
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if value is not None}
    try:
        return msgspec.convert(data, form, strict=False, dec_hook=_secret)
    except msgspec.ValidationError:
        findings = list(examine(data, form, ()))
        fail(*(document.mistake(finding.path, finding.problem) for finding in findings))


def convert_text(text: str, form: Any) -> Any:
    """One value that came as text, from a variable or the command line; raises ``msgspec.ValidationError``."""
    return msgspec.convert(text, form, strict=False, dec_hook=_secret)


def _secret(form: type, value: object) -> Secret:
    if form is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError("expected a text")


def examine(value: object, form: Any, path: KeyPath) -> Iterator[Finding]:
    """Every place in ``value`` that ``form`` doesn't accept."""
    origin, bare = get_origin(form), _bare(form)
    if origin in (Union, UnionType):
        member = _member(value, form)
        if member is None:
            yield Finding(path, f"expected {expected(form)}")
        else:
            yield from examine(value, member, path)
    elif isinstance(bare, type) and issubclass(bare, msgspec.Struct) and isinstance(value, dict):
        yield from _examine_struct(value, bare, path)
    elif get_origin(bare) is dict and isinstance(value, dict):
        yield from _examine_mapping(value, bare, path)
    elif (
        get_origin(bare) is list
        and isinstance(value, list)
        and not _refused(value, Annotated[list[Any], *_metas(form)])
    ):
        for number, item in enumerate(value):
            yield from examine(item, get_args(bare)[0], (*path, number))
    elif _refused(value, form):
        yield Finding(path, f"expected {expected(form)}{_hint(value, form)}")


def _examine_struct(value: dict[str, object], form: type[msgspec.Struct], path: KeyPath) -> Iterator[Finding]:
    hints = get_type_hints(form, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(form)}
    for key, inner in value.items():
        if key in fields:
            yield from examine(inner, hints[fields[key].name], (*path, key))
        else:
            yield _unknown(key, list(fields), path)
    for key, field in fields.items():
        if field.required and key not in value:
            yield Finding(path, f"'{key}' is missing: expected {expected(hints[field.name])}")


def _unknown(key: str, known: list[str], path: KeyPath) -> Finding:
    hint = suggestion(key, known) or f"; expected one of {', '.join(known)}"
    if _SHOWABLE_KEY.match(key):
        return Finding((*path, key), f"unknown key{hint}")
    return Finding(path, f"an unknown key{hint}")


def _examine_mapping(value: dict[str, object], form: Any, path: KeyPath) -> Iterator[Finding]:
    key_form, value_form = get_args(form)
    for key, inner in value.items():
        if _refused(key, key_form):
            yield Finding((*path, key), f"expected {expected(key_form)} as the key")
        yield from examine(inner, value_form, (*path, key))


def _refused(value: object, form: Any) -> bool:
    try:
        msgspec.convert(value, form, strict=False, dec_hook=_secret)
    except msgspec.ValidationError:
        return True
    return False


def _member(value: object, form: Any) -> Any:
    """The member of a union that ``value`` was meant to be, by its kind; None when no member is of that kind."""
    members = [member for member in get_args(form) if member not in (UnsetType, NoneType)]
    if value is None:
        return None if NoneType not in get_args(form) else NoneType
    if isinstance(value, dict):
        return next((member for member in members if _takes_mapping(member)), None)
    scalars = [member for member in members if not _takes_mapping(member)]
    return scalars[0] if scalars else None


def _takes_mapping(form: Any) -> bool:
    bare = _bare(form)
    return get_origin(bare) is dict or (isinstance(bare, type) and issubclass(bare, msgspec.Struct))


def _bare(form: Any) -> Any:
    return get_args(form)[0] if get_origin(form) is Annotated else form


def _metas(form: Any) -> tuple[Any, ...]:
    return get_args(form)[1:] if get_origin(form) is Annotated else (Meta(),)


def _hint(value: object, form: Any) -> str:
    if get_origin(form) is Literal:
        return suggestion(value, [choice for choice in get_args(form) if isinstance(choice, str)])
    if isinstance(value, int | float) and not _refused(str(value), form):
        return "; quote it"
    return ""


def expected(form: Any) -> str:
    """What a form accepts, in words."""
    if get_origin(form) in (Union, UnionType):
        return " or ".join(expected(member) for member in get_args(form) if member is not UnsetType)
    if get_origin(form) is Annotated:
        meta = next(meta for meta in get_args(form)[1:] if isinstance(meta, Meta))
        return meta.description or f"{expected(_bare(form))}{_bounds(meta)}"
    if get_origin(form) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(form) if choice != "")
    if get_origin(form) is list:
        return f"a list of {expected(get_args(form)[0])}"
    return _NAMES.get(form, "a text" if form is Secret else "a mapping")


def _bounds(meta: Meta) -> str:
    if meta.min_length is not None:
        return f", at least {meta.min_length}"
    low = "" if meta.ge is None else f" from {meta.ge:,}"
    low = low if meta.gt is None else f" above {meta.gt:,}"
    return f"{low} to {meta.le:,}" if meta.le is not None else low
