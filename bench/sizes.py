"""CPU per request by the size of its conversation, beside other gateways.

The model's context is known, so Turnout looks whether a long conversation fits. ``--turnout`` adds another checkout of
it, to compare before and after.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from bench.exchange import MODEL
from bench.load import Target
from bench.peers import Smg, TensorZero
from bench.systems import System, Turnout, measure
from bench.upstream import upstream

SIZES = (1, 10, 100, 400, 1000)  # KB
WORDS = (
    "A reverse proxy takes requests for others and hands them on, so that its clients know one address only. "
    "It may keep answers, spread the load over many servers, and hide which of them is down today. "
)


def conversation(model: str, size: int) -> str:
    """A chat request of ``size`` KB, in turns of about 2 KB that differ from each other."""
    turns: list[dict[str, str]] = []
    text = WORDS * 10
    while sum(len(turn["content"]) for turn in turns) < size * 1000:
        role = "assistant" if len(turns) % 2 else "user"
        turns.append({"role": role, "content": f"{len(turns)}. {text}"[: size * 1000]})
    return json.dumps({"model": model, "messages": turns, "temperature": 0.7, "max_tokens": 128})


def sized(base: type[System], size: int, checkout: str = "") -> type[System]:
    """``base`` with a conversation of ``size`` KB; Turnout of ``checkout``."""

    class Sized(base):  # type: ignore[misc, valid-type]  # its base is an argument
        @property
        def target(self) -> Target:
            return Target(url=self.url, headers=self.headers, body=conversation(self.model, size))

        def config(self) -> dict[str, object]:
            config: dict[str, object] = super().config()
            context = max(128_000, size * 300)  # tokens
            deployment = {"provider": "openai", "model": MODEL, "base_url": self.upstream, "api_key": "sk-upstream"}
            return config | {"models": {MODEL: {"deployments": [deployment | {"traits": {"context": context}}]}}}

    if checkout:
        Sized.name = "turnout before"
        Sized.command = f"{checkout}/.venv/bin/turnout serve --config {{config}} --port {{port}}"
    return Sized


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--turnout", default="", help="another checkout of Turnout, with its .venv")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    options = parser.parse_args()
    print("| KB | system | CPU µs/request, median | rounds |\n| --: | -- | --: | -- |")
    with (
        tempfile.TemporaryDirectory(prefix="turnout-sizes-") as root,
        upstream(Path(root), stream=False) as behind,
    ):
        for size in options.sizes:
            systems = [sized(Turnout, size)]
            systems += [sized(Turnout, size, options.turnout)] if options.turnout else []
            systems += [] if options.alone else [sized(Smg, size), sized(TensorZero, size)]
            rounds: dict[str, list[float]] = {system.name: [] for system in systems}
            for number in range(options.rounds):
                for system in systems:
                    folder = Path(root) / f"{system.name.replace(' ', '-')}-{size}-{number}"
                    folder.mkdir()
                    found = measure(system(folder, behind), clients=options.clients, seconds=options.seconds)
                    if found.bad:
                        raise RuntimeError(f"{system.name} refused {found.bad} requests of {size} KB")
                    rounds[system.name].append(found.cpu_us)
            for name, figures in rounds.items():
                each = ", ".join(f"{figure:.0f}" for figure in figures)
                print(f"| {size:,} | {name} | {statistics.median(figures):.0f} | {each} |", flush=True)


if __name__ == "__main__":
    main()
