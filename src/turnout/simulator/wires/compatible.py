"""A vendor on OpenAI's wire under ``/compatible``, as there are many: it ignores fields that it doesn't know, and shows
its thinking in ``reasoning_content`` (https://api-docs.deepseek.com/api/create-chat-completion).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from turnout.simulator.rules import Rule, vllm
from turnout.simulator.wire import route

from .openai import OpenAIChat, list_models


class CompatibleChat(OpenAIChat):
    name = "compatible"
    rules: Sequence[Rule] = vllm.LENIENT
    _reasoning = "reasoning_content"
    _extras: Mapping[str, str] = {}


CHAT = CompatibleChat()

ROUTES = (
    route("POST", "/compatible/v1/chat/completions", CHAT),
    route("GET", "/compatible/v1/models", CHAT, lambda *_: list_models("compatible")),
)
