"""Searches count for the limits of their key, by the operation ``vector_search``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from turnout.core import VECTOR_SEARCH, Key
from turnout.errors import AllowanceError
from turnout.gateway import Gateway
from turnout.guard import Reservation, gauges_for

_NO_MODEL = ""


async def count_search(gateway: Gateway, key: Key) -> None:
    """Raises ``LimitReached`` or ``AllowanceStoreDown``. A search has no tokens and costs nothing."""
    gauges = gauges_for(key, _NO_MODEL, VECTOR_SEARCH, gateway.snapshot)
    needs = [(gauge, 1) for gauge in gauges if gauge.unit == "requests"]
    if not needs:
        return
    taken = gateway.allowances.take(needs)
    reservation = taken if isinstance(taken, Reservation) else await taken
    reservation.close()


@contextmanager
def counted_refusals(gateway: Gateway) -> Iterator[None]:
    """Tells the metrics which limit or budget refused a request."""
    try:
        yield
    except AllowanceError as error:
        gateway.metrics.limited(error.gauge)
        raise
