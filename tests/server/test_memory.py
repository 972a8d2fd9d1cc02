"""What was freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

KEPT = """
from pathlib import Path
from turnout.server.memory import Memory

def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024

memory = Memory()
before = resident()
del (large := [bytes(30_000_000)])[:]
pieces, others = [], []
for _ in range(200):
    pieces.append(b"x" * 200_000)
    others.append(bytes(1000))
del pieces
if {given_back}:
    memory.give_back()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep less by themselves")
@pytest.mark.parametrize(("given_back", "least", "most"), [(False, 20, 60), (True, -10, 10)])
def test_a_large_reply_leaves_no_memory_taken(given_back: bool, least: int, most: int) -> None:
    """Without it, most of 40 MB stay, between what is still needed."""
    script = KEPT.format(given_back=given_back)
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert least <= int(output) <= most
