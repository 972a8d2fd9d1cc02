"""Which recorded requests a provider isn't sent, or doesn't take, with the words of the error: others are answered."""

from __future__ import annotations

from collections.abc import Mapping

REFUSED: Mapping[tuple[str, str], str] = {}
"""By the beginning of the file's name and the provider. A row that isn't true any more fails the test."""
