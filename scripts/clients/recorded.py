"""Keeps what a client sent, for the tests: trimmed of this machine, of keys and of long prose."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .client import KEY
from .install import ROOT
from .recorder import Exchange

FOLDER = ROOT / "tests/clients/requests"
RECORDED = ("text", "stream", "tool", "parallel", "image", "structured")
"""The tasks whose requests are kept: those of the others are the same."""
LONGEST_PROSE = 80  # characters
KEPT_HEADERS = re.compile(r"content-type|user-agent|anthropic-|x-goog-api-client|openai-|x-stainless-helper|originator")


def keep(client: str, task: str, exchanges: Sequence[Exchange]) -> None:
    """Writes those that ask a model, unless one of the same shape is kept already, for this task or an earlier one."""
    earlier = [_file(client, name) for name in RECORDED[: RECORDED.index(task)]]
    shapes = {_shape(row) for file in earlier if file.exists() for row in json.loads(file.read_bytes())}
    kept: list[dict[str, Any]] = []
    for row in (_row(exchange) for exchange in exchanges if exchange.body.startswith(b"{")):
        if _shape(row) not in shapes:
            shapes.add(_shape(row))
            kept.append(row)
    FOLDER.mkdir(parents=True, exist_ok=True)
    _file(client, task).unlink(missing_ok=True)
    if kept:
        _file(client, task).write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _file(client: str, task: str) -> Path:
    return FOLDER / f"{client.replace(' ', '-')}-{task}.json"


def _row(exchange: Exchange) -> dict[str, Any]:
    headers = {name: value for name, value in exchange.headers.items() if KEPT_HEADERS.match(name)}
    return {"path": exchange.path, "headers": headers, "body": trimmed(json.loads(exchange.body))}


def trimmed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: trimmed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [trimmed(inner) for inner in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """Without addresses and folders of this machine. Prose is cut; what has no blanks (base64, a signature) is not."""
    text = text.replace(str(ROOT), "/project").replace(KEY, "KEY")
    text = re.sub(r"(?<![\w.$}/-])/(?:home|root|Users|work|tmp)/[^\s\"'`<>]*", "/elsewhere", text)
    text = re.sub(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "someone@example.com", text)
    cut = len(text) > LONGEST_PROSE and " " in text[:LONGEST_PROSE]
    return f"{text[:LONGEST_PROSE]}…" if cut and not text.startswith(("{", "[")) else text


def _shape(row: dict[str, Any]) -> str:
    """The path, the keys and the types, without what they hold. Headers count by their names."""
    return json.dumps([row["path"], sorted(row["headers"]), _types(row["body"])], sort_keys=True)


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _types(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_types(inner) for inner in value]
    return value if isinstance(value, bool) else type(value).__name__
