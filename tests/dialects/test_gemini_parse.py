"""A generateContent request becomes the canonical conversation, and loses nothing on the way."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from tests.support.gemini_wire import PNG, SIGNED, STREAM, TARGET, UNARY, encoded, parse, raw, turn
from tests.support.whole_requests import read_whole
from turnout.core import (
    Audio,
    File,
    HostedTool,
    Image,
    Message,
    Output,
    Part,
    Reasoning,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from turnout.dialects import Target
from turnout.dialects.gemini.parse import Body

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
UPLOAD = "https://generativelanguage.googleapis.com/v1beta/files/abc"


def part_of(part: dict[str, Any], role: str = "user") -> Part:
    (message,) = parse(turn(part, role=role)).messages
    (parsed,) = message.parts
    return parsed


RAN: dict[str, Any] = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}


def block(part: dict[str, Any], words: str = "") -> Text:
    return Text(words, {"gemini": {"block": raw(part)}})


def test_a_small_request_is_its_model_and_message() -> None:
    request = parse()
    assert (request.model, request.messages) == ("fast", (Message("user", (Text("hi"),)),))
    assert (request.n, request.stop, request.tools, request.extensions) == (1, (), (), None)
    assert (request.output, request.sampling, request.reasoning) == (Output(), Sampling(), None)
    assert request.stream
    assert request.stream_usage
    assert not read_whole(UNARY, encoded({"contents": [turn({"text": "hi"})]}), TARGET).stream


def test_the_bodys_own_fields_are_kept_byte_for_byte() -> None:
    body = b'{"contents" :[ {"parts":[{"text":"hi"}]}], "generation_config":{"top_k": 40.0},"new":{"a" : 1.0e2}}'
    assert read_whole(STREAM, body, TARGET).raw == Body(
        "gemini",
        {
            "contents": Raw(b'[ {"parts":[{"text":"hi"}]}]'),
            "generation_config": Raw(b'{"top_k": 40.0}'),
            "new": Raw(b'{"a" : 1.0e2}'),
        },
    )


@pytest.mark.parametrize(
    ("path_model", "model"),
    [
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("models/openai/gpt-5", "openai/gpt-5"),
        ("tunedModels/mine", "tunedModels/mine"),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("projects/p/locations/l/publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gemini-2.5-pro", "gemini-2.5-pro"),
    ],
    ids=["model", "with_a_slash", "tuned", "vertex", "vertex_with_a_project", "bare"],
)
def test_the_model_is_in_the_path(path_model: str, model: str) -> None:
    assert read_whole(STREAM, b'{"contents":{"parts":{"text":"hi"}}}', Target(path_model)).model == model


@pytest.mark.parametrize(
    ("query", "as_array"),
    [("alt=sse", False), ("key=k&alt=sse", False), ("", True), ("alt=json", True), ("key=alt=sse", True)],
)
def test_the_query_says_the_form_of_a_stream(query: str, as_array: bool) -> None:
    request = read_whole(STREAM, b'{"contents":[{"parts":[{"text":"hi"}]}]}', Target("models/m", query))
    assert isinstance(request.raw, Body)
    assert request.raw.as_array is as_array


def test_names_may_be_in_snake_case_and_lists_of_one_without_their_brackets() -> None:
    usual = parse(
        turn({"inlineData": {"mimeType": "image/png", "data": PNG}}),
        systemInstruction={"parts": [{"text": "Be brief."}]},
        tools=[{"functionDeclarations": [{"name": "f", "parametersJsonSchema": SCHEMA}]}],
        toolConfig={"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        generationConfig={"maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 7}},
        safetySettings=[],
    )
    odd = read_whole(
        STREAM,
        encoded(
            {
                "contents": {"role": "user", "parts": {"inline_data": {"mime_type": "image/png", "data": PNG}}},
                "system_instruction": {"parts": {"text": "Be brief."}},
                "tools": {"function_declarations": {"name": "f", "parameters_json_schema": SCHEMA}},
                "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
                "generation_config": {"max_output_tokens": "5", "thinking_config": {"thinking_budget": 7}},
                "safety_settings": [],
            }
        ),
        TARGET,
    )
    for name in ("messages", "tools", "tool_choice", "max_output", "reasoning", "extensions"):
        assert getattr(odd, name) == getattr(usual, name), name
    assert usual.max_output == 5


def test_what_is_null_was_not_said() -> None:
    request = parse(tools=None, generationConfig={"topK": None, "speechConfig": None}, cachedContent=None)
    assert (request.tools, request.sampling, request.extensions) == ((), Sampling(), None)


# --- parts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param({"text": "hi"}, Text("hi"), id="text"),
        pytest.param(
            {"inlineData": {"mimeType": "image/png", "data": PNG}}, Image(data=PNG, media_type="image/png"), id="image"
        ),
        pytest.param({"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}, Audio("aGk=", "wav"), id="audio"),
        pytest.param(
            {"inlineData": {"mimeType": "application/pdf", "data": "aGk=", "displayName": "a.pdf"}},
            File(data="aGk=", media_type="application/pdf", name="a.pdf"),
            id="document",
        ),
        pytest.param(
            {"inlineData": {"mimeType": "text/plain", "data": "-_-_aGk"}},
            File(data="+/+/aGk=", media_type="text/plain"),
            id="base64_for_urls_without_padding",
        ),
        pytest.param(
            {"fileData": {"mimeType": "image/png", "fileUri": "https://x.example/a"}},
            Image(url="https://x.example/a", media_type="image/png"),
            id="image_by_address",
        ),
        pytest.param(
            {"fileData": {"fileUri": "https://x.example/a.pdf"}},
            File(url="https://x.example/a.pdf"),
            id="file_by_address",
        ),
        pytest.param(
            {"fileData": {"mimeType": "image/png", "fileUri": UPLOAD}},
            File(file_id=UPLOAD, media_type="image/png"),
            id="upload_at_google",
        ),
        pytest.param(
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/o"}},
            File(file_id="gs://b/o", media_type="video/mp4"),
            id="object_in_cloud_storage",
        ),
        pytest.param(
            {"text": "hi", "videoMetadata": {"fps": 1}},
            Text("hi", {"gemini": {"videoMetadata": raw({"fps": 1})}}),
            id="what_stands_beside_it_is_kept",
        ),
    ],
)
def test_what_a_user_says(part: dict[str, Any], expected: Part) -> None:
    assert part_of(part) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param({"text": "hi", "thoughtSignature": "c2ln"}, Text("hi", SIGNED), id="signed_text"),
        pytest.param({"thoughtSignature": "c2ln"}, Text("", SIGNED), id="signature_alone"),
        pytest.param({"text": "Hm.", "thought": True}, Thinking("Hm.", None, {"gemini": {}}), id="thought"),
        pytest.param(
            {"text": "Hm.", "thought": True, "thought_signature": "c2ln"},
            Thinking("Hm.", None, SIGNED),
            id="signed_thought",
        ),
        pytest.param({"text": "shown", "thought": False}, Text("shown"), id="no_thought"),
        pytest.param(
            {"functionCall": {"id": "c", "name": "f", "args": {"b": 1, "a": [2]}}, "thoughtSignature": "c2ln"},
            ToolCall("c", "f", '{"b":1,"a":[2]}', SIGNED),
            id="call",
        ),
        pytest.param({"functionCall": {"name": "f"}}, ToolCall("gemini_call_1", "f", "{}"), id="bare_call"),
        pytest.param(
            {"functionCall": {"name": "f", "args": {"snake_case": {"in_side": 1}}}},
            ToolCall("gemini_call_1", "f", '{"snake_case":{"in_side":1}}'),
            id="arguments_keep_their_names",
        ),
        pytest.param(
            {"executableCode": {"code": "1"}}, block({"executableCode": {"code": "1"}}, "Ran this code:\n1"), id="code"
        ),
        pytest.param(RAN, block(RAN, "The code gave:\n1"), id="output_of_code"),
        pytest.param({"executableCode": 5}, block({"executableCode": 5}), id="odd_code"),
        pytest.param({"something_new": 1}, block({"somethingNew": 1}), id="nobody_knows"),
    ],
)
def test_what_a_model_said(part: dict[str, Any], expected: Part) -> None:
    assert part_of(part, role="model") == expected


def test_arguments_are_not_printed_anew() -> None:
    arguments = b'{"big":12345678901234567890,"tiny":1e-400,"b" : 1.0}'
    body = b'{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":%b}}]}]}' % arguments
    assert read_whole(STREAM, body, TARGET).messages[0].parts[0].arguments == arguments.decode()


# --- conversations -----------------------------------------------------------------------------------


def call(name: str, **fields: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": {}, **fields}}


def response(name: str, output: Any = None, **fields: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": output or {"output": "ok"}, **fields}}


def answers(*contents: dict[str, Any]) -> list[tuple[str, str | None]]:
    """The call that every result answers, with the tool's name."""
    parts = [part for message in parse(*contents).messages for part in message.parts]
    return [(part.call_id, part.name) for part in parts if isinstance(part, ToolResult)]


