"""Completions, the API before chat, through the official SDK: relayed where it is spoken, translated elsewhere."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI

from tests.e2e.backends import PROVIDERS
from tests.e2e.stage import INPUT_PRICE, OUTPUT_PRICE, TEAM_KEY, Stage, faulty

RELAYED = ("vllm", "llamacpp", "compatible")
EVERY = tuple(provider for provider in PROVIDERS if provider != "azure-v1")
TRANSLATED = tuple(provider for provider in EVERY if provider not in RELAYED)
PROMPT = "Once upon a time"
SAID = f"You said: {PROMPT}"
MILLIONTH = 1_000_000  # picodollars a token for each USD per 1M tokens

every = pytest.mark.parametrize("provider", EVERY)


@pytest.fixture
def sdk(stage: Stage) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{stage.turnout.url}/v1", api_key=TEAM_KEY, max_retries=0)


@every
async def test_a_prompt_is_completed(sdk: AsyncOpenAI, provider: str) -> None:
    reply = await sdk.completions.create(model=faulty(provider, ""), prompt=PROMPT, max_tokens=50)
    assert [(choice.text, choice.finish_reason) for choice in reply.choices] == [(SAID, "stop")]
    assert reply.object == "text_completion"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (4, 6)


@every
async def test_a_completion_is_streamed(sdk: AsyncOpenAI, provider: str) -> None:
    stream = await sdk.completions.create(
        model=faulty(provider, ""),
        prompt=[PROMPT],
        max_tokens=50,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == SAID
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["stop"]
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (4, 6)
    assert {chunk.object for chunk in chunks} == {"text_completion"}


@every
async def test_the_end_by_length_and_by_a_stop_word(sdk: AsyncOpenAI, provider: str) -> None:
    short = await sdk.completions.create(model=faulty(provider, ""), prompt=PROMPT, max_tokens=3)
    assert (short.choices[0].text.strip(), short.choices[0].finish_reason) == ("You said: Once", "length")
    stopped = await sdk.completions.create(model=faulty(provider, ""), prompt=PROMPT, max_tokens=50, stop=" upon")
    assert (stopped.choices[0].text, stopped.choices[0].finish_reason) == ("You said: Once", "stop")


@pytest.mark.parametrize("provider", TRANSLATED)
async def test_turns_in_a_prompt_are_a_conversation(stage: Stage, sdk: AsyncOpenAI, provider: str) -> None:
    prompt = "Be brief.\n\nHuman: One?\n\nAssistant: Two.\n\nHuman: Three four?\n\nAssistant:"
    reply = await sdk.completions.create(model=faulty(provider, ""), prompt=prompt, max_tokens=50)
    assert reply.choices[0].text == "You said: Three four?"


@pytest.mark.parametrize("provider", ["openai", *RELAYED])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_several_choices(sdk: AsyncOpenAI, provider: str, stream: bool) -> None:
    asked: dict[str, Any] = {"model": faulty(provider, ""), "prompt": PROMPT, "max_tokens": 50, "n": 2}
    if stream:
        choices = [c async for chunk in await sdk.completions.create(**asked, stream=True) for c in chunk.choices]
    else:
        choices = (await sdk.completions.create(**asked)).choices
    for index in (0, 1):
        assert "".join(choice.text for choice in choices if choice.index == index) == SAID


@pytest.mark.parametrize("provider", ["openai", "vllm"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_log_probabilities_in_this_apis_form(sdk: AsyncOpenAI, provider: str, stream: bool) -> None:
    asked: dict[str, Any] = {"model": faulty(provider, ""), "prompt": PROMPT, "max_tokens": 50, "logprobs": 2}
    if stream:
        choices = [c async for chunk in await sdk.completions.create(**asked, stream=True) for c in chunk.choices]
    else:
        choices = (await sdk.completions.create(**asked)).choices
    told = [choice.logprobs for choice in choices if choice.logprobs]
    assert "".join(token for logprobs in told for token in logprobs.tokens or ()) == SAID
    assert all(number <= 0 for logprobs in told for number in logprobs.token_logprobs or ())
    assert {len(top) for logprobs in told for top in logprobs.top_logprobs or ()} == {2}
    if provider == "openai":  # the simulator's vendors begin anew in every chunk
        assert [at for logprobs in told for at in logprobs.text_offset or ()] == [0, 3, 9, 14, 19, 21]


@pytest.mark.parametrize("provider", RELAYED)
async def test_features_that_only_this_api_has_are_relayed(sdk: AsyncOpenAI, provider: str) -> None:
    model = faulty(provider, "")
    many = await sdk.completions.create(model=model, prompt=["one", "two"], max_tokens=50)
    assert len(many.choices) == 2
    echoed = await sdk.completions.create(model=model, prompt=PROMPT, echo=True, max_tokens=50)
    assert echoed.choices[0].text == PROMPT + SAID
    tokens = await sdk.completions.create(model=model, prompt=[1, 2, 3], max_tokens=50)
    assert tokens.choices[0].text == "You said: 1 2 3"


ONLY_HERE: dict[str, dict[str, Any]] = {
    "prompt": {"prompt": ["one", "two"]},
    "suffix": {"suffix": "the end"},
    "echo": {"echo": True},
}


@pytest.mark.parametrize("provider", TRANSLATED)
@pytest.mark.parametrize(("param", "fields"), ONLY_HERE.items(), ids=ONLY_HERE)
async def test_fields_that_no_chat_has_are_refused_by_name(
    sdk: AsyncOpenAI, provider: str, param: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError, match=f"'{param}'") as caught:
        await sdk.completions.create(**{"model": faulty(provider, ""), "prompt": PROMPT} | fields)
    assert (caught.value.code, caught.value.param) == ("unsupported", param)


@pytest.mark.parametrize("provider", TRANSLATED)
async def test_how_many_answers_one_is_chosen_from_is_a_hint(sdk: AsyncOpenAI, provider: str) -> None:
    create = sdk.completions.with_raw_response.create
    reply = await create(model=faulty(provider, ""), prompt=PROMPT, best_of=3)
    assert reply.headers["x-turnout-dropped"] == "best_of"


@pytest.mark.parametrize("provider", ["vllm", "anthropic"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_the_ledger_has_tokens_and_cost(stage: Stage, sdk: AsyncOpenAI, provider: str, stream: bool) -> None:
    create = sdk.completions.with_raw_response.create
    reply = await create(model=faulty(provider, ""), prompt=PROMPT, max_tokens=50, stream=stream)
    if stream:
        chunks = [chunk async for chunk in reply.parse()]  # type: ignore[union-attr]  # of a stream, it is one
        assert not any(chunk.usage for chunk in chunks), "nobody asked for it"
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    usage = attempt["usage"]
    assert (attempt["operation"], attempt["outcome"], attempt["stream"]) == ("chat", "ok", stream)
    assert (usage["input"], usage["output"], usage["source"]) == (4, 6, "reported")
    assert attempt["cost"] == (4 * INPUT_PRICE + 6 * OUTPUT_PRICE) * MILLIONTH
    assert attempt["first_token"] is not None


@pytest.mark.parametrize("provider", ["vllm", "gemini"])
async def test_a_stream_that_breaks_off_is_told(stage: Stage, sdk: AsyncOpenAI, provider: str) -> None:
    create = sdk.completions.with_raw_response.create
    reply = await create(model=faulty(provider, "cut-stream-after-2"), prompt=PROMPT, max_tokens=50, stream=True)
    with pytest.raises(openai.APIError, match="broke off"):
        assert [chunk async for chunk in reply.parse()]
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    assert attempt["outcome"] == "cut"


async def test_azures_clients_are_served(stage: Stage) -> None:
    azure = AsyncAzureOpenAI(azure_endpoint=stage.turnout.url, api_key=TEAM_KEY, api_version="2024-10-21")
    reply = await azure.completions.create(model=faulty("ollama", ""), prompt=PROMPT)
    assert reply.choices[0].text == SAID
