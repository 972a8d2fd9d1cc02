"""Requests to Gemini. Google's own client has to know every field of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from google.genai import types as sdk
from msgspec import Raw
from pydantic import TypeAdapter

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
from turnout.errors import InvalidRequest, Unsupported
from turnout.providers import registry
from turnout.providers.gemini.provider import Gemini

GEMINI = Gemini()
HELLO = (Message("user", (Text("hi"),)),)
SCHEMA = Raw(b'{"type":"object","properties":{"city":{"type":"string"}},"additionalProperties":false}')
SIGNED = {"gemini": {"thoughtSignature": Raw(b'"c2ln"')}}


def deployment(**fields: Any) -> Deployment:
    usual: dict[str, Any] = {"id": "d", "provider": "gemini", "model": "gemini-2.5-flash", "api_key": Secret("k")}
    return Deployment(**usual | fields)


def body(request: ChatRequest, **fields: Any) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.json.decode(wire_request(GEMINI, request, deployment(**fields)).body)
    return built


def asked(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or HELLO, **fields)


def known_to_google(built: dict[str, Any]) -> None:
    """Its models forbid fields that they don't know."""
    TypeAdapter(list[sdk.Content]).validate_python(built["contents"])
    sdk.GenerationConfig.model_validate(built["generationConfig"])
    TypeAdapter(list[sdk.Tool]).validate_python(built.get("tools", []))
    for name, model in (("systemInstruction", sdk.Content), ("toolConfig", sdk.ToolConfig)):
        if name in built:
            model.model_validate(built[name])
    others = built.keys() - {"contents", "generationConfig", "tools", "systemInstruction", "toolConfig"}
    assert not others


def parts_of(*parts: Part, role: Any = "user", model: str = "gemini-2.5-flash") -> list[dict[str, Any]]:
    built = body(asked(Message(role, parts)), model=model)
    known_to_google(built)
    sent: list[dict[str, Any]] = built["contents"][0]["parts"]
    return sent


def test_the_registry_finds_it_by_name_and_alias() -> None:
    assert registry()["gemini"] is registry()["google"]
    assert registry()["gemini"].name == "gemini"


@pytest.mark.parametrize(
    ("stream", "model", "url"),
    [
        (False, "gemini-2.5-flash", "https://h.example/v1beta/models/gemini-2.5-flash:generateContent"),
        (True, "gemini-2.5-flash", "https://h.example/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"),
        (False, "tunedModels/mine-7", "https://h.example/v1beta/tunedModels/mine-7:generateContent"),
        (False, "models/gemini-x", "https://h.example/v1beta/models/gemini-x:generateContent"),
        (
            False,
            "projects/p/locations/l/publishers/google/models/m",
            "https://h.example/v1beta/projects/p/locations/l/publishers/google/models/m:generateContent",
        ),
        (False, "org/name:tag", "https://h.example/v1beta/models/org%2Fname%3Atag:generateContent"),
        (False, "cachedContents/abc", "https://h.example/v1beta/models/cachedContents%2Fabc:generateContent"),
        (False, "a?key=b#c", "https://h.example/v1beta/models/a%3Fkey%3Db%23c:generateContent"),
    ],
    ids=["unary", "stream", "tuned_model", "with_its_kind", "vertex", "slashes", "another_kind", "end_of_the_path"],
)
def test_the_address_says_model_and_form(stream: bool, model: str, url: str) -> None:
    wired = GEMINI.build(asked(stream=stream), deployment(model=model, base_url="https://h.example/v1beta/"))
    assert wired.url == url


def test_the_key_is_in_a_header_and_nowhere_else() -> None:
    wired = GEMINI.build(asked(), deployment(api_key=Secret("AIza-secret"), headers={"x-extra": "1"}))
    assert wired.headers == {"content-type": "application/json", "x-extra": "1", "x-goog-api-key": "AIza-secret"}
    assert "secret" not in wired.url
    assert b"secret" not in wired.body


