"""What is known of upstream models, by their names."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from genai_prices.data import providers

from turnout.config import settings
from turnout.core import Prefill, Traits
from turnout.facts import (
    OPEN_MODELS,
    Facts,
    Lifecycle,
    anthropic,
    facts_of,
    google,
    lifecycle_of,
    maker_of,
    open_models,
    openai,
    told_way_of,
    traits_of,
    way_of,
)
from turnout.tokens import FAMILIES

TABLES = (openai, anthropic, google, open_models)
SAMPLES: frozenset[str] = frozenset()
NO_SAMPLING = frozenset({"temperature", "top_p"})
THINKS = NO_SAMPLING | {"max_tokens"}


@pytest.mark.parametrize(
    ("refuses", "names"),
    [
        pytest.param(
            SAMPLES,
            "gpt-4o gpt-4o-mini gpt-4.1 gpt-4-turbo gpt-3.5-turbo chatgpt-4o-latest ft:gpt-4o-mini:org gpt-oss-120b "
            "omni-moderation-latest ollama-x o200k text-embedding-3-small gpt-4.5-preview",
            id="openai-usual",
        ),
        pytest.param(
            THINKS,
            "o1 o1-mini o3 o3-2025-04-16 o3-pro o4-mini ft:o4-mini-2025-04-16:org gpt-5 gpt-5-mini gpt-5.1 "
            "gpt-5.4-nano gpt-5.6-luna gpt-6-astra gpt-6.1-sol gpt-6.2 gpt-7 gpt-10 codex-mini-latest "
            "openai/gpt-5.2 GPT-5",
            id="openai-thinking",
        ),
        pytest.param(frozenset({"max_tokens"}), "gpt-5-chat gpt-5-chat-latest", id="openai-chat-only"),
        pytest.param(
            SAMPLES,
            "claude-3-haiku-20240307 claude-3-5-sonnet-20241022 claude-3-7-sonnet-latest claude-opus-4-20250514 "
            "claude-opus-4-1 claude-opus-4-6 claude-sonnet-4-5-20250929 claude-sonnet-4-6 claude-haiku-4-5-20251001 "
            "anthropic/claude-opus-4.6 us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            id="anthropic-usual",
        ),
        pytest.param(
            NO_SAMPLING,
            "claude-opus-4-7 claude-opus-4-8 claude-opus-4-9 claude-opus-5 claude-opus-5-5 claude-sonnet-5 "
            "claude-sonnet-5-5 claude-haiku-5-5 claude-fable-5 claude-fable-5-2 claude-mythos-5-1 "
            "claude-mythos-preview anthropic/claude-opus-4.7 us.anthropic.claude-opus-4-7-v1:0 claude-sonnet-6 "
            "claude-opus-10",
            id="anthropic-newest",
        ),
        pytest.param(SAMPLES, "gemini-2.5-pro llama3 llama3:latest mistral-large deepseek-chat", id="others"),
    ],
)
def test_what_may_be_sent_by_name(refuses: frozenset[str], names: str) -> None:
    matches = {name: (traits_of(name).refuses | traits_of(name).refuses_thinking) & THINKS for name in names.split()}
    assert matches == dict.fromkeys(names.split(), refuses)


@pytest.mark.parametrize("end", "-.:@_")
def test_a_name_may_go_on_after_a_words_end(end: str) -> None:
    assert traits_of(f"gpt-4o{end}mine") == traits_of("gpt-4o")


@pytest.mark.parametrize("letter", "xq0")
def test_a_name_that_goes_on_inside_a_word_is_another_one(letter: str) -> None:
    assert traits_of(f"gpt-4o{letter}") == traits_of(f"gpt-4o{letter}-mine") == Traits()


def test_openais_models_take_sampling_while_they_do_not_think() -> None:
    """Anthropic's newest never do."""
    gpt, claude = traits_of("gpt-5.1"), traits_of("claude-opus-5")
    assert (gpt.refuses, claude.refuses_thinking) == (frozenset({"max_tokens"}), frozenset())
    assert gpt.refuses_thinking == openai.SAMPLING


