"""An error names the path of the wrong field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.gemini_wire import BATCH_EMBED, COUNT, EMBED, STREAM, TARGET, encoded, turn
from tests.support.whole_requests import read_whole
from turnout.dialects import Endpoint
from turnout.errors import InvalidRequest

DEEP = b"[" * 100_000 + b"]" * 100_000


def refused(body: dict[str, Any] | bytes, endpoint: Endpoint[Any, Any] = STREAM) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read_whole(endpoint, body if isinstance(body, bytes) else encoded(body), TARGET)
    return caught.value


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"text": 5}, "text"),
        ({"text": "a", "thought": "perhaps"}, "thought"),
        ({"text": "a", "thoughtSignature": 5}, "thoughtSignature"),
        ({"inlineData": {"mimeType": "image/png"}}, "inlineData.data"),
        ({"inlineData": {"mimeType": "image/png", "data": "a b"}}, "inlineData.data"),
        ({"inline_data": {"data": "aGk="}}, "inlineData.mimeType"),
        ({"fileData": {}}, "fileData.fileUri"),
        ({"functionCall": {}}, "functionCall.name"),
        ({"functionCall": {"name": ""}}, "functionCall.name"),
        ({"functionCall": {"name": "f", "args": [1]}}, "functionCall.args"),
        ({"functionCall": "f"}, "functionCall"),
        ({"functionResponse": {"response": {}}}, "functionResponse.name"),
        ({"functionResponse": {"name": "f", "response": "text"}}, "functionResponse.response"),
        ({"functionResponse": {"name": "f", "parts": [{"text": "a"}]}}, "functionResponse.parts[0]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parts(part: dict[str, Any], param: str) -> None:
    error = refused({"contents": [turn({"text": "hi"}), turn({"text": "a"}, part)]})
    assert error.param == f"contents[1].parts[1].{param}"
    assert f"'{error.param}'" in error.message


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": "hi"}, "contents"),
        ({"contents": [turn()]}, "contents[0].parts"),
        ({"contents": [turn({"text": "a"}, role="assistant")]}, "contents[0].role"),
        ({"contents": [{"parts": "hi"}]}, "contents[0].parts"),
        ({"systemInstruction": 5}, "systemInstruction"),
        ({"systemInstruction": {"parts": [{"text": 5}]}}, "systemInstruction.parts[0].text"),
        ({"tools": "f"}, "tools"),
        ({"tools": [{"functionDeclarations": "f"}]}, "tools[0].functionDeclarations"),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"toolConfig": []}, "toolConfig"),
        ({"toolConfig": {"functionCallingConfig": {"mode": "auto"}}}, "toolConfig.functionCallingConfig.mode"),
        ({"generationConfig": 5}, "generationConfig"),
        ({"generationConfig": {"temperature": 2.1}}, "generationConfig.temperature"),
        ({"generationConfig": {"topP": 1.1}}, "generationConfig.topP"),
        ({"generation_config": {"top_k": 1.5}}, "generationConfig.topK"),
        ({"generationConfig": {"candidateCount": 0}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
        ({"generationConfig": {"stopSequences": "END"}}, "generationConfig.stopSequences"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": -2}}},
            "generationConfig.thinkingConfig.thinkingBudget",
        ),
        ({"generationConfig": {"responseSchema": "text"}}, "generationConfig.responseSchema"),
        ({"generationConfig": {"responseSchema": {"type": 5}}}, "generationConfig.responseSchema.type"),
        (
            {"generationConfig": {"responseSchema": {"properties": {"a": {"anyOf": 5}}}}},
            "generationConfig.responseSchema.properties.a.anyOf",
        ),
        ({"generationConfig": {"responseSchema": {"items": []}}}, "generationConfig.responseSchema.items"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_requests(fields: dict[str, Any], param: str) -> None:
    contents = {} if param == "contents" and not fields else {"contents": [turn({"text": "hi"})]}
    error = refused(contents | fields)
    assert error.param == param
    assert f"'{param}'" in error.message


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"contents":[{"parts":[{"text":"\xff"}]}]}', id="no_utf8"),
        pytest.param(b'{"contents":[{"parts":[{"text":"a"}]}],"new":%b}' % DEEP, id="deep"),
        pytest.param(
            b'{"contents":[{"parts":[{"functionCall":{"name":"f","args":{"a":%b}}}]}]}' % DEEP, id="deep_args"
        ),
        pytest.param(
            b'{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"responseSchema":'
            + b'{"items":' * 5000
            + b"{}"
            + b"}" * 5000
            + b"}}",
            id="deep_schema",
        ),
    ],
)
def test_what_cannot_be_read(body: bytes) -> None:
    assert refused(body)


@pytest.mark.parametrize(
    ("endpoint", "fields", "param"),
    [
        (EMBED, {}, "content"),
        (EMBED, {"content": {"parts": []}}, "content.parts"),
        (EMBED, {"content": {"parts": [{"text": 5}]}}, "content.parts"),
        (EMBED, {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 0}, "outputDimensionality"),
        (BATCH_EMBED, {}, "requests"),
        (BATCH_EMBED, {"requests": []}, "requests"),
        (BATCH_EMBED, {"requests": [{"content": {"parts": [{"text": "a"}]}}, {}]}, "requests[1].content"),
        (BATCH_EMBED, {"requests": [{"content": 5}]}, "requests[0].content"),
        (COUNT, {}, "contents"),
        (COUNT, {"generateContentRequest": 5}, "generateContentRequest"),
        (COUNT, {"generateContentRequest": {"model": "m"}}, "contents"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_endpoints(endpoint: Endpoint[Any, Any], fields: dict[str, Any], param: str) -> None:
    assert refused(fields, endpoint).param == param
