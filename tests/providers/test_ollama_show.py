"""What Ollama says of a model."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from turnout.core import Deployment, Description
from turnout.providers import describes
from turnout.providers.ollama.provider import Ollama

OLLAMA = Ollama()


def told(show: dict[str, Any], **options: str) -> Description:
    deployment = Deployment(
        id="d", provider="ollama", model="m", options={name: Raw(value.encode()) for name, value in options.items()}
    )
    return OLLAMA.read_description(json.dumps(show).encode(), deployment)


def of(*capabilities: str, family: str = "llama", **more: Any) -> dict[str, Any]:
    return {"capabilities": list(capabilities), "details": {"family": family}, **more}


def test_it_asks_for_the_deployments_model() -> None:
    deployment = Deployment(id="d", provider="ollama", model="qwen3:4b", base_url="http://gpu:11434/v1")
    request = OLLAMA.describe(deployment)
    assert (request.method, request.url, request.body) == ("POST", "http://gpu:11434/api/show", b'{"model":"qwen3:4b"}')
    assert describes(OLLAMA)


@pytest.mark.parametrize(
    ("show", "fields"),
    [
        (of("completion"), {"tools": False, "thinking": "never", "efforts": (), "inputs": frozenset({"text"})}),
        (of("completion", "vision", "tools"), {"tools": True, "inputs": frozenset({"text", "image"}), "makes": "text"}),
        (of("completion", "thinking"), {"thinking": "optional", "efforts": ()}),
        (of("completion", "tools", "thinking", family="gptoss"), {"thinking": "always"}),
        (of("completion", "thinking", family="gpt-oss"), {"efforts": ("low", "medium", "high")}),
        (of("embedding"), {"makes": "vectors", "tools": False}),
        (of("image"), {"makes": None}),
        ({"details": {"family": "llama"}}, {"tools": None, "thinking": None, "inputs": None, "makes": None}),
    ],
    ids=["plain", "all", "thinks", "harmony", "levels", "vectors", "pictures", "older-than-capabilities"],
)
def test_its_capabilities(show: dict[str, Any], fields: dict[str, Any]) -> None:
    description = told(show)
    assert {name: getattr(description, name) for name in fields} == fields


OPEN_LLAMA = '{{- if and (ne .Role "assistant") $last }}<|start_header_id|>assistant<|end_header_id|>{{ end }}'
OPEN_BY_NOT = '{{ if not (and $last (eq .Role "assistant")) }}<|im_end|>{{ end }}'
CLOSED = "{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}assistant:"


@pytest.mark.parametrize(
    ("show", "continues"),
    [
        (of("completion", template="{{- range $i, $_ := .Messages }}" + OPEN_LLAMA), "message"),
        (of("completion", template="{{- range $i, $_ := .Messages }}" + OPEN_BY_NOT), "message"),
        (of("completion", template=CLOSED), None),
        (of("completion", template="[INST] {{ .Prompt }} [/INST]"), "message"),
        (of("completion", template="{{ .Prompt }}", renderer="qwen3-coder"), None),
        (of("completion", "thinking", family="gptoss", template=OPEN_LLAMA), None),
        (of("completion"), None),
    ],
    ids=["open", "open-by-not", "closed", "without-messages", "renderer", "harmony", "no-template"],
)
def test_whether_its_template_leaves_the_last_message_open(show: dict[str, Any], continues: str | None) -> None:
    assert told(show).continues == continues


@pytest.mark.parametrize(
    ("show", "options", "context"),
    [
        ({"model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960}}, {}, 40960),
        ({"model_info": {"l.context_length": 8192}, "parameters": 'stop  "x"\nnum_ctx         4096'}, {}, 4096),
        ({"model_info": {"l.context_length": 8192}, "parameters": "num_ctx 99999"}, {}, 8192),
        ({"model_info": {"l.context_length": 8192}, "parameters": "num_ctx 4096"}, {"num_ctx": "2048"}, 2048),
        ({"model_info": {"l.rope.scaling.original_context_length": 7}}, {}, None),
        ({"model_info": {"l.context_length": None}}, {}, None),
        ({"model_info": {"l.context_length": 8192}}, {"num_ctx": '"many"'}, 8192),
        ({}, {}, None),
    ],
    ids=["trained", "modelfile", "more-than-trained", "deployment", "another-length", "null", "no-number", "nothing"],
)
def test_its_context(show: dict[str, Any], options: dict[str, str], context: int | None) -> None:
    description = told(show, **options)
    assert description.context == context
    assert description.shortens


def test_its_details_stay_as_they_came() -> None:
    show = b'{"details":{"format":"gguf", "families":null}}'
    details = OLLAMA.read_description(show, Deployment(id="d", provider="ollama", model="m")).details
    assert bytes(details or b"") == b'{"format":"gguf", "families":null}'


@pytest.mark.parametrize("body", [b"", b"null", b'{"capabilities":3}', b'{"details":"x"}'])
def test_another_form_is_an_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        OLLAMA.read_description(body, Deployment(id="d", provider="ollama", model="m"))
