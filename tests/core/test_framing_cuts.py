"""Frames are the same at every cut and at every pair of cuts: tried one by one, as chance seldom cuts a line's end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from tests.core.test_framing import lines, sse
from turnout.core.framing import EventCutter, SSEFramer, events_of

A, B = ("", b"a"), ("", b"b")


def every_cut(stream: bytes) -> Iterator[list[bytes]]:
    """``stream`` in up to three pieces."""
    for start, end in combinations(range(len(stream) + 1), 2):
        yield [stream[:start], stream[start:end], stream[end:]]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [A, B], id="crlf"),
        pytest.param(b"data: a\r\rdata: b\r\r", [A, B], id="cr"),
        pytest.param(b"data: a\n\ndata: b\n\n", [A, B], id="lf"),
        pytest.param(b"data: a\r\n\ndata: b\n\r\n", [A, B], id="mixed"),
        pytest.param(b"data: a\r\ndata: b\r\n\r\n", [("", b"a\nb")], id="two-lines"),
        pytest.param(b"event: x\r\ndata: a\r\n\r\ndata: b\n\n", [("x", b"a"), B], id="a-name"),
        pytest.param(b"\xef\xbb\xbfdata: a\r\n\r\n\xef\xbb\xbfdata: b\n\n", [A], id="byte-order-mark"),
        pytest.param(b"data: a\n\n\ndata: b\n\n", [A, B], id="a-blank-line-more"),
        pytest.param(b": x\n\ndata: a\n\nretry: 1\ndata: b\n\n", [A, B], id="other-fields"),
    ],
)
def test_server_sent_events(stream: bytes, events: list[tuple[str, bytes]]) -> None:
    for pieces in every_cut(stream):
        assert sse(*pieces) == events, pieces


def test_a_line_that_waits_for_its_other_half_is_no_event_of_its_own() -> None:
    framer = SSEFramer()
    assert framer.feed(b"data: a\r") == []
    assert framer.feed(b"\n\r") == [A]
    assert framer.feed(b"\n") == []
    assert framer.feed(b"data: b\n\n") == [B]
    assert framer.feed(b"\n") == []
    assert framer.feed(b"data: a\n") == []
    assert framer.feed(b"\r\n") == [A]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_events_that_are_passed_on(end: bytes) -> None:
    """Whole ones, as soon as they are whole."""
    event = b"data: a" + end * 2
    stream = event * 2 + b"data: b" + end
    for pieces in every_cut(stream):
        cutter, fed, told = EventCutter(), b"", b""
        for piece in pieces:
            fed += piece
            told += cutter.feed(piece)
            assert told == event * (min(len(fed), 2 * len(event)) // len(event)), pieces
        assert told + cutter.close() == stream
        assert cutter.close() == b""


def test_lines() -> None:
    for pieces in every_cut(b'{"a":1}\r\n\n {} \n{"b"'):
        assert lines(*pieces) == [b'{"a":1}', b"{}", b'{"b"'], pieces


@pytest.mark.parametrize(
    ("whole", "events"),
    [
        pytest.param(b"data: a\n\n", [b"data: a\n\n"], id="one"),
        pytest.param(b"data: a\n\ndata: b\n\n", [b"data: a\n\n", b"data: b\n\n"], id="two"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [b"data: a\r\n\r\n", b"data: b\r\n\r\n"], id="crlf"),
        pytest.param(b"data: a\n\ndata: b\n", [b"data: a\n\n", b"data: b\n"], id="a-rest"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n", [b"data: a\r\n\r\n", b"data: b\r\n"], id="a-rest-in-crlf"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_what_was_passed_on_is_cut_into_events(whole: bytes, events: list[bytes]) -> None:
    assert events_of(whole) == events
