"""The charts, as SVG: the same figures give the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#94a3b8", "#64748b", "#c2410c", "#fb923c")
_SHOWN_POINTS = 200

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "turnout"


def grouped_bars(groups: Mapping[str, Mapping[str, float]], path: Path, title: str, unit: str) -> None:
    """``groups`` are values by name, by the group's name. The axis is logarithmic."""
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    names = list(next(iter(groups.values())))
    width = 0.8 / len(groups)
    for number, (group, values) in enumerate(groups.items()):
        places = [place + number * width for place in range(len(names))]
        bars = axes.bar(places, [*values.values()], width, label=group, color=COLOURS[number])
        axes.bar_label(bars, [f"{value:.2g}" for value in values.values()], padding=2, fontsize=8)
    axes.set_xticks([place + width * (len(groups) - 1) / 2 for place in range(len(names))], names)
    axes.set_yscale("log")
    _finish(figure, axes, path, title, unit)


def lines(rows: Mapping[str, Sequence[float]], path: Path, title: str, unit: str) -> None:
    """Values by the number of the request, by the line's name."""
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    for number, (name, values) in enumerate(rows.items()):
        step = max(1, len(values) // _SHOWN_POINTS)
        axes.plot(range(0, len(values), step), values[::step], label=name, color=COLOURS[number])
    axes.set_xlabel("requests")
    _finish(figure, axes, path, title, unit)


def paired_bars(rows: Mapping[str, tuple[float, float]], path: Path, titles: tuple[str, str]) -> None:
    """Two values for each name, side by side."""
    figure, both = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
    for number, (axes, title) in enumerate(zip(both, titles, strict=True)):
        values = [pair[number] for pair in rows.values()]
        bars = axes.barh([*rows], values, color=[COLOURS[2] if "home" in name else COLOURS[0] for name in rows])
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=8)
        axes.set_xlim(0, max(values) * 1.2)
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    both[0].invert_yaxis()
    _save(figure, path)


def _finish(figure: Figure, axes: Axes, path: Path, title: str, unit: str) -> None:
    axes.set_ylabel(unit)
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
