"""Each kind of case of the contract fails for a provider, dialect or policy that breaks it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec import structs

from tests.providers.test_shipped_contract import sample
from turnout import dialects, providers, routing
from turnout.contract_tests import Case, ChatSample, dialect_cases, policy_cases, provider_cases
from turnout.core import ChatRequest, Delta, Deployment, Finish, PartEnd, PartStart, Relayed, Start, StreamEvent, Text
from turnout.dialects import Target
from turnout.errors import Unsupported, UpstreamRefused
from turnout.providers import Decoder, Profile, WireProvider

OPENAI: Any = providers.registry()["openai"]
SAMPLE = sample("openai-chat")


def failing(cases: Sequence[Case]) -> dict[str, str]:
    """The names of the failing cases, each with its message."""
    messages = {}
    for case in cases:
        try:
            case()
        except AssertionError as error:
            messages[case.name] = str(error)
    return messages


class Wrapped:
    """OpenAI's provider. Each subclass breaks a part of it."""

    name = "openai"
    profile = OPENAI.profile
    support = OPENAI.support
    wire = "openai-chat"

    operation = OPENAI.operation
    list_models = OPENAI.list_models
    read_models = OPENAI.read_models

    def build(self, request: ChatRequest, deployment: Deployment) -> Any:
        return OPENAI.build(request, deployment)

    def decoder(self, request: ChatRequest) -> Decoder:
        decoder: Decoder = OPENAI.decoder(request)
        return decoder

    def relay(self, request: ChatRequest) -> Decoder:
        relay: Decoder = OPENAI.relay(request)
        return relay

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        refusal: UpstreamRefused = OPENAI.refusal(status, headers, body, deployment)
        return refusal


def test_no_case_fails_for_a_correct_provider() -> None:
    assert isinstance(Wrapped(), WireProvider)
    assert failing(provider_cases(Wrapped(), SAMPLE)) == {}


class LoudName(Wrapped):
    name = "OpenAI"


class NoTitle(Wrapped):
    profile = Profile(title="", base_url="")


class ForgetsSeed(Wrapped):
    def build(self, request: ChatRequest, deployment: Deployment) -> Any:
        sampling = structs.replace(request.sampling, seed=None)
        return OPENAI.build(structs.replace(request, sampling=sampling), deployment)


class ForgetsTools(Wrapped):
    def build(self, request: ChatRequest, deployment: Deployment) -> Any:
        return OPENAI.build(structs.replace(request, tools=()), deployment)


class KeyInAddress(Wrapped):
    def build(self, request: ChatRequest, deployment: Deployment) -> Any:
        wire = OPENAI.build(request, deployment)
        return structs.replace(wire, url=f"{wire.url}?key=sk-secret")


class LosesPartialLines(Wrapped):
    """Loses a line that comes in two pieces."""

    def decoder(self, request: ChatRequest) -> Decoder:
        inner: Decoder = OPENAI.decoder(request)

        class Pieces:
            def feed(self, data: bytes) -> list[StreamEvent]:
                return inner.feed(data) if data.endswith((b"\n", b"}")) else []

            def close(self) -> list[StreamEvent]:
                return inner.close()

        return Pieces()


class InventsFinish(Wrapped):
    """Gives a finish for any bytes."""

    def decoder(self, request: ChatRequest) -> Decoder:
        class FixedAnswer:
            def feed(self, data: bytes) -> list[StreamEvent]:
                return []

            def close(self) -> list[StreamEvent]:
                return [Start(), PartStart(0, Text("")), PartEnd(0), Finish("stop", "stop")]

        return FixedAnswer()


class RelaysNothing(Wrapped):
    """Relays no bytes."""

    def relay(self, request: ChatRequest) -> Decoder:
        inner = OPENAI.relay(request)

        class Silent:
            def feed(self, data: bytes) -> list[StreamEvent]:
                return [event for event in inner.feed(data) if not isinstance(event, Relayed)]

            def close(self) -> list[StreamEvent]:
                return [event for event in inner.close() if not isinstance(event, Relayed)]

        return Silent()


