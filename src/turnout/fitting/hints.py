"""Hints: fields without which the answer means the same. They are left out where the provider has no place for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from msgspec import structs

from turnout.core import ChatRequest, Extensions, Image, Message, Request, Support

from .fitting import Fitting
from .meaning import says_nothing
from .unread import unread_fields

RequestT = TypeVar("RequestT", bound=Request)

_OFF: Final[dict[str, Any]] = {"presence_penalty": 0, "frequency_penalty": 0, "logprobs": False, "top_logprobs": 0}
"""Values of the sampling that say nothing."""

_BLOCK: Final = "block"
"""The whole of a part that only its wire has (``steps.py``)."""


def leave_out_hints(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Builders don't write fields of other wires. So only what they would write is taken out of the request."""
    fields: dict[str, Any] = {}
    sampling = _without_unknown_knobs(request, fitting)
    if sampling is not request.sampling:
        fields["sampling"] = sampling
    if request.reasoning is not None and _never_thinks(fitting):
        if request.reasoning.enabled:
            fitting.left_out("reasoning_effort")
        fields["reasoning"] = None
    request = leave_out_fields(structs.replace(request, **fields) if fields else request, fitting)
    for path in _inside(request, fitting.support):
        fitting.left_out(path)
    if request.raw is not None and request.raw.form is not None:
        for path in unread_fields(request.raw.fields, request.raw.form):
            fitting.left_out_as_said(path)
    return request


def _never_thinks(fitting: Fitting) -> bool:
    return not fitting.support.reasoning or fitting.deployment.traits.thinking == "never"


def _without_unknown_knobs(request: ChatRequest, fitting: Fitting) -> Any:
    sampling = request.sampling
    changes: dict[str, None] = {}
    for name in sampling.__struct_fields__:
        value = getattr(sampling, name)
        if value is not None and name not in fitting.support.knobs:
            changes[name] = None
            if value != _OFF.get(name):
                fitting.left_out(name)
    return structs.replace(sampling, **changes) if changes else sampling


def leave_out_fields(request: RequestT, fitting: Fitting) -> RequestT:
    """The top-level fields, of a request of any kind. ``purpose`` is Gemini's ``taskType``."""
    ignores = fitting.support.ignores
    changes: dict[str, None] = {}
    for attribute, name in (("user", "user"), ("metadata", "metadata"), ("purpose", "taskType")):
        if name in ignores and getattr(request, attribute, None) is not None:
            changes[attribute] = None
            fitting.left_out(name)
    for path in _foreign(getattr(request, "extensions", None), fitting.support, ""):
        fitting.left_out_as_said(path)
    return structs.replace(request, **changes) if changes else request


def _inside(request: ChatRequest, support: Support) -> Iterator[str]:
    """Paths in tools and messages."""
    for number, tool in enumerate(request.tools):
        if tool.strict is not None and "strict" in support.ignores:
            yield f"tools[{number}].strict"
        yield from _foreign(tool.extensions, support, f"tools[{number}].")
    for number, message in enumerate(request.messages):
        yield from _inside_message(message, support, f"messages[{number}]")


def _inside_message(message: Message, support: Support, where: str) -> Iterator[str]:
    if message.name is not None and "name" in support.ignores:
        yield f"{where}.name"
    for number, part in enumerate(message.parts):
        if isinstance(part, Image) and part.detail is not None and "detail" in support.ignores:
            yield f"{where}.content[{number}].detail"
        if part.extensions and not any(_BLOCK in fields for fields in part.extensions.values()):
            yield from _foreign(part.extensions, support, f"{where}.content[{number}].")


def _foreign(extensions: Extensions, support: Support, where: str) -> Iterator[str]:
    for namespace, fields in (extensions or {}).items():
        if namespace != support.namespace:
            yield from (f"{where}{field}" for field, value in fields.items() if not says_nothing(field, value))
