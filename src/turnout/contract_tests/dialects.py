"""What every dialect has to keep to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

import msgspec
from msgspec import structs

from turnout.core import Answer, Choice, Finish, Relayed, Start, Text, ToolCall, Usage, UsageSoFar, unfold
from turnout.dialects import HERE, Dialect, Endpoint, ReplyContext, ServedModel, Target
from turnout.errors import InvalidRequest, TurnoutError
from turnout.providers import Provider, WireProvider, in_process, registry

from .asking import asking, begin, leaves
from .cases import Case, claim, raised, same
from .every_error import ERRORS

TEXT: Final = "Hellö"
_CONTEXT: Final = ReplyContext(request_id="req_42", model="fast", created=1_790_000_000)
_ANSWER: Final = Answer(
    id="1",
    model="m",
    created=1,
    choices=(Choice(0, (Text(TEXT), ToolCall("c", "f", '{"a":1}')), Finish("tool_calls", "tool_calls")),),
    usage=Usage(input=7, output=3),
)
_NO_REQUESTS: Final = (b"", b"null", b"[]", b"{}", b"{", b"\xff", b'{"\xff":1}', b"[" * 100_000, b'"x"', b"1e999")


class ChatSample(msgspec.Struct, frozen=True, kw_only=True):
    """A streamed chat that says "Hellö" to the model ``fast``: its body, and the rest of the request.

    ``tools``: whether an answer has a place for a tool's call.
    """

    body: bytes
    target: Target = HERE
    tools: bool = True


def dialect_cases(dialect: Dialect, samples: Mapping[str, ChatSample]) -> Sequence[Case]:
    """``samples`` are by the ``wire`` of each endpoint that takes chats."""
    return [
        Case("paths begin with a slash, headers are in lower case", partial(_names_are_right, dialect)),
        *(Case(f"{_named(error)} is told", partial(_error_is_told, dialect, error)) for error in ERRORS),
        Case("lists of models name them", partial(_models_are_named, dialect)),
        *(case for endpoint in dialect.endpoints for case in _endpoint_cases(endpoint, samples.get(endpoint.wire))),
    ]


def _endpoint_cases(endpoint: Endpoint[Any, Any], sample: ChatSample | None) -> Iterator[Case]:
    yield Case(f"{endpoint.wire}: what is no request is refused", partial(_no_request_is_refused, endpoint))
    if sample is None:
        return
    yield Case(f"{endpoint.wire}: a whole answer is JSON that says it", partial(_body_says_it, endpoint, sample))
    yield Case(f"{endpoint.wire}: a streamed answer says it", partial(_stream_says_it, endpoint, sample))
    yield Case(f"{endpoint.wire}: relayed bytes pass as they are", partial(_relayed_bytes_pass, endpoint))
    for error in ERRORS:
        told = f"{endpoint.wire}: {_named(error)} is told in a stream"
        yield Case(told, partial(_error_is_told_in_a_stream, endpoint, error))
    for provider in {provider.name: provider for provider in registry().values()}.values():
        reaches = partial(_reaches, endpoint, sample, provider)
        yield Case(f"{endpoint.wire}: a chat reaches {provider.name}", reaches)


def _named(error: TurnoutError) -> str:
    field = getattr(error, "param", None)
    return f"{type(error).__name__} {error.message!a}" + (f" of {field!a}" if field else "")


def _names_are_right(dialect: Dialect) -> None:
    claim(dialect.key_headers, "it says no header for the key")
    for name in dialect.key_headers:
        same(name, name.lower(), "the name of a header for the key")
    for endpoint in dialect.endpoints:
        for header in endpoint.relayed_headers:
            same(header, header.lower(), "the name of a relayed header")
        claim(all(path.startswith("/") for path in endpoint.paths), f"a path doesn't begin with '/': {endpoint.paths}")


def _error_is_told(dialect: Dialect, error: TurnoutError) -> None:
    told = list(leaves(msgspec.json.decode(dialect.error(error, "req_42"))))
    claim(error.message in told, f"its message isn't told: {told}")
    claim("req_42" in told, f"the request's id isn't told: {told}")


def _models_are_named(dialect: Dialect) -> None:
    models = [ServedModel(id="größe", provider="echo", created=5), ServedModel(id="b", provider="echo")]
    claim({"größe", "b"} <= _said(dialect.models(models)), "a model isn't in the list")
    claim("größe" in _said(dialect.model(models[0])), "the model isn't named")
    claim(msgspec.json.decode(dialect.models([])), "an empty list is told as nothing")


def _no_request_is_refused(endpoint: Endpoint[Any, Any]) -> None:
    for body in _NO_REQUESTS:
        raised(InvalidRequest, partial(endpoint.parse, body), f"the body {body[:20]!r}")


def _error_is_told_in_a_stream(endpoint: Endpoint[Any, Any], error: TurnoutError) -> None:
    renderer = endpoint.renderer(asking(stream=True), _CONTEXT)
    renderer.feed([Start()])
    told = renderer.fail(error) or b""
    claim(msgspec.json.encode(error.message) in told, f"its message isn't told: {told!r}")


def _body_says_it(endpoint: Endpoint[Any, Any], sample: ChatSample) -> None:
    said = _said(endpoint.body(asking(), _ANSWER, _CONTEXT))
    claim({TEXT, 7, 3} <= said, f"the text or the usage isn't said: {said}")
    same("f" in said, sample.tools, "whether the tool's name is said")


def _stream_says_it(endpoint: Endpoint[Any, Any], sample: ChatSample) -> None:
    renderer = endpoint.renderer(asking(stream=True, stream_usage=True), _CONTEXT)
    claim(renderer.media_type, "the stream has no media type")
    same(renderer.feed([]), b"", "what is said of no events")
    stream = b"".join(renderer.feed([event]) for event in unfold(_ANSWER)) + renderer.close()
    for word in (TEXT.encode(), b"7", b"3"):
        claim(word in stream, f"{word!r} isn't said: {stream!r}")
    same(b'"f"' in stream, sample.tools, "whether the tool's name is said")


def _relayed_bytes_pass(endpoint: Endpoint[Any, Any]) -> None:
    renderer = endpoint.renderer(asking(stream=True), _CONTEXT)
    frames = b"\x00 anything\n\n"
    same(renderer.feed([Relayed(frames), Finish("stop", "x"), UsageSoFar(Usage())]), frames, "what is passed on")


def _reaches(endpoint: Endpoint[Any, Any], sample: ChatSample, provider: Provider) -> None:
    request = endpoint.parse(sample.body, sample.target)
    claim(request.raw is not None, "the request's 'raw' doesn't keep the body's fields")
    same(request.raw.wire, endpoint.wire, "the wire of the request's 'raw'")
    sent = begin(provider, request)
    if not in_process(provider):
        claim(TEXT in set(leaves(sent)), f"the text isn't sent: {sent}")
        if cast(WireProvider, provider).operation(request).wire != endpoint.wire:
            same(sent, begin(provider, structs.replace(request, raw=None)), "what is sent")


def _said(body: bytes) -> set[Any]:
    return set(leaves(msgspec.json.decode(body)))
