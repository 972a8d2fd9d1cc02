"""Faults of every kind at once, with the simulator's log as the providers' bill.

Clients over sockets hang up at every event; deployments refuse, break off, stall and lie; late streams are hedged; two
servers on one Postgres are killed at random moments, Postgres is stopped and started, disks are full. Then each row of
the ledger has to be one request of the simulator's log and the other way round, what was reported has to be exact, and
the sums may differ by 2 %. The exit code is 1 when that isn't so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from scripts.chaos.run import Options, run
from scripts.chaos.table import table
from tests.support.postgres import Postgres

SHOWN = 20
"""Problems."""


def main() -> None:
    options = _options()
    print(f'make chaos ARGS="{" ".join(f"--{n} {getattr(options, n):g}" for n in options.__struct_fields__)}"')
    began = time.monotonic()
    postgres = Postgres()
    try:
        with tempfile.TemporaryDirectory(prefix="turnout-chaos-") as folder:
            outcome = uvloop.run(run(options, Path(folder), postgres, lambda line: print(line, flush=True)))
    finally:
        postgres.remove()
    print(*table(outcome.pairs, outcome.asked), sep="\n")
    print("The clients saw:", ", ".join(f"{words} {count}" for words, count in outcome.ends.most_common()))
    print(*outcome.problems[:SHOWN], sep="\n")
    print(f"{len(outcome.problems)} problems, after {time.monotonic() - began:.0f} s.")
    sys.exit(bool(outcome.problems))


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100, help="how often a server gets SIGKILL")
    parser.add_argument("--stops", type=int, default=10, help="how often Postgres is stopped for a second")
    parser.add_argument("--full", type=int, default=10, help="how often a disk is full for a second")
    parser.add_argument("--seconds", type=float, default=400, help="all of it is spread over this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--percent", type=float, default=2, help="by which the sums may differ from the bill")
    return Options(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
