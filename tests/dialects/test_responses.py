"""OpenAI's Responses: requests, answers, streams, and references of later requests."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    Audio,
    ChatRequest,
    Choice,
    Continuation,
    Delta,
    Extensions,
    File,
    Finish,
    Image,
    Logprobs,
    Message,
    Output,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    RedactedThinking,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
    UsageSoFar,
)
from turnout.core.seal import SEAL
from turnout.dialects import ReplyContext
from turnout.dialects.openai.responses import Responses
from turnout.dialects.openai.responses.responses_bodies import READ
from turnout.dialects.sealed import Attached, seal, unseal
from turnout.errors import InvalidRequest, UpstreamBroken, UpstreamRateLimited
from turnout.fitting.unread import unread_fields

ENDPOINT = Responses()
CONTEXT = ReplyContext(request_id="req_01ab", model="fast", created=1_790_000_000)
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
WHOLE = TypeAdapter(Response)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
SIGNED: Extensions = {"gemini": {"thoughtSignature": Raw(b'"c2ln"')}}


def parsed(**fields: Any) -> ChatRequest:
    return read_whole(ENDPOINT, json.dumps({"model": "fast", "input": "Hi.", **fields}).encode())


def messages(*items: Any, **fields: Any) -> tuple[Message, ...]:
    return tuple(parsed(input=list(items), **fields).messages)


def rendered(events: list[StreamEvent], request: ChatRequest | None = None) -> list[dict[str, Any]]:
    renderer = ENDPOINT.renderer(request or parsed(stream=True), CONTEXT)
    data = b"".join([renderer.feed([event]) for event in events]) + renderer.close()
    return frames(data)


def frames(data: bytes) -> list[dict[str, Any]]:
    """The events of the frames. The SDK must accept each under its name and with its number."""
    events = []
    for number, frame in enumerate(data.decode().split("\n\n")[:-1]):
        name, _, payload = frame.partition("\n")
        event = json.loads(payload.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event["sequence_number"] == number
        EVENT.validate_python(event, strict=True)
        events.append(event)
    return events


def whole(*parts: Part, finish: Finish | None = None, usage: Usage | None = None) -> dict[str, Any]:
    answer = Answer(choices=(Choice(0, parts, finish or Finish("stop", "stop")),), usage=usage)
    response: dict[str, Any] = json.loads(ENDPOINT.body(parsed(), answer, CONTEXT))
    WHOLE.validate_python(response)
    return response


# --- requests ----------------------------------------------------------------------------------------------


def test_a_text_is_one_message() -> None:
    assert parsed(instructions="Be brief.").messages == (
        Message("system", (Text("Be brief."),)),
        Message("user", (Text("Hi."),)),
    )


def test_items_become_turns() -> None:
    """Parts of the assistant in a row are one message, and so are results in a row."""
    conversation = messages(
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go."}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "A"}, {"type": "refusal", "refusal": "B"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1.0}'},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": ""},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
        {"role": "assistant", "content": "Done."},
    )
    assert [message.role for message in conversation] == ["system", "user", "assistant", "tool", "assistant"]
    assert conversation[0].extensions == {"openai": {"role": Raw(b'"developer"')}}
    assert conversation[2].parts == (
        Thinking("Hm."),
        Text("A"),
        Refusal("B"),
        ToolCall("c1", "f", '{"a": 1.0}'),
        ToolCall("c2", "g", ""),
    )
    assert conversation[3].parts == (ToolResult("c1", (Text("one"),)), ToolResult("c2", (Text("two"),)))


def test_media_are_read() -> None:
    (message,) = messages(
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "low"},
                {"type": "input_image", "image_url": "https://x.test/a.png"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"},
                {"type": "input_file", "file_url": "https://x.test/a.pdf"},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            ],
        }
    )
    assert message.parts == (
        Image(data=PIXEL, media_type="image/png", detail="low"),
        Image(url="https://x.test/a.png"),
        File(data="AAAA", media_type="application/pdf", name="a.pdf"),
        File(url="https://x.test/a.pdf"),
        Audio("AAAA", "wav"),
    )


def test_settings_are_read() -> None:
    request = parsed(
        tools=[{"type": "function", "name": "f", "description": "F.", "parameters": {"a": 1.50}, "strict": True}],
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "auto"},
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        top_logprobs=2,
        metadata={"a": "b"},
        user="u",
        stream=True,
        service_tier="flex",
    )
    (tool,) = request.tools
    assert tool == Tool("f", "F.", tool.parameters, True)
    assert bytes(tool.parameters or b"") == b'{"a": 1.5}'
    assert request.tool_choice == ToolChoice("tool", "f")
    assert request.parallel_tool_calls is False
    assert request.output == Output("json_schema", request.output.schema, "n", True)
    assert request.reasoning == Reasoning(effort="high")
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.logprobs, sampling.top_logprobs) == (0.5, 0.9, True, 2)
    assert (request.max_output, request.metadata, request.user, request.stream) == (9, {"a": "b"}, "u", True)
    assert request.extensions == {"openai": {"service_tier": Raw(b'"flex"'), "verbosity": Raw(b'"low"')}}


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"reasoning": {"effort": "none"}}, Reasoning(enabled=False, effort="none")),
        ({"reasoning": {"summary": "auto"}}, None),
        ({"reasoning": None}, None),
    ],
    ids=["none", "a summary alone", "null"],
)
def test_how_much_to_think(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
    assert parsed(**fields).reasoning == reasoning


def test_what_only_openai_has_is_named() -> None:
    request = parsed(
        input=[{"type": "file_search_call", "id": "fs_1"}, {"role": "user", "content": [{"type": "odd"}]}],
        tools=[{"type": "file_search"}, {"type": "tool_search"}],
        tool_choice={"type": "mcp", "server_label": "s"},
        background=True,
        truncation="auto",
        conversation={"id": "conv_1"},
        include=["web_search_call.results"],
        stream_options={"include_obfuscation": False},
    )
    assert set((request.extensions or {})["openai-responses"]) == {
        "input[0].type",
        "input[1].content[0].type",
        "tools[0].type",
        "tools[1].type",
        "tool_choice.type",
        "background",
        "truncation",
        "conversation",
    }


def test_fields_that_nobody_reads_are_told() -> None:
    """The fields of an answer's own items are not listed: they come back with every turn."""
    answered = {"type": "output_text", "text": "A", "annotations": [], "logprobs": []}
    request = parsed(
        input=[
            {"type": "message", "role": "assistant", "id": "m", "status": "completed", "content": [answered]},
            {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "B"}], "weather": 1},
            {"role": "user", "content": [{"type": "input_text", "text": "C", "odd": 1}]},
        ],
        reasoning={"effort": "low", "odd": 2},
    )
    assert request.raw
    assert request.raw.form
    assert unread_fields(request.raw.fields, request.raw.form) == [
        "input[1].weather",
        "input[2].content[0].odd",
        "reasoning.odd",
    ]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"input": 3}, "input"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "nobody", "content": ""}]}, "input[0].role"),
        ({"input": [{"type": "function_call", "name": "f", "arguments": ""}]}, "input[0].call_id"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "ftp://x"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"model": ""}, "model"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(**fields)
    assert caught.value.param == param


