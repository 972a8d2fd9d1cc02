"""Ollama's own SDK, pointed at Turnout: everything it can ask, of every provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import ollama
import pytest

from tests.e2e.backends import AIMOCK, COUNTING, EVERY, KEY_VARIABLES, SIMULATOR, WIRES, Backend
from tests.e2e.stage import NARROW_KEY, TEAM_KEY, Stage, faulty
from tests.support.aimock import case
from tests.support.sdks import PNG

every = pytest.mark.parametrize("backend", EVERY)
simulated = pytest.mark.parametrize("backend", SIMULATOR)
CITY = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TRAINS = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in ("find_train", "find_bus")]


def sdk(stage: Stage, key: str = TEAM_KEY) -> ollama.AsyncClient:
    return ollama.AsyncClient(stage.turnout.url, headers={"authorization": f"Bearer {key}"})


def user(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text, **more}]


async def chat(stage: Stage, model: str, messages: Any, *, stream: bool, **more: Any) -> list[ollama.ChatResponse]:
    """The reply's pieces: one, unless it is streamed."""
    if not stream:
        return [await sdk(stage).chat(model, messages, **more)]
    pieces: AsyncIterator[ollama.ChatResponse] = await sdk(stage).chat(model, messages, stream=True, **more)
    return [piece async for piece in pieces]


def text(pieces: list[ollama.ChatResponse]) -> str:
    return "".join(piece.message.content or "" for piece in pieces)


def calls(pieces: list[ollama.ChatResponse]) -> list[Any]:
    return [call for piece in pieces for call in piece.message.tool_calls or ()]


# --- chat --------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("case_name", ["text", "unicode"])
async def test_a_chat_arrives_whole_and_only_its_last_line_is_done(
    stage: Stage, backend: Backend, case_name: str, stream: bool
) -> None:
    pieces = await chat(stage, backend.model, user(case(case_name).prompt), stream=stream)
    assert text(pieces) == backend.says(case_name)
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert (pieces[-1].done_reason, pieces[-1].message.role) == ("stop", "assistant")


@pytest.mark.parametrize("backend", COUNTING)
async def test_the_last_line_counts_tokens_and_time(stage: Stage, backend: Backend, stream: bool) -> None:
    last = (await chat(stage, backend.model, user(case("usage").prompt), stream=stream))[-1]
    assert (last.prompt_eval_count, last.eval_count) == backend.usage("usage")
    assert last.total_duration is not None
    assert 0 < last.total_duration < 60e9


@simulated
async def test_options_reach_the_provider(stage: Stage, backend: Backend, stream: bool) -> None:
    """The limit and the stop sequences do something; the rest are taken by all but Ollama's own."""
    options = {"num_predict": 3, "num_ctx": 4096, "temperature": 0.5, "seed": -1}
    pieces = await chat(stage, backend.model, user("one two three"), stream=stream, options=options, keep_alive="5m")
    assert (text(pieces).strip(), pieces[-1].done_reason) == ("You said: one", "length")
    pieces = await chat(stage, backend.model, user("one two"), stream=stream, options={"stop": ["two"]})
    assert (text(pieces), pieces[-1].done_reason) == ("You said: one ", "stop")


@simulated
async def test_a_picture_arrives(stage: Stage, backend: Backend, stream: bool) -> None:
    pieces = await chat(stage, backend.model, user("Look.", images=[PNG]), stream=stream)
    assert text(pieces) == f"You said: Look. I saw 1 image: {len(PNG)} bytes."


@simulated
async def test_parallel_calls_and_their_results(stage: Stage, backend: Backend, stream: bool) -> None:
    """The SDK drops the calls' ids: they are found again by the tools' names."""
    messages = user("Please use all tools.")
    pieces = await chat(stage, backend.model, messages, stream=stream, tools=TRAINS)
    called = [(call.function.name, call.function.arguments) for call in calls(pieces)]
    assert called == [("find_train", {"city": "city 1", "days": 1}), ("find_bus", {"city": "city 2", "days": 2})]
    assert pieces[-1].done_reason == "stop"
    answered = [
        *messages,
        ollama.Message(role="assistant", tool_calls=calls(pieces)),
        {"role": "tool", "tool_name": "find_bus", "content": "at one"},
        {"role": "tool", "tool_name": "find_train", "content": "at noon"},
    ]
    assert text(await chat(stage, backend.model, answered, stream=stream, tools=TRAINS)) in (
        "The tools said: at one; at noon",
        "The tools said: at noon; at one",
    )


