"""Which upstream models refuse what, by their names."""

from __future__ import annotations

import pytest

from turnout.catalog.facts import FACTS, traits_of
from turnout.core import Traits

USUAL = Traits()
THINKS = Traits(sampling=False, max_tokens_field="max_completion_tokens")
NO_SAMPLING = Traits(sampling=False)


@pytest.mark.parametrize(
    ("traits", "names"),
    [
        pytest.param(
            USUAL,
            "gpt-4o gpt-4o-mini gpt-4.1 gpt-4-turbo gpt-3.5-turbo chatgpt-4o-latest ft:gpt-4o-mini:org gpt-oss-120b "
            "omni-moderation-latest ollama-x o200k text-embedding-3-small",
            id="openai-usual",
        ),
        pytest.param(
            THINKS,
            "o1 o1-mini o3 o3-2025-04-16 o3-pro o4-mini ft:o4-mini-2025-04-16:org gpt-5 gpt-5-mini gpt-5.1 "
            "gpt-5.4-nano gpt-5.6-luna gpt-6-astra gpt-6.1-sol gpt-10 codex-mini-latest openai/gpt-5.2 GPT-5",
            id="openai-thinking",
        ),
        pytest.param(
            Traits(max_tokens_field="max_completion_tokens"), "gpt-5-chat gpt-5-chat-latest", id="openai-chat-only"
        ),
        pytest.param(
            USUAL,
            "claude-3-haiku-20240307 claude-3-5-sonnet-20241022 claude-3-7-sonnet-latest claude-opus-4-20250514 "
            "claude-opus-4-1 claude-opus-4-6 claude-sonnet-4-5-20250929 claude-sonnet-4-6 claude-haiku-4-5-20251001 "
            "anthropic/claude-opus-4.6 us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            id="anthropic-usual",
        ),
        pytest.param(
            NO_SAMPLING,
            "claude-opus-4-7 claude-opus-4-8 claude-opus-5 claude-opus-5-5 claude-sonnet-5 claude-sonnet-5-5 "
            "claude-haiku-5-5 claude-fable-5 claude-fable-5-2 claude-mythos-5-1 claude-mythos-preview "
            "anthropic/claude-opus-4.7 us.anthropic.claude-opus-4-7-v1:0 claude-sonnet-6",
            id="anthropic-newest",
        ),
        pytest.param(USUAL, "gemini-2.5-pro llama3 llama3:latest mistral-large deepseek-chat", id="others"),
    ],
)
def test_traits_by_name(traits: Traits, names: str) -> None:
    assert {name: traits_of(name) for name in names.split()} == dict.fromkeys(names.split(), traits)


def test_every_fact_has_its_source() -> None:
    assert all(fact.source.startswith("https://") for fact in FACTS)
