"""What providers say in errors: read from bodies of any form, and understood."""

from __future__ import annotations

import json
from typing import Any

import pytest

from turnout.errors import ProviderWords
from turnout.providers.error_words import failure_in, failure_of, words_in

TOO_LONG = [
    ("prompt is too long: 212345 tokens > 200000 maximum", 212345, 200000),
    ("prompt is too long", None, None),
    ("input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input", 242959, 200000),
    (
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens.",
        200_000,
        128_000,
    ),
    ("maximum context length is 8191 tokens, however you requested 10346 tokens (10341 in your prompt)", 10346, 8191),
    (
        "This endpoint's maximum context length is 163840 tokens. However, you requested about 172900 tokens",
        172900,
        163840,
    ),
    (
        "'max_tokens' is too large: 8192. This model's maximum context length is 65536 tokens and your request has"
        " 57879 input tokens (8192 > 65536 - 57879).",
        66071,
        65536,
    ),
    (
        "You passed 131073 input tokens and requested 0 output tokens. However, the model's context length is only"
        " 131072 tokens, resulting in a maximum input length of 131072 tokens.",
        131073,
        131072,
    ),
    ("Your input exceeds the context window of this model.", None, None),
    (
        "Input tokens exceed the configured limit of 272,000 tokens. Your messages resulted in 300,000 tokens.",
        300_000,
        272_000,
    ),
    ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1200000, 1048576),
    ("The input token count exceeds the maximum number of tokens allowed 1048575.", None, 1048575),
    ("request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it", 9412, 8192),
    ("the request exceeds the available context size, try increasing it", None, None),
    ("The input (85050 tokens) is longer than the model's context length (32768 tokens).", 85050, 32768),
    ("the input length exceeds the context length", None, None),
    ("prompt too long; exceeded max context length by 12 tokens", None, None),
    ("This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 537812, 131072),
    (
        "Prompt contains 240000 tokens and 0 images, too large for model with 128000 maximum context length",
        240_000,
        128_000,
    ),
    ("prompt token count of 74490 exceeds the limit of 72000", 74490, 72000),
    ("Your request exceeded model token limit: 262144 (requested: 300000)", 300000, 262144),
    ("Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192", 9000, 8192),
    (
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 200 `max_new_tokens`",
        4200,
        4096,
    ),
    ("Range of input length should be [1, 129024]", None, 129024),
    ("Input is too long for requested model.", None, None),
    ("invalid params, context window exceeds limit (2013)", None, None),
]


def refused(error: Any, status: int = 400, form: str = "openai") -> ProviderWords:
    return words_in(json.dumps(error).encode(), form, status)


