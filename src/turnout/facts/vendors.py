"""What vendors on OpenAI's chat wire refuse that others take, by the end of their host names."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import msgspec


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """``reasoning_content``: messages may have thoughts of that name. ``stream_options``: requests may have them."""

    reasoning_content: bool = True
    stream_options: bool = True
    source: str = ""


_ANY: Final = Vendor()

_VENDORS: Final = {
    "api.openai.com": Vendor(
        reasoning_content=False, source="https://platform.openai.com/docs/api-reference/chat/create"
    ),
    "openai.azure.com": Vendor(
        reasoning_content=False, source="https://learn.microsoft.com/azure/ai-foundry/openai/reference"
    ),
    "api.groq.com": Vendor(reasoning_content=False, source="https://github.com/janhq/jan/issues/8136"),
    "api.cerebras.ai": Vendor(reasoning_content=False, source="https://github.com/QwenLM/qwen-code/issues/11045"),
    "api.mistral.ai": Vendor(
        reasoning_content=False,
        stream_options=False,  # its streams end with the usage all the same
        source="https://github.com/openai/openai-agents-python/issues/442",
    ),
    "api.deepseek.com": Vendor(source="https://api-docs.deepseek.com/guides/thinking_mode"),  # it wants them back
}


@lru_cache(1024)
def vendor_of(base_url: str) -> Vendor:
    """The vendor at this address; one that takes everything if the address isn't known."""
    host = urlsplit(base_url).hostname or ""
    return next((vendor for name, vendor in _VENDORS.items() if host == name or host.endswith(f".{name}")), _ANY)
