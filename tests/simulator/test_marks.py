"""Marks in the prompt have the model call tools, and have the simulator fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.raw import ask
from turnout.simulator import Simulator
from turnout.simulator.context import too_long

CHAT = "/v1/chat/completions"
WEATHER = '[[call weather {"city": "Paris"}]]'


def body(prompt: str, *tools: str) -> dict[str, Any]:
    offered = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in tools]
    asked: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}]}
    return asked | ({"tools": offered} if offered else {})


def called(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or ()]


async def test_a_mark_calls_a_tool_with_its_arguments(simulated: Simulator) -> None:
    reply = await ask(simulated.url + CHAT, body(f"Look. {WEATHER}", "train", "weather"))
    assert called(reply.json["choices"][0]["message"]) == [("weather", '{"city": "Paris"}')]


async def test_several_marks_are_parallel_calls_with_ids_of_their_own(simulated: Simulator) -> None:
    prompt = f'{WEATHER} and [[call train {{"to": {{"city": "Rome"}}}}]]'
    message = (await ask(simulated.url + CHAT, body(prompt, "train", "weather"))).json["choices"][0]["message"]
    assert called(message) == [("weather", '{"city": "Paris"}'), ("train", '{"to": {"city": "Rome"}}')]
    assert len({call["id"] for call in message["tool_calls"]}) == 2


async def test_a_tool_that_is_not_offered_is_not_called(simulated: Simulator) -> None:
    message = (await ask(simulated.url + CHAT, body(WEATHER, "train"))).json["choices"][0]["message"]
    assert called(message) == []


async def test_a_mark_says_the_words_of_a_script(fresh: Simulator) -> None:
    asked = body("Fail once. [[sim status-503-times-1]]")
    assert [(await ask(fresh.url + CHAT, asked)).status for _ in range(2)] == [503, 200]


async def test_a_mark_may_be_for_one_model(simulated: Simulator) -> None:
    asked = body("Fail there. [[sim words-3]] [[sim@gpt-4o status-503]] [[sim@gpt-5 reset]]")
    assert (await ask(simulated.url + CHAT, asked)).status == 503
    other = await ask(simulated.url + CHAT, {**asked, "model": "gpt-4.1"})
    assert other.json["choices"][0]["message"]["content"] == "word1 word2 word3"


async def test_an_earlier_message_marks_nothing(simulated: Simulator) -> None:
    asked = body("Now answer.")
    asked["messages"] = [
        {"role": "user", "content": "[[sim status-503]]"},
        {"role": "assistant", "content": "No."},
        *asked["messages"],
    ]
    assert (await ask(simulated.url + CHAT, asked)).status == 200


@pytest.mark.parametrize(
    ("path", "words", "headers"),
    [
        (CHAT, "maximum context length is 128000 tokens", {}),
        ("/vllm/v1/chat/completions", "maximum context length is 32768 tokens", {}),
        ("/llamacpp/v1/chat/completions", "exceeds the available context size", {}),
        ("/v1/messages", "prompt is too long: 212345 tokens > 200000 maximum", {"anthropic-version": "2023-06-01"}),
        ("/api/chat", "exceeds the context length", {}),
    ],
)
async def test_a_prompt_is_too_long_in_the_vendors_words(
    simulated: Simulator, path: str, words: str, headers: dict[str, str]
) -> None:
    reply = await ask(simulated.url + path, body("Long. [[sim too-long]]") | {"max_tokens": 9}, headers)
    assert reply.status == 400
    assert words in reply.body.decode()


async def test_openais_prompt_that_is_too_long_has_its_code(simulated: Simulator) -> None:
    reply = await ask(simulated.url + CHAT, body("[[sim too-long]]"))
    assert (reply.json["error"]["code"], reply.json["error"]["param"]) == ("context_length_exceeded", "messages")
    asked = {"model": "gpt-4o", "input": "[[sim too-long]]"}
    error = (await ask(f"{simulated.url}/v1/responses", asked)).json["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "input")


def test_geminis_words_name_both_numbers() -> None:
    assert too_long("gemini").message.startswith("The input token count (1200000) exceeds")
