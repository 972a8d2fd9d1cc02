"""Recognises what Turnout has sealed for another provider (``turnout/dialects/sealed.py``) in a relayed request."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable

import msgspec
from msgspec import Raw

from turnout.core.seal import SEAL

_LIST = msgspec.json.Decoder(list[Raw])
_SEAL = SEAL.encode()
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.encode

Fields = dict[str, Raw]


def may_hold_seals(value: Raw) -> bool:
    """A search from the end takes half the time."""
    return bytes(value).rfind(_SEAL) >= 0


def is_sealed(value: object) -> bool:
    return isinstance(value, str) and value.startswith(SEAL)


class _SealedText(msgspec.Struct, tag="text"):
    text: str


_SEALED_TEXT = msgspec.json.Decoder(_SealedText)


def sealed_text(value: str) -> str | None:
    """The text that is sealed in ``value``; None for anything else."""
    try:
        return _SEALED_TEXT.decode(urlsafe_b64decode(value.removeprefix(SEAL))).text
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None


def has_seal(fields: Fields, *names: str) -> bool:
    """Whether one of these fields of an object is sealed."""
    return any(is_sealed(msgspec.json.decode(fields[name])) for name in names if name in fields)


def without_sealed(messages: Raw, own: Callable[[Fields], Fields | None]) -> Raw:
    """A request's ``messages``, of which those that may hold seals are what ``own`` makes of them: None for nothing.

    What has another form than the wire's is left to the vendor.
    """
    if not may_hold_seals(messages) or bytes(messages)[:1] != b"[":
        return messages
    kept = [own(_OBJECT.decode(item)) if _is_object_with_seals(item) else item for item in _LIST.decode(messages)]
    return Raw(_encode([item for item in kept if item is not None]))


def without(items: Raw, is_foreign: Callable[[Fields], bool]) -> list[Raw]:
    """The items of a list, without the objects that are somebody else's."""
    return [
        item for item in _LIST.decode(items) if not (_is_object_with_seals(item) and is_foreign(_OBJECT.decode(item)))
    ]


def _is_object_with_seals(item: Raw) -> bool:
    return bytes(item)[:1] == b"{" and may_hold_seals(item)
