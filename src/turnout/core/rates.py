"""What tokens of each class cost."""

from __future__ import annotations

from typing import Final, Self

import msgspec
from msgspec.structs import replace

from .token_classes import InputTokens, OutputTokens

WHOLE: Final = 1000
"""Factors are in thousandths."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, repr_omit_defaults=True):
    """Picodollars a token. None: the tokens cost what others do. Which, is said beside the field."""

    input: int = 0
    output: int = 0
    cached_input: int | None = None  # as input
    cache_write: int | None = None  # as input
    cache_write_1h: int | None = None  # as cache_write
    reasoning: int | None = None  # as output
    audio_input: int | None = None  # as input, and so the other media
    image_input: int | None = None
    video_input: int | None = None
    cached_audio: int | None = None  # as cached_input
    cached_image: int | None = None
    audio_output: int | None = None  # as output
    image_output: int | None = None
    video_output: int | None = None

    def input_cost(self, tokens: InputTokens) -> int:
        cached = _or(self.cached_input, self.input)
        write = _or(self.cache_write, self.input)
        return (
            tokens.text * self.input
            + tokens.audio * _or(self.audio_input, self.input)
            + tokens.image * _or(self.image_input, self.input)
            + tokens.video * _or(self.video_input, self.input)
            + tokens.cached * cached
            + tokens.cached_audio * _or(self.cached_audio, cached)
            + tokens.cached_image * _or(self.cached_image, cached)
            + tokens.written * write
            + tokens.written_1h * _or(self.cache_write_1h, write)
        )

    def output_cost(self, tokens: OutputTokens) -> int:
        return (
            tokens.text * self.output
            + tokens.reasoning * _or(self.reasoning, self.output)
            + tokens.audio * _or(self.audio_output, self.output)
            + tokens.image * _or(self.image_output, self.output)
            + tokens.video * _or(self.video_output, self.output)
        )

    def times(self, thousandths: int) -> Self:
        """The same at another level: 1,100 thousandths are 10 % more. It includes the rates inside of it."""
        told = {name: getattr(self, name) for name in RATES}
        rates = {name: rounded(rate * thousandths, WHOLE) for name, rate in told.items() if rate is not None}
        inside = {name: getattr(self, name) for name in ("above", "variants") if hasattr(self, name)}
        changed = {name: tuple([each.times(thousandths) for each in rows]) for name, rows in inside.items()}
        return replace(self, **rates, **changed)


class Above(Rates, frozen=True, kw_only=True):
    """The rates of all tokens of a request with more than ``tokens`` tokens of input, cached ones among them."""

    tokens: int


class Variant(Rates, frozen=True, kw_only=True):
    """The rates of a service tier or a speed. An empty one fits all."""

    service_tier: str = ""
    speed: str = ""
    above: tuple[Above, ...] = ()

    def fits(self, service_tier: str, speed: str) -> bool:
        return self.service_tier in ("", service_tier) and self.speed in ("", speed)


RATES = Rates.__struct_fields__


def rounded(number: int, divisor: int) -> int:
    """The nearest whole number to the quotient of two that aren't negative."""
    return (number + divisor // 2) // divisor


def _or(rate: int | None, other: int) -> int:
    return other if rate is None else rate
