"""Whatever a client sends, it is told what is wrong in its own dialect, at once, and the process is unharmed."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.e2e.clients import Client
from tests.e2e.stage import Stage
from tests.simulator.raw import Reply
from tests.support.process import answers

MODEL = "gemini/sim"
NOT_AN_IMAGE = base64.b64encode(b"hello world").decode()
DEEP = b"[" * 100_000 + b"]" * 100_000


def with_field(name: str, value: bytes) -> bytes:
    return b'{"model":"gemini/sim","max_tokens":5,"messages":[{"role":"user","content":"x"}],"%s":%s}' % (
        name.encode(),
        value,
    )


def image_of(dialect: str) -> dict[str, Any]:
    if dialect == "openai":
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{NOT_AN_IMAGE}"}}
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": NOT_AN_IMAGE}}


BODIES = {
    "empty": (b"", 400, None),
    "malformed": (b'{"model": "gemini/sim",', 400, None),
    "not-an-object": (b"[]", 400, None),
    "deep": (b'{"model":"gemini/sim","messages":' + DEEP + b"}", 400, "messages[0]"),
    "deep-unknown-field": (with_field("x", DEEP), 400, None),
    "bad-utf-8": (with_field("user", b'"\xff\xfe"'), 400, None),
    "wrong-type": (with_field("temperature", b'"warm"'), 400, "temperature"),
    "absurd-number": (with_field("temperature", b"1e400"), 400, "temperature"),
    "negative-limit": (with_field("max_tokens", b"-1"), 400, "max_tokens"),
    "no-messages": (with_field("messages", b"[]"), 400, "messages"),
    "messages-of-numbers": (with_field("messages", b"[1]"), 400, "messages[0]"),
    "unknown-model": (with_field("model", b'"gpt-0"'), 404, "model"),
    "fifty-megabytes": (b" " * 50_000_000, 413, None),
}


def error_of(reply: Reply, dialect: str) -> dict[str, Any]:
    said: dict[str, Any] = reply.json
    if dialect == "anthropic":
        assert said["type"] == "error"
        assert said["request_id"] == reply.headers["x-request-id"]
    fields: dict[str, Any] = said["error"]
    assert fields["message"]
    return fields


def field_of(error: dict[str, Any]) -> str | None:
    """Anthropic writes ``messages.0`` for what OpenAI calls ``messages[0]``."""
    param: str | None = error.get("param")
    return param.replace(".0", "[0]") if param else None


@pytest.mark.parametrize("case", BODIES)
async def test_a_bad_body_is_refused_at_once(stage: Stage, client: Client, case: str) -> None:
    body, status, field = BODIES[case]
    began = time.monotonic()
    reply = await stage.post(client.path, body)
    assert time.monotonic() - began < 1
    assert reply.status == status
    assert field_of(error_of(reply, client.dialect)) == field
    assert answers(stage.turnout.port, "/ping")


async def test_an_image_that_is_none_is_named(stage: Stage, client: Client) -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image_of(client.dialect)]}
    body = {"model": MODEL, "max_tokens": 5, "messages": [message]}
    reply = await stage.post(client.path, json.dumps(body).encode())
    assert reply.status == 400
    assert "content" in (field_of(error_of(reply, client.dialect)) or "")


async def test_a_close_name_is_told(stage: Stage, client: Client) -> None:
    reply = await stage.post(client.path, with_field("model", b'"second-answer"'))
    assert "Did you mean second-answers" in error_of(reply, client.dialect)["message"]


async def test_a_wrong_method_names_the_right_one(stage: Stage, client: Client) -> None:
    reply = await stage.get(client.path)
    assert (reply.status, reply.headers["allow"]) == (405, "OPTIONS, POST")
    assert error_of(reply, client.dialect)["code"] == "method_not_allowed"
