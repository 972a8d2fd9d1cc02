"""The settings of ``/api/chat`` and ``/api/generate`` → ``ChatRequest``.

Fields that the core doesn't have are kept in the request's extensions, options as ``options.NAME``.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Message, Output, Reasoning, Sampling, Tool, WireBody
from turnout.dialects.parsing import decode, unknown_fields
from turnout.errors import InvalidRequest

from . import ollama_bodies as wire

NAMESPACE = "ollama"
_OPTIONS = msgspec.json.Decoder(wire.Options, strict=False)  # Ollama takes 5.0 for 5
_KNOWN: dict[type, frozenset[str]] = {body: frozenset(body.__struct_fields__) for body in (wire.Chat, wire.Generate)}
_KNOWN_OPTIONS = frozenset(wire.Options.__struct_fields__)
_EMPTY_VALUES = frozenset({b'""', b"[]", b"false"})
_NO_OPTIONS = wire.Options()
_NO_TIME = re.compile(rb'0(\.0*)?|"0+(\.0*)?(ns|us|ms|[smh])?"')
"""A ``keep_alive`` of seconds, or of Go's form (https://pkg.go.dev/time#ParseDuration)."""


def chat_request(
    typed: wire.Body,
    fields: dict[str, Raw],
    wire_name: str,
    messages: tuple[Message, ...],
    tools: tuple[Tool, ...] = (),
    untranslatable: frozenset[str] = frozenset(),
) -> ChatRequest:
    """``untranslatable`` are fields that only this endpoint of Ollama has."""
    options = decode(_OPTIONS, fields["options"], "options") if typed.options else _NO_OPTIONS
    limit = _whole(options.num_predict)
    return ChatRequest(
        model=typed.model,
        messages=messages,
        tools=tools,
        output=_output(typed.format),
        sampling=_sampling(typed, options),
        reasoning=_reasoning(typed.think),
        max_output=limit if limit and limit > 0 else None,
        stop=(options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ()),
        stream=typed.stream is not False,
        stream_usage=True,
        extensions=_extensions(typed, fields, wire_name, untranslatable),
        raw=WireBody(wire_name, fields, form=type(typed)),
        errand=None if messages else _errand(fields),
    )


def _errand(fields: dict[str, Raw]) -> Literal["load", "unload"]:
    """A model that is to be kept for no time is to be unloaded now."""
    return "unload" if _NO_TIME.fullmatch(bytes(fields.get("keep_alive", b""))) else "load"


def unknown_fields_and_options(
    fields: dict[str, Raw],
    known: frozenset[str],
    options: dict[str, Raw] | None,
    known_options: frozenset[str] = frozenset(),
) -> dict[str, Raw]:
    unknown_options = unknown_fields(options or {}, known_options)
    return unknown_fields(fields, known) | {f"options.{name}": value for name, value in unknown_options.items()}


def _extensions(
    typed: wire.Body, fields: dict[str, Raw], wire_name: str, untranslatable: frozenset[str]
) -> dict[str, dict[str, Raw]] | None:
    unknown = unknown_fields_and_options(fields, _KNOWN[type(typed)], typed.options, _KNOWN_OPTIONS)
    only_here = {name: unknown.pop(name) for name in untranslatable & unknown.keys()}
    only_here = {name: value for name, value in only_here.items() if bytes(value) not in _EMPTY_VALUES}
    extensions = {NAMESPACE: unknown} if unknown else {}
    if only_here:
        extensions[wire_name] = only_here
    return extensions or None


def _sampling(typed: wire.Body, options: wire.Options) -> Sampling:
    """For Ollama, a seed below 0 means no seed."""
    seed = _whole(options.seed)
    return Sampling(
        temperature=options.temperature,
        top_p=options.top_p,
        top_k=_whole(options.top_k),
        seed=None if seed is not None and seed < 0 else seed,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        logprobs=typed.logprobs,
        top_logprobs=typed.top_logprobs,
    )


def _whole(number: float | None) -> int | None:
    """Ollama cuts off what isn't whole (``FromMap`` in https://github.com/ollama/ollama/blob/main/api/types.go)."""
    return None if number is None else int(number)


def _reasoning(think: bool | str | None) -> Reasoning | None:
    if isinstance(think, bool):
        return Reasoning(enabled=think)
    if think == "none":
        return Reasoning(enabled=False)
    return Reasoning(effort=think) if think else None


def _output(output_format: Raw) -> Output:
    """``format`` is the word ``json``, or a schema."""
    text = bytes(output_format)
    if text in (b"", b"null", b'""'):
        return Output()
    if text == b'"json"':
        return Output("json")
    if text.startswith(b"{"):
        return Output("json_schema", output_format)
    raise InvalidRequest("Invalid 'format': expected 'json' or a JSON schema.", param="format")
