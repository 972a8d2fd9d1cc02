"""The vendors' SDKs accumulate every continued stream without complaint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import pytest

from tests.faults.check import assert_none
from tests.faults.stage import PROMPT, Case, Stage, cases
from tests.faults.table import BLOCKS, GOES_ON, MIDDLE, SILENCE, WIRES, Fault, named
from tests.support.sdks import Question, Reply, anthropic, gemini, ollama, openai, responses

CONTINUED = [
    fault
    for fault in (*MIDDLE, *BLOCKS)
    if fault.stream and fault.comes == "whole" and fault.onto == GOES_ON and fault.timeouts in ({}, SILENCE)
    if fault.block != "call" and fault.first == 1
]
Ask = Callable[[Question], Awaitable[Reply]]


def _sdks(url: str) -> Mapping[str, Ask]:
    return {
        "chat": partial(openai.ask, openai.client(f"{url}/v1"), stream=True),
        "responses": partial(responses.ask, openai.client(f"{url}/v1"), stream=True),
        "anthropic": partial(anthropic.ask, anthropic.client(url), stream=True),
        "gemini": partial(gemini.ask, gemini.client(url), stream=True),
        "ollama": partial(ollama.ask, ollama.client(url), stream=True),
    }


@pytest.mark.parametrize("fault", named((f"sdks-{fault.id}", fault) for fault in CONTINUED))
async def test_sdks_accumulate_a_continued_stream(stage: Stage, fault: Fault) -> None:
    sdks = _sdks(stage.turnout.url)

    async def ask(case: Case) -> tuple[str, str]:
        reply = await sdks[case.dialect](Question(prompt=PROMPT, model=case.model))
        return reply.text, reply.finish

    asked = cases(fault)
    replies = await asyncio.gather(*map(ask, asked), return_exceptions=True)
    wrong = {case.model: reply for case, reply in zip(asked, replies, strict=True) if reply != (fault.whole, "stop")}
    assert_none(wrong)


@pytest.mark.parametrize("fault", named((f"openais-accumulator-{fault.id}", fault) for fault in CONTINUED[:1]))
async def test_openais_own_accumulator_takes_a_continued_chat(stage: Stage, fault: Fault) -> None:
    sdk = openai.client(stage.turnout.openai_url)
    for wire in WIRES:
        model = Case(fault, wire, "chat").model
        async with sdk.chat.completions.stream(model=model, messages=[{"role": "user", "content": PROMPT}]) as events:
            whole = await events.get_final_completion()
        assert whole.choices[0].message.content == fault.whole