@pytest.mark.parametrize("field", ["refuses", "refuses_thinking"])
def test_a_table_that_refuses_what_is_no_parameter_is_a_mistake(field: str) -> None:
    with pytest.raises(ValueError, match="heat, topp"):
        Facts(**{field: frozenset({"temperature", "topp", "heat"})})  # type: ignore[arg-type]  # what is wrong on purpose


@pytest.mark.parametrize(
    ("model", "context", "max_output", "tokenizer"),
    [
        ("gpt-3.5-turbo-instruct", 4_096, 4_096, "cl100k"),
        ("gpt-4", 8_192, 8_192, "cl100k"),
        ("gpt-4-turbo-2024-04-09", 128_000, 4_096, "cl100k"),
        ("gpt-4o-2024-08-06", 128_000, 16_384, "o200k"),
        ("gpt-4.1-mini", 1_047_576, 32_768, "o200k"),
        ("gpt-5.4-mini-2026-03-17", 400_000, 128_000, "o200k-reasoning"),
        ("gpt-6-luna", 1_050_000, 128_000, "o200k-reasoning"),
        ("gpt-6.2-sol", None, None, "o200k-reasoning"),
        ("claude-3-opus-20240229", 200_000, 4_096, "claude"),
        ("claude-opus-4-1-20250805", 200_000, 32_000, "claude"),
        ("claude-sonnet-4.5", 200_000, 64_000, "claude-4.5"),
        ("claude-opus-5", 1_000_000, 128_000, "claude-2026"),
        ("claude-opus-4-9", None, None, "claude-2026"),
        ("models/gemini-1.5-pro", 2_097_152, 8_192, "gemini"),
        ("gemini-3.8-flash", 1_048_576, 65_536, "gemini"),
        ("gemini-3.9-flash", None, None, "gemini"),
        ("llama3:latest", None, None, "llama"),
        ("someone-elses", None, None, None),
    ],
)
def test_limits_by_name(model: str, context: int | None, max_output: int | None, tokenizer: str | None) -> None:
    known = traits_of(model)
    assert (known.context, known.max_output, known.tokenizer) == (context, max_output, tokenizer)


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ("gpt-4", {"text"}),
        ("gpt-4-turbo", {"text", "image"}),
        ("claude-haiku-4-5", {"text", "image", "file"}),
        ("gemini-2.5-flash", {"text", "image", "file", "audio", "video"}),
        ("llava-v1.6", {"text", "image"}),
        ("whisper-1", {"audio"}),
    ],
)
def test_what_a_model_takes(model: str, inputs: Set[str]) -> None:
    assert traits_of(model).inputs == inputs


