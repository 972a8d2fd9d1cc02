"""Chat Completions through ``openai``; also Azure's, which differs in how the client is made."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from typing import Any

from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.support.sdks import KEY, Call, Question, Reply
from tests.support.sdks.loops import one_for_each_loop


@one_for_each_loop(AsyncOpenAI.close)
def client(base_url: str, key: str = KEY) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0)


@one_for_each_loop(AsyncOpenAI.close)
def azure_client(endpoint: str, key: str = KEY) -> AsyncOpenAI:
    """Sends to ``/openai/deployments/{model}/chat/completions?api-version=…``."""
    return AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=key, api_version="2024-10-21", max_retries=0)


async def ask(sdk: AsyncOpenAI, question: Question, *, stream: bool, **more: Any) -> Reply:
    """``more`` goes to the SDK as it is."""
    fields = body(question) | more
    if not stream:
        return _whole(await sdk.chat.completions.create(**fields))
    fields |= {"stream": True, "stream_options": {"include_usage": True}}
    return _folded([chunk async for chunk in await sdk.chat.completions.create(**fields)])


def body(question: Question) -> dict[str, Any]:
    """The request's fields."""
    fields: dict[str, Any] = {
        "model": question.model,
        "messages": _messages(question),
        "max_tokens": question.max_tokens,
    }
    if question.tools:
        fields["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
            for t in question.tools
        ]
    return fields


def _messages(question: Question) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": question.system}] if question.system else []
    content: Any = question.prompt
    if question.image:
        url = "data:image/png;base64," + base64.b64encode(question.image).decode()
        content = [{"type": "text", "text": question.prompt}, {"type": "image_url", "image_url": {"url": url}}]
    messages.append({"role": "user", "content": content})
    if question.calls:
        calls = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in question.calls
        ]
        messages.append({"role": "assistant", "content": None, "tool_calls": calls})
    messages += [
        {"role": "tool", "tool_call_id": c.id, "content": r}
        for c, r in zip(question.calls, question.results, strict=True)
    ]
    return messages


def _whole(reply: ChatCompletion) -> Reply:
    choice = reply.choices[0]
    calls = choice.message.tool_calls or []
    return Reply(
        text=choice.message.content or "",
        thinking=_thinking(choice.message),
        calls=tuple(_call(c.function.name, c.function.arguments, c.id) for c in calls if c.type == "function"),
        finish=choice.finish_reason,
        input_tokens=reply.usage.prompt_tokens if reply.usage else 0,
        output_tokens=reply.usage.completion_tokens if reply.usage else 0,
    )


def _folded(chunks: list[ChatCompletionChunk]) -> Reply:
    text, thinking, finish, usage = "", "", "", None
    names: dict[int, tuple[str, str]] = {}
    arguments: dict[int, str] = defaultdict(str)
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            thinking += _thinking(choice.delta)
            finish = choice.finish_reason or finish
            for part in choice.delta.tool_calls or ():
                assert part.function
                if part.function.name:
                    names[part.index] = (part.function.name, part.id or "")
                arguments[part.index] += part.function.arguments or ""
    return Reply(
        text=text,
        thinking=thinking,
        calls=tuple(_call(name, arguments[i], id_) for i, (name, id_) in sorted(names.items())),
        finish=finish,
        input_tokens=usage.prompt_tokens if usage else 0,
        output_tokens=usage.completion_tokens if usage else 0,
    )


def _thinking(piece: object) -> str:
    """DeepSeek's, llama.cpp's and Turnout's field for it, or vLLM's."""
    return getattr(piece, "reasoning_content", None) or getattr(piece, "reasoning", None) or ""


def _call(name: str, text: str, id_: str) -> Call:
    return Call(name, json.loads(text), id_, text)
