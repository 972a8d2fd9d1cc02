"""A relayed body takes along its query and its headers, but nothing that the deployment decides."""

from __future__ import annotations

import pytest

from turnout.core import FormPart, WireBody, WireForm, WireRequest
from turnout.engine.relayed_parts import with_relayed_parts

URL = "https://api.example.com/v1/messages"


def sent(url: str = URL, query: str = "", **headers: str) -> WireRequest:
    raw = WireBody("w", {}, {name.replace("_", "-"): value for name, value in headers.items()}, query)
    return with_relayed_parts(WireRequest(url, {"Anthropic-Version": "ours", "x-api-key": "sk"}, b"{}"), raw)


@pytest.mark.parametrize(
    ("url", "query", "expected"),
    [
        pytest.param(URL, "", URL, id="none"),
        pytest.param(URL, "beta=true", f"{URL}?beta=true", id="claude-code"),
        pytest.param(f"{URL}?alt=sse", "alt=json&key=sk-of-a-client&x=1", f"{URL}?alt=sse&x=1", id="gemini"),
        pytest.param(f"{URL}?api-version=v1", "API-Version=v9&beta=1", f"{URL}?api-version=v1&beta=1", id="azure"),
        pytest.param(f"{URL}?beta=false", "beta=true", f"{URL}?beta=false", id="the-deployments-own"),
        pytest.param(URL, "key=sk-of-a-client", URL, id="only-a-key"),
        pytest.param(URL, "a=b c&d=%0d%0a&e=#f&g=\\..", f"{URL}?d=%0d%0a", id="what-no-query-may-hold"),
        pytest.param(URL, "&&a&", f"{URL}?a", id="empty-fields"),
    ],
)
def test_the_query(url: str, query: str, expected: str) -> None:
    assert sent(url, query).url == expected


def test_the_headers_that_the_provider_does_not_set_itself() -> None:
    request = sent(user_agent="x turnout/1", anthropic_version="theirs")
    assert request.headers == {"Anthropic-Version": "ours", "x-api-key": "sk", "user-agent": "x turnout/1"}


def test_a_form_has_headers_only() -> None:
    form = WireForm("w", (FormPart("a", b"b"),), {"user-agent": "x"})
    request = with_relayed_parts(WireRequest(URL, {}, b""), form)
    assert (request.url, request.headers) == (URL, {"user-agent": "x"})


def test_nothing_to_take_along_changes_nothing() -> None:
    request = WireRequest(URL, {}, b"{}")
    assert with_relayed_parts(request, WireBody("w", {})) is request
