"""A part of Gemini's wire → a part of the core.

A part that the core doesn't have (``executableCode``, …) becomes a ``Text``. Its extensions hold the whole part:
``{"gemini": {"block": …}}``, which Gemini's wire sends back unchanged. The text says the same for other wires. It is
empty if there are no words for it.
"""

from __future__ import annotations

import binascii

import msgspec
from msgspec import Raw

from turnout.core import Audio, Extensions, File, Image, Part, RedactedThinking, Text, Thinking, ToolCall
from turnout.dialects.parsing import decode

from . import gemini_bodies as wire
from .fields import FLAG, STRING, Fields, camel, invalid, take, take_if_there, typed
from .signature import FIELD, NAMESPACE, ForeignState, standard_base64, unwrap

_BLOB = msgspec.json.Decoder(wire.Blob)
_FILE = msgspec.json.Decoder(wire.FileData)
_CALL = msgspec.json.Decoder(wire.FunctionCall)
_STEP = msgspec.json.Decoder(wire.CodeStep)
_NO_FOREIGN_STATE = ForeignState()
_HEAD = 64  # characters: enough to see whether a text is base64
_GOOGLE_ADDRESSES = ("https://generativelanguage.googleapis.com/", "gs://", "files/")
"""Addresses that only Google can read: uploads, and objects in Cloud Storage."""


def part_of(part: Fields, where: str) -> Part:
    """Reads every part except a function's response, which needs the conversation."""
    fields = camel(part)
    if "text" in fields:
        return _text(fields, where)
    if "functionCall" in fields:
        return _call(fields, where)
    if "inlineData" in fields or "fileData" in fields:
        return media_of(fields, where)
    if FIELD in fields:
        fields["text"] = Raw(b'""')  # a signature alone belongs to an empty text
        return _text(fields, where)
    return Text(_words_of(fields), {NAMESPACE: {"block": Raw(msgspec.json.encode(fields))}})


def _words_of(part: Fields) -> str:
    """What other providers are told of code that ran at Google; empty for anything else
    (https://ai.google.dev/gemini-api/docs/code-execution).
    """
    if "executableCode" in part:
        code = _step(part["executableCode"]).code
        return f"Ran this code:\n{code}" if code else ""
    if "codeExecutionResult" in part:
        output = _step(part["codeExecutionResult"]).output
        return f"The code gave:\n{output}" if output else ""
    return ""


def _step(value: Raw) -> wire.CodeStep:
    try:
        return _STEP.decode(value)
    except msgspec.ValidationError:  # Google may know this form
        return wire.CodeStep()


def _text(fields: Fields, where: str) -> Text | Thinking | RedactedThinking:
    text = take(fields, "text", STRING, where)
    thought = take_if_there(fields, "thought", FLAG, where)
    extensions, foreign_state = _extensions(fields, where)
    if not thought:
        return Text(text, extensions)
    if foreign_state.sealed is not None:
        return RedactedThinking(foreign_state.sealed, extensions)
    if foreign_state is _NO_FOREIGN_STATE:
        extensions = extensions or {NAMESPACE: {}}  # marks a thought as Gemini's, even without a signature
    return Thinking(text, foreign_state.signature, extensions)


def _call(fields: Fields, where: str) -> ToolCall:
    """The id is empty when the client sends none."""
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
    return _file_at_uri(file, _extensions(fields, where)[0])


def _inline(blob: wire.Blob, extensions: Extensions, where: str) -> Image | Audio | File:
    data = standard_base64(blob.data)
    try:
        binascii.a2b_base64(data[:_HEAD], strict_mode=True)
    except ValueError as error:
        raise invalid(f"{where}.data", "it is not base64") from error
    kind, _, subtype = blob.mime_type.partition("/")
    if not subtype:
        raise invalid(f"{where}.mimeType", "expected a media type, such as image/png")
    if kind == "image":
        return Image(data=data, media_type=blob.mime_type, extensions=extensions)
    if kind == "audio":
        return Audio(data, subtype, extensions)
    return File(data=data, media_type=blob.mime_type, name=blob.display_name, extensions=extensions)


def _file_at_uri(file: wire.FileData, extensions: Extensions) -> Image | File:
    address, media_type, name = file.file_uri, file.mime_type, file.display_name
    if address.startswith(_GOOGLE_ADDRESSES):
        return File(file_id=address, media_type=media_type, name=name, extensions=extensions)
    if media_type and media_type.startswith("image/"):
        return Image(url=address, media_type=media_type, extensions=extensions)
    return File(url=address, media_type=media_type, name=name, extensions=extensions)


def _extensions(fields: Fields, where: str) -> tuple[Extensions, ForeignState]:
    """The fields beside a part's content, and the state of another provider's part in its signature."""
    if FIELD not in fields:
        return ({NAMESPACE: fields} if fields else None), _NO_FOREIGN_STATE
    foreign_state = unwrap(decode(STRING, fields[FIELD], f"{where}.{FIELD}"), where)
    if foreign_state is None:
        return {NAMESPACE: fields}, _NO_FOREIGN_STATE
    del fields[FIELD]
    return ((foreign_state.extensions or {}) | ({NAMESPACE: fields} if fields else {})) or None, foreign_state
