"""``turnout secrets``"""

from __future__ import annotations

import typer

from turnout.cli.options import Config, DataDir

app = typer.Typer(help="Encrypt the stored keys of providers with another key.", no_args_is_help=True)


@app.callback()
def secrets() -> None:
    """The stored keys of providers, and the key that encrypts them."""


@app.command()
def rotate(config: Config = None, data_dir: DataDir = None) -> None:
    """Encrypt the stored API keys of models anew, with another key.

    Without TURNOUT_SECRET_KEY, a new secret.key is made in the data directory. With it, what TURNOUT_SECRET_KEY_OLD or
    that file has encrypted is encrypted by it: first restart the servers with both variables. The service may go on
    meanwhile. If this breaks off, run it again. Exit status 1 if a key can't be decrypted.
    """
    from .rotation import rotate_all

    if not rotate_all(config, data_dir):
        raise typer.Exit(1)
