"""``POST /completion``: an answer to a bare prompt. Which model, hardly a client says: the server has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from turnout.core import Answer, ChatRequest, Message, Output, Sampling, WireBody
from turnout.core.prompts import messages_of
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode, decode_fields, unknown_fields
from turnout.errors import InvalidRequest

from .reply import EventRenderer, completion_body

WIRE = "llamacpp-completion"
_NOTHING = Raw()
_Whole = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]


class Body(msgspec.Struct, kw_only=True):
    """What other wires have a word for."""

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


class _Marked(msgspec.Struct, forbid_unknown_fields=True):
    """A prompt without media, in the form that may have some."""

    prompt_string: str


_BODY = msgspec.json.Decoder(Body)
_PROMPT = msgspec.json.Decoder(str | _Marked)
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
"""The value of a field that switches it off. llama.cpp's clients like to send every field that there is."""
_DETAILS: Mapping[str, str] = {
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
"""Fields that mean nothing unless the other one is on."""


class Completion:
    wire = WIRE
    paths = ("/completion", "/completions")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        check_encoding(body)
        said = decode(_BODY, body)
        fields = decode_fields(body)
        messages = _messages(said.prompt)
        return ChatRequest(
            model=said.model,
            messages=messages,
            output=_output(said.json_schema),
            sampling=_sampling(said),
            max_output=said.n_predict if said.n_predict is not None and said.n_predict >= 0 else None,
            stop=(said.stop,) if isinstance(said.stop, str) else tuple(said.stop or ()),
            stream=bool(said.stream),
            stream_usage=True,
            extensions=_extensions(fields, messages),
            raw=WireBody(WIRE, fields, form=Body),
        )

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return EventRenderer(context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, given: Answer, context: ReplyContext) -> bytes:
        return completion_body(given, context)


def _messages(prompt: Raw) -> tuple[Message, ...]:
    """None for tokens, media and several prompts: only llama.cpp knows what they mean."""
    if bytes(prompt) == b"null":
        raise InvalidRequest("Invalid 'prompt': a prompt is missing.", param="prompt")
    try:
        text = _PROMPT.decode(prompt)
    except msgspec.ValidationError:
        return ()
    return messages_of(text if isinstance(text, str) else text.prompt_string)


def _output(schema: Raw) -> Output:
    """An empty schema is llama.cpp's word for any JSON."""
    text = bytes(schema)
    if text in (b"", b"null"):
        return Output()
    return Output("json") if text == b"{}" else Output("json_schema", schema)


def _sampling(said: Body) -> Sampling:
    """A seed below 0 is llama.cpp's word for none."""
    return Sampling(
        temperature=said.temperature,
        top_p=said.top_p,
        top_k=said.top_k,
        seed=None if said.seed is not None and said.seed < 0 else said.seed,
        presence_penalty=said.presence_penalty,
        frequency_penalty=said.frequency_penalty,
        logprobs=True if said.n_probs else None,
        top_logprobs=said.n_probs or None,
    )


def _extensions(fields: dict[str, Raw], messages: tuple[Message, ...]) -> dict[str, dict[str, Raw]] | None:
    more = unknown_fields(fields, _KNOWN, _OFF)
    more = {name: value for name, value in more.items() if _DETAILS.get(name, name) in more}
    if not messages:
        more["prompt"] = fields["prompt"]
    return {"llamacpp": more} if more else None
