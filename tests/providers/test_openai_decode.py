"""Replies on OpenAI's wire as its many vendors really send them, read into the core's events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.failures import bare
from tests.support.openai_wire import (
    DONE,
    PROVIDER,
    STREAMED,
    UNARY,
    USAGE,
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
    ChatRequest,
    Choice,
    Delta,
    Extra,
    Failure,
    Finish,
    Image,
    Message,
    Part,
    PartEnd,
    PartStart,
    Refusal,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
    fold,
)
from turnout.errors import UpstreamBroken

START = Start("chatcmpl-1", "gpt-4o-mini", 1_780_000_000)
STOP = Finish("stop", "stop")
CALLED = Finish("tool_calls", "tool_calls")
ROLE = chunk(delta(role="assistant", content=""))
END = chunk(delta(finish="stop"))
LAST = chunk(usage=USAGE)
USED = Usage(input=9, output=4)


def parts_of(*chunks: dict[str, Any]) -> tuple[Part, ...]:
    (only,) = streamed_answer(*chunks).choices
    return only.parts


def stream(data: bytes) -> list[StreamEvent]:
    return read(PROVIDER.decoder(STREAMED), data)


def test_a_stream_becomes_events_in_their_order() -> None:
    events = streamed(ROLE, chunk(delta(content="Hel")), chunk(delta(content="lo")), END, LAST)
    assert events == [
        START,
        PartStart(0, Text("Hel")),
        Delta(0, "lo"),
        PartEnd(0),
        STOP,
        UsageSoFar(USED),
    ]


# --- odd but real streams ----------------------------------------------------------------------------

AZURE_FILTER = {
    "choices": [],
    "created": 0,
    "id": "",
    "model": "",
    "object": "",
    "prompt_filter_results": [{"prompt_index": 0}],
}
HELLO = (Text("Hello"),)


@pytest.mark.parametrize(
    ("data", "parts", "usage"),
    [
        pytest.param(
            sse(AZURE_FILTER, ROLE, chunk(delta(content="Hello")), END, LAST) + DONE,
            HELLO,
            USED,
            id="azure-begins-without-choices",
        ),
        pytest.param(
            sse(*[one | {"usage": None} for one in (ROLE, chunk(delta(content="Hello")), END)], LAST) + DONE,
            HELLO,
            USED,
            id="null-usage-in-every-chunk",
        ),
        pytest.param(
            sse(chunk(delta(content="Hello")), chunk(delta(finish="stop"), usage=USAGE)) + DONE,
            HELLO,
            USED,
            id="usage-with-the-finish",
        ),
        pytest.param(
            sse(
                chunk(delta(content="Hel"), usage=USAGE | {"total_tokens": 10, "completion_tokens": 1}),
                chunk(delta(content="lo")),
                END,
                LAST,
            )
            + DONE,
            HELLO,
            USED,
            id="usage-so-far-in-every-chunk",
        ),
        pytest.param(
            sse(chunk(delta(content="Hello")), END, chunk(delta(finish="stop"), usage=USAGE)) + DONE,
            HELLO,
            USED,
            id="finish-said-twice",
        ),
        pytest.param(
            sse(
                chunk(
                    {
                        "index": 0,
                        "delta": {"role": "assistant", "content": None, "reasoning_content": None, "tool_calls": None},
                        "finish_reason": None,
                        "matched_stop": None,
                    }
                ),
                chunk({"index": 0, "delta": {"role": None, "content": "Hello", "tool_calls": None}}),
                END,
                LAST,
            ),
            HELLO,
            USED,
            id="nulls-everywhere-and-no-done",
        ),
        pytest.param(
            sse(
                {"choices": [{"delta": {"content": "Hello"}}]},
                {"choices": [{"delta": {}, "finish_reason": "stop"}]},
                {"usage": USAGE},
            ),
            HELLO,
            USED,
            id="hardly-anything",
        ),
        pytest.param(
            b": OPENROUTER PROCESSING\n\n"
            + sse(chunk(delta(content="Hel")))
            + b"data:\n\n: ping\n\n"
            + sse(chunk(delta(content="lo")), END, LAST)
            + DONE,
            HELLO,
            USED,
            id="comments-and-keep-alives",
        ),
        pytest.param(
            sse(chunk(delta(content="Hello")), END, LAST, line_end="\r\n") + b"data: [DONE]\r\n\r\n",
            HELLO,
            USED,
            id="crlf",
        ),
        pytest.param(
            b"id: 1\nevent: chunk\nretry: 3\n"
            + sse(chunk(delta(content="Hello")), END, LAST)
            + b"event: done\ndata: [DONE] \n\n",
            HELLO,
            USED,
            id="other-fields",
        ),
        pytest.param(
            sse(chunk(delta(content="Hello")), END, LAST) + b"data: [DONE]", HELLO, USED, id="no-blank-line-at-the-end"
        ),
        pytest.param(sse(chunk(delta(content="Hello")), END), HELLO, None, id="no-usage"),
        pytest.param(
            sse(
                chunk(delta(reasoning_content="h")),
                chunk(delta(reasoning="m")),
                chunk(delta(content="Hello")),
                END,
                LAST,
            ),
            (Thinking("hm"), *HELLO),
            USED,
            id="reasoning-by-both-names",
        ),
        pytest.param(
            sse(
                chunk(
                    delta(
                        content=[
                            {
                                "type": "thinking",
                                "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}],
                            }
                        ]
                    )
                ),
                chunk(delta(content=[{"type": "text", "text": "Hel"}])),
                chunk(delta(content="lo")),
                END,
                LAST,
            ),
            (Thinking("hm"), *HELLO),
            USED,
            id="mistral-says-content-in-parts",
        ),
        pytest.param(
            sse(chunk(delta(refusal="No")), chunk(delta(refusal=".")), END, LAST), (Refusal("No."),), USED, id="refusal"
        ),
        pytest.param(
            sse(chunk(delta(content="Hello")), END, chunk(usage={"prompt_tokens": "nine"})),
            HELLO,
            None,
            id="usage-of-wrong-type",
        ),
        pytest.param(
            sse(chunk(delta(content="Hello")), END, chunk(usage=USAGE | {"completion_tokens": -4})),
            HELLO,
            None,
            id="negative-usage",
        ),
        pytest.param(
            sse(chunk(delta(content="Hello")), END, chunk(usage=USAGE | {"prompt_tokens": 10**30})),
            HELLO,
            None,
            id="absurd-usage",
        ),
    ],
)
def test_odd_streams(data: bytes, parts: tuple[Part, ...], usage: Usage | None) -> None:
    events = stream(data)
    assert [event for event in events if isinstance(event, Start)] == [events[0]]
    assert [event for event in events if isinstance(event, Finish)] == [STOP]
    answer = fold(events)
    assert answer.choices == (Choice(0, parts, STOP),)
    assert answer.usage == usage


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        pytest.param(
            {
                "prompt_tokens": 12,
                "completion_tokens": 2,
                "total_tokens": 354,
                "prompt_tokens_details": {"cached_tokens": 11},
                "completion_tokens_details": {"reasoning_tokens": 340},
                "cost_in_usd_ticks": 1_721_250,
            },
            Usage(input=12, output=342, cached_input=11, reasoning=340, extra=Extra(told_cost=172_125_000)),
            id="xai-counts-reasoning-apart",
        ),
        pytest.param(
            {
                "prompt_tokens": 15,
                "completion_tokens": 78,
                "total_tokens": 93,
                "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 64, "audio_tokens": 0},
            },
            Usage(input=15, output=78, reasoning=64),
            id="openai",
        ),
        pytest.param(
            {
                "prompt_tokens": 19,
                "total_tokens": 1739,
                "completion_tokens": 1720,
                "prompt_tokens_details": None,
                "reasoning_tokens": 7,
            },
            Usage(input=19, output=1720, reasoning=7),
            id="sglang-has-reasoning-at-the-top",
        ),
        pytest.param(
            {
                "prompt_tokens": 19,
                "completion_tokens": 5,
                "total_tokens": 24,
                "prompt_cache_hit_tokens": 16,
                "prompt_cache_miss_tokens": 3,
            },
            Usage(input=19, output=5, cached_input=16),
            id="deepseek-has-the-cache-at-the-top",
        ),
        pytest.param({"prompt_tokens": 19, "completion_tokens": 5}, Usage(input=19, output=5), id="no-total"),
        pytest.param(
            {"prompt_tokens": 19, "completion_tokens": 5, "total_tokens": 7},
            Usage(input=19, output=5),
            id="total-too-small",
        ),
        pytest.param({}, Usage(), id="empty"),
        pytest.param(
            {
                "prompt_tokens": 20,
                "completion_tokens": 30,
                "total_tokens": 50,
                "prompt_tokens_details": {"audio_tokens": 15, "cached_tokens": 0},
                "completion_tokens_details": {"audio_tokens": 25, "reasoning_tokens": 0},
            },
            Usage(input=20, output=30, audio_input=15, audio_output=25),
            id="sound",
        ),
    ],
)
def test_usage(fields: dict[str, Any], usage: Usage) -> None:
    assert streamed(ROLE, END, chunk(usage=fields))[-1] == UsageSoFar(usage)
    assert unary_answer(completion(choice(content="x"), usage=fields)).usage == usage


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("content_filter", "content_filter"),
        ("from_the_future", "other"),
    ],
)
def test_finish_reasons_keep_the_providers_word(native: str, reason: Any) -> None:
    assert streamed(chunk(delta(finish=native)))[-1] == Finish(reason, native)


def test_a_stream_that_was_cut_has_no_finish() -> None:
    assert fold(stream(sse(ROLE, chunk(delta(content="Hel"))))).choices == (Choice(0, (Text("Hel"),), None),)


def test_an_empty_finish_reason_is_none() -> None:
    assert fold(stream(sse(chunk(delta(content="Hel", finish=""))))).choices[0].finish is None


# --- tool calls --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        pytest.param(
            [
                [call_piece(0, "a", "f")],
                [call_piece(0, arguments='{"x"')],
                [call_piece(0, arguments=":1}")],
                [call_piece(1, "b", "g")],
                [call_piece(1, arguments="{}")],
            ],
            [ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "{}")],
            id="openai",
        ),
        pytest.param(
            [
                [call_piece(0, "a", "f"), call_piece(1, "b", "g")],
                [call_piece(1, arguments="{}"), call_piece(0, arguments='{"x":1}')],
            ],
            [ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "{}")],
            id="interleaved",
        ),
        pytest.param(
            [[call_piece(1, "a", "f")], [call_piece(1, arguments="{}")], [call_piece(2, "b", "g", "{}")]],
            [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")],
            id="numbered-from-one",
        ),
        pytest.param(
            [
                [call_piece(None, "a", "f", '{"x"')],
                [call_piece(None, arguments=":1}")],
                [call_piece(None, "b", "g", "{")],
                [call_piece(None, arguments="}")],
            ],
            [ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "{}")],
            id="without-numbers",
        ),
        pytest.param(
            [[call_piece(None, "a", "f", "{}"), call_piece(None, "b", "g", "{}")]],
            [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")],
            id="all-at-once-without-numbers",
        ),
        pytest.param(
            [[call_piece(0, "a", "f", "{}")], [call_piece(0, "b", "g", '{"x"')], [call_piece(0, arguments=":1}")]],
            [ToolCall("a", "f", "{}"), ToolCall("b", "g", '{"x":1}')],
            id="gemini-gives-all-the-number-0",
        ),
        pytest.param(
            [[call_piece(0, "r1", "f")], [call_piece(0, "r2", arguments="{")], [call_piece(0, "r3", arguments="}")]],
            [ToolCall("r1", "f", "{}")],
            id="old-vllm-makes-an-id-for-every-piece",
        ),
        pytest.param(
            [[call_piece(0, "a", "f", "{")], [call_piece(0, "a", "f", "}")]],
            [ToolCall("a", "f", "{}")],
            id="name-and-id-in-every-piece",
        ),
        pytest.param(
            [[call_piece(None, "a", "f", "{")], [call_piece(None, "a", arguments="}")]],
            [ToolCall("a", "f", "{}")],
            id="id-in-every-piece-without-numbers",
        ),
        pytest.param(
            [[call_piece(0, "", "f", "{}")], [call_piece(1, None, "g", "{}")]],
            [ToolCall("call_1", "f", "{}"), ToolCall("call_2", "g", "{}")],
            id="without-ids",
        ),
        pytest.param([[call_piece(0, "a", "f", "")]], [ToolCall("a", "f", "")], id="no-arguments"),
        pytest.param([[{"index": 0, "id": "a", "type": "function"}]], [ToolCall("a", "", "")], id="no-function"),
    ],
)
def test_tool_calls(pieces: list[list[Any]], calls: list[ToolCall]) -> None:
    chunks = [chunk(delta(tool_calls=list(piece))) for piece in pieces]
    answer = streamed_answer(ROLE, *chunks, chunk(delta(finish="tool_calls")))
    assert answer.choices == (Choice(0, tuple(calls), CALLED),)


def test_every_part_ends_before_the_finish() -> None:
    events = streamed(
        chunk(delta(content="a")),
        chunk(delta(tool_calls=[call_piece(0, "a", "f")])),
        chunk(delta(tool_calls=[call_piece(1, "b", "g")])),
        chunk(delta(finish="tool_calls")),
    )
    assert events[1:] == [
        PartStart(0, Text("a")),
        PartEnd(0),
        PartStart(1, ToolCall("a", "f", "")),
        PartStart(2, ToolCall("b", "g", "")),
        PartEnd(1),
        PartEnd(2),
        CALLED,
    ]


def test_words_between_the_pieces_of_a_call_do_not_end_it() -> None:
    assert parts_of(
        chunk(delta(tool_calls=[call_piece(0, "a", "f", "{")])),
        chunk(delta(content="\n")),
        chunk(delta(tool_calls=[call_piece(0, arguments="}")])),
        chunk(delta(finish="tool_calls")),
    ) == (ToolCall("a", "f", "{}"), Text("\n"))


def test_an_id_that_is_made_up_is_new_to_the_conversation() -> None:
    called = Message("assistant", (ToolCall("call_2", "f", "{}"),))
    request = ChatRequest(model="m", messages=(called,), stream=True)
    data = sse(
        chunk(delta(tool_calls=[call_piece(0, None, "f", "{}")])),
        chunk(delta(tool_calls=[call_piece(1, None, "g", "{}")])),
    )
    started = [event.part for event in read(PROVIDER.decoder(request), data) if isinstance(event, PartStart)]
    assert len({part.id for part in started if isinstance(part, ToolCall)} | {"call_2"}) == 3


def test_choices_come_interleaved() -> None:
    answer = streamed_answer(
        chunk(delta(1, content="x")),
        chunk(delta(0, content="a"), delta(1, content="y")),
        chunk(delta(1, finish="length")),
        chunk(delta(0, tool_calls=[call_piece(0, "c", "f", "{}")])),
        chunk(delta(0, finish="tool_calls")),
    )
    assert answer.choices == (
        Choice(0, (Text("a"), ToolCall("c", "f", "{}")), CALLED),
        Choice(1, (Text("xy"),), Finish("length", "length", 1)),
    )


# --- errors ------------------------------------------------------------------------------------------

OPENAI_ERROR = {"error": {"message": "Overloaded.", "type": "server_error", "param": None, "code": None}}


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        pytest.param(OPENAI_ERROR, Failure("Overloaded.", "server_error", 503), id="openai"),
        pytest.param({"error": {"message": "Slow.", "code": 429}}, Failure("Slow.", "429", 429), id="openrouter"),
        pytest.param(
            chunk(delta(content="", finish="error"), error={"code": "server_error", "message": "Gone."}),
            Failure("Gone.", "server_error"),
            id="openrouter-in-a-chunk",
        ),
        pytest.param(
            {"error": {"object": "error", "message": "Bad.", "type": "BadRequestError", "code": 400}},
            Failure("Bad.", "400", 400),
            id="vllm",
        ),
        pytest.param({"error": "model not loaded"}, Failure("model not loaded"), id="a-string"),
        pytest.param({"error": {}}, Failure("The provider reported an error."), id="empty"),
        pytest.param({"error": {"message": "x", "code": 99999}}, Failure("x", "99999"), id="code-that-is-no-status"),
    ],
)
def test_errors_inside_an_answer(error: dict[str, Any], failure: Failure) -> None:
    assert bare(streamed(ROLE, chunk(delta(content="Hel")), error))[-1] == failure
    assert bare(stream(b"event: error\n" + sse(error))) == [failure]
    assert bare(read(PROVIDER.decoder(UNARY), json.dumps(error).encode()))[-1] == failure


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<html>Bad gateway</html>", id="html"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'{"choices": 5}', id="choices-a-number"),
        pytest.param(b'{"choices": [{"delta": {"content": 5}}]}', id="content-a-number"),
        pytest.param(b'{"choices": [', id="cut"),
        pytest.param(b'{"choices": [{"delta": {"content": "\xff"}}]}', id="bad-utf8"),
        pytest.param(b'{"x": ' + b"[" * 100_000, id="deep-nesting"),
    ],
)
def test_what_is_not_of_this_wire_is_broken(data: bytes) -> None:
    with pytest.raises(UpstreamBroken, match="chat completion"):
        read(PROVIDER.decoder(UNARY), data)
    if data:
        with pytest.raises(UpstreamBroken, match="chat completion"):
            stream(b"data: " + data + b"\n\n")


def test_what_came_before_something_broken_is_given() -> None:
    decoder = PROVIDER.decoder(STREAMED)
    assert decoder.feed(sse(chunk(delta(content="Hello"))) + b"data: {\n\n") == [START, PartStart(0, Text("Hello"))]
    with pytest.raises(UpstreamBroken):
        decoder.close()


# --- whole replies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "parts", "finish"),
    [
        pytest.param(completion(choice(content="Hello")), HELLO, STOP, id="text"),
        pytest.param(completion(choice(content="")), (), STOP, id="empty"),
        pytest.param(completion(choice(content=None, refusal="No.")), (Refusal("No."),), STOP, id="refusal"),
        pytest.param(
            completion(choice(content="Hello", reasoning_content="hm")), (Thinking("hm"), *HELLO), STOP, id="reasoning"
        ),
        pytest.param(
            completion(
                choice(
                    finish="tool_calls",
                    tool_calls=[call_piece(None, "a", "f", '{"b":1.0, "a":1}'), call_piece(None, "b", "g", "{}")],
                )
            ),
            (ToolCall("a", "f", '{"b":1.0, "a":1}'), ToolCall("b", "g", "{}")),
            CALLED,
            id="parallel-calls",
        ),
        pytest.param(completion(choice(content="Hello", finish=None)), HELLO, Finish("stop", ""), id="no-finish"),
        pytest.param(
            completion(choice(content=[{"type": "text", "text": "Hello"}])), HELLO, STOP, id="content-in-parts"
        ),
    ],
)
def test_whole_replies(body: bytes, parts: tuple[Part, ...], finish: Finish | None) -> None:
    answer = unary_answer(body)
    assert (answer.id, answer.model, answer.created) == ("chatcmpl-1", "gpt-4o-mini", 1_780_000_000)
    (only,) = answer.choices
    assert (only.parts, only.finish) == (parts, finish)
    assert answer.usage == USED


def test_several_choices_of_a_whole_reply() -> None:
    answer = unary_answer(completion(choice(0, content="a"), choice(1, finish="length", content="b")))
    assert [one.parts for one in answer.choices] == [(Text("a"),), (Text("b"),)]


def test_a_whole_reply_without_choices_is_broken() -> None:
    with pytest.raises(UpstreamBroken, match="no choices"):
        unary_answer(completion())


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
AT_AN_ADDRESS = {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}
PICTURES = (Image(data="iVBO", media_type="image/png"), Image(url="https://x.test/a.png"))


def test_pictures_of_a_stream() -> None:
    """OpenRouter's."""
    chunks = (ROLE, chunk(delta(content="Here.")), chunk(delta(images=[PICTURE])), chunk(delta(images=[AT_AN_ADDRESS])))
    assert parts_of(*chunks, END) == (Text("Here."), *PICTURES)


def test_pictures_of_a_whole_reply() -> None:
    (only,) = unary_answer(completion(choice(content="Here.", images=[PICTURE, AT_AN_ADDRESS]))).choices
    assert only.parts == (Text("Here."), *PICTURES)
    (only,) = unary_answer(completion(choice(content="", images=[PICTURE]))).choices
    assert only.parts == PICTURES[:1]


@pytest.mark.parametrize(
    "image", [{}, {"image_url": {"url": "data:text/plain;base64,AA"}}, {"image_url": {"url": "?"}}]
)
def test_what_is_no_picture_is_passed_over(image: dict[str, Any]) -> None:
    (only,) = unary_answer(completion(choice(content="Here.", images=[image]))).choices
    assert only.parts == (Text("Here."),)
