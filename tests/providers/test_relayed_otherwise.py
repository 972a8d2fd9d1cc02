"""A client's own body for another model than the client thinks of. The simulator, which plays the vendors, judges."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from tests.support.contract import BODIES, ENDPOINTS, PROVIDERS, deployment
from tests.support.fitting import told, wire_request
from turnout.core import ChatRequest, Deployment, WireRequest
from turnout.core.seal import SEAL
from turnout.facts import traits_of
from turnout.providers import WireProvider
from turnout.simulator.rules import Asked, anthropic, first_refusal, gemini, openai_chat, openai_responses

RULES = {
    "anthropic-messages": ("anthropic", anthropic.RULES),
    "openai-chat": ("openai", openai_chat.RULES),
    "openai-responses": ("openai", openai_responses.RULES),
    "gemini": ("gemini", gemini.RULES),
}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
FORCED = {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "f"}}
CALLED: list[dict[str, Any]] = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "ok"}]},
]
ADAPTIVE, DISABLED = {"type": "adaptive"}, {"type": "disabled"}
CLEARING = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
TOOL_CLEARING = {"type": "clear_tool_uses_20250919"}
CLEARING_BOTH = {"edits": [*CLEARING["edits"], TOOL_CLEARING]}
BETA = "context-management-2025-06-27"


def budget(tokens: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens}


def parse(wire: str, fields: dict[str, Any]) -> ChatRequest:
    body, target = BODIES[wire]
    request = ENDPOINTS[wire].parse(json.dumps(body | fields).encode(), target)
    assert isinstance(request, ChatRequest)
    return request


def place_of(provider: WireProvider, model: str) -> Deployment:
    return structs.replace(deployment(provider), model=model, traits=traits_of(model))


def sent(wire: str, model: str, fields: dict[str, Any]) -> WireRequest:
    provider = PROVIDERS[RULES[wire][0]]
    assert isinstance(provider, WireProvider)
    request = parse(wire, fields)
    return provider.operation(request).build(request, place_of(provider, model))


def refusal(wire: str, model: str, body: dict[str, Any]) -> str:
    """The vendor's words; empty if it takes the request."""
    found = first_refusal(RULES[wire][1], Asked(body, model, betas=BETA))
    return found.message if found else ""


