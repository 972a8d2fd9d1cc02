"""A stand-in for the catalog's snapshot, as far as the guard looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from turnout.core import NO_RULES, Rules


class Book:
    """Each pair of ``same`` names one model. ``served`` has the model of each name that is served."""

    def __init__(
        self, rules: Rules = NO_RULES, *, same: Mapping[str, str] | None = None, served: Mapping[str, str] | None = None
    ) -> None:
        self.rules = rules
        self.policies: dict[Any, Any] = {}
        self._same = {**(same or {}), **{other: name for name, other in (same or {}).items()}}
        self._served = served or {}

    def same_as(self, name: str) -> str | None:
        return self._same.get(name)

    def model_name(self, name: str) -> str | None:
        return self._served.get(name)
