"""Conversations that clients continue by naming an answer instead of sending everything again.

Who doesn't need them never gets here, and who does gets an answer even when the database is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import msgspec

from turnout.aside import LARGE, Aside
from turnout.core import ChatRequest, Continuation
from turnout.dialects import Conversing
from turnout.errors import InvalidRequest, NotFound, StorageUnavailable
from turnout.storage import LazyDatabase, TurnRow
from turnout.telemetry import Condition

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
    """For all worker processes: what one keeps, another finds. A key finds only its own.

    One that has grown longer than ``most_bytes`` of JSON can't be continued.
    """

    def __init__(self, database: LazyDatabase, aside: Aside, most_bytes: int) -> None:
        self._database = database
        self._aside = aside
        self._most_bytes = most_bytes
        self._condition = Condition("The store of conversations", _CONSEQUENCE)
        self._sweep_at = 0.0
        self._rest_until = 0.0

    @property
    def error(self) -> str | None:
        """What is wrong, as far as the last try told."""
        return self._condition.error

    async def begin(self, endpoint: Conversing, request: ChatRequest, key_id: str, *, large: bool) -> ChatRequest:
        """``request`` after what came before it. Raises ``InvalidRequest`` when that isn't there, or is too long."""
        asked = await self._aside.run_if(large, endpoint.asks, request)
        if asked is None:
            return request
        if len(asked.referred) > MOST_REFERRED:
            raise InvalidRequest(f"Items of more than {MOST_REFERRED} answers are referred to.", param="input")
        rows: list[TurnRow] = []
        referred: list[TurnRow] = []
        try:
            if asked.previous is not None:
                rows = await self._until(asked.previous, key_id)
                if not rows:
                    raise _unknown(asked.previous)
            for id_ in asked.referred:
                referred += await self._until(id_, key_id)
                self._check_size([*rows, *referred])
        except StorageUnavailable as error:
            raise StorageUnavailable(f"The conversation can't be continued now. {error.message}") from error
        size = self._check_size([*rows, *referred])
        return await self._aside.run_if(large or size > LARGE, _continued, endpoint, request, rows, referred)

    def _check_size(self, rows: Sequence[TurnRow]) -> int:
        size = sum([len(row.items) + len(row.output) for row in rows])
        if size > self._most_bytes:
            raise InvalidRequest(
                f"The conversation has {size} bytes, and {self._most_bytes} are the limit here. Begin another one, or"
                " raise server.max_body_bytes.",
                param="previous_response_id",
            )
        return size

    async def keep(
        self,
        endpoint: Conversing,
        request: ChatRequest,
        answer: bytes | None,
        key_id: str,
        deployment: str,
        *,
        large: bool,
    ) -> None:
        """Before the client sees the end of the answer, so that its next request finds it. Raises nothing."""
        if not answer or time.monotonic() < self._rest_until:
            return
        large = large or len(answer) > LARGE
        row = await self._aside.run_if(large, _row, endpoint, request, answer, key_id, deployment)
        if row is None:
            return
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


def _continued(
    endpoint: Conversing, request: ChatRequest, rows: Sequence[TurnRow], referred: Sequence[TurnRow]
) -> ChatRequest:
    earlier = None
    if rows:
        items = tuple([item for row in rows for item in (*_items(row.items), *_items(row.output))])
        earlier = Continuation(items, rows[-1].deployment)
    return endpoint.continued(request, earlier, [item for row in referred for item in _items(row.output)])


def _row(endpoint: Conversing, request: ChatRequest, answer: bytes, key_id: str, deployment: str) -> TurnRow | None:
    """None for an answer that isn't to be kept."""
    turn = endpoint.turn(request, answer)
    if turn is None or len(turn.id) > LONGEST_ID:
        return None
    now = int(time.time())
    return TurnRow(
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


def _items(array: str) -> Sequence[msgspec.Raw]:
    return _ITEMS.decode(array)


def _unknown(id_: str) -> InvalidRequest:
    error = InvalidRequest(f"Previous response with id '{id_[:LONGEST_ID]}' not found.", param="previous_response_id")
    error.code = "previous_response_not_found"
    return error


def _not_found(id_: str) -> NotFound:
    return NotFound(f"Response with id '{id_[:LONGEST_ID]}' not found.")
