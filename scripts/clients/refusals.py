"""Refusals that are right: the answer would mean something else than what the client asked for."""

from __future__ import annotations

from collections.abc import Mapping

LAWFUL: Mapping[tuple[str, str, str], str] = {}
"""By client, task and provider: why no provider of that kind can do it."""
