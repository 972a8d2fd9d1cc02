"""What Gemini refuses in generateContent (https://ai.google.dev/api/generate-content). Fields may be in camelCase or
snake_case. ``gemini_fields.py`` has the unknown fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .asked import Asked, Refusal, Rule, names_in, number_of, object_of, objects
from .gemini_fields import REQUEST, fields_are_known, snake
from .models import GEMINI_BUDGETS, facts_of, gemini_generation

DATA = names_in(
    "text inline_data file_data function_call function_response executable_code code_execution_result "
    "tool_call tool_response"
)
"""A part has one of them: https://ai.google.dev/api/caching#Part."""
NAME = "[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"
FIRST_WITH_LEVELS = FIRST_WITH_PARTS = FIRST_COMBINING = 3

WITHOUT_PREFILL = re.compile(r"(?:models/)?gemini-(?:3\.5-flash-lite|3\.[6-9]|[4-9])")
"""The models that don't go on from a turn of their own."""


def get(value: Any, field: str) -> Any:
    """A field of an object by its name in snake_case, however it is written there."""
    return next((item for name, item in object_of(value).items() if snake(name) == field), None)


def _proto(path: str, what: str) -> Refusal:
    return Refusal(f"* {REQUEST}.{path}: {what}\n")


def contents_are_there(asked: Asked) -> Refusal | None:
    return None if asked.body.get("contents") else _proto("contents", "contents is not specified")


def parts_are_there(asked: Asked) -> Refusal | None:
    for index, content in asked.objects("contents"):
        if not content.get("parts"):
            return _proto(f"contents[{index}].parts", "contents.parts must not be empty.")
    return None


def parts_have_data(asked: Asked) -> Refusal | None:
    for path, part in _parts(asked):
        if not any(snake(name) in DATA and value is not None for name, value in part.items()):
            return _proto(f"{path}.data", "required oneof field 'data' must have one initialized field")
    return None


def results_have_names(asked: Asked) -> Refusal | None:
    for path, part in _parts(asked):
        response = get(part, "function_response")
        if response is not None and not get(response, "name"):
            return _proto(f"{path}.function_response.name", "Name cannot be empty.")
    return None


def turns_are_in_order(asked: Asked) -> Refusal | None:
    called, before = 0, ""
    for _, content in asked.objects("contents"):
        parts = [part for _, part in objects(content.get("parts"))]
        calls = sum(get(part, "function_call") is not None for part in parts)
        responses = sum(get(part, "function_response") is not None for part in parts)
        if responses and not called:
            return Refusal("Please ensure that function response turn comes immediately after a function call turn.")
        if responses != called:
            rule = "is equal to the number of function call parts of the function call turn."
            return Refusal(f"Please ensure that the number of function response parts {rule}")
        if calls and before in ("", "model"):
            rule = "comes immediately after a user turn or after a function response turn."
            return Refusal(f"Please ensure that function call turn {rule}")
        called, before = calls, str(content.get("role", "user"))
    return None


def function_names_are_plain(asked: Asked) -> Refusal | None:
    for path, function in _functions(asked):
        name = function.get("name")
        if isinstance(name, str) and not re.fullmatch(NAME, name):
            allowed = "Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-)"
            what = f"Invalid function name. Must start with a letter or an underscore. {allowed}"
            return _proto(f"{path}.name", f"{what}, with a maximum length of 64.")
    return None


def schemas_are_whole(asked: Asked) -> Refusal | None:
    config = get(asked.body, "generation_config")
    schemas = [(f"{path}.parameters", function.get("parameters")) for path, function in _functions(asked)]
    schemas.append(("generation_config.response_schema", get(config, "response_schema")))
    faults = [fault for path, schema in schemas for fault in _faults(schema, path)]
    return Refusal("".join(f"* {REQUEST}.{fault}\n" for fault in faults)) if faults else None


