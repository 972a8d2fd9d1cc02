"""Providers that need no network, and short ways to a catalog made of a text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from turnout import routing
from turnout.catalog import Catalog
from turnout.config import CommandLine
from turnout.core import ChatRequest, Defaults, Deployment, Request, Secret, StreamEvent, Support, WireRequest
from turnout.errors import UpstreamRefused, UpstreamUnauthenticated
from turnout.providers import Decoder, Operation, Profile, Provider

SUPPORT = Support(namespace="fake", knobs=frozenset())
POLICIES = sorted(routing.registry())


class FakeWire:
    """Lists models as a JSON array of names at ``{base_url}/models``."""

    wire = "fake"
    support = SUPPORT

    def __init__(self, name: str, profile: Profile) -> None:
        self.name = name
        self.profile = profile

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        raise NotImplementedError

    def decoder(self, request: ChatRequest) -> Decoder:
        raise NotImplementedError

    relay = decoder

    def operation(self, request: Request) -> Operation[Any]:
        raise NotImplementedError

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        error = UpstreamUnauthenticated if status == 401 else UpstreamRefused
        return error(status, f"{self.name} answered {status}: {body.decode()}")

    def list_models(self, deployment: Deployment) -> WireRequest:
        key = deployment.api_key or Secret("")
        return WireRequest(f"{deployment.base_url}/models", {"key": key.reveal(), **deployment.headers}, b"", "GET")

    def read_models(self, body: bytes) -> list[str]:
        return msgspec.json.decode(body, type=list[str])


class FakeLocal:
    name = "echo"
    profile = Profile(title="Echo", base_url="")
    support = SUPPORT

    async def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        raise NotImplementedError
        yield ()


OPENAI = FakeWire(
    "openai",
    Profile(
        title="OpenAI",
        base_url="https://openai.test/v1",
        url_variables=("OPENAI_BASE_URL",),
        key_variables=("OPENAI_API_KEY",),
        defaults=Defaults(max_tokens=256, temperature=0.7),
        price_source="openai",
    ),
)
ANTHROPIC = FakeWire(
    "anthropic",
    Profile(
        title="Anthropic",
        base_url="https://anthropic.test",
        key_variables=("ANTHROPIC_API_KEY",),
        defaults=Defaults(max_tokens=1024, temperature=1.0),
        first_token=60,
        price_source="anthropic",
        aliases=("claude",),
    ),
)
AZURE = FakeWire(
    "azure",
    Profile(
        title="Azure",
        base_url="",
        url_variables=("AZURE_OPENAI_ENDPOINT",),
        key_variables=("AZURE_OPENAI_API_KEY",),
        lists_served=False,
        price_source="azure",
        aliases=("aoai", "azure_ad"),
    ),
)
OLLAMA = FakeWire(
    "ollama",
    Profile(
        title="Ollama", base_url="http://localhost:11434", url_variables=("OLLAMA_URL",), start_hint="ollama serve"
    ),
)
VLLM = FakeWire(
    "vllm",
    Profile(
        title="vLLM",
        base_url="http://localhost:8000",
        url_variables=("VLLM_URL",),
        defaults=Defaults(max_tokens=512, temperature=0.7, top_p=0.95),
        first_token=60,
        start_hint="vllm serve",
    ),
)
ECHO = FakeLocal()

PROVIDERS: Mapping[str, Provider] = {
    name: provider
    for provider in (OPENAI, ANTHROPIC, AZURE, OLLAMA, VLLM, ECHO)
    for name in (provider.name, *provider.profile.aliases)
}


def make_catalog(
    folder: Path,
    text: str | None = None,
    *,
    agents: str | None = None,
    variables: Mapping[str, str] | None = None,
    providers: Mapping[str, Provider] = PROVIDERS,
    **options: Any,
) -> Catalog:
    """A catalog of ``turnout.yaml`` in ``folder``, and of ``agents.yaml`` beside it, with these variables alone."""
    config = folder / "turnout.yaml"
    if text is not None:
        config.write_text(text)
    if agents is not None:
        (folder / "agents.yaml").write_text(agents)
        options["agents"] = folder / "agents.yaml"
    command_line = CommandLine(
        **{"config": config if config.exists() else None, "data_dir": str(folder / "data"), **options}
    )
    return Catalog(command_line, variables=variables or {}, providers=providers, policies=POLICIES)


def only(catalog: Catalog, name: str) -> Deployment:
    """The one deployment of a model."""
    (deployment,) = catalog.snapshot.find(name).deployments
    return deployment
