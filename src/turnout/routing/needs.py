"""What a request needs, and a deployment has or lacks: images, tools, context, the operator's tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from turnout.core import Traits

from .candidates import Candidate, Dropped
from .question import Question

UNPRICED: Final = "its price isn't known"
TOO_DEAR: Final = "it may cost more than is left of a budget"
_MOST_NAMED: Final = 5
"""Tags in a reason: a client may ask for any number."""


def by_tags(candidates: Sequence[Candidate], tags: frozenset[str], dropped: list[Dropped]) -> Sequence[Candidate]:
    """Only those that have all ``tags``: nothing may be sent anywhere else. The others are ``dropped``."""
    kept: list[Candidate] = []
    for candidate in candidates:
        lacking = tags - candidate.deployment.tags
        if lacking:
            dropped.append(
                Dropped(candidate.deployment, f"it has no tag {' and no tag '.join(sorted(lacking)[:_MOST_NAMED])}")
            )
        else:
            kept.append(candidate)
    return kept


def by_price(candidates: Sequence[Candidate], dropped: list[Dropped]) -> Sequence[Candidate]:
    """Only those whose price is known. The others are ``dropped``."""
    dropped += [Dropped(each.deployment, UNPRICED) for each in candidates if each.deployment.price is None]
    return [candidate for candidate in candidates if candidate.deployment.price is not None]


def by_budget(
    candidates: Sequence[Candidate], affordable: frozenset[str], dropped: list[Dropped]
) -> Sequence[Candidate]:
    """Only those that the budget still has room for. The others are ``dropped``."""
    dropped += [Dropped(each.deployment, TOO_DEAR) for each in candidates if each.deployment.id not in affordable]
    return [candidate for candidate in candidates if candidate.deployment.id in affordable]


def by_needs(candidates: Sequence[Candidate], question: Question) -> Sequence[Candidate]:
    """Those that can't take the request, as far as is known, come last: what is known may be wrong."""
    if len(candidates) == 1:
        return candidates
    lacks = [_lack_of(candidate.deployment.traits, question) for candidate in candidates]
    if not any(lacks):
        return candidates
    fit = [candidate for candidate, lack in zip(candidates, lacks, strict=True) if not lack]
    return [*fit, *(candidate.because(lack) for candidate, lack in zip(candidates, lacks, strict=True) if lack)]


def _lack_of(traits: Traits, question: Question) -> str:
    if (traits.blind or (traits.inputs is not None and "image" not in traits.inputs)) and question.has_images:
        return "its model sees no images"
    if not traits.tools and question.has_tools:
        return "its model calls no tools"
    if traits.context is not None and question.tokens > traits.context:
        return f"about {question.tokens:,} tokens are more than its context of {traits.context:,}"
    return ""
