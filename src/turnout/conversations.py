"""Conversations that clients continue by naming an answer instead of sending everything again.

Who doesn't need them never gets here, and who does gets an answer even when the database is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import msgspec

from turnout.core import ChatRequest, Continuation
from turnout.dialects import Conversing
from turnout.errors import InvalidRequest, NotFound, StorageUnavailable
from turnout.ledger.condition import Condition
from turnout.storage import LazyDatabase, TurnRow

KEPT = 30 * 86_400
"""Seconds since a conversation was last continued; as long as OpenAI keeps them."""

SWEEP = 3600
"""Seconds between two looks for what has expired."""

PATIENCE = 5.0
"""Seconds that a request waits for the database."""

REST = 5.0
"""Seconds for which nothing is kept after the database has failed, so that not every answer waits for it."""

LONGEST_ID = 256
"""Characters. Clients may name anything, and providers whose answers are relayed make ids of their own."""

MOST_REFERRED = 256
"""Answers of which one request may refer to items: the database is asked for each."""

_CONSEQUENCE = "Answers go on; those that aren't kept can't be continued."
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
T = TypeVar("T")


class Conversations:
    """For all worker processes: what one keeps, another finds. A key finds only its own."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database
        self._condition = Condition("store of conversations", _CONSEQUENCE)
        self._sweep_at = 0.0
        self._rest_until = 0.0

    @property
    def error(self) -> str | None:
        """What is wrong, as far as the last try told."""
        return self._condition.error

    async def begin(self, endpoint: Conversing, request: ChatRequest, key_id: str) -> ChatRequest:
        """``request`` after what came before it. Raises ``InvalidRequest`` when that isn't there."""
        asked = endpoint.asks(request)
        if asked is None:
            return request
        if len(asked.referred) > MOST_REFERRED:
            raise InvalidRequest(f"Items of more than {MOST_REFERRED} answers are referred to.", param="input")
        try:
            earlier = await self._earlier(asked.previous, key_id) if asked.previous is not None else None
            rows = [row for id_ in asked.referred for row in await self._until(id_, key_id)]
        except StorageUnavailable as error:
            raise StorageUnavailable(f"The conversation can't be continued now. {error.message}") from error
        return endpoint.continued(request, earlier, [item for row in rows for item in _items(row.output)])

    async def _earlier(self, id_: str, key_id: str) -> Continuation:
        rows = await self._until(id_, key_id)
        if not rows:
            raise _unknown(id_)
        items = tuple(item for row in rows for item in (*_items(row.items), *_items(row.output)))
        return Continuation(items, rows[-1].deployment)

    async def keep(
        self, endpoint: Conversing, request: ChatRequest, answer: bytes | None, key_id: str, deployment: str
    ) -> None:
        """Before the client sees the end of the answer, so that its next request finds it. Raises nothing."""
        turn = endpoint.turn(request, answer) if answer else None
        if turn is None or len(turn.id) > LONGEST_ID or time.monotonic() < self._rest_until:
            return
        now = int(time.time())
        row = TurnRow(
            id=turn.id,
            key_id=key_id,
            previous=turn.previous,
            deployment=deployment,
            items=turn.items.decode(),
            output=turn.output.decode(),
            answer=turn.answer.decode(),
            created=now,
            expires=now + KEPT,
        )
        try:
            await self._in_time(self._add(row))
        except StorageUnavailable:
            self._rest_until = time.monotonic() + REST

    async def find(self, id_: str, key_id: str) -> list[TurnRow]:
        """A conversation up to the answer of that id, oldest turn first. Raises ``NotFound``."""
        rows = await self._until(id_, key_id)
        if not rows:
            raise _not_found(id_)
        return rows

    async def remove(self, id_: str, key_id: str) -> None:
        """Raises ``NotFound``."""
        if len(id_) > LONGEST_ID or not await self._in_time(self._remove(id_, key_id)):
            raise _not_found(id_)

    async def _until(self, id_: str, key_id: str) -> list[TurnRow]:
        if len(id_) > LONGEST_ID:
            return []
        return await self._in_time(self._found(id_, key_id))

    async def _found(self, id_: str, key_id: str) -> list[TurnRow]:
        return await (await self._database.turns()).until(id_, key_id, int(time.time()))

    async def _remove(self, id_: str, key_id: str) -> bool:
        return await (await self._database.turns()).remove(id_, key_id)

    async def _add(self, row: TurnRow) -> None:
        turns = await self._database.turns()
        await turns.add(row)
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP
            await turns.sweep(row.created)

    async def _in_time(self, work: Awaitable[T]) -> T:
        """Raises ``StorageUnavailable``, which the log and ``error`` tell, too."""
        try:
            async with asyncio.timeout(PATIENCE):
                done = await work
        except TimeoutError:
            slow = StorageUnavailable(f"The database did not answer within {PATIENCE:g} s. Try again later.")
            self._condition.broke(slow)
            raise slow from None
        except StorageUnavailable as error:
            self._condition.broke(error)
            raise
        self._condition.works()
        return done


def _items(array: str) -> Sequence[msgspec.Raw]:
    return _ITEMS.decode(array)


def _unknown(id_: str) -> InvalidRequest:
    error = InvalidRequest(f"Previous response with id '{id_[:LONGEST_ID]}' not found.", param="previous_response_id")
    error.code = "previous_response_not_found"
    return error


def _not_found(id_: str) -> NotFound:
    return NotFound(f"Response with id '{id_[:LONGEST_ID]}' not found.")
