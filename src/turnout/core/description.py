"""What a running engine says of one of its models. It knows better than a table by the model's name."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from .deployment import Makes, Prefill, Thinking


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """None where the engine doesn't say it. The fields mean the same as those of ``Traits``.

    ``details`` is the object of this name in Ollama's lists of models, as it came.
    """

    context: int | None = None
    inputs: frozenset[str] | None = None
    tools: bool | None = None
    thinking: Thinking | None = None
    efforts: tuple[str, ...] | None = None
    makes: Makes | None = None
    shortens: bool = False
    continues: Prefill | None = None
    details: Raw | None = None


NOTHING_SAID = Description()
