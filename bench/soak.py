"""Mixed faults for a long time: no request stays unanswered, no answer lies, and nothing is left behind.

Prints a row at each tenth of the time. At last the simulator ends, so that no connection has a reason to stay. The exit
code is 1 when memory has grown by more than 10 MB since the first tenth, when tasks or sockets are left over, or when a
request was unanswered or answered wrongly.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.soak_load import Counts, Load, config, environment
from bench.usage import memory_mb, tree
from bench.watched import Held, held_by
from tests.support.process import Program, free_port
from tests.support.simulator import Simulator

ALLOWED_MB = 10
ALLOWED_MORE = 1
"""Tasks and sockets at the end, beside those at the start: what wakes up now and then may be seen at work."""
PATIENCE = 45.0
"""Seconds until the last connection is gone: idle ones are looked at every 30 s."""
CHECKPOINTS = 10
SHOWN_LIES = 10


class Watched:
    """A running Turnout, and the simulator behind it."""

    def __init__(self, folder: Path) -> None:
        self.simulator = Simulator(folder)
        self.port = free_port()
        self._address = folder / "held"
        (folder / "turnout.yaml").write_text(json.dumps(config(self.simulator)))
        command: list[str | Path] = [sys.executable, "-m", "bench.watched", self._address, "serve"]
        options = ["--config", str(folder / "turnout.yaml"), "--host", "127.0.0.1", "--port", str(self.port)]
        environ = {"TURNOUT_DATA_DIR": str(folder), "HOME": str(folder)} | environment(self.simulator)
        self.program = Program("turnout serve", command + list(options), folder / "turnout.log", environ)
        self.program.wait_until_ready(self.port, "/ping")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory(self) -> float:
        """Megabytes."""
        return memory_mb(tree(self.program.pid))

    @property
    def held(self) -> Held:
        return held_by(self._address)

    def stop(self) -> None:
        self.program.kill()
        self.simulator.program.kill()


async def soak(watched: Watched, *, seconds: float, rate: float, allowed_mb: float = ALLOWED_MB) -> list[str]:
    """What is wrong after that time."""
    load, at_start = Load(watched.url, rate), watched.held
    print("| seconds | requests | whole | errors | left | slowest s | memory MB | tasks | sockets |")
    print("| --: | --: | --: | --: | --: | --: | --: | --: | --: |", flush=True)
    memory = []
    for at in range(1, CHECKPOINTS + 1):
        await load.run(seconds / CHECKPOINTS)
        memory.append(watched.memory)
        print(_row(seconds * at / CHECKPOINTS, load.counts, watched), flush=True)
    for words, count in load.counts.errors.most_common():
        print(f"{count} times: {words}")
    print(f"The slowest request: {load.counts.slowest[1]}")
    wrong = [*load.counts.lies[:SHOWN_LIES], *await _left_over(watched, at_start)]
    if memory[-1] > memory[0] + allowed_mb:
        wrong.append(f"memory grew from {memory[0]:.1f} to {memory[-1]:.1f} MB")
    return wrong


def _row(seconds: float, counts: Counts, watched: Watched) -> str:
    held = watched.held
    numbers = (f"{number:,}" for number in (counts.asked, counts.whole, counts.errors.total(), counts.left))
    times = f"{counts.slowest[0]:.1f} | {watched.memory:.1f} | {held.tasks} | {held.sockets}"
    return f"| {seconds:.0f} | {' | '.join(numbers)} | {times} |"


async def _left_over(watched: Watched, at_start: Held) -> list[str]:
    """What is still there when every connection should be gone."""
    watched.simulator.program.kill()
    deadline = time.monotonic() + PATIENCE
    while True:
        held = watched.held
        more = {name: getattr(held, name) - getattr(at_start, name) for name in ("tasks", "sockets")}
        left = [f"{count} {name} are left over" for name, count in more.items() if count > ALLOWED_MORE]
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=300, metavar="REQUESTS_A_SECOND")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="turnout-soak-") as root:
        watched = Watched(Path(root))
        try:
            wrong = asyncio.run(soak(watched, seconds=options.minutes * 60, rate=options.rate))
        finally:
            watched.stop()
    print("\n".join(wrong) or "Every request was answered, and nothing is left behind.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