def changed(wire: str, model: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that the vendor gets otherwise than the client said; None for those that are left out."""
    before = json.loads(json.dumps(BODIES[wire][0] | fields)) | ({"model": model} if wire != "gemini" else {})
    after: dict[str, Any] = json.loads(sent(wire, model, fields).body)
    after = {name: value for name, value in after.items() if name != "stream_options"}
    return {name: after.get(name) for name in {**before, **after} if before.get(name) != after.get(name)}


Row = tuple[str, dict[str, Any], dict[str, Any], list[str]]
"""The model, the client's fields, the changed ones, and what the client is told."""

CLAUDE: list[Row] = [
    # more tokens than the model gives
    ("claude-sonnet-4-5", {"max_tokens": 128_000}, {"max_tokens": 64_000}, ["max_tokens: 64000"]),
    ("claude-opus-4-20250514", {"max_tokens": 64_000}, {"max_tokens": 32_000}, ["max_tokens: 32000"]),
    ("claude-3-haiku-20240307", {"max_tokens": 8_192}, {"max_tokens": 4_096}, ["max_tokens: 4096"]),
    ("claude-opus-4-8", {"max_tokens": 200_000}, {"max_tokens": 128_000}, ["max_tokens: 128000"]),
    (
        "claude-sonnet-4-5",
        {"max_tokens": 128_000, "thinking": budget(100_000)},
        {"max_tokens": 64_000, "thinking": budget(63_999)},
        ["max_tokens: 64000", "thinking.budget_tokens: 63999"],
    ),
    (
        "claude-3-5-haiku-20241022",
        {"max_tokens": 32_000, "thinking": budget(10_000)},
        {"max_tokens": 8_192, "thinking": None},
        ["max_tokens: 8192", "thinking: left out"],
    ),
    # adaptive thinking, to a model that takes a budget or doesn't think
    ("claude-sonnet-4-5", {"max_tokens": 9_000, "thinking": ADAPTIVE}, {"thinking": budget(4_096)}, []),
    ("claude-haiku-4-5", {"max_tokens": 3_000, "thinking": ADAPTIVE}, {"thinking": budget(1_500)}, []),
    (
        "claude-opus-4-1",
        {"max_tokens": 32_000, "thinking": ADAPTIVE | {"display": "summarized"}, "output_config": {"effort": "max"}},
        {"thinking": budget(16_000) | {"display": "summarized"}, "output_config": None},
        [],
    ),
    (
        "claude-opus-4-5",
        {"max_tokens": 32_000, "thinking": ADAPTIVE, "output_config": {"effort": "max"}},
        {"thinking": budget(16_000), "output_config": {"effort": "high"}},
        ["output_config.effort: high"],
    ),
    ("claude-3-5-haiku", {"thinking": ADAPTIVE}, {"thinking": None}, ["thinking: left out"]),
    (
        "claude-haiku-4-5",
        {"max_tokens": 1_000, "thinking": ADAPTIVE, "context_management": CLEARING},
        {"thinking": None, "context_management": None},
        ["thinking: no thinking within 1000 tokens", "context_management.edits: without those of thoughts"],
    ),
    (
        "claude-sonnet-4-5",
        {"max_tokens": 9_000, "thinking": ADAPTIVE, "messages": CALLED, "tools": [TOOL]},
        {"thinking": None},
        ["thinking: no thinking in a tool loop that began without"],
    ),
    # a budget, to a model that takes none
    (
        "claude-opus-4-7",
        {"max_tokens": 9_000, "thinking": budget(2_000)},
        {"thinking": ADAPTIVE, "output_config": {"effort": "low"}},
        [],
    ),
    (
        "claude-sonnet-5",
        {"max_tokens": 32_000, "thinking": budget(8_000), "output_config": {"effort": "max"}},
        {"thinking": ADAPTIVE},
        [],
    ),
    (
        "claude-opus-4-8",
        {"max_tokens": 32_000, "thinking": budget(20_000), "temperature": 1},
        {"thinking": ADAPTIVE, "output_config": {"effort": "high"}, "temperature": None},
        [],
    ),
    ("claude-fable-5", {"thinking": DISABLED}, {"thinking": None}, ["thinking: the model always thinks"]),
    # thinking beside a forced tool
    (
        "claude-opus-4-6",
        {"max_tokens": 9_000, "thinking": ADAPTIVE, "context_management": CLEARING} | FORCED,
        {"thinking": None, "context_management": None},
        [
            "thinking: no thinking beside a forced tool",
            "context_management.edits: without those of thoughts",
        ],
    ),
    (
        "claude-sonnet-4-5",
        {"max_tokens": 9_000, "thinking": budget(2_000), "tools": [TOOL], "tool_choice": {"type": "any"}},
        {"thinking": None},
        ["thinking: no thinking beside a forced tool"],
    ),
    (
        "claude-sonnet-4-5",
        {"max_tokens": 9_000, "thinking": ADAPTIVE, "context_management": CLEARING_BOTH} | FORCED,
        {"thinking": None, "context_management": {"edits": [TOOL_CLEARING]}},
        [
            "thinking: no thinking beside a forced tool",
            "context_management.edits: without those of thoughts",
        ],
    ),
    # efforts
    (
        "claude-haiku-4-5",
        {"output_config": {"effort": "low"}},
        {"output_config": None},
        ["output_config.effort: left out"],
    ),
    (
        "claude-sonnet-4-6",
        {"thinking": ADAPTIVE, "output_config": {"effort": "xhigh"}},
        {"output_config": {"effort": "max"}},
        ["output_config.effort: max"],
    ),
    (
        "claude-opus-4-5",
        {"output_config": {"effort": "xhigh"}},
        {"output_config": {"effort": "high"}},
        ["output_config.effort: high"],
    ),
    # sampling
    ("claude-sonnet-4-5", {"temperature": 0.5, "top_p": 0.9}, {"top_p": None}, ["top_p: left out"]),
    ("claude-opus-4-1", {"temperature": 1, "top_p": 0.9}, {"temperature": None}, []),
    (
        "claude-opus-4-7",
        {"temperature": 0.5, "top_k": 5},
        {"temperature": None, "top_k": None},
        [
            "temperature: left out",
            "top_k: left out",
        ],
    ),
    (
        "claude-sonnet-4-5",
        {"max_tokens": 9_000, "thinking": budget(2_000), "top_k": 5, "temperature": 0.2},
        {"top_k": None, "temperature": None},
        ["top_k: left out", "temperature: left out"],
    ),
    (
        "claude-sonnet-4",
        {"max_tokens": 9_000, "thinking": ADAPTIVE, "top_p": 0.5},
        {"thinking": budget(4_096), "top_p": None},
        ["top_p: left out"],
    ),
]
CHAT: list[Row] = [
    ("gpt-4o", {"max_tokens": 128_000}, {"max_tokens": 16_384}, ["max_tokens: 16384"]),
    (
        "gpt-4.1",
        {"max_completion_tokens": 64_000},
        {"max_completion_tokens": None, "max_tokens": 32_768},
        ["max_tokens: 32768"],
    ),
    ("o3", {"max_tokens": 200_000}, {"max_tokens": None, "max_completion_tokens": 100_000}, ["max_tokens: 100000"]),
    ("gpt-5", {"max_completion_tokens": 200_000}, {"max_completion_tokens": 128_000}, ["max_tokens: 128000"]),
    ("gpt-4-turbo", {"max_tokens": 8_192}, {"max_tokens": 4_096}, ["max_tokens: 4096"]),
    ("gpt-4o", {"reasoning_effort": "low"}, {"reasoning_effort": None}, ["reasoning_effort: left out"]),
    ("gpt-4.1-mini", {"reasoning_effort": "none"}, {"reasoning_effort": None}, []),
    ("gpt-5", {"reasoning_effort": "xhigh"}, {"reasoning_effort": "high"}, ["reasoning_effort: high"]),
    ("gpt-5.1", {"reasoning_effort": "minimal"}, {"reasoning_effort": "low"}, ["reasoning_effort: low"]),
    ("o3", {"reasoning_effort": "minimal"}, {"reasoning_effort": "low"}, ["reasoning_effort: low"]),
    ("gpt-5.1", {"reasoning_effort": "brisk"}, {"reasoning_effort": None}, ["reasoning_effort: left out"]),
    (
        "gpt-5",
        {"reasoning_effort": "none", "temperature": 0.5},
        {"reasoning_effort": "minimal", "temperature": None},
        ["temperature: left out", "reasoning_effort: minimal"],
    ),
    (
        "gpt-5",
        {"temperature": 0.5, "top_p": 0.5},
        {"temperature": None, "top_p": None},
        [
            "temperature: left out",
            "top_p: left out",
        ],
    ),
]
ENCRYPTED = {"include": ["reasoning.encrypted_content", "message.output_text.logprobs"]}
RESPONSES: list[Row] = [
    ("gpt-4o", {"reasoning": {"effort": "low"}}, {"reasoning": None}, ["reasoning_effort: left out"]),
    (
        "gpt-4o",
        {"reasoning": {"effort": "medium", "summary": "auto"}, "include": ["reasoning.encrypted_content"]},
        {"reasoning": None, "include": []},
        ["reasoning_effort: left out", "include: without the thoughts"],
    ),
    ("gpt-4.1", {"reasoning": {"summary": "auto"}}, {"reasoning": None}, ["reasoning: left out"]),
    ("gpt-4.1", ENCRYPTED, {"include": ["message.output_text.logprobs"]}, ["include: without the thoughts"]),
    ("gpt-4.1", {"reasoning": {"effort": "none"}}, {"reasoning": None}, []),
    (
        "gpt-5",
        {"reasoning": {"effort": "xhigh", "summary": "auto"}},
        {"reasoning": {"effort": "high", "summary": "auto"}},
        ["reasoning_effort: high"],
    ),
    ("gpt-5.1-codex", {"reasoning": {"effort": "none"}}, {"reasoning": {"effort": "low"}}, ["reasoning_effort: low"]),
    ("gpt-4o", {"max_output_tokens": 32_000}, {"max_output_tokens": 16_384}, ["max_tokens: 16384"]),
    ("o3", {"temperature": 0.5}, {"temperature": None}, ["temperature: left out"]),
]


def level(name: str) -> dict[str, Any]:
    return {"generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": name}}}


