"""The contract of a wire: it reads a vendor's requests, and writes its answers and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

import msgspec

from .answer import Answer
from .http import Request
from .question import Question
from .refused import Refused
from .rules import Rule


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream. ``kind`` tells faults whether it is a piece of the content, an end, or neither.

    A "terminator" is an end that says nothing but that the stream is over. ``tokens`` are billed when it is sent.
    """

    data: bytes
    kind: Literal["other", "content", "end", "terminator"] = "other"
    tokens: int = 0


class Wire(Protocol):
    """A vendor's wire format. Streams are generators, so that a cut stream is billed only for the frames it sent."""

    name: str
    media_type: str  # of its streams; empty if they have no such header
    request_id_header: str  # empty if there is none
    ping: bytes  # its sign of life inside a stream; empty if there is none

    @property
    def rules(self) -> Sequence[Rule]:
        """What the vendor refuses, besides what ``read`` can't make a question of."""
        ...

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        """The question of the request. Raises ``Refused`` where the vendor would answer 400 or 404."""
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
    """For wires whose whole replies are JSON. ``ping`` is a comment of server-sent events."""

    rules: Sequence[Rule] = ()
    ping = b": ping\n\n"

    def body_type(self, question: Question) -> str:
        return JSON


Page = Callable[[Mapping[str, str], bytes], bytes]
"""The body of any other page of a vendor (a model list, a health check), from the names in the path and the request's
body."""


class Route(msgspec.Struct, frozen=True):
    """``header``: a request has to have this header. The wire or the page gets the path's named groups."""

    method: str
    path: re.Pattern[str]
    wire: Wire
    page: Page | None = None
    header: str = ""

    def match(self, request: Request) -> dict[str, str] | None:
        """The named groups of the path; None if the route doesn't match the request."""
        if request.method != self.method or (self.header and self.header not in request.headers):
            return None
        match = self.path.fullmatch(request.path)
        return None if match is None else match.groupdict()


def route(method: str, path: str, wire: Wire, page: Page | None = None, header: str = "") -> Route:
    return Route(method, re.compile(path), wire, page, header)


MODELS = ("sim", "sim-tools", "sim-parallel-tools", "sim-thinking", "sim-cached")
"""The names in model lists. The simulator also serves every other name."""

Body = TypeVar("Body")


def decode(decoder: msgspec.json.Decoder[Body], body: bytes) -> Body:
    """The decoded body of a request. Raises ``Refused``, which names the field at fault."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(400, f"Invalid request body: {error}") from error


def sse(data: object, event: str = "") -> bytes:
    """One server-sent event."""
    name = f"event: {event}\n".encode() if event else b""
    return b"%bdata: %b\n\n" % (name, msgspec.json.encode(data))
