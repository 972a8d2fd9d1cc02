"""When a key ends: a date in UTC, or a time with its zone (RFC 3339)."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Final

_DATE_LENGTH: Final = len("2027-01-31")


def expires_at(text: str) -> int:
    """The Unix time in seconds from which on it is refused. A date is the last day on which the key is good.

    Raises ``ValueError`` for a day or a time that doesn't exist.
    """
    if len(text) == _DATE_LENGTH:
        day = date.fromisoformat(text) + timedelta(days=1)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return math.floor(datetime.fromisoformat(text.upper()).timestamp())
