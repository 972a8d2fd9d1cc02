"""Answers and streams on Gemini's wire. Google's own types accept them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types as sdk
from msgspec import Raw

from tests.support.gemini_wire import CONTEXT, DIALECT, PNG, SIGNED, STREAM, UNARY, chunks, streamed_request
from turnout.core import (
    Answer,
    Audio,
    Choice,
    Delta,
    Extra,
    File,
    Finish,
    FinishReason,
    Image,
    Logprobs,
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
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
)
from turnout.dialects import ServedModel
from turnout.errors import (
    AllDeploymentsFailed,
    InvalidRequest,
    TurnoutError,
    Unauthenticated,
    UnknownModel,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
)

DONE = Finish("stop", "end_turn")
USAGE = Usage(input=10, output=8, cached_input=4, reasoning=3)
COUNTS = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 5,
    "totalTokenCount": 18,
    "cachedContentTokenCount": 4,
    "thoughtsTokenCount": 3,
}
BLOCK = {"executableCode": {"language": "PYTHON", "code": "1"}}
FOREIGN = Text("", {"gemini": {"block": Raw(json.dumps(BLOCK).encode())}})
LIKELY = (TokenLogprob("a", -0.5, (TokenLogprob("a", -0.5), TokenLogprob("b", -1.5))), TokenLogprob("c", -1.5))


def body(*choices: Choice, usage: Usage | None = None, **fields: Any) -> dict[str, Any]:
    rendered = UNARY.body(streamed_request(), Answer(choices=choices, usage=usage, **fields), CONTEXT)
    sdk.GenerateContentResponse.model_validate_json(rendered, strict=False)
    reply: dict[str, Any] = json.loads(rendered)
    return reply


def parts_of(*parts: Part) -> list[dict[str, Any]]:
    rendered: list[dict[str, Any]] = body(Choice(0, parts, DONE))["candidates"][0]["content"]["parts"]
    return rendered


def stream(*events: StreamEvent, as_array: bool = False) -> list[dict[str, Any]]:
    renderer = STREAM.renderer(streamed_request(as_array=as_array), CONTEXT)
    data = b"".join([renderer.feed([event]) for event in events]) + renderer.close()
    return chunks(data, as_array=as_array)


def streamed_parts(*events: StreamEvent) -> list[dict[str, Any]]:
    """The parts of every chunk except the last one, which only ends the answer."""
    *chunks_before_last, _ = stream(Start("1", "m"), *events, DONE)
    return [
        part
        for chunk in chunks_before_last
        for candidate in chunk["candidates"]
        for part in candidate["content"]["parts"]
    ]


# --- whole -------------------------------------------------------------------------------------------


def test_a_whole_answer() -> None:
    reply = body(Choice(0, (Text("Hi."),), DONE), usage=USAGE, id="resp-1", model="gpt-x")
    assert reply == {
        "candidates": [{"content": {"parts": [{"text": "Hi."}], "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": COUNTS,
        "modelVersion": "gpt-x",
        "responseId": "resp-1",
    }


def test_what_the_provider_does_not_say_is_ours() -> None:
    reply = body(Choice(0, (Text("Hi."),), None))
    assert (reply["modelVersion"], reply["responseId"]) == ("fast", "req_1")
    assert "usageMetadata" not in reply
    assert "finishReason" not in reply["candidates"][0]


@pytest.mark.parametrize(
    ("part", "rendered"),
    [
        pytest.param(Text("a", SIGNED), {"text": "a", "thoughtSignature": "c2ln"}, id="signed_text"),
        pytest.param(Refusal("No."), {"text": "No."}, id="refusal"),
        pytest.param(Thinking("Hm."), {"text": "Hm.", "thought": True}, id="thought"),
        pytest.param(
            Thinking("Hm.", None, SIGNED),
            {"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"},
            id="signed_thought",
        ),
        pytest.param(
            ToolCall("c", "f", '{"a":1}', SIGNED),
            {"functionCall": {"id": "c", "name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
            id="call",
        ),
        pytest.param(
            ToolCall("c", "f", ""), {"functionCall": {"id": "c", "name": "f", "args": {}}}, id="call_without_arguments"
        ),
        pytest.param(
            ToolCall("c", "f", '{"a":'),
            {"functionCall": {"id": "c", "name": "f", "args": {"INVALID_JSON": '{"a":'}}},
            id="call_cut_short",
        ),
        pytest.param(
            Image(data=PNG, media_type="image/png"), {"inlineData": {"mimeType": "image/png", "data": PNG}}, id="image"
        ),
        pytest.param(
            Image(url="https://x.example/a.png", media_type="image/png"),
            {"fileData": {"mimeType": "image/png", "fileUri": "https://x.example/a.png"}},
            id="image_by_address",
        ),
        pytest.param(Audio("aGk=", "wav"), {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}, id="audio"),
        pytest.param(
            File(data="aGk=", media_type="video/mp4"),
            {"inlineData": {"mimeType": "video/mp4", "data": "aGk="}},
            id="file",
        ),
        pytest.param(
            File(file_id="files/1", media_type="video/mp4"),
            {"fileData": {"mimeType": "video/mp4", "fileUri": "files/1"}},
            id="upload",
        ),
        pytest.param(FOREIGN, BLOCK, id="block_of_geminis_own"),
    ],
)
def test_parts(part: Part, rendered: dict[str, Any]) -> None:
    assert parts_of(part) == [rendered]
    if "text" not in rendered:  # texts come in pieces
        assert streamed_parts(PartStart(0, part), PartEnd(0)) == [rendered]


def test_an_answer_of_nothing_still_has_a_part() -> None:
    """Google's SDK drops an answer without a part from its history."""
    assert parts_of() == [{"text": ""}]
    assert parts_of(Text(""), Text("a"), Text("")) == [{"text": "a"}]


