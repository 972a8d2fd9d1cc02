"""What ``turnout tokens`` reports of a text."""

from __future__ import annotations

import msgspec

from turnout.catalog import Catalog
from turnout.core import Usage, usd
from turnout.tokens import count_text


class CountReport(msgspec.Struct, frozen=True, kw_only=True):
    """``share`` is that of ``context``; ``cost`` is in USD. None where nothing is known."""

    model: str
    deployment: str
    tokens: int
    source: str
    context: int | None
    share: float | None
    cost: str | None

    def line(self) -> str:
        """``12 tokens (exact) · 0.01% of 128,000 · $0.0000018``"""
        said = [f"{self.tokens:,} {'token' if self.tokens == 1 else 'tokens'} ({self.source})"]
        said += [f"{self.share:.2%} of {self.context:,}"] if self.share is not None else []
        said += [f"${self.cost}" if self.cost is not None else "no price known"]
        return " · ".join(said)


def count_report(catalog: Catalog, text: str, name: str) -> CountReport:
    """As the deployment sees it that is asked first. Raises ``UnknownModel``."""
    deployment = catalog.snapshot.find(name).deployments[0]
    counted = count_text(text, deployment.model, deployment.traits.tokenizer)
    context, price = deployment.traits.context, deployment.price
    return CountReport(
        model=name,
        deployment=deployment.id,
        tokens=counted.tokens,
        source=counted.source,
        context=context,
        share=counted.tokens / context if context else None,
        cost=usd(price.cost(Usage(input=counted.tokens))) if price else None,
    )
