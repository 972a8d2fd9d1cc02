"""What a reply costs: the usage as its provider tells it, and the sum by hand from the provider's price page.

A sum is of ``COUNT@USD`` per 1M tokens, ``COUNT@USD/k`` per 1,000, ``COUNT@USD/each``, and ``SECONDS@USD/min``. Its
rates are those of the page as it was stored in autumn 2026, typed here and not taken from the price book.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

import pytest
from msgspec import structs

from tests.support.usages import usage_told
from turnout.core import Price
from turnout.prices import price_book

DAY: Final = date(2026, 11, 30)
ANTHROPIC: Final = "https://platform.claude.com/docs/en/about-claude/pricing"
LONG: Final = "long-context-pricing"
OPENAI: Final = "https://developers.openai.com/api/docs/pricing"
GOOGLE: Final = "https://ai.google.dev/gemini-api/docs/pricing"
PAGES: Final = {"anthropic": ANTHROPIC, "openai": OPENAI, "google": GOOGLE}
_UNITS: Final = {"": Decimal(10**6), "k": Decimal(1000), "each": Decimal(1), "min": Decimal(60)}


class Case(NamedTuple):
    source: str
    model: str
    wire: str
    reply: dict[str, Any]
    by_hand: str
    section: str = ""

    @property
    def page(self) -> str:
        return PAGES[self.source] + (f"#{self.section}" if self.section else "")


def picodollars(by_hand: str) -> int:
    total = Decimal(0)
    for term in by_hand.split(" + "):
        count, _, price = term.partition("@")
        rate, _, unit = price.partition("/")
        total += Decimal(count) * Decimal(rate) / _UNITS[unit]
    exact = total * 10**12
    assert exact == int(exact), "the sum isn't of whole picodollars"
    return int(exact)


def price_of(source: str, model: str) -> Price:
    book = price_book()
    price = book.price_of(source, model, DAY)
    assert price is not None
    return structs.replace(price, others=lambda name: book.price_of(source, name, DAY))


# --- Anthropic ---------------------------------------------------------------------------------------


def claude(
    model: str,
    by_hand: str,
    *,
    fresh: int = 0,
    read: int = 0,
    minutes: int = 0,
    hour: int = 0,
    out: int = 0,
    section: str = "model-pricing",
    **more: Any,
) -> Case:
    """``minutes`` and ``hour`` are the tokens that were written to the cache for so long."""
    usage = {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": minutes + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": out,
        "service_tier": "standard",
        "inference_geo": "global",
    }
    return Case("anthropic", model, "anthropic", {"usage": usage | more}, by_hand, section)


def each_class(model: str, fresh: str, minutes: str, hour: str, read: str, out: str, **more: Any) -> Case:
    """A row of the page's table: the five prices of a model."""
    by_hand = f"1234@{fresh} + 456@{minutes} + 100@{hour} + 1800@{read} + 503@{out}"
    return claude(model, by_hand, fresh=1234, read=1800, minutes=456, hour=100, out=503, **more)


