"""Packs bodies in the codings of HTTP."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Mapping

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def raw_deflate(data: bytes) -> bytes:
    """Without the zlib format around it, as some senders write it."""
    return zlib.compress(data, wbits=-15)


def zstd_with_window(data: bytes, bits: int) -> bytes:
    return zstd.compress(data, options={zstd.CompressionParameter.window_log: bits})


def _brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=5))


PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
    "br": _brotli,
}
"""By coding."""
