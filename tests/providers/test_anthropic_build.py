"""Requests to Anthropic: made anew from the core, and passed on from a client on the same wire."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from msgspec import Raw

from tests.support.anthropic_wire import ENDPOINT, PNG, PROVIDER, deployment
from tests.support.anthropic_wire import sent_body as build
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
    WireBody,
)
from turnout.errors import InvalidRequest, Unsupported

HELLO = (Message("user", (Text("Hello"),)),)
CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "additionalProperties": False,
}
SCHEMA = Raw(json.dumps(CLOSED).encode())


def asking(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="fast", messages=messages or HELLO, **fields)


def turns(*messages: Message) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = build(asking(*messages))["messages"]
    return sent


def block(part: Part, role: Any = "user") -> Any:
    """The part's own block: a lone text would be sent as a string."""
    (turn,) = turns(Message(role, (part, Text("."))))
    return turn["content"][0]


def test_a_small_request() -> None:
    assert build(asking()) == {
        "model": "claude-haiku-4-5",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "Hello"}],
    }


def test_goes_to_the_messages_endpoint_with_key_and_version() -> None:
    wire = PROVIDER.build(asking(), deployment(headers={"anthropic-beta": "x"}))
    assert (wire.method, wire.url) == ("POST", "https://api.anthropic.com/v1/messages")
    assert wire.headers == {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "x",
        "x-api-key": "sk-ant-test",
    }


@pytest.mark.parametrize("base_url", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_an_address_with_and_without_its_version(base_url: str) -> None:
    assert PROVIDER.build(asking(), deployment(base_url=base_url)).url == "http://h:1/v1/messages"


def test_no_key_sends_no_key() -> None:
    assert "x-api-key" not in PROVIDER.build(asking(), deployment(api_key=None)).headers


# --- the conversation --------------------------------------------------------------------------------


def test_leading_system_messages_are_the_system_prompt() -> None:
    sent = build(asking(Message("system", (Text("a"),)), Message("system", (Text("b"),)), *HELLO))
    assert sent["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert sent["messages"] == [{"role": "user", "content": "Hello"}]


def test_a_lone_system_text_is_a_string() -> None:
    assert build(asking(Message("system", (Text("Be brief."),)), *HELLO))["system"] == "Be brief."


def test_a_later_system_message_becomes_marked_text_of_the_users_turn() -> None:
    assert turns(*HELLO, Message("system", (Text("In French."),))) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hello"},
                {"type": "text", "text": "<system>\nIn French.\n</system>"},
            ],
        }
    ]


def test_messages_of_one_role_become_one_turn() -> None:
    told = turns(*HELLO, Message("user", (Text("?"),)), Message("assistant", (Text("a"),)), Message("assistant", ()))
    assert told == [
        {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "?"}]},
        {"role": "assistant", "content": "a"},
    ]


def test_results_of_parallel_calls_are_one_turn_and_come_first_in_it() -> None:
    calls = (ToolCall("c1", "f", '{"a":1}'), ToolCall("c2", "g", ""))
    told = turns(
        *HELLO,
        Message("assistant", calls),
        Message("system", (Text("note"),)),
        Message("tool", (ToolResult("c1", (Text("one"),), name="f"),)),
        Message("tool", (ToolResult("c2", (), is_error=True),)),
        Message("user", (Text("go on"),)),
    )
    assert told[1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
                {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "c2", "is_error": True},
                {"type": "text", "text": "<system>\nnote\n</system>"},
                {"type": "text", "text": "go on"},
            ],
        },
    ]


def test_ids_of_other_providers_are_made_to_fit() -> None:
    told = turns(
        *HELLO,
        Message("assistant", (ToolCall("functions.f:0", "f", "{}"),)),
        Message("tool", (ToolResult("functions.f:0", (Text("x"),)),)),
    )
    assert told[1]["content"][0]["id"] == told[2]["content"][0]["tool_use_id"] == "functions_f_0"


def test_a_calls_arguments_keep_their_bytes() -> None:
    arguments = '{"b": 1.0, "a": 12345678901234567890}'
    body = PROVIDER.build(asking(*HELLO, Message("assistant", (ToolCall("c", "f", arguments),))), deployment()).body
    assert arguments.encode() in body


