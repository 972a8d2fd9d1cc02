"""``contents`` → messages.

A streaming client sends an answer back in the pieces in which it arrived. The pieces of a turn are joined, because a
signature is only valid for the whole thought. Function responses often have no id: each answers the first unanswered
call of its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec

from turnout.core import Audio, Extensions, File, Image, Message, Part, Text, Thinking, ToolCall, ToolResult

from . import gemini_bodies as wire
from .fields import STRING, Fields, camel, invalid, object_of, typed
from .parts import media_of, part_of
from .signature import FIELD, NAMESPACE

_RESPONSE = msgspec.json.Decoder(wire.FunctionResponse)
_UNSIGNED: tuple[Extensions, ...] = (None, {NAMESPACE: {}})


def messages_of(contents: list[wire.Content], where: str = "contents") -> tuple[Message, ...]:
    """``where`` is the path of ``contents``, for errors."""
    return tuple(_Conversation().messages(contents, where))


def parts_of(content: wire.Content, where: str) -> tuple[Part, ...]:
    """The parts of a system instruction."""
    return tuple([part_of(part, f"{where}.parts[{number}]") for number, part in enumerate(_parts(content))])


def _parts(content: wire.Content | wire.FunctionResponse) -> list[Fields]:
    return content.parts if isinstance(content.parts, list) else [content.parts]


class _Conversation:
    def __init__(self) -> None:
        self._calls = 0
        self._unanswered: list[ToolCall] = []

    def messages(self, contents: list[wire.Content], where: str) -> Iterator[Message]:
        places = [(content, f"{where}[{number}]") for number, content in enumerate(contents)]
        for role, run in groupby(places, lambda place: place[0].role):
            if role == "model":
                turn = _ModelTurn()
                for content, at in run:
                    for number, fields in enumerate(_parts(content)):
                        turn.add(self._model_part(fields, f"{at}.parts[{number}]"))
                parts = turn.parts()
                if parts:
                    yield Message("assistant", parts)
            elif role == "system":
                yield from (Message("system", parts_of(content, at)) for content, at in run)
            else:
                for content, at in run:
                    yield from self._user_messages(content, at)

    def _model_part(self, fields: Fields, where: str) -> Part:
        part = part_of(fields, where)
        if not isinstance(part, ToolCall):
            return part
        self._calls += 1
        call = part if part.id else msgspec.structs.replace(part, id=f"gemini_call_{self._calls}")
        self._unanswered.append(call)
        return call

    def _user_messages(self, content: wire.Content, where: str) -> Iterator[Message]:
        """The core has separate messages for tool results."""
        parts = [self._user_part(fields, f"{where}.parts[{number}]") for number, fields in enumerate(_parts(content))]
        if not parts:
            raise invalid(f"{where}.parts", "it must not be empty")
        for is_result, run in groupby(parts, lambda part: isinstance(part, ToolResult)):
            yield Message("tool" if is_result else "user", tuple(run))

    def _user_part(self, part: Fields, where: str) -> Part:
        fields = camel(part)
        if "functionResponse" not in fields:
            return part_of(part, where)
        where = f"{where}.functionResponse"
        response, unknown = typed(_RESPONSE, fields.pop("functionResponse"), where)
        text, is_error = _text_of(response, where)
        unknown = {name: raw for name, raw in unknown.items() if name not in wire.FunctionResponse.__struct_fields__}
        media = [_media_part(fields, f"{where}.parts[{number}]") for number, fields in enumerate(_parts(response))]
        return ToolResult(
            call_id=self._answered_call_id(response),
            parts=(Text(text), *media),
            is_error=is_error,
            name=response.name,
            extensions={NAMESPACE: unknown} if unknown else None,
        )

    def _answered_call_id(self, response: wire.FunctionResponse) -> str:
        """The id of the call that ``response`` answers."""
        for call in self._unanswered:
            if call.id == response.id if response.id else call.name == response.name:
                self._unanswered.remove(call)
                return call.id
        self._calls += 1
        return response.id or f"gemini_call_{self._calls}"


def _text_of(response: wire.FunctionResponse, where: str) -> tuple[str, bool]:
    """The text of a response, and whether it is an error.

    Google's keys are ``output`` and ``error``. A response without them is an output as a whole.
    """
    whole = bytes(response.response).decode()
    fields = object_of(response.response, f"{where}.response") if whole != "null" else {}
    key = next(iter(fields)) if len(fields) == 1 else ""
    is_error = key == "error"
    if key in ("output", "error") and bytes(fields[key]).startswith(b'"'):
        return STRING.decode(fields[key]), is_error
    return whole, is_error


def _media_part(part: Fields, where: str) -> Image | File:
    fields = camel(part)
    if "inlineData" not in fields and "fileData" not in fields:
        raise invalid(where, "expected inlineData or fileData")
    media = media_of(fields, where)
    if isinstance(media, Audio):
        return File(data=media.data, media_type=f"audio/{media.format}", extensions=media.extensions)
    return media


class _ModelTurn:
    """Joins the pieces of one answer to its parts.

    A signature belongs to the pieces just before it, and no later piece may be joined to them.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._open_pieces: list[Text | Thinking] = []  # of one type, without a signature

    def add(self, part: Part) -> None:
        if self._open_pieces and type(part) is not type(self._open_pieces[0]):
            self._close()
        if not isinstance(part, Text | Thinking) or _has_other_fields(part):
            self._close()
            self._parts.append(part)
            return
        self._open_pieces.append(part)
        if _is_signed(part):
            self._close()

    def parts(self) -> tuple[Part, ...]:
        self._close()
        return tuple(self._parts)

    def _close(self) -> None:
        if self._open_pieces:
            text = "".join([piece.text for piece in self._open_pieces])
            last = self._open_pieces[-1]
            if text or _is_signed(last):
                self._parts.append(msgspec.structs.replace(last, text=text))
            self._open_pieces = []


def _has_other_fields(part: Text | Thinking) -> bool:
    return bool(part.extensions and part.extensions.get(NAMESPACE, {}).keys() - {FIELD})


def _is_signed(part: Text | Thinking) -> bool:
    return part.extensions not in _UNSIGNED or (isinstance(part, Thinking) and part.signature is not None)