def test_newer_claudes_do_not_go_on_with_the_assistants_words() -> None:
    assert [traits_of(f"claude-{name}").prefill for name in ("haiku-4-5", "opus-4-6", "sonnet-5", "fable-5")] == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("provider", "address", "model", "prefill"),
    [
        ("anthropic", "https://api.anthropic.com", "claude-haiku-4-5", "message"),
        ("anthropic", "https://api.anthropic.com", "claude-3-7-sonnet-20250219", "message"),
        ("anthropic", "https://api.anthropic.com", "claude-opus-4-6", None),
        ("anthropic", "https://api.anthropic.com", "claude-opus-6", None),
        ("anthropic", "https://api.deepseek.com/anthropic", "deepseek-chat", None),
        ("gemini", "https://generativelanguage.googleapis.com", "gemini-2.5-flash", "message"),
        ("gemini", "https://generativelanguage.googleapis.com", "gemini-3.1-pro-preview", "message"),
        ("gemini", "https://generativelanguage.googleapis.com", "gemini-3.5-flash-lite", None),
        ("gemini", "https://generativelanguage.googleapis.com", "gemini-3.8-flash", None),
        ("gemini", "https://generativelanguage.googleapis.com", "gemini-5", None),
        ("openai", "https://api.openai.com/v1", "gpt-6-luna", None),
        ("openai", "https://api.openai.com/v1", "gpt-4o", None),
        ("azure", "https://mine.openai.azure.com", "mine", None),
        ("vllm", "http://gpu:8000", "meta-llama/Llama-3.1-8B-Instruct", "continue_final_message"),
        ("vllm", "http://gpu:8000", "Qwen/Qwen3-8B", None),
        ("vllm", "http://gpu:8000", "deepseek-r1", None),
        ("llamacpp", "http://gpu:8080", "mine", None),
        ("ollama", "http://gpu:11434", "llama3.2", None),
        ("compatible", "https://api.mistral.ai/v1", "mistral-large-latest", "prefix"),
        ("compatible", "https://api.mistral.ai/v1", "magistral-medium", None),
        ("compatible", "https://api.deepseek.com", "deepseek-chat", "prefix"),
        ("compatible", "https://api.deepseek.com", "deepseek-reasoner", None),
        ("compatible", "https://api.moonshot.ai/v1", "moonshot-v1-8k", "partial"),
        ("openai", "https://api.groq.com/openai/v1", "llama-3.3-70b-versatile", "message"),
        ("compatible", "https://api.groq.com/openai/v1", "openai/gpt-oss-120b", None),
        ("compatible", "https://openrouter.ai/api/v1", "anthropic/claude-haiku-4.5", "message"),
        ("compatible", "https://openrouter.ai/api/v1", "openai/gpt-4o-mini", None),
        ("compatible", "https://somewhere.example/v1", "llama3", None),
        ("echo", "", "echo", None),
    ],
)
def test_who_goes_on_with_an_answer_that_was_begun(provider: str, address: str, model: str, prefill: str) -> None:
    way = way_of(provider, address, model)
    assert (way.prefill if way else None) == prefill
    assert way is None or way.repeats == ("mistral" in address)


@pytest.mark.parametrize(
    ("provider", "address", "said", "prefill"),
    [
        ("llamacpp", "http://gpu:8080", None, "continue_final_message"),
        ("ollama", "http://gpu:11434", None, "message"),
        ("compatible", "http://sglang:30000", None, "message"),
        ("compatible", "http://sglang:30000", "continue_final_message", "continue_final_message"),
        ("compatible", "https://api.mistral.ai/v1", None, "prefix"),
    ],
)
def test_how_a_model_is_told_that_the_operator_knows_to_go_on(
    provider: str, address: str, said: Prefill | None, prefill: str
) -> None:
    assert told_way_of(provider, address, said).prefill == prefill


def test_newer_claudes_see_more_of_an_image() -> None:
    images = traits_of("claude-opus-4-7").images
    assert images is not None
    assert (images.long_edge, images.number) == (2576, 600)
    assert traits_of("claude-opus-4-6").images is None  # what the provider takes holds


def test_nothing_is_known_of_a_name_that_tells_nothing() -> None:
    assert facts_of("openai", "my-own") == Facts()
    assert traits_of("my-own") == traits_of("my-claude-3-opus") == traits_of("my-gpt-4o") == Traits()


SEEDS = {
    "text-davinci-003": date(2024, 1, 4),
    "gpt-3.5-turbo-instruct": date(2026, 9, 28),
    "gpt-3.5-turbo": date(2026, 10, 23),
    "gpt-4": date(2026, 10, 23),
    "gpt-4-turbo": date(2026, 10, 23),
    "gpt-4o": date(2027, 1, 14),
    "gpt-4o-mini": date(2027, 1, 14),
    "dall-e-3": date(2026, 5, 12),
    "whisper-1": date(2027, 2, 26),
    "claude-3-opus-20240229": date(2026, 1, 5),
    "claude-3-sonnet-20240229": date(2025, 7, 21),
    "claude-3-haiku-20240307": date(2026, 4, 20),
    "claude-3-5-sonnet-20241022": date(2025, 10, 28),
    "text-embedding-ada-002": None,
}


