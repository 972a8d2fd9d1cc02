"""``turnout serve``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.catalog import CommandLine

from .options import Agents, Config, DataDir


def serve(
    config: Config = None,
    agents: Agents = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for a free one. Default: 8003.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that share the port. Default: 1.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning, error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="json or console.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve every model at one address."""
    from turnout.server.run import serve as run  # here, so that other commands start without a server's imports

    run(
        CommandLine(
            config=config,
            agents=agents,
            host=host,
            port=port,
            workers=workers,
            log_level=log_level,  # type: ignore[arg-type]
            log_format=log_format,  # type: ignore[arg-type]
            data_dir=data_dir,
        )
    )
