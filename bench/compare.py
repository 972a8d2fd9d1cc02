"""Runs one load through several gateways in turn, round by round, and prints the cost of each.

CPU time is that of a system's whole process tree. It is the most reliable figure on a shared machine. Compare only
figures of one run. ``nginx`` as a reverse proxy is the lower bound, as it does nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.peers import SYSTEMS
from bench.systems import Figures, Turnout, measure
from bench.table import median, table
from bench.upstream import upstream


def compare(names: Sequence[str], *, stream: bool, rounds: int, seconds: int, clients: int) -> dict[str, Figures]:
    """The median figures of each system."""
    measured: dict[str, list[Figures]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="turnout-bench-") as root,
        upstream(Path(root), stream=stream) as upstream_url,
    ):
        for number in range(1, rounds + 1):
            for name in names:
                if stream and not SYSTEMS[name].streams:
                    continue
                folder = Path(root) / f"{name}-{number}"
                folder.mkdir()
                figures = measure(SYSTEMS[name](folder, upstream_url), clients=clients, seconds=seconds)
                measured[name].append(figures)
                result = f"{figures.per_second:,.0f} requests/s, {figures.cpu_us:,.1f} CPU µs"
                print(f"round {number} of {rounds}, {name}: {result}", file=sys.stderr)
    return {name: median(figures) for name, figures in measured.items()}


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options of every comparison."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--systems", default=",".join(SYSTEMS), type=_names, help="default: %(default)s")
    parser.add_argument("--ours", help="another command line for turnout; {config}, {port}, {upstream} are filled in")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    options = parser.parse_args()
    if options.ours:
        Turnout.command = options.ours
    return options


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(SYSTEMS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(SYSTEMS)}")
    return names


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--stream", action="store_true", help="stream the replies")
    options = parse(parser)
    results = compare(
        options.systems, stream=options.stream, rounds=options.rounds, seconds=options.seconds, clients=options.clients
    )
    print(table(results, stream=options.stream))


if __name__ == "__main__":
    main()
