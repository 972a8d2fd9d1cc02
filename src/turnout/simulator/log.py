"""What the simulator saw and what it would have billed, attempt by attempt: bounded, in memory."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from typing import Literal

import msgspec

from .http import Request

KEPT = 10_000
"""Attempts that are remembered; the oldest make room."""

SEEN = 256
"""Requests that are remembered with what they said …"""
LARGE = 256 * 1024
"""… if their body has no more bytes than this."""

CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})

Outcome = Literal["open", "completed", "cut", "client_left"]


class Attempt(msgspec.Struct, kw_only=True):
    """One request for an answer. Times are Unix times in seconds.

    ``outcome``: "completed" is a whole reply, an error's too; "cut" one that the simulator broke off, mutilated or
    never began; "client_left" one whose client closed the connection first, and ``ended`` tells when. ``key`` is the
    ``fingerprint`` of the key that came along. ``tokens_in`` are billed once the answer has begun, ``tokens_out`` as
    they are sent. ``events`` and ``bytes`` count what was handed to the network.
    """

    number: int
    path: str
    wire: str
    simulate: str
    key: str
    started: float
    model: str = ""
    stream: bool = False
    ended: float | None = None
    status: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    events: int = 0
    bytes: int = 0
    outcome: Outcome = "open"

    def end(self, outcome: Outcome) -> None:
        self.ended, self.outcome = time.time(), outcome


class Seen(msgspec.Struct, frozen=True):
    """What a request said, for who wants to know what arrived: its headers without keys, its body as text."""

    model: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str


class Log:
    def __init__(self) -> None:
        self.seen: deque[Seen] = deque(maxlen=SEEN)
        self.attempts: deque[Attempt] = deque(maxlen=KEPT)
        self._number = 0
        self._tries: Counter[tuple[str, str]] = Counter()

    def begin(self, *, path: str, wire: str, simulate: str, key: str) -> Attempt:
        self._number += 1
        attempt = Attempt(
            number=self._number,
            path=path,
            wire=wire,
            simulate=simulate,
            key=fingerprint(key),
            started=time.time(),
        )
        self.attempts.append(attempt)
        return attempt

    def keep(self, model: str, request: Request) -> None:
        """Remembers the request itself for a while, unless it is a large one."""
        if len(request.body) > LARGE:
            return
        headers = {name: value for name, value in request.headers.items() if name not in CREDENTIALS}
        query = {name: value for name, value in request.query.items() if name != "key"}
        self.seen.append(Seen(model, request.path, query, headers, request.body.decode("utf-8", "replace")))

    def tries(self, model: str, simulate: str) -> int:
        """Counts one more try with this model and header, and tells how many there were. For ``times-K`` only."""
        if len(self._tries) >= KEPT:
            self._tries.clear()
        self._tries[model, simulate] += 1
        return self._tries[model, simulate]

    def clear(self) -> None:
        """Forgets attempts and tries. Numbers go on, so that ids stay unique."""
        self.attempts.clear()
        self.seen.clear()
        self._tries.clear()


def fingerprint(key: str) -> str:
    """Tells keys apart without giving them away: 12 hex digits of the key's SHA-256; empty for no key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12] if key else ""
