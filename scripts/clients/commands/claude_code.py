"""Claude Code, headless (https://code.claude.com/docs/en/headless, its variables:
https://code.claude.com/docs/en/settings#environment-variables).
"""

from __future__ import annotations

import json

from scripts.clients.client import KEY, Command, CommandClient, Place, Words

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}


class ClaudeCode(CommandClient):
    name = package = "claude-code"
    model = "claude-sonnet-4-6"
    too_long = "Prompt is too long"

    def command(self, task: str, prompt: str, place: Place) -> Command:
        words: Words = [self.programs / "claude", "-p", prompt, "--model", self.model, "--allowedTools", "Bash Read"]
        if task == "stream":
            words += ["--output-format", "stream-json", "--include-partial-messages", "--verbose"]
        if task == "structured":
            words += ["--output-format", "json", "--json-schema", json.dumps(SCHEMA)]
        environ = {
            "ANTHROPIC_BASE_URL": place.url,
            "ANTHROPIC_AUTH_TOKEN": KEY,
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": self.model,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        return Command(words, environ)

    def calls(self, task: str, place: Place) -> str:
        blue, green = (_call("Bash", command=f"cat {word}.txt", description="Shows it") for word in ("blue", "green"))
        calls = {
            "tool": blue,
            "parallel": blue + green,
            "image": _call("Read", file_path=str(place.picture)),
            "structured": _call("StructuredOutput", city="city 1", days=1),
        }
        return calls[task]


def _call(name: str, **arguments: object) -> str:
    return f"[[call {name} {json.dumps(arguments)}]]"
