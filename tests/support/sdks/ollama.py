"""``/api/chat`` through ``ollama``."""

from __future__ import annotations

from typing import Any

import ollama

from tests.support.sdks import KEY, Call, Question, Reply, finish
from tests.support.sdks.loops import one_for_each_loop


async def _close(sdk: ollama.AsyncClient) -> None:
    await sdk._client.aclose()  # its own ``close`` has no types


@one_for_each_loop(_close)
def client(base_url: str, key: str = KEY) -> ollama.AsyncClient:
    return ollama.AsyncClient(host=base_url, headers={"authorization": f"Bearer {key}"})


async def ask(sdk: ollama.AsyncClient, question: Question, *, stream: bool, **more: Any) -> Reply:
    """``more`` goes to the SDK as it is; what it has of ``options`` is added to the question's."""
    options = {"num_predict": question.max_tokens} | more.pop("options", {})
    fields: dict[str, Any] = {
        "model": question.model,
        "messages": _messages(question),
        "options": options,
        "tools": [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
            for t in question.tools
        ],
    } | more
    if not stream:
        return _read([await sdk.chat(**fields)])
    return _read([piece async for piece in await sdk.chat(**fields, stream=True)])


def _messages(question: Question) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": question.system}] if question.system else []
    messages.append({"role": "user", "content": question.prompt})
    if question.image:
        messages[-1]["images"] = [question.image]
    if question.calls:
        calls = [{"function": {"name": c.name, "arguments": c.arguments}} for c in question.calls]
        messages.append({"role": "assistant", "content": "", "tool_calls": calls})
    messages += [
        {"role": "tool", "tool_name": c.name, "content": r}
        for c, r in zip(question.calls, question.results, strict=True)
    ]
    return messages


def _read(pieces: list[ollama.ChatResponse]) -> Reply:
    calls = [call.function for piece in pieces for call in piece.message.tool_calls or ()]
    return Reply(
        text="".join(piece.message.content or "" for piece in pieces),
        thinking="".join(piece.message.thinking or "" for piece in pieces),
        calls=tuple(Call(call.name, call.arguments) for call in calls),
        finish=finish(pieces[-1].done_reason, called=bool(calls)),
        input_tokens=pieces[-1].prompt_eval_count or 0,
        output_tokens=pieces[-1].eval_count or 0,
    )
