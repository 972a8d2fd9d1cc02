"""How each dialect tells an upstream's error: as it came on its own wire, else in its own words, which clients know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from turnout.core import ChatRequest, Relayed
from turnout.dialects import ReplyContext, endpoint_at, registry
from turnout.errors import (
    AllDeploymentsFailed,
    ContextTooLong,
    ErrorKind,
    ProviderWords,
    TurnoutError,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamUnauthenticated,
)

FILTERED = {
    "message": "The response was filtered.",
    "type": None,
    "param": "messages[3].content",
    "code": "content_filter",
    "status": 400,
    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"jailbreak": {"filtered": True}}},
}
OWN: dict[str, dict[str, Any]] = {
    "openai": FILTERED,
    "anthropic": {"type": "rate_limit_error", "message": "Wait.", "details": {"error_code": "ramp_limit_exceeded"}},
    "gemini": {
        "code": 429,
        "message": "Wait.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}],
    },
}


def refused(
    *, kind: ErrorKind = "", form: str = "", error: Any = None, same_wire: bool = True, status: int = 400, **words: Any
) -> UpstreamRefused:
    """As the engine gives it to a dialect. The provider said ``error``, else "Why."."""
    text = json.dumps(error) if error is not None else ""
    said = (error or {}).get("message", "Why.")
    told = ProviderWords(message=said, kind=kind, form=form, error=text, **words)
    refusal = UpstreamRefused(status, f"them answered {status}: {said}", words=told)
    refusal.same_wire, refusal.deployment, refusal.advice = same_wire, "them/m", "Check it."
    return refusal


def told(dialect: str, error: TurnoutError) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(registry()[dialect].error(error, "req_1"))
    return body


# --- its own wire --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", OWN)
def test_an_error_object_passes_as_it_came(dialect: str) -> None:
    body = told(dialect, refused(form=dialect, error=OWN[dialect]))
    fields = dict(body["error"])
    if dialect == "gemini":
        info, request = fields["details"][-2:]
        fields["details"] = fields["details"][:-2]
        assert (info["domain"], info["metadata"]["deployment"], request["requestId"]) == ("turnout", "them/m", "req_1")
    assert {name: fields[name] for name in OWN[dialect]} == OWN[dialect]
    assert '"req_1"' in json.dumps(body)
    assert '"deployment": "them/m"' in json.dumps(body)
    assert "Check it." in json.dumps(body)


def test_ollamas_words_pass_with_advice() -> None:
    body = told("ollama", refused(form="ollama"))
    assert (body["error"], body["turnout"]["deployment"]) == ("Why. Check it.", "them/m")


def test_llama_cpps_object_passes_to_its_own_clients() -> None:
    error = {"code": 400, "message": "x", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8}
    fields = told("llamacpp", refused(form="openai", error=error))["error"]
    assert {name: fields[name] for name in error} == error


@pytest.mark.parametrize("code", [None, 400], ids=["null", "a-status"])
def test_a_code_that_says_nothing_gives_way_to_openais(code: Any) -> None:
    """vLLM and llama.cpp say the status only; clients look for the code."""
    error = {"message": "maximum context length is 8 tokens", "type": "BadRequestError", "param": None, "code": code}
    fields = told("openai", refused(kind="context", form="openai", error=error))["error"]
    assert (fields["code"], fields["type"]) == ("context_length_exceeded", "BadRequestError")


def test_a_code_of_the_providers_stays() -> None:
    error = {"message": "Why.", "code": "json_validate_failed", "failed_generation": "{"}
    fields = told("openai", refused(form="openai", error=error))["error"]
    assert (fields["code"], fields["failed_generation"]) == ("json_validate_failed", "{")


def test_a_field_of_another_wire_is_not_named() -> None:
    """A client of Responses would look for the provider's messages[3] in vain."""
    assert told("openai", refused(form="openai", error=FILTERED, same_wire=False))["error"]["param"] is None


def test_anthropics_words_are_added_where_another_server_of_its_wire_says_its_own() -> None:
    error = {"type": "invalid_request_error", "message": "Input is too long for requested model."}
    fields = told("anthropic", refused(kind="context", form="anthropic", error=error, limit=8))["error"]
    assert fields["message"] == "prompt is too long. Input is too long for requested model."


