"""What a wire gives the server: how a vendor's requests are read, and how its answers and errors are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, Protocol, TypeVar

import msgspec

from .answer import Answer
from .http import Request
from .question import Question
from .refused import Refused


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream. ``kind`` is what faults look at: a piece of the answer, or what ends it, or neither.

    ``tokens`` is what sending it adds to the bill.
    """

    data: bytes
    kind: Literal["other", "content", "end"] = "other"
    tokens: int = 0


class Wire(Protocol):
    """A vendor's wire format, one way. Streams are made lazily: a stalled or cut one costs no more than was sent."""

    name: str
    media_type: str  # of its streams; empty if they say none
    request_id_header: str  # empty if it sends none

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        """What the request asks. Raises ``Refused`` where the vendor would answer 400 or 404."""
        ...

    def body(self, question: Question, answer: Answer) -> bytes: ...

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]: ...

    def body_type(self, question: Question) -> str:
        """The media type of a whole reply."""
        ...

    def error(self, refused: Refused) -> bytes:
        """The body of an error reply."""
        ...

    def error_event(self, refused: Refused) -> bytes:
        """An error inside a stream."""
        ...


JSON = "application/json"


class JsonBodies:
    """What most wires reply with."""

    def body_type(self, question: Question) -> str:
        return JSON


Page = Callable[[Mapping[str, str]], bytes]
"""Anything else that a vendor serves (a model list, a health check), from the names in the path."""


class Route(msgspec.Struct, frozen=True):
    """``header``: only for requests that have this header. The path's named groups go to the wire or the page."""

    method: str
    path: re.Pattern[str]
    wire: Wire
    page: Page | None = None
    header: str = ""

    def match(self, request: Request) -> dict[str, str] | None:
        """The names in the path, if this route is the request's."""
        if request.method != self.method or (self.header and self.header not in request.headers):
            return None
        found = self.path.fullmatch(request.path)
        return None if found is None else found.groupdict()


def route(method: str, path: str, wire: Wire, page: Page | None = None, header: str = "") -> Route:
    return Route(method, re.compile(path), wire, page, header)


MODELS = ("sim", "sim-tools", "sim-parallel-tools", "sim-thinking", "sim-cached")
"""What model lists show. Every other name is served too."""

Body = TypeVar("Body")


def decode(decoder: msgspec.json.Decoder[Body], body: bytes) -> Body:
    """The request's body, or ``Refused`` with the place of the mistake."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(400, f"Invalid request body: {error}") from error


def sse(data: object, event: str = "") -> bytes:
    """One server-sent event."""
    name = f"event: {event}\n".encode() if event else b""
    return b"%bdata: %b\n\n" % (name, msgspec.json.encode(data))
