"""Who answers behind Turnout: every provider, with aimock and with the simulator upstream, and echo.

A backend is a model of the shared server (``stage.py``), called ``aimock-gemini``, ``simulator-vllm``, ``echo`` …
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.support.aimock import Aimock, case
from tests.support.contract import ON_WIRES
from tests.support.simulator import Simulator

AZURE_VERSION = "2024-10-21"
KEY_VARIABLES: Mapping[str, str] = {
    name: next(iter(provider.profile.key_variables), f"{name.upper()}_API_KEY") for name, provider in ON_WIRES.items()
} | {"azure-v1": "AZURE_OPENAI_API_KEY"}
"""Every provider on a wire, and Azure's second form: the variable of its key."""

PROVIDERS = tuple(KEY_VARIABLES)
WIRES = ("openai", "anthropic", "gemini", "ollama")
"""A provider of each wire, for what doesn't differ among the vendors on one."""


class Backend(msgspec.Struct, frozen=True):
    """``upstream`` is aimock, simulator or echo. ``model`` is its name at Turnout."""

    upstream: str
    provider: str

    @property
    def model(self) -> str:
        return self.upstream if self.upstream == "echo" else f"{self.upstream}-{self.provider}"

    @property
    def provider_name(self) -> str:
        """What Turnout calls it."""
        return self.provider.removesuffix("-v1")

    @property
    def counts_tokens(self) -> bool:
        """aimock doesn't for Ollama."""
        return (self.upstream, self.provider) != ("aimock", "ollama")

    def says(self, case_name: str, index: int = 0) -> str:
        """The answer to a case of aimock's, whoever gives it."""
        asked = case(case_name, index)
        if self.upstream == "aimock":
            return str(asked.response.get("content", ""))
        return asked.prompt if self.upstream == "echo" else f"You said: {asked.prompt}"

    def usage(self, case_name: str, index: int = 0, more_input: int = 0) -> tuple[int, int]:
        """Input and output tokens of that answer; ``more_input`` words were sent besides the prompt."""
        asked = case(case_name, index)
        if self.upstream == "aimock":
            told = asked.response["usage"]
            return told["prompt_tokens"], told["completion_tokens"]
        return len(asked.prompt.split()) + more_input, len(self.says(case_name, index).split())


ECHO = Backend("echo", "echo")
AIMOCK = tuple(Backend("aimock", provider) for provider in PROVIDERS)
SIMULATOR = tuple(Backend("simulator", provider) for provider in PROVIDERS)
REMOTE = (*AIMOCK, *SIMULATOR)
EVERY = (ECHO, *REMOTE)
COUNTING = tuple(backend for backend in EVERY if backend.counts_tokens)


def deployment(backend: Backend, aimock: Aimock, simulator: Simulator) -> dict[str, Any]:
    """How Turnout is told to reach it."""
    upstream_model = {"aimock": "gpt-4o-mini", "simulator": "sim"}[backend.upstream]
    address = aimock_address(aimock, backend.provider) if backend.upstream == "aimock" else ""
    fields = {
        "provider": backend.provider_name,
        "model": upstream_model,
        "base_url": address or simulator_address(simulator, backend.provider),
        "api_key": f"${{{KEY_VARIABLES[backend.provider]}}}",
    }
    versions = {"azure": AZURE_VERSION, "azure-v1": "v1"}
    return fields | ({"api_version": versions[backend.provider]} if backend.provider in versions else {})


def aimock_address(aimock: Aimock, provider: str) -> str:
    return {"openai": aimock.openai, "gemini": f"{aimock.gemini}/v1beta"}.get(provider, aimock.root)


def simulator_address(simulator: Simulator, provider: str) -> str:
    paths = {"azure": "", "azure-v1": "", "vllm": "/vllm/v1", "llamacpp": "/llamacpp/v1"}
    paths["compatible"] = "/compatible/v1"
    usual = {"openai-chat": "/v1", "gemini": "/v1beta"}
    if provider in paths:
        return simulator.root + paths[provider]
    return simulator.root + usual.get(ON_WIRES[provider].wire, "")
