"""Options that several commands share. Commands import inside their functions, so that ``--help`` is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Configuration file. Default: TURNOUT_CONFIG, else turnout.yaml if it is there."
    ),
]
Agents = Annotated[Path | None, typer.Option(help="File of agents: NAME: {API_TYPE, API_BASE, API_KEY, API_MODEL}.")]
DataDir = Annotated[str | None, typer.Option(help="Folder for the ledger. Default: data.")]
Url = Annotated[
    str | None, typer.Option(help="Address of the running service. Default: that of the configuration on this machine.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
