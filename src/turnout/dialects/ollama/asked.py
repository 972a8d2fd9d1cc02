"""What ``/api/chat`` and ``/api/generate`` have in common: a request's settings → the core's.

What has no place in the core is kept in the request's extensions, an option as ``options.NAME``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Message, Output, Reasoning, Sampling, Tool, WireBody
from turnout.dialects.parsing import decode
from turnout.errors import InvalidRequest

from . import ollama_bodies as wire

NAMESPACE = "ollama"
_LOADING = "ollama-load"  # a namespace that no provider knows
_OPTIONS = msgspec.json.Decoder(wire.Options, strict=False)  # Ollama takes 5.0 for 5
_KNOWN: dict[type, frozenset[str]] = {form: frozenset(form.__struct_fields__) for form in (wire.Chat, wire.Generate)}
_OPTIONS_KNOWN = frozenset(wire.Options.__struct_fields__)
_NOTHING_SAID = frozenset({b'""', b"[]", b"false"})
_NO_OPTIONS = wire.Options()


def asked(
    said: wire.Body,
    fields: dict[str, Raw],
    wire_name: str,
    messages: tuple[Message, ...],
    tools: tuple[Tool, ...] = (),
    untranslatable: frozenset[str] = frozenset(),
) -> ChatRequest:
    """``untranslatable`` are fields that even Ollama only knows at this one of its endpoints.

    Without any messages, Ollama is asked to load the model, or to unload it: nobody else can be.
    """
    options = decode(_OPTIONS, fields["options"], "options") if said.options else _NO_OPTIONS
    return ChatRequest(
        model=said.model,
        messages=messages,
        tools=tools,
        output=_output(said.format),
        sampling=_sampling(said, options),
        reasoning=_reasoning(said.think),
        max_output=options.num_predict if options.num_predict and options.num_predict > 0 else None,
        stop=(options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ()),
        stream=said.stream is not False,
        stream_usage=True,
        extensions=_extensions(said, fields, wire_name, untranslatable, loading=not messages),
        raw=WireBody(wire_name, fields, form=type(said)),
    )


def leftover(
    fields: dict[str, Raw],
    known: frozenset[str],
    options: dict[str, Raw] | None,
    options_known: frozenset[str] = frozenset(),
) -> dict[str, Raw]:
    """What the core has no place for."""
    more = {}
    if not fields.keys() <= known:
        more = {name: value for name, value in fields.items() if name not in known and bytes(value) != b"null"}
    if options and not options.keys() <= options_known:
        for name, value in options.items():
            if name not in options_known and bytes(value) != b"null":
                more[f"options.{name}"] = value
    return more


def _extensions(
    said: wire.Body, fields: dict[str, Raw], wire_name: str, untranslatable: frozenset[str], *, loading: bool
) -> dict[str, dict[str, Raw]] | None:
    more = leftover(fields, _KNOWN[type(said)], said.options, _OPTIONS_KNOWN)
    only_here = {name: more.pop(name) for name in untranslatable & more.keys()}
    only_here = {name: value for name, value in only_here.items() if bytes(value) not in _NOTHING_SAID}
    extensions = {NAMESPACE: more} if more else {}
    if only_here:
        extensions[wire_name] = only_here
    if loading:
        extensions[_LOADING] = {"an empty conversation": Raw(b"true")}
    return extensions or None


def _sampling(said: wire.Body, options: wire.Options) -> Sampling:
    """A seed below 0 is Ollama's word for none."""
    seed = options.seed
    return Sampling(
        temperature=options.temperature,
        top_p=options.top_p,
        top_k=options.top_k,
        seed=None if seed is not None and seed < 0 else seed,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        logprobs=said.logprobs,
        top_logprobs=said.top_logprobs,
    )


def _reasoning(think: bool | str | None) -> Reasoning | None:
    if isinstance(think, bool):
        return Reasoning(enabled=think)
    return Reasoning(effort=think) if think else None


def _output(form: Raw) -> Output:
    """The word ``json``, or a schema."""
    text = bytes(form)
    if text in (b"", b"null", b'""'):
        return Output()
    if text == b'"json"':
        return Output("json")
    if text.startswith(b"{"):
        return Output("json_schema", form)
    raise InvalidRequest("Invalid 'format': expected 'json' or a JSON schema.", param="format")
