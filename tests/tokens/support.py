"""Builders of requests and deployments."""

from __future__ import annotations

from typing import Any

from turnout.core import ChatRequest, Deployment, Message, Part, Role, Text, Traits


def deployment(model: str = "gpt-4o", **traits: Any) -> Deployment:
    return Deployment(id="d", provider="p", model=model, traits=Traits(**({"tokenizer": "o200k"} | traits)))


def message(*parts: Part | str, role: Role = "user") -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def chat(*parts: Part | str, **fields: Any) -> ChatRequest:
    return ChatRequest(**({"model": "m", "messages": (message(*parts),)} | fields))
