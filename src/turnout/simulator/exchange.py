"""One request and its reply: finds the route, reads the question, plays the script, and writes the log."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator, Mapping
from email.utils import formatdate

import msgspec

from .answer import Answer, answer
from .context import too_long
from .faults import WEB_PAGE, Player, Signs
from .http import Request
from .log import Attempt, Log
from .marks import script_words
from .policy import blocked
from .question import Question
from .refused import Refused
from .routes import ROUTES
from .rules import first_refusal, read_asked
from .script import Script, read_script
from .sender import Sender
from .wire import JSON, Frame, Route, Wire

LOG_PATH = "/__simulator/attempts"
REQUESTS_PATH = "/__simulator/requests"
BROKEN = Refused(500, "The simulator was told to fail.")


class Manners(msgspec.Struct, frozen=True):
    """``first`` and ``between`` are the server's own latencies in milliseconds, for requests whose script has none.

    ``lenient``: the vendors' rules are off.
    """

    first: int = 0
    between: int = 0
    lenient: bool = False


async def respond(request: Request, sender: Sender, log: Log, manners: Manners) -> None:
    """Answers any request, also one to a path that doesn't exist."""
    if request.path == LOG_PATH:
        return await _show_log(request, sender, log)
    if request.path == REQUESTS_PATH:
        model = request.query.get("model")
        records = [record for record in log.requests if model in (None, record.model)]
        return await _send(sender, 200, msgspec.json.encode(records))
    for route in ROUTES:
        path = route.match(request)
        if path is None:
            continue
        if route.page is not None:
            return await _send(sender, 200, route.page(path, request.body))
        return await Exchange(request, route, path, sender, log).run(manners)
    return await _send(sender, 404, b'{"error":{"message":"The simulator serves no such path."}}')


