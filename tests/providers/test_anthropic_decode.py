"""Replies of the real service, and of gateways before it, are read into events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.anthropic_wire import (
    MESSAGE_STOP,
    PROVIDER,
    STREAMED,
    UNARY,
    block_delta,
    block_start,
    block_stop,
    message_delta,
    message_start,
    read,
    sse,
    streamed_answer,
    unary_answer,
    whole_stream,
)
from tests.support.failures import bare
from turnout.core import (
    Citation,
    Delta,
    Failure,
    Finish,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Search,
    Source,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
)
from turnout.errors import UpstreamBroken

TEXT = block_start(0, {"type": "text", "text": ""})
PAGE = {
    "type": "web_search_result",
    "url": "https://a.example",
    "title": "A",
    "encrypted_content": "e",
    "page_age": None,
}
WEB_SEARCH = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"title": "x"}, PAGE]}
FOUND = (Source("https://a.example", "A"),)
CITED = {
    "type": "web_search_result_location",
    "url": "https://a.example",
    "title": "A",
    "cited_text": "words",
    "encrypted_index": "e",
}
ODD_SEARCH = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [5]}
FAILED_SEARCH = {
    "type": "web_search_tool_result",
    "tool_use_id": "s1",
    "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
}


def decoded(data: bytes) -> list[StreamEvent]:
    return read(PROVIDER.decoder(STREAMED), data)


def raw(value: Any) -> Raw:
    return Raw(json.dumps(value).encode())


def search(block: dict[str, Any], **found: Any) -> Search:
    return Search("s1", extensions=kept_whole(block).extensions, **found)


def kept_whole(block: dict[str, Any]) -> Text:
    """The fields as they came; what is between them is ours."""
    return Text("", {"anthropic": {"block": Raw(b"{%b}" % b",".join(map(_field, block, block.values())))}})


def _field(name: str, value: Any) -> bytes:
    return f"{json.dumps(name)}:{json.dumps(value)}".encode()


def parts_of_stream(*events: dict[str, Any]) -> tuple[Part, ...]:
    return streamed_answer(whole_stream(*events)).choices[0].parts


def test_a_streamed_text() -> None:
    data = whole_stream(
        TEXT,
        block_delta(0, "text_delta", text="Hel"),
        {"type": "ping"},
        block_delta(0, "text_delta", text="lo"),
        block_stop(0),
    )
    assert decoded(data) == [
        Start("msg_1", "claude-haiku-4-5"),
        UsageSoFar(Usage(input=12, output=1)),
        PartStart(0, Text("")),
        Delta(0, "Hel"),
        Delta(0, "lo"),
        PartEnd(0),
        UsageSoFar(Usage(input=12, output=30)),
        Finish("stop", "end_turn"),
    ]


PROGRAM = {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}


@pytest.mark.parametrize(
    ("events", "part"),
    [
        pytest.param(
            [
                block_start(0, {"type": "thinking", "thinking": "", "signature": ""}),
                block_delta(0, "thinking_delta", thinking="h"),
                block_delta(0, "thinking_delta", thinking="m"),
                block_delta(0, "signature_delta", signature="sig"),
            ],
            Thinking("hm", "sig"),
            id="thinking",
        ),
        pytest.param(
            [block_start(0, {"type": "redacted_thinking", "data": "x"})], RedactedThinking("x"), id="redacted"
        ),
        pytest.param(
            [
                block_start(0, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
                block_delta(0, "input_json_delta", partial_json=""),
                block_delta(0, "input_json_delta", partial_json='{"a": '),
                block_delta(0, "input_json_delta", partial_json="1.0}"),
            ],
            ToolCall("t1", "f", '{"a": 1.0}'),
            id="tool-use",
        ),
        pytest.param(
            [
                block_start(0, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
                block_delta(0, "input_json_delta", partial_json=""),
            ],
            ToolCall("t1", "f", "{}"),
            id="tool-use-without-arguments",
        ),
        pytest.param(
            [
                block_start(
                    0, {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}}
                )
            ],
            ToolCall("t", "f", '{"a": 1}'),
            id="tool-use-whole-at-its-start",
        ),
        pytest.param(
            [block_start(0, {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": PROGRAM})],
            ToolCall("t", "f", "{}", {"anthropic": {"caller": raw(PROGRAM)}}),
            id="tool-use-of-a-program",
        ),
        pytest.param(
            [
                block_start(0, {"type": "text", "text": "", "citations": []}),
                block_delta(0, "citations_delta", citation={"type": "char_location"}),
                block_delta(0, "text_delta", text="cited"),
                block_delta(0, "citations_delta", citation={"type": "page_location"}),
            ],
            Text("cited", {"anthropic": {"citations": Raw(b'[{"type": "char_location"},{"type": "page_location"}]')}}),
            id="citations",
        ),
        pytest.param(
            [TEXT, block_delta(0, "text_delta", text="x"), block_delta(0, "from_the_future", value=[1])],
            Text("x", {"anthropic": {"value": raw([1])}}),
            id="delta-of-unknown-type",
        ),
        pytest.param([block_start(0, WEB_SEARCH)], search(WEB_SEARCH, sources=FOUND), id="server-tool-result"),
        pytest.param(
            [block_start(0, FAILED_SEARCH)], search(FAILED_SEARCH, error="max_uses_exceeded"), id="search-that-failed"
        ),
        pytest.param([block_start(0, ODD_SEARCH)], kept_whole(ODD_SEARCH), id="search-of-another-form"),
        pytest.param(
            [
                block_start(0, {"type": "text", "text": "", "citations": []}),
                block_delta(0, "citations_delta", citation=CITED),
                block_delta(0, "citations_delta", citation={"type": "char_location"}),
                block_delta(0, "text_delta", text="cited"),
            ],
            Text(
                "cited",
                {"anthropic": {"citations": raw([CITED, {"type": "char_location"}])}},
                (Citation("https://a.example", "A", quote="words"),),
            ),
            id="citations-of-pages",
        ),
        pytest.param(
            [
                block_start(0, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}),
                block_delta(0, "input_json_delta", partial_json='{"query":'),
                block_delta(0, "input_json_delta", partial_json=' "x"}'),
            ],
            search(
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}, queries=("x",)
            ),
            id="server-tool-use",
        ),
        pytest.param(
            [
                block_start(0, {"type": "server_tool_use", "id": "s1", "name": "x", "input": {}}),
                block_delta(0, "input_json_delta", partial_json='{"a'),
            ],
            kept_whole({"type": "server_tool_use", "id": "s1", "name": "x", "input": {"INVALID_JSON": '{"a'}}),
            id="server-tool-use-cut-short",
        ),
        pytest.param(
            [
                block_start(0, {"type": "compaction", "content": ""}),
                block_delta(0, "compaction_delta", content="So far: …", encrypted_content="e"),
            ],
            kept_whole({"type": "compaction", "content": "So far: …", "encrypted_content": "e"}),
            id="compaction",
        ),
        pytest.param(
            [block_start(0, {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}})],
            kept_whole({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}),
            id="fallback",
        ),
    ],
)
def test_streamed_blocks(events: list[dict[str, Any]], part: Part) -> None:
    (decoded,) = parts_of_stream(*events, block_stop(0))
    assert _comparable(decoded) == _comparable(part)
    (decoded,) = parts_of_stream(*events)  # the block has no end
    assert _comparable(decoded) == _comparable(part)


def _comparable(part: Part) -> Any:
    """The part with values in place of raw JSON, whose spelling may differ."""
    namespaces = part.extensions or {}
    extensions = {name: json.loads(bytes(raw)) for fields in namespaces.values() for name, raw in fields.items()}
    return type(part), [getattr(part, field) for field in part.__struct_fields__ if field != "extensions"], extensions


def test_a_calls_arguments_come_piece_by_piece() -> None:
    events = decoded(
        whole_stream(
            block_start(0, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
            block_delta(0, "input_json_delta", partial_json='{"a'),
            block_delta(0, "input_json_delta", partial_json='":1}'),
            block_stop(0),
        )
    )
    assert events[2:6] == [PartStart(0, ToolCall("t1", "f", "")), Delta(0, '{"a'), Delta(0, '":1}'), PartEnd(0)]


def test_a_call_without_an_input_has_no_arguments() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "f"}
    (streamed,) = parts_of_stream(block_start(0, call), block_stop(0))
    (whole,) = unary_answer(
        json.dumps(message_start(content=[call], stop_reason="tool_use")["message"]).encode()
    ).choices
    assert (streamed, whole.parts) == (ToolCall("t1", "f", "{}"), (ToolCall("t1", "f", "{}"),))


def test_a_block_whose_index_was_there_before_is_another_part() -> None:
    """Gateways that number every block 0: the open one ends, and none of its pieces reach the other."""
    events = decoded(
        whole_stream(
            TEXT,
            block_delta(0, "text_delta", text="a"),
            block_start(0, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
            block_delta(0, "input_json_delta", partial_json="{}"),
            block_stop(0),
            TEXT,
            block_delta(0, "text_delta", text="b"),
            block_stop(0),
            block_stop(0),
        )
    )
    assert [event for event in events if isinstance(event, PartStart | Delta | PartEnd)] == [
        *(PartStart(0, Text("")), Delta(0, "a"), PartEnd(0)),
        *(PartStart(1, ToolCall("t1", "f", "")), Delta(1, "{}"), PartEnd(1)),
        *(PartStart(2, Text("")), Delta(2, "b"), PartEnd(2)),
    ]


def test_blocks_that_are_open_together_stay_apart() -> None:
    events = decoded(
        whole_stream(
            TEXT,
            block_start(3, {"type": "text", "text": ""}),
            block_delta(0, "text_delta", text="a"),
            block_delta(3, "text_delta", text="b"),
            block_stop(0),
            block_stop(3),
            block_start(1, {"type": "text", "text": "c"}),
            block_stop(1),
        )
    )
    assert [event.index for event in events if isinstance(event, PartStart)] == [0, 3, 4]
    assert [event for event in events if isinstance(event, Delta)] == [Delta(0, "a"), Delta(3, "b")]
    assert [event.index for event in events if isinstance(event, PartEnd)] == [0, 3, 4]


def test_a_message_may_come_whole_with_its_beginning() -> None:
    """The answer to a tool that code called comes so."""
    call = {"type": "tool_use", "id": "t1", "name": "roll", "input": {"player": 2}}
    answer = streamed_answer(sse(message_start(content=[call], stop_reason="tool_use"), MESSAGE_STOP))
    (choice,) = answer.choices
    assert choice.parts == (ToolCall("t1", "roll", '{"player": 2}'),)
    assert choice.finish == Finish("tool_calls", "tool_use")


def test_a_beginning_told_twice_counts_once() -> None:
    events = decoded(sse(message_start(), message_start(), TEXT, block_stop(0), message_delta("end_turn")))
    assert [type(event) for event in events].count(Start) == 1


def test_a_second_message_in_the_middle_of_the_first_breaks_the_stream() -> None:
    """A gateway lost the first message and asked again. The events before are given, and then the error."""
    decoder = PROVIDER.decoder(STREAMED)
    spliced = sse(message_start(), TEXT, block_delta(0, "text_delta", text="x"), message_start(id="msg_2"), TEXT)
    assert decoder.feed(spliced)[-1] == Delta(0, "x")
    with pytest.raises(UpstreamBroken, match="another message"):
        decoder.close()


def test_what_follows_the_end_is_not_part_of_the_answer() -> None:
    end = sse(message_delta("end_turn"), MESSAGE_STOP, message_start(id="msg_2"), TEXT)
    assert decoded(sse(message_start()) + end)[-1] == Finish("stop", "end_turn")


@pytest.mark.parametrize(
    ("stop_reason", "changes", "finish"),
    [
        pytest.param("end_turn", {}, Finish("stop", "end_turn"), id="end-turn"),
        pytest.param("max_tokens", {}, Finish("length", "max_tokens"), id="max-tokens"),
        pytest.param(
            "model_context_window_exceeded", {}, Finish("length", "model_context_window_exceeded"), id="window"
        ),
        pytest.param("tool_use", {}, Finish("tool_calls", "tool_use"), id="tool-use"),
        pytest.param("refusal", {"stop_details": None}, Finish("refusal", "refusal"), id="refusal"),
        pytest.param("pause_turn", {}, Finish("other", "pause_turn"), id="pause"),
        pytest.param("tomorrow's", {}, Finish("other", "tomorrow's"), id="unknown"),
        pytest.param(
            "stop_sequence",
            {"stop_sequence": "END"},
            Finish("stop", "stop_sequence", stop_sequence="END"),
            id="stop-sequence",
        ),
    ],
)
def test_why_it_stopped(stop_reason: str, changes: dict[str, Any], finish: Finish) -> None:
    assert decoded(sse(message_start(), message_delta(stop_reason, **changes)))[-1] == finish
    message = message_start(stop_reason=stop_reason, **changes)["message"]
    assert unary_answer(json.dumps(message).encode()).choices[0].finish == finish


def test_a_refusals_words_are_a_part() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "Blocked."}
    answer = streamed_answer(
        sse(message_start(), TEXT, block_stop(0), message_delta("refusal", stop_details=details), MESSAGE_STOP)
    )
    assert answer.choices[0].parts == (Text(""), Refusal("Blocked.", {"anthropic": {"category": raw("cyber")}}))


@pytest.mark.parametrize(
    ("first", "last", "usage"),
    [
        pytest.param(
            {"input_tokens": 10, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 30, "output_tokens": 1},
            {"output_tokens": 40},
            Usage(input=60, cache_write=20, cached_input=30, output=40),
            id="only-output-at-the-end",
        ),
        pytest.param(
            {"input_tokens": 43, "output_tokens": 1},
            {"input_tokens": 61, "output_tokens": 2},
            Usage(input=61, output=2),
            id="input-corrected-at-the-end",
        ),
        pytest.param(
            {"input_tokens": 5, "cache_read_input_tokens": None, "output_tokens": 1},
            {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 7}},
            Usage(input=5, output=9, reasoning=7),
            id="thinking-tokens",
        ),
        pytest.param(
            {"input_tokens": 5, "output_tokens": 1},
            {
                "output_tokens": 9,
                "iterations": [
                    {"type": "compaction", "input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 50},
                    {"type": "message", "input_tokens": 5, "output_tokens": 9},
                    {"type": "advisor_message", "input_tokens": 20, "output_tokens": 2},
                ],
            },
            Usage(input=1075, cached_input=50, output=111),
            id="iterations-outside-of-the-totals",
        ),
    ],
)
def test_usage(first: dict[str, Any], last: dict[str, Any], usage: Usage) -> None:
    data = sse(message_start(usage=first), message_delta("end_turn", last), MESSAGE_STOP)
    assert streamed_answer(data).usage == usage


def test_an_error_inside_the_stream_ends_it() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    events = decoded(sse(message_start(), TEXT, error, block_delta(0, "text_delta", text="x")))
    assert bare(events)[-1] == Failure("Overloaded", "overloaded_error", 529)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid_request_error", 400),
        ("authentication_error", 401),
        ("billing_error", 402),
        ("permission_error", 403),
        ("not_found_error", 404),
        ("request_too_large", 413),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("timeout_error", 504),
        ("overloaded_error", 529),
        ("something_new", 502),
        (None, 502),
    ],
)
def test_an_error_counts_as_the_status_that_it_has_before_an_answer(kind: str | None, status: int) -> None:
    error = {"type": "error", "error": {"type": kind}}
    failure = Failure("The provider reported an error.", kind, status)
    assert bare(decoded(sse(message_start(), error)))[-1] == failure
    assert bare(read(PROVIDER.decoder(UNARY), json.dumps(error).encode())) == [failure]


def test_a_stream_that_was_cut_has_no_finish() -> None:
    events = decoded(sse(message_start(), TEXT, block_delta(0, "text_delta", text="x")))
    assert not any(isinstance(event, Finish | PartEnd) for event in events)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'data: {"type": "content_block_del\n\n', id="json-cut"),
        pytest.param(b"data: <html>\n\n", id="not-json"),
        pytest.param(b'data: {"type": "\xff"}\n\n', id="bad-utf8"),
        pytest.param(sse(block_delta(0, "text_delta", text="x")), id="block-never-opened"),
        pytest.param(sse(block_start(0, {"type": "text", "text": 5})), id="text-a-number"),
        pytest.param(sse(block_start(0, {"type": "text"}), block_delta(0, "text_delta", text=5)), id="delta-a-number"),
    ],
)
def test_bytes_of_another_wire_break_the_stream(data: bytes) -> None:
    decoder = PROVIDER.decoder(STREAMED)
    with pytest.raises(UpstreamBroken):
        read(decoder, sse(message_start()) + data)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_what_gateways_add_does_no_harm(line_end: str) -> None:
    noise = f": keep-alive{line_end}{line_end}".encode()
    events = sse(message_start(), TEXT, block_stop(0), {"type": "news"}, message_delta("end_turn"), line_end=line_end)
    done = f"data: [DONE]{line_end}{line_end}".encode()
    assert decoded(noise + events + done)[-1] == Finish("stop", "end_turn")


def test_a_last_event_without_its_blank_line_counts() -> None:
    data = sse(message_start(), message_delta("end_turn")).rstrip()
    assert decoded(data)[-1] == Finish("stop", "end_turn")


def test_a_whole_message() -> None:
    message = message_start(
        content=[
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "text", "text": "Hi", "citations": None},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            WEB_SEARCH,
        ],
        stop_reason="tool_use",
        usage={"input_tokens": 3, "output_tokens": 4},
    )["message"]
    data = json.dumps(message).encode()
    decoder = PROVIDER.decoder(UNARY)
    assert decoder.feed(data[:50]) == decoder.feed(data[50:]) == []
    assert decoder.close()[0] == Start("msg_1", "claude-haiku-4-5")
    answer = unary_answer(data)
    assert answer.choices[0].parts == (
        Thinking("hm", "sig"),
        Text("Hi"),
        ToolCall("t1", "f", '{"a": 1}'),
        search(WEB_SEARCH, sources=FOUND),
    )
    assert answer.usage == Usage(input=3, output=4)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b'{"id": "msg_1", "content": []', id="cut"),
        pytest.param(b'{"choices": []}', id="another-wire"),
        pytest.param(b'{"content": [{"type": "text", "text": 5}], "stop_reason": "end_turn"}', id="text-a-number"),
        pytest.param(b'{"stop_reason": "end_turn", "x": ' + b"[" * 100_000, id="nested-deeply"),
    ],
)
def test_a_body_of_another_wire_is_broken(data: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        unary_answer(data)


def test_an_error_with_status_200_is_a_failure() -> None:
    error = {"type": "error", "error": {"type": "api_error", "message": "Oops"}}
    assert bare(read(PROVIDER.decoder(UNARY), json.dumps(error).encode())) == [Failure("Oops", "api_error", 500)]
