"""What the rules of this room know, and how they report a change."""

from __future__ import annotations

from collections.abc import Callable

from turnout.core import Change, ChatRequest, Deployment, Support


class Fitting:
    """One request on its way to one deployment. ``provider`` is the provider's name, for errors."""

    def __init__(self, provider: str, support: Support, deployment: Deployment) -> None:
        self.provider = provider
        self.support = support
        self.deployment = deployment
        self.changes: list[Change] = []

    def left_out(self, field: str) -> None:
        self.changes.append(Change(field))

    def left_out_as_said(self, field: str) -> None:
        """For a field that the core hasn't got, by its place in the client's body."""
        self.changes.append(Change(field, own=True))

    def replaced(self, field: str, instead: str) -> None:
        """For a value that the client doesn't get."""
        self.changes.append(Change(field, instead))

    def said_otherwise(self, field: str, instead: str) -> None:
        """For what the provider is told all the same."""
        self.changes.append(Change(field, instead, kept=True))


Rule = Callable[[ChatRequest, Fitting], ChatRequest]
"""Returns the request as it is when the rule doesn't apply to it. May raise ``Unsupported``."""
