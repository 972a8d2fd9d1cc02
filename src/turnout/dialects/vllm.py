"""``POST /generate``, as vLLM's server spoke it before it had OpenAI's wire
(https://github.com/vllm-project/vllm/blob/v0.10.0/vllm/entrypoints/api_server.py).

The reply repeats the prompt before the answer. In a stream, each line repeats both from the beginning. This wire has no
field for usage and finish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from turnout.core import (
    Answer,
    ChatRequest,
    Delta,
    PartStart,
    Refusal,
    Relayed,
    Sampling,
    Seam,
    StreamEvent,
    Text,
    WireBody,
)
from turnout.core.prompts import messages_of
from turnout.dialects import HERE, JSON_BLANK, Renderer, ReplyContext, ServedModel, Target
from turnout.dialects.failures import code_of, param_of
from turnout.dialects.openai.model_list import model_body, models_body
from turnout.dialects.parsing import check_encoding, decode, decode_fields, unknown_fields_in_use
from turnout.errors import TurnoutError

WIRE = "vllm-generate"
_encode = msgspec.json.encode
_Whole = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]


class Body(msgspec.Struct, kw_only=True):
    """vLLM has ``prompt`` and ``stream``, the others are its ``SamplingParams``. Only Turnout has ``model``."""

    prompt: str
    model: str = ""
    stream: bool | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: _Whole | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: str | list[str] | None = None


_BODY = msgspec.json.Decoder(Body)
_KNOWN = frozenset(Body.__struct_fields__)
_OFF: Mapping[str, object] = {
    "early_stopping": False,
    "ignore_eos": False,
    "include_stop_str_in_output": False,
    "length_penalty": 1,
    "logprobs": 0,
    "min_p": 0,
    "min_tokens": 0,
    "prompt_logprobs": 0,
    "repetition_penalty": 1,
    "skip_special_tokens": True,
    "spaces_between_special_tokens": True,
    "stop_token_ids": [],
    "use_beam_search": False,
}
"""The values of fields that mean the same as a missing field."""


class Generate:
    wire = WIRE
    operation = ChatRequest.operation
    paths = ("/generate",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        check_encoding(body)
        typed = decode(_BODY, body)
        fields = decode_fields(body)
        unknown = unknown_fields_in_use(fields, _KNOWN, _OFF)
        return ChatRequest(
            model=typed.model,
            messages=messages_of(typed.prompt),
            sampling=Sampling(
                temperature=typed.temperature,
                top_p=typed.top_p,
                top_k=typed.top_k if typed.top_k and typed.top_k > 0 else None,  # -1 and 0 mean all tokens
                seed=typed.seed,
                presence_penalty=typed.presence_penalty,
                frequency_penalty=typed.frequency_penalty,
            ),
            max_output=typed.max_tokens,
            stop=(typed.stop,) if isinstance(typed.stop, str) else tuple(typed.stop or ()),
            n=typed.n or 1,
            stream=bool(typed.stream),
            extensions={"vllm": unknown} if unknown else None,
            raw=WireBody(WIRE, fields, form=Body),
        )

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return LineRenderer(_prompt_of(request), request.n, context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        prompt = _prompt_of(request)
        texts = [
            "".join([part.text for part in choice.parts if isinstance(part, Text | Refusal)])
            for choice in answer.choices
        ]
        return _encode({"text": [prompt + text for text in texts or [""]]})


def _prompt_of(request: ChatRequest) -> str:
    """The prompt as the client wrote it: the request's messages are the turns inside it."""
    prompt = request.raw.fields["prompt"] if request.raw else Raw(b'""')
    return msgspec.json.decode(prompt, type=str)


class LineRenderer:
    """One streamed reply: a line whenever the text has grown."""

    media_type = "application/x-ndjson"
    keepalive = JSON_BLANK

    def __init__(self, prompt: str, choices: int, context: ReplyContext) -> None:
        self._context = context
        self._texts = [prompt] * choices
        self._text_parts: set[tuple[int, int]] = set()  # (choice, part) of texts and refusals

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        relayed, has_grown = b"", False
        for event in events:
            match event:
                case PartStart(part=Text(text=text) | Refusal(text=text), choice=choice):
                    self._text_parts.add((choice, event.index))
                    has_grown |= self._add(choice, text)
                case Delta(choice=choice) if (choice, event.index) in self._text_parts:
                    has_grown |= self._add(choice, event.text)
                case Relayed(data=data):
                    relayed += data
                case Seam():
                    self.feed(event.relayed)
        return relayed + (_encode({"text": self._texts}) + b"\n" if has_grown else b"")

    def close(self) -> bytes:
        return b""

    def fail(self, error: TurnoutError) -> bytes:
        return error_body(error, self._context.request_id) + b"\n"

    def _add(self, choice: int, text: str) -> bool:
        if not text or choice >= len(self._texts):
            return False
        self._texts[choice] += text
        return True


class VLLM:
    name = "vllm"
    key_headers = ("authorization",)
    key_query = None
    endpoints = (Generate(),)

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        return error_body(error, request_id)

    def models(self, models: Sequence[ServedModel]) -> bytes:
        return models_body(models)

    def model(self, model: ServedModel) -> bytes:
        return model_body(model)


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """vLLM's ``code`` is the HTTP status. Turnout's own code is the ``reason``."""
    return _encode(
        {
            "object": "error",
            "message": error.message,
            "type": type(error).__name__,
            "param": param_of(error),
            "code": error.status,
            "reason": code_of(error),
            "request_id": request_id,
        }
    )


DIALECTS = (VLLM(),)
