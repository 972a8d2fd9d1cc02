"""Which field of a request names its session, by what clients send.

- Claude Code: ``metadata.user_id`` is JSON with a ``session_id``, and was ``user_…_session_…`` before; since 2.1.86 it
  also sends the header ``x-claude-code-session-id`` (https://github.com/coder/aibridge/pull/241)
- Codex: ``prompt_cache_key``, and the header ``session-id``
  (https://github.com/KarpelesLab/teamclaude/pull/352, https://github.com/raine/claude-code-proxy/pull/156)
- pi, OpenCode, Crush: the headers ``session_id``, ``x-session-affinity``, ``x-session-id``
  (https://github.com/theopenco/llmgateway/pull/3011, https://github.com/charmbracelet/crush/pull/3277)
- Open WebUI: the header ``x-openwebui-chat-id``, where it forwards who asks
- OpenRouter's clients: ``session_id``

``safety_identifier`` and ``user`` name a person, who has many conversations. ``x-client-request-id`` is another one for
each request at most clients.
"""

from __future__ import annotations

from typing import Final

import msgspec

from turnout.core import ChatRequest

SESSION_HEADERS: Final = (
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
    "x-openwebui-chat-id",
)
"""The first that is there counts."""

_FIELDS: Final = ("prompt_cache_key", "session_id")
_LONGEST: Final = 512


class _UserId(msgspec.Struct):
    session_id: str = ""


_USER_ID = msgspec.json.Decoder(_UserId)
_TEXT = msgspec.json.Decoder(str)


def session_in(request: ChatRequest) -> str:
    """The session's name in the body; empty without one."""
    if request.raw is not None:
        for name in _FIELDS:
            raw = request.raw.fields.get(name)
            if raw is not None and (session := _text(raw)):
                return session
    return _session_of_user(request.user) if request.user and "session" in request.user else ""


def _text(raw: msgspec.Raw) -> str:
    """Empty for what isn't a text, or is too long for a name."""
    if len(raw) > _LONGEST:
        return ""
    try:
        return _TEXT.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        return ""


def _session_of_user(user: str) -> str:
    if len(user) > _LONGEST:
        return ""
    if not user.startswith("{"):
        return user.rpartition("_session_")[2] if "_session_" in user else ""
    try:
        return _USER_ID.decode(user).session_id
    except (msgspec.DecodeError, UnicodeError):
        return ""
