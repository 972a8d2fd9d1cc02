"""A continued answer is the whole answer, byte for byte, wherever it broke off. The product asks and reads."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.simulator.raw import Reply, ask
from tests.support.fitting import wire_request
from turnout.core import ChatRequest, Deployment, Message, Prefill, Secret, Text, Traits, continued, fold
from turnout.providers import registry
from turnout.simulator import Simulator

WORDS = "Tell me, Zoë, of the  long train"
WHOLE = f"You said: {WORDS}"
ASKED = ChatRequest(model="m", messages=(Message("user", (Text(WORDS),)),))
CUTS = ["Y", "You sa", "You said:", "You said: Tell me, Zo", "You said: Tell me, Zoë, of the ", WHOLE[:-1], WHOLE]

PLACES: dict[str, tuple[str, str, str, Prefill]] = {
    "anthropic": ("anthropic", "", "claude-haiku-4-5", "message"),
    "gemini": ("gemini", "", "gemini-2.5-flash", "message"),
    "ollama": ("ollama", "", "llama3.2", "message"),
    "llamacpp": ("llamacpp", "/llamacpp/v1", "m", "continue_final_message"),
    "vllm": ("vllm", "/vllm/v1", "m", "continue_final_message"),
    "sglang": ("compatible", "/compatible/v1", "m", "continue_final_message"),
    "deepseek": ("compatible", "/compatible/v1", "m", "prefix"),
    "moonshot": ("compatible", "/compatible/v1", "m", "partial"),
}


async def sent(simulated: Simulator, name: str, request: ChatRequest) -> Reply:
    provider, path, model, prefill = PLACES[name]
    known: Any = registry()[provider]
    place = Deployment(
        id="d",
        provider=provider,
        model=model,
        base_url=simulated.url + path,
        api_key=Secret("k"),
        traits=Traits(continues=prefill),
    )
    wire = wire_request(known, request, place)
    assert isinstance(wire.body, bytes)
    return await ask(wire.url, wire.body, wire.headers)


async def answer(simulated: Simulator, name: str, request: ChatRequest) -> str:
    reply = await sent(simulated, name, request)
    assert reply.status == 200, reply.body
    known: Any = registry()[PLACES[name][0]]
    decoder = known.decoder(request)
    parts = fold([*decoder.feed(reply.body), *decoder.close()]).choices[0].parts
    return "".join([part.text for part in parts if isinstance(part, Text)])


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])
@pytest.mark.parametrize("name", PLACES)
async def test_the_rest_of_an_answer(simulated: Simulator, name: str, stream: bool) -> None:
    asked = replace(ASKED, stream=stream)
    assert await answer(simulated, name, asked) == WHOLE
    for cut in CUTS:
        words = cut.rstrip()  # a blank at the end is cut, as the engine does it
        assert words + await answer(simulated, name, continued(asked, words)) == WHOLE


async def test_llamacpp_repeats_the_words_of_who_does_not_tell_it_to_continue(simulated: Simulator) -> None:
    own = replace(ASKED, stream=True, messages=continued(ASKED, "You sa").messages)
    assert await answer(simulated, "llamacpp", own) == WHOLE


@pytest.mark.parametrize("name", ["vllm", "sglang", "deepseek"])
async def test_without_its_mark_a_new_answer_begins(simulated: Simulator, name: str) -> None:
    own = replace(ASKED, messages=continued(ASKED, "You sa").messages)
    assert await answer(simulated, name, own) == WHOLE


async def test_openai_begins_a_new_answer(simulated: Simulator) -> None:
    messages = [{"role": "user", "content": WORDS}, {"role": "assistant", "content": "You sa"}]
    reply = await ask(f"{simulated.url}/v1/chat/completions", {"model": "gpt-4o", "messages": messages})
    assert reply.json["choices"][0]["message"]["content"] == WHOLE


async def test_other_words_are_followed_by_the_whole_text_without_thinking_or_calls(simulated: Simulator) -> None:
    request = continued(replace(ASKED, messages=(Message("user", (Text("use a tool"),)),)), "Well,")
    assert await answer(simulated, "ollama", request) == " You said: use a tool"


async def test_a_limit_counts_the_rest(simulated: Simulator) -> None:
    request = replace(continued(ASKED, "You sa"), max_output=2)
    assert await answer(simulated, "vllm", request) == "id: Tell"
