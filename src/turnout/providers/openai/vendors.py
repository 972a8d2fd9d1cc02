"""The vendors that speak OpenAI's wire, one row for each."""

from __future__ import annotations

from turnout.core import Defaults, ImageLimits
from turnout.providers import Profile

from .access import Access, api_key_header, azure_address, azure_unknown_fields
from .completions import CompletionsWire
from .embeddings import EmbeddingsWire
from .engines import LLAMA_CPP, VLLM, EngineWire
from .images import EditsWire, GenerationsWire
from .llamacpp_completion import CompletionWire
from .provider import OPENAI_KNOBS, OpenAIWire
from .responses import CompactWire, InputTokensWire, ResponsesWire, StatefulResponsesWire
from .speech import SpeechWire
from .transcriptions import TranscriptionsWire, TranslationsWire

_MEDIA = (GenerationsWire, EditsWire, TranscriptionsWire, TranslationsWire, SpeechWire)

_MB = 1024 * 1024
_OPENAI_IMAGES = ImageLimits(long_edge=2048, bytes=20 * _MB, number=500)
"""OpenAI scales larger images down itself: https://developers.openai.com/api/docs/guides/images-vision"""

_AZURE_IMAGES = ImageLimits(long_edge=2048, bytes=20 * _MB, number=50)
"""https://learn.microsoft.com/azure/ai-foundry/openai/quotas-limits"""

PROVIDERS = (
    OpenAIWire(
        "openai",
        Profile(
            title="OpenAI",
            base_url="https://api.openai.com/v1",
            url_variables=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
            key_variables=("OPENAI_API_KEY",),
            key_prefix="sk-",
            defaults=Defaults(max_tokens=256, temperature=0.7),
            images=_OPENAI_IMAGES,
            price_source="openai",
            docs="https://platform.openai.com/docs/api-reference/chat",
        ),
        developer=True,
        operations=(StatefulResponsesWire, CompactWire, InputTokensWire, EmbeddingsWire, *_MEDIA),
    ),
    OpenAIWire(
        "azure",
        Profile(
            title="Azure OpenAI",
            base_url="",
            url_variables=("AZURE_OPENAI_ENDPOINT",),
            key_variables=("AZURE_OPENAI_API_KEY",),
            defaults=Defaults(max_tokens=256, temperature=0.7),
            lists_served=False,  # deployments have names of their own
            images=_AZURE_IMAGES,
            price_source="azure",
            aliases=("aoai", "azure_ad"),
            docs="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
        ),
        access=Access("azure", azure_address, api_key_header, azure_unknown_fields),
        developer=True,
        operations=(StatefulResponsesWire, CompactWire, EmbeddingsWire, *_MEDIA),
    ),
    EngineWire(
        "vllm",
        Profile(
            title="vLLM",
            images=ImageLimits(long_edge=4096),  # each model has a processor that resizes; this bounds its tokens
            base_url="http://localhost:8000",
            url_variables=("VLLM_URL",),
            key_variables=("VLLM_API_KEY",),
            defaults=Defaults(max_tokens=512, temperature=0.7, top_p=0.95),
            first_token=60,
            start_hint="vllm serve <model> --port 8000",
            docs="https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
        ),
        VLLM,
        video=True,
        operations=(ResponsesWire, CompletionsWire, EmbeddingsWire, TranscriptionsWire, TranslationsWire),
    ),
    EngineWire(
        "llamacpp",
        Profile(
            title="llama.cpp",
            images=ImageLimits(long_edge=2048, formats=frozenset({"image/jpeg", "image/png"})),  # stb_image: no WebP
            base_url="http://localhost:8080",
            url_variables=("LLAMA_CPP_URL",),
            key_variables=("LLAMA_API_KEY",),
            defaults=Defaults(max_tokens=256, temperature=0.8),
            start_hint="llama-server -m model.gguf --port 8080",
            lists_served=False,  # its one model answers to every name
            aliases=("llama.cpp", "llama_cpp"),
            docs="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        ),
        LLAMA_CPP,
        operations=(CompletionWire, CompletionsWire, EmbeddingsWire),
    ),
    OpenAIWire(
        "compatible",
        Profile(
            title="Any address on OpenAI's wire",
            base_url="",
            aliases=("openai-compatible", "openai_compatible"),
        ),
        knobs=OPENAI_KNOBS | {"top_k"},
        video=True,
        reads_extra=True,
        operations=(CompletionsWire, EmbeddingsWire, *_MEDIA),
    ),
)
