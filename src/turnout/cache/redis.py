"""Answers in Redis or Valkey, which processes and hosts share.

A request waits a few milliseconds for it at most. A command that takes longer goes on beside it, and its reply is
thrown away: a command that is cancelled on its way leaves its reply for the next one on the connection, which may be
somebody else's (https://github.com/redis/redis-py/issues/2665).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from turnout.errors import StorageUnavailable
from turnout.telemetry import PROBE_SECONDS, Breaker, Condition

from .entry import Labels
from .store import Purge, Sizes

if TYPE_CHECKING:
    from redis.asyncio import Redis

DEADLINE: Final = 0.01
"""Seconds that a request waits. A dead Redis costs this three times, then nobody asks it but a probe."""

_MOST_CONNECTIONS: Final = 16
_PREFIX: Final = b"turnout:cache:"
_SCANNED: Final = 1_000
Value = TypeVar("Value")


class RedisStore:
    """``url`` is ``REDIS_URL``. An answer is a hash: the entry, and the labels by which it can be purged."""

    name = "redis"

    def __init__(self, url: str, deadline: float = DEADLINE) -> None:
        self._url = url
        self._deadline = deadline
        self._redis: Redis | None = None
        self._is_connected = False
        self._late: set[asyncio.Task[Any]] = set()
        self._condition = Condition("The cache in Redis", "Nothing is found there, and nothing is kept.")
        self._breaker = Breaker(self._condition, self._failure_now)

    @property
    def error(self) -> str | None:
        return self._condition.error

    async def connect(self) -> None:
        """So that the first request finds a connection. It takes a second at most."""
        failure = await self._failure_now()
        if failure is not None:
            self._breaker.open(failure)
        self._is_connected = True

    async def get(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        found = await self._within(self._get(keys))
        return [None] * len(keys) if found is None else found

    async def put(self, key: bytes, entry: bytes, labels: Labels, seconds: float) -> None:
        await self._within(self._put(key, entry, labels, seconds))

    async def purge(self, purge: Purge) -> int:
        """Looks at all answers, a thousand at a time. Raises ``StorageUnavailable``: who purges wants to know."""
        redis = await self._opened()
        from redis.exceptions import RedisError

        try:
            return await self._purge_all(redis, purge)
        except (RedisError, OSError) as error:
            raise StorageUnavailable(f"The cache in Redis can't be purged: {error or type(error).__name__}") from error

    async def _purge_all(self, redis: Redis, purge: Purge) -> int:
        purged = 0
        names: list[bytes] = []
        async for name in redis.scan_iter(match=_PREFIX + b"*", count=_SCANNED):
            names.append(name)
            if len(names) >= _SCANNED:
                purged += await self._purge(redis, names, purge)
                names = []
        return purged + await self._purge(redis, names, purge)

    def sizes(self) -> Sizes:
        """Only Redis knows them."""
        return Sizes(None, None)

    async def close(self) -> None:
        await self._breaker.close()
        late = tuple(self._late)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        if self._redis is not None:
            await self._redis.aclose()

    async def _get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        redis = await self._opened()
        if len(keys) == 1:
            found: Any = await redis.hget(_PREFIX + keys[0], "entry")
            return [found]
        pipeline = redis.pipeline(transaction=False)
        for key in keys:
            pipeline.hget(_PREFIX + key, "entry")
        return await pipeline.execute()

    async def _put(self, key: bytes, entry: bytes, labels: Labels, seconds: float) -> None:
        name = _PREFIX + key
        fields: dict[Any, Any] = {
            "entry": entry,
            "model": labels.model,
            "key": labels.key,
            "tags": ",".join(labels.tags),
        }
        pipeline = (await self._opened()).pipeline(transaction=True)
        pipeline.hset(name, mapping=fields)
        pipeline.pexpire(name, max(1, round(seconds * 1000)))
        await pipeline.execute()

    async def _purge(self, redis: Redis, names: Sequence[bytes], purge: Purge) -> int:
        pipeline = redis.pipeline(transaction=False)
        for name in names:
            pipeline.hmget(name, "model", "key", "tags")
        rows = await pipeline.execute()
        gone = [name for name, row in zip(names, rows, strict=True) if None not in row and purge.concerns(_labels(row))]
        return int(await redis.unlink(*gone)) if gone else 0

    async def _within(self, command: Coroutine[Any, Any, Value]) -> Value | None:
        """None when Redis doesn't answer in time."""
        if self._breaker.is_open or not self._is_connected:
            command.close()
            return None
        task = asyncio.get_running_loop().create_task(command)
        done, _ = await asyncio.wait((task,), timeout=self._deadline)
        if not done:
            self._late.add(task)
            task.add_done_callback(self._forget)
            self._breaker.failed(TimeoutError(f"Redis did not answer within {self._deadline * 1000:g} ms"))
            return None
        error = task.exception()
        if error is not None:
            self._breaker.failed(_told(error))
            return None
        self._breaker.worked()
        return task.result()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # it has failed for who waited for it, and asyncio need not tell it once more

    async def _failure_now(self) -> Exception | None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                redis = await self._opened()
                await redis.ping()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is reported, and the next probe may succeed
            return _told(error)
        return None

    async def _opened(self) -> Redis:
        """redis takes a tenth of a second to import, so a thread does it. No command is sent twice by redis itself."""
        if self._redis is None:
            module = await asyncio.to_thread(__import__, "redis.asyncio")
            pool = module.asyncio.ConnectionPool.from_url(
                self._url,
                socket_connect_timeout=PROBE_SECONDS,
                socket_timeout=PROBE_SECONDS,
                max_connections=_MOST_CONNECTIONS,
            )
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            pool.connection_kwargs["retry"] = Retry(NoBackoff(), 0)
            self._redis = module.asyncio.Redis.from_pool(pool)
        return self._redis


def _told(error: BaseException) -> OSError:
    """What the log and ``/health`` say of it, without a traceback."""
    return OSError(str(error) or type(error).__name__)


def _labels(row: Sequence[bytes]) -> Labels:
    model, key, tags = [value.decode() for value in row]
    return Labels(model, key, tuple(tags.split(",")) if tags else ())