def test_roles_and_results_become_messages_of_their_own() -> None:
    request = parse(
        {"parts": [{"text": "no role is the user"}]},
        turn(call("f", id="a"), role="model"),
        turn(response("f", id="a"), {"text": "Go on."}, role="function"),
        systemInstruction={"role": "user", "parts": [{"text": "Be"}, {"text": "brief."}]},
    )
    assert request.messages == (
        Message("system", (Text("Be"), Text("brief."))),
        Message("user", (Text("no role is the user"),)),
        Message("assistant", (ToolCall("a", "f", "{}"),)),
        Message("tool", (ToolResult("a", (Text("ok"),), name="f"),)),
        Message("user", (Text("Go on."),)),
    )


@pytest.mark.parametrize(
    ("calls", "responses", "expected"),
    [
        ([call("f"), call("g")], [response("f"), response("g")], [("gemini_call_1", "f"), ("gemini_call_2", "g")]),
        ([call("f"), call("g")], [response("g"), response("f")], [("gemini_call_2", "g"), ("gemini_call_1", "f")]),
        ([call("f"), call("f")], [response("f"), response("f")], [("gemini_call_1", "f"), ("gemini_call_2", "f")]),
        ([call("f", id="a"), call("f", id="b")], [response("f", id="b"), response("f")], [("b", "f"), ("a", "f")]),
        ([call("f")], [response("other")], [("gemini_call_2", "other")]),
        ([call("f", id="a")], [response("f", id="z")], [("z", "f")]),
    ],
    ids=["in_order", "by_name", "parallel_calls_of_one_tool", "by_id_first", "nobody_called", "unknown_id"],
)
def test_responses_find_their_calls(calls: Any, responses: Any, expected: Any) -> None:
    assert answers(turn(*calls, role="model"), turn(*responses)) == expected


