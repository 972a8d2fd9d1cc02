"""How many tokens an answer has used: the provider's report, and the weight of what came after it."""

from __future__ import annotations

from turnout.core import Usage


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

    @property
    def foretold(self) -> bool:
        """Whether the last report came before any word. Anthropic's first one counts output that is still to come."""
        return self._reported_at == 0

    @property
    def unreported_weight(self) -> int:
        """The weight of the output since the last report."""
        return self.output_weight - self._reported_at
