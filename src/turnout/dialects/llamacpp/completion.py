"""``POST /completion``: an answer to one prompt. Most clients send no model, because the server has only one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from turnout.core import Answer, ChatRequest, Message, Output, Sampling, WireBody
from turnout.core.prompts import messages_of
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode, decode_fields, unknown_fields_in_use
from turnout.errors import InvalidRequest

from .reply import EventRenderer, completion_body

WIRE = "llamacpp-completion"
_NOTHING = Raw()
_Whole = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]


class Body(msgspec.Struct, kw_only=True):
    """The fields that other wires have, too."""

    prompt: Raw
    model: str = ""
    stream: bool | None = None
    n_predict: _Whole | None = None
    temperature: float | None = None
    top_k: _Whole | None = None
    top_p: float | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: str | list[str] | None = None
    n_probs: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    json_schema: Raw = _NOTHING


class _PromptObject(msgspec.Struct, forbid_unknown_fields=True):
    """A prompt as an object. Fields for media are forbidden here."""

    prompt_string: str


_BODY = msgspec.json.Decoder(Body)
_PROMPT = msgspec.json.Decoder(str | _PromptObject)
_KNOWN = frozenset(Body.__struct_fields__)
_OFF: Mapping[str, object] = {
    "dry_multiplier": 0,
    "dynatemp_range": 0,
    "grammar": "",
    "ignore_eos": False,
    "image_data": [],
    "logit_bias": [],
    "min_keep": 0,
    "min_p": 0,
    "mirostat": 0,
    "n_cmpl": 1,
    "n_indent": 0,
    "penalize_nl": False,
    "post_sampling_probs": False,
    "repeat_penalty": 1,
    "return_tokens": False,
    "tfs_z": 1,
    "typical_p": 1,
    "xtc_probability": 0,
}
"""The values that switch a field off. Many clients of llama.cpp send every field."""
_NEEDED_FIELD: Mapping[str, str] = {
    "dry_allowed_length": "dry_multiplier",
    "dry_base": "dry_multiplier",
    "dry_penalty_last_n": "dry_multiplier",
    "dry_sequence_breakers": "dry_multiplier",
    "dynatemp_exponent": "dynatemp_range",
    "mirostat_eta": "mirostat",
    "mirostat_tau": "mirostat",
    "repeat_last_n": "repeat_penalty",
    "xtc_threshold": "xtc_probability",
}
"""Field → the field without which it has no effect."""


class Completion:
    wire = WIRE
    operation = ChatRequest.operation
    paths = ("/completion", "/completions")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        check_encoding(body)
        typed = decode(_BODY, body)
        fields = decode_fields(body)
        messages = _messages(typed.prompt)
        return ChatRequest(
            model=typed.model,
            messages=messages,
            output=_output(typed.json_schema),
            sampling=_sampling(typed),
            max_output=typed.n_predict if typed.n_predict is not None and typed.n_predict >= 0 else None,
            stop=(typed.stop,) if isinstance(typed.stop, str) else tuple(typed.stop or ()),
            stream=bool(typed.stream),
            stream_usage=True,
            extensions=_extensions(fields, messages),
            raw=WireBody(WIRE, fields, form=Body),
        )

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return EventRenderer(context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return completion_body(answer, context)


def _messages(prompt: Raw) -> tuple[Message, ...]:
    """Empty for tokens, media and several prompts, which only llama.cpp can answer."""
    if bytes(prompt) == b"null":
        raise InvalidRequest("Invalid 'prompt': a prompt is missing.", param="prompt")
    try:
        text = _PROMPT.decode(prompt)
    except msgspec.ValidationError:
        return ()
    return messages_of(text if isinstance(text, str) else text.prompt_string)


def _output(schema: Raw) -> Output:
    """For llama.cpp, an empty schema means any JSON."""
    text = bytes(schema)
    if text in (b"", b"null"):
        return Output()
    return Output("json") if text == b"{}" else Output("json_schema", schema)


def _sampling(typed: Body) -> Sampling:
    """For llama.cpp, a seed below 0 means no seed."""
    return Sampling(
        temperature=typed.temperature,
        top_p=typed.top_p,
        top_k=typed.top_k,
        seed=None if typed.seed is not None and typed.seed < 0 else typed.seed,
        presence_penalty=typed.presence_penalty,
        frequency_penalty=typed.frequency_penalty,
        logprobs=True if typed.n_probs else None,
        top_logprobs=typed.n_probs or None,
    )


def _extensions(fields: dict[str, Raw], messages: tuple[Message, ...]) -> dict[str, dict[str, Raw]] | None:
    unknown = unknown_fields_in_use(fields, _KNOWN, _OFF)
    unknown = {name: value for name, value in unknown.items() if _NEEDED_FIELD.get(name, name) in unknown}
    if not messages:
        unknown["prompt"] = fields["prompt"]
    return {"llamacpp": unknown} if unknown else None