def anthropic_cases() -> Iterator[Case]:
    for row in (
        ("claude-fable-5-1", "10", "12.50", "20", "0.25", "50"),
        ("claude-fable-5", "10", "12.50", "20", "1", "50"),
        ("claude-opus-5-5", "4", "5", "8", "0.20", "20"),
        ("claude-opus-5", "5", "6.25", "10", "0.50", "25"),
        ("claude-sonnet-5", "2", "2.50", "4", "0.20", "10"),
        ("claude-opus-4-8", "5", "6.25", "10", "0.50", "25"),
        ("claude-opus-4-7", "5", "6.25", "10", "0.50", "25"),
        ("claude-opus-4-6", "5", "6.25", "10", "0.50", "25"),
        ("claude-opus-4-5", "5", "6.25", "10", "0.50", "25"),
        ("claude-opus-4-1-20250805", "15", "18.75", "30", "1.50", "75"),
        ("claude-sonnet-4-6", "3", "3.75", "6", "0.30", "15"),
        ("claude-sonnet-4-5-20250929", "3", "3.75", "6", "0.30", "15"),
        ("claude-sonnet-4-20250514", "3", "3.75", "6", "0.30", "15"),
        ("claude-haiku-4-5", "1", "1.25", "2", "0.10", "5"),
        ("claude-3-5-haiku-20241022", "0.80", "1", "1.60", "0.08", "4"),
    ):
        yield each_class(*row)
    for model, fresh, out in (
        ("claude-fable-5-1", "5", "25"),
        ("claude-fable-5", "5", "25"),
        ("claude-opus-5-5", "2", "10"),
        ("claude-opus-5", "2.50", "12.50"),
        ("claude-sonnet-5", "1", "5"),
        ("claude-opus-4-7", "2.50", "12.50"),
        ("claude-sonnet-4-6", "1.50", "7.50"),
        ("claude-haiku-4-5", "0.50", "2.50"),
    ):
        by_hand = f"100000@{fresh} + 1000@{out}"
        yield claude(model, by_hand, fresh=100_000, out=1000, service_tier="batch", section="batch-processing")
    for model, fresh, read, out in (
        ("claude-opus-5-5", "8", "0.40", "40"),
        ("claude-opus-5", "10", "1", "50"),
        ("claude-opus-4-8", "10", "1", "50"),
        ("claude-opus-4-7", "30", "3", "150"),
        ("claude-opus-4-6", "30", "3", "150"),
    ):
        by_hand = f"90000@{fresh} + 10000@{read} + 1000@{out}"
        yield claude(model, by_hand, fresh=90_000, read=10_000, out=1000, speed="fast", section="fast-mode-pricing")
    for row in (
        ("claude-opus-4-7", "5.5", "6.875", "11", "0.55", "27.5"),
        ("claude-opus-5-5", "4.4", "5.5", "8.8", "0.22", "22"),
        ("claude-sonnet-4-6", "3.3", "4.125", "6.6", "0.33", "16.5"),
        ("claude-fable-5-1", "11", "13.75", "22", "0.275", "55"),
        ("claude-sonnet-4-5", "3", "3.75", "6", "0.30", "15"),  # older than 4.6
        ("claude-haiku-4-5", "1", "1.25", "2", "0.10", "5"),
    ):
        yield each_class(*row, inference_geo="us", section="data-residency-pricing")
    fast_us: dict[str, Any] = {"speed": "fast", "inference_geo": "us"}
    yield claude("claude-opus-5", "1000@11 + 10@55", fresh=1000, out=10, **fast_us, section="fast-mode-pricing")
    yield claude("claude-opus-4-7", "6@5 + 100000@6.25 + 1000@25", fresh=6, minutes=100_000, out=1000)
    yield claude("claude-opus-4-7", "6@5 + 100000@10 + 1000@25", fresh=6, hour=100_000, out=1000)
    yield claude("claude-opus-4-7", "900000@5 + 100@25", fresh=900_000, out=100, section=LONG)
    yield claude("claude-sonnet-4-6", "800000@3 + 100000@0.30 + 9@15", fresh=800_000, read=100_000, out=9, section=LONG)
    yield claude("claude-haiku-5-5", "100000@0.10 + 10@0.50", fresh=100_000, out=10, section=LONG)
    yield claude("claude-haiku-5-5", "100001@0.50 + 10@2.50", fresh=100_001, out=10, section=LONG)
    yield claude(
        "claude-haiku-5-5",
        "1@0.50 + 100000@0.05 + 10@2.50",
        fresh=1,
        read=100_000,
        out=10,
        section=LONG,
    )
    thought: dict[str, Any] = {"output_tokens_details": {"thinking_tokens": 139}}
    yield claude("claude-opus-5", "51@5 + 1699@25", fresh=51, out=1699, **thought)
    searched: dict[str, Any] = {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 2}}
    yield claude(
        "claude-opus-4-7", "100000@5 + 1000@25 + 3@10/k", fresh=100_000, out=1000, **searched, section="web-search-tool"
    )
    batch = {"service_tier": "batch"} | searched
    yield claude("claude-sonnet-5", "10@1 + 10@5 + 3@10/k", fresh=10, out=10, **batch, section="batch-processing")
    us = {"inference_geo": "us"} | searched
    yield claude("claude-opus-5-5", "10@4.4 + 10@22 + 3@10/k", fresh=10, out=10, **us, section="data-residency-pricing")
    code: dict[str, Any] = {"server_tool_use": {"code_execution_requests": 1}}
    yield claude("claude-opus-5", "105@5 + 239@25", fresh=105, out=239, **code, section="code-execution-tool")
    yield claude("claude-opus-5", "105@5 + 239@25", fresh=105, out=239, service_tier="priority")
    advised = [
        {"type": "message", "input_tokens": 412, "output_tokens": 89},
        {"type": "advisor_message", "model": "claude-fable-5", "input_tokens": 823, "output_tokens": 1612},
        {"type": "message", "input_tokens": 1348, "cache_read_input_tokens": 412, "output_tokens": 442},
    ]
    yield claude(
        "claude-sonnet-4-6",
        "1760@3 + 412@0.30 + 531@15 + 823@10 + 1612@50",
        fresh=412,
        out=531,
        iterations=advised,
        section="tool-use-pricing",
    )
    compacted = [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
        {"type": "message", "input_tokens": 23_000, "output_tokens": 1000},
    ]
    yield claude(
        "claude-opus-4-7",
        "203000@5 + 4500@25",
        fresh=23_000,
        out=1000,
        iterations=compacted,
        section="tool-use-pricing",
    )
    fallen_back = [
        {"type": "message", "model": "claude-fable-5", "input_tokens": 408, "output_tokens": 0},
        {"type": "fallback_message", "model": "claude-opus-4-8", "input_tokens": 412, "output_tokens": 264},
    ]
    yield claude("claude-fable-5", "412@5 + 264@25", fresh=412, out=264, iterations=fallen_back)


