"""Vendors on OpenAI's wire as the rest of the house sees them: addresses, keys, errors, lists of models."""

from __future__ import annotations

import json

import pytest

from tests.support.openai_wire import ENDPOINT, PROVIDER, VENDORS, deployment, request_body
from turnout.core import Defaults, Secret
from turnout.errors import UpstreamRateLimited, UpstreamUnauthenticated

AZURE = VENDORS["azure"]
REQUEST = ENDPOINT.parse(request_body())


@pytest.mark.parametrize(
    ("base_url", "chat"),
    [
        pytest.param("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions", id="with-version"),
        pytest.param("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions", id="trailing-slash"),
        pytest.param("http://localhost:8000", "http://localhost:8000/v1/chat/completions", id="host-and-port"),
        pytest.param("http://localhost:8000/", "http://localhost:8000/v1/chat/completions", id="host-and-slash"),
        pytest.param("http://[::1]:8000", "http://[::1]:8000/v1/chat/completions", id="ipv6"),
        pytest.param("https://x.test/api/openai", "https://x.test/api/openai/chat/completions", id="another-path"),
    ],
)
def test_the_address_is_taken_as_it_is_written(base_url: str, chat: str) -> None:
    place = deployment(base_url=base_url)
    assert PROVIDER.build(REQUEST, place).url == chat
    assert PROVIDER.list_models(place).url == chat.replace("chat/completions", "models")


@pytest.mark.parametrize("base", ["", "/", "/openai", "/openai/", "/openai/v1", "/openai/v1/"])
@pytest.mark.parametrize(
    ("version", "path", "models"),
    [
        pytest.param(None, "v1/chat/completions", "v1/models", id="none"),
        pytest.param("v1", "v1/chat/completions", "v1/models", id="v1"),
        pytest.param(
            "preview",
            "v1/chat/completions?api-version=preview",
            "v1/models?api-version=preview",
            id="preview",
        ),
        pytest.param(
            "2024-10-21",
            "deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21",
            "models?api-version=2024-10-21",
            id="dated",
        ),
        pytest.param(
            "2025-04-01-preview",
            "deployments/my%20gpt%2F4/chat/completions?api-version=2025-04-01-preview",
            "models?api-version=2025-04-01-preview",
            id="dated-preview",
        ),
    ],
)
def test_azures_addresses(base: str, version: str | None, path: str, models: str) -> None:
    place = deployment(base_url=f"https://r.openai.azure.com{base}", api_version=version, model="my gpt/4")
    assert AZURE.build(REQUEST, place).url == f"https://r.openai.azure.com/openai/{path}"
    assert AZURE.list_models(place).url == f"https://r.openai.azure.com/openai/{models}"


def test_the_key_goes_where_the_vendor_looks_for_it() -> None:
    assert PROVIDER.build(REQUEST, deployment()).headers == {
        "content-type": "application/json",
        "authorization": "Bearer sk-test",
    }
    assert AZURE.build(REQUEST, deployment()).headers == {"content-type": "application/json", "api-key": "sk-test"}
    assert PROVIDER.build(REQUEST, deployment(api_key=None)).headers == {"content-type": "application/json"}
    assert PROVIDER.build(REQUEST, deployment(api_key=Secret(""))).headers == {"content-type": "application/json"}


def test_headers_of_the_deployment_go_along() -> None:
    headers = PROVIDER.build(REQUEST, deployment(headers={"openai-organization": "org"})).headers
    assert headers["openai-organization"] == "org"
    assert headers["authorization"] == "Bearer sk-test"


def test_a_chat_is_posted_and_a_list_is_got() -> None:
    assert PROVIDER.build(REQUEST, deployment()).method == "POST"
    listed = PROVIDER.list_models(deployment())
    assert (listed.method, listed.body) == ("GET", b"")


@pytest.mark.parametrize(
    ("name", "defaults", "first_token"),
    [
        ("openai", Defaults(max_tokens=256, temperature=0.7), 30),
        ("azure", Defaults(max_tokens=256, temperature=0.7), 30),
        ("vllm", Defaults(max_tokens=512, temperature=0.7, top_p=0.95), 60),
        ("llamacpp", Defaults(max_tokens=256, temperature=0.8), 30),
        ("compatible", Defaults(), 30),
    ],
)
def test_defaults(name: str, defaults: Defaults, first_token: float) -> None:
    assert (VENDORS[name].profile.defaults, VENDORS[name].profile.first_token) == (defaults, first_token)


