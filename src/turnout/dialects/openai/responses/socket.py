"""Responses over a WebSocket (https://developers.openai.com/api/docs/guides/websocket-mode).

A message is a ``response.create`` with the fields of a request. Turnout answers with the events of a stream, one
message each. An answer that isn't stored (``store: false``) can be continued over the same connection, as long as it is
the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import Finish, Start, StreamEvent
from turnout.dialects.socket_conversation import Asked
from turnout.errors import InvalidRequest

from .items import raw_items

_CREATE: Final = "response.create"
_NOT_A_CREATE: Final = "A message has to be a JSON object with the type 'response.create'."
_FOR_THE_SOCKET: Final = ("type", "generate", "stream", "background")
_TRUE: Final = Raw(b"true")
_FALSE: Final = b"false"
_encode = msgspec.json.encode


class _Item(msgspec.Struct):
    type: str | None = None
    encrypted_content: str | None = None


class _Response(msgspec.Struct):
    id: str
    output: list[Raw] = []


class _Event(msgspec.Struct):
    type: str = ""
    response: _Response | None = None


_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_EVENT: Final = msgspec.json.Decoder(_Event)
_ITEM: Final = msgspec.json.Decoder(_Item)
_TEXT: Final = msgspec.json.Decoder(str)
_ANSWERED: Final = (b"response.completed", b"response.incomplete")


class ResponseAsked(msgspec.Struct):
    """``items`` is the whole conversation so far, where nobody else keeps it."""

    body: bytes
    warms_up: bool
    items: list[Raw] | None


class ResponseConversation:
    warm_up: Sequence[StreamEvent] = (Start(), Finish("stop", "warm_up"))

    def __init__(self) -> None:
        self._last_id = ""
        self._items: list[Raw] = []  # up to the last answer, if that isn't stored

    def asked(self, message: str) -> ResponseAsked:
        try:
            fields = _FIELDS.decode(message)
        except msgspec.DecodeError:
            raise InvalidRequest(_NOT_A_CREATE) from None
        if fields.get("type") != Raw(_encode(_CREATE)):
            raise InvalidRequest(_NOT_A_CREATE, param="type")
        warms_up = bytes(fields.get("generate", _TRUE)) == _FALSE
        body = {name: value for name, value in fields.items() if name not in _FOR_THE_SOCKET}
        items = self._continued(body, warms_up=warms_up)
        return ResponseAsked(_encode(body | {"stream": _TRUE}), warms_up, items)

    def _continued(self, body: dict[str, Raw], *, warms_up: bool) -> list[Raw] | None:
        """The whole conversation of a request that nobody stores. Puts it into ``body``, if that names the last answer
        of this connection.
        """
        previous = body.get("previous_response_id")
        goes_on = self._last_id != "" and previous == Raw(_encode(self._last_id))
        if not goes_on and not warms_up and bytes(body.get("store", _TRUE)) != _FALSE:
            return None
        items = [*(self._items if goes_on else ()), *raw_items(body.get("input", Raw()))]
        if goes_on:
            del body["previous_response_id"]
            body["input"] = Raw(_encode(items))
        return items

    def answered(self, asked: Asked, event: bytes) -> None:
        if not isinstance(asked, ResponseAsked) or not any(kind in event[:64] for kind in _ANSWERED):
            return
        response = _EVENT.decode(event).response
        if response is not None:
            self._last_id = response.id if asked.items is not None else ""
            self._items = [*(asked.items or ()), *filter(None, map(_sent_back, response.output))]

    def error(self, status: int, body: bytes) -> bytes:
        return _encode({"type": "error", "status": status} | _FIELDS.decode(body))


def _sent_back(item: Raw) -> Raw | None:
    """OpenAI knows no id of what it hasn't stored, and no reasoning without its encrypted content."""
    head = _ITEM.decode(item)
    if head.type == "reasoning" and not head.encrypted_content:
        return None
    fields = _FIELDS.decode(item)
    return Raw(_encode({name: value for name, value in fields.items() if name not in ("id", "status")}))
