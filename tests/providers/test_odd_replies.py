"""What vendors really send in another form than the wire's own says the same. One case for each form that was seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.anthropic_wire import (
    MESSAGE_STOP,
    block_delta,
    block_start,
    block_stop,
    message_delta,
    message_start,
)
from tests.support.anthropic_wire import sse as anthropic_sse
from tests.support.contract import CHATS, chat_request
from tests.support.openai_wire import (
    CONTEXT,
    DONE,
    STREAMED,
    call_piece,
    choice,
    chunk,
    completion,
    delta,
    read,
    sse,
    streamed,
    streamed_answer,
    unary_answer,
)
from turnout.core import (
    Answer,
    Finish,
    FinishReason,
    Relayed,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
    WireBody,
    fold,
)
from turnout.providers import registry

BOM = "\ufeff".encode()
TEXT = Text("Hello")
STOP = {"choices": [delta(finish="stop")]}


def operation_of(provider: str, *, stream: bool, relayed: bool = False) -> Any:
    wires = {"openai": "openai-chat", "anthropic": "anthropic-messages"}
    raw = WireBody(wires.get(provider, provider), {}) if relayed else None
    request = chat_request(stream=stream, stream_usage=True, raw=raw)
    operation: Any = registry()[provider].operation(request)  # type: ignore[union-attr]
    return operation.relay(request) if relayed else operation.decoder(request)


def answer_of(provider: str, data: bytes, *, stream: bool = True) -> Answer:
    return fold(read(operation_of(provider, stream=stream), data))


def facts(provider: str, data: bytes, *, stream: bool = True) -> list[StreamEvent]:
    """What the ledger is told of a relayed reply."""
    events = read(operation_of(provider, stream=stream, relayed=True), data)
    return [event for event in events if not isinstance(event, Relayed)]


def calls_of(*pieces: dict[str, Any]) -> list[tuple[str, str, str]]:
    answer = streamed_answer(*[chunk(delta(tool_calls=[piece])) for piece in pieces], STOP)
    return [(part.id, part.name, part.arguments) for part in answer.choices[0].parts if isinstance(part, ToolCall)]


class TestCallsOfAnyNumbering:
    @pytest.mark.parametrize(
        "pieces",
        [
            pytest.param(
                [
                    call_piece(None, "a", "f", '{"x":'),
                    call_piece(None, arguments="1}"),
                    call_piece(None, "b", "g", "{}"),
                ],
                id="no-number",
            ),
            pytest.param(
                [call_piece(0, "a", "f", '{"x":'), call_piece(0, arguments="1}"), call_piece(0, "b", "g", "{}")],
                id="all-the-same-number",
            ),
            pytest.param(
                [call_piece(0, "a", "f", '{"x":'), call_piece(0, "a", "f", "1}"), call_piece(1, "b", "g", "{}")],
                id="name-and-id-in-each-piece",
            ),
            pytest.param(
                [call_piece(0, "a", "f", '{"x":'), call_piece(1, "a", "f", "1}"), call_piece(2, "b", "g", "{}")],
                id="one-id-and-several-numbers",
            ),
            pytest.param(
                [call_piece(0, "a", "f", '{"x":'), call_piece(0, "n1", arguments="1}"), call_piece(1, "b", "g", "{}")],
                id="a-new-id-in-each-piece",
            ),
            pytest.param(
                [call_piece(0, "a", "f", '{"x":1}'), call_piece(0, "a", "f", '{"x":1}'), call_piece(1, "b", "g", "{}")],
                id="the-whole-call-again-at-its-end",
            ),
            pytest.param(
                [
                    {"index": "0"} | call_piece(None, "a", "f", '{"x":1}'),
                    {"index": "1"} | call_piece(None, "b", "g", "{}"),
                ],
                id="numbers-as-text",
            ),
        ],
    )
    def test_they_stay_apart(self, pieces: list[dict[str, Any]]) -> None:
        assert calls_of(*pieces) == [("a", "f", '{"x":1}'), ("b", "g", "{}")]

    def test_without_ids_each_name_begins_one(self) -> None:
        pieces = [call_piece(None, None, "f", '{"x":1}'), call_piece(None, None, "f", "{}")]
        assert calls_of(*pieces) == [("call_1", "f", '{"x":1}'), ("call_2", "f", "{}")]
        for same in ([call_piece(0, None, "f", "{}"), call_piece(0, None, "g", "{}")],):
            assert [name for _, name, _ in calls_of(*same)] == ["f", "g"]

    def test_an_id_that_another_call_has_is_replaced(self) -> None:
        """A server behind OpenRouter gives parallel calls the same number and the same id."""
        pieces = [call_piece(0, "a", "f", "{}"), call_piece(0, "a", "g", "{}")]
        assert calls_of(*pieces) == [("a", "f", "{}"), ("call_1", "g", "{}")]

    def test_in_a_whole_reply_each_is_its_own(self) -> None:
        calls = [{"function": {"name": "f", "arguments": ""}}] * 2
        parts = unary_answer(completion(choice(tool_calls=calls))).choices[0].parts
        assert parts == (ToolCall("call_1", "f", ""), ToolCall("call_2", "f", ""))

    def test_one_function_call_of_the_time_before_tool_calls(self) -> None:
        pieces = [{"name": "f", "arguments": '{"x":'}, {"arguments": "1}"}]
        answer = streamed_answer(
            *[chunk(delta(function_call=piece)) for piece in pieces], chunk(delta(finish="function_call"))
        )
        assert answer.choices[0].parts == (ToolCall("call_1", "f", '{"x":1}'),)
        assert answer.choices[0].finish == Finish("tool_calls", "function_call")


class TestMessagesInAStream:
    def test_in_place_of_deltas(self) -> None:
        chunks = [chunk({"index": 0, "message": {"content": piece}}) for piece in ("Hel", "lo")]
        assert streamed_answer(*chunks, STOP).choices[0].parts == (TEXT,)
        assert all(event.content for event in read_relayed(*chunks) if isinstance(event, Relayed))

    def test_beside_deltas_they_repeat_them(self) -> None:
        """Perplexity's have the whole text so far."""
        chunks = [
            chunk(delta(content="Hel") | {"message": {"content": "Hel"}}),
            chunk(delta(content="lo") | {"message": {"content": "Hello"}}),
            chunk(delta(content="", finish="stop") | {"message": {"content": "Hello"}}),
        ]
        assert streamed_answer(*chunks).choices[0].parts == (TEXT,)


