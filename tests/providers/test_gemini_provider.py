"""Gemini's error statuses, and its list of models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from turnout.core import Deployment, Secret
from turnout.errors import UpstreamRateLimited, UpstreamRefused, UpstreamUnauthenticated
from turnout.providers import WireProvider
from turnout.providers.gemini.provider import Gemini

GEMINI = Gemini()
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "PerDay"}]}


def refusal(status: int, body: bytes, headers: dict[str, str] | None = None, **fields: Any) -> UpstreamRefused:
    usual: dict[str, Any] = {"id": "d", "provider": "gemini", "model": "gemini-x", "api_key": Secret("AIza-secret")}
    return GEMINI.refusal(status, headers or {}, body, Deployment(**usual | fields))


def error(code: int, status: str, *details: object, message: str = "Said so.") -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "status": status, "details": details}}).encode()


def test_it_keeps_the_contract() -> None:
    assert isinstance(GEMINI, WireProvider)


@pytest.mark.parametrize(
    ("status", "body", "kind", "sent_on"),
    [
        (400, error(400, "INVALID_ARGUMENT"), UpstreamRefused, 400),
        (400, error(400, "INVALID_ARGUMENT", BAD_KEY), UpstreamUnauthenticated, 401),
        (403, error(403, "PERMISSION_DENIED"), UpstreamUnauthenticated, 403),
        (404, error(404, "NOT_FOUND"), UpstreamRefused, 404),
        (429, error(429, "RESOURCE_EXHAUSTED", QUOTA, RETRY_INFO), UpstreamRateLimited, 429),
        (503, error(503, "UNAVAILABLE"), UpstreamRefused, 503),
    ],
    ids=["bad_request", "bad_key_comes_as_400", "forbidden", "no_such_model", "quota", "overloaded"],
)
def test_statuses(status: int, body: bytes, kind: type[UpstreamRefused], sent_on: int) -> None:
    refused = refusal(status, body)
    assert type(refused) is kind
    assert (refused.status, refused.native_code) == (sent_on, json.loads(body)["error"]["status"])
    assert "Said so." in refused.message


def test_a_bad_key_is_no_fault_of_the_request() -> None:
    assert refusal(400, error(400, "INVALID_ARGUMENT", BAD_KEY)).elsewhere


@pytest.mark.parametrize(
    ("headers", "details", "wait"),
    [
        ({}, [QUOTA, RETRY_INFO], 34.4),
        ({"retry-after": "7"}, [RETRY_INFO], 7.0),
        ({}, [{"retryDelay": "soon"}], None),
        ({}, [], None),
    ],
    ids=["in_the_body", "header_first", "unreadable", "none"],
)
def test_how_long_to_wait(headers: dict[str, str], details: list[object], wait: float | None) -> None:
    assert refusal(429, error(429, "RESOURCE_EXHAUSTED", *details), headers).retry_after == wait


def test_the_message_says_which_variable_holds_the_key_and_never_the_key() -> None:
    message = refusal(403, error(403, "PERMISSION_DENIED"), key_source="GEMINI_API_KEY").message
    assert "GEMINI_API_KEY" in message
    assert "secret" not in message


def test_a_model_that_is_not_there_is_named() -> None:
    assert "'gemini-x'" in refusal(404, error(404, "NOT_FOUND")).message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" + error(400, "INVALID_ARGUMENT") + b"]", "Said so."),
        (b"<html>Bad gateway</html>", ": Bad gateway"),
        (b'{"error":"text"}', ": text"),
        (b"", "(no message)"),
        (b"[]", "(no message)"),
    ],
    ids=["array", "page", "error_of_another_form", "empty", "empty_array"],
)
def test_an_error_body_of_any_form_is_shown(body: bytes, words: str) -> None:
    assert words in refusal(500, body).message


def test_models_that_answer_are_listed_without_their_folder() -> None:
    body = {
        "models": [
            {"name": "models/gemini-3-pro", "supportedGenerationMethods": ["generateContent", "countTokens"]},
            {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]},
            {"name": "models/veo-3", "supportedGenerationMethods": ["predictLongRunning"]},
            {"name": "models/unknown"},
        ],
        "nextPageToken": "x",
    }
    assert GEMINI.read_models(json.dumps(body).encode()) == ["gemini-3-pro", "gemini-embedding-001", "unknown"]


def test_the_list_is_asked_for_in_one_page() -> None:
    wired = GEMINI.list_models(Deployment(id="d", provider="gemini", model="", api_key=Secret("k")))
    assert (wired.method, wired.body) == ("GET", b"")
    assert wired.url == "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000"
    assert wired.headers["x-goog-api-key"] == "k"


@pytest.mark.parametrize("base_url", ["http://h.example:9", "http://h.example:9/v1beta", "http://h.example:9/v1beta/"])
def test_the_address_is_taken_with_and_without_its_version(base_url: str) -> None:
    listing = GEMINI.list_models(Deployment(id="d", provider="gemini", model="", base_url=base_url))
    assert listing.url.startswith("http://h.example:9/v1beta/models")
