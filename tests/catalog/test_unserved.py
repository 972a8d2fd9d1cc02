"""The error for a name that isn't served gives the reason and the remedy, where they are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnout.catalog import Catalog
from turnout.config import CommandLine
from turnout.core import WireRequest
from turnout.errors import UnknownModel, UpstreamUnreachable

OPENAI = "OpenAI needs a key. Set OPENAI_API_KEY where Turnout runs and start it again"
GEMINI = "Google Gemini needs a key. Set GEMINI_API_KEY or GOOGLE_API_KEY"
AZURE = "Azure OpenAI needs an address. Set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY"
LOCAL = "no local server answers. Start one that has it: `llama-server -m model.gguf --port 8080` or `ollama serve` or"


def catalog_of_real_providers(folder: Path, text: str = "", variables: dict[str, str] | None = None) -> Catalog:
    """A catalog of the real providers, with these variables only."""
    (folder / "turnout.yaml").write_text(text or "{}")
    return Catalog(CommandLine(config=folder / "turnout.yaml", data_dir=str(folder)), variables=variables or {})


def refused(catalog: Catalog, name: str) -> str:
    with pytest.raises(UnknownModel) as caught:
        catalog.snapshot.find(name)
    return caught.value.message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai/gpt-4o", OPENAI),
        ("gpt-4o", OPENAI),
        ("gpt-4o-2024-08-06", OPENAI),
        ("gpt-99", OPENAI),
        ("text-embedding-3-small", OPENAI),
        ("claude-haiku-4-5", "Anthropic needs a key. Set ANTHROPIC_API_KEY"),
        ("Claude/anything", "Anthropic needs a key. Set ANTHROPIC_API_KEY"),
        ("gemini-3.5-flash", GEMINI),
        ("google/gemini-3.5-flash", GEMINI),
        ("azure/mine", AZURE),
        ("compatible/x", "has no usual address. Configure a model with its 'base_url'"),
        ("llama3.2", LOCAL),
        ("gpt-oss:20b", LOCAL),
        ("gemma3:4b", LOCAL),
        ("Qwen/Qwen3-0.6B", LOCAL),
        ("groq/llama-3.3-70b", "there is no provider 'groq'. An address on OpenAI's wire"),
        ("openai/", "say which model of OpenAI's: openai/NAME"),
    ],
)
def test_with_nothing_set(tmp_path: Path, name: str, expected: str) -> None:
    message = refused(catalog_of_real_providers(tmp_path), name)
    assert message.startswith(f"The model '{name}' is not served here: ")
    assert expected in message


@pytest.mark.parametrize("name", ["anything", "", "/", "echo2", "meta-thing/x"])
def test_a_name_that_says_nothing(tmp_path: Path, name: str) -> None:
    assert refused(catalog_of_real_providers(tmp_path), name).startswith(f"The model '{name}' does not exist here.")


def test_a_close_name_is_told_beside_the_reason(tmp_path: Path) -> None:
    message = refused(catalog_of_real_providers(tmp_path, "models: {gpt-4o-mini: ollama/x}"), "gpt-4o")
    assert OPENAI in message
    assert message.endswith("Did you mean gpt-4o-mini?")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("fasst", "which nobody serves. Did you mean fast?"),
        ("openai/gpt-6-luna", f"which isn't served: {OPENAI}"),
    ],
)
def test_an_alias_that_leads_nowhere(tmp_path: Path, target: str, expected: str) -> None:
    aliases = f"aliases: {{AGENT: BOT, BOT: {target}}}"
    message = refused(catalog_of_real_providers(tmp_path, f"models: {{fast: ollama/x}}\n{aliases}"), "AGENT")
    assert message.startswith(f"The model 'AGENT' is not served here: it is an alias of '{target}', {expected}")


def test_an_address_without_a_key_and_a_key_without_an_address(tmp_path: Path) -> None:
    """The advice names only missing variables, and shows no value."""
    keyless = catalog_of_real_providers(tmp_path, variables={"AZURE_OPENAI_ENDPOINT": "https://secret.test"})
    assert "Azure OpenAI needs a key. Set AZURE_OPENAI_API_KEY where" in refused(keyless, "azure/x")
    nowhere = catalog_of_real_providers(tmp_path, variables={"AZURE_OPENAI_API_KEY": "secret-key"})
    message = refused(nowhere, "azure/x")
    assert "needs an address. Set AZURE_OPENAI_ENDPOINT where" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, "OpenAI has not told its models yet"),
        (200, "OpenAI did not list it"),
        (401, "OpenAI refuses the key that is set here"),
        (500, "OpenAI could not be asked for its models"),
    ],
)
async def test_a_provider_with_a_key_that_did_not_list_it(tmp_path: Path, status: int | None, expected: str) -> None:
    async def fetch(request: WireRequest, seconds: float) -> tuple[int, dict[str, str], bytes]:
        return status or 0, {}, b'{"data": []}'

    catalog = catalog_of_real_providers(tmp_path, variables={"OPENAI_API_KEY": "sk-secret"})
    if status is not None:
        await catalog.discover(fetch)
    assert refused(catalog, "gpt-4o").endswith(f": {expected}. Ask for openai/gpt-4o to try all the same.")


def test_discovery_off(tmp_path: Path) -> None:
    catalog = catalog_of_real_providers(tmp_path, "discovery: false\nmodels: {a: openai/x}", {"OPENAI_API_KEY": "k"})
    assert "'discovery: false'" in refused(catalog, "openai/gpt-4o")


async def test_a_local_server_that_answers_and_lacks_it(tmp_path: Path) -> None:
    async def fetch(request: WireRequest, seconds: float) -> tuple[int, dict[str, str], bytes]:
        if ":11434/" in request.url:
            return 200, {}, b'{"models": [{"name": "other:latest", "model": "other:latest"}]}'
        raise UpstreamUnreachable("nobody")

    catalog = catalog_of_real_providers(tmp_path)
    await catalog.discover(fetch)
    assert "is not served here: Ollama did not list it." in refused(catalog, "llama3.2")


def test_a_fallback_that_lacks_a_key_says_so(tmp_path: Path) -> None:
    catalog = catalog_of_real_providers(tmp_path, "models: {a: {deployments: [ollama/x], fallbacks: [openai/gpt-4o]}}")
    (problem,) = catalog.state().problems
    assert "models.a.fallbacks[0]: expected the name of a model" in problem
    assert OPENAI in problem