# --- OpenAI ------------------------------------------------------------------------------------------


def gpt(
    model: str,
    by_hand: str,
    *,
    prompt: int = 0,
    cached: int = 0,
    written: int = 0,
    out: int = 0,
    sound_in: int = 0,
    sound_out: int = 0,
    tier: str = "default",
    section: str = "latest-pricing",
) -> Case:
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": out,
        "total_tokens": prompt + out,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written, "audio_tokens": sound_in},
        "completion_tokens_details": {"reasoning_tokens": out // 2 if not sound_out else 0, "audio_tokens": sound_out},
    }
    return Case("openai", model, "chat", {"usage": usage, "service_tier": tier}, by_hand, section)


def short(
    model: str, fresh: str, cached: str, out: str, tier: str = "default", section: str = "latest-pricing"
) -> Case:
    by_hand = f"86@{fresh} + 1920@{cached} + 300@{out}"
    return gpt(model, by_hand, prompt=2006, cached=1920, out=300, tier=tier, section=section)


def openai_cases() -> Iterator[Case]:
    for row in (
        ("gpt-6-astra", "10", "1", "50"),
        ("gpt-5.6-terra", "2", "0.20", "12"),
        ("gpt-5.6-luna", "0.20", "0.02", "1.20"),
        ("gpt-5.5", "5", "0.50", "30"),
        ("gpt-5.4", "2.50", "0.25", "15"),
        ("gpt-5.4-mini", "0.75", "0.075", "4.50"),
        ("gpt-5.4-nano", "0.20", "0.02", "1.25"),
        ("gpt-5.2", "1.75", "0.175", "14"),
        ("gpt-5", "1.25", "0.125", "10"),
        ("gpt-5-mini", "0.25", "0.025", "2"),
        ("gpt-5-nano", "0.05", "0.005", "0.40"),
        ("gpt-4.1", "2", "0.50", "8"),
        ("gpt-4o", "2.50", "1.25", "10"),
        ("gpt-4o-mini-2024-07-18", "0.15", "0.075", "0.60"),
        ("o3", "2", "0.50", "8"),
        ("o4-mini", "1.10", "0.275", "4.40"),
    ):
        yield short(*row)
    for row in (
        ("gpt-6-astra", "5", "0.50", "25"),
        ("gpt-5.6-terra", "1", "0.10", "6"),
        ("gpt-5.5", "2.50", "0.25", "15"),
        ("gpt-5.4", "1.25", "0.13", "7.50"),
        ("gpt-5", "0.625", "0.0625", "5"),
        ("gpt-5-mini", "0.125", "0.0125", "1"),
        ("o3", "1", "0.25", "4"),
    ):
        yield short(*row, tier="flex", section="latest-pricing (Flex)")
    for row in (
        ("gpt-6-astra", "20", "2", "100"),
        ("gpt-5.6-luna", "0.40", "0.04", "2.40"),
        ("gpt-5.5", "12.50", "1.25", "75"),
        ("gpt-5.4", "5", "0.50", "30"),
        ("gpt-5.2", "3.50", "0.35", "28"),
        ("gpt-5", "2.50", "0.25", "20"),
        ("gpt-4.1", "3.50", "0.875", "14"),
        ("gpt-4o", "4.25", "2.125", "17"),
        ("o3", "3.50", "0.875", "14"),
    ):
        yield short(*row, tier="priority", section="latest-pricing (Fast mode)")
        yield short(*row, tier="fast", section="latest-pricing (Fast mode)")
    for row in (
        ("gpt-6-astra", "5", "0.50", "25"),
        ("gpt-5", "0.625", "0.0625", "5"),
        ("gpt-4o", "1.25", "1.25", "5"),  # the table has no price of cached input
    ):
        yield short(*row, tier="batch", section="latest-pricing (Batch)")
    yield gpt("gpt-5.5", "272000@5 + 10@30", prompt=272_000, out=10)
    yield gpt("gpt-5.5", "272001@10 + 10@45", prompt=272_001, out=10)
    yield gpt("gpt-5.5", "172001@10 + 100000@1 + 10@45", prompt=272_001, cached=100_000, out=10)
    yield gpt("gpt-5.4", "300000@5 + 10@22.50", prompt=300_000, out=10)
    yield gpt("gpt-6-astra", "300000@20 + 10@75", prompt=300_000, out=10)
    yield gpt("gpt-5.4", "300000@2.50 + 10@11.25", prompt=300_000, out=10, tier="flex")
    yield gpt("gpt-6-astra", "300000@40 + 10@150", prompt=300_000, out=10, tier="priority")
    yield gpt("gpt-6-astra", "900@10 + 1000@1 + 100@12.50 + 10@50", prompt=2000, cached=1000, written=100, out=10)
    yield gpt("gpt-5.6-terra", "1000@2 + 1000@2.50", prompt=2000, written=1000)
    yield gpt("gpt-5.6-terra", "1000@1 + 1000@1.25", prompt=2000, written=1000, tier="flex")
    yield gpt("gpt-4o", "100@2.50 + 10@10", prompt=100, out=10, tier="someday")
    yield gpt("gpt-audio", "14@2.50 + 80@32 + 30@10 + 100@64", prompt=94, sound_in=80, out=130, sound_out=100)
    yield gpt("gpt-audio-mini", "14@0.60 + 80@10 + 30@2.40 + 100@20", prompt=94, sound_in=80, out=130, sound_out=100)
    yield from openai_tools()
    yield from openai_media()


