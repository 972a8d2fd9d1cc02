"""``turnout schema``"""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the JSON Schema of the configuration file."""
    import msgspec

    from turnout.config import json_schema
    from turnout.routing import registry

    typer.echo(msgspec.json.format(msgspec.json.encode(json_schema(registry().keys())), indent=2).decode())
