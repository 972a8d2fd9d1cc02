"""Who asked, as far as a request says it."""

from __future__ import annotations

from typing import Any

import pytest

from turnout.core import ChatRequest, Key, Message, Origin, Text
from turnout.server.inference.origin import agent_of, origin_of
from turnout.server.request import Head, read_head

KEY = Key(id="team", digest=b"", user="alice")
TRUSTED = Key(id="chat", digest=b"", user="alice", trusted=True)


def chat(**fields: Any) -> ChatRequest:
    return ChatRequest(model="fast", messages=(Message("user", (Text("Hello"),)),), **fields)


def head(**headers: str) -> Head:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return read_head({"headers": lines, "query_string": b""})


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        (b"claude-cli/2.1.126 (external, cli)", "claude-code"),
        (b"codex_cli_rs/0.171.0 (Debian 12; x86_64)", "codex"),
        (b"GeminiCLI/0.61.0/gemini-3-pro (linux; x64)", "gemini-cli"),
        (b"OpenAI/Python 2.9.0", "openai"),
        (b"curl/8.5.0", "curl"),
        (b"Mozilla", "mozilla"),
        (b"", ""),
        (b" \xff\x00 x", "\xff\x00"),
        (b"x" * 5000, "x" * 256),
    ],
)
def test_the_program_is_named_without_its_version(user_agent: bytes, agent: str) -> None:
    assert agent_of(user_agent) == agent


def test_a_trusted_key_says_for_whom_and_with_which_tags() -> None:
    asked = chat(user="bob", metadata={"tags": "blue, night,, blue"})
    assert origin_of("openai", TRUSTED, "blue", head(session_id="s1", user_agent="curl/8"), asked) == Origin(
        dialect="openai",
        key_id="chat",
        user="alice",
        team="blue",
        session="s1",
        agent="curl",
        end_user="bob",
        tags=("blue", "night"),
    )


def test_other_keys_are_not_believed() -> None:
    asked = chat(user="bob", metadata={"tags": "blue"})
    origin = origin_of("openai", KEY, "blue", head(x_openwebui_user_id="bob"), asked)
    assert (origin.team, origin.end_user, origin.tags) == ("blue", "", ())


def test_open_webui_names_its_user_and_its_chat() -> None:
    forwarded = head(x_openwebui_user_name="Bob%20B", x_openwebui_user_id="7f", x_openwebui_chat_id="c1")
    origin = origin_of("openai", TRUSTED, "blue", forwarded, chat(user="other"))
    assert (origin.end_user, origin.session) == ("7f", "c1")
    assert origin_of("openai", TRUSTED, "blue", head(x_openwebui_user_name="Bob%20B"), chat()).end_user == "Bob B"


@pytest.mark.parametrize("user", ["user_a_session_9", '{"session_id":"9"}', "x" * 257])
def test_a_user_that_is_no_person_is_none(user: str) -> None:
    assert origin_of("anthropic", TRUSTED, "blue", head(), chat(user=user)).end_user == ""


def test_tags_are_bounded() -> None:
    tags = ",".join([*map(str, range(40)), "x" * 257])
    assert origin_of("openai", TRUSTED, "blue", head(), chat(metadata={"tags": tags})).tags == tuple(
        map(str, range(16))
    )
