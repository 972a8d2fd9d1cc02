"""Names of requests."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from turnout.request_id import new_request_id

FORKING = r"""
import os
from turnout.request_id import new_request_id
new_request_id()
child = os.fork()
os.write(1, new_request_id().encode() + b"\n")  # in one piece
if child:
    os.waitpid(child, 0)
"""


def test_no_two_are_alike() -> None:
    assert len({new_request_id() for _ in range(100)}) == 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")
def test_a_forked_process_gives_names_of_its_own() -> None:
    """Servers that load an application once and fork their workers use the library like this."""
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)
    first, second = done.stdout.split()
    assert first != second