def read_relayed(*chunks: dict[str, Any]) -> list[StreamEvent]:
    return read(operation_of("openai", stream=True, relayed=True), sse(*chunks))


class TestChoicesWithoutNumber:
    def test_their_place_counts(self) -> None:
        one, two = ({"message": {"content": text}, "finish_reason": "stop"} for text in ("a", "b"))
        body = completion(one, two)
        assert [each.parts for each in unary_answer(body).choices] == [(Text("a"),), (Text("b"),)]
        assert facts("openai", body, stream=False)[:2] == [Finish("stop", "stop"), Finish("stop", "stop", 1)]

    @pytest.mark.parametrize("index", ["1", 1.0])
    def test_a_number_of_another_form(self, index: Any) -> None:
        chunks = [chunk(delta(content="a")), chunk(delta(finish="stop", content="b") | {"index": index})]
        assert [each.parts for each in streamed_answer(*chunks).choices] == [(Text("a"),), (Text("b"),)]

    def test_choices_that_say_nothing(self) -> None:
        chunks = [chunk({"index": 0}), chunk({"index": 0, "delta": None}), {"choices": None}, {"odd": 1}]
        assert streamed_answer(chunk(delta(content="Hello")), *chunks, STOP).choices[0].parts == (TEXT,)


class TestThoughts:
    @pytest.mark.parametrize("thinking", ["hm", [{"type": "text", "text": "hm"}]], ids=["text", "parts"])
    def test_in_parts_of_the_content(self, thinking: Any) -> None:
        content = [{"type": "thinking", "thinking": thinking}, {"type": "text", "text": "Hello"}]
        parts = (Thinking("hm"), TEXT)
        assert streamed_answer(chunk(delta(content=content)), STOP).choices[0].parts == parts
        assert unary_answer(completion(choice(content=content))).choices[0].parts == parts


