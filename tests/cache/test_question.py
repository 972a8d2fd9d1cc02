"""What makes another question, and what is only another spelling of the same one."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.cache.bodies import BODIES, IMAGE, OTHER_IMAGE
from turnout.cache import Asker, ExactCache, MemoryStore, has_untold, is_worth_keeping, keys_of_inputs, question_key
from turnout.core import ChatRequest, EmbeddingRequest, Key, WireBody, whole
from turnout.dialects import HERE, Target, endpoint_at
from turnout.errors import TurnoutError
from turnout.fitting import unread_fields

ASKER = Asker("key a", "m", ("d",))
Path = tuple[str | int, ...]
OF_THE_FORM = {("model",), ("stream",), ("store",)}
"""They say who is asked, and in which form; without ``store: false`` nothing of the Responses API is kept."""

SAYS_NOTHING = {
    ("openai-chat", ("n",)),  # one is what there is without it
    ("ollama", ("tools", 0, "type")),  # there is one type
}


def key_of(wire: str, body: Any, asker: Asker = ASKER) -> bytes:
    path, _, target = BODIES[wire]
    return _key(path, json.dumps(body).encode(), target, asker)


def _key(path: str, body: bytes, target: Target = HERE, asker: Asker = ASKER) -> bytes:
    request = whole(endpoint_at(path).parse(body, target))
    assert isinstance(request, ChatRequest)
    raw = request.raw
    assert raw is not None
    unread = raw.form is not None and bool(unread_fields(raw.fields, raw.form))
    return question_key(request, asker, unread or has_untold(request))


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        yield from places(inner, (*path, name))


def changed(body: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(body)
    body = copy.deepcopy(body)
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = change(holder[path[-1]])
    return body


def another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value.replace(IMAGE, OTHER_IMAGE) if IMAGE in value else f"{value}q"
        case dict():
            return {**value, "zz_unknown": 1}
    return [*value, value[-1]] if value else value


@pytest.mark.parametrize("wire", BODIES)
def test_any_change_of_a_body_is_another_question(wire: str) -> None:
    """A change that the dialect refuses is none: it has no answer."""
    body = BODIES[wire][1]
    base = key_of(wire, body)
    same, tried = [], 0
    for path, _ in places(body):
        if path in OF_THE_FORM:
            continue
        try:
            tried += 1
            if key_of(wire, changed(body, path, another)) == base:
                same.append((wire, path))
        except TurnoutError:
            tried -= 1
    assert [each for each in same if each not in SAYS_NOTHING] == []
    assert tried > 10


@pytest.mark.parametrize("wire", BODIES)
def test_a_body_without_one_of_its_fields_is_another_question(wire: str) -> None:
    body = BODIES[wire][1]
    base = key_of(wire, body)
    for name in body:
        if (name,) in OF_THE_FORM or (wire, (name,)) in SAYS_NOTHING:
            continue
        rest = {other: value for other, value in body.items() if other != name}
        try:
            assert key_of(wire, rest) != base, name
        except TurnoutError:
            assert name in ("messages", "contents", "input", "max_tokens", "prompt", "tools", "logprobs"), name


def _shuffled(value: Any, order: Callable[[list[Any]], list[Any]]) -> Any:
    if isinstance(value, dict):
        return {name: _shuffled(inner, order) for name, inner in order(list(value.items()))}
    return [_shuffled(inner, order) for inner in value] if isinstance(value, list) else value


@given(st.sampled_from(sorted(BODIES)), st.randoms(use_true_random=False), st.sampled_from([None, 0, 1, 3]))
def test_spelling_is_no_change(wire: str, source: Any, indent: int | None) -> None:
    path, body, target = BODIES[wire]
    other_order = _shuffled(body, lambda items: source.sample(items, len(items)))
    spelt = json.dumps(other_order, indent=indent, ensure_ascii=source.random() < 0.5)
    assert _key(path, spelt.encode(), target) == key_of(wire, body)
    streamed = {**body, "stream": True} if wire != "gemini" else body
    assert key_of(wire, streamed) == key_of(wire, body)


ALIKE = {
    "openai-chat": {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        ],
        "max_tokens": 9,
        "temperature": 0,
    },
    "anthropic": {
        "model": "m",
        "system": "s",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 9,
        "temperature": 0.0,
    },
    "gemini": {
        "contents": [{"parts": [{"text": "hi"}], "role": "user"}],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "generationConfig": {"maxOutputTokens": 9, "temperature": 0},
    },
    "ollama": {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}],
        "options": {"num_predict": 9, "temperature": 0},
    },
}


def test_the_same_question_in_each_dialect_is_one() -> None:
    assert len({key_of(wire, body) for wire, body in ALIKE.items()}) == 1


_MCP = {"type": "mcp", "server_label": "x", "server_url": "https://x.example"}
RUN_ELSEWHERE = {
    "openai-chat": ("tools", [{"type": "web_search"}]),
    "openai-responses": ("tools", [_MCP]),
    "anthropic": ("tools", [{"type": "code_execution_20250522", "name": "code_execution"}]),
    "gemini": ("tools", [{"urlContext": {}}]),
}


@pytest.mark.parametrize("wire", RUN_ELSEWHERE)
def test_a_tool_that_its_provider_runs_is_not_kept(wire: str) -> None:
    path, body, target = BODIES[wire]
    name, value = RUN_ELSEWHERE[wire]
    kept = []
    for tools in ([], value):
        rest = {other: inner for other, inner in body.items() if other not in ("tool_choice", "toolConfig", name)}
        request = whole(endpoint_at(path).parse(json.dumps({**rest, name: tools}).encode(), target))
        assert isinstance(request, ChatRequest)
        kept.append(is_worth_keeping(request))
    assert kept == [True, False]


def test_a_bare_prompt_is_not_a_chat() -> None:
    chat = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "options": {"temperature": 0}}
    prompt = {"model": "m", "prompt": "hi", "options": {"temperature": 0}}
    assert key_of("ollama", chat) != key_of("ollama-generate", prompt)


TEXTS = st.text(max_size=20)
KEYS = st.builds(Key, id=TEXTS, digest=st.just(b""), user=TEXTS, team=TEXTS)


@settings(max_examples=1000)
@given(st.sampled_from(["key", "user", "team", "all"]), KEYS, KEYS)
def test_tenants_share_only_what_the_configuration_says(share: Any, one: Key, other: Key) -> None:
    cache = ExactCache(MemoryStore(1000), 60, share)
    alike = cache.tenant_of(one) == cache.tenant_of(other)
    owners = {"user": (one.user, other.user), "team": (one.team, other.team)}.get(share, ("", ""))
    shared = owners[0] == owners[1] != ""
    assert alike == (share == "all" or shared or (one.id == other.id and owners == ("", "")))


@given(st.builds(Asker, TEXTS, TEXTS, st.lists(TEXTS).map(tuple), st.lists(TEXTS).map(tuple), st.booleans()))
def test_another_asker_asks_another_question(asker: Asker) -> None:
    body = ALIKE["openai-chat"]
    assert (key_of("openai-chat", body, asker) == key_of("openai-chat", body)) == (asker == ASKER)


def test_what_is_told_beside_the_body_counts_if_it_means_something() -> None:
    path, body, target = BODIES["anthropic"]
    request = whole(endpoint_at(path).parse(json.dumps(body).encode(), target))
    assert isinstance(request, ChatRequest)
    raw = request.raw
    assert isinstance(raw, WireBody)

    def beside(headers: dict[str, str], query: str = "") -> bytes:
        told = structs.replace(raw, headers=headers, query=query)
        return question_key(structs.replace(request, raw=told), ASKER, unread=False)

    assert beside({"user-agent": "a", "anthropic-version": "1", "idempotency-key": "x"}, "key=k&alt=sse") == beside({})
    told = [beside({}), beside({"anthropic-beta": "new"}), beside({"anthropic-beta": "old"}), beside({}, "beta=true")]
    assert len(set(told)) == len(told)


def test_each_input_of_a_batch_has_a_key_of_its_own() -> None:
    def keys(*inputs: str | tuple[int, ...], **more: Any) -> list[bytes]:
        return keys_of_inputs(EmbeddingRequest(model="m", inputs=inputs, **more), ASKER)

    assert keys("a", "b") == [*keys("a"), *keys("b")]
    apart = [*keys("a"), *keys("1"), *keys((1,)), *keys("a", dimensions=8), *keys("a", purpose="QUERY")]
    assert all(one != other for one, other in itertools.combinations(apart, 2))
