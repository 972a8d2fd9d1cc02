"""The states in Redis or Valkey. A script answers each question there, in one round trip and at one moment."""

from __future__ import annotations

import asyncio
import secrets
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .contract import DEADLINE, UnusableStore
from .questions import Answer, Question

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

_LIFE: Final = "turnout:life"
_CONNECT_SECONDS: Final = 1.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode


class RedisStore:
    """Opens its connection at the first question. ``url`` is ``REDIS_URL``: ``redis://``, ``rediss://``, ``unix://``.

    A Redis that was started again may have lost its last seconds, or all. So the life that an answer names has its
    ``run_id``, too, which each new connection asks for.
    """

    deadline = DEADLINE
    patience = 1.0

    def __init__(self, url: str) -> None:
        self._url = url
        self._redis: Redis | None = None
        self._run_id = ""
        self._script = files(__package__).joinpath("draw.lua").read_text()
        self._digest = sha1(self._script.encode()).hexdigest()  # noqa: S324  # Redis names scripts by it

    async def ask(self, question: Question) -> Answer:
        keys = [_LIFE, _owned(question.owner), *(f"turnout:{counter.id}" for counter in question.counters)]
        written = await self._run(keys, _encode(question), secrets.token_hex(4))
        try:
            answer = _decode(written)
        except (msgspec.DecodeError, TypeError) as error:
            raise UnusableStore(f"Redis answers what can't be read: {error}") from error
        answer.life = f"{self._run_id}-{answer.life}"
        return answer

    async def held_by(self, owner: str) -> list[str]:
        redis = await self._opened()
        from redis.exceptions import RedisError

        try:
            members = await redis.smembers(_owned(owner))
        except (RedisError, OSError) as error:
            raise UnusableStore(_words(error)) from error
        return sorted(member if isinstance(member, str) else member.decode() for member in members)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _run(self, keys: list[str], *values: bytes | str) -> Any:
        redis = await self._opened()
        from redis.exceptions import NoScriptError, RedisError

        try:
            try:
                return await redis.evalsha(self._digest, len(keys), *keys, *values)
            except NoScriptError:
                return await redis.eval(self._script, len(keys), *keys, *values)
        except (RedisError, OSError) as error:
            raise UnusableStore(_words(error)) from error

    async def _opened(self) -> Redis:
        """redis takes a tenth of a second to import, so a thread does it."""
        if self._redis is None:
            module = await asyncio.to_thread(__import__, "redis.asyncio")
            pool = module.asyncio.ConnectionPool.from_url(
                self._url, redis_connect_func=self._greet, socket_connect_timeout=_CONNECT_SECONDS, max_connections=8
            )
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            pool.connection_kwargs["retry"] = Retry(NoBackoff(), 0)
            self._redis = module.asyncio.Redis.from_pool(pool)
        return self._redis

    async def _greet(self, connection: AbstractConnection) -> None:
        await connection.on_connect()
        await connection.send_command("INFO", "server")
        told = await connection.read_response()
        lines = told.decode().splitlines()
        self._run_id = next((line.partition(":")[2] for line in lines if line.startswith("run_id:")), "")


def _owned(owner: str) -> str:
    return f"turnout:owner:{owner}"


def _words(error: Exception) -> str:
    return f"Redis can't be used: {error or type(error).__name__}"
