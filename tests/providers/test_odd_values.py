"""Values that say nothing of an answer may have any type: they don't cost the answer, on any wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.support.contract import chat_request
from tests.support.openai_wire import (
    DONE,
    PROVIDER,
    STREAMED,
    call_piece,
    choice,
    chunk,
    completion,
    delta,
    read,
    relayed_bytes,
    sse,
    streamed,
    streamed_answer,
    unary_answer,
)
from turnout.core import Finish, FinishReason, Request, StreamEvent, Text, ToolCall, fold
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder, WireProvider, registry
from turnout.providers.odd_values import MOST_REPAIRS

LOST = "\ufffd"


def wire_of(name: str) -> WireProvider:
    return cast(WireProvider, registry()[name])


def relay_of(name: str) -> Decoder:
    request = chat_request(stream=True)
    relay: Callable[[Request], Decoder] | None = getattr(wire_of(name).operation(request), "relay", None)
    assert relay is not None
    return relay(request)


def kinds(events: list[StreamEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"id": 7}, id="a-number-as-id"),
        pytest.param({"created": "2026-11-30T12:00:00Z"}, id="a-time-as-text"),
        pytest.param({"created": {"seconds": 1}}, id="a-time-as-object"),
        pytest.param({"model": ["m"]}, id="a-list-as-model"),
        pytest.param({"usage": "none"}, id="usage-as-text"),
    ],
)
class TestTheReply:
    def test_in_a_stream(self, odd: dict[str, Any]) -> None:
        answer = streamed_answer(chunk(delta(content="Hello"), **odd), chunk(delta(finish="stop"), **odd))
        assert answer.choices[0].parts == (Text("Hello"),)
        assert answer.choices[0].finish == Finish("stop", "stop")

    def test_in_a_whole_reply(self, odd: dict[str, Any]) -> None:
        assert unary_answer(completion(choice(content="Hello"), **odd)).choices[0].parts == (Text("Hello"),)


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"index": None}, id="null-as-index"),
        pytest.param({"finish_reason": 0}, id="a-number-as-finish"),
        pytest.param({"logprobs": {"content": [{"token": "Hello", "logprob": None}]}}, id="no-logprob"),
        pytest.param({"logprobs": {"content": [{"logprob": -1.0}]}}, id="no-token"),
        pytest.param({"logprobs": ["Hello"]}, id="a-list-as-logprobs"),
    ],
)
class TestAChoice:
    def test_in_a_stream(self, odd: dict[str, Any]) -> None:
        answer = streamed_answer(chunk(delta(content="Hello") | odd), chunk(delta(finish="stop")))
        assert answer.choices[0].parts == (Text("Hello"),)

    def test_in_a_relayed_stream_it_stays_as_it_is(self, odd: dict[str, Any]) -> None:
        data = sse(chunk(delta(content="Hello") | odd), chunk(delta(finish="stop"))) + DONE
        events = read(relay_of("openai"), data)
        assert relayed_bytes(events) == data
        assert Finish("stop", "stop") in events


class TestCalls:
    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            pytest.param('{"a": 1}', '{"a": 1}', id="text"),
            pytest.param({"a": {"b": [1, "x"]}}, '{"a": {"b": [1, "x"]}}', id="object"),
            pytest.param({}, "{}", id="empty-object"),
            pytest.param([1], "[1]", id="list"),
            pytest.param({"a": 10**30, "b": 1.0}, '{"a": 1000000000000000000000000000000, "b": 1.0}', id="big-number"),
            pytest.param(None, "", id="null"),
        ],
    )
    def test_arguments_as_text_or_as_the_object_itself(self, arguments: object, text: str) -> None:
        call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
        for answer in (
            streamed_answer(chunk(delta(tool_calls=[call])), chunk(delta(finish="tool_calls"))),
            unary_answer(completion(choice(finish="tool_calls", content=None, tool_calls=[call]))),
        ):
            (part,) = answer.choices[0].parts
            assert isinstance(part, ToolCall)
            assert (part.id, part.name) == ("c1", "f")
            assert part.arguments == text

    def test_a_number_as_id_becomes_text(self) -> None:
        """The client gives it back with the result."""
        call = {"index": 0, "id": 12, "function": {"name": "f", "arguments": "{}"}}
        answer = streamed_answer(chunk(delta(tool_calls=[call])), chunk(delta(finish="tool_calls")))
        assert answer.choices[0].parts == (ToolCall("12", "f", "{}"),)

    @pytest.mark.parametrize(("said", "meant"), [("stop", "tool_calls"), ("eos", "tool_calls"), ("length", "length")])
    def test_stop_beside_calls_means_the_calls(self, said: str, meant: FinishReason) -> None:
        """OpenAI ends a forced call by ``stop``, and vLLM, GLM and Gemini every call."""
        answer = streamed_answer(chunk(delta(tool_calls=[call_piece(0, "c1", "f", "{}")])), chunk(delta(finish=said)))
        assert answer.choices[0].finish == Finish(meant, said)
        call = call_piece(0, "c1", "f", "{}")
        whole = unary_answer(completion(choice(finish=said, content=None, tool_calls=[call])))
        assert whole.choices[0].finish == Finish(meant, said)


class TestTheEnd:
    """``[DONE]`` ends an answer whose finish no chunk tells."""

    @pytest.mark.parametrize("reason", [None, ""], ids=["null", "empty"])
    def test_of_a_text(self, reason: str | None) -> None:
        answer = streamed_answer(chunk(delta(content="Hello", finish=reason)))
        assert answer.choices[0].finish == Finish("stop", "[DONE]")
        assert answer.choices[0].parts == (Text("Hello"),)

    def test_of_calls(self) -> None:
        answer = streamed_answer(chunk(delta(tool_calls=[call_piece(0, "c1", "f", "{}")])))
        assert answer.choices[0].finish == Finish("tool_calls", "[DONE]")

    def test_of_each_choice(self) -> None:
        answer = streamed_answer(chunk(delta(0, content="a"), delta(1, content="b")), chunk(delta(1, finish="length")))
        assert [one.finish for one in answer.choices] == [Finish("stop", "[DONE]"), Finish("length", "length", 1)]

    def test_not_of_an_answer_without_content(self) -> None:
        assert "Finish" not in kinds(streamed(chunk(delta(role="assistant", content=""))))

    def test_not_of_an_answer_with_an_error(self) -> None:
        assert "Finish" not in kinds(streamed(chunk(delta(content="Hello")), {"error": {"message": "Overloaded."}}))

    def test_not_without_it(self) -> None:
        events = read(PROVIDER.decoder(STREAMED), sse(chunk(delta(content="Hello"))))
        assert "Finish" not in kinds(events)

    def test_of_a_relayed_stream(self) -> None:
        for data, finishes in (
            (sse(chunk(delta(content="Hello"))) + DONE, [Finish("stop", "[DONE]")]),
            (sse(chunk(delta(content="Hello")), chunk(delta(finish="length"))) + DONE, [Finish("length", "length")]),
            (sse(chunk(delta(role="assistant", content=""))) + DONE, []),
            (sse(chunk(delta(content="Hello"))) + b"\n\n", []),
        ):
            events = read(relay_of("openai"), data)
            assert [event for event in events if isinstance(event, Finish)] == finishes
            assert relayed_bytes(events) == data


HALVES = ("hi \\ud83d", "\\ude00 there", "\\\\ud83d is no escape", "whole: \\ud83d\\ude00")
WHOLE = "hi \U0001f600 there\\ud83d is no escapewhole: \U0001f600"


def pieces_of(provider: str) -> list[bytes]:
    """A stream of ``HALVES`` on the provider's wire."""
    if provider == "anthropic":
        start = {"id": "m", "type": "message", "role": "assistant", "model": "x", "content": [], "usage": {}}
        text = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        head = [json.dumps({"type": "message_start", "message": start}), json.dumps(text)]
        delta_ = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
        stop = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}
        tail = [json.dumps({"type": "content_block_stop", "index": 0}), json.dumps(stop), '{"type":"message_stop"}']
        return [f"data: {line}\n\n".encode() for line in (*head, *[delta_ % half for half in HALVES], *tail)]
    if provider == "gemini":
        line = '{"candidates":[{"content":{"parts":[{"text":"%s"}]},"index":0}]}'
        last = '{"candidates":[{"content":{"parts":[]},"finishReason":"STOP","index":0}]}'
        return [f"data: {line}\n\n".encode() for line in (*[line % half for half in HALVES], last)]
    if provider == "ollama":
        line = '{"model":"m","message":{"role":"assistant","content":"%s"},"done":false}\n'
        return [*[(line % half).encode() for half in HALVES], b'{"model":"m","done":true,"done_reason":"stop"}\n']
    line = '{"choices":[{"index":0,"delta":{"content":"%s"}}]}'
    return [f"data: {line}\n\n".encode() for line in (*[line % half for half in HALVES], "[DONE]")]


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "ollama"])
class TestHalvesOfACharacter:
    """A provider's stream may cut an emoji between its two UTF-16 halves, which RFC 8259 allows (8.2)."""

    def test_a_translated_stream_has_another_character_in_its_place(self, provider: str) -> None:
        request = chat_request(stream=True)
        (one,) = fold(
            read(wire_of(provider).operation(request).decoder(request), b"".join(pieces_of(provider)))
        ).choices
        (part,) = one.parts
        assert isinstance(part, Text)
        assert part.text == WHOLE

    def test_a_relayed_stream_has_the_halves(self, provider: str) -> None:
        data = b"".join(pieces_of(provider))
        assert relayed_bytes(read(relay_of(provider), data)) == data


