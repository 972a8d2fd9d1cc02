"""Who goes on with an answer that was begun, the assistant's message at a conversation's end, and how it is told.

Most servers that don't go on begin the answer anew, without an error, so only what is documented counts as known.
Engines on the operator's machines say it themselves (``/props`` of llama.cpp, ``/api/show`` of Ollama).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from turnout.core.deployment import Prefill

from .lookup import facts_of


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """``prefill``: how it is told. ``repeats``: its answer begins with the words that it goes on from.

    ``any_model``: whatever model it serves, unless the model thinks. Else the facts about the model decide.
    """

    prefill: Prefill
    repeats: bool = False
    any_model: bool = True
    source: str


_BY_PROVIDER: Final = {
    "anthropic": Way(
        prefill="message",
        any_model=False,
        source="https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response",
    ),
    "gemini": Way(prefill="message", any_model=False, source="https://github.com/pipecat-ai/pipecat/pull/5821"),
    "vllm": Way(
        prefill="continue_final_message",  # its ``echo`` is off by default
        source="https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
    ),
}

_BY_HOST: Final = {
    "api.deepseek.com": Way(prefill="prefix", source="https://api-docs.deepseek.com/guides/chat_prefix_completion"),
    "api.groq.com": Way(prefill="message", source="https://console.groq.com/docs/prefilling"),
    "api.mistral.ai": Way(
        prefill="prefix",
        repeats=True,  # "It's returned from the API"
        source="https://github.com/SillyTavern/SillyTavern/issues/2557",
    ),
    "api.moonshot.ai": Way(prefill="partial", source="https://platform.kimi.ai/docs/api/partial"),
    "api.moonshot.cn": Way(prefill="partial", source="https://platform.kimi.ai/docs/api/partial"),
    "openrouter.ai": Way(
        prefill="message",
        any_model=False,  # "returns only the continuation": Claude; OpenAI's models begin anew
        source="https://openrouter.ai/docs/api-reference/overview#assistant-prefill",
    ),
}
"""Vendors on OpenAI's wire, by the end of their host names."""

_OTHER_WIRES: Final = frozenset({"anthropic", "gemini", "ollama"})

_OPERATOR: Final = "the configuration"
_BY_FLAG: Final = Way(prefill="continue_final_message", source="https://github.com/ggml-org/llama.cpp/pull/23089")


def way_of(provider: str, base_url: str, model: str) -> Way | None:
    """How ``model`` is told to go on, if it is known to do it. ``provider`` is its name, not an alias."""
    way = _way_on_wire(provider, base_url)
    if way is None:
        return None
    facts = facts_of(provider, model)
    knows = facts.thinking in (None, "never") if way.any_model else facts.continues
    return way if knows else None


def told_way_of(provider: str, base_url: str, prefill: Prefill | None) -> Way:
    """How a deployment is told of which the operator says that it goes on. ``prefill``: the operator says how."""
    if prefill is not None:
        return Way(prefill=prefill, source=_OPERATOR)
    known = _BY_FLAG if provider == "llamacpp" else _way_on_wire(provider, base_url)
    return known or Way(prefill="message", source=_OPERATOR)


def _way_on_wire(provider: str, base_url: str) -> Way | None:
    if provider not in _OTHER_WIRES:
        host = urlsplit(base_url).hostname or ""
        for name, way in _BY_HOST.items():
            if host == name or host.endswith(f".{name}"):
                return way
    return _BY_PROVIDER.get(provider)