@pytest.mark.parametrize(("message", "tokens", "limit"), TOO_LONG, ids=[message[:40] for message, _, _ in TOO_LONG])
def test_a_request_that_is_too_long_is_known_by_its_words(message: str, tokens: int | None, limit: int | None) -> None:
    words = refused({"error": {"message": message}})
    assert (words.kind, words.tokens, words.limit) == ("context", tokens, limit)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ({"message": "x", "code": "context_length_exceeded"}, 400, "context"),
        ({"message": "x", "type": "exceed_context_size_error", "n_prompt_tokens": 5, "n_ctx": 4}, 400, "context"),
        ({"message": "x", "type": "insufficient_quota", "code": None}, 429, "quota"),
        ({"message": "Insufficient Balance", "code": "invalid_request_error"}, 402, "quota"),
        (
            {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."},
            400,
            "quota",
        ),
        (
            {"type": "invalid_request_error", "message": "You have reached your specified API usage limits."},
            400,
            "quota",
        ),
        (
            {"type": "rate_limit_error", "message": "Wait.", "details": {"error_code": "credit_balance_exhausted"}},
            429,
            "quota",
        ),
        (
            {"message": "Rate limit reached: tokens per min (TPM): Limit 30000", "code": "rate_limit_exceeded"},
            429,
            "rate_limit",
        ),
        ({"message": "Slow down."}, 429, "rate_limit"),
        ({"type": "overloaded_error", "message": "Overloaded"}, 529, "overloaded"),
        ({"message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}, 503, "overloaded"),
        (
            {"message": "x", "code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
            400,
            "content_filter",
        ),
        ({"message": "x", "code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}}, 400, "content_filter"),
        ({"message": "Your request was rejected by the safety system.", "code": None}, 400, "content_filter"),
        ({"message": "API key not valid. Please pass a valid API key.", "code": 400}, 400, "authentication"),
        ({"message": "x", "details": [{"reason": "API_KEY_INVALID"}]}, 400, "authentication"),
        ({"message": "The model `gpt-9` does not exist or you do not have access to it."}, 404, "model_not_found"),
        ({"message": "model 'llama9' not found"}, 404, "model_not_found"),
        ({"message": "models/gemini-9 is not found for API version v1beta"}, 404, "model_not_found"),
        (
            {"message": "Provider returned error", "code": 400, "metadata": {"raw": "prompt is too long"}},
            400,
            "context",
        ),
        ({"message": "Bad 'temperature'.", "code": "unsupported_value"}, 400, ""),
        ({"message": "Failed to call a function.", "failed_generation": "prompt is too long"}, 400, ""),
        ({"message": "Not here."}, 404, ""),
        ({"message": "Broken."}, 500, ""),
    ],
)
def test_what_an_error_means(error: dict[str, Any], status: int, kind: str) -> None:
    words = refused({"error": error}, status)
    assert (words.kind, json.loads(words.error)) == (kind, error)


def test_llama_cpp_tells_the_numbers_beside_its_words() -> None:
    words = refused({"error": {"message": "x", "type": "exceed_context_size_error", "n_prompt_tokens": 5, "n_ctx": 4}})
    assert (words.tokens, words.limit) == (5, 4)


def test_numbers_that_no_model_has_are_not_read() -> None:
    assert refused({"error": {"message": f"maximum context length is {'9' * 5000} tokens"}}).kind == "context"


def test_google_tells_a_wait_and_a_quota_that_no_wait_brings_back() -> None:
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
    quota = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
    error = {"code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED"}
    soon = refused([{"error": error | {"details": [wait]}}], 429, "gemini")
    assert (soon.kind, soon.wait, soon.code) == ("rate_limit", 34.4, "RESOURCE_EXHAUSTED")
    assert refused({"error": error | {"details": [quota]}}, 429, "gemini").kind == "quota"


@pytest.mark.parametrize("delay", ["soon", "s", "-1s", "1e400s", 5, None])
def test_a_wait_of_another_form_is_none(delay: Any) -> None:
    assert refused({"error": {"details": [{"retryDelay": delay}, 7]}}, 429, "gemini").wait is None


ERROR = {"error": {"message": "Down for maintenance.", "code": "maintenance"}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (json.dumps(ERROR), "Down for maintenance."),
        (json.dumps([ERROR]), "Down for maintenance."),
        (f"event: error\ndata: {json.dumps(ERROR)}\n\n", "Down for maintenance."),
        (f"data: {json.dumps(ERROR)}\n\ndata: [DONE]\n\n", "Down for maintenance."),
        (
            '{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}',
            "insufficient balance",
        ),
        ('{"code":20012,"message":"Model does not exist.","data":null}', "Model does not exist."),
        ('{"object":"error","message":"Bad.","type":"BadRequestError","param":null,"code":400}', "Bad."),
        ('{"error":true,"message":"Bad."}', "Bad."),
        ("<html><body>Please <b>log in</b><script>x()</script></body></html>", "Please log in"),
    ],
)
def test_an_error_with_status_200_is_told(body: str, message: str) -> None:
    assert words_in(body.encode(), "openai", 200).message == message


ANSWERS = [
    '{"choices":[{"message":{"content":"Hello."}}]}',
    '{"choices":[{"message":{"content":"Hi"}}],"base_resp":{"status_code":0,"status_msg":"success"}}',
    '{"type":"message_start","message":{"content":[]}}',
    '{"id":"r","status":"completed","output":[]}',
    '{"code":0,"message":"ok"}',
    '{"text":"an error","type":"x"}',
    '[{"embedding":[1]}]',
    '"text"',
    "[]",
    "null",
    "Some plain text: error.",
    "",
]


@pytest.mark.parametrize("body", ANSWERS)
def test_what_may_be_an_answer_is_no_error(body: str) -> None:
    """Nor is it told, because it may hold private texts."""
    assert failure_in(body.encode(), "openai") is None
    assert words_in(body.encode(), "openai", 200).message == ""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"message": "x", "code": 503}, 503),
        ({"message": "x", "code": "context_length_exceeded"}, 400),
        ({"message": "x", "code": "insufficient_quota"}, 429),
        ({"message": "The server is overloaded."}, 503),
        ({"message": "x", "code": "model_not_found"}, 404),
        ({"message": "x", "code": "server_error"}, 502),
        ({"message": "x", "code": True}, 502),
        ("text", 502),
        (None, 502),
    ],
)
def test_an_error_inside_an_answer_gets_the_status_that_it_means(error: Any, status: int) -> None:
    assert failure_of(error, "openai").status == status
