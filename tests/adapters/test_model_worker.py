"""``infer(prompt)`` → tokens, as a provider."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw, structs

from tests.adapters.support import DEPLOYMENT, answered, asking, text_of
from turnout.adapters import ModelWorker, ModelWorkerProvider
from turnout.core import Image, Message, Output, Reasoning, Sampling, Text, Tool
from turnout.core.prompts import messages_of
from turnout.errors import Unsupported, UpstreamBroken
from turnout.fitting import fit


class Saying(ModelWorker):
    def __init__(self, tokens: Any) -> None:
        self.tokens = tokens
        self.prompt = ""

    def infer(self, prompt: str) -> Any:
        self.prompt = prompt
        return self.tokens


class Later(Saying):
    async def infer(self, prompt: str) -> Any:
        return super().infer(prompt)


@pytest.mark.parametrize("kind", [Saying, Later])
@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["Hello,", "world"], "Hello, world"),
        (["Hello", ", ", "world"], "Hello , world"),
        (["Hello", " world", "!\n", "Bye"], "Hello world !\nBye"),
        (["", "a"], " a"),
        ("Hello, world", "Hello, world"),
    ],
    ids=repr,
)
async def test_tokens_are_words(kind: type[Saying], tokens: Any, text: str) -> None:
    assert text_of(await answered(ModelWorkerProvider("mine", kind(tokens)))) == text


async def test_a_lone_message_is_the_prompt() -> None:
    worker = Saying("x")
    await answered(ModelWorkerProvider("mine", worker), asking("What is up?"))
    assert worker.prompt == "What is up?"


async def test_a_conversation_is_written_in_turns() -> None:
    worker = Saying("x")
    request = asking("Hi", "Hello", "Bye")
    system = Message("system", (Text("Be brief."),))
    await answered(ModelWorkerProvider("mine", worker), structs.replace(request, messages=(system, *request.messages)))
    assert worker.prompt == "Be brief.\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: Bye\n\nAssistant:"
    assert messages_of(worker.prompt) == (system, *request.messages)


@pytest.mark.parametrize("tokens", [[3], ["a", None], 3, None], ids=repr)
async def test_tokens_that_are_no_words_are_told(tokens: Any) -> None:
    with pytest.raises(UpstreamBroken, match=r"method returned a (int|NoneType)"):
        await answered(ModelWorkerProvider("mine", Saying(tokens)))


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        ({"tools": (Tool("f", "d", Raw(b"{}")),)}, "tools"),
        ({"output": Output("json")}, "JSON output"),
        ({"output": Output("json_schema", Raw(b"{}"))}, "output by a JSON schema"),
        ({"stop": ("x",)}, "stop sequences"),
        ({"n": 2}, "several choices"),
        ({"messages": (Message("user", (Image(url="https://x/y.png"),)),)}, "images by URL"),
        ({"messages": (Message("user", (Image(data="R0lG"),)),)}, "images as base64"),
    ],
)
async def test_what_a_prompt_cannot_say_is_refused(fields: dict[str, Any], feature: str) -> None:
    with pytest.raises(Unsupported, match=f"'mine' does not support {feature}"):
        await answered(ModelWorkerProvider("mine", Saying("x")), structs.replace(asking(), **fields))


async def test_sampling_thinking_and_names_change_nothing_and_are_told_as_dropped() -> None:
    named = Message("user", (Text("Hi"),), "bob")
    sampling = Sampling(temperature=0.5, seed=1, top_k=3)
    request = asking(sampling=sampling, reasoning=Reasoning(effort="low"), user="eve", metadata={"a": "b"})
    request = structs.replace(request, messages=(named,))
    provider = ModelWorkerProvider("mine", Saying("x"))
    assert text_of(await answered(provider, request)) == "x"
    dropped = {"temperature", "seed", "top_k", "reasoning_effort", "user", "metadata", "messages[0].name"}
    fitted = fit(request, provider.name, provider.support, DEPLOYMENT)
    assert {change.field for change in fitted.changes if not change.kept} == dropped
