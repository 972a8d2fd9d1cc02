"""What a provider can't say is refused, naming the field; what it can is not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from turnout.core import (
    HARMLESS,
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Output,
    Part,
    Reasoning,
    Sampling,
    Support,
    Text,
    Tool,
    ToolResult,
    dropped_fields,
    refuse_unsupported,
)
from turnout.errors import Unsupported

NOTHING = Support(
    namespace="here",
    knobs=frozenset({"temperature"}),
    ignores=frozenset({"seed"}),
    image_urls=False,
    image_data=False,
    tools=False,
    json=False,
    json_schema=False,
    reasoning=False,
    stop=False,
)
EVERYTHING = Support(
    namespace="here", knobs=frozenset(Sampling.__struct_fields__), audio=True, files=True, choices=True
)


def saying(*parts: Part) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("system", (Text("s"),)), Message("user", parts)))


def asking(**fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("user", (Text("hi"),)),), **fields)


CASES = [
    pytest.param(
        saying(Image(url="https://x/y.png")),
        "messages[1]",
        "images by URL; send the image as base64",
        id="image-by-url",
    ),
    pytest.param(
        saying(Image(data="R0lG", media_type="image/gif")),
        "messages[1]",
        "images as base64; send the image's URL",
        id="image-as-base64",
    ),
    pytest.param(saying(Text("a"), Audio("UklG", "wav")), "messages[1]", "audio", id="audio"),
    pytest.param(saying(File(file_id="f")), "messages[1]", "files", id="file"),
    pytest.param(
        saying(
            ToolResult("c", (Text("a"), Image(url="https://x"))),
        ),
        "messages[1]",
        "images by URL; send the image as base64",
        id="image-of-a-tool",
    ),
    pytest.param(asking(tools=(Tool("f"),)), "tools", "tools", id="tools"),
    pytest.param(asking(output=Output("json")), "response_format", "JSON output", id="json"),
    pytest.param(
        asking(output=Output("json_schema", Raw(b"{}"))), "response_format", "output by a JSON schema", id="json-schema"
    ),
    pytest.param(asking(reasoning=Reasoning(effort="low")), "reasoning", "reasoning settings", id="reasoning"),
    pytest.param(asking(n=2), "n", "several choices (n > 1)", id="choices"),
    pytest.param(asking(stop=("x",)), "stop", "stop sequences", id="stop"),
    pytest.param(asking(sampling=Sampling(top_p=0.5)), "top_p", "'top_p'", id="knob"),
    pytest.param(asking(sampling=Sampling(logprobs=True)), "logprobs", "'logprobs'", id="logprobs"),
]


@pytest.mark.parametrize(("request_", "param", "feature"), CASES)
def test_what_it_can_not_say_is_refused_by_name(request_: ChatRequest, param: str, feature: str) -> None:
    with pytest.raises(Unsupported) as caught:
        refuse_unsupported(request_, NOTHING, "p")
    assert caught.value.message == f"The provider 'p' does not support {feature}."
    assert caught.value.param == param
    assert caught.value.status == 400


@pytest.mark.parametrize("request_", [case.values[0] for case in CASES], ids=[case.id for case in CASES])
def test_what_it_can_say_is_let_through(request_: ChatRequest) -> None:
    refuse_unsupported(request_, EVERYTHING, "p")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(saying(Text("hi")), id="text"),
        pytest.param(asking(sampling=Sampling(temperature=0.0)), id="a-knob-it-has"),
        pytest.param(asking(sampling=Sampling(seed=1)), id="a-knob-it-ignores"),
        pytest.param(asking(sampling=Sampling(logprobs=False)), id="a-wish-for-nothing"),
        pytest.param(asking(reasoning=Reasoning(enabled=False)), id="no-reasoning-asked"),
        pytest.param(asking(extensions={"elsewhere": {name: Raw(b"1") for name in HARMLESS}}), id="harmless-fields"),
        pytest.param(asking(extensions={"here": {"odd": Raw(b"1")}}), id="fields-of-its-own-wire"),
    ],
)
def test_the_harmless_is_let_through(request_: ChatRequest) -> None:
    refuse_unsupported(request_, NOTHING, "p")


def test_a_field_of_another_wire_is_refused_by_name() -> None:
    request = asking(extensions={"elsewhere": {"user": Raw(b"1"), "odd": Raw(b"1")}})
    with pytest.raises(Unsupported, match="'odd'") as caught:
        refuse_unsupported(request, EVERYTHING, "p")
    assert caught.value.param == "odd"


def test_a_block_of_another_wire_is_refused_where_it_stands() -> None:
    request = saying(Text("", {"elsewhere": {"block": Raw(b"{}")}}))
    with pytest.raises(Unsupported, match="elsewhere") as caught:
        refuse_unsupported(request, EVERYTHING, "p")
    assert caught.value.param == "messages[1]"


FOREIGN = {"there": {"mark": Raw(b"1")}}
FORGETFUL = Support(
    namespace="here", knobs=frozenset(), ignores=frozenset({"seed", "user", "metadata", "name", "detail", "strict"})
)


@pytest.mark.parametrize(
    ("request_", "paths"),
    [
        pytest.param(asking(), [], id="nothing"),
        pytest.param(asking(sampling=Sampling(seed=1, temperature=0.1)), ["seed"], id="sampling"),
        pytest.param(asking(user="u", metadata={"a": "b"}), ["user", "metadata"], id="user-and-metadata"),
        pytest.param(asking(extensions={"there": {"store": Raw(b"1")}}), ["store"], id="harmless-field"),
        pytest.param(asking(extensions={"here": {"store": Raw(b"1")}}), [], id="own-field"),
        pytest.param(
            asking(tools=(Tool("f"), Tool("g", strict=True, extensions=FOREIGN))),
            ["tools[1].strict", "tools[1].mark"],
            id="tools",
        ),
        pytest.param(
            saying(Text("a", FOREIGN), Image(url="https://x", detail="low")),
            ["messages[1].content[0].mark", "messages[1].content[1].detail"],
            id="parts",
        ),
        pytest.param(
            ChatRequest(model="m", messages=(Message("user", (Text("a"),), "bob"),)), ["messages[0].name"], id="name"
        ),
    ],
)
def test_what_is_left_out_is_told(request_: ChatRequest, paths: list[str]) -> None:
    assert list(dropped_fields(request_, FORGETFUL)) == paths


def test_nothing_is_left_out_that_has_a_place() -> None:
    said = asking(user="u", metadata={"a": "b"}, sampling=Sampling(seed=1), tools=(Tool("f", strict=True),))
    assert list(dropped_fields(said, EVERYTHING)) == []
