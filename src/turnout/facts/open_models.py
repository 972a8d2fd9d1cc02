"""Models with open weights. How much context a server gives them is the server's to say."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from turnout.core import ImageLimits

from .types import SEES, TEXT, Facts

_LLAMA: Final = Facts(inputs=TEXT, thinking="never", tokenizer="llama", source="https://www.llama.com/docs")
_QWEN: Final = Facts(inputs=TEXT, tokenizer="qwen", source="https://qwen.readthedocs.io")
_MISTRAL: Final = Facts(inputs=TEXT, tokenizer="mistral", source="https://docs.mistral.ai/getting-started/models")
_DEEPSEEK: Final = Facts(inputs=TEXT, tokenizer="deepseek", source="https://api-docs.deepseek.com")
_LLAVA: Final = Facts(
    inputs=SEES,
    thinking="never",
    tokenizer="llama",
    images=ImageLimits(long_edge=1344, formats=frozenset({"image/jpeg", "image/png"})),
    source="https://llava-vl.github.io/blog/2024-01-30-llava-next/",
)

MODELS: Final = {
    "llama-2": _LLAMA,
    "llama2": _LLAMA,
    "llama3": _LLAMA,
    "llama3.1": _LLAMA,
    "llama3.2": _LLAMA,
    "llama3.2-vision": replace(_LLAMA, inputs=SEES),
    "llama3.3": _LLAMA,
    "llama-3": _LLAMA,
    "llama-4": replace(_LLAMA, inputs=SEES),
    "llama4": replace(_LLAMA, inputs=SEES),
    "meta-llama-3": _LLAMA,
    "llava": _LLAVA,
    "mistral": _MISTRAL,
    "mixtral": _MISTRAL,
    "magistral": replace(_MISTRAL, thinking="always"),
    "pixtral": replace(_MISTRAL, inputs=SEES),
    "codestral": _MISTRAL,
    "qwen2": _QWEN,
    "qwen2.5": _QWEN,
    "qwen2.5-vl": replace(_QWEN, inputs=SEES),
    "qwen2.5vl": replace(_QWEN, inputs=SEES),
    "qwen3": replace(_QWEN, thinking="optional"),
    "qwen3-vl": replace(_QWEN, inputs=SEES),
    "qwq": replace(_QWEN, thinking="always"),
    "deepseek-chat": _DEEPSEEK,
    "deepseek-r1": replace(_DEEPSEEK, thinking="always"),
    "deepseek-reasoner": replace(_DEEPSEEK, thinking="always"),
    "deepseek-v3": _DEEPSEEK,
    "deepseek-v4": _DEEPSEEK,
}
"""By name, or by what a name begins with: see ``lookup``."""
