"""Gemini's replies, unary and streamed, in the shapes that the real service sends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.failures import bare
from turnout.core import (
    Answer,
    ChatRequest,
    Delta,
    Failure,
    File,
    Finish,
    Image,
    Logprobs,
    Message,
    PartEnd,
    PartStart,
    Relayed,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
    fold,
)
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.gemini.provider import Gemini

GEMINI = Gemini()
BIG = '{"b": 1.0, "a": 12345678901234567890, "tiny": 1e-400}'


def request(stream: bool, *parts: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("assistant", parts),), stream=stream)


def read(decoder: Decoder, body: bytes) -> list[StreamEvent]:
    return decoder.feed(body) + decoder.close()


def answer(body: bytes, stream: bool, *parts: Any) -> Answer:
    return fold(read(GEMINI.decoder(request(stream, *parts)), body))


def frames(*replies: str, line_end: str = "\r\n") -> bytes:
    """Frames as Google writes them, with CRLF."""
    return "".join(f"data: {reply}{line_end}{line_end}" for reply in replies).encode()


def candidate(parts: str, more: str = "") -> str:
    return f'{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}},"index":0{more}}}]}}'


def shown(parts: tuple[Any, ...]) -> list[Any]:
    """Parts as plain values, so that raw JSON compares."""
    return [msgspec.to_builtins(part) for part in parts]


def signed(signature: str) -> dict[str, Any]:
    return {"gemini": {"thoughtSignature": msgspec.Raw(f'"{signature}"'.encode())}}


TEXT = '{"text":"a"}'
STOP = ',"finishReason":"STOP"'
USAGE = (
    '"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":23,"totalTokenCount":218,"thoughtsTokenCount":185,'
    '"cachedContentTokenCount":4,"toolUsePromptTokenCount":1,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}]}'
)
TEXT_STREAM = frames(
    '{"candidates":[{"content":{"parts":[{"text":"There are **3**"}],"role":"model"},"index":0}],'
    '"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":5},"modelVersion":"gemini-3-pro","responseId":"r1"}',
    candidate('{"text":" \\"r\\"s in straw\\nbérry 🍓"}'),
    f'{{"candidates":[{{"content":{{"parts":[{{"text":"","thoughtSignature":"c2ln"}}],"role":"model"}}{STOP},"index":0}}],'
    f'{USAGE},"modelVersion":"gemini-3-pro","responseId":"r1"}}',
)
CALLS_STREAM = frames(
    candidate('{"text":"Let me see.","thought":true}'),
    candidate(f'{{"functionCall":{{"name":"pay","args":{BIG}}},"thoughtSignature":"c2ln"}}'),
    candidate('{"functionCall":{"name":"read_screen","willContinue":true}}'),
    candidate(
        '{"functionCall":{"partialArgs":[{"jsonPath":"$.id","stringValue":"A","willContinue":true}],"willContinue":true}}'
    ),
    candidate('{"functionCall":{"partialArgs":[{"jsonPath":"$.id","stringValue":"B"}],"willContinue":true}}'),
    candidate('{"functionCall":{}}'),
    candidate('{"functionCall":{"name":"read_theme","id":"own-id"}},{"text":""}', STOP),
)
UNARY = f"""{{
  "candidates": [{{"content": {{"parts": [
    {{"text": "Hm.", "thought": true}},
    {{"text": "Hello", "thoughtSignature": "c2ln"}},
    {{"functionCall": {{"name": "pay", "args": {BIG}}}}}
  ], "role": "model"}}, "finishReason": "STOP", "finishMessage": "Model generated function call(s).", "index": 0}}],
  {USAGE}, "modelVersion": "gemini-3-pro", "responseId": "r1"
}}""".encode()
ERROR = '{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}'


def test_a_streamed_text_folds_into_one_signed_part() -> None:
    decoded = answer(TEXT_STREAM, stream=True)
    assert (decoded.id, decoded.model) == ("r1", "gemini-3-pro")
    assert decoded.usage == Usage(input=10, output=208, cached_input=4, reasoning=185)
    (choice,) = decoded.choices
    assert choice.parts == (Text('There are **3** "r"s in straw\nbérry 🍓', signed("c2ln")),)
    assert choice.finish == Finish("stop", "STOP")


def test_usage_comes_before_the_finish_and_only_when_it_has_changed() -> None:
    body = TEXT_STREAM[: TEXT_STREAM.rindex(b"data:")] + TEXT_STREAM[TEXT_STREAM.rindex(b"data:") :] * 2
    kept = [event for event in read(GEMINI.decoder(request(True)), body) if isinstance(event, UsageSoFar | Finish)]
    assert [type(event) for event in kept] == [UsageSoFar, UsageSoFar, Finish]


def test_streamed_calls_in_one_piece_and_in_many() -> None:
    decoded = answer(CALLS_STREAM, stream=True)
    (choice,) = decoded.choices
    assert choice.parts == (
        Thinking("Let me see."),
        ToolCall("call_1", "pay", BIG, signed("c2ln")),
        ToolCall("call_2", "read_screen", '{"id":"AB"}'),
        ToolCall("own-id", "read_theme", "{}"),
    )
    assert choice.finish == Finish("tool_calls", "STOP")


def test_made_ids_go_on_where_the_conversation_is() -> None:
    decoded = answer(CALLS_STREAM, True, ToolCall("call_1", "f", "{}"), ToolCall("call_3", "f", "{}"))
    assert [part.id for part in decoded.choices[0].parts if isinstance(part, ToolCall)] == [
        "call_4",
        "call_5",
        "own-id",
    ]


def test_a_whole_body_keeps_parts_numbers_and_order() -> None:
    decoded = answer(UNARY, stream=False)
    (choice,) = decoded.choices
    assert choice.parts == (Thinking("Hm."), Text("Hello", signed("c2ln")), ToolCall("call_1", "pay", BIG))
    assert choice.finish == Finish("tool_calls", "STOP")
    assert decoded.usage == Usage(input=10, output=208, cached_input=4, reasoning=185)


def test_choices_are_kept_apart() -> None:
    first = '{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":1},{"content":{"parts":[{"text":"b"}]}}]}'
    last = (
        '{"candidates":[{"finishReason":"MAX_TOKENS"},'
        '{"content":{"parts":[{"text":"c"}]},"finishReason":"STOP","index":1}]}'
    )
    decoded = answer(frames(first, last), stream=True)
    assert [(c.index, c.parts, c.finish and c.finish.reason) for c in decoded.choices] == [
        (0, (Text("b"),), "length"),
        (1, (Text("ac"),), "stop"),
    ]


def test_nothing_is_joined_to_a_signed_text() -> None:
    body = frames(candidate('{"text":"a","thoughtSignature":"c2ln"}'), candidate('{"text":"b"}', STOP))
    assert answer(body, stream=True).choices[0].parts == (Text("a", signed("c2ln")), Text("b"))


def test_thought_and_text_are_separate_parts_in_the_order_they_came() -> None:
    body = frames(candidate('{"text":"a","thought":true},{"text":"b"},{"text":"c","thought":true}', STOP))
    assert answer(body, stream=True).choices[0].parts == (Thinking("a"), Text("b"), Thinking("c"))


def test_a_made_image_is_a_part() -> None:
    body = candidate('{"inlineData":{"mimeType":"image/png","data":"aGk="}}', STOP).encode()
    assert answer(body, stream=False).choices[0].parts == (Image(data="aGk=", media_type="image/png"),)


PARTIAL = [
    pytest.param(
        '{"jsonPath":"$.items[0].price","numberValue":0.30},{"jsonPath":"$.items[1].price","numberValue":12345678901234567890}',
        '{"items":[{"price":0.30},{"price":12345678901234567890}]}',
        id="array_of_objects_and_exact_numbers",
    ),
    pytest.param(
        '{"jsonPath":"$.a","boolValue":false},{"jsonPath":"$.b","nullValue":"NULL_VALUE"},{"jsonPath":"$.c","stringValue":""}',
        '{"a":false,"b":null,"c":""}',
        id="false_null_and_empty",
    ),
    pytest.param(
        """{"jsonPath":"$['a b']['it\\\\'s'][0]","stringValue":"x"},{"jsonPath":"$.z","stringValue":"é\\n"}""",
        '{"a b":{"it\'s":["x"]},"z":"é\\n"}',
        id="quoted_names",
    ),
    pytest.param(
        '{"jsonPath":"$.a.x","numberValue":1},{"jsonPath":"$.b","numberValue":2},{"jsonPath":"$.a.y","numberValue":3}',
        '{"a":{"x":1,"y":3},"b":2}',
        id="comes_back_to_an_object",
    ),
]


@pytest.mark.parametrize(("pieces", "arguments"), PARTIAL)
def test_partial_arguments(pieces: str, arguments: str) -> None:
    opened = '{"functionCall":{"name":"f","willContinue":true}}'
    body = frames(candidate(opened), candidate(f'{{"functionCall":{{"partialArgs":[{pieces}]}}}}', STOP))
    assert answer(body, stream=True).choices[0].parts == (ToolCall("call_1", "f", arguments),)


def test_a_call_in_pieces_ends_with_its_last_piece() -> None:
    """The client need not wait for what comes next."""
    decoder = GEMINI.decoder(request(True))
    decoder.feed(frames(candidate('{"functionCall":{"name":"f","willContinue":true}}')))
    piece = '{"jsonPath":"$.id","numberValue":1}'
    more = f'{{"functionCall":{{"partialArgs":[{piece}],"willContinue":true}}}}'
    assert decoder.feed(frames(candidate(more))) == []
    assert decoder.feed(frames(candidate('{"functionCall":{}}'))) == [Delta(0, '{"id":1}'), PartEnd(0)]


@pytest.mark.parametrize(
    "path", ["a", "$", "$[0]", "$.a..b", "$.a[b]", "$.list[99999999999]", "$" + ".a" * 101, "$.list.name"]
)
def test_a_path_that_leads_nowhere_breaks_the_reply_not_the_process(path: str) -> None:
    pieces = f'{{"jsonPath":"$.list[0]","stringValue":"l"}},{{"jsonPath":"{path}","numberValue":1}}'
    with pytest.raises(UpstreamBroken):
        answer(frames(candidate(f'{{"functionCall":{{"name":"f","partialArgs":[{pieces}]}}}}')), stream=True)


def test_many_paths_that_skip_places_break_the_reply_too() -> None:
    pieces = ",".join(f'{{"jsonPath":"$.a{number}[999]","numberValue":1}}' for number in range(2))
    with pytest.raises(UpstreamBroken):
        answer(frames(candidate(f'{{"functionCall":{{"name":"f","partialArgs":[{pieces}]}}}}')), stream=True)


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("CONTINUATION", "length"),
        ("BLOCKLIST", "content_filter"),
        ("ESCALATION", "content_filter"),
        ("IMAGE_PROHIBITED_CONTENT", "content_filter"),
        ("IMAGE_RECITATION", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("RECITATION", "content_filter"),
        ("SAFETY", "content_filter"),
        ("SPII", "content_filter"),
        ("FUNCTION_CALL", "tool_calls"),
        ("MALFORMED_FUNCTION_CALL", "other"),
        ("SOMETHING_NEW", "other"),
    ],
)
def test_finish_reasons(native: str, reason: str) -> None:
    body = f'{{"candidates":[{{"finishReason":"{native}"}}]}}'.encode()
    (choice,) = answer(body, stream=False).choices
    assert choice.finish
    assert (choice.finish.reason, choice.finish.native_reason) == (reason, native)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_a_blocked_prompt_is_an_answer_that_was_filtered(stream: bool) -> None:
    reply = '{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}'
    decoded = answer(frames(reply) if stream else reply.encode(), stream)
    assert decoded.choices[0].finish == Finish("content_filter", "SAFETY")
    assert decoded.usage == Usage(input=4)


@pytest.mark.parametrize("kind", ["decoder", "relay"])
def test_an_error_inside_the_stream_is_a_failure_and_no_finish(kind: str) -> None:
    events = read(getattr(GEMINI, kind)(request(True)), frames(candidate('{"text":"a"}'), ERROR))
    assert bare(events)[-1] == Failure("The model is overloaded.", "UNAVAILABLE", 503)
    assert not any(isinstance(event, Finish) for event in events)
    assert b"overloaded" not in b"".join(event.data for event in events if isinstance(event, Relayed))


@pytest.mark.parametrize("kind", ["decoder", "relay"])
def test_a_cut_stream_has_no_finish(kind: str) -> None:
    cut = TEXT_STREAM[: TEXT_STREAM.rindex(b"data:")]
    assert not any(isinstance(event, Finish) for event in read(getattr(GEMINI, kind)(request(True)), cut))


@pytest.mark.parametrize("kind", ["decoder", "relay"])
@pytest.mark.parametrize(
    ("stream", "body"),
    [
        pytest.param(True, b"<html>Bad gateway</html>", id="page_instead_of_a_stream"),
        pytest.param(True, b"data: {not json}\r\n\r\n", id="malformed_event"),
        pytest.param(True, b'data: {"candidates":{}}\r\n\r\n', id="event_of_another_form"),
        pytest.param(True, TEXT_STREAM[:60], id="cut_inside_an_event"),
        pytest.param(False, b"", id="empty_body"),
        pytest.param(False, UNARY[:-9], id="cut_body"),
        pytest.param(False, b"{}", id="no_candidates"),
        pytest.param(False, b"[]", id="array"),
        pytest.param(False, b'{"candidates":[{"finishReason":"\xff"}]}', id="not_utf8"),
    ],
)
def test_what_is_not_of_this_wire_is_broken(kind: str, stream: bool, body: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        read(getattr(GEMINI, kind)(request(stream)), body)


@given(st.sampled_from([TEXT_STREAM, CALLS_STREAM]), st.lists(st.integers(0, len(CALLS_STREAM)), max_size=30))
def test_any_split_of_the_bytes_gives_the_same_answer(body: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    for kind in (GEMINI.decoder, GEMINI.relay):
        whole, split = kind(request(True)), kind(request(True))
        events = [event for piece in pieces for event in split.feed(piece)] + split.close()
        assert events == read(whole, body)


# --- relayed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [TEXT_STREAM, CALLS_STREAM], ids=["text", "calls"])
def test_a_relayed_stream_keeps_every_byte_of_its_data(body: bytes) -> None:
    relayed = read(GEMINI.relay(request(True)), body)
    assert b"".join(event.data for event in relayed if isinstance(event, Relayed)) == body.replace(b"\r\n", b"\n")
    ends = [event for event in read(GEMINI.decoder(request(True)), body) if isinstance(event, UsageSoFar | Finish)]
    assert [event for event in relayed if not isinstance(event, Relayed)] == ends


def test_a_relayed_event_of_several_lines_stays_one_event() -> None:
    body = b'data: {"candidates":\ndata: []}\n\n'
    assert read(GEMINI.relay(request(True)), body) == [Relayed(body, content=False)]


def test_a_relayed_body_is_passed_on_whole() -> None:
    relayed, usage, finish = read(GEMINI.relay(request(False)), UNARY)
    assert relayed == Relayed(UNARY)
    assert usage == UsageSoFar(Usage(input=10, output=208, cached_input=4, reasoning=185))
    assert finish == Finish("tool_calls", "STOP")


def test_a_relayed_event_says_whether_it_carries_content() -> None:
    body = frames(candidate('{"text":"a"}'), '{"usageMetadata":{"promptTokenCount":4}}')
    relayed = [event for event in read(GEMINI.relay(request(True)), body) if isinstance(event, Relayed)]
    assert [event.content for event in relayed] == [True, False]


# --- what is beside words ----------------------------------------------------------------------------


def test_log_probabilities_come_before_their_text() -> None:
    logprobs = (
        ',"logprobsResult":{"chosenCandidates":[{"token":"a","tokenId":1,"logProbability":-0.5},{"token":"b"}],'
        '"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5},{"token":"c","logProbability":-2}]}]}'
    )
    events = read(GEMINI.decoder(request(stream=True)), frames(candidate('{"text":"ab"}', logprobs)))
    tokens = (TokenLogprob("a", -0.5, (TokenLogprob("a", -0.5), TokenLogprob("c", -2.0))), TokenLogprob("b", 0.0))
    assert events[1:3] == [Logprobs(tokens), PartStart(0, Text("ab"))]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ('{"inlineData":{"mimeType":"video/mp4","data":"aGk="}}', File(data="aGk=", media_type="video/mp4")),
        (
            '{"fileData":{"mimeType":"video/mp4","fileUri":"files/1"}}',
            File(file_id="files/1", media_type="video/mp4"),
        ),
        (
            '{"executableCode":{"language":"PYTHON","code":"1"}}',
            Text("", {"gemini": {"block": msgspec.Raw(b'{"executableCode":{"language":"PYTHON","code":"1"}}')}}),
        ),
        (
            '{"codeExecutionResult":{"outcome":"OUTCOME_OK"},"thoughtSignature":"c2ln"}',
            Text(
                "",
                {
                    "gemini": {
                        "block": msgspec.Raw(
                            b'{"thoughtSignature":"c2ln","codeExecutionResult":{"outcome":"OUTCOME_OK"}}'
                        )
                    }
                },
            ),
        ),
    ],
    ids=["video", "upload", "code", "signed_result"],
)
def test_parts_that_are_no_words(part: str, expected: Any) -> None:
    assert answer(candidate(part, STOP).encode(), stream=False).choices[0].parts == (expected,)


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        (
            '"promptTokensDetails":[{"modality":"TEXT","tokenCount":4},{"modality":"AUDIO","tokenCount":3},'
            '{"modality":"IMAGE","tokenCount":2}]',
            Usage(input=9, output=5, audio_input=3, image_input=2),
        ),
        (
            '"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":5}]',
            Usage(input=9, output=5, audio_output=5),
        ),
    ],
    ids=["asked", "answered"],
)
def test_tokens_of_sounds_and_pictures(details: str, usage: Usage) -> None:
    counts = f'"usageMetadata":{{"promptTokenCount":9,"candidatesTokenCount":5,{details}}}'
    body = f"{candidate(TEXT, STOP)[:-1]},{counts}}}".encode()
    assert answer(body, stream=False).usage == usage