async def test_ignored_fields_are_named(stage: Stage) -> None:
    """In the header, by the field's path; Ollama itself ignores none of it."""
    request = {"messages": user("Hi."), "options": {"num_ctx": 5, "seed": 1}, "keep_alive": 5, "stream": False}
    there = await stage.post("/api/chat", {"model": "simulator-anthropic", **request | {"options": {"num_ctx": 5}}})
    assert set(there.headers["x-turnout-dropped"].split(", ")) == {"keep_alive", "options.num_ctx"}
    assert "x-turnout-dropped" not in (await stage.post("/api/chat", {"model": "simulator-ollama", **request})).headers


async def test_a_calls_id_is_told_to_who_reads_it(stage: Stage) -> None:
    """The SDK doesn't; clients that do get the provider's own and an index."""
    body = {"model": "simulator-openai", "messages": user("Please use all tools."), "tools": TRAINS, "stream": False}
    tool_calls = (await stage.post("/api/chat", body)).json["message"]["tool_calls"]
    assert [call["function"]["index"] for call in tool_calls] == [0, 1]
    assert len({call["id"] for call in tool_calls}) == 2


@pytest.mark.parametrize("backend", AIMOCK)
async def test_json_by_a_schema(stage: Stage, backend: Backend, stream: bool) -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
    pieces = await chat(stage, backend.model, user(case("json").prompt), stream=stream, format=schema)
    assert json.loads(text(pieces)) == {"answer": 42, "unit": None}


@pytest.mark.parametrize("provider", ["anthropic", "gemini", "ollama", "vllm", "llamacpp"])
async def test_thoughts_come_apart_from_the_answer(stage: Stage, provider: str, stream: bool) -> None:
    model = faulty(provider, "thinking")
    pieces = await chat(stage, model, user("Why?"), stream=stream, think=True)
    assert "".join(piece.message.thinking or "" for piece in pieces)
    assert text(pieces) == "You said: Why?"


@pytest.mark.parametrize("backend", [b for b in SIMULATOR if b.provider in ("openai", "vllm", "ollama", "azure")])
async def test_log_probabilities(stage: Stage, backend: Backend, stream: bool) -> None:
    pieces = await chat(stage, backend.model, user("Hi."), stream=stream, logprobs=True, top_logprobs=2)
    logprobs = [one for piece in pieces for one in piece.logprobs or ()]
    assert "".join(one.token for one in logprobs) == "You said: Hi."
    assert all(one.logprob <= 0 and len(one.top_logprobs or ()) == 2 for one in logprobs)


@pytest.mark.parametrize("model", ["simulator-gemini", "simulator-ollama"])
async def test_the_synchronous_sdk(stage: Stage, model: str) -> None:
    def ask() -> tuple[str, str]:
        client = ollama.Client(stage.turnout.url, headers={"authorization": f"Bearer {TEAM_KEY}"})
        whole = client.chat(model, user("Hello."))
        pieces = client.chat(model, user("Hello."), stream=True)
        return whole.message.content or "", "".join(piece.message.content or "" for piece in pieces)

    assert await asyncio.to_thread(ask) == ("You said: Hello.", "You said: Hello.")


# --- generate ----------------------------------------------------------------------------------------


@every
async def test_a_bare_prompt_is_answered(stage: Stage, backend: Backend, stream: bool) -> None:
    prompt = case("text").prompt
    if stream:
        pieces = [piece async for piece in await sdk(stage).generate(backend.model, prompt, stream=True)]
    else:
        pieces = [await sdk(stage).generate(backend.model, prompt)]
    assert "".join(piece.response or "" for piece in pieces) == backend.says("text")
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]


