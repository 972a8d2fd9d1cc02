"""Codex, headless (https://developers.openai.com/codex/noninteractive, its configuration:
https://developers.openai.com/codex/config-reference).
"""

from __future__ import annotations

import json

from scripts.clients.client import KEY, Command, CommandClient, Place, Words

CONFIG = """
model = "{model}"
model_provider = "turnout"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[model_providers.turnout]
name = "Turnout"
base_url = "{url}/v1"
env_key = "TURNOUT_KEY"
wire_api = "responses"
request_max_retries = 2
stream_max_retries = 2

[analytics]
enabled = false

[otel]
exporter = "none"
"""
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}


class Codex(CommandClient):
    name = package = "codex"
    model = "gpt-5.5"
    too_long = "ran out of room in the model's context window"

    def command(self, task: str, prompt: str, place: Place) -> Command:
        settings = place.home / ".codex/config.toml"
        settings.parent.mkdir(exist_ok=True)
        settings.write_text(CONFIG.format(model=self.model, url=place.url))
        words: Words = [self.programs / "codex", "exec", "--skip-git-repo-check", "--json"]
        if task == "image":
            words += ["--image", place.picture, "--"]
        if task == "structured":
            schema = place.work / "schema.json"
            schema.write_text(json.dumps(SCHEMA))
            words += ["--output-schema", schema]
        return Command([*words, prompt], {"TURNOUT_KEY": KEY})

    def calls(self, task: str, place: Place) -> str:
        blue, green = (f"[[call exec_command {json.dumps({'cmd': f'cat {word}.txt'})}]]" for word in ("blue", "green"))
        return {"tool": blue, "parallel": blue + green}.get(task, "")
