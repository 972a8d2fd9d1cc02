"""Turnout: one self-hosted service in front of every model, and a library that does the same without the service.

    async with turnout.open("turnout.yaml") as t:
        reply = await t.chat(model="fast", messages=[{"role": "user", "content": "Hello"}])
        print(reply.text, reply.cost_usd, reply.deployment)

``open`` gives a ``Turnout`` with ``chat`` and ``stream``; ``chat_completion`` is for code that has no event loop.
The events of a stream are in ``turnout.core``, all errors in ``turnout.errors``. docs/library.md has the rest.

Names are imported when they are first asked for, so that ``import turnout`` itself takes next to no time.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from turnout import errors
from turnout.version import __version__

if TYPE_CHECKING:
    from turnout.library import Reply, Stream, Turnout, chat_completion, open  # noqa: A004  # read as turnout.open

__all__ = ["Reply", "Stream", "Turnout", "__version__", "chat_completion", "errors", "open"]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # a library says nothing unless the program wants it to


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("turnout.library"), name)
    raise AttributeError(f"module 'turnout' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
