"""Figures as a Markdown table, with each system's cost in relation to ours."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from bench.systems import Figures

OURS = "turnout"
HEADINGS = ("system", "requests/s", "p50 ms", "p99 ms", "CPU µs/{unit}", "times ours", "memory MB", "ready s", "failed")


def median(rounds: Sequence[Figures]) -> Figures:
    """Each figure's median; failures are added up."""
    names = (name for name in Figures.__struct_fields__ if name != "bad")
    middle = {name: statistics.median(getattr(f, name) for f in rounds) for name in names}
    return msgspec.convert(middle | {"bad": sum(f.bad for f in rounds)}, Figures)


def table(results: Mapping[str, Figures], *, stream: bool) -> str:
    headings = [heading.format(unit="event" if stream else "request") for heading in HEADINGS]
    rows = [headings, ["---", *["--:"] * (len(HEADINGS) - 1)]]
    ours = results.get(OURS)
    rows += [_row(name, figures, ours) for name, figures in results.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str, figures: Figures, ours: Figures | None) -> list[str]:
    return [
        name,
        f"{figures.per_second:,.0f}",
        f"{figures.p50 * 1e3:.2f}",
        f"{figures.p99 * 1e3:.2f}",
        f"{figures.cpu_us:,.1f}",
        f"{figures.cpu_us / ours.cpu_us:.2f}" if ours else "-",
        f"{figures.memory_mb:,.0f}",
        f"{figures.ready:.1f}",
        f"{figures.bad:,}",
    ]
