"""The state that other providers need again with the next turn, in a form that only Turnout reads.

Each dialect puts it into a field that its clients send back unchanged: ``encrypted_content`` of a reasoning item
(Responses), ``data`` of a ``redacted_thinking`` block and ``signature`` of a ``thinking`` block (Anthropic), ``data``
and ``signature`` of ``reasoning_details`` (chat). It is ``turnout-1.`` and, in base64 for URLs, a JSON object:

- a part of the core: its ``type`` is ``thinking`` (text, signature, extensions), ``redacted_thinking``, or a ``text``
  that stands for the provider's own block;
- or its ``type`` is ``attached``: ``extensions`` of another part, such as Gemini's thought signature.

Providers remove it from what they relay to a vendor.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from turnout.core import Extensions, RedactedThinking, Text, Thinking
from turnout.core.seal import SEAL


class Attached(msgspec.Struct, frozen=True, tag="attached", omit_defaults=True):
    """The ``extensions`` belong to the tool call ``call``, to the text that ends after ``text`` characters of the
    answer's text, or to the answer's image number ``image``. Without any of these they belong to the part before.
    """

    extensions: Extensions
    call: str | None = None
    text: int | None = None
    image: int | None = None


State = Thinking | RedactedThinking | Text | Attached

_STATE: msgspec.json.Decoder[State] = msgspec.json.Decoder(State)

_NEEDED_AGAIN: Final = {"gemini": "thoughtSignature"}
"""By namespace, the field that the provider needs again with its part, and that nobody else may get:
https://ai.google.dev/gemini-api/docs/thought-signatures
"""


def seal(state: State) -> str:
    return SEAL + urlsafe_b64encode(msgspec.json.encode(state)).decode()


def unseal(content: str | None) -> State | None:
    """None for content that isn't Turnout's, or was changed on its way."""
    if content is None or not content.startswith(SEAL):
        return None
    try:
        return _STATE.decode(urlsafe_b64decode(content.removeprefix(SEAL)))
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return None


def needed_again(extensions: Extensions) -> Extensions:
    """Those of a part's extensions that its provider needs again."""
    if not extensions:
        return None
    needed = {
        name: {field: extensions[name][field]}
        for name, field in _NEEDED_AGAIN.items()
        if field in extensions.get(name, ())
    }
    return needed or None


def signature_of(signature: str | None, extensions: Extensions) -> str | None:
    """A thought's signature, or a sealed one that holds what its provider needs again in other fields."""
    needed = needed_again(extensions)
    return seal(Thinking("", signature, needed)) if needed else signature


UNSIGNED: Final = seal(Thinking(""))
"""The signature of a thought that its provider hasn't signed, where a dialect requires one. So a vendor that would
refuse the thought isn't sent it."""
