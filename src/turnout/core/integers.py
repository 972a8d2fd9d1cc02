"""Whole numbers that a database column can hold."""

from __future__ import annotations

from typing import Annotated

import msgspec

LARGEST_INTEGER = 2**63 - 1
"""The largest number of a BIGINT column."""

Integer = Annotated[int, msgspec.Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
"""The bounds are checked when a value is decoded, not when it is constructed."""