class Exchange:
    """A request for an answer, which the log records as an attempt."""

    def __init__(self, request: Request, route: Route, path: Mapping[str, str], sender: Sender, log: Log) -> None:
        self._request = request
        self._wire: Wire = route.wire
        self._path = path
        self._sender = sender
        self._log = log
        self._simulate = request.headers.get("x-simulate", "")
        self._attempt: Attempt = log.begin(
            path=request.path, wire=route.wire.name, simulate=self._simulate, key=_key(request)
        )

    async def run(self, manners: Manners) -> None:
        try:
            if not manners.lenient:
                self._apply_rules()
            await self._answer(manners)
        except Refused as refused:
            await self._refuse(refused)
        except asyncio.CancelledError:
            self._attempt.end("client_left" if self._sender.client_left else "cut")
            raise
        finally:
            self._attempt.bytes = self._sender.sent

    def _apply_rules(self) -> None:
        asked = read_asked(self._request, self._path) if self._wire.rules else None
        refusal = first_refusal(self._wire.rules, asked) if asked else None
        if asked and refusal:
            self._attempt.model = asked.model
            self._log.record_request(asked.model, self._request)
            raise Refused(refusal.status, refusal.message, param=refusal.param, code=refusal.code)

    async def _answer(self, manners: Manners) -> None:
        question = self._wire.read(self._request, self._path)
        self._simulate = f"{self._simulate} {script_words(question.prompt, question.model)}".strip()
        self._attempt.simulate = self._simulate
        self._attempt.model, self._attempt.stream = question.model, question.stream
        self._log.record_request(question.model, self._request)
        script = self._script(question.model, manners)
        await asyncio.sleep(script.slow_headers / 1000)
        if script.strikes_before:
            return await self._strike_before(script)
        reply = answer(question, script, self._attempt.number)
        self._attempt.status, self._attempt.tokens_in = 200, reply.usage.input
        self._sender.split = script.split
        if question.stream:
            return await self._stream(question, reply, script)
        return await self._unary(question, reply, script)

    def _script(self, model: str, manners: Manners) -> Script:
        script = read_script(model, self._simulate)
        if self._is_over(script, model):
            script = script.without_faults()
        return msgspec.structs.replace(
            script,
            slow_first=script.slow_first or manners.first,
            slow_between=script.slow_between or manners.between,
        )

    def _is_over(self, script: Script, model: str) -> bool:
        """Whether this attempt is outside the number and the time of those that have faults."""
        if script.times is not None and self._log.count_try(model, self._simulate) > script.times:
            return True
        if script.down_to is None:
            return False
        return not script.is_down(self._log.seconds_since_first(model, self._simulate) * 1000)

    async def _strike_before(self, script: Script) -> None:
        if script.too_long:
            raise too_long(self._wire.name)
        if script.blocked:
            raise blocked(self._wire.name)
        if script.status:
            raise Refused(
                script.status,
                f"The simulator was told to answer {script.status}.",
                retry_after=script.retry_date if script.retry_after is None else script.retry_after,
                retry_as_date=script.retry_date is not None,
                retry_ms=script.retry_ms,
            )
        if script.fault == "no-reply":
            await self._sender.silence()
        self._attempt.end("cut")
        if script.fault == "error-body":
            return await self._whole(200, JSON, self._wire.error(BROKEN))
        if script.fault == "html":
            return await self._whole(200, "text/html", WEB_PAGE)
        return self._sender.reset()

    async def _stream(self, question: Question, reply: Answer, script: Script) -> None:
        await self._sender.head(200, self._headers(self._wire.media_type, "transfer-encoding", "chunked"))
        signs = Signs(self._wire.error_event(BROKEN), self._wire.ping)
        await Player(script, self._sender, self._attempt, signs).play(self._wire.stream(question, reply))

    async def _unary(self, question: Question, reply: Answer, script: Script) -> None:
        await asyncio.sleep(script.slow_first / 1000)
        body = self._wire.body(question, reply)
        if script.fault == "error":
            self._attempt.tokens_in = 0  # nobody bills an error in place of an answer
            await self._whole(200, JSON, self._wire.error(BROKEN))
            return self._attempt.end("cut")
        if script.strikes_during or script.split:
            headers = self._headers(self._wire.body_type(question), "transfer-encoding", "chunked")
            await self._sender.head(200, headers)
            without_waits = msgspec.structs.replace(script, slow_first=0, slow_between=0)
            halves = _halves(body, reply.usage.output)
            return await Player(without_waits, self._sender, self._attempt, Signs()).play(halves)
        await self._whole(200, self._wire.body_type(question), body)
        self._attempt.events, self._attempt.tokens_out = 1, reply.usage.output
        return self._attempt.end("completed")

    async def _refuse(self, refused: Refused) -> None:
        self._attempt.status, self._attempt.refused = refused.status, refused.message
        await self._whole(refused.status, JSON, self._wire.error(refused), *_retry_after(refused))
        self._attempt.end("completed")

    async def _whole(self, status: int, media_type: str, body: bytes, *headers: tuple[str, str]) -> None:
        all_headers = [*self._headers(media_type, "content-length", str(len(body))), *headers]
        await self._sender.whole(status, all_headers, body)

    def _headers(self, media_type: str, length_name: str, length: str) -> list[tuple[str, str]]:
        """The headers of a reply. A header with an empty name is one that the vendor doesn't send."""
        request_id = (self._wire.request_id_header, f"req_sim{self._attempt.number:08d}")
        headers = [("content-type" if media_type else "", media_type), (length_name, length), request_id]
        return [(name, value) for name, value in headers if name]


async def _show_log(request: Request, sender: Sender, log: Log) -> None:
    if request.method == "DELETE":
        log.clear()
    model = request.query.get("model")
    attempts = [attempt for attempt in log.attempts if model in (None, attempt.model)]
    await _send(sender, 200, msgspec.json.encode(attempts))


async def _send(sender: Sender, status: int, body: bytes) -> None:
    await sender.whole(status, [("content-type", JSON), ("content-length", str(len(body)))], body)


def _halves(body: bytes, tokens: int) -> Iterator[Frame]:
    """A unary body as a stream of a content frame and an end frame, so that faults can strike between them."""
    middle = len(body) // 2
    yield Frame(body[:middle], "content", tokens)
    yield Frame(body[middle:], "end")


def _retry_after(refused: Refused) -> list[tuple[str, str]]:
    if refused.retry_ms is not None:
        return [("retry-after-ms", str(refused.retry_ms))]
    if refused.retry_after is None:
        return []
    if refused.retry_as_date:
        return [("retry-after", formatdate(math.ceil(time.time()) + refused.retry_after, usegmt=True))]
    return [("retry-after", str(refused.retry_after))]


def _key(request: Request) -> str:
    """The credential, from each place where a vendor's SDK puts it."""
    headers = request.headers
    from_own_header = headers.get("x-api-key") or headers.get("api-key") or headers.get("x-goog-api-key")
    return from_own_header or headers.get("authorization", "").removeprefix("Bearer ") or request.query.get("key", "")