class TestUsage:
    @pytest.mark.parametrize(
        "chunks",
        [
            pytest.param(
                [chunk(usage=counts) for counts in ({"prompt_tokens": 9}, {"completion_tokens": 4})], id="halves"
            ),
            pytest.param(
                [chunk(usage={"prompt_tokens": 9, "completion_tokens": 4}), chunk(usage={}), chunk(usage=None)],
                id="nothing-later",
            ),
            pytest.param(
                [chunk(delta(content="") | {"usage": {"prompt_tokens": 9, "completion_tokens": 4}})], id="in-a-choice"
            ),
            pytest.param([chunk(usage={"prompt_tokens": "9", "completion_tokens": 4.0})], id="other-forms-of-numbers"),
            pytest.param(
                [chunk(usage={"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": ["odd"]})],
                id="odd-details",
            ),
        ],
    )
    def test_what_an_earlier_chunk_told_counts(self, chunks: list[dict[str, Any]]) -> None:
        said = chunk(delta(content="Hello"))
        assert streamed_answer(said, *chunks, STOP).usage == Usage(input=9, output=4)
        told = [event for event in facts("openai", sse(said, *chunks) + DONE) if isinstance(event, UsageSoFar)]
        assert told[-1].usage == Usage(input=9, output=4)

    def test_anthropics_zero_at_the_end_is_none(self) -> None:
        stream = anthropic_stream(message_delta("end_turn", {"input_tokens": 0, "output_tokens": 4}))
        assert answer_of("anthropic", stream).usage == Usage(input=12, output=4)
        assert facts("anthropic", stream)[-2] == UsageSoFar(Usage(input=12, output=4))

    def test_geminis_numbers_as_text(self) -> None:
        """Protocol buffers write 64-bit numbers so."""
        counts = {"promptTokenCount": "9", "candidatesTokenCount": "4"}
        replies = [gemini("Hello", usageMetadata=counts), gemini("", "STOP", usageMetadata={"promptTokenCount": 9})]
        data = sse(*replies)
        assert answer_of("gemini", data).usage == Usage(input=9, output=4)
        assert UsageSoFar(Usage(input=9, output=4)) in facts("gemini", data)


def anthropic_stream(*last: dict[str, Any], block: dict[str, Any] | None = None) -> bytes:
    blocks = [block_start(0, block)] if block else [block_start(0, {"type": "text", "text": None})]
    said = [] if block else [block_delta(0, "text_delta", text="Hello")]
    return anthropic_sse(message_start(), *blocks, *said, block_stop(0), *last, MESSAGE_STOP)


def gemini(text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": finish}]} | more


CALL = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}


