"""Which store the processes of a service share."""

from __future__ import annotations

from typing import Final

from turnout.errors import ConfigError
from turnout.host import Control, LocalControl
from turnout.storage import Counters

from .contract import Store
from .control import ControlStore, answer_questions
from .memory import MemoryStore
from .postgres import PostgresStore
from .redis import RedisStore

_REDIS: Final = ("redis://", "rediss://", "unix://")


def chosen_store(redis_url: str, counters: Counters | None, control: Control) -> Store:
    """Redis where there is a ``redis_url``, else Postgres where that is the database, else the host's control process.

    Raises ``ConfigError``.
    """
    if redis_url:
        if not redis_url.startswith(_REDIS):
            raise ConfigError(f"environment variable REDIS_URL: expected an address that begins with {_any(_REDIS)}")
        return RedisStore(redis_url)
    if counters is not None:
        return PostgresStore(counters)
    if not isinstance(control, LocalControl):
        return ControlStore(control)
    store = MemoryStore()
    answer_questions(control.handlers, store)
    return store


def _any(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
