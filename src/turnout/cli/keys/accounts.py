"""``turnout users`` and ``turnout teams``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import AsJson, Config, DataDir, Url

from . import Budget, Limits, Metadata, Models, Operations, Tags, Team

Id = Annotated[str, typer.Argument(metavar="NAME", help="As the keys have it.")]


def accounts_app(kind: str) -> typer.Typer:
    """``kind`` is ``users`` or ``teams``, as in the paths of the API."""
    app = typer.Typer(
        help=f"Make, list and change {kind} of the running service: what their keys may do and spend together.",
        no_args_is_help=True,
    )

    @app.callback()
    def accounts(context: typer.Context, url: Url = None, config: Config = None, data_dir: DataDir = None) -> None:
        from .asking import service_at

        context.obj = service_at(url, config, data_dir)

    _add_reading(app, kind)
    _add_writing(app, kind)
    return app


def _add_reading(app: typer.Typer, kind: str) -> None:
    @app.command("list", help=f"List {kind} with an allowance of their own.")
    def list_(context: typer.Context, as_json: AsJson = False) -> None:
        from .asking import all_rows, printed
        from .drawing import draw_accounts

        rows = all_rows(context.obj, f"/v1/{kind}", {})
        if as_json:
            printed(rows)
        else:
            draw_accounts(rows)

    @app.command(help="Show one.")
    def show(context: typer.Context, name: Id, as_json: AsJson = False) -> None:
        from .asking import asked, printed
        from .drawing import draw_record

        record = asked(context.obj, "GET", f"/v1/{kind}/{name}")
        if as_json:
            printed(record)
        else:
            draw_record(record)

    @app.command(help="Delete one. Its keys stay, without what was allowed and limited there.")
    def delete(context: typer.Context, name: Id) -> None:
        from .asking import asked

        asked(context.obj, "DELETE", f"/v1/{kind}/{name}")
        typer.echo(f"{name} is deleted.")


def _add_writing(app: typer.Typer, kind: str) -> None:
    def command(title: str, method: str) -> None:
        @app.command(title, help=f"{title.capitalize()} one.")
        def write(
            context: typer.Context,
            name: Id,
            team: Team = None,
            model: Models = None,
            operation: Operations = None,
            limit: Limits = None,
            budget: Budget = None,
            tag: Tags = None,
            metadata: Metadata = None,
            as_json: AsJson = False,
        ) -> None:
            from .asking import asked, printed, said_of
            from .drawing import draw_record

            fields = {"team": team, "models": model, "operations": operation, "limits": limit, "tags": tag}
            said = said_of(fields, budget, metadata)
            path = f"/v1/{kind}" if method == "POST" else f"/v1/{kind}/{name}"
            record = asked(context.obj, method, path, {"id": name, **said})
            if as_json:
                printed(record)
            else:
                draw_record(record)

    command("create", "POST")
    command("change", "PATCH")
