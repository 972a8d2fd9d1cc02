"""Reads a chat request no further than its way needs.

A long conversation stays JSON until somebody asks for it (``turnout.core.Unread``): most are relayed to a provider on
the same wire. So does whatever this dialect can't read: the provider may know it. Who translates the request reads it
whole, and gets the error.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, structs

from turnout.core import ChatRequest, EmbeddingRequest, Rest, Unread, UnreadList, WireBody
from turnout.errors import InvalidRequest, Unreadable

from .parsing import decode, decode_fields
from .salvage import salvaged

Fields = dict[str, Raw]
Read = Callable[[bytes, Fields], ChatRequest]
"""Reads a whole body, which it also gets as its fields. Raises ``InvalidRequest`` with the path of the wrong field."""
ReadInputs = Callable[[bytes, Fields], EmbeddingRequest]
Inputs = tuple[str | tuple[int, ...], ...]


class _Named(msgspec.Struct):
    model: Annotated[str, Meta(min_length=1)]


_NAMED = msgspec.json.Decoder(_Named)

SHORT: Final = 8 * 1024
"""Bytes. Reading a shorter body at once costs less than reading its settings first, if it is translated."""
_TOOLS: Final = "tools"


class Form(msgspec.Struct, frozen=True):
    """``conversation`` are the fields that may stay unread. ``stand_in`` is a short conversation in their place.

    ``needed`` are the fields that even a relay has to know. Every image of this wire has one of ``image_marks`` in its
    JSON.
    """

    conversation: frozenset[str]
    stand_in: Fields
    image_marks: tuple[bytes, ...]
    needed: frozenset[str] = frozenset({"model", "stream"})


def parse_lazily(body: bytes, form: Form, read: Read, read_later: Read | None = None, earlier: int = 0) -> ChatRequest:
    """The request of ``body``, with all that is short and sound. Raises ``InvalidRequest`` for what is needed.

    ``read_later`` is the reader of the whole if that adds earlier turns, of so many bytes.
    """
    try:
        fields = decode_fields(body)
    except InvalidRequest:
        if form.needed:
            read(body, {})  # says it in the dialect's own words, and names the field where it finds one
        raise
    read_later = read_later or read
    if len(body) + earlier <= SHORT:
        try:
            return read_later(body, fields)
        except InvalidRequest:
            pass  # it is raised again when the request is translated
    settings = _settings(fields, form, read)
    unread = Unread(
        partial(_rest, body, fields, read_later),
        partial(salvaged, fields),
        body,
        earlier=earlier,
        # a search from the end takes half the time
        may_hold_images=earlier > 0 or any(body.rfind(mark) >= 0 for mark in form.image_marks),
    )
    return structs.replace(
        settings,
        messages=UnreadList(unread.messages),
        tools=UnreadList(unread.tools) if _TOOLS in fields else (),
        raw=settings.raw and structs.replace(settings.raw, fields=fields),
        unread=unread,
    )


def parse_inputs(body: bytes, wire: str, model: str | None, read: ReadInputs) -> EmbeddingRequest:
    """The same for embeddings. ``model`` is that of the path, None where the body has to name it."""
    fields = decode_fields(body)
    try:
        return read(body, fields)
    except InvalidRequest:
        pass  # it is raised again when somebody looks at the inputs
    model = decode(_NAMED, body).model if model is None else model
    return EmbeddingRequest(
        model=model, inputs=UnreadList(partial(_inputs, body, fields, read)), raw=WireBody(wire, fields)
    )


def _inputs(body: bytes, fields: Fields, read: ReadInputs) -> Inputs:
    try:
        return tuple(read(body, fields).inputs)
    except InvalidRequest as error:
        raise Unreadable(error.message, param=error.param) from error


def _settings(fields: Fields, form: Form, read: Read) -> ChatRequest:
    """The request without its conversation, and without the settings that can't be read."""
    settings = {name: value for name, value in fields.items() if name not in form.conversation}
    while True:
        body = msgspec.json.encode(form.stand_in | settings)
        try:
            return read(body, decode_fields(body))
        except InvalidRequest as error:
            wrong = (error.param or "").partition(".")[0].partition("[")[0]
            if wrong not in settings or wrong in form.needed:
                raise
            del settings[wrong]


def _rest(body: bytes, fields: Fields, read: Read) -> Rest:
    request = read(body, fields)
    return Rest(tuple(request.messages), tuple(request.tools), request.tool_choice, request.extensions, request.hosted)
