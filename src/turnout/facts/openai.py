"""OpenAI's models. Limits and modalities: https://developers.openai.com/api/docs/models/NAME"""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec.structs import replace

from turnout.core import Parameter

from .types import TEXT, TEXT_AND_IMAGES, TEXT_IMAGES_AND_FILES, Facts, Lifecycle

_MODELS: Final = "https://developers.openai.com/api/docs/models"
_REASONING: Final = "https://developers.openai.com/api/docs/guides/reasoning"
_DEPRECATIONS: Final = "https://developers.openai.com/api/docs/deprecations"

SAMPLING: Final[frozenset[Parameter]] = frozenset(
    {"temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"}
)
"""Models that think refuse these: the o series, GPT-5 and GPT-6. GPT-5.1 to 5.5 take ``temperature``, ``top_p`` and
``logprobs`` from a client that sets the reasoning effort "none"."""

_EFFORTS: Final = ("low", "medium", "high")
"""OpenAI's errors name the efforts of a model: "Supported values are: …"
(https://github.com/openai/openai-agents-python/issues/2089, https://github.com/anomalyco/opencode/issues/4451).
"""

_GPT_35: Final = Facts(
    context=16_385, max_output=4_096, inputs=TEXT, thinking="never", tokenizer="cl100k", source=_MODELS
)
_GPT_4O: Final = Facts(
    context=128_000,
    max_output=16_384,
    inputs=TEXT_IMAGES_AND_FILES,
    thinking="never",
    tokenizer="o200k",
    source=_MODELS,
)
_GPT_41: Final = replace(_GPT_4O, context=1_047_576, max_output=32_768)
_REASONING_MODEL: Final = Facts(
    context=200_000,
    max_output=100_000,
    inputs=TEXT_IMAGES_AND_FILES,
    refuses=frozenset({"max_tokens"}),
    refuses_thinking=SAMPLING,
    thinking="always",
    efforts=_EFFORTS,
    tokenizer="o200k-reasoning",
    source=_REASONING,
)
_GPT_5: Final = replace(_REASONING_MODEL, context=400_000, max_output=128_000, efforts=("minimal", *_EFFORTS))
_GPT_51: Final = replace(_GPT_5, thinking="optional", efforts=("none", *_EFFORTS))
_GPT_52: Final = replace(_GPT_51, efforts=("none", *_EFFORTS, "xhigh"))
_GPT_54: Final = replace(_GPT_52, context=1_050_000)
_CODEX: Final = replace(_GPT_5, efforts=_EFFORTS)
_OPEN: Final = Facts(
    context=131_072,
    max_output=131_072,
    inputs=TEXT,
    thinking="always",
    efforts=_EFFORTS,
    tokenizer="o200k-reasoning",
    source=_MODELS,
)
_EMBEDDING: Final = Facts(
    context=8_192, inputs=TEXT, outputs=frozenset({"embedding"}), tokenizer="cl100k", source=_MODELS
)
_AUDIO: Final = frozenset({"audio"})
_PICTURES: Final = Facts(inputs=TEXT_AND_IMAGES, outputs=frozenset({"image"}), source=_MODELS)
_SPEECH: Final = Facts(inputs=TEXT, outputs=_AUDIO, source=_MODELS)
_TRANSCRIBES: Final = Facts(inputs=_AUDIO, source=_MODELS)