def test_a_whole_conversation_is_what_google_documents() -> None:
    built = body(
        asked(
            Message("system", (Text("Be short."),)),
            Message("user", (Text("Weather in Oslo and Rome?"),)),
            Message("assistant", (ToolCall("c1", "weather", '{"city":"Oslo"}', SIGNED), ToolCall("c2", "time", ""))),
            Message("tool", (ToolResult("c1", (Text("21"),)),)),
            Message("tool", (ToolResult("c2", (Text("no clock"),), is_error=True),)),
            tools=(Tool("weather", "Looks it up.", SCHEMA), Tool("time")),
            tool_choice=ToolChoice("auto"),
        )
    )
    assert built == {
        "systemInstruction": {"parts": [{"text": "Be short."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Weather in Oslo and Rome?"}]},
            {
                "role": "model",
                "parts": [
                    {
                        "functionCall": {"id": "c1", "name": "weather", "args": {"city": "Oslo"}},
                        "thoughtSignature": "c2ln",
                    },
                    {"functionCall": {"id": "c2", "name": "time", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"id": "c1", "name": "weather", "response": {"output": "21"}}},
                    {"functionResponse": {"id": "c2", "name": "time", "response": {"error": "no clock"}}},
                ],
            },
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "weather",
                        "description": "Looks it up.",
                        "parametersJsonSchema": msgspec.json.decode(SCHEMA),
                    },
                    {"name": "time"},
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {},
    }
    known_to_google(built)


def test_big_numbers_and_key_order_of_arguments_reach_the_wire() -> None:
    arguments = '{"b":1.0,"a":12345678901234567890,"tiny":1e-400}'
    request = asked(*HELLO, Message("assistant", (ToolCall("c", "f", arguments),)))
    assert f'"args":{arguments}'.encode() in GEMINI.build(request, deployment()).body


def test_a_result_without_its_call_names_the_message() -> None:
    with pytest.raises(InvalidRequest, match="'gone'") as caught:
        body(asked(*HELLO, Message("tool", (ToolResult("gone", (Text("21"),)),))))
    assert caught.value.param == "messages[1]"


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        pytest.param(
            Image(data="aGk=", media_type="image/png"),
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
            id="image_inline",
        ),
        pytest.param(
            Image(url="https://x.example/a.JPG?v=1"),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.example/a.JPG?v=1"}},
            id="image_by_address_takes_the_type_of_its_ending",
        ),
        pytest.param(
            Image(url="https://x.example/a", media_type="image/webp"),
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://x.example/a"}},
            id="image_by_address_with_a_type",
        ),
        pytest.param(
            Audio("aGk=", "wav"), {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}, id="audio_inline"
        ),
        pytest.param(
            File(data="aGk=", name="a.pdf"),
            {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}},
            id="file_takes_the_type_of_its_name",
        ),
        pytest.param(
            File(file_id="https://h.example/v1beta/files/x"),
            {"fileData": {"fileUri": "https://h.example/v1beta/files/x"}},
            id="file_uploaded_at_google",
        ),
        pytest.param(Refusal("No."), {"text": "No."}, id="refusal_is_text"),
        pytest.param(Text("", SIGNED), {"text": "", "thoughtSignature": "c2ln"}, id="signed_empty_text_goes_back"),
        pytest.param(
            Thinking("Hm.", None, SIGNED),
            {"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"},
            id="own_thought_goes_back",
        ),
    ],
)
def test_parts(part: Part, sent: dict[str, Any]) -> None:
    assert parts_of(part) == [sent]


