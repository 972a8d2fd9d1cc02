"""What Ollama refuses in chat and generate (https://github.com/ollama/ollama/blob/main/server/routes.go). It ignores
fields that it doesn't know. What a model can do is in ``models.py``, and ``/api/show`` tells it."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .asked import Asked, Refusal, Rule, number_of
from .models import OLLAMA, OLLAMA_UNKNOWN, Ollama, facts_of

ROUTES = "https://github.com/ollama/ollama/blob/main/server/routes.go"
LEVELS = ("high", "medium", "low", "max")
MOST_LIKELY = 20


def abilities(model: str) -> Ollama:
    return facts_of(OLLAMA, model) or OLLAMA_UNKNOWN


def level_is_known(asked: Asked) -> Refusal | None:
    think = asked.body.get("think")
    if not isinstance(think, str) or think in LEVELS:
        return None
    return Refusal(f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)')


def level_is_for_harmony(asked: Asked) -> Refusal | None:
    """Ollama 0.11 to 0.17 refuse it so; later ones read the word as ``true``."""
    think = asked.body.get("think")
    if not isinstance(think, str) or abilities(asked.model).levels:
        return None
    return Refusal(f'think value "{think}" is not supported for this model')


def thinking_is_an_ability(asked: Asked) -> Refusal | None:
    if asked.body.get("think") and not abilities(asked.model).thinking:
        return Refusal(f'"{asked.model}" does not support thinking')
    return None


def tools_are_an_ability(asked: Asked) -> Refusal | None:
    if not asked.body.get("tools") or abilities(asked.model).tools:
        return None
    tagged = asked.model if ":" in asked.model else f"{asked.model}:latest"
    return Refusal(f"registry.ollama.ai/library/{tagged} does not support tools")


def likely_tokens_are_few(asked: Asked) -> Refusal | None:
    count = number_of(asked.body.get("top_logprobs"))
    if count is not None and not 0 <= count <= MOST_LIKELY:
        return Refusal(f"top_logprobs must be between 0 and {MOST_LIKELY}")
    return None


def format_is_json(asked: Asked) -> Refusal | None:
    format_ = asked.body.get("format")
    if format_ in (None, "", "json") or isinstance(format_, dict):
        return None
    return Refusal('invalid format: expected "json" or a JSON schema')


def images_are_base64(asked: Asked) -> Refusal | None:
    images = [asked.body.get("images"), *(message.get("images") for _, message in asked.objects("messages"))]
    for image in (image for listed in images if isinstance(listed, list) for image in listed):
        at = _bad_base64(image)
        if at is not None:
            return Refusal(f"illegal base64 data at input byte {at}")
    return None


def _bad_base64(image: Any) -> int | None:
    """The place of the first byte that Go's decoder refuses; None if there is none."""
    if not isinstance(image, str):
        return None
    try:
        base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError):
        found = re.search("[^A-Za-z0-9+/=]", image)
        return found.start() if found else len(image)
    return None


RULES: tuple[Rule, ...] = (
    Rule(level_is_known, "https://github.com/ollama/ollama/blob/main/api/types.go"),
    Rule(images_are_base64, "https://github.com/ollama/ollama/issues/7791"),
    Rule(likely_tokens_are_few, ROUTES),
    Rule(level_is_for_harmony, "https://github.com/musistudio/claude-code-router/issues/1093"),
    Rule(thinking_is_an_ability, ROUTES),
    Rule(tools_are_an_ability, "https://github.com/ollama/ollama/issues/11131"),
    Rule(format_is_json, "https://github.com/ollama/ollama/issues/8126"),
)
