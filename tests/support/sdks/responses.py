"""Responses through ``openai``."""

from __future__ import annotations

import base64
import json
from typing import Any

from openai import AsyncOpenAI
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseOutputMessage, ResponseReasoningItem

from tests.support.sdks import Call, Question, Reply


async def ask(sdk: AsyncOpenAI, question: Question, *, stream: bool, **more: Any) -> Reply:
    """``more`` goes to the SDK as it is."""
    return reply_of(await respond(sdk, body(question) | more, stream=stream))


async def respond(sdk: AsyncOpenAI, fields: dict[str, Any], *, stream: bool) -> Response:
    """The whole response; of a stream, the one that its last event has, which the SDK's helper has to accept."""
    if not stream:
        response: Response = await sdk.responses.create(**fields)
        return response
    last = None
    async with sdk.responses.stream(**fields) as events:
        async for event in events:
            last = event
    assert last is not None
    assert last.type in ("response.completed", "response.incomplete"), last
    final: Response = last.response
    return final


def body(question: Question) -> dict[str, Any]:
    """The request's fields."""
    fields: dict[str, Any] = {
        "model": question.model,
        "input": _items(question),
        "max_output_tokens": question.max_tokens,
    }
    if question.system:
        fields["instructions"] = question.system
    if question.tools:
        fields["tools"] = [
            {"type": "function", "name": t.name, "description": t.description, "parameters": t.schema, "strict": False}
            for t in question.tools
        ]
    return fields


def _items(question: Question) -> list[dict[str, Any]]:
    content: Any = question.prompt
    if question.image:
        url = "data:image/png;base64," + base64.b64encode(question.image).decode()
        content = [
            {"type": "input_text", "text": question.prompt},
            {"type": "input_image", "image_url": url, "detail": "auto"},
        ]
    items: list[dict[str, Any]] = [{"role": "user", "content": content}]
    for call in question.calls:
        arguments = json.dumps(call.arguments)
        items.append({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments})
    items += outputs(question.calls, question.results)
    return items


def outputs(calls: tuple[Call, ...], results: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"type": "function_call_output", "call_id": call.id, "output": result}
        for call, result in zip(calls, results, strict=True)
    ]


def reply_of(response: Response) -> Reply:
    messages = [item for item in response.output if isinstance(item, ResponseOutputMessage)]
    thoughts = [item for item in response.output if isinstance(item, ResponseReasoningItem)]
    calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
    reason = response.incomplete_details.reason if response.incomplete_details else None
    return Reply(
        text="".join(part.text for item in messages for part in item.content if part.type == "output_text"),
        thinking="".join(part.text for item in thoughts for part in item.summary),
        calls=tuple(Call(c.name, json.loads(c.arguments), c.call_id, c.arguments) for c in calls),
        finish="length" if reason == "max_output_tokens" else reason or ("tool_calls" if calls else "stop"),
        input_tokens=response.usage.input_tokens if response.usage else 0,
        output_tokens=response.usage.output_tokens if response.usage else 0,
    )