def response(model: str, by_hand: str, *items: dict[str, Any], tier: str = "default") -> Case:
    usage = {"input_tokens": 328, "input_tokens_details": {"cached_tokens": 128}, "output_tokens": 52}
    reply = {"usage": usage, "service_tier": tier, "output": list(items)}
    return Case("openai", model, "responses", reply, by_hand, "built-in-tools")


def openai_tools() -> Iterator[Case]:
    search = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "a"}}
    page = {"type": "web_search_call", "status": "completed", "action": {"type": "open_page", "url": "b"}}
    files = {"type": "file_search_call", "status": "completed", "queries": ["a"]}
    code = {"type": "code_interpreter_call", "status": "completed", "container_id": "cntr_1"}
    other_code = code | {"container_id": "cntr_2"}
    tokens = "200@1.25 + 128@0.125 + 52@10"
    yield response("gpt-5", tokens)
    yield response("gpt-5", f"{tokens} + 1@10/k", search)
    yield response("gpt-5", f"{tokens} + 2@10/k", search, page, search)
    yield response("gpt-5", f"{tokens} + 1@2.50/k", files)
    yield response("gpt-5", f"{tokens} + 1@0.03/each", code, code)
    yield response("gpt-5", f"{tokens} + 2@0.03/each", code, other_code)
    yield response("gpt-5", "200@2.50 + 128@0.25 + 52@20 + 1@10/k", search, tier="priority")
    yield response("gpt-4.1", "200@2 + 128@0.50 + 52@8 + 1@10/k + 1@2.50/k", search, files)


