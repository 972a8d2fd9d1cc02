"""What docs/routing.md shows of the policies, in less simulated time; `make figures` draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from scripts.figures.caching import caching
from scripts.figures.conversations import CODING_SESSION, Turn, chats, coding_sessions
from scripts.figures.regret import mean_regret
from scripts.figures.speed import MEDIAN, first_tokens, percentiles


def test_fastest_avoids_a_slow_replica() -> None:
    weighted, fastest = [percentiles(first_tokens(policy, 3000)) for policy in ("weighted", "fastest")]
    assert fastest["p99"] < weighted["p99"] / 2
    assert fastest["p95"] < weighted["p95"] / 3
    assert fastest["p50"] < MEDIAN * 1.1


def test_confidence_finds_the_best_one_and_loses_little_by_that() -> None:
    lost = mean_regret("confidence", 3000, 3)
    assert lost[-1] < mean_regret("weighted", 3000, 1)[-1] / 5
    assert lost[-1] - lost[1500] < lost[1500]


@pytest.mark.parametrize("coming", [chats, coding_sessions])
def test_a_home_reads_more_from_the_cache_and_keeps_the_load_even(
    coming: Callable[[Random, float], Iterator[Turn]],
) -> None:
    without, with_home = caching(coming, "weighted", "off", 600), caching(coming, "weighted", "cache", 600)
    assert with_home.hits > without.hits + 0.1
    assert with_home.spread < 1.4


def test_the_recorded_session_has_the_recorded_tokens() -> None:
    """As the article has them: calls and tokens of its agents."""
    recorded = {"explore": (39, 546_104), "plan": (26, 528_286), "main": (20, 827_411)}
    for agent, (calls, tokens) in recorded.items():
        threads = [thread for thread in CODING_SESSION if thread.agent.startswith(agent) and thread.calls > 1]
        sizes = [thread.tokens(call) for thread in threads for call in range(thread.calls)]
        assert len(sizes) == calls
        assert sum(sizes) == pytest.approx(tokens, rel=0.01)
