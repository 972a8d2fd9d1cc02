"""aimock, a mock of the providers that its maintainers check daily against the real ones, as a process of its own.

It answers by the last user message: ``aimock_fixtures/NAME.json`` holds what it says to ``case(NAME).prompt``.
Its source shows where it is simpler than the real providers, so don't test these things with it:
it parses a call's arguments and prints them again on every wire but OpenAI's (big numbers lose digits); Ollama's
replies count no tokens, always stop with ``stop`` and have no ``thinking``; Gemini's tool calls end with
``FUNCTION_CALL``, which the real one doesn't know.
"""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import msgspec

from tests.support.node import FOLDER, node
from tests.support.process import Program

CLI = FOLDER / "node_modules/@copilotkit/aimock/dist/cli.js"
FIXTURES = Path(__file__).parent / "aimock_fixtures"


class Case(msgspec.Struct, frozen=True):
    """A prompt and what aimock answers, in its own words: ``content``, ``toolCalls``, ``usage``, ``finishReason`` …"""

    prompt: str
    response: dict[str, Any]


def case(name: str, index: int = 0) -> Case:
    """The fixture ``index`` of ``aimock_fixtures/NAME.json``."""
    entry = json.loads((FIXTURES / f"{name}.json").read_text())["fixtures"][index]
    match = entry["match"]
    return Case(match.get("userMessage") or match.get("inputText", ""), entry["response"])


class Aimock:
    """A running aimock; each provider's base URL is for its own SDK."""

    def __init__(self, folder: Path) -> None:
        command: list[str | Path] = [node(), CLI, "--port", "0", "--fixtures", FIXTURES, "--validate-on-load"]
        self.program = Program("aimock", command, folder / "aimock.log")
        self.root = self.program.wait_for_log(r"listening on (http://\S+)")[1]
        self.port = int(self.root.rsplit(":", 1)[1])
        self.program.wait_until_ready(self.port, "/ready")

    @property
    def openai(self) -> str:
        return f"{self.root}/v1"

    @property
    def azure(self) -> str:
        """The resource's endpoint; deployments are below ``/openai/deployments/``, the newer API at ``/openai/v1/``."""
        return self.root

    @property
    def anthropic(self) -> str:
        return self.root

    @property
    def gemini(self) -> str:
        return self.root

    @property
    def ollama(self) -> str:
        return self.root

    def requests(self, test_id: str) -> list[dict[str, Any]]:
        """Its requests under the header ``x-test-id``: ``method, path, headers, body, response``, oldest first.

        ``body`` is in OpenAI Chat's form whatever the wire was; images are left out on the wires of others.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", f"/__aimock/journal?testId={test_id}")
            seen: list[dict[str, Any]] = json.load(connection.getresponse())
            return seen
        finally:
            connection.close()

    def stop(self) -> None:
        self.program.kill()  # it would wait for kept-alive connections