@pytest.mark.parametrize("backend", [b for b in SIMULATOR if b.provider != "ollama"])
async def test_human_and_assistant_are_turns(stage: Stage, backend: Backend) -> None:
    prompt = "\n\nHuman: Hi.\n\nAssistant: Hello.\n\nHuman: And now?\n\nAssistant:"
    reply = await sdk(stage).generate(backend.model, prompt, system="Be brief.")
    assert reply.response == "You said: And now?"
    assert reply.prompt_eval_count == 6  # the words of all turns, and of the system's


@simulated
async def test_a_picture_beside_a_prompt(stage: Stage, backend: Backend) -> None:
    reply = await sdk(stage).generate(backend.model, "Look.", images=[PNG])
    assert reply.response == f"You said: Look. I saw 1 image: {len(PNG)} bytes."


@pytest.mark.parametrize("backend", [b for b in (*SIMULATOR, EVERY[0]) if b.provider != "ollama"])
@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"suffix": "tail"}, "suffix"),
        ({"template": "{{ .Prompt }}"}, "template"),
        ({"raw": True}, "raw"),
        ({"context": [1, 2]}, "context"),
    ],
    ids=["suffix", "template", "raw", "context"],
)
async def test_fields_that_only_ollama_has_are_refused_elsewhere_by_name(
    stage: Stage, backend: Backend, said: dict[str, Any], named: str
) -> None:
    with pytest.raises(ollama.ResponseError, match=f"does not support '{named}'") as refused:
        await sdk(stage).generate(backend.model, "Hi.", **said)
    assert refused.value.status_code == 400


@pytest.mark.parametrize("backend", [b for b in (*SIMULATOR, EVERY[0]) if b.provider != "ollama"])
async def test_an_option_that_only_ollama_has_is_left_out_elsewhere_and_named(stage: Stage, backend: Backend) -> None:
    asked = {"model": backend.model, "prompt": "Hi.", "stream": False, "options": {"mirostat": 2}}
    reply = await stage.post("/api/generate", asked)
    assert reply.status == 200
    assert reply.headers["x-turnout-dropped"] == "options.mirostat"


async def test_fields_that_only_ollama_has_reach_ollama(stage: Stage) -> None:
    options = {"mirostat": 2, "num_ctx": 512}
    reply = await sdk(stage).generate("simulator-ollama", "Hi.", raw=True, template="x", options=options)
    assert reply.response == "You said: Hi."


# --- with and without Turnout in between --------------------------------------------------------------


