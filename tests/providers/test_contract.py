"""What every provider that is found has to keep to, whoever adds it. A new wire adds a sample of its replies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.contract import (
    ENDPOINTS,
    ON_WIRES,
    PROVIDERS,
    asking,
    begin,
    deployment,
    each_provider,
    each_wire_provider,
    leaves,
    saying,
)
from tests.support.openai_wire import PNG, read
from tests.support.replies import REPLIES
from turnout import errors, providers
from turnout.core import (
    Audio,
    ChatRequest,
    Failure,
    File,
    Finish,
    Image,
    Output,
    Reasoning,
    Relayed,
    Sampling,
    StreamEvent,
    Text,
    Tool,
    Usage,
    UsageSoFar,
    fold,
)
from turnout.errors import Unsupported, UpstreamError
from turnout.providers import Decoder, Provider, RelayingOperation, WireProvider


class Relaying(WireProvider, RelayingOperation[ChatRequest], Protocol): ...


# --- every provider ----------------------------------------------------------------------------------


def test_names_and_aliases_are_unique_and_in_lower_case() -> None:
    names = [name for provider in PROVIDERS.values() for name in (provider.name, *provider.profile.aliases)]
    assert len(names) == len(set(names)) == len(providers.registry())
    assert all(re.fullmatch(r"[a-z][a-z0-9._-]*", name) for name in names)


@each_provider
def test_the_profile_is_sane(provider: Provider) -> None:
    profile = provider.profile
    assert profile.title
    assert not profile.base_url or urlsplit(profile.base_url).scheme in ("http", "https")
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in (*profile.url_variables, *profile.key_variables))
    assert profile.first_token > 0
    assert not profile.docs or profile.docs.startswith("https://")
    assert bool(profile.start_hint) == ("localhost" in profile.base_url), "a local server says how to start it"
    defaults = profile.defaults
    assert defaults.max_tokens is None or defaults.max_tokens > 0
    assert defaults.temperature is None or 0 <= defaults.temperature <= 2
    assert defaults.top_p is None or 0 < defaults.top_p <= 1


FEATURES = {
    "image_urls": ("messages[0]", saying(Image(url="https://x.test/a.png"))),
    "image_data": ("messages[0]", saying(Image(data=PNG, media_type="image/png"))),
    "audio": ("messages[0]", saying(Audio("UklG", "wav"))),
    "files": ("messages[0]", saying(File(data="JVBE", media_type="application/pdf", name="a.pdf"))),
    "tools": ("tools", asking(tools=(Tool("zebra", "d", Raw(b'{"type":"object"}')),))),
    "json": ("response_format", asking(output=Output("json"))),
    "json_schema": ("response_format", asking(output=Output("json_schema", Raw(b'{"type":"object"}'), "zebra"))),
    "reasoning": ("reasoning", asking(reasoning=Reasoning(effort="low", budget=2048))),
    "choices": ("n", asking(n=2)),
    "stop": ("stop", asking(stop=("zebra",))),
}


@each_provider
@pytest.mark.parametrize(("feature", "case"), FEATURES.items(), ids=FEATURES)
def test_what_is_supported_is_sent_and_what_is_not_is_refused(
    provider: Provider, feature: str, case: tuple[str, ChatRequest]
) -> None:
    param, request = case
    if not getattr(provider.support, feature):
        with pytest.raises(Unsupported, match=f"'{provider.name}'") as caught:
            begin(provider, request)
        assert caught.value.param == param
    else:
        assert begin(provider, request) != begin(provider, asking()), "nothing of it is sent"


KNOBS: dict[str, Any] = {
    "temperature": 0.125,
    "top_p": 0.375,
    "top_k": 17,
    "seed": 23,
    "presence_penalty": 0.625,
    "frequency_penalty": 0.875,
    "logprobs": True,
    "top_logprobs": 3,
}


@each_provider
@pytest.mark.parametrize("knob", Sampling.__struct_fields__)
def test_every_knob_is_sent_or_ignored_or_refused_as_declared(provider: Provider, knob: str) -> None:
    support, request = provider.support, asking(sampling=Sampling(**{knob: KNOBS[knob]}))
    assert not support.knobs & support.ignores
    if knob in support.knobs:
        assert KNOBS[knob] in set(leaves(begin(provider, request)))
    elif knob not in support.ignores:
        with pytest.raises(Unsupported) as caught:
            begin(provider, request)
        assert caught.value.param == knob
    elif isinstance(provider, WireProvider):
        assert begin(provider, request) == begin(provider, asking())


@each_provider
def test_fields_of_another_wire_are_refused_by_name(provider: Provider) -> None:
    with pytest.raises(Unsupported) as caught:
        begin(provider, asking(extensions={"elsewhere": {"odd_field": Raw(b"1")}}))
    assert caught.value.param == "odd_field"


# --- every provider on a wire ------------------------------------------------------------------------


@each_wire_provider
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])
def test_a_request_is_plain_data_for_the_transport(provider: WireProvider, stream: bool) -> None:
    wire = provider.build(asking(stream=stream), deployment(provider))
    assert wire.method == "POST"
    assert urlsplit(wire.url).scheme in ("http", "https")
    assert "some-model" in wire.url or json.loads(wire.body)["model"] == "some-model"
    assert all(name == name.lower() for name in wire.headers)
    assert wire.headers["content-type"] == "application/json"
    assert "sk-secret" not in wire.url
    assert any("sk-secret" in value for value in wire.headers.values())
    listed = provider.list_models(deployment(provider))
    assert (listed.method, listed.body) == ("GET", b"")
    assert "sk-secret" not in listed.url


@each_wire_provider
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"error":{"message":"No."}}', b"\xff", b"[" * 9999])
def test_a_refusal_says_what_happened_and_where(provider: WireProvider, status: int, body: bytes) -> None:
    error = provider.refusal(status, {"retry-after": "7"}, body, deployment(provider))
    assert error.message.startswith(f"{provider.name} answered {status}: ")
    assert "sk-secret" not in error.message
    assert error.status == (status if status >= 400 else 502)
    assert error.retry_after == 7
    assert error.retryable == (status in errors.RETRYABLE_STATUSES)
    assert error.elsewhere == (status not in errors.REQUEST_AT_FAULT)
    if status in (401, 403):
        assert "SOME_KEY" in error.message


each_form = pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])


RELAYING = {name: cast(Relaying, provider) for name, provider in ON_WIRES.items() if hasattr(provider, "relay")}
each_relaying_provider = pytest.mark.parametrize("provider", RELAYING.values(), ids=RELAYING)


def decoded(provider: WireProvider, stream: bool, cuts: set[int] | None = None) -> list[StreamEvent]:
    data = REPLIES[provider.wire].reply(stream)
    return read(provider.decoder(asking(stream=stream, stream_usage=True)), data, cuts or ())


def relayed(provider: Relaying, stream: bool, cuts: set[int] | None = None) -> list[StreamEvent]:
    data = REPLIES[provider.wire].reply(stream)
    return read(provider.relay(asking(stream=stream, stream_usage=True)), data, cuts or ())


def readers(provider: WireProvider) -> list[Callable[[ChatRequest], Decoder]]:
    return [provider.decoder, *([RELAYING[provider.name].relay] if provider.name in RELAYING else ())]


@each_wire_provider
def test_a_wire_that_a_dialect_speaks_is_relayed(provider: WireProvider) -> None:
    assert provider.name in RELAYING or provider.wire not in ENDPOINTS


@each_wire_provider
@each_form
def test_a_reply_is_read_whole_and_streamed_alike(provider: WireProvider, stream: bool) -> None:
    answer = fold(decoded(provider, stream))
    (choice,) = answer.choices
    assert "".join(part.text for part in choice.parts if isinstance(part, Text)) == "Hellö"
    assert choice.finish is not None
    assert choice.finish.reason == "stop"
    assert choice.finish.native_reason
    assert answer.usage == Usage(input=7, output=3)
    assert answer.model == REPLIES[provider.wire].model


@each_wire_provider
@each_form
def test_events_keep_to_their_order(provider: WireProvider, stream: bool) -> None:
    """``Start`` first and once, every part begun before it goes on and ended before the finish."""
    kinds = [type(event).__name__ for event in decoded(provider, stream)]
    assert kinds.index("Start") == 0
    assert kinds.count("Start") == kinds.count("Finish") == 1
    assert kinds.count("PartStart") == kinds.count("PartEnd") == 1
    within = [kind for kind in kinds if kind in ("PartStart", "Delta", "PartEnd", "Finish")]
    assert (within[0], within[-2:]) == ("PartStart", ["PartEnd", "Finish"])


@each_wire_provider
@each_form
@given(cuts=st.sets(st.integers(0, 1500), max_size=10))
def test_any_split_gives_the_same(provider: WireProvider, stream: bool, cuts: set[int]) -> None:
    assert decoded(provider, stream, cuts) == decoded(provider, stream)


@each_relaying_provider
@each_form
@given(cuts=st.sets(st.integers(0, 1500), max_size=10))
def test_any_split_relays_the_same(provider: Relaying, stream: bool, cuts: set[int]) -> None:
    assert b"".join(passed(relayed(provider, stream, cuts))) == b"".join(passed(relayed(provider, stream)))
    assert facts(relayed(provider, stream, cuts)) == facts(relayed(provider, stream))


@each_relaying_provider
@each_form
def test_relay_and_decoder_tell_the_same_facts(provider: Relaying, stream: bool) -> None:
    events = relayed(provider, stream)
    assert last_usage(events) == last_usage(decoded(provider, stream)) == Usage(input=7, output=3)
    assert [e for e in events if isinstance(e, Finish)] == [
        e for e in decoded(provider, stream) if isinstance(e, Finish)
    ]
    assert not [event for event in events if not isinstance(event, Relayed | Finish | UsageSoFar)]
    assert fold(read(provider.decoder(asking(stream=stream)), b"".join(passed(events)))) == fold(
        decoded(provider, stream)
    )


@each_relaying_provider
def test_only_what_is_said_counts_as_content(provider: Relaying) -> None:
    """The time to the first token hangs on it."""
    with_content = [
        data
        for event in relayed(provider, True)
        if isinstance(event, Relayed) and event.content
        for data in [event.data]
    ]
    assert b"Hel" in with_content[0]
    assert not any(b'"role":"assistant","content":""' in data for data in with_content)


@each_wire_provider
@each_form
def test_a_reply_that_was_cut_is_never_finished(provider: WireProvider, stream: bool) -> None:
    """Wherever it was cut before its finish, there is none, or an error."""
    sample = REPLIES[provider.wire]
    whole = sample.reply(stream)
    end = whole.index(sample.finish)
    for make in readers(provider):
        for at in range(0, end, 11):
            try:
                events = read(make(asking(stream=stream)), whole[:at])
            except UpstreamError:
                continue
            assert not [event for event in events if isinstance(event, Finish)]


@each_wire_provider
@each_form
@pytest.mark.parametrize(
    "noise",
    [b"\xff\xfe", b"<html></html>", b"{]", b"[" * 100_000, b'{"a": "\\ud800"}'],
    ids=["bytes", "html", "json", "deep", "surrogate"],
)
def test_what_is_not_of_the_wire_is_a_broken_upstream_and_nothing_else(
    provider: WireProvider, stream: bool, noise: bytes
) -> None:
    for make in readers(provider):
        for body in (noise, b"data: " + noise + b"\n\n", noise + b"\n"):
            try:
                events = read(make(asking(stream=stream)), body)
            except UpstreamError:
                continue
            assert not [event for event in events if isinstance(event, Finish | Failure | UsageSoFar)]


def passed(events: list[StreamEvent]) -> list[bytes]:
    return [event.data for event in events if isinstance(event, Relayed)]


def facts(events: list[StreamEvent]) -> list[StreamEvent]:
    return [event for event in events if not isinstance(event, Relayed)]


def last_usage(events: list[StreamEvent]) -> Usage | None:
    return next((event.usage for event in reversed(events) if isinstance(event, UsageSoFar)), None)