# --- answers -----------------------------------------------------------------------------------------------


def test_a_whole_response() -> None:
    usage = Usage(input=9, output=5, cached_input=2, cache_write=1, reasoning=3)
    response = whole(Thinking("Hm.", "sig"), Text("A"), Text("B"), ToolCall("c", "f", "{}"), usage=usage)
    assert (response["id"], response["model"], response["status"]) == ("resp_01ab", "fast", "completed")
    reasoning, message, call = response["output"]
    assert reasoning["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert unseal(reasoning["encrypted_content"]) == Thinking("Hm.", "sig")
    assert [part["text"] for part in message["content"]] == ["A", "B"]
    assert (call["call_id"], call["name"], call["arguments"]) == ("c", "f", "{}")
    assert response["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 14,
    }


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        (Finish("stop", "x"), "completed", None),
        (Finish("tool_calls", "x"), "completed", None),
        (Finish("other", "x"), "incomplete", "max_output_tokens"),
        (Finish("length", "x"), "incomplete", "max_output_tokens"),
        (Finish("content_filter", "x"), "incomplete", "content_filter"),
        (Finish("refusal", "x"), "incomplete", "content_filter"),
    ],
    ids=lambda value: value.reason if isinstance(value, Finish) else None,
)
def test_how_it_ended(finish: Finish, status: str, reason: str | None) -> None:
    response = whole(Text("A"), finish=finish)
    assert response["status"] == response["output"][0]["status"] == status
    assert (response["incomplete_details"] or {}).get("reason") == reason


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        pytest.param(Finish("stop", "x"), "completed", None, id="stop"),
        pytest.param(Finish("length", "x"), "incomplete", "max_output_tokens", id="length"),
        pytest.param(Finish("content_filter", "x"), "incomplete", "content_filter", id="filter"),
        pytest.param(None, "incomplete", None, id="no-end"),
    ],
)
def test_how_a_stream_ended(finish: Finish | None, status: str, reason: str | None) -> None:
    """The event's name, the response and its message say the same."""
    said: list[StreamEvent] = [Start(), PartStart(0, Text("")), Delta(0, "A"), PartEnd(0)]
    *_, done, last = rendered([*said, finish] if finish else said)
    response = last["response"]
    assert (last["type"], response["status"]) == (f"response.{status}", status)
    assert (response["incomplete_details"] or {}).get("reason") == reason
    assert done["item"]["status"] == response["output"][0]["status"] == status