MODELS: Final = {
    "text-davinci-003": Facts(context=4_097, inputs=TEXT, thinking="never", source=_DEPRECATIONS),
    "gpt-3.5-turbo": _GPT_35,
    "gpt-35-turbo": _GPT_35,
    "gpt-3.5-turbo-instruct": replace(_GPT_35, context=4_096),
    "gpt-4": replace(_GPT_35, context=8_192, max_output=8_192),
    "gpt-4-32k": replace(_GPT_35, context=32_768, max_output=32_768),
    "gpt-4-vision-preview": replace(_GPT_35, context=128_000, max_output=4_096, inputs=TEXT_AND_IMAGES),
    "gpt-4-turbo": replace(_GPT_35, context=128_000, max_output=4_096, inputs=TEXT_AND_IMAGES),
    "gpt-4-1106-preview": replace(_GPT_35, context=128_000, max_output=4_096),
    "gpt-4-0125-preview": replace(_GPT_35, context=128_000, max_output=4_096),
    "gpt-4o": _GPT_4O,
    "gpt-4o-2024-05-13": replace(_GPT_4O, max_output=4_096),
    "gpt-4o-mini": _GPT_4O,
    "gpt-4o-audio-preview": replace(_GPT_4O, inputs=TEXT | _AUDIO, outputs=TEXT | _AUDIO),
    "gpt-4o-mini-audio-preview": replace(_GPT_4O, inputs=TEXT | _AUDIO, outputs=TEXT | _AUDIO),
    "gpt-4o-search-preview": replace(_GPT_4O, inputs=TEXT),
    "gpt-4o-mini-search-preview": replace(_GPT_4O, inputs=TEXT),
    "gpt-4o-realtime-preview": Facts(source=_MODELS),
    "gpt-4o-mini-realtime-preview": Facts(source=_MODELS),
    "gpt-4o-transcribe": _TRANSCRIBES,
    "gpt-4o-mini-transcribe": _TRANSCRIBES,
    "gpt-4o-mini-tts": _SPEECH,
    "chatgpt-4o-latest": _GPT_4O,
    "gpt-4.1": _GPT_41,
    "gpt-4.1-mini": _GPT_41,
    "gpt-4.1-nano": _GPT_41,
    "o1": _REASONING_MODEL,
    "o1-preview": replace(_REASONING_MODEL, context=128_000, max_output=32_768, inputs=TEXT),
    "o1-mini": replace(_REASONING_MODEL, context=128_000, max_output=65_536, inputs=TEXT),
    "o3": _REASONING_MODEL,
    "o3-mini": replace(_REASONING_MODEL, inputs=TEXT),
    "o4-mini": _REASONING_MODEL,
    "codex-mini": _REASONING_MODEL,
    "gpt-5": _GPT_5,
    "gpt-5-mini": _GPT_5,
    "gpt-5-nano": _GPT_5,
    "gpt-5-codex": _CODEX,
    "gpt-5-pro": replace(_GPT_5, max_output=272_000, efforts=("high",)),
    # The only chat model of its generation without reasoning, so it samples as GPT-4 did.
    "gpt-5-chat": replace(_GPT_4O, refuses=frozenset({"max_tokens"}), inputs=TEXT_AND_IMAGES),
    "gpt-5.1": _GPT_51,
    "gpt-5.1-codex": replace(_GPT_51, efforts=_EFFORTS),
    "gpt-5.1-codex-max": replace(_GPT_51, efforts=(*_EFFORTS, "xhigh")),
    "gpt-5.2": _GPT_52,
    "gpt-5.2-codex": replace(_GPT_52, efforts=(*_EFFORTS, "xhigh")),
    "gpt-5.3": replace(_GPT_52, context=None, max_output=None),
    "gpt-5.3-codex": replace(_GPT_52, efforts=(*_EFFORTS, "xhigh")),
    "gpt-5.4": _GPT_54,
    "gpt-5.4-mini": _GPT_52,
    "gpt-5.4-nano": _GPT_52,
    "gpt-5.5": _GPT_54,
    "gpt-5.6": _GPT_54,
    "gpt-6": _GPT_54,
    "gpt-6.1": _GPT_54,
    "gpt-chat-latest": replace(_GPT_52, context=None, max_output=None),
    "gpt-oss": _OPEN,
    "text-embedding-ada-002": _EMBEDDING,
    "text-embedding-3-small": _EMBEDDING,
    "text-embedding-3-large": _EMBEDDING,
    "dall-e-2": _PICTURES,
    "dall-e-3": replace(_PICTURES, inputs=TEXT),
    "gpt-image": _PICTURES,
    "whisper-1": _TRANSCRIBES,
    "tts-1": _SPEECH,
    "tts-1-hd": _SPEECH,
}
"""By the name, or by the beginning of the name: see ``lookup``."""

LATER: Final = replace(_GPT_5, context=None, max_output=None, efforts=None)
"""Generations after those in ``MODELS``: the facts that all models since GPT-5 share."""


def _off(year: int, month: int, day: int, replacement: str = "") -> Lifecycle:
    return Lifecycle(shutdown_date=date(year, month, day), replacement=replacement, source=_DEPRECATIONS)


