"""Turnout inside another program: the same configuration, engine and ledger, without the server."""

from .completion import chat_completion
from .reply import Reply
from .stream import Stream
from .turnout import Turnout, open  # noqa: A004  # read as turnout.open

__all__ = ["Reply", "Stream", "Turnout", "chat_completion", "open"]
