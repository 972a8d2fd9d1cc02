"""Every path that the simulator serves.

Three vendors list their models at ``/v1/models``. OpenAI comes last of them: the others' headers tell them apart.
"""

from __future__ import annotations

from .wires import anthropic, azure, gemini, llamacpp, ollama, openai, vllm
from .wires import openai_vendor_extras as openai_beside

ROUTES = (
    *anthropic.ROUTES,
    *gemini.ROUTES,
    *openai.ROUTES,
    *azure.ROUTES,
    *ollama.ROUTES,
    *llamacpp.ROUTES,
    *vllm.ROUTES,
    *openai_beside.ROUTES,
)
