"""What a picture or a sound costs is never guessed from words."""

from __future__ import annotations

import pytest

from turnout.core import EmbeddingRequest, ImageRequest, Request, SpeechRequest, TranscriptionRequest
from turnout.engine.estimate import estimated_usage

MEDIA: dict[str, Request] = {
    "image": ImageRequest(model="m", prompt="A long description of a picture."),
    "speech": SpeechRequest(model="m", text="A long text to be read aloud.", voice="v"),
    "transcription": TranscriptionRequest(model="m", audio=b"RIFF", file_name="a.wav"),
}


@pytest.mark.parametrize("request_", MEDIA.values(), ids=MEDIA)
def test_unreported_usage_of_media_stays_unknown(request_: Request) -> None:
    assert estimated_usage(request_, 5) is None


def test_unreported_usage_of_embeddings_is_estimated() -> None:
    usage = estimated_usage(EmbeddingRequest(model="m", inputs=("one two three four", (1, 2, 3))), 0)
    assert usage is not None
    assert usage.source == "estimated"
    assert 5 <= usage.input <= 9
    assert usage.output == 0
