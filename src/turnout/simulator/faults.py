"""Sends an answer to a client, with the faults of a script (``script.py`` lists them)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import msgspec

from .log import Attempt
from .script import Fault, Script
from .sender import Sender
from .wire import Frame

WEB_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    b"<body><center><h1>502 Bad Gateway</h1></center></body></html>\n"
)
_NOTHING = Frame(b"", "end")


class Signs(msgspec.Struct, frozen=True):
    """What a wire sends beside an answer: an error event, and a sign of life (empty where it has none)."""

    error: bytes = b""
    ping: bytes = b""


class Strike(msgspec.Struct, frozen=True):
    """One use of a fault: the frame that it strikes, and the milliseconds between two signs of life."""

    sender: Sender
    frame: Frame
    signs: Signs
    pings: int


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
    while strike.pings and strike.signs.ping:
        await asyncio.sleep(strike.pings / 1000)
        await strike.sender.chunk(strike.signs.ping)
    await strike.sender.silence()


async def _malformed(strike: Strike) -> None:
    await strike.sender.chunk(strike.frame.data.replace(b"}", b"", 1))


async def _bad_chunk(strike: Strike) -> None:
    await strike.sender.write(b"size?\r\n" + strike.frame.data + b"\r\n")
    strike.sender.close()


async def _error(strike: Strike) -> None:
    await strike.sender.chunk(strike.signs.error)
    await strike.sender.finish()


async def _html(strike: Strike) -> None:
    await strike.sender.chunk(WEB_PAGE)
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
    "html": _html,
}
_LEFT_OUT: Mapping[Fault, Sequence[str]] = {"no-end": ("end", "terminator"), "no-terminator": ("terminator",)}
"""The kinds of frames that are not sent."""


class Player:
    """Sends a chunked body frame by frame, until the script's fault strikes."""

    def __init__(self, script: Script, sender: Sender, attempt: Attempt, signs: Signs) -> None:
        self._script = script
        self._sender = sender
        self._attempt = attempt
        self._signs = signs
        self._strike = _STRIKES.get(script.fault)
        self._strikes_left = 2 if script.twice else 1
        self._pieces = 0
        self._bytes = 0

    async def play(self, frames: Iterator[Frame]) -> None:
        left_out = _LEFT_OUT.get(self._script.fault, ())
        for frame in frames:
            if frame.kind in left_out:
                continue
            if frame.kind == "content":
                await _wait(self._script.slow_between if self._pieces else self._script.slow_first)
            if self._strikes(frame):
                await self._hit(frame)
                if self._script.fault != "malformed":
                    return self._attempt.end("cut")
            else:
                await self._sender.chunk(frame.data)
            self._count(frame)
        if self._strike and self._script.fault != "malformed":
            await self._hit(_NOTHING)
            return self._attempt.end("cut")
        await self._sender.finish()
        return self._attempt.end("cut" if self._script.fault in ("malformed", *_LEFT_OUT) else "completed")

    def _strikes(self, frame: Frame) -> bool:
        """Whether the fault strikes before the frame, or in it."""
        script = self._script
        if self._strike is None or not self._strikes_left:
            return False
        if script.byte is not None:
            return self._bytes + len(frame.data) > script.byte
        if script.at is not None:
            return self._attempt.events >= script.at
        after = 1 if script.after is None else script.after
        return frame.kind in ("end", "terminator") or (frame.kind == "content" and self._pieces >= after)

    async def _hit(self, frame: Frame) -> None:
        if self._strike is None:
            return
        if self._script.byte is not None:
            before = self._script.byte - self._bytes
            await self._sender.chunk(frame.data[:before])
            frame = msgspec.structs.replace(frame, data=frame.data[before:])
        self._strikes_left -= 1
        await self._strike(Strike(self._sender, frame, self._signs, self._script.pings))

    def _count(self, frame: Frame) -> None:
        self._pieces += frame.kind == "content"
        self._bytes += len(frame.data)
        self._attempt.events += 1
        self._attempt.tokens_out += frame.tokens
        self._attempt.bytes = self._sender.sent


async def _wait(milliseconds: int) -> None:
    if milliseconds:
        await asyncio.sleep(milliseconds / 1000)
