"""The generation of a Claude model, from its name: what the API takes changed with some of them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

Generation = tuple[int, int]

ONE_OF_TEMPERATURE_AND_TOP_P: Final[Generation] = (4, 1)
"""From here on, only one of both (https://platform.claude.com/docs/en/about-claude/models/migration-guide)."""

ADAPTIVE: Final[Generation] = (4, 6)
"""From here on, ``thinking: adaptive`` with an effort."""

ONLY_ADAPTIVE: Final[Generation] = (4, 7)
"""From here on, no budget (https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking)."""

_VERSION: Final = re.compile(r"-(\d{1,2})(?:[-.](\d{1,2}))?(?=\D|$)")


_ONLY_ONE_WITH_EFFORTS: Final = "opus-4-5"
"""The only model before ``ADAPTIVE`` that takes an effort."""


@lru_cache(1024)
def generation_of(model: str) -> Generation:
    """``claude-haiku-4-5-20251001`` is 4.5, ``claude-opus-5`` is 5.0.

    A name without a version is taken for 4.6, which takes both ways to set how much to think.
    """
    match = _VERSION.search(model)
    return ADAPTIVE if match is None else (int(match[1]), int(match[2] or 0))


def is_known(model: str) -> bool:
    """Whether the name tells the generation. Other makers' models have other rules on this wire."""
    return "claude" in model and _VERSION.search(model) is not None


@lru_cache(1024)
def efforts_of(model: str) -> tuple[str, ...] | None:
    """The words of ``output_config.effort`` that the model takes, the least first; None where that isn't known.

    https://platform.claude.com/docs/en/build-with-claude/effort
    """
    generation = generation_of(model)
    if not is_known(model) or generation >= ONLY_ADAPTIVE:
        return None
    if generation >= ADAPTIVE:
        return ("low", "medium", "high", "max")
    return ("low", "medium", "high") if _ONLY_ONE_WITH_EFFORTS in model else ()
