"""The usage that each provider's own documentation shows, in Turnout's form. Every way of a reply tells the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.usages import usage_told
from turnout.core import Extra, InnerUsage, Usage

CASES = {
    # https://platform.claude.com/docs/en/build-with-claude/prompt-caching#1-hour-cache-duration
    "anthropic: its input excludes the cache": (
        "anthropic",
        {
            "usage": {
                "input_tokens": 2048,
                "cache_read_input_tokens": 1800,
                "cache_creation_input_tokens": 248,
                "output_tokens": 503,
                "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
                "service_tier": "standard",
                "inference_geo": "global",
            }
        },
        Usage(input=2048 + 1800 + 248, cached_input=1800, cache_write=248, output=503, extra=Extra(cache_write_1h=100)),
    ),
    # https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool#usage-and-pricing
    "anthropic: searches": (
        "anthropic",
        {
            "usage": {
                "input_tokens": 105,
                "output_tokens": 6039,
                "cache_read_input_tokens": 7123,
                "cache_creation_input_tokens": 7345,
                "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 4},
            }
        },
        Usage(
            input=105 + 7123 + 7345,
            cached_input=7123,
            cache_write=7345,
            output=6039,
            extra=Extra(web_searches=1),
        ),
    ),
    # https://platform.claude.com/docs/en/build-with-claude/fast-mode, .../data-residency, .../api/service-tiers
    "anthropic: terms": (
        "anthropic",
        {
            "usage": {
                "input_tokens": 5,
                "output_tokens": 3,
                "speed": "fast",
                "inference_geo": "us",
                "service_tier": "priority",
                "output_tokens_details": {"thinking_tokens": 2},
                "server_tool_use": {"code_execution_requests": 1},
            }
        },
        Usage(
            input=5,
            output=3,
            reasoning=2,
            extra=Extra(speed="fast", region="us", service_tier="priority", code_executions=1),
        ),
    ),
    # https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool#usage-and-billing
    "anthropic: an advisor": (
        "anthropic",
        {
            "usage": {
                "input_tokens": 412,
                "cache_read_input_tokens": 0,
                "cache_creation_input_tokens": 0,
                "output_tokens": 531,
                "iterations": [
                    {"type": "message", "input_tokens": 412, "output_tokens": 89},
                    {"type": "advisor_message", "model": "claude-fable-5", "input_tokens": 823, "output_tokens": 1612},
                    {"type": "message", "input_tokens": 1348, "cache_read_input_tokens": 412, "output_tokens": 442},
                ],
            }
        },
        Usage(
            input=412 + 823 + 1348 + 412,
            cached_input=412,
            output=531 + 1612,
            extra=Extra(inner=(InnerUsage("claude-fable-5", Usage(input=823, output=1612)),)),
        ),
    ),
    # https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback
    "anthropic: a fallback": (
        "anthropic",
        {
            "usage": {
                "input_tokens": 412,
                "output_tokens": 264,
                "iterations": [
                    {"type": "message", "model": "claude-fable-5", "input_tokens": 408, "output_tokens": 0},
                    {"type": "fallback_message", "model": "claude-opus-4-8", "input_tokens": 412, "output_tokens": 264},
                ],
            }
        },
        Usage(
            input=412,
            output=264,
            extra=Extra(inner=(InnerUsage("claude-opus-4-8", Usage(input=412, output=264)),)),
        ),
    ),
    # https://platform.openai.com/docs/guides/prompt-caching, .../flex-processing, .../api-reference/chat/object
    "openai: its input includes the cache": (
        "chat",
        {
            "usage": {
                "prompt_tokens": 2006,
                "completion_tokens": 300,
                "total_tokens": 2306,
                "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 100, "audio_tokens": 0},
            },
            "service_tier": "flex",
        },
        Usage(input=2006, cached_input=1920, output=300, reasoning=100, extra=Extra(service_tier="flex")),
    ),
    "openai: the standard tier has two names": (
        "chat",
        {"usage": {"prompt_tokens": 5, "completion_tokens": 3}, "service_tier": "default"},
        Usage(input=5, output=3),
    ),
    "openai: the fast mode is the priority tier": (
        "chat",
        {"usage": {"prompt_tokens": 5, "completion_tokens": 3}, "service_tier": "fast"},
        Usage(input=5, output=3, extra=Extra(service_tier="priority")),
    ),
    # https://platform.openai.com/docs/guides/audio
    "openai: sound": (
        "chat",
        {
            "usage": {
                "prompt_tokens": 94,
                "completion_tokens": 130,
                "prompt_tokens_details": {"audio_tokens": 80},
                "completion_tokens_details": {"audio_tokens": 100},
            }
        },
        Usage(input=94, output=130, audio_input=80, audio_output=100),
    ),
    # https://platform.openai.com/docs/api-reference/responses/object, .../guides/tools-web-search
    "openai: responses with tools": (
        "responses",
        {
            "usage": {
                "input_tokens": 328,
                "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 8},
                "output_tokens": 52,
                "output_tokens_details": {"reasoning_tokens": 12},
                "total_tokens": 380,
            },
            "service_tier": "priority",
            "output": [
                {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "a"}},
                {"type": "web_search_call", "status": "completed", "action": {"type": "open_page", "url": "b"}},
                {"type": "web_search_call", "status": "failed", "action": {"type": "search", "query": "c"}},
                {"type": "file_search_call", "status": "completed", "queries": ["a"]},
                {"type": "code_interpreter_call", "status": "completed", "container_id": "cntr_1"},
                {"type": "code_interpreter_call", "status": "completed", "container_id": "cntr_1"},
                {"type": "message", "content": [{"type": "output_text", "text": "a"}]},
            ],
        },
        Usage(
            input=328,
            cached_input=20,
            cache_write=8,
            output=52,
            reasoning=12,
            extra=Extra(web_searches=1, file_searches=1, code_executions=1, service_tier="priority"),
        ),
    ),
    # https://platform.openai.com/docs/api-reference/images/object
    "openai: pictures": (
        "images",
        {
            "usage": {
                "total_tokens": 100,
                "input_tokens": 50,
                "output_tokens": 50,
                "input_tokens_details": {
                    "text_tokens": 10,
                    "image_tokens": 40,
                    "cached_tokens": 12,
                    "cached_tokens_details": {"image_tokens": 9},
                },
            }
        },
        Usage(input=50, cached_input=12, output=50, image_input=40, image_output=50, extra=Extra(cached_image=9)),
    ),
    "openai: pictures without tokens": ("images", {}, Usage(extra=Extra(images=1))),
    # https://platform.openai.com/docs/api-reference/audio/json-object
    "openai: heard by tokens": (
        "transcription",
        {
            "usage": {
                "type": "tokens",
                "input_tokens": 14,
                "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
                "output_tokens": 45,
                "total_tokens": 59,
            }
        },
        Usage(input=14, output=45, audio_input=14),
    ),
    "openai: heard by seconds": (
        "transcription",
        {"usage": {"type": "duration", "seconds": 36.2}},
        Usage(extra=Extra(seconds=37)),
    ),
    "openai: spoken": ("speech", {"input": "The quick brown fox"}, Usage(extra=Extra(characters=19))),
    "openai: embedded": ("embeddings", {"usage": {"prompt_tokens": 8, "total_tokens": 8}}, Usage(input=8)),
    # https://learn.microsoft.com/azure/ai-foundry/openai/reference (DeepSeek behind it has reasoning at the top)
    "azure: reasoning at the top level": (
        "chat",
        {"usage": {"prompt_tokens": 19, "completion_tokens": 1720, "total_tokens": 1739, "reasoning_tokens": 9}},
        Usage(input=19, output=1720, reasoning=9),
    ),
    # https://ai.google.dev/api/generate-content#UsageMetadata
    "gemini: thoughts and tools are apart": (
        "gemini",
        {
            "usageMetadata": {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 60,
                "candidatesTokenCount": 20,
                "toolUsePromptTokenCount": 7,
                "thoughtsTokenCount": 13,
                "totalTokenCount": 140,
            }
        },
        Usage(input=107, cached_input=60, output=33, reasoning=13),
    ),
    "gemini: media": (
        "gemini",
        {
            "usageMetadata": {
                "promptTokenCount": 1000,
                "cachedContentTokenCount": 500,
                "candidatesTokenCount": 1300,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 100},
                    {"modality": "VIDEO", "tokenCount": 300},
                    {"modality": "AUDIO", "tokenCount": 600},
                ],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 500}],
                "candidatesTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 10},
                    {"modality": "IMAGE", "tokenCount": 1290},
                ],
            }
        },
        Usage(
            input=1000,
            cached_input=500,
            output=1300,
            audio_input=600,
            image_output=1290,
            extra=Extra(video_input=300, cached_audio=500),
        ),
    ),
    # https://ai.google.dev/gemini-api/docs/google-search#pricing, .../priority-inference
    "gemini: searches at a tier": (
        "gemini",
        {
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5, "serviceTier": "priority"},
            "candidate": {"groundingMetadata": {"webSearchQueries": ["a", "b", ""]}},
        },
        Usage(input=9, output=5, extra=Extra(web_searches=2, service_tier="priority")),
    ),
    # TrafficType of the package google-genai
    "vertex: its word for the tier": (
        "gemini",
        {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5, "trafficType": "ON_DEMAND_FLEX"}},
        Usage(input=9, output=5, extra=Extra(service_tier="flex")),
    ),
    # https://docs.ollama.com/api/usage
    "ollama": ("ollama", {"prompt_eval_count": 11, "eval_count": 18}, Usage(input=11, output=18)),
    # https://api-docs.deepseek.com/guides/kv_cache
    "deepseek": (
        "chat",
        {
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "total_tokens": 110,
                "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
                "completion_tokens_details": {"reasoning_tokens": 4},
            }
        },
        Usage(input=100, cached_input=64, output=10, reasoning=4),
    ),
    # https://github.com/vercel/ai, packages/openai-compatible, a recorded reply
    "xai: reasoning is apart, and the cost is told": (
        "chat",
        {
            "usage": {
                "prompt_tokens": 12,
                "completion_tokens": 2,
                "total_tokens": 354,
                "prompt_tokens_details": {"text_tokens": 12, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 11},
                "completion_tokens_details": {"reasoning_tokens": 340, "audio_tokens": 0},
                "num_sources_used": 0,
                "cost_in_usd_ticks": 1721250,
            }
        },
        Usage(input=12, cached_input=11, output=342, reasoning=340, extra=Extra(told_cost=172_125_000)),
    ),
    # https://console.groq.com/docs/prompt-caching
    "groq": (
        "chat",
        {
            "usage": {
                "queue_time": 0.02,
                "prompt_tokens": 4641,
                "prompt_time": 0.009,
                "completion_tokens": 1817,
                "completion_time": 5.5,
                "total_tokens": 6458,
                "total_time": 5.6,
                "prompt_tokens_details": {"cached_tokens": 4608},
            },
            "service_tier": "on_demand",
        },
        Usage(input=4641, cached_input=4608, output=1817),
    ),
    # https://docs.mistral.ai/capabilities/audio/
    "mistral: sound by seconds": (
        "chat",
        {"usage": {"prompt_audio_seconds": 203, "prompt_tokens": 3207, "completion_tokens": 36, "total_tokens": 3243}},
        Usage(input=3207, output=36, extra=Extra(seconds=203)),
    ),
    # https://openrouter.ai/docs/use-cases/usage-accounting
    "openrouter: its cost": (
        "chat",
        {
            "usage": {
                "prompt_tokens": 194,
                "completion_tokens": 2,
                "total_tokens": 196,
                "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 100, "video_tokens": 9},
                "cost": 0.00095,
                "cost_details": {"upstream_inference_cost": 0},
                "is_byok": False,
                "server_tool_use": {"web_search_requests": 2},
            }
        },
        Usage(
            input=194,
            cache_write=100,
            output=2,
            extra=Extra(video_input=9, web_searches=2, told_cost=950_000_000),
        ),
    ),
    "openrouter: its fee for a key of one's own is no cost": (
        "chat",
        {"usage": {"prompt_tokens": 4, "completion_tokens": 2, "cost": 0.1, "cost_details": {}, "is_byok": True}},
        Usage(input=4, output=2),
    ),
    "a cost in an unknown currency": (
        "chat",
        {"usage": {"prompt_tokens": 4, "completion_tokens": 2, "cost": 0.1}},
        Usage(input=4, output=2),
    ),
    # https://docs.perplexity.ai/api-reference/chat-completions-post
    "perplexity": (
        "chat",
        {
            "usage": {
                "prompt_tokens": 14,
                "completion_tokens": 20,
                "total_tokens": 34,
                "num_search_queries": 3,
                "cost": {"input_tokens_cost": 0.0, "output_tokens_cost": 0.0, "total_cost": 0.006},
            }
        },
        Usage(input=14, output=20, extra=Extra(web_searches=3, told_cost=6_000_000_000)),
    ),
    # https://platform.moonshot.ai/docs/api/chat
    "moonshot": (
        "chat",
        {"usage": {"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40, "cached_tokens": 10}},
        Usage(input=19, cached_input=10, output=21),
    ),
    # A proxy in front of Anthropic that leaves its habit.
    "a proxy that counts the cache beside the input": (
        "chat",
        {"usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 80}}},
        Usage(input=85, cached_input=80, output=2),
    ),
}


@pytest.mark.parametrize(("wire", "reply", "usage"), CASES.values(), ids=CASES)
def test_usage(wire: str, reply: dict[str, Any], usage: Usage) -> None:
    assert usage_told(wire, reply) == usage


@pytest.mark.parametrize("tier", [7, {}, "a tier " * 9, "x" * 99, True], ids=str)
def test_a_tier_that_is_no_word_is_none(tier: object) -> None:
    told = {"usage": {"prompt_tokens": 5, "completion_tokens": 3}, "service_tier": tier}
    assert usage_told("chat", told) == Usage(input=5, output=3)


def test_words_of_an_answer_are_no_tier() -> None:
    told = {"usage": {"prompt_tokens": 5}, "system_fingerprint": '"service_tier":"flex"'}
    assert usage_told("chat", told) == Usage(input=5)
