"""Measures the cost of a streamed event, relayed and translated, for each dialect and each provider's wire."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from bench.exchange import MODEL
from bench.load import Target
from bench.systems import System, Turnout, measure
from bench.upstream import upstream


class Wire(msgspec.Struct, frozen=True):
    """``path`` is the path of the clients' requests, ``base`` that of the provider's address, ``body`` the body."""

    provider: str
    path: str
    base: str
    body: dict[str, Any]


_MESSAGES = [{"role": "user", "content": "What is a reverse proxy?"}]
CHAT = Wire("openai", "/v1/chat/completions", "/v1", {"messages": _MESSAGES, "stream_options": {"include_usage": True}})
WIRES = {
    "openai": CHAT,
    "anthropic": Wire("anthropic", "/v1/messages", "", {"messages": _MESSAGES, "max_tokens": 128}),
    "gemini": Wire(
        "gemini",
        f"/v1beta/models/{MODEL}:streamGenerateContent",
        "/v1beta",
        {"contents": [{"role": "user", "parts": [{"text": "What is a reverse proxy?"}]}]},
    ),
    "ollama": Wire("ollama", "/api/chat", "", {"messages": _MESSAGES}),
    "responses": Wire("openai", "/v1/responses", "/v1", {"input": "What is a reverse proxy?", "store": False}),
}
UPSTREAM_PATHS = {
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/{model}:streamGenerateContent",
    "ollama": "/api/chat",
}
PROVIDERS = ("openai", "anthropic", "gemini", "ollama")


def turnout_between(dialect: Wire, provider: Wire) -> type[System]:
    """Turnout before an upstream of ``provider``'s wire, with clients of ``dialect``."""

    class Between(Turnout):
        def config(self) -> dict[str, object]:
            address = self.upstream.removesuffix("/v1") + provider.base
            deployment = {
                "provider": provider.provider,
                "model": MODEL,
                "base_url": address,
                "api_key": "sk-ant-upstream" if provider.provider == "anthropic" else "sk-upstream",
            }
            return {**super().config(), "models": {MODEL: {"deployments": [deployment]}}}

        @property
        def target(self) -> Target:
            query = "?alt=sse" if dialect.provider == "gemini" else ""
            url = f"http://127.0.0.1:{self.port}{dialect.path}{query}"
            self.url = url
            body = json.dumps(dialect.body if query else {"model": MODEL, "stream": True, **dialect.body})
            return Target(url=url, headers=self.headers, body=body)

    return Between


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--dialects", nargs="*", choices=WIRES, default=list(WIRES))
    parser.add_argument("--providers", nargs="*", choices=PROVIDERS, default=list(PROVIDERS))
    options = parser.parse_args()
    print("CPU \u00b5s for each event that the provider streams; \u00d7: against OpenAI's, relayed\n")
    print(f"| dialect | {' | '.join(options.providers)} |\n| :-- |{' --: |' * len(options.providers)}")
    relayed = 0.0
    with tempfile.TemporaryDirectory(prefix="turnout-wires-") as root:
        for dialect in options.dialects:
            cells = []
            for provider in options.providers:
                used = _median([_cost(Path(root), dialect, provider, options) for _ in range(options.rounds)])
                relayed = relayed or used
                cells.append(f"{used:.1f} ({used / relayed:.2f} \u00d7)")
            print(f"| {dialect} | {' | '.join(cells)} |", flush=True)


def _median(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]


def _cost(root: Path, dialect: str, provider: str, options: argparse.Namespace) -> float:
    folder = Path(tempfile.mkdtemp(dir=root))
    with upstream(folder, stream=True, endpoint=UPSTREAM_PATHS.get(provider, "")) as behind:
        system = turnout_between(WIRES[dialect], WIRES[provider])(folder, behind)
        return measure(system, clients=options.clients, seconds=options.seconds).cpu_us


if __name__ == "__main__":
    main()
