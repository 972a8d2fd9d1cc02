"""An error names the path of the wrong field in Anthropic's own notation."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.support.anthropic_wire import ENDPOINT, PNG
from tests.support.whole_requests import read_whole
from turnout.errors import InvalidRequest

GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def body(**fields: Any) -> bytes:
    whole = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]} | fields
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


def saying(*blocks: Any, role: str = "user") -> bytes:
    return body(messages=[{"role": role, "content": list(blocks)}])


def image(**source: Any) -> bytes:
    return saying({"type": "text", "text": "look"}, {"type": "image", "source": source})


@pytest.mark.parametrize(
    ("data", "param"),
    [
        pytest.param(b"", None, id="no-body"),
        pytest.param(b'{"model": ', None, id="cut-json"),
        pytest.param(b"[]", None, id="not-an-object"),
        pytest.param(b'{"model": "m", "max_tokens": NaN}', None, id="nan"),
        pytest.param(body().replace(b"hi", b"h\xff"), None, id="bad-utf8-in-a-text"),
        pytest.param(
            body(tools=[{"name": "f", "input_schema": {"x": "y"}}]).replace(b'"y"', b'"\xff"'),
            None,
            id="bad-utf8-in-raw-json",
        ),
        pytest.param(body(model=...), "model", id="no-model"),
        pytest.param(body(model=""), "model", id="empty-model"),
        pytest.param(body(max_tokens=...), "max_tokens", id="no-max-tokens"),
        pytest.param(body(max_tokens=-1), "max_tokens", id="negative-max-tokens"),
        pytest.param(body(max_tokens=1.5), "max_tokens", id="fractional-max-tokens"),
        pytest.param(body(max_tokens=10**30), "max_tokens", id="absurd-max-tokens"),
        pytest.param(body().replace(b"10", b"1e400"), "max_tokens", id="infinite-max-tokens"),
        pytest.param(body(temperature=1.1), "temperature", id="hot"),
        pytest.param(body(temperature=-0.1), "temperature", id="cold"),
        pytest.param(body(temperature="1"), "temperature", id="temperature-as-text"),
        pytest.param(body(temperature=0.5).replace(b"0.5", b"1e400"), "temperature", id="infinite-temperature"),
        pytest.param(body(top_p=2), "top_p", id="top-p-above-one"),
        pytest.param(body(top_k=-1), "top_k", id="negative-top-k"),
        pytest.param(body(stop_sequences=["a", 1]), "stop_sequences.1", id="stop-sequence-of-wrong-type"),
        pytest.param(body(stream="yes"), "stream", id="stream-of-wrong-type"),
        pytest.param(body(messages=...), "messages", id="no-messages"),
        pytest.param(body(messages=[]), "messages", id="empty-messages"),
        pytest.param(body(messages=[{"content": "x"}]), "messages.0.role", id="no-role"),
        pytest.param(body(messages=[{"role": "robot", "content": "x"}]), "messages.0.role", id="unknown-role"),
        pytest.param(body(messages=[{"role": "user"}]), "messages.0.content", id="no-content"),
        pytest.param(body(messages=[{"role": "user", "content": []}]), "messages.0.content", id="empty-content"),
        pytest.param(body(messages=[{"role": "user", "content": 5}]), "messages.0.content", id="content-a-number"),
        pytest.param(saying("hi"), "messages.0.content.0", id="block-a-string"),
        pytest.param(saying({}), "messages.0.content.0.type", id="block-without-type"),
        pytest.param(saying({"type": 5}), "messages.0.content.0.type", id="type-a-number"),
        pytest.param(saying({"type": "text"}), "messages.0.content.0.text", id="text-without-text"),
        pytest.param(saying({"type": "text", "text": 5}), "messages.0.content.0.text", id="text-a-number"),
        pytest.param(
            saying({"type": "document", "source": {"type": "base64", "data": "https://x.test/a.pdf"}}),
            "messages.0.content.0.source.data",
            id="an-address-as-base64",
        ),
        pytest.param(
            saying({"type": "document", "source": {"type": "url", "url": "file:///a.pdf"}}),
            "messages.0.content.0.source.url",
            id="a-document-at-another-kind-of-address",
        ),
        pytest.param(body(system=[{"type": "text"}]), "system.0.text", id="system-block-without-text"),
        pytest.param(
            saying({"type": "tool_use", "id": "a", "name": "b", "input": {}}),
            "messages.0.content.0.type",
            id="tool-use-of-a-user",
        ),
        pytest.param(
            saying({"type": "tool_result", "tool_use_id": "a"}, role="assistant"),
            "messages.0.content.0.type",
            id="tool-result-of-an-assistant",
        ),
        pytest.param(
            saying({"type": "tool_use", "id": "a", "name": "b", "input": "{}"}, role="assistant"),
            "messages.0.content.0.input",
            id="tool-input-a-string",
        ),
        pytest.param(
            saying({"type": "tool_use", "id": "a", "name": "b"}, role="assistant"),
            "messages.0.content.0.input",
            id="no-tool-input",
        ),
        pytest.param(
            saying({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text"}]}),
            "messages.0.content.0.content.0.text",
            id="text-of-a-tool-result",
        ),
        pytest.param(saying({"type": "image"}), "messages.0.content.0.source", id="image-without-source"),
        pytest.param(image(), "messages.0.content.1.source.type", id="source-without-type"),
        pytest.param(
            image(type="base64", media_type="image/bmp", data="Qk0="),
            "messages.0.content.1.source.media_type",
            id="image-of-unknown-type",
        ),
        pytest.param(
            image(type="base64", media_type="image/png", data="aGVsbG8gd29ybGQ="),
            "messages.0.content.1.source.data",
            id="image-that-is-a-text",
        ),
        pytest.param(
            image(type="base64", media_type="image/png", data="!!!"),
            "messages.0.content.1.source.data",
            id="image-not-base64",
        ),
        pytest.param(
            image(type="base64", media_type="image/png", data=f"data:image/png;base64,{PNG}"),
            "messages.0.content.1.source.data",
            id="image-as-data-url",
        ),
        pytest.param(
            image(type="base64", media_type="image/png", data=GIF),
            "messages.0.content.1.source.media_type",
            id="gif-that-says-png",
        ),
        pytest.param(image(type="url", url="file:///etc/passwd"), "messages.0.content.1.source.url", id="file-url"),
        pytest.param(body(tools=[{"input_schema": {}}]), "tools.0.name", id="tool-without-name"),
        pytest.param(body(tools=[{"name": "f"}]), "tools.0.input_schema", id="tool-without-schema"),
        pytest.param(body(tools={}), "tools", id="tools-an-object"),
        pytest.param(body(tool_choice={"type": "tool"}), "tool_choice.name", id="choice-without-name"),
        pytest.param(body(thinking={"type": "enabled"}), "thinking.budget_tokens", id="thinking-without-budget"),
        pytest.param(body(output_config={"effort": 3}), "output_config.effort", id="effort-a-number"),
        pytest.param(
            body(output_config={"format": {"type": "json_schema"}}),
            "output_config.format.schema",
            id="format-without-schema",
        ),
        pytest.param(body(metadata={"user_id": 3}), "metadata.user_id", id="user-a-number"),
    ],
)
def test_names_the_field(data: bytes, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_whole(ENDPOINT, data)
    assert caught.value.param == param
    assert caught.value.message.startswith(f"{param}: " if param else "")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b'"messages":[{"role":"user","content":[{"type":"text","x":%b', id="in-a-block"),
        pytest.param(b'"messages":[{"role":"user","content":"x"}],"tools":[{"input_schema":%b', id="in-a-schema"),
        pytest.param(b'"new_field":%b', id="in-an-unknown-field"),
        pytest.param(b'"system":%b', id="in-the-system-prompt"),
    ],
)
def test_deep_nesting_is_refused_at_once(field: bytes) -> None:
    """It is never a RecursionError, and it never takes a second."""
    began = time.perf_counter()
    with pytest.raises(InvalidRequest):
        read_whole(ENDPOINT, b'{"model":"m","max_tokens":1,' + field % (b"[" * 1_000_000))
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("block", "role"),
    [
        ({"type": "thinking", "thinking": "Hm.", "signature": "s"}, "user"),
        ({"type": "redacted_thinking", "data": "x"}, "user"),
        ({"type": "tool_use", "id": "a", "name": "b", "input": {}}, "user"),
        ({"type": "tool_result", "tool_use_id": "a"}, "assistant"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else None,
)
def test_a_block_of_the_other_role_is_refused(block: dict[str, Any], role: str) -> None:
    with pytest.raises(InvalidRequest, match=f"'{block['type']}' blocks can only be in"):
        read_whole(ENDPOINT, saying(block, role=role))
