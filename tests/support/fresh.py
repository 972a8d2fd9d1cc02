"""An HTTP client that opens a connection for each request, so that each may meet another worker."""

from __future__ import annotations

from functools import cache

import httpx2


@cache
def fresh_client() -> httpx2.AsyncClient:
    """One for all tests: making one takes 40 ms, for certificates that nobody needs here."""
    return httpx2.AsyncClient(limits=httpx2.Limits(max_keepalive_connections=0), trust_env=False, timeout=30)
