"""Requests to Ollama's own API."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import ollama
import pytest
from msgspec import Raw

from tests.support.contract import ENDPOINTS
from tests.support.fitting import told, wire_request
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
    Secret,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Traits,
    WireBody,
)
from turnout.dialects import HERE
from turnout.errors import InvalidRequest, Unsupported
from turnout.providers import registry
from turnout.providers.ollama.provider import Ollama

OLLAMA = Ollama()
HELLO = (Message("user", (Text("hi"),)),)
SCHEMA = Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')


def deployment(**fields: Any) -> Deployment:
    return Deployment(**{"id": "d", "provider": "ollama", "model": "llama3.2"} | fields)


def asked(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or HELLO, **fields)


def body(request: ChatRequest, **fields: Any) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.json.decode(wire_request(OLLAMA, request, deployment(**fields)).body)
    return built


def changed(request: ChatRequest, **fields: Any) -> list[str]:
    return told(wire_request(OLLAMA, request, deployment(**fields)))


def known_to_ollama(built: dict[str, Any]) -> None:
    """Its own client has a word for all that is sent, but for the result's id, which only its server knows."""
    assert built.keys() <= inspect.signature(ollama.Client.chat).parameters.keys()
    assert built["options"].keys() <= ollama.Options.model_fields.keys()
    for tool in built.get("tools", []):
        ollama.Tool.model_validate(tool)
    for message in built["messages"]:
        assert ollama.Message.model_validate(message).model_fields_set == message.keys() - {"tool_call_id"}


def test_the_registry_finds_it() -> None:
    assert registry()["ollama"].name == "ollama"


def test_a_whole_conversation_is_what_ollama_documents() -> None:
    built = body(
        asked(
            Message("system", (Text("Be short."),)),
            Message("user", (Text("Weather?"), Text("In Oslo and Rome."))),
            Message(
                "assistant",
                (
                    Thinking("Hm.", "signed-elsewhere"),
                    RedactedThinking("sealed"),
                    Text("Let me see."),
                    ToolCall("c1", "weather", '{"city":"Oslo"}'),
                    ToolCall("c2", "time", ""),
                ),
            ),
            Message("tool", (ToolResult("c1", (Text("21"),)), ToolResult("c2", (Text("noon"),)))),
            tools=(Tool("weather", "Looks it up.", SCHEMA), Tool("time")),
            tool_choice=ToolChoice("auto"),
        )
    )
    assert built == {
        "model": "llama3.2",
        "stream": False,
        "options": {},
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Weather?\nIn Oslo and Rome."},
            {
                "role": "assistant",
                "content": "Let me see.",
                "thinking": "Hm.",
                "tool_calls": [
                    {"id": "c1", "function": {"name": "weather", "arguments": {"city": "Oslo"}}},
                    {"id": "c2", "function": {"name": "time", "arguments": {}}},
                ],
            },
            {"role": "tool", "content": "21", "tool_name": "weather", "tool_call_id": "c1"},
            {"role": "tool", "content": "noon", "tool_name": "time", "tool_call_id": "c2"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "Looks it up.",
                    "parameters": msgspec.json.decode(SCHEMA),
                },
            },
            {"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {}}}},
        ],
    }
    known_to_ollama(built)


def test_big_numbers_and_key_order_of_arguments_reach_the_wire() -> None:
    arguments = '{"b":1.0,"a":12345678901234567890,"tiny":1e-400}'
    request = asked(*HELLO, Message("assistant", (ToolCall("c", "f", arguments),)))
    assert f'"arguments":{arguments}'.encode() in OLLAMA.build(request, deployment()).body


def test_a_result_without_its_call_names_the_message() -> None:
    with pytest.raises(InvalidRequest, match="'gone'") as caught:
        body(asked(*HELLO, Message("tool", (ToolResult("gone", (Text("21"),)),))))
    assert caught.value.param == "messages[1]"


def test_images_are_a_list_of_base64() -> None:
    picture = Image(data="aGk=", media_type="image/png")
    built = body(
        asked(
            Message("user", (Text("Compare."), picture, picture)),
            Message("tool", (ToolResult("c", (picture,), name="draw"),)),
        )
    )
    assert built["messages"] == [
        {"role": "user", "content": "Compare.", "images": ["aGk=", "aGk="]},
        {"role": "tool", "content": "", "images": ["aGk="], "tool_name": "draw", "tool_call_id": "c"},
    ]


def test_a_refusal_is_text() -> None:
    built = body(asked(*HELLO, Message("assistant", (Refusal("No."),))))
    assert built["messages"][1] == {"role": "assistant", "content": "No."}


