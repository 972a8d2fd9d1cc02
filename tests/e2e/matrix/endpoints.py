"""The rows of what isn't a conversation: each is one endpoint of a dialect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import msgspec
import ollama
import openai
from google.genai import errors

from tests.e2e.matrix.cell import UNTESTED, Cell, judged
from tests.e2e.matrix.sdks import Failed, plain
from tests.e2e.stage import Stage, faulty
from tests.support.sdks import PNG

Ask = Callable[[Any, str], Awaitable[Any]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """``dialect`` names the SDK. ``sent``, ``shown`` and ``unsaid_by`` are as a ``Feature`` has them."""

    name: str
    dialect: str
    ask: Ask
    sent: tuple[str, ...]
    shown: tuple[str, ...]
    unsaid_by: frozenset[str] = frozenset()


async def _speech(sdk: Any, model: str) -> Any:
    reply = await sdk.audio.speech.create(model=model, voice="alloy", input="Say 7131.", response_format="wav")
    return reply.content.decode()


ENDPOINTS = (
    Endpoint(
        name="Completions (OpenAI)",
        dialect="OpenAI Chat",
        ask=lambda sdk, model: sdk.completions.create(model=model, prompt="Say 7131.", max_tokens=99),
        sent=("Say 7131.",),
        shown=("You said: Say 7131.",),
    ),
    Endpoint(
        name="Embeddings (OpenAI)",
        dialect="OpenAI Chat",
        ask=lambda sdk, model: sdk.embeddings.create(model=model, input=["Say 7131.", "two"], encoding_format="float"),
        sent=("Say 7131.",),
        shown=('"index": 1', '"embedding": ['),
    ),
    Endpoint(
        name="Embeddings, base64, with dimensions (OpenAI)",
        dialect="OpenAI Chat",
        ask=lambda sdk, model: sdk.embeddings.create(model=model, input="Say 7131.", dimensions=5),
        sent=('"dimensions":5', 'imensionality":5'),
        shown=('"embedding": [',),
    ),
    Endpoint(
        name="embedContent (Gemini)",
        dialect="Gemini",
        ask=lambda sdk, model: sdk.aio.models.embed_content(model=model, contents="Say 7131."),
        sent=("Say 7131.",),
        shown=('"values": [',),
    ),
    Endpoint(
        name="embed (Ollama)",
        dialect="Ollama",
        ask=lambda sdk, model: sdk.embed(model, ["Say 7131.", "two"]),
        sent=("Say 7131.",),
        shown=('"embeddings": [[',),
    ),
    Endpoint(
        name="generate (Ollama)",
        dialect="Ollama",
        ask=lambda sdk, model: sdk.generate(model, "Say 7131."),
        sent=("Say 7131.",),
        shown=("You said: Say 7131.",),
    ),
    Endpoint(
        name="Images, made (OpenAI)",
        dialect="OpenAI Chat",
        ask=lambda sdk, model: sdk.images.generate(model=model, prompt="Say 7131.", size="64x64"),
        sent=("Say 7131.",),
        shown=('"b64_json": "iVBORw0KGgo',),
    ),
    Endpoint(
        name="Images, edited (OpenAI)",
        dialect="OpenAI Chat",
        ask=lambda sdk, model: sdk.images.edit(model=model, prompt="Say 7131.", image=("a.png", PNG, "image/png")),
        sent=("Say 7131.",),
        shown=('"b64_json": "iVBORw0KGgo',),
        unsaid_by=frozenset({"gemini"}),  # the simulator's draws no pictures
    ),
    Endpoint(
        name="Transcription (OpenAI)",
        dialect="OpenAI Chat",
        ask=lambda sdk, model: sdk.audio.transcriptions.create(model=model, file=("a.wav", b"RIFF 7131"), prompt="Say"),
        sent=("RIFF 7131",),
        shown=("I heard 9 bytes of a.wav.",),
    ),
    Endpoint(
        name="Speech (OpenAI)",
        dialect="OpenAI Chat",
        ask=_speech,
        sent=("Say 7131.",),
        shown=("WAV", "Say 7131."),
    ),
    Endpoint(
        name="count_tokens (Anthropic)",
        dialect="Anthropic",
        ask=lambda sdk, model: sdk.messages.count_tokens(
            model=model, messages=[{"role": "user", "content": "Say 7131 and two."}]
        ),
        sent=("Say 7131",),
        shown=('"input_tokens": ',),
    ),
    Endpoint(
        name="countTokens (Gemini)",
        dialect="Gemini",
        ask=lambda sdk, model: sdk.aio.models.count_tokens(model=model, contents="Say 7131 and two."),
        sent=("Say 7131",),
        shown=('"total_tokens": ',),
    ),
)


async def endpoint_cell(stage: Stage, provider: str, endpoint: Endpoint) -> Cell:
    if provider in endpoint.unsaid_by:
        return UNTESTED
    model = faulty(provider, "")

    async def ask(sdk: Any) -> Any:
        try:
            return plain(await endpoint.ask(sdk, model))
        except (openai.APIError, anthropic.APIError, errors.APIError, ollama.ResponseError) as error:
            raise Failed(str(error)) from error

    return await judged(stage, endpoint.dialect, model, ask, endpoint.sent, endpoint.shown)
