"""Anthropic's models."""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec.structs import replace

from turnout.core import ImageLimits, Parameter

from .types import TEXT_IMAGES_AND_FILES, Facts, Lifecycle

_MODELS: Final = "https://platform.claude.com/docs/en/about-claude/models/overview"
_MIGRATION: Final = "https://platform.claude.com/docs/en/about-claude/models/migration-guide"
_DEPRECATIONS: Final = "https://platform.claude.com/docs/en/about-claude/model-deprecations"

SAMPLING: Final[frozenset[Parameter]] = frozenset({"temperature", "top_p", "top_k"})

_LARGE_IMAGES: Final = ImageLimits(long_edge=2576, bytes=5 * 1024 * 1024 * 3 // 4, number=600, many=20, many_edge=2000)
"""For Opus 4.7 and later; 5 MB of base64 for each image. https://platform.claude.com/docs/en/build-with-claude/vision"""

_CLAUDE_3: Final = Facts(
    context=200_000,
    max_output=4_096,
    inputs=TEXT_IMAGES_AND_FILES,
    thinking="never",
    schemas="never",
    continues=True,
    tokenizer="claude",
    source=_MODELS,
)
_CLAUDE_4: Final = replace(_CLAUDE_3, max_output=64_000, thinking="optional")
# https://platform.claude.com/docs/en/build-with-claude/structured-outputs: from 4.5 on.
_CLAUDE_45: Final = replace(_CLAUDE_4, schemas="always", tokenizer="claude-4.5")
# "Prefilling assistant messages returns a 400 error on Claude 4.6 models", and on later ones.
_CLAUDE_46: Final = replace(
    _CLAUDE_45, context=1_000_000, max_output=128_000, prefill=False, continues=False, source=_MIGRATION
)
# Opus 4.7 and 4.8, and all of generation 5: 400 "`temperature` is deprecated for this model". They refuse
# ``thinking.budget_tokens`` too, which is no parameter of sampling.
_CLAUDE_47: Final = replace(_CLAUDE_46, refuses=SAMPLING, tokenizer="claude-2026", images=_LARGE_IMAGES)

LATER: Final = replace(_CLAUDE_47, context=None, max_output=None)
"""Generations after those in ``MODELS``."""

MODELS: Final = {
    "claude-2": replace(_CLAUDE_3, inputs=frozenset({"text"})),
    "claude-3": _CLAUDE_3,
    "claude-3-5-sonnet": replace(_CLAUDE_3, max_output=8_192),
    "claude-3-5-haiku": replace(_CLAUDE_3, max_output=8_192),
    "claude-3-7-sonnet": replace(_CLAUDE_4, max_output=128_000),  # with the beta output-128k-2025-02-19
    "claude-opus-4": replace(_CLAUDE_4, max_output=32_000),
    "claude-sonnet-4": _CLAUDE_4,
    "claude-opus-4-5": _CLAUDE_45,
    "claude-sonnet-4-5": _CLAUDE_45,
    "claude-haiku-4-5": _CLAUDE_45,
    "claude-opus-4-6": _CLAUDE_46,
    "claude-sonnet-4-6": _CLAUDE_46,
    "claude-opus-4-7": _CLAUDE_47,
    "claude-opus-4-8": _CLAUDE_47,
    "claude-opus-4-9": LATER,
    "claude-opus-5": _CLAUDE_47,
    "claude-sonnet-5": _CLAUDE_47,
    "claude-haiku-5": replace(_CLAUDE_47, max_output=None),
    "claude-fable": replace(_CLAUDE_47, thinking="always"),
    "claude-mythos": replace(_CLAUDE_47, max_output=None),
}
"""By the name, or by the beginning of the name: see ``lookup``."""


def _off(year: int, month: int, day: int, replacement: str = "") -> Lifecycle:
    return Lifecycle(shutdown_date=date(year, month, day), replacement=replacement, source=_DEPRECATIONS)


_JULY: Final = _off(2025, 7, 21)
_OPUS_3: Final = _off(2026, 1, 5)
_HAIKU_3: Final = _off(2026, 4, 20, "claude-haiku-4-5")
_SONNET_35: Final = _off(2025, 10, 28)
_SONNET_37: Final = _off(2026, 2, 19)
_HAIKU_35: Final = _off(2026, 2, 19, "claude-haiku-4-5")
_SONNET_4: Final = _off(2026, 6, 15, "claude-sonnet-4-6")
_OPUS_4: Final = _off(2026, 6, 15, "claude-opus-4-8")

LIFECYCLES: Final = {
    "claude-2.0": _JULY,
    "claude-2.1": _JULY,
    "claude-3-sonnet": _JULY,
    "claude-3-sonnet-20240229": _JULY,
    "claude-3-opus": _OPUS_3,
    "claude-3-opus-latest": _OPUS_3,
    "claude-3-opus-20240229": _OPUS_3,
    "claude-3-haiku": _HAIKU_3,
    "claude-3-haiku-20240307": _HAIKU_3,
    "claude-3-5-sonnet-latest": _SONNET_35,
    "claude-3-5-sonnet-20240620": _SONNET_35,
    "claude-3-5-sonnet-20241022": _SONNET_35,
    "claude-3-5-haiku-latest": _HAIKU_35,
    "claude-3-5-haiku-20241022": _HAIKU_35,
    "claude-3-7-sonnet-latest": _SONNET_37,
    "claude-3-7-sonnet-20250219": _SONNET_37,
    "claude-sonnet-4-0": _SONNET_4,
    "claude-sonnet-4-20250514": _SONNET_4,
    "claude-opus-4-0": _OPUS_4,
    "claude-opus-4-20250514": _OPUS_4,
}
"""By whole names. Other platforms have their own schedules for Claude."""
