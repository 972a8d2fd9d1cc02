"""The provider's place in the registry, its errors, and its list of models."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.support.anthropic_wire import PROVIDER, deployment
from turnout.core import Defaults, Deployment, Secret
from turnout.errors import UpstreamRateLimited, UpstreamRefused, UpstreamUnauthenticated
from turnout.providers import WireProvider, registry


def refusal(
    status: int, message: str = "No.", kind: str = "api_error", to: Deployment | None = None, **headers: str
) -> UpstreamRefused:
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_9"}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PROVIDER.refusal(status, named, body, to or deployment())


def test_is_found_by_its_name() -> None:
    assert registry()["anthropic"] is registry()["claude"] is PROVIDER
    assert isinstance(PROVIDER, WireProvider)


def test_the_seeds_defaults() -> None:
    profile = PROVIDER.profile
    assert (profile.defaults, profile.first_token) == (Defaults(max_tokens=1024, temperature=1.0), 60)
    assert (profile.base_url, profile.key_variables, profile.key_prefix) == (
        "https://api.anthropic.com",
        ("ANTHROPIC_API_KEY",),
        "sk-ant-",
    )


def test_a_wrong_key_names_the_variable_that_should_hold_it() -> None:
    error = refusal(401, "invalid x-api-key", "authentication_error")
    assert isinstance(error, UpstreamUnauthenticated)
    assert "invalid x-api-key" in error.message
    assert "ANTHROPIC_API_KEY" in error.message
    assert error.native_code == "authentication_error"


def test_a_key_of_another_provider_is_recognised_and_not_told() -> None:
    error = refusal(401, to=deployment(api_key=Secret("sk-proj-secret")))
    assert "does not begin with 'sk-ant-'" in error.message
    assert "secret" not in error.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("0.5", 0.5, id="fraction"),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(value: str, seconds: float) -> None:
    error = refusal(429, "Slow down", "rate_limit_error", retry_after=value)
    assert isinstance(error, UpstreamRateLimited)
    assert error.retry_after == seconds
    assert error.retryable


def test_a_rate_limit_may_name_the_date_to_wait_for() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    error = refusal(429, "Slow down", "rate_limit_error", retry_after=date)
    assert error.retry_after == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    ("status", "retryable", "elsewhere"),
    [
        pytest.param(400, False, False, id="request-at-fault"),
        pytest.param(404, False, True, id="no-such-model"),
        pytest.param(500, True, True, id="server-error"),
        pytest.param(529, True, True, id="overloaded"),
    ],
)
def test_what_other_statuses_mean(status: int, retryable: bool, elsewhere: bool) -> None:
    error = refusal(status)
    assert (error.status, error.retryable, error.elsewhere) == (status, retryable, elsewhere)


def test_the_providers_code_is_the_most_exact_one_it_gives() -> None:
    error = {"type": "rate_limit_error", "message": "x", "details": {"error_code": "ramp_limit_exceeded"}}
    refused = PROVIDER.refusal(429, {}, json.dumps({"type": "error", "error": error}).encode(), deployment())
    assert refused.native_code == "ramp_limit_exceeded"


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"\xff", b"[]"], ids=["empty", "html", "bytes", "[]"]
)
def test_an_error_of_another_form_does_no_harm(body: bytes) -> None:
    error = PROVIDER.refusal(502, {}, body, deployment())
    assert error.status == 502
    assert error.message.startswith("anthropic answered 502: ")


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("http://h:1", "http://h:1/v1/models"),
        ("http://h:1/", "http://h:1/v1/models"),
        ("http://h:1/v1", "http://h:1/v1/models"),
        ("http://h:1/v1/", "http://h:1/v1/models"),
        ("http://h:1/x", "http://h:1/x/v1/models"),
        ("http://h:1/x/v1", "http://h:1/x/v1/models"),
    ],
)
def test_an_address_may_be_written_with_v1_or_without(base_url: str, address: str) -> None:
    assert PROVIDER.list_models(deployment(base_url=base_url)).url.partition("?")[0] == address


def test_the_list_of_models() -> None:
    wire = PROVIDER.list_models(deployment(base_url="http://h:1"))
    assert (wire.method, wire.url, wire.body) == ("GET", "http://h:1/v1/models?limit=1000", b"")
    assert wire.headers["x-api-key"] == "sk-ant-test"
    assert PROVIDER.read_models(b'{"data":[{"id":"a","type":"model"},{"id":"b"}],"has_more":false}') == ["a", "b"]
