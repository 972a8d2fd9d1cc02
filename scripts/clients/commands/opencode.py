"""opencode, headless (https://opencode.ai/docs/cli, its providers: https://opencode.ai/docs/providers).

``way`` is the package of the AI SDK by which it asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from scripts.clients.client import KEY, Command, CommandClient, Place, Words

PATHS = {"openai-compatible": "/v1", "openai": "/v1", "anthropic": "/v1", "google": "/v1beta"}


class Opencode(CommandClient):
    package = "opencode"
    lacks: Mapping[str, str] = {"structured": "it has no schema for an answer"}

    def __init__(self, way: str, model: str) -> None:
        self.name = f"opencode {way}"
        self.way = way
        self.model = model

    def command(self, task: str, prompt: str, place: Place) -> Command:
        (place.work / "opencode.json").write_text(json.dumps(self._config(place)))
        words: Words = [self.programs / "opencode", "run", "--model", f"turnout/{self.model}"]
        if task == "stream":
            words += ["--format", "json"]
        if task == "image":
            words += ["--file", place.picture, "--"]
        environ = {
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        }
        # It quotes a word with blanks, and escapes what is in it.
        return Command([*words, *prompt.split()], environ)

    def calls(self, task: str, place: Place) -> str:
        blue, green = (
            f"[[call bash {json.dumps({'command': f'cat {word}.txt', 'description': 'Shows it'})}]]"
            for word in ("blue", "green")
        )
        return {"tool": blue, "parallel": blue + green}.get(task, "")

    def _config(self, place: Place) -> dict[str, object]:
        limits = {"context": 128_000, "output": 16_000}
        inputs = {"input": ["text", "image"], "output": ["text"]}
        model = {"name": self.model, "tool_call": True, "attachment": True, "limit": limits, "modalities": inputs}
        provider = {
            "npm": f"@ai-sdk/{self.way}",
            "name": "Turnout",
            "options": {"baseURL": place.url + PATHS[self.way], "apiKey": KEY},
            "models": {self.model: model},
        }
        name = f"turnout/{self.model}"
        return {
            "autoupdate": False,
            "share": "disabled",
            "permission": "allow",
            "provider": {"turnout": provider},
            "model": name,
            "small_model": name,
        }
