"""Who asked, as far as a request says it: a key and its user, a session, a program, an end user, tags."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from turnout.core import ChatRequest, Key, Origin, Request
from turnout.routing import session_in
from turnout.server.request import Head

_LONGEST: Final = 256  # characters of a name; a database index takes no longer ones
_MOST_TAGS: Final = 16
_TAGS: Final = "tags"
_AGENTS: Final = {
    "claude-cli": "claude-code",
    "codex_cli_rs": "codex",
    "codex_exec": "codex",
    "codex-tui": "codex",
    "geminicli": "gemini-cli",
}
"""Programs whose first word in ``User-Agent`` isn't the name that people know."""


def origin_of(dialect: str, key: Key, team: str, head: Head, request: Request) -> Origin:
    """End user and tags are only taken from a key that is ``trusted``: whoever has another one could say anything."""
    chat = request if isinstance(request, ChatRequest) else None
    session = head.session or ("" if chat is None else session_in(chat))
    agent = agent_of(head.agent)
    if not key.trusted:
        return Origin(dialect=dialect, key_id=key.id, user=key.user, team=team, session=session, agent=agent)
    return Origin(
        dialect=dialect,
        key_id=key.id,
        user=key.user,
        team=team,
        session=session,
        agent=agent,
        end_user=head.end_user or ("" if chat is None else _end_user_in(chat)),
        tags=() if chat is None else _tags_in(chat),
    )


@lru_cache(4096)
def agent_of(user_agent: bytes) -> str:
    """The client's program, without its version: the first word of ``User-Agent``, in lower case."""
    words = user_agent[:_LONGEST].decode("latin-1").split(None, 1)
    if not words:
        return ""
    name = words[0].partition("/")[0].lower()
    return _AGENTS.get(name, name)


def _end_user_in(chat: ChatRequest) -> str:
    """``user`` names a person, unless a program has put its session there."""
    user = chat.user or ""
    return user if len(user) <= _LONGEST and "session" not in user else ""


def _tags_in(chat: ChatRequest) -> tuple[str, ...]:
    """``metadata.tags``, a text with commas: OpenAI's metadata holds only texts."""
    tags = (chat.metadata or {}).get(_TAGS, "").split(",")
    named = dict.fromkeys(tag for tag in map(str.strip, tags) if 0 < len(tag) <= _LONGEST)
    return tuple(named)[:_MOST_TAGS]
