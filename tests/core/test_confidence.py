"""How sure an answer is of itself."""

from __future__ import annotations

import math

import pytest

from turnout.core import Answer, Choice, Finish, FinishReason, Text, TokenLogprob
from turnout.core.confidence import confidence_of


def answer(*logprobs: float, reason: FinishReason | None = "stop") -> Answer:
    finish = Finish(reason, "x") if reason else None
    return Answer(choices=(Choice(0, (Text("a"),), finish, tuple(TokenLogprob("a", one) for one in logprobs)),))


def test_it_is_the_mean_probability_of_its_tokens() -> None:
    assert confidence_of(answer(math.log(0.5), math.log(0.25)), 1.0) == (0.375, "logprobs")
    assert confidence_of(answer(math.log(1 / 3)), 1.0) == (0.3333, "logprobs")


def test_no_token_is_more_than_certain() -> None:
    assert confidence_of(answer(0.5, math.log(0.5)), 1.0) == (0.75, "logprobs")


@pytest.mark.parametrize(
    ("reason", "success", "expected"),
    [
        ("stop", 1.0, 0.9),
        ("length", 1.0, 0.7),
        ("tool_calls", 1.0, 0.5),
        (None, 1.0, 0.5),
        ("stop", 0.5, 0.45),
        ("stop", 1 / 3, 0.3),
        ("length", 0.33333, 0.2333),
        ("stop", 2.0, 0.9),
        ("stop", -1.0, 0.0),
    ],
)
def test_without_them_it_is_by_the_end_and_by_how_often_all_went_well(
    reason: FinishReason | None, success: float, expected: float
) -> None:
    assert confidence_of(answer(reason=reason), success) == (expected, "finish_reason")


def test_an_answer_without_a_choice_is_half_sure() -> None:
    assert confidence_of(Answer(choices=()), 1.0) == (0.5, "finish_reason")
