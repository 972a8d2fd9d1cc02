"""The two SDKs that ask Turnout, in one form, so that a test is written once for both dialects."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import ModuleType
from typing import Any

import anthropic as anthropic_package
import openai as openai_package

from tests.e2e.stage import TEAM_KEY
from tests.support.sdks import Question, Reply, anthropic, openai

DIALECTS = ("openai", "anthropic")
Turn = tuple[str, str]  # role, text


class Client:
    """One SDK, with a key of Turnout's. ``url`` is Turnout's, without a path."""

    def __init__(self, dialect: str, url: str, key: str = TEAM_KEY) -> None:
        self.dialect = dialect
        self._module: ModuleType = {"openai": openai, "anthropic": anthropic}[dialect]
        self.sdk: Any = self._module.client(url if dialect == "anthropic" else f"{url}/v1", key)
        self.errors: ModuleType = {"openai": openai_package, "anthropic": anthropic_package}[dialect]

    @property
    def path(self) -> str:
        return {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}[self.dialect]

    async def ask(self, model: str, prompt: str, *, stream: bool = False, sent: Any = None, **more: Any) -> Reply:
        """``more`` are fields of a ``Question``; ``sent`` goes to the SDK as it is."""
        question = Question(prompt=prompt, model=model, **more)
        reply: Reply = await self._module.ask(self.sdk, question, stream=stream, **(sent or {}))
        return reply

    def body(self, model: str, prompt: str, **more: Any) -> dict[str, Any]:
        """The fields that ``ask`` sends."""
        fields: dict[str, Any] = self._module.body(Question(prompt=prompt, model=model, **more))
        return fields

    def opened(self, model: str, prompt: str, *, stream: bool = False, **more: Any) -> AbstractAsyncContextManager[Any]:
        """A reply whose headers have come and whose body is still to be read."""
        resource = self.sdk.chat.completions if self.dialect == "openai" else self.sdk.messages
        asked = self.body(model, prompt, **more)
        opened: AbstractAsyncContextManager[Any] = resource.with_streaming_response.create(**asked, stream=stream)
        return opened

    async def headers(self, model: str, prompt: str, *, stream: bool = False, **more: Any) -> Mapping[str, str]:
        """Those of a reply that is read to its end."""
        async with self.opened(model, prompt, stream=stream, **more) as reply:
            assert await reply.read()
            headers: Mapping[str, str] = reply.headers
            return headers

    def stops(self, *words: str) -> dict[str, Any]:
        return {"openai": {"stop": list(words)}, "anthropic": {"stop_sequences": list(words)}}[self.dialect]

    def turns(self, *turns: Turn) -> dict[str, Any]:
        """A whole conversation's messages, in place of a question's own."""
        messages = [{"role": role, "content": text} for role, text in turns]
        if self.dialect == "openai":
            return {"messages": messages}
        system = "".join(text for role, text in turns if role == "system")
        return {"system": system, "messages": [message for message in messages if message["role"] != "system"]}

    def image_by_url(self, prompt: str, url: str) -> dict[str, Any]:
        """Messages with an image that the provider has to fetch."""
        image: Mapping[str, Any] = {
            "openai": {"type": "image_url", "image_url": {"url": url}},
            "anthropic": {"type": "image", "source": {"type": "url", "url": url}},
        }[self.dialect]
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": prompt}, image]}]}

    def error(self, name: str) -> type[Any]:
        """The SDK's exception of that name."""
        found: type[Any] = getattr(self.errors, name)
        return found