@pytest.mark.parametrize(
    ("body", "words", "code"),
    [
        pytest.param(
            {"error": {"message": "Bad 'n'.", "type": "invalid_request_error", "param": "n", "code": "bad_n"}},
            "Bad 'n'.",
            "bad_n",
            id="openai",
        ),
        pytest.param(
            {"error": {"message": "Bad.", "type": "invalid_request_error", "code": None}},
            "Bad.",
            "invalid_request_error",
            id="openai-without-code",
        ),
        pytest.param({"error": {"code": 400, "message": "Bad.", "type": "x"}}, "Bad.", "400", id="llamacpp"),
        pytest.param(
            {"object": "error", "message": "Bad.", "type": "BadRequestError", "code": 400}, "Bad.", "400", id="old-vllm"
        ),
        pytest.param({"error": "Bad."}, "Bad.", None, id="a-string"),
        pytest.param({"detail": "Not Found"}, "Not Found", None, id="fastapi"),
        pytest.param(
            {"detail": [{"loc": ["body", "n"], "msg": "field required"}, {"loc": ["m"]}]},
            'body.n: field required; {"loc":["m"]}',
            None,
            id="fastapi-validation",
        ),
        pytest.param({"error": {}}, "(no message)", None, id="empty-error"),
        pytest.param({}, "(no message)", None, id="empty"),
        pytest.param([{"error": {"message": "Bad."}}], "Bad.", None, id="gemini"),
        pytest.param({"error": {"message": {"a": 1}}}, '{"a":1}', None, id="odd-form"),
        pytest.param({"error": {"message": ["Bad.", "Worse."]}}, "Bad.; Worse.", None, id="a-list"),
        pytest.param({"error": {"message": "Bad.", "code": {"a": 1}}}, "Bad.", None, id="a-code-that-is-none"),
        pytest.param({"errors": [{"message": "Bad.", "code": 7}], "success": False}, "Bad.", "7", id="cloudflare"),
        pytest.param({"base_resp": {"status_code": 7, "status_msg": "Bad."}}, "Bad.", "7", id="minimax"),
        pytest.param({"error": {"error": {"message": "Bad."}}}, "Bad.", None, id="wrapped"),
    ],
)
def test_a_refusal_tells_the_providers_own_words(body: object, words: str, code: str | None) -> None:
    error = PROVIDER.refusal(400, {}, json.dumps(body).encode(), deployment())
    assert error.message == f"openai answered 400: {words}"
    assert error.native_code == code
    assert (error.status, error.retryable, error.elsewhere) == (400, False, False)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"<html><head><title>502</title></head>Bad <b>gateway</b></html>", "502 Bad gateway", id="html"),
        pytest.param(b"", "(no message)", id="nothing"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="bytes"),
        pytest.param(b'{"error": {"message": "\xff"}}', "\ufffd", id="bad-utf8"),
        pytest.param(b"[" * 5000, "[" * 500, id="deep-nesting"),
        pytest.param(b"x" * 5000, "x" * 500, id="long"),
    ],
)
def test_a_refusal_of_another_form_does_no_harm(body: bytes, words: str) -> None:
    assert PROVIDER.refusal(502, {}, body, deployment()).message == f"openai answered 502: {words}"


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_names_the_variable_that_should_hold_it(status: int) -> None:
    error = PROVIDER.refusal(status, {}, b'{"error": {"message": "Incorrect API key."}}', deployment())
    assert isinstance(error, UpstreamUnauthenticated)
    assert error.message == f"openai answered {status}: Incorrect API key. Check the key in OPENAI_API_KEY."
    assert (error.retryable, error.elsewhere) == (False, True)


def test_a_key_of_another_form_is_noticed_and_not_told() -> None:
    error = PROVIDER.refusal(401, {}, b"", deployment(api_key=Secret("hf_secret")))
    assert "does not begin with 'sk-'" in error.message
    assert "secret" not in error.message


def test_a_missing_key_says_where_to_put_it() -> None:
    error = PROVIDER.refusal(401, {}, b"", deployment(api_key=None, key_source=None))
    assert "No key is set: put it into 'api_key' of the deployment 'd'." in error.message


def test_a_rate_limit_says_how_long_to_wait() -> None:
    error = PROVIDER.refusal(429, {"retry-after": "7"}, b"", deployment())
    assert isinstance(error, UpstreamRateLimited)
    assert (error.retry_after, error.retryable, error.elsewhere) == (7, True, True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_explained(status: int) -> None:
    error = PROVIDER.refusal(status, {"location": "https://elsewhere.test"}, b"", deployment())
    assert error.message.startswith(f"openai answered {status}: ")
    assert "not followed" in error.message
    assert "address" in error.message
    assert (error.status, error.retryable, error.elsewhere) == (502, False, True)


def test_an_unknown_model_says_what_to_check() -> None:
    error = PROVIDER.refusal(404, {}, b'{"error": {"message": "No such model."}}', deployment())
    assert "'gpt-4o-mini'" in error.message
    assert (error.retryable, error.elsewhere) == (False, True)


def test_the_list_of_models() -> None:
    body = b'{"object":"list","data":[{"id":"a","object":"model","owned_by":"x"},{"id":"b"}]}'
    assert PROVIDER.read_models(body) == ["a", "b"]
