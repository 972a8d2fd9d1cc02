from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.raw import ask
from tests.simulator.rules.support import Case, Wire, case_ids, uncovered
from turnout.simulator import Simulator
from turnout.simulator.rules import ollama

HI: Any = {"role": "user", "content": "hi"}
WIRE = Wire("/api/chat", {"model": "sim", "messages": [HI], "stream": False})
TOOLS = {"tools": [{"type": "function", "function": {"name": "f"}}]}

CASES = [
    Case(
        "level_is_known",
        {"think": "xhigh"},
        'invalid think value: "xhigh" (must be "high", "medium", "low", "max", true, or false)',
        {"think": "max"},
    ),
    Case(
        "level_is_for_harmony",
        {"model": "qwen3:8b", "think": "high"},
        'think value "high" is not supported for this model',
        {"model": "gpt-oss:20b", "think": "high"},
    ),
    Case(
        "thinking_is_an_ability",
        {"model": "llama3.2", "think": True},
        '"llama3.2" does not support thinking',
        {"model": "llama3.2", "think": False},
    ),
    Case(
        "thinking_is_an_ability",
        {"model": "llama3.1:8b", "think": True},
        '"llama3.1:8b" does not support thinking',
        {"model": "qwen3:8b", "think": True},
    ),
    Case(
        "tools_are_an_ability",
        {"model": "gemma3", **TOOLS},
        "registry.ollama.ai/library/gemma3:latest does not support tools",
        {"model": "gemma3", "tools": []},
    ),
    Case(
        "tools_are_an_ability",
        {"model": "deepseek-r1:14b", **TOOLS},
        "registry.ollama.ai/library/deepseek-r1:14b does not support tools",
        {"model": "llama3.2", **TOOLS},
    ),
    Case(
        "likely_tokens_are_few",
        {"top_logprobs": 21},
        "top_logprobs must be between 0 and 20",
        {"top_logprobs": 20},
    ),
    Case(
        "format_is_json",
        {"format": "xml"},
        'invalid format: expected "json" or a JSON schema',
        {"format": "json", "tool_choice": "auto"},
    ),
    Case(
        "images_are_base64",
        {"messages": [HI | {"images": ["data:image/png;base64,YWJj"]}]},
        "illegal base64 data at input byte 4",
        {"messages": [HI | {"images": ["YWJj"]}]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_ids(CASES))
async def test_a_rule(simulated: Simulator, case: Case) -> None:
    refused = await WIRE.ask(simulated, case.refused)
    assert (refused.status, refused.json) == (400, {"error": case.words})
    assert (await WIRE.ask(simulated, case.passes)).status == 200


def test_every_rule_has_a_case() -> None:
    assert uncovered(ollama.RULES, CASES) == set()


async def test_generate_has_the_same_rules(simulated: Simulator) -> None:
    body = {"model": "llama3.2", "prompt": "hi", "think": True}
    assert (await ask(f"{simulated.url}/api/generate", body)).json == {"error": '"llama3.2" does not support thinking'}


@pytest.mark.parametrize(
    ("model", "capabilities"),
    [
        ("llama3.2:latest", ["completion", "tools", "embedding"]),
        ("gemma3:4b", ["completion", "vision", "embedding"]),
        ("qwen3", ["completion", "tools", "thinking", "embedding"]),
        ("sim", ["completion", "tools", "vision", "thinking", "embedding"]),
    ],
)
@pytest.mark.parametrize("field", ["model", "name"])
async def test_a_model_tells_what_it_is_refused_by(
    simulated: Simulator, field: str, model: str, capabilities: list[str]
) -> None:
    shown = await ask(f"{simulated.url}/api/show", {field: model})
    assert shown.json["capabilities"] == capabilities
