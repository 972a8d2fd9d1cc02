"""How long to wait before the same deployment is tried again, when the provider didn't say."""

from __future__ import annotations

import random

from turnout.core import Retries


def backoff_before_retry(failed: int, retries: Retries) -> float:
    """Seconds to wait after ``failed`` tries: exponential with full jitter
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    ceiling = min(retries.backoff_max, retries.backoff * 2 ** (failed - 1))
    return random.uniform(0, ceiling)  # noqa: S311  # spreads load, hides nothing
