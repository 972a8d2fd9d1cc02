"""Answers and streams on Anthropic's wire. Its own SDK's types accept them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, get_args

import pytest
from anthropic.types import Message as SDKMessage
from anthropic.types import ModelInfo, RawMessageStreamEvent
from anthropic.types.shared import ErrorResponse
from msgspec import Raw
from pydantic import TypeAdapter

from tests.support.anthropic_wire import ASKED, CONTEXT, DIALECT, ENDPOINT, STREAMED, frames
from turnout.core import (
    Answer,
    Choice,
    Delta,
    Extra,
    Finish,
    FinishReason,
    Image,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
)
from turnout.dialects import ServedModel
from turnout.dialects.anthropic.reply import usage_fields
from turnout.dialects.sealed import UNSIGNED
from turnout.errors import (
    AllDeploymentsFailed,
    BodyTooLarge,
    Forbidden,
    InvalidRequest,
    Overloaded,
    TurnoutError,
    Unauthenticated,
    UnknownModel,
    UpstreamTimeout,
    UpstreamUnreachable,
)

_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
DONE = Finish("stop", "stop")
START = Start("chatcmpl-1", "gpt-x")
BLOCK = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
FOREIGN = Text("", {"anthropic": {"block": Raw(json.dumps(BLOCK).encode())}})

DIRECT = {"type": "direct"}
NO_USAGE: dict[str, Any] = {
    "input_tokens": 0,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": 0,
    "output_tokens_details": None,
    "server_tool_use": None,
}
SERVED: dict[str, Any] = {
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "inference_geo": None,
    "service_tier": None,
}
"""What a message tells besides, and a ``message_delta`` does not."""


def body(*parts: Part, finish: Finish | None = DONE, usage: Usage | None = None) -> dict[str, Any]:
    answer = Answer(id="chatcmpl-1", model="gpt-x", choices=(Choice(0, parts, finish),), usage=usage)
    rendered = ENDPOINT.body(ASKED, answer, CONTEXT)
    SDKMessage.model_validate_json(rendered)
    reply: dict[str, Any] = json.loads(rendered)
    return reply


def stream(*events: StreamEvent, pieces: Sequence[int] = ()) -> list[dict[str, Any]]:
    """The rendered events. ``pieces`` are the indexes at which the core events are split into several calls."""
    renderer = ENDPOINT.renderer(STREAMED, CONTEXT)
    bounds = [0, *pieces, len(events)]
    sent = b"".join(renderer.feed(events[a:b]) for a, b in pairwise(bounds)) + renderer.close()
    rendered = frames(sent)
    for event in rendered:
        _EVENT.validate_python(event)
    return rendered


def blocks(rendered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in rendered if event["type"].startswith("content_block")]


def test_a_whole_message() -> None:
    usage = Usage(input=100, cached_input=60, cache_write=30, output=20, reasoning=5)
    assert body(Text("Hi"), usage=usage) == {
        "id": "chatcmpl-1",
        "type": "message",
        "role": "assistant",
        "model": "fast",
        "container": None,
        "content": [{"type": "text", "text": "Hi", "citations": None}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 60,
            "output_tokens": 20,
            "output_tokens_details": {"thinking_tokens": 5},
            "server_tool_use": None,
            "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
            "inference_geo": None,
            "service_tier": None,
        },
    }


def test_the_terms_of_a_message_are_told() -> None:
    extra = Extra(cache_write_1h=20, web_searches=2, service_tier="priority", region="us")
    fields = usage_fields(Usage(input=50, cache_write=30, extra=extra))
    assert fields["cache_creation"] == {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    assert fields["server_tool_use"] == {"web_search_requests": 2, "web_fetch_requests": 0}
    assert (fields["service_tier"], fields["inference_geo"]) == ("priority", "us")
    assert usage_fields(Usage(extra=Extra(service_tier="flex")))["service_tier"] is None  # not Anthropic's word


def test_a_provider_without_ids_gets_the_requests() -> None:
    rendered = json.loads(ENDPOINT.body(ASKED, Answer(choices=(Choice(0, (Text("x"),), DONE),)), CONTEXT))
    assert (rendered["id"], rendered["model"]) == ("msg_req_1", "fast")


@pytest.mark.parametrize(
    ("part", "block"),
    [
        pytest.param(Thinking("hm", "sig"), {"type": "thinking", "thinking": "hm", "signature": "sig"}, id="thinking"),
        pytest.param(Thinking("hm"), {"type": "thinking", "thinking": "hm", "signature": UNSIGNED}, id="unsigned"),
        pytest.param(RedactedThinking("x"), {"type": "redacted_thinking", "data": "x"}, id="redacted"),
        pytest.param(
            ToolCall("c1", "f", '{"a": 1}'),
            {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}, "caller": DIRECT},
            id="tool-use",
        ),
        pytest.param(
            ToolCall("c1", "f", ""),
            {"type": "tool_use", "id": "c1", "name": "f", "input": {}, "caller": DIRECT},
            id="no-arguments",
        ),
        pytest.param(
            ToolCall("c1", "f", '{"a": '),
            {"type": "tool_use", "id": "c1", "name": "f", "input": {"INVALID_JSON": '{"a": '}, "caller": DIRECT},
            id="arguments-cut-short",
        ),
        pytest.param(FOREIGN, BLOCK, id="block-of-anthropics-own"),
    ],
)
def test_parts_as_blocks(part: Part, block: dict[str, Any]) -> None:
    assert body(part)["content"] == [block]


def test_made_media_have_no_block_and_are_named() -> None:
    image = Image(data="x", media_type="image/png")
    texts = ["[image/png, 0 kB: not shown]", "there"]
    assert [block["text"] for block in body(image, Text("there"))["content"]] == texts
    rendered = stream(START, PartStart(0, image), PartEnd(0), PartStart(1, Text("there")), PartEnd(1), DONE)
    assert [event["delta"]["text"] for event in blocks(rendered) if "delta" in event] == texts
    assert [event["index"] for event in blocks(rendered)] == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        pytest.param(Finish("stop", "stop"), "end_turn", id="stop"),
        pytest.param(Finish("stop", "stop", stop_sequence="END"), "stop_sequence", id="stop-sequence"),
        pytest.param(Finish("length", "length"), "max_tokens", id="length"),
        pytest.param(Finish("tool_calls", "tool_calls"), "tool_use", id="tool-calls"),
        pytest.param(Finish("content_filter", "content_filter"), "refusal", id="content-filter"),
        pytest.param(Finish("refusal", "refusal"), "refusal", id="refusal"),
        pytest.param(Finish("other", "MALFORMED_FUNCTION_CALL"), "max_tokens", id="no-normal-end"),
        pytest.param(Finish("other", "pause_turn"), "pause_turn", id="anthropics-own-word"),
        pytest.param(None, None, id="cut"),
    ],
)
def test_why_it_stopped(finish: Finish | None, reason: str | None) -> None:
    rendered = body(Text("x"), finish=finish)
    assert rendered["stop_reason"] == reason
    assert rendered["stop_sequence"] == (finish.stop_sequence if finish else None)


def test_a_refusals_words_stand_beside_the_reason() -> None:
    """OpenAI's finish reason is ``stop`` even then."""
    rendered = body(Refusal("I can't."), finish=Finish("stop", "stop"))
    assert rendered["content"] == []
    assert rendered["stop_reason"] == "refusal"
    assert rendered["stop_details"] == {"type": "refusal", "category": None, "explanation": "I can't."}


