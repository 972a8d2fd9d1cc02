"""Unpacks the bodies of requests. Codex packs its requests in zstd, others in gzip."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from turnout.errors import InvalidRequest, UnsupportedCoding
from turnout.transport import Unpacker, UnpackError, can_unpack, named_codings, offered

_MAX_SHOWN = 60  # characters of a header in a message


def codings_of(encoding: str) -> Sequence[str]:
    """The codings in a ``Content-Encoding``. Raises ``UnsupportedCoding``."""
    codings = named_codings(encoding)
    if can_unpack(codings):
        return codings
    accepted = ", ".join(offered())
    shown = ", ".join(codings)[:_MAX_SHOWN]
    raise UnsupportedCoding(
        f"A body with the content-encoding '{shown}' can't be read here. Send it in one of {accepted}, or unpacked.",
        accepted,
    )


async def unpacked(body: bytes, codings: Sequence[str], limit: int) -> bytes | None:
    """The plain body; None as soon as it has more than ``limit`` bytes. Raises ``InvalidRequest``.

    Other tasks run between its pieces: a small body can unpack to a very large one.
    """
    unpacker, size = Unpacker(codings), 0
    pieces: list[bytes] = []
    try:
        for piece in unpacker.unpack(body):
            if pieces or not piece:
                await asyncio.sleep(0)
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                return None
        unpacker.close()
    except UnpackError as error:
        raise InvalidRequest(f"The body can't be unpacked as {', '.join(codings)}: {error}.") from error
    return b"".join(pieces)
