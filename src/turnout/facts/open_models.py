"""Models with open weights. Each server decides how much context a model has."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from turnout.core import ImageLimits

from .types import TEXT, TEXT_AND_IMAGES, Facts

_LLAMA: Final = Facts(inputs=TEXT, thinking="never", tokenizer="llama", source="https://www.llama.com/docs")
_QWEN: Final = Facts(inputs=TEXT, tokenizer="qwen", source="https://qwen.readthedocs.io")
_MISTRAL: Final = Facts(inputs=TEXT, tokenizer="mistral", source="https://docs.mistral.ai/getting-started/models")
_DEEPSEEK: Final = Facts(inputs=TEXT, tokenizer="deepseek", source="https://api-docs.deepseek.com")
_LLAVA: Final = Facts(
    inputs=TEXT_AND_IMAGES,
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
    "llama3.2-vision": replace(_LLAMA, inputs=TEXT_AND_IMAGES),
    "llama3.3": _LLAMA,
    "llama-3": _LLAMA,
    "llama-4": replace(_LLAMA, inputs=TEXT_AND_IMAGES),
    "llama4": replace(_LLAMA, inputs=TEXT_AND_IMAGES),
    "meta-llama-3": _LLAMA,
    "llava": _LLAVA,
    "mistral": _MISTRAL,
    "mixtral": _MISTRAL,
    "magistral": replace(_MISTRAL, thinking="always"),
    "pixtral": replace(_MISTRAL, inputs=TEXT_AND_IMAGES),
    "codestral": _MISTRAL,
    "qwen2": _QWEN,
    "qwen2.5": _QWEN,
    "qwen2.5-vl": replace(_QWEN, inputs=TEXT_AND_IMAGES),
    "qwen2.5vl": replace(_QWEN, inputs=TEXT_AND_IMAGES),
    "qwen3": replace(_QWEN, thinking="optional"),
    "qwen3-vl": replace(_QWEN, inputs=TEXT_AND_IMAGES),
    "qwq": replace(_QWEN, thinking="always"),
    "deepseek-chat": _DEEPSEEK,
    "deepseek-r1": replace(_DEEPSEEK, thinking="always"),
    "deepseek-reasoner": replace(_DEEPSEEK, thinking="always"),
    "deepseek-v3": _DEEPSEEK,
    "deepseek-v4": _DEEPSEEK,
}
"""By the name, or by the beginning of the name: see ``lookup``."""