@pytest.mark.parametrize(
    "message", ["Prompt is too long", "input length and `max_tokens` exceed context limit: 5 + 4 > 8, decrease"]
)
def test_words_that_claude_code_knows_stay_as_they_are(message: str) -> None:
    error = {"type": "invalid_request_error", "message": message}
    assert told("anthropic", refused(kind="context", form="anthropic", error=error))["error"]["message"] == message


# --- translated ----------------------------------------------------------------------------------------

MEANINGS: dict[ErrorKind, tuple[str, str, str]] = {
    "context": ("context_length_exceeded", "invalid_request_error", "INVALID_ARGUMENT"),
    "quota": ("insufficient_quota", "billing_error", "RESOURCE_EXHAUSTED"),
    "rate_limit": ("rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"),
    "overloaded": ("server_is_overloaded", "overloaded_error", "UNAVAILABLE"),
    "content_filter": ("content_filter", "invalid_request_error", "INVALID_ARGUMENT"),
    "model_not_found": ("model_not_found", "not_found_error", "NOT_FOUND"),
    "authentication": ("upstream_refused", "invalid_request_error", "INVALID_ARGUMENT"),
    "": ("upstream_refused", "invalid_request_error", "INVALID_ARGUMENT"),
}


@pytest.mark.parametrize(("kind", "words"), MEANINGS.items())
def test_each_dialect_has_its_words_for_what_an_error_means(kind: ErrorKind, words: tuple[str, str, str]) -> None:
    error = refused(kind=kind, form="elsewhere", error={"message": "Why.", "param": "theirs"})
    code, of_anthropic, of_google = words
    openai = told("openai", error)["error"]
    assert (openai["code"], openai["param"]) == (code, None)
    assert openai["message"].endswith(error.message)
    assert (openai["message"] == error.message) == (kind != "context")
    assert openai.get("turnout", {"code": code})["code"] == "upstream_refused"
    assert told("anthropic", error)["error"]["type"] == of_anthropic
    gemini = told("gemini", error)["error"]
    assert (gemini["status"], gemini["details"][0]["reason"]) == (of_google, code.upper())
    assert told("ollama", error)["code"] == code
    assert told("orchestration", error)["error"]["code"] == code
    assert told("vllm", error)["reason"] == told("llamacpp", error)["error"]["reason"] == code


@pytest.mark.parametrize(
    ("tokens", "limit", "beginning"),
    [
        (9, 8, "prompt is too long: 9 tokens > 8 maximum. them answered"),
        (None, 8, "prompt is too long. them answered"),
        (None, None, "prompt is too long. them answered"),
    ],
)
def test_claude_code_is_told_that_the_prompt_is_too_long(tokens: int | None, limit: int | None, beginning: str) -> None:
    for status in (400, 413):
        fields = told("anthropic", refused(kind="context", status=status, tokens=tokens, limit=limit))["error"]
        assert fields["message"].startswith(beginning)
        assert fields["type"] == "invalid_request_error"


LONGEST = "This model's maximum context length is"
ALLOWED = "exceeds the maximum number of tokens allowed"


@pytest.mark.parametrize(
    ("dialect", "tokens", "limit", "beginning"),
    [
        ("openai", 9, 8, f"{LONGEST} 8 tokens. However, your messages resulted in 9 tokens. them answered"),
        ("openai", None, 8, f"{LONGEST} exceeded. them answered"),
        ("gemini", 9, 8, f"The input token count (9) {ALLOWED} (8). them answered"),
        ("gemini", None, None, f"The input token count {ALLOWED}. them answered"),
    ],
)
def test_clients_that_look_at_words_only_are_told_too(
    dialect: str, tokens: int | None, limit: int | None, beginning: str
) -> None:
    """aider does, by litellm."""
    error = refused(kind="context", form="elsewhere", tokens=tokens, limit=limit)
    assert told(dialect, error)["error"]["message"].startswith(beginning)


@pytest.mark.parametrize(
    ("dialect", "form", "message", "reads"),
    [
        (
            "openai",
            "openai",
            "request (9 tokens) exceeds the available context size",
            f"{LONGEST} exceeded. request (9",
        ),
        ("openai", "openai", f"{LONGEST} 8 tokens.", f"{LONGEST} 8"),
        ("openai", "openai", "Your input exceeds the context window of this model.", "Your input"),
        ("gemini", "gemini", "Too much.", f"The input token count {ALLOWED}. Too"),
        ("gemini", "gemini", f"The input token count (9) {ALLOWED} (8).", "The input token count (9)"),
    ],
)
def test_a_vendors_own_words_get_the_dialects_only_where_they_lack(
    dialect: str, form: str, message: str, reads: str
) -> None:
    error = refused(kind="context", form=form, error={"message": message, "code": 400})
    assert told(dialect, error)["error"]["message"].startswith(reads)


