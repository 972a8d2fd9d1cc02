"""Frames of the control socket, cut anywhere."""

from __future__ import annotations

import pytest

from turnout.errors import BodyTooLarge
from turnout.host.frames import MOST_BYTES, Ask, Cancel, FrameReader, FromAsker, frame, read_from_asker

SENT: list[FromAsker] = [Ask(1, "a", b""), Cancel(1), Ask(2**40, "é" * 9, bytes(range(256)) * 3), Cancel(7)]
BYTES = b"".join(frame(content) for content in SENT)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 64, 1000, len(BYTES)])
def test_frames_are_read_however_they_are_cut(size: int) -> None:
    reader = FrameReader()
    read = [
        read_from_asker(content)
        for start in range(0, len(BYTES), size)
        for content in reader.feed(BYTES[start : start + size])
    ]
    assert read == SENT


def test_a_frame_is_read_when_its_last_byte_comes() -> None:
    reader, sent = FrameReader(), frame(SENT[0])
    assert reader.feed(sent[:-1]) == []
    assert [read_from_asker(content) for content in reader.feed(sent[-1:])] == [SENT[0]]


def test_a_length_beyond_the_limit_is_refused_before_its_content_comes() -> None:
    reader = FrameReader()
    assert reader.feed(MOST_BYTES.to_bytes(4, "big")) == []
    with pytest.raises(BodyTooLarge):
        FrameReader().feed((MOST_BYTES + 1).to_bytes(4, "big"))


def test_a_frame_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(BodyTooLarge):
        frame(Ask(1, "echo", bytes(MOST_BYTES)))