@pytest.mark.parametrize(
    ("endings", "media_type"),
    [
        (".avif", "image/avif"),
        (".gif", "image/gif"),
        (".heic", "image/heic"),
        (".heif", "image/heif"),
        (".jpg .jpeg .JPG", "image/jpeg"),
        (".png", "image/png"),
        (".webp", "image/webp"),
        (".css", "text/css"),
        (".csv", "text/csv"),
        (".html", "text/html"),
        (".json", "application/json"),
        (".md", "text/md"),
        (".pdf", "application/pdf"),
        (".txt", "text/plain"),
        (".xml", "text/xml"),
    ],
)
def test_an_ending_tells_the_type(endings: str, media_type: str) -> None:
    for ending in endings.split():
        file = {"mimeType": media_type, "fileUri": f"https://x.example/a{ending}"}
        assert parts_of(File(url=file["fileUri"])) == [{"fileData": file}]
        assert parts_of(File(data="aGk=", name=f"a{ending}"))[0]["inlineData"]["mimeType"] == media_type


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(Thinking("Hm.", "anthropic-signature"), id="thought_of_another_model"),
        pytest.param(RedactedThinking("xyz"), id="sealed_thought_of_another_model"),
        pytest.param(Text(""), id="empty_text"),
    ],
)
def test_what_gemini_could_not_read_is_left_out(part: Part) -> None:
    assert parts_of(part, Text("hi")) == [{"text": "hi"}]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        pytest.param(Image(url="http://x.example/a.png"), "https://", id="plain_http"),
        pytest.param(Image(url="https://x.example/a"), "media type", id="address_without_a_type"),
        pytest.param(Image(data="aGk="), "media type", id="data_without_a_type"),
    ],
)
def test_media_that_gemini_cannot_fetch_or_read_are_refused_by_message(part: Part, words: str) -> None:
    with pytest.raises(Unsupported, match=words) as caught:
        parts_of(part)
    assert caught.value.param == "messages[0]"


def test_an_image_in_a_system_message_is_refused() -> None:
    with pytest.raises(Unsupported, match="only takes text"):
        body(asked(Message("system", (Image(data="aGk=", media_type="image/png"),)), *HELLO))


DRAWN = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}


def drawn(call_id: str) -> ToolResult:
    return ToolResult(call_id, (Text("Here:"), Image(data="aGk=", media_type="image/png")), name="draw")


def response(call_id: str) -> dict[str, Any]:
    return {"id": call_id, "name": "draw", "response": {"output": "Here:"}}


def test_an_image_in_a_tool_result_stands_beside_its_text() -> None:
    assert parts_of(drawn("c"), role="tool", model="gemini-3-flash") == [
        {"functionResponse": response("c") | {"parts": [DRAWN]}}
    ]


def test_images_of_tool_results_stand_behind_them_for_models_that_see_none_in_a_result() -> None:
    assert parts_of(drawn("a"), drawn("b"), role="tool") == [
        {"functionResponse": response("a")},
        {"functionResponse": response("b")},
        DRAWN,
        DRAWN,
    ]


def test_a_result_with_a_reference_in_it_is_a_text() -> None:
    """Google would take it for one of the result's media."""
    text = '{"$ref":"#/a"}'
    (sent,) = parts_of(ToolResult("c", (Text(text),), name="f"), role="tool")
    assert sent["functionResponse"]["response"] == {"output": text}


def test_a_schema_has_nothing_beside_a_reference() -> None:
    """Gemini refuses it; a property of that name is no reference."""
    schema = {
        "$defs": {"city": {"type": "string", "title": "C"}},
        "anyOf": [{"$ref": "#/$defs/city", "description": "Where.", "$comment": "x"}, {"title": "T"}],
        "properties": {"$ref": {"type": "string", "title": "P"}},
    }
    sent = schema | {"anyOf": [{"$ref": "#/$defs/city", "$comment": "x"}, {"title": "T"}]}
    raw = Raw(msgspec.json.encode(schema))
    built = body(asked(tools=(Tool("f", parameters=raw),), output=Output("json_schema", raw)))
    assert built["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"] == sent
    assert built["generationConfig"]["responseJsonSchema"] == sent


