"""Completions on the wire they come over: who has it, what is sent, what is told of the reply."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.openai_wire import DONE, VENDORS, deployment, read
from tests.support.relaying import relay_of
from turnout.core import ChatRequest, Defaults, Finish, Relayed, StreamEvent, Usage, UsageSoFar
from turnout.dialects.openai.completions import Completions
from turnout.errors import UpstreamError

ENDPOINT = Completions()
RELAYED = ("vllm", "llamacpp", "compatible")
USAGE = {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


def asking(**fields: Any) -> ChatRequest:
    return ENDPOINT.parse(json.dumps({"model": "fast", "prompt": ["a", "b"]} | fields).encode())


def sent(request: ChatRequest, vendor: str = "vllm", **changes: Any) -> tuple[str, Any]:
    operation = VENDORS[vendor].operation(request)
    wire = operation.build(request, deployment(model="m-1", **changes))
    return wire.url.rpartition("/v1/")[2], json.loads(wire.body)


def chunk(text: str, finish: str | None = None, **fields: Any) -> bytes:
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    return b"data: %s\n\n" % json.dumps({"object": "text_completion", "choices": [choice], **fields}).encode()


@pytest.mark.parametrize("vendor", RELAYED)
def test_servers_of_any_model_are_relayed_to(vendor: str) -> None:
    assert sent(asking(echo=True, odd=1), vendor) == (
        "completions",
        {"model": "m-1", "prompt": ["a", "b"], "echo": True, "odd": 1},
    )


@pytest.mark.parametrize("vendor", ["openai", "azure"])
def test_where_its_models_are_gone_it_is_a_chat(vendor: str) -> None:
    path, body = sent(asking(prompt="Once", max_tokens=5), vendor)
    assert path == "chat/completions"
    assert body == {"model": "m-1", "messages": [{"role": "user", "content": "Once"}], "max_tokens": 5}


def test_defaults_are_sent_for_what_isnt_said() -> None:
    defaults = Defaults(max_tokens=99, temperature=0.5, top_p=0.25)
    _, body = sent(asking(), defaults=defaults)
    assert (body["max_tokens"], body["temperature"], body["top_p"]) == (99, 0.5, 0.25)
    _, body = sent(asking(max_tokens=1, temperature=0, top_p=1), defaults=defaults)
    assert (body["max_tokens"], body["temperature"], body["top_p"]) == (1, 0, 1)


def test_usage_is_asked_for_and_hidden_from_who_didnt() -> None:
    request = asking(stream=True, stream_options={"odd": 1})
    assert sent(request)[1]["stream_options"] == {"odd": 1, "include_usage": True}
    told = b"data: %s\n\n" % json.dumps({"choices": [], "usage": USAGE}).encode()
    stream = chunk("a") + chunk("", "stop") + told + DONE
    events = relayed(request, stream)
    assert passed(events) == chunk("a") + chunk("", "stop") + DONE
    assert UsageSoFar(Usage(input=4, output=2)) in events
    assert passed(relayed(asking(stream=True, stream_options={"include_usage": True}), stream)) == stream


def relayed(request: ChatRequest, body: bytes, cuts: tuple[int, ...] = ()) -> list[StreamEvent]:
    return read(relay_of(VENDORS["vllm"].operation(request), request), body, cuts)


def passed(events: list[StreamEvent]) -> bytes:
    return b"".join([event.data for event in events if isinstance(event, Relayed)])


def test_a_stream_is_passed_on_with_its_finish() -> None:
    stream = chunk("") + chunk("Zoë") + chunk(" ran", "length") + DONE
    request = asking(stream=True)
    for cut in range(0, len(stream), 7):
        events = relayed(request, stream, (cut,))
        assert passed(events) == stream
        assert [event for event in events if isinstance(event, Finish)] == [Finish("length", "length")]
    content = [event.content for event in relayed(request, stream) if isinstance(event, Relayed)]
    assert content == [False, True, True, False], "the time to the first token is that of the first text"


def test_a_whole_reply_is_passed_on_with_usage_and_finish() -> None:
    body = json.dumps({"choices": [{"index": 0, "text": "x", "finish_reason": "stop"}], "usage": USAGE}).encode()
    assert relayed(asking(), body) == [Relayed(body), Finish("stop", "stop"), UsageSoFar(Usage(input=4, output=2))]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"choices":[]}', b"\xff"])
def test_what_isnt_of_this_wire_is_a_broken_upstream(body: bytes) -> None:
    with pytest.raises(UpstreamError):
        relayed(asking(), body)
