"""``turnout vectors``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from turnout.cli.options import AsJson, Config, DataDir, Url

app = typer.Typer(help="List, fill and search the collections of vectors of the running service.", no_args_is_help=True)

Owner = Annotated[str | None, typer.Option(help="The id of the key whose collection it is. Default: that of this key.")]
Collection = Annotated[str, typer.Argument(metavar="COLLECTION", help="The collection's name.")]
Model = Annotated[str | None, typer.Option(help="The model that embeds texts.")]


@app.callback()
def vectors(context: typer.Context, url: Url = None, config: Config = None, data_dir: DataDir = None) -> None:
    """List, fill and search collections of vectors, while the service runs.

    Asks the running service, with the admin's key in TURNOUT_ADMIN_KEY, else with the first admin key.
    """
    from turnout.cli.keys.asking import service_at

    context.obj = service_at(url, config, data_dir)


@app.command("list")
def list_(context: typer.Context, owner: Owner = None, as_json: AsJson = False) -> None:
    """List all collections, with their owners and the number of their points."""
    from .asking import list_collections

    list_collections(context.obj, owner, as_json=as_json)


@app.command()
def load(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines: {id, vector or text, payload} each.")
    ],
    collection: Annotated[str, typer.Option(help="The collection's name. It is made if it isn't there.")],
    model: Model = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Numbers of a vector, for a new one. Default: as the first, else 1536.")
    ] = None,
    owner: Owner = None,
) -> None:
    """Write the points of a file, in pieces. A point of the same id is replaced, so it may be run again."""
    from .loading import load_file

    load_file(context.obj, file, collection, model, size, owner)


@app.command()
def search(
    context: typer.Context,
    collection: Collection,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="What to search for, with --model.")] = None,
    model: Model = None,
    vector: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file with a JSON list of numbers, not a TEXT.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many points.")] = 10,
    threshold: Annotated[str | None, typer.Option(help="The least score, or 'none'. Default: 0.7 for Cosine.")] = None,
    filter_: Annotated[str | None, typer.Option("--filter", help="A filter of Qdrant's, as JSON.")] = None,
    owner: Owner = None,
    as_json: AsJson = False,
) -> None:
    """Show the closest points, the closest first."""
    from .asking import searched

    said = {"collection_name": collection, "text": text, "model": model, "limit": limit}
    searched(context.obj, said, vector, threshold, filter_, owner, as_json=as_json)
