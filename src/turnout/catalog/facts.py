"""Facts about upstream models that change what may be sent to them, by the model's name. First match wins.

A deployment under a name of its own (Azure's, a proxy's) can't be recognised: ``traits`` in the configuration says it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from turnout.core import Traits


class Fact(NamedTuple):
    """``pattern`` is matched against the model's name in lower case, without what stands before its last ``/``."""

    pattern: re.Pattern[str]
    traits: Traits
    source: str


_THINKS = Traits(sampling=False, max_tokens_field="max_completion_tokens")

FACTS: Final = (
    # The only chat model of its generation without reasoning, so it samples as GPT-4 did.
    Fact(
        re.compile(r"(ft:)?gpt-5-chat"),
        Traits(max_tokens_field="max_completion_tokens"),
        "https://developers.openai.com/api/docs/models/gpt-5-chat-latest",
    ),
    # max_tokens "is not compatible with o-series models"; from GPT-5 on it is refused too. temperature and top_p are
    # refused by GPT-5 and GPT-6; GPT-5.1 to 5.5 take them with the reasoning effort "none" alone, which nothing here
    # can promise.
    Fact(
        re.compile(r"(ft:)?(o[1-9]|gpt-([5-9]|[1-9][0-9])|gpt-chat-latest|codex-mini)(?![0-9a-z])"),
        _THINKS,
        "https://developers.openai.com/api/docs/guides/reasoning",
    ),
    # Opus 4.7 and 4.8, and all of generation 5: 400 "`temperature` is deprecated for this model"; Opus 4.6, Sonnet 4.6
    # and Haiku 4.5 are the last ones that take it. Bedrock puts "anthropic." and a region before the name.
    Fact(
        re.compile(
            r"([a-z-]+\.)*claude-(opus-4[-.][7-9]|(opus|sonnet|haiku)-([5-9]|[1-9][0-9])|fable|mythos)(?![0-9a-z])"
        ),
        Traits(sampling=False),
        "https://platform.claude.com/docs/en/about-claude/models/migration-guide",
    ),
)


@lru_cache(maxsize=4096)
def traits_of(model: str) -> Traits:
    """The facts of an upstream model; the usual ones when nothing is known of it."""
    name = model.rsplit("/", 1)[-1].lower()
    return next((fact.traits for fact in FACTS if fact.pattern.match(name)), Traits())