@pytest.mark.parametrize(
    ("model", "extensions", "signatures"),
    [
        ("gemini-3-pro-preview", None, ["skip_thought_signature_validator", None]),
        ("gemini-3-pro-preview", SIGNED, ["c2ln", None]),
        ("models/gemini-2.5-pro", None, [None, None]),
        ("gemma-3-27b-it", None, [None, None]),
    ],
    ids=["first_call_of_gemini_3_must_have_one", "a_real_one_stays", "gemini_2_needs_none", "gemma_needs_none"],
)
def test_tool_calls_without_a_signature(model: str, extensions: Any, signatures: list[str | None]) -> None:
    calls = (ToolCall("c1", "f", "{}", extensions), ToolCall("c2", "f", "{}"))
    sent = parts_of(*calls, role="assistant", model=model)
    assert [part.get("thoughtSignature") for part in sent] == signatures


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("none"), {"mode": "NONE"}),
        (ToolChoice("required"), {"mode": "ANY"}),
        (ToolChoice("tool", "f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
    ids=["auto", "none", "required", "tool"],
)
def test_tool_choice(choice: ToolChoice, config: dict[str, Any]) -> None:
    built = body(asked(tools=(Tool("f"),), tool_choice=choice))
    assert built["toolConfig"] == {"functionCallingConfig": config}
    known_to_google(built)


def test_every_setting_has_googles_name() -> None:
    built = body(
        asked(
            sampling=Sampling(
                temperature=0.1,
                top_p=0.2,
                top_k=3,
                seed=4,
                presence_penalty=0.5,
                frequency_penalty=0.6,
                logprobs=True,
                top_logprobs=2,
            ),
            max_output=7,
            stop=("END",),
            n=2,
            output=Output("json_schema", SCHEMA),
        )
    )
    assert built["generationConfig"] == {
        "temperature": 0.1,
        "topP": 0.2,
        "topK": 3,
        "seed": 4,
        "presencePenalty": 0.5,
        "frequencyPenalty": 0.6,
        "responseLogprobs": True,
        "logprobs": 2,
        "maxOutputTokens": 7,
        "stopSequences": ["END"],
        "candidateCount": 2,
        "responseMimeType": "application/json",
        "responseJsonSchema": msgspec.json.decode(SCHEMA),
    }
    known_to_google(built)


def test_json_without_a_schema_is_a_media_type() -> None:
    assert body(asked(output=Output("json")))["generationConfig"] == {"responseMimeType": "application/json"}


DEFAULTS = Defaults(max_tokens=256, temperature=0.7, top_p=0.9)


@pytest.mark.parametrize(
    ("said", "fields", "config"),
    [
        ({}, {"defaults": DEFAULTS}, {"maxOutputTokens": 256, "temperature": 0.7, "topP": 0.9}),
        (
            {"max_output": 0, "sampling": Sampling(temperature=0.0, top_p=1.0)},
            {"defaults": DEFAULTS},
            {"maxOutputTokens": 0, "temperature": 0.0, "topP": 1.0},
        ),
        (
            {"sampling": Sampling(temperature=0.3, top_k=5)},
            {"defaults": DEFAULTS, "traits": Traits(refuses=frozenset({"temperature", "top_p"}))},
            {"maxOutputTokens": 256, "topK": 5},
        ),
        ({}, {}, {}),
    ],
    ids=["defaults_fill_in", "the_caller_wins_even_with_zero", "model_without_sampling", "nothing_said_nothing_sent"],
)
def test_defaults(said: dict[str, Any], fields: dict[str, Any], config: dict[str, Any]) -> None:
    assert body(asked(**said), **fields)["generationConfig"] == config


@pytest.mark.parametrize(
    ("reasoning", "model", "config"),
    [
        (Reasoning(effort="low"), "gemini-3-flash", {"includeThoughts": True, "thinkingLevel": "LOW"}),
        (Reasoning(effort="low"), "gemini-2.5-pro", {"includeThoughts": True, "thinkingBudget": 1024}),
        (Reasoning(budget=2000), "gemini-2.5-pro", {"includeThoughts": True, "thinkingBudget": 2000}),
        (Reasoning(), "gemini-3-flash", {"includeThoughts": True}),
        (Reasoning(enabled=False), "gemini-2.5-flash", {"thinkingBudget": 0}),
        (Reasoning(enabled=False), "gemini-3-flash", {"thinkingLevel": "MINIMAL"}),
        (Reasoning(enabled=False), "gemini-3-pro-preview", {"thinkingLevel": "LOW"}),
        (Reasoning(enabled=False), "gemini-2.5-pro", {"thinkingBudget": 128}),
        (Reasoning(effort="minimal"), "gemini-3.1-pro", {"includeThoughts": True, "thinkingLevel": "LOW"}),
        (Reasoning(effort="medium"), "gemini-3.1-pro", {"includeThoughts": True, "thinkingLevel": "MEDIUM"}),
        (Reasoning(effort="medium"), "models/gemini-3-pro", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        (Reasoning(effort="xhigh"), "gemini-3-flash", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        (Reasoning(effort="max"), "gemini-2.5-flash", {"includeThoughts": True, "thinkingBudget": 24576}),
        (Reasoning(budget=100_000), "gemini-2.5-flash-lite", {"includeThoughts": True, "thinkingBudget": 24576}),
        (Reasoning(budget=1), "gemini-2.5-flash-lite", {"includeThoughts": True, "thinkingBudget": 512}),
        (Reasoning(budget=2000), "gemini-3-flash", {"includeThoughts": True, "thinkingBudget": 2000}),
    ],
    ids=[
        "level",
        "level_as_budget",
        "budget",
        "on",
        "off",
        "as_little_as_can_be",
        "3_pro_has_no_minimal",
        "2.5_pro_cannot_stop",
        "3.1_pro_has_no_minimal",
        "3.1_pro_has_medium",
        "3_pro_has_no_medium",
        "more_than_the_highest",
        "most_as_budget",
        "over_its_range",
        "under_its_range",
        "level_model_takes_budgets",
    ],
)
def test_reasoning(reasoning: Reasoning, model: str, config: dict[str, Any]) -> None:
    built = body(asked(reasoning=reasoning), model=model)
    assert built["generationConfig"]["thinkingConfig"] == config
    known_to_google(built)


def test_an_unknown_effort_only_asks_for_thoughts() -> None:
    for model in ("gemini-3-flash", "gemini-2.5-pro"):
        built = body(asked(reasoning=Reasoning(effort="ludicrous")), model=model)
        assert built["generationConfig"]["thinkingConfig"] == {"includeThoughts": True}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"tools": (Tool("f"),), "parallel_tool_calls": False}, ["parallel_tool_calls: left out"]),
        ({"user": "u", "metadata": {"a": "b"}}, ["user: left out", "metadata: left out"]),
        ({"extensions": {"openai": {"prediction": Raw(b'{"type":"content"}')}}}, ["prediction: left out"]),
    ],
    ids=["one_call_at_a_time", "user", "field_of_another_wire"],
)
def test_hints_that_gemini_has_no_way_to_say_are_left_out_and_named(said: dict[str, Any], named: list[str]) -> None:
    without = {name: value for name, value in said.items() if name == "tools"}
    assert body(asked(**said)) == body(asked(**without))
    assert told(wire_request(GEMINI, asked(**said), deployment())) == named


