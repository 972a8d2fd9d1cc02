"""Compares the figures with the goals for Turnout's cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.systems import Figures
from bench.table import OURS

UNARY = {"tensorzero": 1.0, "portkey": 1 / 5, "litellm": 1 / 50}
STREAMED = {"tensorzero": 1.0}
READY_SECONDS = 2.0


def goals(unary: Mapping[str, Figures], streamed: Mapping[str, Figures]) -> str:
    """A Markdown list; empty when Turnout was not measured."""
    lines = [*_shares(unary, UNARY, "request"), *_shares(streamed, STREAMED, "streamed event")]
    if OURS in unary:
        ready = unary[OURS].ready
        lines.append(f"- {_word(ready <= READY_SECONDS)}: ready after {ready:.1f} s, at most {READY_SECONDS:.0f} s")
    return "\n".join(lines)


def _shares(results: Mapping[str, Figures], limits: Mapping[str, float], unit: str) -> Iterator[str]:
    for peer, limit in limits.items():
        if OURS in results and peer in results:
            share = results[OURS].cpu_us / results[peer].cpu_us
            yield f"- {_word(share <= limit)}: {share:.3f} of {peer}'s CPU per {unit}, at most {limit:.3f}"


def _word(kept: bool) -> str:
    return "kept" if kept else "**missed**"
