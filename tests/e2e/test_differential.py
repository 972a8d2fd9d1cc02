"""The same question asked of the provider directly, with its vendor's own SDK, and through Turnout."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tests.e2e.backends import COUNTING, REMOTE, Backend, aimock_address, simulator_address
from tests.e2e.clients import EVERY_DIALECT, Client
from tests.e2e.stage import JOURNAL, Stage
from tests.support.aimock import case
from tests.support.sdks import PNG, Question, Reply, Tool, anthropic, gemini, ollama, openai

CITY = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOLS = (Tool("find_train", CITY), Tool("find_bus", CITY))
SIMULATED: dict[str, dict[str, Any]] = {
    "text": {"prompt": "Zoë says 東京 👋"},
    "system": {"prompt": "Hello.", "system": "Be brief."},
    "length": {"prompt": "one two three four five", "max_tokens": 3},
    "tool": {"prompt": "Please use a tool.", "tools": TOOLS},
    "parallel-tools": {"prompt": "Please use all tools.", "tools": TOOLS},
    "image": {"prompt": "Look.", "image": PNG},
    "thinking": {"prompt": "Hello.", "model": "sim-thinking"},
    "cached": {"prompt": "one two three four", "model": "sim-cached"},
}
MOCKED: dict[str, dict[str, Any]] = {
    "text": {},
    "unicode": {},
    "usage": {},
    "finish_length": {},
    "reasoning": {},
    "tool": {"tools": (Tool("get_weather", CITY),)},
    "tools_parallel": {"tools": (Tool("book_trip"), Tool("check_calendar"))},
    "text_and_tool": {"tools": (Tool("get_weather", CITY),)},
    "image": {"image": PNG},
}
OWN_SDKS = {"anthropic": anthropic, "gemini": gemini, "ollama": ollama}
Ask = Callable[[Question, bool], Awaitable[Reply]]


def dialect_of(backend: Backend) -> str:
    """The one that the provider speaks itself."""
    return backend.provider if backend.provider in OWN_SDKS else "openai"


def directly(stage: Stage, backend: Backend) -> Ask:
    module = OWN_SDKS.get(backend.provider, openai)
    if backend.provider == "azure":
        sdk: Any = openai.azure_client(stage.root(backend.upstream))
    elif module is openai:
        sdk = openai.client(address(stage, backend))
    else:
        sdk = module.client(stage.root(backend.upstream))
    return lambda question, stream: module.ask(sdk, question, stream=stream)


def address(stage: Stage, backend: Backend) -> str:
    """What OpenAI's SDK is given."""
    if backend.provider == "azure-v1":
        return f"{stage.root(backend.upstream)}/openai/v1"
    if backend.upstream == "simulator":
        return simulator_address(stage.simulator, backend.provider)
    return f"{aimock_address(stage.aimock, backend.provider).removesuffix('/v1')}/v1"


async def through_turnout(stage: Stage, backend: Backend, dialect: str, question: Question, stream: bool) -> Reply:
    """A simulated model with a behaviour is asked for as ``PROVIDER/MODEL``."""
    model = backend.model if question.model in ("sim", "m") else f"{backend.provider_name}/{question.model}"
    fields = msgspec.structs.asdict(question) | {"model": model}
    return await Client(dialect, stage.turnout.url).ask(stream=stream, **fields)


def questions(backend: Backend) -> dict[str, Question]:
    if backend.upstream == "simulator":
        return {name: Question(**({"model": "sim"} | fields)) for name, fields in SIMULATED.items()}
    return {name: Question(prompt=case(name).prompt, model="m", **fields) for name, fields in MOCKED.items()}


EVERY_QUESTION = [(backend, name) for backend in REMOTE for name in questions(backend)]


@pytest.mark.parametrize(("backend", "name"), EVERY_QUESTION)
async def test_on_the_same_wire_nothing_changes(stage: Stage, backend: Backend, name: str, stream: bool) -> None:
    """Text, thinking, calls, finish and usage; with aimock, whose ids don't change, the calls' ids too."""
    question = questions(backend)[name]
    direct = await directly(stage, backend)(question, stream)
    turned = await through_turnout(stage, backend, dialect_of(backend), question, stream)
    assert turned == direct
    if backend.upstream == "aimock":
        assert [(call.id, call.text) for call in turned.calls] == [(call.id, call.text) for call in direct.calls]


@pytest.mark.parametrize(("backend", "name"), EVERY_QUESTION)
async def test_on_another_wire_the_same_is_said(stage: Stage, backend: Backend, name: str, stream: bool) -> None:
    question = questions(backend)[name]
    direct = await directly(stage, backend)(question, stream)
    for dialect in sorted({*EVERY_DIALECT} - {dialect_of(backend)}):
        turned = await through_turnout(stage, backend, dialect, question, stream)
        assert (turned.text, turned.thinking, turned.calls) == (direct.text, direct.thinking, direct.calls)
        assert turned.finish == ("tool_calls" if direct.calls else direct.finish)
        if name not in ("cached", "thinking") and backend in COUNTING:
            counted = (turned.input_tokens, turned.output_tokens)
            assert counted == (direct.input_tokens, direct.output_tokens)


async def test_fields_that_nobody_knows_yet_reach_the_provider(stage: Stage) -> None:
    """On the same wire only the model's name is another one. The provider's own defaults are for service APIs."""
    request = Client("openai", stage.turnout.url).body("journal", case("text").prompt)
    new = {"from_the_future": {"levels": [1, {"deep": None}], "said": "Zoë"}, "logit_bias": {"50256": -100}}
    assert (await stage.post("/v1/chat/completions", request | new)).status == 200
    sent = stage.aimock.requests(JOURNAL)[-1]["body"]
    assert {name: sent[name] for name in (*request, *new)} == request | new | {"model": "gpt-4o-mini"}
    assert "temperature" not in sent


async def test_fields_that_nobody_knows_yet_reach_the_client(stage: Stage, stream: bool) -> None:
    request = Client("openai", stage.turnout.url).body("simulator-openai", "Hello.") | {"stream": stream}
    reply = await stage.post("/v1/chat/completions", request)
    for told in reply.events if stream else [reply.json]:
        assert (told["service_tier"], told["system_fingerprint"]) == ("default", "fp_simulator")
