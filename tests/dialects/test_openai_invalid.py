"""An error names the path of the wrong field in OpenAI's own notation."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.openai_wire import ENDPOINT, PNG, request_body
from tests.support.whole_requests import read_whole
from turnout.errors import InvalidRequest


def saying(*content: Any, role: str = "user") -> bytes:
    return request_body(messages=[{"role": "system", "content": "s"}, {"role": role, "content": list(content)}])


def message(**fields: Any) -> bytes:
    return request_body(messages=[fields])


def image(url: Any) -> bytes:
    return saying({"type": "text", "text": "look"}, {"type": "image_url", "image_url": url})


def tool(**function: Any) -> bytes:
    return request_body(tools=[{"type": "function", "function": function}])


def calling(**function: Any) -> bytes:
    return message(role="assistant", tool_calls=[{"id": "c", "type": "function", "function": function}])


SOUND = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
ENDLESS = b": " + b"9" * 10_000
IMAGE = "messages[1].content[1].image_url.url"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        pytest.param(b"", None, id="no-body"),
        pytest.param(b'{"model": ', None, id="cut-json"),
        pytest.param(b"[]", None, id="not-an-object"),
        pytest.param(b"null", None, id="null"),
        pytest.param(request_body() + b"{}", None, id="something-behind-it"),
        pytest.param(b"\xef\xbb\xbf" + request_body(), None, id="byte-order-mark"),
        pytest.param(request_body().decode().encode("utf-16"), None, id="utf-16"),
        pytest.param(request_body().replace(b"hi", b"h\ni"), None, id="bare-control-character"),
        pytest.param(request_body().replace(b"hi", b"h\xffi"), None, id="bad-utf8-in-a-text"),
        pytest.param(request_body(x="hi").replace(b'"hi"}', b'"\xff"}'), None, id="bad-utf8-in-an-unknown-field"),
        pytest.param(
            tool(name="f", parameters={"a": "hi"}).replace(b'"hi"}}', b'"\xc3"}}'), None, id="cut-utf8-in-a-schema"
        ),
        pytest.param(request_body().replace(b"hi", b"\xed\xa0\x80"), None, id="surrogate-as-utf8"),
        pytest.param(request_body(x=0).replace(b'"x": 0', b'"x": NaN'), None, id="nan"),
        pytest.param(request_body(x=0).replace(b'"x": 0', b'"x": 01'), None, id="octal"),
        pytest.param(request_body(model=...), "model", id="no-model"),
        pytest.param(request_body(model=""), "model", id="empty-model"),
        pytest.param(request_body(model=None), "model", id="null-model"),
        pytest.param(request_body(model=5), "model", id="model-a-number"),
        pytest.param(request_body(messages=...), "messages", id="no-messages"),
        pytest.param(request_body(messages=[]), "messages", id="empty-messages"),
        pytest.param(request_body(messages="hi"), "messages", id="messages-a-string"),
        pytest.param(request_body(messages=["hi"]), "messages[0]", id="message-a-string"),
        pytest.param(message(content="x"), "messages[0].role", id="no-role"),
        pytest.param(message(role="robot", content="x"), "messages[0].role", id="unknown-role"),
        pytest.param(message(role="user"), "messages[0].content", id="no-content"),
        pytest.param(message(role="user", content=None), "messages[0].content", id="null-content"),
        pytest.param(message(role="user", content=5), "messages[0].content", id="content-a-number"),
        pytest.param(message(role="user", content=[]), "messages[0].content", id="content-of-no-parts"),
        pytest.param(message(role="user", content=["hi"]), "messages[0].content[0]", id="part-a-string"),
        pytest.param(message(role="user", content="x", name=5), "messages[0].name", id="name-a-number"),
        pytest.param(message(role="tool", content="x"), "messages[0].tool_call_id", id="result-without-id"),
        pytest.param(saying({"text": "x"}), "messages[1].content[0].type", id="part-without-type"),
        pytest.param(saying({"type": "smell"}), "messages[1].content[0].type", id="part-of-unknown-type"),
        pytest.param(saying({"type": "text"}), "messages[1].content[0].text", id="text-without-text"),
        pytest.param(saying({"type": "text", "text": 5}), "messages[1].content[0].text", id="text-a-number"),
        pytest.param(
            saying({"type": "image_url", "image_url": {"url": "https://x"}}, role="system"),
            "messages[1].content[0].type",
            id="image-of-the-system",
        ),
        pytest.param(image("https://x"), "messages[1].content[1].image_url", id="image-url-a-string"),
        pytest.param(image({}), IMAGE, id="image-without-url"),
        pytest.param(image({"url": 5}), IMAGE, id="url-a-number"),
        pytest.param(image({"url": "file:///etc/passwd"}), IMAGE, id="file-url"),
        pytest.param(image({"url": "x.png"}), IMAGE, id="no-url"),
        pytest.param(image({"url": f"data:image/png,{PNG}"}), IMAGE, id="data-url-without-base64"),
        pytest.param(image({"url": f"data:text/html;base64,{PNG}"}), IMAGE, id="data-url-of-a-text"),
        pytest.param(image({"url": "data:image/png;base64,aGVsbG8gd29ybGQ="}), IMAGE, id="image-that-is-a-text"),
        pytest.param(image({"url": "data:image/png;base64,!!!"}), IMAGE, id="image-not-base64"),
        pytest.param(image({"url": "data:image/png;base64,"}), IMAGE, id="image-of-nothing"),
        pytest.param(image({"url": "data:"}), IMAGE, id="data-url-of-nothing"),
        pytest.param(
            message(
                role="tool",
                tool_call_id="c",
                content=[{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}],
            ),
            "messages[0].content[0].type",
            id="sound-of-a-tool",
        ),
        pytest.param(
            calling(arguments="{}"),
            "messages[0].tool_calls[0].function.name",
            id="call-without-name",
        ),
        pytest.param(
            message(
                role="assistant",
                tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": {}}}],
            ),
            "messages[0].tool_calls[0].function.arguments",
            id="arguments-an-object",
        ),
        pytest.param(tool(name=""), "tools[0].function.name", id="tool-with-empty-name"),
        pytest.param(tool(), "tools[0].function.name", id="tool-without-name"),
        pytest.param(request_body(tools={}), "tools", id="tools-an-object"),
        pytest.param(request_body(tool_choice="all"), "tool_choice", id="unknown-choice"),
        pytest.param(request_body(tool_choice={"type": "function"}), "tool_choice.function", id="choice-without-name"),
        pytest.param(request_body(response_format={"type": "xml"}), "response_format.type", id="unknown-format"),
        pytest.param(
            request_body(response_format={"type": "json_schema"}),
            "response_format.json_schema",
            id="format-without-schema",
        ),
        pytest.param(request_body(temperature=2.1), "temperature", id="hot"),
        pytest.param(request_body(temperature=-0.1), "temperature", id="cold"),
        pytest.param(request_body(temperature="1"), "temperature", id="temperature-as-text"),
        pytest.param(request_body(temperature=5).replace(b": 5", b": 1e400"), "temperature", id="infinite-temperature"),
        pytest.param(request_body(temperature=5).replace(b": 5", ENDLESS), "temperature", id="endless-temperature"),
        pytest.param(request_body(top_p=1.1), "top_p", id="top-p-above-one"),
        pytest.param(request_body(top_k=2**31), "top_k", id="absurd-top-k"),
        pytest.param(request_body(seed=2**63), "seed", id="absurd-seed"),
        pytest.param(request_body(seed=5).replace(b": 5", ENDLESS), "seed", id="endless-seed"),
        pytest.param(request_body(seed=1.5), "seed", id="fractional-seed"),
        pytest.param(request_body(presence_penalty=3), "presence_penalty", id="absurd-presence-penalty"),
        pytest.param(request_body(frequency_penalty=-3), "frequency_penalty", id="absurd-frequency-penalty"),
        pytest.param(request_body(top_logprobs=21), "top_logprobs", id="too-many-logprobs"),
        pytest.param(request_body(logprobs=1), "logprobs", id="logprobs-a-number"),
        pytest.param(request_body(max_tokens=0), "max_tokens", id="no-tokens"),
        pytest.param(request_body(max_tokens=-1), "max_tokens", id="negative-tokens"),
        pytest.param(request_body(max_tokens=10**30), "max_tokens", id="absurd-tokens"),
        pytest.param(request_body(max_completion_tokens=1.5), "max_completion_tokens", id="fractional-tokens"),
        pytest.param(request_body(n=0), "n", id="no-choices"),
        pytest.param(request_body(n=129), "n", id="too-many-choices"),
        pytest.param(request_body(stop=5), "stop", id="stop-a-number"),
        pytest.param(request_body(stop=["a", 5]), "stop[1]", id="stop-sequence-a-number"),
        pytest.param(request_body(stream="yes"), "stream", id="stream-a-string"),
        pytest.param(request_body(stream_options=[]), "stream_options", id="stream-options-a-list"),
        pytest.param(
            request_body(stream_options={"include_usage": 1}), "stream_options.include_usage", id="usage-a-number"
        ),
        pytest.param(request_body(user=5), "user", id="user-a-number"),
        pytest.param(request_body(metadata=[]), "metadata", id="metadata-a-list"),
        pytest.param(request_body(metadata={"a": 1}), "metadata[...]", id="metadata-of-numbers"),
        pytest.param(request_body(reasoning_effort=1), "reasoning_effort", id="effort-a-number"),
    ],
)
def test_names_the_field(body: bytes, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_whole(ENDPOINT, body)
    assert caught.value.param == param
    assert (param or "") in caught.value.message
    assert caught.value.status == 400
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b'"messages":[{"role":"user","content":[{"type":"text","x":%b', id="in-a-part"),
        pytest.param(b'"messages":%b', id="in-the-messages"),
        pytest.param(b'"messages":[{"role":"user","content":"x"}],"tools":[{"parameters":%b', id="in-a-schema"),
        pytest.param(b'"new_field":%b', id="in-an-unknown-field"),
    ],
)
@pytest.mark.parametrize("bracket", [b"[", b'{"a":'], ids=["arrays", "objects"])
def test_deep_nesting_is_refused_at_once(field: bytes, bracket: bytes) -> None:
    """It is never a RecursionError, and it never takes a second."""
    began = time.process_time()
    with pytest.raises(InvalidRequest):
        read_whole(ENDPOINT, b'{"model":"m",' + field % (bracket * 1_000_000))
    assert time.process_time() - began < 1


def test_an_ordinary_depth_is_taken() -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"properties": {"a": deep}}
    assert read_whole(ENDPOINT, tool(name="f", parameters=deep)).tools[0].parameters == Raw(json.dumps(deep).encode())


def test_a_large_body_costs_what_it_weighs() -> None:
    """32 MB, not all ASCII, in half a second."""
    body = request_body(messages=[{"role": "user", "content": "é" + "x" * 32_000_000}])
    began = time.process_time()
    read_whole(ENDPOINT, body)
    assert time.process_time() - began < 0.5


FIELDS = ("messages", "tools", "tool_choice", "response_format", "stop", "stream_options", "n")
KEYS = ("role", "type", "content", "text", "name", "function", "url")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_json_is_parsed_or_refused(fields: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidRequest):
        assert read_whole(ENDPOINT, request_body(**fields)).model == "fast"


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_whole(ENDPOINT, body)