CACHED = {"anthropic": {"cache_control": Raw(b'{"type":"ephemeral"}')}}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param(
            Text("x", CACHED), {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}, id="cache-marker"
        ),
        pytest.param(
            Image(data=PNG, media_type="image/png"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            id="image-base64",
        ),
        pytest.param(
            Image(data=PNG, media_type="image/jpeg"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            id="image-of-another-type-than-it-says",
        ),
        pytest.param(
            Image(url="https://example.com/a.png"),
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            id="image-url",
        ),
        pytest.param(
            File(data="JVBERi0=", name="a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                "title": "a.pdf",
            },
            id="pdf",
        ),
        pytest.param(
            File(data=b64encode("Grüße".encode()).decode(), media_type="text/markdown"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}},
            id="text-file",
        ),
        pytest.param(
            File(url="https://example.com/a.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
            id="file-url",
        ),
        pytest.param(
            File(file_id="file_1"), {"type": "document", "source": {"type": "file", "file_id": "file_1"}}, id="upload"
        ),
        pytest.param(Refusal("I can't."), {"type": "text", "text": "I can't."}, id="refusal"),
        pytest.param(
            Thinking("hm", "sig"), {"type": "thinking", "thinking": "hm", "signature": "sig"}, id="signed-thinking"
        ),
        pytest.param(RedactedThinking("x"), {"type": "redacted_thinking", "data": "x"}, id="redacted-thinking"),
        pytest.param(
            Text("", {"anthropic": {"block": Raw(b'{"type":"container_upload","file_id":"f"}')}}),
            {"type": "container_upload", "file_id": "f"},
            id="block-of-anthropics-own",
        ),
    ],
)
def test_parts_as_blocks(part: Part, expected: dict[str, Any]) -> None:
    role = "user" if isinstance(part, Text | Image | File) else "assistant"
    assert block(part, role) == expected


@pytest.mark.parametrize(
    "part",
    [Thinking("not Claude's"), Text(""), Text(" \n\t")],
    ids=["unsigned-thinking", "empty-text", "text-without-a-word"],
)
def test_what_anthropic_would_refuse_without_need_is_left_out(part: Part) -> None:
    assert turns(Message("assistant", (part, Text(".")))) == [{"role": "assistant", "content": "."}]


def test_a_result_without_a_word_is_an_empty_one() -> None:
    result = ToolResult("c", (Text("\n"),))
    assert block(result, "tool") == {"type": "tool_result", "tool_use_id": "c"}


def test_an_answer_that_was_begun_loses_the_blanks_at_its_end() -> None:
    begun = turns(*HELLO, Message("assistant", (Text("Well, "), Text(" so \n"))))
    assert begun[1]["content"] == [{"type": "text", "text": "Well, "}, {"type": "text", "text": " so"}]


def test_an_answer_in_the_middle_and_a_question_keep_their_blanks() -> None:
    told = turns(Message("user", (Text("a "),)), Message("assistant", (Text("b "),)), Message("user", (Text("c "),)))
    assert [turn["content"] for turn in told] == ["a ", "b ", "c "]


