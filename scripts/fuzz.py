"""``python -m scripts.fuzz [SECONDS] [SEED] [NUMBER]``: mutates requests and replies until the time is over.

A failure prints its seed and its number; with both, ``python -m scripts.fuzz 0 SEED NUMBER`` tries that one again.
"""

from __future__ import annotations

import logging
import sys
import time

from tests.fuzz.running import attempt, run
from tests.fuzz.targets import targets


def main(arguments: list[str]) -> int:
    seconds = float(arguments[0]) if arguments else 600.0
    seed = int(arguments[1]) if len(arguments) > 1 else int(time.time())
    logging.disable()
    fuzz_targets = targets()
    if len(arguments) > 2:
        attempt(fuzz_targets, seed, int(arguments[2]))
        return 0
    print(f"{len(fuzz_targets)} targets, seed {seed}, {seconds:g} s", flush=True)
    return run(fuzz_targets, seed, time.monotonic() + seconds, print)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
