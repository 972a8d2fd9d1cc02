"""What a request needs of a deployment. Whatever takes time is worked out when a policy asks for it, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from turnout.core import ChatRequest, CountRequest, Request

_BYTES_PER_TOKEN = 4
"""Mostly English and JSON. A policy compares costs, and needs no count."""


class Question:
    """``size`` is the request's, in bytes. ``session`` is the client's name for a conversation, empty without one.

    ``premium``: it may have the strong deployments first. ``tags``: only deployments that have all of them will do.
    """

    def __init__(
        self,
        request: Request,
        size: int = 0,
        *,
        session: str = "",
        premium: bool = False,
        tags: frozenset[str] = frozenset(),
    ) -> None:
        self.request = request
        self.size = size
        self.session = session
        self.premium = premium
        self.tags = tags

    @cached_property
    def chat(self) -> ChatRequest | None:
        """The conversation; None for a request of another kind."""
        request = self.request
        if isinstance(request, CountRequest):
            return request.chat
        return request if isinstance(request, ChatRequest) else None

    @cached_property
    def tokens(self) -> int:
        """About how many tokens the input has, by its size."""
        return self.size // _BYTES_PER_TOKEN

    @cached_property
    def most_output(self) -> int | None:
        """The client's limit for the answer in tokens, None without one."""
        return None if self.chat is None else self.chat.max_output

    @property
    def tools(self) -> Sequence[object]:
        return () if self.chat is None else self.chat.tools