def test_an_answer_without_an_end_is_incomplete() -> None:
    answer = Answer(choices=(Choice(0, (Text("A"),), None),))
    response = json.loads(ENDPOINT.body(parsed(), answer, CONTEXT))
    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": None})


def test_likelihoods_of_a_whole_response() -> None:
    tokens = (TokenLogprob("A", -0.5, (TokenLogprob("A", -0.5), TokenLogprob("B", -1.0))),)
    answer = Answer(choices=(Choice(0, (Text("A"),), Finish("stop", "stop"), tokens),))
    response = json.loads(ENDPOINT.body(parsed(), answer, CONTEXT))
    (logprob,) = response["output"][0]["content"][0]["logprobs"]
    assert (logprob["token"], logprob["bytes"], len(logprob["top_logprobs"])) == ("A", [65], 2)


def test_a_picture_is_that_of_a_tool() -> None:
    (item,) = whole(Image(data=PIXEL, media_type="image/png"))["output"]
    assert (item["type"], item["result"]) == ("image_generation_call", PIXEL)
    assert messages(item) == (Message("assistant", (Image(data=PIXEL, media_type="image/png"),)),)


def test_the_request_is_said_again() -> None:
    request = parsed(instructions="I.", temperature=0.50, tools=[{"type": "function", "name": "f"}], metadata=None)
    response = json.loads(ENDPOINT.body(request, Answer(choices=(Choice(0, (), None),)), CONTEXT))
    assert (response["instructions"], response["temperature"], response["metadata"]) == ("I.", 0.5, {})
    assert response["tools"] == [
        {"type": "function", "name": "f", "description": None, "parameters": None, "strict": None}
    ]


