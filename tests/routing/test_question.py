"""What a request says about itself: its session, its conversation, what it needs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.openai_wire import ENDPOINT, request_body
from turnout.core import ChatRequest, CountRequest, EmbeddingRequest, Tool
from turnout.dialects import Target, registry
from turnout.routing import Question

from .support import chat

LONG = "A long word. " * 2000


def parsed(dialect: str, path: str, body: dict[str, Any]) -> Question:
    endpoint = next(e for e in registry()[dialect].endpoints if path in e.paths)
    data = msgspec.json.encode(body)
    return Question(endpoint.parse(data, Target("m", "", "application/json")), len(data))


def openai(**fields: Any) -> Question:
    data = request_body(**fields)
    return Question(ENDPOINT.parse(data), len(data))


def anthropic(user_id: str) -> Question:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    return parsed("anthropic", "/v1/messages", body | {"metadata": {"user_id": user_id}})


@pytest.mark.parametrize(
    ("question", "session"),
    [
        (Question(chat(), header_session="from-a-header"), "from-a-header"),
        (openai(prompt_cache_key="codex-1"), "codex-1"),
        (openai(session_id="router-1"), "router-1"),
        (openai(prompt_cache_key=7), ""),
        (openai(prompt_cache_key="x" * 600), ""),
        (openai(user="alice"), ""),
        (openai(safety_identifier="alice"), ""),
        (anthropic("user_1a_account__session_57a121ec"), "57a121ec"),
        (anthropic('{"device_id":"d","account_uuid":"","session_id":"54c1eb09"}'), "54c1eb09"),
        (anthropic('{"session_id":'), ""),
        (anthropic('{"session_id":5}'), ""),
        (Question(chat()), ""),
        (Question(EmbeddingRequest(model="m", inputs=("a",))), ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_name_of_the_session(question: Question, session: str) -> None:
    assert question.session == session


def test_premium_is_a_session_of_an_allowed_key() -> None:
    assert Question(chat(), header_session="premium-7", may_be_premium=True).premium
    assert not Question(chat(), header_session="premium-7").premium
    assert not Question(chat(), header_session="7", may_be_premium=True).premium


TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Where is it?"},
    {"role": "assistant", "content": "There."},
    {"role": "user", "content": "And now?"},
]
GEMINI = [{"parts": [{"text": "Where?"}]}, {"role": "model", "parts": [{"text": "There."}]}]
CONVERSATIONS: dict[str, Any] = {
    "openai": lambda turns: openai(messages=TURNS[:turns]),
    "openai, long": lambda turns: openai(messages=[*TURNS[:turns], {"role": "assistant", "content": LONG}]),
    "responses": lambda turns: parsed("openai", "/v1/responses", {"model": "m", "input": TURNS[:turns]}),
    "anthropic": lambda turns: parsed(
        "anthropic", "/v1/messages", {"model": "m", "max_tokens": 9, "messages": TURNS[1:turns]}
    ),
    "ollama": lambda turns: parsed("ollama", "/api/chat", {"model": "m", "messages": TURNS[:turns]}),
    "library": lambda turns: Question(chat(*["Where is it?", "There.", "And now?"][: turns - 1])),
}


@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_all_turns_of_a_conversation_are_one_thread(conversation: Any) -> None:
    threads = {conversation(turns).thread for turns in (2, 3, 4)}
    assert len(threads) == 1
    assert None not in threads


def test_other_conversations_are_other_threads() -> None:
    texts = ("Where?", "When?", "a" * 200_000, "b" * 200_000)
    threads = {openai(messages=[{"role": "user", "content": text}]).thread for text in texts}
    threads |= {openai(messages=TURNS, prompt_cache_key="k").thread, openai(messages=TURNS).thread}
    threads |= {Question(chat("Where?"), header_session="s").thread}
    assert len(threads) == 7


@pytest.mark.parametrize(
    "body", [{"messages": "[" * 5000}, {"messages": []}, {"messages": None}, {"messages": [3, {}]}], ids=str
)
def test_a_conversation_of_an_odd_form_is_a_thread_too(body: dict[str, Any]) -> None:
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in body.items()}
    request = msgspec.structs.replace(ENDPOINT.parse(request_body()), messages=())
    assert request.raw is not None
    odd = msgspec.structs.replace(request, raw=msgspec.structs.replace(request.raw, fields=raw))
    assert Question(odd).thread is not None


def with_raw(**fields: bytes) -> Question:
    request = ENDPOINT.parse(request_body())
    assert request.raw is not None
    raw = {name: msgspec.Raw(value) for name, value in fields.items()}
    return Question(msgspec.structs.replace(request, raw=msgspec.structs.replace(request.raw, fields=raw)))


@pytest.mark.parametrize(
    "messages",
    [b"[" * 200_000, b"[" + b"1" * 6000 + b"]", b'[{"role": "user", "content": "\xff"}]', b'["\\ud800"]'],
    ids=["deep", "digits", "bytes", "half"],
)
def test_what_no_decoder_takes_is_no_harm(messages: bytes) -> None:
    assert with_raw(messages=messages).thread is not None


@pytest.mark.parametrize("name", [b'"\xff"', b'"\\ud800"', b"{}", b'"'], ids=["bytes", "half", "object", "open"])
def test_a_name_that_no_decoder_takes_is_no_name(name: bytes) -> None:
    assert with_raw(prompt_cache_key=name).session == ""


@given(st.binary(max_size=60))
def test_no_bytes_are_any_harm(data: bytes) -> None:
    question = with_raw(messages=b"[" + data, session_id=b'"' + data)
    assert question.thread is not None
    assert len(question.session) <= len(data)


def test_halves_of_characters_from_a_program_are_no_harm() -> None:
    question = Question(chat("half \ud800"), header_session="")
    assert question.thread is not None
    assert Question(chat(), header_session="\ud800").thread is not None
    assert Question(msgspec.structs.replace(chat(), user='{"session_id": "\ud800"}')).session == ""


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("padding", ["", LONG], ids=["read", "unread"])
def test_what_the_request_holds(padding: str) -> None:
    words = {"type": "text", "text": padding or "Hello"}
    plain = openai(messages=[{"role": "user", "content": [words]}])
    assert (plain.has_images, plain.has_tools) == (False, False)
    rich = openai(messages=[{"role": "user", "content": [words, IMAGE]}], tools=[TOOL])
    assert (rich.has_images, rich.has_tools) == (True, True)


def test_a_relayed_conversation_stays_unread() -> None:
    question = openai(messages=[{"role": "user", "content": LONG}], tools=[TOOL])
    seen = (question.has_images, question.has_tools, question.thread, question.tokens, question.session)
    assert seen[3] > 5000
    chat_request = question.request
    assert isinstance(chat_request, ChatRequest)
    assert chat_request.unread is not None
    assert chat_request.unread._rest is None


def test_tokens_by_size() -> None:
    assert Question(chat(), 4000).tokens == 1000
    assert Question(chat(), 4_000_000).tokens == 1_000_000
    picture = openai(messages=[{"role": "user", "content": [IMAGE | {"pad": LONG * 4}]}])
    assert picture.tokens == 4000, "the size of a picture says nothing about its tokens"


def test_a_count_is_a_question_about_its_conversation() -> None:
    request = ChatRequest(model="m", messages=(), max_output=7, tools=(Tool(name="find"),))
    question = Question(CountRequest(model="m", chat=request))
    assert (question.most_output, question.has_tools) == (7, True)
