"""The loop over a stream's events that renderers of several choices share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from turnout.core import (
    Delta,
    Finish,
    Logprobs,
    PartEnd,
    PartStart,
    Relayed,
    Seam,
    Start,
    StreamEvent,
    TokenLogprob,
    Usage,
    UsageSoFar,
)

from . import SSE_COMMENT, ReplyContext, seam_comment


class StreamRenderer(ABC):
    """Calls one method for each event. A method returns the frames of its event, which may be empty."""

    keepalive: bytes

    def __init__(self, context: ReplyContext) -> None:
        self._context = context
        self._usage: Usage | None = None
        self._last_relayed = b""  # empty where nothing is relayed
        self._rewrites_relayed = False  # True in a subclass that can't send relayed bytes as they are
        self._logprobs: dict[int, bytes] = {}  # choice → the JSON member that its next chunk carries

    def feed(self, events: Sequence[StreamEvent]) -> bytes:  # noqa: C901  # one flat match
        frames: list[bytes] = []
        for event in events:
            match event:
                case Relayed(data=data):
                    self._last_relayed = data
                    frames.append(self._rewrite_relayed(data) if self._rewrites_relayed else data)
                case Delta():
                    frames.append(self._delta(event))
                case PartStart():
                    frames.append(self._part_start(event))
                case PartEnd():
                    frames.append(self._part_end(event))
                case Start():
                    frames.append(self._start(event))
                case Finish():
                    frames.append(self._finish(event))
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Logprobs(tokens=tokens, choice=choice):
                    self._logprobs[choice] = self._logprobs_member(tokens)
                case Seam():
                    frames.append(self._resume(event))
        return b"".join(frames)

    def _resume(self, seam: Seam) -> bytes:
        """Takes down what the relayed frames have said."""
        self.feed(seam.relayed)
        self._last_relayed = b""
        return seam_comment(seam.deployment) if self.keepalive is SSE_COMMENT else b""

    def _rewrite_relayed(self, relayed: bytes) -> bytes:
        raise NotImplementedError

    @abstractmethod
    def _start(self, event: Start) -> bytes: ...

    @abstractmethod
    def _part_start(self, event: PartStart) -> bytes: ...

    @abstractmethod
    def _delta(self, event: Delta) -> bytes: ...

    @abstractmethod
    def _part_end(self, event: PartEnd) -> bytes: ...

    @abstractmethod
    def _finish(self, event: Finish) -> bytes: ...

    @abstractmethod
    def _logprobs_member(self, tokens: Sequence[TokenLogprob]) -> bytes:
        """``,"name":…``: the tokens of the next chunk, as one more member of its object."""
