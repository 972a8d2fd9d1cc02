"""What a request will probably cost at a deployment, in money and in time."""

from __future__ import annotations

from typing import Final

from turnout.core import Deployment, Usage

from .figures import Figures
from .question import Question

_OUTPUT: Final = 500
"""Tokens of an answer, before the deployment has given any."""


def expected_output(question: Question, figures: Figures) -> int:
    """Tokens: what the deployment's answers have had so far, and no more than the client allows."""
    learned = figures.learned.output.value
    tokens = _OUTPUT if learned is None else int(learned)
    most = question.most_output
    return tokens if most is None else min(tokens, most)


def expected_cost(deployment: Deployment, question: Question, figures: Figures, *, cached: bool) -> int | None:
    """Picodollars; None if the price isn't known. ``cached``: the deployment has answered this conversation before.
    Then as much of the input is read from its cache as was usual there.
    """
    price = deployment.price
    if price is None:
        return None
    tokens = question.tokens
    share = figures.learned.cached.value if cached else None
    usage = Usage(
        input=tokens,
        cached_input=0 if share is None else int(tokens * share),
        output=expected_output(question, figures),
    )
    return price.cost(usage)


def expected_seconds(question: Question, figures: Figures, now: float) -> float | None:
    """Seconds to the whole answer, by the slowest ones of late; None if the deployment has answered nothing yet."""
    first, each = figures.learned.first_token.at(now), figures.learned.per_token.at(now)
    if first is None and each is None:
        return None
    return (first or 0.0) + (each or 0.0) * expected_output(question, figures)
