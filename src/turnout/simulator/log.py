"""The log of attempts and of the tokens that they would cost. It is bounded, and in memory."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from typing import Literal

import msgspec

from .http import Request

KEPT = 10_000
"""The most attempts in the log. The oldest are dropped."""

KEPT_REQUESTS = 256
"""The most requests that are kept word for word."""
LARGE = 256 * 1024
"""Bytes. A request with a longer body is not kept."""

CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})

Outcome = Literal["open", "completed", "cut", "client_left"]


class Attempt(msgspec.Struct, kw_only=True):
    """One request for an answer. Times are Unix times in seconds. ``simulate`` are the script's words that did not come
    in the model's name.

    ``outcome`` is "completed" after a whole reply, also that of an error; "cut" after a reply that the simulator broke
    off, damaged or never began; "client_left" if the client closed the connection first. ``key`` is the ``fingerprint``
    of the request's key. ``tokens_in`` are billed when the answer begins, ``tokens_out`` when they are sent. ``events``
    and ``bytes`` count the data that was handed to the network. ``refused`` are the words of an error reply.
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
    refused: str = ""

    def end(self, outcome: Outcome) -> None:
        self.ended, self.outcome = time.time(), outcome


class RequestRecord(msgspec.Struct, frozen=True):
    """A request as it arrived: its headers without keys, its body as text."""

    model: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str


class Log:
    def __init__(self) -> None:
        self.requests: deque[RequestRecord] = deque(maxlen=KEPT_REQUESTS)
        self.attempts: deque[Attempt] = deque(maxlen=KEPT)
        self._number = 0
        self._tries: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], float] = {}

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

    def record_request(self, model: str, request: Request) -> None:
        """Keeps the request word for word, unless it is a large one."""
        if len(request.body) > LARGE:
            return
        headers = {name: value for name, value in request.headers.items() if name not in CREDENTIALS}
        query = {name: value for name, value in request.query.items() if name != "key"}
        body = request.body.decode("utf-8", "replace")
        self.requests.append(RequestRecord(model, request.path, query, headers, body))

    def count_try(self, model: str, simulate: str) -> int:
        """Counts one more try with this model and header; returns the number of tries. Only ``times-K`` needs it."""
        if len(self._tries) >= KEPT:
            self._tries.clear()
        self._tries[model, simulate] += 1
        return self._tries[model, simulate]

    def seconds_since_first(self, model: str, simulate: str) -> float:
        """Seconds since the first try with this model and header that asked for them. Only ``down-`` needs it."""
        if len(self._first) >= KEPT:
            self._first.clear()
        now = time.monotonic()
        return now - self._first.setdefault((model, simulate), now)

    def clear(self) -> None:
        """Drops all attempts, requests and tries. Attempts are still numbered on, so that ids stay unique."""
        self.attempts.clear()
        self.requests.clear()
        self._tries.clear()
        self._first.clear()


def fingerprint(key: str) -> str:
    """12 hex digits of the key's SHA-256, which tell keys apart and keep them secret; empty for no key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12] if key else ""
