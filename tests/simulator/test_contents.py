"""What a request holds besides words, and what it wants its answer to look like, on every wire."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.simulator.raw import ask
from turnout.simulator import Simulator

DATA = "YWJj"  # three bytes
BROKEN = "%%%"
ADDRESS = "https://example.com/a.pdf"


class Wire(msgspec.Struct):
    """``text`` and ``tokens`` lead to the answer's text and to the input tokens in a reply."""

    path: str
    text: tuple[str | int, ...]
    tokens: tuple[str, ...]
    headers: dict[str, str] = {}


WIRES = {
    "openai": Wire("/v1/chat/completions", ("choices", 0, "message", "content"), ("usage", "prompt_tokens")),
    "responses": Wire("/v1/responses", ("output", 0, "content", 0, "text"), ("usage", "input_tokens")),
    "anthropic": Wire(
        "/v1/messages", ("content", 0, "text"), ("usage", "input_tokens"), {"anthropic-version": "2023-06-01"}
    ),
    "gemini": Wire(
        "/v1beta/models/sim:generateContent",
        ("candidates", 0, "content", "parts", 0, "text"),
        ("usageMetadata", "promptTokenCount"),
    ),
    "ollama": Wire("/api/chat", ("message", "content"), ("prompt_eval_count",)),
    "ollama-generate": Wire("/api/generate", ("response",), ("prompt_eval_count",)),
}


def request_of(wire: str, *parts: Any, **more: Any) -> dict[str, Any]:
    """A request of one user message with these parts, or with the one text."""
    content: Any = parts[0] if isinstance(parts[0], str) else [*parts]
    messages = [{"role": "user", "content": content}]
    match wire:
        case "gemini":
            return {"contents": [{"parts": [{"text": content}] if isinstance(content, str) else content}], **more}
        case "responses":
            return {"model": "sim", "input": messages, **more}
        case "ollama-generate":
            return {"model": "sim", "prompt": content, "stream": False, **more}
        case "anthropic":
            more = {"max_tokens": 99, **more}
    return {"model": "sim", "messages": messages, "stream": False, **more}


