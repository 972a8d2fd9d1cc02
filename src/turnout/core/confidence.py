"""The confidence in an answer, from 0 to 1. It is measured."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from .events import FinishReason
from .fold import Answer

_BY_FINISH: dict[FinishReason, float] = {"stop": 0.9, "length": 0.7}
_OTHERWISE = 0.5


class Confidence(NamedTuple):
    """``source`` names the measurement."""

    value: float
    source: Literal["logprobs", "finish_reason"]


def confidence_of(answer: Answer, success: float) -> Confidence:
    """The mean probability of the first choice's tokens, if the provider reported it.

    Otherwise a value for the finish reason, times ``success``: the share of the deployment's attempts that succeeded.
    """
    choice = answer.choices[0] if answer.choices else None
    if choice and choice.logprobs:
        mean = sum(math.exp(min(token.logprob, 0.0)) for token in choice.logprobs) / len(choice.logprobs)
        return Confidence(round(mean, 4), "logprobs")
    finish = choice.finish if choice else None
    by_finish = _BY_FINISH.get(finish.reason, _OTHERWISE) if finish else _OTHERWISE
    return Confidence(round(by_finish * min(max(success, 0.0), 1.0), 4), "finish_reason")