def test_ids_stay_the_same_in_every_later_turn() -> None:
    first = [turn({"text": "hi"}), turn(call("f"), call("f"), role="model"), turn(response("f"), response("f"))]
    later = [*first, turn(call("f"), role="model"), turn(response("f"))]
    assert answers(*later)[:2] == answers(*first)
    assert len(set(answers(*later))) == 3


@pytest.mark.parametrize(
    ("value", "text", "is_error"),
    [
        ({"output": "21 °C"}, "21 °C", False),
        ({"error": "no such city"}, "no such city", True),
        ({"result": "21"}, '{"result":"21"}', False),
        ({"output": {"a": 1}}, '{"output":{"a":1}}', False),
        ({"error": {"code": 5}}, '{"error":{"code":5}}', True),
        ({"output": "a", "more": 1}, '{"output":"a","more":1}', False),
        ({}, "{}", False),
    ],
    ids=["output", "error", "a_key_of_its_own", "object", "error_object", "two_keys", "nothing"],
)
def test_what_a_function_responds(value: Any, text: str, is_error: bool) -> None:
    result = part_of({"functionResponse": {"name": "f", "response": value}})
    assert isinstance(result, ToolResult)
    assert (result.parts, result.is_error) == ((Text(text),), is_error)


def test_a_response_may_hold_media_and_say_when_it_is_due() -> None:
    media = [
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
    ]
    result = part_of(response("f", parts=media, scheduling="SILENT"))
    assert result == ToolResult(
        "gemini_call_1",
        (Text("ok"), Image(data=PNG, media_type="image/png"), File(data="aGk=", media_type="audio/wav")),
        name="f",
        extensions={"gemini": {"scheduling": Raw(b'"SILENT"')}},
    )


