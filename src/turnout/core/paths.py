"""Names in paths: each stays in its place, whatever it says.

Servers and proxies take ``.`` and ``..`` out of a path together with what stands before, encoded ones too (RFC 3986,
5.2.4, and many are laxer than it), so a name that has one could lead anywhere its key is good for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from turnout.errors import Unsupported

_DOTS: Final = frozenset({".", ".."})
_SEPARATORS: Final = re.compile(r"[/\\]")
_DECODED: Final = 2  # times that a path may be, on its way through proxies


@lru_cache(4096)
def segment(name: str) -> str:
    """``name`` as one segment of a path. Raises ``Unsupported`` for what no segment can hold.

    A slash is encoded like all that isn't unreserved, so that names as ``unsloth/Qwen3:Q4`` are one segment, too.
    """
    try:
        encoded = quote(name, safe="")
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise _refused(name) from error
    if not name or leaves(name):
        raise _refused(name)
    return encoded


def leaves(path: str) -> bool:
    """Could it lead out of the place where it is put?"""
    for _ in range(_DECODED):
        path = unquote(path)
    return any(part.partition(";")[0] in _DOTS for part in _SEPARATORS.split(path))


def _refused(name: str) -> Unsupported:
    shown = name.encode("unicode_escape").decode()
    return Unsupported(f"The name '{shown}' can't be part of a provider's address.", param="model")
