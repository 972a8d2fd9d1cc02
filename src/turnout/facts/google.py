"""Google's models."""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec.structs import replace

from .types import ALL_MEDIA, TEXT, TEXT_AND_IMAGES, Facts, Lifecycle

_MODELS: Final = "https://ai.google.dev/gemini-api/docs/models"
_DEPRECATIONS: Final = "https://ai.google.dev/gemini-api/docs/deprecations"

# "Function calling with a response mime type: 'application/json' is unsupported" before Gemini 3:
# https://ai.google.dev/gemini-api/docs/structured-output#structured_outputs_with_tools
_GEMINI: Final = Facts(
    context=1_048_576,
    max_output=8_192,
    inputs=ALL_MEDIA,
    thinking="never",
    schemas="alone",
    continues=True,
    tokenizer="gemini",
    source=_MODELS,
)
_GEMINI_25: Final = replace(_GEMINI, max_output=65_536, thinking="optional")
_GEMINI_3: Final = replace(_GEMINI_25, thinking="always", schemas="always")
# "Requests ending with a model turn are not supported": https://github.com/LibreChat-AI/agents/pull/323
_GEMINI_36: Final = replace(_GEMINI_3, continues=False)
_SPEECH: Final = Facts(context=8_192, inputs=TEXT, outputs=frozenset({"audio"}), tokenizer="gemini", source=_MODELS)
_GEMMA: Final = Facts(context=131_072, max_output=8_192, inputs=TEXT_AND_IMAGES, tokenizer="gemini", source=_MODELS)

MODELS: Final = {
    "gemini-1.5-pro": replace(_GEMINI, context=2_097_152),
    "gemini-1.5-flash": _GEMINI,
    "gemini-2.0": _GEMINI,
    "gemini-2.5-pro": replace(_GEMINI_25, thinking="always"),
    "gemini-2.5-flash": _GEMINI_25,
    "gemini-2.5-flash-image": replace(_GEMINI, context=None, max_output=None, outputs=TEXT_AND_IMAGES, continues=False),
    "gemini-2.5-flash-tts": _SPEECH,
    "gemini-2.5-flash-lite-preview-tts": _SPEECH,
    "gemini-2.5-pro-tts": _SPEECH,
    "gemini-3": _GEMINI_3,
    "gemini-3-pro-image": replace(_GEMINI_36, context=None, max_output=None, outputs=TEXT_AND_IMAGES),
    "gemini-3.1": _GEMINI_3,
    "gemini-3.1-flash-image": replace(_GEMINI_36, context=None, max_output=None, outputs=TEXT_AND_IMAGES),
    "gemini-3.5": _GEMINI_3,
    "gemini-3.5-flash-lite": _GEMINI_36,
    "gemini-3.6": _GEMINI_36,
    "gemini-3.7": _GEMINI_36,
    "gemini-3.8": _GEMINI_36,
    "gemini-3.8-live": replace(_GEMINI_36, context=131_072, max_output=None),
    "gemini-4": replace(_GEMINI_36, max_output=None),
    "gemini-embedding-001": Facts(context=2_048, inputs=TEXT, outputs=frozenset({"embedding"}), source=_MODELS),
    "gemini-embedding-2": Facts(context=8_192, inputs=ALL_MEDIA, outputs=frozenset({"embedding"}), source=_MODELS),
    "gemma-3": _GEMMA,
    "gemma-4": replace(_GEMMA, context=262_144, max_output=None),
}
"""By the name, or by the beginning of the name: see ``lookup``."""

LATER: Final = Facts(inputs=ALL_MEDIA, tokenizer="gemini", source=_MODELS)
"""Any other Gemini."""


def _off(year: int, month: int, day: int, replacement: str = "") -> Lifecycle:
    return Lifecycle(shutdown_date=date(year, month, day), replacement=replacement, source=_DEPRECATIONS)


_GEMINI_15_GONE: Final = Lifecycle(gone=True, replacement="a model of the Gemini 3 family", source=_DEPRECATIONS)
_GEMINI_2_GONE: Final = _off(2026, 6, 1, "gemini-3.1-flash-lite")

LIFECYCLES: Final = {
    "gemini-1.5-pro": _GEMINI_15_GONE,
    "gemini-1.5-flash": _GEMINI_15_GONE,
    "gemini-1.5-flash-8b": _GEMINI_15_GONE,
    "gemini-2.0-flash": _GEMINI_2_GONE,
    "gemini-2.0-flash-001": _GEMINI_2_GONE,
    "gemini-2.0-flash-lite": _GEMINI_2_GONE,
    "gemini-2.0-flash-lite-001": _GEMINI_2_GONE,
    "gemini-2.5-pro": _off(2026, 12, 1, "gemini-3.8-flash"),
    "gemini-2.5-flash": _off(2026, 12, 1, "gemini-3.5-flash-lite"),
    "gemini-3-pro-preview": _off(2026, 3, 9, "gemini-3.1-pro-preview"),
}
"""By whole names. The dates are those of the Gemini API; Google Cloud has others."""
