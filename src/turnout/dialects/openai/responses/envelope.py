"""The state that other providers need again with the next turn. It travels in ``encrypted_content`` of a reasoning
item, which is the one field that clients send back unchanged.

``turnout-1.`` and, in base64 for URLs, a JSON object:

- a part of the core: its ``type`` is ``thinking`` (text, signature, extensions), ``redacted_thinking``, or a ``text``
  that stands for the provider's own block;
- or its ``type`` is ``attached``: the ``extensions`` (such as Gemini's thought signature) of the tool call ``call``, or
  of the part before when ``call`` is null.

OpenAI's own encrypted content never has this prefix. Turnout's is removed from bodies that are relayed to OpenAI.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from turnout.core import Extensions, RedactedThinking, Text, Thinking

PREFIX = "turnout-1."


class Attached(msgspec.Struct, frozen=True, tag="attached"):
    extensions: Extensions
    call: str | None = None


State = Thinking | RedactedThinking | Text | Attached

_STATE: msgspec.json.Decoder[State] = msgspec.json.Decoder(State)


def seal(state: State) -> str:
    return PREFIX + urlsafe_b64encode(msgspec.json.encode(state)).decode()


def unseal(content: str | None) -> State | None:
    """None for content that isn't Turnout's, or was changed on its way."""
    if content is None or not content.startswith(PREFIX):
        return None
    try:
        return _STATE.decode(urlsafe_b64decode(content.removeprefix(PREFIX)))
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return None