# --- settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"max_output": 5}, {"max_tokens": 5}, id="max-tokens"),
        pytest.param({"max_output": 0}, {"max_tokens": 0}, id="no-tokens"),
        pytest.param({"stop": ("a", "b")}, {"stop_sequences": ["a", "b"]}, id="stop"),
        pytest.param({"stream": True}, {"stream": True}, id="stream"),
        pytest.param({"user": "u"}, {"metadata": {"user_id": "u"}}, id="user"),
        pytest.param({"sampling": Sampling(temperature=0.3, top_k=4)}, {"temperature": 0.3, "top_k": 4}, id="sampling"),
        pytest.param({"sampling": Sampling(seed=1, frequency_penalty=0.5)}, {}, id="knobs-it-lacks"),
        pytest.param(
            {"output": Output("json_schema", SCHEMA, name="n", strict=True)},
            {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
            id="schema",
        ),
        pytest.param(
            {"extensions": {"anthropic": {"speed": Raw(b'"fast"'), "metadata": Raw(b'{"x":1}')}, "openai": {}}},
            {"speed": "fast", "metadata": {"x": 1}},
            id="extensions",
        ),
        pytest.param(
            {"user": "u", "extensions": {"anthropic": {"metadata": Raw(b'{"x":1}')}, "openai": {"store": Raw(b"1")}}},
            {"metadata": {"user_id": "u", "x": 1}},
            id="extensions-beside-ours",
        ),
        pytest.param(
            {"tools": (Tool("f", "Does f.", SCHEMA, True, CACHED), Tool("g"))},
            {
                "tools": [
                    {
                        "name": "f",
                        "description": "Does f.",
                        "input_schema": CLOSED,
                        "strict": True,
                        "cache_control": {"type": "ephemeral"},
                    },
                    {"name": "g", "input_schema": {"type": "object"}},
                ]
            },
            id="tools",
        ),
    ],
)
def test_settings(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert build(asking(**fields)) == build(asking()) | expected


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        pytest.param(None, None, None, id="nothing-said"),
        pytest.param(ToolChoice("auto"), None, {"type": "auto"}, id="auto"),
        pytest.param(ToolChoice("required"), None, {"type": "any"}, id="required"),
        pytest.param(ToolChoice("none"), False, {"type": "none"}, id="none-knows-nothing-of-parallel"),
        pytest.param(
            ToolChoice("tool", "f"),
            False,
            {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
            id="one-tool-one-call",
        ),
        pytest.param(None, False, {"type": "auto", "disable_parallel_tool_use": True}, id="one-call"),
        pytest.param(None, True, {"type": "auto", "disable_parallel_tool_use": False}, id="parallel-calls"),
    ],
)
def test_the_choice_of_the_tool(
    choice: ToolChoice | None, parallel: bool | None, expected: dict[str, Any] | None
) -> None:
    request = asking(tools=(Tool("f", parameters=SCHEMA),), tool_choice=choice, parallel_tool_calls=parallel)
    assert build(request).get("tool_choice") == expected


# --- defaults ----------------------------------------------------------------------------------------

NO_SAMPLING = Traits(refuses=frozenset({"temperature", "top_p"}))
DEFAULTS = Defaults(max_tokens=77, temperature=1.0)
BOTH_WAYS = pytest.mark.parametrize("relayed", [False, True], ids=["translated", "relayed"])


def sent_with(relayed: bool, to: Deployment, **fields: Any) -> dict[str, Any]:
    body = {"model": "fast", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}], **fields}
    request = ENDPOINT.parse(json.dumps(body).encode())
    if not relayed:
        sampling = Sampling(**{name: fields[name] for name in ("temperature", "top_p") if name in fields})
        request = asking(max_output=5, sampling=sampling, reasoning=request.reasoning)
    return build(request, to)


def test_a_relayed_request_without_a_limit_gets_the_one_that_anthropic_requires() -> None:
    raw = WireBody("anthropic-messages", {"messages": Raw(b'[{"role":"user","content":"Hello"}]')})
    assert build(asking(raw=raw), deployment(traits=Traits(max_output=9000)))["max_tokens"] == 9000


@BOTH_WAYS
@pytest.mark.parametrize(
    ("fields", "to", "expected"),
    [
        pytest.param({}, deployment(defaults=DEFAULTS), {"temperature": 1.0}, id="default"),
        pytest.param({"temperature": 0.2}, deployment(defaults=DEFAULTS), {"temperature": 0.2}, id="callers-own"),
        pytest.param(
            {"top_p": 0.9}, deployment(defaults=DEFAULTS), {"top_p": 0.9}, id="never-beside-the-callers-top-p"
        ),
        pytest.param(
            {"thinking": {"type": "adaptive"}}, deployment(model="x", defaults=DEFAULTS), {}, id="never-while-thinking"
        ),
        pytest.param(
            {},
            deployment(defaults=DEFAULTS, traits=NO_SAMPLING),
            {},
            id="model-takes-none",
        ),
        pytest.param(
            {"temperature": 0.2},
            deployment(defaults=DEFAULTS, traits=NO_SAMPLING),
            {},
            id="model-takes-not-even-the-callers",
        ),
        pytest.param({}, deployment(defaults=DEFAULTS, api_version="2026-10-21"), {}, id="version-takes-none"),
    ],
)
def test_sampling_is_sent_where_the_model_takes_it(
    relayed: bool, fields: dict[str, Any], to: Deployment, expected: dict[str, Any]
) -> None:
    sent = sent_with(relayed, to, **fields)
    assert {name: sent[name] for name in sent if name in ("temperature", "top_p")} == expected
    assert sent["max_tokens"] == 5


