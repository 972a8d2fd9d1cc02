"""What vendors say their OpenAI wire takes reaches them as it came. Who translates it is told what is wrong."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.support.openai_wire import ENDPOINT, VENDORS, deployment
from turnout.core import File, whole
from turnout.errors import Unreadable

HI = {"role": "user", "content": "hi"}


def saying(*parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "what is it?"}, *parts]}]}


def after(*messages: Any) -> dict[str, Any]:
    return {"messages": [HI, *messages]}


def tools(*tools: Any) -> dict[str, Any]:
    return {"messages": [HI], "tools": list(tools)}


def with_(**fields: Any) -> dict[str, Any]:
    return {"messages": [HI], **fields}


URL = "https://example.com/a"
CALL = {"id": "a", "function": {"name": "f", "arguments": "{}"}}

OWN = {
    # https://docs.vllm.ai/en/latest/features/multimodal_inputs/
    "vllm-video": ("vllm", saying({"type": "video_url", "video_url": {"url": URL}})),
    "vllm-audio": ("vllm", saying({"type": "audio_url", "audio_url": {"url": URL}})),
    "vllm-embeds": ("vllm", saying({"type": "image_embeds", "image_embeds": "AAAA", "uuid": "x"})),
    "vllm-pil": ("vllm", saying({"type": "image_pil", "image_pil": None, "uuid": "x"})),
    "vllm-cached-image": ("vllm", saying({"type": "image_url", "image_url": None, "uuid": "x"})),
    "vllm-logprobs": ("vllm", with_(logprobs=True, top_logprobs=50)),
    "vllm-role": ("vllm", after({"role": "document", "content": "x"})),
    # https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    "llamacpp-schema": ("llamacpp", with_(response_format={"type": "json_schema", "schema": {"type": "object"}})),
    "llamacpp-endless": ("llamacpp", with_(max_tokens=-1)),
    "llamacpp-random-seed": ("llamacpp", with_(seed="random")),
    "llamacpp-video": ("llamacpp", saying({"type": "input_video", "input_video": {"data": "AAAA"}})),
    "llamacpp-parallel": ("llamacpp", with_(parallel_tool_calls="auto")),
    "llamacpp-path": ("llamacpp", saying({"type": "image_url", "image_url": {"url": "file:///a.png"}})),
    # https://docs.mistral.ai/api/endpoint/chat
    "mistral-document": ("compatible", saying({"type": "document_url", "document_url": URL})),
    "mistral-image": ("compatible", saying({"type": "image_url", "image_url": URL})),
    "mistral-audio": ("compatible", saying({"type": "input_audio", "input_audio": "AAAA"})),
    "mistral-reference": ("compatible", saying({"type": "reference", "reference_ids": [1]})),
    "mistral-thinking": (
        "compatible",
        after({"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]}),
    ),
    "mistral-any": ("compatible", with_(tool_choice="any", tools=[{"function": {"name": "f", "parameters": {}}}])),
    "mistral-nothing": ("compatible", after({"role": "assistant", "content": []}, HI)),
    # https://openrouter.ai/docs/guides/features/server-tools
    "openrouter-search": ("compatible", tools({"type": "openrouter:web_search"})),
    "openrouter-datetime": ("compatible", tools({"type": "openrouter:datetime", "parameters": {"timezone": "UTC"}})),
    "openrouter-video": ("compatible", saying({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AA"}})),
    "openrouter-details": (
        "compatible",
        after({"role": "assistant", "content": "a", "reasoning_details": [{"text": "x"}]}, HI),
    ),
    "openrouter-call": (
        "compatible",
        after({"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "tool", "content": "x"}),
    ),
    # https://platform.kimi.ai/docs/guide/use-web-search.md, https://platform.kimi.ai/docs/api/chat.md
    "moonshot-search": ("compatible", tools({"type": "builtin_function", "function": {"name": "$web_search"}})),
    "moonshot-plugin": ("compatible", tools({"type": "_plugin", "_plugin": {"name": "p"}})),
    "moonshot-video": ("compatible", saying({"type": "video_url", "video_url": URL})),
    "moonshot-image": ("compatible", saying({"type": "image_url", "image_url": "data:image/png;base64,AAAA"})),
    "moonshot-uploaded": ("compatible", saying({"type": "image_url", "image_url": {"url": "ms://file-1"}})),
    # https://docs.z.ai/api-reference/llm/chat-completion
    "zhipu-search": ("compatible", tools({"type": "web_search", "web_search": {"enable": True}})),
    "zhipu-retrieval": ("compatible", tools({"type": "retrieval", "retrieval": {"knowledge_id": "k"}})),
    "zhipu-mcp": ("compatible", tools({"type": "mcp", "mcp": {"server_label": "s"}})),
    "zhipu-file": ("compatible", saying({"type": "file_url", "file_url": {"url": URL}})),
    "zhipu-video": ("compatible", saying({"type": "video_url", "video_url": {"url": URL}})),
    # https://console.groq.com/docs/browser-search, https://ai.google.dev/gemini-api/docs/openai
    "groq-search": ("compatible", tools({"type": "browser_search"})),
    "google-search": ("compatible", tools({"googleSearch": {}})),
    "a-role": ("compatible", after({"role": "latest_reminder", "content": "x"})),
    "user-a-number": ("compatible", with_(user=7)),
    "metadata-nested": ("compatible", with_(metadata={"a": {"b": 1}})),
    "effort-as-a-number": ("compatible", with_(reasoning_effort=3)),
    "options-as-text": ("compatible", with_(stream_options="usage")),
    "stop-numbers": ("compatible", with_(stop=[128001])),
    "hot": ("compatible", with_(temperature=5)),
}

READ = {"vllm-video", "mistral-document", "openrouter-video", "moonshot-video", "zhipu-video"}
"""Vendors' own forms that Turnout reads, too."""

WRONG = {name: fields for name, (_, fields) in OWN.items() if "tools" not in fields and name not in READ}
"""What can't be translated. A tool that a vendor runs is left out elsewhere."""


def sized(fields: dict[str, Any], *, long: bool) -> bytes:
    """A long body is read later than a short one."""
    padding = {"x": "x" * 20_000} if long else {}
    return json.dumps({"model": "m", **fields, **padding}).encode()


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize(("vendor", "fields"), OWN.values(), ids=OWN)
def test_it_is_relayed_as_it_came(vendor: str, fields: dict[str, Any], long: bool) -> None:
    body = sized(fields, long=long)
    request = ENDPOINT.parse(body)
    sent = msgspec.json.decode(VENDORS[vendor].build(request, deployment(provider=vendor)).body)
    defaults = sent.keys() - json.loads(body).keys()
    assert {name: sent[name] for name in fields} == fields
    assert defaults <= {"max_tokens", "temperature", "top_p"}


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("fields", WRONG.values(), ids=WRONG)
def test_who_translates_it_is_told_what_is_wrong(fields: dict[str, Any], long: bool) -> None:
    request = ENDPOINT.parse(sized(fields, long=long))
    with pytest.raises(Unreadable) as caught:
        whole(request)
    assert (caught.value.param or "").partition("[")[0].partition(".")[0] in fields
    with pytest.raises(Unreadable):
        list(request.messages)


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("name", sorted(READ))
def test_files_are_read_in_every_vendors_form(name: str, long: bool) -> None:
    request = whole(ENDPOINT.parse(sized(OWN[name][1], long=long)))
    files = [part for message in request.messages for part in message.parts if isinstance(part, File)]
    assert [bool(file.url or file.data) for file in files] == [True]