def test_turnouts_own_refusal_says_so_too() -> None:
    error = ContextTooLong("The request has 9 tokens.", tokens=9, limit=8)
    message = told("anthropic", error)["error"]["message"]
    assert message == "prompt is too long: 9 tokens > 8 maximum. The request has 9 tokens."
    fields = told("openai", error)["error"]
    assert (fields["code"], fields["type"]) == ("context_length_exceeded", "invalid_request_error")
    llamacpp = told("llamacpp", error)["error"]
    assert llamacpp["type"] == "exceed_context_size_error"
    assert (llamacpp["n_prompt_tokens"], llamacpp["n_ctx"]) == (9, 8)


def test_several_failures_are_told_as_one_if_they_mean_the_same() -> None:
    failures = [("a", refused(kind="context", tokens=9, limit=8)), ("b", ContextTooLong("b", tokens=9, limit=4))]
    error = AllDeploymentsFailed("fast", failures)
    assert told("anthropic", error)["error"]["message"].startswith("prompt is too long: 9 tokens > 8 maximum. All dep")
    fields = told("openai", error)["error"]
    assert (fields["code"], len(fields["failures"])) == ("context_length_exceeded", 2)


def test_a_key_of_turnouts_that_is_refused_is_not_called_the_clients() -> None:
    error = UpstreamUnauthenticated(401, "them answered 401: No.")
    assert told("openai", error)["error"]["code"] == "upstream_unauthenticated"


def test_gemini_clients_are_told_how_long_to_wait() -> None:
    details = told("gemini", UpstreamRateLimited(429, "Wait.", retry_after=34.4))["error"]["details"]
    assert [detail["retryDelay"] for detail in details if "retryDelay" in detail] == ["34.4s"]


# --- in a stream of Responses --------------------------------------------------------------------------

CREATED = {"type": "response.created", "response": {"id": "resp_theirs", "status": "in_progress", "output": []}}


def frame(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def end_of_stream(error: TurnoutError, *relayed: bytes) -> bytes:
    request = ChatRequest(model="m", messages=(), stream=True)
    context = ReplyContext(request_id="req_1", model="m", created=1)
    renderer = endpoint_at("/v1/responses").renderer(request, context)
    renderer.feed([Relayed(data) for data in relayed])
    end = renderer.fail(error)
    assert end is not None
    return end


def events_in(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in data.decode().splitlines() if line.startswith("data: ")]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UpstreamBroken("Cut."), "server_error"),
        (refused(kind="context"), "context_length_exceeded"),
        (refused(kind="quota"), "insufficient_quota"),
        (refused(form="openai", error={"code": "server_is_overloaded", "message": "Full."}), "server_is_overloaded"),
        (refused(form="openai", error={"code": "slow_down", "message": "Full."}), "slow_down"),
    ],
)
def test_a_relayed_stream_that_breaks_off_ends_in_a_failed_response(error: TurnoutError, code: str) -> None:
    """Codex waits for it, and acts by its code."""
    first, last = events_in(end_of_stream(error, frame(CREATED)))
    assert (first["type"], first["sequence_number"], last["sequence_number"]) == ("error", 1, 2)
    assert last["type"] == "response.failed"
    response = last["response"]
    assert (response["id"], response["status"], response["error"]["code"]) == ("resp_theirs", "failed", code)


@pytest.mark.parametrize("begun", [[], [b": ping\n\n"], [b'data: {"response":3}\n\n']], ids=["no", "ping", "odd"])
def test_one_whose_beginning_is_unknown_fails_under_turnouts_id(begun: list[bytes]) -> None:
    last = events_in(end_of_stream(UpstreamBroken("Cut."), *begun))[-1]
    assert (last["type"], last["response"]["id"], last["response"]["status"]) == ("response.failed", "resp_1", "failed")


def test_a_failed_response_of_the_providers_passes_as_it_came() -> None:
    failed = frame({"type": "response.failed", "response": {"id": "resp_theirs", "error": {"code": "x"}}, "more": 1})
    error = refused(form="openai", error={"code": "x", "message": "y"}, event=failed.decode())
    assert end_of_stream(error, frame(CREATED)) == failed