def at(value: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


FILES: dict[str, tuple[list[Any], str]] = {
    "openai": (
        [
            {"type": "text", "text": "Look"},
            {"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}},
            {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{DATA}"}},
            {"type": "file", "file": {"file_id": "file-1"}},
        ],
        "I heard 1 recording: 3 bytes. I read 2 documents: 3 bytes, file-1.",
    ),
    "responses": (
        [
            {"type": "input_text", "text": "Look"},
            {"type": "input_image", "file_id": "file-0"},
            {"type": "input_file", "file_data": f"data:application/pdf;base64,{DATA}"},
            {"type": "input_file", "file_id": "file-1"},
            {"type": "input_file", "file_url": ADDRESS},
        ],
        f"I saw 1 image: file-0. I read 3 documents: 3 bytes, file-1, {ADDRESS}.",
    ),
    "anthropic": (
        [
            {"type": "text", "text": "Look"},
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": DATA},
            },
            {"type": "document", "source": {"type": "url", "url": ADDRESS}},
            {"type": "document", "source": {"type": "file", "file_id": "file-1"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "né"}},
        ],
        f"I read 4 documents: 3 bytes, {ADDRESS}, file-1, 3 bytes.",
    ),
    "gemini": (
        [
            {"text": "Look"},
            {"inlineData": {"mimeType": "audio/wav", "data": DATA}},
            {"inlineData": {"mimeType": "application/pdf", "data": DATA}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": ADDRESS}},
            {"fileData": {"fileUri": "files/1"}},
        ],
        f"I saw 1 image: files/1. I heard 1 recording: 3 bytes. I read 2 documents: 3 bytes, {ADDRESS}.",
    ),
}


@pytest.mark.parametrize("name", FILES)
async def test_files_are_counted_and_measured(simulated: Simulator, name: str) -> None:
    """Each costs 100 tokens, and the text one."""
    wire, (parts, seen) = WIRES[name], FILES[name]
    reply = (await ask(simulated.url + wire.path, request_of(name, *parts), wire.headers)).json
    assert at(reply, wire.text) == f"You said: Look {seen}"
    assert at(reply, wire.tokens) == 1 + 100 * (len(parts) - 1)


@pytest.mark.parametrize("name", ["openai", "responses", "anthropic", "gemini"])
async def test_a_file_that_is_not_base64_is_refused(simulated: Simulator, name: str) -> None:
    wire, (parts, _) = WIRES[name], FILES[name]
    broken = msgspec.json.decode(msgspec.json.encode(parts).replace(DATA.encode(), BROKEN.encode()))
    reply = await ask(simulated.url + wire.path, request_of(name, *broken), wire.headers)
    assert (reply.status, "not valid base64" in reply.json["error"]["message"]) == (400, True)


async def test_a_tools_result_may_hold_images_and_documents(simulated: Simulator) -> None:
    use = {"type": "tool_use", "id": "a", "name": "look", "input": {}}
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}}
    document = {"type": "document", "source": {"type": "url", "url": ADDRESS}}
    text = {"type": "text", "text": "a cat"}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [text, image, document]}
    messages = [
        {"role": "user", "content": "Look"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    body = {"model": "sim", "max_tokens": 99, "messages": messages}
    reply = (await ask(f"{simulated.url}/v1/messages", body, WIRES["anthropic"].headers)).json
    assert reply["content"][0]["text"] == (
        f"The tools said: a cat I saw 1 image: https://example.com/cat.png. I read 1 document: {ADDRESS}."
    )


# --- JSON --------------------------------------------------------------------------------------------------------


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "degrees": {"type": "number"},
        "sunny": {"type": "boolean"},
        "wind": {"type": "null"},
        "unit": {"enum": ["C", "F"]},
        "hours": {"type": "array", "items": {"type": "integer"}},
        "names": {"type": "array"},
        "place": {"type": "object", "properties": {"street": {"type": "string"}}},
        "nothing": {},
    },
}
EXAMPLE = {
    "city": "city 1",
    "days": 1,
    "degrees": 1,
    "sunny": True,
    "wind": None,
    "unit": "C",
    "hours": [1],
    "names": ["names 1"],
    "place": {"street": "street 1"},
    "nothing": {},
}
ANY_JSON: dict[str, dict[str, Any]] = {
    "openai": {"response_format": {"type": "json_object"}},
    "responses": {"text": {"format": {"type": "json_object"}}},
    "gemini": {"generationConfig": {"responseMimeType": "application/json"}},
    "ollama": {"format": "json"},
    "ollama-generate": {"format": "json"},
}
BY_SCHEMA: dict[str, dict[str, Any]] = {
    "openai": {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
    "responses": {"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}},
    "anthropic": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "gemini": {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}},
    "ollama": {"format": SCHEMA},
    "ollama-generate": {"format": SCHEMA},
}
PLAIN: dict[str, dict[str, Any]] = {
    "openai": {"response_format": {"type": "text"}},
    "responses": {"text": {"format": {"type": "text"}}},
    "gemini": {"generationConfig": {"responseMimeType": "text/plain"}},
    "ollama": {"format": ""},
}


async def answer_to(simulated: Simulator, name: str, more: dict[str, Any], text: str = "hi") -> str:
    wire = WIRES[name]
    reply = await ask(simulated.url + wire.path, request_of(name, text, **more), wire.headers)
    answer: str = at(reply.json, wire.text)
    return answer


@pytest.mark.parametrize("name", ANY_JSON)
async def test_in_json_mode_the_text_is_inside_of_json(simulated: Simulator, name: str) -> None:
    assert await answer_to(simulated, name, ANY_JSON[name], "JSON!") == '{"answer":"You said: JSON!"}'


@pytest.mark.parametrize("name", BY_SCHEMA)
async def test_a_schema_gets_an_example_of_every_type(simulated: Simulator, name: str) -> None:
    assert msgspec.json.decode(await answer_to(simulated, name, BY_SCHEMA[name])) == EXAMPLE


@pytest.mark.parametrize("name", PLAIN)
async def test_text_is_text(simulated: Simulator, name: str) -> None:
    assert await answer_to(simulated, name, PLAIN[name]) == "You said: hi"
