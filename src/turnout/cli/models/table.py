"""The served models as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from turnout.cli.terminal import without_controls

from .rows import ModelRow, PriceRow


def table_of(rows: Sequence[ModelRow]) -> Table:
    """One line for each deployment. The first line of a model has the model's name."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("Model", "Deployment", "Provider"):
        table.add_column(title, overflow="fold")
    for title in ("Input", "Output"):
        table.add_column(f"{title}\nUSD/1M", justify="right")
    table.add_column("From")
    for row in rows:
        for number, deployment in enumerate(row.deployments):
            name, source = (_title(row), row.source) if number == 0 else ("", "")
            cells = name, deployment.id, deployment.provider, *_prices(deployment.price), source
            table.add_row(*map(without_controls, cells))
    return table


def _title(row: ModelRow) -> str:
    return f"{row.name} → {row.alias_of}" if row.alias_of else row.name


def _prices(price: PriceRow | None) -> tuple[str, str]:
    return ("?", "?") if price is None else (price.input, price.output)
