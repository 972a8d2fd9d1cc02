"""The loop of a program that asks for a client: it runs in the client's own environment, without this project's."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

SYSTEM = "Be brief."
WEATHER, TRAIN = "blue-42", "green-43"
"""What the functions ``weather`` and ``train`` return."""


class Told(NamedTuple):
    """The arguments of the program. ``way`` is the class or dialect to ask; ``url`` has no path."""

    way: str
    url: str
    key: str
    model: str
    picture: Path

    @property
    def picture_base64(self) -> str:
        return base64.b64encode(self.picture.read_bytes()).decode()


def told() -> Told:
    way, url, key, model, picture = sys.argv[1:]
    return Told(way, url, key, model, Path(picture))


def serve(tasks: Mapping[str, Callable[[str], object]]) -> None:
    """Answers each line of the input. ``cancel``, ``429`` … are asked as ``stream`` or ``text`` is."""
    for line in sys.stdin:
        asked = json.loads(line)
        usual = "stream" if asked["task"] in ("cancel", "500") else "text"
        try:
            answer = str(tasks.get(asked["task"], tasks[usual])(asked["prompt"]))
        except Exception as error:  # noqa: BLE001 - what the client raises is what its user is told
            answer = f"{type(error).__name__}: {error}"
        print(f"\nanswer: {json.dumps(answer, ensure_ascii=False)}", flush=True)
