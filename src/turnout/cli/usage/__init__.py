"""``turnout usage``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import AsJson, Config, DataDir, Url

app = typer.Typer(
    help="Show the requests, tokens and cost that the running service has recorded.", add_completion=False
)

By = Annotated[
    str,
    typer.Option(
        help="What to sum by, one or two with a comma between: user, key, team, model, provider, deployment, session, "
        "agent, tag, operation, day, hour."
    ),
]
From = Annotated[str | None, typer.Option("--from", help="A date or a time. Default: 30 days before the end.")]
To = Annotated[str | None, typer.Option("--to", help="A date, whose whole day counts, or a time. Default: now.")]
Only = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Only of this user, model, … (repeatable).")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]


@app.callback(invoke_without_command=True)
def usage(
    context: typer.Context,
    by: By = "model",
    begin: From = None,
    end: To = None,
    only: Only = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Rows at most.")] = 30,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Show requests, tokens and cost by any two things; or performance, a forecast, advice.

    Asks the running service, with the admin's key in TURNOUT_ADMIN_KEY, else with the first admin key.
    """
    from turnout.catalog import Catalog
    from turnout.cli.service import service_of
    from turnout.config import CommandLine

    from .asking import Asked
    from .drawing import draw_usage

    service = service_of(Catalog(CommandLine(config=config, data_dir=data_dir)), url)
    asked = context.obj = Asked(service, begin, end, only or [])
    if context.invoked_subcommand is not None:
        return
    if as_csv or as_json:
        typer.echo(asked.text("", as_csv=as_csv, by=by, limit=limit), nl=not as_csv)
    else:
        draw_usage(asked.answer("", by=by, limit=limit), asked.answer("", by="day", limit=10_000), by.split(","))


@app.command()
def performance(context: typer.Context, by: By = "deployment", as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """Show times and error rates, by deployment."""
    from .asking import Asked
    from .drawing import draw_performance

    asked: Asked = context.obj
    if as_csv or as_json:
        typer.echo(asked.text("/performance", as_csv=as_csv, by=by), nl=not as_csv)
    else:
        draw_performance(asked.answer("/performance", by=by), by.split(","))


@app.command()
def forecast(
    context: typer.Context,
    period: Annotated[str, typer.Option(help="The present day, week or month.")] = "month",
    as_json: AsJson = False,
) -> None:
    """Show what the present period will have cost at its end."""
    from .asking import Asked
    from .drawing import draw_forecast

    asked: Asked = context.obj
    answer = asked.of_calendar("/forecast", period=period)
    if as_json:
        typer.echo(asked.as_json(answer))
    else:
        draw_forecast(answer, period)


@app.command()
def advice(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what would have cost less, with the figures that say so."""
    from .asking import Asked
    from .drawing import draw_advice

    asked: Asked = context.obj
    answer = asked.answer("/advice")
    if as_json:
        typer.echo(asked.as_json(answer))
    else:
        draw_advice(answer["data"])
