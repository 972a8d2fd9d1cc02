"""``turnout simulate``"""

from __future__ import annotations

from typing import Annotated

import typer


def simulate(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 for a free one.")] = 9001,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    lenient: Annotated[bool, typer.Option("--lenient", help="Answer also what the vendors refuse.")] = False,
) -> None:
    """Simulate every provider, with faults on demand, for tests without keys.

    Speaks the wires of OpenAI Chat, Anthropic, Gemini, Ollama, llama.cpp and vLLM on one port. It refuses what they
    refuse, in their words. A model's name says how it behaves: sim-status-429-retry-2, sim-cut-stream-after-3,
    sim-slow-first-500. docs/cli.md lists them all.
    """
    from turnout.errors import ConfigError
    from turnout.simulator import run

    try:
        run(host, port, lenient=lenient, on_ready=lambda url: typer.echo(f"Simulating every provider at {url}"))
    except OSError as error:
        from turnout.config import why_not_listening

        raise ConfigError(why_not_listening(host, port, error)) from error
