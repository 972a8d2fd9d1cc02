"""Every path that the simulator serves.

Three vendors list their models at ``/v1/models``. The other two have a header of their own, so OpenAI comes last.
"""

from __future__ import annotations

from .wires import anthropic, azure, compatible, gemini, llamacpp, ollama, openai, openai_vendor_extras, vllm

ROUTES = (
    *anthropic.ROUTES,
    *gemini.ROUTES,
    *openai.ROUTES,
    *azure.ROUTES,
    *ollama.ROUTES,
    *llamacpp.ROUTES,
    *vllm.ROUTES,
    *compatible.ROUTES,
    *openai_vendor_extras.ROUTES,
)
