"""What the audit log tells of a thing before and after a change: its fields as JSON, without secrets."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import Secret


def _hide(value: object) -> str:
    if isinstance(value, Secret):
        return "(a secret)"
    raise NotImplementedError


_encode = msgspec.json.Encoder(enc_hook=_hide).encode


def told(thing: Any) -> str:
    """A secret is told as being there, and not what it is."""
    return _encode(thing).decode()