@pytest.mark.parametrize("model", SEEDS)
def test_models_of_the_earlier_systems_are_known_with_their_end(model: str) -> None:
    provider = "anthropic" if model.startswith("claude") else "openai"
    known = facts_of(provider, model)
    assert known.lifecycle.shutdown_date == SEEDS[model]
    assert known.source
    assert known.lifecycle.source or SEEDS[model] is None


@pytest.mark.parametrize(
    ("maker", "names"),
    [
        ("openai", "gpt-4o openai/gpt-4.1-mini ft:gpt-4o-mini:org o9-mini gpt-17 gpt-5.9-sol"),
        ("anthropic", "claude-3-opus-20240229 us.anthropic.claude-opus-4-1-v1:0 claude-haiku-17"),
        ("gemini", "gemini-2.5-flash models/gemini-9-pro"),
        (OPEN_MODELS, "llama3:latest mistral-small gpt-oss-120b gemma3 library/llava:7b"),
        (None, "someone-elses gpt o10 claude my-gemini-x"),
    ],
)
def test_a_name_tells_who_serves_such_models(maker: str | None, names: str) -> None:
    """Also for models that came later, and not for open models in their makers' tables."""
    assert {name: maker_of(name) for name in names.split()} == dict.fromkeys(names.split(), maker)


def test_a_model_that_went_on_an_unknown_day_is_gone() -> None:
    gone = lifecycle_of("gemini", "gemini-1.5-pro")
    assert lifecycle_of("gemini", "models/gemini-1.5-pro") == gone
    assert (gone.status, gone.shutdown_date) == ("retired", None)
    assert gone.notice("gemini-1.5-pro").startswith("gemini-1.5-pro was switched off. Its provider recommends")


def test_a_model_lives_by_the_schedule_of_its_provider() -> None:
    assert lifecycle_of("azure", "gpt-4").status == "active"
    assert lifecycle_of("openai", "gpt-4-my-own").status == "active"


def test_the_day_decides_whether_a_model_is_gone() -> None:
    today = datetime.now(UTC).date()
    soon, now = Lifecycle(shutdown_date=today + timedelta(days=1)), Lifecycle(shutdown_date=today, replacement="m-2")
    assert (soon.status, now.status, Lifecycle().status) == ("deprecated", "retired", "active")
    assert soon.notice("m-1") == f"m-1 will be switched off on {today + timedelta(days=1)}."
    assert now.notice("m-1") == f"m-1 was switched off on {today}. Its provider recommends m-2."
    assert Lifecycle().notice("m-1") == ""


def test_every_fact_has_its_source() -> None:
    known = [fact for table in TABLES for fact in table.MODELS.values()]
    ends = [end for table in TABLES for end in getattr(table, "LIFECYCLES", {}).values()]
    assert [row for row in [*known, *ends] if not row.source.startswith("https://")] == []


def test_every_tokenizer_that_is_named_is_one() -> None:
    named = {fact.tokenizer for table in TABLES for fact in table.MODELS.values()} - {None}
    assert named <= set(FAMILIES)
    assert get_args(settings.Tokenizer) == tuple(FAMILIES)


KNOWN_BETTER = {
    "gpt-3.5-turbo-instruct",  # 4,096 by OpenAI's page; the book has its sibling's
    "gemini-1.5-pro",  # 2,097,152 by Google's page
}


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
def test_contexts_agree_with_the_price_books(provider: str) -> None:
    """It rounds: 1,000,000 for 1,048,576."""
    (listed,) = [made for made in providers if made.id == provider]
    differ = {
        model.id: (ours, model.context_window)
        for model in listed.models
        if model.id not in KNOWN_BETTER
        and model.context_window
        and (ours := traits_of(model.id).context) is not None
        and not 0.97 <= ours / model.context_window <= 1.06
    }
    assert differ == {}
