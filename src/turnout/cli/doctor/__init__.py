"""``turnout doctor``"""

from __future__ import annotations

import typer

from turnout.cli.options import Agents, Config, DataDir
from turnout.cli.terminal import NO_WIDTH


def doctor(config: Config = None, agents: Agents = None, data_dir: DataDir = None) -> None:
    """Say what was found, what each key and server answers, and what to do about what is wrong.

    Asks every provider for its list of models, which costs nothing. Exit status 1 when something is wrong.
    """
    import asyncio
    import sys
    from collections.abc import Sequence

    from rich.console import Console

    from turnout.config import CommandLine

    from .examination import examine
    from .report import count_wrong, print_report

    command_line = CommandLine(config=config, agents=agents, data_dir=data_dir)
    with Console(stderr=True).status("Reading the configuration …") as status:

        def show_progress(waiting: Sequence[str]) -> None:
            status.update(f"Asking {', '.join(waiting)} …" if waiting else "Looking at this machine …")

        sections = asyncio.run(examine(command_line, show_progress))
    console = Console(highlight=False)
    if not sys.stdout.isatty():
        console.width = NO_WIDTH
    print_report(console, sections)
    if count_wrong(sections):
        raise typer.Exit(1)
