"""``turnout serve``"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from turnout.cli.options import Agents, Config, DataDir


def serve(
    config: Config = None,
    agents: Agents = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0 for a free one. Default: 8003.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that share the port. Default: 1.")
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"] | None, typer.Option(help="Default: info.")
    ] = None,
    log_format: Annotated[Literal["json", "console"] | None, typer.Option(help="Default: json.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve every model at one address."""
    from turnout.config import CommandLine
    from turnout.server.run import serve as run

    from .greeting import greet

    run(
        CommandLine(
            config=config,
            agents=agents,
            host=host,
            port=port,
            workers=workers,
            log_level=log_level,
            log_format=log_format,
            data_dir=data_dir,
            make_first_key=True,
        ),
        greet,
    )
