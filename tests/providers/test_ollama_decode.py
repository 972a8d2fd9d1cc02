"""Ollama's replies, unary and streamed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.failures import bare
from tests.support.relaying import relay_of
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Failure,
    Finish,
    Image,
    Logprobs,
    Message,
    PartEnd,
    PartStart,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
    WireBody,
    fold,
)
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.ollama.provider import Ollama

OLLAMA = Ollama()
BIG = '{"b": 1.0, "a": 12345678901234567890, "tiny": 1e-400}'


def request(stream: bool, *parts: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("assistant", parts),), stream=stream)


def read(decoder: Decoder, body: bytes) -> list[StreamEvent]:
    return decoder.feed(body) + decoder.close()


def answer(body: bytes, stream: bool, *parts: Any) -> Answer:
    return fold(read(OLLAMA.decoder(request(stream, *parts)), body))


def line(message: str, more: str = '"done":false') -> str:
    return f'{{"model":"llama3.2","created_at":"2026-01-01T00:00:00.123456789Z","message":{{{message}}},{more}}}\n'


DONE = (
    '"done_reason":"stop","done":true,"total_duration":4883583458,"load_duration":1334875,'
    '"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000'
)
TEXT_STREAM = "".join(
    [
        line('"role":"assistant","content":"","thinking":"Six times"'),
        line('"role":"assistant","content":"","thinking":" seven"'),
        line('"role":"assistant","content":"The sky \\"done\\":true"'),
        line('"role":"assistant","content":" is bleu 🍓é\\n"'),
        line('"role":"assistant","content":""', DONE),
    ]
).encode()
CALL = f'{{"function":{{"index":0,"name":"pay","arguments":{BIG}}}}}'
OWN_CALL = '{"id":"call_lyywui55","function":{"index":1,"name":"now","arguments":{}}}'
CALLS_STREAM = "".join(
    [
        line('"role":"assistant","content":"Let me see."'),
        line(f'"role":"assistant","content":"","tool_calls":[{CALL}]'),
        line(f'"role":"assistant","content":"","tool_calls":[{OWN_CALL}]'),
        line('"role":"assistant","content":""', DONE),
    ]
).encode()
UNARY = line(f'"role":"assistant","content":"42.","thinking":"Hm.","tool_calls":[{CALL},{OWN_CALL}]', DONE).encode()


def test_a_streamed_text_is_made_of_these_events() -> None:
    assert read(OLLAMA.decoder(request(True)), TEXT_STREAM) == [
        Start("", "llama3.2"),
        PartStart(0, Thinking("Six times")),
        Delta(0, " seven"),
        PartEnd(0),
        PartStart(1, Text('The sky "done":true')),
        Delta(1, " is bleu 🍓é\n"),
        PartEnd(1),
        UsageSoFar(Usage(input=26, output=282)),
        Finish("stop", "stop"),
    ]


@pytest.mark.parametrize(
    ("body", "stream", "before"),
    [(CALLS_STREAM, True, Text("Let me see.")), (UNARY, False, Text("42."))],
    ids=["stream", "unary"],
)
def test_tool_calls_keep_numbers_order_and_their_own_ids(body: bytes, stream: bool, before: Text) -> None:
    decoded = answer(body, stream)
    parts = [part for part in decoded.choices[0].parts if not isinstance(part, Thinking)]
    assert parts == [before, ToolCall("call_1", "pay", BIG), ToolCall("call_lyywui55", "now", "{}")]
    assert decoded.choices[0].finish == Finish("tool_calls", "stop")
    assert decoded.usage == Usage(input=26, output=282)


LOGPROBS = (
    '"logprobs":[{"token":"The","logprob":-0.5,"bytes":[84,104,101],'
    '"top_logprobs":[{"token":"A","logprob":-1.5,"bytes":[65]}]},{"token":"\\ufffd","logprob":-2}]'
)
LIKELY = (
    TokenLogprob("The", -0.5, (TokenLogprob("A", -1.5, (), (65,)),), (84, 104, 101)),
    TokenLogprob("\ufffd", -2.0),
)


def test_log_probabilities_come_before_the_text_that_they_belong_to() -> None:
    piece = line('"role":"assistant","content":"The"', f'"done":false,{LOGPROBS}').encode()
    assert OLLAMA.decoder(request(True)).feed(piece) == [
        Start("", "llama3.2"),
        Logprobs(LIKELY),
        PartStart(0, Text("The")),
    ]
    whole = line('"role":"assistant","content":"The"', f"{DONE},{LOGPROBS}").encode()
    assert answer(whole, False).choices[0].logprobs == LIKELY


@pytest.mark.parametrize("logprobs", ["null", "[]", '{"content":[]}', '[{"token":5}]'])
def test_log_probabilities_of_another_form_cost_nobody_the_answer(logprobs: str) -> None:
    body = line('"role":"assistant","content":"Yes."', f'{DONE},"logprobs":{logprobs}').encode()
    assert answer(body, False).choices == (Choice(0, (Text("Yes."),), Finish("stop", "stop")),)


def test_bad_utf8_in_log_probabilities_costs_nobody_the_answer() -> None:
    body = line('"content":"Yes."', f'{DONE},"logprobs":[{{"token":"?","logprob":0}}]').encode().replace(b"?", b"\xef")
    assert answer(body, False).choices[0].parts == (Text("Yes."),)


def test_a_model_that_draws_gives_images() -> None:
    png = "iVBORw0KGgoAAAANSUhEUg=="
    decoded = answer(line(f'"role":"assistant","content":"Here.","images":["{png}"]', DONE).encode(), False)
    assert decoded.choices[0].parts == (Text("Here."), Image(data=png, media_type="image/png"))


@pytest.mark.parametrize("word", ["load", "unload"])
def test_a_model_that_was_only_loaded_says_so(word: str) -> None:
    body = line('"role":"assistant","content":""', f'"done_reason":"{word}","done":true').encode()
    assert answer(body, False).choices == (Choice(0, (), Finish("other", word)),)


GENERATED = b"""{"model":"m","created_at":"x","response":"","thinking":"Hm.","done":false}
{"model":"m","created_at":"x","response":"The \\"done\\":true sky","done":false}
{"model":"m","created_at":"x","response":"","done":true,"done_reason":"length","context":[1,2],"eval_count":3}
"""


def test_the_endpoint_for_bare_prompts_is_read_and_relayed() -> None:
    generate = OLLAMA.operation(ChatRequest(model="m", messages=(), raw=WireBody("ollama-generate", {})))
    decoded = fold(read(generate.decoder(request(True)), GENERATED))
    assert decoded.choices == (Choice(0, (Thinking("Hm."), Text('The "done":true sky')), Finish("length", "length")),)
    events = read(relay_of(generate, request(True)), GENERATED)
    assert b"".join(event.data for event in events if isinstance(event, Relayed)) == GENERATED
    assert events[-2:] == [UsageSoFar(Usage(output=3)), Finish("length", "length")]


def test_made_ids_go_on_where_the_conversation_is() -> None:
    decoded = answer(CALLS_STREAM, True, ToolCall("call_1", "f", "{}"), ToolCall("call_3", "f", "{}"))
    assert [part.id for part in decoded.choices[0].parts if isinstance(part, ToolCall)] == ["call_4", "call_lyywui55"]


def test_a_whole_body_has_its_thoughts_first() -> None:
    decoded = answer(UNARY, stream=False)
    assert decoded.model == "llama3.2"
    assert decoded.choices[0].parts[:2] == (Thinking("Hm."), Text("42."))


@pytest.mark.parametrize(
    ("done", "finish"),
    [
        ('"done":true,"done_reason":"length"', Finish("length", "length")),
        ('"done":true,"done_reason":"load"', Finish("other", "load")),
        ('"done":true', Finish("stop", "")),
    ],
    ids=["length", "only_loaded", "old_servers_say_no_reason"],
)
def test_finish_reasons(done: str, finish: Finish) -> None:
    assert answer(line('"role":"assistant","content":"a"', done).encode(), stream=False).choices[0].finish == finish


def test_counts_that_ollama_leaves_out_are_not_taken_for_zero() -> None:
    assert answer(line('"role":"assistant","content":"a"', '"done":true').encode(), stream=False).usage is None


@pytest.mark.parametrize("kind", ["decoder", "relay"])
@pytest.mark.parametrize("error", ['{"error":"boom"}\n', '{"error":{"message":"boom"}}\n'], ids=["text", "object"])
def test_an_error_inside_the_stream_is_a_failure_and_no_finish(kind: str, error: str) -> None:
    body = (line('"role":"assistant","content":"a"') + error).encode()
    events = read(getattr(OLLAMA, kind)(request(True)), body)
    assert bare(events)[-1] == Failure("boom")
    assert not any(isinstance(event, Finish) for event in events)
    assert b"boom" not in b"".join(event.data for event in events if isinstance(event, Relayed))


@pytest.mark.parametrize("kind", ["decoder", "relay"])
def test_an_error_in_place_of_a_body_is_a_failure(kind: str) -> None:
    assert bare(read(getattr(OLLAMA, kind)(request(False)), b'{"error":"boom"}')) == [Failure("boom")]


@pytest.mark.parametrize("kind", ["decoder", "relay"])
def test_a_cut_stream_has_no_finish(kind: str) -> None:
    cut = b"".join(TEXT_STREAM.splitlines(keepends=True)[:-1])
    assert not any(isinstance(event, Finish) for event in read(getattr(OLLAMA, kind)(request(True)), cut))


@pytest.mark.parametrize("kind", ["decoder", "relay"])
@pytest.mark.parametrize(
    ("stream", "body"),
    [
        pytest.param(True, b"<html>Bad gateway</html>\n", id="page_instead_of_a_stream"),
        pytest.param(True, b"{not json}\n", id="malformed_line"),
        pytest.param(True, TEXT_STREAM[:40], id="cut_inside_a_line"),
        pytest.param(True, b'{"object":"chat.completion.chunk"}\n', id="another_wire"),
        pytest.param(False, b"", id="empty_body"),
        pytest.param(False, UNARY[:-9], id="cut_body"),
        pytest.param(False, b"[]", id="array"),
        pytest.param(False, b'{"message":{"content":"\xff"},"done":true}', id="not_utf8"),
    ],
)
def test_what_is_not_of_this_wire_is_broken(kind: str, stream: bool, body: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        read(getattr(OLLAMA, kind)(request(stream)), body)


@given(st.sampled_from([TEXT_STREAM, CALLS_STREAM]), st.lists(st.integers(0, len(TEXT_STREAM)), max_size=30))
def test_any_split_of_the_bytes_gives_the_same_answer(body: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    for kind in (OLLAMA.decoder, OLLAMA.relay):
        whole, split = kind(request(True)), kind(request(True))
        events = [event for piece in pieces for event in split.feed(piece)] + split.close()
        assert events == read(whole, body)


# --- relayed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [TEXT_STREAM, CALLS_STREAM], ids=["text", "calls"])
def test_a_relayed_stream_keeps_every_byte(body: bytes) -> None:
    relayed = read(OLLAMA.relay(request(True)), body)
    assert b"".join(event.data for event in relayed if isinstance(event, Relayed)) == body
    ends = [event for event in read(OLLAMA.decoder(request(True)), body) if isinstance(event, UsageSoFar | Finish)]
    assert [event for event in relayed if not isinstance(event, Relayed)] == ends


def test_a_relayed_line_says_whether_it_carries_content() -> None:
    relayed = [event for event in read(OLLAMA.relay(request(True)), CALLS_STREAM) if isinstance(event, Relayed)]
    assert [event.content for event in relayed] == [True, True, True, False]


def test_a_last_line_that_is_spelled_otherwise_is_not_missed() -> None:
    body = b'{ "message": {"content": ""}, "done" : true, "done_reason": "stop", "eval_count": 3 }'
    assert read(OLLAMA.relay(request(True)), body)[1:] == [UsageSoFar(Usage(output=3)), Finish("stop", "stop")]


def test_a_relayed_body_is_passed_on_whole() -> None:
    relayed, usage, finish = read(OLLAMA.relay(request(False)), UNARY)
    assert relayed == Relayed(UNARY)
    assert usage == UsageSoFar(Usage(input=26, output=282))
    assert finish == Finish("tool_calls", "stop")
