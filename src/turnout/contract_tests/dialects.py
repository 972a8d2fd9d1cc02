"""The contract of every dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

import msgspec
from msgspec import structs

from turnout.core import OPERATIONS, Answer, Choice, Finish, Relayed, Start, Text, ToolCall, Usage, UsageSoFar, unfold
from turnout.dialects import HERE, Dialect, Endpoint, ReplyContext, ServedModel, Target
from turnout.errors import InvalidRequest, TurnoutError
from turnout.providers import Provider, WireProvider, in_process, registry

from .cases import Case, require, require_equal, require_error
from .every_error import ERRORS
from .requests import body_or_events, chat_request, leaf_values

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
    """A streamed chat with the text "Hellö" to the model ``fast``: its body, and the target of the request.

    ``tools``: whether an answer of this dialect can have a tool call.
    """

    body: bytes
    target: Target = HERE
    tools: bool = True


def dialect_cases(dialect: Dialect, samples: Mapping[str, ChatSample]) -> Sequence[Case]:
    """``samples`` has a sample for the ``wire`` of each endpoint that takes chats."""
    return [
        Case("paths begin with a slash, headers are in lower case", partial(_names_are_right, dialect)),
        *(Case(f"{_describe(error)} is reported", partial(_error_is_reported, dialect, error)) for error in ERRORS),
        Case("lists of models name them", partial(_models_are_named, dialect)),
        *(case for endpoint in dialect.endpoints for case in _endpoint_cases(endpoint, samples.get(endpoint.wire))),
    ]


def _endpoint_cases(endpoint: Endpoint[Any, Any], sample: ChatSample | None) -> Iterator[Case]:
    yield Case(f"{endpoint.wire}: a body that is no request is refused", partial(_no_request_is_refused, endpoint))
    if sample is None:
        return
    yield Case(
        f"{endpoint.wire}: a whole answer is JSON with its text and usage",
        partial(_body_has_the_answer, endpoint, sample),
    )
    yield Case(
        f"{endpoint.wire}: a streamed answer has its text and usage", partial(_stream_has_the_answer, endpoint, sample)
    )
    yield Case(f"{endpoint.wire}: relayed bytes pass as they are", partial(_relayed_bytes_pass, endpoint))
    for error in ERRORS:
        name = f"{endpoint.wire}: {_describe(error)} is reported in a stream"
        yield Case(name, partial(_error_is_reported_in_a_stream, endpoint, error))
    for provider in {provider.name: provider for provider in registry().values()}.values():
        reaches = partial(_reaches, endpoint, sample, provider)
        yield Case(f"{endpoint.wire}: a chat reaches {provider.name}", reaches)


def _describe(error: TurnoutError) -> str:
    field = getattr(error, "param", None)
    return f"{type(error).__name__} {error.message!a}" + (f" of {field!a}" if field else "")


def _names_are_right(dialect: Dialect) -> None:
    require(dialect.key_headers, "it names no header for the key")
    for name in dialect.key_headers:
        require_equal(name, name.lower(), "the name of a header for the key")
    for endpoint in dialect.endpoints:
        require(endpoint.operation in OPERATIONS, f"its operation isn't one of {', '.join(sorted(OPERATIONS))}")
        for header in endpoint.relayed_headers:
            require_equal(header, header.lower(), "the name of a relayed header")
        require(
            all(path.startswith("/") for path in endpoint.paths), f"a path doesn't begin with '/': {endpoint.paths}"
        )


def _error_is_reported(dialect: Dialect, error: TurnoutError) -> None:
    values = list(leaf_values(msgspec.json.decode(dialect.error(error, "req_42"))))
    require(any(error.message in str(value) for value in values), f"its message is missing: {values}")
    require("req_42" in values, f"the request's id is missing: {values}")


def _models_are_named(dialect: Dialect) -> None:
    models = [ServedModel(id="größe", provider="echo", created=5), ServedModel(id="b", provider="echo")]
    require({"größe", "b"} <= _values_in(dialect.models(models)), "a model isn't in the list")
    require("größe" in _values_in(dialect.model(models[0])), "the model isn't named")
    require(msgspec.json.decode(dialect.models([])), "an empty list gives no JSON object")


def _no_request_is_refused(endpoint: Endpoint[Any, Any]) -> None:
    for body in _NO_REQUESTS:
        require_error(InvalidRequest, partial(endpoint.parse, body), f"the body {body[:20]!r}")


def _error_is_reported_in_a_stream(endpoint: Endpoint[Any, Any], error: TurnoutError) -> None:
    renderer = endpoint.renderer(chat_request(stream=True), _CONTEXT)
    renderer.feed([Start()])
    stream_end = renderer.fail(error) or b""
    require(msgspec.json.encode(error.message)[1:] in stream_end, f"its message is missing: {stream_end!r}")


def _body_has_the_answer(endpoint: Endpoint[Any, Any], sample: ChatSample) -> None:
    values = _values_in(endpoint.body(chat_request(), _ANSWER, _CONTEXT))
    require({TEXT, 7, 3} <= values, f"the text or the usage is missing: {values}")
    require_equal("f" in values, sample.tools, "whether the answer has the tool's name")


def _stream_has_the_answer(endpoint: Endpoint[Any, Any], sample: ChatSample) -> None:
    renderer = endpoint.renderer(chat_request(stream=True, stream_usage=True), _CONTEXT)
    require(renderer.media_type, "the stream has no media type")
    require(isinstance(renderer.keepalive, bytes), "the stream has no keepalive, not even an empty one")
    require_equal(renderer.feed([]), b"", "the stream of no events")
    stream = b"".join(renderer.feed([event]) for event in unfold(_ANSWER)) + renderer.close()
    for word in (TEXT.encode(), b"7", b"3"):
        require(word in stream, f"{word!r} is missing: {stream!r}")
    require_equal(b'"f"' in stream, sample.tools, "whether the answer has the tool's name")


def _relayed_bytes_pass(endpoint: Endpoint[Any, Any]) -> None:
    renderer = endpoint.renderer(chat_request(stream=True), _CONTEXT)
    frames = b"\x00 anything\n\n"
    require_equal(
        renderer.feed([Relayed(frames), Finish("stop", "x"), UsageSoFar(Usage())]), frames, "the relayed bytes"
    )


def _reaches(endpoint: Endpoint[Any, Any], sample: ChatSample, provider: Provider) -> None:
    request = endpoint.parse(sample.body, sample.target)
    require(request.raw is not None, "the request's 'raw' doesn't keep the body's fields")
    require_equal(request.raw.wire, endpoint.wire, "the wire of the request's 'raw'")
    body = body_or_events(provider, request)
    if not in_process(provider):
        require(TEXT in set(leaf_values(body)), f"the text isn't sent: {body}")
        if cast(WireProvider, provider).operation(request).wire != endpoint.wire:
            require_equal(body, body_or_events(provider, structs.replace(request, raw=None)), "the sent body")


def _values_in(body: bytes) -> set[Any]:
    return set(leaf_values(msgspec.json.decode(body)))
