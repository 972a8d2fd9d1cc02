"""The paths of the vendors on OpenAI's wire, besides chat."""

from __future__ import annotations

from turnout.simulator.wire import Route, route

from .azure import AZURE
from .compatible import CHAT as COMPATIBLE
from .llamacpp import CHAT as LLAMACPP
from .openai import OPENAI, OpenAIChat
from .openai_audio import Speech, Transcriptions, Translations
from .openai_completions_embeddings import BesideChat, Completions, Embeddings
from .openai_images import Edits, Generations
from .openai_responses import Responses
from .openai_responses_beside import Compact, InputTokens
from .vllm import CHAT as VLLM

ALL_WIRES: dict[str, type[BesideChat]] = {
    "completions": Completions,
    "embeddings": Embeddings,
    "images/generations": Generations,
    "images/edits": Edits,
    "audio/transcriptions": Transcriptions,
    "audio/translations": Translations,
    "audio/speech": Speech,
    "responses": Responses,
    "responses/compact": Compact,
    "responses/input_tokens": InputTokens,
}
VLLM_PATHS = ("completions", "embeddings", "audio/transcriptions", "audio/translations", "responses")
"""https://docs.vllm.ai/en/latest/serving/openai_compatible_server/"""
LLAMACPP_PATHS = ("completions", "embeddings", "responses")
"""https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"""


def _routes(prefix: str, vendor: OpenAIChat, names: tuple[str, ...] = tuple(ALL_WIRES)) -> list[Route]:
    return [route("POST", f"{prefix}/{name}", ALL_WIRES[name](vendor)) for name in names]


ROUTES = (
    *_routes("/v1", OPENAI),
    *_routes("/openai/v1", AZURE),
    *_routes("/openai/deployments/(?P<deployment>[^/]+)", AZURE),
    *_routes("/vllm/v1", VLLM, VLLM_PATHS),
    *_routes("/llamacpp/v1", LLAMACPP, LLAMACPP_PATHS),
    *_routes("/compatible/v1", COMPATIBLE),
)