def test_a_streamed_text() -> None:
    usage = Usage(input=10, output=4)
    events = (START, PartStart(0, Text("He")), Delta(0, "llo"), PartEnd(0), DONE, UsageSoFar(usage))
    assert stream(*events, pieces=[1, 2, 3, 4, 5]) == [
        {
            "type": "message_start",
            "message": {
                "id": "chatcmpl-1",
                "type": "message",
                "role": "assistant",
                "model": "fast",
                "container": None,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "stop_details": None,
                "usage": {**NO_USAGE, **SERVED},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "", "citations": None}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "He"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "llo"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"container": None, "stop_reason": "end_turn", "stop_sequence": None, "stop_details": None},
            "usage": {**NO_USAGE, "input_tokens": 10, "output_tokens": 4},
        },
        {"type": "message_stop"},
    ]


def test_usage_known_at_the_start_is_told_at_the_start() -> None:
    rendered = stream(START, UsageSoFar(Usage(input=7, output=1)), PartStart(0, Text("x")), PartEnd(0), DONE)
    assert rendered[0]["message"]["usage"]["input_tokens"] == 7


def test_a_piece_is_told_at_once() -> None:
    renderer = ENDPOINT.renderer(STREAMED, CONTEXT)
    renderer.feed([START, PartStart(0, Text(""))])
    (event,) = frames(renderer.feed([Delta(0, "now")]))
    assert event["delta"] == {"type": "text_delta", "text": "now"}


