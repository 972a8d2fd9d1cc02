"""A provider's name for a model → what is known of it.

A name means the longest entry that it begins with, ended where a word ends: ``gpt-4o-mini-2024-07-18`` is
``gpt-4o-mini``, and ``gpt-4`` is not ``gpt-4.1``.
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
"""Who makes models that anybody may serve."""

_MAKERS: Final = {
    "openai": openai.MODELS,
    "anthropic": anthropic.MODELS,
    "gemini": google.MODELS,
    OPEN_MODELS: open_models.MODELS,
}
"""By the provider that serves them."""

_OPEN_WEIGHTS: Final = re.compile(r"gpt-oss|gemma")
"""In the tables of makers who don't serve them."""

_LIFECYCLES: Final = {
    "openai": openai.LIFECYCLES,
    "anthropic": anthropic.LIFECYCLES,
    "gemini": google.LIFECYCLES,
}
"""By provider: the same model may live longer, or shorter, on other platforms."""

_LATER: Final = (
    (re.compile(r"(o[1-9]|gpt-([5-9]|[1-9][0-9]))(?![0-9a-z])"), "openai", openai.LATER),
    (re.compile(r"claude-(opus|sonnet|haiku)-([5-9]|[1-9][0-9])(?![0-9a-z])"), "anthropic", anthropic.LATER),
    (re.compile(r"gemini-"), "gemini", google.LATER),
)
"""What is likely of models that came after these tables."""

_WORD_ENDS: Final = frozenset("-.:@_")
_UNKNOWN: Final = Facts()


@lru_cache(maxsize=4096)
def facts_of(provider: str, model: str) -> Facts:
    """What is known of a provider's model; ``Facts()`` when it is nothing. ``provider`` is its plain name."""
    found = _found(_plain(model))
    lifecycle = lifecycle_of(provider, model)
    return found if lifecycle is ACTIVE else replace(found, lifecycle=lifecycle)


def lifecycle_of(provider: str, model: str) -> Lifecycle:
    """How long a provider's model is there, as far as the provider has said."""
    return _LIFECYCLES.get(provider, {}).get(model.removeprefix("models/"), ACTIVE)


def maker_of(model: str) -> str | None:
    """The provider that is known to serve models of such a name, or ``OPEN_MODELS``; None: the name says nothing."""
    name = _plain(model)
    if _OPEN_WEIGHTS.match(name):
        return OPEN_MODELS
    for part in _beginnings(name):
        for maker, models in _MAKERS.items():
            if part in models:
                return maker
    return next((maker for pattern, maker, _ in _LATER if pattern.match(name)), None)


@lru_cache(maxsize=4096)
def traits_of(model: str) -> Traits:
    """What of the facts changes what may be sent."""
    known = _found(_plain(model))
    return Traits(
        refuses=known.refuses,
        refuses_thinking=known.refuses_thinking,
        context=known.context,
        max_output=known.max_output,
        inputs=known.inputs,
        prefill=known.prefill,
        tokenizer=known.tokenizer,
        images=known.images,
    )


def _plain(model: str) -> str:
    """In lower case, without a path, OpenAI's ``ft:``, and what Bedrock puts before (``us.anthropic.``)."""
    name = model.rsplit("/", 1)[-1].lower().removeprefix("ft:")
    start = name.find("claude-")
    if start < 0:
        return name
    return name[start:].replace(".", "-") if start == 0 or name[start - 1] == "." else name


def _found(name: str) -> Facts:
    for part in _beginnings(name):
        if part in _MODELS:
            return _MODELS[part]
    return next((facts for pattern, _, facts in _LATER if pattern.match(name)), _UNKNOWN)


def _beginnings(name: str) -> Iterator[str]:
    """Longest first. A point between digits is inside a number."""
    yield name
    for place in range(len(name) - 1, 0, -1):
        if name[place] in _WORD_ENDS and not (name[place] == "." and name[place + 1 : place + 2].isdigit()):
            yield name[:place]