def test_big_numbers_of_arguments_keep_their_digits() -> None:
    arguments = '{"big":12345678901234567890,"b":1.0}'
    answer = Answer(choices=(Choice(0, (ToolCall("c", "f", arguments),), DONE),))
    assert f'"args":{arguments}'.encode() in UNARY.body(streamed_request(), answer, CONTEXT)


@pytest.mark.parametrize(
    ("reason", "native", "expected"),
    [
        ("stop", "end_turn", "STOP"),
        ("length", "length", "MAX_TOKENS"),
        ("tool_calls", "tool_use", "STOP"),
        ("content_filter", "content_filter", "SAFETY"),
        ("refusal", "refusal", "SAFETY"),
        ("other", "pause_turn", "OTHER"),
        ("content_filter", "RECITATION", "RECITATION"),
        ("other", "MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        ("tool_calls", "FUNCTION_CALL", "STOP"),
    ],
)
def test_finish_reasons(reason: FinishReason, native: str, expected: str) -> None:
    finish = Finish(reason, native)
    assert body(Choice(0, (Text("a"),), finish))["candidates"][0]["finishReason"] == expected
    assert stream(Start(), finish)[-1]["candidates"][0]["finishReason"] == expected


def test_log_probabilities() -> None:
    expected = {
        "chosenCandidates": [{"token": "a", "logProbability": -0.5}, {"token": "c", "logProbability": -1.5}],
        "topCandidates": [
            {"candidates": [{"token": "a", "logProbability": -0.5}, {"token": "b", "logProbability": -1.5}]},
            {"candidates": []},
        ],
    }
    whole = body(Choice(0, (Text("ac"),), DONE, LIKELY))["candidates"][0]
    assert (whole["logprobsResult"], whole["avgLogprobs"]) == (expected, -1.0)
    first, last = stream(Start(), Logprobs(LIKELY), PartStart(0, Text("ac")), PartEnd(0), DONE)
    assert first["candidates"][0]["logprobsResult"] == expected
    assert "logprobsResult" not in last["candidates"][0]
    assert stream(Start(), Logprobs(LIKELY), DONE)[-1]["candidates"][0]["logprobsResult"] == expected


@pytest.mark.parametrize(
    ("usage", "details"),
    [
        (Usage(input=10, output=5, audio_input=4), {"promptTokensDetails": [("TEXT", 6), ("AUDIO", 4)]}),
        (
            Usage(input=10, output=5, cached_input=7, audio_input=4, extra=Extra(video_input=3, cached_audio=2)),
            {
                "promptTokensDetails": [("TEXT", 3), ("AUDIO", 4), ("VIDEO", 3)],
                "cacheTokensDetails": [("TEXT", 5), ("AUDIO", 2)],
            },
        ),
        (Usage(input=10, output=5, image_input=10), {"promptTokensDetails": [("IMAGE", 10)]}),
        (Usage(input=10, output=5, reasoning=1, audio_output=4), {"candidatesTokensDetails": [("AUDIO", 4)]}),
        (Usage(input=10, output=5, image_output=2), {"candidatesTokensDetails": [("TEXT", 3), ("IMAGE", 2)]}),
        (Usage(input=10, output=5), {}),
    ],
    ids=["audio_in", "video_in", "image_in", "audio_out", "image_out", "text"],
)
def test_tokens_by_modality(usage: Usage, details: dict[str, Any]) -> None:
    reply = body(Choice(0, (Text("a"),), DONE), usage=usage)["usageMetadata"]
    modalities = {
        name: [(count["modality"], count["tokenCount"]) for count in counts]
        for name, counts in reply.items()
        if name.endswith("Details")
    }
    assert modalities == details


# --- streamed ----------------------------------------------------------------------------------------


def test_a_stream_says_text_as_it_comes_and_the_finish_with_the_usage() -> None:
    replies = stream(
        Start("resp-1", "gpt-x"),
        PartStart(0, Text("")),
        Delta(0, "Hel"),
        Delta(0, "lö"),
        PartEnd(0),
        DONE,
        UsageSoFar(USAGE),  # OpenAI tells it after the finish
    )
    origin = {"modelVersion": "gpt-x", "responseId": "resp-1"}
    candidates = [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0} for text in ("Hel", "lö", "")]
    assert replies == [
        {"candidates": [candidates[0]], **origin},
        {"candidates": [candidates[1]], **origin},
        {"candidates": [candidates[2] | {"finishReason": "STOP"}], **origin, "usageMetadata": COUNTS},
    ]


