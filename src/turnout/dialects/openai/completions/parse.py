"""A request body → ``ChatRequest``, for providers that only have chat."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from turnout.core import ChatRequest, Extensions, Message, Sampling, WireBody
from turnout.core.prompts import messages_of
from turnout.dialects.lazy import Fields, Form, parse_lazily
from turnout.dialects.openai.chat.chat_bodies import Fraction, Name, Penalty, Seed, StreamOptions, Temperature, TopK
from turnout.dialects.openai.extensions import NAMESPACE
from turnout.dialects.parsing import check_encoding, decode, unknown_fields

WIRE = "openai-completions"


class _Body(msgspec.Struct):
    """Bounds are OpenAI's own where its reference states them. ``prompt`` may be several prompts, as text or tokens."""

    model: Name
    prompt: str | list[str | int | list[int]] | None = None
    suffix: str | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    temperature: Temperature | None = None
    top_p: Fraction | None = None
    top_k: TopK | None = None  # vLLM's and llama.cpp's extension
    seed: Seed | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    best_of: Annotated[int, Meta(ge=0, le=128)] | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = None


_BODY = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__)
_FORM = Form(conversation=frozenset({"prompt", "suffix"}), stand_in={"prompt": Raw(b'""')}, image_marks=())


def parse(body: bytes) -> ChatRequest:
    """Raises ``InvalidRequest`` for a body without a model. ``whole`` raises it for other wrong fields."""
    check_encoding(body)
    return parse_lazily(body, _FORM, _read)


def _read(body: bytes, fields: Fields) -> ChatRequest:
    """Raises ``InvalidRequest`` with the path of the wrong field."""
    typed = decode(_BODY, body)
    return ChatRequest(
        model=typed.model,
        messages=_messages(typed.prompt),
        sampling=_sampling(typed),
        max_output=typed.max_tokens,
        stop=(typed.stop,) if isinstance(typed.stop, str) else tuple(typed.stop or ()),
        n=typed.n or 1,
        stream=bool(typed.stream),
        stream_usage=bool(typed.stream_options and typed.stream_options.include_usage),
        user=typed.user,
        extensions=_extensions(typed, fields),
        raw=WireBody(WIRE, fields),
    )


def _messages(prompt: str | list[str | int | list[int]] | None) -> tuple[Message, ...]:
    """The messages of all prompts, because all count as input. Only this wire can answer several prompts."""
    if isinstance(prompt, str):
        return messages_of(prompt)
    texts = [text for text in prompt or () if isinstance(text, str)]
    return tuple([message for text in texts for message in messages_of(text)])


def _sampling(typed: _Body) -> Sampling:
    return Sampling(
        temperature=typed.temperature,
        top_p=typed.top_p,
        top_k=typed.top_k,
        seed=typed.seed,
        presence_penalty=typed.presence_penalty,
        frequency_penalty=typed.frequency_penalty,
        logprobs=None if typed.logprobs is None else True,
        top_logprobs=typed.logprobs,
    )


def _extensions(typed: _Body, fields: dict[str, Raw]) -> Extensions:
    """Chat gets unknown fields, because vendors add them to both APIs. It has none of the fields of ``WIRE``."""
    unknown = unknown_fields(fields, _KNOWN)
    only_here = {name: fields[name] for name in _only_here(typed) if name in fields}
    if typed.prompt is None:
        only_here["prompt"] = Raw(b"null")
    extensions = {NAMESPACE: unknown, WIRE: only_here}
    return {namespace: kept for namespace, kept in extensions.items() if kept} or None


def _only_here(typed: _Body) -> list[str]:
    is_one_text = isinstance(typed.prompt, str) or (
        typed.prompt is not None and len(typed.prompt) == 1 and isinstance(typed.prompt[0], str)
    )
    is_set = {
        "prompt": not is_one_text,
        "suffix": bool(typed.suffix),
        "echo": bool(typed.echo),
        "best_of": (typed.best_of or 1) > (typed.n or 1),
        "max_tokens": typed.max_tokens == 0,
    }
    return [name for name, is_needed in is_set.items() if is_needed]
