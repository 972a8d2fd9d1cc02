"""What would make the answer mean something else is refused by name; everything else is let through."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw, structs

from turnout.core import (
    Audio,
    ChatRequest,
    File,
    HostedTool,
    Image,
    Output,
    Reasoning,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    WireBody,
)
from turnout.errors import InvalidRequest, Unsupported
from turnout.fitting.meaning import MEANING

from .fitted import EVERYTHING, NOTHING, asking, fitted, named, saying

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
    pytest.param(asking(n=2), "n", "several choices (n > 1)", id="choices"),
    pytest.param(asking(stop=("x",)), "stop", "stop sequences", id="stop"),
    pytest.param(asking(sampling=Sampling(logprobs=True)), "logprobs", "'logprobs'", id="logprobs"),
]


@pytest.mark.parametrize(("request_", "param", "feature"), CASES)
def test_what_it_can_not_say_is_refused_by_name(request_: ChatRequest, param: str, feature: str) -> None:
    with pytest.raises(Unsupported) as caught:
        fitted(request_, NOTHING)
    assert caught.value.message == f"The provider 'p' does not support {feature}."
    assert caught.value.param == param
    assert caught.value.status == 400


@pytest.mark.parametrize("request_", [case.values[0] for case in CASES], ids=[case.id for case in CASES])
def test_what_it_can_say_is_let_through(request_: ChatRequest) -> None:
    fitted(request_, EVERYTHING)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(saying(Text("hi")), id="text"),
        pytest.param(asking(sampling=Sampling(temperature=0.0)), id="a-knob-it-has"),
        pytest.param(asking(sampling=Sampling(logprobs=False, presence_penalty=0)), id="a-wish-for-nothing"),
        pytest.param(asking(reasoning=Reasoning(enabled=False)), id="no-reasoning-asked"),
        pytest.param(asking(extensions={"here": {"odd": Raw(b"1")}}), id="fields-of-its-own-wire"),
        pytest.param(
            asking(extensions={"openai": {name: Raw(b"[]") for name in MEANING["openai"]}}), id="empty-fields"
        ),
        pytest.param(asking(extensions={"openai": {"modalities": Raw(b'["text"]')}}), id="text-only"),
        pytest.param(asking(extensions={"anthropic": {"inference_geo": Raw(b'"global"')}}), id="anywhere"),
        pytest.param(asking(extensions={"elsewhere": {"store": Raw(b"false")}}), id="not-to-be-stored"),
    ],
)
def test_what_says_nothing_is_not_even_named(request_: ChatRequest) -> None:
    assert named(request_, NOTHING) == []


FIELDS = [(namespace, field) for namespace, fields in MEANING.items() for field in fields]
INSIDE = [("openai-responses", "input[0].type"), ("openai-responses", "previous[1].content[0].file_id")]


@pytest.mark.parametrize(("namespace", "field"), [*FIELDS, *INSIDE])
def test_a_field_of_another_wire_that_is_no_hint_is_refused_by_name(namespace: str, field: str) -> None:
    request = asking(extensions={namespace: {"hint": Raw(b"1"), field: Raw(b'"x"')}})
    with pytest.raises(Unsupported, match="The provider 'p' does not support '") as caught:
        fitted(request, EVERYTHING)
    assert caught.value.param == field


@pytest.mark.parametrize("field", ["tools[2].type", "tools.googleSearch"])
def test_a_tool_that_only_its_own_provider_runs_is_left_out_and_named(field: str) -> None:
    assert named(asking(extensions={"elsewhere": {field: Raw(b"{}")}}), EVERYTHING) == [field]


HOSTED = HostedTool("tools[1]", {"there": {"tool": Raw(b"{}")}}, "search")


def test_a_tool_that_a_provider_runs_is_left_out_and_named_elsewhere() -> None:
    request = asking(hosted=(HOSTED,))
    assert named(request, EVERYTHING) == ["tools[1]"]
    assert named(request, structs.replace(EVERYTHING, namespace="there")) == []


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("tool", "search")], ids=str)
def test_where_it_has_to_be_called_only_its_provider_will_do(choice: ToolChoice) -> None:
    request = asking(hosted=(HOSTED,), tool_choice=choice)
    assert named(request, structs.replace(EVERYTHING, namespace="there")) == []
    with pytest.raises(Unsupported):
        fitted(request, EVERYTHING)


def test_such_a_tool_may_come_with_the_input() -> None:
    field = "input[0].tools[1].type"
    assert named(asking(extensions={"openai-responses": {field: Raw(b'"mcp"')}}), EVERYTHING) == [field]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tools": (Tool("f"),), "tool_choice": ToolChoice("tool", "web_search")}, "the tool 'web_search'"),
        ({"tool_choice": ToolChoice("required")}, "any of the tools"),
    ],
)
def test_a_tool_that_has_to_be_called_has_to_be_there(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Unsupported, match=message) as caught:
        fitted(asking(**fields), EVERYTHING)
    assert caught.value.param == "tool_choice"


def test_an_empty_conversation_is_a_mistake() -> None:
    with pytest.raises(InvalidRequest, match="say something"):
        fitted(asking(messages=()), EVERYTHING)


def test_the_same_name_may_be_a_hint_on_another_wire() -> None:
    """Ollama ignores a ``tool_choice``, as every other field that it doesn't know."""
    assert named(asking(extensions={"ollama": {"tool_choice": Raw(b'"x"')}}), EVERYTHING) == ["tool_choice"]