class TestTheFinish:
    @pytest.mark.parametrize(
        ("message", "finish"),
        [({"content": "Hello"}, "stop"), ({"tool_calls": [call_piece(0, "c1", "f", "{}")]}, "tool_calls")],
        ids=["text", "calls"],
    )
    @pytest.mark.parametrize("said", [None, "", "null"])
    def test_of_a_whole_chat_reply_without(
        self, message: dict[str, Any], finish: FinishReason, said: str | None
    ) -> None:
        body = completion(choice(finish=said, **message))
        assert unary_answer(body).choices[0].finish == Finish(finish, "")
        assert Finish(finish, "") in facts("openai", body, stream=False)

    def test_null_as_text_ends_nothing(self) -> None:
        chunks = [chunk(delta(content="Hel", finish="null")), chunk(delta(content="lo", finish="stop"))]
        assert streamed_answer(*chunks).choices[0] == streamed_answer(chunk(delta(content="Hello")), STOP).choices[0]
        assert facts("openai", sse(*chunks)) == [Finish("stop", "stop")]

    @pytest.mark.parametrize(("block", "finish"), [(None, "stop"), (CALL, "tool_calls")], ids=["text", "calls"])
    def test_of_an_anthropic_message_without(self, block: dict[str, Any] | None, finish: FinishReason) -> None:
        stream = anthropic_stream(block=block)
        assert answer_of("anthropic", stream).choices[0].finish == Finish(finish, "message_stop")
        assert facts("anthropic", stream)[-1] == Finish(finish, "message_stop")
        body = json.dumps(message_start(content=[block or {"type": "text", "text": "Hello"}])["message"]).encode()
        assert answer_of("anthropic", body, stream=False).choices[0].finish == Finish(finish, "")
        assert facts("anthropic", body, stream=False)[-1] == Finish(finish, "")

    def test_message_stop_alone_ends_nothing(self) -> None:
        stream = anthropic_sse(message_start(), {"type": "ping"}, MESSAGE_STOP)
        assert answer_of("anthropic", stream).choices == ()
        assert not [event for event in facts("anthropic", stream) if isinstance(event, Finish)]

    def test_end_turn_beside_calls_means_the_calls(self) -> None:
        stream = anthropic_stream(message_delta("end_turn"), block=CALL)
        assert answer_of("anthropic", stream).choices[0].finish == Finish("tool_calls", "end_turn")
        assert Finish("tool_calls", "end_turn") in facts("anthropic", stream)

    def test_of_a_whole_gemini_reply_without(self) -> None:
        body = json.dumps(gemini("Hello")).encode()
        assert answer_of("gemini", body, stream=False).choices[0].finish == Finish("stop", "")
        assert facts("gemini", body, stream=False)[-1] == Finish("stop", "")

    @pytest.mark.parametrize("said", ["", "FINISH_REASON_UNSPECIFIED"])
    def test_geminis_default_ends_nothing(self, said: str) -> None:
        data = sse(gemini("Hel", said), gemini("lo", "STOP"))
        assert answer_of("gemini", data).choices[0].parts == (TEXT,)
        assert facts("gemini", data) == [Finish("stop", "STOP")]

    @pytest.mark.parametrize("word", ["error", "abort", "insufficient_system_resource", "network_error", "odd"])
    def test_a_word_that_is_no_normal_end(self, word: str) -> None:
        answer = streamed_answer(chunk(delta(content="Hello")), chunk(delta(finish=word)))
        assert answer.choices[0].finish == Finish("other", word)

    @pytest.mark.parametrize(
        ("word", "meaning"),
        [
            ("eos_token", "stop"),
            ("end_turn", "stop"),
            ("max_tokens", "length"),
            ("model_length", "length"),
            ("tool_use", "tool_calls"),
            ("sensitive", "content_filter"),
        ],
    )
    def test_other_vendors_words(self, word: str, meaning: FinishReason) -> None:
        answer = streamed_answer(chunk(delta(content="Hello")), chunk(delta(finish=word)))
        assert answer.choices[0].finish == Finish(meaning, word)


class TestArguments:
    """As text where the wire has an object."""

    def test_of_gemini(self) -> None:
        call = {"functionCall": {"name": "f", "args": '{"x": 1}'}}
        data = sse({"candidates": [{"content": {"parts": [call]}, "finishReason": "STOP"}]})
        assert answer_of("gemini", data).choices[0].parts == (ToolCall("call_1", "f", '{"x": 1}'),)

    def test_of_ollama(self) -> None:
        message = {"tool_calls": [{"id": 7, "function": {"name": "f", "arguments": '{"x": 1}'}}]}
        data = json.dumps({"message": message, "done": True}).encode()
        assert answer_of("ollama", data, stream=False).choices[0].parts == (ToolCall("7", "f", '{"x": 1}'),)

    def test_of_anthropic(self) -> None:
        text = anthropic_stream(block=CALL | {"input": '{"x": 1}', "id": 7})
        assert answer_of("anthropic", text).choices[0].parts == (ToolCall("7", "f", '{"x": 1}'),)
        piece = block_delta(0, "input_json_delta", partial_json={"x": 1})
        data = anthropic_sse(message_start(), block_start(0, CALL), piece, block_stop(0), MESSAGE_STOP)
        assert answer_of("anthropic", data).choices[0].parts == (ToolCall("c1", "f", '{"x": 1}'),)

    def test_a_repair_beside_them_leaves_their_digits(self) -> None:
        call = b'{"index":0,"id":1,"function":{"name":"f","arguments":{"x":1000000000000000000000.10}}}'
        data = b'data: {"choices":[{"delta":{"tool_calls":[%b]},"finish_reason":"stop"}]}\n\n' % call
        assert answer_of("openai", data).choices[0].parts == (ToolCall("1", "f", '{"x":1000000000000000000000.10}'),)


