"""The reply to one request, as it goes out: status, headers, body."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

from turnout.core import Deployment
from turnout.core.relayed_headers import LIMITS
from turnout.engine import Count, Reply
from turnout.errors import AllowanceError, TurnoutError, UpstreamError
from turnout.server.request import Send, headers_of

from .limit_headers import refusal_headers
from .notices import Notices

JSON = "application/json"

_MOST_DROPPED = 1000  # characters

Headers = list[tuple[bytes, bytes]]


class ClientReply:
    """``status`` is 500 until a reply has begun, and what metrics count at the end. After ``has_begun``, an error can
    only be told inside the answer, or by cutting the connection.

    ``pieces`` counts what was sent of a stream. ``model`` is the served model's name. ``deployments`` are those of the
    model, ``dropped`` the paths of fields that were not sent to the provider, ``limits`` the headers of the key's own
    limits, in place of which those of the provider's aren't told. ``cache`` are the headers of the caches.
    """

    def __init__(self, request_id: str, send: Send, notices: Notices) -> None:
        self.request_id = request_id
        self.status = 500
        self.has_begun = False
        self.pieces = 0
        self.model = ""
        self.deployments: Sequence[Deployment] = ()
        self.dropped: Sequence[str] = ()
        self.limits: Headers = []
        self.cache: Headers = []
        self._send = send
        self._notices = notices

    async def send_whole(self, status: int, body: bytes, headers: Headers) -> None:
        self.status = status
        self.has_begun = True
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def begin_stream(self, headers: Headers) -> None:
        self.status = 200
        self.has_begun = True
        headers.append((b"cache-control", b"no-cache"))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    def send_piece(self, data: bytes) -> Awaitable[None]:
        self.pieces += 1
        return self._send({"type": "http.response.body", "body": data, "more_body": True})

    def end_stream(self, data: bytes) -> Awaitable[None]:
        return self._send({"type": "http.response.body", "body": data, "more_body": False})

    def headers(self, media_type: str, reply: Reply | Count) -> Headers:
        """``reply`` tells which deployment answered."""
        deployment = reply.deployment
        headers = self._headers(media_type, deployment.provider, deployment.id, reply.attempts)
        if isinstance(reply, Reply) and reply.headers:
            headers += _header_lines(_without_limits(reply.headers) if self.limits else reply.headers)
        if self.limits:
            headers += self.limits
        if self.cache:
            headers += self.cache
        return headers

    def headers_before_answer(self, media_type: str) -> Headers:
        """For a reply that begins before anybody knows which deployment will answer."""
        return [
            (b"content-type", media_type.encode()),
            (b"x-request-id", self.request_id.encode()),
            (b"x-turnout-model", _header_value(self.model)),
            *self.limits,
        ]

    def error_headers(self, error: TurnoutError) -> Headers:
        """For an upstream's error they name the deployment that failed last."""
        if not isinstance(error, UpstreamError):
            named = [(b"content-type", JSON.encode()), (b"x-request-id", self.request_id.encode())]
            refused = refusal_headers(error) if isinstance(error, AllowanceError) else []
            return [*named, *headers_of(error), *refused]
        headers = self._headers(JSON, error.provider, error.deployment, error.attempts)
        if error.retry_after is not None:
            headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
        headers += _header_lines(error.headers)
        return headers

    def _headers(self, media_type: str, provider: str, deployment: str, attempts: int) -> Headers:
        headers = [
            (b"content-type", media_type.encode()),
            (b"x-request-id", self.request_id.encode()),
            *_name_headers(self.model, provider, deployment),
            (b"x-turnout-attempts", b"%d" % attempts),
        ]
        if self.dropped:
            headers.append((b"x-turnout-dropped", _header_value(", ".join(self.dropped)[:_MOST_DROPPED])))
        if warning := self._warning(deployment):
            headers.append((b"x-turnout-warning", _warning_value(warning)))
        return headers

    def _warning(self, deployment_id: str) -> str:
        for deployment in self.deployments:
            if deployment.id == deployment_id:
                return self._notices.of(deployment)
        return ""


@lru_cache(maxsize=4096)
def _name_headers(model: str, provider: str, deployment: str) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that are the same for every reply of a deployment."""
    return (
        (b"x-turnout-model", _header_value(model)),
        (b"x-turnout-provider", provider.encode()),
        (b"x-turnout-deployment", _header_value(deployment)),
    )


def _without_limits(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if not name.startswith(LIMITS)}


def _header_lines(headers: Mapping[str, str]) -> Headers:
    return [(name.encode(), _header_value(value)) for name, value in headers.items()]


@lru_cache(maxsize=4096)
def _warning_value(warning: str) -> bytes:
    """Every reply of a model that goes has the same one."""
    return _header_value(warning)


def _header_value(text: str) -> bytes:
    """Names may hold any character, a header only ASCII: the others are percent-encoded."""
    return text.encode() if text.isascii() and text.isprintable() else quote(text).encode()