def test_the_pieces_of_a_streamed_answer_are_joined() -> None:
    """The SDK's chats send every chunk as a separate content."""
    pieces: list[dict[str, Any]] = [
        {"text": "Let ", "thought": True},
        {"text": "me.", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "It "},
        {"text": "is."},
        {"text": "", "thoughtSignature": "c2ln"},
        {"text": "More."},
        call("f", id="a"),
        {"text": ""},
    ]
    request = parse(turn({"text": "hi"}), *[turn(piece, role="model") for piece in pieces], turn({"text": "ok"}))
    assert request.messages[1:] == (
        Message(
            "assistant",
            (Thinking("Let me.", None, SIGNED), Text("It is.", SIGNED), Text("More."), ToolCall("a", "f", "{}")),
        ),
        Message("user", (Text("ok"),)),
    )


def test_a_users_texts_stay_apart() -> None:
    assert parse(turn({"text": "a"}, {"text": "b"})).messages == (Message("user", (Text("a"), Text("b"))),)


def test_a_model_that_said_nothing_has_no_message() -> None:
    assert parse(turn({"text": "hi"}), {"role": "model"}, turn({"text": "?"}, role="user")).messages == (
        Message("user", (Text("hi"),)),
        Message("user", (Text("?"),)),
    )


# --- settings ----------------------------------------------------------------------------------------


def test_every_setting_finds_its_place() -> None:
    request = parse(
        generationConfig={
            "temperature": 0.1,
            "topP": 0.2,
            "topK": 40.0,
            "seed": -4,
            "presencePenalty": 0.5,
            "frequencyPenalty": "0.6",
            "maxOutputTokens": 7,
            "stopSequences": ["END"],
            "candidateCount": 2,
            "responseLogprobs": True,
            "logprobs": 3,
            "responseMimeType": "text/plain",
            "responseModalities": ["TEXT"],
        }
    )
    assert request.sampling == Sampling(
        temperature=0.1,
        top_p=0.2,
        top_k=40,
        seed=-4,
        presence_penalty=0.5,
        frequency_penalty=0.6,
        logprobs=True,
        top_logprobs=3,
    )
    assert (request.max_output, request.stop, request.n, request.extensions) == (7, ("END",), 2, None)


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"responseMimeType": "application/json"}, Output("json")),
        ({"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}, Output("json_schema", raw(SCHEMA))),
        ({"responseSchema": {"type": "STRING"}}, Output("json_schema", raw({"type": "string"}))),
        ({"responseMimeType": "text/plain"}, Output()),
    ],
    ids=["json", "json_schema", "schema", "text"],
)
def test_the_form_of_the_answer(config: dict[str, Any], output: Output) -> None:
    assert parse(generationConfig=config).output == output


@pytest.mark.parametrize(
    ("config", "reasoning"),
    [
        ({"thinkingBudget": 1000}, Reasoning(budget=1000)),
        ({"thinkingBudget": 0}, Reasoning(enabled=False)),
        ({"thinkingBudget": -1}, Reasoning()),
        ({"thinkingLevel": "LOW"}, Reasoning(effort="low")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, None),
        ({"includeThoughts": True}, Reasoning()),
        ({"includeThoughts": False}, None),
        ({}, None),
    ],
    ids=["budget", "off", "as_it_likes", "level", "no_level", "show", "hide", "nothing"],
)
def test_thinking(config: dict[str, Any], reasoning: Reasoning | None) -> None:
    assert parse(generationConfig={"thinkingConfig": config}).reasoning == reasoning


