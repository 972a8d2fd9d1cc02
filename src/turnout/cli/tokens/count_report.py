"""The report of ``turnout tokens``: a text's tokens, their share of the context, and their cost."""

from __future__ import annotations

import msgspec

from turnout.catalog import Catalog
from turnout.core import ChatRequest, Message, Text, Usage, usd
from turnout.routing import Board, Question
from turnout.routing.planner import plan
from turnout.tokens import count_text


class CountReport(msgspec.Struct, frozen=True, kw_only=True):
    """``share`` is tokens / context. ``cost`` is in USD. A field is None where its value is unknown."""

    model: str
    deployment: str
    tokens: int
    source: str
    context: int | None
    share: float | None
    cost: str | None

    def line(self) -> str:
        """``12 tokens (exact) · 0.01% of 128,000 · $0.0000018``"""
        parts = [f"{self.tokens:,} {'token' if self.tokens == 1 else 'tokens'} ({self.source})"]
        parts += [f"{self.share:.2%} of {self.context:,}"] if self.share is not None else []
        parts += [f"${self.cost}" if self.cost is not None else "no price known"]
        return " · ".join(parts)


def count_report(catalog: Catalog, text: str, name: str) -> CountReport:
    """Counts for the deployment that a request would go to first, by the model's policy. Raises ``UnknownModel``."""
    find = catalog.snapshot.find
    request = ChatRequest(model=name, messages=(Message("user", (Text(text),)),))
    deployment = plan(find(name), Question(request, len(text)), Board(), find).candidates[0].deployment
    count = count_text(text, deployment.model, deployment.traits.tokenizer)
    context, price = deployment.traits.context, deployment.price
    return CountReport(
        model=name,
        deployment=deployment.id,
        tokens=count.tokens,
        source=count.source,
        context=context,
        share=count.tokens / context if context else None,
        cost=usd(price.cost(Usage(input=count.tokens))) if price else None,
    )
