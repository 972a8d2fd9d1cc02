"""What other providers want back with the next turn, in the one field that clients send back unread:
``encrypted_content`` of a reasoning item.

``turnout-1.`` and, in base64 for URLs, a JSON object:

- a part of the core, told apart by ``type``: ``thinking`` (text, signature, extensions), ``redacted_thinking``, or a
  ``text`` that stands for a block of the provider's own;
- or ``attached``: ``extensions`` (such as Gemini's thought signature) of the tool call ``call``, or, where that is
  null, of the part before.

OpenAI's own encrypted content never begins like this, and ours is taken out of what is relayed to OpenAI.
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


Carried = Thinking | RedactedThinking | Text | Attached

_CARRIED: msgspec.json.Decoder[Carried] = msgspec.json.Decoder(Carried)


def seal(carried: Carried) -> str:
    return PREFIX + urlsafe_b64encode(msgspec.json.encode(carried)).decode()


def unseal(content: str | None) -> Carried | None:
    """None for what isn't ours, or was changed on its way."""
    if content is None or not content.startswith(PREFIX):
        return None
    try:
        return _CARRIED.decode(urlsafe_b64decode(content.removeprefix(PREFIX)))
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return None
