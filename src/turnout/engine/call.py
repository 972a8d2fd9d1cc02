"""What the engine is given, and what it asks of the rooms around it."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import msgspec

from turnout.core import AttemptEnd, AttemptStart, Deployment, Model, Outcome, Request

DRAINED: Final = "drained"
"""The message with which a request's task is cancelled when the service stops; without it, the client has gone."""


def reason_of(cancelled: asyncio.CancelledError) -> Outcome:
    """Why nobody waits for the rest of an answer."""
    return "drained" if DRAINED in cancelled.args else "client_gone"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request on its way. ``received`` is ``time.perf_counter()`` when its last byte had come.

    What is done to a ``large`` one takes long enough to be done aside.
    """

    request: Request
    request_id: str
    dialect: str
    received: float
    key_id: str = ""
    user: str = ""
    large: bool = False


class Prepared(msgspec.Struct, frozen=True):
    """A request as one deployment is to get it. ``changes`` says what was done to it, for the ledger."""

    request: Request
    changes: tuple[str, ...] = ()


class Preparer(Protocol):
    """Looks at a request before an attempt."""

    async def prepare(self, request: Request, deployment: Deployment) -> Prepared | None:
        """The request with what has to change for ``deployment``, None when nothing has to.

        Raises ``Unsupported`` when this deployment can't take it, ``InvalidRequest`` when none can.
        """
        ...


class Models(Protocol):
    """The catalog's snapshot, as far as the engine looks at it."""

    def find(self, name: str) -> Model:
        """Raises ``UnknownModel``."""
        ...


class Recorder(Protocol):
    """The ledger, as far as the engine writes to it. Neither call waits."""

    def begin(self, start: AttemptStart) -> None: ...

    def end(self, end: AttemptEnd) -> None: ...


class Meter(Protocol):
    """The metrics of attempts. Does not wait."""

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd) -> None: ...