def test_geminis_own_extra_fields_are_sent() -> None:
    built = body(asked(extensions={"gemini": {"safetySettings": Raw(b"[]")}}))
    assert built["safetySettings"] == []
    assert built["contents"][0]["parts"] == [{"text": "hi"}]


def test_geminis_own_fields_go_back_to_their_places() -> None:
    own = {
        "generationConfig.speechConfig": Raw(b'{"a":1}'),
        "toolConfig.retrievalConfig": Raw(b"{}"),
        "tools.googleSearch": Raw(b"{}"),
        "generationConfig": Raw(b'{"temperature":0.9,"audioTimestamp":true}'),
        "contents": Raw(b"[]"),
        "cachedContent": Raw(b'"cachedContents/1"'),
    }
    tool = Tool("f", extensions={"gemini": {"behavior": Raw(b'"BLOCKING"')}})
    request = asked(tools=(tool,), sampling=Sampling(temperature=0.1), extensions={"gemini": own})
    built = body(request, model="gemini-3.5-flash")
    assert built == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "generationConfig": {"temperature": 0.1, "audioTimestamp": True, "speechConfig": {"a": 1}},
        "tools": [{"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}]}, {"googleSearch": {}}],
        "toolConfig": {"retrievalConfig": {}},
        "cachedContent": "cachedContents/1",
    }


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        (Text("", {"gemini": {"block": Raw(b'{"executableCode":{"code":"1"}}')}}), {"executableCode": {"code": "1"}}),
        (
            Text("hi", {"gemini": {"videoMetadata": Raw(b'{"fps":1}'), "thoughtSignature": Raw(b'"c2ln"')}}),
            {"text": "hi", "videoMetadata": {"fps": 1}, "thoughtSignature": "c2ln"},
        ),
    ],
    ids=["whole_part", "beside_it"],
)
def test_parts_that_only_gemini_has_go_back(part: Part, sent: dict[str, Any]) -> None:
    assert parts_of(part) == [sent]


