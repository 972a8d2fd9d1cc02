"""``turnout.chat_completion``: one call, for code without an event loop."""

from __future__ import annotations

import os
import threading
from typing import Any

from .background import Background
from .reply import Reply
from .request import Messages
from .turnout import Turnout, open  # noqa: A004  # turnout.open

_lock = threading.Lock()
_opened: tuple[int, Background, Turnout] | None = None


def chat_completion(messages: Messages, **options: Any) -> Reply:
    """A whole answer, in one blocking call: ``turnout.chat_completion([{"role": "user", "content": "Hello"}])``.

    ``messages`` and ``options`` (with ``model``) are those of ``Turnout.chat``; so are the defaults, reply and errors.
    The configuration is that of ``turnout.open()`` without arguments. It is read at the first call, and later
    changes of the file take effect. Connections and ledger stay open in a thread until the process ends. Attempts of
    the last moments are only in the journal, and come into the ledger's database at the next start.

    Any thread may call it. In a coroutine it blocks the event loop until the answer is there: use
    ``async with turnout.open()`` instead. Raises ``turnout.errors.ConfigError`` as well.
    """
    background, turnout = _shared()
    return background.run(turnout.chat(messages=messages, **options))


def _shared() -> tuple[Background, Turnout]:
    """The gateway of this process. A forked process opens its own, as it has none of its parent's threads."""
    global _opened
    with _lock:
        if _opened is None or _opened[0] != os.getpid():
            turnout = open()
            background = Background()
            try:
                background.run(turnout.__aenter__())
            except BaseException:
                background.close()
                raise
            _opened = os.getpid(), background, turnout
        return _opened[1:]