@pytest.mark.parametrize(
    ("to", "service", "limit"),
    [
        pytest.param(deployment(), False, 4096, id="all-models-take-this-one"),
        pytest.param(deployment(traits=Traits(max_output=9000)), False, 9000, id="all-that-the-model-gives"),
        pytest.param(deployment(defaults=DEFAULTS, traits=Traits(max_output=9000)), False, 77, id="the-operators"),
        pytest.param(deployment(service_defaults=DEFAULTS), False, 4096, id="the-services-not-for-others"),
        pytest.param(deployment(service_defaults=DEFAULTS), True, 77, id="the-services"),
    ],
)
def test_the_limit_that_anthropic_requires(to: Deployment, service: bool, limit: int) -> None:
    assert build(asking(service=service), to)["max_tokens"] == limit


def test_the_deployments_version_is_sent() -> None:
    headers = PROVIDER.build(asking(), deployment(api_version="2026-10-21")).headers
    assert headers["anthropic-version"] == "2026-10-21"


# --- the same wire on both sides ---------------------------------------------------------------------


def test_a_relayed_body_is_the_clients_own_but_for_the_model() -> None:
    body = (
        b'{"model":"fast","max_tokens":5,"new" : {"a" : 1.0e2, "b":[ ]},'
        b'"messages":[{"role":"user","content":"h\\u0069"}],'
        b'"tools":[{"type":"web_search_20250305","name":"web_search"}],"stream":true}'
    )
    sent = PROVIDER.build(ENDPOINT.parse(body), deployment()).body
    assert sent == (
        b'{"model":"claude-haiku-4-5","max_tokens":5,"new":{"a" : 1.0e2, "b":[ ]},'
        b'"messages":[{"role":"user","content":"h\\u0069"}],'
        b'"tools":[{"type":"web_search_20250305","name":"web_search"}],"stream":true}'
    )


# --- what can't be said ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        pytest.param(asking(Message("user", (Audio("x", "wav"),))), "messages[0]", id="audio"),
        pytest.param(asking(output=Output("json_schema")), "response_format", id="schema-mode-without-schema"),
        pytest.param(
            asking(Message("user", (Image(data="Qk0AAAAA", media_type="image/bmp"),))), "messages[0]", id="bmp"
        ),
        pytest.param(
            asking(Message("user", (File(data="eA==", media_type="application/zip"),))), "messages[0]", id="zip"
        ),
    ],
)
def test_refuses_what_it_cant_say(request_: ChatRequest, param: str) -> None:
    with pytest.raises(Unsupported) as caught:
        build(request_)
    assert caught.value.param == param


def test_an_answer_that_was_begun_is_refused_for_models_that_do_not_go_on_with_it() -> None:
    begun = asking(*HELLO, Message("assistant", (Text("Well"),)))
    assert build(begun)["messages"][-1] == {"role": "assistant", "content": "Well"}
    with pytest.raises(Unsupported, match="end with a user's message"):
        build(begun, deployment(traits=Traits(prefill=False)))


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(ToolCall("c", "f", '{"a":'), id="arguments-cut-short"),
        pytest.param(ToolCall("c", "f", "[1]"), id="arguments-a-list"),
        pytest.param(ToolCall("c", "f", '{"a":' + "[" * 100_000), id="arguments-nested-deeply"),
        pytest.param(File(data="!", media_type="text/plain"), id="text-file-not-base64"),
    ],
)
def test_refuses_what_is_wrong(part: Part) -> None:
    with pytest.raises(InvalidRequest) as caught:
        build(asking(Message("assistant", (part,))))
    assert caught.value.param == "messages[0]"