def openai_media() -> Iterator[Case]:
    def pictures(model: str, by_hand: str, text: int, image: int, out: int) -> Case:
        details = {"text_tokens": text, "image_tokens": image}
        usage = {"input_tokens": text + image, "output_tokens": out, "input_tokens_details": details}
        return Case("openai", model, "images", {"usage": usage}, by_hand, "image-generation-models")

    yield pictures("gpt-image-1", "10@5 + 40@10 + 1056@40", 10, 40, 1056)
    yield pictures("gpt-image-1.5", "10@5 + 40@8 + 1056@32", 10, 40, 1056)
    heard = {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "input_token_details": {"audio_tokens": 14}}
    minutes = {"type": "duration", "seconds": 37}
    transcription = "transcription-models"
    yield Case("openai", "gpt-4o-transcribe", "transcription", {"usage": heard}, "14@6 + 45@10", transcription)
    yield Case("openai", "whisper-1", "transcription", {"usage": minutes}, "37@0.006/min", transcription)
    yield Case("openai", "tts-1", "speech", {"input": "x" * 1234}, "1234@15", "realtime-and-audio")
    yield Case("openai", "tts-1-hd", "speech", {"input": "x" * 1234}, "1234@30", "realtime-and-audio")
    embedded = {"usage": {"prompt_tokens": 8000, "total_tokens": 8000}}
    yield Case("openai", "text-embedding-3-small", "embeddings", embedded, "8000@0.02", "embeddings")


# --- Google ------------------------------------------------------------------------------------------


def gemini(
    model: str,
    by_hand: str,
    *,
    prompt: int = 0,
    cached: int = 0,
    out: int = 0,
    thoughts: int = 0,
    searches: int = 0,
    candidate: dict[str, Any] | None = None,
    **more: Any,
) -> Case:
    usage = {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": cached,
        "candidatesTokenCount": out,
        "thoughtsTokenCount": thoughts,
        **more,
    }
    grounding = {"groundingMetadata": {"webSearchQueries": ["q"] * searches}} if searches else {}
    return Case("google", model, "gemini", {"usageMetadata": usage, "candidate": grounding}, by_hand, model)


