"""The state of another provider's part, wrapped into a ``thoughtSignature``.

Clients send a part back with its signature. So a signature can carry fields that Gemini's wire doesn't have, such as
Anthropic's signature of a thought, or its sealed thoughts. It is the base64 of a mark and of JSON. The mark fills whole
groups of base64, so that it is found in a body without decoding.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec

from turnout.core import Extensions, Part, RedactedThinking, Thinking, ToolCall

from .fields import invalid

NAMESPACE = "gemini"
FIELD = "thoughtSignature"
_MARK = b"turnout/signature/"
MARK = b64encode(_MARK).decode()


class ForeignState(msgspec.Struct, omit_defaults=True):
    """``sealed`` is the data of a ``RedactedThinking``."""

    signature: str | None = None
    sealed: str | None = None
    extensions: Extensions = None


_FOREIGN_STATE = msgspec.json.Decoder(ForeignState)


def wrap(part: Part) -> str | None:
    """A signature with the state of ``part`` that its provider needs again; None without such a state."""
    if not isinstance(part, Thinking | RedactedThinking | ToolCall):
        return None
    extensions = {name: fields for name, fields in (part.extensions or {}).items() if name != NAMESPACE} or None
    signature = part.signature if isinstance(part, Thinking) else None
    sealed = part.data if isinstance(part, RedactedThinking) else None
    if not signature and sealed is None and not extensions:
        return None
    return b64encode(_MARK + msgspec.json.encode(ForeignState(signature, sealed, extensions))).decode()


def unwrap(signature: str, where: str) -> ForeignState | None:
    """The state that ``wrap`` put into a signature; None for a signature of Gemini itself."""
    if not signature.startswith(MARK):
        return None
    try:
        data = b64decode(standard_base64(signature), validate=True)
        return _FOREIGN_STATE.decode(data.removeprefix(_MARK))
    except ValueError as error:  # msgspec's errors are ValueErrors, too
        raise invalid(f"{where}.{FIELD}", "it was changed on its way") from error


def standard_base64(data: str) -> str:
    """Base64 with the standard alphabet and padding. SDKs also send the alphabet for URLs, without padding."""
    standard = data.replace("-", "+").replace("_", "/")
    return standard + "=" * (-len(data) % 4)
