"""Requests that aren't for a chat: which of them are streamed, and what of them is left out."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from turnout.core import (
    ChatRequest,
    CountRequest,
    EmbeddingRequest,
    ImageRequest,
    Message,
    SpeechRequest,
    Support,
    Text,
    TranscriptionRequest,
)

from .fitted import named

FORGETFUL = Support(namespace="here", knobs=frozenset(), ignores=frozenset({"user", "taskType"}))
MINDFUL = Support(namespace="here", knobs=frozenset(), ignores=frozenset())
FOREIGN: Any = {"there": {"mark": Raw(b"1")}, "here": {"own": Raw(b"1")}}
EMBEDDING = EmbeddingRequest(model="m", inputs=("a",), user="u", purpose="RETRIEVAL_QUERY", extensions=FOREIGN)
SPEECH = SpeechRequest(model="m", text="a", voice="v")
IMAGE = ImageRequest(model="m", prompt="a", user="u")
COUNT = CountRequest(model="m", chat=ChatRequest(model="m", messages=(Message("user", (Text("hi"),)),), user="u"))


def test_what_is_left_out_is_told() -> None:
    assert named(EMBEDDING, FORGETFUL) == ["user", "taskType", "mark"]
    assert named(EMBEDDING, MINDFUL) == ["mark"]
    assert named(IMAGE, FORGETFUL) == ["user"]
    assert named(SPEECH, FORGETFUL) == []
    assert named(COUNT, FORGETFUL) == ["user"]


@pytest.mark.parametrize(
    ("request_", "streamed"),
    [
        (SPEECH, True),
        (EMBEDDING, False),
        (IMAGE, False),
        (COUNT, False),
        (TranscriptionRequest(model="m", audio=b"", file_name="a.wav"), False),
    ],
    ids=lambda value: getattr(value, "operation", None),
)
def test_a_recording_is_passed_on_as_it_comes_and_the_others_when_they_are_asked_to(
    request_: Any, streamed: bool
) -> None:
    assert request_.stream is streamed
