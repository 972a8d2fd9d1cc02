"""Every dialect's SDK in one form: arguments in, the reply as plain data out."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any, Protocol

import anthropic
import httpx
import httpx2
import msgspec
import ollama
import openai
from google import genai
from google.genai import errors, types


class Asked(msgspec.Struct, frozen=True):
    model: str
    prompt: str
    more: dict[str, Any]
    stream: bool = False


class Failed(Exception):
    """The SDK raised its own error for an error reply."""


SEEN: ContextVar[list[Any]] = ContextVar("seen")
"""The replies that the SDKs got, as HTTP: each task's own."""


async def _see(response: Any) -> None:
    if response.is_error:
        await response.aread()
    SEEN.get().append(response)


HOOKS: Any = {"response": [_see]}


class SDK(Protocol):
    def client(self, url: str, key: str) -> Any: ...

    async def ask(self, sdk: Any, asked: Asked) -> Any:
        """The reply as data: of a stream, every piece, and after them their text in one."""
        ...


def plain(reply: Any) -> Any:
    return reply.model_dump(mode="json", exclude_none=True) if hasattr(reply, "model_dump") else reply


class OpenAI:
    @cache  # noqa: B019 - one for all of the tests
    def client(self, url: str, key: str) -> Any:
        return openai.AsyncOpenAI(
            base_url=f"{url}/v1", api_key=key, max_retries=0, http_client=httpx2.AsyncClient(event_hooks=HOOKS)
        )

    async def ask(self, sdk: Any, asked: Asked) -> Any:
        messages = [{"role": "user", "content": asked.prompt}]
        fields = {"model": asked.model, "messages": messages, "max_tokens": 512} | asked.more
        try:
            if not asked.stream:
                return plain(await sdk.chat.completions.create(**fields))
            pieces = [plain(piece) async for piece in await sdk.chat.completions.create(**fields, stream=True)]
        except openai.APIError as error:
            raise Failed(str(error)) from error
        deltas = [choice["delta"] for piece in pieces for choice in piece["choices"]]
        calls = [call["function"] for delta in deltas for call in delta.get("tool_calls", ())]
        said = (
            [delta.get("content", "") for delta in deltas],
            [delta.get("reasoning_content") or delta.get("reasoning", "") for delta in deltas],
        )
        return [pieces, *map("".join, said), "".join(call.get("arguments") or "" for call in calls)]


class Responses(OpenAI):
    async def ask(self, sdk: Any, asked: Asked) -> Any:
        fields = {"model": asked.model, "input": asked.prompt} | asked.more
        try:
            if not asked.stream:
                return plain(await sdk.responses.create(**fields))
            return [plain(event) async for event in await sdk.responses.create(**fields, stream=True)]
        except openai.APIError as error:
            raise Failed(str(error)) from error


class Anthropic:
    @cache  # noqa: B019 - one for all of the tests
    def client(self, url: str, key: str) -> Any:
        return anthropic.AsyncAnthropic(
            base_url=url, api_key=key, max_retries=0, http_client=httpx2.AsyncClient(event_hooks=HOOKS)
        )

    async def ask(self, sdk: Any, asked: Asked) -> Any:
        messages = [{"role": "user", "content": asked.prompt}]
        fields = {"model": asked.model, "messages": messages, "max_tokens": 2048} | asked.more
        try:
            if not asked.stream:
                return plain(await sdk.messages.create(**fields))
            async with sdk.messages.stream(**fields) as events:
                return plain(await events.get_final_message())
        except anthropic.APIError as error:
            raise Failed(str(error)) from error


class Gemini:
    @cache  # noqa: B019 - one for all of the tests
    def client(self, url: str, key: str) -> Any:
        retry = types.HttpRetryOptions(attempts=1)
        options = types.HttpOptions(
            base_url=url, retry_options=retry, httpx_async_client=httpx.AsyncClient(event_hooks=HOOKS)
        )
        return genai.Client(api_key=key, http_options=options)

    async def ask(self, sdk: Any, asked: Asked) -> Any:
        config = {"max_output_tokens": 512, "automatic_function_calling": {"disable": True}}
        config |= asked.more.get("config", {})
        fields = {"model": asked.model, "contents": asked.prompt} | asked.more | {"config": config}
        try:
            if not asked.stream:
                return plain(await sdk.aio.models.generate_content(**fields))
            pieces = [piece async for piece in await sdk.aio.models.generate_content_stream(**fields)]
        except errors.APIError as error:
            raise Failed(str(error)) from error
        parts = [p for piece in pieces for c in piece.candidates or () for p in (c.content and c.content.parts) or ()]
        said = "".join(part.text or "" for part in parts if not part.thought)
        return [[plain(piece) for piece in pieces], said, "".join(part.text or "" for part in parts if part.thought)]


class Ollama:
    @cache  # noqa: B019 - one for all of the tests
    def client(self, url: str, key: str) -> Any:
        sdk = ollama.AsyncClient(host=url, headers={"authorization": f"Bearer {key}"})
        sdk._client.event_hooks = HOOKS  # it takes no client
        return sdk

    async def ask(self, sdk: Any, asked: Asked) -> Any:
        messages = [{"role": "user", "content": asked.prompt}]
        fields = {"model": asked.model, "messages": messages} | asked.more
        try:
            if not asked.stream:
                return plain(await sdk.chat(**fields))
            pieces = [piece async for piece in await sdk.chat(**fields, stream=True)]
        except ollama.ResponseError as error:
            raise Failed(str(error)) from error
        said = "".join(piece.message.content or "" for piece in pieces)
        return [[plain(piece) for piece in pieces], said, "".join(piece.message.thinking or "" for piece in pieces)]


SDKS: Mapping[str, SDK] = {
    "OpenAI Chat": OpenAI(),
    "OpenAI Responses": Responses(),
    "Anthropic": Anthropic(),
    "Gemini": Gemini(),
    "Ollama": Ollama(),
}