def tokens(number: int) -> dict[str, Any]:
    return {"generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": number}}}


SNAKE = {"generation_config": {"thinking_config": {"thinking_level": "low"}, "max_output_tokens": 99_000}}
FUNCTION: dict[str, Any] = {"functionDeclarations": [{"name": "f"}]}
SEARCH: dict[str, Any] = {"googleSearch": {}}
GEMINI: list[Row] = [
    ("gemini-2.5-flash", level("HIGH"), tokens(24_576), []),
    ("gemini-2.5-pro", level("low"), tokens(1_024), []),
    ("gemini-2.5-pro", tokens(0), tokens(128), ["reasoning_effort: the least thinking"]),
    ("gemini-2.5-flash", tokens(32_768), tokens(24_576), ["reasoning.budget: 24576"]),
    ("gemini-2.5-flash-lite", tokens(100), tokens(512), ["reasoning.budget: 512"]),
    ("gemini-2.0-flash", tokens(1_000), {"generationConfig": {}}, ["reasoning_effort: left out"]),
    ("gemini-2.0-flash", level("low"), {"generationConfig": {}}, ["reasoning_effort: left out"]),
    ("gemini-3-pro-preview", level("MEDIUM"), level("HIGH"), ["reasoning_effort: HIGH"]),
    ("gemini-3.1-pro-preview", level("minimal"), level("LOW"), ["reasoning_effort: LOW"]),
    ("gemini-3.5-flash", tokens(0), level("MINIMAL"), ["reasoning_effort: the least thinking"]),
    (
        "gemini-2.5-flash",
        {"generationConfig": {"maxOutputTokens": 100_000, "temperature": 0.5}},
        {"generationConfig": {"maxOutputTokens": 65_536, "temperature": 0.5}},
        ["max_tokens: 65536"],
    ),
    # Google's own tools beside functions
    (
        "gemini-2.5-flash",
        {"tools": [FUNCTION | SEARCH, {"codeExecution": {}}, FUNCTION]},
        {"tools": [FUNCTION, FUNCTION]},
        ["tools[0].googleSearch: left out", "tools[1].codeExecution: left out"],
    ),
    (
        "models/gemini-2.0-flash",
        {"tools": {"function_declarations": [{"name": "f"}], "google_search": {}}},
        {"tools": [{"function_declarations": [{"name": "f"}]}]},
        ["tools[0].google_search: left out"],
    ),
    (
        "models/gemini-2.5-flash",
        SNAKE,
        {"generation_config": {"thinking_config": {"thinkingBudget": 1_024}, "max_output_tokens": 65_536}},
        ["max_tokens: 65536"],
    ),
]
ROWS = [
    pytest.param(wire, *row, id=f"{wire}-{number}-{row[0]}")
    for wire, rows in [
        ("anthropic-messages", CLAUDE),
        ("openai-chat", CHAT),
        ("openai-responses", RESPONSES),
        ("gemini", GEMINI),
    ]
    for number, row in enumerate(rows)
]


