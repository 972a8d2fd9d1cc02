"""Writes the charts of docs/routing.md, and prints the figures of its tables."""

from __future__ import annotations

from pathlib import Path

from turnout.core import Affinity

from .caching import caching
from .charts import grouped_bars, lines, paired_bars
from .conversations import chats, coding_sessions
from .regret import mean_regret
from .speed import POLICIES, first_tokens, percentiles

FOLDER = Path(__file__).parents[2] / "docs" / "figures"
REQUESTS = 10_000
RUNS = 10
AFFINITIES: tuple[Affinity, ...] = ("off", "cache")
SECONDS = 3_600.0


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    _speed()
    _regret()
    _caching()


def _speed() -> None:
    rows = {policy: percentiles(first_tokens(policy, 2 * REQUESTS)) for policy in POLICIES}
    grouped_bars(rows, FOLDER / "fastest.svg", "One of five replicas is ten times slower", "s to the first token")
    for policy, row in rows.items():
        print(f"{policy}:", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in row.items()))


def _regret() -> None:
    rows = {policy: mean_regret(policy, REQUESTS, RUNS) for policy in ("weighted", "confidence")}
    lines(rows, FOLDER / "confidence.svg", "Deployments that answer well 95, 85 and 70 % of the time", "answers lost")
    for policy, row in rows.items():
        print(
            f"{policy}: {row[-1]:.0f} of {REQUESTS} lost, {row[-1] - row[REQUESTS // 2]:.0f} of them in the last half"
        )


def _caching() -> None:
    rows = {
        f"{kind}, {policy}, {'home' if affinity == 'cache' else 'no affinity'}": caching(
            coming, policy, affinity, SECONDS
        )
        for kind, coming in (("coding", coding_sessions), ("chats", chats))
        for policy in ("weighted", "least_busy")
        for affinity in AFFINITIES
    }
    titles = ("share of the input read from a cache", "load of the busiest deployment (1: even)")
    paired_bars({name: (row.hits, row.spread) for name, row in rows.items()}, FOLDER / "affinity.svg", titles)
    for name, row in rows.items():
        print(f"{name}: {row.hits:.1%} cached, spread {row.spread:.2f}")


if __name__ == "__main__":
    main()
