"""A provider's name for a model → the facts about the model.

A name has the facts of the longest entry that it begins with. The entry has to end where a word of the name ends:
``gpt-4o-mini-2024-07-18`` is ``gpt-4o-mini``, and ``gpt-4.1`` is not ``gpt-4``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from turnout.core import Traits

from . import anthropic, google, open_models, openai
from .types import ACTIVE, Facts, Lifecycle

_MODELS: Final = openai.MODELS | anthropic.MODELS | google.MODELS | open_models.MODELS
OPEN_MODELS: Final = "open models"
"""The maker of the models that anybody may serve."""

_MAKERS: Final = {
    "openai": openai.MODELS,
    "anthropic": anthropic.MODELS,
    "gemini": google.MODELS,
    OPEN_MODELS: open_models.MODELS,
}
"""The tables, by the provider that serves the models."""

_OPEN_WEIGHTS: Final = re.compile(r"gpt-oss|gemma")
"""Open models in the tables of makers that don't serve them."""

_LIFECYCLES: Final = {
    "openai": openai.LIFECYCLES,
    "anthropic": anthropic.LIFECYCLES,
    "gemini": google.LIFECYCLES,
}
"""By provider: other platforms may serve the same model for a longer or shorter time."""

_LATER: Final = (
    (re.compile(r"(o[1-9]|gpt-([5-9]|[1-9][0-9]))(?![0-9a-z])"), "openai", openai.LATER),
    (re.compile(r"claude-(opus|sonnet|haiku)-([5-9]|[1-9][0-9])(?![0-9a-z])"), "anthropic", anthropic.LATER),
    (re.compile(r"gemini-"), "gemini", google.LATER),
)
"""Names of models that came after the tables, with their maker and the facts that are likely."""

_WORD_ENDS: Final = frozenset("-.:@_")
_UNKNOWN: Final = Facts()


@lru_cache(maxsize=4096)
def facts_of(provider: str, model: str) -> Facts:
    """The facts about a provider's model; ``Facts()`` when nothing is known. ``provider`` is its name, not an alias."""
    facts = _facts_of_name(_normalized(model))
    lifecycle = lifecycle_of(provider, model)
    return facts if lifecycle is ACTIVE else replace(facts, lifecycle=lifecycle)


def lifecycle_of(provider: str, model: str) -> Lifecycle:
    """How long a provider serves a model, as far as the provider has announced it."""
    return _LIFECYCLES.get(provider, {}).get(model.removeprefix("models/"), ACTIVE)


def maker_of(model: str) -> str | None:
    """The provider that serves models with such names, or ``OPEN_MODELS``. None when the name isn't recognised."""
    name = _normalized(model)
    if _OPEN_WEIGHTS.match(name):
        return OPEN_MODELS
    for beginning in _beginnings(name):
        for maker, models in _MAKERS.items():
            if beginning in models:
                return maker
    return next((maker for pattern, maker, _ in _LATER if pattern.match(name)), None)


@lru_cache(maxsize=4096)
def traits_of(model: str) -> Traits:
    """The facts about ``model`` that decide what may be sent to it."""
    facts = _facts_of_name(_normalized(model))
    return Traits(
        refuses=facts.refuses,
        refuses_thinking=facts.refuses_thinking,
        context=facts.context,
        max_output=facts.max_output,
        inputs=facts.inputs,
        prefill=facts.prefill,
        thinking=facts.thinking,
        efforts=facts.efforts,
        schemas=facts.schemas,
        tokenizer=facts.tokenizer,
        images=facts.images,
    )


def _normalized(model: str) -> str:
    """The name in lower case, without a path, OpenAI's ``ft:`` and Bedrock's prefix (``us.anthropic.``)."""
    name = model.rsplit("/", 1)[-1].lower().removeprefix("ft:")
    start = name.find("claude-")
    if start < 0:
        return name
    return name[start:].replace(".", "-") if start == 0 or name[start - 1] == "." else name


def _facts_of_name(name: str) -> Facts:
    for beginning in _beginnings(name):
        if beginning in _MODELS:
            return _MODELS[beginning]
    return next((facts for pattern, _, facts in _LATER if pattern.match(name)), _UNKNOWN)


def _beginnings(name: str) -> Iterator[str]:
    """The beginnings of ``name`` that end with a word, the longest first. A point before a digit is inside a number."""
    yield name
    for end in range(len(name) - 1, 0, -1):
        if name[end] in _WORD_ENDS and not (name[end] == "." and name[end + 1 : end + 2].isdigit()):
            yield name[:end]
