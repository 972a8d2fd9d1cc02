"""``turnout chat``"""

from __future__ import annotations

from typing import Annotated

import typer

from turnout.cli.options import Agents, Config, DataDir


def chat(
    model: Annotated[
        str | None,
        typer.Argument(help="Any name of `turnout models`, or provider/model. Default: the first configured model."),
    ] = None,
    prompt: Annotated[str | None, typer.Argument(help="Answer this and exit, instead of a conversation.")] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="System prompt.")] = None,
    config: Config = None,
    agents: Agents = None,
    data_dir: DataDir = None,
) -> None:
    """Talk to a model, without a server.

    Ctrl-C stops an answer and keeps the conversation; Ctrl-D leaves. After each answer: which deployment gave it, its
    tokens, its cost, and the time to its first token.

    With a PROMPT, or when something is piped in, one answer is given: its text goes to standard output, the rest to
    standard error.
    """
    import sys

    import turnout
    from turnout.errors import UnknownModel

    from .once import answer_once
    from .talk import talk

    gateway = turnout.open(config, agents=agents, data_dir=data_dir)
    if prompt is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        prompt = sys.stdin.read()
    try:
        if prompt is None:
            talk(gateway, model, system)
        elif prompt.strip():
            answer_once(gateway, model, system, prompt)
        else:
            raise typer.BadParameter(f"The prompt is empty.{_missing_model_hint(model)}", param_hint="PROMPT")
    except UnknownModel as error:
        if not (hint := _missing_model_hint(model)):
            raise
        raise typer.BadParameter(f"{error.message}{hint}", param_hint="MODEL") from None


def _missing_model_hint(model: str | None) -> str:
    """A hint for a user who gave the prompt in place of the model."""
    return " Say the model before the prompt, or pipe the prompt in." if model and " " in model.strip() else ""
