"""An explanation for people."""

from __future__ import annotations

from turnout.cli.tables import FIGURE_TITLES, console_for_tables, figure_cells, new_table
from turnout.cli.terminal import without_controls
from turnout.routing import Explanation, Health


def print_explanation(explanation: Explanation) -> None:
    console = console_for_tables()
    console.print(without_controls(f"{explanation.model}, by the policy '{explanation.policy}'"))
    table = new_table("", "Deployment", "Why here", "Scores", "State", right=FIGURE_TITLES)
    for place, each in enumerate(explanation.candidates, 1):
        scores = " ".join(f"{name}={score:.4g}" for name, score in each.scores.items())
        cells = str(place), each.deployment, each.reason, scores, _state(each.health), *figure_cells(each.figures)
        table.add_row(*map(without_controls, cells))
    console.print(table if explanation.candidates else "No deployment would be asked.")
    for dropped in explanation.dropped:
        console.print(without_controls(f"not {dropped.deployment}: {dropped.reason}"))


def _state(health: Health) -> str:
    return f"{health.by_hand} by hand" if health.by_hand else health.state
