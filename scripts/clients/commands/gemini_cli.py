"""Gemini CLI, headless (https://geminicli.com/docs/cli/headless, its settings:
https://geminicli.com/docs/reference/configuration).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from scripts.clients.client import KEY, Command, CommandClient, Place, Words

SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
}


class GeminiCli(CommandClient):
    name = package = "gemini-cli"
    model = "gemini-2.5-pro"
    lacks: Mapping[str, str] = {"structured": "it has no schema for an answer"}

    def command(self, task: str, prompt: str, place: Place) -> Command:
        settings = place.home / ".gemini/settings.json"
        settings.parent.mkdir(exist_ok=True)
        settings.write_text(json.dumps(SETTINGS))
        shown = f"@{place.picture.name} {prompt}" if task == "image" else prompt
        words: Words = [self.programs / "gemini", "-m", self.model, "--approval-mode", "yolo", "-p", shown]
        if task == "stream":
            words += ["--output-format", "stream-json"]
        environ = {
            "GEMINI_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": place.url,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        }
        return Command(words, environ)

    def calls(self, task: str, place: Place) -> str:
        commands = (json.dumps({"command": f"cat {word}.txt"}) for word in ("blue", "green"))
        blue, green = (f"[[call run_shell_command {command}]]" for command in commands)
        return {"tool": blue, "parallel": blue + green}.get(task, "")
