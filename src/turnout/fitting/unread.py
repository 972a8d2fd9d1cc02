"""Fields inside a request that no decoder reads. Translation loses them; ``x-turnout-dropped`` names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import msgspec
from msgspec import inspect

_MOST = 32
"""Paths that are reported, for each top-level field."""


class _Shape:
    """The parts of a JSON value that are read: an object's fields, an object for each tag, an array's items."""

    def __init__(self) -> None:
        self.fields: dict[str, _Shape] | None = None
        self.tag_field: str | None = None
        self.by_tag: dict[Any, _Shape] = {}
        self.items: _Shape | None = None

    @property
    def holds_more(self) -> bool:
        return bool(self.fields or self.by_tag or self.items)


def unread_fields(fields: Mapping[str, msgspec.Raw], form: type[msgspec.Struct]) -> list[str]:
    """Paths such as ``messages[0].weather`` of the fields inside ``fields`` that ``form`` doesn't have.

    Top-level fields are never among them: unknown ones are kept as extensions.
    """
    shapes = _shape_of(form).fields or {}
    paths: list[str] = []
    for name, raw in fields.items():
        shape = shapes.get(name)
        if shape is not None and shape.holds_more:
            paths += islice(_walk(msgspec.json.decode(raw), shape, name), _MOST)
    return paths


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
    """Builds the shapes of a form, one for each of its types: a type may contain itself."""

    def __init__(self) -> None:
        self._by_type: dict[type, _Shape] = {}

    def of(self, info: inspect.Type) -> _Shape:
        if isinstance(info, inspect.StructType):
            return self._of_struct(info)
        shape = _Shape()
        if isinstance(info, inspect.ListType | inspect.VarTupleType):
            shape.items = self.of(info.item_type)
        elif isinstance(info, inspect.UnionType):
            self._fill_union(shape, info)
        elif isinstance(info, inspect.Metadata):
            return self.of(info.type)
        return shape

    def _of_struct(self, info: inspect.StructType) -> _Shape:
        shape = self._by_type.get(info.cls)
        if shape is None:
            shape = self._by_type[info.cls] = _Shape()
            shape.tag_field = info.tag_field
            shape.fields = {field.encode_name: self.of(field.type) for field in info.fields}
        return shape

    def _fill_union(self, shape: _Shape, info: inspect.UnionType) -> None:
        for option in info.types:
            option_shape = self.of(option)
            if isinstance(option, inspect.StructType) and option.tag is not None:
                shape.tag_field = option.tag_field
                shape.by_tag[option.tag] = option_shape
            elif option_shape.fields is not None:
                shape.fields, shape.tag_field = option_shape.fields, option_shape.tag_field
            elif option_shape.by_tag:
                shape.by_tag |= option_shape.by_tag
                shape.tag_field = option_shape.tag_field
            shape.items = shape.items or option_shape.items
