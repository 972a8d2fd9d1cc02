"""The base of endpoints whose reply is always one JSON body."""

from __future__ import annotations

from turnout.core import Request

from . import Renderer, ReplyContext


class WholeReply:
    def renderer(self, request: Request, context: ReplyContext) -> Renderer:
        raise NotImplementedError(f"{type(self).__name__} has no streams")

    def media_type(self, request: Request) -> str:
        return "application/json"
