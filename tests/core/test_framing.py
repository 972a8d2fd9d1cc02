"""Framers give the same frames wherever the network cuts the bytes, and hold no more than one frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core import LineFramer, SSEFramer
from turnout.core.framing import EventCutter, events_of, payload_of
from turnout.errors import UpstreamBroken

PIECE = 16 * 1024
LIMIT = 16 * 1024 * 1024


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[a:b] for a, b in pairwise(bounds)]


def sse(*fed: bytes) -> list[tuple[str, bytes]]:
    framer = SSEFramer()
    return [event for data in fed for event in framer.feed(data)] + framer.close()


def lines(*fed: bytes) -> list[bytes]:
    framer = LineFramer()
    return [line for data in fed for line in framer.feed(data)] + framer.close()


def by_the_standard(stream: bytes) -> list[tuple[str, bytes]]:
    """The standard's algorithm, written for clearness: decode, cut into lines, go through the fields."""
    text = stream.decode().removeprefix("\ufeff")
    events, name, data = [], "", ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append((name, data.removesuffix("\n").encode()))
            name, data = "", ""
        elif field == "event":
            name = value
        elif field == "data":
            data += value + "\n"
    return events


LINE = st.one_of(
    st.sampled_from(["", "", "data:", "data", "data: ", "data:  two", "event: ping", "event", ": comment", "id: 7"]),
    st.sampled_from(["retry: 5", "data : x", "Data: x", "datax: y", "event:x", "\ufeffdata: bom inside"]),
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12).map("data: ".__add__),
)
STREAM = st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n", "\r"])), max_size=14).map(
    lambda cut: "".join(line + end for line, end in cut)
)


@given(st.booleans(), STREAM, st.sets(st.integers(0, 200)))
def test_events_are_those_of_the_standard_wherever_they_are_cut(bom: bool, text: str, cuts: set[int]) -> None:
    """Bytes that end in the middle of an event give that event, too: some servers leave out the last blank line."""
    stream = (("\ufeff" if bom else "") + text).encode()
    assert sse(*pieces(stream, cuts)) == by_the_standard(stream + b"\n\n")


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"data: a\n\n", [("", b"a")], id="lf"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [("", b"a"), ("", b"b")], id="crlf"),
        pytest.param(b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")], id="cr"),
        pytest.param(b"data: a\n\r\ndata: b\r\r\n", [("", b"a"), ("", b"b")], id="mixed-line-ends"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [("", b"a")], id="byte-order-mark"),
        pytest.param(b"data: a\ndata:b\ndata:  c\n\n", [("", b"a\nb\n c")], id="several-data-lines"),
        pytest.param(b"data:\n\n", [("", b"")], id="empty-data"),
        pytest.param(b"data\ndata\n\n", [("", b"\n")], id="data-without-colon"),
        pytest.param(b": hello\n\n:\n\n", [], id="comments"),
        pytest.param(b"event: x\n\ndata: a\n\n", [("", b"a")], id="name-without-data-is-dropped"),
        pytest.param(b"event: x\ndata: a\n\ndata: b\n\n", [("x", b"a"), ("", b"b")], id="name-is-for-one-event"),
        pytest.param(b"id: 1\nretry: 5\ndata: a\n\n", [("", b"a")], id="other-fields"),
        pytest.param(b"data: a", [("", b"a")], id="end-without-blank-line"),
        pytest.param(b"data: a\r", [("", b"a")], id="end-in-half-a-crlf"),
        pytest.param("data: é\u2028\x85\n\n".encode(), [("", "é\u2028\x85".encode())], id="only-lf-and-cr-end-lines"),
    ],
)
def test_server_sent_events(stream: bytes, events: list[tuple[str, bytes]]) -> None:
    assert sse(stream) == events
    assert sse(*[stream[i : i + 1] for i in range(len(stream))]) == events


@given(st.lists(st.sampled_from([b"{}", b'{"a":"\xc3\xa9"}', b" ", b"", b"1"])), st.sets(st.integers(0, 60)))
def test_lines_are_the_same_wherever_they_are_cut(parts: list[bytes], cuts: set[int]) -> None:
    stream = b"\r\n".join(parts)
    assert lines(*pieces(stream, cuts)) == [part for part in parts if part.strip()]


@given(STREAM.filter(lambda text: "\r" not in text.replace("\r\n", "")), st.sets(st.integers(0, 200)))
def test_whole_events_are_passed_on_byte_for_byte(text: str, cuts: set[int]) -> None:
    """What a cutter gives ends in a blank line, and with what is left over it is all that came."""
    stream = text.encode()
    cutter = EventCutter()
    given_out = [whole for data in pieces(stream, cuts) if (whole := cutter.feed(data))]
    assert all(whole.replace(b"\r\n", b"\n").endswith(b"\n\n") for whole in given_out)
    rest = cutter.close()
    assert b"".join(given_out) + rest == stream
    assert b"\n\n" not in rest.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\n\r\n", b"\r\n\n"], ids=["lf", "crlf", "lf-crlf", "crlf-lf"])
