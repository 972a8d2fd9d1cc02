"""Computes how large an image may be."""

from __future__ import annotations

from math import isqrt

import msgspec

from turnout.core import ImageLimits

Size = tuple[int, int]


def limits_among(limits: ImageLimits, number: int) -> ImageLimits:
    """The limits of each of ``number`` images in one request."""
    if limits.many is None or limits.many_edge is None or number <= limits.many:
        return limits
    edge = limits.many_edge if limits.long_edge is None else min(limits.long_edge, limits.many_edge)
    return msgspec.structs.replace(limits, long_edge=edge)


def fitted(size: Size, limits: ImageLimits) -> Size:
    """The largest size within ``limits`` that has the same aspect ratio; at least one pixel on each side."""
    long, short = max(size), min(size)
    if limits.long_edge is not None and long > limits.long_edge:
        long, short = limits.long_edge, max(1, short * limits.long_edge // long)
    if limits.short_edge is not None and short > limits.short_edge:
        long, short = max(1, long * limits.short_edge // short), limits.short_edge
    if limits.pixels is not None and long * short > limits.pixels:
        narrow = max(1, isqrt(limits.pixels * short // long))
        long, short = min(limits.pixels // narrow, long * narrow // short or 1), narrow
    return (long, short) if size[0] >= size[1] else (short, long)


def shrunk(size: Size, percent: int) -> Size:
    return max(1, size[0] * percent // 100), max(1, size[1] * percent // 100)