class TestWhatIsStrict:
    """A repair there would make another answer."""

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b'{"choices":[{"delta":{"tool_calls":[{"id":{},"function":{}}]},"delta":null}]}', id="twice"),
            pytest.param(b'{"choices":[{"delta":{"content":[null]}}]}', id="null-in-a-list"),
            *(
                pytest.param(b'{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":%b}}]}}]}' % raw, id=id_)
                for id_, raw in {"bad-utf8-in-text": b'"\xff"', "bad-utf8-in-an-object": b'{"a":"\xff"}'}.items()
            ),
        ],
    )
    def test_what_can_not_be_read(self, data: bytes) -> None:
        with pytest.raises(UpstreamBroken):
            read(PROVIDER.decoder(STREAMED), b"data: " + data + b"\n\n")

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param({"content": 7}, id="a-number-as-text"),
            pytest.param({"content": {"text": "Hello"}}, id="an-object-as-text"),
            pytest.param({"tool_calls": "f()"}, id="a-text-as-calls"),
            pytest.param({"tool_calls": [{"function": "f"}]}, id="a-text-as-a-function"),
        ],
    )
    def test_the_answer_itself(self, odd: dict[str, Any]) -> None:
        with pytest.raises(UpstreamBroken):
            streamed(chunk(delta(**odd)))

    def test_more_odd_values_than_anybody_sends(self) -> None:
        choices = [choice(number, content="Hello") | {"index": None} for number in range(MOST_REPAIRS + 1)]
        with pytest.raises(UpstreamBroken):
            unary_answer(completion(*choices))
        assert unary_answer(completion(*choices[1:])).choices