def test_a_relayed_request_keeps_the_clients_version_and_beta_headers() -> None:
    """A beta feature in the body means nothing without the header that switches it on."""
    said = {"anthropic-beta": "files-api-2025-04-14", "anthropic-version": "2026-10-21"}
    raw = WireBody("anthropic-messages", {"model": Raw(b'"x"')}, said)
    built = PROVIDER.build(asking(raw=raw), deployment())
    assert {name: built.headers.get(name) for name in said} == said
    assert b"temperature" not in built.body


@pytest.mark.parametrize(
    ("clients", "own", "sent"),
    [("a-1", "c-3", "a-1,c-3"), ("a-1, b-2", "b-2,c-3", "a-1,b-2,c-3"), ("a-1", None, "a-1"), (None, "c-3", "c-3")],
)
def test_features_of_the_client_and_of_the_deployment_are_one_list(
    clients: str | None, own: str | None, sent: str
) -> None:
    said = {} if clients is None else {"anthropic-beta": clients}
    raw = WireBody("anthropic-messages", {"model": Raw(b'"x"')}, said)
    to = deployment(headers={} if own is None else {"anthropic-beta": own})
    assert PROVIDER.build(asking(raw=raw), to).headers["anthropic-beta"] == sent


def test_a_pinned_version_wins_over_the_clients() -> None:
    """Whoever configured the deployment knows what its address speaks."""
    raw = WireBody("anthropic-messages", {"model": Raw(b'"x"')}, {"anthropic-version": "2026-10-21"})
    assert (
        PROVIDER.build(asking(raw=raw), deployment(api_version="2023-06-01")).headers["anthropic-version"]
        == "2023-06-01"
    )


# --- schemas -----------------------------------------------------------------------------------------


def test_a_schema_is_said_in_the_part_that_structured_output_takes() -> None:
    said = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 1, "description": "In years."},
            "mail": {"type": "string", "format": "email", "maxLength": 9},
            "names": {"type": "array", "items": {"$ref": "#/$defs/Name"}, "minItems": 1},
            "more": {"type": "array", "items": {"type": "string", "format": "color"}, "minItems": 2},
            "either": {"oneOf": [{"const": "a"}, {"type": "null"}]},
        },
        "required": ["age"],
        "$defs": {"Name": {"type": "object", "properties": {"first": {"type": "string"}}}},
    }
    output = Output("json_schema", Raw(json.dumps(said).encode()))
    assert build(asking(output=output))["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {
            "age": {"type": "integer", "description": "In years.\n\n{minimum: 1}"},
            "mail": {"type": "string", "format": "email", "description": "{maxLength: 9}"},
            "names": {"type": "array", "items": {"$ref": "#/$defs/Name"}, "minItems": 1},
            "more": {
                "type": "array",
                "items": {"type": "string", "description": '{format: "color"}'},
                "description": "{minItems: 2}",
            },
            "either": {"anyOf": [{"const": "a"}, {"type": "null"}]},
        },
        "required": ["age"],
        "$defs": {
            "Name": {"type": "object", "properties": {"first": {"type": "string"}}, "additionalProperties": False}
        },
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "schemas"),
    [('{"type":"object"}', "always"), (json.dumps(CLOSED), "never")],
    ids=["objects-of-any-fields", "models-before-structured-output"],
)
def test_strict_is_left_out_where_a_tool_cannot_be_held_to_its_schema(schema: str, schemas: Any) -> None:
    request = asking(tools=(Tool("f", parameters=Raw(schema.encode()), strict=True),))
    wire = wire_request(PROVIDER, request, deployment(traits=Traits(schemas=schemas)))
    assert json.loads(wire.body)["tools"] == [{"name": "f", "input_schema": json.loads(schema)}]
    assert told(wire) == ["tools[0].strict: left out"]
