from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from tests.simulator.rules.support import ABSENT, Case, Wire, case_ids, uncovered
from turnout.simulator import Simulator
from turnout.simulator.rules import gemini, gemini_fields

WIRE = Wire("/v1beta/models/{}:generateContent", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
HI: Any = {"role": "user", "parts": [{"text": "hi"}]}
CALL: Any = {"functionCall": {"name": "f", "args": {}}}
CITY: Any = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
SEARCH: dict[str, Any] = {"googleSearch": {}}


def contents(*parts: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {"contents": [HI, *({"role": role, "parts": listed} for role, listed in parts)]}


def function(**more: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f", **more}]}]}


def parameters(schema: dict[str, Any]) -> dict[str, Any]:
    return function(parameters=schema)


def result(**more: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": "f", "response": {"output": "ok"}, **more}}


def answered(**more: Any) -> dict[str, Any]:
    return contents(("model", [CALL]), ("user", [result(**more)]))


def thinking(**config: Any) -> dict[str, Any]:
    return {"generationConfig": {"thinkingConfig": config}}


def proto(*faults: str) -> str:
    return "".join(f"* GenerateContentRequest.{fault}\n" for fault in faults)


PATH = "tools[0].function_declarations[0]"
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "YWJj", "displayName": "a.png"}}
CASES = [
    Case(
        "fields_are_known",
        {"seed": 1},
        'Invalid JSON payload received. Unknown name "seed": Cannot find field.',
        {"generation_config": {"seed": 1}},
    ),
    Case(
        "fields_are_known",
        parameters({"additionalProperties": False, **CITY, "properties": {"x": {"const": 1}}}),
        f"Invalid JSON payload received. Unknown name \"additionalProperties\" at '{PATH}.parameters': Cannot find "
        f"field.\nInvalid JSON payload received. Unknown name \"const\" at '{PATH}.parameters.properties[0].value': "
        "Cannot find field.",
        function(parametersJsonSchema={**CITY, "additionalProperties": False, "properties": {"x": {"const": 1}}}),
    ),
    Case(
        "fields_are_known",
        {"generationConfig": {"responseSchema": {"type": ["STRING", "NULL"]}}},
        "Invalid JSON payload received. Unknown name \"type\" at 'generation_config.response_schema': Proto field is "
        "not repeating, cannot start list.",
        {"generationConfig": {"responseSchema": {"type": "STRING", "nullable": True}}},
    ),
    Case(
        "fields_are_known",
        contents(("user", [{"text": "hi", "cacheControl": {}}])),
        "Invalid JSON payload received. Unknown name \"cacheControl\" at 'contents[1].parts[0]': Cannot find field.",
        contents(("user", [{"text": "hi", "thoughtSignature": "YWJj"}])),
    ),
    Case("contents_are_there", {"contents": ABSENT}, proto("contents: contents is not specified"), {}),
    Case(
        "parts_are_there",
        contents(("model", [])),
        proto("contents[1].parts: contents.parts must not be empty."),
        contents(("model", [{"text": ""}])),
    ),
    Case(
        "parts_have_data",
        contents(("user", [{"text": "hi"}, {"thought": True}])),
        proto("contents[1].parts[1].data: required oneof field 'data' must have one initialized field"),
        contents(("user", [{"text": "hi"}, {"inline_data": PICTURE["inlineData"]}])),
    ),
    Case(
        "results_have_names",
        answered(name=""),
        proto("contents[2].parts[0].function_response.name: Name cannot be empty."),
        answered(id="a"),
    ),
    Case(
        "function_names_are_plain",
        function(name="1st"),
        proto(
            f"{PATH}.name: Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, "
            "A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
        ),
        function(name="_a.b:c-1"),
    ),
    Case(
        "schemas_are_whole",
        parameters({"type": "object", "properties": {}}),
        proto(f"{PATH}.parameters.properties: should be non-empty for OBJECT type"),
        function(),
    ),
    Case(
        "schemas_are_whole",
        parameters({**CITY, "properties": {"a": {"type": "ARRAY"}}, "required": ["a", "b"]}),
        proto(
            f"{PATH}.parameters.required[1]: property is not defined",
            f"{PATH}.parameters.properties[a].items: missing field.",
        ),
        parameters({**CITY, "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING"}}}, "required": ["a"]}),
    ),
    Case(
        "schemas_are_whole",
        {"generationConfig": {"responseSchema": {"anyOf": [{"type": "STRING", "required": ["a"]}]}}},
        proto("generation_config.response_schema.any_of[0].required: only allowed for OBJECT type"),
        {"generationConfig": {"responseSchema": {"anyOf": [{"type": "STRING"}, CITY]}}},
    ),
    Case(
        "references_stand_alone",
        function(parametersJsonSchema={"properties": {"draft": {"$ref": "#/$defs/D", "description": "x"}}}),
        "schema at properties.draft can only contain properties starting with '$' when $ref is present",
        function(parametersJsonSchema={"properties": {"draft": {"$ref": "#/$defs/D"}}, "$defs": {"D": {}}}),
    ),
    Case(
        "results_refer_to_their_parts",
        answered(response={"tool": {"parameters": [{"$ref": "#/$defs/Bundle"}]}}),
        "The referenced name `#/$defs/Bundle` in function_response.response does not match to a display_name in the "
        "function_response.parts.",
        answered(response={"picture": {"$ref": "a.png"}}, parts=[PICTURE]),
    ),
    Case(
        "results_are_json_before_3",
        {"model": "gemini-2.5-flash", **answered(parts=[PICTURE])},
        "Unable to submit request because `function_response.parts` is not supported for this model. Learn more: "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling",
        {"model": "gemini-3-flash", **answered(parts=[PICTURE])},
    ),
    Case(
        "turns_are_in_order",
        contents(("user", [result()])),
        "Please ensure that function response turn comes immediately after a function call turn.",
        answered(),
    ),
    Case(
        "turns_are_in_order",
        contents(("model", [CALL, CALL]), ("user", [result()])),
        "Please ensure that the number of function response parts is equal to the number of function call parts of the "
        "function call turn.",
        contents(("model", [CALL, CALL]), ("user", [result(), result()])),
    ),
    Case(
        "turns_are_in_order",
        {"contents": answered()["contents"][1:]},
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
        {"contents": [*answered()["contents"], *answered()["contents"][1:]]},
    ),
    Case(
        "the_user_has_the_last_word",
        {"model": "gemini-3.6-flash", **contents(("user", [{"text": "hi"}]), ("model", [{"text": "a"}]))},
        "Requests ending with a model turn are not supported unless the last part is a function response.",
        {"model": "gemini-3.5-flash", **contents(("user", [{"text": "hi"}]), ("model", [{"text": "a"}]))},
    ),
    Case(
        "thinking_is_the_models",
        {"model": "gemini-2.0-flash", **thinking(includeThoughts=True)},
        "Thinking is not enabled for models/gemini-2.0-flash",
        {"model": "gemini-2.5-flash", **thinking(includeThoughts=True)},
    ),
    Case(
        "thinking_is_the_models",
        {"model": "gemini-2.5-flash", **thinking(thinkingLevel="low")},
        "Thinking level is not supported for this model.",
        {"model": "gemini-3-flash-preview", **thinking(thinkingLevel="low")},
    ),
    Case(
        "budget_is_in_range",
        {"model": "gemini-2.5-pro", **thinking(thinkingBudget=52428)},
        "The thinking budget (52428) is invalid.",
        {"model": "gemini-2.5-pro", **thinking(thinkingBudget=32768)},
    ),
    Case(
        "budget_is_in_range",
        {"model": "gemini-2.5-pro", **thinking(thinkingBudget=0)},
        "Budget 0 is invalid. This model only works in thinking mode.",
        {"model": "gemini-2.5-flash-lite", **thinking(thinkingBudget=0)},
    ),
    Case(
        "budget_is_in_range",
        {"model": "gemini-2.5-flash-lite", **thinking(thinkingBudget=511)},
        "The thinking budget (511) is invalid.",
        {"model": "gemini-2.5-flash-lite", **thinking(thinkingBudget=-1)},
    ),
    Case(
        "functions_beside_builtin_tools",
        {"model": "gemini-2.5-flash", "tools": [*function()["tools"], SEARCH]},
        "Tool use with function calling is unsupported by the model.",
        {"model": "gemini-2.5-flash", "tools": [SEARCH, {"urlContext": {}}]},
    ),
    Case(
        "functions_beside_builtin_tools",
        {"model": "gemini-3-pro", "tools": [*function()["tools"], SEARCH]},
        "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling.",
        {
            "model": "gemini-3-pro",
            "tools": [*function()["tools"], SEARCH],
            "toolConfig": {"includeServerSideToolInvocations": True},
        },
    ),
    Case(
        "functions_beside_json",
        {"model": "gemini-2.5-flash", **function(), "generationConfig": {"responseMimeType": "application/json"}},
        "Function calling with a response mime type: 'application/json' is unsupported",
        {"model": "gemini-3-flash", **function(), "generationConfig": {"responseMimeType": "application/json"}},
    ),
    Case(
        "calling_config_needs_functions",
        {"tools": [SEARCH], "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}},
        "Function calling config is set without function_declarations.",
        {**function(), "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_ids(CASES))
async def test_a_rule(simulated: Simulator, case: Case) -> None:
    refused = await WIRE.ask(simulated, case.refused)
    error = {"code": 400, "message": case.words, "status": "INVALID_ARGUMENT"}
    assert (refused.status, refused.json) == (400, {"error": error})
    assert (await WIRE.ask(simulated, case.passes)).status == 200


def test_every_rule_has_a_case() -> None:
    assert uncovered(gemini.RULES, CASES) == set()


@pytest.mark.parametrize("message", sorted(gemini_fields.MESSAGES.keys() - {gemini_fields.REQUEST}))
def test_the_fields_are_those_of_the_sdk(message: str) -> None:
    """The SDK declares those of Google Cloud, too, which the Gemini API doesn't know."""
    declared = getattr(types, message).model_fields.keys()
    if message == "GenerationConfig":
        declared |= types.GenerateContentConfig.model_fields.keys()
    assert gemini_fields.MESSAGES[message] <= declared


async def test_a_stream_is_refused_before_it_begins(simulated: Simulator) -> None:
    stream = Wire("/v1beta/models/{}:streamGenerateContent", WIRE.plain)
    assert (await stream.ask(simulated, {"_query": "?alt=sse", "seed": 1})).status == 400