def test_a_block_is_no_system_message() -> None:
    part = Text("", {"gemini": {"block": Raw(b'{"executableCode":{"code":"1"}}')}})
    with pytest.raises(Unsupported, match="only takes text"):
        body(asked(Message("system", (part,)), *HELLO))


@pytest.mark.parametrize(
    ("text", "is_error", "response"),
    [
        ("21", False, {"output": "21"}),
        ('{"a":1}', False, {"a": 1}),
        ('{"a":', False, {"output": '{"a":'}),
        ("{}", False, {"output": "{}"}),
        ("no clock", True, {"error": "no clock"}),
        ('{"a":1}', True, {"error": '{"a":1}'}),
        ('{"error":{"code":5}}', True, {"error": {"code": 5}}),
    ],
    ids=["text", "object", "cut_object", "empty_object", "error", "error_that_is_an_object", "googles_error"],
)
def test_a_tools_result_is_an_object(text: str, is_error: bool, response: dict[str, Any]) -> None:
    (part,) = parts_of(ToolResult("c", (Text(text),), is_error, name="f"), role="tool")
    assert part["functionResponse"]["response"] == response


# --- relayed -----------------------------------------------------------------------------------------


def relayed(fields: dict[str, bytes], **deployed: Any) -> bytes:
    raw = WireBody("gemini", {name: Raw(value) for name, value in fields.items()})
    return GEMINI.build(asked(raw=raw, n=9, sampling=Sampling(logprobs=True)), deployment(**deployed)).body


def test_a_relayed_body_keeps_what_nobody_knows() -> None:
    fields = {"contents": b'[{"parts":[{"text":"hi","new":1e3}]}]', "unheardOf": b"[ 1,2.50]"}
    assert relayed(fields) == b'{"contents":[{"parts":[{"text":"hi","new":1e3}]}],"unheardOf":[ 1,2.50]}'


@pytest.mark.parametrize(
    ("fields", "deployed", "sent"),
    [
        ({}, {"defaults": DEFAULTS}, {"generationConfig": {"maxOutputTokens": 256, "temperature": 0.7, "topP": 0.9}}),
        (
            {"generation_config": b'{"max_output_tokens":5,"temperature":0,"top_p":null}'},
            {"defaults": DEFAULTS},
            {"generation_config": {"max_output_tokens": 5, "temperature": 0, "top_p": None}},
        ),
        (
            {"generationConfig": b'{"temperature":1,"topP":1,"topK":2}'},
            {"traits": Traits(refuses=frozenset({"temperature", "top_p"}))},
            {"generationConfig": {"topK": 2}},
        ),
        (
            {"generationConfig": b"null"},
            {"defaults": Defaults(max_tokens=1)},
            {"generationConfig": {"maxOutputTokens": 1}},
        ),
    ],
    ids=["defaults_fill_in", "other_spelling_counts", "model_without_sampling", "null_is_left_out"],
)
def test_a_relayed_body_gets_the_deployments_defaults(
    fields: dict[str, bytes], deployed: dict[str, Any], sent: dict[str, Any]
) -> None:
    assert msgspec.json.decode(relayed(fields, **deployed)) == sent


def test_relayed_settings_that_are_no_object_are_refused_by_field() -> None:
    with pytest.raises(InvalidRequest) as caught:
        relayed({"generationConfig": b"5"}, defaults=DEFAULTS)
    assert caught.value.param == "generationConfig"
