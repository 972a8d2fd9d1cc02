"""A service API's body → OpenAI's fields, which it is one of with names of its own.

Roles may be written in any case; ``model_id`` is ``model``, ``user_id`` is ``user``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, structs

from turnout.core import ChatRequest, WireBody
from turnout.core.prompts import messages_of
from turnout.dialects.openai.chat import parse as openai
from turnout.dialects.openai.chat.chat_bodies import Body
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.errors import InvalidRequest

Fields = dict[str, Raw]

_OTHER_NAMES = {"model_id": "model", "user_id": "user"}
_MESSAGES = msgspec.json.Decoder(list[Fields])
_STRING = msgspec.json.Decoder(str)
_NO_MESSAGES = Raw(b'[{"role":"user","content":""}]')  # put in for a prompt, whose messages come in its place


def fields_of(body: bytes) -> Fields:
    """The top-level fields under OpenAI's names."""
    check_encoding(body)
    return {_OTHER_NAMES.get(name, name): value for name, value in decode_fields(body).items()}


def chat_request(body: bytes, wire: str) -> ChatRequest:
    """From ``messages``, or from a ``prompt``. Raises ``InvalidRequest`` naming the field."""
    fields = fields_of(body)
    kept = WireBody(wire, dict(fields), form=Body)
    if "messages" in fields:
        fields["messages"] = _with_plain_roles(fields["messages"])
        return structs.replace(openai.parse(msgspec.json.encode(fields)), raw=kept)
    prompt = string_in(fields, "prompt")
    if not prompt:
        raise InvalidRequest("Say what to answer: 'messages' or a 'prompt'.", param="messages")
    del fields["prompt"]
    request = openai.parse(msgspec.json.encode(fields | {"messages": _NO_MESSAGES}))
    return structs.replace(request, messages=messages_of(prompt), raw=kept)


def string_in(fields: Fields, name: str) -> str | None:
    """None when it is left out or null."""
    value = fields.get(name)
    if value is None or bytes(value) == b"null":
        return None
    try:
        return _STRING.decode(value)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"Invalid '{name}': expected a string.", param=name) from error


def _with_plain_roles(messages: Raw) -> Raw:
    found = decode(_MESSAGES, bytes(messages))
    for message in found:
        if "role" in message:
            message["role"] = Raw(bytes(message["role"]).lower())
    return Raw(msgspec.json.encode(found))
