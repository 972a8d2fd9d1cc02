"""Echo repeats the last user message, within the request's limits."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from msgspec import Raw

from turnout.core import (
    Audio,
    ChatRequest,
    Delta,
    Deployment,
    File,
    Finish,
    Image,
    Message,
    Output,
    Reasoning,
    Sampling,
    Start,
    StreamEvent,
    Text,
    Tool,
    Usage,
    fold,
)
from turnout.errors import Unsupported
from turnout.fitting import fit
from turnout.providers import LocalProvider, registry
from turnout.providers.echo import PROVIDERS

(ECHO,) = PROVIDERS
AT_ONCE = Deployment(id="d", provider="echo", model="echo", options={"delay_ms": Raw(b"0")})
PROMPT = (Message("user", (Text("one two  three\nfour"),)),)


async def events(
    deployment: Deployment = AT_ONCE, messages: tuple[Message, ...] = PROMPT, **fields: Any
) -> list[StreamEvent]:
    request = ChatRequest(model="echo", messages=messages, **fields)
    return [event async for piece in ECHO.run(request, deployment) for event in piece]


async def answer_to(messages: tuple[Message, ...] = PROMPT, **fields: Any) -> tuple[str, Finish | None, Usage | None]:
    folded = fold(await events(messages=messages, **fields))
    (choice,) = folded.choices
    (part,) = choice.parts
    assert isinstance(part, Text)
    return part.text, choice.finish, folded.usage


def test_it_is_found_by_its_name() -> None:
    assert registry()["echo"] is ECHO
    assert isinstance(ECHO, LocalProvider)


async def test_every_word_is_a_token() -> None:
    assert await answer_to() == ("one two three four", Finish("stop", "stop"), Usage(input=4, output=4))
    first, *rest = await events()
    assert first == Start("", "echo")
    assert [event.text for event in rest if isinstance(event, Delta)] == ["one", " two", " three", " four"]


async def test_the_last_user_message_is_said_and_all_are_counted() -> None:
    messages = (
        Message("system", (Text("be brief"),)),
        Message("user", (Text("first"),)),
        Message("assistant", (Text("first"),)),
        Message("user", (Text("second"), Text("part"))),
        Message("assistant", (Text("prefilled"),)),
    )
    assert await answer_to(messages) == ("second part", Finish("stop", "stop"), Usage(input=7, output=2))


async def test_without_a_user_the_last_message_is_said() -> None:
    assert (await answer_to((Message("system", (Text("a b"),)),)))[0] == "a b"


async def test_the_limit_cuts_it() -> None:
    assert await answer_to(max_output=2) == ("one two", Finish("length", "length"), Usage(input=4, output=2))
    assert (await answer_to(max_output=4))[1] == Finish("stop", "stop")


@pytest.mark.parametrize(
    ("stop", "text", "hit"),
    [
        pytest.param(("two",), "one", "two", id="one"),
        pytest.param(("four", "thr", "x"), "one two", "thr", id="the-first-of-several"),
        pytest.param(("one",), "", "one", id="at-the-beginning"),
        pytest.param(("x", ""), "one two three four", None, id="none"),
    ],
)
async def test_a_stop_sequence_ends_it(stop: tuple[str, ...], text: str, hit: str | None) -> None:
    assert (await answer_to(stop=stop))[:2] == (text, Finish("stop", "stop", stop_sequence=hit))


async def test_words_may_be_anything() -> None:
    assert (await answer_to((Message("user", (Text("ü\u0000 👋🏽"),)),)))[0] == "ü\u0000 👋🏽"
    assert (await answer_to((Message("user", (Text(""),)),))) == ("", Finish("stop", "stop"), Usage(input=0, output=0))


async def test_sampling_and_thinking_are_left_out_and_named() -> None:
    sampling = Sampling(temperature=1.0, seed=5, top_k=3, logprobs=True)
    wishes: dict[str, Any] = {"sampling": sampling, "reasoning": Reasoning(effort="low"), "user": "u"}
    fitted = fit(ChatRequest(model="echo", messages=PROMPT, **wishes), ECHO.name, ECHO.support, AT_ONCE)
    left_out = {change.field for change in fitted.changes}
    assert left_out == {"temperature", "seed", "top_k", "logprobs", "reasoning_effort", "user"}
    assert (await answer_to(**wishes))[0] == "one two three four"


def test_what_it_ignores_is_told_as_dropped() -> None:
    named = (Message("user", (Text("Hi"),), "bob"),)
    sampling = Sampling(temperature=1.0, seed=5)
    request = ChatRequest(model="echo", messages=named, sampling=sampling, user="eve", metadata={"a": "b"})
    dropped = {"temperature", "seed", "user", "metadata", "messages[0].name"}
    fitted = fit(request, "echo", ECHO.support, Deployment(id="d", provider="echo", model="echo"))
    assert {change.field for change in fitted.changes if not change.kept} == dropped


async def test_it_takes_ten_milliseconds_or_what_is_set() -> None:
    began = time.perf_counter()
    await events(Deployment(id="d", provider="echo", model="echo"))
    assert 0.009 < time.perf_counter() - began < 1
    began = time.perf_counter()
    await events(Deployment(id="d", provider="echo", model="echo", options={"delay_ms": Raw(b"40.5")}))
    assert 0.04 < time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        pytest.param({"tools": (Tool("f"),)}, "tools", id="tools"),
        pytest.param({"n": 2}, "n", id="choices"),
        pytest.param({"messages": (Message("user", (Image(url="https://x"),)),)}, "messages[0]", id="image"),
        pytest.param({"messages": (Message("user", (Image(data="aGk="),)),)}, "messages[0]", id="image-data"),
        pytest.param({"messages": (Message("user", (Audio("aGk=", "wav"),)),)}, "messages[0]", id="audio"),
        pytest.param({"messages": (Message("user", (File(data="aGk="),)),)}, "messages[0]", id="file"),
        pytest.param({"output": Output("json")}, "response_format", id="json"),
        pytest.param({"output": Output("json_schema", Raw(b"{}"))}, "response_format", id="schema"),
    ],
)
def test_what_it_can_not_say_is_refused_before_it_begins(fields: dict[str, Any], param: str) -> None:
    defaults: dict[str, Any] = {"model": "echo", "messages": PROMPT}
    request = ChatRequest(**defaults | fields)
    with pytest.raises(Unsupported) as caught:
        fit(request, ECHO.name, ECHO.support, AT_ONCE)
    assert caught.value.param == param


@pytest.mark.parametrize("end", ["", " "])
async def test_a_long_text_is_said_whole_in_few_pieces(end: str) -> None:
    text = " ".join(f"word{number}" for number in range(20_000)) + " " + "x" * 100_000 + " last"
    messages = (Message("user", (Text(text + end), Text("part"))),)
    answer, finish, usage = await answer_to(messages)
    assert answer == f"{text} part"
    assert (finish, usage) == (Finish("stop", "stop"), Usage(input=20_003, output=20_003))
    assert len(await events(messages=messages)) < 5000


@pytest.mark.parametrize(
    ("fields", "words", "finish"),
    [
        pytest.param({"max_output": 9000}, 9000, Finish("length", "length"), id="a-limit"),
        pytest.param({"stop": ("x", "w8000 w8")}, 8000, Finish("stop", "stop", stop_sequence="w8000 w8"), id="a-stop"),
    ],
)
async def test_a_long_text_is_cut_where_a_short_one_is(fields: dict[str, Any], words: int, finish: Finish) -> None:
    messages = (Message("user", (Text("  ".join(f"w{number}" for number in range(20_000))),)),)
    answer, end, usage = await answer_to(messages, **fields)
    assert answer.strip() == " ".join(f"w{number}" for number in range(words))
    assert (end, usage) == (finish, Usage(input=20_000, output=words))


async def test_others_go_on_while_a_long_text_is_said() -> None:
    others = 0

    async def go_on() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(go_on())
    await answer_to((Message("user", (Text("word " * 200_000),)),))
    task.cancel()
    assert others > 20