class TestLineEndsBetweenValues:
    """A model may spread its arguments over lines. Frames are lines."""

    @pytest.mark.parametrize("wire", ["gemini", "ollama"])
    def test_of_arguments(self, wire: str) -> None:
        pieces = [call_piece(0, "a", "f", '{\n "x": [1.10,\r\n"a\\nb"]}')]
        events = streamed(chunk(delta(tool_calls=pieces)), STOP)
        renderer = CHATS[wire].renderer(STREAMED, CONTEXT)
        answer = answer_of(wire, b"".join([renderer.feed(events), renderer.close()]))
        (call,) = answer.choices[0].parts
        assert isinstance(call, ToolCall)
        assert call.arguments == '{  "x": [1.10,  "a\\nb"]}'

    @pytest.mark.parametrize("block", [{"type": "odd", "x": [1]}, {"type": "text", "text": "", "x": {"y": [1]}}])
    def test_of_blocks_that_the_core_has_not(self, block: dict[str, Any]) -> None:
        body = json.dumps(message_start(content=[block], stop_reason="end_turn")["message"], indent=1).encode()
        events = read(operation_of("anthropic", stream=False), body)
        renderer = CHATS["anthropic-messages"].renderer(STREAMED, CONTEXT)
        written = b"".join([renderer.feed([event]) for event in events]) + renderer.close()
        assert answer_of("anthropic", written).choices[0].parts == fold(events).choices[0].parts

    def test_of_parts_that_the_core_has_not(self) -> None:
        parts = [{"executableCode": {"language": "PYTHON", "code": "1"}}]
        reply = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
        events = read(operation_of("gemini", stream=False), json.dumps(reply, indent=1).encode())
        renderer = CHATS["gemini"].renderer(STREAMED, CONTEXT)
        assert answer_of("gemini", renderer.feed(events)).choices[0].parts == fold(events).choices[0].parts


