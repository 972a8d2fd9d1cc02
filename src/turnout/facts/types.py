"""The form of the facts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, Literal

import msgspec

from turnout.core import ImageLimits

Status = Literal["active", "deprecated", "retired"]

TEXT: Final = frozenset({"text"})
SEES: Final = frozenset({"text", "image"})
READS: Final = frozenset({"text", "image", "file"})
HEARS: Final = frozenset({"text", "image", "file", "audio", "video"})


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """How long a model is there. ``replacement`` is its provider's own advice, if it has given one.

    ``gone``: it was switched off on a day that isn't known.
    """

    shutdown_date: date | None = None
    replacement: str = ""
    gone: bool = False
    source: str = ""

    @property
    def status(self) -> Status:
        """Today (UTC)."""
        if self.gone or (self.shutdown_date is not None and self.shutdown_date <= datetime.now(UTC).date()):
            return "retired"
        return "active" if self.shutdown_date is None else "deprecated"

    def notice(self, model: str) -> str:
        """What to say of it; empty for a model that nothing is planned for."""
        if self.status == "active":
            return ""
        verb = "was switched off" if self.status == "retired" else "will be switched off"
        day = f" on {self.shutdown_date}" if self.shutdown_date else ""
        advice = f" Its provider recommends {self.replacement}." if self.replacement else ""
        return f"{model} {verb}{day}.{advice}"


ACTIVE: Final = Lifecycle()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model; None where nothing is. ``context`` and ``max_output`` are tokens.

    ``refuses`` are parameters of OpenAI's and Anthropic's wires that are answered with 400; a model that refuses
    ``max_tokens`` takes ``max_completion_tokens``. ``thinking``: it never does, when asked to, or always.
    ``images`` goes before what the provider takes of images; None: that holds.
    """

    context: int | None = None
    max_output: int | None = None
    inputs: frozenset[str] | None = None
    outputs: frozenset[str] = TEXT
    refuses: frozenset[str] = frozenset()
    prefill: bool = True
    thinking: Literal["never", "optional", "always"] | None = None
    tokenizer: str | None = None
    images: ImageLimits | None = None
    lifecycle: Lifecycle = ACTIVE
    source: str = ""
