"""Measures a request without a cache, one that misses and one that hits; and what a memory of 1 GB costs a miss."""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.exchange import request_body
from bench.load import Target
from bench.systems import Figures, System, Turnout, measure
from bench.upstream import upstream
from turnout.cache import Labels, MemoryStore

_KEPT: Final = 1024**3
_ENTRY: Final = 4096


class Off(Turnout):
    name = "off"

    @property
    def target(self) -> Target:
        body = json.loads(request_body(self.model, stream=self.stream)) | {"temperature": 0}
        return Target(url=self.url, headers=self.headers, body=json.dumps(body))


class Miss(Off):
    """Each answer is kept, and none is found."""

    name = "miss"

    def config(self) -> dict[str, object]:
        return super().config() | {"cache": {"exact": {}}}

    @property
    def target(self) -> Target:
        target = super().target
        return Target(url=target.url, headers={**target.headers, "Cache-Control": "no-cache"}, body=target.body)


class Hit(Miss):
    name = "hit"

    @property
    def target(self) -> Target:
        return Off.target.fget(self)  # type: ignore[attr-defined,no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=32)
    options = parser.parse_args()
    systems: tuple[type[System], ...] = (Off, Miss, Hit)
    print("| cache | requests/s | CPU µs | p99 ms | MB |\n| :-- | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory(prefix="turnout-cache-") as root:
        rounds = [[_figures(Path(root), system, options) for system in systems] for _ in range(options.rounds)]
    for number, system in enumerate(systems):
        figures = sorted([each[number] for each in rounds], key=lambda one: one.cpu_us)[options.rounds // 2]
        print(
            f"| {system.name} | {figures.per_second:,.0f} | {figures.cpu_us:.0f} | {figures.p99 * 1000:.1f} "
            f"| {figures.memory_mb:.0f} |"
        )
    tell_full_memory()


def tell_full_memory() -> None:
    """What a miss does with a memory that is empty, and with one that is full."""
    store, labels = MemoryStore(_KEPT), Labels("m", "k")
    print("\n| answers in memory | look, µs | keep, µs | all garbage collected, ms |\n| --: | --: | --: | --: |")
    for fill in (0, 2 * _KEPT // _ENTRY):
        for _ in range(fill):
            store.put(os.urandom(32), os.urandom(_ENTRY), labels, 3600)
        keys, entry = [os.urandom(32) for _ in range(20_000)], os.urandom(_ENTRY)
        began = time.perf_counter()
        for key in keys:
            store.get((key,))
        looked = time.perf_counter()
        for key in keys:
            store.put(key, entry, labels, 3600)
        kept = time.perf_counter()
        gc.collect()
        collected = time.perf_counter()
        each = 1e6 / len(keys)
        print(
            f"| {store.sizes().entries:,} | {(looked - began) * each:.2f} | {(kept - looked) * each:.2f} "
            f"| {(collected - kept) * 1e3:.1f} |"
        )


def _figures(root: Path, system: type[System], options: argparse.Namespace) -> Figures:
    folder = Path(tempfile.mkdtemp(dir=root))
    with upstream(folder, stream=False) as behind:
        return measure(system(folder, behind), clients=options.clients, seconds=options.seconds)


if __name__ == "__main__":
    main()
