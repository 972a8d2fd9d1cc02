"""The provider: one wire, and what its vendors differ in as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from turnout.core import (
    ChatRequest,
    Deployment,
    ImageRequest,
    Request,
    Support,
    TranscriptionRequest,
    WireRequest,
    refuse_unsupported,
)
from turnout.core.words import words_of
from turnout.errors import UpstreamRefused
from turnout.providers import Decoder, Operation, Profile, no_operation
from turnout.providers.http import refused, retry_after

from .access import Access
from .chat import chat_wire as wire
from .chat.build import NAMESPACE, relayed_body, translated_body
from .chat.decode import BodyDecoder, StreamDecoder
from .chat.relay import BodyRelay, StreamRelay

WIRE = "openai-chat"
OPENAI_KNOBS = frozenset(
    {"temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"}
)

_IGNORED = frozenset({"taskType"})
"""Its embeddings serve all purposes alike."""

Maker = Callable[[Access], Operation[Any]]
"""Makes an operation for one vendor: the operation's class."""


class OpenAIWire:
    """A vendor on OpenAI's wire. ``operations`` are what it has besides chat."""

    wire = WIRE

    def __init__(
        self,
        name: str,
        profile: Profile,
        *,
        access: Access | None = None,
        knobs: frozenset[str] = OPENAI_KNOBS,
        operations: tuple[Maker, ...] = (),
    ) -> None:
        self.name = name
        self.profile = profile
        self.support = Support(namespace=NAMESPACE, knobs=knobs, ignores=_IGNORED, audio=True, files=True, choices=True)
        self._access = access or Access(name)
        made = [make(self._access) for make in operations]
        self._operations: Mapping[str, Operation[Any]] = {operation.wire: operation for operation in made}

    def operation(self, request: Request) -> Operation[Any]:
        """A chat goes over the client's own wire where the vendor has it, else over this one."""
        if isinstance(request, ChatRequest):
            return self._operations.get(request.raw.wire, self) if request.raw else self
        operation = self._operations.get(wire_of(request))
        if operation is None:
            raise no_operation(self.name, request)
        return operation

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == WIRE:
            body = relayed_body(raw.fields, request, deployment)
        else:
            refuse_unsupported(request, self.support, self.name)
            body = translated_body(request, deployment)
        return self._access.request(deployment, "chat/completions", body)

    def decoder(self, request: ChatRequest) -> Decoder:
        return StreamDecoder(request) if request.stream else BodyDecoder(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay(request.stream_usage) if request.stream else BodyRelay()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        message, code = _error_of(body)
        return refused(
            status,
            message,
            deployment,
            wait=retry_after(headers),
            native_code=code,
            key_prefix=self.profile.key_prefix,
        )

    def list_models(self, deployment: Deployment) -> WireRequest:
        return self._access.question(deployment, "models")

    def read_models(self, body: bytes) -> list[str]:
        return [model.id for model in _MODELS.decode(body).data]


def wire_of(request: Request) -> str:
    """Which of OpenAI's wires has the words for what isn't chat."""
    match request:
        case ImageRequest(images=images):
            return "openai-image-edits" if images else "openai-images"
        case TranscriptionRequest(translate=translate):
            return "openai-translations" if translate else "openai-transcriptions"
    return f"openai-{request.operation}"


class _ModelRow(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_ModelRow]


class _ErrorBody(msgspec.Struct):
    """OpenAI's ``error`` object; vLLM's older servers put message and code at the top, FastAPI's put ``detail``."""

    error: wire.ErrorFields | str | None = None
    message: str | None = None
    detail: msgspec.Raw = msgspec.Raw()
    code: str | int | None = None


_MODELS = msgspec.json.Decoder(_ModelList)
_ERROR = msgspec.json.Decoder(_ErrorBody)


def _error_of(body: bytes) -> tuple[str, str | None]:
    """The provider's words and code in an error reply, whatever its form."""
    try:
        fields = _ERROR.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return words_of(body), None
    if isinstance(fields.error, str):
        return fields.error, None
    if fields.error is not None:
        code = fields.error.code if fields.error.code is not None else fields.error.type
        return fields.error.message or "", None if code is None else str(code)
    text = fields.message or bytes(fields.detail).decode("utf-8", "replace")
    return text, None if fields.code is None else str(fields.code)
