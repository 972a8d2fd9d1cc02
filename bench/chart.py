"""The cost of each system as bars, ours in its own colour."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from bench.systems import Figures
from bench.table import OURS

OURS_COLOUR, PEER_COLOUR = "#c2410c", "#94a3b8"

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "turnout"  # the same figures give the same file


def chart(unary: Mapping[str, Figures], streamed: Mapping[str, Figures], path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    _bars(left, unary, "CPU µs per request")
    _bars(right, streamed, "CPU µs per streamed event")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bars(axes: Axes, results: Mapping[str, Figures], title: str) -> None:
    names = list(results)
    costs = [results[name].cpu_us for name in names]
    bars = axes.barh(names, costs, color=[OURS_COLOUR if name == OURS else PEER_COLOUR for name in names])
    axes.bar_label(bars, [f"{cost:,.0f}" for cost in costs], padding=3)
    axes.set_xscale("log")
    axes.set_xlim(1, max(costs) * 3)
    axes.set_title(f"{title} (log scale, less is better)", fontsize=10)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
