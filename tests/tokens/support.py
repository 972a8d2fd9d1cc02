"""Requests and deployments to count for."""

from __future__ import annotations

from typing import Any

from turnout.core import ChatRequest, Deployment, Message, Part, Role, Text, Traits


def place(model: str = "gpt-4o", **traits: Any) -> Deployment:
    return Deployment(id="d", provider="p", model=model, traits=Traits(**({"tokenizer": "o200k"} | traits)))


def said(*parts: Part | str, role: Role = "user") -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def asking(*parts: Part | str, **fields: Any) -> ChatRequest:
    return ChatRequest(**({"model": "m", "messages": (said(*parts),)} | fields))