OPEN_RESPONSES = {
    "integer": {"created_at", "top_logprobs"},
    "integer | null": {"completed_at", "max_output_tokens", "max_tool_calls"},
    "number": {"temperature", "top_p", "presence_penalty", "frequency_penalty"},
    "boolean": {"parallel_tool_calls", "store", "background"},
    "string": {"id", "object", "status", "model", "truncation", "service_tier"},
    "string | null": {"previous_response_id", "instructions", "safety_identifier", "prompt_cache_key", "user"},
    "object": {"metadata", "text"},
    "object | null": {"incomplete_details", "error", "reasoning", "usage"},
    "array": {"output", "tools"},
}
"""What a response has, by type: ``ResponseResource`` in
https://github.com/openresponses/openresponses/blob/main/schema/responses.tsp. ``tool_choice`` has several types.
"""
KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "string": (str,),
    "object": (dict,),
    "array": (list,),
}
SPARSE: dict[str, Any] = {}
NULLS: dict[str, Any] = dict.fromkeys([name for names in OPEN_RESPONSES.values() for name in names - {"id", "model"}])
HALVES: dict[str, Any] = {
    "tools": [{"type": "function", "name": "f"}],
    "reasoning": {"effort": "low"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
}


@pytest.mark.parametrize("fields", [SPARSE, NULLS, HALVES, {"text": {"verbosity": "low"}}])
def test_every_field_of_open_responses_is_there(fields: dict[str, Any]) -> None:
    """In each event that holds the response, and whatever the request leaves out."""
    said: list[StreamEvent] = [Start(), PartStart(0, Text("A")), PartEnd(0), Finish("stop", "x")]
    request = parsed(stream=True, **{name: value for name, value in fields.items() if name in READ})
    events = rendered([*said, UsageSoFar(Usage(input=1, output=1))], request)
    responses = [event["response"] for event in events if "response" in event]
    assert len(responses) == 3
    for response in responses:
        for kinds, names in OPEN_RESPONSES.items():
            kind, _, null = kinds.partition(" | ")
            for name in names:
                assert (null and response[name] is None) or type(response[name]) in KINDS[kind], name
        assert response["tool_choice"] == "auto"
        assert response["text"]["format"].keys() >= (
            {"type", "name", "schema", "description", "strict"} if fields is HALVES else {"type"}
        )
        assert all(tool.keys() >= {"description", "parameters", "strict"} for tool in response["tools"])
        assert response["reasoning"].keys() >= {"effort", "summary"}
    assert [response["completed_at"] is not None for response in responses] == [False, False, True]


def test_a_response_that_is_incomplete_was_never_completed() -> None:
    assert whole(Text("A"), finish=Finish("length", "x"))["completed_at"] is None


def test_a_failure_before_the_answer_began_is_a_failed_response() -> None:
    """Codex reads ``response.failed`` alone."""
    renderer = ENDPOINT.renderer(parsed(stream=True), CONTEXT)
    error, failed = frames(renderer.fail(UpstreamBroken("Gone.")) or b"")
    assert (error["type"], failed["type"]) == ("error", "response.failed")
    assert (failed["response"]["status"], failed["response"]["error"]["message"]) == ("failed", "Gone.")


# --- streams -----------------------------------------------------------------------------------------------

STREAM: list[StreamEvent] = [
    Start(),
    PartStart(0, Thinking("")),
    Delta(0, "Hm"),
    Delta(0, "."),
    PartEnd(0, signature="sig"),
    PartStart(1, Text("")),
    Logprobs((TokenLogprob("He", -0.5),)),
    Delta(1, "He%d"),
    Delta(1, "y"),
    PartEnd(1),
    PartStart(2, ToolCall("c1", "f", "")),
    PartStart(3, ToolCall("c2", "g", "{")),
    Delta(2, "{}"),
    Delta(3, "}"),
    PartEnd(2),
    PartEnd(3, extensions=SIGNED),
    Finish("tool_calls", "tool_calls"),
    UsageSoFar(Usage(input=3, output=4)),
]


def test_the_order_of_events() -> None:
    assert [event["type"].removeprefix("response.") for event in rendered(STREAM)] == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "output_item.done",
        "completed",
    ]


def test_interleaved_calls_stay_apart() -> None:
    events = rendered(STREAM)
    pieces: dict[int, str] = {}
    for event in events:
        if event["type"] == "response.function_call_arguments.delta":
            pieces[event["output_index"]] = pieces.get(event["output_index"], "") + event["delta"]
    assert list(pieces.values()) == ["{}", "{}"]
    items = events[-1]["response"]["output"]
    assert [item["id"] for item in items] == [
        f"{kind}_01ab_{n}" for n, kind in enumerate(("rs", "msg", "fc", "fc", "rs"))
    ]
    assert unseal(items[-1]["encrypted_content"]) == Attached(SIGNED, "c2")


