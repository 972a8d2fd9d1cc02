"""Messages through ``anthropic``."""

from __future__ import annotations

import base64
from typing import Any

from anthropic import AsyncAnthropic
from anthropic.types import Message

from tests.support.sdks import KEY, Call, Question, Reply, finish
from tests.support.sdks.loops import one_for_each_loop


@one_for_each_loop(AsyncAnthropic.close)
def client(base_url: str, key: str = KEY) -> AsyncAnthropic:
    return AsyncAnthropic(base_url=base_url, api_key=key, max_retries=0)


async def ask(sdk: AsyncAnthropic, question: Question, *, stream: bool, **more: Any) -> Reply:
    """``more`` goes to the SDK as it is."""
    fields = body(question) | more
    if not stream:
        return _read(await sdk.messages.create(**fields))
    async with sdk.messages.stream(**fields) as events:
        return _read(await events.get_final_message())


def body(question: Question) -> dict[str, Any]:
    """The request's fields."""
    fields: dict[str, Any] = {
        "model": question.model,
        "max_tokens": question.max_tokens,
        "messages": _messages(question),
    }
    if question.system:
        fields["system"] = question.system
    if question.tools:
        fields["tools"] = [
            {"name": t.name, "description": t.description, "input_schema": t.schema} for t in question.tools
        ]
    return fields


def _messages(question: Question) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = [{"type": "text", "text": question.prompt}]
    if question.image:
        data = base64.b64encode(question.image).decode()
        content.append({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}})
    messages = [{"role": "user", "content": content}]
    if question.calls:
        calls = [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.arguments} for c in question.calls]
        results = [
            {"type": "tool_result", "tool_use_id": c.id, "content": r}
            for c, r in zip(question.calls, question.results, strict=True)
        ]
        messages += [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    return messages


def _read(reply: Message) -> Reply:
    return Reply(
        text="".join(block.text for block in reply.content if block.type == "text"),
        thinking="".join(block.thinking for block in reply.content if block.type == "thinking"),
        calls=tuple(Call(b.name, b.input, b.id) for b in reply.content if b.type == "tool_use"),
        finish=finish(reply.stop_reason),
        input_tokens=reply.usage.input_tokens,
        output_tokens=reply.usage.output_tokens,
    )
