"""What another provider's part needs to be sent back one day, kept where Gemini's clients keep a ``thoughtSignature``.

Clients send a part back with the signature that it came with. So what Gemini's wire has no field for (Anthropic's
signature of a thought, its sealed thoughts) travels there: base64 of a mark and of JSON. The mark is as long as a
whole number of base64's groups, so that it can be found in a body without decoding anything.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec

from turnout.core import Extensions, Part, RedactedThinking, Thinking, ToolCall

from .reading import invalid

NAMESPACE = "gemini"
FIELD = "thoughtSignature"
_MARK = b"turnout/signature/"
MARK = b64encode(_MARK).decode()


class Carried(msgspec.Struct, omit_defaults=True):
    """``sealed`` is the data of a ``RedactedThinking``."""

    signature: str | None = None
    sealed: str | None = None
    extensions: Extensions = None


_CARRIED = msgspec.json.Decoder(Carried)


def carried(part: Part) -> str | None:
    """What of ``part`` has to come back and isn't Gemini's."""
    if not isinstance(part, Thinking | RedactedThinking | ToolCall):
        return None
    extensions = {name: fields for name, fields in (part.extensions or {}).items() if name != NAMESPACE} or None
    signature = part.signature if isinstance(part, Thinking) else None
    sealed = part.data if isinstance(part, RedactedThinking) else None
    if not signature and sealed is None and not extensions:
        return None
    return b64encode(_MARK + msgspec.json.encode(Carried(signature, sealed, extensions))).decode()


def opened(signature: str, where: str) -> Carried | None:
    """What ``carried`` put there; None for a signature of Gemini's own. SDKs may spell base64 for URLs."""
    if not signature.startswith(MARK):
        return None
    try:
        data = b64decode(padded(signature), validate=True)
        return _CARRIED.decode(data.removeprefix(_MARK))
    except ValueError as error:  # also what msgspec raises
        raise invalid(f"{where}.{FIELD}", "it was changed on its way") from error


def padded(data: str) -> str:
    """Base64 in its usual spelling: Google also takes the one for URLs, and does without padding."""
    if "-" in data or "_" in data:
        data = data.replace("-", "+").replace("_", "/")
    return data + "=" * (-len(data) % 4)
