"""A request on OpenAI's wire: relayed byte for byte where it came on that wire, made anew where it didn't."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from tests.support.fitting import told, wire_request
from tests.support.openai_wire import ENDPOINT, PNG, PROVIDER, VENDORS, deployment, request_body
from turnout.core import (
    Audio,
    ChatRequest,
    Defaults,
    Deployment,
    File,
    Image,
    Message,
    Output,
    Part,
    Reasoning,
    RedactedThinking,
    Refusal,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Traits,
)
from turnout.errors import InvalidRequest, Unsupported

CLOSED = Raw(b'{"type":"object","additionalProperties":false}')
HELLO = (Message("user", (Text("hi"),)),)
REASONS = Traits(refuses=frozenset({"max_tokens"}), refuses_thinking=frozenset({"temperature", "top_p"}))
SEEDS = Defaults(max_tokens=256, temperature=0.7, top_p=0.9)


def relayed(body: bytes, **changes: Any) -> bytes:
    return PROVIDER.build(ENDPOINT.parse(body), deployment(**changes)).body


def relayed_fields(body: bytes, **changes: Any) -> dict[str, Any]:
    """Without what every one of these requests has."""
    fields: dict[str, Any] = json.loads(relayed(body, **changes))
    assert fields.pop("model") == "gpt-4o-mini"
    assert fields.pop("messages")
    return fields


def translated(place: Deployment | None = None, *messages: Message, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(model="fast", messages=messages or HELLO, **fields)
    body: dict[str, Any] = json.loads(wire_request(PROVIDER, request, place or deployment()).body)
    return body


def said(*messages: Message) -> Any:
    return translated(None, *messages)["messages"]


# --- relayed -----------------------------------------------------------------------------------------


def test_the_clients_own_bytes_go_on_but_for_the_models_name() -> None:
    """Order, spaces, escapes, unknown fields, numbers that no float holds; of a double key the last one."""
    body = (
        b'{"x":{"b": 1.000, "a":123456789012345678901234567890}, "model":"fast","y":1E400, '
        b'"messages":[ {"role":"user","content":"\\u00e9\\/","z":[ ]} ],"model": "faster", "max_tokens":5}'
    )
    assert relayed(body) == (
        b'{"x":{"b": 1.000, "a":123456789012345678901234567890},"model":"gpt-4o-mini","y":1E400,'
        b'"messages":[ {"role":"user","content":"\\u00e9\\/","z":[ ]} ],"max_tokens":5}'
    )


def test_a_model_name_may_hold_anything() -> None:
    assert json.loads(relayed(request_body(), model='a"b\\ö/:latest'))["model"] == 'a"b\\ö/:latest'


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        pytest.param({}, {"max_tokens": 256, "temperature": 0.7, "top_p": 0.9}, id="nothing-said"),
        pytest.param(
            {"max_tokens": None, "temperature": None},
            {"max_tokens": 256, "temperature": 0.7, "top_p": 0.9},
            id="null-says-nothing",
        ),
        pytest.param(
            {"max_tokens": 5, "temperature": 0, "top_p": 0.0},
            {"max_tokens": 5, "temperature": 0, "top_p": 0.0},
            id="zero-says-something",
        ),
    ],
)
def test_defaults_are_for_what_the_caller_has_not_said(fields: dict[str, Any], sent: dict[str, Any]) -> None:
    assert relayed_fields(request_body(**fields), defaults=SEEDS) == sent


def test_without_defaults_nothing_is_added() -> None:
    assert relayed_fields(request_body()) == {}


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        pytest.param({}, {"max_completion_tokens": 256}, id="nothing-said"),
        pytest.param({"max_tokens": 5}, {"max_completion_tokens": 5}, id="by-the-old-name"),
        pytest.param({"max_completion_tokens": 5}, {"max_completion_tokens": 5}, id="by-the-new-name"),
        pytest.param(
            {"max_tokens": 5, "max_completion_tokens": None}, {"max_completion_tokens": 5}, id="new-name-null"
        ),
        pytest.param({"temperature": 0.5, "top_p": 1}, {"max_completion_tokens": 256}, id="sampling-is-left-out"),
        pytest.param(
            {"temperature": 0.5, "reasoning_effort": "none"},
            {"temperature": 0.5, "reasoning_effort": "none", "max_completion_tokens": 256},
            id="sampling-without-reasoning",
        ),
    ],
)
def test_a_reasoning_model_is_sent_what_it_takes(fields: dict[str, Any], sent: dict[str, Any]) -> None:
    assert relayed_fields(request_body(**fields), defaults=SEEDS, traits=REASONS) == sent


def test_a_model_that_takes_the_old_name_is_sent_it() -> None:
    assert relayed_fields(request_body(max_completion_tokens=5)) == {"max_tokens": 5}


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        pytest.param({}, {"include_usage": True}, id="not-said"),
        pytest.param({"stream_options": None}, {"include_usage": True}, id="null"),
        pytest.param({"stream_options": {}}, {"include_usage": True}, id="empty"),
        pytest.param({"stream_options": {"include_usage": False}}, {"include_usage": True}, id="not-wanted"),
        pytest.param(
            {"stream_options": {"include_obfuscation": False, "include_usage": None}},
            {"include_obfuscation": False, "include_usage": True},
            id="others-are-kept",
        ),
    ],
)
def test_usage_is_asked_for_in_every_stream(fields: dict[str, Any], options: dict[str, Any]) -> None:
    assert relayed_fields(request_body(stream=True, **fields)) == {"stream": True, "stream_options": options}


def test_options_of_a_client_that_wants_usage_stay_as_they_are() -> None:
    body = request_body(stream=True).replace(
        b'"stream": true', b'"stream": true, "stream_options":{"include_usage": true }'
    )
    assert b'"stream_options":{"include_usage": true }' in relayed(body)


def test_a_whole_reply_needs_no_asking() -> None:
    assert relayed_fields(request_body(stream=False)) == {"stream": False}


def test_what_openai_alone_can_say_is_relayed() -> None:
    fields = {
        "modalities": ["text"],
        "top_k": 5,
        "web_search_options": {},
        "messages": [{"role": "user", "content": "x"}],
    }
    assert relayed_fields(request_body(**fields)) == {"modalities": ["text"], "top_k": 5, "web_search_options": {}}


# --- translated --------------------------------------------------------------------------------------

PARAMS = TypeAdapter(completion_create_params.CompletionCreateParamsNonStreaming)


def test_everything_at_once_is_a_request_of_the_sdks() -> None:
    fields = translated(
        None,
        Message("system", (Text("Be brief."),)),
        Message("user", (Text("look"), Image(data=PNG, media_type="image/png", detail="low")), "eve"),
        Message("assistant", (Text("ok"), ToolCall("c1", "f", '{"a":1}'), ToolCall("c2", "g", ""))),
        Message("tool", (ToolResult("c1", (Text("one"),)), ToolResult("c2", (Text("two"), Text("three"))))),
        tools=(Tool("f", "Does it.", CLOSED, True), Tool("g")),
        tool_choice=ToolChoice("tool", "f"),
        parallel_tool_calls=False,
        output=Output("json_schema", CLOSED, "city", True, "A city."),
        sampling=Sampling(temperature=0, top_p=1, seed=0, presence_penalty=0, frequency_penalty=1),
        reasoning=Reasoning(effort="low"),
        max_output=7,
        stop=("a", "b"),
        n=2,
        user="eve",
        metadata={"a": "b"},
        extensions={"openai": {"store": Raw(b"true")}},
    )
    PARAMS.validate_python(fields)
    function = {"type": "function", "function": {"name": "f"}}
    closed = {"type": "object", "additionalProperties": False}
    assert fields == {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}},
                ],
                "name": "eve",
            },
            {
                "role": "assistant",
                "content": "ok",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "one"},
            {
                "role": "tool",
                "tool_call_id": "c2",
                "content": [{"type": "text", "text": "two"}, {"type": "text", "text": "three"}],
            },
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "description": "Does it.", "parameters": closed, "strict": True},
            },
            {"type": "function", "function": {"name": "g"}},
        ],
        "tool_choice": function,
        "parallel_tool_calls": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "city", "description": "A city.", "schema": closed, "strict": True},
        },
        "temperature": 0,
        "top_p": 1,
        "seed": 0,
        "presence_penalty": 0,
        "frequency_penalty": 1,
        "reasoning_effort": "low",
        "max_tokens": 7,
        "stop": ["a", "b"],
        "n": 2,
        "user": "eve",
        "metadata": {"a": "b"},
        "store": True,
    }


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param(
            Image(url="https://x/a.png"), {"type": "image_url", "image_url": {"url": "https://x/a.png"}}, id="image-url"
        ),
        pytest.param(
            Audio("UklG", "wav"), {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}, id="audio"
        ),
        pytest.param(
            File(data="JVBE", media_type="application/pdf", name="a.pdf"),
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}},
            id="inline-file",
        ),
        pytest.param(File(data="JVBE"), {"type": "file", "file": {"file_data": "JVBE"}}, id="file-of-unknown-type"),
        pytest.param(File(file_id="f1"), {"type": "file", "file": {"file_id": "f1"}}, id="uploaded-file"),
    ],
)
def test_what_a_user_says(part: Part, expected: dict[str, Any]) -> None:
    assert said(Message("user", (Text("a"), part))) == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, expected]}
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(
            (Text("a"), Text("b")),
            {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            id="texts",
        ),
        pytest.param((Refusal("No."),), {"content": None, "refusal": "No."}, id="refusal"),
        pytest.param(
            (Thinking("h", "sig"), Thinking("m"), Text("a")), {"content": "a"}, id="thinking-that-openai-takes-not-back"
        ),
        pytest.param((RedactedThinking("x"), Text("a")), {"content": "a"}, id="redacted-thinking-is-for-its-maker"),
    ],
)
def test_what_an_assistant_said(parts: tuple[Part, ...], expected: dict[str, Any]) -> None:
    assert said(Message("assistant", parts)) == [{"role": "assistant"} | expected]


@pytest.mark.parametrize(("takes_them", "expected"), [(True, {"reasoning_content": "hm"}), (False, {})])
def test_thoughts_go_back_to_vendors_that_take_them(takes_them: bool, expected: dict[str, str]) -> None:
    said_before = Message("assistant", (Thinking("h", "sig"), Thinking("m"), Text("a")))
    place = deployment(traits=Traits(reasoning_content=takes_them))
    sent = wire_request(VENDORS["compatible"], ChatRequest(model="m", messages=(*HELLO, said_before)), place)
    assert json.loads(sent.body)["messages"][1] == {"role": "assistant", "content": "a"} | expected


def test_metadata_is_for_answers_that_are_stored() -> None:
    assert "metadata" not in translated(metadata={"a": "b"})
    kept = translated(metadata={"a": "b"}, extensions={"openai": {"store": Raw(b"true")}})
    assert (kept["metadata"], kept["store"]) == ({"a": "b"}, True)


def test_a_message_with_results_and_words_becomes_several() -> None:
    """Results come first: they have to follow the calls."""
    message = Message("user", (Text("well?"), ToolResult("c1", (Text("one"),)), ToolResult("c2", ())))
    assert said(message) == [
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
        {"role": "user", "content": "well?"},
    ]


@pytest.mark.parametrize(
    ("reasoning", "effort"),
    [
        pytest.param(Reasoning(effort="minimal"), "minimal", id="word"),
        pytest.param(Reasoning(budget=1024), "low", id="small-budget"),
        pytest.param(Reasoning(budget=8192), "medium", id="budget"),
        pytest.param(Reasoning(budget=32_000), "high", id="large-budget"),
        pytest.param(Reasoning(), None, id="unsaid"),
        pytest.param(Reasoning(enabled=False), None, id="off"),
        pytest.param(Reasoning(enabled=False, effort="none"), "none", id="off-by-word"),
    ],
)
def test_reasoning(reasoning: Reasoning, effort: str | None) -> None:
    assert translated(reasoning=reasoning).get("reasoning_effort") == effort


LEVELS = Traits(efforts=("low", "medium", "high"))


@pytest.mark.parametrize(
    ("reasoning", "traits", "effort", "changes"),
    [
        pytest.param(Reasoning(effort="medium"), LEVELS, "medium", [], id="a-word-it-knows"),
        pytest.param(Reasoning(effort="minimal"), LEVELS, "low", ["reasoning_effort: low"], id="the-next-higher"),
        pytest.param(Reasoning(effort="max"), LEVELS, "high", ["reasoning_effort: high"], id="the-highest"),
        pytest.param(Reasoning(effort="ludicrous"), LEVELS, None, ["reasoning_effort: left out"], id="unknown"),
        pytest.param(Reasoning(enabled=False), LEVELS, "low", ["reasoning_effort: low"], id="as-little-as-can-be"),
        pytest.param(Reasoning(budget=2048), LEVELS, "low", [], id="budget"),
        pytest.param(
            Reasoning(budget=2048), Traits(efforts=("high",)), "high", ["reasoning_effort: high"], id="only-one"
        ),
        pytest.param(Reasoning(effort="ludicrous"), Traits(), "ludicrous", [], id="nothing-known-of-the-model"),
    ],
)
def test_a_model_gets_a_word_that_it_takes(
    reasoning: Reasoning, traits: Traits, effort: str | None, changes: list[str]
) -> None:
    place = deployment(traits=traits)
    assert translated(place, reasoning=reasoning).get("reasoning_effort") == effort
    sent = wire_request(PROVIDER, ChatRequest(model="fast", messages=HELLO, reasoning=reasoning), place)
    assert told(sent) == changes


def test_output_without_a_name_is_given_one() -> None:
    output = Output("json_schema", Raw(b"{}"))
    assert translated(output=output)["response_format"]["json_schema"] == {"name": "answer", "schema": {}}


def test_a_stream_is_asked_for_with_its_usage() -> None:
    fields = translated(stream=True)
    assert (fields["stream"], fields["stream_options"]) == (True, {"include_usage": True})


def test_a_vendor_that_takes_no_options_of_streams_gets_none_of_ours() -> None:
    traits = Traits(stream_options=False)
    assert "stream_options" not in translated(deployment(traits=traits), stream=True)
    assert relayed_fields(request_body(stream=True), traits=traits) == {"stream": True}


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        (None, True),
        ("v1", True),
        ("preview", True),
        ("2024-06-01", False),
        ("2024-09-01-preview", True),
        ("2024-10-21", True),
    ],
)
def test_azures_older_versions_know_no_options_of_streams(version: str | None, asked: bool) -> None:
    place = deployment(base_url="https://x.openai.azure.com", api_version=version)
    request = ChatRequest(model="m", messages=HELLO, stream=True)
    assert ("stream_options" in json.loads(wire_request(VENDORS["azure"], request, place).body)) is asked


def test_defaults_and_traits_hold_for_translated_requests_too() -> None:
    plain = translated(deployment(defaults=SEEDS))
    assert (plain["max_tokens"], plain["temperature"], plain["top_p"]) == (256, 0.7, 0.9)
    sampled = Sampling(temperature=0.5)
    reasons = translated(deployment(defaults=SEEDS, traits=REASONS), sampling=sampled)
    assert "temperature" not in reasons
    assert "top_p" not in reasons
    assert reasons["max_completion_tokens"] == 256


def test_a_file_by_url_is_refused_by_name() -> None:
    with pytest.raises(Unsupported) as caught:
        translated(None, Message("user", (File(url="https://x/a.pdf"),)))
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({"sampling": Sampling(top_k=5)}, "top_k", id="top-k"),
        pytest.param({"extensions": {"anthropic": {"container": Raw(b"1")}}}, "container", id="field-of-another-wire"),
    ],
)
def test_hints_that_it_has_no_word_for_are_left_out_and_named(fields: dict[str, Any], named: str) -> None:
    assert translated(**fields) == translated()
    sent = wire_request(PROVIDER, ChatRequest(model="fast", messages=HELLO, **fields), deployment())
    assert told(sent) == [f"{named}: left out"]


def test_logprobs_are_asked_for() -> None:
    fields = translated(sampling=Sampling(logprobs=True, top_logprobs=2))
    assert (fields["logprobs"], fields["top_logprobs"]) == (True, 2)


def test_a_part_in_the_wrong_place_is_the_requests_mistake() -> None:
    with pytest.raises(InvalidRequest, match="ToolCall"):
        said(Message("user", (ToolCall("c", "f", "{}"),)))


@pytest.mark.parametrize("name", ["vllm", "llamacpp", "compatible"])
def test_local_servers_take_top_k(name: str) -> None:
    request = ChatRequest(model="m", messages=HELLO, sampling=Sampling(top_k=5))
    assert json.loads(VENDORS[name].build(request, deployment()).body)["top_k"] == 5


@pytest.mark.parametrize("vendor", ["vllm", "compatible"])
def test_videos_for_who_sees_them(vendor: str) -> None:
    videos = (File(url="https://x/a.mp4", media_type="video/mp4"), File(data="AA", media_type="video/mp4"))
    request = ChatRequest(model="m", messages=(Message("user", videos),))
    sent = json.loads(wire_request(VENDORS[vendor], request, deployment(provider=vendor, base_url="https://x")).body)
    assert sent["messages"][0]["content"] == [
        {"type": "video_url", "video_url": {"url": "https://x/a.mp4"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AA"}},
    ]


@pytest.mark.parametrize(
    "schema",
    [
        '{"type":"object","properties":{"a":{}},"required":["a"]}',
        '{"type":"object","properties":{"a":{}},"additionalProperties":false}',
        '{"type":"object","properties":{"a":{"type":"object"}},"required":["a"],"additionalProperties":false}',
    ],
    ids=["open", "not-required", "open-inside"],
)
def test_a_schema_that_openai_would_not_take_as_strict_only_shows_what_to_write(schema: str) -> None:
    raw = Raw(schema.encode())
    request = ChatRequest(
        model="fast",
        messages=HELLO,
        tools=(Tool("f", parameters=raw, strict=True),),
        output=Output("json_schema", raw, strict=True),
    )
    wire = wire_request(PROVIDER, request, deployment())
    body = json.loads(wire.body)
    assert body["tools"][0]["function"] == {"name": "f", "parameters": json.loads(schema)}
    assert body["response_format"]["json_schema"] == {"name": "answer", "schema": json.loads(schema)}
    assert told(wire) == ["tools[0].strict: left out", "response_format.strict: left out"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2024-08-01-preview", ["parallel_tool_calls", "reasoning_effort", "store"]),
        ("2024-10-21", ["reasoning_effort", "store"]),
        ("2024-12-01-preview", []),
        ("v1", []),
        (None, []),
    ],
)
def test_azures_dated_versions_are_not_told_what_they_do_not_know(version: str | None, expected: list[str]) -> None:
    request = ChatRequest(
        model="fast",
        messages=HELLO,
        tools=(Tool("f"),),
        parallel_tool_calls=True,
        reasoning=Reasoning(effort="low"),
        extensions={"openai": {"store": Raw(b"true")}},
    )
    place = deployment(base_url="https://r.openai.azure.com", api_version=version)
    wire = wire_request(VENDORS["azure"], request, place)
    said = json.loads(wire.body).keys()
    assert {"parallel_tool_calls", "reasoning_effort", "store"} - said == set(expected)
    assert sorted(told(wire)) == [f"{name}: left out" for name in expected]