_JANUARY: Final = _off(2027, 1, 14, "gpt-6-luna")
_OCTOBER_SOL: Final = _off(2026, 10, 23, "gpt-5.6-sol")
_DECEMBER_SOL: Final = _off(2026, 12, 11, "gpt-5.6-sol")

LIFECYCLES: Final = {
    "text-davinci-003": _off(2024, 1, 4, "gpt-3.5-turbo-instruct"),
    "gpt-3.5-turbo-instruct": _off(2026, 9, 28),
    "gpt-3.5-turbo": _off(2026, 10, 23, "gpt-5.6-terra"),
    "gpt-3.5-turbo-0125": _off(2026, 10, 23, "gpt-5.6-terra"),
    "gpt-4": _OCTOBER_SOL,
    "gpt-4-0613": _OCTOBER_SOL,
    "gpt-4-1106-preview": _OCTOBER_SOL,
    "gpt-4-turbo": _OCTOBER_SOL,
    "gpt-4-turbo-2024-04-09": _OCTOBER_SOL,
    "gpt-4o-2024-05-13": _OCTOBER_SOL,
    "gpt-4.1-nano": _off(2026, 10, 23),
    "gpt-4.1-nano-2025-04-14": _off(2026, 10, 23),
    "o1": _OCTOBER_SOL,
    "o1-2024-12-17": _OCTOBER_SOL,
    "o1-pro": _OCTOBER_SOL,
    "o3-mini": _OCTOBER_SOL,
    "o3-mini-2025-01-31": _OCTOBER_SOL,
    "o4-mini": _off(2026, 10, 23, "gpt-5.6-terra"),
    "o4-mini-2025-04-16": _off(2026, 10, 23, "gpt-5.6-terra"),
    "gpt-image-1": _off(2026, 10, 23, "gpt-image-2.5-sunburst"),
    "gpt-5": _DECEMBER_SOL,
    "gpt-5-2025-08-07": _DECEMBER_SOL,
    "gpt-5-mini": _off(2026, 12, 11, "gpt-5.6-terra"),
    "gpt-5-mini-2025-08-07": _off(2026, 12, 11, "gpt-5.6-terra"),
    "gpt-5-nano": _off(2026, 12, 11, "gpt-5.6-luna"),
    "gpt-5-nano-2025-08-07": _off(2026, 12, 11, "gpt-5.6-luna"),
    "gpt-5-pro": _DECEMBER_SOL,
    "o3": _DECEMBER_SOL,
    "o3-2025-04-16": _DECEMBER_SOL,
    "o3-pro": _DECEMBER_SOL,
    "gpt-4o": _JANUARY,
    "gpt-4o-2024-08-06": _JANUARY,
    "gpt-4o-2024-11-20": _JANUARY,
    "gpt-4o-mini": _JANUARY,
    "gpt-4o-mini-2024-07-18": _JANUARY,
    "gpt-4.1": _JANUARY,
    "gpt-4.1-2025-04-14": _JANUARY,
    "gpt-4.1-mini": _JANUARY,
    "gpt-4.1-mini-2025-04-14": _JANUARY,
    "gpt-5.1": _off(2027, 4, 1),
    "gpt-5.3-codex": _off(2027, 4, 1),
    "gpt-5.4-nano": _off(2027, 4, 1),
    "dall-e-2": _off(2026, 5, 12, "gpt-image-2.5-sunburst"),
    "dall-e-3": _off(2026, 5, 12, "gpt-image-2.5-sunburst"),
    "gpt-image-1-mini": _off(2026, 12, 1, "gpt-image-2.5-flare"),
    "gpt-image-1.5": _off(2026, 12, 1, "gpt-image-2.5-sunburst"),
    "whisper-1": _off(2027, 2, 26, "gpt-transcribe"),
    "gpt-4o-transcribe": _off(2027, 2, 26, "gpt-transcribe"),
    "gpt-4o-mini-transcribe": _off(2027, 2, 26, "gpt-transcribe"),
    "tts-1": _off(2027, 1, 6),
    "tts-1-hd": _off(2027, 1, 6),
    "gpt-4o-mini-tts": _off(2027, 1, 6),
}
"""By whole names. A dated model may be served longer than the name without a date."""
