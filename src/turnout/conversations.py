"""Conversations that a client continues by naming an earlier answer instead of sending everything again.

Requests that name no earlier answer never read the database. New requests are answered even when the database is down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import msgspec

from turnout.core import ChatRequest, Continuation
from turnout.dialects import ConversationEndpoint
from turnout.errors import InvalidRequest, NotFound, StorageUnavailable
from turnout.storage import LazyDatabase, TurnRow
from turnout.telemetry import Condition
from turnout.worker_threads import LARGE, WorkerThreads

RETENTION = 30 * 86_400
"""Seconds for which a conversation is stored after its last turn. OpenAI stores them for as long."""

SWEEP_INTERVAL = 3600
"""Seconds between two deletions of expired turns."""

DATABASE_TIMEOUT = 5.0
"""Seconds for which a request waits for the database."""

PAUSE_AFTER_FAILURE = 5.0
"""Seconds for which nothing is stored after the database failed. Otherwise every answer would wait for it."""

LONGEST_ID = 256
"""Characters. Clients may send any id, and relayed answers have their provider's ids."""

MOST_REFERENCED = 256
"""Answers whose items one request may refer to. Each of them is one query to the database."""

_CONSEQUENCE = "Answers go on; those that aren't kept can't be continued."
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
T = TypeVar("T")


class Conversations:
    """All worker processes share them through the database. A key finds only its own conversations.

    A conversation of more than ``most_bytes`` of JSON can't be continued.
    """

    def __init__(self, database: LazyDatabase, worker_threads: WorkerThreads, most_bytes: int) -> None:
        self._database = database
        self._worker_threads = worker_threads
        self._most_bytes = most_bytes
        self._condition = Condition("The store of conversations", _CONSEQUENCE)
        self._sweep_at = 0.0
        self._paused_until = 0.0

    @property
    def error(self) -> str | None:
        """Why the last call to the database failed; None when it succeeded."""
        return self._condition.error

    async def begin(
        self, endpoint: ConversationEndpoint, request: ChatRequest, key_id: str, *, large: bool
    ) -> ChatRequest:
        """``request`` after its earlier conversation. Raises ``InvalidRequest`` when that is missing or too long."""
        earlier_answers = await self._worker_threads.run_if(large, endpoint.earlier_answers, request)
        if earlier_answers is None:
            return request
        if len(earlier_answers.referenced) > MOST_REFERENCED:
            raise InvalidRequest(f"Items of more than {MOST_REFERENCED} answers are referred to.", param="input")
        previous_rows: list[TurnRow] = []
        referenced_rows: list[TurnRow] = []
        try:
            if earlier_answers.previous is not None:
                previous_rows = await self._conversation_until(earlier_answers.previous, key_id)
                if not previous_rows:
                    raise _previous_not_found(earlier_answers.previous)
            for id_ in earlier_answers.referenced:
                referenced_rows += await self._conversation_until(id_, key_id)
                self._check_size([*previous_rows, *referenced_rows])
        except StorageUnavailable as error:
            raise StorageUnavailable(f"The conversation can't be continued now. {error.message}") from error
        size = self._check_size([*previous_rows, *referenced_rows])
        return await self._worker_threads.run_if(
            large or size > LARGE, _continue_request, endpoint, request, previous_rows, referenced_rows
        )

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
        endpoint: ConversationEndpoint,
        request: ChatRequest,
        answer: bytes | None,
        key_id: str,
        deployment: str,
        *,
        large: bool,
    ) -> None:
        """Stores the turn. The caller sends the end of the answer afterwards, so the next request finds the turn.

        Raises nothing.
        """
        if not answer or time.monotonic() < self._paused_until:
            return
        large = large or len(answer) > LARGE
        row = await self._worker_threads.run_if(large, _turn_row, endpoint, request, answer, key_id, deployment)
        if row is None:
            return
        try:
            await self._within_timeout(self._add(row))
        except StorageUnavailable:
            self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE

    async def find(self, id_: str, key_id: str) -> list[TurnRow]:
        """The conversation up to and with the answer ``id_``, oldest turn first. Raises ``NotFound``."""
        rows = await self._conversation_until(id_, key_id)
        if not rows:
            raise _not_found(id_)
        return rows

    async def remove(self, id_: str, key_id: str) -> None:
        """Raises ``NotFound``."""
        if len(id_) > LONGEST_ID or not await self._within_timeout(self._remove(id_, key_id)):
            raise _not_found(id_)

    async def _conversation_until(self, id_: str, key_id: str) -> list[TurnRow]:
        if len(id_) > LONGEST_ID:
            return []
        return await self._within_timeout(self._read_until(id_, key_id))

    async def _read_until(self, id_: str, key_id: str) -> list[TurnRow]:
        return await (await self._database.turns()).until(id_, key_id, int(time.time()))

    async def _remove(self, id_: str, key_id: str) -> bool:
        return await (await self._database.turns()).remove(id_, key_id)

    async def _add(self, row: TurnRow) -> None:
        turns = await self._database.turns()
        await turns.add(row)
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_INTERVAL
            await turns.sweep(row.created)

    async def _within_timeout(self, database_call: Awaitable[T]) -> T:
        """Raises ``StorageUnavailable``. The log and ``error`` report it, too."""
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT):
                result = await database_call
        except TimeoutError:
            text = f"The database did not answer within {DATABASE_TIMEOUT:g} s. Try again later."
            timeout_error = StorageUnavailable(text)
            self._condition.broke(timeout_error)
            raise timeout_error from None
        except StorageUnavailable as error:
            self._condition.broke(error)
            raise
        self._condition.works()
        return result


def _continue_request(
    endpoint: ConversationEndpoint,
    request: ChatRequest,
    previous_rows: Sequence[TurnRow],
    referenced_rows: Sequence[TurnRow],
) -> ChatRequest:
    earlier = None
    if previous_rows:
        items = tuple([item for row in previous_rows for item in (*_items(row.items), *_items(row.output))])
        earlier = Continuation(items, previous_rows[-1].deployment)
    return endpoint.continued(request, earlier, [item for row in referenced_rows for item in _items(row.output)])


def _turn_row(
    endpoint: ConversationEndpoint, request: ChatRequest, answer: bytes, key_id: str, deployment: str
) -> TurnRow | None:
    """None for an answer that is not stored."""
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
        expires=now + RETENTION,
    )


def _items(array: str) -> Sequence[msgspec.Raw]:
    return _ITEMS.decode(array)


def _previous_not_found(id_: str) -> InvalidRequest:
    error = InvalidRequest(f"Previous response with id '{id_[:LONGEST_ID]}' not found.", param="previous_response_id")
    error.code = "previous_response_not_found"
    return error


def _not_found(id_: str) -> NotFound:
    return NotFound(f"Response with id '{id_[:LONGEST_ID]}' not found.")
