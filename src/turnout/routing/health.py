"""The breaker of one deployment and key: it keeps requests away from a deployment that fails, and lets them back.

    closed → open → half-open → returning → closed

It opens by failures in a row or by their share, and at once when a provider asks to wait or refuses the key. After a
pause one attempt at a time may find out whether the deployment answers again. If it does, its share of the requests
rises until it has all of them. A failure on the way opens the breaker again, each time for longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final, Literal

import msgspec

from .ending import Ending, Fault

State = Literal["closed", "open", "half_open", "returning"]

_WINDOW: Final = 30.0  # seconds in which the share of failures is counted, and as many before it
_LEAST_ROWS: Final = 2  # so many times the failures in a row that open it, before their share counts
_FAILURES_WHILE_RETURNING: Final = 2
_CLAIM: Final = 30.0  # seconds after which a probe that hasn't ended keeps no other one away
_RETURN: Final = 30.0  # seconds until a deployment that answers again has its whole share
_FIRST_SHARE: Final = 0.1
_FORGIVEN: Final = 300.0  # seconds without an opening after which pauses begin small again
_LONGEST_ASKED: Final = 86_400.0  # seconds that a provider may ask to wait
_MOST_DOUBLINGS: Final = 20
_JITTER: Final = 0.25

_SHORT_PAUSE: Final = 1.0
_LONG_PAUSE: Final = 30.0

_WORDS: Final[Mapping[Fault, str]] = {
    "silent": "it did not answer in time",
    "unreachable": "it can't be reached",
    "broken": "its answers break off",
    "failing": "it reports errors",
    "throttled": "it has too many requests",
    "locked": "its key, account or model is refused",
}


class HealthRules(msgspec.Struct, frozen=True, kw_only=True):
    """``failures`` in a row open the breaker, or ``share`` of all attempts in half a minute. Pauses are in seconds."""

    failures: int = 5
    share: float = 0.5
    pause: float = 5.0
    longest_pause: float = 120.0


class Breaker:
    """``since`` is the time of the last change of ``state``, ``until`` the end of the pause. ``reason`` says why it
    opened last. ``trials`` are attempts in flight that began while it was open or half-open. ``used`` is
    the time of the last attempt's beginning.

    ``phase`` counts the changes. ``began`` gives it to an attempt as its ticket: an attempt that began before a change
    says nothing about the time after it.
    """

    __slots__ = (
        "_bad",
        "_bad_before",
        "_cause",
        "_claimed",
        "_failure",
        "_good",
        "_good_before",
        "_in_a_row",
        "_lots",
        "_opened",
        "_rules",
        "_trial_at",
        "_window_began",
        "phase",
        "reason",
        "since",
        "state",
        "trials",
        "until",
        "used",
    )

    def __init__(self, rules: HealthRules, lots: Random, now: float) -> None:
        self.state: State = "closed"
        self.reason = ""
        self.since = self.until = self.used = now
        self.phase = 0
        self._rules = rules
        self._lots = lots
        self._cause: Fault | None = None  # of the last opening
        self._opened = 0  # times, without being forgiven
        self._in_a_row = 0
        self._claimed = False
        self.trials = 0
        self._trial_at = now
        self._failure: Ending | None = None  # of a trial, while others are in flight
        self._forget_attempts(now)

    # --- attempts ------------------------------------------------------------------------------------

    def began(self, now: float) -> int:
        """Counts an attempt that begins. Returns its ticket."""
        self.used = now
        if self.state == "open" or self.state == "half_open":
            self.trials += 1
            self._trial_at = now
            self._claimed = False
        return self.phase

    def ended(self, ending: Ending, now: float) -> None:
        if ending.ticket != self.phase:
            return
        trying = self.state == "open" or self.state == "half_open"
        if trying:
            self.trials -= 1
        fault: Fault | None = "silent" if ending.outcome == "outrun" else ending.fault
        if fault is None:
            if ending.outcome == "ok":
                self._succeeded(now)
        elif fault != "request":
            self._failed(ending, fault, now)
        if trying and not self.trials and self._failure is not None:
            self._open(self._failure, "it failed when it was tried again", now)

    def _succeeded(self, now: float) -> None:
        self._in_a_row = 0
        self._count(good=1, bad=0, now=now)
        if self.state == "open" or self.state == "half_open":
            self.state = "returning"
            self.since = now
            self.phase += 1
            self._end_trials()
            self._forget_attempts(now)

    def _failed(self, ending: Ending, fault: Fault, now: float) -> None:
        self._in_a_row += 1
        self._count(good=0, bad=1, now=now)
        if self.state == "half_open":
            self._failure = ending
        elif self.state == "open":
            self._extend(ending, now)
        elif fault == "throttled":
            asked = "" if ending.retry_after is None else f", and asked to wait {ending.retry_after:.3g} s"
            self._open(ending, _WORDS[fault] + asked, now)
        elif fault == "locked":
            self._open(ending, _WORDS[fault], now)
        elif self._in_a_row >= (_FAILURES_WHILE_RETURNING if self._is_returning(now) else self._rules.failures):
            self._open(ending, f"{_WORDS[fault]}, {self._in_a_row} times in a row", now)
        elif self._is_share_too_large():
            bad = self._bad + self._bad_before
            self._open(ending, f"{_WORDS[fault]}, {bad} of {bad + self._good + self._good_before} times", now)

    def _extend(self, ending: Ending, now: float) -> None:
        """A provider that was asked all the same may want to be left alone for longer."""
        if ending.fault == "throttled" and ending.retry_after is not None:
            self.until = max(self.until, now + min(ending.retry_after, _LONGEST_ASKED))

    def checked(self, fault: Fault | None, now: float) -> None:
        """What a check of the address and the key has found. An answer opens nothing and closes nothing: the model may
        still fail. But one that was away, or whose key was refused, may be tried at once.
        """
        self.used = now
        if fault is not None:
            self._failed(Ending(outcome="failed", total=0.0, fault=fault), fault, now)
        elif self.state == "open" and self._cause != "throttled":
            self.until = now

    # --- states --------------------------------------------------------------------------------------

    def state_at(self, now: float) -> State:
        if self.state == "returning" and now - self.since >= _RETURN:
            self.state = "closed"
            self.since += _RETURN
        return self.state

    def _is_returning(self, now: float) -> bool:
        return self.state_at(now) == "returning"

    def share_at(self, now: float) -> float:
        """The share of its requests that a returning deployment gets, from 0.1 to 1."""
        return min(_FIRST_SHARE + (1 - _FIRST_SHARE) * (now - self.since) / _RETURN, 1.0)

    def may_be_tried(self, now: float) -> bool:
        """Whether the pause is over, and nobody is trying."""
        if self.state == "open" and now < self.until:
            return False
        return not (self._claimed or self.trials) or now - self._trial_at >= _CLAIM

    def claim(self, now: float) -> None:
        """The next attempt is the probe, if one is due. Otherwise nothing changes."""
        if (self.state == "open" or self.state == "half_open") and self.may_be_tried(now):
            self.state = "half_open"
            self._claimed = True
            self._trial_at = now

    def _open(self, ending: Ending, reason: str, now: float) -> None:
        if self.state_at(now) == "closed" and now - self.since >= _FORGIVEN:
            self._opened = 0
        self._opened += 1
        self.state = "open"
        self.reason = reason
        self._cause = ending.fault
        self.since = now
        self.until = now + self._pause(ending)
        self.phase += 1
        self._end_trials()
        self._forget_attempts(now)

    def _pause(self, ending: Ending) -> float:
        """Longer each time. Random, so that several processes don't try in the same moment."""
        if ending.fault == "throttled" and ending.retry_after is not None:
            return min(max(ending.retry_after, 0.0), _LONGEST_ASKED)
        first = {"throttled": _SHORT_PAUSE, "locked": _LONG_PAUSE}.get(ending.fault or "", self._rules.pause)
        pause = min(first * 2.0 ** min(self._opened - 1, _MOST_DOUBLINGS), self._rules.longest_pause)
        return pause * self._lots.uniform(1 - _JITTER, 1 + _JITTER)

    def _end_trials(self) -> None:
        self.trials = 0
        self._claimed = False
        self._failure = None

    # --- the share of failures -----------------------------------------------------------------------

    def _forget_attempts(self, now: float) -> None:
        self._in_a_row = 0
        self._good = self._bad = self._good_before = self._bad_before = 0
        self._window_began = now

    def _count(self, *, good: int, bad: int, now: float) -> None:
        age = now - self._window_began
        if age >= _WINDOW:
            stale = age >= 2 * _WINDOW
            self._good_before, self._bad_before = (0, 0) if stale else (self._good, self._bad)
            self._good = self._bad = 0
            self._window_began = now
        self._good += good
        self._bad += bad

    def _is_share_too_large(self) -> bool:
        bad = self._bad + self._bad_before
        return bad >= _LEAST_ROWS * self._rules.failures and bad >= self._rules.share * (
            bad + self._good + self._good_before
        )
