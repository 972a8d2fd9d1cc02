"""Odd but meaningful replies: whatever a decoder takes, the answer is the one that was written."""

from __future__ import annotations

from random import Random
from typing import cast

from tests.fuzz.disturb import as_json, disturbed, event_stream, json_lines
from tests.fuzz.meaning import Said, anything, told
from tests.fuzz.mutate import split
from tests.fuzz.odd_wires import BODIES, STREAMS
from tests.support.contract import ON_WIRES
from turnout.core import ChatRequest, Failure, Finish, Relayed, UsageSoFar, WireBody, fold
from turnout.providers import RelayingOperation

WIRES = {"openai": "openai-chat", "anthropic": "anthropic-messages", "gemini": "gemini", "ollama": "ollama"}
"""The wire's name by its provider's."""


def written(wire: str, said: Said, random: Random, *, stream: bool) -> bytes:
    if not stream:
        return as_json(disturbed(BODIES[wire](said, random), wire, random), random).encode()
    replies = [disturbed(reply, wire, random) for reply in STREAMS[wire](said, random)]
    return json_lines(replies, random) if wire == "ollama" else event_stream(wire, replies, random)


class OddReplyTarget:
    """Decoded, and relayed. ``stream``: the reply is one."""

    def __init__(self, wire: str, *, stream: bool) -> None:
        self.name = f"odd {wire} {'stream' if stream else 'body'}"
        self._wire = wire
        self._stream = stream

    def once(self, random: Random) -> None:
        said = anything(random)
        data = written(self._wire, said, random, stream=self._stream)
        pieces = split(data, random)
        try:
            self._decode(said, pieces)
            self._relay(said, data, pieces)
        except Exception as error:
            error.add_note(f"{said}\n{data!r}")
            raise

    def _decode(self, said: Said, pieces: list[bytes]) -> None:
        request = ChatRequest(model="m", messages=(), stream=self._stream)
        decoder = ON_WIRES[self._wire].operation(request).decoder(request)
        events = [event for piece in pieces for event in decoder.feed(piece)]
        assert told(fold([*events, *decoder.close()])) == said

    def _relay(self, said: Said, data: bytes, pieces: list[bytes]) -> None:
        raw = WireBody(WIRES[self._wire], {})
        request = ChatRequest(model="m", messages=(), stream=self._stream, stream_usage=True, raw=raw)
        operation = cast(RelayingOperation[ChatRequest], ON_WIRES[self._wire].operation(request))
        relay = operation.relay(request)
        events = [event for piece in pieces for event in relay.feed(piece)] + relay.close()
        assert not [event for event in events if isinstance(event, Failure)]
        assert [event.reason for event in events if isinstance(event, Finish)] == [said.finish]
        usages = [event.usage for event in events if isinstance(event, UsageSoFar)]
        assert (usages[-1].input, usages[-1].output) == said.tokens
        passed_on = b"".join([event.data for event in events if isinstance(event, Relayed)])
        if self._wire in ("openai", "anthropic") or not self._stream:  # the others' frames are written anew
            assert passed_on.rstrip() == data.rstrip()


def odd_targets() -> list[OddReplyTarget]:
    return [OddReplyTarget(wire, stream=stream) for wire in WIRES for stream in (True, False)]
