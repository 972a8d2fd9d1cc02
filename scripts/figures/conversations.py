"""Conversations by their turns: when each comes, and how many tokens of input it has."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from .simulation import poisson

FIRST_INPUT: Final = (1_000, 5_000)
ADDED: Final = (100, 900)  # tokens of input with each turn, the last answer among them
GAP: Final = 20.0  # seconds between two turns, on average
TURNS: Final = 12  # on average
CHATS_EACH_SECOND: Final = 2.0

SESSIONS_EACH_SECOND: Final = 0.25
SESSION_SECONDS: Final = 13 * 60


class Turn(NamedTuple):
    """``session`` is empty for a conversation whose client names none."""

    at: float
    conversation: str
    tokens: int
    session: str = ""


class Thread(NamedTuple):
    """The calls of one agent, one after another, from the step ``begins`` of its session on.

    Their input grows from ``first`` to ``last`` tokens: evenly, or with ``bend`` above 1 more towards the end.
    """

    agent: str
    begins: int
    calls: int
    first: int
    last: int
    bend: float = 1.0

    def tokens(self, call: int) -> int:
        """Of a call by its number, from 0."""
        part = call / (self.calls - 1) if self.calls > 1 else 0.0
        grown: float = part**self.bend
        return round(self.first + (self.last - self.first) * grown)


CODING_SESSION: Final = (
    Thread("main", 0, 1, 20_000, 20_000),
    Thread("explore-1", 1, 13, 6_800, 21_200),
    Thread("explore-2", 1, 13, 6_800, 21_200),
    Thread("explore-3", 1, 13, 6_800, 21_200),
    Thread("main", 14, 1, 32_400, 32_400),
    Thread("plan", 15, 26, 11_552, 38_819, bend=2.2),
    Thread("main", 41, 20, 32_400, 50_300),
)
"""A recorded session of Claude Code, which solved one task of SWE-bench in 13 minutes and 92 calls, but for the 5 calls
that warm up: https://huggingface.co/blog/kobe0938/context-engineering-reuse-pattern-claude-code

The article has the calls of each agent, how many tokens they have together, which share of them repeats an earlier
prompt, and the plan's first and last size. The first and last sizes of the others follow from these, evenly spread.
"""

STEPS: Final = max(thread.begins + thread.calls for thread in CODING_SESSION)


def chats(lots: random.Random, seconds: float) -> Iterator[Turn]:
    """Made-up conversations, by time: each goes on after a while, or ends."""
    coming: list[Turn] = []
    for number, at in enumerate(poisson(lots, CHATS_EACH_SECOND)):
        while coming and coming[0].at <= at:
            turn = heapq.heappop(coming)
            yield turn
            if lots.random() > 1 / TURNS:
                later = turn.at + lots.expovariate(1 / GAP)
                heapq.heappush(coming, Turn(later, turn.conversation, turn.tokens + lots.randint(*ADDED)))
        if at > seconds:
            return
        heapq.heappush(coming, Turn(at, f"chat {number}", lots.randint(*FIRST_INPUT)))


def coding_sessions(lots: random.Random, seconds: float) -> Iterator[Turn]:
    """The recorded session again and again, by time, each time at another pace: a step takes a random time."""
    coming: list[Turn] = []
    for number, at in enumerate(poisson(lots, SESSIONS_EACH_SECOND)):
        while coming and coming[0].at <= at:
            yield heapq.heappop(coming)
        if at > seconds:
            return
        for turn in _session(lots, at, f"session {number}"):
            heapq.heappush(coming, turn)


def _session(lots: random.Random, at: float, name: str) -> Iterator[Turn]:
    times = [at]
    while len(times) < STEPS:
        times.append(times[-1] + lots.expovariate(STEPS / SESSION_SECONDS))
    for thread in CODING_SESSION:
        for call in range(thread.calls):
            yield Turn(times[thread.begins + call], f"{name}, {thread.agent}", thread.tokens(call), name)