def test_the_items_of_a_stream_are_those_of_its_end() -> None:
    events = rendered(STREAM)
    done = {e["output_index"]: e["item"] for e in events if e["type"] == "response.output_item.done"}
    assert [done[number] for number in sorted(done)] == events[-1]["response"]["output"]


def test_likelihoods_come_with_their_text() -> None:
    events: dict[str, list[dict[str, Any]]] = {"delta": [], "done": []}
    for event in rendered(STREAM):
        if event["type"].startswith("response.output_text."):
            events[event["type"].rpartition(".")[2]].append(event)
    assert [(event["delta"], len(event["logprobs"])) for event in events["delta"]] == [("He%d", 1), ("y", 0)]
    (done,) = events["done"]
    assert (done["text"], done["logprobs"]) == ("He%dy", events["delta"][0]["logprobs"])


def test_refusals_are_streamed() -> None:
    events = rendered([Start(), PartStart(0, Refusal("")), Delta(0, "No."), PartEnd(0), Finish("stop", "stop")])
    kinds = [event["type"] for event in events]
    assert "response.refusal.delta" in kinds
    assert events[-1]["response"]["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]


@pytest.mark.parametrize(
    ("error", "code"),
    [(UpstreamBroken("Cut."), "server_error"), (UpstreamRateLimited(429, "Wait."), "rate_limit_exceeded")],
)
def test_a_stream_that_breaks_off(error: Any, code: str) -> None:
    """The failed response holds the complete items, without the open one."""
    renderer = ENDPOINT.renderer(parsed(stream=True), CONTEXT)
    data = renderer.feed([Start(), PartStart(0, Thinking("Hm.")), PartEnd(0), PartStart(1, Text("A"))])
    events = frames(data + (renderer.fail(error) or b""))
    assert [event["type"] for event in events[-2:]] == ["error", "response.failed"]
    assert (events[-2]["message"], events[-2]["error"]["message"]) == (error.message, error.message)
    failed = events[-1]["response"]
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert [item["type"] for item in failed["output"]] == ["reasoning"]


def test_the_end_of_a_relayed_stream_waits_until_it_is_kept() -> None:
    renderer: Any = ENDPOINT.renderer(parsed(stream=True), CONTEXT)
    last = b'event: response.completed\ndata: {"type":"response.completed","response":{"id":"r","output":[]}}\n\n'
    assert renderer.feed([Relayed(b"data: 1\n\n")]) == b"data: 1\n\n"
    assert renderer.feed([Relayed(last), UsageSoFar(Usage()), Finish("stop", "x"), Relayed(b"data: [DONE]\n\n")]) == b""
    assert renderer.close() == last + b"data: [DONE]\n\n"
    assert renderer.response == b'{"id":"r","output":[]}'


def test_the_end_of_one_that_is_not_kept_does_not() -> None:
    renderer = ENDPOINT.renderer(parsed(stream=True, store=False), CONTEXT)
    assert renderer.feed([Relayed(b"data: 2\n\n"), Finish("stop", "x")]) == b"data: 2\n\n"
    assert renderer.close() == b""


# --- what goes there and back ------------------------------------------------------------------------------

TEXTS = st.text(min_size=1, max_size=8)
RAWS = st.sampled_from([b'"s"', b"1.50", b'{"a": [null]}', '"é"'.encode()]).map(Raw)
EXTENSIONS: st.SearchStrategy[Extensions] = st.none() | st.dictionaries(
    st.sampled_from(["gemini", "anthropic"]), st.dictionaries(st.sampled_from(["x", "y"]), RAWS, min_size=1), min_size=1
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, TEXTS, EXTENSIONS),
    st.builds(Refusal, TEXTS, EXTENSIONS),
    st.builds(Thinking, TEXTS, st.none() | TEXTS, EXTENSIONS),
    st.builds(RedactedThinking, TEXTS, EXTENSIONS),
    st.builds(lambda raw: Text("", {"anthropic": {"block": raw}}), RAWS),
    st.builds(Image, data=st.just(PIXEL), media_type=st.just("image/png")),
)
CALLS = st.builds(ToolCall, TEXTS, TEXTS, st.text(max_size=8), EXTENSIONS)


