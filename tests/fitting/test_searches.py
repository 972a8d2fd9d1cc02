"""A search of the web is said in the provider's own words where the request is nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.whole_requests import read_whole
from turnout.core import ChatRequest, Deployment, HostedTool, Secret, Tool, ToolChoice, WebSearch
from turnout.dialects import Target, anthropic, endpoint_at, gemini
from turnout.errors import Unsupported
from turnout.fitting import Fitted, fit
from turnout.providers.anthropic import PROVIDERS as ANTHROPIC
from turnout.providers.gemini import PROVIDERS as GEMINI
from turnout.providers.openai import PROVIDERS as OPENAI

from .fitted import asking

PROVIDERS: dict[str, Any] = {provider.name: provider for provider in (*ANTHROPIC, *GEMINI, *OPENAI)}
PLACE = {"type": "approximate", "city": "Paris"}


def fitted(request: ChatRequest, provider: str) -> Fitted:
    deployment = Deployment(id="d", provider=provider, model="m-1")
    return fit(request, provider, PROVIDERS[provider].support, deployment)


def sent(request: ChatRequest, provider: str) -> dict[str, Any]:
    deployment = Deployment(id="d", provider=provider, model="m-1", api_key=Secret("k"), base_url="http://127.0.0.1:1")
    ready: Any = fitted(request, provider).request
    body: dict[str, Any] = json.loads(PROVIDERS[provider].operation(ready).build(ready, deployment).body)
    return body


def named(request: ChatRequest, provider: str) -> list[str]:
    return [change.field for change in fitted(request, provider).changes if not change.kept]


def of_responses(*tools: Any, **fields: Any) -> ChatRequest:
    body = {"model": "m", "input": "What is new?", "tools": list(tools), **fields}
    request: ChatRequest = read_whole(endpoint_at("/v1/responses"), json.dumps(body).encode())
    return request


def of_anthropic(**search: Any) -> ChatRequest:
    """As Claude Code searches."""
    tool = {"type": "web_search_20250305", "name": "web_search", **search}
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "What is new?"}],
        "tools": [tool],
        "tool_choice": {"type": "tool", "name": "web_search"},
    }
    return read_whole(anthropic.DIALECTS[0].endpoints[0], json.dumps(body).encode())


def of_gemini(**search: Any) -> ChatRequest:
    """As Gemini CLI searches."""
    body = {"contents": [{"role": "user", "parts": [{"text": "What is new?"}]}], "tools": [{"googleSearch": search}]}
    target = Target(model="m")
    request: ChatRequest = read_whole(gemini.DIALECTS[0].endpoints[0], json.dumps(body).encode(), target)
    return request


SEARCHES = {"responses": of_responses({"type": "web_search"}), "anthropic": of_anthropic(), "gemini": of_gemini()}
every = pytest.mark.parametrize("request_", SEARCHES.values(), ids=SEARCHES)


@every
def test_gemini_searches(request_: ChatRequest) -> None:
    assert sent(request_, "gemini")["tools"] == [{"googleSearch": {}}]


@every
def test_anthropic_searches(request_: ChatRequest) -> None:
    assert sent(request_, "anthropic")["tools"] == [{"type": "web_search_20250305", "name": "web_search"}]


@pytest.mark.parametrize("name", ["responses", "gemini"])
def test_who_has_no_search_leaves_it_out(name: str) -> None:
    request = SEARCHES[name]
    assert named(request, "llamacpp") == [request.hosted[0].where]
    assert "tools" not in sent(request, "llamacpp")


def test_a_search_that_has_to_be_there_is_refused_where_it_isnt() -> None:
    with pytest.raises(Unsupported):
        fitted(of_anthropic(), "llamacpp")


def test_gemini_cannot_be_made_to_search() -> None:
    assert named(of_anthropic(), "gemini") == ["tool_choice"]


def test_anthropic_can() -> None:
    search = HostedTool("tools[0]", {}, "web_search", WebSearch())
    request = asking(hosted=(search,), tool_choice=ToolChoice("tool", "web_search"))
    assert sent(request, "anthropic")["tool_choice"] == {"type": "tool", "name": "web_search"}
    assert named(request, "anthropic") == []


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
def test_beside_functions_it_is_left_out(provider: str) -> None:
    """An agent offers it to every model."""
    function = {"type": "function", "name": "look", "parameters": {"type": "object"}}
    request = of_responses({"type": "web_search"}, function)
    assert named(request, provider) == ["tools[0].type"]
    assert "search" not in json.dumps(sent(request, provider)["tools"])


def test_beside_functions_a_providers_own_search_stays() -> None:
    own = HostedTool("tools[0]", {"anthropic": {"tool": Raw(b'{"type":"web_fetch_20250910"}')}})
    request = asking(hosted=(own,), tools=(Tool("look"),))
    assert sent(request, "anthropic")["tools"][1] == {"type": "web_fetch_20250910"}
    assert named(request, "anthropic") == []


def test_what_is_asked_of_a_search_is_told() -> None:
    filters = {"allowed_domains": ["a.com"]}
    request = of_responses({"type": "web_search", "filters": filters, "user_location": PLACE})
    assert sent(request, "anthropic")["tools"] == [
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "allowed_domains": ["a.com"],
            "user_location": PLACE,
        }
    ]
    assert sent(of_gemini(excludeDomains=["b.com"]), "anthropic")["tools"][0]["blocked_domains"] == ["b.com"]


def test_domains_are_kept_or_there_is_no_search() -> None:
    request = of_responses({"type": "web_search", "filters": {"allowed_domains": ["a.com"]}})
    assert named(request, "gemini") == ["tools[0].type"]
    with pytest.raises(Unsupported):
        fitted(of_anthropic(allowed_domains=["a.com"]), "gemini")


def test_hints_of_a_search_are_named() -> None:
    assert named(of_anthropic(max_uses=8, user_location=PLACE), "gemini") == [
        "tools[0].max_uses",
        "tools[0].user_location",
        "tool_choice",
    ]
    assert named(of_responses({"type": "web_search", "user_location": PLACE}), "gemini") == ["tools[0].user_location"]


@pytest.mark.parametrize(("allowed", "count"), [([{"type": "web_search"}], 1), ([{"type": "custom", "name": "c"}], 0)])
def test_a_search_that_is_not_allowed_is_left_out(allowed: list[Any], count: int) -> None:
    choice = {"type": "allowed_tools", "mode": "auto", "tools": allowed}
    assert len(of_responses({"type": "web_search"}, tool_choice=choice).hosted) == count
