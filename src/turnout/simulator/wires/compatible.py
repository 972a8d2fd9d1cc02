"""A vendor on OpenAI's wire under ``/compatible``, as there are many: it ignores fields that it doesn't know, and shows
its thinking in ``reasoning_content`` (https://api-docs.deepseek.com/api/create-chat-completion). It goes on from an
assistant's message that has one of the marks of such vendors
(https://api-docs.deepseek.com/guides/chat_prefix_completion, https://platform.kimi.ai/docs/api/partial).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from turnout.simulator.rules import Rule, vllm
from turnout.simulator.wire import route

from .openai import Body, OpenAIChat, list_models


class CompatibleChat(OpenAIChat):
    name = "compatible"
    rules: Sequence[Rule] = vllm.LENIENT
    _reasoning = "reasoning_content"
    _extras: Mapping[str, str] = {}

    def _continues(self, body: Body) -> bool:
        last = body.messages[-1]
        return bool(last.prefix or last.partial or body.continue_final_message)


CHAT = CompatibleChat()

ROUTES = (
    route("POST", "/compatible/v1/chat/completions", CHAT),
    route("GET", "/compatible/v1/models", CHAT, lambda *_: list_models("compatible")),
)
