"""Addresses of requests, made of a deployment's ``base_url`` and a path.

People write a base address in many ways: with a query (``?api-version=…``), with a slash at its end, or as the whole
address of a request, copied from a vendor's page.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Base(NamedTuple):
    """``origin`` is scheme and host. ``path`` has no slash at its end. ``query`` goes along with every request.

    ``was_whole``: it was written as the address of a request, so it needs no completion.
    """

    origin: str
    path: str
    query: str = ""
    was_whole: bool = False

    def at(self, path: str) -> str:
        """The URL for ``path``, which begins with a slash and can have a query of its own."""
        url = f"{self.origin}{self.path}{path}"
        return f"{url}{'&' if '?' in path else '?'}{self.query}" if self.query else url


@lru_cache(4096)
def base_of(base_url: str, request_path: re.Pattern[str]) -> Base:
    """``request_path`` matches the end of a whole address that doesn't belong to the base."""
    address, _, query = base_url.partition("?")
    scheme, separator, rest = address.partition("://")
    host, slash, rest = rest.partition("/")
    written = f"{slash}{rest}".rstrip("/")
    path = request_path.sub("", written)
    return Base(f"{scheme}{separator}{host}", path, query, was_whole=path != written)
