"""The settings of ``/api/chat`` and ``/api/generate`` → ``ChatRequest``.

Fields that the core doesn't have are kept in the request's extensions, options as ``options.NAME``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Message, Output, Reasoning, Sampling, Tool, WireBody
from turnout.dialects.parsing import decode, unknown_fields
from turnout.errors import InvalidRequest

from . import ollama_bodies as wire

NAMESPACE = "ollama"
_LOADING = "ollama-load"  # a namespace of no provider, so that each provider refuses the request
_OPTIONS = msgspec.json.Decoder(wire.Options, strict=False)  # Ollama takes 5.0 for 5
_KNOWN: dict[type, frozenset[str]] = {body: frozenset(body.__struct_fields__) for body in (wire.Chat, wire.Generate)}
_KNOWN_OPTIONS = frozenset(wire.Options.__struct_fields__)
_EMPTY_VALUES = frozenset({b'""', b"[]", b"false"})
_NO_OPTIONS = wire.Options()


def chat_request(
    typed: wire.Body,
    fields: dict[str, Raw],
    wire_name: str,
    messages: tuple[Message, ...],
    tools: tuple[Tool, ...] = (),
    untranslatable: frozenset[str] = frozenset(),
) -> ChatRequest:
    """``untranslatable`` are fields that only this endpoint of Ollama has.

    A request without messages tells Ollama to load or unload the model. Other providers can't do that.
    """
    options = decode(_OPTIONS, fields["options"], "options") if typed.options else _NO_OPTIONS
    return ChatRequest(
        model=typed.model,
        messages=messages,
        tools=tools,
        output=_output(typed.format),
        sampling=_sampling(typed, options),
        reasoning=_reasoning(typed.think),
        max_output=options.num_predict if options.num_predict and options.num_predict > 0 else None,
        stop=(options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ()),
        stream=typed.stream is not False,
        stream_usage=True,
        extensions=_extensions(typed, fields, wire_name, untranslatable, is_load=not messages),
        raw=WireBody(wire_name, fields, form=type(typed)),
    )


def unknown_fields_and_options(
    fields: dict[str, Raw],
    known: frozenset[str],
    options: dict[str, Raw] | None,
    known_options: frozenset[str] = frozenset(),
) -> dict[str, Raw]:
    unknown_options = unknown_fields(options or {}, known_options)
    return unknown_fields(fields, known) | {f"options.{name}": value for name, value in unknown_options.items()}


def _extensions(
    typed: wire.Body, fields: dict[str, Raw], wire_name: str, untranslatable: frozenset[str], *, is_load: bool
) -> dict[str, dict[str, Raw]] | None:
    unknown = unknown_fields_and_options(fields, _KNOWN[type(typed)], typed.options, _KNOWN_OPTIONS)
    only_here = {name: unknown.pop(name) for name in untranslatable & unknown.keys()}
    only_here = {name: value for name, value in only_here.items() if bytes(value) not in _EMPTY_VALUES}
    extensions = {NAMESPACE: unknown} if unknown else {}
    if only_here:
        extensions[wire_name] = only_here
    if is_load:
        extensions[_LOADING] = {"an empty conversation": Raw(b"true")}
    return extensions or None


def _sampling(typed: wire.Body, options: wire.Options) -> Sampling:
    """For Ollama, a seed below 0 means no seed."""
    seed = options.seed
    return Sampling(
        temperature=options.temperature,
        top_p=options.top_p,
        top_k=options.top_k,
        seed=None if seed is not None and seed < 0 else seed,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        logprobs=typed.logprobs,
        top_logprobs=typed.top_logprobs,
    )


def _reasoning(think: bool | str | None) -> Reasoning | None:
    if isinstance(think, bool):
        return Reasoning(enabled=think)
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
