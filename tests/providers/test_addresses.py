"""Base addresses in every way in which people write them."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.contract import ENDPOINTS, chat_request, deployment
from turnout.core import Deployment
from turnout.dialects import HERE
from turnout.providers import WireProvider, registry

CHAT = {
    "openai": "/v1/chat/completions",
    "compatible": "/v1/chat/completions",
    "llamacpp": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m:generateContent",
    "ollama": "/api/chat",
    "azure": "/openai/deployments/m/chat/completions",
}


def place(name: str, base_url: str, api_version: str | None = None) -> tuple[WireProvider, Deployment]:
    provider = registry()[name]
    assert isinstance(provider, WireProvider)
    to = structs.replace(deployment(provider), model="m", base_url=base_url, api_version=api_version)
    return provider, to


def chat_url(name: str, base_url: str, api_version: str | None = None) -> str:
    provider, to = place(name, base_url, api_version)
    return provider.build(chat_request(), to).url


@pytest.mark.parametrize(
    ("name", "base_url"),
    [
        ("openai", "https://h.test"),
        ("openai", "https://h.test/v1/"),
        ("openai", "https://h.test/v1/chat/completions"),
        ("openai", "https://h.test/v1/chat/completions/"),
        ("openai", "https://h.test/v1/responses"),
        ("openai", "https://h.test/v1/embeddings"),
        ("compatible", "https://h.test/v1/completions"),
        ("llamacpp", "https://h.test/v1/chat/completions"),
        ("anthropic", "https://h.test"),
        ("anthropic", "https://h.test/v1/"),
        ("anthropic", "https://h.test/v1/messages"),
        ("anthropic", "https://h.test/v1/messages/count_tokens"),
        ("gemini", "https://h.test"),
        ("gemini", "https://h.test/v1beta/"),
        ("gemini", "https://h.test/v1beta/openai/"),
        ("gemini", "https://h.test/v1beta/openai/chat/completions"),
        ("gemini", "https://h.test/v1beta/models/gemini-3-pro:streamGenerateContent"),
        ("ollama", "https://h.test/"),
        ("ollama", "https://h.test/api"),
        ("ollama", "https://h.test/api/chat"),
        ("ollama", "https://h.test/api/generate"),
        ("ollama", "https://h.test/v1"),
        ("ollama", "https://h.test/v1/chat/completions"),
    ],
)
@pytest.mark.parametrize("query", ["", "?tenant=a%20b&x"])
@pytest.mark.parametrize("folder", ["", "/inner"])
def test_a_whole_address_and_a_query(name: str, base_url: str, query: str, folder: str) -> None:
    expected = CHAT[name]
    if folder and base_url.rstrip("/") == "https://h.test":  # a path of its own is taken as it is
        expected = expected.removeprefix("/v1beta") if name == "gemini" else expected
        expected = expected.removeprefix("/v1") if name == "openai" else expected
    url = chat_url(name, base_url.replace("https://h.test", f"https://h.test{folder}") + query)
    assert url == f"https://h.test{folder}{expected}{query}"


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://h.test/chat/completions", "https://h.test/chat/completions"),
        ("https://h.test/api/paas/v4/chat/completions", "https://h.test/api/paas/v4/chat/completions"),
        ("https://h.test/models", "https://h.test/models/chat/completions"),
        ("http://responses", "http://responses/v1/chat/completions"),
        ("http://completions:8000", "http://completions:8000/v1/chat/completions"),
        ("https://user:p@h.test", "https://user:p@h.test/v1/chat/completions"),
    ],
)
def test_paths_of_other_vendors_stay(base_url: str, url: str) -> None:
    assert chat_url("compatible", base_url) == url


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama", "azure", "gemini"])
@pytest.mark.parametrize("host", ["v1", "openai", "api", "messages"])
def test_a_host_may_have_the_name_of_a_path(name: str, host: str) -> None:
    assert chat_url(name, f"http://{host}").startswith(f"http://{host}/")


DATED = "https://r.test/openai/deployments/m/chat/completions?api-version=2024-10-21"


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://r.test?api-version=2024-10-21", DATED),
        ("https://r.test/openai/deployments/other/chat/completions?api-version=2024-10-21", DATED),
        ("https://r.test/openai/v1/chat/completions", "https://r.test/openai/v1/chat/completions"),
        (
            "https://r.test/openai/v1?api-version=preview",
            "https://r.test/openai/v1/chat/completions?api-version=preview",
        ),
        ("https://r.test/openai/responses?api-version=2024-10-21", DATED),
        ("https://r.test/a/openai/?tenant=x&api-version=v1", "https://r.test/a/openai/v1/chat/completions?tenant=x"),
        (
            "https://r.test/?api-version=2024-10-21&tenant=x",
            f"{DATED}&tenant=x",
        ),
    ],
)
def test_azures_whole_addresses_name_the_version(base_url: str, url: str) -> None:
    assert chat_url("azure", base_url) == url


def test_azures_version_of_the_deployment_goes_first() -> None:
    url = chat_url("azure", "https://r.test/openai?api-version=2023-05-15", api_version="2024-10-21")
    assert url == DATED


@pytest.mark.parametrize(
    ("name", "base_url", "models"),
    [
        ("openai", "https://h.test/v1/chat/completions?a=b", "https://h.test/v1/models?a=b"),
        ("anthropic", "https://h.test/v1/messages?a=b", "https://h.test/v1/models?limit=1000&a=b"),
        ("gemini", "https://h.test?a=b", "https://h.test/v1beta/models?pageSize=1000&a=b"),
        ("ollama", "https://h.test/v1?a=b", "https://h.test/api/tags?a=b"),
        ("azure", f"{DATED}&a=b", "https://r.test/openai/models?api-version=2024-10-21&a=b"),
    ],
)
def test_a_query_goes_along_to_the_list_of_models(name: str, base_url: str, models: str) -> None:
    provider, to = place(name, base_url)
    assert provider.list_models(to).url == models


@pytest.mark.parametrize("path", ["", "/v1/", "/v1/chat/completions", "/completion"])
def test_llamacpps_own_completion_is_not_under_v1(path: str) -> None:
    request = ENDPOINTS["llamacpp-completion"].parse(b'{"prompt": "Hi."}', HERE)
    provider, to = place("llamacpp", f"http://h.test:8080{path}?a=b")
    assert provider.operation(request).build(request, to).url == "http://h.test:8080/completion?a=b"
