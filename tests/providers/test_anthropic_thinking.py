"""How much Claude thinks, and the sampling that it takes beside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.anthropic_wire import deployment, sent, sent_body
from tests.support.fitting import told
from turnout.core import (
    ChatRequest,
    Defaults,
    Deployment,
    Message,
    Part,
    Reasoning,
    RedactedThinking,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Traits,
)

HELLO = (Message("user", (Text("Hello"),)),)
ONLY_ADAPTIVE = deployment(model="claude-sonnet-5")
BOTH_WAYS = deployment(model="claude-sonnet-4-6")
ONLY_BUDGETS = deployment(model="claude-haiku-4-5-20251001")
BEFORE_4_1 = deployment(model="claude-opus-4-20250514")


def asking(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="fast", messages=messages or HELLO, **fields)


def settings(request: ChatRequest, to: Deployment) -> dict[str, Any]:
    """What is sent beside the conversation and the tools."""
    body = sent_body(request, to)
    return {name: body[name] for name in body if name in ("thinking", "output_config", "temperature", "top_p", "top_k")}


def enabled(budget: int) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def adaptive(effort: str | None = None) -> dict[str, Any]:
    return {"thinking": {"type": "adaptive"}} | ({"output_config": {"effort": effort}} if effort else {})


# --- how much to think -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasoning", "to", "expected"),
    [
        pytest.param(Reasoning(enabled=False), ONLY_ADAPTIVE, {"thinking": {"type": "disabled"}}, id="off"),
        pytest.param(
            Reasoning(enabled=False, effort="none"), ONLY_ADAPTIVE, {"thinking": {"type": "disabled"}}, id="none"
        ),
        pytest.param(Reasoning(effort="low"), ONLY_ADAPTIVE, adaptive("low"), id="effort"),
        pytest.param(Reasoning(effort="minimal"), ONLY_ADAPTIVE, adaptive("low"), id="least-effort"),
        pytest.param(Reasoning(budget=2048), ONLY_ADAPTIVE, adaptive("low"), id="no-budget-since-4-7"),
        pytest.param(Reasoning(budget=8192), ONLY_ADAPTIVE, adaptive("medium"), id="a-larger-budget"),
        pytest.param(Reasoning(budget=8193), ONLY_ADAPTIVE, adaptive("high"), id="the-largest-budget"),
        pytest.param(
            Reasoning(effort="max", budget=1024), ONLY_ADAPTIVE, adaptive("max"), id="the-effort-before-the-budget"
        ),
        pytest.param(
            Reasoning(budget=3000), deployment(model="claude-opus-4-7"), adaptive("medium"), id="4-7-takes-no-budget"
        ),
        pytest.param(Reasoning(budget=3000), BOTH_WAYS, enabled(3000), id="4-6-takes-a-budget"),
        pytest.param(
            Reasoning(effort="high", budget=3000),
            BOTH_WAYS,
            enabled(3000) | {"output_config": {"effort": "high"}},
            id="4-6-takes-both",
        ),
        pytest.param(Reasoning(), BOTH_WAYS, adaptive(), id="4-6-is-adaptive"),
        pytest.param(Reasoning(effort="medium"), ONLY_BUDGETS, enabled(4096), id="effort-of-an-older-model"),
        pytest.param(
            Reasoning(effort="high", budget=2000), ONLY_BUDGETS, enabled(2000), id="older-models-know-no-effort"
        ),
        pytest.param(Reasoning(effort="high"), BEFORE_4_1, enabled(5000), id="half-is-left-to-the-answer"),
        pytest.param(
            Reasoning(),
            deployment(model="claude-3-7-sonnet-20250219"),
            enabled(4096),
            id="no-word-to-an-older-model",
        ),
        pytest.param(Reasoning(), deployment(model="alias"), adaptive(), id="unknown-name"),
        pytest.param(Reasoning(budget=3000), deployment(model="alias"), enabled(3000), id="unknown-name-with-a-budget"),
    ],
)
def test_how_much_to_think(reasoning: Reasoning, to: Deployment, expected: dict[str, Any]) -> None:
    request = asking(reasoning=reasoning, max_output=10_000)
    assert settings(request, to) == expected
    assert sent_body(request, to)["max_tokens"] == 10_000
    assert told(sent(request, to)) == []


def test_an_unknown_effort_is_left_out_and_named() -> None:
    request = asking(reasoning=Reasoning(effort="ludicrous"), max_output=10_000)
    assert settings(request, ONLY_ADAPTIVE) == adaptive()
    assert settings(request, ONLY_BUDGETS) == enabled(4096)
    assert told(sent(request, ONLY_ADAPTIVE)) == ["reasoning_effort: left out"]


def test_a_model_that_always_thinks_is_not_told_to_stop() -> None:
    always = deployment(model="claude-fable-5", traits=Traits(thinking="always"))
    request = asking(reasoning=Reasoning(enabled=False))
    assert settings(request, always) == {}
    assert told(sent(request, always)) == ["reasoning_effort: the model always thinks"]


@pytest.mark.parametrize(
    ("to", "limit"),
    [
        pytest.param(ONLY_ADAPTIVE, 4096 + 1024, id="beside-the-default"),
        pytest.param(
            deployment(model="claude-sonnet-5", defaults=Defaults(max_tokens=100)), 100 + 1024, id="the-operators"
        ),
        pytest.param(
            deployment(model="claude-sonnet-5", traits=Traits(max_output=2000), defaults=Defaults(max_tokens=1500)),
            2000,
            id="within-what-the-model-gives",
        ),
    ],
)
def test_thoughts_have_room_beside_the_default_limit(to: Deployment, limit: int) -> None:
    assert sent_body(asking(reasoning=Reasoning(effort="low")), to)["max_tokens"] == limit


@pytest.mark.parametrize(
    ("budget", "max_output", "sent_budget", "changes"),
    [
        pytest.param(2000, 2001, 2000, [], id="a-token-is-left"),
        pytest.param(2000, 2000, 1999, ["reasoning.budget: 1999"], id="none-is-left"),
        pytest.param(9000, 3000, 2999, ["reasoning.budget: 2999"], id="more-than-the-limit"),
        pytest.param(500, 3000, 1024, ["reasoning.budget: 1024"], id="less-than-the-smallest"),
        pytest.param(None, 1025, 1024, [], id="the-smallest-of-an-effort"),
        pytest.param(None, 4000, 2000, [], id="half-of-an-effort"),
    ],
)
def test_a_budget_is_less_than_the_limit(
    budget: int | None, max_output: int, sent_budget: int, changes: list[str]
) -> None:
    request = asking(reasoning=Reasoning(effort="high", budget=budget), max_output=max_output)
    assert settings(request, ONLY_BUDGETS) == enabled(sent_budget)
    assert sent_body(request, ONLY_BUDGETS)["max_tokens"] == max_output
    assert told(sent(request, ONLY_BUDGETS)) == changes


TOOLS: dict[str, Any] = {"tools": (Tool("f"),), "max_output": 3000}


def loop(*turn: Part) -> tuple[Message, ...]:
    call, result = ToolCall("c", "f", "{}"), ToolResult("c", (Text("x"),))
    return (*HELLO, Message("assistant", (*turn, call)), Message("tool", (result,)))


@pytest.mark.parametrize("reasoning", [Reasoning(effort="low"), Reasoning(budget=2000)], ids=["effort", "budget"])
@pytest.mark.parametrize(
    ("request_", "obstacle"),
    [
        pytest.param(asking(max_output=1024), "no thinking within 1024 tokens", id="no-room"),
        pytest.param(
            asking(tool_choice=ToolChoice("required"), **TOOLS), "no thinking beside a forced tool", id="some-tool"
        ),
        pytest.param(
            asking(tool_choice=ToolChoice("tool", "f"), **TOOLS), "no thinking beside a forced tool", id="this-tool"
        ),
        pytest.param(
            asking(*loop(Text("Let me see.")), **TOOLS),
            "no thinking in a tool loop that began without",
            id="loop-without-thoughts",
        ),
        pytest.param(
            asking(*loop(Thinking("Another model's.")), **TOOLS),
            "no thinking in a tool loop that began without",
            id="loop-with-thoughts-of-another-provider",
        ),
    ],
)
def test_the_answer_matters_more_than_the_thoughts(request_: ChatRequest, obstacle: str, reasoning: Reasoning) -> None:
    request = asking(
        *request_.messages,
        tools=request_.tools,
        tool_choice=request_.tool_choice,
        max_output=request_.max_output,
        reasoning=reasoning,
    )
    assert settings(request, ONLY_BUDGETS) == {}
    assert sent_body(request, ONLY_BUDGETS)["max_tokens"] == request_.max_output
    assert told(sent(request, ONLY_BUDGETS)) == [f"reasoning_effort: {obstacle}"]


def test_thoughts_that_do_not_come_need_no_room() -> None:
    request = asking(
        reasoning=Reasoning(effort="low"), tools=TOOLS["tools"], tool_choice=ToolChoice("required"), max_output=None
    )
    assert sent_body(request, ONLY_BUDGETS)["max_tokens"] == 4096


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asking(tool_choice=ToolChoice("auto"), **TOOLS), id="free-choice"),
        pytest.param(asking(*loop(Thinking("Hm.", "sig")), **TOOLS), id="loop-with-thoughts"),
        pytest.param(asking(*loop(RedactedThinking("x")), **TOOLS), id="loop-with-sealed-thoughts"),
        pytest.param(asking(*loop(), Message("user", (Text("Go on."),)), **TOOLS), id="a-new-question"),
        pytest.param(asking(*loop()[::2], **TOOLS), id="a-result-without-its-turn"),
    ],
)
def test_nothing_else_keeps_it_from_thinking(request_: ChatRequest) -> None:
    fields = {name: getattr(request_, name) for name in ("tools", "tool_choice", "max_output")}
    request = asking(*request_.messages, **fields, reasoning=Reasoning(effort="low"))
    assert settings(request, ONLY_BUDGETS) == enabled(1024)
    assert told(sent(request, ONLY_BUDGETS)) == []


# --- sampling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sampling", "to", "expected", "changes"),
    [
        pytest.param({"temperature": 1}, ONLY_BUDGETS, {"temperature": 1}, [], id="temperature-1"),
        pytest.param({"temperature": 1.5}, ONLY_BUDGETS, {"temperature": 1}, ["temperature: 1"], id="hotter-than-1"),
        pytest.param(
            {"temperature": 0.5, "top_p": 0.9},
            ONLY_BUDGETS,
            {"temperature": 0.5},
            ["top_p: left out"],
            id="one-of-both-since-4-1",
        ),
        pytest.param(
            {"temperature": 0.5, "top_p": 0.9},
            deployment(model="claude-opus-4-1-20250805"),
            {"temperature": 0.5},
            ["top_p: left out"],
            id="4-1-itself",
        ),
        pytest.param(
            {"temperature": 0.5, "top_p": 0.9}, BEFORE_4_1, {"temperature": 0.5, "top_p": 0.9}, [], id="both-before"
        ),
        pytest.param(
            {"temperature": 1, "top_p": 0.9}, ONLY_BUDGETS, {"top_p": 0.9}, [], id="temperature-1-says-nothing"
        ),
        pytest.param(
            {"temperature": 2, "top_p": 0.9},
            ONLY_BUDGETS,
            {"top_p": 0.9},
            ["temperature: 1"],
            id="hotter-than-1-beside-top-p",
        ),
        pytest.param({"top_p": 0.5, "top_k": 4}, ONLY_BUDGETS, {"top_p": 0.5, "top_k": 4}, [], id="top-k"),
    ],
)
def test_the_sampling_of_an_answer_without_thoughts(
    sampling: dict[str, Any], to: Deployment, expected: dict[str, Any], changes: list[str]
) -> None:
    request = asking(sampling=Sampling(**sampling))
    assert settings(request, to) == expected
    assert told(sent(request, to)) == changes


@pytest.mark.parametrize(
    ("sampling", "expected", "changes"),
    [
        pytest.param({"temperature": 1}, {"temperature": 1}, [], id="temperature-1"),
        pytest.param({"temperature": 0.9}, {}, ["temperature: left out"], id="another-temperature"),
        pytest.param({"temperature": 0}, {}, ["temperature: left out"], id="no-temperature"),
        pytest.param({"temperature": 2}, {"temperature": 1}, ["temperature: 1"], id="hotter-than-1"),
        pytest.param({"top_p": 0.95}, {"top_p": 0.95}, [], id="top-p"),
        pytest.param({"top_p": 0.94}, {}, ["top_p: left out"], id="a-small-top-p"),
        pytest.param({"top_k": 4}, {}, ["top_k: left out"], id="top-k"),
        pytest.param(
            {"temperature": 0.5, "top_p": 0.99, "top_k": 4},
            {"top_p": 0.99},
            ["top_k: left out", "temperature: left out"],
            id="all",
        ),
    ],
)
@pytest.mark.parametrize(
    ("to", "reasoning", "thinking"),
    [
        pytest.param(ONLY_BUDGETS, Reasoning(budget=1024), enabled(1024), id="budget"),
        pytest.param(BOTH_WAYS, Reasoning(), adaptive(), id="adaptive"),
    ],
)
def test_the_sampling_beside_thoughts(
    sampling: dict[str, Any],
    expected: dict[str, Any],
    changes: list[str],
    to: Deployment,
    reasoning: Reasoning,
    thinking: dict[str, Any],
) -> None:
    request = asking(sampling=Sampling(**sampling), reasoning=reasoning, max_output=3000)
    assert settings(request, to) == thinking | expected
    assert told(sent(request, to)) == changes


def test_an_answer_that_is_kept_from_thinking_keeps_its_sampling() -> None:
    request = asking(sampling=Sampling(temperature=0.5, top_k=4), reasoning=Reasoning(effort="low"), max_output=9)
    assert settings(request, ONLY_BUDGETS) == {"temperature": 0.5, "top_k": 4}
    without_thoughts = asking(sampling=Sampling(temperature=0.5), reasoning=Reasoning(enabled=False))
    assert settings(without_thoughts, ONLY_BUDGETS) == {"thinking": {"type": "disabled"}, "temperature": 0.5}
