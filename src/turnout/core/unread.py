"""Fields inside a request that nobody reads: lost when it is translated, and named in ``x-turnout-dropped``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import msgspec
from msgspec import inspect

_MOST = 32
"""Names that are worth telling, of each top-level field."""


class _Shape:
    """What is read of a JSON value: an object's fields, the objects that its tag tells apart, an array's items."""

    def __init__(self) -> None:
        self.fields: dict[str, _Shape] | None = None
        self.tag_field: str | None = None
        self.by_tag: dict[Any, _Shape] = {}
        self.items: _Shape | None = None

    @property
    def holds_more(self) -> bool:
        return bool(self.fields or self.by_tag or self.items)


def unread_fields(fields: Mapping[str, msgspec.Raw], form: type[msgspec.Struct]) -> list[str]:
    """Paths such as ``messages[0].weather``, of what stands inside ``fields`` and has no place in ``form``.

    The top-level fields themselves are not told: those that are unknown are kept as extensions.
    """
    known = _shape_of(form).fields or {}
    found: list[str] = []
    for name, raw in fields.items():
        shape = known.get(name)
        if shape is not None and shape.holds_more:
            found += islice(_walk(msgspec.json.decode(raw), shape, name), _MOST)
    return found


def _walk(value: Any, shape: _Shape, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _walk_object(value, shape, path)
    elif isinstance(value, list) and shape.items is not None:
        for number, item in enumerate(value):
            yield from _walk(item, shape.items, f"{path}[{number}]")


def _walk_object(value: dict[str, Any], shape: _Shape, path: str) -> Iterator[str]:
    if shape.by_tag and shape.tag_field is not None:
        shape = shape.by_tag.get(value.get(shape.tag_field), shape)
    if shape.fields is None:
        return
    for name, inner in value.items():
        if name in shape.fields:
            yield from _walk(inner, shape.fields[name], f"{path}.{name}")
        elif name != shape.tag_field:
            yield f"{path}.{name}"


@cache
def _shape_of(form: type[msgspec.Struct]) -> _Shape:
    return _Shapes().of(inspect.type_info(form))


class _Shapes:
    """Makes the shapes of a form, each of its types once: a type may hold itself."""

    def __init__(self) -> None:
        self._made: dict[type, _Shape] = {}

    def of(self, told: inspect.Type) -> _Shape:
        if isinstance(told, inspect.StructType):
            return self._of_struct(told)
        shape = _Shape()
        if isinstance(told, inspect.ListType | inspect.VarTupleType):
            shape.items = self.of(told.item_type)
        elif isinstance(told, inspect.UnionType):
            self._fill_union(shape, told)
        elif isinstance(told, inspect.Metadata):
            return self.of(told.type)
        return shape

    def _of_struct(self, told: inspect.StructType) -> _Shape:
        shape = self._made.get(told.cls)
        if shape is None:
            shape = self._made[told.cls] = _Shape()
            shape.tag_field = told.tag_field
            shape.fields = {field.encode_name: self.of(field.type) for field in told.fields}
        return shape

    def _fill_union(self, shape: _Shape, told: inspect.UnionType) -> None:
        for option in told.types:
            one = self.of(option)
            if isinstance(option, inspect.StructType) and option.tag is not None:
                shape.tag_field = option.tag_field
                shape.by_tag[option.tag] = one
            elif one.fields is not None:
                shape.fields, shape.tag_field = one.fields, one.tag_field
            elif one.by_tag:
                shape.by_tag |= one.by_tag
                shape.tag_field = one.tag_field
            shape.items = shape.items or one.items
