"""What goes over the control socket: frames of four bytes of length (big-endian) and as many of MessagePack.

The control process says ``Hello`` first. Then the asker sends ``Ask`` and ``Withdraw``, and gets an ``Answer`` or a
``Refusal`` with the same ``id``, in any order. The asker chooses ids, and doesn't use one twice at the same time.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from turnout.errors import BodyTooLarge

MOST_BYTES: Final = 1024 * 1024
"""Of one frame. A longer one would hold up the others on its connection."""

_HEAD: Final = 4


class Ask(msgspec.Struct, frozen=True, array_like=True, tag=0):
    id: int
    subject: str
    question: bytes


class Withdraw(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Nobody waits for that answer any more."""

    id: int


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """The control process has taken the connection. The system completes a connection before anybody takes it."""


class Answer(msgspec.Struct, frozen=True, array_like=True, tag=3):
    id: int
    answer: bytes


class Refusal(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """``status``, ``code`` and ``message`` are those of the error that the handler raised."""

    id: int
    status: int
    code: str
    message: str


FromAsker: TypeAlias = Ask | Withdraw
FromControl: TypeAlias = Hello | Answer | Refusal

read_from_asker = msgspec.msgpack.Decoder(FromAsker).decode
read_from_control = msgspec.msgpack.Decoder(FromControl).decode
_encode = msgspec.msgpack.Encoder().encode


def frame(content: FromAsker | FromControl) -> bytes:
    """Raises ``BodyTooLarge``."""
    body = _encode(content)
    _check(len(body))
    return len(body).to_bytes(_HEAD, "big") + body


class FrameReader:
    """Cuts what a connection brings into the contents of frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that ``data`` completes. Raises ``BodyTooLarge`` as soon as a length says so."""
        held = self._held
        held += data
        frames: list[bytes] = []
        start = 0
        while len(held) - start >= _HEAD:
            length = int.from_bytes(held[start : start + _HEAD], "big")
            _check(length)
            end = start + _HEAD + length
            if end > len(held):
                break
            frames.append(bytes(held[start + _HEAD : end]))
            start = end
        del held[:start]
        return frames


def _check(length: int) -> None:
    if length > MOST_BYTES:
        raise BodyTooLarge(f"{length} bytes are too many for the control socket, which takes {MOST_BYTES} at once.")
