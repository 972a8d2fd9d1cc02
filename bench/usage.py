"""The CPU time and memory of a process and its descendants, from Linux's /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    pids = [pid]
    for children in PROC.glob(f"{pid}/task/*/children"):
        for child in children.read_text().split():
            pids += tree(int(child))
    return pids


def cpu_seconds(pids: list[int]) -> float:
    """User and system time so far."""
    return sum(_ticks(pid) for pid in pids) / TICKS


class CpuClock:
    """User and system time of a process tree from now on. A process that ends meanwhile counts no more."""

    def __init__(self, pid: int) -> None:
        self._before = {one: _ticks(one) for one in tree(pid)}

    def seconds(self) -> float:
        alive = [pid for pid in self._before if (PROC / str(pid)).exists()]
        return sum(_ticks(pid) - self._before[pid] for pid in alive) / TICKS


def memory_mb(pids: list[int]) -> float:
    """Proportional set size: memory shared between the processes counts once."""
    return sum(_pss_kb(pid) for pid in pids) / 1024


def _ticks(pid: int) -> int:
    after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _pss_kb(pid: int) -> int:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError(f"/proc/{pid}/smaps_rollup has no Pss")
