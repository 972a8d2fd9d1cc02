"""The provider: one wire. The differences between its vendors are data."""

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
    parameters_of,
)
from turnout.errors import UpstreamRefused
from turnout.providers import Decoder, Operation, Profile, no_operation
from turnout.providers.error_words import words_in
from turnout.providers.http import refusal_of

from .access import Access
from .chat.build import NAMESPACE, relayed_body, translated_body
from .chat.decode import FORM, BodyDecoder, StreamDecoder
from .chat.prefill import where_it_continues
from .chat.relay import BodyRelay, StreamRelay

WIRE = "openai-chat"
OPENAI_KNOBS = frozenset(
    {"temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"}
)

_IGNORED = frozenset({"taskType"})
"""Its embeddings are the same for every purpose."""

_USER_LENGTH = 64
"""https://platform.openai.com/docs/api-reference/chat/create (``user``)"""

OperationFactory = Callable[[Access], Operation[Any]]
"""Builds an operation for one vendor; an operation's class does."""


class OpenAIWire:
    """A vendor on OpenAI's wire. ``operations`` are those that it has besides chat. ``developer`` is a role, which only
    OpenAI's own models have. ``files``: a message may have parts of the type ``file``. ``reads_extra``: it may be
    Google's, which reads ``extra_content`` (https://ai.google.dev/gemini-api/docs/openai).
    """

    wire = WIRE

    def __init__(
        self,
        name: str,
        profile: Profile,
        *,
        access: Access | None = None,
        knobs: frozenset[str] = OPENAI_KNOBS,
        developer: bool = False,
        video: bool = False,
        files: bool = True,
        reads_extra: bool = False,
        operations: tuple[OperationFactory, ...] = (),
    ) -> None:
        self.name = name
        self._reads_extra = reads_extra
        self.profile = profile
        self.support = Support(
            namespace=NAMESPACE,
            knobs=knobs,
            ignores=_IGNORED,
            audio=True,
            files=files,
            video=video,
            choices=True,
            user_length=_USER_LENGTH,
            developer=developer,
            result_media=False,  # "For tool messages, only type text is supported"
            result_errors=False,
            json_word=True,  # https://platform.openai.com/docs/guides/structured-outputs#json-mode
            thoughts=not developer,  # OpenAI's own chat has no field for them
            service_tiers=developer,
        )
        self._access = access or Access(name)
        built = [factory(self._access) for factory in operations]
        self._operations: Mapping[str, Operation[Any]] = {operation.wire: operation for operation in built}

    def operation(self, request: Request) -> Operation[Any]:
        """A chat goes over the client's own wire if the vendor has it, else over this one."""
        if isinstance(request, ChatRequest):
            return self._operations.get(request.raw.wire, self) if request.raw else self
        operation = self._operations.get(wire_of(request))
        if operation is None:
            raise no_operation(self.name, request)
        return operation

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        parameters = parameters_of(request, deployment)
        with_usage = request.stream and self._access.streams_usage(deployment)
        unknown = self._access.unknown_fields(deployment)
        if raw is not None and raw.wire == WIRE:
            body, changes = relayed_body(
                raw.fields, parameters, deployment, unknown, with_usage=with_usage, with_extra=self._reads_extra
            )
        else:
            body, changes = translated_body(parameters, deployment, unknown, with_usage=with_usage)
            if request.prefilled:
                deployment = where_it_continues(deployment)
        return self._access.request(deployment, "chat/completions", body, changes=changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        return StreamDecoder(request) if request.stream else BodyDecoder(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay(request.stream_usage) if request.stream else BodyRelay()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        words = words_in(body, FORM, status)
        return refusal_of(status, headers, words, deployment, key_prefix=self.profile.key_prefix)

    def list_models(self, deployment: Deployment) -> WireRequest:
        return self._access.get_request(deployment, "models")

    def read_models(self, body: bytes) -> list[str]:
        return [model.id for model in _MODELS.decode(body).data]


def wire_of(request: Request) -> str:
    """The wire of OpenAI's for a request that isn't a chat."""
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


_MODELS = msgspec.json.Decoder(_ModelList)
