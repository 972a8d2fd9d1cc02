"""Where the vendors on OpenAI's wire serve what isn't chat."""

from __future__ import annotations

from turnout.simulator.wire import Route, route

from .azure import AZURE
from .llamacpp import CHAT as LLAMACPP
from .openai import OPENAI, OpenAIChat
from .openai_audio import Speech, Transcriptions, Translations
from .openai_completions_embeddings import BesideChat, Completions, Embeddings
from .openai_images import Edits, Generations
from .openai_responses import Responses
from .vllm import CHAT as VLLM

EVERYTHING: dict[str, type[BesideChat]] = {
    "completions": Completions,
    "embeddings": Embeddings,
    "images/generations": Generations,
    "images/edits": Edits,
    "audio/transcriptions": Transcriptions,
    "audio/translations": Translations,
    "audio/speech": Speech,
    "responses": Responses,
}
VLLMS = ("completions", "embeddings", "audio/transcriptions", "audio/translations", "responses")
"""https://docs.vllm.ai/en/latest/serving/openai_compatible_server/"""
LLAMACPPS = ("completions", "embeddings", "responses")
"""https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"""


def _routes(prefix: str, vendor: OpenAIChat, names: tuple[str, ...] = tuple(EVERYTHING)) -> list[Route]:
    return [route("POST", f"{prefix}/{name}", EVERYTHING[name](vendor)) for name in names]


ROUTES = (
    *_routes("/v1", OPENAI),
    *_routes("/openai/v1", AZURE),
    *_routes("/openai/deployments/(?P<deployment>[^/]+)", AZURE),
    *_routes("/vllm/v1", VLLM, VLLMS),
    *_routes("/llamacpp/v1", LLAMACPP, LLAMACPPS),
)
