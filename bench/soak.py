"""Memory and cost per request over many requests: neither may grow with the rows in the ledger."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.load import put_load
from bench.systems import START_SECONDS, Turnout
from bench.upstream import upstream
from bench.usage import cpu_seconds, memory_mb, tree

CHECKPOINTS = (1_000, 100_000, 300_000, 500_000)
SLICE_SECONDS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=int, nargs="+", default=CHECKPOINTS, metavar="REQUESTS")
    parser.add_argument("--clients", type=int, default=32)
    asked = parser.parse_args()
    print("| requests | memory MB | CPU µs/request since the row above | failed |\n| --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory(prefix="turnout-soak-") as root, upstream(Path(root), stream=False) as behind:
        system = Turnout(Path(root), behind)
        program = system.start()
        try:
            program.wait_for(system.answers, "answer", START_SECONDS)
            soak(system, program.pid, asked.checkpoints, asked.clients)
        finally:
            program.kill()


def soak(system: Turnout, pid: int, checkpoints: list[int], clients: int) -> None:
    """Loads the system until each count is reached, and prints a row there."""
    requests = bad = 0
    for checkpoint in checkpoints:
        first, before = requests, cpu_seconds(tree(pid))
        while requests < checkpoint:
            load = put_load(system.target, system.folder, clients=clients, seconds=SLICE_SECONDS)
            requests += load.requests
            bad += load.bad
        used = (cpu_seconds(tree(pid)) - before) / max(requests - first, 1)
        print(f"| {requests:,} | {memory_mb(tree(pid)):.0f} | {used * 1e6:.1f} | {bad} |", flush=True)


if __name__ == "__main__":
    main()