def test_parallel_calls_that_interleave_are_told_one_after_the_other() -> None:
    rendered = stream(
        START,
        PartStart(0, ToolCall("c1", "f", "")),
        PartStart(1, ToolCall("c2", "g", '{"b"')),
        Delta(0, '{"a"'),
        Delta(1, ":2"),
        Delta(0, ":1}"),
        PartStart(2, ToolCall("c3", "h", "")),
        Delta(1, "}"),
        PartEnd(1),
        PartEnd(0),
        Delta(2, "{}"),
        PartEnd(2),
        Finish("tool_calls", "tool_calls"),
    )
    ids_and_arguments = [
        (event["index"], event.get("content_block", {}).get("id") or event.get("delta", {}).get("partial_json"))
        for event in blocks(rendered)
    ]
    assert ids_and_arguments == [
        *[(0, "c1"), (0, '{"a"'), (0, ":1}"), (0, None)],
        *[(1, "c2"), (1, '{"b":2}'), (1, None)],
        *[(2, "c3"), (2, "{}"), (2, None)],
    ]
    assert rendered[-2]["delta"]["stop_reason"] == "tool_use"


def test_parts_that_nobody_ended_are_ended_with_the_message() -> None:
    rendered = stream(START, PartStart(0, Text("a")), PartStart(1, ToolCall("c", "f", "{}")), DONE)
    assert [event["type"].removeprefix("content_block_") for event in blocks(rendered)] == [
        *["start", "delta", "stop"],
        *["start", "delta", "stop"],
    ]


def test_thinking_ends_with_its_signature() -> None:
    rendered = stream(
        START, PartStart(0, Thinking("")), Delta(0, "hm"), PartEnd(0, signature="sig"), PartStart(1, Text("x")), DONE
    )
    assert [event["delta"] for event in blocks(rendered) if "delta" in event][:2] == [
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "sig"},
    ]


def test_citations_come_as_deltas() -> None:
    location = {"document_index": 0, "document_title": None, "start_char_index": 0, "end_char_index": 1}
    cited = [{"type": "char_location", "cited_text": "x", "file_id": None, **location}]
    end = PartEnd(0, extensions={"anthropic": {"citations": Raw(json.dumps(cited).encode())}})
    rendered = stream(START, PartStart(0, Text("x")), end, DONE)
    assert [event["delta"] for event in blocks(rendered) if "delta" in event][1:] == [
        {"type": "citations_delta", "citation": cited[0]}
    ]


def test_a_block_of_anthropics_own_is_told_when_it_is_whole() -> None:
    early = Text("", {"anthropic": {"block": Raw(b'{"type":"server_tool_use","id":"s1","name":"x","input":{}}')}})
    rendered = stream(START, PartStart(0, early), PartEnd(0, extensions=FOREIGN.extensions), DONE)
    assert blocks(rendered) == [
        {"type": "content_block_start", "index": 0, "content_block": BLOCK},
        {"type": "content_block_stop", "index": 0},
    ]


def test_a_streamed_refusal_is_told_with_the_reason() -> None:
    rendered = stream(START, PartStart(0, Refusal("I ")), Delta(0, "can't."), PartEnd(0), Finish("stop", "stop"))
    assert blocks(rendered) == []
    assert rendered[-2]["delta"]["stop_reason"] == "refusal"
    assert rendered[-2]["delta"]["stop_details"]["explanation"] == "I can't."