def google_cases() -> Iterator[Case]:
    pro, flash = "gemini-2.5-pro", "gemini-2.5-flash"
    yield gemini(pro, "200000@1.25 + 30@10", prompt=200_000, out=10, thoughts=20)
    yield gemini(pro, "200001@2.50 + 30@15", prompt=200_001, out=10, thoughts=20)
    yield gemini(pro, "1000@1.25 + 9000@0.125 + 10@10", prompt=10_000, cached=9000, out=10)
    yield gemini(pro, "1000@2.50 + 300000@0.25 + 10@15", prompt=301_000, cached=300_000, out=10)
    yield gemini(pro, "1000@0.625 + 9000@0.125 + 10@5", prompt=10_000, cached=9000, out=10, serviceTier="flex")
    yield gemini(pro, "300000@1.25 + 10@7.50", prompt=300_000, out=10, serviceTier="flex")
    yield gemini(pro, "1000@2.25 + 9000@0.225 + 10@18", prompt=10_000, cached=9000, out=10, serviceTier="priority")
    yield gemini(pro, "300000@4.50 + 10@27", prompt=300_000, out=10, serviceTier="priority")
    yield gemini(pro, "300000@4.50 + 10@27", prompt=300_000, out=10, trafficType="ON_DEMAND_PRIORITY")
    yield gemini(pro, "300000@1.25 + 10@7.50", prompt=300_000, out=10, serviceTier="batch")
    yield gemini(pro, "9@1.25 + 5@10 + 1@35/k", prompt=9, out=5, searches=3)  # by prompt
    yield gemini(flash, "1000@0.30 + 10@2.50", prompt=1000, out=10)
    yield gemini(flash, "107@0.30 + 33@2.50", prompt=100, out=20, thoughts=13, toolUsePromptTokenCount=7)
    modalities = [{"modality": "TEXT", "tokenCount": 100}, {"modality": "AUDIO", "tokenCount": 900}]
    video = [{"modality": "TEXT", "tokenCount": 100}, {"modality": "VIDEO", "tokenCount": 900}]
    sound: dict[str, Any] = {"prompt": 1000, "out": 10, "promptTokensDetails": modalities}
    yield gemini(flash, "100@0.30 + 900@1 + 10@2.50", **sound)
    yield gemini(flash, "100@0.15 + 900@0.50 + 10@1.25", **sound, serviceTier="flex")
    yield gemini(flash, "100@0.54 + 900@1.80 + 10@4.50", **sound, serviceTier="priority")
    cached_sound = [{"modality": "AUDIO", "tokenCount": 500}]
    by_hand = "100@0.30 + 400@1 + 500@0.10 + 10@2.50"
    yield gemini(flash, by_hand, **sound, cached=500, cacheTokensDetails=cached_sound)
    yield gemini(flash, "1000@0.30 + 10@2.50", prompt=1000, out=10, promptTokensDetails=video)
    made = [{"modality": "TEXT", "tokenCount": 10}, {"modality": "IMAGE", "tokenCount": 1290}]
    yield gemini(
        "gemini-2.5-flash-image", "9@0.30 + 10@2.50 + 1290@30", prompt=9, out=1300, candidatesTokensDetails=made
    )
    newer = "gemini-3.1-pro-preview"
    yield gemini(newer, "200000@2 + 10@12", prompt=200_000, out=10)
    yield gemini(newer, "200001@4 + 10@18", prompt=200_001, out=10)
    yield gemini(newer, "9@2 + 5@12 + 3@14/k", prompt=9, out=5, searches=3)  # by search
    embedded = {"promptTokenCount": 1000, "promptTokensDetails": video}
    reply = {"usageMetadata": embedded}
    yield Case("google", "gemini-embedding-2", "gemini-embeddings", reply, "100@0.20 + 900@12", "gemini-embedding-2")


CASES: Final = [*anthropic_cases(), *openai_cases(), *google_cases()]


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{number}: {case.model}: {case.by_hand}" for number, case in enumerate(CASES)]
)
def test_a_reply_costs_what_the_price_page_says(case: Case) -> None:
    usage = usage_told(case.wire, case.reply)
    price = price_of(case.source, case.model)
    assert price.covers(usage)
    assert price.cost(usage) == picodollars(case.by_hand), case.page


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 104
    assert {case.page.partition("#")[0] for case in CASES} == set(PAGES.values())
