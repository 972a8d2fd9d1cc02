"""The whole comparison, unary and streamed; writes a table and a chart to bench/results/."""

from __future__ import annotations

import datetime
from pathlib import Path

from bench.chart import chart
from bench.compare import arguments, compare, parse
from bench.goals import goals
from bench.machine import machine
from bench.table import table

RESULTS = Path(__file__).parent / "results"

PAGE = """\
# Benchmark of {date}

{machine}.
{clients} clients, the median of {rounds} rounds of {seconds} s, load generator and upstream on the same machine.

![CPU time of each system]({date}.svg)

## One request, one reply

{unary}

## Streamed replies

{streamed}

## Goals

{goals}
"""


def main() -> None:
    options = parse(arguments(__doc__))
    rounds, seconds, clients = options.rounds, options.seconds, options.clients
    unary = compare(options.systems, stream=False, rounds=rounds, seconds=seconds, clients=clients)
    streamed = compare(options.systems, stream=True, rounds=rounds, seconds=seconds, clients=clients)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    RESULTS.mkdir(exist_ok=True)
    chart(unary, streamed, RESULTS / f"{date}.svg")
    page = PAGE.format(
        date=date,
        machine=machine(),
        clients=clients,
        rounds=rounds,
        seconds=seconds,
        unary=table(unary, stream=False),
        streamed=table(streamed, stream=True),
        goals=goals(unary, streamed),
    )
    (RESULTS / f"{date}.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
