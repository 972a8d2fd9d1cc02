"""The SDKs that ask Turnout, in one form, so that a test is written once for all dialects."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import ModuleType
from typing import Any

import anthropic as anthropic_package
import ollama as ollama_package
import openai as openai_package
import pytest
from google.genai import errors as gemini_package
from google.genai import types

from tests.e2e.stage import TEAM_KEY
from tests.simulator.raw import ask as ask_raw
from tests.support.sdks import Question, Reply, anthropic, gemini, ollama, openai

DIALECTS = ("openai", "anthropic")
"""Those whose SDKs are alike: one exception for each status, headers beside every reply."""
EVERY_DIALECT = (*DIALECTS, "gemini", "ollama")
MODULES: Mapping[str, ModuleType] = {"openai": openai, "anthropic": anthropic, "gemini": gemini, "ollama": ollama}
PACKAGES: Mapping[str, ModuleType] = {
    "openai": openai_package,
    "anthropic": anthropic_package,
    "gemini": gemini_package,
    "ollama": ollama_package,
}
Turn = tuple[str, str]  # role, text
every_client_but_ollama = pytest.mark.parametrize("client", ["openai", "anthropic", "gemini"], indirect=True)
every_like_client = pytest.mark.parametrize("client", DIALECTS, indirect=True)


class Client:
    """One SDK, with a key of Turnout's. ``url`` is Turnout's, without a path."""

    def __init__(self, dialect: str, url: str, key: str = TEAM_KEY) -> None:
        self.dialect = dialect
        self._url, self._key = url, key
        self._module = MODULES[dialect]
        self.errors = PACKAGES[dialect]

    @property
    def sdk(self) -> Any:
        return self._module.client(f"{self._url}/v1" if self.dialect == "openai" else self._url, self._key)

    @property
    def path(self) -> str:
        """Where the model is named in the body."""
        paths = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "ollama": "/api/chat"}
        return paths[self.dialect]

    async def ask(self, model: str, prompt: str, *, stream: bool = False, sent: Any = None, **more: Any) -> Reply:
        """``more`` are fields of a ``Question``; ``sent`` goes to the SDK as it is."""
        question = Question(prompt=prompt, model=model, **more)
        reply: Reply = await self._module.ask(self.sdk, question, stream=stream, **(sent or {}))
        return reply

    def body(self, model: str, prompt: str, **more: Any) -> dict[str, Any]:
        """The fields that ``ask`` sends."""
        fields: dict[str, Any] = self._module.body(Question(prompt=prompt, model=model, **more))
        return fields

    def plain(self, model: str, prompt: str, *, stream: bool = False) -> tuple[str, dict[str, Any]]:
        """A path, and a body that asks it, for who doesn't want an SDK."""
        if self.dialect == "gemini":
            method = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"/v1beta/models/{model}:{method}", {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
        if self.dialect == "ollama":
            fields = {"model": model, "messages": [{"role": "user", "content": prompt}]}
        else:
            fields = self.body(model, prompt)
        return self.path, fields | {"stream": stream}

    def opened(self, model: str, prompt: str, *, stream: bool = False, **more: Any) -> AbstractAsyncContextManager[Any]:
        """A reply whose headers have come and whose body is still to be read."""
        resource = self.sdk.chat.completions if self.dialect == "openai" else self.sdk.messages
        asked = self.body(model, prompt, **more)
        opened: AbstractAsyncContextManager[Any] = resource.with_streaming_response.create(**asked, stream=stream)
        return opened

    async def headers(self, model: str, prompt: str, *, stream: bool = False, **more: Any) -> Mapping[str, str]:
        """Those of a reply that is read to its end."""
        if self.dialect not in DIALECTS:
            path, body = self.plain(model, prompt, stream=stream)
            got = await ask_raw(self._url + path, body, {"authorization": f"Bearer {self._key}"})
            assert got.status == 200, got.body
            return got.headers
        async with self.opened(model, prompt, stream=stream, **more) as reply:
            assert await reply.read()
            headers: Mapping[str, str] = reply.headers
            return headers

    def stops(self, *words: str) -> dict[str, Any]:
        fields: dict[str, dict[str, Any]] = {
            "openai": {"stop": list(words)},
            "anthropic": {"stop_sequences": list(words)},
            "gemini": {"config": {"stop_sequences": list(words)}},
            "ollama": {"options": {"stop": list(words)}},
        }
        return fields[self.dialect]

    def turns(self, *turns: Turn) -> dict[str, Any]:
        """A whole conversation's messages, in place of a question's own."""
        messages = [{"role": role, "content": text} for role, text in turns]
        if self.dialect in ("openai", "ollama"):
            return {"messages": messages}
        system = "".join(text for role, text in turns if role == "system")
        if self.dialect == "anthropic":
            return {"system": system, "messages": [message for message in messages if message["role"] != "system"]}
        roles = {"user": "user", "assistant": "model"}
        contents = [
            types.Content(role=roles[role], parts=[types.Part(text=text)]) for role, text in turns if role in roles
        ]
        return {"contents": contents, "config": {"system_instruction": system}}

    def image_by_url(self, prompt: str, url: str) -> dict[str, Any]:
        """Messages with an image that the provider has to fetch. Ollama has no place for one."""
        if self.dialect == "gemini":
            return {"contents": [prompt, types.Part.from_uri(file_uri=url, mime_type="image/png")]}
        image: Mapping[str, Any] = {
            "openai": {"type": "image_url", "image_url": {"url": url}},
            "anthropic": {"type": "image", "source": {"type": "url", "url": url}},
        }[self.dialect]
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": prompt}, image]}]}

    def demand(self, tool: str) -> dict[str, Any]:
        """That one tool is called. Ollama has no word for it."""
        mode = types.FunctionCallingConfigMode.ANY
        calling = types.FunctionCallingConfig(mode=mode, allowed_function_names=[tool])
        fields: dict[str, dict[str, Any]] = {
            "openai": {"tool_choice": {"type": "function", "function": {"name": tool}}},
            "anthropic": {"tool_choice": {"type": "tool", "name": tool}},
            "gemini": {"config": {"tool_config": types.ToolConfig(function_calling_config=calling)}},
        }
        return fields[self.dialect]

    def error(self, name: str) -> type[Any]:
        """The SDK's exception of that name; Gemini's has one for all 4xx, Ollama's one for everything."""
        if self.dialect == "ollama":
            return ollama_package.ResponseError
        if self.dialect == "gemini":
            return gemini_package.APIError
        found: type[Any] = getattr(self.errors, name)
        return found
