"""Sends an answer to a client, with the faults of a script (``script.py`` lists them)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping

import msgspec

from .log import Attempt
from .script import Fault, Script
from .sender import Sender
from .wire import Frame


class Strike(msgspec.Struct, frozen=True):
    """One use of a fault: the frame that it strikes, and the wire's error event."""

    sender: Sender
    frame: Frame
    error: bytes


async def _cut_stream(strike: Strike) -> None:
    strike.sender.close()


async def _cut_event(strike: Strike) -> None:
    await strike.sender.chunk(strike.frame.data[: len(strike.frame.data) // 2])
    strike.sender.close()


async def _reset(strike: Strike) -> None:
    # RST drops the bytes that the client hasn't read yet. Give it time to read them.
    await asyncio.sleep(0.02)
    strike.sender.reset()


async def _end(strike: Strike) -> None:
    await strike.sender.finish()


async def _stall(strike: Strike) -> None:
    await strike.sender.silence()


async def _malformed(strike: Strike) -> None:
    await strike.sender.chunk(strike.frame.data.replace(b"}", b"", 1))


async def _bad_chunk(strike: Strike) -> None:
    await strike.sender.write(b"size?\r\n" + strike.frame.data + b"\r\n")
    strike.sender.close()


async def _error(strike: Strike) -> None:
    await strike.sender.chunk(strike.error)
    await strike.sender.finish()


_STRIKES: Mapping[Fault, Callable[[Strike], Awaitable[None]]] = {
    "cut-stream": _cut_stream,
    "cut-event": _cut_event,
    "reset": _reset,
    "end": _end,
    "stall": _stall,
    "malformed": _malformed,
    "bad-chunk": _bad_chunk,
    "error": _error,
}


async def play(frames: Iterator[Frame], script: Script, sender: Sender, attempt: Attempt, error: bytes) -> None:
    """Sends a chunked body. ``error`` is the wire's error event."""
    strike, after = _STRIKES.get(script.fault), 1 if script.after is None else script.after
    pieces = 0
    for frame in frames:
        if frame.kind == "end" and script.fault == "no-end":
            continue
        if frame.kind == "content":
            await _wait(script.slow_between if pieces else script.slow_first)
        if strike and (frame.kind == "end" or (frame.kind == "content" and pieces == after)):
            await strike(Strike(sender, frame, error))
            if script.fault != "malformed":
                return attempt.end("cut")
            strike = None
        else:
            await sender.chunk(frame.data)
        pieces += frame.kind == "content"
        attempt.events += 1
        attempt.tokens_out += frame.tokens
        attempt.bytes = sender.sent
    await sender.finish()
    attempt.end("cut" if script.fault in ("malformed", "no-end") else "completed")
    return None


async def _wait(milliseconds: int) -> None:
    if milliseconds:
        await asyncio.sleep(milliseconds / 1000)
