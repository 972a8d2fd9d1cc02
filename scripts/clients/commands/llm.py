"""Simon Willison's ``llm`` (https://llm.datasette.io/en/stable/other-models.html#openai-compatible-models)."""

from __future__ import annotations

import json

from scripts.clients.client import KEY, Command, CommandClient, Place, Words

FUNCTIONS = """
def weather(city: str) -> str:
    "Tells the weather."
    return f"blue-{40 + 2}"

def train(city: str) -> str:
    "Finds a train."
    return f"green-{40 + 3}"
"""


class Llm(CommandClient):
    name = package = "llm"
    model = "gpt-5.1"

    def command(self, task: str, prompt: str, place: Place) -> Command:
        able = {"supports_schema": True, "supports_tools": True, "vision": True}
        names = {"model_id": self.model, "model_name": self.model, "api_key_name": "turnout"}
        # JSON is YAML, too.
        models = json.dumps([{**names, **able, "api_base": f"{place.url}/v1"}])
        (place.home / "extra-openai-models.yaml").write_text(models)
        (place.home / "keys.json").write_text(json.dumps({"turnout": KEY}))
        words: Words = [self.programs / "llm", "-m", self.model]
        options: dict[str, Words] = {
            "text": ["--no-stream"],
            "tool": ["--functions", FUNCTIONS],
            "parallel": ["--functions", FUNCTIONS],
            "image": ["--attachment", place.picture],
            "structured": ["--schema", "city, days int"],
        }
        return Command([*words, *options.get(task, []), prompt], {"LLM_USER_PATH": str(place.home)})

    def calls(self, task: str, place: Place) -> str:
        marks = ('[[call weather {"city": "Paris"}]]', '[[call train {"city": "Rome"}]]')
        return {"tool": marks[0], "parallel": "".join(marks)}.get(task, "")
