"""generateContent and streamGenerateContent through ``google-genai``."""

from __future__ import annotations

import json
from typing import Any

from google import genai
from google.genai import types

from tests.support.sdks import KEY, Call, Question, Reply, finish
from tests.support.sdks.loops import one_for_each_loop


async def _close(sdk: genai.Client) -> None:
    await sdk.aio.aclose()


@one_for_each_loop(_close)
def client(base_url: str, key: str = KEY) -> genai.Client:
    """The SDK's own default is ``v1``; aimock only has the ``v1beta`` paths."""
    retry = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=base_url, api_version="v1beta", retry_options=retry)
    return genai.Client(api_key=key, http_options=options)


async def ask(sdk: genai.Client, question: Question, *, stream: bool, **more: Any) -> Reply:
    """``more`` goes to the SDK as it is; what it has of ``config`` is added to the question's."""
    config = _config(question).model_copy(update=more.pop("config", {}))
    fields: dict[str, Any] = {"model": question.model, "contents": contents(question), "config": config} | more
    if not stream:
        return _read([await sdk.aio.models.generate_content(**fields)])
    return _read([piece async for piece in await sdk.aio.models.generate_content_stream(**fields)])


def _config(question: Question) -> types.GenerateContentConfig:
    declarations = [
        types.FunctionDeclaration(name=t.name, description=t.description, parameters_json_schema=t.schema)
        for t in question.tools
    ]
    return types.GenerateContentConfig(
        system_instruction=question.system or None,
        max_output_tokens=question.max_tokens,
        tools=[types.Tool(function_declarations=declarations)] if declarations else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def contents(question: Question) -> list[types.Content]:
    parts = [types.Part(text=question.prompt)]
    if question.image:
        parts.append(types.Part.from_bytes(data=question.image, mime_type="image/png"))
    contents = [types.Content(role="user", parts=parts)]
    if question.calls:
        calls = [types.Part.from_function_call(name=c.name, args=c.arguments) for c in question.calls]
        results = [
            types.Part.from_function_response(name=c.name, response=_result(r))
            for c, r in zip(question.calls, question.results, strict=True)
        ]
        contents += [types.Content(role="model", parts=calls), types.Content(role="user", parts=results)]
    return contents


def _result(text: str) -> dict[str, Any]:
    """A response is an object: what isn't one is put into one, as Google's documentation says."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"result": text}


def _read(pieces: list[types.GenerateContentResponse]) -> Reply:
    candidates = [c for piece in pieces for c in piece.candidates or ()]
    parts = [part for c in candidates if c.content for part in c.content.parts or ()]
    reasons = [c.finish_reason.value for c in candidates if c.finish_reason]
    usage = pieces[-1].usage_metadata or types.GenerateContentResponseUsageMetadata()
    calls = [call for part in parts if (call := part.function_call)]
    return Reply(
        text="".join(part.text or "" for part in parts if not part.thought),
        thinking="".join(part.text or "" for part in parts if part.thought),
        calls=tuple(Call(call.name or "", call.args or {}, call.id or "") for call in calls),
        finish=finish(reasons[-1] if reasons else None, called=bool(calls)),
        input_tokens=usage.prompt_token_count or 0,
        output_tokens=usage.candidates_token_count or 0,
    )
