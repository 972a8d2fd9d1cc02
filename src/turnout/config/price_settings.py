"""A deployment's price in the configuration. docs/configuration.md lists every key."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Usd = Annotated[float, Meta(ge=0, le=1_000_000)]
Factor = Annotated[float, Meta(ge=0, le=1_000)]
Word = Annotated[
    str, Meta(pattern=r"^[a-z0-9_-]{1,32}$", description="a word of lower-case letters, digits, '_' and '-'")
]


class RateSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """USD per 1M tokens. ``null``: the tokens cost what others do, as ``turnout.core.Rates`` says."""

    input: Usd | None = None
    output: Usd | None = None
    cached_input: Usd | None = None
    cache_write: Usd | None = None
    cache_write_1h: Usd | None = None
    reasoning: Usd | None = None
    audio_input: Usd | None = None
    image_input: Usd | None = None
    video_input: Usd | None = None
    cached_audio: Usd | None = None
    cached_image: Usd | None = None
    audio_output: Usd | None = None
    image_output: Usd | None = None
    video_output: Usd | None = None


class AboveSettings(RateSettings, frozen=True):
    """Rates of a request with more than ``tokens`` tokens of input. A missing one is as for a shorter request."""

    tokens: Annotated[int, Meta(ge=1, le=1_000_000_000)]


class TermSettings(RateSettings, frozen=True):
    """Rates of a service tier or a speed. A missing one is the standard rate."""

    above: list[AboveSettings] = []


class PriceSettings(RateSettings, frozen=True):
    """A number in place of terms is a factor of all standard rates.

    Searches, executions and requests are in USD per 1,000, ``characters`` per 1M, ``image`` and ``minute`` each.
    """

    input: Usd
    output: Usd
    above: list[AboveSettings] = []
    tiers: dict[Word, Factor | TermSettings] = {}
    speeds: dict[Word, Factor | TermSettings] = {}
    regions: dict[Word, Factor] = {}
    web_searches: Usd = 0
    search_requests: Usd = 0
    file_searches: Usd = 0
    code_executions: Usd = 0
    requests: Usd = 0
    image: Usd = 0
    minute: Usd = 0
    characters: Usd = 0
