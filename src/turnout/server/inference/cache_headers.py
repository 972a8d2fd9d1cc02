"""What clients say of caches in their headers, and what they are told.

- ``Cache-Control`` of a request: ``no-cache`` asks for a new answer, ``no-store`` also keeps it from being kept, and
  ``max-age=SECONDS`` takes no older one (https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1).
- ``x-turnout-cache`` of a request: ``deterministic``, ``always`` or ``never``, in place of the model's setting. That of
  a reply says ``HIT``, ``MISS`` or ``BYPASS``. ``Age`` are the seconds since a kept answer was made.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, get_args

import msgspec

from turnout.core import CacheMode, CacheWords
from turnout.engine import Keeping
from turnout.errors import InvalidRequest

Headers = list[tuple[bytes, bytes]]

_MODES: Final[tuple[str, ...]] = get_args(CacheMode)


@lru_cache(256)
def cache_words(control: bytes, mode: bytes) -> CacheWords:
    """Unknown directives say nothing. Raises ``InvalidRequest`` for an unknown mode."""
    directives = [each.strip().lower() for each in control.decode("latin-1").split(",")]
    ages = [each.partition("=")[2].strip('"') for each in directives if each.startswith("max-age=")]
    return CacheWords(
        mode=_mode(mode.decode("latin-1").strip().lower()) if mode else None,
        look="no-cache" not in directives and "no-store" not in directives,
        keep="no-store" not in directives,
        max_age=next((int(age) for age in ages if age.isdecimal()), None),
    )


def cache_headers(keeping: Keeping | None) -> Headers:
    if keeping is None:
        return []
    headers = [(b"x-turnout-cache", keeping.status.encode())]
    if keeping.age is not None:
        headers.append((b"age", b"%d" % keeping.age))
    return headers


def _mode(word: str) -> CacheMode:
    if word not in _MODES:
        raise InvalidRequest(f"Expected {', '.join(_MODES[:-1])} or {_MODES[-1]} in the header x-turnout-cache.")
    mode: CacheMode = msgspec.convert(word, CacheMode)
    return mode
