"""The types of the facts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, Literal, get_args

import msgspec

from turnout.core import ImageLimits, Parameter
from turnout.core.deployment import Schemas, Thinking

Status = Literal["active", "deprecated", "retired"]

TEXT: Final = frozenset({"text"})
TEXT_AND_IMAGES: Final = frozenset({"text", "image"})
TEXT_IMAGES_AND_FILES: Final = frozenset({"text", "image", "file"})
ALL_MEDIA: Final = frozenset({"text", "image", "file", "audio", "video"})

_PARAMETERS: Final = frozenset(get_args(Parameter))


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """How long a model is served. ``replacement`` is the model that its provider recommends, or empty.

    ``gone``: the model was switched off, and the day isn't known.
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
        """The warning about ``model``; empty when no shutdown is planned."""
        if self.status == "active":
            return ""
        verb = "was switched off" if self.status == "retired" else "will be switched off"
        day = f" on {self.shutdown_date}" if self.shutdown_date else ""
        advice = f" Its provider recommends {self.replacement}." if self.replacement else ""
        return f"{model} {verb}{day}.{advice}"


ACTIVE: Final = Lifecycle()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a model; None where nothing is known. ``context`` and ``max_output`` are tokens.

    ``refuses`` are parameters that the model answers with 400; a model that refuses ``max_tokens`` takes
    ``max_completion_tokens``. ``refuses_thinking`` are parameters that it takes only when a client switches its
    thinking off. A name that isn't a parameter raises ``ValueError``. ``thinking`` says whether the model thinks,
    ``efforts`` are the words for how much, the least first. ``schemas`` says whether an answer can be held to a schema.
    ``prefill``: a conversation may end with the assistant's words. ``continues``: it is known to go on from them.
    ``images`` goes before the provider's own limits for images; with None those hold.
    """

    context: int | None = None
    max_output: int | None = None
    inputs: frozenset[str] | None = None
    outputs: frozenset[str] = TEXT
    refuses: frozenset[Parameter] = frozenset()
    refuses_thinking: frozenset[Parameter] = frozenset()
    prefill: bool = True
    continues: bool = False
    thinking: Thinking | None = None
    efforts: tuple[str, ...] | None = None
    schemas: Schemas = "always"
    tokenizer: str | None = None
    images: ImageLimits | None = None
    lifecycle: Lifecycle = ACTIVE
    source: str = ""

    def __post_init__(self) -> None:
        unknown = (self.refuses | self.refuses_thinking) - _PARAMETERS
        if unknown:
            raise ValueError(f"not parameters that a model can refuse: {', '.join(sorted(unknown))}")
