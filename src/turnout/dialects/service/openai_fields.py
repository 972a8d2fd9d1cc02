"""A service API's body → OpenAI's fields. The APIs have the same fields, some under other names.

``model_id`` is ``model`` and ``user_id`` is ``user``. Roles may be in upper or lower case.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, structs

from turnout.core import ChatRequest, WireBody, whole
from turnout.core.prompts import messages_of
from turnout.dialects.openai.chat import parse as openai
from turnout.dialects.openai.chat.chat_bodies import Body
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.errors import InvalidRequest

Fields = dict[str, Raw]

_OTHER_NAMES = {"model_id": "model", "user_id": "user"}
_MESSAGES = msgspec.json.Decoder(list[Fields])
_STRING = msgspec.json.Decoder(str)
_NO_MESSAGES = Raw(b'[{"role":"user","content":""}]')  # a placeholder: the messages of the prompt replace it


def openai_fields(body: bytes) -> Fields:
    """The top-level fields under OpenAI's names."""
    check_encoding(body)
    return {_OTHER_NAMES.get(name, name): value for name, value in decode_fields(body).items()}


def chat_request(body: bytes, wire: str) -> ChatRequest:
    """The request of a body with ``messages`` or a ``prompt``. Raises ``InvalidRequest`` with the field's name."""
    fields = openai_fields(body)
    raw = WireBody(wire, dict(fields), form=Body)
    if "messages" in fields:
        fields["messages"] = _with_lower_case_roles(fields["messages"])
        request = whole(openai.parse(msgspec.json.encode(fields)))
        return structs.replace(request, raw=raw, service=True)
    prompt = string_in(fields, "prompt")
    if not prompt:
        raise InvalidRequest("Say what to answer: 'messages' or a 'prompt'.", param="messages")
    del fields["prompt"]
    request = whole(openai.parse(msgspec.json.encode(fields | {"messages": _NO_MESSAGES})))
    return structs.replace(request, messages=messages_of(prompt), raw=raw, service=True)


def string_in(fields: Fields, name: str) -> str | None:
    """None when the field is missing or null."""
    value = fields.get(name)
    if value is None or bytes(value) == b"null":
        return None
    try:
        return _STRING.decode(value)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"Invalid '{name}': expected a string.", param=name) from error


def _with_lower_case_roles(raw: Raw) -> Raw:
    messages = decode(_MESSAGES, bytes(raw))
    for message in messages:
        if "role" in message:
            message["role"] = Raw(bytes(message["role"]).lower())
    return Raw(msgspec.json.encode(messages))