class TestFrames:
    @pytest.mark.parametrize(
        "frame",
        [
            pytest.param(BOM + b"data: %b\n\n", id="byte-order-mark"),
            pytest.param(b"data:%b\n\n", id="no-space"),
            pytest.param(b"event: message\r\nid: 1\r\ndata: %b\r\n\r\n", id="crlf"),
            pytest.param(b": ping\n\nretry: 5\n\ndata: %b\n\n", id="comments"),
        ],
    )
    def test_of_events(self, frame: bytes) -> None:
        data = frame % json.dumps(chunk(delta(content="Hello", finish="stop"))).encode()
        assert answer_of("openai", data).choices[0].parts == (TEXT,)
        events = read(operation_of("openai", stream=True, relayed=True), data)
        assert b"".join([event.data for event in events if isinstance(event, Relayed)]) == data
        assert events[-1] == Finish("stop", "stop")

    @pytest.mark.parametrize(
        "empty", [b"data:\n\n", b"event: ping\ndata: \n\n", b"data: null\n\n", b"data: [DONE]\n\n"]
    )
    @pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
    def test_events_that_say_nothing(self, provider: str, empty: bytes) -> None:
        data = {
            "openai": sse(chunk(delta(content="Hello", finish="stop"))),
            "anthropic": anthropic_stream(message_delta("end_turn")),
            "gemini": sse(gemini("Hello", "STOP")),
        }[provider]
        assert answer_of(provider, empty + data + empty) == answer_of(provider, data)
        assert facts(provider, empty + data + empty) == facts(provider, data)

    def test_an_event_in_several_lines(self) -> None:
        lines = json.dumps(chunk(delta(content="Hello", finish="stop")), indent=1).splitlines()
        data = "".join([f"data: {line}\n" for line in lines]).encode() + b"\n"
        assert answer_of("openai", data).choices[0].parts == (TEXT,)
        assert facts("openai", data) == [Finish("stop", "stop")]

    def test_a_byte_order_mark_before_a_body_or_a_line(self) -> None:
        body = BOM + completion(choice(content="Hello"))
        assert unary_answer(body).choices[0].parts == (TEXT,)
        line = BOM + b'{"message": {"content": "Hello"}, "done": true}\n'
        assert answer_of("ollama", line).choices[0].parts == (TEXT,)

    @pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
    def test_numbers_that_json_has_not(self, number: bytes) -> None:
        """Python's encoder writes them. In a text they stay."""
        logprobs = b'{"content":[{"token":"a","logprob":%b}]}' % number
        data = b'data: {"choices":[{"delta":{"content":"a %b \\""},"logprobs":%b,"finish_reason":"stop"}]}\n\n'
        answer = answer_of("openai", data % (number, logprobs))
        assert answer.choices[0].parts == (Text(f'a {number.decode()} "'),)


class TestHalves:
    def text_of(self, *contents: str) -> str:
        line = 'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n'
        answer = answer_of("openai", "".join([line % content for content in contents]).encode() + DONE)
        (part,) = answer.choices[0].parts
        assert isinstance(part, Text)
        return part.text

    @pytest.mark.parametrize(
        ("pieces", "text"),
        [
            pytest.param(("a\\ud83d", "\\ude00b"), "a😀b", id="two"),
            pytest.param(("\\ud83d", "\\ude00\\ud83d", "\\ude00"), "😀😀", id="a-piece-with-two-halves"),
            pytest.param(("a\\ud83d", "", "\\ude00"), "a😀", id="an-empty-piece-between"),
            pytest.param(("a\\ud83d", "b"), "a\ufffdb", id="no-second-half"),
            pytest.param(("a\\ud83d",), "a\ufffd", id="at-the-end"),
            pytest.param(("\\ude00a", "b"), "\ufffdab", id="no-first-half"),
            pytest.param(("\\ud83d\\ud83d", "\\ude00"), "\ufffd😀", id="two-first-halves"),
        ],
    )
    def test_of_a_text(self, pieces: tuple[str, ...], text: str) -> None:
        assert self.text_of(*pieces) == text

    def test_of_choices_that_take_turns(self) -> None:
        pieces = ((0, "\\ud83d"), (1, "\\ud83c"), (0, "\\ude00"), (1, "\\udf89"))
        line = 'data: {"choices":[{"index":%d,"delta":{"content":"%s"}}]}\n\n'
        answer = answer_of("openai", "".join([line % piece for piece in pieces]).encode() + DONE)
        assert [one.parts for one in answer.choices] == [(Text("😀"),), (Text("🎉"),)]

    def test_of_arguments(self) -> None:
        pieces = [call_piece(0, "a", "f", '{"x":"\ud83d'), call_piece(0, arguments='\ude00"}')]
        frames = [json.dumps(chunk(delta(tool_calls=[piece]))) for piece in pieces]
        data = "".join([f"data: {frame}\n\n" for frame in frames]).encode() + DONE
        assert answer_of("openai", data).choices[0].parts == (ToolCall("a", "f", '{"x":"😀"}'),)


def test_a_private_character_is_no_half_in_a_stream_without_halves() -> None:
    assert streamed_answer(chunk(delta(content="\U0010f000")), STOP).choices[0].parts == (Text("\U0010f000"),)