@pytest.mark.parametrize(
    ("part", "words"),
    [
        pytest.param(Image(url="https://x.example/a.png"), "base64", id="image_by_address"),
        pytest.param(Audio("aGk=", "wav"), "audio", id="audio"),
        pytest.param(File(data="aGk=", media_type="application/pdf"), "files", id="file"),
    ],
)
def test_media_without_a_place_are_refused_by_message(part: Part, words: str) -> None:
    with pytest.raises(Unsupported, match=words) as caught:
        body(asked(Message("user", (part,))))
    assert caught.value.param == "messages[0]"


def test_an_image_without_data_or_address_is_refused_by_message() -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(asked(Message("user", (Image(),))))
    assert caught.value.param == "messages[0]"


def test_every_setting_is_an_option() -> None:
    built = body(
        asked(
            sampling=Sampling(temperature=0.1, top_p=0.2, top_k=3, seed=4, presence_penalty=0.5, frequency_penalty=0.6),
            max_output=7,
            stop=("END", "\n"),
            stream=True,
        )
    )
    assert built["stream"] is True
    assert built["options"] == {
        "temperature": 0.1,
        "top_p": 0.2,
        "top_k": 3,
        "seed": 4,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.6,
        "num_predict": 7,
        "stop": ["END", "\n"],
    }
    known_to_ollama(built)


NO_SAMPLING = Traits(refuses=frozenset({"temperature", "top_p"}))
DEFAULTS = Defaults(max_tokens=256, temperature=0.7, top_p=0.9)


@pytest.mark.parametrize(
    ("said", "fields", "options"),
    [
        ({}, {"defaults": DEFAULTS}, {"num_predict": 256, "temperature": 0.7, "top_p": 0.9}),
        (
            {"max_output": 0, "sampling": Sampling(temperature=0.0, top_p=1.0)},
            {"defaults": DEFAULTS},
            {"num_predict": 0, "temperature": 0.0, "top_p": 1.0},
        ),
        (
            {"sampling": Sampling(temperature=0.3, top_k=5)},
            {"defaults": DEFAULTS, "traits": NO_SAMPLING},
            {"num_predict": 256, "top_k": 5},
        ),
        ({}, {}, {}),
    ],
    ids=["defaults_fill_in", "the_caller_wins_even_with_zero", "model_without_sampling", "nothing_said_nothing_sent"],
)
def test_defaults(said: dict[str, Any], fields: dict[str, Any], options: dict[str, Any]) -> None:
    assert body(asked(**said), **fields)["options"] == options


@pytest.mark.parametrize(
    ("output", "sent"),
    [
        (Output("json"), "json"),
        (Output("json_schema", SCHEMA, name="place"), msgspec.json.decode(SCHEMA)),
        (Output(), None),
    ],
    ids=["json", "schema", "text"],
)
def test_the_form_of_the_answer(output: Output, sent: object) -> None:
    assert body(asked(output=output)).get("format") == sent


@pytest.mark.parametrize(
    ("reasoning", "sent"),
    [
        (None, None),
        (Reasoning(), True),
        (Reasoning(budget=2000), True),
        (Reasoning(effort="medium"), "medium"),
        (Reasoning(effort="max"), "high"),
        (Reasoning(effort="xhigh"), "high"),
        (Reasoning(effort="minimal"), "low"),
        (Reasoning(enabled=False), False),
        (Reasoning(enabled=False, effort="none"), False),
    ],
    ids=["nothing_said", "on", "budget", "word", "most", "more_than_high", "word_it_lacks", "off", "off_by_word"],
)
def test_reasoning(reasoning: Reasoning | None, sent: object) -> None:
    request = asked(reasoning=reasoning)
    assert body(request, model="gpt-oss:20b").get("think") == sent
    assert changed(request, model="gpt-oss:20b") == []


@pytest.mark.parametrize(
    ("reasoning", "model"),
    [(Reasoning(effort="high"), "qwen3"), (Reasoning(effort="ludicrous"), "gpt-oss:20b")],
    ids=["level_of_a_model_with_a_switch", "unknown_effort"],
)
def test_a_level_that_the_model_lacks_only_switches_its_thinking_on(reasoning: Reasoning, model: str) -> None:
    request = asked(reasoning=reasoning)
    assert body(request, model=model)["think"] is True
    assert changed(request, model=model) == ["reasoning_effort: think: true"]


def test_a_tool_that_may_not_be_called_is_not_told_of() -> None:
    assert "tools" not in body(asked(tools=(Tool("f"),), tool_choice=ToolChoice("none")))


