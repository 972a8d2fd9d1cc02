"""A wire's part → a part of the core.

A part with no place in the core (``executableCode``, …) becomes a ``Text`` without text, whose extensions hold the
whole of it: ``{"gemini": {"block": …}}``. On Gemini's wire it is given back as it was, every other wire refuses it.
"""

from __future__ import annotations

import binascii

import msgspec
from msgspec import Raw

from turnout.core import Audio, Extensions, File, Image, Part, RedactedThinking, Text, Thinking, ToolCall
from turnout.dialects.parsing import decode

from . import gemini_bodies as wire
from .reading import FLAG, STRING, Fields, camel, invalid, take, take_if_there, typed
from .signature import FIELD, NAMESPACE, Carried, opened, padded

_BLOB = msgspec.json.Decoder(wire.Blob)
_FILE = msgspec.json.Decoder(wire.FileData)
_CALL = msgspec.json.Decoder(wire.FunctionCall)
_NOTHING = Carried()
_HEAD = 64  # characters that show whether something is base64
_AT_GOOGLE = ("https://generativelanguage.googleapis.com/", "gs://", "files/")
"""Addresses of what only Google can read: uploads, and objects in Cloud Storage."""


def part_of(part: Fields, where: str) -> Part:
    """Anything but a function's response, which needs the conversation."""
    fields = camel(part)
    if "text" in fields:
        return _text(fields, where)
    if "functionCall" in fields:
        return _call(fields, where)
    if "inlineData" in fields or "fileData" in fields:
        return media_of(fields, where)
    if FIELD in fields:
        fields["text"] = Raw(b'""')  # a signature alone belongs to a text that says nothing
        return _text(fields, where)
    return Text("", {NAMESPACE: {"block": Raw(msgspec.json.encode(fields))}})


def _text(fields: Fields, where: str) -> Text | Thinking | RedactedThinking:
    text = take(fields, "text", STRING, where)
    thought = take_if_there(fields, "thought", FLAG, where)
    extensions, carried = _extensions(fields, where)
    if not thought:
        return Text(text, extensions)
    if carried.sealed is not None:
        return RedactedThinking(carried.sealed, extensions)
    if carried is _NOTHING:
        extensions = extensions or {NAMESPACE: {}}  # it is a thought of Gemini's, even without a signature
    return Thinking(text, carried.signature, extensions)


def _call(fields: Fields, where: str) -> ToolCall:
    """Its id is empty where it has none."""
    call, _ = typed(_CALL, fields.pop("functionCall"), f"{where}.functionCall")
    arguments = bytes(call.args).decode()
    if not arguments.startswith("{"):
        raise invalid(f"{where}.functionCall.args", "expected an object")
    return ToolCall(call.id or "", call.name, arguments, _extensions(fields, where)[0])


def media_of(fields: Fields, where: str) -> Image | Audio | File:
    if "inlineData" in fields:
        blob, _ = typed(_BLOB, fields.pop("inlineData"), f"{where}.inlineData")
        return _inline(blob, _extensions(fields, where)[0], f"{where}.inlineData")
    file, _ = typed(_FILE, fields.pop("fileData"), f"{where}.fileData")
    return _addressed(file, _extensions(fields, where)[0])


def _inline(blob: wire.Blob, extensions: Extensions, where: str) -> Image | Audio | File:
    data = padded(blob.data)
    try:
        binascii.a2b_base64(data[:_HEAD], strict_mode=True)
    except ValueError as error:
        raise invalid(f"{where}.data", "it is not base64") from error
    kind, _, form = blob.mime_type.partition("/")
    if not form:
        raise invalid(f"{where}.mimeType", "expected a media type, such as image/png")
    if kind == "image":
        return Image(data=data, media_type=blob.mime_type, extensions=extensions)
    if kind == "audio":
        return Audio(data, form, extensions)
    return File(data=data, media_type=blob.mime_type, name=blob.display_name, extensions=extensions)


def _addressed(file: wire.FileData, extensions: Extensions) -> Image | File:
    address, media_type, name = file.file_uri, file.mime_type, file.display_name
    if address.startswith(_AT_GOOGLE):
        return File(file_id=address, media_type=media_type, name=name, extensions=extensions)
    if media_type and media_type.startswith("image/"):
        return Image(url=address, media_type=media_type, extensions=extensions)
    return File(url=address, media_type=media_type, name=name, extensions=extensions)


def _extensions(fields: Fields, where: str) -> tuple[Extensions, Carried]:
    """What stands beside a part's content, and what another provider's part brought back in its signature."""
    if FIELD not in fields:
        return ({NAMESPACE: fields} if fields else None), _NOTHING
    carried = opened(decode(STRING, fields[FIELD], f"{where}.{FIELD}"), where)
    if carried is None:
        return {NAMESPACE: fields}, _NOTHING
    del fields[FIELD]
    return ((carried.extensions or {}) | ({NAMESPACE: fields} if fields else {})) or None, carried
