"""The frames on the control socket: four bytes of length (big-endian), then so many bytes of MessagePack.

The control process sends ``Hello`` first. Then the asker sends ``Ask`` and ``Cancel``. It gets an ``Answer`` or a
``Refusal`` with the same ``id``, in any order. The asker chooses ids, and doesn't use one twice at the same time.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from turnout.errors import BodyTooLarge

MOST_BYTES: Final = 1024 * 1024
"""The size of one frame. A longer frame would delay the others on its connection."""

_LENGTH_SIZE: Final = 4


class Ask(msgspec.Struct, frozen=True, array_like=True, tag=0):
    id: int
    subject: str
    question: bytes


class Cancel(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The asker waits for that answer no more."""

    id: int


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """The control process has accepted the connection. The system completes a connection before it is accepted."""


class Answer(msgspec.Struct, frozen=True, array_like=True, tag=3):
    id: int
    answer: bytes


class Refusal(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """The handler raised an error with this ``status``, ``code``, ``message`` and ``param``."""

    id: int
    status: int
    code: str
    message: str
    param: str | None = None


FromAsker: TypeAlias = Ask | Cancel
FromControl: TypeAlias = Hello | Answer | Refusal

read_from_asker = msgspec.msgpack.Decoder(FromAsker).decode
read_from_control = msgspec.msgpack.Decoder(FromControl).decode
_encode = msgspec.msgpack.Encoder().encode


def frame(content: FromAsker | FromControl) -> bytes:
    """The bytes of one frame. Raises ``BodyTooLarge``."""
    body = _encode(content)
    _check_length(len(body))
    return len(body).to_bytes(_LENGTH_SIZE, "big") + body


class FrameReader:
    """Splits the bytes of a connection into the contents of frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The contents that ``data`` completes. Raises ``BodyTooLarge`` as soon as it reads a length over the limit."""
        buffer = self._buffer
        buffer += data
        frames: list[bytes] = []
        start = 0
        while len(buffer) - start >= _LENGTH_SIZE:
            length = int.from_bytes(buffer[start : start + _LENGTH_SIZE], "big")
            _check_length(length)
            end = start + _LENGTH_SIZE + length
            if end > len(buffer):
                break
            frames.append(bytes(buffer[start + _LENGTH_SIZE : end]))
            start = end
        del buffer[:start]
        return frames


def _check_length(length: int) -> None:
    if length > MOST_BYTES:
        raise BodyTooLarge(f"{length} bytes are too many for the control socket, which takes {MOST_BYTES} at once.")
