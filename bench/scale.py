"""Cost per request with few and with many models and keys: it must not grow with them."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.exchange import MODEL
from bench.systems import System, Turnout, measure
from bench.upstream import upstream

SIZES = (10, 10_000)


def sized(count: int) -> type[System]:
    """Turnout with ``count`` models and keys; the load uses one in the middle."""

    class Sized(Turnout):
        key = f"bench-key-{count // 2}"
        model = f"{MODEL}-{count // 2}"

        def config(self) -> dict[str, object]:
            deployment = {"provider": "openai", "model": MODEL, "base_url": self.upstream, "api_key": "sk-upstream"}
            return {
                "auth": {"required": True},
                "models": {f"{MODEL}-{i}": {"deployments": [deployment]} for i in range(count)},
                "keys": [{"key": f"bench-key-{i}", "user": f"user-{i}"} for i in range(count)],
            }

    return Sized


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    options = parser.parse_args()
    print("| models and keys | round | CPU µs/request | memory MB | ready s |\n| --: | --: | --: | --: | --: |")
    with (
        tempfile.TemporaryDirectory(prefix="turnout-scale-") as root,
        upstream(Path(root), stream=False) as upstream_url,
    ):
        for number in range(1, options.rounds + 1):
            for count in SIZES:
                folder = Path(root) / f"{count}-{number}"
                folder.mkdir()
                f = measure(sized(count)(folder, upstream_url), clients=options.clients, seconds=options.seconds)
                print(f"| {count:,} | {number} | {f.cpu_us:.1f} | {f.memory_mb:.0f} | {f.ready:.1f} |", flush=True)


if __name__ == "__main__":
    main()