def encoded(parts: tuple[Part, ...]) -> bytes:
    return msgspec.json.encode(parts)


@given(parts=st.lists(PARTS | CALLS, min_size=1, max_size=6), with_stream=st.booleans())
def test_whatever_was_said_comes_back_as_it_was(parts: list[Part], with_stream: bool) -> None:
    """An answer's items as input give the same parts, with their signatures and extensions, in the same order."""
    names = [part.id for part in parts if isinstance(part, ToolCall)]
    if len(names) != len(set(names)):
        return
    if with_stream:
        events: list[StreamEvent] = [Start()]
        for index, part in enumerate(parts):
            events += [PartStart(index, part), PartEnd(index)]
        items = rendered([*events, Finish("stop", "stop")])[-1]["response"]["output"]
    else:
        items = whole(*parts)["output"]
    (message,) = messages(*items)
    assert message.role == "assistant"
    assert encoded(message.parts) == encoded(tuple(parts))


def test_sealed_content_that_was_changed_is_none_of_ours() -> None:
    sealed = seal(RedactedThinking("d"))
    assert sealed.startswith(SEAL)
    assert unseal(sealed) == RedactedThinking("d")
    for changed in (None, "gAAAA", sealed[:-6], SEAL + "é", SEAL + "e30="):
        assert unseal(changed) is None


# --- conversations -----------------------------------------------------------------------------------------


def test_a_request_that_stands_alone_needs_nothing() -> None:
    assert ENDPOINT.earlier_answers(parsed()) is None
    assert ENDPOINT.earlier_answers(parsed(previous_response_id=None)) is None


def test_a_request_says_what_it_needs() -> None:
    request = parsed(
        input=[{"type": "item_reference", "id": "rs_01ab_0"}, {"id": "msg_theirs"}], previous_response_id="resp_1"
    )
    recall = ENDPOINT.earlier_answers(request)
    assert recall
    assert (recall.previous, recall.referenced) == ("resp_1", frozenset({"resp_01ab"}))


def test_what_came_before_stands_before_it() -> None:
    request = parsed(instructions="I.", previous_response_id="resp_1")
    items = (Raw(b'{"role":"user","content":"One."}'), Raw(b'{"role":"assistant","content":"Two."}'))
    continued = ENDPOINT.continued(request, Continuation(items, "d"), [])
    assert [(m.role, m.parts) for m in continued.messages] == [
        ("system", (Text("I."),)),
        ("user", (Text("One."),)),
        ("assistant", (Text("Two."),)),
        ("user", (Text("Hi."),)),
    ]
    assert continued.raw
    assert continued.raw.continues == Continuation(items, "d")
    assert continued.raw.fields == (request.raw and request.raw.fields)


def test_references_are_put_in_their_place() -> None:
    request = parsed(input=[{"type": "item_reference", "id": "fc_01ab_0"}, {"type": "item_reference", "id": "msg_x"}])
    item = Raw(b'{"id":"fc_01ab_0","type":"function_call","call_id":"c","name":"f","arguments":"{}"}')
    continued = ENDPOINT.continued(request, None, [item])
    assert continued.messages == (Message("assistant", (ToolCall("c", "f", "{}"),)),)
    assert list((continued.extensions or {})["openai-responses"]) == ["input[1].type"]


def test_what_is_kept() -> None:
    answer = b'{"id":"resp_2","output":[{"id":"msg_1"}],"more":1}'
    turn = ENDPOINT.turn(parsed(previous_response_id="resp_1"), answer)
    assert turn
    assert (turn.id, turn.previous, turn.output, turn.answer) == ("resp_2", "resp_1", b'[{"id":"msg_1"}]', answer)
    assert json.loads(turn.items) == [{"type": "message", "role": "user", "content": "Hi."}]
    assert ENDPOINT.turn(parsed(store=False), answer) is None
    for odd in (b'{"odd":1}', b'{"id":"r","output":["\xff"]}', b'{"id":"r","output":[', b"3"):
        assert ENDPOINT.turn(parsed(), odd) is None