def told_alike(pieces: list[Any]) -> list[dict[str, Any]]:
    """All that the SDK read, but for the clock."""
    clock = {"created_at", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration"}
    return [piece.model_dump(exclude=clock) for piece in pieces]


@pytest.mark.parametrize("upstream", ["aimock", "simulator"])
@pytest.mark.parametrize(
    ("case_name", "more"),
    [
        ("text", {}),
        ("unicode", {}),
        ("tool", {"tools": TRAINS}),
        ("tools_parallel", {"tools": TRAINS}),
        ("finish_length", {"options": {"num_predict": 2, "num_ctx": 512}}),
        ("usage", {"think": True, "logprobs": True, "top_logprobs": 1, "keep_alive": "5m"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_ollama_says_the_same_through_turnout(
    stage: Stage, upstream: str, case_name: str, more: dict[str, Any], stream: bool
) -> None:
    """Piece by piece: nothing is merged, split, added or lost."""
    direct = ollama.AsyncClient(stage.root(upstream))
    name = {"aimock": "gpt-4o-mini", "simulator": "sim"}[upstream]
    asked: dict[str, Any] = {"messages": user(case(case_name).prompt), **more}
    if stream:
        expected = [piece async for piece in await direct.chat(name, stream=True, **asked)]
    else:
        expected = [await direct.chat(name, **asked)]
    pieces = await chat(stage, f"{upstream}-ollama", asked.pop("messages"), stream=stream, **asked)
    assert told_alike(pieces) == told_alike(expected)


async def test_a_bare_prompt_is_answered_the_same_through_turnout(stage: Stage, stream: bool) -> None:
    expected = await generated(ollama.AsyncClient(stage.simulator.root), "sim", stream=stream)
    pieces = await generated(sdk(stage), "simulator-ollama", stream=stream)
    assert told_alike(pieces) == told_alike(expected)


async def generated(client: ollama.AsyncClient, model: str, *, stream: bool) -> list[ollama.GenerateResponse]:
    if stream:
        return [piece async for piece in await client.generate(model, "Hi there.", "End.", think=True, stream=True)]
    return [await client.generate(model, "Hi there.", "End.", think=True)]


# --- what breaks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize("fault", ["cut-stream-after-2", "end-after-2", "error-after-2"])
@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
async def test_a_cut_stream_ends_in_an_error_and_is_never_done(
    stage: Stage, provider: str, fault: str, path: str
) -> None:
    request = {"messages": user("one two three")} if path == "/api/chat" else {"prompt": "one two three"}
    reply = await stage.post(path, {"model": faulty(provider, fault), **request})
    lines = [json.loads(line) for line in reply.body.splitlines()]
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert not any(line.get("done") for line in lines)
    assert lines[-1]["error"]
    assert all("error" not in line for line in lines[:-1])
    assert any((line.get("message") or {}).get("content") or line.get("response") for line in lines)


async def test_the_sdk_raises_what_broke_off(stage: Stage) -> None:
    pieces = await sdk(stage).chat(faulty("anthropic", "cut-stream-after-2"), user("one two"), stream=True)
    assert [(await anext(pieces)).message.content for _ in range(2)] == ["You", " said:"]
    with pytest.raises(ollama.ResponseError, match=r"broke off|closed|ended"):
        await anext(pieces)


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize("status", [400, 401, 429])
async def test_a_refusal_has_its_status_and_words(stage: Stage, provider: str, status: int, stream: bool) -> None:
    with pytest.raises(ollama.ResponseError, match=str(status)) as refused:
        await chat(stage, faulty(provider, f"status-{status}"), user("Hi."), stream=stream)
    assert refused.value.status_code == status


async def test_an_unknown_model_and_a_wrong_key(stage: Stage) -> None:
    with pytest.raises(ollama.ResponseError, match="'nobody' does not exist") as refused:
        await sdk(stage).chat("nobody", user("Hi."))
    assert refused.value.status_code == 404
    with pytest.raises(ollama.ResponseError) as refused:
        await sdk(stage, "wrong").chat("echo", user("Hi."))
    assert refused.value.status_code == 401


# --- what is served ----------------------------------------------------------------------------------


async def test_models_are_listed_for_the_key_that_asks(stage: Stage) -> None:
    served = {row.model or "" for row in (await sdk(stage).list()).models}
    assert {"echo", *(backend.model for backend in (*SIMULATOR, *AIMOCK))} <= served
    narrow = {row.model for row in (await sdk(stage, NARROW_KEY).list()).models}
    assert narrow == {name for name in served if name == "echo" or name.startswith("aimock-")}


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
@pytest.mark.parametrize(("keep_alive", "word"), [("5m", "load"), (0, "unload")], ids=["load", "unload"])
@pytest.mark.parametrize("provider", [provider for provider in WIRES if provider != "ollama"])
async def test_every_model_can_be_loaded_and_unloaded(
    stage: Stage, provider: str, path: str, keep_alive: str | int, word: str, stream: bool
) -> None:
    """`ollama stop`, and clients that load a model before they need it. Nobody is asked."""
    model = faulty(provider, "id-loaded")
    reply = await stage.post(path, {"model": model, "keep_alive": keep_alive, "stream": stream})
    assert (reply.status, reply.json["done"], reply.json["done_reason"]) == (200, True, word)
    assert await stage.attempts(model) == []


async def test_a_model_of_this_process_can_be_loaded(stage: Stage) -> None:
    assert (await stage.post("/api/generate", {"model": "echo"})).json["done_reason"] == "load"


@pytest.mark.parametrize("provider", [name for name in KEY_VARIABLES if name not in ("azure-v1", "ollama")])
async def test_a_model_is_shown(stage: Stage, provider: str) -> None:
    shown = await sdk(stage).show(f"simulator-{provider}")
    assert shown.capabilities
    assert {"completion", "tools", "vision"} <= set(shown.capabilities)
    assert (shown.modelinfo or {})["general.architecture"] == provider
    told = (await stage.post("/api/show", {"name": f"simulator-{provider}:latest"})).json
    assert told["remote_host"] == provider


async def test_an_ollamas_model_is_shown_as_the_ollama_shows_it(stage: Stage) -> None:
    async with httpx.AsyncClient() as client:
        theirs = (await client.post(f"{stage.simulator.root}/api/show", json={"model": "sim"})).json()
    assert (await stage.post("/api/show", {"name": "simulator-ollama"})).json == theirs
    assert theirs["details"]["family"] == "sim"


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", None])
@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/api/show", {}),
        ("/api/chat", {"messages": [{"role": "user", "content": "Hi."}], "stream": False}),
        ("/api/generate", {"prompt": "Hi.", "stream": False}),
        ("/api/embed", {"input": "a"}),
        ("/api/embeddings", {"prompt": "a"}),
    ],
)
async def test_the_type_of_a_body_may_be_wrong_or_missing(
    stage: Stage, path: str, more: dict[str, Any], content_type: str | None
) -> None:
    """``curl -d`` says that it sends a form."""
    headers = {"authorization": f"Bearer {TEAM_KEY}"} | ({"content-type": content_type} if content_type else {})
    body = json.dumps({"model": "simulator-ollama", **more}).encode()
    async with httpx.AsyncClient() as client:
        reply = await client.post(f"{stage.turnout.url}{path}", content=body, headers=headers)
    assert reply.status_code == 200, reply.text


async def test_a_models_context_length_is_shown_where_it_is_known(stage: Stage) -> None:
    shown = await sdk(stage).show("aimock-openai")
    assert (shown.modelinfo or {})["openai.context_length"] == 128_000  # gpt-4o-mini's


@pytest.mark.parametrize(
    ("model", "capabilities"),
    [
        ("openai/gpt-4o-mini", ["completion", "tools", "vision"]),
        ("anthropic/claude-opus-4-5", ["completion", "tools", "vision", "thinking"]),
        ("openai/gpt-3.5-turbo", ["completion", "tools"]),
        ("openai/text-embedding-3-small", ["embedding"]),
        ("vllm/nomic-embed-text", ["embedding"]),
    ],
)
async def test_a_model_lists_its_known_capabilities(stage: Stage, model: str, capabilities: list[str]) -> None:
    assert (await sdk(stage).show(model)).capabilities == capabilities


async def test_echo_has_no_tools_and_no_eyes(stage: Stage) -> None:
    assert (await sdk(stage).show("echo")).capabilities == ["completion"]


@pytest.mark.parametrize("body", [{}, {"model": ""}, {"model": 5}, {"model": "nobody"}, {"model": "simulator-vllm"}])
async def test_a_model_that_cant_be_shown(stage: Stage, body: dict[str, Any]) -> None:
    """The last one is there, but not for this key."""
    reply = await stage.post("/api/show", body, NARROW_KEY)
    assert reply.status == (404 if body.get("model") in ("nobody", "simulator-vllm") else 400)
    assert isinstance(reply.json["error"], str)


async def test_the_routes_that_clients_check_first_answer(stage: Stage) -> None:
    assert (await stage.get("/api/version")).json == {"version": "0.13.4"}
    assert (await sdk(stage).ps()).models == []
    async with httpx.AsyncClient() as client:
        assert (await client.head(stage.turnout.url)).status_code == 200
    root = await stage.get("/")
    assert (root.status, b"Ollama is running" in root.body) == (200, True)
    assert (await stage.get("/api/tags", key="wrong")).status == 401


@pytest.mark.parametrize("path", ["/api/pull", "/api/delete", "/api/create"])
async def test_an_unknown_route_gets_an_error_in_ollamas_form(stage: Stage, path: str) -> None:
    reply = await stage.post(path, {"model": "x"})
    assert reply.status == 404
    assert isinstance(reply.json["error"], str)


# --- embeddings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["simulator-openai", "simulator-ollama"])
async def test_vectors(stage: Stage, model: str) -> None:
    reply = await sdk(stage).embed(model, ["a b", "c"], dimensions=8)
    assert [len(vector) for vector in reply.embeddings] == [8, 8]
    assert reply.embeddings[0] != reply.embeddings[1]
    old = await sdk(stage).embeddings(model, "a b")
    assert old.embedding
