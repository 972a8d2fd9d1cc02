"""Names in the paths of URLs. A name can't change the rest of its path.

Servers and proxies remove ``.`` and ``..`` from a path together with the segment before, encoded ones too (RFC 3986,
5.2.4; many servers are laxer). So a name with one of them could reach any path that the key is valid for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from turnout.errors import Unsupported

_DOTS: Final = frozenset({".", ".."})
_SEPARATORS: Final = re.compile(r"[/\\]")
_DECODINGS: Final = 2  # proxies may decode a path so many times


@lru_cache(4096)
def segment(name: str) -> str:
    """``name`` as one segment of a path. Raises ``Unsupported`` for a name that no segment can hold.

    All characters but the unreserved ones are encoded. So a name with a slash, such as ``unsloth/Qwen3:Q4``, is one
    segment too.
    """
    try:
        encoded = quote(name, safe="")
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise _refused(name) from error
    if not name or leaves(name):
        raise _refused(name)
    return encoded


def leaves(path: str) -> bool:
    """Whether ``path`` could lead out of the folder that it is put into."""
    for _ in range(_DECODINGS):
        path = unquote(path)
    return any(part.partition(";")[0] in _DOTS for part in _SEPARATORS.split(path))


def _refused(name: str) -> Unsupported:
    shown = name.encode("unicode_escape").decode()
    return Unsupported(f"The name '{shown}' can't be part of a provider's address.", param="model")
