"""Memory and cost per request over many requests, of which a tenth fail. Neither may grow.

Prints a row at each checkpoint. Ends with 1 when memory at the last one is more than 10 MB above that at the first
one after the warm-up.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench import failures
from bench.exchange import request_body
from bench.load import run_wrk
from bench.systems import START_SECONDS, Turnout
from bench.upstream import upstream
from bench.usage import CpuClock, memory_mb, tree
from tests.support.simulator import Simulator

CHECKPOINTS = (10_000, 100_000, 300_000, 500_000, 1_000_000)
SLICE_SECONDS = 5
ALLOWED_MB = 10


class Failing(Turnout):
    """Turnout with one model that works, and models that fail."""

    simulator: str

    def config(self) -> dict[str, object]:
        plain = super().config()
        plain["models"] = {**plain["models"], **failures.models(self.simulator)}  # type: ignore[dict-item]  # a dict
        return {**plain, "discovery": False, "retries": {"backoff": 0.001, "backoff_max": 0.01}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=int, nargs="+", default=CHECKPOINTS, metavar="REQUESTS")
    parser.add_argument("--clients", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="turnout-memory-") as root, upstream(Path(root), stream=False) as behind:
        simulator = Simulator(Path(root))
        Failing.simulator = f"{simulator.root}/openai/v1"
        system = Failing(Path(root), behind)
        program = system.start()
        try:
            program.wait_for(system.answers, "answer", START_SECONDS)
            with failures.disconnecting_clients(system.port, system.key):
                memory = measure(system, program.pid, options.checkpoints, options.clients)
        finally:
            program.kill()
            simulator.program.kill()
    grown = memory[-1] - memory[min(1, len(memory) - 1)]
    print(f"\nMemory grew by {grown:.1f} MB; {ALLOWED_MB} are allowed.")
    sys.exit(grown > ALLOWED_MB)


def measure(system: Turnout, pid: int, checkpoints: list[int], clients: int) -> list[float]:
    """Loads the system until each count is reached, and prints a row there. The memory at each, in MB."""
    print(
        "| requests | memory MB | CPU µs/request since the row above | failed |\n| --: | --: | --: | --: |", flush=True
    )
    script = failures.lua(request_body(system.model, stream=False), system.key)
    requests = bad = 0
    memory = []
    for checkpoint in checkpoints:
        first, clock = requests, CpuClock(pid)
        while requests < checkpoint:
            load = run_wrk(script, system.url, system.folder, clients=clients, seconds=SLICE_SECONDS)
            requests += load.requests
            bad += load.bad
        used = clock.seconds() / max(requests - first, 1)
        memory.append(memory_mb(tree(pid)))
        print(f"| {requests:,} | {memory[-1]:.1f} | {used * 1e6:.1f} | {bad:,} |", flush=True)
    return memory


if __name__ == "__main__":
    main()