def _faults(schema: Any, path: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    kind, properties = str(schema.get("type", "")).upper(), object_of(schema.get("properties"))
    if kind == "OBJECT" and schema.get("properties") == {}:
        yield f"{path}.properties: should be non-empty for OBJECT type"
    if kind not in ("", "OBJECT"):
        wrong = (field for field in ("properties", "required") if schema.get(field))
        yield from (f"{path}.{field}: only allowed for OBJECT type" for field in wrong)
    if kind == "ARRAY" and not isinstance(schema.get("items"), dict):
        yield f"{path}.items: missing field."
    required = schema.get("required")
    for index, name in enumerate(required if kind == "OBJECT" and isinstance(required, list) else ()):
        if name not in properties:
            yield f"{path}.required[{index}]: property is not defined"
    for name, inner in properties.items():
        yield from _faults(inner, f"{path}.properties[{name}]")
    yield from _faults(schema.get("items"), f"{path}.items")
    for index, inner in objects(get(schema, "any_of")):
        yield from _faults(inner, f"{path}.any_of[{index}]")


def references_stand_alone(asked: Asked) -> Refusal | None:
    config = get(asked.body, "generation_config")
    schemas = [get(function, "parameters_json_schema") for _, function in _functions(asked)]
    for schema in (*schemas, get(config, "response_json_schema")):
        place = next(_crowded(schema, ""), None)
        if place is not None:
            at = place or "top-level"
            return Refusal(f"schema at {at} can only contain properties starting with '$' when $ref is present")
    return None


def _crowded(schema: Any, path: str) -> Iterator[str]:
    """The paths of schemas that have a ``$ref`` and other keywords."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema and any(not name.startswith("$") for name in schema):
        yield path
    for field in ("properties", "$defs"):
        for name, inner in object_of(schema.get(field)).items():
            yield from _crowded(inner, f"{path}.{field}.{name}".lstrip("."))
    yield from _crowded(schema.get("items"), f"{path}.items".lstrip("."))
    for index, inner in objects(schema.get("anyOf")):
        yield from _crowded(inner, f"{path}.anyOf.{index}".lstrip("."))


def results_refer_to_their_parts(asked: Asked) -> Refusal | None:
    for _, part in _parts(asked):
        response = get(part, "function_response")
        names = [get(get(inner, "inline_data"), "display_name") for _, inner in objects(get(response, "parts"))]
        for name in _references(get(response, "response")):
            if name not in names:
                what = "does not match to a display_name in the function_response.parts."
                return Refusal(f"The referenced name `{name}` in function_response.response {what}")
    return None


def _references(value: Any) -> Iterator[str]:
    """Every text under a key ``$ref``, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    for name, item in object_of(value).items():
        if name == "$ref" and isinstance(item, str):
            yield item
        else:
            yield from _references(item)


def results_are_json_before_3(asked: Asked) -> Refusal | None:
    if not _is_before(asked, FIRST_WITH_PARTS):
        return None
    for _, part in _parts(asked):
        if get(get(part, "function_response"), "parts"):
            learn = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling"
            what = "Unable to submit request because `function_response.parts` is not supported for this model."
            return Refusal(f"{what} {learn}")
    return None


def thinking_is_the_models(asked: Asked) -> Refusal | None:
    config = get(get(asked.body, "generation_config"), "thinking_config")
    old = re.match(r"(?:models/)?gemini-(1|2\.0)", asked.model)
    if old and config:
        return Refusal(f"Thinking is not enabled for models/{asked.model}")
    if get(config, "thinking_level") is not None and _is_before(asked, FIRST_WITH_LEVELS):
        return Refusal("Thinking level is not supported for this model.")
    return None


def budget_is_in_range(asked: Asked) -> Refusal | None:
    config = get(get(asked.body, "generation_config"), "thinking_config")
    budget, known = number_of(get(config, "thinking_budget")), facts_of(GEMINI_BUDGETS, asked.model)
    if budget is None or known is None or budget == -1 or known.least <= budget <= known.most:
        return None
    if budget == 0:
        return None if known.can_be_off else Refusal("Budget 0 is invalid. This model only works in thinking mode.")
    return Refusal(f"The thinking budget ({budget}) is invalid.")


def functions_beside_builtin_tools(asked: Asked) -> Refusal | None:
    kinds = {snake(name) for _, tool in asked.objects("tools") for name, value in tool.items() if value is not None}
    if "function_declarations" not in kinds or kinds == {"function_declarations"}:
        return None
    if _is_before(asked, FIRST_COMBINING):
        return Refusal("Tool use with function calling is unsupported by the model.")
    if get(get(asked.body, "tool_config"), "include_server_side_tool_invocations") is True:
        return None
    setting = "tool_config.include_server_side_tool_invocations"
    return Refusal(f"Please enable {setting} to use Built-in tools with Function calling.")


def functions_beside_json(asked: Asked) -> Refusal | None:
    kind = get(get(asked.body, "generation_config"), "response_mime_type")
    if kind == "application/json" and _is_before(asked, FIRST_COMBINING) and any(_functions(asked)):
        return Refusal("Function calling with a response mime type: 'application/json' is unsupported")
    return None


def calling_config_needs_functions(asked: Asked) -> Refusal | None:
    config = get(get(asked.body, "tool_config"), "function_calling_config")
    if config and not any(_functions(asked)):
        return Refusal("Function calling config is set without function_declarations.")
    return None


def the_user_has_the_last_word(asked: Asked) -> Refusal | None:
    last = [content for _, content in asked.objects("contents")][-1:]
    if last and last[0].get("role") == "model" and WITHOUT_PREFILL.match(asked.model):
        what = "Requests ending with a model turn are not supported"
        return Refusal(f"{what} unless the last part is a function response.")
    return None


def _is_before(asked: Asked, generation: int) -> bool:
    known = gemini_generation(asked.model)
    return known is not None and known < generation


def _parts(asked: Asked) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, content in asked.objects("contents"):
        for place, part in objects(content.get("parts")):
            yield f"contents[{index}].parts[{place}]", part


def _functions(asked: Asked) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, tool in asked.objects("tools"):
        for place, function in objects(get(tool, "function_declarations")):
            yield f"tools[{index}].function_declarations[{place}]", function


_TURNS = "https://github.com/google-gemini/gemini-cli/issues/26486"
RULES: tuple[Rule, ...] = (
    Rule(fields_are_known, "https://github.com/zed-industries/zed/issues/53919"),
    Rule(contents_are_there, "https://github.com/vercel/ai/issues/3775"),
    Rule(parts_are_there, "https://github.com/egoist/chatwise-releases/issues/250"),
    Rule(parts_have_data, "https://github.com/genkit-ai/genkit/issues/3816"),
    Rule(results_have_names, "https://github.com/vectorize-io/hindsight/pull/187"),
    Rule(function_names_are_plain, "https://github.com/google-gemini/gemini-cli/issues/9535"),
    Rule(schemas_are_whole, "https://github.com/browser-use/browser-use/issues/3786"),
    Rule(references_stand_alone, "https://github.com/google-gemini/gemini-cli/issues/4758"),
    Rule(results_refer_to_their_parts, "https://github.com/NousResearch/hermes-agent/issues/100441"),
    Rule(results_are_json_before_3, "https://github.com/google-gemini/gemini-cli/issues/19436"),
    Rule(turns_are_in_order, _TURNS),
    Rule(the_user_has_the_last_word, "https://github.com/LibreChat-AI/agents/pull/323"),
    Rule(thinking_is_the_models, "https://github.com/RooCodeInc/Roo-Code/issues/10700"),
    Rule(budget_is_in_range, "https://github.com/RooCodeInc/Roo-Code/issues/4399"),
    Rule(functions_beside_builtin_tools, "https://github.com/cloudwego/eino-ext/issues/761"),
    Rule(functions_beside_json, "https://github.com/symfony/ai/issues/1777"),
    Rule(calling_config_needs_functions, "https://github.com/musistudio/claude-code-router/pull/1207"),
)