def test_functions_keep_their_schemas_and_what_only_gemini_knows() -> None:
    schema = {"type": "OBJECT", "properties": {"max_items": {"type": "INTEGER", "nullable": True}}}
    request = parse(
        tools=[
            {"functionDeclarations": [{"name": "f", "description": "Does.", "parametersJsonSchema": SCHEMA}]},
            {"functionDeclarations": [{"name": "g", "parameters": schema, "behavior": "NON_BLOCKING"}, {"name": "h"}]},
        ]
    )
    json_schema = {"type": "object", "properties": {"max_items": {"type": ["integer", "null"]}}}
    assert request.tools == (
        Tool("f", "Does.", raw(SCHEMA)),
        Tool("g", None, raw(json_schema), extensions={"gemini": {"behavior": Raw(b'"NON_BLOCKING"')}}),
        Tool("h"),
    )


TOOLS = [{"functionDeclarations": [{"name": "f"}, {"name": "g"}, {"name": "h"}]}]


@pytest.mark.parametrize(
    ("config", "choice", "names"),
    [
        ({"mode": "AUTO"}, ToolChoice("auto"), "fgh"),
        ({"mode": "VALIDATED"}, ToolChoice("auto"), "fgh"),
        ({"mode": "NONE"}, ToolChoice("none"), "fgh"),
        ({"mode": "ANY"}, ToolChoice("required"), "fgh"),
        ({"mode": "ANY", "allowedFunctionNames": ["g"]}, ToolChoice("tool", "g"), "fgh"),
        ({"mode": "ANY", "allowedFunctionNames": ["g", "h"]}, ToolChoice("required"), "gh"),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["g", "h"]}, ToolChoice("auto"), "gh"),
        ({"mode": "MODE_UNSPECIFIED"}, None, "fgh"),
        ({}, None, "fgh"),
    ],
    ids=["auto", "validated", "none", "any", "one", "some", "some_or_none", "unspecified", "nothing"],
)
def test_tool_choice(config: dict[str, Any], choice: ToolChoice | None, names: str) -> None:
    request = parse(tools=TOOLS, toolConfig={"functionCallingConfig": config})
    assert (request.tool_choice, "".join(tool.name for tool in request.tools)) == (choice, names)


@pytest.mark.parametrize(("mode", "choice"), [("NONE", None), ("AUTO", None), ("ANY", ToolChoice("required"))])
def test_a_choice_without_tools_is_only_told_where_it_cannot_be_met(mode: str, choice: ToolChoice | None) -> None:
    assert parse(toolConfig={"functionCallingConfig": {"mode": mode}}).tool_choice == choice


def test_what_only_gemini_knows_is_kept_by_name() -> None:
    request = parse(
        tools=[{"googleSearch": {}}, {"url_context": {}}],
        toolConfig={"retrievalConfig": {"languageCode": "de"}},
        generationConfig={"speechConfig": {"a": 1}, "responseModalities": ["IMAGE"], "responseMimeType": "text/x.enum"},
        safety_settings=[{"category": "X"}],
        cachedContent="cachedContents/1",
        labels={"a": "b"},
        model="models/ignored",
    )
    assert request.extensions == {
        "gemini": {
            "safetySettings": raw([{"category": "X"}]),
            "cachedContent": raw("cachedContents/1"),
            "labels": raw({"a": "b"}),
            "generationConfig.speechConfig": raw({"a": 1}),
            "generationConfig.responseModalities": raw(["IMAGE"]),
            "generationConfig.responseMimeType": raw("text/x.enum"),
            "tools.urlContext": raw({}),
            "toolConfig.retrievalConfig": raw({"languageCode": "de"}),
        }
    }
    assert request.tools == ()
    definition = {"gemini": {"tool": raw({"googleSearch": {}})}}
    assert request.hosted == (HostedTool("tools.googleSearch", definition, search=WebSearch()),)
    assert request.output == Output()
