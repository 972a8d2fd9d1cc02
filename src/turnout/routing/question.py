"""What a request needs of a deployment. Whatever takes time is worked out when a policy asks for it, and only once."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import Final

import msgspec

from turnout.core import ChatRequest, CountRequest, File, Image, Request, ToolResult, WireBody

from .conversation_start import start_of
from .session_names import session_in

_BYTES_PER_TOKEN: Final = 4
"""Mostly English and JSON. A policy compares costs, and needs no count."""

_LONG: Final = 64 * 1024
_TOKENS_BESIDE_IMAGES: Final = 4_000
"""Of a long request with images or files, its size says little: they are mostly its bytes."""

_PREMIUM: Final = "premium-"


def tokens_by_size(size: int, chat: ChatRequest | None) -> int:
    """About how many tokens a request of ``size`` bytes has; ``chat`` is its conversation. It costs next to nothing."""
    tokens = size // _BYTES_PER_TOKEN
    return min(tokens, _TOKENS_BESIDE_IMAGES) if size > _LONG and chat and _may_hold_images(chat) else tokens


def _may_hold_images(chat: ChatRequest) -> bool:
    """Images or files. A conversation that nobody has read isn't read for it: it may hold some."""
    if chat.unread is not None:
        return chat.unread.may_hold_images
    parts = [part for message in chat.messages for part in message.parts]
    parts += [inner for part in parts if isinstance(part, ToolResult) for inner in part.parts]
    return any(isinstance(part, Image | File) for part in parts)


class Question(msgspec.Struct, dict=True, eq=False):
    """``size`` is the request's, in bytes. ``tags``: only deployments that have all of them will do.

    ``header_session`` is the session's name in a header, empty without one. ``may_be_premium``: the key is allowed to
    have premium sessions. ``affordable``: only deployments with these ids will do; None: all.
    """

    request: Request
    size: int = 0
    header_session: str = ""
    tags: frozenset[str] = frozenset()
    may_be_premium: bool = False
    affordable: frozenset[str] | None = None

    @cached_property
    def chat(self) -> ChatRequest | None:
        """The conversation; None for a request of another kind."""
        request = self.request
        if isinstance(request, CountRequest):
            return request.chat
        return request if isinstance(request, ChatRequest) else None

    @cached_property
    def tokens(self) -> int:
        """About how many tokens the input has."""
        return tokens_by_size(self.size, self.chat)

    @property
    def most_output(self) -> int | None:
        """The client's limit for the answer in tokens, None without one."""
        return None if self.chat is None else self.chat.max_output

    @cached_property
    def has_images(self) -> bool:
        """Images or files, as far as that is known."""
        return self.chat is not None and _may_hold_images(self.chat)

    @cached_property
    def has_tools(self) -> bool:
        chat = self.chat
        if chat is None:
            return False
        if chat.unread is not None and isinstance(chat.raw, WireBody):
            return "tools" in chat.raw.fields
        return bool(chat.tools)

    @cached_property
    def session(self) -> str:
        """The client's name for the conversation, in a header or in the body; empty without one."""
        return self.header_session or ("" if self.chat is None else session_in(self.chat))

    @property
    def premium(self) -> bool:
        """Whether the request is of a premium session, and its key is allowed to have some."""
        return self.may_be_premium and self.session.startswith(_PREMIUM)

    @property
    def answered_by(self) -> str:
        """The id of the deployment that gave the answer which this request continues; empty if it names none."""
        raw = None if self.chat is None else self.chat.raw
        return "" if raw is None or raw.continues is None else raw.continues.deployment

    @cached_property
    def thread(self) -> bytes | None:
        """Says which conversation this is: the same in all of its turns. None where there is no conversation."""
        if self.session:
            start: bytes | None = self.session.encode(errors="replace")
        else:
            start = None if self.chat is None else start_of(self.chat)
        return None if start is None else blake2b(start, digest_size=16).digest()