def test_other_choices_than_the_first_are_left_out() -> None:
    rendered = stream(START, PartStart(0, Text("no"), choice=1), PartStart(0, Text("yes")), PartEnd(0), DONE)
    assert [event["delta"]["text"] for event in blocks(rendered) if "delta" in event] == ["yes"]


STOP_FRAME = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.mark.parametrize(
    ("last", "end"),
    [
        pytest.param(STOP_FRAME, b"", id="provider-sent-it"),
        pytest.param(b"event: message_delta\ndata: {}\n\n", STOP_FRAME, id="provider-omitted-it"),
    ],
)
def test_relayed_bytes_pass_through_and_end_once(last: bytes, end: bytes) -> None:
    renderer = ENDPOINT.renderer(STREAMED, CONTEXT)
    assert renderer.feed([Relayed(b"a"), UsageSoFar(Usage(input=1))]) == b"a"
    assert renderer.feed([Relayed(last), Finish("stop", "end_turn")]) == last
    assert renderer.close() == end


_KINDS: list[tuple[TurnoutError, str]] = [
    (InvalidRequest("x", param="messages.0.content"), "invalid_request_error"),
    (Unauthenticated("x"), "authentication_error"),
    (Forbidden("x"), "permission_error"),
    (UnknownModel("x"), "not_found_error"),
    (BodyTooLarge("x"), "request_too_large"),
    (TurnoutError("x"), "api_error"),
    (UpstreamUnreachable("x"), "api_error"),
    (Overloaded("x"), "overloaded_error"),
    (UpstreamTimeout("x"), "timeout_error"),
]


@pytest.mark.parametrize(("error", "kind"), _KINDS, ids=[type(error).__name__ for error, _ in _KINDS])
def test_errors_have_anthropics_type_and_our_code(error: TurnoutError, kind: str) -> None:
    assert json.loads(DIALECT.error(error, "req_1")) == {
        "type": "error",
        "error": {
            "type": kind,
            "message": error.message,
            "code": error.code,
            "param": getattr(error, "param", None),
        },
        "request_id": "req_1",
    }


def test_an_errors_body_is_what_the_sdk_reads() -> None:
    read = ErrorResponse.model_validate_json(DIALECT.error(Unauthenticated("No key."), "req_1"))
    assert (read.error.type, read.error.message, read.request_id) == ("authentication_error", "No key.", "req_1")


def test_an_error_of_all_deployments_names_each() -> None:
    error = AllDeploymentsFailed("fast", [("a", UpstreamTimeout("slow")), ("b", UpstreamUnreachable("gone"))])
    failures = json.loads(DIALECT.error(error, "r"))["error"]["failures"]
    assert [(failure["deployment"], failure["status"]) for failure in failures] == [("a", 504), ("b", 502)]


def test_a_stream_that_breaks_off_says_so() -> None:
    renderer = ENDPOINT.renderer(STREAMED, CONTEXT)
    renderer.feed([START, PartStart(0, Text("x"))])
    frame = renderer.fail(UpstreamTimeout("The provider stopped."))
    assert frame is not None
    (event,) = frames(frame)
    assert event["type"] == "error"
    assert event["error"]["type"] == "timeout_error"
    assert event["request_id"] == "req_1"


def test_the_list_of_models() -> None:
    models = [ServedModel(id="a", provider="p", created=0), ServedModel(id="b", provider="p", created=1_790_000_000)]
    listed = json.loads(DIALECT.models(models))
    assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (False, "a", "b")
    assert [ModelInfo.model_validate(row).id for row in listed["data"]] == ["a", "b"]
    assert listed["data"][1]["created_at"] == "2026-09-21T14:13:20Z"
    assert json.loads(DIALECT.model(models[0])) == listed["data"][0]


def test_an_empty_list_of_models() -> None:
    assert json.loads(DIALECT.models([])) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_every_finish_reason_has_a_word() -> None:
    reasons = get_args(FinishReason)
    assert all(body(finish=Finish(reason, ""))["stop_reason"] for reason in reasons)