def test_a_failed_tool_is_told_in_words() -> None:
    failed = ToolResult("c", (Text("no such city"),), name="f", is_error=True)
    assert body(asked(*HELLO, Message("tool", (failed,))))["messages"][1]["content"] == "Error: no such city"


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"tools": (Tool("f"),), "parallel_tool_calls": False}, ["parallel_tool_calls: left out"]),
        ({"user": "u", "metadata": {"a": "b"}}, ["user: left out", "metadata: left out"]),
        ({"extensions": {"openai": {"service_tier": Raw(b'"flex"')}}}, ["service_tier: left out"]),
    ],
    ids=["one_call_at_a_time", "user", "other_wire"],
)
def test_hints_that_ollama_has_no_way_to_say_are_left_out_and_named(said: dict[str, Any], named: list[str]) -> None:
    without = {name: value for name, value in said.items() if name == "tools"}
    assert body(asked(**said)) == body(asked(**without))
    assert changed(asked(**said)) == named


def test_ollamas_own_extra_fields_are_sent() -> None:
    built = body(asked(extensions={"ollama": {"keep_alive": Raw(b'"10m"')}}))
    assert built["keep_alive"] == "10m"
    assert built["messages"] == [{"role": "user", "content": "hi"}]


def test_log_probabilities_are_asked_for_beside_the_options() -> None:
    built = body(asked(sampling=Sampling(logprobs=True, top_logprobs=3)))
    assert (built["logprobs"], built["top_logprobs"], built["options"]) == (True, 3, {})
    known_to_ollama(built)


OWN = {"num_ctx": Raw(b"8192"), "top_k": Raw(b"9"), "keep_alive": Raw(b'"10m"')}


@pytest.mark.parametrize(
    ("said", "options", "keep_alive"),
    [
        ({}, {"num_ctx": 8192, "top_k": 9}, "10m"),
        ({"sampling": Sampling(top_k=1), "stop": ("x",)}, {"num_ctx": 8192, "top_k": 1, "stop": ["x"]}, "10m"),
        (
            {"extensions": {"ollama": {"keep_alive": Raw(b"0"), "options.num_ctx": Raw(b"5")}}},
            {"num_ctx": 5, "top_k": 9},
            0,
        ),
    ],
    ids=["nothing_said", "what_the_core_knows", "what_only_ollama_knows"],
)
def test_a_deployments_options_fill_in_what_the_caller_left_out(
    said: dict[str, Any], options: dict[str, Any], keep_alive: object
) -> None:
    built = body(asked(**said), options=OWN)
    assert (built["options"], built["keep_alive"]) == (options, keep_alive)
    assert built["messages"] == [{"role": "user", "content": "hi"}]
    assert None not in built.values()


def test_the_clients_word_wins_over_an_extension_of_the_same_name() -> None:
    said = {"options.seed": Raw(b"1"), "options.mirostat": Raw(b"2"), "messages": Raw(b"[]")}
    built = body(asked(sampling=Sampling(seed=7), extensions={"ollama": said}))
    assert (built["options"], built["messages"]) == ({"seed": 7, "mirostat": 2}, [{"role": "user", "content": "hi"}])


# --- relayed -----------------------------------------------------------------------------------------


def relayed(fields: dict[str, bytes], **deployed: Any) -> bytes:
    raw = WireBody("ollama", {name: Raw(value) for name, value in fields.items()})
    return OLLAMA.build(asked(raw=raw, n=9), deployment(**deployed)).body


def test_a_relayed_body_only_changes_the_models_name() -> None:
    fields = {"model": b'"fast"', "messages": b'[{"role":"user","new":1e3}]', "options": b'{"num_ctx": 8192}'}
    assert relayed(fields) == (
        b'{"model":"llama3.2","messages":[{"role":"user","new":1e3}],"options":{"num_ctx": 8192}}'
    )


@pytest.mark.parametrize(
    ("options", "deployed", "sent"),
    [
        (None, {"defaults": DEFAULTS}, {"num_predict": 256, "temperature": 0.7, "top_p": 0.9}),
        (
            b'{"temperature":0,"num_predict":-1,"num_ctx":5}',
            {"defaults": DEFAULTS},
            {"temperature": 0, "num_predict": -1, "num_ctx": 5, "top_p": 0.9},
        ),
        (
            b'{"temperature":1,"top_p":1,"top_k":2}',
            {"traits": NO_SAMPLING},
            {"top_k": 2},
        ),
        (b"null", {"defaults": Defaults(max_tokens=1)}, {"num_predict": 1}),
        (b'{"num_ctx":1}', {"options": OWN}, {"num_ctx": 1, "top_k": 9}),
    ],
    ids=["defaults_fill_in", "the_caller_wins", "model_without_sampling", "null_is_left_out", "own_options"],
)
def test_a_relayed_body_gets_the_deployments_defaults(
    options: bytes | None, deployed: dict[str, Any], sent: dict[str, Any]
) -> None:
    fields = {} if options is None else {"options": options}
    assert msgspec.json.decode(relayed(fields, **deployed))["options"] == sent


