"""What one attempt used, in one normal form: tokens, what is sold by piece, and what decides their price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from .integers import Integer
from .token_classes import InputTokens, OutputTokens

MOST = 2**31 - 1
"""No answer has more tokens."""


class Extra(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, repr_omit_defaults=True, gc=False):
    """What most answers haven't used. It is apart from ``Usage`` so that one look tells that there is none.

    - ``cache_write_1h`` is what is kept for an hour and not for minutes. ``cached_audio`` and ``cached_image`` are
      parts of ``cached_input``.
    - ``web_searches``, ``file_searches``, ``code_executions``, ``images`` (made), ``seconds`` (of sound or video,
      rounded up) and ``characters`` (to speak) are what providers sell by piece.
    - ``service_tier``: ``batch``, ``flex``, ``priority``, or the provider's own word; empty for the standard one.
      ``speed``: ``fast``, or empty. ``region``: where the provider says that it had to work, such as ``us``, or empty.
    - ``told_cost``: what the provider says that it bills, in picodollars.
    - ``inner`` is what other models used that took part in the answer, such as an advisor. It is a part of all counts.
    """

    cache_write_1h: Integer = 0
    video_input: Integer = 0
    video_output: Integer = 0
    cached_audio: Integer = 0
    cached_image: Integer = 0
    web_searches: Integer = 0
    file_searches: Integer = 0
    code_executions: Integer = 0
    images: Integer = 0
    seconds: Integer = 0
    characters: Integer = 0
    service_tier: str = ""
    speed: str = ""
    region: str = ""
    told_cost: Integer = 0
    inner: tuple[InnerUsage, ...] = ()

    @property
    def credible(self) -> bool:
        counts = _extra_counts(self)
        return min(counts) >= 0 and max(counts) <= MOST and all(inner.usage.credible for inner in self.inner)


NO_EXTRA = Extra()


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, repr_omit_defaults=True, gc=False):
    """``input`` and ``output`` include all their parts, whatever a provider's habit is. Its decoder sees to that.

    - ``input`` includes ``cached_input`` and ``cache_write``, and this one ``cache_write_1h``. Each of them may be
      sound, pictures or video (``audio_input``, …).
    - ``output`` includes ``reasoning`` and its media.
    - ``source``: the provider ``reported`` it; it is ``estimated`` from a whole answer's words; or the answer was
      ``interrupted``, and this is what had come by then.
    """

    input: Integer = 0
    output: Integer = 0
    cached_input: Integer = 0
    cache_write: Integer = 0
    reasoning: Integer = 0
    audio_input: Integer = 0
    audio_output: Integer = 0
    image_input: Integer = 0
    image_output: Integer = 0
    source: Literal["reported", "estimated", "interrupted"] = "reported"
    extra: Extra = NO_EXTRA

    @property
    def total(self) -> int:
        return self.input + self.output

    @property
    def credible(self) -> bool:
        """Whether it can be billed. A provider may report any number."""
        counts = _counts(self)
        credible = min(counts) >= 0 and max(counts) <= MOST
        return credible and (self.extra is NO_EXTRA or self.extra.credible)

    def input_tokens(self) -> InputTokens:
        """``input`` in disjoint classes, whose sum it is, also where a provider's parts are more than the whole."""
        extra = self.extra
        cached = _part(self.cached_input, self.input)
        cached_audio = _part(extra.cached_audio, cached)
        cached_image = _part(extra.cached_image, cached - cached_audio)
        fresh = max(self.input, 0) - cached
        written = _part(self.cache_write, fresh)
        written_1h = _part(extra.cache_write_1h, written)
        rest = fresh - written
        audio = _part(self.audio_input - cached_audio, rest)
        image = _part(self.image_input - cached_image, rest - audio)
        video = _part(extra.video_input, rest - audio - image)
        return InputTokens(
            text=rest - audio - image - video,
            audio=audio,
            image=image,
            video=video,
            cached=cached - cached_audio - cached_image,
            cached_audio=cached_audio,
            cached_image=cached_image,
            written=written - written_1h,
            written_1h=written_1h,
        )

    def output_tokens(self) -> OutputTokens:
        """``output`` in disjoint classes, whose sum it is."""
        whole = max(self.output, 0)
        reasoning = _part(self.reasoning, whole)
        audio = _part(self.audio_output, whole - reasoning)
        image = _part(self.image_output, whole - reasoning - audio)
        video = _part(self.extra.video_output, whole - reasoning - audio - image)
        text = whole - reasoning - audio - image - video
        return OutputTokens(text=text, reasoning=reasoning, audio=audio, image=image, video=video)

    def own(self) -> Usage:
        """The same without what ``inner`` models used."""
        inner = [each.usage for each in self.extra.inner]
        extra = replace(self.extra, inner=(), **_left(self.extra, [usage.extra for usage in inner], EXTRA_COUNTS))
        return replace(self, extra=extra, **_left(self, inner, COUNTS))


class InnerUsage(msgspec.Struct, frozen=True, gc=False):
    """What another model used, by its provider's name of it."""

    model: str
    usage: Usage


COUNTS = tuple(name for name in Usage.__struct_fields__ if name not in ("source", "extra"))
EXTRA_COUNTS = Extra.__struct_fields__[: Extra.__struct_fields__.index("service_tier")]
"""The fields of ``Usage`` and of its ``extra`` that are numbers."""

_counts: Callable[[Usage], tuple[int, ...]] = attrgetter(*COUNTS)
_extra_counts: Callable[[Extra], tuple[int, ...]] = attrgetter(*EXTRA_COUNTS)


def with_extra(usage: Usage, **fields: Any) -> Usage:
    """``usage`` with those fields of ``Extra`` that aren't zero or empty."""
    given = {name: value for name, value in fields.items() if value}
    return replace(usage, extra=replace(usage.extra, **given)) if given else usage


def _left(whole: Usage | Extra, parts: Sequence[Usage | Extra], names: tuple[str, ...]) -> dict[str, int]:
    return {name: max(getattr(whole, name) - sum([getattr(part, name) for part in parts]), 0) for name in names}


def _part(count: int, whole: int) -> int:
    """As much of ``count`` as there can be in ``whole``."""
    return max(min(count, whole), 0)
