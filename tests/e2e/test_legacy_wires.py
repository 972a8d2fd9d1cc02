"""Clients from before OpenAI's wire, of llama.cpp's and vLLM's servers, to every provider."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.backends import EVERY, SIMULATOR, WIRES, Backend
from tests.e2e.stage import Stage, faulty
from tests.support.aimock import case

TURNS = "\n\nHuman: Hi.\n\nAssistant: Hello.\n\nHuman: And now?\n\nAssistant:"


def events(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(event.removeprefix(b"data: ")) for event in body.split(b"\n\n") if event]


@pytest.mark.parametrize("backend", [backend for backend in EVERY if backend.model != "aimock-llamacpp"])
@pytest.mark.parametrize("path", ["/completion", "/completions"])
async def test_llamacpps_clients(stage: Stage, backend: Backend, path: str, stream: bool) -> None:
    """Without aimock's llama.cpp, which has no such path: it would be relayed there."""
    request = {"model": backend.model, "prompt": case("text").prompt, "stream": stream, "cache_prompt": True}
    reply = await stage.post(path, request)
    replies = events(reply.body) if stream else [reply.json]
    assert "".join(piece["content"] for piece in replies) == backend.says("text")
    assert [piece["stop"] for piece in replies] == [False] * (len(replies) - 1) + [True]
    assert replies[-1]["stop_type"] == "eos"
    if backend.counts_tokens:
        assert (replies[-1]["tokens_evaluated"], replies[-1]["tokens_predicted"]) == backend.usage("text")


@pytest.mark.parametrize("backend", EVERY)
async def test_vllms_clients(stage: Stage, backend: Backend, stream: bool) -> None:
    prompt = case("text").prompt
    reply = await stage.post("/generate", {"model": backend.model, "prompt": prompt, "stream": stream})
    lines = [json.loads(line)["text"] for line in reply.body.splitlines()]
    assert lines[-1] == [prompt + backend.says("text")]
    assert all(later[0].startswith(earlier[0]) for earlier, later in pairwise(lines))


@pytest.mark.parametrize("backend", [b for b in SIMULATOR if b.provider != "llamacpp"])
@pytest.mark.parametrize("path", ["/completion", "/generate"])
async def test_human_and_assistant_are_turns(stage: Stage, backend: Backend, path: str) -> None:
    reply = (await stage.post(path, {"model": backend.model, "prompt": TURNS})).json
    answer = reply["content"] if path == "/completion" else reply["text"][0].removeprefix(TURNS)
    assert answer == "You said: And now?"


async def test_llamacpp_gets_its_own_words_and_gives_its_own(stage: Stage, stream: bool) -> None:
    """Relayed: turns and all, and the reply has what only llama.cpp says."""
    reply = await stage.post("/completion", {"model": "simulator-llamacpp", "prompt": "a b", "stream": stream})
    last = events(reply.body)[-1] if stream else reply.json
    assert last["generation_settings"] == {"n_predict": -1}  # its own default
    assert last["prompt"] == "a b"


async def test_limits_and_stops(stage: Stage) -> None:
    reply = (await stage.post("/completion", {"model": "simulator-gemini", "prompt": "a b c", "n_predict": 3})).json
    assert (reply["content"].strip(), reply["stop_type"]) == ("You said: a", "limit")
    request = {"model": "simulator-anthropic", "prompt": "a b c", "max_tokens": 99, "stop": ["c"]}
    assert (await stage.post("/generate", request)).json == {"text": ["a b cYou said: a b "]}


@pytest.mark.parametrize("path", ["/completion", "/generate"])
async def test_hints_that_another_wire_does_not_have_are_left_out_and_named(stage: Stage, path: str) -> None:
    reply = await stage.post(path, {"model": "simulator-openai", "prompt": "a", "repetition_penalty": 1.5})
    assert reply.status == 200
    assert reply.headers["x-turnout-dropped"] == "repetition_penalty"


@pytest.mark.parametrize("path", ["/completion", "/generate"])
async def test_a_form_that_another_wire_does_not_have_is_refused_by_name(stage: Stage, path: str) -> None:
    reply = await stage.post(path, {"model": "simulator-openai", "prompt": "a", "grammar": "root ::= [0-9]"})
    assert reply.status == 400
    assert b"'grammar'" in reply.body


@pytest.mark.parametrize("provider", [*WIRES, "llamacpp"])
@pytest.mark.parametrize("path", ["/completion", "/generate"])
@pytest.mark.parametrize("fault", ["cut-stream-after-2", "end-after-2", "error-after-2"])
async def test_a_cut_stream_ends_in_an_error(stage: Stage, provider: str, path: str, fault: str) -> None:
    body = {"model": faulty(provider, fault), "prompt": "one two three", "stream": True}
    reply = await stage.post(path, body)
    replies = events(reply.body) if path == "/completion" else [json.loads(line) for line in reply.body.splitlines()]
    assert "message" in replies[-1].get("error", replies[-1])
    assert not any(piece.get("stop") for piece in replies)
    assert len(replies) > 1


@pytest.mark.parametrize("path", ["/completion", "/generate"])
async def test_an_error_has_its_status(stage: Stage, path: str) -> None:
    reply = await stage.post(path, {"model": faulty("openai", "status-429"), "prompt": "a"})
    assert reply.status == 429
    assert b"429" in reply.body
    assert (await stage.post(path, {"model": "nobody", "prompt": "a"})).status == 404
    assert (await stage.post(path, {"model": "echo", "prompt": "a"}, "wrong")).status == 401


@pytest.mark.parametrize("path", ["/completion", "/generate"])
async def test_the_first_model_answers_a_request_without_a_model(stage: Stage, path: str) -> None:
    """Their servers had one model, so their clients name none."""
    reply = await stage.post(path, {"prompt": case("text").prompt})
    answer = reply.json["content"] if path == "/completion" else reply.json["text"][0]
    first = next(backend for backend in EVERY if backend.model == reply.headers["x-turnout-model"])
    assert answer.endswith(first.says("text"))
