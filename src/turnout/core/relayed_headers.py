"""The headers of a provider's reply that go along to the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

UPSTREAM_REQUEST_ID: Final = "x-turnout-upstream-request-id"
"""The provider's id of the request. ``x-request-id`` has Turnout's own."""

LIMITS: Final = ("x-ratelimit-", "anthropic-ratelimit-", "retry-after-ms")
"""Headers by which a provider tells its limits: https://platform.openai.com/docs/guides/rate-limits and
https://platform.claude.com/docs/en/api/rate-limits. openai-python waits as ``retry-after-ms`` says.
"""

_REQUEST_IDS: Final = ("x-request-id", "request-id", "apim-request-id")
"""OpenAI's, Anthropic's, and Azure's gateway's."""


_MARKS: Final = frozenset(
    {
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-unified-status",
        "x-ratelimit-remaining",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens",
    }
)
"""One of these is in every reply that tells limits. To look at every header of every answer would cost more."""


def headers_of_an_answer(headers: Mapping[str, str]) -> Mapping[str, str]:
    """As ``relayed_headers``, in less time for an answer that tells no limits."""
    return _request_id(headers) if _MARKS.isdisjoint(headers) else relayed_headers(headers)


def relayed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """``headers`` have names in lower case. ``Retry-After`` isn't among them: Turnout writes its own."""
    limits = {name: value for name, value in headers.items() if name.startswith(LIMITS)}
    return limits | _request_id(headers)


def _request_id(headers: Mapping[str, str]) -> dict[str, str]:
    for name in _REQUEST_IDS:
        if name in headers:
            return {UPSTREAM_REQUEST_ID: headers[name]}
    return {}