@pytest.mark.parametrize(("wire", "model", "fields", "otherwise", "names"), ROWS)
def test_only_what_the_model_does_not_take_is_said_otherwise(
    wire: str, model: str, fields: dict[str, Any], otherwise: dict[str, Any], names: list[str]
) -> None:
    request = sent(wire, model, fields)
    assert changed(wire, model, fields) == otherwise
    assert told(request) == names
    assert refusal(wire, model.removeprefix("models/"), json.loads(request.body)) == ""


def test_thoughts_of_another_provider_leave_a_tool_loop_that_began_without() -> None:
    call = CALLED[1]["content"]
    thought = {"type": "thinking", "thinking": "hm", "signature": f"{SEAL}abc"}
    fields = {
        "max_tokens": 9_000,
        "thinking": budget(2_000),
        "tools": [TOOL],
        "messages": [CALLED[0], {"role": "assistant", "content": [thought, *call]}, CALLED[2]],
    }
    request = sent("anthropic-messages", "claude-sonnet-4-5", fields)
    assert told(request) == ["thinking: no thinking in a tool loop that began without"]
    assert refusal("anthropic-messages", "claude-sonnet-4-5", json.loads(request.body)) == ""


def test_a_budget_for_interleaved_thoughts_may_be_above_the_limit() -> None:
    fields = {"model": "fast", "messages": CALLED[:1], "max_tokens": 128_000, "thinking": budget(100_000)}
    request = parse("anthropic-messages", fields)
    assert request.raw is not None
    raw = structs.replace(request.raw, headers={"anthropic-beta": "interleaved-thinking-2025-05-14"})
    provider = PROVIDERS["anthropic"]
    assert isinstance(provider, WireProvider)
    place = place_of(provider, "claude-sonnet-4-5")
    body = json.loads(provider.operation(request).build(structs.replace(request, raw=raw), place).body)
    assert (body["max_tokens"], body["thinking"]) == (64_000, budget(100_000))


@pytest.mark.parametrize(
    ("model", "tools", "kept"),
    [
        ("gemini-2.5-flash", [FUNCTION, SEARCH, {"codeExecution": {}}], {"functionDeclarations"}),
        ("gemini-2.5-flash", [SEARCH, {"codeExecution": {}}], {"googleSearch", "codeExecution"}),
        ("gemini-3.5-flash", [FUNCTION, SEARCH], {"functionDeclarations", "googleSearch"}),
    ],
)
def test_a_translated_request_to_gemini_has_no_tool_of_googles_beside_functions_either(
    model: str, tools: list[dict[str, Any]], kept: set[str]
) -> None:
    provider = PROVIDERS["gemini"]
    assert isinstance(provider, WireProvider)
    request = structs.replace(parse("gemini", {"tools": tools}), raw=None)
    built = wire_request(provider, request, place_of(provider, model))
    assert {name for tool in json.loads(built.body)["tools"] for name in tool} == kept
    left_out = [name for tool in tools for name in tool if name not in kept]
    assert told(built) == [f"tools.{name}: left out" for name in left_out]


