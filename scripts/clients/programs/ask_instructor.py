"""instructor, which makes every answer fit a schema, at OpenAI's and at Anthropic's SDK.

``MODES`` are those in which the provider is told the schema: it isn't only in the prompt.
"""

from __future__ import annotations

from typing import Any

import instructor
from anthropic import Anthropic
from openai import OpenAI
from pydantic import BaseModel

from .session import serve, told


class Where(BaseModel):
    """A place."""

    city: str
    days: int


class Said(BaseModel):
    """Any answer."""

    answer: str


TOLD = told()
MODES = {
    "openai": ("TOOLS", "TOOLS_STRICT", "JSON_SCHEMA", "RESPONSES_TOOLS"),
    "anthropic": ("ANTHROPIC_TOOLS",),
}[TOLD.way]


def asked(mode: str, model: type[BaseModel], content: Any, **more: Any) -> Any:
    """``more`` is ``stream`` for an answer in pieces."""
    kind = getattr(instructor.Mode, mode)
    if TOLD.way == "openai":
        client = instructor.from_openai(OpenAI(base_url=f"{TOLD.url}/v1", api_key=TOLD.key), mode=kind)
    else:
        client = instructor.from_anthropic(Anthropic(base_url=TOLD.url, api_key=TOLD.key), mode=kind)
        more["max_tokens"] = 1000
    create = client.chat.completions.create_partial if more.pop("pieces", False) else client.chat.completions.create
    messages = [{"role": "user", "content": content}]
    return create(model=TOLD.model, response_model=model, messages=messages, max_retries=1, **more)


def text(prompt: str) -> object:
    return f"You said: {asked(MODES[0], Said, prompt)}"


def stream(prompt: str) -> object:
    *_, last = asked(MODES[0], Said, prompt, pieces=True)
    return f"You said: {last}"


def image(prompt: str) -> object:
    picture = instructor.Image.from_base64(f"data:image/png;base64,{TOLD.picture_base64}")
    return asked(MODES[0], Said, [prompt, picture])


def structured(prompt: str) -> object:
    """By each mode. All have to say the same."""
    kept = {mode: asked(mode, Where, prompt) for mode in MODES}
    wrong = {mode: where for mode, where in kept.items() if where != kept[MODES[0]]}
    return wrong or kept[MODES[0]]


serve({"text": text, "stream": stream, "image": image, "structured": structured})
