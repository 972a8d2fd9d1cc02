"""Bodies in every coding, cut anywhere, in bounded pieces."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable

import pytest

from tests.support.packing import PACK, raw_deflate, zstd_with_window
from turnout.transport import Unpacker, UnpackError, named_codings, offered
from turnout.transport.codings import PIECE, REGISTERED

brotli_packed, zstd_packed = PACK["br"], PACK["zstd"]

TEXT = b"".join(b"data: %d\n\n" % number for number in range(2000))
EMPTY_FRAME = b"\x50\x2a\x4d\x18\x00\x00\x00\x00"  # skippable (RFC 8878, 3.1.2)


def unpacked(codings: list[str], *pieces: bytes) -> bytes:
    unpacker = Unpacker(codings)
    plain = b"".join(piece for data in pieces for piece in unpacker.unpack(data))
    unpacker.close()
    return plain


PACKED = [
    pytest.param(["gzip"], gzip.compress(TEXT), id="gzip"),
    pytest.param(["gzip"], gzip.compress(TEXT[:9]) + gzip.compress(b"") + gzip.compress(TEXT[9:]), id="gzip-members"),
    pytest.param(["gzip"], gzip.compress(TEXT[:9]) + bytes(500) + gzip.compress(TEXT[9:]) + bytes(9), id="gzip-padded"),
    pytest.param(["gzip"], zlib.compress(TEXT), id="zlib-called-gzip"),
    pytest.param(["deflate"], zlib.compress(TEXT), id="deflate"),
    pytest.param(["deflate"], zlib.compress(TEXT, 9), id="deflate-best"),
    pytest.param(["deflate"], raw_deflate(TEXT), id="deflate-without-zlib"),
    pytest.param(["deflate"], gzip.compress(TEXT), id="gzip-called-deflate"),
    pytest.param(["zstd"], zstd_packed(TEXT), id="zstd"),
    pytest.param(["zstd"], zstd_packed(TEXT[:9]) + EMPTY_FRAME + zstd_packed(TEXT[9:]), id="zstd-frames"),
    pytest.param(["br"], brotli_packed(TEXT), id="br"),
    pytest.param(["gzip", "br"], brotli_packed(gzip.compress(TEXT)), id="two"),
    pytest.param(["deflate", "gzip", "zstd"], zstd_packed(gzip.compress(raw_deflate(TEXT))), id="three"),
]


@pytest.mark.parametrize(("codings", "packed"), PACKED)
def test_a_body_is_unpacked_wherever_it_is_cut(codings: list[str], packed: bytes) -> None:
    assert unpacked(codings, packed) == TEXT
    assert unpacked(codings, *[packed[at : at + 1] for at in range(len(packed))]) == TEXT
    for at in range(0, len(packed), 7):
        assert unpacked(codings, packed[:at], packed[at:]) == TEXT


@pytest.mark.parametrize(("codings", "packed"), PACKED)
def test_a_body_without_its_end_is_an_error(codings: list[str], packed: bytes) -> None:
    end = packed.rstrip(b"\0")[:-1]
    with pytest.raises(UnpackError):
        unpacked(codings, end)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br"])
def test_a_body_without_a_byte_is_empty(coding: str) -> None:
    assert unpacked([coding]) == b""


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", PACK["zstd"])]
)
@pytest.mark.parametrize("rest", [b"more", b"\0\0more"])
def test_bytes_after_the_end_are_an_error(coding: str, pack: Callable[[bytes], bytes], rest: bytes) -> None:
    for pieces in ((pack(TEXT) + rest,), (pack(TEXT), rest)):
        with pytest.raises(UnpackError):
            unpacked([coding], *pieces)


@pytest.mark.parametrize("pieces", [(brotli_packed(TEXT) + b"more",), (brotli_packed(TEXT), b"more")])
def test_bytes_after_the_end_of_brotli_are_an_error(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(UnpackError):
        unpacked(["br"], *pieces)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br"])
@pytest.mark.parametrize("garbage", [b"\xff" * 50, b'{"model":"m"}'])
def test_what_is_not_packed_is_an_error(coding: str, garbage: bytes) -> None:
    with pytest.raises(UnpackError):
        unpacked([coding], garbage)


ZEROS = bytes(10_000_000)


@pytest.mark.parametrize(
    ("codings", "bomb"),
    [
        pytest.param(["gzip"], gzip.compress(ZEROS), id="gzip"),
        pytest.param(["zstd"], zstd_packed(ZEROS), id="zstd"),
        pytest.param(["br"], brotli_packed(ZEROS), id="br"),
        pytest.param(["gzip", "gzip"], gzip.compress(gzip.compress(ZEROS)), id="within-another"),
    ],
)
def test_a_bomb_comes_in_pieces_one_by_one(codings: list[str], bomb: bytes) -> None:
    sizes = [len(piece) for piece in Unpacker(codings).unpack(bomb)]
    assert sum(sizes) == len(ZEROS)
    assert max(sizes) <= 2 * PIECE


def test_a_zstd_frame_that_needs_much_memory_is_refused() -> None:
    """The receiver would have to keep 128 MB of text at once."""
    wide = zstd_with_window(bytes(20_000_000), 27)
    with pytest.raises(UnpackError):
        unpacked(["zstd"], wide)


def test_there_is_a_pause_between_slices() -> None:
    """Thousands of empty members give no piece at which the caller could pause."""
    pieces = list(Unpacker(["gzip"]).unpack(gzip.compress(b"") * 5000))
    assert pieces == [b""] * (len(gzip.compress(b"") * 5000) // (16 * 1024))


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("gzip", ["gzip"]),
        ("X-GZip", ["gzip"]),
        ("identity, gzip", ["gzip"]),
        ("gzip,br ,, zstd", ["gzip", "br", "zstd"]),
        ("none", []),
        ("UTF-8", []),
        ("", []),
        ("lz4", ["lz4"]),
    ],
)
def test_names_of_no_coding_are_left_out(header: str, codings: list[str]) -> None:
    assert named_codings(header) == codings


def test_every_coding_is_offered() -> None:
    assert offered() == ("gzip", "deflate", "zstd", "br")
    assert REGISTERED.issuperset(offered())


def test_a_coding_whose_package_is_missing_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("brotli", "backports.zstd", "compression.zstd"):
        monkeypatch.setitem(sys.modules, package, None)  # an import of it fails
    offered.cache_clear()
    try:
        assert offered() == ("gzip", "deflate")
    finally:
        offered.cache_clear()
