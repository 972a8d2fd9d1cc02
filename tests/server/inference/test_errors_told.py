"""An upstream's error on its way to the client: status, headers, body and stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_errors_told import refusing
from tests.engine.test_settling import HEL, streaming
from tests.server.inference.test_answers import Upstream
from tests.support.asgi import Answer, InProcess, in_process
from tests.support.openai_wire import choice, completion, sse
from tests.support.raw_upstream import RawUpstream, Script, ok, replying

KEY = "sk-very-secret"
TOO_LONG = {
    "message": "This model's maximum context length is 128000 tokens. However, you requested 213482 tokens.",
    "type": "invalid_request_error",
    "param": "messages",
    "code": "context_length_exceeded",
}
LIMITS = ["x-ratelimit-remaining-requests: 7", "x-request-id: theirs", "openai-organization: theirs"]


class Place:
    def __init__(self, app: InProcess, upstream: Upstream) -> None:
        self._app = app
        self._upstream = upstream

    async def ask(self, script: Script, path: str, **fields: Any) -> Answer:
        self._upstream.script = script
        body = {"model": "up", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **fields}
        return await self._app.ask("POST", path, body)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    upstream = Upstream()
    async with RawUpstream(upstream) as listening:
        one = {"provider": "openai", "model": "gpt-4o", "base_url": f"{listening.origin}/v1", "api_key": KEY}
        config = {"retries": {"attempts": 1}, "discovery": False, "models": {"up": {"deployments": [one]}}}
        async with in_process(tmp_path, config) as app:
            yield Place(app, upstream)


def own_fields(answer: Answer, error: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer.json["error"][name] for name in error}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_context_error_keeps_its_code_and_param(place: Place, stream: bool) -> None:
    answer = await place.ask(refusing("400 Bad Request", {"error": TOO_LONG}), "/v1/chat/completions", stream=stream)
    assert (answer.status, own_fields(answer, TOO_LONG)) == (400, TOO_LONG)
    assert answer.json["error"]["request_id"] == answer.headers["x-request-id"]
    assert answer.json["error"]["turnout"] == {"code": "upstream_refused", "deployment": "openai/gpt-4o"}


async def test_responses_too(place: Place) -> None:
    answer = await place.ask(refusing("400 Bad Request", {"error": TOO_LONG}), "/v1/responses", input="hi", stream=True)
    assert (answer.status, own_fields(answer, TOO_LONG)) == (400, TOO_LONG)


async def test_claude_code_hears_what_it_waits_for(place: Place) -> None:
    answer = await place.ask(refusing("400 Bad Request", {"error": TOO_LONG}), "/v1/messages")
    error = answer.json["error"]
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    assert error["message"].startswith("prompt is too long: 213482 tokens > 128000 maximum")


async def test_limits_and_the_providers_request_id_are_in_the_headers(place: Place) -> None:
    error = {"error": {"message": "Wait.", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}
    script = refusing("429 Too Many Requests", error, *LIMITS, "retry-after: 3", "retry-after-ms: 2600")
    for path in ("/v1/chat/completions", "/v1/messages"):
        headers = (await place.ask(script, path)).headers
        assert headers["x-ratelimit-remaining-requests"] == "7"
        assert headers["x-turnout-upstream-request-id"] == "theirs"
        assert (headers["retry-after"], headers["retry-after-ms"]) == ("3", "2600")
        assert headers["x-request-id"].startswith("req_")
        assert "openai-organization" not in headers


@pytest.mark.parametrize("stream", [False, True])
async def test_so_they_are_on_answers(place: Place, stream: bool) -> None:
    script = replying(ok(sse({"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}), *LIMITS))
    if not stream:
        script = replying(ok(completion(choice(content="Hi")), *LIMITS))
    for path in ("/v1/chat/completions", "/v1/messages"):
        answer = await place.ask(script, path, stream=stream)
        assert answer.status == 200
        assert answer.headers["x-ratelimit-remaining-requests"] == "7"
        assert answer.headers["x-turnout-upstream-request-id"] == "theirs"
        assert "openai-organization" not in answer.headers


def quoting(path: str) -> dict[str, Script]:
    error = {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key", "hint": KEY}
    created = {"type": "response.created", "response": {"id": "r"}}
    delta = {"type": "response.output_text.delta", "delta": "Hel"}
    failed = {"type": "response.failed", "response": {"id": "r", "error": error}}
    begun = [HEL] if path == "/v1/chat/completions" else [sse(created), sse(delta)]
    last = {"error": error} if path == "/v1/chat/completions" else failed
    return {
        "status": refusing("401 Unauthorized", {"error": error}),
        "body": replying(ok(json.dumps({"error": error}).encode())),
        "first": streaming(sse(last)),
        "later": streaming(*begun, sse(last)),
        "page": replying(ok(f"<html>{KEY}</html>".encode())),
    }


@pytest.mark.parametrize("way", ["status", "body", "first", "later", "page"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_a_key_that_is_quoted_anywhere_is_concealed(place: Place, path: str, way: str) -> None:
    fields = {"input": "hi", "store": False} if path == "/v1/responses" else {}
    answer = await place.ask(quoting(path)[way], path, stream=True, **fields)
    assert KEY not in answer.body.decode()
    assert "***" in answer.body.decode()


async def test_codex_hears_how_a_response_failed(place: Place) -> None:
    """The provider's own end of a stream, and none beside it."""
    created = sse({"type": "response.created", "response": {"id": "r"}})
    delta = sse({"type": "response.output_text.delta", "delta": "Hel"})
    failed = sse({"type": "response.failed", "response": {"id": "r", "error": TOO_LONG, "usage": None}})
    script = streaming(created, delta, failed)
    answer = await place.ask(script, "/v1/responses", input="hi", stream=True, store=False)
    assert answer.body == created + delta + failed


async def test_one_that_failed_before_it_began_is_an_error_status(place: Place) -> None:
    created = sse({"type": "response.created", "response": {"id": "r"}})
    failed = sse({"type": "response.failed", "response": {"id": "r", "error": TOO_LONG}})
    answer = await place.ask(streaming(created, failed), "/v1/responses", input="hi", stream=True, store=False)
    assert (answer.status, answer.json["error"]["code"]) == (400, "context_length_exceeded")


async def test_an_answer_above_the_models_limit_is_no_context_error(place: Place) -> None:
    """A client that makes its conversation shorter would get the same error again."""
    words = "max_tokens is too large: 10000000. This model supports at most 16384 completion tokens."
    script = refusing("400 Bad Request", {"error": {"message": words, "code": "invalid_value"}})
    answer = await place.ask(script, "/v1/messages", max_tokens=10**7)
    assert answer.status == 400
    assert words in answer.json["error"]["message"]
    assert "prompt is too long" not in answer.json["error"]["message"]
