"""Keeps what a client sent, for the tests: trimmed of this machine, of keys and of long prose."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from .client import KEY
from .install import ROOT
from .recorder import Exchange

FOLDER = ROOT / "tests/clients/requests"
RECORDED = ("text", "stream", "tool", "parallel", "image", "structured")
"""The tasks whose requests are kept: those of the others are the same."""
LONGEST_PROSE = 160  # characters
KEPT_HEADERS = re.compile(r"content-type|user-agent|anthropic-|x-goog-api-client|openai-|x-stainless-helper|originator")


def keep(client: str, task: str, exchanges: Sequence[Exchange]) -> None:
    """Writes those that ask a model. Two of the same shape are kept once."""
    seen: set[str] = set()
    kept: list[dict[str, Any]] = []
    for exchange in exchanges:
        if exchange.method != "POST" or not exchange.body.startswith(b"{"):
            continue
        body = trimmed(json.loads(exchange.body))
        shape = json.dumps(_shape(body), sort_keys=True) + exchange.path
        if shape not in seen:
            seen.add(shape)
            headers = {k: v for k, v in exchange.headers.items() if KEPT_HEADERS.match(k)}
            kept.append({"path": exchange.path.replace(KEY, "KEY"), "headers": headers, "body": body})
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{client.replace(' ', '-')}-{task}.json"
    (FOLDER / name).write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


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


def _shape(value: Any) -> Any:
    """The keys and the types, without what they hold."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    return value if isinstance(value, bool) else type(value).__name__
