"""How long to wait before the same deployment is tried again."""

from __future__ import annotations

import random

from turnout.core import Retries
from turnout.errors import TurnoutError, UpstreamError


def pause_before_retry(failed: int, retries: Retries, error: TurnoutError) -> float | None:
    """Seconds to wait after ``failed`` tries, or None when another try would not help.

    The pause is exponential with full jitter
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). A ``Retry-After`` is waited for in
    full. If it is longer than the longest backoff, this deployment is not tried again for the request.
    """
    if not isinstance(error, UpstreamError) or not error.retryable or failed >= retries.attempts:
        return None
    ceiling = min(retries.backoff_max, retries.backoff * 2 ** (failed - 1))
    jitter = random.uniform(0, ceiling)  # noqa: S311  # spreads load, hides nothing
    if error.retry_after is None:
        return jitter
    return error.retry_after if error.retry_after <= retries.backoff_max else None