@pytest.mark.parametrize("routing", ['{"data_collection": "deny"}', '{"zdr": true}'])
def test_a_promise_of_privacy_is_refused_and_other_routing_is_a_hint(routing: str) -> None:
    private = asking(extensions={"openai": {"provider": Raw(routing.encode())}})
    with pytest.raises(Unsupported, match="privacy"):
        fitted(private, EVERYTHING)
    order = asking(extensions={"openai": {"provider": Raw(b'{"order": ["a"]}')}})
    assert named(order, EVERYTHING) == ["provider"]


def test_a_block_of_another_wire_is_refused_where_it_stands() -> None:
    request = saying(Text("", {"elsewhere": {"block": Raw(b"{}")}}))
    with pytest.raises(Unsupported, match="elsewhere") as caught:
        fitted(request, EVERYTHING)
    assert caught.value.param == "messages[1]"


def test_a_file_id_of_another_provider_is_refused() -> None:
    """The provider would not find the file, or would find another one."""
    uploaded = saying(File(file_id="file-1"))
    elsewhere = structs.replace(uploaded, raw=WireBody("elsewhere-chat", {}))
    with pytest.raises(Unsupported, match="uploaded to another provider"):
        fitted(elsewhere, EVERYTHING)
    fitted(structs.replace(uploaded, raw=WireBody("here-chat", {})), EVERYTHING)
    fitted(structs.replace(uploaded, raw=WireBody("here, with other providers' signatures", {})), EVERYTHING)
    fitted(uploaded, EVERYTHING)


def test_a_file_of_openais_goes_to_no_other_vendor_on_its_wire() -> None:
    """OpenAI and Azure get a request to Responses as it came. Whoever it is translated for is somebody else."""
    uploaded = structs.replace(saying(File(file_id="file-1")), raw=WireBody("openai-responses", {}))
    with pytest.raises(Unsupported, match="uploaded to another provider"):
        fitted(uploaded, structs.replace(EVERYTHING, namespace="openai"))


@pytest.mark.parametrize(
    "video", [File(url="https://x.test/a.mp4", media_type="video/mp4"), File(data="AA", media_type="video/webm")]
)
def test_a_video_is_refused_where_it_cant_be_seen(video: File) -> None:
    with pytest.raises(Unsupported, match="videos") as caught:
        fitted(saying(video), EVERYTHING)
    assert caught.value.param == "messages[1]"
    fitted(saying(video), structs.replace(EVERYTHING, video=True))
