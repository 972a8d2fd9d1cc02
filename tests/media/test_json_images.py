"""New images take the places of old ones in a client's own JSON, on every wire."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from turnout.core import WireBody
from turnout.media.json_images import NewImage, replace_images

OLD = "b2xkIGltYWdlLCBsb25nIGVub3VnaA=="
ADDRESS = "https://pictures.example/a-long-path.png"
NEW = NewImage("bmV3", "image/webp")
DATA_URL = "data:image/webp;base64,bmV3"


def body(value: Any) -> WireBody:
    return WireBody("w", {"messages": msgspec.Raw(msgspec.json.encode(value))})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({"data": OLD, "mimeType": "image/png"}, {"data": "bmV3", "mimeType": "image/webp"}, id="base64"),
        pytest.param(
            {"data": OLD.rstrip("="), "media_type": "image/png", "x": 1.50},
            {"data": "bmV3", "media_type": "image/webp", "x": 1.50},
            id="base64-without-padding",
        ),
        pytest.param({"url": f"data:image/png;base64,{OLD}"}, {"url": DATA_URL}, id="data-url"),
        pytest.param({"images": [OLD, "x"]}, {"images": ["bmV3", "x"]}, id="list"),
        pytest.param({"url": ADDRESS, "detail": "low"}, {"url": DATA_URL, "detail": "low"}, id="openais-address"),
        pytest.param(
            {"type": "url", "url": ADDRESS},
            {"type": "base64", "media_type": "image/webp", "data": "bmV3"},
            id="anthropics-address",
        ),
        pytest.param(
            {"fileData": {"fileUri": ADDRESS, "mimeType": "image/png"}},
            {"inlineData": {"mimeType": "image/webp", "data": "bmV3"}},
            id="geminis-address",
        ),
        pytest.param(
            {"file_data": {"file_uri": ADDRESS}},
            {"inline_data": {"mime_type": "image/webp", "data": "bmV3"}},
            id="geminis-address-in-the-other-spelling",
        ),
    ],
)
def test_a_new_image_takes_the_old_ones_place(old: Any, new: Any) -> None:
    key = ADDRESS if ADDRESS in str(old) else OLD
    changed = replace_images(body([{"content": old}, "hi"]), {key: NEW})
    assert changed == body([{"content": new}, "hi"])


def test_values_without_images_keep_their_text() -> None:
    raw = WireBody(
        "w", {"a": msgspec.Raw(b'{"data":"%b"}' % OLD.encode()), "b": msgspec.Raw(b'{ "n": 1.50, "m": 1e2 }')}
    )
    changed = replace_images(raw, {OLD: NEW})
    assert changed is not None
    assert changed.fields["b"] is raw.fields["b"]


def test_an_image_that_is_not_there_leaves_nothing_to_relay() -> None:
    assert replace_images(body([OLD]), {OLD: NEW, ADDRESS: NEW}) is None