def test_an_event_is_passed_on_with_its_last_byte(end: bytes) -> None:
    """Not a byte later, even if they come one by one."""
    event = b"data: a\ndata: b" + end
    cutter = EventCutter()
    given_out = [cutter.feed(bytes([byte])) for byte in event * 3]
    assert given_out == ([b""] * (len(event) - 1) + [event]) * 3


@pytest.mark.parametrize(
    ("feed", "piece"),
    [
        pytest.param(SSEFramer(LIMIT).feed, b"data: " + b"x" * 1024, id="line-of-an-event"),
        pytest.param(SSEFramer(LIMIT).feed, b"data: " + b"x" * 1017 + b"\n", id="event-of-many-lines"),
        pytest.param(SSEFramer(LIMIT).feed, b"data:\n" * 4096, id="event-of-many-empty-lines"),
        pytest.param(LineFramer(LIMIT).feed, b"x" * 1024, id="line"),
        pytest.param(EventCutter(LIMIT).feed, b"data: x\n" * 128, id="event-to-pass-on"),
    ],
)
def test_a_frame_without_end_is_refused(feed: Callable[[bytes], object], piece: bytes) -> None:
    for _ in range(LIMIT // len(piece) - 1):
        feed(piece)
    with pytest.raises(UpstreamBroken, match="longer than"):
        feed(LIMIT // 4 // len(piece) * piece)


def test_comments_without_end_are_no_event() -> None:
    """A provider that keeps the connection alive for hours is not refused for it."""
    framer = SSEFramer(LIMIT)
    comment = b": " + b"x" * 1_000_000 + b"\n\n"
    for _ in range(2 * LIMIT // len(comment)):
        assert framer.feed(comment) == []


def test_many_whole_events_at_once_are_no_long_event() -> None:
    data = (b"data: " + b"x" * 1000 + b"\n\n") * (LIMIT // 1000 + 1) + b"data: y\n"
    assert len(SSEFramer(LIMIT).feed(data)) == LIMIT // 1000 + 1


@pytest.mark.parametrize(
    ("feed", "head", "tail"),
    [
        pytest.param(SSEFramer().feed, b"data: ", b"\n\n", id="events"),
        pytest.param(LineFramer().feed, b"", b"\n", id="lines"),
        pytest.param(EventCutter().feed, b"data: ", b"\n\n", id="cutter"),
    ],
)
def test_a_frame_in_a_thousand_pieces_costs_what_it_weighs(
    feed: Callable[[bytes], object], head: bytes, tail: bytes
) -> None:
    """15 MB in pieces of 16 KB: to join them at every piece takes more than a second here, at the end 10 ms."""
    body = head + b"x" * (LIMIT - 1_000_000) + tail
    began = time.process_time()
    fed = [feed(body[at : at + PIECE]) for at in range(0, len(body), PIECE)]
    assert fed[-1]
    assert not any(fed[:-1])
    assert time.process_time() - began < 0.3


@given(STREAM)
def test_the_payload_of_an_event_is_its_data(text: str) -> None:
    """By the short way for what nearly all look like, and by the long one for the rest."""
    stream = text.encode() + b"\n\n"
    for event in events_of(stream):
        assert payload_of(event) == b"\n".join(data for _, data in sse(event))
    assert b"".join(events_of(stream)) == stream


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param(b"data: {}\n\n", b"{}", id="data"),
        pytest.param(b"event: x\ndata: {}\n\n", b"{}", id="after-its-name"),
        pytest.param(b"data: {}\r\n\r\n", b"{}", id="crlf"),
        pytest.param(b"data:{}\n\n", b"{}", id="no-space"),
        pytest.param(b"data: a\rdata: b\n\n", b"a\nb", id="bare-cr"),
        pytest.param(b"event: x\nevent: y\ndata: {}\n\n", b"{}", id="two-names"),
        pytest.param(b"event: x\n\n", b"", id="no-data"),
        pytest.param(b": data: {}\n\n", b"", id="comment"),
        pytest.param(b"\ndata: {}\n\n", b"{}", id="after-a-blank-line"),
    ],
)
def test_payloads(event: bytes, payload: bytes) -> None:
    assert payload_of(event) == payload


def test_a_line_end_after_a_cut_event_belongs_to_the_next_one() -> None:
    """The bytes before the cut are gone: they make no blank line with what follows."""
    cutter = EventCutter()
    assert [cutter.feed(b"data: a\n"), cutter.feed(b"\n")] == [b"", b"data: a\n\n"]
    assert cutter.feed(b"\n") == b""
    assert cutter.feed(b"data: b\n\n") == b"\ndata: b\n\n"


def test_a_frame_may_be_as_long_as_the_limit() -> None:
    framer = LineFramer(limit=4)
    assert framer.feed(b"1234") == []
    with pytest.raises(UpstreamBroken):
        framer.feed(b"5")
