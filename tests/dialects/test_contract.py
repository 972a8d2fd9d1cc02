"""What every dialect that is found has to keep to, whoever adds it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.support.contract import (
    BODIES,
    DIALECTS,
    WITHOUT_TOOLS,
    asking,
    begin,
    each_chat,
    each_dialect,
    each_endpoint,
    each_provider,
    leaves,
)
from turnout import errors
from turnout.core import Answer, Choice, Finish, Relayed, Start, Text, ToolCall, Usage, UsageSoFar, unfold
from turnout.dialects import Dialect, Endpoint, ReplyContext, ServedModel
from turnout.errors import InvalidRequest, TurnoutError
from turnout.providers import Provider, WireProvider
from turnout.server.inference.bounds import takes_form

CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)
ANSWER = Answer(
    id="1",
    model="m",
    created=1,
    choices=(Choice(0, (Text("Hellö"), ToolCall("c", "f", '{"a":1}')), Finish("tool_calls", "tool_calls")),),
    usage=Usage(input=7, output=3),
)
ALL_ERRORS: list[TurnoutError] = [
    errors.ConfigError("Why."),
    errors.StorageUnavailable("Why."),
    errors.InvalidRequest("Why.", param="messages"),
    errors.Unsupported("Why.", param="n"),
    errors.NotFetched("Why.", param="n"),
    errors.ContextTooLong("Why."),
    errors.NotFetched("Why."),
    errors.Conflict("Why."),
    errors.Unauthenticated("Why."),
    errors.Forbidden("Why."),
    errors.ForeignPage("Why."),
    errors.NotFound("Why."),
    errors.UnknownModel("größe", ["große"]),
    errors.MethodNotAllowed("Why.", "POST"),
    errors.RequestTimeout("Why."),
    errors.BodyTooLarge("Why."),
    errors.AddressTooLong("Why."),
    errors.HeadersTooLarge("Why."),
    errors.Overloaded("Why."),
    errors.UpstreamRefused(418, "Why."),
    errors.UpstreamUnauthenticated(401, "Why."),
    errors.UpstreamRateLimited(429, "Why.", retry_after=3),
    errors.UpstreamUnreachable("Why."),
    errors.UpstreamTimeout("Why."),
    errors.UpstreamBroken("Why."),
    errors.ReplyTooLarge("Why."),
    errors.AllDeploymentsFailed("m", [("d", errors.UpstreamBroken("Why."))]),
    TurnoutError('Why "not"?\n'),
    errors.InvalidRequest("Half a character: \ud800.", param="\udfff"),
]


def test_names_and_paths_are_unique() -> None:
    paths = [path for dialect in DIALECTS.values() for endpoint in dialect.endpoints for path in endpoint.paths]
    assert len(paths) == len(set(paths))
    assert all(path.startswith("/") for path in paths)
    assert {name: dialect.name for name, dialect in DIALECTS.items()} == {name: name for name in DIALECTS}


@each_dialect
def test_headers_are_in_lower_case(dialect: Dialect) -> None:
    assert dialect.key_headers
    assert all(name == name.lower() for name in dialect.key_headers)
    assert all(name == name.lower() for endpoint in dialect.endpoints for name in endpoint.relayed_headers)


@each_endpoint
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"{", b"\xff", b'{"\xff":1}', b"[" * 100_000, b'"x"', b"1e999"]
)
def test_what_is_no_request_is_refused(endpoint: Endpoint[Any, Any], body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        endpoint.parse(body)


@each_dialect
@pytest.mark.parametrize("error", ALL_ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_is_told_with_its_words_and_the_requests_id(dialect: Dialect, error: TurnoutError) -> None:
    told = list(leaves(json.loads(dialect.error(error, "req_42"))))
    assert error.message in told
    assert "req_42" in told


@each_chat
@pytest.mark.parametrize("error", ALL_ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_is_told_in_a_stream(endpoint: Endpoint[Any, Any], error: TurnoutError) -> None:
    renderer = endpoint.renderer(asking(stream=True), CONTEXT)
    renderer.feed([Start()])
    assert json.dumps(error.message, ensure_ascii=False).encode() in (renderer.fail(error) or b"")


def test_every_error_is_among_them() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TurnoutError)}
    abstract = {errors.RequestError, errors.UpstreamError}
    assert kinds - {type(error) for error in ALL_ERRORS} == abstract


@each_chat
def test_a_whole_answer_is_json_that_says_it(endpoint: Endpoint[Any, Any]) -> None:
    said = set(leaves(json.loads(endpoint.body(asking(), ANSWER, CONTEXT))))
    assert {"Hellö", 7, 3} <= said
    assert "f" in said or endpoint.wire in WITHOUT_TOOLS


@each_chat
def test_a_streamed_answer_says_it(endpoint: Endpoint[Any, Any]) -> None:
    renderer = endpoint.renderer(asking(stream=True, stream_usage=True), CONTEXT)
    assert renderer.media_type
    assert renderer.feed([]) == b""
    stream = b"".join(renderer.feed([event]) for event in unfold(ANSWER)) + renderer.close()
    assert all(word in stream for word in ("Hellö".encode(), b"7", b"3"))
    assert b'"f"' in stream or endpoint.wire in WITHOUT_TOOLS


@each_chat
def test_relayed_bytes_pass_as_they_are(endpoint: Endpoint[Any, Any]) -> None:
    renderer = endpoint.renderer(asking(stream=True), CONTEXT)
    assert (
        renderer.feed([Relayed(b"\x00 anything\n\n"), Finish("stop", "x"), UsageSoFar(Usage())]) == b"\x00 anything\n\n"
    )


@each_dialect
def test_lists_of_models_name_them(dialect: Dialect) -> None:
    models = [ServedModel(id="größe", provider="echo", created=5), ServedModel(id="b", provider="echo")]
    assert {"größe", "b"} <= set(leaves(json.loads(dialect.models(models))))
    assert "größe" in set(leaves(json.loads(dialect.model(models[0]))))
    assert json.loads(dialect.models([]))


@each_chat
@each_provider
def test_every_chat_reaches_every_provider(endpoint: Endpoint[Any, Any], provider: Provider) -> None:
    fields, target = BODIES[endpoint.wire]
    request = endpoint.parse(json.dumps(fields).encode(), target)
    assert request.raw is not None
    assert request.raw.wire == endpoint.wire
    sent = begin(provider, request)
    if isinstance(provider, WireProvider):
        assert "Hellö" in set(leaves(sent))
        same_wire = provider.operation(request).wire == endpoint.wire
        translated = begin(provider, msgspec.structs.replace(request, raw=None))
        assert same_wire or sent == translated


@each_endpoint
def test_what_takes_forms_says_so(endpoint: Endpoint[Any, Any]) -> None:
    """The values of what isn't a form are counted, and the bytes of a file look like many."""
    with pytest.raises(InvalidRequest) as caught:
        endpoint.parse(b"no JSON")
    assert takes_form(endpoint) == ("Expected a form" in caught.value.message)
