"""aider, headless (https://aider.chat/docs/scripting.html, its addresses: https://aider.chat/docs/llms/openai-compat.html)."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.clients.client import KEY, Command, CommandClient, Place, Words

NO_TOOLS = "it reads edits from the text, and offers no tools"


class Aider(CommandClient):
    """Its model is one that its list of models (litellm's) knows to see pictures."""

    name = package = "aider"
    model = "openai/gpt-4o"
    too_long = "has hit a token limit"
    lacks: Mapping[str, str] = {"tool": NO_TOOLS, "parallel": NO_TOOLS, "structured": NO_TOOLS}

    def command(self, task: str, prompt: str, place: Place) -> Command:
        words: Words = [self.programs / "aider", "--model", self.model, "--openai-api-base", f"{place.url}/v1"]
        words += ["--openai-api-key", KEY, "--no-git", "--yes-always", "--no-check-update", "--no-analytics"]
        words += ["--no-show-model-warnings", "--no-show-release-notes", "--no-detect-urls", "--message", prompt]
        options: dict[str, Words] = {"text": ["--no-stream"], "image": [place.picture.name]}
        return Command([*words, *options.get(task, [])], {"LITELLM_LOCAL_MODEL_COST_MAP": "True"})
