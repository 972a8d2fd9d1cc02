"""What is asked of the audit log, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

AUDIT_FILTERS: Final = ("who", "action", "kind", "subject")


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Changes from ``begin`` to before ``end`` (Unix seconds) that have the values of ``only`` (``AUDIT_FILTERS``)."""

    begin: int | None = None
    end: int | None = None
    only: Mapping[str, str] = {}
