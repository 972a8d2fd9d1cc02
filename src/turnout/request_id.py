"""The name of one request, the same in its reply's headers, in the log and in the ledger."""

from __future__ import annotations

import itertools
import secrets
import time

_PROCESS = f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"
_count = itertools.count(1)


def new_request_id() -> str:
    """Unique among all processes: ``req_``, this process's start and a random part, and a running number."""
    return f"req_{_PROCESS}{next(_count):08x}"