UNTOUCHED: list[tuple[str, str, dict[str, Any]]] = [
    # the model takes it
    ("anthropic-messages", "claude-sonnet-4-6", {"max_tokens": 9_000, "thinking": ADAPTIVE}),
    ("anthropic-messages", "claude-sonnet-4-6", {"max_tokens": 9_000, "thinking": budget(2_000)}),
    ("anthropic-messages", "claude-sonnet-4-5", {"max_tokens": 9_000, "thinking": budget(2_000), "temperature": 1}),
    ("anthropic-messages", "claude-opus-4-8", {"thinking": ADAPTIVE, "output_config": {"effort": "xhigh"}}),
    ("anthropic-messages", "claude-opus-4-5", {"output_config": {"effort": "low"}}),
    ("anthropic-messages", "claude-3-7-sonnet", {"temperature": 0.5, "top_p": 0.9}),
    ("openai-chat", "gpt-5.1", {"reasoning_effort": "none", "temperature": 0.5}),
    ("openai-chat", "gpt-4o", {"max_tokens": 16_384, "temperature": 0.5}),
    ("openai-responses", "gpt-5", {"reasoning": {"effort": "minimal"}, "include": ["reasoning.encrypted_content"]}),
    ("gemini", "gemini-3.5-flash", level("minimal")),
    ("gemini", "gemini-3.5-flash", tokens(5_000)),
    ("gemini", "gemini-2.5-flash", tokens(-1)),
    ("gemini", "gemini-2.5-flash", tokens(0)),
    ("gemini", "gemini-2.5-flash", {"tools": [SEARCH, {"urlContext": {}}, {"functionDeclarations": []}]}),
    ("gemini", "gemini-2.5-flash", {"tools": [FUNCTION, FUNCTION | {"googleSearch": None}]}),
    ("gemini", "gemini-3.5-flash", {"tools": [FUNCTION | SEARCH]}),
    # the client's own mistake, which has nothing to do with the model
    ("anthropic-messages", "claude-sonnet-4-5", {"max_tokens": 2_000, "thinking": budget(4_000)}),
    ("anthropic-messages", "claude-sonnet-4-5", {"thinking": {"type": "enabled"}}),
    ("anthropic-messages", "claude-sonnet-4-5", {"thinking": "often"}),
    ("anthropic-messages", "claude-opus-4-5", {"thinking": None, "output_config": {"effort": "low"}, "top_k": 3}),
    ("anthropic-messages", "claude-opus-4-5", {"thinking": {"type": "auto"}, "output_config": {"effort": "low"}}),
    ("anthropic-messages", "claude-opus-4-5", {"thinking": "often", "output_config": {"effort": "low"}}),
    # nothing is known of the model
    ("anthropic-messages", "my-model", {"thinking": ADAPTIVE, "temperature": 0.5, "top_p": 0.9, "top_k": 3} | FORCED),
    ("anthropic-messages", "glm-4.6", {"max_tokens": 999_999, "thinking": budget(2_000), "top_k": 3}),
    ("anthropic-messages", "kimi-k2-5", {"output_config": {"effort": "xhigh"}, "thinking": ADAPTIVE}),
    ("openai-chat", "my-model", {"reasoning_effort": "brisk", "max_tokens": 999_999, "temperature": 0.5}),
    ("openai-responses", "my-model", {"reasoning": {"effort": "brisk", "new": 1}} | ENCRYPTED),
    ("gemini", "my-model", level("ULTRA")),
    ("gemini", "my-model", {"tools": [FUNCTION, SEARCH]}),
    ("gemini", "gemini-2.5-flash", {"tools": ["googleSearch", FUNCTION]}),
    ("gemini", "gemini-2.5-flash", {"tools": "googleSearch"}),
]


@pytest.mark.parametrize(("wire", "model", "fields"), UNTOUCHED)
def test_what_needs_no_change_is_sent_as_it_came(wire: str, model: str, fields: dict[str, Any]) -> None:
    assert changed(wire, model, fields) == {}
    assert told(sent(wire, model, fields)) == []
