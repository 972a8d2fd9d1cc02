"""The explanation of a request, by the running service or by the configuration alone."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import msgspec
import typer

from turnout.catalog import Catalog
from turnout.cli.discover_once import discover_once
from turnout.cli.service import Service
from turnout.routing import Board, Explanation, Question, explained
from turnout.routing.planner import outline
from turnout.server.explained_request import read_explained


def request_body(told: str, model: str | None, path: str) -> bytes:
    """What is explained: ``told`` is a prompt for ``model``, or without one a file's name or ``-``."""
    if model is not None:
        prompt = sys.stdin.read() if told == "-" else told
        body = msgspec.json.encode({"model": model, "messages": [{"role": "user", "content": prompt}]})
    else:
        body = _read(told)
    try:
        return msgspec.json.encode({"path": path, "body": msgspec.json.decode(body, type=msgspec.Raw)})
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"This is not JSON: {error}.", param_hint="REQUEST") from None


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{name}: {error.strerror}.", param_hint="REQUEST") from None


def explanation_of(body: bytes, catalog: Catalog, service: Service | None) -> Explanation:
    """Raises ``TurnoutError``."""
    if service is not None:
        return msgspec.json.decode(service.ask("POST", "/v1/route/explain", body), type=Explanation)
    asyncio.run(discover_once(catalog))
    asked = read_explained(body)
    find, board = catalog.snapshot.find, Board()
    model = find(asked.request.model)
    plan = outline(model, Question(asked.request, asked.size), board, find)
    return explained(plan, model.policy, board, time.time())
