"""Content codings of bodies: their names, and how they are unpacked in bounded pieces (RFC 9110, 8.4).

``zstd`` and ``br`` need a package. Where a platform has none, they aren't offered.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Final, Protocol

PIECE: Final = 256 * 1024
"""Bytes of one unpacked piece. A piece of ``br`` can have twice as many (google/brotli#1396)."""

_SLICE: Final = 16 * 1024  # packed bytes that are unpacked without a pause: they can hold hundreds of empty members
_ZSTD_WINDOW_BITS: Final = 23  # 8 MB, the largest window of the coding (RFC 9659, 3)

_NO_CODING: Final = frozenset({"", "identity", "none", "utf-8", "utf8", "binary", "7bit", "8bit"})
"""What is written where a body isn't packed: ``none`` in recipes for Next.js, a charset in the wrong place."""

_ALIASES: Final[Mapping[str, str]] = {"x-gzip": "gzip"}

REGISTERED: Final = frozenset(
    {"aes128gcm", "br", "compress", "dcb", "dcz", "deflate", "exi", "gzip", "pack200-gzip", "x-compress", "zstd"}
)
"""https://www.iana.org/assignments/http-parameters/http-parameters.xhtml#content-coding"""


_MOST_CODINGS: Final = 4  # of one body; curl reads five


class UnpackError(Exception):
    """The bytes aren't of their coding, or they are cut."""


class _Member(Protocol):
    """Unpacks one packed text, of which a body can have several. ``unused_data`` comes after its end (``eof``)."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, most: int) -> bytes:
        """About ``most`` bytes, from ``data`` and what is left of earlier data. Raises ``UnpackError``."""
        ...


class Unpacker:
    """Unpacks a body that comes in pieces. ``codings`` are in the order in which they were applied."""

    def __init__(self, codings: Sequence[str]) -> None:
        outermost, *inner = reversed(codings)
        self._last = _Stage(outermost)
        for coding in inner:
            self._last = _Stage(coding, self._last)

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """The pieces that ``data`` brings. An empty one is a chance to let other tasks run. Raises ``UnpackError``."""
        return self._last.unpack(data)

    def close(self) -> None:
        """Raises ``UnpackError`` for a body that is cut. A body without a byte is whole."""
        self._last.close()


class _Stage:
    """One coding. ``before`` unpacks what was packed around it."""

    def __init__(self, coding: str, before: _Stage | None = None) -> None:
        self._coding = coding
        self._before = before
        self._member: _Member | None = None
        self._waiting = b""  # bytes that no member has read yet
        self._has_ended = False  # a member has

    def unpack(self, data: bytes) -> Iterator[bytes]:
        pieces = _slices(data) if self._before is None else self._before.unpack(data)
        for piece in pieces:
            if piece:
                self._waiting += piece
                yield from self._unpack_waiting()
            else:
                yield piece

    def _unpack_waiting(self) -> Iterator[bytes]:
        while self._member is not None or self._begins():
            member = self._member
            if member is None:
                return
            data, self._waiting = self._waiting, b""
            piece = member.decompress(data, PIECE)
            if member.eof:
                self._waiting, self._member, self._has_ended = member.unused_data, None, True
            if piece:
                yield piece
            elif not member.eof:
                return

    def _begins(self) -> bool:
        """Whether a member begins with the waiting bytes. Raises ``UnpackError`` for bytes after the last one."""
        if self._has_ended:
            if self._coding == "gzip":
                self._waiting = self._waiting.lstrip(b"\0")  # padding to the end of a block, as gzip(1) skips it
            elif self._waiting and self._coding != "zstd":
                raise UnpackError("more comes after the end")
        if len(self._waiting) < (2 if self._coding == "deflate" else 1):
            return False
        self._member = _MEMBERS[self._coding](self._waiting)
        return True

    def close(self) -> None:
        if self._before is not None:
            self._before.close()
        if self._member is not None or self._waiting:
            raise UnpackError("the end is missing")


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _SLICE):
        if start:
            yield b""
        yield data[start : start + _SLICE]


class _Zlib:
    """A member of ``gzip`` (RFC 1952, 2.2: a body can have several), or the only one of ``deflate``."""

    def __init__(self, window_bits: int) -> None:
        self._inflate = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, most: int) -> bytes:
        try:
            return self._inflate.decompress(self._inflate.unconsumed_tail + data, most)
        except zlib.error as error:
            raise UnpackError(str(error)) from error


_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32


def _gzip(_head: bytes) -> _Member:
    return _Zlib(_GZIP_OR_ZLIB)


def _deflate(head: bytes) -> _Member:
    """Some senders leave the zlib format out (RFC 9110, 8.4.1.2), whose first two bytes are known (RFC 1950, 2.2)."""
    has_header = head[:2] == b"\x1f\x8b" or (head[0] & 0x0F == 8 and int.from_bytes(head[:2]) % 31 == 0)
    return _Zlib(_GZIP_OR_ZLIB if has_header else -zlib.MAX_WBITS)


class _Zstd:
    """A frame. A body can have several (RFC 8878, 3.1)."""

    def __init__(self, _head: bytes) -> None:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        self._error = zstd.ZstdError
        parameter = zstd.DecompressionParameter.window_log_max
        self._frame = zstd.ZstdDecompressor(options={parameter: _ZSTD_WINDOW_BITS})

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, most: int) -> bytes:
        try:
            return self._frame.decompress(data, most)
        except self._error as error:
            raise UnpackError(str(error)) from error


class _Brotli:
    """The only member: it refuses what comes after its end."""

    unused_data = b""

    def __init__(self, _head: bytes) -> None:
        import brotli

        self._error: type[Exception] = brotli.error
        self._stream = brotli.Decompressor()
        self._unread = b""  # it takes no data while it has more to give

    @property
    def eof(self) -> bool:
        return bool(self._stream.is_finished())

    def decompress(self, data: bytes, most: int) -> bytes:
        self._unread += data
        if self._stream.can_accept_more_data():
            data, self._unread = self._unread, b""
        else:
            data = b""
        try:
            return bytes(self._stream.process(data, output_buffer_limit=most))
        except self._error as error:
            raise UnpackError(str(error)) from error


_MEMBERS: Final[Mapping[str, Callable[[bytes], _Member]]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "zstd": _Zstd,
    "br": _Brotli,
}
"""How a member begins, by its coding, from its first bytes."""

_PACKAGES: Final[Mapping[str, str]] = {
    "zstd": "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd",
    "br": "brotli",
}


@cache
def offered() -> tuple[str, ...]:
    """The codings that can be unpacked here."""
    return tuple(coding for coding in _MEMBERS if coding not in _PACKAGES or _is_installed(_PACKAGES[coding]))


def _is_installed(package: str) -> bool:
    try:
        import_module(package)
    except ImportError:
        return False
    return True


def can_unpack(codings: Sequence[str]) -> bool:
    return len(codings) <= _MOST_CODINGS and all(coding in offered() for coding in codings)


def named_codings(header: str) -> list[str]:
    """The codings in a ``Content-Encoding``, without the names that mean none."""
    names = [name.strip().lower() for name in header.split(",")]
    return [_ALIASES.get(name, name) for name in names if name not in _NO_CODING]