class SameRefusal(Wrapped):
    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        return UpstreamRefused(500, f"{deployment.provider} answered {status}: no, sk-secret")


BROKEN: list[tuple[WireProvider, str, str]] = [
    (LoudName(), "names are in lower case", "'OpenAI' can't be the name of a provider"),
    (NoTitle(), "the profile is valid", "no title"),
    (ForgetsSeed(), "seed: sent, left out or refused, as declared", "seed isn't sent"),
    (ForgetsTools(), "tools: sent if supported, otherwise refused", "nothing of tools is sent"),
    (KeyInAddress(), "a request is plain data for the transport, unary", "the key is in the address"),
    (LosesPartialLines(), "any split gives the same, streamed", "the events of pieces"),
    (InventsFinish(), "a reply is read, unary", "the text is ''"),
    (InventsFinish(), "an incomplete reply has no finish, streamed", "before its bytes"),
    (InventsFinish(), "bytes that aren't of the wire are a broken upstream, unary", "gives [Finish"),
    (RelaysNothing(), "relay and decoder give the same facts, streamed", "the answer in the relayed bytes"),
    (RelaysNothing(), "only frames with text count as content", "has none of the text"),
    (SameRefusal(), "a refusal 404 says what happened and where", "the key is in the error's message"),
]


@pytest.mark.parametrize(("provider", "name", "message"), BROKEN, ids=lambda value: type(value).__name__)
def test_a_case_fails_for_a_provider_that_breaks_it(provider: WireProvider, name: str, message: str) -> None:
    (case,) = [case for case in provider_cases(provider, SAMPLE) if case.name == name]
    with pytest.raises((AssertionError, Unsupported)) as caught:
        case()
    assert message in str(caught.value)


def test_a_provider_without_a_relay_has_no_cases_for_one() -> None:
    class NoRelay(Wrapped):
        relay = None  # type: ignore[assignment]  # takes away what the class above has

    names = [case.name for case in provider_cases(NoRelay(), SAMPLE)]
    assert not [name for name in names if "relay" in name]
    assert failing(provider_cases(NoRelay(), SAMPLE)) == {}


def test_a_case_fails_for_a_local_provider_that_breaks_the_order() -> None:
    class Late:
        name = "late"
        profile = Profile(title="Late", base_url="")
        support = providers.registry()["echo"].support

        async def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
            yield [PartStart(0, Text("")), Start(), Delta(0, "x"), PartEnd(0), Finish("stop", "stop")]

    failures = failing(provider_cases(Late()))
    assert "not one Start at the beginning" in failures["events are in order"]
    assert failures.keys() == {"events are in order"}


def test_a_case_fails_for_a_policy_that_leaves_a_deployment_out() -> None:
    order = routing.registry()["order"]
    failures = failing(policy_cases("first", lambda *looked_at: order(*looked_at)[:2]))
    assert [name[:30] for name in failures] == ["first: each of 3 deployments i", "first: each of 4 deployments i"]


class Dialect:
    """A dialect that breaks several cases."""

    name = "openai"
    key_headers = ("X-Key",)
    key_query = None
    endpoints = dialects.registry()["anthropic"].endpoints

    def error(self, error: Exception, request_id: str) -> bytes:
        return b'{"error": "no"}'

    def models(self, models: Any) -> bytes:
        return b"{}"

    def model(self, model: Any) -> bytes:
        return b"{}"


def test_cases_fail_for_a_dialect_that_breaks_them() -> None:
    body = b'{"model": "fast", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}], "stream": true}'
    failures = failing(dialect_cases(Dialect(), {"anthropic-messages": ChatSample(body=body, target=Target())}))
    assert (
        "the name of a header for the key is 'X-Key'" in failures["paths begin with a slash, headers are in lower case"]
    )
    assert "its message is missing" in failures["Overloaded 'Why.' is reported"]
    assert "a model isn't in the list" in failures["lists of models name them"]
    assert "the text isn't sent" in failures["anthropic-messages: a chat reaches openai"]


def test_no_test_framework_is_needed() -> None:
    source = (
        "import sys, turnout.contract_tests; print([name for name in ('pytest', 'hypothesis') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"
