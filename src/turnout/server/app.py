"""The ASGI app: requests to models go to the data plane, all others to the control plane."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from turnout.dialects import registry
from turnout.errors import AddressTooLong, MethodNotAllowed, NotFound, TurnoutError
from turnout.gateway import Gateway

from .access import Access, Need
from .bearer_tokens import BearerTokens
from .control import NEEDS, Gate, Table, dialect_of
from .endpoints import Endpoints
from .inference import Inference, Sockets, conversation_at
from .pages import Pages
from .request import ClientLeft, Message, Receive, Scope, Send, method_and_path, send_error

MAX_ADDRESS = 8192
"""Characters of a path and its query. Most servers have the same bound."""


class App:
    """``control`` answers all requests but inference. The gateway is open as long as the app is served."""

    def __init__(self, gateway: Gateway, control: FastAPI, tokens: BearerTokens) -> None:
        server = gateway.settings.server
        self._pages = Pages(server)
        access = Access(gateway, self._pages, tokens)
        self._endpoints = Endpoints(registry().values())
        self._inference = Inference(gateway, access)
        self._sockets = Sockets(access, self._inference.handle)
        self._table = Table(control.routes, NEEDS, self._endpoints)
        self._gate = Gate(control, access, server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = self._pages.with_cors_headers(scope, send)
        if scope["type"] == "websocket":
            await self._answer_socket(scope, receive, send)
            return
        if len(scope["path"]) + len(scope["query_string"]) > MAX_ADDRESS:
            error = AddressTooLong(f"The path and its query are longer than {MAX_ADDRESS} bytes, the limit here.")
            await send_error(dialect_of(scope), error, send)
        elif scope["method"] == "POST" and (match := self._endpoints.find(scope["path"])) is not None:
            await self._inference.handle(match, scope, receive, send)
        else:
            await self._answer_other(scope, receive, send)

    async def _answer_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A path without a WebSocket answers as if none had been offered."""
        match = self._endpoints.find(scope["path"])
        conversation = conversation_at(match)
        if match is None or conversation is None:
            await self({**scope, "type": "http"}, _no_body, send)
        else:
            await self._sockets.serve(match, conversation, scope, receive, send)

    async def _answer_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request whose method or path is none of inference's as it is."""
        try:
            await self._route(scope, receive, send)
        except TurnoutError as error:
            match = self._endpoints.find(scope["path"])
            await send_error(dialect_of(scope) if match is None else match.dialect, error, send)
        except ClientLeft:
            pass  # there is no client to answer
        except asyncio.CancelledError:
            if "refuse_with" not in scope["state"]:
                raise
            await send_error(dialect_of(scope), scope["state"].pop("refuse_with"), send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "refuse_with" in scope["state"]:
            raise scope["state"].pop("refuse_with")
        method, path = scope["method"], self._find_path(scope)
        methods = self._table.methods(path)
        if method == "OPTIONS":
            await _send_methods(methods, send)
            return
        if method == "HEAD":
            method = "GET"  # the server leaves the body out
        if method not in methods:
            use = ", ".join([name for name in methods if name not in ("HEAD", "OPTIONS")])
            raise MethodNotAllowed(f"{method_and_path(scope)} is not possible: use {use}.", allow=", ".join(methods))
        scope = {**scope, "method": method, "path": path}
        if need := self._table.needs(path).get(method):
            await self._gate.enter(need, scope, receive, send)
        elif match := self._endpoints.find(path):
            await self._inference.handle(match, scope, receive, send)

    def _find_path(self, scope: Scope) -> str:
        """The request's path, or the existing path that it is a variant of. Raises ``NotFound``.

        A variant never reaches an admin's route: a proxy in front of Turnout may block that route by its path.
        """
        path: str = scope["path"]
        if self._table.methods(path):
            return path
        existing = self._table.existing_path(path)
        if existing is None:
            raise NotFound(f"There is no {method_and_path(scope)} here. GET /docs lists what there is.")
        if self._table.needs(existing).get(scope["method"]) in (Need.ADMIN, Need.AUDITOR):
            suggestion = method_and_path({**scope, "path": existing})
            raise NotFound(f"There is no {method_and_path(scope)} here. Did you mean {suggestion}?")
        return existing


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send_methods(methods: list[str], send: Send) -> None:
    headers = [(b"allow", ", ".join(methods).encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
