"""``contents`` → messages.

Streaming clients send an answer back in the pieces that it came in: those of one turn are joined, so that a thought
is again what its signature was made for. Function responses often have no id: each answers the first call of its name
that has no answer yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec

from turnout.core import Audio, Extensions, File, Image, Message, Part, Text, Thinking, ToolCall, ToolResult

from . import gemini_bodies as wire
from .parts import media_of, part_of
from .reading import STRING, Fields, camel, invalid, object_of, typed
from .signature import FIELD, NAMESPACE

_RESPONSE = msgspec.json.Decoder(wire.FunctionResponse)
_UNSIGNED: tuple[Extensions, ...] = (None, {NAMESPACE: {}})


def messages_of(contents: list[wire.Content], where: str = "contents") -> tuple[Message, ...]:
    """``where`` is the path of ``contents``, for errors."""
    return tuple(_Conversation().messages(contents, where))


def parts_of(content: wire.Content, where: str) -> tuple[Part, ...]:
    """Those of a system instruction."""
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
                turn = _Turn()
                for content, at in run:
                    for number, fields in enumerate(_parts(content)):
                        turn.add(self._said(fields, f"{at}.parts[{number}]"))
                parts = turn.parts()
                if parts:
                    yield Message("assistant", parts)
            elif role == "system":
                yield from (Message("system", parts_of(content, at)) for content, at in run)
            else:
                for content, at in run:
                    yield from self._asked(content, at)

    def _said(self, fields: Fields, where: str) -> Part:
        part = part_of(fields, where)
        if not isinstance(part, ToolCall):
            return part
        self._calls += 1
        call = part if part.id else msgspec.structs.replace(part, id=f"gemini_call_{self._calls}")
        self._unanswered.append(call)
        return call

    def _asked(self, content: wire.Content, where: str) -> Iterator[Message]:
        """The core keeps results in messages of their own."""
        found = [self._heard(fields, f"{where}.parts[{number}]") for number, fields in enumerate(_parts(content))]
        if not found:
            raise invalid(f"{where}.parts", "it must not be empty")
        for is_result, run in groupby(found, lambda part: isinstance(part, ToolResult)):
            yield Message("tool" if is_result else "user", tuple(run))

    def _heard(self, part: Fields, where: str) -> Part:
        fields = camel(part)
        if "functionResponse" not in fields:
            return part_of(part, where)
        where = f"{where}.functionResponse"
        response, more = typed(_RESPONSE, fields.pop("functionResponse"), where)
        words, is_error = _words_of(response, where)
        more = {name: raw for name, raw in more.items() if name not in wire.FunctionResponse.__struct_fields__}
        media = [_medium(fields, f"{where}.parts[{number}]") for number, fields in enumerate(_parts(response))]
        return ToolResult(
            call_id=self._answered(response),
            parts=(Text(words), *media),
            is_error=is_error,
            name=response.name,
            extensions={NAMESPACE: more} if more else None,
        )

    def _answered(self, response: wire.FunctionResponse) -> str:
        """The id of the call that it answers."""
        for call in self._unanswered:
            if call.id == response.id if response.id else call.name == response.name:
                self._unanswered.remove(call)
                return call.id
        self._calls += 1
        return response.id or f"gemini_call_{self._calls}"


def _words_of(response: wire.FunctionResponse, where: str) -> tuple[str, bool]:
    """What a response says, and whether it is an error.

    Google's own keys are ``output`` and ``error``; any other response is an output as a whole.
    """
    whole = bytes(response.response).decode()
    fields = object_of(response.response, f"{where}.response") if whole != "null" else {}
    key = next(iter(fields)) if len(fields) == 1 else ""
    is_error = key == "error"
    if key in ("output", "error") and bytes(fields[key]).startswith(b'"'):
        return STRING.decode(fields[key]), is_error
    return whole, is_error


def _medium(part: Fields, where: str) -> Image | File:
    fields = camel(part)
    if "inlineData" not in fields and "fileData" not in fields:
        raise invalid(where, "expected inlineData or fileData")
    medium = media_of(fields, where)
    if isinstance(medium, Audio):
        return File(data=medium.data, media_type=f"audio/{medium.format}", extensions=medium.extensions)
    return medium


class _Turn:
    """The parts of one answer, put together from the pieces that it came in.

    A signature belongs to what came just before it, and nothing may be joined to what is signed.
    """

    def __init__(self) -> None:
        self._whole: list[Part] = []
        self._pieces: list[Text | Thinking] = []  # of one kind, without a signature

    def add(self, part: Part) -> None:
        if self._pieces and type(part) is not type(self._pieces[0]):
            self._close()
        if not isinstance(part, Text | Thinking) or _stands_alone(part):
            self._close()
            self._whole.append(part)
            return
        self._pieces.append(part)
        if _is_signed(part):
            self._close()

    def parts(self) -> tuple[Part, ...]:
        self._close()
        return tuple(self._whole)

    def _close(self) -> None:
        if self._pieces:
            text = "".join([piece.text for piece in self._pieces])
            last = self._pieces[-1]
            if text or _is_signed(last):
                self._whole.append(msgspec.structs.replace(last, text=text))
            self._pieces = []


def _stands_alone(part: Text | Thinking) -> bool:
    return bool(part.extensions and part.extensions.get(NAMESPACE, {}).keys() - {FIELD})


def _is_signed(part: Text | Thinking) -> bool:
    return part.extensions not in _UNSIGNED or (isinstance(part, Thinking) and part.signature is not None)
