"""How many worker processes this machine can run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

WORKERS_PER_CPU: Final = 8
WORKER_BYTES: Final = 100 * 1024 * 1024

_CGROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


def max_workers() -> int:
    """The bound that the processors and the memory set, those of the container if there is one. At least 1."""
    return max(1, min(WORKERS_PER_CPU * _cpus(), _memory() // WORKER_BYTES))


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> int:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total
