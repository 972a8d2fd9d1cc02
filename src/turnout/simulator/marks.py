"""Marks in the prompt, for programs that can't choose a model's name or a header.

    ``[[sim WORDS]]``        the script's words (``script.py``), as in the header ``x-simulate``
    ``[[sim@MODEL WORDS]]``  the same for the model of that name only, as a gateway may ask several
    ``[[call NAME {JSON}]]`` the model calls that tool with those arguments; several marks are parallel calls

Only the last user message counts. So a coding agent can be told to run a command, and it can be failed once.
"""

from __future__ import annotations

import re

_SCRIPT = re.compile(r"\[\[sim(?:@(\S+))? ([^\]]+)\]\]")
_CALL = re.compile(r"\[\[call (\S+) (\{.*?\})\]\]", re.DOTALL)


def script_words(prompt: str, model: str) -> str:
    return " ".join(words for name, words in _SCRIPT.findall(prompt) if name in ("", model))


def asked_calls(prompt: str) -> list[tuple[str, str]]:
    """The names and the arguments, as they are written."""
    return _CALL.findall(prompt)