@pytest.mark.parametrize(("said", "kept"), [({}, "10m"), ({"keep_alive": b"-1"}, -1)], ids=["unsaid", "said"])
def test_how_long_a_deployment_is_kept_in_memory_is_said_beside_the_options(said: dict[str, bytes], kept: Any) -> None:
    sent = msgspec.json.decode(relayed(said, options=OWN))
    assert (sent["keep_alive"], sent["options"]) == (kept, {"num_ctx": 8192, "top_k": 9})


SMALL = Traits(max_output=100)
WEAK = Traits(thinking="never", tools=False)
SWITCHED = Traits(thinking="optional", efforts=())
HARMONY = Traits(thinking="always", efforts=("low", "medium", "high"))


@pytest.mark.parametrize(
    ("traits", "said", "sent", "names"),
    [
        (WEAK, {"think": True}, {}, ["reasoning_effort: left out"]),
        (WEAK, {"think": "high"}, {}, ["reasoning_effort: left out"]),
        (WEAK, {"think": False}, {}, []),
        (WEAK, {"tools": [{"type": "function", "function": {"name": "f"}}]}, {}, ["tools: left out"]),
        (WEAK, {"tools": []}, {}, []),
        (SWITCHED, {"think": "low"}, {"think": True}, ["reasoning_effort: think: true"]),
        (SWITCHED, {"think": "max"}, {"think": True}, ["reasoning_effort: think: true"]),
        (HARMONY, {"think": "max"}, {"think": "high"}, ["reasoning_effort: think: high"]),
        (HARMONY, {"think": "minimal"}, {"think": "low"}, ["reasoning_effort: think: low"]),
        (HARMONY, {"think": "medium"}, {"think": "medium"}, []),
        (SWITCHED, {"think": False}, {"think": False}, []),
        (Traits(), {"think": "max", "tools": []}, {"think": "max", "tools": []}, []),
        (
            Traits(max_output=100),
            {"options": {"num_predict": 200}},
            {"options": {"num_predict": 100}},
            ["max_tokens: 100"],
        ),
    ],
)
def test_what_the_model_can_not_is_said_otherwise(
    traits: Traits, said: dict[str, Any], sent: dict[str, Any], names: list[str]
) -> None:
    fields = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}
    request = ENDPOINTS["ollama"].parse(msgspec.json.encode(fields | said), HERE)
    wired = OLLAMA.build(request, deployment(traits=traits))
    assert msgspec.json.decode(wired.body) == fields | {"model": "llama3.2"} | sent
    assert told(wired) == names


def test_a_bare_prompt_is_relayed_to_the_endpoint_for_them() -> None:
    raw = WireBody("ollama-generate", {"model": Raw(b'"fast"'), "prompt": Raw(b'"hi"'), "raw": Raw(b"true")})
    wired = OLLAMA.operation(asked(raw=raw)).build(asked(raw=raw), deployment())
    assert wired.url == "http://localhost:11434/api/generate"
    assert wired.body == b'{"model":"llama3.2","prompt":"hi","raw":true}'


def test_relayed_options_that_are_no_object_are_refused_by_field() -> None:
    with pytest.raises(InvalidRequest) as caught:
        relayed({"options": b"5"}, defaults=DEFAULTS)
    assert caught.value.param == "options"


# --- address -----------------------------------------------------------------------------------------


def test_a_local_server_gets_no_key() -> None:
    wired = OLLAMA.build(asked(), deployment())
    assert (wired.method, wired.url) == ("POST", "http://localhost:11434/api/chat")
    assert wired.headers == {"content-type": "application/json"}


def test_a_key_is_sent_if_there_is_one() -> None:
    wired = OLLAMA.build(asked(), deployment(base_url="https://h.example/", api_key=Secret("k"), headers={"x-a": "1"}))
    assert wired.url == "https://h.example/api/chat"
    assert wired.headers == {"content-type": "application/json", "x-a": "1", "authorization": "Bearer k"}
