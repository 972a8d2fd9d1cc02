"""The public keys of an issuer, kept in memory and read again beside the requests' way.

No request waits for the issuer. A dead issuer changes nothing: the known keys stay.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

from turnout.errors import TurnoutError

from .key_list import PublicKeys, read_key_list
from .rules import TokenRefused, TokenUncheckable

READ_SECONDS: Final = 600.0
"""Between two readings of the list."""

AGAIN_SECONDS: Final = 30.0
"""The shortest time between two readings that tokens with an unknown key bring about."""

_FIRST_RETRY: Final = 1.0
_LAST_RETRY: Final = 60.0

ReadList = Callable[[], Awaitable[tuple[int, bytes]]]
"""Asks the issuer: status and body. Raises ``TurnoutError``."""

log = logging.getLogger(__name__)


class KeyRing:
    """``problem`` says why the last reading failed. ``read`` is the Unix time of the last one that didn't, or None.

    ``on_change`` is called when the keys are others than before. ``clock`` counts seconds.
    """

    def __init__(self, algorithms: Collection[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.keys: PublicKeys = {}
        self.problem: str | None = None
        self.read: int | None = None
        self.on_change: Callable[[], None] = _nothing
        self._algorithms = algorithms
        self._clock = clock
        self._wanted = asyncio.Event()
        self._not_before = clock()
        self._retry = _FIRST_RETRY
        self._rows: frozenset[tuple[str, str, Any]] = frozenset()

    def find(self, algorithm: str, kid: str | None) -> Any:
        """The key of that name. A token without a name gets the only key that there is for its algorithm.

        Raises ``TokenUncheckable`` while no keys are known, and while they are read again; else ``TokenRefused``. The
        client, whom nobody knows yet, isn't told the ``problem``: it has the issuer's address.
        """
        if kid is not None and (key := self.keys.get((algorithm, kid))) is not None:
            return key
        if not self.keys:
            self._want()
            why = "can't be read now" if self.problem else "are being read"
            raise TokenUncheckable(f"can't be checked yet: the keys of its issuer {why}")
        if kid is None:
            named = [key for (of, _), key in self.keys.items() if of == algorithm]
            if len(named) == 1:
                return named[0]
            raise TokenRefused("doesn't say which of its issuer's keys signed it (no 'kid' in its header)")
        self._want()
        if self._wanted.is_set():
            raise TokenUncheckable("can't be checked yet: its issuer's keys are read again, as its 'kid' isn't known")
        raise TokenRefused("is signed with a key that its issuer doesn't list (the 'kid' in its header)")

    def _want(self) -> None:
        """Has the list read again at once, if that wasn't done a moment ago."""
        if self._clock() >= self._not_before:
            self._wanted.set()

    async def run(self, read_list: ReadList) -> None:
        """Reads the list now, then every ten minutes, and when it is wanted. Until cancelled."""
        while True:
            await self.refresh(read_list)
            try:
                async with asyncio.timeout(self._pause()):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def refresh(self, read_list: ReadList) -> None:
        """Reads the list. When that fails, the keys stay, and ``problem`` says why."""
        try:
            status, body = await read_list()
            if status != 200:
                raise ValueError(f"the issuer's list of keys answered with status {status}")
            keys = read_key_list(body, self._algorithms)
        except (TurnoutError, ValueError) as error:
            self._fail(str(error))
        else:
            self._take(keys)
        self._not_before = self._clock() + AGAIN_SECONDS
        self._wanted.clear()

    def _fail(self, problem: str) -> None:
        if self.problem is None:
            log.warning("keys that check tokens: %s", problem)
        self.problem = problem

    def _take(self, keys: PublicKeys) -> None:
        if self.problem is not None:
            log.info("keys that check tokens: %d are known again", len(keys))
        self.problem, self.read, self._retry = None, int(time.time()), _FIRST_RETRY
        rows = frozenset((*name, key.public_numbers()) for name, key in keys.items())
        if rows != self._rows:
            self.keys, self._rows = keys, rows
            self.on_change()

    def _pause(self) -> float:
        """Seconds to the next reading. While no key is known, it comes sooner."""
        if self.keys:
            return READ_SECONDS
        pause, self._retry = self._retry, min(2 * self._retry, _LAST_RETRY)
        return pause


def _nothing() -> None:
    pass
