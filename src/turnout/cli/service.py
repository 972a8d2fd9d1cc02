"""The running service, asked with an admin's key: the one in ``TURNOUT_ADMIN_KEY``, else the first admin key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from turnout.catalog import Catalog
from turnout.catalog.first_key import FILE_NAME
from turnout.cli.serve.greeting import url_of
from turnout.config import ADMIN_VARIABLE
from turnout.core import WireRequest
from turnout.errors import TurnoutError, UpstreamError
from turnout.gateway import fetch
from turnout.transport import Transport

SECONDS: Final = 10.0


class ServiceRefused(TurnoutError):
    """``status`` is that of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Service:
    """``url`` has no path. Every question raises ``TurnoutError`` when it isn't answered."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self._headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})

    def is_there(self) -> bool:
        """Whether a Turnout answers at the address."""
        try:
            _, body = self._fetch("GET", "/", b"", {})
        except UpstreamError:
            return False
        return body.startswith(b"Turnout ")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> bytes:
        """The body of the answer. Raises ``ServiceRefused`` for one with an error."""
        target = f"{quote(path)}?{urlencode(query)}" if query else quote(path)
        status, answer = self._fetch(method, target, body, self._headers | (headers or {}), seconds)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        hint = ""
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            hint = f" Put an admin's key into {ADMIN_VARIABLE}."
        raise ServiceRefused(status, f"{self.url} refused with status {status}: {_message_in(answer)}{hint}")

    def _fetch(
        self, method: str, target: str, body: bytes, headers: dict[str, str], seconds: float = SECONDS
    ) -> tuple[int, bytes]:
        return asyncio.run(_fetch(WireRequest(f"{self.url}{target}", headers, body, method), seconds))


def service_of(catalog: Catalog, url: str | None) -> Service:
    """The service at ``url``, else the one that this configuration would serve."""
    server = catalog.settings.server
    file = Path(catalog.settings.data_dir) / FILE_NAME
    key = os.environ.get(ADMIN_VARIABLE)
    if not key and file.is_file():
        key = file.read_text().strip()
    return Service((url or url_of(server.host, server.port)).rstrip("/"), key)


async def _fetch(request: WireRequest, seconds: float) -> tuple[int, bytes]:
    transport = Transport()
    try:
        status, _, body = await fetch(transport, request, seconds)
    finally:
        await transport.close()
    return status, body


def _message_in(body: bytes) -> str:
    """What an error says, in the shape of OpenAI's dialect and of the model service's."""
    try:
        told: dict[str, Any] = msgspec.json.decode(body, type=dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body[:200].decode(errors="replace")
    error = told.get("error")
    return str(error.get("message", "")) if isinstance(error, dict) else str(told)
