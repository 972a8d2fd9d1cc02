"""How many tokens an answer has used: the provider's report, and an estimate of what came after it."""

from __future__ import annotations

from msgspec import structs

from turnout.core import Outcome, Request, Usage

from .estimate import estimated_usage, tokens


class UsageMeter:
    """``reported`` is the provider's last credible report; it replaces the one before.

    ``output_weight`` is the weight of the output so far, in hundredths of a token (``estimate.TOKEN``).
    """

    __slots__ = ("_reported_at", "output_weight", "reported")

    def __init__(self) -> None:
        self.reported: Usage | None = None
        self.output_weight = 0
        self._reported_at = 0  # the output's weight at the last report

    def report(self, usage: Usage) -> None:
        if usage.credible:
            self.reported = usage
            self._reported_at = self.output_weight

    def total(self, request: Request, outcome: Outcome, *, finished: bool) -> Usage | None:
        """The usage of the whole attempt. None when the provider failed before it answered and reported nothing.

        The report of a complete answer holds. For an answer that broke off, the output since the report is estimated.
        """
        usage = self.reported
        if outcome == "failed" or (usage is not None and (outcome == "ok" or finished)):
            return usage
        unreported = tokens(self.output_weight - self._reported_at)
        if usage is None:
            return estimated_usage(request, unreported)
        return structs.replace(usage, output=usage.output + unreported, source="estimated")
