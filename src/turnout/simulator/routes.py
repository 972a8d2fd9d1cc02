"""Every path that the simulator serves. Anthropic comes before OpenAI, who share a path: a header tells them apart."""

from __future__ import annotations

from .wires import anthropic, azure, gemini, llamacpp, ollama, openai, vllm

ROUTES = (
    *anthropic.ROUTES,
    *openai.ROUTES,
    *azure.ROUTES,
    *gemini.ROUTES,
    *ollama.ROUTES,
    *llamacpp.ROUTES,
    *vllm.ROUTES,
)
