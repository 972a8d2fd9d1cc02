"""What is said of caches: by a model, and by a request."""

from __future__ import annotations

from typing import Literal

import msgspec

CacheMode = Literal["deterministic", "always", "never"]
"""Which answers are kept: those that would come again alike (temperature 0, vectors), all, or none."""

CacheStatus = Literal["HIT", "MISS", "BYPASS"]

CacheShare = Literal["key", "user", "team", "all"]
"""Who gets an answer that is kept: the same key, any key of the same user or team, or everybody."""


class CacheWords(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a request says. ``mode`` stands in for its model's. ``look``: an answer that is kept will do, if it isn't
    older than ``max_age`` seconds. ``keep``: its answer may be kept.
    """

    mode: CacheMode | None = None
    look: bool = True
    keep: bool = True
    max_age: int | None = None
