"""Answers that break off. What came is passed on, then the client is told, and never is an end made up."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from tests.e2e.backends import SIMULATOR, WIRES, Backend
from tests.e2e.clients import DIALECTS, EVERY_DIALECT, Client
from tests.e2e.stage import Stage, faulty
from tests.simulator.raw import Reply

CLIENTS = EVERY_DIALECT
PROMPT = "one two three four five six"
SAID = f"You said: {PROMPT}"
BREAKS = ["cut-stream", "cut-event", "reset", "end", "bad-chunk", "error"]
wires = pytest.mark.parametrize("provider", WIRES)


class Stream:
    """A streamed reply, taken apart as far as its dialect is concerned."""

    def __init__(self, dialect: str, reply: Reply) -> None:
        self.status = reply.status
        self.end = reply.end
        self.request_id = reply.headers["x-request-id"]
        self._dialect = dialect
        self._body = reply.body.decode()
        beginning = "" if dialect == "ollama" else "data: "
        self.events: list[dict[str, Any]] = [
            json.loads(data) for data in re.findall(rf"^{beginning}(\{{.*)$", self._body, re.MULTILINE)
        ]

    @property
    def text(self) -> str:
        if self._dialect == "openai":
            choices = [choice for event in self.events for choice in event.get("choices", ())]
            return "".join(choice["delta"].get("content") or "" for choice in choices)
        if self._dialect == "gemini":
            contents = [c.get("content", {}) for event in self.events for c in event.get("candidates", ())]
            return "".join(part.get("text", "") for content in contents for part in content.get("parts", ()))
        if self._dialect == "ollama":
            return "".join(event["message"]["content"] for event in self.events if "message" in event)
        deltas = [event["delta"] for event in self.events if event["type"] == "content_block_delta"]
        return "".join(delta["text"] for delta in deltas)

    @property
    def error(self) -> dict[str, Any]:
        """The last event's, which has to be one."""
        last = self.events[-1]
        if self._dialect == "anthropic":
            assert last["type"] == "error"
            assert last["request_id"] == self.request_id
            assert "event: error\n" in self._body
        told: Any = last["error"]
        fields: dict[str, Any] = {"message": told} if isinstance(told, str) else told
        return fields

    def has_code(self, *codes: str) -> bool:
        """Where the dialect has a place for Turnout's own codes."""
        if self._dialect not in DIALECTS:
            return True
        told = self.events[-1].get("turnout") or self.error.get("turnout") or self.error
        return told["code"] in codes

    @property
    def says_it_ended(self) -> bool:
        if self._dialect == "openai":
            choices = [choice for event in self.events for choice in event.get("choices", ())]
            return "[DONE]" in self._body or any(choice["finish_reason"] for choice in choices)
        if self._dialect == "gemini":
            return any(c.get("finishReason") for event in self.events for c in event.get("candidates", ()))
        if self._dialect == "ollama":
            return any(event.get("done") for event in self.events)
        return any(event["type"] in ("message_delta", "message_stop") for event in self.events)


async def stream_of(stage: Stage, client: Client, model: str) -> Stream:
    return Stream(client.dialect, await stage.post(*client.plain(model, PROMPT, stream=True)))


@wires
@pytest.mark.parametrize("fault", BREAKS)
async def test_a_stream_that_breaks_off_says_so(stage: Stage, client: Client, provider: str, fault: str) -> None:
    stream = await stream_of(stage, client, faulty(provider, f"{fault}-after-3"))
    assert stream.text == "You said: one"
    assert not stream.says_it_ended
    assert stream.has_code("upstream_broken", "upstream_refused")
    assert (stream.status, stream.end) == (200, "complete")
    (attempt,) = (await stage.story(stream.request_id))["attempts"]
    assert (attempt["outcome"], attempt["finish"]) == ("cut", None)
    assert attempt["error"].endswith(stream.error["message"])


@wires
async def test_all_of_the_text_without_an_end_is_not_an_answer(stage: Stage, client: Client, provider: str) -> None:
    stream = await stream_of(stage, client, faulty(provider, "no-end"))
    assert stream.text == SAID
    assert not stream.says_it_ended
    assert "ended in the middle of the answer, without a finish" in stream.error["message"]


async def test_a_stream_that_stalls_is_ended(stage: Stage, client: Client) -> None:
    models = [f"impatient-stall-after-3-{provider}" for provider in WIRES]
    for stream in await asyncio.gather(*(stream_of(stage, client, model) for model in models)):
        assert stream.text == "You said: one"
        assert not stream.says_it_ended
        assert "stopped in its answer: no more came within 0.6 s" in stream.error["message"]
        assert stream.has_code("upstream_timeout")


@pytest.mark.parametrize("fault", ["cut-stream-after-3", "error-after-3", "no-end"])
@wires
async def test_the_sdk_raises(client: Client, provider: str, fault: str) -> None:
    with pytest.raises(client.error("APIError")) as broken:
        await client.ask(faulty(provider, fault), PROMPT, stream=True)
    words = ("The provider", "broke off", "The simulator was told to fail.")
    assert any(word in str(broken.value) for word in words)


@wires
async def test_the_client_gets_the_providers_message_of_its_failure(
    stage: Stage, client: Client, provider: str
) -> None:
    stream = await stream_of(stage, client, faulty(provider, "error-after-3"))
    beginning = "" if provider == client.dialect else "The provider reported: "
    assert stream.error["message"] == f"{beginning}The simulator was told to fail."


@wires
async def test_a_malformed_event_is_left_out(stage: Stage, client: Client, provider: str) -> None:
    """What comes after it is passed on; no SDK has to choke on it."""
    stream = await stream_of(stage, client, faulty(provider, "malformed-after-3"))
    assert stream.text == SAID.replace(" two", "")
    assert stream.says_it_ended
    (attempt,) = (await stage.story(stream.request_id))["attempts"]
    assert attempt["outcome"] == "ok"


@wires
@pytest.mark.parametrize("fault", [*(f"{fault}-after-1" for fault in BREAKS), "malformed", "no-end"])
async def test_a_whole_answer_that_breaks_off_is_asked_for_again(
    stage: Stage, client: Client, provider: str, fault: str
) -> None:
    """The client has had nothing of it."""
    headers = await client.headers(faulty(provider, f"{fault}-times-1"), PROMPT)
    assert headers["x-turnout-attempts"] == "2"
    failed, answered = (await stage.story(headers["x-request-id"]))["attempts"]
    assert (failed["outcome"], answered["outcome"]) == ("failed", "ok")


@pytest.mark.parametrize("backend", [backend for backend in SIMULATOR if backend.provider != "azure-v1"])
@pytest.mark.parametrize("size", [1, 3, 7])
async def test_bytes_may_be_split_anywhere(client: Client, backend: Backend, size: int, stream: bool) -> None:
    """Inside a character's bytes, inside a line end, inside a field's name."""
    text = "Zoë 👩🏽‍🚀 東京 مرحبا"
    reply = await client.ask(faulty(backend.provider, f"split-{size}"), text, stream=stream)
    assert (reply.text, reply.finish) == (f"You said: {text}", "stop")
    assert (reply.input_tokens, reply.output_tokens) == (4, 6)
