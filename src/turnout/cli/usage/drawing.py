"""Usage as tables, bars and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.table import Table

from turnout.cli.tables import console_for_tables, new_table
from turnout.cli.terminal import without_controls

Row = Mapping[str, Any]

BAR_WIDTH: Final = 20
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"

_ADVICE: Final = {
    "cheaper_deployment": "{deployment} ({operation}): {instead} would have cost ${instead_cost_usd} instead of "
    "${cost_usd}. Success {instead_success:.1%} of {instead_attempts:,} attempts there, {success:.1%} of {attempts:,} "
    "here. How good the answers are, this can't know.",
    "missed_prompt_cache": "{deployment}: {sessions:,} sessions with {requests:,} requests sent {input:,} tokens, of "
    "which {cached_input:,} were read from the prompt cache. About {could_be_cached:,} more could have been.",
    "repeated_question": "{key} asked {model} ({operation}) {requests:,} times with exactly {input:,} tokens, for "
    "${cost_usd}. If these are the same question, its answer could be kept.",
}


def draw_usage(answer: Row, by_day: Row, by: Sequence[str]) -> None:
    """The cost of each day as a line, then a row for each group with a bar of its cost."""
    console = console_for_tables()
    rows, total = answer["data"], answer["total"]
    console.print(f"{answer['from']} to {answer['to']}: {_summary(total)}")
    days = by_day["data"]
    if len(days) > 1:
        costs = [Decimal(day["cost_usd"]) for day in days]
        console.print(f"{days[0]['day']} {line(costs)} {days[-1]['day']}, ${max(costs):.2f} on the dearest day")
    if not rows:
        return
    largest = max(Decimal(row["cost_usd"]) for row in rows)
    right = ("Requests", "Errors", "Input", "Cached", "Output", "Cost")
    table = _table(by, right)
    table.add_column("")
    for row in rows:
        drawn = bar(Decimal(row["cost_usd"]), largest)
        table.add_row(*map(without_controls, (*_names(row, by), *_figures(row), drawn)))
    console.print(table)
    if not answer["complete"]:
        console.print("There are more rows: --limit shows them.")


def _table(by: Sequence[str], right: tuple[str, ...]) -> Table:
    return new_table(*[name.capitalize() for name in by], right=right)


def _names(row: Row, by: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] or "-" for name in by)


def _figures(row: Row) -> tuple[str, ...]:
    tokens, errors = row["tokens"], sum(row["at_fault"].values())
    unpriced = "" if not row["unpriced"]["attempts"] else " + ?"
    return (
        f"{row['requests']:,}",
        f"{errors / row['attempts']:.1%}",
        f"{tokens['input']:,}",
        f"{tokens['cached_input'] / tokens['input']:.0%}" if tokens["input"] else "-",
        f"{tokens['output']:,}",
        f"${Decimal(row['cost_usd']):.4f}{unpriced}",
    )


def _summary(total: Row) -> str:
    words = f"{total['requests']:,} requests, {total['tokens']['total']:,} tokens, ${Decimal(total['cost_usd']):.4f}"
    unpriced = total["unpriced"]
    if unpriced["attempts"]:
        words += f", and {unpriced['tokens']:,} tokens of {unpriced['attempts']:,} attempts without a price (?)"
    return words


def draw_performance(answer: Row, by: Sequence[str]) -> None:
    """Seconds, and the share of attempts that failed, by who was at fault."""
    times = ("p50", "p95", "p99")
    titles = [f"{title} {time}" for title in ("First token", "Total") for time in times]
    table = _table(by, ("Attempts", *titles, "Client", "Turnout", "Provider"))
    for row in answer["data"]:
        seconds = [row[timing][time] for timing in ("first_token", "total") for time in times]
        shown = ["-" if value is None else f"{value:g} s" for value in seconds]
        rates = [f"{row['error_rate'][fault]:.2%}" for fault in ("client", "turnout", "provider")]
        table.add_row(*map(without_controls, (*_names(row, by), f"{row['attempts']:,}", *shown, *rates)))
    console_for_tables().print(table)


def draw_forecast(answer: Row, period: str) -> None:
    console = console_for_tables()
    console.print(f"This {period} so far: {_summary(answer['so_far'])}")
    if answer["forecast_usd"] is None:
        console.print("There is no whole day before today to make a forecast from.")
        return
    expected, low, high = (Decimal(answer[f"{name}_usd"]) for name in ("forecast", "low", "high"))
    console.print(
        f"At its end: ${expected:.2f}, by the last {answer['days']} days; ${low:.2f} if every day is as the cheapest "
        f"of them, ${high:.2f} if as the dearest."
    )


def draw_advice(pieces: Sequence[Row]) -> None:
    console = console_for_tables()
    if not pieces:
        console.print("Nothing that was recorded shows how to spend less.")
    for piece in pieces:
        words = _ADVICE[piece["kind"]].format(**piece)
        console.print(without_controls(f"${Decimal(piece['saving_usd']):.2f} less. {words}"))


def bar(value: Decimal, largest: Decimal) -> str:
    """As long as ``value`` is large, in eighths of a character."""
    eighths = int(value * BAR_WIDTH * 8 / largest) if largest > 0 else 0
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def line(values: Sequence[Decimal]) -> str:
    """A character for each value."""
    largest = max(values)
    return "".join(_HEIGHTS[int(value * 7 / largest) if largest > 0 else 0] for value in values)