def test_thoughts_are_marked_and_signed_at_their_end() -> None:
    assert streamed_parts(
        PartStart(0, Thinking("Let ")),
        Delta(0, "me."),
        PartEnd(0, extensions=SIGNED),
        PartStart(1, Text("It is.")),
        PartEnd(1, extensions=SIGNED),
    ) == [
        {"text": "Let ", "thought": True},
        {"text": "me.", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "It is."},
        {"text": "", "thoughtSignature": "c2ln"},
    ]


def test_parallel_calls_come_whole_in_the_order_in_which_they_end() -> None:
    assert streamed_parts(
        PartStart(0, ToolCall("a", "f", "")),
        PartStart(1, ToolCall("b", "g", "", SIGNED)),
        Delta(0, '{"x"'),
        Delta(1, '{"y":2}'),
        PartEnd(1),
        Delta(0, ":1}"),
        PartEnd(0),
    ) == [
        {"functionCall": {"id": "b", "name": "g", "args": {"y": 2}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
    ]


def test_what_has_not_ended_is_sent_at_the_end() -> None:
    calls = [PartStart(1, ToolCall("b", "g", "{}")), PartStart(0, ToolCall("a", "f", "{}"))]
    assert [part["functionCall"]["id"] for part in streamed_parts(*calls)] == ["a", "b"]


def test_choices_are_told_apart_by_their_index() -> None:
    replies = stream(
        Start(),
        PartStart(0, Text("a"), 0),
        PartStart(0, Text("b"), 1),
        Finish("length", "length", 1),
        Finish("stop", "stop", 0),
    )
    texts = [
        (candidate["index"], candidate["content"]["parts"][0]["text"]) for c in replies for candidate in c["candidates"]
    ]
    assert texts == [(0, "a"), (1, "b"), (0, ""), (1, "")]
    assert [candidate["finishReason"] for candidate in replies[-1]["candidates"]] == ["STOP", "MAX_TOKENS"]


@pytest.mark.parametrize("as_array", [False, True], ids=["events", "array"])
def test_a_stream_that_broke_off_ends_in_an_error_and_never_in_a_finish(as_array: bool) -> None:
    renderer = STREAM.renderer(streamed_request(as_array=as_array), CONTEXT)
    sent = renderer.feed([Start(), PartStart(0, Text("Hel")), Finish("stop", "stop")])
    data = sent + (renderer.fail(UpstreamBroken("It broke.")) or b"")
    assert b"finishReason" not in data
    *_, last = json.loads(data) if as_array else [json.loads(frame[6:]) for frame in data.split(b"\n\n")[:-1]]
    assert (last["error"]["code"], last["error"]["message"], last["error"]["status"]) == (
        502,
        "It broke.",
        "UNAVAILABLE",
    )
    if not as_array:
        assert b'data: {"error":{' in data  # how the SDK knows it


def test_a_stream_as_an_array_is_one_json_document() -> None:
    events: list[StreamEvent] = [Start("1", "m"), PartStart(0, Text("a,b")), Delta(0, "]"), PartEnd(0), DONE]
    assert stream(*events, as_array=True) == stream(*events)
    renderer = STREAM.renderer(streamed_request(as_array=True), CONTEXT)
    assert renderer.media_type == "application/json"
    assert STREAM.renderer(streamed_request(), CONTEXT).media_type == "text/event-stream"
    assert json.loads(renderer.close()) == [{"candidates": [], "modelVersion": "fast", "responseId": "req_1"}]


def test_relayed_events_become_items_of_an_array() -> None:
    renderer = STREAM.renderer(streamed_request(as_array=True), CONTEXT)
    frames = [b'data: {"a":1}\n\ndata: {"b":\ndata: 2}\n\n', b": nothing\n\n", b'data: {"c":3}\r\n\r\n']
    data = b"".join([renderer.feed([Relayed(frame)]) for frame in frames]) + renderer.close()
    assert json.loads(data) == [{"a": 1}, {"b": 2}, {"c": 3}]
    empty = STREAM.renderer(streamed_request(as_array=True), CONTEXT)
    assert empty.feed([Relayed(b": nothing\n\n")]) + empty.close() == b"[]"


# --- other providers' signatures ---------------------------------------------------------------------


def test_another_providers_signature_travels_in_googles_field() -> None:
    (part,) = parts_of(Thinking("Hm.", "c2lnbmF0dXJl+/="))
    (first, last) = streamed_parts(PartStart(0, Thinking("Hm.")), PartEnd(0, signature="c2lnbmF0dXJl+/="))
    assert part["thoughtSignature"] == last["thoughtSignature"]
    assert (first, last["text"], last["thought"]) == ({"text": "Hm.", "thought": True}, "", True)
    assert b"c2lnbmF0dXJl+/=" in (sdk.Part.model_validate(part).thought_signature or b"")


def test_a_sealed_thought_is_a_thought_without_words() -> None:
    (part,) = parts_of(RedactedThinking("sealed"))
    assert (part["text"], part["thought"]) == ("", True)
    assert streamed_parts(PartStart(0, RedactedThinking("sealed")), PartEnd(0)) == [part]


def test_a_signature_of_geminis_own_goes_first() -> None:
    mixed = Thinking("Hm.", "theirs", SIGNED)
    assert parts_of(mixed) == [{"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"}]


# --- errors and models -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (InvalidRequest("Why.", param="contents"), 400, "INVALID_ARGUMENT"),
        (Unauthenticated("Why."), 401, "UNAUTHENTICATED"),
        (UnknownModel("m"), 404, "NOT_FOUND"),
        (UpstreamRateLimited(429, "Why."), 429, "RESOURCE_EXHAUSTED"),
        (TurnoutError("Why."), 500, "INTERNAL"),
        (UpstreamTimeout("Why."), 504, "DEADLINE_EXCEEDED"),
        (UpstreamRefused(418, "Why."), 418, "INVALID_ARGUMENT"),
        (UpstreamRefused(529, "Why."), 529, "INTERNAL"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors_have_googles_status(error: TurnoutError, code: int, status: str) -> None:
    error_fields = json.loads(DIALECT.error(error, "req_1"))["error"]
    assert (error_fields["code"], error_fields["status"], error_fields["message"]) == (code, status, error.message)


def details_of(error: TurnoutError) -> dict[str, dict[str, Any]]:
    error_fields = json.loads(DIALECT.error(error, "req_1"))["error"]["details"]
    return {detail.pop("@type").removeprefix("type.googleapis.com/google.rpc."): detail for detail in error_fields}


def test_details_say_our_code_the_request_and_the_field() -> None:
    assert details_of(InvalidRequest("Why.", param="contents[0].parts")) == {
        "ErrorInfo": {"reason": "INVALID_REQUEST", "domain": "turnout"},
        "RequestInfo": {"requestId": "req_1"},
        "BadRequest": {"fieldViolations": [{"field": "contents[0].parts", "description": "Why."}]},
    }


def test_details_say_how_long_to_wait_and_who_failed() -> None:
    failures = [("d1", UpstreamBroken("It broke.")), ("d2", UpstreamRateLimited(429, "Slow down.", retry_after=2.5))]
    details = details_of(AllDeploymentsFailed("m", failures))
    assert details["RetryInfo"] == {"retryDelay": "2.5s"}
    assert details["DebugInfo"]["stackEntries"] == [
        "d1: 502 upstream_broken: It broke.",
        "d2: 429 upstream_rate_limited: Slow down.",
    ]


def test_models_have_googles_names_and_limits() -> None:
    known = ServedModel(id="openai/gpt-5", provider="openai", context=1000, max_output=50)
    (listed,) = json.loads(DIALECT.models([known]))["models"]
    assert listed == json.loads(DIALECT.model(known))
    assert listed["name"] == "models/openai/gpt-5"
    assert (listed["inputTokenLimit"], listed["outputTokenLimit"]) == (1000, 50)
    assert "inputTokenLimit" not in json.loads(DIALECT.model(ServedModel(id="m", provider="echo")))
