"""What is true of every rule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.raw import ask
from turnout import simulator
from turnout.simulator import Simulator
from turnout.simulator.rules import (
    Asked,
    Refusal,
    Rule,
    anthropic,
    azure,
    first_refusal,
    gemini,
    llamacpp,
    ollama,
    openai_responses,
    vllm,
)
from turnout.simulator.rules.asked import names_in

TABLES = {
    "anthropic": (*anthropic.RULES, *anthropic.COUNT_RULES),
    "azure": azure.RULES,
    "gemini": gemini.RULES,
    "llamacpp": llamacpp.RULES,
    "ollama": ollama.RULES,
    "responses": openai_responses.RULES,
    "vllm": vllm.RULES,
}
ODD: tuple[Any, ...] = (None, 0, -1.5, True, "", "x", [], [None], [[]], [{}], {}, {"a": [{}]})
FIELDS = names_in(
    "contents generationConfig format images input max_tokens max_output_tokens messages metadata output_config "
    "reasoning response_format stop stop_sequences system temperature text think thinking tool_choice toolConfig "
    "tools top_logprobs top_p user"
)
REFUSED = {"model": "sim", "messages": [{"role": "user", "content": "hi"}], "user": "u" * 65}


@pytest.mark.parametrize("table", TABLES)
def test_its_source_can_be_looked_up(table: str) -> None:
    assert [rule.check.__name__ for rule in TABLES[table] if not rule.source.startswith("https://")] == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_it_takes_values_of_any_type(table: str, odd: Any) -> None:
    """They are refused or not; the wire refuses them afterwards. Nothing raises."""
    shapes = [odd, {"role": odd, "content": odd, "parts": odd, "type": odd, "function": odd, "tool_calls": odd}]
    shapes += [[shapes[1]], {"functionDeclarations": odd, "format": odd, "type": odd}]
    for field in FIELDS:
        for shape in shapes:
            for rule in TABLES[table]:
                rule.check(Asked({"model": "gpt-5", field: shape}, "gpt-5"))


async def test_a_refusal_is_in_the_log_with_the_model(fresh: Simulator) -> None:
    reply = await ask(f"{fresh.url}/v1/chat/completions", REFUSED)
    (attempt,) = fresh.attempts
    assert (attempt.model, attempt.status, attempt.outcome) == ("sim", 400, "completed")
    assert attempt.refused == reply.json["error"]["message"]
    (recorded,) = (await ask(f"{fresh.url}/__simulator/requests?model=sim")).json
    assert recorded["path"] == "/v1/chat/completions"


async def test_a_lenient_simulator_has_no_rules() -> None:
    async with simulator.start(lenient=True) as lenient:
        assert (await ask(f"{lenient.url}/v1/chat/completions", REFUSED)).status == 200


async def test_a_body_that_is_no_object_is_refused_by_the_wire(simulated: Simulator) -> None:
    for body in (b"[]", b"{", b"\xff"):
        assert (await ask(f"{simulated.url}/v1/chat/completions", body)).status == 400


def test_the_first_refusal_is_the_answer() -> None:
    def refuse(words: str) -> Rule:
        return Rule(lambda _: Refusal(words), "https://example.com")

    asked = Asked({}, "")
    rules = (Rule(lambda _: None, "https://example.com"), refuse("first"), refuse("second"))
    assert first_refusal(rules, asked) == Refusal("first")
    assert first_refusal((), asked) is None
