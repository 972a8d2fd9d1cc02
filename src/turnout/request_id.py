"""The name of one request, the same in its reply's headers, in the log and in the ledger."""

from __future__ import annotations

import itertools
import os
import secrets
import time

_count = itertools.count(1)
_process = ""


def new_request_id() -> str:
    """Unique among all processes: ``req_``, this process's start and a random part, and a running number."""
    return f"req_{_process}{next(_count):08x}"


def _begin() -> None:
    global _process  # a forked process is another one: its names are others
    _process = f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


_begin()
if hasattr(os, "register_at_fork"):  # Windows doesn't fork
    os.register_at_fork(after_in_child=_begin)
